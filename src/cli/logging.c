/* The log's sinks: standard error, the system's own log, a file; as text or as JSON. */
#include "logging.h"
#include "json.h"
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/system_log.h>

#include <stdlib.h>

enum {
    LINE_SIZE_MAX = 64 * 1024,
    FIELDS_MAX = 11
};

enum level logging_threshold(const struct logging_options *options)
{
    if (options->target == LOG_STDERR && options->verbose == 0 &&
        (options->quiet || options->is_at_terminal))
        return LEVEL_WARNING;
    return options->verbose == 0 ? LEVEL_INFO : options->verbose == 1 ? LEVEL_DEBUG : LEVEL_TRACE;
}

static void format_json(struct buffer *line, const struct log_event *event, int64_t wall_ms)
{
    json_t *object = json_object();

    json_set(object, "time", json_stamp(wall_ms));
    json_set(object, "level", json_string(level_name(event->level)));
    if (event->message != NULL)
        json_set(object, "message", json_remote(event->message));
    for (size_t i = 0; i < event->field_count; i++) {
        const struct log_field *field = &event->fields[i];

        json_set(object, field->key,
                 field->text != NULL ? json_remote_cut(field->text, LOG_VALUE_SIZE_MAX)
                                     : json_integer(field->number));
    }
    json_append(line, object);
}

/* A message that a person reads on standard error begins with "mxpull: warning: " or the like. */
void logging_format(struct buffer *line, const struct log_event *event, enum log_target target,
                    enum log_style style, int64_t wall_ms)
{
    bool is_named = event->level == LEVEL_ERROR || event->level == LEVEL_WARNING;
    char stamp[CLOCK_TEXT_SIZE];
    struct buffer text;

    if (style == LOG_JSON) {
        format_json(line, event, wall_ms);
    } else if (target == LOG_FILE) {
        (void)buffer_append_format(line, "%s %s ", clock_utc_text(stamp, wall_ms),
                                   level_name(event->level));
    } else if (target == LOG_STDERR && event->message != NULL) {
        (void)buffer_append_format(line, "mxpull: %s%s", is_named ? level_name(event->level) : "",
                                   is_named ? ": " : "");
    }
    buffer_init(&text, LINE_SIZE_MAX);
    if (style != LOG_JSON)
        log_format(&text, event);
    (void)buffer_append(line, text.bytes, text.size);
    (void)buffer_append_text(line, "\n");
    buffer_done(&text);
}

/* Writes a line on standard error at once, with the live table off the screen. */
static void write_stderr(const struct logging *logging, const struct buffer *line)
{
    const struct logging_options *options = &logging->options;

    if (options->around != NULL)
        options->around(options->context, true);
    (void)fwrite(line->bytes, 1, line->size, stderr);
    (void)fflush(stderr);
    if (options->around != NULL)
        options->around(options->context, false);
}

/* Writes an event on standard error, whatever the log's target is. */
static void tell_operator(struct logging *logging, const struct log_event *event)
{
    struct buffer line;

    buffer_init(&line, LINE_SIZE_MAX);
    logging_format(&line, event, LOG_STDERR, LOG_TEXT, 0);
    write_stderr(logging, &line);
    buffer_done(&line);
}

/* The caller frees it. */
static char *gap_text(const struct logging *logging)
{
    const struct store_log *gap = &logging->gap;

    return memory_format("%s: %llu line%s missing here: %s", logging->options.path,
                         (unsigned long long)gap->missing, gap->missing == 1 ? " is" : "s are",
                         gap->why);
}

/* Says in the log how many lines are missing before the next one. */
static enum status write_gap(struct logging *logging, struct error *error)
{
    char *text = gap_text(logging);
    const struct log_event event = {.level = LEVEL_WARNING, .message = text};
    struct buffer line;

    buffer_init(&line, LINE_SIZE_MAX);
    logging_format(&line, &event, LOG_FILE, logging->options.style, clock_wall_ms());
    enum status status = file_add_line(logging->stream, line.bytes, line.size, error);
    if (status == STATUS_OK) {
        tell_operator(logging, &event);
        logging->gap.missing = 0;
    }
    buffer_done(&line);
    free(text);
    return status;
}

static bool count_lost(struct store_log *lost, const struct error *error)
{
    if (lost->missing++ > 0)
        return false;
    lost->since_ms = clock_wall_ms();
    (void)snprintf(lost->why, sizeof lost->why, "%s", error->text);
    return true;
}

/* The disk may be full: the run goes on. The operator is told once, and again when there is room. */
static void write_file(struct logging *logging)
{
    enum status status = STATUS_OK;
    struct error error;

    if (logging->gap.missing > 0)
        status = write_gap(logging, &error);
    if (status == STATUS_OK)
        status = file_add_line(logging->stream, logging->line.bytes, logging->line.size, &error);
    if (status == STATUS_OK)
        return;
    (void)count_lost(&logging->lost, &error);
    if (!count_lost(&logging->gap, &error))
        return;
    char *text = memory_format("%s: cannot be written: %s; lines are missing from here on",
                               logging->options.path, error.text);
    tell_operator(logging, &(struct log_event){.level = LEVEL_WARNING, .message = text});
    free(text);
}

bool logging_note_lost(struct logging *logging, struct store *store)
{
    const struct store_log lost = logging->lost;
    struct store_log before;
    struct error error;

    logging->lost = (struct store_log){0};
    if (logging->options.target == LOG_FILE && store != NULL &&
        store_get_log(store, &before, &error) == STATUS_OK && before.missing != lost.missing &&
        store_set_log(store, &lost, &error) != STATUS_OK)
        log_message(LEVEL_WARNING, "what the log lacks cannot be remembered: %s", error.text);
    return lost.missing > 0;
}

static void write_event(void *context, const struct log_event *event)
{
    struct logging *logging = context;
    const struct logging_options *options = &logging->options;

    if (options->target != LOG_STDERR && event->level == LEVEL_ERROR)
        tell_operator(logging, event);
    buffer_clear(&logging->line);
    logging_format(&logging->line, event, options->is_stamped ? LOG_FILE : options->target,
                   options->style, clock_wall_ms());
    switch (options->target) {
    case LOG_STDERR: write_stderr(logging, &logging->line); break;
    case LOG_FILE: write_file(logging); break;
    case LOG_SYSLOG:
    case LOG_EVENTLOG:
        logging->line.bytes[logging->line.size - 1] = '\0';
        system_log_write(event->level, logging->line.bytes);
        break;
    }
}

enum status logging_open(struct logging *logging, const struct logging_options *options,
                         struct error *error)
{
    enum status status = STATUS_OK;
    FILE *stream = NULL;

    switch (options->target) {
    case LOG_STDERR: break;
    case LOG_FILE: status = file_open_log(&stream, options->path, error); break;
    case LOG_SYSLOG:
    case LOG_EVENTLOG: status = system_log_open(error); break;
    }
    if (status != STATUS_OK)
        return status;
    *logging =
        (struct logging){.options = *options, .path = memory_copy(options->path), .stream = stream};
    logging->options.path = logging->path; /* the configuration may go before the log */
    buffer_init(&logging->line, LINE_SIZE_MAX);
    log_open(logging_threshold(options), write_event, logging);
    return STATUS_OK;
}

void logging_close(struct logging *logging)
{
    log_open(LEVEL_ERROR, NULL, NULL);
    if (logging->gap.missing > 0) {
        char *text = gap_text(logging);

        tell_operator(logging, &(struct log_event){.level = LEVEL_WARNING, .message = text});
        free(text);
    }
    if (logging->options.target == LOG_SYSLOG || logging->options.target == LOG_EVENTLOG)
        system_log_close();
    if (logging->stream != NULL)
        (void)fclose(logging->stream);
    buffer_done(&logging->line);
    free(logging->path);
    *logging = (struct logging){0};
}

struct fields {
    struct log_field list[FIELDS_MAX];
    size_t count;
};

static void add(struct fields *fields, bool is_there, const char *key, const char *text,
                int64_t number)
{
    if (is_there)
        fields->list[fields->count++] =
            (struct log_field){.key = key, .text = text, .number = number};
}

void logging_answer(const struct answers *answers)
{
    const struct result *result = answers->first;
    const char *said = result->text != NULL ? result->text : "";
    bool is_one = answers->count == 1, is_held = !is_one && result->outcome == OUTCOME_HELD;
    bool is_dry = result->dry, is_asked = !is_dry && !is_held;
    struct fields fields = {.count = 0};

    add(&fields, !is_held, "backup", result->backup->name, 0);
    add(&fields, is_held, "backups", NULL, (int64_t)answers->backups);
    add(&fields, is_one, "domain", result->domain, 0);
    add(&fields, !is_one, "domains", NULL, (int64_t)answers->count);
    add(&fields, is_dry, "command", result->command, 0);
    add(&fields, is_asked, "verb", verb_name(result->verb), 0);
    add(&fields, is_asked && result->code > 0, "code", NULL, result->code);
    add(&fields, !is_dry, "outcome", outcome_name(result->outcome), 0);
    add(&fields, !is_held, "ms", NULL, result->ms);
    add(&fields, !is_dry, "text", is_held ? answers->text : said, 0);
    add(&fields, answers->names != NULL, "names", answers->names, 0);
    log_fields(result_is_good(result) ? LEVEL_INFO : LEVEL_WARNING, fields.list, fields.count);
}

void logging_arrival(enum level level, const struct backup_config *backup,
                     const struct arrival_account *account)
{
    const char *evidence = evidence_name(account->evidence);
    struct fields fields = {.count = 0};

    add(&fields, true, "backup", backup->name, 0);
    add(&fields, true, "arrival", arrival_state_name(account->state), 0);
    add(&fields, evidence != NULL, "evidence", evidence, 0);
    add(&fields, account->messages >= 0, "messages", NULL, account->messages);
    add(&fields, account->bytes >= 0, "bytes", NULL, account->bytes);
    add(&fields, account->connections >= 0, "connections", NULL, account->connections);
    add(&fields, account->address[0] != '\0', "address", account->address, 0);
    add(&fields, account->last_ms > 0, "ms", NULL, account->last_ms - account->asked_ms);
    add(&fields, account->refusal[0] != '\0', "text", account->refusal, 0);
    log_fields(account_exit_status(account) != 0 ? LEVEL_WARNING : level, fields.list,
               fields.count);
}

void logging_wire_of(const char *key, const char *name, char direction, const char *line,
                     size_t size)
{
    struct buffer wire;

    if (!log_wants(LEVEL_TRACE))
        return;
    buffer_init(&wire, LINE_SIZE_MAX);
    (void)buffer_append_format(&wire, "%c ", direction);
    /* A NUL has no place in a reply, and a log's text ends at one. */
    for (size_t i = 0; i < size; i++)
        (void)buffer_append(&wire, line[i] != '\0' ? &line[i] : "?", 1);
    const struct log_field fields[] = {{.key = key, .text = name},
                                       {.key = "wire", .text = wire.bytes}};
    log_fields(LEVEL_TRACE, fields, COUNT_OF(fields));
    buffer_done(&wire);
}

void logging_wire(void *context, const struct backup_config *backup, char direction,
                  const char *line, size_t size)
{
    (void)context;
    logging_wire_of("backup", backup->name, direction, line, size);
}

/* Types: the text of a value made a number, a duration, a choice, a checked name, and put into its
 * field. */
#include "values.h"

#include "names.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/plan/schedule.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/system_log.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHOWN_SIZE = 80,
    CHOICES_SIZE = 120,
    DURATIONS_MAX = 100,
    INITIAL_SIZE = 64
};

static_assert(sizeof(enum tls) == sizeof(int), "choices are written as int");

bool value_is_list(const struct option *option)
{
    return option->type == OPTION_DURATIONS || option->type == OPTION_NODES;
}

void *value_field(const struct option *option, void *section)
{
    return (char *)section + option->offset;
}

const void *value_field_const(const struct option *option, const void *section)
{
    return (const char *)section + option->offset;
}

static enum status refuse(struct error *error, const char *text, const char *why)
{
    char shown[SHOWN_SIZE];

    return error_set(error, STATUS_SYNTAX, "\"%s\" %s",
                     text_printable_copy(shown, sizeof shown, text), why);
}

static enum status parse_number(const struct option *option, const char *text, int64_t *number,
                                struct error *error)
{
    char shown[SHOWN_SIZE];

    if (text_to_number(text, option->min, option->max, number))
        return STATUS_OK;
    bool digits = *text != '\0' && text[strspn(text, "0123456789")] == '\0';
    return error_set(error, STATUS_SYNTAX, "\"%s\" is %s; %lld to %lld are allowed",
                     text_printable_copy(shown, sizeof shown, text),
                     digits ? "out of range" : "not a whole number", (long long)option->min,
                     (long long)option->max);
}

static enum status parse_duration(const struct option *option, const char *text, int64_t *seconds,
                                  struct error *error)
{
    char shown[SHOWN_SIZE], min[DURATION_TEXT_SIZE], max[DURATION_TEXT_SIZE];
    int64_t parsed;

    (void)text_printable_copy(shown, sizeof shown, text);
    (void)duration_format(min, option->min);
    (void)duration_format(max, option->max);
    if (duration_is_too_long(text))
        return error_set(error, STATUS_SYNTAX, "\"%s\" is too long; %s to %s are allowed", shown,
                         min, max);
    if (!duration_parse(text, &parsed))
        return error_set(
            error, STATUS_SYNTAX,
            "\"%s\" is not a duration; a number and a unit (s m h d w) are allowed, as "
            "in 90s, 4h or 1h30m, from %s to %s",
            shown, min, max);
    if (parsed < option->min || parsed > option->max)
        return error_set(error, STATUS_SYNTAX, "\"%s\" is out of range; %s to %s are allowed",
                         shown, min, max);
    *seconds = parsed;
    return STATUS_OK;
}

static enum status parse_flag(const char *text, bool *flag, struct error *error)
{
    static const struct {
        const char *word;
        bool flag;
    } words[] = {{"true", true}, {"false", false}, {"yes", true},
                 {"no", false},  {"on", true},     {"off", false}};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (text_equal(text, words[i].word)) {
            *flag = words[i].flag;
            return STATUS_OK;
        }
    }
    return refuse(error, text, "is neither yes nor no; true, false, yes, no, on, off are allowed");
}

static enum status parse_choice(const struct option *option, const char *text, void *field,
                                struct error *error)
{
    char why[CHOICES_SIZE] = "is not known; ";

    for (int i = 0; option->choices[i] != NULL; i++) {
        size_t used = strlen(why);

        if (text_equal(text, option->choices[i])) {
            memcpy(field, &i, sizeof i);
            return STATUS_OK;
        }
        (void)text_copy(why + used, sizeof why - used, i > 0 ? ", " : "");
        used = strlen(why);
        (void)text_copy(why + used, sizeof why - used, option->choices[i]);
    }
    (void)text_copy(why + strlen(why), sizeof why - strlen(why), " are allowed");
    return refuse(error, text, why);
}

static enum status parse_schedule(const char *text, char **schedule, struct error *error)
{
    struct cron cron;
    enum status status = schedule_parse_cron(&cron, text, error);

    if (status == STATUS_OK)
        *schedule = memory_copy(text);
    return status;
}

/* A daemon, a command at a prompt and one of cron stand in different directories, and each would find
 * another file at a relative path. */
static enum status check_path(const char *path, struct error *error)
{
    if (host_path_is_absolute(path))
        return STATUS_OK;
    return refuse(error, path,
                  "is not an absolute path; one from the root on is allowed, as in /PATH, or on "
                  "Windows C:/PATH or //SERVER/PATH");
}

static enum status parse_file(const char *text, char **path, struct error *error)
{
    FILE *file;

    if (check_path(text, error) != STATUS_OK)
        return STATUS_SYNTAX;
    if (file_open(&file, text, error) != STATUS_OK) {
        struct error reason = *error;

        return error_set(error, STATUS_SYNTAX, "%.150s; a file that can be read is allowed",
                         reason.text);
    }
    (void)fclose(file);
    *path = memory_copy(text);
    return STATUS_OK;
}

/* The target and, for a file, its path. */
static enum status parse_log(const char *text, struct config *config, struct error *error)
{
    static const char file[] = "file:";
    static const char *const names[] = {
        [LOG_STDERR] = "stderr", [LOG_SYSLOG] = "syslog", [LOG_EVENTLOG] = "eventlog"};
    bool syslog = system_log_exists(SYSTEM_LOG_SYSLOG);

    if (strncmp(text, file, sizeof file - 1) == 0 && text[sizeof file - 1] != '\0') {
        if (check_path(text + sizeof file - 1, error) != STATUS_OK)
            return STATUS_SYNTAX;
        free(config->log_path);
        config->log = LOG_FILE;
        config->log_path = memory_copy(text + sizeof file - 1);
        return STATUS_OK;
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!text_equal(text, names[i]) || i == (syslog ? LOG_EVENTLOG : LOG_SYSLOG))
            continue;
        free(config->log_path);
        config->log = (enum log_target)i;
        config->log_path = NULL;
        return STATUS_OK;
    }
    return refuse(error, text,
                  syslog
                      ? "is not a log of this system; stderr, syslog, \"file:PATH\" are allowed"
                      : "is not a log of this system; stderr, eventlog, \"file:PATH\" are allowed");
}

/* Gives the copy that a text becomes, or NULL for an empty one. */
static enum status parse_text(const struct option *option, const char *text, char **copy,
                              struct error *error)
{
    enum status status = STATUS_OK;

    *copy = NULL;
    if (*text == '\0')
        return STATUS_OK;
    if (option->type == OPTION_HOST)
        status = name_parse_host(text, copy, error);
    else if (option->type == OPTION_EHLO_NAME)
        status = name_parse_ehlo(text, copy, error);
    else if (option->type == OPTION_IP_ADDRESS)
        status = name_parse_ip(text, copy, error);
    else if (option->type == OPTION_PROXY)
        status = name_parse_proxy(text, copy, error);
    else if (option->type == OPTION_FINGERPRINT)
        status = name_parse_fingerprint(text, copy, error);
    else if (option->type == OPTION_MECHANISM)
        status = name_parse_mechanism(text, copy, error);
    else if (option->type == OPTION_SCHEDULE)
        status = parse_schedule(text, copy, error);
    else if (option->type == OPTION_FILE)
        status = parse_file(text, copy, error);
    else if (option->type != OPTION_PATH || (status = check_path(text, error)) == STATUS_OK)
        *copy = memory_copy(text);
    return status;
}

static enum status set_text(const struct option *option, void *section, const char *text,
                            struct error *error)
{
    char **field = value_field(option, section);
    char *copy;
    enum status status = parse_text(option, text, &copy, error);

    if (status == STATUS_OK) {
        memory_free_secret(*field);
        *field = copy;
    }
    return status;
}

static enum status set_port(const struct option *option, void *section, const char *text,
                            struct error *error)
{
    int *field = value_field(option, section);
    int64_t number;
    enum status status = parse_number(option, text, &number, error);

    if (status == STATUS_OK)
        *field = (int)number;
    return status;
}

static void free_address(struct address *address)
{
    free(address->text);
    free(address->host);
    free(address->path);
    *address = (struct address){0};
}

static enum status set_address(const struct option *option, void *section, const char *text,
                               struct error *error)
{
    struct address *field = value_field(option, section);
    struct address parsed = {0};
    enum status status = STATUS_OK;

    if (*text != '\0')
        status = name_parse_address(text, &parsed, error);
    if (status == STATUS_OK) {
        free_address(field);
        *field = parsed;
    }
    return status;
}

enum status value_set(const struct option *option, void *section, const char *text,
                      struct error *error)
{
    void *field = value_field(option, section);

    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_PATH:
    case OPTION_FILE:
    case OPTION_HOST:
    case OPTION_EHLO_NAME:
    case OPTION_IP_ADDRESS:
    case OPTION_PROXY:
    case OPTION_FINGERPRINT:
    case OPTION_MECHANISM:
    case OPTION_SCHEDULE: return set_text(option, section, text, error);
    case OPTION_ADDRESS: return set_address(option, section, text, error);
    case OPTION_LOG: return parse_log(text, section, error);
    case OPTION_NUMBER: return parse_number(option, text, field, error);
    case OPTION_PORT: return set_port(option, section, text, error);
    case OPTION_FLAG: return parse_flag(text, field, error);
    case OPTION_CHOICE: return parse_choice(option, text, field, error);
    case OPTION_DURATION: return parse_duration(option, text, field, error);
    case OPTION_DURATIONS:
    case OPTION_NODES: break;
    }
    return error_set(error, STATUS_SYNTAX, "is a list");
}

enum status value_add_duration(const struct option *option, void *section, const char *text,
                               struct error *error)
{
    struct durations *list = value_field(option, section);
    int64_t seconds = 0;
    enum status status = parse_duration(option, text, &seconds, error);

    if (status != STATUS_OK)
        return status;
    if (list->count == DURATIONS_MAX)
        return error_set(error, STATUS_SYNTAX, "is too long a list; up to %d are allowed",
                         DURATIONS_MAX);
    list->seconds = memory_resize(list->seconds, list->count + 1, sizeof *list->seconds);
    list->seconds[list->count++] = seconds;
    return STATUS_OK;
}

void value_set_initial(const struct option *option, void *section)
{
    const char *text = option->initial;
    struct error error;
    enum status status = STATUS_OK;

    if (option->type == OPTION_DURATIONS) {
        for (text += strspn(text, "{, "); *text != '\0' && *text != '}';
             text += strspn(text, ", ")) {
            char part[DURATION_TEXT_SIZE] = {0};
            size_t size = strcspn(text, ",} ");

            assert(size < sizeof part);
            memcpy(part, text, size);
            status = value_add_duration(option, section, part, &error);
            assert(status == STATUS_OK);
            text += size;
        }
    } else if (option->type != OPTION_NODES && *text != '\0') {
        status = value_set(option, section, text, &error);
    }
    assert(status == STATUS_OK);
    (void)status;
}

static void free_nodes(struct backup_config *backup)
{
    for (size_t i = 0; i < backup->domain_count; i++)
        free(backup->domain_texts[i]);
    free(backup->domain_texts);
    free(backup->domains);
}

void value_free(const struct option *option, void *section)
{
    struct durations *durations = value_field(option, section);
    char **text = value_field(option, section);

    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_PATH:
    case OPTION_FILE:
    case OPTION_HOST:
    case OPTION_EHLO_NAME:
    case OPTION_IP_ADDRESS:
    case OPTION_PROXY:
    case OPTION_FINGERPRINT:
    case OPTION_MECHANISM:
    case OPTION_SCHEDULE: memory_free_secret(*text); break;
    case OPTION_ADDRESS: free_address(value_field(option, section)); break;
    case OPTION_LOG: free(((struct config *)section)->log_path); break;
    case OPTION_DURATIONS: free(durations->seconds); break;
    case OPTION_NODES: free_nodes(section); break;
    case OPTION_NUMBER:
    case OPTION_PORT:
    case OPTION_FLAG:
    case OPTION_CHOICE:
    case OPTION_DURATION: break;
    }
}

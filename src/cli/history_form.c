/* Writes the past a page at a time: as text, or as JSON and CSV from one table of columns. */
#include "history.h"
#include "json.h"
#include "words.h"
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/smtp/outcome.h>

#include <string.h>
#include <wchar.h>

enum {
    FIELD_SIZE_MAX = 64 * 1024,
    NUMBER_SIZE = 32,
    PAGE_SIZE = 64 * 1024,
    PAGE_SIZE_MAX = 4 * 1024 * 1024, /* a page and the row that went over its end */
    OUTCOME_WIDTH = 14,
    CAUSE_WIDTH = 8,
    ELAPSED_WIDTH = 7,
    BEHIND_NAMES = OUTCOME_WIDTH + CAUSE_WIDTH + ELAPSED_WIDTH + 2 * 2, /* with two gaps */
    VOLUME_WIDTH = 8,
    SAID_SIZE_MAX = 8 * 1024,
    INDENT = 6,
    SECOND_MS = 1000,
    MINUTE_MS = 60 * 1000
};

/* ---- columns ---- */

enum kind {
    KIND_STAMP,  /* int64_t: milliseconds of the wall clock */
    KIND_OWN,    /* const char *: words of the administrator or of mxpull */
    KIND_REMOTE, /* const char *: words of others */
    KIND_FILLED, /* the same; "" is not known */
    KIND_CODE,   /* int; 0 is not known */
    KIND_COUNT,  /* int64_t; below 0 is not known */
    KIND_STATUS, /* int */
    KIND_TRIES,  /* unsigned */
    KIND_FLAG    /* bool */
};

/* One field of a row: its key in JSON and its name in the header line of CSV. */
struct column {
    const char *name;
    enum kind kind;
    size_t offset; /* in struct store_row, store_message or store_drill */
};

#define ROW(field) offsetof(struct store_row, field)
#define ANSWER(field) offsetof(struct store_row, answer.field)
#define MESSAGE(field) offsetof(struct store_message, field)
#define DRILL(field) offsetof(struct store_drill, field)

static const struct column answer_columns[] = {
    {"at", KIND_STAMP, ANSWER(at_ms)},
    {"backup", KIND_OWN, ROW(backup)},
    {"domain", KIND_OWN, ANSWER(domain)},
    {"cause", KIND_OWN, ROW(cause)},
    {"verb", KIND_OWN, ANSWER(verb)},
    {"outcome", KIND_OWN, ANSWER(outcome)},
    {"code", KIND_CODE, ANSWER(code)},
    {"text", KIND_REMOTE, ANSWER(text)},
    {"address", KIND_FILLED, ANSWER(address)},
    {"tls", KIND_FILLED, ANSWER(tls)},
    {"authenticated", KIND_FLAG, ANSWER(authenticated)},
    {"pending", KIND_COUNT, ANSWER(pending)},
    {"messages", KIND_COUNT, ANSWER(messages)},
    {"bytes", KIND_COUNT, ANSWER(bytes)},
    {"attempts", KIND_TRIES, ANSWER(attempts)},
    {"ms", KIND_COUNT, ANSWER(ms)},
    {"refused_for_now", KIND_COUNT, ANSWER(refused_for_now)},
    {"refused_for_good", KIND_COUNT, ANSWER(refused_for_good)},
};

static const struct column message_columns[] = {
    {"at", KIND_STAMP, MESSAGE(at_ms)},
    {"backup", KIND_OWN, MESSAGE(backup)},
    {"sender", KIND_REMOTE, MESSAGE(sender)},
    {"recipients", KIND_REMOTE, MESSAGE(recipients)},
    {"bytes", KIND_COUNT, MESSAGE(bytes)},
    {"code", KIND_CODE, MESSAGE(code)},
    {"text", KIND_REMOTE, MESSAGE(text)},
    {"client", KIND_FILLED, MESSAGE(client)},
    {"message_id", KIND_FILLED, MESSAGE(message_id)},
    {"evidence", KIND_OWN, MESSAGE(evidence)},
};

static const struct column drill_columns[] = {
    {"at", KIND_STAMP, DRILL(at_ms)},
    {"backup", KIND_OWN, DRILL(backup)},
    {"domain", KIND_OWN, DRILL(domain)},
    {"outcome", KIND_OWN, DRILL(outcome)},
    {"exit_status", KIND_STATUS, DRILL(exit_status)},
    {"evidence", KIND_FILLED, DRILL(evidence)},
    {"code", KIND_CODE, DRILL(code)},
    {"text", KIND_FILLED, DRILL(text)},
    {"accepted_ms", KIND_COUNT, DRILL(accepted_ms)},
    {"arrived_ms", KIND_COUNT, DRILL(arrived_ms)},
    {"token", KIND_OWN, DRILL(token)},
};

/* ---- JSON ---- */

/* CSV has the names of ours escaped, too. */
static json_t *value_of(const struct column *column, const void *row, enum history_form form)
{
    const void *field = (const char *)row + column->offset;

    switch (column->kind) {
    case KIND_STAMP: return json_stamp(*(const int64_t *)field);
    case KIND_OWN:
        if (form != HISTORY_CSV)
            return json_own(*(const char *const *)field);
        return json_remote(*(const char *const *)field);
    case KIND_REMOTE: return json_remote(*(const char *const *)field);
    case KIND_FILLED: return json_remote_filled(*(const char *const *)field);
    case KIND_CODE: return json_number_if(*(const int *)field > 0, *(const int *)field);
    case KIND_COUNT: return json_count(*(const int64_t *)field);
    case KIND_STATUS: return json_integer(*(const int *)field);
    case KIND_TRIES: return json_integer(*(const unsigned *)field);
    case KIND_FLAG: return json_boolean(*(const bool *)field);
    }
    return json_null();
}

/* ---- CSV ---- */

static bool is_one_of(const wchar_t *points, uint32_t point)
{
    return point != 0 && point <= 0xffff && wcschr(points, (wchar_t)point) != NULL;
}

/* Whether a spreadsheet could read the text, which is printable, as a formula: blanks and quotes, then
 * =, +, - or @, also in their small and full-width forms. */
static bool begins_formula(const char *text)
{
    static const wchar_t passed_by[] = L" \"\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
                                       L"\u2007\u2008\u2009\u200a\u202f\u205f\u3000";
    static const wchar_t signs[] = L"=+-@\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20";
    uint32_t point = 0;

    for (size_t length = 0; *text != '\0'; text += length) {
        length = text_character(text, strlen(text), &point);
        if (length == 0 || !is_one_of(passed_by, point))
            break;
    }
    return is_one_of(signs, point);
}

static void append_field(struct buffer *text, const char *field)
{
    size_t size = strlen(field);
    bool is_quoted =
        strpbrk(field, ",;\"\r\n") != NULL || *field == ' ' || (size > 0 && field[size - 1] == ' ');

    (void)buffer_append_text(text, is_quoted ? "\"" : "");
    for (; *field != '\0'; field += size) {
        size = strcspn(field, "\"");
        (void)buffer_append(text, field, size);
        (void)buffer_append_text(text, field[size] == '"' ? "\"\"" : "");
        size += field[size] == '"';
    }
    (void)buffer_append_text(text, is_quoted ? "\"" : "");
}

/* Appends a text that is escaped, with a ' before each part that could be a formula. Programs that
 * split at semicolons see a new cell behind each, and ignore quotes inside one. */
static void append_text(struct buffer *text, const char *field)
{
    struct buffer tamed;
    size_t size;

    buffer_init(&tamed, 2 * FIELD_SIZE_MAX);
    for (; *field != '\0'; field += size) {
        if (begins_formula(field))
            (void)buffer_append_text(&tamed, "'");
        size = strcspn(field, ";");
        size += strspn(field + size, ";");
        (void)buffer_append(&tamed, field, size);
    }
    append_field(text, tamed.bytes);
    buffer_done(&tamed);
}

/* An unknown value (null) is empty. Releases the value. */
static void append_cell(struct buffer *text, json_t *value)
{
    if (json_is_string(value))
        append_text(text, json_string_value(value));
    else if (json_is_integer(value))
        (void)buffer_append_format(text, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        (void)buffer_append_text(text, json_is_true(value) ? "true" : "false");
    json_decref(value);
}

static void append_record(struct buffer *text, const struct column *columns, size_t count,
                          const void *row)
{
    for (size_t i = 0; i < count; i++) {
        (void)buffer_append_text(text, i > 0 ? "," : "");
        if (row != NULL)
            append_cell(text, value_of(&columns[i], row, HISTORY_CSV));
        else
            (void)buffer_append_text(text, columns[i].name);
    }
    (void)buffer_append_text(text, "\n");
}

/* ---- for a person ---- */

static struct line begin_line(struct buffer *text, const struct history_request *request,
                              int64_t at_ms)
{
    char stamp[CLOCK_TEXT_SIZE];
    struct line line = line_begin(text, request->look);

    line_cell(&line, STYLE_DIM, clock_local_text(stamp, at_ms), 0);
    return line;
}

/* Ends the line with the code and the whole text. */
static void end_line(struct line *line, int code, const char *said)
{
    struct buffer whole;

    buffer_init(&whole, SAID_SIZE_MAX + NUMBER_SIZE);
    words_append_said(&whole, code, said, SAID_SIZE_MAX);
    line_last(line, STYLE_PLAIN, whole.bytes, INDENT);
    buffer_done(&whole);
}

/* "2026-11-23 17:00:00  mx2  example.com  started  schedule  18 ms  250 Queuing started" */
static void append_answer(struct buffer *text, const struct history_request *request,
                          const struct store_row *row)
{
    const struct store_answer *answer = &row->answer;
    long long ms = answer->ms;
    struct word elapsed = word_format("%lld ms", ms);
    struct line line = begin_line(text, request, answer->at_ms);

    if (ms >= MINUTE_MS)
        elapsed = word_span(ms / 1000);
    else if (ms >= SECOND_MS)
        elapsed = word_format("%lld.%lld s", ms / 1000, ms % 1000 / 100);
    line_names(&line, row->backup, answer->domain, request->widths, BEHIND_NAMES);
    line_cell(&line, line_style_of_grade(answer->grade), answer->outcome, OUTCOME_WIDTH);
    line_cell(&line, STYLE_PLAIN, row->cause, CAUSE_WIDTH);
    line_cell(&line, STYLE_PLAIN, elapsed.text, ELAPSED_WIDTH);
    if (answer->messages > 0)
        line_cell(&line, STYLE_PLAIN, word_mail(answer->messages, answer->bytes).text, 0);
    end_line(&line, answer->code, answer->text);
}

/* "<1@example.net> from 192.0.2.7" */
static void append_origin(struct buffer *origin, const struct store_message *message)
{
    if (message->message_id != NULL)
        text_append_cut(origin, message->message_id, SAID_SIZE_MAX / 2);
    if (message->client != NULL)
        (void)buffer_append_format(origin, "%sfrom %s", origin->size > 0 ? " " : "",
                                   message->client);
}

/* "2026-11-23 17:00:00  mx2  12.4 KB  a@example.net -> b@example.com  250 OK", and of the log
 * "2026-11-23 17:00:00  mx2  12.4 KB  <1@example.net> from 192.0.2.7 (log)" */
static void append_message(struct buffer *text, const struct history_request *request,
                           const struct store_message *message)
{
    struct line line = begin_line(text, request, message->at_ms);
    struct buffer path, origin;

    buffer_init(&path, SAID_SIZE_MAX);
    buffer_init(&origin, SAID_SIZE_MAX);
    append_origin(&origin, message);
    line_names(&line, message->backup, "", (struct line_widths){.backup = request->widths.backup},
               BEHIND_NAMES);
    line_cell(&line, STYLE_PLAIN, message->bytes < 0 ? "-" : word_volume(message->bytes).text,
              VOLUME_WIDTH);
    if (message->sender != NULL && message->recipients != NULL) {
        text_append_cut(&path, *message->sender != '\0' ? message->sender : "<>",
                        SAID_SIZE_MAX / 2);
        (void)buffer_append_text(&path, " -> ");
        text_append_cut(&path, message->recipients, SAID_SIZE_MAX);
        line_cell(&line, STYLE_PLAIN, path.bytes, 0);
    }
    if (text_equal(message->evidence, "log")) {
        (void)buffer_append_text(&origin, origin.size > 0 ? " (log)" : "(log)");
        line_last(&line, STYLE_PLAIN, origin.bytes, INDENT);
    } else {
        if (origin.size > 0)
            line_cell(&line, STYLE_PLAIN, origin.bytes, 0);
        end_line(&line, message->code, message->text);
    }
    buffer_done(&path);
    buffer_done(&origin);
}

/* "2026-11-23 17:00:00  mx2  example.com  ok             arrived in 1.4 s (log)  250 2.0.0 Ok" */
static void append_drill(struct buffer *text, const struct history_request *request,
                         const struct store_drill *drill)
{
    struct line line = begin_line(text, request, drill->at_ms);
    struct buffer way;

    buffer_init(&way, SAID_SIZE_MAX);
    if (drill->arrived_ms >= 0) {
        (void)buffer_append_text(&way, "arrived");
        words_append_elapsed(&way, drill->arrived_ms);
    } else if (drill->accepted_ms >= 0) {
        (void)buffer_append_text(&way, "accepted");
        words_append_elapsed(&way, drill->accepted_ms);
    }
    if (drill->evidence != NULL)
        (void)buffer_append_format(&way, "%s(%s)", way.size > 0 ? " " : "", drill->evidence);
    line_names(&line, drill->backup, drill->domain, request->widths, BEHIND_NAMES);
    line_cell(&line,
              drill->exit_status == 0    ? STYLE_GOOD
              : drill->exit_status == 75 ? STYLE_WARNING
                                         : STYLE_BAD,
              drill->outcome, OUTCOME_WIDTH);
    if (way.size > 0)
        line_cell(&line, STYLE_PLAIN, way.bytes, 0);
    end_line(&line, drill->code, drill->text);
    buffer_done(&way);
}

/* ---- pages ---- */

static const struct {
    const char *name;
    const struct column *columns;
    size_t count;
} kinds[] = {[HISTORY_ANSWERS] = {"answers", answer_columns, COUNT_OF(answer_columns)},
             [HISTORY_MESSAGES] = {"messages", message_columns, COUNT_OF(message_columns)},
             [HISTORY_DRILLS] = {"drills", drill_columns, COUNT_OF(drill_columns)}};

struct writing {
    struct output *output;
    const struct history_request *request;
    struct buffer page;
    size_t count;
};

void history_form_append(struct buffer *text, const struct history_request *request,
                         const void *row)
{
    const struct column *columns = kinds[request->kind].columns;
    size_t count = kinds[request->kind].count;
    json_t *object;

    switch (request->form) {
    case HISTORY_TEXT:
        if (request->kind == HISTORY_MESSAGES)
            append_message(text, request, row);
        else if (request->kind == HISTORY_DRILLS)
            append_drill(text, request, row);
        else
            append_answer(text, request, row);
        break;
    case HISTORY_JSON:
        object = json_object();
        for (size_t i = 0; i < count; i++)
            json_set(object, columns[i].name, value_of(&columns[i], row, HISTORY_JSON));
        json_append(text, object);
        break;
    case HISTORY_CSV: append_record(text, columns, count, row); break;
    }
}

static void turn_page(struct writing *writing)
{
    output_write(writing->output, writing->page.bytes, writing->page.size);
    buffer_clear(&writing->page);
}

/* False when nothing more can be written. */
static bool write_row(struct writing *writing, const void *row)
{
    bool has_comma = writing->request->form == HISTORY_JSON && writing->count > 0;

    writing->count++;
    (void)buffer_append_text(&writing->page, has_comma ? "," : "");
    history_form_append(&writing->page, writing->request, row);
    if (writing->page.size >= PAGE_SIZE)
        turn_page(writing);
    return writing->output->failure == 0;
}

static bool write_answer(void *context, const struct store_row *row)
{
    return write_row(context, row);
}

static bool write_message(void *context, const struct store_message *message)
{
    return write_row(context, message);
}

static bool write_drill(void *context, const struct store_drill *drill)
{
    return write_row(context, drill);
}

/* No answer with a good outcome has failed. The store is not asked for such: it would read every row. */
enum status history_form_write(struct output *output, struct store *store,
                               const struct history_request *request, size_t *count,
                               struct error *error)
{
    const struct store_filter *filter = &request->filter;
    struct writing writing = {.output = output, .request = request};
    enum status status = STATUS_OK;
    enum outcome outcome;

    buffer_init(&writing.page, PAGE_SIZE_MAX);
    if (request->form == HISTORY_JSON)
        (void)buffer_append_format(&writing.page, "{\"%s\":[", kinds[request->kind].name);
    else if (request->form == HISTORY_CSV)
        append_record(&writing.page, kinds[request->kind].columns, kinds[request->kind].count,
                      NULL);
    if (request->kind == HISTORY_DRILLS)
        status = store_drills(store, filter, write_drill, &writing, error);
    else if (request->kind == HISTORY_MESSAGES)
        status = store_messages(store, filter, write_message, &writing, error);
    else if (!filter->failed || filter->outcome == NULL ||
             !outcome_find(filter->outcome, &outcome) || outcome_grade(outcome) > GRADE_HELD)
        status = store_history(store, filter, write_answer, &writing, error);
    if (status == STATUS_OK) {
        (void)buffer_append_text(&writing.page, request->form == HISTORY_JSON ? "]}\n" : "");
        turn_page(&writing);
        *count = writing.count;
    }
    buffer_done(&writing.page);
    return status;
}

/* What was answered and what came in. The indexes answers_at and answers_odd have what answers are chosen by, in the
 * order of time: the newest are found in one of them alone, and then fetched. */
#include "internal.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/text.h>

enum {
    NAMES_SIZE_MAX = 1024 * 1024
};

static const struct layout answer_layout =
    LAYOUT(FIELD(NUMBER, store_row, answer.at_ms), FIELD(NAME, store_row, backup),
           FIELD(NAME, store_row, cause), FIELD(NAME, store_row, answer.domain),
           FIELD(NAME, store_row, answer.verb), FIELD(NAME, store_row, answer.outcome),
           FIELD(GRADE, store_row, answer.grade), FIELD(NUMBER, store_row, answer.code),
           FIELD(TEXT, store_row, answer.text), FIELD(TEXT, store_row, answer.address),
           FIELD(TEXT, store_row, answer.tls), FIELD(NUMBER, store_row, answer.authenticated),
           FIELD(TOLD, store_row, answer.pending), FIELD(TOLD, store_row, answer.messages),
           FIELD(TOLD, store_row, answer.bytes), FIELD(TOLD, store_row, answer.refused_for_now),
           FIELD(TOLD, store_row, answer.refused_for_good),
           FIELD(NUMBER, store_row, answer.attempts), FIELD(NUMBER, store_row, answer.ms));

static const struct layout message_layout =
    LAYOUT(FIELD(NUMBER, store_message, at_ms), FIELD(NAME, store_message, backup),
           FIELD(NAME, store_message, evidence), FIELD(TEXT, store_message, sender),
           FIELD(TEXT, store_message, recipients), FIELD(TOLD, store_message, bytes),
           FIELD(NUMBER, store_message, code), FIELD(TEXT, store_message, text),
           FIELD(TEXT, store_message, client), FIELD(TEXT, store_message, message_id));

/* ?1: since; ?2: names, each with a line end behind it; NULL: none. The first name of answers, mostly the only one, is
 * ?6 instead: that is twice as fast. Each row is compared with the names before anything else, for most rows fail there. */
#define NAMES                                                                                      \
    "WITH RECURSIVE names(name, rest) AS (SELECT NULL, ?2 UNION ALL"                               \
    " SELECT substr(rest, 1, instr(rest, char(10)) - 1), substr(rest, instr(rest, char(10)) + 1)"  \
    " FROM names WHERE rest <> '') "
#define ODD " AND outcome <> 'started'"
#define ANSWERS                                                                                    \
    " FROM answers WHERE at_ms >= ?1 AND (domain = ?6 OR backup = ?6 OR ?6 IS NULL"                \
    " OR (?2 IS NOT NULL AND (backup IN (SELECT name FROM names)"                                  \
    " OR domain IN (SELECT name FROM names)))) AND (?4 IS NULL OR outcome = ?4)"                   \
    " AND (?5 = 0 OR grade IN ('temporary', 'bad'))"
/* Recipients as the guard has them, parted by commas, some in < >. */
#define MESSAGES                                                                                   \
    " FROM messages WHERE at_ms >= ?1 AND (?2 IS NULL OR backup IN (SELECT name FROM names)"       \
    " OR EXISTS (SELECT 1 FROM names WHERE instr(replace(replace(lower(recipients) || ',',"        \
    " '>', ','), ' ', ','), '@' || lower(name) || ',')))"

#define ALL(columns, chosen) NAMES "SELECT " columns chosen " AND ?3 = 0 ORDER BY at_ms, id"
#define NEWEST(columns, table, chosen)                                                             \
    NAMES "SELECT " columns " FROM " table " WHERE id IN (SELECT id" chosen                        \
          " ORDER BY at_ms DESC, id DESC LIMIT ?3) ORDER BY at_ms, id"

/* Where there is no limit, and where there is. */
static const char *const all_answers[] = {ALL(ANSWER_COLUMNS, ANSWERS),
                                          NEWEST(ANSWER_COLUMNS, "answers", ANSWERS)};
static const char *const odd_answers[] = {ALL(ANSWER_COLUMNS, ANSWERS ODD),
                                          NEWEST(ANSWER_COLUMNS, "answers", ANSWERS ODD)};
static const char *const all_messages[] = {ALL(MESSAGE_COLUMNS, MESSAGES),
                                           NEWEST(MESSAGE_COLUMNS, "messages", MESSAGES)};

/* Who hears the rows: one of the two. */
struct listener {
    bool (*answer)(void *context, const struct store_row *row);
    bool (*message)(void *context, const struct store_message *message);
    void *context;
};

static bool give(const struct listener *listener, const struct statement *statement)
{
    struct store_row row = {.backup = NULL};
    struct store_message message;

    if (listener->answer != NULL) {
        record_read(statement, &answer_layout, &row);
        return listener->answer(listener->context, &row);
    }
    record_read(statement, &message_layout, &message);
    return listener->message(listener->context, &message);
}

static enum status run(struct store *store, const char *const *questions,
                       const struct store_filter *filter, const struct listener *listener,
                       struct error *error)
{
    bool is_answer = listener->answer != NULL;
    struct buffer names;
    enum status status = STATUS_OK;

    buffer_init(&names, NAMES_SIZE_MAX);
    for (size_t i = is_answer ? 1 : 0; i < filter->name_count && status == STATUS_OK; i++)
        status = buffer_append_format(&names, "%s\n", filter->names[i]);
    if (filter->name_count > STORE_NAMES_MAX || status != STATUS_OK)
        status = error_set(error, STATUS_LIMIT, "%zu names are too many; at most %d are looked for",
                           filter->name_count, STORE_NAMES_MAX);
    else
        status = work_begin(store, false, error);
    if (status != STATUS_OK) {
        buffer_done(&names);
        return status;
    }
    const struct value values[] = {
        NUMBER(filter->since_ms),       TEXT(names.size > 0 ? names.bytes : NULL),
        NUMBER((int64_t)filter->limit), TEXT(filter->outcome),
        NUMBER(filter->failed),         TEXT(filter->name_count > 0 ? filter->names[0] : NULL)};
    struct statement statement =
        statement_start(store, questions[filter->limit > 0], values, is_answer ? 6 : 3);
    while (statement_row(&statement) && give(listener, &statement))
        ;
    status = work_end(store, statement_end(&statement), error);
    buffer_done(&names);
    return status;
}

enum status store_history(struct store *store, const struct store_filter *filter,
                          bool (*row)(void *context, const struct store_row *row), void *context,
                          struct error *error)
{
    bool is_odd =
        filter->failed || (filter->outcome != NULL && !text_equal(filter->outcome, "started"));

    return run(store, is_odd ? odd_answers : all_answers, filter,
               &(const struct listener){.answer = row, .context = context}, error);
}

enum status store_messages(struct store *store, const struct store_filter *filter,
                           bool (*row)(void *context, const struct store_message *message),
                           void *context, struct error *error)
{
    return run(store, all_messages, filter,
               &(const struct listener){.message = row, .context = context}, error);
}

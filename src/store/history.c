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

#define DRILL_COLUMNS                                                                              \
    "at_ms, backup, domain, outcome, evidence, text, token, exit_status, accepted_ms, arrived_ms," \
    " code"
#define DRILL_LAYOUT                                                                               \
    LAYOUT(FIELD(NUMBER, store_drill, at_ms), FIELD(NAME, store_drill, backup),                    \
           FIELD(NAME, store_drill, domain), FIELD(NAME, store_drill, outcome),                    \
           FIELD(TEXT, store_drill, evidence), FIELD(TEXT, store_drill, text),                     \
           FIELD(NAME, store_drill, token), FIELD(NUMBER, store_drill, exit_status),               \
           FIELD(TOLD, store_drill, accepted_ms), FIELD(TOLD, store_drill, arrived_ms),            \
           FIELD(NUMBER, store_drill, code))

static const struct layout drill_layout = DRILL_LAYOUT;

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

#define DRILLS                                                                                     \
    " FROM drills WHERE at_ms >= ?1 AND (?2 IS NULL OR backup IN (SELECT name FROM names)"         \
    " OR domain IN (SELECT name FROM names))"

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

static const char *const all_drills[] = {ALL(DRILL_COLUMNS, DRILLS),
                                         NEWEST(DRILL_COLUMNS, "drills", DRILLS)};

enum hears {
    HEARS_ANSWERS,
    HEARS_MESSAGES,
    HEARS_DRILLS
};

/* Who hears the rows: one of them. */
struct listener {
    enum hears hears;
    bool (*answer)(void *context, const struct store_row *row);
    bool (*message)(void *context, const struct store_message *message);
    bool (*drill)(void *context, const struct store_drill *drill);
    void *context;
};

static bool give(const struct listener *listener, const struct statement *statement)
{
    struct store_row row = {.backup = NULL};
    struct store_message message;
    struct store_drill drill;

    switch (listener->hears) {
    case HEARS_ANSWERS:
        record_read(statement, &answer_layout, &row);
        return listener->answer(listener->context, &row);
    case HEARS_MESSAGES:
        record_read(statement, &message_layout, &message);
        return listener->message(listener->context, &message);
    case HEARS_DRILLS:
        record_read(statement, &drill_layout, &drill);
        return listener->drill(listener->context, &drill);
    }
    return false;
}

static enum status run(struct store *store, const char *const *questions,
                       const struct store_filter *filter, const struct listener *listener,
                       struct error *error)
{
    bool is_answer = listener->hears == HEARS_ANSWERS;
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
               &(const struct listener){.hears = HEARS_ANSWERS, .answer = row, .context = context},
               error);
}

enum status store_messages(struct store *store, const struct store_filter *filter,
                           bool (*row)(void *context, const struct store_message *message),
                           void *context, struct error *error)
{
    return run(
        store, all_messages, filter,
        &(const struct listener){.hears = HEARS_MESSAGES, .message = row, .context = context},
        error);
}

enum status store_drills(struct store *store, const struct store_filter *filter,
                         bool (*row)(void *context, const struct store_drill *drill), void *context,
                         struct error *error)
{
    return run(store, all_drills, filter,
               &(const struct listener){.hears = HEARS_DRILLS, .drill = row, .context = context},
               error);
}

/* ---- what is drawn: each record of a kind ---- */

union past {
    struct store_mail mail;
    struct store_arrival arrival;
    struct store_drill drill;
    struct store_outage outage;
};

/* ?1: since. */
static const struct {
    const char *sql;
    struct layout layout;
} past_questions[] = {
    [STORE_MAIL] = {"SELECT min(at_ms), backup, count(*), total(bytes) FROM messages"
                    " WHERE at_ms >= ?1 AND code BETWEEN 0 AND 299"
                    " GROUP BY backup, at_ms / 300000",
                    LAYOUT(FIELD(NUMBER, store_mail, at_ms), FIELD(NAME, store_mail, backup),
                           FIELD(NUMBER, store_mail, messages), FIELD(NUMBER, store_mail, bytes))},
    [STORE_ARRIVALS] =
        {"SELECT asked_ms, backup, state, evidence, messages, bytes, connections, first_ms,"
         " last_ms, address FROM arrivals WHERE asked_ms >= ?1 ORDER BY asked_ms, backup",
         LAYOUT(FIELD(NUMBER, store_arrival, asked_ms), FIELD(NAME, store_arrival, backup),
                FIELD(NAME, store_arrival, state), FIELD(TEXT, store_arrival, evidence),
                FIELD(TOLD, store_arrival, messages), FIELD(TOLD, store_arrival, bytes),
                FIELD(TOLD, store_arrival, connections), FIELD(NUMBER, store_arrival, first_ms),
                FIELD(NUMBER, store_arrival, last_ms), FIELD(TEXT, store_arrival, address))},
    [STORE_DRILLS] = {"SELECT " DRILL_COLUMNS " FROM drills WHERE at_ms >= ?1 ORDER BY at_ms, id",
                      DRILL_LAYOUT},
    [STORE_OUTAGES] = {"SELECT began_ms, ended_ms, why FROM outages"
                       " WHERE ended_ms = 0 OR ended_ms >= ?1 ORDER BY began_ms, id",
                       LAYOUT(FIELD(STAMP, store_outage, began_ms),
                              FIELD(NUMBER, store_outage, ended_ms),
                              FIELD(COPY, store_outage, why))},
};

enum status store_past(struct store *store, enum store_kind kind, int64_t since_ms,
                       void (*row)(void *context, const void *record), void *context,
                       struct error *error)
{
    enum status status = work_begin(store, false, error);

    if (status != STATUS_OK)
        return status;
    struct statement statement =
        statement_start(store, past_questions[kind].sql, VALUES(NUMBER(since_ms)));
    while (statement_row(&statement)) {
        union past record = {.mail = {.at_ms = 0}};

        record_read(&statement, &past_questions[kind].layout, &record);
        row(context, &record);
    }
    return work_end(store, statement_end(&statement), error);
}

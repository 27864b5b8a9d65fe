/* What was answered and what came in. The rows that fit are found by an index that has them in the order of
 * time, for each name by itself, the newest first up to the limit; then they are put in one order, and
 * fetched one by one. */
#include "internal.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>

/* The two ways to go: only an answer that is not "started" is in the index answers_odd. The plus keeps
 * SQLite from taking the index of a name instead. */
#define FIND(table, id, condition)                                                                 \
    "SELECT at_ms, " id " FROM " table " WHERE at_ms >= ?1" condition " ORDER BY at_ms DESC, " id  \
    " DESC LIMIT ?2"
#define FITS " AND (?4 IS NULL OR outcome = ?4) AND (?5 = 0 OR grade IN ('temporary', 'bad'))"
#define ODD " AND outcome <> 'started'" FITS

#define UNUSED " AND ?5 IS NOT NULL" /* messages have no outcomes */

static const struct {
    const char *all, *of_backup, *of_domain;
} finding[] = {
    {FIND("answers", "id", FITS), FIND("answers", "id", " AND backup = ?3" FITS),
     FIND("answers", "id", " AND domain = ?3" FITS)},
    {FIND("answers", "id", ODD), FIND("answers", "id", " AND +backup = ?3" ODD),
     FIND("answers", "id", " AND +domain = ?3" ODD)},
    {FIND("messages", "id", UNUSED), FIND("messages", "id", " AND backup = ?3" UNUSED),
     FIND("message_domains", "message", " AND domain = ?3" UNUSED)},
};

enum {
    FIND_ANY,
    FIND_ODD,
    FIND_MESSAGES
};

struct match {
    int64_t at_ms, id;
};

struct findings {
    struct match *rows; /* owned */
    size_t count, room;
};

static int compare(const void *left, const void *right)
{
    const struct match *a = left, *b = right;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

static int find(struct store *store, const char *sql, const struct store_filter *filter,
                const char *name, struct findings *findings)
{
    const struct value values[] = {NUMBER(filter->since_ms),
                                   NUMBER(filter->limit > 0 ? (int64_t)filter->limit : -1),
                                   TEXT(name), TEXT(filter->outcome), NUMBER(filter->failed)};
    struct statement statement = statement_start(store, sql, values, COUNT_OF(values));

    while (statement_row(&statement)) {
        if (findings->count == findings->room) {
            findings->room = findings->room > 0 ? 2 * findings->room : 64;
            findings->rows = memory_resize(findings->rows, findings->room, sizeof *findings->rows);
        }
        findings->rows[findings->count++] =
            (struct match){column_number(&statement, 0), column_number(&statement, 1)};
    }
    return statement_end(&statement);
}

/* Finds what fits, and sorts it from old to new, each row once. */
static int find_all(struct store *store, int way, const struct store_filter *filter,
                    struct findings *findings)
{
    size_t kept = 0;
    int code = SQLITE_OK;

    if (filter->name_count == 0)
        code = find(store, finding[way].all, filter, NULL, findings);
    for (size_t i = 0; i < filter->name_count && code == SQLITE_OK; i++) {
        code = find(store, finding[way].of_backup, filter, filter->names[i], findings);
        if (code == SQLITE_OK)
            code = find(store, finding[way].of_domain, filter, filter->names[i], findings);
    }
    if (findings->count > 0)
        qsort(findings->rows, findings->count, sizeof *findings->rows, compare);
    for (size_t i = 0; i < findings->count; i++) {
        if (kept == 0 || compare(&findings->rows[kept - 1], &findings->rows[i]) != 0)
            findings->rows[kept++] = findings->rows[i];
    }
    findings->count = kept;
    return code;
}

/* ---- giving them out ---- */

/* Who hears the rows: one of the two. */
struct listener {
    bool (*answer)(void *context, const struct store_row *row);
    bool (*message)(void *context, const struct store_message *message);
    void *context;
};

static const char *text_or_empty(const struct statement *row, int column)
{
    const char *text = column_text(row, column);

    return text != NULL ? text : "";
}

static bool give_answer(const struct listener *listener, const struct statement *row)
{
    const struct store_row given = {
        .backup = text_or_empty(row, 0),
        .cause = text_or_empty(row, 1),
        .answer = {.at_ms = column_number(row, 2),
                   .domain = text_or_empty(row, 3),
                   .verb = text_or_empty(row, 4),
                   .outcome = text_or_empty(row, 5),
                   .grade = grade_of_name(column_text(row, 6)),
                   .code = (int)column_number(row, 7),
                   .text = column_text(row, 8),
                   .address = column_text(row, 9),
                   .tls = column_text(row, 10),
                   .authenticated = column_number(row, 11) != 0,
                   .pending = column_number_or(row, 12, -1),
                   .messages = column_number_or(row, 13, -1),
                   .bytes = column_number_or(row, 14, -1),
                   .refused_for_now = column_number_or(row, 15, -1),
                   .refused_for_good = column_number_or(row, 16, -1),
                   .attempts = (unsigned)column_number(row, 17),
                   .ms = column_number(row, 18)},
    };

    return listener->answer(listener->context, &given);
}

static bool give_message(const struct listener *listener, const struct statement *row)
{
    const struct store_message given = {.at_ms = column_number(row, 0),
                                        .backup = text_or_empty(row, 1),
                                        .sender = text_or_empty(row, 2),
                                        .recipients = text_or_empty(row, 3),
                                        .bytes = column_number(row, 4),
                                        .code = (int)column_number(row, 5),
                                        .text = column_text(row, 6)};

    return listener->message(listener->context, &given);
}

static int give(struct store *store, const struct match *match, const struct listener *listener,
                bool *goes_on)
{
    static const char answer[] =
        "SELECT t.backup, p.cause, t.at_ms, t.domain, t.verb, t.outcome, t.grade, t.code, t.text,"
        " t.address, t.tls, t.authenticated, t.pending, t.messages, t.bytes, t.refused_for_now,"
        " t.refused_for_good, t.attempts, t.ms"
        " FROM answers AS t LEFT JOIN polls AS p ON p.id = t.poll WHERE t.id = ?";
    static const char message[] =
        "SELECT at_ms, backup, sender, recipients, bytes, code, text FROM messages WHERE id = ?";
    bool is_answer = listener->answer != NULL;
    struct statement row =
        statement_start(store, is_answer ? answer : message, VALUES(NUMBER(match->id)));

    if (statement_row(&row))
        *goes_on = is_answer ? give_answer(listener, &row) : give_message(listener, &row);
    return statement_end(&row);
}

static enum status run(struct store *store, int way, const struct store_filter *filter,
                       const struct listener *listener, struct error *error)
{
    struct findings findings = {.rows = NULL};
    bool goes_on = true;

    if (filter->name_count > STORE_NAMES_MAX)
        return error_set(error, STATUS_LIMIT, "%zu names are too many; at most %d are looked for",
                         filter->name_count, STORE_NAMES_MAX);
    enum status status = work_begin(store, ACCESS_READ, error);
    if (status != STATUS_OK)
        return status;
    int code = find_all(store, way, filter, &findings);
    size_t first =
        filter->limit > 0 && findings.count > filter->limit ? findings.count - filter->limit : 0;
    for (size_t i = first; i < findings.count && code == SQLITE_OK && goes_on; i++)
        code = give(store, &findings.rows[i], listener, &goes_on);
    free(findings.rows);
    return work_end(store, code, error);
}

enum status store_history(struct store *store, const struct store_filter *filter,
                          bool (*row)(void *context, const struct store_row *row), void *context,
                          struct error *error)
{
    bool is_odd =
        filter->failed || (filter->outcome != NULL && !text_equal(filter->outcome, "started"));

    return run(store, is_odd ? FIND_ODD : FIND_ANY, filter,
               &(const struct listener){.answer = row, .context = context}, error);
}

enum status store_messages(struct store *store, const struct store_filter *filter,
                           bool (*row)(void *context, const struct store_message *message),
                           void *context, struct error *error)
{
    return run(store, FIND_MESSAGES, filter,
               &(const struct listener){.message = row, .context = context}, error);
}

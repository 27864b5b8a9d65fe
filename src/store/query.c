/* How history asks. The newest rows are found by an index that has them in their order already, for
 * each name by itself, and only those are fetched: a million others cost nothing. Pure text.
 *
 *   SELECT * FROM (
 *       SELECT … FROM answers WHERE id IN (
 *           SELECT id FROM (SELECT id … WHERE backup = ?3 … ORDER BY at_ms DESC, id DESC LIMIT ?2)
 *           UNION SELECT id FROM (… domain = ?3 …) UNION …)
 *       ORDER BY at_ms DESC, id DESC LIMIT ?2)
 *   ORDER BY at_ms, id
 *
 * Without a limit it is one walk in the order of time, so that nothing has to be sorted. */
#include "query.h"

#include <string.h>

enum {
    FIRST_NAME = 3
};

/* A table in which a name is looked for, and the indexes that have its rows in the order of time. */
struct source {
    const char *table, *id, *name;
    const char *by_name;
};

struct question {
    const char *columns, *table, *joined;
    struct source by_backup, by_domain;
    bool has_outcomes;
};

static const struct question answers = {
    .columns = "t.at_ms AS at_ms, t.id AS id, t.backup, p.cause, t.domain, t.verb, t.outcome,"
               " t.grade, t.code, t.text, t.address, t.tls, t.authenticated, t.pending,"
               " t.messages, t.bytes, t.refused_for_now, t.refused_for_good, t.attempts, t.ms",
    .table = "answers",
    .joined = " LEFT JOIN polls AS p ON p.id = t.poll",
    .by_backup = {"answers", "id", "backup", "answers_backup"},
    .by_domain = {"answers", "id", "domain", "answers_domain"},
    .has_outcomes = true,
};

static const struct question messages = {
    .columns = "t.at_ms AS at_ms, t.id AS id, t.backup, t.sender, t.recipients, t.bytes, t.code,"
               " t.text",
    .table = "messages",
    .joined = "",
    .by_backup = {"messages", "id", "backup", "messages_backup"},
    .by_domain = {"message_domains", "message", "domain", NULL},
    .has_outcomes = false,
};

/* Whether only answers are asked for that the index answers_odd has. */
static bool is_odd(const struct question *question, const struct store_filter *filter)
{
    return question->has_outcomes &&
           (filter->failed || (filter->outcome != NULL && strcmp(filter->outcome, "started") != 0));
}

static void append_conditions(struct buffer *sql, const struct question *question,
                              const struct store_filter *filter)
{
    (void)buffer_append_text(sql, "t.at_ms >= ?1");
    if (question->has_outcomes && filter->outcome != NULL)
        (void)buffer_append_format(sql, " AND t.outcome = ?%zu", filter->name_count + FIRST_NAME);
    if (question->has_outcomes && filter->failed)
        (void)buffer_append_text(sql, " AND t.grade IN ('temporary', 'bad')");
    if (is_odd(question, filter)) /* as the index has it */
        (void)buffer_append_text(sql, " AND t.outcome <> 'started'");
}

/* Named, so that every version of SQLite takes it, whatever it guesses the numbers of rows to be. */
static void append_index(struct buffer *sql, const char *index)
{
    if (index != NULL)
        (void)buffer_append_format(sql, " INDEXED BY %s", index);
}

static void append_named(struct buffer *sql, const struct question *question,
                         const struct store_filter *filter, const struct source *source,
                         size_t name)
{
    (void)buffer_append_format(sql, "SELECT id FROM (SELECT t.%s AS id FROM %s AS t", source->id,
                               source->table);
    append_index(sql, is_odd(question, filter) ? "answers_odd" : source->by_name);
    (void)buffer_append_format(sql, " WHERE t.%s = ?%zu AND ", source->name, name + FIRST_NAME);
    append_conditions(sql, question, filter);
    (void)buffer_append_format(sql, " ORDER BY t.at_ms DESC, t.%s DESC LIMIT ?2)", source->id);
}

/* The ids of what fits one of the names. */
static void append_names(struct buffer *sql, const struct question *question,
                         const struct store_filter *filter)
{
    for (size_t i = 0; i < filter->name_count; i++) {
        if (i > 0)
            (void)buffer_append_text(sql, " UNION ");
        append_named(sql, question, filter, &question->by_backup, i);
        (void)buffer_append_text(sql, " UNION ");
        append_named(sql, question, filter, &question->by_domain, i);
    }
}

static void append_question(struct buffer *sql, const struct question *question,
                            const struct store_filter *filter)
{
    bool is_limited = filter->limit > 0;

    if (is_limited)
        (void)buffer_append_text(sql, "SELECT * FROM (");
    (void)buffer_append_format(sql, "SELECT %s FROM %s AS t", question->columns, question->table);
    if (filter->name_count == 0 && is_odd(question, filter))
        append_index(sql, "answers_odd");
    (void)buffer_append_format(sql, "%s WHERE ", question->joined);
    if (filter->name_count == 0) {
        append_conditions(sql, question, filter);
    } else {
        /* The plus keeps SQLite from fetching by id what would have to be sorted then. */
        (void)buffer_append_format(sql, "t.at_ms >= ?1 AND %st.id IN (", is_limited ? "" : "+");
        append_names(sql, question, filter);
        (void)buffer_append_text(sql, ")");
    }
    (void)buffer_append_text(sql, is_limited ? " ORDER BY t.at_ms DESC, t.id DESC LIMIT ?2)"
                                               " ORDER BY at_ms, id"
                                             : " ORDER BY t.at_ms, t.id LIMIT ?2");
}

void query_answers(struct buffer *sql, const struct store_filter *filter)
{
    append_question(sql, &answers, filter);
}

void query_messages(struct buffer *sql, const struct store_filter *filter)
{
    append_question(sql, &messages, filter);
}

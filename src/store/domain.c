/* What is known of a backup's domain: one row, kept up to date with each answer, so that status need
 * not look at answers at all. */
#include "internal.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>

#include <string.h>

/* How a grade is written: as a word, and as one letter of a strip. */
static const struct grade_words {
    const char *name;
    char letter[2];
} grades[] = {
    [GRADE_GOOD] = {"good", "+"},
    [GRADE_HELD] = {"held", "="},
    [GRADE_TEMPORARY] = {"temporary", "-"},
    [GRADE_BAD] = {"bad", "!"},
};

const char *domain_grade_name(enum grade grade)
{
    return grades[grade].name;
}

enum grade domain_grade_of(const char *name)
{
    for (size_t i = 0; name != NULL && i < COUNT_OF(grades); i++) {
        if (strcmp(grades[i].name, name) == 0)
            return (enum grade)i;
    }
    return GRADE_BAD;
}

static enum grade grade_of_letter(char letter)
{
    for (size_t i = 0; i < COUNT_OF(grades); i++) {
        if (grades[i].letter[0] == letter)
            return (enum grade)i;
    }
    return GRADE_BAD;
}

#define NEXT_AT " at_ms = " STAMP_NEXT("at_ms", "?3") ","
#define NEXT_GOOD " good_ms = iif(?4 = 'good', " STAMP_NEXT("good_ms", "?3") ", good_ms),"
/* In what order domains are asked for next: asked_ms, the oldest first. One that is left out keeps its
 * stamp, which is older than this poll. One that was cut without an answer keeps it once where others
 * were served, for a limit of the server cuts as well; where none was it goes behind those left out
 * (?19). Cut again it goes last, so that it does not begin each poll with a broken connection. One that
 * was refused is set back to its last good answer at each other poll: refused by a limit it comes first
 * then, and refused for good it does not take the place of others for ever. */
#define FIRST_ASKED " iif(?12 <= ?19 OR ?4 = 'good', ?12, iif(?20, 0, ?19)),"
#define NEXT_ASKED                                                                                 \
    " asked_ms = CASE WHEN ?12 <= ?19 THEN asked_ms"                                               \
    " WHEN ?4 = 'good' THEN ?12"                                                                   \
    " WHEN ?18 THEN iif(code = 421 OR outcome IN ('unreachable', 'timeout', 'protocol'), ?12,"     \
    " iif(?20, asked_ms, ?19))"                                                                    \
    " ELSE iif(asked_ms = good_ms, ?12, good_ms) END,"
#define NEXT_MAIL " mail_ms = iif(?9 > 0, " STAMP_NEXT("mail_ms", "?3") ", mail_ms),"

int domain_record(struct store *store, const struct store_poll *poll,
                  const struct store_answer *answer, bool has_good)
{
    /* -30 is STORE_STRIP_MAX. */
    static const char sql[] =
        "INSERT INTO domains (backup, domain, first_ms, at_ms, good_ms, mail_ms, streak, outcome,"
        " code, text, pending, messages, bytes, strip, asked_ms, started_ms, understood, advice,"
        " refused_for_now, refused_for_good)"
        " VALUES (?1, ?2, ?3, ?3, iif(?4 = 'good', ?3, 0), iif(?9 > 0, ?3, 0),"
        " ?4 IN ('temporary', 'bad'), ?5, ?6, ?7, ?8, ?9, ?10, ?11," FIRST_ASKED
        " iif(?13, ?3, 0), ?14,"
        " nullif(?15, ''), ?16, ?17)"
        " ON CONFLICT (backup, domain) DO UPDATE SET"
        " domain = excluded.domain,"
        " first_ms = iif(outcome IS NULL OR (?3 >= " STAMP_FLOOR " AND (first_ms < " STAMP_FLOOR
        " OR first_ms > ?3 + " STAMP_AHEAD ")), ?3, first_ms)," NEXT_AT NEXT_GOOD NEXT_MAIL
        " silent = iif(?3 >= " STAMP_FLOOR " AND at_ms > ?3 + " STAMP_AHEAD ", 0, silent),"
        " streak = CASE ?4 WHEN 'good' THEN 0 WHEN 'held' THEN streak ELSE streak + 1 END,"
        " outcome = excluded.outcome, code = excluded.code, text = excluded.text,"
        " pending = excluded.pending, messages = excluded.messages, bytes = excluded.bytes,"
        " strip = substr(strip || excluded.strip, -30)," NEXT_ASKED
        " started_ms = iif(?13, ?3, started_ms),"
        " understood = understood OR ?14, advice = excluded.advice,"
        " refused_for_now = excluded.refused_for_now,"
        " refused_for_good = excluded.refused_for_good";
    struct statement statement = statement_start(store, sql);
    char text[sizeof((struct store_domain *)0)->text];
    bool is_etrn = text_equal(answer->verb, "ETRN") && answer->code > 0;
    /* RFC 5321 3.8, 4.2.4: these may come from a server that does not know ETRN. */
    bool is_of_no_etrn = answer->code == 421 || answer->code == 500 || answer->code == 502;

    (void)text_copy_cut(text, sizeof text, answer->text != NULL ? answer->text : "");
    statement_text(&statement, poll->backup);
    statement_text(&statement, answer->domain);
    statement_number(&statement, answer->at_ms);
    statement_text(&statement, grades[answer->grade].name);
    statement_text(&statement, answer->outcome);
    statement_number(&statement, answer->code);
    statement_text(&statement, text);
    statement_number_or_null(&statement, answer->pending);
    statement_number_or_null(&statement, answer->messages);
    statement_number_or_null(&statement, answer->bytes);
    statement_text(&statement, grades[answer->grade].letter);
    statement_number(&statement, answer->asked_ms);
    statement_number(&statement, is_etrn && answer->code >= 250 && answer->code <= 253);
    statement_number(&statement, is_etrn && !is_of_no_etrn);
    statement_text(&statement, answer->advice);
    statement_number_or_null(&statement, answer->refused_for_now);
    statement_number_or_null(&statement, answer->refused_for_good);
    statement_number(&statement, answer->code == 0 || answer->code == 421);
    statement_number(&statement, poll->began_ms > 0 ? poll->began_ms - 1 : 0);
    statement_number(&statement, has_good ? 1 : 0);
    return statement_run(&statement);
}

enum {
    ANSWERS_SEARCHED = 50 /* of a domain, for a good one newer than that recorded last */
};

struct domain_query {
    const char *backup, *domain;
    struct store_domain *state;
    bool found;
};

static void read_strip(struct store_domain *state, const char *letters)
{
    state->strip_count = 0;
    for (; letters != NULL && *letters != '\0' && state->strip_count < STORE_STRIP_MAX; letters++)
        state->strip[state->strip_count++] = grade_of_letter(*letters);
}

static void read_state(struct store *store, const struct statement *row, struct store_domain *state)
{
    state->first_ms = stamp_believed(store, statement_column_number(row, 0));
    state->at_ms = stamp_believed(store, statement_column_number(row, 1));
    state->good_ms = stamp_believed(store, statement_column_number(row, 2));
    state->mail_ms = stamp_believed(store, statement_column_number(row, 3));
    state->streak = statement_column_number(row, 4);
    state->silent = statement_column_number(row, 5) != 0;
    state->has_good = statement_column_number(row, 2) != 0;
    statement_copy_text(row, 6, state->outcome, sizeof state->outcome);
    state->code = (int)statement_column_number(row, 7);
    statement_copy_text(row, 8, state->text, sizeof state->text);
    state->pending = statement_column_number_or(row, 9, -1);
    state->messages = statement_column_number_or(row, 10, -1);
    state->bytes = statement_column_number_or(row, 11, -1);
    read_strip(state, statement_column_text(row, 12));
    statement_copy_text(row, 13, state->advice, sizeof state->advice);
    state->refused_for_now = statement_column_number_or(row, 14, -1);
    state->refused_for_good = statement_column_number_or(row, 15, -1);
}

/* The row keeps the stamp of the good answer recorded last. Where the clock was ahead then, or behind,
 * the newest stamp that is believed stands among the newest answers. */
static int find_good(struct store *store, const struct domain_query *query)
{
    static const char sql[] =
        "SELECT max(at_ms) FROM (SELECT at_ms, grade FROM answers INDEXED BY answers_domain"
        " WHERE domain = ?1 AND at_ms BETWEEN ?2 AND ?3 AND backup = ?4"
        " ORDER BY at_ms DESC LIMIT ?5) WHERE grade = 'good'";
    struct store_domain *state = query->state;
    int64_t first_ms = state->good_ms != 0 ? state->good_ms + 1 : stamp_first(store), good_ms = 0;
    struct statement statement = statement_start(store, sql);

    statement_text(&statement, query->domain);
    statement_number(&statement, first_ms);
    statement_number(&statement, stamp_last(store));
    statement_text(&statement, query->backup);
    statement_number(&statement, state->good_ms != 0 ? ANSWERS_SEARCHED : -1);
    if (statement_row(&statement))
        good_ms = statement_column_number(&statement, 0);
    if (good_ms > state->good_ms)
        state->good_ms = good_ms;
    if (state->at_ms != 0 && state->at_ms < state->good_ms)
        state->at_ms = state->good_ms;
    return statement_end(&statement);
}

static int get_domain(struct store *store, void *context)
{
    static const char sql[] =
        "SELECT first_ms, at_ms, good_ms, mail_ms, streak, silent, outcome, code, text, pending,"
        " messages, bytes, strip, advice, refused_for_now, refused_for_good FROM domains"
        " WHERE backup = ? AND domain = ? AND outcome IS NOT NULL";
    struct domain_query *query = context;
    struct statement statement = statement_start(store, sql);

    statement_text(&statement, query->backup);
    statement_text(&statement, query->domain);
    query->found = statement_row(&statement);
    if (query->found)
        read_state(store, &statement, query->state);
    int code = statement_end(&statement);
    if (code == SQLITE_OK && query->found && query->state->has_good)
        code = find_good(store, query);
    return code;
}

enum status store_get_domain(struct store *store, const char *backup, const char *domain,
                             struct store_domain *state, bool *found, struct error *error)
{
    struct store_domain read;
    struct domain_query query = {.backup = backup, .domain = domain, .state = &read};
    enum status status = transaction_run(store, ACCESS_READ, get_domain, &query, error);

    if (status != STATUS_OK)
        return status;
    *found = query.found;
    if (query.found)
        *state = read;
    return STATUS_OK;
}

struct silence {
    const char *backup, *domain;
    bool silent, changed;
};

/* A domain without a row is not silent: where it is to be, a row is made. */
static int set_silent(struct store *store, void *context)
{
    static const char sql[] =
        "INSERT INTO domains (backup, domain, silent) SELECT ?1, ?2, 1"
        " WHERE ?3 OR EXISTS (SELECT 1 FROM domains WHERE backup = ?1 AND domain = ?2)"
        " ON CONFLICT (backup, domain) DO UPDATE SET silent = ?3 WHERE silent <> ?3";
    struct silence *silence = context;
    struct statement statement = statement_start(store, sql);
    int code;

    statement_text(&statement, silence->backup);
    statement_text(&statement, silence->domain);
    statement_number(&statement, silence->silent ? 1 : 0);
    code = statement_run(&statement);
    silence->changed = code == SQLITE_OK && sqlite3_changes(store->database) > 0;
    return code;
}

enum status store_set_silent(struct store *store, const char *backup, const char *domain,
                             bool silent, bool *changed, struct error *error)
{
    struct silence silence = {.backup = backup, .domain = domain, .silent = silent};
    enum status status = transaction_run(store, ACCESS_WRITE, set_silent, &silence, error);

    if (status == STATUS_OK)
        *changed = silence.changed;
    return status;
}

struct recall {
    const char *backup;
    void (*row)(void *context, const struct store_asked *asked);
    void *context;
};

static int recall(struct store *store, void *context)
{
    static const char sql[] =
        "SELECT domain, asked_ms, started_ms, understood FROM domains WHERE backup = ?";
    const struct recall *recall = context;
    struct statement statement = statement_start(store, sql);

    statement_text(&statement, recall->backup);
    while (statement_row(&statement))
        recall->row(recall->context,
                    &(struct store_asked){
                        .domain = statement_column_text(&statement, 0),
                        .asked_ms = stamp_believed(store, statement_column_number(&statement, 1)),
                        .started_ms = stamp_believed(store, statement_column_number(&statement, 2)),
                        .understood = statement_column_number(&statement, 3) != 0,
                    });
    return statement_end(&statement);
}

enum status store_recall(struct store *store, const char *backup,
                         void (*row)(void *context, const struct store_asked *asked), void *context,
                         struct error *error)
{
    struct recall what = {.backup = backup, .row = row, .context = context};

    return transaction_run(store, ACCESS_READ, recall, &what, error);
}

/* What comes in: polls with their answers, and messages. Each becomes rows of history, and changes what is
 * known of its backup and domains. Those rows are kept up to date here, so that status need not look at
 * history. */
#include "internal.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

enum {
    TEXT_KEPT_MAX = 4096 /* bytes of an answer's text */
};

/* ---- grades ---- */

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

enum grade grade_of_name(const char *name)
{
    for (size_t i = 0; name != NULL && i < COUNT_OF(grades); i++) {
        if (strcmp(grades[i].name, name) == 0)
            return (enum grade)i;
    }
    return GRADE_BAD;
}

void grade_read_strip(struct store_domain *state, const char *letters)
{
    static const char all[] = {'+', '=', '-', '!'};

    state->strip_count = 0;
    for (; letters != NULL && *letters != '\0' && state->strip_count < STORE_STRIP_MAX; letters++) {
        const char *letter = memchr(all, *letters, sizeof all);

        state->strip[state->strip_count++] =
            letter != NULL ? (enum grade)(letter - all) : GRADE_BAD;
    }
}

/* The worst of a poll's answers. Held ones say nothing beside others. */
static enum grade grade_of_poll(const struct store_poll *poll)
{
    enum grade worst = GRADE_HELD;

    for (size_t i = 0; i < poll->count; i++) {
        enum grade grade = poll->answers[i].grade;

        if (grade != GRADE_HELD && (worst == GRADE_HELD || grade > worst))
            worst = grade;
    }
    return worst;
}

/* ---- a domain's state ---- */

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

static int update_domain(struct store *store, const struct store_poll *poll,
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
    char text[sizeof((struct store_domain *)0)->text];
    bool is_etrn = text_equal(answer->verb, "ETRN") && answer->code > 0;
    /* RFC 5321 3.8, 4.2.4: these may come from a server that does not know ETRN. */
    bool is_of_no_etrn = answer->code == 421 || answer->code == 500 || answer->code == 502;
    bool is_cut = answer->code == 0 || answer->code == 421;

    (void)text_copy_cut(text, sizeof text, answer->text != NULL ? answer->text : "");
    return statement_run(
        store, sql,
        VALUES(
            TEXT(poll->backup), TEXT(answer->domain), NUMBER(answer->at_ms),
            TEXT(grades[answer->grade].name), TEXT(answer->outcome), NUMBER(answer->code),
            TEXT(text), NUMBER_OR_NULL(answer->pending), NUMBER_OR_NULL(answer->messages),
            NUMBER_OR_NULL(answer->bytes), TEXT(grades[answer->grade].letter),
            NUMBER(answer->asked_ms), NUMBER(is_etrn && answer->code >= 250 && answer->code <= 253),
            NUMBER(is_etrn && !is_of_no_etrn), TEXT(answer->advice),
            NUMBER_OR_NULL(answer->refused_for_now), NUMBER_OR_NULL(answer->refused_for_good),
            NUMBER(is_cut), NUMBER(poll->began_ms > 0 ? poll->began_ms - 1 : 0), NUMBER(has_good)));
}

/* ---- polls ---- */

static int add_answer(struct store *store, int64_t id, const struct store_poll *poll,
                      const struct store_answer *answer, bool has_good)
{
    static const char sql[] =
        "INSERT INTO answers (poll, at_ms, backup, domain, verb, outcome, grade, code, text,"
        " address, tls, authenticated, pending, messages, bytes, refused_for_now,"
        " refused_for_good, attempts, ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    char text[TEXT_KEPT_MAX + 1];
    int code = statement_run(
        store, sql,
        VALUES(NUMBER(id), NUMBER(answer->at_ms), TEXT(poll->backup), TEXT(answer->domain),
               TEXT(answer->verb), TEXT(answer->outcome), TEXT(grades[answer->grade].name),
               NUMBER(answer->code),
               TEXT(answer->text != NULL ? text_copy_cut(text, sizeof text, answer->text) : NULL),
               TEXT(answer->address), TEXT(answer->tls), NUMBER(answer->authenticated),
               NUMBER_OR_NULL(answer->pending), NUMBER_OR_NULL(answer->messages),
               NUMBER_OR_NULL(answer->bytes), NUMBER_OR_NULL(answer->refused_for_now),
               NUMBER_OR_NULL(answer->refused_for_good), NUMBER(answer->attempts),
               NUMBER(answer->ms)));

    return code == SQLITE_OK ? update_domain(store, poll, answer, has_good) : code;
}

static int read_streak(struct store *store, const char *backup, struct store_change *change)
{
    static const char sql[] = "SELECT streak, failing_since_ms FROM backups WHERE backup = ?";
    struct statement statement = statement_start(store, sql, VALUES(TEXT(backup)));

    if (statement_row(&statement)) {
        change->streak = column_number(&statement, 0);
        change->since_ms = column_stamp(&statement, 1);
    }
    return statement_end(&statement);
}

/* Takes the poll into the streak. */
static void count(const struct store_poll *poll, enum grade grade, struct store_change *change)
{
    switch (grade) {
    case GRADE_HELD: break;
    case GRADE_GOOD:
        change->recovered = change->streak > 0;
        change->streak = 0;
        break;
    case GRADE_TEMPORARY:
    case GRADE_BAD:
        change->began_to_fail = change->streak == 0;
        change->streak++;
        if (change->began_to_fail)
            change->since_ms = poll->began_ms;
        break;
    }
}

static int update_backup(struct store *store, const struct store_poll *poll, bool is_held,
                         const struct store_change *change)
{
    static const char sql[] =
        "INSERT INTO backups (backup, asked_ms, streak, failing_since_ms, certificate_expires_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (backup) DO UPDATE SET"
        " asked_ms = iif(?6, asked_ms, " STAMP_NEXT(
            "asked_ms",
            "?2") "),"
                  " streak = excluded.streak, failing_since_ms = excluded.failing_since_ms,"
                  " certificate_expires_ms ="
                  " iif(?5 = 0, certificate_expires_ms, excluded.certificate_expires_ms)";

    return statement_run(store, sql,
                         VALUES(TEXT(poll->backup), NUMBER(is_held ? 0 : poll->began_ms),
                                NUMBER(change->streak),
                                NUMBER(change->streak > 0 ? change->since_ms : 0),
                                NUMBER(poll->certificate_expires_ms), NUMBER(is_held)));
}

static int add_poll(struct store *store, const struct store_poll *poll, struct store_change *change)
{
    static const char row[] =
        "INSERT INTO polls (backup, cause, began_ms, ended_ms, exit_status, grade)"
        " VALUES (?, ?, ?, ?, ?, ?)";
    /* Most backups have no silent domain, so that not every good answer need be looked up. */
    static const char silent[] =
        "SELECT 1 FROM domains INDEXED BY domains_silent WHERE backup = ? AND silent = 1 LIMIT 1";
    enum grade grade = grade_of_poll(poll);
    int64_t id = 0, has_silent = 0;
    bool has_good = false;
    int code = read_streak(store, poll->backup, change);

    count(poll, grade, change);
    if (code == SQLITE_OK)
        code = statement_run(store, row,
                             VALUES(TEXT(poll->backup), TEXT(poll->cause), NUMBER(poll->began_ms),
                                    NUMBER(poll->ended_ms), NUMBER(poll->exit_status),
                                    TEXT(grades[grade].name)));
    id = sqlite3_last_insert_rowid(store->database);
    for (size_t i = 0; i < poll->count; i++)
        has_good = has_good || poll->answers[i].grade == GRADE_GOOD;
    for (size_t i = 0; code == SQLITE_OK && i < poll->count; i++)
        code = add_answer(store, id, poll, &poll->answers[i], has_good);
    if (code == SQLITE_OK)
        code = update_backup(store, poll, grade == GRADE_HELD, change);
    if (code == SQLITE_OK)
        code = statement_ask(store, silent, &has_silent, VALUES(TEXT(poll->backup)));
    change->has_silent = has_silent != 0;
    return code;
}

enum status store_add_poll(struct store *store, const struct store_poll *poll,
                           struct store_change *change, struct error *error)
{
    struct store_change made = {.streak = 0};
    enum status status = work_begin(store, ACCESS_WRITE, error);

    if (status == STATUS_OK)
        status = work_end(store, add_poll(store, poll, &made), error);
    if (status == STATUS_OK)
        *change = made;
    return status;
}

/* ---- messages ---- */

/* Takes the next domain off *rest, which is written into; NULL at the end. A comma in a quoted
 * local-part only makes pieces without a domain. */
static const char *next_domain(char **rest)
{
    while (**rest != '\0') {
        char *piece = *rest;
        size_t size = strcspn(piece, ",");
        char *at;

        *rest += size + (piece[size] == ',');
        piece[size] = '\0';
        at = strrchr(piece, '@');
        if (at == NULL)
            continue;
        at[1 + strcspn(at + 1, "> ")] = '\0';
        if (at[1] != '\0')
            return at + 1;
    }
    return NULL;
}

/* Makes the message findable by the domain of a recipient. Only a domain that is asked for has a state to
 * be changed: below an "@suffix" there are as many as a sender likes to write. */
static int add_domain(struct store *store, const struct store_message *message, int64_t id,
                      const char *domain)
{
    static const char row[] =
        "INSERT OR IGNORE INTO message_domains (domain, at_ms, message) VALUES (?, ?, ?)";
    static const char state[] = "UPDATE domains SET mail_ms = " STAMP_NEXT(
        "mail_ms", "?3") " WHERE backup = ?1 AND domain = ?2";
    int code = statement_run(store, row, VALUES(TEXT(domain), NUMBER(message->at_ms), NUMBER(id)));

    if (code == SQLITE_OK && message->code / 100 == 2)
        code = statement_run(store, state,
                             VALUES(TEXT(message->backup), TEXT(domain), NUMBER(message->at_ms)));
    return code;
}

static int add_message(struct store *store, const struct store_message *message)
{
    static const char sql[] =
        "INSERT INTO messages (at_ms, backup, sender, recipients, bytes, code, text)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)";
    char *recipients = memory_copy(message->recipients);
    char *rest = recipients;
    const char *domain;
    int code =
        statement_run(store, sql,
                      VALUES(NUMBER(message->at_ms), TEXT(message->backup), TEXT(message->sender),
                             TEXT(message->recipients), NUMBER(message->bytes),
                             NUMBER(message->code), TEXT(message->text)));
    int64_t id = sqlite3_last_insert_rowid(store->database);

    while (code == SQLITE_OK && (domain = next_domain(&rest)) != NULL)
        code = add_domain(store, message, id, domain);
    free(recipients);
    return code;
}

enum status store_add_message(struct store *store, const struct store_message *message,
                              struct error *error)
{
    enum status status = work_begin(store, ACCESS_WRITE, error);

    return status == STATUS_OK ? work_end(store, add_message(store, message), error) : status;
}

/* New polls with their answers, and new messages. Each becomes rows of history and brings the state of its backup and domains
 * up to date, so that status need not look at history. */
#include "internal.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

enum {
    TEXT_KEPT_MAX = 4096 /* bytes of an answer's text */
};

const struct store_answer *store_worst(const struct store_poll *poll)
{
    const struct store_answer *worst = poll->answers, *end = poll->answers + poll->count;

    for (const struct store_answer *answer = worst; answer < end; answer++) {
        if (answer->grade != GRADE_HELD &&
            (worst->grade == GRADE_HELD || answer->grade > worst->grade))
            worst = answer;
    }
    return worst;
}

/* ---- a domain's state: from its answer, the row ?1 ---- */

#define IS_GOOD " excluded.strip = '+' "
#define NEXT_FIRST                                                                                 \
    " first_ms = iif(outcome IS NULL OR (excluded.at_ms >= " STAMP_FLOOR                           \
    " AND (first_ms < " STAMP_FLOOR " OR first_ms > excluded.at_ms + " STAMP_AHEAD ")),"           \
    " excluded.at_ms, first_ms),"
/* The clock of the last good answer may have been far ahead, or behind. So where stamps jump, an earlier one is kept: of those
 * later than the new one the earliest. */
#define NEXT_GOOD                                                                                  \
    " good_before_ms = CASE WHEN excluded.good_ms < " STAMP_FLOOR                                  \
    " OR excluded.good_ms BETWEEN good_ms AND good_ms + " MONTH " THEN good_before_ms"             \
    " WHEN good_before_ms > excluded.good_ms"                                                      \
    " AND (good_ms <= excluded.good_ms OR good_before_ms < good_ms) THEN good_before_ms"           \
    " ELSE good_ms END,"                                                                           \
    " good_ms = iif(" IS_GOOD ", " STAMP_NEXT("good_ms", "excluded.good_ms") ", good_ms),"
#define MONTH "2592000000"
/* The order in which domains are asked next: by asked_ms, the oldest first.
 * - left out of a poll: the stamp stays, and is older than this poll;
 * - cut without an answer: where others were served the stamp stays once, for a limit of the server cuts as well; where
 *   none was, the domain goes behind those left out (?3). Cut again it goes last, so that no poll begins with it;
 * - refused: at each other poll set back to its last good answer. Refused by a limit it comes first then, and refused for
 *   good it does not take the place of others for ever. */
#define FIRST_ASKED " iif(?2 <= ?3 OR grade = 'good', ?2, iif(?4, 0, ?3)),"
#define NEXT_ASKED                                                                                 \
    " asked_ms = CASE WHEN ?2 <= ?3 THEN asked_ms"                                                 \
    " WHEN" IS_GOOD "THEN ?2"                                                                      \
    " WHEN excluded.code = 0 OR excluded.code = 421"                                               \
    " THEN iif(code = 421 OR outcome = 'unreachable' OR outcome = 'timeout'"                       \
    " OR outcome = 'protocol', ?2, iif(?4, asked_ms, ?3))"                                         \
    " ELSE iif(asked_ms = good_ms, ?2, good_ms) END,"

#define NEXT_AT " at_ms = " STAMP_NEXT("at_ms", "excluded.at_ms") ","
#define NEXT_MAIL                                                                                  \
    " mail_ms = iif(excluded.messages > 0, " STAMP_NEXT("mail_ms", "excluded.at_ms") ", mail_ms),"

/* RFC 5321 3.8, 4.2.4: a server that does not know ETRN may answer 421, 500 or 502. -30 is STORE_STRIP_MAX. SQLite would make
 * a table of a list of three behind IN for every answer. */
static const char domain_sql[] =
    "INSERT INTO domains (backup, domain, first_ms, at_ms, good_ms, mail_ms, streak, outcome, code,"
    " text, pending, messages, bytes, refused_for_now, refused_for_good, strip, asked_ms,"
    " started_ms, understood, advice)"
    " SELECT backup, domain, at_ms, at_ms, iif(grade = 'good', at_ms, 0),"
    " iif(messages > 0, at_ms, 0), grade IN ('temporary', 'bad'), outcome, code, text, pending,"
    " messages, bytes, refused_for_now, refused_for_good,"
    " CASE grade WHEN 'good' THEN '+' WHEN 'held' THEN '=' WHEN 'temporary' THEN '-' ELSE '!' "
    "END," FIRST_ASKED " iif(verb = 'ETRN' AND code BETWEEN 250 AND 253, at_ms, 0),"
    " verb = 'ETRN' AND code > 0 AND code <> 421 AND code <> 500 AND code <> 502, nullif(?5, '')"
    " FROM answers WHERE id = ?1"
    " ON CONFLICT (backup, domain) DO UPDATE SET domain = excluded.domain," NEXT_FIRST NEXT_GOOD
        NEXT_ASKED NEXT_AT NEXT_MAIL " silent = iif(excluded.at_ms >= " STAMP_FLOOR
    " AND at_ms > excluded.at_ms + " STAMP_AHEAD ", 0, silent),"
    " started_ms = iif(excluded.started_ms > 0, excluded.started_ms, started_ms),"
    " understood = understood OR excluded.understood,"
    " streak = CASE excluded.strip WHEN '+' THEN 0 WHEN '=' THEN streak ELSE streak + 1 END,"
    " outcome = excluded.outcome, code = excluded.code, text = excluded.text,"
    " advice = excluded.advice, pending = excluded.pending, messages = excluded.messages,"
    " bytes = excluded.bytes, refused_for_now = excluded.refused_for_now,"
    " refused_for_good = excluded.refused_for_good, strip = substr(strip || excluded.strip, -30)";

static int add_answer(struct store *store, const struct store_poll *poll,
                      const struct store_answer *answer, bool has_good)
{
    static const char sql[] = "INSERT INTO answers (" ANSWER_COLUMNS
                              ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    char text[TEXT_KEPT_MAX + 1];
    int code = statement_run(
        store, sql,
        VALUES(NUMBER(answer->at_ms), TEXT(poll->backup), TEXT(poll->cause), TEXT(answer->domain),
               TEXT(answer->verb), TEXT(answer->outcome), TEXT(grade_name(answer->grade)),
               NUMBER(answer->code),
               TEXT(answer->text != NULL ? text_copy_cut(text, sizeof text, answer->text) : NULL),
               TEXT(answer->address), TEXT(answer->tls), NUMBER(answer->authenticated),
               TOLD(answer->pending), TOLD(answer->messages), TOLD(answer->bytes),
               TOLD(answer->refused_for_now), TOLD(answer->refused_for_good),
               NUMBER(answer->attempts), NUMBER(answer->ms)));

    if (code == SQLITE_OK)
        code = statement_run(store, domain_sql,
                             VALUES(NUMBER(sqlite3_last_insert_rowid(store->database)),
                                    NUMBER(answer->asked_ms),
                                    NUMBER(poll->began_ms > 0 ? poll->began_ms - 1 : 0),
                                    NUMBER(has_good), TEXT(answer->advice)));
    return code;
}

/* ---- polls ---- */

static const struct layout change_layout =
    LAYOUT(FIELD(NUMBER, store_change, streak), FIELD(STAMP, store_change, since_ms),
           FIELD(NUMBER, store_change, has_silent));

/* Most backups have no silent domain, so that not every good answer need be looked up. */
static int read_change(struct store *store, const char *backup, struct store_change *change)
{
    static const char sql[] = "SELECT sum(streak), sum(failing_since_ms),"
                              " EXISTS (SELECT 1 FROM domains WHERE backup = ?1 AND silent = 1)"
                              " FROM backups WHERE backup = ?1";
    struct statement statement = statement_start(store, sql, VALUES(TEXT(backup)));

    if (statement_row(&statement))
        record_read(&statement, &change_layout, change);
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
    enum grade grade = poll->count > 0 ? store_worst(poll)->grade : GRADE_HELD;
    bool has_good = false;
    int code = SQLITE_OK;

    for (size_t i = 0; i < poll->count; i++)
        has_good = has_good || poll->answers[i].grade == GRADE_GOOD;
    for (size_t i = 0; code == SQLITE_OK && i < poll->count; i++)
        code = add_answer(store, poll, &poll->answers[i], has_good);
    if (code == SQLITE_OK)
        code = read_change(store, poll->backup, change);
    count(poll, grade, change);
    return code == SQLITE_OK ? update_backup(store, poll, grade == GRADE_HELD, change) : code;
}

enum status store_add_poll(struct store *store, const struct store_poll *poll,
                           struct store_change *change, struct error *error)
{
    struct store_change made = {.streak = 0};
    enum status status = work_begin(store, true, error);

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

/* Only a domain that is asked for has a state to be changed: below an "@suffix" there are as many as a sender
 * likes to write. */
static int note_mail(struct store *store, const struct store_message *message)
{
    static const char state[] = "UPDATE domains SET mail_ms = " STAMP_NEXT(
        "mail_ms", "?3") " WHERE backup = ?1 AND domain = ?2";
    char *recipients = memory_copy(message->recipients);
    char *rest = recipients;
    const char *domain;
    int code = SQLITE_OK;

    while (code == SQLITE_OK && (domain = next_domain(&rest)) != NULL)
        code = statement_run(store, state,
                             VALUES(TEXT(message->backup), TEXT(domain), NUMBER(message->at_ms)));
    free(recipients);
    return code;
}

static int add_message(struct store *store, const struct store_message *message)
{
    static const char sql[] =
        "INSERT INTO messages (" MESSAGE_COLUMNS
        ") SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, nullif(?9, ''), nullif(nullif(?10, ''), '<>')"
        " WHERE ?3 <> 'log' OR ?10 IN ('', '<>') OR NOT EXISTS (SELECT 1 FROM messages"
        " WHERE message_id = ?10 AND at_ms BETWEEN ?1 - ?11 AND ?1 + ?11"
        " AND evidence = ?3 AND backup = ?2 AND client IS nullif(?9, ''))";
    int code =
        statement_run(store, sql,
                      VALUES(NUMBER(message->at_ms), TEXT(message->backup), TEXT(message->evidence),
                             TEXT(message->sender), TEXT(message->recipients), TOLD(message->bytes),
                             NUMBER(message->code), TEXT(message->text), TEXT(message->client),
                             TEXT(message->message_id), NUMBER(STORE_MESSAGE_AGAIN_MS)));

    if (code == SQLITE_OK && message->recipients != NULL && message->code / 100 == 2)
        code = note_mail(store, message);
    return code;
}

enum status store_add_message(struct store *store, const struct store_message *message,
                              struct error *error)
{
    enum status status = work_begin(store, true, error);

    return status == STATUS_OK ? work_end(store, add_message(store, message), error) : status;
}

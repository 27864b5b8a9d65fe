/* A poll that is over: its answers, and what they change in what is known of the backup and of its
 * domains. One transaction, which begins as a writer's, so that a change of the streak is seen once.
 */
#include "internal.h"

#include <mxpull/base/text.h>

enum {
    TEXT_KEPT_MAX = 4096 /* bytes of an answer's text */
};

struct recorder {
    const struct store_poll *poll;
    enum grade grade;
    struct store_change change;
};

/* Held answers say nothing where others do. */
static enum grade grade_of(const struct store_poll *poll)
{
    enum grade worst = GRADE_HELD;
    bool is_asked = false;

    for (size_t i = 0; i < poll->count; i++) {
        enum grade grade = poll->answers[i].grade;

        if (grade != GRADE_HELD && (!is_asked || grade > worst)) {
            worst = grade;
            is_asked = true;
        }
    }
    return worst;
}

static int add_poll_row(struct store *store, const struct recorder *record, int64_t *id)
{
    static const char sql[] =
        "INSERT INTO polls (backup, cause, began_ms, ended_ms, exit_status, grade)"
        " VALUES (?, ?, ?, ?, ?, ?)";
    const struct store_poll *poll = record->poll;
    struct statement statement = statement_start(store, sql);
    int code;

    statement_text(&statement, poll->backup);
    statement_text(&statement, poll->cause);
    statement_number(&statement, poll->began_ms);
    statement_number(&statement, poll->ended_ms);
    statement_number(&statement, poll->exit_status);
    statement_text(&statement, domain_grade_name(record->grade));
    code = statement_run(&statement);
    *id = sqlite3_last_insert_rowid(store->database);
    return code;
}

static int add_answer_row(struct store *store, int64_t poll, const char *backup,
                          const struct store_answer *answer, const char *text)
{
    static const char sql[] =
        "INSERT INTO answers (poll, at_ms, backup, domain, verb, outcome, grade, code, text,"
        " address, tls, authenticated, pending, messages, bytes, refused_for_now,"
        " refused_for_good, attempts, ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    struct statement statement = statement_start(store, sql);

    statement_number(&statement, poll);
    statement_number(&statement, answer->at_ms);
    statement_text(&statement, backup);
    statement_text(&statement, answer->domain);
    statement_text(&statement, answer->verb);
    statement_text(&statement, answer->outcome);
    statement_text(&statement, domain_grade_name(answer->grade));
    statement_number(&statement, answer->code);
    statement_text(&statement, text);
    statement_text(&statement, answer->address);
    statement_text(&statement, answer->tls);
    statement_number(&statement, answer->authenticated ? 1 : 0);
    statement_number_or_null(&statement, answer->pending);
    statement_number_or_null(&statement, answer->messages);
    statement_number_or_null(&statement, answer->bytes);
    statement_number_or_null(&statement, answer->refused_for_now);
    statement_number_or_null(&statement, answer->refused_for_good);
    statement_number(&statement, answer->attempts);
    statement_number(&statement, answer->ms);
    return statement_run(&statement);
}

static int add_answer(struct store *store, int64_t id, const struct store_poll *poll,
                      const struct store_answer *answer, bool has_good)
{
    char text[TEXT_KEPT_MAX + 1];
    bool has_text = answer->text != NULL;
    int code = add_answer_row(store, id, poll->backup, answer,
                              has_text ? text_copy_cut(text, sizeof text, answer->text) : NULL);

    return code == SQLITE_OK ? domain_record(store, poll, answer, has_good) : code;
}

/* The streak up to now. */
static int read_streak(struct store *store, const char *backup, struct store_change *change)
{
    static const char sql[] = "SELECT streak, failing_since_ms FROM backups WHERE backup = ?";
    struct statement statement = statement_start(store, sql);

    *change = (struct store_change){.streak = 0};
    statement_text(&statement, backup);
    if (statement_row(&statement)) {
        change->streak = statement_column_number(&statement, 0);
        change->since_ms = stamp_believed(store, statement_column_number(&statement, 1));
    }
    return statement_end(&statement);
}

/* The streak with this poll. */
static void count(struct recorder *record)
{
    struct store_change *change = &record->change;

    switch (record->grade) {
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
            change->since_ms = record->poll->began_ms;
        break;
    }
}

/* Most backups have none, so that each good answer need not be looked up. */
static int read_silent(struct store *store, const char *backup, struct store_change *change)
{
    static const char sql[] =
        "SELECT 1 FROM domains INDEXED BY domains_silent WHERE backup = ? AND silent = 1 LIMIT 1";
    struct statement statement = statement_start(store, sql);

    statement_text(&statement, backup);
    change->has_silent = statement_row(&statement);
    return statement_end(&statement);
}

static int write_backup(struct store *store, const struct recorder *record)
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
    const struct store_poll *poll = record->poll;
    const struct store_change *change = &record->change;
    struct statement statement = statement_start(store, sql);
    bool is_held = record->grade == GRADE_HELD;

    statement_text(&statement, poll->backup);
    statement_number(&statement, is_held ? 0 : poll->began_ms);
    statement_number(&statement, change->streak);
    statement_number(&statement, change->streak > 0 ? change->since_ms : 0);
    statement_number(&statement, poll->certificate_expires_ms);
    statement_number(&statement, is_held ? 1 : 0);
    return statement_run(&statement);
}

static int add_poll(struct store *store, void *context)
{
    struct recorder *record = context;
    const struct store_poll *poll = record->poll;
    int64_t id = 0;
    bool has_good = false;
    int code = read_streak(store, poll->backup, &record->change);

    count(record);
    if (code == SQLITE_OK)
        code = add_poll_row(store, record, &id);
    for (size_t i = 0; i < poll->count; i++)
        has_good = has_good || poll->answers[i].grade == GRADE_GOOD;
    for (size_t i = 0; code == SQLITE_OK && i < poll->count; i++)
        code = add_answer(store, id, poll, &poll->answers[i], has_good);
    if (code == SQLITE_OK)
        code = write_backup(store, record);
    if (code == SQLITE_OK)
        code = read_silent(store, poll->backup, &record->change);
    return code;
}

enum status store_add_poll(struct store *store, const struct store_poll *poll,
                           struct store_change *change, struct error *error)
{
    struct recorder record = {.poll = poll, .grade = grade_of(poll)};
    enum status status = transaction_run(store, ACCESS_WRITE, add_poll, &record, error);

    if (status == STATUS_OK)
        *change = record.change;
    return status;
}

/* What becomes of a backup's mail, by what it answered and what was seen. `quiet` is 30 s; a row's times are seconds
 * before now, -1 where the thing never was. */
#include "unit.h"

#include <mxpull/arrival/account.h>

enum {
    NOW_MS = 1000 * 1000,
    QUIET_MS = 30 * 1000,
    NEVER = -1
};

enum answer {
    STARTED, /* 250 */
    NOTHING, /* 251 to all */
    PENDING, /* 253 */
    GONE,    /* 253, and 251 when asked again */
    TURNED   /* ATRN, TURN */
};

static const struct row {
    const char *name;
    enum answer answer;
    int answered_s; /* GONE: when it was asked again; TURNED: how many messages came */
    bool sees_log, sees_connections;
    int messages, connections, open;
    int moved_s;
    const char *refusal;

    enum arrival_state state;
    const char *evidence;
    bool is_settled;
    int exit_status;
} rows[] = {
    {"250, nothing came", STARTED, 0, true, true, 0, 0, 0, NEVER, "", ARRIVAL_UNSEEN, NULL, false,
     0},
    {"250, nothing came, by the log alone", STARTED, 0, true, false, 0, -1, 0, NEVER, "",
     ARRIVAL_UNSEEN, NULL, false, 0},
    {"250, nothing came, by connections alone", STARTED, 0, false, true, 0, 0, 0, NEVER, "",
     ARRIVAL_UNSEEN, NULL, false, 0},
    {"250, nothing can be seen", STARTED, 0, false, false, 0, -1, 0, NEVER, "", ARRIVAL_UNKNOWN,
     NULL, true, 0},
    {"250, messages", STARTED, 0, true, true, 3, 1, 0, 29, "", ARRIVAL_COMING, "log", false, 0},
    {"250, messages, quiet", STARTED, 0, true, true, 3, 1, 0, 30, "", ARRIVAL_ARRIVED, "log", true,
     0},
    {"250, messages, quiet, a connection stands", STARTED, 0, true, true, 3, 2, 1, 30, "",
     ARRIVAL_COMING, "log", false, 0},
    {"250, messages, no connections to be seen", STARTED, 0, true, false, 3, -1, 0, 30, "",
     ARRIVAL_ARRIVED, "log", true, 0},
    {"250, messages, then the log was lost", STARTED, 0, false, true, 3, 1, 0, 29, "",
     ARRIVAL_COMING, "log", false, 0},
    {"250, messages, the log was lost, quiet", STARTED, 0, false, true, 3, 1, 0, 30, "",
     ARRIVAL_UNKNOWN, "log", true, 0},
    {"250, some refused", STARTED, 0, true, true, 3, 1, 0, 30, "550 no", ARRIVAL_ARRIVED, "log",
     true, 0},
    {"250, all refused", STARTED, 0, true, true, 0, 1, 0, 29, "550 no", ARRIVAL_UNSEEN, "log",
     false, 0},
    {"250, all refused, quiet", STARTED, 0, true, true, 0, 1, 0, 30, "550 no", ARRIVAL_UNSEEN,
     "log", true, 0},
    {"250, refused, and it goes on", STARTED, 0, true, true, 0, 1, 1, 1, "550 no", ARRIVAL_COMING,
     "connections", false, 0},
    {"250, a connection", STARTED, 0, false, true, 0, 1, 1, 0, "", ARRIVAL_COMING, "connections",
     false, 0},
    {"250, a connection that stays", STARTED, 0, false, true, 0, 1, 1, 40, "", ARRIVAL_COMING,
     "connections", false, 0},
    {"250, a connection, over", STARTED, 0, false, true, 0, 1, 0, 29, "", ARRIVAL_UNKNOWN,
     "connections", false, 0},
    {"250, a connection, quiet", STARTED, 0, false, true, 0, 1, 0, 30, "", ARRIVAL_UNKNOWN,
     "connections", true, 0},
    {"250, a connection, nothing in the log", STARTED, 0, true, true, 0, 2, 0, 30, "",
     ARRIVAL_UNKNOWN, "connections", true, 0},

    {"251", NOTHING, 0, true, true, 0, 0, 0, NEVER, "", ARRIVAL_EMPTY, NULL, true, 0},
    {"251, nothing can be seen", NOTHING, 0, false, false, 0, -1, 0, NEVER, "", ARRIVAL_EMPTY, NULL,
     true, 0},

    {"253, nothing came", PENDING, 0, true, true, 0, 0, 0, NEVER, "", ARRIVAL_UNSEEN, NULL, false,
     75},
    {"253, nothing can be seen", PENDING, 0, false, false, 0, -1, 0, NEVER, "", ARRIVAL_UNKNOWN,
     NULL, false, 0},
    {"253, messages", PENDING, 0, true, true, 3, 1, 0, 10, "", ARRIVAL_COMING, "log", false, 0},
    {"253, messages, quiet", PENDING, 0, true, true, 3, 1, 0, 30, "", ARRIVAL_ARRIVED, "log", true,
     0},
    {"253, all refused", PENDING, 0, true, true, 0, 1, 0, 30, "550 no", ARRIVAL_UNSEEN, "log", true,
     75},
    {"253, a connection, quiet", PENDING, 0, false, true, 0, 1, 0, 30, "", ARRIVAL_UNKNOWN,
     "connections", false, 0},

    {"253, then 251, blind", GONE, 0, false, false, 0, -1, 0, NEVER, "", ARRIVAL_EMPTY, "re-asked",
     true, 0},
    {"253, then 251, a connection", GONE, 0, false, true, 0, 1, 0, 3, "", ARRIVAL_EMPTY, "re-asked",
     true, 0},
    {"253, then 251, a connection stands", GONE, 9, false, true, 0, 1, 1, 0, "", ARRIVAL_COMING,
     "connections", false, 0},
    {"253, then 251, the log may be behind", GONE, 1, true, true, 0, 0, 0, NEVER, "", ARRIVAL_EMPTY,
     "re-asked", false, 0},
    {"253, then 251, nothing in the log", GONE, 2, true, true, 0, 0, 0, NEVER, "", ARRIVAL_EMPTY,
     "re-asked", true, 0},
    {"253, then 251, messages", GONE, 1, true, true, 5, 1, 0, 1, "", ARRIVAL_COMING, "log", false,
     0},
    {"253, then 251, messages, settled", GONE, 2, true, true, 5, 1, 0, 2, "", ARRIVAL_ARRIVED,
     "log", true, 0},
    {"253, then 251, refused", GONE, 2, true, true, 0, 1, 0, 3, "550 no", ARRIVAL_UNSEEN, "log",
     true, 75},

    {"ATRN, messages", TURNED, 12, true, true, 0, 0, 0, NEVER, "", ARRIVAL_ARRIVED, "bridge", true,
     0},
    {"ATRN, none", TURNED, 0, true, true, 0, 0, 0, NEVER, "", ARRIVAL_EMPTY, "bridge", true, 0},
    {"ATRN, what the log tells is the same mail", TURNED, 12, true, true, 9, 1, 1, 1, "",
     ARRIVAL_ARRIVED, "bridge", true, 0},
};

static int64_t before(int seconds)
{
    return seconds == NEVER ? 0 : NOW_MS - (int64_t)seconds * 1000;
}

static void run(void **state)
{
    const struct row *row = *state;
    const struct arrival_answer answer = {
        .is_empty = row->answer == NOTHING,
        .is_announced = row->answer == PENDING || row->answer == GONE,
        .reasked_ms = row->answer == GONE ? before(row->answered_s) : 0,
        .messages = row->answer == TURNED ? row->answered_s : -1,
        .bytes = row->answer == TURNED ? 4000 : -1,
    };
    struct arrival_sight sight = {.sees_log = row->sees_log,
                                  .sees_connections = row->sees_connections,
                                  .messages = row->messages,
                                  .bytes = (int64_t)row->messages * 1000,
                                  .connections = row->connections,
                                  .open = row->open,
                                  .moved_ms = before(row->moved_s),
                                  .first_ms = 17,
                                  .last_ms = 18,
                                  .address = "192.0.2.7"};
    struct arrival_account account = {.asked_ms = 3, .waited_ms = 4};

    (void)snprintf(sight.refusal, sizeof sight.refusal, "%s", row->refusal);
    bool is_settled = account_judge(&account, &answer, &sight, QUIET_MS, NOW_MS);
    const char *evidence = evidence_name(account.evidence);
    bool is_bridge = row->answer == TURNED;

    assert_string_equal(arrival_state_name(account.state), arrival_state_name(row->state));
    assert_string_equal(evidence != NULL ? evidence : "",
                        row->evidence != NULL ? row->evidence : "");
    assert_int_equal(is_settled, row->is_settled);
    assert_int_equal(account_exit_status(&account), row->exit_status);
    assert_int_equal(account.is_announced, answer.is_announced);
    assert_int_equal(account.is_left, row->answer == PENDING);
    assert_int_equal(account.messages, is_bridge                            ? row->answered_s
                                       : row->sees_log || row->messages > 0 ? row->messages
                                                                            : -1);
    assert_int_equal(account.bytes, is_bridge                            ? 4000
                                    : row->sees_log || row->messages > 0 ? row->messages * 1000
                                                                         : -1);
    assert_int_equal(account.connections, row->connections);
    assert_int_equal(account.asked_ms, 3);
    assert_int_equal(account.waited_ms, 4);
    assert_int_equal(account.first_ms, 17);
    assert_int_equal(account.last_ms, 18);
    assert_string_equal(account.address, "192.0.2.7");
    assert_string_equal(account.refusal, row->refusal);
}

int main(void)
{
    return unit_status(RUN_TABLE(rows, run));
}

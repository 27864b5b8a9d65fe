/* The judgement: from what a backup answered and what was seen, what became of its mail. Pure. */
#include <mxpull/arrival/account.h>

#include <mxpull/base/text.h>

enum {
    LAG_MS = 2000, /* so far the primary's log may be behind a backup that has nothing left */
    EXIT_UNSEEN = 75
};

static bool is_past(int64_t since_ms, int64_t span_ms, int64_t now_ms)
{
    return since_ms != 0 && now_ms - since_ms >= span_ms;
}

/* Mail that was seen. Where the log was lost since, more may have come, and go on to come. */
static bool judge_messages(struct arrival_account *account, const struct arrival_answer *answer,
                           const struct arrival_sight *sight, int64_t quiet_ms, int64_t now_ms)
{
    bool is_over = sight->open == 0 && (is_past(sight->moved_ms, quiet_ms, now_ms) ||
                                        is_past(answer->reasked_ms, LAG_MS, now_ms));

    account->state = !is_over          ? ARRIVAL_COMING
                     : sight->sees_log ? ARRIVAL_ARRIVED
                                       : ARRIVAL_UNKNOWN;
    account->evidence = EVIDENCE_LOG;
    account->messages = sight->messages;
    account->bytes = sight->bytes;
    return is_over;
}

/* No message was seen. Connections do not tell whether they brought any. */
static bool judge_rest(struct arrival_account *account, const struct arrival_answer *answer,
                       const struct arrival_sight *sight, int64_t quiet_ms, int64_t now_ms)
{
    bool is_quiet = sight->open == 0 && is_past(sight->moved_ms, quiet_ms, now_ms);

    if (sight->open > 0) {
        account->state = ARRIVAL_COMING;
        account->evidence = EVIDENCE_CONNECTIONS;
        return false;
    }
    if (sight->refusal[0] != '\0') {
        account->state = ARRIVAL_UNSEEN;
        account->evidence = EVIDENCE_LOG;
        return is_quiet || is_past(answer->reasked_ms, LAG_MS, now_ms);
    }
    if (answer->reasked_ms != 0) {
        account->state = ARRIVAL_EMPTY;
        account->evidence = EVIDENCE_REASKED;
        return !sight->sees_log || is_past(answer->reasked_ms, LAG_MS, now_ms);
    }
    if (sight->connections > 0) {
        account->state = ARRIVAL_UNKNOWN;
        account->evidence = EVIDENCE_CONNECTIONS;
        return is_quiet && !answer->is_announced;
    }
    account->evidence = EVIDENCE_NONE;
    account->state = sight->sees_log || sight->sees_connections ? ARRIVAL_UNSEEN : ARRIVAL_UNKNOWN;
    return account->state == ARRIVAL_UNKNOWN && !answer->is_announced;
}

bool account_judge(struct arrival_account *account, const struct arrival_answer *answer,
                   const struct arrival_sight *sight, int64_t quiet_ms, int64_t now_ms)
{
    *account = (struct arrival_account){.asked_ms = account->asked_ms,
                                        .waited_ms = account->waited_ms,
                                        .is_announced = answer->is_announced,
                                        .is_left = answer->is_announced && answer->reasked_ms == 0,
                                        .messages = sight->sees_log ? 0 : -1,
                                        .bytes = sight->sees_log ? 0 : -1,
                                        .connections = sight->connections,
                                        .has_more = sight->has_more,
                                        .first_ms = sight->first_ms,
                                        .last_ms = sight->last_ms};
    (void)text_copy(account->address, sizeof account->address, sight->address);
    (void)text_copy(account->refusal, sizeof account->refusal, sight->refusal);
    if (answer->messages >= 0) {
        account->state = answer->messages > 0 ? ARRIVAL_ARRIVED : ARRIVAL_EMPTY;
        account->evidence = EVIDENCE_BRIDGE;
        account->messages = answer->messages;
        account->bytes = answer->bytes;
        return true;
    }
    if (answer->is_empty) {
        account->state = ARRIVAL_EMPTY;
        account->evidence = EVIDENCE_NONE;
        return true;
    }
    return sight->messages > 0 ? judge_messages(account, answer, sight, quiet_ms, now_ms)
                               : judge_rest(account, answer, sight, quiet_ms, now_ms);
}

int account_exit_status(const struct arrival_account *account)
{
    return account->state == ARRIVAL_UNSEEN && account->is_announced ? EXIT_UNSEEN : 0;
}

const char *arrival_state_name(enum arrival_state state)
{
    static const char *const names[] = {[ARRIVAL_ARRIVED] = "arrived",
                                        [ARRIVAL_EMPTY] = "empty",
                                        [ARRIVAL_COMING] = "coming",
                                        [ARRIVAL_UNSEEN] = "unseen",
                                        [ARRIVAL_UNKNOWN] = "unknown"};

    return names[state];
}

const char *evidence_name(enum evidence evidence)
{
    static const char *const names[] = {[EVIDENCE_NONE] = NULL,
                                        [EVIDENCE_BRIDGE] = "bridge",
                                        [EVIDENCE_LOG] = "log",
                                        [EVIDENCE_CONNECTIONS] = "connections",
                                        [EVIDENCE_REASKED] = "re-asked"};

    return names[evidence];
}

/* One backup asked once. */
#include "session.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/session/poll.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool poll_turns(const struct poll *poll)
{
    return poll->backup->method != METHOD_ETRN;
}

/* ---- what is asked ---- */

/* The domains of one ATRN are never parted: a message for two of them would lose one. */
static bool is_chosen(const struct backup_config *backup, const struct selection *choice,
                      size_t domain)
{
    return backup->method == METHOD_ETRN ? selection_has(choice, backup, domain)
                                         : selection_has_any(choice, backup);
}

struct poll *poll_new(const struct polling *polling, const struct backup_config *backup,
                      const struct selection *choice)
{
    struct poll *poll = memory_new(1, sizeof *poll);

    poll->polling = polling;
    poll->cause = "pull";
    poll->backup = backup;
    poll->results = memory_new(backup->domain_count, sizeof *poll->results);
    poll->wanted = memory_new(backup->domain_count, sizeof(struct result *));
    for (size_t i = 0; i < backup->domain_count; i++) {
        if (is_chosen(backup, choice, i))
            poll->results[poll->count++] = (struct result){.backup = backup,
                                                           .node = &backup->domains[i],
                                                           .domain = backup->domain_texts[i],
                                                           .pending = -1,
                                                           .messages = -1,
                                                           .bytes = -1,
                                                           .refused_for_now = -1,
                                                           .refused_for_good = -1};
    }
    if (poll->count > 0)
        return poll;
    poll_free(poll);
    return NULL;
}

/* ---- the claim: what is being asked at this moment is not asked twice ---- */

static uint64_t claim_key(const struct backup_config *backup)
{
    return text_hash(backup->name, strlen(backup->name));
}

static enum status claim(struct poll *poll, struct error *error)
{
    struct lock_set *claims = poll->polling->claims;

    if (claims == NULL || poll->polling->dry_run)
        return STATUS_OK;
    enum status status = lock_set_take(claims, claim_key(poll->backup), error);
    poll->claimed = status == STATUS_OK;
    return status == STATUS_BUSY ? STATUS_BUSY : STATUS_OK;
}

static void finish(void *context)
{
    struct poll *poll = context;

    if (poll->claimed)
        lock_set_give_back(poll->polling->claims, claim_key(poll->backup));
    poll->claimed = false;
    poll->over = true;
    if (poll->ended != NULL)
        poll->ended(poll->context);
}

/* ---- the course ---- */

void poll_conclude(struct poll *poll)
{
    if (poll->session != NULL)
        poll->session->method->free(poll->session);
    poll->session = NULL;
}

static void end_fetching(struct poll *poll)
{
    reach_password_free(poll->fetching);
    poll->fetching = NULL;
}

void poll_free(struct poll *poll)
{
    if (poll == NULL)
        return;
    poll_conclude(poll);
    end_fetching(poll);
    poll->ended = NULL;
    finish(poll);
    for (size_t i = 0; i < poll->count; i++) {
        free(poll->results[i].command);
        free(poll->results[i].text);
        free(poll->results[i].address);
        free(poll->results[i].tls);
    }
    memory_free_secret(poll->password);
    free(poll->results);
    free(poll->wanted);
    free(poll);
}

void poll_settle(struct poll *poll, enum outcome outcome, const char *text)
{
    for (size_t i = 0; i < poll->count; i++) {
        if (!poll->results[i].known)
            session_settle(&poll->results[i], poll->polling, outcome, STAGE_NONE, text);
    }
}

static bool wants_asking(const struct result *result)
{
    return !result->known || (!result->dry && outcome_is_temporary(result->outcome));
}

bool poll_wants_again(const struct poll *poll)
{
    bool again = false;

    for (size_t i = 0; i < poll->count; i++)
        again = again || wants_asking(&poll->results[i]);
    return again;
}

bool poll_failed_for_now(const struct poll *poll)
{
    bool again = false;

    for (size_t i = 0; i < poll->wanted_count; i++)
        again = again || wants_asking(poll->wanted[i]);
    return again;
}

static const char *refusal_of(const struct preflight *preflight, const struct result *result)
{
    return preflight != NULL ? preflight_refusal(preflight, result->node) : NULL;
}

/* Those that have waited longest come first: where a limit of the backup has left some out, the next
 * round begins with them. */
static int compare_waits(const void *left, const void *right)
{
    const struct result *a = *(struct result *const *)left, *b = *(struct result *const *)right;

    if (a->asked_ms != b->asked_ms)
        return a->asked_ms < b->asked_ms ? -1 : 1;
    return (a > b) - (a < b);
}

void poll_remember(struct poll *poll, const char *domain, int64_t asked_ms, int64_t started_ms,
                   bool understood)
{
    poll->understood = poll->understood || understood;
    for (size_t i = 0; i < poll->count; i++) {
        size_t place = (poll->remembered + i) % poll->count;
        struct result *result = &poll->results[place];

        if (!text_equal(result->domain, domain))
            continue;
        result->asked_ms = asked_ms;
        result->started_ms = started_ms;
        poll->remembered = place + 1;
        return;
    }
}

/* Whether the try that begins is about the result. */
static void begin_try(struct result *result, bool is_current)
{
    result->is_current = is_current;
    result->is_stopped = false;
    result->before = (struct result_sums){
        .attempts = result->attempts, .messages = result->messages, .bytes = result->bytes};
}

void poll_clear(struct poll *poll, const struct preflight *preflight)
{
    bool is_ready = preflight == NULL || preflight->why == NULL;
    enum stage held_at = is_ready ? STAGE_RECIPIENT : STAGE_NONE;
    const char *refusal = NULL;

    poll->before = (struct result_sums){.messages = (int64_t)poll->messages, .bytes = poll->bytes};
    for (size_t i = 0; i < poll->count && poll_turns(poll) && refusal == NULL; i++)
        refusal = refusal_of(preflight, &poll->results[i]);
    poll->began_ms = clock_wall_ms();
    poll->begun = poll->over = false;
    poll->wanted_count = poll->held_count = 0;
    for (size_t i = 0; i < poll->count; i++) {
        struct result *result = &poll->results[i];

        if (!poll_turns(poll))
            refusal = refusal_of(preflight, result);
        begin_try(result, wants_asking(result) || poll_turns(poll));
        if (!result->is_current)
            continue;
        poll->held_count += refusal != NULL ? 1 : 0;
        if (refusal != NULL)
            session_settle(result, poll->polling, OUTCOME_HELD, held_at, refusal);
        else
            poll->wanted[poll->wanted_count++] = result;
    }
    if (!poll_turns(poll))
        qsort(poll->wanted, poll->wanted_count, sizeof(struct result *), compare_waits);
}

static void start_session(struct poll *poll)
{
    for (size_t i = 0; i < poll->wanted_count; i++)
        poll->wanted[i]->stage = STAGE_NONE; /* of a try before */
    poll->session =
        poll_turns(poll) ? atrn_session_new(poll, finish) : etrn_session_new(poll, finish);
}

/* ---- its password ---- */

/* A password that cannot be had ends its backup's poll, and no other's. */
static void take_password(void *context, char *password, const struct error *error)
{
    struct poll *poll = context;

    end_fetching(poll);
    poll->password = password;
    if (error == NULL) {
        start_session(poll);
        return;
    }
    poll_settle(poll,
                error->status == STATUS_SHORTAGE ? OUTCOME_UNREACHABLE : OUTCOME_MISCONFIGURED,
                error->text);
    finish(poll);
}

void poll_begin(struct poll *poll)
{
    char text[ERROR_TEXT_SIZE + 32];
    struct error error;

    poll->begun = true;
    if (poll->wanted_count > 0 && claim(poll, &error) == STATUS_BUSY) {
        (void)snprintf(text, sizeof text, "%s is asking it", error.text);
        for (size_t i = 0; i < poll->wanted_count; i++)
            session_settle(poll->wanted[i], poll->polling, OUTCOME_DEFERRED, STAGE_NONE, text);
        finish(poll);
    } else if (poll->wanted_count > 0 && poll->password != NULL) {
        start_session(poll);
    } else if (poll->wanted_count > 0) {
        poll->fetching = reach_password_new(poll->polling->loop, poll->backup, take_password, poll);
    } else {
        finish(poll);
    }
}

enum stage poll_stage(const struct poll *poll)
{
    return poll->session != NULL ? session_stage(poll->session) : STAGE_CONNECT;
}

void poll_hurry(struct poll *poll)
{
    if (!poll->over && poll->session != NULL && poll->session->method->hurry != NULL)
        poll->session->method->hurry(poll->session);
}

void poll_stop(struct poll *poll)
{
    if (poll->over || (poll->session != NULL && poll->session->is_stopping))
        return;
    for (size_t i = 0; i < poll->wanted_count; i++)
        poll->wanted[i]->is_stopped = true;
    if (poll->session != NULL) {
        poll->session->is_stopping = true;
        poll->session->method->stop(poll->session);
    } else {
        end_fetching(poll);
        poll_settle(poll, OUTCOME_INTERRUPTED, "stopped before it was asked");
        finish(poll);
    }
}

bool poll_needs_command(const struct poll *poll)
{
    return poll->backup->password_command != NULL && poll->password == NULL;
}

void poll_add_domains(const struct poll *poll, struct domain_list *list)
{
    for (size_t i = 0; i < poll->count; i++)
        domain_list_add(list, poll->results[i].node);
}

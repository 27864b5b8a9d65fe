/* What becomes of the mail of backups that were asked.
 *
 *   IDLE --await_begin--> ASKED --await_answered--> WAITING --settled, or its time is over--> IDLE, with an account
 *                           +--no good answer--> IDLE, without one
 * A wait that goes_on tells what is settled, and stays WAITING until its time is over.
 */
#include "pull.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>

enum {
    LOOK_MS = 1000,
    WRITE_MS = 10 * 1000, /* at least, between two records of mail that still comes */
    HEARD_MAX = 10 * 1000 /* messages of a backup that are recorded; the account counts all */
};

/* When announced mail is asked for again; the last one again and again. */
static const int64_t again_s[] = {5, 15, 60};

enum phase {
    PHASE_IDLE,
    PHASE_ASKED,
    PHASE_WAITING
};

struct awaited {
    enum phase phase;
    bool has_account; /* it was told once at least */
    bool is_settled;  /* WAITING: by the last look */
    struct arrival_answer answer;
    struct arrival_sight bridged; /* ATRN, TURN */
    struct arrival_account account;
    int64_t end_ms;   /* monotonic, as what follows */
    int64_t again_ms; /* when it is asked again; INT64_MAX: not */
    size_t tries;     /* how often it was */
    int64_t written_ms;
    int64_t written_messages;    /* of the account, in the store */
    struct arrival_account told; /* the account that was told last; all zero before */
    bool is_stale;               /* again belongs to the wait before */
    unsigned heard;              /* messages that are recorded */
    const char **pending;        /* owned: the domains to ask again for, pending_count of them */
    size_t pending_count;
    struct poll *again; /* under way; NULL: none */
};

struct await {
    struct await_options options;
    struct polling polling; /* of those that ask again: nobody observes them */
    struct arrivals *arrivals;
    struct pool *pool;       /* NULL: nothing was asked again yet */
    struct awaited *awaited; /* one for each backup of the configuration */
    size_t count;            /* of those that are not idle */
    int64_t due_ms;          /* monotonic: the next look at what was seen */
    bool is_stopped;
};

static struct awaited *find(const struct await *await, const struct backup_config *backup)
{
    return &await->awaited[backup - await->polling.config->backups];
}

/* ---- what is written and told ---- */

static void write_message(void *context, const struct backup_config *backup,
                          const struct arrival *arrival, int64_t at_ms)
{
    const struct await *await = context;

    if (backup == NULL || arrival->is_refused || find(await, backup)->heard >= HEARD_MAX)
        return;
    find(await, backup)->heard++;
    recorder_heard(await->polling.recorder, &(struct store_message){
                                                .at_ms = at_ms,
                                                .backup = backup->name,
                                                .evidence = evidence_name(EVIDENCE_LOG),
                                                .bytes = arrival->bytes,
                                                .client = arrival->address,
                                                .message_id = arrival->message_id,
                                            });
}

/* That nothing came after a poll that announced nothing is not worth a row: most polls are so. Where the wait is broken
 * off, what was announced may still come. */
static bool is_worth_writing(const struct await *await, const struct arrival_account *account)
{
    return account->messages > 0 || account->connections > 0 || account->refusal[0] != '\0' ||
           (account_exit_status(account) != 0 && !await->is_stopped);
}

static void write_account(const struct await *await, const struct backup_config *backup,
                          int64_t now_ms)
{
    struct awaited *awaited = find(await, backup);
    const struct arrival_account *account = &awaited->account;
    const struct store_arrival arrival = {
        .asked_ms = account->asked_ms,
        .backup = backup->name,
        .state = arrival_state_name(account->state),
        .evidence = evidence_name(account->evidence),
        .messages = account->messages,
        .bytes = account->bytes,
        .connections = account->connections,
        .first_ms = account->first_ms,
        .last_ms = account->last_ms,
        .address = account->address[0] != '\0' ? account->address : NULL,
    };

    if (!is_worth_writing(await, account))
        return;
    awaited->written_ms = now_ms;
    awaited->written_messages = account->messages;
    recorder_arrival(await->polling.recorder, &arrival);
}

/* on_mail is told of each message once. */
static void tell_mail(struct await *await, const struct backup_config *backup)
{
    struct awaited *awaited = find(await, backup);
    const struct arrival_account *account = &awaited->account;
    int64_t messages = account->messages - awaited->told.messages;
    int64_t bytes = account->bytes - awaited->told.bytes;

    if (backup->method == METHOD_ETRN && messages > 0)
        recorder_mail(await->polling.recorder, backup,
                      &(struct store_arrival){
                          .state = arrival_state_name(account->state),
                          .evidence = evidence_name(account->evidence),
                          .messages = messages,
                          .bytes = account->bytes < 0 || awaited->told.bytes < 0 ? -1 : bytes});
}

/* ---- one backup ---- */

static void forget_pending(struct awaited *awaited)
{
    free(awaited->pending);
    awaited->pending = NULL;
    awaited->pending_count = 0;
    awaited->again_ms = INT64_MAX;
}

static void go_idle(struct await *await, const struct backup_config *backup)
{
    struct awaited *awaited = find(await, backup);

    if (awaited->phase == PHASE_IDLE)
        return;
    awaited->phase = PHASE_IDLE;
    forget_pending(awaited);
    arrivals_leave(await->arrivals, backup);
    await->count--;
}

/* Returns whether nothing more is to be waited for. */
static bool judge(struct await *await, const struct backup_config *backup, int64_t now_ms)
{
    struct awaited *awaited = find(await, backup);
    struct arrival_sight sight =
        backup->method == METHOD_ETRN ? arrivals_sight(await->arrivals, backup) : awaited->bridged;

    awaited->account.waited_ms = await->options.limit_ms - (awaited->end_ms - now_ms);
    return account_judge(&awaited->account, &awaited->answer, &sight,
                         await->polling.config->primary.quiet_s * 1000, now_ms);
}

/* Tells what has not been told yet. */
static void tell(struct await *await, const struct backup_config *backup, int64_t now_ms)
{
    struct awaited *awaited = find(await, backup);
    const struct arrival_account *account = &awaited->account;

    if (awaited->has_account && account->messages == awaited->told.messages &&
        (account->connections == awaited->told.connections || account->messages > 0))
        return;
    awaited->has_account = true;
    write_account(await, backup, now_ms);
    tell_mail(await, backup);
    awaited->told = *account;
    if (await->options.told != NULL)
        await->options.told(await->options.context, backup, account);
}

static void end(struct await *await, const struct backup_config *backup, int64_t now_ms)
{
    tell(await, backup, now_ms);
    go_idle(await, backup);
}

void await_begin(struct await *await, const struct backup_config *backup)
{
    struct awaited *awaited = find(await, backup);

    if (awaited->phase == PHASE_ASKED)
        return;
    if (awaited->phase == PHASE_WAITING) {
        int64_t now_ms = clock_monotonic_ms();

        (void)judge(await, backup, now_ms);
        tell(await, backup, now_ms);
        forget_pending(awaited);
        await->count--;
    }
    awaited->phase = PHASE_ASKED;
    awaited->is_stale = awaited->again != NULL;
    awaited->heard = 0;
    await->count++;
    if (backup->method == METHOD_ETRN)
        arrivals_watch(await->arrivals, backup);
}

/* ATRN, TURN: what has come is counted, whatever became of the session then. */
static void add_bridged(struct awaited *awaited, const struct poll *poll)
{
    awaited->answer.messages = (int64_t)poll->messages;
    awaited->answer.bytes = poll->bytes;
    awaited->bridged = (struct arrival_sight){.connections = -1};
    for (size_t i = 0; i < poll->count; i++) {
        const struct result *result = &poll->results[i];

        if (result->messages > 0 && result->at_ms > awaited->bridged.last_ms)
            awaited->bridged.last_ms = result->at_ms;
        if (result->address != NULL)
            (void)text_copy(awaited->bridged.address, sizeof awaited->bridged.address,
                            result->address);
    }
}

/* Adds up the good answers. Returns whether there is anything to wait for, or to tell. */
static bool add_answers(struct awaited *awaited, const struct poll *poll)
{
    size_t good = 0, empty = 0;

    awaited->answer = (struct arrival_answer){.messages = -1, .bytes = -1};
    awaited->pending = memory_new(poll->count, sizeof(const char *));
    for (size_t i = 0; i < poll->count; i++) {
        const struct result *result = &poll->results[i];

        if (!result->known || result->dry || result_grade(result) != GRADE_GOOD)
            continue;
        good++;
        empty += result->outcome == OUTCOME_EMPTY;
        if (result->outcome == OUTCOME_PENDING)
            awaited->pending[awaited->pending_count++] = result->domain;
    }
    awaited->answer.is_announced = awaited->pending_count > 0;
    awaited->answer.is_empty = good > 0 && empty == good;
    if (poll_turns(poll) && (good > empty || poll->messages > 0))
        add_bridged(awaited, poll);
    return good > 0 || poll->messages > 0;
}

void await_answered(struct await *await, const struct poll *poll)
{
    const struct backup_config *backup = poll->backup;
    struct awaited *awaited = find(await, backup);
    int64_t now_ms = clock_monotonic_ms();

    if (awaited->phase != PHASE_ASKED)
        return;
    awaited->account = (struct arrival_account){.asked_ms = poll->began_ms};
    awaited->has_account = awaited->is_settled = false;
    awaited->told = (struct arrival_account){0};
    await->due_ms = 0;
    if (!add_answers(awaited, poll)) {
        go_idle(await, backup);
        return;
    }
    for (size_t i = 0; i < poll->count && !poll_turns(poll); i++) {
        if (poll->results[i].address != NULL)
            arrivals_add_address(await->arrivals, backup, poll->results[i].address);
    }
    awaited->phase = PHASE_WAITING;
    awaited->end_ms = now_ms + await->options.limit_ms;
    awaited->tries = 0;
    awaited->again_ms = await->options.asks_again && awaited->answer.is_announced
                            ? now_ms + again_s[0] * 1000
                            : INT64_MAX;
    awaited->written_messages = 0;
}

/* ---- asking again ---- */

static void ask_again(struct await *await, const struct backup_config *backup)
{
    struct awaited *awaited = find(await, backup);
    const struct selection pending = {awaited->pending, awaited->pending_count};
    struct poll *poll = poll_new(&await->polling, backup, &pending);

    if (await->pool == NULL)
        await->pool = pool_new(&await->polling, await->polling.config->backup_count);
    awaited->again_ms = INT64_MAX;
    awaited->again = poll;
    poll->cause = "wait";
    recorder_recall(await->polling.recorder, poll);
    poll_clear(poll, NULL);
    pool_add(await->pool, poll);
}

static void take_again(struct await *await, struct poll *poll, int64_t now_ms)
{
    struct awaited *awaited = find(await, poll->backup);
    size_t empty = 0;

    recorder_poll(await->polling.recorder, poll);
    awaited->again = NULL;
    for (size_t i = 0; i < poll->count; i++)
        empty += poll->results[i].known && poll->results[i].outcome == OUTCOME_EMPTY;
    awaited->tries += awaited->tries + 1 < COUNT_OF(again_s);
    if (awaited->is_stale)
        awaited->is_stale = false;
    else if (empty == poll->count)
        awaited->answer.reasked_ms = now_ms;
    else if (awaited->phase == PHASE_WAITING)
        awaited->again_ms = now_ms + again_s[awaited->tries] * 1000;
    poll_free(poll);
}

/* ---- the course ---- */

/* Whether more may be seen of what is settled. */
static bool goes_on(const struct await *await, const struct awaited *awaited)
{
    return await->options.goes_on && awaited->answer.messages < 0 && !awaited->answer.is_empty &&
           (awaited->account.messages >= 0 || awaited->account.connections >= 0);
}

/* Returns when there is more to do for the backup. */
static int64_t advance(struct await *await, const struct backup_config *backup, int64_t now_ms)
{
    struct awaited *awaited = find(await, backup);
    const struct arrival_account *account = &awaited->account;

    awaited->is_settled = judge(await, backup, now_ms);
    if (now_ms >= awaited->end_ms || (awaited->is_settled && !goes_on(await, awaited))) {
        end(await, backup, now_ms);
        return INT64_MAX;
    }
    if (awaited->is_settled)
        tell(await, backup, now_ms);
    else if (account->messages > awaited->written_messages &&
             (awaited->written_messages == 0 || now_ms - awaited->written_ms >= WRITE_MS))
        write_account(await, backup, now_ms);
    if (awaited->again == NULL && now_ms >= awaited->again_ms)
        ask_again(await, backup);
    return now_ms + LOOK_MS < awaited->end_ms ? now_ms + LOOK_MS : awaited->end_ms;
}

int64_t await_advance(struct await *await, int64_t now_ms)
{
    const struct config *config = await->polling.config;

    for (struct poll *poll; await->pool != NULL && (poll = pool_take(await->pool)) != NULL;)
        take_again(await, poll, now_ms);
    if (now_ms < await->due_ms)
        return await->due_ms;
    await->due_ms = INT64_MAX;
    for (size_t i = 0; i < config->backup_count && await->count > 0; i++) {
        if (await->awaited[i].phase != PHASE_WAITING)
            continue;
        int64_t again_ms = advance(await, &config->backups[i], now_ms);
        await->due_ms = again_ms < await->due_ms ? again_ms : await->due_ms;
    }
    return await->due_ms;
}

bool await_is_settled(const struct await *await)
{
    size_t settled = 0;

    for (size_t i = 0; i < await->polling.config->backup_count; i++)
        settled += await->awaited[i].phase == PHASE_WAITING && await->awaited[i].is_settled;
    return await->count == settled;
}

void await_stop(struct await *await)
{
    const struct config *config = await->polling.config;
    int64_t now_ms = clock_monotonic_ms();

    await->is_stopped = true;
    for (size_t i = 0; i < config->backup_count; i++) {
        if (await->awaited[i].phase == PHASE_WAITING) {
            (void)judge(await, &config->backups[i], now_ms);
            end(await, &config->backups[i], now_ms);
        }
        go_idle(await, &config->backups[i]);
    }
}

const struct arrival_account *await_account(const struct await *await,
                                            const struct backup_config *backup, int64_t *left_ms)
{
    const struct awaited *awaited = find(await, backup);

    *left_ms = awaited->phase == PHASE_WAITING ? awaited->end_ms - clock_monotonic_ms() : 0;
    return awaited->phase == PHASE_WAITING || awaited->has_account ? &awaited->account : NULL;
}

const struct arrival_means *await_means(const struct await *await)
{
    return arrivals_means(await->arrivals);
}

struct await *await_new(const struct await_options *options)
{
    const struct polling *polling = options->polling;
    struct await *await = memory_new(1, sizeof *await);

    await->options = *options;
    await->polling = *polling;
    await->polling.observer = (struct poll_observer){.wire = polling->observer.wire};
    await->awaited = memory_new(polling->config->backup_count, sizeof *await->awaited);
    await->arrivals = arrivals_new(&(struct arrivals_options){.config = polling->config,
                                                              .loop = polling->loop,
                                                              .heard = write_message,
                                                              .context = await});
    return await;
}

void await_free(struct await *await)
{
    if (await == NULL)
        return;
    for (size_t i = 0; i < await->polling.config->backup_count; i++) {
        free(await->awaited[i].pending);
        poll_free(await->awaited[i].again);
    }
    pool_free(await->pool);
    arrivals_free(await->arrivals);
    free(await->awaited);
    free(await);
}

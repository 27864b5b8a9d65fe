/* All chosen backups at once, in one loop, after a look at the primary: once, and with --retry again
 * after the times of `retry`. */
#include <mxpull/pull/round.h>

#include "pull.h"
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>

/* Polls that were stopped end by themselves before this; else they are dropped. */
enum {
    STOP_LIMIT_MS = 900
};

struct round {
    struct round_options options;
    struct agenda *agenda;
    const struct result **results;           /* owned: those of facts */
    const struct arrival_account **arrivals; /* the same */
    struct round_facts facts;
    bool is_stopping;
};

struct round *round_new(const struct round_options *options)
{
    struct round *round = memory_new(1, sizeof *round);
    const struct await_options await = {.limit_ms = options->wait_ms,
                                        .asks_again = true,
                                        .told = options->arrived,
                                        .context = options->polling.context};

    round->options = *options;
    round->agenda =
        agenda_new(&(struct agenda_options){.polling = &options->polling,
                                            .selection = &options->selection,
                                            .await = options->wait_ms > 0 ? &await : NULL},
                   agenda_now());
    round->results = agenda_results(round->agenda, &round->facts.count);
    round->facts.results = round->results;
    round->facts.means = round->agenda->await != NULL ? await_means(round->agenda->await) : NULL;
    round->facts.dry_run = options->polling.dry_run;
    return round;
}

void round_free(struct round *round)
{
    if (round == NULL)
        return;
    agenda_free(round->agenda);
    free(round->arrivals);
    free(round->results);
    free(round);
}

/* ---- the course ---- */

/* The answers of a backup are known. */
static void await_answer(struct round *round, const struct poll *poll)
{
    const struct round_options *options = &round->options;
    int64_t left_ms;

    await_answered(round->agenda->await, poll);
    if (await_account(round->agenda->await, poll->backup, &left_ms) != NULL &&
        options->awaiting != NULL)
        options->awaiting(options->polling.context, poll->backup);
}

/* Records the polls that are over, and plans their retries. */
static void take_over(struct round *round, struct instant now)
{
    struct agenda *agenda = round->agenda;

    for (struct poll *poll; (poll = pool_take(agenda->pool)) != NULL;) {
        size_t place = (size_t)(poll->backup - agenda->polling.config->backups);
        bool again = round->options.retry && !round->is_stopping && poll_wants_again(poll);

        recorder_poll(agenda->polling.recorder, poll);
        plan_ended(agenda->plan, place, now, again);
        if (agenda->await != NULL && !again)
            await_answer(round, poll);
        int64_t due_ms = plan_memory(agenda->plan, place).due_ms;
        if (due_ms != 0 && round->options.resting != NULL)
            round->options.resting(agenda->polling.context, poll->backup,
                                   now.monotonic_ms + due_ms - now.wall_ms);
    }
}

/* Does all that can be done now. A poll that falls due during a look waits for the next look. Returns
 * when there is more to do, monotonic. */
static int64_t advance(struct round *round)
{
    struct agenda *agenda = round->agenda;
    struct instant now = agenda_now();
    int64_t next_ms = INT64_MAX;

    take_over(round, now);
    (void)plan_tick(agenda->plan, now);
    if (agenda->look != NULL && agenda->look->is_over) {
        const char *why = agenda_trouble(agenda);

        /* A look at some domains that refuses all of them tells nothing of the primary as a whole. */
        if (agenda_note_look(agenda) &&
            (why != NULL || preflight_refusal_of_all(agenda->look) == NULL))
            recorder_primary(agenda->polling.recorder, why);
        agenda_admit(agenda, agenda->look);
        agenda_end_look(agenda);
    }
    if (!round->is_stopping)
        next_ms = agenda_take_due(agenda, now);
    if (agenda->look == NULL && agenda->due_count > 0)
        agenda_look(agenda, round->options.selection.count == 0 &&
                                agenda->polling.config->shard == NULL &&
                                agenda->due_count == agenda->polling.config->backup_count);
    agenda_tell(agenda);
    if (agenda->look != NULL)
        next_ms = INT64_MAX;
    return agenda->await == NULL
               ? next_ms
               : schedule_earlier(next_ms, await_advance(agenda->await, clock_monotonic_ms()));
}

static bool is_over(const struct round *round)
{
    struct agenda *agenda = round->agenda;

    return agenda->pool->count == 0 &&
           (round->is_stopping || (agenda->due_count == 0 && agenda->look == NULL &&
                                   plan_next_ms(agenda->plan, agenda_now()) == INT64_MAX &&
                                   (agenda->await == NULL || await_is_settled(agenda->await))));
}

/* Ends the waits, and adds what became of the mail. */
static void conclude_waits(struct round *round)
{
    struct round_facts *facts = &round->facts;
    const struct agenda *agenda = round->agenda;
    struct await *await = agenda->await;
    int64_t left_ms;

    /* Those that were to be asked again. */
    for (size_t i = 0; i < agenda->polling.config->backup_count; i++) {
        if (agenda->polls[i] != NULL)
            await_answered(agenda->await, agenda->polls[i]);
    }
    await_stop(await);
    round->arrivals = memory_new(facts->count, sizeof(const struct arrival_account *));
    facts->arrivals = round->arrivals;
    for (size_t i = 0; i < facts->count; i++) {
        const struct result *result = facts->results[i];
        const struct arrival_account *account = await_account(await, result->backup, &left_ms);

        if (account == NULL || (result->backup->method == METHOD_ETRN &&
                                (!result->known || result_grade(result) != GRADE_GOOD)))
            continue;
        round->arrivals[i] = account;
        facts->exit_status = exit_status_worse(facts->exit_status, account_exit_status(account));
    }
}

void round_run(struct round *round)
{
    struct agenda *agenda = round->agenda;
    struct round_facts *facts = &round->facts;
    int64_t stop_limit_ms = INT64_MAX, began_ms = clock_monotonic_ms();

    facts->started_wall_ms = clock_wall_ms();
    while (!is_over(round)) {
        if (!round->is_stopping && agenda->polling.stop()) {
            stop_limit_ms = clock_monotonic_ms() + STOP_LIMIT_MS;
            round->is_stopping = true;
            agenda_end_look(agenda);
            agenda->due_count = 0;
            /* Polls that wait for a retry keep their last answer. */
            for (size_t i = 0; i < agenda->polling.config->backup_count; i++) {
                if (agenda->polls[i] != NULL)
                    poll_stop(agenda->polls[i]);
            }
        }
        int64_t next_ms = advance(round);
        if (clock_monotonic_ms() >= stop_limit_ms)
            break;
        if (!is_over(round))
            loop_turn(agenda->polling.loop, schedule_earlier(next_ms, stop_limit_ms));
    }
    for (size_t i = 0; i < agenda->polling.config->backup_count; i++) {
        if (agenda->polls[i] == NULL)
            continue;
        poll_conclude(agenda->polls[i]);
        poll_settle(agenda->polls[i], OUTCOME_INTERRUPTED, "stopped before an answer came");
    }
    if (agenda->await != NULL)
        conclude_waits(round);
    facts->elapsed_ms = clock_monotonic_ms() - began_ms;
    for (size_t i = 0; i < facts->count; i++) {
        const struct result *result = facts->results[i];

        if (result->known && !result->dry)
            facts->exit_status =
                exit_status_worse(facts->exit_status, outcome_exit_status(result->outcome));
    }
}

/* ---- how it stands ---- */

const struct preflight_wait *round_waits(const struct round *round)
{
    const struct preflight *look = round->agenda->look;

    return look != NULL && !look->is_over ? &look->wait : NULL;
}

enum stage round_stage(const struct round *round, const struct backup_config *backup)
{
    const struct agenda *agenda = round->agenda;

    return poll_stage(agenda->polls[backup - agenda->polling.config->backups]);
}

const struct arrival_account *round_arrival(const struct round *round,
                                            const struct backup_config *backup, int64_t *left_ms)
{
    return await_account(round->agenda->await, backup, left_ms);
}

const struct round_facts *round_facts(const struct round *round)
{
    return &round->facts;
}

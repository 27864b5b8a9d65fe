/* All chosen backups at once, in one loop: those that are due by the plan wait for a look at the primary
 * and are asked. The plan knows no schedule here: all are due once, and with --retry again after the
 * times of `retry`. */
#include <mxpull/pull/round.h>

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/plan/plan.h>
#include <mxpull/platform/clock.h>
#include <mxpull/session/pool.h>
#include <mxpull/session/preflight.h>

#include <stdlib.h>

/* After this the polls that were told to stop are dropped. Each ends by itself before. */
enum {
    STOP_LIMIT_MS = 900
};

/*  RESTING --due--> DUE --a look begins--> CLEARING --it ends--> ASKING --over--> RESTING */
enum part_state {
    PART_RESTING,
    PART_DUE,
    PART_CLEARING,
    PART_ASKING
};

/* One backup's part of the round. */
struct part {
    struct poll *poll;
    struct timing timing; /* the backup's retry alone */
    enum part_state state;
};

struct round {
    struct round_options options;
    struct pool *pool;
    struct plan *plan;
    struct part *parts; /* the chosen backups, in the order of the configuration */
    size_t part_count;
    size_t *part_of; /* of a backup, by its place in the configuration */
    const struct result **results;
    size_t result_count;
    struct preflight *look; /* the one that is under way */
    bool looked;            /* it has ended */
    bool looks_at_all;      /* it is for all domains of the configuration */
    bool is_stopping;
};

static void add_part(struct round *round, const struct backup_config *backup)
{
    struct poll *poll = poll_new(&round->options.polling, backup, &round->options.selection);

    if (poll == NULL)
        return;
    round->part_of[backup - round->options.polling.config->backups] = round->part_count;
    round->parts[round->part_count++] =
        (struct part){.poll = poll, .timing = {.retry = backup->timing.retry}};
    for (size_t i = 0; i < poll->count; i++)
        round->results[round->result_count++] = &poll->results[i];
}

struct round *round_new(const struct round_options *options, struct error *error)
{
    const struct config *config = options->polling.config;
    size_t most = 0;

    if (selection_check(&options->selection, config, error) != STATUS_OK)
        return NULL;
    struct round *round = memory_new(1, sizeof *round);
    round->options = *options;
    round->options.polling.delivered = recorder_message;
    round->parts = memory_new(config->backup_count, sizeof *round->parts);
    round->part_of = memory_new(config->backup_count, sizeof *round->part_of);
    for (size_t i = 0; i < config->backup_count; i++)
        most += config->backups[i].domain_count;
    round->results = memory_new(most, sizeof(const struct result *));
    for (size_t i = 0; i < config->backup_count; i++)
        add_part(round, &config->backups[i]);
    return round;
}

void round_free(struct round *round)
{
    if (round == NULL)
        return;
    for (size_t i = 0; i < round->part_count; i++)
        poll_free(round->parts[i].poll);
    pool_free(round->pool);
    plan_free(round->plan);
    preflight_free(round->look);
    free(round->results);
    free(round->part_of);
    free(round->parts);
    free(round);
}

/* ---- the primary ---- */

static void look_ended(void *context)
{
    struct round *round = context;

    round->looked = true;
}

/* Looks at the primary for all parts that are due. */
static void look(struct round *round)
{
    const struct polling *polling = &round->options.polling;
    bool recipients = polling->config->primary.preflight == PREFLIGHT_RECIPIENTS;
    struct domain_list domains = {0};

    round->looks_at_all = round->options.selection.count == 0;
    for (size_t i = 0; i < round->part_count; i++) {
        if (round->parts[i].state != PART_DUE) {
            round->looks_at_all = false;
            continue;
        }
        round->parts[i].state = PART_CLEARING;
        if (recipients)
            poll_add_domains(round->parts[i].poll, &domains);
    }
    recorder_order_look(polling->recorder, domains.nodes, domains.count);
    round->looked = false;
    round->look = preflight_new(&(struct preflight_options){
        .loop = polling->loop,
        .config = polling->config,
        .domains = domains.nodes,
        .count = domains.count,
        .limit_ms = preflight_limit_ms(polling->config),
        .ended = look_ended,
        .context = round,
    });
    domain_list_done(&domains);
}

/* Where everything that was asked for is refused, but not all was asked for, nothing is known of the
 * primary as a whole. */
static void record_look(const struct round *round)
{
    struct recorder *recorder = round->options.polling.recorder;
    const char *why = preflight_why(round->look);
    const char *refusal = preflight_refusal_of_all(round->look);

    recorder_note_look(recorder, round->look);
    if (preflight_shortage(round->look) != NULL)
        log_message(LEVEL_WARNING, "your mail server was not looked at: %s",
                    preflight_shortage(round->look));
    else if (why != NULL || refusal == NULL)
        recorder_primary(recorder, why);
    else if (round->looks_at_all)
        recorder_primary(recorder, refusal);
}

/* All parts in that state are asked, as far as the look (NULL: there was none) allows. */
static void admit(struct round *round, enum part_state state, const struct preflight *look)
{
    for (size_t i = 0; i < round->part_count; i++) {
        struct part *part = &round->parts[i];

        if (part->state != state)
            continue;
        part->state = PART_ASKING;
        recorder_recall(round->options.polling.recorder, part->poll);
        poll_clear(part->poll, look);
        pool_add(round->pool, part->poll);
    }
}

static bool has_part(const struct round *round, enum part_state state)
{
    for (size_t i = 0; i < round->part_count; i++) {
        if (round->parts[i].state == state)
            return true;
    }
    return false;
}

static void clear(struct round *round)
{
    const struct polling *polling = &round->options.polling;

    if (polling->config->primary.preflight == PREFLIGHT_OFF || polling->force) {
        admit(round, PART_DUE, NULL);
        return;
    }
    if (round->look == NULL && has_part(round, PART_DUE))
        look(round);
    if (round->look != NULL && round->looked) {
        record_look(round);
        admit(round, PART_CLEARING, round->look);
        preflight_free(round->look);
        round->look = NULL;
    }
}

/* ---- the course ---- */

static struct instant read_clocks(void)
{
    return (struct instant){.wall_ms = clock_wall_ms(), .monotonic_ms = clock_monotonic_ms()};
}

static void make_plan(struct round *round)
{
    static const struct durations none;

    round->plan = plan_new(&(struct plan_options){.most = round->part_count,
                                                  .recovery = &none,
                                                  .offset = clock_local_offset_s},
                           read_clocks());
    for (size_t i = 0; i < round->part_count; i++)
        plan_add(round->plan, &round->parts[i].timing, read_clocks());
    plan_now(round->plan);
}

/* Takes what is over: it is written, and rests until its retry, if there is one. */
static void take_over(struct round *round, struct instant now)
{
    const struct backup_config *first = round->options.polling.config->backups;

    for (struct poll *poll; (poll = pool_take(round->pool)) != NULL;) {
        size_t part = round->part_of[poll->backup - first];
        bool again = round->options.retry && !round->is_stopping && poll_wants_again(poll);

        recorder_poll(round->options.polling.recorder, poll);
        round->parts[part].state = PART_RESTING;
        plan_ended(round->plan, part, now, again);
        int64_t due_ms = plan_memory(round->plan, part).due_ms;
        if (due_ms != 0 && round->options.resting != NULL)
            round->options.resting(round->options.context, poll->backup,
                                   now.monotonic_ms + due_ms - now.wall_ms);
    }
}

static void take_due(struct round *round, struct instant now)
{
    enum plan_cause cause;
    size_t part;

    (void)plan_tick(round->plan, now);
    while (!round->is_stopping && plan_take(round->plan, now, &part, &cause)) {
        round->parts[part].state = PART_DUE;
        if (cause == PLAN_RETRY)
            round->parts[part].poll->cause = plan_cause_name(cause);
    }
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* Does what can be done now. Returns when there is more to do without an event. */
static int64_t advance(struct round *round)
{
    struct instant now = read_clocks();

    take_over(round, now);
    take_due(round, now);
    clear(round);
    if (round->options.turned != NULL)
        round->options.turned(round->options.context);
    return plan_next_ms(round->plan, now);
}

/* What rests keeps its last answer. */
static void stop_all(struct round *round)
{
    round->is_stopping = true;
    pool_stop(round->pool);
    for (size_t i = 0; i < round->part_count; i++) {
        struct part *part = &round->parts[i];

        if (part->state != PART_ASKING) {
            poll_stop(part->poll);
            part->state = PART_RESTING;
        }
    }
}

static bool is_over(const struct round *round)
{
    if (round->pool->count > 0)
        return false;
    return round->is_stopping || (!has_part(round, PART_DUE) && !has_part(round, PART_CLEARING) &&
                                  plan_next_ms(round->plan, read_clocks()) == INT64_MAX);
}

void round_run(struct round *round)
{
    const struct polling *polling = &round->options.polling;
    int64_t stop_limit_ms = INT64_MAX;

    round->pool = pool_new(polling, round->part_count);
    make_plan(round);
    while (!is_over(round)) {
        if (!round->is_stopping && polling->stop()) {
            stop_limit_ms = clock_monotonic_ms() + STOP_LIMIT_MS;
            stop_all(round);
        }
        int64_t next_ms = advance(round);
        if (clock_monotonic_ms() >= stop_limit_ms)
            break;
        if (!is_over(round))
            loop_turn(polling->loop, earlier(next_ms, stop_limit_ms));
    }
    for (size_t i = 0; i < round->part_count; i++) {
        poll_conclude(round->parts[i].poll);
        poll_settle(round->parts[i].poll, OUTCOME_INTERRUPTED, "stopped before an answer came");
    }
}

const struct preflight_wait *round_waits(const struct round *round)
{
    return round->look != NULL ? preflight_waits(round->look) : NULL;
}

enum stage round_stage(const struct round *round, const struct backup_config *backup)
{
    size_t place = (size_t)(backup - round->options.polling.config->backups);

    return poll_stage(round->parts[round->part_of[place]].poll);
}

size_t round_result_count(const struct round *round)
{
    return round->result_count;
}

const struct result *round_result(const struct round *round, size_t index)
{
    return round->results[index];
}

int round_exit_status(const struct round *round)
{
    int exit_status = 0;

    for (size_t i = 0; i < round->result_count; i++) {
        const struct result *result = round->results[i];

        if (result->known && !result->dry)
            exit_status = exit_status_worse(exit_status, outcome_exit_status(result->outcome));
    }
    return exit_status;
}

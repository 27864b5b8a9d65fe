/* All chosen backups at once, in one loop. What failed for a while is asked again with --retry; the
 * wait for it is a deadline of the same loop. */
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/pull/round.h>
#include <mxpull/session/pool.h>
#include <mxpull/session/preflight.h>

#include <stdlib.h>

/* After this the polls that were told to stop are dropped. Each ends by itself before. */
enum {
    STOP_LIMIT_MS = 900
};

/*  DUE --a preflight begins--> CLEARING --it ends--> ASKING --over--> OVER
 * and with --retry from ASKING to RESTING, and from there back to DUE at a later time. */
enum part_state {
    PART_DUE,
    PART_CLEARING,
    PART_ASKING,
    PART_RESTING,
    PART_OVER
};

/* One backup's part of the round. */
struct part {
    struct poll *poll;
    enum part_state state;
    int64_t due_ms; /* RESTING */
    size_t retries;
};

struct round {
    struct round_options options;
    struct pool *pool;
    struct part *parts; /* the chosen backups, in the order of the configuration */
    size_t part_count;
    size_t *part_of;           /* of a backup, by its place in the configuration */
    const struct poll **taken; /* room for all of them */
    const struct result **results;
    size_t result_count;
    size_t over;                 /* parts */
    struct preflight *preflight; /* the one that runs */
    bool looked;                 /* it has ended */
    bool looks_at_all;           /* it is for all domains of the configuration */
};

static void add_part(struct round *round, const struct backup_config *backup)
{
    struct poll *poll = poll_new(&round->options.polling, backup, &round->options.choice);

    if (poll == NULL)
        return;
    round->part_of[backup - round->options.polling.config->backups] = round->part_count;
    round->parts[round->part_count++] = (struct part){.poll = poll};
    for (size_t i = 0; i < poll_result_count(poll); i++)
        round->results[round->result_count++] = poll_result(poll, i);
}

struct round *round_new(const struct round_options *options, struct error *error)
{
    const struct config *config = options->polling.config;
    size_t most = 0;

    if (selection_check(&options->choice, config, error) != STATUS_OK)
        return NULL;
    struct round *round = memory_new(1, sizeof *round);
    round->options = *options;
    round->parts = memory_new(config->backup_count, sizeof *round->parts);
    round->part_of = memory_new(config->backup_count, sizeof *round->part_of);
    round->taken = memory_new(config->backup_count, sizeof(const struct poll *));
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
    preflight_free(round->preflight);
    free(round->results);
    free(round->part_of);
    free(round->taken);
    free(round->parts);
    free(round);
}

/* ---- the primary ---- */

static void preflight_ended(void *context)
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

    round->looks_at_all = round->options.choice.count == 0;
    for (size_t i = 0; i < round->part_count; i++) {
        if (round->parts[i].state != PART_DUE) {
            round->looks_at_all = false;
            continue;
        }
        round->parts[i].state = PART_CLEARING;
        if (recipients)
            poll_add_domains(round->parts[i].poll, &domains);
    }
    round->looked = false;
    round->preflight = preflight_new(&(struct preflight_options){
        .loop = polling->loop,
        .config = polling->config,
        .domains = domains.nodes,
        .count = domains.count,
        .order = polling->order_look,
        .memory = polling->memory,
        .limit_ms = preflight_limit_ms(polling->config),
        .ended = preflight_ended,
        .context = round,
    });
    domain_list_done(&domains);
}

static void tell_look(const struct round *round)
{
    const struct round_options *options = &round->options;
    const char *why = preflight_why(round->preflight);
    const char *refusal = preflight_refusal_of_all(round->preflight);

    if (preflight_shortage(round->preflight) != NULL) {
        log_message(LEVEL_WARNING, "your mail server was not looked at: %s",
                    preflight_shortage(round->preflight));
        return;
    }
    if (why == NULL && refusal != NULL) {
        if (!round->looks_at_all)
            return; /* whether everything else is refused, too, is not known */
        why = refusal;
    }
    if (options->looked != NULL)
        options->looked(options->context, why);
}

/* All parts in that state are asked, as far as the preflight (NULL: there was none) allows. */
static void admit(struct round *round, enum part_state state, const struct preflight *preflight)
{
    for (size_t i = 0; i < round->part_count; i++) {
        struct part *part = &round->parts[i];

        if (part->state != state)
            continue;
        part->state = PART_ASKING;
        poll_clear(part->poll, preflight);
        pool_add(round->pool, part->poll);
    }
}

static bool has_due(const struct round *round)
{
    for (size_t i = 0; i < round->part_count; i++) {
        if (round->parts[i].state == PART_DUE)
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
    if (round->preflight == NULL && has_due(round))
        look(round);
    if (round->preflight != NULL && round->looked) {
        if (polling->note_look != NULL)
            polling->note_look(polling->memory, round->preflight);
        tell_look(round);
        admit(round, PART_CLEARING, round->preflight);
        preflight_free(round->preflight);
        round->preflight = NULL;
    }
}

/* ---- the course ---- */

static void end(struct round *round, struct part *part)
{
    part->state = PART_OVER;
    round->over++;
}

/* Puts a part whose poll is over off until its next retry, or ends it. */
static void conclude(struct round *round, struct part *part)
{
    const struct backup_config *backup = poll_backup(part->poll);
    const struct durations *retry = &backup->timing.retry;
    const struct polling *polling = &round->options.polling;

    if (!round->options.retry || polling->stop() || part->retries == retry->count ||
        !poll_wants_again(part->poll)) {
        end(round, part);
        return;
    }
    part->state = PART_RESTING;
    poll_set_cause(part->poll, "retry");
    part->due_ms = clock_monotonic_ms() + retry->seconds[part->retries++] * 1000;
    if (round->options.resting != NULL)
        round->options.resting(round->options.context, backup, part->due_ms);
}

/* Takes what is over. */
static void take_over(struct round *round)
{
    const struct backup_config *first = round->options.polling.config->backups;
    size_t count = 0;
    struct poll *poll;

    while ((poll = pool_take(round->pool)) != NULL)
        round->taken[count++] = poll;
    if (count > 0 && round->options.polled != NULL)
        round->options.polled(round->options.context, round->taken, count);
    for (size_t i = 0; i < count; i++)
        conclude(round, &round->parts[round->part_of[poll_backup(round->taken[i]) - first]]);
}

/* Brings back what is due again. Returns when the next one is. */
static int64_t wake(struct round *round)
{
    int64_t now_ms = clock_monotonic_ms(), next_ms = INT64_MAX;

    for (size_t i = 0; i < round->part_count; i++) {
        struct part *part = &round->parts[i];

        if (part->state != PART_RESTING)
            continue;
        if (part->due_ms <= now_ms)
            part->state = PART_DUE;
        else if (part->due_ms < next_ms)
            next_ms = part->due_ms;
    }
    return next_ms;
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* Does what can be done now. Returns when there is more to do without an event. */
static int64_t advance(struct round *round)
{
    take_over(round);
    int64_t next_ms = wake(round);
    clear(round);
    if (round->options.turned != NULL)
        next_ms =
            earlier(next_ms, round->options.turned(round->options.context, clock_monotonic_ms()));
    return next_ms;
}

/* What rests keeps its last answer. */
static void stop_all(struct round *round)
{
    pool_stop(round->pool);
    for (size_t i = 0; i < round->part_count; i++) {
        struct part *part = &round->parts[i];

        if (part->state == PART_DUE || part->state == PART_CLEARING)
            poll_stop(part->poll);
        if (part->state != PART_ASKING && part->state != PART_OVER)
            end(round, part);
    }
}

void round_run(struct round *round)
{
    const struct polling *polling = &round->options.polling;
    int64_t stop_limit_ms = INT64_MAX;

    round->pool = pool_new(polling, round->part_count);
    while (round->over < round->part_count) {
        if (stop_limit_ms == INT64_MAX && polling->stop()) {
            stop_limit_ms = clock_monotonic_ms() + STOP_LIMIT_MS;
            stop_all(round);
        }
        int64_t next_ms = advance(round);
        if (clock_monotonic_ms() >= stop_limit_ms)
            break;
        if (round->over < round->part_count)
            loop_turn(polling->loop, next_ms < stop_limit_ms ? next_ms : stop_limit_ms);
    }
    for (size_t i = 0; i < round->part_count; i++) {
        poll_conclude(round->parts[i].poll);
        poll_settle(round->parts[i].poll, OUTCOME_INTERRUPTED, "stopped before an answer came");
    }
}

const struct preflight_wait *round_waits(const struct round *round)
{
    return round->preflight != NULL ? preflight_waits(round->preflight) : NULL;
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

    for (size_t i = 0; i < round->part_count; i++)
        exit_status = exit_status_worse(exit_status, poll_exit_status(round->parts[i].poll));
    return exit_status;
}

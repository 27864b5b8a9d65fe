/* The daemon's loop. Every turn: what has come to an end is written down and planned anew, what is
 * due waits for a look at the primary (daemon_primary.c) and is then asked, and the loop sleeps until
 * the next of all these times. What the next run must know of the plan is in daemon_plan.c, what others are
 * told in daemon_tell.c, another configuration in daemon_reload.c. */
#include "daemon_internal.h"

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>

/* SIGTERM is to end the daemon within 2 s; and the loop must not stand still for a store that another
 * process holds. */
enum {
    STOP_LIMIT_MS = 1200,
    STORE_WAIT_MS = 300,
    STORE_WAIT_AT_END_MS = 50
};

struct instant daemon_now(void)
{
    return (struct instant){.wall_ms = clock_wall_ms(), .monotonic_ms = clock_monotonic_ms()};
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* ---- polls that are over ---- */

static void plan_anew(struct daemon *daemon, const struct generation *generation,
                      const struct poll *poll, struct instant now)
{
    size_t place;

    if (!daemon_find_backup(daemon, generation, poll, &place))
        return;
    daemon->held[place] = poll_held_count(poll);
    if (poll_held_count(poll) == poll_result_count(poll))
        plan_held(daemon->plan, place, now);
    else
        plan_ended(daemon->plan, place, now, poll_failed_for_now(poll));
}

/* Writes down what these polls of a generation have brought. */
static void conclude(struct daemon *daemon, struct generation *generation,
                     struct poll *const *polls, size_t count, struct instant now)
{
    const struct poll **over = memory_new(count, sizeof(const struct poll *));

    for (size_t i = 0; i < count; i++)
        over[i] = polls[i];
    recorder_polls(daemon->record, over, count);
    free(over);
    for (size_t i = 0; i < count; i++) {
        size_t place;

        plan_anew(daemon, generation, polls[i], now);
        generation_forget(daemon->current, poll_backup(polls[i])->name);
        if (daemon_find_backup(daemon, generation, polls[i], &place))
            generation_retire(generation, polls[i]);
        else
            poll_free(polls[i]);
    }
    daemon->has_news = true;
}

static void take_over(struct daemon *daemon, struct generation *generation, struct instant now)
{
    size_t count = 0, most = pool_count(generation->pool);

    if (most == 0)
        return;
    struct poll **polls = memory_new(most, sizeof(struct poll *));
    for (struct poll *poll; (poll = pool_take(generation->pool)) != NULL;)
        polls[count++] = poll;
    if (count > 0)
        conclude(daemon, generation, polls, count, now);
    free(polls);
}

/* Older generations whose last poll is over, and replaced, are gone. */
static void drop_older(struct daemon *daemon)
{
    for (struct generation **link = &daemon->current->older; *link != NULL;) {
        struct generation *generation = *link;

        if (pool_count(generation->pool) > 0 || generation_has_last(generation)) {
            link = &generation->older;
            continue;
        }
        *link = generation->older;
        generation_free(generation);
    }
}

/* ---- polls that are due ---- */

/* Takes all that is due from the plan. */
static void take_due(struct daemon *daemon, struct instant now)
{
    static const struct selection all = {NULL, 0};
    const struct config *config = daemon->current->config;
    enum plan_cause cause;
    size_t backup;

    while (plan_take(daemon->plan, now, &backup, &cause)) {
        struct poll *poll = poll_new(&daemon->current->polling, &config->backups[backup], &all);

        poll_set_cause(poll, plan_cause_name(cause));
        daemon->due[daemon->due_count++] = poll;
        if (!daemon->busy)
            daemon->busy_since = now;
        daemon->busy = true;
    }
    daemon_plan_write_taken(daemon, now);
}

/* They begin, as far as the look (NULL: there was none) allows. */
static void admit_due(struct daemon *daemon, const struct preflight *look)
{
    for (size_t i = 0; i < daemon->due_count; i++) {
        poll_clear(daemon->due[i], look);
        pool_add(daemon->current->pool, daemon->due[i]);
    }
    daemon->due_count = 0;
}

static bool recovers_at_once(const struct config *config)
{
    for (size_t i = 0; i < config->primary.recovery.count; i++) {
        if (config->primary.recovery.seconds[i] == 0)
            return true;
    }
    return false;
}

/* An outage has ended: what is due has not begun, and is asked with everything else, if that comes at
 * once. */
static void recover(struct daemon *daemon, struct instant now)
{
    const struct config *config = daemon->current->config;

    if (!recovers_at_once(config)) {
        admit_due(daemon, daemon->look);
        plan_recover_all(daemon->plan, now);
        return;
    }
    for (size_t i = 0; i < daemon->due_count; i++) {
        plan_held(daemon->plan, (size_t)(poll_backup(daemon->due[i]) - config->backups), now);
        poll_free(daemon->due[i]);
    }
    daemon->due_count = 0;
    plan_recover_all(daemon->plan, now);
}

static void finish_look(struct daemon *daemon, struct instant now)
{
    if (daemon->look == NULL || !daemon->looked)
        return;
    if (primary_take_look(daemon, now))
        recover(daemon, now);
    else
        admit_due(daemon, daemon->look);
    primary_look_done(daemon);
}

/* While a look is under way what falls due waits for the next one. */
static void begin_due(struct daemon *daemon, struct instant now)
{
    if (!primary_is_asked_first(daemon)) {
        take_due(daemon, now);
        admit_due(daemon, NULL);
    } else if (daemon->look == NULL && !daemon->wants_reload) {
        take_due(daemon, now);
    }
    primary_look(daemon, now);
    finish_look(daemon, now); /* it may have ended at once */
}

/* ---- requests ---- */

static void take_requests(struct daemon *daemon, struct instant now)
{
    daemon_reload(daemon, now);
    if (daemon->options.take_now(daemon->options.context)) {
        log_message(LEVEL_INFO, "everything is asked now, as somebody has wished");
        plan_now(daemon->plan);
    }
}

static void watch_clocks(struct daemon *daemon, struct instant now)
{
    int64_t jump_ms = plan_tick(daemon->plan, now), ahead_ms = jump_ms;
    int64_t stopped_ms =
        outage_stopped_ms(&daemon->primary, daemon->turned_ms, daemon->due_ms, now.monotonic_ms);
    bool known = daemon->primary.state != OUTAGE_UNKNOWN;

    /* A clock that was set for the first time: how long nobody has watched is not known. */
    if (jump_ms > 0 && now.wall_ms >= CLOCK_SET_MS && now.wall_ms - jump_ms < CLOCK_SET_MS) {
        daemon->primary.since_ms += jump_ms;
        ahead_ms = 2 * daemon->primary.watch_ms + 1;
    }
    daemon->turned_ms = now.monotonic_ms;
    outage_tick(&daemon->primary, ahead_ms, stopped_ms, now);
    if (!known || daemon->primary.state != OUTAGE_UNKNOWN)
        return;
    if (stopped_ms > 0)
        log_message(LEVEL_WARNING, "mxpull has stood still for %lld s: it was stopped",
                    (long long)(stopped_ms / 1000));
    else
        log_message(LEVEL_WARNING,
                    "the clock has run %lld s ahead: the machine slept, or the clock was set",
                    (long long)(jump_ms / 1000));
}

/* ---- the loop ---- */

/* Whether the backup, as after a sleep, is about to have its say. */
static bool is_asked(void *context, size_t backup)
{
    const struct daemon *daemon = context;

    return daemon->primary.state == OUTAGE_UNKNOWN || plan_is_running(daemon->plan, backup) ||
           plan_memory(daemon->plan, backup).due_ms <= clock_wall_ms();
}

/* On the monotonic clock. */
static int64_t check_silence(struct daemon *daemon, struct instant now)
{
    int64_t next_ms = recorder_check_silence(daemon->record, now.wall_ms, is_asked, daemon);

    return next_ms == INT64_MAX ? INT64_MAX : now.monotonic_ms + (next_ms - now.wall_ms);
}

/* What has been answered is told before polls are freed, and before the loop sleeps. */
static int64_t tell_turn(struct daemon *daemon)
{
    return daemon->options.turned != NULL
               ? daemon->options.turned(daemon->options.context, clock_monotonic_ms())
               : INT64_MAX;
}

/* Everything that can be done now. Returns when there is more to do without an event. */
static int64_t advance(struct daemon *daemon)
{
    struct instant now = daemon_now();
    int64_t next_ms = INT64_MAX;

    (void)tell_turn(daemon);
    watch_clocks(daemon, now);
    take_requests(daemon, now);
    for (struct generation *generation = daemon->current; generation != NULL;
         generation = generation->older)
        take_over(daemon, generation, now);
    finish_look(daemon, now);
    begin_due(daemon, now);
    drop_older(daemon);
    daemon_plan_write(daemon, now);
    daemon_tell(daemon, now);
    next_ms = earlier(next_ms, check_silence(daemon, now));
    if (daemon->look == NULL || !primary_is_asked_first(daemon))
        next_ms = earlier(next_ms, plan_next_ms(daemon->plan, now));
    if (daemon->look == NULL)
        next_ms = earlier(next_ms, daemon->primary.next_look_ms);
    next_ms = earlier(next_ms, primary_watch(daemon, now));
    return earlier(next_ms, tell_turn(daemon));
}

struct daemon *daemon_new(const struct daemon_options *options)
{
    struct daemon *daemon = memory_new(1, sizeof *daemon);
    struct instant now = daemon_now();

    daemon->options = *options;
    daemon->told_ms = daemon->turned_ms = daemon->due_ms = now.monotonic_ms;
    if (options->store != NULL)
        store_set_patience(options->store, STORE_WAIT_MS);
    daemon_adopt(daemon, options->config);
    daemon->hooks = hooks_new(options->loop, HOOKS_TIMEOUT_MS);
    daemon->record = recorder_new(&(struct recorder_options){.config = options->config,
                                                             .store = options->store,
                                                             .hooks = daemon->hooks,
                                                             .offset = options->offset,
                                                             .watches = true});
    daemon_plan_new(daemon, now);
    daemon_plan_restore(daemon, now);
    primary_start(daemon, now);
    return daemon;
}

/* Ends what is under way, and writes it down. The commands of alarms have what is left of the time. */
static void stop(struct daemon *daemon)
{
    int64_t limit_ms = clock_monotonic_ms() + STOP_LIMIT_MS;

    if (daemon->options.store != NULL)
        store_set_patience(daemon->options.store, STORE_WAIT_AT_END_MS);
    primary_end(daemon, daemon_now());
    while (daemon->due_count > 0)
        poll_free(daemon->due[--daemon->due_count]);
    for (struct generation *generation = daemon->current; generation != NULL;
         generation = generation->older)
        pool_stop(generation->pool);
    while (clock_monotonic_ms() < limit_ms) {
        for (struct generation *generation = daemon->current; generation != NULL;
             generation = generation->older) {
            (void)tell_turn(daemon);
            take_over(daemon, generation, daemon_now());
        }
        if (daemon_count_under_way(daemon) == 0 && hooks_are_idle(daemon->hooks))
            break;
        loop_turn(daemon->options.loop, limit_ms);
    }
    recorder_finish(daemon->record, STORE_WAIT_AT_END_MS);
}

void daemon_run(struct daemon *daemon)
{
    if (daemon->options.ready != NULL)
        daemon->options.ready(daemon->options.context);
    while (!daemon->options.stop()) {
        daemon->due_ms = advance(daemon);
        if (daemon->options.stop())
            break;
        loop_turn(daemon->options.loop, daemon->due_ms);
    }
    stop(daemon);
}

/* What has not come to its end by then is dropped. */
static void free_generation(struct generation *generation)
{
    for (struct poll *poll; (poll = pool_drop(generation->pool)) != NULL;)
        poll_free(poll);
    generation_free(generation);
}

struct recorder *daemon_record(const struct daemon *daemon)
{
    return daemon->record;
}

void daemon_free(struct daemon *daemon)
{
    if (daemon == NULL)
        return;
    primary_look_done(daemon);
    while (daemon->current != NULL) {
        struct generation *older = daemon->current->older;

        free_generation(daemon->current);
        daemon->current = older;
    }
    hooks_free(daemon->hooks);
    recorder_free(daemon->record);
    plan_free(daemon->plan);
    free(daemon->held);
    free(daemon->due);
    free(daemon);
}

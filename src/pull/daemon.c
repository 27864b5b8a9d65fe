/* The daemon's loop. Every turn: what has come to an end is written down and planned anew, what is due
 * waits for a look at the primary (watch.c) and is then asked (agenda.c), and the loop sleeps until the
 * next of all these times.
 *
 *   RUNNING --a new configuration--> DRAINING --nothing is under way, or too long--> RUNNING, by the new one
 */
#include <mxpull/pull/daemon.h>

#include "agenda.h"
#include "watch.h"
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>

/* SIGTERM is to end the daemon within 2 s. */
enum {
    STOP_LIMIT_MS = 1200,
    STORE_WAIT_AT_END_MS = 50,
    TELL_AT_LEAST_MS = 60 * 1000
};

struct daemon {
    struct daemon_options options;
    struct hooks *hooks;
    struct agenda *agenda;
    struct watch watch;
    struct config *next;       /* DRAINING: the configuration that comes */
    int64_t drain_ms, drop_ms; /* monotonic: when what is under way is stopped, and dropped */
    bool is_busy;              /* polls are under way, or were since options.told last */
    bool has_asked;            /* polls have ended since the start */
    struct instant busy_since; /* the first of them began */
    int64_t told_ms;           /* when that was, monotonic */
    int64_t turned_ms, due_ms; /* when the loop turned last, and is to turn next; monotonic */
};

static struct instant read_clocks(void)
{
    return (struct instant){.wall_ms = clock_wall_ms(), .monotonic_ms = clock_monotonic_ms()};
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* ---- telling ---- */

/* The last results of all backups, into results unless that is NULL. */
static size_t collect_results(const struct agenda *agenda, const struct result **results)
{
    size_t count = 0;

    for (size_t i = 0; agenda->last != NULL && i < agenda->config->backup_count; i++) {
        const struct poll *poll = agenda->last[i];

        for (size_t j = 0; poll != NULL && j < poll->count; j++, count++) {
            if (results != NULL)
                results[count] = &poll->results[j];
        }
    }
    return count;
}

/* Tells how things stand: not at every poll, and not too late either, where always one is under way. */
static void tell(struct daemon *daemon, struct instant now)
{
    struct agenda *agenda = daemon->agenda;
    struct instant since = daemon->is_busy ? daemon->busy_since : now;
    bool is_done = agenda_count(agenda) == 0;

    if (!daemon->watch.has_news &&
        !(agenda->has_news && (is_done || now.monotonic_ms - daemon->told_ms >= TELL_AT_LEAST_MS)))
        return;
    daemon->has_asked = daemon->has_asked || agenda->has_news;
    daemon->is_busy = !is_done;
    daemon->busy_since = now;
    agenda->has_news = daemon->watch.has_news = false;
    daemon->told_ms = now.monotonic_ms;
    recorder_flush(agenda->recorder);
    if (daemon->options.told == NULL)
        return;
    size_t count = collect_results(agenda, NULL);
    const struct result **results = memory_new(count, sizeof(const struct result *));
    (void)collect_results(agenda, results);
    daemon->options.told(daemon->options.context,
                         &(struct daemon_view){
                             .config = agenda->config,
                             .primary = &daemon->watch.outage,
                             .primary_text = daemon->watch.text,
                             .results = results,
                             .result_count = count,
                             .has_asked = daemon->has_asked,
                             .began_ms = since.wall_ms,
                             .elapsed_ms = now.monotonic_ms - since.monotonic_ms,
                         });
    free(results);
}

/* What has been answered is told before polls are freed, and before the loop sleeps. */
static void tell_turn(struct daemon *daemon)
{
    if (daemon->options.turned != NULL)
        daemon->options.turned(daemon->options.context);
}

/* ---- a reload ---- */

/* From now on nothing new is asked. What is due is due for the next configuration, too: so it is
 * written. */
static void drain(struct daemon *daemon, struct config *config, struct instant now)
{
    struct agenda *agenda = daemon->agenda;
    int64_t limit_s = 0;

    config_free(daemon->next);
    if (daemon->next == NULL) {
        for (size_t i = 0; i < agenda->pool->count; i++) {
            const struct backup_config *backup = agenda->pool->polls[i]->backup;

            limit_s = backup->command_timeout_s > limit_s ? backup->command_timeout_s : limit_s;
        }
        daemon->drain_ms = now.monotonic_ms + limit_s * 1000;
        daemon->drop_ms = daemon->drain_ms + STOP_LIMIT_MS;
        agenda_put_back(agenda, now);
    }
    daemon->next = config;
}

/* Returns when there is more to do, on the monotonic clock. */
static int64_t rebuild_when_drained(struct daemon *daemon, struct instant now)
{
    struct agenda *agenda = daemon->agenda;

    if (daemon->next == NULL)
        return INT64_MAX;
    if (agenda->pool->count > 0 && now.monotonic_ms < daemon->drain_ms)
        return daemon->drain_ms;
    if (agenda->pool->count > 0 && now.monotonic_ms < daemon->drop_ms) {
        pool_stop(agenda->pool);
        return daemon->drop_ms;
    }
    bool is_failing = recorder_is_failing(agenda->recorder);
    recorder_finish(agenda->recorder, STORE_WAIT_AT_END_MS);
    agenda_free(agenda);
    daemon->agenda = agenda_new(&daemon->options, daemon->next, daemon->hooks, is_failing, now);
    daemon->next = NULL;
    watch_resume(&daemon->watch, daemon->agenda, now);
    if (daemon->options.ready != NULL)
        daemon->options.ready(daemon->options.context);
    return now.monotonic_ms;
}

static void take_requests(struct daemon *daemon, struct instant now)
{
    if (daemon->options.take_reload()) {
        struct config *config = daemon->options.reload(daemon->options.context);

        if (config != NULL)
            drain(daemon, config, now);
    }
    if (daemon->next == NULL && daemon->options.take_now(daemon->options.context)) {
        log_message(LEVEL_INFO, "asking everything now (SIGUSR1)");
        plan_now(daemon->agenda->plan);
    }
}

/* ---- the loop ---- */

static void watch_clocks(struct daemon *daemon, struct instant now)
{
    struct outage *primary = &daemon->watch.outage;
    int64_t jump_ms = plan_tick(daemon->agenda->plan, now), ahead_ms = jump_ms;
    int64_t stopped_ms =
        outage_stopped_ms(primary, daemon->turned_ms, daemon->due_ms, now.monotonic_ms);
    bool known = primary->state != OUTAGE_UNKNOWN;

    /* A clock that was set for the first time: how long nobody has watched is not known. */
    if (jump_ms > 0 && now.wall_ms >= CLOCK_SET_MS && now.wall_ms - jump_ms < CLOCK_SET_MS) {
        primary->since_ms += jump_ms;
        ahead_ms = 2 * primary->watch_ms + 1;
    }
    daemon->turned_ms = now.monotonic_ms;
    outage_tick(primary, ahead_ms, stopped_ms, now);
    if (!known || primary->state != OUTAGE_UNKNOWN)
        return;
    if (stopped_ms > 0)
        log_message(LEVEL_WARNING, "mxpull has stood still for %lld s: it was stopped",
                    (long long)(stopped_ms / 1000));
    else
        log_message(LEVEL_WARNING,
                    "the clock has run %lld s ahead: the machine slept, or the clock was set",
                    (long long)(jump_ms / 1000));
}

/* Whether an answer of the backup, as after a sleep, is about to come. */
static bool is_asked(void *context, size_t backup)
{
    const struct daemon *daemon = context;
    const struct plan *plan = daemon->agenda->plan;

    return daemon->watch.outage.state == OUTAGE_UNKNOWN || plan_is_running(plan, backup) ||
           plan_memory(plan, backup).due_ms <= clock_wall_ms();
}

/* On the monotonic clock. */
static int64_t check_silence(struct daemon *daemon, struct instant now)
{
    int64_t next_ms =
        recorder_check_silence(daemon->agenda->recorder, now.wall_ms, is_asked, daemon);

    return next_ms == INT64_MAX ? INT64_MAX : now.monotonic_ms + (next_ms - now.wall_ms);
}

/* What falls due while a look is under way waits for the next one. Returns when something falls due. */
static int64_t ask_what_is_due(struct daemon *daemon, struct instant now)
{
    struct agenda *agenda = daemon->agenda;
    bool is_looked_at_first = watch_is_asked_first(agenda);

    if (daemon->next != NULL || (is_looked_at_first && daemon->watch.look != NULL))
        return INT64_MAX;
    agenda_take_due(agenda, now);
    if (agenda->due_count > 0 && !daemon->is_busy)
        daemon->busy_since = now;
    daemon->is_busy = daemon->is_busy || agenda->due_count > 0;
    if (!is_looked_at_first)
        agenda_admit(agenda, NULL);
    return plan_next_ms(agenda->plan, now);
}

/* Everything that can be done now. Returns when there is more to do without an event. */
static int64_t advance(struct daemon *daemon)
{
    struct instant now = read_clocks();

    tell_turn(daemon);
    watch_clocks(daemon, now);
    take_requests(daemon, now);
    agenda_take_over(daemon->agenda, now);
    int64_t next_ms = rebuild_when_drained(daemon, now);
    watch_take_look(&daemon->watch, daemon->agenda, now);
    next_ms = earlier(next_ms, ask_what_is_due(daemon, now));
    watch_look(&daemon->watch, daemon->agenda, now);
    agenda_write_plan(daemon->agenda, now);
    tell(daemon, now);
    next_ms = earlier(next_ms, check_silence(daemon, now));
    tell_turn(daemon);
    return earlier(next_ms, watch_next_ms(&daemon->watch, daemon->agenda, now));
}

struct daemon *daemon_new(const struct daemon_options *options)
{
    struct daemon *daemon = memory_new(1, sizeof *daemon);
    struct instant now = read_clocks();

    daemon->options = *options;
    daemon->told_ms = daemon->turned_ms = daemon->due_ms = now.monotonic_ms;
    daemon->hooks = hooks_new(options->loop, HOOKS_TIMEOUT_MS);
    daemon->agenda = agenda_new(&daemon->options, options->config, daemon->hooks, false, now);
    watch_start(&daemon->watch, daemon->agenda, now);
    return daemon;
}

/* Ends what is under way, and writes it down. The commands of alarms have what is left of the time. */
static void stop(struct daemon *daemon)
{
    struct agenda *agenda = daemon->agenda;
    int64_t limit_ms = clock_monotonic_ms() + STOP_LIMIT_MS;

    if (daemon->options.store != NULL)
        store_set_patience(daemon->options.store, STORE_WAIT_AT_END_MS);
    watch_end(&daemon->watch, agenda, read_clocks());
    while (agenda->due_count > 0)
        poll_free(agenda->due[--agenda->due_count]);
    pool_stop(agenda->pool);
    while (clock_monotonic_ms() < limit_ms) {
        tell_turn(daemon);
        agenda_take_over(agenda, read_clocks());
        if (agenda_count(agenda) == 0)
            recorder_flush(agenda->recorder);
        if (agenda_count(agenda) == 0 && hooks_are_idle(daemon->hooks))
            break;
        loop_turn(daemon->options.loop, limit_ms);
    }
    recorder_finish(agenda->recorder, STORE_WAIT_AT_END_MS);
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

void daemon_free(struct daemon *daemon)
{
    if (daemon == NULL)
        return;
    watch_done(&daemon->watch);
    agenda_free(daemon->agenda);
    hooks_free(daemon->hooks);
    config_free(daemon->next);
    free(daemon);
}

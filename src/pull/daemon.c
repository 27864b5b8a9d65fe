/* The daemon's loop. Each turn records the polls that have ended and plans them anew, looks at the
 * primary (watch.c), asks what is due (agenda.c), and sleeps until the next of all these times.
 *
 *   RUNNING --a new configuration--> DRAINING --nothing is under way, or too long--> RUNNING, by the new one
 */
#include <mxpull/pull/daemon.h>

#include "pull.h"
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>

/* SIGTERM ends the daemon within 2 s. */
enum {
    STORE_WAIT_MS = 300, /* for a store that another process holds: the loop must go on */
    STOP_LIMIT_MS = 1200,
    STORE_WAIT_AT_END_MS = 50,
    TELL_AT_LEAST_MS = 60 * 1000,
    AWAIT_MS = 10 * 60 * 1000 /* how long after its answers a backup's mail is watched */
};

struct daemon {
    struct daemon_options options; /* with the configuration and the recorder in force */
    struct hooks *hooks;
    struct agenda *agenda;
    struct watch watch;
    struct recovery recovery;
    struct drilling *drilling; /* NULL: none is wanted */
    struct config *config;     /* owned: the one in force */
    struct config *next;       /* owned; DRAINING: the configuration that comes */
    int64_t drain_ms, drop_ms; /* monotonic: when polls under way are stopped, and dropped */
    bool is_busy;              /* polls are under way, or were since options.told last */
    bool has_asked;            /* polls have ended since the start */
    struct instant busy_since; /* the first of them began */
    int64_t round_wall_ms,
        round_ms;    /* when the last polls that were told of began, and how long they took */
    int64_t told_ms; /* when that was, monotonic */
    int64_t due_ms;  /* when the loop is to turn next, monotonic */
};

/* Whether polls are due or under way. */
static bool is_busy(const struct agenda *agenda)
{
    return agenda->due_count + agenda->pool->count > 0;
}

/* ---- telling ---- */

/* Reports when the polls under way have ended, or once a minute while there are always some. */
static void tell(struct daemon *daemon, struct instant now)
{
    struct agenda *agenda = daemon->agenda;
    struct instant since = daemon->busy_since;
    bool is_done = !is_busy(agenda);

    if (!daemon->watch.has_news &&
        !(agenda->has_news && (is_done || now.monotonic_ms - daemon->told_ms >= TELL_AT_LEAST_MS)))
        return;
    if (daemon->is_busy) {
        daemon->round_wall_ms = since.wall_ms;
        daemon->round_ms = now.monotonic_ms - since.monotonic_ms;
    }
    daemon->has_asked = daemon->has_asked || agenda->has_news;
    daemon->is_busy = !is_done;
    daemon->busy_since = now;
    agenda->has_news = daemon->watch.has_news = false;
    daemon->told_ms = now.monotonic_ms;
    recorder_flush(agenda->polling.recorder);
    struct daemon_view view = {
        .config = agenda->polling.config,
        .primary = &daemon->watch.outage,
        .facts = {.started_wall_ms = daemon->round_wall_ms, .elapsed_ms = daemon->round_ms},
        .has_asked = daemon->has_asked,
    };
    const struct result **results = agenda_results(agenda, &view.facts.count);
    view.facts.results = results;
    daemon->options.told(daemon->options.context, &view);
    free(results);
}

/* ---- one configuration after the other ---- */

static void on_arrived(void *context, const struct backup_config *backup,
                       const struct arrival_account *account)
{
    struct daemon *daemon = context;

    recovery_arrived(&daemon->recovery, (size_t)(backup - daemon->config->backups), account);
    daemon->options.arrived(daemon->options.context, backup, account);
    daemon->agenda->has_news = true;
}

/* Metrics tell of a drill. */
static void on_drilled(void *context, const struct drill *drill)
{
    struct daemon *daemon = context;

    daemon->agenda->has_news = daemon->agenda->has_news || drill->is_over;
}

/* is_failing: that the store cannot be written was logged already. */
static void take_configuration(struct daemon *daemon, struct config *config, bool is_failing,
                               struct instant now)
{
    const struct daemon_options *options = &daemon->options;

    daemon->config = config;
    daemon->options.polling.config = config;
    daemon->options.polling.recorder =
        recorder_new(&(struct recorder_options){.config = config,
                                                .store = options->store,
                                                .hooks = daemon->hooks,
                                                .loop = options->polling.loop,
                                                .offset = options->offset,
                                                .patience_ms = STORE_WAIT_MS,
                                                .watches = true,
                                                .is_failing = is_failing});
    daemon->agenda =
        agenda_new(&(struct agenda_options){.polling = &options->polling,
                                            .store = options->store,
                                            .offset = options->offset,
                                            .seed = options->seed,
                                            .await = &(struct await_options){.limit_ms = AWAIT_MS,
                                                                             .goes_on = true,
                                                                             .told = on_arrived,
                                                                             .context = daemon},
                                            .recovery = &daemon->recovery,
                                            .keeps_last = config->metrics_file != NULL},
                   now);
    daemon->drilling = drilling_new(&(struct drilling_options){.polling = &options->polling,
                                                               .store = options->store,
                                                               .offset = options->offset,
                                                               .seed = options->seed,
                                                               .moved = on_drilled,
                                                               .context = daemon},
                                    now);
}

static void give_configuration_up(struct daemon *daemon)
{
    drilling_free(daemon->drilling);
    agenda_free(daemon->agenda);
    recorder_free(daemon->options.polling.recorder);
    config_free(daemon->config);
}

/* Begins no more polls. Due polls go back to the plan, which is written, so that the next
 * configuration finds them due. */
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
    drilling_stop(daemon->drilling);
    await_stop(agenda->await);
    recovery_end(&daemon->recovery, daemon->config);
    recorder_finish(agenda->polling.recorder, STORE_WAIT_AT_END_MS);
    bool is_failing = recorder_is_failing(agenda->polling.recorder);
    give_configuration_up(daemon);
    take_configuration(daemon, daemon->next, is_failing, now);
    daemon->next = NULL;
    watch_resume(&daemon->watch, daemon->agenda, now);
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
        for (size_t i = 0; i < daemon->config->backup_count; i++)
            plan_now(daemon->agenda->plan, i);
    }
}

/* ---- the loop ---- */

static void watch_clocks(struct daemon *daemon, struct instant now)
{
    struct outage *primary = &daemon->watch.outage;
    int64_t jump_ms = plan_tick(daemon->agenda->plan, now), ahead_ms = jump_ms;
    bool known = primary->state != OUTAGE_UNKNOWN;

    /* The clock was set for the first time: how long mxpull did not watch is not known. */
    if (jump_ms > 0 && now.wall_ms >= CLOCK_SET_MS && now.wall_ms - jump_ms < CLOCK_SET_MS) {
        primary->since_ms += jump_ms;
        ahead_ms = 2 * primary->watch_ms + 1;
    }
    int64_t stopped_ms = outage_tick(primary, ahead_ms, daemon->due_ms, now);
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

/* Whether the backup is about to be asked, as after a sleep. */
static bool is_asked(void *context, size_t backup)
{
    const struct daemon *daemon = context;
    const struct plan *plan = daemon->agenda->plan;

    return daemon->watch.outage.state == OUTAGE_UNKNOWN ||
           plan_memory(plan, backup).due_ms <= clock_wall_ms();
}

/* Returns when there is more to do, monotonic. */
static int64_t await_mail(struct daemon *daemon, struct instant now)
{
    struct agenda *agenda = daemon->agenda;
    struct recovery *recovery = &daemon->recovery;
    int64_t next_ms = await_advance(agenda->await, now.monotonic_ms);

    if (!recovery->is_on || is_busy(agenda) || !await_is_settled(agenda->await))
        return next_ms;
    if (now.monotonic_ms < recovery->until_ms)
        return recovery->until_ms;
    recovery_end(recovery, daemon->config);
    return next_ms;
}

/* Does all that can be done now. Returns when there is more to do, monotonic. */
static int64_t advance(struct daemon *daemon)
{
    struct instant now = agenda_now();

    watch_clocks(daemon, now);
    agenda_take_over(daemon->agenda, now);
    take_requests(daemon, now);
    int64_t next_ms = rebuild_when_drained(daemon, now);
    watch_take_look(&daemon->watch, now);
    if (!daemon->is_busy)
        daemon->busy_since = now;
    if (daemon->next == NULL)
        next_ms = schedule_earlier(next_ms, agenda_take_due(daemon->agenda, now));
    daemon->is_busy = daemon->is_busy || is_busy(daemon->agenda);
    watch_look(&daemon->watch, now);
    next_ms = schedule_earlier(next_ms, await_mail(daemon, now));
    bool is_up = daemon->watch.outage.state == OUTAGE_UP;
    next_ms = schedule_earlier(
        next_ms, drilling_advance(daemon->drilling, is_up && daemon->next == NULL, now));
    agenda_write_plan(daemon->agenda, now);
    tell(daemon, now);
    int64_t silent_ms =
        recorder_check_silence(daemon->agenda->polling.recorder, now.wall_ms, is_asked, daemon);
    if (silent_ms != INT64_MAX)
        next_ms = schedule_earlier(next_ms, now.monotonic_ms + (silent_ms - now.wall_ms));
    agenda_tell(daemon->agenda);
    return schedule_earlier(next_ms, watch_next_ms(&daemon->watch, now));
}

struct daemon *daemon_new(const struct daemon_options *options)
{
    struct daemon *daemon = memory_new(1, sizeof *daemon);
    struct instant now = agenda_now();

    daemon->options = *options;
    daemon->told_ms = daemon->due_ms = now.monotonic_ms;
    daemon->round_wall_ms = now.wall_ms;
    daemon->hooks = hooks_new(options->polling.loop, HOOKS_TIMEOUT_MS);
    take_configuration(daemon, options->config, false, now);
    watch_start(&daemon->watch, daemon->agenda, now);
    return daemon;
}

/* Ends the polls under way and records them. The commands of alarms have the rest of the time. */
static void stop(struct daemon *daemon)
{
    struct agenda *agenda = daemon->agenda;
    struct recorder *recorder = agenda->polling.recorder;
    struct store *store = daemon->options.store;
    struct error error;
    int64_t limit_ms = clock_monotonic_ms() + STOP_LIMIT_MS;

    /* What has ended is planned anew, so that a restart does not ask for it again. */
    agenda_take_over(agenda, agenda_now());
    recorder_flush(recorder);
    agenda_write_plan(agenda, agenda_now());
    agenda_end_look(agenda);
    if (store != NULL) {
        store_set_patience(store, STORE_WAIT_AT_END_MS);
        (void)recorder_check(recorder, store_set_alive(store, clock_wall_ms(), true, &error),
                             &error);
    }
    while (agenda->due_count > 0)
        poll_free(agenda->due[--agenda->due_count]);
    pool_stop(agenda->pool);
    while (clock_monotonic_ms() < limit_ms) {
        agenda_take_over(agenda, agenda_now());
        if (agenda->pool->count == 0)
            recorder_flush(recorder);
        if (agenda->pool->count == 0 && hooks_are_idle(daemon->hooks))
            break;
        loop_turn(agenda->polling.loop, limit_ms);
    }
    drilling_stop(daemon->drilling);
    await_stop(agenda->await);
    recovery_end(&daemon->recovery, daemon->config);
    recorder_finish(recorder, STORE_WAIT_AT_END_MS);
}

void daemon_run(struct daemon *daemon)
{
    daemon->options.ready(daemon->options.context);
    while (!daemon->options.polling.stop()) {
        daemon->due_ms = advance(daemon);
        if (daemon->options.polling.stop())
            break;
        loop_turn(daemon->options.polling.loop, daemon->due_ms);
    }
    stop(daemon);
}

void daemon_free(struct daemon *daemon)
{
    if (daemon == NULL)
        return;
    give_configuration_up(daemon);
    hooks_free(daemon->hooks);
    config_free(daemon->next);
    free(daemon->recovery.backups);
    free(daemon);
}

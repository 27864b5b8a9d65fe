/* mxpull daemon: the schedule, in the foreground. This file ties the daemon to the log, the signals,
 * the state directory, the service manager and the metrics. */
#include "arguments.h"
#include "logging.h"
#include "setup.h"
#include "status.h"
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/service.h>
#include <mxpull/platform/signals.h>
#include <mxpull/pull/daemon.h>

#include <string.h>

struct run {
    const struct arguments *arguments;
    const struct config *config; /* the one in force; the daemon owns it */
    struct logging logging;
    bool is_service; /* nobody sees our standard error */
    struct state state;
    struct loop *loop;
    struct daemon *daemon;
    struct gather *gather;
    struct said held;   /* the reasons why backups are held that were logged */
    struct timer alive; /* when the service manager is told again that we are */
};

/* ---- what the daemon tells ---- */

/* Backups fall due one after the other. The reason why they are held is logged once, until an answer
 * is no longer held or SIGUSR1 comes. */
static void on_gathered(void *context, const struct answers *answers)
{
    struct run *run = context;

    if (answers->first->outcome != OUTCOME_HELD)
        said_done(&run->held);
    else if (!said_first(&run->held, answers->text))
        return;
    logging_answer(answers);
}

/* After SIGUSR1 the reason why backups are held is logged again. */
static bool on_take_now(void *context)
{
    struct run *run = context;

    if (!signals_take_now())
        return false;
    said_done(&run->held);
    return true;
}

static void on_ready(void *context)
{
    const struct run *run = context;

    log_message(LEVEL_INFO, "mxpull %s watches your mail server at %s and asks %s", MXPULL_VERSION,
                run->config->primary.address.text,
                word_count(run->config->backup_count, "backup").text);
    service_tell(SERVICE_IS_READY);
}

static void on_told(void *context, const struct daemon_view *view)
{
    struct run *run = context;
    const struct round_facts *facts = &view->facts;
    char ended[CLOCK_TEXT_SIZE];

    (void)logging_note_lost(&run->logging, run->state.store);
    host_trim_memory();
    service_status(word_format("asked last at %s; your mail server is %s",
                               clock_local_text(ended, facts->started_wall_ms + facts->elapsed_ms),
                               view->primary->state == OUTAGE_UP ? "up" : "not ready")
                       .text);
    /* Until the first answer the file of the earlier run says more. */
    if (view->has_asked)
        metrics_write(view->config, run->state.store, run->state.claims, facts);
}

/* What tells nothing is logged with -v alone. */
static void on_arrived(void *context, const struct backup_config *backup,
                       const struct arrival_account *account)
{
    bool has_mail = account->state == ARRIVAL_ARRIVED || account->state == ARRIVAL_COMING;

    (void)context;
    logging_arrival(has_mail || account->refusal[0] != '\0' ? LEVEL_INFO : LEVEL_DEBUG, backup,
                    account);
}

/* Feeds the watchdog, where there is one. */
static void feed_watchdog(void *context)
{
    struct run *run = context;
    int64_t interval_ms = service_alive_interval_ms();

    if (interval_ms == INT64_MAX)
        return;
    service_tell(SERVICE_IS_ALIVE);
    timer_set(run->loop, &run->alive, clock_monotonic_ms() + interval_ms / 2);
}

/* ---- the log ---- */

/* The log while there is no configuration. */
static const struct config no_config = {.log = LOG_STDERR, .log_format = LOG_TEXT};

static enum status open_log(struct run *run, const struct config *config, struct error *error)
{
    const struct logging_options options = {
        .target = run->is_service && config->log == LOG_STDERR ? LOG_EVENTLOG : config->log,
        .style = run->arguments->json ? LOG_JSON : config->log_format,
        .path = config->log_path,
        .verbose = run->arguments->verbose,
        .quiet = run->arguments->quiet,
        .is_stamped = config->log == LOG_STDERR && terminal_is_file(stderr),
    };

    return logging_open(&run->logging, &options, error);
}

/* ---- a reload ---- */

static void log_fault(void *context, const char *line)
{
    (void)context;
    log_message(LEVEL_ERROR, "%s", line);
}

/* Opens the log anew, also under the same name: it may have been rotated. When neither the new nor the
 * old log can be opened, the daemon logs to standard error. */
static bool change_log(struct run *run, const struct config *config)
{
    struct error error, again;

    logging_close(&run->logging);
    if (open_log(run, config, &error) == STATUS_OK)
        return true;
    if (open_log(run, run->config, &again) != STATUS_OK)
        (void)open_log(run, &no_config, &again);
    log_message(LEVEL_ERROR, "%s: log: %s", config->path, error.text);
    return false;
}

/* Reads the configuration anew. When that fails, logs why, and the old one stays in force. */
static struct config *on_reload(void *context)
{
    struct run *run = context;
    struct config *config = NULL;

    service_tell(SERVICE_IS_RELOADING);
    if (strcmp(run->config->path, "-") == 0)
        log_message(LEVEL_ERROR, "a configuration from standard input cannot be read anew");
    else
        config = config_load(run->config->path, log_fault, NULL);
    if (!change_log(run, config != NULL ? config : run->config) || config == NULL) {
        config_free(config);
        log_message(LEVEL_ERROR, "the configuration that was read before stays in force");
        service_tell(SERVICE_IS_READY);
        return NULL;
    }
    const char *directory = config->state_dir != NULL ? config->state_dir : "";
    const char *before = run->config->state_dir != NULL ? run->config->state_dir : "";
    if (strcmp(directory, before) != 0 || config->history_s != run->config->history_s)
        log_message(LEVEL_WARNING,
                    "state_dir and history: other ones are used from the next start on");
    log_message(LEVEL_INFO, "%s was read anew", config->path);
    run->config = config;
    service_tell(
        SERVICE_IS_READY); /* the new configuration is accepted, though polls may still be under way */
    return config;
}

/* ---- the run ---- */

/* The first turn of the loop finds a signal that came before. */
static void wake(void *context)
{
    const struct run *run = context;

    if (run->loop != NULL)
        loop_wake(run->loop);
}

static void make_daemon(struct run *run, struct config *config)
{
    run->gather = gather_new(on_gathered, run);
    run->alive = (struct timer){.due = feed_watchdog, .context = run};
    run->daemon = daemon_new(&(struct daemon_options){
        .config = config,
        .polling = {.loop = run->loop,
                    .claims = run->state.claims,
                    .stop = signals_stop_requested,
                    .force = run->arguments->force,
                    .observer = {.answered = gather_add,
                                 .wire = log_wants(LEVEL_TRACE) ? logging_wire : NULL,
                                 .turned = gather_flush},
                    .context = run->gather},
        .context = run,
        .store = run->state.store,
        .seed = host_seed(),
        .offset = clock_local_offset_s,
        .take_reload = signals_take_reload,
        .take_now = on_take_now,
        .reload = on_reload,
        .ready = on_ready,
        .arrived = on_arrived,
        .told = on_told,
    });
}

static int run_daemon(struct run *run, struct config *config)
{
    run->loop = setup_loop();
    if (run->loop == NULL || state_open(&run->state, config, true) != STATUS_OK) {
        config_free(config);
        return run->loop == NULL ? EXIT_STATUS_UNAVAILABLE : EXIT_STATUS_TEMPORARY;
    }
    make_daemon(run, config);
    host_trim_memory();
    feed_watchdog(run);
    daemon_run(run->daemon);
    timer_set(run->loop, &run->alive, INT64_MAX);
    gather_flush(run->gather);
    service_tell(SERVICE_IS_STOPPING);
    log_message(LEVEL_INFO, "mxpull ends");
    daemon_free(run->daemon);
    gather_free(run->gather);
    said_done(&run->held);
    state_close(&run->state);
    return EXIT_STATUS_OK;
}

/* Reads the configuration and opens its log; until then a service logs to the system's log. NULL when
 * either fails. */
static struct config *begin(struct run *run)
{
    struct error error, again;

    if (run->is_service)
        (void)open_log(run, &no_config, &error);
    struct config *config = setup_config(run->arguments, run->is_service ? log_fault : NULL, NULL);
    if (config == NULL)
        return NULL;
    logging_close(&run->logging);
    if (open_log(run, config, &error) == STATUS_OK)
        return config;
    if (run->is_service && open_log(run, &no_config, &again) == STATUS_OK)
        log_message(LEVEL_ERROR, "%s: log: %s", config->path, error.text);
    else
        output_tell("%s: log: %s", config->path, error.text);
    config_free(config);
    return NULL;
}

int command_daemon(const struct arguments *arguments)
{
    struct run run = {.arguments = arguments, .is_service = service_connect()};
    int exit_status = EXIT_STATUS_CONFIG;

    signals_start(SIGNALS_DAEMON, wake, &run);
    struct config *config = begin(&run);
    run.config = config;
    if (config != NULL)
        exit_status = run_daemon(&run, config);
    else if (signals_stop_requested())
        exit_status = EXIT_STATUS_OK;
    signals_end();
    loop_free(run.loop);
    logging_close(&run.logging);
    service_ended(exit_status);
    return exit_status;
}

/* mxpull pull: one round, now. This file puts the parts together in the order that a fault needs:
 * what is wrong with the command line or the configuration is told before anything is locked,
 * opened or asked. */
#include "arguments.h"
#include "logging.h"
#include "setup.h"
#include "status.h"
#include "words.h"
#include <mxpull/platform/clock.h>
#include <mxpull/platform/signals.h>

enum {
    PRUNE_MS = 1000 /* how long a run removes old rows at its end */
};

struct run {
    const struct arguments *arguments;
    struct config *config;
    struct logging logging;
    struct loop *loop;
    struct round *round;
    struct state state;
    struct output output;
    struct live_options watching; /* of live */
    struct live *live;            /* the round's observer */
    struct report report;
    int64_t wait_s; /* 0: no mail is waited for */
};

static int open_log(struct run *run)
{
    return setup_log(&run->logging, run->config, run->arguments, live_hide, run->live);
}

static int read_wait(struct run *run)
{
    if (run->arguments->wait != NULL && run->arguments->dry_run > 0) {
        output_tell("--wait cannot be used with --dry-run, which asks for no mail");
        return EXIT_STATUS_USAGE;
    }
    return setup_wait(run->arguments, &run->wait_s);
}

/* An unknown name is told before anything is opened; one of another shard is none. */
static int choose(struct run *run)
{
    const char *shard = run->arguments->shard;
    const struct selection choice = {run->arguments->names, run->arguments->name_count};
    struct error error = {0};

    if (selection_check(&choice, run->config, &error) == STATUS_OK &&
        (shard == NULL || config_keep_shard(run->config, shard)))
        return EXIT_STATUS_OK;
    if (error.status == STATUS_OK)
        (void)error_set(
            &error, STATUS_SYNTAX,
            "--shard is I/N, the I-th of N parts, such as 3/10, of up to %d; not \"%s\"",
            CONFIG_SHARDS_MAX, word_shown(shard).text);
    log_message(LEVEL_ERROR, "%s", error.text);
    return EXIT_STATUS_USAGE;
}

static int open_state(struct run *run)
{
    return setup_run(&run->loop, &run->state, run->config, run->arguments->dry_run > 0);
}

static void make_round(struct run *run)
{
    const struct round_options options = {
        .polling = {.config = run->config,
                    .loop = run->loop,
                    .claims = run->state.claims,
                    .stop = signals_stop_requested,
                    .dry_run = run->arguments->dry_run,
                    .force = run->arguments->force,
                    .observer = {.answered = live_answered,
                                 .moved = live_moved,
                                 .wire = log_wants(LEVEL_TRACE) ? logging_wire : NULL,
                                 .progressed = live_progressed,
                                 .turned = live_turned},
                    .context = run->live,
                    .recorder = run->state.recorder},
        .selection = {run->arguments->names, run->arguments->name_count},
        .retry = run->arguments->retry,
        .wait_ms = run->wait_s * 1000,
        .resting = live_resting,
        .awaiting = live_awaiting,
        .arrived = live_arrived,
    };

    run->round = round_new(&options);
}

/* The results of a backup stand together. */
static void make_report(struct run *run)
{
    const struct arguments *arguments = run->arguments;
    const struct round_facts *facts = round_facts(run->round);
    const struct line_look look = setup_look(arguments);
    const struct line_widths widths = report_widths(facts->results, facts->count);
    bool is_live =
        terminal_is(stdout) && arguments->verbose == 0 && !arguments->quiet && !arguments->json;
    size_t backups = 0;

    for (size_t i = 0; i < facts->count; i++)
        backups += i == 0 || facts->results[i]->backup != facts->results[i - 1]->backup;
    run->output.stream = stdout;
    run->report = (struct report){.json = arguments->json,
                                  .quiet = arguments->quiet,
                                  .shard = run->config->shard,
                                  .look = look,
                                  .widths = widths,
                                  .output = &run->output,
                                  .live = is_live ? run->live : NULL};
    report_begin(&run->report);
    run->watching = (struct live_options){.config = run->config,
                                          .loop = run->loop,
                                          .output = is_live ? &run->output : NULL,
                                          .gather = run->report.gather,
                                          .round = run->round,
                                          .chosen_count = backups,
                                          .widths = widths,
                                          .color = look.color,
                                          .measure = terminal_size,
                                          .stage = round_stage,
                                          .arrival = round_arrival,
                                          .report = &run->report};
}

/* Writes the metrics, raises alarms, removes old rows, and waits for the commands of the alarms. */
static void follow_up(struct run *run, const struct round_facts *facts)
{
    int64_t deadline_ms = clock_monotonic_ms() + PRUNE_MS;

    metrics_write(run->config, run->state.store, run->state.claims, facts);
    (void)recorder_check_silence(run->state.recorder, clock_wall_ms(), NULL, NULL);
    while (recorder_prune(run->state.recorder, clock_wall_ms()) &&
           clock_monotonic_ms() < deadline_ms)
        ;
    hooks_finish(run->state.hooks, signals_stop_requested);
}

static int ask(struct run *run)
{
    const struct round_facts *facts = round_facts(run->round);

    signals_start(SIGNALS_RUN, loop_wake, run->loop);
    round_run(run->round);
    report_finish(&run->report, facts);
    recorder_finish(run->state.recorder, run->state.patience_ms);
    if (!facts->dry_run)
        follow_up(run, facts);
    signals_end();
    bool is_told = output_finish(&run->output);
    return is_told && !logging_note_lost(&run->logging, run->state.store)
               ? facts->exit_status
               : exit_status_worse(facts->exit_status, EXIT_STATUS_TEMPORARY);
}

int command_pull(const struct arguments *arguments)
{
    int (*const steps[])(struct run *) = {open_log, choose, open_state};
    struct run run = {.arguments = arguments};
    int exit_status = read_wait(&run);

    if (exit_status == EXIT_STATUS_OK)
        run.config = setup_config(arguments, NULL, NULL);
    if (run.config == NULL)
        return exit_status != EXIT_STATUS_OK ? exit_status : EXIT_STATUS_CONFIG;
    run.watching.config = run.config;
    run.live = live_new(&run.watching);
    for (size_t i = 0; i < COUNT_OF(steps) && exit_status == EXIT_STATUS_OK; i++)
        exit_status = steps[i](&run);
    if (exit_status == EXIT_STATUS_OK) {
        make_round(&run);
        make_report(&run);
        exit_status = ask(&run);
    }
    report_done(&run.report);
    round_free(run.round);
    state_close(&run.state);
    logging_close(&run.logging);
    live_free(run.live);
    loop_free(run.loop);
    config_free(run.config);
    return exit_status;
}

/* mxpull check: whether all is set up right. Nothing is written but the report. */
#include "arguments.h"
#include "check_form.h"
#include "logging.h"
#include "setup.h"
#include <mxpull/check/check.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/signals.h>
#include <mxpull/platform/terminal.h>

#include <stdio.h>
#include <string.h>

enum {
    GROUP_SIZE_MAX = 16 * 1024 * 1024,
    PROGRESS_SIZE = 80
};

/* All that a run holds. What is not there yet is NULL. */
struct run {
    const struct arguments *arguments;
    struct config *config;
    struct logging logging;
    struct loop *loop;
    struct check *check;
    struct output output;
    struct check_page page;
    bool has_progress; /* a line below the groups says how many are still open */
    bool is_drawn;
};

/* Draws the line of progress, or takes it away; on a terminal alone. */
static void draw_progress(struct run *run, bool wanted)
{
    char line[PROGRESS_SIZE] = "\r\x1b[K";
    size_t of, open = run->check != NULL ? check_open(run->check, &of) : 0;
    size_t columns = terminal_size(stdout).columns;

    if (!run->has_progress || (!run->is_drawn && !wanted))
        return;
    run->is_drawn = wanted && open > 0;
    if (run->is_drawn && columns > PROGRESS_SIZE / 2)
        (void)snprintf(line, sizeof line, "\r\x1b[Kchecking: %zu of %zu still open", open, of);
    output_write(&run->output, line, strlen(line));
}

static void write_group(struct run *run, const struct findings *findings)
{
    struct buffer text;

    buffer_init(&text, GROUP_SIZE_MAX);
    check_form_group(&run->page, &text, findings);
    output_write(&run->output, text.bytes, text.size);
    buffer_done(&text);
}

static void on_told(void *context, const struct findings *findings)
{
    struct run *run = context;

    if (run->arguments->json)
        return;
    draw_progress(run, false);
    write_group(run, findings);
    draw_progress(run, true);
}

static void around_log_line(void *context, bool begins)
{
    draw_progress(context, !begins);
}

/* Of the primary where backup is NULL. */
static void log_wire(void *context, const struct backup_config *backup, char direction,
                     const char *line, size_t size)
{
    const struct run *run = context;

    if (backup != NULL)
        logging_wire(NULL, backup, direction, line, size);
    else
        logging_wire_of("primary", run->config->primary.address.text, direction, line, size);
}

/* ---- the beginning ---- */

static int make_check(struct run *run)
{
    struct check_options options = {
        .config = run->config,
        .selection = {run->arguments->names, run->arguments->name_count},
        .stop = signals_stop_requested,
        .told = on_told,
        .context = run,
        .wire = log_wants(LEVEL_TRACE) ? log_wire : NULL,
    };
    struct error error;

    if (selection_check(&options.selection, run->config, &error) != STATUS_OK) {
        log_message(LEVEL_ERROR, "%s", error.text);
        return EXIT_STATUS_USAGE;
    }
    run->loop = options.loop = setup_loop();
    if (run->loop == NULL)
        return EXIT_STATUS_UNAVAILABLE;
    run->check = check_new(&options, &error);
    if (run->check != NULL)
        return EXIT_STATUS_OK;
    log_message(LEVEL_ERROR, "%s: dns_server: %s", run->config->path, error.text);
    return EXIT_STATUS_CONFIG;
}

/* ---- the end ---- */

static int exit_status_of(const struct run *run, struct check_counts counts, size_t open)
{
    int exit_status = check_exit_status(run->check);

    if (open > 0)
        exit_status = exit_status_worse(exit_status, EXIT_STATUS_TEMPORARY);
    if (exit_status == EXIT_STATUS_OK && run->arguments->strict > 0 && counts.of[SEVERITY_WARN] > 0)
        return EXIT_STATUS_WARNINGS;
    return exit_status;
}

/* What is known of groups that were broken off is told, too. */
static void write_end(struct run *run, struct check_counts counts, int64_t elapsed_ms)
{
    size_t count, of, open = check_open(run->check, &of);
    const struct findings *groups = check_findings(run->check, &count);
    struct buffer text;

    for (size_t i = 0; i < count; i++) {
        if (!groups[i].is_over)
            write_group(run, &groups[i]);
    }
    if (run->arguments->quiet > 0)
        return;
    buffer_init(&text, GROUP_SIZE_MAX);
    (void)buffer_append_text(&text, "\n");
    check_form_summary(&text, counts, elapsed_ms, open, of);
    output_write(&run->output, text.bytes, text.size);
    buffer_done(&text);
}

static int look(struct run *run)
{
    int64_t started_ms = clock_monotonic_ms(), checked_wall_ms = clock_wall_ms();
    const struct arguments *arguments = run->arguments;
    size_t count, of, open;

    signals_start(SIGNALS_RUN, loop_wake, run->loop);
    check_run(run->check);
    draw_progress(run, false);
    const struct findings *groups = check_findings(run->check, &count);
    const struct check_counts counts = check_form_count(groups, count);
    open = check_open(run->check, &of);
    int exit_status = exit_status_of(run, counts, open);
    if (open > 0 && (arguments->json > 0 || arguments->quiet > 0))
        log_message(LEVEL_WARNING, CHECK_STOPPED, open, of);
    if (!arguments->json)
        write_end(run, counts, clock_monotonic_ms() - started_ms);
    else if (arguments->quiet == 0 || exit_status != EXIT_STATUS_OK || counts.of[SEVERITY_WARN] > 0)
        check_form_json(&run->output, groups, count, checked_wall_ms, exit_status);
    signals_end();
    return output_finish(&run->output) ? exit_status
                                       : exit_status_worse(exit_status, EXIT_STATUS_TEMPORARY);
}

int command_check(const struct arguments *arguments)
{
    struct run run = {.arguments = arguments,
                      .config = setup_config(arguments, NULL, NULL),
                      .output = {.stream = stdout}};

    if (run.config == NULL)
        return EXIT_STATUS_CONFIG;
    run.page = (struct check_page){
        .look = setup_look(arguments), .only_wrong = arguments->quiet > 0, .config = run.config};
    run.has_progress = terminal_is(stdout) && arguments->verbose == 0 && arguments->quiet == 0 &&
                       arguments->json == 0;
    setup_log_errors(&run.logging, arguments, around_log_line, &run); /* nothing is left behind */
    log_message(LEVEL_DEBUG, "the configuration is %s", run.config->path);
    int exit_status = make_check(&run);
    if (exit_status == EXIT_STATUS_OK)
        exit_status = look(&run);
    check_free(run.check);
    loop_free(run.loop);
    logging_close(&run.logging);
    config_free(run.config);
    return exit_status;
}

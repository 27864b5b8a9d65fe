/* mxpull drill: one message through each backup, which is to come back to us. Names, configuration and memory are looked at
 * before anything is sent. */
#include "arguments.h"
#include "drill_form.h"
#include "setup.h"
#include "words.h"
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/signals.h>
#include <mxpull/platform/terminal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STOP_LIMIT_MS = 900, /* then polls are dropped */
    TEXT_SIZE_MAX = 16 * 1024 * 1024,
    PROGRESS_SIZE_MAX = 4 * 1024
};

/* All that a run holds. What is not there yet is NULL. */
struct run {
    const struct arguments *arguments;
    struct config *config;
    struct logging logging;
    struct loop *loop;
    struct state state;
    struct polling polling;
    struct drills *drills;
    struct drilled *list; /* the backups that are chosen */
    size_t count;
    int64_t wait_ms;
    struct output output;
    struct line_look look;
    struct line_widths widths;
    bool has_progress; /* a line below the others says how the rest stands */
    bool is_drawn;
};

/* ---- what is shown ---- */

static void write_text(struct run *run, const struct buffer *text)
{
    output_write(&run->output, text->bytes, text->size);
}

/* Draws how the first drill that is not over stands, and how many others there are; or takes that away. */
static void draw_progress(struct run *run, bool wanted)
{
    const struct drill *drill = NULL;
    struct buffer text, line;

    if (!run->has_progress || (!run->is_drawn && !wanted))
        return;
    for (size_t i = drills_count(run->drills); i > 0; i--) {
        if (!drills_at(run->drills, i - 1)->is_over)
            drill = drills_at(run->drills, i - 1);
    }
    run->is_drawn = wanted && drill != NULL;
    buffer_init(&text, PROGRESS_SIZE_MAX);
    buffer_init(&line, PROGRESS_SIZE_MAX);
    (void)buffer_append_text(&text, "\r\x1b[K");
    if (run->is_drawn) {
        size_t columns = terminal_size(stdout).columns;
        struct line cells =
            line_begin(&text, (struct line_look){.columns = columns > 0 ? columns - 1 : 0});

        drill_form_steps(&line, drill);
        if (drills_open(run->drills) > 1)
            (void)buffer_append_format(&line, " (and %zu more)", drills_open(run->drills) - 1);
        line_names(&cells, drill->backup->name, drill->domain, run->widths, line.size);
        line_cell(&cells, STYLE_DIM, line.bytes, 0);
    }
    write_text(run, &text);
    buffer_done(&line);
    buffer_done(&text);
}

static void around_log_line(void *context, bool begins)
{
    struct run *run = context;

    if (run->drills != NULL)
        draw_progress(run, !begins);
}

static void write_line(struct run *run, const struct drilled *drilled)
{
    bool is_wanted = !run->arguments->json &&
                     (!run->arguments->quiet || drill_form_exit_status(drilled) != EXIT_STATUS_OK);
    struct buffer text;

    if (!is_wanted)
        return;
    buffer_init(&text, TEXT_SIZE_MAX);
    drill_form_add(&text, drilled, run->look, run->widths);
    write_text(run, &text);
    buffer_done(&text);
}

/* ---- before anything is sent ---- */

static int open_log(struct run *run)
{
    return setup_log(&run->logging, run->config, run->arguments, around_log_line, run);
}

static int read_wait(struct run *run)
{
    int64_t seconds = COURSE_WAIT_MS / 1000;
    int exit_status = setup_wait(run->arguments, &seconds);

    run->wait_ms = seconds * 1000;
    return exit_status;
}

static int choose(struct run *run)
{
    const struct selection choice = {run->arguments->names, run->arguments->name_count};
    const struct config *config = run->config;
    struct error error;

    if (selection_check(&choice, config, &error) != STATUS_OK) {
        log_message(LEVEL_ERROR, "%s", error.text);
        return EXIT_STATUS_USAGE;
    }
    run->list = memory_new(config->backup_count, sizeof *run->list);
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];
        struct drilled *drilled = &run->list[run->count];

        if (!selection_has_any(&choice, backup))
            continue;
        run->count++;
        drilled->backup = backup;
        drilled->domain = "";
        if (drill_recipient_find(&drilled->recipient, config, backup, &choice))
            drilled->domain = backup->domain_texts[drilled->recipient.domain];
        line_widen(&run->widths, backup->name, drilled->domain);
        if (*drilled->domain != '\0')
            continue;
        drilled->exit_status = EXIT_STATUS_CONFIG;
        (void)snprintf(drilled->why_not, sizeof drilled->why_not,
                       "it is asked for queues alone, which say nothing of a domain to send to");
    }
    return EXIT_STATUS_OK;
}

static int open_state(struct run *run)
{
    return setup_run(&run->loop, &run->state, run->config, false);
}

/* Backups that another process is drilling. */
static void leave_out_claimed(struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct drilled *drilled = &run->list[i];
        struct error error;

        if (drilled->why_not[0] != '\0' || drill_claim(run->state.claims, drilled->backup, &error))
            continue;
        drilled->exit_status = EXIT_STATUS_TEMPORARY;
        (void)snprintf(drilled->why_not, sizeof drilled->why_not, "%.100s is drilling it",
                       error.text);
    }
}

static void cannot_note(struct drilled *drilled, const char *why)
{
    drilled->exit_status = EXIT_STATUS_TEMPORARY;
    (void)snprintf(
        drilled->why_not, sizeof drilled->why_not,
        "it could not be remembered that a message was sent today: %s; --force sends one "
        "all the same",
        why);
}

/* One message a backup and day: none where it is not known whether there was one. */
static void leave_out_drilled(struct run *run)
{
    for (size_t i = 0; i < run->count && !run->arguments->force; i++) {
        struct drilled *drilled = &run->list[i];
        struct error error;
        int64_t sent_ms;

        if (drilled->why_not[0] != '\0')
            continue;
        enum status status =
            drill_sent_today(run->state.store, drilled->backup, clock_local_offset_s,
                             clock_wall_ms(), &sent_ms, &error);
        if (status != STATUS_OK)
            cannot_note(drilled, error.text);
        if (sent_ms == 0)
            continue;
        drilled->exit_status = EXIT_STATUS_TEMPORARY;
        (void)snprintf(drilled->why_not, sizeof drilled->why_not,
                       "a message was sent today already, at %s; --force sends another one",
                       word_minute(sent_ms).text);
    }
}

static size_t count_due(const struct run *run)
{
    size_t due = 0;

    for (size_t i = 0; i < run->count; i++)
        due += run->list[i].why_not[0] == '\0';
    return due;
}

/* What is about to be sent, and with a person at the terminal the question whether it may be. */
static int confirm(struct run *run)
{
    bool asks = !run->arguments->yes && terminal_answers();
    struct output errors = {.stream = stderr};
    struct buffer text;
    char answer[8] = "";

    if (count_due(run) == 0 || (!asks && (run->arguments->quiet || run->arguments->json)))
        return EXIT_STATUS_OK;
    buffer_init(&text, TEXT_SIZE_MAX);
    (void)buffer_append_text(&text, "One small message (from <>, subject \"mxpull drill\") is sent "
                                    "to each of these:\n");
    for (size_t i = 0; i < run->count; i++) {
        const struct drilled *drilled = &run->list[i];
        struct line line = line_begin(&text, run->look);

        if (drilled->why_not[0] != '\0')
            continue;
        line_indent(&line, 2);
        line_cell(&line, STYLE_PLAIN, drilled->recipient.address, 0);
        line_last(
            &line, STYLE_DIM,
            word_format("by %.40s, port %d", drilled->backup->host, drilled->backup->mail_port)
                .text,
            4);
    }
    if (asks)
        (void)buffer_append_text(&text, "Send? [y/N] ");
    output_write(asks ? &errors : &run->output, text.bytes, text.size);
    buffer_done(&text);
    if (!asks)
        return EXIT_STATUS_OK;
    if (fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y'))
        return EXIT_STATUS_OK;
    output_tell("nothing was sent");
    return EXIT_STATUS_TEMPORARY;
}

/* ---- the run ---- */

/* Through a backup whose mail we cannot take a message would only be held. */
static void look_at_primary(struct run *run)
{
    struct preflight *look = NULL;

    if (run->config->primary.preflight == PREFLIGHT_OFF || run->arguments->force ||
        count_due(run) == 0)
        return;
    look = preflight_new(&(struct preflight_options){.loop = run->loop, .config = run->config});
    while (!look->is_over && !signals_stop_requested())
        loop_turn(run->loop, INT64_MAX);
    for (size_t i = 0; i < run->count; i++) {
        struct drilled *drilled = &run->list[i];
        const char *why = look->is_over ? look->why : "stopped";

        if (why == NULL || drilled->why_not[0] != '\0')
            continue;
        drilled->exit_status = EXIT_STATUS_TEMPORARY;
        (void)snprintf(drilled->why_not, sizeof drilled->why_not,
                       look->is_over ? "your mail server is not ready: %.120s" : "%s", why);
    }
    preflight_free(look);
}

static void on_moved(void *context, const struct drill *drill)
{
    struct run *run = context;

    draw_progress(run, false);
    for (size_t i = 0; i < run->count && drill->is_over; i++) {
        struct drilled *drilled = &run->list[i];

        if (drilled->drill != drill)
            continue;
        if (drill->why_not[0] != '\0') {
            cannot_note(drilled, drill->why_not);
            drilled->drill = NULL;
        }
        write_line(run, drilled);
    }
    draw_progress(run, true);
}

static void make_drills(struct run *run)
{
    run->polling = (struct polling){
        .config = run->config,
        .loop = run->loop,
        .claims = run->state.claims,
        .stop = signals_stop_requested,
        .force = run->arguments->force,
        .observer = {.wire = log_wants(LEVEL_TRACE) ? logging_wire : NULL},
        .recorder = run->state.recorder,
    };
    run->drills = drills_new(&(struct drills_options){
        .polling = &run->polling, .wait_ms = run->wait_ms, .moved = on_moved, .context = run});
    for (size_t i = 0; i < run->count; i++) {
        struct drilled *drilled = &run->list[i];

        if (drilled->why_not[0] != '\0') {
            write_line(run, drilled);
            continue;
        }
        drills_add(run->drills, drilled->backup, &drilled->recipient);
        drilled->drill = drills_at(run->drills, drills_count(run->drills) - 1);
    }
}

/* Until all are over. A poll that a drill no longer needs, for its message has come, ends by itself. */
static void drill_all(struct run *run)
{
    int64_t stop_limit_ms = INT64_MAX;

    while (!drills_are_over(run->drills) && clock_monotonic_ms() < stop_limit_ms) {
        if (signals_stop_requested() && stop_limit_ms == INT64_MAX) {
            stop_limit_ms = clock_monotonic_ms() + STOP_LIMIT_MS;
            drills_stop(run->drills);
        }
        drills_advance(run->drills);
        if (!drills_are_over(run->drills))
            loop_turn(run->loop, stop_limit_ms);
    }
}

static int report(struct run *run, int64_t started_wall_ms, int64_t elapsed_ms)
{
    const struct arguments *arguments = run->arguments;
    int exit_status = EXIT_STATUS_OK;
    struct buffer text;

    for (size_t i = 0; i < run->count; i++)
        exit_status = exit_status_worse(exit_status, drill_form_exit_status(&run->list[i]));
    bool is_wanted = !arguments->quiet || exit_status != EXIT_STATUS_OK;
    if (arguments->json && is_wanted) {
        json_write(&run->output, drill_form_json(run->list, run->count, started_wall_ms, elapsed_ms,
                                                 exit_status));
    } else if (!arguments->json && !arguments->quiet) {
        buffer_init(&text, TEXT_SIZE_MAX);
        drill_form_summary(&text, run->list, run->count, elapsed_ms);
        write_text(run, &text);
        buffer_done(&text);
    }
    return output_finish(&run->output) ? exit_status
                                       : exit_status_worse(exit_status, EXIT_STATUS_TEMPORARY);
}

static int drill(struct run *run)
{
    int64_t started_ms = clock_monotonic_ms(), started_wall_ms = clock_wall_ms();

    signals_start(SIGNALS_RUN, loop_wake, run->loop);
    look_at_primary(run);
    make_drills(run);
    drill_all(run);
    draw_progress(run, false);
    int exit_status = report(run, started_wall_ms, clock_monotonic_ms() - started_ms);
    recorder_finish(run->state.recorder, run->state.patience_ms);
    hooks_finish(run->state.hooks, signals_stop_requested);
    signals_end();
    return logging_note_lost(&run->logging, run->state.store)
               ? exit_status_worse(exit_status, EXIT_STATUS_TEMPORARY)
               : exit_status;
}

int command_drill(const struct arguments *arguments)
{
    int (*const steps[])(struct run *) = {read_wait, open_log, choose, open_state};
    struct run run = {.arguments = arguments, .output = {.stream = stdout}};
    int exit_status = EXIT_STATUS_OK;

    run.config = setup_config(arguments, NULL, NULL);
    if (run.config == NULL)
        return EXIT_STATUS_CONFIG;
    run.look = setup_look(arguments);
    run.has_progress =
        terminal_is(stdout) && arguments->verbose == 0 && !arguments->quiet && !arguments->json;
    for (size_t i = 0; i < COUNT_OF(steps) && exit_status == EXIT_STATUS_OK; i++)
        exit_status = steps[i](&run);
    if (exit_status == EXIT_STATUS_OK) {
        leave_out_claimed(&run);
        leave_out_drilled(&run);
        exit_status = confirm(&run);
    }
    if (exit_status == EXIT_STATUS_OK)
        exit_status = drill(&run);
    drills_free(run.drills);
    free(run.list);
    state_close(&run.state);
    logging_close(&run.logging);
    loop_free(run.loop);
    config_free(run.config);
    return exit_status;
}

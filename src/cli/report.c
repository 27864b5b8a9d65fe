/* What is said on standard output, and when: the forms differ in what an answer does at once and
 * what is left for the end. */
#include "report.h"
#include "gather.h"
#include "json_report.h"
#include "line.h"
#include <mxpull/base/memory.h>

#include <stdlib.h>

enum {
    TEXT_SIZE_MAX = 64 * 1024
};

struct report {
    struct report_options options;
    struct output *output; /* borrowed */
    struct live *live;     /* with REPORT_LIVE */
    struct said advice;    /* that was given */
};

struct report *report_new(const struct report_options *options)
{
    struct report *report = memory_new(1, sizeof *report);

    report->options = *options;
    report->output = options->live.output;
    if (options->form == REPORT_LIVE && !options->quiet)
        report->live = live_new(&options->live);
    return report;
}

void report_free(struct report *report)
{
    if (report == NULL)
        return;
    live_free(report->live);
    said_done(&report->advice);
    free(report);
}

static size_t columns_of(const struct report *report)
{
    return report->live != NULL ? live_columns(report->live) : report->options.columns;
}

static void write_answers(void *context, const struct answers *answers)
{
    struct report *report = context;
    struct buffer text;

    buffer_init(&text, TEXT_SIZE_MAX);
    result_line_format(&text, answers,
                       &(struct result_style){.widths = report->options.live.widths,
                                              .columns = columns_of(report),
                                              .color = report->options.live.color,
                                              .advice = &report->advice});
    if (report->live != NULL)
        live_keep(report->live, text.bytes);
    else
        output_write(report->output, text.bytes, text.size);
    buffer_done(&text);
}

void report_moved(struct report *report, const struct backup_config *backup,
                  enum session_state state, const char *domain)
{
    if (report->live != NULL)
        live_moved(report->live, backup, state, domain);
}

void report_progressed(struct report *report, const struct backup_config *backup, uint64_t messages,
                       int64_t bytes)
{
    if (report->live != NULL)
        live_progressed(report->live, backup, messages, bytes);
}

void report_resting(struct report *report, const struct backup_config *backup, int64_t until_ms)
{
    if (report->live != NULL)
        live_resting(report->live, backup, until_ms);
}

void report_known(struct report *report, const struct backup_config *backup)
{
    if (report->live != NULL)
        live_known(report->live, backup);
}

void report_answered(struct report *report, const struct answers *answers)
{
    if (!report->options.quiet && report->options.form != REPORT_JSON)
        write_answers(report, answers);
}

void report_wait(struct report *report, const struct preflight_wait *wait)
{
    if (report->live != NULL)
        live_wait(report->live, wait);
}

void report_hide(struct report *report)
{
    if (report->live != NULL)
        live_hide(report->live);
}

void report_show(struct report *report)
{
    if (report->live != NULL)
        live_show(report->live);
}

static void write_summary(struct report *report, const struct round_facts *facts)
{
    struct buffer text;

    buffer_init(&text, TEXT_SIZE_MAX);
    summary_format(&text, facts, columns_of(report));
    output_write(report->output, text.bytes, text.size);
    buffer_done(&text);
}

static void write_failures(struct report *report, const struct round_facts *facts)
{
    struct gather *gather = gather_new(write_answers, report);

    for (size_t i = 0; i < facts->count; i++) {
        if (facts->results[i]->known && !result_is_good(facts->results[i]))
            gather_add(gather, facts->results[i]);
    }
    gather_flush(gather);
    gather_free(gather);
}

void report_finish(struct report *report, const struct round_facts *facts)
{
    bool is_silent = report->options.quiet && facts->exit_status == 0;

    report_hide(report);
    if (is_silent)
        return;
    if (report->options.form == REPORT_JSON)
        json_report_write(report->output, facts);
    else if (report->options.quiet)
        write_failures(report, facts);
    else
        write_summary(report, facts);
}

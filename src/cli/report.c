/* What is said on standard output, and when: the forms differ in what an answer does at once and
 * what is left for the end. */
#include <mxpull/base/memory.h>
#include <mxpull/cli/json_report.h>
#include <mxpull/cli/line.h>
#include <mxpull/cli/report.h>

#include <stdlib.h>

enum {
    TEXT_SIZE_MAX = 64 * 1024
};

struct report {
    struct report_options options;
    struct output *output; /* borrowed */
    struct live *live;     /* with REPORT_LIVE */
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
    free(report);
}

static void write_result(struct report *report, const struct result *result)
{
    struct buffer text;

    buffer_init(&text, TEXT_SIZE_MAX);
    result_line_format(&text, result,
                       &(struct result_style){.widths = report->options.live.widths,
                                              .columns = LINE_UNBOUNDED,
                                              .color = report->options.live.color});
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

void report_answered(struct report *report, const struct result *result)
{
    if (report->options.quiet || report->options.form == REPORT_JSON)
        return;
    if (report->live != NULL)
        live_answered(report->live, result);
    else
        write_result(report, result);
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
    summary_format(&text, facts);
    output_write(report->output, text.bytes, text.size);
    buffer_done(&text);
}

static void write_failures(struct report *report, const struct round_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (facts->results[i]->known && !result_is_good(facts->results[i]))
            write_result(report, facts->results[i]);
    }
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

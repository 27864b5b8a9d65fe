/* The line of counts under a report. */
#include "summary.h"
#include "line.h"
#include "result_line.h"
#include <mxpull/base/duration.h>

enum {
    MINUTE_MS = 60 * 1000,
    SENTENCE_SIZE_MAX = 1024,
    INDENT = 2
};

struct summary summary_count(const struct result *const results[], size_t count)
{
    struct summary summary = {0};

    for (size_t i = 0; i < count; i++) {
        const struct result *result = results[i];

        if (!result->known)
            continue;
        if (!result->dry && result->outcome == OUTCOME_HELD) {
            summary.held++;
            continue;
        }
        summary.asked++;
        if (!result->dry)
            summary.by_outcome[result->outcome]++;
        if (result_is_good(result))
            summary.ok++;
        else
            summary.failed++;
    }
    return summary;
}

/* " (deferred 1, unreachable 2)" */
static void format_failures(struct buffer *text, const struct summary *summary)
{
    const char *before = " (";

    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (summary->by_outcome[i] == 0 || outcome_grade((enum outcome)i) == GRADE_GOOD)
            continue;
        (void)buffer_append_format(text, "%s%s %zu", before, outcome_name((enum outcome)i),
                                   summary->by_outcome[i]);
        before = ", ";
    }
    if (summary->failed > 0)
        (void)buffer_append_text(text, ")");
}

/* " in 0.4 s", " in 21m5s" */
static void format_elapsed(struct buffer *text, int64_t ms)
{
    char duration[DURATION_TEXT_SIZE];
    int64_t tenths = (ms + 50) / 100;

    if (ms < MINUTE_MS)
        (void)buffer_append_format(text, " in %d.%d s", (int)(tenths / 10), (int)(tenths % 10));
    else
        (void)buffer_append_format(text, " in %s", duration_format(duration, ms / 1000));
}

void summary_format(struct buffer *text, const struct round_facts *facts, size_t columns)
{
    struct summary summary = summary_count(facts->results, facts->count);
    struct buffer sentence;
    struct line line;

    buffer_init(&sentence, SENTENCE_SIZE_MAX);
    if (facts->dry_run)
        (void)buffer_append_format(&sentence, "dry run, nothing was asked: %zu ready, %zu failed",
                                   summary.ok, summary.failed);
    else
        (void)buffer_append_format(&sentence, "%zu asked, %zu ok, %zu failed", summary.asked,
                                   summary.ok, summary.failed);
    format_failures(&sentence, &summary);
    if (summary.held > 0)
        (void)buffer_append_format(&sentence, ", %zu held", summary.held);
    format_elapsed(&sentence, facts->elapsed_ms);
    line_init(&line, text, columns, false);
    line_last(&line, STYLE_PLAIN, sentence.bytes, INDENT);
    buffer_done(&sentence);
    (void)buffer_append_text(text, "\n");
}

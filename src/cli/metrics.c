/* A round for Prometheus' textfile collector, in the text format 0.0.4. */
#include <mxpull/base/text.h>
#include <mxpull/cli/metrics.h>
#include <mxpull/cli/result_line.h>
#include <mxpull/platform/file.h>

#include <string.h>

/* A thousand bytes for each of 50,000 answers. */
enum {
    METRICS_SIZE_MAX = 64 * 1024 * 1024,
    LABEL_SIZE_MAX = 4 * 1024
};

/* One metric that each answer has: what it is, whether an answer has it, and its value. */
struct metric {
    const char *name;
    const char *help;
    bool (*has)(const struct result *result);
    int64_t (*value)(const struct result *result);
    bool has_outcome; /* as a label */
};

static bool has_always(const struct result *result)
{
    (void)result;
    return true;
}

static int64_t value_one(const struct result *result)
{
    (void)result;
    return 1;
}

static int64_t value_success(const struct result *result)
{
    return result_is_good(result);
}

static bool has_code(const struct result *result)
{
    return result->code > 0;
}

static int64_t value_code(const struct result *result)
{
    return result->code;
}

static bool has_pending(const struct result *result)
{
    return result->pending >= 0;
}

static int64_t value_pending(const struct result *result)
{
    return result->pending;
}

static const struct metric metrics[] = {
    {"mxpull_poll_success", "Whether the last answer of a backup for a domain was a good one.",
     has_always, value_success, false},
    {"mxpull_outcome", "The outcome of the last answer, as a label.", has_always, value_one, true},
    {"mxpull_answer_code", "The SMTP reply code of the last answer.", has_code, value_code, false},
    {"mxpull_pending_messages", "Messages that the backup said it holds.", has_pending,
     value_pending, false},
};

/* Appends name="value". Backslash, quote and line feed are escaped as the format wants it; what is
 * not printable is first escaped as in the log. */
static void format_label(struct buffer *text, const char *name, const char *value)
{
    struct buffer printable;

    buffer_init(&printable, LABEL_SIZE_MAX);
    text_visible(&printable, value, strlen(value));
    (void)buffer_append_format(text, "%s=\"", name);
    for (const char *at = printable.bytes; *at != '\0'; at++) {
        if (*at == '\\' || *at == '"')
            (void)buffer_append_text(text, "\\");
        (void)buffer_append(text, at, 1);
    }
    (void)buffer_append_text(text, "\"");
    buffer_done(&printable);
}

static void format_head(struct buffer *text, const char *name, const char *help)
{
    (void)buffer_append_format(text, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void format_sample(struct buffer *text, const struct metric *metric,
                          const struct result *result)
{
    (void)buffer_append_format(text, "%s{", metric->name);
    format_label(text, "backup", result->backup->name);
    (void)buffer_append_text(text, ",");
    format_label(text, "domain", result->domain);
    if (metric->has_outcome) {
        (void)buffer_append_text(text, ",");
        format_label(text, "outcome", outcome_name(result->outcome));
    }
    (void)buffer_append_format(text, "} %lld\n", (long long)metric->value(result));
}

static void format_metric(struct buffer *text, const struct metric *metric,
                          const struct round_facts *facts)
{
    bool is_begun = false;

    for (size_t i = 0; i < facts->count; i++) {
        const struct result *result = facts->results[i];

        if (!result->known || result->dry || !metric->has(result))
            continue;
        if (!is_begun)
            format_head(text, metric->name, metric->help);
        is_begun = true;
        format_sample(text, metric, result);
    }
}

/* Milliseconds as seconds. */
static void format_seconds(struct buffer *text, const char *name, const char *help, int64_t ms)
{
    format_head(text, name, help);
    (void)buffer_append_format(text, "%s %lld.%03d\n", name, (long long)(ms / 1000),
                               (int)(ms % 1000));
}

void metrics_format(struct buffer *text, const struct round_facts *facts)
{
    format_seconds(text, "mxpull_last_round_timestamp_seconds",
                   "When the last round ended, in seconds since 1970.",
                   facts->started_wall_ms + facts->elapsed_ms);
    format_seconds(text, "mxpull_round_seconds", "How long the last round took.",
                   facts->elapsed_ms);
    if (facts->primary != NULL) {
        format_head(text, "mxpull_primary_up", "Whether our own mail server takes mail.");
        (void)buffer_append_format(text, "mxpull_primary_up %d\n", facts->primary->is_up);
        format_seconds(text, "mxpull_primary_since_timestamp_seconds",
                       "Since when it is so, in seconds since 1970.", facts->primary->since_ms);
    }
    for (size_t i = 0; i < COUNT_OF(metrics); i++)
        format_metric(text, &metrics[i], facts);
}

enum status metrics_write(const char *path, const struct round_facts *facts, struct error *error)
{
    struct buffer text;

    buffer_init(&text, METRICS_SIZE_MAX);
    metrics_format(&text, facts);
    enum status status = file_replace(path, text.bytes, text.size, error);
    buffer_done(&text);
    return status;
}

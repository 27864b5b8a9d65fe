/* What the store knows, for Prometheus' textfile collector, in the text format 0.0.4. */
#include "status.h"
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>

#include <stdlib.h>
#include <string.h>

enum {
    METRICS_SIZE_MAX = 64 * 1024 * 1024,
    LABEL_SIZE_MAX = 4 * 1024,
    TURN_KEY = 1, /* of the claims; no backup has this key */
    TURN_WAIT_MS = 300
};

struct metric {
    const char *name, *help;
};

/* Metrics of each answer. */
static const struct metric metrics[] = {
    {"mxpull_poll_success", "Whether the last answer of a backup for a domain was a good one."},
    {"mxpull_outcome", "The outcome of the last answer, as a label."},
    {"mxpull_answer_code", "The SMTP reply code of the last answer."},
    {"mxpull_last_success_timestamp_seconds",
     "When the last good answer came, in seconds since 1970."},
    {"mxpull_pending_messages", "Messages that the backup said it holds."},
    {"mxpull_refused_for_now_messages",
     "Messages of the last ATRN or TURN that your mail server did not take for a while."},
    {"mxpull_refused_for_good_messages",
     "Messages of the last ATRN or TURN that your mail server refused for good."},
};
enum {
    METRIC_OUTCOME = 1 /* of metrics: it has a label */
};

/* Appends name="value"; name includes the { or comma before it. Hidden characters are escaped as in
 * the log, then backslash and quote as the format wants it. */
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

/* Appends the metric's name and its first label; before the first one its head. */
static void format_name(struct buffer *text, const struct metric *metric, bool *is_begun,
                        const struct status_backup *backup)
{
    if (!*is_begun)
        format_head(text, metric->name, metric->help);
    *is_begun = true;
    (void)buffer_append_text(text, metric->name);
    format_label(text, "{backup", backup->config->name);
}

/* A value below 0: this answer has none. */
static void format_metric(struct buffer *text, size_t metric, const struct status_view *view)
{
    bool is_begun = false;

    for (size_t i = 0; i < view->domain_count; i++) {
        const struct status_domain *domain = &view->domains[i];
        const struct store_domain *state = &domain->state;
        const int64_t values[COUNT_OF(metrics)] = {
            state->strip_count > 0 && state->strip[state->strip_count - 1] == GRADE_GOOD,
            1,
            state->code > 0 ? state->code : -1,
            state->good_ms > 0 ? state->good_ms / 1000 : -1,
            state->pending,
            state->refused_for_now,
            state->refused_for_good};

        if (state->outcome[0] == '\0' || values[metric] < 0)
            continue;
        format_name(text, &metrics[metric], &is_begun, domain->backup);
        format_label(text, ",domain", domain->name);
        if (metric == METRIC_OUTCOME)
            format_label(text, ",outcome", state->outcome);
        (void)buffer_append_format(text, "} %lld\n", (long long)values[metric]);
    }
}

/* Metrics of each backup. */
static const struct metric backup_metrics[] = {
    {"mxpull_certificate_expiry_timestamp_seconds",
     "When the verified certificate of the backup ends, in seconds since 1970."},
    {"mxpull_arrival_timestamp_seconds",
     "When mail was last seen to arrive from the backup, in seconds since 1970."},
    {"mxpull_arrival_messages", "Messages of that arrival."},
    {"mxpull_arrival_bytes", "Bytes of that arrival."},
    {"mxpull_drill_timestamp_seconds",
     "When the last drill of the backup began, in seconds since 1970."},
    {"mxpull_drill_success", "Whether its message was seen to arrive."},
};

/* A value below 0 is not known. */
static void format_backup_metric(struct buffer *text, size_t metric, const struct status_view *view)
{
    bool is_begun = false;

    for (size_t i = 0; i < view->backup_count; i++) {
        const struct status_backup *backup = &view->backups[i];
        int64_t arrival_ms = status_arrival_ms(backup), drill_ms = backup->drill.at_ms;
        bool has_result = backup->drill.exit_status == 0 || backup->drill_health != HEALTH_OK;
        const int64_t values[COUNT_OF(backup_metrics)] = {
            backup->has_certificate ? backup->state.certificate_expires_ms / 1000 : -1,
            arrival_ms > 0 ? arrival_ms / 1000 : -1,
            backup->has_arrival ? backup->arrival.messages : -1,
            backup->has_arrival ? backup->arrival.bytes : -1,
            drill_ms > 0 ? drill_ms / 1000 : -1,
            backup->has_drill && has_result ? backup->drill.exit_status == 0 : -1};

        if (values[metric] < 0)
            continue;
        format_name(text, &backup_metrics[metric], &is_begun, backup);
        (void)buffer_append_format(text, "} %lld\n", (long long)values[metric]);
    }
}

/* A metric of the whole round. Those of several shards may stand beside one another. */
static void format_round(struct buffer *text, const struct config *config, const char *name,
                         const char *help)
{
    format_head(text, name, help);
    (void)buffer_append_text(text, name);
    if (config->shard != NULL)
        (void)buffer_append_format(text, "{shard=\"%s\"}", config->shard);
}

/* Milliseconds as seconds. */
static void format_seconds(struct buffer *text, const struct config *config, const char *name,
                           const char *help, int64_t ms)
{
    format_round(text, config, name, help);
    (void)buffer_append_format(text, " %lld.%03d\n", (long long)(ms / 1000), (int)(ms % 1000));
}

void metrics_format(struct buffer *text, const struct status_view *view,
                    const struct round_facts *facts)
{
    format_seconds(text, view->config, "mxpull_last_round_timestamp_seconds",
                   "When the last round ended, in seconds since 1970.",
                   facts->started_wall_ms + facts->elapsed_ms);
    format_seconds(text, view->config, "mxpull_round_seconds", "How long the last round took.",
                   facts->elapsed_ms);
    if (view->primary != OUTAGE_UNKNOWN) {
        format_round(text, view->config, "mxpull_primary_up",
                     "Whether your mail server takes mail.");
        (void)buffer_append_format(text, " %d\n", view->primary == OUTAGE_UP);
        if (view->life.since_ms > 0)
            format_seconds(text, view->config, "mxpull_primary_since_timestamp_seconds",
                           "Since when it is so, in seconds since 1970.", view->life.since_ms);
    }
    if (view->has_outage)
        format_seconds(text, view->config, "mxpull_last_outage_seconds",
                       "How long the last outage of your mail server lasted, or lasts so far.",
                       (view->outage.ended_ms > 0 ? view->outage.ended_ms : view->now_ms) -
                           view->outage.began_ms);
    for (size_t i = 0; i < COUNT_OF(metrics); i++)
        format_metric(text, i, view);
    for (size_t i = 0; i < COUNT_OF(backup_metrics); i++)
        format_backup_metric(text, i, view);
}

void metrics_add_results(struct status_view *view, const struct round_facts *facts)
{
    size_t count = view->domain_count, place = 0;

    for (size_t i = 0; i < facts->count; i++) {
        const struct result *result = facts->results[i];

        for (size_t j = 0; result->known && !result->dry && j < count; j++) {
            struct status_domain *domain = &view->domains[(place + j) % count];
            struct store_domain *state = &domain->state;

            if (strcmp(domain->backup->config->name, result->backup->name) != 0 ||
                strcmp(domain->name, result->domain) != 0)
                continue;
            place += j + 1; /* the results stand in the same order */
            if (state->at_ms > result->at_ms)
                break;
            (void)text_copy(state->outcome, sizeof state->outcome, outcome_name(result->outcome));
            state->code = result->code;
            state->pending = result->pending;
            state->refused_for_now = result->refused_for_now;
            state->refused_for_good = result->refused_for_good;
            state->strip[0] = result_grade(result);
            state->strip_count = 1;
            if (state->strip[0] == GRADE_GOOD)
                state->good_ms = result->at_ms;
            break;
        }
    }
}

/* Each writer reads the store only after the one before it has written. */
static bool take_turn(struct lock_set *claims)
{
    int64_t deadline_ms = clock_monotonic_ms() + TURN_WAIT_MS;
    struct error error;
    enum status status;

    if (claims == NULL)
        return false;
    while ((status = lock_set_take(claims, TURN_KEY, &error)) == STATUS_BUSY &&
           clock_monotonic_ms() < deadline_ms)
        clock_sleep_ms(5);
    return status == STATUS_OK;
}

/* metrics_file, or for a shard a file beside it: /PATH/mxpull.3-of-10.prom. The caller frees it. */
static char *file_of(const struct config *config)
{
    const char *file = config->metrics_file, *dot = strrchr(file, '.');

    if (config->shard == NULL)
        return memory_copy(file);
    if (dot == NULL || strpbrk(dot, "/\\") != NULL)
        dot = file + strlen(file);
    return memory_format("%.*s.%.*s-of-%s%s", (int)(dot - file), file,
                         (int)strcspn(config->shard, "/"), config->shard,
                         strchr(config->shard, '/') + 1, dot);
}

void metrics_write(const struct config *config, struct store *store, struct lock_set *claims,
                   const struct round_facts *facts)
{
    int64_t now_ms = clock_wall_ms();
    struct status_view view;
    struct buffer text;
    struct error error;

    if (config->metrics_file == NULL)
        return;
    bool has_turn = take_turn(claims);
    if (status_view_read(&view, config, NULL, store, now_ms, clock_local_offset_s, &error) !=
        STATUS_OK)
        (void)status_view_read(&view, config, NULL, NULL, now_ms, clock_local_offset_s, &error);
    metrics_add_results(&view, facts);
    buffer_init(&text, METRICS_SIZE_MAX);
    metrics_format(&text, &view, facts);
    char *file = file_of(config);
    if (file_replace(file, text.bytes, text.size, &error) != STATUS_OK)
        log_message(LEVEL_WARNING, "metrics_file: %s", error.text);
    free(file);
    buffer_done(&text);
    status_view_done(&view);
    if (has_turn)
        lock_set_give_back(claims, TURN_KEY);
}

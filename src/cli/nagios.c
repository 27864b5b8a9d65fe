/* The status as a Nagios plugin prints it: the worst problem is named. */
#include "output.h"
#include "status.h"
#include <mxpull/base/text.h>

#include <string.h>

enum {
    SENTENCE_SIZE_MAX = 4096,
    SHOWN_SIZE_MAX = 400
};

struct problems {
    struct buffer first; /* a sentence; a remote's text in it is not escaped yet */
    size_t count;
};

/* "mx2 example.com: denied, 459 no" */
static void note(void *context, const struct problem *problem)
{
    struct problems *problems = context;

    if (problems->count++ > 0)
        return;
    if (problem->backup != NULL)
        (void)buffer_append_text(&problems->first, problem->backup->config->name);
    if (problem->domain != NULL)
        (void)buffer_append_format(&problems->first, " %s", problem->domain->name);
    (void)buffer_append_format(&problems->first, "%s%s", problem->backup != NULL ? ": " : "",
                               problem->sentence);
}

/* Appends the sentence on one line, cut. A bar would begin the performance data. */
static void append_shown(struct buffer *line, const char *sentence, size_t size)
{
    struct buffer shown;

    buffer_init(&shown, SHOWN_SIZE_MAX);
    text_printable(&shown, sentence, size);
    for (size_t i = 0; i < shown.size; i++) {
        if (shown.bytes[i] == '|')
            shown.bytes[i] = '/';
    }
    (void)buffer_append(line, shown.bytes, shown.size);
    buffer_done(&shown);
}

/* U is "not known". */
static void append_value(struct buffer *line, const char *label, bool is_known, int64_t value,
                         const char *unit)
{
    if (is_known)
        (void)buffer_append_format(line, " %s=%lld%s", label, (long long)value, unit);
    else
        (void)buffer_append_format(line, " %s=U", label);
}

static void append_performance(struct buffer *line, const struct status_view *view)
{
    int64_t oldest_s = -1, days_min = INT64_MAX;

    for (size_t i = 0; i < view->domain_count; i++) {
        const struct status_domain *domain = &view->domains[i];
        const struct status_backup *backup = domain->backup;

        if (domain->state.good_ms > 0 && status_silence_s(view, domain) > oldest_s)
            oldest_s = status_silence_s(view, domain);
        if (backup->has_certificate && backup->certificate_days < days_min)
            days_min = backup->certificate_days;
    }
    (void)buffer_append_format(line, "|domains=%zu", view->domain_count);
    for (size_t i = 0; i < COUNT_KINDS; i++)
        (void)buffer_append_format(line, " %s=%zu", status_count_names[i], view->counts[i]);
    append_value(line, "oldest_good", oldest_s >= 0, oldest_s, "s");
    append_value(line, "primary_up", view->primary != OUTAGE_UNKNOWN, view->primary == OUTAGE_UP,
                 "");
    append_value(line, "certificate_days", days_min != INT64_MAX, days_min, "");
}

int nagios_format(struct buffer *line, const struct status_view *view)
{
    static const char *const words[] = {[HEALTH_OK] = "OK",
                                        [HEALTH_WARNING] = "WARNING",
                                        [HEALTH_CRITICAL] = "CRITICAL",
                                        [HEALTH_UNKNOWN] = "UNKNOWN"};
    struct problems problems = {.count = 0};

    buffer_init(&problems.first, SENTENCE_SIZE_MAX);
    problems_find(view, note, &problems);
    (void)buffer_append_format(line, "MXPULL %s - ", words[view->health]);
    if (problems.count == 0)
        (void)buffer_append_format(line, "%s, %s, all ok",
                                   word_count(view->backup_count, "backup").text,
                                   word_count(view->domain_count, "domain").text);
    append_shown(line, problems.first.bytes, problems.first.size);
    if (problems.count > 1)
        (void)buffer_append_format(line, " (and %zu more)", problems.count - 1);
    append_performance(line, view);
    (void)buffer_append_text(line, "\n");
    buffer_done(&problems.first);
    return (int)view->health;
}

int nagios_format_unknown(struct buffer *line, const char *why)
{
    (void)buffer_append_text(line, "MXPULL UNKNOWN - ");
    append_shown(line, why, strlen(why));
    (void)buffer_append_text(line, "\n");
    return (int)HEALTH_UNKNOWN;
}

int nagios_print_unknown(const char *why)
{
    struct buffer line;

    buffer_init(&line, SENTENCE_SIZE_MAX);
    int exit_status = nagios_format_unknown(&line, why);
    (void)output_print(&line);
    buffer_done(&line);
    return exit_status;
}

/* The status as a Nagios plugin prints it. Problems are noted from the worst kind to the least; the
 * first one is named. */
#include "output.h"
#include "status.h"
#include <mxpull/base/text.h>

#include <string.h>

enum {
    SENTENCE_SIZE_MAX = 4096,
    SAID_SIZE_MAX = 1000,
    SHOWN_SIZE_MAX = 400
};

struct problems {
    struct buffer first; /* a sentence; a remote's text in it is not escaped yet */
    size_t count;
};

/* Counts a problem. True for the first, which the caller describes. */
static bool note(struct problems *problems)
{
    return ++problems->count == 1;
}

static void describe(struct buffer *sentence, const struct status_view *view,
                     const struct status_domain *domain)
{
    const struct store_domain *state = &domain->state;
    bool is_silent = domain->verdict == VERDICT_SILENT;

    (void)buffer_append_format(sentence, "%s %s: ", domain->backup->config->name, domain->name);
    if (domain->verdict == VERDICT_UNKNOWN) {
        (void)buffer_append_text(sentence, "never asked yet");
        return;
    }
    if (is_silent)
        (void)buffer_append_format(sentence, "silent, no good answer for %s%s",
                                   word_span(status_silence_s(view, domain)).text,
                                   state->streak > 0 ? "; " : "");
    if (is_silent && state->streak == 0)
        return;
    (void)buffer_append_text(sentence, state->outcome);
    (void)buffer_append_text(sentence, state->code > 0 || state->text[0] != '\0' ? ", " : "");
    words_append_said(sentence, state->code, state->text, SAID_SIZE_MAX);
    if (!is_silent && domain->is_held && state->streak > 0)
        (void)buffer_append_text(sentence, "; the answer before was no good one");
}

static void note_domains(struct problems *problems, const struct status_view *view,
                         enum verdict verdict)
{
    for (size_t i = 0; i < view->domain_count; i++) {
        if (view->domains[i].verdict == verdict && note(problems))
            describe(&problems->first, view, &view->domains[i]);
    }
}

static void note_drills(struct problems *problems, const struct status_view *view)
{
    for (size_t i = 0; i < view->backup_count; i++) {
        const struct status_backup *backup = &view->backups[i];

        if (backup->drill_health == HEALTH_OK || !note(problems))
            continue;
        (void)buffer_append_format(&problems->first, "%s: ", backup->config->name);
        status_append_drill(&problems->first, view, backup);
    }
}

static void note_certificates(struct problems *problems, const struct status_view *view)
{
    for (size_t i = 0; i < view->backup_count; i++) {
        const struct status_backup *backup = &view->backups[i];
        long long days = (long long)backup->certificate_days;

        if (backup->health == HEALTH_OK || !note(problems))
            continue;
        (void)buffer_append_format(&problems->first, "%s: certificate ", backup->config->name);
        if (days < 0)
            (void)buffer_append_format(&problems->first, "ended %lld days ago", -days);
        else
            (void)buffer_append_format(&problems->first, "ends in %lld days", days);
    }
}

/* Held domains are no problem of their own while the primary is down. */
static void note_all(struct problems *problems, const struct status_view *view)
{
    const struct store_life *life = &view->life;

    if (view->primary == OUTAGE_DOWN && note(problems)) {
        (void)buffer_append_format(&problems->first, "your mail server %s is down",
                                   view->config->primary.address.text);
        if (life->since_ms > 0)
            (void)buffer_append_format(&problems->first, " for %s",
                                       word_span((view->now_ms - life->since_ms) / 1000).text);
        if (life->text[0] != '\0')
            (void)buffer_append_format(&problems->first, ": %s",
                                       status_primary_text(view, life->text));
    }
    note_domains(problems, view, VERDICT_SILENT);
    note_domains(problems, view, VERDICT_REFUSED);
    if (view->trouble.text[0] != '\0' && note(problems))
        (void)buffer_append_text(&problems->first, view->trouble.text);
    note_domains(problems, view, VERDICT_FAILING);
    if (view->primary != OUTAGE_DOWN)
        note_domains(problems, view, VERDICT_HELD);
    note_drills(problems, view);
    note_certificates(problems, view);
    if (view->daemon_health != HEALTH_OK && note(problems))
        (void)buffer_append_format(&problems->first,
                                   "the daemon is not running, last sign of life %s ago",
                                   word_span((view->now_ms - life->alive_ms) / 1000).text);
    note_domains(problems, view, VERDICT_UNKNOWN);
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
    note_all(&problems, view);
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

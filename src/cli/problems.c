/* What is wrong with what a view holds, in sentences: from the worst kind to the least. */
#include "status.h"

#include <stdlib.h>

enum {
    SAID_SIZE_MAX = 1000
};

struct finder {
    const struct status_view *view;
    problem_tell *tell;
    void *context;
    struct buffer sentence;
};

/* Tells the sentence that was appended, and begins a new one. */
static void tell(struct finder *finder, struct problem problem)
{
    problem.sentence = finder->sentence.bytes;
    finder->tell(finder->context, &problem);
    buffer_clear(&finder->sentence);
}

static void describe(struct finder *finder, const struct status_domain *domain)
{
    const struct store_domain *state = &domain->state;
    struct buffer *sentence = &finder->sentence;
    bool is_silent = domain->verdict == VERDICT_SILENT;

    if (domain->verdict == VERDICT_UNKNOWN) {
        (void)buffer_append_text(sentence, "never asked yet");
        return;
    }
    if (is_silent)
        (void)buffer_append_format(sentence, "silent, no good answer for %s%s",
                                   word_span(status_silence_s(finder->view, domain)).text,
                                   state->streak > 0 ? "; " : "");
    if (is_silent && state->streak == 0)
        return;
    (void)buffer_append_text(sentence, state->outcome);
    (void)buffer_append_text(sentence, state->code > 0 || state->text[0] != '\0' ? ", " : "");
    words_append_said(sentence, state->code, state->text, SAID_SIZE_MAX);
    if (!is_silent && domain->is_held && state->streak > 0)
        (void)buffer_append_text(sentence, "; the answer before was no good one");
}

static void find_domains(struct finder *finder, enum verdict verdict)
{
    for (size_t i = 0; i < finder->view->domain_count; i++) {
        const struct status_domain *domain = &finder->view->domains[i];

        if (domain->verdict != verdict)
            continue;
        describe(finder, domain);
        tell(finder, (struct problem){.health = domain->health,
                                      .backup = domain->backup,
                                      .domain = domain,
                                      .advice = domain->state.advice});
    }
}

static void find_drills(struct finder *finder)
{
    for (size_t i = 0; i < finder->view->backup_count; i++) {
        const struct status_backup *backup = &finder->view->backups[i];

        if (backup->drill_health == HEALTH_OK)
            continue;
        status_append_drill(&finder->sentence, finder->view, backup);
        tell(finder, (struct problem){
                         .health = backup->drill_health,
                         .backup = backup,
                         .advice = status_drill_advice(backup->drill.outcome, backup->drill.code)});
    }
}

static void find_unseen(struct finder *finder)
{
    for (size_t i = 0; i < finder->view->backup_count; i++) {
        const struct status_backup *backup = &finder->view->backups[i];

        if (backup->unseen_ms == 0)
            continue;
        status_append_unseen(&finder->sentence, finder->view, backup);
        tell(finder, (struct problem){.health = HEALTH_WARNING,
                                      .backup = backup,
                                      .advice = status_unseen_advice});
    }
}

static void find_certificates(struct finder *finder)
{
    for (size_t i = 0; i < finder->view->backup_count; i++) {
        const struct status_backup *backup = &finder->view->backups[i];
        long long days = (long long)backup->certificate_days;

        if (backup->health == HEALTH_OK)
            continue;
        (void)buffer_append_format(&finder->sentence, "certificate %s %lld days%s",
                                   days < 0 ? "ended" : "ends in", llabs(days),
                                   days < 0 ? " ago" : "");
        tell(finder, (struct problem){.health = backup->health, .backup = backup, .advice = ""});
    }
}

static void find_outage(struct finder *finder)
{
    const struct status_view *view = finder->view;
    const struct store_life *life = &view->life;

    (void)buffer_append_format(&finder->sentence, "your mail server %s is down",
                               view->config->primary.address.text);
    if (life->since_ms > 0)
        (void)buffer_append_format(&finder->sentence, " for %s",
                                   word_span((view->now_ms - life->since_ms) / 1000).text);
    if (life->text[0] != '\0')
        (void)buffer_append_format(&finder->sentence, ": %s",
                                   status_primary_text(view, life->text));
    tell(finder, (struct problem){.health = HEALTH_CRITICAL, .advice = ""});
}

/* Held domains are no problem of their own while the primary is down. */
void problems_find(const struct status_view *view, problem_tell *tell_one, void *context)
{
    struct finder finder = {.view = view, .tell = tell_one, .context = context};

    buffer_init(&finder.sentence, STATUS_SENTENCE_SIZE_MAX);
    if (view->primary == OUTAGE_DOWN)
        find_outage(&finder);
    find_domains(&finder, VERDICT_SILENT);
    find_domains(&finder, VERDICT_REFUSED);
    if (view->trouble.text[0] != '\0') {
        (void)buffer_append_text(&finder.sentence, view->trouble.text);
        tell(&finder, (struct problem){.health = HEALTH_WARNING, .advice = ""});
    }
    find_domains(&finder, VERDICT_FAILING);
    if (view->primary != OUTAGE_DOWN)
        find_domains(&finder, VERDICT_HELD);
    find_unseen(&finder);
    find_drills(&finder);
    find_certificates(&finder);
    if (view->daemon_health != HEALTH_OK) {
        (void)buffer_append_text(&finder.sentence, "the daemon is not running");
        if (view->life.alive_ms > 0)
            (void)buffer_append_format(&finder.sentence, ", last sign of life %s ago",
                                       word_span((view->now_ms - view->life.alive_ms) / 1000).text);
        tell(&finder, (struct problem){.health = view->daemon_health, .advice = ""});
    }
    find_domains(&finder, VERDICT_UNKNOWN);
    buffer_done(&finder.sentence);
}

/* The daemon's drills: each backup at the times of `drill`, put off by jitter as polls are. */
#include "pull.h"

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>
#include <stdlib.h>

struct drilling {
    struct drilling_options options;
    struct timing timing;
    struct durations none; /* nothing is tried again */
    struct plan *plan;
    struct drills *drills; /* under way; NULL: none */
};

static void leave_out(const struct backup_config *backup, enum level level, const char *why)
{
    const struct log_field fields[] = {
        {.key = "backup", .text = backup->name},
        {.key = "decision", .text = "no drill"},
        {.key = "why", .text = why},
    };

    log_fields(level, fields, COUNT_OF(fields));
}

static void cannot_note(const struct backup_config *backup, const char *why)
{
    char words[64 + ERROR_TEXT_SIZE];

    (void)snprintf(words, sizeof words,
                   "it could not be remembered that a message was sent today: %s", why);
    leave_out(backup, LEVEL_WARNING, words);
}

static void on_moved(void *context, const struct drill *drill)
{
    const struct drilling *drilling = context;

    if (drill->is_over && drill->why_not[0] != '\0')
        cannot_note(drill->backup, drill->why_not);
    drilling->options.moved(drilling->options.context, drill);
}

static bool is_open(const struct drills *drills, const struct backup_config *backup)
{
    for (size_t i = 0; drills != NULL && i < drills_count(drills); i++) {
        const struct drill *drill = drills_at(drills, i);

        if (drill->backup == backup && !drill->is_over)
            return true;
    }
    return false;
}

static void begin(struct drilling *drilling, const struct backup_config *backup)
{
    static const struct selection all;
    const struct drilling_options *options = &drilling->options;
    const struct polling *polling = options->polling;
    struct drill_recipient recipient;
    struct error error;
    int64_t sent_ms;

    if (is_open(drilling->drills, backup)) {
        leave_out(backup, LEVEL_INFO, "its last drill is still under way");
        return;
    }
    if (!drill_claim(polling->claims, backup, &error)) {
        leave_out(backup, LEVEL_INFO, "another process is drilling it");
        return;
    }
    enum status status = drill_sent_today(options->store, backup, options->offset, clock_wall_ms(),
                                          &sent_ms, &error);
    if (status != STATUS_OK) {
        cannot_note(backup, error.text);
    } else if (sent_ms != 0) {
        leave_out(backup, LEVEL_INFO, "a message was sent today already");
    } else if (!drill_recipient_find(&recipient, polling->config, backup, &all)) {
        leave_out(backup, LEVEL_INFO,
                  "it is asked for queues alone, which say nothing of a domain to send to");
    } else {
        if (drilling->drills == NULL)
            drilling->drills = drills_new(&(struct drills_options){.polling = polling,
                                                                   .wait_ms = COURSE_WAIT_MS,
                                                                   .moved = on_moved,
                                                                   .context = drilling});
        drills_add(drilling->drills, backup, &recipient);
        return;
    }
    drill_give_back(polling->claims, backup);
}

/* What falls due while the primary is not up waits until it is: in an outage a message would only be held. */
int64_t drilling_advance(struct drilling *drilling, bool may_begin, struct instant now)
{
    enum plan_cause cause;
    size_t place;

    if (drilling == NULL)
        return INT64_MAX;
    (void)plan_tick(drilling->plan, now);
    while (may_begin && plan_take(drilling->plan, now, &place, &cause)) {
        plan_ended(drilling->plan, place, now, false);
        begin(drilling, &drilling->options.polling->config->backups[place]);
    }
    if (drilling->drills != NULL) {
        drills_advance(drilling->drills);
        if (drills_are_over(drilling->drills)) {
            drills_free(drilling->drills);
            drilling->drills = NULL;
        }
    }
    return may_begin ? plan_next_ms(drilling->plan, now) : INT64_MAX;
}

void drilling_stop(struct drilling *drilling)
{
    if (drilling == NULL || drilling->drills == NULL)
        return;
    drills_stop(drilling->drills);
    drills_advance(drilling->drills);
    drills_free(drilling->drills);
    drilling->drills = NULL;
}

struct drilling *drilling_new(const struct drilling_options *options, struct instant now)
{
    const struct config *config = options->polling->config;
    struct drilling *drilling;

    if (config->drill == NULL)
        return NULL;
    drilling = memory_new(1, sizeof *drilling);
    drilling->options = *options;
    drilling->timing =
        (struct timing){.schedule = config->drill, .jitter_s = config->timing.jitter_s};
    drilling->plan = plan_new(&(struct plan_options){.most = config->backup_count,
                                                     .recovery = &drilling->none,
                                                     .offset = options->offset,
                                                     .seed = options->seed},
                              now);
    for (size_t i = 0; i < config->backup_count; i++)
        plan_add(drilling->plan, &drilling->timing, now);
    return drilling;
}

void drilling_free(struct drilling *drilling)
{
    if (drilling == NULL)
        return;
    drills_free(drilling->drills);
    plan_free(drilling->plan);
    free(drilling);
}

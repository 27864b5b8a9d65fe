/* Looks at the primary every `watch`, and before polls begin. A primary that was down or refused
 * everything, and is ready again, ends an outage. */
#include "pull.h"

#include <mxpull/base/log.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

enum {
    UPKEEP_MS = 3600 * 1000
};

static const char unwatched[] =
    "nobody watched: mxpull was not running, or stopped, or the machine was off or asleep";

void watch_start(struct watch *watch, struct agenda *agenda, struct instant now)
{
    const struct primary_config *primary = &agenda->polling.config->primary;
    struct recorder *recorder = agenda->polling.recorder;
    struct store *store = agenda->store;
    struct store_life life = {0};
    struct store_outage outage = {0};
    struct error error;
    bool found = false;

    if (store != NULL && recorder_check(recorder, store_get_life(store, &life, &error), &error))
        (void)recorder_check(recorder, store_last_outage(store, &outage, &found, &error), &error);
    /* The daemon runs again; the last sign of life stays until the first look. */
    if (life.has_ended)
        (void)recorder_check(recorder, store_set_alive(store, life.alive_ms, false, &error),
                             &error);
    /* An unknown time counts as too long ago. */
    if (life.has_lived && life.alive_ms == 0)
        life.alive_ms = now.wall_ms - 2 * primary->watch_s * 1000 - 1;
    outage_init(
        &watch->outage, primary->watch_s,
        &(struct outage_past){.alive_ms = life.alive_ms,
                              .has_ended = life.has_ended,
                              .outage_ms = found && outage.ended_ms == 0 ? outage.began_ms : 0},
        now);
    watch->recovered_ms = found ? outage.ended_ms : 0;
    watch_resume(watch, agenda, now);
}

void watch_resume(struct watch *watch, struct agenda *agenda, struct instant now)
{
    watch->agenda = agenda;
    watch->outage.watch_ms = agenda->polling.config->primary.watch_s * 1000;
    watch->outage.next_look_ms = now.monotonic_ms;
    plan_resume_recovery(agenda->plan, watch->recovered_ms, now);
}

/* ---- what is written ---- */

static void log_event(const struct watch *watch, enum level level, const char *event,
                      int64_t seconds, const char *text)
{
    const struct log_field fields[] = {
        {.key = "event", .text = event},
        {.key = "primary", .text = watch->agenda->polling.config->primary.address.text},
        {.key = "seconds", .number = seconds},
        {.key = "text", .text = text},
    };

    log_fields(level, fields, COUNT_OF(fields));
}

static void write_primary(const struct watch *watch, const char *text, struct instant now)
{
    const struct store_primary primary = {.is_up = watch->outage.state == OUTAGE_UP,
                                          .looked_ms = watch->outage.looked_ms,
                                          .since_ms = watch->outage.since_ms,
                                          .text = text,
                                          .alive_ms = now.wall_ms};
    struct store *store = watch->agenda->store;
    struct error error;

    if (store != NULL)
        (void)recorder_check(watch->agenda->polling.recorder,
                             store_set_primary(store, &primary, &error), &error);
}

/* "connected, no greeting yet, since 2026-11-28 16:00:12" */
static void write_wait(const struct watch *watch, const struct preflight_wait *wait,
                       struct instant now)
{
    char since[CLOCK_TEXT_SIZE];
    struct buffer text;

    buffer_init(&text, ERROR_TEXT_SIZE);
    preflight_wait_format(&text, wait);
    (void)buffer_append_format(
        &text, ", since %s",
        clock_local_text(since, now.wall_ms - (now.monotonic_ms - wait->since_ms)));
    write_primary(watch, text.bytes, now);
    buffer_done(&text);
}

/* ---- looking ---- */

/* Returns whether an outage has just ended. */
static bool note_outage(struct watch *watch, const char *why, struct instant now)
{
    struct agenda *agenda = watch->agenda;
    bool is_full =
        agenda->looks_at_all || agenda->polling.config->primary.preflight != PREFLIGHT_RECIPIENTS;
    int64_t began_ms = 0;
    enum outage_event event = outage_looked(&watch->outage, why == NULL, now, &began_ms);
    int64_t seconds = (now.wall_ms - began_ms) / 1000;

    watch->has_news = watch->has_news || event != OUTAGE_NOTHING;
    switch (event) {
    case OUTAGE_NOTHING:
        if (why == NULL && is_full)
            agenda_free_held(agenda, now);
        break;
    case OUTAGE_BEGAN:
        log_event(watch, LEVEL_ERROR, "outage", seconds, why);
        recorder_outage(agenda->polling.recorder, began_ms, 0, why);
        watch->recovered_ms = 0;
        break;
    case OUTAGE_ENDED:
        log_event(watch, LEVEL_WARNING, "outage-ended", seconds,
                  "your mail server takes mail again");
        recorder_outage(agenda->polling.recorder, began_ms, now.wall_ms, unwatched);
        watch->recovered_ms = now.wall_ms;
        recovery_begin(agenda->recovery, agenda->polling.config, began_ms, now);
        break;
    }
    return event == OUTAGE_ENDED;
}

void watch_take_look(struct watch *watch, struct instant now)
{
    struct agenda *agenda = watch->agenda;
    bool has_ended = false;

    if (agenda->look == NULL || !agenda->look->is_over)
        return;
    const char *why = agenda_trouble(agenda);
    if (agenda_note_look(agenda)) {
        has_ended = note_outage(watch, why, now);
        (void)text_copy(watch->text, sizeof watch->text, why != NULL ? why : "");
        /* The primary refuses all domains of this look: a look at every domain decides. */
        if (why == NULL && !agenda->looks_at_all &&
            preflight_refusal_of_all(agenda->look) != NULL) {
            watch->wants_full = true;
            watch->outage.next_look_ms = now.monotonic_ms;
        }
        write_primary(watch, watch->text, now);
        if (now.wall_ms >= watch->next_upkeep_ms || watch->next_upkeep_ms > now.wall_ms + UPKEEP_MS)
            watch->next_upkeep_ms = recorder_prune(agenda->polling.recorder, now.wall_ms)
                                        ? now.wall_ms
                                        : now.wall_ms + UPKEEP_MS;
    } else {
        watch->outage.next_look_ms = now.monotonic_ms + watch->outage.watch_ms;
    }
    if (has_ended)
        agenda_recover(agenda, now);
    else
        agenda_admit(agenda, agenda->look);
    agenda_end_look(agenda);
}

/* While the primary is up, a look tries the domains of the due polls; else every domain. */
void watch_look(struct watch *watch, struct instant now)
{
    struct agenda *agenda = watch->agenda;

    if (agenda->look != NULL ||
        (agenda->due_count == 0 && now.monotonic_ms < watch->outage.next_look_ms))
        return;
    agenda_look(agenda,
                watch->outage.state != OUTAGE_UP || agenda_has_held(agenda) || watch->wants_full);
    watch->wants_full = false;
    watch->next_alive_ms = now.monotonic_ms + watch->outage.watch_ms;
    watch_take_look(watch, now); /* it may have ended at once */
}

int64_t watch_next_ms(struct watch *watch, struct instant now)
{
    const struct preflight *look = watch->agenda->look;
    const struct preflight_wait *wait = look != NULL && !look->is_over ? &look->wait : NULL;

    if (look == NULL)
        return watch->outage.next_look_ms;
    /* Before the first look the last sign of life is that of an earlier run. */
    if (wait == NULL || watch->outage.state == OUTAGE_UNKNOWN)
        return INT64_MAX;
    if (now.monotonic_ms >= watch->next_alive_ms) {
        watch->next_alive_ms = now.monotonic_ms + watch->outage.watch_ms;
        if (watch->outage.state == OUTAGE_UP)
            write_wait(watch, wait, now);
        else
            write_primary(watch, watch->text, now);
    }
    return watch->next_alive_ms;
}

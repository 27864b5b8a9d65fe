/* The primary is looked at every `watch`, and before polls begin. One that was down, or refused
 * everything, and is well again ends an outage: everything is asked at once. */
#include "watch.h"

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
    const struct primary_config *primary = &agenda->config->primary;
    struct store *store = agenda->options->store;
    struct recorder *recorder = agenda->recorder;
    struct store_life life = {0};
    struct store_outage outage = {0};
    struct error error;
    bool found = false;

    watch->options = agenda->options;
    if (store != NULL && recorder_check(recorder, store_get_life(store, &life, &error), &error))
        (void)recorder_check(recorder, store_last_outage(store, &outage, &found, &error), &error);
    /* We live again; the last sign of life stays what it was until a look has followed. */
    if (life.has_ended)
        (void)recorder_check(recorder, store_set_alive(store, life.alive_ms, false, &error),
                             &error);
    /* Where it is not known when, nobody has watched for a while. */
    if (life.has_lived && life.alive_ms == 0)
        life.alive_ms = now.wall_ms - 2 * primary->watch_s * 1000 - 1;
    outage_init(
        &watch->outage, primary->watch_s,
        &(struct outage_past){.alive_ms = life.alive_ms,
                              .has_ended = life.has_ended,
                              .outage_ms = found && outage.ended_ms == 0 ? outage.began_ms : 0},
        now);
    watch->recovered_ms = found ? outage.ended_ms : 0;
    plan_resume_recovery(agenda->plan, watch->recovered_ms, now);
}

static void end_look(struct watch *watch)
{
    preflight_free(watch->look);
    watch->look = NULL;
}

void watch_resume(struct watch *watch, struct agenda *agenda, struct instant now)
{
    end_look(watch);
    watch->outage.watch_ms = agenda->config->primary.watch_s * 1000;
    watch->outage.next_look_ms = now.monotonic_ms;
    plan_resume_recovery(agenda->plan, watch->recovered_ms, now);
}

bool watch_is_asked_first(const struct agenda *agenda)
{
    return agenda->config->primary.preflight != PREFLIGHT_OFF && !agenda->options->force;
}

/* ---- looking ---- */

static void look_ended(void *context)
{
    struct watch *watch = context;

    watch->has_looked = true;
}

/* Which domains the look asks for. While all is well the watch is content with the greeting; while
 * it is not, every domain counts. */
static void choose_domains(struct watch *watch, struct agenda *agenda, struct domain_list *domains)
{
    watch->is_full = false;
    if (agenda->config->primary.preflight != PREFLIGHT_RECIPIENTS)
        return;
    if (watch->outage.state != OUTAGE_UP || agenda_has_held(agenda) || watch->wants_full) {
        watch->is_full = true;
        watch->wants_full = false;
        domain_list_add_all(domains, agenda->config);
    }
    for (size_t i = 0; i < agenda->due_count && !watch->is_full; i++)
        poll_add_domains(agenda->due[i], domains);
    recorder_order_look(agenda->recorder, domains->nodes, domains->count);
}

static void begin_look(struct watch *watch, struct agenda *agenda, struct instant now)
{
    struct domain_list domains = {0};

    choose_domains(watch, agenda, &domains);
    watch->has_looked = false;
    watch->next_alive_ms = now.monotonic_ms + watch->outage.watch_ms;
    watch->look = preflight_new(&(struct preflight_options){
        .loop = watch->options->loop,
        .config = agenda->config,
        .domains = domains.nodes,
        .count = domains.count,
        .limit_ms = preflight_limit_ms(agenda->config),
        .ended = look_ended,
        .context = watch,
    });
    domain_list_done(&domains);
}

/* ---- what is written ---- */

static void log_event(const struct agenda *agenda, enum level level, const char *event,
                      int64_t seconds, const char *text)
{
    const struct log_field fields[] = {
        {.key = "event", .text = event},
        {.key = "primary", .text = agenda->config->primary.address.text},
        {.key = "seconds", .number = seconds},
        {.key = "text", .text = text},
    };

    log_fields(level, fields, COUNT_OF(fields));
}

static void write_primary(struct watch *watch, struct agenda *agenda, const char *text,
                          struct instant now)
{
    const struct store_primary primary = {.is_up = watch->outage.state == OUTAGE_UP,
                                          .looked_ms = watch->outage.looked_ms,
                                          .since_ms = watch->outage.since_ms,
                                          .text = text,
                                          .alive_ms = now.wall_ms};
    struct store *store = watch->options->store;
    struct error error;

    if (store != NULL)
        (void)recorder_check(agenda->recorder, store_set_primary(store, &primary, &error), &error);
}

/* "connected, no greeting yet, since 2026-11-28 16:00:12" */
static void write_wait(struct watch *watch, struct agenda *agenda,
                       const struct preflight_wait *wait, struct instant now)
{
    char since[CLOCK_TEXT_SIZE];
    struct buffer text;

    buffer_init(&text, ERROR_TEXT_SIZE);
    preflight_wait_format(&text, wait);
    (void)buffer_append_format(
        &text, ", since %s",
        clock_local_text(since, now.wall_ms - (now.monotonic_ms - wait->since_ms)));
    write_primary(watch, agenda, text.bytes, now);
    buffer_done(&text);
}

static void prune(struct watch *watch, struct agenda *agenda, int64_t now_ms)
{
    if (now_ms < watch->next_upkeep_ms && watch->next_upkeep_ms <= now_ms + UPKEEP_MS)
        return;
    watch->next_upkeep_ms = recorder_prune(agenda->recorder, now_ms) ? now_ms : now_ms + UPKEEP_MS;
}

/* ---- what a look has found ---- */

/* Why nothing can be asked now, or NULL. Only a look at every domain can tell that all are refused. */
static const char *trouble(const struct watch *watch)
{
    const char *why = preflight_why(watch->look);

    return why == NULL && watch->is_full ? preflight_refusal_of_all(watch->look) : why;
}

/* Returns whether an outage has just ended. */
static bool note_outage(struct watch *watch, struct agenda *agenda, const char *why,
                        struct instant now)
{
    int64_t began_ms = 0;
    enum outage_event event = outage_looked(&watch->outage, why == NULL, now, &began_ms);

    watch->has_news = watch->has_news || event != OUTAGE_NOTHING;
    switch (event) {
    case OUTAGE_NOTHING:
        if (why == NULL &&
            (watch->is_full || agenda->config->primary.preflight != PREFLIGHT_RECIPIENTS))
            agenda_free_held(agenda, watch->look, now);
        break;
    case OUTAGE_BEGAN:
        log_event(agenda, LEVEL_ERROR, "outage", (now.wall_ms - began_ms) / 1000, why);
        recorder_outage(agenda->recorder, began_ms, 0, why);
        watch->recovered_ms = 0;
        break;
    case OUTAGE_ENDED:
        log_event(agenda, LEVEL_WARNING, "outage-ended", (now.wall_ms - began_ms) / 1000,
                  "your mail server takes mail again");
        recorder_outage(agenda->recorder, began_ms, now.wall_ms, unwatched);
        watch->recovered_ms = now.wall_ms;
        break;
    }
    return event == OUTAGE_ENDED;
}

void watch_take_look(struct watch *watch, struct agenda *agenda, struct instant now)
{
    if (watch->look == NULL || !watch->has_looked)
        return;
    const char *why = trouble(watch);
    bool has_ended = false;

    if (preflight_shortage(watch->look) != NULL) {
        log_message(LEVEL_WARNING, "your mail server was not looked at: %s",
                    preflight_shortage(watch->look));
        watch->outage.next_look_ms = now.monotonic_ms + watch->outage.watch_ms;
    } else {
        recorder_note_look(agenda->recorder, watch->look);
        has_ended = note_outage(watch, agenda, why, now);
        (void)text_copy(watch->text, sizeof watch->text, why != NULL ? why : "");
        /* All that was asked for is refused: whether everything else is, too, decides. */
        if (why == NULL && !watch->is_full && preflight_refusal_of_all(watch->look) != NULL) {
            watch->wants_full = true;
            watch->outage.next_look_ms = now.monotonic_ms;
        }
        write_primary(watch, agenda, watch->text, now);
        prune(watch, agenda, now.wall_ms);
    }
    if (has_ended)
        agenda_recover(agenda, watch->look, now);
    else
        agenda_admit(agenda, watch->look);
    end_look(watch);
}

void watch_look(struct watch *watch, struct agenda *agenda, struct instant now)
{
    if (watch->look != NULL ||
        (agenda->due_count == 0 && now.monotonic_ms < watch->outage.next_look_ms))
        return;
    begin_look(watch, agenda, now);
    watch_take_look(watch, agenda, now); /* it may have ended at once */
}

int64_t watch_next_ms(struct watch *watch, struct agenda *agenda, struct instant now)
{
    const struct preflight_wait *wait = watch->look != NULL ? preflight_waits(watch->look) : NULL;

    if (watch->look == NULL)
        return watch->outage.next_look_ms;
    /* Before the first look the last sign of life is that of an earlier run. */
    if (wait == NULL || watch->outage.state == OUTAGE_UNKNOWN)
        return INT64_MAX;
    if (now.monotonic_ms >= watch->next_alive_ms) {
        watch->next_alive_ms = now.monotonic_ms + watch->outage.watch_ms;
        if (watch->outage.state == OUTAGE_UP)
            write_wait(watch, agenda, wait, now);
        else
            write_primary(watch, agenda, watch->text, now);
    }
    return watch->next_alive_ms;
}

void watch_end(struct watch *watch, struct agenda *agenda, struct instant now)
{
    struct store *store = watch->options->store;
    struct error error;

    end_look(watch);
    if (store != NULL)
        (void)recorder_check(agenda->recorder, store_set_alive(store, now.wall_ms, true, &error),
                             &error);
}

void watch_done(struct watch *watch)
{
    end_look(watch);
}

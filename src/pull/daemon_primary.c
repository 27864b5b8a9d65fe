/* The daemon's eye on our own mail server: it is looked at every `watch`, and before polls begin. A
 * server that was down, or refused everything, and is well again ends an outage: everything is asked
 * at once. */
#include "daemon_internal.h"

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/session/preflight.h>

enum {
    UPKEEP_MS = 3600 * 1000
};

static const char unwatched[] =
    "nobody watched: mxpull was not running, or stopped, or the machine was off or asleep";

void primary_start(struct daemon *daemon, struct instant now)
{
    const struct config *config = daemon->current->config;
    struct store *store = daemon->options.store;
    struct store_life life = {0};
    struct store_outage outage = {0};
    struct error error;
    bool found = false;

    if (store != NULL &&
        recorder_check(daemon->record, store_get_life(store, &life, &error), &error))
        (void)recorder_check(daemon->record, store_last_outage(store, &outage, &found, &error),
                             &error);
    /* It lives again; its last sign of life stays what it was, until a look has followed. */
    if (life.has_ended)
        (void)recorder_check(daemon->record, store_set_alive(store, life.alive_ms, false, &error),
                             &error);
    /* Where it is not known when, nobody has watched for a while. */
    if (life.has_lived && life.alive_ms == 0)
        life.alive_ms = now.wall_ms - 2 * config->primary.watch_s * 1000 - 1;
    outage_init(
        &daemon->primary, config->primary.watch_s,
        &(struct outage_past){.alive_ms = life.alive_ms,
                              .has_ended = life.has_ended,
                              .outage_ms = found && outage.ended_ms == 0 ? outage.began_ms : 0},
        now);
}

bool primary_is_asked_first(const struct daemon *daemon)
{
    return daemon->current->config->primary.preflight != PREFLIGHT_OFF && !daemon->options.force;
}

/* ---- looking ---- */

static void look_ended(void *context)
{
    struct daemon *daemon = context;

    daemon->looked = true;
}

static bool has_held(const struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->current->config->backup_count; i++) {
        if (daemon->held[i] > 0)
            return true;
    }
    return false;
}

/* Which domains the look asks for. While all is well the watch is content with the greeting; while
 * it is not, every domain counts. */
static void choose_domains(struct daemon *daemon, struct domain_list *domains)
{
    daemon->look_is_full = false;
    if (daemon->current->config->primary.preflight != PREFLIGHT_RECIPIENTS)
        return;
    if (daemon->primary.state != OUTAGE_UP || has_held(daemon) || daemon->wants_full_look) {
        daemon->look_is_full = true;
        daemon->wants_full_look = false;
        domain_list_add_all(domains, daemon->current->config);
        return;
    }
    for (size_t i = 0; i < daemon->due_count; i++)
        poll_add_domains(daemon->due[i], domains);
}

void primary_look(struct daemon *daemon, struct instant now)
{
    struct domain_list domains = {0};

    if (daemon->look != NULL ||
        (daemon->due_count == 0 && now.monotonic_ms < daemon->primary.next_look_ms))
        return;
    choose_domains(daemon, &domains);
    daemon->looked = false;
    daemon->next_alive_ms = now.monotonic_ms + daemon->primary.watch_ms;
    daemon->look = preflight_new(&(struct preflight_options){
        .loop = daemon->options.loop,
        .config = daemon->current->config,
        .domains = domains.nodes,
        .count = domains.count,
        .order = recorder_order_look,
        .memory = daemon->record,
        .limit_ms = preflight_limit_ms(daemon->current->config),
        .ended = look_ended,
        .context = daemon,
    });
    domain_list_done(&domains);
}

void primary_look_done(struct daemon *daemon)
{
    preflight_free(daemon->look);
    daemon->look = NULL;
}

/* ---- what it has found ---- */

static void log_event(const struct daemon *daemon, enum level level, const char *event,
                      int64_t seconds, const char *text)
{
    const struct log_field fields[] = {
        {.key = "event", .text = event},
        {.key = "primary", .text = daemon->current->config->primary.address.text},
        {.key = "seconds", .number = seconds},
        {.key = "text", .text = text},
    };

    log_fields(level, fields, COUNT_OF(fields));
}

static void write_outage(struct daemon *daemon, int64_t began_ms, int64_t ended_ms, const char *why)
{
    struct store *store = daemon->options.store;
    struct error error;

    if (store == NULL)
        return;
    enum status status = store_outage_begin(store, began_ms, why, &error);
    if (status == STATUS_OK && ended_ms != 0)
        status = store_outage_end(store, ended_ms, &error);
    (void)recorder_check(daemon->record, status, &error);
}

static void write_primary(struct daemon *daemon, const char *text, struct instant now)
{
    const struct outage *primary = &daemon->primary;
    const struct store_primary life = {.is_up = primary->state == OUTAGE_UP,
                                       .looked_ms = primary->looked_ms,
                                       .since_ms = primary->since_ms,
                                       .text = text,
                                       .alive_ms = now.wall_ms};
    struct error error;

    if (daemon->options.store == NULL)
        return;
    enum status status = recorder_flush(daemon->record, &error);
    if (status == STATUS_OK)
        status = store_set_primary(daemon->options.store, &life, &error);
    (void)recorder_check(daemon->record, status, &error);
}

/* "connected, no greeting yet, since 2026-11-28 16:00:12" */
static void write_wait(struct daemon *daemon, const struct preflight_wait *wait, struct instant now)
{
    char since[CLOCK_TEXT_SIZE];
    struct buffer text;

    buffer_init(&text, ERROR_TEXT_SIZE);
    preflight_wait_format(&text, wait);
    (void)buffer_append_format(
        &text, ", since %s",
        clock_local_text(since, now.wall_ms - (now.monotonic_ms - wait->since_ms)));
    write_primary(daemon, text.bytes, now);
    buffer_done(&text);
}

int64_t primary_watch(struct daemon *daemon, struct instant now)
{
    const struct preflight_wait *wait = daemon->look != NULL ? preflight_waits(daemon->look) : NULL;

    /* Before the first look the last sign of life is that of an earlier run. */
    if (wait == NULL || daemon->primary.state == OUTAGE_UNKNOWN)
        return INT64_MAX;
    if (now.monotonic_ms >= daemon->next_alive_ms) {
        daemon->next_alive_ms = now.monotonic_ms + daemon->primary.watch_ms;
        if (daemon->primary.state == OUTAGE_UP)
            write_wait(daemon, wait, now);
        else
            write_primary(daemon, daemon->primary_text, now);
    }
    return daemon->next_alive_ms;
}

static void write_life(struct daemon *daemon, struct instant now)
{
    write_primary(daemon, daemon->primary_text, now);
    if (daemon->options.store == NULL)
        return;
    if (now.wall_ms >= daemon->next_upkeep_ms || daemon->next_upkeep_ms > now.wall_ms + UPKEEP_MS) {
        daemon->next_upkeep_ms = now.wall_ms;
        if (!recorder_prune(daemon->record, now.wall_ms))
            daemon->next_upkeep_ms += UPKEEP_MS;
    }
}

void primary_end(struct daemon *daemon, struct instant now)
{
    struct error error;

    primary_look_done(daemon);
    if (daemon->options.store != NULL)
        (void)recorder_check(daemon->record,
                             store_set_alive(daemon->options.store, now.wall_ms, true, &error),
                             &error);
}

/* Why nothing can be asked now, or NULL. Only a look at every domain can tell that all are refused.
 */
static const char *trouble(const struct daemon *daemon)
{
    const char *why = preflight_why(daemon->look);

    return why == NULL && daemon->look_is_full ? preflight_refusal_of_all(daemon->look) : why;
}

/* Asks backups again of which fewer domains are refused than when they were asked last. */
static void free_held(struct daemon *daemon, struct instant now)
{
    const struct config *config = daemon->current->config;

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];
        size_t refused = 0;

        if (daemon->held[i] == 0)
            continue;
        for (size_t j = 0; j < backup->domain_count; j++)
            refused += preflight_refusal(daemon->look, &backup->domains[j]) != NULL ? 1 : 0;
        if (backup->method != METHOD_ETRN && refused > 0)
            refused = daemon->held[i]; /* one refusal holds them all */
        if (refused < daemon->held[i]) {
            daemon->held[i] = refused;
            plan_recover(daemon->plan, i, now);
        }
    }
}

static void end_outage(struct daemon *daemon, struct instant now, int64_t began_ms)
{
    log_event(daemon, LEVEL_WARNING, "outage-ended", (now.wall_ms - began_ms) / 1000,
              "your mail server takes mail again");
    write_outage(daemon, began_ms, now.wall_ms, unwatched);
    for (size_t i = 0; i < daemon->current->config->backup_count; i++)
        daemon->held[i] = 0;
}

bool primary_take_look(struct daemon *daemon, struct instant now)
{
    const char *why = trouble(daemon);
    int64_t began_ms = 0;

    if (preflight_shortage(daemon->look) != NULL) {
        log_message(LEVEL_WARNING, "your mail server was not looked at: %s",
                    preflight_shortage(daemon->look));
        daemon->primary.next_look_ms = now.monotonic_ms + daemon->primary.watch_ms;
        return false;
    }
    recorder_note_look(daemon->record, daemon->look);
    enum outage_event event = outage_looked(&daemon->primary, why == NULL, now, &began_ms);

    (void)text_copy(daemon->primary_text, sizeof daemon->primary_text, why != NULL ? why : "");
    switch (event) {
    case OUTAGE_NOTHING:
        if (why == NULL && daemon->look_is_full)
            free_held(daemon, now);
        break;
    case OUTAGE_BEGAN:
        log_event(daemon, LEVEL_ERROR, "outage", (now.wall_ms - began_ms) / 1000, why);
        write_outage(daemon, began_ms, 0, why);
        break;
    case OUTAGE_ENDED: end_outage(daemon, now, began_ms); break;
    }
    /* All that was asked for is refused: whether everything else is, too, decides. */
    if (why == NULL && !daemon->look_is_full && preflight_refusal_of_all(daemon->look) != NULL) {
        daemon->wants_full_look = true;
        daemon->primary.next_look_ms = now.monotonic_ms;
    }
    daemon->is_urgent = daemon->is_urgent || event != OUTAGE_NOTHING;
    write_life(daemon, now);
    return event == OUTAGE_ENDED;
}

/* The plan of all backups: which one is due, and when the next one is. What makes a backup due is in
 * backup_timer.c; here are the configuration's order and the two clocks. */
#include <mxpull/plan/plan.h>

#include <mxpull/base/memory.h>

#include "backup_timer.h"

#include <assert.h>
#include <stdlib.h>

enum {
    SET_BACK_MS = 1000 /* less is the clock being kept right */
};

struct entry {
    struct backup_timer timer;
    struct plan_memory told; /* as plan_take_changed has seen it */
};

/* All timers are looked at only after one of them has changed. */
struct plan {
    size_t count;
    struct backup_timer_common common;
    struct entry *entries; /* as configured */
    size_t turn;           /* the entry that is looked at first: all have their turn */
    size_t unread;   /* before this one nothing has changed that plan_take_changed has not told */
    int64_t wake_ms; /* when the first one is due; INT64_MIN: not known */
    struct instant ticked;
};

const char *plan_cause_name(enum plan_cause cause)
{
    switch (cause) {
    case PLAN_SCHEDULE: return "schedule";
    case PLAN_RETRY: return "retry";
    case PLAN_RECOVERY: return "recovery";
    case PLAN_NOW: return "now";
    }
    return "?";
}

static void stir(struct plan *plan)
{
    plan->unread = 0;
    plan->wake_ms = INT64_MIN;
}

struct plan *plan_new(const struct plan_options *options, struct instant now)
{
    struct plan *plan = memory_new(1, sizeof *plan);

    plan->common = (struct backup_timer_common){
        .offset = options->offset, .recovery = options->recovery, .chance = options->seed};
    plan->ticked = now;
    plan->count = options->count;
    plan->entries = memory_new(options->count, sizeof *plan->entries);
    for (size_t i = 0; i < plan->count; i++)
        backup_timer_init(&plan->entries[i].timer, options->timings[i], &plan->common, now.wall_ms);
    stir(plan);
    return plan;
}

void plan_free(struct plan *plan)
{
    if (plan == NULL)
        return;
    free(plan->entries);
    free(plan);
}

/* To be changed. */
static struct backup_timer *timer_of(struct plan *plan, size_t backup)
{
    assert(backup < plan->count);
    stir(plan);
    return &plan->entries[backup].timer;
}

void plan_remember(struct plan *plan, size_t backup, const struct plan_memory *memory,
                   struct instant now)
{
    backup_timer_remember(timer_of(plan, backup), memory, &plan->common, now.wall_ms);
    plan->entries[backup].told = *memory;
}

int64_t plan_tick(struct plan *plan, struct instant now)
{
    int64_t ahead_ms =
        (now.wall_ms - plan->ticked.wall_ms) - (now.monotonic_ms - plan->ticked.monotonic_ms);

    plan->ticked = now;
    for (size_t i = 0; i < plan->count && ahead_ms < -SET_BACK_MS; i++)
        backup_timer_set_back(timer_of(plan, i), &plan->common, ahead_ms, now.wall_ms);
    return ahead_ms;
}

bool plan_take(struct plan *plan, struct instant now, size_t *backup, enum plan_cause *cause)
{
    size_t count = plan->count;

    if (plan->wake_ms > now.wall_ms)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t index = plan->turn + i < count ? plan->turn + i : plan->turn + i - count;

        if (plan->entries[index].timer.wake_ms > now.wall_ms)
            continue;
        *backup = index;
        *cause = backup_timer_begin(timer_of(plan, index), &plan->common, now.wall_ms);
        plan->turn = index + 1;
        return true;
    }
    return false;
}

void plan_ended(struct plan *plan, size_t backup, struct instant now, bool again)
{
    backup_timer_ended(timer_of(plan, backup), &plan->common, now.wall_ms, again);
}

void plan_held(struct plan *plan, size_t backup, struct instant now)
{
    backup_timer_held(timer_of(plan, backup), &plan->common, now.wall_ms);
}

void plan_recover(struct plan *plan, size_t backup, struct instant now)
{
    backup_timer_recover(timer_of(plan, backup), &plan->common, now.wall_ms);
}

void plan_recover_all(struct plan *plan, struct instant now)
{
    for (size_t i = 0; i < plan->count; i++)
        plan_recover(plan, i, now);
}

void plan_resume_recovery(struct plan *plan, int64_t ended_ms, struct instant now)
{
    for (size_t i = 0; ended_ms != 0 && i < plan->count; i++)
        backup_timer_resume_recovery(timer_of(plan, i), &plan->common, ended_ms, now.wall_ms);
}

void plan_now(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        backup_timer_ask_now(timer_of(plan, i), &plan->common);
}

int64_t plan_next_ms(struct plan *plan, struct instant now)
{
    if (plan->wake_ms == INT64_MIN) {
        plan->wake_ms = INT64_MAX;
        for (size_t i = 0; i < plan->count; i++) {
            if (plan->entries[i].timer.wake_ms < plan->wake_ms)
                plan->wake_ms = plan->entries[i].timer.wake_ms;
        }
    }
    if (plan->wake_ms == INT64_MAX)
        return INT64_MAX;
    return now.monotonic_ms + (plan->wake_ms > now.wall_ms ? plan->wake_ms - now.wall_ms : 0);
}

struct plan_memory plan_memory(const struct plan *plan, size_t backup)
{
    assert(backup < plan->count);
    return backup_timer_memory(&plan->entries[backup].timer);
}

bool plan_is_running(const struct plan *plan, size_t backup)
{
    assert(backup < plan->count);
    return plan->entries[backup].timer.is_running;
}

bool plan_take_changed(struct plan *plan, size_t *backup)
{
    while (plan->unread < plan->count) {
        size_t place = plan->unread++;
        struct plan_memory memory = plan_memory(plan, place);
        struct plan_memory *told = &plan->entries[place].told;

        if (plan_is_running(plan, place) ||
            (memory.slot_ms == told->slot_ms && memory.due_ms == told->due_ms &&
             memory.asked_ms == told->asked_ms))
            continue;
        *told = memory;
        *backup = place;
        return true;
    }
    return false;
}

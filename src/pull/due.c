/* When one backup is to be asked: at the slots of its schedule, again after a poll that failed, at
 * the steps of a recovery, or now; the first of them.
 *
 *   WAITING --due_begin: all that is due is used up--> RUNNING
 *      ^                                                  |
 *      +---due_ended, due_held: what passed is covered----+
 *
 * Slots of an interval lie on a grid, which each slot's jitter leaves as it is; a poll that comes a
 * whole interval late begins a new grid. No poll begins within the smallest step of `retry` after
 * the one before, unless somebody says so or an outage has just ended: it is put off. That step counts
 * from the slot of a poll that came a little late, or each one would put off the next. */
#include "due.h"

#include <mxpull/base/status.h>

#include <assert.h>
#include <string.h>

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Uniform in [0, max_ms]: splitmix64. */
static int64_t draw(struct due_common *common, int64_t max_ms)
{
    common->chance += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t bits = common->chance;

    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    bits ^= bits >> 31;
    return max_ms <= 0 ? 0 : (int64_t)(bits % ((uint64_t)max_ms + 1));
}

static bool has_cron(const struct due *due)
{
    return due->timing->schedule != NULL;
}

static int64_t interval_ms(const struct due *due)
{
    return due->timing->interval_s * 1000;
}

/* The schedule's first time after a time. */
static int64_t slot_after(const struct due *due, const struct due_common *common, int64_t after_ms)
{
    return has_cron(due) ? schedule_cron_next(&due->cron, common->offset, after_ms)
                         : after_ms + interval_ms(due);
}

static int64_t jitter_max(const struct due *due, const struct due_common *common)
{
    if (due->timing->jitter_s == 0 || due->slot_ms == INT64_MAX)
        return 0;
    return schedule_jitter_between(due->timing, due->slot_ms,
                                   slot_after(due, common, due->slot_ms));
}

static void set_slot(struct due *due, struct due_common *common, int64_t slot_ms)
{
    due->slot_ms = slot_ms;
    due->slot_due_ms = slot_ms;
    if (slot_ms != INT64_MAX)
        due->slot_due_ms += draw(common, jitter_max(due, common));
}

static int64_t smallest_ms(const struct durations *durations)
{
    int64_t smallest_s = INT64_MAX / 1000;

    for (size_t i = 0; i < durations->count; i++)
        smallest_s = lesser(smallest_s, durations->seconds[i]);
    return durations->count == 0 ? 0 : smallest_s * 1000;
}

/* When the next step of the recovery is to come. */
static int64_t next_step_ms(const struct due *due, const struct due_common *common)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < common->recovery->count && due->recovery_ms != INT64_MAX; i++) {
        int64_t step_s = common->recovery->seconds[i];

        if (step_s > due->step_s)
            next_ms = lesser(next_ms, due->recovery_ms + step_s * 1000);
    }
    return next_ms;
}

static bool is_first_step_to_come(const struct due *due)
{
    return due->recovery_ms != INT64_MAX && due->step_s < 0;
}

/* To be called after every change. */
static void settle(struct due *due, const struct due_common *common)
{
    int64_t step_ms = next_step_ms(due, common);
    int64_t wake_ms = lesser(lesser(due->slot_due_ms, due->retry_ms), step_ms);
    int64_t gap_end_ms = due->floor_ms + smallest_ms(&due->timing->retry);

    if (due->floor_ms != 0 && wake_ms < gap_end_ms)
        wake_ms = gap_end_ms;
    if (is_first_step_to_come(due))
        wake_ms = lesser(wake_ms, step_ms);
    if (due->now)
        wake_ms = INT64_MIN;
    due->wake_ms = due->is_running ? INT64_MAX : wake_ms;
}

static void read_timing(struct due *due, const struct timing *timing)
{
    struct error error;

    due->timing = timing;
    due->cron = (struct cron){0};
    if (timing->schedule == NULL)
        return;
    enum status status = cron_parse(&due->cron, timing->schedule, &error);
    assert(status == STATUS_OK);
    (void)status;
}

void due_init(struct due *due, const struct timing *timing, struct due_common *common,
              int64_t now_ms)
{
    *due = (struct due){.retry_ms = INT64_MAX, .recovery_ms = INT64_MAX, .step_s = -1};
    read_timing(due, timing);
    if (has_cron(due))
        set_slot(due, common, slot_after(due, common, now_ms));
    else
        due->slot_ms = due->slot_due_ms = now_ms;
    settle(due, common);
}

static bool is_same_schedule(const struct timing *a, const struct timing *b)
{
    if (a->schedule != NULL && b->schedule != NULL && strcmp(a->schedule, b->schedule) != 0)
        return false;
    return (a->schedule == NULL) == (b->schedule == NULL) && a->interval_s == b->interval_s &&
           a->jitter_s == b->jitter_s;
}

void due_set_timing(struct due *due, const struct timing *timing, struct due_common *common,
                    int64_t now_ms)
{
    struct plan_memory memory = due_memory(due);
    bool is_same = is_same_schedule(due->timing, timing);

    read_timing(due, timing);
    if (is_same)
        settle(due, common);
    else
        due_remember(due, &memory, common, now_ms);
}

static int64_t remembered_cron_slot(const struct due *due, const struct plan_memory *memory,
                                    const struct due_common *common, int64_t now_ms)
{
    bool is_missed =
        memory->slot_ms != 0 && memory->slot_ms <= now_ms && memory->slot_ms > due->asked_ms;

    if (is_missed)
        return memory->slot_ms;
    if (due->asked_ms != 0)
        return slot_after(due, common, due->asked_ms);
    return slot_after(due, common, now_ms);
}

/* The stored slot may be too far ahead: the interval was longer then, or the clock. */
static int64_t remembered_interval_slot(const struct due *due, const struct plan_memory *memory,
                                        int64_t now_ms)
{
    int64_t slot_ms = memory->slot_ms != 0 ? memory->slot_ms : INT64_MAX;

    if (due->asked_ms != 0)
        slot_ms = lesser(slot_ms, due->asked_ms + interval_ms(due));
    return slot_ms == INT64_MAX ? now_ms : lesser(slot_ms, now_ms + interval_ms(due));
}

void due_remember(struct due *due, const struct plan_memory *memory, struct due_common *common,
                  int64_t now_ms)
{
    due->asked_ms = memory->asked_ms <= now_ms ? memory->asked_ms : 0;
    due->floor_ms = due->asked_ms;
    due->slot_ms = has_cron(due) ? remembered_cron_slot(due, memory, common, now_ms)
                                 : remembered_interval_slot(due, memory, now_ms);
    if (due->slot_ms == memory->slot_ms && memory->due_ms >= due->slot_ms &&
        memory->due_ms <= due->slot_ms + jitter_max(due, common))
        due->slot_due_ms = memory->due_ms;
    else if (due->slot_ms <= now_ms)
        due->slot_due_ms = due->slot_ms;
    else
        set_slot(due, common, due->slot_ms);
    if (memory->due_ms != 0 && memory->due_ms < due->slot_ms &&
        (memory->slot_ms == 0 || memory->due_ms < memory->slot_ms))
        due->retry_ms = memory->due_ms; /* what was to come before the slot still is */
    settle(due, common);
}

static void use_slot_up(struct due *due, struct due_common *common, int64_t now_ms)
{
    if (due->slot_due_ms > now_ms)
        return;
    bool is_missed = has_cron(due) || now_ms - due->slot_ms >= interval_ms(due);
    set_slot(due, common, slot_after(due, common, is_missed ? now_ms : due->slot_ms));
}

static void use_steps_up(struct due *due, const struct due_common *common, int64_t now_ms)
{
    int64_t next_ms;

    while ((next_ms = next_step_ms(due, common)) <= now_ms)
        due->step_s = (next_ms - due->recovery_ms) / 1000;
    if (next_ms == INT64_MAX)
        due->recovery_ms = INT64_MAX;
}

/* From when the least distance to the next poll counts. Where slots are no closer than that, one that
 * comes late by less than half of it leaves the next one in its place. */
static int64_t floor_of(const struct due *due, const struct due_common *common,
                        enum plan_cause cause, int64_t now_ms)
{
    int64_t least_ms = smallest_ms(&due->timing->retry);

    if (cause != PLAN_SCHEDULE || due->slot_ms > slot_after(due, common, due->slot_ms) - least_ms)
        return now_ms;
    return due->slot_due_ms > now_ms - least_ms / 2 ? due->slot_due_ms : now_ms - least_ms / 2;
}

enum plan_cause due_begin(struct due *due, struct due_common *common, int64_t now_ms)
{
    enum plan_cause cause = due->now                              ? PLAN_NOW
                            : next_step_ms(due, common) <= now_ms ? PLAN_RECOVERY
                            : due->slot_due_ms <= now_ms          ? PLAN_SCHEDULE
                                                                  : PLAN_RETRY;

    assert(!due->is_running && due->wake_ms <= now_ms);
    due->floor_before_ms = due->floor_ms;
    due->floor_ms = floor_of(due, common, cause, now_ms);
    use_slot_up(due, common, now_ms);
    use_steps_up(due, common, now_ms);
    due->retry_ms = INT64_MAX;
    if (cause != PLAN_RETRY)
        due->retries = 0;
    due->now = false;
    due->is_running = true;
    due->asked_before_ms = due->asked_ms;
    due->asked_ms = now_ms;
    settle(due, common);
    return cause;
}

/* Whether an outage has ended since the poll began, which may have been in vain therefore. */
static bool is_recovery_new(const struct due *due)
{
    return is_first_step_to_come(due) && due->recovery_ms >= due->asked_ms;
}

static void end(struct due *due, struct due_common *common, int64_t now_ms)
{
    assert(due->is_running);
    due->is_running = false;
    use_slot_up(due, common, now_ms);
    if (!is_recovery_new(due))
        use_steps_up(due, common, now_ms);
}

void due_ended(struct due *due, struct due_common *common, int64_t now_ms, bool again)
{
    const struct durations *retry = &due->timing->retry;

    end(due, common, now_ms);
    if (again && next_step_ms(due, common) == INT64_MAX && due->retries < retry->count)
        due->retry_ms = now_ms + retry->seconds[due->retries++] * 1000;
    settle(due, common);
}

void due_held(struct due *due, struct due_common *common, int64_t now_ms)
{
    end(due, common, now_ms);
    due->asked_ms = due->asked_before_ms;
    due->floor_ms = due->floor_before_ms;
    settle(due, common);
}

void due_recover(struct due *due, const struct due_common *common, int64_t now_ms)
{
    due->recovery_ms = common->recovery->count > 0 ? now_ms : INT64_MAX;
    due->step_s = -1;
    settle(due, common);
}

void due_ask_now(struct due *due, const struct due_common *common)
{
    due->now = true;
    settle(due, common);
}

static int64_t moved(int64_t time_ms, int64_t by_ms)
{
    return time_ms == INT64_MAX || time_ms == 0 ? time_ms : time_ms + by_ms;
}

void due_set_back(struct due *due, struct due_common *common, int64_t by_ms, int64_t now_ms)
{
    bool is_overdue = due->slot_due_ms <= now_ms - by_ms;

    due->retry_ms = moved(due->retry_ms, by_ms);
    due->recovery_ms = moved(due->recovery_ms, by_ms);
    due->asked_ms = moved(due->asked_ms, by_ms);
    due->asked_before_ms = moved(due->asked_before_ms, by_ms);
    due->floor_ms = moved(due->floor_ms, by_ms);
    due->floor_before_ms = moved(due->floor_before_ms, by_ms);
    if (has_cron(due) && !is_overdue) {
        set_slot(due, common, slot_after(due, common, now_ms));
    } else {
        due->slot_ms = moved(due->slot_ms, by_ms);
        due->slot_due_ms = moved(due->slot_due_ms, by_ms);
    }
    settle(due, common);
}

struct plan_memory due_memory(const struct due *due)
{
    bool is_sooner = due->wake_ms < due->slot_due_ms && due->wake_ms != INT64_MIN;
    int64_t due_ms = is_sooner ? due->wake_ms : due->slot_due_ms;

    return (struct plan_memory){
        .slot_ms = due->slot_ms == INT64_MAX ? 0 : due->slot_ms,
        .due_ms = due_ms == INT64_MAX ? 0 : due_ms,
        .asked_ms = due->asked_ms,
    };
}

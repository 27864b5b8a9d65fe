/* When one backup is to be asked: at the slots of its schedule, again after a poll that failed, at
 * the steps of a recovery, or now; the first of them.
 *
 *   WAITING --backup_timer_begin: all that is due is used up--> RUNNING
 *      ^                                                  |
 *      +---backup_timer_ended, backup_timer_held: what passed is covered----+
 *
 * Slots of an interval lie on a grid, which each slot's jitter leaves as it is; a poll that comes a
 * whole interval late begins a new grid. No poll begins within the smallest step of `retry` after
 * the one before, unless somebody says so or an outage has just ended: it is put off. That step counts
 * from the slot of a poll that came a little late, or each one would put off the next. */
#include "backup_timer.h"

#include <mxpull/base/status.h>

#include <assert.h>

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Uniform in [0, max_ms]: splitmix64. */
static int64_t draw(struct backup_timer_common *common, int64_t max_ms)
{
    common->chance += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t bits = common->chance;

    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    bits ^= bits >> 31;
    return max_ms <= 0 ? 0 : (int64_t)(bits % ((uint64_t)max_ms + 1));
}

static bool has_cron(const struct backup_timer *timer)
{
    return timer->timing->schedule != NULL;
}

static int64_t interval_ms(const struct backup_timer *timer)
{
    return timer->timing->interval_s * 1000;
}

/* The schedule's first time after a time. */
static int64_t slot_after(const struct backup_timer *timer,
                          const struct backup_timer_common *common, int64_t after_ms)
{
    if (has_cron(timer))
        return schedule_cron_next(&timer->cron, common->offset, after_ms);
    return interval_ms(timer) > 0 ? after_ms + interval_ms(timer) : INT64_MAX;
}

static int64_t jitter_max(const struct backup_timer *timer,
                          const struct backup_timer_common *common)
{
    if (timer->timing->jitter_s == 0 || timer->slot_ms == INT64_MAX)
        return 0;
    return schedule_jitter_between(timer->timing, timer->slot_ms,
                                   slot_after(timer, common, timer->slot_ms));
}

static void set_slot(struct backup_timer *timer, struct backup_timer_common *common,
                     int64_t slot_ms)
{
    timer->slot_ms = slot_ms;
    timer->slot_due_ms = slot_ms;
    if (slot_ms != INT64_MAX)
        timer->slot_due_ms += draw(common, jitter_max(timer, common));
}

static int64_t smallest_ms(const struct durations *durations)
{
    int64_t smallest_s = INT64_MAX / 1000;

    for (size_t i = 0; i < durations->count; i++)
        smallest_s = lesser(smallest_s, durations->seconds[i]);
    return durations->count == 0 ? 0 : smallest_s * 1000;
}

/* When the next step of the recovery is to come. */
static int64_t next_step_ms(const struct backup_timer *timer,
                            const struct backup_timer_common *common)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < common->recovery->count && timer->recovery_ms != INT64_MAX; i++) {
        int64_t step_s = common->recovery->seconds[i];

        if (step_s > timer->step_s)
            next_ms = lesser(next_ms, timer->recovery_ms + step_s * 1000);
    }
    return next_ms;
}

static bool is_first_step_to_come(const struct backup_timer *timer)
{
    return timer->recovery_ms != INT64_MAX && timer->step_s < 0;
}

/* To be called after every change. */
static void settle(struct backup_timer *timer, const struct backup_timer_common *common)
{
    int64_t step_ms = next_step_ms(timer, common);
    int64_t wake_ms = lesser(lesser(timer->slot_due_ms, timer->retry_ms), step_ms);
    int64_t gap_end_ms = timer->floor_ms + smallest_ms(&timer->timing->retry);

    if (timer->floor_ms != 0 && wake_ms < gap_end_ms)
        wake_ms = gap_end_ms;
    if (is_first_step_to_come(timer))
        wake_ms = lesser(wake_ms, step_ms);
    if (timer->now)
        wake_ms = INT64_MIN;
    timer->wake_ms = timer->is_running ? INT64_MAX : wake_ms;
}

void backup_timer_init(struct backup_timer *timer, const struct timing *timing,
                       struct backup_timer_common *common, int64_t now_ms)
{
    enum status status = STATUS_OK;
    struct error error;

    *timer = (struct backup_timer){
        .timing = timing, .retry_ms = INT64_MAX, .recovery_ms = INT64_MAX, .step_s = -1};
    if (has_cron(timer))
        status = cron_parse(&timer->cron, timing->schedule, &error);
    assert(status == STATUS_OK);
    (void)status;
    if (has_cron(timer) || interval_ms(timer) == 0)
        set_slot(timer, common, slot_after(timer, common, now_ms));
    else
        timer->slot_ms = timer->slot_due_ms = now_ms;
    settle(timer, common);
}

static int64_t remembered_cron_slot(const struct backup_timer *timer,
                                    const struct plan_memory *memory,
                                    const struct backup_timer_common *common, int64_t now_ms)
{
    bool is_missed =
        memory->slot_ms != 0 && memory->slot_ms <= now_ms && memory->slot_ms > timer->asked_ms;

    if (is_missed)
        return memory->slot_ms;
    if (timer->asked_ms != 0)
        return slot_after(timer, common, timer->asked_ms);
    return slot_after(timer, common, now_ms);
}

/* The stored slot may be too far ahead: the interval was longer then, or the clock. */
static int64_t remembered_interval_slot(const struct backup_timer *timer,
                                        const struct plan_memory *memory, int64_t now_ms)
{
    int64_t slot_ms = memory->slot_ms != 0 ? memory->slot_ms : INT64_MAX;

    if (timer->asked_ms != 0)
        slot_ms = lesser(slot_ms, timer->asked_ms + interval_ms(timer));
    return slot_ms == INT64_MAX ? now_ms : lesser(slot_ms, now_ms + interval_ms(timer));
}

void backup_timer_remember(struct backup_timer *timer, const struct plan_memory *memory,
                           struct backup_timer_common *common, int64_t now_ms)
{
    timer->asked_ms = memory->asked_ms <= now_ms ? memory->asked_ms : 0;
    timer->floor_ms = timer->asked_ms;
    timer->slot_ms = has_cron(timer) ? remembered_cron_slot(timer, memory, common, now_ms)
                                     : remembered_interval_slot(timer, memory, now_ms);
    if (timer->slot_ms == memory->slot_ms && memory->due_ms >= timer->slot_ms &&
        memory->due_ms <= timer->slot_ms + jitter_max(timer, common))
        timer->slot_due_ms = memory->due_ms;
    else if (timer->slot_ms <= now_ms)
        timer->slot_due_ms = timer->slot_ms;
    else
        set_slot(timer, common, timer->slot_ms);
    if (memory->due_ms != 0 && memory->due_ms < timer->slot_ms &&
        (memory->slot_ms == 0 || memory->due_ms < memory->slot_ms))
        timer->retry_ms = memory->due_ms; /* what was to come before the slot still is */
    settle(timer, common);
}

static void use_slot_up(struct backup_timer *timer, struct backup_timer_common *common,
                        int64_t now_ms)
{
    if (timer->slot_due_ms > now_ms)
        return;
    bool is_missed = has_cron(timer) || now_ms - timer->slot_ms >= interval_ms(timer);
    set_slot(timer, common, slot_after(timer, common, is_missed ? now_ms : timer->slot_ms));
}

static void use_steps_up(struct backup_timer *timer, const struct backup_timer_common *common,
                         int64_t now_ms)
{
    int64_t next_ms;

    while ((next_ms = next_step_ms(timer, common)) <= now_ms)
        timer->step_s = (next_ms - timer->recovery_ms) / 1000;
    if (next_ms == INT64_MAX)
        timer->recovery_ms = INT64_MAX;
}

/* From when the least distance to the next poll counts. Where slots are no closer than that, one that
 * comes late by less than half of it leaves the next one in its place. */
static int64_t floor_of(const struct backup_timer *timer, const struct backup_timer_common *common,
                        enum plan_cause cause, int64_t now_ms)
{
    int64_t least_ms = smallest_ms(&timer->timing->retry);

    if (cause != PLAN_SCHEDULE ||
        timer->slot_ms > slot_after(timer, common, timer->slot_ms) - least_ms)
        return now_ms;
    return timer->slot_due_ms > now_ms - least_ms / 2 ? timer->slot_due_ms : now_ms - least_ms / 2;
}

enum plan_cause backup_timer_begin(struct backup_timer *timer, struct backup_timer_common *common,
                                   int64_t now_ms)
{
    enum plan_cause cause = timer->now                              ? PLAN_NOW
                            : next_step_ms(timer, common) <= now_ms ? PLAN_RECOVERY
                            : timer->slot_due_ms <= now_ms          ? PLAN_SCHEDULE
                                                                    : PLAN_RETRY;

    assert(!timer->is_running && timer->wake_ms <= now_ms);
    timer->floor_before_ms = timer->floor_ms;
    timer->floor_ms = floor_of(timer, common, cause, now_ms);
    use_slot_up(timer, common, now_ms);
    use_steps_up(timer, common, now_ms);
    timer->retry_ms = INT64_MAX;
    if (cause != PLAN_RETRY)
        timer->retries = 0;
    timer->now = false;
    timer->is_running = true;
    timer->asked_before_ms = timer->asked_ms;
    timer->asked_ms = now_ms;
    settle(timer, common);
    return cause;
}

/* Whether an outage has ended since the poll began, which may have been in vain therefore. */
static bool is_recovery_new(const struct backup_timer *timer)
{
    return is_first_step_to_come(timer) && timer->recovery_ms >= timer->asked_ms;
}

static void end(struct backup_timer *timer, struct backup_timer_common *common, int64_t now_ms)
{
    assert(timer->is_running);
    timer->is_running = false;
    use_slot_up(timer, common, now_ms);
    if (!is_recovery_new(timer))
        use_steps_up(timer, common, now_ms);
}

void backup_timer_ended(struct backup_timer *timer, struct backup_timer_common *common,
                        int64_t now_ms, bool again)
{
    const struct durations *retry = &timer->timing->retry;

    end(timer, common, now_ms);
    if (again && next_step_ms(timer, common) == INT64_MAX && timer->retries < retry->count)
        timer->retry_ms = now_ms + retry->seconds[timer->retries++] * 1000;
    settle(timer, common);
}

void backup_timer_held(struct backup_timer *timer, struct backup_timer_common *common,
                       int64_t now_ms)
{
    end(timer, common, now_ms);
    timer->asked_ms = timer->asked_before_ms;
    timer->floor_ms = timer->floor_before_ms;
    settle(timer, common);
}

void backup_timer_recover(struct backup_timer *timer, const struct backup_timer_common *common,
                          int64_t now_ms)
{
    timer->recovery_ms = common->recovery->count > 0 ? now_ms : INT64_MAX;
    timer->step_s = -1;
    settle(timer, common);
}

void backup_timer_resume_recovery(struct backup_timer *timer,
                                  const struct backup_timer_common *common, int64_t ended_ms,
                                  int64_t now_ms)
{
    int64_t asked_ms = timer->asked_ms != 0 ? timer->asked_ms : now_ms;

    backup_timer_recover(timer, common, ended_ms);
    if (asked_ms >= ended_ms)
        timer->step_s = (asked_ms - ended_ms) / 1000;
    settle(timer, common);
}

void backup_timer_ask_now(struct backup_timer *timer, const struct backup_timer_common *common)
{
    timer->now = true;
    settle(timer, common);
}

static int64_t moved(int64_t time_ms, int64_t by_ms)
{
    return time_ms == INT64_MAX || time_ms == 0 ? time_ms : time_ms + by_ms;
}

void backup_timer_set_back(struct backup_timer *timer, struct backup_timer_common *common,
                           int64_t by_ms, int64_t now_ms)
{
    bool is_overdue = timer->slot_due_ms <= now_ms - by_ms;

    timer->retry_ms = moved(timer->retry_ms, by_ms);
    timer->recovery_ms = moved(timer->recovery_ms, by_ms);
    timer->asked_ms = moved(timer->asked_ms, by_ms);
    timer->asked_before_ms = moved(timer->asked_before_ms, by_ms);
    timer->floor_ms = moved(timer->floor_ms, by_ms);
    timer->floor_before_ms = moved(timer->floor_before_ms, by_ms);
    if (has_cron(timer) && !is_overdue) {
        set_slot(timer, common, slot_after(timer, common, now_ms));
    } else {
        timer->slot_ms = moved(timer->slot_ms, by_ms);
        timer->slot_due_ms = moved(timer->slot_due_ms, by_ms);
    }
    settle(timer, common);
}

struct plan_memory backup_timer_memory(const struct backup_timer *timer)
{
    bool is_sooner = timer->wake_ms < timer->slot_due_ms && timer->wake_ms != INT64_MIN;
    int64_t due_ms = is_sooner ? timer->wake_ms : timer->slot_due_ms;

    return (struct plan_memory){
        .slot_ms = timer->slot_ms == INT64_MAX ? 0 : timer->slot_ms,
        .due_ms = due_ms == INT64_MAX ? 0 : due_ms,
        .asked_ms = timer->asked_ms,
    };
}

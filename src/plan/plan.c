/* When each backup is to be asked: at the slots of its schedule, again after a poll that failed, at
 * the steps of a recovery, or now; the first of them.
 *
 *   WAITING --plan_take: all that is due is used up--> RUNNING
 *      ^                                                  |
 *      +---plan_ended, plan_held: what passed is covered--+
 *
 * Slots of an interval lie on a grid, which each slot's jitter leaves as it is; a poll that comes a
 * whole interval late begins a new grid. No poll begins within the smallest step of `retry` after
 * the one before, unless somebody says so or an outage has just ended: it is put off. That step counts
 * from the slot of a poll that came a little late, or each one would put off the next. */
#include <mxpull/plan/plan.h>

#include <mxpull/base/memory.h>

#include <assert.h>
#include <stdlib.h>

enum {
    SET_BACK_MS = 1000 /* less is a correction of the clock */
};

/* When a backup was last asked, wall clock; 0: not known. */
struct asked {
    int64_t at_ms;
    int64_t floor_ms; /* the least distance to the next poll counts from here */
};

/* One backup. All times are wall clock milliseconds, INT64_MAX: never. */
struct entry {
    const struct timing *timing; /* borrowed: from the configuration */
    int64_t slot_ms;             /* the schedule's next time */
    int64_t slot_due_ms;         /* that with its jitter */
    int64_t retry_ms;
    size_t retries;      /* planned in this chain */
    int64_t recovery_ms; /* when the outage ended; INT64_MAX: no step is left */
    int64_t step_s;      /* the last of them that has passed; -1: none */
    bool now;
    bool is_running;
    struct asked last, before;
    int64_t wake_ms; /* the first of all these; INT64_MIN: at once; INT64_MAX while it runs */
    struct plan_memory told; /* as plan_take_changed has seen it */
};

/* plan_next_ms scans all entries only after one has changed. */
struct plan {
    struct plan_options options;
    uint64_t chance;       /* the state of the generator */
    struct entry *entries; /* as configured */
    size_t count;
    size_t turn;     /* the entry that plan_take looks at first */
    size_t unread;   /* plan_take_changed has told all changes before this entry */
    int64_t wake_ms; /* when the first one is due; INT64_MIN: not known */
    struct instant ticked;
};

const char *plan_cause_name(enum plan_cause cause)
{
    static const char *const names[] = {[PLAN_SCHEDULE] = "schedule",
                                        [PLAN_RETRY] = "retry",
                                        [PLAN_RECOVERY] = "recovery",
                                        [PLAN_NOW] = "now"};

    return names[cause];
}

static struct entry *entry_of(const struct plan *plan, size_t backup)
{
    assert(backup < plan->count);
    return &plan->entries[backup];
}

/* ---- the schedule ---- */

/* Uniform in [0, max_ms]: splitmix64. */
static int64_t draw(struct plan *plan, int64_t max_ms)
{
    plan->chance += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t bits = plan->chance;

    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    bits ^= bits >> 31;
    return max_ms <= 0 ? 0 : (int64_t)(bits % ((uint64_t)max_ms + 1));
}

static int64_t slot_after(const struct plan *plan, const struct entry *entry, int64_t after_ms)
{
    return plan->options.offset != NULL
               ? schedule_next(entry->timing, plan->options.offset, after_ms)
               : INT64_MAX;
}

static void set_slot(struct plan *plan, struct entry *entry, int64_t slot_ms)
{
    entry->slot_ms = slot_ms;
    entry->slot_due_ms = slot_ms;
    if (slot_ms != INT64_MAX)
        entry->slot_due_ms +=
            draw(plan, schedule_jitter_max(entry->timing, plan->options.offset, slot_ms));
}

static void use_slot_up(struct plan *plan, struct entry *entry, int64_t now_ms)
{
    if (entry->slot_due_ms > now_ms)
        return;
    bool is_missed = entry->timing->schedule != NULL ||
                     now_ms - entry->slot_ms >= entry->timing->interval_s * 1000;
    set_slot(plan, entry, slot_after(plan, entry, is_missed ? now_ms : entry->slot_ms));
}

/* ---- the steps of a recovery ---- */

static int64_t next_step_ms(const struct plan *plan, const struct entry *entry)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < plan->options.recovery->count && entry->recovery_ms != INT64_MAX; i++) {
        int64_t step_s = plan->options.recovery->seconds[i];

        if (step_s > entry->step_s)
            next_ms = schedule_earlier(next_ms, entry->recovery_ms + step_s * 1000);
    }
    return next_ms;
}

static bool is_first_step_to_come(const struct entry *entry)
{
    return entry->recovery_ms != INT64_MAX && entry->step_s < 0;
}

static void use_steps_up(const struct plan *plan, struct entry *entry, int64_t now_ms)
{
    int64_t next_ms;

    while ((next_ms = next_step_ms(plan, entry)) <= now_ms)
        entry->step_s = (next_ms - entry->recovery_ms) / 1000;
    if (next_ms == INT64_MAX)
        entry->recovery_ms = INT64_MAX;
}

/* ---- what is due first ---- */

/* The least distance between two polls. */
static int64_t least_ms(const struct entry *entry)
{
    const struct durations *retry = &entry->timing->retry;
    int64_t least_s = retry->count > 0 ? retry->seconds[0] : 0;

    for (size_t i = 1; i < retry->count; i++)
        least_s = schedule_earlier(least_s, retry->seconds[i]);
    return least_s * 1000;
}

/* Called after every change. */
static void settle(struct plan *plan, struct entry *entry)
{
    int64_t step_ms = next_step_ms(plan, entry);
    int64_t wake_ms =
        schedule_earlier(schedule_earlier(entry->slot_due_ms, entry->retry_ms), step_ms);
    int64_t gap_end_ms = entry->last.floor_ms + least_ms(entry);

    if (entry->last.floor_ms != 0 && wake_ms < gap_end_ms)
        wake_ms = gap_end_ms;
    if (is_first_step_to_come(entry))
        wake_ms = schedule_earlier(wake_ms, step_ms);
    if (entry->now)
        wake_ms = INT64_MIN;
    entry->wake_ms = entry->is_running ? INT64_MAX : wake_ms;
    plan->unread = 0;
    plan->wake_ms = INT64_MIN;
}

/* ---- making a plan ---- */

struct plan *plan_new(const struct plan_options *options, struct instant now)
{
    struct plan *plan = memory_new(1, sizeof *plan);

    plan->options = *options;
    plan->chance = options->seed;
    plan->ticked = now;
    plan->entries = memory_new(options->most, sizeof *plan->entries);
    plan->wake_ms = INT64_MAX;
    return plan;
}

void plan_free(struct plan *plan)
{
    if (plan == NULL)
        return;
    free(plan->entries);
    free(plan);
}

void plan_add(struct plan *plan, const struct timing *timing, struct instant now)
{
    struct entry *entry = &plan->entries[plan->count++];

    *entry = (struct entry){
        .timing = timing, .retry_ms = INT64_MAX, .recovery_ms = INT64_MAX, .step_s = -1};
    if (entry->timing->schedule != NULL || plan->options.offset == NULL)
        set_slot(plan, entry, slot_after(plan, entry, now.wall_ms));
    else
        entry->slot_ms = entry->slot_due_ms = now.wall_ms;
    settle(plan, entry);
}

void plan_remember(struct plan *plan, size_t backup, const struct plan_memory *memory,
                   struct instant now)
{
    struct entry *entry = entry_of(plan, backup);
    int64_t asked_ms = memory->asked_ms <= now.wall_ms ? memory->asked_ms : 0;

    entry->last = (struct asked){asked_ms, asked_ms};
    int64_t slot_ms = memory->slot_ms, interval_ms = entry->timing->interval_s * 1000;
    if (entry->timing->schedule != NULL) {
        bool is_missed = slot_ms != 0 && slot_ms <= now.wall_ms && slot_ms > asked_ms;

        if (!is_missed)
            slot_ms = slot_after(plan, entry, asked_ms != 0 ? asked_ms : now.wall_ms);
    } else {
        /* The stored slot may be too far ahead: the interval was longer then, or the clock. */
        int64_t latest_ms = slot_ms != 0 || asked_ms != 0 ? now.wall_ms + interval_ms : now.wall_ms;

        slot_ms = schedule_earlier(slot_ms != 0 ? slot_ms : latest_ms, latest_ms);
        if (asked_ms != 0)
            slot_ms = schedule_earlier(slot_ms, asked_ms + interval_ms);
    }
    bool is_known = slot_ms == memory->slot_ms && memory->due_ms >= slot_ms &&
                    memory->due_ms <=
                        slot_ms + schedule_jitter_max(entry->timing, plan->options.offset, slot_ms);
    if (is_known || slot_ms <= now.wall_ms) {
        entry->slot_ms = slot_ms;
        entry->slot_due_ms = is_known ? memory->due_ms : slot_ms;
    } else {
        set_slot(plan, entry, slot_ms);
    }
    if (memory->due_ms != 0 && memory->due_ms < slot_ms &&
        (memory->slot_ms == 0 || memory->due_ms < memory->slot_ms))
        entry->retry_ms = memory->due_ms; /* a retry or a step before the slot is still due */
    entry->told = *memory;
    settle(plan, entry);
}

/* ---- asking ---- */

/* The least distance to the next poll counts from here: from the slot when the poll is less than half
 * of that distance late, and the slots are far enough apart, so that the next slot stays in its place. */
static int64_t floor_of(const struct plan *plan, const struct entry *entry, enum plan_cause cause,
                        int64_t now_ms)
{
    int64_t half_ago_ms = now_ms - least_ms(entry) / 2;

    if (cause != PLAN_SCHEDULE ||
        entry->slot_ms > slot_after(plan, entry, entry->slot_ms) - least_ms(entry))
        return now_ms;
    return entry->slot_due_ms > half_ago_ms ? entry->slot_due_ms : half_ago_ms;
}

/* Begins a poll, which uses up all that is due. */
static enum plan_cause begin(struct plan *plan, struct entry *entry, int64_t now_ms)
{
    enum plan_cause cause = entry->now                            ? PLAN_NOW
                            : next_step_ms(plan, entry) <= now_ms ? PLAN_RECOVERY
                            : entry->slot_due_ms <= now_ms        ? PLAN_SCHEDULE
                                                                  : PLAN_RETRY;

    entry->before = entry->last;
    entry->last = (struct asked){now_ms, floor_of(plan, entry, cause, now_ms)};
    use_slot_up(plan, entry, now_ms);
    use_steps_up(plan, entry, now_ms);
    entry->retry_ms = INT64_MAX;
    if (cause != PLAN_RETRY)
        entry->retries = 0;
    entry->now = false;
    entry->is_running = true;
    settle(plan, entry);
    return cause;
}

bool plan_take(struct plan *plan, struct instant now, size_t *backup, enum plan_cause *cause)
{
    if (plan->wake_ms > now.wall_ms)
        return false;
    for (size_t i = 0; i < plan->count; i++) {
        size_t place = (plan->turn + i) % plan->count;

        if (plan->entries[place].wake_ms > now.wall_ms)
            continue;
        *backup = place;
        *cause = begin(plan, &plan->entries[place], now.wall_ms);
        plan->turn = place + 1;
        return true;
    }
    return false;
}

/* When an outage has ended since the poll began, the poll may have been in vain: the steps stay. */
static void end(struct plan *plan, struct entry *entry, int64_t now_ms)
{
    assert(entry->is_running);
    entry->is_running = false;
    use_slot_up(plan, entry, now_ms);
    if (!is_first_step_to_come(entry) || entry->recovery_ms < entry->last.at_ms)
        use_steps_up(plan, entry, now_ms);
}

void plan_ended(struct plan *plan, size_t backup, struct instant now, bool again)
{
    struct entry *entry = entry_of(plan, backup);
    const struct durations *retry = &entry->timing->retry;

    end(plan, entry, now.wall_ms);
    if (again && next_step_ms(plan, entry) == INT64_MAX && entry->retries < retry->count)
        entry->retry_ms = now.wall_ms + retry->seconds[entry->retries++] * 1000;
    settle(plan, entry);
}

void plan_held(struct plan *plan, size_t backup, struct instant now)
{
    struct entry *entry = entry_of(plan, backup);

    end(plan, entry, now.wall_ms);
    entry->last = entry->before;
    settle(plan, entry);
}

void plan_recover(struct plan *plan, size_t backup, struct instant now)
{
    struct entry *entry = entry_of(plan, backup);

    entry->recovery_ms = plan->options.recovery->count > 0 ? now.wall_ms : INT64_MAX;
    entry->step_s = -1;
    settle(plan, entry);
}

void plan_resume_recovery(struct plan *plan, int64_t ended_ms, struct instant now)
{
    for (size_t i = 0; ended_ms != 0 && i < plan->count; i++) {
        struct entry *entry = &plan->entries[i];
        int64_t asked_ms = entry->last.at_ms != 0 ? entry->last.at_ms : now.wall_ms;

        plan_recover(plan, i, (struct instant){.wall_ms = ended_ms});
        if (asked_ms >= ended_ms)
            entry->step_s = (asked_ms - ended_ms) / 1000;
        settle(plan, entry);
    }
}

void plan_now(struct plan *plan, size_t backup)
{
    entry_of(plan, backup)->now = true;
    settle(plan, entry_of(plan, backup));
}

/* ---- the clocks ---- */

static void move(int64_t *time_ms, int64_t by_ms)
{
    if (*time_ms != INT64_MAX && *time_ms != 0)
        *time_ms += by_ms;
}

/* The wall clock was set by by_ms, which is negative, and shows now_ms. */
static void set_back(struct plan *plan, struct entry *entry, int64_t by_ms, int64_t now_ms)
{
    bool is_overdue = entry->slot_due_ms <= now_ms - by_ms;
    int64_t *const times[] = {&entry->retry_ms,      &entry->recovery_ms,  &entry->last.at_ms,
                              &entry->last.floor_ms, &entry->before.at_ms, &entry->before.floor_ms};

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        move(times[i], by_ms);
    if (entry->timing->schedule != NULL && !is_overdue) {
        set_slot(plan, entry, slot_after(plan, entry, now_ms));
    } else {
        move(&entry->slot_ms, by_ms);
        move(&entry->slot_due_ms, by_ms);
    }
    settle(plan, entry);
}

int64_t plan_tick(struct plan *plan, struct instant now)
{
    int64_t ahead_ms =
        (now.wall_ms - plan->ticked.wall_ms) - (now.monotonic_ms - plan->ticked.monotonic_ms);

    plan->ticked = now;
    for (size_t i = 0; i < plan->count && ahead_ms < -SET_BACK_MS; i++)
        set_back(plan, &plan->entries[i], ahead_ms, now.wall_ms);
    return ahead_ms;
}

int64_t plan_next_ms(struct plan *plan, struct instant now)
{
    if (plan->wake_ms == INT64_MIN) {
        plan->wake_ms = INT64_MAX;
        for (size_t i = 0; i < plan->count; i++)
            plan->wake_ms = schedule_earlier(plan->wake_ms, plan->entries[i].wake_ms);
    }
    if (plan->wake_ms == INT64_MAX)
        return INT64_MAX;
    return now.monotonic_ms + (plan->wake_ms > now.wall_ms ? plan->wake_ms - now.wall_ms : 0);
}

/* ---- its memory ---- */

struct plan_memory plan_memory(const struct plan *plan, size_t backup)
{
    const struct entry *entry = entry_of(plan, backup);
    int64_t slot_ms = entry->slot_ms, due_ms = entry->slot_due_ms;

    if (entry->is_running)
        slot_ms = due_ms = entry->last.at_ms;
    else if (entry->wake_ms < due_ms && entry->wake_ms != INT64_MIN)
        due_ms = entry->wake_ms;
    return (struct plan_memory){
        .slot_ms = slot_ms == INT64_MAX ? 0 : slot_ms,
        .due_ms = due_ms == INT64_MAX ? 0 : due_ms,
        .asked_ms = entry->last.at_ms,
    };
}

bool plan_take_changed(struct plan *plan, size_t *backup)
{
    while (plan->unread < plan->count) {
        size_t place = plan->unread++;
        struct plan_memory memory = plan_memory(plan, place);
        struct plan_memory *told = &plan->entries[place].told;

        if (memory.slot_ms == told->slot_ms && memory.due_ms == told->due_ms &&
            memory.asked_ms == told->asked_ms)
            continue;
        *told = memory;
        *backup = place;
        return true;
    }
    return false;
}

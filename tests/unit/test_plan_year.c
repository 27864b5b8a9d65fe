/* plan: a year of 50 backups, from one time at which something is due to the next. Without faults
 * every slot is asked once, by the exact number; with faults (polls that fail, outages, a machine
 * that sleeps, clocks that jump, restarts, other configurations) none is asked twice at once, none
 * sooner than a step of its retry allows, and no wake-up is for nothing. */
#include "cron_walk.h"
#include "random.h"
#include "unit.h"
#include "zones.h"

#include "plan_of.h"
#include <mxpull/plan/plan.h>

#include <stdio.h>
#include <time.h>

enum {
    BACKUPS = 50,
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    YEAR_DAYS = 365,
    WATCH_S = 30
};

static const char begin[] = "2026-01-01 00:00";

/* By interval or cron. */
static const struct kind {
    int64_t interval_min;
    const char *schedule;
    int64_t jitter_s;
} kinds[BACKUPS / 2] = {
    {240, NULL, 300},
    {15, NULL, 300},
    {30, NULL, 0},
    {60, NULL, 300},
    {77, NULL, 3600},
    {90, NULL, 10},
    {7 * 60, NULL, 300},
    {24 * 60, NULL, 86400},
    {7 * 24 * 60, NULL, 300},
    {45, NULL, 300},
    {0, "0 */4 * * *", 300},
    {0, "*/20 * * * *", 300},
    {0, "30 2 * * *", 300},
    {0, "0 8-18 * * mon-fri", 60},
    {0, "15,45 1-3 * * *", 300},
    {0, "0 0 1,15 * sun", 300},
    {0, "@hourly", 0},
    {0, "@daily", 3600},
    {0, "@weekly", 300},
    {0, "@monthly", 300},
    {0, "@yearly", 300},
    {0, "0 3 29 2 *", 300},
    {0, "*/30 2 * * *", 300},
    {0, "0 12 31 * *", 0},
    {0, "7 */3 * 3,10 *", 300},
};

struct faults {
    bool polls;   /* that fail, take long, and are asked for by hand */
    bool outages; /* of the primary */
    bool sleeps;
    bool clocks;   /* are set to and fro */
    bool restarts; /* and other configurations */
};

struct poll {
    bool is_running;
    int64_t ends_ms;
    int64_t began_ms, ended_ms; /* the last one, held ones left out; -1: none */
    int64_t count, held;
    enum plan_cause cause;      /* of the last one */
    bool had_recovery, had_now; /* since the last one began */
    bool is_held, is_again;
    bool is_remembered; /* what was to come before the slot, over a restart */
    size_t retries;
};

struct world {
    struct faults faults;
    struct config config;
    struct backup_config backups[BACKUPS];
    char names[BACKUPS][24];
    char schedules[BACKUPS][40];
    int64_t retry[4], recovery[4];
    struct plan *plan;
    struct outage watch;
    bool is_up;
    int64_t changes_ms; /* when the primary changes, on real_ms */
    int64_t happens_ms; /* when the next fault comes, the same */
    int64_t set_ms;     /* by how much the wall clock is wrong */
    struct instant now;
    int64_t real_ms, until_ms;
    struct poll polls[BACKUPS];
    uint64_t random;
    int64_t wakes, events;
};

static int64_t hours_ms(int64_t hours)
{
    return hours * HOUR_MS;
}

static int64_t below(struct world *world, int64_t limit)
{
    return (int64_t)random_below(&world->random, (size_t)limit);
}

static void set_up(struct world *world, struct faults faults, size_t days, uint64_t seed)
{
    static const int64_t retry_s[] = {60, 300, 900}, recovery_s[] = {0, 120, 600, 1800};

    memset(world, 0, sizeof *world);
    world->faults = faults;
    world->random = seed;
    world->is_up = true;
    memcpy(world->retry, retry_s, sizeof retry_s);
    memcpy(world->recovery, recovery_s, sizeof recovery_s);
    world->config.backups = world->backups;
    world->config.backup_count = BACKUPS;
    world->config.primary.recovery = (struct durations){world->recovery, 4};
    for (size_t i = 0; i < BACKUPS; i++) {
        const struct kind *kind = &kinds[i % (BACKUPS / 2)];

        (void)snprintf(world->names[i], sizeof world->names[i], "mx%zu", i);
        (void)snprintf(world->schedules[i], sizeof world->schedules[i], "%s",
                       kind->schedule != NULL ? kind->schedule : "");
        world->backups[i].name = world->names[i];
        world->backups[i].timing = (struct timing){
            .interval_s = kind->interval_min * 60,
            .schedule = kind->schedule != NULL ? world->schedules[i] : NULL,
            .jitter_s = kind->jitter_s,
            .retry = {world->retry, i < BACKUPS / 2 ? 3 : 0},
        };
        world->polls[i] = (struct poll){.began_ms = -1, .ended_ms = -1};
    }
    world->now = (struct instant){.wall_ms = stamp_s(begin) * 1000, .monotonic_ms = 99};
    world->until_ms = hours_ms(24 * (int64_t)days);
    world->changes_ms = faults.outages ? below(world, hours_ms(300)) : INT64_MAX;
    world->happens_ms = INT64_MAX;
    if (faults.polls || faults.sleeps || faults.clocks || faults.restarts)
        world->happens_ms = HOUR_MS;
    world->plan = plan_of(&world->config, berlin, seed, world->now);
    outage_init(&world->watch, WATCH_S, &(struct outage_past){0}, world->now);
}

static void end_poll(struct world *world, size_t backup)
{
    struct poll *poll = &world->polls[backup];

    poll->is_running = false;
    poll->ends_ms = INT64_MAX;
    if (poll->is_held) {
        plan_held(world->plan, backup, world->now);
        return;
    }
    poll->ended_ms = world->real_ms;
    plan_ended(world->plan, backup, world->now, poll->is_again);
}

/* Held against all that a poll has to keep to. */
static void check_poll(const struct world *world, size_t backup, enum plan_cause cause)
{
    const struct poll *poll = &world->polls[backup];
    const struct durations *retry = &world->backups[backup].timing.retry;
    int64_t gap_ms = retry->count > 0 ? retry->seconds[0] * 1000 : 0;

    if (poll->cause ==
        PLAN_SCHEDULE) /* it may have come late, and the next slot stays where it is */
        gap_ms /= 2;
    assert_false(poll->is_running);
    assert_true(cause != PLAN_NOW || poll->had_now);
    if (cause == PLAN_RETRY && !poll->is_remembered)
        assert_true(poll->is_again && poll->retries < retry->count);
    if (world->faults.clocks || poll->began_ms < 0)
        return;
    if (cause != PLAN_NOW && !(cause == PLAN_RECOVERY && poll->had_recovery))
        assert_true(world->real_ms - poll->began_ms >= gap_ms);
    if (cause == PLAN_RETRY && !poll->is_remembered)
        assert_true(world->real_ms >= poll->ended_ms + retry->seconds[poll->retries] * 1000);
}

static void begin_poll(struct world *world, size_t backup, enum plan_cause cause)
{
    struct poll *poll = &world->polls[backup];
    int64_t takes_ms = 1 + below(world, 20 * SECOND_MS);

    check_poll(world, backup, cause);
    poll->cause = cause;
    poll->retries = cause == PLAN_RETRY && !poll->is_remembered ? poll->retries + 1 : 0;
    poll->is_remembered = false;
    poll->had_recovery = poll->had_now = false;
    poll->is_held = !world->is_up;
    poll->is_again = world->faults.polls && below(world, 4) == 0;
    if (world->faults.polls && below(world, 50) == 0)
        takes_ms = below(world, 2 * HOUR_MS);
    poll->is_running = true;
    poll->ends_ms = world->real_ms + takes_ms;
    if (poll->is_held) {
        poll->held++;
        return;
    }
    poll->count++;
    poll->began_ms = world->real_ms;
}

static void change_primary(struct world *world)
{
    int64_t began_ms;

    world->events++;
    world->is_up = !world->is_up;
    world->changes_ms = world->real_ms + (world->is_up ? MINUTE_MS + below(world, hours_ms(600))
                                                       : MINUTE_MS + below(world, 30 * HOUR_MS));
    if (outage_looked(&world->watch, world->is_up, world->now, &began_ms) != OUTAGE_ENDED)
        return;
    recover_all(world->plan, &world->config, world->now);
    for (size_t i = 0; i < BACKUPS; i++)
        world->polls[i].had_recovery = true;
}

static void restart(struct world *world)
{
    struct plan *plan = plan_of(&world->config, berlin, world->random, world->now);

    for (size_t i = 0; i < BACKUPS; i++) {
        struct plan_memory memory = plan_memory(world->plan, i);

        world->polls[i].is_running = world->polls[i].is_again = false;
        world->polls[i].is_remembered = memory.due_ms < memory.slot_ms;
        plan_remember(plan, i, &memory, world->now);
    }
    plan_free(world->plan);
    world->plan = plan;
}

static void sleep_on(struct world *world)
{
    int64_t sleep_ms = below(world, 12 * HOUR_MS);

    world->now.wall_ms += sleep_ms;
    world->real_ms += sleep_ms;
}

static void set_clock(struct world *world)
{
    static const int64_t spans_ms[] = {HOUR_MS, 3 * HOUR_MS, 17 * MINUTE_MS, INT64_C(240) * HOUR_MS,
                                       INT64_C(87600) * HOUR_MS};
    int64_t set_ms = 0;

    if (world->set_ms == 0)
        set_ms = spans_ms[below(world, 5)] * (below(world, 2) == 0 ? 1 : -1);
    world->now.wall_ms += set_ms - world->set_ms;
    world->set_ms = set_ms;
}

static void happen(struct world *world)
{
    int64_t which = below(world, 5);

    world->events++;
    world->happens_ms = world->real_ms + 1 + below(world, 40 * HOUR_MS);
    if (which == 0 && world->faults.sleeps) {
        sleep_on(world);
    } else if (which == 1 && world->faults.clocks) {
        set_clock(world);
    } else if ((which == 2 || which == 3) && world->faults.restarts) {
        restart(world);
    } else if (which == 4 && world->faults.polls) {
        all_now(world->plan, &world->config);
        for (size_t i = 0; i < BACKUPS; i++)
            world->polls[i].had_now = true;
    }
}

/* How long nothing happens. */
static int64_t quiet_ms(const struct world *world)
{
    int64_t next_ms = plan_next_ms(world->plan, world->now);
    int64_t at_ms = world->until_ms;

    assert_true(next_ms > world->now.monotonic_ms);
    if (next_ms != INT64_MAX && next_ms - world->now.monotonic_ms + world->real_ms < at_ms)
        at_ms = next_ms - world->now.monotonic_ms + world->real_ms;
    for (size_t i = 0; i < BACKUPS; i++) {
        if (world->polls[i].is_running && world->polls[i].ends_ms < at_ms)
            at_ms = world->polls[i].ends_ms;
    }
    if (world->changes_ms < at_ms)
        at_ms = world->changes_ms;
    if (world->happens_ms < at_ms)
        at_ms = world->happens_ms;
    return at_ms > world->real_ms ? at_ms - world->real_ms : 0;
}

/* All that is to be done at this instant. Whether the plan was right to wake us. */
static void act(struct world *world)
{
    bool is_due = plan_next_ms(world->plan, world->now) <= world->now.monotonic_ms;
    bool is_taken = false;
    enum plan_cause cause;
    size_t backup;

    int64_t ahead_ms = plan_tick(world->plan, world->now);
    (void)outage_tick(&world->watch, ahead_ms, INT64_MAX, world->now);
    if (world->real_ms >= world->changes_ms)
        change_primary(world);
    if (world->real_ms >= world->happens_ms)
        happen(world);
    ahead_ms = plan_tick(world->plan, world->now);
    (void)outage_tick(&world->watch, ahead_ms, INT64_MAX, world->now);
    for (size_t i = 0; i < BACKUPS; i++) {
        if (world->polls[i].is_running && world->polls[i].ends_ms <= world->real_ms)
            end_poll(world, i);
    }
    while (plan_take(world->plan, world->now, &backup, &cause)) {
        begin_poll(world, backup, cause);
        is_taken = true;
    }
    assert_true(is_taken || !is_due || ahead_ms != 0);
}

static int64_t live(struct world *world)
{
    int64_t polls = 0;

    for (; world->real_ms < world->until_ms; world->wakes++) {
        act(world);
        int64_t step_ms = quiet_ms(world);

        world->now.wall_ms += step_ms;
        world->now.monotonic_ms += step_ms;
        world->real_ms += step_ms;
    }
    for (size_t i = 0; i < BACKUPS; i++)
        polls += world->polls[i].count + world->polls[i].held;
    assert_true(world->wakes <= 2 * polls + 2 * world->events + 1);
    print_message("%lld polls, %lld wake-ups\n", (long long)polls, (long long)world->wakes);
    plan_free(world->plan);
    return polls;
}

/* How many slots there are in so many days. */
static int64_t slots_of(const struct kind *kind, size_t days)
{
    static struct walk walk;
    struct cron cron;
    struct error error;
    int64_t slots = 0;

    if (kind->schedule == NULL)
        return ((int64_t)days * 24 * 60 + kind->interval_min - 1) / kind->interval_min;
    assert_int_equal(schedule_parse_cron(&cron, kind->schedule, &error), STATUS_OK);
    walk_through(&walk, &cron, berlin, stamp_s(begin), days);
    for (size_t i = 1; i < walk.minutes; i++)
        slots += walk.runs[i] ? 1 : 0;
    return slots;
}

static void test_without_faults(void **state)
{
    static struct world world;

    (void)state;
    set_up(&world, (struct faults){false}, YEAR_DAYS, 1);
    (void)live(&world);
    for (size_t i = 0; i < BACKUPS; i++) {
        int64_t slots = slots_of(&kinds[i % (BACKUPS / 2)], YEAR_DAYS);

        if (world.polls[i].count != slots)
            fail_msg("%s: %lld polls of %lld", world.names[i], (long long)world.polls[i].count,
                     (long long)slots);
    }
}

static const struct fault_row {
    const char *name;
    struct faults faults;
    size_t days;
    int64_t least_percent, most_percent; /* of the polls without faults */
} fault_rows[] = {
    {"polls fail", {.polls = true}, 90, 100, 300},
    {"outages", {.outages = true}, 90, 90, 110},
    {"a machine that sleeps", {.sleeps = true}, 90, 80, 100},
    {"restarts and other configurations", {.restarts = true}, 90, 99, 101},
    {"clocks to and fro", {.clocks = true}, 90, 95, 110},
    {"everything but clocks", {true, true, true, false, true}, YEAR_DAYS, 80, 300},
    {"everything", {true, true, true, true, true}, 90, 80, 300},
};

static void test_faults(void **state)
{
    const struct fault_row *row = *state;
    static struct world world;
    int64_t slots = 0;

    set_up(&world, row->faults, row->days, random_begin());
    int64_t polls = live(&world);

    for (size_t i = 0; i < BACKUPS / 2; i++)
        slots += 2 * slots_of(&kinds[i], row->days);
    assert_in_range(polls * 100, slots * row->least_percent, slots * row->most_percent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_without_faults)};

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL) +
                       RUN_TABLE(fault_rows, test_faults));
}

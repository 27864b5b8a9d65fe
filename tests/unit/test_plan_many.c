/* plan: several backups side by side: their jitter, their turns, their names in another
 * configuration. */
#include "unit.h"
#include "zones.h"

#include "plan_of.h"
#include <mxpull/plan/plan.h>

#include <stdio.h>

enum {
    BACKUPS_MAX = 2000,
    HOUR_MS = 3600 * 1000
};

struct world {
    struct config config;
    struct backup_config backups[BACKUPS_MAX];
    char names[BACKUPS_MAX][24];
    int64_t retry[1], recovery[2];
    struct instant now;
};

/* Backups mx0, mx1 ... with an interval of an hour. */
static struct world *world_new(size_t count)
{
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    world->retry[0] = 60;
    world->recovery[1] = 600;
    world->config.backups = world->backups;
    world->config.backup_count = count;
    world->config.primary.recovery = (struct durations){world->recovery, 2};
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(world->names[i], sizeof world->names[i], "mx%zu", i);
        world->backups[i].name = world->names[i];
        world->backups[i].timing = (struct timing){.interval_s = 3600, .retry = {world->retry, 1}};
    }
    world->now = (struct instant){.wall_ms = stamp_s("2026-01-05 00:00") * 1000};
    return world;
}

static struct plan *plan_for(const struct world *world)
{
    return plan_of(&world->config, utc, 1, world->now);
}

static void pass(struct world *world, int64_t ms)
{
    world->now.wall_ms += ms;
    world->now.monotonic_ms += ms;
}

/* Takes what is due, and, if it is to, ends it. Returns the places as digits, with their causes. */
static const char *take_all(struct plan *plan, struct world *world, bool end)
{
    static char taken[100];
    enum plan_cause cause;
    size_t backup, used = 0;

    taken[0] = '\0';
    while (plan_take(plan, world->now, &backup, &cause)) {
        used += (size_t)snprintf(taken + used, sizeof taken - used, "%s%zu%c", used > 0 ? " " : "",
                                 backup, "SRPN"[cause]);
        assert_true(used < sizeof taken);
        if (end)
            plan_ended(plan, backup, world->now, false);
    }
    return taken;
}

static void test_all_have_their_turn(void **state)
{
    struct world *world = world_new(BACKUPS_MAX);
    struct plan *plan = plan_for(world);
    static bool was_taken[BACKUPS_MAX];
    enum plan_cause cause;
    size_t backup;

    (void)state;
    for (size_t i = 0; i < BACKUPS_MAX; i++) {
        assert_int_equal(plan_next_ms(plan, world->now), world->now.monotonic_ms);
        assert_true(plan_take(plan, world->now, &backup, &cause));
        assert_false(was_taken[backup]);
        was_taken[backup] = true;
        plan_ended(plan, backup, world->now, false);
        plan_recover(plan, 0, world->now); /* due again at once, and yet the others get theirs */
    }
    plan_free(plan);
    free(world);
}

static void test_nothing(void **state)
{
    struct world *world = world_new(0);
    struct plan *plan = plan_for(world);
    enum plan_cause cause;
    size_t backup;

    (void)state;
    recover_all(plan, &world->config, world->now);
    all_now(plan, &world->config);
    assert_int_equal(plan_tick(plan, world->now), 0);
    assert_false(plan_take(plan, world->now, &backup, &cause));
    assert_true(plan_next_ms(plan, world->now) == INT64_MAX);
    plan_free(plan);
    plan_free(NULL);
    free(world);
}

static void test_running(void **state)
{
    struct world *world = world_new(2);
    struct plan *plan = plan_for(world);

    (void)state;
    assert_string_equal(take_all(plan, world, false), "0S 1S");
    assert_true(plan_next_ms(plan, world->now) == INT64_MAX);
    pass(world, 10 * HOUR_MS);
    all_now(plan, &world->config);
    recover_all(plan, &world->config, world->now);
    assert_string_equal(take_all(plan, world, false), "");
    assert_true(plan_next_ms(plan, world->now) == INT64_MAX);
    plan_ended(plan, 1, world->now, true);
    assert_string_equal(take_all(plan, world, false), "1N");
    plan_held(plan, 0, world->now);
    assert_string_equal(take_all(plan, world, true), "0N");
    plan_free(plan);
    free(world);
}

static void test_one_recovers(void **state)
{
    struct world *world = world_new(3);
    struct plan *plan = plan_for(world);

    (void)state;
    assert_string_equal(take_all(plan, world, true), "0S 1S 2S");
    pass(world, 1000);
    plan_recover(plan, 1, world->now);
    assert_string_equal(take_all(plan, world, true), "1P");
    assert_int_equal(plan_next_ms(plan, world->now), world->now.monotonic_ms + 600 * 1000);
    pass(world, 600 * 1000);
    assert_string_equal(take_all(plan, world, true), "1P");
    assert_int_equal(plan_next_ms(plan, world->now), HOUR_MS);
    plan_free(plan);
    free(world);
}

/* No step at once, and not in their order. */
static void test_other_steps(void **state)
{
    struct world *world = world_new(1);

    (void)state;
    world->recovery[0] = 600;
    world->recovery[1] = 120;
    struct plan *plan = plan_for(world);

    assert_string_equal(take_all(plan, world, true), "0S");
    pass(world, HOUR_MS - 60000);
    recover_all(plan, &world->config, world->now);
    assert_string_equal(take_all(plan, world, true), "");
    pass(world, 60000);
    assert_string_equal(take_all(plan, world, false), "0S");
    pass(world, 90000); /* the first step passes in a poll that began after the outage */
    plan_ended(plan, 0, world->now, true);
    assert_string_equal(take_all(plan, world, true), "");
    assert_int_equal(plan_next_ms(plan, world->now), HOUR_MS + 540 * 1000);
    pass(world, 450000);
    assert_string_equal(take_all(plan, world, true), "0P");
    assert_int_equal(plan_next_ms(plan, world->now), 2 * HOUR_MS);

    world->config.primary.recovery.count = 0;
    recover_all(plan, &world->config, world->now);
    assert_int_equal(plan_next_ms(plan, world->now), 2 * HOUR_MS);
    plan_free(plan);
    free(world);
}

/* No schedule, as in a pull: now, and the times of retry. */
static void test_no_schedule(void **state)
{
    struct world *world = world_new(3);

    (void)state;
    struct plan *plan = plan_of(&world->config, NULL, 1, world->now);

    assert_true(plan_next_ms(plan, world->now) == INT64_MAX);
    assert_string_equal(take_all(plan, world, true), "");
    all_now(plan, &world->config);
    assert_string_equal(take_all(plan, world, false), "0N 1N 2N");
    pass(world, 5000);
    plan_ended(plan, 0, world->now, false);
    plan_ended(plan, 1, world->now, true);
    plan_ended(plan, 2, world->now, true);
    assert_int_equal(plan_memory(plan, 0).due_ms, 0);
    assert_int_equal(plan_memory(plan, 1).due_ms, world->now.wall_ms + 60000);
    pass(world, 60000);
    assert_string_equal(take_all(plan, world, false), "1R 2R");
    plan_ended(plan, 1, world->now, true); /* there is one time of retry */
    plan_ended(plan, 2, world->now, false);
    assert_true(plan_next_ms(plan, world->now) == INT64_MAX);
    plan_free(plan);
    free(world);
}

static void test_tick_tells(void **state)
{
    struct world *world = world_new(1);
    struct plan *plan = plan_for(world);

    (void)state;
    pass(world, 5000);
    assert_int_equal(plan_tick(plan, world->now), 0);
    world->now.wall_ms += 7000;
    world->now.monotonic_ms += 2000;
    assert_int_equal(plan_tick(plan, world->now), 5000);
    assert_int_equal(plan_tick(plan, world->now), 0);
    world->now.wall_ms -= HOUR_MS;
    assert_int_equal(plan_tick(plan, world->now), -HOUR_MS);
    plan_free(plan);
    free(world);
}

static void test_cause_names(void **state)
{
    (void)state;
    assert_string_equal(plan_cause_name(PLAN_SCHEDULE), "schedule");
    assert_string_equal(plan_cause_name(PLAN_RETRY), "retry");
    assert_string_equal(plan_cause_name(PLAN_RECOVERY), "recovery");
    assert_string_equal(plan_cause_name(PLAN_NOW), "now");
}

/* ---- jitter ---- */

static const struct jitter_row {
    const char *name;
    int64_t interval_s;
    char schedule[20];
    int64_t jitter_s;
    int64_t slot_ms, max_ms; /* the second slot of an interval, the first of cron */
} jitter_rows[] = {
    {"interval", 4 * 3600, "", 300, 4 * HOUR_MS, 300000},
    {"a tenth of the interval", 600, "", 300, 600000, 60000},
    {"none", 3600, "", 0, HOUR_MS, 0},
    {"cron", 0, "0 */4 * * *", 300, 4 * HOUR_MS, 300000},
    {"a tenth of what cron leaves", 0, "30,40 * * * *", 300, HOUR_MS / 2, 60000},
    {"an hour", 0, "@daily", 3600, 24 * HOUR_MS, 3600000},
};

static void test_jitter(void **state)
{
    const struct jitter_row *row = *state;
    struct world *world = world_new(BACKUPS_MAX);
    struct jitter_row copy = *row;
    size_t quarters[4] = {0};

    for (size_t i = 0; i < BACKUPS_MAX; i++) {
        world->backups[i].timing.interval_s = row->interval_s;
        world->backups[i].timing.jitter_s = row->jitter_s;
        world->backups[i].timing.schedule = row->schedule[0] != '\0' ? copy.schedule : NULL;
    }
    struct plan *plan = plan_for(world);
    enum plan_cause cause;
    size_t backup;
    int64_t slot_ms = world->now.wall_ms + row->slot_ms;

    while (plan_take(plan, world->now, &backup, &cause))
        plan_ended(plan, backup, world->now, false);
    for (size_t i = 0; i < BACKUPS_MAX; i++) {
        struct plan_memory memory = plan_memory(plan, i);

        assert_int_equal(memory.slot_ms, slot_ms);
        assert_in_range(memory.due_ms, slot_ms, slot_ms + row->max_ms);
        quarters[4 * (memory.due_ms - slot_ms) / (row->max_ms + 1)]++;
    }
    for (size_t i = 0; i < 4 && row->max_ms > 0; i++)
        assert_in_range(quarters[i], BACKUPS_MAX / 5, BACKUPS_MAX * 3 / 10);
    plan_free(plan);
    free(world);
}

/* Slots stay on their grid, and each has its own jitter. */
static void test_jitter_does_not_add_up(void **state)
{
    struct world *world = world_new(1);
    int64_t start_ms = world->now.wall_ms, jitter_before_ms = -1;
    unsigned equal = 0;
    enum plan_cause cause;
    size_t backup;

    (void)state;
    world->backups[0].timing.jitter_s = 300;
    struct plan *plan = plan_for(world);

    for (int64_t slot = 0; slot < 1000; slot++) {
        int64_t jitter_ms = world->now.wall_ms - start_ms - slot * HOUR_MS;

        assert_in_range(jitter_ms, 0, 300000);
        equal += jitter_ms == jitter_before_ms ? 1 : 0;
        jitter_before_ms = jitter_ms;
        assert_true(plan_take(plan, world->now, &backup, &cause));
        plan_ended(plan, backup, world->now, false);
        pass(world, plan_next_ms(plan, world->now) - world->now.monotonic_ms);
    }
    assert_true(equal < 10);
    plan_free(plan);
    free(world);
}

static void test_seed(void **state)
{
    struct world *world = world_new(2);

    (void)state;
    world->backups[0].timing.jitter_s = world->backups[1].timing.jitter_s = 300;
    struct plan *plans[] = {plan_of(&world->config, utc, 1, world->now),
                            plan_of(&world->config, utc, 1, world->now),
                            plan_of(&world->config, utc, 2, world->now)};

    for (size_t i = 0; i < 3; i++)
        (void)take_all(plans[i], world, true);
    assert_int_equal(plan_memory(plans[0], 0).due_ms, plan_memory(plans[1], 0).due_ms);
    assert_int_not_equal(plan_memory(plans[0], 0).due_ms, plan_memory(plans[2], 0).due_ms);
    assert_int_not_equal(plan_memory(plans[0], 0).due_ms, plan_memory(plans[0], 1).due_ms);
    for (size_t i = 0; i < 3; i++)
        plan_free(plans[i]);
    free(world);
}

/* ---- what is remembered, and other configurations ---- */

/* Which memories have changed: "0 1". */
static const char *take_changed(struct plan *plan)
{
    static char text[64];
    size_t backup;

    text[0] = '\0';
    while (plan_take_changed(plan, &backup)) {
        size_t size = strlen(text);

        (void)snprintf(text + size, sizeof text - size, "%s%zu", size > 0 ? " " : "", backup);
    }
    return text;
}

static void test_changed(void **state)
{
    struct world *world = world_new(2);
    struct plan *plan = plan_for(world);
    enum plan_cause cause;
    size_t backup;

    (void)state;
    assert_string_equal(take_changed(plan), "0 1");
    assert_string_equal(take_changed(plan), "");
    assert_true(plan_take(plan, world->now, &backup, &cause));
    assert_int_equal(backup, 0);
    assert_string_equal(take_changed(plan), "0"); /* should it not come to its end, it is due */
    assert_int_equal(plan_memory(plan, 0).slot_ms, world->now.wall_ms);
    assert_int_equal(plan_memory(plan, 0).due_ms, world->now.wall_ms);
    assert_string_equal(take_changed(plan), "");
    plan_ended(plan, 0, world->now, false);
    assert_string_equal(take_changed(plan), "0");
    assert_string_equal(take_all(plan, world, true), "1S");
    assert_string_equal(take_changed(plan), "1");
    plan_recover(plan, 0, world->now);
    assert_string_equal(take_changed(plan), "0");
    pass(world, 1000);
    world->now.wall_ms -= HOUR_MS;
    (void)plan_tick(plan, world->now);
    assert_string_equal(take_changed(plan), "0 1");
    plan_free(plan);
    free(world);
}

static void test_restart_keeps_jitter(void **state)
{
    struct world *world = world_new(10);

    (void)state;
    for (size_t i = 0; i < 10; i++)
        world->backups[i].timing.jitter_s = 300;
    struct plan *plan = plan_for(world);
    struct plan *restarted = plan_of(&world->config, utc, 99, world->now);

    (void)take_all(plan, world, true);
    for (size_t i = 0; i < 10; i++) {
        struct plan_memory memory = plan_memory(plan, i);

        plan_remember(restarted, i, &memory, world->now);
        assert_int_equal(plan_memory(restarted, i).due_ms, memory.due_ms);
    }
    assert_string_equal(take_changed(restarted), "");
    assert_int_equal(plan_next_ms(plan, world->now), plan_next_ms(restarted, world->now));
    plan_free(plan);
    plan_free(restarted);
    free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_have_their_turn),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_running),
        cmocka_unit_test(test_one_recovers),
        cmocka_unit_test(test_other_steps),
        cmocka_unit_test(test_no_schedule),
        cmocka_unit_test(test_tick_tells),
        cmocka_unit_test(test_cause_names),
        cmocka_unit_test(test_jitter_does_not_add_up),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_restart_keeps_jitter),
    };

    return unit_status(RUN_TABLE(jitter_rows, test_jitter) +
                       cmocka_run_group_tests(tests, NULL, NULL));
}

/* A week of drills in simulated time: a plan by cron expression with jitter, courses, and a store, as the daemon has them. Three backups: one is well,
 * one swallows, one refuses. Our own mail server is down on the third day from 4 to 9, and the machine sleeps from the fifth day at 3 to the sixth
 * at 8. */
#include "unit.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/drill/drill.h>
#include <mxpull/plan/plan.h>

#include <stdio.h>

enum {
    BACKUPS = 3,
    DAYS = 7
};

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define BEGIN_MS (INT64_C(20773) * DAY_MS) /* 2026-11-16, midnight */

static int64_t wall_ms;

static int64_t now(void)
{
    return wall_ms;
}

static int64_t no_offset(int64_t utc_s)
{
    (void)utc_s;
    return 0;
}

struct week {
    struct store *store;
    struct backup_config backups[BACKUPS];
    unsigned drills[BACKUPS][DAYS], messages[BACKUPS][DAYS];
    unsigned left_out;
};

/* One drill from its beginning to its end, by which the clock goes on. Returns what it has come to. */
static struct course run_drill(size_t backup)
{
    const struct arrival_sight sight = {.sees_log = true, .connections = -1};
    const struct delivery delivery = {.fate = backup == 2 ? DELIVERY_REFUSED : DELIVERY_ACCEPTED,
                                      .outcome = OUTCOME_DENIED,
                                      .code = backup == 2 ? 554 : 250,
                                      .text = "text"};
    struct course course;
    int64_t ms = 0;

    course_begin(&course, false, COURSE_WAIT_MS, ms);
    course_delivered(&course, &delivery, ms += 100);
    while (course.phase != COURSE_OVER) {
        course_tick(&course, &sight, ms += 50);
        if (course.phase == COURSE_ASKING)
            course_answered(&course, OUTCOME_STARTED, 250, "ok", ms += 10);
        if (course.phase == COURSE_WAITING && backup == 0)
            course_arrived(&course, EVIDENCE_LOG, "192.0.2.7", ms += 1000);
        assert_true(ms < 100000);
    }
    return course;
}

static void drill(struct week *week, size_t backup)
{
    static const enum drill_outcome outcomes[] = {DRILL_OK, DRILL_UNSEEN, DRILL_NOT_ACCEPTED};
    size_t day = (size_t)((wall_ms - BEGIN_MS) / DAY_MS);
    struct error error;
    int64_t sent_ms;
    char token[32];

    assert_true(day < DAYS);
    assert_int_equal(
        drill_sent_today(week->store, &week->backups[backup], no_offset, wall_ms, &sent_ms, &error),
        STATUS_OK);
    if (sent_ms != 0) {
        week->left_out++;
        return;
    }
    const struct course course = run_drill(backup);
    assert_int_equal(course.outcome, outcomes[backup]);
    week->drills[backup][day]++;
    week->messages[backup][day] += course_has_sent(&course);
    (void)snprintf(token, sizeof token, "%lld", (long long)wall_ms);
    const struct store_drill row = {.at_ms = wall_ms,
                                    .backup = week->backups[backup].name,
                                    .domain = "a.example",
                                    .outcome = drill_outcome_name(course.outcome),
                                    .token = token,
                                    .exit_status = course.exit_status,
                                    .accepted_ms = course.accepted_after_ms,
                                    .arrived_ms = course.arrived_after_ms};
    assert_int_equal(store_set_drill(week->store, &row, &error), STATUS_OK);
}

static bool is_up(int64_t at_ms)
{
    return at_ms < BEGIN_MS + 2 * DAY_MS + 4 * HOUR_MS ||
           at_ms >= BEGIN_MS + 2 * DAY_MS + 9 * HOUR_MS;
}

/* By the minute; the monotonic clock stands still while the machine sleeps. */
static void run_week(struct week *week, const char *schedule)
{
    const struct timing timing = {.schedule = memory_copy(schedule), .jitter_s = 300};
    const struct durations none = {0};
    int64_t monotonic_ms = 1000;

    wall_ms = BEGIN_MS;
    struct plan *plan = plan_new(
        &(struct plan_options){.most = BACKUPS, .recovery = &none, .offset = no_offset, .seed = 7},
        (struct instant){wall_ms, monotonic_ms});
    for (size_t i = 0; i < BACKUPS; i++)
        plan_add(plan, &timing, (struct instant){wall_ms, monotonic_ms});
    for (; wall_ms < BEGIN_MS + DAYS * DAY_MS - HOUR_MS; wall_ms += 60000, monotonic_ms += 60000) {
        enum plan_cause cause;
        size_t backup;

        if (wall_ms == BEGIN_MS + 4 * DAY_MS + 3 * HOUR_MS)
            wall_ms = BEGIN_MS + 5 * DAY_MS + 8 * HOUR_MS;
        struct instant instant = {wall_ms, monotonic_ms};
        (void)plan_tick(plan, instant);
        while (is_up(wall_ms) && plan_take(plan, instant, &backup, &cause)) {
            plan_ended(plan, backup, instant, false);
            drill(week, backup);
        }
    }
    plan_free(plan);
    free(timing.schedule);
}

static void open_week(struct week *week)
{
    static char names[BACKUPS][10] = {"well", "swallows", "refuses"};
    struct error error;

    *week = (struct week){0};
    for (size_t i = 0; i < BACKUPS; i++)
        week->backups[i].name = names[i];
    wall_ms = BEGIN_MS;
    assert_int_equal(store_open(&week->store, &(struct store_options){.now_ms = now}, &error),
                     STATUS_OK);
}

/* Each backup each day; not while the machine sleeps, and what was missed then once. */
static void test_daily(void **state)
{
    struct week week;

    (void)state;
    open_week(&week);
    run_week(&week, "0 5 * * *");
    for (size_t i = 0; i < BACKUPS; i++) {
        for (size_t day = 0; day < DAYS; day++) {
            assert_int_equal(week.drills[i][day], day == 4 ? 0 : 1);
            assert_int_equal(week.messages[i][day], day == 4 || i == 2 ? 0 : 1);
        }
    }
    assert_int_equal(week.left_out, 0);
    store_close(week.store);
}

/* However often it is due: one message a day, but one that refuses may be tried again. */
static void test_hourly(void **state)
{
    struct week week;

    (void)state;
    open_week(&week);
    run_week(&week, "0 * * * *");
    for (size_t day = 0; day < DAYS; day++) {
        assert_int_equal(week.messages[0][day], 1);
        assert_int_equal(week.messages[1][day], 1);
        assert_int_equal(week.messages[2][day], 0);
        assert_true(week.drills[2][day] >= 3);
    }
    assert_true(week.left_out > 200);
    store_close(week.store);
}

/* A message that was sent is not forgotten for another one that was not accepted. */
static void test_not_accepted_later(void **state)
{
    struct week week;
    struct error error;
    int64_t sent_ms;

    (void)state;
    open_week(&week);
    wall_ms = BEGIN_MS + HOUR_MS;
    for (int i = 0; i < 3; i++) {
        const struct store_drill row = {
            .at_ms = BEGIN_MS + (i + 1) * 1000,
            .backup = week.backups[0].name,
            .domain = "a.example",
            .outcome = drill_outcome_name(i == 1 ? DRILL_OK : DRILL_NOT_ACCEPTED),
            .token = (const char[]){(char)('a' + i), '\0'}};

        assert_int_equal(store_set_drill(week.store, &row, &error), STATUS_OK);
        assert_int_equal(
            drill_sent_today(week.store, &week.backups[0], no_offset, wall_ms, &sent_ms, &error),
            STATUS_OK);
        assert_int_equal(sent_ms, i == 0 ? 0 : BEGIN_MS + 2000);
    }
    store_close(week.store);
}

/* Once a month is not within this week. */
static void test_monthly(void **state)
{
    struct week week;

    (void)state;
    open_week(&week);
    run_week(&week, "0 5 1 * *");
    for (size_t i = 0; i < BACKUPS; i++) {
        for (size_t day = 0; day < DAYS; day++)
            assert_int_equal(week.drills[i][day], 0);
    }
    store_close(week.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_daily), cmocka_unit_test(test_hourly),
                                       cmocka_unit_test(test_not_accepted_later),
                                       cmocka_unit_test(test_monthly)};

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL));
}

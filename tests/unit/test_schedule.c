/* schedule: the times that a schedule names. Cron expressions are held against a slow walk through
 * every minute; both days on which the clocks change, in several zones. */
#include "cron_walk.h"
#include "random.h"
#include "unit.h"
#include "zones.h"

#include <mxpull/plan/schedule.h>

#include <stdio.h>
#include <time.h>

enum {
    HOUR_S = 3600,
    DAY_S = 24 * HOUR_S,
    RANDOM_EXPRESSIONS = 200
};

static struct cron cron_of(const char *text)
{
    struct cron cron = {0};
    struct error error;

    if (schedule_parse_cron(&cron, text, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return cron;
}

static const char *shown(int64_t ms)
{
    static char texts[2][40];
    static unsigned turn;
    char *text = texts[turn++ % 2];
    time_t seconds = (time_t)(ms / 1000);
    const struct tm *utc_time = gmtime(&seconds);

    if (ms == INT64_MAX || utc_time == NULL ||
        strftime(text, 40, "%Y-%m-%d %H:%M:%S", utc_time) == 0)
        (void)snprintf(text, 40, "never");
    return text;
}

/* ---- rows ---- */

static const struct cron_row {
    const char *name;
    schedule_offset *offset;
    const char *text;
    const char *after;
    const char *expected; /* UTC, parted by ", "; "never" */
} cron_rows[] = {
    {"every minute", utc, "* * * * *", "2026-01-01 00:00",
     "2026-01-01 00:01, 2026-01-01 00:02, 2026-01-01 00:03"},
    {"strictly after", utc, "0 * * * *", "2026-01-01 00:00", "2026-01-01 01:00"},
    {"seconds", utc, "0 * * * *", "2026-01-01 00:59:59", "2026-01-01 01:00, 2026-01-01 02:00"},
    {"steps", utc, "*/20 */6 * * *", "2026-01-01 00:30",
     "2026-01-01 00:40, 2026-01-01 06:00, 2026-01-01 06:20"},
    {"lists and ranges", utc, "5,10-12,58 3 * * *", "2026-01-01 03:05",
     "2026-01-01 03:10, 2026-01-01 03:11, 2026-01-01 03:12, 2026-01-01 03:58, 2026-01-02 03:05"},
    {"the end of a year", utc, "59 23 31 12 *", "2026-06-01 00:00",
     "2026-12-31 23:59, 2027-12-31 23:59"},
    {"working days", utc, "0 8 * * mon-fri", "2026-11-05 12:00",
     "2026-11-06 08:00, 2026-11-09 08:00"},
    {"names", utc, "0 0 * feb,nov sun", "2026-02-20 00:00",
     "2026-02-22 00:00, 2026-11-01 00:00, 2026-11-08 00:00"},
    {"7 is Sunday", utc, "0 0 * * 7", "2026-11-05 00:00", "2026-11-08 00:00"},
    {"day or weekday", utc, "0 0 13 * fri", "2026-11-01 00:00",
     "2026-11-06 00:00, 2026-11-13 00:00, 2026-11-20 00:00, 2026-11-27 00:00, 2026-12-04 00:00, "
     "2026-12-11 00:00, 2026-12-13 00:00"},
    {"day and weekday, where one begins with *", utc, "0 0 13 * */5", "2026-01-01 00:00",
     "2026-02-13 00:00, 2026-03-13 00:00, 2026-09-13 00:00, 2026-11-13 00:00"},
    {"the 31st", utc, "0 0 31 * *", "2026-01-31 00:00",
     "2026-03-31 00:00, 2026-05-31 00:00, 2026-07-31 00:00, 2026-08-31 00:00, 2026-10-31 00:00, "
     "2026-12-31 00:00"},
    {"the 30th of February does not come", utc, "0 0 30 1-3 *", "2026-01-30 00:00",
     "2026-03-30 00:00"},
    {"leap day", utc, "0 12 29 2 *", "2026-01-01 00:00",
     "2028-02-29 12:00, 2032-02-29 12:00, 2036-02-29 12:00"},
    {"leap day in no leap century", utc, "0 12 29 2 *", "2096-03-01 00:00", "2104-02-29 12:00"},
    {"leap day in a leap century", utc, "0 12 29 2 *", "1999-03-01 00:00", "2000-02-29 12:00"},
    {"leap day on a Sunday", utc, "0 0 29 2 */7", "2026-01-01 00:00",
     "2032-02-29 00:00, 2060-02-29 00:00, 2088-02-29 00:00, 2128-02-29 00:00"},
    {"the last day of February", utc, "0 0 28,29 2 *", "2027-01-01 00:00",
     "2027-02-28 00:00, 2028-02-28 00:00, 2028-02-29 00:00"},
    {"@hourly", utc, "@hourly", "2026-01-01 00:30", "2026-01-01 01:00"},
    {"@daily", berlin, "@daily", "2026-01-01 12:00", "2026-01-01 23:00, 2026-01-02 23:00"},
    {"@weekly", utc, "@weekly", "2026-11-05 00:00", "2026-11-08 00:00, 2026-11-15 00:00"},
    {"@monthly", utc, "@monthly", "2026-11-05 00:00", "2026-12-01 00:00, 2027-01-01 00:00"},
    {"@yearly", utc, "@yearly", "2026-11-05 00:00", "2027-01-01 00:00, 2028-01-01 00:00"},

    {"spring: a fixed time in the skipped hour comes after it", berlin, "30 2 * * *",
     "2026-03-28 00:00", "2026-03-28 01:30, 2026-03-29 01:00, 2026-03-30 00:30"},
    {"spring: many in the skipped hour come once", berlin, "0,15,30 2 * * *", "2026-03-29 00:00",
     "2026-03-29 01:00, 2026-03-30 00:00"},
    {"spring: with the hour after it", berlin, "0,30 2,3 * * *", "2026-03-29 00:00",
     "2026-03-29 01:00, 2026-03-29 01:30, 2026-03-30 00:00"},
    {"spring: a fixed time at its edge", berlin, "0 3 * * *", "2026-03-28 12:00",
     "2026-03-29 01:00, 2026-03-30 01:00"},
    {"spring: every hour, none made up", berlin, "30 * * * *", "2026-03-28 23:00",
     "2026-03-28 23:30, 2026-03-29 00:30, 2026-03-29 01:30, 2026-03-29 02:30"},
    {"spring: every minute of the skipped hour, not made up", berlin, "* 2 * * *",
     "2026-03-29 00:30", "2026-03-30 00:00"},
    {
        "spring: a range of hours is fixed",
        berlin,
        "0 1-4 * * *",
        "2026-03-28 23:30",
        "2026-03-29 00:00, 2026-03-29 01:00, 2026-03-29 02:00, 2026-03-29 23:00",
    },
    {"autumn: a fixed time comes the first time", berlin, "30 2 * * *", "2026-10-24 12:00",
     "2026-10-25 00:30, 2026-10-26 01:30"},
    {"autumn: not again when asked within the hour", berlin, "30 2 * * *", "2026-10-25 01:10",
     "2026-10-26 01:30"},
    {"autumn: a fixed time at the edge", berlin, "0 3 * * *", "2026-10-25 00:30",
     "2026-10-25 02:00"},
    {"autumn: every hour, both times", berlin, "30 * * * *", "2026-10-24 23:00",
     "2026-10-24 23:30, 2026-10-25 00:30, 2026-10-25 01:30, 2026-10-25 02:30"},
    {"autumn: every second minute hour by hour", berlin, "*/30 2 * * *", "2026-10-24 23:30",
     "2026-10-25 00:00, 2026-10-25 00:30, 2026-10-25 01:00, 2026-10-25 01:30, 2026-10-26 01:00"},
    {"autumn: on that day alone, both times", berlin, "*/30 2 25 10 *", "2026-10-25 00:00",
     "2026-10-25 00:30, 2026-10-25 01:00, 2026-10-25 01:30, 2027-10-25 00:00"},
    {"autumn: New York, the first time", new_york, "15 1 * * *", "2026-10-31 12:00",
     "2026-11-01 05:15, 2026-11-02 06:15"},
    {"spring: New York", new_york, "15 2 * * *", "2026-03-08 00:00",
     "2026-03-08 07:00, 2026-03-09 06:15"},
    {"half an hour skipped", lord_howe, "15 2 * * *", "2026-10-03 00:00",
     "2026-10-03 15:30, 2026-10-04 15:15"},
    {"half an hour skipped, the other half not", lord_howe, "45 2 * * *", "2026-10-03 00:00",
     "2026-10-03 15:45, 2026-10-04 15:45"},
    {"half an hour twice, fixed", lord_howe, "45 1 * * *", "2026-04-04 00:00",
     "2026-04-04 14:45, 2026-04-05 15:15"},
    {"half an hour twice, every hour", lord_howe, "45 * * * *", "2026-04-04 14:00",
     "2026-04-04 14:45, 2026-04-04 15:15, 2026-04-04 16:15"},
    {"midnight is skipped", beirut, "@daily", "2026-03-28 00:00",
     "2026-03-28 22:00, 2026-03-29 21:00"},
    {"the hour before midnight comes twice, midnight once", beirut, "@daily", "2026-10-23 22:00",
     "2026-10-24 22:00, 2026-10-25 22:00"},
    {"midnight is skipped on the first", sao_paulo, "30 0 4 11 *", "2018-01-01 00:00",
     "2018-11-04 03:00, 2019-11-04 03:30"},
    {"an hour before midnight comes twice", sao_paulo, "30 23 * * *", "2018-02-17 12:00",
     "2018-02-18 01:30, 2018-02-19 02:30"},
    {"a day is skipped", apia, "0 12 30 12 *", "2011-06-01 00:00",
     "2011-12-30 10:00, 2012-12-29 23:00"},
    {"a day is skipped, every hour", apia, "0 */12 * * *", "2011-12-29 12:00",
     "2011-12-29 22:00, 2011-12-30 10:00, 2011-12-30 22:00"},
};

static void test_cron_row(void **state)
{
    const struct cron_row *row = *state;
    struct cron cron = cron_of(row->text);
    int64_t at_ms = stamp_s(row->after) * 1000;

    for (const char *expected = row->expected; *expected != '\0';) {
        int64_t expected_ms = stamp_s(expected) * 1000;

        at_ms = schedule_cron_next(&cron, row->offset, at_ms);
        if (at_ms != expected_ms)
            fail_msg("%s, not %s", shown(at_ms), shown(expected_ms));
        expected += strcspn(expected, ",");
        expected += strspn(expected, ", ");
    }
}

/* ---- a walk through every minute ---- */

/* Every minute of the walk and the half minute after it, asked for the next one. */
static void compare_with_walk(const char *text, schedule_offset *offset, const char *first,
                              size_t days)
{
    static struct walk walk;
    struct cron cron = cron_of(text);
    int64_t next_ms = INT64_MAX;

    walk_through(&walk, &cron, offset, stamp_s(first), days);
    for (size_t i = walk.minutes; i-- > 0;) {
        int64_t minute_ms = (walk.first_minute + (int64_t)i) * 60000;

        for (int64_t after_ms = minute_ms + 30000; next_ms != INT64_MAX && after_ms >= minute_ms;
             after_ms -= 30000) {
            int64_t got_ms = schedule_cron_next(&cron, offset, after_ms);

            if (got_ms != next_ms)
                fail_msg("\"%s\" after %s: %s", text, shown(after_ms), shown(got_ms));
        }
        if (walk.runs[i])
            next_ms = minute_ms;
    }
}

static const struct walk_row {
    const char *name;
    schedule_offset *offset;
    const char *first;
} walk_rows[] = {
    {"Berlin, spring", berlin, "2026-03-27 00:00"},
    {"Berlin, autumn", berlin, "2026-10-23 00:00"},
    {"New York, spring", new_york, "2026-03-06 00:00"},
    {"New York, autumn", new_york, "2026-10-30 00:00"},
    {"Lord Howe, spring", lord_howe, "2026-10-01 00:00"},
    {"Lord Howe, autumn", lord_howe, "2026-04-02 00:00"},
    {"Beirut, spring", beirut, "2026-03-26 00:00"},
    {"Beirut, autumn", beirut, "2026-10-22 00:00"},
    {"Sao Paulo, spring", sao_paulo, "2018-11-01 00:00"},
    {"Sao Paulo, autumn", sao_paulo, "2018-02-15 00:00"},
    {"Apia without a day", apia, "2011-12-28 00:00"},
    {"leap day", berlin, "2028-02-26 00:00"},
    {"the end of a year", utc, "2026-12-29 00:00"},
};

static void test_walk(void **state)
{
    const struct walk_row *row = *state;
    static const char *const texts[] = {
        "* * * * *",    "*/7 * * * *",          "30 * * * *",       "59 */2 * * *",
        "* 2 * * *",    "*/15 0-3 * * *",       "30 2 * * *",       "0 0 * * *",
        "0 3 * * *",    "59 1 * * *",           "0-59/7 1-4 * * *", "0,30 0,1,2,3,23 * * *",
        "0 0-23 * * *", "0 2 29 * *",           "15 1 * * sun",     "45 23 28-31 * sat",
        "5 0 1 * */7",  "0 12 1 jan,feb,nov *",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        compare_with_walk(texts[i], row->offset, row->first, 6);
}

static uint64_t random_state;

static unsigned below(unsigned limit)
{
    return (unsigned)random_below(&random_state, limit);
}

/* Appends one field of min to max to text. */
static void add_random_field(char *text, size_t size, unsigned min, unsigned max, unsigned stars)
{
    size_t used = strlen(text);
    unsigned first = min + below(max - min + 1), last = first + below(max - first + 1);

    if (below(10) < stars)
        (void)snprintf(text + used, size - used, "* ");
    else if (below(4) == 0)
        (void)snprintf(text + used, size - used, "*/%u ", 1 + below(max));
    else if (below(3) == 0)
        (void)snprintf(text + used, size - used, "%u-%u/%u ", first, last, 1 + below(max));
    else
        (void)snprintf(text + used, size - used, "%u,%u ", first, min + below(max - min + 1));
}

static void test_random(void **state)
{
    (void)state;
    random_state = random_begin();
    for (int i = 0; i < RANDOM_EXPRESSIONS; i++) {
        const struct walk_row *row = &walk_rows[below(sizeof walk_rows / sizeof walk_rows[0])];
        char text[100] = "";

        add_random_field(text, sizeof text, 0, 59, 2);
        add_random_field(text, sizeof text, 0, 23, 3);
        add_random_field(text, sizeof text, 1, 28, 6);
        add_random_field(text, sizeof text, 1, 12, 8);
        add_random_field(text, sizeof text, 0, 7, 6);
        text[strlen(text) - 1] = '\0';
        compare_with_walk(text, row->offset, row->first, 5);
    }
}

/* A year in leaps from one time to the next. */
static void test_year(void **state)
{
    static const char *const texts[] = {"0 */4 * * 1-5", "30 2 * * *", "*/30 1-3 * * sun",
                                        "17 5 31 * mon", "@daily",     "0 0 29 2 *"};
    static struct walk walk;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct cron cron = cron_of(texts[i]);
        int64_t at_ms = stamp_s("2027-12-01 00:00") * 1000 - 1;

        walk_through(&walk, &cron, berlin, stamp_s("2027-12-01 00:00"), 366);
        at_ms = schedule_cron_next(&cron, berlin, at_ms);
        for (size_t minute = 0; minute < walk.minutes; minute++) {
            if (!walk.runs[minute])
                continue;
            assert_int_equal(at_ms, (walk.first_minute + (int64_t)minute) * 60000);
            at_ms = schedule_cron_next(&cron, berlin, at_ms);
        }
        assert_true(at_ms >= (walk.first_minute + (int64_t)walk.minutes) * 60000);
    }
}

/* ---- bounds ---- */

static unsigned offset_calls;

static int64_t counted(int64_t utc_s)
{
    offset_calls++;
    return berlin(utc_s);
}

/* The European Union's rule for ever: from the last Sunday of March to that of October an hour ahead,
 * from and to 1:00 UTC. */
static int64_t european(int64_t utc_s)
{
    time_t seconds = (time_t)utc_s;
    struct tm date = *gmtime(&seconds);
    int sunday =
        date.tm_mday - date.tm_wday; /* of this week; of the months' last weeks it is the last */

    offset_calls++;
    if (date.tm_mon < 2 || date.tm_mon > 9)
        return HOUR_S;
    if (date.tm_mon > 2 && date.tm_mon < 9)
        return 2 * HOUR_S;
    bool is_past = sunday > 24 && (date.tm_wday > 0 || date.tm_hour > 0);
    return is_past == (date.tm_mon == 2) ? 2 * HOUR_S : HOUR_S;
}

/* 400 years, day by day: the first one after each year's beginning, for each weekday that 29 February
 * may be. */
static void test_centuries(void **state)
{
    struct cron cron = cron_of("30 5 29 2 */7");
    int64_t first_s = stamp_s("2026-01-01 00:00");

    (void)state;
    for (int weekday = 0; weekday < 7; weekday++) {
        int64_t next_s = INT64_MAX;

        cron.weekdays = 1U << weekday;
        for (int64_t day = 146097 + 41 * 366; day-- > 0;) {
            time_t seconds = (time_t)(first_s + day * DAY_S);
            const struct tm *date = gmtime(&seconds);

            if (date->tm_mon == 1 && date->tm_mday == 29 && date->tm_wday == weekday)
                next_s = seconds + 5 * HOUR_S + 1800;
            if (day < 146097 && date->tm_yday == 0) {
                assert_int_equal(schedule_cron_next(&cron, utc, (int64_t)seconds * 1000),
                                 next_s * 1000);
                assert_int_equal(schedule_cron_next(&cron, european, (int64_t)seconds * 1000),
                                 (next_s - HOUR_S) * 1000);
            }
        }
    }
}

static void test_never(void **state)
{
    struct cron cron = cron_of("0 0 29 2 */7"), skipped = cron_of("* 2 25-31 3 */7");

    (void)state;
    assert_int_equal(schedule_cron_next(&skipped, utc, stamp_s("2026-01-01 00:00") * 1000),
                     stamp_s("2026-03-29 02:00") * 1000);
    offset_calls = 0;
    assert_true(schedule_cron_next(&skipped, european, stamp_s("2026-01-01 00:00") * 1000) ==
                INT64_MAX);
    assert_in_range(offset_calls, 1, 100000);
    assert_true(schedule_cron_next(&cron, counted, INT64_MAX) == INT64_MAX);
    assert_true(schedule_cron_next(&cron, counted, INT64_MAX - 1) == INT64_MAX);
    assert_true(schedule_cron_next(&cron, counted, INT64_MIN) == INT64_MAX);
}

static void test_few_steps(void **state)
{
    struct cron often = cron_of("*/5 * * * *"), daily = cron_of("0 4 * * *");
    struct cron yearly = cron_of("0 0 1 1 *");

    (void)state;
    offset_calls = 0;
    (void)schedule_cron_next(&often, counted, stamp_s("2026-07-01 00:00") * 1000);
    assert_in_range(offset_calls, 1, 4);
    offset_calls = 0;
    (void)schedule_cron_next(&daily, counted, stamp_s("2026-07-01 00:00") * 1000);
    assert_in_range(offset_calls, 1, 12);
    offset_calls = 0;
    (void)schedule_cron_next(&yearly, counted, stamp_s("2026-01-01 00:00") * 1000);
    assert_in_range(offset_calls, 1, 40);
}

static void test_parts_of_a_second(void **state)
{
    struct cron cron = cron_of("0 * * * *");
    int64_t hour_ms = stamp_s("2026-01-01 01:00") * 1000;

    (void)state;
    assert_int_equal(schedule_cron_next(&cron, utc, hour_ms - 1), hour_ms);
    assert_int_equal(schedule_cron_next(&cron, utc, hour_ms), hour_ms + HOUR_S * 1000);
    assert_int_equal(schedule_cron_next(&cron, utc, hour_ms + 1), hour_ms + HOUR_S * 1000);
    assert_int_equal(schedule_cron_next(&cron, utc, -1), 0);
}

/* ---- what a timing says ---- */

static const struct timing_row {
    const char *name;
    int64_t interval_s;
    const char *schedule;
    int64_t jitter_s, silence_s;
    int64_t next_s, jitter_max_ms, silent_s; /* after 2026-01-01 00:00 UTC */
} timing_rows[] = {
    {"interval", 4 * HOUR_S, NULL, 300, 0, 4 * HOUR_S, 300000, 12 * HOUR_S + 300},
    {"short interval", 600, NULL, 300, 0, 600, 60000, 1860},
    {"no jitter", 600, NULL, 0, 0, 600, 0, 1800},
    {"silence", 600, NULL, 300, 7 * DAY_S, 600, 60000, 7 * DAY_S},
    {"cron", 600, "0 */6 * * *", 300, 0, 6 * HOUR_S, 300000, 18 * HOUR_S + 300},
    {"short cron", 600, "*/10 * * * *", 300, 0, 600, 60000, 1860},
    {"uneven cron", 600, "0,1 6,12 * * *", 300, 0, 6 * HOUR_S, 300000, 12 * HOUR_S + 6},
    {"weekdays", 600, "0 12 * * 1-5", 300, 0, 12 * HOUR_S, 300000, (4 * 24 + 12) * HOUR_S + 300},
};

static void test_timing(void **state)
{
    const struct timing_row *row = *state;
    char *schedule = row->schedule != NULL ? strdup(row->schedule) : NULL;
    struct timing timing = {
        .interval_s = row->interval_s, .schedule = schedule, .jitter_s = row->jitter_s};
    int64_t start_s = stamp_s("2026-01-01 00:00");

    assert_int_equal(schedule_next(&timing, utc, start_s * 1000), (start_s + row->next_s) * 1000);
    assert_int_equal(schedule_jitter_max(&timing, utc, start_s * 1000), row->jitter_max_ms);
    assert_int_equal(schedule_silent_at(&timing, utc, row->silence_s, start_s * 1000),
                     (start_s + row->silent_s) * 1000);
    assert_true(schedule_next(&timing, utc, INT64_MAX - 1) == INT64_MAX);
    assert_true(schedule_silent_at(&timing, utc, row->silence_s, INT64_MAX - 1) == INT64_MAX);
    free(schedule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),    cmocka_unit_test(test_year),
        cmocka_unit_test(test_centuries), cmocka_unit_test(test_never),
        cmocka_unit_test(test_few_steps), cmocka_unit_test(test_parts_of_a_second),
    };

    return unit_status(RUN_TABLE(cron_rows, test_cron_row) + RUN_TABLE(walk_rows, test_walk) +
                       RUN_TABLE(timing_rows, test_timing) +
                       cmocka_run_group_tests(tests, NULL, NULL));
}

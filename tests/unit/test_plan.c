/* plan: when one backup is asked, told as a script.
 *
 * A row's script is what happens, word by word, to a plan of one backup from Monday, 5 January 2026,
 * 0:00 UTC on: +1h lets so much time go by; ok, fail and hold say how polls end from now on, and
 * takes=5m after what time; late=55 how many milliseconds behind its time the loop comes to each poll; now and recover are the calls of these names; set+1h and set-1h set the
 * wall clock; sleep=8h is a machine that sleeps; off=8h is the daemon that is not there; interval=1h
 * and cron=... (with _ for blanks) are another configuration. The polls are compared: S by the
 * schedule, R a retry, P after an outage of the primary, N now, with the time that has really gone
 * by. */
#include "unit.h"
#include "zones.h"

#include "plan_of.h"
#include <mxpull/base/duration.h>
#include <mxpull/base/text.h>
#include <mxpull/plan/plan.h>

#include <stdio.h>

enum {
    DURATIONS_MAX = 8,
    WAKES_MAX = 10000
};

struct world {
    struct config config;
    struct backup_config backup;
    int64_t retry[DURATIONS_MAX], recovery[DURATIONS_MAX];
    char name[8], schedule[100];
    schedule_offset *offset;
    struct plan *plan;
    struct instant now;
    int64_t real_ms;
    bool again, held;
    int64_t recovered_ms;      /* wall clock: when the last outage ended; 0: none did */
    int64_t takes_ms, ends_ms; /* ends_ms: on real_ms; -1: nothing is running */
    int64_t late_ms;
    char polls[400];
};

static const char monday[] = "2026-01-05 00:00";

static int64_t seconds_of(const char *text, size_t size)
{
    char part[40] = "";
    int64_t seconds = 0;

    assert_true(size < sizeof part);
    memcpy(part, text, size);
    if (duration_parse(part, &seconds) != STATUS_OK)
        fail_msg("no duration: %s", part);
    return seconds;
}

static void set_durations(struct durations *durations, int64_t *storage, const char *text)
{
    durations->seconds = storage;
    durations->count = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, " ");

        storage[durations->count++] = seconds_of(text, size);
        text += size + strspn(text + size, " ");
    }
}

static void set_schedule(struct world *world, const char *text)
{
    struct timing *timing = &world->backup.timing;

    timing->schedule = NULL;
    timing->interval_s = 4 * 3600;
    if (strchr(text, '*') == NULL && *text != '@') {
        timing->interval_s = seconds_of(text, strlen(text));
        return;
    }
    (void)text_copy(world->schedule, sizeof world->schedule, text);
    for (char *blank = world->schedule; (blank = strchr(blank, '_')) != NULL;)
        *blank = ' ';
    timing->schedule = world->schedule;
}

static void pass(struct world *world, int64_t ms)
{
    world->now.wall_ms += ms;
    world->now.monotonic_ms += ms;
    world->real_ms += ms;
}

static void end_poll(struct world *world)
{
    world->ends_ms = -1;
    if (world->held)
        plan_held(world->plan, 0, world->now);
    else
        plan_ended(world->plan, 0, world->now, world->again);
}

static void begin_poll(struct world *world, enum plan_cause cause)
{
    size_t used = strlen(world->polls);
    char text[DURATION_TEXT_SIZE];

    assert_true(world->ends_ms < 0);
    assert_true(world->real_ms % 1000 == world->late_ms % 1000);
    (void)snprintf(world->polls + used, sizeof world->polls - used, "%s%c%s", used > 0 ? " " : "",
                   "SRPN"[cause], duration_format(text, world->real_ms / 1000));
    world->ends_ms = world->real_ms + world->takes_ms;
}

/* Lives for so long, from one time at which something is due to the next. */
static void live(struct world *world, int64_t ms)
{
    int64_t until_ms = world->real_ms + ms;

    for (int wakes = 0;; wakes++) {
        enum plan_cause cause;
        size_t backup;

        assert_true(wakes < WAKES_MAX);
        (void)plan_tick(world->plan, world->now);
        if (world->ends_ms >= 0 && world->ends_ms <= world->real_ms)
            end_poll(world);
        while (plan_take(world->plan, world->now, &backup, &cause)) {
            begin_poll(world, cause);
            if (world->takes_ms == 0)
                end_poll(world);
        }
        int64_t next_ms = plan_next_ms(world->plan, world->now);
        int64_t step_ms = until_ms - world->real_ms;

        assert_true(next_ms > world->now.monotonic_ms);
        next_ms += next_ms != INT64_MAX ? world->late_ms : 0;
        if (next_ms != INT64_MAX && next_ms - world->now.monotonic_ms < step_ms)
            step_ms = next_ms - world->now.monotonic_ms;
        if (world->ends_ms >= 0 && world->ends_ms - world->real_ms < step_ms)
            step_ms = world->ends_ms - world->real_ms;
        if (world->real_ms == until_ms)
            return;
        pass(world, step_ms);
    }
}

static void start(struct world *world, const char *schedule, const char *retry,
                  schedule_offset *offset, const char *at)
{
    *world = (struct world){.ends_ms = -1, .offset = offset};
    world->config.backups = &world->backup;
    world->config.backup_count = 1;
    world->backup.name = world->name;
    set_schedule(world, schedule);
    set_durations(&world->backup.timing.retry, world->retry, retry);
    set_durations(&world->config.primary.recovery, world->recovery, "0s 2m 10m 30m");
    world->now = (struct instant){.wall_ms = stamp_s(at) * 1000, .monotonic_ms = 1234567};
    world->plan = plan_of(&world->config, offset, 1, world->now);
}

static void restart(struct world *world, int64_t off_ms)
{
    struct plan_memory memory = plan_memory(world->plan, 0);

    plan_free(world->plan);
    pass(world, off_ms);
    world->now.monotonic_ms = 7;
    world->ends_ms = -1;
    world->plan = plan_of(&world->config, world->offset, 2, world->now);
    plan_remember(world->plan, 0, &memory, world->now);
    plan_resume_recovery(world->plan, world->recovered_ms, world->now);
}

/* Another schedule: what is under way ends, and the plan begins as after a restart. */
static void reload(struct world *world, const char *schedule)
{
    if (world->ends_ms >= 0)
        live(world, world->ends_ms - world->real_ms);
    set_schedule(world, schedule);
    restart(world, 0);
}

static void happen(struct world *world, const char *word, size_t size)
{
    static const char *const words[] = {"ok", "fail", "hold", "now", "recover"};
    const char *sign = word + strcspn(word, "=+-");
    bool has_value = sign < word + size;
    int64_t value_ms = 0;
    size_t index = 0;

    if (has_value && *word != 'i' && *word != 'c')
        value_ms = seconds_of(sign + 1, size - (size_t)(sign + 1 - word)) * 1000;
    if (*word == '+') {
        live(world, value_ms);
    } else if (strncmp(word, "set", 3) == 0) {
        world->now.wall_ms += *sign == '-' ? -value_ms : value_ms;
    } else if (strncmp(word, "sleep=", 6) == 0) {
        world->now.wall_ms += value_ms;
        world->real_ms += value_ms;
    } else if (strncmp(word, "off=", 4) == 0) {
        restart(world, value_ms);
    } else if (strncmp(word, "late=", 5) == 0) {
        world->late_ms = value_ms / 1000;
    } else if (strncmp(word, "takes=", 6) == 0) {
        world->takes_ms = value_ms;
    } else if (has_value) {
        char text[100] = "";

        memcpy(text, sign + 1, size - (size_t)(sign + 1 - word));
        reload(world, text);
    } else {
        while (strlen(words[index]) != size || strncmp(words[index], word, size) != 0)
            assert_true(++index < sizeof words / sizeof words[0]);
        if (index <= 2) {
            world->again = index == 1;
            world->held = index == 2;
        } else {
            (void)plan_tick(world->plan, world->now);
            if (index == 3)
                all_now(world->plan, &world->config);
            else
                recover_all(world->plan, &world->config, world->now);
            world->recovered_ms = index == 4 ? world->now.wall_ms : world->recovered_ms;
        }
    }
}

static const struct row {
    const char *name;
    const char *schedule; /* an interval or a cron expression */
    const char *retry;
    const char *script;
    const char *polls;
} rows[] = {
    {"an interval", "1h", "1m 5m 15m", "+3h", "S0s S1h S2h S3h"},
    {"cron", "0 */6 * * *", "1m 5m 15m", "+13h", "S6h S12h"},
    {"cron that never comes", "0 0 29 2 *", "1m", "+48h", ""},

    {"retries, then the schedule", "1h", "1m 5m 15m", "fail +1h", "S0s R1m R6m R21m S1h"},
    {"the chain begins anew with a slot", "1h", "1m 5m 15m", "fail +2h",
     "S0s R1m R6m R21m S1h R1h1m R1h6m R1h21m S2h"},
    {"a retry that goes well ends them", "1h", "1m 5m 15m", "fail +0s ok +1h", "S0s R1m S1h"},
    {"after retries have ended they begin anew", "1h", "1m 5m 15m",
     "fail +1m ok +10m fail +49m ok +1m fail +59m +1m", "S0s R1m R6m S1h R1h1m S2h R2h1m"},
    {"retries count from the end of the poll", "1h", "1m 5m 15m", "takes=2m fail +1h",
     "S0s R3m R10m R27m S1h"},
    {"no retries", "1h", "", "fail +2h", "S0s S1h S2h"},
    {"retries of cron", "0 * * * *", "1m 5m", "fail +2h", "S1h R1h1m R1h6m S2h"},
    {"a slot before the retry", "10m", "8m", "takes=5m fail +21m", "S0s S10m S20m"},

    {"never closer than a retry step", "2m", "5m", "+15m", "S0s S5m S10m S15m"},
    {"the smallest one", "2m", "30m 3m 10m", "+9m", "S0s S3m S6m S9m"},
    {"retries longer than the interval", "10m", "15m", "fail +1h", "S0s S15m S30m S45m S1h"},
    {"cron put off", "* * * * *", "150s", "+9m", "S1m S3m30s S6m S8m30s"},

    {"an interval stays on its grid", "1m", "1m", "+1m late=55s +270s", "S0s S1m S2m S3m S4m S5m"},
    {"a cron expression does", "* * * * *", "1m", "+1m late=55s +270s", "S1m S2m S3m S4m S5m"},
    {"a loop that is very late", "1m", "1m", "+1m late=20000s +170s", "S0s S1m S2m20s S3m20s"},
    {"once", "1m", "1m", "+1m late=20000s +80s late=0s +2m", "S0s S1m S2m20s S3m S4m"},
    {"too late to be asked in a moment", "1m", "1m", "+1m late=50000s +110s late=0s +3m",
     "S0s S1m S2m50s S3m20s S4m S5m"},
    {"a long poll covers what passes", "1h", "1m", "takes=90m +5h", "S0s S2h S4h"},
    {"a very long poll", "1h", "1m", "takes=5h +11h", "S0s S6h"},
    {"a long poll by cron", "0 * * * *", "1m", "takes=90m +6h", "S1h S3h S5h"},

    {"recovery", "1h", "1m 5m 15m", "+10m recover +1h", "S0s P10m P12m P20m P40m S1h"},
    {"steps are the retries", "1h", "1m 5m 15m", "fail +10m recover +50m",
     "S0s R1m R6m P10m P12m P20m P40m R41m R46m S1h"},
    {"a slot between the steps", "1h", "1m 5m 15m", "+55m recover +1h",
     "S0s P55m P57m S1h P1h5m P1h25m"},
    {"a slot that fails between the steps", "1h", "1m 5m 15m",
     "fail +25m ok +30m fail recover +20m", "S0s R1m R6m R21m P55m P57m S1h P1h5m"},
    {"at once, whenever it was asked", "1h", "1m 5m 15m", "+30s recover +5m", "S0s P30s P2m30s"},
    {"at once alone", "1h", "5m", "+30m recover +35m", "S0s P30m P35m P40m P1h"},
    {"again before the steps are over", "1h", "1m", "+10m recover +5m recover +20m",
     "S0s P10m P12m P15m P17m P25m"},
    {"ended while the poll ran", "1h", "1m", "takes=5m +61m recover +20m", "S0s S1h P1h5m P1h11m"},
    {"ended while a failing poll ran", "1h", "1m", "takes=5m +61m fail recover +20m",
     "S0s S1h P1h5m P1h11m"},
    {"a step that passes in a poll", "1h", "1m", "takes=5m +90m recover +1h",
     "S0s S1h P1h30m P1h40m P2h"},

    {"now", "1h", "1m 5m 15m", "+10s now +1h", "S0s N10s S1h"},
    {"now while the poll runs", "1h", "1m", "takes=5m +1m now +1h", "S0s N5m S1h"},
    {"now begins the retries anew", "1h", "1m 5m 15m", "fail +7m now +10m",
     "S0s R1m R6m N7m R8m R13m"},
    {"now takes what is due with it", "1h", "1m", "+1h sleep=1h now +0s", "S0s S1h N2h"},
    {"now and recovery", "1h", "1m", "+10m now recover +2m", "S0s N10m P12m"},

    {"held waits for its slot", "1h", "1m 5m 15m", "hold +2h", "S0s S1h S2h"},
    {"held ends the retries", "1h", "1m 5m 15m", "fail +1m hold +10m fail +50m",
     "S0s R1m R6m S1h R1h1m"},
    {"held was not asked", "10m", "15m", "hold +10m ok +25m", "S0s S10m S20m S35m"},
    {"held all through an outage", "1h", "1m", "hold +90m ok recover +1h",
     "S0s S1h P1h30m P1h32m P1h40m P2h"},
    {"held again after it", "1h", "1m", "+10m hold recover +1m ok +20m", "S0s P10m P12m P20m"},
    {"recovered before it was held", "1h", "1m", "takes=30s hold +1h recover +1m",
     "S0s S1h P1h30s"},

    {"set back", "1h", "1m", "+30m set-10h +1h", "S0s S1h"},
    {"set forward", "1h", "1m", "+30m set+10h +2h", "S0s S30m S1h30m S2h30m"},
    {"set forward a little", "1h", "1m", "+30m set+10m +90m", "S0s S50m S1h50m"},
    {"kept right", "1h", "1m", "+30m set-1s +31m", "S0s S1h1s"},
    {"cron set back", "0 * * * *", "1m", "+90m set-1h +1h", "S1h S2h"},
    {"cron set back by minutes", "0 * * * *", "1m", "+30m set-20m +1h", "S1h20m"},
    {"cron set forward", "0 12 * * *", "1m", "+1h set+20h +20h", "S1h S16h"},
    {"ten years on and back", "1h", "1m", "+30m set+87600h +1h set-87600h +3h",
     "S0s S30m S1h30m S2h30m S3h30m S4h30m"},
    {"ten years on and back at once", "1h", "1m", "+30m set+87600h +0s set-87600h +2h",
     "S0s S30m S1h30m S2h30m"},
    {"ten years on and back in a poll", "1h", "1m", "takes=10m +1m set+87600h +1m set-87600h +3h",
     "S0s S1h10m S2h10m"},
    {"ten years on and back by cron", "0 * * * *", "1m", "+30m set+87600h +0s set-87600h +2h",
     "S30m S1h S2h"},
    {"ten years back and on", "1h", "1m", "+30m set-87600h +1h set+87600h +2h",
     "S0s S1h S1h30m S2h30m S3h30m"},
    {"to and fro", "1h", "1m", "+10m set+30m +10m set-30m +10m set+30m +10m set-30m +1h",
     "S0s S30m S1h"},
    {"set back before a retry", "1h", "1m", "fail +0s ok set-5h +1h", "S0s R1m S1h"},
    {"set back in a recovery", "1h", "1m", "+10m recover +0s set-3h +50m",
     "S0s P10m P12m P20m P40m S1h"},
    {"set back, never closer", "* * * * *", "2m", "+3m set-1h +2m", "S1m S3m S5m"},
    {"set back in a poll that is held", "20m", "15m",
     "+19m takes=2m hold +2m set-5h +5m ok takes=0s +20m", "S0s S20m S40m"},
    {"cron set back when overdue", "0 * * * *", "5m", "+58m now +3m set-10m +10m",
     "N58m S1h3m S1h10m"},

    {"asleep", "1h", "1m", "+10m sleep=8h +2h", "S0s S8h10m S9h10m S10h10m"},
    {"asleep and in time", "1h", "1m", "+10m sleep=20m +1h", "S0s S1h"},
    {"asleep for less than an interval", "1h", "1m", "+50m sleep=30m +1h", "S0s S1h20m S2h"},
    {"cron asleep", "0 */2 * * *", "1m", "+1h sleep=9h +3h", "S10h S12h"},
    {"retries asleep", "1h", "1m 5m", "fail +0s sleep=3h +1m", "S0s S3h R3h1m"},
    {"recovery asleep", "1h", "1m", "+10m recover +0s sleep=15m +20m", "S0s P10m P25m P40m"},
    {"asleep in a poll", "1h", "1m", "takes=5m +1m sleep=8h +2h", "S0s S9h1m S10h1m"},

    {"off and in time", "1h", "1m", "+10m off=20m +1h", "S0s S1h"},
    {"off", "1h", "1m", "+10m off=5h +1h", "S0s S5h10m S6h10m"},
    {"off for less than an interval", "1h", "1m", "+50m off=20m +1h", "S0s S1h10m S2h"},
    {"off for an instant, often", "1h", "1m", "+1m off=1s +0s off=1s +0s off=1s +1h", "S0s S1h"},
    {"cron off", "0 */2 * * *", "1m", "+150m off=8h +2h", "S2h S10h30m S12h"},
    {"cron off and in time", "0 */2 * * *", "1m", "+150m off=1h +1h", "S2h S4h"},
    {"cron off, nothing asked yet", "0 */2 * * *", "1m", "+1h off=90m +2h", "S2h30m S4h"},
    {"off, never closer", "* * * * *", "5m", "+1m off=1s +10m", "S1m S6m S11m"},

    {"a shorter interval", "1h", "1m", "+5m interval=10m +10m", "S0s S10m"},
    {"a shorter interval that has passed", "1h", "1m", "+15m interval=10m +10m", "S0s S15m S20m"},
    {"a longer interval", "1h", "1m", "+5m interval=4h +6h", "S0s S1h S5h"},
    {"from interval to cron", "1h", "1m", "+5m cron=30_*_*_*_* +2h", "S0s S30m S1h30m"},
    {"from cron to interval", "0 */2 * * *", "1m", "+121m interval=30m +1h", "S2h S2h30m S3h"},
    {"another cron", "0 */2 * * *", "1m", "+121m cron=30_*_*_*_* +1h", "S2h S2h30m"},
    {"another interval between retries", "1h", "1m 5m 15m", "fail +1m interval=30m +30m",
     "S0s R1m R6m R7m R12m R27m S31m"},
    {"another interval in a poll", "1h", "1m", "takes=5m +1m interval=30m +40m", "S0s S30m"},
    {"another interval in a recovery", "1h", "1m", "+1m recover +1m interval=30m +30m",
     "S0s P1m P3m P11m P31m"},
    {"another interval between steps that pass", "1h", "1m", "+1m recover +3m interval=1h +40m",
     "S0s P1m P3m P11m P31m"},
    {"off in a recovery", "1h", "1m", "+10m recover +1m off=5m +30m", "S0s P10m P16m P20m P40m"},
    {"off after it", "2h", "1m", "+10m recover +40m off=5m +30m", "S0s P10m P12m P20m P40m"},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    struct world world;

    start(&world, row->schedule, row->retry, utc, monday);
    for (const char *word = row->script; *word != '\0';) {
        size_t size = strcspn(word, " ");

        happen(&world, word, size);
        word += size + strspn(word + size, " ");
    }
    assert_string_equal(world.polls, row->polls);
    plan_free(world.plan);
}

/* Weeks in which the clocks change. */
static const struct week_row {
    const char *name;
    schedule_offset *offset;
    const char *schedule;
    const char *from; /* UTC */
    const char *polls;
} week_rows[] = {
    {"Berlin in spring, daily in the skipped hour", berlin, "30 2 * * *", "2026-03-27 12:00",
     "S13h30m S1d13h S2d12h30m S3d12h30m S4d12h30m S5d12h30m S6d12h30m"},
    {"Berlin in autumn, daily in the hour that comes twice", berlin, "30 2 * * *",
     "2026-10-23 12:00", "S12h30m S1d12h30m S2d13h30m S3d13h30m S4d13h30m S5d13h30m S6d13h30m"},
    {"Berlin in autumn, by interval", berlin, "1d", "2026-10-23 12:00",
     "S0s S1d S2d S3d S4d S5d S6d S1w"},
    {"leap day", berlin, "0 6 29 2 *", "2028-02-24 05:00", "S5d"},
};

static void test_week(void **state)
{
    const struct week_row *row = *state;
    struct world world;

    start(&world, row->schedule, "1m", row->offset, row->from);
    live(&world, INT64_C(7) * 24 * 3600 * 1000);
    assert_string_equal(world.polls, row->polls);
    plan_free(world.plan);
}

/* ---- what is remembered ---- */

enum {
    NONE = 1 << 30
};

static const struct memory_row {
    const char *name;
    const char *schedule;
    int64_t slot_s, due_s, asked_s;  /* from now, NONE: not known */
    int64_t kept_slot_s, kept_due_s; /* kept_due_s NONE: drawn anew within the jitter of 1m */
    bool is_asked_kept;
} memory_rows[] = {
    {"all is well", "1h", 600, 630, -3000, 600, 630, true},
    {"jitter of another configuration", "1h", 600, 700, -3000, 600, NONE, true},
    {"no jitter known", "1h", 600, NONE, -3000, 600, NONE, true},
    {"a retry before the slot", "1h", 600, 500, -3000, 600, 500, true},
    {"a retry that was missed", "1h", 600, -500, -3000, 600, -500, true},
    {"missed", "1h", -600, -590, -4200, -600, -590, true},
    {"missed without jitter", "1h", -600, NONE, -4200, -600, -600, true},
    {"its jitter still lasts", "1h", -10, 20, -3600, -10, 20, true},
    {"missed for weeks", "1h", -2000000, -2000000, -2003600, -2000000, -2000000, true},
    {"asked by hand meanwhile", "1h", 600, 630, -60, 600, 630, true},
    {"the interval was longer", "1h", 5 * 3600, 5 * 3600 + 10, -1200, 2400, NONE, true},
    {"the interval was longer, and is over", "1h", 5 * 3600, 5 * 3600, -7200, -3600, -3600, true},
    {"the clock was ten years ahead", "1h", 315360000, 315360010, 315356400, 3600, NONE, false},
    {"the clock was an hour ahead", "4h", 18000, 18010, 3600, 14400, NONE, false},
    {"asked alone", "1h", NONE, NONE, -1200, 2400, NONE, true},
    {"asked long ago", "1h", NONE, NONE, -7200, -3600, -3600, true},
    {"asked in the future", "1h", NONE, NONE, 7200, 0, 0, false},
    {"nothing", "1h", NONE, NONE, NONE, 0, 0, false},

    {"cron: all is well", "30 * * * *", 1800, 1830, -1800, 1800, 1830, true},
    {"cron: just come", "0 * * * *", 0, 30, -3600, 0, 30, true},
    {"cron: asked at this slot", "0 * * * *", 3600, 3630, 0, 3600, 3630, true},
    {"cron: missed", "0 */2 * * *", -7200, -7190, -14400, -7200, -7190, true},
    {"cron: another expression", "30 * * * *", 3600, 3630, 0, 1800, NONE, true},
    {"cron: nothing asked, missed", "0 * * * *", -3600, -3590, NONE, -3600, -3590, false},
    {"cron: nothing asked, in time", "0 * * * *", 3600, 3630, NONE, 3600, 3630, false},
    {"cron: asked in the future", "0 * * * *", 315360000, 315360000, 315356400, 3600, NONE, false},
    {"cron: nothing", "0 * * * *", NONE, NONE, NONE, 3600, NONE, false},
};

static int64_t from_now(const struct world *world, int64_t seconds)
{
    return seconds == NONE ? 0 : world->now.wall_ms + seconds * 1000;
}

static void test_memory(void **state)
{
    const struct memory_row *row = *state;
    struct world world;

    start(&world, row->schedule, "1s", utc, monday);
    world.backup.timing.jitter_s = 60;
    struct plan_memory memory = {.slot_ms = from_now(&world, row->slot_s),
                                 .due_ms = from_now(&world, row->due_s),
                                 .asked_ms = from_now(&world, row->asked_s)};

    plan_remember(world.plan, 0, &memory, world.now);
    struct plan_memory kept = plan_memory(world.plan, 0);
    size_t changed;
    assert_int_equal(kept.slot_ms, from_now(&world, row->kept_slot_s));
    if (row->kept_due_s != NONE)
        assert_int_equal(kept.due_ms, from_now(&world, row->kept_due_s));
    else
        assert_in_range(kept.due_ms, kept.slot_ms, kept.slot_ms + 60000);
    assert_int_equal(kept.asked_ms, row->is_asked_kept ? memory.asked_ms : 0);
    assert_int_equal(plan_take_changed(world.plan, &changed), kept.slot_ms != memory.slot_ms ||
                                                                  kept.due_ms != memory.due_ms ||
                                                                  kept.asked_ms != memory.asked_ms);
    assert_false(plan_take_changed(world.plan, &changed));

    int64_t wait_ms = kept.due_ms > world.now.wall_ms ? kept.due_ms - world.now.wall_ms : 0;
    enum plan_cause cause;
    size_t backup;

    assert_int_equal(plan_next_ms(world.plan, world.now), world.now.monotonic_ms + wait_ms);
    if (wait_ms > 0) {
        pass(&world, wait_ms - 1);
        assert_false(plan_take(world.plan, world.now, &backup, &cause));
        pass(&world, 1);
    }
    assert_true(plan_take(world.plan, world.now, &backup, &cause));
    assert_false(plan_take(world.plan, world.now, &backup, &cause));
    plan_free(world.plan);
}

int main(void)
{
    return unit_status(RUN_TABLE(rows, test_row) + RUN_TABLE(week_rows, test_week) +
                       RUN_TABLE(memory_rows, test_memory));
}

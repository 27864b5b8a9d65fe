/* recovery: outages of the primary, told as a script.
 *
 * The watch period is 30s. A row's script is what happens, word by word: alive=5m and outage=5m are
 * what an earlier run has left, so long ago, and ended=5m is its orderly end; they begin the script;
 * up and down are looks at the primary; +30s lets time go by; sleep=8h is a machine that sleeps,
 * stop=40s a process that is stopped, set+1h and set-1h set the wall clock; watch=1m is another period. The events are compared: B when an outage began, E when one
 * ended, each with how long ago it began; and the state in the end. */
#include "unit.h"

#include <mxpull/base/duration.h>
#include <mxpull/plan/plan.h>

#include <stdio.h>

struct world {
    struct outage outage;
    struct instant now;
    char events[100];
};

static const struct row {
    const char *name;
    const char *script;
    const char *events;
    enum outage_state state;
} rows[] = {
    {"up at the first look", "up", "", OUTAGE_UP},
    {"up for long", "up +30s up +30s up", "", OUTAGE_UP},
    {"an outage", "up +30s down +30s down +4m up +30s up", "B0s E4m30s", OUTAGE_UP},
    {"two outages", "up +30s down +30s up +30s down +1m up", "B0s E30s B0s E1m", OUTAGE_UP},
    {"down at the first look", "down +30s down +1h up", "B0s E1h30s", OUTAGE_UP},
    {"down for long", "up +30s down +10h down", "B0s", OUTAGE_DOWN},

    {"restarted in time", "alive=60s up", "", OUTAGE_UP},
    {"ended, and started in time", "ended=30s up", "", OUTAGE_UP},
    {"ended, and started late", "ended=40s up +30s up", "E40s", OUTAGE_UP},
    {"restarted late", "alive=61s up +30s up", "E1m1s", OUTAGE_UP},
    {"restarted in time, and the look takes long", "alive=59s +30s up", "", OUTAGE_UP},
    {"restarted in time, down", "alive=60s down +30s up", "B0s E30s", OUTAGE_UP},
    {"restarted late, down", "alive=8h down +30s down +30s up", "B8h E8h1m", OUTAGE_UP},
    {"restarted late, not looked", "alive=8h +1m", "", OUTAGE_UNKNOWN},
    {"restarted in an outage that is over", "alive=10s outage=3h up", "E3h", OUTAGE_UP},
    {"restarted in an outage that lasts", "alive=8h outage=9h down +1h up", "E10h", OUTAGE_UP},
    {"alive in the future", "alive=-1h up", "", OUTAGE_UP},
    {"an outage in the future", "outage=-1h +1m up", "E1m", OUTAGE_UP},

    {"asleep", "up +10s sleep=8h up +30s up", "E8h", OUTAGE_UP},
    {"asleep for a period", "up +10s sleep=30s up", "", OUTAGE_UP},
    {"asleep for more", "up +10s sleep=40s up +30s up", "E40s", OUTAGE_UP},
    {"stopped for a period", "up +10s stop=30s up", "", OUTAGE_UP},
    {"stopped for more", "up +10s stop=40s up +30s up", "E40s", OUTAGE_UP},
    {"stopped, and down after it", "up +10s stop=40s down +1m up", "B40s E1m40s", OUTAGE_UP},
    {"stopped in an outage", "up +30s down stop=40s down +30s up", "B0s E1m10s", OUTAGE_UP},
    {"stopped, and the clock kept right", "up stop=40s set-1s up", "E39s", OUTAGE_UP},
    {"asleep, and down after it", "up +10s sleep=8h down +1m up", "B8h E8h1m", OUTAGE_UP},
    {"asleep, and slow to look", "up +10s sleep=8h +20s up", "E8h20s", OUTAGE_UP},
    {"asleep in an outage", "up +30s down sleep=8h down +30s up", "B0s E8h30s", OUTAGE_UP},
    {"asleep in an outage that is over", "up +30s down sleep=8h up", "B0s E8h", OUTAGE_UP},
    {"asleep twice before the look", "up +10s sleep=8h +5s sleep=1h up", "E9h5s", OUTAGE_UP},
    {"asleep before the first look", "sleep=8h up", "E8h", OUTAGE_UP},
    {"asleep after a late restart", "alive=1h sleep=8h up", "E9h", OUTAGE_UP},
    {"asleep after a restart in time", "alive=10s sleep=8h up", "E8h", OUTAGE_UP},

    {"set back", "up +30s set-8h up +30s up", "", OUTAGE_UP},
    {"set back in an outage", "up +30s down +5m set-8h +5m up", "B0s E10m", OUTAGE_UP},
    {"set back in an outage, a little", "up +30s down +5m set-2m +5m up", "B0s E8m", OUTAGE_UP},
    {"set back when unwatched", "alive=1h set-3h up", "E1h", OUTAGE_UP},
    {"ten years on and back", "up +30s set+87600h up +30s set-87600h up +30s up", "E10y",
     OUTAGE_UP},
    {"ten years on and back in an outage", "up +30s down set+87600h +30s set-87600h +4m up",
     "B0s E4m30s", OUTAGE_UP},

    {"another period", "up watch=4h +4h up sleep=3h up sleep=9h up", "E9h", OUTAGE_UP},
};

/* Time passes; stopped: the loop was to turn at once. */
static void tick(struct world *world, int64_t wall_ms, int64_t monotonic_ms, bool stopped)
{
    int64_t due_ms = world->now.monotonic_ms;

    world->now.wall_ms += wall_ms;
    world->now.monotonic_ms += monotonic_ms;
    assert_int_equal(outage_tick(&world->outage, wall_ms - monotonic_ms,
                                 stopped ? due_ms : world->now.monotonic_ms, world->now),
                     stopped ? monotonic_ms : 0);
}

static void look(struct world *world, bool ready)
{
    size_t used = strlen(world->events);
    char text[DURATION_TEXT_SIZE];
    int64_t began_ms = -1;
    enum outage_event event = outage_looked(&world->outage, ready, world->now, &began_ms);

    assert_int_equal(world->outage.looked_ms, world->now.wall_ms);
    assert_int_equal(world->outage.next_look_ms, world->now.monotonic_ms + world->outage.watch_ms);
    assert_true(world->outage.since_ms <= world->now.wall_ms);
    if (event == OUTAGE_NOTHING) {
        assert_int_equal(began_ms, -1);
        return;
    }
    int64_t ago_s = (world->now.wall_ms - began_ms) / 1000;

    assert_int_equal(world->outage.state, ready ? OUTAGE_UP : OUTAGE_DOWN);
    (void)snprintf(world->events + used, sizeof world->events - used, "%s%c%s", used > 0 ? " " : "",
                   event == OUTAGE_BEGAN ? 'B' : 'E',
                   ago_s / 3600 >= 87600 ? "10y" : duration_format(text, ago_s));
}

/* The number behind =, + or -, in milliseconds; negative where it says so. */
static int64_t value_ms(const char *word, size_t size)
{
    size_t sign = strcspn(word, "=+-");
    char text[20] = "";
    int64_t seconds;

    if (sign >= size)
        return 0;
    bool is_negative = word[sign] == '-' || word[sign + 1] == '-';
    size_t from = sign + (word[sign + 1] == '-' ? 2 : 1);
    memcpy(text, word + from, size - from);
    assert_int_equal(duration_parse(text, &seconds), STATUS_OK);
    return is_negative ? -seconds * 1000 : seconds * 1000;
}

static void happen(struct world *world, const char *word, int64_t value)
{
    if (*word == '+')
        tick(world, value, value, false);
    else if (*word == 'u' || *word == 'd')
        look(world, *word == 'u');
    else if (*word == 'w')
        world->outage.watch_ms = value;
    else if (strncmp(word, "stop=", 5) == 0)
        tick(world, value, value, true);
    else
        tick(world, value, 0, false); /* sleep, set */
    if (strncmp(word, "s", 1) == 0 && strncmp(word, "set", 3) != 0 &&
        value > world->outage.watch_ms)
        assert_int_equal(world->outage.next_look_ms, world->now.monotonic_ms);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct world world = {.now = {.wall_ms = INT64_C(1767571200000), .monotonic_ms = 77}};
    struct outage_past past = {0};
    bool is_begun = false;

    for (const char *word = row->script; *word != '\0';) {
        size_t size = strcspn(word, " ");
        int64_t value = value_ms(word, size);

        if (*word == 'a' || *word == 'e') {
            past.alive_ms = world.now.wall_ms - value;
            past.has_ended = *word == 'e';
        } else if (*word == 'o') {
            past.outage_ms = world.now.wall_ms - value;
        } else if (!is_begun) {
            outage_init(&world.outage, 30, &past, world.now);
            assert_int_equal(world.outage.next_look_ms, world.now.monotonic_ms);
            is_begun = true;
        }
        if (*word != 'a' && *word != 'e' && *word != 'o')
            happen(&world, word, value);
        word += size + strspn(word + size, " ");
    }
    assert_string_equal(world.events, row->events);
    assert_int_equal(world.outage.state, row->state);
}

/* The loop was to turn at 40 s; it has turned last at 10 s. */
static void test_stopped(void **state)
{
    static const struct {
        int64_t watch_s, now_ms, stopped_ms;
    } cases[] = {
        {30, 40000, 0},     {30, 39000, 0},     {30, 47500, 0},
        {30, 47501, 37501}, {30, 80000, 70000}, {2, 42000, 0},
        {2, 42001, 32001},  {3600, 80000, 0},   {3600, 940001, 930001},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct outage outage = {.watch_ms = cases[i].watch_s * 1000, .ticked_ms = 10000};
        struct instant now = {.monotonic_ms = cases[i].now_ms};

        assert_int_equal(outage_tick(&outage, 0, 40000, now), cases[i].stopped_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stopped)};

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

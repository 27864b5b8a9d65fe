/* net: the queue of timers, by itself and in a loop; what else a loop waits for. */
#include "random.h"
#include "unit.h"

#include <internal.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>
#include <support.h>

/* ---- single cases ---- */

struct probe {
    struct timer timer;
    struct loop *loop;
    char name;
    char *told; /* the names, in the order of the calls */
    struct probe *other;
    int64_t other_ms, again_ms; /* 0: leave it alone */
};

static void tell(void *context)
{
    struct probe *probe = context;
    size_t end = strlen(probe->told);

    assert_false(timer_is_set(&probe->timer));
    probe->told[end] = probe->name;
    probe->told[end + 1] = '\0';
    if (probe->again_ms != 0)
        timer_set(probe->loop, &probe->timer, probe->again_ms);
    if (probe->other_ms != 0)
        timer_set(probe->loop, &probe->other->timer, probe->other_ms);
}

struct fixture {
    struct loop loop;
    char told[64];
    struct probe a, b, c;
};

static void begin(struct fixture *fixture)
{
    struct probe *probes[] = {&fixture->a, &fixture->b, &fixture->c};

    *fixture = (struct fixture){0};
    for (int i = 0; i < 3; i++) {
        *probes[i] = (struct probe){.loop = &fixture->loop,
                                    .name = (char)('a' + i),
                                    .told = fixture->told,
                                    .other = probes[(i + 1) % 3]};
        probes[i]->timer = (struct timer){.due = tell, .context = probes[i]};
    }
}

static void run(struct fixture *fixture, int64_t now_ms, const char *told, int64_t next_ms)
{
    fixture->told[0] = '\0';
    timers_run(&fixture->loop, now_ms);
    assert_string_equal(fixture->told, told);
    assert_int_equal(timers_next_ms(&fixture->loop), next_ms);
}

static void test_order(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    timer_set(&f.loop, &f.a.timer, 30);
    timer_set(&f.loop, &f.b.timer, 10);
    timer_set(&f.loop, &f.c.timer, 20);
    run(&f, 9, "", 10);
    run(&f, 20, "bc", 30);
    run(&f, 100, "a", INT64_MAX);
    free(f.loop.timers.heap);
}

static void test_equals_in_the_order_of_setting(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    timer_set(&f.loop, &f.c.timer, 10);
    timer_set(&f.loop, &f.a.timer, 10);
    timer_set(&f.loop, &f.b.timer, 10);
    timer_set(&f.loop, &f.c.timer, 10); /* set anew: the last one now */
    run(&f, 10, "abc", INT64_MAX);
    free(f.loop.timers.heap);
}

static void test_set_anew_and_cleared(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    timer_set(&f.loop, &f.a.timer, 10);
    timer_set(&f.loop, &f.b.timer, 20);
    timer_set(&f.loop, &f.a.timer, 30);
    timer_set(&f.loop, &f.c.timer, INT64_MAX); /* was not set */
    assert_false(timer_is_set(&f.c.timer));
    run(&f, 25, "b", 30);
    timer_set(&f.loop, &f.a.timer, INT64_MAX);
    run(&f, 1000, "", INT64_MAX);
    free(f.loop.timers.heap);
}

/* Who sets himself anew for now is called once in a run, and the others have their turn. */
static void test_set_while_called(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.a.again_ms = 1;
    f.a.other_ms = 5; /* b, already past */
    timer_set(&f.loop, &f.a.timer, 10);
    timer_set(&f.loop, &f.c.timer, 40);
    run(&f, 50, "ac", 50);
    f.a.again_ms = f.a.other_ms = 0;
    run(&f, 50, "ab", INT64_MAX);
    free(f.loop.timers.heap);
}

static void test_cleared_while_called(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.a.other_ms = INT64_MAX;
    timer_set(&f.loop, &f.a.timer, 10);
    timer_set(&f.loop, &f.b.timer, 10);
    run(&f, 10, "a", INT64_MAX);
    free(f.loop.timers.heap);
}

static void test_wake(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.a.timer.on_wake = f.c.timer.on_wake = true;
    timer_set(&f.loop, &f.b.timer, 100);
    timer_set(&f.loop, &f.a.timer, 200);
    timers_wake(&f.loop);
    run(&f, 50, "a", 100); /* c was not set, b does not wait for it */
    free(f.loop.timers.heap);
}

/* ---- against a plain list ---- */

enum {
    TIMERS = 40
};

struct random_world {
    uint64_t random;
    struct loop loop;
    struct timer timers[TIMERS];
    int64_t at_ms[TIMERS]; /* as the list has it; INT64_MAX: not set */
    uint64_t order[TIMERS], next_order, end;
    int64_t now_ms;
    unsigned calls;
};

struct entry {
    struct random_world *world;
    size_t index;
};

static struct entry entries[TIMERS];

static size_t draw(struct random_world *world, size_t limit)
{
    return random_below(&world->random, limit);
}

static void set_one(struct random_world *world)
{
    size_t index = draw(world, TIMERS);
    int64_t at_ms =
        draw(world, 4) == 0 ? INT64_MAX : world->now_ms - 20 + (int64_t)draw(world, 100);

    timer_set(&world->loop, &world->timers[index], at_ms);
    if (at_ms < world->now_ms)
        at_ms = world->now_ms;
    world->at_ms[index] = at_ms;
    world->order[index] = world->next_order++;
}

/* The one that the list would call next; TIMERS: none. */
static size_t first_due(const struct random_world *world)
{
    size_t first = TIMERS;

    for (size_t i = 0; i < TIMERS; i++) {
        if (world->at_ms[i] > world->now_ms || world->order[i] >= world->end)
            continue;
        if (first == TIMERS || world->at_ms[i] < world->at_ms[first] ||
            (world->at_ms[i] == world->at_ms[first] && world->order[i] < world->order[first]))
            first = i;
    }
    return first;
}

static void called(void *context)
{
    struct entry *entry = context;
    struct random_world *world = entry->world;

    assert_int_equal(entry->index, first_due(world));
    world->at_ms[entry->index] = INT64_MAX;
    world->calls++;
    for (size_t sets = draw(world, 3); sets > 0; sets--)
        set_one(world);
}

static void run_world(struct random_world *world)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < TIMERS; i++) {
        assert_int_equal(timer_is_set(&world->timers[i]), world->at_ms[i] != INT64_MAX);
        next_ms = world->at_ms[i] < next_ms ? world->at_ms[i] : next_ms;
    }
    assert_int_equal(timers_next_ms(&world->loop), next_ms);
    world->now_ms += (int64_t)draw(world, 30);
    world->end = world->next_order;
    timers_run(&world->loop, world->now_ms);
    assert_int_equal(first_due(world), TIMERS);
}

static void test_random(void **state)
{
    struct random_world world = {.random = random_begin()};

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        entries[i] = (struct entry){&world, i};
        world.timers[i] = (struct timer){.due = called, .context = &entries[i]};
        world.at_ms[i] = INT64_MAX;
    }
    for (int round = 0; round < 20000; round++) {
        for (size_t sets = draw(&world, 8); sets > 0; sets--)
            set_one(&world);
        run_world(&world);
    }
    assert_true(world.calls > 20000);
    free(world.loop.timers.heap);
}

/* ---- in a loop ---- */

static void count_call(void *context)
{
    ++*(int *)context;
}

static void test_loop_waits_for_the_timer(void **state)
{
    struct error error;
    struct loop *loop = loop_new(&error);
    int calls = 0;
    struct timer timer = {.due = count_call, .context = &calls};
    int64_t begin_ms = clock_monotonic_ms();

    (void)state;
    assert_non_null(loop);
    timer_set(loop, &timer, begin_ms + 30);
    for (int turns = 0; calls == 0 && turns < 100; turns++)
        loop_turn(loop, INT64_MAX);
    assert_int_equal(calls, 1);
    assert_true(clock_monotonic_ms() >= begin_ms + 30);
    timer_set(loop, &timer, 0);
    loop_turn(loop, INT64_MAX);
    assert_int_equal(calls, 2);
    loop_free(loop);
}

static void test_loop_is_woken(void **state)
{
    struct error error;
    struct loop *loop = loop_new(&error);
    int calls = 0, others = 0;
    struct timer timer = {.due = count_call, .context = &calls, .on_wake = true};
    struct timer other = {.due = count_call, .context = &others};
    int64_t later_ms = clock_monotonic_ms() + 60000;

    (void)state;
    assert_non_null(loop);
    timer_set(loop, &timer, later_ms);
    timer_set(loop, &other, later_ms);
    loop_turn(loop, 0);
    assert_int_equal(calls, 0);
    loop_wake(loop);
    loop_turn(loop, INT64_MAX);
    assert_int_equal(calls, 1);
    assert_int_equal(others, 0);
    timer_set(loop, &other, INT64_MAX);
    loop_free(loop);
}

/* ---- what is watched ---- */

struct watched {
    struct loop_watch watch;
    struct loop *loop;
    int port, calls;
    struct watched *other; /* taken out, or put in, when this one is called; NULL: none */
    bool puts_in, takes_bytes;
};

static void on_ready(void *context)
{
    struct watched *watched = context;
    char bytes[10];

    watched->calls++;
    if (watched->takes_bytes)
        assert_true(support_receive(watched->watch.descriptor, bytes, sizeof bytes) > 0);
    if (watched->other != NULL && watched->puts_in)
        loop_watch(watched->loop, &watched->other->watch);
    else if (watched->other != NULL)
        loop_unwatch(watched->loop, &watched->other->watch);
}

static void begin_watched(struct loop *loop, struct watched watched[3])
{
    for (int i = 0; i < 3; i++) {
        watched[i] = (struct watched){.loop = loop, .takes_bytes = true};
        watched[i].watch = (struct loop_watch){.ready = on_ready,
                                               .context = &watched[i],
                                               .descriptor = support_bind(&watched[i].port)};
    }
}

static void turn(struct loop *loop, struct watched watched[3], const int calls[3])
{
    loop_turn(loop, clock_monotonic_ms() + 50);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(watched[i].calls, calls[i]);
        watched[i].calls = 0;
    }
}

static void test_watches(void **state)
{
    struct error error;
    struct loop *loop = loop_new(&error);
    struct watched w[3];

    (void)state;
    assert_non_null(loop);
    begin_watched(loop, w);
    intptr_t sender = support_bind(&(int){0});

    loop_unwatch(loop, &w[0].watch); /* which is not in */
    for (int i = 0; i < 3; i++) {
        loop_watch(loop, &w[i].watch);
        loop_watch(loop, &w[i].watch);
    }
    turn(loop, w, (int[3]){0, 0, 0});
    support_send_to(sender, w[1].port, "x", 1);
    turn(loop, w, (int[3]){0, 1, 0});
    turn(loop, w, (int[3]){0, 0, 0});

    /* What is left unread is told again in the next turn; one that takes itself out is not called any more. */
    w[1].takes_bytes = false;
    support_send_to(sender, w[0].port, "x", 1);
    support_send_to(sender, w[1].port, "x", 1);
    loop_turn(loop, clock_monotonic_ms() + 10000);
    assert_int_equal(w[1].calls, 1);
    w[0].calls = w[1].calls = 0;
    w[1].other = &w[1];
    turn(loop, w, (int[3]){0, 1, 0});
    turn(loop, w, (int[3]){0, 0, 0});

    /* One that is put in while others are called has its turn later. */
    w[0].other = &w[1];
    w[0].puts_in = true;
    support_send_to(sender, w[0].port, "x", 1);
    turn(loop, w, (int[3]){1, 0, 0});
    turn(loop, w, (int[3]){0, 1, 0});

    /* Of two that take each other out one is called. */
    for (int i = 0; i < 3; i++)
        loop_unwatch(loop, &w[i].watch);
    for (int i = 0; i < 2; i++) {
        w[i].other = &w[1 - i];
        w[i].puts_in = false;
        w[i].takes_bytes = false;
        support_send_to(sender, w[i].port, "x", 1);
    }
    loop_watch(loop, &w[0].watch);
    loop_watch(loop, &w[1].watch);
    loop_turn(loop, clock_monotonic_ms() + 10000);
    assert_int_equal(w[0].calls + w[1].calls, 1);

    for (int i = 0; i < 3; i++)
        support_close(w[i].watch.descriptor);
    support_close(sender);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_equals_in_the_order_of_setting),
        cmocka_unit_test(test_set_anew_and_cleared),
        cmocka_unit_test(test_set_while_called),
        cmocka_unit_test(test_cleared_while_called),
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_loop_waits_for_the_timer),
        cmocka_unit_test(test_loop_is_woken),
        cmocka_unit_test(test_watches),
    };

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL));
}

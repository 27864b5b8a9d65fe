/* Questions of a check: each is asked once, only so many at the same time, and no answer comes from within a question. */
#include "unit.h"

#include "gate.h"
#include "internal.h"
#include "lookups.h"

#include <mxpull/base/memory.h>

enum {
    AT_ONCE = 100
};

static struct {
    char name[40];
    void (*answered)(void *context, const struct dns_answer *answer);
    void *context;
} asked[1000];
static size_t asked_count, answered_count;

struct dns_question *resolver_ask(struct resolver *resolver, const char *name, enum dns_type type,
                                  void (*answered)(void *context, const struct dns_answer *answer),
                                  void *context)
{
    (void)resolver;
    (void)type;
    assert_true(asked_count < sizeof asked / sizeof asked[0]);
    (void)snprintf(asked[asked_count].name, sizeof asked[0].name, "%s", name);
    asked[asked_count].answered = answered;
    asked[asked_count++].context = context;
    return NULL;
}

/* Answers the first question that is open, with the name itself as its one record. */
static void answer(void)
{
    struct dns_record record = {.text = memory_copy(asked[answered_count].name), .preference = 7};
    const struct dns_answer given = {
        .fate = DNS_FOUND, .records = &record, .count = 1, .alias = record.text};

    asked[answered_count].answered(asked[answered_count].context, &given);
    answered_count++;
    free(record.text);
}

static struct loop loop;
static struct lookups *lookups;
static size_t heard;
static const char *wanted;

static void hear(void *context, const struct dns_answer *given)
{
    (void)context;
    heard++;
    if (wanted == NULL)
        return;
    assert_int_equal(given->fate, DNS_FOUND);
    assert_int_equal(given->count, 1);
    assert_string_equal(given->records[0].text, wanted);
    assert_int_equal(given->records[0].preference, 7);
    assert_string_equal(given->alias, wanted);
    assert_null(given->text);
}

static void hear_and_ask(void *context, const struct dns_answer *given)
{
    const size_t before = ++heard;

    (void)given;
    lookups_ask(lookups, "a.test", DNS_A, hear, context);
    assert_int_equal(heard, before);
}

static int set_up(void **state)
{
    (void)state;
    asked_count = answered_count = heard = 0;
    wanted = NULL;
    loop = (struct loop){.multi = NULL};
    lookups = lookups_new(&loop, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lookups_free(lookups);
    assert_int_equal(loop.timers.count, 0);
    free(loop.timers.heap);
    return 0;
}

static void test_asked_once(void **state)
{
    (void)state;
    wanted = "a.test";
    for (int i = 0; i < 5000; i++)
        lookups_ask(lookups, "a.test", DNS_A, hear, NULL);
    assert_int_equal(asked_count, 1);
    assert_int_equal(heard, 0);
    answer();
    assert_int_equal(heard, 5000);
    lookups_ask(lookups, "a.test", DNS_A, hear, NULL);
    lookups_ask(lookups, "a.test", DNS_A, hear, NULL);
    assert_int_equal(heard, 5000);
    timers_run(&loop, 1);
    assert_int_equal(heard, 5002);
    assert_int_equal(asked_count, 1);
    lookups_ask(lookups, "a.test", DNS_AAAA, hear, NULL);
    assert_int_equal(asked_count, 2);
}

static void test_asked_from_within(void **state)
{
    (void)state;
    lookups_ask(lookups, "a.test", DNS_A, hear_and_ask, NULL);
    answer();
    timers_run(&loop, 1);
    assert_int_equal(heard, 2);
}

static void test_at_once(void **state)
{
    char name[40];

    (void)state;
    for (int i = 0; i < 350; i++) {
        (void)snprintf(name, sizeof name, "h%d.test", i);
        lookups_ask(lookups, name, DNS_A, hear, NULL);
    }
    assert_int_equal(asked_count, AT_ONCE);
    while (answered_count < asked_count) {
        assert_true(asked_count - answered_count <= AT_ONCE);
        answer();
    }
    assert_int_equal(heard, 350);
    lookups_ask(lookups, "last.test", DNS_A, hear, NULL); /* the queue begins anew */
    assert_string_equal(asked[asked_count - 1].name, "last.test");
}

static void test_freed_early(void **state)
{
    char name[40];

    (void)state;
    for (int i = 0; i < 2 * AT_ONCE; i++) {
        (void)snprintf(name, sizeof name, "h%d.test", i);
        lookups_ask(lookups, name, DNS_A, hear, NULL);
    }
    answer();
    lookups_ask(lookups, "h0.test", DNS_A, hear, NULL);
}

/* ---- The gate ---- */

static struct gate gate;
static size_t inside, most, went;

static void go(void *context)
{
    (void)context;
    went++;
    if (++inside > most)
        most = inside;
}

static void go_and_leave(void *context)
{
    go(context);
    inside--;
    gate_leave(&gate);
}

static void test_gate(void **state)
{
    static struct gate_guest guests[100000];

    (void)state;
    gate = (struct gate){.free = 3};
    for (size_t i = 0; i < 10; i++) {
        guests[i] = (struct gate_guest){.go = go};
        gate_enter(&gate, &guests[i]);
    }
    assert_int_equal(went, 3);
    while (inside > 0) {
        inside--;
        gate_leave(&gate);
    }
    assert_int_equal(went, 10);
    assert_int_equal(most, 3);
    /* However many leave at once, none does so from within another. */
    gate.free = 0;
    for (size_t i = 0; i < sizeof guests / sizeof guests[0]; i++) {
        guests[i] = (struct gate_guest){.go = go_and_leave};
        gate_enter(&gate, &guests[i]);
    }
    gate_leave(&gate);
    assert_int_equal(went, 10 + sizeof guests / sizeof guests[0]);
    assert_int_equal(gate.free, 1);
    assert_int_equal(most, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_asked_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_asked_from_within, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_freed_early, set_up, tear_down),
        cmocka_unit_test(test_gate),
    };

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL));
}

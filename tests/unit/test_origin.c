/* Which addresses are a backup's: by its name in a scripted DNS, by what answered, by arrives_from. */
#include "unit.h"

#include "dns_server.h"

#include <mxpull/arrival/origin.h>
#include <mxpull/base/compiler.h>
#include <mxpull/platform/clock.h>

static const struct dns_rule rules[] = {
    {.name = "both.test",
     .records = {"both.test A c0000207", "both.test A c0000208",
                 "both.test AAAA 20010db8000000000000000000000007"}},
    {.name = "alias.test", .records = {"alias.test CNAME real.test", "real.test A c0000209"}},
    {.name = "mapped.test", .records = {"mapped.test AAAA 00000000000000000000ffffc000020a"}},
    {.name = "loopback.test",
     .records = {"loopback.test A 7f000001", "loopback.test A c000020b",
                 "loopback.test AAAA 00000000000000000000000000000001"}},
    {.name = "servfail.test", .code = 2},
    {.name = "silent.test", .manner = DNS_SAYS_NOTHING},
    {0}};

static struct dns_server server;
static struct loop *loop;

static void count_answer(void *context, const struct dns_answer *answer)
{
    (void)answer;
    ++*(unsigned *)context;
}

/* Until the resolver has answered what was asked before, but for the silent. */
static void turn(struct resolver *resolver)
{
    const int64_t until_ms = clock_monotonic_ms() + 60000;
    unsigned count = 0;

    for (int i = 0; i < 3; i++) { /* answers over UDP may change places */
        const unsigned wanted = ++count;

        count--;
        (void)resolver_ask(resolver, "both.test", DNS_A, count_answer, &count);
        while (count < wanted && clock_monotonic_ms() < until_ms)
            loop_turn(loop, until_ms);
        assert_int_equal(count, wanted);
    }
}

static const struct row {
    const char *name, *host;
    const char *arrives_from[4];
    const char *added;
    const char *has[8], *lacks[8];
} table[] = {
    {"its name",
     "both.test",
     {NULL},
     NULL,
     {"192.0.2.7", "192.0.2.8", "2001:db8::7", "::ffff:192.0.2.7", "2001:DB8:0:0::0007",
      "IPv6:2001:db8::7", "ipv6:::ffff:192.0.2.8"},
     {"192.0.2.9", "2001:db8::8", "127.0.0.1", "::1", "", "both.test", "IPv6:"}},
    {"an alias", "alias.test", {NULL}, NULL, {"192.0.2.9"}, {"192.0.2.7"}},
    {"a mapped address in the DNS", "mapped.test", {NULL}, NULL, {"192.0.2.10"}, {"192.0.2.11"}},
    {"an address instead of a name", "192.0.2.20", {NULL}, NULL, {"192.0.2.20"}, {"192.0.2.21"}},
    {"an IPv6 address", "2001:db8::20", {NULL}, NULL, {"2001:DB8::20"}, {"2001:db8::21"}},
    {"the one that answered",
     "servfail.test",
     {NULL},
     "192.0.2.30",
     {"192.0.2.30", "::ffff:192.0.2.30"},
     {"192.0.2.31"}},
    {"no address that answered", "servfail.test", {NULL}, "", {NULL}, {"", "192.0.2.31"}},
    {"no name, nothing more", "nothing.test", {NULL}, NULL, {NULL}, {"192.0.2.7", "::", "0.0.0.0"}},
    {"arrives_from",
     "servfail.test",
     {"198.51.100.0/24", "2001:db8:1::/48", "203.0.113.5"},
     NULL,
     {"198.51.100.1", "198.51.100.255", "2001:db8:1:ffff::1", "203.0.113.5",
      "::ffff:198.51.100.77"},
     {"198.51.101.1", "2001:db8:2::1", "203.0.113.6"}},
    {"arrives_from adds to the name",
     "both.test",
     {"198.51.100.0/24"},
     NULL,
     {"192.0.2.7", "198.51.100.1"},
     {"192.0.2.9"}},
    {"loopback of the name does not count",
     "loopback.test",
     {NULL},
     "127.0.0.1",
     {"192.0.2.11"},
     {"127.0.0.1", "::1", "::ffff:127.0.0.1"}},
    {"loopback in arrives_from does",
     "loopback.test",
     {"127.0.0.1", "::1"},
     NULL,
     {"127.0.0.1", "::1", "192.0.2.11"},
     {"127.0.0.2"}},
    {"a loopback address instead of a name", "127.0.0.9", {NULL}, NULL, {NULL}, {"127.0.0.9"}},
    {"a network of loopback",
     "127.0.0.9",
     {"127.0.0.0/8"},
     NULL,
     {"127.0.0.9", "127.1.2.3"},
     {"::1"}},
};

static struct backup_config backup_of(const struct row *row)
{
    union {
        const char *const *constant;
        char **list;
    } from = {.constant = row->arrives_from};
    union {
        const char *constant;
        char *text;
    } host = {.constant = row->host};
    struct backup_config backup = {.host = host.text, .arrives_from.list = from.list};

    while (from.list[backup.arrives_from.count] != NULL)
        backup.arrives_from.count++;
    return backup;
}

static void test_row(void **state)
{
    const struct row *row = *state;
    const struct backup_config backup = backup_of(row);
    struct error error;
    struct resolver *resolver = resolver_new(loop, server.address, &error);
    struct origin *origin = origin_new(resolver, &backup);

    if (row->added != NULL)
        origin_add(origin, row->added);
    turn(resolver);
    for (size_t i = 0; i < COUNT_OF(row->has) && row->has[i] != NULL; i++) {
        if (!origin_has(origin, row->has[i]))
            fail_msg("%s is not the backup's", row->has[i]);
    }
    for (size_t i = 0; i < COUNT_OF(row->lacks) && row->lacks[i] != NULL; i++) {
        if (origin_has(origin, row->lacks[i]))
            fail_msg("%s is the backup's", row->lacks[i]);
    }
    origin_free(origin);
    resolver_free(resolver);
}

/* The DNS says nothing: what is known otherwise counts at once, and giving up leaves nothing behind. */
static void test_silent(void **state)
{
    static const struct row row = {.host = "silent.test", .arrives_from = {"198.51.100.7"}};
    const struct backup_config backup = backup_of(&row);
    struct error error;
    struct resolver *resolver = resolver_new(loop, server.address, &error);
    struct origin *origin = origin_new(resolver, &backup);

    (void)state;
    assert_true(origin_has(origin, "198.51.100.7"));
    assert_false(origin_has(origin, "192.0.2.7"));
    turn(resolver);
    origin_add(origin, "192.0.2.7");
    assert_true(origin_has(origin, "192.0.2.7"));
    origin_free(origin);
    turn(resolver);
    resolver_free(resolver);
}

/* Freed before its questions went out, and while they are under way. */
static void test_given_up(void **state)
{
    const struct backup_config backup = backup_of(&table[0]);
    struct error error;
    struct resolver *resolver = resolver_new(loop, server.address, &error);

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct origin *origin = origin_new(resolver, &backup);

        if (i % 2 == 1)
            loop_turn(loop, clock_monotonic_ms() + 1);
        origin_free(origin);
    }
    turn(resolver);
    resolver_free(resolver);
    origin_free(NULL);
}

static void test_without_resolver(void **state)
{
    const struct backup_config backup = backup_of(&table[0]);
    struct origin *origin = origin_new(NULL, &backup);

    (void)state;
    assert_false(origin_has(origin, "192.0.2.7"));
    origin_add(origin, "192.0.2.7");
    origin_add(origin, "::ffff:192.0.2.7");
    assert_true(origin_has(origin, "192.0.2.7"));
    origin_free(origin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_silent),
                                       cmocka_unit_test(test_given_up),
                                       cmocka_unit_test(test_without_resolver)};
    struct error error;
    int failed;

    dns_server_start(&server, rules);
    loop = loop_new(&error);
    failed = RUN_TABLE(table, test_row);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    loop_free(loop);
    dns_server_end(&server);
    return unit_status(failed);
}

/* Who is connected to a port of this machine, and which network an address is in: on every system. */
#include "unit.h"

#include "support.h"
#include "test_peers.h"

#include <mxpull/base/compiler.h>

/* Looks until there are so many, for a busy system is slow to end what was begun. */
static struct seen look_for(size_t count, int port)
{
    struct seen seen;
    struct error error;

    for (int i = 0; i < 3000; i++) {
        seen = (struct seen){0};
        if (host_peers(port, see, &seen, &error) != STATUS_OK)
            fail_msg("%s", error.text);
        if (seen.count == count)
            return seen;
        support_sleep_ms(10);
    }
    fail_msg("%zu connections instead of %zu", seen.count, count);
    return seen;
}

static void assert_nothing_listens(int port)
{
    struct seen seen = {0};
    struct error error = {0};
    char text[80];

    (void)snprintf(text, sizeof text, "nothing listens on port %d of this machine", port);
    assert_int_equal(host_peers(port, see, &seen, &error), STATUS_UNREACHABLE);
    assert_string_equal(error.text, text);
    assert_int_equal(seen.count, 0);
}

static void test_no_listener(void **state)
{
    int port;

    (void)state;
    support_close(support_listen(&port, 1));
    assert_nothing_listens(port);
}

static void test_connections(void **state)
{
    int port;
    intptr_t listener = support_listen(&port, 10), clients[3];

    (void)state;
    (void)look_for(0, port);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        clients[i] = support_connect(port);

        const struct seen seen = look_for(i + 1, port);
        assert_int_equal(seen.ended, 0);
        assert_string_equal(seen.last.address, "127.0.0.1");
        assert_string_equal(seen.last.local_address, "127.0.0.1");
        assert_int_equal(seen.last.local_port, port);
        assert_nothing_listens(seen.last.port); /* it is the same connection, and begins there */
    }
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        support_close(clients[i]);
    support_close(listener);
}

static void hang_up(intptr_t client)
{
    (void)client;
}

static void test_ended(void **state)
{
    int port;
    intptr_t listener = support_listen(&port, 10);
    struct support_server *server = support_serve(listener, hang_up);
    intptr_t client = support_connect(port);
    char byte;

    (void)state;
    assert_int_equal(support_receive(client, &byte, 1), 0);
    struct seen seen = look_for(1, port);
    assert_int_equal(seen.ended, 1);
    support_close(client);
    seen = look_for(1, port);
    assert_int_equal(seen.ended, 1);
    assert_string_equal(seen.last.address, "127.0.0.1");
    support_end_server(server);
}

static const struct network_row {
    const char *name, *address, *network;
    bool is_in;
} networks[] = {
    {"the same", "192.0.2.7", "192.0.2.7", true},
    {"another one", "192.0.2.7", "192.0.2.8", false},
    {"first of a network", "192.0.2.0", "192.0.2.0/24", true},
    {"last of a network", "192.0.2.255", "192.0.2.0/24", true},
    {"behind a network", "192.0.3.0", "192.0.2.0/24", false},
    {"network of 23 bits", "192.0.3.0", "192.0.2.0/23", true},
    {"behind a network of 23 bits", "192.0.4.0", "192.0.2.0/23", false},
    {"network given by one of its addresses", "192.0.2.200", "192.0.2.7/24", true},
    {"network of all", "203.0.113.5", "0.0.0.0/0", true},
    {"network of one", "192.0.2.7", "192.0.2.7/32", true},
    {"network of two", "192.0.2.7", "192.0.2.6/31", true},
    {"not of two", "192.0.2.8", "192.0.2.6/31", false},
    {"long IPv6", "2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1", true},
    {"IPv6 with IPv4 at its end", "2001:db8::192.0.2.7", "2001:db8::c000:207", true},
    {"another IPv6", "2001:db8::2", "2001:db8::1", false},
    {"IPv6 network", "2001:db8:ffff::1", "2001:db8::/32", true},
    {"not in the IPv6 network", "2001:db9::1", "2001:db8::/32", false},
    {"IPv6 network of 33 bits", "2001:db8:8000::1", "2001:db8::/33", false},
    {"all IPv6", "2001:db8::1", "::/0", true},
    {"IPv4 is not of all IPv6", "192.0.2.7", "::/0", false},
    {"IPv6 is not of all IPv4", "2001:db8::1", "0.0.0.0/0", false},
    {"mapped address", "::ffff:192.0.2.7", "192.0.2.7", true},
    {"mapped address in hexadecimal", "::FFFF:C000:207", "192.0.2.0/24", true},
    {"mapped network", "192.0.2.7", "::ffff:192.0.2.0/120", true},
    {"behind a mapped network", "192.0.3.7", "::ffff:192.0.2.0/120", false},
    {"all mapped ones", "192.0.2.7", "::ffff:0:0/96", true},
    {"more than the mapped ones", "192.0.2.7", "::ffff:0:0/95", false},
    {"compatible is not mapped", "192.0.2.7", "::192.0.2.7", false},
    {"33 bits", "192.0.2.7", "192.0.2.7/33", false},
    {"129 bits", "2001:db8::1", "2001:db8::1/129", false},
    {"bits of a netmask", "192.0.2.7", "192.0.2.0/255.255.255.0", false},
    {"no bits", "192.0.2.7", "192.0.2.7/", false},
    {"negative bits", "192.0.2.7", "192.0.2.7/-1", false},
    {"two networks", "192.0.2.7", "192.0.2.0/24/24", false},
    {"no network", "192.0.2.7", "", false},
    {"bits alone", "192.0.2.7", "/0", false},
    {"no address", "", "192.0.2.0/24", false},
    {"a name", "mx.example", "mx.example", false},
    {"brackets", "[192.0.2.7]", "192.0.2.7", false},
    {"a scope", "fe80::1%eth0", "fe80::/10", false},
    {"too long", "192.0.2.7", "0000000000000000000000000000000000000000192.0.2.7/0", false},
};

static void test_network(void **state)
{
    const struct network_row *row = *state;

    assert_int_equal(host_ip_is_in(row->address, row->network), row->is_in);
}

static void test_loopback(void **state)
{
    (void)state;
    assert_true(host_ip_is_loopback("127.0.0.1"));
    assert_true(host_ip_is_loopback("127.255.255.255"));
    assert_true(host_ip_is_loopback("::ffff:127.0.0.1"));
    assert_true(host_ip_is_loopback("0:0::1"));
    assert_false(host_ip_is_loopback("126.255.255.255"));
    assert_false(host_ip_is_loopback("::2"));
    assert_false(host_ip_is_loopback("localhost"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_listener), cmocka_unit_test(test_connections),
        cmocka_unit_test(test_ended), cmocka_unit_test(test_loopback)};

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL) +
                       RUN_TABLE(networks, test_network));
}

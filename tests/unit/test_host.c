/* What the host tells alike on each system: random numbers, its name, its addresses. */
#include "unit.h"

#include <mxpull/platform/host.h>

#include <stdlib.h>
#include <string.h>

static void random_seeds_differ(void **state)
{
    uint64_t all_set = 0, never_set = 0, last = 0;

    (void)state;
    for (int i = 0; i < 64; i++) {
        uint64_t seed = host_seed();

        assert_true(seed != last);
        last = seed;
        all_set |= seed;
        never_set |= ~seed;
    }
    assert_true(all_set == UINT64_MAX && never_set == UINT64_MAX);
}

static void random_bytes_differ(void **state)
{
    unsigned char bytes[2][256] = {{0}};

    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_true(host_random(bytes[i], sizeof bytes[i]));
    assert_memory_not_equal(bytes[0], bytes[1], sizeof bytes[0]);
    assert_memory_not_equal(bytes[0], bytes[0] + 128, 128);
}

static void host_has_a_name(void **state)
{
    char *name = host_full_name();

    (void)state;
    assert_true(strlen(name) > 0);
    free(name);
}

static void host_reads_addresses(void **state)
{
    static const unsigned char v4[] = {192, 0, 2, 1};
    static const unsigned char v6[HOST_IP_SIZE] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0xa};
    unsigned char bytes[HOST_IP_SIZE] = {7};

    (void)state;
    assert_int_equal(host_ip_parse("192.0.2", bytes), 0);
    assert_int_equal(bytes[0], 7);
    assert_int_equal(host_ip_parse("192.0.2.1", bytes), 4);
    assert_memory_equal(bytes, v4, sizeof v4);
    assert_int_equal(host_ip_parse("2001:DB8:0::A", bytes), 6);
    assert_memory_equal(bytes, v6, sizeof v6);
}

static void host_knows_its_addresses(void **state)
{
    size_t count, loopback = 0;
    struct host_address *addresses = host_addresses(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_int_not_equal(host_ip_version(addresses[i].text), 0);
        loopback += strcmp(addresses[i].text, "127.0.0.1") == 0;
    }
    assert_int_equal(loopback, 1);
    free(addresses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_seeds_differ),      cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(host_has_a_name),          cmocka_unit_test(host_reads_addresses),
        cmocka_unit_test(host_knows_its_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

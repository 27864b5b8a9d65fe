/* guard: recipients beyond ASCII. The octets that are judged are the ones that the primary gets, and
 * it may map them in its own way: so whatever passes is, as it stands, in one of our domains, and no
 * server can make another address of it. */
#include "random.h"
#include "test_guard.h"

#include <mxpull/base/text.h>

#include <stdio.h>

#define UE "\xc3\xbc"
#define WIDE_E "\xef\xbd\x85"
#define WIDE_AT "\xef\xbc\xa0"
#define WIDE_DOT "\xef\xbc\x8e"
#define IDEOGRAPHIC_DOT "\xe3\x80\x82"
#define HALF_DOT "\xef\xbd\xa1"
#define SOFT_HYPHEN "\xc2\xad"

struct row {
    const char *name;
    const char *address;
    bool passes;
};

/* Ours: example.com, @example.org, m(u umlaut)ller.example, @b(u umlaut)cher.example, stra(sharp
 * s)e.example, and what only looks like an A-label. */
static const char *const ours[] = {"example.com",
                                   "@example.org",
                                   "m" UE "ller.example",
                                   "@b" UE "cher.example",
                                   "stra\xc3\x9f"
                                   "e.example",
                                   "xn--999999999.example"};

static const struct row rows[] = {
    {"an A-label", "u@xn--mller-kva.example", true},
    {"an A-label in upper case", "u@XN--MLLER-KVA.EXAMPLE", true},
    {"the U-label", "u@m" UE "ller.example", true},
    {"the U-label, ASCII letters in upper case", "u@M" UE "LLER.Example", true},
    {"the U-label of a suffix", "u@b" UE "cher.example", true},
    {"below the U-label of a suffix", "u@mx.b" UE "cher.example", true},
    {"below the A-label of a suffix", "u@_x.mx-1.XN--BCHER-KVA.example", true},
    {"a U-label below a suffix", "u@m" UE "ller.example.org", true},
    {"a U-label with ASCII in upper case below a suffix", "u@M" UE "ller.example.org", true},
    {"an A-label below a suffix", "u@Xn--Mller-kva.example.org", true},
    {"sharp s",
     "u@stra\xc3\x9f"
     "e.example",
     true},
    {"no A-label, as it is configured", "u@XN--999999999.example", true},
    {"a local part", "\xe7\x94\xa8\xe6\x88\xb7.\xd0\xb6+" UE "@example.com", true},
    {"a quoted local part", "\"\xe7\x94\xa8 " UE "\"@example.com", true},

    {"a fullwidth letter", "u@" WIDE_E "xample.com", false},
    {"a fullwidth letter in the U-label", "u@m" UE "ll" WIDE_E "r.example", false},
    {"a fullwidth letter in a suffix", "u@mx.example.or\xef\xbd\x87", false},
    {"an ideographic dot", "u@example" IDEOGRAPHIC_DOT "com", false},
    {"an ideographic dot before a suffix", "u@evil.test" IDEOGRAPHIC_DOT "example.org", false},
    {"a fullwidth dot before a suffix", "u@evil.test" WIDE_DOT "example.org", false},
    {"a halfwidth dot before a suffix", "u@evil.test" HALF_DOT "example.org", false},
    {"an ideographic dot below a suffix", "u@evil" IDEOGRAPHIC_DOT "test.example.org", false},
    {"an ideographic dot at the end", "u@example.com" IDEOGRAPHIC_DOT, false},
    {"one dot leader",
     "u@example\xe2\x80\xa4"
     "com",
     false},
    {"a soft hyphen", "u@exam" SOFT_HYPHEN "ple.com", false},
    {"a soft hyphen below a suffix", "u@a" SOFT_HYPHEN "b.example.org", false},
    {"a zero width space", "u@example.com\xe2\x80\x8b", false},
    {"a zero width joiner below a suffix",
     "u@a\xe2\x80\x8d"
     "b.example.org",
     false},
    {"a byte order mark",
     "u@\xef\xbb\xbf"
     "example.com",
     false},
    {"a variation selector", "u@example\xef\xb8\x8f.com", false},
    {"right to left",
     "u@\xe2\x80\xae"
     "example.com",
     false},
    {"right to left below a suffix", "u@a\xe2\x80\xae.example.org", false},
    {"an upper-case umlaut", "u@M\xc3\x9cLLER.example", false},
    {"an upper-case umlaut below a suffix", "u@\xc3\x9c.example.org", false},
    {"not NFC", "u@mu\xcc\x88ller.example", false},
    {"not NFC below a suffix", "u@u\xcc\x88.example.org", false},
    {"Kelvin's sign", "u@boo\xe2\x84\xaa.example.org", false},
    {"a ligature", "u@\xef\xac\x81n.example.org", false},
    {"long s", "u@example.org\xc5\xbf", false},
    {"sharp s taken apart", "u@strasse.example", false},
    {"capital sharp s",
     "u@stra\xe1\xba\x9e"
     "e.example",
     false},
    {"an unassigned character", "u@\xcd\xb8.example.org", false},
    {"an emoji", "u@\xf0\x9f\x98\x80.example.org", false},
    {"letters of two directions", "u@a\xd7\x90.example.org", false},
    {"a combining mark first", "u@\xcc\x88u.example.org", false},
    {"an A-label of an ASCII label", "u@xn--evil-.example.org", false},
    {"an A-label of nothing", "u@xn--.example.org", false},
    {"an A-label that cannot be decoded", "u@xn--999999999.example.org", false},
    {"an A-label of a fullwidth letter", "u@xn--xample-hy68a.example.org", false},
    {"an A-label of an ideographic dot", "u@xn--eviltest-rm3g.example.org", false},
    {"an A-label of a fullwidth at", "u@xn--evil-9b0y.example.org", false},
    {"an A-label of a soft hyphen", "u@xn--ab-5da.example.org", false},
    {"an A-label of what is not NFC", "u@xn--u-ccb.example.org", false},
    {"an A-label of upper case", "u@xn--wca.example.org", false},
    {"an A-label of an emoji", "u@xn--e28h.example.org", false},
    {"underscore in a U-label", "u@_" UE ".example.org", false},
    {"an A-label in a U-label's disguise", "u@\xef\xbd\x98n--mller-kva.example", false},
    {"U-label of another domain", "u@m" UE "llerin.example", false},
    {"below a domain's U-label", "u@mx.m" UE "ller.example", false},
    {"ends like a U-label", "u@xb" UE "cher.example", false},
    {"an empty label", "u@a..example.org", false},
    {"an empty label first", "u@.example.org", false},
    {"an A-label below a U-label", "u@xn--mller-kva.b" UE "cher.example", false},
    {"a U-label below an A-label", "u@m" UE "ller.XN--bcher-kva.example", false},
    {"a final dot", "u@m" UE "ller.example.", false},
    {"fullwidth brackets",
     "u@\xef\xbc\xbb"
     "192.0.2.1\xef\xbc\xbd",
     false},
    {"malformed", "u@m\xc3.example.org", false},
    {"overlong dot",
     "u@evil.test\xc0\xae"
     "example.org",
     false},
    {"a surrogate", "u@\xed\xa0\x80.example.org", false},

    {"at behind a fullwidth at", "u@evil.test" WIDE_AT "example.com", false},
    {"a fullwidth at in the local part", "u" WIDE_AT "evil.test@example.com", false},
    {"a small at",
     "u\xef\xb9\xab"
     "evil.test@example.com",
     false},
    {"a fullwidth percent",
     "u\xef\xbc\x85"
     "evil.test@example.com",
     false},
    {"a small percent",
     "u\xef\xb9\xaa"
     "evil.test@example.com",
     false},
    {"an Arabic percent",
     "u\xd9\xaa"
     "evil.test@example.com",
     false},
    {"a fullwidth exclamation mark", "evil.test\xef\xbc\x81u@example.com", false},
    {"a small exclamation mark", "evil.test\xef\xb9\x97u@example.com", false},
    {"a vertical exclamation mark", "evil.test\xef\xb8\x95u@example.com", false},
    {"a click", "evil.test\xc7\x83u@example.com", false},
    {"a fullwidth quote", "\xef\xbc\x82u@example.com", false},
    {"a curly quote", "\xe2\x80\x9cu\xe2\x80\x9d@example.com", false},
    {"a fullwidth colon", "evil\xef\xbc\x9a\xef\xbc\x9au@example.com", false},
    {"a double colon equal", "evil\xe2\xa9\xb4u@example.com", false},
    {"not less than", "u\xe2\x89\xaf@example.com", false},
    {"a Greek question mark", "u\xcd\xbe@example.com", false},
    {"a fullwidth comma", "u\xef\xbc\x8cv@example.com", false},
    {"a fullwidth backslash", "u\xef\xbc\xbc@example.com", false},
    {"care of", "u\xe2\x84\x85@example.com", false},
    {"a fullwidth dot in the local part", "u" WIDE_DOT "v@example.com", false},
    {"an ideographic dot in the local part", "u" IDEOGRAPHIC_DOT "v@example.com", false},
    {"a digit with a dot", "u\xe2\x92\x88@example.com", false},
    {"a digit in brackets", "u\xe2\x91\xb4@example.com", false},
    {"an ideographic space", "u\xe3\x80\x80@example.com", false},
    {"a space with an accent", "u\xc2\xb4@example.com", false},
    {"the same in quotes", "\"u" WIDE_AT "evil.test\"@example.com", false},
};

/* Whether the guard passes this recipient; then it is as it was. */
static bool passes(const struct node *nodes, size_t count, const char *address)
{
    const struct guard_options options = {.nodes = nodes, .node_count = count};
    struct guard_output output;
    char line[1000];

    guard_output_init(&output);
    struct guard *guard = guard_new(&options, "x", &output);
    (void)snprintf(line, sizeof line, "MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<%s>\r\n", address);
    (void)guard_feed(guard, GUARD_PROVIDER, line, strlen(line), &output);
    bool passed = strstr(output.primary.bytes, "RCPT") != NULL;
    if (passed)
        assert_string_equal(output.primary.bytes, line);
    guard_free(guard);
    guard_output_done(&output);
    return passed;
}

static void make_nodes(struct node *nodes)
{
    struct error error;

    for (size_t i = 0; i < COUNT_OF(ours); i++)
        assert_int_equal(node_parse(&nodes[i], ours[i], &error), STATUS_OK);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct node nodes[COUNT_OF(ours)];

    make_nodes(nodes);
    assert_int_equal(passes(nodes, COUNT_OF(ours), row->address), row->passes);
}

/* ---- random addresses ---- */

static uint64_t random_state;

static size_t below(size_t limit)
{
    return random_below(&random_state, limit);
}

static void put(char *text, unsigned long point)
{
    size_t size = strlen(text);
    unsigned char *at = (unsigned char *)text + size;

    if (point < 0x80) {
        *at++ = (unsigned char)point;
    } else if (point < 0x800) {
        *at++ = (unsigned char)(0xc0 | point >> 6);
        *at++ = (unsigned char)(0x80 | (point & 0x3f));
    } else {
        if (point < 0x10000) {
            *at++ = (unsigned char)(0xe0 | point >> 12);
        } else {
            *at++ = (unsigned char)(0xf0 | point >> 18);
            *at++ = (unsigned char)(0x80 | (point >> 12 & 0x3f));
        }
        *at++ = (unsigned char)(0x80 | (point >> 6 & 0x3f));
        *at++ = (unsigned char)(0x80 | (point & 0x3f));
    }
    *at = '\0';
}

/* Any character, mostly one that is mapped, normalized or dropped by somebody. */
static unsigned long any_point(void)
{
    static const unsigned long likely[] = {'.',    '@',    '-',    'x',    0xad,   0xdf,   0xfc,
                                           0xdc,   0x308,  0x200b, 0x200c, 0x200d, 0x202e, 0x2024,
                                           0x3002, 0xff0e, 0xff20, 0xff61, 0xfeff, 0x17f,  0x212a};

    switch (below(4)) {
    case 0: return likely[below(COUNT_OF(likely))];
    case 1: return 0xff01 + (unsigned long)below(94);
    case 2: return 0x80 + (unsigned long)below(0x3000);
    default: return '!' + (unsigned long)below(94);
    }
}

/* An address at a domain of ours, or at one that a mapping would make ours. */
static void make_address(char *text)
{
    static const char *const names[] = {"example.com", "example.org", "m" UE "ller.example",
                                        "xn--mller-kva.example", "b" UE "cher.example"};
    static const char *const fronts[] = {"",          "",     "evil.test.",
                                         "evil.test", UE ".", "xn--mller-kva."};
    const char *name = names[below(COUNT_OF(names))];
    size_t changes = below(4);

    (void)snprintf(text, 100, "u@%s", fronts[below(COUNT_OF(fronts))]);
    for (size_t i = 0; name[i] != '\0'; i++) {
        bool wide = changes > 0 && below(24) == 0 && name[i] > ' ' && (unsigned char)name[i] < 0x7f;

        if (changes > 0 && below(24) == 0)
            put(text, any_point());
        if (wide)
            put(text, 0xff01 + (unsigned long)(name[i] - '!'));
        else
            (void)snprintf(text + strlen(text), 2, "%c", below(8) == 0 ? name[i] & ~0x20 : name[i]);
    }
    if (below(12) == 0)
        put(text, any_point());
}

/* Whether the octets behind the last @ are ours, with no regard to anything but ASCII case. */
static bool is_ours(const char *address)
{
    static const char *const plain[] = {"example.com", "m" UE "ller.example",
                                        "xn--mller-kva.example"};
    static const char *const suffixes[] = {"example.org", "b" UE "cher.example",
                                           "xn--bcher-kva.example"};
    const char *domain = strrchr(address, '@') + 1;

    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        if (text_equal(plain[i], domain))
            return true;
    }
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        size_t size = strlen(domain), end = strlen(suffixes[i]);

        if (size >= end && text_equal(suffixes[i], domain + size - end) &&
            (size == end || domain[size - end - 1] == '.'))
            return true;
    }
    return false;
}

static void test_random_addresses(void **state)
{
    struct node nodes[COUNT_OF(ours)];
    size_t passed = 0;

    (void)state;
    random_state = random_begin();
    make_nodes(nodes);
    for (size_t round = 0; round < 40000; round++) {
        char address[400];

        make_address(address);
        if (!passes(nodes, COUNT_OF(ours), address))
            continue;
        passed++;
        if (!is_ours(address) || strchr(address, '@') != strrchr(address, '@'))
            fail_msg("passed: %s", address);
        for (const char *dot = IDEOGRAPHIC_DOT HALF_DOT WIDE_DOT SOFT_HYPHEN; *dot != '\0';) {
            char point[4] = {0};
            size_t size = (unsigned char)*dot < 0xe0 ? 2 : 3;

            memcpy(point, dot, size);
            assert_null(strstr(address, point));
            dot += size;
        }
    }
    assert_in_range(passed, 4000, 36000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_addresses)};

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

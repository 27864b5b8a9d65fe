/* Questions to a DNS server on loopback: each type, each fate, and servers that mean no good. */
#include "unit.h"

#include "dns_server.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/net/resolver.h>
#include <mxpull/platform/clock.h>

static const struct dns_rule rules[] = {
    {.name = "a.test", .records = {"a.test A c0000201", "a.test A c0000202"}},
    {.name = "aaaa.test", .records = {"aaaa.test AAAA 20010db8000000000000000000000001"}},
    {.name = "mx.test",
     .records = {"mx.test MX 20 Backup.TEST", "mx.test MX 10 mail.test", "mx.test MX 5 "}},
    {.name = "txt.test", .records = {"txt.test TXT v=spf1| -all", "txt.test TXT \xc3\xa4\x1b[m"}},
    {.name = "7.2.0.192.in-addr.arpa", .records = {"7.2.0.192.in-addr.arpa PTR mail.test"}},
    {.name = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
     .records =
         {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.test"}},
    {.name = "_25._tcp.mail.test", .records = {"_25._tcp.mail.test TLSA 030101e3b0c44298fc"}},
    {.name = "alias.test",
     .records = {"alias.test CNAME second.test", "third.test A c0000203",
                 "second.test CNAME third.test", "other.test A c0000242"}},
    {.name = "dangling.test", .code = 3, .records = {"dangling.test CNAME nothing.test"}},
    {.name = "without.test", .records = {"without.test CNAME empty.test"}},
    {.name = "round.test",
     .records = {"round.test CNAME again.test", "again.test CNAME round.test"}},
    {.name = "foreign.test", .records = {"other.test A c0000242"}},
    {.name = "formerr.test", .code = 1},
    {.name = "servfail.test", .code = 2},
    {.name = "notimp.test", .code = 4},
    {.name = "refused.test", .code = 5},
    {.name = "notauth.test", .code = 9},
    {.name = "refers.test", .manner = DNS_REFERS, .records = {"test NS ns.test"}},
    {.name = "truncated.test", .manner = DNS_TRUNCATES, .records = {"truncated.test A c0000204"}},
    {.name = "hangs-up.test", .manner = DNS_HANGS_UP},
    {.name = "old.test", .manner = DNS_KNOWS_NO_EDNS, .records = {"old.test A c0000205"}},
    {.name = "forged.test", .manner = DNS_IS_FORGED, .records = {"forged.test A c0000206"}},
    {.name = "cut.test", .manner = DNS_CUTS, .records = {"cut.test A c0000207"}},
    {.name = "loop.test", .manner = DNS_LOOPS},
    {.name = "wrong-count.test",
     .manner = DNS_COUNTS_WRONG,
     .records = {"wrong-count.test A c0000208"}},
    {.name = "rubbish.test", .manner = DNS_TALKS_RUBBISH},
    {.name = "short-a.test", .records = {"short-a.test A c00002"}},
    {.name = "short-mx.test", .records = {"short-mx.test TXT x", "short-mx.test MX 10 "}},
    {.name = "cut-off.test", .manner = DNS_TRUNCATES_ALL, .records = {"cut-off.test A c000020c"}},
    {.name = "tcp.test", .manner = DNS_WANTS_TCP, .records = {"tcp.test A c0000209"}},
    {.name = "slow.test", .manner = DNS_IS_SLOW, .records = {"slow.test A c000020a"}},
    {.name = "begins-empty.test",
     .manner = DNS_BEGINS_EMPTY,
     .records = {"begins-empty.test A c000020b"}},
    {.name = "silent.test", .manner = DNS_SAYS_NOTHING},
    {0}};

static struct dns_server server;
static struct loop *loop;
static struct resolver *resolver;

/* What came of a question. */
struct heard {
    unsigned times;
    enum dns_fate fate;
    char *records, *alias, *text;
    int64_t at_ms;
};

static char *replace(char *old, char *new)
{
    free(old);
    return new;
}

static void answered(void *context, const struct dns_answer *answer)
{
    struct heard *heard = context;

    heard->times++;
    heard->fate = answer->fate;
    heard->at_ms = clock_monotonic_ms();
    heard->records = memory_copy("");
    for (size_t i = 0; i < answer->count; i++) {
        const struct dns_record *record = &answer->records[i];

        heard->records =
            replace(heard->records,
                    record->preference > 0
                        ? memory_format("%s%s%d %s", heard->records, i > 0 ? ", " : "",
                                        record->preference, record->text)
                        : memory_format("%s%s%s", heard->records, i > 0 ? ", " : "", record->text));
    }
    heard->alias = memory_copy(answer->alias);
    heard->text = memory_copy(answer->text);
}

static void forget(struct heard *heard)
{
    free(heard->records);
    free(heard->alias);
    free(heard->text);
}

static void wait_for(const struct heard *heard)
{
    int64_t until_ms = clock_monotonic_ms() + 60000;

    while (heard->times == 0 && clock_monotonic_ms() < until_ms)
        loop_turn(loop, until_ms);
    assert_int_equal(heard->times, 1);
}

static const struct row {
    const char *name, *question;
    enum dns_type type;
    enum dns_fate fate;
    const char *records, *alias, *text; /* in the text there is the server's address for % */
} table[] = {
    {"A", "a.test", DNS_A, DNS_FOUND, "192.0.2.1, 192.0.2.2", NULL, NULL},
    {"capitals", "A.TEST.", DNS_A, DNS_FOUND, "192.0.2.1, 192.0.2.2", NULL, NULL},
    {"AAAA", "aaaa.test", DNS_AAAA, DNS_FOUND, "2001:db8::1", NULL, NULL},
    {"MX", "mx.test", DNS_MX, DNS_FOUND, "5 , 10 mail.test, 20 backup.test", NULL, NULL},
    {"TXT", "txt.test", DNS_TXT, DNS_FOUND, "v=spf1 -all, \xc3\xa4\x1b[m", NULL, NULL},
    {"PTR", "192.0.2.7", DNS_PTR, DNS_FOUND, "mail.test", NULL, NULL},
    {"PTR of IPv6", "2001:db8::1", DNS_PTR, DNS_FOUND, "six.test", NULL, NULL},
    {"PTR by its name", "7.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "mail.test", NULL, NULL},
    {"TLSA", "_25._tcp.mail.test", DNS_TLSA, DNS_FOUND, "3 1 1 e3b0c44298fc", NULL, NULL},
    {"alias", "alias.test", DNS_A, DNS_FOUND, "192.0.2.3", "third.test", NULL},
    {"CNAME", "alias.test", DNS_CNAME, DNS_FOUND, "second.test", "third.test", NULL},
    {"alias of nothing", "dangling.test", DNS_A, DNS_NO_NAME, "", "nothing.test",
     "nothing.test does not exist"},
    {"alias without", "without.test", DNS_A, DNS_NO_RECORD, "", "empty.test",
     "empty.test has no A record"},
    {"aliases in a circle", "round.test", DNS_A, DNS_RUBBISH, "", NULL,
     "an answer from % that cannot be read"},
    {"record of another", "foreign.test", DNS_A, DNS_NO_RECORD, "", NULL,
     "foreign.test has no A record"},
    {"no record", "empty.test", DNS_MX, DNS_NO_RECORD, "", NULL, "empty.test has no MX record"},
    {"no name", "no.test", DNS_MX, DNS_NO_NAME, "", NULL, "no.test does not exist"},
    {"FORMERR", "formerr.test", DNS_A, DNS_FAILED, "", NULL, "% says FORMERR"},
    {"SERVFAIL", "servfail.test", DNS_A, DNS_FAILED, "", NULL, "% says SERVFAIL"},
    {"NOTIMP", "notimp.test", DNS_A, DNS_FAILED, "", NULL, "% says NOTIMP"},
    {"refused", "refused.test", DNS_A, DNS_REFUSED, "", NULL, "% says REFUSED"},
    {"NOTAUTH", "notauth.test", DNS_A, DNS_FAILED, "", NULL, "% says error 9"},
    {"referral", "refers.test", DNS_A, DNS_REFUSED, "", NULL,
     "% does not know, and only names other servers"},
    {"truncated", "truncated.test", DNS_A, DNS_FOUND, "192.0.2.4", NULL, NULL},
    {"truncated over TCP, too", "cut-off.test", DNS_A, DNS_RUBBISH, "", NULL,
     "an answer from % that cannot be read"},
    {"hangs up", "hangs-up.test", DNS_A, DNS_SILENT, "", NULL,
     "% does not give its long answer over TCP"},
    {"no EDNS", "old.test", DNS_A, DNS_FOUND, "192.0.2.5", NULL, NULL},
    {"forged", "forged.test", DNS_A, DNS_FOUND, "192.0.2.6", NULL, NULL},
    {"empty datagram", "begins-empty.test", DNS_A, DNS_FOUND, "192.0.2.11", NULL, NULL},
    {"cut", "cut.test", DNS_A, DNS_RUBBISH, "", NULL, "an answer from % that cannot be read"},
    {"loop of pointers", "loop.test", DNS_A, DNS_RUBBISH, "", NULL,
     "an answer from % that cannot be read"},
    {"wrong count", "wrong-count.test", DNS_A, DNS_RUBBISH, "", NULL,
     "an answer from % that cannot be read"},
    {"rubbish", "rubbish.test", DNS_A, DNS_RUBBISH, "", NULL,
     "an answer from % that cannot be read"},
    {"address too short", "short-a.test", DNS_A, DNS_RUBBISH, "", NULL,
     "an answer from % that cannot be read"},
    {"null MX", "short-mx.test", DNS_MX, DNS_FOUND, "10 ", NULL, NULL},
    {"impossible name", "a..test", DNS_A, DNS_NO_NAME, "", NULL, "a..test cannot be a name"},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    struct heard heard = {0};
    char *text = NULL;

    if (row->text != NULL) {
        const char *percent = strchr(row->text, '%');

        text = percent == NULL ? memory_copy(row->text)
                               : memory_format("%.*s%s%s", (int)(percent - row->text), row->text,
                                               server.address, percent + 1);
    }
    resolver_ask(resolver, row->question, row->type, answered, &heard);
    assert_int_equal(heard.times, 0);
    wait_for(&heard);
    if (text != NULL)
        assert_string_equal(heard.text, text);
    else
        assert_null(heard.text);
    assert_int_equal(heard.fate, row->fate);
    assert_string_equal(heard.records, row->records);
    if (row->alias != NULL)
        assert_string_equal(heard.alias, row->alias);
    else if (row->fate != DNS_RUBBISH)
        assert_null(heard.alias);
    free(text);
    forget(&heard);
}

/* Over TCP, for so much does not fit into a datagram. */
static void test_many_records(void **state)
{
    struct heard mx = {0}, txt = {0};

    (void)state;
    resolver_ask(resolver, "100.mx.many.test", DNS_MX, answered, &mx);
    resolver_ask(resolver, "220.txt.many.test", DNS_TXT, answered, &txt);
    wait_for(&mx);
    wait_for(&txt);
    assert_int_equal(mx.fate, DNS_FOUND);
    assert_int_equal(txt.fate, DNS_FOUND);
    const char *at = mx.records;
    for (int i = 1; i <= 100; i++) {
        char *record = memory_format("%d mx%d.test", i, 100 - i);

        assert_memory_equal(at, record, strlen(record));
        at += strlen(record);
        assert_string_equal(at, i < 100 ? strchr(at, ',') : "");
        at += i < 100 ? strlen(", ") : 0;
        free(record);
    }
    assert_non_null(strstr(txt.records, ", record 219 000"));
    forget(&mx);
    forget(&txt);
}

static void count_answer(void *context, const struct dns_answer *answer)
{
    (void)answer;
    ++*(unsigned *)context;
}

/* Each question gets its own answer, whatever the others get. Those that nobody answers come to an end, too, and delay
 * no other. */
static void test_many_questions(void **state)
{
    enum {
        COUNT = 1000,
        SILENT = 50
    };
    struct heard *heard = memory_new(COUNT + SILENT, sizeof *heard);
    static const char *const bad[] = {"cut.test",      "loop.test", "rubbish.test", "hangs-up.test",
                                      "servfail.test", "old.test",  "forged.test"};
    char name[40];
    unsigned bad_count = 0;
    struct heard tcp = {0}, slow = {0};

    (void)state;
    for (int i = 0; i < SILENT; i++)
        resolver_ask(resolver, "silent.test", DNS_A, answered, &heard[COUNT + i]);
    resolver_ask(resolver, "tcp.test", DNS_A, answered, &tcp);
    resolver_ask(resolver, "slow.test", DNS_A, answered, &slow);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof name, "%d.single.test", i);
        resolver_ask(resolver, name, DNS_A, answered, &heard[i]);
        if (i % 5 == 0)
            resolver_ask(resolver, bad[(size_t)i / 5 % COUNT_OF(bad)], DNS_A, count_answer,
                         &bad_count);
    }
    for (int i = 0; i < COUNT; i++) {
        wait_for(&heard[i]);
        (void)snprintf(name, sizeof name, "10.0.%d.%d", i / 256, i % 256);
        assert_string_equal(heard[i].records, name);
    }
    wait_for(&slow);
    assert_string_equal(slow.records, "192.0.2.10");
    wait_for(&tcp);
    assert_string_equal(tcp.records, "192.0.2.9");
    for (int i = 0; i < SILENT; i++)
        assert_int_equal(heard[COUNT + i].times, 0);
    for (int i = 0; i < SILENT; i++) {
        wait_for(&heard[COUNT + i]);
        assert_int_equal(heard[COUNT + i].fate, DNS_SILENT);
        assert_non_null(strstr(heard[COUNT + i].text, "no answer from 127.0.0.1:"));
    }
    assert_int_equal(bad_count, COUNT / 5);
    forget(&tcp);
    forget(&slow);
    for (int i = 0; i < COUNT + SILENT; i++)
        forget(&heard[i]);
    free(heard);
}

/* A question that is asked when another one is answered. */
static void ask_again(void *context, const struct dns_answer *answer)
{
    unsigned *left = context;

    assert_int_equal(answer->fate, *left % 2 == 0 ? DNS_FOUND : DNS_NO_NAME);
    if (--*left > 0)
        resolver_ask(resolver, *left % 2 == 0 ? "a.test" : "a..test", DNS_A, ask_again, left);
}

static void test_asking_from_within(void **state)
{
    unsigned left = 20;
    int64_t until_ms = clock_monotonic_ms() + 60000;

    (void)state;
    resolver_ask(resolver, "a.test", DNS_A, ask_again, &left);
    while (left > 0 && clock_monotonic_ms() < until_ms)
        loop_turn(loop, until_ms);
    assert_int_equal(left, 0);
}

/* What other servers say of the A records of a name. */
static struct heard ask_others(const char *servers, const char *name)
{
    struct heard heard = {0};
    struct error error;
    struct resolver *other = resolver_new(loop, servers, &error);

    assert_non_null(other);
    resolver_ask(other, name, DNS_A, answered, &heard);
    wait_for(&heard);
    resolver_free(other);
    return heard;
}

static void test_closed_port(void **state)
{
    int port = 0;
    char address[40];

    (void)state;
    support_close(support_bind(&port));
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", port);
    struct heard heard = ask_others(address, "a.test");
    assert_int_equal(heard.fate, DNS_SILENT);
    assert_non_null(strstr(heard.text, address));
    forget(&heard);
}

/* A server at whose port nobody listens for datagrams. */
static void test_tcp_alone(void **state)
{
    int port = 0;
    intptr_t listener = support_listen(&port, 10);
    struct support_server *streams = support_serve(listener, dns_serve_stream);
    char address[40];

    (void)state;
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", port);
    struct heard heard = ask_others(address, "a.test");
    assert_string_equal(heard.records, "192.0.2.1, 192.0.2.2");
    forget(&heard);
    support_end_server(streams);
}

/* The second one is asked where the first one does not answer. */
static void test_two_servers(void **state)
{
    int port = 0;
    intptr_t silent = support_bind(&port);
    char address[80];

    (void)state;
    (void)snprintf(address, sizeof address, "127.0.0.1:%d,%s", port, server.address);
    struct heard heard = ask_others(address, "a.test");
    assert_string_equal(heard.records, "192.0.2.1, 192.0.2.2");
    forget(&heard);
    heard = ask_others(address, "servfail.test");
    (void)snprintf(address, sizeof address, "127.0.0.1:%d or %s says SERVFAIL", port,
                   server.address);
    assert_string_equal(heard.text, address);
    forget(&heard);
    support_close(silent);
}

/* Nobody hears of what was open: neither of what was sent, nor of what had to wait. */
static void test_open_questions(void **state)
{
    struct error error;
    struct heard heard = {0};
    struct resolver *other = resolver_new(loop, server.address, &error);

    (void)state;
    for (int i = 0; i < 200; i++)
        resolver_ask(other, "silent.test", DNS_A, answered, &heard);
    loop_turn(loop, INT64_MAX);
    resolver_ask(other, "a.test", DNS_A, answered, &heard);
    resolver_free(other);
    loop_turn(loop, clock_monotonic_ms() + 50);
    assert_int_equal(heard.times, 0);
    resolver_free(NULL);
}

static void test_servers(void **state)
{
    struct error error = {0};
    struct resolver *other = resolver_new(loop, "ns.example:53", &error);

    (void)state;
    assert_null(other);
    assert_int_equal(error.status, STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "DNS server ns.example:53: "));
    other = resolver_new(loop, NULL, &error);
    assert_non_null(other);
    resolver_free(other);
    other = resolver_new(loop, "[::1]:5353", &error);
    assert_non_null(other);
    resolver_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_records),       cmocka_unit_test(test_many_questions),
        cmocka_unit_test(test_asking_from_within), cmocka_unit_test(test_closed_port),
        cmocka_unit_test(test_tcp_alone),          cmocka_unit_test(test_two_servers),
        cmocka_unit_test(test_open_questions),     cmocka_unit_test(test_servers)};
    struct error error;
    int failed;

    dns_server_start(&server, rules);
    loop = loop_new(&error);
    resolver = resolver_new(loop, server.address, &error);
    failed = RUN_TABLE(table, test_row);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    resolver_free(resolver);
    loop_free(loop);
    dns_server_end(&server);
    return unit_status(failed);
}

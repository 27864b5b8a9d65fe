/* What is seen of watched backups in the primary's log: whose message is whose, and from when on. Connections are seen in
 * session.await. */
#include "directory.h"
#include "unit.h"

#include "dns_server.h"

#include <mxpull/arrival/arrivals.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

enum {
    PATIENCE_MS = 60 * 1000,
    BACKUPS = 3,
    SLOW = 2 /* the backup that the DNS tells of late */
};

static const struct dns_rule rules[] = {
    {.name = "slow.test", .manner = DNS_IS_SLOW, .records = {"slow.test A c6336402"}}, {0}};

static struct dns_server server;

struct fixture {
    struct loop *loop;
    struct arrivals *arrivals;
    struct config config;
    struct backup_config backups[BACKUPS];
    char path[600];
    char heard[4000]; /* "NAME:ID " each; "-" for who was not told yet */
};

static void on_heard(void *context, const struct backup_config *backup,
                     const struct arrival *arrival, int64_t at_ms)
{
    struct fixture *f = context;
    size_t size = strlen(f->heard);

    assert_true(llabs((long long)(at_ms - clock_wall_ms())) < PATIENCE_MS);
    (void)snprintf(f->heard + size, sizeof f->heard - size, "%s:%s ",
                   backup != NULL ? backup->name : "-", arrival->message_id);
}

/* mx1 at 192.0.2.7, mx2 at 192.0.2.8 and a network, mx3 where the DNS says. */
static void begin(struct fixture *f)
{
    static char names[BACKUPS][4] = {"mx1", "mx2", "mx3"};
    static char hosts[BACKUPS][16] = {"192.0.2.7", "192.0.2.8", "slow.test"};
    static char network[] = "198.51.100.0/31", place[] = "unix:/nowhere";
    static char *networks[] = {network};
    struct error error;

    memset(f, 0, sizeof *f);
    f->loop = loop_new(&error);
    assert_non_null(f->loop);
    for (size_t i = 0; i < BACKUPS; i++)
        f->backups[i] = (struct backup_config){.name = names[i], .host = hosts[i]};
    f->backups[1].arrives_from = (struct texts){networks, 1};
    (void)snprintf(f->path, sizeof f->path, "%s", in_directory("mail.log"));
    FILE *file = fopen(f->path, "wb");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    f->config = (struct config){
        .backups = f->backups,
        .backup_count = BACKUPS,
        .dns_server = server.address,
        .primary = {.address.text = place, .mail_log = memory_format("file:%s", f->path)}};
    f->arrivals = arrivals_new(&(struct arrivals_options){
        .config = &f->config, .loop = f->loop, .heard = on_heard, .context = f});
}

static void end(struct fixture *f)
{
    arrivals_free(f->arrivals);
    loop_free(f->loop);
    free(f->config.primary.mail_log);
}

static void watch(struct fixture *f, size_t backup)
{
    arrivals_watch(f->arrivals, &f->backups[backup]);
}

static void add_line(const struct fixture *f, const char *line)
{
    FILE *file = fopen(f->path, "ab");

    assert_non_null(file);
    assert_true(fprintf(file, "%s\n", line) > 0);
    assert_int_equal(fclose(file), 0);
}

/* A line of Exim's; rest as "S=2 id=x". */
static void add(const struct fixture *f, const char *address, const char *rest)
{
    char line[300];

    (void)snprintf(line, sizeof line, "2026-11-29 06:59:09 1xXYsP-0003Py-0B <= a@b H=c [%s] %s",
                   address, rest);
    add_line(f, line);
}

/* Until this was heard. */
static void expect(struct fixture *f, const char *heard)
{
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;

    while (strcmp(f->heard, heard) != 0 && clock_monotonic_ms() < until_ms)
        loop_turn(f->loop, clock_monotonic_ms() + 1000);
    assert_string_equal(f->heard, heard);
}

/* "MESSAGES BYTES ADDRESS" */
static void expect_sight(struct fixture *f, size_t backup, const char *expected)
{
    struct arrival_sight sight = arrivals_sight(f->arrivals, &f->backups[backup]);
    char text[200];

    (void)snprintf(text, sizeof text, "%lld %lld %s", (long long)sight.messages,
                   (long long)sight.bytes, sight.address);
    assert_string_equal(text, expected);
    assert_true(sight.sees_log);
    assert_false(sight.sees_connections);
    assert_int_equal(sight.connections, -1);
    assert_true((sight.messages > 0) == (sight.first_ms > 0 && sight.last_ms >= sight.first_ms));
}

static void test_whose(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    add(&f, "192.0.2.7", "S=9 id=before");
    watch(&f, 0);
    watch(&f, 1);
    assert_string_equal(arrivals_means(f.arrivals)->log, f.path);
    assert_string_not_equal(arrivals_means(f.arrivals)->no_connections, "");
    add(&f, "192.0.2.7", "S=100 id=1");
    add(&f, "192.0.2.99", "S=100 id=2");
    add(&f, "198.51.100.1", "S=20 id=3");
    add(&f, "198.51.100.2", "S=20 id=4");
    add(&f, "::ffff:192.0.2.8", "S=3 id=5");
    expect(&f, "-:<1> mx1:<1> -:<2> -:<3> mx2:<3> -:<4> -:<5> mx2:<5> ");
    expect_sight(&f, 0, "1 100 192.0.2.7");
    expect_sight(&f, 1, "2 23 ::ffff:192.0.2.8");

    /* A size that is not told; another address that answered; a watch that begins anew, and one that ended. */
    f.heard[0] = '\0';
    arrivals_add_address(f.arrivals, &f.backups[0], "192.0.2.99");
    watch(&f, 1);
    add(&f, "192.0.2.99", "id=6");
    add(&f, "192.0.2.7", "S=7 id=7");
    expect(&f, "-:<6> mx1:<6> -:<7> mx1:<7> ");
    expect_sight(&f, 0, "3 -1 192.0.2.7");
    expect_sight(&f, 1, "0 0 ");
    f.heard[0] = '\0';
    arrivals_leave(f.arrivals, &f.backups[0]);
    arrivals_leave(f.arrivals, &f.backups[0]);
    add(&f, "192.0.2.7", "S=7 id=8");
    add(&f, "192.0.2.8", "S=7 id=9");
    expect(&f, "-:<8> -:<9> mx2:<9> ");
    arrivals_leave(f.arrivals, &f.backups[1]);

    /* Nothing is watched: what comes now is not heard of later. */
    f.heard[0] = '\0';
    add(&f, "192.0.2.7", "S=7 id=10");
    watch(&f, 0);
    add(&f, "192.0.2.7", "S=7 id=11");
    expect(&f, "-:<11> mx1:<11> ");
    expect_sight(&f, 0, "1 7 192.0.2.7");
    end(&f);
}

/* What is told or asked of a backup that is not watched changes nothing. */
static void test_not_watched(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    for (int i = 0; i < 2; i++) {
        arrivals_add_address(f.arrivals, &f.backups[1], "192.0.2.8");
        struct arrival_sight sight = arrivals_sight(f.arrivals, &f.backups[1]);
        assert_int_equal(sight.messages, 0);
        assert_int_equal(sight.connections, -1);
        assert_false(sight.sees_log);
        watch(&f, 0);
        arrivals_leave(f.arrivals, &f.backups[0]);
    }
    end(&f);
}

/* What came while the DNS was silent is counted once it has answered; the others are not kept waiting. */
static void test_late(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    watch(&f, SLOW);
    watch(&f, 0);
    add(&f, "198.51.100.2", "S=5 id=1");
    add(&f, "192.0.2.7", "S=6 id=2");
    expect(&f, "-:<1> -:<2> mx1:<2> ");
    expect_sight(&f, SLOW, "0 0 ");
    add(&f, "198.51.100.2", "S=7 id=3");
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (strstr(f.heard, "mx3:<3> ") == NULL && clock_monotonic_ms() < until_ms) {
        loop_turn(f.loop, clock_monotonic_ms() + 100);
        (void)arrivals_sight(f.arrivals, &f.backups[SLOW]);
    }
    expect_sight(&f, SLOW, "2 12 198.51.100.2");
    expect_sight(&f, 0, "1 6 192.0.2.7");
    assert_non_null(strstr(f.heard, "mx3:<1> "));
    end(&f);
}

/* By the address that answered it is known at once, though the DNS is silent. */
static void test_answered(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    watch(&f, SLOW);
    arrivals_add_address(f.arrivals, &f.backups[SLOW], "203.0.113.5");
    add(&f, "203.0.113.5", "S=5 id=1");
    add(&f, "203.0.113.6", "S=5 id=2");
    expect(&f, "-:<1> -:<2> ");
    expect_sight(&f, SLOW, "1 5 203.0.113.5");
    end(&f);
}

/* More messages than are kept for the DNS: those kept are judged without it. */
static void test_too_many(void **state)
{
    struct fixture f;
    struct arrival_sight sight;
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;

    (void)state;
    begin(&f);
    watch(&f, SLOW);
    watch(&f, 0);
    for (int i = 0; i < 3000; i++)
        add(&f, i % 2 == 0 ? "192.0.2.7" : "192.0.2.99", "S=1");
    do {
        loop_turn(f.loop, clock_monotonic_ms() + 100);
        sight = arrivals_sight(f.arrivals, &f.backups[0]);
    } while (sight.messages < 1500 && clock_monotonic_ms() < until_ms);
    assert_int_equal(sight.messages, 1500);
    assert_int_equal(sight.bytes, 1500);
    assert_int_equal(arrivals_sight(f.arrivals, &f.backups[SLOW]).messages, 0);
    end(&f);
}

/* Neither a log nor a place to look for connections; freed while it watches. */
static void test_blind(void **state)
{
    static char off[] = "off", elsewhere[] = "192.0.2.1", text[] = "192.0.2.1:25";
    struct fixture f;
    struct arrivals *arrivals;

    (void)state;
    begin(&f);
    struct config blind = f.config;
    blind.primary.mail_log = off;
    blind.primary.address = (struct address){.text = text, .host = elsewhere, .port = 25};
    arrivals = arrivals_new(&(struct arrivals_options){.config = &blind, .loop = f.loop});
    arrivals_watch(arrivals, &f.backups[0]);
    struct arrival_sight sight = arrivals_sight(arrivals, &f.backups[0]);
    assert_false(sight.sees_log);
    assert_false(sight.sees_connections);
    assert_string_equal(arrivals_means(arrivals)->no_log, "mail_log = off");
    assert_non_null(strstr(arrivals_means(arrivals)->no_connections, "another machine"));
    arrivals_free(arrivals);
    end(&f);
}

static int begin_group(void **state)
{
    dns_server_start(&server, rules);
    return make_directory(state);
}

static int end_group(void **state)
{
    dns_server_end(&server);
    return remove_directory(state);
}

/* sendmail tells of a message before a milter has the last word. */
static void test_refused_after_it_was_told(void **state)
{
#define SENDMAIL "Nov 29 06:59:08 mx1 sm-mta[7]: 6A: "
    struct fixture f;
    struct arrival_sight sight;

    (void)state;
    begin(&f);
    watch(&f, 0);
    add(&f, "192.0.2.7", "S=100 id=1");
    expect(&f, "-:<1> mx1:<1> ");
    for (int i = 0; i < 2; i++) {
        f.heard[0] = '\0';
        add_line(&f, SENDMAIL "from=<a@b>, size=57, class=0, nrcpts=1, msgid=<2@a>, proto=ESMTP, "
                              "daemon=MTA, relay=[192.0.2.7]");
        expect(&f, "-:<2@a> mx1:<2@a> ");
        expect_sight(&f, 0, i == 0 ? "2 157 192.0.2.7" : "1 57 192.0.2.7");
        add_line(&f, SENDMAIL "Milter: data, reject=550 5.7.1 no spam");
        add_line(&f, SENDMAIL "to=<c@d>, delay=00:00:00, pri=30057, stat=no spam");
        expect(&f, "-:<2@a> mx1:<2@a> -:<2@a> mx1:<2@a> ");
        expect_sight(&f, 0, i == 0 ? "1 100 192.0.2.7" : "0 0 192.0.2.7");
        sight = arrivals_sight(f.arrivals, &f.backups[0]);
        assert_string_equal(sight.refusal, "550 5.7.1 no spam");
        watch(&f, 0); /* none came before in the second round */
    }
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose),       cmocka_unit_test(test_refused_after_it_was_told),
        cmocka_unit_test(test_late),        cmocka_unit_test(test_answered),
        cmocka_unit_test(test_too_many),    cmocka_unit_test(test_blind),
        cmocka_unit_test(test_not_watched),
    };

    return unit_status(cmocka_run_group_tests(tests, begin_group, end_group));
}

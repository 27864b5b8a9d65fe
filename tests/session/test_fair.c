/* One domain never decides another's: whatever one of them makes the server do, the others are asked;
 * and nothing waits for what nothing depends on. */
#include "../unit/unit.h"
#include "harness.h"

#include <mxpull/base/compiler.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>

#define MX "server mx 127.0.0.1:0\nreply ETRN \"250 OK\"\n"
#define DROP "reply ETRN drop.example close\n"
#define HANG "reply ETRN hang.example stall\n"
#define BUSY "reply ETRN busy.example \"421 4.3.2 too busy\" close\n"
#define CLOSED "unreachable 0 the backup closed the connection\n"
#define SILENT "timeout 0 no answer in time\n"

struct row {
    const char *name;
    const char *script;
    const char *domains; /* and further options */
    const char *lines;
    size_t connections;
};

static const struct row rows[] = {
    {"two bad ones in the middle", MX DROP HANG,
     "domains = {a.example, drop.example, hang.example, z.example}",
     "mx a.example started 250 OK\nmx drop.example " CLOSED "mx hang.example " SILENT
     "mx z.example started 250 OK\n",
     5},
    {"the first one hangs up", MX DROP, "domains = {drop.example, a.example, b.example}",
     "mx drop.example " CLOSED "mx a.example started 250 OK\nmx b.example started 250 OK\n", 2},
    {"the first one is never answered", MX HANG, "domains = {hang.example, a.example, b.example}",
     "mx hang.example " SILENT "mx a.example started 250 OK\nmx b.example started 250 OK\n", 2},
    {"the first one gets 421", MX BUSY, "domains = {busy.example, a.example, b.example}",
     "mx busy.example deferred 421 4.3.2 too busy\nmx a.example started 250 OK\nmx b.example "
     "started 250 OK\n",
     2},
    {"the last one", MX DROP, "domains = {a.example, drop.example}",
     "mx a.example started 250 OK\nmx drop.example " CLOSED, 2},
    {"one on each connection", MX DROP,
     "domains = {a.example, drop.example, b.example, c.example} etrns_per_connection = 1",
     "mx a.example started 250 OK\nmx drop.example " CLOSED
     "mx b.example started 250 OK\nmx c.example started 250 OK\n",
     5},
    {"two bad ones first end it, and the rest was not asked", MX DROP BUSY,
     "domains = {drop.example, busy.example, a.example}",
     "mx drop.example " CLOSED
     "mx busy.example deferred 421 4.3.2 too busy\nmx a.example deferred 0 "
     "not asked: one connection ended at drop.example (the backup closed the connection), the next "
     "at busy.example (421 4.3.2 too busy)\n",
     2},
    {"all are silent", MX "reply ETRN stall\n", "domains = {a.example, b.example, c.example}",
     "mx a.example " SILENT "mx b.example " SILENT
     "mx c.example deferred 0 not asked: one connection "
     "ended at a.example (no answer in time), the next at b.example (no answer in time)\n",
     2},
    {"the server closes behind each answer", MX "reply ETRN \"250 OK\" close\n",
     "domains = {a.example, b.example, c.example, d.example}",
     "mx a.example started 250 OK\nmx b.example started 250 OK\nmx c.example started 250 OK\nmx "
     "d.example started 250 OK\n",
     0},
    /* Three of them within the bound of a whole poll, on a machine that is busy, too. */
    {"the second ETRN of a connection is never answered", MX "reply ETRN#2+ stall\n",
     "command_timeout = 3s domains = {a.example, b.example, c.example, d.example}",
     "mx a.example started 250 OK\nmx b.example started 250 OK\nmx c.example started 250 OK\nmx "
     "d.example started 250 OK\n",
     4},
    {"the listener goes away", MX "refuse-after 1\nreply ETRN b.example close\n",
     "domains = {a.example, b.example, c.example}", NULL, 1},
    {"500 is the domain's own where ETRN was answered", MX "reply ETRN b.example \"500 what\"\n",
     "domains = {a.example, b.example, c.example}",
     "mx a.example started 250 OK\nmx b.example unsupported 500 what\nmx c.example started 250 "
     "OK\n",
     1},
    {"a 421 behind an answer is nobody's",
     MX "reply ETRN a.example \"250 OK\\r\\n421 enough\" close\n",
     "domains = {a.example, b.example}",
     "mx a.example started 250 OK\nmx b.example started 250 OK\n", 2},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    struct sim *sim = sim_start(row->script);
    char config[500];

    (void)snprintf(config, sizeof config, "backup mx { $mx tls = off %s %s }",
                   strstr(row->script, "stall") == NULL || strstr(row->domains, "command_timeout")
                       ? ""
                       : "command_timeout = 2s",
                   row->domains);
    struct outcome_text outcome = pull(sim, config, NULL, false, false);
    if (row->lines != NULL)
        assert_string_equal(outcome.lines.bytes, row->lines);
    else
        assert_non_null(strstr(outcome.lines.bytes, "mx c.example deferred 0 not asked: one "
                                                    "connection ended at its start ("));
    if (row->connections > 0)
        assert_int_equal(sim_count(sim, " connected "), row->connections);
    outcome_done(&outcome);
    sim_stop(sim);
}

/* ---- QUIT ---- */

/* An answer to QUIT may be waited for for two seconds. Who waits is never done before the time, however often it is tried; who does
 * not may once be late on a busy machine. */
enum {
    ONE_QUIT_MS = 1900,
    FIVE_QUITS_MS = 5 * ONE_QUIT_MS,
    ATTEMPTS = 5
};

/* Forty domains, eight on a connection, of a server that does with QUIT as the script says. Returns how long it took. */
static int64_t quit_forty_once(const char *script, const char *options)
{
    struct buffer config;
    struct sim *sim = sim_start(script);

    buffer_init(&config, 4000);
    (void)buffer_append_format(&config, "backup mx { $mx %s domains = {d0.example", options);
    for (int i = 1; i < 40; i++)
        (void)buffer_append_format(&config, ", d%d.example", i);
    (void)buffer_append_text(&config, "} }");
    int64_t began_ms = clock_monotonic_ms();
    struct outcome_text outcome = pull(sim, config.bytes, NULL, false, false);
    int64_t took_ms = clock_monotonic_ms() - began_ms;
    assert_int_equal(outcome.exit_status, 0);
    assert_true(sim_says(sim, "mx#5 < QUIT"));
    assert_int_equal(sim_count(sim, "< QUIT"), 5);
    assert_int_equal(sim_count(sim, "reset by peer"), 0);
    outcome_done(&outcome);
    buffer_done(&config);
    sim_stop(sim);
    return took_ms;
}

static void quit_forty(const char *script, const char *options)
{
    int attempts = 1;

    while (quit_forty_once(script, options) >= FIVE_QUITS_MS)
        assert_true(++attempts <= ATTEMPTS);
}

static void test_quit_is_not_waited_for(void **state)
{
    (void)state;
    quit_forty(MX "reply QUIT stall\n", "tls = off");
    quit_forty(MX "delay QUIT 5s\n", "tls = off");
    quit_forty(MX "reply QUIT close\n", "tls = off");
}

static void test_quit_over_tls_is_not_waited_for(void **state)
{
    static const char tls[] =
        "tls starttls \"" CERTIFICATES "/good.crt\" \"" CERTIFICATES "/good.key\"\n";
    char script[1000];

    (void)state;
    if (!MXSIM_HAS_TLS)
        skip();
    (void)snprintf(script, sizeof script, MX "%sreply QUIT stall\n", tls);
    quit_forty(script, "tls = required tls_verify = false");
}

/* An ATRN that finds no mail is over with its answer. Returns how long it took. */
static int64_t quit_behind_atrn(void)
{
    struct sim *sim = sim_start(
        "server mx 127.0.0.1:0\nehlo \"250-mx\" \"250-AUTH PLAIN\" \"250 ATRN\"\nauth PLAIN u p\n"
        "reply ATRN \"453 You have no mail\"\nreply QUIT stall\n"
        "sink primary 127.0.0.1:0\n");
    int64_t began_ms = clock_monotonic_ms();
    struct outcome_text outcome = pull(sim,
                                       "primary { address = \"%primary\" }\n"
                                       "backup mx { $mx tls = off method = atrn user = u password "
                                       "= p auth_in_clear = true domains = e.example }",
                                       NULL, false, false);
    int64_t took_ms = clock_monotonic_ms() - began_ms;
    assert_string_equal(outcome.lines.bytes, "mx e.example empty 453 You have no mail\n");
    assert_true(sim_says(sim, "mx#1 < QUIT"));
    outcome_done(&outcome);
    sim_stop(sim);
    return took_ms;
}

static void test_quit_behind_atrn_is_not_waited_for(void **state)
{
    int attempts = 1;

    (void)state;
    while (quit_behind_atrn() >= ONE_QUIT_MS)
        assert_true(++attempts <= ATTEMPTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quit_is_not_waited_for),
        cmocka_unit_test(test_quit_over_tls_is_not_waited_for),
        cmocka_unit_test(test_quit_behind_atrn_is_not_waited_for),
    };

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

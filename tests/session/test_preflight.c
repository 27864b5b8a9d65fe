/* Preflights of primaries that mxsim plays: ready, not ready, and broken in every way. No mail is
 * ever sent. */
#include "../unit/unit.h"
#include "harness.h"

#include <mxpull/platform/clock.h>
#include <mxpull/session/preflight.h>

#include <stdio.h>
#include <support.h>
#include <support_words.h>

enum {
    DOMAINS_MAX = 2000,
    VERDICT_SIZE = 2000,
    PATIENCE_MS = 120000
};

#define SINK "sink primary 127.0.0.1:0\n"
#define PRIMARY "primary { address = \"%primary\" }\n"
#define BACKUP "ehlo_name = host.test backup mx { domains = a.test }\n"
#define PROXIED "primary { address = \"%primary\" proxy_protocol = true }\n"
#define RELAYED                                                                                    \
    "primary { address = \"%primary\" relay_address = \"%other\" proxy_protocol = true }\n"
#define SAME_RELAY                                                                                 \
    "primary { address = \"%primary\" relay_address = \"%primary\" proxy_protocol = true }\n"
#define OTHER "sink other 127.0.0.1:0\n"
#define NINE "a.test b.test c.test d.test e.test f.test g.test h.test i.test"
#define REFUSES "your mail server @ refuses postmaster@"
#define SAYS_NOT "your mail server @ gave no answer for postmaster@"
#define ASKS_NOT "your mail server @ was not asked for postmaster@"
#define AT "your mail server @ is not ready: "
#define PATIENT "primary { address = \"%primary\" greeting_timeout = 1m }\n"
#define IMPATIENT "primary { address = \"%primary\" greeting_timeout = 1s }\n"
#define SILENT "your mail server @ does not answer: "

struct row {
    const char *name;
    const char *script, *config, *domains;
    const char
        *verdict; /* what nothing speaks against, or the reasons, one a line; @: its address */
    const char *in_journal;
    size_t connections;
};

static const struct row rows[] = {
    {"greeting alone", SINK, PRIMARY, "", "ready\n", "primary#1 < QUIT", 1},
    {"ready", SINK, PRIMARY, "b.test a.test", "ready\n", "primary#1 < RSET", 1},
    {"the name that it is told", SINK, PRIMARY, "a.test", "ready\n", "primary#1 < EHLO host.test\n",
     1},
    {"the empty sender", SINK, PRIMARY, "a.test", "ready\n", "primary#1 < MAIL FROM:<>\n", 1},
    {"the postmaster", SINK, PRIMARY, "a.test", "ready\n",
     "primary#1 < RCPT TO:<postmaster@a.test>\n", 1},
    {"suffixes and queues", SINK "  reply RCPT \"550 no\"\n", PRIMARY, "@a.test #b", "ready\n",
     "primary#1 < QUIT", 1},
    {"doubles are asked for once", SINK "  reply RCPT#3+ \"550 again\"\n", PRIMARY,
     "b.test a.test b.test a.test b.test", "ready\n", "primary#1 < QUIT", 1},
    {"HELO", SINK "  reply EHLO \"502 what\"\n", PRIMARY, "a.test", "ready\n",
     "primary#1 < HELO host.test\n", 1},
    {"nobody listens", SINK, "primary { address = \"127.0.0.1:1\" }\n", "a.test",
     SILENT "connection refused\n", NULL, 0},
    {"greeting 554", SINK "  greeting \"554 not today\"\n", PRIMARY, "a.test", AT "554 not today\n",
     "primary#1 < QUIT", 1},
    {"greeting 421", SINK "  greeting \"421 too many\" close\n", PRIMARY, "", AT "421 too many\n",
     NULL, 1},
    {"greeting of several lines", SINK "  greeting \"554-not\" \"554 today\"\n", PRIMARY, "",
     AT "554 not\n", NULL, 1},
    {"garbage", SINK "  greeting \"SSH-2.0-x\"\n", PRIMARY, "",
     AT "not an SMTP reply: \"SSH-2.0-x\"\n", NULL, 1},
    {"endless greeting", SINK "  fault endless \"220-more\"\n", PRIMARY, "",
     AT "a reply of more than 100 lines\n", NULL, 1},
    {"endless line", SINK "  greeting \"220 x\" raw endless\n", PRIMARY, "",
     AT "a reply line of more than 2048 octets\n", NULL, 1},
    {"greeting in parts", SINK "  drip 1 1ms\n", PRIMARY, "a.test", "ready\n", NULL, 1},
    {"a greeting that does not come", SINK "  greeting stall\n", IMPATIENT, "",
     SILENT "connected, but no greeting within 1s\n", NULL, 1},
    {"a greeting that comes late", SINK "  delay greeting 1500ms\n", PATIENT, "a.test", "ready\n",
     NULL, 1},
    {"closed at once", SINK "  greeting close\n", PRIMARY, "",
     SILENT "it closed the connection before a greeting\n", NULL, 1},
    {"more than a greeting", SINK "  greeting \"220 hi\" \"250 ho\"\n", PRIMARY, "",
     AT "an answer to no command of ours\n", NULL, 1},
    {"421 behind the greeting", SINK "  greeting \"220 hi\" \"421 bye\"\n", PRIMARY, "",
     AT "421 bye\n", NULL, 1},
    {"more than a refusing greeting", SINK "  greeting \"554 hi\" \"421 bye\"\n", PRIMARY, "",
     AT "554 hi\n", NULL, 1},
    {"an answer too many", SINK "  reply EHLO \"250 hi\" \"250 ho\"\n", PRIMARY, "a.test",
     AT "an answer to no command of ours\n", NULL, 1},
    {"closed at EHLO", SINK "  reply EHLO close\n", PRIMARY, "a.test",
     AT "it closed the connection\n", NULL, 1},
    {"EHLO and HELO refused", SINK "  reply EHLO \"550 you\"\n  reply HELO \"550 still you\"\n",
     PRIMARY, "a.test", AT "550 still you\n", NULL, 1},
    {"MAIL deferred", SINK "  reply MAIL \"452 4.3.1 Insufficient system storage\"\n", PRIMARY,
     "a.test b.test",
     REFUSES "a.test: 452 4.3.1 Insufficient system storage\n" REFUSES
             "b.test: 452 4.3.1 Insufficient system storage\nall\n",
     NULL, 1},
    {"a domain deferred", SINK "  reply RCPT postmaster@b.test \"450 4.3.0 later\"\n", PRIMARY,
     "c.test b.test a.test b.test",
     REFUSES "b.test: 450 4.3.0 later\n" REFUSES "b.test: 450 4.3.0 later\n", NULL, 1},
    {"all refused", SINK "  reply RCPT \"550 5.1.1 no\"\n", PRIMARY, "a.test @x.test",
     REFUSES "a.test: 550 5.1.1 no\nall\n", NULL, 1},
    {"nine refused", SINK "  reply RCPT \"550 no\"\n  on-connection 2 reply RCPT \"250 yes\"\n",
     PRIMARY, NINE,
     REFUSES "a.test: 550 no\n" REFUSES "b.test: 550 no\n" REFUSES "c.test: 550 no\n" REFUSES
             "d.test: 550 no\n" REFUSES "e.test: 550 no\n" REFUSES "f.test: 550 no\n" REFUSES
             "g.test: 550 no\n" REFUSES "h.test: 550 no\n",
     "primary#1 < QUIT", 2},
    {"no second connection", SINK "  reply RCPT#2+ \"421 enough\" close\n  refuse-after 1\n",
     PRIMARY, "a.test b.test c.test",
     SAYS_NOT "b.test: 421 enough\n" ASKS_NOT
              "c.test: one connection ended at its start (connection "
              "refused), the next at its start (connection refused)\n",
     NULL, 1},
    {"it closes at a domain", SINK "  reply RCPT postmaster@b.test close\n", PRIMARY,
     "a.test b.test c.test", SAYS_NOT "b.test: it closed the connection\n", NULL, 3},
    {"it closes at the first domain", SINK "  reply RCPT postmaster@a.test close\n", PRIMARY,
     "a.test b.test c.test", SAYS_NOT "a.test: it closed the connection\n", NULL, 2},
    {"421 to the first domain", SINK "  reply RCPT postmaster@a.test \"421 4.3.0 oops\" close\n",
     PRIMARY, "a.test b.test", SAYS_NOT "a.test: 421 4.3.0 oops\n", NULL, 2},
    {"it closes at each domain", SINK "  reply RCPT close\n", PRIMARY, "a.test b.test c.test",
     AT "one connection ended at postmaster@a.test (it closed the connection), the next at "
        "postmaster@b.test (it closed the connection)\n",
     NULL, 2},
    {"cut off", SINK "  reply RCPT#3+ \"421 too many errors\" close\n", PRIMARY, NINE, "ready\n",
     NULL, 5},
    {"cut off behind a refusal, in one go",
     SINK "  reply RCPT \"550 no\"\n  reply RCPT#2 \"550 no\" \"421 bye\" close\n", PRIMARY,
     "a.test b.test c.test",
     REFUSES "a.test: 550 no\n" REFUSES "b.test: 550 no\n" REFUSES "c.test: 550 no\nall\n", NULL,
     2},
    {"too many recipients", SINK "  reply RCPT#3 \"452 4.5.3 too many recipients\"\n", PRIMARY,
     NINE, "ready\n", NULL, 1},
    {"QUIT is not waited for", SINK "  reply QUIT stall\n", PRIMARY, "a.test", "ready\n", NULL, 1},
    {"nor between connections",
     SINK "  reply QUIT stall\n  reply RCPT#2 \"250 ok\" close\n  reply MAIL#2 \"450 no\"\n",
     PRIMARY, "a.test b.test c.test", "ready\n", NULL, 2},
    {"a PROXY line", SINK "  proxied\n", PROXIED, "a.test", "ready\n",
     "primary#1 < PROXY TCP4 127.0.0.1 127.0.0.1 ", 1},
    {"a PROXY line on every connection", SINK "  proxied\n  reply RCPT#2 \"250 ok\" close\n",
     PROXIED, NINE, "ready\n", "primary#5 < PROXY TCP4 127.0.0.1 127.0.0.1 ", 5},
    {"relay_address is the same", SINK "  proxied\n", SAME_RELAY, "a.test", "ready\n",
     "primary#1 < PROXY TCP4 127.0.0.1 127.0.0.1 ", 1},
    {"a PROXY line only where mail goes", SINK OTHER "  proxied\n", RELAYED, "a.test", "ready\n",
     NULL, 1},
};

/* ---- running one ---- */

static int64_t limit_ms = PREFLIGHT_LIMIT_MS; /* of the next one */

static size_t parse_domains(struct node *nodes, const char *text)
{
    size_t count = 0;

    while (*text != '\0') {
        char name[64];
        struct error error;
        size_t size = strcspn(text, " ");

        (void)snprintf(name, sizeof name, "%.*s", (int)size, text);
        assert_int_equal(node_parse(&nodes[count++], name, &error), STATUS_OK);
        text += size;
        text += strspn(text, " ");
    }
    return count;
}

struct run {
    struct loop *loop;
    struct config *config;
    struct preflight *preflight;
    const struct node *domains;
    size_t count;
};

static struct run begin(struct sim *sim, const char *text, const struct node *domains, size_t count)
{
    char whole[1000];
    struct error error;
    struct run run = {.domains = domains, .count = count};
    struct node *lent = malloc((count + 1) * sizeof *lent); /* gone as soon as it was copied */

    assert_non_null(lent);
    for (size_t i = 0; i < count; i++)
        lent[i] = domains[i];
    (void)snprintf(whole, sizeof whole, "%s" BACKUP, text);
    run.config = sim_config(sim, whole);
    run.loop = loop_new(&error);
    assert_non_null(run.loop);
    run.preflight = preflight_new(&(struct preflight_options){.loop = run.loop,
                                                              .config = run.config,
                                                              .domains = lent,
                                                              .count = count,
                                                              .limit_ms = limit_ms});
    free(lent);
    return run;
}

static void wait_ms(const struct run *run, int64_t ms)
{
    int64_t until_ms = clock_monotonic_ms() + ms;

    while (!run->preflight->is_over && clock_monotonic_ms() < until_ms)
        loop_turn(run->loop, until_ms);
}

static void finish(struct run *run)
{
    wait_ms(run, PATIENCE_MS);
    assert_true(run->preflight->is_over);
}

static void run_done(struct run *run)
{
    preflight_free(run->preflight);
    loop_free(run->loop);
    config_free(run->config);
}

/* A reason with the address of our own mail server as @. */
static void put_reason(struct buffer *verdict, const char *reason, const char *address)
{
    const char *at = strstr(reason, address);

    if (at != NULL)
        (void)buffer_append_format(verdict, "%.*s@%s\n", (int)(at - reason), reason,
                                   at + strlen(address));
    else
        (void)buffer_append_format(verdict, "%s\n", reason);
}

static void describe(const struct run *run, struct buffer *verdict)
{
    const char *address = run->config->primary.address.text;
    const char *why = run->preflight->why;

    if (why != NULL) {
        put_reason(verdict, why, address);
        assert_null(preflight_refusal_of_all(run->preflight));
    }
    for (size_t i = 0; i < run->count; i++) {
        const char *refusal = preflight_refusal(run->preflight, &run->domains[i]);

        if (why != NULL)
            assert_string_equal(refusal, why);
        else if (refusal != NULL)
            put_reason(verdict, refusal, address);
    }
    if (preflight_refusal_of_all(run->preflight) != NULL)
        (void)buffer_append_text(verdict, "all\n");
    if (verdict->size == 0)
        (void)buffer_append_text(verdict, "ready\n");
}

static void check_no_mail(struct sim *sim)
{
    assert_int_equal(sim_count(sim, " < DATA"), 0);
    assert_int_equal(sim_count(sim, " < BDAT"), 0);
    assert_int_equal(sim_count(sim, " kept "), 0);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct node domains[64];
    struct buffer verdict;
    size_t count = parse_domains(domains, row->domains);
    struct sim *sim = sim_start(row->script);
    struct run run = begin(sim, row->config, domains, count);

    buffer_init(&verdict, VERDICT_SIZE);
    finish(&run);
    describe(&run, &verdict);
    run_done(&run);
    if (strcmp(verdict.bytes, row->verdict) != 0)
        fail_msg("%s\ninstead of %s\n%s", verdict.bytes, row->verdict, sim_journal(sim));
    if (row->in_journal != NULL && !sim_says(sim, row->in_journal))
        fail_msg("no \"%s\" in\n%s", row->in_journal, sim_journal(sim));
    assert_int_equal(sim_count(sim, " connected "), row->connections);
    check_no_mail(sim);
    buffer_done(&verdict);
    sim_stop(sim);
}

/* A 421 that nobody asked for, behind a reply and in any two parts: it says the same. */
static void take_in_parts(const char *reply, const char *domains, const char *expected)
{
    struct node nodes[8];
    size_t count = parse_domains(nodes, domains);

    for (int part = 1; part <= 24; part++) {
        char script[200];
        struct buffer verdict;

        (void)snprintf(script, sizeof script, SINK "  drip %d 5ms\n  %s\n", part, reply);
        struct sim *sim = sim_start(script);
        struct run run = begin(sim, PRIMARY, nodes, count);

        buffer_init(&verdict, VERDICT_SIZE);
        finish(&run);
        describe(&run, &verdict);
        run_done(&run);
        if (strcmp(verdict.bytes, expected) != 0)
            fail_msg("in parts of %d: %s", part, verdict.bytes);
        buffer_done(&verdict);
        sim_stop(sim);
    }
}

static void test_surplus_in_parts(void **state)
{
    (void)state;
    take_in_parts("greeting \"220 hi\" \"421 bye\"", "a.test", AT "421 bye\n");
    take_in_parts("reply RCPT \"250 ok\" \"421 bye\" close", "a.test b.test", "ready\n");
}

/* ---- broken everywhere ---- */

/* A first connection that is broken: the server is not ready if no domain was asked for by then, else
 * all is found out on the next ones. */
static void break_at(const char *what, int number, const char *how)
{
    char script[200];
    struct node domains[3];
    size_t count = parse_domains(domains, "a.test b.test c.test");

    (void)snprintf(script, sizeof script, SINK "  on-connection 1 fault %s %d %s\n", what, number,
                   how);
    struct sim *sim = sim_start(script);
    struct run run = begin(sim, PRIMARY, domains, count);
    finish(&run);
    size_t connections = sim_count(sim, " connected ");
    if (run.preflight->why != NULL) {
        assert_int_equal(connections, 1);
        assert_int_equal(sim_count(sim, "#1 < RCPT TO:<postmaster@b"), 0);
    } else {
        for (size_t i = 0; i < count; i++)
            assert_null(preflight_refusal(run.preflight, &domains[i]));
        assert_true(connections <= 3);
    }
    run_done(&run);
    check_no_mail(sim);
    sim_stop(sim);
}

static void test_broken_after_each_byte(void **state)
{
    (void)state;
    for (int bytes = 0; bytes < 260; bytes++)
        break_at("after-bytes", bytes, bytes % 2 == 0 ? "close" : "reset");
}

static void test_broken_after_each_command(void **state)
{
    (void)state;
    for (int commands = 1; commands <= 7; commands++) {
        break_at("after-commands", commands, "close");
        break_at("after-commands", commands, "reset");
    }
}

/* ---- freed while it waits ---- */

static void free_early(const char *script, const char *last_said)
{
    struct node domains[2];
    size_t count = parse_domains(domains, "a.test b.test");
    struct sim *sim = sim_start(script);
    struct run run = begin(sim, PRIMARY, domains, count);

    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (strstr(sim_journal(sim), last_said) == NULL && clock_monotonic_ms() < until_ms)
        wait_ms(&run, 20);
    wait_ms(&run, 100);
    assert_false(run.preflight->is_over);
    assert_true(sim_says(sim, last_said));
    run_done(&run);
    assert_true(sim_says(sim, "#1 closed by peer"));
    sim_stop(sim);
}

static void test_freed_at_every_step(void **state)
{
    (void)state;
    free_early(SINK "  greeting stall\n", "#1 connected");
    free_early(SINK "  greeting \"220 half\" stall-after 5\n", "#1 connected");
    free_early(SINK "  reply EHLO stall\n", "#1 < EHLO");
    free_early(SINK "  reply MAIL stall\n", "#1 < MAIL");
    free_early(SINK "  reply RCPT#2 stall\n", "#1 < RCPT TO:<postmaster@b");
    free_early(SINK "  reply RSET stall\n", "#1 < RSET");
}

static void test_freed_at_once(void **state)
{
    struct sim *sim = sim_start(SINK);
    struct run run = begin(sim, PRIMARY, NULL, 0);

    (void)state;
    run_done(&run);
    preflight_free(NULL);
    sim_stop(sim);
}

/* ---- other places ---- */

static void test_unix_socket(void **state)
{
    char folder[SUPPORT_PATH_SIZE], script[1000], config[1000];
    struct node domains[1];
    size_t count = parse_domains(domains, "a.test");

    (void)state;
    if (!HAS_UNIX_SOCKETS)
        skip();
    support_make_directory(folder);
    (void)snprintf(script, sizeof script, "sink primary unix:%s/preflight.sock\n  proxied\n",
                   folder);
    (void)snprintf(config, sizeof config,
                   "primary { address = \"unix:%s/preflight.sock\" proxy_protocol = true }\n",
                   folder);
    struct sim *sim = sim_start(script);
    struct run run = begin(sim, config, domains, count);
    finish(&run);
    assert_null(run.preflight->why);
    assert_null(preflight_refusal(run.preflight, &domains[0]));
    assert_true(sim_says(sim, "primary#1 < PROXY UNKNOWN"));
    assert_true(sim_says(sim, "primary#1 < QUIT"));
    run_done(&run);
    sim_stop(sim);
    (void)support_remove_directory(folder);
}

/* ---- the limit of the whole ---- */

static void assert_verdict(const struct run *run, const char *expected)
{
    struct buffer verdict;

    buffer_init(&verdict, VERDICT_SIZE);
    describe(run, &verdict);
    assert_string_equal(verdict.bytes, expected);
    buffer_done(&verdict);
}

/* What is not told of by then is left out; and nothing comes after it. */
static void take_too_long(const char *script, const char *expected)
{
    struct node domains[3];
    size_t count = parse_domains(domains, "a.test b.test c.test");
    struct sim *sim = sim_start(script);

    limit_ms = 3000;
    struct run run = begin(sim, PRIMARY, domains, count);
    limit_ms = PREFLIGHT_LIMIT_MS;
    finish(&run);
    assert_verdict(&run, expected);
    run_done(&run);
    assert_int_equal(sim_count(sim, " connected "), 1);
    sim_stop(sim);
}

static void test_limit(void **state)
{
    (void)state;
    take_too_long(SINK "  greeting stall\n", SILENT "it takes too long to tell\n");
    take_too_long(SINK "  reply RCPT stall\n", AT "it takes too long to tell\n");
    take_too_long(SINK "  reply RCPT#2 stall\n",
                  SAYS_NOT "b.test: it takes too long to tell\n" ASKS_NOT
                           "c.test: it takes too long to tell\n");
}

/* ---- another server, and another way ---- */

static size_t overs;
static char wire_seen[4000];

static void over(void *context)
{
    (void)context;
    overs++;
}

static void note_wire(void *context, char direction, const char *line, size_t size)
{
    size_t used = strlen(wire_seen);

    (void)context;
    (void)snprintf(wire_seen + used, sizeof wire_seen - used, "%c %.*s\n", direction, (int)size,
                   line);
}

/* Looks at the server `other`, by a connection of this kind, until it is over. */
static struct run look_at_other(struct sim *sim, struct connection_options way,
                                const char *proxy_line, const char *domains)
{
    static struct node nodes[10];
    struct error error;
    struct run run = {.domains = nodes, .count = parse_domains(nodes, domains)};
    struct config *found = sim_config(
        sim, "backup mx { $other domains = a.test } primary { address = \"127.0.0.1:1\" }");

    run.config = found;
    run.loop = loop_new(&error);
    way.host = found->backups->host;
    way.port = found->backups->port;
    way.ehlo_name = "host.test";
    overs = 0;
    wire_seen[0] = '\0';
    run.preflight = preflight_new(&(struct preflight_options){.loop = run.loop,
                                                              .config = found,
                                                              .domains = nodes,
                                                              .count = run.count,
                                                              .connection = &way,
                                                              .proxy_line = proxy_line,
                                                              .over = over,
                                                              .wire = note_wire});
    finish(&run);
    assert_int_equal(overs, 1);
    return run;
}

static void test_session(void **state)
{
    struct sim *sim = sim_start(OTHER "  greeting \"220 other ESMTP\"\n"
                                      "  ehlo \"250-other\" \"250-STARTTLS\" \"250 ETRN\"\n"
                                      "  reply STARTTLS \"454 not now\"\n"
                                      "  reply RCPT postmaster@b.test \"550 5.7.1 no\"\n");
    struct run run =
        look_at_other(sim, (struct connection_options){.tls = TLS_MAY}, NULL, "a.test b.test");

    (void)state;
    assert_null(probe_why(run.preflight->probe));
    assert_int_equal(probe_fate(run.preflight->probe, 0), PROBE_ACCEPTED);
    assert_string_equal(probe_refusal(run.preflight->probe, 1), "550 5.7.1 no");
    assert_string_equal(run.preflight->greeting, "220 other ESMTP");
    assert_true(run.preflight->ehlo.etrn && run.preflight->ehlo.starttls);
    assert_non_null(strstr(wire_seen, "> RCPT TO:<postmaster@b.test>\n< 550 5.7.1 no\n"));
    run_done(&run);
    assert_int_equal(sim_count(sim, "< EHLO host.test"), 1);
    assert_true(sim_says(sim, "< QUIT"));
    check_no_mail(sim);
    sim_stop(sim);
}

static void test_session_refused(void **state)
{
    static const struct {
        const char *script, *why;
    } cases[] = {{OTHER "  greeting \"554 go away\"\n", "554 go away"},
                 {OTHER "  greeting \"421 later\" close\n", "421 later"},
                 {OTHER "  reply EHLO \"550 no\"\n  reply HELO \"550 no\"\n", "550 no"},
                 {OTHER "  reply RCPT close\n", NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim *sim = sim_start(cases[i].script);
        struct run run =
            look_at_other(sim, (struct connection_options){.tls = TLS_OFF}, NULL, "a.test");

        if (cases[i].why == NULL)
            assert_int_equal(probe_fate(run.preflight->probe, 0), PROBE_CUT);
        else
            assert_string_equal(probe_why(run.preflight->probe), cases[i].why);
        run_done(&run);
        check_no_mail(sim);
        sim_stop(sim);
    }
}

/* Our own mail server as it is seen by others. */
static void test_proxy_line(void **state)
{
    struct sim *sim =
        sim_start(OTHER "  proxied\n  greeting \"220-other\" \"220 ESMTP\"\n"
                        "  ehlo \"250-other ETRN\" \"250-starttls\" \"250 PIPELINING\"\n");
    struct run run = look_at_other(sim, (struct connection_options){.is_bare = true},
                                   "PROXY TCP4 192.0.2.7 127.0.0.1 25 25\r\n", "a.test");

    (void)state;
    assert_null(run.preflight->why);
    assert_string_equal(run.preflight->greeting, "220 other");
    assert_true(run.preflight->ehlo.starttls);
    assert_false(run.preflight->ehlo.etrn);
    run_done(&run);
    assert_int_equal(sim_count(sim, "PROXY TCP4 192.0.2.7 127.0.0.1 25 25"), 1);
    check_no_mail(sim);
    sim_stop(sim);
}

/* ---- thousands ---- */

static void test_thousands(void **state)
{
    static struct node domains[DOMAINS_MAX];
    struct node other;
    struct error error;
    size_t refused = 0;

    (void)state;
    for (size_t i = 0; i < DOMAINS_MAX; i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "d%zu.test", i * 7 % DOMAINS_MAX);
        assert_int_equal(node_parse(&domains[i], name, &error), STATUS_OK);
    }
    struct sim *sim = sim_start(SINK "  reply RCPT \"550 no\"\n"
                                     "  reply RCPT postmaster@d1234.test \"250 yes\"\n"
                                     "  reply RCPT#21+ \"421 too many errors\" close\n");
    struct run run = begin(sim, PRIMARY, domains, DOMAINS_MAX);
    finish(&run);
    assert_null(run.preflight->why);
    for (size_t i = 0; i < DOMAINS_MAX; i++) {
        const char *refusal = preflight_refusal(run.preflight, &domains[i]);

        assert_true((refusal == NULL) == (strcmp(domains[i].name, "d1234.test") == 0));
        refused += refusal != NULL ? 1 : 0;
    }
    assert_int_equal(refused, DOMAINS_MAX - 1);
    assert_null(preflight_refusal_of_all(run.preflight));
    assert_int_equal(node_parse(&other, "not.asked.test", &error), STATUS_OK);
    assert_null(preflight_refusal(run.preflight, &other));
    run_done(&run);
    assert_int_equal(sim_count(sim, " connected "), DOMAINS_MAX / 8);
    assert_int_equal(sim_count(sim, " > 421 "), 0);
    check_no_mail(sim);
    sim_stop(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken_after_each_byte),
        cmocka_unit_test(test_broken_after_each_command),
        cmocka_unit_test(test_freed_at_every_step),
        cmocka_unit_test(test_freed_at_once),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_surplus_in_parts),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_session_refused),
        cmocka_unit_test(test_proxy_line),
        cmocka_unit_test(test_thousands),
    };

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

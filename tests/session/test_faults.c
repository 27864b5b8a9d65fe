/* Hostile and broken servers: every session ends, in bounded time, with the right outcome, and no
 * other backup is kept from its answer. The server "ok" of each row stands for all the others. */
#include "../unit/unit.h"
#include "harness.h"

#include <mxpull/base/compiler.h>

#include <stdio.h>
#include <support.h>

#define BAD "server bad 127.0.0.1:0\nreply ETRN \"250 OK\"\n"
#define OK "\nserver ok 127.0.0.1:0\nreply ETRN \"250 OK\"\n"

struct row {
    const char *name;
    const char *script; /* of the bad server */
    const char *outcome;
    int exit_status;
};

static const struct row rows[] = {
    {"endless greeting", "fault endless \"220-hello\\r\\n\"\n", "protocol", 76},
    {"endless rubbish for a greeting", "fault endless \"rubbish\\r\\n\"\n", "protocol", 76},
    {"greeting without a line end",
     "fault endless \"220 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n", NULL, -1},
    {"endless EHLO reply", "fault endless-ehlo \"250-x\\r\\n\"\n", "protocol", 76},
    {"silent from the start", "greeting stall\n", "timeout", 75},
    {"silent at EHLO", "reply EHLO stall\n", "timeout", 75},
    {"silent at ETRN", "reply ETRN stall\n", "timeout", 75},
    {"half a reply, then silence", "reply ETRN \"250-a\\r\\n250\" raw stall\n", "timeout", 75},
    {"half a reply, then the close", "reply ETRN \"250-a\\r\\n250\" raw close\n", "unreachable",
     75},
    {"the close before a greeting", "greeting close\n", "unreachable", 75},
    {"reset at ETRN", "reply ETRN reset\n", "unreachable", 75},
    {"a greeting of one byte a second", "drip 1 1s\n", "timeout", 75},
    {"mixed codes", "reply ETRN \"250-a\" \"459 b\"\n", "protocol", 76},
    {"NUL in a reply", "reply ETRN \"250 a\\0b\"\n", "protocol", 76},
    {"no reply at all", "reply ETRN \"hello\"\n", "protocol", 76},
    {"an HTTP server", "reply EHLO \"HTTP/1.1 400 Bad Request\" close\n", NULL, -1},
    {"QUIT is not answered", "reply QUIT stall\n", "started", 0},
    {"two answers for one ETRN", "reply ETRN \"250 one\\r\\n250 two\"\n", "started", 0},
    {"421 behind the answer", "reply ETRN \"250 one\\r\\n421 enough\" close\n", "started", 0},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    bool is_slow = row->outcome != NULL && strcmp(row->outcome, "timeout") == 0;
    char script[4000], config[200];

    (void)snprintf(script, sizeof script, BAD "%s" OK, row->script);
    (void)snprintf(
        config, sizeof config,
        "backup bad { $bad domains = e.example command_timeout = %s connect_timeout = %s "
        "}\nbackup ok { $ok domains = e.example }",
        is_slow ? "2s" : "30s", is_slow ? "2s" : "30s");
    struct sim *sim = sim_start(script);
    struct outcome_text outcome = pull(sim, config, NULL, false, false);
    assert_non_null(strstr(outcome.lines.bytes, "\nok e.example started 250 OK\n"));
    if (row->outcome != NULL) {
        char expected[64];

        (void)snprintf(expected, sizeof expected, "bad e.example %s ", row->outcome);
        if (strncmp(outcome.lines.bytes, expected, strlen(expected)) != 0)
            fail_msg("expected \"%s\", got \"%s\"", expected, outcome.lines.bytes);
        assert_int_equal(outcome.exit_status, row->exit_status);
    } else {
        assert_true(outcome.exit_status > 0);
    }
    outcome_done(&outcome);
    sim_stop(sim);
}

/* A reply of this many octets or lines. */
static void try_large_reply(size_t line_size, size_t lines, const char *outcome_name)
{
    enum {
        REPLY_MAX = 300 * 1024
    };
    char *script = malloc(REPLY_MAX + 1000);
    char expected[64];

    assert_non_null(script);
    size_t used = (size_t)sprintf(script, BAD "reply ETRN \"");
    for (size_t line = 1; line <= lines; line++) {
        used += (size_t)sprintf(script + used, "250%c", line < lines ? '-' : ' ');
        memset(script + used, 'x', line_size);
        used += line_size;
        used += (size_t)sprintf(script + used, "\\r\\n");
        assert_true(used < REPLY_MAX);
    }
    (void)sprintf(script + used, "\" raw\n");
    struct sim *sim = sim_start(script);
    struct outcome_text outcome =
        pull(sim, "backup bad { $bad domains = e.example }", NULL, false, false);
    (void)snprintf(expected, sizeof expected, "bad e.example %s ", outcome_name);
    if (strncmp(outcome.lines.bytes, expected, strlen(expected)) != 0)
        fail_msg("%zu lines of %zu: expected \"%s\", got \"%.200s\"", lines, line_size, expected,
                 outcome.lines.bytes);
    outcome_done(&outcome);
    sim_stop(sim);
    free(script);
}

static void test_large_replies(void **state)
{
    (void)state;
    try_large_reply(508, 1, "started");
    try_large_reply(2000, 1, "started");
    try_large_reply(200 * 1024, 1, "protocol");
    try_large_reply(10, 100, "started");
    try_large_reply(10, 101, "protocol");
    try_large_reply(1, 10000, "protocol");
}

/* A session of four ETRNs cut after each byte that the server sends: the cut backup's domains are
 * answered on other connections as far as these bring anything, the rest is unreachable; the other
 * backup is always asked; it always ends. */
static void cut_everywhere(const char *how)
{
    enum {
        BYTES_MAX = 160
    };

    for (int bytes = 0; bytes < BYTES_MAX; bytes++) {
        char script[500];

        (void)snprintf(script, sizeof script, BAD "fault after-bytes %d %s\n" OK, bytes, how);
        struct sim *sim = sim_start(script);
        struct outcome_text outcome = pull(
            sim,
            "backup bad { $bad tls = off domains = {a.example, b.example, c.example, d.example} }\n"
            "backup ok { $ok domains = {a.example, b.example} }",
            NULL, false, false);
        assert_non_null(strstr(outcome.lines.bytes,
                               "ok a.example started 250 OK\nok b.example started 250 OK\n"));
        assert_int_equal(outcome.answered, 6);
        if (sim_count(sim, "bad#1 < ETRN b.example") > 0)
            assert_non_null(strstr(outcome.lines.bytes, "bad a.example started 250 OK\n"));
        assert_true(outcome.exit_status == 0 || outcome.exit_status == 75);
        assert_true(sim_count(sim, "bad#") > 0);
        assert_int_equal(sim_count(sim, "bad#6 "), 0);
        outcome_done(&outcome);
        sim_stop(sim);
    }
}

static void test_cut_after_each_byte(void **state)
{
    (void)state;
    cut_everywhere("close");
}

static void test_reset_after_each_byte(void **state)
{
    (void)state;
    cut_everywhere("reset");
}

static void test_connection_cut_in_the_list(void **state)
{
    struct sim *sim = sim_start(BAD "on-connection 1 fault after-commands 3 close\n");
    struct outcome_text outcome = pull(
        sim, "backup bad { $bad tls = off domains = {a.example, b.example, c.example, d.example} }",
        NULL, false, false);

    (void)state;
    assert_string_equal(
        outcome.lines.bytes,
        "bad a.example started 250 OK\nbad b.example started 250 OK\nbad c.example started 250 "
        "OK\nbad d.example started 250 OK\n");
    outcome_done(&outcome);
    sim_stop(sim);
}

/* A host that takes no connection and refuses none: its queue of connections is full. */
static void test_black_hole(void **state)
{
    int port;
    intptr_t listener = support_listen(&port, 0), fillers[3];
    char config[500];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(fillers); i++)
        fillers[i] = support_begin_connect(port);
    struct sim *sim = sim_start("server ok 127.0.0.1:0\nreply ETRN \"250 OK\"");
    (void)snprintf(config, sizeof config,
                   "backup hole { host = 127.0.0.1 port = %d domains = e.example connect_timeout = "
                   "1s }\nbackup ok { $ok domains = e.example }",
                   port);
    struct outcome_text outcome = pull(sim, config, NULL, false, false);
    char expected[200];
    (void)snprintf(expected, sizeof expected,
                   "hole e.example timeout 0 no connection to 127.0.0.1:%d within 1s\n"
                   "ok e.example started 250 OK\n",
                   port);
    assert_string_equal(outcome.lines.bytes, expected);
    assert_string_equal(outcome.addresses.bytes, "127.0.0.1\n127.0.0.1\n");
    outcome_done(&outcome);
    sim_stop(sim);
    for (size_t i = 0; i < COUNT_OF(fillers); i++)
        support_close(fillers[i]);
    support_close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_replies),
        cmocka_unit_test(test_black_hole),
        cmocka_unit_test(test_cut_after_each_byte),
        cmocka_unit_test(test_reset_after_each_byte),
        cmocka_unit_test(test_connection_cut_in_the_list),
    };

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

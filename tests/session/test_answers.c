/* What a backup answers, and what a round makes of it. Each row is a scripted server, a
 * configuration, and the results. */
#include "../unit/unit.h"
#include "harness.h"

#include <support_words.h>

struct row {
    const char *name;
    const char *script;
    const char *config;
    const char *names; /* one name for the command line, or NULL */
    const char *lines;
    int exit_status;
};

#define SERVER(name) "server " name " 127.0.0.1:0\n"
#define MX SERVER("mx") "reply ETRN \"250 OK\"\n"
#define MY SERVER("my") "reply ETRN \"250 OK\"\n"
#define ABC "domains = {a.example, b.example, c.example} }"

static const struct row rows[] = {
    {"all started", MX, "backup mx { $mx tls = off " ABC, NULL,
     "mx a.example started 250 OK\nmx b.example started 250 OK\nmx c.example started 250 OK\n", 0},
    {"the forms of a node",
     MX "reply ETRN \"@a.example\" \"252 x\"\nreply ETRN \"#Q1\" \"251 y\"\n",
     "backup mx { $mx domains = {\"@A.example\", \"#Q1\", \"b\xc3\xbc"
     "cher.example\"} }",
     NULL,
     "mx @A.example pending 252 x\nmx #Q1 empty 251 y\nmx b\xc3\xbc"
     "cher.example started 250 OK\n",
     0},
    {"an answer decides no other",
     MX "reply ETRN a.example \"459 4.7.1 not you\"\nreply ETRN b.example \"458 later\"\nreply "
        "ETRN c.example \"253 OK, 5 "
        "pending messages for node c.example started\"\n",
     "backup mx { $mx " ABC, NULL,
     "mx a.example denied 459 4.7.1 not you\nmx b.example deferred 458 later\nmx c.example pending "
     "253 OK, 5 pending messages "
     "for node c.example started\n",
     77},
    {"500 stops the host, and not the other host", MX "reply ETRN a.example \"500 what\"\n" MY,
     "backup mx { $mx " ABC "\nbackup my { $my " ABC, NULL,
     "mx a.example unsupported 500 what\nmx b.example unsupported 0 not asked, for ETRN was "
     "answered by 500 before\nmx "
     "c.example unsupported 0 not asked, for ETRN was answered by 500 before\nmy a.example started "
     "250 OK\nmy b.example "
     "started 250 OK\nmy c.example started 250 OK\n",
     69},
    {"more lines, escapes, 8-bit and a bare code",
     MX "reply ETRN a.example \"250-one\" \"250 \\x1b[2Jtwo\"\nreply ETRN b.example \"250 "
        "gr\\xfc\"\nreply ETRN c.example \"250\"\n",
     "backup mx { $mx " ABC, NULL,
     "mx a.example started 250 one\\n\\x1b[2Jtwo\nmx b.example started 250 gr\\xfc\nmx c.example "
     "started 250 \n",
     0},
    {"bare LF", MX "reply ETRN \"250 OK\\n\" raw\n", "backup mx { $mx domains = a.example }", NULL,
     "mx a.example started 250 OK\n", 0},
    {"ETRN is not offered", MX "ehlo \"250-mx\" \"250 SIZE\"\n",
     "backup mx { $mx domains = a.example }", NULL,
     "mx a.example unsupported 0 EHLO does not offer ETRN\n", 69},
    {"ETRN is hidden and forced", MX "ehlo \"250-mx\" \"250 SIZE\"\n",
     "backup mx { $mx domains = a.example force = true }", NULL, "mx a.example started 250 OK\n",
     0},
    {"EHLO is refused, HELO is not", MX "reply EHLO \"502 no\"\n",
     "backup mx { $mx tls = off domains = a.example force = true }", NULL,
     "mx a.example started 250 OK\n", 0},
    {"EHLO is refused, and ETRN not offered by it", MX "reply EHLO \"502 no\"\n",
     "backup mx { $mx domains = a.example }", NULL,
     "mx a.example unsupported 0 EHLO was refused: 502 no\n", 69},
    {"EHLO is refused for now", MX "reply EHLO \"451-no\" \"451 later\"\n",
     "backup mx { $mx domains = a.example }", NULL,
     "mx a.example deferred 0 EHLO was refused: 451 later\n", 75},
    {"EHLO's name is refused", MX "reply EHLO \"504 name\"\n",
     "backup mx { $mx domains = a.example }", NULL,
     "mx a.example denied 0 EHLO was refused: 504 name\n", 77},
    {"EHLO and HELO are refused by 502", MX "reply EHLO \"500 no\"\nreply HELO \"502 no\"\n",
     "backup mx { $mx domains = a.example }", NULL, "mx a.example protocol 502 no\n", 76},
    {"EHLO and HELO are refused by 554", MX "reply EHLO \"502 no\"\nreply HELO \"554\"\n",
     "backup mx { $mx domains = a.example }", NULL, "mx a.example denied 554 \n", 77},
    {"503 to ETRN, AUTH left out", MX "reply ETRN \"503 what\"\nauth PLAIN u p\n",
     "backup mx { $mx domains = a.example }", NULL, "mx a.example authentication 503 what\n", 77},
    {"503 to ETRN, nothing left out", MX "reply ETRN \"503 what\"\n",
     "backup mx { $mx domains = a.example }", NULL, "mx a.example denied 503 what\n", 77},
    {"530 to ETRN after AUTH in clear", MX "reply ETRN \"530 Must issue\"\nauth PLAIN u p\n",
     "backup mx { $mx domains = a.example user = u password = p auth_in_clear = true tls = off }",
     NULL, "mx a.example tls 530 Must issue\n", 76},
    {"greeting 554", MX "greeting \"554 5.7.1 not for you\"\n",
     "backup mx { $mx domains = a.example }", NULL, "mx a.example denied 554 5.7.1 not for you\n",
     77},
    {"greeting 421", MX "greeting \"421 busy\"\n", "backup mx { $mx domains = a.example }", NULL,
     "mx a.example deferred 421 busy\n", 75},
    {"greeting of another protocol", MX "greeting \"SSH-2.0-OpenSSH_9.2\"\n",
     "backup mx { $mx domains = a.example command_timeout = 4s }", NULL, NULL, 76},
    {"EHLO is refused by 554 and the close", MX "reply EHLO \"554 denied\" close\n",
     "backup mx { $mx domains = a.example }", NULL, "mx a.example denied 554 denied\n", 77},
    {"EHLO gets 421 and the close", MX "reply EHLO \"421 busy\" close\n",
     "backup mx { $mx domains = a.example }", NULL, "mx a.example deferred 421 busy\n", 75},
    {"EHLO of mixed codes", MX "ehlo \"250-mx\" \"550-no\" \"250 ETRN\"\n",
     "backup mx { $mx domains = a.example }", NULL, NULL, 76},
    {"greeting 235 authenticates nobody",
     MX "auth PLAIN u p\nehlo \"250-mx\" \"250 ETRN\"\ngreeting \"220-a\" \"220 b\"\n",
     "backup mx { $mx domains = a.example user = u password = p auth_in_clear = true }", NULL, NULL,
     77},
    {"a mechanism that nobody knows", MX "auth PLAIN u p\n",
     "backup mx { $mx domains = a.example user = u password = p auth = \"FOO\" auth_in_clear = "
     "true }",
     NULL, NULL, 78},
    {"530 before ETRN", SERVER("mx") "require auth\nauth PLAIN u p\n",
     "backup mx { $mx domains = a.example }", NULL, NULL, 77},
    {"a backup by name", MX MY,
     "backup mx { $mx domains = {a.example, b.example} }\nbackup my { $my domains = {a.example} }",
     "my", "my a.example started 250 OK\n", 0},
    {"a domain by name, in every backup that lists it", MX MY,
     "backup mx { $mx domains = {a.example, b.example} }\nbackup my { $my domains = {a.example} }",
     "A.Example", "mx a.example started 250 OK\nmy a.example started 250 OK\n", 0},
    {"a domain by its other spelling", MX,
     "backup mx { $mx domains = {\"b\xc3\xbc"
     "cher.example\", b.example} }",
     "xn--bcher-kva.example",
     "mx b\xc3\xbc"
     "cher.example started 250 OK\n",
     0},
    {"refused", MX,
     "backup mx { $mx domains = a.example }\nbackup gone { host = "
     "127.0.0.1 port = 1 domains = a.example }",
     NULL, NULL, 75},
    {"no such name", MX,
     "backup no { host = \"no-such-host.invalid\" domains = a.example connect_timeout = 3s }", NULL,
     NULL, 75},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    struct sim *sim = sim_start(row->script);
    const char *names[] = {row->names, NULL};
    struct outcome_text outcome = pull(sim, row->config, names, false, false);

    if (row->lines != NULL)
        assert_string_equal(outcome.lines.bytes, row->lines);
    assert_int_equal(outcome.exit_status, row->exit_status);
    outcome_done(&outcome);
    sim_stop(sim);
}

static void test_refusal_names_the_place(void **state)
{
    struct sim *sim = sim_start(MX);
    struct outcome_text outcome =
        pull(sim,
             "backup a { host = 127.0.0.1 port = 1 domains = a.example }\n"
             "backup b { host = \"::1\" port = 1 domains = a.example }\n"
             "backup c { host = localhost port = 1 ip = 4 domains = a.example }",
             NULL, false, false);

    (void)state;
    assert_string_equal(
        outcome.lines.bytes,
        "a a.example unreachable 0 no connection to 127.0.0.1:1: Connection refused\n"
        "b a.example unreachable 0 no connection to [::1]:1: Connection refused\n"
        "c a.example unreachable 0 no connection to localhost:1: Connection refused\n");
    assert_string_equal(outcome.addresses.bytes, "127.0.0.1\n::1\n127.0.0.1\n");
    outcome_done(&outcome);
    sim_stop(sim);
}

static void test_unknown_name_asks_nothing(void **state)
{
    struct sim *sim = sim_start(MX);
    static const char *const names[] = {"mx", "nobody.example", NULL};
    struct outcome_text outcome =
        pull(sim, "backup mx { $mx domains = a.example }", names, false, false);

    (void)state;
    assert_int_equal(outcome.exit_status, -1);
    assert_non_null(
        strstr(outcome.lines.bytes, "\"nobody.example\" is neither a backup nor a domain"));
    assert_int_equal(sim_count(sim, "connected"), 0);
    outcome_done(&outcome);
    sim_stop(sim);
}

static void test_dry_run_asks_nothing(void **state)
{
    struct sim *sim = sim_start(MX);
    struct outcome_text outcome =
        pull(sim, "backup mx { $mx domains = {a.example, \"#q\"} }", NULL, true, false);

    (void)state;
    assert_string_equal(outcome.lines.bytes, "mx ETRN a.example\nmx ETRN #q\n");
    assert_int_equal(outcome.exit_status, 0);
    assert_true(sim_says(sim, "< QUIT"));
    assert_int_equal(sim_count(sim, "< ETRN"), 0);
    outcome_done(&outcome);
    sim_stop(sim);
}

static void test_retry_asks_only_what_failed(void **state)
{
    struct sim *sim = sim_start(
        MX
        "reply ETRN b.example \"458 later\"\non-connection 1 reply ETRN c.example \"451 later\"\n");
    struct outcome_text outcome =
        pull(sim, "backup mx { $mx retry = {1s, 1s} " ABC, NULL, false, true);

    (void)state;
    assert_string_equal(outcome.lines.bytes, "mx a.example started 250 OK\nmx b.example deferred "
                                             "458 later\nmx c.example started 250 OK\n");
    assert_int_equal(outcome.exit_status, 75);
    assert_int_equal(sim_count(sim, "< ETRN a.example"), 1);
    assert_int_equal(sim_count(sim, "< ETRN b.example"), 3);
    assert_int_equal(sim_count(sim, "< ETRN c.example"), 2);
    outcome_done(&outcome);
    sim_stop(sim);
}

static void test_stop_says_quit(void **state)
{
    struct sim *sim = sim_start(MX "delay ETRN 200ms\n");
    stop_after(1);
    struct outcome_text outcome = pull(sim, "backup mx { $mx " ABC, NULL, false, false);

    (void)state;
    assert_string_equal(outcome.lines.bytes,
                        "mx a.example started 250 OK\nmx b.example started 250 OK\nmx c.example "
                        "interrupted 0 stopped before an answer came\n");
    assert_int_equal(outcome.exit_status, 75);
    assert_true(sim_says(sim, "< QUIT"));
    assert_int_equal(outcome.answered, 3);
    outcome_done(&outcome);
    sim_stop(sim);
}

static void test_never_pipelined(void **state)
{
    struct sim *sim = sim_start(MX "delay ETRN 50ms\n");
    struct outcome_text outcome = pull(sim, "backup mx { $mx " ABC, NULL, false, false);
    const char *at = sim_journal(sim);

    (void)state;
    for (int i = 0; i < 3; i++) {
        at = strstr(at, "< ETRN");
        assert_non_null(at);
        const char *reply = strstr(at, "> 250 OK"), *next = strstr(at + 1, "< ETRN");
        assert_non_null(reply);
        assert_true(next == NULL || reply < next);
        at++;
    }
    outcome_done(&outcome);
    sim_stop(sim);
}

static void test_eight_on_a_connection(void **state)
{
    struct sim *sim = sim_start(MX);
    struct outcome_text outcome = pull(
        sim,
        "backup mx { $mx domains = {a1.example, a2.example, a3.example, a4.example, a5.example, "
        "a6.example, a7.example, a8.example, a9.example, a10.example} }",
        NULL, false, false);

    (void)state;
    assert_int_equal(outcome.exit_status, 0);
    assert_int_equal(sim_count(sim, "#1 < ETRN"), 8);
    assert_int_equal(sim_count(sim, "#2 < ETRN"), 2);
    assert_true(sim_says(sim, "#1 < QUIT"));
    assert_true(sim_says(sim, "#2 < QUIT"));
    outcome_done(&outcome);
    sim_stop(sim);
}

/* Nobody waits for a command but the backup that needs it, and one that fails keeps nobody else from
 * being asked. */
static void test_password_command_delays_nobody(void **state)
{
    struct sim *sim = sim_start(SERVER("mx") "auth PLAIN u p\nreply ETRN \"250 OK\"\n");
    struct outcome_text outcome = pull(
        sim,
        "backup a { $mx domains = a.example user = u password_command = \"" COMMAND_SLOW(
            "echo p") "\" "
                      "auth_in_clear = true }\n"
                      "backup b { $mx domains = b.example user = u password_command = \"exit 3\" "
                      "auth_in_clear = true }\n"
                      "backup c { $mx domains = c.example }\n",
        NULL, false, false);
    const char *journal = sim_journal(sim);

    (void)state;
    assert_non_null(
        strstr(outcome.lines.bytes, "a a.example started 250 OK\nb b.example misconfigured 0 "));
    assert_non_null(strstr(outcome.lines.bytes, "c c.example started 250 OK\n"));
    assert_true(strstr(journal, "ETRN c.example") < strstr(journal, "ETRN a.example"));
    assert_int_equal(outcome.exit_status, 78);
    outcome_done(&outcome);
    sim_stop(sim);
}

static void test_stop_in_the_middle_of_an_answer(void **state)
{
    struct sim *sim = sim_start(MX "reply ETRN stall\n");
    stop_after_ms(200);
    struct outcome_text outcome = pull(sim, "backup mx { $mx " ABC, NULL, false, false);

    (void)state;
    assert_string_equal(outcome.lines.bytes,
                        "mx a.example interrupted 0 stopped before an answer came\nmx b.example "
                        "interrupted 0 stopped before an answer "
                        "came\nmx c.example interrupted 0 stopped before an answer came\n");
    assert_int_equal(outcome.exit_status, 75);
    outcome_done(&outcome);
    sim_stop(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusal_names_the_place),
        cmocka_unit_test(test_unknown_name_asks_nothing),
        cmocka_unit_test(test_dry_run_asks_nothing),
        cmocka_unit_test(test_retry_asks_only_what_failed),
        cmocka_unit_test(test_stop_says_quit),
        cmocka_unit_test(test_password_command_delays_nobody),
        cmocka_unit_test(test_stop_in_the_middle_of_an_answer),
        cmocka_unit_test(test_never_pipelined),
        cmocka_unit_test(test_eight_on_a_connection),
    };

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

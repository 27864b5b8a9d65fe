/* outcome: codes to meanings, meanings to exit statuses. */
#include "unit.h"

#include <mxpull/smtp/ehlo.h>
#include <mxpull/smtp/outcome.h>

#include <stdio.h>

struct code_row {
    const char *name;
    enum verb verb;
    int code;
    enum outcome outcome;
    int exit_status;
};

static const struct code_row codes[] = {
    {"ETRN 250", VERB_ETRN, 250, OUTCOME_STARTED, 0},
    {"ETRN 251", VERB_ETRN, 251, OUTCOME_EMPTY, 0},
    {"ETRN 252", VERB_ETRN, 252, OUTCOME_PENDING, 0},
    {"ETRN 253", VERB_ETRN, 253, OUTCOME_PENDING, 0},
    {"ETRN 458", VERB_ETRN, 458, OUTCOME_DEFERRED, 75},
    {"ETRN 459", VERB_ETRN, 459, OUTCOME_DENIED, 77},
    {"ETRN 421", VERB_ETRN, 421, OUTCOME_DEFERRED, 75},
    {"ETRN 221", VERB_ETRN, 221, OUTCOME_DEFERRED, 75},
    {"ETRN 451", VERB_ETRN, 451, OUTCOME_DEFERRED, 75},
    {"ETRN 454", VERB_ETRN, 454, OUTCOME_DEFERRED, 75},
    {"ETRN 450", VERB_ETRN, 450, OUTCOME_DEFERRED, 75},
    {"ETRN 500", VERB_ETRN, 500, OUTCOME_UNSUPPORTED, 69},
    {"ETRN 501", VERB_ETRN, 501, OUTCOME_MISUNDERSTOOD, 78},
    {"ETRN 502", VERB_ETRN, 502, OUTCOME_UNSUPPORTED, 69},
    {"ETRN 503", VERB_ETRN, 503, OUTCOME_DENIED, 77},
    {"ETRN 530", VERB_ETRN, 530, OUTCOME_AUTHENTICATION, 77},
    {"ETRN 535", VERB_ETRN, 535, OUTCOME_AUTHENTICATION, 77},
    {"ETRN 550", VERB_ETRN, 550, OUTCOME_DENIED, 77},
    {"ETRN 554", VERB_ETRN, 554, OUTCOME_DENIED, 77},
    {"ETRN 299", VERB_ETRN, 299, OUTCOME_STARTED, 0},
    {"ETRN 354", VERB_ETRN, 354, OUTCOME_PROTOCOL, 76},
    {"ETRN 499", VERB_ETRN, 499, OUTCOME_DEFERRED, 75},
    {"ETRN 599", VERB_ETRN, 599, OUTCOME_DENIED, 77},
    {"ATRN 250", VERB_ATRN, 250, OUTCOME_RECEIVED, 0},
    {"ATRN 450", VERB_ATRN, 450, OUTCOME_DENIED, 77},
    {"ATRN 451", VERB_ATRN, 451, OUTCOME_DEFERRED, 75},
    {"ATRN 453", VERB_ATRN, 453, OUTCOME_EMPTY, 0},
    {"ATRN 502", VERB_ATRN, 502, OUTCOME_UNSUPPORTED, 69},
    {"ATRN 530", VERB_ATRN, 530, OUTCOME_AUTHENTICATION, 77},
    {"TURN 502", VERB_TURN, 502, OUTCOME_UNSUPPORTED, 69},
};

static void test_code(void **state)
{
    const struct code_row *row = *state;
    enum outcome outcome = outcome_of_reply(row->verb, row->code);

    assert_string_equal(outcome_name(outcome), outcome_name(row->outcome));
    assert_int_equal(outcome_exit_status(outcome), row->exit_status);
}

static const struct refusal_row {
    const char *name;
    enum stage stage;
    int code;
    enum outcome outcome;
} refusals[] = {
    {"greeting 421", STAGE_GREETING, 421, OUTCOME_DEFERRED},
    {"greeting 450", STAGE_GREETING, 450, OUTCOME_DEFERRED},
    {"greeting 500", STAGE_GREETING, 500, OUTCOME_DENIED},
    {"greeting 521", STAGE_GREETING, 521, OUTCOME_DENIED},
    {"greeting 530", STAGE_GREETING, 530, OUTCOME_DENIED},
    {"greeting 554", STAGE_GREETING, 554, OUTCOME_DENIED},
    {"greeting 354", STAGE_GREETING, 354, OUTCOME_PROTOCOL},
    {"EHLO 421", STAGE_EHLO, 421, OUTCOME_DEFERRED},
    {"EHLO 451", STAGE_EHLO, 451, OUTCOME_DEFERRED},
    {"EHLO 500", STAGE_EHLO, 500, OUTCOME_PROTOCOL},
    {"EHLO 501", STAGE_EHLO, 501, OUTCOME_DENIED},
    {"EHLO 502", STAGE_EHLO, 502, OUTCOME_PROTOCOL},
    {"EHLO 503", STAGE_EHLO, 503, OUTCOME_DENIED},
    {"EHLO 504", STAGE_EHLO, 504, OUTCOME_DENIED},
    {"EHLO 530", STAGE_EHLO, 530, OUTCOME_DENIED},
    {"EHLO 550", STAGE_EHLO, 550, OUTCOME_DENIED},
    {"EHLO 554", STAGE_EHLO, 554, OUTCOME_DENIED},
    {"STARTTLS 421", STAGE_STARTTLS, 421, OUTCOME_DEFERRED},
    {"STARTTLS 454", STAGE_STARTTLS, 454, OUTCOME_DEFERRED},
    {"STARTTLS 500", STAGE_STARTTLS, 500, OUTCOME_TLS},
    {"STARTTLS 501", STAGE_STARTTLS, 501, OUTCOME_TLS},
    {"STARTTLS 502", STAGE_STARTTLS, 502, OUTCOME_TLS},
    {"STARTTLS 503", STAGE_STARTTLS, 503, OUTCOME_TLS},
    {"STARTTLS 530", STAGE_STARTTLS, 530, OUTCOME_TLS},
    {"STARTTLS 554", STAGE_STARTTLS, 554, OUTCOME_TLS},
    {"AUTH 421", STAGE_AUTH, 421, OUTCOME_DEFERRED},
    {"AUTH 432", STAGE_AUTH, 432, OUTCOME_AUTHENTICATION},
    {"AUTH 454", STAGE_AUTH, 454, OUTCOME_DEFERRED},
    {"AUTH 500", STAGE_AUTH, 500, OUTCOME_AUTHENTICATION},
    {"AUTH 501", STAGE_AUTH, 501, OUTCOME_AUTHENTICATION},
    {"AUTH 502", STAGE_AUTH, 502, OUTCOME_AUTHENTICATION},
    {"AUTH 503", STAGE_AUTH, 503, OUTCOME_AUTHENTICATION},
    {"AUTH 504", STAGE_AUTH, 504, OUTCOME_AUTHENTICATION},
    {"AUTH 530", STAGE_AUTH, 530, OUTCOME_AUTHENTICATION},
    {"AUTH 534", STAGE_AUTH, 534, OUTCOME_AUTHENTICATION},
    {"AUTH 535", STAGE_AUTH, 535, OUTCOME_AUTHENTICATION},
    {"AUTH 538", STAGE_AUTH, 538, OUTCOME_AUTHENTICATION},
    {"AUTH 550", STAGE_AUTH, 550, OUTCOME_AUTHENTICATION},
    {"AUTH 554", STAGE_AUTH, 554, OUTCOME_AUTHENTICATION},
    {"AUTH 250", STAGE_AUTH, 250, OUTCOME_AUTHENTICATION},
};

static void test_refusal(void **state)
{
    const struct refusal_row *row = *state;

    assert_string_equal(outcome_name(outcome_of_refusal(row->stage, row->code)),
                        outcome_name(row->outcome));
}

/* What a 503 (judged as denied) and a 530 (authentication) to ETRN come to. */
static const struct standing_row {
    const char *name;
    struct standing standing;
    enum outcome of_503, of_530;
} standings[] = {
    {"in clear, nothing offered", {0}, OUTCOME_DENIED, OUTCOME_AUTHENTICATION},
    {"in clear, STARTTLS offered",
     {.starttls_offered = true},
     OUTCOME_AUTHENTICATION,
     OUTCOME_AUTHENTICATION},
    {"in clear, AUTH offered",
     {.auth_offered = true},
     OUTCOME_AUTHENTICATION,
     OUTCOME_AUTHENTICATION},
    {"in clear, authenticated",
     {.authenticated = true, .auth_offered = true},
     OUTCOME_DENIED,
     OUTCOME_TLS},
    {"in clear, authenticated, STARTTLS offered",
     {.authenticated = true, .starttls_offered = true},
     OUTCOME_TLS,
     OUTCOME_TLS},
    {"TLS", {.tls = true}, OUTCOME_DENIED, OUTCOME_AUTHENTICATION},
    {"TLS, AUTH offered",
     {.tls = true, .auth_offered = true},
     OUTCOME_AUTHENTICATION,
     OUTCOME_AUTHENTICATION},
    {"TLS, authenticated",
     {.tls = true, .authenticated = true, .auth_offered = true},
     OUTCOME_DENIED,
     OUTCOME_AUTHENTICATION},
};

static void test_standing(void **state)
{
    const struct standing_row *row = *state;
    enum outcome of_503 = outcome_of_reply(VERB_ETRN, 503);
    enum outcome of_530 = outcome_of_reply(VERB_ETRN, 530);

    assert_string_equal(outcome_name(outcome_in_session(of_503, 503, &row->standing)),
                        outcome_name(row->of_503));
    assert_string_equal(outcome_name(outcome_in_session(of_530, 530, &row->standing)),
                        outcome_name(row->of_530));
    assert_int_equal(outcome_in_session(OUTCOME_STARTED, 250, &row->standing), OUTCOME_STARTED);
}

struct count_row {
    const char *text;
    int64_t count;
};

static const struct count_row counts[] = {
    {"OK, 12 pending messages for node x started", 12},
    {"2.0.0 OK, 3 pending messages", 3},
    {"OK, pending messages for node 7.example started", -1},
    {"", -1},
    {"0 pending", 0},
    {"OK, 99999999999999999999 pending", -1},
    {"none\n5 pending", -1},
    {"-1 pending", -1},
    {"OK, 1,234 pending messages for node x started", -1},
    {"OK, 1.234 pending messages for node x started", -1},
    {"OK, 1 234 pending messages for node x started", -1},
    {"OK, 1'234 pending messages for node x started", -1},
    {"OK, 1, 234 pending messages for node x started", -1},
    {"OK, -5 pending messages for node x started", -1},
    {"OK, 12+ pending messages for node x started", -1},
    {"OK, 12k pending messages for node x started", -1},
    {"OK, <7> pending messages for node x started", -1},
    {"OK, 5 of 12 pending messages for node x started", -1},
    {"OK, over 100 pending messages for node x started", -1},
    {"OK, pending messages for queue 7 started", -1},
    {"OK, pending messages for node 7 started", -1},
    {"OK, 12 jobs started", -1},
    {"OK, 12", -1},
    {"OK, 12\n3 pending", -1},
    {"2.0.0 pending messages for node x started", -1},
    {"1.234 pending messages", -1},
    {"OK, 12 pending messages for node 3com.example started", 12},
    {"OK, 12 pending messages for node 42 started", 12},
    {"OK, 999999999999999999 pending messages", 999999999999999999},
    {"ok 12 Pending messages", 12},
    {"Ok: 12 messages pending", 12},
    {"2.0.0 12 pending messages", 12},
    {"OK,\t007 pending messages", 7},
};

static void test_count(void **state)
{
    const struct count_row *row = *state;

    assert_int_equal(outcome_pending_count(row->text), row->count);
}

static void test_worst_exit_status_wins(void **state)
{
    static const int order[] = {0, 75, 76, 69, 77, 78};

    (void)state;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        for (size_t j = 0; j <= i; j++) {
            assert_int_equal(exit_status_worse(order[i], order[j]), order[i]);
            assert_int_equal(exit_status_worse(order[j], order[i]), order[i]);
        }
    }
}

static void test_ehlo_keywords(void **state)
{
    struct ehlo ehlo = {0};
    static const char *const lines[] = {"250-PIPELINING\r\n",
                                        "250-etrn\r\n",
                                        "250-AUTH=LOGIN\r\n",
                                        "250-ATRNX\r\n",
                                        "250 STARTTLS",
                                        "250",
                                        "250-"};

    (void)state;
    ehlo_line(&ehlo, "250-turn.example says hello", 27, true);
    ehlo_line(&ehlo, "250-TURN", 8, true);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        ehlo_line(&ehlo, lines[i], strlen(lines[i]), false);
    assert_true(ehlo.etrn);
    assert_true(ehlo.auth);
    assert_true(ehlo.starttls);
    assert_string_equal(ehlo.mechanism_names, "LOGIN");
    assert_int_equal(ehlo.mechanisms, ehlo_mechanism("login", 5));
    assert_false(ehlo.atrn);
    assert_false(ehlo.turn);
}

static void test_mechanisms(void **state)
{
    struct ehlo ehlo = {0};
    char line[1000];
    size_t size =
        (size_t)snprintf(line, sizeof line, "250-auth  GSSAPI\tcram-md5 X-%0300d plain\r\n", 0);

    (void)state;
    ehlo_line(&ehlo, line, size, false);
    assert_int_equal(ehlo.mechanisms, ehlo_mechanism("CRAM-MD5", 8) | ehlo_mechanism("Plain", 5));
    assert_string_equal(ehlo.mechanism_names, "GSSAPI cram-md5 plain");
    for (size_t i = 0; i < 50; i++)
        ehlo_line(&ehlo, "250 AUTH LOGIN", 14, false);
    assert_true(strlen(ehlo.mechanism_names) < EHLO_NAMES_SIZE);
    assert_string_equal(ehlo_mechanism_name(ehlo_mechanism("login", 5)), "LOGIN");
    assert_int_equal(
        ehlo_mechanism("XOAUTH2", 7) | ehlo_mechanism("LOG", 3) | ehlo_mechanism("", 0), 0);
    assert_string_equal(ehlo_mechanism_name(0), "");
}

/* Each name is found, no other is, and none is wider than a report's column for it. */
static void test_names(void **state)
{
    enum outcome found = OUTCOME_HELD;

    (void)state;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        assert_true(outcome_find(outcome_name((enum outcome)i), &found));
        assert_int_equal(found, i);
        assert_true(strlen(outcome_name((enum outcome)i)) <= 14);
    }
    found = OUTCOME_HELD;
    assert_false(outcome_find("Started", &found));
    assert_false(outcome_find("start", &found));
    assert_false(outcome_find("", &found));
    assert_int_equal(found, OUTCOME_HELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worst_exit_status_wins),
        cmocka_unit_test(test_ehlo_keywords),
        cmocka_unit_test(test_mechanisms),
        cmocka_unit_test(test_names),
    };

    return unit_status(RUN_TABLE(codes, test_code) + RUN_TABLE(refusals, test_refusal) +
                       RUN_TABLE(standings, test_standing) + RUN_TABLE(counts, test_count) +
                       cmocka_run_group_tests(tests, NULL, NULL));
}

/* atrn_dialogue: what is asked of a provider, how often, and what comes of it.
 *
 * A row's script is what happens, word by word: a code is the reply to the command sent; oN a
 * reversed session that ends in order after N messages, bN one that breaks; X cuts the connection,
 * - refuses it. The commands sent are compared, and the outcome. */
#include "unit.h"

#include <mxpull/base/memory.h>
#include <mxpull/smtp/atrn_dialogue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const char *name;
    enum verb verb;
    const char *script;
    const char *sent; /* A for ATRN or TURN, Q for QUIT, "/" for a new connection */
    const char *outcome;
    int code;
};

static const struct row rows[] = {
    {"mail, then none left", VERB_ATRN, "250 o3 453", "A/AQ", "received", 453},
    {"nothing there", VERB_ATRN, "453", "AQ", "empty", 453},
    {"turned, and nothing came", VERB_ATRN, "250 o0", "A", "received", 250},
    {"one message a session (Exim over TLS)", VERB_ATRN, "250 b1 250 b1 250 b1 453", "A/A/A/AQ",
     "received", 453},
    {"broken, nothing moved", VERB_ATRN, "250 b0", "A", "interrupted", 0},
    {"the last message is still locked (Exim over TLS)", VERB_ATRN,
     "250 b1 250 b0 250 b0 250 b1 453", "A/Ap/Ap/A/AQ", "received", 453},
    {"locked for ever", VERB_ATRN, "250 o1 250 o0 250 o0 250 o0", "A/Ap/Ap/A", "received", 250},
    {"what is left was refused", VERB_ATRN, "250 o1r 250 o0r", "A/A", "received", 250},
    {"refused in a session that broke off", VERB_ATRN, "250 o1 250 b0r", "A/A", "interrupted", 0},
    {"broken, then refused", VERB_ATRN, "250 b1 450", "A/AQ", "interrupted", 0},
    {"in order, then asked too often", VERB_ATRN, "250 o1 450", "A/AQ", "received", 250},
    {"in order, then no connection", VERB_ATRN, "250 o1 -", "A/", "received", 250},
    {"broken, then no connection", VERB_ATRN, "250 b1 -", "A/", "interrupted", 0},
    {"often enough", VERB_ATRN, "250 o1 250 o1 250 o1 250 o1 250 o1", "A/A/A/A/A", "received", 250},
    {"denied", VERB_ATRN, "450", "AQ", "denied", 450},
    {"not now", VERB_ATRN, "451", "AQ", "deferred", 451},
    {"not implemented", VERB_ATRN, "502", "AQ", "unsupported", 502},
    {"not authenticated", VERB_ATRN, "530", "AQ", "authentication", 530},
    {"closing", VERB_ATRN, "421", "A", "deferred", 421},
    {"no answer", VERB_ATRN, "X", "A", "unreachable", 0},
    {"TURN", VERB_TURN, "250 o2 502", "A/AQ", "received", 250},
    {"TURN refused", VERB_TURN, "502", "AQ", "unsupported", 502},
};

static enum atrn_step happen(struct atrn_dialogue *dialogue, const char *word)
{
    if (*word == 'X' || *word == '-')
        return atrn_dialogue_cut(dialogue, OUTCOME_UNREACHABLE, 0, "cut");
    if (*word == 'o' || *word == 'b')
        return atrn_dialogue_ended(dialogue, strtoul(word + 1, NULL, 10),
                                   strchr(word, 'r') != NULL ? 1 : 0,
                                   *word == 'b' ? "broke off" : NULL);
    return atrn_dialogue_reply(dialogue, (int)strtol(word, NULL, 10), "text");
}

static void note_step(const struct atrn_dialogue *dialogue, enum atrn_step step, enum verb verb,
                      char *sent, size_t size)
{
    size_t used = strlen(sent);

    assert_true(used + 2 < size);
    if (step == ATRN_ASK) {
        assert_string_equal(dialogue->command.bytes,
                            verb == VERB_ATRN ? "ATRN a.example,b.example\r\n" : "TURN\r\n");
        (void)strcat(sent, "A");
    } else if (step == ATRN_QUIT) {
        (void)strcat(sent, "Q");
    } else if (step == ATRN_CONNECT || step == ATRN_PAUSE) {
        (void)strcat(sent, step == ATRN_PAUSE ? "p/" : "/");
    }
}

static void test_row(void **state)
{
    const struct row *row = *state;
    static const struct node nodes[] = {{NODE_DOMAIN, "a.example"}, {NODE_SUFFIX, "@b.example"}};
    struct atrn_dialogue dialogue;
    atrn_dialogue_init(&dialogue, row->verb, nodes, 2, 5);
    char sent[100] = "";

    enum atrn_step step = atrn_dialogue_connected(&dialogue);
    note_step(&dialogue, step, row->verb, sent, sizeof sent);
    for (const char *word = row->script; *word != '\0';
         word += strcspn(word, " "), word += strspn(word, " ")) {
        assert_true(step != ATRN_END && step != ATRN_QUIT);
        if ((step == ATRN_CONNECT || step == ATRN_PAUSE) && *word != '-') {
            step = atrn_dialogue_connected(&dialogue);
            note_step(&dialogue, step, row->verb, sent, sizeof sent);
        }
        step = happen(&dialogue, word);
        note_step(&dialogue, step, row->verb, sent, sizeof sent);
    }
    assert_true(step == ATRN_END || step == ATRN_QUIT);
    assert_string_equal(sent, row->sent);
    assert_string_equal(outcome_name(dialogue.outcome), row->outcome);
    assert_int_equal(dialogue.code, row->code);
    atrn_dialogue_done(&dialogue);
}

static void test_limit_is_told(void **state)
{
    struct atrn_dialogue dialogue;
    atrn_dialogue_init(&dialogue, VERB_ATRN, NULL, 0, 1);

    (void)state;
    (void)atrn_dialogue_connected(&dialogue);
    assert_int_equal(atrn_dialogue_reply(&dialogue, 250, "go"), ATRN_REVERSE);
    assert_int_equal(atrn_dialogue_ended(&dialogue, 1, 0, NULL), ATRN_END);
    assert_int_equal(dialogue.outcome, OUTCOME_RECEIVED);
    assert_non_null(strstr(dialogue.text, "turn_sessions is reached"));
    atrn_dialogue_done(&dialogue);
}

static void test_no_domains(void **state)
{
    struct atrn_dialogue dialogue;
    atrn_dialogue_init(&dialogue, VERB_ATRN, NULL, 0, 5);

    (void)state;
    assert_int_equal(atrn_dialogue_connected(&dialogue), ATRN_ASK);
    assert_string_equal(dialogue.command.bytes, "ATRN\r\n");
    atrn_dialogue_done(&dialogue);
}

/* However many there are, all of them are named. */
static void test_many_domains(void **state)
{
    enum {
        COUNT = 9000
    };
    struct node *nodes = memory_new(COUNT, sizeof *nodes);
    struct error error;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "@a-domain-of-a-customer-%04d.example", i);
        assert_int_equal(node_parse(&nodes[i], name, &error), STATUS_OK);
    }
    struct atrn_dialogue dialogue;
    atrn_dialogue_init(&dialogue, VERB_ATRN, nodes, COUNT, 5);
    const char *command = dialogue.command.bytes;
    assert_int_equal(strlen(command), atrn_command_size(nodes, COUNT));
    assert_string_equal(command + strlen(command) - 15, "-8999.example\r\n");
    atrn_dialogue_done(&dialogue);
    free(nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_domains),
                                       cmocka_unit_test(test_limit_is_told),
                                       cmocka_unit_test(test_many_domains)};

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

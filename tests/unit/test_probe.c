/* probe: what is said, and what is found out about each domain, whatever the server answers and
 * wherever the connection is lost.
 *
 * A row's connections say what the server does on each connection in turn, the greeting first: a
 * code is its next reply, X cuts the connection instead, - refuses the connection, . and all that
 * was not told is as a ready server answers. */
#include "unit.h"

#include <mxpull/base/text.h>
#include <mxpull/smtp/probe.h>

#include <stdio.h>

enum {
    DOMAINS_MAX = 5000,
    CONNECTIONS_MAX = 6000,
    COMMANDS_MAX = 60000, /* more is a loop */
    TEXT_SIZE = 4000
};

struct row {
    const char *name;
    const char *domains;
    const char *connections[8]; /* the last one given serves for all later ones */
    const char
        *said; /* E, H, M, the domain's first letter, S for RSET, q; / at each new connection */
    const char *
        verdicts; /* the reason for all, or for each node + or the refusal, ! when it was cut, - when
                             it was left out */
};

#define FIFTY_ONE                                                                                  \
    "a a01 a02 a03 a04 a05 a06 a07 a08 a09 a10 a11 a12 a13 a14 a15 a16 a17 a18 a19 a20 a21 a22 "   \
    "a23 a24 a25 a26 a27 a28 a29 a30 a31 a32 a33 a34 a35 a36 a37 a38 a39 a40 a41 a42 a43 a44 a45 " \
    "a46 a47 a48 a49 b"
#define FIFTY_SAID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FIFTY_WELL                                                                                 \
    "+ + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + + " \
    "+ + + +"

static const struct row rows[] = {
    {"no domain", "", {""}, "q", ""},
    {"no domain, no connection", "", {"-"}, "", "why=refused"},
    {"no domain, cut before the greeting", "", {"X"}, "", "why=cut"},
    {"no domain, greeting 554", "", {"554"}, "q", "why=554 text"},
    {"no domain, greeting 421", "", {"421"}, "", "why=421 text"},
    {"no domain, greeting 250", "", {"250"}, "q", "why=250 text"},
    {"no domain, greeting 354", "", {"354"}, "q", "why=354 text"},

    {"ready", "a b c", {""}, "EMabcSq", "+ + +"},
    {"251 and 252", "a b c", {". . . 251 252 250"}, "EMabcSq", "+ + +"},
    {"a refusal decides no other", "a b c", {". . . . 550"}, "EMabcSq", "+ 550 text +"},
    {"354 is a refusal", "a b", {". . . 354"}, "EMabSq", "354 text +"},
    {"all refused", "a b", {". . . 450 550"}, "EMabSq", "450 text 550 text"},

    {"HELO where EHLO is refused", "a", {". 502"}, "EHMaSq", "+"},
    {"EHLO and HELO refused", "a", {". 502 550"}, "EHq", "why=550 text"},
    {"EHLO deferred", "a", {". 451"}, "Eq", "why=451 text"},
    {"EHLO answered by 354", "a", {". 354"}, "Eq", "why=354 text"},
    {"HELO deferred", "a", {". 500 450"}, "EHq", "why=450 text"},
    {"greeting 554", "a b", {"554"}, "q", "why=554 text"},
    {"MAIL deferred", "a b", {". . 451"}, "EMq", "451 text 451 text"},
    {"MAIL refused", "a b", {". . 550"}, "EMq", "550 text 550 text"},
    {"MAIL answered by 354", "a", {". . 354"}, "EMq", "354 text"},

    {"cut at EHLO", "a", {". X"}, "E", "why=cut"},
    {"cut at HELO", "a", {". 500 X"}, "EH", "why=cut"},
    {"cut at MAIL", "a", {". . X"}, "EM", "why=cut"},
    {"cut at the first RCPT of each connection",
     "a b c",
     {". . . X"},
     "EMa/EMb",
     "why=one connection ended at postmaster@a.test (cut), the next at postmaster@b.test (cut)"},
    {"cut at the only RCPT",
     "a",
     {". . . X"},
     "EMa/EMa",
     "why=one connection ended at postmaster@a.test (cut), the next at postmaster@a.test (cut)"},
    {"cut at the only RCPT, once", "a", {". . . X", ""}, "EMa/EMaSq", "+"},
    {"cut at the first RCPT, and no other connection",
     "a b",
     {". . . X", "-"},
     "EMa/",
     "why=one connection ended at postmaster@a.test (cut), the next at its start (refused)"},
    {"a first domain at which the server hangs up spoils no other",
     "a b c",
     {". . . X", ". . . . . X"},
     "EMa/EMbca",
     "! + +"},
    {"two bad ones in the middle",
     "a b c d",
     {". . . . 421", ". . . X", "", ". . . X"},
     "EMab/EMc/EMdSq/EMb/EMc",
     "+ ! ! +"},
    {"421 to EHLO", "a", {". 421"}, "E", "why=421 text"},
    {"421 to HELO", "a", {". 500 421"}, "EH", "why=421 text"},
    {"421 to MAIL", "a", {". . 421"}, "EM", "why=421 text"},
    {"421 to the first RCPT", "a b", {". . . 421", ""}, "EMa/EMbaSq", "+ +"},
    {"cut at the second RCPT", "a b c", {". . . . X", ""}, "EMab/EMcSq/EMbSq", "+ + +"},
    {"421 to the second RCPT", "a b c", {". . . . 421", ""}, "EMab/EMcSq/EMbSq", "+ + +"},
    {"cut at the last RSET", "a", {". . . . X"}, "EMaS", "+"},
    {"421 to the last RSET", "a", {". . . 450 421"}, "EMaS", "450 text"},
    {"RSET refused", "a", {". . . . 502"}, "EMaSq", "+"},

    {"no second connection", "a b c", {". . . . X", "-"}, "EMab//", "+ ! -"},
    {"second connection greets with 554",
     "a b c",
     {". . . 450 X", "554"},
     "EMab/q/q",
     "450 text ! -"},
    {"second connection greets with 421", "a b", {". . . . X", "421"}, "EMab//", "+ !"},
    {"second connection refuses EHLO and HELO",
     "a b",
     {". . . . X", ". 502 502"},
     "EMab/EHq/EHq",
     "+ !"},
    {"second connection refuses MAIL", "a b", {". . . . X", ". . 452"}, "EMab/EMq/EMq", "+ !"},
    {"second connection is cut at MAIL", "a b", {". . . . X", ". . X"}, "EMab/EM/EM", "+ !"},
    {"second connection is cut at its first RCPT",
     "a b c",
     {". . . . X", ". . . X"},
     "EMab/EMc/EMb",
     "+ ! !"},
    {"a domain at which the server hangs up spoils no other",
     "a b c d",
     {". . . . X", "", ". . . X"},
     "EMab/EMcdSq/EMb",
     "+ ! + +"},

    {"452 behind an accepted recipient", "a b c", {". . . . 452"}, "EMabSMbcSq", "+ + +"},
    {"552 behind an accepted recipient", "a b c", {". . . . 552"}, "EMabSMbcSq", "+ + +"},
    {"452 to the first recipient", "a b", {". . . 452"}, "EMabSq", "452 text +"},
    {"452 again, and on a connection of its own",
     "a b c",
     {". . . . 452 . . 452", ". . . 452"},
     "EMabSMbq/EMbcSq",
     "+ 452 text +"},
    {"two recipients a connection",
     "a b c d e",
     {". . . . . 452 . . 452", ". . . . . 452 . . 452", ""},
     "EMabcSMcq/EMcdeSMeq/EMeSq",
     "+ + + + +"},
    {"so many by 552, and no transaction behind them",
     "a b c",
     {". . . . 552 . . 552", ". . . . 552 . . 552", ""},
     "EMabSMbq/EMbcSMcq/EMcSq",
     "+ + +"},
    {"452 behind refusals alone", "a b c", {". . . 550 452"}, "EMabcSq", "550 text 452 text +"},
    {"one recipient a transaction", "a b c", {". . . . 452 . . . 452"}, "EMabSMbcSMcSq", "+ + +"},
    {"cut between 452 and the second asking", "a b", {". . . . 452 X", ""}, "EMabS/EMbSq", "+ +"},
    {"RSET refused behind 452", "a b", {". . . . 452 500", ""}, "EMabSq/EMbSq", "+ +"},
    {"MAIL refused behind 452", "a b", {". . . . 452 . 452", ""}, "EMabSMq/EMbSq", "+ +"},

    {"eight refusals are enough for a connection",
     "a b c d e f g h i",
     {". . . 550 550 550 550 550 550 550 550", ""},
     "EMabcdefghSq/EMiSq",
     "550 text 550 text 550 text 550 text 550 text 550 text 550 text 550 text +"},
    {"eight refusals in all",
     "a b c d e f g h",
     {". . . 550 550 550 550 550 550 550 550", ""},
     "EMabcdefghSq",
     "550 text 550 text 550 text 550 text 550 text 550 text 550 text 550 text"},
    {"fifty recipients a transaction", FIFTY_ONE, {""}, "EM" FIFTY_SAID "SMbSq", FIFTY_WELL " +"},
    {"MAIL refused behind fifty",
     FIFTY_ONE,
     {". . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . "
      ". . . . . . . . 450",
      ""},
     "EM" FIFTY_SAID "SMq/EMbSq",
     FIFTY_WELL " +"},
};

/* ---- the server ---- */

static void next_word(const char **script, char word[8])
{
    size_t size = strcspn(*script, " ");

    assert_true(size < 8);
    memcpy(word, *script, size);
    word[size] = '\0';
    *script += size;
    *script += strspn(*script, " ");
}

/* What the script does next; command is "" for the greeting. */
static enum probe_step serve(struct probe *probe, const char **script, const char *command)
{
    int usual = command[0] == '\0' ? 220 : command[0] == 'Q' ? 221 : 250;
    char word[8];

    next_word(script, word);
    if (strcmp(word, "X") == 0)
        return probe_cut(probe, "cut");
    if (word[0] == '\0' || word[0] == '.')
        return probe_reply(probe, usual, "well\n");
    return probe_reply(probe, (int)strtol(word, NULL, 10), "text\nmore text");
}

static void note_command(const struct probe *probe, const struct node *nodes, size_t count,
                         char *said)
{
    const char *command = probe_command(probe);
    size_t used = strlen(said);

    assert_true(used + 2 < TEXT_SIZE);
    said[used + 1] = '\0';
    if (strcmp(command, "EHLO host.test\r\n") == 0)
        said[used] = 'E';
    else if (strcmp(command, "HELO host.test\r\n") == 0)
        said[used] = 'H';
    else if (strcmp(command, "MAIL FROM:<>\r\n") == 0)
        said[used] = 'M';
    else if (strcmp(command, "RSET\r\n") == 0)
        said[used] = 'S';
    for (size_t i = 0; i < count && said[used] == '\0'; i++) {
        char expected[NODE_SIZE_MAX + 40];

        (void)snprintf(expected, sizeof expected, "RCPT TO:<postmaster@%s>\r\n", nodes[i].name);
        if (nodes[i].form == NODE_DOMAIN && strcmp(command, expected) == 0)
            said[used] = nodes[i].name[0];
    }
    if (said[used] == '\0')
        fail_msg("said %s", command);
}

static void play(struct probe *probe, const struct node *nodes, size_t count,
                 const char *const *connections, char *said)
{
    enum probe_step step = PROBE_CONNECT;
    size_t connection = 0;

    while (step != PROBE_END) {
        const char *script = connections[0];

        assert_true(connection < 50);
        assert_int_equal(step, PROBE_CONNECT);
        for (size_t i = 1; i <= connection && connections[i] != NULL; i++)
            script = connections[i];
        if (connection++ > 0)
            (void)strcat(said, "/");
        step = *script == '-' ? probe_cut(probe, "refused") : serve(probe, &script, "");
        while (step == PROBE_SEND) {
            note_command(probe, nodes, count, said);
            step = serve(probe, &script, probe_command(probe));
        }
        if (step == PROBE_QUIT) {
            (void)strcat(said, "q");
            step = probe_parted(probe);
        }
    }
}

static size_t parse_nodes(struct node *nodes, const char *text)
{
    size_t count = 0;

    while (*text != '\0') {
        char name[64];
        struct error error;
        size_t size = strcspn(text, " ");

        (void)snprintf(name, sizeof name, "%.*s.test", (int)size, text);
        assert_int_equal(node_parse(&nodes[count++], name, &error), STATUS_OK);
        text += size;
        text += strspn(text, " ");
    }
    return count;
}

static void describe(const struct probe *probe, size_t count, char *verdicts)
{
    if (probe_why(probe) != NULL) {
        (void)snprintf(verdicts, TEXT_SIZE, "why=%s", probe_why(probe));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *refusal = probe_refusal(probe, i);
        size_t used = strlen(verdicts);

        if (probe_fate(probe, i) == PROBE_LEFT_OUT) {
            assert_non_null(strstr(refusal, "one connection ended at "));
            refusal = "-";
        } else if (probe_fate(probe, i) == PROBE_CUT) {
            assert_non_null(refusal);
            refusal = "!";
        }
        assert_true((refusal != NULL) == (probe_fate(probe, i) != PROBE_ACCEPTED));
        (void)snprintf(verdicts + used, TEXT_SIZE - used, "%s%s", i > 0 ? " " : "",
                       refusal != NULL ? refusal : "+");
    }
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct node nodes[64];
    size_t count = parse_nodes(nodes, row->domains);
    char said[TEXT_SIZE] = "", verdicts[TEXT_SIZE] = "";
    struct probe *probe = probe_new("host.test", nodes, count);

    play(probe, nodes, count, row->connections, said);
    describe(probe, count, verdicts);
    probe_free(probe);
    assert_string_equal(said, row->said);
    assert_string_equal(verdicts, row->verdicts);
}

/* ---- every code at every place ---- */

enum place {
    AT_GREETING,
    AT_EHLO,
    AT_HELO,
    AT_MAIL,
    AT_RCPT,
    AT_RSET
};

/* What a code at a place must lead to, for the two domains of which it comes to the first. */
static const char *expected_of(enum place place, int code)
{
    bool good = code >= 200 && code <= 299;

    switch (place) {
    case AT_GREETING: return code == 220 ? "+ +" : "why";
    case AT_EHLO: return good || (code >= 500 && code <= 599) ? "+ +" : "why";
    case AT_HELO: return good ? "+ +" : "why";
    case AT_MAIL: return good ? "+ +" : code == 421 ? "why" : "- -";
    case AT_RCPT: return good ? "+ +" : code == 421 ? "+ +" : "- +";
    case AT_RSET: return "+ +";
    }
    return "";
}

static void check_code(enum place place, int code)
{
    static const char *const before[] = {"", ". ", ". 500 ", ". . ", ". . . ", ". . . . . "};
    struct node nodes[2];
    char script[64], said[TEXT_SIZE] = "", verdicts[16], reason[32];
    const char *const connections[] = {script, "", NULL};

    (void)parse_nodes(nodes, "a b");
    (void)snprintf(script, sizeof script, "%s%d", before[place], code);
    struct probe *probe = probe_new("host.test", nodes, 2);
    play(probe, nodes, 2, connections, said);
    (void)snprintf(verdicts, sizeof verdicts, "%c %c", probe_refusal(probe, 0) != NULL ? '-' : '+',
                   probe_refusal(probe, 1) != NULL ? '-' : '+');
    (void)snprintf(reason, sizeof reason, "%d text", code);
    if (probe_why(probe) != NULL)
        assert_string_equal(probe_why(probe), reason);
    if (probe_refusal(probe, 0) != NULL)
        assert_string_equal(probe_refusal(probe, 0), reason);
    const char *expected = expected_of(place, code);
    if (strcmp(probe_why(probe) != NULL ? "why" : verdicts, expected) != 0)
        fail_msg("%d at place %d: %s, said %s", code, (int)place, verdicts, said);
    probe_free(probe);
}

static void test_every_code_at_every_place(void **state)
{
    (void)state;
    for (int code = 200; code <= 599; code++) {
        for (enum place place = AT_GREETING; place <= AT_RSET; place++)
            check_code(place, code);
    }
}

/* ---- lost at every step ---- */

static void test_lost_at_every_step(void **state)
{
    static const char *const ways[] = {"X", "421"};
    struct node nodes[4];

    (void)state;
    (void)parse_nodes(nodes, "a b c d");
    for (size_t way = 0; way < 2; way++) {
        for (int before = 0; before < 10; before++) {
            char script[64] = "", said[TEXT_SIZE] = "", verdicts[TEXT_SIZE] = "";
            const char *const connections[] = {script, "", NULL};

            for (int i = 0; i < before; i++)
                (void)strcat(script, ". ");
            (void)strcat(script, ways[way]);
            struct probe *probe = probe_new("host.test", nodes, 4);
            play(probe, nodes, 4, connections, said);
            describe(probe, 4, verdicts);
            if (before < 3) /* no domain has been asked for yet */
                assert_string_equal(verdicts, way == 0 ? "why=cut" : "why=421 text");
            else
                assert_string_equal(verdicts, "+ + + +");
            probe_free(probe);
        }
    }
}

/* ---- reasons ---- */

static void test_reasons(void **state)
{
    char text[1001];
    struct probe *probe = probe_new("host.test", NULL, 0);

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(probe_reply(probe, 554, text), PROBE_QUIT);
    assert_int_equal(probe_parted(probe), PROBE_END);
    assert_int_equal(strlen(probe_why(probe)), 240);
    assert_memory_equal(probe_why(probe), "554 xxx", 7);
    probe_free(probe);

    probe = probe_new("host.test", NULL, 0);
    assert_int_equal(probe_reply(probe, 554, "\nsecond line"), PROBE_QUIT);
    assert_string_equal(probe_why(probe), "554");
    probe_free(probe);

    probe = probe_new("host.test", NULL, 0);
    assert_int_equal(probe_cut(probe, text), PROBE_END);
    assert_int_equal(strlen(probe_why(probe)), 240);
    probe_free(probe);
    probe_free(NULL);
}

static void test_long_names(void **state)
{
    char label[64], name[DOMAIN_SIZE_MAX + 1], ehlo_name[1001];
    struct node node;
    struct error error;

    (void)state;
    memset(label, 'a', 63);
    label[63] = '\0';
    (void)snprintf(name, sizeof name, "%s.%s.%s.%.61s", label, label, label, label);
    memset(ehlo_name, 'h', sizeof ehlo_name - 1);
    ehlo_name[sizeof ehlo_name - 1] = '\0';
    assert_int_equal(node_parse(&node, name, &error), STATUS_OK);
    struct probe *probe = probe_new(ehlo_name, &node, 1);
    assert_int_equal(probe_reply(probe, 220, ""), PROBE_SEND);
    assert_int_equal(strlen(probe_command(probe)), 1000 + strlen("EHLO \r\n"));
    assert_int_equal(probe_reply(probe, 250, ""), PROBE_SEND);
    assert_int_equal(probe_reply(probe, 250, ""), PROBE_SEND);
    assert_int_equal(strlen(probe_command(probe)), 253 + strlen("RCPT TO:<postmaster@>\r\n"));
    assert_string_equal(probe_command(probe) + strlen(probe_command(probe)) - 3, ">\r\n");
    probe_free(probe);
}

/* ---- thousands ---- */

/* A server of our own making; and what it has seen. */
struct model {
    size_t refuse_one_in; /* 0: none, 1: all */
    size_t errors_max;    /* 421 instead of one more error on a connection; 0: never */
    size_t recipients_max;
    size_t asked, connections, errors,
        recipients;                      /* the last two of this connection, transaction */
    size_t errors_seen, recipients_seen; /* the most of them */
};

static enum probe_step model_recipient(struct model *model, struct probe *probe)
{
    size_t domain =
        (size_t)strtoul(probe_command(probe) + strlen("RCPT TO:<postmaster@d"), NULL, 10);
    bool refused = model->refuse_one_in > 0 && domain % model->refuse_one_in == 0;

    model->asked++;
    if (model->recipients == model->recipients_max)
        return probe_reply(probe, 452, "too many recipients");
    if (!refused) {
        model->recipients++;
        if (model->recipients > model->recipients_seen)
            model->recipients_seen = model->recipients;
        return probe_reply(probe, 250, "");
    }
    model->errors++;
    if (model->errors > model->errors_seen)
        model->errors_seen = model->errors;
    if (model->errors_max > 0 && model->errors > model->errors_max)
        return probe_reply(probe, 421, "too many errors");
    return probe_reply(probe, 550, "no such domain");
}

static void run_model(struct model *model, struct probe *probe)
{
    enum probe_step step = PROBE_CONNECT;

    while (step != PROBE_END) {
        assert_true(model->asked < COMMANDS_MAX);
        if (step == PROBE_CONNECT) {
            assert_true(++model->connections < CONNECTIONS_MAX);
            model->errors = model->recipients = 0;
            step = probe_reply(probe, 220, "");
        } else if (step == PROBE_QUIT) {
            step = probe_parted(probe);
        } else if (text_starts_with(probe_command(probe), "RCPT")) {
            step = model_recipient(model, probe);
        } else {
            model->recipients = 0;
            step = probe_reply(probe, 250, "");
        }
    }
}

static void name_nodes(struct node *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        nodes[i].form = NODE_DOMAIN;
        (void)snprintf(nodes[i].name, sizeof nodes[i].name, "d%zu.test", i);
    }
}

struct thousands_row {
    const char *name;
    struct model model;
    size_t connections, asked;
};

static const struct thousands_row thousands_rows[] = {
    {"thousands, all accepted", {.recipients_max = 1000}, 1, DOMAINS_MAX},
    {"thousands, all refused",
     {.refuse_one_in = 1, .recipients_max = 1000},
     DOMAINS_MAX / 8,
     DOMAINS_MAX},
    {"thousands, one in ten refused",
     {.refuse_one_in = 10, .recipients_max = 1000},
     63,
     DOMAINS_MAX},
    {"thousands, cut off after 4 errors",
     {.refuse_one_in = 1, .recipients_max = 1000, .errors_max = 4},
     DOMAINS_MAX / 4,
     DOMAINS_MAX + DOMAINS_MAX / 5},
    {"thousands, ten recipients a transaction", {.recipients_max = 10}, 63, DOMAINS_MAX + 499},
    {"thousands, one recipient a transaction", {.recipients_max = 1}, 625, DOMAINS_MAX * 2 - 1},
};

static void test_thousands(void **state)
{
    static struct node nodes[DOMAINS_MAX];
    const struct thousands_row *row = *state;
    struct model model = row->model;

    name_nodes(nodes, DOMAINS_MAX);
    struct probe *probe = probe_new("host.test", nodes, DOMAINS_MAX);
    run_model(&model, probe);
    assert_null(probe_why(probe));
    for (size_t i = 0; i < DOMAINS_MAX; i++) {
        bool refused = model.refuse_one_in > 0 && i % model.refuse_one_in == 0;

        if (refused)
            assert_string_equal(probe_refusal(probe, i), "550 no such domain");
        else
            assert_null(probe_refusal(probe, i));
    }
    assert_true(model.errors_seen <= 8);
    assert_true(model.recipients_seen <= 50);
    assert_int_equal(model.connections, row->connections);
    assert_int_equal(model.asked, row->asked);
    probe_free(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_at_every_place),
        cmocka_unit_test(test_lost_at_every_step),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_long_names),
    };

    return unit_status(RUN_TABLE(rows, test_row) + RUN_TABLE(thousands_rows, test_thousands) +
                       cmocka_run_group_tests(tests, NULL, NULL));
}

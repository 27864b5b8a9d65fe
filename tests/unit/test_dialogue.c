/* dialogue: every node is asked, one at a time, whatever the others are answered and wherever the
 * connection is cut.
 *
 * A row's connections say what the server does with each command of each connection in turn: a code
 * is its reply, X cuts the connection instead, M leaves QUIT without an answer, - refuses the connection. Where the words run out,
 * ETRN gets 250 and QUIT 221. */
#include "random.h"
#include "unit.h"

#include <mxpull/base/compiler.h>
#include <mxpull/smtp/dialogue.h>

#include <stdio.h>

enum {
    NODES_MAX = 130,
    CONNECTIONS_MAX = 140,
    TEXT_SIZE = 4000
};

struct row {
    const char *name;
    size_t nodes, per_connection;
    const char *connections[8]; /* the last one given serves for all later ones */
    const char
        *asked; /* the nodes in the order of asking, "/" at each new connection, "q" for QUIT */
    const char
        *answers; /* outcome's first letter ("-" when it was left out) and code for each node */
};

static const struct row rows[] = {
    {"all well", 3, 8, {""}, "012q", "s250 s250 s250"},
    {"an answer decides no other",
     6,
     8,
     {"251 458 459 501 502 250"},
     "012345q",
     "e251 d458 d459 m501 u502 s250"},
    {"500 to the first node stops the host", 4, 8, {"500"}, "0q", "u500 -0 -0 -0"},
    {"502 does not, and makes no host known", 4, 8, {"502 500"}, "01q", "u502 u500 -0 -0"},
    {"500 is the node's own where ETRN was answered",
     4,
     8,
     {"250 500"},
     "0123q",
     "s250 u500 s250 s250"},
    {"500 is the node's own behind a refusal", 3, 8, {"459 500"}, "012q", "d459 u500 s250"},
    {"500 is the node's own on a later connection",
     3,
     1,
     {"501", "500"},
     "0q/1q/2q",
     "m501 u500 u500"},
    {"a node that was cut keeps that, with 500", 3, 8, {"X", "500"}, "0/1q", "x0 u500 -0"},
    {"530 does not stop", 3, 8, {"530 250 535"}, "012q", "a530 s250 a535"},
    {"enough on one connection", 5, 2, {""}, "01q/23q/4q", "s250 s250 s250 s250 s250"},
    {"exactly enough", 4, 2, {""}, "01q/23q", "s250 s250 s250 s250"},
    {"one each", 3, 1, {""}, "0q/1q/2q", "s250 s250 s250"},
    {"cut in the middle", 4, 8, {"250 250 X", ""}, "012/32q", "s250 s250 s250 s250"},
    {"421 in the middle", 4, 8, {"250 421", ""}, "01/23q/1q", "s250 s250 s250 s250"},
    {"421 to the first node", 3, 8, {"421", ""}, "0/120q", "s250 s250 s250"},
    {"cut at the first node", 3, 8, {"X", ""}, "0/120q", "s250 s250 s250"},
    {"421 to the first node always", 3, 8, {"421", "250 250 421"}, "0/120", "d421 s250 s250"},
    {"421 to all", 3, 8, {"421"}, "0/1", "d421 d421 -0"},
    {"cut at all", 3, 8, {"X"}, "0/1", "x0 x0 -0"},
    {"cut at the only node", 1, 8, {"X"}, "0/0", "x0"},
    {"cut at the only node once", 1, 8, {"X", ""}, "0/0q", "s250"},
    {"no connection", 3, 8, {"-"}, "", "x0 x0 x0"},
    {"no second connection", 3, 8, {"250 X", "-"}, "01//", "s250 x0 -0"},
    {"no second connection after a full one", 3, 1, {"", "-"}, "0q//", "s250 -0 -0"},
    {"no second connection once", 3, 1, {"", "-", ""}, "0q//1q/2q", "s250 s250 s250"},
    {"no connection after one that was cut", 3, 8, {"X", "-"}, "0/", "x0 -0 -0"},
    {"second connection brings nothing", 4, 8, {"250 X", "X"}, "01/2/3", "s250 x0 x0 x0"},
    {"first, and then alone again", 3, 1, {"X", "", "", "X"}, "0/1q/2q/0", "x0 s250 s250"},
    {"a node that makes the server hang up spoils no other",
     4,
     8,
     {"250 X", "", "X"},
     "01/23q/1",
     "s250 x0 s250 s250"},
    {"each connection answers one and is cut", 3, 8, {"250 X"}, "01/2q/1q", "s250 s250 s250"},
    {"a limit hits nobody twice",
     7,
     8,
     {"250 250 250 X"},
     "0123/456q/3q",
     "s250 s250 s250 s250 s250 s250 s250"},
    {"those that a limit has hit share a connection",
     9,
     8,
     {"250 250 421", "250 250 421", "250 250 421", ""},
     "012/345/678/25q/8q",
     "s250 s250 s250 s250 s250 s250 s250 s250 s250"},
    {"two bad ones in the middle",
     4,
     8,
     {"250 X", "X", "250", "X"},
     "01/2/3q/1/2",
     "s250 x0 x0 s250"},
    {"QUIT's answer decides nothing", 2, 1, {"250 X", "250 421"}, "0q/1q", "s250 s250"},
    {"554 to the last node, and QUIT is not answered", 2, 8, {"250 554 M"}, "01q", "s250 d554"},
    {"554 to the last node, and QUIT answered by 250", 2, 8, {"250 554 250"}, "01q", "s250 d554"},
    {"554 to the last node, and 421 to QUIT", 2, 8, {"250 554 421", ""}, "01q/1q", "s250 s250"},
    {"554 for one node", 3, 8, {"250 554 250"}, "012q", "s250 d554 s250"},
    {"554 for every node", 3, 8, {"554 554 554"}, "012q", "d554 d554 d554"},
    {"554 and the close (too many commands)",
     5,
     8,
     {"250 250 554 X", ""},
     "0123/43q/2q",
     "s250 s250 s250 s250 s250"},
    {"554 to the last node and the close",
     3,
     8,
     {"250 250 554 X", ""},
     "012q/2q",
     "s250 s250 s250"},
    {"554 again after it", 3, 8, {"250 250 554 X", "554"}, "012q/2q", "s250 s250 d554"},
    {"554 first and the close", 2, 8, {"554 X", "554 X"}, "01/1q", "d554 d554"},
    {"554 and the close, then no connection", 3, 8, {"250 554 X", "-"}, "012//", "s250 d554 x0"},
    {"550 and the close", 3, 8, {"250 550 X", ""}, "012/2q/1q", "s250 s250 s250"},
    {"554 and the close again and again",
     4,
     8,
     {"250 554 X"},
     "012/32q/1q/2q",
     "s250 s250 s250 s250"},
    {"421 behind a 554", 3, 8, {"250 554 421", ""}, "012/2q/1q", "s250 s250 s250"},
    {"459 and the close is the node's", 3, 8, {"250 459 X", ""}, "012/2q", "s250 d459 s250"},
    {"a code of no table", 2, 8, {"299 599"}, "01q", "s299 d599"},
    {"354 is no answer to ETRN", 2, 8, {"354 250"}, "01q", "p354 s250"},
};

/* What the server of a row does next; "" when it was not told. */
static void next_word(const char **script, char word[8])
{
    size_t size = strcspn(*script, " ");

    assert_true(size < 8);
    memcpy(word, *script, size);
    word[size] = '\0';
    *script += size;
    *script += strspn(*script, " ");
}

static enum dialogue_step serve(struct dialogue *dialogue, enum dialogue_step step,
                                const char **script)
{
    char word[8];

    next_word(script, word);
    if (step == DIALOGUE_PART || strcmp(word, "M") == 0)
        return dialogue_parted(dialogue);
    if (strcmp(word, "X") == 0)
        return dialogue_cut(dialogue, OUTCOME_UNREACHABLE, 0, "cut");
    if (word[0] == '\0')
        return dialogue_reply(dialogue, step == DIALOGUE_QUIT ? 221 : 250, "ok");
    return dialogue_reply(dialogue, (int)strtol(word, NULL, 10), "text");
}

static bool is_said(enum dialogue_step step)
{
    return step == DIALOGUE_ASK || step == DIALOGUE_QUIT || step == DIALOGUE_PART;
}

static void note_command(const struct dialogue *dialogue, enum dialogue_step step,
                         const struct node *nodes, char *asked)
{
    char expected[NODE_SIZE_MAX + 20];
    size_t used = strlen(asked), node;
    bool is_asking = dialogue_is_asking(dialogue, &node);

    assert_true(used + 8 < TEXT_SIZE);
    if (step != DIALOGUE_ASK) {
        assert_false(is_asking);
        (void)snprintf(asked + used, TEXT_SIZE - used, "q");
    } else {
        assert_true(is_asking);
        (void)snprintf(expected, sizeof expected, "ETRN %s\r\n", nodes[node].name);
        assert_string_equal(dialogue_command(dialogue), expected);
        (void)snprintf(asked + used, TEXT_SIZE - used, "%zu", node);
    }
}

/* Plays the row's server until the dialogue ends. Returns the number of connections. */
static size_t play(struct dialogue *dialogue, const struct node *nodes,
                   const char *const *connections, char *asked)
{
    enum dialogue_step step = DIALOGUE_CONNECT;
    size_t count = 0;

    while (step != DIALOGUE_END) {
        const char *script = connections[0];

        assert_true(count < CONNECTIONS_MAX);
        assert_int_equal(step, DIALOGUE_CONNECT);
        for (size_t i = 1; i <= count && connections[i] != NULL; i++)
            script = connections[i];
        if (count++ > 0)
            (void)strcat(asked, "/");
        step = *script == '-' ? dialogue_cut(dialogue, OUTCOME_UNREACHABLE, 0, "refused")
                              : dialogue_connected(dialogue);
        while (is_said(step)) {
            note_command(dialogue, step, nodes, asked);
            step = serve(dialogue, step, &script);
        }
    }
    return count;
}

static void name_nodes(struct node *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error error;
        char name[32];

        (void)snprintf(name, sizeof name, "d%zu.example", i);
        assert_int_equal(node_parse(&nodes[i], name, &error), STATUS_OK);
    }
}

/* Every answer is known, and was handed out exactly once. */
static void check_taken(struct dialogue *dialogue, size_t count)
{
    bool taken[NODES_MAX] = {false};
    size_t node, total = 0;

    while (dialogue_take(dialogue, &node)) {
        assert_true(dialogue_answer(dialogue, node)->known);
        assert_false(taken[node]);
        taken[node] = true;
        total++;
    }
    assert_int_equal(total, count);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct node nodes[NODES_MAX];
    char asked[TEXT_SIZE] = "", answers[TEXT_SIZE] = "";

    name_nodes(nodes, row->nodes);
    struct dialogue *dialogue = dialogue_new(nodes, row->nodes, row->per_connection, false);
    (void)play(dialogue, nodes, row->connections, asked);
    for (size_t i = 0; i < row->nodes; i++) {
        const struct answer *answer = dialogue_answer(dialogue, i);
        size_t used = strlen(answers);
        char letter =
            answer->outcome == OUTCOME_UNREACHABLE ? 'x' : outcome_name(answer->outcome)[0];

        if (answer->left_out)
            letter = '-';
        assert_int_equal(answer->left_out, answer->attempts == 0 && answer->text[0] == 'n');

        (void)snprintf(answers + used, sizeof answers - used, "%s%c%d", i > 0 ? " " : "", letter,
                       answer->code);
    }
    assert_string_equal(asked, row->asked);
    assert_string_equal(answers, row->answers);
    check_taken(dialogue, row->nodes);
    dialogue_free(dialogue);
}

/* ---- random servers ---- */

static uint64_t random_state;

static unsigned draw(unsigned bound)
{
    return (unsigned)random_below(&random_state, bound);
}

/* Whatever a server does, the dialogue ends, after a bounded number of connections, with every node
 * answered. */
static void test_random_servers(void **state)
{
    static const char *const words[] = {"250", "251", "253", "421", "458", "459", "500",
                                        "501", "550", "554", "X",   "X",   "-"};

    (void)state;
    random_state = random_begin();
    for (int round = 0; round < 20000; round++) {
        struct node nodes[10];
        char scripts[7][80] = {"", "", "", "", "", "", ""};
        const char *connections[8] = {scripts[0], scripts[1], scripts[2], scripts[3],
                                      scripts[4], scripts[5], scripts[6]};
        char asked[TEXT_SIZE] = "";

        for (size_t i = 0; i < 7; i++) {
            for (size_t j = 0; j < 8; j++)
                (void)strcat(strcat(scripts[i], words[draw(COUNT_OF(words))]), " ");
        }
        size_t count = 1 + draw(10);
        name_nodes(nodes, count);
        struct dialogue *dialogue = dialogue_new(nodes, count, 1 + draw(9), draw(2) == 0);
        assert_true(play(dialogue, nodes, connections, asked) <= 2 * count + 1);
        check_taken(dialogue, count);
        dialogue_free(dialogue);
    }
}

/* A server that answers by the node: the bad ones end the connection, and so does, behind so many
 * answers, its own limit. */
struct server {
    char kinds[NODES_MAX]; /* g good, r refused, x closed, 4 by a 421, d 554 and closed behind it */
    size_t limit;          /* SIZE_MAX: none */
    char how;              /* the limit ends a connection: x, 4 or d */
    size_t heads[NODES_MAX], asked[NODES_MAX];
    size_t connections, fruitless;
    bool is_given_up; /* two in a row brought nothing */
};

/* One connection: the node that each command names, until it ends. */
static enum dialogue_step serve_connection(struct server *server, struct dialogue *dialogue)
{
    enum dialogue_step step = dialogue_connected(dialogue);
    size_t answers = 0;
    bool is_dying = false;

    for (size_t said = 0; is_said(step); said++) {
        if (step == DIALOGUE_PART) {
            step = dialogue_parted(dialogue);
            break;
        }
        size_t node;
        bool is_asking = dialogue_is_asking(dialogue, &node);
        char kind = server->kinds[node];

        if (is_asking) {
            server->heads[node] += said == 0;
            server->asked[node]++;
            kind = said >= server->limit ? server->how : kind;
        }
        if (is_dying || (is_asking && kind == 'x'))
            step = dialogue_cut(dialogue, OUTCOME_UNREACHABLE, 0, "closed");
        else if (!is_asking)
            step = dialogue_reply(dialogue, 221, "bye");
        else if (kind == '4')
            step = dialogue_reply(dialogue, 421, "closing");
        else
            step = dialogue_reply(dialogue, kind == 'g' ? 250 : kind == 'r' ? 459 : 554, "text");
        answers += is_asking && !is_dying && strchr("grd", kind) != NULL;
        is_dying = is_dying || kind == 'd';
    }
    server->fruitless = answers == 0 ? server->fruitless + 1 : 0;
    server->is_given_up = server->is_given_up || server->fruitless == 2;
    return step;
}

static void draw_server(struct server *server, size_t count)
{
    static const char kinds[] = "ggggggrrx4d";
    unsigned bad = 1 + draw(sizeof kinds - 1);

    *server = (struct server){.limit = SIZE_MAX, .how = "x4d"[draw(3)]};
    for (size_t i = 0; i < count; i++)
        server->kinds[i] = kinds[draw(3) == 0 ? draw(sizeof kinds - 1) : bad - 1];
    if (draw(2) == 0)
        server->limit = 1 + draw(9);
}

static void check_fair(const struct server *server, const struct dialogue *dialogue, size_t count)
{
    bool has_doubtful = server->how == 'd' || memchr(server->kinds, 'd', count) != NULL;

    assert_true(server->connections <= 2 * count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct answer *answer = dialogue_answer(dialogue, i);

        assert_int_equal(answer->attempts, server->asked[i]);
        if (strchr("x4", server->kinds[i]) != NULL)
            assert_true(server->heads[i] <= 2 && (has_doubtful || server->asked[i] <= 3));
        if (answer->left_out) {
            assert_true(server->is_given_up);
            assert_int_equal(answer->outcome, OUTCOME_DEFERRED);
            assert_int_equal(answer->attempts, 0);
            assert_non_null(strstr(answer->text, "not asked: "));
        } else {
            assert_true(answer->attempts > 0);
        }
        if (!server->is_given_up && strchr("gr", server->kinds[i]) != NULL)
            assert_int_equal(answer->code, server->kinds[i] == 'g' ? 250 : 459);
    }
}

/* Every good node is answered, whatever the bad ones and a limit of the server do, unless two
 * connections in a row have brought nothing. */
static void test_random_nodes(void **state)
{
    (void)state;
    random_state = random_begin();
    for (int round = 0; round < 40000; round++) {
        struct server server;
        struct node nodes[NODES_MAX];
        size_t count = 1 + draw(24);
        enum dialogue_step step = DIALOGUE_CONNECT;

        draw_server(&server, count);
        name_nodes(nodes, count);
        struct dialogue *dialogue = dialogue_new(nodes, count, 1 + draw(12), true);
        while (step == DIALOGUE_CONNECT) {
            assert_false(server.is_given_up);
            assert_true(server.connections++ < CONNECTIONS_MAX);
            step = serve_connection(&server, dialogue);
        }
        assert_int_equal(step, DIALOGUE_END);
        check_taken(dialogue, count);
        check_fair(&server, dialogue, count);
        dialogue_free(dialogue);
    }
}

/* ---- one at a time ---- */

static void test_stop_while_asking(void **state)
{
    struct node nodes[3];

    (void)state;
    name_nodes(nodes, 3);
    struct dialogue *dialogue = dialogue_new(nodes, 3, 8, false);
    assert_int_equal(dialogue_connected(dialogue), DIALOGUE_ASK);
    assert_int_equal(dialogue_stop(dialogue, OUTCOME_INTERRUPTED, "stopped"), DIALOGUE_QUIT);
    assert_int_equal(dialogue_reply(dialogue, 250, "learnt"), DIALOGUE_END);
    assert_int_equal(dialogue_answer(dialogue, 0)->outcome, OUTCOME_STARTED);
    assert_int_equal(dialogue_answer(dialogue, 1)->outcome, OUTCOME_INTERRUPTED);
    check_taken(dialogue, 3);
    dialogue_free(dialogue);
}

/* A node that was cut before has no answer of its own then. */
static void test_stop_after_a_cut(void **state)
{
    struct node nodes[2];

    (void)state;
    name_nodes(nodes, 2);
    struct dialogue *dialogue = dialogue_new(nodes, 2, 8, false);
    (void)dialogue_connected(dialogue);
    assert_int_equal(dialogue_cut(dialogue, OUTCOME_TIMEOUT, 0, "silent"), DIALOGUE_CONNECT);
    assert_int_equal(dialogue_stop(dialogue, OUTCOME_INTERRUPTED, "stopped"), DIALOGUE_END);
    assert_int_equal(dialogue_answer(dialogue, 0)->outcome, OUTCOME_INTERRUPTED);
    assert_int_equal(dialogue_answer(dialogue, 0)->attempts, 1);
    assert_int_equal(dialogue_answer(dialogue, 1)->outcome, OUTCOME_INTERRUPTED);
    check_taken(dialogue, 2);
    dialogue_free(dialogue);
}

static void test_stop_apart(void **state)
{
    struct node nodes[2];

    (void)state;
    name_nodes(nodes, 2);
    struct dialogue *dialogue = dialogue_new(nodes, 2, 8, false);
    assert_int_equal(dialogue_stop(dialogue, OUTCOME_INTERRUPTED, "stopped"), DIALOGUE_END);
    check_taken(dialogue, 2);
    dialogue_free(dialogue);
}

static void test_decline(void **state)
{
    struct node nodes[2];

    (void)state;
    name_nodes(nodes, 2);
    struct dialogue *dialogue = dialogue_new(nodes, 2, 8, false);
    assert_int_equal(dialogue_decline(dialogue, OUTCOME_UNSUPPORTED, "not offered"), DIALOGUE_PART);
    assert_int_equal(dialogue_parted(dialogue), DIALOGUE_END);
    assert_int_equal(dialogue_answer(dialogue, 1)->attempts, 0);
    check_taken(dialogue, 2);
    dialogue_free(dialogue);
}

/* What is left out says why: where the connections ended. */
static void test_left_out_says_why(void **state)
{
    struct node nodes[3];

    (void)state;
    name_nodes(nodes, 3);
    struct dialogue *dialogue = dialogue_new(nodes, 3, 8, false);
    (void)dialogue_connected(dialogue);
    (void)dialogue_reply(dialogue, 421, "4.3.2 closing\nnow");
    (void)dialogue_connected(dialogue);
    assert_int_equal(dialogue_cut(dialogue, OUTCOME_TIMEOUT, 0, "silent"), DIALOGUE_END);
    assert_string_equal(
        dialogue_answer(dialogue, 2)->text,
        "not asked: one connection ended at d0.example (421 4.3.2 closing), the next "
        "at d1.example (silent)");
    assert_string_equal(dialogue_answer(dialogue, 1)->text, "silent");
    assert_int_equal(dialogue_answer(dialogue, 0)->code, 421);
    dialogue_free(dialogue);
}

/* A command that was not sent after all has named nobody, and nobody is to blame. */
static void test_withdraw(void **state)
{
    struct node nodes[2];

    (void)state;
    name_nodes(nodes, 2);
    struct dialogue *dialogue = dialogue_new(nodes, 2, 8, false);
    size_t node;
    (void)dialogue_connected(dialogue);
    assert_int_equal(dialogue_reply(dialogue, 250, "ok"), DIALOGUE_ASK);
    dialogue_withdraw(dialogue);
    assert_int_equal(dialogue_cut(dialogue, OUTCOME_DEFERRED, 421, "enough"), DIALOGUE_CONNECT);
    assert_int_equal(dialogue_connected(dialogue), DIALOGUE_ASK);
    assert_true(dialogue_is_asking(dialogue, &node));
    assert_int_equal(node, 1);
    assert_int_equal(dialogue_reply(dialogue, 250, "ok"), DIALOGUE_PART);
    assert_int_equal(dialogue_parted(dialogue), DIALOGUE_END);
    assert_int_equal(dialogue_answer(dialogue, 1)->attempts, 1);
    check_taken(dialogue, 2);
    dialogue_free(dialogue);
}

/* A host that has answered ETRN in an earlier poll knows it. */
static void test_500_of_a_known_host(void **state)
{
    struct node nodes[2];

    (void)state;
    name_nodes(nodes, 2);
    struct dialogue *dialogue = dialogue_new(nodes, 2, 8, true);
    (void)dialogue_connected(dialogue);
    assert_int_equal(dialogue_reply(dialogue, 500, "what?"), DIALOGUE_ASK);
    assert_string_equal(dialogue_command(dialogue), "ETRN d1.example\r\n");
    assert_int_equal(dialogue_reply(dialogue, 250, "ok"), DIALOGUE_PART);
    assert_int_equal(dialogue_answer(dialogue, 0)->code, 500);
    assert_int_equal(dialogue_answer(dialogue, 1)->code, 250);
    dialogue_free(dialogue);
}

static void test_pending_count_is_read(void **state)
{
    struct node nodes[1];

    (void)state;
    name_nodes(nodes, 1);
    struct dialogue *dialogue = dialogue_new(nodes, 1, 8, false);
    (void)dialogue_connected(dialogue);
    (void)dialogue_reply(dialogue, 253, "OK, 7 pending messages for node d0.example started");
    assert_int_equal(dialogue_answer(dialogue, 0)->pending, 7);
    dialogue_free(dialogue);
}

static void test_text_is_bounded(void **state)
{
    static char text[5000];
    struct node nodes[1];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    name_nodes(nodes, 1);
    struct dialogue *dialogue = dialogue_new(nodes, 1, 8, false);
    (void)dialogue_connected(dialogue);
    (void)dialogue_reply(dialogue, 250, text);
    assert_int_equal(strlen(dialogue_answer(dialogue, 0)->text), ANSWER_TEXT_SIZE_MAX);
    dialogue_free(dialogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_servers),      cmocka_unit_test(test_random_nodes),
        cmocka_unit_test(test_stop_while_asking),   cmocka_unit_test(test_stop_after_a_cut),
        cmocka_unit_test(test_stop_apart),          cmocka_unit_test(test_decline),
        cmocka_unit_test(test_left_out_says_why),   cmocka_unit_test(test_withdraw),
        cmocka_unit_test(test_500_of_a_known_host), cmocka_unit_test(test_pending_count_is_read),
        cmocka_unit_test(test_text_is_bounded),
    };

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

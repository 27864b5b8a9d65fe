/* Asks a list of nodes by ETRN (RFC 1985): one at a time, never pipelined (Exim 4.96 answers
 * pipelined ones too often), each of them whatever the others were answered, on as many connections
 * as it takes.
 *
 *            connected                 list done, or enough asked
 *   APART -------------> ASKING ----------------------------------> QUITTING --> APART, or the end
 *     ^                  |    ^ reply: next node
 *     +------------------+----+
 *       cut or 421: the nodes without an answer go to a new connection
 *
 * A connection is cut for the node that it was asked last, or for a limit of the server. A node that was
 * the first of its connection has only itself to blame, and is blamed twice as much as one in the
 * middle of a list. Nodes are asked in the order of their blame, so that one which makes a server hang
 * up keeps no other from being asked; a node with enough blame has its answer: the way it was cut.
 * A node with blame is asked only where the connection has brought fewer answers than any that was cut
 * in the middle, so that a limit of the server does not hit it again.
 *
 * Nothing loops: two connections in a row without an answer that stays end the attempts, and so does a
 * first one that could not be made. What was never asked by then is told as left out.
 *
 * A 550 or 554 may speak of the node or of the session ("too many commands", then the close; Exim).
 * Only what comes next tells: it is held back as doubtful until the connection has answered one
 * more command. If it was cut instead, the node is asked again, unless the refusal was the first
 * thing that the connection answered. */
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/smtp/dialogue.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COMMAND_SIZE = NODE_SIZE_MAX + sizeof "ETRN \r\n",
    BLAME_MIDDLE = 1,
    BLAME_FIRST = 2,
    BLAME_ENOUGH = 3,
    FRUITLESS_MAX = 2, /* connections in a row */
    PLACE_SIZE = NODE_SIZE_MAX + 160
};

enum state {
    APART,
    ASKING,
    QUITTING
};

/* Node indexes, first in, first out; each node is in it at most once. */
struct queue {
    size_t *nodes;
    size_t size, first, count;
};

struct dialogue {
    const struct node *nodes; /* borrowed */
    size_t count, per_connection;
    struct answer *answers;
    unsigned *blame;                    /* of each node */
    struct queue waiting[BLAME_ENOUGH]; /* nodes that are to be asked, by their blame */
    struct queue known;                 /* nodes whose answer stands and was not taken yet */
    enum state state;
    size_t current;    /* the node that was asked last */
    bool current_open; /* its reply is still to come */
    size_t doubtful;   /* the node whose refusal is held back */
    bool has_doubtful;
    size_t asked_here;    /* on this connection */
    size_t answered_here; /* on this connection, a doubtful answer included */
    size_t limit;         /* the fewest answers behind which a connection was cut in the middle */
    bool has_connected;
    bool understood; /* the host has answered ETRN otherwise than by 500 and 502 */
    size_t fruitless;
    char places[FRUITLESS_MAX][PLACE_SIZE]; /* where these connections ended */
    char command[COMMAND_SIZE];
};

static void queue_init(struct queue *queue, size_t size)
{
    *queue = (struct queue){.nodes = memory_new(size, sizeof *queue->nodes), .size = size};
}

static void queue_put(struct queue *queue, size_t node)
{
    assert(queue->count < queue->size);
    queue->nodes[(queue->first + queue->count) % queue->size] = node;
    queue->count++;
}

static bool queue_take(struct queue *queue, size_t *node)
{
    if (queue->count == 0)
        return false;
    *node = queue->nodes[queue->first];
    queue->first = (queue->first + 1) % queue->size;
    queue->count--;
    return true;
}

static void queue_put_first(struct queue *queue, size_t node)
{
    assert(queue->count < queue->size);
    queue->first = (queue->first + queue->size - 1) % queue->size;
    queue->nodes[queue->first] = node;
    queue->count++;
}

struct dialogue *dialogue_new(const struct node *nodes, size_t count, size_t per_connection,
                              bool understood)
{
    struct dialogue *dialogue = memory_new(1, sizeof *dialogue);

    dialogue->nodes = nodes;
    dialogue->count = count;
    dialogue->per_connection = per_connection;
    dialogue->understood = understood;
    dialogue->limit = SIZE_MAX;
    dialogue->answers = memory_new(count, sizeof *dialogue->answers);
    dialogue->blame = memory_new(count, sizeof *dialogue->blame);
    for (size_t i = 0; i < BLAME_ENOUGH; i++)
        queue_init(&dialogue->waiting[i], count);
    queue_init(&dialogue->known, count);
    for (size_t i = 0; i < count; i++) {
        dialogue->answers[i].pending = -1;
        queue_put(&dialogue->waiting[0], i);
    }
    return dialogue;
}

void dialogue_free(struct dialogue *dialogue)
{
    if (dialogue == NULL)
        return;
    for (size_t i = 0; i < dialogue->count; i++)
        free(dialogue->answers[i].text);
    for (size_t i = 0; i < BLAME_ENOUGH; i++)
        free(dialogue->waiting[i].nodes);
    free(dialogue->answers);
    free(dialogue->blame);
    free(dialogue->known.nodes);
    free(dialogue);
}

static bool is_waiting(const struct dialogue *dialogue)
{
    bool is_waiting = false;

    for (size_t i = 0; i < BLAME_ENOUGH; i++)
        is_waiting = is_waiting || dialogue->waiting[i].count > 0;
    return is_waiting;
}

static bool take_waiting(struct dialogue *dialogue, size_t *node)
{
    for (size_t i = 0; i < BLAME_ENOUGH; i++) {
        if (queue_take(&dialogue->waiting[i], node))
            return true;
    }
    return false;
}

/* Writes down what was answered; it becomes known by settle. */
static void note(struct dialogue *dialogue, size_t node, enum outcome outcome, int code,
                 const char *text)
{
    struct answer *answer = &dialogue->answers[node];
    char kept[ANSWER_TEXT_SIZE_MAX + 1];

    free(answer->text);
    answer->text = memory_copy(text_copy_cut(kept, sizeof kept, text));
    answer->outcome = outcome;
    answer->code = code;
    answer->pending = code == 253 ? outcome_pending_count(text) : -1;
}

static void settle(struct dialogue *dialogue, size_t node)
{
    dialogue->answers[node].known = true;
    queue_put(&dialogue->known, node);
}

/* Whether the refusal may speak of the session. */
static bool is_doubtful(int code)
{
    return code == 550 || code == 554;
}

/* All nodes that wait get this answer. */
static void settle_waiting(struct dialogue *dialogue, enum outcome outcome, const char *text)
{
    size_t node;

    while (take_waiting(dialogue, &node)) {
        /* A refusal that was taken back stands: nothing has contradicted it. */
        if (!is_doubtful(dialogue->answers[node].code))
            note(dialogue, node, outcome, 0, text);
        settle(dialogue, node);
    }
}

/* The same for those that nothing was heard of; the others keep what was. */
static void leave_out_waiting(struct dialogue *dialogue, enum outcome outcome, const char *text)
{
    size_t node;

    while (take_waiting(dialogue, &node)) {
        dialogue->answers[node].left_out = dialogue->answers[node].text == NULL;
        if (dialogue->answers[node].left_out)
            note(dialogue, node, outcome, 0, text);
        settle(dialogue, node);
    }
}

static void settle_doubtful(struct dialogue *dialogue)
{
    if (dialogue->has_doubtful)
        settle(dialogue, dialogue->doubtful);
    dialogue->has_doubtful = false;
}

static enum dialogue_step quit(struct dialogue *dialogue)
{
    (void)snprintf(dialogue->command, sizeof dialogue->command, "QUIT\r\n");
    dialogue->state = QUITTING;
    return DIALOGUE_SEND;
}

/* Whether the next node is to be asked on this connection. */
static bool may_ask(const struct dialogue *dialogue)
{
    return is_waiting(dialogue) && dialogue->asked_here < dialogue->per_connection &&
           (dialogue->waiting[0].count > 0 || dialogue->answered_here < dialogue->limit);
}

static enum dialogue_step ask_next(struct dialogue *dialogue)
{
    if (!may_ask(dialogue))
        return quit(dialogue);
    (void)take_waiting(dialogue, &dialogue->current);
    (void)snprintf(dialogue->command, sizeof dialogue->command, "ETRN %s\r\n",
                   dialogue->nodes[dialogue->current].name);
    dialogue->asked_here++;
    dialogue->answers[dialogue->current].attempts++;
    dialogue->current_open = true;
    dialogue->state = ASKING;
    return DIALOGUE_SEND;
}

static enum dialogue_step leave(struct dialogue *dialogue)
{
    if (dialogue->answered_here > 0)
        dialogue->fruitless = 0;
    dialogue->state = APART;
    dialogue->asked_here = dialogue->answered_here = 0;
    return is_waiting(dialogue) ? DIALOGUE_CONNECT : DIALOGUE_END;
}

enum dialogue_step dialogue_connected(struct dialogue *dialogue)
{
    dialogue->has_connected = true;
    return ask_next(dialogue);
}

enum dialogue_step dialogue_decline(struct dialogue *dialogue, enum outcome outcome,
                                    const char *text)
{
    settle_waiting(dialogue, outcome, text);
    return dialogue_connected(dialogue);
}

/* The reply to the node that was asked last, which is not a 421. */
static void answered(struct dialogue *dialogue, int code, const char *text)
{
    size_t node = dialogue->current;

    settle_doubtful(dialogue);
    note(dialogue, node, outcome_of_reply(VERB_ETRN, code), code, text);
    dialogue->current_open = false;
    dialogue->answered_here++;
    dialogue->has_doubtful = is_doubtful(code);
    if (dialogue->has_doubtful)
        dialogue->doubtful = node;
    else
        settle(dialogue, node);
    if (code != 500 && code != 502)
        dialogue->understood = true;
    if (code == 500 && !dialogue->understood) /* RFC 1985 5.2: the host does not know ETRN */
        leave_out_waiting(dialogue, OUTCOME_UNSUPPORTED,
                          "not asked, for ETRN was answered by 500 before");
}

enum dialogue_step dialogue_reply(struct dialogue *dialogue, int code, const char *text)
{
    if (code == 421)
        return dialogue_cut(dialogue, OUTCOME_DEFERRED, code, text);
    if (dialogue->current_open) {
        answered(dialogue, code, text);
        if (dialogue->state != QUITTING)
            return ask_next(dialogue);
        return dialogue->has_doubtful ? DIALOGUE_WAIT : leave(dialogue);
    }
    settle_doubtful(dialogue);
    return leave(dialogue);
}

/* The connection was cut in the middle of a list. */
static void note_limit(struct dialogue *dialogue)
{
    if (dialogue->answered_here < dialogue->limit)
        dialogue->limit = dialogue->answered_here;
}

/* Takes back a refusal that seems to have been the session's and not the node's. */
static void judge_doubtful(struct dialogue *dialogue)
{
    if (dialogue->has_doubtful && dialogue->answered_here > 1) {
        dialogue->answered_here--;
        dialogue->has_doubtful = false;
        note_limit(dialogue);
        queue_put(&dialogue->waiting[BLAME_MIDDLE], dialogue->doubtful);
    }
    settle_doubtful(dialogue);
}

/* The connection was cut while a node waited for its answer. Behind a doubtful refusal that was to be
 * expected. */
static void blame_current(struct dialogue *dialogue, enum outcome outcome, int code,
                          const char *text)
{
    size_t node = dialogue->current;
    bool is_first = dialogue->asked_here == 1;

    dialogue->current_open = false;
    note(dialogue, node, outcome, code, text);
    if (!is_first && !dialogue->has_doubtful) {
        note_limit(dialogue);
        dialogue->blame[node] += BLAME_MIDDLE;
    } else if (is_first) {
        dialogue->blame[node] += BLAME_FIRST;
    }
    if (dialogue->blame[node] < BLAME_ENOUGH)
        queue_put(&dialogue->waiting[dialogue->blame[node]], node);
    else
        settle(dialogue, node);
}

/* Remembers where a connection without an answer has ended, and how. */
static void note_fruitless(struct dialogue *dialogue, int code, const char *text)
{
    assert(dialogue->fruitless < FRUITLESS_MAX);
    char *place = dialogue->places[dialogue->fruitless++];
    char digits[8] = "";
    const char *where =
        dialogue->asked_here > 0 ? dialogue->nodes[dialogue->current].name : "its start";

    if (code != 0)
        (void)snprintf(digits, sizeof digits, "%d ", code);
    (void)snprintf(place, PLACE_SIZE, "at %s (%s%.*s)", where, digits, (int)strcspn(text, "\n"),
                   text);
}

/* What was not asked by now will not be. */
static void give_up(struct dialogue *dialogue)
{
    char text[2 * PLACE_SIZE + 64];

    (void)snprintf(text, sizeof text, "not asked: one connection ended %s, the next %s",
                   dialogue->places[0], dialogue->places[1]);
    leave_out_waiting(dialogue, OUTCOME_DEFERRED, text);
}

enum dialogue_step dialogue_cut(struct dialogue *dialogue, enum outcome outcome, int code,
                                const char *text)
{
    size_t node;

    if (dialogue->current_open)
        blame_current(dialogue, outcome, code, text);
    judge_doubtful(dialogue);
    if (dialogue->answered_here == 0)
        note_fruitless(dialogue, code, text);
    while (!dialogue->has_connected && take_waiting(dialogue, &node)) {
        note(dialogue, node, outcome, code, text);
        settle(dialogue, node);
    }
    if (dialogue->fruitless == FRUITLESS_MAX)
        give_up(dialogue);
    return leave(dialogue);
}

enum dialogue_step dialogue_parted(struct dialogue *dialogue)
{
    settle_doubtful(dialogue);
    return leave(dialogue);
}

void dialogue_withdraw(struct dialogue *dialogue)
{
    size_t node = dialogue->current;

    if (!dialogue->current_open)
        return;
    dialogue->current_open = false;
    dialogue->asked_here--;
    dialogue->answers[node].attempts--;
    queue_put_first(&dialogue->waiting[dialogue->blame[node]], node);
}

enum dialogue_step dialogue_stop(struct dialogue *dialogue, enum outcome outcome, const char *text)
{
    settle_waiting(dialogue, outcome, text);
    if (dialogue->state == APART)
        return DIALOGUE_END;
    return dialogue->state == QUITTING ? DIALOGUE_WAIT : quit(dialogue);
}

const char *dialogue_command(const struct dialogue *dialogue)
{
    return dialogue->command;
}

bool dialogue_is_quitting(const struct dialogue *dialogue)
{
    return dialogue->state == QUITTING;
}

bool dialogue_needs_reply(const struct dialogue *dialogue)
{
    return dialogue->state != QUITTING || dialogue->current_open || dialogue->has_doubtful;
}

size_t dialogue_node(const struct dialogue *dialogue)
{
    return dialogue->current;
}

bool dialogue_is_asking(const struct dialogue *dialogue)
{
    return dialogue->current_open;
}

const struct answer *dialogue_answer(const struct dialogue *dialogue, size_t index)
{
    return &dialogue->answers[index];
}

bool dialogue_take(struct dialogue *dialogue, size_t *index)
{
    return queue_take(&dialogue->known, index);
}

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
 * Nothing loops: a new connection is only asked for when the last one brought an answer that stays.
 * The node that was being asked when a connection was cut goes to the end of the queue, so that a
 * node which makes a server hang up does not keep those behind it from being asked; unless it is
 * the very first one, for a connection without any answer ends the attempts.
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
    COMMAND_SIZE = NODE_SIZE_MAX + sizeof "ETRN \r\n"
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
    struct queue waiting; /* nodes that are to be asked */
    struct queue known;   /* nodes whose answer stands and was not taken yet */
    enum state state;
    size_t current;    /* the node that was asked last */
    bool current_open; /* its reply is still to come */
    size_t doubtful;   /* the node whose refusal is held back */
    bool has_doubtful;
    size_t asked_here;    /* on this connection */
    size_t answered_here; /* on this connection, a doubtful answer included */
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

struct dialogue *dialogue_new(const struct node *nodes, size_t count, size_t per_connection)
{
    struct dialogue *dialogue = memory_new(1, sizeof *dialogue);

    dialogue->nodes = nodes;
    dialogue->count = count;
    dialogue->per_connection = per_connection;
    dialogue->answers = memory_new(count, sizeof *dialogue->answers);
    queue_init(&dialogue->waiting, count);
    queue_init(&dialogue->known, count);
    for (size_t i = 0; i < count; i++) {
        dialogue->answers[i].pending = -1;
        queue_put(&dialogue->waiting, i);
    }
    return dialogue;
}

void dialogue_free(struct dialogue *dialogue)
{
    if (dialogue == NULL)
        return;
    for (size_t i = 0; i < dialogue->count; i++)
        free(dialogue->answers[i].text);
    free(dialogue->answers);
    free(dialogue->waiting.nodes);
    free(dialogue->known.nodes);
    free(dialogue);
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

static void settle_waiting(struct dialogue *dialogue, enum outcome outcome, int code,
                           const char *text)
{
    size_t node;

    while (queue_take(&dialogue->waiting, &node)) {
        if (dialogue->answers[node].text ==
            NULL) /* else a refusal that was taken back, and that nothing has contradicted */
            note(dialogue, node, outcome, code, text);
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

static enum dialogue_step ask_next(struct dialogue *dialogue)
{
    if (dialogue->asked_here == dialogue->per_connection ||
        !queue_take(&dialogue->waiting, &dialogue->current))
        return quit(dialogue);
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
    dialogue->state = APART;
    dialogue->answered_here = 0;
    return dialogue->waiting.count > 0 ? DIALOGUE_CONNECT : DIALOGUE_END;
}

enum dialogue_step dialogue_connected(struct dialogue *dialogue)
{
    dialogue->asked_here = 0;
    return ask_next(dialogue);
}

enum dialogue_step dialogue_decline(struct dialogue *dialogue, enum outcome outcome,
                                    const char *text)
{
    settle_waiting(dialogue, outcome, 0, text);
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
    dialogue->has_doubtful = code == 550 || code == 554;
    if (dialogue->has_doubtful)
        dialogue->doubtful = node;
    else
        settle(dialogue, node);
    if (code == 500) /* RFC 1985 5.2: stop asking this host for its remaining aliases */
        settle_waiting(dialogue, OUTCOME_UNSUPPORTED, 0,
                       "not asked, for ETRN was answered by 500 before");
}

enum dialogue_step dialogue_reply(struct dialogue *dialogue, int code, const char *text)
{
    if (code == 421)
        return dialogue_cut(dialogue, OUTCOME_DEFERRED, code, text);
    if (dialogue->current_open) {
        answered(dialogue, code, text);
        return dialogue->state == QUITTING ? DIALOGUE_WAIT : ask_next(dialogue);
    }
    settle_doubtful(dialogue);
    return leave(dialogue);
}

/* Takes back a refusal that seems to have been the session's and not the node's. */
static void judge_doubtful(struct dialogue *dialogue)
{
    if (dialogue->has_doubtful && dialogue->answered_here > 1) {
        dialogue->answered_here--;
        dialogue->has_doubtful = false;
        queue_put(&dialogue->waiting, dialogue->doubtful);
    }
    settle_doubtful(dialogue);
}

enum dialogue_step dialogue_cut(struct dialogue *dialogue, enum outcome outcome, int code,
                                const char *text)
{
    judge_doubtful(dialogue);
    if (dialogue->current_open)
        queue_put(&dialogue->waiting, dialogue->current);
    dialogue->current_open = false;
    if (dialogue->answered_here == 0)
        settle_waiting(dialogue, outcome, code, text);
    return leave(dialogue);
}

enum dialogue_step dialogue_stop(struct dialogue *dialogue, enum outcome outcome, const char *text)
{
    settle_waiting(dialogue, outcome, 0, text);
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

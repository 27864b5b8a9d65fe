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
 * Which node is asked next, and when the attempts end, so that one which makes the server hang up keeps
 * no other from being asked, is decided by attempts.c. A first connection that could not be made ends
 * them as well. What was never asked by then is told as left out.
 *
 * A 550 or 554 may speak of the node or of the session ("too many commands", then the close; Exim).
 * Only what comes next tells: it is held back as doubtful until the connection has answered one
 * more command. If it was cut instead, the node is asked again, unless the refusal was the first
 * thing that the connection answered. */
#include "attempts.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/smtp/dialogue.h>

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

struct dialogue {
    const struct node *nodes; /* borrowed */
    size_t count, per_connection;
    struct answer *answers;
    struct attempts attempts; /* its current item: the node that was asked last */
    size_t *known;            /* nodes whose answer stands, in that order */
    size_t known_count, taken_count;
    enum state state;
    bool is_asking;  /* its reply is still to come */
    size_t doubtful; /* the node whose refusal is held back */
    bool has_doubtful;
    bool has_connected;
    bool understood; /* the host has answered ETRN otherwise than by 500 and 502 */
    char command[COMMAND_SIZE];
};

struct dialogue *dialogue_new(const struct node *nodes, size_t count, size_t per_connection,
                              bool understood)
{
    struct dialogue *dialogue = memory_new(1, sizeof *dialogue);

    dialogue->nodes = nodes;
    dialogue->count = count;
    dialogue->per_connection = per_connection;
    dialogue->understood = understood;
    dialogue->answers = memory_new(count, sizeof *dialogue->answers);
    dialogue->known = memory_new(count, sizeof *dialogue->known);
    attempts_init(&dialogue->attempts, count);
    for (size_t i = 0; i < count; i++)
        dialogue->answers[i].pending = -1;
    return dialogue;
}

void dialogue_free(struct dialogue *dialogue)
{
    if (dialogue == NULL)
        return;
    for (size_t i = 0; i < dialogue->count; i++)
        free(dialogue->answers[i].text);
    attempts_done(&dialogue->attempts);
    free(dialogue->answers);
    free(dialogue->known);
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
    dialogue->known[dialogue->known_count++] = node;
}

/* Whether the refusal may speak of the session. */
static bool is_doubtful(int code)
{
    return code == 550 || code == 554;
}

/* All nodes that wait get this answer, but for those of which a refusal was taken back: nothing has
 * contradicted it. left_out: the others keep what was heard of them, too. */
static void settle_waiting(struct dialogue *dialogue, enum outcome outcome, int code,
                           const char *text, bool left_out)
{
    size_t node;

    while (attempts_take(&dialogue->attempts, &node)) {
        struct answer *answer = &dialogue->answers[node];

        if (answer->text == NULL || !(left_out || is_doubtful(answer->code))) {
            note(dialogue, node, outcome, code, text);
            answer->left_out = left_out;
        }
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
    dialogue->state = QUITTING;
    return dialogue->is_asking || dialogue->has_doubtful ? DIALOGUE_QUIT : DIALOGUE_PART;
}

static enum dialogue_step ask_next(struct dialogue *dialogue)
{
    struct attempts *attempts = &dialogue->attempts;

    if (!attempts_may_ask(attempts) || attempts->asked_here == dialogue->per_connection)
        return quit(dialogue);
    size_t node = attempts_ask(attempts);
    (void)snprintf(dialogue->command, sizeof dialogue->command, "ETRN %s\r\n",
                   dialogue->nodes[node].name);
    dialogue->answers[node].attempts++;
    dialogue->is_asking = true;
    dialogue->state = ASKING;
    return DIALOGUE_ASK;
}

/* The connection is over; text and code (0: none) say why, which is told if it has brought nothing. */
static enum dialogue_step leave(struct dialogue *dialogue, int code, const char *text)
{
    struct attempts *attempts = &dialogue->attempts;
    char reason[ATTEMPTS_TEXT_SIZE], left_out[ATTEMPTS_TEXT_SIZE + sizeof "not asked: "];

    if (code != 0)
        (void)snprintf(reason, sizeof reason, "%d %s", code, text);
    dialogue->state = APART;
    const char *why = attempts_leave(attempts, dialogue->nodes[attempts->current].name,
                                     code != 0 ? reason : text);
    if (why != NULL) {
        (void)snprintf(left_out, sizeof left_out, "not asked: %s", why);
        settle_waiting(dialogue, OUTCOME_DEFERRED, 0, left_out, true);
    }
    return attempts->waiting > 0 ? DIALOGUE_CONNECT : DIALOGUE_END;
}

enum dialogue_step dialogue_connected(struct dialogue *dialogue)
{
    dialogue->has_connected = true;
    return ask_next(dialogue);
}

enum dialogue_step dialogue_decline(struct dialogue *dialogue, enum outcome outcome,
                                    const char *text)
{
    settle_waiting(dialogue, outcome, 0, text, false);
    return dialogue_connected(dialogue);
}

/* The reply to the node that was asked last, which is not a 421. */
static void answered(struct dialogue *dialogue, int code, const char *text)
{
    size_t node = dialogue->attempts.current;

    settle_doubtful(dialogue);
    note(dialogue, node, outcome_of_reply(VERB_ETRN, code), code, text);
    dialogue->is_asking = false;
    attempts_answered(&dialogue->attempts);
    dialogue->has_doubtful = is_doubtful(code);
    if (dialogue->has_doubtful)
        dialogue->doubtful = node;
    else
        settle(dialogue, node);
    if (code != 500 && code != 502)
        dialogue->understood = true;
    if (code == 500 && !dialogue->understood) /* RFC 1985 5.2: the host does not know ETRN */
        settle_waiting(dialogue, OUTCOME_UNSUPPORTED, 0,
                       "not asked, for ETRN was answered by 500 before", true);
}

enum dialogue_step dialogue_reply(struct dialogue *dialogue, int code, const char *text)
{
    if (code == 421)
        return dialogue_cut(dialogue, OUTCOME_DEFERRED, code, text);
    if (dialogue->is_asking) {
        answered(dialogue, code, text);
        if (dialogue->state != QUITTING)
            return ask_next(dialogue);
        if (dialogue->has_doubtful)
            return DIALOGUE_WAIT;
    }
    return dialogue_parted(dialogue);
}

/* Takes back a refusal that was most likely about the session, not about the node. */
static void judge_doubtful(struct dialogue *dialogue)
{
    if (dialogue->has_doubtful && dialogue->attempts.answered_here > 1) {
        dialogue->has_doubtful = false;
        attempts_take_back(&dialogue->attempts, dialogue->doubtful);
    }
    settle_doubtful(dialogue);
}

enum dialogue_step dialogue_cut(struct dialogue *dialogue, enum outcome outcome, int code,
                                const char *text)
{
    size_t node = dialogue->attempts.current;

    if (dialogue->is_asking) {
        dialogue->is_asking = false;
        note(dialogue, node, outcome, code, text);
        if (!attempts_cut(&dialogue->attempts, dialogue->has_doubtful))
            settle(dialogue, node);
    }
    judge_doubtful(dialogue);
    if (!dialogue->has_connected)
        settle_waiting(dialogue, outcome, code, text, false);
    return leave(dialogue, code, text);
}

enum dialogue_step dialogue_parted(struct dialogue *dialogue)
{
    settle_doubtful(dialogue);
    return leave(dialogue, 0, "");
}

void dialogue_withdraw(struct dialogue *dialogue)
{
    if (!dialogue->is_asking)
        return;
    dialogue->is_asking = false;
    dialogue->answers[dialogue->attempts.current].attempts--;
    attempts_withdraw(&dialogue->attempts);
}

enum dialogue_step dialogue_stop(struct dialogue *dialogue, enum outcome outcome, const char *text)
{
    settle_waiting(dialogue, outcome, 0, text, false);
    if (dialogue->state == APART)
        return DIALOGUE_END;
    return dialogue->state == QUITTING ? DIALOGUE_WAIT : quit(dialogue);
}

const char *dialogue_command(const struct dialogue *dialogue)
{
    return dialogue->command;
}

bool dialogue_is_asking(const struct dialogue *dialogue, size_t *node)
{
    *node = dialogue->attempts.current;
    return dialogue->is_asking;
}

const struct answer *dialogue_answer(const struct dialogue *dialogue, size_t index)
{
    return &dialogue->answers[index];
}

bool dialogue_take(struct dialogue *dialogue, size_t *index)
{
    if (dialogue->taken_count == dialogue->known_count)
        return false;
    *index = dialogue->known[dialogue->taken_count++];
    return true;
}

/* Asks a provider to turn the connection round, and decides whether to ask again.
 *
 *   apart --connected--> asking --250--> reversed --ended, moved mail--> apart, on a new connection
 *                           |               +-----ended, moved nothing or often enough--> the end
 *                           +---any other---> QUIT --> the end
 *
 * Over TLS Exim hands over one message a session and then breaks off, so a broken session that
 * moved mail is followed by another one. It may come too soon: the process of the session before
 * still holds its messages locked, and Exim breaks off again, or says QUIT, with nothing moved. So
 * after mail has come such a session is followed by a pause and another try, a few times.
 *
 * The outcome is that of the last reversed session: a refusal to turn once more ("asked too often")
 * does not unmake what came. Only 453, "you have no mail", tells more: then nothing is left behind,
 * however the session before it ended. */
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/smtp/atrn_dialogue.h>

#include <stdlib.h>
#include <string.h>

/* 0.25, 0.5, 1, 2 and 4 seconds after sessions that broke off; the first two after those in order. */
enum {
    PAUSES_BROKEN_MAX = 5,
    PAUSES_IN_ORDER_MAX = 2,
    FIRST_PAUSE_MS = 250,
    TEXT_SIZE_MAX = 1000
};

size_t atrn_command_size(const struct node *nodes, size_t count)
{
    size_t size = strlen("ATRN\r\n");

    for (size_t i = 0; i < count; i++)
        size += 1 + strlen(node_bare_name(&nodes[i]));
    return size;
}

void atrn_dialogue_init(struct atrn_dialogue *dialogue, enum verb verb, const struct node *nodes,
                        size_t count, int64_t sessions_max)
{
    struct buffer *command = &dialogue->command;

    *dialogue = (struct atrn_dialogue){.verb = verb,
                                       .sessions_max = sessions_max,
                                       .outcome = OUTCOME_INTERRUPTED,
                                       .text = memory_copy("")};
    buffer_init(command, ATRN_LINE_MAX);
    (void)buffer_append_text(command, verb_name(verb));
    for (size_t i = 0; i < count && verb == VERB_ATRN; i++)
        (void)buffer_append_format(command, "%c%s", i == 0 ? ' ' : ',', node_bare_name(&nodes[i]));
    (void)buffer_append_text(command, "\r\n");
}

void atrn_dialogue_done(struct atrn_dialogue *dialogue)
{
    buffer_done(&dialogue->command);
    free(dialogue->text);
}

static void note(struct atrn_dialogue *dialogue, enum outcome outcome, int code, const char *text)
{
    char kept[TEXT_SIZE_MAX + 1];

    (void)text_copy_cut(kept, sizeof kept, text);
    free(dialogue->text);
    dialogue->text = memory_copy(kept);
    dialogue->outcome = outcome;
    dialogue->code = code;
}

/* Notes an answer that counts although earlier sessions have brought mail. */
static void note_answer(struct atrn_dialogue *dialogue, enum outcome outcome, int code,
                        const char *text)
{
    if (dialogue->sessions == 0)
        note(dialogue, outcome, code, text);
    else if (outcome == OUTCOME_EMPTY)
        note(dialogue, OUTCOME_RECEIVED, code, text);
}

enum atrn_step atrn_dialogue_connected(struct atrn_dialogue *dialogue)
{
    dialogue->attempts++;
    return ATRN_ASK;
}

enum atrn_step atrn_dialogue_decline(struct atrn_dialogue *dialogue, enum outcome outcome,
                                     const char *text)
{
    note_answer(dialogue, outcome, 0, text);
    return ATRN_QUIT;
}

enum atrn_step atrn_dialogue_reply(struct atrn_dialogue *dialogue, int code, const char *text)
{
    if (code == 250) {
        dialogue->sessions++;
        note(dialogue, OUTCOME_INTERRUPTED, code, text);
        return ATRN_REVERSE;
    }
    note_answer(dialogue, outcome_of_reply(dialogue->verb, code), code, text);
    return code == 421 ? ATRN_END : ATRN_QUIT;
}

enum atrn_step atrn_dialogue_ended(struct atrn_dialogue *dialogue, uint64_t messages,
                                   uint64_t refused, const char *why)
{
    unsigned pauses_max = why != NULL ? PAUSES_BROKEN_MAX : PAUSES_IN_ORDER_MAX;
    bool is_last = (int64_t)dialogue->sessions >= dialogue->sessions_max;
    bool is_refused = messages == 0 && refused > 0; /* what is left was just offered */

    if (why == NULL)
        dialogue->outcome = OUTCOME_RECEIVED;
    else
        note(dialogue, OUTCOME_INTERRUPTED, 0, why);
    if (messages > 0 && is_last)
        atrn_dialogue_give_up(dialogue,
                              "turn_sessions is reached, and more mail may be waiting: pull again");
    dialogue->has_moved = dialogue->has_moved || messages > 0;
    dialogue->pauses = messages > 0 ? 0 : dialogue->pauses + 1;
    if (is_last || !dialogue->has_moved || is_refused || dialogue->pauses > pauses_max)
        return ATRN_END;
    if (messages > 0)
        return ATRN_CONNECT;
    dialogue->pause_ms = (int64_t)FIRST_PAUSE_MS << (dialogue->pauses - 1);
    return ATRN_PAUSE;
}

void atrn_dialogue_give_up(struct atrn_dialogue *dialogue, const char *text)
{
    note(dialogue, dialogue->outcome, dialogue->code, text);
}

enum atrn_step atrn_dialogue_cut(struct atrn_dialogue *dialogue, enum outcome outcome, int code,
                                 const char *text)
{
    note_answer(dialogue, outcome, code, text);
    return ATRN_END;
}

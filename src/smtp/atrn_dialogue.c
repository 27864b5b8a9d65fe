/* Asks a provider to turn the connection round, and decides whether to ask again.
 *
 *   APART --connected--> ASKING --250--> REVERSED --ended, moved mail--> APART, on a new connection
 *                           |               +-----ended, moved nothing or often enough--> the end
 *                           +---any other---> QUITTING --> the end
 *
 * Over TLS Exim hands over one message a session and then breaks off, so a broken session that
 * moved mail is followed by another one. It may come too soon: the process of the session before
 * still holds its messages locked, and Exim breaks off again, or says QUIT, with nothing moved. So
 * after mail has come such a session is followed by a pause and another try, a few times.
 *
 * The outcome is that of the last reversed session: a refusal to turn once more ("asked too often")
 * does not unmake what came. Only 453, "you have no mail", tells more: then nothing is left behind,
 * however the session before it ended. */
#include <mxpull/base/buffer.h>
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
enum state {
    APART,
    ASKING,
    REVERSED,
    QUITTING
};

struct atrn_dialogue {
    enum verb verb;
    enum state state;
    struct buffer ask, command;
    int64_t sessions_max;
    unsigned attempts, sessions;
    unsigned pauses; /* since the last message */
    bool moved;      /* a session has moved a message */
    enum outcome outcome;
    int code;
    char *text;
};

/* Without the option character (RFC 1985 5.3). */
static const char *domain_of(const struct node *node)
{
    return node->name + (node->form == NODE_DOMAIN ? 0 : 1);
}

size_t atrn_command_size(const struct node *nodes, size_t count)
{
    size_t size = strlen("ATRN\r\n");

    for (size_t i = 0; i < count; i++)
        size += 1 + strlen(domain_of(&nodes[i]));
    return size;
}

struct atrn_dialogue *atrn_dialogue_new(enum verb verb, const struct node *nodes, size_t count,
                                        int64_t sessions_max)
{
    struct atrn_dialogue *dialogue = memory_new(1, sizeof *dialogue);

    dialogue->verb = verb;
    dialogue->sessions_max = sessions_max;
    dialogue->outcome = OUTCOME_INTERRUPTED;
    dialogue->text = memory_copy("");
    buffer_init(&dialogue->ask, ATRN_LINE_MAX);
    buffer_init(&dialogue->command, ATRN_LINE_MAX);
    (void)buffer_append_text(&dialogue->ask, verb_name(verb));
    for (size_t i = 0; i < count && verb == VERB_ATRN; i++)
        (void)buffer_append_format(&dialogue->ask, "%c%s", i == 0 ? ' ' : ',',
                                   domain_of(&nodes[i]));
    (void)buffer_append_text(&dialogue->ask, "\r\n");
    return dialogue;
}

void atrn_dialogue_free(struct atrn_dialogue *dialogue)
{
    if (dialogue == NULL)
        return;
    buffer_done(&dialogue->ask);
    buffer_done(&dialogue->command);
    free(dialogue->text);
    free(dialogue);
}

static void note(struct atrn_dialogue *dialogue, enum outcome outcome, int code, const char *text)
{
    struct buffer kept;

    buffer_init(&kept, TEXT_SIZE_MAX);
    text_append_cut(&kept, text, TEXT_SIZE_MAX);
    free(dialogue->text);
    dialogue->text = memory_copy(kept.bytes);
    buffer_done(&kept);
    dialogue->outcome = outcome;
    dialogue->code = code;
}

/* Whether this answer counts although earlier sessions have brought mail. */
static void note_answer(struct atrn_dialogue *dialogue, enum outcome outcome, int code,
                        const char *text)
{
    if (dialogue->sessions == 0)
        note(dialogue, outcome, code, text);
    else if (outcome == OUTCOME_EMPTY)
        note(dialogue, OUTCOME_RECEIVED, code, text);
}

static enum atrn_step send_command(struct atrn_dialogue *dialogue, enum state state,
                                   const char *command)
{
    buffer_clear(&dialogue->command);
    (void)buffer_append_text(&dialogue->command, command);
    dialogue->state = state;
    return ATRN_SEND;
}

enum atrn_step atrn_dialogue_connected(struct atrn_dialogue *dialogue)
{
    dialogue->attempts++;
    return send_command(dialogue, ASKING, dialogue->ask.bytes);
}

enum atrn_step atrn_dialogue_decline(struct atrn_dialogue *dialogue, enum outcome outcome,
                                     const char *text)
{
    note_answer(dialogue, outcome, 0, text);
    return send_command(dialogue, QUITTING, "QUIT\r\n");
}

enum atrn_step atrn_dialogue_reply(struct atrn_dialogue *dialogue, int code, const char *text)
{
    if (dialogue->state != ASKING)
        return ATRN_END;
    if (code == 250) {
        dialogue->sessions++;
        dialogue->state = REVERSED;
        note(dialogue, OUTCOME_INTERRUPTED, code, text);
        return ATRN_REVERSE;
    }
    note_answer(dialogue, outcome_of_reply(dialogue->verb, code), code, text);
    return code == 421 ? ATRN_END : send_command(dialogue, QUITTING, "QUIT\r\n");
}

enum atrn_step atrn_dialogue_ended(struct atrn_dialogue *dialogue, uint64_t messages,
                                   uint64_t refused, const char *why)
{
    dialogue->state = APART;
    if (why == NULL)
        dialogue->outcome = OUTCOME_RECEIVED;
    else
        note(dialogue, OUTCOME_INTERRUPTED, 0, why);
    dialogue->pauses = messages > 0 ? 0 : dialogue->pauses + 1;
    dialogue->moved = dialogue->moved || messages > 0;
    if (messages > 0 && (int64_t)dialogue->sessions >= dialogue->sessions_max)
        note(dialogue, dialogue->outcome, dialogue->code,
             "turn_sessions is reached, and more mail may be waiting: pull again");
    unsigned pauses_max = why != NULL ? PAUSES_BROKEN_MAX : PAUSES_IN_ORDER_MAX;
    bool is_refused = messages == 0 && refused > 0; /* what is left was just offered */
    if ((int64_t)dialogue->sessions >= dialogue->sessions_max || !dialogue->moved || is_refused ||
        dialogue->pauses > pauses_max)
        return ATRN_END;
    return messages > 0 ? ATRN_CONNECT : ATRN_PAUSE;
}

void atrn_dialogue_give_up(struct atrn_dialogue *dialogue, const char *text)
{
    note(dialogue, dialogue->outcome, dialogue->code, text);
}

enum atrn_step atrn_dialogue_cut(struct atrn_dialogue *dialogue, enum outcome outcome, int code,
                                 const char *text)
{
    if (dialogue->state != QUITTING)
        note_answer(dialogue, outcome, code, text);
    return ATRN_END;
}

const char *atrn_dialogue_command(const struct atrn_dialogue *dialogue)
{
    return dialogue->command.bytes;
}

bool atrn_dialogue_is_quitting(const struct atrn_dialogue *dialogue)
{
    return dialogue->state == QUITTING;
}

enum verb atrn_dialogue_verb(const struct atrn_dialogue *dialogue)
{
    return dialogue->verb;
}

int64_t atrn_dialogue_pause_ms(const struct atrn_dialogue *dialogue)
{
    return (int64_t)FIRST_PAUSE_MS << (dialogue->pauses - 1);
}

const char *atrn_dialogue_ask(const struct atrn_dialogue *dialogue)
{
    return dialogue->ask.bytes;
}

enum outcome atrn_dialogue_outcome(const struct atrn_dialogue *dialogue, int *code,
                                   const char **text)
{
    *code = dialogue->code;
    *text = dialogue->text;
    return dialogue->outcome;
}

unsigned atrn_dialogue_attempts(const struct atrn_dialogue *dialogue)
{
    return dialogue->attempts;
}

unsigned atrn_dialogue_sessions(const struct atrn_dialogue *dialogue)
{
    return dialogue->sessions;
}

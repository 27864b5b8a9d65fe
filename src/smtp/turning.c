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
#include <mxpull/smtp/turning.h>

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

struct turning {
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

size_t turning_atrn_size(const struct node *nodes, size_t count)
{
    size_t size = strlen("ATRN\r\n");

    for (size_t i = 0; i < count; i++)
        size += 1 + strlen(domain_of(&nodes[i]));
    return size;
}

struct turning *turning_new(enum verb verb, const struct node *nodes, size_t count,
                            int64_t sessions_max)
{
    struct turning *turning = memory_new(1, sizeof *turning);

    turning->verb = verb;
    turning->sessions_max = sessions_max;
    turning->outcome = OUTCOME_INTERRUPTED;
    turning->text = memory_copy("");
    buffer_init(&turning->ask, TURNING_LINE_MAX);
    buffer_init(&turning->command, TURNING_LINE_MAX);
    (void)buffer_append_text(&turning->ask, verb_name(verb));
    for (size_t i = 0; i < count && verb == VERB_ATRN; i++)
        (void)buffer_append_format(&turning->ask, "%c%s", i == 0 ? ' ' : ',', domain_of(&nodes[i]));
    (void)buffer_append_text(&turning->ask, "\r\n");
    return turning;
}

void turning_free(struct turning *turning)
{
    if (turning == NULL)
        return;
    buffer_done(&turning->ask);
    buffer_done(&turning->command);
    free(turning->text);
    free(turning);
}

static void note(struct turning *turning, enum outcome outcome, int code, const char *text)
{
    struct buffer kept;

    buffer_init(&kept, TEXT_SIZE_MAX);
    text_append_cut(&kept, text, TEXT_SIZE_MAX);
    free(turning->text);
    turning->text = memory_copy(kept.bytes);
    buffer_done(&kept);
    turning->outcome = outcome;
    turning->code = code;
}

/* Whether this answer counts although earlier sessions have brought mail. */
static void note_answer(struct turning *turning, enum outcome outcome, int code, const char *text)
{
    if (turning->sessions == 0)
        note(turning, outcome, code, text);
    else if (outcome == OUTCOME_EMPTY)
        note(turning, OUTCOME_RECEIVED, code, text);
}

static enum turning_step send_command(struct turning *turning, enum state state,
                                      const char *command)
{
    buffer_clear(&turning->command);
    (void)buffer_append_text(&turning->command, command);
    turning->state = state;
    return TURNING_SEND;
}

enum turning_step turning_connected(struct turning *turning)
{
    turning->attempts++;
    return send_command(turning, ASKING, turning->ask.bytes);
}

enum turning_step turning_decline(struct turning *turning, enum outcome outcome, const char *text)
{
    note_answer(turning, outcome, 0, text);
    return send_command(turning, QUITTING, "QUIT\r\n");
}

enum turning_step turning_reply(struct turning *turning, int code, const char *text)
{
    if (turning->state != ASKING)
        return TURNING_END;
    if (code == 250) {
        turning->sessions++;
        turning->state = REVERSED;
        note(turning, OUTCOME_INTERRUPTED, code, text);
        return TURNING_REVERSE;
    }
    note_answer(turning, outcome_of_reply(turning->verb, code), code, text);
    return code == 421 ? TURNING_END : send_command(turning, QUITTING, "QUIT\r\n");
}

enum turning_step turning_ended(struct turning *turning, uint64_t messages, uint64_t refused,
                                const char *why)
{
    turning->state = APART;
    if (why == NULL)
        turning->outcome = OUTCOME_RECEIVED;
    else
        note(turning, OUTCOME_INTERRUPTED, 0, why);
    turning->pauses = messages > 0 ? 0 : turning->pauses + 1;
    turning->moved = turning->moved || messages > 0;
    if (messages > 0 && (int64_t)turning->sessions >= turning->sessions_max)
        note(turning, turning->outcome, turning->code,
             "turn_sessions is reached, and more mail may be waiting: pull again");
    unsigned pauses_max = why != NULL ? PAUSES_BROKEN_MAX : PAUSES_IN_ORDER_MAX;
    bool is_refused = messages == 0 && refused > 0; /* what is left was just offered */
    if ((int64_t)turning->sessions >= turning->sessions_max || !turning->moved || is_refused ||
        turning->pauses > pauses_max)
        return TURNING_END;
    return messages > 0 ? TURNING_CONNECT : TURNING_PAUSE;
}

void turning_give_up(struct turning *turning, const char *text)
{
    note(turning, turning->outcome, turning->code, text);
}

enum turning_step turning_cut(struct turning *turning, enum outcome outcome, int code,
                              const char *text)
{
    if (turning->state != QUITTING)
        note_answer(turning, outcome, code, text);
    return TURNING_END;
}

const char *turning_command(const struct turning *turning)
{
    return turning->command.bytes;
}

bool turning_is_quitting(const struct turning *turning)
{
    return turning->state == QUITTING;
}

enum verb turning_verb(const struct turning *turning)
{
    return turning->verb;
}

int64_t turning_pause_ms(const struct turning *turning)
{
    return (int64_t)FIRST_PAUSE_MS << (turning->pauses - 1);
}

const char *turning_ask(const struct turning *turning)
{
    return turning->ask.bytes;
}

enum outcome turning_outcome(const struct turning *turning, int *code, const char **text)
{
    *code = turning->code;
    *text = turning->text;
    return turning->outcome;
}

unsigned turning_attempts(const struct turning *turning)
{
    return turning->attempts;
}

unsigned turning_sessions(const struct turning *turning)
{
    return turning->sessions;
}

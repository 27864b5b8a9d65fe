/* The SMTP client (RFC 5321), one command at a time.
 *
 *   GREETING -> EHLO -> MAIL -> RCPT (each) -> DATA -> BODY -> MAIL (next) … -> QUIT
 *                          \________________________\-> RSET -> MAIL (next)
 */
#include "sender.h"
#include "journal.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

enum {
    OUT_MAX = 512 * 1024 * 1024,
    KEPT_MAX = 1024 * 1024,
    REPLY_US = 60 * 1000 * 1000
};

enum state {
    STATE_GREETING,
    STATE_EHLO,
    STATE_MAIL,
    STATE_RCPT,
    STATE_DATA,
    STATE_BODY,
    STATE_RSET,
    STATE_QUIT
};

struct sender {
    struct loop *loop;
    struct living living;
    char *who;
    struct spool *spool;
    struct batch batch;
    size_t at;        /* the message being sent */
    size_t recipient; /* of it */
    size_t accepted;  /* recipients of it */
    enum state state;
    struct wire *wire;
    bool owns_wire, sending, over;
    struct buffer out;
    struct timer patience;
    void (*finished)(void *owner, const char *how);
    void *owner;
};

static void received(void *owner);
static void ended(void *owner, const char *how);

static void connected(void *owner)
{
    struct sender *sender = owner;

    journal_event(sender->who, "connected");
    loop_start(sender->loop, &sender->patience, REPLY_US);
}

static void sent(void *owner)
{
    struct sender *sender = owner;

    sender->sending = false;
    received(sender);
}

static const struct wire_calls calls = {
    .connected = connected, .received = received, .sent = sent, .ended = ended};

static void tired(void *owner)
{
    struct sender *sender = owner;

    wire_close(sender->wire);
    ended(sender, "no reply in time");
}

static void end_living(void *owner)
{
    struct sender *sender = owner;

    if (sender->finished == NULL) /* else the owner frees it */
        sender_free(sender);
    else
        loop_leave(&sender->living);
}

struct sender *sender_new(struct loop *loop, const char *who, struct spool *spool,
                          struct batch batch, void (*finished)(void *owner, const char *how),
                          void *owner)
{
    struct sender *sender = memory_new(1, sizeof *sender);

    sender->loop = loop;
    sender->who = memory_copy(who);
    sender->spool = spool;
    sender->batch = batch;
    sender->finished = finished;
    sender->owner = owner;
    sender->patience = (struct timer){.fired = tired, .owner = sender};
    buffer_init(&sender->out, OUT_MAX);
    loop_live(loop, &sender->living, end_living, sender);
    return sender;
}

void sender_free(struct sender *sender)
{
    if (sender == NULL)
        return;
    loop_cancel(sender->loop, &sender->patience);
    loop_leave(&sender->living);
    if (sender->owns_wire)
        wire_free(sender->wire);
    if (sender->spool != NULL)
        spool_return(sender->spool, &sender->batch);
    buffer_done(&sender->out);
    free(sender->who);
    loop_discard(sender->loop, sender);
}

static void finish(struct sender *sender, const char *how)
{
    sender->over = true;
    if (sender->finished != NULL)
        sender->finished(sender->owner, how);
    else
        sender_free(sender);
}

static void ended(void *owner, const char *how)
{
    struct sender *sender = owner;

    for (; sender->at < sender->batch.count; sender->at++)
        journal_event(sender->who, "not-delivered %s %s", sender->batch.messages[sender->at].name,
                      how);
    if (sender->owns_wire)
        journal_event(sender->who, "%s", how);
    finish(sender, how);
}

/* Sends what is in out. The reply is awaited in the state given. */
static enum state say(struct sender *sender, enum state next)
{
    if (next != STATE_BODY)
        journal_lines(sender->who, ">", sender->out.bytes, sender->out.size);
    sender->sending = true;
    if (wire_send(sender->wire, sender->out.bytes, sender->out.size, false))
        sender->sending = false;
    return next;
}

static enum state say_text(struct sender *sender, enum state next, const char *text)
{
    buffer_clear(&sender->out);
    (void)buffer_append_format(&sender->out, "%s\r\n", text);
    return say(sender, next);
}

static enum state begin_message(struct sender *sender)
{
    if (sender->at == sender->batch.count)
        return say_text(sender, STATE_QUIT, "QUIT");
    sender->recipient = 0;
    sender->accepted = 0;
    buffer_clear(&sender->out);
    (void)buffer_append_format(&sender->out, "MAIL FROM:<%s>\r\n",
                               sender->batch.messages[sender->at].sender);
    return say(sender, STATE_MAIL);
}

/* The message's fate is known. */
static void decide(struct sender *sender, int code)
{
    const struct message *message = &sender->batch.messages[sender->at++];

    journal_event(sender->who, "delivered %s %d", message->name, code);
    if (code / 100 == 2)
        spool_sent(sender->spool, message);
}

static enum state say_recipient(struct sender *sender)
{
    const struct message *message = &sender->batch.messages[sender->at];

    buffer_clear(&sender->out);
    (void)buffer_append_format(&sender->out, "RCPT TO:<%s>\r\n",
                               message->recipients[sender->recipient]);
    return say(sender, STATE_RCPT);
}

static enum state say_body(struct sender *sender)
{
    /* A large message's memory is given back, a small one's is kept for the next. */
    if (sender->out.capacity > KEPT_MAX)
        buffer_done(&sender->out);
    buffer_clear(&sender->out);
    if (spool_load(sender->spool, &sender->batch.messages[sender->at], &sender->out))
        return say(sender, STATE_BODY);
    /* The file has gone meanwhile; there is no polite way out of DATA. */
    wire_reset(sender->wire);
    ended(sender, "file cannot be read");
    return STATE_QUIT;
}

static enum state on_recipient(struct sender *sender, int code)
{
    if (code / 100 == 2)
        sender->accepted++;
    if (++sender->recipient < sender->batch.messages[sender->at].recipient_count)
        return say_recipient(sender);
    if (sender->accepted > 0)
        return say_text(sender, STATE_DATA, "DATA");
    decide(sender, code);
    return say_text(sender, STATE_RSET, "RSET");
}

static enum state on_mail(struct sender *sender, int code)
{
    if (code / 100 == 2 && sender->batch.messages[sender->at].recipient_count > 0)
        return say_recipient(sender);
    decide(sender, code / 100 == 2 ? 0 : code);
    return code / 100 == 2 ? say_text(sender, STATE_RSET, "RSET") : begin_message(sender);
}

static enum state on_data(struct sender *sender, int code)
{
    if (code == 354)
        return say_body(sender);
    decide(sender, code);
    return say_text(sender, STATE_RSET, "RSET");
}

static enum state on_body(struct sender *sender, int code)
{
    decide(sender, code);
    return begin_message(sender);
}

static enum state give_up(struct sender *sender, int code)
{
    char how[24] = "refused";

    if (sender->state == STATE_QUIT || code == 421) {
        wire_close(sender->wire);
        ended(sender, sender->state == STATE_QUIT ? "closed" : how);
        return STATE_QUIT;
    }
    return say_text(sender, STATE_QUIT, "QUIT");
}

static enum state on_reply(struct sender *sender, int code)
{
    if (code == 421)
        return give_up(sender, code);
    switch (sender->state) {
    case STATE_GREETING:
        return code == 220 ? say_text(sender, STATE_EHLO, "EHLO mxsim.invalid")
                           : give_up(sender, code);
    case STATE_EHLO: return code == 250 ? begin_message(sender) : give_up(sender, code);
    case STATE_MAIL: return on_mail(sender, code);
    case STATE_RCPT: return on_recipient(sender, code);
    case STATE_DATA: return on_data(sender, code);
    case STATE_BODY: return on_body(sender, code);
    case STATE_RSET: return begin_message(sender);
    case STATE_QUIT: return give_up(sender, code);
    }
    return STATE_QUIT;
}

/* Takes one line of input. Returns the reply's code at its last line, 0 at the others, -1 when no
 * line is there. */
static int take_line(struct sender *sender)
{
    const struct buffer *input = wire_input(sender->wire);
    const char *newline = memchr(input->bytes, '\n', input->size);
    int64_t code;
    char digits[4];

    if (newline == NULL && input->size < WIRE_INPUT_MAX)
        return -1;
    size_t size = newline != NULL ? (size_t)(newline - input->bytes) + 1 : input->size;
    bool last = size < 4 || input->bytes[3] != '-';
    (void)text_copy(digits, sizeof digits, input->bytes);
    if (!text_to_number(digits, 100, 999, &code))
        code = 999;
    journal_lines(sender->who, "<", input->bytes, size);
    wire_consume(sender->wire, size);
    return last ? (int)code : 0;
}

static void received(void *owner)
{
    struct sender *sender = owner;

    while (!sender->over && !sender->sending) {
        int code = take_line(sender);
        if (code < 0)
            break;
        loop_start(sender->loop, &sender->patience, REPLY_US);
        if (code > 0)
            sender->state = on_reply(sender, code);
    }
    if (!sender->over && !sender->sending && wire_at_end(sender->wire)) {
        wire_close(sender->wire);
        ended(sender, "closed by peer");
    }
}

void sender_connect(struct sender *sender, const struct socket_address *from,
                    const struct socket_address *to)
{
    sender->owns_wire = true;
    sender->wire = wire_connect(sender->loop, from, to, &calls, sender);
    if (sender->wire == NULL)
        ended(sender, "not connected");
}

void sender_take_over(struct sender *sender, struct wire *wire, bool greeted)
{
    sender->wire = wire;
    wire_hand_over(wire, &calls, sender);
    loop_start(sender->loop, &sender->patience, REPLY_US);
    if (greeted)
        sender->state = on_reply(sender, 220);
    received(sender);
}

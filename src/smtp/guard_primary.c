/* The primary's side of a reversed session: each of its replies goes to the command whose turn it
 * is. A reply that no command has asked for, or that cannot be meant for it, shows that the two
 * sides no longer speak of the same thing; then no reply can be trusted to say that a message is
 * safe. */
#include "guard_reply.h"
#include "guard_session.h"

/* Whether a reply of this code can be meant for this command (RFC 5321 4.3.2). */
static bool is_meant_for(enum guard_verb verb, int code)
{
    if (verb == GUARD_DATA)
        return code == 354 || code >= 400;
    return code < 300 || code >= 400;
}

void guard_tell_message(const struct guard *guard, int code, const char *text)
{
    const struct guard_transaction *transaction = &guard->transaction;
    const struct guard_message message = {
        .identity = transaction->identity,
        .sender = transaction->sender.bytes,
        .recipients = transaction->recipients.bytes,
        .recipient_count = transaction->recipient_count,
        .for_nodes = transaction->for_nodes,
        .size = guard->data.size,
        .code = code,
        .text = text,
    };

    if (guard->options.message != NULL)
        guard->options.message(guard->options.context, &message);
}

/* The primary has answered for the message. */
static void end_message(struct guard *guard, int code, const char *text)
{
    guard->has_dot = false;
    if (code < 300) {
        guard->counts.messages++;
        guard->counts.bytes += guard->data.size;
        guard->heard = 0;
    }
    guard_tell_message(guard, code, text);
    guard_transaction_clear(&guard->transaction);
}

/* RFC 5321 4.5.3.1.10: behind the 100 recipients that each server takes, 452 (552 of older ones) says that the
 * others are to come in a transaction of their own. */
static bool is_too_many(const struct guard_transaction *transaction, int code)
{
    enum {
        RECIPIENTS_PROMISED = 100
    };

    return (code == 452 || code == 552) && transaction->recipient_count >= RECIPIENTS_PROMISED;
}

void guard_note_refusal(struct guard *guard, const struct guard_pending *command, int code,
                        const char *text)
{
    struct guard_transaction *transaction = &guard->transaction;
    unsigned how = code < 500 ? GUARD_FOR_NOW : GUARD_FOR_GOOD;
    bool is_new = !transaction->is_open || (transaction->refused & how) == 0;
    struct guard_refusal refusal = {
        .identity = transaction->identity, .for_good = code >= 500, .code = code, .text = text};

    if (command->verb == GUARD_MAIL && !transaction->is_open) {
        guard_transaction_clear(transaction);
        refusal.identity = command->identity;
        refusal.for_nodes = guard_transaction_refuse(transaction, how);
    } else if (command->verb == GUARD_RCPT && transaction->is_open &&
               !is_too_many(transaction, code)) {
        refusal.for_nodes = guard_transaction_refuse_recipient(transaction, how, command->path);
    } else if ((command->verb == GUARD_DATA || command->verb == GUARD_DOT) &&
               transaction->recipient_count > 0) {
        refusal.for_nodes = guard_transaction_refuse_content(transaction, how);
    } else {
        return;
    }
    if (is_new)
        *(refusal.for_good ? &guard->counts.refused_for_good : &guard->counts.refused_for_now) += 1;
    if (guard->options.not_taken != NULL)
        guard->options.not_taken(guard->options.context, &refusal);
}

/* What the reply to a command changes. */
static void apply(struct guard *guard, const struct guard_pending *command, int code,
                  const char *text)
{
    bool is_accepted = code < 300;

    if (code >= 400)
        guard_note_refusal(guard, command, code, text);
    switch (command->verb) {
    case GUARD_EHLO:
    case GUARD_HELO:
    case GUARD_RSET:
        if (command->verb != GUARD_RSET)
            guard->counts.hello_code = is_accepted ? 0 : code;
        if (is_accepted)
            guard_transaction_clear(&guard->transaction);
        break;
    case GUARD_MAIL:
        if (is_accepted)
            guard_transaction_begin(&guard->transaction, command->path, command->identity);
        break;
    case GUARD_RCPT:
        if (is_accepted)
            guard_transaction_add(&guard->transaction, command->path);
        break;
    case GUARD_DATA:
        guard->phase = code == 354 ? GUARD_CONTENT : GUARD_COMMANDS;
        guard_data_init(&guard->data);
        break;
    case GUARD_DOT: end_message(guard, code, text); break;
    case GUARD_NOOP:
    case GUARD_VERB_QUIT:
    case GUARD_AUTH:
    case GUARD_BDAT:
    case GUARD_OTHER: break;
    }
}

/* The primary closes the connection, as it may at any time (RFC 5321 3.8). */
static void take_farewell(struct guard *guard, const char *text, struct guard_output *output)
{
    struct error error;

    (void)error_set(&error, STATUS_PROTOCOL, "your mail server closes the connection: 421 %s",
                    text);
    if (guard->queue.count > 0 || guard_is_fate_open(guard)) {
        guard_lose_primary(guard, output, error.text);
        return;
    }
    guard_reply_append(&output->provider, 421, text, false);
    guard_break(guard, output, NULL, error.text);
}

/* The primary's reply is whole. */
static void take_reply(struct guard *guard, struct guard_output *output)
{
    int code = guard->reply.code;
    const char *text = guard->reply.text.bytes;
    const struct guard_pending *front = guard_queue_front(&guard->queue);

    if (code == 421) {
        take_farewell(guard, text, output);
        return;
    }
    if (front == NULL || !is_meant_for(front->verb, code)) {
        struct error error;

        (void)error_set(&error, STATUS_PROTOCOL,
                        "your mail server said what nothing had asked for: %03d %s", code, text);
        guard_lose_primary(guard, output, error.text);
        return;
    }
    guard_reply_append(&output->provider, code, text, front->verb == GUARD_EHLO && code < 300);
    apply(guard, front, code, text);
    guard_queue_drop(&guard->queue);
    guard_answer(guard, output);
}

void guard_take_primary(struct guard *guard, const char *bytes, size_t size,
                        struct guard_output *output)
{
    while (size > 0 && guard->state == GUARD_OPEN) {
        struct error error;
        size_t used = 0;
        bool complete = false;

        if (reply_feed(&guard->reply, bytes, size, &used, &complete, &error) != STATUS_OK) {
            (void)error_prefix(&error, "your mail server");
            guard_lose_primary(guard, output, error.text);
            return;
        }
        if (complete) {
            take_reply(guard, output);
            reply_reset(&guard->reply);
        }
        bytes += used;
        size -= used;
    }
}

/* The primary's side of a reversed session: each of its replies answers the first command in the queue. A reply without
 * a command, or of a code that its command cannot have, shows that replies and commands no longer match; from then on no
 * reply can be trusted to say that a message is safe. */
#include "guard_parts.h"

/* Whether a reply of this code can be meant for this command (RFC 5321 4.3.2). */
static bool is_meant_for(enum guard_verb verb, int code)
{
    if (verb == GUARD_DATA)
        return code == 354 || code >= 400;
    return code < 300 || code >= 400;
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

/* What the reply to a command changes. */
static void apply(struct guard *guard, const struct guard_pending *command, int code,
                  const char *text)
{
    bool is_accepted = code < 300;

    if (code >= 400)
        guard_note_refusal(guard, command, code, text);
    if (command->verb == GUARD_EHLO || command->verb == GUARD_HELO)
        guard->counts.hello_code = is_accepted ? 0 : code;
    if (command->verb == GUARD_DATA) {
        guard->phase = code == 354 ? GUARD_CONTENT : GUARD_COMMANDS;
        guard->data = (struct guard_data){0};
    } else if (command->verb == GUARD_DOT) {
        end_message(guard, code, text);
    } else if (is_accepted && command->verb == GUARD_MAIL) {
        guard_transaction_begin(&guard->transaction, command);
    } else if (is_accepted && command->verb == GUARD_RCPT) {
        guard_transaction_add(&guard->transaction, command);
    } else if (is_accepted && (command->verb == GUARD_EHLO || command->verb == GUARD_HELO ||
                               command->verb == GUARD_RSET)) {
        guard_transaction_clear(&guard->transaction);
    }
}

/* "your mail server closes the connection: 421 busy": why the primary is given up. Returns the text in error. */
static const char *in_words(struct error *error, const char *what, int code, const char *text)
{
    (void)error_set(error, STATUS_PROTOCOL, "your mail server %s: %03d %s", what, code, text);
    return error->text;
}

/* A reply that no command waits for. In the middle of a message it may be an early refusal of that message. */
static void take_unasked(struct guard *guard, int code, const char *text,
                         struct guard_output *output)
{
    struct error error;

    if (guard->phase == GUARD_CONTENT && code >= 400) {
        guard_note_refusal(guard, &(struct guard_pending){.verb = GUARD_DOT}, code, text);
        guard_tell_message(guard, code, text);
        guard_refuse_content(guard, code, text,
                             in_words(&error, "refused a message before its end", code, text));
    } else {
        guard_lose_primary(guard, output,
                           in_words(&error, "said what nothing had asked for", code, text));
    }
}

/* The primary's reply is whole. */
static void take_reply(struct guard *guard, struct guard_output *output)
{
    int code = guard->reply.code;
    const char *text = guard->reply.text.bytes;
    const struct guard_pending *front = guard_queue_at(&guard->queue, 0);
    struct error error;

    if (code == 421) { /* it may close at any time (RFC 5321 3.8) */
        guard_lose_primary(guard, output, in_words(&error, "closes the connection", code, text));
    } else if (guard->is_introducing) { /* the EHLO or HELO that was said again to a new one */
        guard->is_introducing = false;
        if (code >= 300)
            guard_lose_primary(guard, output,
                               in_words(&error,
                                        "refused on a new connection the EHLO that it had taken",
                                        code, text));
    } else if (front == NULL || !is_meant_for(front->verb, code)) {
        take_unasked(guard, code, text, output);
    } else {
        guard_reply_append(&output->provider, code, text, front->verb == GUARD_EHLO && code < 300);
        apply(guard, front, code, text);
        guard_queue_drop(&guard->queue);
        guard_answer(guard, output);
    }
    guard_take_waiting(guard, output);
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

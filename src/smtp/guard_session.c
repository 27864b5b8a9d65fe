/* The parts of a reversed session that both sides use: replies to the provider, reports of messages and refusals, the loss
 * of the primary, and the end out of order. */
#include "guard_parts.h"

#include <mxpull/base/text.h>

#include <stdio.h>
#include <string.h>

/* ---- what the provider is shown of a reply ---- */

static bool has_control(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return true;
    }
    return false;
}

/* Whether a line of an EHLO reply, which is not the first one, may be shown. */
static bool is_harmless(const char *text, size_t size)
{
    static const char *const keywords[] = {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8",
                                           "ENHANCEDSTATUSCODES"};
    const char *space = memchr(text, ' ', size);
    size_t word = space != NULL ? (size_t)(space - text) : size;

    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (text_equal_part(keywords[i], text, word))
            return !has_control(text, size);
    }
    return false;
}

/* A careless reader could take a control character for the end of the line. */
static void append_line(struct buffer *target, int code, const char *text, size_t size)
{
    char head[8];

    (void)snprintf(head, sizeof head, "%03d-", code);
    guard_append(target, head, strlen(head));
    size_t begin = target->size;
    guard_append(target, text, size);
    for (size_t i = begin; i < target->size; i++) {
        if (has_control(target->bytes + i, 1) && target->bytes[i] != '\t')
            target->bytes[i] = '?';
    }
    guard_append(target, "\r\n", 2);
}

void guard_reply_append(struct buffer *target, int code, const char *text, bool is_ehlo)
{
    size_t last = target->size; /* where the last line begins that was appended */

    for (bool first = true;; first = false) {
        size_t size = strcspn(text, "\n");

        if (first || !is_ehlo || is_harmless(text, size)) {
            last = target->size;
            append_line(target, code, text, size);
        }
        if (text[size] == '\0')
            break;
        text += size + 1;
    }
    target->bytes[last + 3] = ' ';
}

/* ---- what the provider is told ---- */

void guard_say(struct guard_output *output, const char *reply)
{
    guard_append(&output->provider, reply, strlen(reply));
    guard_append(&output->provider, "\r\n", 2);
}

void guard_answer(struct guard *guard, struct guard_output *output)
{
    const struct guard_pending *front;

    while ((front = guard_queue_at(&guard->queue, 0)) != NULL && front->answer != NULL) {
        guard_say(output, front->answer);
        if (front->verb == GUARD_VERB_QUIT && guard->state == GUARD_OPEN)
            guard->state = GUARD_QUIT;
        guard_queue_drop(&guard->queue);
    }
}

void guard_reply_own(struct guard *guard, struct guard_output *output, const char *reply)
{
    const struct guard_pending command = {.verb = GUARD_OTHER, .answer = reply};

    guard_queue_put(&guard->queue, command, (struct guard_part){0});
    guard_answer(guard, output);
}

/* ---- what is told of the mail ---- */

void guard_tell_message(const struct guard *guard, int code, const char *text)
{
    const struct guard_transaction *transaction = &guard->transaction;
    const struct guard_message message = {
        .mail = transaction->identity,
        .offer = transaction->offer,
        .sender = transaction->sender.bytes,
        .recipients = transaction->recipients.bytes,
        .recipient_count = transaction->recipient_count,
        .for_nodes = transaction->for_nodes,
        .size = guard->data.size,
        .message_id = guard->data.header.message_id,
        .code = code,
        .text = text,
    };

    if (guard->options.message != NULL)
        guard->options.message(guard->options.context, &message);
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

static void note_failure(struct guard_failures *failures, uint64_t offer)
{
    size_t i = 0;

    while (failures != NULL && i < failures->count && failures->messages[i].offer != offer)
        i++;
    if (failures == NULL || i == GUARD_FAILED_MAX)
        return;
    failures->count += i == failures->count ? 1 : 0;
    failures->messages[i].offer = offer;
    failures->steps += ++failures->messages[i].tries == GUARD_TRIES_MAX ? 1 : 0;
}

void guard_note_refusal(struct guard *guard, const struct guard_pending *command, int code,
                        const char *text)
{
    struct guard_transaction *transaction = &guard->transaction;
    struct guard_refusal refusal = {
        .offer = command->identity,
        .for_good = code >= 500,
        .recipient = command->verb == GUARD_RCPT && command->path != NULL ? command->path : "",
        .code = code,
        .text = text};
    unsigned how = refusal.for_good ? GUARD_FOR_GOOD : GUARD_FOR_NOW;
    bool is_new = !transaction->is_open || (transaction->refused & how) == 0;

    if (command->verb == GUARD_MAIL && !transaction->is_open) {
        guard_transaction_clear(transaction);
    } else if ((command->verb == GUARD_DATA || command->verb == GUARD_DOT) &&
               transaction->recipient_count > 0) {
        refusal.offer = transaction->offer;
        if (!refusal.for_good)
            note_failure(guard->options.failures, transaction->offer);
    } else if (command->verb != GUARD_RCPT || !transaction->is_open ||
               is_too_many(transaction, code)) {
        return;
    }
    refusal.for_nodes = guard_transaction_refuse(transaction, how, command);
    if (is_new)
        *(refusal.for_good ? &guard->counts.refused_for_good : &guard->counts.refused_for_now) += 1;
    if (guard->options.not_taken != NULL)
        guard->options.not_taken(guard->options.context, &refusal);
}

/* ---- the end of a primary, and of the session ---- */

void guard_break(struct guard *guard, struct guard_output *output, const char *reply,
                 const char *why)
{
    guard->state = GUARD_BROKEN;
    if (why != NULL)
        (void)text_copy(guard->why, sizeof guard->why, why);
    if (reply == NULL || guard->phase == GUARD_CONTENT || guard->has_dot) /* its fate is open */
        return;
    if (guard->queue.count > 0 && strncmp(reply, "421", 3) != 0)
        reply = "421 4.7.0 Closing the connection";
    guard_say(output, reply);
}

/* A lost primary has forgotten the transaction. */
static void give_transaction_up(struct guard *guard)
{
    guard_transaction_clear(&guard->transaction);
    guard->has_dot = false;
    guard->is_utf8 = false;
    guard->is_stale = true;
}

void guard_refuse_content(struct guard *guard, int code, const char *text, const char *why)
{
    give_transaction_up(guard);
    guard->state = GUARD_LOST;
    guard->phase = GUARD_REFUSING;
    buffer_clear(&guard->answer);
    guard_reply_append(&guard->answer, code, text, false);
    guard->drained = 0;
    (void)text_copy(guard->why, sizeof guard->why, why);
}

/* Answers all commands that wait for the primary by 451, and counts their mail, and that of a transaction that has begun, as
 * not taken for now: this message may be what the primary failed at. */
static void refuse_waiting(struct guard *guard, const char *words)
{
    struct guard_transaction *transaction = &guard->transaction;
    struct guard_pending *command;

    for (size_t i = 0; (command = guard_queue_at(&guard->queue, i)) != NULL; i++) {
        if (command->answer != NULL)
            continue;
        command->answer = GUARD_NOT_NOW;
        guard_note_refusal(guard, command, 451, words);
        if (command->verb == GUARD_DOT || command->verb == GUARD_RSET)
            guard_transaction_clear(transaction);
    }
    if (!transaction->is_open || transaction->refused != 0)
        return;
    struct guard_pending rest = {.verb = GUARD_DATA, .identity = transaction->identity};
    if (transaction->recipient_count == 0) { /* they are to come */
        rest.verb = GUARD_MAIL;
        guard_transaction_clear(transaction);
    }
    guard_note_refusal(guard, &rest, 451, words);
}

void guard_lose_primary(struct guard *guard, struct guard_output *output, const char *why)
{
    struct error words;

    (void)error_set(&words, STATUS_SYSTEM, "%s: %s", GUARD_FAILED, why);
    if (guard->phase == GUARD_CONTENT) {
        guard_note_refusal(guard, &(struct guard_pending){.verb = GUARD_DOT}, 451, words.text);
        guard_refuse_content(guard, 451, GUARD_FAILED, why);
        return;
    }
    refuse_waiting(guard, words.text);
    give_transaction_up(guard);
    guard_answer(guard, output);
    if (guard->phase == GUARD_LEAVING) {
        guard_break(guard, output, NULL, why);
        return;
    }
    if (guard->phase == GUARD_GOING)
        guard->phase = GUARD_COMMANDS;
    guard->is_introducing = false;
    guard->state = GUARD_LOST;
    (void)text_copy(guard->why, sizeof guard->why, why);
}

/* The filter between the two ends of a reversed session. Commands are judged line by line
 * (guard_command) and passed or answered here; the queue keeps them in order until each has its
 * reply (RFC 2920 3.1).
 *
 *              DATA passed               354
 *   COMMANDS ---------------> GOING ----------------> CONTENT
 *     | ^ ^                     |                        |
 *     | | +-- any other reply --+                        |
 *     | +------------- final dot passed -----------------+
 *     | QUIT passed                          221 sent
 *     +--------------> LEAVING ----------------------------------> over: GUARD_QUIT
 *
 *   CONTENT --smuggled, or the primary is lost--> REFUSING --its end--> ENDING --> over: GUARD_BROKEN
 *
 *   everywhere: what may not be, or an end of a connection -------> over: GUARD_BROKEN
 *
 * In GOING the provider may say nothing. In LEAVING what it says is not heard. Behind the final dot
 * commands may follow at once (RFC 2920 3.1: content may be the first of a group); until the reply
 * to the dot has come the message's fate is open, as it is in CONTENT. A session that breaks then
 * by the provider's fault says nothing to it: without a reply it keeps the message (RFC 5321 4.2.5). A
 * session that breaks while replies are due says 421 to the first of these commands, which settles
 * nothing, and never a 5xx that the provider would take for the reply to a recipient.
 *
 * A provider begins its queue anew at each poll. So what one message brings about is told of that
 * message, and never by a close alone: its content is read to the end before it is refused, and what
 * waited for a primary that has failed at it gets 451. */
#include "guard_reply.h"
#include "guard_session.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* What one feed can bring about at most: our own replies of a whole session; a reply of the
     * primary that was all but complete, and a feed full of bare codes, which grow by a half. */
    ANSWER_SIZE_MAX = 110,
    ANSWERS_SIZE_MAX = GUARD_QUEUE_SIZE * ANSWER_SIZE_MAX,
    REPLIES_SIZE_MAX = REPLY_SIZE_MAX + GUARD_REPLY_GROWTH_MAX + GUARD_FEED_MAX * 3 / 2,
    PROVIDER_SIZE_MAX = REPLIES_SIZE_MAX + 2 * ANSWERS_SIZE_MAX,
    PRIMARY_SIZE_MAX = GUARD_FEED_MAX + GUARD_LINE_SIZE_MAX,
};

void guard_output_init(struct guard_output *output)
{
    buffer_init(&output->provider, PROVIDER_SIZE_MAX);
    buffer_init(&output->primary, PRIMARY_SIZE_MAX);
}

void guard_output_done(struct guard_output *output)
{
    buffer_done(&output->provider);
    buffer_done(&output->primary);
}

struct guard *guard_new(const struct guard_options *options, const char *greeting,
                        struct guard_output *output)
{
    struct guard *guard = memory_new(1, sizeof *guard);

    guard->options = *options;
    buffer_init(&guard->line, GUARD_LINE_SIZE_MAX);
    reply_init(&guard->reply);
    guard_queue_init(&guard->queue);
    guard_domains_init(&guard->domains, options->nodes, options->node_count);
    guard_transaction_init(&guard->transaction, &guard->domains);
    guard_reply_append(&output->provider, 220, greeting, false);
    return guard;
}

void guard_free(struct guard *guard)
{
    if (guard == NULL)
        return;
    buffer_done(&guard->line);
    reply_done(&guard->reply);
    guard_queue_done(&guard->queue);
    guard_transaction_done(&guard->transaction);
    guard_domains_done(&guard->domains);
    free(guard);
}

bool guard_is_fate_open(const struct guard *guard)
{
    return guard->phase == GUARD_CONTENT || guard->has_dot;
}

void guard_say(struct guard_output *output, const char *reply)
{
    enum status status = buffer_append_format(&output->provider, "%s\r\n", reply);

    assert(status == STATUS_OK); /* guard_feed has seen to it that there is room */
    (void)status;
}

void guard_break(struct guard *guard, struct guard_output *output, const char *reply,
                 const char *why)
{
    guard->state = GUARD_BROKEN;
    (void)text_copy(guard->why, sizeof guard->why, why);
    if (reply == NULL || guard_is_fate_open(guard))
        return;
    if (guard->queue.count > 0 && strncmp(reply, "421", 3) != 0)
        reply = "421 4.7.0 Closing the connection";
    guard_say(output, reply);
}

void guard_refuse_content(struct guard *guard, const char *verdict, const char *why)
{
    guard->state = GUARD_DRAIN;
    guard->phase = GUARD_REFUSING;
    guard->verdict = verdict;
    guard->end_match = guard_data_match(&guard->data);
    (void)text_copy(guard->why, sizeof guard->why, why);
}

/* What waits for the primary is not taken for now: no fault of the provider, and a matter of this message, perhaps. */
static void note_waiting(struct guard *guard)
{
    struct guard_queue *queue = &guard->queue;

    for (size_t i = 0; i < queue->count; i++) {
        const struct guard_pending *command =
            &queue->entries[(queue->first + i) % GUARD_QUEUE_SIZE];

        if (command->answer == NULL)
            guard_note_refusal(guard, command, 451, GUARD_FAILED);
    }
}

void guard_lose_primary(struct guard *guard, struct guard_output *output, const char *why)
{
    if (guard->phase == GUARD_CONTENT) {
        guard_note_refusal(guard, &(struct guard_pending){.verb = GUARD_DOT}, 451, GUARD_FAILED);
        guard_refuse_content(guard, GUARD_NOT_NOW, why);
        return;
    }
    note_waiting(guard);
    guard_queue_answer(&guard->queue, GUARD_NOT_NOW);
    guard->has_dot = false;
    guard_answer(guard, output);
    guard_break(guard, output, guard->phase == GUARD_LEAVING ? NULL : GUARD_PRIMARY_LOST, why);
}

void guard_answer(struct guard *guard, struct guard_output *output)
{
    const struct guard_pending *front = guard_queue_front(&guard->queue);

    while (front != NULL && front->answer != NULL) {
        guard_say(output, front->answer);
        if (front->verb == GUARD_VERB_QUIT && guard->state == GUARD_OPEN)
            guard->state = GUARD_QUIT;
        guard_queue_drop(&guard->queue);
        front = guard_queue_front(&guard->queue);
    }
}

static bool has_room(const struct buffer *target, size_t size)
{
    return target->limit - target->size >= size;
}

/* Whether all that size bytes of side can bring about fits. */
static bool can_feed(enum guard_side side, size_t size, const struct guard_output *output)
{
    if (size > GUARD_FEED_MAX)
        return false;
    switch (side) {
    case GUARD_PROVIDER:
        return has_room(&output->primary, size + GUARD_LINE_SIZE_MAX) &&
               has_room(&output->provider, ANSWERS_SIZE_MAX);
    case GUARD_PRIMARY: break;
    }
    return has_room(&output->provider, REPLIES_SIZE_MAX + ANSWERS_SIZE_MAX);
}

enum guard_state guard_feed(struct guard *guard, enum guard_side side, const char *bytes,
                            size_t size, struct guard_output *output)
{
    if (guard->state != GUARD_OPEN && (guard->state != GUARD_DRAIN || side == GUARD_PRIMARY))
        return guard->state;
    if (!can_feed(side, size, output)) {
        /* A bug of the caller; but no build may answer it by losing a part of a message. */
        guard_break(guard, output, NULL, "fed too much, or before the output was sent");
        return guard->state;
    }
    switch (side) {
    case GUARD_PROVIDER: guard_take_provider(guard, bytes, size, output); break;
    case GUARD_PRIMARY: guard_take_primary(guard, bytes, size, output); break;
    }
    return guard->state;
}

/* The provider may have taken for the end of its message what is none. */
static void end_refusing(struct guard *guard, struct guard_output *output)
{
    if (guard->phase == GUARD_REFUSING)
        guard_say(output, guard->verdict);
    guard->state = GUARD_BROKEN;
}

enum guard_state guard_end(struct guard *guard, enum guard_side side, struct guard_output *output)
{
    switch (guard->state) {
    case GUARD_QUIT:
    case GUARD_BROKEN: return guard->state;
    case GUARD_DRAIN:
        if (side == GUARD_PROVIDER)
            end_refusing(guard, output);
        return guard->state;
    case GUARD_OPEN: break;
    }
    switch (side) {
    case GUARD_PROVIDER:
        /* RFC 5321 4.1.1.10: QUIT must come first, its reply should be waited for. */
        if (guard->phase == GUARD_LEAVING && !guard->has_dot)
            guard->state = GUARD_QUIT;
        else
            guard_break(guard, output, "421 4.4.2 Closing the connection",
                        guard_is_fate_open(guard)
                            ? "the provider has gone in the middle of a message"
                            : "the provider has gone without QUIT");
        break;
    case GUARD_PRIMARY: guard_lose_primary(guard, output, "your mail server has gone"); break;
    }
    return guard->state;
}

enum guard_wait guard_waits_for(const struct guard *guard)
{
    const struct guard_pending *front = guard_queue_front(&guard->queue);

    if (guard->phase == GUARD_CONTENT || guard->phase == GUARD_REFUSING)
        return GUARD_WAIT_DATA;
    if (front == NULL)
        return GUARD_WAIT_COMMAND;
    if (front->verb == GUARD_DOT)
        return GUARD_WAIT_ACCEPTED;
    return front->verb == GUARD_DATA ? GUARD_WAIT_DATA_GO : GUARD_WAIT_REPLY;
}

const char *guard_why(const struct guard *guard)
{
    return guard->why;
}

struct guard_counts guard_counts(const struct guard *guard)
{
    return guard->counts;
}

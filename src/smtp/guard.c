/* The filter between the two ends of a reversed session. Commands are judged line by line
 * (guard_command) and passed or answered here; the queue keeps them in order until each has its
 * reply (RFC 2920 3.1).
 *
 *              DATA passed               354
 *   COMMANDS ---------------> GOING ----------------> CONTENT --smuggled, refused early, primary lost--> REFUSING
 *     | ^ ^ ^                   |                        |                                                  |
 *     | | | +-- any other reply +                        |                                                  |
 *     | | +------------- final dot passed ---------------+                                                  |
 *     | +------------------------------------- its end: it is answered -------------------------------------+
 *     | QUIT passed                          221 sent                        or, without a primary: ENDING -+
 *     +--------------> LEAVING ----------------------------------> over: GUARD_QUIT
 *
 *   everywhere: what may not be, or an end of the provider's connection ----> over: GUARD_BROKEN
 *   everywhere: the primary is lost ----> state GUARD_LOST --guard_attach--> GUARD_OPEN
 *                                                  +--guard_end--> GUARD_DRAIN or GUARD_BROKEN
 *
 * In GOING the provider may say nothing. In LEAVING what it says is not heard. Behind the final dot
 * commands may follow at once (RFC 2920 3.1: content may be the first of a group); until the reply
 * to the dot has come the message's fate is open, as it is in CONTENT. A session that breaks then
 * by the provider's fault says nothing to it: without a reply it keeps the message (RFC 5321 4.2.5). A
 * session that breaks while replies are due says 421 to the first of these commands, which settles
 * nothing, and never a 5xx that the provider would take for the reply to a recipient.
 *
 * A provider begins its queue anew at each poll. So what one message brings about is told of that
 * message, and never by a close alone: its content is read to the end before it is refused, what
 * waited for a primary that has failed at it gets 451, and the messages behind it go to a new one. */
#include "guard_parts.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>

enum {
    /* What one feed can bring about at most. Each command of at least 5 bytes, and each one in the queue, gets an
     * answer of our own. The primary may complete a reply and bring a feed full of bare codes, which grow by a half. */
    ANSWER_SIZE_MAX = 110,
    ANSWERS_SIZE_MAX = (GUARD_QUEUE_SIZE + GUARD_FEED_MAX / 5) * ANSWER_SIZE_MAX,
    REPLY_SHOWN_MAX = REPLY_SIZE_MAX + GUARD_REPLY_GROWTH_MAX,
    PROVIDER_FEED_MAX = REPLY_SHOWN_MAX + GUARD_FEED_MAX * 3 / 2 + ANSWERS_SIZE_MAX,
    PRIMARY_FEED_MAX = GUARD_FEED_MAX + 2 * GUARD_LINE_SIZE_MAX,
};

void guard_output_init(struct guard_output *output)
{
    buffer_init(&output->provider, 2 * PROVIDER_FEED_MAX);
    buffer_init(&output->primary, PRIMARY_FEED_MAX);
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
    for (size_t i = 0; options->failures != NULL && i < options->failures->count; i++)
        options->failures->messages[i].is_put_off =
            options->failures->messages[i].tries >= GUARD_TRIES_MAX;
    buffer_init(&guard->left, GUARD_FEED_MAX);
    buffer_init(&guard->line, GUARD_LINE_SIZE_MAX);
    buffer_init(&guard->hello, GUARD_LINE_SIZE_MAX);
    buffer_init(&guard->answer, REPLY_SHOWN_MAX);
    reply_init(&guard->reply);
    guard_queue_init(&guard->queue);
    guard->domains = (struct guard_domains){options->nodes, options->node_count};
    guard_transaction_init(&guard->transaction, &guard->domains);
    guard_reply_append(&output->provider, 220, greeting, false);
    return guard;
}

void guard_free(struct guard *guard)
{
    if (guard == NULL)
        return;
    buffer_done(&guard->left);
    buffer_done(&guard->line);
    buffer_done(&guard->hello);
    buffer_done(&guard->answer);
    reply_done(&guard->reply);
    guard_queue_done(&guard->queue);
    guard_transaction_done(&guard->transaction);
    free(guard);
}

/* Whether all that size bytes can bring about fits. */
static bool can_feed(const struct guard *guard, enum guard_side side, size_t size,
                     const struct guard_output *output)
{
    size_t passed = side == GUARD_PROVIDER ? size : guard->left.size;

    return size <= GUARD_FEED_MAX &&
           output->provider.limit - output->provider.size >= PROVIDER_FEED_MAX &&
           output->primary.limit - output->primary.size >= passed + GUARD_LINE_SIZE_MAX;
}

enum guard_state guard_feed(struct guard *guard, enum guard_side side, const char *bytes,
                            size_t size, struct guard_output *output)
{
    bool is_over = guard->state == GUARD_QUIT || guard->state == GUARD_BROKEN;

    if (is_over || (side == GUARD_PRIMARY && guard->state != GUARD_OPEN))
        return guard->state;
    if (!can_feed(guard, side, size, output)) {
        /* A bug of the caller, by which no build may lose a part of a message. */
        guard_break(guard, output, NULL, "fed too much, or before the output was sent");
        return guard->state;
    }
    switch (side) {
    case GUARD_PROVIDER: guard_take_provider(guard, bytes, size, output); break;
    case GUARD_PRIMARY: guard_take_primary(guard, bytes, size, output); break;
    }
    return guard->state;
}

enum guard_state guard_attach(struct guard *guard, struct guard_output *output)
{
    if (guard->state != GUARD_LOST)
        return guard->state;
    guard->state = GUARD_OPEN;
    guard->why[0] = '\0';
    reply_reset(&guard->reply);
    guard->is_introducing = guard->hello.size > 0;
    (void)buffer_append(&output->primary, guard->hello.bytes, guard->hello.size);
    guard_take_waiting(guard, output);
    return guard->state;
}

static void end_provider(struct guard *guard, struct guard_output *output, const char *why)
{
    if (guard->why[0] != '\0')
        why = NULL;
    if (guard->phase == GUARD_REFUSING) { /* the provider may believe that its message has ended */
        guard_append(&output->provider, guard->answer.bytes, guard->answer.size);
        guard_break(guard, output, NULL, why);
    } else if (guard->phase == GUARD_LEAVING && !guard->has_dot) {
        guard->state = GUARD_QUIT; /* RFC 5321 4.1.1.10: its reply should be waited for */
    } else {
        guard_break(guard, output, "421 4.4.2 Closing the connection", why);
    }
}

enum guard_state guard_end(struct guard *guard, enum guard_side side, const char *why,
                           struct guard_output *output)
{
    if (guard->state == GUARD_QUIT || guard->state == GUARD_BROKEN)
        return guard->state;
    if (side == GUARD_PROVIDER)
        end_provider(guard, output, why);
    else if (guard->state == GUARD_OPEN)
        guard_lose_primary(guard, output, why);
    else if (guard->state == GUARD_LOST && guard->phase == GUARD_REFUSING)
        guard->state = GUARD_DRAIN;
    else if (guard->state == GUARD_LOST)
        guard_break(guard, output, GUARD_PRIMARY_LOST, NULL);
    return guard->state;
}

enum guard_wait guard_waits_for(const struct guard *guard)
{
    const struct guard_pending *front = guard_queue_at(&guard->queue, 0);

    if (guard->phase == GUARD_CONTENT)
        return GUARD_WAIT_DATA;
    if (guard->phase == GUARD_REFUSING || guard->phase == GUARD_CHUNK)
        return GUARD_WAIT_REFUSED;
    if (guard->state == GUARD_LOST || guard->is_introducing)
        return GUARD_WAIT_REPLY;
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

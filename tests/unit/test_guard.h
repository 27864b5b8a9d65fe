#ifndef MXPULL_TESTS_TEST_GUARD_H
#define MXPULL_TESTS_TEST_GUARD_H

/* A guard with both its ends in the test's hands. What it says to each side, and what it reports,
 * is gathered in buffers. */

#include "unit.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/compiler.h>
#include <mxpull/smtp/guard.h>

#define GREETING "220 primary.example ESMTP\r\n"
#define MAIL "MAIL FROM:<a@b.example>\r\n"
#define RCPT "RCPT TO:<u@example.com>\r\n"
#define FOREIGN "RCPT TO:<u@evil.example>\r\n"
#define DATA "DATA\r\n"
#define BODY "Subject: x\r\n\r\ntext\r\n"
#define DOT ".\r\n"
#define QUIT "QUIT\r\n"
#define OK "250 2.0.0 OK\r\n"
#define GO "354 Go ahead\r\n"
#define BYE "221 2.0.0 Bye\r\n"
#define NOT_ASKED "550 5.7.1 Mail for this domain was not asked for on this connection\r\n"
#define NOT_HERE "502 5.5.1 This command is not accepted here\r\n"
#define LOST "421 4.3.0 The mail server has failed, closing the connection\r\n"
#define LATER "451 4.3.0 The mail server has failed, try again later\r\n"
#define CLOSING "421 4.7.0 Closing the connection\r\n"
#define LEFT "421 4.4.2 Closing the connection\r\n"
#define SMUGGLED "550 5.6.0 A lone dot between line ends that are not both CRLF\r\n"

enum {
    TALK_SIZE_MAX = 8 * 1024 * 1024,
    TALK_NODES = 4
};

struct talk {
    struct node nodes[TALK_NODES];
    struct guard *guard;
    struct guard_output output;
    struct buffer provider, primary;            /* all that each side was sent, but the greeting */
    struct buffer messages, refused, not_taken; /* what the callbacks were told */
    char message_id[GUARD_MESSAGE_ID_SIZE];     /* of the last message */
    enum guard_state state;
    bool has_other; /* a lost primary is not the last one: TALK_ATTACH is to come */
};

static inline void talk_message(void *context, const struct guard_message *message)
{
    struct talk *talk = context;

    (void)snprintf(talk->message_id, sizeof talk->message_id, "%s", message->message_id);
    (void)buffer_append_format(&talk->messages, "<%s> to %zu [%s] %lld: %d %s (", message->sender,
                               message->recipient_count, message->recipients,
                               (long long)message->size, message->code, message->text);
    for (size_t i = 0; i < TALK_NODES; i++)
        (void)buffer_append_text(&talk->messages, message->for_nodes[i] ? "x" : "-");
    (void)buffer_append_text(&talk->messages, ")\n");
}

static inline void talk_not_taken(void *context, const struct guard_refusal *refusal)
{
    struct talk *talk = context;

    (void)buffer_append_text(&talk->not_taken, refusal->for_good ? "5 " : "4 ");
    for (size_t i = 0; i < TALK_NODES; i++)
        (void)buffer_append_text(&talk->not_taken, refusal->for_nodes[i] ? "x" : "-");
    (void)buffer_append_format(&talk->not_taken, " %d %s\n", refusal->code, refusal->text);
}

static inline void talk_refused(void *context, const char *command, const char *reply)
{
    struct talk *talk = context;

    (void)buffer_append_format(&talk->refused, "%s: %.3s\n", command, reply);
}

static inline void talk_collect(struct talk *talk)
{
    struct buffer *to[] = {&talk->provider, &talk->primary};
    struct buffer *from[] = {&talk->output.provider, &talk->output.primary};

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(buffer_append(to[i], from[i]->bytes, from[i]->size), STATUS_OK);
        buffer_clear(from[i]);
    }
}

/* Asked for: example.com, @example.org, #example.net and an internationalized domain; or none. */
static inline void talk_open_with(struct talk *talk, bool none, struct guard_failures *failures)
{
    static const char *const names[TALK_NODES] = {"example.com", "@example.org", "#example.net",
                                                  "m\xc3\xbcller.example"};
    struct guard_options options = {.message = talk_message,
                                    .not_taken = talk_not_taken,
                                    .refused = talk_refused,
                                    .context = talk};
    struct buffer *buffers[] = {&talk->provider, &talk->primary, &talk->messages, &talk->refused,
                                &talk->not_taken};
    struct error error;

    *talk = (struct talk){.state = GUARD_OPEN};
    for (size_t i = 0; i < COUNT_OF(buffers); i++)
        buffer_init(buffers[i], TALK_SIZE_MAX);
    for (size_t i = 0; i < TALK_NODES; i++)
        assert_int_equal(node_parse(&talk->nodes[i], names[i], &error), STATUS_OK);
    options.nodes = talk->nodes;
    options.node_count = none ? 0 : TALK_NODES;
    options.failures = failures;
    guard_output_init(&talk->output);
    talk->guard = guard_new(&options, "primary.example ESMTP", &talk->output);
    assert_string_equal(talk->output.provider.bytes, GREETING);
    assert_int_equal(talk->output.primary.size, 0);
    buffer_clear(&talk->output.provider);
}

static inline void talk_open(struct talk *talk, bool none)
{
    talk_open_with(talk, none, NULL);
}

static inline void talk_close(struct talk *talk)
{
    guard_free(talk->guard);
    guard_output_done(&talk->output);
    buffer_done(&talk->provider);
    buffer_done(&talk->primary);
    buffer_done(&talk->messages);
    buffer_done(&talk->refused);
    buffer_done(&talk->not_taken);
}

static inline void talk_attach(struct talk *talk)
{
    assert_int_equal(talk->state, GUARD_LOST);
    talk->state = guard_attach(talk->guard, &talk->output);
    talk_collect(talk);
}

/* A primary that is lost is lost for good, unless there is another one. */
static inline void talk_lose(struct talk *talk)
{
    if (talk->state == GUARD_LOST && !talk->has_other)
        talk->state = guard_end(talk->guard, GUARD_PRIMARY, "gone", &talk->output);
}

/* Feeds size bytes of a side, at most step at a time; bytes NULL is the end of its connection. */
static inline void talk_feed(struct talk *talk, enum guard_side side, const char *bytes,
                             size_t size, size_t step)
{
    if (bytes == NULL) {
        talk->state = guard_end(talk->guard, side, "gone", &talk->output);
        talk_lose(talk);
        talk_collect(talk);
    }
    while (bytes != NULL && size > 0 && talk->state != GUARD_QUIT && talk->state != GUARD_BROKEN) {
        size_t part = size < step ? size : step;

        talk->state = guard_feed(talk->guard, side, bytes, part, &talk->output);
        talk_lose(talk);
        talk_collect(talk);
        bytes += part;
        size -= part;
    }
}

static inline void talk_say(struct talk *talk, enum guard_side side, const char *text)
{
    talk_feed(talk, side, text, strlen(text), GUARD_FEED_MAX);
}

static inline void talk_expect(const struct talk *talk, const char *provider, const char *primary,
                               enum guard_state state)
{
    assert_string_equal(talk->provider.bytes, provider);
    assert_string_equal(talk->primary.bytes, primary);
    assert_int_equal(talk->state, state);
    assert_int_equal(guard_why(talk->guard)[0] != '\0',
                     state == GUARD_BROKEN || state == GUARD_DRAIN || state == GUARD_LOST);
}

#endif

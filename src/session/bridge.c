/* A reversed session between the provider and our primary: what one side sends goes through the guard to the other side,
 * one write for each read. When a side does not take what it is sent, the other side is held back, so that no message is
 * ever in memory as a whole.
 *
 *                                             primary lost
 *   GREETING --220--> READY --bridge_start--> RUNNING ----> REOPENING
 *                                                ^------220---- |
 *
 * and from each of them to OVER when a side is lost; in RUNNING and REOPENING only when there is no other
 * connection to the primary to be had. */
#include "bridge.h"
#include "session.h"

#include <mxpull/base/duration.h>
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/smtp/reply.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 5321 4.5.3.2.4 and .6 as parts of command_timeout's 5 minutes: 2 for the answer to DATA, 10
 * for that to the final dot. */
enum {
    UNSENT_MAX = 64 * 1024,
    CONTENT_RATE_MIN = 1024, /* octets a second */
    REFUSED_LIMIT_MS = 30 * 60 * 1000,
    REFUSED_IDLE_S = 60, /* the provider may believe that its message has ended */
    REOPENED_MAX = 20,   /* in one session */
    SHOWN_MAX = 8 * 1024,
    DATA_GO_FIFTHS = 2,
    ACCEPTED_FIFTHS = 10
};

enum state {
    GREETING,
    READY,
    RUNNING,
    REOPENING,
    OVER
};

struct bridge {
    struct bridge_options options;
    const struct polling *polling; /* borrowed */
    const struct backup_config *backup;
    enum state state;
    struct connection *primary, *provider; /* owned, NULL: lost; borrowed */
    unsigned reopened;                     /* the connection to the primary */
    char proxy_line[PROXY_LINE_SIZE];      /* "": none is said */
    struct reply greeting;
    struct guard *guard;
    struct guard_output output;
    struct buffer shown;       /* the provider's line, as far as it has come */
    bool is_behind_auth;       /* what comes may be a secret */
    enum guard_wait waits_for; /* what the deadline that runs is for */
    int64_t waiting_since_ms;  /* monotonic: what is charged already */
    int64_t refused_limit_ms;  /* until when a refused message is read; the same */
};

static void drop_primary(struct bridge *bridge)
{
    connection_close(bridge->primary);
    bridge->primary = NULL;
}

static void over(struct bridge *bridge, const char *why)
{
    enum state before = bridge->state;

    bridge->state = OVER;
    drop_primary(bridge);
    if (before == RUNNING || before == REOPENING)
        bridge->options.ended(bridge->options.context, why);
    else if (before != OVER)
        bridge->options.failed(bridge->options.context, why);
}

static bool is_running(const struct bridge *bridge)
{
    return bridge->state == RUNNING || bridge->state == REOPENING;
}

/* True when there is a primary to send to. */
static bool has_primary(const struct bridge *bridge)
{
    return bridge->state == RUNNING && bridge->primary != NULL;
}

/* ---- deadlines ---- */

static bool waits_for_provider(enum guard_wait wait)
{
    return wait == GUARD_WAIT_COMMAND || wait == GUARD_WAIT_DATA || wait == GUARD_WAIT_REFUSED;
}

/* RFC 5321 4.5.3.2 has the provider wait for us as long as we wait for the primary. So the primary gets a tenth less: a
 * provider that gave up before our 451 would begin with the same message at the next poll. */
static int64_t patience_s(const struct bridge *bridge, enum guard_wait wait)
{
    const struct backup_config *backup = bridge->backup;
    int64_t patience = backup->idle_timeout_s;

    switch (wait) {
    case GUARD_WAIT_COMMAND:
    case GUARD_WAIT_DATA: return patience;
    case GUARD_WAIT_REFUSED: return patience < REFUSED_IDLE_S ? patience : REFUSED_IDLE_S;
    case GUARD_WAIT_REPLY: break;
    case GUARD_WAIT_DATA_GO: patience = 1 + backup->command_timeout_s * DATA_GO_FIFTHS / 5; break;
    case GUARD_WAIT_ACCEPTED: patience = backup->command_timeout_s * ACCEPTED_FIFTHS / 5; break;
    }
    return patience - patience / 10;
}

/* Takes the time that we have waited for the provider off its credit. */
static void charge(struct bridge *bridge)
{
    int64_t now_ms = clock_monotonic_ms();

    if (waits_for_provider(bridge->waits_for))
        bridge->options.account->credit_ms -= now_ms - bridge->waiting_since_ms;
    bridge->waiting_since_ms = now_ms;
}

/* Sets a new deadline for the side that has to act now. The provider's lasts no longer than its credit. */
void bridge_hurry(struct bridge *bridge)
{
    enum guard_wait wait = guard_waits_for(bridge->guard);
    int64_t now_ms = clock_monotonic_ms(), at_ms = now_ms + patience_s(bridge, wait) * 1000;

    charge(bridge);
    if (waits_for_provider(wait) && at_ms > now_ms + bridge->options.account->credit_ms)
        at_ms = now_ms + bridge->options.account->credit_ms;
    if (wait == GUARD_WAIT_REFUSED && bridge->waits_for != wait)
        bridge->refused_limit_ms = now_ms + REFUSED_LIMIT_MS;
    if (wait == GUARD_WAIT_REFUSED && at_ms > bridge->refused_limit_ms)
        at_ms = bridge->refused_limit_ms;
    bridge->waits_for = wait;
    connection_deadline(bridge->provider, waits_for_provider(wait) ? at_ms : INT64_MAX);
    if (has_primary(bridge))
        connection_deadline(bridge->primary, waits_for_provider(wait) ? INT64_MAX : at_ms);
}

/* ---- the flow ---- */

static void send_output(struct connection *connection, struct buffer *bytes)
{
    if (connection != NULL && bytes->size > 0)
        connection_send(connection, bytes->bytes, bytes->size);
    buffer_clear(bytes);
}

/* Shows the provider's commands, not its mail, as whole lines: only the beginning of a line tells whether it is a secret. */
static void show(struct bridge *bridge, const char *bytes, size_t size)
{
    const struct polling *polling = bridge->polling;
    struct buffer *line = &bridge->shown;

    for (size_t i = 0; i < size && polling->observer.wire != NULL; i++) {
        (void)buffer_append(line, &bytes[i], 1);
        if (bytes[i] != '\n')
            continue;
        buffer_cut(line, strcspn(line->bytes, "\r\n"));
        bool is_secret = guard_line_is_secret(line->bytes, line->size, &bridge->is_behind_auth);
        polling->observer.wire(polling->context, bridge->backup, '<',
                               is_secret ? "****" : line->bytes, is_secret ? 4 : line->size);
        buffer_clear(line);
    }
}

/* Holds a side back while the other one does not take what it has brought. */
void bridge_drained(struct bridge *bridge)
{
    bool is_full = has_primary(bridge) && connection_unsent(bridge->primary) > UNSENT_MAX;

    connection_hold(bridge->provider, is_full || guard_holds_provider(bridge->guard));
    if (has_primary(bridge))
        connection_hold(bridge->primary, connection_unsent(bridge->provider) > UNSENT_MAX);
}

static bool reopen(struct bridge *bridge);

/* Does what the guard has made of the last event. */
static void follow(struct bridge *bridge, enum guard_state state)
{
    struct guard_output *output = &bridge->output;
    bool moved = output->provider.size > 0 || output->primary.size > 0;

    send_output(bridge->provider, &output->provider);
    if (state == GUARD_BROKEN || !has_primary(bridge))
        buffer_clear(&output->primary); /* a message without its final dot is none */
    send_output(bridge->primary, &output->primary);
    switch (state) {
    case GUARD_LOST:
        if (bridge->state == RUNNING && !reopen(bridge)) {
            follow(bridge, guard_end(bridge->guard, GUARD_PRIMARY, "", output));
            return;
        }
        break;
    case GUARD_DRAIN: drop_primary(bridge); break;
    case GUARD_OPEN: break;
    case GUARD_QUIT: over(bridge, NULL); return;
    case GUARD_BROKEN: over(bridge, guard_why(bridge->guard)); return;
    }
    bridge_drained(bridge);
    enum guard_wait wait = guard_waits_for(bridge->guard);
    /* A command that comes in byte by byte gets no more time. */
    if (moved || wait != bridge->waits_for || wait == GUARD_WAIT_REFUSED)
        bridge_hurry(bridge);
}

static void feed(struct bridge *bridge, enum guard_side side, const char *bytes, size_t size)
{
    enum guard_wait wait = guard_waits_for(bridge->guard);
    bool is_mail = wait == GUARD_WAIT_DATA || wait == GUARD_WAIT_REFUSED;

    if (side == GUARD_PROVIDER && is_mail)
        atrn_account_earn(bridge->options.account, (int64_t)size * 1000 / CONTENT_RATE_MIN);
    else if (side == GUARD_PROVIDER)
        show(bridge, bytes, size);
    while (size > 0 && is_running(bridge)) {
        size_t part = size < GUARD_FEED_MAX ? size : GUARD_FEED_MAX;

        follow(bridge, guard_feed(bridge->guard, side, bytes, part, &bridge->output));
        bytes += part;
        size -= part;
    }
}

static void end_side(struct bridge *bridge, enum guard_side side, const struct error *error)
{
    const struct atrn_account *account = bridge->options.account;
    const char *who = side == GUARD_PROVIDER ? "the provider" : "your mail server";
    bool is_timeout = error->status == STATUS_TIMEOUT;
    char why[ERROR_TEXT_SIZE];

    charge(bridge);
    if (is_timeout && side == GUARD_PROVIDER && account->credit_ms <= 0)
        (void)snprintf(why, sizeof why,
                       "the provider was too slow: it brought less than a message in ten "
                       "seconds, or 1 KiB a second, for %llds",
                       (long long)account->credit_max_ms / 1000);
    else if (is_timeout)
        (void)snprintf(why, sizeof why, "%s was silent for %llds", who,
                       (long long)patience_s(bridge, bridge->waits_for));
    else
        (void)snprintf(why, sizeof why, "%s closed the connection in the middle of the session",
                       who);
    enum guard_state state = guard_end(bridge->guard, side, why, &bridge->output);
    if (side == GUARD_PROVIDER && !is_timeout)
        buffer_clear(&bridge->output.provider);
    follow(bridge, state);
}

void bridge_received(struct bridge *bridge, const char *bytes, size_t size)
{
    feed(bridge, GUARD_PROVIDER, bytes, size);
}

void bridge_lost(struct bridge *bridge, const struct error *error)
{
    end_side(bridge, GUARD_PROVIDER, error);
}

void bridge_stop(struct bridge *bridge, const char *why)
{
    if (guard_end(bridge->guard, GUARD_PRIMARY, why, &bridge->output) == GUARD_LOST)
        (void)guard_end(bridge->guard, GUARD_PRIMARY, why, &bridge->output);
    send_output(bridge->provider, &bridge->output.provider);
    over(bridge, why);
}

/* ---- the primary ---- */

/* The primary has not greeted, or was lost before bridge_start. */
static void miss_primary(struct bridge *bridge, const char *why)
{
    if (bridge->state != REOPENING) {
        over(bridge, why);
        return;
    }
    session_decide(bridge->backup, "end the session", why);
    drop_primary(bridge);
    bridge->state = RUNNING;
    follow(bridge, guard_end(bridge->guard, GUARD_PRIMARY, why, &bridge->output));
}

/* 220: the first one, or that of another connection in the middle of a session. */
static void greeted(struct bridge *bridge)
{
    bool is_first = bridge->state == GREETING;

    connection_deadline(bridge->primary, INT64_MAX);
    bridge->state = is_first ? READY : RUNNING;
    if (is_first)
        bridge->options.ready(bridge->options.context);
    else
        follow(bridge, guard_attach(bridge->guard, &bridge->output));
}

static void take_greeting(struct bridge *bridge, const char *bytes, size_t size)
{
    const struct reply *greeting = &bridge->greeting;
    struct error error;
    size_t used;
    bool complete = true;

    if (reply_feed(&bridge->greeting, bytes, size, &used, &complete, &error) == STATUS_OK) {
        if (!complete)
            return;
        if (greeting->code == 220 && used == size) {
            greeted(bridge);
            return;
        }
        (void)error_set(&error, STATUS_PROTOCOL, "your mail server says more than its greeting");
        if (greeting->code != 220)
            (void)error_set(&error, STATUS_PROTOCOL, "your mail server %s is not ready: %d %s",
                            bridge->polling->config->primary.relay_address.text, greeting->code,
                            greeting->text.bytes);
    }
    miss_primary(bridge, error.text);
}

static void primary_received(void *context, const char *bytes, size_t size)
{
    struct bridge *bridge = context;

    if (bridge->state == GREETING || bridge->state == REOPENING)
        take_greeting(bridge, bytes, size);
    else if (bridge->state == READY)
        over(bridge, "your mail server did not wait");
    else if (bridge->state == RUNNING)
        feed(bridge, GUARD_PRIMARY, bytes, size);
}

static void primary_ready(void *context)
{
    struct bridge *bridge = context;
    int64_t patience = bridge->polling->config->primary.greeting_timeout_s;

    if (bridge->state == REOPENING && patience > patience_s(bridge, GUARD_WAIT_REPLY))
        patience = patience_s(bridge, GUARD_WAIT_REPLY); /* the provider waits, too */
    connection_deadline(bridge->primary, clock_monotonic_ms() + patience * 1000);
    if (bridge->proxy_line[0] != '\0')
        connection_send(bridge->primary, bridge->proxy_line, strlen(bridge->proxy_line));
}

static void primary_drained(void *context)
{
    if (is_running(context))
        bridge_drained(context);
}

static void primary_failed(void *context, int code, const struct error *error)
{
    struct bridge *bridge = context;
    struct error why;

    (void)code;
    if (bridge->state == RUNNING) {
        end_side(bridge, GUARD_PRIMARY, error);
        return;
    }
    (void)error_set(&why, error->status, "your mail server %s does not answer: %s",
                    bridge->polling->config->primary.relay_address.text, error->text);
    miss_primary(bridge, why.text);
}

/* Begins to connect to the primary. False, with *error set, when that is impossible. */
static bool open_primary(struct bridge *bridge, struct error *error)
{
    static const struct connection_events events = {.ready = primary_ready,
                                                    .received = primary_received,
                                                    .drained = primary_drained,
                                                    .failed = primary_failed};
    const struct polling *polling = bridge->polling;
    const struct address *address = &polling->config->primary.relay_address;
    const struct connection_options options = {
        .is_bare = true,
        .host = address->host,
        .port = address->port,
        .path = address->path,
        .connect_timeout_ms = bridge->backup->connect_timeout_s * 1000,
        .reply_timeout_ms = bridge->backup->connect_timeout_s * 1000,
    };

    reply_reset(&bridge->greeting);
    bridge->primary = connection_open(polling->loop, &options, &events, bridge, error);
    return bridge->primary != NULL;
}

static bool reopen(struct bridge *bridge)
{
    struct error error;

    drop_primary(bridge);
    if (bridge->reopened++ == REOPENED_MAX)
        return false;
    session_decide(bridge->backup, "connect to your mail server again", guard_why(bridge->guard));
    if (!open_primary(bridge, &error))
        return false;
    bridge->state = REOPENING;
    return true;
}

struct bridge *bridge_new(const struct bridge_options *options)
{
    struct bridge *bridge = memory_new(1, sizeof *bridge);

    bridge->options = *options;
    bridge->polling = options->account->poll->polling;
    bridge->backup = options->account->poll->backup;
    bridge->state = OVER;
    reply_init(&bridge->greeting);
    guard_output_init(&bridge->output);
    buffer_init(&bridge->shown, SHOWN_MAX);
    return bridge;
}

/* Behind a proxy the provider's address is not known here either. */
void bridge_open(struct bridge *bridge, const struct connection_facts *provider)
{
    static const struct connection_facts nobody;
    const struct connection_facts *seen = provider != NULL ? provider : &nobody;
    struct error error;

    bridge_close(bridge);
    bridge->state = GREETING;
    bridge->reopened = 0;
    if (bridge->polling->config->primary.proxy_protocol)
        proxy_line_put(bridge->proxy_line, seen->address, seen->port, seen->local_address,
                       seen->local_port);
    if (!open_primary(bridge, &error))
        primary_failed(bridge, 0, &error);
}

void bridge_close(struct bridge *bridge)
{
    if (bridge->state == READY)
        connection_send(bridge->primary, "QUIT\r\n", 6);
    bridge->state = OVER;
    drop_primary(bridge);
    guard_free(bridge->guard);
    bridge->guard = NULL;
}

void bridge_free(struct bridge *bridge)
{
    if (bridge == NULL)
        return;
    bridge_close(bridge);
    guard_output_done(&bridge->output);
    buffer_done(&bridge->shown);
    reply_done(&bridge->greeting);
    free(bridge);
}

bool bridge_is_ready(const struct bridge *bridge)
{
    return bridge->state == READY;
}

void bridge_start(struct bridge *bridge, struct connection *provider)
{
    const struct guard_options options = {
        .nodes = bridge->options.account->nodes,
        .node_count = bridge->options.account->poll->wanted_count,
        .failures = &bridge->options.account->failures,
        .message = atrn_account_message,
        .not_taken = atrn_account_refusal,
        .refused = atrn_account_command,
        .context = bridge->options.account,
    };

    bridge->state = RUNNING;
    bridge->provider = provider;
    bridge->waiting_since_ms = clock_monotonic_ms();
    bridge->waits_for = GUARD_WAIT_COMMAND;
    bridge->is_behind_auth = false;
    buffer_clear(&bridge->shown);
    buffer_clear(&bridge->output.provider);
    buffer_clear(&bridge->output.primary);
    bridge->guard = guard_new(&options, bridge->greeting.text.bytes, &bridge->output);
    follow(bridge, GUARD_OPEN);
}

struct guard_counts bridge_counts(const struct bridge *bridge)
{
    return guard_counts(bridge->guard);
}

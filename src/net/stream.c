/* An established connection as a stream of bytes. */
#include "internal.h"

#include <mxpull/platform/socket.h>

/* Whether the socket carries our bytes as they are. libcurl walks all its connections at each send
 * and recv (7.88), so they are done without it then. */
static bool is_plain(const struct attempt *attempt)
{
    return attempt->heard.facts.tls == NULL && !attempt->connection->is_https_proxy &&
           attempt->touched;
}

static enum status status_of(CURLcode result)
{
    if (result == CURLE_AGAIN)
        return STATUS_BUSY;
    return result == CURLE_OK ? STATUS_OK : STATUS_UNREACHABLE;
}

static enum status send_some(struct attempt *attempt, size_t *sent)
{
    const struct buffer *bytes = &attempt->sending;

    if (is_plain(attempt))
        return socket_send((intptr_t)attempt->socket, bytes->bytes, bytes->size, sent);
    attempt->touched = true;
    return status_of(curl_easy_send(attempt->easy, bytes->bytes, bytes->size, sent));
}

static enum status receive_some(struct attempt *attempt, size_t *size)
{
    char *bytes = attempt->connection->loop->received;

    if (is_plain(attempt))
        return socket_receive((intptr_t)attempt->socket, bytes, RECEIVE_SIZE, size);
    attempt->touched = true;
    return status_of(curl_easy_recv(attempt->easy, bytes, RECEIVE_SIZE, size));
}

static void tell_closed(struct attempt *attempt)
{
    struct connection *connection = attempt->connection;
    struct error error;

    attempt_note_address(attempt);
    attempt_end(attempt);
    (void)error_set(&error, STATUS_UNREACHABLE, "%s closed the connection",
                    connection->is_bare ? "it" : "the backup");
    connection->events->failed(connection->context, 0, &error);
}

static void have_another_turn(struct attempt *attempt)
{
    timer_set(attempt->connection->loop, &attempt->again, 0);
}

/* Sends on as far as the socket takes it. */
static void flush(struct attempt *attempt)
{
    while (!attempt->broken && (attempt->sending.size > 0 || attempt->queued.size > 0)) {
        size_t sent = 0;

        if (attempt->sending.size == 0) {
            struct buffer empty = attempt->sending;

            attempt->sending = attempt->queued;
            attempt->queued = empty;
        }
        enum status status = send_some(attempt, &sent);
        if (status == STATUS_BUSY)
            return;
        attempt->broken = status != STATUS_OK;
        if (!attempt->broken)
            buffer_consume(&attempt->sending, sent);
    }
    if (attempt->broken)
        have_another_turn(attempt);
}

void stream_send(struct attempt *attempt, const char *bytes, size_t size)
{
    if (attempt->phase != PHASE_OPEN)
        return;
    wire_show(attempt->connection, '>', bytes, size);
    if (buffer_append(&attempt->queued, bytes, size) != STATUS_OK)
        attempt->broken = true;
    flush(attempt);
}

/* Receives until there is no more: TLS keeps decrypted bytes that polling the socket cannot see. In clear, a recv that fills
 * less than its buffer is the last one. A fast sender gets only a few turns at a time, so that the others have theirs. */
void stream_receive(struct attempt *attempt)
{
    enum {
        TURNS_MAX = 16
    };
    struct connection *connection = attempt->connection;
    char *bytes = connection->loop->received;

    attempt->more = false;
    for (int turn = 0; attempt->phase == PHASE_OPEN; turn++) {
        size_t size = 0;

        if (attempt->held || turn == TURNS_MAX) {
            attempt->more = true;
            if (!attempt->held)
                have_another_turn(attempt);
            return;
        }
        enum status status = receive_some(attempt, &size);
        if (status == STATUS_BUSY)
            return;
        if (status != STATUS_OK || size == 0) {
            tell_closed(attempt);
            return;
        }
        wire_show(connection, '<', bytes, size);
        if (connection->events->received != NULL)
            connection->events->received(connection->context, bytes, size);
        if (attempt->heard.facts.tls == NULL && size < RECEIVE_SIZE)
            return;
    }
}

void stream_hold(struct attempt *attempt, bool held)
{
    attempt->held = held;
    if (!held && attempt->more && attempt->phase == PHASE_OPEN)
        have_another_turn(attempt);
}

static void go_on(void *context)
{
    struct attempt *attempt = context;

    if (attempt->broken)
        tell_closed(attempt);
    else if (attempt->more && !attempt->held)
        stream_receive(attempt);
}

/* The connection still stands: its owner may send a last command. */
static void time_out(void *context)
{
    const struct attempt *attempt = context;
    struct error error;

    (void)error_set(&error, STATUS_TIMEOUT, "no answer in time");
    attempt->connection->events->failed(attempt->connection->context, 0, &error);
}

void stream_begin(struct attempt *attempt)
{
    attempt->again.due = go_on;
    attempt->deadline.due = time_out;
}

bool stream_wait(const struct attempt *attempt, struct curl_waitfd *wait)
{
    if (attempt->phase != PHASE_OPEN)
        return false;
    *wait = (struct curl_waitfd){.fd = attempt->socket};
    if (!attempt->held)
        wait->events |= CURL_WAIT_POLLIN;
    if (attempt->sending.size > 0)
        wait->events |= CURL_WAIT_POLLOUT;
    return wait->events != 0;
}

void stream_act(struct attempt *attempt, short events)
{
    const struct connection *connection = attempt->connection;

    if (attempt->phase == PHASE_OPEN && (events & CURL_WAIT_POLLOUT) != 0) {
        flush(attempt);
        if (attempt->sending.size + attempt->queued.size == 0 &&
            connection->events->drained != NULL)
            connection->events->drained(connection->context);
    }
    if (attempt->phase == PHASE_OPEN && (events & ~CURL_WAIT_POLLOUT) != 0)
        stream_receive(attempt);
}

/* One connection to a backup: libcurl makes it, with greeting, EHLO, STARTTLS and AUTH; then bytes
 * go in and out here. All that libcurl leaves open is closed here: it calls a connection good that
 * did not authenticate or stayed in clear, and its timeouts end with the connect phase. The states
 * are drawn in internal.h. */
#include "internal.h"

#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAVING_MAX = 32,
    LEAVING_MS = 5000
};

struct connection *connection_new(struct loop *loop, const struct connection_events *events,
                                  void *context)
{
    struct connection *connection = memory_new(1, sizeof *connection);

    connection->loop = loop;
    connection->events = events;
    connection->context = context;
    connection->opened_ms = clock_monotonic_ms();
    connection->socket = CURL_SOCKET_BAD;
    connection->facts.address = connection->address;
    connection->facts.local_address = connection->local_address;
    connection->facts.refusal = connection->heard.refusal;
    buffer_init(&connection->sending, SEND_SIZE_MAX);
    buffer_init(&connection->queued, SEND_SIZE_MAX);
    return connection;
}

struct connection *connection_begin(struct connection *connection, CURL *easy)
{
    struct loop *loop = connection->loop;

    if (easy == NULL) {
        connection_free(connection);
        return NULL;
    }
    connection->easy = easy;
    (void)curl_multi_add_handle(loop->multi, easy);
    connection->next = loop->connections;
    loop->connections = connection;
    return connection;
}

struct connection *connection_open(struct loop *loop, const struct connection_options *options,
                                   const struct connection_events *events, void *context,
                                   struct error *error)
{
    struct connection *connection = connection_new(loop, events, context);

    connection->user_given = options->user != NULL;
    connection->show_wire = options->show_wire;
    connection->tls_demanded = options->tls == TLS_REQUIRED || options->tls == TLS_IMPLICIT;
    connection->implicit = options->tls == TLS_IMPLICIT;
    connection->proxied = options->proxy != NULL;
    connection->https_proxy = options->proxy != NULL && text_starts_with(options->proxy, "https");
    connection->connect_timeout_ms = options->connect_timeout_ms;
    connection->reply_timeout_ms = options->reply_timeout_ms;
    connection->deadline_ms =
        connection->opened_ms + (options->connect_timeout_ms < options->reply_timeout_ms
                                     ? options->connect_timeout_ms
                                     : options->reply_timeout_ms);
    bool is_ipv6 = strchr(options->host, ':') != NULL;
    if (connection->proxied)
        (void)text_copy(connection->place, PLACE_SIZE, "the proxy");
    else
        (void)snprintf(connection->place, PLACE_SIZE, "%s%s%s:%d", is_ipv6 ? "[" : "",
                       options->host, is_ipv6 ? "]" : "", options->port);
    attempt_lead(connection);
    connection->is_single = connection->proxied;
    connection->any_mechanism = options->user != NULL && options->auth == NULL;
    return connection_begin(connection, setup_easy(connection, options, error));
}

struct connection *connection_open_bare(struct loop *loop, const struct connection_place *place,
                                        const struct connection_events *events, void *context,
                                        struct error *error)
{
    struct connection *connection = connection_new(loop, events, context);

    connection->connect_timeout_ms = connection->reply_timeout_ms = place->connect_timeout_ms;
    connection->deadline_ms = connection->opened_ms + place->connect_timeout_ms;
    attempt_lead(connection);
    connection->is_single = true;
    return connection_begin(connection, setup_bare(connection, place, error));
}

static void close_attempt(struct connection *connection)
{
    connection->closed = true;
    connection->loop->leaving -= connection->leaving ? 1 : 0;
    attempt_end(connection);
    curl_easy_cleanup(connection->easy);
    connection->easy = NULL;
}

void connection_close(struct connection *connection)
{
    if (connection == NULL || connection->closed)
        return;
    for (struct connection *other = connection->loop->connections; other != NULL;
         other = other->next) {
        if (other->leader == connection->leader)
            close_attempt(other);
    }
}

void connection_free(struct connection *connection)
{
    buffer_done(&connection->sending);
    buffer_done(&connection->queued);
    free(connection);
}

static void fail(struct connection *connection, int code, const struct error *error)
{
    bool was_open = connection->phase == PHASE_OPEN;

    address_note(connection);
    if (!was_open) {
        attempt_failed(connection, code, error);
        return;
    }
    connection->phase = PHASE_ENDED;
    connection->events->failed(connection->context, code, error);
}

bool connection_has_tcp(const struct connection *connection, int64_t *since_ms)
{
    curl_off_t connect_us = 0;

    if (curl_easy_getinfo(connection->easy, CURLINFO_CONNECT_TIME_T, &connect_us) != CURLE_OK ||
        connect_us == 0)
        return false;
    *since_ms = connection->opened_ms + connect_us / 1000;
    return true;
}

/* What is under way. */
static enum stage stage_of(const struct connection *connection)
{
    curl_off_t lookup_us = 0;
    int64_t since_ms;

    if (connection->phase == PHASE_OPEN)
        return STAGE_COMMAND;
    if (connection->heard.asked != STAGE_NONE)
        return connection->heard.asked;
    if (connection_has_tcp(connection, &since_ms))
        return connection->implicit && connection->tls_version[0] == '\0' ? STAGE_TLS
                                                                          : STAGE_GREETING;
    (void)curl_easy_getinfo(connection->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup_us);
    return lookup_us > 0 ? STAGE_CONNECT : STAGE_LOOKUP;
}

/* What libcurl calls connected may still be less than what was demanded. */
static enum status check_demands(struct connection *connection, struct error *error)
{
    connection->facts.stage = STAGE_STARTTLS;
    if (connection->tls_demanded && connection->facts.tls == NULL)
        return error_set(error, STATUS_TLS, "%s", failure_without_tls(&connection->heard));
    connection->facts.stage = STAGE_AUTH;
    if (connection->user_given && !connection->heard.authenticated)
        return error_set(error, STATUS_AUTHENTICATION, "AUTH is not offered%s",
                         connection->facts.tls == NULL && connection->facts.ehlo.starttls
                             ? "; it may be after STARTTLS"
                             : "");
    connection->facts.stage = STAGE_COMMAND;
    return STATUS_OK;
}

static void receive(struct connection *connection);

static void note_tls(struct connection *connection)
{
    if (connection->tls_version[0] == '\0')
        return;
    connection->facts.tls = connection->tls_version;
    connection->facts.certificate_expires_ms = certificate_expires_ms(connection->easy);
}

void connection_connected(struct connection *connection, CURLcode result)
{
    struct error error = {0};
    struct failure failure = {.result = result,
                              .words = connection->words,
                              .heard = &connection->heard,
                              .place = connection->place};

    if (connection->phase == PHASE_ENDED || attempt_is_beaten(connection))
        return;
    note_tls(connection);
    connection->facts.authenticated = connection->heard.authenticated;
    connection->facts.ehlo = connection->heard.ehlo;
    connection->facts.refused = connection->heard.refused;
    connection->facts.refused_at = connection->heard.refused_at;
    (void)curl_easy_getinfo(connection->easy, CURLINFO_OS_ERRNO, &failure.os_error);
    if (result == CURLE_COULDNT_RESOLVE_HOST)
        address_try_socket(connection);
    if (socket_is_short(connection->socket_error))
        failure.os_error = connection->socket_error;
    if (result != CURLE_OK) {
        failure.stage = stage_of(connection);
        failure_explain(&failure, &error);
        connection->facts.stage = failure.stage;
    } else {
        (void)check_demands(connection, &error);
    }
    if (error.status == STATUS_OK &&
        curl_easy_getinfo(connection->easy, CURLINFO_ACTIVESOCKET, &connection->socket) != CURLE_OK)
        (void)error_set(&error, STATUS_UNREACHABLE, "the backup closed the connection");
    if (error.status != STATUS_OK) {
        fail(connection, failure.code, &error);
        return;
    }
    address_note(connection);
    connection->phase = PHASE_OPEN;
    connection->deadline_ms = INT64_MAX;
    connection->events->ready(connection->context);
    /* 7.88 drops a connection that was not used yet when another one is opened; and a greeting may
     * be there already. */
    if (!connection->touched)
        receive(connection);
}

/* From the moment that TCP stands each reply has its own time. libcurl's bound for the whole of the
 * connect phase, under which it has divided its time among the addresses of the host until now, is
 * lifted. */
static void begin_session(struct connection *connection, int64_t since_ms)
{
    connection->phase = PHASE_SESSION;
    connection->deadline_ms = since_ms + connection->reply_timeout_ms;
    if (connection->heard.replies == 0 &&
        attempt_greeting_limit_ms(connection) < connection->deadline_ms)
        connection->deadline_ms = attempt_greeting_limit_ms(connection);
    (void)curl_easy_setopt(connection->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)INT32_MAX);
}

void connection_progressed(struct connection *connection)
{
    begin_session(connection, clock_monotonic_ms());
    if (connection->heard.replies == 1 && connection->heard.code == 220)
        attempt_greeted(connection);
}

enum stage connection_stage(const struct connection *connection)
{
    return stage_of(connection->leader->acting);
}

static void time_out(struct connection *connection)
{
    char duration[DURATION_TEXT_SIZE];
    const struct connection *leader = connection->leader;
    bool is_limited = connection != leader && connection->deadline_ms == leader->limit_ms;
    int64_t connect_limit_ms = connection->opened_ms + connection->connect_timeout_ms;
    struct error error;
    int64_t since_ms;

    if (connection->phase == PHASE_TCP && connection_has_tcp(connection, &since_ms)) {
        begin_session(connection, since_ms);
        return;
    }
    if (connection->phase == PHASE_TCP && connection->deadline_ms < connect_limit_ms) {
        connection->deadline_ms = connect_limit_ms;
        return;
    }
    connection->facts.stage = stage_of(connection);
    if (connection->phase == PHASE_TCP)
        (void)error_set(&error, STATUS_TIMEOUT, "no connection%s%s within %s",
                        connection->place[0] != '\0' ? " to " : "", connection->place,
                        duration_format(duration, connection->connect_timeout_ms / 1000));
    else if (connection->phase == PHASE_SESSION)
        (void)error_set(
            &error, STATUS_TIMEOUT, "%s within %s",
            connection->heard.replies == 0 ? "connected, but no greeting" : "no whole reply",
            duration_format(
                duration,
                (is_limited ? leader->connect_timeout_ms : connection->reply_timeout_ms) / 1000));
    else
        (void)error_set(&error, STATUS_TIMEOUT, "no answer in time");
    if (connection->phase == PHASE_OPEN) { /* it stands: its owner may have a last word */
        connection->deadline_ms = INT64_MAX;
        connection->events->failed(connection->context, 0, &error);
        return;
    }
    fail(connection, 0, &error);
}

static void tell_closed(struct connection *connection)
{
    struct error error;

    /* A bare stream leads to our own mail server. */
    (void)error_set(&error, STATUS_UNREACHABLE, "%s closed the connection",
                    connection->place[0] != '\0' ? "the backup" : "it");
    fail(connection, 0, &error);
}

int64_t connection_due(const struct connection *connection)
{
    if (connection->phase == PHASE_ENDED)
        return INT64_MAX;
    bool at_once = connection->broken || (connection->more && !connection->held) ||
                   attempt_is_beaten(connection);
    if (at_once || connection->phase == PHASE_OPEN || connection->deadline_ms < connection->look_ms)
        return at_once ? 0 : connection->deadline_ms;
    return connection->look_ms;
}

void connection_overdue(struct connection *connection)
{
    if (attempt_is_beaten(connection))
        attempt_end(connection);
    else if (connection->phase != PHASE_OPEN && connection->look_ms < connection->deadline_ms)
        attempt_look(connection);
    else if (connection->broken)
        tell_closed(connection);
    else if (connection->more && !connection->held)
        receive(connection);
    else
        time_out(connection);
}

bool connection_wait(const struct connection *connection, struct curl_waitfd *wait)
{
    if (connection->phase != PHASE_OPEN)
        return false;
    *wait = (struct curl_waitfd){.fd = connection->socket};
    if (!connection->held)
        wait->events |= CURL_WAIT_POLLIN;
    if (connection->sending.size > 0)
        wait->events |= CURL_WAIT_POLLOUT;
    return wait->events != 0;
}

/* Whether the socket carries our bytes as they are. libcurl walks all its connections at each send
 * and recv (7.88), so they are done without it then. */
static bool is_plain(const struct connection *connection)
{
    return connection->facts.tls == NULL && !connection->https_proxy && connection->touched;
}

static enum status status_of(CURLcode result)
{
    if (result == CURLE_AGAIN)
        return STATUS_BUSY;
    return result == CURLE_OK ? STATUS_OK : STATUS_UNREACHABLE;
}

static enum status send_some(struct connection *connection, size_t *sent)
{
    const struct buffer *bytes = &connection->sending;

    if (is_plain(connection))
        return socket_send((intptr_t)connection->socket, bytes->bytes, bytes->size, sent);
    connection->touched = true;
    return status_of(curl_easy_send(connection->easy, bytes->bytes, bytes->size, sent));
}

static enum status receive_some(struct connection *connection, size_t *size)
{
    char *bytes = connection->loop->received;

    if (is_plain(connection))
        return socket_receive((intptr_t)connection->socket, bytes, RECEIVE_SIZE, size);
    connection->touched = true;
    return status_of(curl_easy_recv(connection->easy, bytes, RECEIVE_SIZE, size));
}

/* Sends on as far as the socket takes it. */
static void flush(struct connection *connection)
{
    while (!connection->broken && (connection->sending.size > 0 || connection->queued.size > 0)) {
        size_t sent = 0;

        if (connection->sending.size == 0) {
            struct buffer empty = connection->sending;

            connection->sending = connection->queued;
            connection->queued = empty;
        }
        enum status status = send_some(connection, &sent);
        if (status == STATUS_BUSY)
            return;
        connection->broken = status != STATUS_OK;
        if (!connection->broken)
            buffer_consume(&connection->sending, sent);
    }
}

void connection_send(struct connection *connection, const char *bytes, size_t size)
{
    connection = connection->leader->acting;
    if (connection->phase != PHASE_OPEN)
        return;
    wire_show(connection, '>', bytes, size);
    if (buffer_append(&connection->queued, bytes, size) != STATUS_OK)
        connection->broken = true;
    flush(connection);
}

static void ignore_received(void *context, const char *bytes, size_t size)
{
    (void)context;
    (void)bytes;
    (void)size;
}

static void close_left(void *context, int code, const struct error *error)
{
    (void)code;
    (void)error;
    connection_close(context);
}

/* Of connections that were left there are only so many, for each holds a file: the oldest one goes. */
static void close_oldest(struct loop *loop)
{
    struct connection *oldest = NULL;

    for (struct connection *other = loop->connections; other != NULL; other = other->next) {
        if (other->leaving && !other->closed)
            oldest = other;
    }
    connection_close(oldest);
}

void connection_leave(struct connection *connection, const char *bytes, size_t size)
{
    static const struct connection_events events = {.received = ignore_received,
                                                    .failed = close_left};

    connection_send(connection, bytes, size);
    connection = connection->leader->acting;
    if (connection->phase != PHASE_OPEN || connection->broken) {
        connection_close(connection);
        return;
    }
    if (connection->loop->leaving == LEAVING_MAX)
        close_oldest(connection->loop);
    connection->loop->leaving++;
    connection->leaving = true;
    connection->events = &events;
    connection->context = connection;
    connection->show_wire = connection->held = false;
    connection->deadline_ms = clock_monotonic_ms() + LEAVING_MS;
}

size_t connection_unsent(const struct connection *connection)
{
    connection = connection->leader->acting;
    return connection->sending.size + connection->queued.size;
}

void connection_hold(struct connection *connection, bool held)
{
    connection = connection->leader->acting;
    connection->held = held;
}

void connection_deadline(struct connection *connection, int64_t at_ms)
{
    connection = connection->leader->acting;
    if (connection->phase == PHASE_OPEN)
        connection->deadline_ms = at_ms;
}

/* Receives until there is no more: TLS keeps decrypted bytes that polling the socket cannot see. In
 * clear a recv that brought less than it could have is the last one. A fast sender gets no more
 * than a few turns at a time, so that the others have theirs. */
static void receive(struct connection *connection)
{
    enum {
        TURNS_MAX = 16
    };
    char *bytes = connection->loop->received;

    connection->more = false;
    for (int turn = 0; connection->phase == PHASE_OPEN; turn++) {
        size_t size = 0;

        if (connection->held || turn == TURNS_MAX) {
            connection->more = true;
            return;
        }
        enum status status = receive_some(connection, &size);
        if (status == STATUS_BUSY)
            return;
        if (status != STATUS_OK || size == 0) {
            tell_closed(connection);
            return;
        }
        wire_show(connection, '<', bytes, size);
        connection->events->received(connection->context, bytes, size);
        if (connection->facts.tls == NULL && size < RECEIVE_SIZE)
            return;
    }
}

void connection_act(struct connection *connection, short events)
{
    if (connection->phase == PHASE_OPEN && (events & CURL_WAIT_POLLOUT) != 0) {
        flush(connection);
        if (connection_unsent(connection) == 0 && connection->events->drained != NULL)
            connection->events->drained(connection->context);
    }
    if (connection->phase == PHASE_OPEN && (events & ~CURL_WAIT_POLLOUT) != 0)
        receive(connection);
}

const struct connection_facts *connection_facts(const struct connection *connection)
{
    return &connection->leader->acting->facts;
}

/* A connection as its owner knows it, made by one attempt or several. libcurl goes on to the next address of a host only
 * where TCP fails. Where one machine is at fault (its greeting is a refusal, it closes, speaks no SMTP or stays silent),
 * another attempt begins here without the addresses that were used. A silent machine is waited for meanwhile; the first
 * attempt that is greeted is kept. A mechanism of AUTH that is refused leads to another attempt without it. */
#include "internal.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SILENT_PARTS = 4, /* of connect_timeout: so long a silent address is waited for alone */
    LEAVING_MS = 5000
};

/* ---- other attempts ---- */

static void look_at_silent(void *context);

static struct attempt *begin(struct connection *connection, CURL *easy, int64_t connect_timeout_ms)
{
    struct attempt *attempt = attempt_begin(connection, easy, connect_timeout_ms);

    attempt->silence = (struct timer){.due = look_at_silent, .context = attempt};
    if (!connection->is_single)
        timer_set(connection->loop, &attempt->silence,
                  attempt->opened_ms + connection->connect_timeout_ms / SILENT_PARTS);
    return attempt;
}

/* Begins another attempt, within what is left of connect_timeout. */
static void begin_another(struct connection *connection)
{
    int64_t left_ms = connection->limit_ms - clock_monotonic_ms();

    if (left_ms <= 0 || connection->attempt_count == ATTEMPTS_MAX)
        return;
    CURL *easy =
        handle_copy(connection->attempts[0]->easy, left_ms, connection->reply_timeout_ms,
                    connection->any_mechanism ? EHLO_MECHANISMS_ALL & ~connection->tried : 0);
    if (easy != NULL)
        (void)begin(connection, easy, left_ms);
}

/* Tries the addresses that the attempts before have not used. */
static void try_next_address(struct attempt *attempt)
{
    attempt->is_used = true;
    if (!attempt->connection->is_single)
        begin_another(attempt->connection);
}

static void look_at_silent(void *context)
{
    struct attempt *attempt = context;
    const struct connection *connection = attempt->connection;
    int64_t since_ms;

    if (attempt->heard.replies > 0)
        return;
    if (attempt_has_tcp(attempt, &since_ms)) {
        attempt_note_address(attempt);
        try_next_address(attempt);
    } else {
        timer_set(connection->loop, &attempt->silence,
                  clock_monotonic_ms() + connection->connect_timeout_ms / SILENT_PARTS);
    }
}

/* The server refused a mechanism, not the user (535) or the session in clear (530): it may take another mechanism that it
 * offers. */
static void try_next_mechanism(struct attempt *attempt)
{
    struct connection *connection = attempt->connection;
    const struct heard *heard = &attempt->heard;
    size_t used = strlen(connection->refusals);

    if (attempt->heard.facts.stage != STAGE_AUTH || attempt->code == 0 || heard->mechanism == 0)
        return;
    (void)snprintf(connection->refusals + used, sizeof connection->refusals - used, "%s%s: %s",
                   used > 0 ? ", " : "", ehlo_mechanism_name(heard->mechanism), heard->text);
    connection->tried |= heard->mechanism;
    if (!connection->any_mechanism || (heard->facts.ehlo.mechanisms & ~connection->tried) == 0 ||
        attempt->code / 100 != 5 || attempt->code == 530 || attempt->code == 535)
        return;
    connection->limit_ms = clock_monotonic_ms() + connection->connect_timeout_ms;
    begin_another(connection);
}

/* Whether what has failed may be the one machine's fault. */
static bool is_about_machine(const struct attempt *attempt)
{
    enum stage stage = attempt->heard.facts.stage;

    if (stage == STAGE_TLS || stage == STAGE_CERTIFICATE || stage == STAGE_PINNED_KEY)
        return attempt->heard.replies == 0;
    if (stage == STAGE_EHLO)
        return attempt->code / 100 == 4 ||
               (attempt->code == 0 && attempt->error.status == STATUS_UNREACHABLE);
    return stage == STAGE_GREETING;
}

/* ---- their end ---- */

/* How much a failure tells: the further it came the more, and a refusal for now before one for good. */
static int weight_of(const struct attempt *attempt)
{
    return (int)attempt->heard.facts.stage * 4 + (attempt->code / 100 == 4 ? 2 : 0) +
           (attempt->code != 0 ? 1 : 0);
}

/* Tells the owner the weightiest failure; of equals the last one. The mechanisms that AUTH has tried are named. */
static void tell(struct connection *connection, struct attempt *last)
{
    struct attempt *failed = last;
    bool is_only = (connection->tried & (connection->tried - 1)) == 0;

    for (size_t i = connection->attempt_count; i-- > 0;) {
        if (weight_of(connection->attempts[i]) > weight_of(failed))
            failed = connection->attempts[i];
    }
    struct error *error = &failed->error;
    const char *name = ehlo_mechanism_name(failed->heard.mechanism);
    size_t size = strlen(error->text);
    if (failed->heard.facts.stage == STAGE_AUTH && !is_only)
        (void)error_set(error, error->status, "%s", connection->refusals);
    else if (failed->heard.facts.stage == STAGE_AUTH && failed->code != 0 && name[0] != '\0')
        (void)snprintf(error->text + size, sizeof error->text - size, " (AUTH %s)", name);
    connection->acting = failed;
    connection->events->failed(connection->context, failed->code, error);
}

static void failed(struct attempt *attempt)
{
    struct connection *connection = attempt->connection;

    if (connection->chosen && connection->acting != attempt)
        return;
    connection->chosen = false;
    if (attempt != connection->attempts[0] && attempt->sockets == 0)
        connection->is_single = true; /* there was no other address */
    if (is_about_machine(attempt))
        try_next_address(attempt);
    else
        try_next_mechanism(attempt);
    for (size_t i = 0; i < connection->attempt_count; i++) {
        if (connection->attempts[i]->phase != PHASE_ENDED)
            return;
    }
    tell(connection, attempt);
}

/* 7.88 drops an unused connection when another one is opened, and a greeting may be there already: so a connection that the
 * owner has left untouched is read from at once. */
static void ready(struct attempt *attempt)
{
    struct connection *connection = attempt->connection;

    connection->acting = attempt;
    stream_begin(attempt);
    connection->events->ready(connection->context);
    if (!attempt->touched)
        stream_receive(attempt);
}

/* ---- the owner's side ---- */

void connection_place(char place[CONNECTION_PLACE_SIZE], const char *host, int port)
{
    bool is_ipv6 = strchr(host, ':') != NULL;

    (void)snprintf(place, CONNECTION_PLACE_SIZE, "%s%s%s:%d", is_ipv6 ? "[" : "", host,
                   is_ipv6 ? "]" : "", port);
}

static struct connection *connection_new(struct loop *loop,
                                         const struct connection_options *options,
                                         const struct connection_events *events, void *context)
{
    struct connection *connection = memory_new(1, sizeof *connection);

    *connection = (struct connection){
        .next = loop->connections,
        .loop = loop,
        .events = events,
        .context = context,
        .ready = ready,
        .failed = failed,
        .show_wire = options->show_wire,
        .is_bare = options->is_bare,
        .is_implicit = options->tls == TLS_IMPLICIT,
        .is_https_proxy = options->proxy != NULL && text_starts_with(options->proxy, "https"),
        .is_proxied = options->proxy != NULL,
        .has_user = options->user != NULL,
        .demands_tls = options->tls == TLS_REQUIRED || options->tls == TLS_IMPLICIT,
        .any_mechanism = options->user != NULL && options->auth == NULL,
        .is_single = options->proxy != NULL || options->is_bare || options->address != NULL,
        .connect_timeout_ms = options->connect_timeout_ms,
        .reply_timeout_ms = options->reply_timeout_ms,
        .limit_ms = clock_monotonic_ms() + options->connect_timeout_ms,
    };
    if (connection->is_proxied)
        (void)text_copy(connection->place, CONNECTION_PLACE_SIZE, "the proxy");
    else if (!connection->is_bare)
        connection_place(connection->place,
                         options->address != NULL ? options->address : options->host,
                         options->port);
    return connection;
}

static void connect_to(struct connection *connection, CURL *easy,
                       const struct connection_options *options)
{
    static const char any[] = "::"; /* instead of any host and port */
    char place[sizeof any + CONNECTION_PLACE_SIZE] = "::";

    connection_place(place + sizeof any - 1, options->address, options->port);
    connection->connect_to = curl_slist_append(NULL, place);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connection->connect_to);
}

struct connection *connection_open(struct loop *loop, const struct connection_options *options,
                                   const struct connection_events *events, void *context,
                                   struct error *error)
{
    CURL *easy = handle_new(options, error);

    if (easy == NULL)
        return NULL;
    struct connection *connection = connection_new(loop, options, events, context);
    if (options->address != NULL)
        connect_to(connection, easy, options);
    connection->acting = begin(connection, easy, connection->connect_timeout_ms);
    loop->connections = connection;
    return connection;
}

static void forget_left(struct connection *connection)
{
    struct loop *loop = connection->loop;
    size_t i = 0;

    while (loop->left[i] != connection)
        i++;
    loop->left_count--;
    memmove(&loop->left[i], &loop->left[i + 1],
            (loop->left_count - i) * sizeof(struct connection *));
}

void connection_close(struct connection *connection)
{
    if (connection == NULL || connection->closed)
        return;
    connection->closed = true;
    if (connection->leaving)
        forget_left(connection);
    for (size_t i = 0; i < connection->attempt_count; i++)
        attempt_end(connection->attempts[i]);
}

void connection_free(struct connection *connection)
{
    for (size_t i = 0; i < connection->attempt_count; i++)
        attempt_free(connection->attempts[i]);
    curl_slist_free_all(connection->connect_to);
    free(connection);
}

void connection_send(struct connection *connection, const char *bytes, size_t size)
{
    stream_send(connection->acting, bytes, size);
}

static void close_left(void *context, int code, const struct error *error)
{
    (void)code;
    (void)error;
    connection_close(context);
}

/* Each connection that was left holds a file descriptor, so their number is bounded: the one left first goes. */
void connection_leave(struct connection *connection, const char *bytes, size_t size)
{
    static const struct connection_events events = {.failed = close_left};
    struct attempt *acting = connection->acting;
    struct loop *loop = connection->loop;

    stream_send(acting, bytes, size);
    if (acting->phase != PHASE_OPEN || acting->broken) {
        connection_close(connection);
        return;
    }
    if (loop->left_count == LEFT_MAX)
        connection_close(loop->left[0]);
    loop->left[loop->left_count++] = connection;
    connection->leaving = true;
    connection->events = &events;
    connection->context = connection;
    connection->show_wire = false;
    stream_hold(acting, false);
    connection_deadline(connection, clock_monotonic_ms() + LEAVING_MS);
}

size_t connection_unsent(const struct connection *connection)
{
    return connection->acting->sending.size + connection->acting->queued.size;
}

void connection_hold(struct connection *connection, bool held)
{
    stream_hold(connection->acting, held);
}

void connection_deadline(struct connection *connection, int64_t at_ms)
{
    if (connection->acting->phase == PHASE_OPEN)
        timer_set(connection->loop, &connection->acting->deadline, at_ms);
}

enum stage connection_stage(const struct connection *connection)
{
    return attempt_stage(connection->acting);
}

const struct connection_facts *connection_facts(const struct connection *connection)
{
    return &connection->acting->heard.facts;
}

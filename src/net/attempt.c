/* One try to connect: libcurl makes it, with greeting, EHLO, STARTTLS and AUTH. Here stand the checks that libcurl lacks, for
 * it calls a connection good that did not authenticate or stayed in clear, and the deadlines. internal.h draws the states. */
#include "internal.h"

#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/socket.h>

#include <stdlib.h>
#include <string.h>

enum {
    SEND_SIZE_MAX = 4 * 1024 * 1024
};

/* ---- addresses ---- */

static bool is_used(const struct connection *connection, const char *address)
{
    for (size_t i = 0; i < connection->attempt_count; i++) {
        const struct attempt *attempt = connection->attempts[i];

        if (attempt->is_used && strcmp(attempt->heard.facts.address, address) == 0)
            return true;
    }
    return false;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct attempt *attempt = context;
    char text[CONNECTION_ADDRESS_SIZE];

    (void)purpose;
    socket_address_text(&address->addr, address->addrlen, text, sizeof text);
    if (!attempt->connection->is_proxied) {
        if (is_used(attempt->connection, text))
            return CURL_SOCKET_BAD;
        (void)text_copy(attempt->heard.facts.address, CONNECTION_ADDRESS_SIZE, text);
    }
    attempt->sockets++;
    return (curl_socket_t)socket_open(address->family, address->socktype, address->protocol,
                                      &attempt->socket_error);
}

/* A lookup fails, too, where no socket can be opened: tries whether one can. */
static void try_socket(struct attempt *attempt)
{
    intptr_t opened = socket_open(AF_INET, SOCK_STREAM, 0, &attempt->socket_error);

    if (opened >= 0)
        socket_close(opened);
}

static void note_end(CURL *easy, CURLINFO address_info, CURLINFO port_info,
                     char address[CONNECTION_ADDRESS_SIZE], int *port)
{
    const char *text = NULL;
    long number = 0;

    if (curl_easy_getinfo(easy, address_info, &text) == CURLE_OK && text != NULL && text[0] != '\0')
        (void)text_copy(address, CONNECTION_ADDRESS_SIZE, text);
    if (curl_easy_getinfo(easy, port_info, &number) == CURLE_OK && number > 0)
        *port = (int)number;
}

void attempt_note_address(struct attempt *attempt)
{
    struct connection_facts *facts = &attempt->heard.facts;

    if (!attempt->connection->is_proxied)
        note_end(attempt->easy, CURLINFO_PRIMARY_IP, CURLINFO_PRIMARY_PORT, facts->address,
                 &facts->port);
    note_end(attempt->easy, CURLINFO_LOCAL_IP, CURLINFO_LOCAL_PORT, facts->local_address,
             &facts->local_port);
    if (strcmp(facts->address, facts->local_address) == 0 ||
        host_ip_is_loopback(facts->local_address))
        loop_note_own(attempt->connection->loop, facts->local_address, facts->local_port);
}

/* ---- how far it has come ---- */

bool attempt_has_tcp(const struct attempt *attempt, int64_t *since_ms)
{
    curl_off_t connect_us = 0;

    if (curl_easy_getinfo(attempt->easy, CURLINFO_CONNECT_TIME_T, &connect_us) != CURLE_OK ||
        connect_us == 0)
        return false;
    *since_ms = attempt->opened_ms + connect_us / 1000;
    return true;
}

enum stage attempt_stage(const struct attempt *attempt)
{
    curl_off_t lookup_us = 0;
    int64_t since_ms;

    if (attempt->phase == PHASE_OPEN)
        return STAGE_COMMAND;
    if (attempt->heard.asked != STAGE_NONE)
        return attempt->heard.asked;
    if (attempt_has_tcp(attempt, &since_ms))
        return attempt->connection->is_implicit && attempt->tls_version[0] == '\0' ? STAGE_TLS
                                                                                   : STAGE_GREETING;
    (void)curl_easy_getinfo(attempt->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup_us);
    return lookup_us > 0 ? STAGE_CONNECT : STAGE_LOOKUP;
}

/* ---- its end ---- */

void attempt_end(struct attempt *attempt)
{
    struct loop *loop = attempt->connection->loop;

    if (attempt->phase == PHASE_ENDED)
        return;
    attempt->phase = PHASE_ENDED;
    timer_set(loop, &attempt->deadline, INT64_MAX);
    timer_set(loop, &attempt->silence, INT64_MAX);
    timer_set(loop, &attempt->again, INT64_MAX);
    (void)curl_multi_remove_handle(loop->multi, attempt->easy);
}

void attempt_free(struct attempt *attempt)
{
    curl_easy_cleanup(attempt->easy);
    buffer_done(&attempt->sending);
    buffer_done(&attempt->queued);
    free(attempt);
}

static void fail(struct attempt *attempt, int code, const struct error *error)
{
    attempt_note_address(attempt);
    attempt_end(attempt);
    attempt->code = code;
    attempt->error = *error;
    attempt->connection->failed(attempt);
}

/* Another attempt has greeted before. */
static void give_way(void *context)
{
    attempt_end(context);
}

/* ---- the connect phase ---- */

/* Once TCP stands each reply has its own time; an attempt that is not the first must be greeted within the connection's
 * limit, unless the first one is still waited for. libcurl's bound for the whole connect phase, by which it has divided its
 * time among the host's addresses, is lifted. */
static void begin_session(struct attempt *attempt, int64_t since_ms)
{
    const struct connection *connection = attempt->connection;
    const struct attempt *first = connection->attempts[0];
    int64_t deadline_ms = since_ms + connection->reply_timeout_ms;

    attempt->phase = PHASE_SESSION;
    attempt->is_limited = attempt->heard.replies == 0 && attempt != first &&
                          first->phase == PHASE_ENDED && connection->limit_ms < deadline_ms;
    timer_set(connection->loop, &attempt->deadline,
              attempt->is_limited ? connection->limit_ms : deadline_ms);
    (void)curl_easy_setopt(attempt->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)INT32_MAX);
}

/* The first attempt that is greeted by 220 is kept. */
static void choose(struct attempt *attempt)
{
    struct connection *connection = attempt->connection;

    if (connection->chosen)
        return;
    connection->chosen = true;
    connection->acting = attempt;
    for (size_t i = 0; i < connection->attempt_count; i++) {
        struct attempt *other = connection->attempts[i];

        if (other != attempt && other->phase != PHASE_ENDED)
            timer_set(connection->loop, &other->again, 0);
    }
}

/* A reply line. A CURLOPT_HEADERFUNCTION. */
static size_t header(char *line, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;
    struct heard *heard = &attempt->heard;

    if (!heard_line(heard, line, size * count))
        return 0;
    if (!heard->open) {
        int64_t now_ms = clock_monotonic_ms(), since_ms = now_ms;

        if (heard->replies == 1 && attempt_has_tcp(attempt, &since_ms))
            heard->facts.greeting_ms = now_ms - since_ms;
        begin_session(attempt, now_ms);
        if (heard->replies == 1 && heard->code == 220)
            choose(attempt);
    }
    if (heard->stage == STAGE_EHLO && heard->code == 250)
        heard_make_readable(line, size * count);
    wire_note_session(attempt);
    return size * count;
}

static void time_out(void *context)
{
    struct attempt *attempt = context;
    const struct connection *connection = attempt->connection;
    int64_t connect_limit_ms = attempt->opened_ms + attempt->connect_timeout_ms;
    char duration[DURATION_TEXT_SIZE];
    struct error error;
    int64_t since_ms;

    if (attempt->phase == PHASE_TCP && attempt_has_tcp(attempt, &since_ms)) {
        begin_session(attempt, since_ms);
        return;
    }
    if (attempt->phase == PHASE_TCP && clock_monotonic_ms() < connect_limit_ms) {
        timer_set(connection->loop, &attempt->deadline, connect_limit_ms);
        return;
    }
    attempt->heard.facts.stage = attempt_stage(attempt);
    if (attempt->phase == PHASE_TCP)
        (void)error_set(&error, STATUS_TIMEOUT, "no connection%s%s within %s",
                        connection->is_bare ? "" : " to ", connection->place,
                        duration_format(duration, attempt->connect_timeout_ms / 1000));
    else
        (void)error_set(
            &error, STATUS_TIMEOUT, "%s within %s",
            attempt->heard.replies == 0 ? "connected, but no greeting" : "no whole reply",
            duration_format(duration, (attempt->is_limited ? connection->connect_timeout_ms
                                                           : connection->reply_timeout_ms) /
                                          1000));
    fail(attempt, 0, &error);
}

/* What libcurl calls connected may still be less than what was demanded. */
static enum status check_demands(struct attempt *attempt, struct error *error)
{
    const struct connection *connection = attempt->connection;
    struct connection_facts *facts = &attempt->heard.facts;

    facts->stage = STAGE_STARTTLS;
    if (connection->demands_tls && facts->tls == NULL)
        return error_set(error, STATUS_TLS, "%s", failure_without_tls(&attempt->heard));
    facts->stage = STAGE_AUTH;
    if (connection->has_user && !facts->authenticated)
        return error_set(error, STATUS_AUTHENTICATION, "AUTH is not offered%s",
                         facts->tls == NULL && facts->ehlo.starttls ? "; it may be after STARTTLS"
                                                                    : "");
    facts->stage = STAGE_COMMAND;
    if (curl_easy_getinfo(attempt->easy, CURLINFO_ACTIVESOCKET, &attempt->socket) != CURLE_OK)
        return error_set(error, STATUS_UNREACHABLE, "the backup closed the connection");
    return STATUS_OK;
}

/* libcurl has ended the connect phase. */
static void connected(void *context, CURLcode result)
{
    struct attempt *attempt = context;
    struct connection *connection = attempt->connection;
    struct connection_facts *facts = &attempt->heard.facts;
    struct failure failure = {.result = result,
                              .words = attempt->words,
                              .heard = &attempt->heard,
                              .place = connection->place};
    struct error error;

    if (attempt->phase == PHASE_ENDED || (connection->chosen && connection->acting != attempt))
        return;
    if (attempt->tls_version[0] != '\0') {
        facts->tls = attempt->tls_version;
        wire_note_certificate(attempt->easy, facts);
    }
    if (result == CURLE_OK && check_demands(attempt, &error) == STATUS_OK) {
        attempt_note_address(attempt);
        timer_set(connection->loop, &attempt->deadline, INT64_MAX);
        timer_set(connection->loop, &attempt->silence, INT64_MAX);
        attempt->phase = PHASE_OPEN;
        connection->ready(attempt);
        return;
    }
    if (result != CURLE_OK) {
        (void)curl_easy_getinfo(attempt->easy, CURLINFO_OS_ERRNO, &failure.os_error);
        if (result == CURLE_COULDNT_RESOLVE_HOST)
            try_socket(attempt);
        if (socket_is_short(attempt->socket_error))
            failure.os_error = attempt->socket_error;
        facts->no_route = socket_has_no_route((int)failure.os_error) ||
                          socket_has_no_route(attempt->socket_error);
        failure.stage = attempt_stage(attempt);
        failure_explain(&failure, &error);
        attempt->heard.facts.stage = failure.stage;
    }
    fail(attempt, failure.code, &error);
}

/* libcurl takes the data of a function that it was not given for a file. */
static void attach(struct attempt *attempt)
{
    CURL *easy = attempt->easy;

    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, &attempt->transfer);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, attempt->words);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, attempt);
    if (attempt->connection->is_bare)
        return;
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, attempt);
    (void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, wire_debug);
    (void)curl_easy_setopt(easy, CURLOPT_DEBUGDATA, attempt);
    (void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
}

struct attempt *attempt_begin(struct connection *connection, CURL *easy, int64_t connect_timeout_ms)
{
    struct attempt *attempt = memory_new(1, sizeof *attempt);
    int64_t timeout_ms = connect_timeout_ms < connection->reply_timeout_ms
                             ? connect_timeout_ms
                             : connection->reply_timeout_ms;

    attempt->transfer = (struct transfer){connected, attempt};
    attempt->connection = connection;
    attempt->easy = easy;
    attempt->opened_ms = clock_monotonic_ms();
    attempt->connect_timeout_ms = connect_timeout_ms;
    attempt->deadline = (struct timer){.due = time_out, .context = attempt};
    attempt->again = (struct timer){.due = give_way, .context = attempt};
    attempt->socket = CURL_SOCKET_BAD;
    buffer_init(&attempt->sending, SEND_SIZE_MAX);
    buffer_init(&attempt->queued, SEND_SIZE_MAX);
    connection->attempts[connection->attempt_count++] = attempt;
    attach(attempt);
    (void)curl_multi_add_handle(connection->loop->multi, easy);
    timer_set(connection->loop, &attempt->deadline, attempt->opened_ms + timeout_ms);
    return attempt;
}

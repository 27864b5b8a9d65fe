/* net: connections over loopback, against a peer that this test plays by hand. */
#include "unit.h"

#include <mxpull/net/connection.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 60000,
    MANY = 1024 * 1024
};

/* ---- the peer ---- */

static int listener, peer; /* peer: what was accepted, -1: nothing yet */
static int port;

static void listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    int received_at_once = 16 * 1024;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    peer = -1;
    (void)setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &received_at_once, sizeof received_at_once);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    port = ntohs(address.sin_port);
}

static bool peer_is_there(void)
{
    if (peer < 0)
        peer = accept(listener, NULL, NULL);
    return peer >= 0;
}

static void peer_says(const char *text)
{
    assert_int_equal(send(peer, text, strlen(text), 0), strlen(text));
}

/* Appends what has come, without waiting for it; false at the end. */
static bool peer_reads(char *text, size_t size)
{
    size_t used = strlen(text);
    ssize_t got = recv(peer, text + used, size - 1 - used, MSG_DONTWAIT);

    if (got > 0)
        text[used + (size_t)got] = '\0';
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

/* ---- our side ---- */

static struct loop *loop;
static struct connection *connection;
static struct timer tick;

static struct heard_events {
    int ready, drained, failed, code;
    enum status status;
    char received[256], text[ERROR_TEXT_SIZE];
    size_t size;
} events;

static void on_ready(void *context)
{
    (void)context;
    events.ready++;
}

static void on_received(void *context, const char *bytes, size_t size)
{
    (void)context;
    events.size += size;
    (void)strncat(events.received, bytes,
                  size < 200 - strlen(events.received) ? size : 200 - strlen(events.received));
}

static void on_drained(void *context)
{
    (void)context;
    events.drained++;
}

static void on_failed(void *context, int code, const struct error *error)
{
    (void)context;
    events.failed++;
    events.code = code;
    events.status = error->status;
    (void)snprintf(events.text, sizeof events.text, "%s", error->text);
}

static const struct connection_events table = {
    .ready = on_ready, .received = on_received, .drained = on_drained, .failed = on_failed};

/* Keeps the loop awake, for the peer is no part of it. */
static void tick_again(void *context)
{
    (void)context;
    timer_set(loop, &tick, clock_monotonic_ms() + 5);
}

static int set_up(void **state)
{
    struct error error;

    (void)state;
    events = (struct heard_events){0};
    connection = NULL;
    listen_anywhere();
    loop = loop_new(&error);
    tick = (struct timer){.due = tick_again};
    if (loop != NULL)
        tick_again(NULL);
    return loop != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    connection_close(connection);
    loop_free(loop);
    if (peer >= 0)
        (void)close(peer);
    (void)close(listener);
    return 0;
}

static void turn(void)
{
    loop_turn(loop, INT64_MAX);
}

#define TURN_UNTIL(condition)                                                                      \
    do {                                                                                           \
        int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;                                     \
        while (!(condition)) {                                                                     \
            assert_true(clock_monotonic_ms() < until_ms);                                          \
            turn();                                                                                \
        }                                                                                          \
    } while (0)

static void turn_for(int64_t ms)
{
    for (int64_t until_ms = clock_monotonic_ms() + ms; clock_monotonic_ms() < until_ms;)
        turn();
}

static void open_bare(void)
{
    struct error error;
    const struct connection_options options = {.is_bare = true,
                                               .host = "127.0.0.1",
                                               .port = port,
                                               .connect_timeout_ms = 2000,
                                               .reply_timeout_ms = 2000};

    connection = connection_open(loop, &options, &table, NULL, &error);
    assert_non_null(connection);
    TURN_UNTIL(events.ready > 0 && peer_is_there());
}

static void open_smtp(int64_t reply_timeout_ms)
{
    struct error error;
    const struct connection_options options = {.host = "127.0.0.1",
                                               .port = port,
                                               .ehlo_name = "me.test",
                                               .connect_timeout_ms = 2000,
                                               .reply_timeout_ms = reply_timeout_ms};

    connection = connection_open(loop, &options, &table, NULL, &error);
    assert_non_null(connection);
    TURN_UNTIL(peer_is_there());
}

static void expect_failure(enum status status, int code, enum stage stage, const char *text)
{
    TURN_UNTIL(events.failed > 0);
    assert_int_equal(events.failed, 1);
    assert_int_equal(events.status, status);
    assert_int_equal(events.code, code);
    assert_int_equal(connection_facts(connection)->stage, stage);
    assert_string_equal(events.text, text);
}

/* ---- a bare stream ---- */

static void test_bytes_both_ways(void **state)
{
    char text[64] = "";

    (void)state;
    open_bare();
    assert_int_equal(connection_stage(connection), STAGE_COMMAND);
    peer_says("220 hello\r\n");
    TURN_UNTIL(events.size > 0);
    assert_string_equal(events.received, "220 hello\r\n");
    connection_send(connection, "EHLO me\r\n", 9);
    TURN_UNTIL(peer_reads(text, sizeof text) && strlen(text) == 9);
    assert_string_equal(text, "EHLO me\r\n");
    assert_int_equal(connection_unsent(connection), 0);
    assert_string_equal(connection_facts(connection)->address, "127.0.0.1");
    assert_int_equal(connection_facts(connection)->port, port);
    assert_true(connection_facts(connection)->local_port > 0);
}

static void test_held_back(void **state)
{
    (void)state;
    open_bare();
    connection_hold(connection, true);
    peer_says("220 hello\r\n");
    turn_for(50);
    assert_int_equal(events.size, 0);
    connection_hold(connection, false);
    TURN_UNTIL(events.size == 11);
}

/* The owner may have a last word after its own deadline. */
static void test_deadline(void **state)
{
    char text[64] = "";

    (void)state;
    open_bare();
    connection_deadline(connection, clock_monotonic_ms() + 20);
    connection_deadline(connection, INT64_MAX);
    turn_for(60);
    assert_int_equal(events.failed, 0);
    connection_deadline(connection, clock_monotonic_ms() + 20);
    expect_failure(STATUS_TIMEOUT, 0, STAGE_COMMAND, "no answer in time");
    turn_for(30);
    assert_int_equal(events.failed, 1);
    connection_send(connection, "QUIT\r\n", 6);
    TURN_UNTIL(peer_reads(text, sizeof text) && strlen(text) == 6);
}

static void test_closed_by_the_peer(void **state)
{
    (void)state;
    open_bare();
    peer_says("421 bye\r\n");
    (void)shutdown(peer, SHUT_WR);
    expect_failure(STATUS_UNREACHABLE, 0, STAGE_COMMAND, "it closed the connection");
    assert_int_equal(events.size, 9);
    connection_send(connection, "QUIT\r\n", 6); /* leads nowhere */
    turn_for(20);
    assert_int_equal(events.failed, 1);
}

/* More than the sockets hold: kept, sent on as the peer reads, and told when all is gone. */
static void test_more_than_the_socket_takes(void **state)
{
    static char bytes[MANY];
    static char taken[64 * 1024];
    size_t total = 0, sent = 0;

    (void)state;
    open_bare();
    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < 64 && connection_unsent(connection) == 0; i++) {
        connection_send(connection, bytes, sizeof bytes);
        sent += sizeof bytes;
    }
    assert_true(connection_unsent(connection) > 0);
    for (int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS; total < sent;) {
        ssize_t got = recv(peer, taken, sizeof taken, MSG_DONTWAIT);

        assert_true(clock_monotonic_ms() < until_ms);
        total += got > 0 ? (size_t)got : 0;
        if (got <= 0)
            turn();
    }
    TURN_UNTIL(events.drained > 0);
    assert_int_equal(connection_unsent(connection), 0);
}

static void test_left(void **state)
{
    char text[64] = "";

    (void)state;
    open_bare();
    connection_leave(connection, "QUIT\r\n", 6);
    connection = NULL;
    TURN_UNTIL(peer_reads(text, sizeof text) && strlen(text) == 6);
    peer_says("221 bye\r\n");
    (void)shutdown(peer, SHUT_WR);
    TURN_UNTIL(!peer_reads(text, sizeof text));
    assert_int_equal(events.size, 0); /* nobody is told */
    assert_int_equal(events.failed, 0);
}

static void test_nobody_listens(void **state)
{
    struct error error;

    (void)state;
    (void)close(listener);
    const struct connection_options options = {.is_bare = true,
                                               .host = "127.0.0.1",
                                               .port = port,
                                               .connect_timeout_ms = 2000,
                                               .reply_timeout_ms = 2000};
    connection = connection_open(loop, &options, &table, NULL, &error);
    assert_non_null(connection);
    assert_int_equal(events.failed, 0);
    expect_failure(STATUS_UNREACHABLE, 0, STAGE_CONNECT, "no connection: Connection refused");
    listen_anywhere();
}

/* ---- an SMTP session ---- */

static void test_session(void **state)
{
    char text[64] = "";

    (void)state;
    open_smtp(2000);
    peer_says("220 mx.test\r\n");
    TURN_UNTIL(peer_reads(text, sizeof text) && strstr(text, "\r\n") != NULL);
    assert_string_equal(text, "EHLO me.test\r\n");
    assert_int_equal(connection_stage(connection), STAGE_EHLO);
    peer_says("250-mx.test\r\n250 ETRN\r\n");
    TURN_UNTIL(events.ready > 0);
    const struct connection_facts *facts = connection_facts(connection);
    assert_int_equal(facts->stage, STAGE_COMMAND);
    assert_true(facts->ehlo.etrn);
    assert_null(facts->tls);
    assert_false(facts->authenticated);
    connection_send(connection, "ETRN a.test\r\n", 13);
    peer_says("250 started\r\n");
    TURN_UNTIL(events.size > 0);
    assert_string_equal(events.received, "250 started\r\n");
}

static void test_refused_by_the_greeting(void **state)
{
    (void)state;
    open_smtp(2000);
    peer_says("554 not you\r\n");
    expect_failure(STATUS_PROTOCOL, 554, STAGE_GREETING, "not you");
}

static void test_no_greeting(void **state)
{
    (void)state;
    open_smtp(1000);
    expect_failure(STATUS_TIMEOUT, 0, STAGE_GREETING, "connected, but no greeting within 1s");
}

/* ---- options that cannot be used ---- */

static void test_impossible_options(void **state)
{
    static char long_name[2000];
    struct error error;
    struct connection_options options = {.host = "127.0.0.1",
                                         .port = port,
                                         .ehlo_name = "me.test",
                                         .user = "me",
                                         .connect_timeout_ms = 2000,
                                         .reply_timeout_ms = 2000};

    (void)state;
    assert_null(connection_open(loop, &options, &table, NULL, &error));
    assert_int_equal(error.status, STATUS_SYNTAX);
    assert_string_equal(error.text,
                        "credentials need TLS: set tls = required, or auth_in_clear = true");
    options.user = NULL;
    options.tls = TLS_REQUIRED;
    options.tls_verify = true;
    options.tls_ca_file = "/nowhere/ca.pem";
    assert_null(connection_open(loop, &options, &table, NULL, &error));
    assert_int_equal(error.status, STATUS_SYSTEM);
    options.tls = TLS_OFF;
    memset(long_name, 'a', sizeof long_name - 1);
    options.ehlo_name = long_name;
    assert_null(connection_open(loop, &options, &table, NULL, &error));
    assert_int_equal(error.status, STATUS_SYNTAX);
    connection_close(NULL);
}

#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PEER(test_bytes_both_ways),
        WITH_PEER(test_held_back),
        WITH_PEER(test_deadline),
        WITH_PEER(test_closed_by_the_peer),
        WITH_PEER(test_more_than_the_socket_takes),
        WITH_PEER(test_left),
        WITH_PEER(test_nobody_listens),
        WITH_PEER(test_session),
        WITH_PEER(test_refused_by_the_greeting),
        WITH_PEER(test_no_greeting),
        WITH_PEER(test_impossible_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

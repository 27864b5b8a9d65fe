/* Backups behind a proxy: CONNECT (HTTP) and SOCKS 5. */
#include "../unit/unit.h"
#include "harness.h"

#include <stdio.h>
#include <support.h>

enum {
    REQUEST_SIZE = 2000
};

#if MXSIM_HAS_TLS
#define TLS "tls starttls \"" CERTIFICATES "/good.crt\" \"" CERTIFICATES "/good.key\"\n"
#else
#define TLS ""
#endif

/* CONNECT host:port; 407 without the credentials me:secret. */
static void serve_http(intptr_t client)
{
    char request[REQUEST_SIZE] = "";
    size_t used = 0;

    while (strstr(request, "\r\n\r\n") == NULL) {
        long size = support_receive(client, request + used, sizeof request - 1 - used);

        if (size <= 0)
            return;
        used += (size_t)size;
        request[used] = '\0';
    }
    if (strstr(request, "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n") == NULL) {
        static const char refusal[] = "HTTP/1.1 407 Proxy Authentication "
                                      "Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
                                      "Content-Length: 0\r\nConnection: close\r\n\r\n";
        (void)support_send(client, refusal, sizeof refusal - 1);
        return;
    }
    intptr_t target = support_connect((int)strtol(strchr(request, ':') + 1, NULL, 10));
    static const char granted[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    (void)support_send(client, granted, sizeof granted - 1);
    support_relay(client, target);
    support_close(target);
}

/* SOCKS 5 (RFC 1928) without authentication, for an address of either kind; the port alone counts.
 */
static void serve_socks(intptr_t client)
{
    unsigned char request[REQUEST_SIZE];
    long size = support_receive(client, request, sizeof request);

    if (size < 3)
        return;
    (void)support_send(client, "\5\0", 2);
    size = support_receive(client, request, sizeof request);
    if (size < 10)
        return;
    intptr_t target = support_connect(request[size - 2] << 8 | request[size - 1]);
    (void)support_send(client, "\5\0\0\1\0\0\0\0\0\0", 10);
    support_relay(client, target);
    support_close(target);
}

struct row {
    const char *name;
    void (*serve)(intptr_t client);
    const char *scheme;
    const char *options;
    const char *outcome;
    int exit_status;
};

static const struct row rows[] = {
    {"CONNECT", serve_http, "http://me:secret@", "tls = off", "started", 0},
#if MXSIM_HAS_TLS
    {"CONNECT and STARTTLS", serve_http, "http://me:secret@", "tls = required tls_verify = false",
     "started", 0},
#endif
    {"CONNECT without credentials", serve_http, "http://", "tls = off", "unreachable", 75},
    {"SOCKS 5", serve_socks, "socks5://", "tls = off", "started", 0},
    {"SOCKS 5, the proxy looks the name up", serve_socks, "socks5h://", "tls = may", "started", 0},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    int port;
    struct sim *sim = sim_start("server mx 127.0.0.1:0\n" TLS);
    intptr_t listener = support_listen(&port, 10);
    struct support_server *proxy = support_serve(listener, row->serve);
    char config[1000], expected[64];

    (void)snprintf(config, sizeof config,
                   "backup mx { $mx domains = e.example %s proxy = \"%s127.0.0.1:%d\" }",
                   row->options, row->scheme, port);
    struct outcome_text outcome = pull(sim, config, NULL, false, false);
    (void)snprintf(expected, sizeof expected, "mx e.example %s ", row->outcome);
    if (strncmp(outcome.lines.bytes, expected, strlen(expected)) != 0)
        fail_msg("expected \"%s\", got \"%s\"\n%s", expected, outcome.lines.bytes,
                 outcome.wire.bytes);
    assert_int_equal(outcome.exit_status, row->exit_status);
    assert_int_equal(sim_count(sim, "< ETRN e.example"), row->exit_status == 0 ? 1 : 0);
    assert_string_equal(outcome.addresses.bytes, "\n");      /* the proxy's is not the backup's */
    assert_null(strstr(outcome.wire.bytes, "bWU6c2VjcmV0")); /* the proxy's password */
    assert_null(strstr(outcome.wire.bytes, "secret"));
    outcome_done(&outcome);
    sim_stop(sim);
    support_end_server(proxy);
}

static void test_no_proxy_listens(void **state)
{
    struct sim *sim = sim_start("server mx 127.0.0.1:0\n");
    struct outcome_text outcome =
        pull(sim, "backup mx { $mx domains = e.example proxy = \"socks5://127.0.0.1:1\" }", NULL,
             false, false);

    (void)state;
    assert_string_equal(
        outcome.lines.bytes,
        "mx e.example unreachable 0 no connection to the proxy: Connection refused\n");
    assert_string_equal(outcome.addresses.bytes, "\n");
    assert_int_equal(sim_count(sim, "connected"), 0);
    outcome_done(&outcome);
    sim_stop(sim);
}

/* A provider behind a proxy on localhost must not be trusted as localhost. */
static void test_proxy_line_is_unknown(void **state)
{
    int port;
    intptr_t listener = support_listen(&port, 10);
    struct support_server *proxy = support_serve(listener, serve_socks);
    struct sim *sim = sim_start("server mx 127.0.0.1:0\nauth PLAIN u p\nodmr nothing\n"
                                "reply ATRN \"250 turn\"\nturn expect\nturn close\n"
                                "sink primary 127.0.0.1:0\nproxied\n");
    char config[1000];

    (void)state;
    (void)snprintf(
        config, sizeof config,
        "primary { address = \"%%primary\" proxy_protocol = true }\n"
        "backup mx { $mx method = atrn domains = e.example tls = off user = u password = p "
        "auth_in_clear = true proxy = \"socks5://127.0.0.1:%d\" }",
        port);
    struct outcome_text outcome = pull(sim, config, NULL, false, false);
    assert_true(sim_says(sim, "PROXY UNKNOWN"));
    assert_int_equal(sim_count(sim, "PROXY TCP"), 0);
    assert_int_equal(sim_count(sim, "< ATRN"), 1);
    assert_string_equal(outcome.addresses.bytes, "\n");
    outcome_done(&outcome);
    sim_stop(sim);
    support_end_server(proxy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_proxy_listens),
                                       cmocka_unit_test(test_proxy_line_is_unknown)};

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

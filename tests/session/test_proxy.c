/* Backups behind a proxy: CONNECT (HTTP) and SOCKS 5, played by a child process. */
#include "../unit/unit.h"
#include "harness.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    REQUEST_SIZE = 2000,
    CHUNK = 4096
};

struct proxy {
    pid_t process;
    int port;
};

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int connect_to(int port)
{
    struct sockaddr_in address = loopback(port);
    int target = socket(AF_INET, SOCK_STREAM, 0);

    return connect(target, (struct sockaddr *)&address, sizeof address) == 0 ? target : -1;
}

/* Passes bytes on in both directions until one side ends. */
static void relay(int client, int target)
{
    struct pollfd ends[2] = {{.fd = client, .events = POLLIN}, {.fd = target, .events = POLLIN}};
    char bytes[CHUNK];

    while (poll(ends, 2, 10000) > 0) {
        for (int i = 0; i < 2; i++) {
            ssize_t size = ends[i].revents != 0 ? read(ends[i].fd, bytes, sizeof bytes) : -1;

            if (ends[i].revents != 0 &&
                (size <= 0 || write(ends[1 - i].fd, bytes, (size_t)size) != size))
                return;
        }
    }
}

static void say(int client, const char *bytes, size_t size)
{
    if (write(client, bytes, size) != (ssize_t)size)
        _exit(1);
}

/* CONNECT host:port; 407 without the credentials me:secret. */
static void serve_http(int client)
{
    char request[REQUEST_SIZE] = "";
    size_t used = 0;

    while (strstr(request, "\r\n\r\n") == NULL) {
        ssize_t size = read(client, request + used, sizeof request - 1 - used);

        if (size <= 0)
            return;
        used += (size_t)size;
        request[used] = '\0';
    }
    if (strstr(request, "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n") == NULL) {
        static const char refusal[] = "HTTP/1.1 407 Proxy Authentication "
                                      "Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
                                      "Content-Length: 0\r\nConnection: close\r\n\r\n";
        say(client, refusal, sizeof refusal - 1);
        return;
    }
    int target = connect_to((int)strtol(strchr(request, ':') + 1, NULL, 10));
    static const char granted[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    say(client, granted, sizeof granted - 1);
    relay(client, target);
}

/* SOCKS 5 (RFC 1928) without authentication, for an address of either kind; the port alone counts.
 */
static void serve_socks(int client)
{
    unsigned char request[REQUEST_SIZE];
    ssize_t size = read(client, request, sizeof request);

    if (size < 3)
        return;
    say(client, "\5\0", 2);
    size = read(client, request, sizeof request);
    if (size < 10)
        return;
    int target = connect_to(request[size - 2] << 8 | request[size - 1]);
    say(client, "\5\0\0\1\0\0\0\0\0\0", 10);
    relay(client, target);
}

static struct proxy proxy_start(void (*serve)(int client))
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct proxy proxy;

    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 10), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    proxy.port = ntohs(address.sin_port);
    proxy.process = fork();
    assert_true(proxy.process >= 0);
    if (proxy.process == 0) {
        (void)alarm(60);
        for (;;) {
            int client = accept(listener, NULL, NULL);

            serve(client);
            (void)close(client);
        }
    }
    (void)close(listener);
    return proxy;
}

static void proxy_stop(struct proxy proxy)
{
    (void)kill(proxy.process, SIGKILL);
    (void)waitpid(proxy.process, NULL, 0);
}

struct row {
    const char *name;
    void (*serve)(int client);
    const char *scheme;
    const char *options;
    const char *outcome;
    int exit_status;
};

static const struct row rows[] = {
    {"CONNECT", serve_http, "http://me:secret@", "tls = off", "started", 0},
    {"CONNECT and STARTTLS", serve_http, "http://me:secret@", "tls = required tls_verify = false",
     "started", 0},
    {"CONNECT without credentials", serve_http, "http://", "tls = off", "unreachable", 75},
    {"SOCKS 5", serve_socks, "socks5://", "tls = off", "started", 0},
    {"SOCKS 5, the proxy looks the name up", serve_socks, "socks5h://", "tls = may", "started", 0},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    struct proxy proxy = proxy_start(row->serve);
    struct sim *sim = sim_start("server mx 127.0.0.1:0\ntls starttls \"" CERTIFICATES
                                "/good.crt\" \"" CERTIFICATES "/good.key\"\n");
    char config[1000], expected[64];

    (void)snprintf(config, sizeof config,
                   "backup mx { $mx domains = e.example %s proxy = \"%s127.0.0.1:%d\" }",
                   row->options, row->scheme, proxy.port);
    struct outcome_text outcome = pull(sim, config, NULL, false, false);
    (void)snprintf(expected, sizeof expected, "mx e.example %s ", row->outcome);
    if (strncmp(outcome.lines.bytes, expected, strlen(expected)) != 0)
        fail_msg("expected \"%s\", got \"%s\"\n%s", expected, outcome.lines.bytes,
                 outcome.wire.bytes);
    assert_int_equal(outcome.exit_status, row->exit_status);
    assert_int_equal(sim_count(sim, "< ETRN e.example"), row->exit_status == 0 ? 1 : 0);
    assert_null(strstr(outcome.wire.bytes, "bWU6c2VjcmV0")); /* the proxy's password */
    assert_null(strstr(outcome.wire.bytes, "secret"));
    outcome_done(&outcome);
    sim_stop(sim);
    proxy_stop(proxy);
}

static void test_no_proxy_listens(void **state)
{
    struct sim *sim = sim_start("server mx 127.0.0.1:0\n");
    struct outcome_text outcome =
        pull(sim, "backup mx { $mx domains = e.example proxy = \"socks5://127.0.0.1:1\" }", NULL,
             false, false);

    (void)state;
    assert_non_null(strstr(outcome.lines.bytes, "mx e.example unreachable"));
    assert_int_equal(sim_count(sim, "connected"), 0);
    outcome_done(&outcome);
    sim_stop(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_proxy_listens)};

    return RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL);
}

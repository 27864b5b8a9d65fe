/* Connections as Linux tells them: by netlink and by /proc, IPv4 and IPv6, in all their states. */
#define _GNU_SOURCE /* unshare */

#include "directory.h"
#include "random.h"
#include "test_peers.h"
#include "unit.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/socket.h>
#include <platform/posix/peers.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BACKLOG = 4096,
    MANY = 10000
};

static void demand(bool is_so, const char *what)
{
    if (!is_so)
        fail_msg("%s: %s", what, strerror(errno));
}

/* ---- sockets ---- */

union place {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static union place place_of(const char *address, int port)
{
    union place place = {0};

    if (strchr(address, ':') == NULL) {
        place.v4.sin_family = AF_INET;
        place.v4.sin_port = htons((uint16_t)port);
        demand(inet_pton(AF_INET, address, &place.v4.sin_addr) == 1, address);
    } else {
        place.v6.sin6_family = AF_INET6;
        place.v6.sin6_port = htons((uint16_t)port);
        demand(inet_pton(AF_INET6, address, &place.v6.sin6_addr) == 1, address);
    }
    return place;
}

static socklen_t size_of(const union place *place)
{
    return place->any.sa_family == AF_INET ? sizeof place->v4 : sizeof place->v6;
}

static int bind_at(const char *address, int port)
{
    const union place place = place_of(address, port);
    const int bound = socket(place.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    demand(setsockopt(bound, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
               setsockopt(bound, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) == 0,
           "SO_REUSEADDR");
    demand(bind(bound, &place.any, size_of(&place)) == 0, "bind");
    return bound;
}

static int port_of(int socket)
{
    union place place = {0};
    socklen_t size = sizeof place;

    demand(getsockname(socket, &place.any, &size) == 0, "getsockname");
    return ntohs(place.v4.sin_port); /* which stands at the same place in both */
}

static int listen_at(const char *address, int *port)
{
    const int listener = bind_at(address, 0);

    demand(listen(listener, BACKLOG) == 0, "listen");
    *port = port_of(listener);
    return listener;
}

static void connect_to(int client, const char *address, int port)
{
    const union place place = place_of(address, port);

    demand(connect(client, &place.any, size_of(&place)) == 0, "connect");
}

static int connect_anew(const char *address, int port)
{
    const int client =
        socket(strchr(address, ':') == NULL ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    demand(client >= 0, "socket");
    connect_to(client, address, port);
    return client;
}

static int accept_at(int listener)
{
    const int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    demand(accepted >= 0, "accept");
    return accepted;
}

static void close_both(int a, int b)
{
    (void)close(a);
    (void)close(b);
}

static bool has_ipv6(void)
{
    const union place place = place_of("::1", 0);
    const int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_there = probe >= 0 && bind(probe, &place.any, sizeof place.v6) == 0;

    (void)close(probe);
    return is_there;
}

/* ---- what is told of them ---- */

static size_t ended_of(const struct tcp_sockets *sockets)
{
    size_t ended = 0;

    for (size_t i = 0; i < sockets->connection_count; i++)
        ended += sockets->connections[i].state == TCP_STATE_ENDED;
    return ended;
}

/* Both ways tell the same as host_peers, which takes the first that goes. While others come and go the kernel loses its place in the
 * file at times, and tells a socket twice or not at all. */
static struct seen look(int port)
{
    struct seen seen = {0};
    struct tcp_sockets kernel = {0}, files = {0};
    struct error error = {0};

    if (host_peers(port, see, &seen, &error) != STATUS_OK ||
        peers_ask_kernel(&kernel, port, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    for (int i = 0; i < 20 && (files.connection_count != kernel.connection_count ||
                               files.listener_count != kernel.listener_count);
         i++) {
        peers_done(&files);
        files = (struct tcp_sockets){0};
        if (peers_read_files(&files, port, "/proc/net/tcp", "/proc/net/tcp6", &error) != STATUS_OK)
            fail_msg("%s", error.text);
    }
    assert_int_equal(kernel.listener_count, files.listener_count);
    assert_int_equal(kernel.connection_count, files.connection_count);
    assert_int_equal(ended_of(&kernel), ended_of(&files));
    if (kernel.connection_count == 1)
        assert_memory_equal(kernel.connections, files.connections, sizeof *files.connections);
    if (files.listener_count > 0)
        assert_memory_equal(kernel.listeners, files.listeners, sizeof *files.listeners);
    peers_done(&kernel);
    peers_done(&files);
    return seen;
}

static const struct family_row {
    const char *name, *listens, *connects, *address, *local_address;
} families[] = {
    {"IPv4", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"},
    {"IPv4 at all addresses", "0.0.0.0", "127.0.0.3", "127.0.0.1", "127.0.0.3"},
    {"IPv6", "::1", "::1", "::1", "::1"},
    {"IPv6 at all addresses", "::", "::1", "::1", "::1"},
    {"IPv4 at all addresses of IPv6", "::", "127.0.0.3", "127.0.0.1", "127.0.0.3"},
    {"IPv4 at a mapped address", "::ffff:127.0.0.4", "127.0.0.4", "127.0.0.1", "127.0.0.4"},
};

static void assert_family(const struct family_row *row, const struct seen *seen, int port)
{
    assert_int_equal(seen->count, 1);
    assert_string_equal(seen->last.address, row->address);
    assert_string_equal(seen->last.local_address, row->local_address);
    assert_int_equal(seen->last.local_port, port);
}

static void test_family(void **state)
{
    const struct family_row *row = *state;
    int port;

    if (strchr(row->listens, ':') != NULL && !has_ipv6())
        skip();
    const int listener = listen_at(row->listens, &port);
    const int client = connect_anew(row->connects, port), accepted = accept_at(listener);
    struct seen seen = look(port);
    assert_family(row, &seen, port);
    assert_int_equal(seen.ended, 0);
    assert_int_equal(seen.last.port, port_of(client));
    (void)close(accepted); /* FIN_WAIT2 here */
    seen = look(port);
    assert_family(row, &seen, port);
    assert_int_equal(seen.ended, 1);
    (void)close(client); /* TIME_WAIT here */
    seen = look(port);
    assert_family(row, &seen, port);
    assert_int_equal(seen.ended, 1);
    (void)close(listener);
}

/* The other end closes first: this end may still answer, and when it has closed too nothing is left of the connection. */
static void test_other_end_closes(void **state)
{
    int port;
    const int listener = listen_at("127.0.0.1", &port);
    const int client = connect_anew("127.0.0.1", port), accepted = accept_at(listener);

    (void)state;
    (void)close(client);
    const struct seen seen = look(port);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.ended, 0);
    (void)close(accepted);
    for (int i = 0; i < 3000 && look(port).count > 0; i++) /* LAST_ACK, where the system is busy */
        support_sleep_ms(10);
    assert_int_equal(look(port).count, 0);
    (void)close(listener);
}

/* A handshake that has not ended, as anybody can begin one in the name of any address. */
static void test_half_open(void **state)
{
    const int patience_s = 30;
    int port;
    const int listener = listen_at("127.0.0.1", &port);

    (void)state;
    demand(setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &patience_s, sizeof patience_s) == 0,
           "TCP_DEFER_ACCEPT"); /* the client's next packet is not taken for the end of it */
    const int client = connect_anew("127.0.0.1", port);
    assert_int_equal(look(port).count, 0);
    demand(send(client, "x", 1, 0) == 1, "send");
    const int accepted = accept_at(listener);
    assert_int_equal(look(port).count, 1);
    close_both(client, accepted);
    (void)close(listener);
}

/* Connections that this machine has begun, from a port that looks like ours. */
static void test_begun_here(void **state)
{
    int port, other_port;
    const int other = listen_at("127.0.0.5", &other_port);
    const int listener = listen_at("127.0.0.1", &port), client = bind_at("127.0.0.2", port);
    struct seen seen = {0};
    struct error error;

    (void)state;
    connect_to(client, "127.0.0.5", other_port);
    const int accepted = accept_at(other);
    assert_int_equal(look(port).count, 0);
    seen = look(other_port);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.last.address, "127.0.0.2");
    (void)close(listener);
    assert_int_equal(host_peers(port, see, &seen, &error), STATUS_UNREACHABLE);
    close_both(client, other);
    (void)close(accepted);
}

/* Ports that have some digits or bits in common with ours, and the port of the other end. */
static void test_other_ports(void **state)
{
    int port, other_port;
    const int listener = listen_at("127.0.0.1", &port), other = listen_at("127.0.0.1", &other_port);
    const int client = connect_anew("127.0.0.1", other_port), accepted = accept_at(other);

    (void)state;
    assert_int_equal(look(port).count, 0);
    assert_int_equal(look(other_port).count, 1);
    close_both(client, accepted);
    close_both(listener, other);
}

/* ---- /proc ---- */

static void write_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    demand(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, path);
}

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n"
#define REST " 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
#define LISTENER "   0: 0100007F:0019 00000000:0000 0A" REST

static const struct file_row {
    const char *name, *text;
    size_t listeners, connections;
} files[] = {
    {"nothing", "", 0, 0},
    {"the head alone", HEAD, 0, 0},
    {"a listener", HEAD LISTENER, 1, 0},
    {"a listener of another port", HEAD "   0: 0100007F:0119 00000000:0000 0A" REST, 0, 0},
    {"connections",
     HEAD LISTENER "   1: 0100007F:0019 070200C0:C001 01" REST
                   "   2: 0100007F:0019 070200C0:C002 06" REST,
     1, 2},
    {"small letters", HEAD "   1: 0100007f:0019 070200c0:c001 01" REST, 0, 1},
    {"a large number", HEAD "12345: 0100007F:0019 070200C0:C001 01" REST, 0, 1},
    {"IPv6",
     HEAD
     "   1: 00000000000000000000000001000000:0019 B80D0120000000000000000007000000:C001 01" REST,
     0, 1},
    {"states that are no connections",
     HEAD "   1: 0100007F:0019 070200C0:C001 02" REST "   2: 0100007F:0019 070200C0:C001 03" REST
          "   3: 0100007F:0019 070200C0:C001 07" REST "   4: 0100007F:0019 070200C0:C001 0C" REST
          "   5: 0100007F:0019 070200C0:C001 00" REST "   6: 0100007F:0019 070200C0:C001 FF" REST
          "   7: 0100007F:0019 070200C0:C001 FFFFFFFFFFFFFFFFFFFFFF" REST,
     0, 0},
    {"no head", LISTENER, 1, 0},
    {"no line end", "   0: 0100007F:0019 00000000:0000 0A", 1, 0},
    {"no state", "   0: 0100007F:0019 00000000:0000 ", 0, 0},
    {"no space behind the other end", "   0: 0100007F:0019 00000000:0000", 0, 0},
    {"no other end", "   0: 0100007F:0019 ", 0, 0},
    {"cut in the port", "   0: 0100007F:00", 0, 0},
    {"cut in the address", "   0: 010000", 0, 0},
    {"cut behind the number", "   0:", 0, 0},
    {"nine digits", "   0: 0100007F0:0019 00000000:0000 0A" REST, 0, 0},
    {"five digits of a port", "   0: 0100007F:00019 00000000:0000 0A" REST, 0, 0},
    {"no digits", "   0: 0100007G:0019 00000000:0000 0A" REST, 0, 0},
    {"a sign", "   0: -100007F:0019 00000000:0000 0A" REST, 0, 0},
    {"rubbish between lines", "\n:\n: \n::::\n" LISTENER "\xff\x01:\n" LISTENER, 2, 0},
};

static void count_sockets(const char *v4, const char *v6, size_t *listeners, size_t *connections)
{
    struct tcp_sockets sockets = {0};
    struct error error;

    if (peers_read_files(&sockets, 25, v4, v6, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    *listeners = sockets.listener_count;
    *connections = sockets.connection_count;
    peers_done(&sockets);
}

static void test_file(void **state)
{
    const struct file_row *row = *state;
    size_t listeners, connections;

    write_file(in_directory("row"), row->text, strlen(row->text));
    write_file(in_directory("empty"), "", 0);
    count_sockets(in_directory("row"), in_directory("no such file"), &listeners, &connections);
    assert_int_equal(listeners, row->listeners);
    assert_int_equal(connections, row->connections);
    count_sockets(in_directory("empty"), in_directory("row"), &listeners, &connections);
    assert_int_equal(listeners, row->listeners);
    assert_int_equal(connections, row->connections);
}

static void test_addresses_of_files(void **state)
{
    static const char *const text =
        "   1: 0100007F:0019 070200C0:C001 01\n"
        "   2: 00000000000000000000000001000000:0019 B80D0120000000000000000007000000:C002 08\n"
        "   3: 0000000000000000FFFF00000100007F:0019 0000000000000000FFFF0000070200C0:C003 09\n";
    static const struct {
        unsigned char local[HOST_IP_SIZE], remote[HOST_IP_SIZE];
        enum tcp_state state;
    } rows[] = {
        {{[10] = 0xff, 0xff, 127, 0, 0, 1}, {[10] = 0xff, 0xff, 192, 0, 2, 7}, TCP_STATE_STANDS},
        {{[15] = 1}, {0x20, 1, 0xd, 0xb8, [15] = 7}, TCP_STATE_STANDS},
        {{[10] = 0xff, 0xff, 127, 0, 0, 1}, {[10] = 0xff, 0xff, 192, 0, 2, 7}, TCP_STATE_ENDED}};
    struct tcp_sockets sockets = {0};
    struct error error;

    (void)state;
    if (htonl(1) == 1)
        skip(); /* the file would look otherwise here */
    write_file(in_directory("tcp"), text, strlen(text));
    assert_int_equal(
        peers_read_files(&sockets, 25, in_directory("tcp"), in_directory("no such file"), &error),
        STATUS_OK);
    assert_int_equal(sockets.connection_count, COUNT_OF(rows));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_memory_equal(sockets.connections[i].local, rows[i].local, HOST_IP_SIZE);
        assert_memory_equal(sockets.connections[i].remote, rows[i].remote, HOST_IP_SIZE);
        assert_int_equal(sockets.connections[i].remote_port, 0xc001 + i);
        assert_int_equal(sockets.connections[i].state, rows[i].state);
    }
    peers_done(&sockets);
}

static void test_random_files(void **state)
{
    static const char *const text = HEAD LISTENER "   1: 0100007F:0019 070200C0:C001 01" REST
                                                  "   2: 00000000000000000000000001000000:0019 "
                                                  "B80D0120000000000000000007000000:C002 08" REST;
    uint64_t random = random_begin();
    size_t listeners, connections;

    (void)state;
    write_file(in_directory("empty"), "", 0);
    for (int i = 0; i < 500; i++) {
        char *bytes = memory_copy(text);
        size_t size = random_below(&random, strlen(text)) + 1;

        for (size_t j = random_below(&random, 20); j > 0; j--)
            bytes[random_below(&random, size)] =
                random_below(&random, 3) == 0 ? (char)random_below(&random, 256)
                                              : "0123456789ABCDEF: \n"[random_below(&random, 19)];
        write_file(in_directory("random"), bytes, size);
        count_sockets(in_directory("random"), in_directory("empty"), &listeners, &connections);
        assert_true(listeners + connections <= 10);
        free(bytes);
    }
}

/* A line without an end is read in pieces, which stand for nothing. */
static void test_endless_line(void **state)
{
    enum {
        SIZE = 1024 * 1024
    };
    char *bytes = memory_new(SIZE, 1);
    size_t listeners, connections;

    (void)state;
    memset(bytes, '0', SIZE);
    write_file(in_directory("endless"), bytes, SIZE);
    count_sockets(in_directory("endless"), in_directory("endless"), &listeners, &connections);
    assert_int_equal(listeners + connections, 0);
    free(bytes);
}

static void test_no_files(void **state)
{
    struct tcp_sockets sockets = {0};
    struct error error;

    (void)state;
    write_file(in_directory("empty"), "", 0);
    assert_int_equal(
        peers_read_files(&sockets, 25, in_directory("nothing"), in_directory("empty"), &error),
        STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "/nothing: cannot be read: No such file"));
    assert_int_equal(
        peers_read_files(&sockets, 25, in_directory("empty"), "/proc/self/mem", &error),
        STATUS_SYSTEM); /* there, and cannot be read from its beginning */
    peers_done(&sockets);
}

/* ---- where not all is to be had ---- */

/* From then on netlink sockets are refused to this process, as systemd's RestrictAddressFamilies does it. */
static bool forbid_netlink(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const struct sock_fprog program = {.len = COUNT_OF(filter), .filter = filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* From then on /proc shows processes alone, as systemd's ProcSubset=pid makes it; needs root. */
static bool hide_proc(void)
{
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("proc", "/proc", "proc", 0, "subset=pid") == 0;
}

/* No room for another file or socket. */
static bool fill_table(void)
{
    const struct rlimit limit = {0, 0};

    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static bool nothing(void)
{
    return true;
}

static const struct place_row {
    const char *name;
    bool (*first)(void), (*second)(void);
    enum status status;
    bool kernel_tells;
} places[] = {
    {"all is there", nothing, nothing, STATUS_OK, true},
    {"no netlink", forbid_netlink, nothing, STATUS_OK, false},
    {"no /proc/net", hide_proc, nothing, STATUS_OK, true},
    {"no netlink and no /proc/net", hide_proc, forbid_netlink, STATUS_OK, false},
    {"no descriptors", fill_table, nothing, STATUS_SHORTAGE, false},
};

/* What a child does: 0 as expected, 1 not, 2 where such a place cannot be made here. */
static int look_there(const struct place_row *row, int port)
{
    struct tcp_sockets sockets = {0};
    struct seen seen = {0};
    struct error error = {0};

    if (!row->first() || !row->second())
        return 2;
    const bool kernel_tells = peers_ask_kernel(&sockets, port, &error) == STATUS_OK;
    const enum status status = host_peers(port, see, &seen, &error);
    if (kernel_tells == row->kernel_tells && status == row->status &&
        seen.count == (status == STATUS_OK))
        return 0;
    print_message("kernel %d, status %d, %zu: %s\n", kernel_tells, status, seen.count, error.text);
    return 1;
}

static void test_place(void **state)
{
    const struct place_row *row = *state;
    int port, status;
    const int listener = listen_at("127.0.0.1", &port);
    const int client = connect_anew("127.0.0.1", port), accepted = accept_at(listener);
    const pid_t child = fork();

    if (child == 0)
        _exit(look_there(row, port));
    demand(child > 0 && waitpid(child, &status, 0) == child, "a child");
    close_both(client, accepted);
    (void)close(listener);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- many ---- */

/* A child that connects and breaks off until it is killed, and ends with the test in any case. */
static pid_t come_and_go(void)
{
    const struct linger at_once = {1, 0};
    const pid_t child = fork();
    int port;

    if (child != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return child;
    for (const int listener = listen_at("127.0.0.1", &port);;) {
        const int client = connect_anew("127.0.0.1", port), accepted = accept_at(listener);

        (void)setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close_both(client, accepted);
    }
}

/* While others come and go the kernel loses its place in its list at times: it may pass over a few, and tells many twice. */
static bool sees_many(int port)
{
    const int64_t begin_ms = clock_monotonic_ms();
    bool sees_all = true;

    for (int i = 0; i < 10; i++) {
        struct seen seen = {0};
        struct error error;

        sees_all = sees_all && host_peers(port, see, &seen, &error) == STATUS_OK &&
                   seen.count >= MANY * 98 / 100 && seen.count <= MANY;
    }
    print_message("%d connections ten times in %d ms\n", MANY,
                  (int)(clock_monotonic_ms() - begin_ms));
    return sees_all;
}

/* They wait for nobody to accept them, in the queues of some listeners at one port, and so need no more descriptors. */
static void test_many(void **state)
{
    int listeners[5], *clients = memory_new(MANY, sizeof *clients), port, status;
    char limit[32] = "";
    FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");

    (void)state;
    demand(file != NULL && fgets(limit, sizeof limit, file) != NULL && fclose(file) == 0,
           "somaxconn");
    if (strtol(limit, NULL, 10) < BACKLOG || socket_raise_limit(MANY + 100) < MANY + 100) {
        free(clients);
        skip();
    }
    listeners[0] = listen_at("127.0.0.1", &port);
    for (size_t i = 1; i < COUNT_OF(listeners); i++) {
        listeners[i] = bind_at("127.0.0.1", port);
        demand(listen(listeners[i], BACKLOG) == 0, "listen");
    }
    for (size_t i = 0; i < MANY; i++)
        clients[i] = connect_anew("127.0.0.1", port);
    const pid_t others = come_and_go();
    assert_true(sees_many(port));
    const pid_t child = fork();
    if (child == 0)
        _exit(!forbid_netlink() ? 2 : sees_many(port) ? 0 : 1);
    demand(child > 0 && waitpid(child, &status, 0) == child, "a child");
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), 1);
    demand(kill(others, SIGKILL) == 0 && waitpid(others, &status, 0) == others, "the others");
    for (size_t i = 0; i < MANY; i++)
        (void)close(clients[i]);
    for (size_t i = 0; i < COUNT_OF(listeners); i++)
        (void)close(listeners[i]);
    free(clients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_other_end_closes),
                                       cmocka_unit_test(test_half_open),
                                       cmocka_unit_test(test_begun_here),
                                       cmocka_unit_test(test_other_ports),
                                       cmocka_unit_test(test_many),
                                       cmocka_unit_test(test_addresses_of_files),
                                       cmocka_unit_test(test_random_files),
                                       cmocka_unit_test(test_endless_line),
                                       cmocka_unit_test(test_no_files)};
    int failed;

    (void)make_directory(NULL);
    failed = RUN_TABLE(families, test_family);
    failed += RUN_TABLE(files, test_file);
    failed += RUN_TABLE(places, test_place);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    failed += remove_directory(NULL) != 0;
    return unit_status(failed);
}

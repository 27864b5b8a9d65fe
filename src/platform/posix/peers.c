/* The TCP sockets of this machine: Linux alone tells them without rights. */
#include "peers.h"
#include "system.h"

#include <mxpull/base/compiler.h>
#include <mxpull/platform/socket.h>

#ifdef __linux__
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ANSWER_SIZE = 32 * 1024, /* the most that the kernel gives at once */
    LINE_SIZE = 512
};

/* The kernel's numbers (include/net/tcp_states.h), which <netinet/tcp.h> does not have all of. */
static const enum tcp_state states[] = {
    [1] = TCP_STATE_STANDS,   /* ESTABLISHED */
    [4] = TCP_STATE_ENDED,    /* FIN_WAIT1 */
    [5] = TCP_STATE_ENDED,    /* FIN_WAIT2 */
    [6] = TCP_STATE_ENDED,    /* TIME_WAIT */
    [8] = TCP_STATE_STANDS,   /* CLOSE_WAIT: this end may still answer */
    [9] = TCP_STATE_ENDED,    /* LAST_ACK */
    [10] = TCP_STATE_LISTENS, /* LISTEN */
    [11] = TCP_STATE_ENDED,   /* CLOSING */
};

static enum tcp_state state_of(unsigned long number)
{
    return number < COUNT_OF(states) ? states[number] : TCP_STATE_OTHER;
}

/* ---- netlink ---- */

static void take_socket(struct tcp_sockets *sockets, int port, const struct inet_diag_msg *told)
{
    const size_t size = told->idiag_family == AF_INET ? 4 : HOST_IP_SIZE;
    struct tcp_socket socket = {.local_port = ntohs(told->id.idiag_sport),
                                .remote_port = ntohs(told->id.idiag_dport),
                                .state = state_of(told->idiag_state)};

    peers_write_address(socket.local, told->id.idiag_src, size);
    peers_write_address(socket.remote, told->id.idiag_dst, size);
    peers_add(sockets, port, &socket);
}

/* Takes the messages of one datagram. False when the last one was among them, with the kernel's error or 0 in *number. */
static bool take_answer(struct tcp_sockets *sockets, int port, const char *bytes, size_t size,
                        int *number)
{
    struct nlmsghdr header;

    *number = EBADMSG;
    for (size_t at = 0; at < size; at += NLMSG_ALIGN(header.nlmsg_len)) {
        const char *content = bytes + at + NLMSG_HDRLEN;
        struct inet_diag_msg told;
        int32_t result = 0;

        if (size - at < NLMSG_HDRLEN)
            return false;
        memcpy(&header, bytes + at, sizeof header);
        if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > size - at)
            return false;
        const size_t content_size = header.nlmsg_len - NLMSG_HDRLEN;
        if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
            memcpy(&result, content, content_size < sizeof result ? 0 : sizeof result);
            *number = -result;
            return false;
        }
        if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || content_size < sizeof told)
            continue;
        memcpy(&told, content, sizeof told);
        take_socket(sockets, port, &told);
    }
    return true;
}

/* Returns 0 or the error. The kernel has its first answer ready when it has taken the question, and the next one when that was read. */
static int ask_family(struct tcp_sockets *sockets, int port, int family, int netlink)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } question = {.header = {.nlmsg_len = sizeof question,
                             .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                             .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                  .request = {.sdiag_family = (unsigned char)family,
                              .sdiag_protocol = IPPROTO_TCP,
                              .id.idiag_sport = htons((uint16_t)port)}};
    char answer[ANSWER_SIZE];
    int number = 0;
    ssize_t size;

    for (unsigned i = 0; i < COUNT_OF(states); i++)
        question.request.idiag_states |= states[i] != TCP_STATE_OTHER ? 1U << i : 0;
    if (send(netlink, &question, sizeof question, MSG_DONTWAIT) < 0)
        return errno;
    do {
        size = recv(netlink, answer, sizeof answer, MSG_DONTWAIT);
        if (size < 0 && errno != EINTR)
            return errno;
    } while (size < 0 || take_answer(sockets, port, answer, (size_t)size, &number));
    return number;
}

enum status peers_ask_kernel(struct tcp_sockets *sockets, int port, struct error *error)
{
    int number = 0;
    const int netlink = (int)socket_open(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, &number);

    if (netlink >= 0) {
        number = ask_family(sockets, port, AF_INET, netlink);
        if (number == 0)
            number = ask_family(sockets, port, AF_INET6, netlink);
        socket_close(netlink);
    }
    return number == 0 ? STATUS_OK : system_fail(error, "sock_diag", "the kernel", number);
}

/* ---- /proc ---- */

/* Takes "0100007F:0019" from the front: the address in words of the machine's own byte order, and the port. */
static bool read_end(const char **text, unsigned char address[HOST_IP_SIZE], int *port)
{
    static const char hexadecimal[] = "0123456789ABCDEFabcdef";
    const size_t digits = strspn(*text, hexadecimal);
    unsigned char bytes[HOST_IP_SIZE];

    if ((digits != 8 && digits != 32) || (*text)[digits] != ':' ||
        strspn(*text + digits + 1, hexadecimal) != 4 || (*text)[digits + 5] != ' ')
        return false;
    for (size_t i = 0; i < digits / 8; i++) {
        char word[9] = "";

        memcpy(word, *text + 8 * i, 8);
        const uint32_t number = (uint32_t)strtoul(word, NULL, 16);
        memcpy(bytes + 4 * i, &number, sizeof number);
    }
    peers_write_address(address, bytes, digits / 2);
    *port = (int)strtol(*text + digits + 1, NULL, 16);
    *text += digits + 6;
    return true;
}

/* "   0: 0100007F:0019 00000000:0000 0A …": a number, both ends and the state. */
static void read_line(struct tcp_sockets *sockets, int port, const char *line)
{
    const char *text = strchr(line, ':');
    struct tcp_socket socket;

    if (text == NULL || text[1] != ' ')
        return;
    text += 2;
    if (!read_end(&text, socket.local, &socket.local_port) ||
        !read_end(&text, socket.remote, &socket.remote_port))
        return;
    socket.state = state_of(strtoul(text, NULL, 16));
    peers_add(sockets, port, &socket);
}

static enum status read_file(struct tcp_sockets *sockets, int port, const char *path,
                             struct error *error)
{
    char line[LINE_SIZE];
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return system_fail(error, path, "cannot be read", errno);
    while (fgets(line, sizeof line, file) != NULL)
        read_line(sockets, port, line);
    const int number = ferror(file) ? errno : 0;
    (void)fclose(file);
    return number == 0 ? STATUS_OK : system_fail(error, path, "cannot be read", number);
}

enum status peers_read_files(struct tcp_sockets *sockets, int port, const char *v4, const char *v6,
                             struct error *error)
{
    enum status status = read_file(sockets, port, v4, error);

    if (status == STATUS_OK && (access(v6, F_OK) == 0 || errno != ENOENT))
        status = read_file(sockets, port, v6, error);
    return status;
}

/* /proc/net is a link to /proc/self/net, which is there too where /proc shows processes alone. */
enum status system_tcp_sockets(struct tcp_sockets *sockets, int port, struct error *error)
{
    if (peers_ask_kernel(sockets, port, error) == STATUS_OK)
        return STATUS_OK;
    peers_done(sockets);
    *sockets = (struct tcp_sockets){0};
    return peers_read_files(sockets, port, "/proc/self/net/tcp", "/proc/self/net/tcp6", error);
}

#else

enum status system_tcp_sockets(struct tcp_sockets *sockets, int port, struct error *error)
{
    (void)sockets;
    (void)port;
    return error_set(error, STATUS_SYSTEM, "connections are not to be had on this system");
}

#endif

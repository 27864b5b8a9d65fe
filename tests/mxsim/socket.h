#ifndef MXSIM_SOCKET_H
#define MXSIM_SOCKET_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sockets that never block, and waiting for many of them at once: the face of socket_posix.c (and
 * of its twins for other systems). A socket is an intptr_t, which holds a descriptor as well as a
 * Windows SOCKET. */
#define SOCKET_NONE ((intptr_t)-1)
#define SOCKET_EXHAUSTED                                                                           \
    ((intptr_t)-2) /* socket_accept: one is waiting, but no descriptor is left for it */

/* An address of any family; only socket_*.c looks inside. */
struct socket_address {
    _Alignas(8) unsigned char bytes[128];
    size_t size; /* 0: no address */
};

enum {
    SOCKET_ADDRESS_TEXT = 160
};

/* "127.0.0.1:25", "[::1]:25" or "unix:PATH" (where the system has them). Numeric alone: nothing is
 * looked up. */
bool socket_address_parse(const char *text, struct socket_address *address);

/* Writes what socket_address_parse reads. Returns target. */
char *socket_address_format(const struct socket_address *address, char target[SOCKET_ADDRESS_TEXT]);

/* Goes on to the next IPv4 address, same port; false for another family or at the end of all
 * addresses. */
bool socket_address_next(struct socket_address *address);

/* Makes the process ready for many sockets: no SIGPIPE, as many descriptors as are allowed. */
void socket_prepare(void);

/* Listens; *address holds the port that was chosen afterwards where port 0 was asked for.
 * SOCKET_NONE and *error on failure. */
intptr_t socket_listen(struct socket_address *address, struct error *error);

/* The next connection, with TCP_NODELAY; SOCKET_NONE when none is waiting. */
intptr_t socket_accept(intptr_t listener, struct socket_address *peer);

/* Begins to connect from an address (its port is not used; NULL: any) to another. SOCKET_NONE when
 * it fails at once. It is writable when decided: then socket_is_connected tells. */
intptr_t socket_connect(const struct socket_address *from, const struct socket_address *to);
bool socket_is_connected(intptr_t socket);

/* What reading and writing return besides a number of bytes; the same for a socket and for TLS. */
enum {
    IO_END = 0,
    IO_AGAIN = -1,
    IO_AGAIN_WRITE = -2,
    IO_BROKEN = -3
};
ptrdiff_t socket_read(intptr_t socket, char *bytes, size_t size);
ptrdiff_t socket_write(intptr_t socket, const char *bytes, size_t size);

void socket_end_writing(intptr_t socket); /* the peer reads the end of file, we may still read */
void socket_close(intptr_t socket);       /* SOCKET_NONE is allowed */
void socket_reset(intptr_t socket);       /* closes so that the peer sees a reset */

/* Waiting. An event carries the tag that the socket was given. */
enum {
    POLLER_READ = 1,
    POLLER_WRITE = 2,
    POLLER_BROKEN = 4
};
struct poller_event {
    void *tag;
    unsigned events;
};
struct poller;
struct poller *poller_new(void);
void poller_free(struct poller *poller);

/* Changes what is waited for at a socket from the events `was` to `now`, 0 being nothing at all.
 * False where this cannot be waited for (a plain file). */
bool poller_set(struct poller *poller, intptr_t socket, unsigned was, unsigned now, void *tag);

/* Waits up to timeout_ms (-1: for ever). Returns the number of events filled in. */
size_t poller_wait(struct poller *poller, int timeout_ms, struct poller_event *events, size_t size);

#endif

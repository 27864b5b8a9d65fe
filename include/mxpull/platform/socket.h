#ifndef MXPULL_PLATFORM_SOCKET_H
#define MXPULL_PLATFORM_SOCKET_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sockets as the system's own numbers for them. */

/* Opens a socket that no child inherits, for the caller to close. -1 with *number set to the system's
 * error. */
intptr_t socket_open(int family, int type, int protocol, int *number);

void socket_close(intptr_t socket);

/* Writes an IP address (a struct sockaddr of size bytes) in figures; "" for any other. */
void socket_address_text(const void *address, size_t size, char *text, size_t text_size);

/* What follows is for connected non-blocking stream sockets of others. */

/* Sends what the socket takes of size bytes: STATUS_OK with *done of them, STATUS_BUSY when it
 * takes none now, STATUS_UNREACHABLE when the connection is gone. Raises no signal. */
enum status socket_send(intptr_t socket, const char *bytes, size_t size, size_t *done);

/* Receives up to size bytes: STATUS_OK with *done of them, 0 at the end of the stream; STATUS_BUSY
 * when there are none now; STATUS_UNREACHABLE. */
enum status socket_receive(intptr_t socket, char *bytes, size_t size, size_t *done);

/* The system's words for one of its error numbers of sockets, such as "Connection refused".
 * Borrowed until the next call. */
const char *socket_error_text(int number);

/* Whether such an error says that there are too few file descriptors. */
bool socket_is_short(int number);

/* Whether such an error says that this machine knows no way to the address. */
bool socket_has_no_route(int number);

/* The version of TLS, such as "TLSv1.3", that a session of the system's own TLS library speaks ("TLS" where it does
 * not tell). session: that library's handle (Schannel: a CtxtHandle), not NULL, its handshake done. */
const char *socket_tls_version(void *session);

/* Asks the system for at least wanted open files and sockets. Returns how many there may be now. */
size_t socket_raise_limit(size_t wanted);

#endif

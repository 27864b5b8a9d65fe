#ifndef MXPULL_SRC_PLATFORM_POSIX_PEERS_H
#define MXPULL_SRC_PLATFORM_POSIX_PEERS_H

#include "peers_common.h"

/* The two ways to Linux' list of sockets: they add the sockets of that local port, and leave incomplete ones after a failure. */

/* By netlink (sock_diag(7)), where the kernel chooses the sockets. */
enum status peers_ask_kernel(struct tcp_sockets *sockets, int port, struct error *error);

/* From files as /proc/net/tcp and tcp6 (proc(5)); the second one is not there on a system without IPv6. */
enum status peers_read_files(struct tcp_sockets *sockets, int port, const char *v4, const char *v6,
                             struct error *error);

#endif

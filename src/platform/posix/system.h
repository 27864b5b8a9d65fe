#ifndef MXPULL_SRC_PLATFORM_POSIX_SYSTEM_H
#define MXPULL_SRC_PLATFORM_POSIX_SYSTEM_H

/* What the files of this folder share, and what those of common ask of the system. */

#include <mxpull/base/status.h>
#include <mxpull/platform/file.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

/* STATUS_SHORTAGE where errno says that there are too few file descriptors, else STATUS_SYSTEM. */
enum status system_status(int number);

/* strerror, but a shortage of file descriptors says how to mend it. */
const char *system_error_text(int number);

/* "path: what: the reason"; returns system_status. */
enum status system_fail(struct error *error, const char *path, const char *what, int number);

/* Writes no core dump from then on, and lets no program of the same user look into our memory (Linux). Another
 * effective user undoes it. */
void system_protect_secrets(void);

#define SYSTEM_SEPARATORS "/"

/* Whether files can be made in this very directory, as directory_writable says; *is_missing: there is none. */
enum writable system_writable(const char *path, bool *is_missing, struct error *error);

/* Calls each for the names of what is in a folder, borrowed for the call, in any order. What is not there has none. STATUS_SYSTEM. */
enum status system_list_folder(const char *path, void (*each)(void *context, const char *name),
                               void *context, struct error *error);

/* As send(2) and recv(2) take them. */
typedef int system_socket;
typedef size_t system_size;

/* Whether the last call on a socket failed only for now. */
bool system_socket_is_busy(void);

struct host_address;

/* Adds an address to a list of *count that host_addresses gives; one that is neither IPv4 nor IPv6, or NULL, is left out. */
void system_add_address(struct host_address **list, size_t *count, const struct sockaddr *address);

/* The date in UTC; false where there is none. */
bool system_date(int64_t seconds, struct tm *utc);

#endif

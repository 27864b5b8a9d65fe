#ifndef MXPULL_SRC_PLATFORM_WIN32_SYSTEM_H
#define MXPULL_SRC_PLATFORM_WIN32_SYSTEM_H

/* Between our UTF-8 and the system's UTF-16: we call only the wide functions of Windows, for the others speak UTF-8 only
 * from Windows 10 1903 on. Malformed text becomes U+FFFD. The caller frees all copies with free(). */

#include <winsock2.h> /* before windows.h */

#include <windows.h>

#include <mxpull/base/status.h>
#include <mxpull/platform/file.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <ws2tcpip.h>

wchar_t *win32_wide(const char *text);
char *win32_narrow(const wchar_t *text);

/* The absolute path, with backslashes, of one that may be relative; NULL when the system does not tell. */
char *win32_full_path(const char *path);

/* An environment variable, or NULL when it is not set or empty. */
char *win32_variable(const char *name);

/* CreateFileW of a path in UTF-8. Others may read, write, rename and remove the file meanwhile; no child inherits it.
 * INVALID_HANDLE_VALUE with GetLastError set. attributes may be NULL. */
HANDLE win32_open(const char *path, DWORD access, DWORD disposition, DWORD flags,
                  SECURITY_ATTRIBUTES *attributes);

/* The system's words for one of its error numbers, without a full stop and a line end. Borrowed until
 * the next call. */
const char *system_error_text(DWORD number);

/* "path: what: the reason"; returns STATUS_SYSTEM. */
enum status system_fail(struct error *error, const char *path, const char *what, DWORD number);

/* Wakes the loop, between signals_start and signals_end; from any thread. */
void system_wake(void);

#define SYSTEM_SEPARATORS "\\/"

/* Whether files can be made in this very directory, as directory_writable says; *is_missing: there is none. */
enum writable system_writable(const char *path, bool *is_missing, struct error *error);

/* Calls each for the names of what is in a folder, borrowed for the call, in any order. What is not there has none. STATUS_SYSTEM. */
enum status system_list_folder(const char *path, void (*each)(void *context, const char *name),
                               void *context, struct error *error);

/* As send and recv take them. */
typedef SOCKET system_socket;
typedef int system_size;
#define MSG_NOSIGNAL 0 /* there is none */

/* Whether the last call on a socket failed only for now. */
bool system_socket_is_busy(void);

struct host_address;

/* Adds an address to a list of *count that host_addresses gives; one that is neither IPv4 nor IPv6, or NULL, is left out. */
void system_add_address(struct host_address **list, size_t *count, const struct sockaddr *address);

/* The date in UTC; false where there is none. */
bool system_date(int64_t seconds, struct tm *utc);

#endif

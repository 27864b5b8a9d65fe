#ifndef MXPULL_TESTS_SUPPORT_H
#define MXPULL_TESTS_SUPPORT_H

/* What the tests need of the operating system: the face of support_posix.c and support_win32.c. What
 * cannot be had ends the program with a word on standard error. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Environment; value NULL: the variable is not set. */
void support_set_variable(const char *name, const char *value);

unsigned long support_process_id(void);
void support_sleep_ms(int64_t ms);

/* Calls call once, so many milliseconds from now: from a signal handler or from a thread. One at a time. */
void support_call_later(int64_t ms, void (*call)(void));

/* Files */

enum {
    SUPPORT_PATH_SIZE = 256
};

/* Makes an empty directory of the test's own, with an absolute path; another one at each call. */
void support_make_directory(char path[SUPPORT_PATH_SIZE]);

/* Removes it with all that is in it, whatever its permissions. False, and told, when it cannot be
 * removed, as where a test that failed holds a file of it. */
bool support_remove_directory(const char *path);

/* Makes the directory anew, empty. */
void support_empty_directory(const char *path);

/* Permissions in POSIX's words: what others than the owner may do (mode & 077) is open to everybody
 * where the system has other words. */
void support_set_mode(const char *path, unsigned mode);

/* What the modes of new files lose from now on; returns what they lost before. Nothing where the
 * system has other words. */
unsigned support_set_mask(unsigned mask);

/* Whether nobody but its owner (and the system) may do anything with what is at path. */
bool support_is_private(const char *path);

/* Runs call while nothing can be made or changed in the directory, in which nothing is yet: by root as
 * somebody else. False when that cannot be had here. */
bool support_while_read_only(const char *path, void (*call)(void *context), void *context);

/* The system's words for what it refuses. */
enum support_refusal {
    SUPPORT_ACCESS_DENIED,
    SUPPORT_NOT_A_DIRECTORY,
    SUPPORT_HELD /* by somebody who shares it with nobody, as while it is unreadable */
};
const char *support_refusal_text(enum support_refusal refusal);

/* Runs call while nobody can read the file. Root can read all, so call runs as somebody else then. */
void support_while_unreadable(const char *path, void (*call)(void *context), void *context);

/* A program that runs beside the test, which writes to its input and reads its output. */
struct support_program;

/* arguments: without the program's own name, up to a NULL. *input and *output are the caller's to
 * close. Under wine a path that begins with a slash is that of a program of the system below: it reads
 * and writes by sockets that do not block. */
struct support_program *support_start(const char *path, const char *const *arguments, FILE **input,
                                      FILE **output);

/* Waits for its end and frees it. Returns whether it exited with 0, of which wine tells nothing when it
 * is of the system below. */
bool support_wait(struct support_program *program);

/* Kills it, whatever it does at this moment, and frees it. */
void support_kill(struct support_program *program);

/* Whether this is Windows as wine plays it, which trusts everybody where no CA is named, lets a new file
 * inherit nothing from its directory, and takes the zone from $TZ. */
bool support_is_wine(void);

/* Sockets that block, on loopback, over IPv4; a failure to connect, read or write is told. */

/* Listens at a port of the system's choice. */
intptr_t support_listen(int *port, int backlog);

/* SUPPORT_NO_SOCKET when nobody listens there. */
#define SUPPORT_NO_SOCKET ((intptr_t)-1)
intptr_t support_connect(int port);

/* Begins to connect and does not wait for it. */
intptr_t support_begin_connect(int port);

/* Up to size bytes; 0 at the end of the stream; less than 0 when it is broken. */
long support_receive(intptr_t socket, void *bytes, size_t size);
bool support_send(intptr_t socket, const void *bytes, size_t size);
void support_close(intptr_t socket);

/* Passes bytes on between two sockets until one of them ends, or nothing comes for ten seconds. */
void support_relay(intptr_t a, intptr_t b);

/* Serves every connection to the listener, one after the other, beside the test, until support_end_server. */
struct support_server;
struct support_server *support_serve(intptr_t listener, void (*serve)(intptr_t client));

/* A socket for datagrams, at a port of the system's choice or, if *port is not 0, at this one. */
intptr_t support_bind(int *port);
void support_send_to(intptr_t socket, int port, const void *bytes, size_t size);

/* Has each datagram that comes served, in the same way; port is the sender's. */
struct support_server *
support_serve_datagrams(intptr_t socket, void (*serve)(intptr_t socket, int port,
                                                       const unsigned char *bytes, size_t size));
void support_end_server(struct support_server *server);

#endif

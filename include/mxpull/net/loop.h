#ifndef MXPULL_NET_LOOP_H
#define MXPULL_NET_LOOP_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The one loop that all connections of a run live in. One thread. */
struct loop;

/* NULL with *error set when libcurl cannot be used: missing or too old. Once a
 * program at a time. */
struct loop *loop_new(struct error *error);

/* After all its connections were closed or left. Those that were left may take some 300 ms to end in
 * order. NULL is allowed. */
void loop_free(struct loop *loop);

/* Waits until something happens on any connection, loop_wake is called, or the monotonic clock
 * reaches until_ms (INT64_MAX: no bound), handles all that has happened by calling the connections'
 * events, and returns. */
void loop_turn(struct loop *loop, int64_t until_ms);

/* "libcurl 7.88.1, OpenSSL/3.0.17": with the TLS library that libcurl speaks by. */
void loop_libraries(char *text, size_t size);

/* One thing besides connections that the loop waits for: a descriptor that can be read from (on Windows of a
 * socket alone), or whose other end was closed. Embedded in its owner, which sets the first three fields once and
 * takes it out of the loop before it goes. */
struct loop_watch {
    void (*ready)(
        void *context); /* in a turn; may put any watch in and take any out, this one included */
    void *context;      /* borrowed */
    intptr_t descriptor;

    struct loop_watch *next; /* private, as what follows */
    unsigned wait;           /* its place in this turn, from 1 */
    bool is_in;
};

/* Calls ready in each turn in which there is something to read. In vain where it is in already. */
void loop_watch(struct loop *loop, struct loop_watch *watch);

/* In vain where it is not in. */
void loop_unwatch(struct loop *loop, struct loop_watch *watch);

/* Makes a waiting loop_turn return; context is the struct loop. May be called from another thread and from a signal
 * handler, as signals_start wants it. */
void loop_wake(void *context);

/* Whether that end of a connection within this machine is one of the loop's, or was one of its last. */
bool loop_is_own(const struct loop *loop, const char *address, int port);

#endif

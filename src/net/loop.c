/* One libcurl multi for all connections. libcurl drives those that are connecting; the sockets of
 * the others, and what else is watched, are polled beside them in the same call, until the first timer is due. */
#include "internal.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    RESOLVE_THREADS = 256,
    FAREWELL_MS = 300
};

struct loop *loop_new(struct error *error)
{
    enum {
        VERSION_MIN = 0x075800
    }; /* 7.88.0 */

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)error_set(error, STATUS_SYSTEM, "libcurl cannot be started");
        return NULL;
    }
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    if (info->version_num < VERSION_MIN) {
        (void)error_set(error, STATUS_SYSTEM, "libcurl %s is no good: 7.88 or later is needed",
                        info->version);
        curl_global_cleanup();
        return NULL;
    }
    struct loop *loop = memory_new(1, sizeof *loop);
    loop->multi = curl_multi_init();
    loop->received = memory_new(RECEIVE_SIZE, 1);
    if (loop->multi == NULL) {
        (void)error_set(error, STATUS_SYSTEM, "libcurl cannot make a multi handle");
        loop_free(loop);
        return NULL;
    }
#if LIBCURL_VERSION_NUM >= 0x081400
    /* From 8.20 on names are looked up by a pool of threads: slow names must not make the others
     * wait. */
    (void)curl_multi_setopt(loop->multi, CURLMOPT_RESOLVE_THREADS_MAX, (long)RESOLVE_THREADS);
#endif
    return loop;
}

static void free_closed(struct loop *loop)
{
    for (struct connection **link = &loop->connections; *link != NULL;) {
        struct connection *connection = *link;

        if (connection->closed) {
            *link = connection->next;
            connection_free(connection);
        } else {
            link = &connection->next;
        }
    }
}

/* Lets connections that were left end in order: a socket that is closed with words unread is reset,
 * and what we have said last may be lost. */
static void bid_farewell(struct loop *loop)
{
    int64_t until_ms = clock_monotonic_ms() + FAREWELL_MS;

    free_closed(loop);
    while (loop->connections != NULL && clock_monotonic_ms() < until_ms)
        loop_turn(loop, until_ms);
    for (struct connection *connection = loop->connections; connection != NULL;
         connection = connection->next)
        connection_close(connection);
    free_closed(loop);
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    bid_farewell(loop);
    (void)curl_multi_cleanup(loop->multi);
    free(loop->timers.heap);
    free(loop->waits);
    free(loop->received);
    free(loop);
    curl_global_cleanup();
}

void loop_wake(void *context)
{
    struct loop *loop = context;

    atomic_store(&loop->is_woken, true);
    (void)curl_multi_wakeup(loop->multi);
}

static void take_results(struct loop *loop)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(loop->multi, &left)) != NULL) {
        struct transfer *transfer = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer->done(transfer->context, message->data.result);
    }
}

/* The wait at that place, for which there is room then. */
static struct curl_waitfd *wait_at(struct loop *loop, unsigned place)
{
    if (place == loop->wait_capacity) {
        loop->wait_capacity = loop->wait_capacity > 0 ? loop->wait_capacity * 2 : 16;
        loop->waits = memory_resize(loop->waits, loop->wait_capacity, sizeof *loop->waits);
    }
    return &loop->waits[place];
}

/* Returns how many are waited for; from *resolved on, by resolvers. */
static unsigned fill_waits(struct loop *loop, unsigned *resolved)
{
    unsigned count = 0;

    for (struct connection *connection = loop->connections; connection != NULL;
         connection = connection->next)
        connection->wait = stream_wait(connection->acting, wait_at(loop, count)) ? ++count : 0;
    for (struct loop_watch *watch = loop->watches; watch != NULL; watch = watch->next) {
        *wait_at(loop, count) = (struct curl_waitfd){.fd = (curl_socket_t)watch->descriptor,
                                                     .events = CURL_WAIT_POLLIN};
        watch->wait = ++count;
    }
    *resolved = count;
    for (const struct resolver *resolver = loop->resolvers; resolver != NULL;
         resolver = resolver_next(resolver)) {
        const struct curl_waitfd *waits;

        for (unsigned left = resolver_waits(resolver, &waits); left > 0; left--)
            *wait_at(loop, count++) = *waits++;
    }
    return count;
}

/* How long to wait until then, or until the first timer is due. */
static int timeout_until(const struct loop *loop, int64_t until_ms)
{
    int64_t timer_ms = timers_next_ms(loop);
    int64_t left_ms = (timer_ms < until_ms ? timer_ms : until_ms) - clock_monotonic_ms();

    if (left_ms < 0)
        return 0;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

void loop_watch(struct loop *loop, struct loop_watch *watch)
{
    if (watch->is_in)
        return;
    watch->is_in = true;
    watch->wait = 0;
    watch->next = loop->watches;
    loop->watches = watch;
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
    struct loop_watch **link = &loop->watches;

    if (!watch->is_in)
        return;
    while (*link != watch)
        link = &(*link)->next;
    *link = watch->next;
    watch->is_in = false;
}

/* One that has not been called in this turn. NULL: none. */
static struct loop_watch *find_ready(const struct loop *loop)
{
    for (struct loop_watch *watch = loop->watches; watch != NULL; watch = watch->next) {
        if (watch->wait > 0 && loop->waits[watch->wait - 1].revents != 0)
            return watch;
    }
    return NULL;
}

void loop_turn(struct loop *loop, int64_t until_ms)
{
    struct loop_watch *watch;
    unsigned resolved, count = fill_waits(loop, &resolved);
    int running;

    /* Polling comes first, so that what an event brings about is seen by the caller before the next
     * wait. */
    (void)curl_multi_poll(loop->multi, loop->waits, count, timeout_until(loop, until_ms), NULL);
    for (struct connection *connection = loop->connections; connection != NULL;
         connection = connection->next) {
        if (connection->wait > 0 && loop->waits[connection->wait - 1].revents != 0)
            stream_act(connection->acting, loop->waits[connection->wait - 1].revents);
    }
    while ((watch = find_ready(loop)) != NULL) {
        watch->wait = 0;
        watch->ready(watch->context);
    }
    for (unsigned i = resolved; i < count; i++) {
        for (struct resolver *resolver = loop->resolvers;
             resolver != NULL && loop->waits[i].revents != 0; resolver = resolver_next(resolver))
            resolver_act(resolver, &loop->waits[i]);
    }
    (void)curl_multi_perform(loop->multi, &running);
    take_results(loop);
    if (atomic_exchange(&loop->is_woken, false))
        timers_wake(loop);
    timers_run(loop, clock_monotonic_ms());
    free_closed(loop);
}

/* ---- our own ends ---- */

static uint64_t end_hash(const char *address, int port)
{
    char text[CONNECTION_ADDRESS_SIZE + sizeof " 65535"];

    return text_hash(text, (size_t)snprintf(text, sizeof text, "%s %d", address, port));
}

void loop_note_own(struct loop *loop, const char *address, int port)
{
    if (loop_is_own(loop, address, port))
        return;
    loop->own[loop->next_own] = end_hash(address, port);
    loop->next_own = (loop->next_own + 1) % OWN_ENDS;
}

bool loop_is_own(const struct loop *loop, const char *address, int port)
{
    uint64_t hash = end_hash(address, port);

    for (size_t i = 0; i < OWN_ENDS; i++) {
        if (loop->own[i] == hash)
            return true;
    }
    return false;
}

void loop_libraries(char *text, size_t size)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

    (void)snprintf(text, size, "libcurl %s, %s", info->version,
                   info->ssl_version != NULL ? info->ssl_version : "without TLS");
}

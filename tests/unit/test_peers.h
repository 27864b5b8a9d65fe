#ifndef MXPULL_TESTS_TEST_PEERS_H
#define MXPULL_TESTS_TEST_PEERS_H

/* The connections that host_peers tells of. */

#include <mxpull/platform/host.h>

struct seen {
    size_t count, ended;
    struct host_peer last;
};

static inline void see(void *context, const struct host_peer *peer)
{
    struct seen *seen = context;

    seen->count++;
    seen->ended += peer->has_ended;
    seen->last = *peer;
}

#endif

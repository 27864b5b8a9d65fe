#ifndef MXPULL_NET_DOWNLOAD_H
#define MXPULL_NET_DOWNLOAD_H

#include <mxpull/base/status.h>
#include <mxpull/net/loop.h>

#include <stddef.h>
#include <stdint.h>

/* One small document over HTTPS: from a host whose certificate is good, and from nowhere else, for no redirect is followed
 * and no proxy used. */
struct download;

/* All borrowed for the time of download_begin alone. */
struct download_options {
    const char *host;             /* ASCII */
    int port;                     /* 0: 443 */
    const char *path;             /* "/.well-known/mta-sts.txt" */
    const char *const *addresses; /* the host's: IP addresses, of which one is asked */
    size_t address_count;         /* not 0 */
    const char *ca_file;          /* PEM, instead of the system's certificates; NULL: those */
    int64_t timeout_ms;           /* for all */
    size_t size_max;
};

/* Borrowed for the call that brings it. */
struct download_result {
    int code;          /* of HTTP: 200; 0: there was no whole answer, for which error says why */
    const char *type;  /* "text/plain; charset=utf-8"; NULL: the server names none */
    const char *bytes; /* the document, if it came whole; a NUL that does not count follows */
    size_t size;
    struct error error; /* STATUS_OK, UNREACHABLE, TIMEOUT, TLS, PROTOCOL, LIMIT, SYSTEM */
};

/* Begins, and calls done once, in a turn of the loop, from within which the download may be freed. NULL with *error set when the
 * options cannot be used at all. */
struct download *download_begin(struct loop *loop, const struct download_options *options,
                                void (*done)(void *context, const struct download_result *result),
                                void *context, struct error *error);

/* At any time before loop_free; breaks off what is under way. NULL is allowed. */
void download_free(struct download *download);

#endif

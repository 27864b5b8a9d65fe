#ifndef MXSIM_WIRE_H
#define MXSIM_WIRE_H

#include "loop.h"
#include "tls.h"

#include <mxpull/base/buffer.h>

/* One connection: bytes in, bytes out, TLS on demand, and the faults that concern bytes (fault.h).
 * It knows nothing of SMTP. After wire_close, wire_reset or the call of `ended` the socket is gone;
 * the owner then calls wire_free, from within a callback too. */
struct wire;

/* What can be done to a connection at some point of it. */
enum action {
    ACTION_NONE,
    ACTION_CLOSE,
    ACTION_RESET,
    ACTION_STALL,
    ACTION_ENDLESS
};

/* The owner's callbacks. */
struct wire_calls {
    void (*connected)(void *owner); /* wire_connect has succeeded; NULL where that is never used */
    void (*received)(
        void *owner); /* there is more in wire_input, or its end has come (wire_at_end) */
    void (*sent)(
        void *owner); /* all that wire_send was given is gone, later than wire_send's return */
    void (*secured)(void *owner); /* the TLS handshake is done */
    void (*ended)(
        void *owner,
        const char *how); /* the connection is over: "closed", "reset", "closed by peer" … */
};

/* What shall go wrong, and how fast bytes flow. -1 where not wanted. */
struct wire_faults {
    int64_t cut_at; /* bytes sent in all */
    enum action cut;
    int64_t drip_bytes; /* at most so many bytes each drip_us; 0: no limit */
    int64_t drip_us;
};

/* Takes the socket over. Nothing is read before wire_begin. */
struct wire *wire_new(struct loop *loop, intptr_t socket, const struct wire_calls *calls,
                      void *owner);

/* Connects; calls `connected` or `ended`. NULL when it fails at once. */
struct wire *wire_connect(struct loop *loop, const struct socket_address *from,
                          const struct socket_address *to, const struct wire_calls *calls,
                          void *owner);
void wire_free(struct wire *wire);

/* The connection goes on with another owner: the roles reverse. */
void wire_hand_over(struct wire *wire, const struct wire_calls *calls, void *owner);

/* Begins to read. False when a fault has ended the connection here already (`ended` was called). */
bool wire_begin(struct wire *wire, const struct wire_faults *faults);

/* Counts the bytes to cut_at anew from here. False as wire_begin. */
bool wire_cut_after(struct wire *wire, int64_t bytes, enum action action);

/* What was received and not yet consumed; at most WIRE_INPUT_MAX bytes. wire_consume takes bytes
 * off its front. */
enum {
    WIRE_INPUT_MAX = 64 * 1024
};
const struct buffer *wire_input(const struct wire *wire);
void wire_consume(struct wire *wire, size_t size);
bool wire_at_end(const struct wire *wire); /* the peer will send no more */

/* How many of size bytes wire_send would let out before a fault. */
size_t wire_would_send(const struct wire *wire, size_t size);

/* Sends bytes, which stay the caller's until they have gone; one call at a time. True when all have
 * gone already; false when `sent` will be called, or the connection has ended or stalled. Endless:
 * over and over, 64 MiB of it. */
bool wire_send(struct wire *wire, const char *bytes, size_t size, bool endless);

/* Starts TLS; what was received in clear is thrown away. Calls `secured` or `ended`. */
void wire_secure(struct wire *wire, struct tls_context *context);
const char *wire_tls_version(const struct wire *wire);

/* Nothing is sent any more and what comes is thrown away; the peer's close calls `ended`. */
void wire_stall(struct wire *wire);

/* Ends the connection without a callback. Closing is polite: what was sent arrives even if the peer
 * is still sending. */
void wire_close(struct wire *wire);
void wire_reset(struct wire *wire);
bool wire_is_open(const struct wire *wire);

#endif

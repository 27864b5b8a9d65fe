/* One connection's bytes. The socket is watched for reading whenever there is room for input, also
 * while a reply waits for its delay, so that a peer's close is seen at once. */
#include "wire.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

enum {
    READ_SIZE = 64 * 1024,
    BURST_MAX = 1024 * 1024, /* bytes sent before others have their turn */
    ENDLESS_MAX = 64 * 1024 * 1024,
    LINGER_US = 2 * 1000 * 1000,
    CONNECT_US = 30 * 1000 * 1000
};

struct wire {
    struct loop *loop;
    const struct wire_calls *calls;
    void *owner;
    struct watch watch;
    struct timer pace; /* the next drip, or how long a connect may take */
    struct tls *tls;
    struct buffer input;
    const char *out; /* borrowed: what wire_send was given; NULL when nothing is being sent */
    size_t out_size, out_at;
    bool endless, connecting, handshaking, stalled, at_end;
    int64_t sent; /* bytes in all */
    struct wire_faults faults;
};

static void ready(void *owner, unsigned events);
static void paced(void *owner);

struct wire *wire_new(struct loop *loop, intptr_t socket, const struct wire_calls *calls,
                      void *owner)
{
    struct wire *wire = memory_new(1, sizeof *wire);

    wire->loop = loop;
    wire->calls = calls;
    wire->owner = owner;
    wire->watch = (struct watch){.socket = socket, .ready = ready, .owner = wire};
    wire->pace = (struct timer){.fired = paced, .owner = wire};
    wire->faults = (struct wire_faults){.cut_at = -1};
    buffer_init(&wire->input, WIRE_INPUT_MAX);
    return wire;
}

struct wire *wire_connect(struct loop *loop, const struct socket_address *from,
                          const struct socket_address *to, const struct wire_calls *calls,
                          void *owner)
{
    intptr_t socket = socket_connect(from, to);

    if (socket == SOCKET_NONE)
        return NULL;
    struct wire *wire = wire_new(loop, socket, calls, owner);
    wire->connecting = true;
    (void)loop_watch(loop, &wire->watch, POLLER_WRITE);
    loop_start(loop, &wire->pace, CONNECT_US);
    return wire;
}

void wire_hand_over(struct wire *wire, const struct wire_calls *calls, void *owner)
{
    wire->calls = calls;
    wire->owner = owner;
}

bool wire_is_open(const struct wire *wire)
{
    return wire->watch.socket != SOCKET_NONE;
}

/* Parts with the socket; the caller closes it. */
static intptr_t give_up_socket(struct wire *wire)
{
    intptr_t socket = wire->watch.socket;

    (void)loop_watch(wire->loop, &wire->watch, 0);
    loop_cancel(wire->loop, &wire->pace);
    wire->watch.socket = SOCKET_NONE;
    wire->out = NULL;
    return socket;
}

void wire_free(struct wire *wire)
{
    if (wire == NULL)
        return;
    if (wire_is_open(wire))
        wire_close(wire);
    tls_free(wire->tls);
    buffer_done(&wire->input);
    loop_discard(wire->loop, wire);
}

/* A closed connection whose peer may still be sending: were it closed while bytes are unread, the
 * peer would be told of a reset and might never see the last reply. So the rest is read and thrown
 * away for a while. */
struct lingerer {
    struct loop *loop;
    struct living living;
    struct watch watch;
    struct timer timer;
};

static void linger_end(void *owner)
{
    struct lingerer *lingerer = owner;

    (void)loop_watch(lingerer->loop, &lingerer->watch, 0);
    loop_cancel(lingerer->loop, &lingerer->timer);
    loop_leave(&lingerer->living);
    socket_close(lingerer->watch.socket);
    loop_discard(lingerer->loop, lingerer);
}

static void linger_read(void *owner, unsigned events)
{
    struct lingerer *lingerer = owner;
    char bytes[4096];
    ptrdiff_t got = IO_BROKEN;

    if (events & POLLER_READ)
        got = socket_read(lingerer->watch.socket, bytes, sizeof bytes);
    if (got == IO_END || got == IO_BROKEN)
        linger_end(lingerer);
}

static void linger(struct loop *loop, intptr_t socket)
{
    struct lingerer *lingerer = memory_new(1, sizeof *lingerer);

    socket_end_writing(socket);
    lingerer->loop = loop;
    lingerer->watch = (struct watch){.socket = socket, .ready = linger_read, .owner = lingerer};
    lingerer->timer = (struct timer){.fired = linger_end, .owner = lingerer};
    (void)loop_watch(loop, &lingerer->watch, POLLER_READ);
    loop_start(loop, &lingerer->timer, LINGER_US);
    loop_live(loop, &lingerer->living, linger_end, lingerer);
}

void wire_close(struct wire *wire)
{
    if (!wire_is_open(wire))
        return;
    if (wire->tls != NULL)
        tls_end_writing(wire->tls);
    intptr_t socket = give_up_socket(wire);
    if (wire->at_end || wire->connecting)
        socket_close(socket);
    else
        linger(wire->loop, socket);
}

void wire_reset(struct wire *wire)
{
    if (wire_is_open(wire))
        socket_reset(give_up_socket(wire));
}

static void end(struct wire *wire, const char *how)
{
    if (wire_is_open(wire))
        socket_close(give_up_socket(wire));
    wire->calls->ended(wire->owner, how);
}

void wire_stall(struct wire *wire)
{
    wire->stalled = true;
    wire->out = NULL;
    buffer_clear(&wire->input);
    if (wire->at_end)
        end(wire, "closed by peer");
    else
        (void)loop_watch(wire->loop, &wire->watch, POLLER_READ);
}

/* Does what the fault at cut_at says. */
static void cut(struct wire *wire)
{
    wire->faults.cut_at = -1;
    if (wire->faults.cut == ACTION_STALL) {
        wire_stall(wire);
    } else if (wire->faults.cut == ACTION_RESET) {
        wire_reset(wire);
        wire->calls->ended(wire->owner, "reset");
    } else {
        wire_close(wire);
        wire->calls->ended(wire->owner, "closed");
    }
}

bool wire_begin(struct wire *wire, const struct wire_faults *faults)
{
    wire->faults = *faults;
    if (wire->faults.cut_at == 0) {
        cut(wire);
        return false;
    }
    (void)loop_watch(wire->loop, &wire->watch, POLLER_READ);
    return true;
}

bool wire_cut_after(struct wire *wire, int64_t bytes, enum action action)
{
    wire->faults.cut_at = wire->sent + bytes;
    wire->faults.cut = action;
    if (bytes == 0)
        cut(wire);
    return bytes != 0;
}

const struct buffer *wire_input(const struct wire *wire)
{
    return &wire->input;
}

bool wire_at_end(const struct wire *wire)
{
    return wire->at_end;
}

/* Waits for what can be of use now. */
static void watch_again(struct wire *wire)
{
    unsigned events = 0;

    if (!wire->at_end && wire->input.size < WIRE_INPUT_MAX)
        events |= POLLER_READ;
    if (wire->out != NULL && wire->pace.place == 0)
        events |= POLLER_WRITE;
    (void)loop_watch(wire->loop, &wire->watch, events);
}

static void read_more(struct wire *wire)
{
    char bytes[READ_SIZE];

    while (wire_is_open(wire) && !wire->at_end) {
        size_t room = wire->stalled ? sizeof bytes : WIRE_INPUT_MAX - wire->input.size;
        if (room == 0)
            break;
        ptrdiff_t got = wire->tls != NULL ? tls_read(wire->tls, bytes, room)
                                          : socket_read(wire->watch.socket, bytes, room);
        if (got == IO_AGAIN || got == IO_AGAIN_WRITE)
            break;
        if (got == IO_BROKEN || (got == IO_END && wire->stalled)) {
            end(wire, got == IO_END ? "closed by peer" : "reset by peer");
            return;
        }
        if (wire->stalled)
            continue;
        if (got == IO_END)
            wire->at_end = true;
        else
            (void)buffer_append(&wire->input, bytes, (size_t)got);
        wire->calls->received(wire->owner);
        if (got != IO_END && wire->tls == NULL && (size_t)got < room)
            break; /* the socket is empty: no need to ask it */
    }
    if (wire_is_open(wire))
        watch_again(wire);
}

void wire_consume(struct wire *wire, size_t size)
{
    bool was_full = wire->input.size == WIRE_INPUT_MAX;

    buffer_consume(&wire->input, size);
    /* Bytes that TLS holds are not seen by the poller: so ask at the loop's next turn, not from
     * within the owner. */
    if (was_full && wire->tls != NULL && wire_is_open(wire) && wire->pace.place == 0)
        loop_start(wire->loop, &wire->pace, 0);
    else if (was_full && wire_is_open(wire))
        watch_again(wire);
}

size_t wire_would_send(const struct wire *wire, size_t size)
{
    if (wire->faults.cut_at < 0 || wire->faults.cut_at - wire->sent >= (int64_t)size)
        return size;
    return (size_t)(wire->faults.cut_at - wire->sent);
}

/* Sends what may go now. True when nothing is left of it. */
static bool push(struct wire *wire)
{
    for (size_t burst = 0; wire->out != NULL && wire->pace.place == 0 && burst < BURST_MAX;) {
        size_t size = wire_would_send(wire, wire->out_size - wire->out_at);
        if (wire->faults.drip_bytes > 0 && (int64_t)size > wire->faults.drip_bytes)
            size = (size_t)wire->faults.drip_bytes;
        const char *from = wire->out + wire->out_at;
        ptrdiff_t put = wire->tls != NULL ? tls_write(wire->tls, from, size)
                                          : socket_write(wire->watch.socket, from, size);
        if (put == IO_AGAIN || put == IO_AGAIN_WRITE)
            break;
        if (put <= 0) {
            end(wire, "reset by peer");
            return false;
        }
        wire->sent += put;
        wire->out_at += (size_t)put;
        burst += (size_t)put;
        if (wire->sent == wire->faults.cut_at) {
            cut(wire);
            return false;
        }
        if (wire->endless && wire->sent > ENDLESS_MAX) {
            wire_close(wire);
            wire->calls->ended(wire->owner, "closed");
            return false;
        }
        if (wire->out_at == wire->out_size && wire->endless)
            wire->out_at = 0;
        if (wire->faults.drip_bytes > 0)
            loop_start(wire->loop, &wire->pace, wire->faults.drip_us);
        if (wire->out_at == wire->out_size) {
            wire->out = NULL;
            return true;
        }
    }
    watch_again(wire);
    return false;
}

bool wire_send(struct wire *wire, const char *bytes, size_t size, bool endless)
{
    if (size == 0)
        return true;
    if (wire->stalled || !wire_is_open(wire))
        return false;
    wire->out = bytes;
    wire->out_size = size;
    wire->out_at = 0;
    wire->endless = endless;
    return push(wire);
}

/* Goes on sending; the owner hears when all has gone. */
static void push_later(struct wire *wire)
{
    if (wire->out != NULL && push(wire)) {
        watch_again(wire);
        wire->calls->sent(wire->owner);
    }
}

static void paced(void *owner)
{
    struct wire *wire = owner;

    if (wire->connecting) {
        end(wire, "not connected in time");
        return;
    }
    push_later(wire);
    if (wire_is_open(wire))
        read_more(wire);
}

static void go_on_connecting(struct wire *wire)
{
    loop_cancel(wire->loop, &wire->pace);
    wire->connecting = false;
    if (!socket_is_connected(wire->watch.socket)) {
        end(wire, "not connected");
        return;
    }
    (void)loop_watch(wire->loop, &wire->watch, POLLER_READ);
    wire->calls->connected(wire->owner);
}

static void go_on_handshaking(struct wire *wire)
{
    ptrdiff_t result = tls_handshake(wire->tls);

    if (result == IO_BROKEN) {
        end(wire, "TLS handshake failed");
        return;
    }
    (void)loop_watch(wire->loop, &wire->watch,
                     result == IO_AGAIN_WRITE ? POLLER_WRITE : POLLER_READ);
    if (result < 0)
        return;
    wire->handshaking = false;
    wire->calls->secured(wire->owner);
    if (wire_is_open(wire))
        read_more(wire); /* the handshake may have brought the first command along */
}

void wire_secure(struct wire *wire, struct tls_context *context)
{
    buffer_clear(&wire->input);
    wire->tls = tls_new(context, wire->watch.socket);
    wire->handshaking = true;
    go_on_handshaking(wire);
}

const char *wire_tls_version(const struct wire *wire)
{
    return wire->tls != NULL ? tls_version(wire->tls) : "none";
}

static void ready(void *owner, unsigned events)
{
    struct wire *wire = owner;

    if (wire->connecting) {
        go_on_connecting(wire);
        return;
    }
    if (wire->handshaking) {
        go_on_handshaking(wire);
        return;
    }
    if (events & POLLER_WRITE)
        push_later(wire);
    if (wire_is_open(wire) && (events & (POLLER_READ | POLLER_BROKEN)) && !wire->at_end)
        read_more(wire);
    else if (wire_is_open(wire) && (events & POLLER_BROKEN))
        end(wire, "reset by peer");
}

#ifndef MXPULL_NET_INTERNAL_H
#define MXPULL_NET_INTERNAL_H

/* What the files of this floor share. From the top: download.c, connection.c, attempt.c and stream.c; handle.c,
 * heard.c, wire.c, failure.c, resolver.c and timer.c call none of these. */

#include <mxpull/base/buffer.h>
#include <mxpull/net/connection.h>
#include <mxpull/net/timer.h>

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    RECEIVE_SIZE = 64 * 1024,
    HEARD_SIZE = CONNECTION_REPLY_SIZE,
    VERSION_SIZE = 24,
    ATTEMPTS_MAX = 8
};

/* ---- timer.c ---- */

/* Starts as all zero. */
struct timer_queue {
    struct timer **heap; /* borrowed timers */
    size_t count;
    uint64_t order; /* of the timer that is set next */
    int64_t now_ms; /* of the last run */
};

/* When the first timer is due; INT64_MAX: none is set. */
int64_t timers_next_ms(const struct loop *loop);

/* Calls the timers that are due, in the order of their times; none is set any more when called. */
void timers_run(struct loop *loop, int64_t now_ms);

/* Makes the timers due that wait for loop_wake. */
void timers_wake(struct loop *loop);

/* ---- loop.c ---- */

/* What each of libcurl's handles carries (CURLOPT_PRIVATE). */
struct transfer {
    void (*done)(void *context,
                 CURLcode result); /* libcurl has done what was asked of the handle */
    void *context;                 /* borrowed */
};

enum {
    OWN_ENDS = 256,
    LEFT_MAX = 32
};

struct loop {
    CURLM *multi;
    struct timer_queue timers;
    atomic_bool is_woken; /* by loop_wake, since the last turn */
    struct connection
        *connections; /* owned, the newest first; closed ones stay until the turn ends */
    struct connection
        *left[LEFT_MAX]; /* of these: left and not closed, the one left first before the others */
    size_t left_count;
    struct resolver *resolvers; /* borrowed */
    struct loop_watch *watches; /* borrowed */
    struct curl_waitfd *waits; /* one for each stream that waits for its socket, one for each watch,
                                   then the resolvers' */
    size_t wait_capacity;
    char *received;         /* what one recv brings: used up before the next one */
    uint64_t own[OWN_ENDS]; /* hashes of our ends of connections within this machine; a ring */
    size_t next_own;
};

/* Notes our end of a connection within this machine. */
void loop_note_own(struct loop *loop, const char *address, int port);

/* ---- heard.c ---- */

/* What the server said while libcurl was connecting. Starts as all zero. */
struct heard {
    int code;              /* of the last reply, 0: none yet */
    char text[HEARD_SIZE]; /* its last line as received, code included, cut */
    bool open;             /* more lines of it are to come */
    enum stage stage;      /* what it answers */
    enum stage asked;      /* what is under way since; STAGE_NONE: nothing was sent yet */
    bool starttls;         /* the reply to STARTTLS was 220 */
    size_t size, lines;    /* of the last reply */
    unsigned replies;      /* whole ones so far */
    bool challenged;       /* the reply before was 334 */
    unsigned mechanism;    /* of the last AUTH, where ehlo_mechanism knows it */
    struct connection_facts
        facts; /* of these EHLO, its refusal, and AUTH's success are heard here */
};

/* Takes one reply line as libcurl has it. False when it is none, or when the reply has grown over
 * the ceilings of smtp/reply. */
bool heard_line(struct heard *heard, const char *line, size_t size);

/* Rewrites a line of the reply to EHLO so that libcurl understands it. */
void heard_make_readable(char *line, size_t size);

/* Takes what libcurl sends while connecting: the next reply answers this. */
void heard_command(struct heard *heard, const char *line, size_t size);

/* ---- failure.c ---- */

/* A connect phase that has failed. */
struct failure {
    CURLcode result;
    const char *words;         /* borrowed: libcurl's */
    long os_error;             /* the system's error; 0: none */
    const struct heard *heard; /* borrowed */
    const char *place;         /* borrowed, as the connection's */
    enum stage stage;          /* what was under way; failure_explain sets what failed */
    int code;                  /* set by failure_explain: the reply that is the reason, or 0 */
};

/* Why a session is in clear. */
const char *failure_without_tls(const struct heard *heard);

/* Explains why: stage and code of *failure, status and text of *error. */
void failure_explain(struct failure *failure, struct error *error);

/* The status of a result that is not CURLE_OK. */
enum status failure_status(CURLcode result);

/* ---- handle.c ---- */

/* Has the server's certificate judged by the authorities of that file (PEM), or of the system where it is NULL. False with
 * *error set when it cannot be read. */
bool handle_set_authorities(CURL *easy, const char *file, struct error *error);

/* libcurl's handle for these options. NULL with *error set when they are impossible. */
CURL *handle_new(const struct connection_options *options, struct error *error);

/* The same handle once more, for other mechanisms of AUTH (0: as they are). NULL: no memory. */
CURL *handle_copy(CURL *easy, int64_t connect_timeout_ms, int64_t reply_timeout_ms,
                  unsigned mechanisms);

/* ---- attempt.c, stream.c ---- */

/*  TCP --> SESSION --> OPEN --> ENDED;  from each of them to ENDED by a failure.
 * TCP and SESSION (greeting, TLS, EHLO, AUTH) are libcurl's; from OPEN on we send and receive
 * ourselves. */
enum phase {
    PHASE_TCP,
    PHASE_SESSION,
    PHASE_OPEN,
    PHASE_ENDED
};

/* One try to connect, and what comes of it. */
struct attempt {
    struct transfer transfer;
    struct connection *connection; /* borrowed */
    CURL *easy;
    enum phase phase;
    int64_t opened_ms, connect_timeout_ms;
    struct timer deadline;       /* of the connect phase, then of the conversation */
    struct timer silence;        /* when another address is tried beside this one */
    struct timer again;          /* beaten by another attempt; later: stream.c has more to do */
    unsigned sockets;            /* opened */
    int socket_error;            /* why no socket could be opened last; 0: one could */
    bool is_used;                /* address is left out of later attempts */
    bool is_limited;             /* deadline is the connection's limit_ms */
    int code;                    /* why it has failed */
    struct error error;          /* the same */
    char words[CURL_ERROR_SIZE]; /* libcurl's */
    struct heard heard;
    char tls_version[VERSION_SIZE];

    curl_socket_t socket;
    struct buffer sending; /* being sent: kept as it is until it is gone, as TLS demands */
    struct buffer queued;  /* to be sent after it */
    bool broken;           /* a send failed: told in the next turn */
    bool held;             /* nothing is taken in until further notice */
    bool more;             /* there may be bytes that polling cannot see */
    bool touched; /* libcurl has sent for us once: 7.88 drops a connection that it believes idle */
};

struct connection {
    struct connection *next;
    struct loop *loop;                       /* borrowed */
    const struct connection_events *events;  /* borrowed */
    void *context;                           /* borrowed */
    void (*ready)(struct attempt *attempt);  /* connection.c's: libcurl has connected */
    void (*failed)(struct attempt *attempt); /* the same: and has not; the attempt has ended */
    unsigned wait; /* its wait in this turn of the loop, from 1; 0: none */
    bool closed;   /* by its owner: freed at the end of the turn */
    bool leaving;  /* given up by its owner, after the last words */
    bool show_wire;
    bool is_bare;        /* to our own mail server */
    bool is_implicit;    /* TLS from the first byte */
    bool is_https_proxy; /* the socket's bytes are TLS even when the session is in clear */
    bool is_proxied;
    bool has_user;
    bool demands_tls;
    bool any_mechanism; /* of AUTH: none is pinned */
    bool is_single;     /* there is no other address */
    int64_t connect_timeout_ms, reply_timeout_ms;
    char place[CONNECTION_PLACE_SIZE]; /* "mx2.example.net:25", or the proxy; "" of a bare stream */

    struct attempt *attempts[ATTEMPTS_MAX]; /* owned */
    size_t attempt_count;
    struct curl_slist *connect_to;  /* owned; of all attempts; NULL: host is looked up */
    struct attempt *acting;         /* whom the owner talks to, or hears the failure of */
    bool chosen;                    /* acting has greeted: the others are beaten */
    int64_t limit_ms;               /* until when others are tried */
    unsigned tried;                 /* mechanisms that were refused */
    char refusals[ERROR_TEXT_SIZE]; /* "CRAM-MD5: 504 unknown, PLAIN: 535 no" */
};

/* Begins an attempt with the handle, which it owns from now on. */
struct attempt *attempt_begin(struct connection *connection, CURL *easy,
                              int64_t connect_timeout_ms);

/* Ends it: nothing follows. Its facts stay. */
void attempt_end(struct attempt *attempt);
void attempt_free(struct attempt *attempt);

/* What is under way. */
enum stage attempt_stage(const struct attempt *attempt);

/* Whether TCP stands while libcurl connects, and since when. */
bool attempt_has_tcp(const struct attempt *attempt, int64_t *since_ms);

/* Notes the two ends of what stands, as far as they are known. */
void attempt_note_address(struct attempt *attempt);

/* The session is established: bytes go in and out from now on. */
void stream_begin(struct attempt *attempt);

/* Sends, keeping what cannot go out at once. */
void stream_send(struct attempt *attempt, const char *bytes, size_t size);

/* Takes in what is there. */
void stream_receive(struct attempt *attempt);
void stream_hold(struct attempt *attempt, bool held);

/* Fills *wait and returns true if the stream waits for its socket. */
bool stream_wait(const struct attempt *attempt, struct curl_waitfd *wait);

/* The socket can be read from or written to. */
void stream_act(struct attempt *attempt, short events);

/* ---- wire.c ---- */

/* Takes what libcurl tells of its work: TLS, and the wire for -vv. A CURLOPT_DEBUGFUNCTION. */
int wire_debug(CURL *easy, curl_infotype type, char *bytes, size_t size, void *context);

/* Records TLS for the last reply when libcurl did not report it. Only while libcurl connects: later
 * it does not tell. */
void wire_note_session(struct attempt *attempt);

/* Shows bytes of the conversation, line by line. */
void wire_show(const struct connection *connection, char direction, const char *bytes, size_t size);

/* Notes whose the server's certificate is, and when it ends, as far as libcurl tells. Only while the
 * connection stands. */
void wire_note_certificate(CURL *easy, struct connection_facts *facts);

/* ---- resolver.c ---- */

struct resolver;

/* The next resolver of the loop, or NULL. */
struct resolver *resolver_next(const struct resolver *resolver);

/* What it waits for; borrowed. Returns how many these are. */
unsigned resolver_waits(const struct resolver *resolver, const struct curl_waitfd **waits);

/* Handles what has happened on a socket, which need not be the resolver's any more. */
void resolver_act(struct resolver *resolver, const struct curl_waitfd *wait);

/* ---- connection.c ---- */

/* Frees a closed connection. */
void connection_free(struct connection *connection);

#endif

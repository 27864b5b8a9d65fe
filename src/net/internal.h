#ifndef MXPULL_NET_INTERNAL_H
#define MXPULL_NET_INTERNAL_H

/* What the files of this floor share. Nobody above it sees this. */

#include <mxpull/base/buffer.h>
#include <mxpull/net/connection.h>
#include <mxpull/net/timer.h>

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    RECEIVE_SIZE = 64 * 1024,
    SEND_SIZE_MAX = 4 * 1024 * 1024,
    HEARD_SIZE = 200,
    VERSION_SIZE = 24,
    PLACE_SIZE = 280,
    ADDRESS_SIZE = 64,
    ATTEMPTS_MAX = 8
};

/* Starts as all zero. */
struct timer_queue {
    struct timer **heap; /* borrowed timers */
    size_t count, capacity;
    uint64_t order; /* of the timer that is set next */
    int64_t now_ms; /* of the last run */
};

/* As timer_set. */
void timer_queue_set(struct timer_queue *queue, struct timer *timer, int64_t at_ms);

/* When the first one is due; INT64_MAX: none is set. */
int64_t timer_queue_next_ms(const struct timer_queue *queue);

/* Calls those that are due, in the order of their times. Each is not set any more when it is called. */
void timer_queue_run(struct timer_queue *queue, int64_t now_ms);

/* Makes those due that wait for loop_wake. */
void timer_queue_wake(struct timer_queue *queue);

/* Frees what it holds; the timers are their owners'. */
void timer_queue_done(struct timer_queue *queue);

struct loop {
    CURLM *multi;
    struct timer_queue timers;
    atomic_bool is_woken;           /* by loop_wake, since the last turn */
    struct connection *connections; /* owned; closed ones stay until the turn ends */
    struct curl_waitfd *waits;      /* one for each connection that is past connecting */
    struct connection **waiting;    /* whose wait it is */
    size_t wait_capacity;
    size_t leaving; /* connections that were left, and are not closed yet */
    char *received; /* what one recv brings: shared, for it is used up before the next one */
};

/* What the server said while libcurl was connecting (heard.c). */
struct heard {
    int code;              /* of the reply that came last, 0: none yet */
    char text[HEARD_SIZE]; /* its last line as received, code included, cut */
    bool open;             /* more lines of it are to come */
    enum stage stage;      /* what it answers */
    enum stage asked;      /* what is under way since; STAGE_NONE: nothing was sent yet */
    bool starttls;         /* agreed on: the reply to it was 220 */
    size_t size, lines;    /* of it */
    unsigned replies;      /* whole ones so far */
    bool challenged;       /* the reply before was 334 */
    bool authenticated;    /* 235 was said to the answer to a challenge */
    struct ehlo ehlo;      /* as said last */
    unsigned mechanism;    /* of the last AUTH, where ehlo_mechanism knows it */
    int refused; /* EHLO was, by this code, and HELO may have followed, or STARTTLS; 0: neither */
    enum stage refused_at;    /* which of them */
    char refusal[HEARD_SIZE]; /* the last line of that, as text */
};

/*  TCP --> SESSION --> OPEN --> ENDED;  from each of them to ENDED by a failure.
 * TCP and SESSION (greeting, TLS, EHLO, AUTH) are libcurl's; from OPEN on we send and receive
 * ourselves. */
enum phase {
    PHASE_TCP,
    PHASE_SESSION,
    PHASE_OPEN,
    PHASE_ENDED
};

struct connection {
    struct connection *next;
    struct loop *loop; /* borrowed */
    CURL *easy;
    const struct connection_events *events; /* borrowed */
    void *context;                          /* borrowed */
    enum phase phase;
    bool closed;  /* by its owner: to be freed at the end of the turn */
    bool leaving; /* given up by its owner, after the last words */
    bool broken;  /* a send failed: to be told in the next turn */
    bool show_wire;
    bool held;     /* nothing is taken in until further notice */
    bool more;     /* there may be bytes that polling cannot see */
    bool touched;  /* libcurl has sent for us once: 7.88 drops a connection that it believes to be
                      idle */
    bool implicit; /* TLS from the first byte */
    bool https_proxy; /* then the socket's bytes are TLS even when the session is in clear */
    bool proxied;
    bool user_given;
    bool tls_demanded;
    int64_t opened_ms, connect_timeout_ms, reply_timeout_ms, deadline_ms;
    curl_socket_t socket;
    int socket_error;      /* why no socket could be opened last; 0: one could */
    struct buffer sending; /* being sent: kept as it is until it is gone, as TLS demands */
    struct buffer queued;  /* to be sent after it */
    struct heard heard;
    struct connection_facts facts;
    char address[ADDRESS_SIZE]; /* before TCP stands, the one being tried; "" of a UNIX socket or
                                   behind a proxy */
    char local_address[ADDRESS_SIZE];
    char place[PLACE_SIZE]; /* "mx2.example.net:25", or the proxy; "" of a bare stream */
    char tls_version[VERSION_SIZE];
    char words[CURL_ERROR_SIZE]; /* libcurl's */

    /* As an attempt (attempt.c). */
    struct connection
        *leader;     /* the first attempt, which its owner knows: itself where it is that */
    unsigned opened; /* sockets */
    int64_t look_ms; /* when another address is tried beside it, should it be silent */
    int code;        /* why it has failed */
    struct error error;

    /* As the leader. */
    struct connection *acting; /* the attempt that the owner talks to, or hears the failure of */
    bool chosen;               /* acting has greeted: the others are beaten */
    bool is_single;            /* there is no other address */
    int64_t limit_ms;          /* until when others are tried */
    bool any_mechanism;        /* of AUTH: none is pinned */
    unsigned tried;            /* mechanisms that were refused */
    char refusals[ERROR_TEXT_SIZE]; /* "CRAM-MD5: 504 unknown, PLAIN: 535 no" */
    unsigned attempts;
    char used[ATTEMPTS_MAX][ADDRESS_SIZE]; /* what attempts came to */
    size_t used_count;
};

/* Takes one reply line as libcurl has it. False when it is none, or when the reply has grown over
 * the ceilings of smtp/reply. */
bool heard_line(struct heard *heard, const char *line, size_t size);

/* Takes what libcurl sends while connecting: the next reply answers this. */
void heard_command(struct heard *heard, const char *line, size_t size);

/* A connect phase that has failed. */
struct failure {
    CURLcode result;           /* libcurl's, and its words */
    const char *words;         /* borrowed, as heard */
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

/* Opens a socket for libcurl, and notes its address (address.c); an address that another attempt has used
 * is passed over. A CURLOPT_OPENSOCKETFUNCTION. */
curl_socket_t address_open(void *context, curlsocktype purpose, struct curl_sockaddr *address);

/* Notes whether a socket can be opened at all: a name that was not found may be no name's fault. */
void address_try_socket(struct connection *connection);

/* Notes the two ends of the connection, as far as they are known. */
void address_note(struct connection *connection);

/* Makes the easy handle of a connection ready to be run (setup.c). NULL with *error set when the
 * options are impossible. */
CURL *setup_easy(struct connection *connection, const struct connection_options *options,
                 struct error *error);
CURL *setup_bare(struct connection *connection, const struct connection_place *place,
                 struct error *error);

/* The same handle for another attempt of the leader's, without the mechanisms that were tried. */
CURL *setup_again(struct connection *attempt, const struct connection *leader);

/* A connection of which nothing stands yet. */
struct connection *connection_new(struct loop *loop, const struct connection_events *events,
                                  void *context);

/* Hands it over to libcurl. NULL, and it is freed, where easy is NULL. */
struct connection *connection_begin(struct connection *connection, CURL *easy);

/* Whether TCP stands while libcurl connects, and since when. */
bool connection_has_tcp(const struct connection *connection, int64_t *since_ms);

/* Makes a new connection, with its timeouts, the first attempt. */
void attempt_lead(struct connection *connection);

bool attempt_has_used(const struct connection *connection, const char *address);

/* Another attempt has greeted before this one, which is to be ended. */
bool attempt_is_beaten(const struct connection *connection);

/* The attempt was greeted by 220. */
void attempt_greeted(struct connection *connection);

/* look_ms has come. */
void attempt_look(struct connection *connection);

/* Until when an attempt must be greeted: another one than the first only within connect_timeout as a whole,
 * if the first is not still waited for. INT64_MAX: as long as any reply may take. */
int64_t attempt_greeting_limit_ms(const struct connection *connection);

/* Ends an attempt: its connection is closed. */
void attempt_end(struct connection *connection);

/* The same, for it has failed before the session was established: goes on with another one, or tells the
 * owner when there is none. */
void attempt_failed(struct connection *connection, int code, const struct error *error);

/* Takes what libcurl tells of its work: TLS, and the wire for -vv (wire.c). A
 * CURLOPT_DEBUGFUNCTION. */
int wire_debug(CURL *easy, curl_infotype type, char *bytes, size_t size, void *context);

/* Notes that what was heard last came over TLS, if it did and libcurl has not said so in words. To be
 * asked while libcurl connects: later it does not tell. */
void wire_note_session(struct connection *connection);

/* Shows bytes of the conversation, line by line. */
void wire_show(const struct connection *connection, char direction, const char *bytes, size_t size);

/* When the server's certificate ends, wall clock; 0: in clear, or libcurl does not tell
 * (certificate.c). Only while the connection stands. */
int64_t certificate_expires_ms(CURL *easy);

/* libcurl has ended the connect phase. */
void connection_connected(struct connection *connection, CURLcode result);

/* A whole reply has come while connecting: the next one has its own time. */
void connection_progressed(struct connection *connection);

/* When the connection wants to be looked at: at its deadline, at once when a send has failed, or
 * never (INT64_MAX). */
int64_t connection_due(const struct connection *connection);

/* That time has come. */
void connection_overdue(struct connection *connection);

/* Fills *wait and returns true if the connection waits for its socket outside libcurl's own
 * polling. */
bool connection_wait(const struct connection *connection, struct curl_waitfd *wait);

/* The socket can be read from or written to. */
void connection_act(struct connection *connection, short events);

/* Frees a closed connection. */
void connection_free(struct connection *connection);

#endif

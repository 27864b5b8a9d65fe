#ifndef MXPULL_NET_CONNECTION_H
#define MXPULL_NET_CONNECTION_H

#include <mxpull/base/status.h>
#include <mxpull/net/loop.h>
#include <mxpull/smtp/ehlo.h>
#include <mxpull/smtp/outcome.h>
#include <mxpull/smtp/transport.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whom to connect to, and how. All borrowed for the time of connection_open alone. Texts may be
 * NULL for "not set". */
struct connection_options {
    bool is_bare; /* a byte stream to our own mail server: ready comes when it stands, and then the
                         greeting by received; of the rest only host, port and the times count */
    const char *host; /* name in ASCII, IPv4 or bare IPv6 address */
    const char
        *address; /* IPv4 or bare IPv6: connect there, instead of looking host up. TLS still checks
                            the name; not with proxy */
    const char *path; /* is_bare: of a UNIX socket, without host */
    int port;         /* 1 to 65535 */
    enum ip ip;
    const char *ehlo_name;
    enum tls tls;
    bool tls_verify;                    /* with required and implicit */
    const char *tls_ca_file;            /* PEM, instead of the system's certificates */
    const char *tls_fingerprint;        /* "sha256//…": the public key that alone is accepted */
    enum tls_revocation tls_revocation; /* of use on Windows alone */
    const char *user;                   /* AUTH is done, and must succeed, when this is set */
    const char *password;
    const char *auth; /* the one mechanism to use */
    bool auth_in_clear;
    const char *source_address;
    const char *proxy; /* "socks5h://host:port"; NULL: none, whatever the environment says */
    bool show_wire;    /* call the wire event; without it that costs nothing */
    int64_t connect_timeout_ms; /* until TCP stands */
    int64_t reply_timeout_ms;   /* from then on, for the TLS handshake and for each reply until the
                                   session is established */
};

enum {
    CONNECTION_ADDRESS_SIZE = 64,
    CONNECTION_REPLY_SIZE = 200,
    CONNECTION_NAMES_SIZE = 400,
    CONNECTION_PLACE_SIZE = 280
};

/* What a connection became. */
struct connection_facts {
    /* The peer's IP address, or the one that was tried last; "" when there was none, of a UNIX socket,
     * and behind a proxy, whose address is not the peer's. */
    char address[CONNECTION_ADDRESS_SIZE];
    int port;
    char local_address[CONNECTION_ADDRESS_SIZE]; /* ours */
    int local_port;
    const char
        *tls; /* "TLSv1.3", "TLS" where the version cannot be told, NULL: in clear; borrowed from
                        the connection */
    int64_t certificate_expires_ms; /* the server's, wall clock; 0: in clear, or it does not tell */
    char certificate_names
        [CONNECTION_NAMES_SIZE]; /* "DNS:mx2.example.net, DNS:…", or its subject where no
                                                      others are told; cut; "": in clear */
    char greeting
        [CONNECTION_REPLY_SIZE]; /* its first line, code included, cut; not of a bare connection */
    int64_t greeting_ms;         /* from TCP to the whole greeting */
    bool no_route;         /* this machine knows no way to the address: no IPv6, for example */
    bool authenticated;    /* AUTH was answered by 235 */
    enum stage stage;      /* what failed, or STAGE_COMMAND once the session is established */
    struct ehlo ehlo;      /* as said last: after STARTTLS, where it was used */
    int refused;           /* EHLO (then HELO was accepted) or STARTTLS, by this code; 0: neither */
    enum stage refused_at; /* which of them */
    char refusal[CONNECTION_REPLY_SIZE]; /* the last line of that reply, code included, cut */
};

struct connection;

/* What happens to a connection; context is the one given to connection_open. From within ready,
 * received and failed any connection may be opened, written to and closed; from within wire none.
 */
struct connection_events {
    /* The session is established: greeting, EHLO, TLS and AUTH as the options demand. Say something
     * at once. */
    void (*ready)(void *context);

    /* Bytes have come in; borrowed for the call. NULL: not wanted. */
    void (*received)(void *context, const char *bytes, size_t size);

    /* All that was to be sent has gone out. NULL: not wanted. */
    void (*drained)(void *context);

    /* The end, by whatever cause; nothing follows, close it. code is the reply that refused us
     * while connecting, or 0. For STATUS_TIMEOUT the deadline was one of the options while
     * connecting, later the one of connection_deadline. */
    void (*failed)(void *context, int code, const struct error *error);

    /* The wire, for -vv: one line as sent (direction '>'), received ('<') or said about it ('*'),
     * without its line end; AUTH is starred out. Only with show_wire. */
    void (*wire)(void *context, char direction, const char *line, size_t size);
};

/* "mx2.example.net:25", "[2001:db8::1]:25". */
void connection_place(char place[CONNECTION_PLACE_SIZE], const char *host, int port);

/* Begins to connect; never blocks on the network, and calls no event before it has returned. NULL
 * with *error set when the options cannot be used at all. events is borrowed for the connection's
 * life. */
struct connection *connection_open(struct loop *loop, const struct connection_options *options,
                                   const struct connection_events *events, void *context,
                                   struct error *error);

/* Closes at once, sending nothing; from then on no event is called. NULL is allowed. */
void connection_close(struct connection *connection);

/* Sends the bytes as the last ones and gives the connection up, which closes when the other side has
 * closed, after 5 s, or at the loop's end: a reply to them is awaited for courtesy alone (RFC 5321
 * 4.1.1.10), and nobody waits for it. From then on no event is called. */
void connection_leave(struct connection *connection, const char *bytes, size_t size);

/* Sends all the bytes, keeping what cannot go out at once. Only after ready; a failure comes as an
 * event. */
void connection_send(struct connection *connection, const char *bytes, size_t size);

/* How many bytes wait to be sent. At more than 256 KiB the connection breaks: the sender holds back
 * before. */
size_t connection_unsent(const struct connection *connection);

/* While held back the connection takes nothing in, so that the sender at its other end has to wait.
 * Only after ready. */
void connection_hold(struct connection *connection, bool held);

/* When the conversation has waited long enough, on the monotonic clock; INT64_MAX: never. Holds
 * after ready, until set anew. */
void connection_deadline(struct connection *connection, int64_t at_ms);

/* How far it has come: STAGE_COMMAND from ready on. */
enum stage connection_stage(const struct connection *connection);

const struct connection_facts *connection_facts(const struct connection *connection);

#endif

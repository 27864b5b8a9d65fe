#ifndef MXPULL_SESSION_PREFLIGHT_H
#define MXPULL_SESSION_PREFLIGHT_H

#include <mxpull/base/buffer.h>
#include <mxpull/config/config.h>
#include <mxpull/net/connection.h>
#include <mxpull/net/loop.h>
#include <mxpull/smtp/node.h>
#include <mxpull/smtp/probe.h>
#include <mxpull/smtp/reply.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PREFLIGHT_TIMEOUT_MS = 30000, /* for connecting, and for each reply behind the greeting */
    PREFLIGHT_LIMIT_MS = 120000,  /* for all behind the greeting, however many domains there are */
    PROXY_LINE_SIZE = 192
};

enum preflight_stage {
    PREFLIGHT_AT_CONNECT,
    PREFLIGHT_AT_GREETING,
    PREFLIGHT_AT_DOMAINS
};

/* What our own mail server is waited for, monotonic. */
struct preflight_wait {
    enum preflight_stage stage;
    size_t domains;   /* PREFLIGHT_AT_DOMAINS: that are asked for */
    int64_t since_ms; /* when the stage began */
    int64_t until_ms; /* when that is given up */
};

/* Appends "connecting", "connected, no greeting yet", "asking for postmaster of 3 domains". */
void preflight_wait_format(struct buffer *text, const struct preflight_wait *wait);

struct preflight_options {
    struct loop *loop;           /* borrowed for the preflight's life */
    const struct config *config; /* borrowed for its life: primary, ehlo_name */
    const struct node *domains;  /* copied, asked for in this order, doubles once */
    size_t count;                /* 0: the greeting alone is looked at */
    /* A domain without an answer by then counts as left out. 0: PREFLIGHT_LIMIT_MS and greeting_timeout. */
    int64_t limit_ms;

    /* For `mxpull check`. All 0: our own mail server at its address, without callbacks. */
    /* Another server, or another way. Its texts are borrowed. */
    const struct connection_options *connection;
    /* Sent first on a bare connection, with its CRLF; borrowed. "": a PROXY line with our own address. */
    const char *proxy_line;
    /* The preflight is over, perhaps before preflight_new returns. The callee may not free it. */
    void (*over)(void *context);
    /* As in struct connection_events. */
    void (*wire)(void *context, char direction, const char *line, size_t size);
    void *context; /* of both */
};

/* Whether our own mail server is ready to take mail, found out by smtp/probe over a connection in
 * the loop. For others to read; what is owned lives as long as the preflight. */
struct preflight {
    struct preflight_options options; /* domains: not used after preflight_new */
    struct preflight_wait wait;       /* until is_over */
    bool is_over;                     /* what follows is known then */
    /* Owned: the shortage of files that kept us from looking, or NULL. Then nothing speaks against mail. */
    char *shortage;
    char *why; /* owned: NULL when it greets and speaks SMTP, else why not, naming its address */
    struct node *domains; /* owned: those that were to be asked for, in that order */
    size_t count;
    struct probe *probe;                  /* owned: probe_fate tells what has become of a domain */
    char greeting[CONNECTION_REPLY_SIZE]; /* its first line, cut; "": none */
    struct ehlo ehlo;                     /* as far as EHLO was said and answered */

    size_t *places; /* private, as what follows: hash table of the domains, place + 1; 0: free */
    size_t mask;
    int64_t limit_ms; /* when it has to be over, monotonic */
    struct connection_options way;
    struct connection *connection;              /* NULL: none */
    bool is_connected, has_spoken, has_greeted; /* the connection */
    bool is_short;                              /* of file descriptors */
    bool expects_ehlo;                          /* the reply that is due */
    struct hearing hearing;
    char **refusals; /* in our words, for each domain; NULL: accepted */
    size_t refused;
};

/* Begins at once. Never NULL. It is over in a turn of the loop, or at once. */
struct preflight *preflight_new(const struct preflight_options *options);

/* At any time. NULL is allowed. */
void preflight_free(struct preflight *preflight);

/* When it is over: NULL when nothing speaks against mail for the node, else the reason: why, or
 * the primary's refusal of a domain, or why it has not answered, or was not asked. */
const char *preflight_refusal(const struct preflight *preflight, const struct node *node);

/* When it is over: where all domains that were asked for, and at least one, were refused, the first
 * refusal; else NULL, also where why says that none was. */
const char *preflight_refusal_of_all(const struct preflight *preflight);

/* Puts "PROXY TCP4 <from> <to> <port> <port>" there, with its CRLF: version 1 of the PROXY protocol, whom a server is to
 * see. UNKNOWN where an address is "". */
void proxy_line_put(char line[PROXY_LINE_SIZE], const char *from, int from_port, const char *to,
                    int to_port);

/* The domains that a preflight is to ask the primary for. Starts as all zero. */
struct domain_list {
    struct node *nodes; /* owned */
    size_t count;
};

void domain_list_add(struct domain_list *list, const struct node *node);

/* All domains of a configuration. */
void domain_list_add_all(struct domain_list *list, const struct config *config);

/* Frees what it holds; it is empty then. */
void domain_list_done(struct domain_list *list);

#endif

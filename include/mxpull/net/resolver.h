#ifndef MXPULL_NET_RESOLVER_H
#define MXPULL_NET_RESOLVER_H

#include <mxpull/base/status.h>
#include <mxpull/net/loop.h>

#include <stddef.h>
#include <stdint.h>

/* Questions to the DNS (RFC 1035), over c-ares, in the one loop; any number at once. */
struct resolver;

enum dns_type {
    DNS_A,
    DNS_AAAA,
    DNS_CNAME,
    DNS_MX,
    DNS_PTR,
    DNS_TXT,
    DNS_TLSA
};

/* What became of a question. */
enum dns_fate {
    DNS_FOUND,     /* at least one record of the wanted type */
    DNS_NO_RECORD, /* the name is there, without such a record (NODATA) */
    DNS_NO_NAME,   /* NXDOMAIN */
    DNS_FAILED,    /* SERVFAIL */
    DNS_REFUSED,
    DNS_SILENT, /* no answer in time, or the server cannot be reached */
    DNS_RUBBISH /* an answer that cannot be read */
};

struct dns_record {
    /* An address in text form; a name in lower case without its last dot ("" for the root); the strings of a TXT
     * record, joined (RFC 7208 3.3), as they came but for NULs, which become \x01; TLSA: "3 1 1 hex". Owned by the
     * answer. */
    char *text;
    int preference; /* MX alone: the lower number is preferred */
};

struct dns_answer {
    enum dns_fate fate;
    const struct dns_record
        *records; /* of the wanted type; in the order of the answer; MX: by preference */
    size_t count;
    const char *alias; /* what the name is an alias of (the end of its CNAMEs); NULL: it is none */
    const char *text;  /* not DNS_FOUND: what happened, for people ("192.0.2.1:53 says SERVFAIL") */
};

/* dns_server is an address with or without a port ("127.0.0.1:5353", "[::1]:53"); NULL: those of the system. NULL with *error set
 * where it cannot be used. */
struct resolver *resolver_new(struct loop *loop, const char *dns_server, struct error *error);

/* Ends all questions without an answer. Before loop_free. NULL is allowed. */
void resolver_free(struct resolver *resolver);

/* Asks, and calls answered once: in a turn of the loop, never from within this call. The answer is borrowed for that call, in which
 * anything may be asked but the resolver not be freed. The name is ASCII; for DNS_PTR it may be an IP address, whose reverse name is
 * then asked for. Bounded: some 15 s whatever the server does. The question is the resolver's, and gone once answered was called. */
struct dns_question *resolver_ask(struct resolver *resolver, const char *name, enum dns_type type,
                                  void (*answered)(void *context, const struct dns_answer *answer),
                                  void *context);

/* Gives up a question that is not answered yet: answered is not called. NULL is allowed. */
void resolver_cancel(struct dns_question *question);

#endif

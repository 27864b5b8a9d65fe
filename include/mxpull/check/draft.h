#ifndef MXPULL_CHECK_DRAFT_H
#define MXPULL_CHECK_DRAFT_H

#include <mxpull/base/buffer.h>
#include <mxpull/net/loop.h>
#include <mxpull/smtp/node.h>

#include <stdbool.h>
#include <stddef.h>

/* A first configuration, made from the MX records of domains and from what their hosts offer. Nothing but EHLO, STARTTLS
 * and QUIT is said to them. */
struct draft;

/* A domain. */
struct draft_name {
    const char *text; /* as it was given, of which nothing is hidden; borrowed */
    char ascii[DOMAIN_SIZE_MAX + 1];
};

/* All borrowed for the life of the draft. */
struct draft_options {
    struct loop *loop;
    const char *dns_server; /* NULL: the system's */
    const char *ehlo_name;
    const struct draft_name *names; /* the domains, each once */
    size_t count;
    bool (*stop)(void); /* whether we were asked to end */

    /* A line of the wire to or from a host, as connection_events has it. NULL costs nothing. */
    void (*wire)(void *context, const char *host, char direction, const char *line, size_t size);
    void *context; /* of wire */
};

/* NULL with *error set when the DNS cannot be asked at all (dns_server). */
struct draft *draft_new(const struct draft_options *options, struct error *error);

/* Finds out everything at once, and returns when all is known, or stop says so. */
void draft_run(struct draft *draft);

/* What is missing. */
struct draft_gaps {
    size_t uncertain; /* domains whose MX records could not be found out now */
    size_t unbacked;  /* all others that have no backup */
};

/* Appends the configuration: config_load takes it whatever was found out; what was not stands in it as a comment. */
struct draft_gaps draft_append(const struct draft *draft, struct buffer *text);

/* NULL is allowed. */
void draft_free(struct draft *draft);

#endif

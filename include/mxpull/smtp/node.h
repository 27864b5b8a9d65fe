#ifndef MXPULL_SMTP_NODE_H
#define MXPULL_SMTP_NODE_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>

/* The sizes of a name without its option character: a domain as RFC 1035 2.3.4 has it, without the
 * final dot; a queue so that the command fits into SMTP's 512 octets. */
enum {
    DOMAIN_SIZE_MAX = 253,
    DOMAIN_LABEL_SIZE_MAX = 63,
    QUEUE_SIZE_MAX = 253,
    NODE_SIZE_MAX = 254
};

/* The forms of a node name (RFC 1985 5.3): a domain, "@" and a suffix (the domain itself and all
 * below it), "#" and a queue that only the server knows. */
enum node_form {
    NODE_DOMAIN,
    NODE_SUFFIX,
    NODE_QUEUE
};

/* What ETRN names. A plain value: once parsed it can stand in a command as it is. */
struct node {
    enum node_form form;
    char name[NODE_SIZE_MAX + 1]; /* with its option character, domains as lower-case A-labels */
};

/* Reads a node as an administrator writes it: UTF-8, any case. An internationalized domain becomes
 * A-labels (IDNA 2008, non-transitional). STATUS_SYNTAX, with *node untouched, for what may not be
 * in a command (CR, LF, NUL, space, control characters) and for what is not a domain: an empty or
 * over-long label, a character that is not a letter, digit, hyphen or (such names exist)
 * underscore, a mail address, an IP address, a final dot. */
enum status node_parse(struct node *node, const char *text, struct error *error);

/* The same for a bare domain or host name, into target. */
enum status domain_to_ascii(char target[DOMAIN_SIZE_MAX + 1], const char *text,
                            struct error *error);

/* The lower-case ASCII form of size bytes that are one label of a domain as they stand, without any mapping or
 * normalization: ASCII letters of any case, digits, hyphens and underscores, a valid A-label, or a U-label
 * (RFC 5890 2.3.2.1). False for anything else. */
bool domain_label_to_ascii(char target[DOMAIN_LABEL_SIZE_MAX + 1], const char *text, size_t size);

/* The name without its option character: in "@example.com" and "#example.com" the domain. Borrowed. */
const char *node_bare_name(const struct node *node);

bool node_equal(const struct node *a, const struct node *b);

/* The plain domain that a node is about: example.com for "@example.com", and for "#example.com", as Exim wants it. False,
 * with *domain untouched, for a queue of any other name. */
bool node_domain(struct node *domain, const struct node *node);

/* Whether the node is about this domain, in lower case ASCII: itself, or below the suffix. */
bool node_has_domain(const struct node *node, const char *domain);

#endif

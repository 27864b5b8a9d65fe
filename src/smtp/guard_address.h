#ifndef MXPULL_SMTP_GUARD_ADDRESS_H
#define MXPULL_SMTP_GUARD_ADDRESS_H

#include <mxpull/smtp/node.h>

#include <stdbool.h>
#include <stddef.h>

enum {
    GUARD_PATH_SIZE_MAX = 1000
};

/* A part of a command line. Borrowed. */
struct guard_part {
    const char *text;
    size_t size;
};

/* What a MAIL or RCPT command carries (RFC 5321 4.1.1.2, 4.1.1.3). */
struct guard_mailbox {
    struct guard_part path;       /* between the angle brackets */
    struct guard_part parameters; /* behind them, from the first space on; may be empty */
};

/* Takes an argument such as "FROM:<path> parameters" apart, word being "FROM:" or "TO:". The path
 * ends at the first ">". False when it has not this form: no or nested angle brackets, or one in a
 * quoted string, a space outside of a quoted string, more than GUARD_PATH_SIZE_MAX octets. */
bool guard_path_split(struct guard_mailbox *mailbox, struct guard_part argument, const char *word);

/* The reply to a reverse-path that may not be passed, or NULL. Only its words are looked at, for
 * nothing depends on what it means: the empty path, routes, literals and quoted strings pass. */
const char *guard_path_judge_reverse(struct guard_part path, bool utf8);

/* The domains whose mail is let in. */
struct guard_domains {
    const struct node *nodes; /* borrowed */
    size_t count;
};

/* Whether the octets behind the @ of an address are one of the domains. Sets marks[i] for each node
 * that they are in; marks may be NULL. */
bool guard_domains_have(const struct guard_domains *domains, struct guard_part domain, bool *marks);

/* The reply to a forward-path that may not be passed (501, 550 or 553), or NULL: it is in one of the
 * domains, and no form of it makes a server look elsewhere than at the domain behind the @. */
const char *guard_address_judge(struct guard_part path, bool utf8,
                                const struct guard_domains *domains);

/* Sets marks[i] for each node that the domain of an address, which was judged well, is in. */
void guard_address_mark(const char *address, const struct guard_domains *domains, bool *marks);

#endif

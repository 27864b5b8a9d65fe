#ifndef MXPULL_SMTP_GUARD_COMMAND_H
#define MXPULL_SMTP_GUARD_COMMAND_H

#include "guard_address.h"

#include <mxpull/base/buffer.h>

enum {
    GUARD_LINE_SIZE_MAX = 4096
}; /* with its CRLF; extensions need more than RFC 5321's 512 */

/* What a command is, or the final dot of a message, which waits for a reply as commands do. */
enum guard_verb {
    GUARD_EHLO,
    GUARD_HELO,
    GUARD_MAIL,
    GUARD_RCPT,
    GUARD_DATA,
    GUARD_RSET,
    GUARD_NOOP,
    GUARD_VERB_QUIT,
    GUARD_AUTH,
    GUARD_BDAT,
    GUARD_OTHER,
    GUARD_DOT,
};

enum guard_line {
    GUARD_LINE_OPEN,
    GUARD_LINE_WHOLE,
    GUARD_LINE_BROKEN
};

/* One command line, taken apart. Borrows the line. */
struct guard_command {
    enum guard_verb verb;
    struct guard_part argument;   /* behind the verb and its space, without spaces at the end */
    struct guard_mailbox mailbox; /* of MAIL and RCPT, once judged */
    bool utf8; /* SMTPUTF8 is given with MAIL, or was given for this transaction */
};

/* Adds a byte to the line that line holds so far. GUARD_LINE_WHOLE when its CRLF is there;
 * GUARD_LINE_BROKEN, with the reply in *fault and the byte not added, when the byte may not come
 * there: CR or LF alone, a NUL or another control character but TAB, or the line is too long. */
enum guard_line guard_line_take(struct buffer *line, char byte, const char **fault);

/* Takes a line without its CRLF apart. utf8 says whether SMTPUTF8 was given for the transaction. */
struct guard_command guard_command_read(const char *line, size_t size, bool utf8);

/* The reply to a command that may not be passed, or NULL. Recipients are those of the domains. */
const char *guard_command_judge(struct guard_command *command, const struct guard_domains *domains);

/* Appends a command that was judged well as the primary is to see it, with its CRLF: never longer
 * than the line that it came in. */
enum status guard_command_write(const struct guard_command *command, struct buffer *target);

#endif

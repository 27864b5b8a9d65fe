#ifndef MXPULL_SMTP_GUARD_PATH_H
#define MXPULL_SMTP_GUARD_PATH_H

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

/* How many bytes the character at text has if it may stand in an address besides ASCII (RFC 6531
 * 3.3), else 0: malformed UTF-8, a control character or line end, and whatever a server that
 * maps or normalizes addresses would turn into an ASCII character that has a meaning in them. */
size_t guard_path_utf8(const char *text, size_t size);

/* atext of RFC 5322 3.2.3. */
bool guard_path_is_atom(char c);

/* The reply to a reverse-path that may not be passed, or NULL. Only its words are looked at, for
 * nothing depends on what it means: the empty path, routes, literals and quoted strings pass. */
const char *guard_path_judge_reverse(struct guard_part path, bool utf8);

#endif

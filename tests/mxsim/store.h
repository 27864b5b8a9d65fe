#ifndef MXSIM_STORE_H
#define MXSIM_STORE_H

#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Where a server keeps the messages that it accepted: DIRECTORY/0001.eml and so on. Each begins
 * with the lines X-Envelope-From: and, for every recipient, X-Envelope-To:; the message follows
 * byte for byte as it came, dots undoubled. With lf the ends of lines are LF instead of CRLF. */
struct store;
struct store *store_new(const char *directory,
                        bool lf); /* NULL: no such directory, and it cannot be made */
void store_free(struct store *store);

/* One mail transaction. */
struct letter {
    struct store *store;      /* borrowed; NULL: nothing is written */
    char *sender;             /* NULL: MAIL has not been accepted */
    struct buffer recipients; /* one a line */
    size_t recipient_count;
    FILE *file;
    char *part; /* the path of the unfinished file */
    bool line_begins, failed;
    int64_t bytes; /* of the message, dots undoubled */
};

void letter_init(struct letter *letter, struct store *store);
void letter_clear(struct letter *letter); /* forgets it: RSET, EHLO, a connection that broke */

void letter_from(struct letter *letter, const char *sender);
void letter_to(struct letter *letter, const char *recipient);

/* DATA was answered: the message begins. */
void letter_begin(struct letter *letter);

/* Takes bytes of the message. Returns how many were taken, *done when the final dot was among them.
 * Only CRLF.CRLF ends it. What is left is an unfinished line. */
size_t letter_feed(struct letter *letter, const char *bytes, size_t size, bool *done);

/* Keeps the message under its final name and logs `kept`. False when it could not be written. */
bool letter_keep(struct letter *letter, const char *who);

#endif

#ifndef MXPULL_SRC_DRILL_DRILL_MESSAGE_H
#define MXPULL_SRC_DRILL_DRILL_MESSAGE_H

#include <mxpull/base/buffer.h>

#include <stdint.h>

/* The message of a drill. */

struct drill_message {
    const char *ehlo_name; /* ASCII: a host name or an address literal */
    const char *recipient; /* ASCII */
    const char *backup;    /* its name in the configuration; any text */
    const char *domain;    /* ASCII */
    const char *host;      /* the backup's; ASCII */
    const char *token;
    int64_t at_ms; /* wall clock */
};

/* Appends it (RFC 5322), in lines of at most 78 octets where the names allow, that end in CRLF: ASCII, from nobody who waits for an
 * answer (RFC 3834 2). target holds 8 KiB more. */
void drill_message_format(struct buffer *target, const struct drill_message *message);

/* "Sun, 29 Nov 2026 10:20:48 +0000" (RFC 5322 3.3), in UTC. */
void drill_message_date(char *text, size_t size, int64_t at_ms);

#endif

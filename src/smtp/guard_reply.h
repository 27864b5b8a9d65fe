#ifndef MXPULL_SMTP_GUARD_REPLY_H
#define MXPULL_SMTP_GUARD_REPLY_H

#include <mxpull/base/buffer.h>

#include <stdbool.h>

/* More octets than the lines of one reply can grow by: codes, CR, and a space behind a bare code.
 */
enum {
    GUARD_REPLY_GROWTH_MAX = 1024
};

/* Appends a reply of the primary, its lines joined by \n, as the provider is to see it. Of the
 * reply to EHLO only what the guard knows to be harmless is shown. target must have the room. */
void guard_reply_append(struct buffer *target, int code, const char *text, bool is_ehlo);

#endif

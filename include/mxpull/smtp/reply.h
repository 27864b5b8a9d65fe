#ifndef MXPULL_SMTP_REPLY_H
#define MXPULL_SMTP_REPLY_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>

/* RFC 5321 4.5.3.1.5 promises lines of 512 octets; more is taken, up to these ceilings, and then
 * the host is given up. */
enum {
    REPLY_LINE_SIZE_MAX = 2048,
    REPLY_LINES_MAX = 100,
    REPLY_SIZE_MAX = 64 * 1024
};

/* One SMTP reply while it comes in. Lives in the caller's storage and owns its bytes. */
struct reply {
    int code;           /* 200 to 599, valid once a line was complete */
    size_t lines;       /* complete lines so far */
    struct buffer line; /* the line that is coming in */
    struct buffer text; /* the text of the complete lines, joined by \n, without codes and line
                           ends, as received */
    bool complete;
};

void reply_init(struct reply *reply);
void reply_done(struct reply *reply);

/* Makes it ready for the next reply. */
void reply_reset(struct reply *reply);

/* Takes bytes until one complete reply (RFC 5321 4.2) is held. Bytes behind it stay unread: *used
 * says how many were taken. A bare code is a whole line; LF alone ends a line; a NUL does not
 * belong in a reply. STATUS_OK with *complete set when the reply is whole; STATUS_PROTOCOL when it
 * is malformed or of mixed codes; STATUS_LIMIT over a ceiling. Feed no more after an error or a
 * complete reply. Never blocks. */
enum status reply_feed(struct reply *reply, const char *bytes, size_t size, size_t *used,
                       bool *complete, struct error *error);

#endif

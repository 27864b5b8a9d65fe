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

/* What a server says on its connections: the replies that are due, and replies that nothing asked for. */
struct hearing {
    struct reply reply;
    bool expects;    /* a reply is due */
    unsigned begun;  /* how many connections so far */
    bool is_unasked; /* reply began when none was due, and is not complete yet */
};

enum hearing_end {
    HEARING_PART,    /* all bytes were taken: the reply goes on */
    HEARING_REPLY,   /* the one that was due: from now on none is */
    HEARING_CLOSING, /* an unasked 421, by which a server announces the end (RFC 5321 3.8) */
    HEARING_RUBBISH  /* a malformed reply, or another unasked one: error says which */
};

/* Takes one reply, or a part of it, off the bytes. Say nothing while a reply is incomplete: it would be taken for the answer
 * to that. */
enum hearing_end hearing_take(struct hearing *hearing, const char **bytes, size_t *size,
                              struct error *error);

/* For a new connection, on which a greeting is due or not. */
void hearing_begin(struct hearing *hearing, bool expects);

#endif

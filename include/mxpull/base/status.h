#ifndef MXPULL_BASE_STATUS_H
#define MXPULL_BASE_STATUS_H

#include <mxpull/base/compiler.h>

/* What can go wrong. A server's refusal is not here: it is data (an outcome), not an error. */
enum status {
    STATUS_OK,
    STATUS_SYNTAX,      /* what was read from the configuration or the command line is malformed */
    STATUS_PROTOCOL,    /* the other side does not speak SMTP */
    STATUS_LIMIT,       /* more than a ceiling of ours allows */
    STATUS_UNREACHABLE, /* no name, no route, refused, closed before an answer */
    STATUS_TIMEOUT,     /* no answer in time */
    STATUS_TLS,         /* no TLS where it is required, or a certificate that is refused */
    STATUS_AUTHENTICATION, /* AUTH is not offered or was refused */
    STATUS_BUSY,           /* another run holds the lock */
    STATUS_SHORTAGE, /* too few file descriptors: later, or by a higher limit, it may be done */
    STATUS_SYSTEM,   /* the operating system said no: a file, a process, memory for a table */
};

/* How an answer counts. */
enum grade {
    GRADE_GOOD,
    GRADE_HELD,      /* not asked: says nothing about the backup, and leaves its streak alone */
    GRADE_TEMPORARY, /* may go well later */
    GRADE_BAD
};

enum {
    ERROR_TEXT_SIZE = 240
};

/* A failure and its one line of explanation. It lives in the caller's storage and owns nothing. The
 * text may hold what a remote said, as received: whoever shows it escapes it. */
struct error {
    enum status status;
    char text[ERROR_TEXT_SIZE];
};

/* Fills *error, cutting an over-long text with an ellipsis, and returns status, so that a failing
 * function ends with `return error_set(…)`. */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Puts the formatted text and ": " before the text of *error. Returns the status held. */
enum status error_prefix(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

#endif

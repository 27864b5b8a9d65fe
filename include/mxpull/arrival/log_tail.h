#ifndef MXPULL_ARRIVAL_LOG_TAIL_H
#define MXPULL_ARRIVAL_LOG_TAIL_H

#include <mxpull/arrival/mail_log.h>
#include <mxpull/base/status.h>
#include <mxpull/net/loop.h>

#include <stdint.h>

/* The primary's mail log, followed from its end on while it is open. A file is followed through rotation, truncation and
 * absence; rubbish and lines without end are passed over. */
struct log_tail;

struct log_tail_options {
    struct loop *loop; /* borrowed */
    const char *
        setting; /* borrowed; primary { mail_log }, but "off": "auto", "file:PATH", "journal", "command:COMMAND" */

    /* In a turn of the loop, and not after log_tail_close. */
    void (*heard)(
        void *context, const struct arrival *arrival,
        int64_t
            at_ms); /* a message was taken or refused, read at that time of the wall clock; must not
                                                     close the tail */
    void (*found)(
        void *context); /* once: a file that was not there is, and is read from its begin */
    void (*lost)(
        void *context,
        const char
            *why); /* once: the log can be followed no more, and nothing is heard from now on */
    void *context; /* borrowed */
};

/* NULL with *error set: no log can be read; why, and what to do. A file that is named and not there is waited for: then *error
 * is set, too, and log_tail_is_there says false until it is found. "auto" takes the file of /var/log/mail.log,
 * /var/log/maillog and /var/log/exim4/mainlog that was written to last; the journal where none can be read, or none was
 * written to for a week. A command, and the journal's, is only found to fail later (lost). Never blocks. */
struct log_tail *log_tail_open(const struct log_tail_options *options, struct error *error);

bool log_tail_is_there(const struct log_tail *tail);

/* "/var/log/mail.log", "the journal", "the command of mail_log": for people. */
const char *log_tail_source(const struct log_tail *tail);

/* Whether more may stand there already than was heard. */
bool log_tail_is_behind(const struct log_tail *tail);

/* A command is ended with all that it has started. NULL is allowed. */
void log_tail_close(struct log_tail *tail);

#endif

#ifndef MXPULL_SRC_SESSION_ETRN_H
#define MXPULL_SRC_SESSION_ETRN_H

#include <mxpull/session/poll.h>

/* What a session is to do, by whatever method. */
struct session_options {
    const struct polling *polling;      /* borrowed */
    const struct backup_config *backup; /* borrowed */
    struct result *const
        *results;         /* what is asked for and where its answers go; the pointers are copied */
    size_t count;         /* at least 1 */
    const char *password; /* borrowed; NULL: none */
    bool understood;      /* ETRN, by the backup, at any time before */
    void (*ended)(
        void *context); /* once, when every result is known; the session may not be freed in it */
    void *context;      /* borrowed */
};

/* One backup asked for some of its domains by ETRN: the dialogue over a connection, or over as many
 * as it takes, with deadlines. */
struct session;

/* Begins at once. Never NULL; ended may be called before it returns when not even a connection can
 * be tried. */
struct session *session_new(const struct session_options *options);

/* As poll_stage. */
enum stage session_stage(const struct session *session);

/* Asks no further domain: QUIT is sent if a connection stands, and what is unanswered becomes
 * interrupted, at the latest after half a second. */
void session_stop(struct session *session);

/* After ended. NULL is allowed. */
void session_free(struct session *session);

#endif

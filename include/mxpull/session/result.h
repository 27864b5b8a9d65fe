#ifndef MXPULL_SESSION_RESULT_H
#define MXPULL_SESSION_RESULT_H

#include <mxpull/config/config.h>
#include <mxpull/smtp/outcome.h>

#include <stdbool.h>
#include <stdint.h>

/* What a result adds up over all tries of a poll. -1: does not apply. */
struct result_sums {
    unsigned attempts; /* how often the node was asked, or a connection for it was tried */
    int64_t messages;  /* received by ATRN or TURN */
    int64_t bytes;
};

/* What is reported for one backup and one of its domains. Texts are owned by the round. */
struct result {
    const struct backup_config *backup; /* borrowed from the configuration */
    const struct node *node;            /* what is asked for; borrowed from the configuration */
    const char *domain;                 /* as the administrator wrote it; borrowed */
    bool known;                         /* false: the round has no answer for it yet */
    bool dry; /* with --dry-run: command is what would have been sent, and there is no outcome */
    char *command; /* dry: "ETRN example.com" */
    enum outcome outcome;
    enum verb verb;   /* what was answered: VERB_CONNECT when it did not come to asking */
    enum stage stage; /* what was answered or failed; STAGE_NONE: nobody was contacted */
    int code;         /* 0: none */
    char
        *text; /* the reply's as received (from a remote: escape it), or the failure in our words */
    char *address; /* IP address talked to, or tried last; "": there was none, or it is not known */
    char *tls;     /* "TLSv1.3"; NULL: in clear */
    bool authenticated;
    bool starttls_offered, auth_offered; /* by the EHLO reply that came last */
    bool is_offered;                     /* by the same: ETRN, ATRN or TURN, whichever is wanted */
    int64_t pending;                     /* -1: not told */
    int64_t messages;                    /* received by ATRN or TURN; -1: does not apply */
    int64_t bytes;                       /* the same */
    /* Messages that our own server has not taken, for a while and for good; -1: does not apply. */
    int64_t refused_for_now, refused_for_good;
    int64_t certificate_expires_ms; /* wall clock; 0: not told */
    int64_t at_ms;                  /* when it became known, wall clock */
    unsigned attempts; /* how often the node was asked, or a connection for it was tried */
    int64_t asked_ms; /* when the backup was last asked for it, by any poll; wall clock; 0: never */
    int64_t started_ms;        /* when an earlier poll had ETRN answered by 250 to 253; 0: never */
    bool is_current;           /* the poll's last try is about it: asked for, or held */
    bool is_stopped;           /* we were asked to end in that try */
    struct result_sums before; /* that try */
    int64_t ms; /* from asking to the answer; where nothing was asked, from the start of connecting
                   to the failure */
};

/* How the result of the last try counts. Where we were asked to end, or another process is asking, the
 * backup was not asked. */
enum grade result_grade(const struct result *result);

/* What the administrator can do about a result, in one short sentence without a full stop: chosen by
 * the outcome, by what failed, by the code, and by what is configured. "" where nothing is to be done.
 * Never NULL; the caller frees it. */
char *advice_new(const struct result *result);

#endif

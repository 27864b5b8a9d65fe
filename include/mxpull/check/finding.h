#ifndef MXPULL_CHECK_FINDING_H
#define MXPULL_CHECK_FINDING_H

#include <mxpull/base/compiler.h>
#include <mxpull/config/config.h>

#include <stdbool.h>
#include <stddef.h>

/* What `mxpull check` has found out. */

enum severity {
    SEVERITY_OK,
    SEVERITY_WARN,
    SEVERITY_FAIL,
    SEVERITY_SKIP /* it cannot be found out from here, or for another finding */
};

/* One finding: one line, and its advice. */
struct finding {
    const char *id;      /* stable, for programs: "mx-backup-missing"; a constant */
    const char *subject; /* "MX"; a constant */
    enum severity severity;
    int exit_status; /* SEVERITY_FAIL: 69, 75, 76, 77 or 78; else 0 */
    const char *
        domain; /* that it is about; borrowed from the group's memory or the configuration; NULL: none */
    char *text;   /* what was seen, printable; owned */
    char *advice; /* what to do about it, one line; owned; NULL: nothing */
    char *block;  /* whole lines that are ready for the configuration; owned; NULL: none */
};

enum topic {
    TOPIC_DOMAIN,
    TOPIC_BACKUP,
    TOPIC_PRIMARY,
    TOPIC_CONFIGURATION
};

/* The findings about one domain, one backup, the primary, or the configuration, which are told together as soon
 * as the last of them is known. */
struct findings {
    enum topic topic;
    const char *domain;                 /* TOPIC_DOMAIN: as the administrator wrote it; borrowed */
    struct node node;                   /* TOPIC_DOMAIN: plain */
    const struct backup_config *backup; /* TOPIC_BACKUP; borrowed */
    struct finding *list;               /* owned, in the order in which they are told */
    size_t count;
    bool is_over; /* nothing is added any more */
};

/* Adds a finding; format says what was seen. What a remote said may stand in it as it came: the text is made
 * printable. The returned finding is valid until the next is added. */
struct finding *findings_add(struct findings *findings, enum severity severity, const char *id,
                             const char *subject, const char *format, ...) PRINTF_LIKE(5, 6);

/* Gives a warning (exit_status 0) or a failure its advice: one line, what to do, and which setting of which server. */
void finding_advise(struct finding *finding, int exit_status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Frees what it holds. */
void findings_done(struct findings *findings);

#endif

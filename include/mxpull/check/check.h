#ifndef MXPULL_CHECK_CHECK_H
#define MXPULL_CHECK_CHECK_H

#include <mxpull/check/finding.h>
#include <mxpull/net/loop.h>
#include <mxpull/session/selection.h>

/* Whether the whole arrangement is right: the records of each domain, each backup, the primary, the
 * configuration. Starts no queue and sends no mail: no ETRN, ATRN, TURN or DATA is ever said. */
struct check;

/* All borrowed for the life of the check. */
struct check_options {
    const struct config *config;
    struct loop *loop;
    struct selection selection; /* backups and domains; none: all */
    bool (*stop)(void);         /* whether we were asked to end */

    /* The findings about one thing are complete. May be NULL. */
    void (*told)(void *context, const struct findings *findings);

    void *context; /* of told, and of wire */

    /* A line of the wire, as connection_events has it. NULL costs nothing. */
    void (*wire)(void *context, const struct backup_config *backup, char direction,
                 const char *line, size_t size);
};

/* NULL with *error set when the DNS cannot be asked at all (dns_server). */
struct check *check_new(const struct check_options *options, struct error *error);

/* Looks at everything at once, and returns when all findings are told, or stop says so. */
void check_run(struct check *check);

/* How much is not known yet, for a progress line: of so many groups of findings. */
size_t check_open(const struct check *check, size_t *of);

/* All findings: by domain, backup, primary and configuration, whichever are looked at, in this order. */
const struct findings *check_findings(const struct check *check, size_t *count);

/* The worst status of all failures; 0: there is none. */
int check_exit_status(const struct check *check);

/* NULL is allowed. */
void check_free(struct check *check);

#endif

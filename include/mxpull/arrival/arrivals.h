#ifndef MXPULL_ARRIVAL_ARRIVALS_H
#define MXPULL_ARRIVAL_ARRIVALS_H

#include <mxpull/arrival/account.h>
#include <mxpull/base/status.h>
#include <mxpull/config/config.h>
#include <mxpull/net/loop.h>

/* Watches what comes in from backups, by the primary's log and by the kernel's connections, for all of them at once.
 * While no backup is watched nothing is open and no timer runs. */
struct arrivals;

struct arrivals_options {
    const struct config *config; /* borrowed, as all that follows */
    struct loop *loop;

    /* A message that the primary has taken or refused, in a turn of the loop. backup NULL: at once, whoever it comes
     * from; then, for each watched backup that it comes from, again with that one, at_ms (wall clock) being the same. May
     * begin and end no watch. NULL: nobody listens. */
    void (*heard)(void *context, const struct backup_config *backup, const struct arrival *arrival,
                  int64_t at_ms);
    void *context;
};

/* What there is to see by, for people. */
struct arrival_means {
    char log[ERROR_TEXT_SIZE];            /* "/var/log/mail.log"; "": no log is followed, */
    char no_log[ERROR_TEXT_SIZE];         /* and why */
    char no_connections[ERROR_TEXT_SIZE]; /* why no connections can be seen; "": they can */
};

struct arrivals *arrivals_new(const struct arrivals_options *options);

/* NULL is allowed. */
void arrivals_free(struct arrivals *arrivals);

/* Watches the backup from now on: to be called before it is asked, for the log is followed from its end on. A watch
 * that there is begins anew: what was seen before is no longer counted. */
void arrivals_watch(struct arrivals *arrivals, const struct backup_config *backup);

/* Ends the watch of the backup, if there is one. */
void arrivals_leave(struct arrivals *arrivals, const struct backup_config *backup);

/* The address that answered is the backup's, too. Of a backup that is not watched: nothing. */
void arrivals_add_address(struct arrivals *arrivals, const struct backup_config *backup,
                          const char *address);

/* Whether an address is the backup's, as far as is known now; of a watched backup. */
bool arrivals_knows(const struct arrivals *arrivals, const struct backup_config *backup,
                    const char *address);

/* What was seen of a watched backup; of another one nothing. */
struct arrival_sight arrivals_sight(struct arrivals *arrivals, const struct backup_config *backup);

/* Of use while a backup is watched. Borrowed. */
const struct arrival_means *arrivals_means(const struct arrivals *arrivals);

#endif

#ifndef MXPULL_CLI_STATE_H
#define MXPULL_CLI_STATE_H

#include <mxpull/config/config.h>
#include <mxpull/platform/lock.h>
#include <mxpull/store/store.h>

/* What a run keeps in state_dir. Each part is NULL where it cannot be had: the run goes on without,
 * for asking without a memory does no harm, and not asking does. */
struct state {
    struct lock *lock;       /* against a second run of the same kind */
    struct lock_set *claims; /* which backups are being asked at this moment, by any run */
    struct store *store;
};

/* Opens the state directory. lock_name is that of the lock file, "pull.lock". Says in one warning
 * what cannot be had. STATUS_OK, or STATUS_BUSY, which is logged, when another run of the same kind
 * holds the lock; nothing is open then. */
enum status state_open(struct state *state, const struct config *config, const char *lock_name);

void state_close(struct state *state);

#endif

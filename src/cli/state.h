#ifndef MXPULL_SRC_CLI_STATE_H
#define MXPULL_SRC_CLI_STATE_H

#include <mxpull/config/config.h>
#include <mxpull/platform/lock.h>
#include <mxpull/store/store.h>

/* What a run keeps in state_dir. Each part is NULL where it cannot be had: the run goes on without,
 * for asking without a memory does no harm, and not asking does. */
struct state {
    struct lock *lock;       /* against a second daemon; NULL for a pull */
    struct lock_set *claims; /* which backups are being asked at this moment, by any run */
    struct store *store;
    int64_t patience_ms; /* how long a store that another process holds may still be waited for */
};

enum state_use {
    STATE_PULL,
    STATE_DAEMON /* its store is opened later where it cannot be now; without a directory it
                    remembers as long as it runs */
};

/* Opens the state directory. Says in one warning what cannot be had. STATUS_OK, or
 * STATUS_BUSY, which is logged, when another daemon runs; nothing is open then. */
enum status state_open(struct state *state, const struct config *config, enum state_use use);

/* Remembers for `mxpull status` how many lines are missing in the log. */
void state_note_log(struct state *state, const struct store_log *lost);

void state_close(struct state *state);

#endif

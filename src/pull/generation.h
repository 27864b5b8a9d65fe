#ifndef MXPULL_PULL_GENERATION_H
#define MXPULL_PULL_GENERATION_H

#include <mxpull/session/pool.h>

/* A configuration with the polls that go by it. After a reload those of the older one come to their
 * end by themselves. */
struct generation {
    struct config *config; /* owned */
    struct polling polling;
    struct pool *pool;
    struct poll **last; /* of each backup, if the last polls are kept: owned */
    struct generation *older;
};

/* polling.config is set here. keep_last: the last poll of each backup stays, for its results. */
struct generation *generation_new(struct config *config, const struct polling *polling,
                                  bool keep_last);

/* With all polls that it keeps; those in its pool must be over. NULL is allowed. */
void generation_free(struct generation *generation);

/* No result is kept any longer of a backup of that name, in this generation and those behind it; of
 * backups that the configuration does not have. */
void generation_forget(struct generation *generation, const char *backup);
void generation_keep(struct generation *generation, const struct config *config);

/* Whether it keeps the last poll of any backup. */
bool generation_has_last(const struct generation *generation);

/* Takes a poll of this generation that is done with: keeps it as its backup's last one, or frees it.
 */
void generation_retire(struct generation *generation, struct poll *poll);

#endif

#ifndef MXPULL_SRC_PULL_AGENDA_H
#define MXPULL_SRC_PULL_AGENDA_H

#include <mxpull/plan/plan.h>
#include <mxpull/pull/daemon.h>
#include <mxpull/session/pool.h>

/* One configuration at work: its plan, its polls that are due and under way, its last results. Made
 * from what the store knows, at a start and at a reload alike. */
struct agenda {
    const struct daemon_options *options; /* borrowed */
    struct config *config;                /* owned */
    struct polling polling;
    struct recorder *recorder;
    struct plan *plan;
    struct pool *pool;
    struct poll **due; /* taken from the plan, and not begun */
    size_t due_count;
    size_t *held;       /* of each backup: how many of its domains were held last time */
    struct poll **last; /* of each backup, for metrics; NULL: not wanted */
    int64_t written_ms; /* when the plan was written, or was to be, monotonic */
    bool has_news;      /* polls have ended since that was reset */
};

/* config is owned from now on; is_failing: that the store cannot be written was told. */
struct agenda *agenda_new(const struct daemon_options *options, struct config *config,
                          struct hooks *hooks, bool is_failing, struct instant now);

/* What is under way is dropped. NULL is allowed. */
void agenda_free(struct agenda *agenda);

/* Polls that have not come to their end. */
size_t agenda_count(const struct agenda *agenda);

/* Takes all that is due from the plan. */
void agenda_take_due(struct agenda *agenda, struct instant now);

/* What is due begins, as far as the look (NULL: there was none) allows. */
void agenda_admit(struct agenda *agenda, const struct preflight *look);

/* Gives what is due back to the plan, unasked. */
void agenda_put_back(struct agenda *agenda, struct instant now);

/* Writes down and plans anew what has ended. */
void agenda_take_over(struct agenda *agenda, struct instant now);

/* An outage has ended: everything is asked at the times of `recovery`. */
void agenda_recover(struct agenda *agenda, const struct preflight *look, struct instant now);

bool agenda_has_held(const struct agenda *agenda);

/* Asks backups again of which the look, at all domains, has refused fewer than were held. */
void agenda_free_held(struct agenda *agenda, const struct preflight *look, struct instant now);

/* Writes what the next run must know of the plan: behind the answers that it follows from, which are waited
 * for no longer than a second. */
void agenda_write_plan(struct agenda *agenda, struct instant now);

#endif

#ifndef MXPULL_SRC_PULL_PULL_H
#define MXPULL_SRC_PULL_PULL_H

/* What the files of the floor share. daemon.c and round.c stand on agenda.c, and daemon.c on watch.c, which stands on
 * agenda.c, too. */

#include <mxpull/plan/plan.h>
#include <mxpull/record/recorder.h>
#include <mxpull/session/pool.h>

/* ---- agenda.c ---- */

/* One configuration at work, for a daemon or a round: its plan, its polls that are due and under way,
 * the look at the primary that they wait for. What is of each backup stands in the configuration's
 * order. */
struct agenda {
    struct polling polling;
    struct store *store; /* borrowed; NULL: the plan is not remembered */
    struct plan *plan;
    struct pool *pool;
    struct poll **due; /* taken from the plan, and not begun */
    size_t due_count;
    struct poll *
        *polls; /* of each backup: a round's, asked again and again; a daemon's last one; NULL:
                            none */
    bool is_round;
    bool keeps_last;        /* a daemon's last polls are kept */
    size_t *held;           /* of each backup: how many of its domains a daemon's last poll held */
    struct preflight *look; /* under way, or ended and not taken in; NULL: none */
    bool looks_at_all;      /* it asks for all domains of the configuration */
    int64_t written_ms;     /* when the plan was written, or was to be, monotonic */
    bool has_news;          /* polls have ended since that was reset */
};

/* Both clocks. */
struct instant agenda_now(void);

struct agenda_options {
    const struct polling *polling; /* copied; with the recorder, which is not NULL */
    struct store *store;           /* borrowed; NULL: the plan is not remembered */
    const struct selection
        *selection;          /* what a round asks, now and, where that fails, again; borrowed
                                          for agenda_new alone; NULL: a daemon's agenda, all by schedule */
    schedule_offset *offset; /* of local time */
    uint64_t seed;           /* of jitter */
    bool keeps_last;
};

/* Made from what the store knows, at a start and at a reload alike. */
struct agenda *agenda_new(const struct agenda_options *options, struct instant now);

/* What is under way is dropped. NULL is allowed. */
void agenda_free(struct agenda *agenda);

/* Calls the observer's turned. */
void agenda_tell(const struct agenda *agenda);

/* The results of all polls that are kept; to be freed, they themselves are the polls'. */
const struct result **agenda_results(const struct agenda *agenda, size_t *count);

/* Takes all that is due from the plan, unless that waits for the look under way to end. It is begun at
 * once where no look at the primary is needed; else by agenda_admit. Returns when something falls due, on
 * the monotonic clock. */
int64_t agenda_take_due(struct agenda *agenda, struct instant now);

/* What is due begins, as far as the look (NULL: there was none) allows. */
void agenda_admit(struct agenda *agenda, const struct preflight *look);

/* Gives what is due back to the plan, unasked. */
void agenda_put_back(struct agenda *agenda, struct instant now);

/* Writes down what has ended, and plans a daemon's polls anew. */
void agenda_take_over(struct agenda *agenda, struct instant now);

/* Begins a look, in which the domains of what is due, or all, are asked for if `preflight` says so. */
void agenda_look(struct agenda *agenda, bool at_all);

/* Notes for later looks what this one has left out. False where it could not be made, which is
 * logged. */
bool agenda_note_look(const struct agenda *agenda);

/* Why nothing can be asked now, or NULL. Only a look at every domain can tell that all are refused. */
const char *agenda_trouble(const struct agenda *agenda);

void agenda_end_look(struct agenda *agenda);

/* An outage has ended: everything is asked at the times of `recovery`. */
void agenda_recover(struct agenda *agenda, struct instant now);

bool agenda_has_held(const struct agenda *agenda);

/* Asks backups again of which the look, at all domains, has refused fewer than were held. */
void agenda_free_held(struct agenda *agenda, struct instant now);

/* Writes what the next run must know of the plan: behind the answers that it follows from, which are
 * waited for no longer than a second. */
void agenda_write_plan(struct agenda *agenda, struct instant now);

/* ---- watch.c ---- */

/* The daemon's eye on the primary, which stays open over a reload. */
struct watch {
    struct agenda *agenda; /* borrowed: the one in force */
    struct outage outage;
    char text[ERROR_TEXT_SIZE]; /* why the primary is not ready, "" */
    int64_t recovered_ms;       /* wall clock: when the last outage ended; 0: not known */
    bool wants_full;            /* the next look has to ask for every domain */
    bool has_news;              /* an outage has begun or ended since that was reset */
    int64_t next_alive_ms;      /* while a look lasts: when it is next told that we watch */
    int64_t next_upkeep_ms;     /* wall clock: when the store is pruned next */
};

/* Begins with what an earlier run has left in the store. */
void watch_start(struct watch *watch, struct agenda *agenda, struct instant now);

/* Goes on with another configuration: what is known stays. */
void watch_resume(struct watch *watch, struct agenda *agenda, struct instant now);

/* Takes in what a look that has ended has found: outages begin and end, what is due and what was held is
 * asked. */
void watch_take_look(struct watch *watch, struct instant now);

/* Begins a look if one is due: at the watch's time, or because polls wait for it. */
void watch_look(struct watch *watch, struct instant now);

/* When one of these is to be called next, on the monotonic clock. A look may take as long as the
 * primary takes to greet: meanwhile the store is told, once a watch period, that we are alive and what is
 * waited for. */
int64_t watch_next_ms(struct watch *watch, struct instant now);

#endif

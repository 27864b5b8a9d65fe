#ifndef MXPULL_SRC_PULL_PULL_H
#define MXPULL_SRC_PULL_PULL_H

/* What the files of the floor share. daemon.c uses watch.c, these two and round.c use agenda.c, and all use await.c and
 * recovery.c. */

#include <mxpull/arrival/arrivals.h>
#include <mxpull/drill/drill.h>
#include <mxpull/plan/plan.h>
#include <mxpull/record/recorder.h>
#include <mxpull/session/pool.h>

/* ---- await.c ---- */

/* The mail of backups that were asked: watched from before they are asked until it is settled what became of it, or its
 * time is over. Written by the recorder. */
struct await;

struct await_options {
    const struct polling *polling; /* copied; with the recorder */
    int64_t limit_ms;              /* how long after the answers */
    bool asks_again; /* what was announced (252, 253) is asked for again, until 251 answers it */
    bool goes_on;    /* to the end of limit_ms, also where it is settled: more may come */

    /* It is settled what became of a backup's mail, or its time is over; with goes_on again where more has come. May be
     * NULL. */
    void (*told)(void *context, const struct backup_config *backup,
                 const struct arrival_account *account);
    void *context;
};

struct await *await_new(const struct await_options *options);

/* NULL is allowed. */
void await_free(struct await *await);

/* The backup is about to be asked. A wait for the mail of an earlier poll is over. */
void await_begin(struct await *await, const struct backup_config *backup);

/* The answers of a poll that was begun are known. */
void await_answered(struct await *await, const struct poll *poll);

/* Tells what is settled, or over. Returns when there is more to do, monotonic; called in every turn of the loop. */
int64_t await_advance(struct await *await, int64_t now_ms);

/* Whether it is settled what became of all mail. */
bool await_is_settled(const struct await *await);

/* Ends all waits, and tells how they stand. */
void await_stop(struct await *await);

/* How it stands with the backup's mail, and how long it is waited for: 0: no longer. NULL: there was no good answer, or none
 * is known yet. */
const struct arrival_account *await_account(const struct await *await,
                                            const struct backup_config *backup, int64_t *left_ms);

const struct arrival_means *await_means(const struct await *await);

/* ---- recovery.c ---- */

/* What a recovery has brought: told when its polls, and the waits for their mail, are over. */
struct recovery {
    bool is_on;
    int64_t outage_s; /* how long the outage was */
    int64_t began_ms; /* wall clock: when it was over */
    int64_t until_ms; /* monotonic: the last of the times of `recovery` is over */
    struct recovered {
        bool is_asked;
        int64_t asked_ms, messages; /* of its last poll with mail: what was seen so far */
    } * backups;                    /* owned: one for each backup */
    int64_t messages;               /* of the polls before these */
    bool is_blind;                  /* of some mail it cannot be seen whether it came */
    int64_t last_ms;                /* wall clock: when the last message came */
};

/* An outage that began at outage_ms, wall clock, has ended; an earlier recovery is told. */
void recovery_begin(struct recovery *recovery, const struct config *config, int64_t outage_ms,
                    struct instant now);

/* A backup, by its place, was asked; and so its mail stands. Of use while it is on, else in vain. */
void recovery_asked(struct recovery *recovery, size_t backup);
void recovery_arrived(struct recovery *recovery, size_t backup,
                      const struct arrival_account *account);

/* Tells it, if it is on, and ends it. */
void recovery_end(struct recovery *recovery, const struct config *config);

/* ---- agenda.c ---- */

/* One configuration at work, for a daemon or a round: its plan, its polls that are due and under way,
 * and the look at the primary. Arrays have an element for each backup of the configuration. */
struct agenda {
    struct polling polling;
    struct store *store; /* borrowed; NULL: the plan is not remembered */
    struct plan *plan;
    struct pool *pool;
    struct poll **due; /* taken from the plan, and not begun */
    size_t due_count;
    struct poll *
        *polls; /* a round's polls, asked again and again; a daemon's last ones; NULL: none */
    bool is_round;
    bool keeps_last;           /* a daemon's last polls are kept */
    size_t *held;              /* how many domains a daemon's last poll held */
    struct preflight *look;    /* under way, or ended and not taken in; NULL: none */
    bool looks_at_all;         /* it asks for all domains of the configuration */
    int64_t written_ms;        /* when the plan was written last, monotonic */
    bool has_news;             /* polls have ended since that was reset */
    struct await *await;       /* NULL: no mail is waited for */
    struct recovery *recovery; /* borrowed; NULL: a round's agenda */
};

/* Both clocks. */
struct instant agenda_now(void);

struct agenda_options {
    const struct polling *polling; /* copied; with the recorder, which is not NULL */
    struct store *store;           /* borrowed; NULL: the plan is not remembered */
    const struct selection *
        selection; /* what a round asks; borrowed for agenda_new alone; NULL: a daemon's agenda, all by
                      schedule */
    schedule_offset *offset; /* of local time */
    uint64_t seed;           /* of jitter */
    bool keeps_last;
    const struct await_options *await; /* without polling; NULL: no mail is waited for */
    struct recovery *recovery;         /* borrowed; NULL: for a round */
};

/* Begins with what the store knows, at a start and at a reload alike. */
struct agenda *agenda_new(const struct agenda_options *options, struct instant now);

/* Drops the polls under way. NULL is allowed. */
void agenda_free(struct agenda *agenda);

/* Calls the observer's turned. */
void agenda_tell(const struct agenda *agenda);

/* The results of all polls kept. The caller frees the array; the results are the polls'. */
const struct result **agenda_results(const struct agenda *agenda, size_t *count);

/* Takes all due polls from the plan, unless a look at the primary is under way. Begins them when no
 * look is needed; else agenda_admit does. Returns when the next one is due, monotonic. */
int64_t agenda_take_due(struct agenda *agenda, struct instant now);

/* Begins the due polls, as far as the look (NULL: there was none) allows. */
void agenda_admit(struct agenda *agenda, const struct preflight *look);

/* Gives the due polls back to the plan. */
void agenda_put_back(struct agenda *agenda, struct instant now);

/* Records the polls that have ended, and plans a daemon's next ones. */
void agenda_take_over(struct agenda *agenda, struct instant now);

/* Begins a look at the primary, which tries the domains of the due polls, or all, if `preflight` says
 * so. */
void agenda_look(struct agenda *agenda, bool at_all);

/* Records which domains the look has left out. False, logged, when the look could not be made. */
bool agenda_note_look(const struct agenda *agenda);

/* Why the primary takes no mail at all, or NULL. Only a look at every domain can tell that all are
 * refused. */
const char *agenda_trouble(const struct agenda *agenda);

void agenda_end_look(struct agenda *agenda);

/* After an outage: plans everything at the times of `recovery`. */
void agenda_recover(struct agenda *agenda, struct instant now);

bool agenda_has_held(const struct agenda *agenda);

/* Plans backups again of which a look at all domains has refused fewer than were held. */
void agenda_free_held(struct agenda *agenda, struct instant now);

/* Writes the changes of the plan, after the answers that caused them, at the latest a second after the
 * last time. */
void agenda_write_plan(struct agenda *agenda, struct instant now);

/* ---- watch.c ---- */

/* The daemon's watch of the primary, which goes on over a reload. */
struct watch {
    struct agenda *agenda; /* borrowed: the one in force */
    struct outage outage;
    char text[ERROR_TEXT_SIZE]; /* why the primary is not ready, "" */
    int64_t recovered_ms;       /* wall clock: when the last outage ended; 0: not known */
    bool wants_full;            /* the next look tries every domain */
    bool has_news;              /* an outage has begun or ended since that was reset */
    /* While a look lasts: when the store is told next that the daemon lives. */
    int64_t next_alive_ms;
    int64_t next_upkeep_ms; /* wall clock: when the store is pruned next */
};

/* Begins with what the store knows. */
void watch_start(struct watch *watch, struct agenda *agenda, struct instant now);

/* Goes on with another configuration. */
void watch_resume(struct watch *watch, struct agenda *agenda, struct instant now);

/* Takes the result of a look that has ended: begins or ends an outage, and begins due polls and those
 * held before. */
void watch_take_look(struct watch *watch, struct instant now);

/* Begins a look at the watch's time, or when polls are due. */
void watch_look(struct watch *watch, struct instant now);

/* When one of these must be called next, monotonic. While a look lasts, writes a sign of life into the
 * store once a watch period. */
int64_t watch_next_ms(struct watch *watch, struct instant now);

/* ---- drilling.c ---- */

/* The daemon's drills, by the option `drill`. */
struct drilling;

struct drilling_options {
    const struct polling *polling; /* borrowed, as all that follows */
    struct store *store;           /* NULL: nothing is remembered */
    schedule_offset *offset;       /* of local time */
    uint64_t seed;                 /* of jitter */
    /* As struct drills_options has it. */
    void (*moved)(void *context, const struct drill *drill);
    void *context;
};

/* NULL where the daemon is not to drill. */
struct drilling *drilling_new(const struct drilling_options *options, struct instant now);

/* NULL is allowed, here and below. */
void drilling_free(struct drilling *drilling);

/* To be called after each turn of the loop; may_begin: the primary is up. Returns when the next drill is due, monotonic. */
int64_t drilling_advance(struct drilling *drilling, bool may_begin, struct instant now);

/* Ends the drills under way, and records them. */
void drilling_stop(struct drilling *drilling);

#endif

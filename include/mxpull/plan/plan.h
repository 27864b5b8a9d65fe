#ifndef MXPULL_PLAN_PLAN_H
#define MXPULL_PLAN_PLAN_H

#include <mxpull/plan/schedule.h>

/* When each backup is asked next: by its schedule, again after a poll that failed, after an outage
 * of our own mail server, or because somebody says so. Pure: time is an argument, chance comes from
 * a seed. */
struct plan;

/* One instant on both clocks, milliseconds. */
struct instant {
    int64_t wall_ms;
    int64_t monotonic_ms;
};

enum plan_cause {
    PLAN_SCHEDULE,
    PLAN_RETRY,
    PLAN_RECOVERY,
    PLAN_NOW
};

/* "schedule", "retry", "recovery", "now". */
const char *plan_cause_name(enum plan_cause cause);

struct plan_options {
    size_t most;                      /* backups that will be added */
    const struct durations *recovery; /* the times after an outage; borrowed for the plan's life */
    schedule_offset *offset; /* of local time; NULL: schedules do not count, only the rest */
    uint64_t seed;           /* of jitter */
};

/* Without backups yet. */
struct plan *plan_new(const struct plan_options *options, struct instant now);
void plan_free(struct plan *plan);

/* Adds a backup, of which nothing is known yet; its place is how many there were before. With an
 * interval it is due at once, with a cron expression at its next time. timing is borrowed for the plan's life. */
void plan_add(struct plan *plan, const struct timing *timing, struct instant now);

/* What an earlier run has left in the store; wall clock, 0: not known. */
struct plan_memory {
    int64_t slot_ms; /* the schedule's next time as it was planned */
    int64_t due_ms;  /* when the backup is asked next: then, with its jitter, or before, by whatever
                         cause */
    int64_t asked_ms; /* when the backup was asked last */
};

/* To be called after plan_add for a backup that is known. A poll that was missed is made up for once,
 * now. Times that no clock of ours can have planned are corrected. */
void plan_remember(struct plan *plan, size_t backup, const struct plan_memory *memory,
                   struct instant now);

/* To be called whenever time has passed, before the calls below: notices a wall clock that was set,
 * and a machine that slept. What waits for a time span goes on to wait as long as it would have;
 * what was missed comes once, now. Returns by how much the wall clock has run ahead of the
 * monotonic one since the last call, milliseconds: negative when it was set back. */
int64_t plan_tick(struct plan *plan, struct instant now);

/* Takes a backup that is due: it counts as being asked until plan_ended or plan_held. False when none
 * is due. */
bool plan_take(struct plan *plan, struct instant now, size_t *backup, enum plan_cause *cause);

/* The poll is over; again: it failed for a while and is to be tried again after the times of
 * `retry`. */
void plan_ended(struct plan *plan, size_t backup, struct instant now, bool again);

/* The backup was not asked, for the primary is not ready: it waits for plan_recover or its next
 * slot. */
void plan_held(struct plan *plan, size_t backup, struct instant now);

/* An outage has ended: the backup is asked at the times of `recovery` from now on. The first one comes
 * at once, whenever it was last asked. */
void plan_recover(struct plan *plan, size_t backup, struct instant now);

/* The same for all backups after a restart, for an outage that ended at ended_ms, wall clock (0: none
 * did): the steps since which a backup was asked are over. */
void plan_resume_recovery(struct plan *plan, int64_t ended_ms, struct instant now);

/* The backup is asked now, whenever it was last asked. */
void plan_now(struct plan *plan, size_t backup);

/* When something falls due, on the monotonic clock: now's own when it is already, INT64_MAX: never. */
int64_t plan_next_ms(struct plan *plan, struct instant now);

/* What is to be remembered of a backup: while it is being asked, that it is due. */
struct plan_memory plan_memory(const struct plan *plan, size_t backup);

/* Takes a backup whose memory has changed since it was taken so last. False when there is none, which is
 * known at once where nothing has happened. */
bool plan_take_changed(struct plan *plan, size_t *backup);

/* ---- outage.c ---- */

/* The outages of the primary, from what is seen of it. Pure: a plain value.
 *
 *   UNKNOWN --not ready--> DOWN --ready--> UP --not ready--> DOWN
 *      |                                    ^
 *      +--------------ready-----------------+   an outage has ended if nobody watched for longer
 *                                               than a period, or two after a run that was cut off
 */
enum outage_state {
    OUTAGE_UNKNOWN,
    OUTAGE_UP,
    OUTAGE_DOWN
};

enum outage_event {
    OUTAGE_NOTHING,
    OUTAGE_BEGAN,
    OUTAGE_ENDED
};

struct outage {
    enum outage_state state;
    int64_t watch_ms;
    int64_t since_ms; /* wall: since when the state is so; DOWN: when the outage began */
    int64_t
        unwatched_ms;  /* wall, UNKNOWN: the last sign of life before a time in which nobody watched
                             * for too long, 0: there was none */
    int64_t looked_ms; /* wall: when the primary was last looked at, 0: never */
    int64_t next_look_ms; /* monotonic */
    int64_t ticked_ms;    /* the same: of the last outage_tick */
};

/* What an earlier run has left; wall clock, 0: nothing. */
struct outage_past {
    int64_t alive_ms;  /* its last sign of life */
    bool has_ended;    /* that is its end; else it may have watched for another period */
    int64_t outage_ms; /* when an outage began that it has left open */
};

/* The first look is due at once. */
void outage_init(struct outage *outage, int64_t watch_s, const struct outage_past *past,
                 struct instant now);

/* A look at the primary has ended; the next one is due a period later. Where an outage began or
 * ended, *began_ms is when it began, wall clock. */
enum outage_event outage_looked(struct outage *outage, bool ready, struct instant now,
                                int64_t *began_ms);

/* Time has passed: the wall clock has run ahead of the monotonic one by ahead_ms (plan_tick), for the
 * machine has slept, and the primary with it; and a loop was to turn again at due_ms, monotonic. Returns for
 * how long our process was stopped: the time since the last call where that is later than a busy machine
 * makes it, else 0. Where all that is more than a period, nobody watched, and the next look is due at once.
 * When the clock was set back, stamps are put right. */
int64_t outage_tick(struct outage *outage, int64_t ahead_ms, int64_t due_ms, struct instant now);

#endif

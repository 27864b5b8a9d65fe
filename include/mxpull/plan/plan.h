#ifndef MXPULL_PLAN_PLAN_H
#define MXPULL_PLAN_PLAN_H

#include <mxpull/plan/schedule.h>

/* When each backup is asked next: by its schedule, again after a failed poll, after an outage of the
 * primary, or on demand. Pure: time is an argument, chance comes from a seed. */
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
    schedule_offset *offset;          /* of local time; NULL: no schedules */
    uint64_t seed;                    /* of jitter */
};

/* Without backups yet. */
struct plan *plan_new(const struct plan_options *options, struct instant now);
void plan_free(struct plan *plan);

/* Adds a backup; its place is the number of those before. Due at once with an interval, at its next
 * time with a cron expression. timing is borrowed for the plan's life. */
void plan_add(struct plan *plan, const struct timing *timing, struct instant now);

/* What the store remembers of a backup's plan; wall clock, 0: not known. */
struct plan_memory {
    int64_t slot_ms;  /* the schedule's next time as it was planned */
    int64_t due_ms;   /* when the backup is asked next: at the slot with its jitter, or before */
    int64_t asked_ms; /* when the backup was asked last */
};

/* Called after plan_add for a backup that the store knows. A missed poll is due now, once. Impossible
 * times are corrected. */
void plan_remember(struct plan *plan, size_t backup, const struct plan_memory *memory,
                   struct instant now);

/* Called whenever time has passed, before the calls below: notices when the wall clock was set or the
 * machine slept. Time spans keep their length; what was missed is due now, once. Returns by how many
 * milliseconds the wall clock has run ahead of the monotonic one since the last call: negative when it
 * was set back. */
int64_t plan_tick(struct plan *plan, struct instant now);

/* Takes a due backup: it is being asked until plan_ended or plan_held. False when none is due. */
bool plan_take(struct plan *plan, struct instant now, size_t *backup, enum plan_cause *cause);

/* The poll is over; again: it failed for now, and is tried again after the times of `retry`. */
void plan_ended(struct plan *plan, size_t backup, struct instant now, bool again);

/* The backup was not asked, because the primary is not ready: it waits for plan_recover or its next
 * slot. */
void plan_held(struct plan *plan, size_t backup, struct instant now);

/* An outage has ended: the backup is asked at the times of `recovery` from now on. The first time
 * ignores the minimum distance between polls. */
void plan_recover(struct plan *plan, size_t backup, struct instant now);

/* The same for all backups after a restart, for an outage that ended at ended_ms, wall clock (0:
 * none). Times before a backup's last poll are over. */
void plan_resume_recovery(struct plan *plan, int64_t ended_ms, struct instant now);

/* Makes the backup due now, ignoring the minimum distance between polls. */
void plan_now(struct plan *plan, size_t backup);

/* When the next backup is due, on the monotonic clock: now when one is already, INT64_MAX: never. */
int64_t plan_next_ms(struct plan *plan, struct instant now);

/* What to store of a backup. While it is being asked, it counts as due. */
struct plan_memory plan_memory(const struct plan *plan, size_t backup);

/* Takes a backup whose memory has changed since the last time. False when there is none; cheap while
 * nothing happens. */
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
    int64_t since_ms; /* wall clock: when the state began; DOWN: when the outage began */
    /* Wall clock, UNKNOWN: the last sign of life before mxpull did not watch for too long, 0: it did
     * watch. */
    int64_t unwatched_ms;
    int64_t looked_ms;    /* wall: when the primary was last looked at, 0: never */
    int64_t next_look_ms; /* monotonic */
    int64_t ticked_ms;    /* the same: of the last outage_tick */
};

/* What the store knows of earlier runs; wall clock, 0: nothing. */
struct outage_past {
    int64_t alive_ms;  /* its last sign of life */
    bool has_ended;    /* the run ended in order; else it may have watched for another period */
    int64_t outage_ms; /* when the outage began that still lasts */
};

/* The first look is due at once. */
void outage_init(struct outage *outage, int64_t watch_s, const struct outage_past *past,
                 struct instant now);

/* Notes the result of a look; the next one is due a period later. *began_ms is when the outage began
 * that has begun or ended, wall clock. */
enum outage_event outage_looked(struct outage *outage, bool ready, struct instant now,
                                int64_t *began_ms);

/* Called at each turn of the loop. ahead_ms is plan_tick's: the time for which the machine slept, and
 * the primary with it; negative when the clock was set back, and stamps are moved then. due_ms is when
 * the loop had to turn, monotonic: a turn later than a busy machine explains means that the process
 * was stopped. Returns for how long, else 0. After more than a period without a watch the next look is
 * due at once. */
int64_t outage_tick(struct outage *outage, int64_t ahead_ms, int64_t due_ms, struct instant now);

#endif

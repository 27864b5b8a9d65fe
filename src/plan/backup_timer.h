#ifndef MXPULL_SRC_PLAN_BACKUP_TIMER_H
#define MXPULL_SRC_PLAN_BACKUP_TIMER_H

#include <mxpull/plan/cron.h>
#include <mxpull/plan/plan.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the backups of a plan have in common. */
struct backup_timer_common {
    schedule_offset *offset;
    const struct durations *recovery; /* borrowed: from the configuration */
    uint64_t chance;                  /* the state of the generator */
};

/* When one backup is due. A plain value; all times are wall clock milliseconds, INT64_MAX: never. */
struct backup_timer {
    const struct timing *timing; /* borrowed: from the configuration */
    struct cron cron;            /* with timing->schedule */

    int64_t slot_ms;     /* the schedule's next time */
    int64_t slot_due_ms; /* that with its jitter */
    int64_t retry_ms;
    size_t retries;      /* planned since the chain began */
    int64_t recovery_ms; /* when the outage ended whose steps are still to come */
    int64_t step_s;      /* the last of them that has passed; -1: none */
    bool now;

    bool is_running;
    int64_t asked_ms;        /* 0: not known */
    int64_t asked_before_ms; /* the time before that */
    int64_t floor_ms; /* from when the least distance to the next poll counts; 0: not known */
    int64_t floor_before_ms;

    /* Of all these the first; INT64_MIN: at once. INT64_MAX while it is running. */
    int64_t wake_ms;
};

/* Nothing is known of the backup. */
void backup_timer_init(struct backup_timer *timer, const struct timing *timing,
                       struct backup_timer_common *common, int64_t now_ms);

/* As plan_remember. */
void backup_timer_remember(struct backup_timer *timer, const struct plan_memory *memory,
                           struct backup_timer_common *common, int64_t now_ms);

/* A poll begins: all that is due is used up by it. wake_ms must have come. */
enum plan_cause backup_timer_begin(struct backup_timer *timer, struct backup_timer_common *common,
                                   int64_t now_ms);

/* As plan_ended and plan_held. */
void backup_timer_ended(struct backup_timer *timer, struct backup_timer_common *common,
                        int64_t now_ms, bool again);
void backup_timer_held(struct backup_timer *timer, struct backup_timer_common *common,
                       int64_t now_ms);

void backup_timer_recover(struct backup_timer *timer, const struct backup_timer_common *common,
                          int64_t now_ms);
void backup_timer_resume_recovery(struct backup_timer *timer,
                                  const struct backup_timer_common *common, int64_t ended_ms,
                                  int64_t now_ms);
void backup_timer_ask_now(struct backup_timer *timer, const struct backup_timer_common *common);

/* The wall clock was set by by_ms, which is negative, and shows now_ms. */
void backup_timer_set_back(struct backup_timer *timer, struct backup_timer_common *common,
                           int64_t by_ms, int64_t now_ms);

struct plan_memory backup_timer_memory(const struct backup_timer *timer);

#endif

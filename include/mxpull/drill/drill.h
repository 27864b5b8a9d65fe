#ifndef MXPULL_DRILL_DRILL_H
#define MXPULL_DRILL_DRILL_H

#include <mxpull/arrival/arrivals.h>
#include <mxpull/drill/course.h>
#include <mxpull/net/timer.h>
#include <mxpull/record/recorder.h>
#include <mxpull/session/poll.h>
#include <mxpull/session/selection.h>

/* Drills: each sends one message of our own through a backup, has the backup asked, and sees whether the message arrives. Any
 * number at once, in the one loop. */

enum {
    DRILL_ADDRESS_SIZE = 64 + 1 + DOMAIN_SIZE_MAX + 1,
    DRILL_TOKEN_SIZE = 33
};

/* Who gets the message. */
struct drill_recipient {
    char address[DRILL_ADDRESS_SIZE];
    size_t domain; /* of the backup: whose mail it is */
};

/* Finds it: drill_to where the backup has its domain, else postmaster (or the part of drill_to before the @) at the first domain
 * that is chosen. False where none is, or all are queues that say nothing of a domain. */
bool drill_recipient_find(struct drill_recipient *recipient, const struct config *config,
                          const struct backup_config *backup, const struct selection *choice);

/* When a drill of the backup sent a message last, if that was on the same day of local time as now_ms: then no other is
 * due that day. 0: none did. store NULL: STATUS_SYSTEM. */
enum status drill_sent_today(struct store *store, const struct backup_config *backup,
                             schedule_offset *offset, int64_t now_ms, int64_t *sent_ms,
                             struct error *error);

/* Claims the backup for a drill, which gives it back once it is over, against other processes. False, with error's text the
 * other one ("process 4711"), where it is being drilled. claims NULL: true. */
bool drill_claim(struct lock_set *claims, const struct backup_config *backup, struct error *error);
void drill_give_back(struct lock_set *claims, const struct backup_config *backup);

/* One drill. For others to read. */
struct drill {
    const struct backup_config *backup; /* borrowed */
    struct drill_recipient recipient;
    const char *domain; /* as the administrator wrote it; borrowed */
    char token[DRILL_TOKEN_SIZE];
    int64_t at_ms;                /* when it began, wall clock; 0: it has not */
    bool is_over;                 /* what it has come to is known */
    char no_log[ERROR_TEXT_SIZE]; /* once it is over: why no log was followed; "" */
    struct course course;
    char why_not
        [ERROR_TEXT_SIZE]; /* once it is over: why it could not be remembered, and was not sent; "" */

    struct drills *drills; /* private, as what follows; borrowed */
    struct handing *handing;
    struct buffer message;
    struct timer timer;
    bool is_noted;          /* the store has its row */
    enum course_phase told; /* the phase that was told last */
};

struct drills_options {
    const struct polling
        *polling;    /* borrowed, as all that follows; its observer gets the wire alone */
    int64_t wait_ms; /* how long a message is waited for behind the backup's answer */

    /* The drill has come to another phase; is_over: what it has come to is known. May be NULL. */
    void (*moved)(void *context, const struct drill *drill);
    void *context;
};

struct drills;

struct drills *drills_new(const struct drills_options *options);

/* Drops those that are not over. NULL is allowed. */
void drills_free(struct drills *drills);

/* Adds a drill of a backup that is claimed, which begins as soon as there is room: at most `concurrency` hand their messages in at once. A backup has one
 * drill at a time. */
void drills_add(struct drills *drills, const struct backup_config *backup,
                const struct drill_recipient *recipient);

/* To be called after each turn of the loop: takes the polls that are over. */
void drills_advance(struct drills *drills);

/* Ends all that are not over, at once; what has not begun is over without a message. Not from within moved. */
void drills_stop(struct drills *drills);

/* In their order. */
size_t drills_count(const struct drills *drills);
const struct drill *drills_at(const struct drills *drills, size_t place);

/* How many are not over; and whether none is, and no poll of theirs is under way. */
size_t drills_open(const struct drills *drills);
bool drills_are_over(const struct drills *drills);

#endif

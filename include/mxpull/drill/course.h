#ifndef MXPULL_DRILL_COURSE_H
#define MXPULL_DRILL_COURSE_H

#include <mxpull/arrival/account.h>
#include <mxpull/smtp/delivery.h>
#include <mxpull/smtp/outcome.h>

#include <stdbool.h>
#include <stdint.h>

/* The course of one drill. Pure: time is an argument, milliseconds of the monotonic clock.
 *
 *   SENDING --accepted--> RESTING --rest_ms--> ASKING --answered--> WAITING --wait_ms--> OVER
 *      |                     |                    |                    |                  ^
 *      `--not accepted-------`--------------------`-- arrived, or refused by us, stopped -'
 *
 * What the log tells of its arrival is final after COURSE_GRACE_MS, in COURSE_ARRIVED; if it is taken back the course
 * resumes. */
enum course_phase {
    COURSE_SENDING,
    COURSE_RESTING, /* whether it comes by itself */
    COURSE_ASKING,
    COURSE_WAITING,
    COURSE_ARRIVED, /* by the log, which may take that back (sendmail) */
    COURSE_OVER
};

enum drill_outcome {
    DRILL_OK,
    DRILL_NOT_ACCEPTED, /* by the backup */
    DRILL_UNSEEN,       /* accepted, asked, and it did not come */
    DRILL_REFUSED,      /* it came, and our own server refused it */
    DRILL_UNKNOWN       /* whether it came cannot be seen */
};

enum {
    COURSE_REST_MS = 5000, /* a backup that holds mail has put it by then where ETRN finds it */
    COURSE_GRACE_MS = 2000,
    COURSE_WAIT_MS = 60000, /* unless another time is given */
    COURSE_TEXT_SIZE = DELIVERY_TEXT_SIZE
};

/* What the primary has refused. */
enum refusal {
    REFUSAL_OF_IT, /* by its Message-ID */
    REFUSAL_OF_LIKE, /* mail to its recipient that has no sender either: judged at the end of the wait */
    REFUSAL_OF_SOME, /* the log does not tell which */
    REFUSAL_OF_OTHER,
    REFUSAL_COUNT
};

struct course {
    enum course_phase phase;
    bool turns; /* the backup is asked by ATRN or TURN: what comes then goes through our hands */
    int64_t wait_ms; /* behind the answer */
    int64_t began_ms;
    enum course_phase
        resumed; /* in COURSE_ARRIVED: the phase, and its until_ms, if it is taken back */
    int64_t resumed_until_ms;
    int64_t until_ms; /* course_tick is due; INT64_MAX: something else comes first */

    /* How long after began_ms; -1: it was not. */
    int64_t accepted_after_ms, asked_after_ms, answered_after_ms, arrived_after_ms;
    bool is_doubtful;  /* handed over, but no reply to it came */
    bool is_by_itself; /* it arrived before the backup was asked */

    /* The backup's answer, once answered_after_ms is known; code 0: none. */
    enum outcome answer;
    int answer_code;
    char answer_text[COURSE_TEXT_SIZE];

    bool is_stopped; /* we were asked to end */
    int64_t unnamed; /* messages of the backup of which the log does not tell the Message-ID */
    char elsewhere
        [MAIL_LOG_ADDRESS_SIZE]; /* it came from an address not known as the backup's; "" */
    char refusals[REFUSAL_COUNT][COURSE_TEXT_SIZE]; /* the primary's words; "": none */
    enum evidence refusal_evidence;
    int64_t connections;                 /* from the backup, once over; -1: not known */
    char address[MAIL_LOG_ADDRESS_SIZE]; /* from where it, or they, came; "" */

    /* Once it is over. */
    enum drill_outcome outcome;
    enum evidence evidence;
    int exit_status;
    enum delivery_stage
        stage; /* what the backup has answered last while the message was handed in */
    int code;  /* of the backup's refusal of it, or else of the primary's; 0: none */
    char
        text[COURSE_TEXT_SIZE]; /* the same, without its code; or why there was no connection; "" */
};

/* The message is being handed in from now on. */
void course_begin(struct course *course, bool turns, int64_t wait_ms, int64_t now_ms);

/* The delivery's fate is known. */
void course_delivered(struct course *course, const struct delivery *delivery, int64_t now_ms);

/* At until_ms, or later: in COURSE_ASKING afterwards the backup is to be asked. sight: what was seen to come from it. */
void course_tick(struct course *course, const struct arrival_sight *sight, int64_t now_ms);

/* In COURSE_ASKING: the backup's answer. */
void course_answered(struct course *course, enum outcome outcome, int code, const char *text,
                     int64_t now_ms);

/* The message has been taken by the primary; from address ("": not known). */
void course_arrived(struct course *course, enum evidence evidence, const char *address,
                    int64_t now_ms);

/* The primary has taken a message of the backup of which the log does not tell the Message-ID. */
void course_unnamed(struct course *course);

/* The primary has taken, or refused, the message from an address that is not known to be the backup's. */
void course_came_elsewhere(struct course *course, const char *address);

/* The primary has refused mail of the backup, by words that begin with its code. REFUSAL_OF_IT takes an arrival back that
 * the log has told before. */
void course_refused(struct course *course, enum evidence evidence, const char *words,
                    enum refusal refusal);

/* Ends it at once. */
void course_stop(struct course *course, const struct arrival_sight *sight);

/* Whether the message may have been handed over. */
bool course_has_sent(const struct course *course);

/* "ok", "not accepted", "unseen", "refused by us", "unknown". */
const char *drill_outcome_name(enum drill_outcome outcome);

#endif

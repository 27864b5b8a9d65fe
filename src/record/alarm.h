#ifndef MXPULL_SRC_RECORD_ALARM_H
#define MXPULL_SRC_RECORD_ALARM_H

#include <mxpull/base/log.h>
#include <mxpull/config/config.h>
#include <mxpull/record/hooks.h>

#include <stdint.h>

/* A change of state that somebody is to hear of once. */
enum alarm_event {
    ALARM_FAILURE,  /* a backup has begun to fail */
    ALARM_RECOVERY, /* it works again */
    ALARM_SILENCE,  /* a domain has had no good answer for too long */
    ALARM_ANSWER    /* it has one again */
};

/* All borrowed for the call. */
struct alarm {
    enum alarm_event event;
    const struct backup_config *backup;
    const char *domain;  /* NULL: the backup as a whole */
    const char *outcome; /* of the answer that brought it; "" without one */
    int code;            /* 0: none */
    const char *text;    /* from a remote; NULL: none */
    const char *advice;  /* what can be done; NULL or "": nothing */
    int64_t since_ms;    /* when it began to fail, or had its last good answer; 0: not known */
    int64_t streak;      /* polls in a row that were not good */
};

/* Logs it in one line of that level, and has on_failure or
 * on_recovery run: they get MXPULL_EVENT (failure, recovery, silence, answer), MXPULL_BACKUP,
 * MXPULL_HOST, MXPULL_DOMAIN, MXPULL_OUTCOME, MXPULL_CODE, MXPULL_TEXT and MXPULL_ADVICE (escaped as in
 * the log, and so is what the system's shell would read as its own), MXPULL_SINCE (UTC) and
 * MXPULL_STREAK in the environment. hooks NULL: the log alone. */
void alarm_raise(const struct alarm *alarm, enum level level, const struct config *config,
                 struct hooks *hooks);

#endif

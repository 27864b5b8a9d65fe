#ifndef MXPULL_SRC_RECORD_RECORDER_INTERNAL_H
#define MXPULL_SRC_RECORD_RECORDER_INTERNAL_H

/* What the files of the record share. */

#include "alarm.h"
#include <mxpull/record/recorder.h>

/* A domain as we have seen it ourselves: this goes on where the store cannot be used. */
struct watched {
    int64_t
        silent_at_ms; /* when it counts as silent; INT64_MAX: it does already, or was never asked */
    int64_t from_ms;  /* what that counts from: the last good answer, or the first question */
    int64_t good_ms;  /* the last good answer; 0: we know of none */
    int64_t told_ms;  /* when we told of its silence */
    const char *outcome; /* of the last answer that we took; NULL: there was none */
    int code;            /* of it */
    bool is_silent;      /* as it was told last */
    bool is_stored; /* as the store has it, as far as we know; it hears of the rest when it can */
};

/* A backup in the same way. */
struct polled {
    struct watched *domains; /* owned */
    bool has_failed;         /* its last poll was not good */
    bool is_unwritten;       /* which the store does not know */
};

/* What waits until another process has let go of the store (record_queue.c). Bounded: what has no room is
 * counted, and lost. */
struct kept;

struct queue {
    struct kept *kept; /* owned, in the order in which it came */
    size_t count, capacity, size;
    size_t lost; /* polls and messages */
};

struct recorder {
    struct queue queue;
    struct recorder_options options;
    struct polled *polled;  /* the configuration's backups */
    size_t count;           /* of them */
    int64_t next_silent_ms; /* the first of all silent_at_ms, or before it */
    int64_t checked_ms;     /* when recorder_check_silence has looked last */
    bool is_failing;        /* the store could not be written last time */
    bool is_forgetful;      /* nor read: it is not waited for again until it was written */
    bool has_looks;         /* the store knows of a look that had trouble */
};

/* Where in the configuration in force the backup of that name stands; backup_count: no longer. It may be
 * one of an older configuration. */
size_t record_find_backup(const struct recorder *record, const struct backup_config *backup);

/* Logs the alarm and has its command run. */
void record_raise(const struct recorder *record, const struct alarm *alarm);

/* ---- record_queue.c ---- */

/* Copies of all that is given. */
void queue_add_poll(struct queue *queue, const struct store_poll *poll);
void queue_add_message(struct queue *queue, const struct store_message *message);

/* Writes all of it into the store, or nothing. It stays, for queue_tell, until queue_clear. */
enum status queue_write(struct queue *queue, struct store *store, struct error *error);

/* Tells of each poll that was written what it has changed. */
void queue_tell(const struct queue *queue,
                void (*written)(void *context, const struct store_poll *poll,
                                const struct store_change *change),
                void *context);

void queue_clear(struct queue *queue);

/* ---- record_silence.c ---- */

/* Begins with what is known of the backup's domains: what before (NULL: nothing), which is that of the
 * configuration old, knows of those with the same name, and what the store says. */
void silence_load(struct recorder *record, size_t backup, const struct polled *before,
                  const struct backup_config *old);

/* An answer: a good one ends a silence, and puts the next one off. is_written: the store has it;
 * has_silent: and says that a domain of the backup is noted as silent. */
void silence_note(struct recorder *record, const struct result *result, enum store_grade grade,
                  bool is_written, bool has_silent);

#endif

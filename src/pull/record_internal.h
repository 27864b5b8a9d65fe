#ifndef MXPULL_PULL_RECORD_INTERNAL_H
#define MXPULL_PULL_RECORD_INTERNAL_H

/* What the files of the record share. */

#include <mxpull/pull/alarm.h>
#include <mxpull/pull/record.h>

/* A domain as we have seen it ourselves: this goes on where the store cannot be written. */
struct watched {
    int64_t
        silent_at_ms; /* when it counts as silent; INT64_MAX: it does already, or was never asked */
    int64_t good_ms;  /* the last good answer; 0: we know of none */
    const char *outcome; /* of the last answer that we took; NULL: there was none */
    int code;            /* of it */
    bool is_silent;      /* which was told, and the store could not keep */
};

/* A backup in the same way. */
struct polled {
    bool has_failed;   /* its last poll that we took was not good */
    bool is_unwritten; /* which the store does not know */
};

struct record {
    struct record_options options;
    struct watched *watched; /* all domains of all backups, in the order of the configuration */
    size_t *first;           /* of each backup: where its domains begin there */
    int64_t next_silent_ms;  /* the first of their silent_at_ms, or before it */
    struct polled *polled;   /* all backups */
    bool is_failing;         /* the store could not be written last time */
};

/* Where in the configuration in force the backup stands; backup_count: no longer. */
size_t record_find_backup(const struct record *record, const struct backup_config *backup);

/* Logs the alarm and has its command run. */
void record_raise(const struct record *record, const struct alarm *alarm);

/* ---- record_silence.c ---- */

/* Begins with what is known of the configuration's domains. */
void silence_load(struct record *record);

/* An answer: a good one ends a silence, and puts the next one off. is_written: the store has it;
 * has_silent: and says that a domain of the backup is noted as silent. */
void silence_note(struct record *record, const struct result *result, enum store_grade grade,
                  bool is_written, bool has_silent);

#endif

#ifndef MXPULL_RECORD_RECORDER_H
#define MXPULL_RECORD_RECORDER_H

#include <mxpull/plan/schedule.h>
#include <mxpull/platform/process.h>
#include <mxpull/session/poll.h>
#include <mxpull/store/store.h>

/* ---- hooks.c ---- */

/* The commands of on_failure and on_recovery: run beside everything else, a few at a time, in the
 * order in which they were asked for, each killed when its time is over. */
struct hooks;

enum {
    HOOKS_TIMEOUT_MS = 30000,
    HOOKS_AT_ONCE = 4,
    HOOKS_WAITING_MAX = 10000 /* further ones are dropped, which is logged */
};

/* loop is borrowed: its turns begin and end the commands. timeout_ms is each command's time:
 * HOOKS_TIMEOUT_MS. */
struct hooks *hooks_new(struct loop *loop, int64_t timeout_ms);

/* Kills what still runs. NULL is allowed. */
void hooks_free(struct hooks *hooks);

/* Has command run with these variables; all copied. */
void hooks_run(struct hooks *hooks, const char *command, const struct process_variable *variables,
               size_t count);

/* Whether nothing runs and nothing waits. */
bool hooks_are_idle(const struct hooks *hooks);

/* ---- recorder.c ---- */

/* What polls bring, written into the store, and the alarms that come of it. A store that cannot be
 * written (a full disk) is told once, and once when it works again; polling goes on. What is answered
 * while another process holds the store is written later. */
struct recorder;

struct recorder_options {
    const struct config *config; /* borrowed, as all that follows */
    struct store *store;         /* NULL: there is no memory, and nothing is done */
    struct hooks *hooks;         /* NULL: changes are logged alone */
    struct loop *loop;       /* what it brings in a quarter of a second is written at once; NULL:
                                    each poll is */
    schedule_offset *offset; /* of local time, for cron expressions */
    int64_t patience_ms;     /* how long a store that another process holds is waited for */
    bool is_failing;         /* it is known, and was told, that the store cannot be written */
    bool watches; /* a daemon's: its alarms wait for no store, and all domains are watched for
                     silence, not only those that are polled */
};

struct recorder *recorder_new(const struct recorder_options *options);

/* NULL is allowed. */
void recorder_free(struct recorder *recorder);

/* Tells the poll what earlier polls, of any process, have left: poll_remember. */
void recorder_recall(struct recorder *recorder, struct poll *poll);

/* Puts the domains of a look at the primary in the order in which it is to ask for them: first those
 * that earlier looks, of any process, have left out, last those that have cost one its connection. */
void recorder_order_look(struct recorder *recorder, struct node *domains, size_t count);

/* A daemon's: how many domains of the backup, by its place, were held when it was made. */
size_t recorder_held_count(const struct recorder *recorder, size_t backup);

/* The poll is over: what it was last about is written, and nothing else. */
void recorder_poll(struct recorder *recorder, const struct poll *poll);

/* The primary has answered for a message. */
void recorder_message(struct recorder *recorder, const struct backup_config *backup,
                      const struct guard_message *message);

/* An outage of the primary, wall clock; ended_ms 0: it lasts. */
void recorder_outage(struct recorder *recorder, int64_t began_ms, int64_t ended_ms,
                     const char *why);

/* A look at the primary has ended: which domains it has left out, and which have cost it its
 * connection. */
void recorder_note_look(struct recorder *recorder, const struct preflight *preflight);

/* The same, by a pull; why: the primary is not ready, or NULL. */
void recorder_primary(struct recorder *recorder, const char *why);

/* Raises the alarm for domains that have been silent for too long; not for those of a backup (by its
 * place in the configuration) of which is_asked says that an answer is about to come. is_asked may be
 * NULL. Returns when the next one will be, wall clock; INT64_MAX: never. */
int64_t recorder_check_silence(struct recorder *recorder, int64_t now_ms,
                               bool (*is_asked)(void *context, size_t backup), void *context);

/* Writes now what has not been written. */
void recorder_flush(struct recorder *recorder);

/* Whether all is written; and whether the store cannot be written, which was told. */
bool recorder_is_written(const struct recorder *recorder);
bool recorder_is_failing(const struct recorder *recorder);

/* A run is over: the same, waiting for so long. What cannot be written now is told, once, and lost. */
void recorder_finish(struct recorder *recorder, int64_t patience_ms);

/* Removes what is too old, a part at a time. Returns whether there is more. */
bool recorder_prune(struct recorder *recorder, int64_t now_ms);

/* Returns whether the store worked, and says once if it did not. For those who use the store
 * themselves. */
bool recorder_check(struct recorder *recorder, enum status status, const struct error *error);

#endif

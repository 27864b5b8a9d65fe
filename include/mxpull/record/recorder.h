#ifndef MXPULL_RECORD_RECORDER_H
#define MXPULL_RECORD_RECORDER_H

#include <mxpull/plan/schedule.h>
#include <mxpull/platform/process.h>
#include <mxpull/session/poll.h>
#include <mxpull/store/store.h>

/* ---- hooks.c ---- */

/* Runs the commands of on_failure, on_recovery, on_mail and on_drill in the background, a few at a time, in order, each
 * killed when its time is over. */
struct hooks;

enum {
    HOOKS_TIMEOUT_MS = 30000,
    HOOKS_AT_ONCE = 4,
    HOOKS_WAITING_MAX = 10000 /* more are dropped, which is logged */
};

/* loop is borrowed: its turns begin and end the commands. timeout_ms is each command's time:
 * HOOKS_TIMEOUT_MS. */
struct hooks *hooks_new(struct loop *loop, int64_t timeout_ms);

/* Kills the commands that still run. NULL is allowed. */
void hooks_free(struct hooks *hooks);

/* Runs command with these variables; all copied. */
void hooks_run(struct hooks *hooks, const char *command, const struct process_variable *variables,
               size_t count);

/* Whether nothing runs and nothing waits. */
bool hooks_are_idle(const struct hooks *hooks);

/* At the end of a run: waits for all, or until stop. */
void hooks_finish(struct hooks *hooks, bool (*stop)(void));

/* ---- recorder.c ---- */

/* Writes the results of polls into the store, and raises alarms. A store that cannot be written (a
 * full disk) is logged once, and once when it works again; polling goes on. While another process
 * holds the store, results wait. */
struct recorder;

struct recorder_options {
    const struct config *config; /* borrowed, as all that follows */
    struct store *store;         /* NULL: there is no memory, and nothing is done */
    struct hooks *hooks;         /* NULL: changes are logged alone */
    /* The entries of a quarter of a second are written together; NULL: each at once. */
    struct loop *loop;
    schedule_offset *offset; /* of local time, for cron expressions */
    int64_t patience_ms;     /* how long a store that another process holds is waited for */
    bool is_failing;         /* that the store cannot be written was logged already */
    bool watches; /* a daemon's: alarms do not wait for the store, and all domains are watched for
                    silence, not only those polled */
};

struct recorder *recorder_new(const struct recorder_options *options);

/* NULL is allowed. */
void recorder_free(struct recorder *recorder);

/* Calls poll_remember with what the store has of earlier polls, of any process. */
void recorder_recall(struct recorder *recorder, struct poll *poll);

/* Sorts the domains for a look at the primary: first those that earlier looks, of any process, left
 * out, last those that cost a look its connection. */
void recorder_order_look(struct recorder *recorder, struct node *domains, size_t count);

/* For a daemon: how many domains of the backup, by its place, were held at the start. */
size_t recorder_held_count(const struct recorder *recorder, size_t backup);

/* Records a poll that is over: the results of its last try, and nothing else. */
void recorder_poll(struct recorder *recorder, const struct poll *poll);

/* Records the primary's answer for a message that came by the bridge in this poll. */
void recorder_message(struct recorder *recorder, const struct poll *poll,
                      const struct guard_message *message);

/* Records a message that the primary's log has told of, and what store_set_arrival and store_set_drill record. All
 * borrowed for the call. */
void recorder_heard(struct recorder *recorder, const struct store_message *message);
void recorder_arrival(struct recorder *recorder, const struct store_arrival *arrival);
void recorder_drill(struct recorder *recorder, const struct store_drill *drill);

/* Writes down at once that a drill's message is about to be handed in, which recorder_drill replaces when the drill is
 * over. */
enum status recorder_drill_begins(struct recorder *recorder, const struct store_drill *drill,
                                  struct error *error);

/* Runs on_mail, for mail of an ETRN that has arrived; recorder_poll does so for ATRN and TURN, and recorder_drill runs
 * on_drill. */
void recorder_mail(struct recorder *recorder, const struct backup_config *backup,
                   const struct store_arrival *arrival);

/* Records an outage of the primary, wall clock; ended_ms 0: it lasts. */
void recorder_outage(struct recorder *recorder, int64_t began_ms, int64_t ended_ms,
                     const char *why);

/* Records which domains a look at the primary has left out, and which cost it its connection. */
void recorder_note_look(struct recorder *recorder, const struct preflight *preflight);

/* Records a pull's look at the primary; why: the primary is not ready, or NULL. */
void recorder_primary(struct recorder *recorder, const char *why);

/* Raises the alarm for silent domains, except those of backups (by place) that are about to be asked
 * (is_asked; may be NULL). Returns when the next one will be silent, wall clock; INT64_MAX: never. */
int64_t recorder_check_silence(struct recorder *recorder, int64_t now_ms,
                               bool (*is_asked)(void *context, size_t backup), void *context);

/* Writes now. */
void recorder_flush(struct recorder *recorder);

/* Whether all is written; and whether the last write failed, which was logged. */
bool recorder_is_written(const struct recorder *recorder);
bool recorder_is_failing(const struct recorder *recorder);

/* At the end of a run: writes, waiting for so long. Entries that cannot be written are lost, which is
 * logged. */
void recorder_finish(struct recorder *recorder, int64_t patience_ms);

/* Removes a part of the rows that are too old. Returns whether there is more. */
bool recorder_prune(struct recorder *recorder, int64_t now_ms);

/* For callers of the store: returns whether it worked, and logs once if not. */
bool recorder_check(struct recorder *recorder, enum status status, const struct error *error);

#endif

#ifndef MXPULL_RECORD_RECORDER_H
#define MXPULL_RECORD_RECORDER_H

#include <mxpull/plan/schedule.h>
#include <mxpull/record/hooks.h>
#include <mxpull/session/poll.h>
#include <mxpull/store/store.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What polls bring, written into the store, and the changes of state that come of it. A store that
 * cannot be written (a full disk) is told once, and once when it works again; polling goes on. What is
 * answered while another process holds it is written down later. */
struct recorder;

struct recorder_options {
    const struct config *config; /* borrowed, until recorder_reload */
    struct store *store;         /* borrowed; NULL: there is no memory, and nothing is done */
    struct hooks *hooks;         /* borrowed; NULL: changes are logged alone */
    schedule_offset *offset;     /* of local time, for cron expressions */
    bool
        watches; /* a daemon's: all domains are watched for silence, not only those that are polled */
};

struct recorder *recorder_new(const struct recorder_options *options);

/* NULL is allowed. */
void recorder_free(struct recorder *record);

/* Another configuration; the one before may be freed after this call, not sooner. What is known of a
 * backup and its domains stays with their names. */
void recorder_reload(struct recorder *record, const struct config *config);

/* These polls are over. Their backups may be those of an older configuration. */
void recorder_polls(struct recorder *record, const struct poll *const *polls, size_t count);

/* Puts asked_ms and started_ms of results, which are those of the backup, as earlier polls, of any
 * process, have left them. Returns whether the backup has ever shown that it knows ETRN. memory is
 * the record. */
bool recorder_recall(void *memory, const struct backup_config *backup, struct result *results,
                     size_t count);

/* Puts the domains of a look at the primary in the order in which it is to ask for them: first those that
 * earlier looks, of any process, have left out, last those that have cost one its connection. memory is
 * the record. */
void recorder_order_look(void *memory, struct node *domains, size_t count);

/* Writes down which domains such a look has left out, and which have cost it its connection. */
void recorder_note_look(void *memory, const struct preflight *preflight);

/* Writes down what could not be written because another process held the store; STATUS_BUSY while it
 * does. recorder_polls tries, too. */
enum status recorder_flush(struct recorder *record, struct error *error);

/* A run is over: the same, waiting for so long. What cannot be written down now is told, once, and
 * lost. */
void recorder_finish(struct recorder *record, int64_t patience_ms);

/* A message has come in. */
void recorder_message(struct recorder *record, const struct backup_config *backup,
                      const struct guard_message *message);

/* The primary was looked at; why: it is not ready, or NULL. */
void recorder_primary(struct recorder *record, int64_t looked_ms, const char *why);

/* Raises the alarm for domains that have been silent for too long; not for those of a backup (by its
 * place in the configuration) of which is_asked says that it is about to have its say. is_asked may
 * be NULL. Returns when the next one will be, wall clock; INT64_MAX: never. */
int64_t recorder_check_silence(struct recorder *record, int64_t now_ms,
                               bool (*is_asked)(void *context, size_t backup), void *context);

/* Removes what is too old, a part at a time. Returns whether there is more. */
bool recorder_prune(struct recorder *record, int64_t now_ms);

/* Returns whether the store worked, and says once if it did not; recorder_polls says when it works
 * again. For those who use the store themselves. */
bool recorder_check(struct recorder *record, enum status status, const struct error *error);

#endif

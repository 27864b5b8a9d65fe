#ifndef MXPULL_SRC_RECORD_RECORD_H
#define MXPULL_SRC_RECORD_RECORD_H

/* What the files of the floor share. recorder.c uses overdue.c, ledger.c and hooks.c, and overdue.c
 * uses ledger.c. */

#include <mxpull/base/log.h>
#include <mxpull/net/timer.h>
#include <mxpull/record/recorder.h>

/* ---- hooks.c ---- */

/* A change of state, reported once. */
enum alarm_event {
    ALARM_FAILURE,  /* a backup has begun to fail */
    ALARM_RECOVERY, /* it works again */
    ALARM_SILENCE,  /* a domain has had no good answer for too long */
    ALARM_ANSWER,   /* it has one again */
    ALARM_MAIL,     /* mail has come back */
    ALARM_DRILL     /* a drill is over */
};

/* All borrowed for the call. */
struct alarm {
    enum alarm_event event;
    const struct backup_config *backup;
    const char *domain;      /* NULL: the backup as a whole */
    const char *outcome;     /* of the answer that brought it; "" without one */
    int code;                /* 0: none */
    const char *text;        /* from a remote; NULL: none */
    const char *advice;      /* what can be done; NULL or "": nothing */
    int64_t since_ms;        /* when it began to fail, or had its last good answer; 0: not known */
    int64_t streak;          /* polls in a row that were not good */
    int64_t messages, bytes; /* ALARM_MAIL; bytes -1: not known */
    const char *evidence;    /* ALARM_MAIL, ALARM_DRILL; NULL: none */
};

/* Logs the alarm in one line (but for mail and drills, which have lines of their own), and runs the event's command (hooks NULL: none) with MXPULL_EVENT (failure, recovery, silence,
 * answer, mail, drill), MXPULL_BACKUP, MXPULL_HOST, MXPULL_DOMAIN, MXPULL_OUTCOME, MXPULL_CODE, MXPULL_TEXT and
 * MXPULL_ADVICE (escaped as in the log and against the system's shell), MXPULL_SINCE (UTC), MXPULL_STREAK, MXPULL_MESSAGES,
 * MXPULL_BYTES and MXPULL_EVIDENCE in the environment; "" for what the event has not. */
void alarm_raise(const struct alarm *alarm, enum level level, const struct config *config,
                 struct hooks *hooks);

/* ---- ledger.c ---- */

enum entry_kind {
    ENTRY_POLL,
    ENTRY_MESSAGE,
    ENTRY_ARRIVAL,
    ENTRY_DRILL,
    ENTRY_OUTAGE
};

/* One thing to be written. All texts are copies that the entry owns (entry_copy, entry_own). */
struct entry {
    struct entry *next;
    enum entry_kind kind;
    const struct backup_config *backup; /* ENTRY_POLL; borrowed from the configuration */
    struct store_poll poll;
    struct store_answer *answers; /* of poll; owned */
    struct store_change change;   /* once it is written */
    bool is_told;                 /* the ledger's owner has told its alarms */
    struct store_message message;
    struct store_arrival arrival;
    struct store_drill drill;
    struct store_outage outage;
    char **texts; /* owned */
    size_t text_count;
};

/* What a run writes into the store: entries of a quarter of a second in one transaction. While another
 * process holds the store they are kept and tried again; after any other failure they are dropped. */
struct ledger {
    const struct recorder_options *options; /* borrowed */

    /* Called for an entry that was written (STATUS_OK), is kept (STATUS_BUSY, at every try) or was
     * dropped. */
    void (*tried)(void *context, struct entry *entry, enum status status);
    void *context;

    struct entry *first, **end;
    size_t size;                    /* bytes of the entries */
    size_t lost_polls, lost_others; /* entries for which there was no room */
    struct timer timer;
    bool is_failing; /* the last write failed, which was logged */
    bool is_held;    /* another process held the store last time */
    bool is_unread;  /* reading failed, and is not tried again before a write succeeds */
};

/* options, tried and context are set by the caller before. */
void ledger_init(struct ledger *ledger);
void ledger_done(struct ledger *ledger);

/* An entry for the caller to fill in and give to ledger_add. */
struct entry *ledger_entry(enum entry_kind kind);
void ledger_add(struct ledger *ledger, struct entry *entry);

/* A copy of text, owned by the entry, or text itself, from now on owned by it. NULL stays NULL. */
const char *entry_copy(struct entry *entry, const char *text);
const char *entry_own(struct entry *entry, char *text);

/* Writes all entries now. */
enum status ledger_flush(struct ledger *ledger, struct error *error);

/* At the end of a run: waits so long for the store. Entries that cannot be written are lost, which is
 * logged. */
void ledger_finish(struct ledger *ledger, int64_t patience_ms);

/* Returns whether the store worked, and logs once if not. */
bool ledger_check(struct ledger *ledger, enum status status, const struct error *error);

/* ---- overdue.c ---- */

/* Domains without a good answer for too long. The store decides, because other processes ask, too;
 * without it a daemon uses its own memory. */
struct overdue;

/* All borrowed. A daemon begins with all that the store knows. raise reports an alarm, whose texts
 * last for the call. */
struct overdue *overdue_new(struct ledger *ledger,
                            void (*raise)(void *context, const struct alarm *alarm), void *context);

/* NULL is allowed. */
void overdue_free(struct overdue *overdue);

/* Notes an answer of the backup, by its place. is_written: the store has the answer; has_silent: and
 * has a silent domain of this backup. */
void overdue_answered(struct overdue *overdue, size_t backup, const struct store_answer *answer,
                      bool is_written, bool has_silent);

/* How many domains of the backup were held by their last answer at the start. */
size_t overdue_held_count(const struct overdue *overdue, size_t backup);

/* Checks all domains, except those of backups that are about to be asked (is_asked; may be NULL).
 * Returns when the next one will be silent; the caller need not wake for those left out. */
int64_t overdue_check(struct overdue *overdue, int64_t now_ms,
                      bool (*is_asked)(void *context, size_t backup), void *context);

#endif

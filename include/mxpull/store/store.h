#ifndef MXPULL_STORE_STORE_H
#define MXPULL_STORE_STORE_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The memory of mxpull: one SQLite file, mxpull.db, in the state directory, which runs by cron, runs by hand and the
 * daemon share. All stamps are milliseconds of the wall clock since 1970; 0 is "never" or "not known". A stamp of the
 * future (by more than five minutes), or of a clock that was not set (before 2020), is given out as 0. Texts that are
 * given are borrowed for the call; a text may be NULL where it says so. What was recorded with STATUS_OK survives the
 * death of the process at any instant. Failures are STATUS_SYSTEM (a full disk, no permission, a file that is no
 * store) or STATUS_BUSY (another process has held the store for longer than the patience); nothing is ever half
 * recorded. */
struct store;

enum {
    STORE_PATIENCE_MS = 5000,
    STORE_STRIP_MAX = 30,
    STORE_NAMES_MAX = 200,
    STORE_TURNS_A_MS = 4096,
    STORE_MESSAGE_AGAIN_MS = 3600 * 1000
};

struct store_options {
    const char *directory; /* made if it is not there, mode 0700; NULL: a memory without a file */
    bool read_only;        /* nothing is made or changed; STATUS_SYSTEM when there is no store */
    bool insist;    /* a store that cannot be opened now is given, too: each use tries it again */
    int64_t keep_s; /* how long what has happened is kept; 0: for ever */
    int64_t (*now_ms)(void); /* the wall clock of tests; NULL: that of the system */

    /* Something that the operator should read once, such as the name under which a damaged store
     * was set aside. May be NULL. */
    void (*notice)(void *context, const char *text);
    void *context;
};

/* Opens the store, makes it when it is not there, brings an older one up to date. A damaged one is set aside
 * under another name, which notice tells, and a new one is begun; on Windows it stays where it is while
 * another process has it open: STATUS_BUSY, and the next use tries again. A store whose tables are not those that
 * mxpull makes counts as damaged, and nothing in a file is ever run (triggers, views).
 * Damage that shows later fails that call: STATUS_SYSTEM; the next use opens the store anew, as it does where the file
 * was taken away. Readers never repair or upgrade: STATUS_SYSTEM for a damaged store, beside which they leave a note
 * (mxpull.db.suspect) by which the next writer checks all of it, and for an older one. A store of a newer mxpull is
 * refused: STATUS_SYSTEM. Not to be carried over fork(). */
enum status store_open(struct store **store, const struct store_options *options,
                       struct error *error);

/* How long another process that holds the store is waited for, from now on. At first STORE_PATIENCE_MS. */
void store_set_patience(struct store *store, int64_t patience_ms);

/* NULL is allowed. */
void store_close(struct store *store);

/* Several records as one, not nested: nothing is written before the commit. A failure undoes all since the begin, and
 * the calls up to the commit, which ends it, fail with the same error. store_close undoes what is not committed. Others
 * cannot record meanwhile: keep it short. */
enum status store_begin(struct store *store, struct error *error);

/* All reads up to the commit see one and the same state; nothing may be recorded meanwhile. */
enum status store_begin_reading(struct store *store, struct error *error);
enum status store_commit(struct store *store, struct error *error);

/* ---- polls and their answers ---- */

struct store_answer {
    int64_t at_ms;
    const char *domain, *verb, *outcome; /* the domain as configured */
    enum grade grade;
    int code;            /* 0: none */
    const char *text;    /* as received; cut with an ellipsis at 4,096 bytes; NULL: none */
    const char *advice;  /* kept for the last answer of a domain alone; NULL or "": none */
    const char *address; /* NULL: none */
    const char *tls;     /* NULL: in clear */
    bool authenticated;
    int64_t pending, messages, bytes;          /* -1: not told */
    int64_t refused_for_now, refused_for_good; /* by our own server; -1: does not apply */
    unsigned attempts;
    int64_t asked_ms; /* when the backup was last asked for it; before began_ms: not by this poll */
    int64_t ms;       /* how long the answer took */
};

/* One poll of one backup, as good as its worst answer. */
struct store_poll {
    const char *backup;
    const char *cause; /* "pull", "schedule", "retry", "recovery", "now", "wait" */
    int64_t began_ms, ended_ms;
    int exit_status;
    int64_t certificate_expires_ms; /* 0: not known, what was known before stays */
    const struct store_answer *answers;
    size_t count;
};

/* The answer that stands for a poll that has any: the worst one, where held ones say nothing beside others. */
const struct store_answer *store_worst(const struct store_poll *poll);

/* What a poll has changed. */
struct store_change {
    bool began_to_fail; /* the poll before, if there was any, was good, and this one is not */
    bool recovered;     /* the poll before was not good, and this one is */
    int64_t streak;     /* polls in a row that have not been good, this one counted */
    int64_t since_ms;   /* when that streak began, or, where recovered, the one that is over now */
    bool has_silent;    /* domains of the backup are noted as silent: store_set_silent */
};

/* Records a poll that is over, with all of its answers, and brings the state of its backup and
 * domains up to date, as one. Of several processes just one sees a change. */
enum status store_add_poll(struct store *store, const struct store_poll *poll,
                           struct store_change *change, struct error *error);

/* A message that came in from a backup. */
struct store_message {
    int64_t at_ms;
    const char *backup;
    const char *evidence;   /* "bridge": by ATRN or TURN; "log": the primary's log has told of it */
    const char *sender;     /* reverse-path, "" for <>; NULL: not known */
    const char *recipients; /* as the guard has them, parted by commas; NULL: not known */
    int64_t bytes;          /* -1: not known */
    int code;               /* the primary's answer to it; 0: not known */
    const char *text;       /* of that answer; NULL: not known */
    const char *client;     /* the address that it came from; NULL or "": not known */
    const char *message_id; /* with its angle brackets; NULL, "" or "<>": not known */
};

/* Several processes may follow one log. So a message of the log whose Message-ID is known is recorded once: not again
 * while there is one of the same backup, client and Message-ID, STORE_MESSAGE_AGAIN_MS or less before or after it. */
enum status store_add_message(struct store *store, const struct store_message *message,
                              struct error *error);

/* ---- arrivals and drills ---- */

/* What was seen to arrive after a poll. The words are the interface's: "arrived", "empty", …; "bridge", "log", … */
struct store_arrival {
    int64_t asked_ms; /* when that poll began */
    const char *backup;
    const char *state, *evidence;         /* evidence NULL: none */
    int64_t messages, bytes, connections; /* -1: not known */
    int64_t first_ms, last_ms;            /* when the first and the last came; 0: none */
    const char *address;                  /* where it came from; NULL: not known */
};

/* Replaces what was recorded for the same backup and asked_ms. */
enum status store_set_arrival(struct store *store, const struct store_arrival *arrival,
                              struct error *error);

/* A drill: a message of mxpull's own, sent through a backup. */
struct store_drill {
    int64_t at_ms; /* when it was sent */
    const char *backup, *domain;
    const char *outcome;  /* the interface's: "ok", "not accepted", … */
    const char *evidence; /* NULL: none */
    const char *text;     /* what a server said; NULL: nothing */
    const char *token;    /* of its Message-ID and subject */
    int exit_status;
    int64_t accepted_ms, arrived_ms; /* how long after at_ms; -1: it was not */
    int code;                        /* of text; 0: none */
};

/* Replaces what was recorded of the same backup and token. */
enum status store_set_drill(struct store *store, const struct store_drill *drill,
                            struct error *error);

/* ---- the schedule's memory ---- */

/* When a backup is to be asked: slot by the schedule, due by whatever cause; 0: not planned. */
enum status store_set_due(struct store *store, const char *backup, int64_t slot_ms, int64_t due_ms,
                          struct error *error);

/* ---- the primary, and life itself ---- */

/* The daemon lives, or has ended in order. */
enum status store_set_alive(struct store *store, int64_t at_ms, bool has_ended,
                            struct error *error);

struct store_primary {
    bool is_up;
    int64_t looked_ms; /* when it was looked at */
    int64_t since_ms;  /* since when it is so; 0: since this look, unless it was so before */
    const char *text;  /* why it is not up; NULL: nothing */
    int64_t alive_ms;  /* the sign of life of the daemon that has looked; 0: it was somebody else */
};

/* Replaces what is known of the primary. */
enum status store_set_primary(struct store *store, const struct store_primary *primary,
                              struct error *error);

struct store_life {
    bool has_lived, has_looked; /* also where it is not known when */
    int64_t alive_ms;           /* the daemon's last sign of life */
    bool has_ended;             /* it was its last, in order */
    bool is_up;                 /* the primary, when it was last looked at */
    int64_t looked_ms;          /* when that was */
    int64_t since_ms;           /* since when it is so */
    char text[ERROR_TEXT_SIZE]; /* why it is not up, or "" */
};

/* *life is all zero when nothing was ever recorded. */
enum status store_get_life(struct store *store, struct store_life *life, struct error *error);

/* Lines that the last run could not write into its log; missing 0: it has them all. */
struct store_log {
    int64_t since_ms;
    uint64_t missing;
    char why[ERROR_TEXT_SIZE];
};
enum status store_set_log(struct store *store, const struct store_log *log, struct error *error);
enum status store_get_log(struct store *store, struct store_log *log, struct error *error);

/* A time in which the primary was down. At most one is open; a second begin changes nothing. */
enum status store_outage_begin(struct store *store, int64_t at_ms, const char *why,
                               struct error *error);
/* Ends the open one, if there is any. */
enum status store_outage_end(struct store *store, int64_t at_ms, struct error *error);

struct store_outage {
    int64_t began_ms;
    int64_t ended_ms; /* 0: it lasts */
    char why[ERROR_TEXT_SIZE];
};

/* The one that began last; *found says whether there is any. One that lasts began now at the latest. */
enum status store_last_outage(struct store *store, struct store_outage *outage, bool *found,
                              struct error *error);

/* ---- what is known now ---- */

struct store_backup {
    int64_t slot_ms, due_ms;        /* as set */
    int64_t asked_ms;               /* when its last poll that was not held began */
    int64_t streak;                 /* polls in a row that have not been good */
    int64_t failing_since_ms;       /* 0: it is not failing */
    int64_t certificate_expires_ms; /* 0: not known */
};

/* *found is false, and *state untouched, for a backup of which nothing is known. */
enum status store_get_backup(struct store *store, const char *backup, struct store_backup *state,
                             bool *found, struct error *error);

/* The arrival that brought mail last: messages were counted, or it is "arrived". */
struct store_last_arrival {
    int64_t asked_ms, first_ms, last_ms;
    int64_t messages, bytes, connections; /* -1: not known */
    char state[16], evidence[16];         /* evidence "": none */
    char address[64];                     /* "": not known */
};

/* *found is false, and *arrival untouched, where there is none. */
enum status store_last_arrival(struct store *store, const char *backup,
                               struct store_last_arrival *arrival, bool *found,
                               struct error *error);

/* When the backup was asked last of which it is known what became of its mail, if nothing was seen to come of mail that it
 * had announced. Between the two times; *found is false, and *asked_ms untouched, where it is not so. */
enum status store_unseen(struct store *store, const char *backup, int64_t since_ms,
                         int64_t until_ms, int64_t *asked_ms, bool *found, struct error *error);

/* The drill that was recorded last; texts are cut with an ellipsis, "" where there is none. */
struct store_last_drill {
    int64_t at_ms, accepted_ms, arrived_ms; /* as in struct store_drill; at_ms 0: not known */
    int exit_status, code;
    char domain[256], outcome[32], evidence[16], text[512];
};

/* The last one that has come to anything but this outcome (NULL: to anything). *found is false, and *drill untouched,
 * where there is none. */
enum status store_last_drill(struct store *store, const char *backup, const char *but,
                             struct store_last_drill *drill, bool *found, struct error *error);

struct store_domain {
    bool has_good;    /* there was a good answer, also where it is not known when */
    int64_t first_ms; /* its first answer, held ones too */
    int64_t at_ms;    /* the last answer, held ones too */
    int64_t good_ms;  /* the last good answer */
    int64_t mail_ms;  /* the last message received by ATRN or TURN */
    int64_t streak;   /* answers in a row that have not been good, held ones left out */
    bool silent;      /* as set by store_set_silent */
    char outcome[32]; /* of the last answer */
    int code;         /* of it */
    char text[512];   /* of it, cut with an ellipsis */
    char advice[400]; /* what can be done about it, or "" */
    int64_t messages, bytes, pending; /* of it; -1: not told */
    int64_t refused_for_now, refused_for_good;
    enum grade strip[STORE_STRIP_MAX]; /* the last polls, oldest first */
    size_t strip_count;
};

enum status store_get_domain(struct store *store, const char *backup, const char *domain,
                             struct store_domain *state, bool *found, struct error *error);

/* What decides how a domain is asked for next. */
struct store_asked {
    const char *domain; /* borrowed for the call */
    int64_t asked_ms;   /* its place in the order of asking: mostly when it was asked for last */
    int64_t started_ms; /* when ETRN was last answered by 250 to 253 */
    bool understood;    /* ETRN was ever answered by another code than 421, 500 and 502 */
};

/* Calls row for each domain that is known of the backup. It may not call the store. */
enum status store_recall(struct store *store, const char *backup,
                         void (*row)(void *context, const struct store_asked *asked), void *context,
                         struct error *error);

/* A domain that the primary was asked for in a look that left some out, or in which some have cost it its connection. */
struct store_look {
    const char *domain; /* borrowed for the call */
    int64_t turn; /* the milliseconds of then times STORE_TURNS_A_MS, and its place in the look */
};

/* *turn is untouched where there is no such look, and 0 where it is not known when. */
enum status store_get_look(struct store *store, const char *domain, int64_t *turn, bool *found,
                           struct error *error);

/* Notes when these domains were asked for; turn 0: in a look without trouble. */
enum status store_set_looks(struct store *store, const struct store_look *looks, size_t count,
                            struct error *error);

/* Notes that a domain's silence is too long, or over; *changed says whether that is new. */
enum status store_set_silent(struct store *store, const char *backup, const char *domain,
                             bool silent, bool *changed, struct error *error);

/* ---- history ---- */

struct store_filter {
    const char *const *names; /* backups or domains, without regard to case; none: all */
    size_t name_count;
    int64_t since_ms;    /* 0: from the beginning */
    const char *outcome; /* NULL: any */
    bool failed;         /* only answers that are neither good nor held */
    size_t limit;        /* the newest so many; 0: all */
};

/* One answer of the past; borrowed for the call. */
struct store_row {
    const char *backup;
    const char *cause;
    struct store_answer answer;
};

/* Calls row for each answer that fits, oldest first. row returns false to end it; it may not call the
 * store. STATUS_LIMIT for more than STORE_NAMES_MAX names. */
enum status store_history(struct store *store, const struct store_filter *filter,
                          bool (*row)(void *context, const struct store_row *row), void *context,
                          struct error *error);

/* The same for messages; names are backups or domains of recipients, outcome and failed mean
 * nothing. */
enum status store_messages(struct store *store, const struct store_filter *filter,
                           bool (*row)(void *context, const struct store_message *message),
                           void *context, struct error *error);

/* The same for drills; names are backups or domains. */
enum status store_drills(struct store *store, const struct store_filter *filter,
                         bool (*row)(void *context, const struct store_drill *drill), void *context,
                         struct error *error);

/* Mail of a backup that was taken within some five minutes, by ATRN, TURN or as the primary's log tells. */
struct store_mail {
    int64_t at_ms; /* of the first */
    const char *backup;
    int64_t messages, bytes; /* of those whose size is known */
};

/* What store_past tells of. */
enum store_kind {
    STORE_MAIL,     /* struct store_mail */
    STORE_ARRIVALS, /* struct store_arrival */
    STORE_DRILLS,   /* struct store_drill */
    STORE_OUTAGES   /* struct store_outage; those that ended before are left out */
};

/* Calls row for each record from since_ms on, which is of the kind's struct and borrowed for the call. It may not call
 * the store. */
enum status store_past(struct store *store, enum store_kind kind, int64_t since_ms,
                       void (*row)(void *context, const void *record), void *context,
                       struct error *error);

/* Takes away what is older than keep_s before now, a bounded part at a time; *more says whether there is more to do.
 * Nothing goes unless something was answered in the older half of that time, too: a clock that has run ahead would
 * make everything old. What has a stamp that is not believed goes with what was written down at the same time. What
 * store_last_arrival and store_last_drill find stays. */
enum status store_prune(struct store *store, int64_t now_ms, bool *more, struct error *error);

/* SQLite's version. */
const char *store_library(void);

#endif

#ifndef MXPULL_SRC_RECORD_LEDGER_H
#define MXPULL_SRC_RECORD_LEDGER_H

#include <mxpull/config/config.h>
#include <mxpull/net/timer.h>
#include <mxpull/store/store.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum entry_kind {
    ENTRY_POLL,
    ENTRY_MESSAGE,
    ENTRY_OUTAGE
};

/* One thing to be written. All texts are copies that the entry owns (ledger_copy, ledger_own). */
struct entry {
    struct entry *next;
    enum entry_kind kind;
    const struct backup_config *backup; /* ENTRY_POLL; borrowed from the configuration */
    struct store_poll poll;
    struct store_answer *answers; /* of poll; owned */
    struct store_change change;   /* once it is written */
    bool is_told;                 /* the ledger's owner has told its alarms */
    struct store_message message;
    struct store_outage outage;
    char **texts; /* owned */
    size_t text_count, text_room;
};

/* What a run writes into the store: entries are collected for a quarter of a second and written as one
 * transaction. What cannot be written because another process holds the store is kept and tried again;
 * what any other failure stops is dropped. */
struct ledger {
    struct store *store; /* borrowed; NULL: there is none */
    struct loop *loop;   /* borrowed; NULL: entries are written at once */
    bool watches;        /* a daemon's: a store that is held is told */

    /* An entry was written (STATUS_OK), is kept (STATUS_BUSY, once for every try) or was dropped. */
    void (*tried)(void *context, struct entry *entry, enum status status);
    void *context;

    int64_t patience_ms; /* how long a store that is held is waited for, once until it is free */
    struct entry *first, **end;
    size_t size, count,
        lost; /* bytes and number of the entries; those for which there was no room */
    struct timer timer;
    bool is_failing; /* the store could not be written last time, which was told */
    bool is_held;    /* another process held it last time */
    bool is_unread;  /* it could not be read: not tried again until it was written */
};

/* The first five fields are set by the caller before. */
void ledger_init(struct ledger *ledger, int64_t patience_ms);
void ledger_done(struct ledger *ledger);

/* An entry that is to be filled in, then given to ledger_add. */
struct entry *ledger_entry(enum entry_kind kind);
void ledger_add(struct ledger *ledger, struct entry *entry);

/* A copy of text, owned by the entry, or text itself, from now on owned by it. NULL stays NULL. */
const char *entry_copy(struct entry *entry, const char *text);
const char *entry_own(struct entry *entry, char *text);

/* Writes all entries now. */
enum status ledger_flush(struct ledger *ledger, struct error *error);

/* The run is over: waits so long for the store. What cannot be written is told and lost. */
void ledger_finish(struct ledger *ledger, int64_t patience_ms);

/* Returns whether the store worked, and says once if it did not. */
bool ledger_check(struct ledger *ledger, enum status status, const struct error *error);

#endif

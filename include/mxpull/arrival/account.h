#ifndef MXPULL_ARRIVAL_ACCOUNT_H
#define MXPULL_ARRIVAL_ACCOUNT_H

#include <mxpull/arrival/mail_log.h>

#include <stdbool.h>
#include <stdint.h>

enum {
    ACCOUNT_TEXT_SIZE = 240
};

/* What became of the mail of one backup that was asked. */
enum arrival_state {
    ARRIVAL_ARRIVED, /* messages came, then none for `quiet` */
    ARRIVAL_EMPTY,   /* the backup says that nothing waits */
    ARRIVAL_COMING,  /* mail still comes */
    ARRIVAL_UNSEEN,  /* nothing came */
    ARRIVAL_UNKNOWN  /* whether anything came cannot be seen */
};

/* What a state rests on, the strongest first but for EVIDENCE_NONE. */
enum evidence {
    EVIDENCE_NONE,
    EVIDENCE_BRIDGE,      /* ATRN, TURN: messages that went through our hands */
    EVIDENCE_LOG,         /* the primary's log */
    EVIDENCE_CONNECTIONS, /* to the primary's port, as the kernel knows them */
    EVIDENCE_REASKED      /* the backup was asked again, and says that nothing waits any more */
};

/* What the backup has answered. */
struct arrival_answer {
    bool is_empty;      /* 251 to all, or the like */
    bool is_announced;  /* 252 or 253 to some */
    int64_t reasked_ms; /* monotonic: all that was announced was answered by 251 later; 0: no */
    int64_t messages, bytes; /* ATRN, TURN: through the bridge; -1: it has no part in this */
};

/* What was seen to come from its addresses since it is watched. */
struct arrival_sight {
    bool sees_log, sees_connections;     /* whether these can be looked at */
    int64_t messages, bytes;             /* by the log; bytes -1: not told of all */
    int64_t connections;                 /* -1: not known */
    bool has_more;                       /* there may have been more than these */
    int64_t open;                        /* of them, by the last look */
    int64_t first_ms, last_ms;           /* messages, else connections: wall clock; 0: none */
    int64_t moved_ms;                    /* monotonic: when anything came last */
    char address[MAIL_LOG_ADDRESS_SIZE]; /* from where it came last; "": from nowhere */
    char refusal[ACCOUNT_TEXT_SIZE]; /* the primary's words to the last mail that it refused; "" */
};

struct arrival_account {
    int64_t asked_ms,
        waited_ms; /* the caller's: when the backup was asked (wall clock), and for how long its mail is waited for since its answers */
    enum arrival_state state;
    enum evidence evidence;
    bool is_announced;
    bool is_left; /* it was announced, and the backup has not said since that nothing is left */
    int64_t messages, bytes, connections; /* -1: not known */
    bool has_more;                        /* there may have been more connections than these */
    int64_t first_ms, last_ms;            /* wall clock; 0: not known */
    char address[MAIL_LOG_ADDRESS_SIZE];
    char refusal[ACCOUNT_TEXT_SIZE];
};

/* Judges at now_ms (monotonic), and fills all but the caller's fields. Returns whether nothing more is to be waited for. No guess makes ARRIVAL_ARRIVED:
 * messages were seen, or counted. */
bool account_judge(struct arrival_account *account, const struct arrival_answer *answer,
                   const struct arrival_sight *sight, int64_t quiet_ms, int64_t now_ms);

/* 75 where announced mail was not seen, else 0. */
int account_exit_status(const struct arrival_account *account);

/* "arrived", …; "bridge", "log", "connections", "re-asked", NULL for EVIDENCE_NONE. */
const char *arrival_state_name(enum arrival_state state);
const char *evidence_name(enum evidence evidence);

#endif

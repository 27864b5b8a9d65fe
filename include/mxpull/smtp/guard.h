#ifndef MXPULL_SMTP_GUARD_H
#define MXPULL_SMTP_GUARD_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/status.h>
#include <mxpull/smtp/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The filter between the two ends of a reversed session (RFC 2645 5.2.1, RFC 821 3.8), in which the provider is the SMTP
 * client and our primary the server. Bytes from either side go in, and the bytes to pass on come out; nothing is opened,
 * read, waited for or logged here. The provider is not trusted: it may use only the few verbs that deliver mail, reaches only
 * mailboxes of our domains, and sees a 250 for a message only when the primary has said it (RFC 5321 4.2.5, 6.1). */

enum guard_side {
    GUARD_PROVIDER,
    GUARD_PRIMARY
};

enum {
    GUARD_MESSAGE_ID_SIZE = 300
};

/* One message that came to its end: accepted, or refused by the primary behind the final dot. All
 * borrowed for the call. */
struct guard_message {
    uint64_t mail;      /* hash of its MAIL line */
    uint64_t offer;     /* hash of that and of its first RCPT line: the same when it comes again */
    const char *sender; /* reverse-path without its angle brackets, as received; "" for <> */
    const char *recipients; /* those accepted, joined by ", "; cut at a ceiling with " …" */
    size_t recipient_count;
    /* For each of the guard's nodes: whether a recipient is there. Recipients beyond 32 KiB of paths that wait for replies
     * at once are counted, and stand as "…" in recipients, but are missing here. */
    const bool *for_nodes;
    int64_t size; /* octets as the primary got them, dots doubled, without the final dot */
    const char *message_id; /* with its angle brackets, as received; "": none, or a longer one */
    int code;               /* the primary's reply to the final dot */
    const char *text;       /* its lines joined by \n, as received */
};

/* Mail that the primary has just refused: a transaction, one recipient or a content. All borrowed for the
 * call. */
struct guard_refusal {
    uint64_t offer;        /* as in struct guard_message; of MAIL alone where that was refused */
    bool for_good;         /* 5yz: the provider returns it to its sender; else it comes again */
    const bool *for_nodes; /* for each node: the first such refusal to it of this message */
    const char *recipient; /* where it was one that was refused: its path, as received; else "" */
    int code;
    const char *text; /* the primary's, its lines joined by \n, as received */
};

enum {
    GUARD_FAILED_MAX = 1000,
    GUARD_TRIES_MAX = 2
};

/* Messages that the primary did not take for now at DATA or at their end (4yz, or it was lost there), kept by the caller
 * from one session of a poll to the next; all 0 at first. A guard adds to them. One that has failed GUARD_TRIES_MAX times in
 * earlier sessions is put off at RCPT (451) and not tried again: a provider may begin each session with a message that
 * failed at its end (Exim does), but goes on to others behind one whose recipient was put off. Of more than
 * GUARD_FAILED_MAX the rest is tried again. */
struct guard_failures {
    struct {
        uint64_t offer; /* as in struct guard_message */
        unsigned tries;
        bool is_put_off; /* from now on */
        bool is_passed;  /* it was put off */
    } messages[GUARD_FAILED_MAX];
    size_t count;
    /* How many have failed for the last time, or were put off for the first time, since the caller has set this to 0: the
     * provider may get further in another session. */
    uint64_t steps;
};

struct guard_options {
    const struct node *nodes; /* our domains, no other is let in; borrowed for the guard's life */
    size_t node_count;
    struct guard_failures *failures; /* of the sessions before this one; borrowed; NULL: none */
    /* A message came to its end. May be NULL. */
    void (*message)(void *context, const struct guard_message *message);
    /* The primary has refused a message, or a recipient of one. May be NULL. */
    void (*not_taken)(void *context, const struct guard_refusal *refusal);
    /* A command was refused here: as received, but for secrets, which are "AUTH" and "****"; and our
     * reply. May be NULL. */
    void (*refused)(void *context, const char *command, const char *reply);
    void *context;
};

struct guard_counts {
    uint64_t messages; /* accepted by the primary, its 250 put into output for the provider */
    int64_t bytes;     /* of these */
    /* Messages of which the primary has refused all or some recipients, for a while (4yz) and for good (5yz);
     * one with both is counted in both. */
    uint64_t refused_for_now, refused_for_good;
    uint64_t recipients_refused; /* here, not by the primary */
    uint64_t contents_refused;   /* here: a lone dot at line ends that are not CRLF, or BDAT */
    uint64_t senders_refused;    /* here: messages whose MAIL could not be passed */
    uint64_t put_off;            /* messages, as struct guard_failures has it */
    int hello_code; /* with which the primary has refused the last EHLO or HELO; 0: it has not */
};

/* What the session is waiting for: whose silence is to be timed, and by which bound of
 * RFC 5321 4.5.3.2. */
enum guard_wait {
    GUARD_WAIT_COMMAND,  /* the provider's next command */
    GUARD_WAIT_DATA,     /* the provider's next piece of the message (4.5.3.2.5) */
    GUARD_WAIT_REFUSED,  /* the same of a message that is refused at its end */
    GUARD_WAIT_REPLY,    /* the primary's reply to a command, or a new primary */
    GUARD_WAIT_DATA_GO,  /* the primary's reply to DATA (4.5.3.2.4) */
    GUARD_WAIT_ACCEPTED, /* the primary's reply to the final dot (4.5.3.2.6) */
};

enum guard_state {
    GUARD_OPEN,
    /* The primary is lost: drop its connection at once. Open another one and tell guard_attach, or tell
     * guard_end that there is none. The provider is still to be fed. */
    GUARD_LOST,
    /* There is no primary any more. The provider is still to be fed: its message is read to the end and then
     * refused, so that it hears that and does not begin with the message anew. */
    GUARD_DRAIN,
    /* In order: send what is left to both sides, then close both. The primary's 221 need not be
     * waited for. */
    GUARD_QUIT,
    /* Not in order: send what is left to the provider and close; drop the primary at once and send
     * it nothing more. */
    GUARD_BROKEN,
};

/* Bytes to pass on. The caller empties both after each call. What is fed before and does not fit breaks the
 * session. */
struct guard_output {
    struct buffer provider, primary;
};

enum {
    GUARD_FEED_MAX = 64 * 1024
};

struct guard;

/* greeting is the text of the primary's 220 (several lines joined by \n), which goes into output,
 * empty until then, at once. options are copied, the nodes in them borrowed. */
struct guard *guard_new(const struct guard_options *options, const char *greeting,
                        struct guard_output *output);
void guard_free(struct guard *guard);

/* Takes all the bytes (at most GUARD_FEED_MAX) that came from side, and appends to output what they
 * bring about. Returns the state. Once it is GUARD_QUIT or GUARD_BROKEN nothing more is taken. How the bytes
 * are cut into feeds makes no difference. */
enum guard_state guard_feed(struct guard *guard, enum guard_side side, const char *bytes,
                            size_t size, struct guard_output *output);

/* True when the provider is to be held back, for its commands wait for the primary. Up to GUARD_FEED_MAX bytes that it sends
 * all the same are kept. */
bool guard_holds_provider(const struct guard *guard);

/* In GUARD_LOST: a new connection to the primary stands and has said 220. The provider's EHLO is said to it, and
 * then the session goes on: the rest of the transaction that was lost is refused for now (451) until MAIL, RSET or
 * EHLO. Returns the state, for the commands of the provider that were kept may have ended it. */
enum guard_state guard_attach(struct guard *guard, struct guard_output *output);

/* The connection to side has ended or fallen silent; why in one line, copied. When the primary is lost, commands that wait for it are
 * refused for now (451: only the message that has brought it about is put off), as is a message that is
 * coming in, once it has come to its end; the state is GUARD_LOST. When it is lost for good the provider is told 421.
 * Returns GUARD_QUIT when the session had come to its end in order (the provider has sent QUIT, and no reply to a
 * final dot is due; RFC 5321 4.1.1.10). */
enum guard_state guard_end(struct guard *guard, enum guard_side side, const char *why,
                           struct guard_output *output);

/* Whether a line of the provider, without its line end, may hold a secret and is to be shown to nobody: AUTH, which is
 * refused, and the lines behind it up to the next known command. *is_behind_auth is the caller's, false at first. */
bool guard_line_is_secret(const char *line, size_t size, bool *is_behind_auth);

enum guard_wait guard_waits_for(const struct guard *guard);

/* The first reason why the state is GUARD_LOST, GUARD_DRAIN or GUARD_BROKEN, in one line; may hold what the primary said, as
 * received. Borrowed. */
const char *guard_why(const struct guard *guard);

struct guard_counts guard_counts(const struct guard *guard);

void guard_output_init(struct guard_output *output);
void guard_output_done(struct guard_output *output);

#endif

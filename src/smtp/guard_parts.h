#ifndef MXPULL_SMTP_GUARD_PARTS_H
#define MXPULL_SMTP_GUARD_PARTS_H

/* What the files of the guard share. Each part uses only those above it. */

#include <mxpull/smtp/guard.h>
#include <mxpull/smtp/reply.h>

/* ---- guard_header.c: the Message-ID of a content (RFC 5322 3.6.4) ---- */

/* How far the header of a content was read. All 0 before the first byte. */
struct guard_header {
    enum guard_header_at {
        GUARD_HEADER_LINE, /* at the begin of a line */
        GUARD_HEADER_NAME,
        GUARD_HEADER_VALUE,
        GUARD_HEADER_ID,
        GUARD_HEADER_REST, /* of a line that says nothing */
        GUARD_HEADER_END
    } at;
    bool has_name;                          /* the field that the line belongs to is Message-ID */
    size_t taken;                           /* bytes */
    size_t size;                            /* of what was read of the name, or of the identifier */
    char message_id[GUARD_MESSAGE_ID_SIZE]; /* as in struct guard_message */
};

void guard_header_feed(struct guard_header *header, const char *bytes, size_t size);

/* ---- guard_data.c: the content of a message ---- */

enum guard_data_end {
    GUARD_DATA_MORE, /* all bytes were taken */
    GUARD_DATA_END,  /* the final dot was among them and stands at the end of what was passed */
    GUARD_DATA_SMUGGLED, /* a lone dot between line ends that are not both CRLF; its last byte was not taken */
};

/* A content while it comes in. A plain value. */
struct guard_data {
    enum guard_before {
        BEFORE_CRLF,
        BEFORE_CR,
        BEFORE_LF,
        BEFORE_OTHER
    } before;      /* what the byte before a place ends */
    unsigned held; /* bytes of "." or ".\r" that wait until it is clear what they are */
    int64_t size;  /* octets passed, without the final dot */
    struct guard_header header;
};

/* Appends to a buffer that has enough room. */
void guard_append(struct buffer *target, const char *bytes, size_t size);

/* Takes bytes up to the final dot and appends to content what is to be passed, as it came. *used says how many were
 * taken. data is 0 at the first byte behind the 354; content has room for size + 2 bytes. */
enum guard_data_end guard_data_feed(struct guard_data *data, const char *bytes, size_t size,
                                    size_t *used, struct buffer *content);

/* Takes bytes up to the end of the content and passes nothing. Returns whether that end is among the bytes; *used says how
 * many were taken. */
bool guard_data_drain(struct guard_data *data, const char *bytes, size_t size, size_t *used);

/* ---- guard_address.c: paths and domains ---- */

enum {
    GUARD_PATH_SIZE_MAX = 1000
};

/* A part of a command line. Borrowed. */
struct guard_part {
    const char *text;
    size_t size;
};

/* What a MAIL or RCPT command carries (RFC 5321 4.1.1.2, 4.1.1.3). */
struct guard_mailbox {
    struct guard_part path;       /* between the angle brackets */
    struct guard_part parameters; /* behind them, from the first space on; may be empty */
};

/* Splits an argument such as "FROM:<path> parameters"; word is "FROM:" or "TO:". The path ends at the first ">". False for
 * any other form: no or nested angle brackets, one in a quoted string, a space outside of a quoted string, more than
 * GUARD_PATH_SIZE_MAX octets. */
bool guard_path_split(struct guard_mailbox *mailbox, struct guard_part argument, const char *word);

/* The reply to a reverse-path that may not be passed, or NULL. Only its characters are checked, for nothing depends on its
 * meaning: the empty path, routes, literals and quoted strings pass. */
const char *guard_path_judge_reverse(struct guard_part path, bool utf8);

/* The domains whose mail is let in. */
struct guard_domains {
    const struct node *nodes; /* borrowed */
    size_t count;
};

/* The reply to a forward-path that may not be passed (501, 550 or 553), or NULL: it is in one of the
 * domains, and no form of it makes a server look elsewhere than at the domain behind the @. */
const char *guard_address_judge(struct guard_part path, bool utf8,
                                const struct guard_domains *domains);

/* Sets marks[i] for each node that the domain of an address is in. The address was judged before. */
void guard_address_mark(const char *address, const struct guard_domains *domains, bool *marks);

/* ---- guard_command.c: one command line ---- */

enum {
    GUARD_LINE_SIZE_MAX = 4096
}; /* with its CRLF; extensions need more than RFC 5321's 512 */

/* What a command is, or the final dot of a message, which waits for a reply as commands do. */
enum guard_verb {
    GUARD_EHLO,
    GUARD_HELO,
    GUARD_MAIL,
    GUARD_RCPT,
    GUARD_DATA,
    GUARD_RSET,
    GUARD_NOOP,
    GUARD_VERB_QUIT,
    GUARD_AUTH,
    GUARD_BDAT,
    GUARD_OTHER,
    GUARD_DOT,
};

/* One command line, taken apart. Borrows the line. */
struct guard_command {
    enum guard_verb verb;
    struct guard_part argument;   /* behind the verb and its space, without spaces at the end */
    struct guard_mailbox mailbox; /* of MAIL and RCPT, once judged */
    bool utf8; /* SMTPUTF8 is given with MAIL, or was given for this transaction */
};

/* Adds a byte to the line. Returns NULL; or, where the byte was not added, the reply to the line: CR or LF alone, a
 * control character other than TAB, or a line that is too long. */
const char *guard_line_take(struct buffer *line, char byte);

/* Takes a line without its CRLF apart. utf8 says whether SMTPUTF8 was given for the transaction. */
struct guard_command guard_command_read(const char *line, size_t size, bool utf8);

/* The reply to a command that may not be passed, or NULL. Recipients are those of the domains. */
const char *guard_command_judge(struct guard_command *command, const struct guard_domains *domains);

/* Appends a command, judged before, in the form that the primary sees, with its CRLF: never longer than the line that came
 * in, for which target has room. */
void guard_command_write(const struct guard_command *command, struct buffer *target);

/* ---- guard_message.c: what waits for a reply, and what is told of a message ---- */

/* No sender needs more commands at once without a reply. */
enum {
    GUARD_QUEUE_SIZE = 4000,
    GUARD_QUEUE_PATHS_MAX = 32 * 1024
};

/* A command whose reply the provider has not got yet. */
struct guard_pending {
    enum guard_verb verb;
    const char *answer; /* our own reply, a constant; NULL: the primary's is awaited */
    uint64_t identity;  /* of MAIL: a hash of its line; of RCPT: of both lines */
    char *path;         /* owned; of MAIL and RCPT, NULL for others and where memory was spared */
};

/* Commands in their order (RFC 2920 3.1). */
struct guard_queue {
    struct guard_pending *entries; /* owned; a ring */
    size_t first, count;
    size_t paths_size; /* octets in all paths, at most GUARD_QUEUE_PATHS_MAX */
};

void guard_queue_init(struct guard_queue *queue);
void guard_queue_done(struct guard_queue *queue);

/* Adds a command behind the others; there must be room. path (no text: none) is copied. */
void guard_queue_put(struct guard_queue *queue, struct guard_pending command,
                     struct guard_part path);

/* The command at a place, 0 being the next one to be answered; NULL: none. Valid until that command is dropped. */
struct guard_pending *guard_queue_at(const struct guard_queue *queue, size_t place);
void guard_queue_drop(struct guard_queue *queue);

enum {
    GUARD_FOR_NOW = 1, /* 4yz: the provider keeps the message and comes again */
    GUARD_FOR_GOOD = 2 /* 5yz: the provider returns it to its sender */
};

/* One mail transaction (RFC 5321 3.3), kept for the log and the counts. Nothing is decided by it. */
struct guard_transaction {
    struct buffer sender;
    struct buffer recipients; /* joined by ", " */
    size_t recipient_count;
    const struct guard_domains *domains; /* borrowed */
    bool *for_nodes;                     /* for each of their nodes: whether a recipient is there */
    bool is_cut;       /* not all recipients are named: the list ends with " …" */
    bool is_open;      /* MAIL was accepted */
    uint64_t identity; /* of its MAIL */
    uint64_t offer;    /* of the first recipient that was accepted, as in struct guard_failures */
    unsigned refused;  /* by the primary, of it: GUARD_FOR_NOW and GUARD_FOR_GOOD */
    unsigned *refused_nodes; /* the same for each node */
    bool *marks;             /* what guard_transaction_refuse returns */
};

void guard_transaction_init(struct guard_transaction *transaction,
                            const struct guard_domains *domains);
void guard_transaction_done(struct guard_transaction *transaction);

/* The primary has accepted MAIL, which begins a transaction, or RCPT. A path that was not kept is counted without its name. */
void guard_transaction_begin(struct guard_transaction *transaction,
                             const struct guard_pending *mail);
void guard_transaction_add(struct guard_transaction *transaction,
                           const struct guard_pending *recipient);

/* The primary has refused MAIL (for all nodes), one recipient, or the content (for the nodes of its recipients). how:
 * GUARD_FOR_NOW or GUARD_FOR_GOOD. Returns for each node whether this is its first such refusal in the transaction; borrowed
 * until the next call. A recipient whose path was not kept counts for all nodes. */
const bool *guard_transaction_refuse(struct guard_transaction *transaction, unsigned how,
                                     const struct guard_pending *command);

/* The transaction is over or was given up. */
void guard_transaction_clear(struct guard_transaction *transaction);

/* ---- guard_session.c: what both sides change ---- */

/* What the provider is told when the primary is lost. */
#define GUARD_PRIMARY_LOST "421 4.3.0 The mail server has failed, closing the connection"
#define GUARD_FAILED "4.3.0 The mail server has failed, try again later"
#define GUARD_NOT_NOW "451 " GUARD_FAILED

/* More octets than the lines of one reply can grow by: codes, CR, and a space behind a bare code. */
enum {
    GUARD_REPLY_GROWTH_MAX = 1024
};

/* What the provider sends now. */
enum guard_phase {
    GUARD_COMMANDS,
    GUARD_GOING,    /* nothing: DATA was passed */
    GUARD_CONTENT,  /* the primary has said 354 */
    GUARD_LEAVING,  /* QUIT was passed: what follows is not heard */
    GUARD_CHUNK,    /* the octets of a BDAT command that is refused at their end */
    GUARD_REFUSING, /* the rest of a message that is refused at its end */
    GUARD_ENDING,   /* QUIT, or a command that is told 421 */
};

struct guard {
    struct guard_options options;
    struct guard_domains domains; /* those of the options */
    enum guard_state state;
    enum guard_phase phase;
    struct buffer left;  /* the provider sent this while it had to wait */
    struct buffer line;  /* the command that is coming in */
    struct reply reply;  /* the primary's reply that is coming in */
    struct buffer hello; /* the last EHLO or HELO that was passed, with its CRLF */
    struct guard_queue queue;
    struct guard_data data;
    struct guard_transaction transaction;
    struct guard_counts counts;
    uint64_t mail;           /* identity of the last MAIL that was passed */
    bool is_utf8;            /* SMTPUTF8 was given with the last MAIL that was passed */
    bool has_dot;            /* a final dot was passed and its reply is still to come */
    bool is_stale;           /* the provider's transaction was lost with a primary, or is put off */
    bool is_introducing;     /* hello was said to a new primary, whose reply is for nobody */
    bool is_behind_auth;     /* what comes may be a secret */
    const char *fault;       /* of the command that is coming in: the reply to it; NULL: none */
    size_t skipped;          /* bytes of such a command */
    const char *chunk_reply; /* the reply at the end of GUARD_CHUNK */
    struct buffer answer;    /* the reply at the end of GUARD_REFUSING, with its CRLF */
    int64_t drained;         /* in GUARD_REFUSING: bytes so far; in GUARD_CHUNK: bytes to come */
    unsigned refused;        /* commands but RCPT and BDAT, in this session */
    unsigned heard;          /* commands, since the last accepted message */
    char why[ERROR_TEXT_SIZE];
};

/* Ends the session out of order. The provider is told reply (NULL: nothing), unless the fate of a message is open. why is
 * copied; NULL keeps the reason that is known already. */
void guard_break(struct guard *guard, struct guard_output *output, const char *reply,
                 const char *why);

/* The primary is lost, or can no longer be trusted. Commands that wait for it, a message that is coming in (at its end) and
 * the rest of a transaction are refused for now. why is copied. */
void guard_lose_primary(struct guard *guard, struct guard_output *output, const char *why);

/* Gives up the primary, and the message that is coming in: the message is read to its end and then answered by this code
 * and text (lines joined by \n). */
void guard_refuse_content(struct guard *guard, int code, const char *text, const char *why);

/* Counts what the primary does not take. A refusal that only follows from another one (503 to RCPT behind a refused MAIL, 554
 * to DATA without recipients) is not counted. */
void guard_note_refusal(struct guard *guard, const struct guard_pending *command, int code,
                        const char *text);

/* Reports the message whose final reply has come: its code and text. */
void guard_tell_message(const struct guard *guard, int code, const char *text);

/* Appends a reply of the primary, its lines joined by \n, as the provider is to see it. An EHLO reply (RFC 5321
 * 4.1.1.1) loses each extension that does not work across the guard, or that the guard does not know: STARTTLS would
 * end at the wrong host, BDAT carries content without a final dot, AUTH, XCLIENT and XFORWARD are
 * for peers that the primary trusts, and so are the success reports of DSN (RFC 3461). LIMITS (RFC 9422) and
 * DELIVERBY are left out because nothing is lost without them. target must have the room. */
void guard_reply_append(struct buffer *target, int code, const char *text, bool is_ehlo);

/* Sends a reply of our own at once. */
void guard_say(struct guard_output *output, const char *reply);

/* Queues a reply of our own, a constant, behind those that the provider still waits for. */
void guard_reply_own(struct guard *guard, struct guard_output *output, const char *reply);

/* Sends the replies of our own that are next in the queue. */
void guard_answer(struct guard *guard, struct guard_output *output);

/* ---- guard_provider.c, guard_primary.c: the two sides ---- */

/* Takes the provider's bytes, up to the end of the session; those that cannot be judged yet are kept. */
void guard_take_provider(struct guard *guard, const char *bytes, size_t size,
                         struct guard_output *output);

/* Goes on with the bytes that were kept, as far as that is possible now. */
void guard_take_waiting(struct guard *guard, struct guard_output *output);

/* Takes the primary's bytes, up to where it is lost or the session is over. */
void guard_take_primary(struct guard *guard, const char *bytes, size_t size,
                        struct guard_output *output);

#endif

#ifndef MXSIM_SCRIPT_H
#define MXSIM_SCRIPT_H

#include "socket.h"
#include "tls.h"
#include "wire.h"

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a script says, as data: a list of sections, each describing a server (or N alike). README.md
 * describes the language. Nothing here acts; script_parse.c fills it, rule.c and fault.c pick from
 * it. */

/* From first to last, counted from 1. */
struct range {
    int64_t first, last;
};

/* One `reply`, `greeting` or `ehlo`. */
struct rule {
    char *verb;        /* "GREETING", "ETRN", "." for the end of a message, "*" for any … */
    char *argument;    /* a pattern that the argument matches, or NULL: any */
    struct range turn; /* which of the connection's commands that match so far */
    struct range connections; /* on which connections of a server */
    char *text;               /* NULL: says nothing */
    size_t size;
    enum action action; /* what happens afterwards */
    size_t cut;         /* after so many bytes of the text; SIZE_MAX: after all */
};

/* One `delay`. */
struct delay {
    char *verb; /* NULL: any */
    struct range connections;
    int64_t us;
    char *file; /* that is waited for instead; NULL: none */
};

/* One `fault` or `drip`. */
enum fault_kind {
    FAULT_BYTES,
    FAULT_COMMANDS,
    FAULT_TURNED_BYTES,
    FAULT_DRIP
};
struct fault {
    enum fault_kind kind;
    int64_t count; /* bytes or commands */
    int64_t us;    /* of a drip */
    enum action action;
    struct range connections;
};

/* One `turn` line: what is done after ATRN or TURN was answered 250. */
enum step_kind {
    STEP_SAY,
    STEP_EXPECT,
    STEP_ENDLESS,
    STEP_DELIVER,
    STEP_CLOSE,
    STEP_RESET,
    STEP_STALL
};
struct step {
    enum step_kind kind;
    char *text; /* of say and endless */
    size_t size;
    struct range connections;
};

enum tls_mode {
    TLS_MODE_NONE,
    TLS_MODE_STARTTLS,
    TLS_MODE_IMPLICIT
};

struct section {
    char *name;
    bool is_sink;
    struct socket_address address;
    int64_t repeat; /* 0: not repeated */

    struct rule *rules;
    size_t rule_count;
    struct delay *delays;
    size_t delay_count;
    struct fault *faults;
    size_t fault_count;
    struct step *steps;
    size_t step_count;

    enum tls_mode tls_mode;
    struct tls_context *tls_context;
    unsigned mechanisms; /* auth.h */
    char *user, *password;
    bool require_tls, require_auth;

    int64_t connections_max; /* -1: any number at a time */
    char *full_text;         /* what the others are told */
    size_t full_size;
    int64_t refuse_after; /* -1: never */

    struct spool *spool; /* deliver, odmr: the messages that wait here; NULL: none */
    char *deliver_to;    /* an address or another section's name; NULL: ETRN delivers nothing */
    bool is_provider;    /* odmr */
    bool counts, says_empty;
    bool is_proxied;     /* a PROXY line comes first */
    struct store *store; /* keep: where accepted messages go; NULL: they are only counted */
    int line;
};

struct script {
    struct section *sections;
    size_t count;
    const char *path;   /* borrowed */
    bool ended_by_word; /* the script had the line `end` */
};

/* Reads a script, up to a line `end` or the end of the file. *error names the file and the line. */
enum status script_read(const char *path, struct script *script, struct error *error);
void script_done(struct script *script);

/* The section of this name; NULL: none. */
const struct section *script_find(const struct script *script, const char *name);

#endif

/* What an answer means: one table row for each code that an RFC names, and the first digit for the
 * rest. Nothing is decided by a reply's text. */
#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>
#include <mxpull/smtp/outcome.h>

#include <stdlib.h>
#include <string.h>

/* Verbs as bits, so that a row can speak of several. */
#define ETRN (1U << VERB_ETRN)
#define ATRN (1U << VERB_ATRN)
#define TURN (1U << VERB_TURN)
#define ANY (ETRN | ATRN | TURN)

static const struct row {
    unsigned verbs;
    int code;
    enum outcome outcome;
} rows[] = {
    {ETRN, 250, OUTCOME_STARTED},              /* RFC 1985 5.2: queuing for the node was started */
    {ETRN, 251, OUTCOME_EMPTY},                /* RFC 1985 5.2: no messages waiting */
    {ETRN, 252, OUTCOME_PENDING},              /* RFC 1985 5.2: pending messages, number not told */
    {ETRN, 253, OUTCOME_PENDING},              /* RFC 1985 5.2: n pending messages */
    {ETRN, 458, OUTCOME_DEFERRED},             /* RFC 1985 5.2: unable to queue */
    {ETRN, 459, OUTCOME_DENIED},               /* RFC 1985 5.2: node not allowed */
    {ETRN | ATRN, 501, OUTCOME_MISUNDERSTOOD}, /* RFC 1985 5.2: syntax error in parameters */
    {ETRN | ATRN, 504, OUTCOME_MISUNDERSTOOD}, /* RFC 5321 4.2.2: parameter not implemented */
    {ATRN | TURN, 250, OUTCOME_RECEIVED}, /* RFC 2645 5.2.1, RFC 821 3.8: the roles reverse now */
    {ATRN, 450, OUTCOME_DENIED},          /* RFC 2645 5.2.1: one domain is not permitted */
    {ATRN, 451, OUTCOME_DEFERRED},        /* RFC 2645 5.2.1: unable to process now */
    {ATRN, 453, OUTCOME_EMPTY},           /* RFC 2645 5.2.1: you have no mail */
    {ANY, 221, OUTCOME_DEFERRED},         /* RFC 5321 4.2.3: closing the channel */
    {ANY, 421, OUTCOME_DEFERRED},         /* RFC 5321 3.8: closing the channel */
    {ANY, 500, OUTCOME_UNSUPPORTED},      /* RFC 1985 5.2: stop asking this host */
    {ANY, 502, OUTCOME_UNSUPPORTED},      /* RFC 5321 4.2.4: not implemented */
    {ANY, 530, OUTCOME_AUTHENTICATION},   /* RFC 4954 6: AUTH (RFC 3207 4: STARTTLS) is required */
    {ANY, 534, OUTCOME_AUTHENTICATION},   /* RFC 4954 6: mechanism too weak */
    {ANY, 535, OUTCOME_AUTHENTICATION},   /* RFC 4954 6: credentials invalid */
    {ANY, 538, OUTCOME_AUTHENTICATION},   /* RFC 4954 6: encryption required for the mechanism */
    {ANY, 550, OUTCOME_DENIED},           /* RFC 5321 4.2.3: refused by policy */
    {ANY, 554, OUTCOME_DENIED},           /* RFC 5321 4.2.3: refused, or no SMTP service here */
};

enum outcome outcome_of_reply(enum verb verb, int code)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].code == code && (rows[i].verbs & 1U << verb) != 0)
            return rows[i].outcome;
    }
    switch (code / 100) {
    case 2: return verb == VERB_ETRN ? OUTCOME_STARTED : OUTCOME_PROTOCOL;
    case 4: return OUTCOME_DEFERRED;
    case 5: return OUTCOME_DENIED;
    default: return OUTCOME_PROTOCOL;
    }
}

/* 500 and 502 say that the server does not know EHLO and HELO. 504 refuses our name (Postfix: "need
 * fully-qualified hostname"), as 501, 550 and 554 do. */
enum outcome outcome_of_refusal(enum stage stage, int code)
{
    switch (code / 100) {
    case 4: /* RFC 4954 6: 432 asks for a new password */
        return stage == STAGE_AUTH && code == 432 ? OUTCOME_AUTHENTICATION : OUTCOME_DEFERRED;
    case 5:
        if (stage == STAGE_AUTH)
            return OUTCOME_AUTHENTICATION;
        if (stage == STAGE_STARTTLS)
            return OUTCOME_TLS;
        return stage == STAGE_EHLO && (code == 500 || code == 502) ? OUTCOME_PROTOCOL
                                                                   : OUTCOME_DENIED;
    default: return stage == STAGE_AUTH ? OUTCOME_AUTHENTICATION : OUTCOME_PROTOCOL;
    }
}

enum outcome outcome_in_session(enum outcome outcome, int code, const struct standing *standing)
{
    bool wants_tls = !standing->tls && (standing->starttls_offered || code == 530);
    bool wants_auth = !standing->authenticated && (standing->auth_offered || wants_tls);

    if (code != 503 && code != 530)
        return outcome;
    if (wants_auth)
        return OUTCOME_AUTHENTICATION;
    return wants_tls ? OUTCOME_TLS : outcome;
}

enum outcome outcome_of_status(enum status status)
{
    switch (status) {
    case STATUS_PROTOCOL:
    case STATUS_LIMIT: return OUTCOME_PROTOCOL;
    case STATUS_TIMEOUT: return OUTCOME_TIMEOUT;
    case STATUS_TLS: return OUTCOME_TLS;
    case STATUS_AUTHENTICATION: return OUTCOME_AUTHENTICATION;
    case STATUS_SYNTAX: return OUTCOME_MISCONFIGURED;
    case STATUS_OK:
    case STATUS_UNREACHABLE:
    case STATUS_BUSY:
    case STATUS_SHORTAGE:
    case STATUS_SYSTEM: return OUTCOME_UNREACHABLE;
    }
    return OUTCOME_UNREACHABLE;
}

int64_t outcome_pending_count(const char *text)
{
    static const char spaces[] = " \t\r\n", digits[] = "0123456789";
    enum {
        DIGITS_MAX = 18
    };
    size_t code = strspn(text, "0123456789.");

    if (memchr(text, '.', code) != NULL && strchr(spaces, text[code]) != NULL)
        text += code; /* an enhanced status code (RFC 2034) */
    text += strspn(text, spaces);
    if (text_starts_with(text, "OK")) {
        text += 2;
        text += strspn(text, ",:;");
        text += strspn(text, spaces);
    }
    size_t size = strspn(text, digits), space = strspn(text + size, spaces);
    const char *behind = text + size + space;
    bool is_count = size > 0 && size <= DIGITS_MAX && space > 0 &&
                    (text_starts_with(behind, "pending") || text_starts_with(behind, "message"));
    return is_count ? strtoll(text, NULL, 10) : -1;
}

#define OUTCOME_MEANING(member, name, exit_status) {name, exit_status},
static const struct meaning {
    const char *name;
    int exit_status;
} meanings[] = {OUTCOMES(OUTCOME_MEANING)};

const char *outcome_name(enum outcome outcome)
{
    return meanings[outcome].name;
}

bool outcome_find(const char *name, enum outcome *outcome)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (strcmp(meanings[i].name, name) == 0) {
            *outcome = (enum outcome)i;
            return true;
        }
    }
    return false;
}

int outcome_exit_status(enum outcome outcome)
{
    return meanings[outcome].exit_status;
}

enum grade outcome_grade(enum outcome outcome)
{
    if (outcome == OUTCOME_HELD)
        return GRADE_HELD;
    if (outcome_exit_status(outcome) == 0)
        return GRADE_GOOD;
    return outcome_is_temporary(outcome) ? GRADE_TEMPORARY : GRADE_BAD;
}

bool outcome_is_temporary(enum outcome outcome)
{
    return meanings[outcome].exit_status == 75;
}

int exit_status_worse(int a, int b)
{
    static const int worst_first[] = {78, 77, 69, 76, 75};

    for (size_t i = 0; i < COUNT_OF(worst_first); i++) {
        if (worst_first[i] == a || worst_first[i] == b)
            return worst_first[i];
    }
    return 0;
}

const char *verb_name(enum verb verb)
{
    static const char *const names[] = {[VERB_CONNECT] = "CONNECT",
                                        [VERB_ETRN] = "ETRN",
                                        [VERB_ATRN] = "ATRN",
                                        [VERB_TURN] = "TURN"};

    return names[verb];
}

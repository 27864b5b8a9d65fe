/* Asks a mail server for the postmaster of each domain (RFC 5321 4.5.1), in transactions behind
 * MAIL FROM:<> that are all reset, on as many connections as it takes.
 *
 *   GREETING --220--> EHLO [--5yz--> HELO] --> MAIL --> RCPT ... --> RSET [--> MAIL ...]  --> QUIT
 *       ^                                                                               |
 *       +--------------------- domains left, and an answer on this connection ----------+
 *
 * Which domain is asked next, and when the attempts end, so that one at which the server hangs up keeps
 * no other from being asked, is decided by attempts.c. What ends the first connection before a
 * domain was asked for ends it all: the server is not ready. */
#include "attempts.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/smtp/probe.h>
#include <mxpull/smtp/reply.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 5321 4.5.3.1.8 promises 100 recipients. Postfix slows down who has made 10 errors on a
 * connection, and cuts off at 20. */
enum {
    RECIPIENTS_MAX = 50, /* of a transaction */
    REFUSALS_MAX = 8,    /* of a connection */
    REASON_SIZE_MAX = 240
};

enum state {
    GREETING,
    EHLO,
    HELO,
    MAIL,
    RCPT,
    RSET
};

struct probe {
    const char *ehlo_name;      /* borrowed */
    const struct node *domains; /* borrowed */
    size_t count;
    char **refusals; /* owned; for each domain; NULL: accepted, or not known yet */
    enum probe_fate *fates;
    struct attempts attempts; /* its current item: the domain that was asked last */
    enum state state;
    bool has_asked;                     /* for any domain, on any connection */
    bool has_answer;                    /* of any */
    size_t refused_here, accepted_here; /* on this connection */
    size_t accepted, asked;             /* in this transaction */
    char reason[REASON_SIZE_MAX + 1];   /* why this connection brings nothing */
    char *why;                          /* owned */
    char *command;
    size_t command_size;
};

struct probe *probe_new(const char *ehlo_name, const struct node *domains, size_t count)
{
    struct probe *probe = memory_new(1, sizeof *probe);
    size_t name_size = strlen(ehlo_name);

    probe->ehlo_name = ehlo_name;
    probe->domains = domains;
    probe->count = count;
    probe->refusals = memory_new(count, sizeof *probe->refusals);
    probe->fates = memory_new(count, sizeof *probe->fates);
    attempts_init(&probe->attempts, count);
    for (size_t i = 0; i < count; i++)
        probe->fates[i] = PROBE_LEFT_OUT;
    if (name_size < DOMAIN_SIZE_MAX)
        name_size = DOMAIN_SIZE_MAX;
    probe->command_size = name_size + sizeof "RCPT TO:<postmaster@>\r\n";
    probe->command = memory_new(probe->command_size, 1);
    return probe;
}

void probe_free(struct probe *probe)
{
    if (probe == NULL)
        return;
    for (size_t i = 0; i < probe->count; i++)
        free(probe->refusals[i]);
    free(probe->refusals);
    free(probe->fates);
    attempts_done(&probe->attempts);
    free(probe->why);
    free(probe->command);
    free(probe);
}

/* ---- reasons ---- */

/* The first line of a text, behind the code that it came with. */
static void put_reason(char reason[REASON_SIZE_MAX + 1], int code, const char *text)
{
    char words[REPLY_LINE_SIZE_MAX + 8], digits[8] = "";
    int size = (int)strcspn(text, "\n");

    if (code != 0)
        (void)snprintf(digits, sizeof digits, "%03d%s", code, size > 0 ? " " : "");
    (void)snprintf(words, sizeof words, "%s%.*s", digits, size, text);
    (void)text_copy_cut(reason, REASON_SIZE_MAX + 1, words);
}

/* Notes what has become of a domain. */
static void note(struct probe *probe, size_t domain, enum probe_fate fate, const char *reason)
{
    free(probe->refusals[domain]);
    probe->refusals[domain] = memory_copy(reason);
    probe->fates[domain] = fate;
}

/* The domains that wait are not asked any more. */
static void settle_waiting(struct probe *probe, enum probe_fate fate, const char *reason)
{
    size_t domain;

    while (attempts_take(&probe->attempts, &domain)) {
        if (probe->fates[domain] == PROBE_LEFT_OUT)
            note(probe, domain, fate, reason);
    }
}

/* Asks no more. Without any answer the server as a whole is not ready. */
static void give_up(struct probe *probe, const char *reason)
{
    if (!probe->has_answer && probe->why == NULL)
        probe->why = memory_copy(reason);
    settle_waiting(probe, PROBE_LEFT_OUT, reason);
}

/* ---- commands ---- */

static enum probe_step say(struct probe *probe, enum state state, const char *verb,
                           const char *argument, const char *rest)
{
    (void)snprintf(probe->command, probe->command_size, "%s%s%s\r\n", verb, argument, rest);
    probe->state = state;
    return PROBE_SEND;
}

static enum probe_step say_mail(struct probe *probe)
{
    probe->accepted = probe->asked = 0;
    return say(probe, MAIL, "MAIL FROM:<>", "", "");
}

static enum probe_step say_recipient(struct probe *probe)
{
    probe->asked++;
    probe->has_asked = true;
    return say(probe, RCPT, "RCPT TO:<postmaster@",
               probe->domains[attempts_ask(&probe->attempts)].name, ">");
}

/* The connection is over, or is about to be; reason says why, which is told if it has brought nothing. */
static enum probe_step leave(struct probe *probe, const char *reason)
{
    struct attempts *attempts = &probe->attempts;
    char name[NODE_SIZE_MAX + sizeof "postmaster@"] = "";

    if (attempts->asked_here > 0)
        (void)snprintf(name, sizeof name, "postmaster@%s", probe->domains[attempts->current].name);
    probe->state = GREETING;
    probe->refused_here = probe->accepted_here = 0;
    const char *why = attempts_leave(attempts, name, reason);
    if (why != NULL)
        give_up(probe, why);
    return attempts->waiting > 0 ? PROBE_CONNECT : PROBE_END;
}

/* The server is not ready for any domain, before one was asked for on this connection. */
static void refuse_all(struct probe *probe, const char *reason)
{
    (void)snprintf(probe->reason, sizeof probe->reason, "%s", reason);
    if (!probe->has_asked)
        give_up(probe, reason);
}

/* ---- replies ---- */

enum probe_step probe_established(struct probe *probe)
{
    return probe->attempts.waiting > 0 ? say_mail(probe) : PROBE_QUIT;
}

static bool is_positive(int code)
{
    return code / 100 == 2;
}

static enum probe_step greeting_answered(struct probe *probe, int code, const char *reason)
{
    if (code != 220)
        refuse_all(probe, reason);
    if (code != 220 || probe->attempts.waiting == 0)
        return PROBE_QUIT;
    return say(probe, EHLO, "EHLO ", probe->ehlo_name, "");
}

static enum probe_step hello_answered(struct probe *probe, int code, const char *reason)
{
    if (is_positive(code))
        return say_mail(probe);
    if (probe->state == EHLO && code / 100 == 5)
        return say(probe, HELO, "HELO ", probe->ehlo_name, "");
    refuse_all(probe, reason);
    return PROBE_QUIT;
}

/* Behind answers a refusal of MAIL may be about the connection ("enough mail on this one"): the domains left are asked on a
 * new one. */
static enum probe_step mail_answered(struct probe *probe, int code, const char *reason)
{
    if (is_positive(code))
        return say_recipient(probe);
    (void)snprintf(probe->reason, sizeof probe->reason, "%s", reason);
    if (!probe->has_asked)
        settle_waiting(probe, PROBE_REFUSED, reason);
    return PROBE_QUIT;
}

/* RFC 5321 4.5.3.1.10: too many recipients is 452, or 552 with older servers. Behind accepted ones it says nothing about
 * the recipient: that is asked again in a transaction of its own, and where that is too much for the connection,
 * at the head of the next one. */
static bool is_too_many(int code)
{
    return code == 452 || code == 552;
}

static enum probe_step recipient_answered(struct probe *probe, int code, const char *reason)
{
    if (is_positive(code)) {
        probe->accepted++;
        probe->accepted_here++;
    } else {
        probe->refused_here++;
    }
    if (is_too_many(code) && probe->accepted_here > 0) {
        attempts_withdraw(&probe->attempts);
        return probe->accepted > 0 ? say(probe, RSET, "RSET", "", "") : PROBE_QUIT;
    }
    note(probe, probe->attempts.current, is_positive(code) ? PROBE_ACCEPTED : PROBE_REFUSED,
         is_positive(code) ? NULL : reason);
    probe->has_answer = true;
    attempts_answered(&probe->attempts);
    if (!attempts_may_ask(&probe->attempts) || probe->asked == RECIPIENTS_MAX ||
        probe->refused_here == REFUSALS_MAX)
        return say(probe, RSET, "RSET", "", "");
    return say_recipient(probe);
}

static enum probe_step reset_answered(struct probe *probe, int code)
{
    if (attempts_may_ask(&probe->attempts) && is_positive(code) &&
        probe->refused_here < REFUSALS_MAX)
        return say_mail(probe);
    return PROBE_QUIT;
}

static enum probe_step lose(struct probe *probe, const char *reason)
{
    if (probe->state == RCPT) {
        note(probe, probe->attempts.current, PROBE_CUT, reason);
        (void)attempts_cut(&probe->attempts, false);
    }
    if (!probe->has_asked)
        give_up(probe, reason);
    return leave(probe, reason);
}

enum probe_step probe_cut(struct probe *probe, const char *text)
{
    char reason[REASON_SIZE_MAX + 1];

    put_reason(reason, 0, text);
    return lose(probe, reason);
}

enum probe_step probe_parted(struct probe *probe)
{
    return leave(probe, probe->reason);
}

void probe_withdraw(struct probe *probe)
{
    if (probe->state != RCPT)
        return;
    attempts_withdraw(&probe->attempts);
    probe->state = MAIL;
}

enum probe_step probe_stop(struct probe *probe, const char *text)
{
    char reason[REASON_SIZE_MAX + 1];

    put_reason(reason, 0, text);
    give_up(probe, reason);
    return PROBE_END;
}

enum probe_step probe_reply(struct probe *probe, int code, const char *text)
{
    char reason[REASON_SIZE_MAX + 1];

    put_reason(reason, code, text);
    if (code == 421) /* RFC 5321 3.8: the server closes, whatever it was asked */
        return lose(probe, reason);
    switch (probe->state) {
    case GREETING: return greeting_answered(probe, code, reason);
    case EHLO:
    case HELO: return hello_answered(probe, code, reason);
    case MAIL: return mail_answered(probe, code, reason);
    case RCPT: return recipient_answered(probe, code, reason);
    case RSET: return reset_answered(probe, code);
    }
    return leave(probe, reason);
}

/* ---- what is known ---- */

const char *probe_command(const struct probe *probe)
{
    return probe->command;
}

const char *probe_why(const struct probe *probe)
{
    return probe->why;
}

enum probe_fate probe_fate(const struct probe *probe, size_t domain)
{
    return probe->fates[domain];
}

const char *probe_refusal(const struct probe *probe, size_t domain)
{
    return probe->why == NULL ? probe->refusals[domain] : NULL;
}

/* Asks a mail server for the postmaster of each domain (RFC 5321 4.5.1), in transactions behind
 * MAIL FROM:<> that are all reset, on as many connections as it takes.
 *
 *   GREETING --220--> EHLO [--5yz--> HELO] --> MAIL --> RCPT ... --> RSET [--> MAIL ...] --> QUITTING
 *       ^                                                                               |
 *       +--------------------- domains left, and an answer on this connection ----------+
 *
 * Nothing loops: a new connection is only asked for when the last one brought a domain's answer that
 * stays, and the first RCPT of a transaction always brings one or loses the connection. The domain
 * that was being asked when a connection was lost goes to the end of the queue, so that a domain at
 * which the server hangs up does not keep those behind it from being asked. */
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/smtp/probe.h>

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
    RSET,
    QUITTING
};

struct probe {
    const char *ehlo_name;      /* borrowed */
    const struct node *domains; /* borrowed */
    size_t count;
    size_t *same;    /* for each domain the first one of its name, which is asked for all of them */
    char **refusals; /* owned; for each domain that is asked; NULL: accepted, or not known yet */
    size_t *waiting; /* a ring of domains without an answer; the first one is being asked */
    size_t waiting_size, waiting_first, waiting_count;
    enum state state;
    bool has_answer;      /* of any domain, on any connection */
    size_t answered_here; /* on this connection */
    size_t refused_here;
    size_t accepted, asked; /* in this transaction */
    char *why;              /* owned */
    char *command;
    size_t command_size;
};

/* ---- domains ---- */

struct name {
    const char *text;
    size_t index;
};

static int compare_names(const void *left, const void *right)
{
    const struct name *a = left, *b = right;
    int order = strcmp(a->text, b->text);

    if (order != 0)
        return order;
    return (a->index > b->index) - (a->index < b->index);
}

/* Finds the doubles, and queues the first domain of each name in the order given. */
static void queue_domains(struct probe *probe)
{
    struct name *names = memory_new(probe->count, sizeof *names);
    size_t count = 0;

    for (size_t i = 0; i < probe->count; i++) {
        probe->same[i] = i;
        if (probe->domains[i].form == NODE_DOMAIN)
            names[count++] = (struct name){.text = probe->domains[i].name, .index = i};
    }
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i].text, names[i - 1].text) == 0)
            probe->same[names[i].index] = probe->same[names[i - 1].index];
    }
    free(names);
    for (size_t i = 0; i < probe->count; i++) {
        if (probe->domains[i].form == NODE_DOMAIN && probe->same[i] == i)
            probe->waiting[probe->waiting_count++] = i;
    }
    probe->waiting_size = probe->waiting_count;
}

static size_t take_first(struct probe *probe)
{
    size_t domain = probe->waiting[probe->waiting_first];

    assert(probe->waiting_count > 0);
    probe->waiting_first = (probe->waiting_first + 1) % probe->waiting_size;
    probe->waiting_count--;
    return domain;
}

static void put_last(struct probe *probe, size_t domain)
{
    assert(probe->waiting_count < probe->waiting_size);
    probe->waiting[(probe->waiting_first + probe->waiting_count) % probe->waiting_size] = domain;
    probe->waiting_count++;
}

struct probe *probe_new(const char *ehlo_name, const struct node *domains, size_t count)
{
    struct probe *probe = memory_new(1, sizeof *probe);
    size_t name_size = strlen(ehlo_name);

    probe->ehlo_name = ehlo_name;
    probe->domains = domains;
    probe->count = count;
    probe->same = memory_new(count, sizeof *probe->same);
    probe->refusals = memory_new(count, sizeof *probe->refusals);
    probe->waiting = memory_new(count, sizeof *probe->waiting);
    queue_domains(probe);
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
    free(probe->same);
    free(probe->waiting);
    free(probe->why);
    free(probe->command);
    free(probe);
}

/* ---- reasons ---- */

/* The first line of a text, behind the code that it came with. */
static void put_reason(char reason[REASON_SIZE_MAX + 1], int code, const char *text)
{
    char *line = memory_copy_part(text, strcspn(text, "\n"));
    struct buffer words;

    buffer_init(&words, REASON_SIZE_MAX);
    if (code != 0)
        (void)buffer_append_format(&words, "%03d%s", code, *line != '\0' ? " " : "");
    text_append_cut(&words, line, REASON_SIZE_MAX);
    (void)text_copy(reason, REASON_SIZE_MAX + 1, words.bytes);
    buffer_done(&words);
    free(line);
}

static void settle_first(struct probe *probe, const char *refusal)
{
    probe->refusals[take_first(probe)] = memory_copy(refusal);
}

static void refuse_waiting(struct probe *probe, const char *reason)
{
    while (probe->waiting_count > 0)
        settle_first(probe, reason);
}

/* Asks no more: a connection has brought nothing. */
static void give_up(struct probe *probe, const char *reason)
{
    if (probe->has_answer) {
        refuse_waiting(probe, reason);
    } else {
        probe->why = memory_copy(reason);
        probe->waiting_count = 0;
    }
}

/* ---- commands ---- */

static enum probe_step say(struct probe *probe, enum state state, const char *verb,
                           const char *argument, const char *rest)
{
    (void)snprintf(probe->command, probe->command_size, "%s%s%s\r\n", verb, argument, rest);
    probe->state = state;
    return PROBE_SEND;
}

static enum probe_step say_quit(struct probe *probe)
{
    return say(probe, QUITTING, "QUIT", "", "");
}

static enum probe_step say_mail(struct probe *probe)
{
    probe->accepted = probe->asked = 0;
    return say(probe, MAIL, "MAIL FROM:<>", "", "");
}

static enum probe_step say_recipient(struct probe *probe)
{
    probe->asked++;
    return say(probe, RCPT, "RCPT TO:<postmaster@",
               probe->domains[probe->waiting[probe->waiting_first]].name, ">");
}

/* The connection is over, or will be without further words. */
static enum probe_step leave(struct probe *probe)
{
    probe->state = GREETING;
    probe->answered_here = probe->refused_here = 0;
    return probe->waiting_count > 0 ? PROBE_CONNECT : PROBE_END;
}

/* ---- replies ---- */

static bool is_positive(int code)
{
    return code / 100 == 2;
}

static enum probe_step greeting_answered(struct probe *probe, int code, const char *reason)
{
    if (code != 220)
        give_up(probe, reason);
    if (probe->waiting_count == 0)
        return say_quit(probe);
    return say(probe, EHLO, "EHLO ", probe->ehlo_name, "");
}

static enum probe_step hello_answered(struct probe *probe, int code, const char *reason)
{
    if (is_positive(code))
        return say_mail(probe);
    if (probe->state == EHLO && code / 100 == 5)
        return say(probe, HELO, "HELO ", probe->ehlo_name, "");
    give_up(probe, reason);
    return say_quit(probe);
}

/* A refusal behind answers may be the connection's ("enough mail on this one"): the domains are
 * asked again on a new one. */
static enum probe_step mail_answered(struct probe *probe, int code, const char *reason)
{
    if (is_positive(code))
        return say_recipient(probe);
    if (probe->answered_here == 0)
        refuse_waiting(probe, reason);
    return say_quit(probe);
}

/* RFC 5321 4.5.3.1.10: too many recipients is 452, or 552 with older servers, and says nothing about
 * the recipient. */
static bool is_too_many(const struct probe *probe, int code)
{
    return (code == 452 || code == 552) && probe->accepted > 0;
}

static enum probe_step recipient_answered(struct probe *probe, int code, const char *reason)
{
    if (is_positive(code))
        probe->accepted++;
    else
        probe->refused_here++;
    if (is_too_many(probe, code))
        return say(probe, RSET, "RSET", "", "");
    settle_first(probe, is_positive(code) ? NULL : reason);
    probe->has_answer = true;
    probe->answered_here++;
    if (probe->waiting_count == 0 || probe->asked == RECIPIENTS_MAX ||
        probe->refused_here == REFUSALS_MAX)
        return say(probe, RSET, "RSET", "", "");
    return say_recipient(probe);
}

static enum probe_step reset_answered(struct probe *probe, int code)
{
    if (probe->waiting_count > 0 && is_positive(code) && probe->refused_here < REFUSALS_MAX)
        return say_mail(probe);
    return say_quit(probe);
}

static enum probe_step lose(struct probe *probe, const char *reason)
{
    if (probe->state == QUITTING)
        return leave(probe);
    if (probe->state == RCPT)
        put_last(probe, take_first(probe));
    if (probe->answered_here == 0)
        give_up(probe, reason);
    return leave(probe);
}

enum probe_step probe_cut(struct probe *probe, const char *text)
{
    char reason[REASON_SIZE_MAX + 1];

    put_reason(reason, 0, text);
    return lose(probe, reason);
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
    case QUITTING: return leave(probe);
    }
    return leave(probe);
}

/* ---- what is known ---- */

const char *probe_command(const struct probe *probe)
{
    return probe->command;
}

bool probe_is_quitting(const struct probe *probe)
{
    return probe->state == QUITTING;
}

const char *probe_why(const struct probe *probe)
{
    return probe->why;
}

const char *probe_refusal(const struct probe *probe, size_t domain)
{
    return probe->refusals[probe->same[domain]];
}

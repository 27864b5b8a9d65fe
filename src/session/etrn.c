/* Asks one backup for its domains by ETRN: brings the dialogue, which decides what is said, and the connection together,
 * keeps the deadlines, and writes down the answers. */
#include "session.h"

#include <mxpull/base/duration.h>
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/net/connection.h>
#include <mxpull/platform/clock.h>
#include <mxpull/smtp/dialogue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long the answer to QUIT may take where a result depends on it, and how long a session may go on after stop. */
enum {
    QUIT_TIMEOUT_MS = 2000,
    STOP_TIMEOUT_MS = 500
};

struct etrn_session {
    struct session base;
    struct dialogue *dialogue;
    bool has_said_quit; /* on the connection */
    int64_t connecting_ms, asked_ms;
    int64_t limit_ms; /* monotonic: when nothing more is asked */
    int64_t stamp_ms; /* when the last command was sent, wall clock */
};

static void act(struct etrn_session *session, enum dialogue_step step);

static struct etrn_session *of(struct session *base)
{
    return (struct etrn_session *)base;
}

/* A backup that takes all of command_timeout for each reply must not hold a poll for hours. Every backup that was seen is
 * done within twice that time and a tenth of it for each domain. */
static const char too_long[] = "not asked: the backup has taken too long for the domains before";

static bool is_late(const struct etrn_session *session)
{
    return clock_monotonic_ms() >= session->limit_ms;
}

/* ---- what becomes known ---- */

/* RFC 1985 5.2: a backup also says 458 while it still works on an earlier ETRN. Exim says 458 for "never" as well, so
 * only an ETRN that did start counts, and only for a while. */
static bool report_under_way(struct result *result, const struct answer *answer)
{
    enum {
        STILL_AT_IT_S = 3600
    };
    char text[ANSWER_TEXT_SIZE_MAX + DURATION_TEXT_SIZE + 64], duration[DURATION_TEXT_SIZE];
    int64_t since_s = (clock_wall_ms() - result->started_ms) / 1000;

    if (answer->code != 458 || answer->attempts == 0 || result->started_ms == 0 || since_s < 0 ||
        since_s >= STILL_AT_IT_S)
        return false;
    (void)snprintf(text, sizeof text, "still at what it began %s ago: %s",
                   duration_format(duration, since_s < 60 ? since_s : since_s - since_s % 60),
                   answer->text);
    session_answer(result, VERB_ETRN, OUTCOME_STARTED, answer->code, text);
    return true;
}

/* Writes down one answer that has become known. */
static void report(struct etrn_session *session, size_t node)
{
    const struct answer *answer = dialogue_answer(session->dialogue, node);
    struct result *result = session->base.poll->wanted[node];

    result->dry = session->base.is_dry;
    if (session->base.is_dry) {
        char command[NODE_SIZE_MAX + sizeof "ETRN "];

        (void)snprintf(command, sizeof command, "ETRN %s", result->node->name);
        session_replace(&result->command, command);
    }
    if (!report_under_way(result, answer))
        session_answer(result, answer->attempts > 0 ? VERB_ETRN : VERB_CONNECT, answer->outcome,
                       answer->code, answer->text);
    result->pending = answer->pending;
    if (!answer->left_out) /* or else at least a connection was tried */
        result->attempts += answer->attempts > 0 ? answer->attempts : 1;
    if (answer->attempts == 0)
        result->ms = clock_monotonic_ms() - session->connecting_ms;
    session_tell(session->base.poll->polling, result);
}

/* ---- what the connection brings ---- */

/* Notes how long the node that is being asked has waited for its reply, or for the cut of the connection. */
static void note_time(struct etrn_session *session)
{
    size_t node;

    if (dialogue_is_asking(session->dialogue, &node))
        session->base.poll->wanted[node]->ms = clock_monotonic_ms() - session->asked_ms;
}

/* A result describes the connection that was tried last for it. A refusal that was taken back keeps the facts of its own
 * connection, unless another one stands. */
static bool needs_facts(const struct session *base, size_t node, bool stands)
{
    const struct etrn_session *session = (const struct etrn_session *)base;
    const struct answer *answer = dialogue_answer(session->dialogue, node);

    return !answer->known && (stands || answer->text == NULL);
}

static void cut(struct session *base, enum outcome outcome, int code, const char *text)
{
    struct etrn_session *session = of(base);
    size_t node;

    if (outcome == OUTCOME_TIMEOUT && session->has_said_quit &&
        !dialogue_is_asking(session->dialogue, &node)) {
        act(session, dialogue_parted(session->dialogue));
        return;
    }
    note_time(session);
    if (base->is_stopping && code == 0) {
        outcome = OUTCOME_INTERRUPTED;
        text = "stopped before an answer came";
    }
    act(session, dialogue_cut(session->dialogue, outcome, code, text));
}

static void declined(struct session *base, enum outcome outcome, const char *text)
{
    struct etrn_session *session = of(base);

    act(session, dialogue_decline(session->dialogue, outcome, text));
}

static void established(struct session *base)
{
    struct etrn_session *session = of(base);

    base->is_dry = base->poll->polling->dry_run;
    act(session, base->is_dry ? dialogue_decline(session->dialogue, OUTCOME_STARTED, "")
                              : dialogue_connected(session->dialogue));
}

static void replied(struct session *base, const char *rest, size_t *size)
{
    struct etrn_session *session = of(base);
    struct reply *reply = &base->hearing.reply;

    (void)rest;
    note_time(session);
    bool is_last = is_late(session) && !session->has_said_quit;
    if (is_last) /* QUIT, once this reply is taken */
        (void)dialogue_stop(session->dialogue, OUTCOME_DEFERRED, too_long);
    enum dialogue_step step = dialogue_reply(session->dialogue, reply->code, reply->text.bytes);
    reply_reset(reply);
    if (*size > 0 && (step == DIALOGUE_ASK || step == DIALOGUE_QUIT)) {
        dialogue_withdraw(session->dialogue); /* what came unasked is judged first */
        return;
    }
    base->hearing.expects = step == DIALOGUE_WAIT;
    act(session, is_last && step == DIALOGUE_WAIT ? DIALOGUE_QUIT : step);
}

static void reconnect(struct session *base)
{
    act(of(base), DIALOGUE_CONNECT);
}

/* ---- what is done ---- */

static void open_connection(struct etrn_session *session)
{
    session->connecting_ms = clock_monotonic_ms();
    session->has_said_quit = false;
    session_connect(&session->base);
}

static void disconnect(struct etrn_session *session)
{
    if (session->has_said_quit)
        session_leave(&session->base, "");
    connection_close(session->base.connection);
    session->base.connection = NULL;
}

/* Stamps differ from each other, so that they tell the order of asking. */
static int64_t next_stamp_ms(const struct etrn_session *session)
{
    int64_t now_ms = clock_wall_ms();

    return now_ms > session->stamp_ms || now_ms < session->stamp_ms - 1000 ? now_ms
                                                                           : session->stamp_ms + 1;
}

static void say(struct etrn_session *session, const char *command, int64_t timeout_ms)
{
    if (session->base.is_stopping)
        timeout_ms = STOP_TIMEOUT_MS;
    session_say(&session->base, command, clock_monotonic_ms() + timeout_ms);
}

static void send_etrn(struct etrn_session *session)
{
    size_t node;

    (void)dialogue_is_asking(session->dialogue, &node);
    struct result *result = session->base.poll->wanted[node];
    session_move(&session->base, SESSION_ASKING, result->domain);
    result->asked_ms = session->stamp_ms = next_stamp_ms(session);
    session->asked_ms = clock_monotonic_ms();
    say(session, dialogue_command(session->dialogue),
        session->base.poll->backup->command_timeout_s * 1000);
}

static void send_quit(struct etrn_session *session)
{
    int64_t timeout_ms = session->base.poll->backup->command_timeout_s * 1000;

    session->has_said_quit = true;
    session_move(&session->base, SESSION_QUITTING, NULL);
    say(session, "QUIT\r\n", timeout_ms < QUIT_TIMEOUT_MS ? timeout_ms : QUIT_TIMEOUT_MS);
}

static void act(struct etrn_session *session, enum dialogue_step step)
{
    if (session->base.is_stopping && step == DIALOGUE_CONNECT)
        step =
            dialogue_stop(session->dialogue, OUTCOME_INTERRUPTED, "stopped before an answer came");
    else if (step == DIALOGUE_CONNECT && is_late(session))
        step = dialogue_stop(session->dialogue, OUTCOME_DEFERRED, too_long);
    for (size_t node; dialogue_take(session->dialogue, &node);)
        report(session, node);
    switch (step) {
    case DIALOGUE_ASK: send_etrn(session); break;
    case DIALOGUE_QUIT: send_quit(session); break;
    case DIALOGUE_PART:
        session_move(&session->base, SESSION_QUITTING, NULL);
        session_leave(&session->base, "QUIT\r\n");
        act(session, dialogue_parted(session->dialogue));
        break;
    case DIALOGUE_WAIT: break;
    case DIALOGUE_CONNECT:
        disconnect(session);
        open_connection(session);
        break;
    case DIALOGUE_END:
        disconnect(session);
        session_end(&session->base);
        break;
    }
}

static void stop(struct session *base)
{
    struct etrn_session *session = of(base);

    enum dialogue_step step =
        dialogue_stop(session->dialogue, OUTCOME_INTERRUPTED, "stopped before an answer came");
    if (step == DIALOGUE_WAIT)
        connection_deadline(base->connection, clock_monotonic_ms() + STOP_TIMEOUT_MS);
    act(session, step);
}

static void free_session(struct session *base)
{
    struct etrn_session *session = of(base);

    disconnect(session);
    dialogue_free(session->dialogue);
    session_done(base);
    free(session);
}

struct session *etrn_session_new(struct poll *poll, void (*ended)(void *poll))
{
    static const struct session_method method = {
        .events = {.ready = session_ready,
                   .received = session_received,
                   .failed = session_failed,
                   .wire = session_wire},
        .needs_facts = needs_facts,
        .established = established,
        .declined = declined,
        .replied = replied,
        .cut = cut,
        .reconnect = reconnect,
        .stop = stop,
        .free = free_session,
    };
    struct etrn_session *session = memory_new(1, sizeof *session);

    session_init(&session->base, &method, poll, ended);
    session->limit_ms = clock_monotonic_ms() + poll->backup->command_timeout_s * 1000 *
                                                   (20 + (int64_t)poll->wanted_count) / 10;
    session->dialogue = dialogue_new(session->base.nodes, poll->wanted_count,
                                     (size_t)poll->backup->etrns_per_connection, poll->understood);
    open_connection(session);
    return &session->base;
}

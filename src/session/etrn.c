/* One backup asked for its domains by ETRN: the dialogue decides what is said, the connection
 * carries it, and this file brings the two together, keeps the deadlines and writes down what was
 * answered. */
#include "session.h"

#include "etrn.h"
#include <mxpull/base/duration.h>
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/net/connection.h>
#include <mxpull/platform/clock.h>
#include <mxpull/smtp/dialogue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long QUIT's answer is waited for where something depends on it, and how long a session that is
 * told to stop may take. */
enum {
    QUIT_TIMEOUT_MS = 2000,
    STOP_TIMEOUT_MS = 500
};

struct etrn_session {
    struct session_options options;
    struct node *nodes; /* of options.results, in their order */
    struct dialogue *dialogue;
    struct connection *connection; /* NULL between two of them */
    bool has_said_quit;            /* on it */
    bool is_surplus; /* reply is one that was not asked for, and is not complete yet */
    struct reply reply;
    bool in_clear; /* TLS was offered and did not work out; with `may` mail goes on without */
    bool dry;      /* --dry-run has come as far as it goes */
    bool stopping;
    bool ended;
    int64_t connecting_ms, asked_ms;
    int64_t limit_ms; /* monotonic: when nothing more is asked */
    int64_t stamp_ms; /* when the last command was sent, wall clock */
};

static void act(struct etrn_session *session, enum dialogue_step step);

/* A backup that takes all of command_timeout for each reply is not to hold a poll for hours: twice that time, and a
 * tenth of it for each domain, is enough for all that were seen. */
static const char too_long[] = "not asked: the backup has taken too long for the domains before";

static bool is_late(const struct etrn_session *session)
{
    return clock_monotonic_ms() >= session->limit_ms;
}

/* ---- what becomes known ---- */

/* RFC 1985 5.2: a backup says 458 also while it is still at what an ETRN before began. Exim says it
 * for "never" as well, so that only a real start counts, and only for a while. Returns how long ago
 * that was, or -1. */
static int64_t under_way_for_s(const struct result *result, const struct answer *answer)
{
    enum {
        STILL_AT_IT_S = 3600
    };
    int64_t since_s = (clock_wall_ms() - result->started_ms) / 1000;

    if (answer->code != 458 || answer->attempts == 0 || result->started_ms == 0 || since_s < 0 ||
        since_s >= STILL_AT_IT_S)
        return -1;
    return since_s;
}

static void report_under_way(struct result *result, const struct answer *answer, int64_t since_s)
{
    char text[ANSWER_TEXT_SIZE_MAX + DURATION_TEXT_SIZE + 64], duration[DURATION_TEXT_SIZE];

    (void)snprintf(text, sizeof text, "still at what it began %s ago: %s",
                   duration_format(duration, since_s < 60 ? since_s : since_s - since_s % 60),
                   answer->text);
    session_answer(result, VERB_ETRN, OUTCOME_STARTED, answer->code, text);
}

/* Writes down one answer that has become known. */
static void report(struct etrn_session *session, size_t node)
{
    const struct answer *answer = dialogue_answer(session->dialogue, node);
    struct result *result = session->options.results[node];

    result->dry = session->dry;
    if (session->dry) {
        char command[NODE_SIZE_MAX + sizeof "ETRN "];

        (void)snprintf(command, sizeof command, "ETRN %s", result->node->name);
        session_replace(&result->command, command);
    }
    int64_t since_s = under_way_for_s(result, answer);
    if (since_s >= 0)
        report_under_way(result, answer, since_s);
    else
        session_answer(result, answer->attempts > 0 ? VERB_ETRN : VERB_CONNECT, answer->outcome,
                       answer->code, answer->text);
    result->pending = answer->pending;
    if (!answer->left_out) /* or else at least a connection was tried */
        result->attempts += answer->attempts > 0 ? answer->attempts : 1;
    if (answer->attempts == 0)
        result->ms = clock_monotonic_ms() - session->connecting_ms;
    session_tell(session->options.polling, result);
}

static void report_known(struct etrn_session *session)
{
    size_t node;

    while (dialogue_take(session->dialogue, &node))
        report(session, node);
}

/* Remembers for all results without an answer what this connection is like; the last one that was
 * tried stays. A refusal that was taken back, should no connection stand any more, keeps its own. */
static void note_facts(struct etrn_session *session, bool stands)
{
    const struct connection_facts *facts = connection_facts(session->connection);

    for (size_t i = 0; i < session->options.count; i++) {
        const struct answer *answer = dialogue_answer(session->dialogue, i);

        if (!answer->known && (stands || answer->text == NULL))
            session_note_facts(session->options.results[i], facts);
    }
}

static void move(const struct etrn_session *session, enum session_state state, const char *domain)
{
    session_move(&session->options, state, domain);
}

/* ---- what the connection brings ---- */

/* How long the node that is being asked has waited: until its reply, or until the connection was
 * cut. */
static void note_time(struct etrn_session *session)
{
    if (dialogue_is_asking(session->dialogue))
        session->options.results[dialogue_node(session->dialogue)]->ms =
            clock_monotonic_ms() - session->asked_ms;
}

static void cut(struct etrn_session *session, enum outcome outcome, int code, const char *text)
{
    note_time(session);
    if (session->stopping && code == 0) {
        outcome = OUTCOME_INTERRUPTED;
        text = "stopped before an answer came";
    }
    act(session, dialogue_cut(session->dialogue, outcome, code, text));
}

static void ready(void *context)
{
    struct etrn_session *session = context;
    const struct polling *polling = session->options.polling;
    const struct backup_config *backup = session->options.backup;

    note_facts(session, true);
    session_note_clear(backup, connection_facts(session->connection), session->in_clear);
    if (!connection_facts(session->connection)->ehlo.etrn && !backup->force) {
        char why[NOT_OFFERED_SIZE];
        enum outcome outcome =
            session_not_offered(connection_facts(session->connection), VERB_ETRN, why);

        act(session, dialogue_decline(session->dialogue, outcome, why));
    } else if (polling->dry_run) {
        session->dry = true;
        act(session, dialogue_decline(session->dialogue, OUTCOME_STARTED, ""));
    } else {
        act(session, dialogue_connected(session->dialogue));
    }
}

/* Bytes behind a reply to which no command was sent yet: a 421 that announces the end (RFC
 * 5321 3.8), or a server that answers what was not asked, and whose answers would be taken for
 * those to later commands. Nothing is sent before the reply is complete, which may come in parts. */
static void take_surplus(struct etrn_session *session, const char *bytes, size_t size)
{
    struct error error;
    size_t used;
    bool complete;
    enum status status = reply_feed(&session->reply, bytes, size, &used, &complete, &error);

    session->is_surplus = status == STATUS_OK && !complete;
    if (session->is_surplus)
        return;
    if (status == STATUS_OK && session->reply.code == 421)
        cut(session, OUTCOME_DEFERRED, 421, session->reply.text.bytes);
    else
        cut(session, OUTCOME_PROTOCOL, 0, "an answer to no command of ours");
}

static void received(void *context, const char *bytes, size_t size)
{
    struct etrn_session *session = context;
    struct connection *connection = session->connection;

    if (session->is_surplus) {
        take_surplus(session, bytes, size);
        return;
    }
    while (size > 0 && session->connection == connection) {
        struct error error;
        size_t used;
        bool complete;

        if (reply_feed(&session->reply, bytes, size, &used, &complete, &error) != STATUS_OK) {
            cut(session, outcome_of_status(error.status), 0, error.text);
            return;
        }
        bytes += used;
        size -= used;
        if (!complete)
            return;
        note_time(session);
        bool is_last = is_late(session) && !dialogue_is_quitting(session->dialogue);
        if (is_last) /* QUIT, once this reply is taken */
            (void)dialogue_stop(session->dialogue, OUTCOME_DEFERRED, too_long);
        enum dialogue_step step =
            dialogue_reply(session->dialogue, session->reply.code, session->reply.text.bytes);
        reply_reset(&session->reply);
        if (size > 0 && step == DIALOGUE_SEND && dialogue_needs_reply(session->dialogue)) {
            dialogue_withdraw(session->dialogue);
            take_surplus(session, bytes, size);
            return;
        }
        act(session, is_last && step == DIALOGUE_WAIT ? DIALOGUE_SEND : step);
    }
}

static void failed(void *context, int code, const struct error *error)
{
    struct etrn_session *session = context;
    const struct backup_config *backup = session->options.backup;

    note_facts(session, false);
    if (error->status == STATUS_TLS && backup->tls == TLS_MAY && !session->in_clear) {
        session_decide(session->options.backup, "connect again without TLS", error->text);
        session->in_clear = true;
        act(session, DIALOGUE_CONNECT);
        return;
    }
    if (error->status == STATUS_TIMEOUT && dialogue_is_quitting(session->dialogue) &&
        !dialogue_is_asking(session->dialogue)) {
        act(session, dialogue_parted(session->dialogue));
        return;
    }
    cut(session, session_outcome_of_failure(connection_facts(session->connection), code, error),
        code, error->text);
}

static void wire(void *context, char direction, const char *line, size_t size)
{
    const struct etrn_session *session = context;
    const struct polling *polling = session->options.polling;

    polling->observer.wire(polling->context, session->options.backup, direction, line, size);
}

/* ---- what is done ---- */

static void open_connection(struct etrn_session *session)
{
    static const struct connection_events events = {
        .ready = ready, .received = received, .failed = failed, .wire = wire};
    struct connection_options options = session_options(&session->options, session->in_clear);
    struct error error;

    session->connecting_ms = clock_monotonic_ms();
    session->has_said_quit = session->is_surplus = false;
    reply_reset(&session->reply);
    move(session, SESSION_CONNECTING, NULL);
    session->connection =
        connection_open(session->options.polling->loop, &options, &events, session, &error);
    if (session->connection == NULL)
        cut(session, outcome_of_status(error.status), 0, error.text);
}

static void disconnect(struct etrn_session *session)
{
    if (session->connection != NULL && session->has_said_quit)
        connection_leave(session->connection, "", 0);
    else
        connection_close(session->connection);
    session->connection = NULL;
}

/* QUIT, on whose answer nothing depends: what follows does not wait for it. */
static void part(struct etrn_session *session)
{
    struct connection *connection = session->connection;
    const char *command = dialogue_command(session->dialogue);

    move(session, SESSION_QUITTING, NULL);
    connection_leave(connection, command, strlen(command));
    session->connection = NULL;
    act(session, dialogue_parted(session->dialogue));
}

/* Each its own, so that the order of asking can be told by them. */
static int64_t next_stamp_ms(const struct etrn_session *session)
{
    int64_t now_ms = clock_wall_ms();

    return now_ms > session->stamp_ms || now_ms < session->stamp_ms - 1000 ? now_ms
                                                                           : session->stamp_ms + 1;
}

static void send_command(struct etrn_session *session)
{
    const char *command = dialogue_command(session->dialogue);
    int64_t timeout_ms = session->options.backup->command_timeout_s * 1000;
    int64_t now_ms = clock_monotonic_ms();

    if (dialogue_is_quitting(session->dialogue)) {
        if (timeout_ms > QUIT_TIMEOUT_MS)
            timeout_ms = QUIT_TIMEOUT_MS;
        session->has_said_quit = true;
        move(session, SESSION_QUITTING, NULL);
    } else {
        struct result *result = session->options.results[dialogue_node(session->dialogue)];

        move(session, SESSION_ASKING, result->domain);
        result->asked_ms = session->stamp_ms = next_stamp_ms(session);
        session->asked_ms = now_ms;
    }
    if (session->stopping)
        timeout_ms = STOP_TIMEOUT_MS;
    connection_deadline(session->connection, now_ms + timeout_ms);
    connection_send(session->connection, command, strlen(command));
}

static void end(struct etrn_session *session)
{
    if (session->ended)
        return;
    session->ended = true;
    move(session, SESSION_DONE, NULL);
    session->options.ended(session->options.context);
}

static void act(struct etrn_session *session, enum dialogue_step step)
{
    if (session->stopping && step == DIALOGUE_CONNECT)
        step =
            dialogue_stop(session->dialogue, OUTCOME_INTERRUPTED, "stopped before an answer came");
    else if (step == DIALOGUE_CONNECT && is_late(session))
        step = dialogue_stop(session->dialogue, OUTCOME_DEFERRED, too_long);
    report_known(session);
    switch (step) {
    case DIALOGUE_SEND:
        if (dialogue_needs_reply(session->dialogue))
            send_command(session);
        else
            part(session);
        break;
    case DIALOGUE_WAIT: break;
    case DIALOGUE_CONNECT:
        disconnect(session);
        open_connection(session);
        break;
    case DIALOGUE_END:
        disconnect(session);
        end(session);
        break;
    }
}

struct etrn_session *etrn_session_new(const struct session_options *options)
{
    struct etrn_session *session = memory_new(1, sizeof *session);

    session->options = *options;
    session->limit_ms = clock_monotonic_ms() + options->backup->command_timeout_s * 1000 *
                                                   (20 + (int64_t)options->count) / 10;
    session->nodes = memory_new(options->count, sizeof *session->nodes);
    for (size_t i = 0; i < options->count; i++)
        session->nodes[i] = *options->results[i]->node;
    session->dialogue =
        dialogue_new(session->nodes, options->count, (size_t)options->backup->etrns_per_connection,
                     options->understood);
    reply_init(&session->reply);
    open_connection(session);
    return session;
}

enum stage etrn_session_stage(const struct etrn_session *session)
{
    return session->connection != NULL ? connection_stage(session->connection) : STAGE_CONNECT;
}

void etrn_session_stop(struct etrn_session *session)
{
    if (session->stopping || session->ended)
        return;
    session->stopping = true;
    enum dialogue_step step =
        dialogue_stop(session->dialogue, OUTCOME_INTERRUPTED, "stopped before an answer came");
    if (step == DIALOGUE_WAIT)
        connection_deadline(session->connection, clock_monotonic_ms() + STOP_TIMEOUT_MS);
    act(session, step);
}

void etrn_session_free(struct etrn_session *session)
{
    if (session == NULL)
        return;
    disconnect(session);
    dialogue_free(session->dialogue);
    reply_done(&session->reply);
    free(session->nodes);
    free(session);
}

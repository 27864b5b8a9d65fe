/* On-demand mail relay (RFC 2645) and TURN (RFC 821 3.8), from the primary's greeting to the last
 * reversed session.
 *
 *   PRIMARY --greeted--> PROVIDER --established--> ASKING --250--> REVERSED --ended--> the end
 *      ^                    |                        ^                |
 *      |                    +--(proxy_protocol)--> INTRODUCING        |
 *      +---------------------------(PAUSED)---------------------------+ more may come
 *
 * The primary has said 220 before the provider hears of us: when it is down nothing is asked, and
 * nothing can be turned round into the void. INTRODUCING opens it anew, to tell it the provider's
 * address. Should it close its connection while the provider thinks about ATRN (10 minutes are
 * allowed), it is opened again. */
#include "atrn_account.h"
#include "bridge.h"
#include "session.h"

#include "atrn.h"
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/smtp/atrn_dialogue.h>
#include <mxpull/smtp/reply.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EARLY_SIZE_MAX = 64 * 1024,
    REOPENED_MAX = 3,
    CREDIT_IDLE_TIMEOUTS = 2,
    BARREN_MAX = 10,  /* sessions of a poll that brought nothing but messages to be refused */
    HURRIED_PART = 10 /* of that, where others wait for the place */
};

enum state {
    PRIMARY,
    PROVIDER,
    INTRODUCING,
    ASKING,
    REVERSED,
    PAUSED,
    OVER
};

struct atrn_session {
    struct session_options options;
    struct atrn_account account;
    struct atrn_bounds bounds;
    struct node *nodes; /* of the results: what is ours, and let in */
    enum verb verb;
    enum state state;
    struct atrn_dialogue *dialogue;
    struct bridge *bridge;
    struct bridge **spent; /* to be freed once they are out of their own events */
    size_t spent_count;
    struct connection *connection;
    struct reply reply;
    bool is_unasked;     /* reply began before our command was sent, and is not complete yet */
    struct buffer early; /* what the provider said before the primary was there again */
    bool turned;         /* 250 was said */
    unsigned reopened;   /* how often the primary had to be opened again while the provider thought,
                          since a session has brought mail */
    bool in_clear, stopping;
    unsigned barren;
    int64_t parted_ms;  /* when the last connection to the provider was given up, monotonic */
    struct timer pause; /* set in PAUSED */
};

static void act(struct atrn_session *session, enum atrn_step step);
static void open_provider(struct atrn_session *session);
static void open_primary(struct atrn_session *session, enum state state,
                         const struct connection_facts *provider);

/* ---- the end ---- */

static void free_spent(struct atrn_session *session)
{
    while (session->spent_count > 0)
        bridge_free(session->spent[--session->spent_count]);
}

/* Puts the bridge away: it may be in one of its own events just now. */
static void retire_bridge(struct atrn_session *session)
{
    if (session->bridge == NULL)
        return;
    session->spent =
        memory_resize(session->spent, session->spent_count + 1, sizeof(struct bridge *));
    session->spent[session->spent_count++] = session->bridge;
    session->bridge = NULL;
}

static void disconnect(struct atrn_session *session)
{
    session->parted_ms = clock_monotonic_ms();
    connection_close(session->connection);
    session->connection = NULL;
    session->turned = false;
    retire_bridge(session);
}

/* What one poll may write has an end; the rest is a number. */
static void tell_left_out(const struct atrn_session *session)
{
    const struct log_field fields[] = {
        {.key = "backup", .text = session->options.backup->name},
        {.key = "lines_left_out", .number = (int64_t)session->bounds.left_out},
    };

    log_fields(LEVEL_WARNING, fields, COUNT_OF(fields));
}

static void end(struct atrn_session *session)
{
    if (session->state == OVER)
        return;
    session->state = OVER;
    timer_set(session->options.polling->loop, &session->pause, INT64_MAX);
    disconnect(session);
    if (session->bounds.left_out > 0)
        tell_left_out(session);
    atrn_account_report(&session->account, session->dialogue);
    session_move(&session->options, SESSION_DONE, NULL);
    session->options.ended(session->options.context);
}

static void cut(struct atrn_session *session, enum outcome outcome, int code, const char *text)
{
    act(session, atrn_dialogue_cut(session->dialogue, outcome, code, text));
}

/* ---- the provider ---- */

static void ask(struct atrn_session *session)
{
    session->state = ASKING;
    act(session, atrn_dialogue_connected(session->dialogue));
}

static bool is_offered(const struct atrn_session *session)
{
    const struct ehlo *ehlo = &connection_facts(session->connection)->ehlo;

    return session->options.backup->force || (session->verb == VERB_ATRN ? ehlo->atrn : ehlo->turn);
}

static void decline(struct atrn_session *session, enum outcome outcome, const char *text)
{
    session->state = ASKING;
    act(session, atrn_dialogue_decline(session->dialogue, outcome, text));
}

static void provider_ready(void *context)
{
    struct atrn_session *session = context;
    const struct connection_facts *facts = connection_facts(session->connection);

    for (size_t i = 0; i < session->options.count; i++)
        session_note_facts(session->account.results[i], facts);
    session_note_clear(session->options.backup, facts, session->in_clear);
    if (!is_offered(session)) {
        char why[NOT_OFFERED_SIZE];
        enum outcome outcome = session_not_offered(facts, session->verb, why);

        decline(session, outcome, why);
    } else if (!facts->authenticated) {
        decline(session, OUTCOME_AUTHENTICATION, "not authenticated");
    } else if (session->options.polling->dry_run) {
        session->account.dry = true;
        decline(session, OUTCOME_RECEIVED, "");
    } else if (session->options.polling->config->primary.proxy_protocol) {
        bridge_free(session->bridge);
        session->bridge = NULL;
        connection_deadline(session->connection, INT64_MAX);
        open_primary(session, INTRODUCING, facts);
    } else {
        ask(session);
    }
}

/* The roles have reversed and the primary is there: the bridge takes over. */
static void reverse(struct atrn_session *session, const char *bytes, size_t size)
{
    session->state = REVERSED;
    session->turned = false;
    if (atrn_dialogue_sessions(session->dialogue) > 1)
        session->bounds.credit_ms -= clock_monotonic_ms() - session->parted_ms;
    connection_hold(session->connection, false);
    session_move(&session->options, SESSION_RECEIVING, NULL);
    bridge_start(session->bridge, session->connection);
    if (size > 0 && session->state == REVERSED)
        bridge_received(session->bridge, bytes, size);
}

/* 250: with what came behind it. */
static void turn_round(struct atrn_session *session, const char *bytes, size_t size)
{
    session->turned = true;
    connection_deadline(session->connection, INT64_MAX);
    if (session->bridge != NULL && bridge_is_ready(session->bridge)) {
        reverse(session, bytes, size);
    } else { /* the primary is being opened again */
        connection_hold(session->connection, true);
        buffer_clear(&session->early);
        (void)buffer_append(&session->early, bytes, size < EARLY_SIZE_MAX ? size : EARLY_SIZE_MAX);
    }
}

static void take_reply(struct atrn_session *session, const char *bytes, size_t size)
{
    struct error error;
    size_t used;
    bool complete;

    if (reply_feed(&session->reply, bytes, size, &used, &complete, &error) != STATUS_OK) {
        cut(session, outcome_of_status(error.status), 0, error.text);
        return;
    }
    if (!complete)
        return;
    enum atrn_step step =
        atrn_dialogue_reply(session->dialogue, session->reply.code, session->reply.text.bytes);
    reply_reset(&session->reply);
    if (step == ATRN_REVERSE)
        turn_round(session, bytes + used, size - used);
    else
        act(session, step);
}

/* No command of ours was out when it began: a 421 announces the end (RFC 5321 3.8). */
static void take_unasked(struct atrn_session *session, const char *bytes, size_t size)
{
    struct error error;
    size_t used;
    bool complete;

    if (reply_feed(&session->reply, bytes, size, &used, &complete, &error) != STATUS_OK)
        cut(session, OUTCOME_PROTOCOL, 0, error.text);
    else if (!complete)
        session->is_unasked = true;
    else if (session->reply.code == 421)
        cut(session, OUTCOME_DEFERRED, 421, session->reply.text.bytes);
    else
        cut(session, OUTCOME_PROTOCOL, 0, "an answer to no command of ours");
}

static void provider_received(void *context, const char *bytes, size_t size)
{
    struct atrn_session *session = context;

    if (session->state == REVERSED)
        bridge_received(session->bridge, bytes, size);
    else if (session->turned)
        (void)buffer_append(&session->early, bytes, size);
    else if (session->state == ASKING && !session->is_unasked)
        take_reply(session, bytes, size);
    else
        take_unasked(session, bytes, size);
}

static void provider_drained(void *context)
{
    struct atrn_session *session = context;

    if (session->state == REVERSED)
        bridge_drained(session->bridge);
}

static void provider_failed(void *context, int code, const struct error *error)
{
    struct atrn_session *session = context;

    if (session->state == REVERSED) {
        bridge_lost(session->bridge, error);
        return;
    }
    if (error->status == STATUS_TLS && session->options.backup->tls == TLS_MAY &&
        !session->in_clear) {
        session_decide(session->options.backup, "connect again without TLS", error->text);
        session->in_clear = true;
        connection_close(session->connection);
        open_provider(session);
        return;
    }
    for (size_t i = 0; i < session->options.count; i++)
        session_note_facts(session->account.results[i], connection_facts(session->connection));
    if (session->turned)
        act(session, atrn_dialogue_ended(session->dialogue, 0, 0,
                                         "the provider did not wait for your mail server"));
    else
        cut(session, session_outcome_of_failure(connection_facts(session->connection), code, error),
            code, error->text);
}

static void provider_wire(void *context, char direction, const char *line, size_t size)
{
    const struct atrn_session *session = context;
    const struct polling *polling = session->options.polling;

    if (session->state != REVERSED) /* then the bridge shows what is no mail */
        polling->observer.wire(polling->context, session->options.backup, direction, line, size);
}

static void open_provider(struct atrn_session *session)
{
    static const struct connection_events events = {.ready = provider_ready,
                                                    .received = provider_received,
                                                    .drained = provider_drained,
                                                    .failed = provider_failed,
                                                    .wire = provider_wire};
    const struct connection_options options = session_options(&session->options, session->in_clear);
    struct error error;

    session->state = PROVIDER;
    session->is_unasked = false;
    reply_reset(&session->reply);
    session_move(&session->options, SESSION_CONNECTING, NULL);
    session->connection =
        connection_open(session->options.polling->loop, &options, &events, session, &error);
    if (session->connection == NULL)
        cut(session, outcome_of_status(error.status), 0, error.text);
}

/* ---- the primary ---- */

static void primary_ready(void *context)
{
    struct atrn_session *session = context;

    free_spent(session);
    if (session->state == PRIMARY)
        open_provider(session);
    else if (session->state == INTRODUCING)
        ask(session);
    else if (session->turned)
        reverse(session, session->early.bytes, session->early.size);
}

static void primary_failed(void *context, const char *why)
{
    struct atrn_session *session = context;

    if (session->state == ASKING && !session->turned &&
        !atrn_dialogue_is_quitting(session->dialogue) && session->reopened++ < REOPENED_MAX) {
        session_decide(session->options.backup, "connect to your mail server again", why);
        retire_bridge(session);
        open_primary(session, ASKING, connection_facts(session->connection));
    } else if (session->turned) {
        act(session, atrn_dialogue_ended(session->dialogue, 0, 0, why));
    } else if (session->state != OVER && !atrn_dialogue_is_quitting(session->dialogue)) {
        if (session->connection != NULL)
            connection_send(session->connection, "QUIT\r\n", 6);
        for (size_t i = 0; i < session->options.count;
             i++) /* not the provider's, that it came so far */
            session->account.results[i]->stage = STAGE_NONE;
        cut(session, OUTCOME_HELD, 0, why);
    }
}

static void reversed_ended(void *context, const char *why)
{
    struct atrn_session *session = context;
    struct guard_counts counts = bridge_counts(session->bridge);

    if (counts.messages > 0)
        session->reopened = 0;
    /* A message that was refused is out of the way; a provider that has nothing but smuggled ones is not asked for ever. */
    uint64_t moved = atrn_account_session(&session->account, &counts);
    if (moved == 0 && counts.contents_refused > 0 && session->barren++ < BARREN_MAX)
        moved = counts.contents_refused;
    act(session, atrn_dialogue_ended(session->dialogue, moved,
                                     counts.refused_for_now + counts.refused_for_good, why));
}

static void delivered(void *context, const struct guard_message *message)
{
    struct atrn_session *session = context;

    atrn_account_message(&session->account, message);
}

static void not_taken(void *context, const struct guard_refusal *refusal)
{
    struct atrn_session *session = context;

    atrn_account_refusal(&session->account, refusal);
}

static void open_primary(struct atrn_session *session, enum state state,
                         const struct connection_facts *provider)
{
    session->state = state;
    if (state == PRIMARY)
        session_move(&session->options, SESSION_PRIMARY, NULL);
    struct bridge *bridge = bridge_new(&(struct bridge_options){
        .bounds = &session->bounds,
        .polling = session->options.polling,
        .backup = session->options.backup,
        .nodes = session->nodes,
        .node_count = session->options.count,
        .failures = &session->account.failures,
        .provider = provider,
        .ready = primary_ready,
        .failed = primary_failed,
        .ended = reversed_ended,
        .delivered = delivered,
        .not_taken = not_taken,
        .context = session,
    });
    retire_bridge(session); /* one that has failed at once */
    session->bridge = bridge;
}

/* ---- what is done ---- */

static void send_command(struct atrn_session *session)
{
    const char *command = atrn_dialogue_command(session->dialogue);

    if (atrn_dialogue_is_quitting(session->dialogue)) { /* nothing depends on its answer */
        connection_leave(session->connection, command, strlen(command));
        session->connection = NULL;
        cut(session, OUTCOME_INTERRUPTED, 0, "");
        return;
    }
    session_move(&session->options, SESSION_ASKING, session->account.results[0]->domain);
    connection_deadline(session->connection,
                        clock_monotonic_ms() + session->options.backup->turn_timeout_s * 1000);
    connection_send(session->connection, command, strlen(command));
}

static void act(struct atrn_session *session, enum atrn_step step)
{
    if (session->stopping && (step == ATRN_CONNECT || step == ATRN_PAUSE))
        step = ATRN_END;
    if (session->bounds.credit_ms <= 0 && (step == ATRN_CONNECT || step == ATRN_PAUSE)) {
        atrn_dialogue_give_up(session->dialogue,
                              "the provider is too slow, and more mail may be waiting: pull again");
        step = ATRN_END;
    }
    switch (step) {
    case ATRN_SEND: send_command(session); break;
    case ATRN_REVERSE: break;
    case ATRN_CONNECT:
        disconnect(session);
        open_primary(session, PRIMARY, NULL);
        break;
    case ATRN_PAUSE:
        disconnect(session);
        session->state = PAUSED;
        timer_set(session->options.polling->loop, &session->pause,
                  clock_monotonic_ms() + atrn_dialogue_pause_ms(session->dialogue));
        session_move(&session->options, SESSION_WAITING, NULL);
        break;
    case ATRN_END: end(session); break;
    }
}

static void pause_is_over(void *context)
{
    open_primary(context, PRIMARY, NULL);
}

struct atrn_session *atrn_session_new(const struct session_options *options)
{
    struct atrn_session *session = memory_new(1, sizeof *session);

    session->options = *options;
    session->pause = (struct timer){.due = pause_is_over, .context = session};
    session->verb = options->backup->method == METHOD_ATRN ? VERB_ATRN : VERB_TURN;
    atrn_account_init(&session->account, &session->options);
    session->bounds.credit_ms = session->bounds.credit_max_ms =
        CREDIT_IDLE_TIMEOUTS * options->backup->idle_timeout_s * 1000;
    session->nodes = memory_new(options->count, sizeof *session->nodes);
    for (size_t i = 0; i < options->count; i++)
        session->nodes[i] = *options->results[i]->node;
    session->dialogue = atrn_dialogue_new(session->verb, session->nodes,
                                          options->backup->name_domains ? options->count : 0,
                                          options->backup->turn_sessions);
    reply_init(&session->reply);
    buffer_init(&session->early, EARLY_SIZE_MAX);
    open_primary(session, PRIMARY, NULL);
    return session;
}

enum stage atrn_session_stage(const struct atrn_session *session)
{
    return session->connection != NULL ? connection_stage(session->connection) : STAGE_CONNECT;
}

void atrn_session_hurry(struct atrn_session *session)
{
    struct atrn_bounds *bounds = &session->bounds;
    int64_t most_ms =
        CREDIT_IDLE_TIMEOUTS * session->options.backup->idle_timeout_s * 1000 / HURRIED_PART;

    if (bounds->credit_max_ms == most_ms)
        return;
    bounds->credit_max_ms = most_ms;
    if (bounds->credit_ms > most_ms)
        bounds->credit_ms = most_ms;
    if (session->state == REVERSED)
        bridge_hurry(session->bridge);
}

void atrn_session_stop(struct atrn_session *session)
{
    if (session->stopping || session->state == OVER)
        return;
    session->stopping = true;
    if (session->state == REVERSED) {
        bridge_stop(session->bridge, "stopped");
        return;
    }
    if (session->connection != NULL)
        connection_send(session->connection, "QUIT\r\n", 6);
    cut(session, OUTCOME_INTERRUPTED, 0, "stopped before an answer came");
}

void atrn_session_free(struct atrn_session *session)
{
    if (session == NULL)
        return;
    disconnect(session);
    timer_set(session->options.polling->loop, &session->pause, INT64_MAX);
    free_spent(session);
    free(session->spent);
    atrn_dialogue_free(session->dialogue);
    reply_done(&session->reply);
    buffer_done(&session->early);
    atrn_account_done(&session->account);
    free(session->nodes);
    free(session);
}

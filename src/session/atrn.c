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
#include <mxpull/smtp/reply.h>
#include <mxpull/smtp/turning.h>

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

struct turn {
    struct session_options options;
    struct turn_account account;
    struct turn_bounds bounds;
    struct node *nodes; /* of the results: what is ours, and let in */
    enum verb verb;
    enum state state;
    struct turning *turning;
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

static void act(struct turn *turn, enum turning_step step);
static void open_provider(struct turn *turn);
static void open_primary(struct turn *turn, enum state state,
                         const struct connection_facts *provider);

/* ---- the end ---- */

static void free_spent(struct turn *turn)
{
    while (turn->spent_count > 0)
        bridge_free(turn->spent[--turn->spent_count]);
}

/* Puts the bridge away: it may be in one of its own events just now. */
static void retire_bridge(struct turn *turn)
{
    if (turn->bridge == NULL)
        return;
    turn->spent = memory_resize(turn->spent, turn->spent_count + 1, sizeof(struct bridge *));
    turn->spent[turn->spent_count++] = turn->bridge;
    turn->bridge = NULL;
}

static void disconnect(struct turn *turn)
{
    turn->parted_ms = clock_monotonic_ms();
    connection_close(turn->connection);
    turn->connection = NULL;
    turn->turned = false;
    retire_bridge(turn);
}

/* What one poll may write has an end; the rest is a number. */
static void tell_left_out(const struct turn *turn)
{
    const struct log_field fields[] = {
        {.key = "backup", .text = turn->options.backup->name},
        {.key = "lines_left_out", .number = (int64_t)turn->bounds.left_out},
    };

    log_fields(LEVEL_WARNING, fields, COUNT_OF(fields));
}

static void end(struct turn *turn)
{
    if (turn->state == OVER)
        return;
    turn->state = OVER;
    timer_set(turn->options.polling->loop, &turn->pause, INT64_MAX);
    disconnect(turn);
    if (turn->bounds.left_out > 0)
        tell_left_out(turn);
    turn_account_report(&turn->account, turn->turning);
    session_move(&turn->options, SESSION_DONE, NULL);
    turn->options.ended(turn->options.context);
}

static void cut(struct turn *turn, enum outcome outcome, int code, const char *text)
{
    act(turn, turning_cut(turn->turning, outcome, code, text));
}

/* ---- the provider ---- */

static void ask(struct turn *turn)
{
    turn->state = ASKING;
    act(turn, turning_connected(turn->turning));
}

static bool is_offered(const struct turn *turn)
{
    const struct ehlo *ehlo = &connection_facts(turn->connection)->ehlo;

    return turn->options.backup->force || (turn->verb == VERB_ATRN ? ehlo->atrn : ehlo->turn);
}

static void decline(struct turn *turn, enum outcome outcome, const char *text)
{
    turn->state = ASKING;
    act(turn, turning_decline(turn->turning, outcome, text));
}

static void provider_ready(void *context)
{
    struct turn *turn = context;
    const struct connection_facts *facts = connection_facts(turn->connection);

    for (size_t i = 0; i < turn->options.count; i++)
        session_note_facts(turn->account.results[i], facts);
    session_note_clear(turn->options.backup, facts, turn->in_clear);
    if (!is_offered(turn)) {
        char why[NOT_OFFERED_SIZE];
        enum outcome outcome = session_not_offered(facts, turn->verb, why);

        decline(turn, outcome, why);
    } else if (!facts->authenticated) {
        decline(turn, OUTCOME_AUTHENTICATION, "not authenticated");
    } else if (turn->options.polling->dry_run) {
        turn->account.dry = true;
        decline(turn, OUTCOME_RECEIVED, "");
    } else if (turn->options.polling->config->primary.proxy_protocol) {
        bridge_free(turn->bridge);
        turn->bridge = NULL;
        connection_deadline(turn->connection, INT64_MAX);
        open_primary(turn, INTRODUCING, facts);
    } else {
        ask(turn);
    }
}

/* The roles have reversed and the primary is there: the bridge takes over. */
static void reverse(struct turn *turn, const char *bytes, size_t size)
{
    turn->state = REVERSED;
    turn->turned = false;
    if (turning_sessions(turn->turning) > 1)
        turn->bounds.credit_ms -= clock_monotonic_ms() - turn->parted_ms;
    connection_hold(turn->connection, false);
    session_move(&turn->options, SESSION_RECEIVING, NULL);
    bridge_start(turn->bridge, turn->connection);
    if (size > 0 && turn->state == REVERSED)
        bridge_received(turn->bridge, bytes, size);
}

/* 250: with what came behind it. */
static void turn_round(struct turn *turn, const char *bytes, size_t size)
{
    turn->turned = true;
    connection_deadline(turn->connection, INT64_MAX);
    if (turn->bridge != NULL && bridge_is_ready(turn->bridge)) {
        reverse(turn, bytes, size);
    } else { /* the primary is being opened again */
        connection_hold(turn->connection, true);
        buffer_clear(&turn->early);
        (void)buffer_append(&turn->early, bytes, size < EARLY_SIZE_MAX ? size : EARLY_SIZE_MAX);
    }
}

static void take_reply(struct turn *turn, const char *bytes, size_t size)
{
    struct error error;
    size_t used;
    bool complete;

    if (reply_feed(&turn->reply, bytes, size, &used, &complete, &error) != STATUS_OK) {
        cut(turn, outcome_of_status(error.status), 0, error.text);
        return;
    }
    if (!complete)
        return;
    enum turning_step step = turning_reply(turn->turning, turn->reply.code, turn->reply.text.bytes);
    reply_reset(&turn->reply);
    if (step == TURNING_REVERSE)
        turn_round(turn, bytes + used, size - used);
    else
        act(turn, step);
}

/* No command of ours was out when it began: a 421 announces the end (RFC 5321 3.8). */
static void take_unasked(struct turn *turn, const char *bytes, size_t size)
{
    struct error error;
    size_t used;
    bool complete;

    if (reply_feed(&turn->reply, bytes, size, &used, &complete, &error) != STATUS_OK)
        cut(turn, OUTCOME_PROTOCOL, 0, error.text);
    else if (!complete)
        turn->is_unasked = true;
    else if (turn->reply.code == 421)
        cut(turn, OUTCOME_DEFERRED, 421, turn->reply.text.bytes);
    else
        cut(turn, OUTCOME_PROTOCOL, 0, "an answer to no command of ours");
}

static void provider_received(void *context, const char *bytes, size_t size)
{
    struct turn *turn = context;

    if (turn->state == REVERSED)
        bridge_received(turn->bridge, bytes, size);
    else if (turn->turned)
        (void)buffer_append(&turn->early, bytes, size);
    else if (turn->state == ASKING && !turn->is_unasked)
        take_reply(turn, bytes, size);
    else
        take_unasked(turn, bytes, size);
}

static void provider_drained(void *context)
{
    struct turn *turn = context;

    if (turn->state == REVERSED)
        bridge_drained(turn->bridge);
}

static void provider_failed(void *context, int code, const struct error *error)
{
    struct turn *turn = context;

    if (turn->state == REVERSED) {
        bridge_lost(turn->bridge, error);
        return;
    }
    if (error->status == STATUS_TLS && turn->options.backup->tls == TLS_MAY && !turn->in_clear) {
        session_decide(turn->options.backup, "connect again without TLS", error->text);
        turn->in_clear = true;
        connection_close(turn->connection);
        open_provider(turn);
        return;
    }
    for (size_t i = 0; i < turn->options.count; i++)
        session_note_facts(turn->account.results[i], connection_facts(turn->connection));
    if (turn->turned)
        act(turn,
            turning_ended(turn->turning, 0, 0, "the provider did not wait for your mail server"));
    else
        cut(turn, session_outcome_of_failure(connection_facts(turn->connection), code, error), code,
            error->text);
}

static void provider_wire(void *context, char direction, const char *line, size_t size)
{
    const struct turn *turn = context;
    const struct polling *polling = turn->options.polling;

    if (turn->state != REVERSED) /* then the bridge shows what is no mail */
        polling->observer.wire(polling->context, turn->options.backup, direction, line, size);
}

static void open_provider(struct turn *turn)
{
    static const struct connection_events events = {.ready = provider_ready,
                                                    .received = provider_received,
                                                    .drained = provider_drained,
                                                    .failed = provider_failed,
                                                    .wire = provider_wire};
    const struct connection_options options = session_options(&turn->options, turn->in_clear);
    struct error error;

    turn->state = PROVIDER;
    turn->is_unasked = false;
    reply_reset(&turn->reply);
    session_move(&turn->options, SESSION_CONNECTING, NULL);
    turn->connection =
        connection_open(turn->options.polling->loop, &options, &events, turn, &error);
    if (turn->connection == NULL)
        cut(turn, outcome_of_status(error.status), 0, error.text);
}

/* ---- the primary ---- */

static void primary_ready(void *context)
{
    struct turn *turn = context;

    free_spent(turn);
    if (turn->state == PRIMARY)
        open_provider(turn);
    else if (turn->state == INTRODUCING)
        ask(turn);
    else if (turn->turned)
        reverse(turn, turn->early.bytes, turn->early.size);
}

static void primary_failed(void *context, const char *why)
{
    struct turn *turn = context;

    if (turn->state == ASKING && !turn->turned && !turning_is_quitting(turn->turning) &&
        turn->reopened++ < REOPENED_MAX) {
        session_decide(turn->options.backup, "connect to your mail server again", why);
        retire_bridge(turn);
        open_primary(turn, ASKING, connection_facts(turn->connection));
    } else if (turn->turned) {
        act(turn, turning_ended(turn->turning, 0, 0, why));
    } else if (turn->state != OVER && !turning_is_quitting(turn->turning)) {
        if (turn->connection != NULL)
            connection_send(turn->connection, "QUIT\r\n", 6);
        for (size_t i = 0; i < turn->options.count;
             i++) /* not the provider's, that it came so far */
            turn->account.results[i]->stage = STAGE_NONE;
        cut(turn, OUTCOME_HELD, 0, why);
    }
}

static void reversed_ended(void *context, const char *why)
{
    struct turn *turn = context;
    struct guard_counts counts = bridge_counts(turn->bridge);

    if (counts.messages > 0)
        turn->reopened = 0;
    /* A message that was refused is out of the way; a provider that has nothing but smuggled ones is not asked for ever. */
    uint64_t moved = turn_account_session(&turn->account, &counts);
    if (moved == 0 && counts.contents_refused > 0 && turn->barren++ < BARREN_MAX)
        moved = counts.contents_refused;
    act(turn,
        turning_ended(turn->turning, moved, counts.refused_for_now + counts.refused_for_good, why));
}

static void delivered(void *context, const struct guard_message *message)
{
    struct turn *turn = context;

    turn_account_message(&turn->account, message);
}

static void not_taken(void *context, const struct guard_refusal *refusal)
{
    struct turn *turn = context;

    turn_account_refusal(&turn->account, refusal);
}

static void open_primary(struct turn *turn, enum state state,
                         const struct connection_facts *provider)
{
    turn->state = state;
    if (state == PRIMARY)
        session_move(&turn->options, SESSION_PRIMARY, NULL);
    struct bridge *bridge = bridge_new(&(struct bridge_options){
        .bounds = &turn->bounds,
        .polling = turn->options.polling,
        .backup = turn->options.backup,
        .nodes = turn->nodes,
        .node_count = turn->options.count,
        .provider = provider,
        .ready = primary_ready,
        .failed = primary_failed,
        .ended = reversed_ended,
        .delivered = delivered,
        .not_taken = not_taken,
        .context = turn,
    });
    retire_bridge(turn); /* one that has failed at once */
    turn->bridge = bridge;
}

/* ---- what is done ---- */

static void send_command(struct turn *turn)
{
    const char *command = turning_command(turn->turning);

    if (turning_is_quitting(turn->turning)) { /* nothing depends on its answer */
        connection_leave(turn->connection, command, strlen(command));
        turn->connection = NULL;
        cut(turn, OUTCOME_INTERRUPTED, 0, "");
        return;
    }
    session_move(&turn->options, SESSION_ASKING, turn->account.results[0]->domain);
    connection_deadline(turn->connection,
                        clock_monotonic_ms() + turn->options.backup->turn_timeout_s * 1000);
    connection_send(turn->connection, command, strlen(command));
}

static void act(struct turn *turn, enum turning_step step)
{
    if (turn->stopping && (step == TURNING_CONNECT || step == TURNING_PAUSE))
        step = TURNING_END;
    if (turn->bounds.credit_ms <= 0 && (step == TURNING_CONNECT || step == TURNING_PAUSE)) {
        turning_give_up(turn->turning,
                        "the provider is too slow, and more mail may be waiting: pull again");
        step = TURNING_END;
    }
    switch (step) {
    case TURNING_SEND: send_command(turn); break;
    case TURNING_REVERSE: break;
    case TURNING_CONNECT:
        disconnect(turn);
        open_primary(turn, PRIMARY, NULL);
        break;
    case TURNING_PAUSE:
        disconnect(turn);
        turn->state = PAUSED;
        timer_set(turn->options.polling->loop, &turn->pause,
                  clock_monotonic_ms() + turning_pause_ms(turn->turning));
        session_move(&turn->options, SESSION_WAITING, NULL);
        break;
    case TURNING_END: end(turn); break;
    }
}

static void pause_is_over(void *context)
{
    open_primary(context, PRIMARY, NULL);
}

struct turn *turn_new(const struct session_options *options)
{
    struct turn *turn = memory_new(1, sizeof *turn);

    turn->options = *options;
    turn->pause = (struct timer){.due = pause_is_over, .context = turn};
    turn->verb = options->backup->method == METHOD_ATRN ? VERB_ATRN : VERB_TURN;
    turn_account_init(&turn->account, &turn->options);
    turn->bounds.credit_ms = turn->bounds.credit_max_ms =
        CREDIT_IDLE_TIMEOUTS * options->backup->idle_timeout_s * 1000;
    turn->nodes = memory_new(options->count, sizeof *turn->nodes);
    for (size_t i = 0; i < options->count; i++)
        turn->nodes[i] = *options->results[i]->node;
    turn->turning =
        turning_new(turn->verb, turn->nodes, options->backup->name_domains ? options->count : 0,
                    options->backup->turn_sessions);
    reply_init(&turn->reply);
    buffer_init(&turn->early, EARLY_SIZE_MAX);
    open_primary(turn, PRIMARY, NULL);
    return turn;
}

enum stage turn_stage(const struct turn *turn)
{
    return turn->connection != NULL ? connection_stage(turn->connection) : STAGE_CONNECT;
}

void turn_hurry(struct turn *turn)
{
    struct turn_bounds *bounds = &turn->bounds;
    int64_t most_ms =
        CREDIT_IDLE_TIMEOUTS * turn->options.backup->idle_timeout_s * 1000 / HURRIED_PART;

    if (bounds->credit_max_ms == most_ms)
        return;
    bounds->credit_max_ms = most_ms;
    if (bounds->credit_ms > most_ms)
        bounds->credit_ms = most_ms;
    if (turn->state == REVERSED)
        bridge_hurry(turn->bridge);
}

void turn_stop(struct turn *turn)
{
    if (turn->stopping || turn->state == OVER)
        return;
    turn->stopping = true;
    if (turn->state == REVERSED) {
        bridge_stop(turn->bridge, "stopped");
        return;
    }
    if (turn->connection != NULL)
        connection_send(turn->connection, "QUIT\r\n", 6);
    cut(turn, OUTCOME_INTERRUPTED, 0, "stopped before an answer came");
}

void turn_free(struct turn *turn)
{
    if (turn == NULL)
        return;
    disconnect(turn);
    timer_set(turn->options.polling->loop, &turn->pause, INT64_MAX);
    free_spent(turn);
    free(turn->spent);
    turning_free(turn->turning);
    reply_done(&turn->reply);
    buffer_done(&turn->early);
    turn_account_done(&turn->account);
    free(turn->nodes);
    free(turn);
}

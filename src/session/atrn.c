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

#include <mxpull/base/memory.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/smtp/atrn_dialogue.h>

#include <stdlib.h>

enum {
    EARLY_SIZE_MAX = 64 * 1024,
    REOPENED_MAX = 3,
    HURRIED_PART = 10 /* of its credit, where others wait for the place */
};

enum state {
    PRIMARY,
    PROVIDER,
    INTRODUCING,
    ASKING,
    TURNED,
    REVERSED,
    PAUSED
};

struct atrn_session {
    struct session base;
    struct atrn_account account;
    enum state state;
    struct atrn_dialogue dialogue;
    struct bridge *bridge;
    struct buffer early; /* what the provider said behind its 250, before we have greeted it */
    unsigned reopened;   /* how often the primary had to be opened again while the provider thought,
                          since a session has brought mail */
    bool is_hurried;
    int64_t parted_ms;  /* when the last connection to the provider was given up, monotonic */
    struct timer pause; /* set in PAUSED */
};

static void act(struct atrn_session *session, enum atrn_step step);

static struct atrn_session *of(struct session *base)
{
    return (struct atrn_session *)base;
}

/* ---- the end ---- */

static void disconnect(struct atrn_session *session)
{
    session->parted_ms = clock_monotonic_ms();
    connection_close(session->base.connection);
    session->base.connection = NULL;
    bridge_close(session->bridge);
}

static void end(struct atrn_session *session)
{
    if (session->base.is_over)
        return;
    timer_set(session->base.poll->polling->loop, &session->pause, INT64_MAX);
    disconnect(session);
    atrn_account_report(&session->account, &session->dialogue, session->base.is_dry);
    session_end(&session->base);
}

static void cut(struct session *base, enum outcome outcome, int code, const char *text)
{
    struct atrn_session *session = of(base);

    act(session, atrn_dialogue_cut(&session->dialogue, outcome, code, text));
}

/* ---- the provider ---- */

static void open_primary(struct atrn_session *session, enum state state)
{
    const struct connection *provider = session->base.connection;

    session->state = state;
    if (state == PRIMARY)
        session_move(&session->base, SESSION_PRIMARY, NULL);
    bridge_open(session->bridge, provider != NULL ? connection_facts(provider) : NULL);
}

static void open_provider(struct session *base)
{
    connection_close(base->connection);
    of(base)->state = PROVIDER;
    session_connect(base);
}

static void ask(struct atrn_session *session)
{
    session->state = ASKING;
    act(session, atrn_dialogue_connected(&session->dialogue));
}

static void declined(struct session *base, enum outcome outcome, const char *text)
{
    act(of(base), atrn_dialogue_decline(&of(base)->dialogue, outcome, text));
}

static void established(struct session *base)
{
    const struct polling *polling = base->poll->polling;

    if (!connection_facts(base->connection)->authenticated) {
        declined(base, OUTCOME_AUTHENTICATION, "not authenticated");
    } else if (polling->dry_run) {
        base->is_dry = true;
        declined(base, OUTCOME_RECEIVED, "");
    } else if (polling->config->primary.proxy_protocol) {
        connection_deadline(base->connection, INT64_MAX);
        open_primary(of(base), INTRODUCING);
    } else {
        ask(of(base));
    }
}

/* The roles have reversed and the primary is there: the bridge takes over. */
static void reverse(struct atrn_session *session)
{
    session->state = REVERSED;
    if (session->dialogue.sessions > 1)
        session->account.credit_ms -= clock_monotonic_ms() - session->parted_ms;
    connection_hold(session->base.connection, false);
    session_move(&session->base, SESSION_RECEIVING, NULL);
    bridge_start(session->bridge, session->base.connection);
    if (session->early.size > 0 && session->state == REVERSED)
        bridge_received(session->bridge, session->early.bytes, session->early.size);
}

/* 250: with what came behind it. */
static void turn_round(struct atrn_session *session, const char *bytes, size_t size)
{
    session->state = TURNED;
    buffer_clear(&session->early);
    (void)buffer_append(&session->early, bytes, size);
    connection_deadline(session->base.connection, INT64_MAX);
    if (bridge_is_ready(session->bridge))
        reverse(session);
    else /* the primary is being opened again */
        connection_hold(session->base.connection, true);
}

static void replied(struct session *base, const char *rest, size_t *size)
{
    struct atrn_session *session = of(base);
    struct reply *reply = &base->hearing.reply;
    enum atrn_step step = atrn_dialogue_reply(&session->dialogue, reply->code, reply->text.bytes);
    size_t rest_size = *size;

    reply_reset(reply);
    *size = 0;
    if (step == ATRN_REVERSE)
        turn_round(session, rest, rest_size);
    else
        act(session, step);
}

static void provider_received(void *context, const char *bytes, size_t size)
{
    struct atrn_session *session = context;

    if (session->state == REVERSED)
        bridge_received(session->bridge, bytes, size);
    else if (session->state == TURNED)
        (void)buffer_append(&session->early, bytes, size);
    else
        session_received(&session->base, bytes, size);
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

    if (session->state == REVERSED)
        bridge_lost(session->bridge, error);
    else if (session->state == TURNED)
        act(session, atrn_dialogue_ended(&session->dialogue, 0, 0,
                                         "the provider did not wait for your mail server"));
    else
        session_failed(&session->base, code, error);
}

static void provider_wire(void *context, char direction, const char *line, size_t size)
{
    struct atrn_session *session = context;

    if (session->state != REVERSED || direction == '>') /* the bridge shows what is no mail */
        session_wire(&session->base, direction, line, size);
}

/* ---- the primary ---- */

static void primary_ready(void *context)
{
    struct atrn_session *session = context;

    if (session->state == PRIMARY)
        open_provider(&session->base);
    else if (session->state == INTRODUCING)
        ask(session);
    else if (session->state == TURNED)
        reverse(session);
}

static void primary_failed(void *context, const char *why)
{
    struct atrn_session *session = context;
    struct session *base = &session->base;

    if (session->state == ASKING && session->reopened++ < REOPENED_MAX) {
        session_decide(base->poll->backup, "connect to your mail server again", why);
        open_primary(session, ASKING);
    } else if (session->state == TURNED) {
        act(session, atrn_dialogue_ended(&session->dialogue, 0, 0, why));
    } else if (!base->is_over) {
        for (size_t i = 0; i < base->poll->wanted_count; i++)
            base->poll->wanted[i]->stage =
                STAGE_NONE; /* that it came so far is not the provider's */
        declined(base, OUTCOME_HELD, why);
    }
}

static void reversed_ended(void *context, const char *why)
{
    struct atrn_session *session = context;
    struct guard_counts counts = bridge_counts(session->bridge);

    if (counts.messages > 0)
        session->reopened = 0;
    uint64_t moved = atrn_account_session(&session->account, &counts);
    act(session, atrn_dialogue_ended(
                     &session->dialogue, moved,
                     counts.refused_for_now + counts.refused_for_good + counts.put_off, why));
}

/* ---- what is done ---- */

static void act(struct atrn_session *session, enum atrn_step step)
{
    struct session *base = &session->base;
    bool goes_on = step == ATRN_CONNECT || step == ATRN_PAUSE;

    if (goes_on && base->is_stopping) {
        step = ATRN_END;
    } else if (goes_on && session->account.credit_ms <= 0) {
        atrn_dialogue_give_up(&session->dialogue,
                              "the provider is too slow, and more mail may be waiting: pull again");
        step = ATRN_END;
    }
    switch (step) {
    case ATRN_ASK:
        session_move(base, SESSION_ASKING, base->poll->wanted[0]->domain);
        session_say(base, session->dialogue.command.bytes,
                    clock_monotonic_ms() + base->poll->backup->turn_timeout_s * 1000);
        break;
    case ATRN_REVERSE: break;
    case ATRN_CONNECT:
        disconnect(session);
        open_primary(session, PRIMARY);
        break;
    case ATRN_PAUSE:
        disconnect(session);
        session->state = PAUSED;
        timer_set(base->poll->polling->loop, &session->pause,
                  clock_monotonic_ms() + session->dialogue.pause_ms);
        session_move(base, SESSION_WAITING, NULL);
        break;
    case ATRN_QUIT:
        session_leave(base, "QUIT\r\n"); /* nothing depends on its answer */
        end(session);
        break;
    case ATRN_END: end(session); break;
    }
}

static void pause_is_over(void *context)
{
    open_primary(context, PRIMARY);
}

/* The session may take a tenth of its time from now on. */
static void hurry(struct session *base)
{
    struct atrn_session *session = of(base);

    if (session->is_hurried)
        return;
    session->is_hurried = true;
    session->account.credit_max_ms /= HURRIED_PART;
    atrn_account_earn(&session->account, 0);
    if (session->state == REVERSED)
        bridge_hurry(session->bridge);
}

/* Ends at once: what was acknowledged is safe, the rest is still with the provider. */
static void stop(struct session *base)
{
    struct atrn_session *session = of(base);

    if (session->state == REVERSED)
        bridge_stop(session->bridge, "stopped");
    else
        declined(base, OUTCOME_INTERRUPTED, "stopped before an answer came");
}

static void free_session(struct session *base)
{
    struct atrn_session *session = of(base);

    disconnect(session);
    timer_set(base->poll->polling->loop, &session->pause, INT64_MAX);
    bridge_free(session->bridge);
    atrn_dialogue_done(&session->dialogue);
    buffer_done(&session->early);
    atrn_account_done(&session->account);
    session_done(base);
    free(session);
}

struct session *atrn_session_new(struct poll *poll, void (*ended)(void *poll))
{
    static const struct session_method method = {
        .events = {.ready = session_ready,
                   .received = provider_received,
                   .drained = provider_drained,
                   .failed = provider_failed,
                   .wire = provider_wire},
        .established = established,
        .declined = declined,
        .replied = replied,
        .cut = cut,
        .reconnect = open_provider,
        .stop = stop,
        .hurry = hurry,
        .free = free_session,
    };
    struct atrn_session *session = memory_new(1, sizeof *session);
    const struct backup_config *backup = poll->backup;

    session_init(&session->base, &method, poll, ended);
    session->pause = (struct timer){.due = pause_is_over, .context = session};
    atrn_account_init(&session->account, poll, session->base.nodes);
    atrn_dialogue_init(&session->dialogue, method_verb(backup->method), session->base.nodes,
                       backup->name_domains ? poll->wanted_count : 0, backup->turn_sessions);
    session->bridge = bridge_new(&(struct bridge_options){.account = &session->account,
                                                          .ready = primary_ready,
                                                          .failed = primary_failed,
                                                          .ended = reversed_ended,
                                                          .context = session});
    buffer_init(&session->early, EARLY_SIZE_MAX);
    open_primary(session, PRIMARY);
    return &session->base;
}

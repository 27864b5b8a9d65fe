/* What sessions of every method do alike. */
#include "session.h"

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- results ---- */

enum verb method_verb(enum method method)
{
    static const enum verb verbs[] = {
        [METHOD_ETRN] = VERB_ETRN, [METHOD_ATRN] = VERB_ATRN, [METHOD_TURN] = VERB_TURN};

    return verbs[method];
}

void session_replace(char **text, const char *with)
{
    free(*text);
    *text = memory_copy(with);
}

void session_answer(struct result *result, enum verb verb, enum outcome outcome, int code,
                    const char *text)
{
    const struct standing standing = {.tls = result->tls != NULL,
                                      .authenticated = result->authenticated,
                                      .starttls_offered = result->starttls_offered,
                                      .auth_offered = result->auth_offered};

    result->known = true;
    result->verb = result->stage == STAGE_COMMAND ? verb : VERB_CONNECT;
    result->outcome =
        result->stage == STAGE_COMMAND ? outcome_in_session(outcome, code, &standing) : outcome;
    result->code = code;
    session_replace(&result->text, text);
}

void session_tell(const struct polling *polling, struct result *result)
{
    result->at_ms = clock_wall_ms();
    if (polling->observer.answered != NULL)
        polling->observer.answered(polling->context, result);
}

enum grade result_grade(const struct result *result)
{
    bool is_unasked =
        (result->outcome == OUTCOME_DEFERRED && result->attempts == result->before.attempts) ||
        (result->outcome == OUTCOME_INTERRUPTED && result->is_stopped);

    return is_unasked ? GRADE_HELD : outcome_grade(result->outcome);
}

void session_settle(struct result *result, const struct polling *polling, enum outcome outcome,
                    enum stage stage, const char *text)
{
    result->known = true;
    result->outcome = outcome;
    result->verb = VERB_CONNECT;
    result->stage = stage;
    result->code = 0;
    result->pending = -1;
    result->authenticated = false;
    session_replace(&result->address, NULL);
    session_replace(&result->tls, NULL);
    session_replace(&result->text, text);
    session_tell(polling, result);
}

void session_move(const struct session *session, enum session_state state, const char *domain)
{
    const struct polling *polling = session->poll->polling;

    if (polling->observer.moved != NULL)
        polling->observer.moved(polling->context, session->poll->backup, state, domain);
}

void session_decide(const struct backup_config *backup, const char *decision, const char *why)
{
    const struct log_field fields[] = {
        {.key = "backup", .text = backup->name},
        {.key = "decision", .text = decision},
        {.key = "why", .text = why},
    };

    log_fields(LEVEL_DEBUG, fields, COUNT_OF(fields));
}

/* ---- a session ---- */

void session_init(struct session *session, const struct session_method *method, struct poll *poll,
                  void (*ended)(void *poll))
{
    session->poll = poll;
    session->ended = ended;
    session->method = method;
    session->nodes = memory_new(poll->wanted_count, sizeof *session->nodes);
    for (size_t i = 0; i < poll->wanted_count; i++)
        session->nodes[i] = *poll->wanted[i]->node;
    reply_init(&session->hearing.reply);
}

void session_done(struct session *session)
{
    reply_done(&session->hearing.reply);
    free(session->nodes);
}

/* Writes down what the connection is like. */
static void note_facts(const struct session *session, bool stands)
{
    const struct connection_facts *facts = connection_facts(session->connection);

    for (size_t i = 0; i < session->poll->wanted_count; i++) {
        struct result *result = session->poll->wanted[i];

        if (session->method->needs_facts != NULL &&
            !session->method->needs_facts(session, i, stands))
            continue;
        session_replace(&result->address, facts->address);
        session_replace(&result->tls, facts->tls);
        result->authenticated = facts->authenticated;
        result->starttls_offered = facts->ehlo.starttls;
        result->auth_offered = facts->ehlo.auth;
        result->is_offered = ehlo_offers(&facts->ehlo, method_verb(result->backup->method));
        result->stage = facts->stage;
        result->certificate_expires_ms = facts->certificate_expires_ms;
    }
}

/* Logs why an established session is in clear where TLS was to be had. */
static void note_clear(const struct backup_config *backup, const struct connection_facts *facts,
                       bool in_clear)
{
    if (backup->tls != TLS_MAY || in_clear || facts->tls != NULL || !facts->ehlo.starttls)
        return;
    session_decide(backup, "go on without TLS, though STARTTLS is offered",
                   facts->refused_at == STAGE_STARTTLS && facts->refused != 0
                       ? facts->refusal
                       : "libcurl has not used it");
}

enum {
    NOT_OFFERED_SIZE = 256
};

/* Why the established session is of no use. A server without EHLO (500, 502) is one without extensions. */
static enum outcome not_offered(const struct connection_facts *facts, enum verb verb,
                                char text[NOT_OFFERED_SIZE])
{
    bool refused = facts->refused_at == STAGE_EHLO && facts->refused != 0;
    enum outcome outcome = outcome_of_refusal(STAGE_EHLO, facts->refused);

    if (refused)
        (void)snprintf(text, NOT_OFFERED_SIZE, "EHLO was refused: %s", facts->refusal);
    else
        (void)snprintf(text, NOT_OFFERED_SIZE, "EHLO does not offer %s", verb_name(verb));
    return refused && outcome != OUTCOME_PROTOCOL ? outcome : OUTCOME_UNSUPPORTED;
}

void session_connect(struct session *session)
{
    const struct polling *polling = session->poll->polling;
    struct connection_options options = reach_options(polling->config, session->poll->backup);
    struct error error;

    if (session->in_clear)
        options.tls = TLS_OFF;
    options.password = session->poll->password;
    options.show_wire = polling->observer.wire != NULL;

    hearing_begin(&session->hearing, false);
    session_move(session, SESSION_CONNECTING, NULL);
    session->connection =
        connection_open(polling->loop, &options, &session->method->events, session, &error);
    if (session->connection == NULL)
        session->method->cut(session, outcome_of_status(error.status), 0, error.text);
}

void session_ready(void *context)
{
    struct session *session = context;
    const struct backup_config *backup = session->poll->backup;
    const struct connection_facts *facts = connection_facts(session->connection);
    enum verb verb = method_verb(backup->method);
    char why[NOT_OFFERED_SIZE];

    note_facts(session, true);
    note_clear(backup, facts, session->in_clear);
    if (ehlo_offers(&facts->ehlo, verb) || backup->force) {
        session->method->established(session);
    } else {
        enum outcome outcome = not_offered(facts, verb, why);

        session->method->declined(session, outcome, why);
    }
}

void session_received(void *context, const char *bytes, size_t size)
{
    struct session *session = context;
    unsigned begun = session->hearing.begun;
    struct error error;

    while (size > 0 && session->connection != NULL && session->hearing.begun == begun) {
        switch (hearing_take(&session->hearing, &bytes, &size, &error)) {
        case HEARING_PART: return;
        case HEARING_REPLY: session->method->replied(session, bytes, &size); break;
        case HEARING_CLOSING:
            session->method->cut(session, OUTCOME_DEFERRED, 421, session->hearing.reply.text.bytes);
            return;
        case HEARING_RUBBISH:
            session->method->cut(session, outcome_of_status(error.status), 0, error.text);
            return;
        }
    }
}

void session_failed(void *context, int code, const struct error *error)
{
    struct session *session = context;

    note_facts(session, false);
    if (error->status == STATUS_TLS && session->poll->backup->tls == TLS_MAY &&
        !session->in_clear) {
        session_decide(session->poll->backup, "connect again without TLS", error->text);
        session->in_clear = true;
        session->method->reconnect(session);
        return;
    }
    enum outcome outcome =
        code != 0 ? outcome_of_refusal(connection_facts(session->connection)->stage, code)
                  : outcome_of_status(error->status);
    session->method->cut(session, outcome, code, error->text);
}

void session_wire(void *context, char direction, const char *line, size_t size)
{
    const struct session *session = context;
    const struct polling *polling = session->poll->polling;

    polling->observer.wire(polling->context, session->poll->backup, direction, line, size);
}

void session_say(struct session *session, const char *command, int64_t deadline_ms)
{
    session->hearing.expects = true;
    connection_deadline(session->connection, deadline_ms);
    connection_send(session->connection, command, strlen(command));
}

void session_leave(struct session *session, const char *command)
{
    if (session->connection != NULL)
        connection_leave(session->connection, command, strlen(command));
    session->connection = NULL;
}

void session_end(struct session *session)
{
    if (session->is_over)
        return;
    session->is_over = true;
    session_move(session, SESSION_DONE, NULL);
    session->ended(session->poll);
}

enum stage session_stage(const struct session *session)
{
    return session->connection != NULL ? connection_stage(session->connection) : STAGE_CONNECT;
}

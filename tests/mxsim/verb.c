/* The commands of SMTP (RFC 5321), AUTH (RFC 4954), STARTTLS (RFC 3207), ETRN (RFC 1985) and ATRN
 * (RFC 2645), as a server without any rule answers them. */
#include "verb.h"
#include "journal.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>

#include <string.h>

static void set_reply(struct session *session, const char *text)
{
    (void)buffer_append_format(&session->reply, "%s\r\n", text);
}

static void reply_ok(struct session *session)
{
    set_reply(session, "250 2.0.0 OK");
}

static void reply_unknown(struct session *session)
{
    set_reply(session, "500 5.5.2 unknown command");
}

static void reply_not_implemented(struct session *session)
{
    set_reply(session, "502 5.5.1 not implemented");
}

static void add_capability(struct session *session, const char *text)
{
    (void)buffer_append_format(&session->reply, "250-%s\r\n", text);
}

static void reply_ehlo(struct session *session)
{
    const struct section *section = session->server->section;
    struct buffer mechanisms;

    add_capability(session, session->server->name);
    if (section->is_sink)
        add_capability(session, "PIPELINING");
    add_capability(session, "8BITMIME");
    if (section->tls_mode == TLS_MODE_STARTTLS && !session->is_secure)
        add_capability(session, "STARTTLS");
    if (section->mechanisms != 0) {
        buffer_init(&mechanisms, 200);
        auth_list(section->mechanisms, &mechanisms);
        (void)buffer_append_format(&session->reply, "250-AUTH %s\r\n", mechanisms.bytes);
        buffer_done(&mechanisms);
    }
    if (section->is_provider)
        add_capability(session, "ATRN");
    if (!section->is_sink)
        add_capability(session, "ETRN");
    set_reply(session, "250 SIZE 0");
}

static void reply_helo(struct session *session)
{
    (void)buffer_append_format(&session->reply, "250 %s\r\n", session->server->name);
}

static void forget_letter(struct session *session)
{
    letter_clear(&session->letter);
}

static void reply_starttls(struct session *session)
{
    if (session->server->section->tls_mode == TLS_MODE_STARTTLS && !session->is_secure)
        set_reply(session, "220 2.0.0 begin TLS");
    else
        reply_not_implemented(session);
}

static void start_tls(struct session *session)
{
    if (session->server->section->tls_context != NULL && !session->is_secure)
        session_secure(session);
}

/* The reply to AUTH or to credentials, by the result; the challenge is in the reply already. */
static void reply_auth_result(struct session *session, enum auth_result result,
                              const char *challenge)
{
    session->auth_result = result;
    switch (result) {
    case AUTH_MORE: (void)buffer_append_format(&session->reply, "334 %s\r\n", challenge); break;
    case AUTH_PASSED: set_reply(session, "235 2.7.0 welcome"); break;
    case AUTH_REFUSED: set_reply(session, "535 5.7.8 wrong credentials"); break;
    case AUTH_FAULTY: set_reply(session, "501 5.5.2 malformed or cancelled"); break;
    case AUTH_UNKNOWN: set_reply(session, "504 5.5.4 unknown mechanism"); break;
    }
}

static void reply_auth(struct session *session)
{
    const struct section *section = session->server->section;
    struct buffer challenge;

    if (section->mechanisms == 0) {
        reply_not_implemented(session);
        return;
    }
    buffer_init(&challenge, 200);
    enum auth_result result = auth_begin(&session->auth, section->mechanisms, section->user,
                                         section->password, session->argument, &challenge);
    reply_auth_result(session, result, challenge.bytes);
    buffer_done(&challenge);
}

/* Said: either the client goes on with credentials, or it is in. */
static void go_on_with_auth(struct session *session)
{
    session->input = session->auth_result == AUTH_MORE ? INPUT_CREDENTIALS : INPUT_COMMAND;
    if (session->auth_result != AUTH_PASSED)
        return;
    session->is_authenticated = true;
    journal_event(session->who, "authenticated %s", session->server->section->user);
}

void verb_credentials(struct session *session, const char *line)
{
    const struct section *section = session->server->section;
    struct buffer challenge;

    session->input = INPUT_COMMAND;
    buffer_init(&challenge, 200);
    enum auth_result result =
        auth_continue(&session->auth, section->user, section->password, line, &challenge);
    reply_auth_result(session, result, challenge.bytes);
    buffer_done(&challenge);
    session_answer(session, result == AUTH_MORE ? "CHALLENGE" : "CREDENTIALS", go_on_with_auth);
}

static void reply_etrn(struct session *session)
{
    const struct section *section = session->server->section;
    const char *node = session->argument;

    if (*node == '\0' || strchr(node, ' ') != NULL) {
        set_reply(session, "501 5.5.4 ETRN wants one node");
        return;
    }
    size_t count = section->spool != NULL ? spool_count(section->spool, node) : 0;
    if (section->says_empty && count == 0)
        (void)buffer_append_format(&session->reply, "251 OK, no messages waiting for node %s\r\n",
                                   node);
    else if (section->counts)
        (void)buffer_append_format(
            &session->reply, "253 OK, %zu pending messages for node %s started\r\n", count, node);
    else
        (void)buffer_append_format(&session->reply, "250 OK, queuing for node %s started\r\n",
                                   node);
}

/* Delivers what waits for the node, on a connection of its own. */
static void deliver(struct session *session)
{
    const struct server *server = session->server;
    char who[sizeof session->who + 16];

    if (server->section->spool == NULL || server->deliver_to.size == 0)
        return;
    struct batch batch = spool_take(server->section->spool, session->argument);
    if (batch.count == 0)
        return;
    (void)text_copy(who, sizeof who, session->who);
    (void)text_copy(who + strlen(who), sizeof who - strlen(who), "/deliver");
    sender_connect(sender_new(server->loop, who, server->section->spool, batch, NULL, NULL),
                   &server->address, &server->deliver_to);
}

static void reply_turn(struct session *session)
{
    const struct section *section = session->server->section;

    if (!section->is_provider)
        reply_not_implemented(session);
    else if (section->mechanisms != 0 && !session->is_authenticated)
        set_reply(session, "530 5.7.0 authentication required");
    else if (spool_count(section->spool, session->argument) == 0)
        set_reply(session, "453 4.5.3 you have no mail");
    else
        set_reply(session, "250 2.0.0 turning round");
}

/* Also where a rule said 250 and there is no mail at all: then the session is turned and empty. */
static void turn(struct session *session)
{
    struct spool *spool = session->server->section->spool;
    struct batch batch = {0};

    if (spool != NULL)
        batch = spool_take(spool, session->argument);
    session_turn(session, batch);
}

static void reply_rcpt(struct session *session)
{
    if (session->letter.sender != NULL)
        reply_ok(session);
    else
        set_reply(session, "503 5.5.1 MAIL first");
}

static void reply_data(struct session *session)
{
    if (session->letter.recipient_count > 0)
        set_reply(session, "354 go ahead");
    else
        set_reply(session, "503 5.5.1 RCPT first");
}

static void take_sender(struct session *session)
{
    letter_from(&session->letter, session->argument);
}

static void take_recipient(struct session *session)
{
    letter_to(&session->letter, session->argument);
}

static void take_message(struct session *session)
{
    letter_begin(&session->letter);
    session->input = INPUT_MESSAGE;
}

void verb_message(struct session *session)
{
    session->input = INPUT_COMMAND;
    reply_ok(session);
    session_answer(session, ".", NULL);
    /* It is kept before it is said to be, as a server must (RFC 5321 4.2.5). */
    if (session->is_positive)
        (void)letter_keep(&session->letter, session->who);
    else
        letter_clear(&session->letter);
}

static void reply_quit(struct session *session)
{
    set_reply(session, "221 2.0.0 bye");
}

static const struct verb verbs[] = {{"EHLO", reply_ehlo, forget_letter, false, false, false},
                                    {"HELO", reply_helo, forget_letter, false, false, false},
                                    {"STARTTLS", reply_starttls, start_tls, false, false, false},
                                    {"AUTH", reply_auth, go_on_with_auth, false, false, false},
                                    {"ETRN", reply_etrn, deliver, false, true, true},
                                    {"ATRN", reply_turn, turn, false, true, false},
                                    {"TURN", reply_turn, turn, false, true, false},
                                    {"MAIL", reply_ok, take_sender, true, false, false},
                                    {"RCPT", reply_rcpt, take_recipient, true, false, false},
                                    {"DATA", reply_data, take_message, false, false, false},
                                    {"RSET", reply_ok, forget_letter, false, false, false},
                                    {"NOOP", reply_ok, NULL, false, false, false},
                                    {"QUIT", reply_quit, session_close, false, false, false},
                                    {NULL, reply_unknown, NULL, false, false, false}};

const struct verb *verb_find(const char *name)
{
    const struct verb *verb = verbs;

    while (verb->name != NULL && !text_equal(verb->name, name))
        verb++;
    return verb;
}

bool verb_is_refused(struct session *session, const struct verb *verb)
{
    const struct section *section = session->server->section;

    if (verb->is_guarded && section->require_tls && !session->is_secure)
        set_reply(session, "530 5.7.0 STARTTLS first");
    else if (verb->is_guarded && section->require_auth && !session->is_authenticated)
        set_reply(session, "530 5.7.0 authentication required");
    return session->reply.size > 0;
}

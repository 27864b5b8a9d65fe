/* One connection: takes commands one after the other, each answered after its delay before the next
 * is looked at. */
#include "session.h"
#include "journal.h"
#include "rule.h"
#include "verb.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPLY_MAX = 256 * 1024,
    FILE_LOOK_US = 20000 /* between two looks for a file that is waited for */
};

static void run(struct session *session);
static void take_proxy_line(struct session *session, const char *line);

static void session_free(void *owner)
{
    struct session *session = owner;

    session->activity = SESSION_OVER;
    session->server->open--;
    loop_cancel(session->server->loop, &session->delay);
    loop_leave(&session->living);
    sender_free(session->sender);
    stage_free(session->stage);
    wire_free(session->wire);
    letter_clear(&session->letter);
    buffer_done(&session->reply);
    free(session->counts);
    free(session->argument);
    loop_discard(session->server->loop, session);
}

static void end(void *owner, const char *how)
{
    struct session *session = owner;

    journal_event(session->who, "%s", how);
    session_free(session);
}

void session_close(struct session *session)
{
    wire_close(session->wire);
    end(session, "closed");
}

/* Does what a rule or a fault says. */
static void act(struct session *session, enum action action)
{
    if (action == ACTION_CLOSE) {
        session_close(session);
    } else if (action == ACTION_RESET) {
        wire_reset(session->wire);
        end(session, "reset");
    } else if (action == ACTION_STALL) {
        session->activity = SESSION_SENDING; /* for ever */
        wire_stall(session->wire);
    }
}

/* The answer has gone. A greeting, which is not counted as a command, has no argument. */
static void said(struct session *session)
{
    session->activity = SESSION_IDLE;
    if (session->argument != NULL && session->faults.commands_left > 0)
        session->faults.commands_left--;
    if (session->after != NULL)
        session->after(session);
    if (session->activity != SESSION_IDLE || session->is_turned)
        return;
    if (session->action != ACTION_NONE) {
        act(session, session->action);
        return;
    }
    if (session->faults.commands_left == 0)
        act(session, session->faults.command_action);
}

static void say(struct session *session)
{
    session->activity = SESSION_SENDING;
    /* Logged before it goes, so that who has read it finds it in the log. */
    journal_lines(session->who, ">", session->text, wire_would_send(session->wire, session->size));
    if (wire_send(session->wire, session->text, session->size, session->action == ACTION_ENDLESS))
        said(session);
}

static bool file_is_there(const char *path)
{
    FILE *file = fopen(path, "rb");

    return file != NULL && fclose(file) == 0;
}

static void delay_over(void *owner)
{
    struct session *session = owner;

    if (session->file != NULL && !file_is_there(session->file)) {
        loop_start(session->server->loop, &session->delay, FILE_LOOK_US);
        return;
    }
    say(session);
    run(session);
}

/* Says it after the verb's delay. */
static void say_later(struct session *session, const char *verb)
{
    const struct delay *delay = rule_delay(session->server->section, session->number, verb);

    session->activity = SESSION_WAITING;
    session->file = delay != NULL ? delay->file : NULL;
    loop_start(session->server->loop, &session->delay, delay != NULL ? delay->us : 0);
}

void session_answer(struct session *session, const char *verb,
                    void (*after)(struct session *session))
{
    const char *argument = session->argument != NULL ? session->argument : "";
    const struct rule *rule =
        rule_find(session->server->section, session->counts, session->number, verb, argument);

    session->text = session->reply.bytes;
    session->size = session->reply.size;
    session->action = ACTION_NONE;
    if (rule != NULL) {
        session->text = rule->text != NULL ? rule->text : "";
        session->size = rule->size < rule->cut ? rule->size : rule->cut;
        session->action = rule->action;
    }
    session->is_positive = session->text[0] == '2' || session->text[0] == '3';
    session->after = session->is_positive ? after : NULL;
    say_later(session, verb);
}

static void greet(struct session *session)
{
    const struct section *section = session->server->section;

    if (section->connections_max >= 0 && session->server->open > section->connections_max) {
        session->text = section->full_text;
        session->size = section->full_size;
        session->action = ACTION_CLOSE;
        say_later(session, "GREETING");
        return;
    }
    (void)buffer_append_format(&session->reply, "220 %s ESMTP mxsim\r\n", session->server->name);
    session_answer(session, "GREETING", NULL);
}

/* The address in `FROM:<address> …`; without the brackets, up to a space. In place. */
static void keep_address(char *argument)
{
    char *from = strchr(argument, ':');

    from = from != NULL ? from + 1 : argument;
    from += strspn(from, " ");
    size_t size = strcspn(from, " ");
    if (*from == '<') {
        const char *close = strrchr(from, '>');
        from++;
        size = close != NULL && close > from ? (size_t)(close - from) : strlen(from);
        if (close == from)
            size = 0;
    }
    memmove(argument, from, size);
    argument[size] = '\0';
}

static void command(struct session *session, char *line)
{
    size_t size = strcspn(line, " \t");
    char *argument = line + size + strspn(line + size, " \t");

    for (size_t end_at = strlen(argument); end_at > 0 && argument[end_at - 1] == ' '; end_at--)
        argument[end_at - 1] = '\0';
    free(session->argument);
    session->argument = memory_copy(argument);
    line[size] = '\0';
    const struct verb *verb = verb_find(line);
    if (verb->has_address)
        keep_address(session->argument);
    if (verb_is_refused(session, verb)) {
        session->text = session->reply.bytes;
        session->size = session->reply.size;
        session->action = ACTION_NONE;
        session->after = NULL;
        say_later(session, line);
        return;
    }
    verb->reply(session);
    session_answer(session, line, verb->after);
    if (session->action != ACTION_NONE && !verb->is_lasting)
        session->after = NULL;
}

/* Takes a line off the input; NULL when none is complete. One that does not fit is cut. The caller
 * frees it. */
static char *take_line(struct session *session)
{
    const struct buffer *input = wire_input(session->wire);
    const char *newline = memchr(input->bytes, '\n', input->size);

    if (newline == NULL && input->size < WIRE_INPUT_MAX)
        return NULL;
    size_t whole = newline != NULL ? (size_t)(newline - input->bytes) + 1 : input->size;
    journal_lines(session->who, "<", input->bytes, whole);
    size_t size = newline != NULL ? whole - 1 : whole;
    if (size > 0 && input->bytes[size - 1] == '\r')
        size--;
    char *line = memory_copy_part(input->bytes, size);
    wire_consume(session->wire, whole);
    return line;
}

/* Takes one command, or a piece of a message. False when there is nothing that could be taken. */
static bool take(struct session *session)
{
    if (session->input == INPUT_MESSAGE) {
        const struct buffer *input = wire_input(session->wire);
        bool done;
        size_t used = letter_feed(&session->letter, input->bytes, input->size, &done);
        wire_consume(session->wire, used);
        buffer_clear(&session->reply);
        if (done)
            verb_message(session);
        return used > 0;
    }
    char *line = take_line(session);
    if (line == NULL)
        return false;
    buffer_clear(&session->reply);
    if (session->input == INPUT_PROXY)
        take_proxy_line(session, line);
    else if (session->input == INPUT_CREDENTIALS)
        verb_credentials(session, line);
    else
        command(session, line);
    free(line);
    return true;
}

static void run(struct session *session)
{
    while (session->activity == SESSION_IDLE && !session->is_turned && take(session))
        continue;
    if (session->activity == SESSION_IDLE && !session->is_turned && wire_at_end(session->wire)) {
        wire_close(session->wire);
        end(session, "closed by peer");
    }
}

static void received(void *owner)
{
    run(owner);
}

static void sent(void *owner)
{
    said(owner);
    run(owner);
}

static void secured(void *owner)
{
    struct session *session = owner;

    session->is_secure = true;
    session->activity = SESSION_IDLE;
    journal_event(session->who, "tls %s", wire_tls_version(session->wire));
    letter_clear(&session->letter);
    if (session->argument == NULL) /* implicit TLS: nothing has been said yet */
        greet(session);
}

void session_secure(struct session *session)
{
    session->activity = SESSION_SECURING;
    wire_secure(session->wire, session->server->section->tls_context);
}

/* Goes on with proper sending. */
static void deliver(void *owner, bool greeted)
{
    struct session *session = owner;

    stage_free(session->stage);
    session->stage = NULL;
    sender_take_over(session->sender, session->wire, greeted);
}

void session_turn(struct session *session, struct batch batch)
{
    struct server *server = session->server;

    journal_event(session->who, "turned");
    session->is_turned = true;
    session->sender =
        sender_new(server->loop, session->who, server->section->spool, batch, end, session);
    if (session->faults.turned_bytes >= 0 &&
        !wire_cut_after(session->wire, session->faults.turned_bytes, session->faults.turned_action))
        return;
    session->stage = stage_new(server->loop, session->who, server->section, session->number,
                               deliver, end, session);
    if (session->stage != NULL)
        stage_take_over(session->stage, session->wire);
    else
        sender_take_over(session->sender, session->wire, false);
}

/* What comes before the first word of SMTP is done. */
static void open_talk(struct session *session)
{
    if (session->server->section->tls_mode == TLS_MODE_IMPLICIT)
        session_secure(session);
    else
        greet(session);
}

/* The line that a proxy puts in front (PROXY protocol, version 1). */
static void take_proxy_line(struct session *session, const char *line)
{
    if (text_starts_with(line, "PROXY ")) {
        session->input = INPUT_COMMAND;
        open_talk(session);
    } else {
        session_close(session);
    }
}

void session_begin(struct server *server, intptr_t socket, const struct socket_address *peer)
{
    static const struct wire_calls calls = {
        .received = received, .sent = sent, .secured = secured, .ended = end};
    struct session *session = memory_new(1, sizeof *session);
    char from[SOCKET_ADDRESS_TEXT];

    server->open++;
    session->server = server;
    session->number = server->connections;
    (void)snprintf(session->who, sizeof session->who, "%s#%lld", server->name,
                   (long long)session->number);
    session->wire = wire_new(server->loop, socket, &calls, session);
    session->delay = (struct timer){.fired = delay_over, .owner = session};
    session->faults = fault_pick(server->section, session->number);
    session->counts = rule_counts_new(server->section);
    letter_init(&session->letter, server->section->store);
    buffer_init(&session->reply, REPLY_MAX);
    loop_live(server->loop, &session->living, session_free, session);
    journal_event(session->who, "connected %s", socket_address_format(peer, from));
    session->activity = SESSION_WAITING;
    if (!wire_begin(session->wire, &session->faults.wire))
        return;
    if (server->section->is_proxied) {
        session->input = INPUT_PROXY;
        session->activity = SESSION_IDLE;
    } else {
        open_talk(session);
    }
}

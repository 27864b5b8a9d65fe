/* Whether our own mail server is ready: smtp/probe over a bare connection, one reply at a time.
 *
 *   connecting --ready--> a reply is waited for <--> the next command is sent --> over
 *        ^                                                        |
 *        +--------------------- PROBE_CONNECT --------------------+
 */
#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/net/connection.h>
#include <mxpull/platform/clock.h>
#include <mxpull/session/preflight.h>
#include <mxpull/smtp/probe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char too_long[] = "it takes too long to tell";

static void act(struct preflight *preflight, enum probe_step step);

/* ---- domains ---- */

/* Where the table holds the domain's place, or is to hold it. */
static size_t *find(const struct preflight *preflight, const struct node *node)
{
    size_t slot = (size_t)text_hash(node->name, strlen(node->name)) & preflight->mask;

    while (preflight->places[slot] != 0 &&
           strcmp(preflight->domains[preflight->places[slot] - 1].name, node->name) != 0)
        slot = (slot + 1) & preflight->mask;
    return &preflight->places[slot];
}

/* The plain ones, each once. */
static void copy_domains(struct preflight *preflight)
{
    const struct preflight_options *options = &preflight->options;

    while (preflight->mask < 2 * options->count)
        preflight->mask = 2 * preflight->mask + 1;
    preflight->places = memory_new(preflight->mask + 1, sizeof *preflight->places);
    preflight->domains = memory_new(options->count, sizeof *preflight->domains);
    for (size_t i = 0; i < options->count; i++) {
        size_t *place = find(preflight, &options->domains[i]);

        if (options->domains[i].form != NODE_DOMAIN || *place != 0)
            continue;
        preflight->domains[preflight->count++] = options->domains[i];
        *place = preflight->count;
    }
}

/* ---- the end ---- */

static void end(struct preflight *preflight)
{
    static const char *const fates[] = {[PROBE_ACCEPTED] = "",
                                        [PROBE_REFUSED] = "refuses ",
                                        [PROBE_CUT] = "gave no answer for ",
                                        [PROBE_LEFT_OUT] = "was not asked for "};
    const char *address = preflight->options.config->primary.address.text;
    const char *why = probe_why(preflight->probe);

    preflight->is_over = true;
    if (preflight->is_short)
        preflight->shortage = memory_copy(why);
    else if (why != NULL)
        preflight->why =
            memory_format("your mail server %s %s: %s", address,
                          preflight->has_spoken ? "is not ready" : "does not answer", why);
    for (size_t i = 0; i < preflight->count && why == NULL; i++) {
        const char *refusal = probe_refusal(preflight->probe, i);

        if (refusal == NULL)
            continue;
        preflight->refusals[i] = memory_format("your mail server %s %spostmaster@%s: %s", address,
                                               fates[probe_fate(preflight->probe, i)],
                                               preflight->domains[i].name, refusal);
        preflight->refused++;
    }
    if (preflight->options.over != NULL)
        preflight->options.over(preflight->options.context);
}

/* ---- the connection ---- */

static void disconnect(struct preflight *preflight)
{
    connection_close(preflight->connection);
    preflight->connection = NULL;
}

static void cut(struct preflight *preflight, const char *why)
{
    act(preflight, probe_cut(preflight->probe, why));
}

static int64_t timeout_ms(const struct preflight *preflight)
{
    return preflight->wait.stage == PREFLIGHT_AT_GREETING
               ? preflight->options.config->primary.greeting_timeout_s * 1000
               : PREFLIGHT_TIMEOUT_MS;
}

/* A stage begins, or goes on with another command. */
static void wait_for(struct preflight *preflight, enum preflight_stage stage)
{
    int64_t now_ms = clock_monotonic_ms();

    if (preflight->wait.stage != stage || stage != PREFLIGHT_AT_DOMAINS)
        preflight->wait.since_ms = now_ms;
    preflight->wait.stage = stage;
    preflight->wait.domains = preflight->count;
    preflight->wait.until_ms = now_ms + timeout_ms(preflight);
    if (preflight->wait.until_ms > preflight->limit_ms)
        preflight->wait.until_ms = preflight->limit_ms;
}

static void expect_reply(struct preflight *preflight, enum preflight_stage stage)
{
    wait_for(preflight, stage);
    connection_deadline(preflight->connection, preflight->wait.until_ms);
}

/* Whether relay_address, where the primary expects a PROXY line, is the same place as address. */
static bool wants_proxy_line(const struct primary_config *primary)
{
    const struct address *a = &primary->address, *b = &primary->relay_address;

    if (!primary->proxy_protocol)
        return false;
    if (a->host == NULL || b->host == NULL)
        return a->host == b->host && strcmp(a->path, b->path) == 0;
    return a->port == b->port && text_equal(a->host, b->host);
}

void proxy_line_put(char line[PROXY_LINE_SIZE], const char *from, int from_port, const char *to,
                    int to_port)
{
    if (*from == '\0' || *to == '\0')
        (void)text_copy(line, PROXY_LINE_SIZE, "PROXY UNKNOWN\r\n");
    else
        (void)snprintf(line, PROXY_LINE_SIZE, "PROXY %s %s %s %d %d\r\n",
                       strchr(from, ':') != NULL ? "TCP6" : "TCP4", from, to, from_port, to_port);
}

/* Tells the other side our own address, as it is: Postfix does not take UNKNOWN, which is left for a UNIX socket. */
static void introduce(struct connection *connection)
{
    const struct connection_facts *facts = connection_facts(connection);
    char line[PROXY_LINE_SIZE];

    proxy_line_put(line, facts->local_address, facts->local_port, facts->address, facts->port);
    connection_send(connection, line, strlen(line));
}

static void ready(void *context)
{
    struct preflight *preflight = context;
    const char *proxy_line = preflight->options.proxy_line;

    preflight->is_connected = true;
    if (!preflight->way.is_bare) {
        const struct connection_facts *facts = connection_facts(preflight->connection);

        preflight->has_spoken = preflight->has_greeted = true;
        preflight->ehlo = facts->ehlo;
        (void)text_copy(preflight->greeting, sizeof preflight->greeting, facts->greeting);
        act(preflight, probe_established(preflight->probe));
        return;
    }
    expect_reply(preflight, PREFLIGHT_AT_GREETING);
    if (proxy_line != NULL && proxy_line[0] != '\0')
        connection_send(preflight->connection, proxy_line, strlen(proxy_line));
    else if (proxy_line != NULL)
        introduce(preflight->connection);
}

static void note_ehlo(struct preflight *preflight, const char *text)
{
    char line[ERROR_TEXT_SIZE];

    for (bool first = true; *text != '\0'; first = false) {
        int size = (int)strcspn(text, "\n");

        (void)snprintf(line, sizeof line, "250 %.*s", size, text);
        ehlo_line(&preflight->ehlo, line, strlen(line), first);
        text += size + (text[size] == '\n');
    }
}

/* Whether a server that expects no PROXY line has answered that line as a command: all later answers would be one command
 * late. */
static bool answers_proxy_line(const struct preflight *preflight)
{
    return preflight->options.proxy_line != NULL && preflight->expects_ehlo &&
           preflight->hearing.reply.code / 100 == 5;
}

static void note_reply(struct preflight *preflight, const struct reply *reply)
{
    if (!preflight->has_greeted)
        (void)snprintf(preflight->greeting, sizeof preflight->greeting, "%d %.*s", reply->code,
                       (int)strcspn(reply->text.bytes, "\n"), reply->text.bytes);
    if (preflight->expects_ehlo && reply->code == 250)
        note_ehlo(preflight, reply->text.bytes);
    preflight->expects_ehlo = false;
}

/* What follows a reply is judged before the next command is sent; a good greeting does not count then. */
static void take_reply(struct preflight *preflight, bool is_followed)
{
    struct reply *reply = &preflight->hearing.reply;
    bool is_good_greeting = !preflight->has_greeted && reply->code == 220;

    if (answers_proxy_line(preflight)) {
        char why[ERROR_TEXT_SIZE];

        (void)snprintf(why, sizeof why, "it refuses EHLO behind a PROXY line: %d %s", reply->code,
                       reply->text.bytes);
        cut(preflight, why);
        return;
    }
    note_reply(preflight, reply);
    preflight->has_greeted = true;
    if (is_followed && is_good_greeting) {
        reply_reset(reply);
        return;
    }
    enum probe_step step = probe_reply(preflight->probe, reply->code, reply->text.bytes);
    reply_reset(reply);
    if (is_followed && step == PROBE_SEND)
        probe_withdraw(preflight->probe);
    else
        act(preflight, step);
}

static void received(void *context, const char *bytes, size_t size)
{
    struct preflight *preflight = context;
    const struct reply *reply = &preflight->hearing.reply;
    unsigned begun = preflight->hearing.begun;
    struct error error;

    preflight->has_spoken = true;
    while (size > 0 && preflight->connection != NULL && preflight->hearing.begun == begun) {
        switch (hearing_take(&preflight->hearing, &bytes, &size, &error)) {
        case HEARING_PART: return;
        case HEARING_REPLY: take_reply(preflight, size > 0); break;
        case HEARING_CLOSING:
            act(preflight, probe_reply(preflight->probe, reply->code, reply->text.bytes));
            return;
        case HEARING_RUBBISH: cut(preflight, error.text); return;
        }
    }
}

/* "Connection refused" of "no connection: Connection refused": our sentence already says that it does not answer. */
static const char *without_head(const char *text)
{
    static const char head[] = "no connection";
    const char *reason = strstr(text, ": ");

    return strncmp(text, head, sizeof head - 1) == 0 && reason != NULL ? reason + 2 : text;
}

/* The connection's texts are made for backups, so some are replaced here. */
static void failed(void *context, int code, const struct error *error)
{
    struct preflight *preflight = context;
    const char *before = preflight->has_greeted ? "" : " before a greeting";
    char duration[DURATION_TEXT_SIZE], why[ERROR_TEXT_SIZE];

    if (!preflight->way.is_bare && !preflight->has_greeted)
        (void)text_copy(preflight->greeting, sizeof preflight->greeting,
                        connection_facts(preflight->connection)->greeting);
    if (error->status == STATUS_TLS && preflight->way.tls == TLS_MAY) {
        preflight->way.tls = TLS_OFF; /* as pulls do */
        act(preflight, PROBE_CONNECT);
        return;
    }
    if (code != 0) {
        act(preflight, probe_reply(preflight->probe, code, error->text));
        return;
    }
    (void)text_copy(why, sizeof why, without_head(error->text));
    if (why[0] >= 'A' && why[0] <= 'Z' && why[1] >= 'a' && why[1] <= 'z')
        why[0] = (char)(why[0] - 'A' + 'a');
    if (clock_monotonic_ms() >= preflight->limit_ms)
        (void)text_copy(why, sizeof why, too_long);
    else if (preflight->is_connected && error->status == STATUS_TIMEOUT)
        (void)snprintf(why, sizeof why, "%s within %s",
                       preflight->has_greeted ? "no answer" : "connected, but no greeting",
                       duration_format(duration, timeout_ms(preflight) / 1000));
    else if (preflight->is_connected)
        (void)snprintf(why, sizeof why, "it closed the connection%s", before);
    preflight->is_short = error->status == STATUS_SHORTAGE;
    cut(preflight, why);
}

static void show_wire(void *context, char direction, const char *line, size_t size)
{
    const struct preflight *preflight = context;

    preflight->options.wire(preflight->options.context, direction, line, size);
}

static void open_connection(struct preflight *preflight)
{
    static const struct connection_events events = {
        .ready = ready, .received = received, .failed = failed, .wire = show_wire};
    struct error error;

    preflight->is_connected = preflight->has_spoken = preflight->has_greeted = false;
    hearing_begin(&preflight->hearing, preflight->way.is_bare);
    wait_for(preflight, PREFLIGHT_AT_CONNECT);
    preflight->connection =
        connection_open(preflight->options.loop, &preflight->way, &events, preflight, &error);
    if (preflight->connection == NULL)
        cut(preflight, error.text);
}

static void act(struct preflight *preflight, enum probe_step step)
{
    const char *command = probe_command(preflight->probe);

    if (step == PROBE_CONNECT && clock_monotonic_ms() >= preflight->limit_ms)
        step = probe_stop(preflight->probe, too_long);
    switch (step) {
    case PROBE_SEND:
        preflight->hearing.expects = true;
        preflight->expects_ehlo = text_starts_with(command, "EHLO ");
        expect_reply(preflight, PREFLIGHT_AT_DOMAINS);
        connection_send(preflight->connection, command, strlen(command));
        break;
    case PROBE_QUIT:
        connection_leave(preflight->connection, "QUIT\r\n", strlen("QUIT\r\n"));
        preflight->connection = NULL;
        act(preflight, probe_parted(preflight->probe));
        break;
    case PROBE_CONNECT:
        disconnect(preflight);
        open_connection(preflight);
        break;
    case PROBE_END:
        disconnect(preflight);
        end(preflight);
        break;
    }
}

/* How it is connected to, and what is said first. */
static void choose_way(struct preflight *preflight)
{
    struct preflight_options *options = &preflight->options;
    const struct primary_config *primary = &options->config->primary;

    preflight->way = options->connection != NULL
                         ? *options->connection
                         : (struct connection_options){.is_bare = true,
                                                       .host = primary->address.host,
                                                       .port = primary->address.port,
                                                       .path = primary->address.path};
    preflight->way.show_wire = options->wire != NULL;
    preflight->way.connect_timeout_ms = preflight->way.reply_timeout_ms = PREFLIGHT_TIMEOUT_MS;
    if (options->connection == NULL && wants_proxy_line(primary))
        options->proxy_line = "";
    options->connection = NULL;
}

struct preflight *preflight_new(const struct preflight_options *options)
{
    struct preflight *preflight = memory_new(1, sizeof *preflight);
    int64_t limit_ms = PREFLIGHT_LIMIT_MS + options->config->primary.greeting_timeout_s * 1000;

    preflight->options = *options;
    choose_way(preflight);
    preflight->limit_ms =
        clock_monotonic_ms() + (options->limit_ms != 0 ? options->limit_ms : limit_ms);
    copy_domains(preflight);
    preflight->options.domains = NULL;
    preflight->refusals = memory_new(preflight->count, sizeof *preflight->refusals);
    preflight->probe = probe_new(options->config->ehlo_name, preflight->domains, preflight->count);
    reply_init(&preflight->hearing.reply);
    open_connection(preflight);
    return preflight;
}

void preflight_free(struct preflight *preflight)
{
    if (preflight == NULL)
        return;
    disconnect(preflight);
    probe_free(preflight->probe);
    reply_done(&preflight->hearing.reply);
    for (size_t i = 0; i < preflight->count; i++)
        free(preflight->refusals[i]);
    free(preflight->refusals);
    free(preflight->domains);
    free(preflight->places);
    free(preflight->why);
    free(preflight->shortage);
    free(preflight);
}

/* ---- what is known ---- */

void preflight_wait_format(struct buffer *text, const struct preflight_wait *wait)
{
    switch (wait->stage) {
    case PREFLIGHT_AT_CONNECT: (void)buffer_append_text(text, "connecting"); break;
    case PREFLIGHT_AT_GREETING: (void)buffer_append_text(text, "connected, no greeting yet"); break;
    case PREFLIGHT_AT_DOMAINS:
        (void)buffer_append_format(text, "asking for postmaster of %zu domain%s", wait->domains,
                                   wait->domains == 1 ? "" : "s");
        break;
    }
}

const char *preflight_refusal(const struct preflight *preflight, const struct node *node)
{
    size_t place = preflight->why == NULL ? *find(preflight, node) : 0;

    return place > 0 ? preflight->refusals[place - 1] : preflight->why;
}

const char *preflight_refusal_of_all(const struct preflight *preflight)
{
    bool is_all = preflight->count > 0 && preflight->refused == preflight->count;

    return is_all ? preflight->refusals[0] : NULL;
}

void domain_list_add(struct domain_list *list, const struct node *node)
{
    list->nodes = memory_more(list->nodes, list->count, sizeof *list->nodes);
    list->nodes[list->count++] = *node;
}

void domain_list_add_all(struct domain_list *list, const struct config *config)
{
    for (size_t i = 0; i < config->backup_count; i++) {
        for (size_t j = 0; j < config->backups[i].domain_count; j++)
            domain_list_add(list, &config->backups[i].domains[j]);
    }
}

void domain_list_done(struct domain_list *list)
{
    free(list->nodes);
    *list = (struct domain_list){0};
}

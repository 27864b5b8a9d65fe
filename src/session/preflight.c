/* Whether our own mail server is ready: smtp/probe over a bare connection, one reply at a time.
 *
 *   connecting --ready--> a reply is waited for <--> the next command is sent --> over
 *        ^                                                        |
 *        +--------------------- PROBE_CONNECT --------------------+
 */
#include "session.h"

#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/session/preflight.h>
#include <mxpull/smtp/probe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct preflight {
    struct preflight_options options; /* domains: not used after preflight_new */
    struct node *domains;             /* the plain ones, each once, in the order of asking */
    const struct node **by_name;      /* they, sorted */
    size_t count;
    int64_t limit_ms; /* when it has to be over, monotonic */
    struct probe *probe;
    struct connection *connection;              /* NULL: none */
    unsigned connections;                       /* so far */
    bool is_connected, has_spoken, has_greeted; /* the connection */
    struct hearing hearing;
    struct preflight_wait wait;
    bool is_over;
    bool is_short;   /* of file descriptors: nobody was looked at */
    char *why;       /* in our words, when over */
    char *shortage;  /* why it was not looked at */
    char **refusals; /* the same, for each domain; NULL: accepted */
    size_t refused;
};

static const char too_long[] = "it takes too long to tell";

static void act(struct preflight *preflight, enum probe_step step);

/* ---- domains ---- */

static int compare_places(const void *left, const void *right)
{
    const struct node *a = *(const struct node *const *)left,
                      *b = *(const struct node *const *)right;

    return (a > b) - (a < b);
}

static int compare_names(const void *left, const void *right)
{
    const struct node *a = *(const struct node *const *)left,
                      *b = *(const struct node *const *)right;

    return strcmp(a->name, b->name);
}

static int compare_names_and_places(const void *left, const void *right)
{
    int order = compare_names(left, right);

    return order != 0 ? order : compare_places(left, right);
}

static void copy_domains(struct preflight *preflight)
{
    const struct preflight_options *options = &preflight->options;
    const struct node **kept = memory_new(options->count, sizeof(const struct node *));
    size_t all = 0, count = 0;

    for (size_t i = 0; i < options->count; i++) {
        if (options->domains[i].form == NODE_DOMAIN)
            kept[all++] = &options->domains[i];
    }
    qsort(kept, all, sizeof(const struct node *), compare_names_and_places);
    for (size_t i = 0; i < all; i++) {
        if (count == 0 || strcmp(kept[count - 1]->name, kept[i]->name) != 0)
            kept[count++] = kept[i];
    }
    qsort(kept, count, sizeof(const struct node *), compare_places);
    preflight->count = count;
    preflight->domains = memory_new(count, sizeof *preflight->domains);
    for (size_t i = 0; i < count; i++)
        preflight->domains[i] = *kept[i];
    for (size_t i = 0; i < count; i++)
        kept[i] = &preflight->domains[i];
    qsort(kept, count, sizeof(const struct node *), compare_names);
    preflight->by_name = kept;
}

/* ---- the end ---- */

static const char *const verbs[] = {[PROBE_ACCEPTED] = "",
                                    [PROBE_REFUSED] = "refuses postmaster@",
                                    [PROBE_CUT] = "gave no answer for postmaster@",
                                    [PROBE_LEFT_OUT] = "was not asked for postmaster@"};

/* "your mail server 127.0.0.1:25 is not ready: 554 no", "your mail server 127.0.0.1:25 refuses
 * postmaster@example.com: 550 no" */
static char *in_words(const struct preflight *preflight, const char *verb, const char *object,
                      const char *reason)
{
    static const char format[] = "your mail server %s %s%s: %s";
    const char *address = preflight->options.config->primary.address.text;
    size_t size = sizeof format + strlen(address) + strlen(verb) + strlen(object) + strlen(reason);
    char *words = memory_new(size, 1);

    (void)snprintf(words, size, format, address, verb, object, reason);
    return words;
}

static void end(struct preflight *preflight)
{
    const char *why = probe_why(preflight->probe);

    preflight->is_over = true;
    if (preflight->is_short)
        preflight->shortage = memory_copy(why);
    else if (why != NULL)
        preflight->why = in_words(
            preflight, preflight->has_spoken ? "is not ready" : "does not answer", "", why);
    for (size_t i = 0; i < preflight->count && why == NULL; i++) {
        const char *refusal = probe_refusal(preflight->probe, i);

        if (refusal == NULL)
            continue;
        preflight->refusals[i] = in_words(preflight, verbs[probe_fate(preflight->probe, i)],
                                          preflight->domains[i].name, refusal);
        preflight->refused++;
    }
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

/* Whether mail of a reversed session goes to the same place, where a PROXY line is expected then. */
static bool wants_proxy_line(const struct primary_config *primary)
{
    const struct address *a = &primary->address, *b = &primary->relay_address;

    if (!primary->proxy_protocol)
        return false;
    if (a->host == NULL || b->host == NULL)
        return a->host == b->host && strcmp(a->path, b->path) == 0;
    return a->port == b->port && text_equal(a->host, b->host);
}

static void ready(void *context)
{
    struct preflight *preflight = context;
    static const char proxy_line[] = "PROXY UNKNOWN\r\n";

    preflight->is_connected = true;
    expect_reply(preflight, PREFLIGHT_AT_GREETING);
    if (wants_proxy_line(&preflight->options.config->primary))
        connection_send(preflight->connection, proxy_line, sizeof proxy_line - 1);
}

/* A reply that something follows is not answered by a command before that was judged; a good greeting does
 * not count then. */
static void take_reply(struct preflight *preflight, bool is_followed)
{
    struct reply *reply = &preflight->hearing.reply;
    bool is_good_greeting = !preflight->has_greeted && reply->code == 220;

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
    unsigned connections = preflight->connections;
    struct error error;

    preflight->has_spoken = true;
    while (size > 0 && preflight->connection != NULL && preflight->connections == connections) {
        switch (hearing_take(&preflight->hearing, &bytes, &size, &error)) {
        case HEARD_PART: return;
        case HEARD_REPLY: take_reply(preflight, size > 0); break;
        case HEARD_CLOSING:
            act(preflight, probe_reply(preflight->probe, reply->code, reply->text.bytes));
            return;
        case HEARD_RUBBISH: cut(preflight, error.text); return;
        }
    }
}

/* "Connection refused" of "no connection: Connection refused": that it does not answer is said. */
static const char *without_head(const char *text)
{
    static const char head[] = "no connection";
    const char *reason = strstr(text, ": ");

    return strncmp(text, head, sizeof head - 1) == 0 && reason != NULL ? reason + 2 : text;
}

/* The connection's words are about a backup. */
static void failed(void *context, int code, const struct error *error)
{
    struct preflight *preflight = context;
    const char *before = preflight->has_greeted ? "" : " before a greeting";
    char duration[DURATION_TEXT_SIZE], why[ERROR_TEXT_SIZE];

    (void)code;
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

static void open_connection(struct preflight *preflight)
{
    static const struct connection_events events = {
        .ready = ready, .received = received, .failed = failed};
    const struct address *address = &preflight->options.config->primary.address;
    const struct connection_place place = {
        .host = address->host,
        .port = address->port,
        .path = address->path,
        .connect_timeout_ms = PREFLIGHT_TIMEOUT_MS,
    };
    struct error error;

    preflight->is_connected = preflight->has_spoken = preflight->has_greeted = false;
    preflight->connections++;
    hearing_begin(&preflight->hearing, true);
    wait_for(preflight, PREFLIGHT_AT_CONNECT);
    preflight->connection =
        connection_open_bare(preflight->options.loop, &place, &events, preflight, &error);
    if (preflight->connection == NULL)
        cut(preflight, error.text);
}

static void send_command(struct preflight *preflight)
{
    const char *command = probe_command(preflight->probe);

    preflight->hearing.expects = true;
    expect_reply(preflight, PREFLIGHT_AT_DOMAINS);
    connection_send(preflight->connection, command, strlen(command));
}

static void part(struct preflight *preflight)
{
    connection_leave(preflight->connection, "QUIT\r\n", strlen("QUIT\r\n"));
    preflight->connection = NULL;
    act(preflight, probe_parted(preflight->probe));
}

static void act(struct preflight *preflight, enum probe_step step)
{
    if (step == PROBE_CONNECT && clock_monotonic_ms() >= preflight->limit_ms)
        step = probe_stop(preflight->probe, too_long);
    switch (step) {
    case PROBE_SEND: send_command(preflight); break;
    case PROBE_QUIT: part(preflight); break;
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

int64_t preflight_limit_ms(const struct config *config)
{
    return PREFLIGHT_LIMIT_MS + config->primary.greeting_timeout_s * 1000;
}

struct preflight *preflight_new(const struct preflight_options *options)
{
    struct preflight *preflight = memory_new(1, sizeof *preflight);

    preflight->options = *options;
    preflight->limit_ms = clock_monotonic_ms() + options->limit_ms;
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
    free(preflight->by_name);
    free(preflight->why);
    free(preflight->shortage);
    free(preflight);
}

/* ---- what is known ---- */

const struct preflight_wait *preflight_waits(const struct preflight *preflight)
{
    return preflight->is_over ? NULL : &preflight->wait;
}

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

const char *preflight_shortage(const struct preflight *preflight)
{
    return preflight->shortage;
}

const char *preflight_why(const struct preflight *preflight)
{
    return preflight->why;
}

const char *preflight_refusal(const struct preflight *preflight, const struct node *node)
{
    const struct node *const *found = NULL;

    if (preflight->why == NULL && node->form == NODE_DOMAIN)
        found = bsearch(&node, preflight->by_name, preflight->count, sizeof(const struct node *),
                        compare_names);
    return found != NULL ? preflight->refusals[*found - preflight->domains] : preflight->why;
}

size_t preflight_domain_count(const struct preflight *preflight)
{
    return preflight->count;
}

const struct node *preflight_domain(const struct preflight *preflight, size_t index,
                                    enum probe_fate *fate)
{
    *fate = probe_fate(preflight->probe, index);
    return &preflight->domains[index];
}

const char *preflight_refusal_of_all(const struct preflight *preflight)
{
    bool is_all = preflight->count > 0 && preflight->refused == preflight->count;

    return is_all ? preflight->refusals[0] : NULL;
}

void domain_list_add(struct domain_list *list, const struct node *node)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity > 0 ? 2 * list->capacity : 16;
        list->nodes = memory_resize(list->nodes, list->capacity, sizeof *list->nodes);
    }
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

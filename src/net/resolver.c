/* Questions to the DNS, by two channels of c-ares, whose sockets the loop polls beside those of the connections.
 *
 * A question waits until the loop's next turn, for c-ares may answer from within ares_query. It is asked over UDP, and
 * over TCP where the answer was truncated; where there was none, or one that cannot be read, over the other one, and so
 * on. A channel each, for c-ares 1.18 lets all questions of a channel fail when the server hangs up. When the caller's
 * patience ends he is told, and what c-ares says later is dropped, as what it says of a question that he has given up. */
#define CARES_NO_DEPRECATED /* what takes the place of ares_query is not in c-ares 1.18 */
#include "dns_message.h"
#include "internal.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/socket.h>

#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLASS_IN = 1,
    FORMERR = 1, /* RFC 1035 4.1.1, as the others */
    TRUNCATED = 2,

    /* c-ares waits for 1 s, 2 s and 4 s; less for a server that was quick, where its version knows that. Then it is the other
     * channel's turn, after a pause. */
    TRY_MS = 1000,
    TRIES = 3,
    TURNS = 8,
    PAUSE_MS = 200,
    PATIENCE_MS = 15000,

    /* What a server takes without fragments (DNS flag day 2020). */
    EDNS_SIZE = 1232,

    /* Sockets hold some hundreds of packets: no more are sent at once. */
    BURST = 64,
    BURST_MS = 10,
    SOCKETS = 2048
};

struct dns_question {
    struct resolver *resolver;
    struct dns_question *next; /* in a list of the resolver's */
    char *name;                /* owned, as it is asked for */
    enum dns_type type;
    void (*answered)(void *context, const struct dns_answer *answer);
    void *context;
    struct timer patience; /* set until the caller is told */
    unsigned turns;
    bool over_tcp;
    bool is_long;    /* the answer does not fit into a datagram */
    bool is_rubbish; /* there was an answer that cannot be read */
};

struct resolver {
    struct loop *loop;     /* borrowed */
    struct resolver *next; /* in the loop */
    ares_channel udp, tcp;
    char *servers;                      /* owned: "192.0.2.1:53 or 192.0.2.2:53" */
    struct dns_question *first, **last; /* owned: those that c-ares does not have yet */
    struct dns_question *paused;        /* owned: those that wait to be put there again */
    struct timer burst, pause, retry;
    struct curl_waitfd *sockets;
    size_t socket_count;
};

/* ---- sockets and times ---- */

/* c-ares says what it waits for. */
static void watch(void *context, ares_socket_t socket, int readable, int writable)
{
    struct resolver *resolver = context;
    size_t i = 0;

    while (i < resolver->socket_count && resolver->sockets[i].fd != socket)
        i++;
    if (i == resolver->socket_count) {
        resolver->sockets =
            memory_more(resolver->sockets, resolver->socket_count++, sizeof *resolver->sockets);
    }
    if (readable || writable)
        resolver->sockets[i] =
            (struct curl_waitfd){.fd = socket,
                                 .events = (short)((readable ? CURL_WAIT_POLLIN : 0) |
                                                   (writable ? CURL_WAIT_POLLOUT : 0))};
    else
        resolver->sockets[i] = resolver->sockets[--resolver->socket_count];
}

/* Lets c-ares do what is due, and to the sockets what can be done. */
static void process(struct resolver *resolver, ares_socket_t readable, ares_socket_t writable)
{
    ares_process_fd(resolver->udp, readable, writable);
    ares_process_fd(resolver->tcp, readable, writable);
}

static void set_retry(struct resolver *resolver)
{
    struct timeval limit, *left = ares_timeout(resolver->udp, NULL, &limit);

    left = ares_timeout(resolver->tcp, left, &limit);
    timer_set(resolver->loop, &resolver->retry,
              left == NULL
                  ? INT64_MAX
                  : clock_monotonic_ms() + (int64_t)left->tv_sec * 1000 + left->tv_usec / 1000 + 1);
}

static void retry_due(void *context)
{
    process(context, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_retry(context);
}

struct resolver *resolver_next(const struct resolver *resolver)
{
    return resolver->next;
}

unsigned resolver_waits(const struct resolver *resolver, const struct curl_waitfd **waits)
{
    *waits = resolver->sockets;
    return (unsigned)resolver->socket_count;
}

void resolver_act(struct resolver *resolver, const struct curl_waitfd *wait)
{
    bool is_readable = (wait->revents & ~CURL_WAIT_POLLOUT) != 0;
    bool is_writable = (wait->revents & CURL_WAIT_POLLOUT) != 0;

    process(resolver, is_readable ? wait->fd : ARES_SOCKET_BAD,
            is_writable ? wait->fd : ARES_SOCKET_BAD);
    set_retry(resolver);
}

/* ---- answers ---- */

/* What an error of the server (RFC 1035 4.1.1), or else c-ares, says. */
static enum dns_fate fate_of(int code, int status)
{
    static const enum dns_fate fates[] = {DNS_NO_RECORD, DNS_FAILED, DNS_FAILED,
                                          DNS_NO_NAME,   DNS_FAILED, DNS_REFUSED};

    if (code >= 0)
        return (size_t)code < COUNT_OF(fates) ? fates[code] : DNS_FAILED;
    if (status == ARES_ETIMEOUT || status == ARES_ECONNREFUSED)
        return DNS_SILENT;
    if (status == ARES_EBADNAME)
        return DNS_NO_NAME;
    return status == ARES_EBADRESP ? DNS_RUBBISH : DNS_FAILED;
}

static char *explain(const struct dns_question *question, enum dns_fate fate, int code, int status,
                     const struct dns_message *message)
{
    static const char *const codes[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                        "NXDOMAIN", "NOTIMP",  "REFUSED"};
    const char *servers = question->resolver->servers;
    const char *name = message->alias != NULL ? message->alias : question->name;

    switch (fate) {
    case DNS_FOUND: return NULL;
    case DNS_NO_RECORD:
        return memory_format("%s has no %s record", name, dns_type_name(question->type));
    case DNS_NO_NAME:
        return memory_format(code < 0 ? "%s cannot be a name" : "%s does not exist", name);
    case DNS_SILENT:
        return memory_format(question->is_long ? "%s does not give its long answer over TCP"
                                               : "no answer from %s",
                             servers);
    case DNS_RUBBISH: return memory_format("an answer from %s that cannot be read", servers);
    case DNS_FAILED:
    case DNS_REFUSED: break;
    }
    if (code < 0)
        return memory_format("%s: %s", servers, ares_strerror(status));
    if (code == 0)
        return memory_format("%s does not know, and only names other servers", servers);
    if ((size_t)code < COUNT_OF(codes))
        return memory_format("%s says %s", servers, codes[code]);
    return memory_format("%s says error %d", servers, code);
}

static void tell(struct dns_question *question, enum dns_fate fate, int code, int status,
                 const struct dns_message *message)
{
    if (fate == DNS_SILENT && question->is_rubbish)
        fate = DNS_RUBBISH;
    char *text = explain(question, fate, code, status, message);
    const struct dns_answer answer = {.fate = fate,
                                      .records = message->records,
                                      .count = fate == DNS_FOUND ? message->count : 0,
                                      .alias = message->alias,
                                      .text = text};
    timer_set(question->resolver->loop, &question->patience, INT64_MAX);
    question->answered(question->context, &answer);
    free(text);
}

static void patience_due(void *context)
{
    tell(context, DNS_SILENT, -1, ARES_ETIMEOUT, &(struct dns_message){0});
}

static void question_free(struct dns_question *question)
{
    timer_set(question->resolver->loop, &question->patience, INT64_MAX);
    free(question->name);
    free(question);
}

/* ---- questions ---- */

static void put_in_queue(struct dns_question *question)
{
    struct resolver *resolver = question->resolver;

    question->next = NULL;
    *resolver->last = question;
    resolver->last = &question->next;
    if (!timer_is_set(&resolver->burst))
        timer_set(resolver->loop, &resolver->burst, 0);
}

static void pause_due(void *context)
{
    struct resolver *resolver = context;

    while (resolver->paused != NULL) {
        struct dns_question *question = resolver->paused;

        resolver->paused = question->next;
        put_in_queue(question);
    }
}

/* Asks once more where that may help: over the other channel, or, after a FORMERR, without EDNS, which c-ares 1.18 does by
 * itself for the first question alone. */
static bool ask_again(struct dns_question *question, enum dns_fate fate, int code,
                      bool is_truncated)
{
    struct resolver *resolver = question->resolver;
    bool is_bad =
        fate == DNS_SILENT || (fate == DNS_RUBBISH && !question->is_rubbish) || code == FORMERR;

    if ((!is_bad && !is_truncated) || question->turns == TURNS)
        return false;
    question->turns++;
    question->is_long = question->is_long || is_truncated;
    question->is_rubbish = question->is_rubbish || (fate == DNS_RUBBISH && !is_truncated);
    if (question->is_long)
        question->over_tcp = true;
    else if (code != FORMERR)
        question->over_tcp = !question->over_tcp;
    if (is_truncated) {
        put_in_queue(question);
        return true;
    }
    question->next = resolver->paused;
    resolver->paused = question;
    if (!timer_is_set(&resolver->pause))
        timer_set(resolver->loop, &resolver->pause, clock_monotonic_ms() + PAUSE_MS);
    return true;
}

/* c-ares has an answer, or gives up. */
static void heard(void *context, int status, int timeouts, unsigned char *bytes, int size)
{
    struct dns_question *question = context;
    struct dns_message message = {0};
    bool is_whole = bytes != NULL && size >= 4;
    bool is_truncated = is_whole && (bytes[2] & TRUNCATED) != 0;
    int code = -1;

    (void)timeouts;
    if (status == ARES_EDESTRUCTION || !timer_is_set(&question->patience)) {
        question_free(question);
        return;
    }
    if (is_whole)
        code = bytes[3] & 0xf;
    else if (status >= ARES_ENODATA && status <= ARES_EREFUSED)
        code = status - ARES_ENODATA;
    enum dns_fate fate = fate_of(code, status);
    bool is_readable = is_whole && dns_message_read(&message, bytes, (size_t)size, question->type);
    if (status == ARES_EBADRESP && question->over_tcp)
        fate = DNS_SILENT; /* it may have been the answer to another question */
    else if (code == 0 && is_readable && message.count > 0)
        fate = DNS_FOUND;
    else if (code == 0 && (!is_readable || is_truncated)) /* what was cut off may be all */
        fate = DNS_RUBBISH;
    else if (code == 0 && message.is_referral)
        fate = DNS_REFUSED;
    if (!ask_again(question, fate, code, is_truncated && !question->over_tcp)) {
        tell(question, fate, code, status, &message);
        question_free(question);
    }
    dns_message_free(&message);
}

static void burst_due(void *context)
{
    struct resolver *resolver = context;

    for (unsigned i = 0; i < BURST && resolver->first != NULL; i++) {
        struct dns_question *question = resolver->first;

        resolver->first = question->next;
        if (resolver->first == NULL)
            resolver->last = &resolver->first;
        if (timer_is_set(&question->patience))
            ares_query(question->over_tcp ? resolver->tcp : resolver->udp, question->name, CLASS_IN,
                       dns_type_number(question->type), heard, question);
        else
            question_free(question);
    }
    if (resolver->first != NULL)
        timer_set(resolver->loop, &resolver->burst, clock_monotonic_ms() + BURST_MS);
    set_retry(resolver);
}

/* The name under which the name of an address stands (RFC 1035 3.5, RFC 3596 2.5), or else a copy. */
static char *reverse_name(const char *text)
{
    unsigned char address[16];
    char name[80], *end = name;

    if (ares_inet_pton(AF_INET, text, address) == 1)
        return memory_format("%u.%u.%u.%u.in-addr.arpa", address[3], address[2], address[1],
                             address[0]);
    if (ares_inet_pton(AF_INET6, text, address) != 1)
        return memory_copy(text);
    for (size_t i = sizeof address; i-- > 0;)
        end += snprintf(end, 5, "%x.%x.", address[i] & 0xfU, address[i] >> 4);
    return memory_format("%sip6.arpa", name);
}

struct dns_question *resolver_ask(struct resolver *resolver, const char *name, enum dns_type type,
                                  void (*answered)(void *context, const struct dns_answer *answer),
                                  void *context)
{
    struct dns_question *question = memory_new(1, sizeof *question);

    *question =
        (struct dns_question){.resolver = resolver,
                              .name = type == DNS_PTR ? reverse_name(name) : memory_copy(name),
                              .type = type,
                              .answered = answered,
                              .context = context,
                              .patience = {.due = patience_due, .context = question}};
    timer_set(resolver->loop, &question->patience, clock_monotonic_ms() + PATIENCE_MS);
    put_in_queue(question);
    return question;
}

void resolver_cancel(struct dns_question *question)
{
    if (question != NULL)
        timer_set(question->resolver->loop, &question->patience, INT64_MAX);
}

/* ---- the resolver ---- */

static char *server_names(ares_channel channel)
{
    struct ares_addr_port_node *servers = NULL;
    char *names = NULL;

    (void)ares_get_servers_ports(channel, &servers);
    for (const struct ares_addr_port_node *server = servers; server != NULL;
         server = server->next) {
        char address[64] = "", *longer;
        bool is_v6 = server->family == AF_INET6;

        (void)ares_inet_ntop(server->family, &server->addr, address, sizeof address);
        longer = memory_format("%s%s%s%s%s:%d", names != NULL ? names : "",
                               names != NULL ? " or " : "", is_v6 ? "[" : "", address,
                               is_v6 ? "]" : "", server->udp_port > 0 ? server->udp_port : 53);
        free(names);
        names = longer;
    }
    ares_free_data(servers);
    return names != NULL ? names : memory_copy("a DNS server");
}

static int open_channel(ares_channel *channel, struct resolver *resolver, const char *dns_server,
                        int flags)
{
    struct ares_options options = {
        /* Where there is another server, it is asked when one fails. */
        .flags = flags | ARES_FLAG_EDNS | (dns_server != NULL ? ARES_FLAG_NOCHECKRESP : 0),
        .timeout = TRY_MS,
        .tries = TRIES,
        .ednspsz = EDNS_SIZE,
        .sock_state_cb = watch,
        .sock_state_cb_data = resolver};
    int set = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
              ARES_OPT_SOCK_STATE_CB;

#ifdef ARES_OPT_UDP_MAX_QUERIES
    /* From c-ares 1.20 on a socket for each question: an answer that cannot be read makes all on its socket fail. */
    options.udp_max_queries = 1;
    set |= ARES_OPT_UDP_MAX_QUERIES;
    (void)socket_raise_limit(SOCKETS);
#endif
    int status = ares_init_options(channel, &options, set);
    if (status == ARES_SUCCESS && dns_server != NULL)
        status = ares_set_servers_ports_csv(*channel, dns_server);
    return status;
}

struct resolver *resolver_new(struct loop *loop, const char *dns_server, struct error *error)
{
    struct resolver *resolver = memory_new(1, sizeof *resolver);
    int status = ares_library_init(ARES_LIB_INIT_ALL);

    *resolver = (struct resolver){.loop = loop,
                                  .next = loop->resolvers,
                                  .last = &resolver->first,
                                  .burst = {.due = burst_due, .context = resolver},
                                  .pause = {.due = pause_due, .context = resolver},
                                  .retry = {.due = retry_due, .context = resolver}};
    loop->resolvers = resolver;
    if (status == ARES_SUCCESS)
        status = open_channel(&resolver->udp, resolver, dns_server, ARES_FLAG_IGNTC);
    if (status == ARES_SUCCESS)
        status = open_channel(&resolver->tcp, resolver, dns_server, ARES_FLAG_USEVC);
    if (status != ARES_SUCCESS) {
        (void)error_set(error, STATUS_SYSTEM, "DNS%s%s: %s", dns_server != NULL ? " server " : "",
                        dns_server != NULL ? dns_server : "", ares_strerror(status));
        resolver_free(resolver);
        return NULL;
    }
    resolver->servers = server_names(resolver->udp);
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL)
        return;
    for (struct resolver **link = &resolver->loop->resolvers; *link != NULL;) {
        if (*link == resolver)
            *link = resolver->next;
        else
            link = &(*link)->next;
    }
    ares_destroy(resolver->udp); /* heard is called for each question that is open */
    ares_destroy(resolver->tcp);
    ares_library_cleanup();
    pause_due(resolver);
    while (resolver->first != NULL) {
        struct dns_question *question = resolver->first;

        resolver->first = question->next;
        question_free(question);
    }
    timer_set(resolver->loop, &resolver->burst, INT64_MAX);
    timer_set(resolver->loop, &resolver->pause, INT64_MAX);
    timer_set(resolver->loop, &resolver->retry, INT64_MAX);
    free(resolver->sockets);
    free(resolver->servers);
    free(resolver);
}

/* Questions to the DNS, by c-ares: one channel, whose sockets the loop polls beside those of the connections.
 *
 * A question waits until the loop's next turn, for c-ares may answer from within ares_query. From then on c-ares has it, until it
 * calls heard; where that takes longer than a caller should wait, the caller is told that nobody answers, and what c-ares
 * says later is dropped. */
#define CARES_NO_DEPRECATED /* what takes the place of ares_query is not in c-ares 1.18 */
#include "dns_message.h"
#include "internal.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLASS_IN = 1,

    /* The first try waits for 2 s, each later one twice as long; c-ares waits less for servers that were quick, so there are
     * more tries than 15 s have room for. */
    TRY_MS = 2000,
    TRIES = 6,
    PATIENCE_MS = 15000,

    /* What a server takes without fragments (DNS flag day 2020). */
    EDNS_SIZE = 1232,

    /* A question that c-ares gives up before its time is asked again so often. */
    REPEATS = 5,
    REPEAT_MS = 200,

    /* Sockets hold some hundreds of packets: no more are sent at once. */
    BURST = 64,
    BURST_MS = 10
};

struct question {
    struct resolver *resolver;
    struct question *next; /* in a list of the resolver's */
    char *name;            /* owned, as it is asked for */
    enum dns_type type;
    void (*answered)(void *context, const struct dns_answer *answer);
    void *context;
    struct timer patience; /* set until the caller is told */
    unsigned repeats;
};

struct resolver {
    struct loop *loop;     /* borrowed */
    struct resolver *next; /* in the loop */
    ares_channel channel;
    char *servers;                  /* owned: "192.0.2.1:53 or 192.0.2.2:53" */
    struct question *first, **last; /* owned: those that c-ares does not have yet */
    struct question *repeated;      /* owned: those that wait to be put there again */
    struct timer burst, retry, repeat;
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

static void set_retry(struct resolver *resolver)
{
    struct timeval left;

    if (ares_timeout(resolver->channel, NULL, &left) == NULL)
        timer_set(resolver->loop, &resolver->retry, INT64_MAX);
    else
        timer_set(resolver->loop, &resolver->retry,
                  clock_monotonic_ms() + (int64_t)left.tv_sec * 1000 + left.tv_usec / 1000 + 1);
}

static void retry_due(void *context)
{
    struct resolver *resolver = context;

    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_retry(resolver);
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

    ares_process_fd(resolver->channel, is_readable ? wait->fd : ARES_SOCKET_BAD,
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

static char *explain(const struct question *question, enum dns_fate fate, int code, int status,
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
    case DNS_SILENT: return memory_format("no answer from %s", servers);
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

static void tell(struct question *question, int code, int status, const unsigned char *bytes,
                 size_t size)
{
    struct dns_message message = {0};
    bool is_readable = bytes != NULL && dns_message_read(&message, bytes, size, question->type);
    enum dns_fate fate = fate_of(code, status);

    if (code == 0 && !is_readable)
        fate = DNS_RUBBISH;
    else if (code == 0 && message.count > 0)
        fate = DNS_FOUND;
    else if (code == 0 && message.is_referral)
        fate = DNS_REFUSED;

    char *text = explain(question, fate, code, status, &message);
    const struct dns_answer answer = {.fate = fate,
                                      .records = message.records,
                                      .count = fate == DNS_FOUND ? message.count : 0,
                                      .alias = message.alias,
                                      .text = text};
    timer_set(question->resolver->loop, &question->patience, INT64_MAX);
    question->answered(question->context, &answer);
    free(text);
    dns_message_free(&message);
}

static void patience_due(void *context)
{
    tell(context, -1, ARES_ETIMEOUT, NULL, 0);
}

static void question_free(struct question *question)
{
    timer_set(question->resolver->loop, &question->patience, INT64_MAX);
    free(question->name);
    free(question);
}

/* ---- questions ---- */

static void put_in_queue(struct question *question)
{
    struct resolver *resolver = question->resolver;

    question->next = NULL;
    *resolver->last = question;
    resolver->last = &question->next;
    if (!timer_is_set(&resolver->burst))
        timer_set(resolver->loop, &resolver->burst, 0);
}

static void repeat_due(void *context)
{
    struct resolver *resolver = context;

    while (resolver->repeated != NULL) {
        struct question *question = resolver->repeated;

        resolver->repeated = question->next;
        put_in_queue(question);
    }
}

/* c-ares lets all questions on a connection fail when the answer to one of them cannot be read, or the server hangs
 * up; and 1.18 leaves EDNS out once a server does not understand it, but asks one question again alone. */
static bool is_to_repeat(const struct question *question, int status)
{
    return (status == ARES_EBADRESP || status == ARES_ECONNREFUSED || status == ARES_ETIMEOUT ||
            status == ARES_EFORMERR) &&
           question->repeats < REPEATS;
}

/* c-ares has an answer, or will not get one. */
static void heard(void *context, int status, int timeouts, unsigned char *bytes, int size)
{
    struct question *question = context;
    struct resolver *resolver = question->resolver;
    int code = -1;

    (void)timeouts;
    if (status != ARES_EDESTRUCTION && timer_is_set(&question->patience)) {
        if (is_to_repeat(question, status)) {
            question->repeats++;
            question->next = resolver->repeated;
            resolver->repeated = question;
            if (!timer_is_set(&resolver->repeat))
                timer_set(resolver->loop, &resolver->repeat, clock_monotonic_ms() + REPEAT_MS);
            return;
        }
        if (bytes != NULL && size >= 4)
            code = bytes[3] & 0xf;
        else if (status >= ARES_ENODATA && status <= ARES_EREFUSED)
            code = status - ARES_ENODATA;
        tell(question, code, status, bytes, bytes != NULL ? (size_t)size : 0);
    }
    question_free(question);
}

static void burst_due(void *context)
{
    struct resolver *resolver = context;

    for (unsigned i = 0; i < BURST && resolver->first != NULL; i++) {
        struct question *question = resolver->first;

        resolver->first = question->next;
        if (resolver->first == NULL)
            resolver->last = &resolver->first;
        if (timer_is_set(&question->patience))
            ares_query(resolver->channel, question->name, CLASS_IN, dns_type_number(question->type),
                       heard, question);
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

void resolver_ask(struct resolver *resolver, const char *name, enum dns_type type,
                  void (*answered)(void *context, const struct dns_answer *answer), void *context)
{
    struct question *question = memory_new(1, sizeof *question);

    *question = (struct question){.resolver = resolver,
                                  .name = type == DNS_PTR ? reverse_name(name) : memory_copy(name),
                                  .type = type,
                                  .answered = answered,
                                  .context = context,
                                  .patience = {.due = patience_due, .context = question}};
    timer_set(resolver->loop, &question->patience, clock_monotonic_ms() + PATIENCE_MS);
    put_in_queue(question);
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

struct resolver *resolver_new(struct loop *loop, const char *dns_server, struct error *error)
{
    struct resolver *resolver = memory_new(1, sizeof *resolver);
    struct ares_options options = {
        /* Where there is another server, it is asked when one fails. */
        .flags = ARES_FLAG_EDNS | (dns_server != NULL ? ARES_FLAG_NOCHECKRESP : 0),
        .timeout = TRY_MS,
        .tries = TRIES,
        .ednspsz = EDNS_SIZE,
        .sock_state_cb = watch,
        .sock_state_cb_data = resolver};
    int status = ares_library_init(ARES_LIB_INIT_ALL);

    resolver->loop = loop;
    resolver->last = &resolver->first;
    resolver->burst = (struct timer){.due = burst_due, .context = resolver};
    resolver->retry = (struct timer){.due = retry_due, .context = resolver};
    resolver->repeat = (struct timer){.due = repeat_due, .context = resolver};
    resolver->next = loop->resolvers;
    loop->resolvers = resolver;
    if (status == ARES_SUCCESS)
        status = ares_init_options(&resolver->channel, &options,
                                   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                       ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB);
    if (status == ARES_SUCCESS && dns_server != NULL)
        status = ares_set_servers_ports_csv(resolver->channel, dns_server);
    if (status != ARES_SUCCESS) {
        (void)error_set(error, STATUS_SYSTEM, "DNS%s%s: %s", dns_server != NULL ? " server " : "",
                        dns_server != NULL ? dns_server : "", ares_strerror(status));
        resolver_free(resolver);
        return NULL;
    }
    resolver->servers = server_names(resolver->channel);
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
    if (resolver->channel != NULL)
        ares_destroy(resolver->channel); /* hears of each question that is open */
    ares_library_cleanup();
    repeat_due(resolver);
    while (resolver->first != NULL) {
        struct question *question = resolver->first;

        resolver->first = question->next;
        question_free(question);
    }
    timer_set(resolver->loop, &resolver->burst, INT64_MAX);
    timer_set(resolver->loop, &resolver->retry, INT64_MAX);
    timer_set(resolver->loop, &resolver->repeat, INT64_MAX);
    free(resolver->sockets);
    free(resolver->servers);
    free(resolver);
}

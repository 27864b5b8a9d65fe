/* Makes a first configuration: asks for the MX records of all domains, then for the addresses of all their hosts, and then
 * looks at those that are taken for backups, at two ports each; everything of a step at once. */
#include "draft_text.h"
#include "gate.h"
#include "target.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/host.h>

#include <stdlib.h>
#include <string.h>

enum {
    VISITS_MAX = 100,  /* at the same time */
    ADDRESSES_MAX = 4, /* of a host that are tried, one after the other */
    CONNECT_TIMEOUT_MS = 15000,
    REPLY_TIMEOUT_MS = 30000
};

static const int ports[] = {25, 366 /* RFC 2645 4 */};

/* A host at one port. */
struct call {
    struct place *place; /* borrowed */
    int port;
    struct gate_guest guest;
    struct visit *visits[ADDRESSES_MAX]; /* owned; the last one counts */
    size_t count;
};

/* What is found out about a host. */
struct place {
    struct place *next;
    struct draft *draft; /* borrowed */
    size_t host;         /* of the picture's */
    char *name;          /* owned */
    struct target target;
    struct call calls[COUNT_OF(ports)];
};

/* The question for a domain's MX records. */
struct question {
    struct draft *draft;         /* borrowed */
    struct draft_domain *domain; /* borrowed */
};

struct draft {
    struct draft_options options;
    struct resolver *resolver;
    struct lookups *lookups;
    struct gate gate;
    struct draft_picture picture; /* its lists are owned */
    struct place *places;         /* owned; one for each host of the picture */
    struct question *questions;   /* owned; one for each domain */
    size_t open;                  /* what this step still waits for */
};

/* ---- MX records ---- */

/* The place of that name in the picture. */
static size_t find_host(struct draft *draft, const char *name)
{
    struct draft_picture *picture = &draft->picture;
    size_t i = 0;

    while (i < picture->host_count && strcmp(picture->hosts[i].name, name) != 0)
        i++;
    if (i < picture->host_count)
        return i;
    struct place *place = memory_new(1, sizeof *place);
    *place =
        (struct place){.next = draft->places, .draft = draft, .host = i, .name = memory_copy(name)};
    draft->places = place;
    picture->hosts = memory_more(picture->hosts, i, sizeof *picture->hosts);
    picture->hosts[i] = (struct draft_host){.name = place->name};
    picture->host_count++;
    return i;
}

/* Of several records of one host the first one has the lowest number. */
static void add_exchange(struct draft_domain *domain, size_t host, int preference)
{
    for (size_t i = 0; i < domain->exchange_count; i++) {
        if (domain->exchanges[i].host == host)
            return;
    }
    domain->exchanges =
        memory_more(domain->exchanges, domain->exchange_count, sizeof *domain->exchanges);
    domain->exchanges[domain->exchange_count++] = (struct draft_exchange){host, preference};
}

static void take_mx(void *context, const struct dns_answer *answer)
{
    const struct question *question = context;
    struct draft_domain *domain = question->domain;

    domain->fate = answer->fate;
    domain->why = answer->text;
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->records[i].text[0] == '\0')
            domain->has_null = true;
        else
            add_exchange(domain, find_host(question->draft, answer->records[i].text),
                         answer->records[i].preference);
    }
    question->draft->open--;
}

static void ask_mx(struct draft *draft)
{
    for (size_t i = 0; i < draft->picture.domain_count; i++) {
        draft->questions[i] = (struct question){draft, &draft->picture.domains[i]};
        draft->open++;
        lookups_ask(draft->lookups, draft->picture.domains[i].ascii, DNS_MX, take_mx,
                    &draft->questions[i]);
    }
}

/* ---- addresses ---- */

static void found(void *context)
{
    struct draft *draft = context;

    draft->open--;
}

static void find_addresses(struct draft *draft)
{
    for (struct place *place = draft->places; place != NULL; place = place->next) {
        draft->open++;
        target_find(&place->target, place->name, draft->lookups, found, draft);
    }
}

/* Those that this machine has, but for those that every machine has. */
static void recognize(struct draft *draft)
{
    size_t count;
    struct host_address *own = host_addresses(&count);

    for (struct place *place = draft->places; place != NULL; place = place->next) {
        const struct target *target = &place->target;

        for (size_t j = 0; j < target->count; j++) {
            for (size_t k = 0; k < count; k++) {
                if (host_ip_is_in(target->addresses[j], own[k].text) &&
                    !host_ip_is_loopback(own[k].text))
                    draft->picture.hosts[place->host].address = target->addresses[j];
            }
        }
    }
    free(own);
}

/* ---- hosts ---- */

static void leave(void *context);

static void show_wire(void *context, char direction, const char *line, size_t size)
{
    const struct place *place = ((const struct call *)context)->place;
    const struct draft_options *options = &place->draft->options;

    options->wire(options->context, place->name, direction, line, size);
}

static void visit_next(struct call *call)
{
    const struct place *place = call->place;
    const struct draft_options *options = &place->draft->options;

    call->visits[call->count] = visit_new(
        &(struct visit_options){.loop = options->loop,
                                .connection = {.host = place->name,
                                               .address = place->target.addresses[call->count],
                                               .port = call->port,
                                               .ehlo_name = options->ehlo_name,
                                               .tls = TLS_MAY,
                                               .tls_verify = true,
                                               .show_wire = options->wire != NULL,
                                               .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                               .reply_timeout_ms = REPLY_TIMEOUT_MS},
                                .over = leave,
                                .context = call,
                                .wire = show_wire});
    call->count++;
}

static void enter(void *context)
{
    visit_next(context);
}

static void leave(void *context)
{
    struct call *call = context;
    struct draft *draft = call->place->draft;
    bool has_more = call->count < call->place->target.count && call->count < ADDRESSES_MAX;

    if (!call->visits[call->count - 1]->has_ehlo && has_more) {
        visit_next(call);
        return;
    }
    draft->open--;
    gate_leave(&draft->gate);
}

static void begin_visits(struct draft *draft)
{
    for (struct place *place = draft->places; place != NULL; place = place->next) {
        if (!draft_is_backup(&draft->picture, place->host))
            continue;
        draft->picture.hosts[place->host].why = place->target.why != NULL ? place->target.why : "";
        for (size_t j = 0; j < COUNT_OF(ports) && place->target.count > 0; j++) {
            struct call *call = &place->calls[j];

            *call = (struct call){
                .place = place, .port = ports[j], .guest = {.go = enter, .context = call}};
            draft->open++;
            gate_enter(&draft->gate, &call->guest);
        }
    }
}

static void note_visits(struct draft *draft)
{
    for (struct place *place = draft->places; place != NULL; place = place->next) {
        const struct call *calls = place->calls;
        struct draft_host *host = &draft->picture.hosts[place->host];

        if (calls[0].count > 0)
            host->smtp = calls[0].visits[calls[0].count - 1];
        if (calls[1].count > 0)
            host->odmr = calls[1].visits[calls[1].count - 1];
    }
}

/* ---- the draft ---- */

struct draft *draft_new(const struct draft_options *options, struct error *error)
{
    struct resolver *resolver = resolver_new(options->loop, options->dns_server, error);

    if (resolver == NULL)
        return NULL;
    struct draft *draft = memory_new(1, sizeof *draft);
    *draft = (struct draft){.options = *options,
                            .resolver = resolver,
                            .lookups = lookups_new(options->loop, resolver),
                            .gate.free = VISITS_MAX,
                            .picture = {.ehlo_name = options->ehlo_name,
                                        .dns_server = options->dns_server,
                                        .domain_count = options->count}};
    draft->questions = memory_new(options->count, sizeof *draft->questions);
    draft->picture.domains = memory_new(options->count, sizeof *draft->picture.domains);
    for (size_t i = 0; i < options->count; i++)
        draft->picture.domains[i] =
            (struct draft_domain){.text = options->names[i].text, .ascii = options->names[i].ascii};
    return draft;
}

void draft_run(struct draft *draft)
{
    void (*const steps[])(struct draft *) = {ask_mx, find_addresses, recognize, begin_visits};

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        steps[i](draft);
        while (draft->open > 0) {
            if (draft->options.stop())
                return;
            loop_turn(draft->options.loop, INT64_MAX);
        }
    }
    note_visits(draft);
}

struct draft_gaps draft_append(const struct draft *draft, struct buffer *text)
{
    return draft_text_append(text, &draft->picture);
}

void draft_free(struct draft *draft)
{
    if (draft == NULL)
        return;
    for (struct place *place = draft->places, *next; place != NULL; place = next) {
        next = place->next;
        for (size_t j = 0; j < COUNT_OF(place->calls) * ADDRESSES_MAX; j++)
            visit_free(place->calls[j / ADDRESSES_MAX].visits[j % ADDRESSES_MAX]);
        target_done(&place->target);
        free(place->name);
        free(place);
    }
    for (size_t i = 0; i < draft->picture.domain_count; i++)
        free(draft->picture.domains[i].exchanges);
    free(draft->picture.domains);
    free(draft->picture.hosts);
    free(draft->questions);
    resolver_free(draft->resolver);
    lookups_free(draft->lookups);
    free(draft);
}

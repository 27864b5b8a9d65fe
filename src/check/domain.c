/* Looks at one domain: first all its records and the addresses of all hosts that stand there, all at once; then, when it is
 * known which host is which, the backups' TLSA records; meanwhile its MTA-STS policy. */
#include "domain.h"
#include "parts.h"
#include "sender_policy.h"
#include "sts.h"

#include <mxpull/base/memory.h>
#include <mxpull/smtp/node.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FETCH_TIMEOUT_MS = 30000,
    NAME_SIZE = DOMAIN_SIZE_MAX + 32
};

/* The question for an exchange's TLSA records. */
struct pin {
    struct look *look;
    const struct dns_answer *answer; /* NULL: it was not asked */
};

/*  looking --> pinning --> over */
struct look {
    struct part *part;
    struct domain domain;
    size_t open; /* what is awaited before the next step */
    bool is_pinning;
    const struct dns_answer *spf, *dmarc, *sts; /* TXT records of each */
    struct pin *pins;                           /* owned; one for each exchange, from then on */

    char sts_host[NAME_SIZE]; /* "mta-sts.example.com" */
    struct target sts_target;
    struct gate_guest guest;
    struct download *download;
    struct download_result fetched;
    char *type, *bytes; /* its own; owned */
};

static void judge(struct look *look)
{
    const struct domain *domain = &look->domain;
    struct findings *findings = look->part->findings;

    mx_judge(domain, findings);
    if (domain->fate < DNS_NO_NAME) { /* else nothing more is worth knowing */
        for (size_t i = 0; i < domain->exchange_count; i++) {
            if (look->pins[i].answer != NULL)
                tlsa_judge(&domain->exchanges[i], look->pins[i].answer, findings);
        }
        sts_judge_record(look->sts, findings);
        if (look->sts_target.name != NULL && look->sts_target.count == 0)
            sts_judge_host(&look->sts_target, domain, findings);
        else if (look->sts_target.name != NULL)
            sts_judge_fetched(&look->fetched, domain, findings);
        spf_judge(domain, look->spf, findings);
        dmarc_judge(domain, look->dmarc, findings);
    }
    part_over(look->part);
}

static void step(struct look *look);

static void take_pin(void *context, const struct dns_answer *answer)
{
    struct pin *pin = context;

    pin->answer = answer;
    step(pin->look);
}

static void ask_pins(struct look *look)
{
    const struct domain *domain = &look->domain;
    char name[NAME_SIZE];

    look->is_pinning = true;
    look->pins = memory_new(domain->exchange_count + 1, sizeof *look->pins);
    for (size_t i = 0; i < domain->exchange_count; i++) {
        const struct exchange *exchange = &domain->exchanges[i];

        look->pins[i].look = look;
        if (exchange->backup == NULL || host_ip_version(exchange->target.name) != 0)
            continue;
        (void)snprintf(name, sizeof name, "_25._tcp.%s", exchange->target.name);
        look->open++;
        lookups_ask(look->part->lookups, name, DNS_TLSA, take_pin, &look->pins[i]);
    }
}

/* One thing that was awaited is known. */
static void step(struct look *look)
{
    if (--look->open > 0)
        return;
    if (!look->is_pinning) {
        mx_recognize(&look->domain);
        look->open++;
        ask_pins(look);
        step(look);
    } else {
        judge(look);
    }
}

static void found(void *context)
{
    step(context);
}

static void find(struct look *look, struct target *target, const char *name)
{
    look->open++;
    target_find(target, name, look->part->lookups, found, look);
}

/* ---- MX ---- */

static void add_exchange(struct domain *domain, const struct dns_record *record)
{
    for (size_t i = 0; i < domain->exchange_count; i++) {
        struct exchange *exchange = &domain->exchanges[i];

        if (strcmp(exchange->target.name, record->text) == 0) {
            exchange->records++;
            return;
        }
    }
    domain->exchanges[domain->exchange_count++] = (struct exchange){
        .target.name = record->text, .preference = record->preference, .records = 1};
}

static void take_mx(void *context, const struct dns_answer *answer)
{
    struct look *look = context;
    struct domain *domain = &look->domain;

    domain->fate = answer->fate;
    domain->why = answer->text;
    domain->exchanges = memory_new(answer->count + 1, sizeof *domain->exchanges);
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->records[i].text[0] == '\0')
            domain->has_null = true;
        else
            add_exchange(domain, &answer->records[i]);
    }
    for (size_t i = 0; i < domain->exchange_count; i++)
        find(look, &domain->exchanges[i].target, domain->exchanges[i].target.name);
    step(look);
}

/* ---- TXT ---- */

static void take_spf(void *context, const struct dns_answer *answer)
{
    struct look *look = context;

    look->spf = answer;
    step(look);
}

static void take_dmarc(void *context, const struct dns_answer *answer)
{
    struct look *look = context;

    look->dmarc = answer;
    step(look);
}

/* ---- MTA-STS ---- */

static void end_fetch(struct look *look, const struct download_result *result)
{
    look->fetched = *result;
    look->fetched.type = look->type = memory_copy(result->type);
    look->fetched.bytes = look->bytes =
        memory_copy_part(result->bytes != NULL ? result->bytes : "", result->size);
    gate_leave(look->part->downloads);
    step(look);
}

static void fetched(void *context, const struct download_result *result)
{
    end_fetch(context, result);
}

static void fetch(void *context)
{
    struct look *look = context;
    struct download_result failure = {.code = 0};
    char *authorities = host_variable("SSL_CERT_FILE"); /* as OpenSSL's own programs */
    const struct download_options options = {
        .host = look->sts_host,
        .path = STS_PATH,
        .addresses = look->sts_target.addresses,
        .address_count = look->sts_target.count,
        .ca_file = authorities,
        .timeout_ms = FETCH_TIMEOUT_MS,
        .size_max = STS_POLICY_SIZE_MAX,
    };

    look->download =
        download_begin(look->part->options->loop, &options, fetched, look, &failure.error);
    free(authorities);
    if (look->download == NULL)
        end_fetch(look, &failure);
}

static void found_sts(void *context)
{
    struct look *look = context;

    look->guest = (struct gate_guest){.go = fetch, .context = look};
    if (look->sts_target.count > 0)
        gate_enter(look->part->downloads, &look->guest);
    else
        step(look);
}

static void take_sts(void *context, const struct dns_answer *answer)
{
    struct look *look = context;
    const char *record;

    look->sts = answer;
    if (sts_record(answer, &record) != STS_RECORD_GOOD) {
        step(look);
        return;
    }
    (void)snprintf(look->sts_host, sizeof look->sts_host, "mta-sts.%s", look->domain.name);
    target_find(&look->sts_target, look->sts_host, look->part->lookups, found_sts, look);
}

/* ---- The part ---- */

static void ask(struct look *look, const char *prefix, enum dns_type type,
                void (*answered)(void *context, const struct dns_answer *answer))
{
    char name[NAME_SIZE];

    (void)snprintf(name, sizeof name, "%s%s", prefix, look->domain.name);
    look->open++;
    lookups_ask(look->part->lookups, name, type, answered, look);
}

static void begin(struct part *part)
{
    const struct config *config = part->options->config;
    struct look *look = memory_new(1, sizeof *look);
    struct domain *domain = &look->domain;

    part->state = look;
    look->part = part;
    look->open = 1; /* so that nothing ends before all has begun */
    *domain = (struct domain){.name = part->findings->node.name,
                              .config = config,
                              .own = part->own,
                              .own_count = part->own_count};
    domain->backups = memory_new(config->backup_count, sizeof *domain->backups);
    for (size_t i = 0; i < config->backup_count; i++) {
        if (backup_asks_for(&config->backups[i], domain->name))
            domain->backups[domain->backup_count++].backup = &config->backups[i];
    }
    ask(look, "", DNS_MX, take_mx);
    ask(look, "", DNS_TXT, take_spf);
    ask(look, "_dmarc.", DNS_TXT, take_dmarc);
    ask(look, "_mta-sts.", DNS_TXT, take_sts);
    if (config->primary.public_name != NULL)
        find(look, &domain->primary, config->primary.public_name);
    for (size_t i = 0; i < domain->backup_count; i++)
        find(look, &domain->backups[i].target, domain->backups[i].backup->host);
    step(look);
}

static void end(struct part *part)
{
    struct look *look = part->state;

    for (size_t i = 0; i < look->domain.exchange_count; i++)
        target_done(&look->domain.exchanges[i].target);
    for (size_t i = 0; i < look->domain.backup_count; i++)
        target_done(&look->domain.backups[i].target);
    target_done(&look->domain.primary);
    target_done(&look->sts_target);
    download_free(look->download);
    free(look->domain.exchanges);
    free(look->domain.backups);
    free(look->pins);
    free(look->type);
    free(look->bytes);
    free(look);
}

const struct part_methods domain_methods = {begin, end};

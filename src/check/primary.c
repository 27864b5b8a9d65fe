/* The primary: whether it greets, takes mail for our domains and offers TLS; and how it treats the backups where their mail
 * comes in: as seen from this machine or, with proxy_protocol, as if they came themselves, named by a PROXY line. */
#include "asked.h"
#include "parts.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/host.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    VIEW_MS = 60000,   /* at most for one view */
    LIMIT_MS = 180000, /* for all of them */
    PROXY_PORT = 49152 /* of the backup's end, which nobody looks at */
};

/* How one client is treated at relay_address. */
struct view {
    struct view *next;
    struct primary *primary;
    const struct backup_config *backup; /* whose mail it brings */
    char *address;                      /* owned; NULL: this machine's */
    char proxy_line[PROXY_LINE_SIZE];   /* "": our own, or none */
    struct gate_guest guest;
    struct preflight *look; /* NULL: it has not begun */
};

/* A backup whose addresses are looked up. */
struct origin {
    struct primary *primary;
    const struct backup_config *backup;
};

struct primary {
    struct part *part;
    struct timer timer; /* something has become known */
    int64_t limit_ms;   /* monotonic: views that have not begun then are left out */
    struct preflight *look;
    struct gate gate;
    struct view *views; /* owned; in the order in which they were found */
    struct view **last;
    struct origin *origins; /* owned; as the configuration's backups */
    size_t questions;       /* for addresses, without an answer */
};

static void stir(void *context)
{
    struct primary *primary = context;

    timer_set(primary->part->options->loop, &primary->timer, 0);
}

static void show_wire(void *context, char direction, const char *line, size_t size)
{
    const struct primary *primary = context;
    const struct check_options *options = primary->part->options;

    options->wire(options->context, NULL, direction, line, size);
}

static bool turns(const struct backup_config *backup)
{
    return backup->method != METHOD_ETRN;
}

/* ---- views ---- */

/* The first domain that the backup brings mail for; false: none is known. */
static bool domain_of(const struct check_options *options, const struct backup_config *backup,
                      struct node *domain)
{
    for (size_t i = 0; i < backup->domain_count; i++) {
        if (selection_has(&options->selection, backup, i) &&
            node_domain(domain, &backup->domains[i]))
            return true;
    }
    return false;
}

static void tell_view(void *context)
{
    struct view *view = context;

    gate_leave(&view->primary->gate);
    stir(view->primary);
}

static void show_view(void *context, char direction, const char *line, size_t size)
{
    struct view *view = context;

    show_wire(view->primary, direction, line, size);
}

/* One domain is enough, for it is the client that is looked at; then those that are none of ours. */
static void begin_view(void *context)
{
    struct view *view = context;
    const struct check_options *options = view->primary->part->options;
    const struct address *relay = &options->config->primary.relay_address;
    const struct connection_options way = {
        .is_bare = true, .host = relay->host, .port = relay->port, .path = relay->path};
    struct node nodes[1 + FOREIGN_DOMAINS] = {0};

    if (clock_monotonic_ms() >= view->primary->limit_ms) {
        gate_leave(&view->primary->gate);
        return;
    }
    (void)domain_of(options, view->backup, &nodes[0]);
    foreign_domains(options->config, nodes + 1);
    view->look = preflight_new(&(struct preflight_options){
        .loop = options->loop,
        .config = options->config,
        .domains = nodes,
        .count = 1 + FOREIGN_DOMAINS,
        .limit_ms = VIEW_MS,
        .connection = &way,
        .proxy_line = options->config->primary.proxy_protocol ? view->proxy_line : NULL,
        .over = tell_view,
        .wire = options->wire != NULL ? show_view : NULL,
        .context = view});
}

static void add_view(struct primary *primary, const struct backup_config *backup,
                     const char *address)
{
    struct view *view = memory_new(1, sizeof *view);
    bool is_ipv6 = address != NULL && strchr(address, ':') != NULL;

    *view = (struct view){.primary = primary,
                          .backup = backup,
                          .address = memory_copy(address),
                          .guest = {.go = begin_view, .context = view}};
    *primary->last = view;
    primary->last = &view->next;
    if (address != NULL)
        proxy_line_put(view->proxy_line, address, PROXY_PORT, is_ipv6 ? "::1" : "127.0.0.1", 25);
    gate_enter(&primary->gate, &view->guest);
}

static void take_addresses(void *context, const struct dns_answer *answer)
{
    struct origin *origin = context;
    struct primary *primary = origin->primary;

    for (size_t i = 0; i < answer->count && i < BACKUP_ADDRESSES_MAX; i++)
        add_view(primary, origin->backup, answer->records[i].text);
    primary->questions--;
    stir(primary);
}

/* With proxy_protocol each address of each backup; else this machine alone, and only where mail of a reversed session
 * comes from it. */
static void choose_views(struct primary *primary)
{
    const struct check_options *options = primary->part->options;
    const struct config *config = options->config;
    bool is_proxied = config->primary.proxy_protocol;

    primary->origins = memory_new(config->backup_count, sizeof *primary->origins);
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];
        struct origin *origin = &primary->origins[i];
        struct node domain;

        *origin = (struct origin){primary, backup};
        if (!domain_of(options, backup, &domain))
            continue;
        if (!is_proxied || backup->proxy != NULL) {
            if (turns(backup) && (is_proxied || primary->views == NULL))
                add_view(primary, backup, NULL);
        } else if (host_ip_version(backup->host) != 0) {
            add_view(primary, backup, backup->host);
        } else {
            primary->questions += 2;
            lookups_ask(primary->part->lookups, backup->host, DNS_A, take_addresses, origin);
            lookups_ask(primary->part->lookups, backup->host, DNS_AAAA, take_addresses, origin);
        }
    }
}

/* ---- what is said ---- */

/* Whether it takes mail at all. */
static void judge_primary(const struct primary *primary)
{
    static const struct asked_words words = {.subject = "mail",
                                             .accepted = "primary-mail",
                                             .deferred = "primary-mail-deferred",
                                             .refused = "primary-mail-refused",
                                             .unanswered = "primary-mail-unanswered",
                                             .more = "primary-mail-more",
                                             .purpose = "",
                                             .setting = SETTING_DOMAINS};
    const struct config *config = primary->part->options->config;
    struct findings *findings = primary->part->findings;
    const struct preflight *look = primary->look;
    const char *place = config->primary.address.text;
    const struct asked asked = {.config = config,
                                .mail = look,
                                .count = look->count,
                                .place = place,
                                .software = software_guess(look->greeting)};

    if (look->shortage != NULL) {
        findings_add(findings, SEVERITY_SKIP, "primary-greeting", "greeting",
                     "%s was not looked at: %s", place, look->shortage);
        return;
    }
    if (look->why != NULL) {
        finding_advise(
            findings_add(findings, SEVERITY_FAIL, "primary-not-ready", "greeting", "%s", look->why),
            reason_code(probe_why(look->probe)) / 100 == 5 ? 77 : 75,
            look->has_spoken
                ? "see in its log why, let it take mail from this machine, and set primary { "
                  "address } to where it takes mail"
                : "start your mail server, let it take connections from this machine, and set "
                  "primary { address } to where it listens");
        return;
    }
    findings_add(findings, SEVERITY_OK, "primary-greeting", "greeting", "%s greets: %s", place,
                 look->greeting);
    if (look->count == 0) {
        findings_add(findings, SEVERITY_SKIP, "primary-mail", "mail",
                     "not asked whether it takes mail: whose mail a queue holds is not known here");
        return;
    }
    judge_domains(&asked, &words, findings);
    if (look->ehlo.starttls)
        findings_add(findings, SEVERITY_OK, "primary-tls", "TLS", "%s offers STARTTLS", place);
    else
        finding_advise(findings_add(findings, SEVERITY_WARN, "primary-tls-missing", "TLS",
                                    "%s does not offer STARTTLS", place),
                       0, "give it a certificate, so that backups need not deliver in clear (%s)",
                       software_setting(asked.software, SETTING_TLS));
}

/* Whether the client's mail is taken. */
static void judge_client(const struct view *view, const struct preflight *look,
                         struct findings *findings)
{
    const struct config *config = view->primary->part->options->config;
    const char *place = config->primary.relay_address.text, *name = view->backup->name;
    const char *address = view->address != NULL ? view->address : "this machine";
    const char *why = probe_why(look->probe);
    const char *reason = why != NULL ? why : probe_refusal(look->probe, 0);
    const char *setting = software_setting(software_guess(look->greeting), SETTING_TRUST);

    if (reason == NULL)
        findings_add(findings, SEVERITY_OK, "primary-client", "client",
                     "%s takes mail from %s (%s)", place, address, name);
    else if (reason_code(reason) / 100 == 4)
        finding_advise(findings_add(findings, SEVERITY_WARN, "primary-client-deferred", "client",
                                    "%s puts off mail from %s (%s): %s", place, address, name,
                                    reason),
                       0, "spare the backup greylisting and the like (%s)", setting);
    else if (reason_code(reason) / 100 == 5)
        finding_advise(findings_add(findings, SEVERITY_FAIL, "primary-client-refused", "client",
                                    "%s refuses mail from %s (%s): %s", place, address, name,
                                    reason),
                       77, "let the backup in, whatever lists and SPF say of it (%s)", setting);
    else
        finding_advise(
            findings_add(findings, SEVERITY_FAIL, "primary-client-unanswered", "client",
                         "%s gives no answer to %s (%s): %s", place, address, name, reason),
            75,
            "see that your mail server listens there, and that it expects a PROXY line if "
            "proxy_protocol is set, and only then");
}

/* Whether the client's mail is taken for others, too. */
static void judge_relay(const struct view *view, const struct preflight *look,
                        struct findings *findings)
{
    const struct config *config = view->primary->part->options->config;
    const char *place = config->primary.relay_address.text, *text = NULL;
    const char *address = view->address != NULL ? view->address : "this machine";
    const struct software *software = software_guess(look->greeting);
    const struct asked asked = {
        .config = config, .mail = look, .count = 1, .place = place, .software = software};

    switch (relaying_of(&asked, &text)) {
    case RELAYING_REFUSED:
        findings_add(findings, SEVERITY_OK, "primary-relay", "relay",
                     "%s refuses mail from %s for domains that are none of yours", place, address);
        break;
    case RELAYING_OPEN:
        finding_advise(
            findings_add(findings, SEVERITY_WARN, "primary-relay-open", "relay",
                         "%s takes mail from %s for postmaster@%s, which is none of yours", place,
                         address, text),
            0,
            view->address != NULL
                ? "trust the backup's address no further than for your domains (%s)"
                : "set relay_address to a port of your mail server that trusts nobody, or "
                  "proxy_protocol = true there, for what a provider sends comes from this "
                  "machine (%s)",
            software_setting(software, SETTING_RELAY_FROM));
        break;
    case RELAYING_UNTOLD:
        findings_add(findings, SEVERITY_SKIP, "primary-relay", "relay",
                     "%s: whether it relays for %s cannot be told: %s", place, address, text);
        break;
    }
}

static void judge_views(const struct primary *primary)
{
    struct findings *findings = primary->part->findings;
    const struct primary_config *config = &primary->part->options->config->primary;
    bool is_proxied = config->proxy_protocol;
    size_t unseen = 0;

    if (!is_proxied)
        findings_add(
            findings, SEVERITY_SKIP, "primary-client", "client",
            "how your mail server treats the backups' addresses is not to be seen from here "
            "without proxy_protocol");
    else if (primary->views == NULL)
        findings_add(findings, SEVERITY_SKIP, "primary-client", "client",
                     "no address of a backup is known, so none was tried");
    /* That nobody answers there was said. */
    if (primary->look->why != NULL && text_equal(config->address.text, config->relay_address.text))
        return;
    for (const struct view *view = primary->views; view != NULL; view = view->next) {
        if (view->look == NULL || view->look->shortage != NULL) {
            unseen++;
            continue;
        }
        if (is_proxied || probe_refusal(view->look->probe, 0) != NULL ||
            probe_why(view->look->probe) != NULL)
            judge_client(view, view->look, findings);
        if (turns(view->backup) && probe_why(view->look->probe) == NULL)
            judge_relay(view, view->look, findings);
    }
    if (unseen > 0)
        findings_add(findings, SEVERITY_SKIP, "primary-client", "client",
                     "%zu addresses of backups were not tried, for it took too long", unseen);
}

/* ---- the part ---- */

static bool views_are_over(const struct primary *primary)
{
    const struct view *view = primary->views;

    while (view != NULL &&
           (view->look != NULL ? view->look->is_over : clock_monotonic_ms() >= primary->limit_ms))
        view = view->next;
    return view == NULL;
}

static void advance(void *context)
{
    struct primary *primary = context;

    if (!primary->look->is_over || primary->questions > 0 || !views_are_over(primary))
        return;
    judge_primary(primary);
    judge_views(primary);
    part_over(primary->part);
}

static void primary_begin(struct part *part)
{
    struct primary *primary = memory_new(1, sizeof *primary);
    const struct check_options *options = part->options;
    const struct config *config = options->config;
    struct domain_list domains = {0};
    struct node domain;

    part->state = primary;
    primary->part = part;
    primary->last = &primary->views;
    primary->timer = (struct timer){.due = advance, .context = primary};
    primary->limit_ms = clock_monotonic_ms() + LIMIT_MS;
    primary->gate.free = (size_t)config->primary.relay_connections;
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        for (size_t j = 0; j < backup->domain_count; j++) {
            if (selection_has(&options->selection, backup, j) &&
                node_domain(&domain, &backup->domains[j]))
                domain_list_add(&domains, &domain);
        }
    }
    primary->look =
        preflight_new(&(struct preflight_options){.loop = options->loop,
                                                  .config = config,
                                                  .domains = domains.nodes,
                                                  .count = domains.count,
                                                  .limit_ms = PREFLIGHT_LIMIT_MS,
                                                  .over = stir,
                                                  .wire = options->wire != NULL ? show_wire : NULL,
                                                  .context = primary});
    domain_list_done(&domains);
    choose_views(primary);
    stir(primary);
}

static void primary_free(struct part *part)
{
    struct primary *primary = part->state;

    timer_set(part->options->loop, &primary->timer, INT64_MAX);
    preflight_free(primary->look);
    for (struct view *view = primary->views, *next; view != NULL; view = next) {
        next = view->next;
        preflight_free(view->look);
        free(view->address);
        free(view);
    }
    free(primary->origins);
    free(primary);
}

const struct part_methods primary_methods = {.begin = primary_begin, .free = primary_free};

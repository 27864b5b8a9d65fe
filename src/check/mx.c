/* Judges the MX records of a domain (RFC 5321 5.1): the primary has the lowest number, each backup a higher one. */
#include "domain.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/smtp/node.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIST_SIZE = 800,
    STEP = 10, /* between the numbers of records that we propose */
    PREFERENCE_MAX = 65535
};

static const char mx[] = "MX";

/* What the judges have in common. */
struct judge {
    const struct domain *domain;
    struct findings *findings;
    bool all_reversed;  /* mail comes by ATRN or TURN alone: nobody must reach the primary */
    bool is_elsewhere;  /* a backup that is reversed is not among the exchanges */
    int primary;        /* the primary's lowest number; INT_MAX: it is not among the exchanges */
    const char *name;   /* the primary's, for people */
    const char *backup; /* the host of the first backup, for records that we propose */
};

int fate_exit_status(enum dns_fate fate)
{
    return fate == DNS_REFUSED ? 77 : fate == DNS_RUBBISH ? 76 : 75;
}

/* ---- Numbers that we propose ---- */

static int above(int preference)
{
    return preference < PREFERENCE_MAX - STEP ? preference + STEP : PREFERENCE_MAX;
}

static int below(int preference)
{
    return preference > STEP ? preference - STEP : 0;
}

/* What else has to be done where no number is left. */
static const char *others_lower(int preference)
{
    return preference == PREFERENCE_MAX ? ", and give all others lower numbers" : "";
}

static const char *others_higher(int preference)
{
    return preference == 0 ? ", and give all others higher numbers" : "";
}

/* ---- The records ---- */

/* Why there is no list of records to look at. */
static void judge_fate(const struct judge *judge)
{
    static const struct {
        const char *id, *advice;
    } rows[] = {
        [DNS_FAILED] =
            {"mx-failed",
             "look whether the domain's own name servers answer (dig +trace) and whether "
             "its DNSSEC signatures are valid (dig +cd answers if they are not)"},
        [DNS_REFUSED] = {"mx-refused",
                         "let that name server answer this machine (unbound: access-control, BIND: "
                         "allow-recursion), or set dns_server to one that does"},
        [DNS_SILENT] = {"mx-silent",
                        "let this machine reach its name server at port 53 (UDP and TCP), or set "
                        "dns_server to one that it can reach"},
        [DNS_RUBBISH] = {"mx-rubbish",
                         "find out what answers there in the place of a name server (a router, a "
                         "captive portal), or set dns_server to another one"},
    };
    const struct domain *domain = judge->domain;
    struct findings *findings = judge->findings;

    if (domain->fate > DNS_NO_NAME)
        finding_advise(
            findings_add(findings, SEVERITY_FAIL, rows[domain->fate].id, mx, "%s", domain->why),
            fate_exit_status(domain->fate), "%s", rows[domain->fate].advice);
    else if (domain->fate == DNS_NO_NAME)
        finding_advise(findings_add(findings, SEVERITY_FAIL, "mx-no-domain", mx,
                                    "the DNS has no such name: %s", domain->why),
                       78,
                       "check the spelling in domains, and whether the domain is registered and "
                       "delegated; if inner name servers alone know it, set dns_server to one");
    else if (domain->fate == DNS_NO_RECORD)
        finding_advise(findings_add(findings, SEVERITY_FAIL, "mx-none", mx,
                                    "there is no MX record: senders use the address of the domain "
                                    "itself, if it has one, and never a backup"),
                       78, "add the MX records: \"%s. MX 10 %s.\" and \"%s. MX 20 %s.\"",
                       domain->name, judge->name, domain->name, judge->backup);
}

/* "mail.example.com (preference 10), mx2.example.net (preference 20)" */
static void list_exchanges(const struct domain *domain, struct buffer *list)
{
    enum {
        SHOWN_MAX = 8
    };
    const size_t count = domain->exchange_count;

    for (size_t i = 0; i < count && i < SHOWN_MAX; i++)
        (void)buffer_append_format(list, "%s%s (preference %d)", i > 0 ? ", " : "",
                                   domain->exchanges[i].target.name,
                                   domain->exchanges[i].preference);
    if (count > SHOWN_MAX)
        (void)buffer_append_format(list, " and %zu more", count - SHOWN_MAX);
}

static void judge_single(const struct judge *judge, const struct exchange *exchange,
                         const char *list)
{
    const char *domain = judge->domain->name;
    const int preference = exchange->preference;
    struct finding *finding =
        findings_add(judge->findings, SEVERITY_FAIL, "mx-single", mx,
                     "%s alone: while that host is down, senders have no other", list);

    if (exchange->backup != NULL)
        finding_advise(finding, 78,
                       "add an MX record of a lower number for your mail server: \"%s. MX %d "
                       "%s.\"%s",
                       domain, below(preference), judge->name, others_higher(preference));
    else
        finding_advise(finding, 78,
                       "add a second MX record of a higher number for the backup: \"%s. MX %d "
                       "%s.\"%s",
                       domain, above(preference), judge->backup, others_lower(preference));
}

static void judge_number(const struct judge *judge)
{
    const struct domain *domain = judge->domain;
    struct buffer list;

    if (domain->has_null)
        finding_advise(findings_add(judge->findings, SEVERITY_FAIL, "mx-null", mx,
                                    "a null MX (\"MX 0 .\") says that the domain takes no mail "
                                    "at all (RFC 7505)"),
                       78, "remove the record \"%s. MX 0 .\"", domain->name);
    if (domain->exchange_count == 0)
        return;
    buffer_init(&list, LIST_SIZE);
    list_exchanges(domain, &list);
    if (domain->exchange_count == 1 && !judge->all_reversed)
        judge_single(judge, &domain->exchanges[0], list.bytes);
    else
        (void)findings_add(judge->findings, SEVERITY_OK, "mx", mx, "%s", list.bytes);
    buffer_done(&list);
}

/* ---- The primary ---- */

static void judge_missing_primary(const struct judge *judge)
{
    const struct config *config = judge->domain->config;
    const bool is_guess =
        config->primary.public_name == config->ehlo_name || config->primary.public_name == NULL;
    const int lowest = judge->domain->exchanges[0].preference;

    if (judge->all_reversed) {
        (void)findings_add(judge->findings, SEVERITY_SKIP, "mx-primary", mx,
                           "%s, your mail server, is not among them; where all mail comes by atrn "
                           "or turn it need not be",
                           judge->name);
        return;
    }
    struct finding *finding = findings_add(
        judge->findings, SEVERITY_FAIL, "mx-primary-missing", mx,
        "%s, your mail server, is not among them, neither by its name nor by its address",
        judge->name);
    finding_advise(finding, 78,
                   "%sadd the record \"%s. MX %d %s.\" with the lowest number of all%s",
                   is_guess ? "set primary { public_name = } to the name that your mail server has "
                              "in the DNS; if it is not among them, "
                            : "",
                   judge->domain->name, below(lowest), judge->name, others_higher(lowest));
}

/* A host of which we know nothing, and that senders try before the primary or as often. */
static const struct exchange *find_rival(const struct judge *judge, bool is_equal)
{
    const struct domain *domain = judge->domain;

    for (size_t i = 0; i < domain->exchange_count; i++) {
        const struct exchange *exchange = &domain->exchanges[i];

        if (!exchange->is_primary && exchange->backup == NULL &&
            (is_equal ? exchange->preference == judge->primary
                      : exchange->preference < judge->primary))
            return exchange;
    }
    return NULL;
}

/* " by its address 192.0.2.7" */
static const char *by_address(const struct exchange *exchange, char text[100])
{
    (void)snprintf(text, 100, "%s%s", exchange->by_address != NULL ? ", by its address " : "",
                   exchange->by_address != NULL ? exchange->by_address : "");
    return text;
}

static void judge_primary(const struct judge *judge, const struct exchange *primary)
{
    const struct exchange *lower = find_rival(judge, false), *equal = find_rival(judge, true);
    const char *name = primary->target.name;
    char by[100];

    if (lower != NULL)
        finding_advise(
            findings_add(judge->findings, SEVERITY_FAIL, "mx-primary-not-lowest", mx,
                         "%s (preference %d) is your mail server, but the lower number is "
                         "preferred: mail goes to %s (preference %d) first",
                         name, primary->preference, lower->target.name, lower->preference),
            78, "give %s the lowest number of all MX records", name);
    else
        (void)findings_add(judge->findings, SEVERITY_OK, "mx-primary", mx,
                           "%s (preference %d) is your mail server%s", name, primary->preference,
                           by_address(primary, by));
    if (equal != NULL)
        finding_advise(findings_add(judge->findings, SEVERITY_WARN, "mx-primary-equal", mx,
                                    "%s has the same number as your mail server, %d: mail is split "
                                    "between the two by chance",
                                    equal->target.name, primary->preference),
                       0, "give %s a higher number, unless it is your mail server too",
                       equal->target.name);
}

/* ---- The backups ---- */

static void judge_missing_backup(const struct judge *judge, const struct asked_backup *asked)
{
    const struct domain *domain = judge->domain;
    const struct backup_config *backup = asked->backup;
    const char *host = asked->target.name;
    const int highest = domain->exchanges[domain->exchange_count - 1].preference;
    bool is_uncertain = target_is_uncertain(&asked->target);

    for (size_t i = 0; i < domain->exchange_count; i++)
        is_uncertain = is_uncertain || target_is_uncertain(&domain->exchanges[i].target);
    if (backup_is_reversed(backup))
        (void)findings_add(
            judge->findings, SEVERITY_SKIP, "mx-backup", mx,
            "%s, the host of the backup %s, is not among them; whether it hands over "
            "what another host of the provider takes cannot be seen from here",
            host, backup->name);
    else if (is_uncertain)
        (void)findings_add(judge->findings, SEVERITY_SKIP, "mx-backup", mx,
                           "%s, the host of the backup %s, is not among them by its name, and not "
                           "all addresses could be found out",
                           host, backup->name);
    else
        finding_advise(findings_add(judge->findings, SEVERITY_FAIL, "mx-backup-missing", mx,
                                    "%s, the host of the backup %s, is not among them: it never "
                                    "gets mail for this domain",
                                    host, backup->name),
                       78, "add the record \"%s. MX %d %s.\"%s%s", domain->name, above(highest),
                       host_ip_version(host) == 0 ? host : "NAME",
                       host_ip_version(host) == 0 ? "" : ", by the name that has this address",
                       others_lower(highest));
}

static void judge_backup(const struct judge *judge, const struct asked_backup *asked)
{
    const struct exchange *exchange = exchange_of(judge->domain, asked->backup);
    char by[100];

    if (exchange == NULL) {
        judge_missing_backup(judge, asked);
        return;
    }
    const char *name = exchange->target.name, *backup = asked->backup->name;
    const int preference = exchange->preference;

    if (judge->primary == INT_MAX || preference > judge->primary)
        (void)findings_add(judge->findings, SEVERITY_OK, "mx-backup", mx,
                           "%s (preference %d) is the backup %s%s", name, preference, backup,
                           by_address(exchange, by));
    else if (preference == judge->primary)
        finding_advise(findings_add(judge->findings, SEVERITY_FAIL, "mx-backup-equal", mx,
                                    "%s, the backup %s, has the same number as your mail server, "
                                    "%d: mail is split between the two by chance",
                                    name, backup, preference),
                       78, "give %s a higher number, such as %d%s", name, above(preference),
                       others_lower(preference));
    else
        finding_advise(
            findings_add(judge->findings, SEVERITY_FAIL, "mx-backup-lower", mx,
                         "%s, the backup %s, has preference %d, and your mail server %d: "
                         "the lower number is preferred, so mail goes to the backup first",
                         name, backup, preference, judge->primary),
            78, "give %s a higher number than your mail server has, such as %d%s", name,
            above(judge->primary), others_lower(judge->primary));
}

/* ---- Every host ---- */

/* The backup of that host that is asked for other domains alone. */
static const struct backup_config *find_elsewhere(const struct config *config, const char *host)
{
    for (size_t i = 0; i < config->backup_count; i++) {
        if (text_equal(config->backups[i].host, host))
            return &config->backups[i];
    }
    return NULL;
}

static void judge_unknown(const struct judge *judge, const struct exchange *exchange)
{
    const char *name = exchange->target.name, *domain = judge->findings->domain;
    const struct backup_config *other = find_elsewhere(judge->domain->config, name);
    char ascii[DOMAIN_SIZE_MAX + 1];
    struct error error;

    if (other == NULL && judge->is_elsewhere) {
        (void)findings_add(
            judge->findings, SEVERITY_SKIP, "mx-unknown", mx,
            "%s (preference %d) is asked by nothing that is configured; whether a "
            "host that atrn or turn asks hands over its mail cannot be seen from here",
            name, exchange->preference);
        return;
    }
    struct finding *finding = findings_add(
        judge->findings, SEVERITY_WARN, other != NULL ? "mx-unasked" : "mx-unknown", mx,
        "%s (preference %d) takes mail for this domain, and nothing asks it for that", name,
        exchange->preference);
    if (other != NULL) {
        finding_advise(finding, 0, "add \"%s\" to the domains of backup \"%s\"", domain,
                       other->name);
        return;
    }
    finding_advise(finding, 0,
                   "if it is a backup of yours, add this section to the configuration; if not, "
                   "remove its MX record");
    if (domain_to_ascii(ascii, name, &error) == STATUS_OK) /* others cannot be configured */
        finding->block =
            memory_format("backup \"%s\" {\n    domains = {\"%s\"}\n}\n", ascii, domain);
}

static void judge_name(const struct judge *judge, const struct exchange *exchange)
{
    const char *name = exchange->target.name, *alias = exchange->target.alias;

    if (exchange->records > 1)
        finding_advise(findings_add(judge->findings, SEVERITY_WARN, "mx-double", mx,
                                    "%s stands there %zu times; its lowest number, %d, counts",
                                    name, exchange->records, exchange->preference),
                       0, "remove its other MX records");
    if (host_ip_version(name) != 0)
        finding_advise(findings_add(judge->findings, SEVERITY_FAIL, "mx-address", mx,
                                    "%s is an address, and an MX record must name a host (RFC 5321 "
                                    "5.1): senders look for a host of that name",
                                    name),
                       78, "give the host a name (\"NAME. A %s\"), and put that into the MX record",
                       name);
    if (alias != NULL)
        finding_advise(findings_add(judge->findings, SEVERITY_FAIL, "mx-alias", mx,
                                    "%s is an alias (CNAME) of %s, and an MX record must name the "
                                    "host itself (RFC 5321 5.1): not all senders follow",
                                    name, alias),
                       78, "put %s into the MX record, or give %s addresses of its own (A, AAAA)",
                       alias, name);
}

static void judge_addresses(const struct judge *judge, const struct target *target)
{
    if (target_is_uncertain(target))
        finding_advise(findings_add(judge->findings, SEVERITY_FAIL, "mx-target-failed", mx,
                                    "the address of %s could not be found out: %s", target->name,
                                    target->why),
                       fate_exit_status(target->fate),
                       "look whether the name servers of %s answer (dig +trace %s)", target->name,
                       target->name);
    else if (target->fate != DNS_FOUND)
        finding_advise(findings_add(judge->findings, SEVERITY_FAIL, "mx-target-missing", mx,
                                    "%s has no address in the DNS: %s", target->name, target->why),
                       78, "add its A or AAAA record, or remove its MX record");
    for (size_t i = 0; i < target->count; i++) {
        const char *limit = address_limit(target->addresses[i]);

        if (limit == NULL)
            continue;
        finding_advise(findings_add(judge->findings, SEVERITY_WARN, "mx-target-private", mx,
                                    "%s is %s here: %s, which senders elsewhere cannot reach",
                                    target->name, target->addresses[i], limit),
                       0,
                       "give it a public address; if the DNS answers otherwise inside than "
                       "outside, set dns_server to one outside");
        return;
    }
}

/* ---- All ---- */

static void judge_hosts(const struct judge *judge)
{
    const struct domain *domain = judge->domain;
    const struct exchange *primary = NULL;

    for (size_t i = 0; i < domain->exchange_count && primary == NULL; i++)
        primary = domain->exchanges[i].is_primary ? &domain->exchanges[i] : NULL;
    if (primary != NULL)
        judge_primary(judge, primary);
    else
        judge_missing_primary(judge);
    for (size_t i = 0; i < domain->backup_count; i++)
        judge_backup(judge, &domain->backups[i]);
    for (size_t i = 0; i < domain->exchange_count; i++) {
        const struct exchange *exchange = &domain->exchanges[i];

        if (!exchange->is_primary && exchange->backup == NULL)
            judge_unknown(judge, exchange);
        judge_name(judge, exchange);
        judge_addresses(judge, &exchange->target);
    }
    if (primary != NULL)
        own_address_judge(domain, &primary->target, judge->findings);
}

void mx_judge(const struct domain *domain, struct findings *findings)
{
    struct judge judge = {.domain = domain,
                          .findings = findings,
                          .all_reversed = true,
                          .primary = INT_MAX,
                          .name = domain->primary.name != NULL ? domain->primary.name : "NAME",
                          .backup = "BACKUP"};

    for (size_t i = domain->backup_count; i > 0; i--) {
        const struct asked_backup *asked = &domain->backups[i - 1];

        if (!backup_is_reversed(asked->backup))
            judge.all_reversed = false;
        else if (exchange_of(domain, asked->backup) == NULL)
            judge.is_elsewhere = true;
        if (host_ip_version(asked->target.name) == 0)
            judge.backup = asked->target.name;
    }
    for (size_t i = domain->exchange_count; i > 0; i--) {
        if (domain->exchanges[i - 1].is_primary)
            judge.primary = domain->exchanges[i - 1].preference;
    }
    judge_fate(&judge);
    judge_number(&judge);
    if (domain->exchange_count > 0)
        judge_hosts(&judge);
}

void tlsa_judge(const struct exchange *exchange, const struct dns_answer *answer,
                struct findings *findings)
{
    static const char id[] = "tlsa", subject[] = "TLSA";
    const char *name = exchange->target.name;

    if (answer->fate == DNS_FOUND)
        (void)findings_add(findings, SEVERITY_OK, id, subject, "%s: %s%s", name,
                           answer->records[0].text, answer->count > 1 ? " and more" : "");
    else if (answer->fate == DNS_FAILED)
        finding_advise(findings_add(findings, SEVERITY_WARN, "tlsa-failed", subject,
                                    "%s: %s: senders that go by DANE put its mail off (RFC 7672 "
                                    "2.1.2)",
                                    name, answer->text),
                       0, "look why the name servers of %s do not answer (dig TLSA _25._tcp.%s)",
                       name, name);
    else
        (void)findings_add(findings, SEVERITY_SKIP, id, subject, "%s: %s", name,
                           answer->fate > DNS_NO_NAME ? answer->text
                                                      : "has none: its certificate is not pinned");
}

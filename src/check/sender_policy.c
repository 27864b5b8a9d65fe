/* What SPF and DMARC do to relayed mail. */
#include "sender_policy.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

/* What an SPF record says, as far as one address is concerned. */
struct spf {
    bool ends_in_fail; /* "-all" */
    bool includes;     /* records of others, which are not looked at */
    bool lists;        /* the address passes */
};

/* One term, qualifier included. The MX hosts of the domain are those of the exchange. */
static void read_term(struct spf *spf, const char *term, const struct domain *domain,
                      const struct exchange *exchange, const char *address)
{
    const bool fails = *term == '-';

    term += strchr("+-~?", *term) != NULL;
    if (text_equal(term, "all"))
        spf->ends_in_fail = fails;
    else if (text_starts_with(term, "include:") || text_starts_with(term, "redirect=") ||
             text_starts_with(term, "exists:"))
        spf->includes = true;
    else if (fails)
        return;
    else if (text_starts_with(term, "ip4:") || text_starts_with(term, "ip6:"))
        spf->lists = spf->lists || host_ip_is_in(address, term + strlen("ip4:"));
    else if (text_equal(term, "mx") || text_starts_with(term, "mx/") ||
             (text_starts_with(term, "mx:") && text_equal(term + 3, domain->name)) ||
             (text_starts_with(term, "a:") && text_equal(term + 2, exchange->target.name)))
        spf->lists = true;
}

static struct spf read_spf(const char *record, const struct domain *domain,
                           const struct exchange *exchange, const char *address)
{
    struct spf spf = {.ends_in_fail = false};
    char *terms = memory_copy(record);

    for (char *term = terms, *next; term != NULL; term = next) {
        if ((next = strchr(term, ' ')) != NULL)
            *next++ = '\0';
        if (*term != '\0')
            read_term(&spf, term, domain, exchange, address);
    }
    free(terms);
    return spf;
}

/* The one record of this version; NULL: there is none, or there are several, which count as none. */
static const char *find_record(const struct dns_answer *answer, const char *version)
{
    const size_t size = strlen(version);
    const char *found = NULL;

    for (size_t i = 0; i < answer->count; i++) {
        const char *text = answer->records[i].text;

        if (!text_starts_with(text, version) || strchr(" \t;", text[size]) == NULL)
            continue;
        if (found != NULL)
            return NULL;
        found = text + size;
    }
    return found;
}

/* Whether the primary sees the backup as the client that hands over its mail. */
static bool is_seen(const struct domain *domain, const struct exchange *exchange)
{
    return exchange->backup != NULL && exchange->target.count > 0 &&
           (!backup_is_reversed(exchange->backup) || domain->config->primary.proxy_protocol);
}

static void advise_trust(struct finding *finding, const char *address)
{
    finding_advise(finding, 0,
                   "have your mail server trust %s and check neither SPF nor DMARC of what comes "
                   "from it (Postfix: Whitelist of policyd-spf, IgnoreHosts of OpenDMARC; Exim: "
                   "except it by a hostlist in the ACL; rspamd: local_addrs)",
                   address);
}

void spf_judge(const struct domain *domain, const struct dns_answer *answer,
               struct findings *findings)
{
    const char *record = find_record(answer, "v=spf1");

    for (size_t i = 0; record != NULL && i < domain->exchange_count; i++) {
        const struct exchange *exchange = &domain->exchanges[i];

        for (size_t j = 0; is_seen(domain, exchange) && j < exchange->target.count; j++) {
            const char *address = exchange->target.addresses[j];
            const struct spf spf = read_spf(record, domain, exchange, address);

            if (!spf.ends_in_fail || spf.lists)
                continue;
            advise_trust(findings_add(findings, SEVERITY_SKIP, "spf", "SPF",
                                      "it ends in -all and does not list %s, the backup %s%s: a "
                                      "server that checks SPF refuses mail of this domain from "
                                      "there; whether yours does cannot be seen from here",
                                      address, exchange->backup->name,
                                      spf.includes ? " (what it includes is not looked at)" : ""),
                         address);
            break;
        }
    }
}

/* The value of p in "; p=reject; rua=…" */
static const char *dmarc_policy(const char *record)
{
    static const char *const policies[] = {"reject", "quarantine"};

    for (const char *tag = strchr(record, ';'); tag != NULL; tag = strchr(tag, ';')) {
        tag += 1 + strspn(tag + 1, " \t");
        if (!text_starts_with(tag, "p") || tag[1 + strspn(tag + 1, " \t")] != '=')
            continue;
        tag += 1 + strspn(tag + 1, " \t") + 1;
        tag += strspn(tag, " \t");
        for (size_t i = 0; i < COUNT_OF(policies); i++) {
            if (text_equal_part(policies[i], tag, strcspn(tag, " \t;")))
                return policies[i];
        }
        return NULL;
    }
    return NULL;
}

void dmarc_judge(const struct domain *domain, const struct dns_answer *answer,
                 struct findings *findings)
{
    const char *record = find_record(answer, "v=DMARC1");
    const char *policy = record != NULL ? dmarc_policy(record) : NULL;

    for (size_t i = 0; policy != NULL && i < domain->exchange_count; i++) {
        const struct exchange *exchange = &domain->exchanges[i];

        if (is_seen(domain, exchange))
            advise_trust(
                findings_add(findings, SEVERITY_SKIP, "dmarc", "DMARC",
                             "its policy is %s: a server that checks DMARC may do so to "
                             "mail of this domain from the backup %s (%s), where SPF fails; "
                             "whether yours does cannot be seen from here",
                             policy, exchange->backup->name, exchange->target.addresses[0]),
                exchange->target.addresses[0]);
    }
}

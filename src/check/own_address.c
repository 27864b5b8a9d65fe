/* Whether the primary's address in the DNS leads to this machine. */
#include "domain.h"

#include <mxpull/base/text.h>

static bool is_own(const struct domain *domain, const char *address)
{
    if (host_ip_is_loopback(address))
        return true;
    for (size_t i = 0; i < domain->own_count; i++) {
        if (host_ip_is_in(domain->own[i].text, address))
            return true;
    }
    return false;
}

/* An address of this machine that all the world can reach; NULL: there is none. */
static const char *public_address(const struct domain *domain, int version)
{
    for (size_t i = 0; i < domain->own_count; i++) {
        const char *address = domain->own[i].text;

        if (host_ip_version(address) == version && address_limit(address) == NULL)
            return address;
    }
    return NULL;
}

/* The target's address of that IP version, one of this machine's where there is any; NULL: it has none. */
static const char *address_to_judge(const struct domain *domain, const struct target *target,
                                    int version)
{
    const char *found = NULL;

    for (size_t i = 0; i < target->count; i++) {
        const char *address = target->addresses[i];

        if (host_ip_version(address) == version &&
            (found == NULL || (is_own(domain, address) && !is_own(domain, found))))
            found = address;
    }
    return found;
}

static void judge_version(const struct domain *domain, const struct target *target, int version,
                          struct findings *findings)
{
    static const char id[] = "primary-address", subject[] = "address";
    const struct address *listens = &domain->config->primary.address;
    const char *address = address_to_judge(domain, target, version);
    const char *here = public_address(domain, version);
    const bool is_here = listens->host == NULL || text_equal(listens->host, "localhost") ||
                         is_own(domain, listens->host);

    if (address == NULL)
        return;
    if (is_own(domain, address))
        (void)findings_add(findings, SEVERITY_OK, id, subject,
                           "%s is %s, an address of this machine", target->name, address);
    else if (!is_here && host_ip_is_in(listens->host, address))
        (void)findings_add(findings, SEVERITY_OK, id, subject,
                           "%s is %s, as primary { address } has it", target->name, address);
    else if (!is_here)
        (void)findings_add(
            findings, SEVERITY_SKIP, id, subject,
            "%s is %s; whether that is your mail server at %s is not to be seen from "
            "here",
            target->name, address, listens->text);
    else if (here == NULL)
        (void)findings_add(
            findings, SEVERITY_SKIP, id, subject,
            "%s is %s, no address of this machine, which has no public one (NAT): not "
            "to be seen from here",
            target->name, address);
    else
        finding_advise(findings_add(findings, SEVERITY_WARN, "primary-address-other", subject,
                                    "%s is %s in the DNS, but this machine's address is %s",
                                    target->name, address, here),
                       0,
                       "if this machine's address has changed, correct the %s record of %s; if %s "
                       "is forwarded to it, all is well",
                       version == 4 ? "A" : "AAAA", target->name, address);
}

void own_address_judge(const struct domain *domain, const struct target *target,
                       struct findings *findings)
{
    judge_version(domain, target, 4, findings);
    judge_version(domain, target, 6, findings);
}

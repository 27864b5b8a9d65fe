/* Hosts and their addresses. */
#include "target.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/host.h>

#include <stdlib.h>

static void add_address(struct target *target, const char *address)
{
    target->addresses = memory_more(target->addresses, target->count, sizeof *target->addresses);
    target->addresses[target->count++] = address;
}

/* Of A and AAAA one is enough. Without any, a failure tells more than an answer that there is none. */
static void take_addresses(void *context, const struct dns_answer *answer)
{
    struct target *target = context;

    if (target->fate != DNS_FOUND && answer->fate >= target->fate) {
        target->fate = answer->fate;
        target->why = answer->text;
    }
    for (size_t i = 0; i < answer->count; i++)
        add_address(target, answer->records[i].text);
    if (target->count > 0)
        target->fate = DNS_FOUND;
    if (target->alias == NULL)
        target->alias = answer->alias;
    if (--target->open == 0)
        target->done(target->context);
}

void target_find(struct target *target, const char *name, struct lookups *lookups,
                 void (*done)(void *context), void *context)
{
    *target = (struct target){.name = name, .done = done, .context = context};
    if (host_ip_version(name) != 0) {
        add_address(target, name);
        done(context);
        return;
    }
    target->fate = DNS_NO_RECORD;
    target->open = 2;
    lookups_ask(lookups, name, DNS_A, take_addresses, target);
    lookups_ask(lookups, name, DNS_AAAA, take_addresses, target);
}

bool target_is_uncertain(const struct target *target)
{
    return target->fate > DNS_NO_NAME;
}

bool target_has(const struct target *target, const char *address)
{
    for (size_t i = 0; i < target->count; i++) {
        if (host_ip_is_in(target->addresses[i], address))
            return true;
    }
    return false;
}

const char *target_common(const struct target *a, const struct target *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (target_has(b, a->addresses[i]))
            return a->addresses[i];
    }
    return NULL;
}

void target_done(struct target *target)
{
    free(target->addresses);
    target->addresses = NULL;
    target->count = 0;
}

const char *address_limit(const char *address)
{
    static const struct {
        const char *network, *words;
    } rows[] = {
        {"127.0.0.0/8", "a loopback address"},
        {"::1/128", "a loopback address"},
        {"10.0.0.0/8", "a private address"},
        {"172.16.0.0/12", "a private address"},
        {"192.168.0.0/16", "a private address"},
        {"fc00::/7", "a private address"},
        {"100.64.0.0/10", "an address of a provider's own network (RFC 6598)"},
        {"169.254.0.0/16", "a link-local address"},
        {"fe80::/10", "a link-local address"},
        {"0.0.0.0/8", "no host's address"},
        {"::/128", "no host's address"},
        {"224.0.0.0/3", "no host's address"},
        {"ff00::/8", "no host's address"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (host_ip_is_in(address, rows[i].network))
            return rows[i].words;
    }
    return NULL;
}

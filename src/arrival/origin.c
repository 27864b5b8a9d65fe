/* Which addresses are a backup's. */
#include <mxpull/arrival/origin.h>

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/host.h>

#include <stdlib.h>
#include <string.h>

/* A question for addresses of the name. */
struct look {
    struct origin *origin;
    struct dns_question *question; /* borrowed; NULL: it is answered, or was not asked */
};

struct origin {
    const struct backup_config *backup; /* borrowed */
    struct host_address *addresses;     /* of the name, and others that were added */
    size_t count;
    struct look looks[2];
};

static void answered(void *context, const struct dns_answer *answer)
{
    struct look *look = context;

    look->question = NULL;
    for (size_t i = 0; i < answer->count; i++)
        origin_add(look->origin, answer->records[i].text);
}

struct origin *origin_new(struct resolver *resolver, const struct backup_config *backup)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA};
    struct origin *origin = memory_new(1, sizeof *origin);

    origin->backup = backup;
    if (host_ip_version(backup->host) != 0) {
        origin_add(origin, backup->host);
        return origin;
    }
    for (size_t i = 0; resolver != NULL && i < COUNT_OF(types); i++) {
        struct look *look = &origin->looks[i];

        look->origin = origin;
        look->question = resolver_ask(resolver, backup->host, types[i], answered, look);
    }
    return origin;
}

void origin_add(struct origin *origin, const char *address)
{
    if (host_ip_version(address) == 0 || host_ip_is_loopback(address) ||
        origin_has(origin, address))
        return;
    origin->addresses = memory_more(origin->addresses, origin->count, sizeof *origin->addresses);
    (void)text_copy(origin->addresses[origin->count++].text, HOST_ADDRESS_SIZE, address);
}

static const char *untagged(const char *address)
{
    static const char tag[] = "IPv6:"; /* RFC 5321 4.1.3 */

    return address + (text_starts_with(address, tag) ? strlen(tag) : 0);
}

bool origin_is_named(const struct backup_config *backup, const char *address)
{
    const struct texts *named = &backup->arrives_from;

    for (size_t i = 0; i < named->count; i++) {
        if (host_ip_is_in(untagged(address), named->list[i]))
            return true;
    }
    return false;
}

bool origin_has(const struct origin *origin, const char *address)
{
    for (size_t i = 0; i < origin->count; i++) {
        if (host_ip_is_in(untagged(address), origin->addresses[i].text))
            return true;
    }
    return origin_is_named(origin->backup, address);
}

bool origin_is_asking(const struct origin *origin)
{
    return origin->looks[0].question != NULL || origin->looks[1].question != NULL;
}

void origin_free(struct origin *origin)
{
    if (origin == NULL)
        return;
    for (size_t i = 0; i < COUNT_OF(origin->looks); i++)
        resolver_cancel(origin->looks[i].question);
    free(origin->addresses);
    free(origin);
}

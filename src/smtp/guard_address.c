/* Whether a recipient is in one of our domains (RFC 2645 5.2.1), by octets (guard_domain). An address may
 * say one domain and mean another: source routes (RFC 5321 C), the %-hack and bang paths, and
 * quoted local parts that a server takes apart again. Our primary most likely trusts the host that
 * we run on, so whatever is left to pass here would make it a relay. Hence only the plain form is
 * passed: a local part of which no server makes a route, one @, one domain. */
#include "guard_address.h"

#include <mxpull/base/text.h>

#include <string.h>

enum {
    LOCAL_SIZE_MAX = 256
}; /* RFC 5321 4.5.3.1.1 has 64; longer ones exist */

static const char not_an_address[] = "501 5.1.3 The recipient is not an address";
static const char no_utf8[] = "553 5.6.7 A recipient beyond ASCII, but SMTPUTF8 was not given";
static const char routed[] = "550 5.7.1 A recipient with a route in it is not accepted here";
static const char not_ours[] =
    "550 5.7.1 Mail for this domain was not asked for on this connection";

/* The fault of the character at text, or NULL with its length in *length. In a quoted string the
 * characters that a server may take for the end of the path or for a route are refused too. */
static const char *character_fault(const char *text, size_t size, bool quoted, bool utf8,
                                   size_t *length)
{
    *length = 1;
    if ((unsigned char)*text >= 0x80) {
        *length = guard_path_utf8(text, size);
        if (!utf8)
            return no_utf8;
        return *length == 0 ? not_an_address : NULL;
    }
    if (*text == '%' || *text == '!')
        return routed;
    if (quoted) {
        if (strchr("@:\\<>", *text) != NULL)
            return routed;
        return *text >= ' ' && *text <= '~' ? NULL : not_an_address;
    }
    /* Dots are passed wherever they stand: such mailboxes exist, and nothing is hidden by them. */
    return guard_path_is_atom(*text) || *text == '.' ? NULL : not_an_address;
}

/* Reads the local part. *size says where it ends, its quotes included. */
static const char *local_fault(struct guard_part path, bool utf8, size_t *size)
{
    bool quoted = path.size > 0 && path.text[0] == '"';
    char end = quoted ? '"' : '@';
    size_t begin = quoted ? 1 : 0, at = begin, length;

    while (at < path.size && path.text[at] != end) {
        const char *fault = character_fault(path.text + at, path.size - at, quoted, utf8, &length);

        if (fault != NULL)
            return fault;
        at += length;
    }
    if (at == begin || at > LOCAL_SIZE_MAX || (quoted && at == path.size))
        return not_an_address;
    *size = at + begin;
    return NULL;
}

static bool is_ascii(struct guard_part part)
{
    for (size_t i = 0; i < part.size; i++) {
        if ((unsigned char)part.text[i] >= 0x80)
            return false;
    }
    return true;
}

static const char *domain_fault(struct guard_part domain, bool utf8,
                                const struct guard_domains *domains)
{
    if (domain.size > 0 && domain.text[0] == '[')
        return "550 5.7.1 A recipient at an address literal is not accepted here";
    if (!utf8 && !is_ascii(domain))
        return no_utf8;
    return guard_domains_have(domains, domain, NULL) ? NULL : not_ours;
}

const char *guard_address_judge(struct guard_part path, bool utf8,
                                const struct guard_domains *domains)
{
    size_t local;

    if (path.size == 0 || path.size > GUARD_PATH_SIZE_MAX)
        return not_an_address;
    if (path.text[0] == '@')
        return routed;
    const char *fault = local_fault(path, utf8, &local);
    if (fault != NULL)
        return fault;
    if (local == path.size) /* RFC 5321 4.1.1.3's <postmaster>, too: whose, nothing tells */
        return "550 5.7.1 A recipient without a domain is not accepted here";
    if (path.text[local] != '@')
        return not_an_address;
    return domain_fault((struct guard_part){path.text + local + 1, path.size - local - 1}, utf8,
                        domains);
}

void guard_address_mark(const char *address, const struct guard_domains *domains, bool *marks)
{
    const char *at = strrchr(address, '@');

    if (at != NULL)
        (void)guard_domains_have(domains, (struct guard_part){at + 1, strlen(at + 1)}, marks);
}

/* The paths of MAIL and RCPT (RFC 5321 4.1.2, RFC 6531 3.3): where a path ends, of what characters it is made,
 * and whether a recipient is in one of our domains (RFC 2645 5.2.1).
 *
 * An address may say one domain and mean another: source routes (RFC 5321 C), the %-hack and bang paths, and
 * quoted local parts that a server takes apart again. Our primary most likely trusts the host that
 * we run on, so whatever is left to pass here would make it a relay. Hence only the plain form is
 * passed: a local part of which no server makes a route, one @, one domain.
 *
 * What is judged here is passed to the primary as it came, and the primary may map it in another way than we
 * would, or not at all: a fullwidth letter, an ideographic dot or a soft hyphen that is nothing to one of us makes a
 * foreign domain for the other. So no mapping takes place: the octets are those of a node's domain, as A-labels or
 * as the U-labels that IDNA 2008 (RFC 5891) gives for them, but for the case of ASCII letters (RFC 4343). */
#include "guard_parts.h"

#include <mxpull/base/text.h>

#include <string.h>

/* ---- paths ---- */

static bool is_atom(char c)
{
    return text_is_letter(c) || text_is_digit(c) ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* The length of the path that begins behind "<": up to its ">". SIZE_MAX when there is none, and
 * for a ">" in a quoted string, where a server that does not look for quotes would end the path. */
static size_t path_size(const char *text, size_t size)
{
    bool quoted = false;

    for (size_t i = 0; i < size && i <= GUARD_PATH_SIZE_MAX; i++) {
        if (text[i] == '>')
            return quoted ? SIZE_MAX : i;
        if (text[i] == '<' || (!quoted && text[i] == ' '))
            return SIZE_MAX;
        if (text[i] == '"')
            quoted = !quoted;
        else if (quoted && text[i] == '\\' && i + 1 < size && text[i + 1] != '>')
            i++;
    }
    return SIZE_MAX;
}

bool guard_path_split(struct guard_mailbox *mailbox, struct guard_part argument, const char *word)
{
    size_t begin = strlen(word);

    if (argument.size < begin || !text_equal_part(word, argument.text, begin))
        return false;
    /* RFC 5321 3.3 allows no space here; old providers send one, and a 501 would bounce their mail.
     */
    while (begin < argument.size && argument.text[begin] == ' ')
        begin++;
    if (begin + 2 > argument.size || argument.text[begin] != '<')
        return false;
    const char *path = argument.text + begin + 1;
    size_t left = argument.size - begin - 1;
    size_t size = path_size(path, left);
    if (size == SIZE_MAX || (size + 1 < left && path[size + 1] != ' '))
        return false;
    mailbox->path = (struct guard_part){path, size};
    mailbox->parameters = (struct guard_part){path + size + 1, left - size - 1};
    return true;
}

/* Whether a server may take the character for ASCII that is neither letter nor digit, or for a dot of a domain: controls
 * and line ends; characters of which NFC, NFD, NFKC, NFKD or case folding make such ASCII, as
 * Unicode 14 has them (with their neighbours where no address needs these); U+3002 and U+FF61, dots
 * in IDNA 2003; and quotation marks, U+01C3 and U+066A, by the best fit of Windows' code pages. */
static bool is_doubtful(uint32_t point)
{
    static const uint32_t ranges[][2] = {
        {0x80, 0xa9},     {0xaf, 0xaf},     {0xb4, 0xb4},     {0xb8, 0xb8},       {0x1c3, 0x1c3},
        {0x2ba, 0x2ba},   {0x2d8, 0x2dd},   {0x30e, 0x30e},   {0x37a, 0x37a},     {0x37e, 0x37e},
        {0x384, 0x385},   {0x66a, 0x66a},   {0x1fbd, 0x1fbd}, {0x1fbf, 0x1fc1},   {0x1fcd, 0x1fcf},
        {0x1fdd, 0x1fdf}, {0x1fed, 0x1fef}, {0x1ffd, 0x1ffe}, {0x2000, 0x200a},   {0x2017, 0x2017},
        {0x201c, 0x201f}, {0x2024, 0x203f}, {0x2047, 0x2049}, {0x205f, 0x208e},   {0x2100, 0x2106},
        {0x2260, 0x2260}, {0x226e, 0x226f}, {0x2474, 0x24b5}, {0x2a74, 0x2a76},   {0x3000, 0x3002},
        {0x309b, 0x309c}, {0x3200, 0x3243}, {0x33c2, 0x33d8}, {0xd800, 0xdfff},   {0xfb29, 0xfb29},
        {0xfc5e, 0xfc63}, {0xfdfa, 0xfdfb}, {0xfe10, 0xfe19}, {0xfe30, 0xfe7e},   {0xff01, 0xff5e},
        {0xff61, 0xff61}, {0xffe3, 0xffe3}, {0xfff0, 0xffff}, {0x1f100, 0x1f129},
    };

    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        if (point >= ranges[i][0] && point <= ranges[i][1])
            return true;
    }
    return false;
}

/* The size of the non-ASCII character at text, if it may stand in an address (RFC 6531 3.3); else 0: malformed UTF-8, and a
 * character that a server may map or normalize to an ASCII one with a meaning in addresses. */
static size_t utf8_size(const char *text, size_t size)
{
    uint32_t point;
    size_t length = text_character(text, size, &point);

    return length > 1 && !is_doubtful(point) ? length : 0;
}

static bool is_path_character(char c, bool quoted)
{
    if (quoted)
        return c >= ' ' && c <= '~';
    return is_atom(c) || (c != '\0' && strchr(".@,:[]", c) != NULL);
}

const char *guard_path_judge_reverse(struct guard_part path, bool utf8)
{
    bool quoted = false;

    for (size_t i = 0; i < path.size; i++) {
        char c = path.text[i];

        if ((unsigned char)c >= 0x80) {
            size_t length = utf8_size(path.text + i, path.size - i);

            if (!utf8)
                return "553 5.6.7 A sender beyond ASCII, but SMTPUTF8 was not given";
            if (length == 0)
                return "501 5.1.7 The sender is not well-formed UTF-8";
            i += length - 1;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (quoted && c == '\\' && i + 1 < path.size) {
            i++;
            if (!is_path_character(path.text[i], true))
                return "501 5.1.7 The sender is not an address";
        } else if (!is_path_character(c, quoted)) {
            return "501 5.1.7 The sender is not an address";
        }
    }
    return NULL;
}

/* ---- our domains ---- */

/* The lower-case ASCII form of a domain as it stands; what of it is ASCII already may be anything. Returns its size; 0:
 * it has none, or is a mixture of A-labels and U-labels, which the primary may take for another domain. */
static size_t to_ascii(char ascii[DOMAIN_SIZE_MAX], struct guard_part domain)
{
    size_t used = 0;
    bool has_a_label = false, has_u_label = false;

    if (domain.size > DOMAIN_SIZE_MAX)
        return 0;
    while (domain.size > 0) {
        const char *dot = memchr(domain.text, '.', domain.size);
        size_t size = dot != NULL ? (size_t)(dot - domain.text) : domain.size;
        struct guard_part part = {domain.text, size};
        char label[DOMAIN_LABEL_SIZE_MAX + 1];

        has_a_label = has_a_label || (size > 4 && text_equal_part("xn--", part.text, 4));
        if (!text_is_ascii(part.text, part.size)) {
            has_u_label = true;
            if (!domain_label_to_ascii(label, part.text, part.size))
                return 0;
            part = (struct guard_part){label, strlen(label)};
        }
        if (used + part.size + 1 > DOMAIN_SIZE_MAX + (dot == NULL))
            return 0;
        for (size_t i = 0; i < part.size; i++)
            ascii[used++] = text_lower(part.text[i]);
        if (dot != NULL)
            ascii[used++] = '.';
        domain.text += size + (dot != NULL);
        domain.size -= size + (dot != NULL);
    }
    return has_a_label && has_u_label ? 0 : used;
}

/* Whether what stands before a suffix is labels, each with its dot behind it. */
static bool are_labels(const char *text, size_t size)
{
    char label[DOMAIN_LABEL_SIZE_MAX + 1];

    while (size > 0) {
        const char *dot = memchr(text, '.', size);

        if (dot == NULL || !domain_label_to_ascii(label, text, (size_t)(dot - text)))
            return false;
        size -= (size_t)(dot - text) + 1;
        text = dot + 1;
    }
    return true;
}

static bool is_in(const char *domain, size_t size, const struct node *node)
{
    const char *name = node_bare_name(node);
    size_t name_size = strlen(name), front = size - name_size;

    return node->form != NODE_QUEUE && size >= name_size &&
           memcmp(domain + front, name, name_size) == 0 &&
           (front == 0 || (node->form == NODE_SUFFIX && are_labels(domain, front)));
}

/* Whether the octets behind the @ of an address are one of the domains. Sets marks[i] for each node
 * that they are in; marks may be NULL. */
static bool are_of(const struct guard_domains *domains, struct guard_part domain, bool *marks)
{
    char ascii[DOMAIN_SIZE_MAX];
    size_t size = to_ascii(ascii, domain);
    bool any = false;

    for (size_t i = 0; i < domains->count && (!any || marks != NULL); i++) {
        if (!is_in(ascii, size, &domains->nodes[i]))
            continue;
        any = true;
        if (marks != NULL)
            marks[i] = true;
    }
    return any;
}

/* ---- recipients ---- */

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
        *length = utf8_size(text, size);
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
    return is_atom(*text) || *text == '.' ? NULL : not_an_address;
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

static const char *domain_fault(struct guard_part domain, bool utf8,
                                const struct guard_domains *domains)
{
    if (domain.size > 0 && domain.text[0] == '[')
        return "550 5.7.1 A recipient at an address literal is not accepted here";
    if (!utf8 && !text_is_ascii(domain.text, domain.size))
        return no_utf8;
    return are_of(domains, domain, NULL) ? NULL : not_ours;
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
        (void)are_of(domains, (struct guard_part){at + 1, strlen(at + 1)}, marks);
}

/* Whether a recipient's domain is ours. What is judged here is passed to the primary as it came, and
 * the primary may map it in another way than we would, or not at all: a fullwidth letter, an
 * ideographic dot or a soft hyphen that is nothing to one of us makes a foreign domain for the
 * other. So no mapping takes place: the octets are those of a node's domain, as A-labels or as the
 * U-labels that IDNA 2008 (RFC 5891) gives for them, but for the case of ASCII letters (RFC 4343). */
#include "guard_domain.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

/* The name of a node without its option character. */
static const char *domain_of(const struct node *node)
{
    return node->name + (node->form == NODE_DOMAIN ? 0 : 1);
}

void guard_domains_init(struct guard_domains *domains, const struct node *nodes, size_t count)
{
    *domains = (struct guard_domains){
        .nodes = nodes, .count = count, .unicode = memory_new(count, sizeof(char *))};
    for (size_t i = 0; i < count; i++)
        domains->unicode[i] = domain_to_unicode(domain_of(&nodes[i]));
}

void guard_domains_done(struct guard_domains *domains)
{
    for (size_t i = 0; i < domains->count; i++)
        free(domains->unicode[i]);
    free(domains->unicode);
}

/* Whether what stands before a suffix is labels, each with its dot behind it. */
static bool are_labels(const char *text, size_t size)
{
    while (size > 0) {
        const char *dot = memchr(text, '.', size);

        if (dot == NULL || !domain_is_label(text, (size_t)(dot - text)))
            return false;
        size -= (size_t)(dot - text) + 1;
        text = dot + 1;
    }
    return true;
}

static bool is_in(struct guard_part domain, const char *name, bool below)
{
    size_t size = strlen(name);

    if (domain.size < size || domain.size > DOMAIN_SIZE_MAX)
        return false;
    size_t front = domain.size - size;
    return text_equal_part(name, domain.text + front, size) &&
           (front == 0 || (below && are_labels(domain.text, front)));
}

bool guard_domains_have(const struct guard_domains *domains, struct guard_part domain, bool *marks)
{
    bool any = false;

    for (size_t i = 0; i < domains->count && (!any || marks != NULL); i++) {
        const struct node *node = &domains->nodes[i];
        bool below = node->form == NODE_SUFFIX;

        if (node->form == NODE_QUEUE ||
            !(is_in(domain, domain_of(node), below) ||
              (domains->unicode[i] != NULL && is_in(domain, domains->unicode[i], below))))
            continue;
        any = true;
        if (marks != NULL)
            marks[i] = true;
    }
    return any;
}

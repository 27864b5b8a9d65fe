/* Which MX host is which host of ours: by its name, or else by an address. */
#include "domain.h"

#include <mxpull/base/text.h>

#include <string.h>

bool backup_is_reversed(const struct backup_config *backup)
{
    return backup->method != METHOD_ETRN;
}

static bool node_covers(const struct node *node, const char *domain)
{
    const size_t size = strlen(domain), suffix = strlen(node->name) - 1;

    switch (node->form) {
    case NODE_DOMAIN: return strcmp(node->name, domain) == 0;
    case NODE_QUEUE: return text_equal(node->name + 1, domain);
    case NODE_SUFFIX: break;
    }
    return size >= suffix && strcmp(domain + size - suffix, node->name + 1) == 0 &&
           (size == suffix || domain[size - suffix - 1] == '.');
}

bool backup_asks_for(const struct backup_config *backup, const char *domain)
{
    for (size_t i = 0; i < backup->domain_count; i++) {
        if (node_covers(&backup->domains[i], domain))
            return true;
    }
    return false;
}

static void recognize_by_name(const struct domain *domain, struct exchange *exchange)
{
    exchange->is_primary =
        domain->primary.name != NULL && text_equal(exchange->target.name, domain->primary.name);
    for (size_t i = 0; i < domain->backup_count && !exchange->is_primary; i++) {
        if (text_equal(exchange->target.name, domain->backups[i].target.name))
            exchange->backup = domain->backups[i].backup;
    }
}

static void recognize_by_address(const struct domain *domain, struct exchange *exchange)
{
    const char *listens = domain->config->primary.address.host;
    const char **by = &exchange->by_address;

    for (size_t i = 0; i < domain->backup_count && *by == NULL; i++) {
        if ((*by = target_common(&exchange->target, &domain->backups[i].target)) != NULL)
            exchange->backup = domain->backups[i].backup;
    }
    if (*by != NULL)
        return;
    *by = target_common(&exchange->target, &domain->primary);
    if (*by == NULL && listens != NULL && target_has(&exchange->target, listens))
        *by = listens;
    for (size_t i = 0; i < domain->own_count && *by == NULL; i++) {
        const char *own = domain->own[i].text;

        if (!host_ip_is_loopback(own) && target_has(&exchange->target, own))
            *by = own;
    }
    exchange->is_primary = *by != NULL;
}

void mx_recognize(struct domain *domain)
{
    for (size_t i = 0; i < domain->exchange_count; i++) {
        struct exchange *exchange = &domain->exchanges[i];

        recognize_by_name(domain, exchange);
        if (!exchange->is_primary && exchange->backup == NULL)
            recognize_by_address(domain, exchange);
    }
}

const struct exchange *exchange_of(const struct domain *domain, const struct backup_config *backup)
{
    for (size_t i = 0; i < domain->exchange_count; i++) {
        if (domain->exchanges[i].backup == backup)
            return &domain->exchanges[i];
    }
    return NULL;
}

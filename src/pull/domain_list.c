/* The domains that a preflight is to ask the primary for. */
#include <mxpull/base/memory.h>
#include <mxpull/pull/domain_list.h>

#include <stdlib.h>

void domain_list_add(struct domain_list *list, const struct node *node)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity > 0 ? 2 * list->capacity : 16;
        list->nodes = memory_resize(list->nodes, list->capacity, sizeof *list->nodes);
    }
    list->nodes[list->count++] = *node;
}

void domain_list_add_poll(struct domain_list *list, const struct poll *poll)
{
    for (size_t i = 0; i < poll_result_count(poll); i++)
        domain_list_add(list, poll_result(poll, i)->node);
}

void domain_list_add_all(struct domain_list *list, const struct config *config)
{
    for (size_t i = 0; i < config->backup_count; i++) {
        for (size_t j = 0; j < config->backups[i].domain_count; j++)
            domain_list_add(list, &config->backups[i].domains[j]);
    }
}

void domain_list_done(struct domain_list *list)
{
    free(list->nodes);
    *list = (struct domain_list){0};
}

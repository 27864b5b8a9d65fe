/* Looks at everything at once: one part for each domain, each backup, the primary and the configuration. */
#include "parts.h"
#include <mxpull/base/memory.h>
#include <mxpull/session/pool.h>
#include <mxpull/smtp/outcome.h>

#include <stdlib.h>

enum {
    DOWNLOADS_MAX = 50 /* at the same time */
};

struct check {
    struct check_options options;
    struct resolver *resolver;
    struct lookups *lookups;
    struct gate downloads, connections, commands;
    struct host_address *own; /* owned: the addresses of this machine */
    size_t own_count;
    struct findings *findings; /* owned; those of parts[i] at [i] */
    struct part *parts;        /* owned */
    size_t count;
    size_t open; /* parts that are not over */
};

static const struct part_methods *const methods[] = {
    [TOPIC_DOMAIN] = &domain_methods,
    [TOPIC_BACKUP] = &backup_methods,
    [TOPIC_PRIMARY] = &primary_methods,
    [TOPIC_CONFIGURATION] = &settings_methods,
};

static void add(struct check *check, const struct findings *findings)
{
    check->findings = memory_more(check->findings, check->count, sizeof *check->findings);
    check->findings[check->count++] = *findings;
}

static bool has_domain(const struct check *check, const struct node *node)
{
    for (size_t i = 0; i < check->count; i++) {
        if (node_equal(&check->findings[i].node, node))
            return true;
    }
    return false;
}

/* The domains that are chosen, each once, whatever the form in which they are asked for. */
static void add_domains(struct check *check)
{
    const struct config *config = check->options.config;

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        for (size_t j = 0; j < backup->domain_count; j++) {
            const struct node *node = &backup->domains[j];
            struct node domain;

            if (node_domain(&domain, node) && !has_domain(check, &domain) &&
                selection_has(&check->options.selection, backup, j))
                add(check, &(struct findings){.topic = TOPIC_DOMAIN,
                                              .domain = backup->domain_texts[j] +
                                                        (node->form != NODE_DOMAIN),
                                              .node = domain});
        }
    }
}

static void add_backups(struct check *check)
{
    const struct config *config = check->options.config;

    for (size_t i = 0; i < config->backup_count; i++) {
        if (selection_has_any(&check->options.selection, &config->backups[i]))
            add(check, &(struct findings){.topic = TOPIC_BACKUP, .backup = &config->backups[i]});
    }
}

struct check *check_new(const struct check_options *options, struct error *error)
{
    struct resolver *resolver = resolver_new(options->loop, options->config->dns_server, error);

    if (resolver == NULL)
        return NULL;
    struct check *check = memory_new(1, sizeof *check);
    check->options = *options;
    check->resolver = resolver;
    check->lookups = lookups_new(options->loop, resolver);
    check->downloads.free = DOWNLOADS_MAX;
    check->connections.free = pool_sessions_at_once(options->config, options->config->backup_count *
                                                                         BACKUP_ADDRESSES_MAX);
    check->commands.free = POOL_COMMANDS_AT_ONCE;
    check->own = host_addresses(&check->own_count);
    add_domains(check);
    add_backups(check);
    add(check, &(struct findings){.topic = TOPIC_PRIMARY});
    add(check, &(struct findings){.topic = TOPIC_CONFIGURATION});
    check->parts = memory_new(check->count, sizeof *check->parts);
    return check;
}

void part_over(struct part *part)
{
    struct check *check = part->check;

    part->findings->is_over = true;
    check->open--;
    if (check->options.told != NULL)
        check->options.told(check->options.context, part->findings);
}

void check_run(struct check *check)
{
    check->open = check->count;
    for (size_t i = 0; i < check->count; i++) {
        check->parts[i] = (struct part){.options = &check->options,
                                        .lookups = check->lookups,
                                        .downloads = &check->downloads,
                                        .connections = &check->connections,
                                        .commands = &check->commands,
                                        .own = check->own,
                                        .own_count = check->own_count,
                                        .findings = &check->findings[i],
                                        .check = check};
        methods[check->findings[i].topic]->begin(&check->parts[i]);
    }
    while (check->open > 0 && !check->options.stop())
        loop_turn(check->options.loop, INT64_MAX);
}

size_t check_open(const struct check *check, size_t *of)
{
    *of = check->count;
    return check->open;
}

const struct findings *check_findings(const struct check *check, size_t *count)
{
    *count = check->count;
    return check->findings;
}

int check_exit_status(const struct check *check)
{
    int exit_status = 0;

    for (size_t i = 0; i < check->count; i++) {
        for (size_t j = 0; j < check->findings[i].count; j++)
            exit_status = exit_status_worse(exit_status, check->findings[i].list[j].exit_status);
    }
    return exit_status;
}

void check_free(struct check *check)
{
    if (check == NULL)
        return;
    for (size_t i = 0; i < check->count; i++) {
        const struct part_methods *part = methods[check->findings[i].topic];

        if (check->parts[i].check != NULL && part->free != NULL)
            part->free(&check->parts[i]);
        findings_done(&check->findings[i]);
    }
    free(check->parts);
    free(check->own);
    free(check->findings);
    resolver_free(check->resolver);
    lookups_free(check->lookups);
    free(check);
}

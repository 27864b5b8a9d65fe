/* What the names on the command line choose: backups by name, and domains by name in every backup
 * that lists them. */
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/session/selection.h>

#include <stdlib.h>

static bool names_domain(const char *name, const struct backup_config *backup, size_t domain)
{
    struct node node;
    struct error error;

    if (text_equal(name, backup->domain_texts[domain]))
        return true;
    return node_parse(&node, name, &error) == STATUS_OK &&
           node_equal(&node, &backup->domains[domain]);
}

bool selection_has(const struct selection *choice, const struct backup_config *backup,
                   size_t domain)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (names_domain(choice->names[i], backup, domain))
            return true;
    }
    return selection_has_backup(choice, backup);
}

bool selection_has_backup(const struct selection *choice, const struct backup_config *backup)
{
    if (choice->count == 0)
        return true;
    for (size_t i = 0; i < choice->count; i++) {
        if (text_equal(choice->names[i], backup->name))
            return true;
    }
    return false;
}

bool selection_has_any(const struct selection *choice, const struct backup_config *backup)
{
    for (size_t i = 0; i < backup->domain_count; i++) {
        if (selection_has(choice, backup, i))
            return true;
    }
    return selection_has_backup(choice, backup);
}

const char *selection_closest(const struct config *config, const char *name)
{
    size_t count = config->backup_count;

    for (size_t i = 0; i < config->backup_count; i++)
        count += config->backups[i].domain_count;
    const char **names = memory_new(count, sizeof *names);
    count = 0;
    for (size_t i = 0; i < config->backup_count; i++) {
        names[count++] = config->backups[i].name;
        for (size_t domain = 0; domain < config->backups[i].domain_count; domain++)
            names[count++] = config->backups[i].domain_texts[domain];
    }
    const char *closest = text_closest(name, names, count);
    free(names);
    return closest;
}

static enum status refuse_name(const char *name, const struct config *config, struct error *error)
{
    const char *closest = selection_closest(config, name);
    char shown[80], meant[80];

    (void)text_printable_copy(shown, sizeof shown, name);
    if (closest != NULL)
        return error_set(error, STATUS_SYNTAX,
                         "\"%s\" is neither a backup nor a domain; did you mean \"%s\"?", shown,
                         text_printable_copy(meant, sizeof meant, closest));
    return error_set(error, STATUS_SYNTAX, "\"%s\" is neither a backup nor a domain in %s", shown,
                     config->path);
}

enum status selection_check(const struct selection *choice, const struct config *config,
                            struct error *error)
{
    for (size_t i = 0; i < choice->count; i++) {
        const struct selection one = {&choice->names[i], 1};
        bool is_known = false;

        for (size_t j = 0; j < config->backup_count && !is_known; j++)
            is_known = selection_has_any(&one, &config->backups[j]);
        if (!is_known)
            return refuse_name(choice->names[i], config, error);
    }
    return STATUS_OK;
}

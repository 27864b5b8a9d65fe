/* What the names on the command line choose: backups by name, and domains by name in every backup
 * that lists them. */
#include <mxpull/base/text.h>
#include <mxpull/pull/choice.h>

#include <stdio.h>

static bool names_domain(const char *name, const struct backup_config *backup, size_t domain)
{
    struct node node;
    struct error error;

    if (text_equal(name, backup->domain_texts[domain]))
        return true;
    return node_parse(&node, name, &error) == STATUS_OK &&
           node_equal(&node, &backup->domains[domain]);
}

bool choice_has(const struct choice *choice, const struct backup_config *backup, size_t domain)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (names_domain(choice->names[i], backup, domain))
            return true;
    }
    return choice_has_backup(choice, backup);
}

bool choice_has_backup(const struct choice *choice, const struct backup_config *backup)
{
    if (choice->count == 0)
        return true;
    for (size_t i = 0; i < choice->count; i++) {
        if (text_equal(choice->names[i], backup->name))
            return true;
    }
    return false;
}

static bool is_known(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        if (text_equal(name, backup->name))
            return true;
        for (size_t domain = 0; domain < backup->domain_count; domain++) {
            if (names_domain(name, backup, domain))
                return true;
        }
    }
    return false;
}

enum status choice_check(const struct choice *choice, const struct config *config,
                         struct error *error)
{
    for (size_t i = 0; i < choice->count; i++) {
        char shown[80];

        if (!is_known(config, choice->names[i]))
            return error_set(error, STATUS_SYNTAX, "\"%s\" is neither a backup nor a domain in %s",
                             text_printable_copy(shown, sizeof shown, choice->names[i]),
                             config->path);
    }
    return STATUS_OK;
}

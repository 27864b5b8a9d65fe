#ifndef MXPULL_SESSION_SELECTION_H
#define MXPULL_SESSION_SELECTION_H

#include <mxpull/config/config.h>

#include <stdbool.h>
#include <stddef.h>

/* What is to be asked, as names on the command line say it: backups by name, and domains by name in
 * every backup that lists them. Without names everything is chosen. Borrowed. */
struct selection {
    const char *const *names;
    size_t count;
};

/* Whether the names choose the whole backup. */
bool selection_has_backup(const struct selection *choice, const struct backup_config *backup);

/* Whether the names choose this domain (an index) of the backup. */
bool selection_has(const struct selection *choice, const struct backup_config *backup,
                   size_t domain);

/* Whether the names choose any domain of the backup, or all of it. */
bool selection_has_any(const struct selection *choice, const struct backup_config *backup);

/* The backup or domain of the configuration that a misspelt name may mean; NULL: none is near. */
const char *selection_closest(const struct config *config, const char *name);

/* STATUS_SYNTAX when a name is neither a backup nor a domain of one, with the one that may be meant. */
enum status selection_check(const struct selection *choice, const struct config *config,
                            struct error *error);

#endif

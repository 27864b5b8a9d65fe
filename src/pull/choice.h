#ifndef MXPULL_PULL_CHOICE_H
#define MXPULL_PULL_CHOICE_H

#include <mxpull/pull/round.h>

/* Whether the names choose the whole backup; without names everything is chosen. */
bool choice_has_backup(const struct round_options *options, const struct backup_config *backup);

/* Whether the names choose this domain (an index) of the backup; without names everything is
 * chosen. */
bool choice_has(const struct round_options *options, const struct backup_config *backup,
                size_t domain);

/* STATUS_SYNTAX when a name is neither a backup nor a domain of one. */
enum status choice_check(const struct round_options *options, struct error *error);

#endif

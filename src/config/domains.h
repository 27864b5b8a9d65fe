#ifndef MXPULL_CONFIG_DOMAINS_H
#define MXPULL_CONFIG_DOMAINS_H

#include "faults.h"
#include "raw.h"

#include <mxpull/config/config.h>

/* Fills the domains of a backup from the decoded values of its domains = { … }. False after a
 * fault: a name that cannot be asked for, or one that is there twice. */
bool domains_set(struct backup_config *backup, const struct raw_section *section,
                 const struct raw_assignment *assignment, struct faults *faults);

#endif

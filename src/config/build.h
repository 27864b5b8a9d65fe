#ifndef MXPULL_CONFIG_BUILD_H
#define MXPULL_CONFIG_BUILD_H

#include "faults.h"
#include "section.h"

#include <mxpull/config/config.h>

/* Makes a configuration of defaults, to be freed by config_free, and gives each section the struct that
 * it fills; each backup section becomes one of backups, in the same order. */
struct config *build_begin(struct sections *sections);

/* Completes it after reader_parse: what a backup takes over, and what follows from other options. */
void build_complete(struct config *config, struct sections *sections, struct faults *faults);

#endif

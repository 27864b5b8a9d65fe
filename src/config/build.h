#ifndef MXPULL_CONFIG_BUILD_H
#define MXPULL_CONFIG_BUILD_H

#include "faults.h"
#include "raw.h"

#include <mxpull/config/config.h>

/* Makes the configuration of the decoded file: every value judged, every default filled in. Each
 * backup section becomes one of backups, in the same order. Values with a fault leave the default
 * and are marked in raw as bad. To be freed by config_free. */
struct config *build_config(struct raw *raw, struct faults *faults);

#endif

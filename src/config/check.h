#ifndef MXPULL_CONFIG_CHECK_H
#define MXPULL_CONFIG_CHECK_H

#include "faults.h"
#include "section.h"

#include <mxpull/config/config.h>

/* Reports what is impossible or pointless in combination, although each value alone is good. Options
 * that have a fault of their own are left out of it. config was built from sections; where the file was
 * not read to its end, the last section may lack what the file has. */
void check_combinations(struct config *config, const struct sections *sections,
                        struct faults *faults);

#endif

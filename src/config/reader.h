#ifndef MXPULL_CONFIG_READER_H
#define MXPULL_CONFIG_READER_H

#include "faults.h"
#include "section.h"

#include <mxpull/config/config.h>

/* Lets libconfuse parse the text that outline_read has written: each value becomes a field of its
 * section's struct at once, or a fault that marks its setting as bad; backups get their titles. Not to be
 * called from two threads at once. False, with a fault, when libconfuse does not understand what the
 * outline did. */
bool reader_parse(const char *text, struct config *config, struct sections *sections,
                  struct faults *faults);

#endif

#ifndef MXPULL_CONFIG_OUTLINE_H
#define MXPULL_CONFIG_OUTLINE_H

#include "faults.h"
#include "section.h"

#include <mxpull/base/buffer.h>

/* Finds the sections and settings of a text without NULs; text is borrowed until the return. Adds to
 * sections, which is initialized, those that are known and well-formed, and writes them to target for
 * libconfuse: on their lines, without comments, each option a list. What is unknown, given twice or
 * misplaced, or would be passed over by libconfuse, is a fault, and reading goes on behind it; a syntax
 * error is a fault and ends the reading. */
void outline_read(const char *text, struct buffer *target, struct sections *sections,
                  struct faults *faults);

#endif

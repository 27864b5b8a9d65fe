#ifndef MXPULL_CONFIG_OUTLINE_H
#define MXPULL_CONFIG_OUTLINE_H

#include "faults.h"
#include "raw.h"

#include <stdbool.h>
#include <stddef.h>

/* Finds the sections and assignments of a text without NULs, which must live as long as raw is
 * used. Adds to raw, which is initialized, those that are known and well-formed, values not
 * decoded. What is unknown, given twice or misplaced is a fault, and reading goes on behind it; a
 * syntax error is a fault and ends the reading. False when it did not come to the end. */
bool outline_read(const char *text, size_t size, struct raw *raw, struct faults *faults);

#endif

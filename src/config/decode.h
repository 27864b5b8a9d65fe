#ifndef MXPULL_CONFIG_DECODE_H
#define MXPULL_CONFIG_DECODE_H

#include "faults.h"
#include "raw.h"

/* Gives each value and title of raw its text: quotes and escapes resolved, ${NAME} replaced. Not to
 * be called from two threads at once. False, with a fault, when libconfuse does not understand what
 * the outline did. */
bool decode_values(struct raw *raw, struct faults *faults);

#endif

#ifndef MXPULL_BASE_DURATION_H
#define MXPULL_BASE_DURATION_H

#include <mxpull/base/status.h>

#include <stdint.h>

/* A day is 24 hours here and a week 7 days. */
enum {
    DURATION_TEXT_SIZE = 32
};
#define DURATION_MAX_S (INT64_C(10) * 366 * 24 * 3600) /* ten years: more is a typing error */

/* Reads "90s", "4h", "1h30m", "2w": numbers with a unit each (s m h d w), from the largest unit to
 * the smallest; "0" needs no unit. STATUS_SYNTAX for anything else, STATUS_LIMIT for more than DURATION_MAX_S. */
enum status duration_parse(const char *text, int64_t *seconds);

/* Writes what duration_parse reads ("1h30m", "0s") into target, of DURATION_TEXT_SIZE. Returns
 * target. */
char *duration_format(char target[DURATION_TEXT_SIZE], int64_t seconds);

#endif

#ifndef MXPULL_SESSION_ADVICE_H
#define MXPULL_SESSION_ADVICE_H

#include <mxpull/session/result.h>

/* What the administrator can do about a result, in one short sentence without a full stop: chosen by
 * the outcome, by what failed, by the code, and by what is configured. "" where nothing is to be done.
 * Never NULL; the caller frees it. */
char *advice_new(const struct result *result);

#endif

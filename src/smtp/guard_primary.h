#ifndef MXPULL_SMTP_GUARD_PRIMARY_H
#define MXPULL_SMTP_GUARD_PRIMARY_H

#include "guard_session.h"

/* Takes the primary's bytes, up to where it is lost or the session is over. */
void guard_take_primary(struct guard *guard, const char *bytes, size_t size,
                        struct guard_output *output);

#endif

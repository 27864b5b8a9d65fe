#ifndef MXPULL_SMTP_GUARD_PROVIDER_H
#define MXPULL_SMTP_GUARD_PROVIDER_H

#include "guard_session.h"

/* Takes all the provider's bytes, or those up to the end of the session; what cannot be judged yet is kept. */
void guard_take_provider(struct guard *guard, const char *bytes, size_t size,
                         struct guard_output *output);

/* Goes on with the bytes that were kept, as far as that is possible now. */
void guard_take_waiting(struct guard *guard, struct guard_output *output);

#endif

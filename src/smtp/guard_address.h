#ifndef MXPULL_SMTP_GUARD_ADDRESS_H
#define MXPULL_SMTP_GUARD_ADDRESS_H

#include "guard_domain.h"

/* The reply to a forward-path that may not be passed (501, 550 or 553), or NULL: it is in one of the
 * domains, and no form of it makes a server look elsewhere than at the domain behind the @. */
const char *guard_address_judge(struct guard_part path, bool utf8,
                                const struct guard_domains *domains);

/* Sets marks[i] for each node that the domain of an address, which was judged well, is in. */
void guard_address_mark(const char *address, const struct guard_domains *domains, bool *marks);

#endif

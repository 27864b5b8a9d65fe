#ifndef MXSIM_RULE_H
#define MXSIM_RULE_H

#include "script.h"

/* Which of a section's rules answers a command. */

/* How often each rule has matched so far on a connection; NULL is right for a section without
 * rules. */
int64_t *rule_counts_new(const struct section *section);

/* The most specific rule for a command (verb of any case, argument without spaces around it) on the
 * server's Kth connection, or NULL. More specific, in this order: a certain command of the
 * connection (#N, then #N+), a certain connection, an argument, a verb that is not "*"; among
 * equals the later one. Counts the command. */
const struct rule *rule_find(const struct section *section, int64_t *counts, int64_t connection,
                             const char *verb, const char *argument);

/* What to wait for before a reply, or NULL. */
const struct delay *rule_delay(const struct section *section, int64_t connection, const char *verb);

bool range_has(const struct range *range, int64_t number);

#endif

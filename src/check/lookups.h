#ifndef MXPULL_SRC_CHECK_LOOKUPS_H
#define MXPULL_SRC_CHECK_LOOKUPS_H

#include <mxpull/net/resolver.h>

/* Questions of all parts to the DNS. Each is asked once in a check, however many parts ask it, and only so many at the
 * same time that a server is not flooded. */
struct lookups;

/* Both are borrowed for the life of the lookups. */
struct lookups *lookups_new(struct loop *loop, struct resolver *resolver);

/* Asks as resolver_ask does: answered is called once, in a turn of the loop. The answer stays until lookups_free. */
void lookups_ask(struct lookups *lookups, const char *name, enum dns_type type,
                 void (*answered)(void *context, const struct dns_answer *answer), void *context);

/* After resolver_free, whose questions end here. No answer comes any more. NULL is allowed. */
void lookups_free(struct lookups *lookups);

#endif

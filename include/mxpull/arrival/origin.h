#ifndef MXPULL_ARRIVAL_ORIGIN_H
#define MXPULL_ARRIVAL_ORIGIN_H

#include <mxpull/config/config.h>
#include <mxpull/net/resolver.h>

#include <stdbool.h>

/* Which addresses are a backup's: those of its arrives_from, those that its host has in the DNS, and those that were added.
 * A loopback address is the backup's only where arrives_from has it: through a tunnel on this machine everybody comes from there. */
struct origin;

/* Asks for the addresses of the host, which become known in later turns of the loop; resolver NULL, or a host that is an address:
 * asks nothing. The backup is borrowed. To be freed before the resolver. */
struct origin *origin_new(struct resolver *resolver, const struct backup_config *backup);

/* Adds an address that is known to be the backup's, as the one that answered. Anything else than an address is passed over. */
void origin_add(struct origin *origin, const char *address);

/* Whether arrives_from has that address, in any spelling. */
bool origin_is_named(const struct backup_config *backup, const char *address);

/* Whether an address, in any spelling ("2001:DB8:0::1", "::ffff:192.0.2.7", "IPv6:2001:db8::1"), is the backup's as far as is known
 * now. */
bool origin_has(const struct origin *origin, const char *address);

/* Whether the DNS has not answered yet. */
bool origin_is_asking(const struct origin *origin);

/* NULL is allowed. */
void origin_free(struct origin *origin);

#endif

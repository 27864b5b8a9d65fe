/* Which stamps are believed. A clock may have been far ahead for a while, or, on a machine whose clock
 * needs no battery because it has none, far behind: what was written down then must not outlive it. */
#include "internal.h"

int64_t stamp_now(const struct store *store)
{
    return store->now_ms != NULL ? store->now_ms() : clock_wall_ms();
}

int64_t stamp_first(const struct store *store)
{
    return stamp_now(store) >= STAMP_FLOOR_MS ? STAMP_FLOOR_MS : 1;
}

int64_t stamp_last(const struct store *store)
{
    return stamp_now(store) + STAMP_AHEAD_MS;
}

int64_t stamp_believed(const struct store *store, int64_t stamp_ms)
{
    return stamp_ms >= stamp_first(store) && stamp_ms <= stamp_last(store) ? stamp_ms : 0;
}

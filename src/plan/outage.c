/* Derives outages from looks at the primary. A long time without looks, while mxpull was off or the
 * machine slept, counts as an outage: mail of that time waits at the backups. */
#include <mxpull/plan/plan.h>

static void enter(struct outage *outage, enum outage_state state, int64_t since_ms)
{
    outage->state = state;
    outage->since_ms = since_ms;
    outage->unwatched_ms = 0;
}

void outage_init(struct outage *outage, int64_t watch_s, const struct outage_past *past,
                 struct instant now)
{
    int64_t patience_ms = (past->has_ended ? 1 : 2) * watch_s * 1000;

    *outage = (struct outage){.watch_ms = watch_s * 1000,
                              .next_look_ms = now.monotonic_ms,
                              .ticked_ms = now.monotonic_ms};
    if (past->outage_ms != 0) {
        enter(outage, OUTAGE_DOWN, schedule_earlier(past->outage_ms, now.wall_ms));
        return;
    }
    enter(outage, OUTAGE_UNKNOWN, now.wall_ms);
    if (past->alive_ms != 0 && now.wall_ms - past->alive_ms > patience_ms)
        outage->unwatched_ms = past->alive_ms;
}

enum outage_event outage_looked(struct outage *outage, bool ready, struct instant now,
                                int64_t *began_ms)
{
    int64_t since_ms = outage->since_ms;
    int64_t unwatched_ms = outage->unwatched_ms;

    outage->looked_ms = now.wall_ms;
    outage->next_look_ms = now.monotonic_ms + outage->watch_ms;
    if (!ready) {
        if (outage->state == OUTAGE_DOWN)
            return OUTAGE_NOTHING;
        enter(outage, OUTAGE_DOWN, unwatched_ms != 0 ? unwatched_ms : now.wall_ms);
        *began_ms = outage->since_ms;
        return OUTAGE_BEGAN;
    }
    switch (outage->state) {
    case OUTAGE_UP: return OUTAGE_NOTHING;
    case OUTAGE_DOWN: break;
    case OUTAGE_UNKNOWN: since_ms = unwatched_ms; break;
    }
    enter(outage, OUTAGE_UP, now.wall_ms);
    if (since_ms == 0)
        return OUTAGE_NOTHING;
    *began_ms = since_ms;
    return OUTAGE_ENDED;
}

/* Moves a stamp of the future with the clock that was set back. */
static int64_t put_right(int64_t stamp_ms, int64_t ahead_ms, int64_t now_ms)
{
    return stamp_ms <= now_ms ? stamp_ms : schedule_earlier(stamp_ms + ahead_ms, now_ms);
}

int64_t outage_tick(struct outage *outage, int64_t ahead_ms, int64_t due_ms, struct instant now)
{
    enum {
        BUSY_MS = 2000
    };
    int64_t late_ms = due_ms < now.monotonic_ms ? now.monotonic_ms - due_ms : 0;
    bool is_stopped = late_ms > BUSY_MS && late_ms > outage->watch_ms / 4;
    int64_t stopped_ms = is_stopped ? now.monotonic_ms - outage->ticked_ms : 0;
    int64_t gone_ms = (ahead_ms > 0 ? ahead_ms : 0) + stopped_ms;

    outage->ticked_ms = now.monotonic_ms;
    if (ahead_ms < 0) {
        outage->since_ms = put_right(outage->since_ms, ahead_ms, now.wall_ms);
        outage->unwatched_ms = put_right(outage->unwatched_ms, ahead_ms, now.wall_ms);
        outage->looked_ms = put_right(outage->looked_ms, ahead_ms, now.wall_ms);
    }
    if (gone_ms <= outage->watch_ms)
        return stopped_ms;
    if (outage->state != OUTAGE_DOWN) {
        int64_t unwatched_ms = outage->unwatched_ms;

        enter(outage, OUTAGE_UNKNOWN, now.wall_ms);
        outage->unwatched_ms = unwatched_ms != 0 ? unwatched_ms : now.wall_ms - gone_ms;
    }
    outage->next_look_ms = now.monotonic_ms;
    return stopped_ms;
}

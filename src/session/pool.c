/* The polls that are under way, and the rules of how many there may be. */
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/socket.h>
#include <mxpull/session/pool.h>

#include <stdlib.h>
#include <string.h>

struct member {
    struct poll *poll; /* borrowed */
    bool running;
};

/* Commands that bring passwords. */
enum {
    COMMANDS_AT_ONCE = 8
};

struct pool {
    const struct polling *polling; /* borrowed */
    struct member *members;        /* in the order in which they came */
    size_t count, capacity;
    size_t at_once; /* sessions that there may be at the same time */
    size_t running, turning;
    struct timer timer; /* set when there may be something to begin */
};

/* Each session takes a socket, and a second one while IPv6 and IPv4 race or when its mail goes on
 * to the primary. */
static size_t sessions_at_once(const struct config *config, size_t most)
{
    enum {
        SOCKETS_EACH = 2,
        FILES_BESIDE = 64
    };
    size_t wanted = (size_t)config->concurrency;

    if (wanted > most)
        wanted = most;
    size_t files = socket_raise_limit(wanted * SOCKETS_EACH + FILES_BESIDE);
    size_t possible =
        files > FILES_BESIDE + SOCKETS_EACH ? (files - FILES_BESIDE) / SOCKETS_EACH : 1;
    if (possible >= wanted)
        return wanted;
    log_message(
        LEVEL_WARNING,
        "only %zu sessions at once, for the system allows no more than %zu open files (ulimit -n)",
        possible, files);
    return possible;
}

static void advance(void *context);

struct pool *pool_new(const struct polling *polling, size_t most)
{
    struct pool *pool = memory_new(1, sizeof *pool);

    pool->polling = polling;
    pool->timer = (struct timer){.due = advance, .context = pool};
    pool->at_once = sessions_at_once(polling->config, most);
    return pool;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    timer_set(pool->polling->loop, &pool->timer, INT64_MAX);
    free(pool->members);
    free(pool);
}

/* There is a poll to begin, or one is over, which makes room for others and may be taken. */
static void stir(void *context)
{
    struct pool *pool = context;

    timer_set(pool->polling->loop, &pool->timer, 0);
}

void pool_add(struct pool *pool, struct poll *poll)
{
    if (pool->count == pool->capacity) {
        pool->capacity = pool->capacity > 0 ? 2 * pool->capacity : 16;
        pool->members = memory_resize(pool->members, pool->capacity, sizeof *pool->members);
    }
    pool->members[pool->count++] = (struct member){.poll = poll};
    poll_watch(poll, stir, pool);
    stir(pool);
}

static size_t count_fetching(const struct pool *pool)
{
    size_t count = 0;

    for (size_t i = 0; i < pool->count; i++)
        count += poll_is_fetching(pool->members[i].poll) ? 1 : 0;
    return count;
}

/* Whether there is room for one more session of this kind. */
static bool has_room(const struct pool *pool, const struct poll *poll, size_t fetching)
{
    const struct config *config = pool->polling->config;

    return pool->running < pool->at_once &&
           (!poll_turns(poll) || pool->turning < (size_t)config->primary.relay_connections) &&
           (!poll_needs_command(poll) || fetching < COMMANDS_AT_ONCE);
}

static void begin(struct pool *pool, struct member *member)
{
    member->running = true;
    pool->running++;
    pool->turning += poll_turns(member->poll) ? 1 : 0;
    poll_begin(member->poll);
}

/* Where a provider waits for a place, those that have one get less time. */
static void hurry(struct pool *pool)
{
    size_t waiting = 0;

    for (size_t i = 0; i < pool->count; i++) {
        struct member *member = &pool->members[i];

        waiting += !member->running && poll_turns(member->poll) ? 1 : 0;
    }
    for (size_t i = 0; i < pool->count && waiting > 0; i++) {
        if (pool->members[i].running)
            poll_hurry(pool->members[i].poll);
    }
}

/* Begins the polls for which there is room now. */
static void advance(void *context)
{
    struct pool *pool = context;
    size_t fetching = count_fetching(pool);

    for (size_t i = 0; i < pool->count; i++) {
        struct member *member = &pool->members[i];

        if (member->running || poll_is_over(member->poll) || /* stopped before it began */
            !has_room(pool, member->poll, fetching))
            continue;
        begin(pool, member);
        fetching += poll_is_fetching(member->poll) ? 1 : 0;
    }
    hurry(pool);
}

static struct poll *remove_member(struct pool *pool, size_t index)
{
    const struct member member = pool->members[index];

    if (member.running) {
        pool->running--;
        pool->turning -= poll_turns(member.poll) ? 1 : 0;
        stir(pool);
    }
    pool->count--;
    memmove(&pool->members[index], &pool->members[index + 1],
            (pool->count - index) * sizeof *pool->members);
    poll_watch(member.poll, NULL, NULL);
    return member.poll;
}

struct poll *pool_take(struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++) {
        if (!poll_is_over(pool->members[i].poll))
            continue;
        struct poll *poll = remove_member(pool, i);

        poll_conclude(poll);
        return poll;
    }
    return NULL;
}

struct poll *pool_drop(struct pool *pool)
{
    return pool->count > 0 ? remove_member(pool, pool->count - 1) : NULL;
}

size_t pool_count(const struct pool *pool)
{
    return pool->count;
}

const struct poll *pool_get(const struct pool *pool, size_t index)
{
    return pool->members[index].poll;
}

void pool_stop(struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        poll_stop(pool->members[i].poll);
}

/* The polls that are under way, and the rules of how many there may be. */
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/socket.h>
#include <mxpull/session/pool.h>

#include <stdlib.h>
#include <string.h>

/* Each session takes a socket, and a second one while IPv6 and IPv4 race or when its mail goes on
 * to the primary. */
size_t pool_sessions_at_once(const struct config *config, size_t most)
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
    pool->polls = memory_new(most, sizeof(struct poll *));
    pool->timer = (struct timer){.due = advance, .context = pool};
    pool->at_once = pool_sessions_at_once(polling->config, most);
    return pool;
}

void pool_free(struct pool *pool)
{
    if (pool == NULL)
        return;
    timer_set(pool->polling->loop, &pool->timer, INT64_MAX);
    free(pool->polls);
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
    pool->polls[pool->count++] = poll;
    poll->ended = stir;
    poll->context = pool;
    stir(pool);
}

/* What is under way, and waits for its turn. */
struct load {
    size_t running, turning, fetching;
    size_t waiting_to_turn;
};

static void count_poll(struct load *load, const struct poll *poll)
{
    bool turns = poll_turns(poll);

    load->running += poll->begun ? 1 : 0;
    load->turning += poll->begun && turns ? 1 : 0;
    load->fetching += poll->fetching != NULL ? 1 : 0;
    load->waiting_to_turn += !poll->begun && turns ? 1 : 0;
}

/* Whether there is room for one more session of this kind. */
static bool has_room(const struct pool *pool, const struct poll *poll, const struct load *load)
{
    const struct config *config = pool->polling->config;

    return load->running < pool->at_once &&
           (!poll_turns(poll) || load->turning < (size_t)config->primary.relay_connections) &&
           (!poll_needs_command(poll) || load->fetching < POOL_COMMANDS_AT_ONCE);
}

/* Begins the polls for which there is room now. Where a provider waits for a place, those that have one
 * get less time. */
static void advance(void *context)
{
    struct pool *pool = context;
    struct load load = {0};

    for (size_t i = 0; i < pool->count; i++)
        count_poll(&load, pool->polls[i]);
    for (size_t i = 0; i < pool->count; i++) {
        struct poll *poll = pool->polls[i];

        if (poll->begun || poll->over || /* stopped before it began */
            !has_room(pool, poll, &load))
            continue;
        load.waiting_to_turn -= poll_turns(poll) ? 1 : 0;
        poll_begin(poll);
        count_poll(&load, poll);
    }
    for (size_t i = 0; i < pool->count && load.waiting_to_turn > 0; i++)
        poll_hurry(pool->polls[i]);
}

struct poll *pool_take(struct pool *pool)
{
    size_t i = 0;

    while (i < pool->count && !pool->polls[i]->over)
        i++;
    if (i == pool->count)
        return NULL;
    struct poll *poll = pool->polls[i];
    pool->count--;
    memmove(&pool->polls[i], &pool->polls[i + 1], (pool->count - i) * sizeof(struct poll *));
    poll->ended = NULL;
    poll_conclude(poll);
    if (poll->begun)
        stir(pool);
    return poll;
}

void pool_stop(struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        poll_stop(pool->polls[i]);
}

/* The evidence. Messages of the log wait until the addresses of every watched backup are known; then each watch counts
 * those of its backup. Connections are looked at every few milliseconds first, then less often, and kept, as long as one of
 * a watch's time may matter. */
#include <mxpull/arrival/arrivals.h>

#include <mxpull/arrival/log_tail.h>
#include <mxpull/arrival/origin.h>
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/host.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LOOK_FIRST_MS = 20, /* between two looks behind an answer; most mail comes soon, and fast */
    LOOK_PART = 50,     /* and this part of the time since then, later */
    LOOK_MS = 1000,     /* at most; */
    LOOK_REST = 20,     /* but so many times the CPU time that the look took, */
    LOOK_REST_MS = 60 * 1000, /* at most */
    MESSAGES_MAX =
        1024,        /* that wait for the addresses of a backup: more are judged by those known */
    PEERS_MAX = 1024 /* connections remembered: those beyond are seen only while they stand */
};

struct message {
    struct arrival arrival;
    int64_t at_ms, now_ms; /* wall clock, monotonic */
};

/* A connection from a backup. Times are monotonic. */
struct peer {
    struct host_peer connection;
    int64_t
        began_ms; /* when it was seen first; 0: it had ended by then, and nobody had looked before */
    int64_t open_ms; /* when it was seen standing last; 0: never */
    bool is_there;   /* in the last look */
};

struct sighting {
    const struct backup_config *backup; /* borrowed; NULL: it is not watched */
    struct origin *origin;
    int64_t began_ms; /* monotonic */
    bool has_looked;  /* at connections, since then */
    size_t next;      /* of the messages: what was not judged yet */
    struct arrival_sight sight;
};

struct arrivals {
    struct arrivals_options options;
    struct arrival_means means;
    struct resolver
        *resolver; /* while something is watched, as what follows; NULL: it cannot be used */
    struct log_tail *tail;
    char lost[ERROR_TEXT_SIZE]; /* why it was lost last; "": never */
    struct sighting *sightings; /* one for each backup of the configuration */
    size_t count;               /* of those watched */
    struct message *messages;
    size_t message_count;
    struct peer *peers;
    size_t peer_count;
    bool has_dropped;    /* connections for which there was no room */
    int64_t looked_ms;   /* monotonic, as what follows */
    int64_t answered_ms; /* when a backup was begun to be watched, or has answered */
    struct timer look;
};

static struct sighting *find(const struct arrivals *arrivals, const struct backup_config *backup)
{
    return &arrivals->sightings[backup - arrivals->options.config->backups];
}

/* The next one that is watched, from index on; NULL: there is no other. */
static struct sighting *next_watched(const struct arrivals *arrivals, size_t *index)
{
    while (*index < arrivals->options.config->backup_count) {
        struct sighting *sighting = &arrivals->sightings[(*index)++];

        if (sighting->backup != NULL)
            return sighting;
    }
    return NULL;
}

/* ---- the log ---- */

/* sendmail tells of a message before it is taken. */
static void take_back(struct arrival_sight *sight, const struct arrival *arrival)
{
    if (sight->messages == 0)
        return;
    if (sight->bytes >= arrival->bytes && arrival->bytes >= 0)
        sight->bytes -= arrival->bytes;
    if (--sight->messages == 0)
        sight->first_ms = sight->last_ms = 0;
}

static void count_message(struct arrival_sight *sight, const struct message *message)
{
    const struct arrival *arrival = &message->arrival;

    (void)text_copy(sight->address, sizeof sight->address, arrival->address);
    sight->moved_ms = message->now_ms;
    if (arrival->is_refused) {
        (void)text_copy_cut(sight->refusal, sizeof sight->refusal, arrival->text);
        if (arrival->was_taken)
            take_back(sight, arrival);
        return;
    }
    if (sight->messages++ == 0)
        sight->first_ms = message->at_ms;
    sight->last_ms = message->at_ms;
    sight->bytes = arrival->bytes < 0 || sight->bytes < 0 ? -1 : sight->bytes + arrival->bytes;
}

/* Judges the messages whose backup can be told. */
static void judge_messages(struct arrivals *arrivals)
{
    const struct arrivals_options *options = &arrivals->options;
    bool is_full = arrivals->message_count == MESSAGES_MAX, is_done = true;
    struct sighting *sighting;

    for (size_t i = 0; (sighting = next_watched(arrivals, &i)) != NULL;) {
        if (origin_is_asking(sighting->origin) && !is_full) {
            is_done = is_done && sighting->next == arrivals->message_count;
            continue;
        }
        while (sighting->next < arrivals->message_count) {
            const struct message *message = &arrivals->messages[sighting->next++];

            if (!origin_has(sighting->origin, message->arrival.address))
                continue;
            count_message(&sighting->sight, message);
            if (options->heard != NULL)
                options->heard(options->context, sighting->backup, &message->arrival,
                               message->at_ms);
        }
    }
    if (!is_done)
        return;
    free(arrivals->messages);
    arrivals->messages = NULL;
    arrivals->message_count = 0;
    for (size_t i = 0; (sighting = next_watched(arrivals, &i)) != NULL;)
        sighting->next = 0;
}

static void on_heard(void *context, const struct arrival *arrival, int64_t at_ms)
{
    struct arrivals *arrivals = context;
    const struct arrivals_options *options = &arrivals->options;

    if (options->heard != NULL)
        options->heard(options->context, NULL, arrival, at_ms);
    arrivals->messages =
        memory_more(arrivals->messages, arrivals->message_count, sizeof *arrivals->messages);
    arrivals->messages[arrivals->message_count++] =
        (struct message){.arrival = *arrival, .at_ms = at_ms, .now_ms = clock_monotonic_ms()};
    judge_messages(arrivals);
}

static void on_lost(void *context, const char *why)
{
    struct arrivals *arrivals = context;

    /* The log is opened anew for each poll: one that can never be followed is told once. */
    log_message(strcmp(arrivals->lost, why) == 0 ? LEVEL_DEBUG : LEVEL_WARNING,
                "the log of your mail server can be followed no more: %s", why);
    (void)text_copy_cut(arrivals->lost, sizeof arrivals->lost, why);
    arrivals->means.log[0] = '\0';
    (void)text_copy_cut(arrivals->means.no_log, sizeof arrivals->means.no_log, why);
}

static void on_found(void *context)
{
    struct arrivals *arrivals = context;

    arrivals->means.no_log[0] = '\0';
    (void)text_copy_cut(arrivals->means.log, sizeof arrivals->means.log,
                        log_tail_source(arrivals->tail));
}

static void open_log(struct arrivals *arrivals)
{
    const char *setting = arrivals->options.config->primary.mail_log;
    struct arrival_means *means = &arrivals->means;
    struct error error;

    *means = (struct arrival_means){0};
    if (strcmp(setting, "off") == 0) {
        (void)text_copy(means->no_log, sizeof means->no_log, "mail_log = off");
        return;
    }
    arrivals->tail = log_tail_open(&(struct log_tail_options){.loop = arrivals->options.loop,
                                                              .setting = setting,
                                                              .heard = on_heard,
                                                              .lost = on_lost,
                                                              .found = on_found,
                                                              .context = arrivals},
                                   &error);
    if (arrivals->tail != NULL && log_tail_is_there(arrivals->tail))
        on_found(arrivals);
    else
        (void)text_copy_cut(means->no_log, sizeof means->no_log, error.text);
}

/* ---- connections ---- */

static bool is_same(const struct host_peer *a, const struct host_peer *b)
{
    return a->port == b->port && strcmp(a->address, b->address) == 0;
}

/* Whether the connection is of a backup, or may be of one whose addresses are not known yet; *is_new: for the first look
 * of all of these. */
static bool is_wanted(const struct arrivals *arrivals, const struct host_peer *connection,
                      bool *is_new)
{
    const struct sighting *sighting;
    bool is_found = false;

    *is_new = true;
    for (size_t i = 0; (sighting = next_watched(arrivals, &i)) != NULL;) {
        if (!origin_is_asking(sighting->origin) &&
            !origin_has(sighting->origin, connection->address))
            continue;
        is_found = true;
        *is_new = *is_new && !sighting->has_looked;
    }
    return is_found;
}

/* The place of a connection not seen before: another's that is gone, where there is no more room. */
static struct peer *make_room(struct arrivals *arrivals)
{
    if (arrivals->peer_count < PEERS_MAX) {
        arrivals->peers =
            memory_more(arrivals->peers, arrivals->peer_count, sizeof *arrivals->peers);
        return &arrivals->peers[arrivals->peer_count++];
    }
    arrivals->has_dropped = true;
    for (size_t i = 0; i < arrivals->peer_count; i++) {
        if (!arrivals->peers[i].is_there)
            return &arrivals->peers[i];
    }
    return NULL;
}

/* The port of one that has ended may be used again. */
static void on_peer(void *context, const struct host_peer *connection)
{
    struct arrivals *arrivals = context;
    struct peer *peer = NULL;
    bool is_new;

    if (!is_wanted(arrivals, connection, &is_new))
        return;
    for (size_t i = 0; i < arrivals->peer_count && peer == NULL; i++) {
        struct peer *other = &arrivals->peers[i];

        if (is_same(&other->connection, connection) &&
            (connection->has_ended || !other->connection.has_ended))
            peer = other;
    }
    if (peer == NULL) {
        peer = make_room(arrivals);
        if (peer == NULL)
            return;
        *peer =
            (struct peer){.began_ms = connection->has_ended && is_new ? 0 : arrivals->looked_ms};
    }
    peer->connection = *connection;
    peer->is_there = true;
    if (!connection->has_ended)
        peer->open_ms = arrivals->looked_ms;
}

/* How long until the next look. A connection that is over leaves nothing here where its client has closed it. Looks take
 * little time as a whole, however many connections there are: on a busy machine a look may take long, but no more CPU time. */
static int64_t next_pause_ms(const struct arrivals *arrivals, clock_t took)
{
    const int64_t rest_ms = (int64_t)took * LOOK_REST * 1000 / CLOCKS_PER_SEC;
    int64_t pause_ms = (clock_monotonic_ms() - arrivals->answered_ms) / LOOK_PART;

    if (pause_ms < LOOK_FIRST_MS)
        pause_ms = LOOK_FIRST_MS;
    if (pause_ms > LOOK_MS)
        pause_ms = LOOK_MS;
    if (pause_ms < rest_ms)
        pause_ms = rest_ms;
    return pause_ms < LOOK_REST_MS ? pause_ms : LOOK_REST_MS;
}

static void look(void *context)
{
    struct arrivals *arrivals = context;
    struct arrival_means *means = &arrivals->means;
    struct sighting *sighting;
    struct error error;
    const clock_t began = clock();

    arrivals->looked_ms = clock_monotonic_ms();
    for (size_t i = 0; i < arrivals->peer_count; i++)
        arrivals->peers[i].is_there = false;
    if (host_peers(arrivals->options.config->primary.address.port, on_peer, arrivals, &error) ==
        STATUS_OK)
        means->no_connections[0] = '\0';
    else
        (void)text_copy_cut(means->no_connections, sizeof means->no_connections, error.text);
    for (size_t i = 0; (sighting = next_watched(arrivals, &i)) != NULL;)
        sighting->has_looked = true;
    judge_messages(arrivals);
    timer_set(arrivals->options.loop, &arrivals->look,
              arrivals->looked_ms + next_pause_ms(arrivals, clock() - began));
}

/* Connections may come from now on. */
static void look_soon(struct arrivals *arrivals)
{
    arrivals->answered_ms = clock_monotonic_ms();
    if (arrivals->means.no_connections[0] == '\0')
        timer_set(arrivals->options.loop, &arrivals->look, 0);
}

/* Whether the primary's name or address is plainly this machine's. */
static bool is_here(const char *host)
{
    char *name = host_full_name();
    size_t count;
    struct host_address *addresses = host_addresses(&count);
    bool is_ours =
        host_ip_is_loopback(host) || text_equal(host, "localhost") || text_equal(host, name);

    for (size_t i = 0; i < count && host_ip_version(host) != 0; i++)
        is_ours = is_ours || host_ip_is_in(host, addresses[i].text);
    free(addresses);
    free(name);
    return is_ours;
}

static void judge_place(struct arrivals *arrivals)
{
    const struct address *address = &arrivals->options.config->primary.address;
    struct arrival_means *means = &arrivals->means;

    if (address->host == NULL)
        (void)snprintf(means->no_connections, sizeof means->no_connections,
                       "mxpull reaches your mail server by a socket without a port");
    else if (!is_here(address->host))
        (void)snprintf(means->no_connections, sizeof means->no_connections,
                       "your mail server is on another machine (%.100s)", address->text);
}

/* One that had ended before the watch began does not count. */
static void count_connections(const struct arrivals *arrivals, const struct sighting *sighting,
                              struct arrival_sight *sight)
{
    int64_t wall_ms = clock_wall_ms() - clock_monotonic_ms();
    int64_t first_ms = INT64_MAX, last_ms = 0;

    for (size_t i = 0; i < arrivals->peer_count; i++) {
        const struct peer *peer = &arrivals->peers[i];
        int64_t seen_ms = peer->open_ms > peer->began_ms ? peer->open_ms : peer->began_ms;

        if (seen_ms < sighting->began_ms ||
            !origin_has(sighting->origin, peer->connection.address) ||
            loop_is_own(arrivals->options.loop, peer->connection.address, peer->connection.port))
            continue;
        sight->connections++;
        sight->open += peer->is_there && !peer->connection.has_ended;
        if (sight->address[0] == '\0')
            (void)text_copy(sight->address, sizeof sight->address, peer->connection.address);
        first_ms = peer->began_ms < first_ms ? peer->began_ms : first_ms;
        last_ms = seen_ms > last_ms ? seen_ms : last_ms;
    }
    sight->has_more = arrivals->has_dropped && sight->connections > 0;
    sight->moved_ms = last_ms > sight->moved_ms ? last_ms : sight->moved_ms;
    if (sight->connections == 0 || sight->messages > 0)
        return;
    sight->first_ms = (first_ms > sighting->began_ms ? first_ms : sighting->began_ms) + wall_ms;
    sight->last_ms = last_ms + wall_ms;
}

struct arrival_sight arrivals_sight(struct arrivals *arrivals, const struct backup_config *backup)
{
    judge_messages(arrivals);
    const struct sighting *sighting = find(arrivals, backup);
    struct arrival_sight sight = sighting->sight;

    if (sighting->backup == NULL)
        return (struct arrival_sight){.connections = -1};
    /* Those that wait for the DNS, as far as it is known whose they are. */
    for (size_t i = sighting->next; i < arrivals->message_count; i++) {
        if (origin_has(sighting->origin, arrivals->messages[i].arrival.address))
            count_message(&sight, &arrivals->messages[i]);
    }
    sight.sees_log = arrivals->means.log[0] != '\0';
    if (sight.sees_log && log_tail_is_behind(arrivals->tail))
        sight.moved_ms = clock_monotonic_ms(); /* there is no quiet before all is read */
    sight.sees_connections = arrivals->means.no_connections[0] == '\0';
    if (sight.sees_connections)
        count_connections(arrivals, sighting, &sight);
    else
        sight.connections = -1;
    return sight;
}

/* ---- watches ---- */

static void open_all(struct arrivals *arrivals)
{
    const struct arrivals_options *options = &arrivals->options;
    struct error error;

    arrivals->resolver = resolver_new(options->loop, options->config->dns_server, &error);
    open_log(arrivals);
    judge_place(arrivals);
}

static void close_all(struct arrivals *arrivals)
{
    timer_set(arrivals->options.loop, &arrivals->look, INT64_MAX);
    log_tail_close(arrivals->tail);
    resolver_free(arrivals->resolver);
    free(arrivals->messages);
    free(arrivals->peers);
    arrivals->tail = NULL;
    arrivals->resolver = NULL;
    arrivals->messages = NULL;
    arrivals->peers = NULL;
    arrivals->message_count = arrivals->peer_count = 0;
    arrivals->has_dropped = false;
}

void arrivals_watch(struct arrivals *arrivals, const struct backup_config *backup)
{
    struct sighting *sighting = find(arrivals, backup);
    struct origin *origin = sighting->origin;

    if (arrivals->count == 0)
        open_all(arrivals);
    if (origin == NULL) {
        origin = origin_new(arrivals->resolver, backup);
        arrivals->count++;
    }
    *sighting = (struct sighting){.backup = backup,
                                  .origin = origin,
                                  .began_ms = clock_monotonic_ms(),
                                  .next = arrivals->message_count};
    look_soon(arrivals);
}

void arrivals_leave(struct arrivals *arrivals, const struct backup_config *backup)
{
    struct sighting *sighting = find(arrivals, backup);

    if (sighting->backup == NULL)
        return;
    origin_free(sighting->origin);
    *sighting = (struct sighting){0};
    if (--arrivals->count == 0)
        close_all(arrivals);
}

void arrivals_add_address(struct arrivals *arrivals, const struct backup_config *backup,
                          const char *address)
{
    struct sighting *sighting = find(arrivals, backup);

    if (sighting->backup == NULL)
        return;
    origin_add(sighting->origin, address);
    look_soon(arrivals);
}

bool arrivals_knows(const struct arrivals *arrivals, const struct backup_config *backup,
                    const char *address)
{
    const struct sighting *sighting = find(arrivals, backup);

    return sighting->backup != NULL && origin_has(sighting->origin, address);
}

const struct arrival_means *arrivals_means(const struct arrivals *arrivals)
{
    return &arrivals->means;
}

struct arrivals *arrivals_new(const struct arrivals_options *options)
{
    struct arrivals *arrivals = memory_new(1, sizeof *arrivals);

    arrivals->options = *options;
    arrivals->sightings = memory_new(options->config->backup_count, sizeof *arrivals->sightings);
    arrivals->look = (struct timer){.due = look, .context = arrivals};
    return arrivals;
}

void arrivals_free(struct arrivals *arrivals)
{
    if (arrivals == NULL)
        return;
    for (size_t i = 0; i < arrivals->options.config->backup_count; i++)
        arrivals_leave(arrivals, &arrivals->options.config->backups[i]);
    timer_set(arrivals->options.loop, &arrivals->look, INT64_MAX);
    free(arrivals->sightings);
    free(arrivals);
}

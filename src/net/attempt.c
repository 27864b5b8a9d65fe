/* The attempts of one connection. A host may have several addresses, and libcurl goes on to the next one
 * only where TCP fails. What is wrong with one machine (its greeting is a refusal, it closes, speaks no
 * SMTP or stays silent) leads to another attempt here, in which the addresses that were used are left
 * out; beside a silent one, which is waited for all the same, and whichever greets first is kept. A
 * mechanism of AUTH that is refused leads to another attempt without it.
 *
 * The first attempt is the connection that the owner knows, and leads the others. They are linked in
 * the loop like any connection, and tell the owner's events themselves. */
#include "internal.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>
#include <string.h>

enum {
    SILENT_PARTS =
        4 /* of connect_timeout: so long the next address is not tried beside a silent one */
};

static bool is_living(const struct connection *connection)
{
    return connection->phase != PHASE_ENDED;
}

static bool has_living(const struct connection *leader)
{
    for (const struct connection *other = leader->loop->connections; other != NULL;
         other = other->next) {
        if (other->leader == leader && is_living(other))
            return true;
    }
    return false;
}

void attempt_lead(struct connection *connection)
{
    connection->leader = connection->acting = connection;
    connection->attempts = 1;
    connection->limit_ms = connection->opened_ms + connection->connect_timeout_ms;
    connection->look_ms = connection->opened_ms + connection->connect_timeout_ms / SILENT_PARTS;
}

bool attempt_has_used(const struct connection *connection, const char *address)
{
    const struct connection *leader = connection->leader;

    for (size_t i = 0; i < leader->used_count; i++) {
        if (strcmp(leader->used[i], address) == 0)
            return true;
    }
    return false;
}

bool attempt_is_beaten(const struct connection *connection)
{
    const struct connection *leader = connection->leader;

    return is_living(connection) && leader->chosen && leader->acting != connection;
}

void attempt_greeted(struct connection *connection)
{
    struct connection *leader = connection->leader;

    if (!leader->chosen)
        leader->acting = connection;
    leader->chosen = true;
}

void attempt_end(struct connection *connection)
{
    connection->phase = PHASE_ENDED;
    (void)curl_multi_remove_handle(connection->loop->multi, connection->easy);
}

/* Begins another attempt, within what is left of connect_timeout. */
static bool begin_another(struct connection *leader)
{
    int64_t left_ms = leader->limit_ms - clock_monotonic_ms();

    if (left_ms <= 0 || leader->attempts == ATTEMPTS_MAX)
        return false;
    struct connection *attempt = connection_new(leader->loop, leader->events, leader->context);
    attempt->leader = leader;
    attempt->show_wire = leader->show_wire;
    attempt->implicit = leader->implicit;
    attempt->https_proxy = leader->https_proxy;
    attempt->proxied = leader->proxied;
    attempt->user_given = leader->user_given;
    attempt->tls_demanded = leader->tls_demanded;
    attempt->connect_timeout_ms = left_ms;
    attempt->reply_timeout_ms = leader->reply_timeout_ms;
    attempt->deadline_ms = leader->limit_ms;
    attempt->look_ms = attempt->opened_ms + leader->connect_timeout_ms / SILENT_PARTS;
    (void)text_copy(attempt->place, PLACE_SIZE, leader->place);
    leader->attempts++;
    return connection_begin(attempt, setup_again(attempt, leader)) != NULL;
}

/* Tries the addresses that the attempts before have not used. */
static bool try_next_address(struct connection *connection)
{
    struct connection *leader = connection->leader;

    if (leader->is_single || leader->used_count == ATTEMPTS_MAX)
        return false;
    if (!attempt_has_used(leader, connection->address))
        (void)text_copy(leader->used[leader->used_count++], ADDRESS_SIZE, connection->address);
    return begin_another(leader);
}

void attempt_look(struct connection *connection)
{
    int64_t since_ms;

    connection->look_ms = INT64_MAX;
    if (connection->heard.replies > 0)
        return;
    if (!connection_has_tcp(connection, &since_ms)) {
        connection->look_ms =
            clock_monotonic_ms() + connection->leader->connect_timeout_ms / SILENT_PARTS;
        return;
    }
    address_note(connection);
    (void)try_next_address(connection);
}

int64_t attempt_greeting_limit_ms(const struct connection *connection)
{
    const struct connection *leader = connection->leader;

    return connection == leader || is_living(leader) ? INT64_MAX : leader->limit_ms;
}

/* Whether what has failed may be the one machine's fault. */
static bool is_about_machine(const struct connection *connection)
{
    switch (connection->facts.stage) {
    case STAGE_GREETING: return true;
    case STAGE_TLS:
    case STAGE_CERTIFICATE:
    case STAGE_PINNED_KEY: return connection->heard.replies == 0;
    case STAGE_EHLO:
        return connection->code / 100 == 4 ||
               (connection->code == 0 && connection->error.status == STATUS_UNREACHABLE);
    case STAGE_NONE:
    case STAGE_LOOKUP:
    case STAGE_CONNECT:
    case STAGE_STARTTLS:
    case STAGE_AUTH:
    case STAGE_COMMAND:
    case STAGE_RECIPIENT: return false;
    }
    return false;
}

/* How much a failure tells: the further it came the more, and a refusal for now before one for good. */
static int weight_of(const struct connection *connection)
{
    return (int)connection->facts.stage * 4 + (connection->code / 100 == 4 ? 2 : 0) +
           (connection->code != 0 ? 1 : 0);
}

/* The one whose failure is told; of equals the last one. */
static struct connection *weightiest(struct connection *last)
{
    struct connection *best = last;

    for (struct connection *other = last->loop->connections; other != NULL; other = other->next) {
        if (other->leader == last->leader && weight_of(other) > weight_of(best))
            best = other;
    }
    return best;
}

/* A mechanism was refused, and not what we are (535) or that we are in clear (530): the server may take
 * another one that it offers. */
static bool try_next_mechanism(struct connection *connection)
{
    struct connection *leader = connection->leader;
    const struct heard *heard = &connection->heard;
    size_t used = strlen(leader->refusals);

    if (connection->facts.stage != STAGE_AUTH || connection->code == 0 || heard->mechanism == 0)
        return false;
    (void)snprintf(leader->refusals + used, sizeof leader->refusals - used, "%s%s: %s",
                   used > 0 ? ", " : "", ehlo_mechanism_name(heard->mechanism), heard->text);
    leader->tried |= heard->mechanism;
    if (!leader->any_mechanism || (heard->ehlo.mechanisms & ~leader->tried) == 0 ||
        connection->code / 100 != 5 || connection->code == 530 || connection->code == 535)
        return false;
    leader->limit_ms = clock_monotonic_ms() + leader->connect_timeout_ms;
    return begin_another(leader);
}

/* Tells the owner. What AUTH has tried is named. */
static void tell(struct connection *last)
{
    struct connection *leader = last->leader, *failed = weightiest(last);
    const char *name = ehlo_mechanism_name(failed->heard.mechanism);
    bool is_only = (leader->tried & (leader->tried - 1)) == 0;

    if (failed->facts.stage == STAGE_AUTH && !is_only)
        (void)error_set(&failed->error, failed->error.status, "%s", leader->refusals);
    else if (failed->facts.stage == STAGE_AUTH && failed->code != 0 && name[0] != '\0')
        (void)snprintf(failed->error.text + strlen(failed->error.text),
                       sizeof failed->error.text - strlen(failed->error.text), " (AUTH %s)", name);
    leader->acting = failed;
    leader->events->failed(leader->context, failed->code, &failed->error);
}

void attempt_failed(struct connection *connection, int code, const struct error *error)
{
    struct connection *leader = connection->leader;
    bool was_beaten = attempt_is_beaten(connection);

    attempt_end(connection);
    connection->code = code;
    connection->error = *error;
    if (was_beaten)
        return;
    leader->chosen = false;
    if (connection != leader && connection->opened == 0)
        leader->is_single = true; /* there was no other address */
    if (is_about_machine(connection))
        (void)try_next_address(connection);
    else
        (void)try_next_mechanism(connection);
    if (!has_living(leader))
        tell(connection);
}

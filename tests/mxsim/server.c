/* Listeners: who listens where, and what becomes of a new connection. */
#include "server.h"
#include "journal.h"
#include "session.h"

#include <mxpull/base/memory.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ACCEPTS_AT_ONCE = 64,
    REST_US = 100 * 1000
};

static void stop_listening(struct server *server)
{
    if (server->watch.socket == SOCKET_NONE)
        return;
    (void)loop_watch(server->loop, &server->watch, 0);
    socket_close(server->watch.socket);
    server->watch.socket = SOCKET_NONE;
}

static void rested(void *owner)
{
    struct server *server = owner;

    if (server->watch.socket != SOCKET_NONE)
        (void)loop_watch(server->loop, &server->watch, POLLER_READ);
}

static void accept_some(void *owner, unsigned events)
{
    struct server *server = owner;

    (void)events;
    for (int i = 0; i < ACCEPTS_AT_ONCE && server->watch.socket != SOCKET_NONE; i++) {
        struct socket_address peer;
        intptr_t socket = socket_accept(server->watch.socket, &peer);
        if (socket == SOCKET_EXHAUSTED) {
            journal_event(server->name, "no descriptor is left for a connection");
            (void)loop_watch(server->loop, &server->watch, 0);
            loop_start(server->loop, &server->rest, REST_US);
        }
        if (socket == SOCKET_NONE || socket == SOCKET_EXHAUSTED)
            return;
        server->connections++;
        if (server->connections == server->section->refuse_after)
            stop_listening(server);
        session_begin(server, socket, &peer);
    }
}

static char *name_of(const struct section *section, int64_t number)
{
    char name[200];

    if (section->repeat == 0)
        return memory_copy(section->name);
    (void)snprintf(name, sizeof name, "%s%lld", section->name, (long long)number);
    return memory_copy(name);
}

static enum status listen_at(struct server *server, struct error *error)
{
    char text[SOCKET_ADDRESS_TEXT];

    server->watch.socket = socket_listen(&server->address, error);
    if (server->watch.socket == SOCKET_NONE)
        return error_prefix(error, "%s: cannot listen at %s", server->name,
                            socket_address_format(&server->address, text));
    if (loop_watch(server->loop, &server->watch, POLLER_READ))
        return STATUS_OK;
    return error_set(error, STATUS_SYSTEM, "%s: cannot be watched", server->name);
}

/* Opens a section's servers at consecutive addresses. */
static enum status open_section(struct servers *servers, const struct section *section,
                                struct loop *loop, struct error *error)
{
    struct socket_address address = section->address;
    int64_t number = 1;

    do {
        struct server *server = &servers->list[servers->count++];
        *server = (struct server){
            .section = section, .loop = loop, .name = name_of(section, number), .address = address};
        server->watch =
            (struct watch){.socket = SOCKET_NONE, .ready = accept_some, .owner = server};
        server->rest = (struct timer){.fired = rested, .owner = server};
        enum status status = listen_at(server, error);
        if (status != STATUS_OK)
            return status;
    } while (++number <= section->repeat && socket_address_next(&address));
    return STATUS_OK;
}

/* Where a section delivers to: an address, or the server of a name. */
static bool find_target(const struct servers *servers, const char *target,
                        struct socket_address *address)
{
    for (size_t i = 0; i < servers->count; i++) {
        if (strcmp(servers->list[i].name, target) == 0) {
            *address = servers->list[i].address;
            return true;
        }
    }
    return socket_address_parse(target, address);
}

static enum status find_own_target(const struct servers *servers, struct server *server,
                                   struct error *error)
{
    const char *target = server->section->deliver_to;

    if (target == NULL || find_target(servers, target, &server->deliver_to))
        return STATUS_OK;
    return error_set(error, STATUS_SYNTAX, "%s: deliver: %s is no address and no server",
                     server->name, target);
}

enum status servers_open(struct servers *servers, const struct script *script, struct loop *loop,
                         struct error *error)
{
    enum status status = STATUS_OK;
    size_t count = 0;

    for (size_t i = 0; i < script->count; i++)
        count += script->sections[i].repeat > 0 ? (size_t)script->sections[i].repeat : 1;
    *servers = (struct servers){.list = memory_new(count, sizeof *servers->list)};
    for (size_t i = 0; i < script->count && status == STATUS_OK; i++) {
        status = open_section(servers, &script->sections[i], loop, error);
        if (status != STATUS_OK)
            (void)error_prefix(error, "%s:%d", script->path, script->sections[i].line);
    }
    for (size_t i = 0; i < servers->count && status == STATUS_OK; i++) {
        status = find_own_target(servers, &servers->list[i], error);
        if (status != STATUS_OK)
            (void)error_prefix(error, "%s:%d", script->path, servers->list[i].section->line);
    }
    if (status != STATUS_OK)
        servers_close(servers);
    return status;
}

void servers_close(struct servers *servers)
{
    for (size_t i = 0; i < servers->count; i++) {
        stop_listening(&servers->list[i]);
        loop_cancel(servers->list[i].loop, &servers->list[i].rest);
        free(servers->list[i].name);
    }
    free(servers->list);
    *servers = (struct servers){0};
}

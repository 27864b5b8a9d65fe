/* A server that answers anything, and cuts anywhere: the probe ends, within its bounds, and knows
 * something about every domain. The first byte says how many domains there are, each other one
 * what the server does next; where they run out, it is ready. */
#include "fuzz.h"

#include <mxpull/smtp/probe.h>

#include <string.h>

enum {
    DOMAINS_MAX = 128,
    COMMANDS_MAX = 40000 /* more is a loop */
};

const char *const fuzz_seeds[] = {
    "\x08", "\x7f.....5555555555555555", "\x05...X...4.8.8.8", "@..e...X", "\x03..m", "\x02q",
    NULL};

struct server {
    const uint8_t *bytes;
    size_t size;
    size_t recipients, refusals; /* of this transaction, of this connection */
};

static void check_command(struct server *server, const char *command)
{
    size_t size = strlen(command);

    CHECK(size >= 6 && strchr(command, '\r') == command + size - 2 && command[size - 1] == '\n');
    CHECK(strncmp(command, "DATA", 4) != 0);
    if (strncmp(command, "MAIL", 4) == 0)
        server->recipients = 0;
    if (strncmp(command, "RCPT", 4) == 0) {
        CHECK(++server->recipients <= 50);
        CHECK(server->refusals < 8);
    }
}

static int code_of(uint8_t byte)
{
    switch (byte) {
    case 'q': return 421;
    case '8': return 452;
    case '4': return 450;
    case '5': return 550;
    case 'e': return 502;
    case '3': return 354;
    default: return 200 + (byte * 7) % 400;
    }
}

static enum probe_step serve(struct server *server, struct probe *probe, const char *command)
{
    int code = command[0] == '\0' ? 220 : 250;
    uint8_t byte = '.';

    if (server->size > 0) {
        byte = *server->bytes++;
        server->size--;
    }
    if (byte == 'X')
        return probe_cut(probe, "cut");
    if (byte != '.')
        code = code_of(byte);
    if (strncmp(command, "RCPT", 4) == 0 && code / 100 != 2 && code != 421)
        server->refusals++;
    return probe_reply(probe, code, "text");
}

static void run(struct server *server, struct probe *probe)
{
    enum probe_step step = PROBE_CONNECT;

    for (size_t commands = 0; step != PROBE_END; commands++) {
        CHECK(commands < COMMANDS_MAX);
        if (step == PROBE_CONNECT) {
            server->refusals = 0;
            step = serve(server, probe, "");
        } else if (step == PROBE_QUIT) {
            step = probe_parted(probe);
        } else {
            check_command(server, probe_command(probe));
            step = serve(server, probe, probe_command(probe));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct node nodes[DOMAINS_MAX];
    size_t count = size > 0 ? bytes[0] % DOMAINS_MAX : 0;
    struct server server = {.bytes = bytes + (size > 0 ? 1 : 0), .size = size > 0 ? size - 1 : 0};

    for (size_t i = 0; i < count; i++) {
        nodes[i].form = NODE_DOMAIN;
        (void)snprintf(nodes[i].name, sizeof nodes[i].name, "d%zu.test", i);
    }
    struct probe *probe = probe_new("host.test", nodes, count);
    run(&server, probe);
    for (size_t i = 0; i < count; i++)
        CHECK(probe_refusal(probe, i) == NULL || probe_why(probe) == NULL);
    probe_free(probe);
    return 0;
}

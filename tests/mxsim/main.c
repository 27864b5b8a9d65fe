/* mxsim: scripted mail servers, thousands of them in one process, to test a mail program against.
 * README.md is its manual. */
#include "journal.h"
#include "loop.h"
#include "script.h"
#include "server.h"
#include "system.h"

#include <stdio.h>
#include <string.h>

enum {
    EXIT_OK = 0,
    EXIT_USAGE = 64,
    EXIT_SYSTEM = 71
};

struct options {
    const char *log, *pid_file, *script;
    bool until_eof;
};

static bool read_options(int count, char **words, struct options *options)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--until-eof") == 0)
            options->until_eof = true;
        else if (strcmp(words[i], "--log") == 0 && i + 1 < count)
            options->log = words[++i];
        else if (strcmp(words[i], "--pid-file") == 0 && i + 1 < count)
            options->pid_file = words[++i];
        else if (options->script == NULL && (words[i][0] != '-' || words[i][1] == '\0'))
            options->script = words[i];
        else
            return false;
    }
    return options->script != NULL;
}

static bool write_pid(const char *path)
{
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return false;
    (void)fprintf(file, "%ld\n", system_process_id());
    return fclose(file) == 0;
}

static void announce(const struct servers *servers)
{
    char text[SOCKET_ADDRESS_TEXT];

    for (size_t i = 0; i < servers->count; i++)
        (void)printf("%s %s\n", servers->list[i].name,
                     socket_address_format(&servers->list[i].address, text));
    (void)puts("ready");
    (void)fflush(stdout);
}

static void stop(void *loop, unsigned events)
{
    (void)events;
    loop_stop(loop);
}

static void stop_at_end(void *loop, unsigned events)
{
    (void)events;
    if (system_input_ended())
        loop_stop(loop);
}

/* Serves until a signal, or the end of standard input where that is wanted. */
static void serve(struct loop *loop, bool until_eof)
{
    struct watch signals = {.socket = system_stop_signals(), .ready = stop, .owner = loop};
    struct watch input = {.socket = system_input(), .ready = stop_at_end, .owner = loop};

    (void)loop_watch(loop, &signals, POLLER_READ);
    if (until_eof && !loop_watch(loop, &input, POLLER_READ))
        return; /* a plain file: its end has been reached, or will be at once */
    loop_run(loop);
}

static int complain(const struct error *error)
{
    (void)fprintf(stderr, "%s\n", error->text);
    return error->status == STATUS_SYSTEM ? EXIT_SYSTEM : EXIT_USAGE;
}

int main(int count, char **words)
{
    struct options options = {0};
    struct script script = {0};
    struct servers servers = {0};
    struct error error = {0};
    int status = EXIT_OK;

    if (!read_options(count, words, &options)) {
        (void)fputs("usage: mxsim [--log FILE] [--pid-file FILE] [--until-eof] SCRIPT|-\n", stderr);
        return EXIT_USAGE;
    }
    socket_prepare();
    struct loop *loop = loop_new();
    if (script_read(options.script, &script, &error) != STATUS_OK ||
        servers_open(&servers, &script, loop, &error) != STATUS_OK) {
        status = complain(&error);
    } else if ((options.log != NULL && !journal_open(options.log)) ||
               (options.pid_file != NULL && !write_pid(options.pid_file))) {
        (void)fputs("mxsim: the log or the pid file cannot be written\n", stderr);
        status = EXIT_SYSTEM;
    } else {
        announce(&servers);
        serve(loop,
              options.until_eof || (script.ended_by_word && strcmp(options.script, "-") == 0));
    }
    loop_end_living(loop);
    servers_close(&servers);
    loop_free(loop);
    script_done(&script);
    journal_close();
    return status;
}

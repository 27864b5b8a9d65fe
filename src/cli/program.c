/* From argv to the exit status. */
#include "program.h"
#include "arguments.h"
#include "help.h"
#include "nagios.h"
#include "output.h"
#include <mxpull/net/loop.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/socket.h>
#include <mxpull/store/store.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    HELP_SIZE_MAX = 64 * 1024,
    FILES_BESIDE_SESSIONS = 64
};

static int print_help(const struct command *command)
{
    struct output output;
    struct buffer text;

    output_init(&output, stdout);
    buffer_init(&text, HELP_SIZE_MAX);
    help_format(&text, command);
    output_write(&output, text.bytes, text.size);
    buffer_done(&text);
    return output_finish(&output) ? EXIT_STATUS_OK : EXIT_STATUS_TEMPORARY;
}

static int print_version(void)
{
    struct output output;
    char libraries[160], text[240];

    output_init(&output, stdout);
    loop_libraries(libraries, sizeof libraries);
    (void)snprintf(text, sizeof text, "mxpull %s\n%s, SQLite %s\n", MXPULL_VERSION, libraries,
                   store_library());
    output_write_text(&output, text);
    return output_finish(&output) ? EXIT_STATUS_OK : EXIT_STATUS_TEMPORARY;
}

/* A faulty command line may still tell who reads what is said of it. */
static bool is_for_monitor(int argc, char *argv[])
{
    static const char option[] = "--nagios";

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], option, sizeof option - 1) == 0 &&
            (argv[i][sizeof option - 1] == '\0' || argv[i][sizeof option - 1] == '='))
            return true;
    }
    return false;
}

int program_run(int argc, char *argv[])
{
    struct arguments arguments;
    struct error error;
    int exit_status;

    argv = host_begin(&argc, argv);
    (void)socket_raise_limit(FILES_BESIDE_SESSIONS);
    if (arguments_parse(&arguments, argc, argv, &error) != STATUS_OK) {
        if (is_for_monitor(argc, argv))
            return nagios_print_unknown(error.text);
        output_tell("mxpull: %s", error.text);
        return EXIT_STATUS_USAGE;
    }
    if (arguments.help)
        exit_status = print_help(arguments.command);
    else if (arguments.version)
        exit_status = print_version();
    else
        exit_status = arguments.command->run(&arguments);
    arguments_done(&arguments);
    return exit_status;
}

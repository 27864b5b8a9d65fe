#include "arguments.h"
#include "status.h"
#include <mxpull/platform/host.h>
#include <mxpull/platform/socket.h>

#include <string.h>

enum {
    HELP_SIZE_MAX = 64 * 1024,
    FILES_BESIDE_SESSIONS = 64
};

/* What --help or --version says. */
static int print_about(const struct arguments *arguments)
{
    char libraries[160];
    struct buffer text;

    buffer_init(&text, HELP_SIZE_MAX);
    loop_libraries(libraries, sizeof libraries);
    if (arguments->help)
        help_format(&text, arguments->command);
    else
        (void)buffer_append_format(&text, "mxpull %s\n%s, SQLite %s\n", MXPULL_VERSION, libraries,
                                   store_library());
    bool is_told = output_print(&text);
    buffer_done(&text);
    return is_told ? EXIT_STATUS_OK : EXIT_STATUS_TEMPORARY;
}

/* Whether --nagios was given, also in a faulty command line. */
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

int main(int argc, char *argv[])
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
    exit_status = arguments.help || arguments.version ? print_about(&arguments)
                                                      : arguments.command->run(&arguments);
    arguments_done(&arguments);
    return exit_status;
}

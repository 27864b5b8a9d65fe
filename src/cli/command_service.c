/* mxpull service: the daemon as a Windows service. */
#include "action.h"
#include <mxpull/base/compiler.h>

static int install(const struct arguments *arguments)
{
    struct unattended_files files;
    struct error error;
    int exit_status = action_prepare(arguments, &files);

    if (exit_status != EXIT_STATUS_OK)
        return exit_status;
    exit_status = action_exit_status(unattended_service_install(&files, &error), &error);
    unattended_files_done(&files);
    return exit_status;
}

static int remove_it(const struct arguments *arguments)
{
    struct error error;

    (void)arguments;
    return action_exit_status(unattended_service_remove(&error), &error);
}

static int start(const struct arguments *arguments)
{
    struct error error;

    (void)arguments;
    return action_exit_status(unattended_service_start(&error), &error);
}

static int stop(const struct arguments *arguments)
{
    struct error error;

    (void)arguments;
    return action_exit_status(unattended_service_stop(&error), &error);
}

int command_service(const struct arguments *arguments)
{
    static const struct action actions[] = {
        {"install", install,
         "The service is installed; it starts with the system, and now by:\n"
         "  mxpull service start\n"},
        {"remove", remove_it, "The service is removed.\n"},
        {"start", start, "The service runs.\n"},
        {"stop", stop, "The service is stopped.\n"},
    };

    return action_run(arguments, actions, COUNT_OF(actions));
}

/* What is common to the commands that see to it that mxpull runs by itself. */
#include "action.h"
#include "output.h"
#include "setup.h"
#include <mxpull/base/buffer.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/host.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_SIZE_MAX = 100
};

static int refuse(const struct arguments *arguments, const struct action *actions, size_t count)
{
    struct buffer names;

    buffer_init(&names, NAMES_SIZE_MAX);
    for (size_t i = 0; i < count; i++)
        (void)buffer_append_format(&names, "%s%s",
                                   i == 0           ? ""
                                   : i == count - 1 ? " or "
                                                    : ", ",
                                   actions[i].name);
    output_tell("mxpull: \"%s\" wants one word: %s", arguments->command->name, names.bytes);
    buffer_done(&names);
    return EXIT_STATUS_USAGE;
}

static int say_done(const struct arguments *arguments, const char *text)
{
    struct output output;

    if (arguments->quiet)
        return EXIT_STATUS_OK;
    output_init(&output, stdout);
    output_write_text(&output, text);
    return output_finish(&output) ? EXIT_STATUS_OK : EXIT_STATUS_TEMPORARY;
}

int action_run(const struct arguments *arguments, const struct action *actions, size_t count)
{
    if (arguments->name_count != 1)
        return refuse(arguments, actions, count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(actions[i].name, arguments->names[0]) != 0)
            continue;
        int exit_status = actions[i].run(arguments);
        return exit_status == EXIT_STATUS_OK ? say_done(arguments, actions[i].done) : exit_status;
    }
    return refuse(arguments, actions, count);
}

int action_exit_status(enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        return EXIT_STATUS_OK;
    output_tell("mxpull: %s", error->text);
    return status == STATUS_SYNTAX ? EXIT_STATUS_USAGE : EXIT_STATUS_UNAVAILABLE;
}

/* A state directory of the user's own choosing is the user's: only he knows who may write there. */
static enum status make_state(const struct config *config, struct error *error)
{
    char *place = host_state_directory();
    enum status status = STATUS_OK;

    if (place != NULL && config->state_dir != NULL && strcmp(place, config->state_dir) == 0)
        status = directory_make(place, error);
    free(place);
    return status;
}

static enum status find_files(const struct arguments *arguments, struct unattended_files *files,
                              struct error *error)
{
    enum status status;
    char *path = NULL;

    if (arguments->config != NULL && strcmp(arguments->config, "-") == 0)
        return error_set(error, STATUS_SYNTAX,
                         "the configuration must be a file: it is read at every start");
    if (arguments->config == NULL)
        path = host_config_path(MXPULL_SYSCONFDIR);
    status = unattended_find_files(files, path != NULL ? path : arguments->config, error);
    free(path);
    return status;
}

int action_prepare(const struct arguments *arguments, struct unattended_files *files)
{
    struct error error;
    enum status status = find_files(arguments, files, &error);

    if (status != STATUS_OK)
        return action_exit_status(status, &error);
    struct config *config = setup_config(arguments);
    int exit_status = EXIT_STATUS_CONFIG;
    if (config != NULL)
        exit_status = action_exit_status(make_state(config, &error), &error);
    config_free(config);
    if (exit_status != EXIT_STATUS_OK)
        unattended_files_done(files);
    return exit_status;
}

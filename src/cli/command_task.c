/* mxpull task: a scheduled task of Windows that pulls. */
#include "action.h"
#include "task_xml.h"
#include <mxpull/base/compiler.h>
#include <mxpull/base/duration.h>
#include <mxpull/base/text.h>

enum {
    XML_SIZE_MAX = 256 * 1024,
    EVERY_DEFAULT_S = 4 * 3600,
    SHOWN_SIZE = 80
};

/* *every_s stays where there is no text. */
static enum status read_every(const char *text, int64_t *every_s, struct error *error)
{
    char shown[SHOWN_SIZE];
    int64_t seconds;

    if (text == NULL)
        return STATUS_OK;
    if (!duration_parse(text, &seconds) || seconds < TASK_EVERY_MIN_S || seconds > TASK_EVERY_MAX_S)
        return error_set(error, STATUS_SYNTAX,
                         "--every is 1m to 31d, such as 30m, 4h or 1d, not \"%s\"",
                         text_printable_copy(shown, sizeof shown, text));
    *every_s = seconds;
    return STATUS_OK;
}

static int install(const struct arguments *arguments)
{
    struct unattended_files files;
    struct buffer xml;
    struct error error;
    int64_t every_s = EVERY_DEFAULT_S;
    int exit_status = action_exit_status(read_every(arguments->every, &every_s, &error), &error);

    if (exit_status == EXIT_STATUS_OK)
        exit_status = action_prepare(arguments, &files);
    if (exit_status != EXIT_STATUS_OK)
        return exit_status;
    buffer_init(&xml, XML_SIZE_MAX);
    task_xml_format(&xml, files.program, files.config, every_s);
    exit_status = action_exit_status(unattended_task_install(xml.bytes, &error), &error);
    buffer_done(&xml);
    unattended_files_done(&files);
    return exit_status;
}

static int remove_it(const struct arguments *arguments)
{
    struct error error;

    (void)arguments;
    return action_exit_status(unattended_task_remove(&error), &error);
}

int command_task(const struct arguments *arguments)
{
    static const struct action actions[] = {
        {"install", install, "The task is installed.\n"},
        {"remove", remove_it, "The task is removed.\n"},
    };

    return action_run(arguments, actions, COUNT_OF(actions));
}

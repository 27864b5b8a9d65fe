/* What several commands begin with. */
#include "setup.h"
#include "output.h"
#include <mxpull/base/log.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/terminal.h>

#include <stdio.h>
#include <stdlib.h>

static void print_fault(void *context, const char *line)
{
    (void)context;
    output_tell("%s", line);
}

struct config *setup_config_with(const struct arguments *arguments, config_fault *fault,
                                 void *context)
{
    char *path = NULL;

    if (arguments->config == NULL)
        path = host_config_path(MXPULL_SYSCONFDIR);
    struct config *config = config_load(path != NULL ? path : arguments->config, fault, context);
    free(path);
    return config;
}

struct config *setup_config(const struct arguments *arguments)
{
    return setup_config_with(arguments, print_fault, NULL);
}

struct loop *setup_loop(void)
{
    struct error error;
    struct loop *loop = loop_new(&error);

    if (loop == NULL)
        log_message(LEVEL_ERROR, "%s", error.text);
    return loop;
}

/* https://no-color.org: set and not empty. */
static bool is_color_unwanted(void)
{
    const char *no_color = getenv("NO_COLOR");

    return no_color != NULL && *no_color != '\0';
}

bool setup_color(const struct arguments *arguments)
{
    switch (arguments->color) {
    case COLOR_ALWAYS: return true;
    case COLOR_NEVER: return false;
    case COLOR_AUTO: break;
    }
    return terminal_is(stdout) && !is_color_unwanted();
}

/* mxpull config: the effective configuration. */
#include <mxpull/cli/command.h>
#include <mxpull/cli/config_json.h>
#include <mxpull/cli/output.h>
#include <mxpull/cli/setup.h>

#include <errno.h>
#include <stdio.h>

static void print_text(struct output *output, const struct config *config)
{
    errno = 0;
    config_print(config, output->stream);
    if (fflush(output->stream) != 0 || ferror(output->stream))
        output->failure = errno != 0 ? errno : EIO;
}

static void print_warning(void *context, const char *line)
{
    (void)context;
    output_tell("mxpull: warning: %s", line);
}

int command_config(const struct arguments *arguments)
{
    struct config *config = setup_config(arguments);
    struct output output;

    if (config == NULL)
        return EXIT_STATUS_CONFIG;
    config_warn(config, print_warning, NULL);
    output_init(&output, stdout);
    if (arguments->json && !arguments->quiet)
        config_json_write(&output, config);
    else if (!arguments->quiet)
        print_text(&output, config);
    config_free(config);
    return output_finish(&output) ? EXIT_STATUS_OK : EXIT_STATUS_TEMPORARY;
}

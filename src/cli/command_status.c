/* mxpull status: what is known, from the store alone. */
#include "arguments.h"
#include "line.h"
#include "output.h"
#include "setup.h"
#include "status_forms.h"
#include "status_view.h"
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/terminal.h>

#include <stdio.h>

enum {
    TEXT_SIZE_MAX = 256 * 1024 * 1024,
    FAULT_SIZE_MAX = 8 * 1024
};

/* STATUS_SYNTAX for a name that is not known. */
static enum status read_view(struct status_view *view, const struct arguments *arguments,
                             const struct config *config, struct error *error)
{
    const struct selection choice = {arguments->names, arguments->name_count};
    struct store *store = NULL;
    enum status status = selection_check(&choice, config, error);

    if (status == STATUS_OK)
        status = past_open(&store, config, error);
    if (status == STATUS_OK)
        status = status_view_read(view, config, &choice, store, clock_wall_ms(),
                                  clock_local_offset_s, error);
    store_close(store);
    if (status == STATUS_OK && past_trouble(config, view->trouble))
        view->health = health_worse(view->health, HEALTH_WARNING);
    return status;
}

static void format(struct buffer *text, const struct status_view *view,
                   const struct arguments *arguments)
{
    const struct status_page page = {
        .text = text, .view = view, .look = setup_look(arguments), .only_wrong = arguments->quiet};
    bool is_wrong = view->health == HEALTH_WARNING || view->health == HEALTH_CRITICAL;

    if (!arguments->json)
        status_text_format(&page);
    else if (!arguments->quiet || is_wrong)
        status_json_format(text, view);
}

static int run_report(const struct arguments *arguments)
{
    struct config *config = setup_config(arguments, NULL, NULL);
    struct status_view view = {0};
    struct output output = {.stream = stdout};
    struct buffer text;
    struct error error;

    if (config == NULL)
        return EXIT_STATUS_CONFIG;
    if (read_view(&view, arguments, config, &error) != STATUS_OK) {
        output_tell("mxpull: %s", error.text);
        config_free(config);
        return error.status == STATUS_SYNTAX ? EXIT_STATUS_USAGE : EXIT_STATUS_TEMPORARY;
    }
    buffer_init(&text, TEXT_SIZE_MAX);
    format(&text, &view, arguments);
    output_write(&output, text.bytes, text.size);
    if (view.trouble[0] != '\0')
        output_tell("mxpull: %s", view.trouble);
    buffer_done(&text);
    status_view_done(&view);
    config_free(config);
    return output_finish(&output) && view.trouble[0] == '\0' ? EXIT_STATUS_OK
                                                             : EXIT_STATUS_TEMPORARY;
}

/* ---- Nagios ---- */

/* Faults of the configuration: a plugin has one line for them. */
struct faults {
    struct buffer first;
    size_t count;
};

static void note_fault(void *context, const char *line)
{
    struct faults *faults = context;

    if (faults->count++ > 0)
        return;
    (void)buffer_append_text(&faults->first, "the configuration is faulty: ");
    text_append_cut(&faults->first, line, FAULT_SIZE_MAX / 2);
}

static int print_nagios(const struct arguments *arguments, const struct config *config)
{
    struct output output = {.stream = stdout};
    struct status_view view = {0};
    struct buffer line;
    struct error error;

    if (read_view(&view, arguments, config, &error) != STATUS_OK)
        return nagios_print_unknown(error.text);
    buffer_init(&line, FAULT_SIZE_MAX);
    int exit_status = nagios_format(&line, &view);
    output_write(&output, line.bytes, line.size);
    buffer_done(&line);
    status_view_done(&view);
    return output_finish(&output) ? exit_status : (int)HEALTH_UNKNOWN;
}

static int run_nagios(const struct arguments *arguments)
{
    struct faults faults = {.count = 0};
    int exit_status;

    buffer_init(&faults.first, FAULT_SIZE_MAX);
    struct config *config = setup_config(arguments, note_fault, &faults);
    if (faults.count > 1)
        (void)buffer_append_format(&faults.first, " (and %zu more)", faults.count - 1);
    exit_status =
        config != NULL ? print_nagios(arguments, config) : nagios_print_unknown(faults.first.bytes);
    config_free(config);
    buffer_done(&faults.first);
    return exit_status;
}

int command_status(const struct arguments *arguments)
{
    if (arguments->nagios && arguments->json)
        return nagios_print_unknown("--nagios and --json exclude each other");
    return arguments->nagios ? run_nagios(arguments) : run_report(arguments);
}

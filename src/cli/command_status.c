/* mxpull status: what is known, from the store alone. */
#include "arguments.h"
#include "setup.h"
#include "status.h"
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

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
    if (status == STATUS_OK && past_trouble(config, &view->trouble))
        view->health = health_worse(view->health, HEALTH_WARNING);
    return status;
}

/* EXIT_STATUS_OK when the whole view was written and the store can be written. */
static int print_view(const struct status_view *view, const struct arguments *arguments)
{
    bool is_wrong = view->health == HEALTH_WARNING || view->health == HEALTH_CRITICAL;
    int exit_status = EXIT_STATUS_OK;
    struct buffer text;

    buffer_init(&text, TEXT_SIZE_MAX);
    if (arguments->nagios)
        exit_status = nagios_format(&text, view);
    else if (!arguments->json)
        status_text_format(&(struct status_page){.text = &text,
                                                 .view = view,
                                                 .look = setup_look(arguments),
                                                 .only_wrong = arguments->quiet});
    else if (!arguments->quiet || is_wrong)
        status_json_format(&text, view);
    bool is_told = output_print(&text);
    buffer_done(&text);
    if (arguments->nagios)
        return is_told ? exit_status : (int)HEALTH_UNKNOWN;
    if (view->trouble.text[0] != '\0')
        output_tell("mxpull: %s", view->trouble.text);
    return is_told && view->trouble.text[0] == '\0' ? EXIT_STATUS_OK : EXIT_STATUS_TEMPORARY;
}

/* The first fault of the configuration, and how many there are: a Nagios plugin has one line for them. */
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

int command_status(const struct arguments *arguments)
{
    struct faults faults = {.count = 0};
    struct status_view view = {0};
    struct error error;
    int exit_status;

    if (arguments->nagios && arguments->json)
        return nagios_print_unknown("--nagios and --json exclude each other");
    buffer_init(&faults.first, FAULT_SIZE_MAX);
    struct config *config = setup_config(arguments, arguments->nagios ? note_fault : NULL, &faults);
    enum status status = config != NULL ? read_view(&view, arguments, config, &error) : STATUS_OK;
    if (faults.count > 1)
        (void)buffer_append_format(&faults.first, " (and %zu more)", faults.count - 1);
    if (config == NULL)
        exit_status =
            arguments->nagios ? nagios_print_unknown(faults.first.bytes) : EXIT_STATUS_CONFIG;
    else if (status == STATUS_OK)
        exit_status = print_view(&view, arguments);
    else if (arguments->nagios)
        exit_status = nagios_print_unknown(error.text);
    else
        exit_status = status == STATUS_SYNTAX ? EXIT_STATUS_USAGE : EXIT_STATUS_TEMPORARY;
    if (status != STATUS_OK && !arguments->nagios)
        output_tell("mxpull: %s", error.text);
    status_view_done(&view);
    config_free(config);
    buffer_done(&faults.first);
    return exit_status;
}

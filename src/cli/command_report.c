/* mxpull report: one page to look at, from the store alone. */
#include "arguments.h"
#include "history.h"
#include "page.h"
#include "setup.h"
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>

#include <string.h>

enum {
    PAGE_SIZE_MAX = 256 * 1024 * 1024,
    SINCE_DEFAULT_S = 30 * 24 * 3600
};

static enum status read_since(const struct arguments *arguments, int64_t now_ms, int64_t *since_ms,
                              struct error *error)
{
    const char *since = arguments->since;

    *since_ms = now_ms - SINCE_DEFAULT_S * INT64_C(1000);
    if (since == NULL)
        return STATUS_OK;
    if (!since_parse(since, now_ms, clock_local_offset_s, since_ms))
        return since_refuse(since, error);
    if (*since_ms < 0 || *since_ms > now_ms - 60 * 1000)
        return error_set(error, STATUS_SYNTAX, "--since \"%s\" is not in the past",
                         word_shown(since).text);
    return STATUS_OK;
}

/* Reads the store and writes the page into text. view->trouble is set, and the page has it, where the store cannot be
 * written. */
static enum status make_page(struct buffer *text, struct status_view *view,
                             const struct config *config, int64_t since_ms, struct error *error)
{
    struct html html = {.target = text};
    struct timeline timeline;
    struct store *store = NULL;
    enum status status = past_open(&store, config, error);

    if (status == STATUS_OK)
        status = status_view_read(view, config, NULL, store, clock_wall_ms(), clock_local_offset_s,
                                  error);
    if (status == STATUS_OK && past_trouble(config, &view->trouble))
        view->health = health_worse(view->health, HEALTH_WARNING);
    if (status == STATUS_OK)
        status = timeline_read(&timeline, view, store, since_ms, clock_local_offset_s, error);
    store_close(store);
    if (status != STATUS_OK)
        return status;
    page_write(&html, view, &timeline, clock_local_offset_s);
    timeline_done(&timeline);
    if (html.is_full)
        return error_set(error, STATUS_LIMIT, "the report is larger than %d MB",
                         PAGE_SIZE_MAX / 1024 / 1024);
    return STATUS_OK;
}

/* Returns the exit status. */
static int write_page(const struct buffer *text, const char *path)
{
    struct error error;

    if (path == NULL || strcmp(path, "-") == 0)
        return output_print(text) ? EXIT_STATUS_OK : EXIT_STATUS_TEMPORARY;
    if (file_replace(path, text->bytes, text->size, &error) == STATUS_OK)
        return EXIT_STATUS_OK;
    output_tell("mxpull: %s", error.text);
    return EXIT_STATUS_CANNOT_CREATE;
}

int command_report(const struct arguments *arguments)
{
    struct status_view view = {0};
    int64_t since_ms;
    struct buffer text;
    struct error error;
    int exit_status;
    enum status status = read_since(arguments, clock_wall_ms(), &since_ms, &error);

    if (status != STATUS_OK) {
        output_tell("mxpull: %s", error.text);
        return EXIT_STATUS_USAGE;
    }
    struct config *config = setup_config(arguments, NULL, NULL);
    if (config == NULL)
        return EXIT_STATUS_CONFIG;
    buffer_init(&text, PAGE_SIZE_MAX);
    status = make_page(&text, &view, config, since_ms, &error);
    if (status != STATUS_OK) {
        output_tell("mxpull: %s", error.text);
        exit_status = EXIT_STATUS_TEMPORARY;
    } else {
        exit_status = write_page(&text, arguments->html);
    }
    if (status == STATUS_OK && view.trouble.text[0] != '\0') {
        output_tell("mxpull: %s", view.trouble.text);
        exit_status = exit_status == EXIT_STATUS_OK ? EXIT_STATUS_TEMPORARY : exit_status;
    }
    buffer_done(&text);
    status_view_done(&view);
    config_free(config);
    return exit_status;
}

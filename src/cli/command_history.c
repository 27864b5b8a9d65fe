/* mxpull history: past answers and messages, from the store alone. */
#include "command.h"
#include "history_form.h"
#include "line.h"
#include "output.h"
#include "past.h"
#include "setup.h"
#include "since.h"
#include <mxpull/base/closest.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/terminal.h>
#include <mxpull/smtp/outcome.h>

#include <stdio.h>
#include <string.h>

enum {
    LIMIT_DEFAULT = 50,
    BACKUP_WIDTH_MAX = 24,
    DOMAIN_WIDTH_MAX = 40,
    SHOWN_SIZE = 80
};

static enum status read_outcome(const char *text, struct error *error)
{
    const char *names[OUTCOME_COUNT];
    char shown[SHOWN_SIZE];
    struct buffer all;
    enum outcome outcome;

    if (outcome_find(text, &outcome))
        return STATUS_OK;
    (void)text_printable_copy(shown, sizeof shown, text);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        names[i] = outcome_name((enum outcome)i);
    const char *near = closest_word(text, names, OUTCOME_COUNT);
    if (near != NULL)
        return error_set(error, STATUS_SYNTAX,
                         "--outcome: there is no \"%s\"; did you mean \"%s\"?", shown, near);
    buffer_init(&all, ERROR_TEXT_SIZE);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        (void)buffer_append_format(&all, "%s%s", i > 0 ? ", " : "", names[i]);
    (void)error_set(error, STATUS_SYNTAX, "--outcome: there is no \"%s\", but %s", shown,
                    all.bytes);
    buffer_done(&all);
    return STATUS_SYNTAX;
}

/* Of what is asked for since some time, no part is left out unless that is said. */
static enum status read_limit(const struct arguments *arguments, size_t *limit, struct error *error)
{
    int64_t number = arguments->since != NULL ? 0 : LIMIT_DEFAULT;
    char shown[SHOWN_SIZE];

    if (arguments->limit != NULL && !text_to_number(arguments->limit, 0, INT32_MAX, &number))
        return error_set(error, STATUS_SYNTAX, "--limit is a number, 0: all; not \"%s\"",
                         text_printable_copy(shown, sizeof shown, arguments->limit));
    *limit = (size_t)number;
    return STATUS_OK;
}

static enum status read_since(const char *text, int64_t *since_ms, struct error *error)
{
    char shown[SHOWN_SIZE];

    if (text == NULL || since_parse(text, clock_wall_ms(), clock_local_offset_s, since_ms))
        return STATUS_OK;
    return error_set(error, STATUS_SYNTAX,
                     "--since is a duration (2d, 36h) or a time (2026-11-20, \"2026-11-20 07:00\", "
                     "2026-11-20T07:00:00Z), not \"%s\"",
                     text_printable_copy(shown, sizeof shown, text));
}

/* All that can be judged without the store. */
static enum status read_filter(const struct arguments *arguments, struct store_filter *filter,
                               struct error *error)
{
    enum status status = STATUS_OK;

    if (arguments->json && arguments->csv)
        return error_set(error, STATUS_SYNTAX, "--json and --csv exclude each other");
    if (arguments->messages && (arguments->failed || arguments->outcome != NULL))
        return error_set(error, STATUS_SYNTAX, "--%s is of answers, and not of --messages",
                         arguments->failed ? "failed" : "outcome");
    if (arguments->outcome != NULL)
        status = read_outcome(arguments->outcome, error);
    if (status == STATUS_OK)
        status = read_limit(arguments, &filter->limit, error);
    if (status == STATUS_OK)
        status = read_since(arguments->since, &filter->since_ms, error);
    filter->failed = arguments->failed;
    filter->outcome = arguments->outcome;
    return status;
}

static size_t wider(size_t width, const char *text, size_t max)
{
    size_t columns = line_columns(text);

    return columns > width && columns <= max ? columns : width;
}

/* The rows come one by one: what is configured says how wide the columns are. */
static struct history_style make_style(const struct arguments *arguments,
                                       const struct config *config)
{
    struct history_style style = {.columns = terminal_is(stdout) ? terminal_size(stdout).columns
                                                                 : LINE_UNBOUNDED,
                                  .color = setup_color(arguments)};

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        style.widths.backup = wider(style.widths.backup, backup->name, BACKUP_WIDTH_MAX);
        for (size_t j = 0; j < backup->domain_count; j++)
            style.widths.domain =
                wider(style.widths.domain, backup->domain_texts[j], DOMAIN_WIDTH_MAX);
    }
    return style;
}

static enum status write_rows(struct output *output, struct store *store,
                              const struct arguments *arguments, const struct config *config,
                              struct history_request *request, struct error *error)
{
    struct past_names names;
    size_t count = 0;
    enum status status =
        past_names_find(&names, arguments->names, arguments->name_count, config, store, error);

    if (status != STATUS_OK)
        return status;
    request->filter.names = names.names;
    request->filter.name_count = names.count;
    status = history_write(output, store, request, &count, error);
    past_names_done(&names);
    if (status == STATUS_OK && count == 0 && !arguments->quiet)
        output_tell("mxpull: there is nothing of that in the past");
    return status;
}

static int run(const struct arguments *arguments, const struct config *config,
               struct history_request *request)
{
    struct store *store = NULL;
    struct output output;
    struct error error;
    enum status status = past_open(&store, config, &error);

    output_init(&output, stdout);
    request->form = arguments->json ? HISTORY_JSON : arguments->csv ? HISTORY_CSV : HISTORY_TEXT;
    request->style = make_style(arguments, config);
    if (status == STATUS_OK)
        status = write_rows(&output, store, arguments, config, request, &error);
    store_close(store);
    if (status == STATUS_OK && past_trouble(config, error.text))
        status = STATUS_SYSTEM;
    if (status != STATUS_OK)
        output_tell("mxpull: %s", error.text);
    if (status == STATUS_SYNTAX)
        return EXIT_STATUS_USAGE;
    return output_finish(&output) && status == STATUS_OK ? EXIT_STATUS_OK : EXIT_STATUS_TEMPORARY;
}

int command_history(const struct arguments *arguments)
{
    struct history_request request = {.messages = arguments->messages};
    struct config *config;
    struct error error;
    int exit_status;

    if (read_filter(arguments, &request.filter, &error) != STATUS_OK) {
        output_tell("mxpull: %s", error.text);
        return EXIT_STATUS_USAGE;
    }
    config = setup_config(arguments);
    if (config == NULL)
        return EXIT_STATUS_CONFIG;
    exit_status = run(arguments, config, &request);
    config_free(config);
    return exit_status;
}

/* mxpull init: a first configuration. On standard output stands nothing else, whatever happens. */
#include "arguments.h"
#include "logging.h"
#include "output.h"
#include "setup.h"
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/check/draft.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/signals.h>
#include <mxpull/platform/terminal.h>

#include <stdlib.h>
#include <string.h>

enum {
    DRAFT_SIZE_MAX = 64 * 1024 * 1024
};

/* All that a run holds. What is not there yet is NULL. */
struct run {
    const struct arguments *arguments;
    struct config *config;    /* that -c names: its dns_server and ehlo_name hold here, too */
    char *ehlo_name;          /* where no configuration is named */
    struct draft_name *names; /* each once; owned */
    size_t count;
    struct logging logging;
    struct loop *loop;
    struct draft *draft;
};

/* ---- the beginning ---- */

static int read_domains(struct run *run)
{
    const struct arguments *arguments = run->arguments;
    struct error error;

    if (arguments->name_count == 0) {
        output_tell("mxpull: init needs a DOMAIN; try \"mxpull init --help\"");
        return EXIT_STATUS_USAGE;
    }
    run->names = memory_new(arguments->name_count, sizeof *run->names);
    for (size_t i = 0; i < arguments->name_count; i++) {
        struct draft_name *name = &run->names[run->count];
        size_t same = 0;

        name->text = arguments->names[i];
        if (domain_to_ascii(name->ascii, name->text, &error) != STATUS_OK) {
            output_tell("mxpull: %s", error.text);
            return EXIT_STATUS_USAGE;
        }
        if (!text_is_shown(name->text))
            name->text = name->ascii;
        while (strcmp(run->names[same].ascii, name->ascii) != 0)
            same++;
        run->count += same == run->count;
    }
    return EXIT_STATUS_OK;
}

static int read_config(struct run *run)
{
    if (run->arguments->config == NULL) {
        run->ehlo_name = host_full_name();
        return EXIT_STATUS_OK;
    }
    run->config = setup_config(run->arguments, NULL, NULL);
    return run->config != NULL ? EXIT_STATUS_OK : EXIT_STATUS_CONFIG;
}

/* Before minutes are spent. */
static int check_output(struct run *run)
{
    const char *path = run->arguments->output;

    if (path == NULL || file_try(path) != 0)
        return EXIT_STATUS_OK;
    output_tell("mxpull: %s: is there already, and stays as it is", path);
    return EXIT_STATUS_CANNOT_CREATE;
}

static void log_wire(void *context, const char *host, char direction, const char *line, size_t size)
{
    (void)context;
    logging_wire_of("host", host, direction, line, size);
}

static int make_draft(struct run *run)
{
    const struct draft_options options = {
        .loop = run->loop = setup_loop(),
        .dns_server = run->config != NULL ? run->config->dns_server : NULL,
        .ehlo_name = run->config != NULL ? run->config->ehlo_name : run->ehlo_name,
        .names = run->names,
        .count = run->count,
        .stop = signals_stop_requested,
        .wire = log_wants(LEVEL_TRACE) ? log_wire : NULL,
    };
    struct error error;

    if (run->loop == NULL)
        return EXIT_STATUS_UNAVAILABLE;
    run->draft = draft_new(&options, &error);
    if (run->draft != NULL)
        return EXIT_STATUS_OK;
    log_message(LEVEL_ERROR, "%s", error.text);
    return run->config != NULL ? EXIT_STATUS_CONFIG : EXIT_STATUS_TEMPORARY;
}

/* ---- the end ---- */

static int write_draft(const struct run *run, const struct buffer *text)
{
    const char *path = run->arguments->output;
    struct error error;

    if (path == NULL)
        return output_print(text) ? EXIT_STATUS_OK : EXIT_STATUS_TEMPORARY;
    if (file_create(path, text->bytes, text->size, &error) != STATUS_OK) {
        log_message(LEVEL_ERROR, "%s", error.text);
        return EXIT_STATUS_CANNOT_CREATE;
    }
    return EXIT_STATUS_OK;
}

/* What is not in the records: comments say it, too, and nobody has to read them first. */
static int tell_gaps(const struct draft_gaps *gaps)
{
    if (gaps->uncertain > 0)
        log_message(LEVEL_WARNING,
                    "domains whose MX records could not be found out: %zu; a comment says why",
                    gaps->uncertain);
    if (gaps->unbacked > 0)
        log_message(LEVEL_WARNING, "domains without a backup MX: %zu; a comment says what to do",
                    gaps->unbacked);
    return gaps->uncertain > 0 ? EXIT_STATUS_TEMPORARY : EXIT_STATUS_OK;
}

static int draw_up(struct run *run)
{
    struct buffer text;
    int exit_status;

    if (terminal_is(stderr) && run->arguments->quiet == 0)
        output_tell("mxpull: asking the DNS, and then the hosts that it names");
    signals_start(SIGNALS_RUN, loop_wake, run->loop);
    draft_run(run->draft);
    if (signals_stop_requested()) {
        log_message(LEVEL_WARNING, "stopped: nothing is written");
        exit_status = EXIT_STATUS_TEMPORARY;
    } else {
        buffer_init(&text, DRAFT_SIZE_MAX);
        const struct draft_gaps gaps = draft_append(run->draft, &text);
        exit_status = write_draft(run, &text);
        if (exit_status == EXIT_STATUS_OK)
            exit_status = tell_gaps(&gaps);
        buffer_done(&text);
    }
    signals_end();
    return exit_status;
}

int command_init(const struct arguments *arguments)
{
    static int (*const steps[])(struct run *) = {read_domains, check_output, read_config,
                                                 make_draft, draw_up};
    struct run run = {.arguments = arguments};
    int exit_status = EXIT_STATUS_OK;

    setup_log_errors(&run.logging, arguments, NULL, NULL);
    for (size_t i = 0; i < COUNT_OF(steps) && exit_status == EXIT_STATUS_OK; i++)
        exit_status = steps[i](&run);
    draft_free(run.draft);
    loop_free(run.loop);
    logging_close(&run.logging);
    config_free(run.config);
    free(run.ehlo_name);
    free(run.names);
    return exit_status;
}

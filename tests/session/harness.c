/* Starts mxsim, writes configurations, runs rounds and puts their results into words that a table
 * can compare. */
#include "harness.h"
#include "../unit/unit.h"

#include <mxpull/base/text.h>
#include <mxpull/config/config.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>
#include <support.h>

enum {
    SERVERS_MAX = 64,
    JOURNAL_MAX = 1024 * 1024,
    CONFIG_MAX = 256 * 1024
};

struct server {
    char name[32];
    char address[64];
    char port[8];
};

struct sim {
    struct support_program *program;
    FILE *input;
    char journal_path[64];
    struct buffer journal;
    struct server servers[SERVERS_MAX];
    size_t server_count;
};

/* Reads "NAME ADDRESS:PORT" lines up to "ready". */
static void read_servers(struct sim *sim, FILE *output)
{
    char line[256];

    while (fgets(line, sizeof line, output) != NULL && strcmp(line, "ready\n") != 0) {
        struct server *server = &sim->servers[sim->server_count++];
        char *space = strchr(line, ' '), *colon = strrchr(line, ':');

        assert_non_null(space);
        assert_non_null(colon);
        assert_true(sim->server_count < SERVERS_MAX);
        *space = *colon = '\0';
        colon[1 + strspn(colon + 1, "0123456789")] = '\0';
        if (space[1] == '[') {
            space++;
            colon[-1] = '\0';
        }
        (void)text_copy(server->name, sizeof server->name, line);
        (void)text_copy(server->address, sizeof server->address, space + 1);
        (void)text_copy(server->port, sizeof server->port, colon + 1);
    }
    assert_string_equal(line, "ready\n");
}

static void write_script(const char *path, const char *script)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_not_equal(fputs(script, file), EOF);
    assert_int_equal(fclose(file), 0);
}

struct sim *sim_start(const char *script)
{
    struct sim *sim = calloc(1, sizeof *sim);
    char script_path[64];
    FILE *output;

    assert_non_null(sim);
    buffer_init(&sim->journal, JOURNAL_MAX);
    (void)snprintf(sim->journal_path, sizeof sim->journal_path, "journal.%lu.%p",
                   support_process_id(), (void *)sim);
    (void)snprintf(script_path, sizeof script_path, "script.%lu.%p", support_process_id(),
                   (void *)sim);
    write_script(script_path, script);
    const char *arguments[] = {"--until-eof", "--log", sim->journal_path, script_path, NULL};
    sim->program = support_start(MXSIM, arguments, &sim->input, &output);
    read_servers(sim, output);
    (void)remove(script_path);
    (void)fclose(output);
    return sim;
}

void sim_stop(struct sim *sim)
{
    (void)fclose(sim->input);
    (void)support_wait(sim->program);
    (void)remove(sim->journal_path);
    buffer_done(&sim->journal);
    free(sim);
}

const char *sim_journal(struct sim *sim)
{
    char part[4096];
    size_t size;
    FILE *file = fopen(sim->journal_path, "r");

    buffer_clear(&sim->journal);
    if (file == NULL)
        return "";
    while ((size = fread(part, 1, sizeof part, file)) > 0)
        (void)buffer_append(&sim->journal, part, size);
    (void)fclose(file);
    return sim->journal.bytes;
}

bool sim_says(struct sim *sim, const char *text)
{
    for (int tries = 0; tries < 6000 && strstr(sim_journal(sim), text) == NULL; tries++)
        support_sleep_ms(10);
    return strstr(sim_journal(sim), text) != NULL;
}

size_t sim_count(struct sim *sim, const char *text)
{
    size_t count = 0;

    for (const char *at = sim_journal(sim); (at = strstr(at, text)) != NULL; at += strlen(text))
        count++;
    return count;
}

/* ---- the round ---- */

static size_t stop_at = SIZE_MAX, answers;

void stop_after(size_t results)
{
    stop_at = results;
}

static int64_t stop_after_this_ms = INT64_MAX, began_ms;
static struct loop *running;

void stop_after_ms(int64_t ms)
{
    stop_after_this_ms = ms;
}

static bool stop(void)
{
    return answers >= stop_at || clock_monotonic_ms() - began_ms >= stop_after_this_ms;
}

/* Wakes the loop at the time that stop_after_ms named, as a signal would. */
static void wake_by_alarm(void)
{
    loop_wake(running);
}

static void set_alarm(void)
{
    if (stop_after_this_ms != INT64_MAX)
        support_call_later(stop_after_this_ms + 1, wake_by_alarm);
}

static void answered(void *context, const struct result *result)
{
    struct outcome_text *outcome = context;

    (void)result;
    outcome->answered++;
    answers++;
}

static void wire(void *context, const struct backup_config *backup, char direction,
                 const char *line, size_t size)
{
    struct outcome_text *outcome = context;

    (void)backup;
    (void)buffer_append_format(&outcome->wire, "%c ", direction);
    text_printable(&outcome->wire, line, size);
    (void)buffer_append_text(&outcome->wire, "\n");
}

/* Replaces each $NAME by the server's place. */
static void fill_in(const struct sim *sim, const char *config, struct buffer *filled)
{
    while (*config != '\0') {
        size_t plain = strcspn(config, "$%^");

        (void)buffer_append(filled, config, plain);
        config += plain;
        if (*config == '\0')
            continue;
        char kind = *config++;
        size_t size = strspn(config, "abcdefghijklmnopqrstuvwxyz0123456789");
        const struct server *found = NULL;
        for (size_t i = 0; i < sim->server_count; i++) {
            if (text_equal_part(sim->servers[i].name, config, size))
                found = &sim->servers[i];
        }
        assert_non_null(found);
        if (kind == '$')
            (void)buffer_append_format(filled, "host = \"%s\" port = %s", found->address,
                                       found->port);
        else
            (void)buffer_append_format(filled, "%s%s%s", kind == '%' ? found->address : "",
                                       kind == '%' ? ":" : "", found->port);
        config += size;
    }
}

static void show_fault(void *context, const char *line)
{
    (void)context;
    print_error("%s\n", line);
}

struct config *sim_config(const struct sim *sim, const char *text)
{
    char path[64];
    struct buffer filled;

    buffer_init(&filled, CONFIG_MAX);
    fill_in(sim, text, &filled);
    (void)snprintf(path, sizeof path, "config.%lu", support_process_id());
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(filled.bytes, 1, filled.size, file), filled.size);
    assert_int_equal(fclose(file), 0);
    support_set_mode(path, 0600);
    struct config *config = config_load(path, show_fault, NULL);
    (void)remove(path);
    if (config == NULL)
        print_error("%s\n", filled.bytes);
    assert_non_null(config);
    buffer_done(&filled);
    return config;
}

static void describe(const struct result *result, struct buffer *lines, struct buffer *addresses)
{
    assert_true(result->known);
    (void)buffer_append_format(addresses, "%s\n", result->address != NULL ? result->address : "");
    if (result->dry) {
        (void)buffer_append_format(lines, "%s %s\n", result->backup->name, result->command);
        return;
    }
    (void)buffer_append_format(lines, "%s %s %s %d ", result->backup->name, result->domain,
                               outcome_name(result->outcome), result->code);
    text_printable(lines, result->text, strlen(result->text));
    (void)buffer_append_text(lines, "\n");
}

static struct outcome_text run(struct store *store, struct sim *sim, const char *text,
                               const char *const *names, bool dry_run, bool retry)
{
    struct outcome_text outcome = {0};
    struct config *config = sim_config(sim, text);
    struct error error = {0};
    size_t name_count = 0;

    buffer_init(&outcome.lines, CONFIG_MAX);
    buffer_init(&outcome.wire, CONFIG_MAX);
    buffer_init(&outcome.addresses, CONFIG_MAX);
    while (names != NULL && names[name_count] != NULL)
        name_count++;
    answers = 0;
    struct loop *loop = loop_new(&error);
    assert_non_null(loop);
    struct recorder *recorder =
        recorder_new(&(struct recorder_options){.config = config,
                                                .store = store,
                                                .loop = loop,
                                                .offset = clock_local_offset_s,
                                                .patience_ms = 30});
    const struct round_options options = {
        .polling = {.config = config,
                    .loop = loop,
                    .stop = stop,
                    .dry_run = dry_run,
                    .force = strstr(text, "preflight") == NULL,
                    .observer = {.answered = answered, .wire = wire},
                    .context = &outcome,
                    .recorder = recorder},
        .selection = {names, name_count},
        .retry = retry,
    };
    struct round *round = NULL;
    if (selection_check(&options.selection, config, &error) != STATUS_OK) {
        (void)buffer_append_text(&outcome.lines, error.text);
        outcome.exit_status = -1;
    } else {
        round = round_new(&options);
        running = loop;
        began_ms = clock_monotonic_ms();
        set_alarm();
        round_run(round);
        const struct round_facts *facts = round_facts(round);
        for (size_t i = 0; i < facts->count; i++)
            describe(facts->results[i], &outcome.lines, &outcome.addresses);
        outcome.exit_status = facts->exit_status;
    }
    recorder_finish(recorder, STORE_PATIENCE_MS);
    round_free(round);
    recorder_free(recorder);
    loop_free(loop);
    config_free(config);
    stop_at = SIZE_MAX;
    stop_after_this_ms = INT64_MAX;
    return outcome;
}

struct outcome_text pull(struct sim *sim, const char *config, const char *const *names,
                         bool dry_run, bool retry)
{
    return run(NULL, sim, config, names, dry_run, retry);
}

struct outcome_text pull_into(struct store *store, struct sim *sim, const char *config, bool retry)
{
    return run(store, sim, config, NULL, false, retry);
}

void outcome_done(struct outcome_text *outcome)
{
    buffer_done(&outcome->lines);
    buffer_done(&outcome->wire);
    buffer_done(&outcome->addresses);
}

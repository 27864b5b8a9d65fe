/* Starts mxsim, writes configurations, runs rounds and puts their results into words that a table
 * can compare. */
#include "harness.h"
#include "../unit/unit.h"

#include <mxpull/base/text.h>
#include <mxpull/config/config.h>
#include <mxpull/platform/clock.h>

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

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
    pid_t process;
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

/* Starts mxsim with the reading end of one pipe and the writing end of the other one. */
static pid_t spawn(const int input[2], const int output[2], char *journal_path)
{
    char name[] = "mxsim", until_eof[] = "--until-eof", log[] = "--log", standard_input[] = "-";
    char *arguments[] = {name, until_eof, log, journal_path, standard_input, NULL};
    posix_spawn_file_actions_t actions;
    pid_t process = -1;

    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    (void)posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    (void)posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    (void)posix_spawn_file_actions_addclose(&actions, input[1]);
    (void)posix_spawn_file_actions_addclose(&actions, output[0]);
    assert_int_equal(posix_spawn(&process, MXSIM, &actions, NULL, arguments, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    return process;
}

struct sim *sim_start(const char *script)
{
    struct sim *sim = calloc(1, sizeof *sim);
    int input[2], output[2];

    assert_non_null(sim);
    buffer_init(&sim->journal, JOURNAL_MAX);
    (void)snprintf(sim->journal_path, sizeof sim->journal_path, "journal.%ld.%p", (long)getpid(),
                   (void *)sim);
    assert_int_equal(pipe(input), 0);
    assert_int_equal(pipe(output), 0);
    sim->process = spawn(input, output, sim->journal_path);
    (void)close(input[0]), (void)close(output[1]);
    sim->input = fdopen(input[1], "w");
    (void)fprintf(sim->input, "%s\nend\n", script);
    (void)fflush(sim->input);
    FILE *answers = fdopen(output[0], "r");
    read_servers(sim, answers);
    (void)fclose(answers);
    return sim;
}

void sim_stop(struct sim *sim)
{
    (void)fclose(sim->input);
    (void)waitpid(sim->process, NULL, 0);
    (void)unlink(sim->journal_path);
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
    for (int tries = 0; tries < 200 && strstr(sim_journal(sim), text) == NULL; tries++)
        (void)usleep(10000);
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
static void wake_by_alarm(int signal)
{
    (void)signal;
    loop_wake(running);
}

static void set_alarm(void)
{
    struct itimerval timer = {.it_value = {.tv_sec = stop_after_this_ms / 1000,
                                           .tv_usec = stop_after_this_ms % 1000 * 1000 + 1000}};

    if (stop_after_this_ms == INT64_MAX)
        return;
    (void)signal(SIGALRM, wake_by_alarm);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
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
        size_t plain = strcspn(config, "$%");

        (void)buffer_append(filled, config, plain);
        config += plain;
        if (*config == '\0')
            continue;
        bool as_options = *config++ == '$';
        size_t size = strspn(config, "abcdefghijklmnopqrstuvwxyz0123456789");
        const struct server *found = NULL;
        for (size_t i = 0; i < sim->server_count; i++) {
            if (text_equal_part(sim->servers[i].name, config, size))
                found = &sim->servers[i];
        }
        assert_non_null(found);
        (void)buffer_append_format(filled, as_options ? "host = \"%s\" port = %s" : "%s:%s",
                                   found->address, found->port);
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
    (void)snprintf(path, sizeof path, "config.%ld", (long)getpid());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(filled.bytes, 1, filled.size, file), filled.size);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_int_equal(fclose(file), 0);
    struct config *config = config_load(path, show_fault, NULL);
    (void)unlink(path);
    if (config == NULL)
        print_error("%s\n", filled.bytes);
    assert_non_null(config);
    buffer_done(&filled);
    return config;
}

static void describe(const struct result *result, struct buffer *lines)
{
    assert_true(result->known);
    if (result->dry) {
        (void)buffer_append_format(lines, "%s %s\n", result->backup->name, result->command);
        return;
    }
    (void)buffer_append_format(lines, "%s %s %s %d ", result->backup->name, result->domain,
                               outcome_name(result->outcome), result->code);
    text_printable(lines, result->text, strlen(result->text));
    (void)buffer_append_text(lines, "\n");
}

struct outcome_text pull(struct sim *sim, const char *text, const char *const *names, bool dry_run,
                         bool retry)
{
    struct outcome_text outcome = {0};
    struct config *config = sim_config(sim, text);
    struct error error = {0};
    size_t name_count = 0;

    buffer_init(&outcome.lines, CONFIG_MAX);
    buffer_init(&outcome.wire, CONFIG_MAX);
    while (names != NULL && names[name_count] != NULL)
        name_count++;
    answers = 0;
    struct loop *loop = loop_new(&error);
    assert_non_null(loop);
    struct round *round = round_new(
        &(struct round_options){
            .polling = {.config = config,
                        .loop = loop,
                        .stop = stop,
                        .dry_run = dry_run,
                        .force = strstr(text, "preflight") == NULL,
                        .observer = {.answered = answered, .wire = wire},
                        .context = &outcome},
            .choice = {names, name_count},
            .retry = retry,
        },
        &error);
    if (round == NULL) {
        (void)buffer_append_text(&outcome.lines, error.text);
        outcome.exit_status = -1;
    } else {
        running = loop;
        began_ms = clock_monotonic_ms();
        set_alarm();
        round_run(round);
        for (size_t i = 0; i < round_result_count(round); i++)
            describe(round_result(round, i), &outcome.lines);
        outcome.exit_status = round_exit_status(round);
    }
    round_free(round);
    loop_free(loop);
    config_free(config);
    stop_at = SIZE_MAX;
    stop_after_this_ms = INT64_MAX;
    return outcome;
}

void outcome_done(struct outcome_text *outcome)
{
    buffer_done(&outcome->lines);
    buffer_done(&outcome->wire);
}

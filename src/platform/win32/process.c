/* Commands that run beside us. A thread of the system's pool waits for the end of each and wakes the
 * loop. */
#include <mxpull/platform/process.h>

#include "command.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

enum {
    PIPE_SIZE = 8192,
    CHUNK_SIZE = 4096
};

struct process {
    struct command command;
    HANDLE waiting;
    HANDLE output; /* the end of the pipe that we read; NULL: there is none */
};

/* Written before a process is waited for, and read by the threads that wait. */
static struct {
    void (*wake)(void *context);
    void *context;
} watch;

static void CALLBACK on_end(void *context, BOOLEAN is_timeout)
{
    (void)context;
    (void)is_timeout;
    if (watch.wake != NULL)
        watch.wake(watch.context);
}

/* The length of NAME in "NAME=value". A name may begin with "=" ("=C:=C:\…"). */
static size_t name_length(const wchar_t *assignment)
{
    return *assignment == L'\0' ? 0 : 1 + wcscspn(assignment + 1, L"=");
}

static bool is_replaced(const wchar_t *assignment, wchar_t *const *assignments, size_t count)
{
    size_t length = name_length(assignment);

    for (size_t i = 0; i < count; i++) {
        if (name_length(assignments[i]) == length &&
            _wcsnicmp(assignment, assignments[i], length) == 0)
            return true;
    }
    return false;
}

static wchar_t *make_assignment(const struct process_variable *variable)
{
    wchar_t *name = win32_wide(variable->name), *value = win32_wide(variable->value);
    size_t name_size = wcslen(name), value_size = wcslen(value);
    wchar_t *assignment = memory_new(name_size + value_size + 2, sizeof *assignment);

    memcpy(assignment, name, name_size * sizeof *name);
    assignment[name_size] = L'=';
    memcpy(assignment + name_size + 1, value, value_size * sizeof *value);
    free(name);
    free(value);
    return assignment;
}

static wchar_t *add(wchar_t *end, const wchar_t *assignment)
{
    size_t size = wcslen(assignment) + 1;

    memcpy(end, assignment, size * sizeof *end);
    return end + size;
}

/* The variables given and ours, one behind the other, as the system takes them; the caller frees
 * it. */
static wchar_t *make_environment(const struct process_variable *variables, size_t count)
{
    wchar_t *ours = GetEnvironmentStringsW(), *environment, *end;
    wchar_t **given = memory_new(count + 1, sizeof(wchar_t *));
    size_t size = 2;

    for (size_t i = 0; i < count; i++) {
        given[i] = make_assignment(&variables[i]);
        size += wcslen(given[i]) + 1;
    }
    for (const wchar_t *at = ours; at != NULL && *at != L'\0'; at += wcslen(at) + 1)
        size += wcslen(at) + 1;
    end = environment = memory_new(size, sizeof *environment);
    for (size_t i = 0; i < count; i++)
        end = add(end, given[i]);
    for (const wchar_t *at = ours; at != NULL && *at != L'\0'; at += wcslen(at) + 1) {
        if (!is_replaced(at, given, count))
            end = add(end, at);
    }
    if (ours != NULL)
        (void)FreeEnvironmentStringsW(ours);
    for (size_t i = 0; i < count; i++)
        free(given[i]);
    free(given);
    return environment;
}

/* What it prints goes to output, and can be read from pipe, which is ours from now on; NULL, as
 * environment: as command_start has it. */
static enum status start(struct process **process, const char *command, HANDLE output, HANDLE pipe,
                         wchar_t *environment, void (*wake)(void *context), void *context,
                         struct error *error)
{
    struct process *started = memory_new(1, sizeof *started);
    enum status status = command_start(&started->command, command, output, environment, error);

    if (status != STATUS_OK) {
        if (pipe != NULL)
            (void)CloseHandle(pipe);
        free(started);
        return status;
    }
    started->output = pipe;
    watch.wake = wake;
    watch.context = context;
    if (!RegisterWaitForSingleObject(&started->waiting, started->command.process, on_end, NULL,
                                     INFINITE, WT_EXECUTEONLYONCE)) {
        status = error_set(error, STATUS_SYSTEM, "the command cannot be waited for: %s",
                           system_error_text(GetLastError()));
        started->waiting = NULL;
        process_free(started);
        return status;
    }
    *process = started;
    return STATUS_OK;
}

enum status process_start(struct process **process, const char *command,
                          const struct process_variable *variables, size_t count,
                          void (*wake)(void *context), void *context, struct error *error)
{
    wchar_t *environment = make_environment(variables, count);
    enum status status = start(process, command, NULL, NULL, environment, wake, context, error);

    free(environment);
    return status;
}

enum status process_start_captured(struct process **process, const char *command,
                                   void (*wake)(void *context), void *context, struct error *error)
{
    HANDLE reading = NULL, writing = NULL;

    if (!CreatePipe(&reading, &writing, NULL, PIPE_SIZE))
        return error_set(error, STATUS_SYSTEM, "the command cannot be run: %s",
                         system_error_text(GetLastError()));
    enum status status = start(process, command, writing, reading, NULL, wake, context, error);
    (void)CloseHandle(writing);
    return status;
}

enum status process_output(struct process *process, struct buffer *output, struct error *error)
{
    char chunk[CHUNK_SIZE];
    enum status status = STATUS_OK;
    DWORD held = 0, size = 0;

    while (
        status == STATUS_OK && PeekNamedPipe(process->output, NULL, 0, NULL, &held, NULL) &&
        held > 0 &&
        ReadFile(process->output, chunk, held < sizeof chunk ? held : sizeof chunk, &size, NULL) &&
        size > 0)
        status = buffer_append(output, chunk, size);
    memory_wipe(chunk, sizeof chunk); /* it may have held a secret */
    if (status != STATUS_OK)
        return error_set(error, STATUS_LIMIT, "the command printed more than %zu bytes",
                         output->limit);
    return STATUS_OK;
}

/* cmd.exe puts the value in before it looks for these; the percent sign is one to what it calls. */
bool process_shell_reads(char byte)
{
    return byte != '\0' && strchr("\"&|<>^%()!", byte) != NULL;
}

bool process_has_ended(struct process *process)
{
    return command_has_ended(&process->command, 0);
}

enum status process_judge(const struct process *process, struct error *error)
{
    DWORD exit_status = 1;

    (void)GetExitCodeProcess(process->command.process, &exit_status);
    if (exit_status != 0)
        return error_set(error, STATUS_SYSTEM, "the command failed with exit status %ld",
                         (long)exit_status);
    return STATUS_OK;
}

void process_free(struct process *process)
{
    if (process == NULL)
        return;
    /* INVALID_HANDLE_VALUE: on_end has returned, or will not be called any more. */
    if (process->waiting != NULL)
        (void)UnregisterWaitEx(process->waiting, INVALID_HANDLE_VALUE);
    if (!command_has_ended(&process->command, 0))
        command_kill(&process->command);
    command_done(&process->command);
    if (process->output != NULL)
        (void)CloseHandle(process->output);
    free(process);
}

/* One command run by the shell, its output read, its time bounded. */
#include <mxpull/platform/process.h>

#include "win32_command.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/signals.h>

/* TICK_MS: how often we look whether there is output, and whether the command has ended although
 * something that it left in the background still holds the pipe. */
enum {
    TICK_MS = 10,
    CHUNK_SIZE = 4096
};

/* Takes what the pipe holds now. */
static enum status drain(HANDLE pipe, struct buffer *output)
{
    char chunk[CHUNK_SIZE];
    enum status status = STATUS_OK;
    DWORD held = 0, size = 0;

    while (status == STATUS_OK && PeekNamedPipe(pipe, NULL, 0, NULL, &held, NULL) && held > 0 &&
           ReadFile(pipe, chunk, held < sizeof chunk ? held : sizeof chunk, &size, NULL) &&
           size > 0)
        status = buffer_append(output, chunk, size);
    memory_wipe(chunk, sizeof chunk); /* it may have held a secret */
    return status;
}

/* Reads until the command has ended. */
static enum status follow(const struct command *command, HANDLE pipe, int64_t timeout_ms,
                          struct buffer *output, struct error *error)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    bool ended = false;

    while (!ended) {
        if (signals_stop_requested())
            return error_set(error, STATUS_SYSTEM, "the command was given up: we are to end");
        if (clock_monotonic_ms() >= deadline)
            return error_set(error, STATUS_TIMEOUT, "the command took longer than %lld ms",
                             (long long)timeout_ms);
        ended = command_has_ended(command, TICK_MS);
        if (drain(pipe, output) != STATUS_OK)
            return error_set(error, STATUS_LIMIT, "the command printed more than %zu bytes",
                             output->limit);
    }
    return STATUS_OK;
}

static enum status judge(const struct command *command, struct error *error)
{
    DWORD exit_status = 1;

    (void)GetExitCodeProcess(command->process, &exit_status);
    if (exit_status != 0)
        return error_set(error, STATUS_SYSTEM, "the command failed with exit status %ld",
                         (long)exit_status);
    return STATUS_OK;
}

enum status process_capture(const char *command, int64_t timeout_ms, struct buffer *output,
                            struct error *error)
{
    struct command child;
    HANDLE reading = NULL, writing = NULL;
    enum status status;

    if (!CreatePipe(&reading, &writing, NULL, 0))
        return error_set(error, STATUS_SYSTEM, "the command cannot be run: %s",
                         win32_error_text(GetLastError()));
    status = command_start(&child, command, writing, NULL, error);
    (void)CloseHandle(writing);
    if (status == STATUS_OK) {
        status = follow(&child, reading, timeout_ms, output, error);
        if (status == STATUS_OK)
            status = judge(&child, error);
        else
            command_kill(&child);
        command_done(&child);
    }
    (void)CloseHandle(reading);
    return status;
}

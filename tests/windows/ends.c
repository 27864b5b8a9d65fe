/* Ends a program as happens to programs on Windows: by a person who presses Ctrl-C in its console, or by a kill (TerminateProcess), which is
 * also how a scheduled task ends.
 *
 *     ends ctrl-c|kill FILE PROGRAM ARGUMENT…
 *
 * The program, for Ctrl-C in a console of its own, is ended as soon as the file appears. Standard input, output and error are the
 * program's too, and so is the exit status (137: killed); the last line of the error output is "ends: after N ms". 99: it did not work, or
 * Ctrl-C was no help. Ctrl-Break is missing because wine 8 cannot press it, and the killing is done here because wine's server keeps sockets of
 * a program that was killed from outside. */
#include <windows.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum {
    POLL_MS = 5,
    START_TRIES = 5,
    START_PAUSE_MS = 200,
    FILE_WAIT_MS = 60000,
    END_WAIT_MS = 30000,
    KILLED = 137,
    FAILED = 99
};

/* The part of our own command line that is the program's: what stands behind the first three words, in which there are no spaces. */
static wchar_t *programs_line(void)
{
    wchar_t *at = GetCommandLineW();

    for (int word = 0; word < 3; word++) {
        at += wcscspn(at, L" \t");
        at += wcsspn(at, L" \t");
    }
    return at;
}

/* NULL when it cannot be started. */
static HANDLE start(bool in_console)
{
    STARTUPINFOW how = {.cb = sizeof how,
                        .dwFlags = STARTF_USESTDHANDLES,
                        .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
                        .hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE),
                        .hStdError = GetStdHandle(STD_ERROR_HANDLE)};
    PROCESS_INFORMATION started = {0};

    /* A console of its own: a Ctrl-C reaches nobody else, and under wine there may be none so far. */
    if (in_console)
        (void)FreeConsole();
    if (in_console && !AllocConsole())
        return NULL;
    /* On a busy machine wine fails to start a program by an internal error now and then. */
    for (int left = START_TRIES;; left--) {
        if (CreateProcessW(NULL, programs_line(), NULL, NULL, TRUE, 0, NULL, NULL, &how, &started))
            break;
        if (left == 1 || GetLastError() != ERROR_INTERNAL_ERROR)
            return NULL;
        Sleep(START_PAUSE_MS);
    }
    (void)CloseHandle(started.hThread);
    return started.hProcess;
}

/* False when the program has ended before, or the file does not come. */
static bool wait_for_file(const char *path, HANDLE process)
{
    for (int waited_ms = 0; waited_ms < FILE_WAIT_MS; waited_ms += POLL_MS) {
        if (GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES)
            return true;
        if (WaitForSingleObject(process, POLL_MS) == WAIT_OBJECT_0)
            return false;
    }
    return false;
}

static int fail(const char *what, HANDLE process)
{
    (void)fprintf(stderr, "ends: %s: error %lu\n", what, GetLastError());
    if (process != NULL)
        (void)TerminateProcess(process, FAILED);
    return FAILED;
}

static bool end(HANDLE process, bool by_kill)
{
    return by_kill ? TerminateProcess(process, KILLED) : GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
}

int main(int argc, char **argv)
{
    HANDLE process;
    bool by_kill;
    ULONGLONG begin_ms;
    DWORD status = FAILED;

    if (argc < 4)
        return fail("ends ctrl-c|kill FILE PROGRAM ARGUMENT...", NULL);
    by_kill = strcmp(argv[1], "kill") == 0;
    process = start(!by_kill);
    if (process == NULL)
        return fail("the program cannot be started", NULL);
    /* Only now, for a program that is started inherits it. */
    (void)SetConsoleCtrlHandler(NULL, TRUE);
    if (!wait_for_file(argv[2], process))
        return fail("no file, or the program has ended before", process);
    begin_ms = GetTickCount64();
    if (!end(process, by_kill))
        return fail("it cannot be ended so", process);
    if (WaitForSingleObject(process, END_WAIT_MS) != WAIT_OBJECT_0)
        return fail("the program does not end", process);
    (void)GetExitCodeProcess(process, &status);
    (void)fprintf(stderr, "ends: after %llu ms\n",
                  (unsigned long long)(GetTickCount64() - begin_ms));
    return (int)status;
}

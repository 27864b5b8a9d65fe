/* Commands that run beside us: each by cmd.exe, with all that it starts in one job, so that it can be ended as a
 * whole. It has no standard input, and a console of its own that nobody sees, so that Ctrl-C does not reach it. A
 * thread of the system's pool waits for the end of each and wakes the loop. */
#include "system.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/process.h>

#include <stdlib.h>
#include <string.h>

/* KILLED_WAIT_MS: one that was killed ends at once, unless it hangs in the system. ENDED:
 * WAIT_OBJECT_0, whose definition falls to WIN32_NO_STATUS. COMMAND_SIZE_MAX: what the system takes. */
enum {
    ENDED = 0,
    COMMAND_SIZE_MAX = 32 * 1024,
    KILLED_WAIT_MS = 1000,
    KILLED_STATUS = 1,
    PIPE_SIZE = 8192
};

struct process {
    HANDLE handle; /* of cmd.exe */
    HANDLE job;
    HANDLE waiting;
    HANDLE output; /* the end of the pipe that we read; NULL: there is none */
};

/* The handles that it inherits, and no others: its standard input, output and error. */
struct inherited {
    HANDLE list[3];
    LPPROC_THREAD_ATTRIBUTE_LIST attributes;
};

static enum status fail(struct error *error, DWORD number)
{
    return error_set(error, STATUS_SYSTEM, "the command cannot be run: %s",
                     system_error_text(number));
}

/* ---- its start ---- */

static HANDLE inheritable(HANDLE handle)
{
    HANDLE copy = NULL, self = GetCurrentProcess();

    if (handle == NULL || handle == INVALID_HANDLE_VALUE ||
        !DuplicateHandle(self, handle, self, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS))
        return NULL;
    return copy;
}

static HANDLE open_nothing(void)
{
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes, .bInheritHandle = TRUE};
    HANDLE nothing =
        CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                    &attributes, OPEN_EXISTING, 0, NULL);

    return nothing != INVALID_HANDLE_VALUE ? nothing : NULL;
}

/* output NULL: our standard error, where its own always goes. False with GetLastError set. */
static bool open_inherited(struct inherited *inherited, HANDLE output)
{
    HANDLE *list = inherited->list;
    SIZE_T size = 0;

    list[0] = open_nothing();
    list[2] = inheritable(GetStdHandle(STD_ERROR_HANDLE));
    if (list[2] == NULL)
        list[2] = open_nothing();
    list[1] = inheritable(output != NULL ? output : list[2]);
    (void)InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    inherited->attributes = memory_new(size, 1);
    return InitializeProcThreadAttributeList(inherited->attributes, 1, 0, &size) &&
           list[0] != NULL && list[1] != NULL && list[2] != NULL &&
           UpdateProcThreadAttribute(inherited->attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                     list, sizeof inherited->list, NULL, NULL);
}

static void close_inherited(struct inherited *inherited)
{
    for (size_t i = 0; i < COUNT_OF(inherited->list); i++) {
        if (inherited->list[i] != NULL)
            (void)CloseHandle(inherited->list[i]);
    }
    if (inherited->attributes != NULL)
        DeleteProcThreadAttributeList(inherited->attributes);
    free(inherited->attributes);
}

static void set_kill_on_close(HANDLE job, bool wanted)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};

    limits.BasicLimitInformation.LimitFlags = wanted ? JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE : 0;
    (void)SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
}

/* A command takes our environment over, and Windows knows each name once, in capitals or not: so ours holds the
 * variables while the command is started. */
static void set_variables(const struct process_variable *variables, size_t count, bool is_wanted)
{
    for (size_t i = 0; i < count; i++) {
        wchar_t *name = win32_wide(variables[i].name);
        wchar_t *value = is_wanted ? win32_wide(variables[i].value) : NULL;

        (void)SetEnvironmentVariableW(name, value);
        free(value);
        free(name);
    }
}

/* The shell's own path: one that is only called cmd.exe would be looked for in our directory first. */
static wchar_t *shell_path(void)
{
    static const wchar_t name[] = L"\\cmd.exe";
    UINT size = GetSystemDirectoryW(NULL, 0);
    wchar_t *path = memory_new((size_t)size + COUNT_OF(name), sizeof *path);

    (void)GetSystemDirectoryW(path, size);
    memcpy(path + wcslen(path), name, sizeof name);
    return path;
}

/* It runs only when it is in its job: it could have started something before. */
static bool run_shell(struct process *process, wchar_t *line, const struct inherited *inherited)
{
    STARTUPINFOEXW how = {
        .StartupInfo = {.cb = sizeof how,
                        .dwFlags = STARTF_USESTDHANDLES,
                        .hStdInput = inherited->list[0],
                        .hStdOutput = inherited->list[1],
                        .hStdError = inherited->list[2]},
        .lpAttributeList = inherited->attributes,
    };
    PROCESS_INFORMATION started = {0};
    wchar_t *shell = shell_path();
    BOOL is_started =
        CreateProcessW(shell, line, NULL, NULL, TRUE,
                       CREATE_SUSPENDED | CREATE_NO_WINDOW | EXTENDED_STARTUPINFO_PRESENT, NULL,
                       NULL, &how.StartupInfo, &started);

    free(shell);
    if (!is_started)
        return false;
    if (!AssignProcessToJobObject(process->job, started.hProcess)) {
        DWORD number = GetLastError();

        (void)TerminateProcess(started.hProcess, KILLED_STATUS);
        (void)CloseHandle(started.hThread);
        (void)CloseHandle(started.hProcess);
        SetLastError(number);
        return false;
    }
    (void)ResumeThread(started.hThread);
    (void)CloseHandle(started.hThread);
    process->handle = started.hProcess;
    return true;
}

static void CALLBACK on_end(void *context, BOOLEAN is_timeout)
{
    (void)context;
    (void)is_timeout;
    system_wake();
}

/* On failure process is to be freed. */
static enum status start_in_job(struct process *process, wchar_t *line, HANDLE output,
                                struct error *error)
{
    struct inherited inherited = {0};
    enum status status = STATUS_OK;

    process->job = CreateJobObjectW(NULL, NULL);
    if (process->job != NULL)
        set_kill_on_close(process->job, true);
    if (process->job == NULL || !open_inherited(&inherited, output) ||
        !run_shell(process, line, &inherited))
        status = fail(error, GetLastError());
    else if (!RegisterWaitForSingleObject(&process->waiting, process->handle, on_end, NULL,
                                          INFINITE, WT_EXECUTEONLYONCE)) {
        status = error_set(error, STATUS_SYSTEM, "the command cannot be waited for: %s",
                           system_error_text(GetLastError()));
        process->waiting = NULL;
    }
    close_inherited(&inherited);
    return status;
}

enum status process_start(struct process **process, const char *command,
                          const struct process_variable *variables, size_t count, bool is_captured,
                          struct error *error)
{
    struct process *started = memory_new(1, sizeof *started);
    /* /d: nothing that the registry names is run first; /s: the outer quotes are taken off, and nothing else. */
    char *words = memory_format("cmd.exe /d /s /c \"%s\"", command);
    wchar_t *line = win32_wide(words);
    HANDLE writing = NULL;
    enum status status;

    set_variables(variables, count, true);
    if (wcslen(line) >= COMMAND_SIZE_MAX)
        status = error_set(error, STATUS_SYSTEM, "the command cannot be run: it is too long");
    else if (is_captured && !CreatePipe(&started->output, &writing, NULL, PIPE_SIZE))
        status = fail(error, GetLastError());
    else
        status = start_in_job(started, line, writing, error);
    set_variables(variables, count, false);
    if (writing != NULL)
        (void)CloseHandle(writing);
    memory_wipe(line, wcslen(line) * sizeof *line);
    free(line);
    memory_free_secret(words);
    if (status == STATUS_OK)
        *process = started;
    else
        process_free(started);
    return status;
}

/* ---- while it runs, and its end ---- */

size_t process_read(struct process *process, char *bytes, size_t size, bool *is_closed)
{
    DWORD held = 0, taken = 0;

    *is_closed = !PeekNamedPipe(process->output, NULL, 0, NULL, &held, NULL);
    if (*is_closed || held == 0)
        return 0;
    *is_closed = !ReadFile(process->output, bytes, held < size ? held : (DWORD)size, &taken, NULL);
    return taken;
}

intptr_t process_descriptor(const struct process *process)
{
    (void)process;
    return -1;
}

/* cmd.exe puts the value in before it looks for these; the percent sign is one to what it calls. */
bool process_shell_reads(char byte)
{
    return byte != '\0' && strchr("\"&|<>^%()!", byte) != NULL;
}

static bool has_ended(const struct process *process, DWORD wait_ms)
{
    return WaitForSingleObject(process->handle, wait_ms) == ENDED;
}

bool process_has_ended(struct process *process)
{
    return has_ended(process, 0);
}

enum status process_judge(const struct process *process, struct error *error)
{
    DWORD exit_status = 1;

    (void)GetExitCodeProcess(process->handle, &exit_status);
    if (exit_status != 0)
        return error_set(error, STATUS_SYSTEM, "the command failed with exit status %ld",
                         (long)exit_status);
    return STATUS_OK;
}

/* Its start may have failed half-way. */
void process_free(struct process *process)
{
    if (process == NULL)
        return;
    /* INVALID_HANDLE_VALUE: on_end has returned, or will not be called any more. */
    if (process->waiting != NULL)
        (void)UnregisterWaitEx(process->waiting, INVALID_HANDLE_VALUE);
    if (process->handle != NULL && !has_ended(process, 0)) {
        (void)TerminateJobObject(process->job, KILLED_STATUS);
        (void)has_ended(process, KILLED_WAIT_MS);
    }
    if (process->job != NULL) {
        set_kill_on_close(process->job, false); /* what it has left running goes on */
        (void)CloseHandle(process->job);
    }
    if (process->handle != NULL)
        (void)CloseHandle(process->handle);
    if (process->output != NULL)
        (void)CloseHandle(process->output);
    free(process);
}

#include "command.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

/* KILLED_WAIT_MS: one that was killed ends at once, unless it hangs in the system. ENDED:
 * WAIT_OBJECT_0, whose definition falls to WIN32_NO_STATUS. */
enum {
    ENDED = 0,
    COMMAND_SIZE_MAX = 32 * 1024,
    KILLED_WAIT_MS = 1000,
    KILLED_STATUS = 1
};

/* The handles that it inherits, and no others. */
struct inherited {
    HANDLE input, output, errors;
    HANDLE list[3];
    size_t count;
    LPPROC_THREAD_ATTRIBUTE_LIST attributes;
};

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

static void add_inherited(struct inherited *inherited, HANDLE handle)
{
    if (handle != NULL)
        inherited->list[inherited->count++] = handle;
}

/* False with GetLastError set. */
static bool open_inherited(struct inherited *inherited, HANDLE output)
{
    SIZE_T size = 0;

    inherited->input = open_nothing();
    inherited->errors = inheritable(GetStdHandle(STD_ERROR_HANDLE));
    if (inherited->errors == NULL)
        inherited->errors = open_nothing();
    inherited->output = inheritable(output != NULL ? output : inherited->errors);
    add_inherited(inherited, inherited->input);
    add_inherited(inherited, inherited->output);
    add_inherited(inherited, inherited->errors);

    (void)InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    inherited->attributes = memory_new(size, 1);
    return InitializeProcThreadAttributeList(inherited->attributes, 1, 0, &size) &&
           UpdateProcThreadAttribute(inherited->attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                     inherited->list, inherited->count * sizeof inherited->list[0],
                                     NULL, NULL);
}

static void close_inherited(struct inherited *inherited)
{
    for (size_t i = 0; i < inherited->count; i++)
        (void)CloseHandle(inherited->list[i]);
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

/* /d: nothing that the registry names is run first; /s: the outer quotes are taken off, and nothing
 * else is touched. */
static enum status make_line(wchar_t **line, const char *text, struct error *error)
{
    struct buffer words;
    enum status status;

    buffer_init(&words, COMMAND_SIZE_MAX);
    status = buffer_append_format(&words, "cmd.exe /d /s /c \"%s\"", text);
    if (status == STATUS_OK)
        *line = win32_wide(words.bytes);
    else
        (void)error_set(error, STATUS_SYSTEM, "the command cannot be run: it is too long");
    memory_wipe(words.bytes, words.capacity);
    buffer_done(&words);
    return status == STATUS_OK ? STATUS_OK : STATUS_SYSTEM;
}

/* It runs only when it is in its job: it could have started something before. */
static bool start(struct command *command, wchar_t *line, const struct inherited *inherited,
                  wchar_t *environment)
{
    STARTUPINFOEXW how = {
        .StartupInfo = {.cb = sizeof how,
                        .dwFlags = STARTF_USESTDHANDLES,
                        .hStdInput = inherited->input,
                        .hStdOutput = inherited->output,
                        .hStdError = inherited->errors},
        .lpAttributeList = inherited->attributes,
    };
    PROCESS_INFORMATION started = {0};
    wchar_t *shell = shell_path();
    BOOL is_started = CreateProcessW(shell, line, NULL, NULL, TRUE,
                                     CREATE_SUSPENDED | CREATE_NO_WINDOW |
                                         CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT,
                                     environment, NULL, &how.StartupInfo, &started);

    free(shell);
    if (!is_started)
        return false;
    if (!AssignProcessToJobObject(command->job, started.hProcess)) {
        DWORD number = GetLastError();

        (void)TerminateProcess(started.hProcess, KILLED_STATUS);
        (void)CloseHandle(started.hThread);
        (void)CloseHandle(started.hProcess);
        SetLastError(number);
        return false;
    }
    (void)ResumeThread(started.hThread);
    (void)CloseHandle(started.hThread);
    command->process = started.hProcess;
    return true;
}

enum status command_start(struct command *command, const char *text, HANDLE output,
                          wchar_t *environment, struct error *error)
{
    struct inherited inherited = {0};
    wchar_t *line = NULL;
    enum status status = make_line(&line, text, error);

    if (status != STATUS_OK)
        return status;
    command->job = CreateJobObjectW(NULL, NULL);
    if (command->job != NULL)
        set_kill_on_close(command->job, true);
    if (command->job == NULL || !open_inherited(&inherited, output) ||
        !start(command, line, &inherited, environment)) {
        status = error_set(error, STATUS_SYSTEM, "the command cannot be run: %s",
                           system_error_text(GetLastError()));
        if (command->job != NULL)
            (void)CloseHandle(command->job);
    }
    close_inherited(&inherited);
    memory_wipe(line, wcslen(line) * sizeof *line);
    free(line);
    return status;
}

bool command_has_ended(const struct command *command, DWORD wait_ms)
{
    return WaitForSingleObject(command->process, wait_ms) == ENDED;
}

void command_kill(const struct command *command)
{
    (void)TerminateJobObject(command->job, KILLED_STATUS);
    (void)command_has_ended(command, KILLED_WAIT_MS);
}

void command_done(struct command *command)
{
    set_kill_on_close(command->job, false);
    (void)CloseHandle(command->job);
    (void)CloseHandle(command->process);
}

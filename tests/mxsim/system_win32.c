/* Clock, events of the console, directories: what Windows has for them. */
#include "system.h"

#include "socket.h"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <io.h>
#include <process.h>
#include <stdio.h>
#include <string.h>

int64_t system_now_us(void)
{
    LARGE_INTEGER per_second, now;

    (void)QueryPerformanceFrequency(&per_second);
    (void)QueryPerformanceCounter(&now);
    return now.QuadPart / per_second.QuadPart * 1000000 +
           now.QuadPart % per_second.QuadPart * 1000000 / per_second.QuadPart;
}

/* A socket that becomes readable when a byte is sent to it, by itself. */
static SOCKET make_bell(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int size = sizeof address;
    SOCKET bell = socket(AF_INET, SOCK_DGRAM, 0);

    if (bell == INVALID_SOCKET || bind(bell, (struct sockaddr *)&address, size) != 0 ||
        getsockname(bell, (struct sockaddr *)&address, &size) != 0 ||
        connect(bell, (struct sockaddr *)&address, size) != 0)
        return INVALID_SOCKET;
    return bell;
}

static SOCKET stop_bell = INVALID_SOCKET, input_bell = INVALID_SOCKET;

static BOOL WINAPI stop(DWORD event)
{
    (void)event;
    (void)send(stop_bell, "", 1, 0);
    return TRUE;
}

intptr_t system_stop_signals(void)
{
    stop_bell = make_bell();
    (void)SetConsoleCtrlHandler(stop, TRUE);
    return (intptr_t)stop_bell;
}

/* A pipe cannot be waited for together with sockets: a thread waits for it. */
static unsigned __stdcall watch_input(void *context)
{
    HANDLE input = context;
    char bytes[4096];
    DWORD size;

    while (ReadFile(input, bytes, sizeof bytes, &size, NULL) && size > 0)
        continue;
    (void)send(input_bell, "", 1, 0);
    return 0;
}

intptr_t system_input(void)
{
    uintptr_t thread;

    input_bell = make_bell();
    thread = _beginthreadex(NULL, 0, watch_input, GetStdHandle(STD_INPUT_HANDLE), 0, NULL);
    if (thread != 0)
        (void)CloseHandle((HANDLE)thread);
    return (intptr_t)input_bell;
}

/* The bell rings at the end alone. */
bool system_input_ended(void)
{
    return true;
}

bool system_list(const char *directory, const char *suffix,
                 void (*found)(void *context, const char *name), void *context)
{
    char pattern[1024];
    struct _finddata_t entry;
    size_t suffix_size = strlen(suffix);

    (void)snprintf(pattern, sizeof pattern, "%s/*", directory);
    intptr_t search = _findfirst(pattern, &entry);
    if (search == -1)
        return false;
    do {
        size_t size = strlen(entry.name);
        if (size > suffix_size && strcmp(entry.name + size - suffix_size, suffix) == 0)
            found(context, entry.name);
    } while (_findnext(search, &entry) == 0);
    (void)_findclose(search);
    return true;
}

bool system_make_directory(const char *path)
{
    DWORD attributes;

    if (CreateDirectoryA(path, NULL))
        return true;
    attributes = GetFileAttributesA(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

bool system_rename(const char *from, const char *to)
{
    return MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING) != 0;
}

long system_process_id(void)
{
    return (long)GetCurrentProcessId();
}

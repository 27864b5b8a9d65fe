#include "support_win32.h"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <aclapi.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <sddl.h>
#include <stdlib.h>
#include <string.h>

static void demand(bool held, const char *what)
{
    if (held)
        return;
    (void)fprintf(stderr, "support: %s: error %lu\n", what, (unsigned long)GetLastError());
    exit(1);
}

static const wchar_t *wide(const char *text)
{
    static wchar_t texts[4][4 * SUPPORT_PATH_SIZE];
    static size_t next;
    wchar_t *target = texts[next++ % 4];

    demand(MultiByteToWideChar(CP_UTF8, 0, text, -1, target, 4 * SUPPORT_PATH_SIZE) > 0, text);
    return target;
}

/* The C library keeps the environment twice, and puts a variable out at its name alone. */
void support_set_variable(const char *name, const char *value)
{
    char assignment[1024];

    (void)snprintf(assignment, sizeof assignment, "%s=%s", name, value != NULL ? value : "");
    demand(_putenv(assignment) == 0, "putenv");
    if (value == NULL || *value == '\0')
        (void)SetEnvironmentVariableW(wide(name), value != NULL ? L"" : NULL);
}

unsigned long support_process_id(void)
{
    return GetCurrentProcessId();
}

void support_sleep_ms(int64_t ms)
{
    Sleep((DWORD)ms);
}

static void (*later)(void);

static void CALLBACK call_later(void *context, BOOLEAN is_timer)
{
    (void)context;
    (void)is_timer;
    later();
}

void support_call_later(int64_t ms, void (*call)(void))
{
    static HANDLE timer;

    if (timer != NULL)
        (void)DeleteTimerQueueTimer(NULL, timer, INVALID_HANDLE_VALUE);
    later = call;
    demand(CreateTimerQueueTimer(&timer, NULL, call_later, NULL, (DWORD)ms, 0,
                                 WT_EXECUTEONLYONCE) != 0,
           "timer");
}

/* Files */

void support_make_directory(char path[SUPPORT_PATH_SIZE])
{
    static unsigned count;
    char base[SUPPORT_PATH_SIZE];

    demand(GetTempPathA(sizeof base, base) > 0, "GetTempPath");
    for (char *at = base; (at = strchr(at, '\\')) != NULL;) /* an escape between double quotes */
        *at = '/';
    do
        (void)snprintf(path, SUPPORT_PATH_SIZE, "%smxpull-test-%lu-%u", base,
                       (unsigned long)GetCurrentProcessId(), count++);
    while (!CreateDirectoryW(wide(path), NULL) && GetLastError() == ERROR_ALREADY_EXISTS);
    demand(GetFileAttributesW(wide(path)) != INVALID_FILE_ATTRIBUTES, path);
}

/* Who was started in it, and wine's console for him, may be a moment behind us. */
static bool remove_empty(const char *path)
{
    enum {
        TRIES = 200,
        PAUSE_MS = 25
    };

    for (int i = 0; i < TRIES; i++) {
        if (RemoveDirectoryW(wide(path)))
            return true;
        if (GetLastError() != ERROR_SHARING_VIOLATION)
            return false;
        Sleep(PAUSE_MS);
    }
    return false;
}

bool support_remove_directory(const char *path)
{
    char inside[2 * SUPPORT_PATH_SIZE];
    WIN32_FIND_DATAW entry;

    (void)snprintf(inside, sizeof inside, "%s/*", path);
    HANDLE search = FindFirstFileW(wide(inside), &entry);
    for (bool more = search != INVALID_HANDLE_VALUE; more;
         more = FindNextFileW(search, &entry) != 0) {
        char name[SUPPORT_PATH_SIZE];

        (void)WideCharToMultiByte(CP_UTF8, 0, entry.cFileName, -1, name, sizeof name, NULL, NULL);
        (void)snprintf(inside, sizeof inside, "%s/%s", path, name);
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if ((entry.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
            (void)support_remove_directory(inside);
        else
            (void)DeleteFileW(wide(inside));
    }
    if (search != INVALID_HANDLE_VALUE)
        (void)FindClose(search);
    if (remove_empty(path))
        return true;
    (void)fprintf(stderr, "support: %s: error %lu\n", path, (unsigned long)GetLastError());
    return false;
}

void support_empty_directory(const char *path)
{
    if (GetFileAttributesW(wide(path)) != INVALID_FILE_ATTRIBUTES)
        (void)support_remove_directory(path);
    demand(CreateDirectoryW(wide(path), NULL) != 0, path);
}

/* Our own account as "S-1-…", to be given back with LocalFree. */
static wchar_t *own_sid(void)
{
    union {
        TOKEN_USER user;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } facts;
    HANDLE token;
    DWORD size;
    wchar_t *text = NULL;

    demand(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) &&
               GetTokenInformation(token, TokenUser, &facts, sizeof facts, &size) &&
               ConvertSidToStringSidW(facts.user.User.Sid, &text),
           "token");
    (void)CloseHandle(token);
    return text;
}

/* Gives it the access list in these words. */
static void set_list(const char *path, const wchar_t *text)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;

    demand(ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &descriptor,
                                                                NULL) &&
               SetFileSecurityW(wide(path), DACL_SECURITY_INFORMATION, descriptor),
           path);
    (void)LocalFree(descriptor);
}

void support_set_mode(const char *path, unsigned mode)
{
    wchar_t *self = own_sid(), text[SUPPORT_PATH_SIZE];

    (void)wcscpy(text, L"D:P(A;;FA;;;SY)(A;;FA;;;");
    (void)wcscat(text, self);
    (void)wcscat(text, (mode & 022) != 0   ? L")(A;;FA;;;WD)"
                       : (mode & 077) != 0 ? L")(A;;FR;;;WD)"
                                           : L")");
    set_list(path, text);
    (void)LocalFree(self);
}

unsigned support_set_mask(unsigned mask)
{
    return mask;
}

bool support_is_wine(void)
{
    HMODULE system = GetModuleHandleA("ntdll.dll");

    return system != NULL && GetProcAddress(system, "wine_get_version") != NULL;
}

/* wine lets a new file inherit nothing from its directory, so that one stands for it there. */
bool support_is_private(const char *path)
{
    static const wchar_t *const others[] = {L";WD)", L";BU)", L";AU)"}; /* everybody; the users */
    PSECURITY_DESCRIPTOR descriptor = NULL;
    wchar_t *list = NULL, asked[SUPPORT_PATH_SIZE];
    DWORD attributes = GetFileAttributesW(wcscpy(asked, wide(path)));
    bool is_private = true;

    demand(attributes != INVALID_FILE_ATTRIBUTES, path);
    if (support_is_wine() && (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0)
        (void)wcscat(asked, L"/..");
    demand(GetNamedSecurityInfoW(asked, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, NULL,
                                 NULL, &descriptor) == ERROR_SUCCESS &&
               ConvertSecurityDescriptorToStringSecurityDescriptorW(
                   descriptor, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &list, NULL),
           path);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        is_private = is_private && wcsstr(list, others[i]) == NULL;
    (void)LocalFree(list);
    (void)LocalFree(descriptor);
    return is_private;
}

/* For wine the list is a mode, and it mostly runs as root. */
bool support_while_read_only(const char *path, void (*call)(void *context), void *context)
{
    wchar_t *self, text[SUPPORT_PATH_SIZE];

    if (support_is_wine())
        return false;
    self = own_sid();
    (void)wcscpy(text, L"D:P(A;OICI;FRFX;;;");
    (void)wcscat(text, self);
    (void)wcscat(text, L")");
    set_list(path, text);
    call(context);
    (void)wcscpy(text, L"D:P(A;OICI;FA;;;");
    (void)wcscat(text, self);
    (void)wcscat(text, L")");
    set_list(path, text);
    (void)LocalFree(self);
    return true;
}

const char *support_refusal_text(enum support_refusal refusal)
{
    static const DWORD numbers[] = {
        [SUPPORT_ACCESS_DENIED] = ERROR_ACCESS_DENIED,
        [SUPPORT_NOT_A_DIRECTORY] = ERROR_DIRECTORY,
        [SUPPORT_HELD] = ERROR_SHARING_VIOLATION,
    };
    static char text[SUPPORT_PATH_SIZE];
    DWORD size = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                                    FORMAT_MESSAGE_MAX_WIDTH_MASK,
                                NULL, numbers[refusal], 0, text, sizeof text, NULL);

    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '.'))
        text[--size] = '\0';
    demand(size > 0, "FormatMessage");
    return text;
}

/* Whoever opens it first may share it with nobody. */
void support_while_unreadable(const char *path, void (*call)(void *context), void *context)
{
    HANDLE held = CreateFileW(wide(path), GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);

    demand(held != INVALID_HANDLE_VALUE, path);
    call(context);
    (void)CloseHandle(held);
}

/* Sockets */

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static SOCKET new_socket(void)
{
    static WSADATA facts;

    if (facts.wVersion == 0)
        demand(WSAStartup(MAKEWORD(2, 2), &facts) == 0, "WSAStartup");
    SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
    demand(made != INVALID_SOCKET, "socket");
    (void)SetHandleInformation((HANDLE)made, HANDLE_FLAG_INHERIT, 0);
    return made;
}

intptr_t support_listen(int *port, int backlog)
{
    struct sockaddr_in address = loopback(0);
    int size = sizeof address;
    SOCKET listener = new_socket();

    demand(bind(listener, (struct sockaddr *)&address, size) == 0 &&
               listen(listener, backlog) == 0 &&
               getsockname(listener, (struct sockaddr *)&address, &size) == 0,
           "listen");
    *port = ntohs(address.sin_port);
    return (intptr_t)listener;
}

intptr_t support_connect(int port)
{
    struct sockaddr_in address = loopback(port);
    SOCKET target = new_socket();

    if (connect(target, (struct sockaddr *)&address, sizeof address) == 0)
        return (intptr_t)target;
    (void)closesocket(target);
    return SUPPORT_NO_SOCKET;
}

intptr_t support_begin_connect(int port)
{
    struct sockaddr_in address = loopback(port);
    SOCKET target = new_socket();
    u_long on = 1;

    (void)ioctlsocket(target, (long)FIONBIO, &on);
    (void)connect(target, (struct sockaddr *)&address, sizeof address);
    return (intptr_t)target;
}

long support_receive(intptr_t socket, void *bytes, size_t size)
{
    return recv((SOCKET)socket, bytes, (int)size, 0);
}

bool support_send(intptr_t socket, const void *bytes, size_t size)
{
    return send((SOCKET)socket, bytes, (int)size, 0) == (int)size;
}

void support_close(intptr_t socket)
{
    if (socket != SUPPORT_NO_SOCKET)
        (void)closesocket((SOCKET)socket);
}

void support_relay(intptr_t a, intptr_t b)
{
    enum {
        PATIENCE_S = 10,
        CHUNK = 4096
    };
    SOCKET ends[2] = {(SOCKET)a, (SOCKET)b};
    char bytes[CHUNK];

    for (;;) {
        fd_set readable = {.fd_count = 2, .fd_array = {ends[0], ends[1]}};
        struct timeval patience = {.tv_sec = PATIENCE_S};

        if (select(0, &readable, NULL, NULL, &patience) <= 0)
            return;
        for (unsigned i = 0; i < readable.fd_count; i++) {
            SOCKET from = readable.fd_array[i], to = from == ends[0] ? ends[1] : ends[0];
            long size = support_receive((intptr_t)from, bytes, CHUNK);

            if (size <= 0 || !support_send((intptr_t)to, bytes, (size_t)size))
                return;
        }
    }
}

intptr_t support_bind(int *port)
{
    struct sockaddr_in address = loopback(*port);
    int size = sizeof address;
    SOCKET bound = socket(AF_INET, SOCK_DGRAM, 0);

    demand(bind(bound, (struct sockaddr *)&address, size) == 0 &&
               getsockname(bound, (struct sockaddr *)&address, &size) == 0,
           "bind");
    *port = ntohs(address.sin_port);
    return (intptr_t)bound;
}

void support_send_to(intptr_t socket, int port, const void *bytes, size_t size)
{
    struct sockaddr_in address = loopback(port);

    (void)sendto((SOCKET)socket, bytes, (int)size, 0, (struct sockaddr *)&address, sizeof address);
}

struct support_server {
    intptr_t listener;
    void (*serve)(intptr_t client);
    void (*serve_datagram)(intptr_t socket, int port, const unsigned char *bytes, size_t size);
    HANDLE thread;
};

static unsigned __stdcall run_server(void *context)
{
    struct support_server *server = context;
    SOCKET client;

    while ((client = accept((SOCKET)server->listener, NULL, NULL)) != INVALID_SOCKET) {
        server->serve((intptr_t)client);
        (void)closesocket(client);
    }
    return 0;
}

static unsigned __stdcall run_datagram_server(void *context)
{
    struct support_server *server = context;

    for (;;) {
        char bytes[4096];
        struct sockaddr_in peer = {0};
        int peer_size = sizeof peer;
        int size = recvfrom((SOCKET)server->listener, bytes, (int)sizeof bytes, 0,
                            (struct sockaddr *)&peer, &peer_size);

        if (size >= 0)
            server->serve_datagram(server->listener, ntohs(peer.sin_port),
                                   (const unsigned char *)bytes, (size_t)size);
        else if (WSAGetLastError() != WSAECONNRESET) /* of an answer that nobody took */
            return 0;
    }
}

static struct support_server *start_server(const struct support_server *form,
                                           unsigned(__stdcall *run)(void *context))
{
    struct support_server *server = calloc(1, sizeof *server);

    demand(server != NULL, "calloc");
    *server = *form;
    server->thread = (HANDLE)_beginthreadex(NULL, 0, run, server, 0, NULL);
    demand(server->thread != NULL, "thread");
    return server;
}

struct support_server *support_serve(intptr_t listener, void (*serve)(intptr_t client))
{
    return start_server(&(struct support_server){.listener = listener, .serve = serve}, run_server);
}

struct support_server *
support_serve_datagrams(intptr_t socket, void (*serve)(intptr_t socket, int port,
                                                       const unsigned char *bytes, size_t size))
{
    return start_server(&(struct support_server){.listener = socket, .serve_datagram = serve},
                        run_datagram_server);
}

void support_end_server(struct support_server *server)
{
    support_close(server->listener);
    (void)WaitForSingleObject(server->thread, INFINITE);
    (void)CloseHandle(server->thread);
    free(server);
}

/* Programs */

struct support_program {
    HANDLE process;
};

static FILE *as_stream(HANDLE handle, bool is_written)
{
    FILE *stream = _fdopen(_open_osfhandle((intptr_t)handle, is_written ? _O_BINARY : _O_TEXT),
                           is_written ? "wb" : "r");

    demand(stream != NULL, "fdopen");
    return stream;
}

/* A pipe whose one end a child inherits; the other is made a stream. */
static HANDLE make_pipe(bool child_reads, FILE **stream)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE reading, writing;

    demand(CreatePipe(&reading, &writing, &inherited, 0) != 0, "pipe");
    HANDLE own = child_reads ? writing : reading, other = child_reads ? reading : writing;
    (void)SetHandleInformation(own, HANDLE_FLAG_INHERIT, 0);
    *stream = as_stream(own, child_reads);
    return other;
}

/* The same by a connection, for a program of the system below wine, which can be handed no pipe. */
static HANDLE make_connection(bool child_reads, FILE **stream)
{
    int port;
    intptr_t listener = support_listen(&port, 1);
    struct sockaddr_in address = loopback(port);
    SOCKET own = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, 0); /* not overlapped: a file */

    demand(own != INVALID_SOCKET && connect(own, (struct sockaddr *)&address, sizeof address) == 0,
           "connect");
    SOCKET other = accept((SOCKET)listener, NULL, NULL);
    demand(other != INVALID_SOCKET, "accept");
    support_close(listener);
    (void)SetHandleInformation((HANDLE)own, HANDLE_FLAG_INHERIT, 0);
    (void)SetHandleInformation((HANDLE)other, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    *stream = as_stream((HANDLE)own, child_reads);
    return (HANDLE)other;
}

/* On a busy machine wine fails to start a program by an internal error now and then. The command line
 * is written to by CreateProcess, so each try has a copy. */
static bool start_process(const wchar_t *line, unsigned long flags, STARTUPINFOW *how,
                          PROCESS_INFORMATION *started)
{
    enum {
        TRIES = 5,
        PAUSE_MS = 200
    };
    wchar_t copy[4 * SUPPORT_PATH_SIZE];

    for (int left = TRIES; left > 0; left--) {
        (void)wcscpy(copy, line);
        if (CreateProcessW(NULL, copy, NULL, NULL, TRUE, flags, NULL, NULL, how, started))
            return true;
        if (GetLastError() != ERROR_INTERNAL_ERROR)
            return false;
        Sleep(PAUSE_MS);
    }
    SetLastError(ERROR_INTERNAL_ERROR);
    return false;
}

/* No argument of ours needs more than quotes around it. */
struct support_program *support_start_with(unsigned long flags, const char *path,
                                           const char *const *arguments, FILE **input,
                                           FILE **output)
{
    struct support_program *program = calloc(1, sizeof *program);
    STARTUPINFOW how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION started = {0};
    char line[4 * SUPPORT_PATH_SIZE];

    demand(program != NULL, "calloc");
    HANDLE (*make)(bool child_reads, FILE **stream) = *path == '/' ? make_connection : make_pipe;
    how.hStdInput = make(true, input);
    how.hStdOutput = make(false, output);
    how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    (void)snprintf(line, sizeof line, "\"%s\"", path);
    for (size_t i = 0; arguments[i] != NULL; i++)
        (void)snprintf(line + strlen(line), sizeof line - strlen(line), " \"%s\"", arguments[i]);
    demand(start_process(wide(line), flags, &how, &started), path);
    (void)CloseHandle(started.hThread); /* none of a program below wine */
    (void)CloseHandle(how.hStdInput);
    (void)CloseHandle(how.hStdOutput);
    program->process = started.hProcess;
    return program;
}

struct support_program *support_start(const char *path, const char *const *arguments, FILE **input,
                                      FILE **output)
{
    return support_start_with(0, path, arguments, input, output);
}

bool support_wait(struct support_program *program)
{
    DWORD status = 1;

    (void)WaitForSingleObject(program->process, INFINITE);
    (void)GetExitCodeProcess(program->process, &status);
    (void)CloseHandle(program->process);
    free(program);
    return status == 0;
}

void support_kill(struct support_program *program)
{
    demand(TerminateProcess(program->process, 1) != 0, "TerminateProcess");
    (void)support_wait(program);
}

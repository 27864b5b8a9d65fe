/* The process and the place that it runs at: our name, and where configuration and state are kept. Nothing here asks
 * the network. */
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/host.h>

#include <bcrypt.h>
#include <io.h>
#include <iphlpapi.h>
#include <malloc.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ADAPTERS_SIZE = 16 * 1024 /* what the system's manual recommends */
};

/* The console's setting before us: the console outlives us. */
static UINT old_code_page;

static void give_console_back(void)
{
    (void)SetConsoleOutputCP(old_code_page);
}

/* A service and a program without a console have none of the three. NUL stands in for them, opened for reading alone, so
 * that writing still fails. */
static void open_streams(void)
{
    FILE *const streams[] = {stdin, stdout, stderr};

    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        int descriptor = _fileno(streams[i]);

        if (descriptor < 0 || _get_osfhandle(descriptor) == (intptr_t)INVALID_HANDLE_VALUE)
            (void)freopen("NUL", "r", streams[i]);
    }
}

/* GetCommandLineW is what was really given; argv is what is left of it in the system's code page. Windows Error
 * Reporting, which writes crash dumps, is not called for this process. */
char **host_begin(int *count, char **given)
{
    int wide_count = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &wide_count);

    (void)SetErrorMode(GetErrorMode() | SEM_NOGPFAULTERRORBOX);
    open_streams();
    old_code_page = GetConsoleOutputCP();
    if (old_code_page != 0 && old_code_page != CP_UTF8 && SetConsoleOutputCP(CP_UTF8))
        (void)atexit(give_console_back);
    if (wide == NULL)
        return given;
    char **arguments = memory_new((size_t)wide_count + 1, sizeof *arguments);
    for (int i = 0; i < wide_count; i++)
        arguments[i] = win32_narrow(wide[i]);
    (void)LocalFree(wide);
    *count = wide_count;
    return arguments;
}

char *host_full_name(void)
{
    DWORD size = 0;

    (void)GetComputerNameExW(ComputerNameDnsFullyQualified, NULL, &size);
    wchar_t *name = memory_new((size_t)size + 1, sizeof *name);
    bool is_known = GetComputerNameExW(ComputerNameDnsFullyQualified, name, &size) && *name != 0;
    char *narrow = is_known ? win32_narrow(name) : memory_copy("localhost");
    free(name);
    return narrow;
}

struct host_address *host_addresses(size_t *count)
{
    const ULONG wanted = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST |
                         GAA_FLAG_SKIP_DNS_SERVER | GAA_FLAG_SKIP_FRIENDLY_NAME;
    struct host_address *list = NULL;
    IP_ADAPTER_ADDRESSES *all = NULL;
    ULONG size = ADAPTERS_SIZE, result = ERROR_BUFFER_OVERFLOW;

    *count = 0;
    for (int i = 0; i < 4 && result == ERROR_BUFFER_OVERFLOW; i++) { /* it says how much it needs */
        all = memory_resize(all, size, 1);
        result = GetAdaptersAddresses(AF_UNSPEC, wanted, NULL, all, &size);
    }
    for (IP_ADAPTER_ADDRESSES *one = result == NO_ERROR ? all : NULL; one != NULL;
         one = one->Next) {
        for (IP_ADAPTER_UNICAST_ADDRESS *address = one->FirstUnicastAddress; address != NULL;
             address = address->Next)
            system_add_address(&list, count, address->Address.lpSockaddr);
    }
    free(all);
    return list;
}

/* %ProgramData% and what is in it; the caller frees it. */
static char *in_program_data(const char *inside)
{
    char *base = win32_variable("ProgramData");
    char *path = memory_format("%s\\mxpull\\%s", base != NULL ? base : "C:\\ProgramData", inside);

    free(base);
    return path;
}

char *host_variable(const char *name)
{
    return win32_variable(name);
}

char *host_config_path(const char *system_directory)
{
    char *named = win32_variable("MXPULL_CONFIG");

    (void)system_directory; /* there is one place for it, wherever the program lies */
    return named != NULL ? named : in_program_data("mxpull.conf");
}

char *host_config_words(const char *system_directory)
{
    (void)system_directory;
    return memory_copy("  -c FILE, %MXPULL_CONFIG%, %ProgramData%\\mxpull\\mxpull.conf\n");
}

char *host_state_directory(void)
{
    return in_program_data("state");
}

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* A path that begins with one slash is one of whatever drive the process stands on. */
bool host_path_is_absolute(const char *path)
{
    if (text_is_letter(path[0]))
        return path[1] == ':' && is_slash(path[2]);
    return is_slash(path[0]) && is_slash(path[1]);
}

bool host_random(void *bytes, size_t size)
{
    return BCryptGenRandom(NULL, bytes, (ULONG)size, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0;
}

uint64_t host_seed(void)
{
    uint64_t seed = 0;

    if (!host_random(&seed, sizeof seed))
        seed = ((uint64_t)clock_wall_ms() << 20) ^ ((uint64_t)GetCurrentProcessId() << 44);
    return seed;
}

/* Freed memory goes back first; what is not used again soon leaves our working set. */
void host_trim_memory(void)
{
    const SIZE_T all = (SIZE_T)-1;

    (void)_heapmin();
    (void)SetProcessWorkingSetSize(GetCurrentProcess(), all, all);
}

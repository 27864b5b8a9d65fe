/* What Windows says about the place we run at: our name, and where configuration and state are kept.
 * Nothing here asks the network. */
#include <mxpull/platform/host.h>

#include "text.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <shellapi.h>
#include <stdlib.h>
#include <string.h>
#include <ws2tcpip.h>

enum {
    PATH_SIZE_MAX = 16 * 1024
};

/* GetCommandLineW is what was really given; argv is what is left of it in the system's code page. */
char **host_arguments(int *count, char **given)
{
    int wide_count = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &wide_count);

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
    wchar_t *name;
    char *narrow;
    DWORD size = 0;

    (void)GetComputerNameExW(ComputerNameDnsFullyQualified, NULL, &size);
    name = memory_new((size_t)size + 1, sizeof *name);
    if (!GetComputerNameExW(ComputerNameDnsFullyQualified, name, &size) || name[0] == L'\0')
        narrow = memory_copy("localhost");
    else
        narrow = win32_narrow(name);
    free(name);
    return narrow;
}

/* %ProgramData% and what is in it; the caller frees it. */
static char *in_program_data(const char *inside)
{
    char *base = win32_variable("ProgramData");
    struct buffer path;
    char *copy;

    buffer_init(&path, PATH_SIZE_MAX);
    (void)buffer_append_text(&path, base != NULL ? base : "C:\\ProgramData");
    (void)buffer_append_text(&path, inside);
    copy = memory_copy(path.bytes);
    buffer_done(&path);
    free(base);
    return copy;
}

char *host_config_path(const char *system_directory)
{
    char *named = win32_variable("MXPULL_CONFIG");

    (void)system_directory; /* there is one place for it, wherever the program lies */
    return named != NULL ? named : in_program_data("\\mxpull\\mxpull.conf");
}

char *host_config_words(const char *system_directory)
{
    (void)system_directory;
    return memory_copy("  -c FILE, %MXPULL_CONFIG%, %ProgramData%\\mxpull\\mxpull.conf\n");
}

char *host_state_directory(void)
{
    return in_program_data("\\mxpull\\state");
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

/* Four numbers in the tens system without zeros before them. */
static bool is_dotted(const char *text)
{
    for (int i = 0; i < 4; i++) {
        size_t digits = strspn(text, "0123456789");

        if (digits == 0 || digits > 3 || (digits > 1 && *text == '0') ||
            strtol(text, NULL, 10) > UINT8_MAX || text[digits] != (i < 3 ? '.' : '\0'))
            return false;
        text += digits + (i < 3);
    }
    return true;
}

/* inet_pton takes more here than elsewhere (0x7f.0.0.1, ::010.0.0.1, fe80::1%3), so it is asked only for
 * what is left. */
int host_ip_version(const char *text)
{
    const char *last = strrchr(text, ':');
    struct in6_addr bytes;

    if (last == NULL)
        return is_dotted(text) ? 4 : 0;
    if (strspn(text, "0123456789abcdefABCDEF:.") != strlen(text) ||
        (strchr(text, '.') != NULL && !is_dotted(last + 1)))
        return 0;
    return inet_pton(AF_INET6, text, &bytes) == 1 ? 6 : 0;
}

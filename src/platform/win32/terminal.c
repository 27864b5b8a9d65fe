/* The console behind a stream. _isatty is no help: it is true for NUL, too. */
#include <mxpull/platform/terminal.h>

#include "text.h"

#include <io.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_COLUMNS = 80,
    DEFAULT_ROWS = 24
};

/* What the console was set to before us; it outlives us, and belongs to who started us. */
static UINT old_code_page;

static HANDLE handle_of(FILE *stream)
{
    int descriptor = _fileno(stream);

    return descriptor < 0 ? INVALID_HANDLE_VALUE : (HANDLE)_get_osfhandle(descriptor);
}

static void give_back(void)
{
    (void)SetConsoleOutputCP(old_code_page);
}

void terminal_speak_utf8(void)
{
    old_code_page = GetConsoleOutputCP();
    if (old_code_page != 0 && old_code_page != CP_UTF8 && SetConsoleOutputCP(CP_UTF8))
        (void)atexit(give_back);
}

/* A console that is written to understands cursor movement when it can be told to. */
bool terminal_is(FILE *stream)
{
    HANDLE console = handle_of(stream);
    const char *type = getenv("TERM");
    CONSOLE_SCREEN_BUFFER_INFO facts;
    DWORD mode;

    if (!GetConsoleMode(console, &mode) || (type != NULL && strcmp(type, "dumb") == 0))
        return false;
    if (!GetConsoleScreenBufferInfo(console, &facts))
        return true; /* the keyboard */
    return (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0 ||
           SetConsoleMode(console,
                          mode | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

bool terminal_repeats(FILE *stream)
{
    DWORD mode;

    return GetConsoleMode(handle_of(stream), &mode) != 0;
}

bool terminal_is_file(FILE *stream)
{
    return GetFileType(handle_of(stream)) == FILE_TYPE_DISK;
}

/* What is seen of it: the buffer behind may hold thousands of rows. */
static SMALL_RECT window_of(FILE *stream)
{
    CONSOLE_SCREEN_BUFFER_INFO facts;

    if (!GetConsoleScreenBufferInfo(handle_of(stream), &facts))
        return (SMALL_RECT){.Right = DEFAULT_COLUMNS - 1, .Bottom = DEFAULT_ROWS - 1};
    return facts.srWindow;
}

int terminal_columns(FILE *stream)
{
    SMALL_RECT window = window_of(stream);

    return window.Right > window.Left ? window.Right - window.Left + 1 : DEFAULT_COLUMNS;
}

int terminal_rows(FILE *stream)
{
    SMALL_RECT window = window_of(stream);

    return window.Bottom > window.Top ? window.Bottom - window.Top + 1 : DEFAULT_ROWS;
}

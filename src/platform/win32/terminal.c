/* The console behind a stream. _isatty is no help: it is true for NUL, too. */
#include <mxpull/platform/terminal.h>

#include "system.h"

#include <io.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static HANDLE handle_of(FILE *stream)
{
    int descriptor = _fileno(stream);

    return descriptor < 0 ? INVALID_HANDLE_VALUE : (HANDLE)_get_osfhandle(descriptor);
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

bool terminal_answers(void)
{
    DWORD mode;

    return GetConsoleMode(handle_of(stdin), &mode) != 0;
}

bool terminal_is_file(FILE *stream)
{
    return GetFileType(handle_of(stream)) == FILE_TYPE_DISK;
}

/* The visible part: the buffer behind may hold thousands of rows. */
struct terminal_size terminal_size(FILE *stream)
{
    CONSOLE_SCREEN_BUFFER_INFO facts;
    SMALL_RECT window = {0};

    if (GetConsoleScreenBufferInfo(handle_of(stream), &facts))
        window = facts.srWindow;
    if (window.Right <= window.Left || window.Bottom <= window.Top)
        return (struct terminal_size){TERMINAL_COLUMNS, TERMINAL_ROWS};
    return (struct terminal_size){(size_t)(window.Right - window.Left) + 1,
                                  (size_t)(window.Bottom - window.Top) + 1};
}

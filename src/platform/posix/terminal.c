/* What is known of the terminal behind a stream. */
#include <mxpull/platform/terminal.h>

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum {
    DEFAULT_COLUMNS = 80,
    DEFAULT_ROWS = 24
};

/* Its own locale says what it takes. */
void terminal_speak_utf8(void)
{
}

bool terminal_is(FILE *stream)
{
    const char *type = getenv("TERM");

    return isatty(fileno(stream)) != 0 && type != NULL && *type != '\0' &&
           strcmp(type, "dumb") != 0;
}

bool terminal_repeats(FILE *stream)
{
    struct stat own, other;

    if (isatty(fileno(stream)) != 0)
        return true;
    return fstat(fileno(stream), &own) == 0 && fstat(fileno(stdout), &other) == 0 &&
           !S_ISCHR(own.st_mode) && own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

bool terminal_is_file(FILE *stream)
{
    struct stat facts;

    return fstat(fileno(stream), &facts) == 0 && S_ISREG(facts.st_mode);
}

static struct winsize size_of(FILE *stream)
{
    struct winsize size = {0};

    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0)
        size = (struct winsize){0};
    return size;
}

int terminal_columns(FILE *stream)
{
    struct winsize size = size_of(stream);

    return size.ws_col > 0 ? size.ws_col : DEFAULT_COLUMNS;
}

int terminal_rows(FILE *stream)
{
    struct winsize size = size_of(stream);

    return size.ws_row > 0 ? size.ws_row : DEFAULT_ROWS;
}

/* What is known of the terminal behind a stream. */
#include <mxpull/platform/terminal.h>

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

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

bool terminal_answers(void)
{
    return isatty(STDIN_FILENO) != 0;
}

bool terminal_is_file(FILE *stream)
{
    struct stat facts;

    return fstat(fileno(stream), &facts) == 0 && S_ISREG(facts.st_mode);
}

struct terminal_size terminal_size(FILE *stream)
{
    struct winsize size = {0};

    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0)
        size = (struct winsize){0};
    return (struct terminal_size){size.ws_col > 0 ? size.ws_col : TERMINAL_COLUMNS,
                                  size.ws_row > 0 ? size.ws_row : TERMINAL_ROWS};
}

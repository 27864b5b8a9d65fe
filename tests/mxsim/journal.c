/* The event log. */
#include "journal.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/text.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    LINE_MAX_SIZE = 1000,
    LINES_MAX = 100
};

static FILE *journal; /* NULL: nothing is logged */

bool journal_open(const char *path)
{
    journal = fopen(path, "ab");
    return journal != NULL;
}

void journal_close(void)
{
    if (journal != NULL)
        (void)fclose(journal);
    journal = NULL;
}

void journal_event(const char *who, const char *format, ...)
{
    char text[2000];
    va_list arguments;

    if (journal == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fprintf(journal, "%s %s\n", who, text);
    (void)fflush(journal);
}

static void write_line(const char *who, const char *mark, const char *bytes, size_t size)
{
    struct buffer line;

    buffer_init(&line, 4 * (size_t)LINE_MAX_SIZE);
    text_printable(&line, bytes, size > LINE_MAX_SIZE ? LINE_MAX_SIZE : size);
    (void)fprintf(journal, "%s %s %s%s\n", who, mark, line.bytes,
                  size > LINE_MAX_SIZE ? " ..." : "");
    buffer_done(&line);
}

void journal_lines(const char *who, const char *mark, const char *bytes, size_t size)
{
    if (journal == NULL)
        return;
    for (int lines = 0; size > 0; lines++) {
        if (lines == LINES_MAX) {
            write_line(who, mark, "...", 3);
            break;
        }
        const char *newline = memchr(bytes, '\n', size);
        size_t whole = newline != NULL ? (size_t)(newline - bytes) + 1 : size;
        size_t shown = newline != NULL ? whole - 1 : whole;
        if (newline != NULL && shown > 0 && bytes[shown - 1] == '\r')
            shown--;
        write_line(who, mark, bytes, shown);
        bytes += whole;
        size -= whole;
    }
    (void)fflush(journal);
}

/* Writes the manual of the configuration: copies the text whose path is the argument to standard output, with the
 * program's own option table, as mdoc, where the line OPTIONS_MARK stands. Run by the build. */
#include <mxpull/base/buffer.h>
#include <mxpull/base/duration.h>
#include <mxpull/base/text.h>
#include <mxpull/config/options.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS = 76,
    RANGE_SIZE = 80
};

#define OPTIONS_MARK ".\\\" OPTIONS\n"

/* Prints a word for roff: what is not ASCII by its number, and nothing that roff reads as its own. A hyphen that
 * begins a word is one to be typed. */
static void print_word(const char *word, size_t length)
{
    bool is_begin = true;

    if (*word == '.' || *word == '\'')
        (void)fputs("\\&", stdout);
    for (size_t size; length > 0; word += size, length -= size) {
        uint32_t point = 0;

        size = text_character(word, length, &point);
        size = size > 0 ? size : 1;
        is_begin = is_begin && *word == '-';
        if (size > 1)
            (void)printf("\\[u%04X]", (unsigned)point);
        else if (*word == '\\')
            (void)fputs("\\e", stdout);
        else
            (void)printf("%s%c", is_begin ? "\\" : "", *word);
    }
}

/* Prints a text, in lines that are not too long; a sentence begins on a new one. */
static void print_text(const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, " ");

        print_word(text, length);
        column += length + 1;
        text += length;
        if (*text == '\0')
            return;
        bool is_full = text[-1] == '.' || column + strcspn(text + 1, " ") > COLUMNS;
        (void)putchar(is_full ? '\n' : ' ');
        column = is_full ? 0 : column;
        text++;
    }
}

/* Prints the range of a number or a duration, where the help does not tell it. */
static void print_range(const struct option *option)
{
    const bool is_number = option->type == OPTION_NUMBER;
    char min[DURATION_TEXT_SIZE], max[DURATION_TEXT_SIZE], range[RANGE_SIZE];

    if (!is_number && option->type != OPTION_DURATION && option->type != OPTION_DURATIONS)
        return;
    if (is_number)
        (void)snprintf(range, sizeof range, "%lld to %lld", (long long)option->min,
                       (long long)option->max);
    else
        (void)snprintf(range, sizeof range, "%s to %s", duration_format(min, option->min),
                       duration_format(max, option->max));
    if (strstr(option->help, range) == NULL)
        (void)printf(";\n%s", range);
}

static void print_option(const struct option *option)
{
    bool is_text = option->type == OPTION_TEXT || option->type == OPTION_SECRET ||
                   option->type == OPTION_PROXY || option->type == OPTION_ADDRESS;

    (void)printf(".It Ic %s", option->name);
    if (is_text)
        (void)printf(" No = \\(dq%s\\(dq", option->initial);
    else if (*option->initial != '\0')
        (void)printf(" No = %s", option->initial);
    (void)puts("");
    print_text(option->help);
    print_range(option);
    (void)puts("");
}

static void print_section(enum option_section section, const char *title)
{
    bool is_begun = false;

    for (size_t i = 0; i < option_count; i++) {
        if (options[i].section != section)
            continue;
        if (!is_begun || options[i].group != NULL) {
            (void)printf("%s.Ss %s%s%s\n.Bl -tag -width Ds\n", is_begun ? ".El\n" : "", title,
                         options[i].group != NULL ? ": " : "",
                         options[i].group != NULL ? options[i].group : "");
        }
        is_begun = true;
        print_option(&options[i]);
    }
    (void)puts(".El");
}

int main(int argc, char *argv[])
{
    char line[1024];
    FILE *template = argc == 2 ? fopen(argv[1], "r") : NULL;
    bool has_mark = false;

    if (template == NULL) {
        (void)fputs("option_list: the template is wanted as the argument\n", stderr);
        return EXIT_FAILURE;
    }
    while (fgets(line, sizeof line, template) != NULL) {
        if (strcmp(line, OPTIONS_MARK) != 0) {
            (void)fputs(line, stdout);
            continue;
        }
        has_mark = true;
        (void)puts(".Sh OPTIONS");
        print_section(SECTION_GLOBAL, "Outside of sections");
        print_section(SECTION_PRIMARY, "Section primary");
        print_section(SECTION_BACKUP, "Sections backup and defaults");
    }
    (void)fclose(template);
    return has_mark && fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

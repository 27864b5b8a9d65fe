/* --help, made from the tables of commands and options. */
#include "help.h"
#include "arguments.h"
#include <mxpull/base/text.h>
#include <mxpull/platform/host.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLAG_WIDTH = 20,
    FLAG_TEXT_SIZE = 40,
    COMMAND_WIDTH = 8
};

static const char about[] =
    "mxpull asks the backup MX hosts for the mail that they hold for you.\n";

static const char exits_of_all[] = "  78  the configuration is wrong\n"
                                   "  64  the command line is wrong\n";

static void format_flag(struct buffer *text, const struct flag *flag)
{
    char left[FLAG_TEXT_SIZE];

    (void)snprintf(left, sizeof left, "%c%c%c --%s%s%s", flag->letter != '\0' ? '-' : ' ',
                   flag->letter != '\0' ? flag->letter : ' ', flag->letter != '\0' ? ',' : ' ',
                   flag->name, flag->argument != NULL ? " " : "",
                   flag->argument != NULL ? flag->argument : "");
    (void)buffer_append_format(text, "  %-*s %s\n", FLAG_WIDTH, left, flag->help);
}

static void format_flags(struct buffer *text, const struct command *command)
{
    (void)buffer_append_text(text, "\nOptions:\n");
    for (size_t i = 0; i < flag_count; i++) {
        if (flag_fits(&flag_table[i], command))
            format_flag(text, &flag_table[i]);
    }
}

static void format_files(struct buffer *text)
{
    char *places = host_config_words(MXPULL_SYSCONFDIR);

    (void)buffer_append_text(text, "\nConfiguration, the first of these that is named or there:\n");
    for (const char *line = places; *line != '\0'; line += strcspn(line, "\n")) {
        line += strspn(line, "\n");
        text_visible(text, line, strcspn(line, "\n")); /* $HOME is in it */
        (void)buffer_append_text(text, "\n");
    }
    free(places);
}

static void format_command(struct buffer *text, const struct command *command)
{
    (void)buffer_append_format(text, "Usage: mxpull %s [options]%s%s\n\n%s", command->name,
                               command->operands != NULL ? " " : "",
                               command->operands != NULL ? command->operands : "",
                               command->details);
    format_flags(text, command);
    format_files(text);
    (void)buffer_append_format(text, "Exit status:\n%s%s", command->exits, exits_of_all);
}

void help_format(struct buffer *text, const struct command *command)
{
    if (command != NULL) {
        format_command(text, command);
        return;
    }
    (void)buffer_append_format(text, "Usage: mxpull COMMAND [options] ...\n\n%s\nCommands:\n",
                               about);
    for (size_t i = 0; i < command_count; i++)
        (void)buffer_append_format(text, "  %-*s %s\n", COMMAND_WIDTH, command_table[i].name,
                                   command_table[i].summary);
    format_flags(text, NULL);
    format_files(text);
    (void)buffer_append_text(text, "\"mxpull COMMAND --help\" tells more about a command.\n");
}

/* The command line. Own code and not getopt_long, so that the words of a fault, the order of
 * options and commands, and what an option is allowed with are the same on every system. */
#include "arguments.h"
#include <mxpull/base/closest.h>
#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

#define FIELD(field) offsetof(struct arguments, field)

const struct flag flag_table[] = {
    {'\0', "dry-run", NULL, "pull", FLAG_SWITCH, FIELD(dry_run),
     "connect, log in, and print what would be asked"},
    {'\0', "force", NULL, "pull daemon", FLAG_SWITCH, FIELD(force),
     "ask although your mail server is not ready"},
    {'\0', "retry", NULL, "pull", FLAG_SWITCH, FIELD(retry),
     "ask again what failed, after the times of `retry`"},
    {'\0', "since", "WHEN", "history", FLAG_TEXT, FIELD(since),
     "from then on: 2d (ago), 2026-11-20, 2026-11-20T07:00Z"},
    {'\0', "failed", NULL, "history", FLAG_SWITCH, FIELD(failed),
     "only answers that are neither good nor held"},
    {'\0', "outcome", "NAME", "history", FLAG_TEXT, FIELD(outcome), "only answers of this outcome"},
    {'\0', "limit", "N", "history", FLAG_TEXT, FIELD(limit),
     "the newest N; 0: all (default: 50, with --since all)"},
    {'\0', "messages", NULL, "history", FLAG_SWITCH, FIELD(messages),
     "messages received instead of answers"},
    {'\0', "csv", NULL, "history", FLAG_SWITCH, FIELD(csv), "print CSV with a header line"},
    {'\0', "nagios", NULL, "status", FLAG_SWITCH, FIELD(nagios),
     "print one line and exit as a Nagios plugin does"},
    {'c', "config", "FILE", NULL, FLAG_TEXT, FIELD(config),
     "read this configuration (-: standard input)"},
    {'q', "quiet", NULL, NULL, FLAG_SWITCH, FIELD(quiet),
     "print nothing unless something is wrong"},
    {'v', "verbose", NULL, NULL, FLAG_COUNT, FIELD(verbose), "log decisions; -vv: the wire too"},
    {'\0', "json", NULL, NULL, FLAG_SWITCH, FIELD(json), "print JSON: one object, on one line"},
    {'\0', "color", "WHEN", NULL, FLAG_COLOR, FIELD(color),
     "auto, always or never (default: auto)"},
    {'h', "help", NULL, NULL, FLAG_SWITCH, FIELD(help), "print this help"},
    {'V', "version", NULL, NULL, FLAG_SWITCH, FIELD(version), "print the version"},
};
const size_t flag_count = COUNT_OF(flag_table);

enum {
    SHOWN_SIZE = 80
};

/* How far the reading has come. */
struct reading {
    int argc;
    char *const *argv;
    int next; /* of argv */
    bool is_given[COUNT_OF(flag_table)];
    struct arguments arguments;
    struct error *error;
};

static const char *shown(char target[SHOWN_SIZE], const char *text)
{
    return text_printable_copy(target, SHOWN_SIZE, text);
}

bool flag_fits(const struct flag *flag, const struct command *command)
{
    if (flag->commands == NULL)
        return true;
    if (command == NULL)
        return false;
    for (const char *word = flag->commands; *word != '\0';) {
        size_t size = strcspn(word, " ");

        if (text_equal_part(command->name, word, size))
            return true;
        word += size;
        word += strspn(word, " ");
    }
    return false;
}

static enum status set_color(struct reading *reading, enum color_when *when, const char *value)
{
    static const char *const words[] = {
        [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};
    char text[SHOWN_SIZE];

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(value, words[i]) == 0) {
            *when = (enum color_when)i;
            return STATUS_OK;
        }
    }
    return error_set(reading->error, STATUS_SYNTAX, "--color is auto, always or never, not \"%s\"",
                     shown(text, value));
}

/* value is "" for a flag without an argument. */
static enum status set_flag(struct reading *reading, const struct flag *flag, const char *value)
{
    void *field = (char *)&reading->arguments + flag->offset;

    reading->is_given[flag - flag_table] = true;
    switch (flag->kind) {
    case FLAG_SWITCH: *(bool *)field = true; return STATUS_OK;
    case FLAG_COUNT: *(unsigned *)field += 1; return STATUS_OK;
    case FLAG_TEXT: *(const char **)field = value; return STATUS_OK;
    case FLAG_COLOR: return set_color(reading, field, value);
    }
    return STATUS_OK;
}

/* The argument of a flag that stands in the next word. */
static enum status set_from_next(struct reading *reading, const struct flag *flag)
{
    if (reading->next == reading->argc)
        return error_set(reading->error, STATUS_SYNTAX, "--%s needs a %s; try \"mxpull --help\"",
                         flag->name, flag->argument);
    return set_flag(reading, flag, reading->argv[reading->next++]);
}

/* The long name that may have been meant, or NULL. */
static const char *suggest_flag(const char *name)
{
    const char *names[COUNT_OF(flag_table)];

    for (size_t i = 0; i < flag_count; i++)
        names[i] = flag_table[i].name;
    return closest_word(name, names, flag_count);
}

/* hyphens are those that name was written with; near is what may have been meant, or NULL. */
static enum status unknown_flag(struct reading *reading, const char *hyphens, const char *name,
                                const char *near)
{
    char text[SHOWN_SIZE];

    shown(text, name);
    if (near != NULL)
        return error_set(reading->error, STATUS_SYNTAX, "unknown option %s%s; did you mean --%s?",
                         hyphens, text, near);
    return error_set(reading->error, STATUS_SYNTAX, "unknown option %s%s; try \"mxpull --help\"",
                     hyphens, text);
}

/* --name, --name=value, --name value */
static enum status read_long(struct reading *reading, const char *word)
{
    const char *name = word + 2;
    size_t size = strcspn(name, "=");
    const char *value = name[size] == '=' ? name + size + 1 : NULL;

    for (size_t i = 0; i < flag_count; i++) {
        const struct flag *flag = &flag_table[i];

        if (strlen(flag->name) != size || strncmp(flag->name, name, size) != 0)
            continue;
        if (value != NULL && flag->argument == NULL)
            return error_set(reading->error, STATUS_SYNTAX, "--%s takes no argument", flag->name);
        if (value == NULL && flag->argument != NULL)
            return set_from_next(reading, flag);
        return set_flag(reading, flag, value != NULL ? value : "");
    }
    char *unknown = memory_copy_part(name, size);
    enum status status = unknown_flag(reading, "--", unknown, suggest_flag(unknown));
    free(unknown);
    return status;
}

static const struct flag *find_letter(char letter)
{
    for (size_t i = 0; i < flag_count; i++) {
        if (letter != '\0' && flag_table[i].letter == letter)
            return &flag_table[i];
    }
    return NULL;
}

/* word may be a long name that one hyphen is missing from; a character of several bytes is shown
 * whole. */
static enum status unknown_letter(struct reading *reading, const char *word, const char *letter)
{
    const char one[2] = {*letter, '\0'};
    const char *near = suggest_flag(word);

    if (near != NULL)
        return unknown_flag(reading, "-", word, near);
    return unknown_flag(reading, "-", (unsigned char)*letter >= 0x80 ? letter : one, NULL);
}

/* -q, -qv, -cFILE, -c FILE, -qcFILE */
static enum status read_letters(struct reading *reading, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct flag *flag = find_letter(*letter);

        if (flag == NULL)
            return unknown_letter(reading, word + 1, letter);
        if (flag->argument != NULL && letter[1] != '\0')
            return set_flag(reading, flag, letter + 1);
        enum status status =
            flag->argument != NULL ? set_from_next(reading, flag) : set_flag(reading, flag, "");
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status unknown_command(struct reading *reading, const char *word)
{
    const char **names = memory_new(command_count, sizeof *names);
    char text[SHOWN_SIZE];

    for (size_t i = 0; i < command_count; i++)
        names[i] = command_table[i].name;
    const char *near = closest_word(word, names, command_count);
    free(names);
    shown(text, word);
    if (near != NULL)
        return error_set(reading->error, STATUS_SYNTAX,
                         "unknown command \"%s\"; did you mean \"%s\"?", text, near);
    return error_set(reading->error, STATUS_SYNTAX, "unknown command \"%s\"; try \"mxpull --help\"",
                     text);
}

/* The command is the first word that is no option; the others are its names. */
static enum status read_word(struct reading *reading, const char *word)
{
    struct arguments *arguments = &reading->arguments;
    char text[SHOWN_SIZE];

    if (arguments->command == NULL) {
        arguments->command = command_find(word);
        return arguments->command != NULL ? STATUS_OK : unknown_command(reading, word);
    }
    if (arguments->command->operands == NULL)
        return error_set(reading->error, STATUS_SYNTAX,
                         "\"%s\" takes no names, but \"%s\" was given", arguments->command->name,
                         shown(text, word));
    arguments->names[arguments->name_count++] = word;
    return STATUS_OK;
}

static enum status read_all(struct reading *reading)
{
    bool options_end = false;
    enum status status = STATUS_OK;

    while (reading->next < reading->argc && status == STATUS_OK) {
        const char *word = reading->argv[reading->next++];

        if (options_end || word[0] != '-' || word[1] == '\0')
            status = read_word(reading, word);
        else if (word[1] != '-')
            status = read_letters(reading, word);
        else if (word[2] != '\0')
            status = read_long(reading, word);
        else
            options_end = true;
    }
    return status;
}

/* What can be judged only when the whole line has been read: an option may stand before its
 * command. */
static enum status check_all(const struct reading *reading)
{
    const struct arguments *arguments = &reading->arguments;

    for (size_t i = 0; i < flag_count; i++) {
        if (!reading->is_given[i] || arguments->command == NULL ||
            flag_fits(&flag_table[i], arguments->command))
            continue;
        return error_set(reading->error, STATUS_SYNTAX,
                         "--%s cannot be used with \"%s\"; try \"mxpull %s --help\"",
                         flag_table[i].name, arguments->command->name, arguments->command->name);
    }
    if (arguments->command == NULL && !arguments->help && !arguments->version)
        return error_set(reading->error, STATUS_SYNTAX,
                         "no command was given; try \"mxpull --help\"");
    return STATUS_OK;
}

enum status arguments_parse(struct arguments *arguments, int argc, char *const argv[],
                            struct error *error)
{
    struct reading reading = {.argc = argc, .argv = argv, .next = 1, .error = error};
    size_t words = argc > 0 ? (size_t)argc : 1;

    reading.arguments.names = memory_new(words, sizeof *reading.arguments.names);
    enum status status = read_all(&reading);
    if (status == STATUS_OK)
        status = check_all(&reading);
    if (status == STATUS_OK)
        *arguments = reading.arguments;
    else
        arguments_done(&reading.arguments);
    return status;
}

void arguments_done(struct arguments *arguments)
{
    free(arguments->names);
    arguments->names = NULL;
    arguments->name_count = 0;
}

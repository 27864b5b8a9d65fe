/* cli: the command line, its faults, its help. */
#include "unit.h"

#include <cli/arguments.h>

#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>

#include <stdio.h>

enum {
    WORDS_MAX = 8,
    TEXT_SIZE = 400,
    LINE_COLUMNS_MAX = 79
};

struct line_row {
    const char *name;
    const char *words[WORDS_MAX];
    const char *read; /* what was read, as describe() tells it; NULL: it must be refused */
    const char *fault;
};

#define TRY "; try \"mxpull --help\""

static const struct line_row lines[] = {
    {"a command", {"pull"}, "pull", NULL},
    {"names", {"pull", "mx2", "example.com"}, "pull [mx2] [example.com]", NULL},
    {"options behind", {"pull", "-q", "--json"}, "pull quiet json", NULL},
    {"options before", {"-q", "--json", "pull"}, "pull quiet json", NULL},
    {"options on both sides",
     {"-q", "pull", "mx2", "--json", "mx3"},
     "pull quiet json [mx2] [mx3]",
     NULL},
    {"an option of the command before it", {"--dry-run", "pull"}, "pull dry-run", NULL},
    {"bundled letters", {"pull", "-qv"}, "pull verbose=1 quiet", NULL},
    {"-vv", {"pull", "-vv"}, "pull verbose=2", NULL},
    {"-v -v", {"-v", "pull", "-v"}, "pull verbose=2", NULL},
    {"--verbose", {"pull", "--verbose", "--quiet"}, "pull verbose=1 quiet", NULL},
    {"-cFILE", {"pull", "-cx.conf"}, "pull config=x.conf", NULL},
    {"-c FILE", {"pull", "-c", "x.conf"}, "pull config=x.conf", NULL},
    {"bundled with an argument", {"pull", "-qcx.conf"}, "pull config=x.conf quiet", NULL},
    {"bundled with an argument behind",
     {"pull", "-qc", "x.conf"},
     "pull config=x.conf quiet",
     NULL},
    {"--config=FILE", {"pull", "--config=x=y"}, "pull config=x=y", NULL},
    {"--config FILE", {"pull", "--config", "x.conf"}, "pull config=x.conf", NULL},
    {"an empty argument", {"pull", "--config="}, "pull config=", NULL},
    {"an argument that looks like an option", {"pull", "-c", "-q"}, "pull config=-q", NULL},
    {"standard input", {"pull", "-c", "-"}, "pull config=-", NULL},
    {"the last one counts", {"pull", "-ca", "-cb"}, "pull config=b", NULL},
    {"-- ends options",
     {"pull", "-q", "--", "-v", "--", "mx2"},
     "pull quiet [-v] [--] [mx2]",
     NULL},
    {"-- before the command", {"--", "pull"}, "pull", NULL},
    {"a name of one hyphen", {"pull", "-"}, "pull [-]", NULL},
    {"an empty name", {"pull", ""}, "pull []", NULL},
    {"color always", {"pull", "--color=always"}, "pull color=always", NULL},
    {"color never", {"--color", "never", "pull"}, "pull color=never", NULL},
    {"retry", {"pull", "--retry"}, "pull retry", NULL},
    {"config", {"config", "-q"}, "config quiet", NULL},
    {"config as JSON", {"config", "--json"}, "config json", NULL},
    {"help alone", {"--help"}, "- help", NULL},
    {"help of a command", {"pull", "-h"}, "pull help", NULL},
    {"version alone", {"-V"}, "- version", NULL},
    {"nothing", {NULL}, NULL, "no command was given" TRY},
    {"an option alone", {"-q"}, NULL, "no command was given" TRY},
    {"unknown command", {"fetch"}, NULL, "unknown command \"fetch\"" TRY},
    {"misspelt command", {"plul"}, NULL, "unknown command \"plul\"; did you mean \"pull\"?"},
    {"begun command", {"conf"}, NULL, "unknown command \"conf\"; did you mean \"config\"?"},
    {"empty command", {""}, NULL, "unknown command \"\"" TRY},
    {"command with an escape", {"\x1b[2J"}, NULL, "unknown command \"\\x1b[2J\"" TRY},
    {"unknown option", {"pull", "--foo"}, NULL, "unknown option --foo" TRY},
    {"unknown option with argument", {"pull", "--foo=bar"}, NULL, "unknown option --foo" TRY},
    {"misspelt option", {"pull", "--jsno"}, NULL, "unknown option --jsno; did you mean --json?"},
    {"begun option", {"pull", "--dry"}, NULL, "unknown option --dry; did you mean --dry-run?"},
    {"option in capitals", {"pull", "--JSON"}, NULL, "unknown option --JSON; did you mean --json?"},
    {"option of nothing", {"pull", "--=x"}, NULL, "unknown option --" TRY},
    {"unknown letter", {"pull", "-x"}, NULL, "unknown option -x" TRY},
    {"unknown letter in a bundle", {"pull", "-qx"}, NULL, "unknown option -x" TRY},
    {"letter of two bytes", {"pull", "-q\xc3\xa9"}, NULL, "unknown option -\xc3\xa9" TRY},
    {"one hyphen missing", {"pull", "-json"}, NULL, "unknown option -json; did you mean --json?"},
    {"argument for a switch", {"pull", "--json=1"}, NULL, "--json takes no argument"},
    {"no argument", {"pull", "--config"}, NULL, "--config needs a FILE" TRY},
    {"no argument for a letter", {"pull", "-c"}, NULL, "--config needs a FILE" TRY},
    {"unknown color",
     {"pull", "--color=red"},
     NULL,
     "--color is auto, always or never, not \"red\""},
    {"names for config",
     {"config", "mx2"},
     NULL,
     "\"config\" takes no names, but \"mx2\" was given"},
    {"an option of another command",
     {"config", "--dry-run"},
     NULL,
     "--dry-run cannot be used with \"config\"; try \"mxpull config --help\""},
    {"the same before it",
     {"--dry-run", "config"},
     NULL,
     "--dry-run cannot be used with \"config\"; try \"mxpull config --help\""},
};

static void describe(const struct arguments *arguments, char text[TEXT_SIZE])
{
    const struct {
        bool is_set;
        const char *word;
    } switches[] = {{arguments->quiet, " quiet"},     {arguments->json, " json"},
                    {arguments->help, " help"},       {arguments->retry, " retry"},
                    {arguments->dry_run, " dry-run"}, {arguments->version, " version"}};
    struct buffer buffer;

    buffer_init(&buffer, TEXT_SIZE - 1);
    (void)buffer_append_text(&buffer, arguments->command != NULL ? arguments->command->name : "-");
    if (arguments->config != NULL)
        (void)buffer_append_format(&buffer, " config=%s", arguments->config);
    if (arguments->verbose > 0)
        (void)buffer_append_format(&buffer, " verbose=%u", arguments->verbose);
    for (size_t i = 0; i < COUNT_OF(switches); i++)
        (void)buffer_append_text(&buffer, switches[i].is_set ? switches[i].word : "");
    if (strcmp(arguments->color, "auto") != 0)
        (void)buffer_append_format(&buffer, " color=%s", arguments->color);
    for (size_t i = 0; i < arguments->name_count; i++)
        (void)buffer_append_format(&buffer, " [%s]", arguments->names[i]);
    memcpy(text, buffer.bytes, buffer.size + 1);
    buffer_done(&buffer);
}

static void test_line(void **state)
{
    const struct line_row *row = *state;
    char *argv[WORDS_MAX + 2] = {0};
    struct arguments arguments = {.verbose = 77};
    struct error error = {0};
    int argc = 0;

    argv[argc++] = strdup("mxpull");
    for (int i = 0; i < WORDS_MAX && row->words[i] != NULL; i++)
        argv[argc++] = strdup(row->words[i]);
    enum status status = arguments_parse(&arguments, argc, argv, &error);
    if (row->read != NULL) {
        char text[TEXT_SIZE];

        assert_string_equal(error.text, "");
        assert_int_equal(status, STATUS_OK);
        describe(&arguments, text);
        assert_string_equal(text, row->read);
        arguments_done(&arguments);
    } else {
        assert_int_equal(status, STATUS_SYNTAX);
        assert_string_equal(error.text, row->fault);
        assert_int_equal(arguments.verbose, 77);
    }
    for (int i = 0; i < argc; i++)
        free(argv[i]);
}

struct suggest_row {
    const char *name; /* the misspelt word */
    const char *near;
};

static const struct suggest_row suggestions[] = {
    {"status", "status"},
    {"sttaus", "status"},
    {"statu", "status"},
    {"statuss", "status"},
    {"xtatus", "status"},
    {"st", "status"},
    {"histori", "history"},
    {"hi", "history"},
    {"h", NULL},
    {"", NULL},
    {"pll", "pull"},
    {"lupl", "pull"},
    {"pxyl", "pull"},
    {"pxyz", NULL},
    {"daemon", NULL},
    {"a-word-that-is-much-longer-than-any-of-them", NULL},
};

static void test_suggest(void **state)
{
    static const char *const words[] = {"pull", "status", "history"};
    const struct suggest_row *row = *state;
    const char *near = text_closest(row->name, words, COUNT_OF(words));

    if (row->near == NULL)
        assert_null(near);
    else
        assert_string_equal(near, row->near);
}

static void check_help(const struct command *command)
{
    struct buffer text;

    buffer_init(&text, 64 * 1024);
    help_format(&text, command);
    assert_true(text.size > 0 && text.bytes[text.size - 1] == '\n');
    for (const char *line = text.bytes; *line != '\0'; line += strcspn(line, "\n") + 1) {
        assert_true(strcspn(line, "\n") <= LINE_COLUMNS_MAX);
        assert_true(line[0] == '\n' || line[strcspn(line, "\n") - 1] != ' ');
    }
    for (size_t i = 0; i < flag_count; i++) {
        char name[TEXT_SIZE];

        (void)snprintf(name, sizeof name, " --%s ", flag_table[i].name);
        assert_int_equal(strstr(text.bytes, name) != NULL, flag_fits(&flag_table[i], command));
    }
    buffer_done(&text);
}

static void test_help_of_commands(void **state)
{
    struct buffer text;

    (void)state;
    buffer_init(&text, 64 * 1024);
    help_format(&text, NULL);
    for (size_t i = 0; i < command_count; i++) {
        char line[TEXT_SIZE];

        (void)snprintf(line, sizeof line, "\n  %-8s %s\n", command_table[i].name,
                       command_table[i].summary);
        assert_non_null(strstr(text.bytes, line));
    }
    buffer_done(&text);
}

static void test_help(void **state)
{
    (void)state;
    check_help(NULL);
    for (size_t i = 0; i < command_count; i++)
        check_help(&command_table[i]);
}

/* The numbers of the list of exit statuses, with spaces between. */
static void read_exits(const struct command *command, char *target, size_t target_size)
{
    struct buffer text;
    size_t size = 0;

    buffer_init(&text, 64 * 1024);
    help_format(&text, command);
    const char *line = strstr(text.bytes, "\nExit status:\n");
    assert_non_null(line);
    line = strchr(line + 1, '\n') + 1;
    *target = '\0';
    for (; *line != '\0'; line += strcspn(line, "\n") + 1) {
        long number = strtol(line, NULL, 10);

        size += (size_t)snprintf(target + size, target_size - size, "%s%ld", size > 0 ? " " : "",
                                 number);
        assert_true(size < target_size);
    }
    buffer_done(&text);
}

/* What a command never ends with does not stand in its help. */
static void test_exits(void **state)
{
    static const struct {
        const char *command;
        const char *exits;
    } rows[] = {
        {"pull", "0 75 76 69 77 78 64"},    {"daemon", "0 75 69 78 64"},
        {"status", "0 75 78 64"},           {"history", "0 75 78 64"},
        {"config", "0 75 78 64"},           {"init", "0 73 75 69 78 64"},
        {"check", "0 1 75 76 69 77 78 64"}, {"drill", "0 75 76 77 78 64"},
        {"report", "0 73 75 78 64"},
    };

    (void)state;
    assert_int_equal(COUNT_OF(rows), command_count);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char exits[TEXT_SIZE];

        read_exits(command_find(rows[i].command), exits, sizeof exits);
        assert_string_equal(exits, rows[i].exits);
    }
}

/* A flag that stands for two things, or belongs to a command that is not there. */
static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < flag_count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(flag_table[i].name, flag_table[j].name);
            assert_true(flag_table[i].letter == '\0' ||
                        flag_table[i].letter != flag_table[j].letter);
        }
        size_t fits = 0;
        for (size_t j = 0; j < command_count; j++)
            fits += flag_fits(&flag_table[i], &command_table[j]);
        assert_true(fits > 0);
    }
    /* Which flag fits which command is told by their names alone. */
    for (size_t i = 0; i < command_count; i++) {
        for (size_t j = 0; j < command_count; j++)
            assert_true(i == j || strstr(command_table[i].name, command_table[j].name) == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_help), cmocka_unit_test(test_exits),
                                       cmocka_unit_test(test_help_of_commands),
                                       cmocka_unit_test(test_table)};
    int failed = 0;

    failed += RUN_TABLE(lines, test_line);
    failed += RUN_TABLE(suggestions, test_suggest);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    return unit_status(failed);
}

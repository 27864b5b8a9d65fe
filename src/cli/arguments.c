/* The command line: the tables of commands and options, their parser, and --help. Own code and not
 * getopt_long, so that faults, the order of options, and what an option is allowed with are the same
 * on every system. */
#include "arguments.h"
#include "words.h"
#include <mxpull/base/memory.h>
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

const struct command command_table[] = {
    {"pull", "[BACKUP|DOMAIN ...]", "ask now, once, report, exit",
     "Asks the backup MX hosts for the mail that they hold for you, all at once, and\n"
     "reports every answer. Names choose what is asked: backups by their name, and\n"
     "domains by theirs in every backup that lists them. Without names all are asked.\n"
     "The exit status is that of the worst answer. With --wait it goes on, and tells\n"
     "what became of each backup's mail; Ctrl-C ends that watch, not the mail. With\n"
     "--shard machines share the work: each asks its part, and all parts together\n"
     "are all backups; with names, those of them that are of its part.\n",
     "   0  all is well\n"
     "  75  try again later\n"
     "  76  a server does not speak SMTP, or TLS failed\n"
     "  69  a server cannot do it\n"
     "  77  a server refused us\n",
     command_pull},
    {"daemon", NULL, "keep asking by the schedule",
     "Asks every backup by its interval or schedule, and all of them at once when\n"
     "your mail server has come back after an outage. Stays in the foreground; what\n"
     "is answered goes to the log. SIGHUP: read the configuration anew. SIGUSR1: pull\n"
     "everything now. SIGTERM: end.\n",
     "   0  it was told to end\n"
     "  75  another daemon is running\n"
     "  69  the system does not give what it needs\n",
     command_daemon},
    {"init", "DOMAIN ...", "a first configuration, made from the DNS",
     "Prints a configuration for these domains, with comments, made from their MX\n"
     "records and from what the hosts of these offer: which of them is taken for your\n"
     "mail server and why, and a section for each backup. What could not be found out\n"
     "stands in it as a comment. The hosts are told EHLO, STARTTLS and QUIT alone.\n"
     "\n"
     "  mxpull init example.com >mxpull.conf && mxpull check -c mxpull.conf\n"
     "\n"
     "No configuration is read, but for one that -c names: its dns_server and\n"
     "ehlo_name hold here, too.\n",
     "   0  it is printed, or written\n"
     "  73  FILE is there already, or cannot be written\n"
     "  75  MX records could not be found out now; what was found out is printed\n"
     "  69  the system does not give what it needs\n",
     command_init},
    {"check", "[BACKUP|DOMAIN ...]", "is everything set up right?",
     "Tries all that can be tried without starting a queue or sending a mail: the\n"
     "records of each domain, each backup, your mail server, the configuration.\n"
     "Prints a line for each finding, and below a WARN or a FAIL what to do. With -q\n"
     "only these. Names choose backups and domains. The exit status is that of the\n"
     "worst FAIL.\n",
     "   0  nothing failed\n"
     "   1  nothing failed, but with --strict there are warnings\n"
     "  75  something could not be found out now\n"
     "  76  no SMTP, a DNS answer that cannot be read, or TLS that is not good\n"
     "  69  a server does not offer what is needed\n"
     "  77  a server refused us\n",
     command_check},
    {"drill", "[BACKUP|DOMAIN ...]", "prove the whole way with one message",
     "Sends one small message through each backup's mail port to the postmaster of a\n"
     "domain (or drill_to), as any sender would: from <>, so that nothing comes back.\n"
     "Then sees whether it comes by itself, has the backup asked, and waits until\n"
     "your mail server's log or the reversed session shows that it has arrived. Tells\n"
     "what is about to be sent, and asks first if it is run at a terminal. No backup\n"
     "gets more than one such message a day, and none where that cannot be written\n"
     "down, unless with --force. Names choose backups and domains.\n"
     "\n"
     "  ok             the message has arrived\n"
     "  not accepted   the backup takes no mail for the domain, or not now\n"
     "  unseen         the backup has the message, and it did not come\n"
     "  refused by us  it came, and your own mail server refused it\n"
     "  unknown        whether it came cannot be seen: look into the mailbox\n",
     "   0  every message has arrived\n"
     "  75  unseen, unknown, refused for now, or not sent\n"
     "  76  a backup does not speak SMTP\n"
     "  77  refused, by a backup or by your own mail server\n",
     command_drill},
    {"status", "[BACKUP|DOMAIN ...]", "last answers, next polls, silence",
     "Says what is known of your mail server, the daemon, and every backup and domain\n"
     "of the configuration: the last answer and when it came, the next poll, the last\n"
     "mail, the last 30 polls (+ good, o not asked, ~ temporary, ! bad; the newest on\n"
     "the right), and below it what is wrong. Nothing is asked. With -q only what is\n"
     "wrong is printed. Names choose backups and domains. Not asked is what was held,\n"
     "because your mail server was not ready, or stopped.\n"
     "\n"
     "With --nagios it is one line for a monitor, and the exit status is\n"
     "  2  CRITICAL: your mail server is down, or a domain is silent or was refused\n"
     "  1  WARNING: a domain failed for a while or was held, a certificate ends in\n"
     "     less than 14 days, or the daemon has been gone for less than 7 days\n"
     "  3  UNKNOWN: nothing can be read, the command line is wrong, or a domain was\n"
     "     never asked and nothing else is wrong\n"
     "  0  OK\n",
     "   0  it could report, whatever it says (with --nagios 0 to 3, as above)\n"
     "  75  it could not\n",
     command_status},
    {"history", "[BACKUP|DOMAIN ...]", "past polls",
     "Prints past answers, oldest first, in local time. Names choose backups and\n"
     "domains, of the configuration or of the past. Times are local, with a Z behind\n"
     "them UTC.\n"
     "\n"
     "JSON and CSV have times in UTC. CSV is RFC 4180's, with lines that end in LF;\n"
     "what a spreadsheet would take for a formula has a ' before it.\n",
     "   0  the past could be read\n"
     "  75  it could not\n",
     command_history},
    {"report", NULL, "one page to look at (HTML)",
     "Writes one page: what is wrong, and for each backup its polls, the mail that\n"
     "came, its drills and the outages of your mail server; then the last answers in\n"
     "a table that sorts. It needs no other file and loads nothing. Of the last 30\n"
     "days unless --since says otherwise. Nothing is asked.\n"
     "\n"
     "  mxpull report --html /srv/admin/mxpull.html --since 365d\n",
     "   0  the page is written\n"
     "  73  FILE cannot be written; what it was stays\n"
     "  75  the past could not be read, or standard output not written\n",
     command_report},
    {"config", NULL, "print the effective configuration",
     "Reads and checks the configuration and prints it with every default filled in\n"
     "and secrets starred. With -q it is only checked.\n",
     "   0  it is understood\n"
     "  75  it could not be printed\n",
     command_config},
};
const size_t command_count = COUNT_OF(command_table);

#define FIELD(field) offsetof(struct arguments, field)

const struct flag flag_table[] = {
    {'\0', "dry-run", NULL, "pull", FIELD(dry_run),
     "connect, log in, and print what would be asked"},
    {'\0', "force", NULL, "pull daemon drill", FIELD(force),
     "go on although your mail server is not ready"},
    {'y', "yes", NULL, "drill", FIELD(yes), "send without asking first"},
    {'\0', "retry", NULL, "pull", FIELD(retry),
     "ask again what failed, after the times of `retry`"},
    {'\0', "wait", "DURATION", "pull drill", FIELD(wait),
     "go on until the mail has arrived, at most so long: 60s"},
    {'\0', "shard", "I/N", "pull", FIELD(shard),
     "the I-th of N parts of the backups, by their names: 3/10"},
    {'\0', "since", "WHEN", "history report", FIELD(since),
     "from then on: 2d (ago), 2026-11-20, 2026-11-20T07:00Z"},
    {'\0', "failed", NULL, "history", FIELD(failed), "only answers that are neither good nor held"},
    {'\0', "outcome", "NAME", "history", FIELD(outcome), "only answers of this outcome"},
    {'\0', "limit", "N", "history", FIELD(limit),
     "the newest N; 0: all (default: 50, with --since all)"},
    {'\0', "messages", NULL, "history", FIELD(messages), "messages received instead of answers"},
    {'\0', "drills", NULL, "history", FIELD(drills), "drills instead of answers"},
    {'\0', "csv", NULL, "history", FIELD(csv), "print CSV with a header line"},
    {'\0', "nagios", NULL, "status", FIELD(nagios),
     "print one line and exit as a Nagios plugin does"},
    {'\0', "strict", NULL, "check", FIELD(strict), "exit with 1 where there are warnings"},
    {'\0', "names", NULL, "config", FIELD(only_names),
     "print only the names of backups and domains, one a line"},
    {'\0', "html", "FILE", "report", FIELD(html),
     "write FILE in one step, instead of standard output (-)"},
    {'o', "output", "FILE", "init", FIELD(output), "write FILE, which must not be there"},
    {'c', "config", "FILE", NULL, FIELD(config), "read this configuration (-: standard input)"},
    {'q', "quiet", NULL, NULL, FIELD(quiet), "print nothing unless something is wrong"},
    {'v', "verbose", NULL, NULL, FIELD(verbose), "log decisions; -vv: the wire too"},
    {'\0', "json", NULL, "!init report", FIELD(json), "print JSON: one object, on one line"},
    {'\0', "color", "WHEN", NULL, FIELD(color), "auto, always or never (default: auto)"},
    {'h', "help", NULL, NULL, FIELD(help), "print this help"},
    {'V', "version", NULL, NULL, FIELD(version), "print the version"},
};
const size_t flag_count = COUNT_OF(flag_table);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(command_table[i].name, name) == 0)
            return &command_table[i];
    }
    return NULL;
}

/* No command's name is part of another's. */
bool flag_fits(const struct flag *flag, const struct command *command)
{
    bool is_all_but = flag->commands == NULL || flag->commands[0] == '!';
    bool is_named =
        flag->commands != NULL && command != NULL && strstr(flag->commands, command->name) != NULL;

    return is_all_but != is_named;
}

/* ---- reading ---- */

struct reading {
    int argc;
    char *const *argv;
    int next; /* of argv */
    bool is_given[COUNT_OF(flag_table)];
    struct arguments arguments;
    struct error *error;
};

/* Fails for an unknown word. kind stands before it (`option --`, `command "`) and quote behind it.
 * near is the word that may have been meant, or NULL. */
static enum status unknown(struct reading *reading, const char *kind, const char *word,
                           const char *quote, const char *near)
{
    const struct word shown = word_shown(word);

    if (near == NULL)
        return error_set(reading->error, STATUS_SYNTAX, "unknown %s%s%s; try \"mxpull --help\"",
                         kind, shown.text, quote);
    return error_set(reading->error, STATUS_SYNTAX, "unknown %s%s%s; did you mean %s%s%s?", kind,
                     shown.text, quote, *quote != '\0' ? quote : "--", near, quote);
}

/* value is the argument in the same word; NULL: none, so an argument that the flag needs is the next
 * word. */
static enum status read_flag(struct reading *reading, const struct flag *flag, const char *value)
{
    void *field = (char *)&reading->arguments + flag->offset;

    if (flag->argument != NULL && value == NULL) {
        if (reading->next == reading->argc)
            return error_set(reading->error, STATUS_SYNTAX,
                             "--%s needs a %s; try \"mxpull --help\"", flag->name, flag->argument);
        value = reading->argv[reading->next++];
    }
    reading->is_given[flag - flag_table] = true;
    if (flag->argument != NULL)
        *(const char **)field = value;
    else
        *(unsigned *)field += 1;
    return STATUS_OK;
}

static const char *suggest_flag(const char *name)
{
    const char *names[COUNT_OF(flag_table)];

    for (size_t i = 0; i < flag_count; i++)
        names[i] = flag_table[i].name;
    return text_closest(name, names, flag_count);
}

/* --name, --name=value, --name value */
static enum status read_long(struct reading *reading, const char *name)
{
    size_t size = strcspn(name, "=");
    const char *value = name[size] == '=' ? name + size + 1 : NULL;

    for (size_t i = 0; i < flag_count; i++) {
        const struct flag *flag = &flag_table[i];

        if (strlen(flag->name) != size || strncmp(flag->name, name, size) != 0)
            continue;
        if (value != NULL && flag->argument == NULL)
            return error_set(reading->error, STATUS_SYNTAX, "--%s takes no argument", flag->name);
        return read_flag(reading, flag, value);
    }
    char *word = memory_copy_part(name, size);
    enum status status = unknown(reading, "option --", word, "", suggest_flag(word));
    free(word);
    return status;
}

/* -q, -qv, -cFILE, -c FILE, -qcFILE. An unknown letter is shown alone (a character of several bytes
 * whole), but the word as a whole where it is a long name that lacks a hyphen. */
static enum status read_letters(struct reading *reading, const char *word)
{
    enum status status = STATUS_OK;

    for (const char *letter = word; *letter != '\0' && status == STATUS_OK; letter++) {
        const char one[2] = {*letter, '\0'}, *near = suggest_flag(word);
        size_t i = 0;

        while (i < flag_count && flag_table[i].letter != *letter)
            i++;
        if (i == flag_count)
            return unknown(reading, "option -",
                           near != NULL                     ? word
                           : (unsigned char)*letter >= 0x80 ? letter
                                                            : one,
                           "", near);
        if (flag_table[i].argument != NULL)
            return read_flag(reading, &flag_table[i], letter[1] != '\0' ? letter + 1 : NULL);
        status = read_flag(reading, &flag_table[i], NULL);
    }
    return status;
}

/* The command is the first word that is no option; the others are its names. */
static enum status read_word(struct reading *reading, const char *word)
{
    struct arguments *arguments = &reading->arguments;
    const char *names[COUNT_OF(command_table)];

    if (arguments->command == NULL) {
        arguments->command = command_find(word);
        if (arguments->command != NULL)
            return STATUS_OK;
        for (size_t i = 0; i < command_count; i++)
            names[i] = command_table[i].name;
        return unknown(reading, "command \"", word, "\"", text_closest(word, names, command_count));
    }
    if (arguments->command->operands == NULL)
        return error_set(reading->error, STATUS_SYNTAX,
                         "\"%s\" takes no names, but \"%s\" was given", arguments->command->name,
                         word_shown(word).text);
    arguments->names[arguments->name_count++] = word;
    return STATUS_OK;
}

/* Checks what only the whole line shows: an option may stand before its command. */
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
    if (strcmp(arguments->color, "auto") == 0 || strcmp(arguments->color, "always") == 0 ||
        strcmp(arguments->color, "never") == 0)
        return STATUS_OK;
    return error_set(reading->error, STATUS_SYNTAX, "--color is auto, always or never, not \"%s\"",
                     word_shown(arguments->color).text);
}

enum status arguments_parse(struct arguments *arguments, int argc, char *const argv[],
                            struct error *error)
{
    struct reading reading = {
        .argc = argc, .argv = argv, .next = 1, .arguments.color = "auto", .error = error};
    bool options_end = false;
    enum status status = STATUS_OK;

    reading.arguments.names = memory_new((size_t)argc + 1, sizeof *reading.arguments.names);
    while (reading.next < argc && status == STATUS_OK) {
        const char *word = argv[reading.next++];

        if (options_end || word[0] != '-' || word[1] == '\0')
            status = read_word(&reading, word);
        else if (word[1] != '-')
            status = read_letters(&reading, word + 1);
        else if (word[2] != '\0')
            status = read_long(&reading, word + 2);
        else
            options_end = true;
    }
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

/* ---- --help ---- */

static void format_flags(struct buffer *text, const struct command *command)
{
    (void)buffer_append_text(text, "\nOptions:\n");
    for (size_t i = 0; i < flag_count; i++) {
        const struct flag *flag = &flag_table[i];
        const char letter[] = {'-', flag->letter, ',', ' ', '\0'};
        char left[FLAG_TEXT_SIZE];

        if (!flag_fits(flag, command))
            continue;
        (void)snprintf(left, sizeof left, "%s--%s%s%s", flag->letter != '\0' ? letter : "    ",
                       flag->name, flag->argument != NULL ? " " : "",
                       flag->argument != NULL ? flag->argument : "");
        (void)buffer_append_format(text, "  %-*s %s\n", FLAG_WIDTH, left, flag->help);
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

void help_format(struct buffer *text, const struct command *command)
{
    if (command != NULL) {
        (void)buffer_append_format(text, "Usage: mxpull %s [options]%s%s\n\n%s", command->name,
                                   command->operands != NULL ? " " : "",
                                   command->operands != NULL ? command->operands : "",
                                   command->details);
        format_flags(text, command);
        format_files(text);
        (void)buffer_append_format(text,
                                   "Exit status:\n%s"
                                   "  78  the configuration is wrong\n"
                                   "  64  the command line is wrong\n",
                                   command->exits);
        return;
    }
    (void)buffer_append_text(
        text,
        "Usage: mxpull COMMAND [options] ...\n\n"
        "mxpull asks the backup MX hosts for the mail that they hold for you.\n\nCommands:\n");
    for (size_t i = 0; i < command_count; i++)
        (void)buffer_append_format(text, "  %-*s %s\n", COMMAND_WIDTH, command_table[i].name,
                                   command_table[i].summary);
    format_flags(text, NULL);
    format_files(text);
    (void)buffer_append_text(text, "\"mxpull COMMAND --help\" tells more about a command.\n");
}

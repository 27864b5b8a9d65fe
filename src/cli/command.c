/* The commands: adding one is a row here and its function in a file of its own. */
#include <mxpull/base/compiler.h>
#include <mxpull/cli/command.h>

#include <string.h>

const struct command command_table[] = {
    {"pull", "[BACKUP|DOMAIN ...]", "ask now, once, report, exit",
     "Asks the backup MX hosts for the mail that they hold for us, all at once, and\n"
     "reports every answer. Names choose what is asked: backups by their name, and\n"
     "domains by theirs in every backup that lists them. Without names all are asked.\n"
     "The exit status is that of the worst answer.\n",
     command_pull},
    {"daemon", NULL, "keep asking by the schedule",
     "Asks every backup by its interval or schedule, and all of them at once when our\n"
     "own mail server has come back after an outage. Stays in the foreground; what is\n"
     "answered goes to the log. SIGHUP: read the configuration anew. SIGUSR1: pull\n"
     "everything now. SIGTERM: end.\n",
     command_daemon},
    {"status", NULL, "last answers, next polls, silence",
     "Says what is known of the primary, the daemon, and every backup and domain of\n"
     "the configuration: the last answer and when it came, the next poll, the last\n"
     "mail, the last 30 polls (+ good, o held, ~ temporary, ! bad; the newest on the\n"
     "right), and below it what is wrong. Nothing is asked. The exit status is 0 if\n"
     "all that could be read, whatever it says, and 75 if nothing could. With -q only\n"
     "what is wrong is printed.\n"
     "\n"
     "With --nagios it is one line for a monitor, and the exit status is\n"
     "  2  CRITICAL: the primary is down, or a domain is silent or was refused\n"
     "  1  WARNING: a domain failed for a while or was held, a certificate ends in\n"
     "     less than 14 days, or the daemon has been gone for less than 7 days\n"
     "  3  UNKNOWN: nothing can be read, or a domain was never asked and nothing else\n"
     "     is wrong\n"
     "  0  OK\n",
     command_status},
    {"history", "[BACKUP|DOMAIN ...]", "past polls",
     "Prints past answers, oldest first, in local time. Names choose backups and\n"
     "domains, of the configuration or of the past. Times are local, with a Z behind\n"
     "them UTC. The exit status is 0 if the past could be read, and 75 if not.\n"
     "\n"
     "JSON and CSV have times in UTC. CSV is RFC 4180's, with lines that end in LF; a\n"
     "text of a remote that a spreadsheet would take for a formula has a ' before it.\n",
     command_history},
    {"config", NULL, "print the effective configuration",
     "Reads and checks the configuration and prints it with every default filled in\n"
     "and secrets starred. With -q it is only checked.\n",
     command_config},
};
const size_t command_count = COUNT_OF(command_table);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(command_table[i].name, name) == 0)
            return &command_table[i];
    }
    return NULL;
}

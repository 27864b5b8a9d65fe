/* The commands: adding one is a row here and its function in a file of its own. */
#include "command.h"
#include <mxpull/base/compiler.h>

#include <string.h>

const struct command command_table[] = {
    {"pull", "[BACKUP|DOMAIN ...]", "ask now, once, report, exit",
     "Asks the backup MX hosts for the mail that they hold for you, all at once, and\n"
     "reports every answer. Names choose what is asked: backups by their name, and\n"
     "domains by theirs in every backup that lists them. Without names all are asked.\n"
     "The exit status is that of the worst answer.\n",
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
    {"config", NULL, "print the effective configuration",
     "Reads and checks the configuration and prints it with every default filled in\n"
     "and secrets starred. With -q it is only checked.\n",
     "   0  it is understood\n"
     "  75  it could not be printed\n",
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

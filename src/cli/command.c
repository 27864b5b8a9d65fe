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

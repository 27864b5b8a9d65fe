#ifndef MXPULL_TESTS_SUPPORT_WORDS_H
#define MXPULL_TESTS_SUPPORT_WORDS_H

/* Commands for the system's shell, as they stand in a configuration between double quotes. One that is
 * not defined cannot be had from it. */
#define COMMAND_TWO_LINES "echo s3cret; echo more"
#define COMMAND_NO_LINE_END "printf s3cret"
#define COMMAND_FAILS "echo s3cret; exit 7"
#define COMMAND_PRINTS_NOTHING "true"
#define COMMAND_SLOW(after) "sleep 0.3; " after
#define COMMAND_SLOW_MS 300
#define COMMAND_NUL "printf 'a\\\\000b'"

/* More of them, and what they are made of. */
#define VARIABLE(name) "$" name
#define COMMAND_AND ";"
#define COMMAND_LIST(files) "ls " files
#define COMMAND_SHOW(file) "cat " file
#define COMMAND_REMOVE(file) "rm " file
#define COMMAND_SHORT "sleep 0.01"
#define COMMAND_VARIABLES "env"
#define COMMAND_NOT_THERE "/nonexistent/program 2>/dev/null"
#define COMMAND_HANGS "sleep 100"
#define COMMAND_HANGS_WITH_CHILD "trap '' TERM; sleep 100 & wait; sleep 100"

/* How a command finds "no ESC[31m$(rm -rf /) LF line". */
#define TEXT_TOLD "no \\x1b[31m$(rm -rf /)\\nline"

/* A file that is none. */
#define FILE_DEVICE "/dev/zero"

/* What the absolute path of a file begins with, before its first slash. */
#define ROOT ""

/* The name of a file, as odd as the system allows. */
#define ODD_NAME "a?b#c"

/* What there is. */
#define HAS_UNIX_SOCKETS 1
#define FILES_GO_WHILE_OPEN 1 /* a file that is open can be removed and replaced */

/* How many bytes lie between two cuts of a test that cuts everywhere. */
#define CUT_STEP 1

/* How often a program is killed, how soon after it has said that it runs, and how long it takes until several have been started. */
#define KILLS 100
#define KILL_WITHIN_MS 25
#define START_MS 20

/* Its own log, and another system's. */
#define LOG_OWN "syslog"
#define LOG_FOREIGN "eventlog"

#endif

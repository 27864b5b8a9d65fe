#ifndef MXPULL_TESTS_SUPPORT_WORDS_H
#define MXPULL_TESTS_SUPPORT_WORDS_H

/* Commands for the system's shell, as they stand in a configuration between double quotes. One that is
 * not defined cannot be had from it. */
#define COMMAND_TWO_LINES "echo s3cret&echo more"
#define COMMAND_NO_LINE_END "<nul set /p =s3cret"
#define COMMAND_FAILS "echo s3cret&exit 7"
#define COMMAND_PRINTS_NOTHING "exit 0"
#define COMMAND_SLEEP(seconds) "%NAP% " seconds
#define COMMAND_SLOW(after) "ping -n 2 127.0.0.1 >nul&" after
#define COMMAND_SLOW_MS 1000

/* More of them, and what they are made of. */
#define VARIABLE(name) "%" name "%"
#define COMMAND_AND "&"
#define COMMAND_LIST(files) "dir /b " files
#define COMMAND_SHOW(file) "type " file
#define COMMAND_REMOVE(file) "del " file
#define COMMAND_SHORT "cmd /c exit"
#define COMMAND_VARIABLES "set MXPULL_"
#define COMMAND_NOT_THERE "no-such-program 2>nul"
#define COMMAND_HANGS COMMAND_SLEEP("99")
#define COMMAND_HANGS_WITH_CHILD "start /b " COMMAND_HANGS "&" COMMAND_HANGS

/* How a command finds "no ESC[31m$(rm -rf /) LF line": what its shell would read as its own is escaped. */
#define TEXT_TOLD "no \\x1b[31m$\\x28rm -rf /\\x29\\nline"

/* What the absolute path of a file begins with, before its first slash. */
#define ROOT "C:"

/* The name of a file, as odd as the system allows. */
#define ODD_NAME "a;b#c"

/* What there is. */
#define HAS_UNIX_SOCKETS 0
#define FILES_GO_WHILE_OPEN 0 /* a file that is open can be removed and replaced */

/* How many bytes lie between two cuts of a test that cuts everywhere; under wine every place would cost minutes. */
#define CUT_STEP 7

/* How often a program is killed, how soon after it has said that it runs, and how long it takes until several have been started. */
#define KILLS 40
#define KILL_WITHIN_MS 50
#define START_MS 100

/* Its own log, and another system's. */
#define LOG_OWN "eventlog"
#define LOG_FOREIGN "syslog"

#endif

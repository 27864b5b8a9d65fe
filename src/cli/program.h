#ifndef MXPULL_SRC_CLI_PROGRAM_H
#define MXPULL_SRC_CLI_PROGRAM_H

/* The whole program: reads the command line, runs the command, returns the exit status. */
int program_run(int argc, char *argv[]);

#endif

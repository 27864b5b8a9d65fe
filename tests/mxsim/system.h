#ifndef MXSIM_SYSTEM_H
#define MXSIM_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

/* What mxsim needs of the operating system besides sockets: the face of system_posix.c and of its
 * twins. */

/* Microseconds on a clock that never goes back. */
int64_t system_now_us(void);

/* From now on SIGTERM and SIGINT (or their like) make the socket returned readable instead of
 * ending the program. */
intptr_t system_stop_signals(void);

/* Standard input as something that can be waited for, and whether a read now finds its end. Called
 * when it is readable. */
intptr_t system_input(void);
bool system_input_ended(void);

/* Names of a directory's entries that end in suffix, one call each, in no order. False when it
 * cannot be read. */
bool system_list(const char *directory, const char *suffix,
                 void (*found)(void *context, const char *name), void *context);

/* Makes a directory; true when it is there afterwards. */
bool system_make_directory(const char *path);

/* Renames, replacing what was there. */
bool system_rename(const char *from, const char *to);

long system_process_id(void);

#endif

#ifndef MXPULL_PLATFORM_HOST_H
#define MXPULL_PLATFORM_HOST_H

#include <stdbool.h>

/* What the system says about the place we run at. All strings are the caller's to free with free().
 */

/* The words of the command line in UTF-8, with *count of them; given are those that main was given,
 * which are returned where the system's own are no better. Kept to the end of the program: not to be
 * freed. */
char **host_arguments(int *count, char **given);

/* This host's full name ("mail.example.com") if it can be told without asking the network, else its
 * short name, else "localhost". */
char *host_full_name(void);

/* The configuration that is read when none is named: $MXPULL_CONFIG, then
 * $XDG_CONFIG_HOME/mxpull/mxpull.conf (else ~/.config/…) if that file is there, then
 * system_directory/mxpull.conf (on Windows %ProgramData%\mxpull\mxpull.conf). Root passes over a
 * $XDG_CONFIG_HOME and a $HOME of another user. */
char *host_config_path(const char *system_directory);

/* The same in words, and "-c FILE" before them: whole lines, indented by two. */
char *host_config_words(const char *system_directory);

/* Where state is kept when the configuration names no directory: /var/lib/mxpull as root, else
 * $STATE_DIRECTORY (systemd), else $XDG_STATE_HOME/mxpull, else ~/.local/state/mxpull. NULL when
 * there is no home. */
char *host_state_directory(void);

/* Whether path names the same file wherever a process stands: "/PATH", on Windows "C:/PATH" or
 * "//SERVER/PATH", with slashes of either kind. A tilde is no home. */
bool host_path_is_absolute(const char *path);

/* 4 or 6 when text is an IPv4 or a bare IPv6 address, else 0. */
int host_ip_version(const char *text);

#endif

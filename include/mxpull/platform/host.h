#ifndef MXPULL_PLATFORM_HOST_H
#define MXPULL_PLATFORM_HOST_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HOST_IP_SIZE = 16,
    HOST_ADDRESS_SIZE = 46
};

/* What the system says about the place we run at, and does for our process. All strings are the caller's to free
 * with free(), unless said otherwise. */

/* Prepares the process, before anything is opened and before there are threads. The three standard streams are
 * open then, so that no connection gets what was meant for a person (writing to one that was closed still fails);
 * writing over a limit for the size of files fails as on a full disk; passwords stay out of core dumps and, on
 * Linux, out of reach for other programs of the same user; a Windows console takes UTF-8.
 * Returns the words of the command line in UTF-8, *count of them, kept to the program's end: given, those of main,
 * where the system has no better ones. */
char **host_begin(int *count, char **given);

/* This host's full name ("mail.example.com") if it can be told without asking the network, else its
 * short name, else "localhost". */
char *host_full_name(void);

/* An environment variable in UTF-8. NULL where it is not set. */
char *host_variable(const char *name);

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

/* The same, with the address in network order: its first 4 bytes, or all 16. Untouched for 0. */
int host_ip_parse(const char *text, unsigned char bytes[HOST_IP_SIZE]);

/* The same for a network, as 192.0.2.0/24 or 2001:db8::/32, or an address as a network of itself alone, with the number of
 * leading bits that count. IPv4-mapped IPv6 (RFC 4291 2.5.5.2) is IPv4. */
int host_network_parse(const char *text, unsigned char bytes[HOST_IP_SIZE], int *bits);

/* Whether an address is within a network, or the same as an address, however the two are spelt; IPv4-mapped IPv6 is IPv4. False
 * where one of them is none. */
bool host_ip_is_in(const char *address, const char *network);

bool host_ip_is_loopback(const char *address);

/* An IP address in figures, without a scope. */
struct host_address {
    char text[HOST_ADDRESS_SIZE];
};

/* The addresses of this machine's interfaces, loopback included: *count of them, to be freed with free(). None where the
 * system does not tell. */
struct host_address *host_addresses(size_t *count);

/* Fills the bytes, at most 256, with what nobody can guess. False where the system has no source of it. */
bool host_random(void *bytes, size_t size);

/* A TCP connection between this machine and another one, or within it. */
struct host_peer {
    char address[HOST_ADDRESS_SIZE]; /* of the other end; IPv4-mapped IPv6 as IPv4 */
    int port;
    char local_address[HOST_ADDRESS_SIZE];
    int local_port;
    bool has_ended; /* this end has closed it (FIN_WAIT, TIME_WAIT …): nothing more comes over it */
};

/* Calls peer once for each TCP connection, IPv4 and IPv6, that another end has made to a socket of this machine that listens on the
 * port. One that has ended is seen for a minute (Linux) or a few, where this end closed it first; while others come and go, a system
 * may pass one over. Needs no rights. *peer is borrowed for the call. STATUS_UNREACHABLE where nothing listens on the port here, so
 * that nothing can be told; STATUS_SYSTEM or STATUS_SHORTAGE where the system does not tell. Never blocks. */
enum status host_peers(int port, void (*peer)(void *context, const struct host_peer *peer),
                       void *context, struct error *error);

/* A number that two hosts, and two runs on one host, do not share. For jitter, not for keys. */
uint64_t host_seed(void);

/* Gives back memory that was freed and program code that the start alone needed: for a daemon that is about to
 * sleep. Takes up to a few milliseconds. */
void host_trim_memory(void);

#endif

#ifndef MXPULL_CONFIG_CONFIG_H
#define MXPULL_CONFIG_CONFIG_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/status.h>
#include <mxpull/plan/schedule.h>
#include <mxpull/smtp/node.h>
#include <mxpull/smtp/transport.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The configuration as read, checked and completed with every default. Immutable once loaded; all
 * texts and lists are owned by it. A text that is not set is NULL. Durations are in seconds. */

enum method {
    METHOD_ETRN,
    METHOD_ATRN,
    METHOD_TURN
};
enum preflight_extent {
    PREFLIGHT_OFF,
    PREFLIGHT_GREETING,
    PREFLIGHT_RECIPIENTS
};
enum log_target {
    LOG_STDERR,
    LOG_SYSLOG,
    LOG_EVENTLOG,
    LOG_FILE
};
enum log_style {
    LOG_TEXT,
    LOG_JSON
};

/* Where our own mail server listens. */
struct address {
    char *text; /* as configured */
    char *host; /* host name or IP address without brackets; NULL for a UNIX socket */
    int port;
    char *path; /* of a UNIX socket; NULL for TCP */
};

struct texts {
    char **list;
    size_t count;
};

struct primary_config {
    struct address address;
    struct address relay_address; /* the same as address unless it is set */
    char *
        public_name; /* ASCII; the ehlo_name unless it is set; NULL where that is an address literal */
    enum preflight_extent preflight;
    int64_t watch_s;
    int64_t greeting_timeout_s;
    struct durations recovery;
    char *mail_log; /* "auto", "off", "journal", "file:PATH" or "command:COMMAND"; never NULL */
    int64_t quiet_s;
    bool proxy_protocol;
    int64_t relay_connections;
};

struct backup_config {
    const char *file; /* where it stands, for messages: borrowed from the configuration */
    int line;         /* where it begins in the file */
    char *name;       /* the title */
    char *host;       /* ASCII; never NULL */
    int port;         /* never 0 */
    int mail_port;    /* never 0 */
    enum method method;
    struct node *domains;
    char **domain_texts; /* the domains as the administrator wrote them, one for each of domains */
    size_t domain_count; /* never 0 */
    enum tls tls;
    bool tls_verify;
    char *tls_ca_file;
    char *tls_fingerprint;
    enum tls_revocation tls_revocation;
    char *user;
    char *password; /* a secret: wiped by config_free */
    char *password_file;
    char *password_command;
    char *auth;
    bool auth_in_clear;
    int64_t etrns_per_connection;
    bool force;
    bool name_domains; /* METHOD_ATRN: the command names the domains */
    int64_t turn_sessions;
    int64_t connect_timeout_s, command_timeout_s, turn_timeout_s, idle_timeout_s;
    char *source_address;
    char *proxy;
    enum ip ip;
    struct texts arrives_from; /* addresses and networks, as host_network_parse takes them */
    struct timing timing;
};

struct config {
    char *path; /* of the file it was read from */
    char *
        shard; /* "3/10": the backups are those of this part alone, by config_keep_shard; else NULL */
    struct texts
        files; /* that one's name and those of all that it includes, as they were read; printable */
    struct texts include;
    char *ehlo_name; /* never NULL: this host's full name unless set */
    struct timing timing;
    int64_t concurrency;
    char *dns_server; /* "192.0.2.1:53" or "[2001:db8::1]:53" */
    char *state_dir;  /* NULL only where there is no home to keep it in */
    int64_t history_s;
    enum log_target log;
    char *log_path; /* with LOG_FILE */
    enum log_style log_format;
    char *metrics_file;
    char *on_failure;
    char *on_recovery;
    char *on_mail;
    char *on_drill;
    int64_t silence_s;
    char *drill;    /* cron expression */
    char *drill_to; /* "user@example.com", or the part before the @ */
    struct primary_config primary;
    struct backup_config *backups; /* in the order of the file */
    size_t backup_count;
    struct owned {
        void *memory;
        size_t size;
    } * owned; /* what the fields point to, some of them at the same */
    size_t owned_count;
};

/* Called for every fault, in the order of the file: "FILE:LINE: OPTION: what is wrong; what is
 * allowed", one line. */
typedef void config_fault(void *context, const char *line);

/* Reads and checks the file at path ("-": standard input), and all that it includes. Every fault is reported, not only the
 * first. Returns NULL when there was any; else the configuration, to be freed by config_free. A
 * file that holds a password and can be read by others is a fault. Asks nothing of any server and
 * runs no command. */
struct config *config_load(const char *path, config_fault *fault, void *context);

enum {
    CONFIG_SHARDS_MAX = 100000
};

/* Leaves the backups of one of N parts alone; the parts have no backup in common, and all of them together have all. shard
 * is "I/N", 1 to N of 1 to CONFIG_SHARDS_MAX. A backup is of part 1 + (h ^ (h >> 32)) mod N, where h is the FNV-1a hash (64
 * bits) of its name's bytes: on every machine, whatever else is configured. False, with nothing changed, where shard is none. */
bool config_keep_shard(struct config *config, const char *shard);

/* A warning about an allowed but doubtful setting. Borrowed for the call. */
struct config_warning {
    enum config_worry {
        WORRY_AUTH_IN_CLEAR,
        WORRY_ATRN_LINE,
        WORRY_SILENCE
    } worry;
    const struct backup_config *backup; /* the first one, where there are several */
    const char *text;                   /* "FILE:LINE: backup "NAME": OPTION: what is wrong" */
    const char *advice;
};

/* Calls warn for each. */
void config_warn(const struct config *config,
                 void (*warn)(void *context, const struct config_warning *warning), void *context);

/* Wipes the secrets. NULL is allowed. */
void config_free(struct config *config);

enum {
    CONFIG_PASSWORD_SIZE_MAX = 4096 /* of a password_file, and of what a password_command prints */
};

/* Fetches the password of a backup that names a password_file (its first line; not readable by
 * others), or takes it from what its password_command has printed (the first line), else a copy of its
 * password. printed may be NULL where there is no command. STATUS_OK with *password, to be freed by
 * memory_free_secret, or NULL when the backup has none. Errors name the file and backup. */
enum status config_password(const struct backup_config *backup, const struct buffer *printed,
                            char **password, struct error *error);

/* Puts the file and backup before the reason why its password_command has brought nothing. Returns the
 * error's status. */
enum status config_no_password(const struct backup_config *backup, struct error *error);

/* Prints the effective configuration, every default filled in, in a form that config_load reads again, but
 * with secrets as "********". */
void config_print(const struct config *config, FILE *stream);

const char *method_name(enum method method); /* "etrn", "atrn", "turn" */

#endif

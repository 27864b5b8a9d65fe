/* The option table. Its order is the order in which options are printed. */
#include <mxpull/config/options.h>

#include "forms.h"

#include <mxpull/base/compiler.h>
#include <mxpull/config/config.h>

#include <string.h>

#define SECOND INT64_C(1)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)

#define IN_CONFIG(field) offsetof(struct config, field), sizeof(((struct config *)0)->field)
#define IN_PRIMARY(field)                                                                          \
    offsetof(struct primary_config, field), sizeof(((struct primary_config *)0)->field)
#define IN_BACKUP(field)                                                                           \
    offsetof(struct backup_config, field), sizeof(((struct backup_config *)0)->field)

static const char *const log_styles[] = {"text", "json", NULL};
static const char *const preflights[] = {"off", "greeting", "recipients", NULL};
static const char *const methods[] = {"etrn", "atrn", "turn", NULL};
static const char *const tls_modes[] = {"off", "may", "required", "implicit", NULL};
static const char *const revocations[] = {"best-effort", "strict", "off", NULL};
static const char *const ip_versions[] = {"any", "4", "6", NULL};

/* clang-format off */
const struct option options[] = {
    /* What a section may hold: name, type, default, range, form, choices, field, help, group. */
    {SECTION_GLOBAL, "ehlo_name", OPTION_TEXT, "", 0, 0, form_ehlo_name, NULL, IN_CONFIG(ehlo_name),
     "what we call ourselves; default: this host's full name", "asking"},
    {SECTION_GLOBAL, "concurrency", OPTION_NUMBER, "256", 1, 1000, NULL, NULL, IN_CONFIG(concurrency),
     "sessions at once, 1 to 1000", NULL},
    {SECTION_GLOBAL, "dns_server", OPTION_TEXT, "", 0, 0, form_dns_server, NULL, IN_CONFIG(dns_server),
     "the DNS server that mxpull check and init ask, as 192.0.2.1 or 192.0.2.1:53; default: the system's", NULL},
    {SECTION_GLOBAL, "include", OPTION_TEXTS, "{}", 0, 0, form_pattern, NULL, IN_CONFIG(include),
     "further files, read after this one, in sorted order: \"conf.d/*.conf\", relative to the file that says so", NULL},
    {SECTION_GLOBAL, "interval", OPTION_DURATION, "4h", MINUTE, 52 * WEEK, NULL, NULL, IN_CONFIG(timing.interval_s),
     "how often each backup is asked", "timing"},
    {SECTION_GLOBAL, "schedule", OPTION_TEXT, "", 0, 0, form_schedule, NULL, IN_CONFIG(timing.schedule),
     "cron expression (5 fields) instead of interval: \"0 */4 * * 1-5\"", NULL},
    {SECTION_GLOBAL, "jitter", OPTION_DURATION, "5m", 0, DAY, NULL, NULL, IN_CONFIG(timing.jitter_s),
     "each poll is put off by a random time up to this (never more than a tenth of the interval)", NULL},
    {SECTION_GLOBAL, "retry", OPTION_DURATIONS, "{1m, 5m, 15m}", SECOND, WEEK, NULL, NULL, IN_CONFIG(timing.retry),
     "a failed or deferred poll is tried again after these, then the schedule goes on (pull: only with --retry)", NULL},
    {SECTION_GLOBAL, "silence", OPTION_DURATION, "0", 0, 52 * WEEK, NULL, NULL, IN_CONFIG(silence_s),
     "alarm when a domain has had no good answer for so long (0: 3 intervals)", NULL},
    {SECTION_GLOBAL, "drill", OPTION_TEXT, "", 0, 0, form_schedule, NULL, IN_CONFIG(drill),
     "daemon: cron expression; each backup is drilled then, as by mxpull drill: \"0 5 1 * *\"; default: never", "drills"},
    {SECTION_GLOBAL, "drill_to", OPTION_TEXT, "", 0, 0, form_mailbox, NULL, IN_CONFIG(drill_to),
     "who gets the message of a drill: an address, or its part before the @; default: postmaster", NULL},
    {SECTION_GLOBAL, "state_dir", OPTION_TEXT, "", 0, 0, form_path, NULL, IN_CONFIG(state_dir),
     "default: /var/lib/mxpull as root or service, else $XDG_STATE_HOME/mxpull", "memory and reports"},
    {SECTION_GLOBAL, "history", OPTION_DURATION, "400d", DAY, 520 * WEEK, NULL, NULL, IN_CONFIG(history_s),
     "how long past polls are remembered", NULL},
    {SECTION_GLOBAL, "log", OPTION_LOG, "stderr", 0, 0, NULL, NULL, IN_CONFIG(log),
     "stderr, syslog, eventlog (Windows) or \"file:PATH\"", NULL},
    {SECTION_GLOBAL, "log_format", OPTION_CHOICE, "text", 0, 0, NULL, log_styles, IN_CONFIG(log_format),
     "text or json", NULL},
    {SECTION_GLOBAL, "metrics_file", OPTION_TEXT, "", 0, 0, form_path, NULL, IN_CONFIG(metrics_file),
     "Prometheus textfile, replaced after each round", NULL},
    {SECTION_GLOBAL, "on_failure", OPTION_TEXT, "", 0, 0, NULL, NULL, IN_CONFIG(on_failure),
     "command run when a backup begins to fail; it gets MXPULL_BACKUP, MXPULL_OUTCOME, MXPULL_TEXT … in the environment", NULL},
    {SECTION_GLOBAL, "on_recovery", OPTION_TEXT, "", 0, 0, NULL, NULL, IN_CONFIG(on_recovery),
     "the same, when it works again", NULL},
    {SECTION_GLOBAL, "on_mail", OPTION_TEXT, "", 0, 0, NULL, NULL, IN_CONFIG(on_mail),
     "the same, when mail has come back from a backup: MXPULL_MESSAGES, MXPULL_BYTES, MXPULL_EVIDENCE", NULL},
    {SECTION_GLOBAL, "on_drill", OPTION_TEXT, "", 0, 0, NULL, NULL, IN_CONFIG(on_drill),
     "the same, when a drill is over: MXPULL_OUTCOME is ok, or what is wrong", NULL},

    {SECTION_PRIMARY, "address", OPTION_ADDRESS, "127.0.0.1:25", 0, 0, NULL, NULL, IN_PRIMARY(address),
     "host:port, [v6]:port or unix:PATH: where your mail server listens", NULL},
    {SECTION_PRIMARY, "public_name", OPTION_TEXT, "", 0, 0, form_name, NULL, IN_PRIMARY(public_name),
     "the name that your domains' MX records have for your mail server, for mxpull check; default: ehlo_name", NULL},
    {SECTION_PRIMARY, "preflight", OPTION_CHOICE, "greeting", 0, 0, NULL, preflights, IN_PRIMARY(preflight),
     "off, greeting (220 seen) or recipients (RCPT of each domain's postmaster accepted too)", NULL},
    {SECTION_PRIMARY, "greeting_timeout", OPTION_DURATION, "5m", SECOND, HOUR, NULL, NULL, IN_PRIMARY(greeting_timeout_s),
     "how long its 220 is waited for: it is slow just after an outage", NULL},
    {SECTION_PRIMARY, "watch", OPTION_DURATION, "30s", SECOND, DAY, NULL, NULL, IN_PRIMARY(watch_s),
     "daemon: how often your mail server is looked at; down, then up pulls at once", NULL},
    {SECTION_PRIMARY, "recovery", OPTION_DURATIONS, "{0s, 2m, 10m, 30m}", 0, WEEK, NULL, NULL, IN_PRIMARY(recovery),
     "after an outage: pulls at these times, then the schedule goes on", NULL},
    {SECTION_PRIMARY, "mail_log", OPTION_TEXT, "auto", 0, 0, form_mail_log, NULL, IN_PRIMARY(mail_log),
     "its log, in which the mail of a backup is seen to arrive: auto, off, journal, \"file:PATH\" or \"command:COMMAND\"", NULL},
    {SECTION_PRIMARY, "quiet", OPTION_DURATION, "30s", SECOND, HOUR, NULL, NULL, IN_PRIMARY(quiet_s),
     "mail of a backup has arrived when no more has come for so long", NULL},
    {SECTION_PRIMARY, "relay_address", OPTION_ADDRESS, "", 0, 0, NULL, NULL, IN_PRIMARY(relay_address),
     "where mail of a reversed session goes; default: address (a port that does not trust localhost is better)", NULL},
    {SECTION_PRIMARY, "proxy_protocol", OPTION_FLAG, "false", 0, 0, NULL, NULL, IN_PRIMARY(proxy_protocol),
     "tell your mail server the provider's address by a PROXY v1 line (Postfix: smtpd_upstream_proxy_protocol)", NULL},
    {SECTION_PRIMARY, "relay_connections", OPTION_NUMBER, "4", 1, 1000, NULL, NULL, IN_PRIMARY(relay_connections),
     "how many reversed sessions (atrn, turn) may connect to your mail server at the same time", NULL},

    {SECTION_BACKUP, "host", OPTION_TEXT, "", 0, 0, form_host, NULL, IN_BACKUP(host),
     "host name or address; default: the title. Looked up anew for every poll", "whom to ask for what"},
    {SECTION_BACKUP, "port", OPTION_NUMBER, "0", 0, 65535, NULL, NULL, IN_BACKUP(port),
     "default 25, for atrn 366, for tls = implicit 465", NULL},
    {SECTION_BACKUP, "mail_port", OPTION_NUMBER, "25", 0, 65535, NULL, NULL, IN_BACKUP(mail_port),
     "where it takes mail from senders: mxpull check looks there whether it would", NULL},
    {SECTION_BACKUP, "method", OPTION_CHOICE, "etrn", 0, 0, NULL, methods, IN_BACKUP(method),
     "etrn, atrn or turn", NULL},
    {SECTION_BACKUP, "domains", OPTION_NODES, "{}", 0, 0, NULL, NULL, IN_BACKUP(domain_count),
     "\"example.com\", \"@example.com\" (with all below it), \"#queue\"; atrn and turn: no queues, and mail for no other is let in", NULL},
    {SECTION_BACKUP, "arrives_from", OPTION_TEXTS, "{}", 0, 0, form_network, NULL, IN_BACKUP(arrives_from),
     "addresses and networks that its mail comes from (\"192.0.2.0/24\"), besides those of host", NULL},
    {SECTION_BACKUP, "force", OPTION_FLAG, "false", 0, 0, NULL, NULL, IN_BACKUP(force),
     "ask although EHLO does not offer the command (a Postfix that hides ETRN still answers it)", NULL},
    {SECTION_BACKUP, "etrns_per_connection", OPTION_NUMBER, "8", 1, 10000, NULL, NULL, IN_BACKUP(etrns_per_connection),
     "servers slow down or cut off after 8 (sendmail), 10 (Exim), 100 (Postfix)", NULL},
    {SECTION_BACKUP, "name_domains", OPTION_FLAG, "true", 0, 0, NULL, NULL, IN_BACKUP(name_domains),
     "atrn: false sends ATRN without names (all that the provider has for you); the guard knows domains all the same", NULL},
    {SECTION_BACKUP, "turn_sessions", OPTION_NUMBER, "1000", 1, 100000, NULL, NULL, IN_BACKUP(turn_sessions),
     "ATRN is asked again after every session that moved mail, at most so often a poll", NULL},
    {SECTION_BACKUP, "tls", OPTION_CHOICE, "may", 0, 0, NULL, tls_modes, IN_BACKUP(tls),
     "off, may (STARTTLS if offered, unverified), required or implicit", "TLS"},
    {SECTION_BACKUP, "tls_verify", OPTION_FLAG, "true", 0, 0, NULL, NULL, IN_BACKUP(tls_verify),
     "with required and implicit: the certificate must be good", NULL},
    {SECTION_BACKUP, "tls_ca_file", OPTION_TEXT, "", 0, 0, form_file, NULL, IN_BACKUP(tls_ca_file),
     "PEM file of the authorities to trust; default: the system's", NULL},
    {SECTION_BACKUP, "tls_fingerprint", OPTION_TEXT, "", 0, 0, form_fingerprint, NULL, IN_BACKUP(tls_fingerprint),
     "\"sha256//…\": the one public key that is accepted", NULL},
    {SECTION_BACKUP, "tls_revocation", OPTION_CHOICE, "best-effort", 0, 0, NULL, revocations, IN_BACKUP(tls_revocation),
     "Windows: best-effort, strict or off", NULL},
    {SECTION_BACKUP, "user", OPTION_TEXT, "", 0, 0, NULL, NULL, IN_BACKUP(user),
     "AUTH; needs tls = required or implicit unless auth_in_clear = true", "authentication"},
    {SECTION_BACKUP, "password", OPTION_SECRET, "", 0, 0, NULL, NULL, IN_BACKUP(password),
     "in single quotes nothing is replaced", NULL},
    {SECTION_BACKUP, "password_file", OPTION_TEXT, "", 0, 0, form_path, NULL, IN_BACKUP(password_file),
     "the password is its first line; it must not be readable by others", NULL},
    {SECTION_BACKUP, "password_command", OPTION_TEXT, "", 0, 0, NULL, NULL, IN_BACKUP(password_command),
     "the password is the first line that it prints", NULL},
    {SECTION_BACKUP, "auth", OPTION_TEXT, "", 0, 0, form_mechanism, NULL, IN_BACKUP(auth),
     "pin one mechanism: CRAM-MD5, PLAIN, LOGIN, XOAUTH2, EXTERNAL …", NULL},
    {SECTION_BACKUP, "auth_in_clear", OPTION_FLAG, "false", 0, 0, NULL, NULL, IN_BACKUP(auth_in_clear),
     "allow AUTH without TLS", NULL},
    {SECTION_BACKUP, "connect_timeout", OPTION_DURATION, "30s", SECOND, HOUR, NULL, NULL, IN_BACKUP(connect_timeout_s),
     "until the connection stands", "the network"},
    {SECTION_BACKUP, "command_timeout", OPTION_DURATION, "5m", SECOND, HOUR, NULL, NULL, IN_BACKUP(command_timeout_s),
     "for each reply", NULL},
    {SECTION_BACKUP, "turn_timeout", OPTION_DURATION, "10m", SECOND, HOUR, NULL, NULL, IN_BACKUP(turn_timeout_s),
     "for the reply to ATRN or TURN", NULL},
    {SECTION_BACKUP, "idle_timeout", OPTION_DURATION, "5m", SECOND, HOUR, NULL, NULL, IN_BACKUP(idle_timeout_s),
     "in a reversed session", NULL},
    {SECTION_BACKUP, "source_address", OPTION_TEXT, "", 0, 0, form_ip_address, NULL, IN_BACKUP(source_address),
     "the address of ours to connect from", NULL},
    {SECTION_BACKUP, "proxy", OPTION_PROXY, "", 0, 0, form_proxy, NULL, IN_BACKUP(proxy),
     "\"socks5h://host:port\"; socks4, socks4a, socks5, socks5h, http or https", NULL},
    {SECTION_BACKUP, "ip", OPTION_CHOICE, "any", 0, 0, NULL, ip_versions, IN_BACKUP(ip),
     "any, 4 or 6", NULL},
    {SECTION_BACKUP, "interval", OPTION_DURATION, "", MINUTE, 52 * WEEK, NULL, NULL, IN_BACKUP(timing.interval_s),
     "as above, for this backup alone", "timing"},
    {SECTION_BACKUP, "schedule", OPTION_TEXT, "", 0, 0, form_schedule, NULL, IN_BACKUP(timing.schedule),
     "as above, for this backup alone", NULL},
    {SECTION_BACKUP, "jitter", OPTION_DURATION, "", 0, DAY, NULL, NULL, IN_BACKUP(timing.jitter_s),
     "as above, for this backup alone", NULL},
    {SECTION_BACKUP, "retry", OPTION_DURATIONS, "", SECOND, WEEK, NULL, NULL, IN_BACKUP(timing.retry),
     "as above, for this backup alone", NULL},
};
/* clang-format on */
const size_t option_count = COUNT_OF(options);

const char *option_section_name(enum option_section section)
{
    static const char *const names[] = {[SECTION_GLOBAL] = "",
                                        [SECTION_PRIMARY] = "primary",
                                        [SECTION_BACKUP] = "backup",
                                        [SECTION_DEFAULTS] = "defaults"};

    return names[section];
}

bool option_section_find(const char *name, enum option_section *section)
{
    for (*section = SECTION_PRIMARY; *section <= SECTION_DEFAULTS; ++*section) {
        if (strcmp(option_section_name(*section), name) == 0)
            return true;
    }
    return false;
}

bool option_is_of(const struct option *option, enum option_section section)
{
    if (section != SECTION_DEFAULTS)
        return option->section == section;
    return option->section == SECTION_BACKUP && option->form != form_host &&
           option->type != OPTION_NODES;
}

const struct option *option_find(enum option_section section, const char *name)
{
    for (size_t i = 0; i < option_count; i++) {
        if (option_is_of(&options[i], section) && strcmp(options[i].name, name) == 0)
            return &options[i];
    }
    return NULL;
}

const char *method_name(enum method method)
{
    return methods[method];
}

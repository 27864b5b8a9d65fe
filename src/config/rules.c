/* Combinations of options that are good each by itself. */
#include "loading.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/host.h>
#include <mxpull/smtp/atrn_dialogue.h>

#include <stdlib.h>
#include <string.h>

/* A backup and its section, as the checks see it. */
struct subject {
    struct config *config;
    struct backup_config *backup;
    const struct section *section;
    struct faults *faults;
};

static bool is_set(const struct subject *subject, const char *option)
{
    return section_has(subject->section, option);
}

static bool is_sound(const struct subject *subject, const char *option)
{
    return section_is_sound(subject->section, option);
}

/* Reports the option where it is wrong beside the others. */
static void refuse(const struct subject *subject, bool wrong, const char *option, const char *text)
{
    if (wrong && is_sound(subject, option))
        faults_add(subject->faults,
                   (struct place){section_line(subject->section, option), subject->section, option},
                   "%s", text);
}

/* The same where the option has no use beside the others. An option from the defaults is no fault then: this backup goes
 * without it. */
static void refuse_unused(const struct subject *subject, bool unused, const char *name,
                          const char *text)
{
    const struct setting *setting = section_find(subject->section, name);
    struct error ignored;

    if (unused && setting != NULL && setting->inherited)
        (void)value_set(subject->config, setting->option, subject->backup, setting->option->initial,
                        &ignored);
    else
        refuse(subject, unused && is_set(subject, name), name, text);
}

/* interval and schedule exclude each other. */
static void check_timing(const struct section *section, struct faults *faults)
{
    const struct setting *later = section_find(section, "interval");
    const struct setting *earlier = section_find(section, "schedule");
    char where[FAULT_LINE_SIZE];

    if (later == NULL || earlier == NULL || later->bad || earlier->bad || !earlier->filled)
        return;
    if (earlier > later) { /* settings are in the order of the file */
        const struct setting *interval = later;

        later = earlier;
        earlier = interval;
    }
    faults_add(faults, (struct place){later->line, section, later->option->name},
               "is set beside %s of %s; one of the two is allowed", earlier->option->name,
               faults_line(where, faults, later->line, earlier->line));
}

/* At most one way to the password, and none without a user. */
static void check_password(const struct subject *subject)
{
    static const char *const ways[] = {"password", "password_file", "password_command"};
    static const char no_user[] = "is never used without a user; set user, or take it out";
    const char *mechanism = subject->backup->auth;
    const bool user = is_set(subject, "user");
    bool password = false;

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        refuse(subject, password && is_set(subject, ways[i]), ways[i],
               "is one password too many; one of password, password_file, password_command is "
               "allowed");
        refuse_unused(subject, !password && !user, ways[i], no_user);
        password = password || is_set(subject, ways[i]);
    }
    refuse_unused(subject, !user, "auth", no_user);
    refuse(
        subject,
        user && !password && is_sound(subject, "auth") &&
            (mechanism == NULL || strcmp(mechanism, "EXTERNAL") != 0),
        "user",
        "has no password; set password, password_file or password_command (auth = EXTERNAL alone "
        "needs none)");
}

/* Nothing secret in clear, and for ATRN and TURN never without a user: RFC 2645 5.1.1, and RFC 5321 F.1 on
 * why. */
static void check_security(const struct subject *subject)
{
    static const char no_tls[] =
        "is never used with tls = off or may; set tls = required or implicit, or take it out";
    const struct backup_config *backup = subject->backup;
    const bool tls = backup->tls == TLS_REQUIRED || backup->tls == TLS_IMPLICIT;
    const bool no_such_tls = !tls && is_sound(subject, "tls");

    refuse_unused(subject, no_such_tls, "tls_ca_file", no_tls);
    refuse_unused(subject, no_such_tls, "tls_fingerprint", no_tls);
    refuse_unused(subject, tls && !backup->tls_verify, "tls_ca_file",
                  "is never used with tls_verify = false; take one of them out");
    check_password(subject);
    refuse(subject,
           is_set(subject, "user") && no_such_tls && !backup->auth_in_clear &&
               is_sound(subject, "auth_in_clear"),
           "user",
           "would be sent in clear; tls = required, tls = implicit or auth_in_clear = true are "
           "allowed with it");
    refuse(subject, backup->method != METHOD_ETRN && !is_set(subject, "user"), "method",
           "atrn and turn need a user; set user and a password, or method = etrn");
}

/* ETRN is nothing without a name, and TURN has none; ATRN names all in one command. */
static void check_method(const struct subject *subject)
{
    const struct backup_config *backup = subject->backup;

    if (!is_sound(subject, "method"))
        return;
    refuse(
        subject, backup->domain_count == 0, "domains",
        backup->method == METHOD_ETRN
            ? "names none; \"example.com\", \"@example.com\" or \"#queue\" must be there for etrn"
            : "names none, and atrn and turn need domains: the guard lets in no other; "
              "\"example.com\" and \"@example.com\" are allowed");
    refuse(subject,
           backup->method == METHOD_ATRN && backup->name_domains &&
               atrn_command_size(backup->domains, backup->domain_count) > ATRN_LINE_MAX,
           "domains",
           "are more than one ATRN can name (1 MiB); set name_domains = false, or use several "
           "backups");
    refuse_unused(subject, backup->method != METHOD_ATRN && !backup->name_domains, "name_domains",
                  "false is for atrn alone; set method = atrn, or take it out");
}

/* Addresses of one IP version cannot be reached by the other. */
static void check_ip(const struct subject *subject)
{
    const struct backup_config *backup = subject->backup;
    const int wanted = backup->ip == IP_4 ? 4 : backup->ip == IP_6 ? 6 : 0;
    const int host = host_ip_version(backup->host);
    const int source = backup->source_address != NULL ? host_ip_version(backup->source_address) : 0;

    refuse(subject, wanted != 0 && source != 0 && source != wanted, "source_address",
           "is not an address of the version that ip allows");
    refuse(subject, wanted != 0 && host != 0 && host != wanted, "host",
           "is not an address of the version that ip allows");
    refuse(subject, wanted == 0 && host != 0 && source != 0 && host != source, "source_address",
           "cannot reach the host; an address of the host's IP version is allowed");
}

/* A name and where it stands, to find the ones that are there twice. */
struct mention {
    const char *name;
    int line;
    const struct section *section;
};

static int compare(const void *left, const void *right)
{
    const struct mention *a = left, *b = right;
    int names = strcmp(a->name, b->name);

    return names != 0 ? names : a->line - b->line;
}

/* option is "domains", or NULL where the names are those of backups. Frees the mentions. */
static void check_unique(struct mention *mentions, size_t count, const char *option,
                         struct faults *faults)
{
    qsort(mentions, count, sizeof *mentions, compare);
    for (size_t i = 1; i < count; i++) {
        struct place place = {mentions[i].line, mentions[i].section, option};
        char shown[FAULT_SHOWN_SIZE], where[FAULT_LINE_SIZE];

        if (strcmp(mentions[i - 1].name, mentions[i].name) != 0)
            continue;
        (void)faults_line(where, faults, place.line, mentions[i - 1].line);
        if (option != NULL)
            faults_add(faults, place, "\"%s\" is there twice; %s has it already",
                       text_printable_copy(shown, sizeof shown, mentions[i].name), where);
        else
            faults_add(faults, place, "the name is taken by %s; each backup has one of its own",
                       where);
    }
    free(mentions);
}

static void check_domains(const struct subject *subject)
{
    const struct backup_config *backup = subject->backup;
    struct mention *mentions = memory_new(backup->domain_count, sizeof *mentions);

    for (size_t i = 0; i < backup->domain_count; i++) {
        const int line = subject->section->domain_lines[i];

        mentions[i] = (struct mention){backup->domains[i].name, line, subject->section};
        if (backup->domains[i].form == NODE_QUEUE && backup->method != METHOD_ETRN)
            faults_add(subject->faults, (struct place){line, subject->section, "domains"},
                       "a #queue is for etrn alone; \"example.com\" and \"@example.com\" are "
                       "allowed with atrn and turn");
    }
    check_unique(mentions, backup->domain_count, "domains", subject->faults);
}

/* The address of drills is of a domain that some backup has: others would be asked to relay. */
static void check_drill(const struct config *config, const struct section *section,
                        struct faults *faults)
{
    const char *at = config->drill_to != NULL ? strchr(config->drill_to, '@') : NULL;

    for (size_t i = 0; i < config->backup_count && at != NULL; i++) {
        const struct backup_config *backup = &config->backups[i];

        for (size_t j = 0; j < backup->domain_count && at != NULL; j++) {
            if (node_has_domain(&backup->domains[j], at + 1))
                at = NULL;
        }
    }
    if (at != NULL)
        faults_add(
            faults, (struct place){section_line(section, "drill_to"), section, "drill_to"},
            "is not of a domain that a backup has; an address of one of your domains, or the "
            "part before the @ alone, is allowed");
}

void check_combinations(struct config *config, const struct sections *sections,
                        struct faults *faults)
{
    struct mention *mentions = memory_new(sections->count, sizeof *mentions);
    size_t count = 0;

    check_timing(sections->list[0], faults);
    for (size_t i = 1; i < sections->count; i++) {
        const struct section *section = sections->list[i];
        const struct subject subject = {config, section->fields, section, faults};

        if (section->kind != SECTION_BACKUP)
            continue;
        if (*subject.backup->name != '\0')
            mentions[count++] = (struct mention){subject.backup->name, section->line, section};
        check_domains(&subject);
        if (section->is_cut)
            continue;
        check_method(&subject);
        check_security(&subject);
        check_ip(&subject);
        check_timing(section, faults);
    }
    check_unique(mentions, count, NULL, faults);
    if (sections->whole && !sections->refused)
        check_drill(config, sections->list[0], faults);
    if (sections->whole && config->backup_count == 0 && !sections->refused)
        faults_add(faults, (struct place){0},
                   "no backup is configured, so there is nothing to ask; backup \"NAME\" { … } is "
                   "missing");
}

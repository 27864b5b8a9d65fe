/* Combinations: what each option alone does not show. */
#include "check.h"

#include "values.h"

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

static void report(const struct subject *subject, const char *option, const char *text)
{
    faults_add(subject->faults,
               (struct place){section_line(subject->section, option), subject->section, option},
               "%s", text);
}

/* An option of the defaults that one backup has no use for is no fault of this backup: it goes without. */
static void report_unused(const struct subject *subject, const char *name, const char *text)
{
    const struct setting *setting = section_find(subject->section, name);
    struct error ignored;

    if (setting->inherited)
        (void)value_set(subject->config, setting->option, subject->backup, setting->option->initial,
                        &ignored);
    else
        report(subject, name, text);
}

static bool is_set(const struct subject *subject, const char *option)
{
    return section_has(subject->section, option);
}

static bool is_sound(const struct subject *subject, const char *option)
{
    return section_is_sound(subject->section, option);
}

static bool has_tls(const struct backup_config *backup)
{
    return backup->tls == TLS_REQUIRED || backup->tls == TLS_IMPLICIT;
}

/* Which of interval and schedule holds cannot be told when both are there. */
static void check_timing(const struct section *section, struct faults *faults)
{
    const struct setting *later = section_find(section, "interval");
    const struct setting *earlier = section_find(section, "schedule");

    if (later == NULL || earlier == NULL || later->bad || earlier->bad || !earlier->filled)
        return;
    if (earlier > later) { /* settings are in the order of the file */
        const struct setting *interval = later;

        later = earlier;
        earlier = interval;
    }
    faults_add(faults, (struct place){later->line, section, later->option->name},
               "is set beside %s of line %d; one of the two is allowed", earlier->option->name,
               earlier->line);
}

/* At most one way to the password, and none without a user. */
static void check_password(const struct subject *subject)
{
    static const char *const ways[] = {"password", "password_file", "password_command"};
    const char *first = NULL;

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        if (!is_set(subject, ways[i]))
            continue;
        if (first != NULL)
            report(subject, ways[i],
                   "is one password too many; one of password, password_file, password_command is "
                   "allowed");
        else if (!is_set(subject, "user"))
            report_unused(subject, ways[i],
                          "is never used without a user; set user, or take it out");
        first = ways[i];
    }
    if (first == NULL && is_set(subject, "user") && is_sound(subject, "auth") &&
        (subject->backup->auth == NULL || strcmp(subject->backup->auth, "EXTERNAL") != 0))
        report(subject, "user",
               "has no password; set password, password_file or password_command (auth = EXTERNAL "
               "alone needs none)");
    if (is_set(subject, "auth") && !is_set(subject, "user"))
        report_unused(subject, "auth", "is never used without a user; set user, or take it out");
}

/* Nothing secret in clear, and for ATRN and TURN never without a user: RFC 2645 5.1.1, and RFC 5321
 * F.1 on why. */
static void check_authentication(const struct subject *subject)
{
    const struct backup_config *backup = subject->backup;

    check_password(subject);
    if (is_set(subject, "user") && is_sound(subject, "tls") && is_sound(subject, "auth_in_clear") &&
        !has_tls(backup) && !backup->auth_in_clear)
        report(subject, "user",
               "would be sent in clear; tls = required, tls = implicit or auth_in_clear = true are "
               "allowed with it");
    if (is_sound(subject, "method") && backup->method != METHOD_ETRN && !is_set(subject, "user"))
        report(subject, "method",
               "atrn and turn need a user; set user and a password, or method = etrn");
}

static void check_tls(const struct subject *subject)
{
    static const char *const verifiers[] = {"tls_ca_file", "tls_fingerprint"};
    const struct backup_config *backup = subject->backup;

    if (!is_sound(subject, "tls"))
        return;
    for (size_t i = 0; i < COUNT_OF(verifiers); i++) {
        if (is_set(subject, verifiers[i]) && !has_tls(backup))
            report_unused(
                subject, verifiers[i],
                "is never used with tls = off or may; set tls = required or implicit, or take it "
                "out");
    }
    if (is_set(subject, "tls_ca_file") && has_tls(backup) && !backup->tls_verify)
        report_unused(subject, "tls_ca_file",
                      "is never used with tls_verify = false; take one of them out");
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

/* option is "domains", or NULL where the names are those of backups. */
static void report_twice(struct mention *mentions, size_t count, const char *option,
                         struct faults *faults)
{
    qsort(mentions, count, sizeof *mentions, compare);
    for (size_t i = 1; i < count; i++) {
        struct place place = {mentions[i].line, mentions[i].section, option};
        const int line = mentions[i - 1].line;
        char shown[FAULT_SHOWN_SIZE];

        if (strcmp(mentions[i - 1].name, mentions[i].name) != 0)
            continue;
        if (option != NULL)
            faults_add(faults, place, "\"%s\" is there twice; line %d has it already",
                       fault_show(shown, mentions[i].name, strlen(mentions[i].name)), line);
        else
            faults_add(faults, place,
                       "the name is taken by line %d; each backup has one of its own", line);
    }
    free(mentions);
}

static void check_list(const struct subject *subject)
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
    report_twice(mentions, backup->domain_count, "domains", subject->faults);
}

static void check_domains(const struct subject *subject)
{
    const struct backup_config *backup = subject->backup;

    if (backup->domain_count == 0 && is_sound(subject, "domains") && is_sound(subject, "method"))
        report(subject, "domains",
               backup->method == METHOD_ETRN
                   ? "names none; \"example.com\", \"@example.com\" or \"#queue\" must be there "
                     "for etrn"
                   : "names none, and atrn and turn need domains: the guard lets in no other; "
                     "\"example.com\" and \"@example.com\" are allowed");
}

/* All go into one command. */
static void check_atrn_size(const struct subject *subject)
{
    const struct backup_config *backup = subject->backup;

    if (is_sound(subject, "domains") && is_sound(subject, "method") &&
        backup->method == METHOD_ATRN && backup->name_domains &&
        atrn_command_size(backup->domains, backup->domain_count) > ATRN_LINE_MAX)
        report(subject, "domains",
               "are more than one ATRN can name (1 MiB); set name_domains = false, or use several "
               "backups");
}

/* ETRN is nothing without a name, and TURN has none. */
static void check_name_domains(const struct subject *subject)
{
    const struct backup_config *backup = subject->backup;

    if (is_sound(subject, "name_domains") && is_sound(subject, "method") && !backup->name_domains &&
        backup->method != METHOD_ATRN)
        report_unused(subject, "name_domains",
                      "false is for atrn alone; set method = atrn, or take it out");
}

/* Addresses of one IP version cannot be reached by the other. */
static void check_ip(const struct subject *subject)
{
    const struct backup_config *backup = subject->backup;
    int wanted = backup->ip == IP_4 ? 4 : backup->ip == IP_6 ? 6 : 0;
    int host = host_ip_version(backup->host);
    int source = backup->source_address != NULL ? host_ip_version(backup->source_address) : 0;

    if (wanted != 0 && source != 0 && source != wanted)
        report(subject, "source_address", "is not an address of the version that ip allows");
    if (wanted != 0 && host != 0 && host != wanted)
        report(subject, "host", "is not an address of the version that ip allows");
    if (wanted == 0 && host != 0 && source != 0 && host != source)
        report(subject, "source_address",
               "cannot reach the host; an address of the host's IP version is allowed");
}

static void check_backup(const struct subject *subject)
{
    check_domains(subject);
    check_atrn_size(subject);
    check_name_domains(subject);
    check_tls(subject);
    check_authentication(subject);
    check_ip(subject);
    check_timing(subject->section, subject->faults);
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
        check_list(&subject);
        if (sections->whole || i + 1 < sections->count)
            check_backup(&subject);
        if (*subject.backup->name != '\0')
            mentions[count++] = (struct mention){subject.backup->name, section->line, section};
    }
    report_twice(mentions, count, NULL, faults);
    if (sections->whole && config->backup_count == 0 && !sections->refused)
        faults_add(faults, (struct place){0},
                   "no backup is configured, so there is nothing to ask; backup \"NAME\" { … } is "
                   "missing");
}

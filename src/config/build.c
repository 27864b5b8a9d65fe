/* The typed configuration around the values of the file: defaults, and what a backup takes over from the
 * defaults and the global options. */
#include "forms.h"
#include "loading.h"

#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/host.h>

#include <stdlib.h>
#include <string.h>

enum {
    TITLE_SIZE_MAX = 100,
    PORT_SMTP = 25,
    PORT_ODMR = 366,
    PORT_SMTPS = 465
};

/* section is NULL where the file has none. A list that it sets does not add to its default. */
static void set_initial(struct config *config, enum option_section kind,
                        const struct section *section, void *fields)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &options[i];
        const bool is_set_list =
            value_is_list(option) && section != NULL && section_find(section, option->name) != NULL;

        if (option->section == kind && !is_set_list)
            value_set_initial(config, option, fields);
    }
}

struct config *build_begin(struct sections *sections)
{
    struct config *config = memory_new(1, sizeof *config);
    struct backup_config *defaults = memory_new(1, sizeof *defaults);

    (void)value_own(config, defaults, sizeof *defaults);
    set_initial(config, SECTION_GLOBAL, sections->list[0], config);
    set_initial(config, SECTION_PRIMARY, sections->first[SECTION_PRIMARY], &config->primary);
    set_initial(config, SECTION_BACKUP, NULL, defaults);
    config->backups = memory_new(sections->count, sizeof *config->backups);
    for (size_t i = 0; i < sections->count; i++) {
        struct section *section = sections->list[i];

        switch (section->kind) {
        case SECTION_GLOBAL: section->fields = config; break;
        case SECTION_PRIMARY: section->fields = &config->primary; break;
        case SECTION_DEFAULTS: section->fields = defaults; break;
        case SECTION_BACKUP:
            section->fields = &config->backups[config->backup_count];
            config->backups[config->backup_count++] = *defaults;
            break;
        }
    }
    return config;
}

/* A backup that sets one option of a group takes over none of them. */
static const char *group_of(const struct option *option)
{
    if (text_starts_with(option->name, "password"))
        return "password";
    return strcmp(option->name, "schedule") == 0 ? "interval" : option->name;
}

/* Gives a backup what the defaults set and the backup does not. */
static void inherit(struct section *backup, const struct section *defaults)
{
    const size_t own = backup->count;

    for (size_t i = 0; i < defaults->count; i++) {
        const struct option *option = defaults->settings[i].option;
        bool is_set = false;

        for (size_t j = 0; j < own && !is_set; j++)
            is_set = strcmp(group_of(backup->settings[j].option), group_of(option)) == 0;
        if (is_set)
            continue;
        memcpy((char *)backup->fields + option->offset,
               (const char *)defaults->fields + option->offset, option->size);
        section_add(backup, &defaults->settings[i])->inherited = true;
    }
}

/* Each part of the timing that neither the backup nor the defaults set is as it is globally; interval and
 * schedule are one part. */
static void inherit_timing(struct timing *timing, const struct timing *global,
                           const struct section *section)
{
    bool interval = section_find(section, "interval") != NULL;

    if (!interval)
        timing->interval_s = global->interval_s;
    if (!interval && section_find(section, "schedule") == NULL)
        timing->schedule = global->schedule;
    if (section_find(section, "jitter") == NULL)
        timing->jitter_s = global->jitter_s;
    if (section_find(section, "retry") == NULL)
        timing->retry = global->retry;
}

/* The jitter is at most a tenth of the interval. */
static void limit_jitter(struct timing *timing, const struct section *section,
                         struct faults *faults)
{
    const struct setting *set = section_find(section, "jitter");
    int64_t most = timing->interval_s / 10;
    char text[DURATION_TEXT_SIZE];

    if (timing->schedule != NULL || timing->jitter_s <= most)
        return;
    if (set != NULL && !set->bad && !set->inherited && section_is_sound(section, "interval") &&
        section_is_sound(section, "schedule"))
        faults_add(faults, (struct place){set->line, section, "jitter"},
                   "is more than a tenth of the interval; up to %s are allowed here",
                   duration_format(text, most));
    timing->jitter_s = most;
}

static void set_name(struct config *config, const struct section *section, struct faults *faults)
{
    struct backup_config *backup = section->fields;
    const char *title = section->title != NULL ? section->title : "";
    struct place place = {section->line, section, NULL};

    if (*title == '\0' && section->titled)
        faults_add(faults, place, "has an empty name; backup \"NAME\" { … } is allowed");
    else if (strlen(title) > TITLE_SIZE_MAX)
        faults_add(faults, place, "has too long a name; up to %d bytes are allowed",
                   TITLE_SIZE_MAX);
    else if (!text_is_shown(title))
        faults_add(faults, place, "its name cannot be printed; printable UTF-8 is allowed");
    backup->name = value_own_text(config, memory_copy(title));
    const struct file *file = files_find(faults->files, section->line);
    backup->file = config->files.list[file - faults->files->list];
    backup->line = section->line - file->first_line + 1;
}

/* The title is the host when none is set. */
static void complete_host(struct config *config, const struct section *section,
                          struct faults *faults)
{
    struct backup_config *backup = section->fields;
    struct error error;

    if (backup->host != NULL)
        return;
    if (form_host(backup->name, &backup->host, &error) != STATUS_OK) {
        if (section_is_sound(section, "host") && *backup->name != '\0')
            faults_add(
                faults, (struct place){section->line, section, "host"},
                "is not set, and the backup's name is none; a host name or an address is allowed");
        backup->host = memory_copy("");
    }
    (void)value_own_text(config, backup->host);
}

static void complete_backup(struct config *config, struct section *section,
                            const struct section *defaults, struct faults *faults)
{
    struct backup_config *backup = section->fields;

    if (defaults != NULL)
        inherit(section, defaults);
    set_name(config, section, faults);
    complete_host(config, section, faults);
    if (backup->port == 0)
        backup->port = backup->tls == TLS_IMPLICIT     ? PORT_SMTPS
                       : backup->method == METHOD_ATRN ? PORT_ODMR
                                                       : PORT_SMTP;
    if (backup->mail_port == 0)
        backup->mail_port = PORT_SMTP;
    inherit_timing(&backup->timing, &config->timing, section);
    limit_jitter(&backup->timing, section, faults);
}

/* "localhost" where the host's name cannot stand in EHLO: the administrator may be unable to change it. */
static char *default_ehlo_name(void)
{
    char *own = host_full_name();
    char *name = NULL;
    struct error ignored;

    if (form_ehlo_name(own, &name, &ignored) != STATUS_OK)
        name = memory_copy("localhost");
    free(own);
    return name;
}

void build_complete(struct config *config, struct sections *sections, struct faults *faults)
{
    if (config->ehlo_name == NULL)
        config->ehlo_name = value_own_text(config, default_ehlo_name());
    if (config->state_dir == NULL)
        config->state_dir = value_own_text(config, host_state_directory());
    for (size_t i = 1; i < sections->count; i++) {
        if (sections->list[i]->kind == SECTION_BACKUP)
            complete_backup(config, sections->list[i], sections->first[SECTION_DEFAULTS], faults);
    }
    if (config->primary.public_name == NULL && config->ehlo_name[0] != '[')
        config->primary.public_name = config->ehlo_name;
    if (config->primary.mail_log == NULL)
        config->primary.mail_log = value_own_text(config, memory_copy("auto"));
    if (config->primary.relay_address.text == NULL)
        config->primary.relay_address = config->primary.address;
    limit_jitter(&config->timing, sections->list[0], faults);
}

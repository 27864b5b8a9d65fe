/* The typed configuration: values, defaults, and what a backup takes over from the global options.
 */
#include "build.h"

#include "domains.h"
#include "names.h"
#include "values.h"

#include <mxpull/base/buffer.h>
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

static bool has_control(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at < ' ' || *at == 0x7f)
            return true;
    }
    return false;
}

/* Sets one value, or reports why not. */
static bool apply_value(const struct raw_section *section, const struct raw_assignment *assignment,
                        const struct raw_value *value, void *target, struct faults *faults)
{
    struct place place = {value->line, section, assignment->option->name};
    struct error error;
    enum status status;

    if (has_control(value->text)) {
        faults_add(faults, place,
                   "holds a line end or another control character; printable text is allowed");
        return false;
    }
    if (assignment->option->type == OPTION_DURATIONS)
        status = value_add_duration(assignment->option, target, value->text, &error);
    else
        status = value_set(assignment->option, target, value->text, &error);
    if (status != STATUS_OK)
        faults_add(faults, place, "%s", error.text);
    return status == STATUS_OK;
}

static void apply(const struct raw_section *section, struct raw_assignment *assignment,
                  void *target, struct faults *faults)
{
    if (assignment->bad)
        return;
    if (assignment->option->type == OPTION_NODES) {
        assignment->bad = !domains_set(target, section, assignment, faults);
        return;
    }
    for (size_t i = 0; i < assignment->count; i++) {
        if (!apply_value(section, assignment, &assignment->values[i], target, faults))
            assignment->bad = true;
    }
}

/* Fills a section's struct: defaults for what is not there, then what is. */
static void apply_section(const struct raw_section *section, void *target, struct faults *faults)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &options[i];

        if (!option_is_of(option, section->kind))
            continue;
        if (!value_is_list(option) || raw_find(section, option->name) == NULL)
            value_set_initial(option, target);
    }
    for (size_t i = 0; i < section->count; i++)
        apply(section, &section->assignments[i], target, faults);
}

/* What is not the host's fault must not stop us: a host whose name cannot be said in EHLO is
 * "localhost". */
static char *default_ehlo_name(void)
{
    char *own = host_full_name();
    char *name = NULL;
    struct error ignored;

    if (name_parse_ehlo(own, &name, &ignored) != STATUS_OK)
        name = memory_copy("localhost");
    free(own);
    return name;
}

static void complete_global(struct config *config)
{
    if (config->ehlo_name == NULL)
        config->ehlo_name = default_ehlo_name();
    if (config->state_dir == NULL)
        config->state_dir = host_state_directory();
}

static void complete_primary(struct primary_config *primary)
{
    const struct address *address = &primary->address;

    if (primary->relay_address.text == NULL)
        primary->relay_address = (struct address){
            .text = memory_copy(address->text),
            .host = memory_copy(address->host),
            .port = address->port,
            .path = memory_copy(address->path),
        };
}

static void set_name(struct backup_config *backup, const struct raw_section *section,
                     struct faults *faults)
{
    const char *title = section->title.text;
    struct place place = {section->line, section, NULL};

    if (*title == '\0' && section->title.start != NULL)
        faults_add(faults, place, "has an empty name; backup \"NAME\" { … } is allowed");
    else if (strlen(title) > TITLE_SIZE_MAX)
        faults_add(faults, place, "has too long a name; up to %d bytes are allowed",
                   TITLE_SIZE_MAX);
    else if (!text_is_shown(title))
        faults_add(faults, place, "its name cannot be printed; printable UTF-8 is allowed");
    backup->name = memory_copy(title);
    backup->line = section->line;
}

/* The title stands for the host when no other one is named. */
static void complete_host(struct backup_config *backup, const struct raw_section *section,
                          struct faults *faults)
{
    struct error error;

    if (backup->host != NULL)
        return;
    if (name_parse_host(backup->name, &backup->host, &error) == STATUS_OK)
        return;
    if (raw_is_sound(section, "host") && *backup->name != '\0')
        faults_add(
            faults, (struct place){section->line, section, "host"},
            "is not set, and the backup's name is none; a host name or an address is allowed");
    backup->host = memory_copy("");
}

static int default_port(const struct backup_config *backup)
{
    if (backup->tls == TLS_IMPLICIT)
        return PORT_SMTPS;
    return backup->method == METHOD_ATRN ? PORT_ODMR : PORT_SMTP;
}

/* Each part of the timing that the backup does not set itself is as it is globally; interval and
 * schedule are one part. */
static void inherit_timing(struct timing *timing, const struct timing *global,
                           const struct raw_section *section)
{
    bool interval = raw_find(section, "interval") != NULL;

    if (!interval)
        timing->interval_s = global->interval_s;
    if (!interval && raw_find(section, "schedule") == NULL)
        timing->schedule = memory_copy(global->schedule);
    if (raw_find(section, "jitter") == NULL)
        timing->jitter_s = global->jitter_s;
    if (raw_find(section, "retry") == NULL) {
        timing->retry.count = global->retry.count;
        timing->retry.seconds = memory_new(global->retry.count, sizeof *timing->retry.seconds);
        for (size_t i = 0; i < global->retry.count; i++)
            timing->retry.seconds[i] = global->retry.seconds[i];
    }
}

/* The jitter is at most a tenth of the interval. */
static void limit_jitter(struct timing *timing, const struct raw_section *section,
                         struct faults *faults)
{
    const struct raw_assignment *set = section != NULL ? raw_find(section, "jitter") : NULL;
    int64_t most = timing->interval_s / 10;
    char text[DURATION_TEXT_SIZE];

    if (timing->schedule != NULL || timing->jitter_s <= most)
        return;
    if (set != NULL && !set->bad && !set->inherited && raw_is_sound(section, "interval") &&
        raw_is_sound(section, "schedule"))
        faults_add(faults, (struct place){set->line, section, "jitter"},
                   "is more than a tenth of the interval; up to %s are allowed here",
                   duration_format(text, most));
    timing->jitter_s = most;
}

static void build_backup(struct backup_config *backup, const struct raw_section *section,
                         const struct timing *global, struct faults *faults)
{
    set_name(backup, section, faults);
    apply_section(section, backup, faults);
    complete_host(backup, section, faults);
    if (backup->port == 0)
        backup->port = default_port(backup);
    inherit_timing(&backup->timing, global, section);
    limit_jitter(&backup->timing, section, faults);
}

/* Finds the faults of the defaults, once, and then gives them to the backups. */
static void apply_defaults(struct raw *raw, struct faults *faults)
{
    struct backup_config scratch = {0};

    if (raw->defaults == NULL)
        return;
    apply_section(raw->defaults, &scratch, faults);
    for (size_t i = 0; i < option_count; i++) {
        if (option_is_of(&options[i], SECTION_DEFAULTS))
            value_free(&options[i], &scratch);
    }
    raw_inherit(raw);
}

struct config *build_config(struct raw *raw, struct faults *faults)
{
    static const struct raw_section no_primary = {.kind = SECTION_PRIMARY};
    const struct raw_section *primary = raw->primary != NULL ? raw->primary : &no_primary;
    struct config *config = memory_new(1, sizeof *config);

    apply_section(raw->sections[0], config, faults);
    complete_global(config);
    apply_defaults(raw, faults);
    config->backups = memory_new(raw->count, sizeof *config->backups);
    for (size_t i = 1; i < raw->count; i++) {
        if (raw->sections[i]->kind == SECTION_BACKUP)
            build_backup(&config->backups[config->backup_count++], raw->sections[i],
                         &config->timing, faults);
    }
    apply_section(primary, &config->primary, faults);
    complete_primary(&config->primary);
    limit_jitter(&config->timing, raw->sections[0], faults);
    return config;
}

/* From a file to a configuration: read it, find its outline, let libconfuse read its values, complete,
 * check, report. */
#include <mxpull/config/config.h>

#include "forms.h"
#include "loading.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/file.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_SIZE_MAX = 16 * 1024 * 1024
};

/* The file while it is being loaded. */
struct source {
    const char *name; /* for messages */
    FILE *file;
    struct buffer bytes;
    struct sections sections;
    struct faults faults;
};

/* Opens and reads the file; error holds the whole message. */
static enum status read_source(struct source *source, const char *path, struct error *error)
{
    const bool is_input = strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0;
    enum status status = STATUS_OK;

    source->name = is_input ? "standard input" : path;
    source->file = is_input ? stdin : NULL;
    if (!is_input)
        status = file_open(&source->file, path, error);
    /* It names commands to run, and so is as good as a program. */
    if (status == STATUS_OK)
        status = file_check_ours(source->file, source->name, error);
    if (status == STATUS_OK)
        status = file_read_open(source->file, source->name, &source->bytes, error);
    if (status == STATUS_LIMIT)
        (void)error_set(error, STATUS_LIMIT,
                        "%.150s: is larger than 16 MiB; that is no configuration", source->name);
    return status;
}

/* Whether the section itself holds a password in this option, not only where one is to be had. */
static bool holds_secret(const struct section *section, const char *option)
{
    const struct setting *setting = section_find(section, option);
    size_t ignored;

    if (setting == NULL || setting->inherited || !section_has(section, option))
        return false;
    if (setting->option->type == OPTION_SECRET)
        return !setting->reference;
    return !setting->bad &&
           form_proxy_password(((struct backup_config *)section->fields)->proxy, &ignored) != NULL;
}

/* A file that holds a password must not be readable by others. Said once, at the first one. */
static void check_private(struct source *source)
{
    static const char *const secrets[] = {"password", "proxy"};
    struct error error;

    for (size_t i = 0; i < 2 * source->sections.count; i++) {
        const struct section *section = source->sections.list[i / 2];
        const char *option = secrets[i % 2];

        if (!holds_secret(section, option))
            continue;
        if (file_check_private(source->file, source->name, &error) != STATUS_OK)
            faults_add(&source->faults,
                       (struct place){section_line(section, option), section, option}, "%s",
                       source->file == stdin
                           ? "is open to others; a pipe or a file of mode 600 is allowed"
                           : error.text);
        return;
    }
}

/* Makes of the bytes what can be made of them; NULL where that is nothing. */
static struct config *parse_source(struct source *source)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    const char *text = source->bytes.bytes;
    struct sections *sections = &source->sections;
    struct faults *faults = &source->faults;
    struct buffer outline;

    if (strlen(text) < source->bytes.size) {
        int line = 1;

        for (; *text != '\0'; text++)
            line += *text == '\n';
        faults_add(faults, (struct place){.line = line},
                   "there is a NUL byte; a text file is allowed");
        return NULL;
    }
    if (text_starts_with(text, byte_order_mark))
        text += sizeof byte_order_mark - 1;
    buffer_init(&outline, INT_MAX);
    outline_read(text, &outline, sections, faults);
    struct config *config = build_begin(sections);
    if (reader_parse(outline.bytes, config, sections, faults)) {
        build_complete(config, sections, faults);
        check_combinations(config, sections, faults);
        check_private(source);
    }
    buffer_done(&outline);
    return config;
}

struct config *config_load(const char *path, config_fault *fault, void *context)
{
    struct source source = {0};
    struct config *config = NULL;
    struct error error;

    buffer_init(&source.bytes, FILE_SIZE_MAX);
    (void)sections_add(&source.sections, SECTION_GLOBAL, 0);
    if (read_source(&source, path, &error) == STATUS_OK)
        config = parse_source(&source);
    else
        fault(context, error.text);
    faults_report(&source.faults, source.name, fault, context);
    if (source.faults.count > 0) {
        config_free(config);
        config = NULL;
    }
    if (config != NULL)
        config->path = memory_copy(path);
    if (source.file != NULL && source.file != stdin)
        (void)fclose(source.file);
    buffer_done(&source.bytes);
    sections_done(&source.sections);
    return config;
}

static void free_domains(struct backup_config *backup)
{
    free(backup->domains);
    free(backup->domain_texts);
}

bool config_keep_shard(struct config *config, const char *shard)
{
    const size_t digits = strcspn(shard, "/");
    char *part = memory_copy_part(shard, digits);
    int64_t wanted = 0, count = 0;
    size_t kept = 0;
    bool is_shard = shard[digits] == '/' &&
                    text_to_number(shard + digits + 1, 1, CONFIG_SHARDS_MAX, &count) &&
                    text_to_number(part, 1, count, &wanted);

    free(part);
    for (size_t i = 0; i < config->backup_count && is_shard; i++) {
        const struct backup_config backup = config->backups[i];
        const uint64_t hash = text_hash(backup.name, strlen(backup.name));

        if ((hash ^ (hash >> 32)) % (uint64_t)count + 1 == (uint64_t)wanted)
            config->backups[kept++] = backup;
        else
            free_domains(&config->backups[i]);
    }
    if (!is_shard)
        return false;
    config->backup_count = kept;
    free(config->shard);
    config->shard = memory_format("%lld/%lld", (long long)wanted, (long long)count);
    return true;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->backup_count; i++)
        free_domains(&config->backups[i]);
    free(config->backups);
    for (size_t i = 0; i < config->owned_count; i++) {
        memory_wipe(config->owned[i].memory, config->owned[i].size);
        free(config->owned[i].memory);
    }
    free(config->owned);
    free(config->path);
    free(config->shard);
    free(config);
}

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
    FILE_SIZE_MAX = 16 * 1024 * 1024,
    SIZE_MAX_IN_ALL = 128 * 1024 * 1024,
    FILES_MAX = 10000
};

/* A configuration while it is being loaded. */
struct source {
    struct files files;
    int next_line; /* where the next file begins */
    size_t size;   /* of all files so far */
    struct outlined outlined;
    struct sections sections;
    struct faults faults;
};

static bool is_input(const char *path)
{
    return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0;
}

/* Adds a file that is named at this line of the parent. Takes the path over. */
static void add_file(struct source *source, char *path, size_t parent, int line)
{
    struct files *files = &source->files;
    struct buffer shown;

    buffer_init(&shown, INT_MAX);
    text_visible(&shown, is_input(path) && files->count == 0 ? "standard input" : path,
                 is_input(path) && files->count == 0 ? strlen("standard input") : strlen(path));
    files->list = memory_more(files->list, files->count, sizeof *files->list);
    files->list[files->count++] = (struct file){.path = path,
                                                .shown = memory_copy(shown.bytes),
                                                .first_line = INT_MAX,
                                                .parent = parent,
                                                .named_at = line};
    buffer_done(&shown);
}

/* No file is read twice: it would say everything twice, and one that includes itself would have no end. */
static enum status check_once(const struct source *source, size_t index, struct error *error)
{
    const struct file *files = source->files.list, *file = &files[index];
    char where[FAULT_LINE_SIZE];

    for (size_t i = 0; i < index; i++) {
        if (memcmp(&files[i].identity, &file->identity, sizeof file->identity) != 0)
            continue;
        for (size_t above = file->parent;; above = files[above].parent) {
            if (above == i)
                return error_set(error, STATUS_SYNTAX,
                                 "%.150s: includes itself; a file is read once", file->shown);
            if (above == 0)
                break;
        }
        return error_set(error, STATUS_SYNTAX, "%.100s: is included twice; %.100s does it already",
                         file->shown,
                         faults_line(where, &source->faults, file->named_at, files[i].named_at));
    }
    return STATUS_OK;
}

/* Opens and reads a file; error holds the whole message. */
static enum status read_file(struct source *source, size_t index, struct buffer *bytes,
                             struct error *error)
{
    struct file *file = &source->files.list[index];
    const bool input = index == 0 && is_input(file->path);
    FILE *stream = input ? stdin : NULL;
    struct error open;
    enum status status = STATUS_OK;

    if (!input)
        status = file_open(&stream, file->path, error);
    if (status == STATUS_OK && !input && file_identify(stream, &file->identity))
        status = check_once(source, index, error);
    /* It names commands to run, and so is as good as a program. */
    if (status == STATUS_OK)
        status = file_check_ours(stream, file->shown, error);
    if (status == STATUS_OK && file_check_private(stream, file->shown, &open) != STATUS_OK)
        file->open = memory_copy(
            input ? "is open to others; a pipe or a file of mode 600 is allowed" : open.text);
    if (status == STATUS_OK)
        status = file_read_open(stream, file->shown, bytes, error);
    if (status == STATUS_LIMIT)
        (void)error_set(error, STATUS_LIMIT,
                        "%.150s: is larger than 16 MiB; that is no configuration", file->shown);
    source->size += bytes->size;
    if (status == STATUS_OK && source->size > SIZE_MAX_IN_ALL)
        status = error_set(error, STATUS_LIMIT,
                           "%.150s: makes it larger than 128 MiB in all; that is no configuration",
                           file->shown);
    if (stream != NULL && !input)
        (void)fclose(stream);
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
    const struct file *told = NULL;

    for (size_t i = 0; i < 2 * source->sections.count; i++) {
        const struct section *section = source->sections.list[i / 2];
        const char *option = secrets[i % 2];

        if (!holds_secret(section, option))
            continue;
        const int line = section_line(section, option);
        const struct file *file = files_find(&source->files, line);
        if (file->open != NULL && file != told)
            faults_add(&source->faults, (struct place){line, section, option}, "%s", file->open);
        told = file;
    }
}

/* The include of a file while its values are read. */
struct including {
    struct source *source;
    size_t parent;
    struct place place;
};

static void include(void *context, const char *pattern)
{
    const struct including *including = context;
    struct source *source = including->source;
    char **paths = NULL;
    size_t count = 0;
    struct error error;

    if (file_match(source->files.list[including->parent].path, pattern, &paths, &count, &error) !=
        STATUS_OK)
        faults_add(&source->faults, including->place, "%s", error.text);
    for (size_t i = 0; i < count; i++) {
        if (source->files.count < FILES_MAX)
            add_file(source, paths[i], including->parent, including->place.line);
        else
            free(paths[i]);
    }
    if (count > 0 && source->files.count == FILES_MAX)
        faults_add(&source->faults, including->place,
                   "names too many files; less than 10,000 in all are allowed");
    free(paths);
}

/* Finds the outline of a file that is read, and the files that it includes. */
static void outline_file(struct source *source, size_t index, const struct buffer *bytes)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    const char *text = bytes->bytes;
    struct outlined *outlined = &source->outlined;
    const struct section *global = source->sections.list[0];
    const int first_line = source->next_line;

    source->files.list[index].first_line = first_line;
    for (size_t i = 0; i < bytes->size; i++)
        source->next_line += text[i] == '\n';
    source->next_line++;
    if (strlen(text) < bytes->size) {
        int line = first_line;

        for (; *text != '\0'; text++)
            line += *text == '\n';
        faults_add(&source->faults, (struct place){.line = line},
                   "there is a NUL byte; a text file is allowed");
        source->sections.whole = false;
        return;
    }
    if (text_starts_with(text, byte_order_mark))
        text += sizeof byte_order_mark - 1;
    outline_read(text, first_line, outlined, &source->sections, &source->faults);
    if (outlined->include == outlined->include_end)
        return;
    char *values = memory_copy_part(outlined->text.bytes + outlined->include,
                                    outlined->include_end - outlined->include);
    reader_each_value(
        values, include,
        &(struct including){
            source, index, {section_find(global, "include")->line, global, "include"}});
    free(values);
}

/* Reads the first file, and each that one names. False where there is no first one, which is reported. */
static bool read_all(struct source *source, config_fault *fault, void *context)
{
    for (size_t i = 0; i < source->files.count && !faults_is_full(&source->faults); i++) {
        const struct place place = {source->files.list[i].named_at, source->sections.list[0],
                                    "include"};
        struct buffer bytes;
        struct error error;

        buffer_init(&bytes, FILE_SIZE_MAX);
        const bool is_read = read_file(source, i, &bytes, &error) == STATUS_OK;
        if (is_read)
            outline_file(source, i, &bytes);
        else if (i > 0)
            faults_add(&source->faults, place, "%s", error.text);
        else
            fault(context, error.text);
        buffer_done(&bytes);
        if (!is_read && i == 0)
            return false;
        if (!is_read) {
            source->sections.whole = false;
            source->files.list[i].first_line = source->next_line++;
        }
    }
    return true;
}

/* Makes of what was read what can be made of it. */
static struct config *parse(struct source *source)
{
    struct sections *sections = &source->sections;
    struct faults *faults = &source->faults;
    struct config *config = build_begin(sections);
    struct texts *names = &config->files;

    names->list = value_own(config, memory_new(source->files.count, sizeof *names->list), 0);
    for (; names->count < source->files.count; names->count++)
        names->list[names->count] =
            value_own_text(config, memory_copy(source->files.list[names->count].shown));
    if (reader_parse(source->outlined.text.bytes, config, sections, faults)) {
        build_complete(config, sections, faults);
        check_combinations(config, sections, faults);
        check_private(source);
    }
    return config;
}

struct config *config_load(const char *path, config_fault *fault, void *context)
{
    struct source source = {.next_line = 1, .outlined = {.line = 1}, .sections = {.whole = true}};
    struct config *config = NULL;

    source.faults.files = &source.files;
    buffer_init(&source.outlined.text, INT_MAX);
    (void)sections_add(&source.sections, SECTION_GLOBAL, 0);
    add_file(&source, memory_copy(path), 0, 0);
    if (read_all(&source, fault, context))
        config = parse(&source);
    faults_report(&source.faults, fault, context);
    if (source.faults.count > 0) {
        config_free(config);
        config = NULL;
    }
    if (config != NULL)
        config->path = memory_copy(path);
    buffer_done(&source.outlined.text);
    sections_done(&source.sections);
    files_done(&source.files);
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

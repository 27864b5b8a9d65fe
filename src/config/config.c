/* From a file to a configuration: read it, find its outline, decode its values, build, check,
 * report. */
#include <mxpull/config/config.h>

#include "build.h"
#include "check.h"
#include "decode.h"
#include "faults.h"
#include "names.h"
#include "outline.h"
#include "raw.h"
#include "values.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/file.h>

#include <stdlib.h>
#include <string.h>

enum {
    FILE_SIZE_MAX = 16 * 1024 * 1024
};

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* The file while it is being loaded. */
struct source {
    const char *name; /* for messages */
    FILE *file;
    struct buffer bytes;
    struct raw raw;
    struct faults faults;
};

/* Opens and reads the file; error holds the whole message. */
static enum status read_source(struct source *source, const char *path, struct error *error)
{
    enum status status = STATUS_OK;

    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0) {
        source->name = "standard input";
        source->file = stdin;
    } else {
        status = file_open(&source->file, path, error);
    }
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

static int line_of(const char *text, const char *at)
{
    int line = 1;

    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

/* Whether the file itself holds a password in this section, not only where one is to be had: the
 * option that does, or NULL. */
static const char *secret_option(const struct raw_section *section)
{
    const struct raw_assignment *password = raw_find(section, "password");
    const struct raw_assignment *proxy = raw_find(section, "proxy");
    size_t ignored;

    if (password != NULL && !password->inherited && raw_is_set(section, "password") &&
        (password->bad || !raw_is_reference(&password->values[0])))
        return "password";
    if (proxy != NULL && !proxy->inherited && raw_is_set(section, "proxy") && !proxy->bad &&
        name_proxy_password(proxy->values[0].text, &ignored) != NULL)
        return "proxy";
    return NULL;
}

/* A file that holds a password must not be readable by others. Said once, at the first one. */
static void check_private(struct source *source)
{
    const struct raw_section *section = NULL;
    const char *option = NULL;
    struct error error;

    for (size_t i = 1; i < source->raw.count && option == NULL; i++) {
        section = source->raw.sections[i];
        option = secret_option(section);
    }
    if (option == NULL || file_check_private(source->file, source->name, &error) == STATUS_OK)
        return;
    faults_add(&source->faults, (struct place){raw_line(section, option), section, option}, "%s",
               source->file == stdin ? "is open to others; a pipe or a file of mode 600 is allowed"
                                     : error.text);
}

/* Makes of the bytes what can be made of them; NULL where that is nothing. */
static struct config *parse_source(struct source *source)
{
    const char *text = source->bytes.bytes;
    const char *end = text + source->bytes.size;
    const char *nul = memchr(text, '\0', source->bytes.size);
    struct config *config;

    if (nul != NULL) {
        faults_add(&source->faults, (struct place){line_of(text, nul), NULL, NULL},
                   "there is a NUL byte; a text file is allowed");
        return NULL;
    }
    if (strncmp(text, byte_order_mark, sizeof byte_order_mark - 1) == 0)
        text += sizeof byte_order_mark - 1;
    bool whole = outline_read(text, (size_t)(end - text), &source->raw, &source->faults);
    faults_new_phase(&source->faults);
    if (!decode_values(&source->raw, &source->faults))
        return NULL;
    config = build_config(&source->raw, &source->faults);
    check_combinations(config, &source->raw, whole, &source->faults);
    check_private(source);
    return config;
}

static void free_source(struct source *source)
{
    if (source->file != NULL && source->file != stdin)
        (void)fclose(source->file);
    buffer_done(&source->bytes);
    raw_done(&source->raw);
    faults_done(&source->faults);
}

struct config *config_load(const char *path, config_fault *fault, void *context)
{
    struct source source = {.name = path};
    struct config *config = NULL;
    struct error error;

    buffer_init(&source.bytes, FILE_SIZE_MAX);
    raw_init(&source.raw);
    faults_init(&source.faults);
    if (read_source(&source, path, &error) == STATUS_OK)
        config = parse_source(&source);
    else
        fault(context, error.text);
    if (config != NULL)
        config->path = memory_copy(path);
    if (source.faults.count > 0) {
        faults_report(&source.faults, source.name, fault, context);
        config_free(config);
        config = NULL;
    }
    free_source(&source);
    return config;
}

static void free_section(enum option_section kind, void *section)
{
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].section == kind)
            value_free(&options[i], section);
    }
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->backup_count; i++) {
        free(config->backups[i].name);
        free_section(SECTION_BACKUP, &config->backups[i]);
    }
    free(config->backups);
    free_section(SECTION_PRIMARY, &config->primary);
    free_section(SECTION_GLOBAL, config);
    free(config->path);
    free(config);
}

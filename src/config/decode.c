/* libconfuse's part: what each value stands for. It is given the well-formed text that the outline
 * found, written anew without comments, the global options first, and hands over the values one by
 * one in that same order. Every option is a list of texts to it, for types, ranges and single
 * values are judged elsewhere. Its scanner keeps its state in globals, so there is one decoder at a
 * time. */
#include "decode.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>

#include <confuse.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The next value to come. */
struct decoder {
    struct raw *raw;
    size_t section, assignment, value;
    size_t ended; /* sections that have been read to their end */
    bool failed;
};

static struct decoder *decoder; /* libconfuse's callbacks have no context of their own */

/* The value that is to come next in that section, or NULL. */
static struct raw_value *next_value(size_t section_index, const char *name)
{
    const struct raw *raw = decoder->raw;

    if (section_index >= raw->count)
        return NULL;
    if (section_index != decoder->section) {
        decoder->section = section_index;
        decoder->assignment = 0;
        decoder->value = 0;
    }
    const struct raw_section *section = raw->sections[section_index];
    while (decoder->assignment < section->count) {
        const struct raw_assignment *assignment = &section->assignments[decoder->assignment];

        if (decoder->value < assignment->count) {
            bool same = strcmp(assignment->option->name, name) == 0;
            return same ? &assignment->values[decoder->value++] : NULL;
        }
        decoder->assignment++;
        decoder->value = 0;
    }
    return NULL;
}

static int on_value(cfg_t *section, cfg_opt_t *option, const char *text, void *result)
{
    bool global = strcmp(cfg_name(section), "root") == 0;
    struct raw_value *value = next_value(global ? 0 : decoder->ended + 1, cfg_opt_name(option));
    const char **kept = result;

    *kept = ""; /* libconfuse need not know our passwords for longer than it must */
    if (value == NULL) {
        decoder->failed = true;
        return -1;
    }
    value->text = memory_copy(text);
    return 0;
}

/* At the end of a section. It is taken out at once: libconfuse compares each title with all that it
 * has. */
static int on_section(cfg_t *root, cfg_opt_t *option)
{
    size_t index = ++decoder->ended;
    const char *title = cfg_title(cfg_opt_getnsec(option, 0));

    (void)root;
    if (index >= decoder->raw->count) {
        decoder->failed = true;
        return -1;
    }
    decoder->raw->sections[index]->title.text = memory_copy(title != NULL ? title : "");
    return cfg_opt_rmnsec(option, 0) == CFG_SUCCESS ? 0 : -1;
}

static void on_error(cfg_t *section, const char *format, va_list arguments)
{
    (void)section;
    (void)format;
    (void)arguments;
    decoder->failed = true;
}

/* libconfuse's option table of a section, room for extra more included; the caller frees it. */
static cfg_opt_t *make_table(enum option_section section, size_t extra, size_t *count)
{
    cfg_opt_t *table = memory_new(option_count + extra + 1, sizeof *table);
    const cfg_opt_t end[] = {CFG_END()};

    *count = 0;
    for (size_t i = 0; i < option_count; i++) {
        cfg_opt_t row[] = {CFG_STR_LIST_CB(options[i].name, NULL, CFGF_NODEFAULT, on_value)};

        if (option_is_of(&options[i], section))
            table[(*count)++] = row[0];
    }
    for (size_t i = *count; i < *count + extra + 1; i++)
        table[i] = end[0];
    return table;
}

static void write_value(struct buffer *text, const struct raw_value *value)
{
    if (value->start != NULL)
        (void)buffer_append(text, value->start, value->size);
    else
        (void)buffer_append_text(text, "''");
    (void)buffer_append_text(text, " ");
}

static void write_section(struct buffer *text, const struct raw_section *section)
{
    if (section->kind != SECTION_GLOBAL)
        (void)buffer_append_format(text, "%s ", option_section_name(section->kind));
    if (section->kind == SECTION_BACKUP)
        write_value(text, &section->title);
    if (section->kind != SECTION_GLOBAL)
        (void)buffer_append_text(text, "{\n");
    for (size_t i = 0; i < section->count; i++) {
        const struct raw_assignment *assignment = &section->assignments[i];

        (void)buffer_append_format(text, "%s = { ", assignment->option->name);
        for (size_t j = 0; j < assignment->count; j++) {
            write_value(text, &assignment->values[j]);
            (void)buffer_append_text(text, ",");
        }
        (void)buffer_append_text(text, "}\n");
    }
    if (section->kind != SECTION_GLOBAL)
        (void)buffer_append_text(text, "}\n");
}

static bool parse(const char *text)
{
    size_t global_count, count;
    cfg_opt_t *globals = make_table(SECTION_GLOBAL, 3, &global_count);
    cfg_opt_t *primary = make_table(SECTION_PRIMARY, 0, &count);
    cfg_opt_t *backup = make_table(SECTION_BACKUP, 0, &count);
    cfg_opt_t *defaults = make_table(SECTION_DEFAULTS, 0, &count);
    const cfg_opt_t sections[] = {CFG_SEC("primary", primary, CFGF_MULTI),
                                  CFG_SEC("defaults", defaults, CFGF_MULTI),
                                  CFG_SEC("backup", backup, CFGF_MULTI | CFGF_TITLE)};

    memcpy(globals + global_count, sections, sizeof sections);
    cfg_t *root = cfg_init(globals, CFGF_NONE);
    (void)cfg_set_error_function(root, on_error);
    (void)cfg_set_validate_func(root, "primary", on_section);
    (void)cfg_set_validate_func(root, "defaults", on_section);
    (void)cfg_set_validate_func(root, "backup", on_section);
    bool parsed = cfg_parse_buf(root, text) == CFG_SUCCESS;
    (void)cfg_free(root);
    free(globals);
    free(primary);
    free(backup);
    free(defaults);
    return parsed;
}

/* Whether every value and title has come. */
static bool is_complete(const struct raw *raw)
{
    for (size_t i = 0; i < raw->count; i++) {
        const struct raw_section *section = raw->sections[i];

        if (i > 0 && section->title.text == NULL)
            return false;
        for (size_t j = 0; j < section->count; j++) {
            for (size_t k = 0; k < section->assignments[j].count; k++) {
                if (section->assignments[j].values[k].text == NULL)
                    return false;
            }
        }
    }
    return true;
}

bool decode_values(struct raw *raw, struct faults *faults)
{
    struct decoder state = {.raw = raw};
    struct buffer text;

    buffer_init(&text, INT_MAX);
    for (size_t i = 0; i < raw->count; i++)
        write_section(&text, raw->sections[i]);
    decoder = &state;
    bool parsed = parse(text.bytes);
    decoder = NULL;
    buffer_done(&text);
    if (parsed && !state.failed && is_complete(raw))
        return true;
    faults_add(faults, (struct place){0}, "libconfuse does not understand this file");
    return false;
}

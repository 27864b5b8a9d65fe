/* libconfuse's part: it parses the file as the outline has left it, and hands over the values one by one.
 * Every option is a list of texts to it, for types, ranges and single values are judged by us. Its
 * scanner keeps its state in globals, so there is one reader at a time. */
#include "loading.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>

#include <confuse.h>
#include <stdlib.h>
#include <string.h>

/* libconfuse's callbacks have no context of their own. */
static struct reader {
    struct config *config;
    struct sections *sections;
    struct faults *faults;
    size_t ended; /* sections that have been read to their end */
} * reader;

static const char control[] = "\x01\x02\x03\x04\x05\x06\a\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14"
                              "\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f";

/* Sets the field, or says why not. */
static bool set_field(struct section *section, const struct option *option, const char *text,
                      int line)
{
    struct place place = {line, section, option->name};
    struct error error;

    if (option->type == OPTION_NODES) {
        const size_t count = ((struct backup_config *)section->fields)->domain_count;

        section->domain_lines =
            memory_more(section->domain_lines, count, sizeof *section->domain_lines);
        section->domain_lines[count] = line;
    } else if (strpbrk(text, control) != NULL) {
        faults_add(reader->faults, place,
                   "holds a line end or another control character; printable text is allowed");
        return false;
    }
    if (value_set(reader->config, option, section->fields, text, &error) == STATUS_OK)
        return true;
    faults_add(reader->faults, place, "%s", error.text);
    return false;
}

static int on_value(cfg_t *at, cfg_opt_t *option, const char *text, void *result)
{
    const bool global = strcmp(cfg_name(at), "root") == 0;
    const size_t index = global ? 0 : reader->ended + 1;
    struct section *section =
        index < reader->sections->count ? reader->sections->list[index] : NULL;
    struct setting *setting = section != NULL ? section_find(section, cfg_opt_name(option)) : NULL;
    const char **kept = result;

    *kept = ""; /* libconfuse need not know our passwords for longer than it must */
    if (setting == NULL || faults_is_full(reader->faults))
        return -1;
    setting->filled = setting->filled || *text != '\0';
    if (!set_field(section, setting->option, text, at->line))
        setting->bad = true;
    return 0;
}

/* At the end of a section. It is taken out at once: libconfuse compares each title with all that it has. */
static int on_section(cfg_t *root, cfg_opt_t *option)
{
    const size_t index = ++reader->ended;
    const char *title = cfg_title(cfg_opt_getnsec(option, 0));

    (void)root;
    if (index >= reader->sections->count)
        return -1;
    if (reader->sections->list[index]->titled)
        reader->sections->list[index]->title = memory_copy(title);
    return cfg_opt_rmnsec(option, 0) == CFG_SUCCESS ? 0 : -1;
}

/* What the outline has written has no faults; where libconfuse finds one, reader_parse says so. */
static void on_error(cfg_t *section, const char *format, va_list arguments)
{
    (void)section;
    (void)format;
    (void)arguments;
}

/* libconfuse's table: the three sections, and behind them the options, which all sections share: the outline has left in
 * each only what belongs there. The caller frees it. */
static cfg_opt_t *make_table(void)
{
    enum {
        SECTIONS = 3
    };
    cfg_opt_t *table = memory_new(SECTIONS + option_count + 1, sizeof *table);
    const cfg_opt_t sections[SECTIONS] = {
        CFG_SEC("primary", table + SECTIONS, CFGF_MULTI),
        CFG_SEC("defaults", table + SECTIONS, CFGF_MULTI),
        CFG_SEC("backup", table + SECTIONS, CFGF_MULTI | CFGF_TITLE)};
    const cfg_opt_t end[] = {CFG_END()};
    cfg_opt_t *next = table + SECTIONS;

    memcpy(table, sections, sizeof sections);
    for (size_t i = 0; i < option_count; i++) {
        const cfg_opt_t row[] = {CFG_STR_LIST_CB(options[i].name, NULL, CFGF_NODEFAULT, on_value)};

        /* A backup's interval and its like have the names of global ones. */
        if (options[i].section != SECTION_BACKUP || option_find(SECTION_GLOBAL, row->name) == NULL)
            *next++ = row[0];
    }
    *next = end[0];
    return table;
}

bool reader_parse(const char *text, struct config *config, struct sections *sections,
                  struct faults *faults)
{
    struct reader state = {.config = config, .sections = sections, .faults = faults};
    cfg_opt_t *table = make_table();
    cfg_t *root = cfg_init(table, CFGF_NONE);

    (void)cfg_set_error_function(root, on_error);
    for (enum option_section kind = SECTION_PRIMARY; kind <= SECTION_DEFAULTS; kind++)
        (void)cfg_set_validate_func(root, option_section_name(kind), on_section);
    reader = &state;
    bool parsed = cfg_parse_buf(root, text) == CFG_SUCCESS && state.ended + 1 == sections->count;
    reader = NULL;
    (void)cfg_free(root);
    free(table);
    if (!parsed)
        faults_add(faults, (struct place){0}, "libconfuse does not understand this file");
    return parsed;
}

void reader_each_value(const char *text, void (*each)(void *context, const char *value),
                       void *context)
{
    cfg_opt_t table[] = {CFG_STR_LIST("include", NULL, CFGF_NODEFAULT), CFG_END()};
    cfg_t *root = cfg_init(table, CFGF_NONE);

    (void)cfg_set_error_function(root, on_error);
    const bool parsed = cfg_parse_buf(root, text) == CFG_SUCCESS;
    for (unsigned i = 0; parsed && i < cfg_size(root, "include"); i++) {
        const char *value = cfg_getnstr(root, "include", i);

        if (*value != '\0' && strpbrk(value, control) == NULL)
            each(context, value);
    }
    (void)cfg_free(root);
}

/* Reads a script: lines to words, words to what the tables of script_rules.c and script_server.c
 * make of them. */
#include "script_parser.h"
#include "spool.h"
#include "store.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_SIZE_MAX = 1024 * 1024
};

static const struct directive *find_directive(const struct directive *table, const char *name)
{
    for (; table->name != NULL; table++) {
        if (text_equal(table->name, name))
            return table;
    }
    return NULL;
}

static enum status read_directive(struct parser *parser, struct arguments words,
                                  struct error *error)
{
    bool by_connection = text_equal(words.list[0].text, "on-connection");

    parser->connections = (struct range){1, INT64_MAX};
    if (by_connection) {
        if (words.count < 3 || !read_range(words.list[1].text, &parser->connections))
            return error_set(error, STATUS_SYNTAX, "on-connection K|K+ DIRECTIVE");
        words.list += 2, words.count -= 2;
    }
    const char *name = words.list[0].text;
    const struct directive *directive = find_directive(rule_directives, name);
    if (directive == NULL)
        directive = find_directive(server_directives, name);
    words.list++, words.count--;
    if (directive == NULL)
        return error_set(error, STATUS_SYNTAX, "%s: unknown directive", name);
    if (by_connection && directive->scope != FOR_CONNECTION)
        return error_set(error, STATUS_SYNTAX, "%s holds for all connections", name);
    if (words.count < directive->min || words.count > directive->max)
        return error_set(error, STATUS_SYNTAX, "%s: too %s words", name,
                         words.count < directive->min ? "few" : "many");
    if (parser->section == NULL && directive->scope != FOR_SCRIPT)
        return error_set(error, STATUS_SYNTAX, "%s before any server", name);
    return directive->read(parser, words, error);
}

static enum status read_script_line(struct parser *parser, const char *line, struct error *error)
{
    struct words words;
    enum status status = words_split(line, &words, error);

    if (status == STATUS_OK && words.count == 1 && !words.list[0].quoted &&
        text_equal(words.list[0].text, "end"))
        parser->script->ended_by_word = true;
    else if (status == STATUS_OK && words.count > 0)
        status = read_directive(parser, (struct arguments){words.list, words.count}, error);
    words_done(&words);
    return status;
}

/* Reads one line without its end; false at the end of the file. */
static bool read_line(FILE *file, struct buffer *line, enum status *status, struct error *error)
{
    int c;

    buffer_clear(line);
    while ((c = getc(file)) != EOF && c != '\n') {
        char byte = (char)c;
        if (byte == '\0' || buffer_append(line, &byte, 1) != STATUS_OK) {
            *status = error_set(error, STATUS_SYNTAX, "a NUL, or a line of more than 1 MiB");
            break;
        }
    }
    return c != EOF || line->size > 0;
}

enum status script_read(const char *path, struct script *script, struct error *error)
{
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "rb");
    struct parser parser = {.script = script};
    enum status status = STATUS_OK;
    struct buffer line;

    *script = (struct script){.path = path};
    if (file == NULL)
        return error_set(error, STATUS_SYNTAX, "%s: cannot be read", path);
    buffer_init(&line, LINE_SIZE_MAX);
    while (status == STATUS_OK && !script->ended_by_word &&
           read_line(file, &line, &status, error)) {
        parser.line++;
        if (status == STATUS_OK)
            status = read_script_line(&parser, line.bytes, error);
    }
    if (status == STATUS_OK && script->count == 0)
        status = error_set(error, STATUS_SYNTAX, "no server");
    if (status != STATUS_OK)
        (void)error_prefix(error, "%s:%d", path, parser.line);
    buffer_done(&line);
    if (!is_input)
        (void)fclose(file);
    return status;
}

const struct section *script_find(const struct script *script, const char *name)
{
    for (size_t i = 0; i < script->count; i++) {
        if (strcmp(script->sections[i].name, name) == 0)
            return &script->sections[i];
    }
    return NULL;
}

static void section_done(struct section *section)
{
    for (size_t i = 0; i < section->rule_count; i++) {
        free(section->rules[i].verb);
        free(section->rules[i].argument);
        free(section->rules[i].text);
    }
    for (size_t i = 0; i < section->delay_count; i++) {
        free(section->delays[i].verb);
        free(section->delays[i].file);
    }
    free(section->rules);
    free(section->delays);
    for (size_t i = 0; i < section->step_count; i++)
        free(section->steps[i].text);
    free(section->steps);
    free(section->faults);
    free(section->name);
    free(section->user);
    free(section->password);
    free(section->full_text);
    free(section->deliver_to);
    tls_context_free(section->tls_context);
    spool_free(section->spool);
    store_free(section->store);
}

void script_done(struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        section_done(&script->sections[i]);
    free(script->sections);
    *script = (struct script){0};
}

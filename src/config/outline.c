/* The structure of the file, found before libconfuse sees it. libconfuse 3.3 alone will not do: it
 * stops at the first unknown option, counts each comment as two more lines, takes a comment inside
 * a list for an error, and after a quote that is not closed reads the next file from within that
 * quote. So the structure, its faults and their lines come from here, and libconfuse is given a
 * text without faults, comments and unknown options, to make of each value what it stands for. */
#include "outline_internal.h"

#include "suggest.h"
#include "values.h"

#include <stdio.h>
#include <string.h>

/* More than anybody has; it keeps rubbish from using up the memory. */
enum {
    SECTIONS_MAX = 100000
};

void outline_stop(struct outline *outline, struct place place, const char *text)
{
    if (!outline->broken)
        faults_add(outline->faults, place, "%s", text);
    outline->broken = true;
    outline->token.kind = TOKEN_END;
}

void outline_spoil_last(struct outline *outline)
{
    if (outline->last_assignment != NULL)
        outline->last_assignment->bad = true;
}

void outline_advance(struct outline *outline, const struct raw_section *section)
{
    if (outline->broken)
        return;
    if (faults_is_full(outline->faults)) {
        outline->broken = true;
        outline->token.kind = TOKEN_END;
        return;
    }
    outline->token = lexer_next(&outline->lexer);
    if (outline->token.kind == TOKEN_BAD) {
        bool behind_value = outline->after_value && !outline->token.first && outline->last != NULL;

        if (behind_value)
            outline_spoil_last(outline);
        outline_stop(
            outline,
            (struct place){outline->token.line, section, behind_value ? outline->last->name : NULL},
            outline->token.flaw);
    }
}

const char *outline_name(char target[NAME_SIZE_MAX], const struct token *token)
{
    size_t size = token->size < NAME_SIZE_MAX ? token->size : NAME_SIZE_MAX - 1;

    memcpy(target, token->start, size);
    target[size] = '\0';
    return target;
}

/* Skips what stands between braces, whatever it is; the token is the opening one. */
static void skip_section(struct outline *outline, const struct raw_section *parent, int line)
{
    size_t depth = 0;

    do {
        if (outline_at_mark(outline, '{'))
            depth++;
        else if (outline_at_mark(outline, '}'))
            depth--;
        else if (outline->token.kind == TOKEN_END && !outline->broken)
            outline_stop(outline, (struct place){line, parent, NULL},
                         "the section's { is never closed; a } ends it");
        outline->after_value = false;
        outline_advance(outline, parent);
    } while (depth > 0 && !outline->broken);
}

static void read_statements(struct outline *outline, struct raw_section *section);

/* Reads a known section; the token is its opening brace. */
static void read_section(struct outline *outline, enum option_section kind,
                         const struct token *name, const struct token *title)
{
    struct raw_section *section = raw_add_section(outline->raw, kind, name->line);

    if (title != NULL)
        section->title =
            (struct raw_value){.line = title->line, .start = title->start, .size = title->size};
    if (kind == SECTION_PRIMARY)
        outline->raw->primary = section;
    if (kind == SECTION_DEFAULTS)
        outline->raw->defaults = section;
    outline->after_value = false;
    outline_advance(outline, section);
    read_statements(outline, section);
    if (outline_at_mark(outline, '}')) {
        outline->after_value = false;
        outline_advance(outline, outline->raw->sections[0]);
    } else {
        outline_stop(outline, (struct place){name->line, section, NULL},
                     "the section's { is never closed; a } ends it");
    }
}

/* The one of that name that there may be once, if it is there already. */
static const struct raw_section *section_before(const struct raw *raw, const char *name)
{
    if (strcmp(name, "primary") == 0)
        return raw->primary;
    return strcmp(name, "defaults") == 0 ? raw->defaults : NULL;
}

/* What keeps a section from being read, said as a fault; or false. */
static bool refuse_section(struct outline *outline, const struct raw_section *parent,
                           const struct token *name, const struct token *title)
{
    char text[NAME_SIZE_MAX], shown[FAULT_SHOWN_SIZE], suggestion[SUGGESTION_SIZE];
    struct place place = {name->line, parent, NULL};
    enum option_section kind;
    const struct raw_section *before = section_before(outline->raw, outline_name(text, name));

    (void)fault_show(shown, name->start, name->size);
    if (before != NULL)
        faults_add(outline->faults, place, "%s: is there twice; line %d has it already", text,
                   before->line);
    else if (title != NULL && title->flaw != NULL)
        faults_add(outline->faults, place, "%s: its name %s", shown, title->flaw);
    else if (option_find(parent->kind, text) != NULL)
        faults_add(outline->faults, place, "%s: is an option, not a section; write %s = …", shown,
                   shown);
    else if (!option_section_find(text, &kind))
        faults_add(outline->faults, place, "%s: is not a section%s", shown,
                   suggest_section(suggestion, text));
    else if (outline->raw->count > SECTIONS_MAX)
        outline_stop(outline, place, "is one section too many; up to 100,000 are allowed");
    else
        return false;
    return true;
}

/* name { … } or name title { … }; the token is the opening brace. */
static void read_or_skip_section(struct outline *outline, struct raw_section *parent,
                                 const struct token *name, const struct token *title)
{
    char text[NAME_SIZE_MAX];
    struct place place = {name->line, parent, NULL};

    outline->last = NULL;
    outline->last_assignment = NULL;
    if (refuse_section(outline, parent, name, title)) {
        outline->raw->refused = true;
        skip_section(outline, parent, name->line);
        return;
    }
    if (parent->kind != SECTION_GLOBAL) {
        char fault[128];

        (void)snprintf(
            fault, sizeof fault,
            "another section begins before the one of line %d has ended; is a } missing?",
            parent->line);
        outline_stop(outline, place, fault);
        return;
    }
    enum option_section kind = SECTION_BACKUP;
    (void)option_section_find(outline_name(text, name), &kind);
    if (kind != SECTION_BACKUP && title != NULL)
        faults_add(outline->faults, place, "%s: has a name; %s { … } is allowed", text, text);
    else if (kind == SECTION_BACKUP && title == NULL)
        faults_add(outline->faults, place, "backup: has no name; backup \"NAME\" { … } is allowed");
    read_section(outline, kind, name, kind == SECTION_BACKUP ? title : NULL);
}

static void stop_behind_value(struct outline *outline, const struct raw_section *section, int line)
{
    const struct option *last = outline->last;

    outline_spoil_last(outline);
    outline_stop(
        outline, (struct place){line, section, last != NULL ? last->name : NULL},
        last != NULL && value_is_list(last)
            ? "there is more behind its value; a list stands in { }, with commas between its "
              "values"
            : "there is more behind its value; " MUST_QUOTE);
}

/* A word that neither = nor { follows: a value without its quotes, or nothing that has a meaning.
 * It is not shown when it may be part of a value, for that may be a password. */
static void stop_at_word(struct outline *outline, const struct raw_section *section,
                         const struct token *word, bool behind_value)
{
    char shown[FAULT_SHOWN_SIZE], text[FAULT_SHOWN_SIZE + 128];

    if (behind_value) {
        stop_behind_value(outline, section, word->line);
        return;
    }
    (void)snprintf(text, sizeof text, "%s: is followed by neither = nor {; NAME = VALUE is allowed",
                   fault_show(shown, word->start, word->size));
    outline_stop(outline, (struct place){word->line, section, NULL}, text);
}

/* Whether the token may be the second word of a password: then it must not be shown as an unknown
 * option. */
static bool may_be_secret(const struct outline *outline, const struct raw_section *section)
{
    char text[NAME_SIZE_MAX];

    return outline->last != NULL && outline->last->type == OPTION_SECRET &&
           option_find(section->kind, outline_name(text, &outline->token)) == NULL;
}

/* Whether the token begins a statement; if not, it is a syntax error. */
static bool at_statement(struct outline *outline, const struct raw_section *section,
                         bool behind_value)
{
    if (outline->token.kind == TOKEN_WORD && !(behind_value && may_be_secret(outline, section)))
        return true;
    if (outline_at_mark(outline, '}'))
        outline_stop(outline, (struct place){outline->token.line, NULL, NULL},
                     "a } stands here without its {; is there one too many?");
    else if (behind_value)
        stop_behind_value(outline, section, outline->token.line);
    else
        outline_stop(outline, (struct place){outline->token.line, section, NULL},
                     "an option or a section must begin here; NAME = VALUE is allowed");
    return false;
}

static void read_statement(struct outline *outline, struct raw_section *section)
{
    struct token name = outline->token;
    bool behind_value = outline->after_value && !name.first;

    if (!at_statement(outline, section, behind_value))
        return;
    outline->after_value = false;
    outline_advance(outline, section);
    if (outline_at_mark(outline, '=') || outline->token.kind == TOKEN_ADD) {
        outline_read_assignment(outline, section, &name);
    } else if (outline_at_mark(outline, '{')) {
        read_or_skip_section(outline, section, &name, NULL);
    } else if (outline_at_text(outline)) {
        struct token title = outline->token;

        outline_advance(outline, section);
        if (outline_at_mark(outline, '{'))
            read_or_skip_section(outline, section, &name, &title);
        else if (!outline->broken)
            stop_at_word(outline, section, &name, behind_value);
    } else if (!outline->broken) {
        stop_at_word(outline, section, &name, behind_value);
    }
}

/* Reads to the end of the section: the closing brace, or of the file. */
static void read_statements(struct outline *outline, struct raw_section *section)
{
    while (!outline->broken && outline->token.kind != TOKEN_END &&
           !(outline_at_mark(outline, '}') && section->kind != SECTION_GLOBAL))
        read_statement(outline, section);
}

bool outline_read(const char *text, size_t size, struct raw *raw, struct faults *faults)
{
    struct outline outline = {
        .lexer = {.at = text, .end = text + size}, .raw = raw, .faults = faults};

    outline_advance(&outline, raw->sections[0]);
    read_statements(&outline, raw->sections[0]);
    return !outline.broken;
}

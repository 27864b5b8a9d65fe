/* The structure of the file, found before libconfuse sees it. libconfuse 3.3 alone will not do: it
 * stops at the first unknown option, counts each comment as two more lines, takes a comment inside
 * a list for an error, and after a quote that is not closed reads the next file from within that
 * quote. So the structure, its faults and their lines come from here, and libconfuse is given a
 * text without faults, comments and unknown options, to make of each value what it stands for. */
#include "outline.h"

#include "suggest.h"
#include "token.h"

#include <mxpull/base/memory.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than anybody has; they keep rubbish from using up the memory. */
enum {
    VALUES_MAX = 1000000,
    SECTIONS_MAX = 100000,
    NAME_SIZE_MAX = 64
};

#define MUST_QUOTE "a value with blanks or one of # = { } ( ) + , * must stand in quotes"

struct outline {
    struct lexer lexer;
    struct token token; /* the one to be looked at */
    struct raw *raw;
    struct faults *faults;
    const struct option *last; /* of the assignment just read; NULL: none, or an unknown one */
    struct raw_assignment *last_assignment; /* what it became; NULL: nothing */
    bool after_value;                       /* an assignment of a single value was just read */
    bool broken; /* a syntax error was met: the token is TOKEN_END for ever */
    size_t value_count;
    const struct raw_section *primary;
};

/* The values of one assignment while they come in. */
struct list {
    struct raw_value *values;
    size_t count, capacity;
    bool braces;
    const char *flaw; /* of the first flawed value */
    int flaw_line;
};

/* A syntax error: nothing behind it can be understood. */
static void stop(struct outline *outline, struct place place, const char *text)
{
    if (!outline->broken)
        faults_add(outline->faults, place, "%s", text);
    outline->broken = true;
    outline->token.kind = TOKEN_END;
}

/* The value just read is not whole: it is not worth a second fault. */
static void spoil_last(struct outline *outline)
{
    if (outline->last_assignment != NULL)
        outline->last_assignment->bad = true;
}

static void advance(struct outline *outline, const struct raw_section *section)
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
            spoil_last(outline);
        stop(
            outline,
            (struct place){outline->token.line, section, behind_value ? outline->last->name : NULL},
            outline->token.flaw);
    }
}

static bool at_mark(const struct outline *outline, char mark)
{
    return token_is(&outline->token, mark);
}

static bool at_text(const struct outline *outline)
{
    return outline->token.kind == TOKEN_WORD || outline->token.kind == TOKEN_QUOTED;
}

/* Copies a name; one that is too long cannot be known, so it is cut. */
static const char *name_of(char target[NAME_SIZE_MAX], const struct token *token)
{
    size_t size = token->size < NAME_SIZE_MAX ? token->size : NAME_SIZE_MAX - 1;

    memcpy(target, token->start, size);
    target[size] = '\0';
    return target;
}

static void list_add(struct outline *outline, struct list *list)
{
    const struct token *token = &outline->token;

    if (token->flaw != NULL && list->flaw == NULL) {
        list->flaw = token->flaw;
        list->flaw_line = token->line;
    }
    if (list->count == list->capacity) {
        list->capacity = list->capacity > 0 ? list->capacity * 2 : 1;
        list->values = memory_resize(list->values, list->capacity, sizeof *list->values);
    }
    list->values[list->count++] =
        (struct raw_value){.line = token->line, .start = token->start, .size = token->size};
    outline->value_count++;
}

/* Ends the reading at a token that cannot stand in a value. */
static void stop_in_value(struct outline *outline, struct place place, const struct list *list)
{
    char text[256];
    const char *what = list->braces ? "a list ends with }, and commas stand between its values"
                                    : "its value is missing";

    (void)snprintf(text, sizeof text, "%s; " MUST_QUOTE "%s", what,
                   outline->token.after_hash ? " (# begins a comment)" : "");
    place.line = outline->token.kind == TOKEN_END ? place.line : outline->token.line;
    stop(outline, place, text);
}

/* Goes on to where a value may stand. */
static void advance_to_value(struct outline *outline, struct place place)
{
    advance(outline, place.section);
    place.line = outline->token.hash_line;
    if (!outline->broken && place.line > 0)
        stop(outline, place, "# begins a comment here; a \"#queue\" must stand in quotes");
}

/* Takes the token as a value. */
static bool read_value(struct outline *outline, struct place place, struct list *list)
{
    /* A value on a line of its own is the next option of one that has none. */
    if (!at_text(outline) || (!list->braces && outline->token.first)) {
        stop_in_value(outline, place, list);
        return false;
    }
    if (outline->value_count == VALUES_MAX) {
        stop(outline, place, "is one value too many; up to 1,000,000 in a file are allowed");
        return false;
    }
    list_add(outline, list);
    return true;
}

/* Reads a single value or a list in braces, so that the token is its last one. */
static bool read_values(struct outline *outline, struct place place, struct list *list)
{
    list->braces = at_mark(outline, '{');
    outline->after_value = !list->braces;
    if (!list->braces)
        return read_value(outline, place, list);
    advance_to_value(outline, place);
    while (!at_mark(outline, '}')) {
        if (!read_value(outline, place, list))
            return false;
        advance(outline, place.section);
        if (at_mark(outline, ','))
            advance_to_value(outline, place);
        else if (!at_mark(outline, '}'))
            stop_in_value(outline, place, list);
    }
    return true;
}

/* Adds an unknown option's fault. */
static void report_unknown(struct outline *outline, const struct token *name,
                           struct raw_section *section)
{
    char text[NAME_SIZE_MAX], shown[FAULT_SHOWN_SIZE], suggestion[SUGGESTION_SIZE];
    struct place place = {name->line, section, NULL};

    if (strcmp(name_of(text, name), "primary") == 0 || strcmp(text, "backup") == 0)
        faults_add(outline->faults, place, "%s: is a section; write %s", text,
                   *text == 'p' ? "primary { … }" : "backup \"NAME\" { … }");
    else
        faults_add(outline->faults, place, "%s: is not an option%s%s",
                   fault_show(shown, name->start, name->size),
                   section->kind == SECTION_GLOBAL ? "" : " of this section",
                   suggest_option(suggestion, section->kind, text));
}

/* What is wrong with the form of a complete assignment; NULL: nothing. */
static const char *assignment_flaw(const struct option *option, bool adding,
                                   const struct list *list)
{
    bool many = option->type == OPTION_DURATIONS || option->type == OPTION_NODES;

    if (adding)
        return "cannot be added to by +=; one list after = is allowed";
    if (!many && list->braces && list->count != 1)
        return "is a list; one value is allowed";
    return list->flaw;
}

/* Takes a complete assignment of a known option into raw, together with its values; what is flawed
 * without them, so that it is known to be there. */
static void accept_values(struct outline *outline, struct raw_section *section, struct place place,
                          const struct list *list, const char *flaw)
{
    const struct raw_assignment *before = raw_find(section, outline->last->name);
    struct raw_assignment assignment = {.option = outline->last, .line = place.line};

    if (before != NULL) {
        faults_add(outline->faults, place, "is set twice; line %d has it already", before->line);
        free(list->values);
        return;
    }
    if (flaw != NULL) {
        if (flaw == list->flaw)
            place.line = list->flaw_line;
        faults_add(outline->faults, place, "%s", flaw);
        assignment.bad = true;
        free(list->values);
    } else {
        assignment.values = list->values;
        assignment.count = list->count;
    }
    outline->last_assignment = raw_add_assignment(section, &assignment);
}

/* name = …; the token is = or +=. */
static void read_assignment(struct outline *outline, struct raw_section *section,
                            const struct token *name)
{
    char text[NAME_SIZE_MAX];
    struct list list = {0};
    bool adding = outline->token.kind == TOKEN_ADD;

    outline->last_assignment = NULL;
    outline->last = option_find(section->kind, name_of(text, name));
    struct place place = {name->line, section, outline->last != NULL ? outline->last->name : NULL};

    if (outline->last == NULL)
        report_unknown(outline, name, section);
    advance_to_value(outline, place);
    if (!read_values(outline, place, &list)) {
        free(list.values);
        return;
    }
    if (outline->last == NULL)
        free(list.values);
    else
        accept_values(outline, section, place, &list,
                      assignment_flaw(outline->last, adding, &list));
    advance(outline, section);
}

/* Skips what stands between braces, whatever it is; the token is the opening one. */
static void skip_section(struct outline *outline, const struct raw_section *parent, int line)
{
    size_t depth = 0;

    do {
        if (at_mark(outline, '{'))
            depth++;
        else if (at_mark(outline, '}'))
            depth--;
        else if (outline->token.kind == TOKEN_END && !outline->broken)
            stop(outline, (struct place){line, parent, NULL},
                 "the section's { is never closed; a } ends it");
        outline->after_value = false;
        advance(outline, parent);
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
        outline->primary = section;
    outline->after_value = false;
    advance(outline, section);
    read_statements(outline, section);
    if (at_mark(outline, '}')) {
        outline->after_value = false;
        advance(outline, outline->raw->sections[0]);
    } else {
        stop(outline, (struct place){name->line, section, NULL},
             "the section's { is never closed; a } ends it");
    }
}

/* What keeps a section from being read, said as a fault; or false. */
static bool refuse_section(struct outline *outline, const struct raw_section *parent,
                           const struct token *name, const struct token *title)
{
    char text[NAME_SIZE_MAX], shown[FAULT_SHOWN_SIZE], suggestion[SUGGESTION_SIZE];
    struct place place = {name->line, parent, NULL};
    bool primary = strcmp(name_of(text, name), "primary") == 0;

    (void)fault_show(shown, name->start, name->size);
    if (primary && outline->primary != NULL)
        faults_add(outline->faults, place, "primary: is there twice; line %d has it already",
                   outline->primary->line);
    else if (title != NULL && title->flaw != NULL)
        faults_add(outline->faults, place, "%s: its name %s", shown, title->flaw);
    else if (option_find(parent->kind, text) != NULL)
        faults_add(outline->faults, place, "%s: is an option, not a section; write %s = …", shown,
                   shown);
    else if (!primary && strcmp(text, "backup") != 0)
        faults_add(outline->faults, place, "%s: is not a section%s", shown,
                   suggest_section(suggestion, text));
    else if (outline->raw->count > SECTIONS_MAX)
        stop(outline, place, "is one section too many; up to 100,000 are allowed");
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
        stop(outline, place, fault);
        return;
    }
    bool primary = strcmp(name_of(text, name), "primary") == 0;
    if (primary && title != NULL)
        faults_add(outline->faults, place, "primary: has a name; primary { … } is allowed");
    else if (!primary && title == NULL)
        faults_add(outline->faults, place, "backup: has no name; backup \"NAME\" { … } is allowed");
    read_section(outline, primary ? SECTION_PRIMARY : SECTION_BACKUP, name, primary ? NULL : title);
}

/* A word that neither = nor { follows: a value without its quotes, or nothing that has a meaning.
 * It is not shown when it may be part of a value, for that may be a password. */
static void stop_at_word(struct outline *outline, const struct raw_section *section,
                         const struct token *word, bool behind_value)
{
    char shown[FAULT_SHOWN_SIZE], text[FAULT_SHOWN_SIZE + 128];

    if (behind_value) {
        const char *last = outline->last != NULL ? outline->last->name : NULL;

        spoil_last(outline);
        stop(outline, (struct place){word->line, section, last},
             "there is more behind its value; " MUST_QUOTE);
        return;
    }
    (void)snprintf(text, sizeof text, "%s: is followed by neither = nor {; NAME = VALUE is allowed",
                   fault_show(shown, word->start, word->size));
    stop(outline, (struct place){word->line, section, NULL}, text);
}

/* Whether the token may be the second word of a password: then it must not be shown as an unknown
 * option. */
static bool may_be_secret(const struct outline *outline, const struct raw_section *section)
{
    char text[NAME_SIZE_MAX];

    return outline->last != NULL && outline->last->type == OPTION_SECRET &&
           option_find(section->kind, name_of(text, &outline->token)) == NULL;
}

/* Whether the token begins a statement; if not, it is a syntax error. */
static bool at_statement(struct outline *outline, const struct raw_section *section,
                         bool behind_value)
{
    if (outline->token.kind == TOKEN_WORD && !(behind_value && may_be_secret(outline, section)))
        return true;
    if (at_mark(outline, '}'))
        stop(outline, (struct place){outline->token.line, NULL, NULL},
             "a } stands here without its {; is there one too many?");
    else if (behind_value)
        stop_at_word(outline, section, &outline->token, true);
    else
        stop(outline, (struct place){outline->token.line, section, NULL},
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
    advance(outline, section);
    if (at_mark(outline, '=') || outline->token.kind == TOKEN_ADD) {
        read_assignment(outline, section, &name);
    } else if (at_mark(outline, '{')) {
        read_or_skip_section(outline, section, &name, NULL);
    } else if (at_text(outline)) {
        struct token title = outline->token;

        advance(outline, section);
        if (at_mark(outline, '{'))
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
           !(at_mark(outline, '}') && section->kind != SECTION_GLOBAL))
        read_statement(outline, section);
}

bool outline_read(const char *text, size_t size, struct raw *raw, struct faults *faults)
{
    struct outline outline = {
        .lexer = {.at = text, .end = text + size}, .raw = raw, .faults = faults};

    advance(&outline, raw->sections[0]);
    read_statements(&outline, raw->sections[0]);
    return !outline.broken;
}

/* The structure of the file, found before libconfuse sees it. libconfuse 3.3 alone will not do: it
 * ends at the first unknown section, counts each comment as two more lines, takes a comment inside
 * a list for an error, and passes over quotes that are not closed, a missing } and bad escapes. */
#include "loading.h"
#include "token.h"
#include "values.h"

#include <stdio.h>
#include <string.h>

/* More than anybody has; it keeps rubbish from using up the memory. */
enum {
    NAME_SIZE_MAX = 64,
    SECTIONS_MAX = 100000,
    VALUES_MAX = 1000000
};

#define MUST_QUOTE "a value with blanks or one of # = { } ( ) + , * must stand in quotes"
#define NEVER_CLOSED "the section's { is never closed; a } ends it"

struct outline {
    struct lexer lexer;
    struct token token; /* the one to be looked at; TOKEN_END for ever after a syntax error */
    bool stopped;
    struct buffer *target;
    int target_line;
    size_t mark;   /* size of target and */
    int mark_line; /* target_line before the assignment just read */
    struct sections *sections;
    struct section *section; /* that is open */
    struct faults *faults;
    const struct option *last; /* of the assignment just read; NULL: none, or an unknown one */
    struct setting *setting;   /* what it became; NULL: nothing */
    int value_line;            /* where an assignment of a single value has just ended, else 0 */
    size_t value_count;
};

static bool at_mark(const struct outline *outline, char mark)
{
    return outline->token.kind == TOKEN_MARK && *outline->token.start == mark;
}

static const char *option_name(const struct option *option)
{
    return option != NULL ? option->name : NULL;
}

/* Copies a name; one that is too long cannot be known, so it is cut. */
static const char *copy_name(char target[NAME_SIZE_MAX], const struct token *token)
{
    size_t size = token->size < NAME_SIZE_MAX ? token->size : NAME_SIZE_MAX - 1;

    memcpy(target, token->start, size);
    target[size] = '\0';
    return target;
}

static void write(struct outline *outline, int line, const char *text, size_t size)
{
    for (; outline->target_line < line; outline->target_line++)
        (void)buffer_append(outline->target, "\n", 1);
    (void)buffer_append(outline->target, text, size);
    (void)buffer_append(outline->target, " ", 1);
}

/* Takes back what was written of the assignment. */
static void take_back(struct outline *outline)
{
    buffer_cut(outline->target, outline->mark);
    outline->target_line = outline->mark_line;
}

/* Ends the reading. */
static void end(struct outline *outline)
{
    outline->stopped = true;
    outline->token.kind = TOKEN_END;
}

/* A syntax error: nothing behind it can be understood. */
static void stop(struct outline *outline, int line, const char *option, const char *text)
{
    if (!outline->stopped)
        faults_add(outline->faults, (struct place){line, outline->section, option}, "%s", text);
    end(outline);
}

/* The same where the value before, on this line, is not whole: it is not worth a second fault. */
static void stop_behind_value(struct outline *outline, const char *text)
{
    if (outline->setting != NULL) {
        outline->setting->bad = true;
        take_back(outline);
    }
    stop(outline, outline->value_line, option_name(outline->last), text);
}

/* Goes on to the next token. */
static void advance(struct outline *outline)
{
    if (outline->stopped)
        return;
    outline->token = lexer_next(&outline->lexer);
    if (faults_is_full(outline->faults))
        end(outline);
    else if (outline->token.kind != TOKEN_BAD)
        return;
    else if (outline->token.line == outline->value_line)
        stop_behind_value(outline, outline->token.flaw);
    else
        stop(outline, outline->token.line, NULL, outline->token.flaw);
}

/* ---- assignments ---- */

/* Ends the reading at a token that cannot stand in a value. */
static void stop_in_value(struct outline *outline, int line, bool braces)
{
    char text[256];

    (void)snprintf(text, sizeof text, "%s; " MUST_QUOTE "%s",
                   braces ? "a list ends with }, and commas stand between its values"
                          : "its value is missing",
                   outline->token.after_hash ? " (# begins a comment)" : "");
    stop(outline, outline->token.kind == TOKEN_END ? line : outline->token.line,
         option_name(outline->last), text);
}

/* Goes on to where a value may stand. */
static void advance_to_value(struct outline *outline)
{
    advance(outline);
    if (outline->token.queue_line > 0)
        stop(outline, outline->token.queue_line, option_name(outline->last),
             "# begins a comment here; a \"#queue\" must stand in quotes");
}

/* Reads a single value or a list in braces behind the = of this line, so that the token is its last one,
 * and writes it. Returns how many there are; *flawed is the first one with a flaw. */
static size_t read_values(struct outline *outline, int line, struct token *flawed)
{
    const bool braces = at_mark(outline, '{');
    size_t count = 0;

    if (braces)
        advance_to_value(outline);
    while (!outline->stopped && !(braces && at_mark(outline, '}'))) {
        const struct token *token = &outline->token;

        /* A value on a line of its own is the next option of one that has none. */
        if (token->kind != TOKEN_TEXT || (!braces && token->line != line)) {
            stop_in_value(outline, line, braces);
        } else if (outline->value_count++ == VALUES_MAX) {
            stop(outline, line, option_name(outline->last),
                 "is one value too many; up to 1,000,000 in a file are allowed");
        } else {
            if (token->flaw != NULL && flawed->flaw == NULL)
                *flawed = *token;
            write(outline, token->line, token->start, token->size);
            write(outline, token->line, ",", 1);
            count++;
            if (!braces)
                break;
            advance(outline);
            if (at_mark(outline, ','))
                advance_to_value(outline);
            else if (!at_mark(outline, '}'))
                stop_in_value(outline, line, braces);
        }
    }
    return count;
}

static void report_unknown(struct outline *outline, const struct token *name)
{
    char text[NAME_SIZE_MAX], shown[FAULT_SHOWN_SIZE], suggestion[SUGGESTION_SIZE];
    struct place place = {name->line, outline->section, NULL};
    const enum option_section kind = outline->section->kind;
    enum option_section named;

    if (option_section_find(copy_name(text, name), &named))
        faults_add(outline->faults, place, "%s: is a section; write %s%s { … }", text, text,
                   named == SECTION_BACKUP ? " \"NAME\"" : "");
    else
        faults_add(outline->faults, place, "%s: is not an option%s%s",
                   fault_show(shown, name->start, name->size),
                   kind == SECTION_GLOBAL ? "" : " of this section",
                   fault_suggest(suggestion, kind, text));
}

/* Whether the token is a reference to the environment and nothing else. */
static bool is_reference(const struct token *token)
{
    const bool quoted = token->size >= 2 && *token->start == '"';
    const char *start = token->start + quoted;
    const size_t size = token->size - (quoted ? 2 : 0);

    return size >= 3 && memcmp(start, "${", 2) == 0 && memchr(start, ':', size) == NULL &&
           memchr(start, '}', size) == start + size - 1;
}

/* name = …; the token is = or +=. */
static void read_assignment(struct outline *outline, const struct token *name)
{
    char text[NAME_SIZE_MAX];
    const struct token equals = outline->token;
    struct section *section = outline->section;
    const struct option *option = option_find(section->kind, copy_name(text, name));
    struct place place = {name->line, section, option_name(option)};
    struct token flawed = {0};

    outline->last = option;
    outline->setting = NULL;
    outline->value_line = 0;
    outline->mark = outline->target->size;
    outline->mark_line = outline->target_line;
    if (option == NULL)
        report_unknown(outline, name);
    advance_to_value(outline);
    const bool single = !at_mark(outline, '{');
    write(outline, name->line, name->start, name->size);
    write(outline, name->line, "= {", 3);
    const size_t count = read_values(outline, equals.line, &flawed);
    write(outline, outline->token.line, "}", 1);
    struct setting setting = {.option = option, .line = name->line};
    const struct setting *before = option != NULL ? section_find(section, option->name) : NULL;
    const char *flaw = flawed.flaw;
    if (equals.kind == TOKEN_ADD)
        flaw = "cannot be added to by +=; one list after = is allowed";
    else if (option != NULL && !value_is_list(option) && count != 1)
        flaw = "is a list; one value is allowed";
    else if (flaw != NULL)
        place.line = flawed.line;
    setting.bad = flaw != NULL;
    setting.reference = count == 1 && is_reference(&outline->token);
    if (outline->stopped || option == NULL || before != NULL || setting.bad)
        take_back(outline);
    if (outline->stopped)
        return;
    if (before != NULL)
        faults_add(outline->faults, place, "is set twice; line %d has it already", before->line);
    else if (option != NULL && flaw != NULL)
        faults_add(outline->faults, place, "%s", flaw);
    if (option != NULL && before == NULL)
        outline->setting = section_add(section, &setting);
    outline->value_line = single ? outline->token.line : 0;
    advance(outline);
}

/* ---- sections ---- */

static void read_statements(struct outline *outline);

/* Skips what stands between braces, whatever it is; the token is the opening one. */
static void skip_section(struct outline *outline, int line)
{
    size_t depth = 0;

    do {
        if (at_mark(outline, '{'))
            depth++;
        else if (at_mark(outline, '}'))
            depth--;
        else if (outline->token.kind == TOKEN_END)
            stop(outline, line, NULL, NEVER_CLOSED);
        advance(outline);
    } while (depth > 0 && !outline->stopped);
}

/* Reads a known section; the token is its opening brace. */
static void read_section(struct outline *outline, enum option_section kind,
                         const struct token *name, const struct token *title)
{
    struct section *parent = outline->section;

    outline->section = sections_add(outline->sections, kind, name->line);
    outline->section->titled = title != NULL;
    write(outline, name->line, name->start, name->size);
    if (kind == SECTION_BACKUP && title != NULL)
        write(outline, title->line, title->start, title->size);
    else if (kind == SECTION_BACKUP)
        write(outline, name->line, "''", 2);
    write(outline, name->line, "{", 1);
    advance(outline);
    read_statements(outline);
    if (!at_mark(outline, '}'))
        stop(outline, name->line, NULL, NEVER_CLOSED);
    write(outline, outline->token.line, "}", 1);
    outline->section = parent;
    outline->value_line = 0;
    advance(outline);
}

/* What keeps a section from being read, said as a fault; or false. */
static bool refuse_section(struct outline *outline, const struct token *name,
                           const struct token *title)
{
    char text[NAME_SIZE_MAX], shown[FAULT_SHOWN_SIZE], suggestion[SUGGESTION_SIZE];
    struct place place = {name->line, outline->section, NULL};
    enum option_section kind;
    const bool known = option_section_find(copy_name(text, name), &kind);
    const struct section *before = !known                     ? NULL
                                   : kind == SECTION_PRIMARY  ? outline->sections->primary
                                   : kind == SECTION_DEFAULTS ? outline->sections->defaults
                                                              : NULL;

    (void)fault_show(shown, name->start, name->size);
    if (before != NULL)
        faults_add(outline->faults, place, "%s: is there twice; line %d has it already", text,
                   before->line);
    else if (title != NULL && title->flaw != NULL)
        faults_add(outline->faults, place, "%s: its name %s", shown, title->flaw);
    else if (option_find(outline->section->kind, text) != NULL)
        faults_add(outline->faults, place, "%s: is an option, not a section; write %s = …", shown,
                   shown);
    else if (!known)
        faults_add(outline->faults, place, "%s: is not a section%s", shown,
                   fault_suggest_section(suggestion, text));
    else
        return false;
    return true;
}

/* name { … } or name title { … }; the token is the opening brace. */
static void read_or_skip_section(struct outline *outline, const struct token *name,
                                 const struct token *title)
{
    char text[NAME_SIZE_MAX], nested[128];
    struct place place = {name->line, outline->section, NULL};
    enum option_section kind;

    outline->value_line = 0;
    if (refuse_section(outline, name, title)) {
        outline->sections->refused = true;
        skip_section(outline, name->line);
        return;
    }
    if (outline->section->kind != SECTION_GLOBAL) {
        (void)snprintf(
            nested, sizeof nested,
            "another section begins before the one of line %d has ended; is a } missing?",
            outline->section->line);
        stop(outline, name->line, NULL, nested);
        return;
    }
    if (outline->sections->count > SECTIONS_MAX) {
        stop(outline, name->line, NULL, "is one section too many; up to 100,000 are allowed");
        return;
    }
    (void)option_section_find(copy_name(text, name), &kind);
    if (kind != SECTION_BACKUP && title != NULL)
        faults_add(outline->faults, place, "%s: has a name; %s { … } is allowed", text, text);
    else if (kind == SECTION_BACKUP && title == NULL)
        faults_add(outline->faults, place, "backup: has no name; backup \"NAME\" { … } is allowed");
    read_section(outline, kind, name, title);
}

/* ---- statements ---- */

/* A word that neither = nor { follows: a value without its quotes, or nothing that has a meaning. It is
 * not shown where it may be part of a value, for that may be a password. */
static void stop_at_word(struct outline *outline, const struct token *word)
{
    const struct option *last = outline->last;
    char shown[FAULT_SHOWN_SIZE], text[FAULT_SHOWN_SIZE + 128];

    if (word->line == outline->value_line) {
        stop_behind_value(outline,
                          last != NULL && value_is_list(last)
                              ? "there is more behind its value; a list stands in { }, with commas "
                                "between its values"
                              : "there is more behind its value; " MUST_QUOTE);
        return;
    }
    (void)snprintf(text, sizeof text, "%s: is followed by neither = nor {; NAME = VALUE is allowed",
                   fault_show(shown, word->start, word->size));
    stop(outline, word->line, NULL, text);
}

/* Whether the token may be the second word of a password: then it must not be shown as an unknown option. */
static bool may_be_secret(const struct outline *outline)
{
    char text[NAME_SIZE_MAX];

    return outline->token.line == outline->value_line && outline->last != NULL &&
           outline->last->type == OPTION_SECRET &&
           option_find(outline->section->kind, copy_name(text, &outline->token)) == NULL;
}

static void read_statement(struct outline *outline)
{
    const struct token name = outline->token;
    const bool is_name = name.kind == TOKEN_TEXT && strchr("\"'$", *name.start) == NULL;

    if (at_mark(outline, '}')) {
        stop(outline, name.line, NULL, "a } stands here without its {; is there one too many?");
        return;
    }
    if (!is_name && name.line != outline->value_line) {
        stop(outline, name.line, NULL,
             "an option or a section must begin here; NAME = VALUE is allowed");
        return;
    }
    if (!is_name || may_be_secret(outline)) {
        stop_at_word(outline, &name);
        return;
    }
    advance(outline);
    const struct token title = outline->token;
    if (at_mark(outline, '=') || title.kind == TOKEN_ADD) {
        read_assignment(outline, &name);
    } else if (at_mark(outline, '{')) {
        read_or_skip_section(outline, &name, NULL);
    } else {
        if (title.kind == TOKEN_TEXT)
            advance(outline);
        if (title.kind == TOKEN_TEXT && at_mark(outline, '{'))
            read_or_skip_section(outline, &name, &title);
        else if (!outline->stopped)
            stop_at_word(outline, &name);
    }
}

/* Reads to the end of the section: the closing brace, or of the file. */
static void read_statements(struct outline *outline)
{
    while (outline->token.kind != TOKEN_END &&
           !(at_mark(outline, '}') && outline->section->kind != SECTION_GLOBAL))
        read_statement(outline);
}

void outline_read(const char *text, struct buffer *target, struct sections *sections,
                  struct faults *faults)
{
    struct outline outline = {.lexer = {.at = text, .line = 1},
                              .target = target,
                              .target_line = 1,
                              .sections = sections,
                              .section = sections->list[0],
                              .faults = faults};

    advance(&outline);
    read_statements(&outline);
    sections->whole = !outline.stopped;
}

/* The structure of the file, found before libconfuse sees it. libconfuse 3.3 ends at the first unknown section, counts each
 * comment as two more lines, takes a comment inside a list for an error, and passes over quotes that are not closed, a
 * missing } and bad escapes. */
#include "forms.h"
#include "loading.h"

#include <mxpull/base/text.h>

#include <stdarg.h>
#include <string.h>

/* More than anybody has; it keeps rubbish from using up the memory. */
enum {
    NAME_SIZE_MAX = 128,
    SECTIONS_MAX = 250000,
    VALUES_MAX = 1000000
};

#define MUST_QUOTE "a value with blanks or one of # = { } ( ) + , * must stand in quotes"

struct outline {
    struct lexer lexer;
    struct token token; /* the one to be looked at; TOKEN_END for ever after a syntax error */
    bool stopped;
    const char *behind; /* the option whose single value is the token; NULL: none */
    struct outlined *target;
    int first_line; /* of the file */
    struct sections *sections;
    struct section *section; /* that is open */
    struct faults *faults;
};

/* The word that begins a statement. */
struct name {
    int line;
    char text[NAME_SIZE_MAX];     /* one that is too long cannot be known, so it is cut */
    char shown[FAULT_SHOWN_SIZE]; /* fit for a message */
};

/* name = …, or name += … */
struct assignment {
    const struct option *option; /* NULL: unknown */
    struct place place;
    struct token equals;
    size_t count;        /* of its values */
    struct token flawed; /* the first one with a flaw */
};

static bool is_mark(const struct token *token, char mark)
{
    return token->kind == TOKEN_MARK && *token->start == mark;
}

static bool at_mark(const struct outline *outline, char mark)
{
    return is_mark(&outline->token, mark);
}

static struct name name_of(const struct token *token)
{
    const size_t size = token->size < NAME_SIZE_MAX ? token->size : NAME_SIZE_MAX - 1;
    struct name name = {.line = token->line};

    memcpy(name.text, token->start, size);
    (void)text_printable_copy(name.shown, sizeof name.shown, name.text);
    return name;
}

static void emit(struct outline *outline, int line, const char *text, size_t size)
{
    struct outlined *target = outline->target;

    for (; target->line < line; target->line++)
        (void)buffer_append(&target->text, "\n", 1);
    (void)buffer_append(&target->text, text, size);
    (void)buffer_append(&target->text, " ", 1);
}

static void emit_token(struct outline *outline, const struct token *token)
{
    emit(outline, token->line, token->start, token->size);
}

static void stop(struct outline *outline, int line, const char *option, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* A syntax error: nothing behind it can be understood. */
static void stop(struct outline *outline, int line, const char *option, const char *format, ...)
{
    char text[FAULT_TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    text_format(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!outline->stopped)
        faults_add(outline->faults, (struct place){line, outline->section, option}, "%s", text);
    outline->stopped = true;
    outline->token.kind = TOKEN_END;
}

/* Goes on to the next token. */
static void advance(struct outline *outline)
{
    const int line = outline->token.line;

    if (outline->stopped)
        return;
    outline->token = lexer_next(&outline->lexer);
    if (outline->token.kind == TOKEN_BAD || faults_is_full(outline->faults))
        stop(outline, outline->token.line, outline->token.line == line ? outline->behind : NULL,
             "%s", outline->token.kind == TOKEN_BAD ? outline->token.flaw : "");
}

/* ---- assignments ---- */

/* Goes on to where a value may stand. */
static void advance_to_value(struct outline *outline, const struct assignment *assignment)
{
    advance(outline);
    if (outline->token.queue_line > 0)
        stop(outline, outline->token.queue_line, assignment->place.option,
             "# begins a comment here; a \"#queue\" must stand in quotes");
}

/* Ends the reading at a token that cannot stand in a value. */
static void stop_in_value(struct outline *outline, const struct assignment *assignment,
                          const char *what)
{
    const bool end = outline->token.kind == TOKEN_END;

    stop(outline, end ? assignment->equals.line : outline->token.line, assignment->place.option,
         "%s; " MUST_QUOTE "%s", what, outline->token.after_hash ? " (# begins a comment)" : "");
}

/* Takes the token as a value. */
static void take_value(struct outline *outline, struct assignment *assignment)
{
    const struct token *token = &outline->token;

    if (token->flaw != NULL && assignment->flawed.flaw == NULL)
        assignment->flawed = *token;
    emit_token(outline, token);
    emit(outline, token->line, ",", 1);
    assignment->count++;
    if (outline->target->value_count++ == VALUES_MAX)
        stop(outline, token->line, assignment->place.option,
             "is one value too many; up to 1,000,000 are allowed");
}

/* Reads a single value or a list in braces, so that the token is its last one. */
static void read_values(struct outline *outline, struct assignment *assignment)
{
    static const char no_end[] = "a list ends with }, and commas stand between its values";

    if (!at_mark(outline, '{')) {
        /* A value on a line of its own is the next option of one that has none. */
        if (outline->token.kind == TOKEN_TEXT && outline->token.line == assignment->equals.line)
            take_value(outline, assignment);
        else
            stop_in_value(outline, assignment, "its value is missing");
        return;
    }
    advance_to_value(outline, assignment);
    while (!outline->stopped && !at_mark(outline, '}')) {
        if (outline->token.kind == TOKEN_TEXT)
            take_value(outline, assignment);
        else
            stop_in_value(outline, assignment, no_end);
        advance(outline);
        if (at_mark(outline, ','))
            advance_to_value(outline, assignment);
        else if (!at_mark(outline, '}'))
            stop_in_value(outline, assignment, no_end);
    }
}

static void report_unknown(struct outline *outline, const struct name *name)
{
    char suggestion[SUGGESTION_SIZE];
    struct place place = {name->line, outline->section, NULL};
    const enum option_section kind = outline->section->kind;
    enum option_section named;

    if (option_section_find(name->text, &named))
        faults_add(outline->faults, place, "%s: is a section; write %s%s { … }", name->text,
                   name->text, named == SECTION_BACKUP ? " \"NAME\"" : "");
    else
        faults_add(outline->faults, place, "%s: is not an option%s%s", name->shown,
                   kind == SECTION_GLOBAL ? "" : " of this section",
                   fault_suggest(suggestion, kind, name->text));
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

static bool is_name(const struct token *token)
{
    return token->kind == TOKEN_TEXT && strchr("\"'$", *token->start) == NULL;
}

/* Whether the token behind a single value, on its line, is more of this value. */
static bool is_more(const struct outline *outline, const struct option *option)
{
    const struct name name = name_of(&outline->token);
    struct lexer ahead = outline->lexer;

    if (outline->token.kind == TOKEN_END || at_mark(outline, '}'))
        return false;
    /* The second word of a password must not be shown as an unknown option. */
    if (!is_name(&outline->token) || (option != NULL && option->type == OPTION_SECRET &&
                                      option_find(outline->section->kind, name.text) == NULL))
        return true;
    struct token next = lexer_next(&ahead);
    if (is_mark(&next, '=') || next.kind == TOKEN_ADD)
        return false;
    if (next.kind == TOKEN_TEXT)
        next = lexer_next(&ahead);
    return !is_mark(&next, '{') && next.kind != TOKEN_BAD;
}

static bool is_include(const struct option *option)
{
    return option->form == form_pattern;
}

/* Whether a complete assignment of a known option is fit for libconfuse; if not, that is a fault. */
static bool is_fit(struct outline *outline, const struct assignment *assignment)
{
    const struct option *option = assignment->option;
    const struct setting *before = section_find(outline->section, option->name);
    const char *flaw = assignment->flawed.flaw;
    struct place place = assignment->place;
    char where[FAULT_LINE_SIZE];

    /* Each file may include others. */
    if (before != NULL && (!is_include(option) || before->line >= outline->first_line)) {
        faults_add(outline->faults, place, "is set twice; %s has it already",
                   faults_line(where, outline->faults, place.line, before->line));
        return false;
    }
    if (assignment->equals.kind == TOKEN_ADD)
        flaw = "cannot be added to by +=; one list after = is allowed";
    else if (!value_is_list(option) && assignment->count != 1)
        flaw = "is a list; one value is allowed";
    else if (flaw != NULL)
        place.line = assignment->flawed.line;
    if (flaw != NULL)
        faults_add(outline->faults, place, "%s", flaw);
    return flaw == NULL;
}

/* name = …; the token is = or +=. */
static void read_assignment(struct outline *outline, const struct name *name)
{
    const struct option *option = option_find(outline->section->kind, name->text);
    struct assignment assignment = {
        .option = option,
        .place = {name->line, outline->section, option != NULL ? option->name : NULL},
        .equals = outline->token,
    };
    struct setting setting = {.option = option, .line = name->line, .bad = true};
    const size_t target_size = outline->target->text.size;
    const int target_line = outline->target->line;

    if (option == NULL)
        report_unknown(outline, name);
    advance_to_value(outline, &assignment);
    const bool single = !at_mark(outline, '{');
    emit(outline, name->line, name->text, strlen(name->text));
    emit(outline, name->line, "= {", 3);
    read_values(outline, &assignment);
    const struct token last = outline->token;
    const bool known = option != NULL && !outline->stopped;
    emit(outline, last.line, "}", 1);
    if (known) {
        setting.bad = !is_fit(outline, &assignment);
        setting.reference = assignment.count == 1 && is_reference(&last);
    }
    outline->behind = single ? assignment.place.option : NULL;
    advance(outline);
    outline->behind = NULL;
    if (single && outline->token.line == last.line &&
        (outline->stopped || is_more(outline, option))) {
        setting.bad = true;
        stop(outline, last.line, assignment.place.option, "there is more behind its value; %s",
             option != NULL && value_is_list(option)
                 ? "a list stands in { }, with commas between its values"
                 : MUST_QUOTE);
    }
    if (known && section_find(outline->section, option->name) == NULL)
        (void)section_add(outline->section, &setting);
    if (setting.bad) {
        buffer_cut(&outline->target->text, target_size);
        outline->target->line = target_line;
    } else if (is_include(option)) {
        section_find(outline->section, option->name)->line = name->line;
        outline->target->include = target_size;
        outline->target->include_end = outline->target->text.size;
    }
}

/* ---- sections and statements ---- */

static void read_statement(struct outline *outline);

/* Skips what stands between braces, whatever it is; the token is the opening one. */
static void skip_section(struct outline *outline, int line)
{
    size_t depth = 0;

    do {
        depth += at_mark(outline, '{');
        depth -= at_mark(outline, '}');
        if (outline->token.kind == TOKEN_END)
            stop(outline, line, NULL, "the section's { is never closed; a } ends it");
        advance(outline);
    } while (depth > 0 && !outline->stopped);
}

/* Reads a known section; the token is its opening brace. title is NULL where there is none. */
static void enter_section(struct outline *outline, enum option_section kind,
                          const struct name *name, const struct token *title)
{
    struct section *parent = outline->section;

    outline->section = sections_add(outline->sections, kind, name->line);
    outline->section->titled = title != NULL;
    emit(outline, name->line, name->text, strlen(name->text));
    if (kind == SECTION_BACKUP && title != NULL)
        emit_token(outline, title);
    else if (kind == SECTION_BACKUP)
        emit(outline, name->line, "''", 2);
    emit(outline, name->line, "{", 1);
    advance(outline);
    while (outline->token.kind != TOKEN_END && !at_mark(outline, '}'))
        read_statement(outline);
    if (outline->token.kind == TOKEN_END)
        stop(outline, name->line, NULL, "the section's { is never closed; a } ends it");
    emit(outline, outline->token.line, "}", 1);
    outline->section = parent;
    advance(outline);
}

/* What keeps a section from being read, said as a fault; or false. */
static bool refuse_section(struct outline *outline, const struct name *name,
                           const struct token *title, enum option_section *kind)
{
    char suggestion[SUGGESTION_SIZE];
    struct place place = {name->line, outline->section, NULL};
    const bool known = option_section_find(name->text, kind);
    char where[FAULT_LINE_SIZE];
    const struct section *before =
        known && *kind != SECTION_BACKUP ? outline->sections->first[*kind] : NULL;

    if (before != NULL)
        faults_add(outline->faults, place, "%s: is there twice; %s has it already", name->text,
                   faults_line(where, outline->faults, place.line, before->line));
    else if (title != NULL && title->flaw != NULL)
        faults_add(outline->faults, place, "%s: its name %s", name->shown, title->flaw);
    else if (option_find(outline->section->kind, name->text) != NULL)
        faults_add(outline->faults, place, "%s: is an option, not a section; write %s = …",
                   name->text, name->text);
    else if (!known)
        faults_add(outline->faults, place, "%s: is not a section%s", name->shown,
                   fault_suggest_section(suggestion, name->text));
    else
        return false;
    return true;
}

/* name { … } or name title { … }; the token is the opening brace. */
static void read_section(struct outline *outline, const struct name *name,
                         const struct token *title)
{
    struct place place = {name->line, outline->section, NULL};
    char where[FAULT_LINE_SIZE];
    enum option_section kind;

    if (refuse_section(outline, name, title, &kind)) {
        outline->sections->refused = true;
        skip_section(outline, name->line);
    } else if (outline->section->kind != SECTION_GLOBAL) {
        stop(outline, name->line, NULL,
             "another section begins before the one of %s has ended; is a } missing?",
             faults_line(where, outline->faults, name->line, outline->section->line));
    } else if (outline->sections->count > SECTIONS_MAX) {
        stop(outline, name->line, NULL, "is one section too many; up to 250,000 are allowed");
    } else {
        if (kind != SECTION_BACKUP && title != NULL)
            faults_add(outline->faults, place, "%s: has a name; %s { … } is allowed", name->text,
                       name->text);
        else if (kind == SECTION_BACKUP && title == NULL)
            faults_add(outline->faults, place,
                       "backup: has no name; backup \"NAME\" { … } is allowed");
        enter_section(outline, kind, name, title);
    }
}

static void read_statement(struct outline *outline)
{
    const struct token first = outline->token;

    if (!is_name(&first)) {
        stop(outline, first.line, NULL, "%s",
             is_mark(&first, '}')
                 ? "a } stands here without its {; is there one too many?"
                 : "an option or a section must begin here; NAME = VALUE is allowed");
        return;
    }
    const struct name name = name_of(&first);
    advance(outline);
    const struct token second = outline->token;
    const bool titled = second.kind == TOKEN_TEXT;
    if (titled)
        advance(outline);
    if (is_mark(&second, '=') || second.kind == TOKEN_ADD)
        read_assignment(outline, &name);
    else if (at_mark(outline, '{'))
        read_section(outline, &name, titled ? &second : NULL);
    else
        stop(outline, name.line, NULL,
             "%s: is followed by neither = nor {; NAME = VALUE is allowed", name.shown);
}

void outline_read(const char *text, int first_line, struct outlined *target,
                  struct sections *sections, struct faults *faults)
{
    struct outline outline = {.lexer = {.at = text, .line = first_line},
                              .target = target,
                              .first_line = first_line,
                              .sections = sections,
                              .section = sections->list[0],
                              .faults = faults};

    target->include = target->include_end = 0;
    advance(&outline);
    while (outline.token.kind != TOKEN_END)
        read_statement(&outline);
    if (!outline.stopped)
        return;
    sections->whole = false;
    if (sections->count > 1)
        sections->list[sections->count - 1]->is_cut = true;
}

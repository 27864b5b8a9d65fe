/* The outline's assignments: an option's name, its values, and what is wrong with their form. */
#include "outline_internal.h"

#include "suggest.h"

#include <mxpull/base/memory.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than anybody has; it keeps rubbish from using up the memory. */
enum {
    VALUES_MAX = 1000000
};

/* The values of one assignment while they come in. */
struct list {
    struct raw_value *values;
    size_t count, capacity;
    bool braces;
    const char *flaw; /* of the first flawed value */
    int flaw_line;
};

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
    outline_stop(outline, place, text);
}

/* Goes on to where a value may stand. */
static void advance_to_value(struct outline *outline, struct place place)
{
    outline_advance(outline, place.section);
    place.line = outline->token.hash_line;
    if (!outline->broken && place.line > 0)
        outline_stop(outline, place, "# begins a comment here; a \"#queue\" must stand in quotes");
}

/* Takes the token as a value. */
static bool read_value(struct outline *outline, struct place place, struct list *list)
{
    /* A value on a line of its own is the next option of one that has none. */
    if (!outline_at_text(outline) || (!list->braces && outline->token.first)) {
        stop_in_value(outline, place, list);
        return false;
    }
    if (outline->value_count == VALUES_MAX) {
        outline_stop(outline, place,
                     "is one value too many; up to 1,000,000 in a file are allowed");
        return false;
    }
    list_add(outline, list);
    return true;
}

/* Reads a single value or a list in braces, so that the token is its last one. */
static bool read_values(struct outline *outline, struct place place, struct list *list)
{
    list->braces = outline_at_mark(outline, '{');
    outline->after_value = !list->braces;
    if (!list->braces)
        return read_value(outline, place, list);
    advance_to_value(outline, place);
    while (!outline_at_mark(outline, '}')) {
        if (!read_value(outline, place, list))
            return false;
        outline_advance(outline, place.section);
        if (outline_at_mark(outline, ','))
            advance_to_value(outline, place);
        else if (!outline_at_mark(outline, '}'))
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
    enum option_section kind;

    if (option_section_find(outline_name(text, name), &kind))
        faults_add(outline->faults, place, "%s: is a section; write %s%s { … }", text, text,
                   kind == SECTION_BACKUP ? " \"NAME\"" : "");
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

void outline_read_assignment(struct outline *outline, struct raw_section *section,
                             const struct token *name)
{
    char text[NAME_SIZE_MAX];
    struct list list = {0};
    bool adding = outline->token.kind == TOKEN_ADD;

    outline->last_assignment = NULL;
    outline->last = option_find(section->kind, outline_name(text, name));
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
    outline_advance(outline, section);
}

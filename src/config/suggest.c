/* What a misspelt name was meant to be: the known one that is the fewest strokes away
 * (Damerau-Levenshtein, without regard to case). */
#include "suggest.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>

#include <stdio.h>
#include <string.h>

enum {
    NAME_SIZE_MAX = 32
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be put in, taken out, replaced or swapped with their neighbour to make b of
 * a. Both are at most NAME_SIZE_MAX long. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_SIZE_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t width = strlen(b), height = strlen(a);

    for (size_t j = 0; j <= width; j++) {
        before[j] = 0;
        above[j] = j;
    }
    for (size_t i = 1; i <= height; i++) {
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            char left = text_lower(a[i - 1]), right = text_lower(b[j - 1]);

            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (left != right));
            if (i > 1 && j > 1 && left == text_lower(b[j - 2]) && text_lower(a[i - 2]) == right)
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[width];
}

/* How far away a name may be and still be meant: a stroke in three. */
static size_t reach(const char *name)
{
    return strlen(name) / 3 + (strlen(name) < 3);
}

char *suggest_option(char target[SUGGESTION_SIZE], enum option_section section, const char *name)
{
    const struct option *nearest = NULL;
    size_t best = 2 * reach(name) + 2; /* one of this section is preferred at equal distance */

    *target = '\0';
    if (strlen(name) > NAME_SIZE_MAX)
        return target;
    for (size_t i = 0; i < option_count; i++) {
        size_t cost = 2 * distance(name, options[i].name) + (options[i].section != section);

        if (cost < best) {
            best = cost;
            nearest = &options[i];
        }
    }
    if (nearest == NULL)
        return target;
    if (nearest->section == section)
        (void)snprintf(target, SUGGESTION_SIZE, "; did you mean %s?", nearest->name);
    else if (nearest->section == SECTION_GLOBAL)
        (void)snprintf(target, SUGGESTION_SIZE, "; %s stands outside of all sections",
                       nearest->name);
    else
        (void)snprintf(target, SUGGESTION_SIZE, "; %s belongs into a section %s { }", nearest->name,
                       option_section_name(nearest->section));
    return target;
}

char *suggest_section(char target[SUGGESTION_SIZE], const char *name)
{
    static const enum option_section sections[] = {SECTION_PRIMARY, SECTION_BACKUP};

    (void)text_copy(target, SUGGESTION_SIZE, "; sections are primary { } and backup \"NAME\" { }");
    if (strlen(name) > NAME_SIZE_MAX)
        return target;
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        const char *known = option_section_name(sections[i]);

        if (distance(name, known) <= reach(name))
            (void)snprintf(target, SUGGESTION_SIZE, "; did you mean %s?", known);
    }
    return target;
}

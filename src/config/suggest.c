/* What a misspelt name was meant to be: the known one that is the fewest strokes away. */
#include "suggest.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/distance.h>
#include <mxpull/base/text.h>

#include <stdio.h>
#include <string.h>

enum {
    PREFIX_SIZE_MIN = 3
};

/* How far away a name may be and still be meant: a stroke in three. */
static size_t reach(const char *name)
{
    return strlen(name) / 3 + (strlen(name) < 3);
}

/* Twice the strokes that are wrong; a beginning that is the whole name is as good as one of them. */
static size_t cost_of(const char *name, const char *known)
{
    size_t cost = 2 * distance(name, known);

    return strlen(name) >= PREFIX_SIZE_MIN && text_starts_with(known, name) && cost > 2 ? 2 : cost;
}

char *suggest_option(char target[SUGGESTION_SIZE], enum option_section section, const char *name)
{
    const struct option *nearest = NULL;
    size_t best = 2 * reach(name) + 2; /* one of this section is preferred at equal distance */

    *target = '\0';
    if (strlen(name) > DISTANCE_WORD_MAX)
        return target;
    for (size_t i = 0; i < option_count; i++) {
        size_t cost = cost_of(name, options[i].name) + !option_is_of(&options[i], section);

        if (cost < best) {
            best = cost;
            nearest = &options[i];
        }
    }
    if (nearest == NULL)
        return target;
    if (option_is_of(nearest, section))
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
    static const enum option_section sections[] = {SECTION_PRIMARY, SECTION_BACKUP,
                                                   SECTION_DEFAULTS};

    (void)text_copy(target, SUGGESTION_SIZE,
                    "; sections are primary { }, defaults { } and backup \"NAME\" { }");
    if (strlen(name) > DISTANCE_WORD_MAX)
        return target;
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        const char *known = option_section_name(sections[i]);

        if (distance(name, known) <= reach(name))
            (void)snprintf(target, SUGGESTION_SIZE, "; did you mean %s?", known);
    }
    return target;
}

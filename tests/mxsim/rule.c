/* Picks the rule that answers a command. */
#include "rule.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

bool range_has(const struct range *range, int64_t number)
{
    return number >= range->first && number <= range->last;
}

int64_t *rule_counts_new(const struct section *section)
{
    return section->rule_count > 0 ? memory_new(section->rule_count, sizeof(int64_t)) : NULL;
}

/* Without regard to case; a `*` in the pattern stands for anything. */
static bool matches(const char *pattern, const char *text)
{
    for (; *pattern != '*'; pattern++, text++) {
        if (text_lower(*pattern) != text_lower(*text))
            return false;
        if (*pattern == '\0')
            return true;
    }
    do {
        if (matches(pattern + 1, text))
            return true;
    } while (*text++ != '\0');
    return false;
}

/* 3: one number, 2: some, 0: all */
static int narrowness(const struct range *range)
{
    if (range->first == range->last)
        return 3;
    return range->first > 1 || range->last < INT64_MAX ? 2 : 0;
}

static int rule_weight(const struct rule *rule)
{
    return narrowness(&rule->turn) * 16 + narrowness(&rule->connections) * 4 +
           (rule->argument != NULL ? 2 : 0) + (text_equal(rule->verb, "*") ? 0 : 1);
}

static bool any_verb_is(const char *verb)
{
    return !text_equal(verb, "GREETING") && !text_equal(verb, ".") &&
           !text_equal(verb, "CREDENTIALS");
}

const struct rule *rule_find(const struct section *section, int64_t *counts, int64_t connection,
                             const char *verb, const char *argument)
{
    const struct rule *best = NULL;

    for (size_t i = 0; i < section->rule_count; i++) {
        const struct rule *rule = &section->rules[i];
        bool verb_matches =
            text_equal(rule->verb, verb) || (text_equal(rule->verb, "*") && any_verb_is(verb));
        if (!verb_matches || !range_has(&rule->connections, connection) ||
            (rule->argument != NULL && !matches(rule->argument, argument)))
            continue;
        counts[i]++;
        if (range_has(&rule->turn, counts[i]) &&
            (best == NULL || rule_weight(rule) >= rule_weight(best)))
            best = rule;
    }
    return best;
}

const struct delay *rule_delay(const struct section *section, int64_t connection, const char *verb)
{
    const struct delay *best = NULL;
    int best_weight = 0;

    for (size_t i = 0; i < section->delay_count; i++) {
        const struct delay *delay = &section->delays[i];
        int weight = narrowness(&delay->connections) * 2 + (delay->verb != NULL ? 1 : 0);
        if (range_has(&delay->connections, connection) &&
            (delay->verb == NULL || text_equal(delay->verb, verb)) &&
            (best == NULL || weight >= best_weight)) {
            best = delay;
            best_weight = weight;
        }
    }
    return best;
}

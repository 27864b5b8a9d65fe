/* The list of domains of a backup. */
#include "domains.h"

#include <mxpull/base/memory.h>
#include <mxpull/smtp/node.h>

#include <stdlib.h>
#include <string.h>

/* A domain and where it stands, to find the ones that are there twice. */
struct mention {
    const char *name;
    int line;
    size_t order;
};

static int compare(const void *left, const void *right)
{
    const struct mention *a = left, *b = right;
    int names = strcmp(a->name, b->name);

    if (names != 0)
        return names;
    return a->order < b->order ? -1 : a->order > b->order;
}

static bool report_repeated(const struct backup_config *backup, const struct raw_section *section,
                            const struct raw_assignment *assignment, struct faults *faults)
{
    struct mention *mentions = memory_new(backup->domain_count, sizeof *mentions);
    bool unique = true;

    for (size_t i = 0; i < backup->domain_count; i++)
        mentions[i] = (struct mention){backup->domains[i].name, assignment->values[i].line, i};
    qsort(mentions, backup->domain_count, sizeof *mentions, compare);
    for (size_t i = 1; i < backup->domain_count; i++) {
        const struct mention *mention = &mentions[i];
        char shown[FAULT_SHOWN_SIZE];

        if (strcmp(mention[-1].name, mention->name) != 0)
            continue;
        faults_add(faults, (struct place){mention->line, section, assignment->option->name},
                   "\"%s\" is there twice; line %d has it already",
                   fault_show(shown, mention->name, strlen(mention->name)), mention[-1].line);
        unique = false;
    }
    free(mentions);
    return unique;
}

bool domains_set(struct backup_config *backup, const struct raw_section *section,
                 const struct raw_assignment *assignment, struct faults *faults)
{
    bool good = true;

    backup->domains = memory_new(assignment->count, sizeof *backup->domains);
    backup->domain_texts = memory_new(assignment->count, sizeof(char *));
    for (size_t i = 0; i < assignment->count && !faults_is_full(faults); i++) {
        const struct raw_value *value = &assignment->values[i];
        struct error error;

        if (node_parse(&backup->domains[backup->domain_count], value->text, &error) == STATUS_OK) {
            backup->domain_texts[backup->domain_count++] = memory_copy(value->text);
        } else {
            faults_add(faults, (struct place){value->line, section, assignment->option->name},
                       "%s; \"example.com\", \"@example.com\", \"#queue\" are allowed", error.text);
            good = false;
        }
    }
    return good && backup->domain_count == assignment->count &&
           report_repeated(backup, section, assignment, faults);
}

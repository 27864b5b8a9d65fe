#ifndef MXPULL_CONFIG_RAW_H
#define MXPULL_CONFIG_RAW_H

#include <mxpull/config/options.h>

#include <stdbool.h>
#include <stddef.h>

/* The file as it was written: its sections, their assignments, the texts of their values; nothing
 * of it judged yet. */

/* A word or a quoted text of the file. */
struct raw_value {
    int line;
    const char *start; /* borrowed from the file's text, quotes included */
    size_t size;
    char *text; /* what it stands for; NULL until it is decoded */
};

struct raw_assignment {
    const struct option *option;
    int line;
    struct raw_value *values;
    size_t count;
    bool bad;       /* its fault was told already */
    bool inherited; /* it is that of the defaults, who own its values */
};

struct raw_section {
    enum option_section kind;
    int line;
    struct raw_value title; /* of a backup; start is NULL where it is missing */
    struct raw_assignment *assignments;
    size_t count, capacity;
};

struct raw {
    struct raw_section **sections; /* the first one holds the global options */
    size_t count, capacity;
    bool refused; /* the file has a section that is not among them */
    const struct raw_section *primary, *defaults; /* two of them; NULL: not there */
};

void raw_init(struct raw *raw);
void raw_done(struct raw *raw); /* wipes the texts: there are passwords among them */

/* Adds a section; it stays where it is. */
struct raw_section *raw_add_section(struct raw *raw, enum option_section kind, int line);

/* Adds an assignment, which takes over values. Returns where it is until the next one is added. */
struct raw_assignment *raw_add_assignment(struct raw_section *section,
                                          const struct raw_assignment *assignment);

/* The assignment of that name, or NULL. */
const struct raw_assignment *raw_find(const struct raw_section *section, const char *name);

/* Where an option is set, else where its section begins. */
int raw_line(const struct raw_section *section, const char *name);

/* Gives each backup the assignments of the defaults that it has not itself. */
void raw_inherit(struct raw *raw);

/* Whether the option is inherited. */
bool raw_is_inherited(const struct raw_section *section, const char *name);

/* Whether the option is there and not just an empty text. Only after decoding. */
bool raw_is_set(const struct raw_section *section, const char *name);

/* Whether the option is not there, or there without a fault. */
bool raw_is_sound(const struct raw_section *section, const char *name);

/* Whether the value is a reference to the environment and nothing else: then the file does not hold
 * it. */
bool raw_is_reference(const struct raw_value *value);

#endif

#ifndef MXPULL_CONFIG_SECTION_H
#define MXPULL_CONFIG_SECTION_H

#include <mxpull/config/config.h>
#include <mxpull/config/options.h>

#include <stdbool.h>
#include <stddef.h>

/* The sections of a file, and which options each one sets. */

struct setting {
    const struct option *option;
    int line;
    bool bad;       /* its fault was told already */
    bool filled;    /* its first value is not empty */
    bool reference; /* ${NAME} and nothing else: the file does not hold the value */
    bool inherited; /* set by the defaults */
};

struct section {
    enum option_section kind;
    int line;
    char *title;  /* of a backup; NULL: it has none, or libconfuse has not read it yet */
    bool titled;  /* a backup that has a title */
    void *fields; /* borrowed: the struct that it fills */
    struct setting *settings;
    size_t count;
    int *domain_lines; /* one for each of a backup's domains */
};

struct sections {
    struct section **list; /* the first one holds the global options */
    size_t count;
    struct section *primary, *defaults; /* two of them; NULL: not there */
    bool refused;                       /* the file has a section that is not among them */
    bool whole;                         /* the file was read to its end */
};

void sections_init(struct sections *sections);
void sections_done(struct sections *sections);

/* Adds a section; it stays where it is. */
struct section *sections_add(struct sections *sections, enum option_section kind, int line);

/* Adds a setting, which stays where it is until the next one is added. */
struct setting *section_add(struct section *section, const struct setting *setting);

/* The setting of that option, or NULL. */
struct setting *section_find(const struct section *section, const char *name);

/* Where an option is set, else where its section begins. */
int section_line(const struct section *section, const char *name);

/* Whether the option is there and not just an empty text. */
bool section_has(const struct section *section, const char *name);

/* Whether the option is not there, or there without a fault. */
bool section_is_sound(const struct section *section, const char *name);

#endif

#ifndef MXPULL_CONFIG_OPTIONS_H
#define MXPULL_CONFIG_OPTIONS_H

#include <mxpull/base/status.h>
#include <mxpull/config/config.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The option table: the one place that knows every option's name, type, default, range, unit and
 * help. The parser is built from it, `mxpull config` prints by it, and the manual and the sample
 * configuration are checked against it. */

enum option_section {
    SECTION_GLOBAL,
    SECTION_PRIMARY,
    SECTION_BACKUP,
    SECTION_DEFAULTS /* the options of a backup that hold for all, but host and domains; no row is of it */
};

/* What a value may be, and the field that it fills. */
enum option_type {
    OPTION_TEXT,      /* char *: of the option's form; as with all the texts, "" is NULL: not set */
    OPTION_SECRET,    /* char *: text that is never printed */
    OPTION_PROXY,     /* char *: a URL, whose password is never printed */
    OPTION_ADDRESS,   /* struct address: host:port, [v6]:port or unix:PATH */
    OPTION_LOG,       /* enum log_target and log_path: stderr, syslog, eventlog or file:PATH */
    OPTION_NUMBER,    /* int64_t or int: min to max */
    OPTION_FLAG,      /* bool: true, false, yes, no, on, off */
    OPTION_CHOICE,    /* an enum: one of choices */
    OPTION_DURATION,  /* int64_t: min to max, in seconds */
    OPTION_DURATIONS, /* struct durations: a list of them */
    OPTION_TEXTS,     /* struct texts: a list of texts of the option's form, none of them empty */
    OPTION_NODES      /* domain_count, domains, domain_texts: a list of ETRN node names */
};

/* Checks a text and gives a copy as the program wants it, to be freed. STATUS_SYNTAX with "what is wrong;
 * what is allowed". */
typedef enum status option_form(const char *text, char **copy, struct error *error);

struct option {
    enum option_section section;
    const char *name;
    enum option_type type;
    const char *initial; /* the default as the file would have it; "" where the help tells it */
    int64_t min, max;    /* OPTION_NUMBER, OPTION_DURATION and each of OPTION_DURATIONS */
    option_form *form;   /* OPTION_TEXT, NULL: anything printable; OPTION_TEXTS */
    const char *const *choices; /* OPTION_CHOICE: ends in NULL, in the order of the enum */
    size_t offset, size;        /* of the field within the section's struct */
    const char *help;           /* one line */
    const char *group; /* what it has in common with those behind it; NULL: as the one before */
};

extern const struct option options[];
extern const size_t option_count;

/* "", "primary", "backup", "defaults". */
const char *option_section_name(enum option_section section);

/* The section of that name; false: there is none. */
bool option_section_find(const char *name, enum option_section *section);

/* Whether the section may hold the option. */
bool option_is_of(const struct option *option, enum option_section section);

/* The option of that name in that section, or NULL. */
const struct option *option_find(enum option_section section, const char *name);

/* The value of an option in the struct of its section as it may be shown: with stars for a secret. NULL: not set, or a
 * list. The caller frees it. */
char *option_text(const struct option *option, const void *section);

/* The texts of an OPTION_TEXTS or OPTION_NODES, borrowed; none for any other. */
struct texts option_texts(const struct option *option, const void *section);

#endif

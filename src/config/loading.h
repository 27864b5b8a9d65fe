#ifndef MXPULL_CONFIG_LOADING_H
#define MXPULL_CONFIG_LOADING_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/compiler.h>
#include <mxpull/config/config.h>
#include <mxpull/config/options.h>
#include <mxpull/platform/file.h>

#include <stdbool.h>
#include <stddef.h>

/* What the steps of loading a file share: its sections, which options each one sets, and its faults. */

enum {
    FAULTS_MAX = 100,
    FAULT_TEXT_SIZE = 500,
    FAULT_SHOWN_SIZE = 64, /* of text of the file in a message */
    FAULT_LINE_SIZE = 200,
    SUGGESTION_SIZE = 96
};

/* The files of a configuration, of which the first one names the others, or names what names them. Lines are counted through
 * all of them: as if they stood in one file. */
struct file {
    char *path, *shown; /* shown is printable */
    int first_line;
    size_t parent; /* the file that names it; the first one is its own */
    int named_at;  /* the line of that; the first one: 0 */
    struct file_identity identity;
    char *open; /* why it may hold no password; NULL: it may */
};

struct files {
    struct file *list;
    size_t count;
};

/* The file that a line is of. Line 0 is of the first one. */
const struct file *files_find(const struct files *files, int line);
void files_done(struct files *files);

struct setting {
    const struct option *option;
    int line;
    bool bad;       /* its fault was told already */
    bool filled;    /* a value of it is not empty */
    bool reference; /* ${NAME} and nothing else: the file does not hold the value */
    bool inherited; /* set by the defaults */
};

struct section {
    enum option_section kind;
    int line;
    char *title;  /* of a backup; NULL: it has none, or libconfuse has not read it yet */
    bool titled;  /* a backup that has a title */
    bool is_cut;  /* it may lack what the file has */
    void *fields; /* borrowed: the struct that it fills */
    struct setting *settings; /* in the order of the file, inherited ones last */
    size_t count;
    int *domain_lines; /* one for each of a backup's domains */
};

struct sections {
    struct section **list; /* the first one holds the global options */
    size_t count;
    struct section *first[SECTION_DEFAULTS + 1]; /* of each kind; NULL: there is none */
    bool refused;                                /* the file has a section that is not among them */
    bool whole;                                  /* all files were read to their ends */
};

/* Where a fault is. */
struct place {
    int line;                      /* 0: the file as a whole */
    const struct section *section; /* borrowed until the report; NULL: none, as the global one */
    const char *option;            /* borrowed until the report: a constant; NULL: none */
};

struct faults {
    struct fault {
        struct place place;
        char text[FAULT_TEXT_SIZE];
    } list[FAULTS_MAX]; /* by line, the file as a whole last */
    size_t count;
    const struct files *files; /* borrowed */
};

/* Adds a section to those of the file, of which the first one is SECTION_GLOBAL; it stays where it is. */
struct section *sections_add(struct sections *sections, enum option_section kind, int line);
void sections_done(struct sections *sections);

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

bool faults_is_full(const struct faults *faults);

/* Adds "what is wrong; what is allowed"; dropped when full. The text must not hold a secret. */
void faults_add(struct faults *faults, struct place place, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* How a fault at one line names another line: "line 5", or "FILE:5" where that is another file. Returns target. */
char *faults_line(char target[FAULT_LINE_SIZE], const struct faults *faults, int here, int line);

/* Calls report for each, as "FILE:LINE: OPTION: text", and once more where there may be others. */
void faults_report(const struct faults *faults, config_fault *report, void *context);

/* What an option that is not known in this section was meant to be: "; did you mean …?", "; … belongs
 * into a section backup { }", or "". Returns target. */
char *fault_suggest(char target[SUGGESTION_SIZE], enum option_section section, const char *name);

/* The same for the name of a section. */
char *fault_suggest_section(char target[SUGGESTION_SIZE], const char *name);

/* ---- values.c: one value of the file made one field of a section's struct. fields is the struct that the
 * option's field is in; what the field points to is config's. ---- */

/* Whether several values may be given. */
bool value_is_list(const struct option *option);

/* Sets the field, or adds to that of a list. STATUS_SYNTAX, with the field untouched, and "what is
 * wrong; what is allowed", which never shows a secret. Looks at no file but that of a form_file. */
enum status value_set(struct config *config, const struct option *option, void *fields,
                      const char *text, struct error *error);

/* Sets the field of a section of zeros to its default. */
void value_set_initial(struct config *config, const struct option *option, void *fields);

/* Lets config_free wipe and free the memory, of so many bytes, that a field points to. Returns it. */
void *value_own(struct config *config, void *memory, size_t size);
char *value_own_text(struct config *config, char *text);

/* ---- token.c ---- */

/* The tokens of a configuration file, by the rules of libconfuse's own scanner. */

enum token_kind {
    TOKEN_TEXT, /* a word, ${NAME}, 'text' or "text", on one line */
    TOKEN_MARK, /* one of = { } , */
    TOKEN_ADD,  /* += */
    TOKEN_BAD,  /* what nothing can be made of; flaw says why */
    TOKEN_END
};

struct token {
    enum token_kind kind;
    const char *start; /* borrowed from the text, quotes included */
    size_t size;
    int line;
    bool after_hash;  /* a comment that begins with # stands before it */
    int queue_line;   /* where such a comment looks like a #queue without its quotes, else 0 */
    const char *flaw; /* a constant: why it cannot be used; else NULL */
};

struct lexer {
    const char *at; /* borrowed; ends in NUL */
    int line;       /* begins with 1 */
    int last_line;  /* of the token before */
};

/* The next token; TOKEN_END for ever at the end. */
struct token lexer_next(struct lexer *lexer);

/* ---- the steps, in this order ---- */

/* What all files say, for libconfuse. */
struct outlined {
    struct buffer text;
    int line;                    /* the one that it ends in */
    size_t value_count;          /* of all files */
    size_t include, include_end; /* where the include of the file that was read last stands in it */
};

/* Finds the sections and settings of a file: a text without NULs, borrowed until the return, whose first line has this
 * number. Adds those that are
 * known and well-formed, and writes them to target for libconfuse: on their lines, without comments, each
 * option a list. What is unknown, given twice or misplaced, or would be passed over by libconfuse, is a
 * fault, and reading goes on behind it; a syntax error is a fault and ends the reading of this file. */
void outline_read(const char *text, int first_line, struct outlined *target,
                  struct sections *sections, struct faults *faults);

/* Calls each, by libconfuse, for the values of the include that text is, but for those that reader_parse will refuse. */
void reader_each_value(const char *text, void (*each)(void *context, const char *value),
                       void *context);

/* Makes a configuration of defaults, to be freed by config_free, and gives each section the struct that
 * it fills; each backup section becomes one of backups, in the same order. */
struct config *build_begin(struct sections *sections);

/* Lets libconfuse parse the text: each value becomes a field of its section's struct, or a fault that marks
 * its setting as bad; backups get their titles. Not to be called from two threads at once. False, with a
 * fault, when libconfuse does not understand what the outline did. */
bool reader_parse(const char *text, struct config *config, struct sections *sections,
                  struct faults *faults);

/* Fills in what a backup takes over, and what follows from other options. */
void build_complete(struct config *config, struct sections *sections, struct faults *faults);

/* Reports what is impossible or pointless in combination, although each value alone is good. Options
 * that have a fault of their own are left out of it, and so is the last section where the file was not
 * read to its end, for it may lack what the file has. */
void check_combinations(struct config *config, const struct sections *sections,
                        struct faults *faults);

#endif

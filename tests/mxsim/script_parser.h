#ifndef MXSIM_SCRIPT_PARSER_H
#define MXSIM_SCRIPT_PARSER_H

#include "script.h"
#include "words.h"

#include <mxpull/base/buffer.h>

/* What script.c, script_rules.c and script_server.c share while they read a script. */
struct parser {
    int line;
    struct script *script;
    struct section *section;  /* NULL before the first */
    struct range connections; /* what `on-connection` said on this line */
};

/* A directive's words, its own name left out. */
struct arguments {
    const struct word *list;
    size_t count;
};

/* One kind of line. The tables end in a row without a name. */
struct directive {
    const char *name;
    enum status (*read)(struct parser *parser, struct arguments words, struct error *error);
    size_t min, max; /* words besides the name */
    enum {
        FOR_SCRIPT,
        FOR_SERVER,
        FOR_CONNECTION
    } scope;
};
extern const struct directive rule_directives[];   /* replies, delays, faults */
extern const struct directive server_directives[]; /* server, sink and what they are */

/* Room for one more at the end of an array. */
#define APPEND(array, count)                                                                       \
    ((array) = memory_resize((array), (count) + 1, sizeof *(array)), &(array)[(count)++])

/* "20ms", "2s", "1m", "500us", "0" */
bool read_duration(const char *text, int64_t *us);

/* "3" or "3+" */
bool read_range(const char *text, struct range *range);

/* Reads literals, each perhaps followed by *N, to the first other word; *used says how many words
 * they were. */
enum {
    TEXT_SIZE_MAX = 64 * 1024 * 1024
};
enum status read_literals(struct arguments words, struct buffer *text, size_t *used,
                          struct error *error);

#endif

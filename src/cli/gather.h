#ifndef MXPULL_SRC_CLI_GATHER_H
#define MXPULL_SRC_CLI_GATHER_H

#include <mxpull/session/result.h>

#include <stdbool.h>
#include <stddef.h>

/* Answers that are told as one, for nothing but the names tells them apart: that our own mail server
 * kept backups from being asked, or that a backup could not be asked for any of its domains. */
struct answers {
    const struct result *first;
    const char
        *text;    /* of all; where they are several that were held, an ellipsis is in place of their
                         own names: "… refuses postmaster@…: 450 later" */
    size_t count; /* how many it stands for; 1: for itself */
    size_t backups;    /* of how many backups they are */
    bool is_part;      /* these have other domains as well */
    const char *names; /* which they are then: "a.example, b.example and 28 more"; else NULL */
};

struct gather;

/* answers are borrowed for the call. */
typedef void gather_tell(void *context, const struct answers *answers);

struct gather *gather_new(gather_tell *tell, void *context);

/* NULL is allowed. */
void gather_free(struct gather *gather);

/* gather is a struct gather: these may observe polls. Takes a result that has become known. One that is like no other is told at once; the others stay
 * borrowed until gather_flush. */
void gather_add(void *gather, const struct result *result);

/* Tells what was taken: to be called after each turn of the loop, and before results are freed. */
void gather_flush(void *gather);

/* Whether nothing is wrong with it: the outcome exits with 0, or a dry run got as far as it should.
 */
bool result_is_good(const struct result *result);

#endif

#ifndef MXPULL_SRC_ARRIVAL_REST_H
#define MXPULL_SRC_ARRIVAL_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left of a line, or a part of it; borrowed. What is "taken" goes off its front; nothing changes where it is false. */
struct rest {
    const char *at, *end;
};

/* A word, if it stands there. */
bool rest_take(struct rest *rest, const char *word);

/* What begins as the pattern, in which 9 stands for any digit, _ for a digit or a blank, and A for any letter. */
bool rest_take_pattern(struct rest *rest, const char *pattern);

/* What stands before the first of the stops, or all; returns it. */
struct rest rest_take_until(struct rest *rest, const char *stops);

/* What stands before the next blank, and that one. */
void rest_skip_word(struct rest *rest);

/* What stands before the next, or the last, place of the word, and the word; *before, unless it is NULL, is set to that part. */
bool rest_seek(struct rest *rest, const char *word, struct rest *before);
bool rest_seek_last(struct rest *rest, const char *word, struct rest *before);

/* An address, an id or the like: what stands before the first stop that is neither quoted nor behind a backslash, or all; returns
 * it. backslash: what the log has for one. */
struct rest rest_take_quoted(struct rest *rest, char stop, const char *backslash);

/* One in angle brackets. Where it is false some of it may be taken. */
bool rest_take_bracketed(struct rest *rest, const char *backslash);

/* A number, and whatever stands behind it before a comma or a blank; -1: there is none. */
int64_t rest_take_number(struct rest *rest);

bool rest_ends_with(struct rest part, const char *word);

/* False, with target "", where it does not fit or holds a NUL. */
bool rest_copy(char *target, size_t target_size, struct rest part);

#endif

#ifndef MXPULL_SRC_CLI_JSON_TEXT_H
#define MXPULL_SRC_CLI_JSON_TEXT_H

#include "output.h"
#include <mxpull/base/buffer.h>

#include <jansson.h>

/* Texts as JSON values that are always well-formed. NULL gives null. The caller owns the reference.
 */

/* What a remote said, escaped as in the log: nothing in it can do anything to a terminal. It is cut
 * with an ellipsis at 64 KiB, or at max bytes. */
json_t *json_text_remote(const char *text);
json_t *json_text_cut(const char *text, size_t max);

/* What the administrator wrote, as it is; escaped only where it is not UTF-8. */
json_t *json_text_own(const char *text);

/* Appends the value without a line end, and gives it back: what is large is written in pieces rather
 * than held as a tree. _members leaves the braces out. What nobody would see (text_is_hidden) stands in
 * it as \uXXXX. */
void json_text_append(struct buffer *text, json_t *value);
void json_text_append_members(struct buffer *text, json_t *object);

/* Writes the value on one line, and gives it back. */
void json_text_write(struct output *output, json_t *value);

#endif

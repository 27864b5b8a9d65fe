#ifndef MXPULL_SRC_CLI_JSON_H
#define MXPULL_SRC_CLI_JSON_H

#include "output.h"
#include <mxpull/base/buffer.h>

#include <jansson.h>
#include <stdint.h>

/* JSON values, always well-formed, null for an unknown value. The caller owns the references. */

/* A text of the administrator's, escaped only when it is not UTF-8. NULL gives null. */
json_t *json_own(const char *text);

/* A remote's text, escaped as in the log, so that it cannot harm a terminal, and cut with an ellipsis
 * at 64 KiB or max bytes. NULL gives null; with json_remote_filled "" too. */
json_t *json_remote(const char *text);
json_t *json_remote_cut(const char *text, size_t max);
json_t *json_remote_filled(const char *text);

/* "2026-11-23T16:00:00Z"; 0 gives null. */
json_t *json_stamp(int64_t wall_ms);

json_t *json_number_if(bool is_known, int64_t number);

/* Less than 0 gives null. */
json_t *json_count(int64_t count);

/* Sets a key of an object, which takes the value over. NULL is null. */
void json_set(json_t *object, const char *key, json_t *value);

/* Append the value without a line end, and release it. Hidden characters (text_is_hidden) become
 * \uXXXX. _members leaves the braces out, so that a large object can be written in pieces. */
void json_append(struct buffer *text, json_t *value);
void json_append_members(struct buffer *text, json_t *object);

/* Writes the value on one line, and releases it. */
void json_write(struct output *output, json_t *value);

#endif

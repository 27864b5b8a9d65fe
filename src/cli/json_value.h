#ifndef MXPULL_SRC_CLI_JSON_VALUE_H
#define MXPULL_SRC_CLI_JSON_VALUE_H

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

/* Values as JSON, with null for what is not known. The caller owns the reference. */

/* "2026-11-23T16:00:00Z"; 0 gives null. */
json_t *json_value_stamp(int64_t wall_ms);

json_t *json_value_number_if(bool is_known, int64_t number);

/* Sets a key of an object, which takes the value over. */
void json_value_set(json_t *object, const char *key, json_t *value);

#endif

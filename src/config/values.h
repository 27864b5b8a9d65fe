#ifndef MXPULL_CONFIG_VALUES_H
#define MXPULL_CONFIG_VALUES_H

#include <mxpull/base/status.h>
#include <mxpull/config/config.h>
#include <mxpull/config/options.h>

/* One value of the file made one field of a section's struct. section is the struct that the
 * option's field is in. */

/* Whether several values may be given. */
bool value_is_list(const struct option *option);

/* Sets the field of an option of one value. STATUS_SYNTAX, with the field untouched, and "what is
 * wrong; what is allowed", which never shows a secret. Looks at no file but that of an OPTION_FILE.
 */
enum status value_set(const struct option *option, void *section, const char *text,
                      struct error *error);

/* Adds to the field of an OPTION_DURATIONS. */
enum status value_add_duration(const struct option *option, void *section, const char *text,
                               struct error *error);

/* Sets the field to its default; without one it stays as memory_new made it. */
void value_set_initial(const struct option *option, void *section);

/* Frees what the field owns, wiping secrets. */
void value_free(const struct option *option, void *section);

/* The field of that option. */
void *value_field(const struct option *option, void *section);
const void *value_field_const(const struct option *option, const void *section);

#endif

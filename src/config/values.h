#ifndef MXPULL_CONFIG_VALUES_H
#define MXPULL_CONFIG_VALUES_H

#include <mxpull/base/status.h>
#include <mxpull/config/config.h>
#include <mxpull/config/options.h>

/* One value of the file made one field of a section's struct. fields is the struct that the option's
 * field is in; what the field points to is config's. */

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

#endif

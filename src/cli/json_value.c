/* Values as JSON that may not be known. */
#include "json_value.h"
#include <mxpull/platform/clock.h>

json_t *json_value_stamp(int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];

    return wall_ms != 0 ? json_string_nocheck(clock_utc_text(text, wall_ms)) : json_null();
}

json_t *json_value_number_if(bool is_known, int64_t number)
{
    return is_known ? json_integer(number) : json_null();
}

void json_value_set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new_nocheck(object, key, value != NULL ? value : json_null());
}

/* Texts as JSON values. */
#include <mxpull/base/buffer.h>
#include <mxpull/base/text.h>
#include <mxpull/cli/json_text.h>

#include <stdlib.h>
#include <string.h>

/* So many digits are enough for milliseconds, and few enough that 0.42 stays 0.42. */
enum {
    TEXT_SIZE_MAX = 64 * 1024,
    REAL_DIGITS = 15
};

json_t *json_text_remote(const char *text)
{
    struct buffer escaped;

    if (text == NULL)
        return json_null();
    buffer_init(&escaped, TEXT_SIZE_MAX);
    text_printable(&escaped, text, strlen(text));
    json_t *value = json_stringn(escaped.bytes, escaped.size);
    buffer_done(&escaped);
    return value;
}

json_t *json_text_own(const char *text)
{
    if (text == NULL)
        return json_null();
    json_t *value = json_string(text);
    return value != NULL ? value : json_text_remote(text);
}

void json_text_write(struct output *output, json_t *value)
{
    char *text =
        json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(REAL_DIGITS));

    json_decref(value);
    if (text != NULL) {
        output_write_text(output, text);
        output_write_text(output, "\n");
    }
    free(text);
}

/* Texts as JSON values. */
#include <mxpull/base/buffer.h>
#include <mxpull/base/text.h>
#include <mxpull/cli/json_text.h>

#include <string.h>

/* So many digits are enough for milliseconds, and few enough that 0.42 stays 0.42. */
enum {
    TEXT_SIZE_MAX = 64 * 1024,
    WHOLE_SIZE_MAX = 256 * 1024 * 1024,
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

static int append_piece(const char *bytes, size_t size, void *context)
{
    return buffer_append(context, bytes, size) == STATUS_OK ? 0 : -1;
}

static void append(struct buffer *text, json_t *value, size_t flags)
{
    (void)json_dump_callback(value, append_piece, text,
                             JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS) | flags);
    json_decref(value);
}

void json_text_append(struct buffer *text, json_t *value)
{
    append(text, value, 0);
}

void json_text_append_members(struct buffer *text, json_t *object)
{
    append(text, object, JSON_EMBED);
}

void json_text_write(struct output *output, json_t *value)
{
    struct buffer text;

    buffer_init(&text, WHOLE_SIZE_MAX);
    json_text_append(&text, value);
    (void)buffer_append_text(&text, "\n");
    output_write(output, text.bytes, text.size);
    buffer_done(&text);
}

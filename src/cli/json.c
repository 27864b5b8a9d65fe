/* JSON by jansson. put_piece escapes the characters that nobody sees. */
#include "json.h"
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <string.h>

/* REAL_DIGITS are enough for milliseconds, and few enough that 0.42 stays 0.42. */
enum {
    TEXT_SIZE_MAX = 64 * 1024,
    WHOLE_SIZE_MAX = 512 * 1024 * 1024,
    REAL_DIGITS = 15
};

json_t *json_remote_cut(const char *text, size_t max)
{
    struct buffer escaped;

    if (text == NULL)
        return json_null();
    buffer_init(&escaped, max);
    text_printable(&escaped, text, strlen(text));
    json_t *value = json_stringn(escaped.bytes, escaped.size);
    buffer_done(&escaped);
    return value;
}

json_t *json_remote(const char *text)
{
    return json_remote_cut(text, TEXT_SIZE_MAX);
}

json_t *json_remote_filled(const char *text)
{
    return json_remote(text != NULL && *text != '\0' ? text : NULL);
}

json_t *json_own(const char *text)
{
    json_t *value = text != NULL ? json_string(text) : json_null();

    return value != NULL ? value : json_remote(text);
}

json_t *json_stamp(int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];

    return wall_ms != 0 ? json_string_nocheck(clock_utc_text(text, wall_ms)) : json_null();
}

json_t *json_number_if(bool is_known, int64_t number)
{
    return is_known ? json_integer(number) : json_null();
}

json_t *json_count(int64_t count)
{
    return json_number_if(count >= 0, count);
}

void json_set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new_nocheck(object, key, value != NULL ? value : json_null());
}

/* Hidden characters stand only in strings, where an escape means the same; above U+FFFF it is a pair
 * of surrogates (RFC 8259 7). jansson hands over whole, well-formed characters. */
static int put_piece(const char *bytes, size_t size, void *context)
{
    struct buffer *text = context;

    while (size > 0) {
        enum status status;
        uint32_t point = 0;
        size_t length = 0;

        while (length < size && (unsigned char)bytes[length] < 0x7f)
            length++;
        if (length == 0)
            length = text_character(bytes, size, &point);
        if (point != 0 && text_is_hidden(point))
            status = point < 0x10000
                         ? buffer_append_format(text, "\\u%04X", (unsigned)point)
                         : buffer_append_format(text, "\\u%04X\\u%04X",
                                                (unsigned)(0xd800 + ((point - 0x10000) >> 10)),
                                                (unsigned)(0xdc00 + (point & 0x3ffU)));
        else
            status = buffer_append(text, bytes, length);
        if (length == 0 || status != STATUS_OK)
            return -1;
        bytes += length;
        size -= length;
    }
    return 0;
}

static void append(struct buffer *text, json_t *value, size_t flags)
{
    (void)json_dump_callback(value, put_piece, text,
                             JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS) | flags);
    json_decref(value);
}

void json_append(struct buffer *text, json_t *value)
{
    append(text, value, 0);
}

void json_append_members(struct buffer *text, json_t *object)
{
    append(text, object, JSON_EMBED);
}

void json_write(struct output *output, json_t *value)
{
    struct buffer text;

    buffer_init(&text, WHOLE_SIZE_MAX);
    json_append(&text, value);
    (void)buffer_append_text(&text, "\n");
    output_write(output, text.bytes, text.size);
    buffer_done(&text);
}

/* Texts as JSON values. */
#include "json_text.h"
#include <mxpull/base/buffer.h>
#include <mxpull/base/text.h>

#include <stdio.h>
#include <string.h>

/* So many digits are enough for milliseconds, and few enough that 0.42 stays 0.42. */
enum {
    TEXT_SIZE_MAX = 64 * 1024,
    PIECE_SIZE_MAX = 64 * 1024,
    REAL_DIGITS = 15
};

json_t *json_text_remote(const char *text)
{
    return json_text_cut(text, TEXT_SIZE_MAX);
}

json_t *json_text_cut(const char *text, size_t max)
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

json_t *json_text_own(const char *text)
{
    if (text == NULL)
        return json_null();
    json_t *value = json_string(text);
    return value != NULL ? value : json_text_remote(text);
}

/* Where what is written goes: into a buffer alone, or by way of it to an output. */
struct target {
    struct buffer *text;
    struct output *output; /* NULL: the buffer is all */
};

static int put(const struct target *target, const char *bytes, size_t size)
{
    if (buffer_append(target->text, bytes, size) == STATUS_OK)
        return 0;
    if (target->output == NULL)
        return -1;
    output_write(target->output, target->text->bytes, target->text->size);
    buffer_clear(target->text);
    if (size > target->text->limit)
        output_write(target->output, bytes, size);
    else
        (void)buffer_append(target->text, bytes, size);
    return 0;
}

/* "\u00ad"; a point above U+FFFF is a pair of surrogates (RFC 8259 7). */
static int put_escaped(const struct target *target, uint32_t point)
{
    char escape[2 * sizeof "\\uffff"];
    int size;

    if (point < 0x10000)
        size = snprintf(escape, sizeof escape, "\\u%04X", (unsigned)point);
    else
        size = snprintf(escape, sizeof escape, "\\u%04X\\u%04X",
                        (unsigned)(0xd800 + ((point - 0x10000) >> 10)),
                        (unsigned)(0xdc00 + (point & 0x3ffU)));
    return put(target, escape, (size_t)size);
}

/* What nobody would see can only stand in a string, where an escape says the same. jansson gives out
 * whole characters, and all that it gives out is well-formed. */
static int put_piece(const char *bytes, size_t size, void *context)
{
    const struct target *target = context;

    for (size_t length; size > 0; bytes += length, size -= length) {
        uint32_t point = 0;
        int failed;

        for (length = 0; length < size; length++) {
            if ((unsigned char)bytes[length] >= 0x7f)
                break;
        }
        if (length == 0)
            length = text_character(bytes, size, &point);
        if (length == 0)
            return -1;
        if (point != 0 && text_is_hidden(point))
            failed = put_escaped(target, point);
        else
            failed = put(target, bytes, length);
        if (failed != 0)
            return failed;
    }
    return 0;
}

static void write_value(struct target *target, json_t *value, size_t flags)
{
    (void)json_dump_callback(value, put_piece, target,
                             JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS) | flags);
    json_decref(value);
}

void json_text_append(struct buffer *text, json_t *value)
{
    write_value(&(struct target){.text = text}, value, 0);
}

void json_text_append_members(struct buffer *text, json_t *object)
{
    write_value(&(struct target){.text = text}, object, JSON_EMBED);
}

void json_text_write(struct output *output, json_t *value)
{
    struct buffer text;

    buffer_init(&text, PIECE_SIZE_MAX);
    write_value(&(struct target){.text = &text, .output = output}, value, 0);
    output_write(output, text.bytes, text.size);
    output_write_text(output, "\n");
    buffer_done(&text);
}

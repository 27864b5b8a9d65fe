/* A log line of whatever a remote may say: one line of well-formed UTF-8 in which nothing is hidden, of
 * bounded size, that can be cut into its fields again; and never one that is left out. */
#include "fuzz.h"

#include <mxpull/base/log.h>
#include <mxpull/base/text.h>

#include <string.h>

enum {
    LINE_SIZE = 4 * LOG_VALUE_SIZE_MAX + 100 /* two values, their quotes escaped, and the keys */
};

const char *const fuzz_seeds[] = {
    "250 Queuing started",
    "RCPT TO:<u@\xef\xbd\x85xample.com>",
    "RCPT TO:<u@evil.test\xe3\x80\x82"
    "example.org>",
    "RCPT TO:<u@exam\xc2\xadple.com>",
    "a\xe2\x80\xae moc.elpmaxe \xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x81\x81",
    "\x1b[2J\x1b]0;owned\x07",
    "one\ntwo\r\nthree backup=mx outcome=started text=\"x",
    "\\ \" = \\\" \\n",
    "\xff\xfe\xc3\x28 \xe2\x82 \xed\xa0\x80 \xc0\x80 \xf4\x90\x80\x80",
    "550 5.7.1 \xc2\x9b[2J \xe2\x80\xa8x",
    "\xe2\x80\xa6",
    "",
    NULL,
};

/* Reads `key=value` or `key="value"` off the front, and what is behind it. */
static const char *skip_field(const char *at, const char *key)
{
    size_t size = strlen(key);

    CHECK(strncmp(at, key, size) == 0 && at[size] == '=');
    at += size + 1;
    if (*at != '"')
        return at + strcspn(at, " ");
    for (at++; *at != '"'; at++) {
        CHECK(*at != '\0');
        at += *at == '\\';
        CHECK(*at != '\0');
    }
    return at + 1;
}

static void check_line(const char *value)
{
    const struct log_field fields[] = {
        {.key = "backup", .text = value}, {.key = "text", .text = value}, {.key = "code"}};
    const struct log_event event = {.fields = fields, .field_count = 3};
    struct buffer line;

    buffer_init(&line, 2 * LINE_SIZE);
    log_format(&line, &event);
    CHECK(text_is_shown(line.bytes) && line.size <= LINE_SIZE);
    const char *at = skip_field(line.bytes, "backup");
    CHECK(*at == ' ');
    at = skip_field(at + 1, "text");
    CHECK(strcmp(at, " code=0") == 0);
    buffer_done(&line);
}

/* Into little room: as much as there is. */
static void check_cut(const char *text, size_t size)
{
    for (size_t room = 1; room < 24; room++) {
        char target[24];

        CHECK(text_is_shown(text_printable_copy(target, room, text)) && strlen(target) < room);
        CHECK(room < 8 || size == 0 || target[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);

    CHECK(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';
    check_line(text);
    check_cut(text, strlen(text));
    free(text);
    return 0;
}

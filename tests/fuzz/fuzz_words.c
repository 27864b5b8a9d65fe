/* Whatever a remote says, and whatever the names are: nothing hidden comes out, lines are whole, JSON is
 * well-formed and says the same, a cell of CSV begins no formula, and Nagios' line has one bar at most. */
#include "fuzz.h"

#include <cli/history.h>
#include <cli/line.h>
#include <cli/logging.h>
#include <cli/status.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <jansson.h>
#include <string.h>

enum {
    OUTPUT_SIZE_MAX = 1024 * 1024
};

const char *const fuzz_seeds[] = {"250 OK",
                                  "a\xc2\xad b\xe2\x80\xae\xef\xbb\xbf \xf3\xa0\x81\x81",
                                  "\x1b[2J\x1b]0;x\x07 \xc2\x9b",
                                  "a;=1+1;;\"\xef\xbc\x9d"
                                  "2\" ; @x",
                                  "\xff\xfe\xc3\x28 \xe2\x82",
                                  "one\r\ntwo\tthree \\ \"four\" | a=1",
                                  "RCPT TO:<u@evil.test\xe3\x80\x82"
                                  "exam\xc2\xadple\xef\xbc\xa0\xe2\x80\xa8.org>",
                                  "2 backup=mx outcome=started text=\"\\\" \xed\xa0\x80\xc0\x80",
                                  NULL};

/* Nothing that nobody sees, but the ends of its lines. Returns how many there are. */
static size_t check_shown(const struct buffer *output)
{
    const char *at = output->bytes;
    size_t lines = 0;

    CHECK(strlen(output->bytes) == output->size);
    for (size_t size = output->size, length; size > 0; at += length, size -= length) {
        uint32_t point;

        length = text_character(at, size, &point);
        CHECK(length > 0);
        CHECK(!text_is_hidden(point) || point == '\n');
        lines += point == '\n';
    }
    return lines;
}

static bool is_well_formed(const char *text)
{
    json_t *value = json_string(text);
    bool good = value != NULL;

    json_decref(value);
    return good;
}

static void check_log(const char *text)
{
    const struct log_field fields[] = {
        {.key = "backup", .text = text}, {.key = "ms", .number = 7}, {.key = "text", .text = text}};
    struct buffer line;
    json_error_t error;

    for (int form = 0; form < 4; form++) {
        const struct log_event event = {.level = LEVEL_INFO,
                                        .message = form < 2 ? text : NULL,
                                        .fields = fields,
                                        .field_count = form < 2 ? 0 : 3};

        buffer_init(&line, OUTPUT_SIZE_MAX);
        logging_format(&line, &event, LOG_FILE, form % 2 == 0 ? LOG_TEXT : LOG_JSON, 0);
        CHECK(check_shown(&line) == 1 && line.bytes[line.size - 1] == '\n');
        if (form % 2 != 0) {
            json_t *object = json_loads(line.bytes, JSON_REJECT_DUPLICATES, &error);

            CHECK(object != NULL);
            json_decref(object);
        }
        buffer_done(&line);
    }
}

/* A cell begins at a field of RFC 4180, and, for programs that know no quotes, behind a semicolon. */
static void check_cells(const char *csv)
{
    static const char *const signs[] = {"=", "+", "-", "@", "\xef\xbc\x9d", "\xef\xbc\xa0"};
    bool begins = true, is_quoted = false;

    for (; *csv != '\0'; csv++) {
        for (size_t i = 0; begins && i < COUNT_OF(signs); i++)
            CHECK(strncmp(csv, signs[i], strlen(signs[i])) != 0);
        is_quoted = is_quoted != (*csv == '"');
        begins = *csv == ';' || (!is_quoted && (*csv == ',' || *csv == '\n')) ||
                 (begins && (*csv == ' ' || *csv == '"'));
    }
}

static void check_history(const char *text)
{
    static const enum history_form forms[] = {HISTORY_TEXT, HISTORY_JSON, HISTORY_CSV};
    const struct store_row row = {.backup = text,
                                  .cause = "pull",
                                  .answer = {.domain = text,
                                             .verb = "ETRN",
                                             .outcome = "denied",
                                             .text = text,
                                             .address = text,
                                             .tls = text}};
    struct buffer output;
    json_error_t error;

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        buffer_init(&output, OUTPUT_SIZE_MAX);
        history_form_append(
            &output, &(struct history_request){.form = forms[i], .look = {.columns = 60}}, &row);
        (void)check_shown(&output);
        if (forms[i] == HISTORY_JSON) {
            json_t *object = json_loads(output.bytes, JSON_REJECT_DUPLICATES, &error);
            const char *backup = json_string_value(json_object_get(object, "backup"));

            CHECK(backup != NULL);
            CHECK(strcmp(backup, text) == 0 || !is_well_formed(text));
            json_decref(object);
        } else if (forms[i] == HISTORY_CSV) {
            check_cells(output.bytes);
        }
        buffer_done(&output);
    }
}

static void check_nagios(const char *text)
{
    struct buffer line;

    buffer_init(&line, OUTPUT_SIZE_MAX);
    (void)nagios_format_unknown(&line, text);
    CHECK(check_shown(&line) == 1 && strchr(line.bytes, '|') == NULL);
    buffer_done(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_part((const char *)bytes, size);

    check_log(text);
    check_history(text);
    check_nagios(text);
    free(text);
    return 0;
}

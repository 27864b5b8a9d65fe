/* Words that several reports share: spans of time, volumes, counts. */
#include "words.h"
#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    MINUTE_S = 60,
    HOUR_S = 3600,
    DAY_S = 24 * 3600,
    DAYS_ALONE_S = 10 * DAY_S /* from then on without hours */
};

struct word word_format(const char *format, ...)
{
    struct word word;
    va_list arguments;

    va_start(arguments, format);
    text_format(word.text, sizeof word.text, format, arguments);
    va_end(arguments);
    return word;
}

/* "3h57m", "3h" */
static struct word pair(int64_t first, char first_unit, int64_t second, char second_unit)
{
    if (second == 0)
        return word_format("%lld%c", (long long)first, first_unit);
    return word_format("%lld%c%lld%c", (long long)first, first_unit, (long long)second,
                       second_unit);
}

struct word word_span(int64_t seconds)
{
    if (seconds < MINUTE_S)
        return pair(seconds > 0 ? seconds : 0, 's', 0, 's');
    if (seconds < HOUR_S)
        return pair(seconds / MINUTE_S, 'm', 0, 's');
    if (seconds < DAY_S)
        return pair(seconds / HOUR_S, 'h', seconds % HOUR_S / MINUTE_S, 'm');
    if (seconds < DAYS_ALONE_S)
        return pair(seconds / DAY_S, 'd', seconds % DAY_S / HOUR_S, 'h');
    return pair(seconds / DAY_S, 'd', 0, 'h');
}

struct word word_minute(int64_t wall_ms)
{
    struct word word;

    (void)clock_local_text(word.text, wall_ms);
    char *last_colon = strrchr(word.text, ':');
    if (last_colon != NULL)
        *last_colon = '\0';
    return word;
}

struct word word_volume(int64_t bytes)
{
    static const char *const units[] = {"KB", "MB", "GB", "TB"};
    int64_t tenths = bytes / 100;
    size_t unit = 0;

    for (; tenths >= 10000 && unit + 1 < COUNT_OF(units); unit++)
        tenths /= 1000;
    if (bytes < 1000)
        return word_format("%d B", bytes > 0 ? (int)bytes : 0);
    return word_format("%lld.%d %s", (long long)(tenths / 10), (int)(tenths % 10), units[unit]);
}

struct word word_count(uint64_t count, const char *noun)
{
    return word_format("%llu %s%s", (unsigned long long)count, noun, count == 1 ? "" : "s");
}

struct word word_mail(int64_t messages, int64_t bytes)
{
    return word_format("%s, %s", word_count((uint64_t)messages, "message").text,
                       word_volume(bytes).text);
}

struct word word_shown(const char *text)
{
    struct word word;

    (void)text_printable_copy(word.text, sizeof word.text, text);
    return word;
}

void words_append_said(struct buffer *target, int code, const char *text, size_t max)
{
    bool has_text = text != NULL && *text != '\0';

    if (code > 0)
        (void)buffer_append_format(target, "%d%s", code, has_text ? " " : "");
    if (has_text)
        text_append_cut(target, text, max);
}

void words_append_elapsed(struct buffer *target, int64_t ms)
{
    char duration[DURATION_TEXT_SIZE];
    int64_t tenths = (ms + 50) / 100;

    if (ms < MINUTE_S * 1000)
        (void)buffer_append_format(target, " in %d.%d s", (int)(tenths / 10), (int)(tenths % 10));
    else
        (void)buffer_append_format(target, " in %s", duration_format(duration, ms / 1000));
}

bool said_first(struct said *said, const char *text)
{
    for (size_t i = 0; i < said->count; i++) {
        if (strcmp(said->texts[i], text) == 0)
            return false;
    }
    said->texts = memory_resize(said->texts, said->count + 1, sizeof *said->texts);
    said->texts[said->count++] = memory_copy(text);
    return true;
}

void said_done(struct said *said)
{
    for (size_t i = 0; i < said->count; i++)
        free(said->texts[i]);
    free(said->texts);
    *said = (struct said){0};
}

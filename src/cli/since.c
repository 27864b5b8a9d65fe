/* --since: points in time as people write them. */
#include "since.h"
#include <mxpull/base/duration.h>
#include <mxpull/base/text.h>

#include <string.h>

enum {
    DAY_S = 24 * 3600,
    YEAR_MIN = 1970,
    DATE_FIELDS = 3, /* year, month, day */
    TIME_FIELDS = 5, /* hour and minute, too */
    FIELD_COUNT = 6  /* and the second */
};

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t month_days(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Reads the fields in their order, up to one before which none of its signs stands: they take exactly so many
 * digits. Returns how many were read; 0: one of them is none. */
static size_t take_fields(const char **text, int64_t values[FIELD_COUNT])
{
    static const struct {
        const char *before; /* one of these stands before it; "": nothing */
        int digits;
        int min, max;
    } fields[FIELD_COUNT] = {{"", 4, YEAR_MIN, 9999}, {"-", 2, 1, 12}, {"-", 2, 1, 31},
                             {"T ", 2, 0, 23},        {":", 2, 0, 59}, {":", 2, 0, 59}};
    size_t i = 0;

    for (; i < FIELD_COUNT; i++) {
        if (*fields[i].before != '\0') {
            if (**text == '\0' || strchr(fields[i].before, **text) == NULL)
                break;
            ++*text;
        }
        values[i] = 0;
        for (int j = 0; j < fields[i].digits; j++, ++*text) {
            if (!text_is_digit(**text))
                return 0;
            values[i] = values[i] * 10 + (**text - '0');
        }
        if (values[i] < fields[i].min || values[i] > fields[i].max)
            return 0;
    }
    return i;
}

/* The offsets a day before and after are those around a change, if there is any. */
static int64_t utc_of_local(int64_t local_s, schedule_offset *offset)
{
    int64_t before = offset(local_s - DAY_S), after = offset(local_s + DAY_S);
    int64_t first = local_s - before, second = local_s - after;

    if (offset(first) == before)
        return first;
    return offset(second) == after ? second : first;
}

static bool parse_stamp(const char *text, schedule_offset *offset, int64_t *since_ms)
{
    int64_t values[FIELD_COUNT] = {0};
    size_t count = take_fields(&text, values);
    int64_t year = values[0], month = values[1], days = values[2] - 1;
    bool is_utc = count >= TIME_FIELDS && *text == 'Z';

    if ((count != DATE_FIELDS && count < TIME_FIELDS) || text[is_utc] != '\0' ||
        days >= month_days(year, month))
        return false;
    for (int64_t i = YEAR_MIN; i < year; i++)
        days += 365 + is_leap(i);
    for (int64_t i = 1; i < month; i++)
        days += month_days(year, i);
    int64_t second = days * DAY_S + (values[3] * 60 + values[4]) * 60 + values[5];
    *since_ms = (is_utc ? second : utc_of_local(second, offset)) * 1000;
    return true;
}

bool since_parse(const char *text, int64_t now_ms, schedule_offset *offset, int64_t *since_ms)
{
    int64_t ago_s;

    if (!duration_parse(text, &ago_s))
        return parse_stamp(text, offset, since_ms);
    *since_ms = now_ms - ago_s * 1000;
    return true;
}

/* --since: points in time as people write them. */
#include "since.h"
#include <mxpull/base/duration.h>
#include <mxpull/base/text.h>

enum {
    DAY_S = 24 * 3600,
    YEAR_MIN = 1970
};

/* Takes exactly so many digits off *text. */
static bool take_number(const char **text, int digits, int64_t min, int64_t max, int64_t *number)
{
    int64_t value = 0;

    for (int i = 0; i < digits; i++, ++*text) {
        if (!text_is_digit(**text))
            return false;
        value = value * 10 + (**text - '0');
    }
    *number = value;
    return value >= min && value <= max;
}

static bool take(const char **text, const char *one_of)
{
    for (; *one_of != '\0'; one_of++) {
        if (**text == *one_of) {
            ++*text;
            return true;
        }
    }
    return false;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t month_days(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* "2026-11-20" in days since 1970. */
static bool take_date(const char **text, int64_t *day)
{
    int64_t year, month, day_of_month, days = 0;

    if (!take_number(text, 4, YEAR_MIN, 9999, &year) || !take(text, "-") ||
        !take_number(text, 2, 1, 12, &month) || !take(text, "-") ||
        !take_number(text, 2, 1, month_days(year, month), &day_of_month))
        return false;
    for (int64_t i = YEAR_MIN; i < year; i++)
        days += 365 + is_leap(i);
    for (int64_t i = 1; i < month; i++)
        days += month_days(year, i);
    *day = days + day_of_month - 1;
    return true;
}

/* "07:00", "07:00:30", seconds since midnight. */
static bool take_time(const char **text, int64_t *second)
{
    int64_t hour, minute, second_of_minute = 0;

    if (!take_number(text, 2, 0, 23, &hour) || !take(text, ":") ||
        !take_number(text, 2, 0, 59, &minute))
        return false;
    if (take(text, ":") && !take_number(text, 2, 0, 59, &second_of_minute))
        return false;
    *second = (hour * 60 + minute) * 60 + second_of_minute;
    return true;
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
    int64_t day, second = 0;
    bool is_utc = false;

    if (!take_date(&text, &day))
        return false;
    if (take(&text, "T ")) {
        if (!take_time(&text, &second))
            return false;
        is_utc = take(&text, "Z");
    }
    if (*text != '\0')
        return false;
    second += day * DAY_S;
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

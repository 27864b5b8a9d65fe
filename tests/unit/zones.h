#ifndef MXPULL_TESTS_ZONES_H
#define MXPULL_TESTS_ZONES_H

/* Local time of a few zones, as far as the tests go, whatever the machine's own is; and stamps. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct zone_change {
    int64_t from_s, offset_s;
};

static inline int64_t zone_offset(const struct zone_change *changes, size_t count, int64_t utc_s)
{
    size_t i = count - 1;

    while (i > 0 && utc_s < changes[i].from_s)
        i--;
    return changes[i].offset_s;
}

/* The first row holds before the second one, too. */
#define ZONE(name, ...)                                                                            \
    static inline int64_t name(int64_t utc_s)                                                      \
    {                                                                                              \
        static const struct zone_change changes[] = {__VA_ARGS__};                                 \
                                                                                                   \
        return zone_offset(changes, sizeof changes / sizeof changes[0], utc_s);                    \
    }

ZONE(utc, {0, 0})
ZONE(berlin, {0, 3600}, {1743296400, 7200}, {1761440400, 3600}, {1774746000, 7200},
     {1792890000, 3600}, {1806195600, 7200}, {1824944400, 3600}, {1837645200, 7200},
     {1856394000, 3600})
ZONE(new_york, {0, -18000}, {1772953200, -14400}, {1793512800, -18000}, {1805007600, -14400},
     {1825567200, -18000})
/* Half an hour. */
ZONE(lord_howe, {0, 39600}, {1775314800, 37800}, {1791041400, 39600}, {1806764400, 37800},
     {1822491000, 39600})
/* At midnight: 0:00 becomes 1:00 and 24:00 becomes 23:00. */
ZONE(beirut, {0, 7200}, {1774735200, 10800}, {1792875600, 7200}, {1806184800, 10800},
     {1824930000, 7200})
ZONE(sao_paulo, {0, -7200}, {1518919200, -10800}, {1541300400, -7200}, {1550368800, -10800})
/* 30 December 2011 was left out. */
ZONE(apia, {0, -39600}, {1316872800, -36000}, {1325239200, 50400}, {1333202400, 46800})

static inline int64_t leap_day(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 1 : 0;
}

/* "2026-03-29 01:00" or "2026-03-29 01:00:30", UTC, in seconds since 1970. */
static inline int64_t stamp_s(const char *text)
{
    static const int before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const int64_t year = strtol(text, NULL, 10), month = strtol(text + 5, NULL, 10);
    const int64_t day = strtol(text + 8, NULL, 10), hour = strtol(text + 11, NULL, 10);
    const int64_t minute = strtol(text + 14, NULL, 10);
    const int64_t second = strlen(text) > 16 && text[16] == ':' ? strtol(text + 17, NULL, 10) : 0;
    int64_t days = before_month[month - 1] + day - 1 + (month > 2 ? leap_day(year) : 0);

    for (int64_t y = 1970; y < year; y++)
        days += 365 + leap_day(y);
    return (days * 24 + hour) * 3600 + minute * 60 + second;
}

#endif

/* The clocks of Windows, and local time by the rules that its zone has, or had, in that year. Dates
 * are put into words by hand: msvcrt's strftime knows neither %F nor %T, and its gmtime nothing before
 * 1970. */
#include <mxpull/platform/clock.h>

#include "text.h"

#include <stdbool.h>
#include <stdio.h>

/* A FILETIME counts 100 ns from 1601 on. */
#define TICKS_PER_MS 10000
#define TICKS_PER_S (INT64_C(1000) * TICKS_PER_MS)
#define EPOCH_S INT64_C(11644473600) /* 1601 to 1970 */

static int64_t ticks_of(FILETIME time)
{
    return (int64_t)(((uint64_t)time.dwHighDateTime << 32) | time.dwLowDateTime);
}

static FILETIME file_time(int64_t ticks)
{
    return (FILETIME){.dwLowDateTime = (DWORD)(ticks & 0xffffffff),
                      .dwHighDateTime = (DWORD)(ticks >> 32)};
}

void clock_sleep_ms(int milliseconds)
{
    Sleep((DWORD)milliseconds);
}

typedef void WINAPI unbiased_time(ULONGLONG *ticks);

static void WINAPI coarse_time(ULONGLONG *ticks)
{
    (void)QueryUnbiasedInterruptTime(ticks);
}

/* The plain call goes forward in steps of 16 ms, which is too coarse for how long a reply took. The
 * other one is in no import library that is always there, and not in every wine. */
static unbiased_time *find_time(void)
{
    HMODULE library = GetModuleHandleW(L"kernelbase.dll");
    union {
        FARPROC found;
        unbiased_time *time;
    } precise = {.found = NULL};

    if (library != NULL)
        precise.found = GetProcAddress(library, "QueryUnbiasedInterruptTimePrecise");
    return precise.found != NULL ? precise.time : coarse_time;
}

/* Stands still while the machine sleeps, as elsewhere: so the daemon notices that it slept. */
int64_t clock_monotonic_ms(void)
{
    static unbiased_time *_Atomic time;
    unbiased_time *call = time;
    ULONGLONG ticks = 0;

    if (call == NULL)
        time = call = find_time();
    call(&ticks);
    return (int64_t)(ticks / TICKS_PER_MS);
}

int64_t clock_wall_ms(void)
{
    FILETIME now;

    GetSystemTimePreciseAsFileTime(&now);
    return ticks_of(now) / TICKS_PER_MS - EPOCH_S * 1000;
}

/* The rules of the zone that holds now, as they are or were in that year. */
static bool zone_of(const SYSTEMTIME *utc, TIME_ZONE_INFORMATION *zone)
{
    DYNAMIC_TIME_ZONE_INFORMATION now;

    return GetDynamicTimeZoneInformation(&now) != TIME_ZONE_ID_INVALID &&
           GetTimeZoneInformationForYear(utc->wYear, &now, zone);
}

int64_t clock_local_offset_s(int64_t utc_s)
{
    TIME_ZONE_INFORMATION zone;
    SYSTEMTIME utc, local;
    FILETIME time;

    if (utc_s < -EPOCH_S || utc_s >= INT64_MAX / TICKS_PER_S - EPOCH_S)
        return 0;
    time = file_time((utc_s + EPOCH_S) * TICKS_PER_S);
    if (!FileTimeToSystemTime(&time, &utc) || !zone_of(&utc, &zone) ||
        !SystemTimeToTzSpecificLocalTime(&zone, &utc, &local) ||
        !SystemTimeToFileTime(&local, &time))
        return 0;
    return ticks_of(time) / TICKS_PER_S - EPOCH_S - utc_s;
}

/* Rounded down, before 1970 too. */
static int64_t seconds_of(int64_t wall_ms)
{
    return wall_ms / 1000 - (wall_ms % 1000 < 0);
}

/* The date and time of day so many seconds after 1970-01-01T00:00:00. A year begins with March here,
 * so that the leap day is its last, and 400 years are an era. */
static char *write_time(char target[CLOCK_TEXT_SIZE], int64_t seconds, char between,
                        const char *zone)
{
    enum {
        SECONDS_PER_DAY = 24 * 3600,
        DAYS_TO_1970 = 719468, /* from 0000-03-01 */
        DAYS_PER_ERA = 146097
    };
    int64_t second = (seconds % SECONDS_PER_DAY + SECONDS_PER_DAY) % SECONDS_PER_DAY;
    int64_t days = (seconds - second) / SECONDS_PER_DAY + DAYS_TO_1970;
    int64_t day_of_era = (days % DAYS_PER_ERA + DAYS_PER_ERA) % DAYS_PER_ERA;
    int64_t era = (days - day_of_era) / DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * march_month + 2) / 5 + 1;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);

    (void)snprintf(target, CLOCK_TEXT_SIZE, "%04d-%02d-%02d%c%02d:%02d:%02d%s", (int)year,
                   (int)month, (int)day, between, (int)(second / 3600), (int)(second / 60 % 60),
                   (int)(second % 60), zone);
    return target;
}

char *clock_utc_text(char target[CLOCK_TEXT_SIZE], int64_t wall_ms)
{
    return write_time(target, seconds_of(wall_ms), 'T', "Z");
}

char *clock_local_text(char target[CLOCK_TEXT_SIZE], int64_t wall_ms)
{
    int64_t seconds = seconds_of(wall_ms);

    return write_time(target, seconds + clock_local_offset_s(seconds), ' ', "");
}

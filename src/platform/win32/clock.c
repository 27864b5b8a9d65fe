/* The clocks of Windows, and local time by the rules that its zone has, or had, in that year. msvcrt's gmtime
 * knows nothing before 1970. */
#include "system.h"

#include <mxpull/platform/clock.h>

#include <stdatomic.h>

/* A FILETIME counts 100 ns from 1601 on. */
#define TICKS_PER_MS 10000
#define TICKS_PER_S (INT64_C(1000) * TICKS_PER_MS)
#define EPOCH_S INT64_C(11644473600) /* 1601 to 1970 */

static int64_t ticks_of(FILETIME time)
{
    return (int64_t)(((uint64_t)time.dwHighDateTime << 32) | time.dwLowDateTime);
}

void clock_sleep_ms(int milliseconds)
{
    Sleep((DWORD)milliseconds);
}

/* Stands still while the machine sleeps, as elsewhere: so the daemon notices that it slept. The plain call goes
 * forward in steps of 16 ms, too coarse for how long a reply took; the precise one is in no import library that
 * is always there, and not in every wine. */
int64_t clock_monotonic_ms(void)
{
    typedef void WINAPI unbiased_time(ULONGLONG * ticks);
    static union {
        FARPROC _Atomic found;
        unbiased_time *_Atomic call;
    } precise;
    static atomic_bool is_looked_for;
    ULONGLONG ticks = 0;

    if (!is_looked_for) {
        precise.found = GetProcAddress(GetModuleHandleW(L"kernelbase.dll"),
                                       "QueryUnbiasedInterruptTimePrecise");
        is_looked_for = true;
    }
    if (precise.found != NULL)
        precise.call(&ticks);
    else
        (void)QueryUnbiasedInterruptTime(&ticks);
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

/* The instant in the system's form; false where there is none. */
static bool system_time(int64_t seconds, SYSTEMTIME *utc)
{
    if (seconds < -EPOCH_S || seconds >= INT64_MAX / TICKS_PER_S - EPOCH_S)
        return false;
    uint64_t ticks = (uint64_t)((seconds + EPOCH_S) * TICKS_PER_S);
    const FILETIME time = {.dwLowDateTime = (DWORD)(ticks & 0xffffffff),
                           .dwHighDateTime = (DWORD)(ticks >> 32)};
    return FileTimeToSystemTime(&time, utc) != 0;
}

int64_t clock_local_offset_s(int64_t utc_s)
{
    TIME_ZONE_INFORMATION zone;
    SYSTEMTIME utc, local;
    FILETIME time;

    if (!system_time(utc_s, &utc) || !zone_of(&utc, &zone) ||
        !SystemTimeToTzSpecificLocalTime(&zone, &utc, &local) ||
        !SystemTimeToFileTime(&local, &time))
        return 0;
    return ticks_of(time) / TICKS_PER_S - EPOCH_S - utc_s;
}

bool system_date(int64_t seconds, struct tm *utc)
{
    SYSTEMTIME time;

    if (!system_time(seconds, &time))
        return false;
    *utc = (struct tm){.tm_year = time.wYear - 1900,
                       .tm_mon = time.wMonth - 1,
                       .tm_mday = time.wDay,
                       .tm_hour = time.wHour,
                       .tm_min = time.wMinute,
                       .tm_sec = time.wSecond};
    return true;
}

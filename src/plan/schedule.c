/* The times of a schedule. Cron expressions follow Vixie's cron(5). Their times follow cron(8), and
 * are searched through the stretches between changes of the local offset: a fixed time comes when
 * local time first reaches it, or passes it when it is skipped; one with * in minute or hour comes
 * whenever local time shows it. */
#include <mxpull/plan/schedule.h>

#include <mxpull/base/text.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Two changes of the offset are more than STEP_S apart, and none is larger than BACK_S: a country may
 * cross the date line. Only changes within NEAR_S of a time move it. */
enum {
    MINUTE_S = 60,
    DAY_MINUTES = 24 * 60,
    DAY_S = 24 * 3600,
    CALENDAR_DAYS = 146097, /* 400 years, after which days and weekdays repeat */
    STEP_S = 12 * 3600,
    BACK_S = 26 * 3600,
    NEAR_S = 3 * 24 * 3600,
    SILENT_SLOTS = 3,
    FIELD_COUNT = 5,
    NAME_SIZE = 3
};
#define SEARCH_S (INT64_C(1) * CALENDAR_DAYS * DAY_S + NEAR_S)
#define WALL_MAX_MS (INT64_C(1) << 55) /* a million years: no clock gets there */

struct field {
    const char *name;
    unsigned min, max;
    const char *names; /* of three letters each, beginning with the one for min */
};

static const struct field fields[FIELD_COUNT] = {
    {"minute", 0, 59, ""},
    {"hour", 0, 23, ""},
    {"day", 1, 31, ""},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {"weekday", 0, 7, "sunmontuewedthufrisat"},
};

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Rounds down, below 0 too. */
static int64_t divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t add(int64_t time_ms, int64_t span_ms)
{
    return time_ms > INT64_MAX - span_ms ? INT64_MAX : time_ms + span_ms;
}

/* Whether the expression names the day, counted from 1 January 1970, a Thursday. The computation
 * begins years in March, so that 29 February is the last day of one. */
static bool is_day_named(const struct cron *cron, int64_t number)
{
    int64_t day = number + 719468 - divide(number + 719468, 146097) * 146097;
    int64_t year_of_400 = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t day_of_year = day - (365 * year_of_400 + year_of_400 / 4 - year_of_400 / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    int64_t weekday = number + 4 - divide(number + 4, 7) * 7;

    bool is_day = (cron->days >> day_of_month & 1) != 0;
    bool is_weekday = (cron->weekdays >> weekday & 1) != 0;
    if ((cron->months >> month & 1) == 0)
        return false;
    return cron->any_day || cron->any_weekday ? is_day && is_weekday : is_day || is_weekday;
}

/* ---- reading an expression ---- */

/* Reads a number, or a name if the field has any, and moves *text behind it. */
static bool read_number(const struct field *field, const char **text, unsigned *value)
{
    size_t size = strspn(*text, "0123456789");

    if (size == 1 || size == 2) {
        *value = (unsigned)strtoul(*text, NULL, 10);
        *text += size;
        return *value >= field->min && *value <= field->max;
    }
    for (size_t i = 0; size == 0 && field->names[i] != '\0'; i += NAME_SIZE) {
        char name[NAME_SIZE + 1] = {0};

        memcpy(name, field->names + i, NAME_SIZE);
        if (text_starts_with(*text, name)) {
            *value = field->min + (unsigned)(i / NAME_SIZE);
            *text += NAME_SIZE;
            return true;
        }
    }
    return false;
}

static bool skip(const char **text, char c)
{
    bool is_there = **text == c;

    *text += is_there ? 1 : 0;
    return is_there;
}

/* Reads a list of *, n, n-m, each of the ranges also with /step, and moves *text behind it. */
static bool read_list(const struct field *field, const char **text, uint64_t *bits)
{
    const struct field steps = {.min = 1, .max = field->max, .names = ""};

    do {
        unsigned first = field->min, last = field->max, step = 1;
        bool is_range = skip(text, '*');

        if (!is_range) {
            if (!read_number(field, text, &first))
                return false;
            last = first;
            is_range = skip(text, '-');
            if (is_range && !read_number(field, text, &last))
                return false;
        }
        if (skip(text, '/') && (!is_range || !read_number(&steps, text, &step)))
            return false;
        if (last < first)
            return false;
        for (unsigned value = first; value <= last; value += step)
            *bits |= UINT64_C(1) << value;
    } while (skip(text, ','));
    return **text == ' ' || **text == '\0';
}

static const char *expand(const char *text)
{
    static const struct {
        const char *name, *expression;
    } shorthands[] = {
        {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
        {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
        {"@annually", "0 0 1 1 *"},
    };

    for (size_t i = 0; i < COUNT_OF(shorthands); i++) {
        if (text_equal(text, shorthands[i].name))
            return shorthands[i].expression;
    }
    return text;
}

enum status schedule_parse_cron(struct cron *cron, const char *text, struct error *error)
{
    struct cron parsed = {0};
    uint64_t *const bits[FIELD_COUNT] = {&parsed.minutes, &parsed.hours, &parsed.days,
                                         &parsed.months, &parsed.weekdays};
    bool *const any[FIELD_COUNT] = {&parsed.any_minute, &parsed.any_hour, &parsed.any_day,
                                    &(bool){false}, &parsed.any_weekday};
    const char *why = NULL, *which = "", *left = expand(text);
    char shown[100];

    for (size_t i = 0; i < FIELD_COUNT && why == NULL; i++) {
        left += strspn(left, " ");
        *any[i] = *left == '*';
        if (*left == '\0') {
            why = "does not have 5 fields";
        } else if (!read_list(&fields[i], &left, bits[i])) {
            why = "has a bad field: the ";
            which = fields[i].name;
        }
    }
    parsed.weekdays = (parsed.weekdays | parsed.weekdays >> 7) & 0x7f; /* 7 is Sunday too */
    if (why == NULL && left[strspn(left, " ")] != '\0')
        why = "does not have 5 fields";
    int64_t day = 0;
    while (why == NULL && day < CALENDAR_DAYS && !is_day_named(&parsed, day))
        day++;
    if (day == CALENDAR_DAYS)
        why = "names a day that no year has";
    if (why == NULL) {
        *cron = parsed;
        return STATUS_OK;
    }
    (void)text_printable_copy(shown, sizeof shown, text);
    if (*text == '@')
        return error_set(
            error, STATUS_SYNTAX,
            "\"%s\" is none of @hourly, @daily, @weekly, @monthly, @yearly; these, or minute "
            "hour day month weekday are allowed, such as \"0 */4 * * 1-5\"",
            shown);
    return error_set(
        error, STATUS_SYNTAX,
        "\"%s\" %s%s; minute hour day month weekday are allowed, such as \"0 */4 * * 1-5\", "
        "or @hourly, @daily and their like",
        shown, why, which);
}

/* ---- its times ---- */

/* The first local time in [from_s, end_s) that the expression names; INT64_MAX: none. */
static int64_t named_time(const struct cron *cron, int64_t from_s, int64_t end_s)
{
    int64_t minute = divide(from_s + MINUTE_S - 1, MINUTE_S);

    for (int64_t day = divide(minute, DAY_MINUTES); day * DAY_S < end_s;
         day++, minute = day * DAY_MINUTES) {
        int64_t of_day = is_day_named(cron, day) ? minute - day * DAY_MINUTES : DAY_MINUTES;

        while (of_day < DAY_MINUTES &&
               ((cron->hours >> of_day / 60 & 1) == 0 || (cron->minutes >> of_day % 60 & 1) == 0))
            of_day++;
        if (of_day < DAY_MINUTES)
            return day * DAY_S + of_day * MINUTE_S;
    }
    return INT64_MAX;
}

/* The first instant in (from_s, until_s] with another offset than from_s; INT64_MAX: none. */
static int64_t change_after(schedule_offset *offset, int64_t from_s, int64_t until_s)
{
    int64_t ahead_s = offset(from_s);

    for (int64_t low = from_s; low < until_s; low += STEP_S) {
        int64_t high = schedule_earlier(low + STEP_S, until_s);

        if (offset(high) == ahead_s)
            continue;
        while (high - low > 1) {
            int64_t middle = low + (high - low) / 2;

            if (offset(middle) == ahead_s)
                low = middle;
            else
                high = middle;
        }
        return high;
    }
    return INT64_MAX;
}

/* The latest local time shown up to until_s: after the clocks went back it is later than the local
 * time at until_s. */
static int64_t latest_local(schedule_offset *offset, int64_t until_s)
{
    int64_t latest_s = until_s + offset(until_s);
    int64_t from_s = until_s - BACK_S;
    int64_t change_s;

    while ((change_s = change_after(offset, from_s, until_s)) != INT64_MAX) {
        latest_s = greater(latest_s, change_s - 1 + offset(from_s));
        from_s = change_s;
    }
    return latest_s;
}

int64_t schedule_cron_next(const struct cron *cron, schedule_offset *offset, int64_t after_ms)
{
    if (after_ms > WALL_MAX_MS || after_ms < -WALL_MAX_MS)
        return INT64_MAX;

    bool follows_hours = cron->any_minute || cron->any_hour;
    int64_t from_s = divide(after_ms, 1000) + 1;
    int64_t end_s = from_s + SEARCH_S;
    int64_t latest_s = follows_hours ? 0 : latest_local(offset, from_s - 1);

    /* latest_s stays right: the expression names no time between it and the changes passed here. */
    while (from_s < end_s) {
        int64_t ahead_s = offset(from_s);
        int64_t local_s = follows_hours ? from_s + ahead_s : latest_s + 1;
        int64_t named_s = named_time(cron, local_s, end_s + ahead_s);
        int64_t at_s = named_s == INT64_MAX ? end_s : greater(named_s - ahead_s, from_s);
        int64_t near_s = schedule_earlier(at_s, from_s + NEAR_S);
        int64_t change_s = change_after(offset, from_s, near_s);

        if (change_s != INT64_MAX)
            from_s = change_s;
        else if (near_s == at_s)
            return named_s == INT64_MAX ? INT64_MAX : at_s * 1000;
        else /* no change of the clocks can bring a named time before */
            from_s = greater(near_s, at_s - NEAR_S);
    }
    return INT64_MAX;
}

/* ---- a timing ---- */

int64_t schedule_next(const struct timing *timing, schedule_offset *offset, int64_t after_ms)
{
    struct cron cron = {0};
    struct error error;

    if (timing->schedule == NULL)
        return add(after_ms, timing->interval_s * 1000);
    enum status status = schedule_parse_cron(&cron, timing->schedule, &error);
    assert(status == STATUS_OK);
    return status == STATUS_OK ? schedule_cron_next(&cron, offset, after_ms) : INT64_MAX;
}

int64_t schedule_jitter_max(const struct timing *timing, schedule_offset *offset, int64_t slot_ms)
{
    if (timing->jitter_s == 0)
        return 0;
    return schedule_earlier(timing->jitter_s * 1000,
                            (schedule_next(timing, offset, slot_ms) - slot_ms) / 10);
}

int64_t schedule_silent_at(const struct timing *timing, schedule_offset *offset, int64_t silence_s,
                           int64_t good_ms)
{
    int64_t slot_ms = good_ms;

    if (silence_s > 0)
        return add(good_ms, silence_s * 1000);
    for (int i = 0; i < SILENT_SLOTS && slot_ms != INT64_MAX; i++)
        slot_ms = schedule_next(timing, offset, slot_ms);
    if (slot_ms == INT64_MAX)
        return INT64_MAX;
    return add(slot_ms, schedule_jitter_max(timing, offset, slot_ms));
}

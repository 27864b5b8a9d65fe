/* Durations as an administrator writes them: 4h, 1h30m. */
#include <mxpull/base/compiler.h>
#include <mxpull/base/duration.h>
#include <mxpull/base/text.h>

#include <stdio.h>
#include <string.h>

static const struct unit {
    char letter;
    int64_t seconds;
} units[] = {{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

/* Digits up to a unit; more than DURATION_MAX_S is DURATION_MAX_S + 1. */
static const char *read_number(const char *text, int64_t *number)
{
    for (*number = 0; text_is_digit(*text); text++) {
        if (*number <= DURATION_MAX_S)
            *number = *number * 10 + (*text - '0');
        if (*number > DURATION_MAX_S)
            *number = DURATION_MAX_S + 1;
    }
    return text;
}

/* False where text is no duration; what is longer than DURATION_MAX_S is more than that. */
static bool read_all(const char *text, int64_t *seconds)
{
    int64_t total = 0;
    size_t next_unit = 0;

    if (strcmp(text, "0") == 0) {
        *seconds = 0;
        return true;
    }
    if (*text == '\0')
        return false;
    while (*text != '\0') {
        int64_t number;

        if (!text_is_digit(*text))
            return false;
        text = read_number(text, &number);
        while (next_unit < COUNT_OF(units) && units[next_unit].letter != *text)
            next_unit++;
        if (next_unit == COUNT_OF(units))
            return false;
        total += number * units[next_unit].seconds;
        next_unit++;
        text++;
    }
    *seconds = total;
    return true;
}

bool duration_parse(const char *text, int64_t *seconds)
{
    int64_t parsed;

    if (!read_all(text, &parsed) || parsed > DURATION_MAX_S)
        return false;
    *seconds = parsed;
    return true;
}

bool duration_is_too_long(const char *text)
{
    int64_t parsed;

    return read_all(text, &parsed) && parsed > DURATION_MAX_S;
}

char *duration_format(char target[DURATION_TEXT_SIZE], int64_t seconds)
{
    size_t used = 0;

    (void)text_copy(target, DURATION_TEXT_SIZE, "0s");
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        int64_t number = seconds / units[i].seconds;
        bool is_odd_week =
            units[i].letter == 'w' && seconds % units[i].seconds >= units[i + 1].seconds;

        if (number == 0 || is_odd_week) /* 400d is easier to read than 57w1d */
            continue;
        used += (size_t)snprintf(target + used, DURATION_TEXT_SIZE - used, "%lld%c",
                                 (long long)number, units[i].letter);
        seconds %= units[i].seconds;
    }
    return target;
}

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

enum status duration_parse(const char *text, int64_t *seconds)
{
    int64_t total = 0, number;

    if (*text == '\0')
        return STATUS_SYNTAX;
    if (strcmp(text, "0") == 0)
        text++;
    for (size_t next_unit = 0; *text != '\0'; next_unit++, text++) {
        if (!text_is_digit(*text))
            return STATUS_SYNTAX;
        text = read_number(text, &number);
        while (next_unit < COUNT_OF(units) && units[next_unit].letter != *text)
            next_unit++;
        if (next_unit == COUNT_OF(units))
            return STATUS_SYNTAX;
        total += number * units[next_unit].seconds;
    }
    if (total > DURATION_MAX_S)
        return STATUS_LIMIT;
    *seconds = total;
    return STATUS_OK;
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

/* Cron expressions, by the rules of cron(5) as Vixie wrote them. */
#include <mxpull/plan/cron.h>

#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>

#include <stddef.h>
#include <string.h>

enum {
    FIELD_COUNT = 5,
    NAME_SIZE = 3,
    PART_SIZE_MAX = 100
};

struct field {
    const char *name;
    unsigned min, max;
    const char *names; /* of three letters each, beginning with the one for min; NULL: none */
};

static const struct field fields[FIELD_COUNT] = {
    {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},
    {"day", 1, 31, NULL},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {"weekday", 0, 7, "sunmontuewedthufrisat"},
};

static const struct shorthand {
    const char *name, *expression;
} shorthands[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

/* Reads a number, or a name if the field has any, up to end. */
static bool read_number(const struct field *field, const char *text, const char *end,
                        unsigned *value)
{
    size_t size = (size_t)(end - text);
    char digits[3];

    for (size_t i = 0; field->names != NULL && size == NAME_SIZE && field->names[i] != '\0';
         i += NAME_SIZE) {
        char name[NAME_SIZE + 1] = {0};

        memcpy(name, field->names + i, NAME_SIZE);
        if (text_equal_part(name, text, size)) {
            *value = field->min + (unsigned)(i / NAME_SIZE);
            return true;
        }
    }
    if (size == 0 || size >= sizeof digits)
        return false;

    int64_t number;
    memcpy(digits, text, size);
    digits[size] = '\0';
    if (!text_to_number(digits, field->min, field->max, &number))
        return false;
    *value = (unsigned)number;
    return true;
}

/* Reads *, n, n-m, each of the ranges also with /step, and adds it to bits. */
static bool read_part(const struct field *field, const char *text, size_t size, uint64_t *bits)
{
    const char *end = text + size;
    const char *slash = memchr(text, '/', size);
    const char *range_end = slash != NULL ? slash : end;
    const char *dash = memchr(text, '-', (size_t)(range_end - text));
    struct field steps = {.min = 1, .max = field->max};
    unsigned first = field->min, last = field->max, step = 1;

    if (slash != NULL && !read_number(&steps, slash + 1, end, &step))
        return false;
    if (range_end - text != 1 || *text != '*') {
        if (!read_number(field, text, dash != NULL ? dash : range_end, &first))
            return false;
        if (dash == NULL && slash != NULL)
            return false;
        last = first;
        if (dash != NULL && !read_number(field, dash + 1, range_end, &last))
            return false;
    }
    if (last < first)
        return false;
    for (unsigned value = first; value <= last; value += step)
        *bits |= UINT64_C(1) << value;
    return true;
}

/* Reads a list of parts. */
static bool read_field(const struct field *field, const char *text, size_t size, uint64_t *bits)
{
    const char *end = text + size;

    for (*bits = 0; text <= end;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *part_end = comma != NULL ? comma : end;

        if (!read_part(field, text, (size_t)(part_end - text), bits))
            return false;
        text = part_end + 1;
    }
    return true;
}

/* Whether there is a day that the expression names. */
static bool has_day(const struct cron *cron)
{
    static const unsigned char days_in_month[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (!cron->any_weekday)
        return true;
    for (unsigned month = 1; month <= COUNT_OF(days_in_month); month++) {
        uint32_t days = (uint32_t)((UINT64_C(1) << (days_in_month[month - 1] + 1)) - 1);

        if ((cron->months >> month & 1) != 0 && (cron->days & days) != 0)
            return true;
    }
    return false;
}

static enum status refuse(struct error *error, const char *text, const char *why)
{
    char shown[PART_SIZE_MAX];

    return error_set(
        error, STATUS_SYNTAX,
        "\"%s\" %s; minute hour day month weekday are allowed, such as \"0 */4 * * 1-5\", "
        "or @hourly, @daily and their like",
        text_printable_copy(shown, sizeof shown, text), why);
}

static const char *expand(const char *text)
{
    for (size_t i = 0; i < COUNT_OF(shorthands); i++) {
        if (text_equal(text, shorthands[i].name))
            return shorthands[i].expression;
    }
    return text;
}

/* Reads the fields; which one is at fault in *wrong, or FIELD_COUNT where their number is. */
static bool read_fields(const char *text, uint64_t bits[FIELD_COUNT], bool star[FIELD_COUNT],
                        size_t *wrong)
{
    for (*wrong = 0; *wrong < FIELD_COUNT; (*wrong)++) {
        text += strspn(text, " ");
        size_t size = strcspn(text, " ");

        star[*wrong] = *text == '*';
        if (size == 0) {
            *wrong = FIELD_COUNT;
            return false;
        }
        if (!read_field(&fields[*wrong], text, size, &bits[*wrong]))
            return false;
        text += size;
    }
    return text[strspn(text, " ")] == '\0';
}

static enum status refuse_shorthand(struct error *error, const char *text)
{
    char shown[PART_SIZE_MAX];

    return error_set(
        error, STATUS_SYNTAX,
        "\"%s\" is none of @hourly, @daily, @weekly, @monthly, @yearly; these, or minute "
        "hour day month weekday are allowed, such as \"0 */4 * * 1-5\"",
        text_printable_copy(shown, sizeof shown, text));
}

enum status cron_parse(struct cron *cron, const char *text, struct error *error)
{
    uint64_t bits[FIELD_COUNT] = {0};
    bool star[FIELD_COUNT] = {false};
    size_t wrong;

    if (!read_fields(expand(text), bits, star, &wrong)) {
        char why[64] = "does not have 5 fields";

        if (*text == '@')
            return refuse_shorthand(error, text);
        if (wrong < FIELD_COUNT)
            (void)text_copy(why, sizeof why, "has a bad field: the ");
        if (wrong < FIELD_COUNT)
            (void)text_copy(why + strlen(why), sizeof why - strlen(why), fields[wrong].name);
        return refuse(error, text, why);
    }
    struct cron parsed = {
        .minutes = bits[0],
        .hours = (uint32_t)bits[1],
        .days = (uint32_t)bits[2],
        .months = (uint32_t)bits[3],
        .weekdays = (uint32_t)((bits[4] | bits[4] >> 7) & 0x7f), /* 7 is Sunday too */
        .any_minute = star[0],
        .any_hour = star[1],
        .any_day = star[2],
        .any_weekday = star[4],
    };
    if (!has_day(&parsed))
        return refuse(error, text, "names a day that no year has");
    *cron = parsed;
    return STATUS_OK;
}

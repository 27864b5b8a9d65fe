/* mxpull history: past answers and messages, from the store alone. */
#include "arguments.h"
#include "history.h"
#include "setup.h"
#include "words.h"
#include <mxpull/base/duration.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/session/selection.h>
#include <mxpull/smtp/outcome.h>

#include <string.h>

enum {
    LIMIT_DEFAULT = 50,
    DAY_S = 24 * 3600,
    YEAR_MIN = 1970,
    DATE_FIELDS = 3, /* year, month, day */
    TIME_FIELDS = 5, /* hour and minute, too */
    FIELD_COUNT = 6  /* and the second */
};

/* ---- --since: points in time as people write them ---- */

/* Days from 1 March of the year 0. The month may be 13, and the day beyond the month's end. */
static int64_t day_number(int64_t year, int64_t month, int64_t day)
{
    int64_t march_year = year - (month < 3), from_march = (month + 9) % 12;

    return 365 * march_year + march_year / 4 - march_year / 100 + march_year / 400 +
           (153 * from_march + 2) / 5 + day - 1;
}

/* Reads the fields in order, each of exactly so many digits, until the sign before a field is missing.
 * Returns how many were read; 0 when one is faulty. */
static size_t take_fields(const char **text, int64_t values[FIELD_COUNT])
{
    static const struct {
        const char *before; /* signs, one of which stands before the field; "": none */
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

static bool parse_stamp(const char *text, schedule_offset *offset, int64_t *since_ms)
{
    int64_t values[FIELD_COUNT] = {0};
    size_t count = take_fields(&text, values);
    int64_t year = values[0], month = values[1], day = day_number(year, month, values[2]);
    bool is_utc = count >= TIME_FIELDS && *text == 'Z';

    if ((count != DATE_FIELDS && count < TIME_FIELDS) || text[is_utc] != '\0' ||
        day >= day_number(year, month + 1, 1))
        return false;
    int64_t second =
        (day - day_number(YEAR_MIN, 1, 1)) * DAY_S + (values[3] * 60 + values[4]) * 60 + values[5];
    if (!is_utc) {
        /* When the clocks change near this time, the offsets a day before and after are the old and
         * the new one. */
        int64_t before_s = offset(second - DAY_S), after_s = offset(second + DAY_S);
        bool is_after =
            offset(second - before_s) != before_s && offset(second - after_s) == after_s;

        second -= is_after ? after_s : before_s;
    }
    *since_ms = second * 1000;
    return true;
}

bool since_parse(const char *text, int64_t now_ms, schedule_offset *offset, int64_t *since_ms)
{
    int64_t ago_s;

    if (duration_parse(text, &ago_s) != STATUS_OK)
        return parse_stamp(text, offset, since_ms);
    *since_ms = now_ms - ago_s * 1000;
    return true;
}

enum status since_refuse(const char *text, struct error *error)
{
    return error_set(error, STATUS_SYNTAX,
                     "--since is a duration (2d, 36h) or a time (2026-11-20, \"2026-11-20 "
                     "07:00\", 2026-11-20T07:00:00Z), not \"%s\"",
                     word_shown(text).text);
}

/* ---- the other options ---- */

static enum status unknown_outcome(const char *text, struct error *error)
{
    const struct word shown = word_shown(text);
    const char *names[OUTCOME_COUNT];
    struct buffer all;

    for (int i = 0; i < OUTCOME_COUNT; i++)
        names[i] = outcome_name((enum outcome)i);
    const char *near = text_closest(text, names, OUTCOME_COUNT);
    if (near != NULL)
        return error_set(error, STATUS_SYNTAX,
                         "--outcome: there is no \"%s\"; did you mean \"%s\"?", shown.text, near);
    buffer_init(&all, ERROR_TEXT_SIZE);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        (void)buffer_append_format(&all, "%s%s", i > 0 ? ", " : "", names[i]);
    (void)error_set(error, STATUS_SYNTAX, "--outcome: there is no \"%s\", but %s", shown.text,
                    all.bytes);
    buffer_done(&all);
    return STATUS_SYNTAX;
}

/* Reads the options that choose rows. With --since all rows are shown, unless --limit says otherwise. */
static enum status read_filter(const struct arguments *arguments, struct store_filter *filter,
                               struct error *error)
{
    const char *since = arguments->since, *limit = arguments->limit;
    int64_t number = since != NULL ? 0 : LIMIT_DEFAULT;
    enum outcome outcome;

    if (arguments->json && arguments->csv)
        return error_set(error, STATUS_SYNTAX, "--json and --csv exclude each other");
    if (arguments->messages && arguments->drills)
        return error_set(error, STATUS_SYNTAX, "--messages and --drills exclude each other");
    if ((arguments->messages || arguments->drills) &&
        (arguments->failed || arguments->outcome != NULL))
        return error_set(error, STATUS_SYNTAX, "--%s is of answers, and not of --%s",
                         arguments->failed ? "failed" : "outcome",
                         arguments->drills ? "drills" : "messages");
    if (arguments->outcome != NULL && !outcome_find(arguments->outcome, &outcome))
        return unknown_outcome(arguments->outcome, error);
    if (limit != NULL && !text_to_number(limit, 0, INT32_MAX, &number))
        return error_set(error, STATUS_SYNTAX, "--limit is a number, 0: all; not \"%s\"",
                         word_shown(limit).text);
    if (since != NULL &&
        !since_parse(since, clock_wall_ms(), clock_local_offset_s, &filter->since_ms))
        return since_refuse(since, error);
    filter->limit = (size_t)number;
    filter->failed = arguments->failed;
    filter->outcome = arguments->outcome;
    return STATUS_OK;
}

/* ---- names ---- */

/* Adds a name once. One name more than STORE_NAMES_MAX is kept, so that the caller refuses the list. */
static void add(struct history_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (text_equal(names->names[i], name))
            return;
    }
    if (names->count <= STORE_NAMES_MAX)
        names->names[names->count++] = name;
}

/* Adds the configured forms of the name. Returns whether the configuration knows the name. */
static bool add_configured(struct history_names *names, const char *name,
                           const struct config *config)
{
    const struct selection choice = {.names = &name, .count = 1};
    bool is_known = false;

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        if (selection_has_backup(&choice, backup)) {
            is_known = true;
            continue;
        }
        for (size_t domain = 0; domain < backup->domain_count; domain++) {
            if (!selection_has(&choice, backup, domain))
                continue;
            add(names, backup->domain_texts[domain]);
            is_known = true;
        }
    }
    return is_known;
}

static bool note_answer(void *context, const struct store_row *row)
{
    (void)row;
    *(bool *)context = true;
    return false;
}

static bool note_message(void *context, const struct store_message *message)
{
    (void)message;
    *(bool *)context = true;
    return false;
}

static enum status find_one(struct history_names *names, const char *name,
                            const struct config *config, struct store *store, struct error *error)
{
    bool is_known = add_configured(names, name, config);
    const struct store_filter filter = {.names = &name, .name_count = 1, .limit = 1};
    enum status status = STATUS_OK;

    if (!is_known)
        status = store_history(store, &filter, note_answer, &is_known, error);
    if (status == STATUS_OK && !is_known)
        status = store_messages(store, &filter, note_message, &is_known, error);
    if (status != STATUS_OK)
        return status;
    add(names, name);
    if (is_known)
        return STATUS_OK;
    const char *closest = selection_closest(config, name);
    if (closest == NULL)
        return error_set(error, STATUS_SYNTAX,
                         "\"%s\" is neither a backup nor a domain, in %s or in the past",
                         word_shown(name).text, config->path);
    return error_set(error, STATUS_SYNTAX,
                     "\"%s\" is neither a backup nor a domain, now or in the past; did you mean "
                     "\"%s\"?",
                     word_shown(name).text, word_shown(closest).text);
}

enum status history_names_find(struct history_names *names, const char *const given[], size_t count,
                               const struct config *config, struct store *store,
                               struct error *error)
{
    enum status status = STATUS_OK;

    names->count = 0;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = find_one(names, given[i], config, store, error);
    if (status == STATUS_OK && names->count > STORE_NAMES_MAX)
        status = error_set(error, STATUS_SYNTAX, "at most %d names can be looked for at once",
                           STORE_NAMES_MAX);
    return status;
}

/* ---- the run ---- */

/* The rows come one by one, so the configured names decide the widths. */
static struct line_widths find_widths(const struct config *config)
{
    struct line_widths widths = {0};

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        line_widen(&widths, backup->name, NULL);
        for (size_t j = 0; j < backup->domain_count; j++)
            line_widen(&widths, NULL, backup->domain_texts[j]);
    }
    return widths;
}

int command_history(const struct arguments *arguments)
{
    struct output output = {.stream = stdout};
    struct history_request request = {.kind = arguments->messages ? HISTORY_MESSAGES
                                              : arguments->drills ? HISTORY_DRILLS
                                                                  : HISTORY_ANSWERS,
                                      .form = arguments->json  ? HISTORY_JSON
                                              : arguments->csv ? HISTORY_CSV
                                                               : HISTORY_TEXT,
                                      .look = setup_look(arguments)};
    struct history_names names;
    struct store *store = NULL;
    struct config *config = NULL;
    size_t count = 0;
    struct error error;
    enum status status = read_filter(arguments, &request.filter, &error);

    if (status == STATUS_OK) {
        config = setup_config(arguments, NULL, NULL);
        if (config == NULL)
            return EXIT_STATUS_CONFIG;
        request.widths = find_widths(config);
        status = past_open(&store, config, &error);
    }
    if (status == STATUS_OK)
        status = history_names_find(&names, arguments->names, arguments->name_count, config, store,
                                    &error);
    if (status == STATUS_OK) {
        request.filter.names = names.names;
        request.filter.name_count = names.count;
        status = history_form_write(&output, store, &request, &count, &error);
    }
    if (status == STATUS_OK && count == 0 && !arguments->quiet)
        output_tell("mxpull: there is nothing of that in the past");
    store_close(store);
    if (status == STATUS_OK && past_trouble(config, &error))
        status = STATUS_SYSTEM;
    config_free(config);
    if (status != STATUS_OK)
        output_tell("mxpull: %s", error.text);
    if (status == STATUS_SYNTAX)
        return EXIT_STATUS_USAGE;
    return output_finish(&output) && status == STATUS_OK ? EXIT_STATUS_OK : EXIT_STATUS_TEMPORARY;
}

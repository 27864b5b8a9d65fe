/* The lines of a script that say what is answered, when, and what goes wrong. */
#include "fault.h"
#include "script_parser.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

enum {
    ENDLESS_CHUNK = 16 * 1024
};

static const struct range range_all = {1, INT64_MAX};

bool read_duration(const char *text, int64_t *us)
{
    static const struct {
        const char *unit;
        int64_t us;
    } units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}};
    size_t digits = strspn(text, "0123456789");
    char number[16];
    int64_t value;

    if (digits == 0 || digits >= sizeof number)
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (!text_to_number(number, 0, 1000000000, &value))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text + digits, units[i].unit) == 0) {
            *us = value * units[i].us;
            return true;
        }
    }
    *us = 0;
    return value == 0 && text[digits] == '\0';
}

bool read_range(const char *text, struct range *range)
{
    char number[24];
    size_t size = strlen(text);
    bool and_later = size > 1 && text[size - 1] == '+';

    if (!text_copy(number, sizeof number, text))
        return false;
    if (and_later)
        number[size - 1] = '\0';
    if (!text_to_number(number, 1, INT64_MAX - 1, &range->first))
        return false;
    range->last = and_later ? INT64_MAX : range->first;
    return true;
}

static bool is_times(const struct word *word, int64_t *times)
{
    return !word->quoted && word->text[0] == '*' &&
           text_to_number(word->text + 1, 1, 100000000, times);
}

static bool is_raw(struct arguments words)
{
    for (size_t i = 0; i < words.count; i++) {
        if (!words.list[i].quoted && text_equal(words.list[i].text, "raw"))
            return true;
    }
    return false;
}

/* Reads literals, each perhaps followed by *N, to the first other word; *used says how many words
 * they were. */
enum status read_literals(struct arguments words, struct buffer *text, size_t *used,
                          struct error *error)
{
    bool raw = is_raw(words);
    size_t i = 0;

    while (i < words.count && words.list[i].quoted) {
        const struct word *literal = &words.list[i++];
        int64_t times = 1;
        if (i < words.count && is_times(&words.list[i], &times))
            i++;
        for (; times > 0; times--) {
            bool ends = literal->size > 0 && literal->text[literal->size - 1] == '\n';
            if (buffer_append(text, literal->text, literal->size) != STATUS_OK ||
                (!raw && !ends && buffer_append_text(text, "\r\n") != STATUS_OK))
                return error_set(error, STATUS_LIMIT, "a text of more than 64 MiB");
        }
    }
    *used = i;
    return STATUS_OK;
}

/* Reads the words behind a rule's literals. */
static enum status read_action(struct arguments words, struct rule *rule, struct error *error)
{
    rule->cut = SIZE_MAX;
    for (size_t i = 0; i < words.count; i++) {
        const char *word = words.list[i].text;
        char name[16];
        int64_t bytes;
        if (words.list[i].quoted || text_equal(word, "raw")) {
            if (words.list[i].quoted)
                return error_set(error, STATUS_SYNTAX, "a literal behind an action");
        } else if (text_equal(word, "endless")) {
            rule->action = ACTION_ENDLESS;
        } else if (fault_action(word, &rule->action)) {
            continue;
        } else if (text_copy(name, sizeof name, word) && strlen(word) > 6 &&
                   text_equal(word + 5, "-after") &&
                   (name[5] = '\0', fault_action(name, &rule->action)) && i + 1 < words.count &&
                   text_to_number(words.list[i + 1].text, 0, TEXT_SIZE_MAX, &bytes)) {
            rule->cut = (size_t)bytes;
            i++;
        } else {
            return error_set(
                error, STATUS_SYNTAX,
                "%s: close, reset, stall, endless, raw, close-after BYTES, reset-after BYTES or "
                "stall-after BYTES was expected",
                word);
        }
    }
    return STATUS_OK;
}

/* What is repeated without end is sent in larger pieces. */
static void multiply(struct buffer *text)
{
    char *once = memory_copy_part(text->bytes, text->size);
    size_t size = text->size;

    for (size_t copies = ENDLESS_CHUNK / size; copies > 1; copies--)
        (void)buffer_append(text, once, size);
    free(once);
}

/* Adds a rule of literals and an action. The verb and the argument (NULL: any) become copies. */
static enum status add_rule(struct parser *parser, const char *verb, const char *argument,
                            struct range turn, struct arguments words, enum action action,
                            struct error *error)
{
    struct rule rule = {.turn = turn, .connections = parser->connections, .action = action};
    struct buffer text;
    size_t used = 0;

    buffer_init(&text, TEXT_SIZE_MAX);
    enum status status = read_literals(words, &text, &used, error);
    if (status == STATUS_OK)
        status =
            read_action((struct arguments){words.list + used, words.count - used}, &rule, error);
    if (status == STATUS_OK && used == 0 && rule.action == ACTION_NONE)
        status = error_set(error, STATUS_SYNTAX, "a \"literal reply\" or an action is missing");
    if (status == STATUS_OK && rule.action == ACTION_ENDLESS && text.size == 0)
        status = error_set(error, STATUS_SYNTAX, "endless wants a \"text\"");
    if (status == STATUS_OK) {
        if (rule.action == ACTION_ENDLESS)
            multiply(&text);
        rule.verb = memory_copy(verb);
        rule.argument = memory_copy(argument);
        rule.text = used > 0 ? memory_copy_part(text.bytes, text.size) : NULL;
        rule.size = text.size;
        *APPEND(parser->section->rules, parser->section->rule_count) = rule;
    }
    buffer_done(&text);
    return status;
}

static enum status read_greeting(struct parser *parser, struct arguments words, struct error *error)
{
    return add_rule(parser, "GREETING", NULL, range_all, words, ACTION_NONE, error);
}

static enum status read_ehlo(struct parser *parser, struct arguments words, struct error *error)
{
    return add_rule(parser, "EHLO", NULL, range_all, words, ACTION_NONE, error);
}

static bool is_like_reply(const struct word *word)
{
    const char *text = word->text;

    return word->quoted && word->size >= 3 && strspn(text, "0123456789") == 3 &&
           (text[3] == '\0' || strchr(" -\r\n", text[3]) != NULL);
}

/* Whether `reply VERB` goes on with an argument: a bare word that is no action, or a quoted one in
 * front of a reply. */
static bool begins_with_argument(struct arguments words)
{
    enum action action;
    const struct word *first = &words.list[0];

    if (first->quoted)
        return words.count > 1 && !is_like_reply(first) && is_like_reply(&words.list[1]);
    return !fault_action(first->text, &action) && !text_starts_with(first->text, "close-after") &&
           !text_starts_with(first->text, "reset-after") &&
           !text_starts_with(first->text, "stall-after");
}

static enum status read_reply(struct parser *parser, struct arguments words, struct error *error)
{
    struct range turn = range_all;
    const char *argument = NULL;
    char verb[64];

    if (words.list[0].quoted || !text_copy(verb, sizeof verb, words.list[0].text))
        return error_set(error, STATUS_SYNTAX,
                         "reply VERB [\"ARGUMENT\"] \"literal reply\" [action]");
    char *number = strchr(verb, '#');
    if (number != NULL) {
        *number = '\0';
        if (!read_range(number + 1, &turn))
            return error_set(error, STATUS_SYNTAX, "%s: VERB#N or VERB#N+ was expected",
                             words.list[0].text);
    }
    words.list++, words.count--;
    if (begins_with_argument(words)) {
        argument = words.list[0].text;
        words.list++, words.count--;
    }
    return add_rule(parser, verb, argument, turn, words, ACTION_NONE, error);
}

static enum status read_fault(struct parser *parser, struct arguments words, struct error *error)
{
    static const struct {
        const char *name;
        enum fault_kind kind;
    } kinds[] = {{"after-bytes", FAULT_BYTES},
                 {"after-commands", FAULT_COMMANDS},
                 {"after-turn-bytes", FAULT_TURNED_BYTES}};
    const char *kind = words.list[0].text;
    struct fault fault = {.connections = parser->connections};
    struct arguments rest = {words.list + 1, words.count - 1};

    if (text_equal(kind, "endless"))
        return add_rule(parser, "GREETING", NULL, range_all, rest, ACTION_ENDLESS, error);
    if (text_equal(kind, "endless-ehlo"))
        return add_rule(parser, "EHLO", NULL, range_all, rest, ACTION_ENDLESS, error);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (text_equal(kind, kinds[i].name) && words.count == 3 &&
            text_to_number(words.list[1].text, 0, INT64_MAX / 4, &fault.count) &&
            fault_action(words.list[2].text, &fault.action)) {
            fault.kind = kinds[i].kind;
            *APPEND(parser->section->faults, parser->section->fault_count) = fault;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_SYNTAX,
                     "fault after-bytes|after-commands|after-turn-bytes N close|reset|stall, or "
                     "fault endless|endless-ehlo \"text\"");
}

static enum status read_drip(struct parser *parser, struct arguments words, struct error *error)
{
    struct fault drip = {.kind = FAULT_DRIP, .connections = parser->connections};

    if (!text_to_number(words.list[0].text, 1, INT64_MAX / 4, &drip.count) ||
        !read_duration(words.list[1].text, &drip.us))
        return error_set(error, STATUS_SYNTAX, "drip BYTES DURATION");
    *APPEND(parser->section->faults, parser->section->fault_count) = drip;
    return STATUS_OK;
}

static enum status read_delay(struct parser *parser, struct arguments words, struct error *error)
{
    struct delay delay = {.connections = parser->connections};
    const char *last = words.list[words.count - 1].text;
    bool is_until = words.count == 3 && text_equal(words.list[1].text, "until");

    if (!is_until && (words.count == 3 || !read_duration(last, &delay.us)))
        return error_set(error, STATUS_SYNTAX,
                         "delay [VERB] DURATION, such as 20ms or 2s, or delay VERB until FILE");
    if (is_until)
        delay.file = memory_copy(last);
    if (words.count > 1)
        delay.verb = memory_copy(words.list[0].text);
    *APPEND(parser->section->delays, parser->section->delay_count) = delay;
    return STATUS_OK;
}

static enum status read_turn(struct parser *parser, struct arguments words, struct error *error)
{
    static const char *const kinds[] = {
        [STEP_SAY] = "say",         [STEP_EXPECT] = "expect", [STEP_ENDLESS] = "endless",
        [STEP_DELIVER] = "deliver", [STEP_CLOSE] = "close",   [STEP_RESET] = "reset",
        [STEP_STALL] = "stall"};
    struct step step = {.connections = parser->connections};
    struct buffer text;
    size_t kind = 0, used = 0;

    while (kind < COUNT_OF(kinds) && !text_equal(kinds[kind], words.list[0].text))
        kind++;
    bool speaks = kind == STEP_SAY || kind == STEP_ENDLESS;
    if (kind == COUNT_OF(kinds) || speaks != (words.count > 1))
        return error_set(error, STATUS_SYNTAX,
                         "turn say|endless \"text\", or turn expect|deliver|close|reset|stall");
    step.kind = (enum step_kind)kind;
    buffer_init(&text, TEXT_SIZE_MAX);
    struct arguments literals = {words.list + 1, words.count - 1};
    enum status status = read_literals(literals, &text, &used, error);
    if (status == STATUS_OK && (speaks && text.size == 0))
        status = error_set(error, STATUS_SYNTAX, "turn %s wants a \"text\"", kinds[kind]);
    if (status == STATUS_OK) {
        if (step.kind == STEP_ENDLESS)
            multiply(&text);
        step.text = memory_copy_part(text.bytes, text.size);
        step.size = text.size;
        *APPEND(parser->section->steps, parser->section->step_count) = step;
    }
    buffer_done(&text);
    return status;
}

const struct directive rule_directives[] = {
    {"delay", read_delay, 1, 3, FOR_CONNECTION},
    {"greeting", read_greeting, 1, WORDS_MAX, FOR_CONNECTION},
    {"ehlo", read_ehlo, 1, WORDS_MAX, FOR_CONNECTION},
    {"reply", read_reply, 2, WORDS_MAX, FOR_CONNECTION},
    {"fault", read_fault, 2, WORDS_MAX, FOR_CONNECTION},
    {"turn", read_turn, 1, WORDS_MAX, FOR_CONNECTION},
    {"drip", read_drip, 2, 2, FOR_CONNECTION},
    {NULL, NULL, 0, 0, FOR_SCRIPT}};

/* An answer, or many of the same kind, as a line for a person. */
#include "result_line.h"
#include "line.h"
#include "volume.h"
#include <mxpull/base/text.h>
#include <mxpull/session/advice.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns are as wide as their widest cell, but for a few monsters nobody else is moved to the
 * right. OUTCOME_WIDTH holds the longest name of an outcome. */
enum {
    BACKUP_WIDTH_MAX = 24,
    DOMAIN_WIDTH_MAX = 40,
    OUTCOME_WIDTH = 14,
    ADVICE_INDENT = 6,
    SAID_SIZE_MAX = 8 * 1024
};

static size_t wider(size_t width, const char *text, size_t max)
{
    size_t columns = text != NULL ? line_columns(text) : 0;

    return columns > width && columns <= max ? columns : width;
}

struct result_widths result_widths(const struct result *const results[], size_t count)
{
    struct result_widths widths = {0};
    const struct backup_config *backup = NULL;

    for (size_t i = 0; i < count; i++) {
        if (results[i]->backup != backup) {
            backup = results[i]->backup;
            widths.backup = wider(widths.backup, backup->name, BACKUP_WIDTH_MAX);
        }
        widths.domain = wider(widths.domain, results[i]->domain, DOMAIN_WIDTH_MAX);
    }
    return widths;
}

bool result_is_good(const struct result *result)
{
    return result->dry || result_grade(result) == GRADE_GOOD;
}

/* "3 messages, 12.4 KB" where a session was reversed. Of a refused one the text says it. */
static void add_received(struct line *line, const struct result *result)
{
    char volume[VOLUME_TEXT_SIZE], text[2 * VOLUME_TEXT_SIZE + 16];

    if (result->messages < 0 || result->outcome == OUTCOME_REFUSED ||
        (result->messages == 0 && result->outcome != OUTCOME_RECEIVED))
        return;
    (void)snprintf(text, sizeof text, "%lld message%s, %s", (long long)result->messages,
                   result->messages == 1 ? "" : "s", volume_format(volume, result->bytes));
    line_cell(line, STYLE_PLAIN, text, 0);
}

/* What was said: the code and the reply's text, or our own words. */
static void add_said(struct line *line, const struct answers *answers)
{
    const struct result *result = answers->first;
    struct buffer said;

    buffer_init(&said, 2 * SAID_SIZE_MAX);
    if (result->code > 0)
        (void)buffer_append_format(&said, "%d", result->code);
    if (result->code > 0 && result->text != NULL && *result->text != '\0')
        (void)buffer_append_text(&said, " ");
    if (result->text != NULL)
        text_append_cut(&said, result->text, SAID_SIZE_MAX);
    if (answers->names != NULL)
        (void)buffer_append_format(&said, ": %s", answers->names);
    line_last(line, STYLE_PLAIN, said.bytes, ADVICE_INDENT);
    buffer_done(&said);
}

static void add_advice(struct buffer *text, const struct result *result,
                       const struct result_style *style)
{
    char *advice = advice_new(result);
    struct line line;

    if (*advice != '\0' && (style->advice == NULL || said_first(style->advice, advice))) {
        line_init(&line, text, style->columns, style->color);
        line_indent(&line, ADVICE_INDENT);
        line_last(&line, STYLE_DIM, advice, ADVICE_INDENT);
        (void)buffer_append_text(text, "\n");
    }
    free(advice);
}

/* "your mail server 127.0.0.1:25 does not answer: connection refused; nothing was asked of 60 backups
 * (120 domains)" */
static void add_held(struct line *line, const struct answers *answers)
{
    struct buffer sentence;

    buffer_init(&sentence, 2 * SAID_SIZE_MAX);
    const char *backups_end = answers->backups == 1 ? "" : "s",
               *domains_end = answers->count == 1 ? "" : "s";

    if (answers->is_part)
        (void)buffer_append_format(
            &sentence, "%s; not asked for: %zu domain%s of %zu backup%s (%s)", answers->text,
            answers->count, domains_end, answers->backups, backups_end, answers->names);
    else
        (void)buffer_append_format(
            &sentence, "%s; nothing was asked of %zu backup%s (%zu domain%s)", answers->text,
            answers->backups, backups_end, answers->count, domains_end);
    line_last(line, STYLE_WARNING, sentence.bytes, ADVICE_INDENT);
    buffer_done(&sentence);
}

/* Whether a line of these columns has the names and the outcome whole. */
static bool fits(const struct answers *answers, const struct result_style *style)
{
    enum {
        GAPS = 4
    };
    size_t names = wider(style->widths.backup, answers->first->backup->name, SIZE_MAX);

    if (answers->count == 1 && answers->first->domain != NULL)
        names += wider(style->widths.domain, answers->first->domain, SIZE_MAX);
    else
        names += style->widths.domain;
    return names + GAPS + OUTCOME_WIDTH <= style->columns;
}

/* A cell of the line, or lines of its own. */
static void add_name(struct line *line, const char *name, size_t width, bool is_whole)
{
    if (is_whole) {
        line_cell(line, STYLE_PLAIN, name, width);
        return;
    }
    line_last(line, STYLE_PLAIN, name, ADVICE_INDENT);
    (void)buffer_append_text(line->target, "\n");
    line_init(line, line->target, line->columns, line->color);
    line_indent(line, ADVICE_INDENT);
}

static void add_answer(struct line *line, const struct answers *answers,
                       const struct result_style *style, bool is_whole)
{
    const struct result *result = answers->first;
    char domains[32];

    (void)snprintf(domains, sizeof domains, "%zu domains", answers->count);
    add_name(line, answers->count > 1 ? domains : result->domain, style->widths.domain, is_whole);
    line_cell(line, line_style_of(result->outcome), outcome_name(result->outcome), OUTCOME_WIDTH);
    add_received(line, result);
    add_said(line, answers);
}

void result_line_format(struct buffer *text, const struct answers *answers,
                        const struct result_style *style)
{
    const struct result *result = answers->first;
    bool is_held = answers->count > 1 && result->outcome == OUTCOME_HELD;
    bool is_whole = fits(answers, style);
    struct line line;

    line_init(&line, text, style->columns, style->color);
    if (is_held)
        add_held(&line, answers);
    else
        add_name(&line, result->backup->name, style->widths.backup, is_whole);
    if (result->dry) {
        line_cell(&line, STYLE_GOOD, "would send", 0);
        line_cell(&line, STYLE_PLAIN, result->command != NULL ? result->command : "", 0);
    } else if (!is_held) {
        add_answer(&line, answers, style, is_whole);
    }
    (void)buffer_append_text(text, "\n");
    if (!result_is_good(result) && !is_held)
        add_advice(text, result, style);
}

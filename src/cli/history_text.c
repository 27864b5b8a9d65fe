/* The past for a person: a line for each answer or message. */
#include "history_form.h"
#include "line.h"
#include "span.h"
#include "volume.h"
#include <mxpull/base/text.h>

#include <stdio.h>

enum {
    OUTCOME_WIDTH = 14,
    CAUSE_WIDTH = 8,
    ELAPSED_WIDTH = 7,
    BEHIND_NAMES = OUTCOME_WIDTH + CAUSE_WIDTH + ELAPSED_WIDTH + 2 * 2, /* with two gaps */
    VOLUME_WIDTH = 8,
    CELL_SIZE = 32,
    SAID_SIZE_MAX = 8 * 1024,
    INDENT = 6,
    SECOND_MS = 1000,
    MINUTE_MS = 60 * 1000
};

static void begin_line(struct line *line, struct buffer *text, const struct history_style *style,
                       int64_t at_ms)
{
    char stamp[CLOCK_TEXT_SIZE];

    line_init(line, text, style->columns, style->color);
    line_cell(line, STYLE_DIM, clock_local_text(stamp, at_ms), 0);
}

/* The code and what was said, as the last cell of the line: whole. */
static void end_line(struct line *line, struct buffer *text, int code, const char *said)
{
    struct buffer whole;

    buffer_init(&whole, SAID_SIZE_MAX + CELL_SIZE);
    if (code > 0)
        (void)buffer_append_format(&whole, "%d%s", code, said != NULL && *said != '\0' ? " " : "");
    if (said != NULL)
        text_append_cut(&whole, said, SAID_SIZE_MAX);
    line_last(line, STYLE_PLAIN, whole.bytes, INDENT);
    (void)buffer_append_text(text, "\n");
    buffer_done(&whole);
}

/* "18 ms", "1.8 s", "3m" */
static char *elapsed_format(char target[CELL_SIZE], int64_t ms)
{
    char span[SPAN_TEXT_SIZE];

    if (ms < SECOND_MS)
        (void)snprintf(target, CELL_SIZE, "%lld ms", (long long)ms);
    else if (ms < MINUTE_MS)
        (void)snprintf(target, CELL_SIZE, "%lld.%lld s", (long long)(ms / 1000),
                       (long long)(ms % 1000 / 100));
    else
        (void)snprintf(target, CELL_SIZE, "%s", span_format(span, ms / 1000));
    return target;
}

static void add_received(struct line *line, const struct store_answer *answer)
{
    char volume[VOLUME_TEXT_SIZE], text[2 * CELL_SIZE];

    if (answer->messages <= 0)
        return;
    (void)snprintf(text, sizeof text, "%lld message%s, %s", (long long)answer->messages,
                   answer->messages == 1 ? "" : "s",
                   volume_format(volume, answer->bytes > 0 ? answer->bytes : 0));
    line_cell(line, STYLE_PLAIN, text, 0);
}

void history_text_answer(struct buffer *text, const struct history_style *style,
                         const struct store_row *row)
{
    const struct store_answer *answer = &row->answer;
    char elapsed[CELL_SIZE];
    struct line line;

    begin_line(&line, text, style, answer->at_ms);
    line_names(&line, row->backup, answer->domain, style->widths, BEHIND_NAMES);
    line_cell(&line, line_style_of_grade(answer->grade), answer->outcome, OUTCOME_WIDTH);
    line_cell(&line, STYLE_PLAIN, row->cause, CAUSE_WIDTH);
    line_cell(&line, STYLE_PLAIN, elapsed_format(elapsed, answer->ms), ELAPSED_WIDTH);
    add_received(&line, answer);
    end_line(&line, text, answer->code, answer->text);
}

/* "2026-11-23 17:00:00  mx2  12.4 KB  a@example.net -> b@example.com  250 OK" */
void history_text_message(struct buffer *text, const struct history_style *style,
                          const struct store_message *message)
{
    char volume[VOLUME_TEXT_SIZE];
    struct buffer path;
    struct line line;

    buffer_init(&path, SAID_SIZE_MAX);
    text_append_cut(&path, *message->sender != '\0' ? message->sender : "<>", SAID_SIZE_MAX / 2);
    (void)buffer_append_text(&path, " -> ");
    text_append_cut(&path, message->recipients, SAID_SIZE_MAX);
    begin_line(&line, text, style, message->at_ms);
    line_names(&line, message->backup, "", (struct line_widths){.backup = style->widths.backup},
               BEHIND_NAMES);
    line_cell(&line, STYLE_PLAIN, volume_format(volume, message->bytes > 0 ? message->bytes : 0),
              VOLUME_WIDTH);
    line_cell(&line, STYLE_PLAIN, path.bytes, 0);
    end_line(&line, text, message->code, message->text);
    buffer_done(&path);
}

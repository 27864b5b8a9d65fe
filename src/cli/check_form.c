/* Findings as lines and as JSON. Their texts are printable already. */
#include "check_form.h"
#include "json.h"
#include "words.h"
#include <mxpull/base/text.h>

#include <stdio.h>
#include <string.h>

enum {
    SEVERITY_WIDTH = 4,
    SUBJECT_WIDTH_MIN = 8, /* most groups stand below each other then */
    SUBJECT_WIDTH_MAX = 20,
    GAP = 2,
    INDENT = SEVERITY_WIDTH + GAP
};

static const struct {
    const char *word, *key;
    enum style style;
} severities[] = {[SEVERITY_OK] = {"OK", "ok", STYLE_GOOD},
                  [SEVERITY_WARN] = {"WARN", "warn", STYLE_WARNING},
                  [SEVERITY_FAIL] = {"FAIL", "fail", STYLE_BAD},
                  [SEVERITY_SKIP] = {"SKIP", "skip", STYLE_DIM}};

static bool is_wrong(const struct finding *finding)
{
    return finding->severity == SEVERITY_WARN || finding->severity == SEVERITY_FAIL;
}

/* "domain example.com", "backup mx2", "your mail server 127.0.0.1:25", "configuration /etc/mxpull.conf" */
static void add_heading(const struct check_page *page, struct buffer *text,
                        const struct findings *findings)
{
    struct line line = line_begin(text, page->look);
    const char *kind = "", *name = "";

    switch (findings->topic) {
    case TOPIC_DOMAIN:
        kind = "domain ";
        name = findings->domain;
        break;
    case TOPIC_BACKUP:
        kind = "backup ";
        name = findings->backup->name;
        break;
    case TOPIC_PRIMARY:
        kind = "your mail server ";
        name = page->config->primary.address.text;
        break;
    case TOPIC_CONFIGURATION:
        kind = "configuration ";
        name = page->config->path;
        break;
    }
    line_cell(&line, STYLE_PLAIN, kind, 0);
    line_join(&line);
    line_last(&line, STYLE_PLAIN, name, INDENT);
}

static void add_finding(const struct check_page *page, struct buffer *text,
                        const struct finding *finding, size_t subject_width)
{
    struct line line = line_begin(text, page->look);

    line_cell(&line, severities[finding->severity].style, severities[finding->severity].word,
              SEVERITY_WIDTH);
    line_cell(&line, STYLE_PLAIN, finding->subject, subject_width);
    line_last_shown(&line, STYLE_PLAIN, finding->text, INDENT + subject_width + GAP);
    if (finding->advice != NULL) {
        line = line_begin(text, page->look);
        line_indent(&line, INDENT);
        line_last_shown(&line, STYLE_DIM, finding->advice, INDENT);
    }
    for (const char *rest = finding->block; rest != NULL && *rest != '\0';
         rest += rest[0] == '\n') {
        size_t size = strcspn(rest, "\n");

        (void)buffer_append_format(text, "%*s", INDENT, "");
        text_visible(text, rest, size);
        (void)buffer_append_text(text, "\n");
        rest += size;
    }
}

void check_form_group(struct check_page *page, struct buffer *text, const struct findings *findings)
{
    size_t width = SUBJECT_WIDTH_MIN, shown = 0;

    for (size_t i = 0; i < findings->count; i++) {
        size_t columns = line_columns(findings->list[i].subject);

        if (page->only_wrong && !is_wrong(&findings->list[i]))
            continue;
        shown++;
        width = columns > width && columns <= SUBJECT_WIDTH_MAX ? columns : width;
    }
    if (shown == 0)
        return;
    if (page->groups++ > 0)
        (void)buffer_append_text(text, "\n");
    add_heading(page, text, findings);
    for (size_t i = 0; i < findings->count; i++) {
        if (!page->only_wrong || is_wrong(&findings->list[i]))
            add_finding(page, text, &findings->list[i], width);
    }
}

struct check_counts check_form_count(const struct findings *groups, size_t count)
{
    struct check_counts counts = {0};

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < groups[i].count; j++)
            counts.of[groups[i].list[j].severity]++;
    }
    return counts;
}

void check_form_summary(struct buffer *text, struct check_counts counts, int64_t elapsed_ms,
                        size_t open, size_t of)
{
    (void)buffer_append_format(text, "%zu ok, %s, %zu failed, %zu skipped", counts.of[SEVERITY_OK],
                               word_count(counts.of[SEVERITY_WARN], "warning").text,
                               counts.of[SEVERITY_FAIL], counts.of[SEVERITY_SKIP]);
    words_append_elapsed(text, elapsed_ms);
    if (open > 0)
        (void)buffer_append_format(text, "; " CHECK_STOPPED, open, of);
    (void)buffer_append_text(text, "\n");
}

static json_t *finding_value(const struct findings *findings, const struct finding *finding)
{
    json_t *object = json_object();

    json_set(object, "id", json_own(finding->id));
    json_set(object, "severity", json_own(severities[finding->severity].key));
    json_set(object, "domain", json_own(finding->domain));
    json_set(object, "backup", json_own(findings->backup != NULL ? findings->backup->name : NULL));
    json_set(object, "subject", json_own(finding->subject));
    json_set(object, "text", json_own(finding->text));
    json_set(object, "advice", json_own(finding->advice));
    return object;
}

void check_form_json(struct output *output, const struct findings *groups, size_t count,
                     int64_t checked_wall_ms, int exit_status)
{
    const struct check_counts counts = check_form_count(groups, count);
    json_t *object = json_object(), *list = json_array(), *summary = json_object();

    json_set(object, "checked", json_stamp(checked_wall_ms));
    json_set(object, "exit_status", json_integer(exit_status));
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < groups[i].count; j++)
            (void)json_array_append_new(list, finding_value(&groups[i], &groups[i].list[j]));
    }
    json_set(object, "findings", list);
    for (size_t i = 0; i < COUNT_OF(counts.of); i++)
        json_set(summary, severities[i].key, json_integer((json_int_t)counts.of[i]));
    json_set(object, "summary", summary);
    json_write(output, object);
}

/* The status for a person. */
#include "status.h"

enum {
    LABEL_WIDTH = 7,
    GAP = 2
};

static struct word ago(const struct status_view *view, int64_t at_ms)
{
    return word_span((view->now_ms - at_ms) / 1000);
}

/* `label  [subject  ]word` with the sentence right behind it. */
static void add_labelled(const struct status_page *page, const char *label, const char *subject,
                         enum style style, const char *word, const char *sentence)
{
    struct line line = line_begin(page->text, page->look);

    line_cell(&line, STYLE_PLAIN, label, LABEL_WIDTH);
    if (subject != NULL)
        line_cell(&line, STYLE_PLAIN, subject, 0);
    line_cell(&line, style, word, 0);
    line_join(&line);
    line_last(&line, STYLE_PLAIN, sentence, LABEL_WIDTH + GAP);
}

/* ---- the primary and the daemon ---- */

/* "; last outage 2026-11-20 07:12, 49m: no connection" */
static void append_outage(struct buffer *sentence, const struct status_view *view)
{
    const struct store_outage *outage = &view->outage;
    bool lasts = outage->ended_ms == 0;

    if (!view->has_outage || (lasts && view->primary == OUTAGE_DOWN))
        return;
    (void)buffer_append_format(sentence, "; last outage %s, %s", word_minute(outage->began_ms).text,
                               lasts
                                   ? "its end was not seen"
                                   : word_span((outage->ended_ms - outage->began_ms) / 1000).text);
    if (outage->why[0] != '\0')
        (void)buffer_append_format(sentence, ": %s", status_primary_text(view, outage->why));
}

/* "; nothing was asked of 60 backups (120 domains)", instead of a line below each of them */
static void append_held(struct buffer *sentence, const struct status_view *view)
{
    const struct status_backup *backup = NULL;
    size_t backups = 0, domains = 0;

    for (size_t i = 0; i < view->domain_count; i++) {
        if (!status_is_held_by_primary(view, &view->domains[i]))
            continue;
        backups += view->domains[i].backup != backup;
        backup = view->domains[i].backup;
        domains++;
    }
    if (domains > 0)
        (void)buffer_append_format(sentence, "; nothing was asked of %s (%s)",
                                   word_count(backups, "backup").text,
                                   word_count(domains, "domain").text);
}

/* " for 3d4h, looked at 12s ago", ", was up when looked at last, 2026-11-20 07:12 (3d4h ago)" */
static void add_primary(const struct status_page *page, struct buffer *sentence)
{
    static const struct {
        const char *word;
        enum style style;
    } states[] = {
        [OUTAGE_UNKNOWN] = {"unknown", STYLE_DIM},
        [OUTAGE_UP] = {"up", STYLE_GOOD},
        [OUTAGE_DOWN] = {"DOWN", STYLE_BAD},
    };
    const struct status_view *view = page->view;
    const struct store_life *life = &view->life;

    if (page->only_wrong && view->primary != OUTAGE_DOWN)
        return;
    if (view->primary == OUTAGE_UNKNOWN && life->looked_ms != 0)
        (void)buffer_append_format(sentence, ", was %s when looked at last, %s (%s ago)",
                                   life->is_up ? "up" : "down", word_minute(life->looked_ms).text,
                                   ago(view, life->looked_ms).text);
    else if (view->primary == OUTAGE_UNKNOWN)
        (void)buffer_append_text(sentence, life->has_looked
                                               ? ", looked at last at a time that is not known"
                                               : ", never looked at");
    else
        (void)buffer_append_format(sentence, "%s%s, looked at %s ago",
                                   life->since_ms > 0 ? " for " : "",
                                   life->since_ms > 0 ? ago(view, life->since_ms).text : "",
                                   ago(view, life->looked_ms).text);
    if (view->primary != OUTAGE_UNKNOWN && life->text[0] != '\0')
        (void)buffer_append_format(sentence, "%s%s", life->is_up ? "; now: " : ": ",
                                   status_primary_text(view, life->text));
    append_held(sentence, view);
    append_outage(sentence, view);
    add_labelled(page, "primary", view->config->primary.address.text, states[view->primary].style,
                 states[view->primary].word, sentence->bytes);
}

static void add_daemon(const struct status_page *page, struct buffer *sentence)
{
    static const char *const words[] = {
        [DAEMON_NEVER] = "never ran", [DAEMON_ALIVE] = "alive", [DAEMON_GONE] = "not running"};
    const struct status_view *view = page->view;
    const struct store_life *life = &view->life;
    enum style style = view->daemon_health != HEALTH_OK ? STYLE_WARNING
                       : view->daemon == DAEMON_ALIVE   ? STYLE_GOOD
                                                        : STYLE_DIM;

    if (page->only_wrong && view->daemon_health == HEALTH_OK)
        return;
    buffer_clear(sentence);
    if (view->daemon == DAEMON_NEVER)
        (void)buffer_append_text(sentence, "; polls by hand or cron alone");
    else if (view->daemon == DAEMON_GONE)
        (void)buffer_append_format(
            sentence, ": %s %s", life->has_ended ? "ended" : "last sign of life",
            life->alive_ms != 0 ? word_minute(life->alive_ms).text : "at a time that is not known");
    if (view->daemon != DAEMON_NEVER && life->alive_ms != 0)
        (void)buffer_append_format(sentence, view->daemon == DAEMON_GONE ? " (%s ago)" : " %s ago",
                                   ago(view, life->alive_ms).text);
    add_labelled(page, "daemon", NULL, style, words[view->daemon], sentence->bytes);
}

static void add_log(const struct status_page *page, struct buffer *sentence)
{
    const struct store_log *log = &page->view->log;

    if (log->missing == 0)
        return;
    buffer_clear(sentence);
    (void)buffer_append_format(sentence, ": %llu line%s missing, the first one %s ago: %s",
                               (unsigned long long)log->missing,
                               log->missing == 1 ? " is" : "s are",
                               ago(page->view, log->since_ms).text, log->why);
    add_labelled(page, "log", NULL, STYLE_WARNING, "not complete", sentence->bytes);
}

void status_text_life(const struct status_page *page)
{
    struct buffer sentence;

    buffer_init(&sentence, STATUS_SENTENCE_SIZE_MAX);
    add_primary(page, &sentence);
    add_daemon(page, &sentence);
    add_log(page, &sentence);
    buffer_done(&sentence);
}

void status_append_sum(struct buffer *sentence, const struct status_view *view)
{
    (void)buffer_append_format(
        sentence, "%s, %s: %zu ok", word_count(view->backup_count, "backup").text,
        word_count(view->domain_count, "domain").text, view->counts[COUNT_OK]);
    for (size_t i = COUNT_OK + 1; i < COUNT_KINDS; i++) {
        if (view->counts[i] > 0)
            (void)buffer_append_format(sentence, ", %zu %s", view->counts[i],
                                       status_count_names[i]);
    }
}

void status_text_format(const struct status_page *page)
{
    struct buffer sum;

    status_text_life(page);
    (void)buffer_append_text(page->text, page->only_wrong ? "" : "\n");
    status_table_add(page);
    if (page->only_wrong)
        return;
    (void)buffer_append_text(page->text, "\n");
    buffer_init(&sum, STATUS_SENTENCE_SIZE_MAX);
    status_append_sum(&sum, page->view);
    struct line line = line_begin(page->text, page->look);
    line_last(&line, STYLE_PLAIN, sum.bytes, GAP);
    buffer_done(&sum);
}

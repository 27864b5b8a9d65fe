/* The status for a person: whether all is well must be seen at once, and what is wrong must be said
 * where it is. */
#include "status_forms.h"

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

    if (!view->has_outage || (lasts && view->primary == PRIMARY_DOWN))
        return;
    (void)buffer_append_format(sentence, "; last outage %s, %s", word_minute(outage->began_ms).text,
                               lasts
                                   ? "its end was not seen"
                                   : word_span((outage->ended_ms - outage->began_ms) / 1000).text);
    if (outage->why[0] != '\0')
        (void)buffer_append_format(sentence, ": %s", status_primary_text(view, outage->why));
}

/* " for 3d4h, looked at 12s ago" */
static void append_looked(struct buffer *sentence, const struct status_view *view)
{
    const struct store_life *life = &view->life;

    if (life->since_ms > 0)
        (void)buffer_append_format(sentence, " for %s", ago(view, life->since_ms).text);
    (void)buffer_append_format(sentence, ", looked at %s ago", ago(view, life->looked_ms).text);
    if (life->text[0] != '\0')
        (void)buffer_append_format(sentence, "%s%s", life->is_up ? "; now: " : ": ",
                                   status_primary_text(view, life->text));
}

/* ", was up when looked at last, 2026-11-20 07:12 (3d4h ago)" */
static void append_looked_long_ago(struct buffer *sentence, const struct status_view *view)
{
    const struct store_life *life = &view->life;

    if (life->looked_ms == 0)
        (void)buffer_append_text(sentence, life->has_looked
                                               ? ", looked at last at a time that is not known"
                                               : ", never looked at");
    else
        (void)buffer_append_format(sentence, ", was %s when looked at last, %s (%s ago)",
                                   life->is_up ? "up" : "down", word_minute(life->looked_ms).text,
                                   ago(view, life->looked_ms).text);
}

/* "; nothing was asked of 60 backups (120 domains)": said here once, and not below each of them. */
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

static void add_primary(const struct status_page *page, struct buffer *sentence)
{
    static const struct {
        const char *word;
        enum style style;
    } states[] = {
        [PRIMARY_UNKNOWN] = {"unknown", STYLE_DIM},
        [PRIMARY_UP] = {"up", STYLE_GOOD},
        [PRIMARY_DOWN] = {"DOWN", STYLE_BAD},
    };
    const struct status_view *view = page->view;

    if (page->only_wrong && view->primary != PRIMARY_DOWN)
        return;
    if (view->primary == PRIMARY_UNKNOWN)
        append_looked_long_ago(sentence, view);
    else
        append_looked(sentence, view);
    append_held(sentence, view);
    append_outage(sentence, view);
    add_labelled(page, "primary", view->config->primary.address.text, states[view->primary].style,
                 states[view->primary].word, sentence->bytes);
}

static void add_daemon(const struct status_page *page, struct buffer *sentence)
{
    const struct status_view *view = page->view;
    const struct store_life *life = &view->life;
    bool is_well = view->daemon_health == HEALTH_OK;

    if (page->only_wrong && is_well)
        return;
    buffer_clear(sentence);
    switch (view->daemon) {
    case DAEMON_ALIVE:
        (void)buffer_append_format(sentence, " %s ago", ago(view, life->alive_ms).text);
        add_labelled(page, "daemon", NULL, STYLE_GOOD, "alive", sentence->bytes);
        break;
    case DAEMON_GONE:
        (void)buffer_append_format(sentence, ": %s ",
                                   life->has_ended ? "ended" : "last sign of life");
        if (life->alive_ms == 0)
            (void)buffer_append_text(sentence, "at a time that is not known");
        else
            (void)buffer_append_format(sentence, "%s (%s ago)", word_minute(life->alive_ms).text,
                                       ago(view, life->alive_ms).text);
        add_labelled(page, "daemon", NULL, is_well ? STYLE_DIM : STYLE_WARNING, "not running",
                     sentence->bytes);
        break;
    case DAEMON_NEVER:
        add_labelled(page, "daemon", NULL, STYLE_DIM, "never ran", "; polls by hand or cron alone");
        break;
    }
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

/* ---- the whole ---- */

/* "2 backups, 3 domains: 1 ok, 1 failing, 1 silent" */
static void add_summary(const struct status_page *page, struct buffer *sentence)
{
    const struct status_view *view = page->view;
    struct line line = line_begin(page->text, page->look);

    buffer_clear(sentence);
    (void)buffer_append_format(
        sentence, "%s, %s: %zu ok", word_count(view->backup_count, "backup").text,
        word_count(view->domain_count, "domain").text, view->counts[COUNT_OK]);
    for (size_t i = COUNT_OK + 1; i < COUNT_KINDS; i++) {
        if (view->counts[i] > 0)
            (void)buffer_append_format(sentence, ", %zu %s", view->counts[i],
                                       status_count_names[i]);
    }
    line_last(&line, STYLE_PLAIN, sentence->bytes, GAP);
}

void status_text_format(const struct status_page *page)
{
    struct buffer sentence;

    buffer_init(&sentence, STATUS_SENTENCE_SIZE_MAX);
    add_primary(page, &sentence);
    add_daemon(page, &sentence);
    add_log(page, &sentence);
    (void)buffer_append_text(page->text, page->only_wrong ? "" : "\n");
    status_table_add(page);
    (void)buffer_append_text(page->text, page->only_wrong ? "" : "\n");
    if (!page->only_wrong)
        add_summary(page, &sentence);
    buffer_done(&sentence);
}

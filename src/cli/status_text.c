/* The status for a person: whether all is well must be seen at once, and what is wrong must be said
 * where it is. */
#include "status_page.h"

#include "span.h"

enum {
    LABEL_WIDTH = 7,
    GAP = 2
};

void status_append_ago(struct buffer *sentence, const struct status_view *view, int64_t at_ms)
{
    char span[SPAN_TEXT_SIZE];

    (void)buffer_append_format(sentence, "%s ago",
                               span_format(span, (view->now_ms - at_ms) / 1000));
}

/* ---- the primary and the daemon ---- */

/* "; last outage 2026-11-20 07:12, 49m: no connection" */
static void append_outage(struct buffer *sentence, const struct status_view *view)
{
    const struct store_outage *outage = &view->outage;
    char began[CLOCK_TEXT_SIZE], span[SPAN_TEXT_SIZE];
    bool lasts = outage->ended_ms == 0;

    if (!view->has_outage || (lasts && view->primary == PRIMARY_DOWN))
        return;
    (void)buffer_append_format(
        sentence, "; last outage %s, %s", span_minute_text(began, outage->began_ms),
        lasts ? "its end was not seen"
              : span_format(span, (outage->ended_ms - outage->began_ms) / 1000));
    if (outage->why[0] != '\0')
        (void)buffer_append_format(sentence, ": %s", status_primary_text(view, outage->why));
}

/* " for 3d4h, looked at 12s ago" */
static void append_looked(struct buffer *sentence, const struct status_view *view)
{
    const struct store_life *life = &view->life;
    char span[SPAN_TEXT_SIZE];

    if (life->since_ms > 0)
        (void)buffer_append_format(sentence, " for %s",
                                   span_format(span, (view->now_ms - life->since_ms) / 1000));
    (void)buffer_append_text(sentence, ", looked at ");
    status_append_ago(sentence, view, life->looked_ms);
    if (life->text[0] != '\0')
        (void)buffer_append_format(sentence, "%s%s", life->is_up ? "; now: " : ": ",
                                   status_primary_text(view, life->text));
}

/* ", was up when looked at last, 2026-11-20 07:12 (3d4h ago)" */
static void append_looked_long_ago(struct buffer *sentence, const struct status_view *view)
{
    const struct store_life *life = &view->life;
    char looked[CLOCK_TEXT_SIZE];

    if (life->looked_ms == 0) {
        (void)buffer_append_text(sentence, life->has_looked
                                               ? ", looked at last at a time that is not known"
                                               : ", never looked at");
        return;
    }
    (void)buffer_append_format(sentence, ", was %s when looked at last, %s (",
                               life->is_up ? "up" : "down",
                               span_minute_text(looked, life->looked_ms));
    status_append_ago(sentence, view, life->looked_ms);
    (void)buffer_append_text(sentence, ")");
}

/* "; nothing was asked of 60 backups (120 domains)": said here once, and not below each of them. */
static void append_held(struct buffer *sentence, const struct status_view *view)
{
    const struct status_backup *backup = NULL;
    size_t backups = 0, domains = 0;

    for (size_t i = 0; i < view->summary.domains; i++) {
        if (!status_is_held_by_primary(view, &view->domains[i]))
            continue;
        backups += view->domains[i].backup != backup;
        backup = view->domains[i].backup;
        domains++;
    }
    if (domains > 0)
        (void)buffer_append_format(sentence, "; nothing was asked of %zu backup%s (%zu domain%s)",
                                   backups, backups == 1 ? "" : "s", domains,
                                   domains == 1 ? "" : "s");
}

static void add_primary(const struct status_page *page)
{
    static const struct {
        const char *word;
        enum style style;
        void (*append)(struct buffer *sentence, const struct status_view *view);
    } states[] = {
        [PRIMARY_UNKNOWN] = {"unknown", STYLE_DIM, append_looked_long_ago},
        [PRIMARY_UP] = {"up", STYLE_GOOD, append_looked},
        [PRIMARY_DOWN] = {"DOWN", STYLE_BAD, append_looked},
    };
    const struct status_view *view = page->view;
    struct line line = status_begin_line(page);
    struct buffer sentence;

    if (page->style->only_wrong && view->primary != PRIMARY_DOWN)
        return;
    buffer_init(&sentence, STATUS_SENTENCE_SIZE_MAX);
    line_cell(&line, STYLE_PLAIN, "primary", LABEL_WIDTH);
    line_cell(&line, STYLE_PLAIN, view->config->primary.address.text, 0);
    line_cell(&line, states[view->primary].style, states[view->primary].word, 0);
    line_join(&line);
    states[view->primary].append(&sentence, view);
    append_held(&sentence, view);
    append_outage(&sentence, view);
    line_last(&line, STYLE_PLAIN, sentence.bytes, LABEL_WIDTH + GAP);
    status_end_line(page);
    buffer_done(&sentence);
}

static void add_daemon(const struct status_page *page)
{
    const struct status_view *view = page->view;
    char seen[CLOCK_TEXT_SIZE];
    struct line line = status_begin_line(page);
    struct buffer sentence;

    if (page->style->only_wrong && view->daemon_health == HEALTH_OK)
        return;
    buffer_init(&sentence, STATUS_SENTENCE_SIZE_MAX);
    line_cell(&line, STYLE_PLAIN, "daemon", LABEL_WIDTH);
    switch (view->daemon) {
    case DAEMON_ALIVE:
        line_cell(&line, STYLE_GOOD, "alive", 0);
        (void)buffer_append_text(&sentence, " ");
        status_append_ago(&sentence, view, view->life.alive_ms);
        break;
    case DAEMON_GONE:
        line_cell(&line, view->daemon_health == HEALTH_OK ? STYLE_DIM : STYLE_WARNING,
                  "not running", 0);
        (void)buffer_append_format(
            &sentence, ": %s %s", view->life.has_ended ? "ended" : "last sign of life",
            view->life.alive_ms == 0 ? "at a time that is not known"
                                     : span_minute_text(seen, view->life.alive_ms));
        if (view->life.alive_ms == 0)
            break;
        (void)buffer_append_text(&sentence, " (");
        status_append_ago(&sentence, view, view->life.alive_ms);
        (void)buffer_append_text(&sentence, ")");
        break;
    case DAEMON_NEVER:
        line_cell(&line, STYLE_DIM, "never ran", 0);
        (void)buffer_append_text(&sentence, "; polls by hand or cron alone");
        break;
    }
    line_join(&line);
    line_last(&line, STYLE_PLAIN, sentence.bytes, LABEL_WIDTH + GAP);
    status_end_line(page);
    buffer_done(&sentence);
}

static void add_log(const struct status_page *page)
{
    const struct store_log *log = &page->view->log;
    struct line line = status_begin_line(page);
    struct buffer sentence;

    if (log->missing == 0)
        return;
    buffer_init(&sentence, STATUS_SENTENCE_SIZE_MAX);
    line_cell(&line, STYLE_PLAIN, "log", LABEL_WIDTH);
    line_cell(&line, STYLE_WARNING, "not complete", 0);
    (void)buffer_append_format(&sentence, ": %llu line%s missing, the first one ",
                               (unsigned long long)log->missing,
                               log->missing == 1 ? " is" : "s are");
    status_append_ago(&sentence, page->view, log->since_ms);
    (void)buffer_append_format(&sentence, ": %s", log->why);
    line_join(&line);
    line_last(&line, STYLE_PLAIN, sentence.bytes, LABEL_WIDTH + GAP);
    status_end_line(page);
    buffer_done(&sentence);
}

/* ---- the whole ---- */

static void append_count(struct buffer *text, size_t count, const char *what)
{
    if (count > 0)
        (void)buffer_append_format(text, ", %zu %s", count, what);
}

/* "2 backups, 3 domains: 1 ok, 1 failing, 1 silent" */
static void add_summary(const struct status_page *page)
{
    const struct status_summary *summary = &page->view->summary;
    struct line line = status_begin_line(page);
    struct buffer sentence;

    buffer_init(&sentence, STATUS_SENTENCE_SIZE_MAX);
    (void)buffer_append_format(&sentence, "%zu backup%s, %zu domain%s: %zu ok", summary->backups,
                               summary->backups == 1 ? "" : "s", summary->domains,
                               summary->domains == 1 ? "" : "s", summary->ok);
    append_count(&sentence, summary->failing, "failing");
    append_count(&sentence, summary->silent, "silent");
    append_count(&sentence, summary->held, "held");
    append_count(&sentence, summary->unknown, "unknown");
    line_last(&line, STYLE_PLAIN, sentence.bytes, GAP);
    buffer_done(&sentence);
    status_end_line(page);
}

void status_text_format(struct buffer *text, const struct status_view *view,
                        const struct status_style *style)
{
    struct said advice = {0};
    const struct status_page page = {.text = text, .view = view, .style = style, .advice = &advice};

    add_primary(&page);
    add_daemon(&page);
    add_log(&page);
    if (!style->only_wrong)
        status_end_line(&page);
    status_table_add(&page);
    if (!style->only_wrong) {
        status_end_line(&page);
        add_summary(&page);
    }
    said_done(&advice);
}

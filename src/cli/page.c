/* What the report's page shows, and how the past is drawn. */
#include "page.h"
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

/* The drawing, in its own units: lanes of drills, mail and polls above an axis of time. */
enum {
    WIDTH = 720,
    HEIGHT = 104,
    LEFT = 40,
    RIGHT = 8,
    DRILLS_Y = 9,
    MAIL_TOP = 20,
    MAIL_BASE = 58,
    POLLS_Y = 72,
    AXIS_Y = 86,
    LABEL_Y = 99,
    TICKS_MAX = 8
};

enum {
    DAY_MS = 24 * 3600 * 1000,
    MINUTE_MS = 60 * 1000,
    SUBJECTS_MAX = 4 /* names that are written out */
};

/* How a grade is shown: its shape, its class, its word. */
static const struct {
    const char *shape, *style, *word;
} grades[TIMELINE_GRADES] = {[GRADE_GOOD] = {"g", "good", "good"},
                             [GRADE_HELD] = {"h", "held", "not asked"},
                             [GRADE_TEMPORARY] = {"t", "late", "failed for now"},
                             [GRADE_BAD] = {"b", "bad", "refused"}};

struct page {
    struct html *html;
    const struct status_view *view;
    const struct timeline *timeline;
};

static void add_icon(struct html *html, const char *shape)
{
    html_markup(html,
                "<svg class=\"icon\" viewBox=\"-7 -7 14 14\" aria-hidden=\"true\" "
                "xmlns=\"http://www.w3.org/2000/svg\"><use href=\"#%s\"/></svg>",
                shape);
}

/* ---- the head ---- */

/* "UTC", "UTC+01:00" */
static struct word zone_word(schedule_offset *offset, int64_t now_ms)
{
    int minutes = (int)(offset(now_ms / 1000) / 60);
    int ahead = minutes < 0 ? -minutes : minutes;

    if (minutes == 0)
        return word_format("UTC");
    return word_format("UTC%c%02d:%02d", minutes < 0 ? '-' : '+', ahead / 60, ahead % 60);
}

static void add_head(const struct page *page, schedule_offset *offset)
{
    struct html *html = page->html;

    html_begin(html, "mxpull report");
    html_markup(html,
                "<header>\n<h1>mxpull report</h1>\n<p class=\"dim\">%s to <b>%s</b> (%s), by ",
                word_minute(page->timeline->begin_ms).text, word_minute(page->view->now_ms).text,
                zone_word(offset, page->view->now_ms).text);
    html_text(html, page->view->config->path);
    html_markup(html, ", mxpull " MXPULL_VERSION "</p>\n</header>\n<main>\n");
}

/* ---- what is wrong ---- */

/* Problems that differ in their domain alone are one item. */
struct wrong {
    struct html *html;
    const struct status_backup *backup;
    struct buffer domains; /* shown names */
    enum health health;
    char *sentence, *advice; /* owned; sentence NULL: there is no problem yet */
    size_t count;            /* domains */
};

static void end_item(struct wrong *wrong)
{
    static const struct {
        const char *style, *shape, *word;
    } looks[] = {[HEALTH_OK] = {"good", "g", "OK"},
                 [HEALTH_WARNING] = {"late", "t", "Warning"},
                 [HEALTH_CRITICAL] = {"bad", "b", "Critical"},
                 [HEALTH_UNKNOWN] = {"held", "h", "Unknown"}};
    struct html *html = wrong->html;

    if (wrong->sentence == NULL)
        return;
    html_markup(html, "<li class=\"%s\">", looks[wrong->health].style);
    add_icon(html, looks[wrong->health].shape);
    html_markup(html, "<b>%s</b> <span class=\"what\">", looks[wrong->health].word);
    if (wrong->backup != NULL) {
        html_markup(html, "<b>");
        html_text(html, wrong->backup->config->name);
        html_markup(html, "</b>%s", wrong->count > 0 ? " " : "");
        html_shown(html, wrong->domains.bytes);
        if (wrong->count > SUBJECTS_MAX)
            html_markup(html, " and %zu more", wrong->count - SUBJECTS_MAX);
        html_markup(html, ": ");
    }
    html_text(html, wrong->sentence);
    html_markup(html, "</span>");
    if (wrong->advice[0] != '\0') {
        html_markup(html, " <span class=\"do\">");
        html_text(html, wrong->advice);
        html_markup(html, "</span>");
    }
    html_markup(html, "</li>\n");
    free(wrong->sentence);
    free(wrong->advice);
    wrong->sentence = NULL;
}

static void take_problem(void *context, const struct problem *problem)
{
    struct wrong *wrong = context;

    if (wrong->sentence == NULL || problem->domain == NULL || wrong->count == 0 ||
        problem->backup != wrong->backup || strcmp(problem->sentence, wrong->sentence) != 0 ||
        strcmp(problem->advice, wrong->advice) != 0) {
        end_item(wrong);
        buffer_clear(&wrong->domains);
        wrong->backup = problem->backup;
        wrong->health = problem->health;
        wrong->sentence = memory_copy(problem->sentence);
        wrong->advice = memory_copy(problem->advice);
        wrong->count = 0;
    }
    if (problem->domain == NULL)
        return;
    if (wrong->count++ < SUBJECTS_MAX) {
        (void)buffer_append_text(&wrong->domains, wrong->count > 1 ? ", " : "");
        (void)buffer_append_text(&wrong->domains, word_shown(problem->domain->name).text);
    }
}

/* The first lines of the status, an item each. */
static void add_life(const struct page *page)
{
    struct buffer text;

    buffer_init(&text, 4 * STATUS_SENTENCE_SIZE_MAX);
    status_text_life(&(const struct status_page){
        .text = &text, .view = page->view, .look = {.columns = LINE_UNBOUNDED}});
    html_markup(page->html, "<ul class=\"facts dim\">\n");
    for (char *line = text.bytes, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        html_markup(page->html, "<li>");
        html_shown(page->html, line);
        html_markup(page->html, "</li>\n");
    }
    html_markup(page->html, "</ul>\n");
    buffer_done(&text);
}

/* Whether anything was ever answered. */
static bool is_begun(const struct status_view *view)
{
    for (size_t i = 0; i < view->domain_count; i++) {
        if (view->domains[i].is_asked)
            return true;
    }
    return false;
}

static void add_wrong(const struct page *page)
{
    struct html *html = page->html;
    struct wrong wrong = {.html = html};
    struct buffer sum;

    buffer_init(&wrong.domains, STATUS_SENTENCE_SIZE_MAX);
    buffer_init(&sum, STATUS_SENTENCE_SIZE_MAX);
    status_append_sum(&sum, page->view);
    html_markup(html, "<section aria-labelledby=\"wrong\">\n<h2 id=\"wrong\">%s</h2>\n<p>%s.</p>\n",
                page->view->health == HEALTH_OK ? "All is well" : "What is wrong", sum.bytes);
    if (!is_begun(page->view))
        html_markup(html, "<p>Nothing has been asked yet: <code>mxpull pull</code> asks now, "
                          "<code>mxpull daemon</code> goes on asking.</p>\n");
    if (page->view->health != HEALTH_OK) {
        html_markup(html, "<ul class=\"wrong\">\n");
        problems_find(page->view, take_problem, &wrong);
        end_item(&wrong);
        html_markup(html, "</ul>\n");
    }
    add_life(page);
    html_markup(html, "</section>\n");
    buffer_done(&sum);
    buffer_done(&wrong.domains);
}

/* ---- the drawing of a backup ---- */

/* The place of a time on the axis. */
static double place_of(const struct timeline *timeline, int64_t at_ms)
{
    double part =
        (double)(at_ms - timeline->begin_ms) / (double)(timeline->end_ms - timeline->begin_ms);

    return LEFT + part * (WIDTH - LEFT - RIGHT);
}

/* "2026-11-20", or to the minute where days are too long; two of them parted where the second is another. */
static struct word span_word(const struct timeline *timeline, int64_t begin_ms, int64_t end_ms)
{
    struct word begin = word_minute(begin_ms), end = word_minute(end_ms - 1);
    size_t day_size = strlen("2026-11-20");

    if (!timeline->is_fine)
        begin.text[day_size] = end.text[day_size] = '\0';
    else
        end = word_minute(end_ms);
    return strcmp(begin.text, end.text) == 0 ? begin
                                             : word_format("%s to %s", begin.text, end.text);
}

/* "6 answers: 5 good, 1 refused" */
static void add_counts(struct html *html, const uint64_t counts[TIMELINE_GRADES])
{
    uint64_t all = 0;
    const char *before = ": ";

    for (size_t i = 0; i < TIMELINE_GRADES; i++)
        all += counts[i];
    html_markup(html, "%s", word_count(all, "answer").text);
    for (size_t i = 0; i < TIMELINE_GRADES; i++) {
        if (counts[i] == 0)
            continue;
        if (counts[i] == all)
            html_markup(html, ", %s%s", all > 1 ? "all " : "", grades[i].word);
        else
            html_markup(html, "%s%llu %s", before, (unsigned long long)counts[i], grades[i].word);
        before = ", ";
    }
}

/* Cells from first to last, of one shape: those of several days are good, or not asked, all of them. */
static void add_cells(const struct page *page, const struct timeline_cell *cells, size_t first,
                      size_t last)
{
    const struct timeline *timeline = page->timeline;
    const int64_t *bounds = timeline->polls.bounds;
    const struct timeline_cell *cell = &cells[first];
    double begin = place_of(timeline, bounds[first]), end = place_of(timeline, bounds[last + 1]);
    uint64_t counts[TIMELINE_GRADES] = {0}, all = 0;
    bool is_good = cell->worst == GRADE_GOOD;
    double least = timeline->end_ms - timeline->begin_ms < 10 * (int64_t)DAY_MS ? 5 : 2;

    for (size_t i = first; i <= last; i++) {
        for (size_t j = 0; j < TIMELINE_GRADES; j++) {
            counts[j] += cells[i].counts[j];
            all += cells[i].counts[j];
        }
    }
    if (is_good)
        html_markup(page->html, "<path class=\"g\" d=\"M%.1f %dh%.1f\">", begin, POLLS_Y,
                    end - begin > least ? end - begin : least);
    else if (cell->worst == GRADE_HELD)
        html_markup(page->html,
                    "<rect class=\"h\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\">", begin,
                    POLLS_Y - 5, end - begin > least ? end - begin : least, 10);
    else
        html_markup(page->html, "<use href=\"#%s%s\" x=\"%.1f\" y=\"%d\">",
                    grades[cell->worst].shape, timeline->is_fine ? "" : "2", (begin + end) / 2,
                    POLLS_Y);
    html_markup(page->html, "<title>%s ",
                timeline->is_fine && all == 1
                    ? word_minute(cell->at_ms).text
                    : span_word(timeline, bounds[first], bounds[last + 1]).text);
    if (all > 1)
        add_counts(page->html, counts);
    if (all == 1 || !is_good)
        html_markup(page->html, "%s%s", all > 1 ? "; " : "", cell->outcome);
    if (cell->said != NULL) {
        html_markup(page->html, ": ");
        html_text(page->html, cell->said);
    }
    html_markup(page->html, "</title></%s>\n",
                is_good                     ? "path"
                : cell->worst == GRADE_HELD ? "rect"
                                            : "use");
}

/* Whether the two neighbours are drawn as one bar. */
static bool are_alike(const struct timeline *timeline, const struct timeline_cell *a,
                      const struct timeline_cell *b)
{
    return !timeline->is_fine && b->at_ms != 0 && a->worst == b->worst &&
           (a->worst == GRADE_GOOD || a->worst == GRADE_HELD);
}

/* Bars first, so that nothing covers the other marks. */
static void add_polls(const struct page *page, const struct timeline_cell *cells)
{
    size_t count = page->timeline->polls.count;

    for (int round = 0; round < 2; round++) {
        for (size_t first = 0, last; first < count; first = last + 1) {
            bool is_bar = cells[first].worst <= GRADE_HELD;

            last = first;
            while (last + 1 < count && cells[first].at_ms != 0 &&
                   are_alike(page->timeline, &cells[last], &cells[last + 1]))
                last++;
            if (cells[first].at_ms != 0 && is_bar == (round == 0))
                add_cells(page, cells, first, last);
        }
    }
}

static int64_t most_mail(const struct page *page, const struct timeline_backup *backup)
{
    int64_t most = 0, bytes;

    for (size_t i = 0; i < page->timeline->days.count; i++) {
        int64_t messages = timeline_messages(&backup->mail[i], &bytes);

        most = messages > most ? messages : most;
    }
    return most;
}

/* A day on which mail was seen, but could not be counted, has the least of bars. */
static void add_mail(const struct page *page, const struct timeline_backup *backup, int64_t most)
{
    const struct spans *days = &page->timeline->days;

    for (size_t i = 0; i < days->count; i++) {
        int64_t bytes, messages = timeline_messages(&backup->mail[i], &bytes);
        int64_t begin_ms = days->bounds[i], end_ms = days->bounds[i + 1];
        double begin = place_of(page->timeline, begin_ms), end = place_of(page->timeline, end_ms);
        double height = most > 0 ? (double)messages / (double)most * (MAIL_BASE - MAIL_TOP) : 0;
        double width = end - begin > 40 ? 32 : (end - begin) * 0.8;

        if (messages == 0 && backup->mail[i].connections == 0)
            continue;
        height = height < 2 ? 2 : height;
        html_markup(page->html, "<path stroke-width=\"%.1f\" d=\"M%.1f %dv-%.1f\"><title>%.10s",
                    width, (begin + end) / 2, MAIL_BASE, height, word_minute(begin_ms).text);
        if (end_ms - begin_ms > 2 * (int64_t)DAY_MS)
            html_markup(page->html, " to %.10s", word_minute(end_ms - 1).text);
        if (messages > 0)
            html_markup(page->html, " %s</title></path>\n",
                        bytes > 0 ? word_mail(messages, bytes).text
                                  : word_count((uint64_t)messages, "message").text);
        else
            html_markup(page->html, " %s with mail</title></path>\n",
                        word_count((uint64_t)backup->mail[i].connections, "connection").text);
    }
}

static void add_outages(const struct page *page)
{
    const struct timeline *timeline = page->timeline;

    for (size_t i = 0; i < timeline->outage_count; i++) {
        const struct timeline_outage *outage = &timeline->outages[i];
        double begin = place_of(timeline, outage->began_ms);
        double width = place_of(timeline, outage->ended_ms) - begin;

        html_markup(
            page->html,
            "<rect class=\"o\" x=\"%.1f\" y=\"1\" width=\"%.1f\" height=\"%d\"><title>your mail "
            "server was down%s, %s to %s, %s",
            begin, width > 1 ? width : 1, AXIS_Y - 1,
            outage->count > 1 ? word_format(" %zu times", outage->count).text : "",
            word_minute(outage->began_ms).text,
            outage->lasts ? "now" : word_minute(outage->ended_ms).text,
            word_span((outage->ended_ms - outage->began_ms) / 1000).text);
        if (outage->why[0] != '\0') {
            html_markup(page->html, ": ");
            html_text(page->html, status_primary_text(page->view, outage->why));
        }
        html_markup(page->html, "</title></rect>\n");
    }
}

static void add_drills(const struct page *page, const struct timeline_backup *backup)
{
    for (size_t i = 0; i < backup->drill_count; i++) {
        const struct timeline_drill *drill = &backup->drills[i];

        html_markup(page->html, "<use href=\"#%c\" x=\"%.1f\" y=\"%d\"><title>drill %s ",
                    drill->is_good ? 'd' : 'f', place_of(page->timeline, drill->at_ms), DRILLS_Y,
                    word_minute(drill->at_ms).text);
        html_text(page->html, drill->sentence);
        html_markup(page->html, "</title></use>\n");
    }
}

/* Days, some of them named; of less than three days the hours, too. */
static void add_axis(const struct page *page, int64_t most)
{
    const struct timeline *timeline = page->timeline;
    struct html *html = page->html;
    int64_t span_ms = timeline->end_ms - timeline->begin_ms;
    bool has_hours = span_ms < 3 * (int64_t)DAY_MS;
    const struct spans *spans = has_hours ? &timeline->polls : &timeline->days;
    size_t step = (spans->count + TICKS_MAX - 1) / TICKS_MAX;

    html_markup(html, "<path class=\"axis\" d=\"M%d %dH%d", LEFT, AXIS_Y, WIDTH - RIGHT);
    for (size_t i = has_hours || timeline->days.count < 2 ? 0 : 1; i < spans->count; i += step)
        html_markup(html, "M%.1f %dv4", place_of(timeline, spans->bounds[i]), AXIS_Y);
    html_markup(html, "M%d %dH%d\"/>\n", LEFT, MAIL_BASE, WIDTH - RIGHT);
    for (size_t i = has_hours || timeline->days.count < 2 ? 0 : 1; i < spans->count; i += step) {
        double x = place_of(timeline, spans->bounds[i]);

        if (x < WIDTH - 40)
            html_markup(html, "<text x=\"%.1f\" y=\"%d\">%.*s</text>\n", x, LABEL_Y,
                        has_hours || span_ms > 300 * (int64_t)DAY_MS ? 11 : 5,
                        word_minute(spans->bounds[i]).text +
                            (!has_hours && span_ms > 300 * (int64_t)DAY_MS ? 0 : 5));
    }
    html_markup(html,
                "<text x=\"0\" y=\"%d\">drills</text><text x=\"0\" y=\"%d\">mail</text>"
                "<text x=\"0\" y=\"%d\">polls</text>\n",
                DRILLS_Y + 3, MAIL_BASE, POLLS_Y + 3);
    if (most > 0)
        html_markup(html, "<text x=\"0\" y=\"%d\">%lld</text>\n", MAIL_TOP + 9, (long long)most);
}

static void add_backup(const struct page *page, const struct timeline_backup *backup)
{
    struct html *html = page->html;
    const struct backup_config *config = backup->status->config;
    int64_t most = most_mail(page, backup);

    html_markup(html, "<figure>\n<figcaption><b>");
    html_text(html, config->name);
    html_markup(html, "</b> <span class=\"dim\">");
    if (strcmp(config->name, config->host) != 0) {
        html_text(html, config->host);
        html_markup(html, ", ");
    }
    add_counts(html, backup->counts);
    html_markup(html,
                "</span></figcaption>\n<div class=\"scroll chart\" tabindex=\"0\" role=\"region\" "
                "aria-label=\"");
    html_text(html, config->name);
    html_markup(html, "\">\n<svg viewBox=\"0 0 %d %d\" role=\"group\" aria-label=\"", WIDTH,
                HEIGHT);
    add_counts(html, backup->counts);
    html_markup(html, "\" xmlns=\"http://www.w3.org/2000/svg\">\n");
    add_outages(page);
    add_axis(page, most);
    html_markup(html, "<g class=\"m\">\n");
    add_mail(page, backup, most);
    html_markup(html, "</g>\n");
    add_polls(page, backup->cells);
    add_drills(page, backup);
    html_markup(html, "</svg>\n</div>\n</figure>\n");
}

static void add_legend(struct html *html)
{
    static const struct {
        const char *shape, *meaning;
    } items[] = {
        {"g", "good"},    {"h", "not asked: held, or stopped"}, {"t", "failed for now"},
        {"b", "refused"}, {"d", "drill: the message came"},     {"f", "drill: it did not"}};

    html_markup(html, "<ul class=\"legend dim\">\n");
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        html_markup(html, "<li>");
        add_icon(html, items[i].shape);
        html_markup(html, "%s</li>\n", items[i].meaning);
    }
    html_markup(
        html, "<li><svg class=\"icon\" viewBox=\"0 0 14 14\" aria-hidden=\"true\" "
              "xmlns=\"http://www.w3.org/2000/svg\"><rect class=\"m\" x=\"3\" y=\"1\" width=\"8\" "
              "height=\"13\"/></svg>mail of a day</li>\n"
              "<li><svg class=\"icon\" viewBox=\"0 0 14 14\" aria-hidden=\"true\" "
              "xmlns=\"http://www.w3.org/2000/svg\"><rect class=\"o\" x=\"2\" y=\"1\" width=\"10\" "
              "height=\"12\"/></svg>your mail server was down</li>\n</ul>\n");
}

static void add_past(const struct page *page)
{
    html_markup(page->html,
                "<section aria-labelledby=\"past\">\n<h2 id=\"past\">Backups since %s</h2>\n",
                word_minute(page->timeline->begin_ms).text);
    add_legend(page->html);
    for (size_t i = 0; i < page->timeline->count; i++)
        add_backup(page, &page->timeline->backups[i]);
    if (page->timeline->count < page->view->backup_count)
        html_markup(page->html,
                    "<p>%zu of %zu backups are drawn, those with a problem first; the table has "
                    "all.</p>\n",
                    page->timeline->count, page->view->backup_count);
    html_markup(page->html, "</section>\n");
}

/* ---- the last answers ---- */

/* An instant that is sorted by its number; 0: not known. */
static void add_time(struct html *html, int64_t at_ms)
{
    html_markup(html, "<td class=\"time\" data-key=\"%lld\">%s</td>", (long long)at_ms,
                at_ms > 0 ? word_minute(at_ms).text : "-");
}

static void add_row(const struct page *page, const struct status_domain *domain)
{
    struct html *html = page->html;
    const struct store_domain *state = &domain->state;
    enum grade grade = domain->is_held ? GRADE_HELD : domain->grade;
    struct buffer said;

    html_markup(html, "<tr><td>");
    html_text(html, domain->backup->config->name);
    html_markup(html, "</td><td>");
    html_text(html, domain->name);
    html_markup(html, "</td><td class=\"time %s\">", grades[grade].style);
    add_icon(html, grades[grade].shape);
    html_text(html, domain->is_asked ? state->outcome : "never asked");
    html_markup(html, "</td>");
    add_time(html, state->at_ms);
    add_time(html, state->good_ms);
    add_time(html, domain->backup->next_ms);
    add_time(html, state->mail_ms > 0 ? state->mail_ms : status_arrival_ms(domain->backup));
    html_markup(html, "<td class=\"said\">");
    buffer_init(&said, STATUS_SENTENCE_SIZE_MAX);
    words_append_said(&said, state->code, state->text, STATUS_SENTENCE_SIZE_MAX);
    html_text(html, said.bytes);
    buffer_done(&said);
    html_markup(html, "</td></tr>\n");
}

static void add_table(const struct page *page)
{
    static const char *const heads[] = {"Backup",    "Domain", "Answer", "When",
                                        "Good last", "Next",   "Mail",   "What was said"};

    html_markup(page->html,
                "<section aria-labelledby=\"last\">\n<h2 id=\"last\">Last answers</h2>\n"
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"last\">\n"
                "<table>\n<thead><tr>");
    for (size_t i = 0; i < COUNT_OF(heads); i++)
        html_markup(page->html, "<th scope=\"col\"><button type=\"button\">%s</button></th>",
                    heads[i]);
    html_markup(page->html, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < page->view->domain_count; i++)
        add_row(page, &page->view->domains[i]);
    html_markup(page->html, "</tbody>\n</table>\n</div>\n</section>\n");
}

void page_write(struct html *html, const struct status_view *view, const struct timeline *timeline,
                schedule_offset *offset)
{
    const struct page page = {.html = html, .view = view, .timeline = timeline};

    add_head(&page, offset);
    add_wrong(&page);
    add_past(&page);
    add_table(&page);
    html_markup(html, "</main>\n");
    html_end(html);
}

/* What the report's page shows. */
#include "page.h"

#include "chart.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

enum {
    MINUTE_MS = 60 * 1000,
    SUBJECTS_MAX = 4 /* names that are written out */
};

struct page {
    struct html *html;
    const struct status_view *view;
    const struct timeline *timeline;
};

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
    chart_icon(html, looks[wrong->health].shape);
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

/* ---- the past ---- */

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
        chart_icon(html, items[i].shape);
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
        chart_write(page->html, page->view, page->timeline, &page->timeline->backups[i]);
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
    html_markup(html, "</td><td class=\"time %s\">", chart_grades[grade].style);
    chart_icon(html, chart_grades[grade].shape);
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

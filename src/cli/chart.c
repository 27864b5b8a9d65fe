/* The drawing of a backup's past. */
#include "chart.h"

#include <string.h>

/* The drawing, in its own units: lanes of drills, mail and polls above an axis of time. */
enum {
    WIDTH = 720,
    HEIGHT = 104,
    LANES = 34, /* the names of the lanes, which stay where the rest is scrolled */
    LEFT = 40,
    RIGHT = 8,
    DRILLS_Y = 9,
    MAIL_TOP = 20,
    MAIL_BASE = 58,
    POLLS_Y = 72,
    AXIS_Y = 86,
    LABEL_Y = 99
};

enum {
    DAY_MS = 24 * 3600 * 1000
};

const struct chart_grade chart_grades[TIMELINE_GRADES] = {
    [GRADE_GOOD] = {"g", "good", "good"},
    [GRADE_HELD] = {"h", "held", "not asked"},
    [GRADE_TEMPORARY] = {"t", "late", "failed for now"},
    [GRADE_BAD] = {"b", "bad", "refused"}};

struct chart {
    struct html *html;
    const struct status_view *view;
    const struct timeline *timeline;
};

void chart_icon(struct html *html, const char *shape)
{
    html_markup(html,
                "<svg class=\"icon\" viewBox=\"-7 -7 14 14\" aria-hidden=\"true\" "
                "xmlns=\"http://www.w3.org/2000/svg\"><use href=\"#%s\"/></svg>",
                shape);
}

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
            html_markup(html, ", %s%s", all > 1 ? "all " : "", chart_grades[i].word);
        else
            html_markup(html, "%s%llu %s", before, (unsigned long long)counts[i],
                        chart_grades[i].word);
        before = ", ";
    }
}

/* Cells from first to last, of one shape: those of several days are good, or not asked, all of them. */
static void add_cells(const struct chart *chart, const struct timeline_cell *cells, size_t first,
                      size_t last)
{
    const struct timeline *timeline = chart->timeline;
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
        html_markup(chart->html, "<path class=\"g\" d=\"M%.1f %dh%.1f\">", begin, POLLS_Y,
                    end - begin > least ? end - begin : least);
    else if (cell->worst == GRADE_HELD)
        html_markup(chart->html,
                    "<rect class=\"h\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\">", begin,
                    POLLS_Y - 5, end - begin > least ? end - begin : least, 10);
    else
        html_markup(chart->html, "<use href=\"#%s%s\" x=\"%.1f\" y=\"%d\">",
                    chart_grades[cell->worst].shape, timeline->is_fine ? "" : "2",
                    (begin + end) / 2, POLLS_Y);
    html_markup(chart->html, "<title>%s ",
                timeline->is_fine && all == 1
                    ? word_minute(cell->at_ms).text
                    : span_word(timeline, bounds[first], bounds[last + 1]).text);
    if (all > 1)
        add_counts(chart->html, counts);
    if (all == 1 || !is_good)
        html_markup(chart->html, "%s%s", all > 1 ? "; " : "", cell->outcome);
    if (cell->said != NULL) {
        html_markup(chart->html, ": ");
        html_text(chart->html, cell->said);
    }
    html_markup(chart->html, "</title></%s>\n",
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
static void add_polls(const struct chart *chart, const struct timeline_cell *cells)
{
    size_t count = chart->timeline->polls.count;

    for (int round = 0; round < 2; round++) {
        for (size_t first = 0, last; first < count; first = last + 1) {
            bool is_bar = cells[first].worst <= GRADE_HELD;

            last = first;
            while (last + 1 < count && cells[first].at_ms != 0 &&
                   are_alike(chart->timeline, &cells[last], &cells[last + 1]))
                last++;
            if (cells[first].at_ms != 0 && is_bar == (round == 0))
                add_cells(chart, cells, first, last);
        }
    }
}

static int64_t most_mail(const struct chart *chart, const struct timeline_backup *backup)
{
    int64_t most = 0, bytes;

    for (size_t i = 0; i < chart->timeline->days.count; i++) {
        int64_t messages = timeline_messages(&backup->mail[i], &bytes);

        most = messages > most ? messages : most;
    }
    return most;
}

/* A day on which mail was seen, but could not be counted, has the least of bars. */
static void add_mail(const struct chart *chart, const struct timeline_backup *backup, int64_t most)
{
    const struct spans *days = &chart->timeline->days;

    for (size_t i = 0; i < days->count; i++) {
        int64_t bytes, messages = timeline_messages(&backup->mail[i], &bytes);
        int64_t begin_ms = days->bounds[i], end_ms = days->bounds[i + 1];
        double begin = place_of(chart->timeline, begin_ms), end = place_of(chart->timeline, end_ms);
        double height = most > 0 ? (double)messages / (double)most * (MAIL_BASE - MAIL_TOP) : 0;
        double width = end - begin > 40 ? 32 : (end - begin) * 0.8;

        if (messages == 0 && backup->mail[i].connections == 0)
            continue;
        height = height < 2 ? 2 : height;
        html_markup(chart->html, "<path stroke-width=\"%.1f\" d=\"M%.1f %dv-%.1f\"><title>%.10s",
                    width, (begin + end) / 2, MAIL_BASE, height, word_minute(begin_ms).text);
        if (end_ms - begin_ms > 2 * (int64_t)DAY_MS)
            html_markup(chart->html, " to %.10s", word_minute(end_ms - 1).text);
        if (messages > 0)
            html_markup(chart->html, " %s</title></path>\n",
                        bytes > 0 ? word_mail(messages, bytes).text
                                  : word_count((uint64_t)messages, "message").text);
        else
            html_markup(chart->html, " %s with mail</title></path>\n",
                        word_count((uint64_t)backup->mail[i].connections, "connection").text);
    }
}

static void add_outages(const struct chart *chart)
{
    const struct timeline *timeline = chart->timeline;

    for (size_t i = 0; i < timeline->outage_count; i++) {
        const struct timeline_outage *outage = &timeline->outages[i];
        double begin = place_of(timeline, outage->began_ms);
        double width = place_of(timeline, outage->ended_ms) - begin;

        html_markup(
            chart->html,
            "<rect class=\"o\" x=\"%.1f\" y=\"1\" width=\"%.1f\" height=\"%d\"><title>your mail "
            "server was down%s, %s to %s, %s",
            begin, width > 1 ? width : 1, AXIS_Y - 1,
            outage->count > 1 ? word_format(" %zu times", outage->count).text : "",
            word_minute(outage->began_ms).text,
            outage->lasts ? "now" : word_minute(outage->ended_ms).text,
            word_span((outage->ended_ms - outage->began_ms) / 1000).text);
        if (outage->why[0] != '\0') {
            html_markup(chart->html, ": ");
            html_text(chart->html, status_primary_text(chart->view, outage->why));
        }
        html_markup(chart->html, "</title></rect>\n");
    }
}

static void add_drills(const struct chart *chart, const struct timeline_backup *backup)
{
    for (size_t i = 0; i < backup->drill_count; i++) {
        const struct timeline_drill *drill = &backup->drills[i];

        html_markup(chart->html, "<use href=\"#%c\" x=\"%.1f\" y=\"%d\"><title>drill %s ",
                    drill->is_good ? 'd' : 'f', place_of(chart->timeline, drill->at_ms), DRILLS_Y,
                    word_minute(drill->at_ms).text);
        html_text(chart->html, drill->sentence);
        html_markup(chart->html, "</title></use>\n");
    }
}

static void add_axis(const struct chart *chart)
{
    const struct timeline *timeline = chart->timeline;
    const struct spans *ticks = &timeline->ticks;
    struct html *html = chart->html;
    bool has_year = timeline->end_ms - timeline->begin_ms > 300 * (int64_t)DAY_MS;

    html_markup(html, "<path class=\"axis\" d=\"M%d %dH%d", LEFT, AXIS_Y, WIDTH - RIGHT);
    for (size_t i = 0; i < ticks->count; i++)
        html_markup(html, "M%.1f %dv4", place_of(timeline, ticks->bounds[i]), AXIS_Y);
    html_markup(html, "M%d %dH%d\"/>\n", LEFT, MAIL_BASE, WIDTH - RIGHT);
    for (size_t i = 0; i < ticks->count; i++) {
        double x = place_of(timeline, ticks->bounds[i]);

        if (x < WIDTH - (timeline->has_hours ? 60 : 40))
            html_markup(html, "<text x=\"%.1f\" y=\"%d\">%.*s</text>\n", x, LABEL_Y,
                        timeline->has_hours || has_year ? 11 : 5,
                        word_minute(ticks->bounds[i]).text + (has_year ? 0 : 5));
    }
}

static void add_lanes(struct html *html, int64_t most)
{
    html_markup(html,
                "<svg viewBox=\"0 0 %d %d\" xmlns=\"http://www.w3.org/2000/svg\">\n"
                "<text x=\"0\" y=\"%d\">drills</text><text x=\"0\" y=\"%d\">mail</text>"
                "<text x=\"0\" y=\"%d\">polls</text>\n",
                LANES, HEIGHT, DRILLS_Y + 3, MAIL_BASE, POLLS_Y + 3);
    if (most > 0)
        html_markup(html, "<text x=\"0\" y=\"%d\">%lld</text>\n", MAIL_TOP + 9, (long long)most);
    html_markup(html, "</svg>\n");
}

void chart_write(struct html *html, const struct status_view *view, const struct timeline *timeline,
                 const struct timeline_backup *backup)
{
    const struct chart target = {.html = html, .view = view, .timeline = timeline};
    const struct chart *chart = &target;
    const struct backup_config *config = backup->status->config;
    int64_t most = most_mail(chart, backup);

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
    html_markup(html, "\">\n<svg viewBox=\"%d 0 %d %d\" role=\"group\" aria-label=\"", LANES,
                WIDTH - LANES, HEIGHT);
    add_counts(html, backup->counts);
    html_markup(html, "\" xmlns=\"http://www.w3.org/2000/svg\">\n");
    add_outages(chart);
    add_axis(chart);
    html_markup(html, "<g class=\"m\">\n");
    add_mail(chart, backup, most);
    html_markup(html, "</g>\n");
    add_polls(chart, backup->cells);
    add_drills(chart, backup);
    html_markup(html, "</svg>\n");
    add_lanes(html, most);
    html_markup(html, "</div>\n</figure>\n");
}

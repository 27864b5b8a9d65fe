/* The table of the status: a row for each domain, and below it what is wrong with it. */
#include "status.h"
#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

enum {
    DETAIL_INDENT = 6,
    GAP = 2,
    STRIP_MIN = 8 /* a name is cut to show so many polls */
};

/* The cells behind the names. */
enum {
    CELL_OUTCOME,
    CELL_AGO,
    CELL_NEXT,
    CELL_MAIL,
    CELLS
};

/* The domains with the same details, which are shown once. */
struct peers {
    size_t backups, domains; /* how many they are, this one included */
    bool is_first, is_last;
};

/* What all rows share. */
struct table {
    const struct status_page *page;
    struct peers *peers; /* owned: of each domain */
    struct line_widths names,
        longest;          /* longest: of all names; names: without a few that are far too long */
    size_t widths[CELLS]; /* of the cells; 0: there is no such column */
    size_t strip;         /* polls that are shown at most */
    struct said advice;   /* that was given */
};

/* "3m ago", or "" */
static struct word ago_word(const char *before, const struct status_view *view, int64_t at_ms)
{
    return word_format("%s%s%s", at_ms > 0 ? before : "",
                       at_ms > 0 ? word_span((view->now_ms - at_ms) / 1000).text : "",
                       at_ms > 0 ? " ago" : "");
}

static void widen(size_t *width, size_t columns)
{
    if (columns > *width)
        *width = columns;
}

static bool is_wrong(enum health health)
{
    return health == HEALTH_WARNING || health == HEALTH_CRITICAL;
}

/* With only_wrong equal rows are shown once, and none that the primary's line has told. */
static bool is_shown(const struct table *table, size_t place)
{
    const struct status_view *view = table->page->view;
    const struct status_domain *domain = &view->domains[place];
    bool is_held_alone = domain->verdict == VERDICT_HELD && status_is_held_by_primary(view, domain);

    if (!table->page->only_wrong)
        return true;
    return is_wrong(domain->health) && !is_held_alone && table->peers[place].is_first;
}

/* Named "mx2" and "example.com"; for several in one row "mx2" and "40 domains", "60 backups" and "120
 * domains". */
struct row {
    const char *backup, *domain;
    struct word backups, domains, cells[CELLS];
};

static void fill_row(struct row *row, const struct table *table, size_t place)
{
    const struct status_view *view = table->page->view;
    const struct status_domain *domain = &view->domains[place];
    const struct peers *peers = &table->peers[place];
    int64_t next_ms = domain->backup->next_ms, left_ms = next_ms - view->now_ms;

    *row = (struct row){.backup = domain->backup->config->name, .domain = domain->name};
    if (table->page->only_wrong && peers->domains > 1) {
        row->backups = word_count(peers->backups, "backup");
        row->domains = word_count(peers->domains, "domain");
        row->domain = row->domains.text;
        row->backup = peers->backups > 1 ? row->backups.text : row->backup;
    }
    row->cells[CELL_OUTCOME] =
        word_format("%s", domain->is_asked ? domain->state.outcome : "never asked");
    row->cells[CELL_AGO] = ago_word("", view, domain->state.at_ms);
    row->cells[CELL_NEXT] = next_ms == 0 ? word_format("-")
                            : left_ms <= 0
                                ? word_format("next now")
                                : word_format("next in %s", word_span(left_ms / 1000).text);
    row->cells[CELL_MAIL] = ago_word("mail ", view, domain->state.mail_ms);
}

/* The columns behind the names, with the gaps between them. */
static size_t behind_names(const struct table *table, size_t strip)
{
    size_t used = strip;

    for (size_t i = 0; i < CELLS; i++)
        used += table->widths[i] > 0 ? table->widths[i] + GAP : 0;
    return used;
}

/* A narrow terminal cuts the old end of the strip first, then the names. */
static void measure_table(struct table *table)
{
    const struct status_view *view = table->page->view;
    size_t columns = table->page->look.columns, used;

    for (size_t i = 0; i < view->domain_count; i++) {
        struct row row;

        if (!is_shown(table, i))
            continue;
        fill_row(&row, table, i);
        line_widen(&table->names, row.backup, row.domain);
        widen(&table->longest.backup, line_columns(row.backup));
        widen(&table->longest.domain, line_columns(row.domain));
        for (size_t j = 0; j < CELLS; j++)
            widen(&table->widths[j], strlen(row.cells[j].text));
        widen(&table->strip, view->domains[i].state.strip_count);
    }
    for (size_t i = 0; i < view->backup_count; i++) {
        const struct status_backup *backup = &view->backups[i];

        if (!is_wrong(backup->drill_health) && backup->unseen_ms == 0)
            continue;
        line_widen(&table->names, backup->config->name, NULL);
        widen(&table->longest.backup, line_columns(backup->config->name));
    }
    used = behind_names(table, table->strip < STRIP_MIN ? table->strip : STRIP_MIN) + 2 * GAP;
    table->longest = line_share(table->longest, columns > used ? columns - used : 0);
    if (table->names.backup > table->longest.backup)
        table->names.backup = table->longest.backup;
    if (table->names.domain > table->longest.domain)
        table->names.domain = table->longest.domain;
    used = behind_names(table, 0) + line_names_columns(table->longest);
    if (columns < used + table->strip)
        table->strip = columns > used ? columns - used : 0;
}

/* Neighbouring polls of one grade are one coloured piece. The newest polls of all rows are aligned. */
static void add_strip(const struct table *table, struct line *line,
                      const struct store_domain *state)
{
    size_t count = state->strip_count < table->strip ? state->strip_count : table->strip;
    const enum grade *strip = state->strip + (state->strip_count - count);
    char piece[STORE_STRIP_MAX + 1];

    if (count == 0)
        return;
    line_indent(line, table->strip - count);
    for (size_t i = 0, size; i < count; i += size) {
        for (size = 0; i + size < count && strip[i + size] == strip[i]; size++)
            piece[size] = status_letter(strip[i]);
        piece[size] = '\0';
        line_cell(line, line_style_of_grade(strip[i]), piece, 0);
        if (i + size < count)
            line_join(line);
    }
}

/* The mail that came in, the code, and the reply's text or our own words. */
static void append_said(struct buffer *said, const struct store_domain *state)
{
    if (state->messages > 0)
        (void)buffer_append_format(said, "%s  ", word_mail(state->messages, state->bytes).text);
    words_append_said(said, state->code, state->text, STATUS_SENTENCE_SIZE_MAX);
}

/* The text of a good answer may be cut: the outcome says enough. */
static void add_row(const struct table *table, size_t place)
{
    const struct status_domain *domain = &table->page->view->domains[place];
    enum style style = domain->is_held ? STYLE_DIM : line_style_of_grade(domain->grade);
    struct line line = line_begin(table->page->text, table->page->look);
    struct row row;
    struct buffer said;

    fill_row(&row, table, place);
    line_names(&line, row.backup, row.domain, table->names, behind_names(table, table->strip));
    for (size_t i = 0; i < CELLS; i++) {
        if (table->widths[i] > 0)
            line_cell(&line, i == CELL_OUTCOME ? style : STYLE_PLAIN, row.cells[i].text,
                      table->widths[i]);
    }
    add_strip(table, &line, &domain->state);
    if (domain->health == HEALTH_OK) {
        buffer_init(&said, STATUS_SENTENCE_SIZE_MAX);
        append_said(&said, &domain->state);
        line_cell(&line, STYLE_PLAIN, said.bytes, 0);
        buffer_done(&said);
    }
    (void)buffer_append_text(table->page->text, "\n");
}

/* ---- what is wrong with a row ---- */

static void add_detail(const struct table *table, enum style style, const char *sentence)
{
    struct line line = line_begin(table->page->text, table->page->look);

    if (*sentence == '\0')
        return;
    line_indent(&line, DETAIL_INDENT);
    line_last(&line, style, sentence, DETAIL_INDENT);
}

static void append_streak(struct buffer *sentence, const struct store_domain *state)
{
    if (state->streak == 1)
        (void)buffer_append_text(sentence, "failed once");
    else if (state->streak > 1)
        (void)buffer_append_format(sentence, "failed %lld times in a row",
                                   (long long)state->streak);
}

/* "SILENT: no good answer for 1d1h, since 2026-11-22 16:00; failed 6 times in a row" */
static void append_silent(struct buffer *sentence, const struct status_view *view,
                          const struct status_domain *domain)
{
    const struct store_domain *state = &domain->state;

    (void)buffer_append_format(
        sentence, "SILENT: no good answer for %s, since %s%s%s",
        word_span(status_silence_s(view, domain)).text,
        state->good_ms > 0 ? "" : "it was asked first, ",
        word_minute(state->good_ms > 0 ? state->good_ms : state->first_ms).text,
        state->streak > 0 ? "; " : "");
    append_streak(sentence, state);
}

/* "failed 6 times in a row, last good answer 2h ago" */
static void add_details(struct table *table, const struct status_domain *domain)
{
    const struct store_domain *state = &domain->state;
    bool is_said = status_is_held_by_primary(table->page->view, domain);
    struct buffer sentence;

    buffer_init(&sentence, STATUS_SENTENCE_SIZE_MAX);
    if (!is_said)
        append_said(&sentence, state);
    add_detail(table, STYLE_PLAIN, sentence.bytes);
    buffer_clear(&sentence);
    if (domain->is_silent)
        append_silent(&sentence, table->page->view, domain);
    else
        append_streak(&sentence, state);
    if (!domain->is_silent && state->streak > 0 && state->good_ms > 0)
        (void)buffer_append_format(&sentence, ", last good answer %s",
                                   ago_word("", table->page->view, state->good_ms).text);
    else if (!domain->is_silent && state->streak > 0)
        (void)buffer_append_text(&sentence, state->has_good
                                                ? ", last good answer at a time that is not known"
                                                : ", never a good answer");
    add_detail(table, domain->is_silent ? STYLE_BAD : STYLE_PLAIN, sentence.bytes);
    if (!is_said && state->advice[0] != '\0' && said_first(&table->advice, state->advice))
        add_detail(table, STYLE_DIM, state->advice);
    buffer_done(&sentence);
}

static void add_certificate(const struct table *table, const struct status_backup *backup)
{
    int64_t days = backup->certificate_days;
    enum style style = days < 0                      ? STYLE_BAD
                       : backup->health == HEALTH_OK ? STYLE_DIM
                                                     : STYLE_WARNING;
    struct word count = word_count((uint64_t)(days < 0 ? -days : days), "day");
    struct word sentence = days == 0  ? word_format("certificate ends within a day")
                           : days < 0 ? word_format("certificate ended %s ago", count.text)
                                      : word_format("certificate ends in %s", count.text);
    struct line line = line_begin(table->page->text, table->page->look);

    if (!backup->has_certificate || (table->page->only_wrong && !is_wrong(backup->health)))
        return;
    line_names(&line, backup->config->name, "", (struct line_widths){.backup = table->names.backup},
               strlen(sentence.text));
    line_last(&line, style, sentence.text, DETAIL_INDENT);
}

/* "mail 12 messages, 3m ago"; what is not known is left out */
static struct word arrival_word(const struct status_view *view, const struct status_backup *backup)
{
    int64_t messages = backup->arrival.messages, at_ms = status_arrival_ms(backup);
    struct word count = word_format(" %s", word_count((uint64_t)messages, "message").text);
    bool is_counted = messages >= 0;

    return word_format("mail%s%s", is_counted ? count.text : "",
                       ago_word(is_counted ? ", " : " ", view, at_ms).text);
}

/* "mx2  mail 12 messages, 3m ago  drill ok 12d ago" */
static void add_arrival_and_drill(struct table *table, const struct status_backup *backup)
{
    const struct status_page *page = table->page;
    bool has_failed = backup->drill_health != HEALTH_OK;
    const char *advice = status_drill_advice(backup->drill.outcome, backup->drill.code);
    struct word mail = arrival_word(page->view, backup);
    struct line line = line_begin(page->text, page->look);
    struct buffer drill;

    if (page->only_wrong ? !has_failed : !backup->has_arrival && !backup->has_drill)
        return;
    buffer_init(&drill, STATUS_SENTENCE_SIZE_MAX);
    if (backup->has_drill)
        status_append_drill(&drill, page->view, backup);
    line_names(&line, backup->config->name, "", (struct line_widths){.backup = table->names.backup},
               strlen(mail.text));
    if (backup->has_arrival && !page->only_wrong)
        line_cell(&line, STYLE_PLAIN, mail.text, 0);
    line_last(&line, has_failed ? STYLE_WARNING : STYLE_PLAIN, drill.bytes, DETAIL_INDENT);
    if (has_failed && said_first(&table->advice, advice))
        add_detail(table, STYLE_DIM, advice);
    buffer_done(&drill);
}

static void add_unseen(struct table *table, const struct status_backup *backup)
{
    struct line line = line_begin(table->page->text, table->page->look);
    struct buffer sentence;

    if (backup->unseen_ms == 0)
        return;
    buffer_init(&sentence, STATUS_SENTENCE_SIZE_MAX);
    status_append_unseen(&sentence, table->page->view, backup);
    line_names(&line, backup->config->name, "", (struct line_widths){.backup = table->names.backup},
               sentence.size);
    line_last(&line, STYLE_WARNING, sentence.bytes, DETAIL_INDENT);
    if (said_first(&table->advice, status_unseen_advice))
        add_detail(table, STYLE_DIM, status_unseen_advice);
    buffer_done(&sentence);
}

/* ---- what is the same for many ---- */

struct trouble {
    const struct status_domain *domain;
    size_t place;
};

/* 0 when the details are equal. Held answers of different backups are equal. */
static int compare_domains(const struct status_domain *a, const struct status_domain *b)
{
    enum {
        MINUTE_MS = 60 * 1000
    };
    const struct store_domain *x = &a->state, *y = &b->state;
    const int64_t differences[] = {
        a->is_silent - b->is_silent,
        a->is_held && b->is_held ? 0 : a->backup - b->backup,
        x->code - y->code,
        x->streak - y->streak,
        x->good_ms / MINUTE_MS - y->good_ms / MINUTE_MS,
    };
    int order = strcmp(x->outcome, y->outcome);

    for (size_t i = 0; i < COUNT_OF(differences) && order == 0; i++)
        order = (differences[i] > 0) - (differences[i] < 0);
    if (order == 0)
        order = strcmp(x->text, y->text);
    return order != 0 ? order : strcmp(x->advice, y->advice);
}

static int compare_troubles(const void *left, const void *right)
{
    const struct trouble *a = left, *b = right;
    int order = compare_domains(a->domain, b->domain);

    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

/* Peers stand in the order of their places. */
static void find_peers(struct table *table)
{
    const struct status_view *view = table->page->view;
    size_t count = view->domain_count;
    struct trouble *troubles = memory_new(count, sizeof *troubles);

    table->peers = memory_new(count, sizeof *table->peers);
    for (size_t i = 0; i < count; i++)
        troubles[i] = (struct trouble){&view->domains[i], i};
    qsort(troubles, count, sizeof *troubles, compare_troubles);
    for (size_t i = 0, end; i < count; i = end) {
        size_t backups = 1;

        for (end = i + 1;
             end < count && compare_domains(troubles[i].domain, troubles[end].domain) == 0; end++)
            backups += troubles[end].domain->backup != troubles[end - 1].domain->backup;
        for (size_t j = i; j < end; j++)
            table->peers[troubles[j].place] = (struct peers){.backups = backups,
                                                             .domains = end - i,
                                                             .is_first = j == i,
                                                             .is_last = j + 1 == end};
    }
    free(troubles);
}

/* Details stand once, below the last row that they are of. */
void status_table_add(const struct status_page *page)
{
    const struct status_view *view = page->view;
    struct table table = {.page = page};

    find_peers(&table);
    measure_table(&table);
    for (size_t i = 0; i < view->domain_count; i++) {
        const struct status_domain *domain = &view->domains[i];
        bool is_last = i + 1 == view->domain_count || domain[1].backup != domain->backup;

        if (is_shown(&table, i)) {
            add_row(&table, i);
            if (domain->health != HEALTH_OK && (page->only_wrong || table.peers[i].is_last))
                add_details(&table, domain);
        }
        if (is_last) {
            add_unseen(&table, domain->backup);
            add_arrival_and_drill(&table, domain->backup);
            add_certificate(&table, domain->backup);
        }
    }
    free(table.peers);
    said_done(&table.advice);
}

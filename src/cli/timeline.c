/* Counts what the store has of the past by spans of time. */
#include "timeline.h"
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

enum {
    MINUTE_S = 60,
    HOUR_S = 3600,
    DAY_S = 24 * 3600,
    SAID_SIZE_MAX = 160,
    TICKS_MAX = 8
};

/* ---- spans ---- */

static void add_bound(struct spans *spans, size_t *bounds, int64_t at_ms)
{
    spans->bounds = memory_more(spans->bounds, *bounds, sizeof *spans->bounds);
    spans->bounds[(*bounds)++] = at_ms;
}

/* When a local day, counted from 1970, begins. */
static int64_t midnight_ms(int64_t day, schedule_offset *offset)
{
    int64_t utc_s = day * DAY_S;
    int64_t near_s = utc_s - offset(utc_s);

    return (utc_s - offset(near_s)) * 1000;
}

/* Whole local days, so many together that there are not too many spans. */
static void part_by_days(struct spans *spans, int64_t begin_ms, int64_t end_ms,
                         schedule_offset *offset)
{
    int64_t begin_s = begin_ms / 1000;
    int64_t day = (begin_s + offset(begin_s)) / DAY_S;
    int64_t days = (end_ms - begin_ms) / 1000 / DAY_S + 1;
    int64_t step = (days + TIMELINE_CELLS) / (TIMELINE_CELLS + 1);
    size_t bounds = 0;

    add_bound(spans, &bounds, begin_ms);
    for (day += step; midnight_ms(day, offset) < end_ms; day += step)
        add_bound(spans, &bounds, midnight_ms(day, offset));
    add_bound(spans, &bounds, end_ms);
    spans->count = bounds - 1;
}

/* Spans of the least of some lengths that does not make too many; false where none is long enough. */
static bool part_evenly(struct spans *spans, int64_t begin_ms, int64_t end_ms)
{
    static const int64_t lengths_s[] = {5 * MINUTE_S, 15 * MINUTE_S, 30 * MINUTE_S,
                                        HOUR_S,       2 * HOUR_S,    4 * HOUR_S};
    size_t i = 0, bounds = 0;

    while (i < COUNT_OF(lengths_s) && (end_ms - begin_ms) / 1000 / lengths_s[i] >= TIMELINE_CELLS)
        i++;
    if (i == COUNT_OF(lengths_s))
        return false;
    for (int64_t at_ms = begin_ms; at_ms < end_ms; at_ms += lengths_s[i] * 1000)
        add_bound(spans, &bounds, at_ms);
    add_bound(spans, &bounds, end_ms);
    spans->count = bounds - 1;
    return true;
}

static void find_hours(struct timeline *timeline, schedule_offset *offset)
{
    static const int64_t steps_s[] = {MINUTE_S, 5 * MINUTE_S, 15 * MINUTE_S, 30 * MINUTE_S,
                                      HOUR_S,   3 * HOUR_S,   6 * HOUR_S,    12 * HOUR_S};
    int64_t begin_s = timeline->begin_ms / 1000, end_s = timeline->end_ms / 1000;
    size_t i = 0;

    while (i + 1 < COUNT_OF(steps_s) && (end_s - begin_s) / steps_s[i] > TICKS_MAX)
        i++;
    for (int64_t at_s = begin_s - begin_s % MINUTE_S + MINUTE_S; at_s < end_s; at_s += MINUTE_S) {
        if ((at_s + offset(at_s)) % steps_s[i] == 0)
            add_bound(&timeline->ticks, &timeline->ticks.count, at_s * 1000);
    }
}

static void find_ticks(struct timeline *timeline, schedule_offset *offset)
{
    const struct spans *days = &timeline->days;
    size_t step = (days->count + TICKS_MAX - 1) / TICKS_MAX;

    timeline->has_hours = timeline->end_ms - timeline->begin_ms < INT64_C(1000) * 3 * DAY_S;
    if (timeline->has_hours)
        find_hours(timeline, offset);
    for (size_t i = 1; i < days->count && !timeline->has_hours; i += step)
        add_bound(&timeline->ticks, &timeline->ticks.count, days->bounds[i]);
}

/* The span in which the time lies; spans->count: none. */
static size_t find_span(const struct spans *spans, int64_t at_ms)
{
    size_t low = 0, high = spans->count;

    if (at_ms < spans->bounds[0] || at_ms > spans->bounds[spans->count])
        return spans->count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (spans->bounds[middle] <= at_ms)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* ---- which backups ---- */

/* Whether something is wrong with each backup of the view; freed by the caller. */
static bool *find_wrong(const struct status_view *view)
{
    bool *wrong = memory_new(view->backup_count, sizeof *wrong);

    for (size_t i = 0; i < view->backup_count; i++)
        wrong[i] = view->backups[i].health != HEALTH_OK ||
                   view->backups[i].drill_health != HEALTH_OK || view->backups[i].unseen_ms > 0;
    for (size_t i = 0; i < view->domain_count; i++) {
        if (view->domains[i].health != HEALTH_OK)
            wrong[view->domains[i].backup - view->backups] = true;
    }
    return wrong;
}

/* Of too many those that are wrong come first. */
static void choose(struct timeline *timeline, const struct status_view *view)
{
    bool *wrong = find_wrong(view);
    bool are_few = view->backup_count <= TIMELINE_BACKUPS_MAX;

    timeline->backups =
        memory_new(are_few ? view->backup_count : TIMELINE_BACKUPS_MAX, sizeof *timeline->backups);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < view->backup_count && timeline->count < TIMELINE_BACKUPS_MAX; i++) {
            if (are_few ? round == 0 : wrong[i] == (round == 0))
                timeline->backups[timeline->count++] = (struct timeline_backup){
                    .status = &view->backups[i],
                    .cells = memory_new(timeline->polls.count, sizeof(struct timeline_cell)),
                    .mail = memory_new(timeline->days.count, sizeof(struct timeline_mail))};
        }
    }
    free(wrong);
}

/* ---- reading ---- */

struct named {
    const char *name; /* borrowed */
    struct timeline_backup *backup;
};

struct reading {
    struct timeline *timeline;
    struct named *named; /* owned: of each backup, sorted */
};

static int compare_names(const char *a, const char *b)
{
    while (*a != '\0' && text_lower(*a) == text_lower(*b)) {
        a++;
        b++;
    }
    return (unsigned char)text_lower(*a) - (unsigned char)text_lower(*b);
}

static int compare_named(const void *left, const void *right)
{
    const struct named *a = left, *b = right;

    return compare_names(a->name, b->name);
}

/* NULL: it is configured no more, or not drawn. */
static struct timeline_backup *find_backup(const struct reading *reading, const char *name)
{
    const struct named key = {.name = name};
    size_t count = reading->timeline->count;
    const struct named *found =
        count == 0 ? NULL
                   : bsearch(&key, reading->named, count, sizeof *reading->named, compare_named);

    return found != NULL ? found->backup : NULL;
}

/* Where mail is counted. */
enum source {
    SOURCE_MESSAGES,
    SOURCE_WATCHED,
    SOURCE_ANSWERS
};

static struct timeline_mail *find_mail(const struct reading *reading, const char *backup,
                                       int64_t at_ms)
{
    struct timeline_backup *of = find_backup(reading, backup);
    size_t day = find_span(&reading->timeline->days, at_ms);

    return of != NULL && day < reading->timeline->days.count ? &of->mail[day] : NULL;
}

static void add_mail(struct timeline_mail *mail, enum source source, int64_t messages,
                     int64_t bytes)
{
    mail->messages[source] += messages > 0 ? messages : 0;
    mail->bytes[source] += bytes > 0 ? bytes : 0;
}

static void keep_worst(struct timeline_cell *cell, const struct store_answer *answer, bool is_fine)
{
    enum outcome outcome;
    struct buffer said;

    if (cell->at_ms != 0 && answer->grade <= cell->worst)
        return;
    free(cell->said);
    cell->said = NULL;
    cell->at_ms = answer->at_ms;
    cell->worst = answer->grade;
    cell->outcome = outcome_find(answer->outcome, &outcome) ? outcome_name(outcome) : "unknown";
    if (!is_fine || answer->grade == GRADE_GOOD)
        return;
    buffer_init(&said, 2 * SAID_SIZE_MAX);
    text_append_cut(&said, answer->domain, SAID_SIZE_MAX / 2);
    (void)buffer_append_text(&said, ", ");
    words_append_said(&said, answer->code, answer->text, SAID_SIZE_MAX);
    cell->said = memory_copy(said.bytes);
    buffer_done(&said);
}

static bool take_answer(void *context, const struct store_row *row)
{
    const struct reading *reading = context;
    const struct store_answer *answer = &row->answer;
    struct timeline_backup *backup = find_backup(reading, row->backup);
    size_t place = find_span(&reading->timeline->polls, answer->at_ms);
    struct timeline_mail *mail = find_mail(reading, row->backup, answer->at_ms);

    if (mail != NULL)
        add_mail(mail, SOURCE_ANSWERS, answer->messages, answer->bytes);
    if (backup == NULL || place == reading->timeline->polls.count)
        return true;
    backup->cells[place].counts[answer->grade]++;
    backup->counts[answer->grade]++;
    keep_worst(&backup->cells[place], answer, reading->timeline->is_fine);
    return true;
}

static void take_mail(void *context, const void *record)
{
    const struct store_mail *mail = record;
    struct timeline_mail *day = find_mail(context, mail->backup, mail->at_ms);

    if (day != NULL)
        add_mail(day, SOURCE_MESSAGES, mail->messages, mail->bytes);
}

static void take_arrival(void *context, const void *record)
{
    const struct store_arrival *arrival = record;
    int64_t at_ms = arrival->first_ms > 0 ? arrival->first_ms : arrival->asked_ms;
    struct timeline_mail *day = find_mail(context, arrival->backup, at_ms);

    if (day == NULL)
        return;
    add_mail(day, SOURCE_WATCHED, arrival->messages, arrival->bytes);
    if (arrival->messages < 0 && arrival->connections > 0)
        day->connections += arrival->connections;
}

/* "example.com: not accepted, 550 no", "example.com: ok, arrived after 1.4 s" */
static void take_drill(void *context, const void *record)
{
    const struct store_drill *drill = record;
    const struct reading *reading = context;
    struct timeline_backup *backup = find_backup(reading, drill->backup);
    struct buffer sentence;

    if (backup == NULL || drill->at_ms > reading->timeline->end_ms)
        return;
    buffer_init(&sentence, STATUS_SENTENCE_SIZE_MAX);
    text_append_cut(&sentence, drill->domain, SAID_SIZE_MAX);
    (void)buffer_append_text(&sentence, ": ");
    text_append_cut(&sentence, drill->outcome, SAID_SIZE_MAX);
    if (drill->arrived_ms >= 0) {
        (void)buffer_append_text(&sentence, ", arrived");
        words_append_elapsed(&sentence, drill->arrived_ms);
    }
    if (drill->code > 0 || drill->text != NULL) {
        (void)buffer_append_text(&sentence, ", ");
        words_append_said(&sentence, drill->code, drill->text, SAID_SIZE_MAX);
    }
    backup->drills = memory_more(backup->drills, backup->drill_count, sizeof *backup->drills);
    backup->drills[backup->drill_count++] =
        (struct timeline_drill){.at_ms = drill->at_ms,
                                .is_good = drill->exit_status == 0,
                                .sentence = memory_copy(sentence.bytes)};
    buffer_done(&sentence);
}

/* Outages that are less than a thousandth of the time apart are drawn as one. */
static void take_outage(void *context, const void *record)
{
    struct timeline *timeline = ((const struct reading *)context)->timeline;
    const struct store_outage *outage = record;
    struct timeline_outage *last =
        timeline->outage_count > 0 ? &timeline->outages[timeline->outage_count - 1] : NULL;
    struct timeline_outage taken = {
        .began_ms = outage->began_ms, .lasts = outage->ended_ms == 0, .count = 1};

    taken.ended_ms = taken.lasts ? timeline->end_ms : outage->ended_ms;
    if (taken.began_ms == 0 || taken.began_ms > timeline->end_ms)
        taken.began_ms = timeline->end_ms;
    if (taken.began_ms < timeline->begin_ms)
        taken.began_ms = timeline->begin_ms;
    if (taken.ended_ms < taken.began_ms || taken.ended_ms > timeline->end_ms)
        taken.ended_ms = taken.lasts ? timeline->end_ms : taken.began_ms;
    if (last != NULL &&
        taken.began_ms - last->ended_ms < (timeline->end_ms - timeline->begin_ms) / 1000) {
        last->ended_ms = last->ended_ms > taken.ended_ms ? last->ended_ms : taken.ended_ms;
        last->lasts |= taken.lasts;
        last->count++;
        return;
    }
    (void)text_copy(taken.why, sizeof taken.why, outage->why);
    timeline->outages =
        memory_more(timeline->outages, timeline->outage_count, sizeof *timeline->outages);
    timeline->outages[timeline->outage_count++] = taken;
}

static enum status read_all(struct reading *reading, struct store *store, struct error *error)
{
    static void (*const takers[])(void *context,
                                  const void *record) = {[STORE_MAIL] = take_mail,
                                                         [STORE_ARRIVALS] = take_arrival,
                                                         [STORE_DRILLS] = take_drill,
                                                         [STORE_OUTAGES] = take_outage};
    const struct store_filter filter = {.since_ms = reading->timeline->begin_ms};
    enum status status = store_begin_reading(store, error);

    if (status == STATUS_OK)
        status = store_history(store, &filter, take_answer, reading, error);
    for (size_t i = 0; i < COUNT_OF(takers) && status == STATUS_OK; i++)
        status = store_past(store, (enum store_kind)i, filter.since_ms, takers[i], reading, error);
    return status == STATUS_OK ? store_commit(store, error) : status;
}

enum status timeline_read(struct timeline *timeline, const struct status_view *view,
                          struct store *store, int64_t since_ms, schedule_offset *offset,
                          struct error *error)
{
    struct timeline read = {.begin_ms = since_ms, .end_ms = view->now_ms};
    struct reading reading = {.timeline = &read};
    enum status status = STATUS_OK;

    part_by_days(&read.days, since_ms, view->now_ms, offset);
    read.is_fine = part_evenly(&read.polls, since_ms, view->now_ms);
    if (!read.is_fine)
        part_by_days(&read.polls, since_ms, view->now_ms, offset);
    find_ticks(&read, offset);
    choose(&read, view);
    reading.named = memory_new(read.count, sizeof *reading.named);
    for (size_t i = 0; i < read.count; i++)
        reading.named[i] = (struct named){read.backups[i].status->config->name, &read.backups[i]};
    qsort(reading.named, read.count, sizeof *reading.named, compare_named);
    if (store != NULL)
        status = read_all(&reading, store, error);
    free(reading.named);
    if (status == STATUS_OK)
        *timeline = read;
    else
        timeline_done(&read);
    return status;
}

void timeline_done(struct timeline *timeline)
{
    for (size_t i = 0; i < timeline->count; i++) {
        struct timeline_backup *backup = &timeline->backups[i];

        for (size_t j = 0; j < timeline->polls.count; j++)
            free(backup->cells[j].said);
        for (size_t j = 0; j < backup->drill_count; j++)
            free(backup->drills[j].sentence);
        free(backup->cells);
        free(backup->mail);
        free(backup->drills);
    }
    free(timeline->backups);
    free(timeline->outages);
    free(timeline->polls.bounds);
    free(timeline->days.bounds);
    free(timeline->ticks.bounds);
    *timeline = (struct timeline){.count = 0};
}

int64_t timeline_messages(const struct timeline_mail *mail, int64_t *bytes)
{
    size_t most = 0;

    for (size_t i = 1; i < COUNT_OF(mail->messages); i++) {
        if (mail->messages[i] > mail->messages[most])
            most = i;
    }
    *bytes = mail->bytes[most];
    return mail->messages[most];
}

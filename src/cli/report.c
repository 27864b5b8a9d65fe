/* The report of `mxpull pull`, as text or JSON. */
#include "report.h"
#include "json.h"
#include "logging.h"

#include <stdlib.h>

/* OUTCOME_WIDTH is that of the longest name. */
enum {
    TEXT_SIZE_MAX = 64 * 1024,
    SAID_SIZE_MAX = 8 * 1024,
    OUTCOME_WIDTH = 14,
    GAPS = 4, /* behind the names */
    ADVICE_INDENT = 6,
    SUMMARY_INDENT = 2
};

struct line_widths report_widths(const struct result *const results[], size_t count)
{
    struct line_widths widths = {0};
    const struct backup_config *backup = NULL;

    for (size_t i = 0; i < count; i++) {
        line_widen(&widths, results[i]->backup != backup ? results[i]->backup->name : NULL,
                   results[i]->domain);
        backup = results[i]->backup;
    }
    return widths;
}

/* ---- answers as lines ---- */

/* What was said: the code and the reply's text, or our own words. For several answers that were held:
 * "your mail server 127.0.0.1:25 does not answer: connection refused; nothing was asked of 60 backups
 * (120 domains)" */
static void add_said(struct line *line, const struct answers *answers, bool are_held)
{
    const struct word backups = word_count(answers->backups, "backup");
    const struct word domains = word_count(answers->count, "domain");
    struct buffer said;

    buffer_init(&said, 2 * SAID_SIZE_MAX);
    if (are_held && answers->is_part)
        (void)buffer_append_format(&said, "%s; not asked for: %s of %s (%s)", answers->text,
                                   domains.text, backups.text, answers->names);
    else if (are_held)
        (void)buffer_append_format(&said, "%s; nothing was asked of %s (%s)", answers->text,
                                   backups.text, domains.text);
    else
        words_append_said(&said, answers->first->code, answers->first->text, SAID_SIZE_MAX);
    if (!are_held && answers->names != NULL)
        (void)buffer_append_format(&said, ": %s", answers->names);
    line_last(line, are_held ? STYLE_WARNING : STYLE_PLAIN, said.bytes, ADVICE_INDENT);
    buffer_done(&said);
}

/* A cell of the line, or lines of its own. */
static void add_name(struct line *line, const char *name, size_t width, bool is_whole)
{
    if (is_whole) {
        line_cell(line, STYLE_PLAIN, name, width);
        return;
    }
    line_last(line, STYLE_PLAIN, name, ADVICE_INDENT);
    *line = line_begin(line->target, (struct line_look){line->columns, line->color});
    line_indent(line, ADVICE_INDENT);
}

/* Names that do not fit beside each other and the outcome have lines of their own. */
static void add_answer(struct line *line, const struct answers *answers, struct line_widths widths)
{
    const struct result *result = answers->first;
    const struct word domains = word_count(answers->count, "domain");
    const char *domain = answers->count > 1 ? domains.text : result->domain;
    size_t backup_columns = line_columns(result->backup->name),
           domain_columns = line_columns(domain);
    bool is_whole = (backup_columns > widths.backup ? backup_columns : widths.backup) +
                        (domain_columns > widths.domain ? domain_columns : widths.domain) + GAPS +
                        OUTCOME_WIDTH <=
                    line->columns;

    add_name(line, result->backup->name, widths.backup, is_whole);
    if (result->dry) {
        line_cell(line, STYLE_GOOD, "would send", 0);
        line_cell(line, STYLE_PLAIN, result->command != NULL ? result->command : "", 0);
        (void)buffer_append_text(line->target, "\n");
        return;
    }
    add_name(line, domain, widths.domain, is_whole);
    line_cell(line,
              result->outcome == OUTCOME_HELD ? STYLE_WARNING
                                              : line_style_of_grade(outcome_grade(result->outcome)),
              outcome_name(result->outcome), OUTCOME_WIDTH);
    /* The text of OUTCOME_REFUSED counts the messages. */
    if (result->outcome == OUTCOME_RECEIVED
            ? result->messages >= 0
            : result->messages > 0 && result->outcome != OUTCOME_REFUSED)
        line_cell(line, STYLE_PLAIN, word_mail(result->messages, result->bytes).text, 0);
    add_said(line, answers, false);
}

void report_append_answers(struct buffer *text, const struct answers *answers,
                           struct line_look look, struct line_widths widths, struct said *advice)
{
    bool are_held = answers->count > 1 && answers->first->outcome == OUTCOME_HELD;
    struct line line = line_begin(text, look);

    if (are_held)
        add_said(&line, answers, true);
    else
        add_answer(&line, answers, widths);
    if (are_held || result_is_good(answers->first))
        return;
    char *words = advice_new(answers->first);
    if (*words != '\0' && (advice == NULL || said_first(advice, words))) {
        line = line_begin(text, look);
        line_indent(&line, ADVICE_INDENT);
        line_last(&line, STYLE_DIM, words, ADVICE_INDENT);
    }
    free(words);
}

/* ---- the summary ---- */

struct summary {
    size_t asked; /* results known, those held left out: ok and failed */
    size_t ok;
    size_t failed;
    size_t held;
    size_t by_outcome[OUTCOME_COUNT];
};

static struct summary count_results(const struct round_facts *facts)
{
    struct summary summary = {0};

    for (size_t i = 0; i < facts->count; i++) {
        const struct result *result = facts->results[i];

        if (!result->known)
            continue;
        if (!result->dry && result->outcome == OUTCOME_HELD) {
            summary.held++;
            continue;
        }
        summary.asked++;
        summary.by_outcome[result->outcome] += !result->dry;
        ++*(result_is_good(result) ? &summary.ok : &summary.failed);
    }
    return summary;
}

void report_append_summary(struct buffer *text, const struct round_facts *facts,
                           struct line_look look)
{
    struct summary summary = count_results(facts);
    const char *before = " (";
    struct line line = line_begin(text, (struct line_look){.columns = look.columns});
    struct buffer sentence;

    buffer_init(&sentence, TEXT_SIZE_MAX);
    if (facts->count == 0)
        (void)buffer_append_text(&sentence, "nothing to ask in this shard");
    else if (facts->dry_run)
        (void)buffer_append_format(&sentence, "dry run, nothing was asked: %zu ready, %zu failed",
                                   summary.ok, summary.failed);
    else
        (void)buffer_append_format(&sentence, "%zu asked, %zu ok, %zu failed", summary.asked,
                                   summary.ok, summary.failed);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (summary.by_outcome[i] == 0 || outcome_grade((enum outcome)i) == GRADE_GOOD)
            continue;
        (void)buffer_append_format(&sentence, "%s%s %zu", before, outcome_name((enum outcome)i),
                                   summary.by_outcome[i]);
        before = ", ";
    }
    (void)buffer_append_text(&sentence, summary.failed > 0 ? ")" : "");
    if (summary.held > 0)
        (void)buffer_append_format(&sentence, ", %zu held", summary.held);
    if (facts->count > 0)
        words_append_elapsed(&sentence, facts->elapsed_ms);
    line_last(&line, STYLE_PLAIN, sentence.bytes, SUMMARY_INDENT);
    buffer_done(&sentence);
}

/* ---- JSON: the keys and their order are the interface's ---- */

static json_t *arrival_object(const struct arrival_account *account)
{
    const char *evidence = evidence_name(account->evidence);
    json_t *object = json_object();

    json_set(object, "state", json_string(arrival_state_name(account->state)));
    json_set(object, "evidence", evidence != NULL ? json_string(evidence) : NULL);
    json_set(object, "messages", json_count(account->messages));
    json_set(object, "bytes", json_count(account->bytes));
    json_set(object, "connections", json_count(account->connections));
    json_set(object, "first", json_stamp(account->first_ms));
    json_set(object, "last", json_stamp(account->last_ms));
    json_set(object, "address", json_remote_filled(account->address));
    json_set(object, "refusal", json_remote_filled(account->refusal));
    return object;
}

/* account NULL: no mail was waited for. */
static json_t *result_object(const struct result *result, const struct arrival_account *account)
{
    const struct backup_config *backup = result->backup;
    bool has_outcome = result->known && !result->dry;
    json_t *object = json_object();

    json_set(object, "backup", json_own(backup->name));
    json_set(object, "host", json_own(backup->host));
    json_set(object, "address", json_remote_filled(result->address));
    json_set(object, "port", json_integer(backup->port));
    json_set(object, "method", json_string(method_name(backup->method)));
    json_set(object, "domain", json_own(result->domain));
    json_set(object, "outcome", has_outcome ? json_string(outcome_name(result->outcome)) : NULL);
    if (result->dry)
        json_set(object, "command", json_own(result->command));
    json_set(object, "code", json_number_if(result->code > 0, result->code));
    json_set(object, "text", result->dry ? NULL : json_remote(result->text));
    json_set(object, "pending", json_count(result->pending));
    json_set(object, "messages", json_count(result->messages));
    json_set(object, "bytes", json_count(result->bytes));
    json_set(object, "tls", json_remote_filled(result->tls));
    json_set(object, "authenticated", json_boolean(result->authenticated));
    json_set(object, "attempts", json_integer(result->attempts));
    json_set(object, "ms", json_integer(result->ms));
    json_set(object, "refused_for_now", json_count(result->refused_for_now));
    json_set(object, "refused_for_good", json_count(result->refused_for_good));
    json_set(object, "arrival", account != NULL ? arrival_object(account) : NULL);
    return object;
}

/* ---- the whole ---- */

static struct line_look look_of(const struct report *report)
{
    struct line_look look = report->look;

    if (report->live != NULL)
        look.columns = live_columns(report->live);
    return look;
}

/* Puts whole lines above the live table, or writes them. */
static void put_lines(const struct report *report, const struct buffer *lines)
{
    if (report->live != NULL)
        live_keep(report->live, lines->bytes);
    else
        output_write(report->output, lines->bytes, lines->size);
}

static void on_gathered(void *context, const struct answers *answers)
{
    struct report *report = context;
    struct buffer text;

    /* A person who sees the answers on standard output needs no log of them. */
    if (!report->is_ending && log_wants(LEVEL_INFO))
        logging_answer(answers);
    if (report->json || (report->quiet && !report->is_ending))
        return;
    buffer_init(&text, TEXT_SIZE_MAX);
    report_append_answers(&text, answers, look_of(report), report->widths, &report->advice);
    put_lines(report, &text);
    buffer_done(&text);
}

static void put_arrival(struct report *report, const struct round_facts *facts,
                        const struct backup_config *backup, const struct arrival_account *account)
{
    struct arrival_view view = {
        .backup = backup, .account = account, .means = facts->means, .answered = ""};
    struct buffer text;

    for (size_t i = 0; i < facts->count; i++) {
        if (facts->results[i]->backup == backup && facts->results[i]->address != NULL)
            view.answered = facts->results[i]->address;
    }
    buffer_init(&text, TEXT_SIZE_MAX);
    arrival_append(&text, &view, look_of(report), report->widths, &report->advice);
    put_lines(report, &text);
    buffer_done(&text);
}

void report_arrived(struct report *report, const struct round_facts *facts,
                    const struct backup_config *backup, const struct arrival_account *account)
{
    gather_flush(report->gather);
    if (log_wants(LEVEL_INFO))
        logging_arrival(LEVEL_INFO, backup, account);
    if (!report->json && !report->quiet)
        put_arrival(report, facts, backup, account);
}

void report_begin(struct report *report)
{
    report->gather = gather_new(on_gathered, report);
}

void report_done(struct report *report)
{
    gather_free(report->gather);
    said_done(&report->advice);
}

/* What is wrong, once for each backup. */
static void put_unseen(struct report *report, const struct round_facts *facts)
{
    const struct backup_config *told = NULL;

    for (size_t i = 0; i < facts->count && facts->arrivals != NULL; i++) {
        const struct backup_config *backup = facts->results[i]->backup;
        const struct arrival_account *account = facts->arrivals[i];

        if (account == NULL || account_exit_status(account) == 0 || backup == told)
            continue;
        put_arrival(report, facts, backup, account);
        told = backup;
    }
}

/* With quiet the failures were logged as they came, and are reported now. */
void report_finish(struct report *report, const struct round_facts *facts)
{
    const struct summary summary = count_results(facts);
    json_t *results;
    struct buffer text;

    gather_flush(report->gather);
    if (report->live != NULL)
        live_hide(report->live, true);
    if (report->quiet && facts->exit_status == 0)
        return;
    if (report->json) {
        results = json_array();
        for (size_t i = 0; i < facts->count; i++)
            (void)json_array_append_new(
                results, result_object(facts->results[i],
                                       facts->arrivals != NULL ? facts->arrivals[i] : NULL));
        json_write(report->output,
                   json_pack("{s:o, s:f, s:i, s:o, s:{s:I, s:I, s:I, s:I}, s:s*}", "started",
                             json_stamp(facts->started_wall_ms), "seconds",
                             (double)facts->elapsed_ms / 1000.0, "exit_status", facts->exit_status,
                             "results", results, "summary", "asked", (json_int_t)summary.asked,
                             "ok", (json_int_t)summary.ok, "failed", (json_int_t)summary.failed,
                             "held", (json_int_t)summary.held, "shard", report->shard));
    } else if (report->quiet) {
        report->is_ending = true;
        for (size_t i = 0; i < facts->count; i++) {
            if (facts->results[i]->known && !result_is_good(facts->results[i]))
                gather_add(report->gather, facts->results[i]);
        }
        gather_flush(report->gather);
        put_unseen(report, facts);
    } else {
        buffer_init(&text, TEXT_SIZE_MAX);
        report_append_summary(&text, facts, look_of(report));
        output_write(report->output, text.bytes, text.size);
        buffer_done(&text);
    }
}

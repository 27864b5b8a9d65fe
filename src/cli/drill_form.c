/* Drills as lines and as JSON. */
#include "drill_form.h"
#include "status.h"
#include <mxpull/base/text.h>

#include <string.h>

enum {
    LINE_SIZE_MAX = 4 * 1024,
    SAID_MAX = 300,
    ADVICE_INDENT = 2
};

static const char dot[] = " \xc2\xb7 "; /* · */

static void add_seconds(struct buffer *text, const char *word, int64_t ms)
{
    int64_t tenths = ms > 0 ? (ms + 50) / 100 : 0;

    (void)buffer_append_format(text, "%s %lld.%lld s", word, (long long)(tenths / 10),
                               (long long)(tenths % 10));
}

static void add_evidence(struct buffer *text, enum evidence evidence)
{
    const char *name = evidence_name(evidence);

    if (name != NULL)
        (void)buffer_append_format(text, " (%s)", name);
}

/* ---- the steps ---- */

static void add_handed_in(struct buffer *text, const struct course *course)
{
    if (course->phase == COURSE_SENDING) {
        (void)buffer_append_text(text, "sending");
    } else if (course->accepted_after_ms >= 0) {
        add_seconds(text, "accepted", course->accepted_after_ms);
    } else if (course->is_doubtful) {
        (void)buffer_append_text(text, "handed over, and not answered (");
        words_append_said(text, course->code, course->text, SAID_MAX);
        (void)buffer_append_text(text, ")");
    } else if (course->is_stopped) {
        (void)buffer_append_text(text, "not sent");
    } else if (course->outcome == DRILL_NOT_ACCEPTED) {
        const char *stage = delivery_stage_name(course->stage);

        (void)buffer_append_format(text, "not accepted: %s%s", stage, stage[0] != '\0' ? ": " : "");
        words_append_said(text, course->code, course->text, SAID_MAX);
    }
}

static void add_answer(struct buffer *text, const struct course *course)
{
    bool is_good = outcome_grade(course->answer) == GRADE_GOOD;

    if (course->answered_after_ms < 0 && course->asked_after_ms >= 0)
        (void)buffer_append_format(text, "%sasking", dot);
    if (course->answered_after_ms < 0)
        return;
    (void)buffer_append_format(text, "%sasked", dot);
    if (is_good && course->answer_code != 0) {
        (void)buffer_append_format(text, " %d", course->answer_code);
        return;
    }
    (void)buffer_append_format(text, " %s", outcome_name(course->answer));
    if (is_good)
        return;
    (void)buffer_append_text(text, ": ");
    words_append_said(text, course->answer_code, course->answer_text, SAID_MAX);
}

static void add_unknown(struct buffer *text, const struct course *course)
{
    if (course->is_stopped)
        (void)buffer_append_text(text, "stopped before it was known whether it arrives");
    else if (course->elsewhere[0] != '\0')
        (void)buffer_append_format(
            text, "unknown: it came from %s, which is not known to be the backup's (arrives_from)",
            course->elsewhere);
    else if (course->refusals[REFUSAL_OF_SOME][0] != '\0') {
        (void)buffer_append_text(
            text, "unknown: your mail server refused a message from it, perhaps this one: ");
        text_append_cut(text, course->refusals[REFUSAL_OF_SOME], SAID_MAX);
    } else if (course->unnamed > 0)
        (void)buffer_append_format(
            text, "unknown: %s from %s, and your mail server's log does not tell which",
            word_count((uint64_t)course->unnamed, "message").text, course->address);
    else if (course->connections > 0)
        (void)buffer_append_format(
            text, "unknown: %s from %s; whether it came by them cannot be seen",
            word_count((uint64_t)course->connections, "connection").text, course->address);
    else
        (void)buffer_append_format(text, "unknown: whether it arrived cannot be seen%s",
                                   course->connections == 0 ? "; no connection from it was" : "");
}

static void add_end(struct buffer *text, const struct course *course)
{
    if (course->phase != COURSE_OVER || (course->is_stopped && !course_has_sent(course)) ||
        course->outcome == DRILL_NOT_ACCEPTED)
        return;
    (void)buffer_append_text(text, dot);
    switch (course->outcome) {
    case DRILL_OK:
        add_seconds(text, "arrived",
                    course->arrived_after_ms - (course->is_by_itself ? 0 : course->asked_after_ms));
        add_evidence(text, course->evidence);
        (void)buffer_append_text(text,
                                 course->is_by_itself ? ", by itself: it was not asked for" : "");
        break;
    case DRILL_UNSEEN:
        (void)buffer_append_format(text, "unseen for %s",
                                   word_span((course->wait_ms + 999) / 1000).text);
        add_evidence(text, course->evidence);
        break;
    case DRILL_REFUSED:
        (void)buffer_append_text(text, "refused by us: ");
        words_append_said(text, course->code, course->text, SAID_MAX);
        add_evidence(text, course->evidence);
        break;
    case DRILL_UNKNOWN: add_unknown(text, course); break;
    case DRILL_NOT_ACCEPTED: break;
    }
}

void drill_form_steps(struct buffer *text, const struct drill *drill)
{
    add_handed_in(text, &drill->course);
    add_answer(text, &drill->course);
    add_end(text, &drill->course);
}

/* ---- advice ---- */

static void add_advice(struct buffer *text, const struct drill *drill)
{
    const struct course *course = &drill->course;
    bool is_unseen = course->outcome == DRILL_UNSEEN;
    bool is_undone =
        is_unseen && course->answered_after_ms >= 0 && outcome_grade(course->answer) != GRADE_GOOD;

    if (is_undone)
        (void)buffer_append_format(text,
                                   "the backup has the message and did not do what was asked; see "
                                   "mxpull check %s",
                                   drill->backup->name);
    else
        (void)buffer_append_text(
            text, status_drill_advice(drill_outcome_name(course->outcome), course->code));
    if (is_unseen && course->refusals[REFUSAL_OF_OTHER][0] != '\0') {
        (void)buffer_append_text(text, "; your mail server refused other mail from it: ");
        text_append_cut(text, course->refusals[REFUSAL_OF_OTHER], SAID_MAX);
    }
    if (course->outcome == DRILL_UNKNOWN && (!course->is_stopped || course_has_sent(course)))
        (void)buffer_append_format(
            text, "look for the subject \"mxpull drill %s\" in the mailbox of %s%s%s", drill->token,
            drill->recipient.address, drill->no_log[0] != '\0' ? "; no log was followed: " : "",
            drill->no_log);
}

/* ---- lines ---- */

static enum style style_of(const struct drilled *drilled)
{
    int exit_status = drill_form_exit_status(drilled);

    return exit_status == 0 ? STYLE_GOOD : exit_status == 75 ? STYLE_WARNING : STYLE_BAD;
}

void drill_form_add(struct buffer *text, const struct drilled *drilled, struct line_look look,
                    struct line_widths widths)
{
    struct line line = line_begin(text, look);
    struct buffer words;

    buffer_init(&words, LINE_SIZE_MAX);
    if (drilled->drill == NULL)
        (void)buffer_append_format(&words, "not drilled: %s", drilled->why_not);
    else
        drill_form_steps(&words, drilled->drill);
    line_names(&line, drilled->backup->name, drilled->domain, widths, 0);
    line_last(&line, style_of(drilled), words.bytes, line_names_columns(widths));
    buffer_clear(&words);
    if (drilled->drill != NULL)
        add_advice(&words, drilled->drill);
    if (words.size > 0) {
        line = line_begin(text, look);
        line_indent(&line, ADVICE_INDENT);
        line_last(&line, STYLE_DIM, words.bytes, ADVICE_INDENT);
    }
    buffer_done(&words);
}

int drill_form_exit_status(const struct drilled *drilled)
{
    return drilled->drill != NULL ? drilled->drill->course.exit_status : drilled->exit_status;
}

static size_t count_good(const struct drilled *drilled, size_t count)
{
    size_t good = 0;

    for (size_t i = 0; i < count; i++)
        good += drilled[i].drill != NULL && drilled[i].drill->course.outcome == DRILL_OK;
    return good;
}

void drill_form_summary(struct buffer *text, const struct drilled *drilled, size_t count,
                        int64_t elapsed_ms)
{
    (void)buffer_append_format(text, "%zu of %s ok", count_good(drilled, count),
                               word_count(count, "drill").text);
    words_append_elapsed(text, elapsed_ms);
    (void)buffer_append_text(text, "\n");
}

/* ---- JSON ---- */

static json_t *seconds(int64_t ms)
{
    return ms >= 0 ? json_real((double)ms / 1000) : json_null();
}

static json_t *drill_value(const struct drilled *drilled)
{
    const struct drill *drill = drilled->drill;
    const struct course *course = drill != NULL ? &drill->course : NULL;
    bool is_answered = course != NULL && course->answered_after_ms >= 0;
    json_t *object = json_object();
    struct buffer advice;

    json_set(object, "backup", json_own(drilled->backup->name));
    json_set(object, "domain", json_remote_filled(drilled->domain));
    json_set(object, "to", json_own(drill != NULL ? drill->recipient.address : NULL));
    json_set(object, "outcome",
             json_own(drill != NULL ? drill_outcome_name(course->outcome) : NULL));
    json_set(object, "exit_status", json_integer(drill_form_exit_status(drilled)));
    if (drill == NULL) {
        json_set(object, "text", json_own(drilled->why_not));
        return object;
    }
    json_set(object, "evidence", json_own(evidence_name(course->evidence)));
    json_set(object, "code", json_number_if(course->code != 0, course->code));
    json_set(object, "text", json_remote_filled(course->text));
    json_set(object, "token", json_own(drill->token));
    json_set(object, "accepted_seconds", seconds(course->accepted_after_ms));
    json_set(object, "asked_seconds", seconds(course->asked_after_ms));
    json_set(object, "arrived_seconds", seconds(course->arrived_after_ms));
    json_set(object, "asked", json_own(is_answered ? outcome_name(course->answer) : NULL));
    json_set(object, "asked_code",
             json_number_if(is_answered && course->answer_code != 0, course->answer_code));
    json_set(object, "asked_text", json_remote_filled(is_answered ? course->answer_text : NULL));
    json_set(object, "by_itself", json_boolean(course->is_by_itself));
    json_set(object, "connections", json_count(course->connections));
    json_set(object, "address", json_remote_filled(course->address));
    buffer_init(&advice, LINE_SIZE_MAX);
    add_advice(&advice, drill);
    json_set(object, "advice", json_remote_filled(advice.bytes));
    buffer_done(&advice);
    return object;
}

json_t *drill_form_json(const struct drilled *drilled, size_t count, int64_t started_wall_ms,
                        int64_t elapsed_ms, int exit_status)
{
    json_t *object = json_object(), *list = json_array(), *summary = json_object();
    size_t begun = 0, good = count_good(drilled, count);

    json_set(object, "started", json_stamp(started_wall_ms));
    json_set(object, "seconds", seconds(elapsed_ms));
    json_set(object, "exit_status", json_integer(exit_status));
    for (size_t i = 0; i < count; i++) {
        begun += drilled[i].drill != NULL;
        (void)json_array_append_new(list, drill_value(&drilled[i]));
    }
    json_set(object, "drills", list);
    json_set(summary, "drilled", json_integer((json_int_t)begun));
    json_set(summary, "ok", json_integer((json_int_t)good));
    json_set(summary, "failed", json_integer((json_int_t)(begun - good)));
    json_set(object, "summary", summary);
    return object;
}

/* What is known of a drill's message, and what it means at the end. Only what was seen of this one message makes it
 * arrived. */
#include <mxpull/drill/course.h>

#include <mxpull/base/text.h>

#include <string.h>

enum {
    EXIT_TEMPORARY = 75,
    EXIT_REFUSED = 77
};

const char *drill_outcome_name(enum drill_outcome outcome)
{
    static const char *const names[] = {[DRILL_OK] = "ok",
                                        [DRILL_NOT_ACCEPTED] = "not accepted",
                                        [DRILL_UNSEEN] = "unseen",
                                        [DRILL_REFUSED] = "refused by us",
                                        [DRILL_UNKNOWN] = "unknown"};

    return names[outcome];
}

void course_begin(struct course *course, bool turns, int64_t wait_ms, int64_t now_ms)
{
    *course = (struct course){.turns = turns,
                              .wait_ms = wait_ms,
                              .began_ms = now_ms,
                              .until_ms = INT64_MAX,
                              .accepted_after_ms = -1,
                              .asked_after_ms = -1,
                              .answered_after_ms = -1,
                              .arrived_after_ms = -1,
                              .connections = -1};
}

static void end(struct course *course, enum drill_outcome outcome, enum evidence evidence,
                int exit_status)
{
    course->phase = COURSE_OVER;
    course->until_ms = INT64_MAX;
    course->outcome = outcome;
    course->evidence = evidence;
    course->exit_status = exit_status;
}

/* Exim's log tells no code: "temporarily rejected RCPT …", or "rejected RCPT …". */
static bool is_for_now(const char *words)
{
    return *words == '4' || text_starts_with(words, "temporarily ");
}

/* By the primary's words, which begin with the code where there is one. A refusal for now may be over the next time. */
static void end_refused(struct course *course, const char *words)
{
    const char *rest = words;

    course->code = 0;
    for (; text_is_digit(*rest) && course->code < 100; rest++)
        course->code = course->code * 10 + (*rest - '0');
    rest += strspn(rest, " ");
    (void)text_copy(course->text, sizeof course->text, rest);
    end(course, DRILL_REFUSED, course->refusal_evidence,
        is_for_now(words) ? EXIT_TEMPORARY : EXIT_REFUSED);
}

/* The time is over. */
static void judge(struct course *course, const struct arrival_sight *sight)
{
    course->connections = sight->connections;
    if (course->address[0] == '\0')
        (void)text_copy(course->address, sizeof course->address, sight->address);
    if (course->phase == COURSE_ARRIVED)
        end(course, DRILL_OK, course->evidence, 0);
    else if (course->refusals[REFUSAL_OF_IT][0] != '\0')
        end_refused(course, course->refusals[REFUSAL_OF_IT]);
    else if (course->is_stopped)
        end(course, DRILL_UNKNOWN, EVIDENCE_NONE, EXIT_TEMPORARY);
    else if (course->elsewhere[0] != '\0')
        end(course, DRILL_UNKNOWN, EVIDENCE_LOG, EXIT_TEMPORARY);
    else if (course->refusals[REFUSAL_OF_LIKE][0] != '\0')
        end_refused(course, course->refusals[REFUSAL_OF_LIKE]);
    else if (sight->sees_log)
        end(course,
            course->unnamed > 0 || course->refusals[REFUSAL_OF_SOME][0] != '\0' ? DRILL_UNKNOWN
                                                                                : DRILL_UNSEEN,
            EVIDENCE_LOG, EXIT_TEMPORARY);
    else if (course->turns && outcome_grade(course->answer) == GRADE_GOOD)
        end(course, DRILL_UNSEEN, EVIDENCE_BRIDGE, EXIT_TEMPORARY);
    else /* connections tell nothing of a message, and a short one is easily missed */
        end(course, DRILL_UNKNOWN, sight->connections > 0 ? EVIDENCE_CONNECTIONS : EVIDENCE_NONE,
            EXIT_TEMPORARY);
}

/* The primary's own words by the bridge are final. */
static void settle(struct course *course, int64_t now_ms)
{
    if (course->evidence != EVIDENCE_LOG) {
        end(course, DRILL_OK, course->evidence, 0);
        return;
    }
    course->resumed = course->phase;
    course->resumed_until_ms = course->until_ms;
    course->phase = COURSE_ARRIVED;
    course->until_ms = now_ms + COURSE_GRACE_MS;
}

static void take_back(struct course *course)
{
    course->arrived_after_ms = -1;
    course->is_by_itself = false;
    course->address[0] = '\0';
    if (course->phase != COURSE_ARRIVED)
        return;
    course->phase = course->resumed;
    course->until_ms = course->resumed_until_ms;
}

void course_delivered(struct course *course, const struct delivery *delivery, int64_t now_ms)
{
    if (course->phase != COURSE_SENDING)
        return;
    course->stage = delivery->stage;
    course->code = delivery->code;
    if (delivery->fate != DELIVERY_ACCEPTED)
        (void)text_copy(course->text, sizeof course->text, delivery->text);
    course->is_doubtful = delivery->fate == DELIVERY_DOUBTFUL;
    if (delivery->fate == DELIVERY_ACCEPTED)
        course->accepted_after_ms = now_ms - course->began_ms;
    if (delivery->fate != DELIVERY_REFUSED)
        course->code = 0;
    if (course->arrived_after_ms < 0 && delivery->fate == DELIVERY_REFUSED) {
        end(course, DRILL_NOT_ACCEPTED, EVIDENCE_NONE, outcome_exit_status(delivery->outcome));
        return;
    }
    course->phase = COURSE_RESTING;
    course->until_ms = now_ms + COURSE_REST_MS;
    if (course->arrived_after_ms >= 0)
        settle(course, now_ms);
}

void course_tick(struct course *course, const struct arrival_sight *sight, int64_t now_ms)
{
    if (now_ms < course->until_ms)
        return;
    if (course->phase == COURSE_RESTING) {
        course->phase = COURSE_ASKING;
        course->asked_after_ms = now_ms - course->began_ms;
        course->until_ms = INT64_MAX;
    } else if (course->phase == COURSE_WAITING || course->phase == COURSE_ARRIVED) {
        judge(course, sight);
    }
}

void course_answered(struct course *course, enum outcome outcome, int code, const char *text,
                     int64_t now_ms)
{
    bool has_arrived = course->phase == COURSE_ARRIVED && course->resumed == COURSE_ASKING;

    if (course->phase != COURSE_ASKING && !has_arrived)
        return;
    course->answer = outcome;
    course->answer_code = code;
    (void)text_copy_cut(course->answer_text, sizeof course->answer_text, text);
    course->answered_after_ms = now_ms - course->began_ms;
    *(has_arrived ? &course->resumed : &course->phase) = COURSE_WAITING;
    *(has_arrived ? &course->resumed_until_ms : &course->until_ms) = now_ms + course->wait_ms;
}

void course_arrived(struct course *course, enum evidence evidence, const char *address,
                    int64_t now_ms)
{
    if (course->phase == COURSE_OVER || course->arrived_after_ms >= 0)
        return;
    course->arrived_after_ms = now_ms - course->began_ms;
    course->evidence = evidence;
    course->is_by_itself = course->phase <= COURSE_RESTING;
    (void)text_copy(course->address, sizeof course->address, address);
    if (course->phase != COURSE_SENDING) /* else the backup's reply is still to come */
        settle(course, now_ms);
}

void course_came_elsewhere(struct course *course, const char *address)
{
    (void)text_copy(course->elsewhere, sizeof course->elsewhere, address);
}

void course_unnamed(struct course *course)
{
    course->unnamed++;
}

void course_refused(struct course *course, enum evidence evidence, const char *words,
                    enum refusal refusal)
{
    if (course->phase == COURSE_OVER || *words == '\0')
        return;
    (void)text_copy_cut(course->refusals[refusal], COURSE_TEXT_SIZE, words);
    if (refusal > REFUSAL_OF_LIKE)
        return;
    course->refusal_evidence = evidence;
    if (refusal != REFUSAL_OF_IT)
        return;
    take_back(course);
    if (!is_for_now(words) && course->phase != COURSE_SENDING)
        end_refused(course, words);
}

void course_stop(struct course *course, const struct arrival_sight *sight)
{
    if (course->phase == COURSE_OVER)
        return;
    course->is_stopped = true;
    judge(course, sight);
}

bool course_has_sent(const struct course *course)
{
    return course->accepted_after_ms >= 0 || course->is_doubtful || course->arrived_after_ms >= 0;
}

/* The course of a drill, by a table of what happens and when: what it comes to, and what that rests on.
 *
 * A row's events, at so many milliseconds each: "accepted", "refused CODE", "cut", "doubtful" of the handing in; "answer
 * OUTCOME" of the backup; "arrived", "bridge", "unnamed" of the primary, and "reject CODE", "later", "never" and "other CODE", its refusals; "stop". What can be seen at the
 * end: "log", "connections N", "nothing". */
#include "unit.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>
#include <mxpull/drill/course.h>

struct row {
    const char *name;
    const char *events; /* "TIME event; …" */
    const char *sight;
    const char *asked; /* when, or "" */
    const char *end;   /* "TIME outcome evidence exit code text" */
};

/* Accepted at 100, asked at 5100, answered at 5150: over at 65150. */
#define HELD "100 accepted; 5150 answer started; "

static const struct row rows[] = {
    {"arrived, by the log", HELD "6000 arrived", "log", "5100", "8000 ok log 0 0 "},
    {"arrived, by the bridge", "100 accepted; 5140 bridge", "nothing", "5100",
     "5140 ok bridge 0 0 "},
    {"arrived while it is asked", "100 accepted; 5120 arrived", "log", "5100", "7120 ok log 0 0 "},
    {"arrived at the last moment", HELD "65149 arrived", "log", "5100", "67149 ok log 0 0 "},
    {"arrived by itself", "100 accepted; 400 arrived", "log", "", "2400 ok log 0 0 "},
    {"arrived before it was accepted", "90 arrived; 100 accepted", "log", "", "2100 ok log 0 0 "},
    {"arrived, and the reply was lost", "90 arrived; 100 doubtful", "log", "",
     "2100 ok log 0 0 text"},
    {"arrived although the backup denies", "100 accepted; 5150 answer denied; 20000 arrived", "log",
     "5100", "22000 ok log 0 0 "},

    {"RCPT refused", "100 refused 554", "log", "", "100 not accepted - 77 554 text"},
    {"deferred", "100 refused 450", "log", "", "100 not accepted - 75 450 text"},
    {"no connection", "100 cut", "log", "", "100 not accepted - 75 0 text"},

    {"not seen in the log", HELD, "log", "5100", "65150 unseen log 75 0 "},
    {"not seen, with connections", HELD, "log", "5100", "65150 unseen log 75 0 "},
    {"not asked well, not seen", "100 accepted; 5150 answer denied", "log", "5100",
     "65150 unseen log 75 0 "},
    {"no log, a connection", HELD, "connections 1", "5100", "65150 unknown connections 75 0 "},
    {"no log, no connection", HELD, "connections 0", "5100", "65150 unknown - 75 0 "},
    {"no way to see", HELD, "nothing", "5100", "65150 unknown - 75 0 "},
    {"a log without Message-IDs", HELD "6000 unnamed", "log", "5100", "65150 unknown log 75 0 "},
    {"no reply to the message, not seen", "100 doubtful; 5150 answer started", "log", "5100",
     "65150 unseen log 75 0 text"},
    {"no reply to the message, and it comes", "100 doubtful; 5150 answer started; 6000 arrived",
     "log", "5100", "8000 ok log 0 0 text"},

    {"refused by us", HELD "6000 reject 550", "log", "5100", "6000 refused by us log 77 550 words"},
    {"refused for now, and not again", HELD "6000 reject 450", "log", "5100",
     "65150 refused by us log 75 450 words"},
    {"refused for now, and then taken", HELD "6000 reject 450; 9000 arrived", "log", "5100",
     "11000 ok log 0 0 "},
    {"refused for now, then for good", HELD "6000 reject 450; 9000 reject 554", "log", "5100",
     "9000 refused by us log 77 554 words"},
    {"refused for now, without a code", HELD "6000 later; 9000 arrived", "log", "5100",
     "11000 ok log 0 0 "},
    {"refused for now, without a code, and not again", HELD "6000 later", "log", "5100",
     "65150 refused by us log 75 0 temporarily rejected RCPT"},
    {"refused, without a code", HELD "6000 never", "log", "5100",
     "6000 refused by us log 77 0 rejected RCPT"},
    {"refused before it was asked for", "100 accepted; 300 reject 550", "log", "",
     "300 refused by us log 77 550 words"},
    {"refused while it is handed in", "50 reject 550; 100 accepted; 5150 answer started", "log",
     "5100", "65150 refused by us log 77 550 words"},
    {"refused all the way", "50 reject 550; 100 refused 550", "log", "",
     "100 not accepted - 77 550 text"},
    {"other mail refused", HELD "6000 other 550", "log", "5100", "65150 unseen log 75 0 "},
    {"other mail refused, and it arrives", HELD "6000 other 550; 7000 arrived", "log", "5100",
     "9000 ok log 0 0 "},

    {"taken back", HELD "6000 arrived; 6900 reject 550", "log", "5100",
     "6900 refused by us log 77 550 words"},
    {"taken back for now", HELD "6000 arrived; 6900 reject 451", "log", "5100",
     "65150 refused by us log 75 451 words"},
    {"taken back for now, and taken", HELD "6000 arrived; 6900 reject 451; 9000 arrived", "log",
     "5100", "11000 ok log 0 0 "},
    {"taken back before it was asked for",
     "100 accepted; 400 arrived; 500 reject 451; 5150 answer started", "log", "5100",
     "65150 refused by us log 75 451 words"},
    {"taken back while it is asked",
     "100 accepted; 5120 arrived; 5150 answer started; 5200 reject 451", "log", "5100",
     "65150 refused by us log 75 451 words"},
    {"taken back before it was accepted",
     "80 arrived; 90 reject 550; 100 accepted; 5150 answer started", "log", "5100",
     "65150 refused by us log 77 550 words"},
    {"arrived, and stopped", HELD "6000 arrived; 6900 stop", "log", "5100", "6900 ok log 0 0 "},
    {"perhaps refused", HELD "6000 like 550", "log", "5100",
     "65150 refused by us log 77 550 words"},
    {"perhaps refused, and it arrives", HELD "6000 like 550; 7000 arrived", "log", "5100",
     "9000 ok log 0 0 "},
    {"perhaps refused, and stopped", HELD "6000 like 550; 7000 stop", "log", "5100",
     "7000 unknown - 75 0 "},
    {"one refused, not known which", HELD "6000 some", "log", "5100", "65150 unknown log 75 0 "},
    {"one refused, and it arrives", HELD "6000 some; 7000 arrived", "log", "5100",
     "9000 ok log 0 0 "},
    {"from elsewhere", HELD "6000 elsewhere", "log", "5100", "65150 unknown log 75 0 "},
    {"from elsewhere, and it arrives", HELD "6000 elsewhere; 7000 arrived", "log", "5100",
     "9000 ok log 0 0 "},

    {"stopped while it is handed in", "50 stop", "log", "", "50 unknown - 75 0 "},
    {"stopped before it was asked for", "100 accepted; 200 stop", "log", "", "200 unknown - 75 0 "},
    {"stopped while it is waited for", HELD "6000 stop", "log", "5100", "6000 unknown - 75 0 "},
    {"stopped, refused for now", HELD "6000 reject 450; 7000 stop", "log", "5100",
     "7000 refused by us log 75 450 words"},
};

static bool takes(const char **event, const char *word)
{
    if (!text_starts_with(*event, word))
        return false;
    *event += strlen(word);
    return true;
}

static void deliver(struct course *course, enum delivery_fate fate, int code, int64_t now_ms)
{
    const struct delivery delivery = {.fate = fate,
                                      .stage = DELIVERY_RCPT,
                                      .outcome =
                                          code / 100 == 5 ? OUTCOME_DENIED : OUTCOME_DEFERRED,
                                      .code = code,
                                      .text = "text"};

    course_delivered(course, &delivery, now_ms);
}

static void refuse(struct course *course, int code, enum refusal refusal)
{
    char words[20];

    (void)snprintf(words, sizeof words, "%d words", code);
    course_refused(course, EVIDENCE_LOG, words, refusal);
}

static void happen(struct course *course, const char *event, const struct arrival_sight *sight,
                   int64_t now_ms)
{
    enum outcome outcome = OUTCOME_STARTED;

    if (takes(&event, "accepted")) {
        deliver(course, DELIVERY_ACCEPTED, 250, now_ms);
    } else if (takes(&event, "refused ")) {
        deliver(course, DELIVERY_REFUSED, (int)strtol(event, NULL, 10), now_ms);
    } else if (takes(&event, "cut")) {
        deliver(course, DELIVERY_REFUSED, 0, now_ms);
    } else if (takes(&event, "doubtful")) {
        deliver(course, DELIVERY_DOUBTFUL, 0, now_ms);
    } else if (takes(&event, "answer ")) {
        char name[20];

        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(event, ";"), event);
        assert_true(outcome_find(name, &outcome));
        course_answered(course, outcome, 250, "Queuing started", now_ms);
    } else if (takes(&event, "arrived")) {
        course_arrived(course, EVIDENCE_LOG, "192.0.2.7", now_ms);
    } else if (takes(&event, "bridge")) {
        course_arrived(course, EVIDENCE_BRIDGE, "", now_ms);
    } else if (takes(&event, "unnamed")) {
        course_unnamed(course);
    } else if (takes(&event, "reject ")) {
        refuse(course, (int)strtol(event, NULL, 10), REFUSAL_OF_IT);
    } else if (takes(&event, "later")) {
        course_refused(course, EVIDENCE_LOG, "temporarily rejected RCPT", REFUSAL_OF_IT);
    } else if (takes(&event, "never")) {
        course_refused(course, EVIDENCE_LOG, "rejected RCPT", REFUSAL_OF_IT);
    } else if (takes(&event, "other ")) {
        refuse(course, (int)strtol(event, NULL, 10), REFUSAL_OF_OTHER);
    } else if (takes(&event, "like ")) {
        refuse(course, (int)strtol(event, NULL, 10), REFUSAL_OF_LIKE);
    } else if (takes(&event, "some")) {
        course_refused(course, EVIDENCE_LOG, "rejected after DATA", REFUSAL_OF_SOME);
    } else if (takes(&event, "elsewhere")) {
        course_came_elsewhere(course, "203.0.113.9");
    } else {
        assert_true(takes(&event, "stop"));
        course_stop(course, sight);
    }
}

static struct arrival_sight sight_of(const char *text)
{
    struct arrival_sight sight = {.connections = -1, .sees_log = strcmp(text, "log") == 0};

    if (takes(&text, "connections ")) {
        sight.sees_connections = true;
        sight.connections = strtol(text, NULL, 10);
    }
    return sight;
}

/* Time goes on by the millisecond. */
static void test_row(void **state)
{
    const struct row *row = *state;
    const struct arrival_sight sight = sight_of(row->sight);
    const char *next = row->events;
    char asked[20] = "", end[200];
    struct course course;
    int64_t now_ms = 0;

    course_begin(&course, false, COURSE_WAIT_MS, 0);
    for (; course.phase != COURSE_OVER; now_ms++) {
        enum course_phase before = course.phase;
        char *event;

        assert_true(now_ms < 100000);
        course_tick(&course, &sight, now_ms);
        if (course.phase == COURSE_ASKING && before != COURSE_ASKING)
            (void)snprintf(asked, sizeof asked, "%d", (int)now_ms);
        while (*next != '\0' && strtol(next, &event, 10) == now_ms && course.phase != COURSE_OVER) {
            happen(&course, event + 1, &sight, now_ms);
            next = event + strcspn(event, ";");
            next += strspn(next, "; ");
        }
    }
    assert_string_equal(asked, row->asked);
    const char *evidence = evidence_name(course.evidence);
    (void)snprintf(end, sizeof end, "%d %s %s %d %d %.100s", (int)now_ms - 1,
                   drill_outcome_name(course.outcome), evidence != NULL ? evidence : "-",
                   course.exit_status, course.code, course.text);
    assert_string_equal(end, row->end);
    /* Over is over. */
    deliver(&course, DELIVERY_ACCEPTED, 250, now_ms);
    course_arrived(&course, EVIDENCE_BRIDGE, "", now_ms);
    refuse(&course, 550, REFUSAL_OF_IT);
    course_answered(&course, OUTCOME_DENIED, 459, "", now_ms);
    course_stop(&course, &sight);
    course_tick(&course, &sight, now_ms + 1000000);
    (void)snprintf(end, sizeof end, "%d %s %s %d %d %.100s", (int)now_ms - 1,
                   drill_outcome_name(course.outcome), evidence != NULL ? evidence : "-",
                   course.exit_status, course.code, course.text);
    assert_string_equal(end, row->end);
}

/* ATRN: what comes goes through our hands, so that nothing in them is an answer. Not where we were refused. */
static void test_turned(void **state)
{
    static const struct {
        enum outcome answer;
        enum drill_outcome outcome;
        enum evidence evidence;
    } turned[] = {{OUTCOME_RECEIVED, DRILL_UNSEEN, EVIDENCE_BRIDGE},
                  {OUTCOME_EMPTY, DRILL_UNSEEN, EVIDENCE_BRIDGE},
                  {OUTCOME_DENIED, DRILL_UNKNOWN, EVIDENCE_NONE},
                  {OUTCOME_HELD, DRILL_UNKNOWN, EVIDENCE_NONE}};
    const struct arrival_sight sight = {.connections = -1};
    struct course course;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(turned); i++) {
        course_begin(&course, true, 1000, 0);
        deliver(&course, DELIVERY_ACCEPTED, 250, 0);
        course_tick(&course, &sight, COURSE_REST_MS);
        course_answered(&course, turned[i].answer, 250, "", COURSE_REST_MS);
        course_tick(&course, &sight, course.until_ms);
        assert_int_equal(course.phase, COURSE_OVER);
        assert_int_equal(course.outcome, turned[i].outcome);
        assert_int_equal(course.evidence, turned[i].evidence);
    }
}

/* What may have gone out is known. */
static void test_sent(void **state)
{
    const struct arrival_sight sight = {.connections = -1};
    struct course course;

    (void)state;
    course_begin(&course, false, 1000, 0);
    assert_false(course_has_sent(&course));
    deliver(&course, DELIVERY_REFUSED, 550, 0);
    assert_false(course_has_sent(&course));
    course_begin(&course, false, 1000, 0);
    deliver(&course, DELIVERY_DOUBTFUL, 0, 0);
    assert_true(course_has_sent(&course));
    course_stop(&course, &sight);
    assert_true(course_has_sent(&course) && course.is_stopped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_turned), cmocka_unit_test(test_sent)};

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

/* Drills under way: each one's course, moved on by what its handing in, its backup's poll, the primary's log and the bridge
 * bring about. What happens is noted at once; what follows from it is done in a turn of the loop, by the drill's timer. */
#include <mxpull/drill/drill.h>

#include "drill_message.h"
#include "handing.h"

#include <mxpull/arrival/origin.h>
#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/host.h>
#include <mxpull/session/pool.h>
#include <mxpull/session/reach.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MESSAGE_SIZE_MAX = 8 * 1024
};

struct drills {
    struct drills_options options;
    struct polling polling; /* of the polls */
    struct pool *pool;
    struct arrivals *arrivals;
    struct drill **list; /* owned, as the drills */
    size_t count;
    size_t open; /* that are not over */
    size_t sending;
    size_t next;        /* the first that has not begun */
    struct timer timer; /* more may begin */
};

static void stir(struct drill *drill)
{
    timer_set(drill->drills->options.polling->loop, &drill->timer, 0);
}

/* ---- what comes in ---- */

/* Whether it is the Message-ID of the drill, of which a log may have cut the end off: the token is nobody else's. */
static bool is_mine(const struct drill *drill, const char *message_id)
{
    char begin[DRILL_TOKEN_SIZE + sizeof "<drill.@"];

    (void)snprintf(begin, sizeof begin, "<drill.%s@", drill->token);
    return strncmp(message_id, begin, strlen(begin)) == 0;
}

static enum refusal refusal_of(const struct drill *drill, const struct arrival *arrival)
{
    if (is_mine(drill, arrival->message_id))
        return REFUSAL_OF_IT;
    if (arrival->message_id[0] != '\0' || arrival->has_sender)
        return REFUSAL_OF_OTHER;
    if (arrival->recipient[0] == '\0')
        return REFUSAL_OF_SOME;
    return text_equal(arrival->recipient, drill->recipient.address) ? REFUSAL_OF_LIKE
                                                                    : REFUSAL_OF_OTHER;
}

/* Whether it may be we who handed it in: a log that holds the backup's lines, too, tells of that. */
static bool is_own(const struct drill *drill, const char *address)
{
    const char *ours = handing_local_address(drill->handing);

    return host_ip_is_in(address, ours) && !host_ip_is_in(ours, handing_address(drill->handing)) &&
           !origin_is_named(drill->backup, address);
}

static void hear_of(struct drill *drill, const struct arrival *arrival)
{
    struct course *course = &drill->course;

    if (arrival->is_refused)
        course_refused(course, EVIDENCE_LOG, arrival->text, refusal_of(drill, arrival));
    else if (is_mine(drill, arrival->message_id))
        course_arrived(course, EVIDENCE_LOG, arrival->address, clock_monotonic_ms());
    else if (arrival->message_id[0] == '\0')
        course_unnamed(course);
    stir(drill);
}

/* The message is known by its Message-ID before the DNS has told all addresses of the backup. */
static void heard(void *context, const struct backup_config *backup, const struct arrival *arrival,
                  int64_t at_ms)
{
    const struct drills *drills = context;

    (void)at_ms;
    for (size_t i = 0; i < drills->count; i++) {
        struct drill *drill = drills->list[i];

        if (drill->is_over || drill->at_ms == 0 || drill->handing == NULL ||
            (backup != NULL && backup != drill->backup))
            continue;
        bool is_told = is_mine(drill, arrival->message_id);
        bool is_from_it =
            backup != NULL ||
            (is_told && arrivals_knows(drills->arrivals, drill->backup, arrival->address));
        if (is_from_it && !is_own(drill, arrival->address))
            hear_of(drill, arrival);
        else if (is_told)
            course_came_elsewhere(&drill->course, arrival->address);
    }
}

static void received(void *context, const struct guard_message *message)
{
    const struct drills *drills = context;

    for (size_t i = 0; i < drills->count; i++) {
        struct drill *drill = drills->list[i];
        char words[COURSE_TEXT_SIZE];

        if (drill->is_over || !is_mine(drill, message->message_id))
            continue;
        (void)snprintf(words, sizeof words, "%d %.400s", message->code, message->text);
        if (message->code / 100 == 2)
            course_arrived(&drill->course, EVIDENCE_BRIDGE, "", clock_monotonic_ms());
        else
            course_refused(&drill->course, EVIDENCE_BRIDGE, words, REFUSAL_OF_IT);
        stir(drill);
    }
}

/* A recipient is refused before the Message-ID is known. */
static void refused(void *context, const struct guard_refusal *refusal)
{
    const struct drills *drills = context;

    for (size_t i = 0; i < drills->count; i++) {
        struct drill *drill = drills->list[i];
        char words[COURSE_TEXT_SIZE];

        if (drill->course.phase != COURSE_ASKING ||
            !text_equal(refusal->recipient, drill->recipient.address))
            continue;
        (void)snprintf(words, sizeof words, "%d %.400s", refusal->code, refusal->text);
        course_refused(&drill->course, EVIDENCE_BRIDGE, words, REFUSAL_OF_LIKE);
        stir(drill);
    }
}

static void take_answer(struct drill *drill, const struct result *result)
{
    if (result->address != NULL && result->address[0] != '\0')
        arrivals_add_address(drill->drills->arrivals, drill->backup, result->address);
    course_answered(&drill->course, result->outcome, result->code,
                    result->text != NULL ? result->text : "", clock_monotonic_ms());
    stir(drill);
}

/* A poll of the backup is over. */
static void take_poll(const struct drills *drills, const struct poll *poll)
{
    recorder_poll(drills->polling.recorder, poll);
    for (size_t i = 0; i < drills->count; i++) {
        struct drill *drill = drills->list[i];

        for (size_t j = 0; j < poll->count && drill->backup == poll->backup && !drill->is_over;
             j++) {
            if (poll->results[j].node == &drill->backup->domains[drill->recipient.domain])
                take_answer(drill, &poll->results[j]);
        }
    }
}

void drills_advance(struct drills *drills)
{
    for (struct poll *poll; (poll = pool_take(drills->pool)) != NULL; poll_free(poll))
        take_poll(drills, poll);
}

/* ---- one drill ---- */

static void handed_in(void *context)
{
    struct drill *drill = context;

    drill->drills->sending--;
    if (*handing_address(drill->handing) != '\0')
        arrivals_add_address(drill->drills->arrivals, drill->backup,
                             handing_address(drill->handing));
    course_delivered(&drill->course, handing_delivery(drill->handing), clock_monotonic_ms());
    timer_set(drill->drills->options.polling->loop, &drill->drills->timer, 0);
    stir(drill);
}

static void show_wire_of(void *context, const struct backup_config *backup, char direction,
                         const char *line, size_t size)
{
    const struct polling *polling = ((const struct drills *)context)->options.polling;

    polling->observer.wire(polling->context, backup, direction, line, size);
}

static void show_wire(void *context, char direction, const char *line, size_t size)
{
    const struct drill *drill = context;

    show_wire_of(drill->drills, drill->backup, direction, line, size);
}

/* As any sender connects: nothing of what pulls need is demanded, or given away. */
static struct connection_options way_of(const struct drill *drill)
{
    const struct polling *polling = drill->drills->options.polling;
    struct connection_options way = reach_options(polling->config, drill->backup);

    way.port = drill->backup->mail_port;
    way.tls = TLS_MAY;
    way.tls_ca_file = way.tls_fingerprint = way.user = way.auth = NULL;
    way.show_wire = polling->observer.wire != NULL;
    return way;
}

/* False where the system has no source of what nobody can guess. */
static bool make_token(char token[DRILL_TOKEN_SIZE])
{
    unsigned char bytes[(DRILL_TOKEN_SIZE - 1) / 2];

    if (!host_random(bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        (void)snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

static struct store_drill row_of(const struct drill *drill)
{
    const struct course *course = &drill->course;

    return (struct store_drill){
        .at_ms = drill->at_ms,
        .backup = drill->backup->name,
        .domain = drill->domain,
        .outcome = drill_outcome_name(course->outcome),
        .evidence = evidence_name(course->evidence),
        .text = course->text[0] != '\0' ? course->text : NULL,
        .token = drill->token,
        .exit_status = course->exit_status,
        .accepted_ms = course->accepted_after_ms,
        .arrived_ms = course->arrived_after_ms,
        .code = course->code,
    };
}

/* The row stands before the message goes out: should this process be killed, no other sends one that day. */
static bool may_send(void *context)
{
    struct drill *drill = context;
    const struct polling *polling = drill->drills->options.polling;
    struct store_drill row = row_of(drill);
    struct error error;

    row.outcome = drill_outcome_name(DRILL_UNKNOWN);
    row.exit_status = outcome_exit_status(OUTCOME_INTERRUPTED);
    row.text = "not finished: it is under way, or was broken off";
    drill->is_noted = recorder_drill_begins(polling->recorder, &row, &error) == STATUS_OK;
    if (!drill->is_noted && !polling->force)
        (void)text_copy(drill->why_not, sizeof drill->why_not, error.text);
    return drill->why_not[0] == '\0';
}

static void begin(struct drill *drill)
{
    const struct polling *polling = drill->drills->options.polling;
    const struct drill_message message = {
        .ehlo_name = polling->config->ehlo_name,
        .recipient = drill->recipient.address,
        .backup = drill->backup->name,
        .domain = strchr(drill->recipient.address, '@') + 1,
        .host = drill->backup->host,
        .token = drill->token,
        .at_ms = clock_wall_ms(),
    };

    drill->at_ms = message.at_ms;
    course_begin(&drill->course, drill->backup->method != METHOD_ETRN,
                 drill->drills->options.wait_ms, clock_monotonic_ms());
    if (!make_token(drill->token)) {
        course_delivered(&drill->course,
                         &(struct delivery){.fate = DELIVERY_REFUSED,
                                            .outcome = OUTCOME_UNREACHABLE,
                                            .text = "this system gives no random numbers"},
                         clock_monotonic_ms());
        stir(drill);
        return;
    }
    drill->drills->sending++;
    arrivals_watch(drill->drills->arrivals, drill->backup); /* before anything can come */
    drill_message_format(&drill->message, &message);
    drill->handing = handing_new(
        &(struct handing_options){.loop = polling->loop,
                                  .way = way_of(drill),
                                  .recipient = drill->recipient.address,
                                  .message = drill->message.bytes,
                                  .may_send = may_send,
                                  .over = handed_in,
                                  .wire = polling->observer.wire != NULL ? show_wire : NULL,
                                  .context = drill});
}

static void write_down(const struct drill *drill)
{
    const struct course *course = &drill->course;
    const struct store_drill row = row_of(drill);
    const struct log_field fields[] = {
        {.key = "event", .text = "drill"},
        {.key = "backup", .text = row.backup},
        {.key = "domain", .text = row.domain},
        {.key = "outcome", .text = row.outcome},
        {.key = "evidence", .text = row.evidence != NULL ? row.evidence : "none"},
        {.key = "ms", .number = clock_monotonic_ms() - course->began_ms},
        {.key = "token", .text = row.token},
        {.key = "code", .number = row.code},
        {.key = "text", .text = course->text},
    };

    log_fields(LEVEL_INFO, fields, COUNT_OF(fields));
    recorder_drill(drill->drills->options.polling->recorder, &row);
}

/* One that was stopped, or held back, before its message went out has done nothing that is to be remembered. */
static void end(struct drill *drill)
{
    drill->is_over = true;
    drill->drills->open--;
    (void)text_copy(drill->no_log, sizeof drill->no_log,
                    arrivals_means(drill->drills->arrivals)->no_log);
    arrivals_leave(drill->drills->arrivals, drill->backup);
    if (drill->why_not[0] == '\0' &&
        (!drill->course.is_stopped || drill->is_noted || course_has_sent(&drill->course)))
        write_down(drill);
    drill_give_back(drill->drills->polling.claims, drill->backup);
}

static void ask(const struct drill *drill)
{
    const struct drills *drills = drill->drills;
    const struct selection choice = {&drill->domain, 1};
    struct poll *poll = poll_new(&drills->polling, drill->backup, &choice);

    poll->cause = "drill";
    recorder_recall(drills->polling.recorder, poll);
    poll_clear(poll, NULL);
    pool_add(drills->pool, poll);
}

static void advance(void *context)
{
    struct drill *drill = context;
    struct drills *drills = drill->drills;
    const struct drills_options *options = &drills->options;

    if (drill->is_over)
        return;
    if (drill->course.phase != COURSE_OVER) {
        const struct arrival_sight sight = arrivals_sight(drills->arrivals, drill->backup);

        course_tick(&drill->course, &sight, clock_monotonic_ms());
    }
    enum course_phase phase = drill->course.phase;
    bool is_new = phase != drill->told;
    drill->told = phase;
    if (phase == COURSE_OVER)
        end(drill);
    else
        timer_set(options->polling->loop, &drill->timer, drill->course.until_ms);
    if (is_new && phase == COURSE_ASKING)
        ask(drill);
    if (is_new && options->moved != NULL)
        options->moved(options->context, drill);
}

/* ---- all ---- */

static void begin_more(void *context)
{
    struct drills *drills = context;

    while (drills->next < drills->count &&
           drills->sending < (size_t)drills->options.polling->config->concurrency) {
        struct drill *drill = drills->list[drills->next++];

        if (drill->course.phase != COURSE_OVER) /* stopped */
            begin(drill);
    }
}

struct drills *drills_new(const struct drills_options *options)
{
    struct drills *drills = memory_new(1, sizeof *drills);

    drills->options = *options;
    drills->timer = (struct timer){.due = begin_more, .context = drills};
    drills->polling = *options->polling;
    drills->polling.context = drills;
    drills->polling.delivered = recorder_message;
    drills->polling.observer = (struct poll_observer){
        .wire = options->polling->observer.wire != NULL ? show_wire_of : NULL,
        .received = received,
        .refused = refused};
    drills->pool = pool_new(&drills->polling, options->polling->config->backup_count);
    drills->arrivals = arrivals_new(&(struct arrivals_options){.config = options->polling->config,
                                                               .loop = options->polling->loop,
                                                               .heard = heard,
                                                               .context = drills});
    return drills;
}

void drills_free(struct drills *drills)
{
    if (drills == NULL)
        return;
    for (size_t i = 0; i < drills->count; i++) {
        struct drill *drill = drills->list[i];

        handing_free(drill->handing);
        buffer_done(&drill->message);
        timer_set(drills->options.polling->loop, &drill->timer, INT64_MAX);
        free(drill);
    }
    timer_set(drills->options.polling->loop, &drills->timer, INT64_MAX);
    while (drills->pool->count > 0)
        poll_free(drills->pool->polls[--drills->pool->count]);
    pool_free(drills->pool);
    arrivals_free(drills->arrivals);
    free(drills->list);
    free(drills);
}

void drills_add(struct drills *drills, const struct backup_config *backup,
                const struct drill_recipient *recipient)
{
    struct drill *drill = memory_new(1, sizeof *drill);

    drill->backup = backup;
    drill->recipient = *recipient;
    drill->domain = backup->domain_texts[recipient->domain];
    drill->drills = drills;
    drill->timer = (struct timer){.due = advance, .context = drill};
    buffer_init(&drill->message, MESSAGE_SIZE_MAX);
    drills->list = memory_more(drills->list, drills->count, sizeof(struct drill *));
    drills->list[drills->count++] = drill;
    drills->open++;
    timer_set(drills->options.polling->loop, &drills->timer, 0);
}

size_t drills_count(const struct drills *drills)
{
    return drills->count;
}

const struct drill *drills_at(const struct drills *drills, size_t place)
{
    return drills->list[place];
}

size_t drills_open(const struct drills *drills)
{
    return drills->open;
}

bool drills_are_over(const struct drills *drills)
{
    return drills->open == 0 && drills->pool->count == 0;
}

void drills_stop(struct drills *drills)
{
    pool_stop(drills->pool);
    for (size_t i = 0; i < drills->count; i++) {
        struct drill *drill = drills->list[i];
        struct arrival_sight sight = {.connections = -1};

        if (drill->course.phase == COURSE_OVER)
            continue;
        if (drill->at_ms == 0) {
            course_begin(&drill->course, false, 0, clock_monotonic_ms());
        } else {
            sight = arrivals_sight(drills->arrivals, drill->backup);
            handing_stop(drill->handing, "stopped");
            if (handing_delivery(drill->handing)->fate != DELIVERY_REFUSED)
                course_delivered(&drill->course, handing_delivery(drill->handing),
                                 clock_monotonic_ms());
        }
        course_stop(&drill->course, &sight);
        advance(drill);
    }
}

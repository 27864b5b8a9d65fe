/* All backups at once, each in a session of its own, at most `concurrency` at a time, in one loop.
 * What failed for a while is asked again with --retry; the wait for it is a deadline of the same
 * loop. */
#include "choice.h"
#include "target.h"

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/socket.h>
#include <mxpull/pull/round.h>
#include <mxpull/pull/session.h>
#include <mxpull/pull/turn.h>

#include <stdlib.h>

/* After this the sessions that were told to stop are dropped. Each ends by itself before. */
enum {
    STOP_LIMIT_MS = 900
};

/*  DUE --> RUNNING --> OVER, and with --retry from RUNNING back to DUE at a later time. */
enum job_state {
    JOB_DUE,
    JOB_RUNNING,
    JOB_OVER
};

/* One backup's part of the round. */
struct job {
    struct round *round; /* borrowed */
    const struct backup_config *backup;
    struct result *results; /* borrowed: the first of its results in the round's array */
    size_t count;
    enum job_state state;
    int64_t due_ms;
    size_t retries;
    bool ended;              /* its session has ended and is to be freed */
    struct session *session; /* while it runs: one of these, by its method */
    struct turn *turn;
    char *password; /* secret */
};

struct round {
    struct round_options options;
    struct result *results;
    size_t result_count;
    struct job *jobs;
    size_t job_count;
    struct loop *loop; /* borrowed while it runs */
    bool (*stop)(void);
    size_t at_once; /* sessions that there may be at the same time */
    size_t running, turning,
        over; /* jobs; turning: the running ones that take a connection to the primary */
};

static bool turns(const struct backup_config *backup)
{
    return backup->method != METHOD_ETRN;
}

/* How many of the backup's domains are asked for. Those of one ATRN are never parted: a message for
 * two of them would lose one. */
static size_t count_chosen(const struct round_options *options, const struct backup_config *backup)
{
    size_t count = 0;

    for (size_t domain = 0; domain < backup->domain_count; domain++)
        count += choice_has(options, backup, domain) ? 1 : 0;
    if (turns(backup) && (count > 0 || choice_has_backup(options, backup)))
        return backup->domain_count > 0 ? backup->domain_count : 1;
    return count;
}

static void add_result(struct round *round, const struct backup_config *backup,
                       const struct node *node, const char *domain)
{
    round->results[round->result_count++] = (struct result){.backup = backup,
                                                            .node = node,
                                                            .domain = domain,
                                                            .pending = -1,
                                                            .messages = -1,
                                                            .bytes = -1};
}

static void add_job(struct round *round, const struct backup_config *backup, size_t count)
{
    struct job *job = &round->jobs[round->job_count++];

    *job = (struct job){.round = round,
                        .backup = backup,
                        .results = &round->results[round->result_count],
                        .count = count};
    for (size_t domain = 0; domain < backup->domain_count; domain++) {
        if (turns(backup) || choice_has(&round->options, backup, domain))
            add_result(round, backup, &backup->domains[domain], backup->domain_texts[domain]);
    }
    if (backup->domain_count == 0)
        add_result(round, backup, NULL, "");
}

struct round *round_new(const struct round_options *options, struct error *error)
{
    const struct config *config = options->config;
    size_t total = 0;

    if (choice_check(options, error) != STATUS_OK)
        return NULL;
    struct round *round = memory_new(1, sizeof *round);
    round->options = *options;
    round->jobs = memory_new(config->backup_count, sizeof *round->jobs);
    for (size_t i = 0; i < config->backup_count; i++)
        total += count_chosen(options, &config->backups[i]);
    round->results = memory_new(total, sizeof *round->results);
    for (size_t i = 0; i < config->backup_count; i++) {
        size_t count = count_chosen(options, &config->backups[i]);

        if (count > 0)
            add_job(round, &config->backups[i], count);
    }
    return round;
}

void round_free(struct round *round)
{
    if (round == NULL)
        return;
    for (size_t i = 0; i < round->job_count; i++) {
        session_free(round->jobs[i].session);
        turn_free(round->jobs[i].turn);
        memory_free_secret(round->jobs[i].password);
    }
    for (size_t i = 0; i < round->result_count; i++) {
        free(round->results[i].command);
        free(round->results[i].text);
        free(round->results[i].address);
        free(round->results[i].tls);
    }
    free(round->jobs);
    free(round->results);
    free(round);
}

static bool wants_asking(const struct result *result)
{
    return !result->known || (!result->dry && outcome_is_temporary(result->outcome));
}

static void settle_all(struct job *job, enum outcome outcome, const char *text)
{
    for (size_t i = 0; i < job->count; i++) {
        if (!job->results[i].known)
            target_settle(&job->results[i], &job->round->options, outcome, text);
    }
}

static void finish(struct job *job)
{
    job->state = JOB_OVER;
    job->round->over++;
}

static void session_ended(void *context)
{
    struct job *job = context;

    job->ended = true;
}

/* A password that cannot be had ends its backup's part of the round, and no other's. */
static bool fetch_password(struct job *job)
{
    struct error error;

    if (job->password != NULL || config_password(job->round->options.config, job->backup,
                                                 &job->password, &error) == STATUS_OK)
        return true;
    if (job->round->stop())
        settle_all(job, OUTCOME_INTERRUPTED, "stopped before it was asked");
    else
        settle_all(job, OUTCOME_AUTHENTICATION, error.text);
    finish(job);
    return false;
}

/* Begins the session of a job, for those of its results that need one. */
static void begin(struct job *job)
{
    if (!fetch_password(job))
        return;

    struct result **results = memory_new(job->count, sizeof(struct result *));
    struct session_options options = {
        .loop = job->round->loop,
        .round = &job->round->options,
        .backup = job->backup,
        .results = results,
        .password = job->password,
        .ended = session_ended,
        .context = job,
    };

    for (size_t i = 0; i < job->count; i++) {
        if (turns(job->backup) || wants_asking(&job->results[i]))
            results[options.count++] = &job->results[i];
    }
    job->state = JOB_RUNNING;
    job->round->running++;
    if (turns(job->backup)) {
        job->round->turning++;
        job->turn = turn_new(&options);
    } else {
        job->session = session_new(&options);
    }
    free(results);
}

/* Puts a job whose session has ended off until its next retry, or ends it. */
static void conclude(struct job *job)
{
    const struct durations *retry = &job->backup->timing.retry;
    bool again = false;

    session_free(job->session);
    turn_free(job->turn);
    job->session = NULL;
    job->turn = NULL;
    job->ended = false;
    job->round->running--;
    job->round->turning -= turns(job->backup) ? 1 : 0;
    for (size_t i = 0; i < job->count; i++)
        again = again || wants_asking(&job->results[i]);
    if (again && job->round->options.retry && job->retries < retry->count) {
        job->state = JOB_DUE;
        job->due_ms = clock_monotonic_ms() + retry->seconds[job->retries++] * 1000;
        if (job->round->options.observer.moved != NULL)
            job->round->options.observer.moved(job->round->options.context, job->backup,
                                               SESSION_WAITING, NULL);
    } else {
        finish(job);
    }
}

/* Whether there is room for one more session of this backup's kind. */
static bool has_room(const struct round *round, const struct backup_config *backup)
{
    const struct config *config = round->options.config;

    return round->running < round->at_once &&
           (!turns(backup) || round->turning < (size_t)config->primary.relay_connections);
}

/* Whether the loop stands still while the password is fetched. */
static bool is_slow(const struct job *job)
{
    return job->backup->password_command != NULL && job->password == NULL;
}

/* Whether a job that needs no command runs or could begin: it must not wait for those that do. */
static bool has_quick_job(const struct round *round, int64_t now_ms)
{
    for (size_t i = 0; i < round->job_count; i++) {
        const struct job *job = &round->jobs[i];

        if (!is_slow(job) &&
            (job->state == JOB_RUNNING || (job->state == JOB_DUE && job->due_ms <= now_ms)))
            return true;
    }
    return false;
}

/* Goes on with the turns whose pause is over. Returns when the next one is. */
static int64_t resume_turns(struct round *round, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < round->job_count; i++) {
        struct turn *turn = round->jobs[i].turn;
        int64_t due_ms = turn != NULL ? turn_due(turn) : INT64_MAX;

        if (due_ms <= now_ms)
            turn_resume(turn);
        else if (due_ms < next_ms)
            next_ms = due_ms;
    }
    return next_ms;
}

/* Does what can be done now; of the jobs that need a command first, one at a time, so that the
 * sessions get their turn in between. Returns when a job falls due that waits for nothing but the
 * time. */
static int64_t advance(struct round *round)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < round->job_count; i++) {
        if (round->jobs[i].ended)
            conclude(&round->jobs[i]);
    }
    next_ms = resume_turns(round, now_ms);
    bool may_be_slow = !has_quick_job(round, now_ms);
    for (size_t i = 0; i < round->job_count; i++) {
        struct job *job = &round->jobs[i];

        if (job->state != JOB_DUE || !has_room(round, job->backup))
            continue;
        if (job->due_ms > now_ms) {
            next_ms = job->due_ms < next_ms ? job->due_ms : next_ms;
        } else if (!is_slow(job) || may_be_slow) {
            bool was_slow = is_slow(job);

            begin(job);
            may_be_slow = may_be_slow && !was_slow;
            if (was_slow || job->ended) /* the next one; or it could not even be tried */
                next_ms = now_ms;
        }
    }
    return next_ms;
}

static void stop_all(struct round *round)
{
    for (size_t i = 0; i < round->job_count; i++) {
        struct job *job = &round->jobs[i];

        job->retries = job->backup->timing.retry.count;
        if (job->state == JOB_RUNNING && job->turn != NULL) {
            turn_stop(job->turn);
        } else if (job->state == JOB_RUNNING) {
            session_stop(job->session);
        } else if (job->state == JOB_DUE) {
            settle_all(job, OUTCOME_INTERRUPTED, "stopped before it was asked");
            finish(job);
        }
    }
}

/* Each session takes a socket, and a second one while IPv6 and IPv4 race or when its mail goes on
 * to the primary. */
static size_t sessions_at_once(const struct round *round)
{
    enum {
        SOCKETS_EACH = 2,
        FILES_BESIDE = 64
    };
    size_t wanted = (size_t)round->options.config->concurrency;

    if (wanted > round->job_count)
        wanted = round->job_count;
    size_t files = socket_raise_limit(wanted * SOCKETS_EACH + FILES_BESIDE);
    size_t possible =
        files > FILES_BESIDE + SOCKETS_EACH ? (files - FILES_BESIDE) / SOCKETS_EACH : 1;
    if (possible >= wanted)
        return wanted;
    log_message(
        LEVEL_WARNING,
        "only %zu sessions at once, for the system allows no more than %zu open files (ulimit -n)",
        possible, files);
    return possible;
}

void round_run(struct round *round, struct loop *loop, bool (*stop)(void))
{
    int64_t stop_limit_ms = INT64_MAX;

    round->loop = loop;
    round->at_once = sessions_at_once(round);
    round->stop = stop;
    while (round->over < round->job_count) {
        if (stop_limit_ms == INT64_MAX && stop()) {
            stop_limit_ms = clock_monotonic_ms() + STOP_LIMIT_MS;
            stop_all(round);
        }
        int64_t next_ms = advance(round);
        if (clock_monotonic_ms() >= stop_limit_ms)
            break;
        if (round->over < round->job_count)
            loop_turn(loop, next_ms < stop_limit_ms ? next_ms : stop_limit_ms);
    }
    for (size_t i = 0; i < round->job_count; i++) {
        session_free(round->jobs[i].session);
        turn_free(round->jobs[i].turn);
        round->jobs[i].session = NULL;
        round->jobs[i].turn = NULL;
        settle_all(&round->jobs[i], OUTCOME_INTERRUPTED, "stopped before an answer came");
    }
}

size_t round_result_count(const struct round *round)
{
    return round->result_count;
}

const struct result *round_result(const struct round *round, size_t index)
{
    return &round->results[index];
}

int round_exit_status(const struct round *round)
{
    int exit_status = 0;

    for (size_t i = 0; i < round->result_count; i++) {
        const struct result *result = &round->results[i];

        if (result->known && !result->dry)
            exit_status = exit_status_worse(exit_status, outcome_exit_status(result->outcome));
    }
    return exit_status;
}

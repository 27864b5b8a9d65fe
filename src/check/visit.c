/* One look at one SMTP server, over up to four connections, one after the other:
 *
 *   verified --(certificate)--> unverified --(other key)--> without the pinned key
 *      `----------(TLS fails, and is not demanded)-----------> in clear
 */
#include "visit.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <stdlib.h>
#include <string.h>

static void open_connection(struct visit *visit);

static void disconnect(struct visit *visit)
{
    connection_close(visit->connection);
    visit->connection = NULL;
}

/* It is over in the next turn of the loop. */
static void end(struct visit *visit)
{
    disconnect(visit);
    timer_set(visit->options.loop, &visit->timer, 0);
}

static void note_facts(struct visit *visit)
{
    const struct connection_facts *facts = connection_facts(visit->connection);

    visit->facts = *facts;
    visit->tls[0] = '\0';
    if (facts->tls != NULL)
        visit->facts.tls = text_copy_cut(visit->tls, sizeof visit->tls, facts->tls);
    /* What was said before STARTTLS is forgotten behind it. */
    visit->has_ehlo = facts->stage == STAGE_STARTTLS || facts->stage >= STAGE_AUTH;
    if (facts->tls != NULL && facts->stage >= STAGE_AUTH && !visit->is_unverified)
        visit->certificate = VISIT_CERTIFICATE_GOOD;
}

/* ---- events ---- */

static void ready(void *context)
{
    struct visit *visit = context;
    static const char quit[] = "QUIT\r\n";

    note_facts(visit);
    visit->code = 0;
    visit->error = (struct error){.status = STATUS_OK};
    connection_leave(visit->connection, quit, sizeof quit - 1);
    visit->connection = NULL;
    end(visit);
}

static void failed(void *context, int code, const struct error *error)
{
    struct visit *visit = context;
    bool is_optional = visit->options.connection.tls == TLS_MAY && !visit->in_clear;

    note_facts(visit);
    visit->code = code;
    visit->error = *error;
    bool is_other_key = visit->facts.stage == STAGE_PINNED_KEY;
    bool is_bad = visit->facts.stage == STAGE_CERTIFICATE && !visit->is_unverified;
    bool is_missing = visit->facts.stage == STAGE_STARTTLS && !visit->facts.ehlo.starttls;
    disconnect(visit);
    if (error->status == STATUS_TLS && (is_bad || is_other_key || is_optional) && !is_missing)
        (void)text_copy_cut(visit->tls_fault, sizeof visit->tls_fault, error->text);
    if (is_bad || is_other_key) {
        visit->certificate = is_bad ? VISIT_CERTIFICATE_BAD : VISIT_CERTIFICATE_OTHER_KEY;
        visit->is_unverified = true;
        open_connection(visit);
    } else if (error->status == STATUS_TLS && is_optional) {
        visit->in_clear = true;
        open_connection(visit);
    } else {
        end(visit);
    }
}

static void show_wire(void *context, char direction, const char *line, size_t size)
{
    const struct visit *visit = context;

    visit->options.wire(visit->options.context, direction, line, size);
}

/* ---- connections ---- */

static int64_t shorter(int64_t timeout_ms)
{
    return timeout_ms < VISIT_STEP_MS ? timeout_ms : VISIT_STEP_MS;
}

static void open_connection(struct visit *visit)
{
    static const struct connection_events events = {
        .ready = ready, .failed = failed, .wire = show_wire};
    const struct connection_options *wanted = &visit->options.connection;
    struct connection_options options = *wanted;
    bool demands_tls = wanted->tls == TLS_REQUIRED || wanted->tls == TLS_IMPLICIT;
    bool demands_more = visit->certificate == VISIT_CERTIFICATE_OTHER_KEY ||
                        (visit->certificate == VISIT_CERTIFICATE_BAD && wanted->tls_verify);

    if (visit->in_clear)
        options.tls = TLS_OFF;
    else if (wanted->tls == TLS_MAY)
        options.tls = TLS_REQUIRED;
    options.tls_verify = !visit->is_unverified;
    if (!demands_tls || visit->certificate == VISIT_CERTIFICATE_OTHER_KEY)
        options.tls_fingerprint = NULL;
    if (demands_tls && demands_more)
        options.user = NULL;
    visit->has_user = options.user != NULL;
    options.connect_timeout_ms = shorter(wanted->connect_timeout_ms);
    options.reply_timeout_ms = shorter(wanted->reply_timeout_ms);
    visit->connection =
        connection_open(visit->options.loop, &options, &events, visit, &visit->error);
    if (visit->connection == NULL)
        end(visit);
}

/* The end that was set, or the limit. */
static void finish(void *context)
{
    struct visit *visit = context;

    if (visit->connection != NULL) {
        note_facts(visit);
        visit->facts.stage = connection_stage(visit->connection);
        visit->code = 0;
        (void)error_set(&visit->error, STATUS_TIMEOUT, "not done within %d s",
                        VISIT_LIMIT_MS / 1000);
        disconnect(visit);
    }
    visit->is_over = true;
    visit->options.over(visit->options.context);
}

struct visit *visit_new(const struct visit_options *options)
{
    struct visit *visit = memory_new(1, sizeof *visit);

    visit->options = *options;
    visit->in_clear = options->connection.tls == TLS_OFF;
    visit->timer = (struct timer){.due = finish, .context = visit};
    timer_set(options->loop, &visit->timer, clock_monotonic_ms() + VISIT_LIMIT_MS);
    open_connection(visit);
    return visit;
}

void visit_free(struct visit *visit)
{
    if (visit == NULL)
        return;
    disconnect(visit);
    timer_set(visit->options.loop, &visit->timer, INT64_MAX);
    free(visit);
}

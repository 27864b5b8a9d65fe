/* The status for a program. The keys and their order are the interface's. */
#include "status_json.h"
#include "json.h"

static json_t *daemon_object(const struct status_view *view)
{
    json_t *object = json_object();

    json_set(object, "alive", json_boolean(view->daemon == DAEMON_ALIVE));
    json_set(object, "last_sign_of_life", json_stamp(view->life.alive_ms));
    return object;
}

static json_t *outage_object(const struct status_view *view)
{
    const struct store_outage *outage = &view->outage;
    bool is_over = outage->ended_ms > 0;
    json_t *object;

    if (!view->has_outage)
        return json_null();
    object = json_object();
    json_set(object, "began", json_stamp(outage->began_ms));
    json_set(object, "ended", json_stamp(outage->ended_ms));
    json_set(object, "seconds",
             json_number_if(is_over, (outage->ended_ms - outage->began_ms) / 1000));
    json_set(object, "text", json_remote(outage->why));
    return object;
}

static json_t *primary_object(const struct status_view *view)
{
    static const char *const states[] = {
        [PRIMARY_UNKNOWN] = "unknown", [PRIMARY_UP] = "up", [PRIMARY_DOWN] = "down"};
    bool is_known = view->primary != PRIMARY_UNKNOWN;
    json_t *object = json_object();

    json_set(object, "address", json_own(view->config->primary.address.text));
    json_set(object, "state", json_string(states[view->primary]));
    json_set(object, "since", json_stamp(is_known ? view->life.since_ms : 0));
    json_set(object, "looked", json_stamp(view->life.looked_ms));
    json_set(object, "text", json_remote(view->life.text[0] != '\0' ? view->life.text : NULL));
    json_set(object, "last_outage", outage_object(view));
    return object;
}

static json_t *strip_value(const struct store_domain *state)
{
    char strip[STORE_STRIP_MAX + 1];

    for (size_t i = 0; i < state->strip_count; i++)
        strip[i] = status_letter(state->strip[i]);
    return json_stringn(strip, state->strip_count);
}

static json_t *count_if(bool is_asked, int64_t count)
{
    return json_number_if(is_asked && count >= 0, count);
}

/* The keys stand in the order of the first domain; what is its backup's is set once for each backup. */
static void set_domain(json_t *object, const struct status_domain *domain, bool is_first)
{
    const struct status_backup *backup = domain->backup;
    const struct store_domain *state = &domain->state;
    bool is_asked = domain->is_asked;

    if (is_first) {
        json_set(object, "backup", json_own(backup->config->name));
        json_set(object, "host", json_own(backup->config->host));
        json_set(object, "method", json_string(method_name(backup->config->method)));
    }
    json_set(object, "domain", json_own(domain->name));
    json_set(object, "outcome", json_remote(is_asked ? state->outcome : NULL));
    json_set(object, "code", json_number_if(state->code > 0, state->code));
    json_set(object, "text", json_remote(is_asked ? state->text : NULL));
    json_set(object, "at", json_stamp(state->at_ms));
    json_set(object, "good", json_stamp(state->good_ms));
    if (is_first)
        json_set(object, "next", json_stamp(backup->next_ms));
    json_set(object, "streak", json_integer(state->streak));
    json_set(object, "mail", json_stamp(state->mail_ms));
    json_set(object, "silent", json_boolean(domain->is_silent));
    if (is_first)
        json_set(object, "certificate_days",
                 json_number_if(backup->has_certificate, backup->certificate_days));
    json_set(object, "pending", count_if(is_asked, state->pending));
    json_set(object, "messages", count_if(is_asked, state->messages));
    json_set(object, "bytes", count_if(is_asked, state->bytes));
    json_set(object, "strip", strip_value(state));
    json_set(object, "refused_for_now", count_if(is_asked, state->refused_for_now));
    json_set(object, "refused_for_good", count_if(is_asked, state->refused_for_good));
}

/* One object serves for all of them: a tree of thousands takes longer to make than to write. */
static void append_domains(struct buffer *text, const struct status_view *view)
{
    const struct status_backup *backup = NULL;
    json_t *object = json_object();

    (void)buffer_append_text(text, "\"domains\":[");
    for (size_t i = 0; i < view->summary.domains; i++) {
        const struct status_domain *domain = &view->domains[i];

        set_domain(object, domain, domain->backup != backup);
        backup = domain->backup;
        (void)buffer_append_text(text, i > 0 ? "," : "");
        json_append(text, json_incref(object));
    }
    (void)buffer_append_text(text, "]");
    json_decref(object);
}

static json_t *summary_object(const struct status_summary *summary)
{
    json_t *object = json_object();

    json_set(object, "backups", json_integer((json_int_t)summary->backups));
    json_set(object, "domains", json_integer((json_int_t)summary->domains));
    json_set(object, "ok", json_integer((json_int_t)summary->ok));
    json_set(object, "failing", json_integer((json_int_t)summary->failing));
    json_set(object, "silent", json_integer((json_int_t)summary->silent));
    json_set(object, "held", json_integer((json_int_t)summary->held));
    json_set(object, "unknown", json_integer((json_int_t)summary->unknown));
    return object;
}

static json_t *log_object(const struct store_log *log)
{
    json_t *object = log->missing > 0 ? json_object() : json_null();

    if (log->missing > 0) {
        json_set(object, "missing", json_integer((json_int_t)log->missing));
        json_set(object, "since", json_stamp(log->since_ms));
        json_set(object, "text", json_remote(log->why));
    }
    return object;
}

void status_json_format(struct buffer *text, const struct status_view *view)
{
    json_t *before = json_object(), *behind = json_object();

    json_set(before, "now", json_stamp(view->now_ms));
    json_set(before, "daemon", daemon_object(view));
    json_set(before, "primary", primary_object(view));
    json_set(before, "log", log_object(&view->log));
    json_set(behind, "summary", summary_object(&view->summary));
    (void)buffer_append_text(text, "{");
    json_append_members(text, before);
    (void)buffer_append_text(text, ",");
    append_domains(text, view);
    (void)buffer_append_text(text, ",");
    json_append_members(text, behind);
    (void)buffer_append_text(text, "}\n");
}

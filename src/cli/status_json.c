/* The status for a program. The keys and their order are the interface's. */
#include "json.h"
#include "status.h"

static json_t *primary_object(const struct status_view *view)
{
    static const char *const states[] = {
        [OUTAGE_UNKNOWN] = "unknown", [OUTAGE_UP] = "up", [OUTAGE_DOWN] = "down"};
    const struct store_life *life = &view->life;
    const struct store_outage *outage = &view->outage;
    json_t *last = NULL;

    if (view->has_outage)
        last = json_pack(
            "{s:o, s:o, s:o, s:o}", "began", json_stamp(outage->began_ms), "ended",
            json_stamp(outage->ended_ms), "seconds",
            json_number_if(outage->ended_ms > 0, (outage->ended_ms - outage->began_ms) / 1000),
            "text", json_remote(outage->why));
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "address",
                     json_own(view->config->primary.address.text), "state", states[view->primary],
                     "since", json_stamp(view->primary != OUTAGE_UNKNOWN ? life->since_ms : 0),
                     "looked", json_stamp(life->looked_ms), "text", json_remote_filled(life->text),
                     "last_outage", last != NULL ? last : json_null());
}

static json_t *arrival_object(const struct status_backup *backup)
{
    const struct store_last_arrival *arrival = &backup->arrival;
    json_t *object = backup->has_arrival ? json_object() : NULL;

    if (object == NULL)
        return NULL;
    json_set(object, "state", json_remote(arrival->state));
    json_set(object, "evidence", json_remote_filled(arrival->evidence));
    json_set(object, "messages", json_count(arrival->messages));
    json_set(object, "bytes", json_count(arrival->bytes));
    json_set(object, "connections", json_count(arrival->connections));
    json_set(object, "first", json_stamp(arrival->first_ms));
    json_set(object, "last", json_stamp(arrival->last_ms));
    json_set(object, "asked", json_stamp(arrival->asked_ms));
    json_set(object, "address", json_remote_filled(arrival->address));
    return object;
}

static json_t *drill_object(const struct status_backup *backup)
{
    const struct store_last_drill *drill = &backup->drill;
    json_t *object = backup->has_drill ? json_object() : NULL;

    if (object == NULL)
        return NULL;
    json_set(object, "at", json_stamp(drill->at_ms));
    json_set(object, "domain", json_remote(drill->domain));
    json_set(object, "outcome", json_remote(drill->outcome));
    json_set(object, "exit_status", json_integer(drill->exit_status));
    json_set(object, "evidence", json_remote_filled(drill->evidence));
    json_set(object, "code", json_number_if(drill->code > 0, drill->code));
    json_set(object, "text", json_remote_filled(drill->text));
    json_set(object, "accepted_ms", json_count(drill->accepted_ms));
    json_set(object, "arrived_ms", json_count(drill->arrived_ms));
    return object;
}

static json_t *domain_object(const struct status_domain *domain)
{
    const struct status_backup *backup = domain->backup;
    const struct store_domain *state = &domain->state;
    bool is_asked = domain->is_asked;
    char strip[STORE_STRIP_MAX];
    json_t *object = json_object();

    for (size_t i = 0; i < state->strip_count; i++)
        strip[i] = status_letter(state->strip[i]);
    json_set(object, "backup", json_own(backup->config->name));
    json_set(object, "host", json_own(backup->config->host));
    json_set(object, "method", json_string(method_name(backup->config->method)));
    json_set(object, "domain", json_own(domain->name));
    json_set(object, "outcome", json_remote(is_asked ? state->outcome : NULL));
    json_set(object, "code", json_number_if(state->code > 0, state->code));
    json_set(object, "text", json_remote(is_asked ? state->text : NULL));
    json_set(object, "at", json_stamp(state->at_ms));
    json_set(object, "good", json_stamp(state->good_ms));
    json_set(object, "next", json_stamp(backup->next_ms));
    json_set(object, "streak", json_integer(state->streak));
    json_set(object, "mail", json_stamp(state->mail_ms));
    json_set(object, "silent", json_boolean(domain->is_silent));
    json_set(object, "certificate_days",
             json_number_if(backup->has_certificate, backup->certificate_days));
    json_set(object, "pending", json_count(is_asked ? state->pending : -1));
    json_set(object, "messages", json_count(is_asked ? state->messages : -1));
    json_set(object, "bytes", json_count(is_asked ? state->bytes : -1));
    json_set(object, "strip", json_stringn(strip, state->strip_count));
    json_set(object, "refused_for_now", json_count(is_asked ? state->refused_for_now : -1));
    json_set(object, "refused_for_good", json_count(is_asked ? state->refused_for_good : -1));
    json_set(object, "unseen", json_stamp(backup->unseen_ms));
    json_set(object, "arrival", arrival_object(backup));
    json_set(object, "drill", drill_object(backup));
    return object;
}

void status_json_format(struct buffer *text, const struct status_view *view)
{
    const struct store_log *log = &view->log;
    json_t *missing = NULL, *summary = json_object();

    if (log->missing > 0)
        missing = json_pack("{s:I, s:o, s:o}", "missing", (json_int_t)log->missing, "since",
                            json_stamp(log->since_ms), "text", json_remote(log->why));
    json_set(summary, "backups", json_count((int64_t)view->backup_count));
    json_set(summary, "domains", json_count((int64_t)view->domain_count));
    for (size_t i = 0; i < COUNT_KINDS; i++)
        json_set(summary, status_count_names[i], json_count((int64_t)view->counts[i]));
    /* The domains are written one by one: a tree of thousands would take longer to make than to write. */
    (void)buffer_append_text(text, "{");
    json_append_members(
        text, json_pack("{s:o, s:{s:b, s:o}, s:o, s:o}", "now", json_stamp(view->now_ms), "daemon",
                        "alive", view->daemon == DAEMON_ALIVE, "last_sign_of_life",
                        json_stamp(view->life.alive_ms), "primary", primary_object(view), "log",
                        missing != NULL ? missing : json_null()));
    for (size_t i = 0; i < view->domain_count; i++) {
        (void)buffer_append_text(text, i > 0 ? "," : ",\"domains\":[");
        json_append(text, domain_object(&view->domains[i]));
    }
    (void)buffer_append_text(text, view->domain_count > 0 ? "]," : ",\"domains\":[],");
    json_append_members(text, json_pack("{s:o}", "summary", summary));
    (void)buffer_append_text(text, "}\n");
}

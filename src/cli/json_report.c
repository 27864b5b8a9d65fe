/* The report as JSON. The keys and their order are the interface's. */
#include "json_report.h"
#include "json.h"

static json_t *own_if(const char *text)
{
    return json_own(text != NULL && *text != '\0' ? text : NULL);
}

static void set_outcome(json_t *object, const struct result *result)
{
    bool has_outcome = result->known && !result->dry;

    json_set(object, "outcome",
             has_outcome ? json_string(outcome_name(result->outcome)) : json_null());
    if (result->dry)
        json_set(object, "command", json_own(result->command));
}

static json_t *result_object(const struct result *result)
{
    json_t *object = json_object();

    json_set(object, "backup", json_own(result->backup->name));
    json_set(object, "host", json_own(result->backup->host));
    json_set(object, "address", own_if(result->address));
    json_set(object, "port", json_integer(result->backup->port));
    json_set(object, "method", json_string(method_name(result->backup->method)));
    json_set(object, "domain", json_own(result->domain));
    set_outcome(object, result);
    json_set(object, "code", json_number_if(result->code > 0, result->code));
    json_set(object, "text", result->dry ? json_null() : json_remote(result->text));
    json_set(object, "pending", json_number_if(result->pending >= 0, result->pending));
    json_set(object, "messages", json_number_if(result->messages >= 0, result->messages));
    json_set(object, "bytes", json_number_if(result->bytes >= 0, result->bytes));
    json_set(object, "tls", own_if(result->tls));
    json_set(object, "authenticated", json_boolean(result->authenticated));
    json_set(object, "attempts", json_integer(result->attempts));
    json_set(object, "ms", json_integer(result->ms));
    json_set(object, "refused_for_now",
             json_number_if(result->refused_for_now >= 0, result->refused_for_now));
    json_set(object, "refused_for_good",
             json_number_if(result->refused_for_good >= 0, result->refused_for_good));
    return object;
}

static json_t *results_array(const struct round_facts *facts)
{
    json_t *array = json_array();

    for (size_t i = 0; i < facts->count; i++)
        (void)json_array_append_new(array, result_object(facts->results[i]));
    return array;
}

static json_t *summary_object(const struct round_facts *facts)
{
    struct summary summary = summary_count(facts->results, facts->count);
    json_t *object = json_object();

    json_set(object, "asked", json_integer((json_int_t)summary.asked));
    json_set(object, "ok", json_integer((json_int_t)summary.ok));
    json_set(object, "failed", json_integer((json_int_t)summary.failed));
    json_set(object, "held", json_integer((json_int_t)summary.held));
    return object;
}

void json_report_write(struct output *output, const struct round_facts *facts)
{
    json_t *report = json_object();

    json_set(report, "started", json_stamp(facts->started_wall_ms));
    json_set(report, "seconds", json_real((double)facts->elapsed_ms / 1000.0));
    json_set(report, "exit_status", json_integer(facts->exit_status));
    json_set(report, "results", results_array(facts));
    json_set(report, "summary", summary_object(facts));
    json_write(output, report);
}

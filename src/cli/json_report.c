/* The report as JSON. The keys and their order are the interface's. */
#include "json_report.h"
#include "json.h"
#include <mxpull/platform/clock.h>

#include <jansson.h>

static void set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

/* A number, or null where it is not known. */
static json_t *number_if(bool is_known, int64_t number)
{
    return is_known ? json_integer(number) : json_null();
}

static json_t *text_if(const char *text)
{
    return text != NULL && *text != '\0' ? json_own(text) : json_null();
}

static void set_outcome(json_t *object, const struct result *result)
{
    bool has_outcome = result->known && !result->dry;

    set(object, "outcome", has_outcome ? json_string(outcome_name(result->outcome)) : json_null());
    if (result->dry)
        set(object, "command", json_own(result->command));
}

static json_t *result_object(const struct result *result)
{
    json_t *object = json_object();

    set(object, "backup", json_own(result->backup->name));
    set(object, "host", json_own(result->backup->host));
    set(object, "address", text_if(result->address));
    set(object, "port", json_integer(result->backup->port));
    set(object, "method", json_string(method_name(result->backup->method)));
    set(object, "domain", json_own(result->domain));
    set_outcome(object, result);
    set(object, "code", number_if(result->code > 0, result->code));
    set(object, "text", result->dry ? json_null() : json_remote(result->text));
    set(object, "pending", number_if(result->pending >= 0, result->pending));
    set(object, "messages", number_if(result->messages >= 0, result->messages));
    set(object, "bytes", number_if(result->bytes >= 0, result->bytes));
    set(object, "tls", text_if(result->tls));
    set(object, "authenticated", json_boolean(result->authenticated));
    set(object, "attempts", json_integer(result->attempts));
    set(object, "ms", json_integer(result->ms));
    set(object, "refused_for_now",
        number_if(result->refused_for_now >= 0, result->refused_for_now));
    set(object, "refused_for_good",
        number_if(result->refused_for_good >= 0, result->refused_for_good));
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

    set(object, "asked", json_integer((json_int_t)summary.asked));
    set(object, "ok", json_integer((json_int_t)summary.ok));
    set(object, "failed", json_integer((json_int_t)summary.failed));
    set(object, "held", json_integer((json_int_t)summary.held));
    return object;
}

void json_report_write(struct output *output, const struct round_facts *facts)
{
    char started[CLOCK_TEXT_SIZE];
    json_t *report = json_object();

    set(report, "started", json_string(clock_utc_text(started, facts->started_wall_ms)));
    set(report, "seconds", json_real((double)facts->elapsed_ms / 1000.0));
    set(report, "exit_status", json_integer(facts->exit_status));
    set(report, "results", results_array(facts));
    set(report, "summary", summary_object(facts));
    json_write(output, report);
}

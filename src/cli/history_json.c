/* The past for a program: one object, written piece by piece. */
#include "history.h"
#include "json_text.h"
#include "json_value.h"

static void begin(struct buffer *text, bool messages)
{
    (void)buffer_append_text(text, messages ? "{\"messages\":[" : "{\"answers\":[");
}

static json_t *text_or_null(const char *text)
{
    return json_text_remote(text != NULL && *text != '\0' ? text : NULL);
}

static void set_facts(json_t *object, const struct store_row *row)
{
    const struct store_answer *answer = &row->answer;

    json_value_set(object, "address", text_or_null(answer->address));
    json_value_set(object, "tls", text_or_null(answer->tls));
    json_value_set(object, "authenticated", json_boolean(answer->authenticated));
    json_value_set(object, "pending", json_value_number_if(answer->pending >= 0, answer->pending));
    json_value_set(object, "messages",
                   json_value_number_if(answer->messages >= 0, answer->messages));
    json_value_set(object, "bytes", json_value_number_if(answer->bytes >= 0, answer->bytes));
    json_value_set(object, "attempts", json_integer(answer->attempts));
    json_value_set(object, "ms", json_integer(answer->ms));
    json_value_set(object, "refused_for_now",
                   json_value_number_if(answer->refused_for_now >= 0, answer->refused_for_now));
    json_value_set(object, "refused_for_good",
                   json_value_number_if(answer->refused_for_good >= 0, answer->refused_for_good));
}

static void write_answer(struct buffer *text, const struct history_style *style,
                         const struct store_row *row)
{
    const struct store_answer *answer = &row->answer;
    json_t *object = json_object();

    (void)style;
    json_value_set(object, "at", json_value_stamp(answer->at_ms));
    json_value_set(object, "backup", json_text_own(row->backup));
    json_value_set(object, "domain", json_text_own(answer->domain));
    json_value_set(object, "cause", json_text_own(row->cause));
    json_value_set(object, "verb", json_text_own(answer->verb));
    json_value_set(object, "outcome", json_text_own(answer->outcome));
    json_value_set(object, "code", json_value_number_if(answer->code > 0, answer->code));
    json_value_set(object, "text", json_text_remote(answer->text));
    set_facts(object, row);
    json_text_append(text, object);
}

static void write_message(struct buffer *text, const struct history_style *style,
                          const struct store_message *message)
{
    json_t *object = json_object();

    (void)style;
    json_value_set(object, "at", json_value_stamp(message->at_ms));
    json_value_set(object, "backup", json_text_own(message->backup));
    json_value_set(object, "sender", json_text_remote(message->sender));
    json_value_set(object, "recipients", json_text_remote(message->recipients));
    json_value_set(object, "bytes", json_integer(message->bytes));
    json_value_set(object, "code", json_value_number_if(message->code > 0, message->code));
    json_value_set(object, "text", json_text_remote(message->text));
    json_text_append(text, object);
}

const struct history_form history_json = {.begin = begin,
                                          .answer = write_answer,
                                          .message = write_message,
                                          .between = ",",
                                          .end = "]}\n"};

/* smtp/delivery over a connection. */
#include "handing.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/smtp/reply.h>

#include <stdlib.h>

struct handing {
    struct handing_options options;
    struct delivery delivery;
    struct connection *connection;
    struct hearing hearing;
    struct timer timer; /* over is to be called */
    bool is_ready;      /* the session was: nothing is sent a second time */
    char address[CONNECTION_ADDRESS_SIZE], local_address[CONNECTION_ADDRESS_SIZE];
};

static void open_connection(struct handing *handing);

/* Parts with the server once the fate is known; over is called in the next turn of the loop. */
static void settle(struct handing *handing)
{
    static const char quit[] = "QUIT\r\n";

    if (handing->delivery.fate == DELIVERY_OPEN)
        return;
    if (handing->connection != NULL)
        connection_leave(handing->connection, quit, sizeof quit - 1);
    handing->connection = NULL;
    timer_set(handing->options.loop, &handing->timer, 0);
}

static void lose(struct handing *handing, enum outcome outcome, int code, const char *text)
{
    connection_close(handing->connection);
    handing->connection = NULL;
    delivery_cut(&handing->delivery, outcome, code, text);
    settle(handing);
}

static void send_bytes(struct handing *handing)
{
    const struct buffer *bytes = delivery_bytes(&handing->delivery);

    handing->hearing.expects = true;
    connection_deadline(handing->connection,
                        clock_monotonic_ms() + handing->options.way.reply_timeout_ms);
    connection_send(handing->connection, bytes->bytes, bytes->size);
}

/* ---- events ---- */

static void note_address(struct handing *handing)
{
    const struct connection_facts *facts = connection_facts(handing->connection);

    (void)text_copy(handing->address, sizeof handing->address, facts->address);
    (void)text_copy(handing->local_address, sizeof handing->local_address, facts->local_address);
}

static void ready(void *context)
{
    struct handing *handing = context;

    handing->is_ready = true;
    note_address(handing);
    delivery_established(&handing->delivery);
    send_bytes(handing);
}

static void replied(struct handing *handing)
{
    struct reply *reply = &handing->hearing.reply;

    delivery_reply(&handing->delivery, reply->code, reply->text.bytes);
    reply_reset(reply);
    if (handing->delivery.fate == DELIVERY_OPEN && handing->delivery.stage == DELIVERY_DATA &&
        !handing->options.may_send(handing->options.context))
        delivery_cut(&handing->delivery, OUTCOME_HELD, 0, "");
    if (handing->delivery.fate == DELIVERY_OPEN)
        send_bytes(handing);
    settle(handing);
}

/* What comes behind the reply that was due answers nothing: a second reply would be taken for that to the next command. */
static void received(void *context, const char *bytes, size_t size)
{
    struct handing *handing = context;
    struct error error;

    while (size > 0 && handing->connection != NULL) {
        switch (hearing_take(&handing->hearing, &bytes, &size, &error)) {
        case HEARING_PART: return;
        case HEARING_REPLY:
            if (size > 0 && handing->delivery.stage != DELIVERY_CONTENT)
                lose(handing, OUTCOME_PROTOCOL, 0, "it said more than one reply to a command");
            else
                replied(handing);
            break;
        case HEARING_CLOSING:
            lose(handing, OUTCOME_DEFERRED, 421, handing->hearing.reply.text.bytes);
            return;
        case HEARING_RUBBISH: lose(handing, outcome_of_status(error.status), 0, error.text); return;
        }
    }
}

static void failed(void *context, int code, const struct error *error)
{
    struct handing *handing = context;
    enum stage stage = connection_stage(handing->connection);

    note_address(handing);
    if (!handing->is_ready && error->status == STATUS_TLS && handing->options.way.tls == TLS_MAY) {
        connection_close(handing->connection);
        handing->options.way.tls = TLS_OFF;
        open_connection(handing);
        return;
    }
    lose(handing, code != 0 ? outcome_of_refusal(stage, code) : outcome_of_status(error->status),
         code, error->text);
}

static void show_wire(void *context, char direction, const char *line, size_t size)
{
    const struct handing *handing = context;

    handing->options.wire(handing->options.context, direction, line, size);
}

/* ---- the whole ---- */

static void open_connection(struct handing *handing)
{
    static const struct connection_events events = {
        .ready = ready, .received = received, .failed = failed, .wire = show_wire};
    struct error error;

    hearing_begin(&handing->hearing, false);
    handing->connection =
        connection_open(handing->options.loop, &handing->options.way, &events, handing, &error);
    if (handing->connection == NULL)
        lose(handing, outcome_of_status(error.status), 0, error.text);
}

static void tell(void *context)
{
    struct handing *handing = context;

    handing->options.over(handing->options.context);
}

struct handing *handing_new(const struct handing_options *options)
{
    struct handing *handing = memory_new(1, sizeof *handing);

    handing->options = *options;
    handing->timer = (struct timer){.due = tell, .context = handing};
    reply_init(&handing->hearing.reply);
    delivery_init(&handing->delivery, options->recipient, options->message);
    open_connection(handing);
    return handing;
}

void handing_free(struct handing *handing)
{
    if (handing == NULL)
        return;
    connection_close(handing->connection);
    timer_set(handing->options.loop, &handing->timer, INT64_MAX);
    reply_done(&handing->hearing.reply);
    delivery_done(&handing->delivery);
    free(handing);
}

const struct delivery *handing_delivery(const struct handing *handing)
{
    return &handing->delivery;
}

const char *handing_address(const struct handing *handing)
{
    return handing->address;
}

const char *handing_local_address(const struct handing *handing)
{
    return handing->local_address;
}

void handing_stop(struct handing *handing, const char *why)
{
    lose(handing, OUTCOME_INTERRUPTED, 0, why);
    timer_set(handing->options.loop, &handing->timer, INT64_MAX);
}

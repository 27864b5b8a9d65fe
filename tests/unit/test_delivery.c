/* delivery: what is said, and what became of the message, whatever the server answers and wherever the connection is lost.
 *
 * A row's replies: a code each; X cuts the connection instead. said: M, R, D, and C for the content. */
#include "unit.h"

#include <mxpull/base/compiler.h>
#include <mxpull/smtp/delivery.h>

static const char message[] = "From: <a@b.test>\r\n\r\nText\r\n.\r\n..two\r\nend\r\n";
static const char stuffed[] = "From: <a@b.test>\r\n\r\nText\r\n..\r\n...two\r\nend\r\n.\r\n";

struct row {
    const char *name;
    const char *replies;
    const char *said;
    const char *end; /* fate, stage, outcome, code and text */
};

static const struct row rows[] = {
    {"accepted", "250 250 354 250", "MRDC", "accepted, the message: started 250 text"},
    {"accepted by other codes", "200 251 399 299", "MRDC",
     "accepted, the message: started 299 text"},
    {"252 to RCPT", "250 252 354 250", "MRDC", "accepted, the message: started 250 text"},

    {"MAIL refused", "550", "M", "refused, MAIL: denied 550 text"},
    {"MAIL deferred", "451", "M", "refused, MAIL: deferred 451 text"},
    {"MAIL wants AUTH", "530", "M", "refused, MAIL: authentication 530 text"},
    {"MAIL and 421", "421", "M", "refused, MAIL: deferred 421 text"},
    {"MAIL and 354", "354", "M", "refused, MAIL: protocol 354 text"},
    {"RCPT refused", "250 554", "MR", "refused, RCPT: denied 554 text"},
    {"RCPT deferred", "250 450", "MR", "refused, RCPT: deferred 450 text"},
    {"RCPT and 354", "250 354", "MR", "refused, RCPT: protocol 354 text"},
    {"DATA refused", "250 250 554", "MRD", "refused, DATA: denied 554 text"},
    {"DATA deferred", "250 250 451", "MRD", "refused, DATA: deferred 451 text"},
    {"DATA and 250", "250 250 250", "MRD", "refused, DATA: protocol 250 text"},
    {"the content refused", "250 250 354 550", "MRDC", "refused, the message: denied 550 text"},
    {"the content deferred", "250 250 354 452", "MRDC", "refused, the message: deferred 452 text"},
    {"the content and 421", "250 250 354 421", "MRDC", "refused, the message: deferred 421 text"},
    {"the content and 354", "250 250 354 354", "MRDC", "doubtful, the message: protocol 354 text"},

    {"cut before MAIL", "", "", "refused, : unreachable 0 cut"},
    {"cut behind MAIL", "X", "M", "refused, MAIL: unreachable 0 cut"},
    {"cut behind RCPT", "250 X", "MR", "refused, RCPT: unreachable 0 cut"},
    {"cut behind DATA", "250 250 X", "MRD", "refused, DATA: unreachable 0 cut"},
    {"cut behind the content", "250 250 354 X", "MRDC", "doubtful, the message: unreachable 0 cut"},
};

static char said_now(const struct delivery *delivery)
{
    static const char *const wanted[] = {"MAIL FROM:<>\r\n", "RCPT TO:<postmaster@b.test>\r\n",
                                         "DATA\r\n", stuffed};

    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        if (strcmp(delivery_bytes(delivery)->bytes, wanted[i]) == 0)
            return "MRDC"[i];
    }
    return '?';
}

static void describe(char *text, size_t size, const struct delivery *delivery)
{
    static const char *const fates[] = {"open", "accepted", "refused", "doubtful"};

    (void)snprintf(text, size, "%s, %s: %s %d %s", fates[delivery->fate],
                   delivery_stage_name(delivery->stage), outcome_name(delivery->outcome),
                   delivery->code, delivery->text);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct delivery delivery;
    char said[8] = "", text[600];
    size_t count = 0;

    delivery_init(&delivery, "postmaster@b.test", message);
    if (*row->said != '\0')
        delivery_established(&delivery);
    for (const char *reply = row->replies; delivery.fate == DELIVERY_OPEN;) {
        if (*row->said != '\0')
            said[count++] = said_now(&delivery);
        if (*reply == 'X' || *reply == '\0')
            delivery_cut(&delivery, OUTCOME_UNREACHABLE, 0, "cut");
        else
            delivery_reply(&delivery, (int)strtol(reply, NULL, 10), "text");
        reply += strcspn(reply, " ");
        reply += strspn(reply, " ");
        assert_true(count < sizeof said - 1);
    }
    assert_string_equal(said, row->said);
    describe(text, sizeof text, &delivery);
    assert_string_equal(text, row->end);
    /* What comes later changes nothing. */
    delivery_reply(&delivery, 250, "late");
    delivery_cut(&delivery, OUTCOME_TIMEOUT, 0, "late");
    describe(text, sizeof text, &delivery);
    assert_string_equal(text, row->end);
    delivery_done(&delivery);
}

/* A greeting or a step before MAIL that refuses us keeps its code. */
static void test_refused_before(void **state)
{
    struct delivery delivery;
    char text[600];

    (void)state;
    delivery_init(&delivery, "postmaster@b.test", message);
    delivery_cut(&delivery, OUTCOME_DENIED, 554, "no service here");
    describe(text, sizeof text, &delivery);
    assert_string_equal(text, "refused, : denied 554 no service here");
    delivery_done(&delivery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused_before)};

    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

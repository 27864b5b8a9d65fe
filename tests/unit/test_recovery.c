/* The sum of a recovery: what is asked and what arrives is told as a script.
 *
 * It begins after an outage of 49 minutes, and consists of words. ask=0 asks the backup of that place; mail=0,5,3,60 tells of 3
 * messages for its poll that began 5 s after the recovery, the last of them 60 s after it; blind=0 of mail that cannot be seen;
 * old=0 of 9 messages for a poll before the recovery. */
#include "unit.h"

#include <mxpull/base/log.h>
#include <pull/pull.h>

#define BEGAN INT64_C(1795449600000)

static const struct row {
    const char *name, *script, *text; /* text NULL: nothing is told */
} rows[] = {
    {"nothing was asked", "", NULL},
    {"mail", "ask=0 ask=1 mail=0,0,30,60 mail=1,0,1,192",
     "outage of 49m over: 2 backups asked, 31 messages came back in 3m12s"},
    {"one message of one backup", "ask=2 mail=2,0,1,1",
     "outage of 49m over: 1 backup asked, 1 message came back in 1s"},
    {"asked again and again", "ask=0 mail=0,0,2,5 ask=0 mail=0,120,3,130 ask=0 mail=0,600,1,605",
     "outage of 49m over: 1 backup asked, 6 messages came back in 10m5s"},
    {"a poll whose mail is told twice", "ask=0 mail=0,0,2,5 mail=0,0,5,90",
     "outage of 49m over: 1 backup asked, 5 messages came back in 1m30s"},
    {"two polls, each told twice",
     "ask=0 mail=0,0,2,5 mail=0,0,5,90 ask=0 mail=0,120,1,121 mail=0,120,4,140",
     "outage of 49m over: 1 backup asked, 9 messages came back in 2m20s"},
    {"no mail", "ask=0 mail=0,0,0,0",
     "outage of 49m over: 1 backup asked, no mail was seen to come back"},
    {"no good answer", "ask=0",
     "outage of 49m over: 1 backup asked, no mail was seen to come back"},
    {"blind", "ask=0 blind=0",
     "outage of 49m over: 1 backup asked, whether mail came back cannot be seen"},
    {"blind in part", "ask=0 ask=1 blind=0 mail=1,0,2,8",
     "outage of 49m over: 2 backups asked, 2 messages came back in 8s, and maybe more that cannot "
     "be "
     "seen"},
    {"mail of before", "ask=0 old=0",
     "outage of 49m over: 1 backup asked, no mail was seen to come back"},
};

static char told[400];
static int64_t told_messages;

static void on_event(void *context, const struct log_event *event)
{
    (void)context;
    assert_string_equal(told, "");
    for (size_t i = 0; i < event->field_count; i++) {
        const struct log_field *field = &event->fields[i];

        if (strcmp(field->key, "text") == 0)
            (void)snprintf(told, sizeof told, "%s", field->text);
        if (strcmp(field->key, "messages") == 0)
            told_messages = field->number;
    }
}

/* One word of a script. */
static void act(struct recovery *recovery, const char *word)
{
    long long at = 0, asked_s = 0, messages = 0, last_s = 0;
    struct arrival_account account = {.state = ARRIVAL_ARRIVED, .asked_ms = BEGAN};
    const char *numbers = strchr(word, '=') + 1;
    char *end;

    at = strtoll(numbers, &end, 10);
    if (*end == ',')
        asked_s = strtoll(end + 1, &end, 10);
    if (*end == ',')
        messages = strtoll(end + 1, &end, 10);
    if (*end == ',')
        last_s = strtoll(end + 1, &end, 10);
    assert_int_equal(*end, '\0');
    if (word[0] == 'a') {
        recovery_asked(recovery, (size_t)at);
        return;
    }
    account.asked_ms += asked_s * 1000;
    account.messages = messages;
    account.last_ms = messages > 0 ? BEGAN + last_s * 1000 : 0;
    if (word[0] == 'b')
        account.state = ARRIVAL_UNKNOWN;
    if (word[0] == 'o') {
        account.asked_ms = BEGAN - 1;
        account.messages = 9;
    }
    recovery_arrived(recovery, (size_t)at, &account);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    int64_t seconds[] = {0, 120};
    const struct config config = {.backup_count = 3, .primary.recovery = {seconds, 2}};
    const struct instant now = {.wall_ms = BEGAN, .monotonic_ms = 5000};
    struct recovery recovery = {0};
    char script[200];

    told[0] = '\0';
    recovery_asked(&recovery, 0); /* in vain: none is on */
    recovery_end(&recovery, &config);
    recovery_begin(&recovery, &config, BEGAN - 49 * 60000, now);
    assert_int_equal(recovery.until_ms, 125000);
    (void)snprintf(script, sizeof script, "%s", row->script);
    for (char *word = strtok(script, " "); word != NULL; word = strtok(NULL, " "))
        act(&recovery, word);
    recovery_end(&recovery, &config);
    assert_string_equal(told, row->text != NULL ? row->text : "");
    assert_false(recovery.is_on);
    recovery_end(&recovery, &config);
}

/* Another outage meanwhile: the first recovery is told then. Without `recovery` there is none. */
static void test_twice(void **state)
{
    int64_t seconds[] = {0};
    const struct config config = {.backup_count = 1, .primary.recovery = {seconds, 1}};
    const struct config without = {.backup_count = 1};
    const struct instant now = {.wall_ms = BEGAN, .monotonic_ms = 5000};
    struct recovery recovery = {0};

    (void)state;
    told[0] = '\0';
    recovery_begin(&recovery, &config, BEGAN - 1000, now);
    act(&recovery, "ask=0");
    act(&recovery, "mail=0,0,4,9");
    recovery_begin(&recovery, &config, BEGAN - 1000, now);
    assert_string_equal(told, "outage of 1s over: 1 backup asked, 4 messages came back in 9s");
    assert_int_equal(told_messages, 4);
    recovery_end(&recovery, &config);
    recovery_begin(&recovery, &without, BEGAN - 1000, now);
    assert_false(recovery.is_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_twice)};

    log_open(LEVEL_INFO, on_event, NULL);
    return unit_status(RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL));
}

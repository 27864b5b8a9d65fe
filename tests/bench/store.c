/* What the store takes when it holds a million answers: builds such a store, then does what status,
 * history and a poll do, and prints one line for each: microseconds, or bytes, and what it was.
 *
 *   bench_store build DIRECTORY ROWS
 *   bench_store measure DIRECTORY RUNS
 *
 * Half of the answers are of one backup, the others of 999, all with five domains. */
#define _XOPEN_SOURCE 700

#include <mxpull/base/compiler.h>
#include <mxpull/store/store.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BACKUPS = 1000,
    DOMAINS = 5,
    BATCH = 200,
    RUNS_MAX = 100,
    LIMIT = 50
};

#define FIRST_MS INT64_C(1700000000000)
#define DAY_MS INT64_C(86400000)
#define KEEP_DAYS INT64_C(400)

static int64_t last_ms; /* the newest answer */

static _Noreturn void give_up(const struct error *error)
{
    (void)fprintf(stderr, "bench_store: %s\n", error->text);
    exit(70);
}

static struct store *open_store(const char *directory, bool read_only)
{
    const struct store_options options = {
        .directory = directory, .read_only = read_only, .keep_s = KEEP_DAYS * DAY_MS / 1000};
    struct store *store = NULL;
    struct error error;

    if (store_open(&store, &options, &error) != STATUS_OK)
        give_up(&error);
    return store;
}

static void add_poll(struct store *store, size_t backup, int64_t at_ms, size_t number)
{
    char name[32], domains[DOMAINS][32];
    struct store_answer answers[DOMAINS];
    struct store_change change;
    struct error error;
    bool fails = number % 50 == 7;

    (void)snprintf(name, sizeof name, "mx%zu", backup);
    for (size_t i = 0; i < DOMAINS; i++) {
        (void)snprintf(domains[i], sizeof domains[i], "domain%zu-%zu.test", backup, i);
        answers[i] = (struct store_answer){.at_ms = at_ms + (int64_t)i,
                                           .domain = domains[i],
                                           .verb = "ETRN",
                                           .outcome = number == 3 ? "denied"
                                                      : fails     ? "timeout"
                                                                  : "started",
                                           .grade = number == 3 ? GRADE_BAD
                                                    : fails     ? GRADE_TEMPORARY
                                                                : GRADE_GOOD,
                                           .code = fails ? 0 : 250,
                                           .text = "2.0.0 Queuing for the node has been started",
                                           .address = "192.0.2.17",
                                           .tls = "TLSv1.3",
                                           .pending = -1,
                                           .messages = -1,
                                           .bytes = -1,
                                           .attempts = 1,
                                           .ms = 184};
    }
    const struct store_poll poll = {.backup = name,
                                    .cause = "schedule",
                                    .began_ms = at_ms,
                                    .ended_ms = at_ms + DOMAINS,
                                    .answers = answers,
                                    .count = DOMAINS};

    if (store_add_poll(store, &poll, &change, &error) != STATUS_OK)
        give_up(&error);
}

static void build(const char *directory, size_t rows)
{
    struct store *store = open_store(directory, false);
    size_t polls = rows / DOMAINS;
    struct error error;

    for (size_t i = 0; i < polls; i++) {
        size_t backup = i % 2 == 0 ? 0 : 1 + i / 2 % (BACKUPS - 1);

        if (i % BATCH == 0 && store_begin(store, &error) != STATUS_OK)
            give_up(&error);
        add_poll(store, backup, FIRST_MS + (int64_t)i * (KEEP_DAYS * DAY_MS / (int64_t)polls), i);
        if ((i % BATCH == BATCH - 1 || i + 1 == polls) && store_commit(store, &error) != STATUS_OK)
            give_up(&error);
    }
    store_close(store);
}

/* ---- what is measured; each opens the store, as a run of the program does ---- */

static void read_backup(struct store *store, size_t backup)
{
    char name[32], domain[32];
    struct store_backup state;
    struct store_domain about;
    struct error error;
    bool found;

    (void)snprintf(name, sizeof name, "mx%zu", backup);
    if (store_get_backup(store, name, &state, &found, &error) != STATUS_OK)
        give_up(&error);
    for (size_t i = 0; i < DOMAINS; i++) {
        (void)snprintf(domain, sizeof domain, "domain%zu-%zu.test", backup, i);
        if (store_get_domain(store, name, domain, &about, &found, &error) != STATUS_OK)
            give_up(&error);
        if (!found || about.at_ms == 0)
            exit(70);
    }
}

static void status_of_all(struct store *store)
{
    struct error error;

    if (store_begin(store, &error) != STATUS_OK)
        give_up(&error);
    for (size_t i = 0; i < BACKUPS; i++)
        read_backup(store, i);
    if (store_commit(store, &error) != STATUS_OK)
        give_up(&error);
}

static void status_of_one(struct store *store)
{
    read_backup(store, 17);
}

static bool count_row(void *context, const struct store_row *row)
{
    ++*(size_t *)context;
    if (row->answer.at_ms > last_ms)
        last_ms = row->answer.at_ms;
    return true;
}

static void ask(struct store *store, const struct store_filter *filter)
{
    struct error error;
    size_t count = 0;

    if (store_history(store, filter, count_row, &count, &error) != STATUS_OK)
        give_up(&error);
    if (filter->limit > 0 && count > filter->limit)
        exit(70);
}

static void history_of_all(struct store *store)
{
    ask(store, &(const struct store_filter){.limit = LIMIT});
}

static void history_of_failures(struct store *store)
{
    ask(store, &(const struct store_filter){.limit = LIMIT, .failed = true});
}

static void history_of_outcome(struct store *store)
{
    ask(store, &(const struct store_filter){.limit = LIMIT, .outcome = "denied"});
}

static void history_since(struct store *store)
{
    ask(store, &(const struct store_filter){.limit = LIMIT, .since_ms = last_ms - DAY_MS});
}

static void history_of_backup(struct store *store)
{
    static const char *const names[] = {"mx0"};

    ask(store, &(const struct store_filter){
                   .names = names, .name_count = COUNT_OF(names), .limit = LIMIT});
}

static void history_of_domain(struct store *store)
{
    static const char *const names[] = {"domain17-3.test"};

    ask(store, &(const struct store_filter){
                   .names = names, .name_count = COUNT_OF(names), .limit = LIMIT});
}

static void history_of_backups_failures(struct store *store)
{
    static const char *const names[] = {"mx0", "mx5"};

    ask(store, &(const struct store_filter){
                   .names = names, .name_count = COUNT_OF(names), .limit = LIMIT, .failed = true});
}

static void history_of_nothing(struct store *store)
{
    static const char *const names[] = {"mx0"};

    ask(store,
        &(const struct store_filter){
            .names = names, .name_count = COUNT_OF(names), .limit = LIMIT, .outcome = "tls"});
}

static void history_whole(struct store *store)
{
    ask(store, &(const struct store_filter){.limit = 0});
}

static void poll_is_added(struct store *store)
{
    add_poll(store, 5, last_ms += 60000, 1);
}

static void part_is_pruned(struct store *store)
{
    struct error error;
    bool more;

    if (store_prune(store, FIRST_MS + (KEEP_DAYS + 20) * DAY_MS, &more, &error) != STATUS_OK)
        give_up(&error);
    if (!more)
        exit(70);
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The process's memory, KB. */
static long resident_kb(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long size = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0)
            size = strtol(line + 6, NULL, 10);
    }
    if (file != NULL)
        (void)fclose(file);
    return size;
}

static const struct measure {
    const char *name;
    bool read_only;
    size_t times; /* in each run */
    void (*work)(struct store *store);
} measures[] = {
    {"status: 1,000 backups, 5,000 domains", true, 1, status_of_all},
    {"status: one backup", true, 1, status_of_one},
    {"history", true, 1, history_of_all},
    {"history of a day", true, 1, history_since},
    {"history of failures", true, 1, history_of_failures},
    {"history of a rare outcome", true, 1, history_of_outcome},
    {"history of a backup with half of all", true, 1, history_of_backup},
    {"history of its failures and another's", true, 1, history_of_backups_failures},
    {"history of a domain", true, 1, history_of_domain},
    {"history of an outcome that this backup never had", true, 1, history_of_nothing},
    {"history without a limit", true, 1, history_whole},
    {"100 polls of 5 domains recorded", false, 100, poll_is_added},
    {"2,000 rows pruned", false, 1, part_is_pruned},
};

static void measure(const char *directory, size_t runs)
{
    for (size_t i = 0; i < COUNT_OF(measures); i++) {
        int64_t times[RUNS_MAX];

        for (size_t run = 0; run < runs; run++) {
            int64_t began = now_us();
            struct store *store = open_store(directory, measures[i].read_only);

            for (size_t time = 0; time < measures[i].times; time++)
                measures[i].work(store);
            store_close(store);
            times[run] = now_us() - began;
        }
        qsort(times, runs, sizeof times[0], compare);
        (void)printf("%lld %s\n", (long long)times[runs / 2], measures[i].name);
    }
    (void)printf("%ld memory of this process at its peak, KB\n", resident_kb());
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "build") == 0) {
        build(arguments[2], (size_t)strtoul(arguments[3], NULL, 10));
    } else if (count == 4 && strcmp(arguments[1], "measure") == 0) {
        size_t runs = (size_t)strtoul(arguments[3], NULL, 10);

        measure(arguments[2], runs < 1 ? 1 : runs > RUNS_MAX ? RUNS_MAX : runs);
    } else {
        (void)fprintf(stderr, "bench_store: build DIRECTORY ROWS | measure DIRECTORY RUNS\n");
        return 64;
    }
    return 0;
}

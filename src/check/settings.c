/* The configuration: what config_load allows, and what is wrong all the same, by itself or with the files that it names. */
#include "parts.h"
#include <mxpull/base/duration.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/folder.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    DAY_S = 24 * 3600,
    KEPT_S = 5 * DAY_S, /* that most servers keep mail for a host that is down (RFC 5321 4.5.4.1) */
    HOUR_MS = 3600 * 1000,
    YEAR_HOURS = 366 * 24,
    TEXT_SIZE = 1000
};

/* Adds a finding about a section: "FILE:LINE: backup "NAME": …" */
static struct finding *add(const struct part *part, const struct backup_config *backup,
                           enum severity severity, const char *id, const char *subject,
                           const char *format, ...) PRINTF_LIKE(6, 7);

static struct finding *add(const struct part *part, const struct backup_config *backup,
                           enum severity severity, const char *id, const char *subject,
                           const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    text_format(text, sizeof text, format, arguments);
    va_end(arguments);
    return findings_add(part->findings, severity, id, subject, "%s:%d: backup \"%s\": %s",
                        backup->file, backup->line, backup->name, text);
}

static bool is_chosen(const struct part *part, const struct backup_config *backup)
{
    return selection_has_any(&part->options->selection, backup);
}

/* ---- files ---- */

/* Whether an earlier backup that is chosen names the same file: by `defaults`, perhaps. */
static bool is_seen(const struct part *part, size_t index)
{
    const struct backup_config *backups = part->options->config->backups;

    for (size_t i = 0; i < index; i++) {
        if (backups[i].password_file != NULL && is_chosen(part, &backups[i]) &&
            strcmp(backups[i].password_file, backups[index].password_file) == 0)
            return true;
    }
    return false;
}

/* Each file once; the good ones share one finding. */
static void check_passwords(const struct part *part)
{
    const struct config *config = part->options->config;
    struct error error;
    size_t good = 0;

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];
        char *password = NULL;

        if (backup->password_file == NULL || !is_chosen(part, backup) || is_seen(part, i))
            continue;
        if (config_password(backup, NULL, &password, &error) == STATUS_OK)
            good++;
        else
            finding_advise(findings_add(part->findings, SEVERITY_FAIL, "password-file-unreadable",
                                        "password_file", "%s", error.text),
                           78,
                           "let the user that mxpull runs as, and nobody else, read it; its first "
                           "line is the password");
        memory_free_secret(password);
    }
    if (good > 0)
        (void)findings_add(part->findings, SEVERITY_OK, "password-file", "password_file",
                           good == 1
                               ? "%zu file: it has a password, and nobody else can read it"
                               : "%zu files: each has a password, and nobody else can read it",
                           good);
}

/* Whether the folder, if it is there, is one that nobody else may write into. */
static bool is_ours(const char *directory, struct error *error)
{
    struct folder *folder = NULL;
    struct error none;

    if (folder_open(&folder, directory, &none) != STATUS_OK)
        return true;
    enum status status = folder_check_ours(folder, error);
    folder_close(folder);
    return status == STATUS_OK;
}

static void check_state(const struct part *part)
{
    const char *directory = part->options->config->state_dir;
    struct findings *findings = part->findings;
    struct error error;

    if (directory == NULL)
        finding_advise(findings_add(findings, SEVERITY_WARN, "state-missing", "state_dir",
                                    "there is no home to keep it in: nothing is remembered"),
                       0, "set state_dir to a folder");
    else if (directory_writable(directory, &error) != WRITABLE_YES)
        finding_advise(findings_add(findings, SEVERITY_WARN, "state-unwritable", "state_dir",
                                    "%s cannot be written by this user: %s: a run of this user "
                                    "remembers nothing",
                                    directory, error.text),
                       0,
                       "set state_dir to a folder that the user that mxpull runs as can write, or "
                       "run check as that user");
    else if (!is_ours(directory, &error))
        finding_advise(findings_add(findings, SEVERITY_WARN, "state-open", "state_dir",
                                    "it is not used, and nothing remembered: %s", error.text),
                       0, "let nobody else write into it");
    else
        (void)findings_add(findings, SEVERITY_OK, "state", "state_dir", "%s can be written",
                           directory);
}

/* ---- times ---- */

/* The last slot before the one at next_ms; at_ms where none is in the hour before that. */
static int64_t slot_before(const struct cron *cron, int64_t at_ms, int64_t next_ms)
{
    int64_t slot_ms = schedule_cron_next(cron, clock_local_offset_s, at_ms - HOUR_MS),
            before_ms = at_ms;

    for (; slot_ms < next_ms; slot_ms = schedule_cron_next(cron, clock_local_offset_s, slot_ms))
        before_ms = slot_ms;
    return before_ms;
}

/* The longest time between two slots of the schedule in the year to come, where it is longer than KEPT_S, else 0; an
 * interval is that time itself. */
static int64_t longest_gap_s(const struct timing *timing)
{
    const int64_t end_ms = clock_wall_ms() + (int64_t)YEAR_HOURS * HOUR_MS;
    int64_t longest_ms = 0, next_ms;
    struct cron cron;
    struct error error;

    if (timing->schedule == NULL)
        return timing->interval_s;
    if (schedule_parse_cron(&cron, timing->schedule, &error) != STATUS_OK)
        return 0;
    for (int64_t at_ms = clock_wall_ms();
         at_ms<end_ms; at_ms = next_ms> at_ms + HOUR_MS ? next_ms : at_ms + HOUR_MS) {
        next_ms = schedule_cron_next(&cron, clock_local_offset_s, at_ms);
        if (next_ms == INT64_MAX)
            return DURATION_MAX_S;
        if (next_ms - at_ms > KEPT_S * INT64_C(1000) - HOUR_MS) {
            int64_t gap_ms = next_ms - slot_before(&cron, at_ms, next_ms);

            longest_ms = gap_ms > longest_ms ? gap_ms : longest_ms;
        }
    }
    return longest_ms / 1000;
}

/* Backups mostly have the schedule of the one before. */
static void check_times(const struct part *part)
{
    const struct config *config = part->options->config;
    const struct backup_config *first = NULL;
    const char *schedule = NULL;
    int64_t gap_s = 0, first_s = 0;
    char gap[DURATION_TEXT_SIZE];
    size_t count = 0;

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct timing *timing = &config->backups[i].timing;

        if (!is_chosen(part, &config->backups[i]))
            continue;
        if (timing->schedule == NULL || schedule == NULL || strcmp(schedule, timing->schedule) != 0)
            gap_s = longest_gap_s(timing);
        schedule = timing->schedule;
        if (gap_s > KEPT_S && count++ == 0) {
            first = &config->backups[i];
            first_s = gap_s;
        }
    }
    if (first == NULL)
        return;
    char *others = count > 1 ? memory_format(" (and of %zu more)", count - 1) : memory_copy("");
    finding_advise(
        add(part, first, SEVERITY_WARN, "interval-long",
            first->timing.schedule != NULL ? "schedule" : "interval",
            "%s from poll to poll%s, and most backups give mail back to its sender "
            "after 5 days",
            duration_format(gap, first_s - first_s % 60), others),
        0,
        "set interval to a few hours, or a schedule that asks each day; where cron asks, "
        "set interval to its rhythm");
    free(others);
}

/* ---- sections beside each other ---- */

static bool has_all(const struct backup_config *backup, const struct backup_config *other)
{
    for (size_t i = 0; i < other->domain_count; i++) {
        size_t j = 0;

        while (j < backup->domain_count && !node_equal(&backup->domains[j], &other->domains[i]))
            j++;
        if (j == backup->domain_count)
            return false;
    }
    return true;
}

/* Whether both ask for mail of one account, and each lets in domains that the other does not. */
static bool is_parted(const struct backup_config *a, const struct backup_config *b)
{
    return a->method != METHOD_ETRN && b->method != METHOD_ETRN && text_equal(a->host, b->host) &&
           a->user != NULL && b->user != NULL && strcmp(a->user, b->user) == 0 &&
           !(has_all(a, b) && has_all(b, a));
}

/* A message for domains of both is handed over for those that were asked for, and lost for the others. */
static void check_accounts(const struct part *part)
{
    const struct config *config = part->options->config;
    const struct backup_config *backups = config->backups;

    for (size_t i = 1; i < config->backup_count; i++) {
        size_t j = 0;

        while (j < i && !is_parted(&backups[j], &backups[i]))
            j++;
        if (j < i && (is_chosen(part, &backups[i]) || is_chosen(part, &backups[j])))
            finding_advise(add(part, &backups[i], SEVERITY_WARN, "atrn-parted", "domains",
                               "those of \"%s\" at %s are parted among this section and that of "
                               "line %d: a message for domains of both is lost for some of them",
                               backups[i].user, backups[i].host, backups[j].line),
                           0, "put all domains of one user at one provider into one section");
    }
}

/* A backup that is the primary itself holds nothing for it. */
static void check_hosts(const struct part *part)
{
    const struct config *config = part->options->config;
    const struct address *primary = &config->primary.address;

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        if (primary->host != NULL && is_chosen(part, backup) &&
            text_equal(backup->host, primary->host) && backup->port == primary->port)
            finding_advise(add(part, backup, SEVERITY_FAIL, "backup-is-primary", "host",
                               "%s is the address of your own mail server, too: %s", backup->host,
                               primary->text),
                           78,
                           "set host to the backup, which the second MX record names, or address "
                           "in primary { } to your own mail server");
    }
}

/* A queue of which only the backup knows whose mail it holds: no record can be looked at for it. */
static void check_names(const struct part *part)
{
    const struct config *config = part->options->config;

    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];
        const char *first = NULL;
        struct node domain;
        size_t count = 0;

        for (size_t j = 0; j < backup->domain_count; j++) {
            if (!selection_has(&part->options->selection, backup, j) ||
                node_domain(&domain, &backup->domains[j]))
                continue;
            if (count++ == 0)
                first = backup->domain_texts[j];
        }
        if (count > 0)
            (void)add(part, backup, SEVERITY_SKIP, "domains-unseen", "domains",
                      "\"%s\"%s: whose mail a queue holds cannot be seen from here", first,
                      count > 1 ? " and others" : "");
    }
}

/* ---- what `mxpull config` warns of, too ---- */

static void add_worry(void *context, const struct config_warning *warning)
{
    static const struct {
        const char *id, *subject;
    } worries[] = {[WORRY_AUTH_IN_CLEAR] = {"auth-in-clear", "auth_in_clear"},
                   [WORRY_ATRN_LINE] = {"atrn-line-long", "domains"},
                   [WORRY_SILENCE] = {"silence-short", "silence"}};
    const struct part *part = context;

    if (is_chosen(part, warning->backup))
        finding_advise(findings_add(part->findings, SEVERITY_WARN, worries[warning->worry].id,
                                    worries[warning->worry].subject, "%s", warning->text),
                       0, "%s", warning->advice);
}

static void begin(struct part *part)
{
    const struct config *config = part->options->config;
    size_t domains = 0;

    for (size_t i = 0; i < config->backup_count; i++)
        domains += config->backups[i].domain_count;
    (void)findings_add(part->findings, SEVERITY_OK, "configuration", "file",
                       "%s is understood: backups: %zu, domains: %zu", config->path,
                       config->backup_count, domains);
    check_passwords(part);
    check_state(part);
    check_times(part);
    check_accounts(part);
    check_hosts(part);
    check_names(part);
    config_warn(config, add_worry, part);
    part_over(part);
}

const struct part_methods settings_methods = {.begin = begin};

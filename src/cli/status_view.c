/* What the store knows of what the configuration names, and what is wrong with it. Reading and judging
 * are apart: all judgements are made from plain values. */
#include "status_view.h"
#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

enum {
    DAY_S = 24 * 3600,
    FRESH_WATCHES = 3,
    FRESH_MS_MIN = 5 * 60 * 1000,
    CERTIFICATE_DAYS_MIN = 14,
    DAEMON_MISSED_S = 7 * DAY_S
};

/* Rounds down, below 0 too. */
static int64_t divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

enum health health_worse(enum health a, enum health b)
{
    static const int badness[] = {
        [HEALTH_OK] = 0, [HEALTH_UNKNOWN] = 1, [HEALTH_WARNING] = 2, [HEALTH_CRITICAL] = 3};

    return badness[a] >= badness[b] ? a : b;
}

char status_letter(enum grade grade)
{
    static const char letters[] = {
        [GRADE_GOOD] = '+', [GRADE_HELD] = 'o', [GRADE_TEMPORARY] = '~', [GRADE_BAD] = '!'};

    return letters[grade];
}

const char *const status_count_names[COUNT_KINDS] = {[COUNT_OK] = "ok",
                                                     [COUNT_FAILING] = "failing",
                                                     [COUNT_SILENT] = "silent",
                                                     [COUNT_HELD] = "held",
                                                     [COUNT_UNKNOWN] = "unknown"};

/* As session/preflight words it. */
static const char before[] = "your mail server ";

/* What stands behind the configured address where text is of the primary's; else NULL. */
static const char *behind_address(const struct status_view *view, const char *text)
{
    const char *address = view->config->primary.address.text;
    size_t size = sizeof before - 1 + strlen(address);

    return strlen(text) > size && strncmp(text, before, sizeof before - 1) == 0 &&
                   strncmp(text + sizeof before - 1, address, strlen(address)) == 0 &&
                   text[size] == ' '
               ? text + size
               : NULL;
}

/* Whether text is of a mail server at another address, before `address` was changed. */
static bool is_of_another(const struct status_view *view, const char *text)
{
    return strncmp(text, before, sizeof before - 1) == 0 && behind_address(view, text) == NULL;
}

const char *status_primary_text(const struct status_view *view, const char *text)
{
    static const char *const behind[] = {" does not answer: ", " is not ready: "};
    const char *rest = behind_address(view, text);

    for (size_t i = 0; rest != NULL && i < COUNT_OF(behind); i++) {
        if (strncmp(rest, behind[i], strlen(behind[i])) == 0)
            return rest + strlen(behind[i]);
    }
    return text;
}

int64_t status_silence_s(const struct status_view *view, const struct status_domain *domain)
{
    const struct store_domain *state = &domain->state;
    int64_t from_ms = state->good_ms > 0 ? state->good_ms : state->first_ms;

    if (from_ms == 0)
        return -1;
    return from_ms < view->now_ms ? (view->now_ms - from_ms) / 1000 : 0;
}

/* Whether a stamp is of now, as far as a daemon that looks around once a watch period can tell. */
static bool is_fresh(const struct status_view *view, int64_t at_ms)
{
    int64_t span_ms = FRESH_WATCHES * view->config->primary.watch_s * 1000;
    int64_t ago_ms = view->now_ms - at_ms;

    if (span_ms < FRESH_MS_MIN)
        span_ms = FRESH_MS_MIN;
    return at_ms > 0 && ago_ms <= span_ms && ago_ms >= -span_ms;
}

/* ---- judging ---- */

/* Who has gone over to polls by cron should not be warned for ever; if nobody asks at all, the
 * silence of the domains has become an alarm by then. */
static enum health judge_daemon(const struct status_view *view)
{
    int64_t gone_s = (view->now_ms - view->life.alive_ms) / 1000;

    if (view->life.alive_ms == 0)
        gone_s = 0; /* it is not known when */
    return view->daemon == DAEMON_GONE && gone_s < DAEMON_MISSED_S ? HEALTH_WARNING : HEALTH_OK;
}

static void judge_life(struct status_view *view)
{
    struct store_life *life = &view->life;

    if (is_of_another(view, life->text)) {
        life->has_looked = false;
        life->looked_ms = 0;
        life->since_ms = 0;
        life->text[0] = '\0';
    }
    if (!life->has_lived)
        view->daemon = DAEMON_NEVER;
    else
        view->daemon =
            is_fresh(view, life->alive_ms) && !life->has_ended ? DAEMON_ALIVE : DAEMON_GONE;
    view->daemon_health = judge_daemon(view);
    if (!is_fresh(view, life->looked_ms))
        view->primary = PRIMARY_UNKNOWN;
    else
        view->primary = life->is_up ? PRIMARY_UP : PRIMARY_DOWN;
}

/* Whether polls fail once the certificate has ended. One that is not verified, a pinned key's among
 * them, may be as old as it likes. */
static bool is_certificate_verified(const struct backup_config *backup)
{
    return (backup->tls == TLS_REQUIRED || backup->tls == TLS_IMPLICIT) && backup->tls_verify;
}

static void judge_backup(const struct status_view *view, struct status_backup *backup,
                         const struct store_backup *state)
{
    backup->next_ms = view->daemon == DAEMON_ALIVE ? state->due_ms : 0;
    backup->has_certificate =
        state->certificate_expires_ms > 0 && is_certificate_verified(backup->config);
    if (!backup->has_certificate)
        return;
    backup->certificate_days =
        divide(state->certificate_expires_ms - view->now_ms, INT64_C(1000) * DAY_S);
    if (backup->certificate_days < CERTIFICATE_DAYS_MIN)
        backup->health = HEALTH_WARNING;
}

/* Held polls say nothing about the backup: what counts is the last answer before them. A strip of
 * nothing else still has the streak to tell. */
static enum grade last_grade(const struct store_domain *state)
{
    for (size_t i = state->strip_count; i > 0; i--) {
        if (state->strip[i - 1] != GRADE_HELD)
            return state->strip[i - 1];
    }
    if (state->streak > 0)
        return GRADE_TEMPORARY;
    return state->has_good ? GRADE_GOOD : GRADE_HELD;
}

/* The flag is the daemon's, and stays as it is when the daemon is gone: a good answer that came after
 * it counts for more. */
static bool is_silent(const struct status_view *view, const struct status_domain *domain,
                      schedule_offset *offset)
{
    const struct store_domain *state = &domain->state;
    int64_t from_ms = state->good_ms > 0 ? state->good_ms : state->first_ms;
    bool is_good = state->good_ms > 0 && state->good_ms >= state->at_ms;

    /* Who noted it after an answer of the future may have done so by the same clock. */
    if (state->silent && !is_good && state->at_ms != 0)
        return true;
    return from_ms > 0 && schedule_silent_at(&domain->backup->config->timing, offset,
                                             view->config->silence_s, from_ms) <= view->now_ms;
}

/* Of silence, refusals and the like the worst is what a domain is told as. */
static enum verdict verdict_of(const struct status_domain *domain)
{
    if (domain->is_silent)
        return VERDICT_SILENT;
    if (!domain->is_asked)
        return VERDICT_UNKNOWN;
    switch (domain->grade) {
    case GRADE_BAD: return VERDICT_REFUSED;
    case GRADE_TEMPORARY: return VERDICT_FAILING;
    case GRADE_HELD:
    case GRADE_GOOD: break;
    }
    return domain->is_held ? VERDICT_HELD : VERDICT_OK;
}

static void judge_domain(const struct status_view *view, struct status_domain *domain,
                         schedule_offset *offset)
{
    const struct store_domain *state = &domain->state;

    domain->is_asked = state->outcome[0] != '\0';
    domain->is_held = state->strip_count > 0 && state->strip[state->strip_count - 1] == GRADE_HELD;
    domain->grade = last_grade(state);
    domain->is_silent = is_silent(view, domain, offset);
    domain->verdict = verdict_of(domain);
}

static void judge_all(struct status_view *view)
{
    static const struct {
        enum status_count count;
        enum health health;
    } verdicts[] = {[VERDICT_OK] = {COUNT_OK, HEALTH_OK},
                    [VERDICT_UNKNOWN] = {COUNT_UNKNOWN, HEALTH_UNKNOWN},
                    [VERDICT_HELD] = {COUNT_HELD, HEALTH_WARNING},
                    [VERDICT_FAILING] = {COUNT_FAILING, HEALTH_WARNING},
                    [VERDICT_REFUSED] = {COUNT_FAILING, HEALTH_CRITICAL},
                    [VERDICT_SILENT] = {COUNT_SILENT, HEALTH_CRITICAL}};

    view->health = view->primary == PRIMARY_DOWN ? HEALTH_CRITICAL : view->daemon_health;
    for (size_t i = 0; i < view->backup_count; i++)
        view->health = health_worse(view->health, view->backups[i].health);
    for (size_t i = 0; i < view->domain_count; i++) {
        struct status_domain *domain = &view->domains[i];

        view->counts[verdicts[domain->verdict].count]++;
        domain->health = verdicts[domain->verdict].health;
        view->health = health_worse(view->health, domain->health);
    }
}

/* ---- reading ---- */

static enum status read_life(struct status_view *view, struct store *store, struct error *error)
{
    enum status status = store_get_life(store, &view->life, error);

    if (status == STATUS_OK)
        status = store_last_outage(store, &view->outage, &view->has_outage, error);
    if (status == STATUS_OK)
        status = store_get_log(store, &view->log, error);
    return status;
}

bool status_is_held_by_primary(const struct status_view *view, const struct status_domain *domain)
{
    return view->primary == PRIMARY_DOWN && domain->is_held &&
           strcmp(domain->state.text, view->life.text) == 0;
}

static enum status read_domain(struct status_view *view, struct store *store,
                               const struct status_backup *backup, size_t place,
                               schedule_offset *offset, struct error *error)
{
    struct status_domain *domain = &view->domains[view->domain_count++];
    enum status status = STATUS_OK;
    bool found;

    domain->backup = backup;
    domain->name = backup->config->domain_texts[place];
    if (store != NULL)
        status = store_get_domain(store, backup->config->name, domain->name, &domain->state, &found,
                                  error);
    if (status == STATUS_OK)
        judge_domain(view, domain, offset);
    return status;
}

static enum status read_backup(struct status_view *view, const struct selection *choice,
                               struct store *store, const struct backup_config *config,
                               schedule_offset *offset, struct error *error)
{
    struct status_backup *backup = &view->backups[view->backup_count];
    struct store_backup state = {0};
    enum status status = STATUS_OK;
    bool found;

    if (!selection_has_any(choice, config))
        return STATUS_OK;
    view->backup_count++;
    backup->config = config;
    if (store != NULL)
        status = store_get_backup(store, backup->config->name, &state, &found, error);
    if (status == STATUS_OK)
        judge_backup(view, backup, &state);
    for (size_t i = 0; i < config->domain_count && status == STATUS_OK; i++) {
        if (selection_has(choice, config, i))
            status = read_domain(view, store, backup, i, offset, error);
    }
    return status;
}

enum status status_view_read(struct status_view *view, const struct config *config,
                             const struct selection *choice, struct store *store, int64_t now_ms,
                             schedule_offset *offset, struct error *error)
{
    static const struct selection all = {NULL, 0};
    struct status_view read = {.config = config, .now_ms = now_ms};
    enum status status = STATUS_OK;
    size_t domains = 0;

    for (size_t i = 0; i < config->backup_count; i++)
        domains += config->backups[i].domain_count;
    read.backups = memory_new(config->backup_count, sizeof *read.backups);
    read.domains = memory_new(domains, sizeof *read.domains);
    if (store != NULL)
        status = store_begin_reading(store, error); /* of one and the same instant, and faster */
    if (store != NULL && status == STATUS_OK)
        status = read_life(&read, store, error);
    judge_life(&read);
    for (size_t i = 0; i < config->backup_count && status == STATUS_OK; i++)
        status = read_backup(&read, choice != NULL ? choice : &all, store, &config->backups[i],
                             offset, error);
    if (store != NULL && status == STATUS_OK)
        status = store_commit(store, error);
    if (status != STATUS_OK) {
        status_view_done(&read);
        return status;
    }
    judge_all(&read);
    *view = read;
    return STATUS_OK;
}

void status_view_done(struct status_view *view)
{
    free(view->backups);
    free(view->domains);
    view->backups = NULL;
    view->domains = NULL;
}

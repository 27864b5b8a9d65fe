/* Reads what the store knows of the configured backups, and judges it. The judging uses plain values
 * alone. */
#include "status.h"
#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

enum {
    DAY_S = 24 * 3600,
    FRESH_WATCHES = 3,
    FRESH_MS_MIN = 5 * 60 * 1000,
    CERTIFICATE_DAYS_MIN = 14,
    DAEMON_MISSED_S = 7 * DAY_S,
    UNSEEN_S = 7 * DAY_S
};

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

/* The part of session/preflight's sentence behind the primary's address; NULL when it names another
 * address, from before `address` was changed. Any other text as it is. */
static const char *behind_address(const struct status_view *view, const char *text)
{
    static const char before[] = "your mail server ";
    char *head = memory_format("%s%s ", before, view->config->primary.address.text);
    size_t size = strlen(head);
    bool is_ours = strncmp(text, head, size) == 0;

    free(head);
    return is_ours ? text + size : strncmp(text, before, sizeof before - 1) == 0 ? NULL : text;
}

const char *status_primary_text(const struct status_view *view, const char *text)
{
    static const char *const behind[] = {"does not answer: ", "is not ready: "};
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

/* Whether a daemon that writes once a watch period may have written the stamp just now. */
static bool is_fresh(const struct status_view *view, int64_t at_ms)
{
    int64_t span_ms = FRESH_WATCHES * view->config->primary.watch_s * 1000;
    int64_t ago_ms = view->now_ms - at_ms;

    if (span_ms < FRESH_MS_MIN)
        span_ms = FRESH_MS_MIN;
    return at_ms > 0 && ago_ms <= span_ms && ago_ms >= -span_ms;
}

bool status_is_held_by_primary(const struct status_view *view, const struct status_domain *domain)
{
    return view->primary == OUTAGE_DOWN && domain->is_held &&
           strcmp(domain->state.text, view->life.text) == 0;
}

int64_t status_arrival_ms(const struct status_backup *backup)
{
    return backup->arrival.last_ms > 0 ? backup->arrival.last_ms : backup->arrival.asked_ms;
}

void status_append_unseen(struct buffer *sentence, const struct status_view *view,
                          const struct status_backup *backup)
{
    (void)buffer_append_format(sentence, "mail announced %s ago was not seen to come",
                               word_span((view->now_ms - backup->unseen_ms) / 1000).text);
}

const char status_unseen_advice[] =
    "the backup's log tells whether it can reach port 25 of your mail server; firewall and NAT "
    "must let it in; if its mail comes from another address: arrives_from";

/* ---- drills ---- */

enum {
    SAID_SIZE_MAX = 1000
};

/* Each outcome that is not "ok", in words around the domain, and what can be done: by the code of the refusal. */
static const struct drill_outcome {
    const char *name, *before, *behind;
    const char *advice, *for_now, *unanswered; /* 5yz, 4yz, no code; NULL: the first one */
} drill_outcomes[] = {
    {"not accepted", "the backup did not accept a message for ", "",
     "does the backup relay for this domain (relay_domains), and let this machine in? see its log",
     "the backup refused for now (greylisting, load, a full disk?); see its log, and drill again",
     "senders reach nothing there that takes mail; is mail_port its port? see mxpull check"},
    {"unseen", "the backup was handed a message for ", " and was not seen to give it back",
     "look for the message in the backup's queue and log; does a firewall or NAT let it reach port "
     "25 of your mail server?",
     NULL, NULL},
    {"refused by us", "your mail server refused a message for ", " from the backup",
     "let your mail server take mail for this domain from the backup, and skip such checks for it; "
     "its log says why it did not",
     NULL, NULL},
    {"unknown", "whether a message for ", " came back could not be seen", "", NULL, NULL},
};

/* NULL: another outcome. */
static const struct drill_outcome *find_outcome(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(drill_outcomes); i++) {
        if (strcmp(drill_outcomes[i].name, name) == 0)
            return &drill_outcomes[i];
    }
    return NULL;
}

const char *status_drill_advice(const char *outcome, int code)
{
    const struct drill_outcome *found = find_outcome(outcome);

    if (found == NULL)
        return "";
    const char *advice = code == 0         ? found->unanswered
                         : code / 100 == 4 ? found->for_now
                                           : found->advice;
    return advice != NULL ? advice : found->advice;
}

void status_append_drill(struct buffer *sentence, const struct status_view *view,
                         const struct status_backup *backup)
{
    const struct store_last_drill *drill = &backup->drill;
    const struct drill_outcome *outcome = find_outcome(drill->outcome);

    (void)buffer_append_format(sentence, "drill %s",
                               backup->drill_health == HEALTH_OK ? drill->outcome : "failed");
    if (drill->at_ms > 0)
        (void)buffer_append_format(sentence, " %s ago",
                                   word_span((view->now_ms - drill->at_ms) / 1000).text);
    if (drill->exit_status == 0)
        return;
    if (outcome != NULL)
        (void)buffer_append_format(sentence, ": %s%s%s", outcome->before, drill->domain,
                                   outcome->behind);
    else
        (void)buffer_append_format(sentence, ": %s, %s", drill->outcome, drill->domain);
    if (drill->code > 0 || drill->text[0] != '\0') {
        (void)buffer_append_text(sentence, ": ");
        words_append_said(sentence, drill->code, drill->text, SAID_SIZE_MAX);
    }
}

/* ---- judging ---- */

/* A daemon that is gone is a warning for DAEMON_MISSED_S only: the administrator may have switched to
 * cron, and if nothing asks at all, the silence of the domains is an alarm by then. */
static void judge_life(struct status_view *view)
{
    struct store_life *life = &view->life;

    if (behind_address(view, life->text) == NULL) {
        life->has_looked = false;
        life->looked_ms = 0;
        life->since_ms = 0;
        life->text[0] = '\0';
    }
    view->daemon = !life->has_lived                                     ? DAEMON_NEVER
                   : is_fresh(view, life->alive_ms) && !life->has_ended ? DAEMON_ALIVE
                                                                        : DAEMON_GONE;
    if (view->daemon == DAEMON_GONE &&
        (life->alive_ms == 0 || (view->now_ms - life->alive_ms) / 1000 < DAEMON_MISSED_S))
        view->daemon_health = HEALTH_WARNING;
    view->primary = !is_fresh(view, life->looked_ms) ? OUTAGE_UNKNOWN
                    : life->is_up                    ? OUTAGE_UP
                                                     : OUTAGE_DOWN;
}

/* A certificate that is not verified, as with a pinned key, may be out of date. */
static void judge_backup(const struct status_view *view, struct status_backup *backup)
{
    const struct store_backup *state = &backup->state;
    enum tls tls = backup->config->tls;
    int64_t day_ms = INT64_C(1000) * DAY_S, left_ms = state->certificate_expires_ms - view->now_ms;
    bool is_verified = (tls == TLS_REQUIRED || tls == TLS_IMPLICIT) && backup->config->tls_verify;

    if (backup->has_drill && backup->drill.exit_status != 0 &&
        strcmp(backup->drill.outcome, "unknown") != 0)
        backup->drill_health = HEALTH_WARNING;
    backup->next_ms = view->daemon == DAEMON_ALIVE ? state->due_ms : 0;
    backup->has_certificate = state->certificate_expires_ms > 0 && is_verified;
    if (!backup->has_certificate)
        return;
    backup->certificate_days = left_ms / day_ms - (left_ms % day_ms < 0);
    if (backup->certificate_days < CERTIFICATE_DAYS_MIN)
        backup->health = HEALTH_WARNING;
}

/* The grade of the last answer that was not held. When the strip has none, the streak tells. */
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

/* The daemon sets state->silent, and nobody clears it when the daemon is gone: a later good answer
 * counts for more. */
static bool is_silent(const struct status_view *view, const struct status_domain *domain,
                      schedule_offset *offset)
{
    const struct store_domain *state = &domain->state;
    int64_t from_ms = state->good_ms > 0 ? state->good_ms : state->first_ms;
    bool is_good = state->good_ms > 0 && state->good_ms >= state->at_ms;

    /* An answer stamped in the future does not void the flag: the daemon may have used the same clock. */
    if (state->silent && !is_good && state->at_ms != 0)
        return true;
    return from_ms > 0 && schedule_silent_at(&domain->backup->config->timing, offset,
                                             view->config->silence_s, from_ms) <= view->now_ms;
}

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

static void judge_all(struct status_view *view, schedule_offset *offset)
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

    judge_life(view);
    view->health = view->primary == OUTAGE_DOWN ? HEALTH_CRITICAL : view->daemon_health;
    for (size_t i = 0; i < view->backup_count; i++) {
        judge_backup(view, &view->backups[i]);
        view->health = health_worse(view->health, view->backups[i].health);
        view->health = health_worse(view->health, view->backups[i].drill_health);
        if (view->backups[i].unseen_ms > 0)
            view->health = health_worse(view->health, HEALTH_WARNING);
    }
    for (size_t i = 0; i < view->domain_count; i++) {
        struct status_domain *domain = &view->domains[i];
        const struct store_domain *state = &domain->state;

        domain->is_asked = state->outcome[0] != '\0';
        domain->is_held =
            state->strip_count > 0 && state->strip[state->strip_count - 1] == GRADE_HELD;
        domain->grade = last_grade(state);
        domain->is_silent = is_silent(view, domain, offset);
        domain->verdict = verdict_of(domain);
        view->counts[verdicts[domain->verdict].count]++;
        domain->health = verdicts[domain->verdict].health;
        view->health = health_worse(view->health, domain->health);
    }
}

/* ---- reading ---- */

/* Lists the chosen backups and domains. */
static void make_lists(struct status_view *view, const struct selection *choice)
{
    const struct config *config = view->config;
    size_t count = 0;

    for (size_t i = 0; i < config->backup_count; i++)
        count += config->backups[i].domain_count;
    view->backups = memory_new(config->backup_count, sizeof *view->backups);
    view->domains = memory_new(count, sizeof *view->domains);
    for (size_t i = 0; i < config->backup_count; i++) {
        const struct backup_config *backup = &config->backups[i];

        if (!selection_has_any(choice, backup))
            continue;
        view->backups[view->backup_count].config = backup;
        for (size_t j = 0; j < backup->domain_count; j++) {
            if (selection_has(choice, backup, j))
                view->domains[view->domain_count++] = (struct status_domain){
                    .backup = &view->backups[view->backup_count], .name = backup->domain_texts[j]};
        }
        view->backup_count++;
    }
}

/* Announced mail that was not seen to come is a matter only as long as the backup's last answer announces mail. */
static enum status read_unseen(struct status_view *view, struct store *store, struct error *error)
{
    const int64_t since_ms = view->now_ms - INT64_C(1000) * UNSEEN_S;
    const struct status_backup *last = NULL;
    enum status status = STATUS_OK;
    bool found;

    for (size_t i = 0; i < view->domain_count && status == STATUS_OK; i++) {
        struct status_backup *backup = &view->backups[view->domains[i].backup - view->backups];

        if (backup == last ||
            strcmp(view->domains[i].state.outcome, outcome_name(OUTCOME_PENDING)) != 0)
            continue;
        status = store_unseen(store, backup->config->name, since_ms, view->now_ms,
                              &backup->unseen_ms, &found, error);
        last = backup;
    }
    return status;
}

/* Reads everything in one transaction. */
static enum status read_all(struct status_view *view, struct store *store, struct error *error)
{
    enum status status = store_begin_reading(store, error);
    bool found;

    if (status == STATUS_OK)
        status = store_get_life(store, &view->life, error);
    if (status == STATUS_OK)
        status = store_last_outage(store, &view->outage, &view->has_outage, error);
    if (status == STATUS_OK)
        status = store_get_log(store, &view->log, error);
    for (size_t i = 0; i < view->backup_count && status == STATUS_OK; i++) {
        struct status_backup *backup = &view->backups[i];

        const char *name = backup->config->name;

        status = store_get_backup(store, name, &backup->state, &found, error);
        if (status == STATUS_OK)
            status = store_last_arrival(store, name, &backup->arrival, &backup->has_arrival, error);
        if (status == STATUS_OK)
            status = store_last_drill(store, name, NULL, &backup->drill, &backup->has_drill, error);
    }
    for (size_t i = 0; i < view->domain_count && status == STATUS_OK; i++) {
        struct status_domain *domain = &view->domains[i];

        status = store_get_domain(store, domain->backup->config->name, domain->name, &domain->state,
                                  &found, error);
    }
    if (status == STATUS_OK)
        status = read_unseen(view, store, error);
    return status == STATUS_OK ? store_commit(store, error) : status;
}

enum status status_view_read(struct status_view *view, const struct config *config,
                             const struct selection *choice, struct store *store, int64_t now_ms,
                             schedule_offset *offset, struct error *error)
{
    static const struct selection all = {NULL, 0};
    struct status_view read = {.config = config, .now_ms = now_ms};

    make_lists(&read, choice != NULL ? choice : &all);
    enum status status = store != NULL ? read_all(&read, store, error) : STATUS_OK;
    if (status != STATUS_OK) {
        status_view_done(&read);
        return status;
    }
    judge_all(&read, offset);
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

/* Who gets a drill's message, and whether it is due. */
#include <mxpull/drill/drill.h>

#include <mxpull/base/text.h>
#include <mxpull/platform/lock.h>

#include <stdio.h>
#include <string.h>

static void give(struct drill_recipient *recipient, const char *local, int size, const char *domain,
                 size_t place)
{
    (void)snprintf(recipient->address, sizeof recipient->address, "%.*s@%s", size, local, domain);
    recipient->domain = place;
}

bool drill_recipient_find(struct drill_recipient *recipient, const struct config *config,
                          const struct backup_config *backup, const struct selection *choice)
{
    const char *to = config->drill_to;
    const char *at = to != NULL ? strchr(to, '@') : NULL;
    const char *local = to != NULL && at == NULL ? to : "postmaster";
    struct node domain;
    bool is_found = false;

    for (size_t i = 0; i < backup->domain_count; i++) {
        const struct node *node = &backup->domains[i];

        if (!selection_has(choice, backup, i))
            continue;
        if (at != NULL && node_has_domain(node, at + 1)) {
            give(recipient, to, (int)(at - to), at + 1, i);
            return true;
        }
        if (!is_found && node_domain(&domain, node)) {
            give(recipient, local, (int)strlen(local), domain.name, i);
            is_found = true;
        }
    }
    return is_found;
}

static int64_t local_day(schedule_offset *offset, int64_t wall_ms)
{
    int64_t utc_s = wall_ms / 1000;

    return (utc_s + offset(utc_s)) / (24 * 3600);
}

enum status drill_sent_today(struct store *store, const struct backup_config *backup,
                             schedule_offset *offset, int64_t now_ms, int64_t *sent_ms,
                             struct error *error)
{
    struct store_last_drill last;
    bool is_found = false;

    *sent_ms = 0;
    if (store == NULL)
        return error_set(error, STATUS_SYSTEM, "there is no store (state_dir)");
    enum status status = store_last_drill(
        store, backup->name, drill_outcome_name(DRILL_NOT_ACCEPTED), &last, &is_found, error);
    if (status == STATUS_OK && is_found &&
        local_day(offset, last.at_ms) == local_day(offset, now_ms))
        *sent_ms = last.at_ms;
    return status;
}

/* Beside the claims of polls, whose keys are the names' hashes. */
static uint64_t claim_key(const struct backup_config *backup)
{
    return ~text_hash(backup->name, strlen(backup->name));
}

bool drill_claim(struct lock_set *claims, const struct backup_config *backup, struct error *error)
{
    return claims == NULL || lock_set_take(claims, claim_key(backup), error) != STATUS_BUSY;
}

void drill_give_back(struct lock_set *claims, const struct backup_config *backup)
{
    if (claims != NULL)
        lock_set_give_back(claims, claim_key(backup));
}

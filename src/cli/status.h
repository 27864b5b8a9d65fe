#ifndef MXPULL_SRC_CLI_STATUS_H
#define MXPULL_SRC_CLI_STATUS_H

#include "report.h"
#include <mxpull/plan/plan.h>
#include <mxpull/platform/lock.h>
#include <mxpull/store/store.h>

/* ---- status_view.c: what the store knows of everything that the configuration names, judged at one
 * instant. All stamps are milliseconds of the wall clock, 0 is "never" or "not known". ---- */

/* The exit statuses of a Nagios plugin. From bad to good: critical, warning, unknown, ok. */
enum health {
    HEALTH_OK,
    HEALTH_WARNING,
    HEALTH_CRITICAL,
    HEALTH_UNKNOWN
};

enum daemon_state {
    DAEMON_NEVER, /* none ever ran */
    DAEMON_ALIVE,
    DAEMON_GONE
};

struct status_backup {
    const struct backup_config *config; /* borrowed */
    struct store_backup state;          /* all zero where nothing is known */
    int64_t next_ms;                    /* when the daemon asks it next; 0: no daemon, or no plan */
    bool has_certificate;               /* that is verified, and whose end is known */
    int64_t certificate_days; /* until it ends, rounded down: negative when it has ended */
    enum health health;       /* of its certificate */
    bool has_arrival, has_drill;
    struct store_last_arrival arrival; /* the one that brought mail last */
    struct store_last_drill drill;
    enum health drill_health; /* HEALTH_WARNING: it has failed */
    int64_t
        unseen_ms; /* when it was asked, and announced mail, nothing of which was seen to come; 0: no such */
};

/* The state of a domain, from good to bad. */
enum verdict {
    VERDICT_OK,      /* the last answer was good */
    VERDICT_UNKNOWN, /* there is none */
    VERDICT_HELD,    /* the last poll was held, or stopped, and the answer before it was not bad */
    VERDICT_FAILING, /* the last answer, those held left out, was not good, but may be so later */
    VERDICT_REFUSED, /* the same, and bad */
    VERDICT_SILENT   /* there was no good answer for too long */
};

struct status_domain {
    const struct status_backup *backup; /* borrowed from the view */
    const char *name;                   /* as configured, "" for all of a backup's; borrowed */
    bool is_asked;                      /* there was an answer, even if it was "held" */
    struct store_domain state;          /* all zero where nothing is known */
    enum grade grade; /* of the last answer that was not held; GRADE_HELD: there is none */
    bool is_held;     /* the last answer was */
    bool is_silent;
    enum verdict verdict;
    enum health health; /* of its verdict */
};

/* The counts of the summary: each domain once, by its verdict; failing includes refused. */
enum status_count {
    COUNT_OK,
    COUNT_FAILING,
    COUNT_SILENT,
    COUNT_HELD,
    COUNT_UNKNOWN,
    COUNT_KINDS
};

/* "ok", "failing", … */
extern const char *const status_count_names[COUNT_KINDS];

struct status_view {
    const struct config *config; /* borrowed */
    int64_t now_ms;
    struct store_life life; /* the daemon and the primary as recorded */
    struct store_log log;   /* what the last run's lacks */
    enum daemon_state daemon;
    enum health daemon_health;
    enum outage_state primary; /* UNKNOWN: never looked at, or too long ago */
    bool has_outage;
    struct store_outage outage;    /* the last one */
    struct status_backup *backups; /* owned: the chosen ones, in the order of the configuration */
    struct status_domain *domains; /* the same; at least one for each backup */
    size_t backup_count, domain_count, counts[COUNT_KINDS];
    enum health health;   /* the worst of all */
    struct error trouble; /* why the store cannot be written (text "": it can), set by the caller */
};

/* Reads and judges what is chosen (NULL: all). store: NULL: nothing is known. offset is as in
 * schedule.h. On failure, which is the store's, *view is untouched; else status_view_done frees what
 * it owns. config is borrowed for the view's life. */
enum status status_view_read(struct status_view *view, const struct config *config,
                             const struct selection *choice, struct store *store, int64_t now_ms,
                             schedule_offset *offset, struct error *error);
void status_view_done(struct status_view *view);

/* Seconds since the last good answer, or without one since the first question; -1: never asked. */
int64_t status_silence_s(const struct status_view *view, const struct status_domain *domain);

/* The text about the primary without its address, for a place that names the address already. Borrowed
 * from text. */
const char *status_primary_text(const struct status_view *view, const char *text);

/* When mail was last seen to arrive from the backup; 0: not known. */
int64_t status_arrival_ms(const struct status_backup *backup);

/* Appends how the backup's last drill went; what a remote said in it is not escaped yet. "drill ok 12d ago", "drill failed 12d ago: your mail server refused a message for example.com: 550 no". */
void status_append_drill(struct buffer *sentence, const struct status_view *view,
                         const struct status_backup *backup);

/* "mail announced 3m ago was not seen to come", and what can be done about it. */
void status_append_unseen(struct buffer *sentence, const struct status_view *view,
                          const struct status_backup *backup);
extern const char status_unseen_advice[];

/* What can be done about a drill that has come to this outcome, or "". code: of the refusal; 0: none. */
const char *status_drill_advice(const char *outcome, int code);

/* Whether the domain was not asked because the primary is down. */
bool status_is_held_by_primary(const struct status_view *view, const struct status_domain *domain);

/* A poll in a strip: '+' good, 'o' not asked (held, or stopped), '~' temporary, '!' bad. */
char status_letter(enum grade grade);

/* The worse of the two. */
enum health health_worse(enum health a, enum health b);

/* ---- problems.c ---- */

struct problem {
    enum health health;
    const struct status_backup *backup; /* NULL: it is of none */
    const struct status_domain *domain; /* NULL: of none, or of the whole backup */
    const char *sentence; /* borrowed for the call; what a remote said in it is not escaped yet */
    const char *advice;   /* "": none */
};
typedef void problem_tell(void *context, const struct problem *problem);

/* Tells all that is wrong, the worst first; those of equal domains of a backup follow each other. */
void problems_find(const struct status_view *view, problem_tell *tell_one, void *context);

/* ---- status_text.c, status_table.c: for a person ---- */

/* All borrowed. */
struct status_page {
    struct buffer *text;
    const struct status_view *view;
    struct line_look look;
    bool only_wrong; /* only problems, and no summary */
};

enum {
    STATUS_SENTENCE_SIZE_MAX = 4096
};

/* Appends the view: the primary, the daemon, a table of domains with what is wrong below each, a line
 * of summary. */
void status_text_format(const struct status_page *page);

/* Its first lines: the primary, the daemon, a log that is not complete. */
void status_text_life(const struct status_page *page);

/* Appends "2 backups, 3 domains: 1 ok, 1 failing, 1 silent". */
void status_append_sum(struct buffer *sentence, const struct status_view *view);

/* Its table: a row for each domain, with what is wrong below it. */
void status_table_add(const struct status_page *page);

/* ---- status_json.c ---- */

/* Appends the view as one JSON object on one line. What is not known is null. */
void status_json_format(struct buffer *text, const struct status_view *view);

/* ---- nagios.c ---- */

/* Appends the one line that a Nagios plugin prints, "MXPULL OK - 2 backups, 3 domains, all ok|…" with
 * performance data, and its line end. The worst problem is named, and how many more there are.
 * Nothing that a remote said can end the line or begin its performance data. Returns the exit status,
 * 0 to 3. */
int nagios_format(struct buffer *line, const struct status_view *view);

/* The line and the exit status where nothing can be said of the backups, and why; and that on standard
 * output. */
int nagios_format_unknown(struct buffer *line, const char *why);
int nagios_print_unknown(const char *why);

/* ---- metrics.c ---- */

/* Replaces metrics_file, if there is one (a shard one of its own beside it), in one step. It covers all backups: from the store (NULL:
 * there is none), and from the results of facts that the store does not have. Processes take turns by
 * the claims (NULL: there is no other). Logs one warning when the file cannot be written. */
void metrics_write(const struct config *config, struct store *store, struct lock_set *claims,
                   const struct round_facts *facts);

/* Puts results in that are newer than what the view knows. */
void metrics_add_results(struct status_view *view, const struct round_facts *facts);

/* Appends the view in Prometheus' text format (version 0.0.4). Of facts only the times count. */
void metrics_format(struct buffer *text, const struct status_view *view,
                    const struct round_facts *facts);

#endif

/* A backup: its addresses by the DNS, each of them visited by itself, asked whether it would take mail for us, and looked up for
 * its reverse name. What was seen is judged in sight.c, as soon as all is seen. */
#include "asked.h"
#include "parts.h"
#include "sight.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/host.h>
#include <mxpull/session/reach.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_MAX = 4, /* reverse names of an address */
    NAMES_SIZE = 300
};

/* One address.  FOUND --> WAITING --gate--> VISITED --over--> ASKED --over--> DONE */
struct place {
    struct looking *looking;
    char *address; /* owned; NULL: the host's name, which the system or a proxy looks up */
    enum {
        PLACE_FOUND,
        PLACE_WAITING,
        PLACE_VISITED,
        PLACE_ASKED,
        PLACE_DONE
    } state;
    struct gate_guest guest; /* to connect */
    struct visit *visit;
    struct preflight *mail; /* NULL: not asked */
    size_t questions;       /* to the DNS, without an answer */
    enum reverse reverse;
    char reverse_text[NAMES_SIZE];
};

/* A backup that is looked at. */
struct looking {
    struct part *part;
    const struct backup_config *backup;
    struct timer timer;      /* something has become known */
    struct gate_guest guest; /* to run the password_command */
    bool is_fetching;        /* or waits to */
    struct reach_password *fetch;
    bool has_fetched;
    char *password, *no_password; /* owned; at most one of them */
    size_t questions;             /* for addresses, without an answer */
    bool is_missing;              /* the DNS knows the host, or all of it, as without addresses */
    char *dns_text;               /* owned; what it says where it gives none */
    struct place places[BACKUP_ADDRESSES_MAX];
    size_t count, more; /* places; addresses that are not looked at */
    struct node
        *domains; /* owned: for which it should take mail, then those that are none of ours */
    size_t domain_count;
};

static void stir(void *context)
{
    struct looking *looking = context;

    timer_set(looking->part->options->loop, &looking->timer, 0);
}

static void stir_place(void *context)
{
    stir(((struct place *)context)->looking);
}

static void show_wire(void *context, char direction, const char *line, size_t size)
{
    const struct place *place = context;
    const struct check_options *options = place->looking->part->options;

    options->wire(options->context, place->looking->backup, direction, line, size);
}

/* ---- what it is asked for ---- */

/* The domains that are chosen, then those that are none of ours. */
static void choose_domains(struct looking *looking)
{
    const struct check_options *options = looking->part->options;
    const struct backup_config *backup = looking->backup;

    looking->domains = memory_new(backup->domain_count + FOREIGN_DOMAINS, sizeof *looking->domains);
    for (size_t i = 0; i < backup->domain_count; i++) {
        if (selection_has(&options->selection, backup, i) &&
            node_domain(&looking->domains[looking->domain_count], &backup->domains[i]))
            looking->domain_count++;
    }
    foreign_domains(options->config, looking->domains + looking->domain_count);
}

/* ---- reverse names ---- */

static void take_forward(void *context, const struct dns_answer *answer)
{
    struct place *place = context;
    unsigned char bytes[HOST_IP_SIZE], other[HOST_IP_SIZE];
    int version = host_ip_parse(place->address, bytes);

    for (size_t i = 0; i < answer->count; i++) {
        if (host_ip_parse(answer->records[i].text, other) == version &&
            memcmp(bytes, other, version == 4 ? 4 : HOST_IP_SIZE) == 0)
            place->reverse = REVERSE_GOOD;
    }
    if (answer->fate >= DNS_FAILED && place->reverse == REVERSE_MISMATCH) {
        place->reverse = REVERSE_UNKNOWN;
        (void)text_copy_cut(place->reverse_text, NAMES_SIZE, answer->text);
    }
    place->questions--;
    stir_place(place);
}

static void take_reverse(void *context, const struct dns_answer *answer)
{
    struct place *place = context;
    enum dns_type type = host_ip_version(place->address) == 6 ? DNS_AAAA : DNS_A;
    size_t used = 0;

    place->questions--;
    if (answer->fate != DNS_FOUND) {
        place->reverse = answer->fate < DNS_FAILED ? REVERSE_MISSING : REVERSE_UNKNOWN;
        (void)text_copy_cut(place->reverse_text, NAMES_SIZE, answer->text);
    }
    for (size_t i = 0; i < answer->count && i < NAMES_MAX; i++) {
        const char *name = answer->records[i].text;

        place->reverse = REVERSE_MISMATCH;
        (void)snprintf(place->reverse_text + used, NAMES_SIZE - used, "%s%s", i > 0 ? ", " : "",
                       name);
        used = strlen(place->reverse_text);
        place->questions++;
        lookups_ask(place->looking->part->lookups, name, type, take_forward, place);
    }
    stir_place(place);
}

/* ---- one address ---- */

static void visit_place(void *context)
{
    struct place *place = context;
    struct looking *looking = place->looking;
    const struct check_options *options = looking->part->options;
    struct visit_options visit = {.loop = options->loop,
                                  .connection = reach_options(options->config, looking->backup),
                                  .over = stir_place,
                                  .context = place,
                                  .wire = show_wire};

    if (looking->domains == NULL)
        choose_domains(looking);
    visit.connection.address = place->address;
    visit.connection.password = looking->password;
    visit.connection.show_wire = options->wire != NULL;
    if (looking->no_password != NULL)
        visit.connection.user = NULL;
    place->visit = visit_new(&visit);
    place->state = PLACE_VISITED;
}

/* As senders do: TLS if it is offered, and no AUTH. A door that was not opened is not knocked at again. */
static void ask_place(struct place *place)
{
    struct looking *looking = place->looking;
    const struct backup_config *backup = looking->backup;
    const struct check_options *options = looking->part->options;
    struct connection_options way = reach_options(options->config, backup);
    bool is_closed =
        place->visit->facts.stage <= STAGE_GREETING && backup->mail_port == backup->port;

    place->state = PLACE_ASKED;
    if (looking->domain_count == 0 || is_closed)
        return;
    way.port = backup->mail_port;
    way.address = place->address;
    way.tls = TLS_MAY;
    way.tls_ca_file = way.tls_fingerprint = way.user = NULL;
    place->mail =
        preflight_new(&(struct preflight_options){.loop = options->loop,
                                                  .config = options->config,
                                                  .domains = looking->domains,
                                                  .count = looking->domain_count + FOREIGN_DOMAINS,
                                                  .limit_ms = PREFLIGHT_LIMIT_MS,
                                                  .connection = &way,
                                                  .over = stir_place,
                                                  .wire = options->wire != NULL ? show_wire : NULL,
                                                  .context = place});
}

static bool place_is_done(struct place *place)
{
    struct gate *connections = place->looking->part->connections;

    if (place->state == PLACE_FOUND) {
        place->state = PLACE_WAITING;
        place->guest = (struct gate_guest){.go = visit_place, .context = place};
        gate_enter(connections, &place->guest);
    }
    if (place->state == PLACE_VISITED && place->visit->is_over)
        ask_place(place);
    if (place->state == PLACE_ASKED && (place->mail == NULL || place->mail->is_over)) {
        place->state = PLACE_DONE;
        gate_leave(connections);
    }
    return place->state == PLACE_DONE && place->questions == 0;
}

/* ---- its addresses ---- */

static void add_place(struct looking *looking, const char *address)
{
    if (looking->count == BACKUP_ADDRESSES_MAX) {
        looking->more++;
        return;
    }
    struct place *place = &looking->places[looking->count++];
    *place = (struct place){.looking = looking, .address = memory_copy(address)};
    if (address == NULL)
        return;
    place->questions = 1;
    lookups_ask(looking->part->lookups, address, DNS_PTR, take_reverse, place);
}

static void take_addresses(void *context, const struct dns_answer *answer)
{
    struct looking *looking = context;

    for (size_t i = 0; i < answer->count; i++)
        add_place(looking, answer->records[i].text);
    looking->is_missing =
        looking->is_missing && (answer->fate == DNS_NO_RECORD || answer->fate == DNS_NO_NAME);
    if (answer->text != NULL && looking->dns_text == NULL)
        looking->dns_text = memory_copy(answer->text);
    if (--looking->questions == 0 && looking->count == 0)
        add_place(looking, NULL);
    stir(looking);
}

static void find_addresses(struct looking *looking)
{
    const struct backup_config *backup = looking->backup;
    static const enum dns_type types[] = {[IP_4] = DNS_A, [IP_6] = DNS_AAAA};

    looking->is_missing = true;
    if (backup->proxy != NULL || host_ip_version(backup->host) != 0) {
        add_place(looking, backup->proxy != NULL ? NULL : backup->host);
        return;
    }
    for (enum ip ip = IP_4; ip <= IP_6; ip++) {
        if (backup->ip != IP_ANY && backup->ip != ip)
            continue;
        looking->questions++;
        lookups_ask(looking->part->lookups, backup->host, types[ip], take_addresses, looking);
    }
}

/* ---- its password ---- */

static void take_password(void *context, char *password, const struct error *error)
{
    struct looking *looking = context;

    looking->has_fetched = true;
    if (looking->backup->password_command != NULL)
        gate_leave(looking->part->commands);
    looking->password = password;
    if (error != NULL)
        looking->no_password = memory_copy(error->text);
    stir(looking);
}

static void fetch_password(void *context)
{
    struct looking *looking = context;
    const struct check_options *options = looking->part->options;

    looking->fetch = reach_password_new(options->loop, looking->backup, take_password, looking);
}

/* Only so many commands run at the same time. */
static bool has_password(struct looking *looking)
{
    bool is_command = looking->backup->password_command != NULL;

    if (!looking->is_fetching) {
        looking->is_fetching = true;
        looking->guest = (struct gate_guest){.go = fetch_password, .context = looking};
        if (is_command)
            gate_enter(looking->part->commands, &looking->guest);
        else
            fetch_password(looking);
    }
    if (!looking->has_fetched)
        return false;
    reach_password_free(looking->fetch);
    looking->fetch = NULL;
    return true;
}

/* ---- what is said ---- */

static bool can_be_reached(const struct visit *visit)
{
    return visit->has_ehlo || visit->facts.stage > STAGE_GREETING;
}

static void judge_addresses(const struct looking *looking)
{
    struct findings *findings = looking->part->findings;
    const struct place *first = &looking->places[0];
    const char *host = looking->backup->host;
    struct buffer list;

    if (looking->backup->proxy != NULL) {
        findings_add(
            findings, SEVERITY_SKIP, "backup-address", "address",
            "%s is behind a proxy, which looks it up: its addresses are not to be seen from here",
            host);
    } else if (first->address == NULL && first->visit->facts.address[0] != '\0') {
        finding_advise(findings_add(findings, SEVERITY_WARN, "backup-address-local", "address",
                                    "%s is %s on this machine alone: %s", host,
                                    first->visit->facts.address, looking->dns_text),
                       0, "give it an A or AAAA record, for senders find it by the DNS");
    } else if (first->address == NULL) {
        finding_advise(
            findings_add(findings, SEVERITY_FAIL,
                         looking->is_missing ? "backup-address-missing" : "backup-address-unknown",
                         "address",
                         looking->is_missing ? "%s has no address: %s"
                                             : "the address of %s could not be found out: %s",
                         host, looking->dns_text),
            looking->is_missing ? 78 : 75,
            looking->is_missing ? "correct host, or give it an A or AAAA record"
                                : "check again later, and see to the name servers of its domain");
    } else {
        buffer_init(&list, NAMES_SIZE * 4);
        for (size_t i = 0; i < looking->count; i++)
            (void)buffer_append_format(&list, "%s%s", i > 0 ? ", " : "",
                                       looking->places[i].address);
        findings_add(findings, SEVERITY_OK, "backup-address", "address", "%s%s%s", host,
                     host_ip_version(host) == 0 ? " is " : ", as host has it",
                     host_ip_version(host) == 0 ? list.bytes : "");
        buffer_done(&list);
    }
    if (looking->more > 0)
        findings_add(findings, SEVERITY_SKIP, "backup-address-more", "address",
                     "%zu more addresses of %s were not looked at", looking->more, host);
}

static void judge(const struct looking *looking)
{
    struct findings *findings = looking->part->findings;
    size_t reached = 0;

    judge_addresses(looking);
    if (looking->no_password != NULL)
        finding_advise(findings_add(findings, SEVERITY_FAIL, "backup-password-missing", "login",
                                    "%s", looking->no_password),
                       78,
                       "let password_file or password_command give the password to the user that "
                       "mxpull runs as");
    for (size_t i = 0; i < looking->count; i++)
        reached += can_be_reached(looking->places[i].visit) ? 1 : 0;
    for (size_t i = 0; i < looking->count; i++) {
        const struct place *place = &looking->places[i];
        const struct sight sight = {
            .config = looking->part->options->config,
            .backup = looking->backup,
            .address = place->address != NULL ? place->address : looking->backup->host,
            .visit = place->visit,
            .no_password = looking->no_password,
            .mail = place->mail,
            .reverse = place->reverse,
            .reverse_text = place->reverse_text,
            .is_only = reached == 0 || can_be_reached(place->visit),
            .now_ms = clock_wall_ms(),
        };

        /* That it was not found was said. */
        if (place->address != NULL || looking->backup->proxy != NULL ||
            place->visit->facts.stage != STAGE_LOOKUP)
            sight_judge(&sight, findings);
    }
    if (looking->domain_count == 0)
        findings_add(findings, SEVERITY_SKIP, "backup-mail", "mail",
                     "not asked whether it takes mail: whose mail a queue holds is not known here");
}

/* ---- the part ---- */

/* Frees what was seen; the connections and the questions with it. */
static void forget(struct looking *looking)
{
    for (size_t i = 0; i < looking->count; i++) {
        struct place *place = &looking->places[i];

        visit_free(place->visit);
        preflight_free(place->mail);
        free(place->address);
    }
    looking->count = 0;
    free(looking->domains);
    looking->domains = NULL;
}

static void advance(void *context)
{
    struct looking *looking = context;
    bool is_done = looking->questions == 0;

    if (!has_password(looking))
        return;
    for (size_t i = 0; i < looking->count; i++)
        is_done = place_is_done(&looking->places[i]) && is_done;
    if (!is_done)
        return;
    judge(looking);
    forget(looking);
    part_over(looking->part);
}

static void backup_begin(struct part *part)
{
    struct looking *looking = memory_new(1, sizeof *looking);

    part->state = looking;
    looking->part = part;
    looking->backup = part->findings->backup;
    looking->timer = (struct timer){.due = advance, .context = looking};
    find_addresses(looking);
    stir(looking);
}

static void backup_free(struct part *part)
{
    struct looking *looking = part->state;

    timer_set(part->options->loop, &looking->timer, INT64_MAX);
    reach_password_free(looking->fetch);
    forget(looking);
    memory_free_secret(looking->password);
    free(looking->no_password);
    free(looking->dns_text);
    free(looking);
}

const struct part_methods backup_methods = {.begin = backup_begin, .free = backup_free};

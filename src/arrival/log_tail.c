/* Where the primary's log is, and its new lines. A file or a command's output: both are looked at when the system tells that
 * there is something new, and by a timer, for it does not tell everywhere and everything.
 *
 *   file      read up to its end; once its path names another file, that one from its begin, as one that was not there at first
 *   command   (also journalctl) read until it has ended */
#include <mxpull/arrival/log_tail.h>

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/net/timer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/log_file.h>
#include <mxpull/platform/process.h>
#include <mxpull/platform/system_log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* LINE_SIZE_MAX: syslog, Postfix and Exim cut theirs at 8 KiB. CHUNK_SIZE: read in one turn of the loop. LOOK_MS: between two
 * looks where the system tells nothing, or a new file is waited for; CALM_MS: where it tells. STALE_MS: a log so old is
 * hardly the one in use. */
enum {
    LINE_SIZE_MAX = 16 * 1024,
    CHUNK_SIZE = 64 * 1024,
    LOOK_MS = 1000,
    CALM_MS = 10 * 1000,
    OPEN_TRIES = 10,
    STALE_MS = 7 * 24 * 3600 * 1000
};

static const char *const usual_paths[] = {"/var/log/mail.log", "/var/log/maillog",
                                          "/var/log/exim4/mainlog"};

struct log_tail {
    struct log_tail_options options;
    char *source;            /* owned */
    struct log_file *file;   /* owned; NULL: a command, or a file that is not there yet */
    struct process *process; /* owned; NULL: a file */
    bool is_journal;
    bool is_closed;      /* the command will print nothing more */
    bool is_behind;      /* the last look brought something: there may be more */
    unsigned open_tries; /* in vain, of the file that has replaced ours */
    struct timer timer;
    struct loop_watch watch;
    struct buffer line;  /* one that is not complete */
    bool is_skipping;    /* what is left of a line that is not wanted */
    const char *refusal; /* why the journal has nothing for us; NULL: it may have */
    struct mail_log log;
};

/* ---- lines ---- */

/* journalctl goes on all the same, and silence would pass for a quiet mail server. Its lines of the log begin with a date. */
static void note_refusal(struct log_tail *tail)
{
    const char *line = tail->line.bytes;

    if (text_starts_with(line, "No journal files were"))
        tail->refusal = "the journal: there is none that can be read";
    else if (text_starts_with(line, "Hint: You are currently not seeing") &&
             strstr(line, "the system") != NULL)
        tail->refusal = "the journal: this user may not read the system's; the group "
                        "systemd-journal may";
}

static void read_line(struct log_tail *tail)
{
    struct buffer *line = &tail->line;
    struct arrival arrival;

    if (tail->is_journal)
        note_refusal(tail);
    if (line->size > 0 && line->bytes[line->size - 1] == '\r')
        buffer_cut(line, line->size - 1);
    if (mail_log_read(&tail->log, line->bytes, line->size, &arrival))
        tail->options.heard(tail->options.context, &arrival, clock_wall_ms());
}

/* One that is too long is passed over as a whole: who sends mail can make lines long, and what a part of one says may be
 * the sender's words. */
static void take(struct log_tail *tail, const char *bytes, size_t size)
{
    while (size > 0) {
        const char *end = memchr(bytes, '\n', size);
        size_t part = end != NULL ? (size_t)(end - bytes) : size;

        if (!tail->is_skipping && buffer_append(&tail->line, bytes, part) != STATUS_OK)
            tail->is_skipping = true;
        if (end != NULL) {
            if (!tail->is_skipping)
                read_line(tail);
            buffer_clear(&tail->line);
            tail->is_skipping = false;
            part++;
        }
        bytes += part;
        size -= part;
    }
}

/* ---- looking ---- */

static void look_again(struct log_tail *tail, int64_t in_ms)
{
    timer_set(tail->options.loop, &tail->timer, in_ms > 0 ? clock_monotonic_ms() + in_ms : 0);
}

static void watch(struct log_tail *tail, intptr_t descriptor)
{
    tail->watch.descriptor = descriptor;
    if (descriptor >= 0)
        loop_watch(tail->options.loop, &tail->watch);
}

/* The last that is done: the owner may close the tail in its call. */
static void lose(struct log_tail *tail, const char *why)
{
    loop_unwatch(tail->options.loop, &tail->watch);
    timer_set(tail->options.loop, &tail->timer, INT64_MAX);
    tail->options.lost(tail->options.context, why);
}

/* The file that has the path now, from its begin. False: it is lost. One that was just made may not be readable yet. */
static bool follow_next(struct log_tail *tail)
{
    struct log_file *next = NULL;
    struct error error;

    if (log_file_open(&next, tail->source, true, &error) != STATUS_OK) {
        if (++tail->open_tries < OPEN_TRIES)
            return true;
        lose(tail, error.text);
        return false;
    }
    loop_unwatch(tail->options.loop, &tail->watch);
    log_file_close(tail->file);
    tail->file = next;
    tail->open_tries = 0;
    buffer_clear(&tail->line);
    tail->is_skipping = false;
    watch(tail, log_file_descriptor(next));
    return true;
}

/* What the old file still holds is read before the new one: its place is asked first. */
static void look_at_file(struct log_tail *tail)
{
    enum log_file_place place = log_file_place(tail->file);
    struct error error;
    char chunk[CHUNK_SIZE];
    bool is_cut;
    size_t size;

    if (log_file_read(tail->file, chunk, sizeof chunk, &size, &is_cut, &error) != STATUS_OK) {
        lose(tail, error.text);
        return;
    }
    if (is_cut) {
        buffer_clear(&tail->line);
        tail->is_skipping = false;
    }
    take(tail, chunk, size);
    tail->is_behind = size > 0;
    if (size > 0)
        look_again(tail, 0);
    else if (place == LOG_FILE_REPLACED && follow_next(tail))
        look_again(tail, tail->open_tries > 0 ? LOOK_MS : 0);
    else if (place != LOG_FILE_REPLACED)
        look_again(tail, place == LOG_FILE_THERE && tail->watch.is_in ? CALM_MS : LOOK_MS);
}

static void lose_command(struct log_tail *tail)
{
    struct error error;

    if (!process_has_ended(tail->process))
        (void)error_set(&error, STATUS_SYSTEM, "it prints nothing more");
    else if (process_judge(tail->process, &error) == STATUS_OK)
        (void)error_set(&error, STATUS_SYSTEM, "the command has ended");
    (void)error_prefix(&error, "%s", tail->source);
    lose(tail, error.text);
}

/* One whose output ends is about to end. */
static void look_at_command(struct log_tail *tail)
{
    char chunk[CHUNK_SIZE];
    bool has_ended = process_has_ended(tail->process), was_closed = tail->is_closed;
    size_t size =
        was_closed ? 0 : process_read(tail->process, chunk, sizeof chunk, &tail->is_closed);

    take(tail, chunk, size);
    tail->is_behind = size > 0;
    if (tail->refusal != NULL) {
        lose(tail, tail->refusal);
    } else if (size > 0) {
        look_again(tail, 0);
    } else if (has_ended || was_closed) {
        lose_command(tail);
    } else {
        if (tail->is_closed)
            loop_unwatch(tail->options.loop, &tail->watch);
        look_again(tail, tail->watch.is_in ? CALM_MS : LOOK_MS);
    }
}

static void look_for_file(struct log_tail *tail)
{
    bool is_there = file_try(tail->source) != ENOENT;

    if (is_there && !follow_next(tail))
        return;
    look_again(tail, tail->file != NULL ? 0 : LOOK_MS);
    if (tail->file != NULL)
        tail->options.found(tail->options.context);
}

static void look(void *context)
{
    struct log_tail *tail = context;

    if (tail->file != NULL)
        look_at_file(tail);
    else if (tail->process != NULL)
        look_at_command(tail);
    else
        look_for_file(tail);
}

/* ---- which log ---- */

/* A line that was begun before is none of ours. */
static void begin_file(struct log_tail *tail, struct log_file *file, const char *path)
{
    struct error error;
    bool is_cut;
    char last;
    size_t size;

    tail->file = file;
    tail->source = memory_copy(path);
    tail->is_skipping = log_file_read(file, &last, 1, &size, &is_cut, &error) == STATUS_OK &&
                        size == 1 && last != '\n';
}

static bool open_file(struct log_tail *tail, const char *path, struct error *error)
{
    struct log_file *file;

    if (log_file_open(&file, path, false, error) == STATUS_OK)
        begin_file(tail, file, path);
    else if (file_try(path) == ENOENT)
        tail->source = memory_copy(path);
    return tail->source != NULL;
}

static bool open_command(struct log_tail *tail, const char *command, const char *source,
                         struct error *error)
{
    tail->source = memory_copy(source);
    if (process_start(&tail->process, command, NULL, 0, true, error) == STATUS_OK)
        return true;
    (void)error_prefix(error, "%s", source);
    return false;
}

static bool has_journal(void)
{
    char *path = system_log_is_syslog() ? host_variable("PATH") : NULL;
    FILE *program = NULL;

    for (const char *part = path; part != NULL && *part != '\0' && program == NULL;) {
        size_t size = strcspn(part, ":");
        char *file = memory_format("%.*s/journalctl", (int)size, part);
        struct error error;

        (void)file_open(&program, file, &error);
        free(file);
        part += size + (part[size] == ':');
    }
    free(path);
    return program != NULL && fclose(program) == 0;
}

/* What was written from now on: a big journal takes a while to be opened. */
static bool open_journal(struct log_tail *tail, struct error *error)
{
    int64_t now_ms = clock_wall_ms();

    if (!has_journal()) {
        (void)error_set(error, STATUS_SYSTEM, "the journal: there is no journalctl");
        return false;
    }
    char *command = memory_format(
        "LC_ALL=C exec journalctl --follow --no-tail --since=@%lld.%03d --output=short --no-pager "
        "SYSLOG_FACILITY=2 2>&1",
        (long long)(now_ms / 1000), (int)(now_ms % 1000));
    tail->is_journal = open_command(tail, command, "the journal", error);
    free(command);
    return tail->is_journal;
}

static bool open_auto(struct log_tail *tail, struct error *error)
{
    struct error reason, refusal = {.text = "none of the usual ones is there"};
    struct log_file *latest = NULL, *file;
    const char *latest_path = NULL;

    for (size_t i = 0; i < COUNT_OF(usual_paths); i++) {
        if (log_file_open(&file, usual_paths[i], false, &reason) != STATUS_OK) {
            if (file_try(usual_paths[i]) != ENOENT)
                refusal = reason;
        } else if (latest == NULL || log_file_written_ms(file) > log_file_written_ms(latest)) {
            log_file_close(latest);
            latest = file;
            latest_path = usual_paths[i];
        } else {
            log_file_close(file);
        }
    }
    bool is_stale =
        latest == NULL || log_file_written_ms(latest) < clock_wall_ms() - (int64_t)STALE_MS;
    if (is_stale && open_journal(tail, &reason)) {
        log_file_close(latest);
        return true;
    }
    if (latest != NULL) {
        begin_file(tail, latest, latest_path);
        return true;
    }
    (void)error_set(error, STATUS_SYSTEM,
                    "no log of your mail server can be read (%s); name it by mail_log, or let this "
                    "user read it",
                    refusal.text);
    return false;
}

static bool open_source(struct log_tail *tail, const char *setting, struct error *error)
{
    static const char file[] = "file:", command[] = "command:";

    if (strncmp(setting, file, sizeof file - 1) == 0)
        return open_file(tail, setting + sizeof file - 1, error);
    if (strncmp(setting, command, sizeof command - 1) == 0)
        return open_command(tail, setting + sizeof command - 1, "the command of mail_log", error);
    if (strcmp(setting, "journal") == 0)
        return open_journal(tail, error);
    return open_auto(tail, error);
}

/* ---- its life ---- */

struct log_tail *log_tail_open(const struct log_tail_options *options, struct error *error)
{
    struct log_tail *tail = memory_new(1, sizeof *tail);

    tail->options = *options;
    tail->timer = (struct timer){.due = look, .context = tail, .on_wake = true};
    tail->watch = (struct loop_watch){.ready = look, .context = tail};
    buffer_init(&tail->line, LINE_SIZE_MAX);
    if (!open_source(tail, options->setting, error)) {
        log_tail_close(tail);
        return NULL;
    }
    if (tail->file != NULL)
        watch(tail, log_file_descriptor(tail->file));
    else if (tail->process != NULL)
        watch(tail, process_descriptor(tail->process));
    look_again(tail, LOOK_MS);
    return tail;
}

bool log_tail_is_there(const struct log_tail *tail)
{
    return tail->file != NULL || tail->process != NULL;
}

const char *log_tail_source(const struct log_tail *tail)
{
    return tail->source;
}

bool log_tail_is_behind(const struct log_tail *tail)
{
    return tail->is_behind;
}

void log_tail_close(struct log_tail *tail)
{
    if (tail == NULL)
        return;
    loop_unwatch(tail->options.loop, &tail->watch);
    timer_set(tail->options.loop, &tail->timer, INT64_MAX);
    log_file_close(tail->file);
    process_free(tail->process);
    buffer_done(&tail->line);
    free(tail->source);
    free(tail);
}

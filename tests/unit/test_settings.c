/* check: the configuration. Each row is a file and one finding, which it has or has not. */
#include "directory.h"

#include <check/parts.h>
#include <mxpull/base/memory.h>
#include <mxpull/config/config.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/folder.h>

#define ATRN "method = atrn user = u password = p tls = required domains = "
#define NAME(c) c "n23456789012345678901234567890123456789.example, "
/* 490 octets */
#define NAMES                                                                                      \
    NAME("a")                                                                                      \
    NAME("b") NAME("c") NAME("d") NAME("e") NAME("f") NAME("g") NAME("h") NAME("i") NAME("j")
#define AUTH "tls = required user = u domains = a.example password_file = \"@DIR@/"

static size_t overs;
static bool is_public_told; /* the system tells that all may write into a folder */

void part_over(struct part *part)
{
    assert_ptr_not_equal(part->findings->count, 0);
    overs++;
}

struct row {
    const char *name;
    const char *id;
    const char *text; /* a part of what was seen; NULL: there is no such finding */
    const char *config;
    const char *chosen; /* NULL: all */
};

/* @DIR@ is the test's folder. */
static const struct row rows[] = {
    {"a file", "configuration", "is understood: backups: 1, domains: 2",
     "backup a { domains = {a.example, \"@b.example\"} }\n", NULL},
    {"a password file", "password-file", "1 file: it has a password",
     "backup a { " AUTH "good\" }\n", NULL},
    {"a password file that is good is not bad", "password-file-unreadable", NULL,
     "backup a { " AUTH "good\" }\n", NULL},
    {"several password files", "password-file", "2 files: each has",
     "backup a { " AUTH "good\" }\nbackup b { " AUTH "good\" }\nbackup c { " AUTH "other\" }\n",
     NULL},
    {"a missing password file", "password-file-unreadable", "@DIR@/none",
     "backup a { " AUTH "none\" }\n", NULL},
    {"an empty password file", "password-file-unreadable", "its first line is empty",
     "backup a { " AUTH "empty\" }\n", NULL},
    {"a password file that others can read", "password-file-unreadable",
     ":1: backup \"a\": ", "backup a { " AUTH "open\" }\n", NULL},
    {"a bad password file of a backup that is not chosen", "password-file-unreadable", NULL,
     "backup a { " AUTH "open\" }\nbackup b { domains = b.example }\n", "b"},
    {"the same of one that is, by its domain", "password-file-unreadable", "backup \"a\"",
     "backup a { " AUTH "open\" }\nbackup b { domains = b.example }\n", "a.example"},
    {"no password file", "password-file", NULL, "backup a { domains = a.example }\n", NULL},
    {"a state folder to be", "state", "@DIR@/state can be written",
     "state_dir = \"@DIR@/state\" backup a { domains = a.example }\n", NULL},
    {"a state folder that cannot be", "state-unwritable", "@DIR@/good/state",
     "state_dir = \"@DIR@/good/state\" backup a { domains = a.example }\n", NULL},
    {"one that can be is not unwritable", "state-unwritable", NULL,
     "state_dir = \"@DIR@/state\" backup a { domains = a.example }\n", NULL},
    {"a state folder of all", "state-open", "@DIR@/public",
     "state_dir = \"@DIR@/public\" backup a { domains = a.example }\n", NULL},
    {"one of our own is not open", "state-open", NULL,
     "state_dir = \"@DIR@/state\" backup a { domains = a.example }\n", NULL},
    {"an interval of 5 days", "interval-long", NULL,
     "interval = 5d backup a { domains = a.example }\n", NULL},
    {"an interval of more", "interval-long", ":1: backup \"a\": 5d1m from poll to poll, and",
     "interval = 5d1m backup a { domains = a.example }\n", NULL},
    {"an interval of more for some", "interval-long",
     ":2: backup \"b\": 1w from poll to poll (and of 1 more), and",
     "interval = 1w backup a { domains = a.example interval = 1h }\nbackup b { domains = a.example "
     "}\nbackup c { domains = a.example }\n",
     NULL},
    {"a schedule of each day", "interval-long", NULL,
     "schedule = @daily backup a { domains = a.example }\n", NULL},
    {"a schedule of the week's end", "interval-long", "backup \"a\": 6d",
     "schedule = \"*/5 * * * 0\" backup a { domains = a.example }\n", NULL},
    {"a schedule of working days", "interval-long", NULL,
     "schedule = \"*/5 8-17 * * 1-5\" backup a { domains = a.example }\n", NULL},
    {"a schedule of the month", "interval-long", "from poll to poll",
     "schedule = @monthly backup a { domains = a.example }\n", NULL},
    {"a schedule of half of the year", "interval-long", "from poll to poll",
     "schedule = \"* * * 1-6 *\" backup a { domains = a.example }\n", NULL},
    {"an ATRN line of 512 octets", "atrn-line-long", NULL,
     "backup a { " ATRN "{" NAMES "xyzxyzx.example} }\n", NULL},
    {"an ATRN line of 513 octets", "atrn-line-long", "513 octets",
     "backup a { " ATRN "{" NAMES "xyzxyzxx.example} }\n", NULL},
    {"the same of a backup that is not chosen", "atrn-line-long", NULL,
     "backup a { " ATRN "{" NAMES "xyzxyzxx.example} }\nbackup b { domains = b.example }\n", "b"},
    {"a password in clear", "auth-in-clear", "auth_in_clear",
     "backup a { domains = a.example user = u password = p auth_in_clear = true }\n", NULL},
    {"none in clear", "auth-in-clear", NULL,
     "backup a { domains = a.example user = u password = p tls = required }\n", NULL},
    {"a short silence", "silence-short", "silence: 1h",
     "silence = 1h backup a { domains = a.example }\n", NULL},
    {"a long silence", "silence-short", NULL, "silence = 1d backup a { domains = a.example }\n",
     NULL},
    {"one account parted", "atrn-parted",
     ":2: backup \"b\": those of \"u\" at odmr.example are parted among this section and that of "
     "line 1",
     "backup a { host = odmr.example " ATRN "a.example }\nbackup b { host = ODMR.example " ATRN
     "b.example }\n",
     NULL},
    {"one parted, of which one is chosen", "atrn-parted", "backup \"b\"",
     "backup a { host = odmr.example " ATRN "a.example }\nbackup b { host = odmr.example " ATRN
     "b.example }\n",
     "a"},
    {"one account in two sections with the same domains", "atrn-parted", NULL,
     "backup a { host = odmr.example " ATRN "{a.example, b.example} }\nbackup b { host = "
     "odmr.example " ATRN "{b.example, a.example} port = 24 }\n",
     NULL},
    {"a subset is parted", "atrn-parted", "backup \"b\"",
     "backup a { host = odmr.example " ATRN "{a.example, b.example} }\nbackup b { host = "
     "odmr.example " ATRN "{b.example} port = 24 }\n",
     NULL},
    {"two accounts", "atrn-parted", NULL,
     "backup a { host = odmr.example " ATRN "a.example }\nbackup b { host = odmr.example method = "
     "atrn tls = required user = v password = p domains = b.example }\n",
     NULL},
    {"two providers", "atrn-parted", NULL,
     "backup a { host = odmr.example " ATRN "a.example }\nbackup b { host = odmr2.example " ATRN
     "b.example }\n",
     NULL},
    {"ETRN parts nothing", "atrn-parted", NULL,
     "backup a { host = h.example domains = a.example }\nbackup b { host = h.example domains = "
     "b.example }\n",
     NULL},
    {"the primary for a backup", "backup-is-primary", "127.0.0.1:25",
     "backup a { host = \"127.0.0.1\" domains = a.example }\n", NULL},
    {"the primary's host at another port", "backup-is-primary", NULL,
     "backup a { host = \"127.0.0.1\" port = 2525 domains = a.example }\n", NULL},
    {"a primary of no port", "backup-is-primary", NULL,
     "primary { address = \"unix:@DIR@/socket\" } backup a { host = \"127.0.0.1\" domains = "
     "a.example }\n",
     NULL},
    {"a queue", "domains-unseen", "\"#q\": whose", "backup a { domains = {a.example, \"#q\"} }\n",
     NULL},
    {"queues", "domains-unseen", "\"#q\" and others: whose",
     "backup a { domains = {\"#q\", a.example, \"#r\"} }\n", NULL},
    {"a queue that is not chosen", "domains-unseen", NULL,
     "backup a { domains = {\"#q\", a.example} }\n", "a.example"},
    {"queues of domains", "domains-unseen", NULL,
     "backup a { domains = {\"#a.example\", \"@b.example\", c.example} }\n", NULL},
};

static void make(const char *name, const char *text, unsigned mode)
{
    const char *path = in_directory(name);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    support_set_mode(path, mode);
}

/* The text with the folder's path in it, to be freed. */
static char *placed(const char *text)
{
    struct buffer result;

    buffer_init(&result, 64 * 1024);
    for (const char *mark; (mark = strstr(text, "@DIR@")) != NULL; text = mark + 5) {
        assert_int_equal(buffer_append(&result, text, (size_t)(mark - text)), STATUS_OK);
        assert_int_equal(buffer_append_text(&result, directory), STATUS_OK);
    }
    assert_int_equal(buffer_append_text(&result, text), STATUS_OK);
    char *copy = memory_copy(result.bytes);
    buffer_done(&result);
    return copy;
}

static void tell(void *context, const char *line)
{
    (void)context;
    print_error("%s\n", line);
}

static const struct finding *find(const struct findings *findings, const char *id)
{
    const struct finding *found = NULL;

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];

        assert_true((finding->advice != NULL) ==
                    (finding->severity == SEVERITY_WARN || finding->severity == SEVERITY_FAIL));
        assert_int_equal(finding->exit_status, finding->severity == SEVERITY_FAIL ? 78 : 0);
        if (strcmp(finding->id, id) == 0)
            found = finding;
    }
    return found;
}

static void test_row(void **state)
{
    const struct row *row = *state;
    struct findings findings = {.topic = TOPIC_CONFIGURATION};
    char *text = placed(row->config), *expected = placed(row->text != NULL ? row->text : "");

    make("mxpull.conf", text, 0600);
    struct config *config = config_load(in_directory("mxpull.conf"), tell, NULL);
    bool is_elsewhere = config == NULL ? strstr(text, "unix:") != NULL
                                       : strcmp(row->id, "state-open") == 0 && !is_public_told;
    if (is_elsewhere) { /* Windows has no such sockets, and wine no such lists */
        config_free(config);
        free(text);
        free(expected);
        skip();
    }
    assert_non_null(config);
    const struct check_options options = {.config = config,
                                          .selection = {&row->chosen, row->chosen != NULL ? 1 : 0}};
    struct part part = {.options = &options, .findings = &findings};
    overs = 0;
    settings_methods.begin(&part);
    assert_int_equal(overs, 1);
    const struct finding *finding = find(&findings, row->id);
    assert_true((finding != NULL) == (row->text != NULL));
    if (finding != NULL && strstr(finding->text, expected) == NULL)
        fail_msg("no \"%s\" in: %s", expected, finding->text);
    findings_done(&findings);
    config_free(config);
    free(text);
    free(expected);
}

int main(void)
{
    struct error error;
    struct folder *folder = NULL;

    if (make_directory(NULL) != 0)
        return 1;
    make("good", "word\n", 0600);
    make("other", "word\n", 0600);
    make("empty", "\nword\n", 0600);
    make("open", "word\n", 0644);
    if (directory_make(in_directory("public"), &error) != STATUS_OK)
        return 1;
    support_set_mode(in_directory("public"), 0777);
    if (folder_open(&folder, in_directory("public"), &error) == STATUS_OK)
        is_public_told = folder_check_ours(folder, &error) != STATUS_OK;
    folder_close(folder);
    int failed = RUN_TABLE(rows, test_row);
    if (remove_directory(NULL) != 0)
        failed++;
    return unit_status(failed);
}

/* config: files that include others: their order, and what is told of which file. */
#include "directory.h"
#include "unit.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/compiler.h>
#include <mxpull/config/config.h>
#include <mxpull/platform/file.h>

#include <stdio.h>
#include <support.h>

/* A fault, with what the folder's path is left out of, wherever it stands. */
static void keep_fault(void *context, const char *line)
{
    struct buffer *faults = context;
    const size_t size = strlen(directory);

    assert_null(strpbrk(line, "\r\n"));
    assert_null(strstr(line, "s3cret"));
    while (*line != '\0') {
        if (strncmp(line, directory, size) == 0)
            line += size + 1;
        else
            (void)buffer_append(faults, line++, 1);
    }
    (void)buffer_append_text(faults, "\n");
}

/* PATH, relative to the folder; the folders are there. */
static void write_file(const char *name, const char *text, unsigned mode)
{
    const char *path = in_directory(name);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    support_set_mode(path, mode);
}

static struct config *load(struct buffer *faults)
{
    buffer_init(faults, 1024 * 1024);
    return config_load(in_directory("main.conf"), keep_fault, faults);
}

enum {
    FILES = 6
};

/* The folders that the tests have. */
static void begin(void)
{
    struct error error;

    support_empty_directory(directory);
    assert_int_equal(directory_make(in_directory("d/e"), &error), STATUS_OK);
}

struct row {
    const char *title;
    const char *files[2 * FILES]; /* name, text */
    const char *backups; /* "file:line name" of each, in their order; NULL: it is refused */
    const char *faults;  /* a part of them, or all where it ends in a line end */
};

#define BACKUP(name) "backup " name " { domains = " name ".example host = " name ".example }\n"
#define ALL "include = \"d/*.conf\"\n"

static const struct row rows[] = {
    {"in sorted order, after the file that names them",
     {"main.conf", ALL BACKUP("m"), "d/b.conf", BACKUP("b"), "d/C.conf", "\n" BACKUP("c"),
      "d/a.conf", "\n\n" BACKUP("a") BACKUP("z"), "d/10.conf", BACKUP("ten"), "d/9.conf",
      BACKUP("nine")},
     "main.conf:2 m\nd/10.conf:1 ten\nd/9.conf:1 nine\nd/C.conf:2 c\nd/a.conf:3 a\nd/a.conf:4 "
     "z\nd/b.conf:1 b\n",
     NULL},
    {"only what matches, and nothing hidden",
     {"main.conf", ALL BACKUP("m"), "d/a.conf~", "rubbish", "d/.a.conf", "rubbish", "d/a.txt",
      "rubbish", "d/a.conf.bak", "rubbish"},
     "main.conf:2 m\n",
     NULL},
    {"a ? is one byte",
     {"main.conf", "include = d/a?.conf\n", "d/a1.conf", BACKUP("a1"), "d/a.conf", "rubbish",
      "d/a12.conf", "rubbish"},
     "d/a1.conf:1 a1\n",
     NULL},
    {"several * of one pattern",
     {"main.conf", "include = \"d/*a*b*\"\n", "d/aab", BACKUP("x"), "d/xaxbx", BACKUP("y"), "d/ba",
      "rubbish"},
     "d/aab:1 x\nd/xaxbx:1 y\n",
     NULL},
    {"patterns that match nothing",
     {"main.conf", "include = {\"d/*.none\", \"none/*.conf\"}\n" BACKUP("m")},
     "main.conf:2 m\n",
     NULL},
    {"a list, in its own order",
     {"main.conf", "include = {d/b, \"d/a\"}\n", "d/a", BACKUP("a"), "d/b", BACKUP("b")},
     "d/b:1 b\nd/a:1 a\n",
     NULL},
    {"by a variable",
     {"main.conf", "include = \"${MXPULL_TEST_FILE}\"\n", "d/a", BACKUP("a")},
     "d/a:1 a\n",
     NULL},
    {"a relative path is relative to the file",
     {"main.conf", "include = d/a\n", "d/a", "include = e/b\n" BACKUP("a"), "d/e/b",
      "include = \"../c\"\n" BACKUP("b"), "d/c", BACKUP("c")},
     "d/a:2 a\nd/e/b:2 b\nd/e/../c:1 c\n",
     NULL},
    {"options and sections anywhere",
     {"main.conf", ALL "interval = 2h\n", "d/a.conf", "silence = 3d\nprimary { watch = 1m }\n",
      "d/b.conf", "defaults { tls = required }\n" BACKUP("b")},
     "d/b.conf:2 b\n",
     NULL},
    {"with a byte order mark and CRLF",
     {"main.conf", "\xef\xbb\xbf" ALL, "d/a.conf", "\xef\xbb\xbf# a\r\n\r\n" BACKUP("a") "\r\n",
      "d/b.conf", "\xef\xbb\xbf" BACKUP("b")},
     "d/a.conf:3 a\nd/b.conf:1 b\n",
     NULL},
    {"without an end of line, and empty",
     {"main.conf", ALL "# m", "d/a.conf", "", "d/b.conf", "# b", "d/c.conf", BACKUP("c") "# c",
      "d/d.conf", BACKUP("d")},
     "d/c.conf:1 c\nd/d.conf:1 d\n",
     NULL},
    {"nothing in any",
     {"main.conf", ALL, "d/a.conf", "\n"},
     NULL,
     "main.conf: no backup is configured, so there is nothing to ask; backup \"NAME\" { … } is "
     "missing\n"},
    {"faults of all files",
     {"main.conf", "nonsense = 1\n" ALL, "d/a.conf",
      "\nbackup a { domains = a.example port = x }\n", "d/b.conf", BACKUP("b") "interval = 1\n"},
     NULL,
     "main.conf:1: nonsense: is not an option\n"
     "d/a.conf:2: backup \"a\": port: \"x\" is not a whole number; 0 to 65535 are allowed\n"
     "d/b.conf:2: interval: \"1\" is not a duration; a number and a unit (s m h d w) are allowed, "
     "as in 90s, 4h or 1h30m, from 1m to 52w\n"},
    {"a syntax error ends its own file alone",
     {"main.conf", ALL, "d/a.conf", "backup a {\n }\n}\nport = 1\n", "d/b.conf", "port = 1\n"},
     NULL,
     "d/a.conf:3: a } stands here without its {; is there one too many?\nd/b.conf:1: port: is not "
     "an option; port belongs into a section backup { }\n"},
    {"a section ends in its file",
     {"main.conf", ALL, "d/a.conf", "\nbackup a {\n domains = a.example\n", "d/b.conf", "}\n"},
     NULL,
     "d/a.conf:2: backup \"a\": the section's { is never closed; a } ends it\nd/b.conf:1: a } "
     "stands here without its {; is there one too many?\n"},
    {"names twice",
     {"main.conf", ALL, "d/a.conf", "\n" BACKUP("x"), "d/b.conf", "\n\n" BACKUP("x")},
     NULL,
     "d/b.conf:3: backup \"x\": the name is taken by d/a.conf:2; each backup has one of its own\n"},
    {"an option twice",
     {"main.conf", "interval = 1h\n" ALL, "d/a.conf", "\ninterval = 2h\n" BACKUP("a")},
     NULL,
     "d/a.conf:2: interval: is set twice; main.conf:1 has it already\n"},
    {"options that exclude each other",
     {"main.conf", "interval = 1h\n" ALL BACKUP("m"), "d/a.conf", "\nschedule = \"0 1 * * *\"\n"},
     NULL,
     "d/a.conf:2: schedule: is set beside interval of main.conf:1; one of the two is allowed\n"},
    {"a section twice",
     {"main.conf", "primary { }\n" ALL, "d/a.conf", "primary { }\n" BACKUP("a")},
     NULL,
     "d/a.conf:1: primary: is there twice; main.conf:1 has it already\n"},
    {"include twice in one file",
     {"main.conf", ALL "include = d/x\n", "d/a.conf", BACKUP("a"), "d/x", BACKUP("x")},
     NULL,
     "main.conf:2: include: is set twice; line 1 has it already\n"},
    {"a file that is not there",
     {"main.conf", "\ninclude = d/none.conf\n" BACKUP("m")},
     NULL,
     "main.conf:2: include: d/none.conf: cannot be opened: "},
    {"one that an included file names",
     {"main.conf", ALL BACKUP("m"), "d/a.conf", "\n\ninclude = none.conf\n"},
     NULL,
     "d/a.conf:3: include: d/none.conf: cannot be opened: "},
    {"a folder",
     {"main.conf", "include = d\n" BACKUP("m")},
     NULL,
     "main.conf:1: include: d: is a directory, not a file\n"},
    {"a folder by a pattern",
     {"main.conf", "include = \"d/*\"\n" BACKUP("m")},
     NULL,
     "main.conf:1: include: d/e: is a directory, not a file\n"},
    {"itself",
     {"main.conf", "include = \"*.conf\"\n" BACKUP("m")},
     NULL,
     "main.conf:1: include: main.conf: includes itself; a file is read once\n"},
    {"itself, by another path",
     {"main.conf", "include = d/../main.conf\n" BACKUP("m")},
     NULL,
     "main.conf:1: include: d/../main.conf: includes itself; a file is read once\n"},
    {"itself, round about",
     {"main.conf", ALL, "d/a.conf", "\ninclude = b.conf\n" BACKUP("a"), "d/b.conf",
      "include = a.conf\n" BACKUP("b")},
     NULL,
     "d/a.conf:2: include: d/b.conf: is included twice; main.conf:1 does it already\nd/b.conf:1: "
     "include: d/a.conf: is included twice; main.conf:1 does it already\n"},
    {"itself, by its child",
     {"main.conf", "include = d/a\n", "d/a", "include = b\n" BACKUP("a"), "d/b",
      "include = a\n" BACKUP("b")},
     NULL,
     "d/b:1: include: d/a: includes itself; a file is read once\n"},
    {"nothing",
     {"main.conf", "include = \"\"\n" BACKUP("m")},
     NULL,
     "main.conf:1: include: \"\" names no file; a path such as conf.d/*.conf is allowed\n"},
    {"in a section",
     {"main.conf", "backup m { domains = m.example include = d/a }\n"},
     NULL,
     "main.conf:1: backup \"m\": include: is not an option of this section; include stands outside "
     "of all sections\n"},
    {"as libconfuse's function",
     {"main.conf", "include(\"d/a\")\n" BACKUP("m"), "d/a", BACKUP("a")},
     NULL,
     "main.conf:1: "},
    {"an included file with a NUL in its name's text",
     {"main.conf", "include = \"d/\\x01\"\n" BACKUP("m")},
     NULL,
     "main.conf:1: include: holds a line end or another control character; printable text is "
     "allowed\n"},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    struct buffer faults, found;

    begin();
    for (size_t i = 0; i < COUNT_OF(row->files) && row->files[i] != NULL; i += 2)
        write_file(row->files[i], row->files[i + 1], 0600);
    struct config *config = load(&faults);
    if (row->faults == NULL) {
        assert_string_equal(faults.bytes, "");
    } else if (row->faults[strlen(row->faults) - 1] == '\n') {
        assert_string_equal(faults.bytes, row->faults);
    } else {
        assert_non_null(strstr(faults.bytes, row->faults));
    }
    assert_int_equal(config != NULL, row->backups != NULL);
    buffer_init(&found, 10000);
    for (size_t i = 0; config != NULL && i < config->backup_count; i++)
        (void)buffer_append_format(&found, "%s:%d %s\n",
                                   config->backups[i].file + strlen(directory) + 1,
                                   config->backups[i].line, config->backups[i].name);
    if (row->backups != NULL)
        assert_string_equal(found.bytes, row->backups);
    buffer_done(&found);
    buffer_done(&faults);
    config_free(config);
}

/* A file that others can read must hold no password, whichever it is; the others may be open. */
static void test_open_to_others(void **state)
{
    struct buffer faults;

    (void)state;
    begin();
    write_file("main.conf", ALL BACKUP("m"), 0644);
    write_file("d/a.conf", BACKUP("a"), 0644);
    write_file("d/b.conf",
               "\nbackup b { domains = b.example tls = required user = u password = s3cret }\n",
               0600);
    config_free(load(&faults));
    assert_string_equal(faults.bytes, "");
    buffer_done(&faults);
    support_set_mode(in_directory("d/b.conf"), 0644);
    assert_null(load(&faults));
    assert_non_null(
        strstr(faults.bytes, "d/b.conf:2: backup \"b\": password: is open to others; run: "));
    buffer_done(&faults);
}

static void test_writable_by_others(void **state)
{
    struct buffer faults;

    (void)state;
    begin();
    write_file("main.conf", ALL BACKUP("m"), 0600);
    write_file("d/a.conf", BACKUP("a"), 0666);
    assert_null(load(&faults));
    assert_non_null(
        strstr(faults.bytes, "main.conf:1: include: d/a.conf: can be written by others; run: "));
    buffer_done(&faults);
}

static void load_unreadable(void *context)
{
    struct buffer faults;

    (void)context;
    assert_null(load(&faults));
    assert_non_null(strstr(faults.bytes, "main.conf:1: include: d/a.conf: cannot be opened: "));
    buffer_done(&faults);
}

static void test_unreadable(void **state)
{
    (void)state;
    begin();
    write_file("main.conf", ALL BACKUP("m"), 0644);
    write_file("d/a.conf", BACKUP("a"), 0600);
    support_set_mode(directory, 0755);
    support_set_mode(in_directory("d"), 0755);
    support_while_unreadable(in_directory("d/a.conf"), load_unreadable, NULL);
}

static void test_nul(void **state)
{
    struct buffer faults;

    (void)state;
    begin();
    write_file("main.conf", ALL BACKUP("m"), 0600);
    FILE *file = fopen(in_directory("d/a.conf"), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite("\n\0x", 1, 3, file), 3);
    assert_int_equal(fclose(file), 0);
    support_set_mode(in_directory("d/a.conf"), 0600);
    assert_null(load(&faults));
    assert_string_equal(faults.bytes, "d/a.conf:2: there is a NUL byte; a text file is allowed\n");
    buffer_done(&faults);
}

/* A hundred in all, and a word that there are more. */
static void test_hundred_faults(void **state)
{
    struct buffer faults, text;
    size_t lines = 0;

    (void)state;
    begin();
    buffer_init(&text, 10000);
    for (int i = 0; i < 60; i++)
        (void)buffer_append_text(&text, "nonsense = 1\n");
    write_file("main.conf", ALL, 0600);
    write_file("d/a.conf", text.bytes, 0600);
    write_file("d/b.conf", text.bytes, 0600);
    write_file("d/c.conf", text.bytes, 0600);
    assert_null(load(&faults));
    for (const char *at = faults.bytes; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 101);
    assert_non_null(strstr(faults.bytes, "d/b.conf:40: nonsense: "));
    assert_null(strstr(faults.bytes, "d/b.conf:41: "));
    assert_non_null(strstr(faults.bytes, "main.conf: there may be more faults than these 100\n"));
    buffer_done(&text);
    buffer_done(&faults);
}

/* What is printed is one whole, that needs the other files no more. */
static void test_print(void **state)
{
    struct buffer faults, text;
    struct error error;

    (void)state;
    begin();
    write_file("main.conf", ALL "interval = 2h\n", 0600);
    write_file("d/a.conf", BACKUP("a"), 0600);
    write_file("d/b.conf", BACKUP("b"), 0600);
    struct config *config = load(&faults);
    assert_non_null(config);
    assert_int_equal(config->files.count, 3);
    FILE *stream = tmpfile();
    assert_non_null(stream);
    config_print(config, stream);
    config_free(config);
    buffer_done(&faults);
    rewind(stream);
    buffer_init(&text, 1024 * 1024);
    assert_int_equal(file_read_open(stream, "printed", &text, &error), STATUS_OK);
    (void)fclose(stream);
    assert_non_null(strstr(text.bytes, "main.conf\n# and "));
    assert_null(strstr(text.bytes, "include = "));
    begin();
    write_file("main.conf", text.bytes, 0600);
    config = load(&faults);
    assert_string_equal(faults.bytes, "");
    assert_int_equal(config->backup_count, 2);
    assert_int_equal(config->timing.interval_s, 7200);
    config_free(config);
    buffer_done(&text);
    buffer_done(&faults);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_to_others), cmocka_unit_test(test_writable_by_others),
        cmocka_unit_test(test_unreadable),     cmocka_unit_test(test_nul),
        cmocka_unit_test(test_hundred_faults), cmocka_unit_test(test_print),
    };
    int failed;

    (void)make_directory(NULL);
    set_variable("MXPULL_TEST_FILE", "d/a");
    failed = RUN_TABLE(rows, test_row) + cmocka_run_group_tests(tests, NULL, NULL);
    (void)remove_directory(NULL);
    return unit_status(failed);
}

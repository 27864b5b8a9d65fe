/* config: what a file may say, what it becomes, and what is said about each thing that is wrong
 * with it. */
#include "capture.h"
#include "read_file.h"
#include "unit.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/config/config.h>
#include <mxpull/config/options.h>
#include <mxpull/plan/schedule.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/system_log.h>

#include <stdio.h>
#include <support.h>
#include <support_words.h>
#include <time.h>

#define KEY "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define HUNDRED                                                                                    \
    "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghija"  \
    "bcdefghij"
#define BACKUP "backup mx { domains = a.example }\n" /* so that there is one */
#define ETRN "backup mx {\n domains = a.example\n "
#define TLS "backup mx {\n domains = a.example\n tls = required\n "

static char path[SUPPORT_PATH_SIZE + 16]; /* of the file that the tests write */

/* Loading, and the faults that were reported */

static void keep_fault(void *context, const char *line)
{
    struct buffer *faults = context;
    size_t skip = strncmp(line, path, strlen(path)) == 0 ? strlen(path) + 1 : 0;

    assert_null(strpbrk(line, "\r\n"));
    assert_null(strstr(line, "s3cret"));
    assert_int_equal(buffer_append_format(faults, "%s\n", line + skip), STATUS_OK);
}

static void write_file(const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    support_set_mode(path, 0600);
}

/* Loads size bytes; *faults is filled, one line each without the file's name. */
static struct config *load_bytes(const char *text, size_t size, struct buffer *faults)
{
    write_file(text, size);
    return config_load(path, keep_fault, faults);
}

/* Loads what must be good. */
static struct config *load(const char *text)
{
    struct buffer faults;

    buffer_init(&faults, 1024 * 1024);
    struct config *config = load_bytes(text, strlen(text), &faults);
    assert_string_equal(faults.bytes, "");
    assert_non_null(config);
    buffer_done(&faults);
    return config;
}

static void log_of_another_system_is_refused(void **state)
{
    const char *text = system_log_is_syslog() ? "log = eventlog\n" : "log = syslog\n";
    struct buffer faults;

    (void)state;
    buffer_init(&faults, 1024);
    assert_null(load_bytes(text, strlen(text), &faults));
    assert_non_null(strstr(faults.bytes, "1: log: "));
    assert_non_null(strstr(faults.bytes, " is not a log of this system; stderr, "));
    buffer_done(&faults);
}

static void journal_is_refused_where_there_is_none(void **state)
{
    const char *text = "primary { mail_log = journal }\n" BACKUP;
    struct buffer faults;

    (void)state;
    buffer_init(&faults, 1024);
    struct config *config = load_bytes(text, strlen(text), &faults);
    if (system_log_is_syslog()) {
        assert_non_null(config);
        assert_string_equal(config->primary.mail_log, "journal");
    } else {
        assert_null(config);
        assert_non_null(strstr(faults.bytes, "1: primary: mail_log: \"journal\" is not a log of "
                                             "this system; auto, off, "));
    }
    config_free(config);
    buffer_done(&faults);
}

/* What config_print says; the caller frees it. */
static char *print(const struct config *config)
{
    FILE *stream = tmpfile();
    struct buffer text;
    struct error error;

    assert_non_null(stream);
    config_print(config, stream);
    rewind(stream);
    buffer_init(&text, 64 * 1024 * 1024);
    assert_int_equal(file_read_open(stream, "printed", &text, &error), STATUS_OK);
    (void)fclose(stream);
    char *copy = memory_copy(text.bytes);
    buffer_done(&text);
    return copy;
}

/* Faults: each row's file has exactly these, in this order. Each line of faults is the beginning of
 * a reported one. */

struct fault_row {
    const char *name, *text, *faults;
};

static const struct fault_row syntax_rows[] = {
    {"empty file", "", " no backup is configured"},
    {"blanks and comments alone", " \t\n# x\n// y\n/* z\n */\n", " no backup is configured"},
    {"unknown option", "intervall = 4h\n" BACKUP,
     "1: intervall: is not an option; did you mean interval?"},
    {"beginning of a name", "on_fail = x\n" BACKUP,
     "1: on_fail: is not an option; did you mean on_failure?"},
    {"beginning of a name of this section", "backup mx { domains = a.example\n ret = {1m}\n}\n",
     "2: backup \"mx\": ret: is not an option of this section; did you mean retry?"},
    {"beginning of two letters", "on = x\n" BACKUP, "1: on: is not an option\n"},
    {"swapped letters", "ehlo_nmae = x\n" BACKUP,
     "1: ehlo_nmae: is not an option; did you mean ehlo_name?"},
    {"upper case", "Interval = 4h\n" BACKUP,
     "1: Interval: is not an option; did you mean interval?"},
    {"unlike anything", "zzzzzzzz = 4h\n" BACKUP, "1: zzzzzzzz: is not an option\n"},
    {"option of a section", "domains = {a.example}\n" BACKUP,
     "1: domains: is not an option; domains belongs into a section backup { }"},
    {"global option in a section", "backup mx { domains = a.example\nlog = syslog\n}\n",
     "2: backup \"mx\": log: is not an option of this section; log stands outside of all sections"},
    {"unknown option in a section", "backup mx {\n domains = a.example\n usr = x\n}\n",
     "3: backup \"mx\": usr: is not an option of this section; did you mean user?"},
    {"unknown list", "x = {1, 2,\n 3}\ny = 1\n" BACKUP,
     "1: x: is not an option\n3: y: is not an option"},
    {"all unknown ones at once", "x = 1\nbackup mx {\n domains = a.example\n y = 1\n}\nz = 2\n",
     "1: x: is not\n4: backup \"mx\": y: is not\n6: z: is not"},
    {"unknown section", "bakcup mx { domains = a.example\n host = { {} } }\nx = 1\n",
     "1: bakcup: is not a section; did you mean backup?\n3: x: is not"},
    {"unknown section in a section", "backup mx { domains = a.example\n tls { verify = 1 }\n}\n",
     "2: backup \"mx\": tls: is an option, not a section; write tls = "},
    {"option as a section", "interval { }\n" BACKUP, "1: interval: is an option, not a section"},
    {"section as an option", "primary = x\n" BACKUP, "1: primary: is a section; write primary { "},
    {"primary twice", "primary { }\nprimary { watch = rubbish }\n" BACKUP,
     "2: primary: is there twice; line 1 has it already"},
    {"primary with a name", "primary x { }\n" BACKUP, "1: primary: has a name; primary { … } is"},
    {"backup without a name", "backup { host = a\n domains = a.example }\n",
     "1: backup: has no name;"},
    {"backup with an empty name", "backup \"\" { host = a\n domains = a.example }\n",
     "1: backup: has an empty name; "},
    {"name of 101 bytes", "backup " HUNDRED "x { host = a\n domains = a.example }\n",
     "1: backup \"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij…\": has too long a "
     "name; "
     "up to 100 bytes"},
    {"name with an escape sequence", "backup \"a\\e[2J\" { host = a\n domains = a.example }\n",
     "1: backup \"a\\x1b[2J\": its name cannot be printed"},
    {"name with a soft hyphen", "backup \"a\u00adb\" { host = a\n domains = a.example }\n",
     "1: backup \"a\\xc2\\xadb\": its name cannot be printed"},
    {"name that is no UTF-8", "backup 'a\xff' { host = a\n domains = a.example }\n",
     "1: backup \"a\\xff\": its name cannot be printed"},
    {"name twice", BACKUP "\n" BACKUP, "3: backup \"mx\": the name is taken by line 1;"},
    {"name three times", BACKUP BACKUP BACKUP,
     "2: backup \"mx\": the name is taken by line 1\n3: backup \"mx\": the name is taken by line "
     "2"},
    {"option twice", "interval = 1h\nlog = stderr\ninterval = 2h\n" BACKUP,
     "3: interval: is set twice; line 1 has it already"},
    {"option twice in a section", "backup mx {\n domains = a.example\n domains = b.example\n}\n",
     "3: backup \"mx\": domains: is set twice; line 2"},
    {"list for one value", "interval = {1h, 2h}\nschedule = {}\n" BACKUP,
     "1: interval: is a list; one value\n2: schedule: is a list; one value"},
    {"adding", "retry += 1h\n" BACKUP, "1: retry: cannot be added to by +=;"},
    {"brace missing at the end", "backup mx {\n domains = a.example\n",
     "1: backup \"mx\": the section's { is never"},
    {"brace missing before a section", "backup mx {\n domains = a.example\n\nbackup b { }\n",
     "4: backup \"mx\": another section begins before the one of line 1 has ended; is a } "
     "missing?"},
    {"brace too many behind a value", "interval = 4h }\n" BACKUP,
     "1: a } stands here without its {"},
    {"brace too many", BACKUP "}\ninterval = rubbish\n", "2: a } stands here without its {"},
    {"brace missing after a list", "backup mx {\n domains = {a.example\n tls = may\n}\n",
     "3: backup \"mx\": domains: a list ends with }, and commas"},
    {"list to the end", "retry = {1m,", "1: retry: a list ends with }"},
    {"comma missing", "retry = {1m 2m}\n" BACKUP, "1: retry: a list ends with }, and commas stand"},
    {"two commas", "retry = {1m,, 2m}\n" BACKUP, "1: retry: a list ends with }, and commas stand"},
    {"queue without quotes", "backup mx {\n domains = {#queue}\n}\n",
     "2: backup \"mx\": domains: # begins a comment here; a \"#queue\" must stand in quotes"},
    {"queue without quotes behind a blank", "backup mx {\n domains = { a.example, #queue }\n}\n",
     "2: backup \"mx\": domains: # begins a comment here"},
    {"queue without quotes and braces", "backup mx {\n domains = #queue\n}\n",
     "2: backup \"mx\": domains: # begins a comment here"},
    {"value missing", "interval =\nlog = stderr\n" BACKUP, "2: interval: its value is missing"},
    {"value missing at the end", "interval =", "1: interval: its value is missing"},
    {"value is a comment", "interval = # 4h\nlog = stderr\n" BACKUP,
     "2: interval: its value is missing;"},
    {"equals sign missing", "interval 4h\nlog = stderr\n" BACKUP,
     "1: interval: is followed by neither = nor {"},
    {"a word alone", "interval\n", "1: interval: is followed by neither"},
    {"value of two words", "ehlo_name = a b\n" BACKUP,
     "1: ehlo_name: there is more behind its value; a value with"},
    {"quote not closed", "log = stderr\nehlo_name = \"abc\ninterval = rubbish\n",
     "2: a quote is not closed on its line"},
    {"single quote not closed", "ehlo_name = 'abc\\'\n" BACKUP,
     "1: a quote is not closed on its line"},
    {"comment not closed", BACKUP "\n/* x\n\n", "3: a comment that begins with /* has no end"},
    {"star without quotes", "schedule = * * * * *\n" BACKUP,
     "1: a value with one of # = { } ( ) + , * must"},
    {"include", "include(\"/etc/passwd\")\n" BACKUP, "1: a value with one of # = { }"},
    {"value before a #", "interval = 4h#x\n" BACKUP,
     "1: interval: is followed by # without a blank"},
    {"NUL by an octal escape", "ehlo_name = \"a\\0b\"\n" BACKUP, "1: ehlo_name: holds a NUL"},
    {"NUL by a hexadecimal escape", "ehlo_name = \"a\\x00\"\n" BACKUP, "1: ehlo_name: holds a NUL"},
    {"bad escape", "ehlo_name = \"a\\400\"\nlog = \"\\8\"\n" BACKUP,
     "1: ehlo_name: has a bad escape\n2: log: has a bad escape"},
    {"variable without its end", "ehlo_name = \"${HOME\"\n" BACKUP, "1: has a ${ without its }"},
    {"variable in a word", "ehlo_name = a${HOME}\n" BACKUP,
     "1: ehlo_name: there is more behind its value"},
    {"equals sign in a word", "ehlo_name = a=b\n" BACKUP,
     "1: ehlo_name: there is more behind its value"},
    {"lines are counted through comments",
     "# a\n/* b\n c */ // d\n\nx = {1, # e\n 2}\n\ny = 1\n" BACKUP, "5: x: is not\n8: y: is not"},
    {"lines are counted through CR LF", "interval = 4h\r\n\r\nx = 1\r\n" BACKUP, "3: x: is not"},
    {"faults before a syntax error", "interval = rubbish\nx = 1\n}\ny = 1\n",
     "1: interval: \"rubbish\" is not\n2: x: is not\n3: a } stands"},
    {"a broken section is not judged as a whole", "backup mx {\n user = x\n \"\n}\n",
     "3: backup \"mx\": a quote is not closed"},
};

static const struct fault_row value_rows[] = {
    {"duration in words", "interval = \"4 hours\"\n" BACKUP,
     "1: interval: \"4 hours\" is not a duration; a number and a unit (s m h d w) are allowed, as "
     "in 90s, 4h or "
     "1h30m, from 1m to 52w"},
    {"duration without a unit", "interval = 90\n" BACKUP, "1: interval: \"90\" is not a duration"},
    {"duration too short", "interval = 59s\n" BACKUP,
     "1: interval: \"59s\" is out of range; 1m to 52w are allowed"},
    {"duration too long", "interval = 53w\n" BACKUP,
     "1: interval: \"53w\" is out of range; 1m to 52w are allowed"},
    {"duration empty", "interval = \"\"\n" BACKUP, "1: interval: \"\" is not a duration"},
    {"variable that is not set", "interval = \"${MXPULL_TEST_UNSET}\"\n" BACKUP,
     "1: interval: names a variable in ${ } that is not set; set it, or write ${NAME:-DEFAULT}"},
    {"variable as a word that is not set", "interval = ${MXPULL_TEST_UNSET}\n" BACKUP,
     "1: interval: names a variable"},
    {"variable of a list that is not set",
     "backup mx { domains = {\"a.example\",\n \"${MXPULL_TEST_UNSET}\"} }\n",
     "2: backup \"mx\": domains: names a variable"},
    {"backslash that begins no escape", "on_failure = \"C:\\Programs\\x\"\n" BACKUP,
     "1: on_failure: has a \\ that begins no escape; write \\\\ for a backslash, or put the value "
     "in "
     "single quotes"},
    {"backslash in a secret",
     "backup mx {\n domains = a.example\n tls = required\n user = x\n password = "
     "\"s3cret\\user\"\n}\n",
     "5: backup \"mx\": password: has a \\ that begins no escape"},
    {"backslash and x without digits", "on_failure = \"\\xyz\"\n" BACKUP,
     "1: on_failure: has a \\ that begins no escape"},
    {"host and port", ETRN "host = \"mx2.example:2525\"\n}\n",
     "3: backup \"mx\": host: holds a port; set host = \"mx2.example\" and port = 2525"},
    {"host and port of IPv6", ETRN "host = \"[2001:db8::1]:25\"\n}\n",
     "3: backup \"mx\": host: holds a port; set host = \"2001:db8::1\" and port = 25"},
    {"host and no port", ETRN "host = \"mx2.example:smtp\"\n}\n",
     "3: backup \"mx\": host: \"mx2.example:smtp\" is not an IP address"},
    {"list without braces", "retry = 1m, 5m\n" BACKUP,
     "1: retry: there is more behind its value; a list stands in { }, with commas between its "
     "values"},
    {"list of domains without braces", "backup mx { domains = a.example b.example\n}\n",
     "1: backup \"mx\": domains: there is more behind its value; a list stands in { }"},
    {"two values", "interval = 1h, 2h\n" BACKUP,
     "1: interval: there is more behind its value; a value with blanks"},
    {"CA file at a relative path", TLS "tls_ca_file = ca.pem\n}\n",
     "4: backup \"mx\": tls_ca_file: \"ca.pem\" is not an absolute path; "},
    {"password file at a relative path", TLS "user = x\n password_file = secret\n}\n",
     "5: backup \"mx\": password_file: \"secret\" is not an absolute path; "},
    {"fault in the defaults, told once",
     "defaults { command_timeout = 1x\n}\nbackup a { domains = a.example }\nbackup b { domains = "
     "b.example }\n",
     "1: defaults: command_timeout: \"1x\" is not a duration"},
    {"defaults twice", "defaults { }\n" ETRN "}\ndefaults { }\n",
     "5: defaults: is there twice; line 1 has it already"},
    {"defaults with a name", "defaults x { }\n" BACKUP,
     "1: defaults: has a name; defaults { … } is allowed"},
    {"defaults as an option", "defaults = x\n" BACKUP,
     "1: defaults: is a section; write defaults { … }"},
    {"host and domains in the defaults",
     "defaults {\n host = mx.example\n domains = a.example\n}\n" BACKUP,
     "2: defaults: host: is not an option of this section; host belongs into a section backup { }\n"
     "3: defaults: domains: is not an option of this section"},
    {"misspelt in the defaults", "defaults {\n comand_timeout = 1m\n}\n" BACKUP,
     "2: defaults: comand_timeout: is not an option of this section; did you mean "
     "command_timeout?"},
    {"misspelt defaults", "default { }\n" BACKUP,
     "1: default: is not a section; did you mean defaults?"},
    {"user in clear by the defaults", "defaults {\n user = x\n password = s3cret\n}\n" BACKUP,
     "2: backup \"mx\": user: would be sent in clear"},
    {"bad one in a list", "retry = {1m,\n 0s,\n x}\n" BACKUP,
     "2: retry: \"0s\" is out of range; 1s to\n3: retry: \"x\" is not a duration"},
    {"number out of range", "concurrency = 0\n" BACKUP,
     "1: concurrency: \"0\" is out of range; 1 to 1000 are allowed"},
    {"number above its range", "concurrency = 1001\n" BACKUP,
     "1: concurrency: \"1001\" is out of range"},
    {"number below zero", "concurrency = -1\n" BACKUP,
     "1: concurrency: \"-1\" is not a whole number; 1 to"},
    {"number too long", "concurrency = 99999999999999999999\n" BACKUP,
     "1: concurrency: \"99999999999999999999\" is out"},
    {"port out of range", "backup mx { domains = a.example\n port = 65536\n}\n",
     "2: backup \"mx\": port: \"65536\" is out of range; 0 to 65535 are allowed"},
    {"flag", "primary { proxy_protocol = maybe }\n" BACKUP,
     "1: primary: proxy_protocol: \"maybe\" is neither yes nor no; true, false, yes, no, on, off "
     "are allowed"},
    {"choice", "log_format = xml\n" BACKUP,
     "1: log_format: \"xml\" is not known; text, json are allowed"},
    {"control character", "on_failure = \"a\\nb\"\n" BACKUP,
     "1: on_failure: holds a line end or another control"},
    {"control character in a secret",
     "backup mx {\n domains = a.example\n tls = required\n user = x\n password = "
     "\"s3cret\\r\"\n}\n",
     "5: backup \"mx\": password: holds a line end"},
    {"log", "log = nowhere\n" BACKUP, "1: log: \"nowhere\" is not a log of this system"},
    {"log without a path", "log = \"file:\"\n" BACKUP, "1: log: \"file:\" is not a log"},
    {"log at a relative path", "log = \"file:log/mxpull\"\n" BACKUP,
     "1: log: \"log/mxpull\" is not an absolute path; one from the root on is allowed, as in "
     "/PATH"},
    {"state at a relative path", "state_dir = state\n" BACKUP,
     "1: state_dir: \"state\" is not an absolute path; "},
    {"state at home", "state_dir = \"~/state\"\n" BACKUP,
     "1: state_dir: \"~/state\" is not an absolute path; "},
    {"metrics at a relative path", "metrics_file = ./x.prom\n" BACKUP,
     "1: metrics_file: \"./x.prom\" is not an absolute path; "},
    {"log of another system", "log = " LOG_FOREIGN "\n" BACKUP,
     "1: log: \"" LOG_FOREIGN "\" is not a log of this system; stderr, " LOG_OWN},
    {"EHLO name with a space", "ehlo_name = \"a b\"\n" BACKUP, "1: ehlo_name: \"a b\" has a space"},
    {"EHLO name is a bare address", "ehlo_name = 192.0.2.1\n" BACKUP,
     "1: ehlo_name: \"192.0.2.1\" is not an address literal"},
    {"public name is an address", "primary { public_name = 192.0.2.1 }\n" BACKUP,
     "1: primary: public_name: \"192.0.2.1\" is no host name; a name as MX records have it"},
    {"public name is an IPv6 address", "primary { public_name = '::1' }\n" BACKUP,
     "1: primary: public_name: \"::1\" is no host name"},
    {"EHLO name is a bad literal", "ehlo_name = \"[192.0.2]\"\n" BACKUP,
     "1: ehlo_name: \"[192.0.2]\" is not an address"},
    {"cron of four fields", "schedule = \"0 0 * *\"\n" BACKUP,
     "1: schedule: \"0 0 * *\" does not have 5 fields; minute"},
    {"cron shorthand", "schedule = @dayly\n" BACKUP,
     "1: schedule: \"@dayly\" is none of @hourly, @daily, @weekly, @monthly, @yearly; these, or "
     "minute hour day month weekday are allowed"},
    {"interval of ages", "interval = 99999w\n" BACKUP,
     "1: interval: \"99999w\" is too long; 1m to 52w are allowed"},
    {"cron hour", "schedule = \"0 24 * * *\"\n" BACKUP,
     "1: schedule: \"0 24 * * *\" has a bad field: the hour"},
    {"primary without a port", "primary {\n address = localhost }\n" BACKUP,
     "2: primary: address: \"localhost\" is not an address; host:port, [v6]:port and unix:PATH are "
     "allowed"},
    {"primary's port", "primary { address = \"localhost:0\" }\n" BACKUP,
     "1: primary: address: \"localhost:0\" is not"},
    {"primary is IPv6 without brackets", "primary { address = \"::1:25\" }\n" BACKUP,
     "1: primary: address: \"::1:25\" is"},
    {"primary at a relative path", "primary { address = \"unix:run/x\" }\n" BACKUP,
     "1: primary: address: \"unix:run/x\" is not a socket"},
    {"host is half an address", "backup mx { domains = a.example\n host = 192.0.2 }\n",
     "2: backup \"mx\": host: \"192.0.2\" is not an IP address"},
    {"host with a label too long", "backup mx { domains = a.example\n host = a..b }\n",
     "2: backup \"mx\": host: \"a..b\" has an empty label"},
    {"name is no host", "backup \"the second\" { domains = a.example }\n",
     "1: backup \"the second\": host: is not set, and the backup's name is none"},
    {"domain with two dots", "backup mx { domains = {b.example,\n a..b} }\n",
     "2: backup \"mx\": domains: \"a..b\" has an empty label"},
    {"domain is a mail address", "backup mx { domains = \"a@b.example\" }\n",
     "1: backup \"mx\": domains: \"a@b.example\" is a mail"},
    {"domain with a line end", "backup mx { domains = \"a.example\\r\\nQUIT\" }\n",
     "1: backup \"mx\": domains: \"a.example\\r\\nQUIT\" has"},
    {"domain twice", "backup mx { domains = {a.example, b.example,\n A.Example} }\n",
     "2: backup \"mx\": domains: \"a.example\" is there twice; line 1 has it already"},
    {"domain twice, once as an A-label",
     "backup mx { domains = {b\xc3\xbc"
     "cher.example, xn--bcher-kva.example} }\n",
     "1: backup \"mx\": domains: \"xn--bcher-kva.example\" is there twice"},
    {"fingerprint",
     "backup mx { domains = a.example\n tls = required\n tls_fingerprint = \"sha256//AAAA\" }\n",
     "3: backup \"mx\": tls_fingerprint: \"sha256//AAAA\" is not a fingerprint"},
    {"fingerprint that no key can have",
     "backup mx { domains = a.example\n tls = required\n"
     " tls_fingerprint = \"sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\" }\n",
     "3: backup \"mx\": tls_fingerprint: \"sha256//47DEQpj8HBSa"},
    {"CA file that is not there",
     "backup mx { domains = a.example\n tls = required\n tls_ca_file = \"" ROOT
     "/no/such.pem\" }\n",
     "3: backup \"mx\": tls_ca_file: " ROOT "/no/such.pem: cannot be opened: "},
    {"mechanism",
     "backup mx { domains = a.example\n tls = required\n user = x\n password = x\n auth = 'PLAIN "
     "LOGIN' }\n",
     "5: backup \"mx\": auth: \"PLAIN LOGIN\" is not a mechanism"},
    {"where mail comes from",
     "backup mx { domains = a.example\n arrives_from = {192.0.2.1,\n mx.example} }\n",
     "3: backup \"mx\": arrives_from: \"mx.example\" is neither an IP address nor a network"},
    {"a network of too many bits",
     "backup mx { domains = a.example\n arrives_from = \"192.0.2.0/33\" }\n",
     "2: backup \"mx\": arrives_from: \"192.0.2.0/33\" is neither an IP address nor a network"},
    {"an empty network", "backup mx { domains = a.example\n arrives_from = \"\" }\n",
     "2: backup \"mx\": arrives_from: \"\" is neither an IP address nor a network"},
    {"source address", "backup mx { domains = a.example\n source_address = eth0 }\n",
     "2: backup \"mx\": source_address: \"eth0\" is not an IP address"},
    {"drill by a bad expression", "drill = \"0 5 1\"\n" BACKUP, "1: drill: "},
    {"drill to no address", "drill_to = 'a b@a.example'\n" BACKUP,
     "1: drill_to: \"a b@a.example\" is no mail address; user@example.com, or user alone, is "
     "allowed"},
    {"drill to a dot at the begin", "drill_to = .a\n" BACKUP, "1: drill_to: \".a\" is no mail"},
    {"drill to two dots", "drill_to = a..b\n" BACKUP, "1: drill_to: \"a..b\" is no mail"},
    {"drill to nobody", "drill_to = '@a.example'\n" BACKUP, "1: drill_to: \"@a.example\" is no"},
    {"drill to a command", "drill_to = 'a>x@a.example'\n" BACKUP, "1: drill_to: \"a>x@a"},
    {"drill to no domain", "drill_to = 'a@b@a.example'\n" BACKUP,
     "1: drill_to: \"a@b@a.example\" has no domain behind the @"},
    {"drill to an address literal", "drill_to = 'a@[192.0.2.1]'\n" BACKUP,
     "1: drill_to: \"a@[192.0.2.1]\" has no domain behind the @"},
    {"drill to another's domain", "drill_to = a@b.example\n" BACKUP,
     "1: drill_to: is not of a domain that a backup has; an address of one of your domains"},
    {"drill to a domain that ends alike", "drill_to = a@xa.example\n" BACKUP,
     "1: drill_to: is not of a domain that a backup has"},
    {"drill to a domain below a plain one", "drill_to = a@x.a.example\n" BACKUP,
     "1: drill_to: is not of a domain that a backup has"},
    {"DNS server by its name", "dns_server = ns.example:53\n" BACKUP,
     "1: dns_server: \"ns.example:53\" is not the address of a DNS server; 192.0.2.1, "},
    {"DNS server at port 0", "dns_server = 192.0.2.1:0\n" BACKUP,
     "1: dns_server: \"192.0.2.1:0\" is not the address of a DNS server"},
    {"DNS server at a port too high", "dns_server = 192.0.2.1:65536\n" BACKUP,
     "1: dns_server: \"192.0.2.1:65536\" is not the address of a DNS server"},
    {"two DNS servers", "dns_server = '192.0.2.1,192.0.2.2'\n" BACKUP,
     "1: dns_server: \"192.0.2.1,192.0.2.2\" is not the address of a DNS server"},
    {"DNS server with half a bracket", "dns_server = '[::1:53'\n" BACKUP,
     "1: dns_server: \"[::1:53\" is not the address of a DNS server"},
    {"proxy without a scheme", "backup mx { domains = a.example\n proxy = 'u:s3cret@h:1080' }\n",
     "2: backup \"mx\": proxy: has no scheme that is known; socks4://"},
    {"proxy of another scheme", "backup mx { domains = a.example\n proxy = 'ftp://h:1080' }\n",
     "2: backup \"mx\": proxy: has no scheme"},
    {"proxy without a port", "backup mx { domains = a.example\n proxy = 'http://u:s3cret@h' }\n",
     "2: backup \"mx\": proxy: has no good host and port"},
    {"proxy with a path", "backup mx { domains = a.example\n proxy = 'http://h:80/' }\n",
     "2: backup \"mx\": proxy: has no good host"},
    {"proxy with a blank", "backup mx { domains = a.example\n proxy = 'http://u s3cret@h:80' }\n",
     "2: backup \"mx\": proxy: holds a character"},
};

static const struct fault_row combination_rows[] = {
    {"user without TLS", ETRN "user = x\n password = s3cret\n}\n",
     "3: backup \"mx\": user: would be sent in clear"},
    {"user with TLS off", ETRN "tls = off\n user = x\n password = s3cret\n}\n",
     "4: backup \"mx\": user: would be sent in clear"},
    {"user without TLS, when TLS is misspelt",
     ETRN "tls = requird\n user = x\n password = s3cret\n}\n",
     "3: backup \"mx\": tls: \"requird\" is not known"},
    {"user without TLS, when TLS is there twice",
     ETRN "tls = {may, required}\n user = x\n password = s3cret\n}\n",
     "3: backup \"mx\": tls: is a list"},
    {"password without a user", TLS "password = s3cret\n}\n",
     "4: backup \"mx\": password: is never used without a user"},
    {"password by two ways",
     TLS "user = x\n password = s3cret\n password_file = \"" ROOT "/x\"\n}\n",
     "6: backup \"mx\": password_file: is one password too many"},
    {"password by three ways",
     TLS "user = x\n password_command = x\n password = s3cret\n password_file = \"" ROOT
         "/x\"\n}\n",
     "5: backup \"mx\": password_command: is one\n7: backup \"mx\": password_file: is one"},
    {"user without a password", TLS "user = x\n}\n", "4: backup \"mx\": user: has no password"},
    {"user with a password that is not set",
     TLS "user = x\n password = \"${MXPULL_TEST_UNSET:-}\"\n}\n",
     "4: backup \"mx\": user: has no password"},
    {"mechanism without a user", TLS "auth = PLAIN\n}\n",
     "4: backup \"mx\": auth: is never used without a user"},
    {"password of two words", TLS "user = x\n password = some s3cret\n}\n",
     "5: backup \"mx\": password: there is more behind its value"},
    {"password of two words with =", TLS "user = x\n password = some s3cret = x\n}\n",
     "5: backup \"mx\": password: there is more behind its value"},
    {"password in quotes and a word", TLS "user = x\n password = 'some' s3cret = x\n}\n",
     "5: backup \"mx\": password: there is more behind its value"},
    {"password before a #", TLS "user = x\n password = abc#s3cret\n}\n",
     "5: backup \"mx\": password: is followed by #"},
    {"atrn without a user", ETRN "method = atrn\n}\n",
     "3: backup \"mx\": method: atrn and turn need a user"},
    {"turn without a user", ETRN "method = turn\n}\n",
     "3: backup \"mx\": method: atrn and turn need a user"},
    {"turn without TLS", ETRN "method = turn\n user = x\n password = s3cret\n}\n",
     "4: backup \"mx\": user: would be sent in clear"},
    {"etrn without domains", "backup mx {\n}\n", "1: backup \"mx\": domains: names none"},
    {"etrn with an empty list", "backup mx {\n domains = {}\n}\n",
     "2: backup \"mx\": domains: names none"},
    {"atrn without domains",
     "backup mx { method = atrn\n tls = required\n user = x\n password = x\n}\n",
     "1: backup \"mx\": domains: names none, and atrn and turn need domains: the guard lets in no "
     "other"},
    {"turn with an empty list",
     "backup mx { method = turn\n tls = implicit\n user = x\n password = x\n domains = {}\n}\n",
     "5: backup \"mx\": domains: names none, and atrn and turn need domains"},
    {"ATRN without domains or names",
     "backup mx { method = atrn\n tls = required\n user = x\n password = x\n"
     " name_domains = false\n}\n",
     "1: backup \"mx\": domains: names none"},
    {"etrn without names", ETRN "name_domains = false\n}\n",
     "3: backup \"mx\": name_domains: false is for atrn alone"},
    {"turn without names", TLS "method = turn\n user = x\n password = x\n name_domains = no\n}\n",
     "7: backup \"mx\": name_domains: false is for atrn alone"},
    {"queue with turn",
     "backup mx { method = turn\n tls = required\n user = x\n password = x\n domains = "
     "\"#a.example\"\n}\n",
     "5: backup \"mx\": domains: a #queue is for etrn alone"},
    {"queue with atrn",
     "backup mx { method = atrn\n tls = required\n user = x\n password = x\n domains = "
     "{a.example,\n \"#q\"}\n}\n",
     "6: backup \"mx\": domains: a #queue is for etrn alone"},
    {"CA file with TLS may", ETRN "tls_ca_file = " FILE_THERE "\n}\n",
     "3: backup \"mx\": tls_ca_file: is never used with tls = off or may"},
    {"fingerprint with TLS off", ETRN "tls = off\n tls_fingerprint = \"" KEY "\"\n}\n",
     "4: backup \"mx\": tls_fingerprint: is never used"},
    {"CA file that is not looked at", TLS "tls_verify = no\n tls_ca_file = " FILE_THERE "\n}\n",
     "5: backup \"mx\": tls_ca_file: is never used with tls_verify = false"},
    {"jitter beyond a tenth", "jitter = 30m\n" BACKUP,
     "1: jitter: is more than a tenth of the interval; up to 24m are allowed here"},
    {"jitter of a backup beyond a tenth", ETRN "interval = 10m\n jitter = 2m\n}\n",
     "4: backup \"mx\": jitter: is more than a tenth"},
    {"jitter of a backup with the interval of all", "interval = 10m\n" ETRN "jitter = 2m\n}\n",
     "4: backup \"mx\": jitter: is more than"},
    {"interval and schedule", "schedule = @daily\ninterval = 1h\n" BACKUP,
     "2: interval: is set beside schedule of line 1"},
    {"interval and schedule of a backup", ETRN "interval = 1h\n schedule = @daily\n}\n",
     "4: backup \"mx\": schedule: is set beside interval of line 3"},
    {"source of the wrong version", ETRN "ip = 4\n source_address = ::1\n}\n",
     "4: backup \"mx\": source_address: is not an address of the version"},
    {"host of the wrong version", ETRN "ip = 6\n host = 192.0.2.1\n}\n",
     "4: backup \"mx\": host: is not an address of the version"},
    {"source and host of two versions", ETRN "source_address = 192.0.2.2\n host = ::1\n}\n",
     "3: backup \"mx\": source_address: cannot reach the host"},
    {"mail log that is none", "primary { mail_log = /var/log/mail.log }\n" BACKUP,
     "1: primary: mail_log: \"/var/log/mail.log\" is not a log"},
    {"mail log at a relative path", "primary { mail_log = \"file:mail.log\" }\n" BACKUP,
     "1: primary: mail_log: \"mail.log\" is not an absolute path"},
    {"mail log without a path", "primary { mail_log = \"file:\" }\n" BACKUP,
     "1: primary: mail_log: \"\" is not an absolute path"},
    {"mail log of no command", "primary { mail_log = \"command:\" }\n" BACKUP,
     "1: primary: mail_log: \"command:\" is not a log"},
    {"no backup", "primary { }\n", " no backup is configured"},
    {"no backup, but a misspelt one", "backups mx { }\n",
     "1: backups: is not a section; did you mean backup?"},
};

static void test_faults(void **state)
{
    const struct fault_row *row = *state;
    struct buffer faults;

    buffer_init(&faults, 1024 * 1024);
    assert_null(load_bytes(row->text, strlen(row->text), &faults));
    const char *got = faults.bytes, *expected = row->faults;
    while (*expected != '\0') {
        size_t size = strcspn(expected, "\n");

        if (strncmp(got, expected, size) != 0)
            fail_msg("\"%.*s\" was not reported, but:\n%s", (int)size, expected, faults.bytes);
        expected += size + (expected[size] == '\n');
        got = strchr(got, '\n') + 1;
    }
    assert_string_equal(got, "");
    buffer_done(&faults);
}

/* Values: what is in effect, as config_print says it. Each line of effect must be there, up to its
 * comment. */

struct effect_row {
    const char *name, *text, *effect;
};

static const struct effect_row effect_rows[] = {
    {"defaults", BACKUP,
     "concurrency = 256\ndns_server = \"\"\ninterval = 4h\njitter = 5m\nretry = {1m, 5m, "
     "15m}\nsilence = 0s\nlog = "
     "stderr\n"
     "log_format = text\nmetrics_file = \"\"\non_failure = \"\"\non_recovery = \"\"\naddress = "
     "\"127.0.0.1:25\"\n"
     "preflight = greeting\nwatch = 30s\nrecovery = {0s, 2m, 10m, 30m}\nmail_log = \"auto\"\nquiet "
     "= 30s\nrelay_address "
     "= "
     "\"127.0.0.1:25\"\n"
     "proxy_protocol = false\nrelay_connections = 4\nhost = \"mx\"\nport = 25\nmail_port = "
     "25\nmethod = "
     "etrn\ndomains = "
     "{\"a.example\"}\ntls = may\n"
     "tls_verify = true\ntls_ca_file = \"\"\ntls_fingerprint = \"\"\ntls_revocation = "
     "best-effort\nuser = \"\"\n"
     "password = \"\"\nauth = \"\"\nauth_in_clear = false\netrns_per_connection = 8\nforce = "
     "false\n"
     "name_domains = true\nturn_sessions = 1000\nconnect_timeout = 30s\ncommand_timeout = "
     "5m\nturn_timeout = "
     "10m\nidle_timeout = 5m\n"
     "source_address = \"\"\nproxy = \"\"\nip = any"},
    {"port of implicit TLS", ETRN "tls = implicit\n}\n", "port = 465"},
    {"port of atrn", TLS "method = atrn\n user = x\n password = x\n}\n",
     "port = 366\nmethod = atrn"},
    {"port of atrn with implicit TLS",
     ETRN "method = atrn\n tls = implicit\n user = x\n password = x\n}\n", "port = 465"},
    {"port set", ETRN "tls = implicit\n port = 2525\n}\n", "port = 2525"},
    {"port zero is the default", ETRN "port = 0\n}\n", "port = 25"},
    {"mail port", ETRN "port = 366\n mail_port = 2525\n}\n", "port = 366\nmail_port = 2525"},
    {"mail port zero is the default", ETRN "mail_port = 0\n}\n", "mail_port = 25"},
    {"where mail comes from",
     ETRN "arrives_from = {192.0.2.7, '192.0.2.0/24', \"2001:db8::/32\"}\n}\n",
     "arrives_from = {\"192.0.2.7\", \"192.0.2.0/24\", \"2001:db8::/32\"}"},
    {"where mail comes from, by the defaults",
     "defaults {\n arrives_from = {192.0.2.7, 192.0.2.8}\n}\n" ETRN "}\n",
     "arrives_from = {\"192.0.2.7\", \"192.0.2.8\"}"},
    {"where mail comes from, and not by the defaults",
     "defaults {\n arrives_from = {192.0.2.7, 192.0.2.8}\n}\n" ETRN "arrives_from = ::1\n}\n",
     "arrives_from = {\"::1\"}"},
    {"where mail comes from, no longer by the defaults",
     "defaults {\n arrives_from = 192.0.2.7\n}\n" ETRN "arrives_from = {}\n}\n",
     "arrives_from = {}"},
    {"host is the name", "backup mx.example.net { domains = a.example }\n",
     "host = \"mx.example.net\""},
    {"host in UTF-8", ETRN "host = M\xc3\xbcller.example\n}\n", "host = \"xn--mller-kva.example\""},
    {"host in brackets", ETRN "host = \"[2001:db8::1]\"\n}\n", "host = \"2001:db8::1\""},
    {"host is an IPv6 address", ETRN "host = 2001:db8::1\n}\n", "host = \"2001:db8::1\""},
    {"UTF-8 name",
     "backup 'R\xc3\xbc"
     "ckhalt' { host = a\n domains = a.example }\n",
     "backup \"R\xc3\xbc"
     "ckhalt\" {"},
    {"one value for a list", "retry = 10m\n" BACKUP, "retry = {10m}\ndomains = {\"a.example\"}"},
    {"list of one for a value", "interval = {2h}\n" BACKUP, "interval = 2h"},
    {"empty list", "retry = {}\n" BACKUP, "retry = {}"},
    {"final comma", "retry = {1m, 2m,}\n" BACKUP, "retry = {1m, 2m}"},
    {"list with values commented out", "retry = {1m,\n #2m,\n 3m}\n" BACKUP, "retry = {1m, 3m}"},
    {"list with comments", "retry = {1m, # a\n /* b */ 2m\n // c\n}\n" BACKUP, "retry = {1m, 2m}"},
    {"nodes",
     "backup mx { domains = {\"#q\", '@A.example', B.example, b\xc3\xbc"
     "cher.example} }\n",
     "domains = {\"#q\", \"@A.example\", \"B.example\", \"b\xc3\xbc"
     "cher.example\"}"},
    {"suffix with atrn",
     TLS "}\nbackup b { domains = \"@a.example\"\n method = atrn\n tls = implicit\n user = x\n "
         "password = x\n}\n",
     "domains = {\"@a.example\"}"},
    {"ATRN without names",
     TLS "method = atrn\n user = x\n password = x\n name_domains = false\n}\n",
     "force = false\nname_domains = false\n"},
    {"names with etrn and turn",
     ETRN "name_domains = true\n}\nbackup b { domains = b.example\n name_domains = on\n"
          " method = turn\n tls = implicit\n user = x\n password = x\n}\n",
     "name_domains = true\n"},
    {"user in clear", ETRN "user = x\n password = x\n auth_in_clear = yes\n}\n",
     "user = \"x\"\nauth_in_clear = true"},
    {"EXTERNAL needs no password", TLS "user = x\n auth = external\n}\n", "auth = \"EXTERNAL\""},
    {"fingerprints", TLS "tls_fingerprint = \"" KEY ";" KEY "\"\n}\n",
     "tls_fingerprint = \"" KEY ";" KEY "\""},
    {"fingerprint without verification", TLS "tls_verify = off\n tls_fingerprint = '" KEY "'\n}\n",
     "tls_verify = false"},
    {"CA file", TLS "tls_ca_file = " FILE_THERE "\n}\n", "tls_ca_file = \"" FILE_THERE "\""},
    {"EHLO name", "ehlo_name = Mail.Example.com\n" BACKUP, "ehlo_name = \"mail.example.com\""},
    {"public name",
     "primary { public_name = Mail.B\xc3\xbc"
     "cher.example }\n" BACKUP,
     "public_name = \"mail.xn--bcher-kva.example\""},
    {"public name is the EHLO name", "ehlo_name = a.example\n" BACKUP,
     "public_name = \"a.example\""},
    {"EHLO name is a literal", "ehlo_name = \"[192.0.2.1]\"\n" BACKUP,
     "ehlo_name = \"[192.0.2.1]\""},
    {"EHLO name is an IPv6 literal", "ehlo_name = \"[IPv6:2001:db8::1]\"\n" BACKUP,
     "ehlo_name = \"[IPv6:2001:db8::1]\""},
    {"drill", "drill = \"0 5 1 * *\"\n" BACKUP, "drill = \"0 5 1 * *\""},
    {"drill to an address", "drill_to = 'Drill+x@A.Example'\n" BACKUP,
     "drill_to = \"Drill+x@a.example\""},
    {"drill to one below a suffix",
     "drill_to = a@x.a.example backup b { domains = '@a.example' }\n",
     "drill_to = \"a@x.a.example\""},
    {"drill to the part before the @", "drill_to = drill\n" BACKUP, "drill_to = \"drill\""},
    {"DNS server", "dns_server = 192.0.2.1\n" BACKUP, "dns_server = \"192.0.2.1:53\""},
    {"DNS server with a port", "dns_server = 192.0.2.1:5353\n" BACKUP,
     "dns_server = \"192.0.2.1:5353\""},
    {"DNS server with IPv6", "dns_server = 2001:db8::53\n" BACKUP,
     "dns_server = \"[2001:db8::53]:53\""},
    {"DNS server with IPv6 in brackets", "dns_server = '[::1]'\n" BACKUP,
     "dns_server = \"[::1]:53\""},
    {"DNS server with IPv6 and a port", "dns_server = '[::1]:5353'\n" BACKUP,
     "dns_server = \"[::1]:5353\""},
    {"log to a file", "log = \"file:" ROOT "/var/log/x y\"\n" BACKUP,
     "log = \"file:" ROOT "/var/log/x y\""},
    {"state and metrics", "state_dir = \"" ROOT "/s\"\nmetrics_file = \"//server/m\"\n" BACKUP,
     "state_dir = \"" ROOT "/s\"\nmetrics_file = \"//server/m\""},
    {"log of the system as JSON", "log = " LOG_OWN " log_format = json\n" BACKUP,
     "log = " LOG_OWN "\nlog_format = json"},
    {"mail log in a file", "primary { mail_log = \"file:" ROOT "/var/log/x y\" }\n" BACKUP,
     "mail_log = \"file:" ROOT "/var/log/x y\""},
    {"mail log of a command", "primary { mail_log = 'command:cat \"$X\"' }\n" BACKUP,
     "mail_log = 'command:cat \"$X\"'"},
    {"no mail log", "primary { mail_log = OFF }\n" BACKUP, "mail_log = \"off\""},
    {"mail log that is not named", "primary { mail_log = '' }\n" BACKUP, "mail_log = \"auto\""},
    {"primary at a socket", "primary { address = \"unix:/run/smtp\" }\n" BACKUP,
     "address = \"unix:/run/smtp\"\nrelay_address = \"unix:/run/smtp\""},
    {"primary at an IPv6 address",
     "primary { address = \"[::1]:25\" relay_address = \"h:26\" }\n" BACKUP,
     "address = \"[::1]:25\"\nrelay_address = \"h:26\""},
    {"proxy", ETRN "proxy = 'SOCKS5H://[::1]:1080'\n}\n", "proxy = \"SOCKS5H://[::1]:1080\""},
    {"proxy with a password", ETRN "proxy = 'http://u:s3cret@h:80'\n}\n",
     "proxy = \"http://u:********@h:80\""},
    {"password", TLS "user = x\n password = 's3cret'\n}\n", "password = \"********\""},
    {"schedule", "schedule = \"0 */4 * * mon-fri\"\n" BACKUP,
     "schedule = \"0 */4 * * mon-fri\"\njitter = 5m"},
    {"interval of a backup beside the schedule of all",
     "schedule = @daily\n" ETRN "interval = 1h\n}\n", "schedule = \"@daily\"\ninterval = 1h"},
    {"schedule of a backup beside the interval of all",
     "interval = 1h\n" ETRN "schedule = @daily\n}\n", "interval = 1h\nschedule = \"@daily\""},
    {"default jitter is at most a tenth", "interval = 10m\n" BACKUP, "interval = 10m\njitter = 1m"},
    {"jitter of all is at most a tenth for a backup", "jitter = 20m\n" ETRN "interval = 10m\n}\n",
     "jitter = 20m\njitter = 1m"},
    {"jitter of exactly a tenth", "jitter = 24m\n" BACKUP, "jitter = 24m"},
    {"jitter beside a schedule", "schedule = @daily\njitter = 1h\n" BACKUP, "jitter = 1h"},
    {"defaults hold for all that do not say otherwise",
     "defaults { command_timeout = 1m\n tls = off }\n"
     "backup a { domains = a.example }\nbackup b { domains = b.example\n tls = may }\n",
     "tls = off\ncommand_timeout = 1m\ntls = may\ncommand_timeout = 1m\n"},
    {"defaults behind the backups", "backup a { domains = a.example }\ndefaults { port = 26 }\n",
     "port = 26\n"},
    {"a list of the defaults", "defaults { retry = {7m, 8m} }\n" BACKUP, "retry = {7m, 8m}\n"},
    {"a backup's own password instead of the defaults'",
     "defaults { tls = required\n user = x\n password = s3cret }\n" ETRN
     "password_command = 'echo x'\n}\n",
     "password = \"\"\npassword_file = \"\"\npassword_command = \"echo x\"\n"},
    {"a backup's own schedule instead of the defaults' interval",
     "defaults { interval = 2h }\n" ETRN "schedule = @daily\n}\n", "schedule = \"@daily\"\n"},
    {"a backup without a user beside the defaults' password",
     "defaults { tls = required\n user = x\n password = 's3cret' }\n" ETRN "user = ''\n}\n",
     "user = \"\"\n"},
    {"a backup without TLS beside the defaults' CA file",
     "defaults { tls = required\n tls_ca_file = " FILE_THERE " }\n" ETRN "tls = off\n}\n",
     "tls = off\n"},
    {"jitter of the defaults is at most a tenth",
     "defaults { jitter = 20m }\n" ETRN "interval = 10m\n}\n", "jitter = 1m\n"},
    {"a dollar in double quotes", "on_failure = \"\\${MXPULL_TEST_UNSET}\"\n" BACKUP,
     "on_failure = '${MXPULL_TEST_UNSET}'\n"},
    {"retry of a backup", "retry = {1m}\n" ETRN "retry = {2m, 3m}\n}\n",
     "retry = {1m}\nretry = {2m, 3m}"},
    {"global options behind the backups", BACKUP "interval = 1h\n", "interval = 1h"},
    {"variable in double quotes", "on_failure = \"a ${MXPULL_TEST}\"\n" BACKUP,
     "on_failure = \"a value\""},
    {"variable in single quotes", "on_failure = 'a ${MXPULL_TEST}'\n" BACKUP,
     "on_failure = 'a ${MXPULL_TEST}'"},
    {"variable as a word", "on_failure = ${MXPULL_TEST}\n" BACKUP, "on_failure = \"value\""},
    {"variable with a default", "on_failure = \"${MXPULL_TEST_UNSET:-other}\"\n" BACKUP,
     "on_failure = \"other\""},
    {"escapes in double quotes", "on_failure = \"\\x41\\102 \\\"c\\\" \\\\\"\n" BACKUP,
     "on_failure = 'AB \"c\" \\\\'"},
    {"what nobody would see",
     "on_recovery = 'a\u00ad\xff\"\\\\ $ä'\non_failure = '\u202ex'\n" BACKUP,
     "on_failure = \"\\xe2\\x80\\xaex\"\n"
     "on_recovery = \"a\\xc2\\xad\\xff\\x22\\x5c \\x24ä\""},
    {"escapes in single quotes", "on_failure = 'a\\'b\\\\c\\d'\n" BACKUP,
     "on_failure = 'a\\'b\\\\c\\\\d'"},
    {"# and // inside of values",
     "on_failure = \"a#b//c/*d\"\nmetrics_file = " ROOT "/a//b\n" BACKUP,
     "on_failure = \"a#b//c/*d\"\nmetrics_file = \"" ROOT "/a//b\""},
    {"all on one line",
     "interval=2h backup mx{password=x user=u domains={a.example}host=h "
     "tls=required}primary{watch=1s}",
     "interval = 2h\nhost = \"h\"\ntls = required"},
    {"CR LF and a BOM", "\xef\xbb\xbfinterval = 2h\r\nbackup mx {\r\n domains = a.example\r\n}\r\n",
     "interval = 2h"},
};

/* Finds the lines one after another, those of sections' options indented; each may have a comment
 * behind it. */
static void assert_effect(const char *printed, const char *effect)
{
    while (*effect != '\0') {
        size_t size = strcspn(effect, "\n");
        bool found = false;

        for (const char *line = printed; !found && line != NULL; line = strchr(line, '\n')) {
            line += strspn(line, " \n");
            if (strncmp(line, effect, size) != 0)
                continue;
            const char *rest = line + size + strspn(line + size, " ");
            found = *rest == '\n' || (*rest == '#' && rest > line + size + 1);
        }
        if (!found)
            fail_msg("\"%.*s\" is not in:\n%s", (int)size, effect, printed);
        effect += size + (effect[size] == '\n');
    }
}

/* What is printed must have the effect that it says: it loads again, and prints the same. */
static void test_effect(void **state)
{
    const struct effect_row *row = *state;
    struct config *config = load(row->text);
    char *printed = print(config);

    assert_effect(printed, row->effect);
    assert_null(strstr(printed, "s3cret"));
    struct config *again = load(printed);
    char *printed_again = print(again);
    assert_string_equal(printed_again, printed);
    free(printed_again);
    free(printed);
    config_free(again);
    config_free(config);
}

/* Files */

struct file_row {
    const char *name, *bytes;
    size_t size;
    const char *fault;
};

static const struct file_row file_rows[] = {
    {"NUL", "a = 1\nb\0c", 9, "2: there is a NUL byte; a text file is allowed\n"},
    {"BOM alone", "\xef\xbb\xbf", 3, " no backup is configured"},
    {"half a BOM", "\xef\xbb", 2, "1: \\xef\\xbb: is followed by neither"},
    {"8-bit rubbish", "\x80\xff\xfe = \x01", 7, "1: \\x80\\xff\\xfe: is not an option"},
};

static void test_file(void **state)
{
    const struct file_row *row = *state;
    struct buffer faults;

    buffer_init(&faults, 1024 * 1024);
    assert_null(load_bytes(row->bytes, row->size, &faults));
    assert_true(strncmp(faults.bytes, row->fault, strlen(row->fault)) == 0);
    buffer_done(&faults);
}

static void load_at(const char *where, const char *expected)
{
    struct buffer faults;

    buffer_init(&faults, 1024 * 1024);
    assert_null(config_load(where, keep_fault, &faults));
    assert_non_null(strstr(faults.bytes, expected));
    buffer_done(&faults);
}

static void test_missing_and_directory(void **state)
{
    (void)state;
    load_at("/no/such.conf", "/no/such.conf: cannot be opened: ");
    load_at(".", ".: is a directory, not a file");
}

static void load_unreadable(void *context)
{
    (void)context;
    load_at(path, "cannot be opened: ");
}

static void test_unreadable(void **state)
{
    (void)state;
    write_file(BACKUP, strlen(BACKUP));
    support_while_unreadable(path, load_unreadable, NULL);
}

/* Fills a text by repeating a line; the caller frees it. */
static char *repeat(const char *line, size_t count, size_t *size)
{
    *size = strlen(line) * count;
    char *text = memory_new(*size + 1, 1);

    for (size_t i = 0; i < count; i++)
        memcpy(text + i * strlen(line), line, strlen(line));
    return text;
}

/* Quadratic time on any of these would be hours. */
/* The time of the processor for so many bytes of such lines, which are faulty. */
static clock_t time_of_rubbish(const char *line, size_t most)
{
    struct buffer faults;
    size_t size;
    char *text = repeat(line, most / strlen(line), &size);
    clock_t began = clock();

    buffer_init(&faults, 1024 * 1024);
    assert_null(load_bytes(text, size, &faults));
    assert_true(faults.size > 0);
    buffer_done(&faults);
    free(text);
    return clock() - began;
}

static void test_rubbish_takes_no_time(void **state)
{
    static const char *const lines[] = {
        "x = 1\n",       "\n", "#",  "x {", "x }", "a = \"\\", "/*", "backup a {}\n", "\xff",
        "domains = {a,", "${", "'\n"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        clock_t tenth = time_of_rubbish(lines[i], 1024 * 1024);

        /* Ten times as much takes ten times as long, and not a hundred. */
        assert_true(time_of_rubbish(lines[i], 10 * 1024 * 1024) < 40 * tenth + CLOCKS_PER_SEC);
    }
}

static void test_hundred_faults(void **state)
{
    size_t size;
    char *text = repeat("x = 1\nlog = nowhere\n", 1000, &size);
    struct buffer faults;
    size_t lines = 0;

    (void)state;
    buffer_init(&faults, 1024 * 1024);
    assert_null(load_bytes(text, size, &faults));
    for (const char *at = faults.bytes; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 101);
    assert_non_null(strstr(faults.bytes, " there may be more faults than these 100\n"));
    buffer_done(&faults);
    free(text);
}

/* A list holds a hundred values; each one more is one fault, and what stands behind it is read. */
static void test_long_lists(void **state)
{
    static const char *const lists[][2] = {{"arrives_from", "192.0.2.7\n,"}, {"retry", "1m\n,"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        size_t size;
        char *values = repeat(lists[i][1], 100, &size), *text, *expected;
        struct buffer faults;

        text =
            memory_format("backup mx { domains = a.example\n%s = {%s}\n}\n", lists[i][0], values);
        config_free(load(text));
        free(text);
        text = memory_format("backup mx { domains = a.example\n%s = {%s%s}\nport = x }\n",
                             lists[i][0], values, lists[i][1]);
        buffer_init(&faults, 1024 * 1024);
        assert_null(load_bytes(text, strlen(text), &faults));
        expected = memory_format(
            "102: backup \"mx\": %s: is too long a list; up to 100 are allowed\n", lists[i][0]);
        assert_non_null(strstr(faults.bytes, expected));
        assert_non_null(strstr(faults.bytes, "104: backup \"mx\": port: \"x\" is not"));
        buffer_done(&faults);
        free(expected);
        free(text);
        free(values);
    }
}

static void test_too_large(void **state)
{
    size_t size;
    char *text = repeat("\n", 16 * 1024 * 1024 + 1, &size);
    struct buffer faults;

    (void)state;
    buffer_init(&faults, 1024 * 1024);
    assert_null(load_bytes(text, size, &faults));
    assert_non_null(strstr(faults.bytes, "is larger than 16 MiB"));
    buffer_done(&faults);
    free(text);
}

static void test_ten_thousand_backups(void **state)
{
    struct buffer text;

    (void)state;
    buffer_init(&text, 16 * 1024 * 1024);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(
            buffer_append_format(
                &text, "backup mx%d { # one\n domains = {a%d.example, b.example}\n}\n", i, i),
            STATUS_OK);
    struct config *config = load(text.bytes);
    assert_int_equal(config->backup_count, 10000);
    assert_string_equal(config->backups[9999].name, "mx9999");
    assert_int_equal(config->backups[9999].line, 29998);
    assert_string_equal(config->backups[9999].domains[0].name, "a9999.example");
    config_free(config);
    buffer_done(&text);
}

static void test_broken_file_leaves_no_trace(void **state)
{
    struct buffer faults;
    const char broken[] = "ehlo_name = \"abc\n";

    (void)state;
    buffer_init(&faults, 1024);
    assert_null(load_bytes(broken, strlen(broken), &faults));
    buffer_done(&faults);
    config_free(load(BACKUP));
}

static const struct privacy_row {
    const char *name, *text;
    unsigned mode;
    const char *fault; /* NULL: none */
} privacy_rows[] = {
    {"no password", BACKUP, 0644, NULL},
    {"password", TLS "user = x\n password = s3cret\n}\n", 0644,
     "5: backup \"mx\": password: is open to others; run: "},
    {"password, to the group", TLS "user = x\n password = s3cret\n}\n", 0640,
     "5: backup \"mx\": password: is open to others"},
    {"password, to nobody", TLS "user = x\n password = s3cret\n}\n", 0600, NULL},
    {"password from the environment", TLS "user = x\n password = \"${MXPULL_TEST}\"\n}\n", 0644,
     NULL},
    {"password from the environment, as a word", TLS "user = x\n password = ${MXPULL_TEST}\n}\n",
     0644, NULL},
    {"password half from the environment", TLS "user = x\n password = \"x${MXPULL_TEST}\"\n}\n",
     0644, "5: backup"},
    {"password by default", TLS "user = x\n password = \"${MXPULL_TEST_UNSET:-s3cret}\"\n}\n", 0644,
     "5: backup"},
    {"password in single quotes", TLS "user = x\n password = '${MXPULL_TEST}'\n}\n", 0644,
     "5: backup"},
    {"password elsewhere", TLS "user = x\n password_file = \"" ROOT "/x\"\n}\n", 0644, NULL},
    {"password of a proxy", ETRN "proxy = \"http://u:s3cret@h:80\"\n}\n", 0644,
     "3: backup \"mx\": proxy: is open to others"},
};

static void test_privacy(void **state)
{
    const struct privacy_row *row = *state;
    struct buffer faults;

    write_file(row->text, strlen(row->text));
    support_set_mode(path, row->mode);
    buffer_init(&faults, 1024 * 1024);
    struct config *config = config_load(path, keep_fault, &faults);
    assert_true((config != NULL) == (row->fault == NULL));
    if (row->fault == NULL)
        assert_string_equal(faults.bytes, "");
    else
        assert_true(strncmp(faults.bytes, row->fault, strlen(row->fault)) == 0);
    config_free(config);
    buffer_done(&faults);
}

static void test_standard_input(void **state)
{
    const char text[] = "interval = 2h\n" BACKUP;
    struct buffer faults;

    (void)state;
    write_file(text, strlen(text));
    buffer_init(&faults, 1024);
    assert_non_null(freopen(path, "r", stdin));
    struct config *config = config_load("-", keep_fault, &faults);
    assert_non_null(config);
    assert_int_equal(config->timing.interval_s, 7200);
    config_free(config);
    write_file("x = 1\n" BACKUP, 6 + strlen(BACKUP));
    assert_non_null(freopen(path, "r", stdin));
    assert_null(config_load("-", keep_fault, &faults));
    assert_true(strncmp(faults.bytes, "standard input:1: x: is not", 27) == 0);
    assert_non_null(
        freopen(FILE_THERE, "r", stdin)); /* or the file could not be removed everywhere */
    buffer_done(&faults);
}

/* Passwords that are elsewhere */

static const struct password_row {
    const char *name, *option;
    const char *file; /* what the file holds that %s stands for; NULL: it is not there */
    unsigned mode;
    const char *password; /* NULL: an error, and then: */
    const char *error;
} password_rows[] = {
    {"in the configuration", "password = 's3cret ${MXPULL_TEST}'", NULL, 0, "s3cret ${MXPULL_TEST}",
     NULL},
    {"file", "password_file = \"%s\"", "s3cret word\n", 0600, "s3cret word", NULL},
    {"file with CR LF and more", "password_file = \"%s\"", "s3cret\r\nmore", 0600, "s3cret", NULL},
    {"file without a line end", "password_file = \"%s\"", "s3cret", 0400, "s3cret", NULL},
    {"file that others can read", "password_file = \"%s\"", "s3cret", 0644, NULL,
     "is open to others; run: "},
    {"file that is empty", "password_file = \"%s\"", "", 0600, NULL, "its first line is empty"},
    {"file with an empty line", "password_file = \"%s\"", "\ns3cret\n", 0600, NULL,
     "its first line is empty"},
    {"file that is not there", "password_file = \"%s\"", NULL, 0, NULL, "cannot be opened"},
    {"file with a byte order mark", "password_file = \"%s\"", "\xef\xbb\xbfs3cret\n", 0600,
     "s3cret", NULL},
    {"file with nothing but a byte order mark", "password_file = \"%s\"", "\xef\xbb\xbf\n", 0600,
     NULL, "its first line is empty"},
    {"directory", "password_file = \"" ROOT "/\"", NULL, 0, NULL, "/: is a directory"},
#ifdef FILE_DEVICE
    {"device", "password_file = \"" FILE_DEVICE "\"", NULL, 0, NULL, "is a device, not a file"},
#endif
    {"command", "password_command = \"" COMMAND_TWO_LINES "\"", NULL, 0, "s3cret", NULL},
    {"command that prints no line end", "password_command = \"" COMMAND_NO_LINE_END "\"", NULL, 0,
     "s3cret", NULL},
    {"command that fails", "password_command = \"" COMMAND_FAILS "\"", NULL, 0, NULL,
     "exit status 7"},
    {"command that prints nothing", "password_command = \"" COMMAND_PRINTS_NOTHING "\"", NULL, 0,
     NULL, "its first line is empty"},
#ifdef COMMAND_NUL
    {"command that prints a NUL", "password_command = \"" COMMAND_NUL "\"", NULL, 0, NULL,
     "holds a NUL"},
#endif
};

/* Runs its command, if it has one. */
static enum status fetch_password(const struct config *config, char **password, struct error *error)
{
    const struct backup_config *backup = &config->backups[0];
    struct buffer printed;

    buffer_init(&printed, CONFIG_PASSWORD_SIZE_MAX);
    enum status status = STATUS_OK;
    if (backup->password_command != NULL)
        status = capture(backup->password_command, 10000, &printed, error);
    if (status == STATUS_OK)
        status = config_password(backup, &printed, password, error);
    else
        assert_int_equal(config_no_password(backup, error), status);
    buffer_done(&printed);
    return status;
}

static void test_password(void **state)
{
    const struct password_row *row = *state;
    char secret_path[300], option[400], text[600], begin[320], *password = NULL;
    struct error error = {0};

    (void)snprintf(secret_path, sizeof secret_path, "%s.secret", path);
    (void)remove(secret_path);
    if (row->file != NULL) {
        FILE *file = fopen(secret_path, "wb");

        assert_non_null(file);
        assert_true(fputs(row->file, file) >= 0);
        assert_int_equal(fclose(file), 0);
        support_set_mode(secret_path, row->mode);
    }
    const char *mark = strstr(row->option, "%s");
    (void)snprintf(option, sizeof option, "%.*s%s%s",
                   mark != NULL ? (int)(mark - row->option) : 400, row->option,
                   mark != NULL ? secret_path : "", mark != NULL ? mark + 2 : "");
    (void)snprintf(text, sizeof text, TLS "user = x\n %s\n}\n", option);
    struct config *config = load(text);
    enum status status = fetch_password(config, &password, &error);
    if (row->password != NULL) {
        assert_int_equal(status, STATUS_OK);
        assert_string_equal(password, row->password);
    } else {
        (void)snprintf(begin, sizeof begin, "%s:1: backup \"mx\": password_", path);
        assert_int_not_equal(status, STATUS_OK);
        assert_null(password);
        assert_non_null(strstr(error.text, row->error));
        assert_true(strncmp(error.text, begin, strlen(begin)) == 0);
        assert_null(strstr(error.text, "s3cret"));
    }
    memory_free_secret(password);
    config_free(config);
    (void)remove(secret_path);
}

static void test_no_password(void **state)
{
    char untouched[] = "x", *password = untouched;
    struct config *config = load(BACKUP);
    struct error error;

    (void)state;
    assert_int_equal(config_password(&config->backups[0], NULL, &password, &error), STATUS_OK);
    assert_null(password);
    config_free(config);
}

/* Cron expressions */

static const struct cron_row {
    const char *name, *text;
    bool valid;
    struct cron cron;
} cron_rows[] = {
    {"every minute",
     "* * * * *",
     true,
     {(UINT64_C(1) << 60) - 1, 0xffffff, 0xfffffffe, 0x1ffe, 0x7f, true, true, true, true}},
    {"the interface's",
     "0 */4 * * 1-5",
     true,
     {1, 0x111111, 0xfffffffe, 0x1ffe, 0x3e, false, true, true, false}},
    {"names", "0 0 1 JAN,dec sun,Sat", true, {1, 1, 2, 0x1002, 0x41, false, false, false, false}},
    {"Sunday is 0 and 7",
     "0 0 * * 7",
     true,
     {1, 1, 0xfffffffe, 0x1ffe, 1, false, false, true, false}},
    {"range with a step",
     "10-30/10 1,2-4 * * *",
     true,
     {0x40100400, 0x1e, 0xfffffffe, 0x1ffe, 0x7f, false, false, true, true}},
    {"more blanks",
     "  5  6 * * * ",
     true,
     {0x20, 0x40, 0xfffffffe, 0x1ffe, 0x7f, false, false, true, true}},
    {"@daily", "@daily", true, {1, 1, 0xfffffffe, 0x1ffe, 0x7f, false, false, true, true}},
    {"@Hourly", "@Hourly", true, {1, 0xffffff, 0xfffffffe, 0x1ffe, 0x7f, false, true, true, true}},
    {"@yearly", "@yearly", true, {1, 1, 2, 2, 0x7f, false, false, false, true}},
    {"leap day", "0 0 29 2 *", true, {1, 1, UINT32_C(1) << 29, 4, 0x7f, false, false, false, true}},
    {"no such day, but a weekday",
     "0 0 31 2 1",
     true,
     {1, 1, UINT32_C(1) << 31, 4, 2, false, false, false, false}},
    {"no such day", "0 0 30 2 *", false, {0}},
    {"no such days", "0 0 31 2,4,6,9,11 *", false, {0}},
    {"no such day, on a Sunday", "0 0 31 4 */7", false, {0}},
    {"empty", "", false, {0}},
    {"four fields", "* * * *", false, {0}},
    {"six fields", "* * * * * *", false, {0}},
    {"minute 60", "60 * * * *", false, {0}},
    {"day 0", "* * 0 * *", false, {0}},
    {"month 13", "* * * 13 *", false, {0}},
    {"weekday 8", "* * * * 8", false, {0}},
    {"range backwards", "30-10 * * * *", false, {0}},
    {"step 0", "*/0 * * * *", false, {0}},
    {"step without a number", "*/ * * * *", false, {0}},
    {"step without a range", "5/10 * * * *", false, {0}},
    {"two steps", "*/2/3 * * * *", false, {0}},
    {"final comma", "1, * * * *", false, {0}},
    {"star in a list",
     "1,* * * * *",
     true,
     {(UINT64_C(1) << 60) - 1, 0xffffff, 0xfffffffe, 0x1ffe, 0x7f, false, true, true, true}},
    {"negative", "-1 * * * *", false, {0}},
    {"name in the wrong field", "jan * * * *", false, {0}},
    {"unknown name", "* * * foo *", false, {0}},
    {"@reboot", "@reboot", false, {0}},
    {"long number", "000 * * * *", false, {0}},
};

static void test_cron(void **state)
{
    const struct cron_row *row = *state;
    struct cron cron = {0};
    struct error error;

    assert_int_equal(schedule_parse_cron(&cron, row->text, &error),
                     row->valid ? STATUS_OK : STATUS_SYNTAX);
    assert_true(cron.minutes == row->cron.minutes);
    assert_int_equal(cron.hours, row->cron.hours);
    assert_int_equal(cron.any_minute, row->cron.any_minute);
    assert_int_equal(cron.any_hour, row->cron.any_hour);
    assert_int_equal(cron.days, row->cron.days);
    assert_int_equal(cron.months, row->cron.months);
    assert_int_equal(cron.weekdays, row->cron.weekdays);
    assert_int_equal(cron.any_day, row->cron.any_day);
    assert_int_equal(cron.any_weekday, row->cron.any_weekday);
}

/* The option table and the sample configuration */

static void test_table_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_count; i++) {
        assert_true(strlen(options[i].help) > 5);
        assert_null(strpbrk(options[i].help, "\n\t"));
        assert_ptr_equal(option_find(options[i].section, options[i].name), &options[i]);
        assert_true((options[i].type == OPTION_CHOICE) == (options[i].choices != NULL));
    }
}

/* etc/mxpull.conf; the caller frees it. */
static char *sample(void)
{
    const char *own = strstr(__FILE__, "tests/unit/test_config.c");
    char sample_path[1000];
    struct buffer text;
    struct error error = {0};

    assert_non_null(own);
    (void)snprintf(sample_path, sizeof sample_path, "%.*setc/mxpull.conf",
                   (int)(own - (const char *)__FILE__), __FILE__);
    buffer_init(&text, 1024 * 1024);
    assert_int_equal(read_file(sample_path, &text, &error), STATUS_OK);
    char *copy = memory_copy(text.bytes);
    buffer_done(&text);
    return copy;
}

static void test_sample_names_every_option(void **state)
{
    char *text = sample();

    (void)state;
    for (size_t i = 0; i < option_count; i++) {
        const char *quote =
            options[i].type == OPTION_ADDRESS || *options[i].initial == '\0' ? "\"" : "";
        bool told_globally = options[i].section == SECTION_BACKUP && options[i].group == NULL &&
                             option_find(SECTION_GLOBAL, options[i].name) != NULL;
        bool is_filled_in = strcmp(options[i].name, "host") == 0 || options[i].type == OPTION_NODES;
        char line[100];

        (void)snprintf(line, sizeof line, "%s = %s%s%s", options[i].name, quote, options[i].initial,
                       quote);
        if (told_globally || is_filled_in || strcmp(options[i].name, "interval") == 0)
            (void)snprintf(line, sizeof line, "%s = ", options[i].name);
        if (strstr(text, line) == NULL)
            fail_msg("the sample has no \"%s\"", line);
    }
    free(text);
}

/* Takes the # from the lines "#name = value", or from those of the example of atrn. */
static void uncomment(char *text, bool example)
{
    bool inside = false;

    for (char *line = text; line != NULL && *line != '\0';) {
        char *hash = line + strspn(line, " ");
        size_t name = *hash == '#' ? strspn(hash + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;

        inside = inside || strncmp(line, "#backup ", 8) == 0;
        if (example ? inside && *line == '#' : name > 0 && strncmp(hash + 1 + name, " = ", 3) == 0)
            *hash = ' ';
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
}

static void test_sample_shows_the_defaults(void **state)
{
    char *text = sample();
    struct config *config = load(text);
    char *printed = print(config);

    (void)state;
    assert_int_equal(config->backup_count, 1);
    assert_int_equal(config->backups[0].method, METHOD_ETRN);
    config_free(config);
    uncomment(text, false);
    config = load(text);
    char *printed_again = print(config);
    assert_string_equal(printed_again, printed);
    config_free(config);
    free(printed_again);
    free(printed);
    free(text);
}

static void test_sample_of_atrn(void **state)
{
    char *text = sample();

    (void)state;
    uncomment(text, true);
    struct config *config = load(text);
    assert_int_equal(config->backup_count, 2);
    assert_int_equal(config->backups[1].method, METHOD_ATRN);
    assert_string_equal(config->backups[1].password, "the password");
    config_free(config);
    free(text);
}

static void test_fields(void **state)
{
    struct config *config = load(
        "schedule = '0 1 * * *' log = \"file:" ROOT "/var/log/x\" silence = 2d on_failure = run\n"
        "primary { address = \"[::1]:2525\" relay_address = 'unix:/run/smtp' preflight = "
        "recipients }\n"
        "backup one { domains = {A.example, \"#q\"} retry = {} ip = 4 tls = off }\n"
        "backup two { domains = \"@b.example\" method = turn tls = implicit user = u password "
        "= p interval = 20m }\n");
    const struct backup_config *one = &config->backups[0], *two = &config->backups[1];

    (void)state;
    assert_string_equal(config->path, path);
    assert_int_equal(config->log, LOG_FILE);
    assert_string_equal(config->log_path, ROOT "/var/log/x");
    assert_int_equal(config->silence_s, 2 * 24 * 3600);
    assert_null(config->metrics_file);
    assert_string_equal(config->primary.address.host, "::1");
    assert_int_equal(config->primary.address.port, 2525);
    assert_null(config->primary.address.path);
    assert_null(config->primary.relay_address.host);
    assert_string_equal(config->primary.relay_address.path, "/run/smtp");
    assert_int_equal(config->primary.preflight, PREFLIGHT_RECIPIENTS);
    assert_int_equal(config->primary.recovery.count, 4);
    assert_int_equal(config->backup_count, 2);
    assert_int_equal(one->line, 3);
    assert_int_equal(one->domain_count, 2);
    assert_string_equal(one->domain_texts[0], "A.example");
    assert_string_equal(one->domains[0].name, "a.example");
    assert_int_equal(one->domains[1].form, NODE_QUEUE);
    assert_int_equal(one->ip, IP_4);
    assert_int_equal(one->tls, TLS_OFF);
    assert_int_equal(one->timing.retry.count, 0);
    assert_string_equal(one->timing.schedule, "0 1 * * *");
    assert_int_equal(two->method, METHOD_TURN);
    assert_string_equal(method_name(two->method), "turn");
    assert_int_equal(two->port, 465);
    assert_null(two->timing.schedule);
    assert_int_equal(two->timing.interval_s, 1200);
    assert_int_equal(two->timing.jitter_s, 120);
    assert_int_equal(two->timing.retry.seconds[2], 900);
    config_free(config);
}

/* Of a configuration of so many backups, mx1, mx2 …; the caller frees it. */
static struct config *load_many(size_t count)
{
    struct buffer text;

    buffer_init(&text, 64 * 1024 * 1024);
    for (size_t i = 1; i <= count; i++)
        (void)buffer_append_format(&text, "backup mx%zu { domains = {a.example, b.example} }\n", i);
    struct config *config = load(text.bytes);
    buffer_done(&text);
    return config;
}

static void test_shards(void **state)
{
    enum {
        BACKUPS = 700,
        SHARDS = 7
    };
    bool seen[BACKUPS + 1] = {false};
    size_t total = 0;

    (void)state;
    for (int shard = 1; shard <= SHARDS; shard++) {
        struct config *config = load_many(BACKUPS);
        char name[32];
        int64_t number;

        (void)snprintf(name, sizeof name, "%d/%d", shard, SHARDS);
        assert_true(config_keep_shard(config, name));
        assert_string_equal(config->shard, name);
        assert_in_range(config->backup_count, BACKUPS / SHARDS * 3 / 4, BACKUPS / SHARDS * 5 / 4);
        for (size_t i = 0; i < config->backup_count; i++) {
            assert_true(text_to_number(config->backups[i].name + 2, 1, BACKUPS, &number));
            assert_false(seen[number]);
            seen[number] = true;
        }
        total += config->backup_count;
        config_free(config);
    }
    assert_int_equal(total, BACKUPS);
}

/* Where a name falls is the same in every version: shards on several machines may be of several. */
static void test_shard_is_stable(void **state)
{
    static const struct {
        const char *name, *shard;
    } rows[] = {{"mx2", "10/10"}, {"mx2", "58320/100000"},        {"MX2", "6/10"},
                {"a", "2/3"},     {"backup.example.net", "9/10"}, {"ü", "46/64"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *text =
            memory_format("backup \"%s\" { host = h.example domains = a.example }\n", rows[i].name);
        struct config *config = load(text);

        assert_true(config_keep_shard(config, rows[i].shard));
        assert_int_equal(config->backup_count, 1);
        config_free(config);
        free(text);
    }
}

static void test_no_shard(void **state)
{
    static const char *const rows[] = {"",
                                       "/",
                                       "0/3",
                                       "4/3",
                                       "a/b",
                                       "1/",
                                       "/3",
                                       "3",
                                       "1/0",
                                       "1/3/3",
                                       " 1/3",
                                       "1/3 ",
                                       "-1/3",
                                       "+1/3",
                                       "1/100001",
                                       "99999999999999999999/3",
                                       "1/99999999999999999999"};
    struct config *config = load_many(3);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(config_keep_shard(config, rows[i]));
        assert_null(config->shard);
        assert_int_equal(config->backup_count, 3);
    }
    assert_true(config_keep_shard(config, "1/1"));
    assert_int_equal(config->backup_count, 3);
    config_free(config);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_shard_is_stable),
        cmocka_unit_test(test_no_shard),
        cmocka_unit_test(log_of_another_system_is_refused),
        cmocka_unit_test(journal_is_refused_where_there_is_none),
        cmocka_unit_test(test_missing_and_directory),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_rubbish_takes_no_time),
        cmocka_unit_test(test_hundred_faults),
        cmocka_unit_test(test_long_lists),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_ten_thousand_backups),
        cmocka_unit_test(test_broken_file_leaves_no_trace),
        cmocka_unit_test(test_standard_input),
        cmocka_unit_test(test_no_password),
        cmocka_unit_test(test_table_is_complete),
        cmocka_unit_test(test_sample_names_every_option),
        cmocka_unit_test(test_sample_shows_the_defaults),
        cmocka_unit_test(test_sample_of_atrn),
        cmocka_unit_test(test_fields),
    };
    char directory[SUPPORT_PATH_SIZE];
    int failed;

    support_make_directory(directory);
    (void)snprintf(path, sizeof path, "%s/config", directory);
    support_set_variable("MXPULL_TEST", "value");
    support_set_variable("MXPULL_TEST_UNSET", NULL);
    failed = RUN_TABLE(syntax_rows, test_faults) + RUN_TABLE(value_rows, test_faults) +
             RUN_TABLE(combination_rows, test_faults) + RUN_TABLE(effect_rows, test_effect) +
             RUN_TABLE(file_rows, test_file) + RUN_TABLE(privacy_rows, test_privacy) +
             RUN_TABLE(password_rows, test_password) + RUN_TABLE(cron_rows, test_cron) +
             cmocka_run_group_tests(tests, NULL, NULL);
    (void)support_remove_directory(directory);
    return unit_status(failed);
}

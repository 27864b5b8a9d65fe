/* config: what is allowed and yet deserves a word. */
#include "unit.h"

#include <mxpull/base/text.h>
#include <mxpull/config/config.h>

#include <stdio.h>
#include <support.h>

#define ATRN "backup a { method = atrn user = u password = p tls = required domains = "
/* 490 octets */
#define NAME(c) c "n23456789012345678901234567890123456789.example, "
#define NAMES                                                                                      \
    NAME("a")                                                                                      \
    NAME("b") NAME("c") NAME("d") NAME("e") NAME("f") NAME("g") NAME("h") NAME("i") NAME("j")

struct row {
    const char *name;
    const char *text;
    const char *warning; /* a part of the only one; NULL: none */
};

static const struct row rows[] = {
    {"nothing to say", "backup a { domains = a.example }\n", NULL},
    {"atrn with domains",
     "backup a { method = atrn user = u password = p tls = required domains = a.example }\n", NULL},
    {"an ATRN line of 512 octets",
     ATRN "{" NAMES "xyzxyzx.example"
          "} }\n",
     NULL},
    {"an ATRN line of 513 octets",
     ATRN "{" NAMES "xyzxyzxx.example"
          "} }\n",
     ":1: backup \"a\": domains: ATRN names them in one line of 513 octets"},
    {"without names",
     ATRN "{" NAMES "xyzxyzxx.example"
          "} name_domains = false }\n",
     NULL},
    {"password in clear",
     "backup a { domains = a.example user = u password = p auth_in_clear = true }\n",
     "auth_in_clear"},
    {"allowed in clear, but not done",
     "backup a { domains = a.example user = u password = p auth_in_clear = true tls = required }\n",
     NULL},
    {"silence of less than an interval", "silence = 1h\nbackup a { domains = a.example }\n",
     ":2: backup \"a\": silence: 1h is not longer than its interval of 4h and jitter of 5m, so"},
    {"silence of an interval and its jitter", "silence = 4h5m\nbackup a { domains = a.example }\n",
     ":2: backup \"a\": silence: "},
    {"silence of more", "silence = 4h6m\nbackup a { domains = a.example }\n", NULL},
    {"the usual silence", "silence = 0\nbackup a { domains = a.example }\n", NULL},
    {"silence too short for some",
     "silence = 1d\nbackup a { domains = a.example }\nbackup b { domains = b.example interval = "
     "2d }\nbackup c { domains = c.example interval = 1w }\n",
     ":3: backup \"b\": silence: 1d is not longer than its interval of 2d and jitter of 5m (and of "
     "1 more), so"},
    {"silence beside a schedule",
     "silence = 1h schedule = @daily\nbackup a { domains = a.example }\n", NULL},
    {"a hook", "on_failure = \"true\"\nbackup a { domains = a.example }\n", NULL},
};

struct heard {
    size_t count;
    char text[500];
};

static void hear(void *context, const char *line)
{
    struct heard *heard = context;

    heard->count++;
    (void)text_copy(heard->text, sizeof heard->text, line);
}

static void hear_warning(void *context, const struct config_warning *warning)
{
    hear(context, warning->text);
    assert_true(warning->advice[0] != '\0');
}

static void test_row(void **state)
{
    const struct row *row = *state;
    const char path[] = "config_warn.conf";
    struct heard faults = {0}, warnings = {0};
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(row->text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    support_set_mode(path, 0600);
    struct config *config = config_load(path, hear, &faults);
    (void)remove(path);
    assert_non_null(config);
    config_warn(config, hear_warning, &warnings);
    assert_int_equal(warnings.count, row->warning != NULL ? 1 : 0);
    if (row->warning != NULL)
        assert_non_null(strstr(warnings.text, row->warning));
    config_free(config);
}

int main(void)
{
    return unit_status(RUN_TABLE(rows, test_row));
}

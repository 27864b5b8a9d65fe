/* What a greeting is taken for. */
#include "unit.h"

#include <software.h>

static const struct row {
    const char *greeting;
    const char *name; /* NULL: unknown */
} rows[] = {
    {"220 mx2.example.net ESMTP Postfix (Debian/GNU)", "Postfix"},
    {"220 mx2.example.net ESMTP Exim 4.96 Tue, 24 Nov 2026 16:00:00 +0000", "Exim"},
    {"220-mx2.example.net ESMTP EXIM", "Exim"},
    {"220 mx2.example.net ESMTP Sendmail 8.17.1/8.17.1; Tue, 24 Nov 2026", "sendmail"},
    {"220 mx2.example.net ESMTP OpenSMTPD", "OpenSMTPD"},
    {"220 mx2 Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 ready at",
     "IIS SMTP or Exchange 2000/2003"},
    {"220 mx2 Microsoft ESMTP MAIL Service ready at Tue, 24 Nov 2026", "Exchange"},
    {"220 mx2 ESMTP MDaemon 20.0.0; Tue, 24 Nov 2026", "MDaemon"},
    {"220 mx2 hMailServer 5.6", "hMailServer"},
    {"220 mx2 Kerio Connect 9.2.1 ESMTP ready", "Kerio Connect"},
    {"220 mx2 ESMTP", NULL},
    {"", NULL},
};

static void test_row(void **state)
{
    const struct row *row = *state;
    const struct software *software = software_guess(row->greeting);

    if (row->name == NULL)
        assert_null(software);
    else
        assert_string_equal(software->name, row->name);
    /* Whatever it is, an advice has a setting to name. */
    for (int setting = 0; setting < SETTING_COUNT; setting++)
        assert_non_null(software_setting(software, (enum setting)setting));
}

int main(void)
{
    return unit_status(RUN_TABLE(rows, test_row));
}

/* The scheduled task of Windows as XML, by its schema ([MS-TSCH] 2.5; tests/windows/task.xsd), whose
 * elements stand in a fixed order here and there. Everything that is not its default is said. */
#include "task_xml.h"
#include <mxpull/base/duration.h>

#include <stdio.h>
#include <string.h>

static const char head[] =
    "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n"
    "<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\n"
    "  <RegistrationInfo>\n"
    "    <Author>mxpull</Author>\n"
    "    <Description>Asks the backup MX hosts for the mail that they hold for you.</Description>\n"
    "  </RegistrationInfo>\n";

/* The start lies in the past: it only says at what minute. All the world asking on the hour is no good,
 * hence the delay. After a start of the system our own mail server takes a while. */
static const char triggers[] = "  <Triggers>\n"
                               "    <TimeTrigger>\n"
                               "      <StartBoundary>2026-01-01T00:00:00</StartBoundary>\n"
                               "      <Repetition>\n"
                               "        <Interval>%s</Interval>\n"
                               "      </Repetition>\n"
                               "      <RandomDelay>PT5M</RandomDelay>\n"
                               "    </TimeTrigger>\n"
                               "    <BootTrigger>\n"
                               "      <Delay>PT5M</Delay>\n"
                               "    </BootTrigger>\n"
                               "  </Triggers>\n";

/* S-1-5-19 is LocalService. An hour is more than a pull takes, with all the patience of its timeouts. */
static const char middle[] = "  <Principals>\n"
                             "    <Principal id=\"LocalService\">\n"
                             "      <UserId>S-1-5-19</UserId>\n"
                             "      <RunLevel>LeastPrivilege</RunLevel>\n"
                             "    </Principal>\n"
                             "  </Principals>\n"
                             "  <Settings>\n"
                             "    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\n"
                             "    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\n"
                             "    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>\n"
                             "    <StartWhenAvailable>true</StartWhenAvailable>\n"
                             "    <Enabled>true</Enabled>\n"
                             "    <ExecutionTimeLimit>PT1H</ExecutionTimeLimit>\n"
                             "  </Settings>\n"
                             "  <Actions Context=\"LocalService\">\n"
                             "    <Exec>\n";

/* What has a meaning in XML; the others can stand as they are, in a path of Windows. */
static void append_escaped(struct buffer *xml, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        switch (*at) {
        case '&': (void)buffer_append_text(xml, "&amp;"); break;
        case '<': (void)buffer_append_text(xml, "&lt;"); break;
        case '>': (void)buffer_append_text(xml, "&gt;"); break;
        default: (void)buffer_append(xml, at, 1); break;
        }
    }
}

/* "P1DT4H30M", as XML has durations. */
static void append_duration(struct buffer *text, int64_t seconds)
{
    const struct {
        int64_t seconds;
        char unit;
    } units[] = {{3600, 'H'}, {60, 'M'}, {1, 'S'}};
    const int64_t day = 24 * 3600;

    (void)buffer_append_text(text, "P");
    if (seconds >= day)
        (void)buffer_append_format(text, "%lldD", (long long)(seconds / day));
    seconds %= day;
    if (seconds > 0)
        (void)buffer_append_text(text, "T");
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (seconds >= units[i].seconds)
            (void)buffer_append_format(text, "%lld%c", (long long)(seconds / units[i].seconds),
                                       units[i].unit);
        seconds %= units[i].seconds;
    }
}

static void append_triggers(struct buffer *xml, int64_t every_s)
{
    struct buffer every;

    buffer_init(&every, DURATION_TEXT_SIZE);
    append_duration(&every, every_s);
    (void)buffer_append_format(xml, triggers, every.bytes);
    buffer_done(&every);
}

void task_xml_format(struct buffer *xml, const char *program, const char *config, int64_t every_s)
{
    (void)buffer_append_text(xml, head);
    append_triggers(xml, every_s);
    (void)buffer_append_text(xml, middle);
    (void)buffer_append_text(xml, "      <Command>");
    append_escaped(xml, program);
    (void)buffer_append_text(xml, "</Command>\n      <Arguments>pull -q -c \"");
    append_escaped(xml, config);
    (void)buffer_append_text(xml, "\"</Arguments>\n    </Exec>\n  </Actions>\n</Task>\n");
}

/* The text of a drill's message: who finds it in a mailbox is to know what it is. */
#include "drill_message.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>

#include <stdio.h>
#include <stdlib.h>

void drill_message_date(char *text, size_t size, int64_t at_ms)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char utc[CLOCK_TEXT_SIZE]; /* "2026-11-29T10:20:48Z" */
    const int64_t day = at_ms / (24 * 3600 * 1000);

    (void)clock_utc_text(utc, at_ms);
    const long month = strtol(utc + 5, NULL, 10);
    (void)snprintf(text, size, "%s, %.2s %s %.4s %.8s +0000", days[day % 7], utc + 8,
                   months[month > 0 ? (month - 1) % 12 : 0], utc, utc + 11);
}

/* Names that an administrator or the DNS made long stand on a line of their own. */
void drill_message_format(struct buffer *target, const struct drill_message *message)
{
    char date[40], backup[100];

    drill_message_date(date, sizeof date, message->at_ms);
    (void)text_printable_copy(backup, sizeof backup, message->backup);
    for (char *c = backup; *c != '\0'; c++) {
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    }
    (void)buffer_append_format(target,
                               "From: mxpull <mxpull@%s>\r\n"
                               "To: <%s>\r\n"
                               "Date: %s\r\n"
                               "Message-ID: <drill.%s@%s>\r\n"
                               "Subject: mxpull drill %s\r\n"
                               "Auto-Submitted: auto-generated\r\n"
                               "MIME-Version: 1.0\r\n"
                               "Content-Type: text/plain; charset=us-ascii\r\n"
                               "Content-Transfer-Encoding: 7bit\r\n"
                               "\r\n",
                               message->ehlo_name, message->recipient, date, message->token,
                               message->ehlo_name, message->token);
    (void)buffer_append_format(
        target,
        "This is a test message. Nothing is to be done; it may be deleted.\r\n"
        "\r\n"
        "mxpull on the host\r\n"
        "    %s\r\n"
        "has sent it through the backup mail server\r\n"
        "    %s (%s)\r\n"
        "to see whether mail for\r\n"
        "    %s\r\n"
        "comes here from there. It does, for you are reading this.\r\n"
        "\r\n"
        "A message like this is sent by the command \"mxpull drill\", or by the\r\n"
        "option \"drill\" of mxpull's configuration. It has no sender to answer to.\r\n",
        message->ehlo_name, backup, message->host, message->domain);
}

/* What the server says while libcurl connects: libcurl shows each line and keeps none. */
#include "internal.h"

#include <mxpull/base/text.h>
#include <mxpull/smtp/reply.h>

#include <string.h>

/* The code that the line begins with, or 0. */
static int code_of(const char *line, size_t size)
{
    int code = 0;

    for (size_t i = 0; i < 3; i++) {
        if (i >= size || !text_is_digit(line[i]))
            return 0;
        code = code * 10 + (line[i] - '0');
    }
    return code;
}

static void keep_text(struct heard *heard, const char *line, size_t size)
{
    while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
        size--;
    if (size > sizeof heard->text - 1)
        size = sizeof heard->text - 1;
    memcpy(heard->text, line, size);
    heard->text[size] = '\0';
}

bool heard_line(struct heard *heard, const char *line, size_t size)
{
    struct connection_facts *facts = &heard->facts;
    bool first = !heard->open;
    int code = code_of(line, size);
    bool mixed = !first && code != heard->code;

    if (first) {
        heard->size = 0;
        heard->lines = 0;
        heard->challenged = heard->code == 334;
    }
    heard->stage = heard->asked != STAGE_NONE ? heard->asked : STAGE_GREETING;
    heard->size += size;
    heard->lines++;
    heard->code = code;
    heard->open = size > 3 && line[3] == '-';
    keep_text(heard, line, size);
    if (first && heard->replies == 0)
        memcpy(facts->greeting, heard->text, sizeof facts->greeting);
    if (code == 0 || mixed || heard->size > REPLY_SIZE_MAX || heard->lines > REPLY_LINES_MAX)
        return false;

    /* RFC 3207 4.2: what EHLO said before STARTTLS is forgotten; 220 is the greeting's or
     * STARTTLS's. */
    bool is_to_auth = heard->stage == STAGE_AUTH;
    if (!is_to_auth && (code == 220 || (code == 250 && first)))
        facts->ehlo = (struct ehlo){0};
    if (code == 220 && !is_to_auth) {
        facts->authenticated = false;
        facts->refused = 0;
    }
    if (code == 220 && !is_to_auth && heard->replies > 0) {
        heard->starttls = true;
        heard->asked = STAGE_TLS;
    }
    if ((heard->stage == STAGE_EHLO || heard->stage == STAGE_STARTTLS) && code >= 400 &&
        facts->refused == 0 && !heard->open) {
        facts->refused = code;
        facts->refused_at = heard->stage;
        memcpy(facts->refusal, heard->text, sizeof facts->refusal);
    }
    if (code == 250 && !is_to_auth)
        ehlo_line(&facts->ehlo, line, size, first);
    if (code == 235 && heard->challenged)
        facts->authenticated = true;
    if (!heard->open)
        heard->replies++;
    return true;
}

/* The answer to a challenge begins with no verb, and belongs to its AUTH. */
void heard_command(struct heard *heard, const char *line, size_t size)
{
    static const struct {
        const char *verb;
        enum stage stage;
    } verbs[] = {{"EHLO ", STAGE_EHLO},
                 {"HELO ", STAGE_EHLO},
                 {"STARTTLS", STAGE_STARTTLS},
                 {"AUTH ", STAGE_AUTH}};

    for (size_t i = 0; i < COUNT_OF(verbs) && heard->replies > 0 && heard->code != 334; i++) {
        size_t length = strlen(verbs[i].verb);

        if (size <= length || !text_equal_part(verbs[i].verb, line, length))
            continue;
        heard->asked = verbs[i].stage;
        if (heard->asked == STAGE_AUTH) {
            size_t end = length;

            while (end < size && line[end] != ' ' && line[end] != '\r')
                end++;
            heard->mechanism = ehlo_mechanism(line + length, end - length);
        }
    }
}

/* 7.88 to 8.16 know EHLO's keywords (RFC 5321 4.1.1.1: in any case) and mechanisms in upper case
 * alone, and no "AUTH=" of old servers. libcurl reads the line after us, from where it stands. */
void heard_make_readable(char *line, size_t size)
{
    static const char old[] = "AUTH=";

    for (size_t i = 0; i < size; i++) {
        if (line[i] >= 'a' && line[i] <= 'z')
            line[i] = (char)(line[i] - 'a' + 'A');
    }
    if (size > 4 + sizeof old && memcmp(line + 4, old, sizeof old - 1) == 0)
        line[4 + sizeof old - 2] = ' ';
}

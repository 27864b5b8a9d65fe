/* The keywords of an EHLO reply (RFC 5321 4.1.1.1) that say what a backup can be asked. */
#include <mxpull/base/text.h>
#include <mxpull/smtp/ehlo.h>

static bool is_end_of_word(char c)
{
    return c == ' ' || c == '\t' || c == '=' || c == '\r' || c == '\n' || c == '\0';
}

void ehlo_line(struct ehlo *ehlo, const char *line, size_t size, bool first)
{
    const struct {
        const char *keyword;
        bool *offered;
    } keywords[] = {
        {"ETRN", &ehlo->etrn}, {"ATRN", &ehlo->atrn},         {"TURN", &ehlo->turn},
        {"AUTH", &ehlo->auth}, {"STARTTLS", &ehlo->starttls},
    };

    if (first || size <= 4)
        return;
    const char *word = line + 4;
    size_t length = 0;
    while (length < size - 4 && !is_end_of_word(word[length]))
        length++;
    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (text_equal_part(keywords[i].keyword, word, length))
            *keywords[i].offered = true;
    }
}

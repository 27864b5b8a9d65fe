/* The keywords of an EHLO reply (RFC 5321 4.1.1.1) that say what a backup can be asked. */
#include <mxpull/base/text.h>
#include <mxpull/smtp/ehlo.h>

#include <string.h>

static const char *const mechanisms[EHLO_MECHANISM_COUNT] = {
    "SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN",
};

unsigned ehlo_mechanism(const char *name, size_t size)
{
    for (unsigned i = 0; i < EHLO_MECHANISM_COUNT; i++) {
        if (text_equal_part(mechanisms[i], name, size))
            return 1U << i;
    }
    return 0;
}

const char *ehlo_mechanism_name(unsigned mechanism)
{
    for (unsigned i = 0; i < EHLO_MECHANISM_COUNT; i++) {
        if (mechanism == 1U << i)
            return mechanisms[i];
    }
    return "";
}

static bool is_end_of_word(char c)
{
    return c == ' ' || c == '\t' || c == '=' || c == '\r' || c == '\n' || c == '\0';
}

/* The words behind AUTH. */
static void add_mechanisms(struct ehlo *ehlo, const char *words, size_t size)
{
    size_t kept = strlen(ehlo->mechanism_names);

    for (size_t at = 0, length; at < size; at += length + 1) {
        length = 0;
        while (at + length < size && !is_end_of_word(words[at + length]))
            length++;
        ehlo->mechanisms |= ehlo_mechanism(words + at, length);
        if (length > 0 && kept + length + 2 <= EHLO_NAMES_SIZE) {
            if (kept > 0)
                ehlo->mechanism_names[kept++] = ' ';
            memcpy(ehlo->mechanism_names + kept, words + at, length);
            kept += length;
            ehlo->mechanism_names[kept] = '\0';
        }
    }
}

bool ehlo_offers(const struct ehlo *ehlo, enum verb verb)
{
    return (verb == VERB_ETRN && ehlo->etrn) || (verb == VERB_ATRN && ehlo->atrn) ||
           (verb == VERB_TURN && ehlo->turn);
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
    if (text_equal_part("AUTH", word, length))
        add_mechanisms(ehlo, word + length, size - 4 - length);
}

/* Whatever a DNS server answers: names come out in lower case, with nothing hidden in them, addresses as addresses, MX
 * records in their order. */
#include "fuzz.h"

#include "dns_message.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <string.h>

enum {
    NAME_TEXT_MAX = 4 * 255
};

#define QUESTION                                                                                   \
    "\x12\x34\x85\x80~\x01~\x02~~~~\x01"                                                           \
    "a\x04test~~\x01~\x01"

/* The first character says which type is asked for, ~ stands for a NUL. */
const char *const fuzz_seeds[] = {
    "0" QUESTION
    "\xc0\x0c~\x01~\x01~~~~~\x04\x01\x02\x03\x04\xc0\x0c~\x01~\x01~~~~~\x04\x05\x06\x07\x08",
    "0" QUESTION "\xc0\x0c~\x05~\x01~~~~~\x04\x01"
    "b\xc0\x0e\xc0\x24~\x01~\x01~~~~~\x04\x01\x02\x03\x04",
    "1" QUESTION "\xc0\x0c~\x1c~\x01~~~~~\x10"
    "aaaaaaaaaaaaaaaa"
    "\xc0\x0c~\x1c~\x01~~~~~\x10"
    "bbbbbbbbbbbbbbbb",
    "2" QUESTION "\xc0\x0c~\x05~\x01~~~~~\x02\xc0\x0e\xc0\x0c~\x05~\x01~~~~~\x01~",
    "3" QUESTION
    "\xc0\x0c~\x0f~\x01~~~~~\x04~\x0a\xc0\x0e\xc0\x0c~\x0f~\x01~~~~~\x06~\x05\x01m\xc0\x0e",
    "4" QUESTION "\xc0\x0c~\x0c~\x01~~~~~\x06\x03m.x\xc0\x0e\xc0\x0c~\x0c~\x01~~~~~\x02\xc0\x0c",
    "5" QUESTION "\xc0\x0c~\x10~\x01~~~~~\x06\x02xy\x01~~\xc0\x0c~\x10~\x01~~~~~\x04\x03"
    "a\\b",
    "6" QUESTION
    "\xc0\x0c~\x34~\x01~~~~~\x05\x03\x01\x01\xab\xcd\xc0\x0c~\x34~\x01~~~~~\x04\x03\x01\x01\xff",
    "0\x12\x34\x81\x80~\x01~~~\x02~~\x01"
    "a\x04test~~\x01~\x01\xc0\x0e~\x02~\x01~~~~~\x02\xc0\x0c\xc0\x0e~\x06~\x01~~~~~~",
    NULL};

static void check_name(const char *name)
{
    CHECK(strlen(name) <= NAME_TEXT_MAX);
    for (; *name != '\0'; name++)
        CHECK(*name > ' ' && *name < 0x7f && text_lower(*name) == *name);
}

static void check_record(const struct dns_message *message, size_t i, enum dns_type type)
{
    const char *text = message->records[i].text;

    CHECK(text != NULL);
    CHECK(type == DNS_MX || message->records[i].preference == 0);
    switch (type) {
    case DNS_A: CHECK(strspn(text, "0123456789.") == strlen(text) && strlen(text) <= 15); break;
    case DNS_AAAA:
        CHECK(strspn(text, "0123456789abcdef:.") == strlen(text) && strchr(text, ':') != NULL);
        break;
    case DNS_TLSA: CHECK(strspn(text, "0123456789abcdef ") == strlen(text)); break;
    case DNS_MX:
        CHECK(i == 0 || message->records[i - 1].preference <= message->records[i].preference);
        check_name(text);
        break;
    case DNS_CNAME:
    case DNS_PTR: check_name(text); break;
    case DNS_TXT: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct dns_message message = {0};
    enum dns_type type =
        size > 0 ? (enum dns_type)((bytes[0] - '0' + 256U) % (DNS_TLSA + 1U)) : DNS_A;
    size_t message_size = size > 0 ? size - 1 : 0;
    /* As large as the message, so that a sanitizer sees what is read behind it. */
    unsigned char *copy = malloc(message_size > 0 ? message_size : 1);

    if (copy == NULL)
        abort();
    for (size_t i = 0; i < message_size; i++)
        copy[i] = bytes[i + 1] != '~' ? bytes[i + 1] : 0;
    if (dns_message_read(&message, copy, message_size, type)) {
        for (size_t i = 0; i < message.count; i++)
            check_record(&message, i, type);
        if (message.alias != NULL)
            check_name(message.alias);
    }
    dns_message_free(&message);
    free(copy);
    return 0;
}

/* AUTH's mechanisms. */
#include "auth.h"
#include "md5.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>

#include <stdio.h>
#include <string.h>

enum {
    ANSWER_MAX = 4096
};

static const struct mechanism {
    const char *name;
    unsigned bit;
} known[] = {{"PLAIN", AUTH_PLAIN},
             {"LOGIN", AUTH_LOGIN},
             {"CRAM-MD5", AUTH_CRAM_MD5},
             {"XOAUTH2", AUTH_XOAUTH2}};

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(const char *text, struct buffer *target)
{
    for (size_t left = strlen(text); left > 0;) {
        size_t size = left < 3 ? left : 3;
        unsigned bits = 0;
        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < size ? (unsigned char)text[i] : 0U);
        char group[4] = {base64[bits >> 18], base64[bits >> 12 & 63], '=', '='};
        if (size > 1)
            group[2] = base64[bits >> 6 & 63];
        if (size > 2)
            group[3] = base64[bits & 63];
        (void)buffer_append(target, group, sizeof group);
        text += size;
        left -= size;
    }
}

/* False for what is not base64. "=" alone is an empty answer (RFC 4954 4). */
static bool decode(const char *text, struct buffer *target)
{
    unsigned bits = 0, count = 0;

    for (; *text != '\0' && *text != '='; text++) {
        const char *found = strchr(base64, *text);
        if (found == NULL)
            return false;
        bits = (bits << 6 | (unsigned)(found - base64)) & 0xffffffU;
        count += 6;
        if (count >= 8) {
            count -= 8;
            char byte = (char)(bits >> count & 255U);
            if (buffer_append(target, &byte, 1) != STATUS_OK)
                return false;
        }
    }
    return strspn(text, "=") == strlen(text);
}

static const struct mechanism *find(const char *name, size_t size)
{
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (text_equal_part(known[i].name, name, size))
            return &known[i];
    }
    return NULL;
}

unsigned auth_mechanisms(const char *names)
{
    unsigned set = 0;

    for (;;) {
        size_t size = strcspn(names, ",");
        const struct mechanism *mechanism = find(names, size);
        if (mechanism == NULL)
            return 0;
        set |= mechanism->bit;
        if (names[size] == '\0')
            return set;
        names += size + 1;
    }
}

void auth_list(unsigned mechanisms, struct buffer *target)
{
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (mechanisms & known[i].bit)
            (void)buffer_append_format(target, "%s%s", target->size > 0 ? " " : "", known[i].name);
    }
}

static enum auth_result verdict(bool right)
{
    return right ? AUTH_PASSED : AUTH_REFUSED;
}

/* RFC 4616: [identity] NUL user NUL password */
static enum auth_result check_plain(const struct buffer *answer, const char *user,
                                    const char *password)
{
    struct buffer wanted;

    const char *behind = memchr(answer->bytes, '\0', answer->size);
    if (behind == NULL)
        return AUTH_FAULTY;
    buffer_init(&wanted, ANSWER_MAX);
    (void)buffer_append_format(&wanted, "%s%c%s", user, '\0', password);
    size_t size = answer->size - (size_t)(behind + 1 - answer->bytes);
    bool right = size == wanted.size && memcmp(behind + 1, wanted.bytes, size) == 0;
    buffer_done(&wanted);
    return verdict(right);
}

static enum auth_result check_login(struct auth *auth, const struct buffer *answer,
                                    const char *user, const char *password,
                                    struct buffer *challenge)
{
    if (auth->step++ == 0) {
        auth->user_is_right = strcmp(answer->bytes, user) == 0;
        encode("Password:", challenge);
        return AUTH_MORE;
    }
    return verdict(auth->user_is_right && strcmp(answer->bytes, password) == 0);
}

/* RFC 2195: user, a space, HMAC-MD5 of the challenge */
static enum auth_result check_cram(const struct auth *auth, const struct buffer *answer,
                                   const char *user, const char *password)
{
    struct buffer wanted;
    char digits[33];

    buffer_init(&wanted, ANSWER_MAX);
    md5_hmac(password, auth->challenge, digits);
    (void)buffer_append_format(&wanted, "%s %s", user, digits);
    bool right = strcmp(answer->bytes, wanted.bytes) == 0;
    buffer_done(&wanted);
    return verdict(right);
}

static enum auth_result check_xoauth2(const struct buffer *answer, const char *user,
                                      const char *password)
{
    struct buffer wanted;

    buffer_init(&wanted, ANSWER_MAX);
    (void)buffer_append_format(&wanted, "user=%s\001auth=Bearer %s\001\001", user, password);
    bool right = strcmp(answer->bytes, wanted.bytes) == 0;
    buffer_done(&wanted);
    return verdict(right);
}

static enum auth_result check(struct auth *auth, const struct buffer *answer, const char *user,
                              const char *password, struct buffer *challenge)
{
    switch (auth->mechanism) {
    case AUTH_PLAIN: return check_plain(answer, user, password);
    case AUTH_LOGIN: return check_login(auth, answer, user, password, challenge);
    case AUTH_CRAM_MD5: return check_cram(auth, answer, user, password);
    default: return check_xoauth2(answer, user, password);
    }
}

enum auth_result auth_continue(struct auth *auth, const char *user, const char *password,
                               const char *line, struct buffer *challenge)
{
    struct buffer answer;
    enum auth_result result = AUTH_FAULTY;

    buffer_init(&answer, ANSWER_MAX);
    if (strcmp(line, "*") != 0 && decode(line, &answer))
        result = check(auth, &answer, user, password, challenge);
    buffer_done(&answer);
    return result;
}

/* What the server says first where the client has not answered already. */
static void first_challenge(struct auth *auth, struct buffer *challenge)
{
    if (auth->mechanism == AUTH_LOGIN)
        encode("Username:", challenge);
    if (auth->mechanism == AUTH_CRAM_MD5)
        encode(auth->challenge, challenge);
}

enum auth_result auth_begin(struct auth *auth, unsigned allowed, const char *user,
                            const char *password, const char *argument, struct buffer *challenge)
{
    static unsigned long serial; /* makes each challenge another one */
    size_t size = strcspn(argument, " ");
    const struct mechanism *mechanism = find(argument, size);

    *auth = (struct auth){0};
    if (mechanism == NULL || (mechanism->bit & allowed) == 0)
        return AUTH_UNKNOWN;
    auth->mechanism = mechanism->bit;
    (void)snprintf(auth->challenge, sizeof auth->challenge, "<%lu.mxsim@localhost>", ++serial);
    if (argument[size] == ' ' && auth->mechanism != AUTH_CRAM_MD5)
        return auth_continue(auth, user, password, argument + size + 1, challenge);
    first_challenge(auth, challenge);
    return AUTH_MORE;
}

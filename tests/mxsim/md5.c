/* MD5 (RFC 1321) and HMAC-MD5. */
#include "md5.h"

#include <stdint.h>
#include <string.h>

enum {
    BLOCK = 64,
    DIGEST = 16
};

struct md5 {
    uint32_t state[4];
    uint64_t size;
    unsigned char block[BLOCK];
};

static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
static const unsigned char shifts[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t word_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void mix_block(struct md5 *md5)
{
    uint32_t a = md5->state[0], b = md5->state[1], c = md5->state[2], d = md5->state[3];

    for (unsigned i = 0; i < 64; i++) {
        uint32_t f;
        unsigned g;
        switch (i / 16) {
        case 0: f = (b & c) | (~b & d), g = i; break;
        case 1: f = (d & b) | (~d & c), g = (5 * i + 1) % 16; break;
        case 2: f = b ^ c ^ d, g = (3 * i + 5) % 16; break;
        default: f = c ^ (b | ~d), g = (7 * i) % 16; break;
        }
        uint32_t sum = a + f + sines[i] + word_at(md5->block + (size_t)g * 4);
        unsigned shift = shifts[i / 16][i % 4];
        a = d, d = c, c = b;
        b += sum << shift | sum >> (32 - shift);
    }
    md5->state[0] += a, md5->state[1] += b, md5->state[2] += c, md5->state[3] += d;
}

static void md5_begin(struct md5 *md5)
{
    *md5 = (struct md5){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

static void md5_add(struct md5 *md5, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    for (; size > 0; size--) {
        md5->block[md5->size++ % BLOCK] = *at++;
        if (md5->size % BLOCK == 0)
            mix_block(md5);
    }
}

static void md5_end(struct md5 *md5, unsigned char digest[DIGEST])
{
    uint64_t bits = md5->size * 8;
    unsigned char length[8];

    md5_add(md5, "\x80", 1);
    while (md5->size % BLOCK != BLOCK - sizeof length)
        md5_add(md5, "", 1);
    for (size_t i = 0; i < sizeof length; i++)
        length[i] = (unsigned char)(bits >> (8 * i));
    md5_add(md5, length, sizeof length);
    for (size_t i = 0; i < DIGEST; i++)
        digest[i] = (unsigned char)(md5->state[i / 4] >> (8 * (i % 4)));
}

void md5_hmac(const char *key, const char *text, char digits[33])
{
    unsigned char inner[BLOCK] = {0}, outer[BLOCK], digest[DIGEST];
    struct md5 md5;

    if (strlen(key) <= BLOCK) {
        memcpy(inner, key, strlen(key));
    } else {
        md5_begin(&md5);
        md5_add(&md5, key, strlen(key));
        md5_end(&md5, inner);
    }
    for (size_t i = 0; i < BLOCK; i++) {
        outer[i] = (unsigned char)(inner[i] ^ 0x5cU);
        inner[i] ^= 0x36U;
    }
    md5_begin(&md5);
    md5_add(&md5, inner, sizeof inner);
    md5_add(&md5, text, strlen(text));
    md5_end(&md5, digest);
    md5_begin(&md5);
    md5_add(&md5, outer, sizeof outer);
    md5_add(&md5, digest, sizeof digest);
    md5_end(&md5, digest);
    for (size_t i = 0; i < DIGEST; i++) {
        digits[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        digits[2 * i + 1] = "0123456789abcdef"[digest[i] & 15U];
    }
    digits[32] = '\0';
}

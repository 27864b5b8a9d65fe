#ifndef MXSIM_MD5_H
#define MXSIM_MD5_H

#include <stddef.h>

/* HMAC-MD5 (RFC 2104) of a text, as the 32 hexadecimal digits of CRAM-MD5 (RFC 2195). Here and not
 * from a library, so that AUTH works where mxsim is built without TLS. */
void md5_hmac(const char *key, const char *text, char digits[33]);

#endif

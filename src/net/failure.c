/* Why a connection could not be established, in the words of our statuses: libcurl's code tells the
 * kind, the server's last reply the reason, where it gave one. */
#include "internal.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/socket.h>

static const struct {
    CURLcode result;
    enum status status;
    bool by_reply; /* a reply brought it about: the greeting, EHLO or AUTH was refused */
} kinds[] = {
    {CURLE_OPERATION_TIMEDOUT, STATUS_TIMEOUT, false},
    {CURLE_WEIRD_SERVER_REPLY, STATUS_PROTOCOL, true},
    {CURLE_REMOTE_ACCESS_DENIED, STATUS_PROTOCOL, true},
    {CURLE_LOGIN_DENIED, STATUS_AUTHENTICATION, true},
    {CURLE_AUTH_ERROR, STATUS_AUTHENTICATION, false},
    {CURLE_WRITE_ERROR, STATUS_LIMIT, false},
    {CURLE_SSL_CONNECT_ERROR, STATUS_TLS, false},
    {CURLE_SSL_ENGINE_NOTFOUND, STATUS_TLS, false},
    {CURLE_SSL_ENGINE_SETFAILED, STATUS_TLS, false},
    {CURLE_SSL_ENGINE_INITFAILED, STATUS_TLS, false},
    {CURLE_SSL_CERTPROBLEM, STATUS_TLS, false},
    {CURLE_SSL_CIPHER, STATUS_TLS, false},
    {CURLE_PEER_FAILED_VERIFICATION, STATUS_TLS, false},
    {CURLE_USE_SSL_FAILED, STATUS_TLS, false},
    {CURLE_SSL_CACERT_BADFILE, STATUS_TLS, false},
    {CURLE_SSL_CRL_BADFILE, STATUS_TLS, false},
    {CURLE_SSL_ISSUER_ERROR, STATUS_TLS, false},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, STATUS_TLS, false},
    {CURLE_SSL_INVALIDCERTSTATUS, STATUS_TLS, false},
};

/* We have refused to hear more (CURLE_WRITE_ERROR), or libcurl has: at a ceiling of its own, for
 * which 7.88 has no code. */
static bool is_too_long(CURLcode result, const char *words, const struct heard *heard)
{
    return heard->code != 0 &&
           (result == CURLE_WRITE_ERROR || text_starts_with(words, "Too large response"));
}

/* Schannel's side of libcurl says nothing at all, or this, where a host given by its address is not among the
 * certificate's. */
static bool is_other_address(CURLcode result, const char *words)
{
    return result == CURLE_PEER_FAILED_VERIFICATION &&
           (words[0] == '\0' || text_starts_with(words, "schannel: CertFindExtension()"));
}

int failure_explain(CURLcode result, const char *words, long os_error, const struct heard *heard,
                    struct error *error)
{
    const char *said = words[0] != '\0' ? words : curl_easy_strerror(result);
    enum status status = STATUS_UNREACHABLE;
    bool by_reply = false;

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (kinds[i].result == result) {
            status = kinds[i].status;
            by_reply = kinds[i].by_reply;
        }
    }
    /* A refusal to which libcurl had another answer, such as HELO, and the close that followed it;
     * a 421 to STARTTLS. */
    bool is_end =
        result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR || result == CURLE_GOT_NOTHING;
    by_reply = by_reply || (is_end && !heard->open) ||
               (result == CURLE_USE_SSL_FAILED && heard->code == 421);
    if (by_reply && heard->code >= 400 && heard->code <= 599) {
        (void)error_set(error, status, "%s", heard->text + (heard->text[3] == '\0' ? 3 : 4));
        return heard->code;
    }
    if (result == CURLE_USE_SSL_FAILED && heard->code >= 400)
        (void)error_set(error, status, "STARTTLS was refused: %s", heard->text);
    else if (result == CURLE_USE_SSL_FAILED)
        (void)error_set(error, status, "STARTTLS is not offered");
    else if (result == CURLE_LOGIN_DENIED)
        (void)error_set(error, status,
                        "AUTH: no mechanism that both sides know, or a challenge without sense");
    else if (is_other_address(result, words))
        (void)error_set(error, status, "the certificate is not for this host");
    else if (is_too_long(result, words, heard))
        (void)error_set(error, STATUS_LIMIT, "a reply without end");
    else if (result == CURLE_WRITE_ERROR || status == STATUS_PROTOCOL)
        (void)error_set(error, status, "not an SMTP server: %s",
                        heard->text[0] != '\0' ? heard->text : said);
    else if (result == CURLE_URL_MALFORMAT) /* the URL is ours and good: it is the mechanism of AUTH
                                               that libcurl cannot read */
        (void)error_set(error, STATUS_AUTHENTICATION, "auth: libcurl does not know this mechanism");
    else if (result == CURLE_COULDNT_CONNECT && os_error != 0)
        (void)error_set(error, status, "no connection: %s", socket_error_text((int)os_error));
    else if (is_end)
        (void)error_set(error, status, "the backup closed the connection %s%s",
                        heard->text[0] == '\0' ? "before a greeting" : "after: ", heard->text);
    else
        (void)error_set(error, status, "%s", said);
    return 0;
}

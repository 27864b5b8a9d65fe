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

static bool is_of_certificate(CURLcode result)
{
    return result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_ISSUER_ERROR ||
           result == CURLE_SSL_INVALIDCERTSTATUS || result == CURLE_SSL_CACERT_BADFILE ||
           result == CURLE_SSL_CRL_BADFILE;
}

/* What failed, where libcurl's result says so and no reply does. */
static enum stage stage_of(CURLcode result, enum status status, enum stage under_way)
{
    if (result == CURLE_COULDNT_RESOLVE_HOST || result == CURLE_COULDNT_RESOLVE_PROXY)
        return STAGE_LOOKUP;
    if (result == CURLE_USE_SSL_FAILED)
        return STAGE_STARTTLS;
    if (result == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return STAGE_PINNED_KEY;
    if (is_of_certificate(result))
        return STAGE_CERTIFICATE;
    if (status == STATUS_TLS)
        return STAGE_TLS;
    if (status == STATUS_AUTHENTICATION || result == CURLE_URL_MALFORMAT)
        return STAGE_AUTH;
    return under_way;
}

static bool is_end(CURLcode result)
{
    return result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR || result == CURLE_GOT_NOTHING;
}

/* Whether the last reply is the reason: it refused what was asked, libcurl may have had another
 * answer to it, such as HELO, and then the connection was closed. */
static bool is_refusal(CURLcode result, bool by_reply, const struct heard *heard)
{
    by_reply = by_reply || result == CURLE_USE_SSL_FAILED ||
               (is_end(result) && !heard->open && heard->stage == heard->asked);
    return by_reply && heard->code >= 400 && heard->code <= 599;
}

static void explain_refusal(const struct heard *heard, enum status status, struct error *error)
{
    const char *text = heard->text + (heard->text[3] == '\0' ? 3 : 4);

    if (heard->stage == STAGE_STARTTLS)
        (void)error_set(error, status, "STARTTLS was refused: %s", text);
    else
        (void)error_set(error, status, "%s", text);
}

const char *failure_without_tls(const struct heard *heard)
{
    return heard->ehlo.starttls ? "STARTTLS is offered, but libcurl has not used it"
                                : "STARTTLS is not offered";
}

/* A mechanism that is not ours, or one that libcurl was not built with; or it could make nothing of a
 * challenge. */
static void explain_mechanism(const struct heard *heard, enum status status, struct error *error)
{
    if (heard->asked == STAGE_AUTH)
        (void)error_set(error, status, "AUTH: a challenge without sense");
    else
        (void)error_set(error, status, "AUTH: no mechanism of ours is offered (%s)",
                        heard->ehlo.mechanism_names);
}

void failure_explain(struct failure *failure, struct error *error)
{
    CURLcode result = failure->result;
    const struct heard *heard = failure->heard;
    const char *words = failure->words;
    const char *said = words[0] != '\0' ? words : curl_easy_strerror(result);
    enum status status = STATUS_UNREACHABLE;
    bool by_reply = false;

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (kinds[i].result == result) {
            status = kinds[i].status;
            by_reply = kinds[i].by_reply;
        }
    }
    failure->code = 0;
    if (is_refusal(result, by_reply, heard)) {
        failure->code = heard->code;
        failure->stage = heard->stage;
        explain_refusal(heard, status, error);
        return;
    }
    if (failure->os_error != 0 && socket_is_short((int)failure->os_error)) {
        failure->stage = STAGE_NONE;
        (void)error_set(error, STATUS_SHORTAGE, "no connection%s%s: %s",
                        failure->place[0] != '\0' ? " to " : "", failure->place,
                        socket_error_text((int)failure->os_error));
        return;
    }
    failure->stage = stage_of(result, status, failure->stage);
    if (result == CURLE_USE_SSL_FAILED)
        (void)error_set(error, status, "%s", failure_without_tls(heard));
    else if (result == CURLE_LOGIN_DENIED)
        explain_mechanism(heard, status, error);
    else if (is_other_address(result, words))
        (void)error_set(error, status, "the certificate is not for this host");
    else if (is_too_long(result, words, heard))
        (void)error_set(error, STATUS_LIMIT, "a reply without end");
    else if (result == CURLE_WRITE_ERROR || status == STATUS_PROTOCOL)
        (void)error_set(error, status, "not an SMTP server: %s",
                        heard->text[0] != '\0' ? heard->text : said);
    else if (result == CURLE_URL_MALFORMAT) /* the URL is ours and good: it is the mechanism of AUTH
                                               that libcurl cannot read */
        (void)error_set(error, STATUS_SYNTAX, "auth: libcurl does not know this mechanism");
    else if (result == CURLE_COULDNT_CONNECT && failure->os_error != 0)
        (void)error_set(error, status, "no connection%s%s: %s",
                        failure->place[0] != '\0' ? " to " : "", failure->place,
                        socket_error_text((int)failure->os_error));
    else if (is_end(result))
        (void)error_set(error, status, "the backup closed the connection %s%s",
                        heard->text[0] == '\0' ? "before a greeting" : "after: ", heard->text);
    else
        (void)error_set(error, status, "%s", said);
}

/* Why a connection could not be established, in the words of our statuses: libcurl's code tells the
 * kind, the server's last reply the reason, where it gave one. */
#include "internal.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/socket.h>
#include <mxpull/smtp/reply.h>

/* The results that are not STATUS_UNREACHABLE at what was under way. */
static const struct kind {
    CURLcode result;
    enum status status;
    enum stage stage; /* what failed; STAGE_NONE: what was under way */
    bool by_reply;    /* the last reply brought it about, where that is a refusal */
} kinds[] = {
    {CURLE_OPERATION_TIMEDOUT, STATUS_TIMEOUT, STAGE_NONE, false},
    {CURLE_COULDNT_RESOLVE_HOST, STATUS_UNREACHABLE, STAGE_LOOKUP, false},
    {CURLE_COULDNT_RESOLVE_PROXY, STATUS_UNREACHABLE, STAGE_LOOKUP, false},
    {CURLE_WEIRD_SERVER_REPLY, STATUS_PROTOCOL, STAGE_NONE, true},
    {CURLE_UNSUPPORTED_PROTOCOL, STATUS_PROTOCOL, STAGE_NONE, false}, /* HTTP of 1991 */
    {CURLE_REMOTE_ACCESS_DENIED, STATUS_PROTOCOL, STAGE_NONE, true},
    {CURLE_LOGIN_DENIED, STATUS_AUTHENTICATION, STAGE_AUTH, true},
    {CURLE_AUTH_ERROR, STATUS_AUTHENTICATION, STAGE_AUTH, false},
    {CURLE_URL_MALFORMAT, STATUS_SYNTAX, STAGE_AUTH, false},
    {CURLE_WRITE_ERROR, STATUS_LIMIT, STAGE_NONE, false},
    {CURLE_USE_SSL_FAILED, STATUS_TLS, STAGE_STARTTLS, true},
    {CURLE_SSL_CONNECT_ERROR, STATUS_TLS, STAGE_TLS, false},
    {CURLE_SSL_ENGINE_NOTFOUND, STATUS_TLS, STAGE_TLS, false},
    {CURLE_SSL_ENGINE_SETFAILED, STATUS_TLS, STAGE_TLS, false},
    {CURLE_SSL_ENGINE_INITFAILED, STATUS_TLS, STAGE_TLS, false},
    {CURLE_SSL_CERTPROBLEM, STATUS_TLS, STAGE_TLS, false},
    {CURLE_SSL_CIPHER, STATUS_TLS, STAGE_TLS, false},
    {CURLE_PEER_FAILED_VERIFICATION, STATUS_TLS, STAGE_CERTIFICATE, false},
    {CURLE_SSL_CACERT_BADFILE, STATUS_TLS, STAGE_CERTIFICATE, false},
    {CURLE_SSL_CRL_BADFILE, STATUS_TLS, STAGE_CERTIFICATE, false},
    {CURLE_SSL_ISSUER_ERROR, STATUS_TLS, STAGE_CERTIFICATE, false},
    {CURLE_SSL_INVALIDCERTSTATUS, STATUS_TLS, STAGE_CERTIFICATE, false},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, STATUS_TLS, STAGE_PINNED_KEY, false},
};

static struct kind kind_of(CURLcode result)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (kinds[i].result == result)
            return kinds[i];
    }
    return (struct kind){.result = result, .status = STATUS_UNREACHABLE};
}

enum status failure_status(CURLcode result)
{
    return kind_of(result).status;
}

/* We have refused to hear more (CURLE_WRITE_ERROR), or libcurl has: at a ceiling of its own, for
 * which 7.88 has no code. */
static bool is_too_long(CURLcode result, const char *words, const struct heard *heard)
{
    bool is_over = heard->size > REPLY_SIZE_MAX || heard->lines > REPLY_LINES_MAX;

    return heard->code != 0 && ((result == CURLE_WRITE_ERROR && is_over) ||
                                text_starts_with(words, "Too large response"));
}

/* Schannel's side of libcurl says nothing at all, or this, where a host given by its address is not among the
 * certificate's. */
static bool is_other_address(CURLcode result, const char *words)
{
    return result == CURLE_PEER_FAILED_VERIFICATION &&
           (words[0] == '\0' || text_starts_with(words, "schannel: CertFindExtension()"));
}

static bool is_end(CURLcode result)
{
    return result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR || result == CURLE_GOT_NOTHING;
}

/* Whether the last reply is the reason: it refused what was asked, or the connection was closed behind it, where libcurl may
 * have tried HELO in between. */
static bool is_refusal(const struct kind *kind, const struct heard *heard)
{
    bool was_closed = is_end(kind->result) && !heard->open && heard->stage == heard->asked;

    return (kind->by_reply || was_closed) && heard->code >= 400 && heard->code <= 599;
}

/* Whether the reply to AUTH is neither a challenge, nor 235, nor a refusal (RFC 4954 4). */
static bool is_no_answer(const struct kind *kind, const struct heard *heard)
{
    return kind->result == CURLE_LOGIN_DENIED && heard->asked == STAGE_AUTH && heard->code != 334 &&
           heard->code >= 200 && heard->code < 400;
}

const char *failure_without_tls(const struct heard *heard)
{
    return heard->facts.ehlo.starttls ? "STARTTLS is offered, but libcurl has not used it"
                                      : "STARTTLS is not offered";
}

/* "no connection to mx2.example.net:25: Connection refused" */
static void explain_system(const struct failure *failure, enum status status, struct error *error)
{
    (void)error_set(error, status, "no connection%s%s: %s", failure->place[0] != '\0' ? " to " : "",
                    failure->place, socket_error_text((int)failure->os_error));
}

/* LOGIN_DENIED without a refusal: no mechanism that libcurl has is offered, or it could not answer a challenge. */
static void explain(const struct failure *failure, const struct kind *kind, struct error *error)
{
    CURLcode result = failure->result;
    enum status status = kind->status;
    const struct heard *heard = failure->heard;
    const char *words = failure->words;
    const char *said = words[0] != '\0' ? words : curl_easy_strerror(result);

    if (result == CURLE_USE_SSL_FAILED)
        (void)error_set(error, status, "%s", failure_without_tls(heard));
    else if (result == CURLE_LOGIN_DENIED && heard->asked == STAGE_AUTH)
        (void)error_set(error, status, "AUTH: a challenge without sense");
    else if (result == CURLE_LOGIN_DENIED)
        (void)error_set(error, status, "AUTH: no mechanism of ours is offered (%s)",
                        heard->facts.ehlo.mechanism_names);
    else if (is_other_address(result, words))
        (void)error_set(error, status, "the certificate is not for this host");
    else if (is_too_long(result, words, heard))
        (void)error_set(error, STATUS_LIMIT, "a reply without end");
    else if (result == CURLE_WRITE_ERROR && heard->code != 0)
        (void)error_set(error, status, "a reply of two codes, the last is: %s", heard->text);
    else if (status == STATUS_PROTOCOL && heard->asked == STAGE_TLS)
        (void)error_set(error, status, "it sends more in clear behind its answer to STARTTLS");
    else if (result == CURLE_WRITE_ERROR || status == STATUS_PROTOCOL)
        (void)error_set(error, status, "not an SMTP server: %s",
                        heard->text[0] != '\0' ? heard->text : said);
    else if (result == CURLE_URL_MALFORMAT) /* the URL is ours and good */
        (void)error_set(error, status, "auth: libcurl does not know this mechanism");
    else if (result == CURLE_COULDNT_CONNECT && failure->os_error != 0)
        explain_system(failure, status, error);
    else if (is_end(result))
        (void)error_set(error, status, "the backup closed the connection %s%s",
                        heard->text[0] == '\0' ? "before a greeting" : "after: ", heard->text);
    else
        (void)error_set(error, status, "%s", said);
}

void failure_explain(struct failure *failure, struct error *error)
{
    const struct heard *heard = failure->heard;
    const struct kind kind = kind_of(failure->result);

    failure->code = 0;
    if (is_refusal(&kind, heard)) {
        failure->code = heard->code;
        failure->stage = heard->stage;
        (void)error_set(error, kind.status, "%s%s",
                        heard->stage == STAGE_STARTTLS ? "STARTTLS was refused: " : "",
                        heard->text + (heard->text[3] == '\0' ? 3 : 4));
    } else if (is_no_answer(&kind, heard)) {
        failure->code = heard->code;
        failure->stage = STAGE_AUTH;
        (void)error_set(error, kind.status, "%s (no answer to AUTH)",
                        heard->text + (heard->text[3] == '\0' ? 3 : 4));
    } else if (failure->os_error != 0 && socket_is_short((int)failure->os_error)) {
        failure->stage = STAGE_NONE;
        explain_system(failure, STATUS_SHORTAGE, error);
    } else {
        failure->stage = kind.stage != STAGE_NONE ? kind.stage : failure->stage;
        explain(failure, &kind, error);
    }
}

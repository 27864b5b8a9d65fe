/* net: what was heard while connecting, and why a connection could not be established, in plain words. */
#include "unit.h"

#include <internal.h>

#define GREETED "<220 mx\n>EHLO me\n"
#define OFFERED GREETED "<250-mx\n<250-starttls\n<250 auth plain\n"
#define IN_TLS OFFERED ">STARTTLS\n<220 go\n>EHLO me\n<250-mx\n<250 AUTH PLAIN\n"

static const struct failure_row {
    const char *name;
    const char *said; /* each line with its direction; without its line end */
    CURLcode result;
    const char *words;    /* libcurl's */
    enum stage under_way; /* as the connection has it where nothing was asked yet */
    enum status status;
    enum stage stage;
    int code;
    const char *text; /* NULL: the words that this libcurl has for the result */
} failures[] = {
    /* By results alone. */
    {"no such name", "", CURLE_COULDNT_RESOLVE_HOST, "Could not resolve host: mx", STAGE_LOOKUP,
     STATUS_UNREACHABLE, STAGE_LOOKUP, 0, "Could not resolve host: mx"},
    {"no such proxy", "", CURLE_COULDNT_RESOLVE_PROXY, "", STAGE_CONNECT, STATUS_UNREACHABLE,
     STAGE_LOOKUP, 0, NULL},
    {"no connection", "", CURLE_COULDNT_CONNECT, "Failed to connect", STAGE_CONNECT,
     STATUS_UNREACHABLE, STAGE_CONNECT, 0, "Failed to connect"},
    {"a proxy that refuses", "", CURLE_PROXY, "SOCKS5: refused", STAGE_CONNECT, STATUS_UNREACHABLE,
     STAGE_CONNECT, 0, "SOCKS5: refused"},
    {"too late", "", CURLE_OPERATION_TIMEDOUT, "timed out", STAGE_CONNECT, STATUS_TIMEOUT,
     STAGE_CONNECT, 0, "timed out"},
    {"closed before a greeting", "", CURLE_RECV_ERROR, "", STAGE_GREETING, STATUS_UNREACHABLE,
     STAGE_GREETING, 0, "the backup closed the connection before a greeting"},
    {"closed while we sent", GREETED, CURLE_SEND_ERROR, "", STAGE_EHLO, STATUS_UNREACHABLE,
     STAGE_EHLO, 0, "the backup closed the connection after: 220 mx"},
    {"nothing", "", CURLE_GOT_NOTHING, "", STAGE_GREETING, STATUS_UNREACHABLE, STAGE_GREETING, 0,
     "the backup closed the connection before a greeting"},
    {"handshake", "", CURLE_SSL_CONNECT_ERROR, "", STAGE_TLS, STATUS_TLS, STAGE_TLS, 0,
     "SSL connect error"},
    {"a certificate of another address, by Schannel", "", CURLE_PEER_FAILED_VERIFICATION, "",
     STAGE_GREETING, STATUS_TLS, STAGE_CERTIFICATE, 0, "the certificate is not for this host"},
    {"the same without a list of names", "", CURLE_PEER_FAILED_VERIFICATION,
     "schannel: CertFindExtension() returned no extension.", STAGE_GREETING, STATUS_TLS,
     STAGE_CERTIFICATE, 0, "the certificate is not for this host"},
    {"a certificate of another name", "", CURLE_PEER_FAILED_VERIFICATION,
     "SSL: no alternative certificate subject name matches target host name 'mx2'", STAGE_TLS,
     STATUS_TLS, STAGE_CERTIFICATE, 0,
     "SSL: no alternative certificate subject name matches target host name 'mx2'"},
    {"an expired one", OFFERED ">STARTTLS\n<220 go\n", CURLE_PEER_FAILED_VERIFICATION,
     "certificate has expired", STAGE_NONE, STATUS_TLS, STAGE_CERTIFICATE, 0,
     "certificate has expired"},
    {"no file of certificates", "", CURLE_SSL_CACERT_BADFILE, "", STAGE_CONNECT, STATUS_TLS,
     STAGE_CERTIFICATE, 0, "Problem with the SSL CA cert (path? access rights?)"},
    {"another key", "", CURLE_SSL_PINNEDPUBKEYNOTMATCH, "", STAGE_TLS, STATUS_TLS, STAGE_PINNED_KEY,
     0, "SSL public key does not match pinned public key"},
    {"no engine", "", CURLE_SSL_ENGINE_NOTFOUND, "x", STAGE_CONNECT, STATUS_TLS, STAGE_TLS, 0, "x"},
    {"engine not set", "", CURLE_SSL_ENGINE_SETFAILED, "x", STAGE_CONNECT, STATUS_TLS, STAGE_TLS, 0,
     "x"},
    {"engine not started", "", CURLE_SSL_ENGINE_INITFAILED, "x", STAGE_CONNECT, STATUS_TLS,
     STAGE_TLS, 0, "x"},
    {"certificate of ours", "", CURLE_SSL_CERTPROBLEM, "x", STAGE_TLS, STATUS_TLS, STAGE_TLS, 0,
     "x"},
    {"ciphers", "", CURLE_SSL_CIPHER, "x", STAGE_TLS, STATUS_TLS, STAGE_TLS, 0, "x"},
    {"revoked", "", CURLE_SSL_CRL_BADFILE, "x", STAGE_TLS, STATUS_TLS, STAGE_CERTIFICATE, 0, "x"},
    {"issuer", "", CURLE_SSL_ISSUER_ERROR, "x", STAGE_TLS, STATUS_TLS, STAGE_CERTIFICATE, 0, "x"},
    {"its state", "", CURLE_SSL_INVALIDCERTSTATUS, "x", STAGE_TLS, STATUS_TLS, STAGE_CERTIFICATE, 0,
     "x"},
    {"an unknown mechanism", "", CURLE_URL_MALFORMAT, "", STAGE_LOOKUP, STATUS_SYNTAX, STAGE_AUTH,
     0, "auth: libcurl does not know this mechanism"},
    {"anything else", "", CURLE_OUT_OF_MEMORY, "", STAGE_CONNECT, STATUS_UNREACHABLE, STAGE_CONNECT,
     0, "Out of memory"},

    /* By what was said. */
    {"greeting 554", "<554 no service", CURLE_WEIRD_SERVER_REPLY, "Got unexpected smtp-server", 0,
     STATUS_PROTOCOL, STAGE_GREETING, 554, "no service"},
    {"a bare code", "<554", CURLE_WEIRD_SERVER_REPLY, "", 0, STATUS_PROTOCOL, STAGE_GREETING, 554,
     ""},
    {"several lines", "<421-mx\n<421 busy", CURLE_WEIRD_SERVER_REPLY, "", 0, STATUS_PROTOCOL,
     STAGE_GREETING, 421, "busy"},
    {"no SMTP", "<SSH-2.0", CURLE_WEIRD_SERVER_REPLY, "", 0, STATUS_PROTOCOL, STAGE_GREETING, 0,
     "not an SMTP server: SSH-2.0"},
    {"no SMTP, refused by us", "<SSH-2.0", CURLE_WRITE_ERROR, "", 0, STATUS_LIMIT, STAGE_GREETING,
     0, "not an SMTP server: SSH-2.0"},
    {"a greeting that is none", "<250 hello", CURLE_WEIRD_SERVER_REPLY, "", 0, STATUS_PROTOCOL,
     STAGE_GREETING, 0, "not an SMTP server: 250 hello"},
    {"EHLO and HELO refused", GREETED "<502 no\n>HELO me\n<504 no name\n",
     CURLE_REMOTE_ACCESS_DENIED, "", 0, STATUS_PROTOCOL, STAGE_EHLO, 504, "no name"},
    {"EHLO refused, then closed", GREETED "<502 no\n>HELO me\n", CURLE_RECV_ERROR, "", 0,
     STATUS_UNREACHABLE, STAGE_EHLO, 502, "no"},
    {"closed after EHLO", GREETED, CURLE_RECV_ERROR, "", 0, STATUS_UNREACHABLE, STAGE_EHLO, 0,
     "the backup closed the connection after: 220 mx"},
    {"STARTTLS not offered", GREETED "<250 mx\n", CURLE_USE_SSL_FAILED, "", 0, STATUS_TLS,
     STAGE_STARTTLS, 0, "STARTTLS is not offered"},
    {"STARTTLS not now", OFFERED ">STARTTLS\n<454 not now\n", CURLE_USE_SSL_FAILED, "", 0,
     STATUS_TLS, STAGE_STARTTLS, 454, "STARTTLS was refused: not now"},
    {"STARTTLS and the end", OFFERED ">STARTTLS\n<421 bye\n", CURLE_RECV_ERROR, "", 0,
     STATUS_UNREACHABLE, STAGE_STARTTLS, 421, "STARTTLS was refused: bye"},
    {"STARTTLS refused, AUTH cut", OFFERED ">STARTTLS\n<454 no\n>AUTH PLAIN\n", CURLE_RECV_ERROR,
     "", 0, STATUS_UNREACHABLE, STAGE_AUTH, 0, "the backup closed the connection after: 454 no"},
    {"handshake broken", OFFERED ">STARTTLS\n<220 go\n", CURLE_SSL_CONNECT_ERROR, "wrong version",
     0, STATUS_TLS, STAGE_TLS, 0, "wrong version"},
    {"the handshake cut", OFFERED ">STARTTLS\n<220 go\n", CURLE_RECV_ERROR, "", 0,
     STATUS_UNREACHABLE, STAGE_TLS, 0, "the backup closed the connection after: 220 go"},
    {"EHLO refused in TLS", OFFERED ">STARTTLS\n<220 go\n>EHLO me\n<550 no\n",
     CURLE_REMOTE_ACCESS_DENIED, "", 0, STATUS_PROTOCOL, STAGE_EHLO, 550, "no"},
    {"AUTH 504", IN_TLS ">AUTH PLAIN\n<504 5.5.4 unknown\n", CURLE_LOGIN_DENIED, "", 0,
     STATUS_AUTHENTICATION, STAGE_AUTH, 504, "5.5.4 unknown"},
    {"AUTH 535 to the answer", IN_TLS ">AUTH PLAIN\n<334 \n>EHLO AAA=\n<535-no\n<535 way\n",
     CURLE_LOGIN_DENIED, "", 0, STATUS_AUTHENTICATION, STAGE_AUTH, 535, "way"},
    {"AUTH 421 and the end", IN_TLS ">AUTH PLAIN\n<421 later\n", CURLE_RECV_ERROR, "", 0,
     STATUS_UNREACHABLE, STAGE_AUTH, 421, "later"},
    {"a reply that broke off", IN_TLS ">AUTH PLAIN\n<535-no\n", CURLE_RECV_ERROR, "", 0,
     STATUS_UNREACHABLE, STAGE_AUTH, 0, "the backup closed the connection after: 535-no"},
    {"no common mechanism", IN_TLS, CURLE_LOGIN_DENIED, "", 0, STATUS_AUTHENTICATION, STAGE_AUTH, 0,
     "AUTH: no mechanism of ours is offered (PLAIN)"},
    {"a challenge without sense", IN_TLS ">AUTH PLAIN\n<334 x\n", CURLE_LOGIN_DENIED, "", 0,
     STATUS_AUTHENTICATION, STAGE_AUTH, 0, "AUTH: a challenge without sense"},
    {"AUTH 250", IN_TLS ">AUTH PLAIN\n<250 OK\n", CURLE_LOGIN_DENIED, "", 0, STATUS_AUTHENTICATION,
     STAGE_AUTH, 250, "OK (no answer to AUTH)"},
    {"AUTH 220", IN_TLS ">AUTH PLAIN\n<220 hm\n", CURLE_LOGIN_DENIED, "", 0, STATUS_AUTHENTICATION,
     STAGE_AUTH, 220, "hm (no answer to AUTH)"},
    {"STARTTLS not seen", OFFERED, CURLE_USE_SSL_FAILED, "", 0, STATUS_TLS, STAGE_STARTTLS, 0,
     "STARTTLS is offered, but libcurl has not used it"},
    {"credentials that cannot be", IN_TLS ">AUTH PLAIN\n<334 \n", CURLE_AUTH_ERROR, "x", 0,
     STATUS_AUTHENTICATION, STAGE_AUTH, 0, "x"},
    {"more in clear behind the answer to STARTTLS", OFFERED ">STARTTLS\n<220 go\n",
     CURLE_WEIRD_SERVER_REPLY, "", 0, STATUS_PROTOCOL, STAGE_TLS, 0,
     "it sends more in clear behind its answer to STARTTLS"},
    {"two codes", GREETED ">EHLO me\n<250-mx\n<220 mx\n", CURLE_WRITE_ERROR, "", 0, STATUS_LIMIT,
     STAGE_EHLO, 0, "a reply of two codes, the last is: 220 mx"},
    {"libcurl's own ceiling", GREETED "<250-mx\n", CURLE_WEIRD_SERVER_REPLY,
     "Too large response headers: 300 > 200", 0, STATUS_LIMIT, STAGE_EHLO, 0,
     "a reply without end"},
};

/* Feeds what was said. */
static struct heard hear(const char *said)
{
    struct heard heard = {0};

    for (const char *line = said; *line != '\0';
         line += strcspn(line, "\n"), line += *line != '\0') {
        size_t size = strcspn(line, "\n") - 1;
        char whole[200];

        assert_true(size + 2 < sizeof whole);
        memcpy(whole, line + 1, size);
        memcpy(whole + size, "\r\n", 2);
        if (line[0] == '>')
            heard_command(&heard, whole, size + 2);
        else
            (void)heard_line(&heard, whole, size + 2);
    }
    return heard;
}

static void failure_is_explained(void **state)
{
    const struct failure_row *row = *state;
    const struct heard heard = hear(row->said);
    struct failure failure = {
        .result = row->result,
        .words = row->words,
        .heard = &heard,
        .place = "mx:25",
        .stage = heard.asked != STAGE_NONE      ? heard.asked
                 : row->under_way != STAGE_NONE ? row->under_way
                                                : STAGE_GREETING,
    };
    struct error error;

    failure_explain(&failure, &error);
    assert_string_equal(error.text,
                        row->text != NULL ? row->text : curl_easy_strerror(row->result));
    assert_int_equal(error.status, row->status);
    assert_int_equal(failure.stage, row->stage);
    assert_int_equal(failure.code, row->code);
}

static const struct heard_row {
    const char *name;
    const char *said;
    bool starttls, authenticated, etrn_offered;
    enum stage asked;
} hearings[] = {
    {"nothing", "", false, false, false, STAGE_NONE},
    {"a greeting", "<220 mx\n", false, false, false, STAGE_NONE},
    {"a proxy's commands are not the server's", ">EHLO me\n", false, false, false, STAGE_NONE},
    {"EHLO", GREETED "<250-mx\n<250 etrn\n", false, false, true, STAGE_EHLO},
    {"EHLO's first line is a name", GREETED "<250 ETRN\n", false, false, false, STAGE_EHLO},
    {"STARTTLS", OFFERED ">STARTTLS\n<220 go\n", true, false, false, STAGE_TLS},
    {"what was offered before is forgotten",
     GREETED "<250-mx\n<250-ETRN\n<250 STARTTLS\n>STARTTLS\n<220 go\n>EHLO me\n<250 mx\n", true,
     false, false, STAGE_EHLO},
    {"AUTH", IN_TLS ">AUTH PLAIN\n<334 \n>AAAA\n<235 ok\n", true, true, false, STAGE_AUTH},
    {"235 to no answer of ours", IN_TLS ">AUTH PLAIN\n<235 ok\n", true, false, false, STAGE_AUTH},
    {"an answer that looks like a command", IN_TLS ">AUTH LOGIN\n<334 \n>HELO AAA\n<334 \n", true,
     false, false, STAGE_AUTH},
};

static void connection_is_heard(void **state)
{
    const struct heard_row *row = *state;
    const struct heard heard = hear(row->said);

    assert_int_equal(heard.starttls, row->starttls);
    assert_int_equal(heard.facts.authenticated, row->authenticated);
    assert_int_equal(heard.facts.ehlo.etrn, row->etrn_offered);
    assert_int_equal(heard.asked, row->asked);
}

static void replies_have_ceilings(void **state)
{
    struct heard heard = {0};
    unsigned lines = 0;

    (void)state;
    while (heard_line(&heard, "250-x\r\n", 7))
        lines++;
    assert_int_equal(lines, 100);
    heard = (struct heard){0};
    assert_true(heard_line(&heard, "250-x\r\n", 7));
    assert_false(heard_line(&heard, "251 x\r\n", 7));
    assert_false(heard_line(&heard, "hello\r\n", 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(replies_have_ceilings)};

    return unit_status(RUN_TABLE(failures, failure_is_explained) +
                       RUN_TABLE(hearings, connection_is_heard) +
                       cmocka_run_group_tests(tests, NULL, NULL));
}

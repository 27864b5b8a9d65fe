/* A reversed session of any bytes from either side: it comes out the same however they are cut, and
 * what the primary is sent is watched by a simple reader of our own: whole commands of the verbs
 * that may be, recipients of the domains that were asked for, and content in which no server could
 * see another end than CRLF "." CRLF. In the input, \1 and \2 begin what the provider and the
 * primary say, \3 cuts a feed in two, \4 and \5 end the connection of one of them, \6 is a new primary. */
#include "fuzz.h"

#include <mxpull/base/text.h>
#include <mxpull/smtp/guard.h>

#include <string.h>

#define GROUP                                                                                      \
    "\1MAIL FROM:<a@b.example> SIZE=1\r\nRCPT TO:<u@example.com>\r\nRCPT TO:<v@x.example.org> "    \
    "NOTIFY=NEVER\r\nDATA\r\n"
#define GO                                                                                         \
    "\2"                                                                                           \
    "250 OK\r\n\3"                                                                                 \
    "250 OK\r\n250 OK\r\n354 go\r\n"

const char *const fuzz_seeds[] = {
    "\1EHLO x\r\n\2"
    "250-x\r\n250-SIZE 10\r\n250-AUTH LOGIN\r\n250 STARTTLS\r\n" GROUP GO "\1text\r\n..\r\n.\r\n\2"
    "250 OK\r\n\1QUIT\r\n",
    GROUP GO "\1text\r\n.\3\r\nMAIL FROM:<>\r\nRCPT TO:<u@evil.example>\r\nDATA\r\n\2"
             "250 OK\r\n250 OK\r\n554 no\r\n\1RSET\r\nQUIT\r\n\2"
             "250\n",
    GROUP GO "\1text\n.\r\nMAIL FROM:<>\r\nRCPT TO:<u@evil.example>\r\n",
    GROUP GO "\1.\r\n\2"
             "250 OK\r\n" GROUP GO "\1.\r\n\5",
    GROUP GO "\1text\r\n\4",
    "\1EHLO x\r\n\2"
    "250 x\r\n" GROUP GO "\1text\5text\r\n.\r\nRCPT TO:<u@example.com>\r\n\6\2"
    "250 x\r\n" GROUP GO "\1.\r\n\2"
    "552 x\r\n\1BDAT 3\r\nQUIT\r\n",
    "\1"
    "RCPT TO:<\"u@evil\"@example.com>\r\nRCPT TO:<@a:u@example.com>\r\nRCPT "
    "TO:<u%e@example.com>\r\nAUTH PLAIN x\r\nBDAT 1\r\n",
    "\1MAIL FROM:<\xc3\xbc@b.example> SMTPUTF8\r\nRCPT TO:<\xc3\xbc@example.com>\r\n\2"
    "421 bye\r\n",
    "\1MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<u@\xef\xbd\x85xample.com>\r\nRCPT "
    "TO:<u@example\xe3\x80\x82"
    "com>\r\nRCPT TO:<u@exam\xc2\xadple.com>\r\nRCPT TO:<u@m\xc3\xbcller.example>\r\nRCPT "
    "TO:<u@M\xc3\x9cller.example>\r\nRCPT TO:<u@xn--xample-hy68a.example.org>\r\n",
    "\1MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<u@evil.test\xe3\x80\x82"
    "example.org>\r\nRCPT TO:<u@\xc3\xbc.example.org>\r\nRCPT "
    "TO:<u\xef\xbc\xa0"
    "evil.test@example.com>\r\nRCPT TO:<u@a..example.org>\r\nRCPT TO:<u@example.com.>\r\n",
    "\1mail from: <a@b.example> RET=FULL ENVID=x SIZE=1\r\nrcpt to: <u@example.com> "
    "NOTIFY=SUCCESS ORCPT=rfc822;u@evil.example\r\nNOOP RCPT TO:<u@evil.example>\r\n\2"
    "250 OK\r\n250 OK\r\n250 OK\r\n",
    "\1NOOP\r\nQUIT\r\nx\2"
    "250-\r\n250 x\r\n221 y\r\n",
    NULL,
};

enum {
    WATCHED_MAX = 64 * 1024,
    AWAITED_MAX = 1100
};

/* What the watcher knows of the session. */
struct watch {
    char awaited[AWAITED_MAX]; /* D for DATA, . for a final dot, c for another command */
    size_t awaited_count;
    char content[WATCHED_MAX];
    size_t content_size;
    bool in_content;
    uint64_t accepted; /* final dots that the primary has said 2xx to */
    char reply[WATCHED_MAX];
    size_t reply_size;
};

struct session {
    struct node nodes[3];
    struct guard *guard;
    struct guard_output output;
    struct buffer provider, primary; /* all that they were sent */
    enum guard_state state;
    struct watch *watch; /* NULL: not watched */
};

static void await(struct watch *watch, char what)
{
    CHECK(watch->awaited_count < AWAITED_MAX);
    watch->awaited[watch->awaited_count++] = what;
}

/* A recipient that was passed: the plain form alone, in a domain that was asked for. */
static void watch_recipient(const char *line, size_t size)
{
    const char *end = memchr(line, '>', size);
    size_t begin = 9, at = 0, ats = 0;

    CHECK(size > 12 && memcmp(line, "RCPT TO:<", begin) == 0 && end != NULL);
    CHECK((size_t)(line + size - end) == 3); /* no parameter, and so no success report */
    for (size_t i = begin; line + i < end; i++) {
        CHECK(strchr("%!\\:<\t", line[i]) == NULL);
        if (line[i] == '@')
            at = i, ats++;
    }
    size_t domain = (size_t)(end - line) - at - 1;
    const char *text = line + at + 1;
    CHECK(ats == 1 && at > begin);
    CHECK(text_equal_part("example.com", text, domain) ||
          text_equal_part("m\xc3\xbcller.example", text, domain) ||
          text_equal_part("xn--mller-kva.example", text, domain) ||
          text_equal_part("example.org", text, domain) ||
          (domain > 12 && text_equal_part(".example.org", text + domain - 12, 12)));
}

/* A sender that was passed: no parameter but these. */
static void watch_sender(const char *line, size_t size)
{
    const char *at = memchr(line, '>', size), *end = line + size - 2;

    CHECK(memcmp(line, "MAIL FROM:<", 11) == 0 && at != NULL);
    for (at++; at < end; at++) {
        CHECK(text_equal_part(" SIZE=", at, 6) || text_equal_part(" BODY=", at, 6) ||
              text_equal_part(" SMTPUTF8", at, 9));
        while (at + 1 < end && at[1] != ' ')
            at++;
    }
}

static void watch_command(struct watch *watch, const char *line, size_t size)
{
    static const char *const verbs[] = {"EHLO", "HELO", "MAIL", "RCPT",
                                        "DATA", "RSET", "NOOP", "QUIT"};
    bool is_known = false;

    CHECK(size >= 6 && size <= 4096 && memchr(line, '\r', size) == line + size - 2);
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        is_known = is_known || memcmp(verbs[i], line, 4) == 0;
    CHECK(is_known);
    if (memcmp("RCPT", line, 4) == 0)
        watch_recipient(line, size);
    if (memcmp("MAIL", line, 4) == 0)
        watch_sender(line, size);
    await(watch, memcmp("DATA", line, 4) == 0 ? 'D' : 'c');
}

/* Whether the content, which begins behind a CRLF, has a dot on a line of its own; if so it must be
 * its end. */
static bool watch_content(const char *content, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++) {
        bool begins = i == 0 || content[i - 1] == '\r' || content[i - 1] == '\n';

        if (content[i] != '.' || !begins || (content[i + 1] != '\r' && content[i + 1] != '\n'))
            continue;
        CHECK(i == 0 || (i > 1 && content[i - 2] == '\r' && content[i - 1] == '\n'));
        CHECK(i + 3 == size && content[i + 1] == '\r' && content[i + 2] == '\n');
        return true;
    }
    return false;
}

/* What the primary was sent by one feed of the provider. */
static void watch_sent(struct watch *watch, const char *bytes, size_t size)
{
    while (size > 0) {
        if (watch->in_content) {
            watch->content[watch->content_size++] = *bytes++;
            size--;
            if (watch->content[watch->content_size - 1] == '\n' &&
                watch_content(watch->content, watch->content_size)) {
                watch->in_content = false;
                await(watch, '.');
            }
        } else {
            const char *end = memchr(bytes, '\n', size);

            CHECK(end != NULL);
            CHECK(watch->awaited_count == 0 || watch->awaited[watch->awaited_count - 1] != 'D');
            watch_command(watch, bytes, (size_t)(end - bytes) + 1);
            size -= (size_t)(end - bytes) + 1;
            bytes = end + 1;
        }
    }
}

/* What the primary says, up to where it makes no sense any more. */
static void watch_reply(struct watch *watch, const char *bytes, size_t size)
{
    for (; size > 0; bytes++, size--) {
        watch->reply[watch->reply_size++] = *bytes;
        if (*bytes != '\n')
            continue;
        bool is_last = watch->reply_size > 3 && watch->reply[3] != '-';
        bool is_positive = watch->reply[0] == '2', goes = memcmp(watch->reply, "354", 3) == 0;

        watch->reply_size = 0;
        if (!is_last || watch->awaited_count == 0)
            continue;
        watch->in_content = watch->awaited[0] == 'D' && goes;
        watch->content_size = watch->in_content ? 0 : watch->content_size;
        watch->accepted += watch->awaited[0] == '.' && is_positive ? 1 : 0;
        memmove(watch->awaited, watch->awaited + 1, --watch->awaited_count);
    }
}

/* Replies are whole lines that a careless reader cannot take for others. */
static void watch_provider(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        CHECK(bytes[i] != '\0');
        CHECK((bytes[i] == '\n') == (i > 0 && bytes[i - 1] == '\r'));
    }
    CHECK(size == 0 || bytes[size - 1] == '\n');
}

/* A Message-ID is whole, or none. */
static void check_message(void *context, const struct guard_message *message)
{
    size_t size = strlen(message->message_id);

    (void)context;
    CHECK(size < GUARD_MESSAGE_ID_SIZE);
    CHECK(size == 0 ||
          (message->message_id[0] == '<' && strcspn(message->message_id, ">") == size - 1));
}

static void open_session(struct session *session, struct watch *watch,
                         struct guard_failures *failures)
{
    struct guard_options options = {
        .nodes = session->nodes, .node_count = 3, .failures = failures, .message = check_message};
    struct error error;

    *session = (struct session){.state = GUARD_OPEN, .watch = watch};
    CHECK(node_parse(&session->nodes[0], "example.com", &error) == STATUS_OK);
    CHECK(node_parse(&session->nodes[1], "@example.org", &error) == STATUS_OK);
    CHECK(node_parse(&session->nodes[2], "m\xc3\xbcller.example", &error) == STATUS_OK);
    buffer_init(&session->provider, (size_t)1 << 22);
    buffer_init(&session->primary, (size_t)1 << 22);
    guard_output_init(&session->output);
    session->guard = guard_new(&options, "x", &session->output);
    buffer_clear(&session->output.provider);
}

static void close_session(struct session *session)
{
    guard_free(session->guard);
    guard_output_done(&session->output);
    buffer_done(&session->provider);
    buffer_done(&session->primary);
}

/* After each feed. */
static void watch_output(struct session *session, enum guard_side side)
{
    const struct guard_output *output = &session->output;
    struct watch *watch = session->watch;

    watch_provider(output->provider.bytes, output->provider.size);
    watch_sent(watch, output->primary.bytes, output->primary.size);
    if (side == GUARD_PROVIDER && memchr(watch->awaited, '.', watch->awaited_count) != NULL)
        /* The fate of a message is open: not a word, or where the primary is lost, that it is refused for now. */
        CHECK(output->provider.size == 0 || memcmp(output->provider.bytes, "451 ", 4) == 0);
    CHECK(guard_counts(session->guard).messages <= watch->accepted);
    if (session->state == GUARD_LOST) /* nobody answers any more */
        watch->awaited_count = 0;
}

static void after_feed(struct session *session, enum guard_side side)
{
    if (session->watch != NULL)
        watch_output(session, side);
    CHECK(buffer_append(&session->provider, session->output.provider.bytes,
                        session->output.provider.size) == STATUS_OK);
    CHECK(buffer_append(&session->primary, session->output.primary.bytes,
                        session->output.primary.size) == STATUS_OK);
    buffer_clear(&session->output.provider);
    buffer_clear(&session->output.primary);
}

static bool is_heard(const struct session *session)
{
    return session->state != GUARD_QUIT && session->state != GUARD_BROKEN;
}

static void feed(struct session *session, enum guard_side side, const char *bytes, size_t size,
                 bool whole)
{
    while (size > 0 && is_heard(session)) {
        size_t part = whole ? size : 1;

        if (session->watch != NULL && side == GUARD_PRIMARY)
            watch_reply(session->watch, bytes, part);
        session->state = guard_feed(session->guard, side, bytes, part, &session->output);
        after_feed(session, side);
        bytes += part;
        size -= part;
    }
}

static void attach(struct session *session)
{
    if (session->watch != NULL) { /* the other primary knows of nothing */
        session->watch->awaited_count = session->watch->reply_size = 0;
        session->watch->in_content = false;
    }
    session->state = guard_attach(session->guard, &session->output);
    CHECK(session->state != GUARD_LOST); /* commands that were kept may have ended it */
    after_feed(session, GUARD_PROVIDER);
}

static void play(struct session *session, const char *bytes, size_t size, bool whole)
{
    enum guard_side side = GUARD_PROVIDER;
    size_t begin = 0;

    for (size_t i = 0; i <= size && is_heard(session); i++) {
        if (i < size && (bytes[i] < 1 || bytes[i] > 6))
            continue;
        feed(session, side, bytes + begin, i - begin, whole);
        begin = i + 1;
        if (i == size || !is_heard(session))
            return;
        if (bytes[i] < 3)
            side = bytes[i] == 1 ? GUARD_PROVIDER : GUARD_PRIMARY;
        if (bytes[i] == 6 && session->state == GUARD_LOST) {
            attach(session);
        } else if (bytes[i] == 4 || bytes[i] == 5) {
            session->state =
                guard_end(session->guard, bytes[i] == 4 ? GUARD_PROVIDER : GUARD_PRIMARY, "gone",
                          &session->output);
            CHECK(session->state != GUARD_OPEN && session->output.primary.size == 0);
            after_feed(session, GUARD_PROVIDER);
        }
    }
}

/* One session of a poll, its bytes whole and cut. */
static void play_session(const char *bytes, size_t size, struct guard_failures failures[2])
{
    static struct watch watch;
    struct session whole, cut;

    memset(&watch, 0, sizeof watch);
    open_session(&whole, &watch, &failures[0]);
    open_session(&cut, NULL, &failures[1]);
    play(&whole, bytes, size, true);
    play(&cut, bytes, size, false);
    CHECK(whole.state == cut.state);
    CHECK(whole.provider.size == cut.provider.size &&
          memcmp(whole.provider.bytes, cut.provider.bytes, cut.provider.size) == 0);
    CHECK(whole.primary.size == cut.primary.size &&
          memcmp(whole.primary.bytes, cut.primary.bytes, cut.primary.size) == 0);
    CHECK(guard_counts(whole.guard).messages == guard_counts(cut.guard).messages);
    CHECK(guard_waits_for(whole.guard) == guard_waits_for(cut.guard));
    CHECK(strcmp(guard_why(whole.guard), guard_why(cut.guard)) == 0);
    CHECK(failures[0].count == failures[1].count && failures[0].steps == failures[1].steps);
    close_session(&whole);
    close_session(&cut);
}

/* A provider that says the same in three sessions. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct guard_failures failures[2];

    if (size > WATCHED_MAX - 1)
        return 0;
    failures[0] = failures[1] = (struct guard_failures){0};
    for (int i = 0; i <= GUARD_TRIES_MAX; i++)
        play_session((const char *)bytes, size, failures);
    CHECK(failures[0].steps <= 2 * failures[0].count);
    return 0;
}

/* guard: a provider that pipelines, errs and smuggles, and a primary that refuses, dies and talks
 * rubbish, over connections that cut the bytes and break anywhere. Whatever happens: no message
 * that the provider was told is safe is missing at the primary, none is there twice, at most one for each
 * connection to the primary that was lost is there that the provider does not know of, nothing reaches the primary
 * that may not, and a new one gets nothing of a transaction that was begun with another. */
#include "random.h"
#include "test_guard.h"

#include <mxpull/base/text.h>

#define HELLO "EHLO p\r\n"

enum {
    MESSAGES_MAX = 4,
    WAITING_MAX = 64,
    BODY_SIZE_MAX = 400,
    LINK_SIZE_MAX = 1 << 20,
    ROUNDS = 6000
};

/* What the provider awaits a reply to. */
enum expected {
    EXPECT_ANY,
    EXPECT_502,
    EXPECT_550,
    EXPECT_GO,
    EXPECT_DOT,
    EXPECT_BYE
};

struct world {
    uint64_t random;
    struct guard *guard;
    struct guard_output output;
    enum guard_state state;
    struct node node;
    struct buffer to_guard[2], to_provider,
        to_primary; /* the connections; to_guard by guard_side */
    bool provider_is_gone, primary_is_gone;

    size_t messages;
    char bodies[MESSAGES_MAX][BODY_SIZE_MAX];
    bool is_evil[MESSAGES_MAX]; /* its body smuggles */
    unsigned acknowledged[MESSAGES_MAX], accepted[MESSAGES_MAX];

    enum expected waiting[WAITING_MAX]; /* the provider: replies that are to come */
    size_t waiting_first, waiting_count;
    size_t next;    /* message whose envelope is to be sent next */
    size_t current; /* message whose envelope was sent last */
    size_t dotted;  /* message whose final dot was sent last */
    bool says_hello, has_quit;
    struct buffer reply;

    bool in_content; /* the primary */
    bool has_mail, has_command, knows_hello;
    size_t recipients, losses;
    bool is_dropped;
    struct buffer received;
};

static size_t below(struct world *world, size_t limit)
{
    return random_below(&world->random, limit);
}

static bool once_in(struct world *world, size_t count)
{
    return below(world, count) == 0;
}

/* Whether a lone dot stands in content, which begins behind a CRLF, anywhere but between CRLFs. */
static bool smuggles(const char *content)
{
    for (const char *dot = strchr(content, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        bool begins = dot == content || dot[-1] == '\r' || dot[-1] == '\n';
        bool is_crlf =
            dot == content || (dot == content + 1 ? false : dot[-2] == '\r' && dot[-1] == '\n');

        if (begins && (dot[1] == '\n' || (dot[1] == '\r' && !is_crlf) ||
                       (dot[1] == '\r' && dot[2] != '\n' && dot[2] != '\0')))
            return true;
    }
    return false;
}

static void make_body(struct world *world, size_t message)
{
    static const char *const words[] = {
        "\r\n",         "\r\n", "\r\n..", "text", "a.b", ".",
        "..",           "\n",   "\r",     "\n.",  "\r.", "RCPT TO:<u@evil.example>",
        "\r\nQUIT\r\n", " "};
    struct buffer body;

    buffer_init(&body, BODY_SIZE_MAX - 1);
    do {
        buffer_clear(&body);
        (void)buffer_append_format(&body, "id %zu\r\n", message);
        for (size_t i = below(world, 20); i > 0; i--)
            (void)buffer_append_text(&body, words[below(world, COUNT_OF(words))]);
        (void)buffer_append_text(&body, "\r\n");
    } while (strstr(body.bytes, "\r\n.\r\n") != NULL);
    (void)buffer_append_text(&body, ".\r\n");
    assert_true(text_copy(world->bodies[message], BODY_SIZE_MAX, body.bytes));
    buffer_done(&body);
    world->is_evil[message] = smuggles(world->bodies[message]);
}

static void world_init(struct world *world, uint64_t seed)
{
    struct buffer *links[] = {&world->to_guard[0], &world->to_guard[1], &world->to_provider,
                              &world->to_primary,  &world->reply,       &world->received};
    struct error error;

    *world = (struct world){.random = seed};
    for (size_t i = 0; i < COUNT_OF(links); i++)
        buffer_init(links[i], LINK_SIZE_MAX);
    assert_int_equal(node_parse(&world->node, "example.com", &error), STATUS_OK);
    struct guard_options options = {.nodes = &world->node, .node_count = 1};
    guard_output_init(&world->output);
    world->guard = guard_new(&options, "primary", &world->output);
    buffer_clear(&world->output.provider);
    world->messages = 1 + below(world, MESSAGES_MAX);
    world->says_hello = once_in(world, 2);
    for (size_t i = 0; i < world->messages; i++)
        make_body(world, i);
}

static void world_done(struct world *world)
{
    struct buffer *links[] = {&world->to_guard[0], &world->to_guard[1], &world->to_provider,
                              &world->to_primary,  &world->reply,       &world->received};

    guard_free(world->guard);
    guard_output_done(&world->output);
    for (size_t i = 0; i < COUNT_OF(links); i++)
        buffer_done(links[i]);
}

static void send_text(struct buffer *link, const char *text)
{
    assert_int_equal(buffer_append_text(link, text), STATUS_OK);
}

/* The provider */

static void command(struct world *world, const char *text, enum expected expected)
{
    assert_true(world->waiting_count < WAITING_MAX);
    world->waiting[(world->waiting_first + world->waiting_count++) % WAITING_MAX] = expected;
    send_text(&world->to_guard[GUARD_PROVIDER], text);
}

static void send_envelope(struct world *world)
{
    static const char *const refused[] = {"VRFY u\r\n", "STARTTLS\r\n", "ETRN example.com\r\n",
                                          "AUTH PLAIN x\r\n"};

    world->current = world->next++;
    if (once_in(world, 4))
        command(world, refused[below(world, COUNT_OF(refused))], EXPECT_502);
    command(world, MAIL, EXPECT_ANY);
    for (size_t i = 1 + below(world, 4); i > 0; i--) {
        if (once_in(world, 3))
            command(world, FOREIGN, EXPECT_550);
        else
            command(world, RCPT, EXPECT_ANY);
    }
    command(world, DATA, EXPECT_GO);
}

static void go_on(struct world *world)
{
    if (world->says_hello) {
        world->says_hello = false;
        command(world, HELLO, EXPECT_ANY);
    } else if (world->next < world->messages) {
        send_envelope(world);
    } else if (!world->has_quit) {
        world->has_quit = true;
        command(world, QUIT, EXPECT_BYE);
    }
}

static void provider_reply(struct world *world, int code)
{
    if (code == 421 || world->waiting_count == 0) {
        assert_int_equal(code, 421);
        return;
    }
    enum expected expected = world->waiting[world->waiting_first];
    world->waiting_first = (world->waiting_first + 1) % WAITING_MAX;
    world->waiting_count--;
    switch (expected) {
    case EXPECT_ANY:
        assert_int_not_equal(code, 550);
        assert_true(code == 250 || code == 451);
        break;
    case EXPECT_502: assert_int_equal(code, 502); break;
    case EXPECT_550: assert_int_equal(code, 550); break;
    case EXPECT_GO:
        if (code == 354) {
            command(world, world->bodies[world->current], EXPECT_DOT);
            world->dotted = world->current;
            if (once_in(world, 2))
                go_on(world);
        } else {
            assert_int_equal(code, 451);
            command(world, "RSET\r\n", EXPECT_ANY);
        }
        break;
    case EXPECT_DOT:
        assert_true(code == 550   ? world->is_evil[world->dotted]
                    : code != 451 ? !world->is_evil[world->dotted]
                                  : true);
        if (code == 250)
            world->acknowledged[world->dotted]++;
        break;
    case EXPECT_BYE: assert_int_equal(code, 221); break;
    }
}

static void provider_hear(struct world *world, size_t size)
{
    assert_int_equal(buffer_append(&world->reply, world->to_provider.bytes, size), STATUS_OK);
    buffer_consume(&world->to_provider, size);
    for (char *end = strchr(world->reply.bytes, '\n'); end != NULL;
         end = strchr(world->reply.bytes, '\n')) {
        const char *line = world->reply.bytes;

        assert_true(end - line >= 5 && end[-1] == '\r');
        if (line[3] == ' ')
            provider_reply(world, (int)strtol(line, NULL, 10));
        buffer_consume(&world->reply, (size_t)(end - line) + 1);
    }
}

/* The primary */

static void primary_say(struct world *world, const char *text)
{
    send_text(&world->to_guard[GUARD_PRIMARY], once_in(world, 400)   ? "rubbish\r\n"
                                               : once_in(world, 400) ? "421 bye\r\n"
                                                                     : text);
}

static void primary_command(struct world *world, const char *line)
{
    const char *positive = once_in(world, 2) ? "250-a\r\n250 b\r\n" : "250 OK\n";

    assert_null(strstr(line, "evil"));
    if (world->knows_hello && !world->has_command)
        assert_string_equal(line, HELLO);
    world->has_command = true;
    if (strcmp(line, HELLO) == 0) {
        world->knows_hello = true;
        primary_say(world, positive);
    } else if (strcmp(line, QUIT) == 0) {
        send_text(&world->to_guard[GUARD_PRIMARY], BYE);
    } else if (strcmp(line, DATA) == 0) {
        assert_true(world->has_mail);
        world->in_content = world->recipients > 0 && !once_in(world, 8);
        primary_say(world, world->in_content ? GO : "451 no\r\n");
    } else if (strcmp(line, RCPT) == 0) {
        bool accepts = !once_in(world, 6);

        assert_true(world->has_mail);
        world->recipients += accepts ? 1 : 0;
        primary_say(world, accepts ? positive : "451 later\r\n");
    } else {
        world->has_mail = strcmp(line, MAIL) == 0;
        assert_true(world->has_mail || strcmp(line, "RSET\r\n") == 0);
        world->recipients = 0;
        primary_say(world, positive);
    }
}

/* The content is whole: exactly a message that the provider has sent. */
static void primary_content(struct world *world, const char *content)
{
    size_t message = (size_t)strtol(content + 3, NULL, 10);

    assert_true(message < world->messages);
    assert_string_equal(content, world->bodies[message]);
    assert_false(world->is_evil[message]);
    world->recipients = 0;
    world->has_mail = false;
    if (once_in(world, 5)) {
        primary_say(world, "451 disk full\r\n");
    } else {
        world->accepted[message]++;
        primary_say(world, OK);
    }
}

static void primary_hear(struct world *world, size_t size)
{
    assert_int_equal(buffer_append(&world->received, world->to_primary.bytes, size), STATUS_OK);
    buffer_consume(&world->to_primary, size);
    for (;;) {
        const char *text = world->received.bytes;
        const char *end = strstr(text, world->in_content ? "\r\n.\r\n" : "\r\n");
        char piece[1000];

        if (world->in_content)
            assert_false(smuggles(text));
        if (end == NULL)
            return;
        size_t piece_size = (size_t)(end - text) + (world->in_content ? 5 : 2);
        assert_true(piece_size < sizeof piece);
        memcpy(piece, text, piece_size);
        piece[piece_size] = '\0';
        buffer_consume(&world->received, piece_size);
        if (world->in_content) {
            world->in_content = false;
            primary_content(world, piece);
        } else {
            primary_command(world, piece);
        }
    }
}

/* The connections */

static void collect(struct world *world)
{
    send_text(&world->to_provider, world->output.provider.bytes);
    send_text(&world->to_primary, world->output.primary.bytes);
    buffer_clear(&world->output.provider);
    buffer_clear(&world->output.primary);
}

static void feed(struct world *world, enum guard_side side, size_t size)
{
    struct buffer *link = &world->to_guard[side];

    world->state = guard_feed(world->guard, side, link->bytes, size, &world->output);
    buffer_consume(link, size);
    collect(world);
}

static void cut_off(struct world *world, enum guard_side side)
{
    *(side == GUARD_PROVIDER ? &world->provider_is_gone : &world->primary_is_gone) = true;
    world->state = guard_end(world->guard, side, "gone", &world->output);
    collect(world);
}

/* What goes to a primary that is dropped may arrive in part. */
static void lose(struct world *world)
{
    world->losses++;
    if (!world->primary_is_gone && world->to_primary.size > 0)
        primary_hear(world, below(world, world->to_primary.size + 1));
}

/* Another connection to the primary, or none. */
static void reopen(struct world *world)
{
    bool is_lost_for_good = once_in(world, 4);

    buffer_clear(&world->to_primary);
    buffer_clear(&world->to_guard[GUARD_PRIMARY]);
    buffer_clear(&world->received);
    world->in_content = world->has_mail = world->has_command = false;
    world->recipients = 0;
    world->primary_is_gone = is_lost_for_good;
    world->state = is_lost_for_good ? guard_end(world->guard, GUARD_PRIMARY, "gone", &world->output)
                                    : guard_attach(world->guard, &world->output);
    collect(world);
}

static void step(struct world *world, size_t peril)
{
    size_t choice = below(world, 4);
    struct buffer *links[] = {&world->to_guard[0], &world->to_guard[1], &world->to_provider,
                              &world->to_primary};
    size_t size = links[choice]->size;

    if (world->state == GUARD_LOST && !world->is_dropped)
        lose(world);
    world->is_dropped = world->state == GUARD_LOST;
    if (world->is_dropped && once_in(world, 10)) {
        reopen(world);
        return;
    }
    if (peril > 0 && once_in(world, peril)) {
        cut_off(world, once_in(world, 2) ? GUARD_PROVIDER : GUARD_PRIMARY);
        return;
    }
    if (world->waiting_count == 0 && !world->has_quit)
        go_on(world);
    if (size == 0)
        return;
    if (!once_in(world, 3))
        size = 1 + below(world, size);
    if (choice == 2)
        provider_hear(world, size);
    else if (choice == 3 && !world->is_dropped)
        primary_hear(world, size);
    else if (choice == 0 ? !guard_holds_provider(world->guard) : choice == 1)
        feed(world, choice == 0 ? GUARD_PROVIDER : GUARD_PRIMARY, size);
}

/* What was sent before the end arrives; what goes to a primary that is dropped may arrive in part.
 */
static void settle(struct world *world)
{
    if (!world->primary_is_gone && !world->is_dropped) {
        size_t size = world->to_primary.size;

        primary_hear(world,
                     world->state == GUARD_QUIT || size == 0 ? size : below(world, size + 1));
    }
    if (!world->provider_is_gone)
        provider_hear(world, world->to_provider.size);
}

static void check(struct world *world, bool was_perilous)
{
    size_t unknown = 0, acknowledged = 0;
    bool any_evil = false;

    for (size_t i = 0; i < world->messages; i++) {
        assert_true(world->accepted[i] <= 1);
        assert_true(world->acknowledged[i] <= world->accepted[i]);
        unknown += world->accepted[i] - world->acknowledged[i];
        acknowledged += world->acknowledged[i];
        any_evil = any_evil || world->is_evil[i];
    }
    assert_true(guard_counts(world->guard).messages >= acknowledged);
    if (!world->provider_is_gone) {
        assert_int_equal(guard_counts(world->guard).messages, acknowledged);
        assert_true(unknown <= world->losses + (world->state == GUARD_BROKEN ? 1 : 0));
    }
    if (!was_perilous && !any_evil && strstr(guard_why(world->guard), "mail server") == NULL) {
        assert_int_equal(world->state, GUARD_QUIT);
        assert_int_equal(world->waiting_count, 0);
    }
}

static void test_random_sessions(void **state)
{
    uint64_t seed = random_begin();
    size_t ends[GUARD_BROKEN + 1] = {0}, went_on = 0;

    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t peril = round % 3 == 0 ? 0 : (size_t)50 << (round % 7);
        struct world world;

        world_init(&world, (seed + round) * 0x9e3779b97f4a7c15U + 1);
        for (size_t steps = 0; world.state != GUARD_QUIT && world.state != GUARD_BROKEN; steps++) {
            assert_true(steps < 1000000);
            step(&world, peril);
        }
        settle(&world);
        check(&world, peril > 0);
        went_on += world.losses > 0 && world.state == GUARD_QUIT ? 1 : 0;
        ends[world.state]++;
        world_done(&world);
    }
    assert_true(ends[GUARD_QUIT] > ROUNDS / 20 && ends[GUARD_BROKEN] > ROUNDS / 20);
    assert_true(went_on > ROUNDS / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_sessions)};

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL));
}

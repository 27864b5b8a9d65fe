/* The lines of a script that say where a server is and what it can do. */
#include "auth.h"
#include "script_parser.h"
#include "spool.h"
#include "store.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <stdlib.h>
#include <string.h>

static enum status read_repeat(struct parser *parser, struct arguments words, struct error *error)
{
    struct socket_address address = parser->section->address;

    if (!text_to_number(words.list[0].text, 1, 65536, &parser->section->repeat))
        return error_set(error, STATUS_SYNTAX, "repeat N, 1 to 65536");
    if (parser->section->repeat > 1 && !socket_address_next(&address))
        return error_set(error, STATUS_SYNTAX, "only a server at an IPv4 address can be repeated");
    return STATUS_OK;
}

static enum status read_tls(struct parser *parser, struct arguments words, struct error *error)
{
    struct section *section = parser->section;

    if (text_equal(words.list[0].text, "starttls"))
        section->tls_mode = TLS_MODE_STARTTLS;
    else if (text_equal(words.list[0].text, "implicit"))
        section->tls_mode = TLS_MODE_IMPLICIT;
    else
        return error_set(error, STATUS_SYNTAX, "tls starttls|implicit CERTFILE KEYFILE");
    tls_context_free(section->tls_context);
    section->tls_context = tls_context_new(words.list[1].text, words.list[2].text, error);
    return section->tls_context != NULL ? STATUS_OK : error->status;
}

static void set_text(char **target, const char *text)
{
    free(*target);
    *target = memory_copy(text);
}

static enum status read_auth(struct parser *parser, struct arguments words, struct error *error)
{
    struct section *section = parser->section;

    section->mechanisms = auth_mechanisms(words.list[0].text);
    if (section->mechanisms == 0)
        return error_set(error, STATUS_SYNTAX,
                         "auth PLAIN|LOGIN|CRAM-MD5|XOAUTH2[,…] USER PASSWORD");
    set_text(&section->user, words.list[1].text);
    set_text(&section->password, words.list[2].text);
    return STATUS_OK;
}

static enum status read_require(struct parser *parser, struct arguments words, struct error *error)
{
    for (size_t i = 0; i < words.count; i++) {
        if (text_equal(words.list[i].text, "tls"))
            parser->section->require_tls = true;
        else if (text_equal(words.list[i].text, "auth"))
            parser->section->require_auth = true;
        else
            return error_set(error, STATUS_SYNTAX, "require tls|auth");
    }
    return STATUS_OK;
}

static enum status read_connections_max(struct parser *parser, struct arguments words,
                                        struct error *error)
{
    struct buffer text;
    size_t used = 0;

    buffer_init(&text, TEXT_SIZE_MAX);
    enum status status =
        read_literals((struct arguments){words.list + 1, words.count - 1}, &text, &used, error);
    if (!text_to_number(words.list[0].text, 0, INT64_MAX, &parser->section->connections_max))
        status = error_set(error, STATUS_SYNTAX, "max-connections N \"421 reply\"");
    set_text(&parser->section->full_text, NULL);
    parser->section->full_text = memory_copy_part(text.bytes, text.size);
    parser->section->full_size = text.size;
    buffer_done(&text);
    return status;
}

static enum status read_refuse_after(struct parser *parser, struct arguments words,
                                     struct error *error)
{
    if (!text_to_number(words.list[0].text, 1, INT64_MAX, &parser->section->refuse_after))
        return error_set(error, STATUS_SYNTAX, "refuse-after N, at least 1");
    return STATUS_OK;
}

static enum status take_spool(struct section *section, const char *directory, struct error *error)
{
    if (section->spool != NULL)
        return error_set(error, STATUS_SYNTAX, "one deliver or odmr for a server");
    section->spool = spool_new(directory);
    return STATUS_OK;
}

/* Words that say how ETRN and ATRN answer. */
static enum status read_options(struct section *section, struct arguments words,
                                struct error *error)
{
    for (size_t i = 0; i < words.count; i++) {
        if (text_equal(words.list[i].text, "count"))
            section->counts = true;
        else if (text_equal(words.list[i].text, "say-empty"))
            section->says_empty = true;
        else
            return error_set(error, STATUS_SYNTAX, "%s: count or say-empty was expected",
                             words.list[i].text);
    }
    return STATUS_OK;
}

static enum status read_deliver(struct parser *parser, struct arguments words, struct error *error)
{
    struct section *section = parser->section;
    enum status status =
        read_options(section, (struct arguments){words.list + 2, words.count - 2}, error);

    set_text(&section->deliver_to, words.list[1].text);
    return status != STATUS_OK ? status : take_spool(section, words.list[0].text, error);
}

static enum status read_odmr(struct parser *parser, struct arguments words, struct error *error)
{
    parser->section->is_provider = true;
    return take_spool(parser->section, words.list[0].text, error);
}

static enum status read_keep(struct parser *parser, struct arguments words, struct error *error)
{
    bool lf = words.count == 2 && text_equal(words.list[1].text, "lf");

    if ((words.count == 2 && !lf) || parser->section->store != NULL)
        return error_set(error, STATUS_SYNTAX, "keep DIRECTORY [lf], once");
    parser->section->store = store_new(words.list[0].text, lf);
    return parser->section->store != NULL
               ? STATUS_OK
               : error_set(error, STATUS_SYNTAX, "this directory cannot be made");
}

static enum status begin_section(struct parser *parser, struct arguments words, bool is_sink,
                                 struct error *error)
{
    struct script *script = parser->script;
    struct section section = {
        .is_sink = is_sink, .connections_max = -1, .refuse_after = -1, .line = parser->line};

    if (!socket_address_parse(words.list[1].text, &section.address))
        return error_set(error, STATUS_SYNTAX,
                         "%s: ADDRESS:PORT, [v6]:PORT or unix:PATH was expected",
                         words.list[1].text);
    if (strchr(words.list[0].text, ':') != NULL || script_find(script, words.list[0].text) != NULL)
        return error_set(error, STATUS_SYNTAX, "%s: a new name, without a colon, was expected",
                         words.list[0].text);
    section.name = memory_copy(words.list[0].text);
    parser->section = APPEND(script->sections, script->count);
    *parser->section = section;
    return STATUS_OK;
}

static enum status read_server(struct parser *parser, struct arguments words, struct error *error)
{
    return begin_section(parser, words, false, error);
}

static enum status read_sink(struct parser *parser, struct arguments words, struct error *error)
{
    return begin_section(parser, words, true, error);
}

static enum status read_proxied(struct parser *parser, struct arguments words, struct error *error)
{
    (void)words;
    (void)error;
    parser->section->is_proxied = true;
    return STATUS_OK;
}

const struct directive server_directives[] = {
    {"server", read_server, 2, 2, FOR_SCRIPT},
    {"sink", read_sink, 2, 2, FOR_SCRIPT},
    {"repeat", read_repeat, 1, 1, FOR_SERVER},
    {"tls", read_tls, 3, 3, FOR_SERVER},
    {"auth", read_auth, 3, 3, FOR_SERVER},
    {"require", read_require, 1, 2, FOR_SERVER},
    {"max-connections", read_connections_max, 2, WORDS_MAX, FOR_SERVER},
    {"refuse-after", read_refuse_after, 1, 1, FOR_SERVER},
    {"deliver", read_deliver, 2, 4, FOR_SERVER},
    {"odmr", read_odmr, 1, 1, FOR_SERVER},
    {"proxied", read_proxied, 0, 0, FOR_SERVER},
    {"keep", read_keep, 1, 2, FOR_SERVER},
    {NULL, NULL, 0, 0, FOR_SCRIPT}};

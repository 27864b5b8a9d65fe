/* The DNS server of ../unit/dns_server.h as a program: says "ready ADDRESS", then "asked NAME" for each question, and ends with its standard
 * input. */
#include "../unit/dns_server.h"

#include <stdio.h>

#define DOMAIN(text, host) .name = text, .records = {text " MX 10 mail.test", text " MX 20 " host}
#define BACKUP "mx2.test"

static const struct dns_rule zone[] = {
    {.name = "mail.test", .records = {"mail.test A 7f000001"}},
    {.name = "mx2.test", .records = {"mx2.test A 7f000002"}},
    {.name = "2.0.0.127.in-addr.arpa", .records = {"2.0.0.127.in-addr.arpa PTR mx2.test"}},
    {DOMAIN("good.test", BACKUP)},
    {.name = "servfail.test", .code = 2},
    {.name = "refused.test", .code = 5},
    {.name = "refers.test", .manner = DNS_REFERS, .records = {"test NS ns.test"}},
    {.name = "silent.test", .manner = DNS_SAYS_NOTHING},
    {DOMAIN("slow.test", BACKUP), .manner = DNS_IS_SLOW},
    {DOMAIN("forged.test", BACKUP), .manner = DNS_IS_FORGED},
    {DOMAIN("begins-empty.test", BACKUP), .manner = DNS_BEGINS_EMPTY},
    {DOMAIN("old.test", BACKUP), .manner = DNS_KNOWS_NO_EDNS},
    {DOMAIN("tcp.test", BACKUP), .manner = DNS_WANTS_TCP},
    {DOMAIN("truncated.test", BACKUP), .manner = DNS_TRUNCATES},
    {.name = "hangs-up.test", .manner = DNS_HANGS_UP},
    {DOMAIN("cut.test", BACKUP), .manner = DNS_CUTS},
    {.name = "loop.test", .manner = DNS_LOOPS},
    {.name = "round.test",
     .records = {"round.test CNAME again.test", "again.test CNAME round.test"}},
    {DOMAIN("wrong-count.test", BACKUP), .manner = DNS_COUNTS_WRONG},
    {.name = "rubbish.test", .manner = DNS_TALKS_RUBBISH},
    {DOMAIN("lame-host.test", "servfail.test")},
    {DOMAIN("silent-host.test", "silent.test")},
    {DOMAIN("loop-host.test", "loop.test")},
    {DOMAIN("gone-host.test", "no.test")},
    {0}};

int main(void)
{
    struct dns_server server;

    dns_journal = stdout;
    dns_server_start(&server, zone);
    (void)printf("ready %s\n", server.address);
    (void)fflush(stdout);
    while (getchar() != EOF)
        continue;
    dns_server_end(&server);
    return 0;
}

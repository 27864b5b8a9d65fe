#ifndef MXPULL_SRC_CHECK_SOFTWARE_H
#define MXPULL_SRC_CHECK_SOFTWARE_H

/* What a mail server perhaps is, by its greeting: a guess, which advice names settings by and nothing is decided by. */

enum setting {
    SETTING_ETRN,       /* who may say ETRN, for which domains */
    SETTING_ATRN,       /* or TURN */
    SETTING_DOMAINS,    /* its own domains, for which it takes mail as the primary */
    SETTING_RELAY_TO,   /* the domains that it takes mail for as a backup */
    SETTING_RELAY_FROM, /* the clients that may send mail to any domain */
    SETTING_TLS,        /* STARTTLS and its certificate */
    SETTING_AUTH,
    SETTING_TRUST, /* a client that is not put off, and not judged by SPF and the like */
    SETTING_COUNT
};

struct software {
    const char *name;
    const char *dialect; /* of ETRN; NULL: nothing to say */
    const char *limit;   /* of ETRNs; NULL: none that is known */
    const char *settings[SETTING_COUNT];
};

/* By the greeting, or a part of it ("220 mx2.example.net ESMTP Postfix"). NULL: nothing that is known. */
const struct software *software_guess(const char *greeting);

/* The setting's name there, ready for "(…)" in an advice: "Postfix: relay_domains"; where software is NULL those of
 * the commonest. */
const char *software_setting(const struct software *software, enum setting setting);

#endif

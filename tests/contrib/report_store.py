#!/usr/bin/env python3
"""report_store.py DB DAYS BACKUPS [WRONG]: fills the store that a pull has made with a past that ends now, the same one each time but for its stamps: polls
every four hours of backups b0, b1 …, each of domain d0.example, d1.example …, their mail, drills, and outages of the primary. With WRONG b1 is refused
at the end, and what it says is hostile."""
import random
import sqlite3
import sys
import time

path, days, backups = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
HOSTILE = '<script>fetch("http://evil.example/")</script> "quoted" \'single\' ]]> &amp; \u202egnp.exe \x1b[31m \x00'
now = int(time.time() * 1000)
dice = random.Random(15)
minute, hour, day = 60000, 3600000, 86400000
begin = now - days * day

database = sqlite3.connect(path)
for table in ("answers", "domains", "backups", "outages", "messages", "arrivals", "drills"):
    database.execute("DELETE FROM " + table)

outages = [(at, at + dice.randrange(20 * minute, 40 * hour)) for at in
           sorted(begin + dice.randrange(days * day) for _ in range(max(1, days // 40)))]
database.executemany("INSERT INTO outages (began_ms, ended_ms, why) VALUES (?, ?, ?)",
                     [(a, b, "your mail server 127.0.0.1:25 does not answer: connection refused") for a, b in outages])


def answer_of(at, number):
    if any(a <= at <= b for a, b in outages):
        return "held", "held", 0, "your mail server 127.0.0.1:25 does not answer: connection refused"
    roll = dice.random()
    if roll < 0.03:
        return dice.choice([("deferred", "temporary", 458, "4.7.1 Unable to queue messages, try later"),
                            ("timeout", "temporary", 0, "no answer in 5m"), ("unreachable", "temporary", 0, "connection refused")])
    if number % 7 == 1 and roll < 0.06:
        return "denied", "bad", 459, "5.7.1 not for you"
    return "started", "good", 250, "2.0.0 Queuing started"


for number in range(backups):
    name, domain = f"b{number}", f"d{number}.example"
    strip, good = "", 0
    asked = list(range(begin + dice.randrange(4 * hour), now - minute, 4 * hour))
    for place, at in enumerate(asked):
        outcome, grade, code, text = answer_of(at, number)
        if len(sys.argv) > 4 and number == 1 and place + 2 >= len(asked):
            outcome, grade, code, text = "denied", "bad", 459, HOSTILE.replace("\0", "")
        database.execute("INSERT INTO answers (at_ms, backup, cause, domain, verb, outcome, grade, code, text, address, authenticated, attempts, ms)"
                         " VALUES (?, ?, 'schedule', ?, 'ETRN', ?, ?, ?, ?, '192.0.2.7', 0, 1, 180)", (at, name, domain, outcome, grade, code, text))
        strip = (strip + {"good": "+", "held": "=", "temporary": "-", "bad": "!"}[grade])[-30:]
        good = at if grade == "good" else good
        if grade == "good" and dice.random() < 0.08:
            count = dice.randrange(1, 20)
            database.execute("INSERT INTO arrivals (asked_ms, backup, state, evidence, messages, bytes, connections, first_ms, last_ms, address)"
                             " VALUES (?, ?, 'arrived', 'log', ?, ?, 1, ?, ?, '192.0.2.7')", (at, name, count, count * 31415, at + 900, at + 4000))
    bad = len(strip) - len(strip.rstrip("!-"))
    database.execute("INSERT INTO domains (backup, domain, first_ms, at_ms, good_ms, asked_ms, streak, outcome, code, text, advice, strip)"
                     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                     (name, domain, asked[0], at, good, at, bad, outcome, code, text, "ask to be allowed" if grade == "bad" else "", strip))
    database.execute("INSERT INTO backups (backup, asked_ms) VALUES (?, ?)", (name, at))
    for at in range(begin + 5 * hour, now, 30 * day):
        well = dice.random() < 0.8
        database.execute("INSERT INTO drills (at_ms, backup, domain, outcome, evidence, text, token, exit_status, accepted_ms, arrived_ms, code)"
                         " VALUES (?, ?, ?, ?, 'log', ?, 't', ?, 100, ?, ?)",
                         (at, name, domain, "ok" if well else "unseen", None, 0 if well else 75, 1400 if well else None, 0))
database.commit()

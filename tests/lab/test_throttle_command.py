#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands `throttle` and `sessions`, and what lasts of them (topology: lab.py)."""

import json
import os
import socket
import subprocess

from daemon import Daemon
from lab import CLIENT4, SERVER4, SERVER6, main
from traffic import UDP, listen, open_socket, pending, udp_send

DNS, SMALL, CALLED = 5353, 5354, 5355
LIMIT = 5
CONFIG = f"""
version: 1
throttles:
  DNS-file: {{limit: {LIMIT}/1h, mask: 0xffffffff}}
  small: {{limit: 3/1h, session: saddr}}
  bytes: {{rate: 8mbit, burst: 64kB}}
rules:
  - {{name: dns, if: dport == {DNS}, throttle: DNS-file}}
  - {{name: small, if: dport == {SMALL}, throttle: small, over: reject}}
"""
KEYS = {"tag", "serial", "session", "count", "passed", "over", "window_left", "age"}


def throttle(daemon, *words, status=0):
    """The command's output; its exit status is checked."""
    result = daemon.run("throttle", *words, check=False)
    daemon.lab.report.equal(result.returncode, status,
                            f"throttle {' '.join(words)}: exit status")
    return result.stdout if status == 0 else result.stderr


def refused(daemon, status, part, *words):
    daemon.lab.report.contains(throttle(daemon, *words, status=status), part,
                               f"throttle {' '.join(words)}: the message")


def one(daemon, tag):
    """The statistics of one throttle."""
    found = daemon.json("throttle", "-T", tag)
    daemon.lab.report.equal(len(found), 1, f"one throttle {tag}")
    return found[0]


def values(row, *keys):
    return [row[key] for key in keys]


def make_sessions(lab):
    """Sessions of DNS-file: over its limit, below it, and one packet; and three of small.

    One client socket is one session there, whose ports are in its mask."""
    server, small = listen(lab.server, UDP, DNS), listen(lab.server, UDP, SMALL)
    for count in (2, LIMIT, 1):
        client = open_socket(lab.client, UDP, SERVER4, DNS)
        for _ in range(count):
            udp_send(client, server)
        for _ in range(3 if count == LIMIT else 0):
            client.send(b"over")
    client = open_socket(lab.client, UDP, SERVER6, SMALL)
    for _ in range(3):
        udp_send(client, small)
    lab.report.equal(pending(server), [], "what is over the limit does not arrive")


def test_manual_examples(lab):
    """both commands of ipfwthrottle's manual page, verbatim; change and remove"""
    daemon = Daemon(lab, CONFIG).start()
    text = throttle(daemon, *"-m 0xffffffff -T SMTP-throttle 25/60".split())
    lab.report.equal(text, "throttle `SMTP-throttle`, serial 4, made\n", "what was done")
    throttle(daemon, *"-m 0xffffffff -T DNS-throttle 50/1".split())
    row = one(daemon, "SMTP-throttle")
    lab.report.equal(values(row, "serial", "limit", "mask", "session", "max", "expire", "sessions"),
                     [4, "25/60", "0xffffffff", ["saddr", "daddr"], 1000000, 3600, 0],
                     "SMTP-throttle: limit, and defaults")
    lab.report.equal(values(one(daemon, "DNS-throttle"), "serial", "limit"), [5, "50/1"],
                     "DNS-throttle")

    made = daemon.json("throttle", "-Sv", "-x", "500", "-t", "1m30s", "-T", "SMTP-throttle",
                       "30/1m")
    lab.report.equal(made, {"tag": "SMTP-throttle", "serial": 4, "made": False}, "changed, as JSON")
    row = one(daemon, "SMTP-throttle")
    lab.report.equal(values(row, "limit", "mask", "session", "max", "expire"),
                     ["30/60", "0xffffffff", ["saddr"], 500, 90], "what was given is changed")
    throttle(daemon, "-T", "SMTP-throttle", "7/2m")
    row = one(daemon, "SMTP-throttle")
    lab.report.equal(values(row, "limit", "mask", "session", "max", "expire"),
                     ["7/120", "0xffffffff", ["saddr"], 500, 120],
                     "what is not given stays; sessions last as long as the window")
    throttle(daemon, "-SD", "-t", "1y", "-T", "SMTP-throttle", "7/2m")
    lab.report.equal(values(one(daemon, "SMTP-throttle"), "session", "expire"),
                     [["saddr", "daddr"], 365 * 86400], "-SD is both; a year has 365 days")
    text = throttle(daemon, "-Av", "-m", "0x0000ffff", "-T", "port", "5/1")
    lab.report.contains(text, "session mask 0x0000ffff", "-A, and -v tells what was made")

    throttle(daemon, "-ASDnv", "-T", "port", "6/1")
    lab.report.equal(values(one(daemon, "port"), "session", "limit"),
                     [["saddr", "daddr"], "6/1"], "of -A and -SD, what comes last counts")
    shown = throttle(daemon, "-ASDnv", "-x", "50")
    lab.report.contains(shown, "SMTP-throttle", "options only show the statistics, ...")
    lab.report.equal(one(daemon, "port")["max"] != 50, True, "... and change nothing")

    lab.report.equal(daemon.json("throttle", "-r", "SMTP-throttle"),
                     {"tag": "SMTP-throttle", "serial": 4}, "removed, as JSON")
    lab.report.equal(throttle(daemon, "-r", "DNS-throttle"),
                     "throttle `DNS-throttle`, serial 5, removed\n", "removed")
    refused(daemon, 1, "did you mean `DNS-file`?", "-T", "DNS-fil")
    refused(daemon, 1, "there is no throttle `DNS-throttle`", "-r", "DNS-throttle")
    made = daemon.json("throttle", "9/1")
    lab.report.equal(made, {"tag": "throttle-7", "serial": 7, "made": True},
                     "a tag is made up; serial numbers are not used again")


def test_errors(lab):
    """wrong usage is 2 and says what would be right; what the daemon refuses is 1; no daemon is 3"""
    daemon = Daemon(lab, CONFIG)
    for command in ("throttle", "sessions"):
        lab.report.equal(daemon.run(command, check=False).returncode, 3, f"{command}: no daemon")
    daemon.start()
    for part, *words in (("such as 1m30s", "-t", "soon", "5/1"),
                         ("write at least 60", "-t", "30", "25/60"),
                         ("such as 25/60", "25"), ("such as 25/60", "25/0"),
                         ("from 1 to 268435455", "-x", "0", "5/1"),
                         ("such as 0x0000ffff", "-m", "ports", "5/1"),
                         ("letters, digits", "-T", "a b", "5/1"),
                         ("option -b needs a value", "-vb"),
                         ("-q is no option of `throttle`", "-q"), ("not also `6/1`", "5/1", "6/1")):
        refused(daemon, 2, part, *words)
    refused(daemon, 1, "the same name in nft as throttle `DNS-file`", "-T", "DNS_file", "5/1")
    refused(daemon, 1, "remove it there, and reload", "-r", "small")
    refused(daemon, 1, "there is no throttle with the serial number 99", "-s", "99")
    result = daemon.run("sessions", "-T", "smal", check=False)
    lab.report.equal((result.returncode, "did you mean `small`?" in result.stderr), (1, True),
                     "sessions of a throttle that is not there")
    for words in (("sessions", "small"), ("sessions", "-A"), ("sessions", "-s", "x")):
        lab.report.equal(daemon.run(*words, check=False).returncode, 2, " ".join(words))
    lab.report.equal([row["tag"] for row in daemon.status()["throttles"]],
                     ["DNS-file", "small", "bytes"], "nothing of all that has made a throttle")


def test_statistics(lab):
    """throttle, throttle -v and sessions show what was charged, busiest first"""
    daemon = Daemon(lab, CONFIG).start()
    make_sessions(lab)
    table = [line.split() for line in throttle(daemon).splitlines()]
    lab.report.equal(table, [
        ["TAG", "SERIAL", "LIMIT", "SESSIONS", "MAX", "PASSED", "OVER", "EVICTED"],
        ["DNS-file", "1", "5/3600", "3", "1000000", "8", "3", "0"],
        ["small", "2", "3/3600", "1", "1000000", "3", "0", "0"],
        ["bytes", "3", "8mbit+64kB", "0", "1000000", "0", "0", "0"]], "the table")
    throttle(daemon, "-T", "small", "2/1h")
    lab.report.equal([line.split()[0] for line in throttle(daemon, "-s2").splitlines()],
                     ["TAG", "small"], "-s selects one")
    lab.report.equal(one(daemon, "DNS-file"), daemon.status()["throttles"][0],
                     "-j is what status has")

    rows = daemon.json("sessions")
    lab.report.equal([values(row, "tag", "count", "passed", "over") for row in rows],
                     [["DNS-file", 5, 5, 3], ["small", 3, 3, 0], ["DNS-file", 2, 2, 0],
                      ["DNS-file", 1, 1, 0]], "sessions, busiest first")
    lab.report.equal(KEYS - set(rows[0]), set(), "with all their keys")
    lab.report.equal(values(rows[0]["session"], "saddr", "daddr"), [CLIENT4, SERVER4],
                     "a session by name")
    lab.report.ok(int(rows[0]["session"]["data"], 0) & 0xffff == DNS and
                  3500 < rows[0]["window_left"] <= 3600, "its ports and its window", rows[0])
    lab.report.equal(sorted(row["count"] for row in daemon.json("sessions", "-ns", "1")), [1, 2, 5],
                     "-n and -s")
    lab.report.equal(daemon.json("sessions", "-T", "bytes"), [], "no sessions")

    check_texts(lab, daemon)


def check_texts(lab, daemon):
    text = daemon.run("sessions").stdout.splitlines()
    lab.report.equal(text[0].split(), ["TAG", "COUNT", "LEFT", "PASSED", "OVER", "SESSION"],
                     "sessions: the heading")
    lab.report.contains(text[1], f"saddr={CLIENT4} daddr={SERVER4} data=0x", "and a row")
    text = daemon.run("sessions", "-v").stdout.splitlines()
    lab.report.equal(text[0].split(), ["TAG", "SERIAL", "COUNT", "LEFT", "PASSED", "OVER", "AGE",
                                       "IDLE", "SESSION"], "-v adds columns")
    text = throttle(daemon, "-nv", "-T", "DNS-file").splitlines()
    lab.report.equal((len(text), text[2].split(",")[0].split()),
                     (7, ["session", "saddr", "daddr", "mask", "0xffffffff"]), "throttle -nv")
    detailed = daemon.json("throttle", "-v")
    lab.report.equal([(row["tag"], [session["count"] for session in row["session_list"]])
                      for row in detailed],
                     [("DNS-file", [5, 2, 1]), ("small", [3]), ("bytes", [])], "throttle -jv")
    result = subprocess.run(
        ["bash", "-c", 'set -o pipefail; trap "" PIPE; "$@" | true; exit ${PIPESTATUS[0]}', "-",
         *lab.gateway.command(*daemon.words("sessions"))], capture_output=True, check=False)
    lab.report.equal((result.returncode, result.stderr), (0, b""), "nobody reads: a quiet end")
    with open("/dev/full", "wb") as full:
        result = subprocess.run(lab.gateway.command(*daemon.words("sessions", "-j")), stdout=full,
                                stderr=subprocess.PIPE, check=False)
    lab.report.equal((result.returncode, b"No space left" in result.stderr), (1, True),
                     "a full disk is an error")
    lines = daemon.run("status").stdout
    lab.report.contains(lines, "EVICTED", "status has the table")
    lab.report.contains(lines, "       OVER  RULE", "and what was over by rule")
    queue = daemon.status()["queue"]
    lab.report.contains(lines, f"(queues {queue['first']}–"
                        f"{queue['first'] + 2 * queue['workers'] - 1})", "and all queues")


def test_lasts(lab):
    """what was made by command outlasts reload, restart and SIGKILL; the file's values come back"""
    daemon = Daemon(lab, CONFIG).start()
    throttle(daemon, "-D", "-T", "made", "-x", "700", "11/1m")
    throttle(daemon, "-T", "small", "99/1")
    lab.report.equal(one(daemon, "small")["limit"], "99/1", "a throttle of the file is changed")
    calls = {tag: mark for tag, mark in daemon.calls().items() if tag in ("made", "small")}
    what = ("serial", "limit", "session", "max", "by_command")
    made = values(one(daemon, "made"), *what)
    lab.report.equal(made, [4, "11/60", ["daddr"], 700, True], "it is made")

    def check(when):
        lab.report.equal(values(one(daemon, "made"), *what), made, f"{when}: it is there")
        lab.report.equal(values(one(daemon, "small"), "serial", "limit"), [2, "3/3600"],
                         f"{when}: the file's throttle is as in the file")
        now = {tag: mark for tag, mark in daemon.calls().items() if tag in calls}
        lab.report.equal(now, calls, f"{when}: nft calls both by the same values")

    daemon.run("reload")
    check("reload")
    daemon.kill()
    text = daemon.run("show", "marks").stdout
    lab.report.contains(text, f"define nfshaper_call_made = 0x{calls['made']:08x}\n",
                        "show marks has it without a daemon")
    daemon.start()
    check("SIGKILL")
    daemon.stop()
    daemon.start()
    check("stop and start")

    daemon.configure(CONFIG.replace("  bytes:", "  made: {limit: 1/5}\n  bytes:"))
    daemon.run("reload")
    lab.report.equal(values(one(daemon, "made"), *what),
                     [4, "1/5", ["saddr", "daddr"], 1000000, False],
                     "a tag that the file takes has the file's values, and its serial number")
    refused(daemon, 1, "remove it there", "-r", "made")
    daemon.configure(CONFIG)
    daemon.run("reload")
    refused(daemon, 1, "there is no throttle `made`", "-T", "made")


def test_names_that_clash(lab):
    """a file that takes the name in nft of a throttle made by command: that is said"""
    daemon = Daemon(lab, CONFIG).start()
    throttle(daemon, "-T", "web-mail", "5/1")
    daemon.configure(CONFIG.replace("  bytes:", "  web_mail: {limit: 1/5}\n  bytes:"))
    result = daemon.run("check", check=False)
    lab.report.equal(result.returncode, 0, "check: exit status")
    lab.report.contains(result.stdout + result.stderr, "web-mail", "check warns")
    result = daemon.run("reload", check=False)
    lab.report.equal(result.returncode, 0, "reload: exit status")
    lab.report.contains(result.stderr, "web-mail", "reload warns")
    tags = [row["tag"] for row in daemon.status()["throttles"]]
    lab.report.equal(tags, ["DNS-file", "small", "web_mail", "bytes"], "the file's is there")


def test_values_of_requests(lab):
    """a request with a value out of its range is refused, not taken without it"""
    daemon = Daemon(lab, CONFIG).start()
    path = os.path.join(daemon.run_dir, "control.sock")
    for name, value in (("max", 1 << 40), ("max", 0), ("mask", -1), ("expire_s", "long"),
                        ("packets", 0), ("span_s", -5), ("buckets", [])):
        request = {"version": 1, "command": "throttle-set", "tag": "made", "packets": 5,
                   "span_s": 1, name: value}
        answer = ask(lab, path, request)
        lab.report.equal(answer["ok"], False, f"{name}: {value}")
    lab.report.equal(len(daemon.status()["throttles"]), 3, "no throttle is made")


def ask(lab, path, request):
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    client.sendall(json.dumps(request).encode() + b"\n")
    with client.makefile() as file:
        return json.load(file)


if __name__ == "__main__":
    main(globals())

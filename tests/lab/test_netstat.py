#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Current connections: what netstat lists, of whom, and how it is chosen (topology: lab.py)."""

import json
import os
import socket
import sys
import time

from daemon import Daemon
from lab import (CLIENT4, CLIENT6, GATEWAY_WAN4, GATEWAY_WAN6, SERVER4, SERVER6, main, wait_for)
from observe import entries
from report import SCALE
from traffic import TCP, UDP, listen, open_socket, tcp_exchange

PORT, OTHER = 8080, 8081
CONFIG = f"""
version: 1
geoip: {os.environ.get("TEST_COUNTRY_DB", "")}
local: [10.77.1.0/24, "fd77:1::/64"]
interfaces: {{wan0: {{out: 100mbit}}}}
sets: {{web-ports: [{PORT}]}}
classes:
  default: {{out: {{rate: 10mbit, ceil: 100%}}}}
  web: {{out: {{rate: 10mbit, ceil: 100%}}}}
  other: {{out: {{rate: 10mbit, ceil: 100%}}}}
throttles:
  many: {{limit: 1000000/60}}
rules:
  - {{name: web server, if: rport in @web-ports, class: web}}
  - {{name: by device, if: rport == {OTHER} and iif == lan0, class: other}}
  - {{name: counted, if: proto == udp, throttle: many, class: other}}
"""


def start(lab):
    text = CONFIG if os.environ.get("TEST_COUNTRY_DB") else CONFIG.replace("geoip: \n", "")
    with lab.gateway.inside():
        for name in ("acct", "timestamp"):
            with open(f"/proc/sys/net/netfilter/nf_conntrack_{name}", "w", encoding="ascii") as f:
                f.write("1")
    return Daemon(lab, text).start()


def netstat(daemon, *words, interval=0):
    return daemon.json("netstat", "-i", str(interval), *words)


def find(rows, **wanted):
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def test_list(lab):
    """forwarded, own and incoming connections, IPv4 and IPv6: as conntrack has them"""
    daemon = start(lab)
    server = listen(lab.server, TCP, PORT)
    own = listen(lab.gateway, TCP, OTHER)
    pairs = [tcp_exchange(lab.client, server, address, PORT) for address in (SERVER4, SERVER6)]
    pairs += [tcp_exchange(lab.gateway, server, address, PORT) for address in (SERVER4, SERVER6)]
    pairs += [tcp_exchange(lab.server, own, address, OTHER)
              for address in (GATEWAY_WAN4, GATEWAY_WAN6)]
    rows = netstat(daemon)
    for entry in entries(lab.gateway):
        row = find(rows, mark=f"0x{entry.mark:08x}", proto=entry.proto)
        lab.report.ok(any({entry.src, entry.dst} == {each["laddr"], each["raddr"]} and
                          {entry.sport, entry.dport} == {each["lport"], each["rport"]}
                          for each in row), f"{entry.proto} {entry.src} {entry.dst} is listed",
                      rows)
    lab.report.equal(len(rows), len(entries(lab.gateway)), "nothing else")
    for address, source in ((SERVER4, CLIENT4), (SERVER6, CLIENT6)):
        row, = find(rows, laddr=source)
        lab.report.equal(
            {key: row[key] for key in ("proto", "dir", "raddr", "rport", "class", "rule",
                                       "verdict", "pid", "user", "answered")},
            {"proto": "tcp", "dir": "forward", "raddr": address, "rport": PORT, "class": "web",
             "rule": "web server", "verdict": "accept", "pid": None, "user": None,
             "answered": True}, f"forwarded: {source}")
        lab.report.ok(row["bytes"] > 0 and row["bytes"] == row["bytes_in"] + row["bytes_out"] and
                      row["age"] >= 0, "with what it has carried", row)
    for address in (GATEWAY_WAN4, GATEWAY_WAN6):
        row, = find(rows, laddr=address, dir="out")
        lab.report.equal((row["pid"], row["user"], row["cmd"], row["args"][0]),
                         (os.getpid(), "root", sys.executable, sys.argv[0]),
                         f"a process's own: {address}")
        row, = find(rows, laddr=address, dir="in")
        lab.report.equal((row["pid"], row["lport"], row["class"]),
                         (os.getpid(), OTHER, "default"), "incoming, of whom listens")
    for pair in pairs:
        for end in pair:
            end.close()


def test_choice(lab):
    """expressions, as in rules.yaml, with class and rule"""
    daemon = start(lab)
    servers = [listen(lab.server, TCP, port) for port in (PORT, OTHER)]
    ends = [tcp_exchange(lab.client, servers[0], SERVER4, PORT),
            tcp_exchange(lab.client, servers[1], SERVER4, OTHER),
            tcp_exchange(lab.gateway, servers[0], SERVER6, PORT)]
    for words, count in (
            (("class == web",), 2), (("class", "==", "web"), 2), (("class != web",), 1),
            (('rule == "web server"',), 2), (("user == root",), 1), (("user == nobody",), 0),
            (("not user",), 2), ((f"cmd == '{sys.executable}' and class == web",), 1),
            ((f"laddr == {CLIENT4} and rport in 8000-8080",), 1), (("rport in @web-ports",), 2),
            (("dir == forward and proto == tcp",), 2), (("mark == 0",), 0)):
        rows = netstat(daemon, *words)
        lab.report.equal(len(rows), count, f"{' '.join(words)}: {count}")
    row, = netstat(daemon, f"rport == {OTHER}")
    lab.report.equal((row["class"], row["rule"]), ("other", None),
                     "a rule that asks for an interface cannot be told")
    for words, part in ((("class = web",), "^"), (("user == ",), "value is missing"),
                        (("colour == red",), "colour"), (("rport in @none",), "none")):
        result = daemon.run("netstat", *words, check=False)
        lab.report.equal(result.returncode, 2, f"{words[0]!r}: wrong usage")
        lab.report.contains(result.stderr, part, "and says what is wrong")
        lab.report.contains(result.stderr, "^", "and where")
        lab.report.equal(result.stdout, "", "and lists nothing")
    result = daemon.run("netstat", "-i", "x", check=False)
    lab.report.equal(result.returncode, 2, "-i x: wrong usage")
    for pair in ends:
        for end in pair:
            end.close()


def test_text_and_order(lab):
    """the table for people: the busiest comes first"""
    daemon = start(lab)
    server = listen(lab.server, UDP, PORT)
    server.setblocking(False)
    quiet, busy = (open_socket(lab.client, UDP, SERVER4, port) for port in (OTHER, PORT))
    quiet.send(b"x" * 1000)
    is_over = False

    def send():
        while not is_over:
            busy.send(b"y" * 100)
            time.sleep(0.005)
    lab.thread(send)
    wait_for(lambda: len(netstat(daemon, "proto == udp")) == 2, "both")
    rows = netstat(daemon, "proto == udp", interval=1)
    lab.report.equal([row["rport"] for row in rows], [PORT, OTHER], "the busiest first")
    lab.report.within(rows[0]["rate_bps"], 1, 128 * 8 * 210, "with its rate")
    lab.report.equal(rows[1]["rate_bps"], 0, "the other one has none")
    text = daemon.run("netstat", "-i", "1", "proto == udp").stdout
    is_over = True
    lines = text.splitlines()
    lab.report.equal(lines[0].split()[:4], ["PROTO", "LOCAL", "REMOTE", "CC"], "a head")
    lab.report.equal(len(lines), 3, "a line for each")
    lab.report.ok(f"{SERVER4}:{PORT}" in lines[1] and "kbit" in lines[1] and "web" in lines[1],
                  "the busiest first", text)
    nothing = daemon.run("netstat", "-i", "0", "class == none").stdout.splitlines()
    lab.report.equal([line.split()[0] for line in nothing], ["PROTO"], "nothing but a head")
    daemon.stop()
    lab.report.equal(daemon.run("netstat", check=False).returncode, 3, "no daemon runs")


def test_many(lab):
    """twenty thousand connections; the daemon answers others meanwhile"""
    count = 20000 // SCALE
    daemon = start(lab)
    with lab.gateway.inside():
        with open("/proc/sys/net/netfilter/nf_conntrack_udp_timeout", "w", encoding="ascii") as f:
            f.write("600")
    receiver = listen(lab.server, UDP, PORT)
    sender = lab.client.socket(socket.AF_INET, UDP)
    for port in range(20000, 20000 + count):
        sender.sendto(b"x", (SERVER4, port))
        if port % 256 == 0:
            wait_for(lambda: daemon.json("status")["queue"]["waiting"] == 0, "the queue")
    wait_for(lambda: len(entries(lab.gateway)) >= count, "all entries", 30)
    found = []
    threads = [lab.thread(lambda: found.append(len(netstat(daemon, "proto == udp", interval=1))))
               for _ in range(2)]
    answered = 0
    while any(thread.is_alive() for thread in threads):
        answered += daemon.run("status").returncode == 0
    lab.report.equal(found, [count] * 2, f"two lists of {count}")
    lab.report.ok(answered >= 2, f"status was answered {answered} times meanwhile")
    # What ends while it is listed is let go of.
    reader = lab.thread(lambda: found.append(daemon.run("netstat", "-i", "60", check=False)))
    wait_for(lambda: json.loads(daemon.run("-j", "status").stdout), "an answer")
    daemon.stop()
    reader.join(20)
    lab.report.ok(found[-1].returncode in (1, 3), "a stop ends it", found[-1])
    receiver.close()
    sender.close()


if __name__ == "__main__":
    main(globals())

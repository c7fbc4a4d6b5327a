#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reload, stop and start, crash and start, again and again under traffic (topology: lab.py).

LAB_FULL=1 makes the rounds as many as they are to be before a release.
"""

import collections
import json
import os
import re
import time

from daemon import Daemon
from lab import SERVER4, SERVER6, main, wait_for
from observe import classes, entries, marks, qdiscs, tables
from report import SCALE, SLOW
from traffic import (TCP, UDP, NewFlows, Stream, listen, open_socket, raise_descriptor_limit,
                     tcp_exchange, udp_send)

FULL = os.environ.get("LAB_FULL") == "1"
RELOADS = 200 if FULL else max(30 // SCALE, 6)
WARM = max(RELOADS // 4 // 2 * 2, 2)  # both configurations have been in force
STARTS = 20 if FULL else max(5 // SCALE, 2)
LIVING = 1000 // SCALE
WEB, STREAM, GAMES, OTHER = 8080, 8081, 5060, 7777
GROWTH = 1 << 20  # bytes that an allocator may keep for itself

COMMON = """
version: 1
interfaces:
  wan0: {out: 1gbit, in: 1gbit}
throttles:
  many: {limit: 1000000/60, session: saddr}
"""
ODD = COMMON + f"""
classes:
  default: {{out: {{rate: 10mbit, ceil: 100%}}}}
  web: {{out: {{rate: 100mbit, ceil: 100%}}}}
  odd: {{out: {{rate: 100mbit, ceil: 100%}}}}
rules:
  - {{name: counted, if: dport == {OTHER}, throttle: many, class: web}}
  - {{name: web, if: dport == {WEB}, class: web}}
  - {{name: games, if: 'dport in [{GAMES}, {STREAM}]', class: odd}}
"""
EVEN = COMMON + f"""
classes:
  default: {{out: {{rate: 10mbit, ceil: 100%}}}}
  even: {{out: {{rate: 100mbit, ceil: 100%}}}}
  web: {{out: {{rate: 200mbit, ceil: 50%}}}}
rules:
  - {{name: games, if: dport == {GAMES} and proto == udp, class: even}}
  - {{name: bulk, if: dport == {STREAM}, class: even}}
  - {{name: web, if: dport == {WEB}, class: web}}
"""
CLASSES = {ODD: {GAMES: "odd", WEB: "web", STREAM: "odd", OTHER: "web"},
           EVEN: {GAMES: "even", WEB: "web", STREAM: "even", OTHER: "default"}}


class Traffic:
    """Living connections, a bulk transfer, and new connections all the time."""

    def __init__(self, lab, may_lose=False):
        raise_descriptor_limit()
        self.lab = lab
        games, other = (listen(lab.server, UDP, port) for port in (GAMES, OTHER))
        web = listen(lab.server, TCP, WEB)
        self.flows = NewFlows(lab, lab.server, SERVER4, WEB, may_lose)
        self.living = []
        for number in range(LIVING):
            client = open_socket(lab.client, UDP, (SERVER4, SERVER6)[number % 2],
                                 (GAMES, OTHER)[number // 2 % 2])
            udp_send(client, (games, other)[number // 2 % 2])
            self.living.append(client)
        self.tcp = tcp_exchange(lab.client, web, SERVER6, WEB)
        self.stream = Stream(lab, lab.client, listen(lab.server, TCP, STREAM), SERVER4, STREAM)

    def go_on(self):
        self.flows.wait_more(5, "traffic")
        self.stream.wait_more(10000)

    def check(self, daemon, config, when):
        """Every living connection has the mark of its class."""
        # A start also looks at what began while it was at it.
        wait_for(lambda: daemon.status()["remark"]["state"] == "done", "all to be judged")
        ids = daemon.ids()
        queued = daemon.ids(queued=True)
        wrong = collections.Counter()
        count = 0
        for entry in entries(self.lab.gateway):
            name = CLASSES[config].get(entry.dport)
            if not name:
                continue
            right = ids[name]["mark"]
            if config == ODD and entry.dport == OTHER:
                right = queued[name]["mark"]
            count += 1
            if entry.mark != right:
                wrong[entry.proto, entry.dport, entry.mark, right] += 1
        self.lab.report.equal(dict(wrong), {}, f"{when}: {count} connections are in their class")
        self.lab.report.ok(count >= LIVING, f"{when}: they are all there", count)
        end, peer = self.tcp
        end.sendall(b"x")
        self.lab.report.equal(peer.recv(1), b"x", f"{when}: a connection goes on")


def holdings(lab, daemon):
    """What must not grow: descriptors, sockets, elements, classes, devices, tables."""
    pid = daemon.status()["pid"]
    links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
    listing = json.loads(lab.gateway.run("nft", "-j", "list", "table", "inet", "nfshaper").stdout)
    rows = [(kind, body) for item in listing["nftables"] for kind, body in item.items()]
    kinds = collections.Counter(kind for kind, _ in rows)
    sets = {body["name"]: len(body.get("elem", [])) for kind, body in rows
            if kind in ("set", "map")}
    devices = lab.gateway.run("ip", "-o", "link").stdout.count("\n")
    return {
        "descriptors": collections.Counter(re.sub(r"\d+", "N", link) for link in links
                                           if not link.endswith("/sessions")),  # on demand
        "threads": len(os.listdir(f"/proc/{pid}/task")),
        "rules, chains and sets": dict(kinds),
        "elements": sets,
        "classes": sorted(classes(lab.gateway, "wan0")),
        "qdiscs": sorted(qdiscs(lab.gateway, "wan0")),
        "devices": devices,
        "tables": tables(lab.gateway).count("inet nfshaper"),
    }


def expect_holdings(lab, daemon, expected, name):
    """At last: a class that is not there any more goes when its last packets have left."""
    deadline = time.monotonic() + 20 * SLOW
    while (found := holdings(lab, daemon)) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    lab.report.equal(found, expected, name)


def resident(daemon):
    with open(f"/proc/{daemon.status()['pid']}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_reloads(lab):
    """reload after reload: no packet is lost, every mark is right, nothing grows"""
    daemon = Daemon(lab, ODD).start()
    traffic = Traffic(lab)
    first = memory = None
    failed = []
    for number in range(1, RELOADS + 1):
        text = EVEN if number % 2 else ODD
        daemon.configure(text)
        result = daemon.run("reload", check=False)
        if result.returncode:
            failed.append(result.stderr)
        if number == WARM:
            first, memory = holdings(lab, daemon), resident(daemon)
        if number % 50 in (1, 2):
            traffic.check(daemon, text, f"reload {number}")
    traffic.go_on()
    text = ODD if RELOADS % 2 == 0 else EVEN
    lab.report.equal(failed, [], f"{RELOADS} reloads")
    traffic.check(daemon, text, "at the end")
    traffic.flows.stop()
    lab.report.equal(traffic.flows.got, traffic.flows.sent,
                     f"all of {traffic.flows.sent} new connections arrived")
    queue = daemon.status()["queue"]
    lab.report.equal([queue[key] for key in ("queue_dropped", "socket_dropped", "verdict_errors")],
                     [0, 0, 0], "nothing was lost on the way")
    lab.report.equal(daemon.status()["not_judged"]["undecided"], 0, "nothing went past the daemon")
    expect_holdings(lab, daemon, first, "nothing is held that was not before")
    grown = resident(daemon) - memory
    lab.report.note(f"memory: {memory >> 10} KiB, and {grown >> 10} KiB more at the end")
    if SLOW == 1 and not os.environ.get("LAB_WRAP"):
        lab.report.ok(grown < GROWTH, "memory does not grow", grown)


def again_and_again(lab, end, what):
    """The daemon ends and starts under traffic; both configurations in turn."""
    daemon = Daemon(lab, ODD).start()
    # What waits for an answer ends with a crash, and the kernel drops what is sent while an
    # interface gets another qdisc.
    traffic = Traffic(lab, may_lose=True)
    ids = daemon.ids()
    first = holdings(lab, daemon)
    for number in range(1, STARTS + 1):
        traffic.go_on()
        end(daemon)
        traffic.go_on()
        text = EVEN if number % 2 else ODD
        daemon.configure(text)
        daemon.start()
        traffic.check(daemon, text, f"{what} {number}")
    if STARTS % 2:
        daemon.configure(ODD)
        daemon.run("reload")
    traffic.go_on()
    lab.report.equal(daemon.ids(), ids, "every name has the id that it had")
    expect_holdings(lab, daemon, first, "nothing is there twice, nothing is left")
    traffic.flows.stop()
    traffic.check(daemon, ODD, "at the end")
    lab.report.equal(set(marks(lab.gateway, dport=WEB)), {ids["web"]["mark"]},
                     "what passed while there was no daemon is judged, too")


def test_stops(lab):
    """stop and start: connections stay in their class"""
    again_and_again(lab, Daemon.stop, "start after stop")


def test_crashes(lab):
    """kill -9 and start: the same"""
    again_and_again(lab, Daemon.kill, "start after a crash")


if __name__ == "__main__":
    main(globals())

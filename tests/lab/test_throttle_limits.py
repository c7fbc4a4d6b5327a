#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`limit:` on real packets: exactly so many pass, whatever else (topology: lab.py)."""

import errno
import select
import socket

from daemon import Daemon
from lab import (GATEWAY_LAN4, GATEWAY_LAN6, GATEWAY_WAN4, GATEWAY_WAN6, SERVER4, SERVER6, main,
                 wait_for)
from observe import Meter, entries, marks, waiting
from report import SCALE
from throttles import Throttle, arrived, together
from traffic import TCP, UDP, family_of, listen, open_socket, udp_send

SMTP, DNS, OTHER = 25, 53, 7777
ATTEMPTS, ALLOWED = 40, 25
QUERIES, ANSWERED = 80, 50
WINDOWS = 10 if SCALE == 1 else 3
PAIRS = 4 if SCALE == 1 else 2

# The window of connections is longer than any machine takes for the test.
CONFIG = f"""
version: 1
interfaces:
  wan0: {{out: 1gbit}}
classes:
  default: {{out: {{rate: 100mbit, ceil: 100%}}}}
  mail: {{out: {{rate: 100mbit, ceil: 100%}}}}
queue: {{workers: WORKERS}}
throttles:
  SMTP: {{limit: {ALLOWED}/600, session: [saddr, daddr], count: connections}}
  DNS: {{limit: {ANSWERED}/1, session: saddr}}
rules:
  - name: mail flood
    if: proto == tcp and dport == {SMTP}
    throttle: SMTP
    over: OVER
  - name: mail
    if: dport == {SMTP}
    class: mail
  - name: names
    if: proto == udp and dport == {DNS}
    throttle: DNS
"""


def config(workers, over="drop"):
    return CONFIG.replace("WORKERS", str(workers)).replace("OVER", over)


def paths(lab):
    """(label, sender, receiver, address pairs) through each hook."""
    hosts = range(1, PAIRS + 1)
    return (("forwarded", lab.client, lab.server,
             [(f"{net}{host}", f"{to}{host}") for host in hosts
              for net, to in (("10.77.11.", "10.77.12."), ("fd77:11::", "fd77:12::"))]),
            ("input", lab.client, lab.gateway,
             [(f"{net}{host}", to) for host in hosts
              for net, to in (("10.77.11.", GATEWAY_LAN4), ("fd77:11::", GATEWAY_LAN6))]),
            ("output", lab.gateway, lab.server,
             [(source, f"{to}{host}") for host in hosts
              for source, to in ((GATEWAY_WAN4, "10.77.12."), (GATEWAY_WAN6, "fd77:12::"))]))


class Attempts:
    """Connects of all pairs at once, and what became of each."""

    def __init__(self, sender, pairs, number):
        self.ends = []
        self.results = {pair: [] for pair in pairs}
        self._pair_of = {}
        self._poll = select.poll()
        for pair in pairs * number:
            end = sender.socket(family_of(pair[1]), TCP)
            end.setblocking(False)
            end.bind((pair[0], 0))
            self.ends.append(end)
            self._pair_of[end.fileno()] = (pair, end)
            self._poll.register(end, select.POLLOUT)
            end.connect_ex((pair[1], SMTP))

    def wait(self, done):
        """Until done(); results are noted as they come."""
        def look():
            for number, _ in self._poll.poll(0):
                pair, end = self._pair_of.pop(number)
                self._poll.unregister(end)
                self.results[pair].append(end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            return done()
        wait_for(look, "the connects", 20)

    def count(self, result):
        return [found.count(result) for found in self.results.values()]

    def close(self):
        for end in self.ends:
            end.close()


def check_smtp(lab, workers, over):
    """All three hooks, all pairs at once."""
    daemon = Daemon(lab, config(workers, over)).start()
    throttle = Throttle(daemon, "SMTP")
    passed = 0
    for label, sender, receiver, pairs in paths(lab):
        label = f"{label}, {workers} workers, {over}"
        before = daemon.status()["queue"]["received"]
        server = listen(receiver, TCP, SMTP)
        attempts = Attempts(sender, pairs, ATTEMPTS)
        passed += len(pairs) * ALLOWED
        if over == "reject":
            attempts.wait(lambda: len(attempts.ends) == sum(map(len, attempts.results.values())))
            lab.report.equal(attempts.count(errno.ECONNREFUSED),
                             [ATTEMPTS - ALLOWED] * len(pairs), f"{label}: the rest is refused")
            lab.report.equal(daemon.status()["queue"]["received"] - before, ATTEMPTS * len(pairs),
                             f"{label}: one packet of each was queued")
        else:  # a dropped SYN comes again, and is over again
            attempts.wait(lambda: min(attempts.count(0)) >= ALLOWED)
            wait_for(lambda: throttle.row()["sessions"] and min(
                sum(found) for found in throttle.by("saddr", "daddr").values()) >= ATTEMPTS,
                "all attempts to be judged")
            attempts.wait(lambda: True)
        lab.report.equal(attempts.count(0), [ALLOWED] * len(pairs),
                         f"{label}: {ALLOWED} of {ATTEMPTS} of each pair")
        lab.report.equal(throttle.figures()[0], passed, f"{label}: so says status")
        check_mail(lab, daemon, attempts, pairs, label)
        attempts.close()
        server.close()
        lab.gateway.run("conntrack", "-F")


def check_mail(lab, daemon, attempts, pairs, label):
    """Connections within the limit are in class mail, and only they have an entry."""
    mail = daemon.ids()["mail"]
    found = entries(lab.gateway, proto="tcp", dport=SMTP)
    lab.report.equal((len(found), {entry.mark for entry in found}),
                     (ALLOWED * len(pairs), {mail["mark"]}),
                     f"{label}: entries of those only, with the mark of class mail")
    meter = Meter(lab.gateway, "wan0")
    before = daemon.status()["queue"]["received"]
    ends = [end for end in attempts.ends if is_connected(end)]
    for end in ends:
        end.send(b"HELO")
    if "input" not in label:
        wait_for(lambda: sum(meter.packets().values()) >= len(ends), "their packets")
        lab.report.equal(list(meter.packets()), [mail["classid"]], f"{label}: in class mail")
    if "reject" in label:
        lab.report.equal(daemon.status()["queue"]["received"] - before, 0,
                         f"{label}: later packets are not queued")


def is_connected(end):
    try:
        end.getpeername()
        return True
    except OSError:
        return False


def test_smtp_reject(lab):
    """25/… of connections, over: reject: 25 of 40 of each pair; the rest hears it at once"""
    check_smtp(lab, 1, "reject")


def test_smtp_reject_4(lab):
    """the same with four workers, over which one pair's connections spread"""
    check_smtp(lab, 4, "reject")


def test_smtp_drop(lab):
    """over: drop: 25 of 40 of each pair; the rest hears nothing"""
    check_smtp(lab, 1, "drop")


def test_smtp_drop_4(lab):
    """the same with four workers"""
    check_smtp(lab, 4, "drop")


class Source:
    """One session of the DNS throttle: an address that asks by one flow, or by many."""

    def __init__(self, lab, address, target, is_many):
        self.lab, self.address, self.target, self.is_many = lab, address, target, is_many
        self.server = listen(lab.server, UDP, DNS, target)
        self.got = []
        self.flow = self._open()

    def _open(self):
        return open_socket(self.lab.client, UDP, self.target, DNS, (self.address, 0))

    def burst(self):
        for number in range(QUERIES):
            if self.is_many:
                with self._open() as flow:
                    flow.send(b"%d" % number)
            else:
                self.flow.send(b"%d" % number)

    def take(self):
        self.got.append(len(arrived(self.server, ANSWERED)))


def check_dns(lab, workers):
    """Ten windows: more than the limit at once, then nothing until the window is over."""
    daemon = Daemon(lab, config(workers)).start()
    throttle = Throttle(daemon, "DNS")
    sources = [Source(lab, f"{net}{host}", f"{to}{host}", host == 1)
               for net, to in (("10.77.11.", "10.77.12."), ("fd77:11::", "fd77:12::"))
               for host in (1, 2)]
    for window in range(1, WINDOWS + 1):
        with together(daemon):
            for source in sources:
                source.burst()
        throttle.wait_judged(window * QUERIES * len(sources))
        wait_for(lambda: waiting(lab.gateway) == 0, "all answers")
        for source in sources:
            source.take()
        throttle.wait_windows_over()
    for source in sources:
        lab.report.equal(source.got, [ANSWERED] * WINDOWS,
                         f"{workers} workers: {source.address}, "
                         f"{'many flows' if source.is_many else 'one flow'}: "
                         f"{ANSWERED} of {QUERIES} in each window")
    expected = (WINDOWS * ANSWERED, WINDOWS * (QUERIES - ANSWERED))
    lab.report.equal(throttle.by("saddr"), {source.address: expected for source in sources},
                     f"{workers} workers: so say the sessions")


def test_dns(lab):
    """50/1 of packets by source: 50 in every window, by one flow or by many"""
    check_dns(lab, 1)


def test_dns_4(lab):
    """the same with four workers, all of which charge the same sessions"""
    check_dns(lab, 4)


def test_dns_input_output(lab):
    """packets to the gateway itself, and of its own, are counted, too"""
    daemon = Daemon(lab, config(2)).start()
    throttle = Throttle(daemon, "DNS")
    for sender, receiver, target, label in (
            (lab.client, lab.gateway, GATEWAY_LAN4, "input IPv4"),
            (lab.client, lab.gateway, GATEWAY_LAN6, "input IPv6"),
            (lab.gateway, lab.server, SERVER4, "output IPv4"),
            (lab.gateway, lab.server, SERVER6, "output IPv6")):
        before = sum(throttle.figures())
        server = listen(receiver, UDP, DNS)
        with open_socket(sender, UDP, target, DNS) as flow:
            with together(daemon):
                for _ in range(QUERIES):
                    flow.send(b"?")
            throttle.wait_judged(before + QUERIES)
            wait_for(lambda: waiting(lab.gateway) == 0, "all answers")
            lab.report.equal(len(arrived(server, ANSWERED)), ANSWERED,
                             f"{label}: {ANSWERED} of {QUERIES}")
        server.close()


def test_others_are_not_counted(lab):
    """what no throttle's rule matches is not charged, nor queued beyond its first packet"""
    daemon = Daemon(lab, config(1)).start()
    server = listen(lab.server, UDP, OTHER)
    with open_socket(lab.client, UDP, SERVER4, OTHER) as flow:
        for _ in range(ANSWERED + 10):
            udp_send(flow, server)
    lab.report.equal(daemon.status()["queue"]["received"], 1, "one packet was queued")
    lab.report.equal(Throttle(daemon, "DNS").figures(), (0, 0), "none charged")
    lab.report.equal(marks(lab.gateway, dport=OTHER), [daemon.ids()["default"]["mark"]],
                     "class default")


if __name__ == "__main__":
    main(globals())

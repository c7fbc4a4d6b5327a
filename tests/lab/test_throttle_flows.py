#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What throttles do to connections: order of rules, classes, first packets (topology: lab.py)."""

import os
import select

from daemon import Daemon
from lab import CLIENT4, GATEWAY_LAN4, GATEWAY_LAN6, SERVER4, SERVER6, main, wait_for
from observe import Meter, entries, marks, waiting
from report import SCALE, SLOW
from throttles import Throttle, send_together, together
from traffic import (TCP, UDP, listen, open_socket, pending, received_all, tcp_exchange, udp_send)

PORT, SECOND = 5300, 5400
FLOWS = 20000 // SCALE

CONFIG = """
version: 1
interfaces:
  wan0: {out: 1gbit}
  lan0: {out: 1gbit}
classes:
  default: {out: {rate: 100mbit, ceil: 100%}}
  fast: {out: {rate: 100mbit, ceil: 100%}}
  slow: {out: {rate: 100mbit, ceil: 100%}}
"""


def exchange(client, server):
    """A request that arrives, and its reply."""
    server.sendto(b"reply", udp_send(client, server))
    client.recv(100)


def test_in_a_row(lab):
    """a packet meets one throttle after the other; what one refuses the next does not count"""
    daemon = Daemon(lab, CONFIG + f"""
throttles:
  six: {{limit: 6/600, session: none}}
  four: {{limit: 4/600, session: saddr}}
rules:
  - {{name: first, if: dport == {PORT}, throttle: six}}
  - {{name: second, if: dport == {PORT}, throttle: four}}
  - {{name: last, if: dport == {PORT}, class: fast}}
""").start()
    server = listen(lab.server, UDP, PORT)
    client = open_socket(lab.client, UDP, SERVER4, PORT)
    six, four = Throttle(daemon, "six"), Throttle(daemon, "four")
    send_together(daemon, six, client, [b"x"] * 10)
    lab.report.equal(len(pending(server)), 4, "4 of 10 arrive")
    lab.report.equal(six.figures(), (6, 4), "the first let 6 through")
    lab.report.equal(four.figures(), (4, 2), "the second counted these, and let 4 through")
    lab.report.equal(marks(lab.gateway, dport=PORT), [daemon.ids(queued=True)["fast"]["mark"]],
                     "the rule behind them gave the class")
    rules = {row["rule"]: (row["hits"], row["over"]) for row in daemon.status()["rules"]}
    lab.report.equal(rules, {"first": (10, 4), "second": (6, 2), "last": (rules["last"][0], 0)},
                     "so says status")


def test_in_two_rules(lab):
    """one throttle in two rules has the same sessions in both"""
    daemon = Daemon(lab, CONFIG + f"""
throttles:
  six: {{limit: 6/600, session: saddr}}
rules:
  - {{if: dport == {PORT}, throttle: six, class: fast}}
  - {{if: dport == {SECOND}, throttle: six, class: slow}}
""").start()
    throttle = Throttle(daemon, "six")
    arrived = []
    for port in (PORT, SECOND):
        server = listen(lab.server, UDP, port)
        client = open_socket(lab.client, UDP, SERVER4, port)
        send_together(daemon, throttle, client, [b"x"] * 4)
        arrived.append(len(pending(server)))
    lab.report.equal(arrived, [4, 2], "4 by the first rule, 2 by the second")
    lab.report.equal(throttle.by("saddr"), {CLIENT4: (6, 2)}, "in one session")
    ids = daemon.ids(queued=True)
    lab.report.equal([marks(lab.gateway, dport=port) for port in (PORT, SECOND)],
                     [[ids["fast"]["mark"]], [ids["slow"]["mark"]]], "each in its rule's class")


OVER_CLASS = CONFIG + f"""
throttles:
  four: {{limit: 4/LENGTH, session: saddr, count: COUNT}}
rules:
  - {{name: limited, if: dport == {PORT}, throttle: four, class: fast, over: class slow}}
"""


def over_class(count, length):
    return OVER_CLASS.replace("COUNT", count).replace("LENGTH", str(length))


def test_over_class(lab):
    """over: class C: a connection is in C while its packets are over, and then back"""
    daemon = Daemon(lab, over_class("packets", 2)).start()
    ids = daemon.ids(queued=True)
    throttle = Throttle(daemon, "four")
    for target in (SERVER4, SERVER6):
        with listen(lab.server, UDP, PORT) as server, \
                open_socket(lab.client, UDP, target, PORT) as client:
            udp_send(client, server)
            throttle.wait_windows_over()
            meter = Meter(lab.gateway, "wan0")
            send_together(daemon, throttle, client, [b"x"] * 7)
            lab.report.equal(len(received_all(server, 7)), 7, f"{target}: all arrive")
            lab.report.equal(meter.packets(),
                             {ids["fast"]["classid"]: 4, ids["slow"]["classid"]: 3},
                             f"{target}: those over the limit in class slow")
            lab.report.equal(marks(lab.gateway, dst=target), [ids["slow"]["mark"]],
                             f"{target}: and now the connection is")
            throttle.wait_windows_over()
            udp_send(client, server)
            lab.report.equal(marks(lab.gateway, dst=target), [ids["fast"]["mark"]],
                             f"{target}: until a packet passes again")


def test_over_class_replies(lab):
    """replies that the throttle does not count leave a connection in the class that it is in"""
    daemon = Daemon(lab, over_class("packets", 600)).start()
    ids = daemon.ids(queued=True)
    server = listen(lab.server, UDP, PORT)
    client = open_socket(lab.client, UDP, SERVER4, PORT)
    for _ in range(4):
        exchange(client, server)
    meters = Meter(lab.gateway, "wan0"), Meter(lab.gateway, "lan0")
    for _ in range(3):
        exchange(client, server)
    for meter in meters:
        lab.report.equal(meter.packets(), {ids["slow"]["classid"]: 3},
                         f"{meter.device}: class slow, both directions")
    lab.report.equal(marks(lab.gateway, dport=PORT), [ids["slow"]["mark"]],
                     "the connection is in class slow")
    lab.report.equal(Throttle(daemon, "four").figures(), (4, 3), "only requests were counted")


def test_over_class_connections(lab):
    """over: class C with count: connections: what is over is in C for life, and never queued"""
    daemon = Daemon(lab, over_class("connections", 2)).start()
    ids = daemon.ids()
    server = listen(lab.server, TCP, PORT)
    throttle = Throttle(daemon, "four")
    with together(daemon):
        clients = [lab.client.socket(server.family, TCP) for _ in range(6)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(("::ffff:" + SERVER4, PORT))
        wait_for(lambda: waiting(lab.gateway) == 6, "6 connections to wait")
    peers = [server.accept()[0] for _ in clients]
    found = sorted(marks(lab.gateway, dport=PORT))
    lab.report.equal(found, sorted([ids["fast"]["mark"]] * 4 + [ids["slow"]["mark"]] * 2),
                     "4 connections in class fast, 2 in class slow")
    throttle.wait_windows_over()
    for client, peer in zip(clients, peers):
        client.send(b"x")
        peer.settimeout(5)
    lab.report.equal(sorted(marks(lab.gateway, dport=PORT)), found, "and there they stay")
    lab.report.equal(daemon.status()["queue"]["received"], 6, "one packet of each was queued")
    lab.report.equal(throttle.figures(), (4, 2), "each was counted once")


def first_packets(lab, daemon, target):
    """Ten datagrams of a new flow that wait together; how many arrive."""
    server = listen(lab.server, UDP, PORT)
    client = open_socket(lab.client, UDP, target, PORT)
    with together(daemon):
        for _ in range(10):
            client.send(b"x")
        wait_for(lambda: waiting(lab.gateway) == 10, "10 first packets to wait")
    got = len(received_all(server, 10))
    server.close()
    client.close()
    return got


def test_first_packets(lab):
    """several first packets of one flow are one connection"""
    daemon = Daemon(lab, CONFIG + f"""
queue: {{workers: 4}}
throttles:
  three: {{limit: 3/600, session: none, count: connections}}
rules:
  - {{if: dport == {PORT}, throttle: three}}
""").start()
    throttle = Throttle(daemon, "three")
    for number, target in enumerate((SERVER4, SERVER6), 1):
        lab.report.equal(first_packets(lab, daemon, target), 10, f"{target}: all pass")
        lab.report.equal(throttle.figures(), (number, 0), f"{target}: one connection is charged")
    found = {entry.mark for entry in entries(lab.gateway, dport=PORT)}
    lab.report.equal(found, {daemon.ids()["default"]["mark"]}, "in class default")


def test_first_packets_counted(lab):
    """where packets are counted, each first packet is"""
    daemon = Daemon(lab, CONFIG + f"""
throttles:
  seven: {{limit: 7/600, session: daddr}}
rules:
  - {{if: dport == {PORT}, throttle: seven}}
""").start()
    for target in (SERVER4, SERVER6):
        server = listen(lab.server, UDP, PORT)
        client = open_socket(lab.client, UDP, target, PORT)
        send_together(daemon, Throttle(daemon, "seven"), client, [b"x"] * 10)
        lab.report.equal(len(pending(server)), 7, f"{target}: 7 of 10 pass")
        server.close()
    lab.report.equal(Throttle(daemon, "seven").by("daddr"),
                     {SERVER4: (7, 3), SERVER6: (7, 3)}, "so say the sessions")


def test_alive_at_start(lab):
    """connections that are older than the daemon are not charged as connections"""
    tcp, udp = listen(lab.server, TCP, PORT), listen(lab.server, UDP, PORT)
    lab.gateway.nft("table inet track { chain f { type filter hook forward priority 0; "
                    "ct state new counter; }; }")
    living, peer = tcp_exchange(lab.client, tcp, SERVER4, PORT)
    flow = open_socket(lab.client, UDP, SERVER6, PORT)
    udp_send(flow, udp)
    daemon = Daemon(lab, CONFIG + f"""
throttles:
  two: {{limit: 2/600, session: none, count: connections}}
rules:
  - {{if: dport == {PORT}, throttle: two, class: fast, over: reject}}
""").start()
    throttle = Throttle(daemon, "two")
    living.sendall(b"more")
    lab.report.equal(peer.recv(10), b"more", "TCP goes on")
    udp_send(flow, udp)
    lab.report.equal(throttle.figures(), (0, 0), "neither is charged")
    lab.report.equal(set(marks(lab.gateway, dport=PORT)), {daemon.ids()["fast"]["mark"]},
                     "both are in class fast")
    tcp_exchange(lab.client, tcp, SERVER4, PORT)
    lab.report.equal(throttle.figures(), (1, 0), "a new one is")


def send_until_reset(client, peer):
    """Byte after byte until the connection breaks: how many, or None where it does not."""
    for number in range(1, 41):
        client.send(b"x")
        ready, _, _ = select.select([client, peer], [], [], 5 * SLOW)
        if peer in ready:
            peer.recv(1)
        if client in ready:
            try:
                client.recv(1)
            except ConnectionResetError:
                return number
    return None


def test_reject_established(lab):
    """a packet over the limit in the middle of a TCP connection: RST to its sender

    The rule matches both directions, also nfshaper's own RST, which passes all the same.
    """
    daemon = Daemon(lab, CONFIG + f"""
throttles:
  ten: {{limit: 10/600, session: raddr}}
rules:
  - {{if: "proto == tcp and (dport == {PORT} or sport == {PORT})", throttle: ten, over: reject}}
""").start()
    throttle = Throttle(daemon, "ten")
    sources = ("10.77.11.1", "fd77:11::1", "10.77.11.2", "fd77:11::2")
    targets = (SERVER4, SERVER6, GATEWAY_LAN4, GATEWAY_LAN6)
    for number, (source, target) in enumerate(zip(sources, targets)):
        label = ("forwarded" if number < 2 else "input") + f" {target}"
        with listen(lab.server if number < 2 else lab.gateway, TCP, PORT) as server, \
                open_socket(lab.client, TCP, target, PORT, (source, 0)) as client, \
                server.accept()[0] as peer:
            lab.report.ok(send_until_reset(client, peer), f"{label}: the sender gets RST")
            remote = target if number < 2 else source
            lab.report.equal(throttle.by("raddr")[remote][0], 10, f"{label}: 10 packets passed")


def test_flood(lab):
    """many new flows at once under a limit for each of them: each passes, none is lost"""
    daemon = Daemon(lab, CONFIG + f"""
queue: {{workers: 2, length: 16384}}
throttles:
  one: {{limit: 1/600, session: [saddr, daddr, sport, dport], buckets: 1000}}
rules:
  - {{if: dport == {PORT}, throttle: one, class: fast}}
""").start()
    lab.server.nft(f"""table inet sink {{ counter arrived {{ }}
        chain pre {{ type filter hook prerouting priority -400;
        udp dport {PORT} counter name arrived drop; }}; }}""")
    lab.client.run(os.path.join(os.environ.get("builddir", "."), "tests/lab/flood"),
                   "-c", str(FLOWS), "-r", "20000", "-s", "10.77.11.1", "-p", str(PORT),
                   "10.77.12.1")
    throttle = Throttle(daemon, "one")
    lab.report.equal(throttle.wait_judged(FLOWS), (FLOWS, 0), f"{FLOWS} flows, one packet each")
    wait_for(lambda: waiting(lab.gateway) == 0, "the queues to be empty", 10)
    status = daemon.status()
    lab.report.equal([status["queue"][key] for key in ("queue_dropped", "socket_dropped",
                                                       "enobufs")], [0, 0, 0], "none lost")
    lab.report.equal(status["not_judged"]["undecided"], 0, "none undecided")
    lab.report.equal(throttle.row()["sessions"], FLOWS, "a session for each")
    found = {(entry.mark) for entry in entries(lab.gateway, dport=PORT)}
    lab.report.equal(found, {daemon.ids(queued=True)["fast"]["mark"]}, "all are in class fast")


if __name__ == "__main__":
    main(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throttles in rules: one after the other, with classes, `over: class` (topology: lab.py)."""

from daemon import Daemon
from lab import CLIENT4, SERVER4, SERVER6, main, wait_for
from observe import Meter, marks, waiting
from report import SLOW
from throttles import CONFIG, Throttle, arrived, send_together, together
from traffic import TCP, UDP, listen, open_socket, receive_exactly, udp_send

PORT, SECOND = 5300, 5400


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
    lab.report.equal(len(arrived(server, 4)), 4, "4 of 10 arrive")
    lab.report.equal(six.figures(), (6, 4), "the first let 6 through")
    lab.report.equal(four.figures(), (4, 2), "the second counted these, and let 4 through")
    lab.report.equal(marks(lab.gateway, dport=PORT), [daemon.ids(queued=True)["fast"]["mark"]],
                     "the rule behind them gave the class")
    rules = {row["rule"]: (row["hits"], row["over"]) for row in daemon.status()["rules"]}
    lab.report.equal(rules, {"first": (10, 4), "second": (6, 2), "last": (rules["last"][0], 0)},
                     "so says status")


def test_both_kinds(lab):
    """one throttle counts the connections, the next their packets"""
    daemon = Daemon(lab, CONFIG + f"""
throttles:
  two: {{limit: 2/600, session: none, count: connections}}
  five: {{limit: 5/600, session: [saddr, sport]}}
rules:
  - {{if: dport == {PORT}, throttle: two}}
  - {{if: dport == {PORT}, throttle: five}}
""").start()
    two, five = Throttle(daemon, "two"), Throttle(daemon, "five")
    server = listen(lab.server, UDP, PORT)
    for number in range(1, 4):
        with open_socket(lab.client, UDP, SERVER4, PORT) as client:
            before = sum(two.figures()) + sum(five.figures())
            with together(daemon):
                for _ in range(8):
                    client.send(b"x")
            count = before + (9 if number < 3 else 8)
            wait_for(lambda: sum(two.figures()) + sum(five.figures()) >= count, "its packets")
        wait_for(lambda: waiting(lab.gateway) == 0, "all answers")
        expected = 5 if number < 3 else 0
        lab.report.equal(len(arrived(server, expected)), expected, f"flow {number}")
    lab.report.equal((two.figures(), five.figures()), ((2, 8), (10, 6)),
                     "a refused one is charged at each attempt, an accepted one once")


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
    got = []
    for port, expected in ((PORT, 4), (SECOND, 2)):
        server = listen(lab.server, UDP, port)
        client = open_socket(lab.client, UDP, SERVER4, port)
        send_together(daemon, throttle, client, [b"x"] * 4)
        got.append(len(arrived(server, expected)))
    lab.report.equal(got, [4, 2], "4 by the first rule, 2 by the second")
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
            lab.report.equal(len(arrived(server, 7)), 7, f"{target}: all arrive")
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
    for client in clients:
        client.send(b"x")
    for peer in peers:
        peer.settimeout(5 * SLOW)
        receive_exactly(peer, 1)
    lab.report.equal(sorted(marks(lab.gateway, dport=PORT)), found, "and there they stay")
    lab.report.equal(daemon.status()["queue"]["received"], 6, "one packet of each was queued")
    lab.report.equal(throttle.figures(), (4, 2), "each was counted once")


def test_over_class_behind_counted(lab):
    """the same where packets are counted before it: also when the daemon has forgotten its way"""
    daemon = Daemon(lab, CONFIG + f"""
throttles:
  packets: {{limit: 1000/600, session: [saddr, sport]}}
  visits: {{limit: 2/600, session: saddr, count: connections}}
rules:
  - {{if: dport == {PORT}, throttle: packets}}
  - {{name: visits, if: dport == {PORT}, throttle: visits, class: fast, over: class slow}}
""").start()
    ids = daemon.ids(queued=True)
    server = listen(lab.server, UDP, PORT)
    clients = [open_socket(lab.client, UDP, SERVER4, PORT) for _ in range(5)]
    for client in clients:
        exchange(client, server)
    right = sorted([ids["fast"]["mark"]] * 2 + [ids["slow"]["mark"]] * 3)
    lab.report.equal(sorted(marks(lab.gateway, dport=PORT)), right, "2 in class fast, 3 in slow")
    for what, change in (("reload", lambda: daemon.run("reload")),
                         ("stop and start", lambda: (daemon.stop(), daemon.start())),
                         ("a crash", lambda: (daemon.kill(), daemon.start()))):
        change()
        counted = sum(Throttle(daemon, "packets").figures())
        for client in clients:
            exchange(client, server)
        lab.report.equal(sum(Throttle(daemon, "packets").figures()) - counted, 5,
                         f"{what}: their packets are counted")
        lab.report.equal(sorted(marks(lab.gateway, dport=PORT)), right, "and there they stay")


if __name__ == "__main__":
    main(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""First packets, living connections, refusals, many flows under throttles (topology: lab.py)."""

import errno
import select
import subprocess

from daemon import Daemon
from lab import (GATEWAY_LAN4, GATEWAY_LAN6, GATEWAY_WAN4, GATEWAY_WAN6, SERVER4, SERVER6, main,
                 wait_for)
from observe import entries, marks, waiting
from report import SCALE, SLOW
from throttles import CONFIG, Throttle, arrived, send_together, together
from traffic import TCP, UDP, flood, listen, open_socket, tcp_exchange, udp_send

PORT = 5300
FLOWS = 20000 // SCALE


def first_packets(lab, daemon, target):
    """Ten datagrams of a new flow that wait together; how many arrive."""
    server = listen(lab.server, UDP, PORT)
    client = open_socket(lab.client, UDP, target, PORT)
    with together(daemon):
        for _ in range(10):
            client.send(b"x")
        wait_for(lambda: waiting(lab.gateway) == 10, "10 first packets to wait")
    got = len(arrived(server, 10))
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


def test_first_packets_of_a_ping(lab):
    """the same of one ping, whose identifier is its port, on its way through many throttles"""
    count = 12
    many = "\n".join(f"  t{number}: {{limit: 100/600, session: none, count: connections}}"
                     for number in range(count))
    rules = "\n".join(f"  - {{if: proto == icmp or proto == icmpv6, throttle: t{number}}}"
                      for number in range(count))
    daemon = Daemon(lab, CONFIG + f"throttles:\n{many}\nrules:\n{rules}\n").start()
    for number, target in enumerate((SERVER4, SERVER6), 1):
        with together(daemon):
            ping = subprocess.Popen(
                lab.client.command("ping", "-n", "-q", "-c", "10", "-l", "10", "-W", "1", target),
                stdout=subprocess.DEVNULL)
            wait_for(lambda: waiting(lab.gateway) >= 10, "10 requests to wait")
        # Of several unconfirmed ones conntrack keeps only the first (allow_clash in
        # net/netfilter/nf_conntrack_core.c, which UDP has and ICMP has not).
        lab.report.equal(ping.wait(), 0, f"{target}: it is answered")
        lab.report.equal([Throttle(daemon, f"t{i}").figures() for i in (0, count - 1)],
                         [(number, 0)] * 2, f"{target}: one connection is charged")


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
        lab.report.equal(len(arrived(server, 7)), 7, f"{target}: 7 of 10 pass")
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


def refused_ways(lab):
    """(label, sender, receiver, source, target) through each hook, each source once."""
    return (("forwarded IPv4", lab.client, lab.server, "10.77.11.1", SERVER4),
            ("forwarded IPv6", lab.client, lab.server, "fd77:11::1", SERVER6),
            ("input IPv4", lab.client, lab.gateway, "10.77.11.2", GATEWAY_LAN4),
            ("input IPv6", lab.client, lab.gateway, "fd77:11::2", GATEWAY_LAN6),
            ("output IPv4", lab.gateway, lab.server, GATEWAY_WAN4, SERVER4),
            ("output IPv6", lab.gateway, lab.server, GATEWAY_WAN6, SERVER6))


REFUSING = CONFIG + f"""
throttles:
  ten: {{limit: 10/600, session: [SESSION]}}
rules:
  - {{if: "TEST", throttle: ten, over: reject}}
"""


def test_reject_established(lab):
    """a packet over the limit in the middle of a TCP connection: RST to its sender

    The rule matches both directions, also nfshaper's own RST, which passes all the same.
    """
    daemon = Daemon(lab, REFUSING.replace("SESSION", "laddr, raddr").replace(
        "TEST", f"proto == tcp and (dport == {PORT} or sport == {PORT})")).start()
    throttle = Throttle(daemon, "ten")
    for label, sender, receiver, source, target in refused_ways(lab):
        with listen(receiver, TCP, PORT) as server, \
                open_socket(sender, TCP, target, PORT, (source, 0)) as client, \
                server.accept()[0] as peer:
            lab.report.ok(send_until_reset(client, peer), f"{label}: the sender gets RST")
            found = throttle.by("laddr", "raddr")
            ends = (target, source) if receiver is lab.gateway else (source, target)
            lab.report.equal(found[ends][0], 10, f"{label}: 10 packets passed")


def test_reject_datagrams(lab):
    """a datagram over the limit in the middle of a flow: an ICMP error to its sender"""
    daemon = Daemon(lab, REFUSING.replace("SESSION", "saddr, daddr").replace(
        "TEST", f"dport == {PORT}")).start()
    throttle = Throttle(daemon, "ten")
    for label, sender, receiver, source, target in refused_ways(lab):
        with listen(receiver, UDP, PORT) as server, \
                open_socket(sender, UDP, target, PORT, (source, 0)) as client:
            for _ in range(10):
                udp_send(client, server)
            try:
                client.send(b"x")
                error = client.recv(1)
            except OSError as refused:
                error = refused.errno
            expected = errno.EACCES if ":" in target else errno.EHOSTUNREACH
            lab.report.equal(error, expected, f"{label}: the sender hears it")
            lab.report.equal(throttle.by("saddr", "daddr")[source, target], (10, 1),
                             f"{label}: 10 of 11 passed")


def test_flood(lab):
    """many new flows at once under a limit for each of them: each passes, none is lost"""
    daemon = Daemon(lab, CONFIG + f"""
queue: {{workers: 2}}
throttles:
  one: {{limit: 1/600, session: [saddr, daddr, sport, dport], buckets: 1000}}
rules:
  - {{if: dport == {PORT}, throttle: one, class: fast}}
""").start()
    lab.server.nft(f"""table inet sink {{ counter arrived {{ }}
        chain pre {{ type filter hook prerouting priority -400;
        udp dport {PORT} counter name arrived drop; }}; }}""")
    flood(lab.client, lab.server, "10.77.12.1", "-c", str(FLOWS), "-s", "10.77.11.1",
          "-p", str(PORT))
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

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""drop and reject, as the client sees them (topology: lab.py)."""

import errno

from daemon import Daemon
from lab import (CLIENT4, GATEWAY_LAN4, GATEWAY_LAN6, SERVER4, SERVER6, main)
from observe import Meter, entries
from report import SLOW
from traffic import (TCP, UDP, error_name, listen, open_socket, pending, tcp_attempt, tcp_exchange,
                     udp_attempt, udp_send)

REJECTED, DROPPED, OPEN = 2300, 2400, 2500

CONFIG = f"""
version: 1
interfaces:
  wan0: {{out: 100mbit}}
classes:
  default: {{out: {{rate: 100mbit, ceil: 100%}}}}
rules:
  - name: refused
    if: dport == {REJECTED}
    action: reject
  - name: dropped
    if: dport == {DROPPED}
    action: drop
"""

# An answer at once takes less than a millisecond; the second SYN is sent after 1 s.
AT_ONCE_S = 0.5 if SLOW <= 1 else 0.9


def routes(lab):
    """Who sends where, so that the packet meets the forward, the input and the output hook."""
    return ((lab.client, SERVER4, "forwarded IPv4"), (lab.client, SERVER6, "forwarded IPv6"),
            (lab.client, GATEWAY_LAN4, "input IPv4"), (lab.client, GATEWAY_LAN6, "input IPv6"),
            (lab.gateway, SERVER4, "output IPv4"), (lab.gateway, SERVER6, "output IPv6"))


def receiver_of(lab, address):
    return lab.server if address in (SERVER4, SERVER6) else lab.gateway


def test_reject_tcp(lab):
    """a refused TCP connection is answered with RST at once, at every hook"""
    Daemon(lab, CONFIG).start()
    meter = Meter(lab.gateway, "wan0")
    for sender, address, label in routes(lab):
        # Somebody listens: without nfshaper the connection would succeed.
        with listen(receiver_of(lab, address), TCP, REJECTED) as server:
            result, seconds = tcp_attempt(sender, address, REJECTED)
            lab.report.equal(error_name(result), "ECONNREFUSED", f"{label}: RST")
            lab.report.within(seconds, 0, AT_ONCE_S, f"{label}: at once")
            server.setblocking(False)
            try:
                server.accept()
                arrived = True
            except BlockingIOError:
                arrived = False
            lab.report.equal(arrived, False, f"{label}: nothing arrived")
    lab.report.equal(meter.packets(), {}, "no packet went out to the server")
    lab.report.equal(entries(lab.gateway, dport=REJECTED), [], "no entry is left behind")


def test_reject_udp(lab):
    """a refused datagram is answered with ICMP at once, at every hook"""
    Daemon(lab, CONFIG).start()
    for sender, address, label in routes(lab):
        expected = errno.EACCES if ":" in address else errno.EHOSTUNREACH
        with listen(receiver_of(lab, address), UDP, REJECTED) as server:
            result, seconds = udp_attempt(sender, address, REJECTED)
            lab.report.equal(error_name(result), error_name(expected), f"{label}: ICMP")
            lab.report.within(seconds, 0, AT_ONCE_S, f"{label}: at once")
            lab.report.equal(pending(server), [], f"{label}: nothing arrived")
    lab.report.equal(entries(lab.gateway, dport=REJECTED), [], "no entry is left behind")


def test_drop_tcp(lab):
    """a dropped TCP connection times out and hears nothing"""
    Daemon(lab, CONFIG).start()
    for sender, address, label in (routes(lab)[0], routes(lab)[1], routes(lab)[2]):
        with listen(receiver_of(lab, address), TCP, DROPPED):
            result, seconds = tcp_attempt(sender, address, DROPPED, give_up_ms=600)
            lab.report.equal(error_name(result), "ETIMEDOUT", f"{label}: time-out")
            lab.report.ok(seconds >= 0.5, f"{label}: not at once", f"after {seconds:.3f} s")
    lab.report.equal(entries(lab.gateway, dport=DROPPED), [], "no entry is left behind")


def test_drop_udp(lab):
    """dropped datagrams do not arrive; one sent after them that is let through does"""
    Daemon(lab, CONFIG).start()
    for sender, address, label in routes(lab):
        receiver = receiver_of(lab, address)
        with listen(receiver, UDP, DROPPED) as dropped, listen(receiver, UDP, OPEN) as through, \
                open_socket(sender, UDP, address, DROPPED) as refused, \
                open_socket(sender, UDP, address, OPEN) as passing:
            for _ in range(3):
                refused.send(b"dropped")
            udp_send(passing, through)
            lab.report.equal(pending(dropped), [], f"{label}: nothing arrived")
            refused.setblocking(False)
            try:
                answer = refused.recv(100)
            except BlockingIOError:
                answer = None
            except OSError as error:
                answer = error_name(error.errno)
            lab.report.equal(answer, None, f"{label}: no answer")


def test_refusal_touches_nobody_else(lab):
    """connections beside the refused ones go on, and both are counted"""
    daemon = Daemon(lab, CONFIG).start()
    server = listen(lab.server, TCP, OPEN)
    ends = tcp_exchange(lab.client, server, SERVER4, OPEN)
    for _ in range(20):
        tcp_attempt(lab.client, SERVER4, REJECTED)
    ends[0].sendall(b"still here")
    lab.report.equal(ends[1].recv(100), b"still here", "an accepted connection goes on")
    queue = daemon.status()["queue"]
    lab.report.equal(queue["received"], 21, "one packet of each connection was judged")
    lab.report.equal(queue["verdicts"], 21, "and answered")


def test_management_is_exempt(lab):
    """a rule that refuses everything leaves tcp/22 of the gateway open, and never queues it"""
    daemon = Daemon(lab, """
version: 1
interfaces:
  wan0: {out: 100mbit}
classes:
  default: {out: {rate: 100mbit, ceil: 100%}}
rules:
  - name: nothing
    if: proto in [tcp, udp, icmp, icmpv6]
    action: reject
""").start()
    for address in (GATEWAY_LAN4, GATEWAY_LAN6):
        server = listen(lab.gateway, TCP, 22)
        ends = tcp_exchange(lab.client, server, address, 22)
        lab.report.equal(ends[0].getpeername()[1], 22, f"tcp/22 of {address} is open")
        for end in (*ends, server):
            end.close()
    lab.report.equal(daemon.status()["queue"]["received"], 0, "and was never queued")
    result, _ = tcp_attempt(lab.client, GATEWAY_LAN4, 80)
    lab.report.equal(error_name(result), "ECONNREFUSED", "other ports are refused")
    with listen(lab.server, TCP, 22):
        result, _ = tcp_attempt(lab.client, SERVER4, 22)
    lab.report.equal(error_name(result), "ECONNREFUSED", "tcp/22 beyond the gateway too")
    lab.report.equal(daemon.status()["queue"]["received"], 2, "both were judged")
    told = daemon.json("explain", "tcp", f"{CLIENT4}:40000", f"{GATEWAY_LAN4}:22", "dir=in",
                       "iif=lan0")
    lab.report.equal(told["verdict"], "accept", "explain knows the exemption")


if __name__ == "__main__":
    main(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a session, and what a reload does to sessions (topology: lab.py)."""

import contextlib
import os
import shutil
import socket
import struct

from daemon import Daemon
from lab import CLIENT4, CLIENT6, SERVER4, SERVER6, main, wait_for
from observe import marks, waiting
from throttles import Throttle, arrived, send_together
from traffic import UDP, listen, open_socket, received_all, udp_send

PORT = 5300
ECHO, TIMESTAMP = 8, 13

CONFIG = """
version: 1
interfaces:
  wan0: {out: 1gbit}
classes:
  default: {out: {rate: 100mbit, ceil: 100%}}
  fast: {out: {rate: 100mbit, ceil: 100%}}
"""

DIRECTIONS = CONFIG + f"""
local: [10.77.2.0/24]
throttles:
  eight: {{limit: 8/600, session: FIELDS}}
rules:
  - {{if: TEST, throttle: eight}}
"""


def exchange_until_lost(lab, daemon, throttle, charges):
    """Requests and replies one after the other: how many of each arrived."""
    server = listen(lab.server, UDP, PORT, SERVER4)
    client = open_socket(lab.client, UDP, SERVER4, PORT)
    requests = replies = 0
    while True:
        passed, over = throttle.figures()
        before = passed + over
        client.send(b"request")
        throttle.wait_judged(before + 1)
        got = arrived(server, throttle.figures()[0] - passed)
        requests += len(got)
        if not got:
            break
        server.sendto(b"reply", client.getsockname())
        throttle.wait_judged(before + charges)
        wait_for(lambda: waiting(lab.gateway) == 0, "its answer")
        replies += len(received_all(client, 1))
    return requests, replies


def check_directions(lab, test, fields, expected, sessions):
    daemon = Daemon(lab, DIRECTIONS.replace("TEST", test).replace("FIELDS", fields)).start()
    throttle = Throttle(daemon, "eight")
    charges = 2 if "lport" in test else 1
    lab.report.equal(exchange_until_lost(lab, daemon, throttle, charges), expected,
                     f"{test}, by {fields}: requests and replies that arrive")
    key = fields.strip("[]").split(", ")
    lab.report.equal(throttle.by(*key), sessions, f"{test}, by {fields}: sessions")


def test_requests_only(lab):
    """dport == N charges requests only"""
    check_directions(lab, f"dport == {PORT}", "saddr", (8, 8), {CLIENT4: (8, 1)})


def test_both_directions(lab):
    """lport == N charges requests and replies"""
    check_directions(lab, f"lport == {PORT}", "raddr", (4, 4), {CLIENT4: (8, 1)})


def test_both_directions_local(lab):
    """a session by local address is the same for both directions"""
    check_directions(lab, f"lport == {PORT}", "[laddr, lport]", (4, 4), {(SERVER4, PORT): (8, 1)})


def test_both_directions_apart(lab):
    """a session by source address is another one for replies"""
    check_directions(lab, f"lport == {PORT}", "saddr", (8, 8),
                     {CLIENT4: (8, 1), SERVER4: (8, 0)})


def test_both_directions_masqueraded(lab):
    """behind source NAT both directions meet in one session, too"""
    lab.gateway.nft("table ip nat { chain p { type nat hook postrouting priority 100; "
                    "oif wan0 masquerade; }; }")
    daemon = Daemon(lab, DIRECTIONS.replace("[10.77.2.0/24]", "[10.77.1.0/24]").replace(
        "TEST", f"rport == {PORT}").replace("FIELDS", "[laddr, lport]")).start()
    throttle = Throttle(daemon, "eight")
    server = listen(lab.server, UDP, PORT)
    client = open_socket(lab.client, UDP, SERVER4, PORT)
    for _ in range(4):
        server.sendto(b"reply", udp_send(client, server))
        client.recv(100)
    send_together(daemon, throttle, client, [b"x"] * 3)
    lab.report.equal(throttle.by("laddr", "lport"), {client.getsockname(): (8, 3)}, "one session")


@contextlib.contextmanager
def user(number):
    """Sockets made in here belong to that user."""
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)


def socket_of(node, number, address):
    """A connected UDP socket of a user in a node."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with node.inside(), user(number):
        client = socket.socket(family, UDP)
    client.connect((address, PORT))
    return client


def test_by_user(lab):
    """the users of this host are sessions of their own, both families together"""
    daemon = Daemon(lab, CONFIG + f"""
throttles:
  six: {{limit: 6/600, session: user}}
rules:
  - {{if: dport == {PORT}, throttle: six}}
""").start()
    throttle = Throttle(daemon, "six")
    server = listen(lab.server, UDP, PORT)
    for number in (0, 1001, 1002):
        for address in (SERVER4, SERVER6):
            with socket_of(lab.gateway, number, address) as client:
                send_together(daemon, throttle, client, [b"x"] * 5)
        lab.report.equal(len(arrived(server, 6)), 6, f"user {number}: 6 of 10 arrive")
    with open_socket(lab.client, UDP, SERVER4, PORT) as client:
        send_together(daemon, throttle, client, [b"x"] * 5)
    lab.report.equal(throttle.by("user"), {0: (6, 4), 1001: (6, 4), 1002: (6, 4), None: (5, 0)},
                     "and what is forwarded, whose user nobody knows, is one more")


def test_by_country(lab):
    """the remote end's country makes a session; addresses without one are one, too"""
    lab.server.ip(*(f"addr add {address} dev lo" for address in
                    ("192.0.2.1/32", "192.0.2.2/32", "192.0.2.200/32", "2001:db8:1::1/128")))
    lab.gateway.ip(f"route add 192.0.2.0/24 via {SERVER4}",
                   f"route add 2001:db8:1::/48 via {SERVER6}")
    shutil.copy(os.path.join(os.environ.get("builddir", "."), "tests/geo/country.mmdb"),
                lab.path("country.mmdb"))
    os.chmod(lab.path("country.mmdb"), 0o644)
    daemon = Daemon(lab, CONFIG + f"""
geoip: country.mmdb
throttles:
  six: {{limit: 6/600, session: cc}}
rules:
  - {{if: rport == {PORT}, throttle: six}}
""").start()
    throttle = Throttle(daemon, "six")
    server = listen(lab.server, UDP, PORT)
    for address in ("192.0.2.1", "192.0.2.2", "2001:db8:1::1", "192.0.2.200", SERVER4):
        with open_socket(lab.client, UDP, address, PORT) as client:
            send_together(daemon, throttle, client, [b"x"] * 4)
    lab.report.equal(len(arrived(server, 14)), 14, "6 of 12 to New Zealand and all others")
    lab.report.equal(throttle.by("cc"), {"NZ": (6, 6), "AU": (4, 0), None: (4, 0)}, "sessions")


def icmp(kind, number):
    """An ICMP query of 16 bytes with its checksum."""
    body = struct.pack("!HH", 77, number) + bytes(12)
    words = struct.unpack("!10H", struct.pack("!BBH", kind, 0, 0) + body)
    total = sum(words)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!BBH", kind, 0, total ^ 0xffff) + body


def test_mask_icmp(lab):
    """mask: 0xffff0000 makes sessions of ICMP type and code: ping and timestamps count apart"""
    daemon = Daemon(lab, CONFIG + """
throttles:
  six: {limit: 6/600, session: none, mask: 0xffff0000}
rules:
  - {if: proto == icmp, throttle: six}
""").start()
    throttle = Throttle(daemon, "six")
    client = lab.client.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    client.connect((SERVER4, 0))
    before = 0
    for kind in (ECHO, TIMESTAMP):
        # Of first packets that wait together the kernel keeps one, but for UDP.
        client.send(icmp(kind, 0))
        answered = len(received_all(client, 1))
        for number in range(1, 9):
            client.send(icmp(kind, number))
        before += 9 + 6  # replies, too
        throttle.wait_judged(before)
        answered += len(received_all(client, 5))
        lab.report.equal(answered, 6, f"type {kind}: 6 of 9 are answered")
    lab.report.equal(throttle.by("data"), {"0x08000000": (6, 3), "0x00000000": (6, 0),
                                           "0x0d000000": (6, 3), "0x0e000000": (6, 0)},
                     "a session for each type, also of replies")


def test_mask_ports(lab):
    """mask: 0x0000ffff makes sessions of destination ports, beside the chosen fields"""
    daemon = Daemon(lab, CONFIG + f"""
throttles:
  six: {{limit: 6/600, session: saddr, mask: 0x0000ffff}}
rules:
  - {{if: dport in {PORT}-{PORT + 1}, throttle: six}}
""").start()
    throttle = Throttle(daemon, "six")
    for port in (PORT, PORT + 1):
        server = listen(lab.server, UDP, port)
        for address in (SERVER4, SERVER6):
            with open_socket(lab.client, UDP, address, port) as client:
                send_together(daemon, throttle, client, [b"x"] * 8)
        lab.report.equal(len(arrived(server, 12)), 12, f"port {port}: 6 of 8, of each source")
    lab.report.equal(throttle.by("saddr", "data"),
                     {(source, f"{port:#010x}"): (6, 2) for source in (CLIENT4, CLIENT6)
                      for port in (PORT, PORT + 1)}, "sessions")


RELOADED = CONFIG + f"""
throttles:
  six: {{limit: LIMIT, session: FIELDS}}
rules:
  - {{if: dport == {PORT}, throttle: six}}
  - {{if: dport == {PORT}, class: fast}}
"""


def reloaded(limit, fields="saddr"):
    return RELOADED.replace("LIMIT", limit).replace("FIELDS", fields)


def test_reload(lab):
    """sessions survive a reload, and other limits hold for them; other fields begin anew"""
    daemon = Daemon(lab, reloaded("6/600")).start()
    throttle = Throttle(daemon, "six")
    serial = throttle.row()["serial"]
    server = listen(lab.server, UDP, PORT)
    client = open_socket(lab.client, UDP, SERVER4, PORT)
    send_together(daemon, throttle, client, [b"x"] * 4)
    lab.report.equal(len(arrived(server, 4)), 4, "4 pass")
    for limit, fields, passing, session in (
            ("6/600", "saddr", 2, {CLIENT4: (6, 2)}),
            ("9/600", "saddr", 3, {CLIENT4: (9, 3)}),
            ("2/600", "saddr", 0, {CLIENT4: (9, 7)}),
            ("11/700", "saddr", 2, {CLIENT4: (11, 9)}),
            ("3/600", "daddr", 3, {SERVER4: (3, 1)})):
        daemon.configure(reloaded(limit, fields))
        daemon.run("reload")
        send_together(daemon, throttle, client, [b"x"] * 4)
        lab.report.equal(len(arrived(server, passing)), passing,
                         f"{limit} by {fields}: {passing} of 4 pass")
        lab.report.equal(throttle.by(fields), session, f"{limit} by {fields}: the session")
    lab.report.equal(throttle.row()["serial"], serial, "the throttle keeps its serial number")
    daemon.configure(CONFIG + f"rules: [{{if: dport == {PORT}, class: fast}}]\n")
    daemon.run("reload")
    for _ in range(9):
        udp_send(client, server)
    lab.report.equal(marks(lab.gateway, dport=PORT), [daemon.ids()["fast"]["mark"]],
                     "without the throttle a connection whose packets were queued is judged anew")
    before = daemon.status()["queue"]["received"]
    for _ in range(3):
        udp_send(client, server)
    lab.report.equal(daemon.status()["queue"]["received"], before, "and is queued no more")


def test_reload_connections(lab):
    """what a reload finds alive is not charged as a connection"""
    daemon = Daemon(lab, CONFIG).start()
    server = listen(lab.server, UDP, PORT)
    client = open_socket(lab.client, UDP, SERVER4, PORT)
    udp_send(client, server)
    daemon.configure(reloaded("1/600").replace("session", "count: connections, session"))
    daemon.run("reload")
    throttle = Throttle(daemon, "six")
    udp_send(client, server)
    lab.report.equal(throttle.figures(), (0, 0), "a decided connection goes on, uncharged")
    lab.gateway.nft("table inet lose { chain f { type filter hook forward priority 0; "
                    f"udp dport {PORT} ct mark set 0; }}; }}")
    udp_send(client, server)
    lab.gateway.nft("delete table inet lose")
    lab.report.equal(throttle.figures(), (0, 0), "so does one that has lost its mark")
    lab.report.equal(marks(lab.gateway, dport=PORT), [daemon.ids()["fast"]["mark"]],
                     "which is judged anew")
    with open_socket(lab.client, UDP, SERVER4, PORT) as other:
        udp_send(other, server)
    lab.report.equal(throttle.figures(), (1, 0), "a new one is charged")


if __name__ == "__main__":
    main(globals())

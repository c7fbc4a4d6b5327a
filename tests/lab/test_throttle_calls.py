#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throttles called by the packet mark, from a user's own nft rules (topology: lab.py)."""

import errno
import os
import re

from daemon import Daemon
from lab import GATEWAY_LAN4, GATEWAY_LAN6, HERE, SERVER4, SERVER6, main, wait_for
from observe import marks, waiting
from throttles import Throttle, arrived, together
from traffic import (TCP, UDP, error_name, listen, open_socket, pending, received_all, tcp_attempt,
                     tcp_exchange, udp_attempt, udp_send)

DROP, REJECT, CONNECTIONS, PLAIN = 5301, 5302, 5303, 5304
KEPT = 0x00000123  # the bits of the packet mark that are not nfshaper's
QUEUE = 32

CONFIG = f"""
version: 1
interfaces:
  wan0: {{out: 1gbit}}
classes:
  default: {{out: {{rate: 100mbit, ceil: 100%}}}}
  fast: {{out: {{rate: 100mbit, ceil: 100%}}}}
queue: {{workers: 2, length: {QUEUE}}}
throttles:
  drop-three: {{limit: 3/600, session: [saddr, daddr]}}
  reject-three: {{limit: 3/600, session: [saddr, daddr], over: reject}}
  two-connections: {{limit: 2/600, session: daddr, count: connections}}
rules:
  - {{name: plain, if: "dport in [{DROP}, {REJECT}, {CONNECTIONS}, {PLAIN}]", class: fast}}
"""


def defines(daemon):
    """What `show marks` prints for nft."""
    return "".join(line + "\n" for line in daemon.run("show", "marks").stdout.splitlines()
                   if line.startswith("define "))


def install_calls(lab, daemon, more=""):
    """The user's table: marks of their own everywhere, calls by port, and counters behind it all.

    Packets to PLAIN call only where they are long.
    """
    mark = "meta mark set meta mark & 0x00ffffff | $nfshaper_call_"
    calls = f"""
            meta l4proto {{ tcp, udp }} meta mark set {KEPT:#x}
            udp dport {DROP} {mark}drop_three
            meta l4proto {{ tcp, udp }} th dport {REJECT} {mark}reject_three
            udp dport {CONNECTIONS} {mark}two_connections
            udp dport {PLAIN} udp length > 500 {mark}drop_three
            {more.replace("CALL ", mark)}"""
    count = f"""
            meta mark {KEPT:#x} counter name kept
            meta mark & 0xff000000 != 0 counter name dirty"""
    lab.gateway.nft(defines(daemon) + f"""
    table inet user {{
        counter kept {{ }}
        counter dirty {{ }}
        chain forward {{ type filter hook forward priority 0; {calls}
        }}
        chain input {{ type filter hook input priority 0; {calls}
        }}
        chain output {{ type filter hook output priority 0; {calls}
        }}
        chain leaving {{ type filter hook postrouting priority 400; oif "wan0" jump look
        }}
        chain arriving {{ type filter hook input priority 400; iif "lan0" jump look
        }}
        chain look {{ {count}
        }}
    }}""")


def counters(lab):
    """(packets whose mark has the user's bits alone, packets with some of nfshaper's)"""
    text = lab.gateway.run("nft", "list", "counters", "table", "inet", "user").stdout
    packets = {name: int(number) for name, number in
               re.findall(r"counter (\w+) \{\s+packets (\d+)", text)}
    return packets["kept"], packets["dirty"]


def settle(lab, throttle, judged):
    throttle.wait_judged(judged)
    wait_for(lambda: waiting(lab.gateway) == 0, "all answers")


def routes(lab):
    """(sender, receiver, address, label) through each hook."""
    return ((lab.client, lab.server, SERVER4, "forwarded IPv4"),
            (lab.client, lab.server, SERVER6, "forwarded IPv6"),
            (lab.client, lab.gateway, GATEWAY_LAN4, "input IPv4"),
            (lab.client, lab.gateway, GATEWAY_LAN6, "input IPv6"),
            (lab.gateway, lab.server, SERVER4, "output IPv4"),
            (lab.gateway, lab.server, SERVER6, "output IPv6"))


def test_drop(lab):
    """called packets over the limit are dropped; those within pass with the mark as it was"""
    daemon = Daemon(lab, CONFIG).start()
    install_calls(lab, daemon)
    throttle = Throttle(daemon, "drop-three")
    call = daemon.calls()["drop-three"]
    # Were a packet routed again with its call in the mark, it would not arrive.
    for family in ("-4", "-6"):
        lab.gateway.run("ip", family, "rule", "add", "fwmark", f"{call:#x}/0xff000000", "prohibit")
    for number, (sender, receiver, address, label) in enumerate(routes(lab), 1):
        before = counters(lab)
        with listen(receiver, UDP, DROP) as server, \
                open_socket(sender, UDP, address, DROP) as client:
            for _ in range(5):
                client.send(b"x")
            settle(lab, throttle, 5 * number)
            lab.report.equal(len(arrived(server, 3)), 3, f"{label}: 3 of 5 arrive")
            lab.report.equal(throttle.figures(), (3 * number, 2 * number), f"{label}: counted")
            after = counters(lab)
            lab.report.equal((after[0] - before[0], after[1]), (3, 0),
                             f"{label}: the mark is as the user had it")
            port = client.getsockname()[1]
            lab.report.equal(marks(lab.gateway, dst=address, sport=port, dport=DROP), [0],
                             f"{label}: nothing is stored")


def test_reject(lab):
    """with over: reject they are answered"""
    daemon = Daemon(lab, CONFIG).start()
    install_calls(lab, daemon)
    throttle = Throttle(daemon, "reject-three")
    for sender, receiver, address, label in routes(lab):
        with listen(receiver, UDP, REJECT) as udp, listen(receiver, TCP, REJECT), \
                open_socket(sender, UDP, address, REJECT) as flow:
            for _ in range(3):
                udp_send(flow, udp)
            refused, _ = tcp_attempt(sender, address, REJECT)
            lab.report.equal(error_name(refused), "ECONNREFUSED", f"{label}: TCP")
            expected = errno.EACCES if ":" in address else errno.EHOSTUNREACH
            refused, _ = udp_attempt(sender, address, REJECT)
            lab.report.equal(error_name(refused), error_name(expected), f"{label}: UDP")
    lab.report.equal(throttle.figures(), (18, 12), "3 of 5 each")
    lab.report.equal(counters(lab)[1], 0, "no bit of a call is left")


def test_decided_flow(lab):
    """a call also judges packets of a connection that has its decision, which it keeps"""
    daemon = Daemon(lab, CONFIG).start()
    install_calls(lab, daemon)
    throttle = Throttle(daemon, "drop-three")
    fast = daemon.ids()["fast"]["mark"]
    for number, address in enumerate((SERVER4, SERVER6), 1):
        with listen(lab.server, UDP, PLAIN) as server, \
                open_socket(lab.client, UDP, address, PLAIN) as client:
            udp_send(client, server)
            lab.report.equal(marks(lab.gateway, dst=address), [fast], f"{address}: decided")
            for _ in range(5):
                client.send(bytes(1000))
            settle(lab, throttle, 5 * number)
            lab.report.equal(len(arrived(server, 3)), 3, f"{address}: 3 of 5 calls pass")
            for _ in range(5):
                udp_send(client, server)
            lab.report.equal(marks(lab.gateway, dst=address), [fast],
                             f"{address}: it is in its class")
    lab.report.equal(daemon.status()["queue"]["received"], 12, "only calls were queued")
    lab.report.equal(counters(lab), (18, 0), "every packet's mark is as the user had it")


def test_connections(lab):
    """count: connections by call: a flow is charged once, also where its first packets wait"""
    daemon = Daemon(lab, CONFIG).start()
    install_calls(lab, daemon)
    throttle = Throttle(daemon, "two-connections")
    for address in (SERVER4, SERVER6):
        server = listen(lab.server, UDP, CONNECTIONS)
        flows = [open_socket(lab.client, UDP, address, CONNECTIONS) for _ in range(4)]
        for number, flow in enumerate(flows):
            with together(daemon):
                for _ in range(10):
                    flow.send(b"x")
                wait_for(lambda: waiting(lab.gateway) == 10, "10 first packets to wait")
            wait_for(lambda: waiting(lab.gateway) == 0, "all answers")
            expected = 10 if number < 2 else 0
            lab.report.equal(len(arrived(server, expected)), expected,
                             f"{address}: flow {number + 1}")
        passed, over = throttle.by("daddr")[address]
        lab.report.equal((passed, over >= 2), (2, True), f"{address}: two connections are charged")
        udp_send(flows[0], server)
        lab.report.equal(throttle.by("daddr")[address], (passed, over), "and not again")
        server.close()


def test_exempt(lab):
    """what is exempt is not judged by a call either; its bits are cleared all the same"""
    daemon = Daemon(lab, CONFIG).start()
    install_calls(lab, daemon, "tcp dport 22 CALL drop_three")
    server = listen(lab.gateway, TCP, 22)
    for address in (GATEWAY_LAN4, GATEWAY_LAN6):
        for _ in range(4):
            for end in tcp_exchange(lab.client, server, address, 22):
                end.close()
    lab.report.equal(Throttle(daemon, "drop-three").figures(), (0, 0), "tcp/22 is not counted")
    kept, dirty = counters(lab)
    lab.report.equal(dirty, 0, "no bit of a call is left")
    lab.report.ok(kept >= 16, "the others are", str(kept))


def test_daemon_down(lab):
    """with on-failure open, calls pass when the queue is full, and when there is no daemon"""
    daemon = Daemon(lab, CONFIG).start()
    install_calls(lab, daemon)
    server = listen(lab.server, UDP, DROP)
    client = open_socket(lab.client, UDP, SERVER4, DROP)
    daemon.suspend()
    for _ in range(QUEUE + 10):
        client.send(b"x")
    lab.report.equal(len(received_all(server, 10)), 10, "more than the queue holds passes")
    lab.report.equal(waiting(lab.gateway), QUEUE, "the queue is full")
    daemon.resume()
    settle(lab, Throttle(daemon, "drop-three"), QUEUE)
    lab.report.equal(len(arrived(server, 3)), 3, "what waited is judged")
    lab.report.equal(counters(lab), (13, 0), "every mark is as the user had it")
    daemon.kill()
    for address in (SERVER4, SERVER6):
        with open_socket(lab.client, UDP, address, DROP) as flow:
            for _ in range(5):
                udp_send(flow, server)
    with listen(lab.gateway, UDP, DROP) as own, \
            open_socket(lab.client, UDP, GATEWAY_LAN4, DROP) as flow:
        for _ in range(5):
            udp_send(flow, own)
    lab.report.equal(counters(lab), (28, 0), "and after a crash")


def test_daemon_down_closed(lab):
    """with on-failure closed, calls are dropped until the daemon is back"""
    daemon = Daemon(lab, CONFIG.replace("queue: {", "queue: {on-failure: closed, ")).start()
    install_calls(lab, daemon)
    before = daemon.calls()
    server = listen(lab.server, UDP, DROP)
    client = open_socket(lab.client, UDP, SERVER4, DROP)
    udp_send(client, server)
    other = open_socket(lab.client, UDP, SERVER4, PLAIN)
    plain = listen(lab.server, UDP, PLAIN)
    udp_send(other, plain)
    daemon.kill()
    client.send(b"lost")
    udp_send(other, plain)
    lab.report.equal(pending(server), [], "a call is dropped, a decided connection goes on")
    daemon.start()
    lab.report.equal(daemon.calls(), before, "the calls keep their numbers")
    for _ in range(3):
        udp_send(client, server)
    lab.report.equal(Throttle(daemon, "drop-three").figures(), (3, 0), "then it is judged")


def test_reload(lab):
    """a throttle's number and sessions survive a reload; one that is gone is no call any more"""
    daemon = Daemon(lab, CONFIG).start()
    install_calls(lab, daemon)
    before = daemon.calls()
    throttle = Throttle(daemon, "drop-three")
    server = listen(lab.server, UDP, DROP)
    client = open_socket(lab.client, UDP, SERVER4, DROP)
    udp_send(client, server)
    daemon.configure(CONFIG.replace("throttles:", "throttles:\n  another: {limit: 1/1}"))
    daemon.run("reload")
    after = daemon.calls()
    lab.report.equal({tag: after[tag] for tag in before}, before, "numbers stay")
    for _ in range(4):
        client.send(b"x")
    settle(lab, throttle, 5)
    lab.report.equal((len(arrived(server, 2)), throttle.figures()), (2, (3, 2)), "sessions, too")
    daemon.configure(re.sub(r"  drop-three.*\n", "", CONFIG))
    daemon.run("reload")
    for _ in range(4):
        udp_send(client, server)
    lab.report.equal(marks(lab.gateway, dport=DROP), [daemon.ids()["fast"]["mark"]],
                     "without the throttle the connection is judged by the rules")


def test_example(lab):
    """nft/throttle-call.nft works with the throttles of the manual"""
    daemon = Daemon(lab, """
version: 1
interfaces:
  wan0: {out: 1gbit}
throttles:
  SMTP-throttle: {limit: 25/600, session: [saddr, daddr], count: connections, over: reject}
  DNS-throttle:  {limit: 50/600, session: saddr}
""").start()
    with open(os.path.join(HERE, "..", "..", "nft", "throttle-call.nft"), encoding="utf-8") as file:
        text = file.read()
    calls = lab.write("calls.nft", defines(daemon))
    for _ in range(2):  # loading it again replaces it
        lab.gateway.nft(text.replace("/etc/nfshaper/calls.nft", calls))
    mail = listen(lab.server, TCP, 25)
    results = [tcp_attempt(lab.client, SERVER4, 25)[0] for _ in range(40)]
    lab.report.equal((results.count(0), results.count(errno.ECONNREFUSED)), (25, 15),
                     "25 of 40 mail connections, forwarded")
    results = [tcp_attempt(lab.gateway, SERVER6, 25)[0] for _ in range(30)]
    lab.report.equal((results.count(0), results.count(errno.ECONNREFUSED)), (25, 5),
                     "25 of 30 of the gateway's own")
    mail.close()
    names = listen(lab.server, UDP, 53)
    client = open_socket(lab.client, UDP, SERVER4, 53)
    with together(daemon):
        for _ in range(60):
            client.send(b"\0\1\1\0" + bytes(60))
        for _ in range(5):
            client.send(b"\0\1\0\0" + bytes(60))
    settle(lab, Throttle(daemon, "DNS-throttle"), 60)
    lab.report.equal(len(arrived(names, 55)), 55, "50 of 60 queries, and all that are others")


if __name__ == "__main__":
    main(globals())

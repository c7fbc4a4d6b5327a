#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Living connections are judged again when the rules change: what becomes of which (topology:
lab.py)."""

import collections
import os

from daemon import Daemon
from lab import GATEWAY_LAN4, GATEWAY_WAN4, SERVER4, SERVER6, main, wait_for
from observe import entries, marks
from remarks import HEAD, NAMES, config, reload
from traffic import TCP, UDP, listen, open_socket, tcp_attempt, tcp_exchange, udp_send

WEB, OTHER, SSH = 8080, 7777, 22


def test_kinds(lab):
    """TCP, UDP and ICMP, both families, forwarded and local, behind NAT and in zones"""
    lab.gateway.nft(f"""table inet nat {{
        chain pre {{ type nat hook prerouting priority dstnat;
            ip daddr {GATEWAY_LAN4} tcp dport 8443 dnat ip to {SERVER4}:{WEB}; }};
        chain post {{ type nat hook postrouting priority srcnat;
            oifname wan0 ip saddr 10.77.11.2 masquerade; }};
    }}
    table inet zones {{ chain pre {{ type filter hook prerouting priority raw;
        ip saddr 10.77.11.3 ct zone set 7; ip daddr 10.77.11.3 ct zone set 7; }}; }}""")
    daemon = Daemon(lab, config((f"dport == {WEB}", "red"), ("proto in [icmp, icmpv6]", "green"),
                                (f"dport == {OTHER}", "blue"))).start()
    web, other = listen(lab.server, TCP, WEB), listen(lab.server, UDP, OTHER)
    local = listen(lab.gateway, UDP, OTHER)
    ends = [tcp_exchange(lab.client, web, SERVER4, WEB),
            tcp_exchange(lab.client, web, SERVER6, WEB),
            tcp_exchange(lab.client, web, GATEWAY_LAN4, 8443),
            tcp_exchange(lab.gateway, web, SERVER4, WEB)]
    for source in ("10.77.11.1", "10.77.11.2", "10.77.11.3"):
        client = open_socket(lab.client, UDP, SERVER4, OTHER, (source, 0))
        udp_send(client, other)
        ends.append(client)
    inbound = open_socket(lab.server, UDP, GATEWAY_WAN4, OTHER)
    udp_send(inbound, local)
    for address in (SERVER4, SERVER6):
        lab.client.run("ping", "-c", "1", address)

    def found():
        rows = collections.Counter()
        for entry in entries(lab.gateway):
            if entry.proto.startswith("icmp"):
                key = "icmp"
            elif entry.dport == 8443:
                key = WEB
            else:
                key = entry.dport
            rows[key, entry.mark] += 1
        return dict(rows)

    ids = daemon.ids()
    lab.report.equal(found(), {(WEB, ids["red"]["mark"]): 4, ("icmp", ids["green"]["mark"]): 2,
                               (OTHER, ids["blue"]["mark"]): 4}, "at first")
    answer = reload(daemon, config((f"lport == {OTHER} and dir == in", "red"),
                                   ("icmp-type == echo-request", "blue"),
                                   (f"rport == {WEB} and dir == out", "green"),
                                   (f"dport == {WEB} and proto == tcp", "web"),
                                   ("saddr == 10.77.11.3", "red"), names=NAMES))
    ids = daemon.ids()
    lab.report.equal(found(), {(WEB, ids["green"]["mark"]): 1, (WEB, ids["web"]["mark"]): 3,
                               ("icmp", ids["blue"]["mark"]): 2,
                               (OTHER, ids["red"]["mark"]): 2,
                               (OTHER, ids["default"]["mark"]): 2}, "after the reload")
    lab.report.equal(answer["remark"]["undecided"], 0, "all could be decided")


def test_next_packet(lab):
    """what conntrack does not know is left to the next packet of the original direction"""
    rules = (("iif == lan0", "red"), (f"dport == {OTHER}", "blue"))
    daemon = Daemon(lab, config(*rules)).start()
    server = listen(lab.server, UDP, OTHER)
    client = open_socket(lab.client, UDP, SERVER4, OTHER)
    own = open_socket(lab.gateway, UDP, SERVER4, OTHER)
    peer = udp_send(client, server)
    udp_send(own, server)

    def now():
        return {entry.src: entry.mark for entry in entries(lab.gateway, dport=OTHER)}

    ids = daemon.ids()
    source, gateway = client.getsockname()[0], own.getsockname()[0]
    lab.report.equal(now(), {source: ids["red"]["mark"], gateway: ids["blue"]["mark"]}, "at first")
    answer = reload(daemon, config(("length > 1000", "web"), *rules))
    lab.report.equal(answer["remark"]["undecided"], 2, "both depend on the packet")
    lab.report.equal(set(now().values()), {0}, "both are undecided")
    server.sendto(b"back", peer)
    client.recv(100)
    lab.report.equal(now()[source], 0, "a reply does not decide")
    udp_send(client, server)
    udp_send(own, server, bytes(1200))
    lab.report.equal(now(), {source: ids["red"]["mark"], gateway: ids["web"]["mark"]},
                     "the next packets do")
    answer = reload(daemon, config(*rules))
    lab.report.equal(now(), {source: 0, gateway: ids["blue"]["mark"]},
                     "what this host sends came in by no interface")
    answer = reload(daemon, config((f"dport == {WEB} and iif == lan0", "web"), *rules[1:]))
    lab.report.equal(answer["remark"]["undecided"], 0, "a rule that cannot match does not matter")
    lab.report.equal(set(now().values()), {ids["blue"]["mark"]}, "both are decided")


def test_refused(lab):
    """what lives is refused from now on, and what was refused goes on"""
    daemon = Daemon(lab, config((f"dport == {WEB}", "web"), (f"dport == {OTHER}", "web"))).start()
    web, other = listen(lab.server, TCP, WEB), listen(lab.server, UDP, OTHER)
    client, peer = tcp_exchange(lab.client, web, SERVER4, WEB)
    sender = open_socket(lab.client, UDP, SERVER4, OTHER)
    udp_send(sender, other)
    reload(daemon, config((f"dport == {WEB}", "reject"), (f"dport == {OTHER}", "drop")))
    client.sendall(b"more")
    lab.report.equal(type(error_of(lambda: client.recv(10))), ConnectionResetError,
                     "a living connection is reset")
    sender.send(b"lost")
    reload(daemon, config((f"dport == {OTHER}", "web")))
    lab.report.equal(marks(lab.gateway, dport=OTHER), [daemon.ids()["web"]["mark"]],
                     "what was refused has a class again")
    lab.report.equal(udp_send(sender, other, b"again") is not None, True,
                     "the next packet arrives, and the one before did not")
    peer.close()
    lab.report.equal(tcp_attempt(lab.client, SERVER4, WEB)[0], 0, "new ones are not refused")


def error_of(function):
    try:
        return function()
    except OSError as error:
        return error


THROTTLES = """
throttles:
  few: {{limit: 2/3600, session: none, count: {count}}}
"""


def throttled(count, does=""):
    return HEAD + f"""
classes:
  default: {{out: {{rate: 10mbit, ceil: 100%}}}}
  web: {{out: {{rate: 50mbit, ceil: 100%}}}}
  slow: {{out: {{rate: 1mbit, ceil: 100%}}}}
  other: {{out: {{rate: 1mbit, ceil: 100%}}}}
""" + THROTTLES.format(count=count) + f"""
rules:
  - {{name: few, if: dport == {OTHER}, throttle: few, over: class slow}}
  - {{name: web, if: dport == {OTHER}, class: web}}
{does}"""


def test_throttled(lab):
    """nobody is charged for living; who is over stays there; whose packets count stay queued"""
    server = listen(lab.server, UDP, OTHER)
    daemon = Daemon(lab, throttled("connections")).start()
    clients = [open_socket(lab.client, UDP, SERVER4, OTHER) for _ in range(4)]
    for client in clients:
        udp_send(client, server)
    ids = daemon.ids()
    expected = collections.Counter({ids["web"]["mark"]: 2, ids["slow"]["mark"]: 2})
    lab.report.equal(collections.Counter(marks(lab.gateway, dport=OTHER)), expected,
                     "two are within, two over")
    for what in ("reload", "restart"):
        if what == "reload":
            reload(daemon, throttled("connections") + "# again\n")
        else:
            daemon.stop()
            daemon.start()
        lab.report.equal(collections.Counter(marks(lab.gateway, dport=OTHER)), expected,
                         f"{what}: so they are afterwards")
        row = daemon.status()["throttles"][0]
        lab.report.equal(row["sessions"], 1, f"{what}: the session is kept")
        before = row["passed"] + row["over"]
        for client in clients:
            udp_send(client, server)
        row = daemon.status()["throttles"][0]
        lab.report.equal(row["passed"] + row["over"], before, f"{what}: nobody is charged")
    reload(daemon, throttled("packets"))
    queued_marks = {row["mark"] for row in daemon.ids(queued=True).values()}
    lab.report.equal(set(marks(lab.gateway, dport=OTHER)) <= queued_marks,
                     True, "where packets count, all stay queued")
    reload(daemon, config((f"dport == {OTHER}", "red")))
    lab.report.equal(set(marks(lab.gateway, dport=OTHER)), {daemon.ids()["red"]["mark"]},
                     "without a throttle, none does")


def test_owners(lab):
    """connections of this host are judged by who has them, forwarded ones have nobody"""
    daemon = Daemon(lab, config((f"dport == {OTHER}", "blue"))).start()
    server, local = listen(lab.server, UDP, OTHER), listen(lab.gateway, UDP, OTHER)
    own, client = (open_socket(node, UDP, SERVER4, OTHER) for node in (lab.gateway, lab.client))
    inbound = open_socket(lab.server, UDP, GATEWAY_WAN4, OTHER)
    for sender, receiver in ((own, server), (client, server), (inbound, local)):
        udp_send(sender, receiver)
    rules = (("uid == 54321", "green"), (f"pid == {os.getpid()} and dport == {OTHER}", "red"),
             (f"dport == {OTHER}", "web"))

    def now():
        return {(entry.src, entry.dst): entry.mark for entry in entries(lab.gateway, dport=OTHER)}

    for what in ("reload", "start without a memory"):
        if what == "reload":
            answer = reload(daemon, config(*rules))
            lab.report.equal(answer["remark"]["undecided"], 0, "every owner was found")
        else:
            daemon.stop()
            os.remove(os.path.join(daemon.state_dir, "state.json"))
            daemon.start()
            wait_for(lambda: daemon.status()["remark"]["state"] == "done", "all to be judged")
        ids = daemon.ids()
        lab.report.equal(now(), {(GATEWAY_WAN4, SERVER4): ids["red"]["mark"],
                                 (SERVER4, GATEWAY_WAN4): ids["red"]["mark"],
                                 (client.getsockname()[0], SERVER4): ids["web"]["mark"]},
                         f"{what}: by their owners")
    own.close()
    answer = reload(daemon, config(*rules, ("dport == 1", "blue")))
    lab.report.equal(answer["remark"]["undecided"], 0, "a socket that is closed has no owner")
    lab.report.equal(now()[GATEWAY_WAN4, SERVER4], daemon.ids()["red"]["mark"],
                     "but had one when its connection was decided")


def test_exempt(lab):
    """what is not judged any more loses its mark, and gets one when it is"""
    daemon = Daemon(lab, config(("proto == tcp", "red"), more="management: []\n")).start()
    server = listen(lab.gateway, TCP, SSH)
    tcp_exchange(lab.client, server, GATEWAY_LAN4, SSH)
    red = daemon.ids()["red"]["mark"]
    lab.report.equal(marks(lab.gateway, dport=SSH), [red], "at first it is judged")
    reload(daemon, config(("proto == tcp", "reject")))
    lab.report.equal(marks(lab.gateway, dport=SSH), [0], "a management port is not refused")
    reload(daemon, config(("proto == tcp", "red"), more="management: []\n"))
    lab.report.equal(marks(lab.gateway, dport=SSH), [red], "and judged again")


if __name__ == "__main__":
    main(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every connection is in its class from its first packet (topology: lab.py).

Both interfaces of the gateway are shaped, so the packets of either direction are counted: those
to the server by wan0's classes, those to the client by lan0's.
"""

import os
import socket

from daemon import Daemon
from lab import (CLIENT4, CLIENT6, GATEWAY_LAN4, GATEWAY_LAN6, SERVER4, SERVER6, main, wait_for)
from observe import Meter, entries, marks
from traffic import (TCP, UDP, listen, open_socket, received_all, receive_exactly, tcp_exchange,
                     udp_send)

WEB_PORT, VOICE_PORT, OTHER_PORT = 8080, 5060, 7777

CONFIG = f"""
version: 1
local: [10.77.1.0/24, 10.77.11.0/24, "fd77:1::/64", "fd77:11::/64"]
interfaces:
  wan0: {{out: 1gbit}}
  lan0: {{out: 1gbit}}
classes:
  default: {{out: {{rate: 100mbit, ceil: 100%}}}}
  web: {{priority: 1, out: {{rate: 400mbit, ceil: 100%}}}}
  voice: {{priority: 0, out: {{rate: 200mbit, ceil: 100%}}}}
  echo: {{out: {{rate: 10mbit, ceil: 100%}}}}
rules:
  - name: web
    if: proto == tcp and dport == {WEB_PORT}
    class: web
  - name: voice
    if: proto == udp and dport == {VOICE_PORT}
    class: voice
  - name: echo
    if: proto in [icmp, icmpv6]
    class: echo
"""


def check_tcp(lab, daemon, sender, receiver, address, port, name, label, meters):
    """One TCP connection: its mark, and the classes its packets left by."""
    expected = daemon.ids()[name]
    server = listen(receiver, TCP, port)
    for meter in meters:
        meter.reset()
    ends = tcp_exchange(sender, server, address, port)
    lab.report.equal(marks(lab.gateway, proto="tcp", dst=address, dport=port),
                     [expected["mark"]], f"{label}: mark of {name}")
    for meter in meters:
        lab.report.equal(list(meter.packets()), [expected["classid"]],
                         f"{label}: all packets on {meter.device} in {name}")
    for end in (*ends, server):
        end.close()


def check_udp(lab, daemon, sender, receiver, address, port, name, label, meters):
    """One datagram and its answer: exactly one packet in the class on each side."""
    expected = daemon.ids()[name]
    server = listen(receiver, UDP, port)
    for meter in meters:
        meter.reset()
    client = open_socket(sender, UDP, address, port)
    peer = udp_send(client, server)
    server.sendto(b"answer", peer)
    lab.report.equal(receive_exactly(client, 6), b"answer", f"{label}: answered")
    lab.report.equal(marks(lab.gateway, proto="udp", dst=address, dport=port),
                     [expected["mark"]], f"{label}: mark of {name}")
    for meter in meters:
        lab.report.equal(meter.packets(), {expected["classid"]: 1},
                         f"{label}: one packet on {meter.device}, in {name}")
    client.close()
    server.close()


def check_figures(lab, daemon, low):
    """Every packet that was received got one verdict, and none was lost."""
    queue = daemon.status()["queue"]
    lab.report.ok(queue["received"] >= low, f"at least {low} packets judged", str(queue))
    lab.report.equal(queue["verdicts"], queue["received"], "a verdict for every packet")
    lost = {key: queue[key] for key in ("queue_dropped", "socket_dropped", "enobufs")}
    lab.report.equal(lost, dict.fromkeys(lost, 0), "nothing lost in the queues")
    wanted = os.environ.get("LAB_QUEUE_PATH")
    if wanted:
        lab.report.equal(queue["path"], wanted, "the queue path of this kernel")


def test_forwarded(lab):
    """TCP and UDP over IPv4 and IPv6 through the gateway"""
    daemon = Daemon(lab, CONFIG).start()
    meters = (Meter(lab.gateway, "wan0"), Meter(lab.gateway, "lan0"))
    route = (lab.client, lab.server)
    for address, family in ((SERVER4, "IPv4"), (SERVER6, "IPv6")):
        check_tcp(lab, daemon, *route, address, WEB_PORT, "web", f"{family} TCP", meters)
        check_udp(lab, daemon, *route, address, VOICE_PORT, "voice", f"{family} UDP", meters)
        check_tcp(lab, daemon, *route, address, OTHER_PORT, "default", f"{family} other TCP", meters)
        check_udp(lab, daemon, *route, address, OTHER_PORT, "default", f"{family} other UDP", meters)
    lab.report.equal(set(daemon.ids()) >= {"default", "web", "voice", "echo"}, True,
                     "show marks names every class")
    check_figures(lab, daemon, 8)


def test_local_output(lab):
    """connections that the gateway itself opens"""
    daemon = Daemon(lab, CONFIG).start()
    meters = (Meter(lab.gateway, "wan0"),)
    route = (lab.gateway, lab.server)
    for address, family in ((SERVER4, "IPv4"), (SERVER6, "IPv6")):
        check_tcp(lab, daemon, *route, address, WEB_PORT, "web", f"{family} TCP out", meters)
        check_udp(lab, daemon, *route, address, VOICE_PORT, "voice", f"{family} UDP out", meters)
        check_udp(lab, daemon, *route, address, OTHER_PORT, "default", f"{family} other out", meters)
    check_figures(lab, daemon, 6)


def test_local_input(lab):
    """connections to the gateway itself; its answers leave by lan0"""
    daemon = Daemon(lab, CONFIG).start()
    meters = (Meter(lab.gateway, "lan0"),)
    route = (lab.client, lab.gateway)
    for address, family in ((GATEWAY_LAN4, "IPv4"), (GATEWAY_LAN6, "IPv6")):
        check_tcp(lab, daemon, *route, address, WEB_PORT, "web", f"{family} TCP in", meters)
        check_udp(lab, daemon, *route, address, VOICE_PORT, "voice", f"{family} UDP in", meters)
        check_udp(lab, daemon, *route, address, OTHER_PORT, "default", f"{family} other in", meters)
    check_figures(lab, daemon, 6)


def test_opened_from_outside(lab):
    """connections that the server opens to the client"""
    daemon = Daemon(lab, CONFIG).start()
    meters = (Meter(lab.gateway, "wan0"), Meter(lab.gateway, "lan0"))
    for address, family in ((CLIENT4, "IPv4"), (CLIENT6, "IPv6")):
        check_tcp(lab, daemon, lab.server, lab.client, address, WEB_PORT, "web",
                  f"{family} TCP inwards", meters)
        check_udp(lab, daemon, lab.server, lab.client, address, VOICE_PORT, "voice",
                  f"{family} UDP inwards", meters)


def test_ping_and_fragments(lab):
    """ICMP has a class too, and all fragments of a datagram are in its class"""
    daemon = Daemon(lab, CONFIG).start()
    ids = daemon.ids()
    meter = Meter(lab.gateway, "wan0")
    for address in (SERVER4, SERVER6):
        meter.reset()
        lab.client.run("ping", "-c", "1", "-W", "5", address)
        lab.report.equal(meter.packets(), {ids["echo"]["classid"]: 1}, f"ping {address}")
        server = listen(lab.server, UDP, VOICE_PORT)
        client = open_socket(lab.client, UDP, address, VOICE_PORT)
        meter.reset()
        udp_send(client, server, bytes(4000))
        lab.report.equal(meter.packets(), {ids["voice"]["classid"]: 3},
                         f"three fragments to {address} in voice")
        client.close()
        server.close()


def test_bulk_with_offload(lab):
    """a transfer in large segments stays in its class to the last byte"""
    daemon = Daemon(lab, CONFIG).start()
    classid = daemon.ids()["web"]["classid"]
    server = listen(lab.server, TCP, WEB_PORT)
    client, peer = tcp_exchange(lab.client, server, SERVER4, WEB_PORT)
    meters = (Meter(lab.gateway, "wan0"), Meter(lab.gateway, "lan0"))
    before = daemon.status()["queue"]["received"]
    size = 4 << 20
    lab.thread(client.sendall, bytes(size))
    lab.report.equal(len(receive_exactly(peer, size)), size, "4 MiB arrived")
    for meter in meters:
        lab.report.equal(list(meter.packets()), [classid], f"all on {meter.device} in web")
    lab.report.ok(meters[0].bytes()[classid] >= size, "all bytes are counted there",
                  str(meters[0].bytes()))
    lab.report.equal(daemon.status()["queue"]["received"], before,
                     "userspace saw none of a decided connection")


def test_foreign_mark_bits(lab):
    """bits of the mark that others own survive, set before or after the decision"""
    lab.gateway.nft("""table inet foreign {
        chain pre { type filter hook prerouting priority -150;
            ct state new ct mark set ct mark or 0x000000ff; }
        chain out { type filter hook output priority -150;
            ct state new ct mark set ct mark or 0x000000ff; }
        chain late { type filter hook postrouting priority 50;
            ct state new ct mark set ct mark or 0x0000ff00; }
    }""")
    daemon = Daemon(lab, CONFIG).start()
    mark = daemon.ids()["web"]["mark"]
    lab.report.equal(mark & ~0xff000000, 0, "the class's mark is inside the mask")
    for sender, address, label in ((lab.client, SERVER4, "forwarded IPv4"),
                                   (lab.client, SERVER6, "forwarded IPv6"),
                                   (lab.gateway, SERVER4, "sent by the gateway")):
        server = listen(lab.server, TCP, WEB_PORT)
        ends = tcp_exchange(sender, server, address, WEB_PORT)
        found = entries(lab.gateway, proto="tcp", sport=ends[0].getsockname()[1], dst=address)
        lab.report.equal([hex(entry.mark) for entry in found], [hex(mark | 0xffff)],
                         f"{label}: the class's bits and the others'")
        for end in (*ends, server):
            end.close()


def test_not_judged(lab):
    """untracked and malformed packets pass, in class default"""
    lab.gateway.nft("""table inet foreign { chain pre { type filter hook prerouting priority -300;
        udp dport 5999 notrack; }; }""")
    daemon = Daemon(lab, CONFIG).start()
    default = daemon.ids()["default"]["classid"]
    meter = Meter(lab.gateway, "wan0")
    server = listen(lab.server, UDP, 5999)
    udp_send(open_socket(lab.client, UDP, SERVER4, 5999), server)
    lab.report.equal(meter.packets(), {default: 1}, "an untracked datagram is in default")

    # A TCP header that ends after its ports; conntrack calls it invalid.
    receiver = lab.server.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    sender = lab.client.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    meter.reset()
    sender.sendto(WEB_PORT.to_bytes(2, "big") * 2, (SERVER4, 0))
    lab.report.equal([data[20:] for data in received_all(receiver, 1)],
                     [WEB_PORT.to_bytes(2, "big") * 2], "a truncated TCP header gets through")
    lab.report.equal(meter.packets(), {default: 1}, "and is in default")

    status = daemon.status()
    lab.report.equal(status["queue"]["received"], 0, "neither was queued")
    lab.report.equal(status["not_judged"]["untracked"], 2, "both are counted in status")


def test_explain_agrees(lab):
    """explain, without packets, says what the kernel then does"""
    daemon = Daemon(lab, CONFIG).start()
    for kind, name, port in ((TCP, "tcp", WEB_PORT), (UDP, "udp", VOICE_PORT),
                             (TCP, "tcp", OTHER_PORT), (UDP, "udp", WEB_PORT)):
        for source, address in ((CLIENT4, SERVER4), (CLIENT6, SERVER6)):
            server = listen(lab.server, kind, port)
            client = open_socket(lab.client, kind, address, port)
            if kind == UDP:
                udp_send(client, server)
            brackets = "[{}]:{}" if ":" in address else "{}:{}"
            told = daemon.json("explain", name, brackets.format(source, client.getsockname()[1]),
                               brackets.format(address, port), "dir=forward", "iif=lan0",
                               "oif=wan0")
            found = wait_for(lambda n=name, a=address, p=port: marks(lab.gateway, proto=n, dst=a,
                                                                     dport=p), "the entry")
            lab.report.equal(int(told["mark"], 0), found[-1],
                             f"{name} to {brackets.format(address, port)}: {told['class']}")
            lab.report.equal(told["classid"], daemon.ids()[told["class"]]["classid"],
                             "and the class's own classid")
            client.close()
            server.close()


def test_bridged_frames(lab):
    """frames from one port of a bridge to another are not judged, even where br_netfilter is on"""
    switch = "/proc/sys/net/bridge/bridge-nf-call-iptables"
    with lab.gateway.inside():
        if not os.path.exists(switch):
            lab.report.skip("bridged frames", "this kernel has no br_netfilter")
            return
    lab.gateway.ip("link add br0 type bridge", "link set br0 up")
    for number, node in enumerate((lab.client, lab.server), 1):
        lab.gateway.ip(f"link add port{number} type veth peer name bridged netns {node.name}",
                       f"link set port{number} master br0 up")
        node.ip("link set bridged up", f"addr add 10.77.99.{number}/24 dev bridged")
    lab.gateway.sysctl({"bridge/bridge-nf-call-iptables": 1})
    daemon = Daemon(lab, CONFIG + "  - {name: no bridge, if: dport == 4444, action: reject}\n").start()
    server = listen(lab.server, UDP, 4444)
    udp_send(open_socket(lab.client, UDP, "10.77.99.2", 4444), server)
    lab.report.ok(True, "the frame was not refused")
    lab.report.equal(daemon.status()["not_judged"]["bridged"], 1, "it is counted in status")


if __name__ == "__main__":
    main(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many connections, each in its class from its first packet (topology: lab.py)."""

import collections

from daemon import Daemon
from lab import main, wait_for
from observe import Meter, entries, marks, waiting
from report import SCALE
from traffic import (TCP, UDP, family_of, flood, listen, open_socket, raise_descriptor_limit,
                     receive_exactly)

CONNECTIONS = 2000 // SCALE
FLOWS = 200000 // SCALE
PORTS = {8080: "web", 5060: "voice", 6881: "p2p", 2222: "bulk"}
SOURCES = ("10.77.11.1", "fd77:11::1", "10.77.11.2", "fd77:11::2")
TARGETS = ("10.77.12.1", "fd77:12::1", "10.77.12.2", "fd77:12::2")
FLOOD_PORT = 9000

CONFIG = f"""
version: 1
interfaces:
  wan0: {{out: 10gbit}}
  lan0: {{out: 10gbit}}
classes:
  default: {{out: {{rate: 1gbit, ceil: 100%}}}}
  web: {{out: {{rate: 1gbit, ceil: 100%}}}}
  voice: {{out: {{rate: 1gbit, ceil: 100%}}}}
  p2p: {{out: {{rate: 1gbit, ceil: 100%}}}}
  bulk: {{out: {{rate: 1gbit, ceil: 100%}}}}
  flood: {{out: {{rate: 1gbit, ceil: 100%}}}}
rules:
  - {{name: web, if: dport == 8080, class: web}}
  - {{name: voice, if: dport == 5060, class: voice}}
  - {{name: p2p, if: dport == 6881, class: p2p}}
  - {{name: bulk, if: dport == 2222, class: bulk}}
  - {{name: flood, if: proto == udp and dport == {FLOOD_PORT}, class: flood}}
"""


def connect_all(lab, servers, ends):
    """Half TCP and half UDP, IPv4 and IPv6, over all ports; every one carries data both ways.

    All ends stay open, in *ends, so that no two connections share their ports.
    """
    counts = collections.Counter()
    ports = list(PORTS)
    for number in range(CONNECTIONS):
        kind = (TCP, UDP)[number % 2]
        pair = number // 2 % len(SOURCES)
        port = ports[number // 8 % len(ports)]
        server = servers[kind, port, TARGETS[pair]]
        client = open_socket(lab.client, kind, TARGETS[pair], port, (SOURCES[pair], 0))
        ends.append(client)
        data = b"%d" % number
        client.sendall(data)
        if kind == TCP:
            peer, _ = server.accept()
            ends.append(peer)
            peer.sendall(receive_exactly(peer, len(data)))
        else:
            server.sendto(*server.recvfrom(100))
        if receive_exactly(client, len(data)) != data:
            raise AssertionError(f"connection {number} carried something else")
        counts[kind, family_of(TARGETS[pair]), PORTS[port]] += 1
    return counts


def test_connections(lab):
    """every one of many connections is in its right class from packet one"""
    raise_descriptor_limit()
    daemon = Daemon(lab, CONFIG).start()
    ids = daemon.ids()
    servers = {(kind, port, target): listen(lab.server, kind, port, target)
               for kind in (TCP, UDP) for port in PORTS for target in TARGETS}
    meters = (Meter(lab.gateway, "wan0"), Meter(lab.gateway, "lan0"))
    ends = []
    counts = connect_all(lab, servers, ends)
    lab.report.equal(sum(counts.values()), CONNECTIONS, f"{CONNECTIONS} connections carried data")
    lab.report.equal(len(counts), 16, "TCP and UDP, IPv4 and IPv6, four classes")

    found = [entry for entry in entries(lab.gateway) if entry.dport in PORTS]
    lab.report.equal(len(found), CONNECTIONS, "conntrack has them all")
    wrong = [entry for entry in found if entry.mark != ids[PORTS[entry.dport]]["mark"]]
    lab.report.equal(wrong[:3], [], f"of {len(found)} marks, {len(wrong)} are wrong")

    allowed = {ids[name]["classid"] for name in PORTS.values()}
    for meter in meters:
        packets = meter.packets()
        lab.report.equal(set(packets), allowed, f"{meter.device}: no packet in another class")
        lab.report.equal(meter.drops(), 0, f"{meter.device}: none dropped")
    packets = meters[0].packets()
    for name in PORTS.values():
        datagrams = sum(count for key, count in counts.items() if key[2] == name)
        lab.report.ok(packets[ids[name]["classid"]] >= datagrams,
                      f"{name}: at least a packet for each connection", str(packets))
    queue = daemon.status()["queue"]
    lab.report.equal(queue["received"], CONNECTIONS, "userspace saw one packet of each")
    lab.report.equal(queue["verdicts"], CONNECTIONS, "and answered each once")


def test_flood(lab):
    """new UDP flows as fast as they are judged: none lost, none undecided"""
    daemon = Daemon(lab, CONFIG).start()
    ids = daemon.ids()["flood"]
    # Nobody answers: the flows are what counts.
    lab.server.nft(f"""table inet sink {{ chain pre {{ type filter hook prerouting priority -400;
        udp dport {FLOOD_PORT} counter drop; }}; }}""")
    meter = Meter(lab.gateway, "wan0")
    sender = flood(lab.client, lab.server, TARGETS[0], "-c", str(FLOWS), "-s", SOURCES[0],
                   "-p", str(FLOOD_PORT))
    lab.report.note(sender.stdout + sender.stderr)
    wait_for(lambda: waiting(lab.gateway) == 0, "the queues to be empty", 10)

    queue = daemon.status()["queue"]
    lab.report.note(f"{queue}")
    lost = {key: queue[key] for key in ("queue_dropped", "socket_dropped", "enobufs")}
    lab.report.equal(lost, dict.fromkeys(lost, 0), "nothing lost in the queues")
    lab.report.equal(queue["verdicts"], queue["received"], "a verdict for every packet")
    lab.report.equal(queue["received"], FLOWS, f"all {FLOWS} first packets were judged")
    found = collections.Counter(marks(lab.gateway, dport=FLOOD_PORT))
    lab.report.equal(dict(found), {ids["mark"]: FLOWS}, "conntrack: all flows have their mark")
    packets = meter.packets()
    lab.report.equal(list(packets), [ids["classid"]], "no packet in another class")
    lab.report.equal(packets.get(ids["classid"], 0) + meter.drops(), FLOWS,
                     f"the class had them all, {meter.drops()} over its own queue's length")


if __name__ == "__main__":
    main(globals())

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says about a namespace: HTB classes, conntrack entries, tables, queues."""

import os
import re
from dataclasses import dataclass

_CLASS = re.compile(r"^class htb (\S+) .*?\n Sent (\d+) bytes (\d+) pkt \(dropped (\d+),",
                    re.MULTILINE)


@dataclass
class ClassCounters:
    packets: int = 0
    bytes: int = 0
    drops: int = 0


def classes(node, device):
    """The counters of every HTB class by classid; packets count when they leave."""
    text = node.run("tc", "-s", "class", "show", "dev", device).stdout
    return {classid: ClassCounters(int(packets), int(size), int(drops))
            for classid, size, packets, drops in _CLASS.findall(text)}


class Meter:
    """How many packets left by each leaf class of an interface since it was made or reset."""

    LINE = "1:1"

    def __init__(self, node, device):
        self.node = node
        self.device = device
        self.reset()

    def reset(self):
        self.before = classes(self.node, self.device)

    def _since(self, field):
        now = classes(self.node, self.device)
        return {classid: getattr(counters, field)
                - getattr(self.before.get(classid, ClassCounters()), field)
                for classid, counters in now.items() if classid != self.LINE}

    def packets(self):
        """Only the classes that sent any."""
        return {classid: count for classid, count in self._since("packets").items() if count}

    def bytes(self):
        return self._since("bytes")

    def drops(self):
        return sum(self._since("drops").values())


@dataclass
class Entry:
    """A conntrack entry, its original direction."""
    proto: str
    src: str
    dst: str
    sport: int
    dport: int
    mark: int


def _entry(line):
    words = line.split()
    first = {}
    mark = 0
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key == "mark":
            mark = int(value, 0)
        elif equals:
            first.setdefault(key, value)
    return Entry(words[0], first["src"], first["dst"], int(first.get("sport", 0)),
                 int(first.get("dport", 0)), mark)


def entries(node, **wanted):
    """All entries of both families whose fields equal those given."""
    text = node.run("conntrack", "-L").stdout
    found = [_entry(line) for line in text.splitlines() if "src=" in line]
    return [entry for entry in found
            if all(getattr(entry, key) == value for key, value in wanted.items())]


def marks(node, **wanted):
    return [entry.mark for entry in entries(node, **wanted)]


def tables(node):
    """`family name` of each nftables table."""
    return [line.removeprefix("table ").strip()
            for line in node.run("nft", "list", "tables").stdout.splitlines()]


def qdiscs(node, device):
    """`kind handle` of each qdisc of a device."""
    lines = node.run("tc", "qdisc", "show", "dev", device).stdout.splitlines()
    return [" ".join(line.split()[1:3]) for line in lines]


def waiting(node):
    """Packets that wait in the namespace's NFQUEUEs; None where no queue is bound."""
    path = "/proc/thread-self/net/netfilter/nfnetlink_queue"
    with node.inside():
        if not os.path.exists(path):  # the module is not loaded yet
            return None
        with open(path, encoding="ascii") as file:
            rows = [line.split() for line in file]
    return sum(int(row[2]) for row in rows) if rows else None

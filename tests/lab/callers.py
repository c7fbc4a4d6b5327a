# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of real users that make short connections, and what became of their packets."""

import contextlib
import json
import os
import shutil
import socket
import sys

from lab import wait_for
from processes import python, run
from report import SLOW
from traffic import TCP, UDP, listen

PORT = 7000
PORTS = range(PORT + 1, PORT + 13)

HEAD = """
version: 1
{interfaces}
classes:
  default: {{out: {{rate: 100mbit, ceil: 100%}}}}
  {classes}
rules:
"""

# As tests/lab/caller: short connections one after the other, each by a socket of its own.
CALLER = """
import socket, sys
kind, count, address, port = sys.argv[1:5]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
for i in range(int(count)):
    with socket.socket(family, getattr(socket, kind)) as s:
        s.settimeout(10)
        s.connect((address, int(port)))
        if kind == "SOCK_DGRAM":
            s.send(b"1")
        s.recv(1)
        if kind == "SOCK_DGRAM":
            s.send(b"2")
"""

# What is said about the first packet of each connection, and of those that follow.
CHECK = """
table inet check {{
  set right {{ type inet_service . mark; elements = {{ {right} }}; }}
  counter first_right {{}}
  counter first_undecided {{}}
  counter first_wrong {{}}
  counter later_right {{}}
  counter later_wrong {{}}
  chain first {{
    th dport . ct mark @right counter name first_right return
    ct mark 0 counter name first_undecided return
    counter name first_wrong
  }}
  chain later {{
    th dport . ct mark @right counter name later_right return
    counter name later_wrong
  }}
  chain post {{
    type filter hook postrouting priority 400
    th dport != {ports} return
    tcp flags & (syn | ack) == syn goto first
    udp length 9 @th,64,8 0x31 goto first
    meta l4proto {{ tcp, udp }} goto later
  }}
}}
"""


class Counts:
    """Of the table `check`, with the class that each port ought to have."""

    def __init__(self, node, daemon, classes):
        marks = daemon.ids()
        right = ", ".join(f"{port} . {marks[name]['mark']:#x}" for port, name in classes.items())
        node.nft(CHECK.format(right=right, ports=f"{PORTS[0]}-{PORTS[-1]}"))
        self._node = node

    def read(self):
        found = json.loads(self._node.run("nft", "-j", "list", "counters").stdout)["nftables"]
        return {row["counter"]["name"]: row["counter"]["packets"]
                for row in found if "counter" in row and row["counter"]["table"] == "check"}


def config(names, rules, more=f"queue: {{owner-deadline: {20 * SLOW:.0f}ms}}\n", shaped=True):
    classes = "\n  ".join(f"{name}: {{out: {{rate: 10mbit, ceil: 100%}}}}" for name in names)
    interfaces = "interfaces: {wan0: {out: 1gbit}}" if shaped else ""
    return HEAD.format(interfaces=interfaces, classes=classes) + "".join(f"  - {{{rule}}}\n" for rule in rules) + more


def tool(lab, name="caller"):
    """A copy that any user may run, by that name."""
    path = lab.path(name)
    shutil.copy(os.path.join(os.environ.get("builddir", "."), "tests/lab/caller"), path)
    os.chmod(path, 0o755)
    return path


def serve(lab, node, ports):
    """TCP connections are closed at once, datagrams come back."""
    for port in ports:
        for kind, function in ((TCP, _close_all), (UDP, _echo_all)):
            server = listen(node, kind, port)
            server.settimeout(None)
            lab.thread(function, server)
            lab.at_end(lambda server=server: _shut(server))


def _close_all(server):
    with contextlib.suppress(OSError):
        while True:
            server.accept()[0].close()


def _echo_all(server):
    with contextlib.suppress(OSError):
        while True:
            data, peer = server.recvfrom(100)
            if not peer:
                return
            if data != b"2":
                server.sendto(data, peer)


def _shut(server):
    """Whoever waits for the socket wakes up."""
    with contextlib.suppress(OSError):  # it is not connected
        server.shutdown(socket.SHUT_RDWR)


def named(name, words):
    """The same program, called something else."""
    return ["bash", "-c", 'exec -a "$0" "$@"', name, *map(str, words)]


def check_counts(lab, counts, connections, late_most):
    found = counts.read()
    lab.report.note(found)
    first = found["first_right"] + found["first_undecided"] + found["first_wrong"]
    lab.report.equal(first, connections, "every connection's first packet has passed")
    lab.report.equal(found["first_wrong"], 0, "none is in the wrong class")
    lab.report.within(found["first_undecided"], 0, late_most, "and at most so many are late")
    # The second packet of one that is late may be late as well, and close behind.
    lab.report.within(found["later_wrong"], 0, found["first_undecided"],
                      "these are decided by the next one")
    lab.report.ok(found["later_right"] + found["later_wrong"] >= connections,
                  "which is a packet of them all", found)


def check_queue(lab, daemon):
    """Every packet had one verdict."""
    def settled():
        queue = daemon.status()["queue"]
        return queue["received"] == queue["verdicts"] and queue["waiting"] == 0
    wait_for(settled, "the last verdicts")
    queue = daemon.status()["queue"]
    lab.report.equal({key: queue[key] for key in ("queue_dropped", "socket_dropped", "enobufs",
                                                  "verdict_errors")},
                     dict.fromkeys(("queue_dropped", "socket_dropped", "enobufs",
                                    "verdict_errors"), 0), "one verdict each, none too late")


def programs(lab):
    """name -> (what a rule says of it, its words for a kind of socket, a count and two ends)."""
    caller = tool(lab)

    def call(kind, count, address, port):
        return [caller, *(["-u"] if kind == "SOCK_DGRAM" else []), "-c", str(count), address,
                str(port)]
    return {
        "caller": ("cmd like '*/caller'", call),
        "python": (f"cmd == '{sys.executable}' and args[0] == '-c'",
                   lambda kind, *words: python(CALLER, kind, *words)),
        "router": ("cmd == java and 'net.x.Router' in args",
                   lambda *words: named("java", [*call(*words), "-jar", "net.x.Router"])),
    }

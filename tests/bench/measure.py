# SPDX-License-Identifier: GPL-3.0-or-later
"""One measurement in a lab: packets through a variant (variants.py), or its memory for sessions.

The sender is tests/lab/flood with a window: it waits where too many of its packets are on their
way, so that no queue overflows and what is measured is what the path carries. Its packets go all
the way through the kernel within its own system calls, on its own processor, but for those that
wait for nfshaper, which go on from there on a worker's. With one sender the kernel's own throttles
have one processor and nfshaper all; with one for each, as of a network card with as many queues,
all have the same. The senders are real-time threads, as nfshaper's workers are: else what else
runs on the machine would take from the kernel's throttles and not from nfshaper.
"""

import contextlib
import os
import re
import sys
import time
from dataclasses import dataclass

from lab import Lab
from report import Report, wait_for
from traffic import flood
from variants import PORT, hashlimit_missing

SOURCE, TARGET = "10.77.11.{}", "10.77.12.1"
SOURCE_PORTS = 64512  # flood's for each source address
ESTABLISHED = 1000
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Workload:
    kind: str  # "new" or "established"
    senders: int
    packets: int

    @property
    def flows(self):
        if self.kind == "new":
            return self.packets
        return min(ESTABLISHED, self.packets) // self.senders * self.senders

    @property
    def title(self):
        what = f"{self.packets:,} new sessions of one packet" if self.kind == "new" else \
            f"{self.packets:,} packets of {self.flows:,} established sessions"
        return f"{what}, {self.senders} sender{'s' if self.senders > 1 else ''}"


class Quiet(Report):
    """Says only what is wrong."""

    def _line(self, text):
        if not text.startswith(("ok", "#")):
            print(text, file=sys.stderr)


@contextlib.contextmanager
def quiet_lab():
    """A lab; its end, which frees a great many things, is to cost the next measurement nothing.

    They are freed before, and the kernel's own thread for namespaces has some time for the rest.
    """
    with Lab(Quiet()) as lab:
        lab.at_end(lambda: lab.gateway.run("nft", "flush", "ruleset"))
        lab.at_end(lambda: lab.gateway.run("conntrack", "-F"))
        yield lab
    with contextlib.suppress(TimeoutError):
        wait_for(lambda: not _kernel_threads("+netns"), "the namespaces to be gone", 1)


def _kernel_threads(part):
    """The ids of the processes with that in their name."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if part in file.read():
                    found.append(int(pid))
    return found


def _cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def _real_time():
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def _flood(lab, workload, *options, node=None, target=None, first=1):
    """Runs it; (seconds, processor seconds)."""
    node, target = node or lab.client, target or lab.server
    text = flood(node, target, TARGET, "-f", str(workload.flows), "-t", str(workload.senders),
                 "-p", str(PORT), "-s", SOURCE.format(first), *options,
                 preexec_fn=_real_time).stdout
    return [float(word) for word in re.findall(r"([\d.]+) s\b", text)]


def _sink(node, port):
    """Nobody answers: arrivals are counted and dropped."""
    node.nft("table inet sink { counter got { }; chain pre { type filter hook prerouting "
             f"priority -400; udp {port} {PORT} counter name got drop; }}; }}")


def _got(node):
    text = node.run("nft", "list", "counter", "inet", "sink", "got").stdout
    return int(re.search(r"packets (\d+)", text).group(1))


def _establish(lab, workload):
    """A packet of each flow, and its answer: conntrack has seen both directions."""
    _sink(lab.client, "sport")
    few = Workload("new", 1, workload.flows)
    _flood(lab, few, "-c", str(few.flows))
    _flood(lab, few, "-c", str(few.flows), "-a", node=lab.server, target=lab.client)
    wait_for(lambda: (_got(lab.server), _got(lab.client)) == (few.flows, few.flows),
             "sessions to be established")


@dataclass
class Result:
    """Of one measurement; judged is None without nfshaper."""
    seconds: float
    lost: int
    cpu: float
    judged: int = None
    status: dict = None

    def rate(self, workload):
        """Arrived packets a second."""
        return (workload.packets - self.lost) / self.seconds


def measure(variant, workload):
    with quiet_lab() as lab:
        _sink(lab.server, "dport")
        daemon = variant.set_up(lab, workload.flows)
        if workload.kind == "established":
            _establish(lab, workload)
        got, before = _got(lab.server), daemon and daemon.status()
        pids = _kernel_threads("ksoftirqd/") + ([daemon.process.pid] if daemon else [])
        cpu = _cpu_seconds(pids)
        seconds, sender_cpu = _flood(lab, workload, "-c", str(workload.packets))
        result = Result(seconds, 0, _cpu_seconds(pids) - cpu + sender_cpu)
        if daemon:
            result.status = daemon.status()
            result.judged = result.status["queue"]["verdicts"] - before["queue"]["verdicts"]
        result.lost = workload.packets + got - _got(lab.server)
        return result


def sender_alone(workload):
    """What the sender and the first interface do: dropped before conntrack."""
    with quiet_lab() as lab:
        _sink(lab.gateway, "dport")
        seconds, cpu = _flood(lab, workload, "-c", str(workload.packets),
                              target=lab.gateway)
        return Result(seconds, workload.packets - _got(lab.gateway), cpu)


def _kernel_bytes():
    """Slab and vmalloc without conntrack's own entries: the machine's, so only an estimate."""
    with open("/proc/meminfo", encoding="ascii") as file:
        values = {key: int(value) for key, value in re.findall(r"(\w+):\s+(\d+)", file.read())}
    with open("/proc/slabinfo", encoding="ascii") as file:
        entries = re.search(r"^nf_conntrack +\d+ +(\d+) +(\d+)", file.read(), re.MULTILINE)
    own = int(entries.group(1)) * int(entries.group(2)) if entries else 0
    return (values["Slab"] + values["VmallocUsed"]) * 1024 - own


def _resident_bytes(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) * 1024


def memory(variant, sessions, at_once):
    """Bytes for so many sessions, of nfshaper its resident memory: (before, after, sessions)."""
    with quiet_lab() as lab:
        _sink(lab.server, "dport")
        before = _kernel_bytes()
        daemon = variant.set_up(lab, sessions)
        if daemon:
            before = _resident_bytes(daemon)
        address = 1
        for done in range(0, sessions, at_once):
            part = Workload("new", 1, min(at_once, sessions - done))
            _flood(lab, part, "-c", str(part.packets), first=address)
            address += -(-part.packets // SOURCE_PORTS)
            lab.gateway.run("conntrack", "-F")  # its table has no room for all
        held = daemon.status()["throttles"][0]["sessions"] if daemon else _got(lab.server)
        time.sleep(0.2)
        return before, _resident_bytes(daemon) if daemon else _kernel_bytes(), held


def conntrack_limits():
    """(most entries, buckets) as a namespace has them: the machine's, which are left alone."""
    with quiet_lab() as lab:
        return [int(lab.gateway.run("cat", f"/proc/sys/net/netfilter/nf_conntrack_{name}").stdout)
                for name in ("max", "buckets")]


def missing(key):
    """Why a variant cannot be measured here, or None."""
    if key != "hashlimit":
        return None
    with quiet_lab() as lab:
        return hashlimit_missing(lab)

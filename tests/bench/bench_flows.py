#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""New UDP flows a second through a gateway, side by side in one run (topology: tests/lab/lab.py).

  bench_flows.py [ROUNDS] [FLOWS]      default: 5 rounds of 200,000 flows

Each round sends the same flood through every variant, each in a lab of its own, one after the other,
every second round the other way round; what counts are the ratios, round by round, since the
machine's speed drifts. A flood ends when the queues are empty: what still waits has not been
forwarded. Packets that went past a full queue are forwarded, but nfshaper has not judged them;
they are shown, since a rate with many of them is not nfshaper's.

The sender is one thread, and without nfshaper all of the way to the server is done by its
processor, the other one is free. The sender goes ahead of what else the machine does (nice -20),
and none begins before the last lab's remains are gone, so that others' work weighs less.
"""

import os
import re
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from daemon import Daemon  # noqa: E402
from lab import Lab, handle_signals  # noqa: E402
from observe import waiting  # noqa: E402
from report import Report  # noqa: E402

PORT = 9000
IDLE_ENOUGH = 0.8
IDLE_WAIT_SECONDS = 10
SOURCE, TARGET = "10.77.11.1", "10.77.12.1"
RULES = "\n".join(f"  - {{name: r{n}, if: proto == tcp and dport == {1000 + n}, class: other}}"
                  for n in range(20))
CONFIG = f"""
version: 1
interfaces: {{wan0: {{out: 10gbit}}}}
classes:
  default: {{out: {{rate: 1gbit, ceil: 100%}}}}
  other: {{out: {{rate: 1gbit, ceil: 100%}}}}
  flood: {{out: {{rate: 5gbit, ceil: 100%}}}}
rules:
{RULES}
  - {{name: flood, if: dport == {PORT}, class: flood}}
"""
CONNTRACK = "table inet none { chain f { type filter hook forward priority 10; ct state new; }; }"
# A session for each flow, as a throttle has them; the limit is never reached.
LIMIT = f"""table inet limited {{
  set sessions {{ type ipv4_addr . ipv4_addr . inet_service . inet_service; size 400000;
    flags dynamic,timeout; timeout 60s; }}
  chain f {{ type filter hook forward priority 10; ct state new
    udp dport {PORT} update @sessions {{ ip saddr . ip daddr . udp sport . udp dport \\
      limit rate over 1000/second }} drop; }}
}}"""


def nothing(lab):
    lab.gateway.nft(CONNTRACK)


def nft_limit(lab):
    lab.gateway.nft(LIMIT)


def nfshaper(lab):
    Daemon(lab, CONFIG).start()


def _processor_times():
    with open("/proc/stat", encoding="ascii") as file:
        times = [int(word) for word in file.readline().split()[1:9]]
    return sum(times), times[3]


def wait_until_idle():
    """The kernel removes a namespace behind our back; that of a flood takes it a while."""
    end = time.monotonic() + IDLE_WAIT_SECONDS
    while time.monotonic() < end:
        total, idle = _processor_times()
        time.sleep(0.3)
        total_then, idle_then = _processor_times()
        if idle_then - idle > IDLE_ENOUGH * (total_then - total):
            return


def wait_until_answered(lab):
    """Seconds until no packet waits any more; 0 where none did."""
    start = time.monotonic()
    if not waiting(lab.gateway):
        return 0
    while waiting(lab.gateway):
        if time.monotonic() - start > 20:
            sys.exit("bench_flows.py: the queues do not get empty")
    return time.monotonic() - start


def packets_counted(node, table, counter):
    """0 where there is no such counter."""
    text = node.run("nft", "list", "counter", "inet", table, counter, check=False).stdout
    found = re.search(r"packets (\d+)", text)
    return int(found.group(1)) if found else 0


VARIANTS = {"conntrack only": nothing, "nft dynamic-set limit": nft_limit, "nfshaper": nfshaper}


def measure(set_up, flows):
    """(flows forwarded a second, flows lost, flows that nfshaper let through unjudged)."""
    report = Report()
    report._line = lambda text: None  # only the figures are wanted
    wait_until_idle()
    with Lab(report) as lab:
        lab.server.nft("table inet sink { counter got { }; chain pre { type filter hook "
                       f"prerouting priority -400; udp dport {PORT} counter name got drop; }}; }}")
        set_up(lab)
        flood = os.path.join(os.environ.get("builddir", "."), "tests/lab/flood")
        text = lab.client.run("nice", "-n", "-20", flood, "-c", str(flows), "-s", SOURCE,
                              "-p", str(PORT), TARGET).stdout
        seconds = float(re.search(r"in ([\d.]+) s", text).group(1)) + wait_until_answered(lab)
        return (flows / seconds, flows - packets_counted(lab.server, "sink", "got"),
                packets_counted(lab.gateway, "nfshaper", "undecided"))


def measure_all(number, rounds, flows, results):
    names = list(VARIANTS) if number % 2 else list(reversed(VARIANTS))
    for name in names:
        result = measure(VARIANTS[name], flows)
        results[name].append(result)
        rate, lost, unjudged = result
        print(f"# round {number} of {rounds}: {name}: {rate / 1000:.0f} k/s, "
              f"{lost} of {flows} lost, {unjudged} unjudged", flush=True)


def median_ratio(results, name, base):
    return statistics.median(one[0] / other[0]
                             for one, other in zip(results[name], results[base]))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    flows = int(sys.argv[2]) if len(sys.argv) > 2 else 200000
    if os.geteuid() != 0:
        sys.exit("bench_flows.py: network namespaces need root")
    handle_signals()
    results = {name: [] for name in VARIANTS}
    for number in range(1, rounds + 1):
        measure_all(number, rounds, flows, results)
    print(f"{'new UDP flows':24} {'k/s, median':>12} {'to conntrack only':>18} {'lost, most':>11} "
          f"{'unjudged, most':>15}")
    for name, values in results.items():
        print(f"{name:24} {statistics.median(value[0] for value in values) / 1000:12.0f} "
              f"{median_ratio(results, name, 'conntrack only'):18.2f} "
              f"{max(value[1] for value in values):11} {max(value[2] for value in values):15}")
    ratio = median_ratio(results, "nfshaper", "nft dynamic-set limit")
    print(f"nfshaper to nft dynamic-set limit, median of {rounds} paired rounds: {ratio:.2f}")


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""New UDP flows a second through a gateway, side by side in one run (topology: tests/lab/lab.py).

  bench_flows.py [ROUNDS] [FLOWS]      default: 5 rounds of 200,000 flows

Each round sends the same flood through every variant, one after the other, each in a lab of its
own; what counts are the ratios, round by round, since the machine's speed drifts.
"""

import os
import re
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from daemon import Daemon  # noqa: E402
from lab import Lab, handle_signals, wait_for  # noqa: E402
from observe import waiting  # noqa: E402
from report import Report  # noqa: E402

PORT = 9000
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


VARIANTS = {"conntrack only": nothing, "nft dynamic-set limit": nft_limit, "nfshaper": nfshaper}


def measure(set_up, flows):
    """(flows a second that the sender got out, flows that arrived)."""
    report = Report()
    report._line = lambda text: None  # only the figures are wanted
    with Lab(report) as lab:
        lab.server.nft("table inet sink { counter got { }; chain pre { type filter hook "
                       f"prerouting priority -400; udp dport {PORT} counter name got drop; }}; }}")
        set_up(lab)
        flood = os.path.join(os.environ.get("builddir", "."), "tests/lab/flood")
        text = lab.client.run(flood, "-c", str(flows), "-s", SOURCE, "-p", str(PORT),
                              TARGET).stdout
        wait_for(lambda: not waiting(lab.gateway), "the queues to be empty", 20)
        got = lab.server.run("nft", "list", "counter", "inet", "sink", "got").stdout
        seconds = float(re.search(r"in ([\d.]+) s", text).group(1))
        return flows / seconds, int(re.search(r"packets (\d+)", got).group(1))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    flows = int(sys.argv[2]) if len(sys.argv) > 2 else 200000
    if os.geteuid() != 0:
        sys.exit("bench_flows.py: network namespaces need root")
    handle_signals()
    rates = {name: [] for name in VARIANTS}
    arrived = {name: [] for name in VARIANTS}
    for number in range(rounds):
        for name, set_up in VARIANTS.items():
            rate, got = measure(set_up, flows)
            rates[name].append(rate)
            arrived[name].append(got)
            print(f"# round {number + 1} of {rounds}: {name}: {rate / 1000:.0f} k/s, "
                  f"{flows - got} of {flows} lost", flush=True)
    base = rates["conntrack only"]
    print(f"{'new UDP flows':24} {'k/s, median':>12} {'to conntrack only':>18} {'lost, most':>11}")
    for name, values in rates.items():
        ratio = statistics.median(one / other for one, other in zip(values, base))
        print(f"{name:24} {statistics.median(values) / 1000:12.0f} {ratio:18.2f} "
              f"{flows - min(arrived[name]):11}")
    ratio = statistics.median(one / other for one, other
                              in zip(rates["nfshaper"], rates["nft dynamic-set limit"]))
    print(f"nfshaper to nft dynamic-set limit, median of {rounds} paired rounds: {ratio:.2f}")


if __name__ == "__main__":
    main()

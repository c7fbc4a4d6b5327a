#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""nfshaper's throttles beside the kernel's own in one run: new and established sessions a second,
and the memory of a million sessions (topology: tests/lab/lab.py). Needs root.

What counts are the ratios, round by round, since the machine's speed drifts; every round takes the
variants in another order. The processor time of a packet is that of the sender, of nfshaper and of
the kernel's softirq threads.
"""

import argparse
import json
import os
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))

from lab import handle_signals  # noqa: E402
from measure import (Workload, conntrack_limits, measure, memory,  # noqa: E402
                     missing, sender_alone)
from traffic import FLOOD_WINDOW  # noqa: E402
from variants import VARIANTS  # noqa: E402

THROTTLES = ["nothing", "nft", "hashlimit", "connections", "packets"]
CPUS = len(os.sched_getaffinity(0))
SENDERS_MAX = 16  # flood's


def say(text):
    print("# " + text, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description="throttles side by side in the lab")
    parser.add_argument("-j", action="store_true", dest="json", help="print JSON")
    parser.add_argument("-r", type=int, default=5, dest="rounds", help="default 5")
    parser.add_argument("-n", type=int, default=150000, dest="packets",
                        help="packets of a measurement, default 150,000")
    parser.add_argument("-m", type=int, default=1000000, dest="sessions",
                        help="sessions whose memory is measured, default a million; 0: none")
    parser.add_argument("-w", default="new,established", dest="kinds",
                        help="new, established, or both (default)")
    parser.add_argument("variants", nargs="*", metavar="VARIANT",
                        help=f"of {' '.join(VARIANTS)}; default {' '.join(THROTTLES)}")
    options = parser.parse_args()
    wrong = [key for key in options.variants if key not in VARIANTS]
    wrong += [kind for kind in options.kinds.split(",") if kind not in ("new", "established")]
    if wrong:
        parser.error(f"unknown: {' '.join(wrong)}")
    options.variants = options.variants or THROTTLES
    return options


def workloads(options):
    return [Workload(kind, senders, options.packets) for kind in options.kinds.split(",")
            for senders in sorted({1, min(CPUS, SENDERS_MAX)})]


def run_rounds(options, keys):
    """workload -> key -> results, round by round."""
    results = {workload: {key: [] for key in keys} for workload in workloads(options)}
    for number in range(options.rounds):
        turn = number % len(keys)
        for workload, of_keys in results.items():
            for key in keys[turn:] + keys[:turn]:
                result = measure(VARIANTS[key], workload)
                of_keys[key].append(result)
                say(f"round {number + 1} of {options.rounds}: {workload.title}: {key}: "
                    f"{result.rate(workload) / 1000:.0f} k/s, {result.lost} lost")
    return results


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def ratios(of_keys, workload, key, base):
    """Of rates, round by round; None without the other."""
    if base not in of_keys:
        return None
    return spread([one.rate(workload) / other.rate(workload)
                   for one, other in zip(of_keys[key], of_keys[base])])


def variant_figures(of_keys, workload, key):
    results = of_keys[key]
    figures = {
        "variant": key,
        "title": VARIANTS[key].title,
        "packets_per_second": spread([result.rate(workload) for result in results]),
        "to_nothing": ratios(of_keys, workload, key, "nothing"),
        "to_nft": ratios(of_keys, workload, key, "nft"),
        "lost": [result.lost for result in results],
        "cpu_us_per_packet": spread([result.cpu / workload.packets * 1e6 for result in results]),
        "cpus_busy": statistics.median(result.cpu / result.seconds for result in results),
        "judged": None,
        "undecided": None,
    }
    if results[0].status:
        figures["judged"] = [result.judged for result in results]
        figures["undecided"] = [result.status["not_judged"]["undecided"] for result in results]
    return figures


def workload_figures(workload, of_keys):
    alone = sender_alone(workload)
    return {"kind": workload.kind, "senders": workload.senders, "packets": workload.packets,
            "flows": workload.flows, "title": workload.title,
            "sender_alone": {"packets_per_second": alone.rate(workload),
                             "cpu_us_per_packet": alone.cpu / workload.packets * 1e6},
            "variants": [variant_figures(of_keys, workload, key) for key in of_keys]}


def memory_figures(options, keys):
    rows = []
    at_once = min(options.packets, options.sessions)
    for key in keys:
        if key in ("nothing", "packets", "classes") or not options.sessions:
            continue
        say(f"memory of {options.sessions:,} sessions: {key}")
        before, after, held = memory(VARIANTS[key], options.sessions, at_once)
        rows.append({"variant": key, "title": VARIANTS[key].title, "sessions": held,
                     "bytes": after - before, "bytes_per_session": (after - before) / held,
                     "resident_bytes": after if key == "connections" else None,
                     "estimate": key != "connections"})
    return rows


def place(results, most, buckets):
    """Where it ran."""
    found = [result.status["queue"] for of_keys in results.values()
             for of_key in of_keys.values() for result in of_key if result.status]
    return {"kernel": os.uname().release, "cpus": CPUS, "window": FLOOD_WINDOW,
            "workers": found[0]["workers"] if found else None,
            "queue_path": found[0]["path"] if found else None,
            "conntrack_max": most, "conntrack_buckets": buckets}


def criterion(workload_rows):
    """nfshaper's new sessions to those of nft's dynamic set, by the number of senders."""
    return [{"senders": row["senders"], "to_nft": variant["to_nft"],
             "met": variant["to_nft"]["median"] >= 1}
            for row in workload_rows if row["kind"] == "new"
            for variant in row["variants"]
            if variant["variant"] == "connections" and variant["to_nft"]]


def text_of(values, scale=1.0, digits=2):
    if values is None:
        return "-"
    median, least, most = (f"{values[key] * scale:.{digits}f}" for key in
                           ("median", "least", "most"))
    return f"{median} ({least}-{most})"


def print_workload(row):
    alone = row["sender_alone"]
    print(f"\n{row['title']}; the sender alone {alone['packets_per_second'] / 1000:.0f} k/s, "
          f"{alone['cpu_us_per_packet']:.1f} us")
    print(f"  {'':28}{'k packets/s':>15} {'to nothing':>18} {'to nft limit':>18} "
          f"{'CPU us/packet':>17} {'CPUs':>5} {'lost':>5}  judged")
    for variant in row["variants"]:
        judged = "-" if variant["judged"] is None else f"{min(variant['judged']):,}"
        print(f"  {variant['title']:28}{text_of(variant['packets_per_second'], 1e-3, 0):>15} "
              f"{text_of(variant['to_nothing']):>18} {text_of(variant['to_nft']):>18} "
              f"{text_of(variant['cpu_us_per_packet'], 1, 1):>17} {variant['cpus_busy']:5.1f} "
              f"{max(variant['lost']):5}  {judged}")


def print_memory(rows):
    if rows:
        print("\nmemory of a session, key of both addresses and ports")
    for row in rows:
        how = "from the machine's slab and vmalloc figures, an estimate" if row["estimate"] else \
            f"resident memory of the daemon, which is then {row['resident_bytes'] / 1e6:.0f} MB"
        print(f"  {row['title']:28}{row['bytes_per_session']:6.0f} bytes with "
              f"{row['sessions']:,} sessions: {how}")


def print_all(found):
    where = found["place"]
    print(f"Throttles in one run, {found['rounds']} paired rounds: medians (least-most)\n"
          f"  Linux {where['kernel']}, {where['cpus']} CPUs; nfshaper: {where['workers']} workers, "
          f"queue path {where['queue_path']}, failure closed\n"
          f"  conntrack in all: {where['conntrack_buckets']:,} buckets, at most "
          f"{where['conntrack_max']:,}\n  the set's size, hashlimit's htable-size and htable-max, "
          "the throttle's max: twice the sessions; the kernel's expire after 60 s\n"
          f"  at most {where['window']:,} packets on the way; senders and workers "
          "are real-time threads")
    for key, why in found["missing"].items():
        print(f"  {VARIANTS[key].title} is not measured: {why}")
    for row in found["workloads"]:
        print_workload(row)
    print_memory(found["memory"])
    for row in found["criterion"]:
        print(f"\nnew sessions, nfshaper (count: connections) to nft dynamic-set limit, "
              f"{row['senders']} sender{'s' if row['senders'] > 1 else ''}: "
              f"{text_of(row['to_nft'])}: {'at least' if row['met'] else 'less than'} 1", end="")
    print()


def main():
    options = arguments()
    if os.geteuid() != 0:
        sys.exit("bench_throttle.py: network namespaces need root")
    handle_signals()
    most, buckets = conntrack_limits()
    room = most - 5000
    if options.packets > room:
        sys.exit(f"bench_throttle.py: conntrack has room for {room:,} flows")
    why = {key: missing(key) for key in options.variants}
    keys = [key for key in options.variants if not why[key]]
    results = run_rounds(options, keys)
    rows = [workload_figures(workload, of_keys) for workload, of_keys in results.items()]
    found = {"place": place(results, most, buckets), "rounds": options.rounds,
             "missing": {key: text for key, text in why.items() if text}, "workloads": rows,
             "memory": memory_figures(options, keys), "criterion": criterion(rows)}
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print_all(found)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/demo's second half: the shipped rules.yaml at work in the lab (topology: lab.py).

  demo.py RULES

Exit status 0 only if both classes got their shares.
"""

import re
import sys
import time

import lab as lab_module
from daemon import Daemon
from lab import SERVER4, SERVER6
from observe import Meter, entries
from report import Report
from traffic import TCP, Stream, listen

TRANSFERS = (("web", 443, SERVER4), ("p2p", 6881, SERVER6))
SETTLE_S, MEASURE_S = 2, 8
TOLERANCE = 0.15
SEGMENT_BYTES = 65536  # the largest unit in which a class is served


def say(text=""):
    print(text, flush=True)


def title(text):
    say(f"\n\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"\n== {text}")


def indent(text):
    for line in text.rstrip().splitlines():
        say("   " + line)


def adapted(rules):
    """The shipped file with its one shaped interface named as the lab's."""
    section = re.search(r"^interfaces:\n(?:[ #].*\n|\n)*", rules, re.MULTILINE)
    names = re.findall(r"^  ([^ #:\n]+):", section.group(0), re.MULTILINE)
    if len(names) != 1:
        sys.exit(f"demo: the rules shape {names}, and the lab has only wan0")
    renamed = section.group(0).replace(f"  {names[0]}:", "  wan0:", 1)
    return rules.replace(section.group(0), renamed), names[0]


def fair_shares(line_bps, classes):
    """What HTB gives to classes that all want everything: each its rate, and what is left to the
    lowest priority number first, up to its ceil."""
    shares = {row["name"]: row["rate_bps"] for row in classes}
    left = line_bps - sum(shares.values())
    for row in sorted(classes, key=lambda row: row["priority"]):
        more = max(0, min(left, row["ceil_bps"] - shares[row["name"]]))
        shares[row["name"]] += more
        left -= more
    return shares


def measure(lab, streams, seconds):
    """Bits per second: what each class sent, and what arrived of each transfer."""
    meter = Meter(lab.gateway, "wan0")
    before = {name: stream.received for name, stream in streams.items()}
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        time.sleep(1)
        arrived = "  ".join(f"{name} {(stream.received - before[name]) / 1e6:6.1f} MB"
                            for name, stream in streams.items())
        say(f"   {time.monotonic() - started:3.0f} s of {seconds}   arrived: {arrived}")
    sent = meter.bytes()
    arrived = {name: stream.received - before[name] for name, stream in streams.items()}
    span = time.monotonic() - started
    return ({classid: size * 8 / span for classid, size in sent.items()},
            {name: size * 8 / span for name, size in arrived.items()})


def compare(report, classes, expected, sent, arrived, seconds):
    """The table of who got what; a check for each class: right within 15 % and one segment."""
    say(f"   {'class':<8} {'guaranteed':>10} {'at most':>8} {'expected':>9} {'measured':>9} "
        f"{'arrived':>8}   Mbit/s")
    rows = []
    for row in classes:
        name = row["name"]
        got = sent.get(row["classid"], 0)
        slack = TOLERANCE * expected[name] + SEGMENT_BYTES * 8 / seconds
        good = abs(got - expected[name]) <= slack
        rows.append((good, name, got))
        say(f"   {name:<8} {row['rate_bps'] / 1e6:10.1f} {row['ceil_bps'] / 1e6:8.1f} "
            f"{expected[name] / 1e6:9.2f} {got / 1e6:9.2f} {arrived[name] / 1e6:8.2f}   "
            f"{'as it should be' if good else 'NOT as it should be'}")
    for good, name, got in rows:
        report.ok(good, f"{name} got its share, within {TOLERANCE:.0%} and one segment",
                  f"expected: {expected[name] / 1e6:.2f} Mbit/s\nfound:    {got / 1e6:.2f} Mbit/s")


def check_marks(lab, report, daemon):
    title("The marks that conntrack shows (the decision, in the upper 8 bits)")
    ids = daemon.ids()
    for line in lab.gateway.run("conntrack", "-L").stdout.splitlines():
        if any(f" dport={port} " in line for _, port, _ in TRANSFERS):
            mark = int(re.search(r"mark=(\d+)", line).group(1))
            indent(f"{line.strip()}   <- {mark:#010x}")
    for name, port, _ in TRANSFERS:
        found = {entry.mark for entry in entries(lab.gateway, dport=port)}
        report.equal(found, {ids[name]["mark"]}, f"port {port} has the mark of class {name}")


def run(lab, rules):
    report = lab.report
    text, interface = adapted(rules)
    daemon = Daemon(lab, text)
    title("The lab: three network namespaces of our own")
    indent("\n".join(lab_module.__doc__.splitlines()[2:8]))
    say(f"   conf/rules.yaml as shipped{'' if interface == 'wan0' else ', for wan0 instead of '}"
        f"{'' if interface == 'wan0' else interface}")

    title("nfshaper starts in the gateway")
    started = daemon.run("start", check=False)
    lab.at_end(lambda: daemon.run("stop", check=False))
    if not report.equal(started.returncode, 0, "start"):
        indent(started.stderr)
        return
    indent(started.stderr)

    title(f"Two transfers at once, {SETTLE_S + MEASURE_S} s: "
          + " and ".join(f"{name} (port {port}, {address})" for name, port, address in TRANSFERS))
    streams = {name: Stream(lab, lab.client, listen(lab.server, TCP, port), address, port)
               for name, port, address in TRANSFERS}
    time.sleep(SETTLE_S)
    sent, arrived = measure(lab, streams, MEASURE_S)
    wan0 = daemon.status()["interfaces"][0]
    classes = [row for name, _, _ in TRANSFERS for row in wan0["classes"] if row["name"] == name]
    title("Who got what")
    compare(report, classes, fair_shares(wan0["rate_bps"], classes), sent, arrived, MEASURE_S)

    check_marks(lab, report, daemon)
    title("nfshaper status")
    indent(daemon.run("status").stdout)
    title("The HTB classes, as tc shows them")
    indent(lab.gateway.run("tc", "-s", "class", "show", "dev", "wan0").stdout)

    title("The web transfer ends: the other one may have what it leaves")
    streams.pop("web").stop()
    time.sleep(SETTLE_S)
    sent, arrived = measure(lab, streams, MEASURE_S // 2)
    alone = [row for row in classes if row["name"] == "p2p"]
    compare(report, alone, fair_shares(wan0["rate_bps"], alone), sent, arrived, MEASURE_S // 2)

    title("nfshaper stops")
    report.equal(daemon.run("stop", check=False).returncode, 0, "stop")


def main():
    lab_module.handle_signals()
    with open(sys.argv[1], encoding="utf-8") as file:
        rules = file.read()
    report = Report()
    try:
        with lab_module.Lab(report) as lab:
            run(lab, rules)
    except Exception:  # said in the totals, after the lab has been removed
        report.crash("demo")
    sys.exit(report.finish())


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule on the process costs new connections, beside OpenSnitch in one run: a local client
makes connections to a server in another namespace, among many other processes (topology:
tests/lab/lab.py). Needs root. What is added to a connection shows where they are made one after the
other; how many can be judged, where many are made at once: else the client itself is the limit,
which alone makes five to six times OpenSnitch's.

Rates are compared round by round, since the machine's speed drifts; every round takes the variants
in another order. OpenSnitch is that of Debian's package `opensnitch`, unpacked to a folder that is
removed, where it is not installed; it runs in the gateway's namespace, with rules of its own there.
"""

import argparse
import contextlib
import glob
import json
import os
import signal
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))

from daemon import Daemon  # noqa: E402
from lab import SERVER4, handle_signals, wait_for  # noqa: E402
from measure import quiet_lab  # noqa: E402
from processes import NOBODY, crowd, run  # noqa: E402

PORT = 9000
QUEUE = 10
BUILD = os.environ.get("builddir", ".")
RULE = """
version: 1
interfaces: {{wan0: {{out: 10gbit}}}}
classes:
  default: {{out: {{rate: 1gbit, ceil: 100%}}}}
  mine: {{out: {{rate: 1gbit, ceil: 100%}}}}
rules:
  - {{if: cmd == '{path}', class: mine}}
"""
SNITCH_RULE = {
    "name": "caller", "enabled": True, "precedence": False, "action": "allow",
    "duration": "always", "created": "2024-01-01T00:00:00Z",
    "operator": {"type": "simple", "operand": "process.path", "sensitive": False, "list": []}}
# By whom connections are made: one after the other, which is bound by the time that each takes, or
# many at once, which is bound by the processors.
AT_ONCE = 64
CLIENTS = {"one process": [], "many at once": ["-j", str(AT_ONCE)], "a process each": ["-f"]}
TIMES_OF_SNITCH = 10
ADDED_MOST_US = 100


def nothing(_lab, _path):
    return None


def accept_queue(lab, _path):
    """A queue whose program only accepts; the first packets of connections go through it."""
    tool = subprocess.Popen(lab.gateway.command(os.path.join(BUILD, "tests/lab/queue_tool"), "-f",
                                                str(QUEUE), "-d", "0", "-R", "1", "-w"),
                            stdout=subprocess.DEVNULL)
    lab.at_end(lambda: (tool.send_signal(signal.SIGTERM), tool.wait()))
    wait_for(lambda: is_bound(lab), "the queue")
    lab.gateway.run("iptables-nft", *f"-A OUTPUT -p tcp --dport {PORT} -m conntrack --ctstate NEW "
                    f"-j NFQUEUE --queue-num {QUEUE}".split())
    return None


def is_bound(lab):
    rows = lab.gateway.run("cat", "/proc/net/netfilter/nfnetlink_queue").stdout.splitlines()
    return any(row.split()[0] == str(QUEUE) for row in rows)


def nfshaper(lab, path):
    return Daemon(lab, RULE.format(path=path)).start()


class Snitch:
    """OpenSnitch's program: installed, or out of the package."""

    def __init__(self):
        self.folder = None
        self.program = shutil.which("opensnitchd")
        self.missing = None if self.program else self._unpack()

    def _unpack(self):
        """Why it cannot be had, or None."""
        self.folder = tempfile.mkdtemp(prefix="nfshaper-bench-")
        for words in (["apt-get", "download", "-qq", "opensnitch"], None):
            if words is None:
                found = glob.glob(os.path.join(self.folder, "*.deb"))
                words = ["dpkg-deb", "-x", *found, self.folder]
            result = subprocess.run(words, cwd=self.folder, capture_output=True, text=True,
                                    check=False)
            if result.returncode:
                return f"{' '.join(words[:2])}: {result.stderr.strip()}"
        self.program = os.path.join(self.folder, "usr/bin/opensnitchd")
        return None

    def remove(self):
        if self.folder:
            shutil.rmtree(self.folder)

    def set_up(self, lab, path):
        os.mkdir(lab.path("rules"))
        SNITCH_RULE["operator"]["data"] = path
        lab.write("rules/caller.json", json.dumps(SNITCH_RULE))
        words = [self.program, "-process-monitor-method", "proc", "-rules-path", lab.path("rules"),
                 "-queue-num", str(QUEUE), "-ui-socket", "unix://" + lab.path("ui.sock"), "-error"]
        process = subprocess.Popen(lab.gateway.command(*words), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        lab.at_end(lambda: (process.kill(), process.wait()))
        wait_for(lambda: f"queue num {QUEUE}" in
                 lab.gateway.run("nft", "list", "ruleset").stdout, "opensnitchd's rules", 20)
        return None


def measure(set_up, options):
    """What the client found, in a lab of its own, and the daemon's status."""
    with quiet_lab() as lab:
        path = lab.path("caller")
        shutil.copy(os.path.join(BUILD, "tests/lab/caller"), path)
        os.chmod(path, 0o755)
        crowd(lab, options.others, user=NOBODY)
        server = subprocess.Popen(lab.server.command(path, "-l", str(PORT)),
                                  stdout=subprocess.PIPE, text=True)
        lab.at_end(lambda: (server.kill(), server.wait()))
        server.stdout.readline()
        daemon = set_up(lab, path)
        def call(client, count):
            found = json.loads(run(lab, path, *client, "-c", str(count), SERVER4, str(PORT),
                                   user=NOBODY))
            if found["failed"]:
                sys.exit(f"bench_owner.py: {found['failed']} connections failed")
            return found
        call([], 200)  # what is slow the first time
        found = {title: call(client, options.connections) for title, client in CLIENTS.items()}
        found["status"] = daemon.status() if daemon else None
        return found


def say(text):
    print("# " + text, file=sys.stderr, flush=True)


def run_rounds(options, variants):
    results = {key: [] for key in variants}
    keys = list(variants)
    for number in range(options.rounds):
        turn = number % len(keys)
        for key in keys[turn:] + keys[:turn]:
            found = measure(variants[key], options)
            results[key].append(found)
            say(f"round {number + 1} of {options.rounds}: {key}: " + "; ".join(
                f"{client}: {rate(found[client]):.0f}/s, "
                f"{found[client]['median_ns'] / 1000:.0f} us" for client in CLIENTS))
    return results


def rate(found):
    return found["connections"] / (found["ns"] / 1e9)


def figures(results, client, key):
    of_key, base = ([one[client] for one in results[which]] for which in (key, "nothing"))
    row = {"client": client, "variant": key,
           "per_second": statistics.median(map(rate, of_key)),
           "median_us": statistics.median(one["median_ns"] / 1000 for one in of_key),
           "p99_us": statistics.median(one["p99_ns"] / 1000 for one in of_key),
           "added_us": statistics.median((one["median_ns"] - other["median_ns"]) / 1000
                                         for one, other in zip(of_key, base)),
           "to_opensnitch": None}
    if "opensnitch" in results:
        row["to_opensnitch"] = statistics.median(
            rate(one) / rate(other[client])
            for one, other in zip(of_key, results["opensnitch"]))
    return row


def print_all(options, found):
    print(f"{options.connections:,} connections of a local client, one after the other or "
          f"{AT_ONCE} at once, among "
          f"{options.others} other processes; {options.rounds} rounds, medians; Linux "
          f"{os.uname().release}, {len(os.sched_getaffinity(0))} CPUs")
    for client in CLIENTS:
        print(f"  {client:14}{'per second':>11} {'median us':>10} {'99 % us':>9} {'added us':>9} "
              f"{'to OpenSnitch':>14}")
        for row in found["variants"]:
            if row["client"] != client:
                continue
            times = row["to_opensnitch"]
            print(f"    {row['variant']:12}{row['per_second']:11.0f} {row['median_us']:10.0f} "
                  f"{row['p99_us']:9.0f} {row['added_us']:9.0f} "
                  f"{'-' if times is None else f'{times:.1f}':>14}")
    if found["missing"]:
        print(f"  OpenSnitch is not measured: {found['missing']}")
    ours = {row["client"]: row for row in found["variants"] if row["variant"] == "nfshaper"}
    print(f"one process: nfshaper adds {ours['one process']['added_us']:.0f} us to the median (at "
          f"most {ADDED_MOST_US} are wanted)")
    if ours["many at once"]["to_opensnitch"]:
        print(f"many at once: nfshaper makes {ours['many at once']['to_opensnitch']:.1f} times "
              f"OpenSnitch's connections (at least {TIMES_OF_SNITCH} are wanted)")
    print(f"owners: {found['owners']}")


def main():
    parser = argparse.ArgumentParser(description="a rule on the process, beside OpenSnitch")
    parser.add_argument("-j", action="store_true", dest="json", help="print JSON")
    parser.add_argument("-r", type=int, default=5, dest="rounds", help="default 5")
    parser.add_argument("-n", type=int, default=2000, dest="connections", help="default 2,000")
    parser.add_argument("-p", type=int, default=500, dest="others",
                        help="other processes, default 500")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench_owner.py: network namespaces need root")
    handle_signals()
    snitch = Snitch()
    with contextlib.ExitStack() as stack:
        stack.callback(snitch.remove)
        variants = {"nothing": nothing, "accept": accept_queue, "nfshaper": nfshaper}
        if not snitch.missing:
            variants["opensnitch"] = snitch.set_up
        results = run_rounds(options, variants)
    found = {"rounds": options.rounds, "connections": options.connections,
             "others": options.others, "missing": snitch.missing,
             "variants": [figures(results, client, key) for client in CLIENTS for key in results],
             "owners": results["nfshaper"][-1]["status"]["owners"]}
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print_all(options, found)


if __name__ == "__main__":
    main()

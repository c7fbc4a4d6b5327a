#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of throttles with few packets: that it measures what it says (topology: lab.py).

Only counts are checked, no time and no ratio.
"""

import json
import os
import subprocess

from lab import HERE, main

PACKETS = 500
SESSIONS = 700
PROGRAM = os.path.join(HERE, "..", "bench", "bench_throttle.py")
JUDGED = {("new", "connections"): PACKETS, ("new", "packets"): PACKETS,
          ("established", "connections"): 0, ("established", "packets"): PACKETS}


def run_bench(*variants):
    result = subprocess.run([PROGRAM, "-j", "-r", "1", "-n", str(PACKETS), "-m", str(SESSIONS),
                             *variants], capture_output=True, text=True, timeout=120, check=False)
    if result.returncode:
        raise RuntimeError(result.stdout + result.stderr)
    return json.loads(result.stdout)


def test_throttles(lab):
    """every variant carries all packets, and nfshaper judges each that it has to"""
    report = lab.report
    found = run_bench("nft", "hashlimit", "connections", "packets")
    for key, why in found["missing"].items():
        report.skip(f"{key} in the benchmark", why)
    for row in found["workloads"]:
        for variant in row["variants"]:
            key = variant["variant"]
            name = f"{row['title']}: {key}"
            report.equal(variant["lost"], [0], f"{name}: none lost")
            if variant["judged"] is not None:
                report.equal(variant["judged"], [JUDGED[row["kind"], key]], f"{name}: judged")
                report.equal(variant["undecided"], [0], f"{name}: none undecided")
    report.equal([row["sessions"] for row in found["memory"]], [SESSIONS] * len(found["memory"]),
                 f"memory is that of {SESSIONS} sessions")
    report.ok({"nft", "connections"} <= {row["variant"] for row in found["memory"]},
              "and it is told of nft's set and of nfshaper")
    report.ok(found["criterion"], "new sessions are compared with nft's")


if __name__ == "__main__":
    main(globals())

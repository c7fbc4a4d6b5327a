#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes get their shares of the line (topology: lab.py)."""

import time

from daemon import Daemon
from lab import SERVER4, SERVER6, main
from observe import Meter
from traffic import TCP, Stream, listen

WEB_PORT, P2P_PORT, OTHER_PORT = 8080, 6881, 7777
SECONDS = 4
SEGMENT_MBIT = 65536 * 8 / 1e6  # the largest unit in which a class is served

CONFIG = f"""
version: 1
interfaces:
  wan0: {{out: 20mbit}}
classes:
  default: {{out: {{rate: 4mbit, ceil: 100%}}}}
  web: {{priority: 1, out: {{rate: 15mbit, ceil: 100%}}}}
  p2p: {{priority: 7, out: 1mbit}}
rules:
  - name: web
    if: dport == {WEB_PORT}
    class: web
  - name: p2p
    if: dport == {P2P_PORT}
    class: p2p
"""


def rates_mbit(lab, daemon, seconds=SECONDS):
    """What each class sends, by its counters, over some seconds after the buffers are full."""
    names = {ids["classid"]: name for name, ids in daemon.ids().items()}
    time.sleep(1)  # a token bucket lets the first moment run over
    meter = Meter(lab.gateway, "wan0")
    started = time.monotonic()
    time.sleep(seconds)
    sent = meter.bytes()
    span = time.monotonic() - started
    return {names[classid]: size * 8 / span / 1e6 for classid, size in sent.items() if size}


def stream(lab, address, port):
    return Stream(lab, lab.client, listen(lab.server, TCP, port), address, port)


def test_all_at_once(lab):
    """three classes that all want the line: each has its guaranteed rate"""
    daemon = Daemon(lab, CONFIG).start()
    stream(lab, SERVER4, WEB_PORT)
    stream(lab, SERVER6, P2P_PORT)
    stream(lab, SERVER4, OTHER_PORT)
    rates = rates_mbit(lab, daemon)
    for name, expected in (("web", 15), ("default", 4), ("p2p", 1)):
        slack = expected * 0.1 + SEGMENT_MBIT / SECONDS
        lab.report.within(rates.get(name, 0), expected - slack, expected + slack,
                          f"{name}: {expected} mbit/s within 10 % and one segment")
    lab.report.within(sum(rates.values()), 18, 20.5, "the line is full and not exceeded")


def test_idle_share_is_lent(lab):
    """alone, a class borrows up to its ceil; a class with ceil = rate does not"""
    daemon = Daemon(lab, CONFIG).start()
    alone = stream(lab, SERVER4, OTHER_PORT)
    rates = rates_mbit(lab, daemon, 2)
    lab.report.within(rates.get("default", 0), 17, 20.5, "default alone has the whole line")
    lab.report.equal(list(rates), ["default"], "nothing in other classes")
    alone.stop()
    stream(lab, SERVER4, P2P_PORT)
    rates = rates_mbit(lab, daemon)
    slack = 0.1 + SEGMENT_MBIT / SECONDS
    lab.report.within(rates.get("p2p", 0), 1 - slack, 1 + slack, "p2p alone stays at 1 mbit/s")


if __name__ == "__main__":
    main(globals())

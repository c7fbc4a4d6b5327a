# SPDX-License-Identifier: GPL-3.0-or-later
"""What the throttles of a running daemon have counted, and traffic whose count is exact.

A limit is for a time, and machines differ in speed. So no test measures time: packets are sent
while the daemon is suspended and judged together when it goes on, and windows end by condition.
"""

import contextlib
import json
import os
import socket

from observe import waiting
from report import wait_for
from traffic import pending, received_all

CONTROL_VERSION = 1

# What throttles and rules are added to.
CONFIG = """
version: 1
interfaces:
  wan0: {out: 1gbit}
  lan0: {out: 1gbit}
classes:
  default: {out: {rate: 100mbit, ceil: 100%}}
  fast: {out: {rate: 100mbit, ceil: 100%}}
  slow: {out: {rate: 100mbit, ceil: 100%}}
"""


def ask(daemon, **request):
    """One request at the daemon's control socket; what it answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.settimeout(60)
        control.connect(os.path.join(daemon.run_dir, "control.sock"))
        control.sendall(json.dumps({"version": CONTROL_VERSION, **request}).encode() + b"\n")
        answer = b""
        while part := control.recv(65536):
            answer += part
    answer = json.loads(answer)
    if not answer["ok"]:
        raise RuntimeError(answer["error"])
    return answer["result"]


class Throttle:
    """One throttle of a daemon."""

    def __init__(self, daemon, tag):
        self.daemon = daemon
        self.tag = tag

    def row(self):
        """What `status` has of it."""
        return next(row for row in self.daemon.status()["throttles"] if row["tag"] == self.tag)

    def figures(self):
        """(passed, over) since the start."""
        row = self.row()
        return row["passed"], row["over"]

    def wait_judged(self, count):
        """Until that many were charged or found over, in all; then figures()."""
        wait_for(lambda: sum(self.figures()) >= count, f"{self.tag}: {count} judged", 20)
        return self.figures()

    def sessions(self):
        """All sessions, in no order."""
        found, cursor = [], 0
        serial = self.row()["serial"]
        while cursor is not None:
            part = ask(self.daemon, command="sessions", serial=serial, cursor=cursor)
            found += part["sessions"]
            cursor = part["cursor"]
        return found

    def by(self, *fields):
        """(passed, over) of each session by the values of its fields, or of its only one."""
        def key(session):
            values = tuple(session["session"][field] for field in fields)
            return values[0] if len(values) == 1 else values
        return {key(session): (session["passed"], session["over"]) for session in self.sessions()}

    def wait_windows_over(self):
        """Until no session has an open window: what is sent now opens the next."""
        wait_for(lambda: not any(session["window_left"] for session in self.sessions()),
                 f"{self.tag}: the windows to end", 70)


@contextlib.contextmanager
def together(daemon):
    """What is sent in here is judged together, behind it."""
    daemon.suspend()
    try:
        yield
    finally:
        daemon.resume()


def send_together(daemon, throttle, client, datagrams):
    """Sends them all at once; they are judged and on their way when this returns."""
    before = sum(throttle.figures())
    with together(daemon):
        for datagram in datagrams:
            client.send(datagram)
    throttle.wait_judged(before + len(datagrams))
    wait_for(lambda: waiting(daemon.node) == 0, "all answers")


def arrived(server, expected):
    """The datagrams that arrive: those expected, which may be on their way, and any beside them."""
    return received_all(server, expected) + pending(server)

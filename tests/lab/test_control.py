#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: who may use it, and clients that do not behave (topology: lab.py)."""

import json
import os
import socket
import stat
import threading

from daemon import Daemon
from lab import main, wait_for
from report import SLOW

USER, GROUP, OTHERS = 54321, 54322, 54323
CONFIG = """
version: 1
interfaces:
  wan0: {out: 100mbit}
throttles:
  few: {limit: 5/60}
"""
TIMEOUT = 10  # seconds that a client has


def dial(daemon):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(30 * SLOW)
    client.connect(os.path.join(daemon.run_dir, "control.sock"))
    return client


def read_all(client):
    return b"".join(iter(lambda: client.recv(65536), b""))


def ask(daemon, request):
    with dial(daemon) as client:
        client.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(read_all(client))


class Person:
    """Commands of the program by another user."""

    def __init__(self, lab, daemon, user, group):
        self.daemon = daemon
        self.node = lab.gateway
        self.program = daemon.copy_program()
        self.ids = (str(user), str(group))

    def run(self, *words):
        return self.node.run("setpriv", "--reuid", self.ids[0], "--regid", self.ids[1],
                             "--clear-groups", self.program, "--run-dir", self.daemon.run_dir,
                             *words, check=False)


def test_rights(lab):
    """the group of the folder may read, root may change, others may not even ask"""
    daemon = Daemon(lab, CONFIG)
    os.mkdir(daemon.run_dir, 0o750)
    os.chown(daemon.run_dir, 0, GROUP)
    daemon.start()
    path = os.stat(os.path.join(daemon.run_dir, "control.sock"))
    lab.report.equal((oct(stat.S_IMODE(path.st_mode)), path.st_uid, path.st_gid),
                     ("0o660", 0, GROUP), "mode, owner and group of the socket")
    member = Person(lab, daemon, USER, GROUP)
    for words in (("status",), ("-j", "status"), ("netstat",), ("sessions",), ("throttle",)):
        result = member.run(*words)
        lab.report.equal(result.returncode, 0, f"a member: {' '.join(words)} {result.stderr}")
    for words in (("reload",), ("reload", "--confirm", "5m"), ("confirm",),
                  ("throttle", "-T", "mine", "1/1"), ("throttle", "-r", "few")):
        result = member.run(*words)
        lab.report.equal(result.returncode, 1, f"a member: {' '.join(words)} is refused")
        lab.report.contains(result.stderr, "root", "and told why")
    lab.report.equal(member.run("stop").returncode, 1, "a member: stop is refused")
    stranger = Person(lab, daemon, USER, OTHERS)
    result = stranger.run("status")
    lab.report.equal(result.returncode, 1, "others: status is refused")
    lab.report.contains(result.stderr, "Permission denied", "with the reason")
    lab.report.equal([row["tag"] for row in daemon.status()["throttles"]], ["few"],
                     "nothing has changed")


def test_stuck_clients(lab):
    """clients that say nothing, half of it, or do not read hold nobody up, and are closed"""
    daemon = Daemon(lab, CONFIG).start()
    silent, half, deaf = (dial(daemon) for _ in range(3))
    half.sendall(b'{"version": 1, "comm')
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    deaf.sendall(b'{"version": 1, "command": "status"}\n')
    for _ in range(10):
        lab.report.equal(daemon.run("status", check=False).returncode, 0, "others are served")
    lab.report.equal(read_all(silent), b"", "the silent one is closed without a word")
    lab.report.equal(read_all(half), b"", "so is the one that stopped halfway")
    lab.report.ok(daemon.status(), "the daemon is well")


def test_crowd(lab):
    """a member's hundred idle connections do not keep root out, nor cost more than their number"""
    daemon = Daemon(lab, CONFIG).start()
    pid = daemon.status()["pid"]

    def descriptors():
        return len(os.listdir(f"/proc/{pid}/fd"))
    before = descriptors()
    crowd = []
    for _ in range(100):
        crowd.append(dial(daemon))
        if len(crowd) % 10 == 0:
            lab.report.equal(daemon.run("status", check=False).returncode, 0,
                             f"served beside {len(crowd)} connections")
    lab.report.within(descriptors() - before, 1, 64, "their number is bounded")
    for client in crowd:
        client.close()
    wait_for(lambda: descriptors() == before, "their descriptors to be closed")


def test_versions(lab):
    """another version of the protocol, and requests that are none"""
    daemon = Daemon(lab, CONFIG).start()
    answer = ask(daemon, {"version": 2, "command": "status"})
    lab.report.equal((answer["version"], answer["ok"]), (1, False), "a request of version 2")
    lab.report.contains(answer["error"], "version 1", "the daemon says which one it speaks")
    for request in ({"command": "status"}, {"version": 1}, [], "status"):
        lab.report.contains(ask(daemon, request)["error"], "not understood", f"{request}")
    answer = ask(daemon, {"version": 1, "command": "dance"})
    lab.report.contains(answer["error"], "`dance`", "an unknown command")
    answer = ask(daemon, {"version": 1, "command": "reload", "confirm": -1})
    lab.report.contains(answer["error"], "seconds", "a wrong time")


def test_other_daemons(lab):
    """what the program says to a daemon of another version, and to none at all"""
    daemon = Daemon(lab, CONFIG)
    os.mkdir(daemon.run_dir)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.path.join(daemon.run_dir, "control.sock"))
    listener.listen(5)
    lab.at_end(listener.close)
    answers = [(b'{"version": 7, "ok": true, "result": {}}', "version 7"),
               (b'{"version": 1, "ok": false, "error": "no"}', "no"),
               (b"", "no answer"), (b"garbage", "no answer"), (b"[]", "not understood")]

    def serve():
        for answer, _ in answers:
            peer, _ = listener.accept()
            peer.recv(4096)
            peer.sendall(answer)
            peer.close()
    threading.Thread(target=serve, daemon=True).start()
    for answer, words in answers:
        result = daemon.run("status", check=False)
        lab.report.equal(result.returncode, 1, f"{answer}: exit status")
        lab.report.contains(result.stderr, words, "and the reason")
    listener.close()
    lab.report.equal(daemon.run("status", check=False).returncode, 3, "nobody listens")


if __name__ == "__main__":
    main(globals())

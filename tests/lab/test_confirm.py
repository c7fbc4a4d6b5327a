#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations that go back by themselves unless they are confirmed (topology: lab.py)."""

import json
import os
import signal
import time

from daemon import Daemon
from lab import SERVER4, main, wait_for
from observe import marks, qdiscs, tables
from report import SLOW
from traffic import UDP, listen, open_socket, udp_send

WEB, GAMES = 8080, 5060
SECONDS = int(2 * SLOW)

OLD = f"""
version: 1
interfaces:
  wan0: {{out: 100mbit}}
classes:
  old: {{out: {{rate: 5mbit, ceil: 100%}}}}
include: part-*.yaml
"""
OLD_PART = """
sets:
  ports: file:ports.txt
rules:
  - {name: games, if: dport in @ports, class: old}
"""
NEW = f"""
version: 1
interfaces:
  wan0: {{out: 50mbit}}
classes:
  new: {{out: {{rate: 7mbit, ceil: 100%}}}}
rules:
  - {{name: web, if: dport == {WEB}, class: new}}
"""


class Probe:
    """Which class new connections to the two ports get, and which classes there are."""

    def __init__(self, lab, daemon):
        self.lab = lab
        self.daemon = daemon
        self.servers = {port: listen(lab.server, UDP, port) for port in (WEB, GAMES)}

    def _class(self, port, names):
        client = open_socket(self.lab.client, UDP, SERVER4, port)
        udp_send(client, self.servers[port])
        mark = marks(self.lab.gateway, sport=client.getsockname()[1], dport=port)[0]
        client.close()
        return names.get(mark, hex(mark))

    def found(self):
        status = self.daemon.status()
        shaped = {row["name"]: row["classid"] for row in status["interfaces"][0]["classes"]}
        names = {classid_mark: name for name, classid_mark in self._marks().items()}
        return {"web": self._class(WEB, names), "games": self._class(GAMES, names),
                "classes": sorted(shaped), "rules": [row["rule"] for row in status["rules"]]}

    def _marks(self):
        """Of all names that ever had an id here: the state file has them."""
        with open(os.path.join(self.daemon.state_dir, "state.json"), encoding="ascii") as file:
            state = json.load(file)
        shift = (state["mark_mask"] & -state["mark_mask"]).bit_length() - 1
        return {row["name"]: row["id"] << shift for row in state["ids"] if row["kind"] == "class"}

    def check(self, expected, name):
        self.lab.report.equal(self.found(), expected, name)


IS_OLD = {"web": "default", "games": "old", "classes": ["default", "old"], "rules": ["games"]}
IS_NEW = {"web": "new", "games": "default", "classes": ["default", "new"], "rules": ["web"]}


def begin(lab):
    """OLD runs, the file has NEW."""
    write_parts(lab)
    daemon = Daemon(lab, OLD).start()
    probe = Probe(lab, daemon)
    probe.check(IS_OLD, "the old configuration")
    replace_files(lab, daemon)
    return daemon, probe


def write_parts(lab):
    """The files that OLD names."""
    lab.write("ports.txt", f"{GAMES}\n")
    lab.write("part-rules.yaml", OLD_PART)


def replace_files(lab, daemon):
    daemon.configure(NEW)
    lab.write("ports.txt", f"{WEB}\n")
    os.remove(lab.path("part-rules.yaml"))


def left(daemon):
    """Seconds that the confirmation is awaited, or None."""
    confirm = daemon.status()["confirm"]
    return confirm and confirm["seconds_left"]


def wait_back(lab, daemon, since, what):
    """The confirmation's time is over; it was kept, and not by more than a second."""
    wait_for(lambda: left(daemon) is None, what, SECONDS + 10)
    lab.report.within(time.monotonic() - since, SECONDS - 0.1, SECONDS + SLOW, f"{what}: in time")


def test_reload_goes_back(lab):
    """without `confirm` the old rules, sets, classes and rates come back in time"""
    daemon, probe = begin(lab)
    result = daemon.run("reload", "--confirm", f"{SECONDS}s")
    since = time.monotonic()
    lab.report.contains(result.stdout, "nfshaper confirm", "reload says what is to be done")
    probe.check(IS_NEW, "the new configuration is in force")
    lab.report.within(left(daemon), 0, SECONDS, "status has the seconds that are left")
    lab.report.contains(daemon.run("status").stdout, "nfshaper confirm", "in its text, too")
    wait_back(lab, daemon, since, "the way back")
    probe.check(IS_OLD, "the old configuration is back")
    lab.report.equal(daemon.status()["config_is_copy"], True, "status says that it is not the file")
    lab.report.contains(daemon.log(), "not confirmed: back", "the log says so")
    result = daemon.run("confirm", check=False)
    lab.report.equal(result.returncode, 1, "too late to confirm")
    daemon.run("reload")
    probe.check(IS_NEW, "an ordinary reload takes the file")
    lab.report.equal(daemon.status()["config_is_copy"], False, "and status says so")
    daemon.kill()
    daemon.start()
    probe.check(IS_NEW, "which is confirmed by itself")


def test_confirm(lab):
    """`confirm` keeps it, also over a crash and a file that was broken meanwhile"""
    daemon, probe = begin(lab)
    daemon.run("reload", f"--confirm={SECONDS}s")
    daemon.configure("broken: [")
    result = daemon.json("confirm")
    lab.report.equal(result, {"confirmed": True}, "confirm")
    lab.report.equal(left(daemon), None, "nothing is awaited any more")
    probe.check(IS_NEW, "the new configuration stays")
    with open(os.path.join(daemon.state_dir, "confirmed.json"), encoding="utf-8") as file:
        lab.report.contains(file.read(), "class: new", "what was in force is kept, not the file")
    lab.report.equal(os.path.exists(os.path.join(daemon.state_dir, "unconfirmed.json")), False,
                     "nothing is unconfirmed")


def test_crash(lab):
    """kill -9 meanwhile: the next start, and the one after it, uses the old one"""
    daemon, probe = begin(lab)
    daemon.run("reload", "--confirm", "1h")
    probe.check(IS_NEW, "the new configuration is in force")
    for attempt in ("after the crash", "after another crash"):
        daemon.kill()
        daemon.start()
        probe.check(IS_OLD, f"{attempt}: the old configuration is back")
        lab.report.equal((daemon.status()["config_is_copy"], left(daemon)), (True, None),
                         f"{attempt}: status")
        lab.report.contains(daemon.log(), "was not confirmed", f"{attempt}: the log says why")
    daemon.stop()
    daemon.start()
    probe.check(IS_OLD, "also after stop and start")
    daemon.stop()
    daemon.configure(NEW + "# edited\n")
    daemon.start()
    probe.check(IS_NEW, "another file is taken as it is")


def test_first_start(lab):
    """start --confirm with nothing to go back to: everything is removed; a crash starts nothing"""
    before = qdiscs(lab.gateway, "wan0")
    write_parts(lab)
    daemon = Daemon(lab, OLD)
    daemon.run("start", "--confirm", f"{SECONDS}s")
    since = time.monotonic()
    pid = daemon.status()["pid"]
    probe = Probe(lab, daemon)
    probe.check(IS_OLD, "it runs")
    wait_for(lambda: "inet nfshaper" not in tables(lab.gateway), "the table to go", SECONDS + 10)
    lab.report.within(time.monotonic() - since, SECONDS - 0.1, SECONDS + SLOW, "it ends in time")
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the process to end")
    lab.report.equal(("inet nfshaper" in tables(lab.gateway), qdiscs(lab.gateway, "wan0")),
                     (False, before), "nothing is left")

    daemon.run("start", "--confirm", "1h")
    os.kill(daemon.status()["pid"], signal.SIGKILL)
    wait_for(lambda: daemon.run("status", check=False).returncode == 3, "the crash")
    result = daemon.run("start", check=False)
    lab.report.equal(result.returncode, 1, "after a crash an ordinary start is refused")
    lab.report.contains(result.stderr, "--confirm", "with the remedy")
    lab.report.equal(("inet nfshaper" in tables(lab.gateway), qdiscs(lab.gateway, "wan0")),
                     (False, before), "what the crash left is removed")
    daemon.run("start", "--confirm", "1h")
    daemon.run("confirm")
    daemon.run("stop")
    daemon.run("start")
    probe.check(IS_OLD, "confirmed, it starts as ever")
    daemon.run("stop")


def test_start_goes_back(lab):
    """start --confirm goes back to the last confirmed configuration, also by another mark-mask"""
    daemon, probe = begin(lab)
    for extra in ("", "mark-mask: 0x00ff0000\nqueue: {first: 10}\n"):
        what = "with another mask" if extra else "with the same mask"
        daemon.stop()
        daemon.configure(NEW + extra)
        daemon.start("--confirm", f"{SECONDS}s")
        since = time.monotonic()
        pid = daemon.status()["pid"]
        probe.check(IS_NEW, f"{what}: the new configuration is in force")
        wait_back_by(lab, daemon, since, what)
        probe.check(IS_OLD, f"{what}: the old configuration is back")
        lab.report.equal(daemon.status()["pid"], pid, f"{what}: in the same process")
        daemon.run("stop")
        daemon.check_end()
        daemon.configure(OLD)
        write_parts(lab)
        daemon.start()
        probe.check(IS_OLD, f"{what}: started from the file again")


def wait_back_by(lab, daemon, since, what):
    """As wait_back(), where the daemon may be away for a moment."""
    def is_back():
        result = daemon.run("-j", "status", check=False)
        return result.returncode == 0 and '"confirm": null' in result.stdout
    wait_for(is_back, what, SECONDS + 10)
    lab.report.within(time.monotonic() - since, SECONDS - 0.1, SECONDS + SLOW, f"{what}: in time")


def test_one_at_a_time(lab):
    """while one is awaited no other is taken; `confirm -r` goes back at once"""
    daemon, probe = begin(lab)
    lab.report.equal(daemon.run("confirm", check=False).returncode, 1, "nothing to confirm")
    daemon.run("reload", "--confirm", "1h")
    for words in (("reload",), ("reload", "--confirm", "1h")):
        result = daemon.run(*words, check=False)
        lab.report.equal(result.returncode, 1, f"{' '.join(words)}: is refused")
        lab.report.contains(result.stderr, "nfshaper confirm", "with the remedy")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: daemon.log().count("waits to be confirmed") >= 3, "SIGHUP to be refused")
    probe.check(IS_NEW, "the new configuration is still in force")
    lab.report.within(left(daemon), 3000, 3600, "and still awaited")
    lab.report.equal(daemon.json("confirm", "-r"), {"confirmed": False}, "confirm -r")
    probe.check(IS_OLD, "the old configuration is back")


def test_what_cannot_be(lab):
    """a broken file, a copy that cannot be written, wrong times: nothing changes"""
    daemon, probe = begin(lab)
    daemon.configure(NEW.replace("class: new", "class: nwe"))
    result = daemon.run("reload", "--confirm", "1h", check=False)
    lab.report.equal((result.returncode, left(daemon)), (1, None), "a broken file")
    probe.check(IS_OLD, "the old configuration is in force")
    for text in ("0", "2d", "soon", "-5s", ""):
        result = daemon.run("reload", "--confirm", text, check=False)
        lab.report.equal(result.returncode, 2, f"--confirm `{text}` is wrong usage")
    lab.report.equal(daemon.run("status", "--confirm", "1h", check=False).returncode, 2,
                     "and no option of `status`")
    daemon.configure(NEW)
    os.mkdir(os.path.join(daemon.state_dir, "unconfirmed.json.new"))
    result = daemon.run("reload", "--confirm", "1h", check=False)
    lab.report.equal((result.returncode, left(daemon)), (1, None), "a copy that cannot be written")
    lab.report.contains(result.stderr, "unconfirmed.json", "the file is named")
    probe.check(IS_OLD, "the old configuration is in force")


if __name__ == "__main__":
    main(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What throttles have counted outlasts the daemon (topology: lab.py)."""

import json
import os

from daemon import Daemon
from lab import SERVER4, SERVER6, main, wait_for
from report import SLOW
from traffic import UDP, listen, open_socket, pending

PORT, LIMIT = 7000, 50
CONFIG = f"""
version: 1
interfaces: {{wan0: {{out: 100mbit}}}}
throttles:
  hour: {{limit: {LIMIT}/3600, session: [saddr, daddr]}}
  tokens: {{rate: 8kbit, burst: 50kB, session: saddr}}
rules:
  - {{name: counted, if: dport == {PORT}, throttle: hour}}
  - {{name: bytes, if: dport == {PORT + 1}, throttle: tokens}}
"""


def send(lab, address, port, count, size=100):
    """Datagrams, each on a connection of its own; how many arrive once all are judged."""
    with listen(lab.server, UDP, port) as server:
        for _ in range(count):
            with open_socket(lab.client, UDP, address, port) as client:
                client.send(b"x" * size)
        arrived = []
        wait_for(lambda: arrived.extend(pending(server)) or idle(lab), "the queues to be empty")
        arrived.extend(pending(server))
        return len(arrived)


def idle(lab):
    text = lab.gateway.run("cat", "/proc/net/netfilter/nfnetlink_queue").stdout
    return all(line.split()[2] == "0" for line in text.splitlines())


def passed(daemon, tag):
    return {row["tag"]: row["passed"] for row in daemon.status()["throttles"]}[tag]


def check_sessions(lab, daemon, counts, what):
    rows = daemon.json("sessions", "-T", "hour")
    lab.report.equal({row["session"]["daddr"]: row["count"] for row in rows}, counts, what)


def test_stop_and_start(lab):
    """stop and start lose nothing, and the window goes on where it was"""
    daemon = Daemon(lab, CONFIG).start()
    lab.report.equal(send(lab, SERVER4, PORT, 20), 20, "20 of 50 pass before")
    lab.report.equal(send(lab, SERVER6, PORT, 60), LIMIT, "50 of 60 by IPv6")
    daemon.stop()
    daemon.start()
    check_sessions(lab, daemon, {SERVER4: 20, SERVER6: LIMIT}, "the counts are there again")
    lab.report.equal(passed(daemon, "hour"), 20 + LIMIT, "so is the total")
    left = daemon.json("sessions", "-T", "hour")[0]["window_left"]
    lab.report.within(left, 3600 - 300 * SLOW, 3600, "the window goes on")
    lab.report.equal(send(lab, SERVER4, PORT, 40), 30, "30 of 40 pass after it")
    lab.report.equal(send(lab, SERVER6, PORT, 5), 0, "none by IPv6")


def test_kill(lab):
    """a crash loses the last second at most"""
    daemon = Daemon(lab, CONFIG).start()
    lab.report.equal(send(lab, SERVER4, PORT, 20), 20, "20 pass before")
    path = os.path.join(daemon.state_dir, "sessions")
    wait_for(lambda: os.path.exists(path) and os.path.getsize(path) > 0, "the file", 10)
    size = os.path.getsize(path)
    lab.report.equal(send(lab, SERVER4, PORT, 10), 10, "10 more")
    wait_for(lambda: os.path.getsize(path) > size, "the file to have them", 10)
    daemon.kill()
    daemon.start()
    check_sessions(lab, daemon, {SERVER4: 30}, "the counts are there again")
    lab.report.equal(send(lab, SERVER4, PORT, 40), 20, "20 of 40 pass after it")


def test_bucket(lab):
    """a bucket is as empty as it was, but for the time gone by"""
    daemon = Daemon(lab, CONFIG).start()
    before = send(lab, SERVER4, PORT + 1, 100, 1000)
    # 1,028 bytes each with their headers, and what comes back meanwhile.
    lab.report.within(before, 48, 50 + 30 * SLOW, "about the burst passes")
    daemon.stop()
    daemon.start()
    # 1,000 bytes a second have come back.
    lab.report.within(send(lab, SERVER4, PORT + 1, 45, 1000), 0, 30 * SLOW, "the burst is not there again")


def test_reload(lab):
    """a reload keeps the sessions of a tag, with other limits, and forgets those of another key"""
    daemon = Daemon(lab, CONFIG).start()
    lab.report.equal(send(lab, SERVER4, PORT, 20), 20, "20 pass before")
    daemon.configure(CONFIG.replace(f"{LIMIT}/3600", "30/3600"))
    daemon.run("reload")
    lab.report.equal(send(lab, SERVER4, PORT, 20), 10, "10 of the 30 are left")
    daemon.configure(CONFIG.replace(f"{LIMIT}/3600, session: [saddr, daddr]",
                                    "30/3600, session: saddr"))
    daemon.run("reload")
    lab.report.equal(send(lab, SERVER4, PORT, 40), 30, "sessions by another key begin anew")
    daemon.stop()
    daemon.start()
    lab.report.equal(send(lab, SERVER4, PORT, 5), 0, "these are what is kept")


def test_damaged(lab):
    """a damaged file is set aside with a message, and the daemon starts"""
    daemon = Daemon(lab, CONFIG).start()
    send(lab, SERVER4, PORT, 20)
    daemon.stop()
    path = os.path.join(daemon.state_dir, "sessions")
    with open(path, "r+b") as file:
        file.seek(20)
        file.write(b"\xff" * 40)
    daemon.start()
    lab.report.ok("sessions.damaged" in daemon.log(), "the log names it", daemon.log())
    lab.report.ok(os.path.exists(path + ".damaged"), "it is set aside")
    lab.report.equal(send(lab, SERVER4, PORT, 60), LIMIT, "throttling goes on")


def test_damaged_state(lab):
    """a damaged state.json, or one of another version, is set aside: it has what nothing else has"""
    daemon = Daemon(lab, CONFIG).start()
    path = os.path.join(daemon.state_dir, "state.json")
    for what, change in (("cut short", lambda text: text[:len(text) // 2]),
                         ("of another version",
                          lambda text: text.replace('"version": 1', '"version": 2'))):
        daemon.run("throttle", "-T", "made", "5/1")
        daemon.stop()
        with open(path, encoding="utf-8") as file:
            changed = change(file.read())
        with open(path, "w", encoding="utf-8") as file:
            file.write(changed)
        result = daemon.run("check", check=False)
        lab.report.contains(result.stderr, "throttles that were made by command are lost",
                            f"{what}: check tells")
        lab.report.ok(not os.path.exists(path + ".damaged"), "and leaves it where it is")
        daemon.start()
        lab.report.contains(daemon.log(), "state.json.damaged", f"{what}: the log names it")
        with open(path + ".damaged", encoding="utf-8") as file:
            lab.report.equal(file.read(), changed, "it is kept")
        os.unlink(path + ".damaged")
        with open(path, encoding="utf-8") as file:
            lab.report.equal(json.load(file)["version"], 1, "a new one is there")


if __name__ == "__main__":
    main(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon tells a service manager and the log (topology: lab.py)."""

import ctypes
import os
import re
import signal
import socket

from daemon import Daemon
from lab import HERE, SERVER4, main, wait_for
from report import SCALE, SLOW
from traffic import UDP, NewFlows, listen, open_socket, udp_send

WEB, OTHER, TELNET = 8080, 7777, 2323
PERIOD = SLOW  # of the watchdog, in seconds

CONFIG = f"""
version: 1
interfaces:
  wan0: {{out: 100mbit}}
classes:
  web: {{out: {{rate: 40mbit, ceil: 100%}}}}
rules:
  - {{name: the web, if: dport == {WEB}, class: web}}
  - {{name: no telnet, if: dport == {TELNET}, action: drop}}
"""
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207


class Manager:
    """The service manager's socket."""

    def __init__(self, lab):
        self.path = lab.path("notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        lab.at_end(self.socket.close)

    def env(self, *more):
        return ("env", f"NOTIFY_SOCKET={self.path}", *more)

    def hear(self, timeout=5):
        """The next message that is not the watchdog's; None where there is none in time."""
        while True:
            text = self.hear_any(timeout)
            if text != "WATCHDOG=1":
                return text

    def hear_any(self, timeout=5):
        self.socket.settimeout(timeout * SLOW)
        try:
            return self.socket.recv(4096).decode()
        except TimeoutError:
            return None


def test_notify(lab):
    """READY, RELOADING with its time, READY again, STOPPING"""
    manager = Manager(lab)
    daemon = Daemon(lab, CONFIG).start(before=manager.env())
    lab.report.equal(manager.hear(), "READY=1", "ready")
    for config, status in ((CONFIG, 0), ("broken: [", 1)):
        daemon.configure(config)
        lab.report.equal(daemon.run("reload", check=False).returncode, status, "reload")
        found = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", manager.hear())
        lab.report.ok(found, "reloading")
        with open("/proc/uptime", encoding="ascii") as file:
            now = float(file.read().split()[0])
        lab.report.within(int(found.group(1)) / 1e6, now - 20 * SLOW, now + 1, "with the time")
        lab.report.equal(manager.hear(), "READY=1", "ready again, whether it failed or not")
    daemon.stop()
    lab.report.equal(manager.hear(), "STOPPING=1", "stopping")
    lab.report.equal(manager.hear(0.1), None, "and that is all")


def worker_threads(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as file:
            if file.read().strip() == "nfshaper-worker":
                found.append(int(task))
    return found


def state_of(pid, task):
    with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def test_watchdog(lab):
    """the watchdog is fed while all workers turn, and not while one hangs"""
    manager = Manager(lab)
    daemon = Daemon(lab, CONFIG + "queue: {workers: 2}\n")
    daemon.start(before=manager.env(f"WATCHDOG_USEC={int(PERIOD * 1e6)}"))
    pid = daemon.status()["pid"]
    lab.report.equal(manager.hear(), "READY=1", "ready")
    for _ in range(5):
        lab.report.equal(manager.hear_any(PERIOD / 2 / SLOW), "WATCHDOG=1",
                         "fed twice in a period at least")
    workers = worker_threads(pid)
    lab.report.equal(len(workers), 2, "two workers")

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_SEIZE, workers[1], None, None) != 0:
        lab.report.skip("a worker that hangs", os.strerror(ctypes.get_errno()))
        return
    libc.ptrace(PTRACE_INTERRUPT, workers[1], None, None)
    wait_for(lambda: state_of(pid, workers[1]) == "t", "the worker to hang")
    while manager.hear_any(PERIOD / 2 / SLOW):  # the last that it had earned
        pass
    lab.report.equal(manager.hear_any(2 * PERIOD / SLOW), None, "not fed while a worker hangs")
    lab.report.equal(daemon.status()["pid"], pid, "though the daemon still answers")
    libc.ptrace(PTRACE_DETACH, workers[1], None, None)
    lab.report.equal(manager.hear_any(PERIOD / SLOW), "WATCHDOG=1", "fed again when it goes on")


def test_another_watchdog(lab):
    """a watchdog that is another process's, or none, is not fed"""
    manager = Manager(lab)
    Daemon(lab, CONFIG).start(before=manager.env("WATCHDOG_USEC=400000", "WATCHDOG_PID=1"))
    lab.report.equal(manager.hear_any(), "READY=1", "ready")
    lab.report.equal(manager.hear_any(0.5), None, "no WATCHDOG=1")


def unit_settings():
    """What conf/nfshaper.service says, by key."""
    path = os.path.join(HERE, "..", "..", "conf", "nfshaper.service.in")
    with open(path, encoding="utf-8") as file:
        return dict(line.strip().split("=", 1) for line in file
                    if "=" in line and not line.startswith("#"))


def test_capabilities(lab):
    """it works with no more than the unit's capabilities"""
    names = unit_settings()["CapabilityBoundingSet"].lower().replace("cap_", "").split()
    bounds = ",".join(["-all", *("+" + name for name in names)])
    daemon = Daemon(lab, CONFIG).start(before=("setpriv", "--no-new-privs", "--bounding-set", bounds))
    server = listen(lab.server, UDP, WEB)
    udp_send(open_socket(lab.client, UDP, SERVER4, WEB), server)
    lab.report.equal(daemon.status()["queue"]["received"], 1, "it decides")
    lab.report.equal(daemon.run("reload", check=False).returncode, 0, "reload")
    daemon.stop()
    lab.report.equal(re.findall("not permitted|could not|denied", daemon.log()), [],
                     "nothing was refused")


class Journal:
    """The journal's socket, where the daemon alone sees it."""

    def __init__(self, lab, daemon):
        folder = lab.path("journal")
        os.mkdir(folder)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(os.path.join(folder, "socket"))
        self.socket.settimeout(5 * SLOW)
        lab.at_end(self.socket.close)
        with open(daemon.log_path, "ab"):
            pass
        log = os.stat(daemon.log_path)
        self.before = ("unshare", "-m", "sh", "-c", "mount -t tmpfs none /run && "
                       f"mkdir -p /run/systemd/journal && mount --bind {folder} "
                       "/run/systemd/journal && exec \"$@\"", "sh",
                       "env", f"JOURNAL_STREAM={log.st_dev}:{log.st_ino}")

    def wait(self, **wanted):
        """The next entry that has these fields."""
        while True:
            entry = dict(line.split("=", 1) for line in
                         self.socket.recv(65536).decode().splitlines() if "=" in line)
            if all(entry.get(key) == value for key, value in wanted.items()):
                return entry


def test_journal(lab):
    """where standard error is the journal, entries have fields of their own"""
    daemon = Daemon(lab, CONFIG)
    journal = Journal(lab, daemon)
    daemon.start(before=journal.before)
    entry = journal.wait(NFSHAPER_EVENT="running")
    lab.report.equal((entry["PRIORITY"], entry["SYSLOG_IDENTIFIER"]), ("6", "nfshaper"),
                     "priority and name")
    lab.report.contains(entry["MESSAGE"], "running", "the text")
    lab.report.equal(daemon.log(), "", "nothing goes to standard error itself")
    daemon.configure(CONFIG.replace("class: web", "class: wbe"))
    daemon.run("reload", check=False)
    entry = journal.wait(NFSHAPER_EVENT="configuration")
    lab.report.equal((entry["PRIORITY"], entry["NFSHAPER_FILE"], entry["NFSHAPER_LINE"]),
                     ("3", daemon.config_path, "8"), "an error with its place")
    journal.wait(NFSHAPER_EVENT="not-reloaded")


def test_syslog(lab):
    """detached, and without a journal, messages go to syslog with their priorities"""
    daemon = Daemon(lab, CONFIG)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(lab.path("log"))
    listener.settimeout(5 * SLOW)
    lab.at_end(listener.close)
    lab.gateway.run("unshare", "-m", "sh", "-c", "mount -t tmpfs none /run && "
                    "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && touch /dev/log && "
                    f"mount --bind {lab.path('log')} /dev/log && exec \"$@\"", "sh",
                    *daemon.words("start"))
    pid = daemon.status()["pid"]

    def wait(part):
        while True:
            text = listener.recv(4096).decode()
            if part in text:
                return text
    daemon.run("reload")
    text = wait("reloaded")
    lab.report.ok(text.startswith("<30>") and f"nfshaper[{pid}]" in text, "daemon.info", text)
    daemon.configure("broken: [")
    daemon.run("reload", check=False)
    lab.report.ok(wait("not reloaded").startswith("<27>"), "daemon.err")
    daemon.configure(CONFIG)
    daemon.run("stop")


DECISION = re.compile(r"^nfshaper: udp \S+ -> \S+, forward, from lan0, to wan0, \d+ bytes: (.*)$",
                      re.MULTILINE)
MISSING = re.compile(r"^nfshaper: (\d+) decisions are not shown", re.MULTILINE)


def test_decisions(lab):
    """-V 4 shows every decision with its rule; -V 3 shows none"""
    daemon = Daemon(lab, CONFIG).start("-V", "4")
    servers = {port: listen(lab.server, UDP, port) for port in (WEB, OTHER)}
    for port, text in ((WEB, "class web, by `the web`"), (OTHER, "class default, by no rule")):
        udp_send(open_socket(lab.client, UDP, SERVER4, port), servers[port])
        wait_for(lambda t=text: t in DECISION.findall(daemon.log()), text)
    open_socket(lab.client, UDP, SERVER4, TELNET).send(b"x")
    wait_for(lambda: "drop, by `no telnet`" in DECISION.findall(daemon.log()), "the drop")
    lab.report.equal(len(DECISION.findall(daemon.log())), 3, "three packets, three lines")
    daemon.run("reload")
    udp_send(open_socket(lab.client, UDP, SERVER4, WEB), servers[WEB])
    wait_for(lambda: len(DECISION.findall(daemon.log())) == 4, "a decision by the new snapshot")
    daemon.stop()
    daemon.start("-V", "3")
    udp_send(open_socket(lab.client, UDP, SERVER4, WEB), servers[WEB])
    lab.report.equal(daemon.status()["queue"]["received"], 1, "a packet was judged")
    lab.report.contains(daemon.log(), "user 0 asks for `status`", "-V 3 shows requests")
    daemon.stop()
    lab.report.equal(len(DECISION.findall(daemon.log())), 4, "but not decisions")


def test_many_decisions(lab):
    """of a flood, what is not shown is counted"""
    daemon = Daemon(lab, CONFIG).start("-V", "4")
    flows = NewFlows(lab, lab.server, SERVER4, WEB)
    flows.wait_more(5000 // SCALE, "traffic")
    flows.stop()
    received = daemon.status()["queue"]["received"]
    lab.report.within(received, flows.sent // 2, 2 * flows.sent, "connections were judged")

    def accounted():
        log = daemon.log()
        return len(DECISION.findall(log)) + sum(map(int, MISSING.findall(log)))
    wait_for(lambda: accounted() >= received, "every decision to be accounted for")
    lab.report.equal(accounted(), received, "shown or counted as missing")
    lab.report.equal(flows.got, flows.sent, "and no packet was lost for it")


def test_losses(lab):
    """packets that are lost because the queue is full are a message, one for all of them"""
    daemon = Daemon(lab, CONFIG + "queue: {length: 16, on-failure: closed, workers: 1}\n").start()
    daemon.suspend()
    clients = [open_socket(lab.client, UDP, SERVER4, WEB) for _ in range(50)]
    for client in clients:
        client.send(b"x")
    daemon.process.send_signal(signal.SIGCONT)
    dropped = wait_for(lambda: daemon.status()["queue"]["queue_dropped"], "packets to be lost")
    lab.report.equal(dropped, 50 - 16, "the queue holds 16 of 50")
    wait_for(lambda: "full queue" in daemon.log(), "the message", 15)
    lab.report.equal(re.findall(r"(\d+) packets met a full queue", daemon.log()), [str(dropped)],
                     "it has their number")


if __name__ == "__main__":
    main(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop, crash, and start again (topology: lab.py)."""

import os
import signal
import subprocess

from daemon import Daemon
from lab import GATEWAY_LAN4, SERVER4, SERVER6, main, wait_for
from observe import Meter, marks, qdiscs, tables, waiting
from traffic import (TCP, UDP, NewFlows, Stream, listen, open_socket, pending, received_all,
                     tcp_exchange, udp_send)

WEB_PORT, OTHER_PORT = 8080, 7777

CONFIG = f"""
version: 1
interfaces:
  wan0: {{out: 100mbit}}
classes:
  default: {{out: {{rate: 10mbit, ceil: 100%}}}}
  games: {{out: {{rate: 10mbit, ceil: 100%}}}}
  web: {{out: {{rate: 40mbit, ceil: 100%}}}}
rules:
  - name: web
    if: dport == {WEB_PORT}
    class: web
"""
CLOSED = CONFIG + "queue: {on-failure: closed}\n"
TABLE = "inet nfshaper"


def check_gone(lab, before, run_dir, when):
    """No trace of nfshaper: table, qdisc, socket, pid file."""
    lab.report.equal(TABLE in tables(lab.gateway), False, f"{when}: no table")
    lab.report.equal(qdiscs(lab.gateway, "wan0"), before, f"{when}: the kernel's own qdisc")
    left = [name for name in os.listdir(run_dir) if not name.startswith(".")] \
        if os.path.isdir(run_dir) else []
    lab.report.equal(left, [], f"{when}: no socket, no pid file")


def test_detached(lab):
    """start detaches once all is in place; stop removes everything"""
    before = qdiscs(lab.gateway, "wan0")
    daemon = Daemon(lab, CONFIG)
    result = daemon.run("start", check=False)
    lab.report.equal(result.returncode, 0, f"start: {result.stderr.strip()}")
    lab.report.equal(TABLE in tables(lab.gateway), True, "the table is there when start returns")
    lab.report.equal(qdiscs(lab.gateway, "wan0")[0], "htb 1:", "and the qdisc")
    with open(os.path.join(daemon.run_dir, "nfshaper.pid"), encoding="ascii") as file:
        pid = int(file.read())
    lab.report.equal(daemon.status()["pid"], pid, "status has the process id of the pid file")
    server = listen(lab.server, UDP, WEB_PORT)
    udp_send(open_socket(lab.client, UDP, SERVER4, WEB_PORT), server)
    lab.report.equal(marks(lab.gateway, dport=WEB_PORT), [daemon.ids()["web"]["mark"]],
                     "it decides")
    mode = os.stat(daemon.run_dir).st_mode & 0o777
    lab.report.equal(oct(mode & 0o007), "0o0", "others cannot enter the run folder")

    result = daemon.run("stop", check=False)
    lab.report.equal(result.returncode, 0, f"stop: {result.stderr.strip()}")
    check_gone(lab, before, daemon.run_dir, "after stop")
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the process to end")
    udp_send(open_socket(lab.client, UDP, SERVER4, WEB_PORT), server)
    lab.report.equal(daemon.run("status", check=False).returncode, 3, "status: no daemon runs")
    lab.report.equal(daemon.run("stop", check=False).returncode, 3, "stop: no daemon runs")


def test_stop_keeps_waiting_packets(lab):
    """packets that wait for an answer when it is told to stop are not lost"""
    before = qdiscs(lab.gateway, "wan0")
    daemon = Daemon(lab, CONFIG).start()
    server = listen(lab.server, UDP, WEB_PORT)
    daemon.suspend()
    clients = [open_socket(lab.client, UDP, address, WEB_PORT)
               for address in (SERVER4, SERVER6) for _ in range(25)]
    for number, client in enumerate(clients):
        client.send(b"%d" % number)
    lab.report.equal(wait_for(lambda: waiting(lab.gateway) == 50, "50 packets to wait"), True,
                     "50 packets wait while it is suspended")
    daemon.process.send_signal(signal.SIGTERM)
    daemon.resume()
    got = received_all(server, 50)
    lab.report.equal(sorted(got, key=int), [b"%d" % number for number in range(50)],
                     "all 50 arrive")
    daemon.check_end()
    check_gone(lab, before, daemon.run_dir, "after SIGTERM")


def test_stop_under_load(lab):
    """a stream of new connections loses nothing in the queues at start and at stop

    It goes to the gateway itself: the kernel drops what it wants to send on an interface in the
    moment in which its root qdisc is exchanged (net/sched/sch_api.c, qdisc_graft).
    """
    daemon = Daemon(lab, CONFIG)
    flows = NewFlows(lab, lab.gateway, GATEWAY_LAN4, WEB_PORT)
    flows.wait_more(200, "traffic before it")
    daemon.start()
    flows.wait_more(200, "traffic while it runs")
    daemon.stop()
    flows.wait_more(200, "traffic after it")
    flows.stop()
    lab.report.equal(flows.got, flows.sent, f"all of {flows.sent} new connections arrived")


def test_crash_open(lab):
    """SIGKILL with on-failure open: decided flows stay shaped, new ones pass, restart works"""
    daemon = Daemon(lab, CONFIG).start()
    ids = daemon.ids()
    server = listen(lab.server, TCP, WEB_PORT)
    stream = Stream(lab, lab.client, server, SERVER4, WEB_PORT)
    stream.wait_more(1 << 20)
    daemon.kill()
    lab.report.equal(TABLE in tables(lab.gateway), True, "the table outlives a crash")
    meter = Meter(lab.gateway, "wan0")
    # Some of what arrives now had left before.
    wait_for(lambda: meter.bytes()[ids["web"]["classid"]] >= 1 << 20, "a megabyte in its class")
    lab.report.equal(list(meter.packets()), [ids["web"]["classid"]],
                     "the decided connection is still in its class, with all its bytes")

    plain = listen(lab.server, UDP, WEB_PORT)
    newcomer = open_socket(lab.client, UDP, SERVER6, WEB_PORT)
    udp_send(newcomer, plain)
    lab.report.equal(marks(lab.gateway, proto="udp", dport=WEB_PORT), [0],
                     "a new one passes, undecided")
    lab.report.equal(daemon.run("status", check=False).returncode, 3, "status: no daemon runs")

    daemon.start()
    lab.report.equal(daemon.ids(), ids, "a restart keeps every mark and classid")
    udp_send(newcomer, plain)
    lab.report.equal(marks(lab.gateway, proto="udp", dport=WEB_PORT), [ids["web"]["mark"]],
                     "its next packet is judged after the restart")
    lab.report.equal(marks(lab.gateway, proto="tcp", dport=WEB_PORT), [ids["web"]["mark"]],
                     "the old one keeps its mark")
    stream.wait_more(1 << 20)


def test_ids_survive_another_order(lab):
    """after a crash and with classes added, removed and moved, a name keeps its ids"""
    daemon = Daemon(lab, CONFIG).start()
    ids = daemon.ids()
    daemon.kill()
    daemon.configure(CONFIG.replace("  games: {out: {rate: 10mbit, ceil: 100%}}\n",
                                    "  alpha: {out: {rate: 10mbit, ceil: 100%}}\n"))
    daemon.start()
    now = daemon.ids()
    lab.report.equal(now["web"], ids["web"], "web keeps its mark and classid")
    lab.report.equal(now["default"], ids["default"], "default too")
    server = listen(lab.server, UDP, WEB_PORT)
    meter = Meter(lab.gateway, "wan0")
    udp_send(open_socket(lab.client, UDP, SERVER4, WEB_PORT), server)
    lab.report.equal(meter.packets(), {ids["web"]["classid"]: 1}, "and the kernel uses it")


def test_crash_closed(lab):
    """SIGKILL with on-failure closed: decided flows go on, new ones wait for the daemon"""
    daemon = Daemon(lab, CLOSED).start()
    mark = daemon.ids()["web"]["mark"]
    server = listen(lab.server, UDP, WEB_PORT)
    decided = open_socket(lab.client, UDP, SERVER4, WEB_PORT)
    udp_send(decided, server)
    daemon.kill()
    newcomer = open_socket(lab.client, UDP, SERVER4, WEB_PORT)
    for _ in range(5):
        newcomer.send(b"too early")
    # What is sent later arrives later: when this is there, the others are lost.
    udp_send(decided, server, b"decided")
    lab.report.equal(pending(server), [], "a decided flow passes, new ones are dropped")
    port = newcomer.getsockname()[1]
    lab.report.equal(marks(lab.gateway, proto="udp", sport=port), [], "and leave no entry")
    daemon.start()
    udp_send(newcomer, server, b"now")
    lab.report.equal(marks(lab.gateway, proto="udp", sport=port), [mark],
                     "with the daemon back it passes, decided")


def test_crash_of_a_detached_daemon(lab):
    """a stale socket and pid file do not hinder the next start"""
    daemon = Daemon(lab, CONFIG)
    daemon.run("start")
    pid = daemon.status()["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the process to end")
    result = daemon.run("start", check=False)
    lab.report.equal(result.returncode, 0, f"start after SIGKILL: {result.stderr.strip()}")
    lab.report.ok(daemon.status()["pid"] != pid, "another process runs")
    lab.report.equal(daemon.run("stop", check=False).returncode, 0, "stop")


def test_second_instance(lab):
    """a second daemon on the same run folder is refused, and the first is unharmed"""
    daemon = Daemon(lab, CONFIG).start()
    for words in (("start",), ("start", "-f")):
        result = daemon.run(*words, check=False)
        lab.report.equal(result.returncode, 1, f"{' '.join(words)}: exit status")
        lab.report.contains(result.stderr, str(daemon.status()["pid"]),
                            "the message has the process id of the first")
    server = listen(lab.server, TCP, WEB_PORT)
    tcp_exchange(lab.client, server, SERVER4, WEB_PORT)
    lab.report.equal(marks(lab.gateway, dport=WEB_PORT), [daemon.ids()["web"]["mark"]],
                     "the first goes on deciding")


def test_second_run_folder(lab):
    """another run folder in the same network namespace is refused, and the first is unharmed"""
    first = Daemon(lab, CONFIG).start()
    second = Daemon(lab, CONFIG + "queue: {first: 20}\n", name="second")
    result = second.run("start", check=False)
    lab.report.equal(result.returncode, 1, "exit status")
    lab.report.contains(result.stderr, "network namespace", "the message says why")
    server = listen(lab.server, UDP, WEB_PORT)
    udp_send(open_socket(lab.client, UDP, SERVER4, WEB_PORT), server)
    lab.report.equal(marks(lab.gateway, dport=WEB_PORT), [first.ids()["web"]["mark"]],
                     "the first goes on deciding")
    lab.report.equal(second.run("stop", check=False).returncode, 3, "stop: no daemon runs there")
    lab.report.equal(TABLE in tables(lab.gateway), True, "the first one's table is not touched")


def test_foreign_socket_in_the_way(lab):
    """another program on our queue number: start fails, names the queue, leaves nothing"""
    before = qdiscs(lab.gateway, "wan0")
    tool = os.path.join(os.environ.get("builddir", "."), "tests", "lab", "queue_tool")
    owner = subprocess.Popen(lab.gateway.command(tool, "-f", "0"), stdout=subprocess.DEVNULL)
    lab.at_end(owner.kill)
    wait_for(lambda: waiting(lab.gateway) is not None, "the queue to have an owner")
    daemon = Daemon(lab, CONFIG)
    result = daemon.run("start", check=False)
    lab.report.equal(result.returncode, 1, "exit status")
    lab.report.contains(result.stderr, "queue 0", "the message names the queue")
    lab.report.contains(result.stderr, "queue: {first:", "and the remedy")
    check_gone(lab, before, daemon.run_dir, "after it")
    owner.send_signal(signal.SIGTERM)
    owner.wait(5)


def test_leftovers_of_another_file(lab):
    """after a crash and with another file: what was left on other interfaces goes; so does `stop`"""
    before = {device: qdiscs(lab.gateway, device) for device in ("wan0", "lan0")}
    daemon = Daemon(lab, CONFIG).start()
    daemon.kill()
    daemon.configure(CONFIG.replace("wan0", "lan0"))
    daemon.start()
    lab.report.equal(qdiscs(lab.gateway, "lan0")[0], "htb 1:", "lan0 is shaped")
    lab.report.equal(qdiscs(lab.gateway, "wan0"), before["wan0"], "wan0 is not any more")
    daemon.kill()
    daemon.configure("version: 2\n")
    lab.report.equal(daemon.run("start", check=False).returncode, 1, "a broken file: no start")
    lab.report.equal(TABLE in tables(lab.gateway), True, "the table is as it was")
    result = daemon.run("stop", check=False)
    lab.report.equal(result.returncode, 3, "stop: no daemon runs")
    lab.report.contains(result.stderr, "is removed", "and says what it has done")
    check_gone(lab, before["wan0"], lab.path("nothing"), "after stop")
    lab.report.equal(qdiscs(lab.gateway, "lan0"), before["lan0"], "lan0 has its own qdisc again")


def test_renamed_interface(lab):
    """an interface that gets another name is left alone; the next of that name is shaped"""
    Daemon(lab, CONFIG.replace("wan0", "wan9")).start()
    lab.gateway.ip("link set wan0 down", "link set wan0 name wan9")
    wait_for(lambda: qdiscs(lab.gateway, "wan9")[:1] == ["htb 1:"], "wan9 to be shaped", 10)
    lab.gateway.ip("link set wan9 name wan8", "link add wan9 type veth peer name other9")
    wait_for(lambda: qdiscs(lab.gateway, "wan9")[:1] == ["htb 1:"], "the new wan9 to be shaped", 10)
    wait_for(lambda: "htb 1:" not in qdiscs(lab.gateway, "wan8"), "wan8 to be left alone", 10)
    lab.report.ok(True, "the old one is left alone, the new one is shaped")



if __name__ == "__main__":
    main(globals())

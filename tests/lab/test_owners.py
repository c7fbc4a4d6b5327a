#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on who owns a connection decide its first packet: real processes of real users in the
gateway (topology: lab.py)."""

import json
import os
import socket
import sys

from callers import PORT, PORTS, Counts, config, tool, serve, check_counts, check_queue, programs
from daemon import Daemon
from lab import CLIENT4, GATEWAY_WAN4, SERVER4, SERVER6, main, wait_for
from observe import entries
from processes import GAMES, NOBODY, cgroups, crowd, end, in_cgroup, python, run, start
from report import SCALE, SLOW
from traffic import TCP, UDP, listen, open_socket, pending, udp_send


def test_first_packets(lab):
    """5,000 short connections by two users and three programs, among 2,000 other processes"""
    each = 5000 // 24 // SCALE + 1  # of each user, program, protocol and family
    found = programs(lab)
    kinds = [(user, name) for user in (NOBODY, GAMES) for name in found]
    names = {(user.pw_name, name): f"{user.pw_name}-{name}" for user, name in kinds}
    rules = [f"name: '{user.pw_name}, {name}', class: {user.pw_name}-{name}, "
             f"if: \"user == {user.pw_name} and {found[name][0]}\"" for user, name in kinds]
    crowd(lab, 2000 // SCALE, user=NOBODY)
    daemon = Daemon(lab, config(names.values(), rules)).start()
    ports = dict(zip(PORTS, names.values()))
    counts = Counts(lab.gateway, daemon, ports)
    serve(lab, lab.server, ports)
    running = [start(lab, "sh", "-c", 'for a in "$@"; do eval "$a" || echo failed; done; echo end',
                     "sh", *[shell(found[name][1](kind, each, address, port))
                             for kind in ("SOCK_STREAM", "SOCK_DGRAM")
                             for address in (SERVER4, SERVER6)], user=user, wait=False)[0]
               for port, (user, name) in zip(PORTS, kinds)]
    for process in running:
        words = process.stdout.read().split("\n")
        lab.report.ok("failed" not in words and "end" in words, "a process has made all of its",
                      words)
    connections = 4 * each * len(kinds)
    # One in a thousand; where the machine is slow, as many times more.
    check_counts(lab, counts, connections, int(max(1, connections // 1000) * SLOW))
    check_queue(lab, daemon)
    status = daemon.status()
    lab.report.note(status["owners"])
    lab.report.ok(status["owners"]["late"] >= counts.read()["first_undecided"],
                  "status has those that were late")
    # A port that is used again goes on with its conntrack entry.
    lab.report.within(sum(rule["hits"] for rule in status["rules"]), connections * 0.99,
                      connections, "each hit its rule once")


def shell(words):
    return " ".join("'" + str(word).replace("'", "'\\''") + "'" for word in words)


def test_short_lived(lab):
    """processes that connect once and end"""
    caller = tool(lab)
    daemon = Daemon(lab, config(("mine",), [f"class: mine, if: cmd == '{caller}'"])).start()
    counts = Counts(lab.gateway, daemon, {PORT + 1: "mine"})
    serve(lab, lab.server, [PORT + 1])
    lives = 500 // SCALE + 1
    for kind in ("", "-u "):
        run(lab, "sh", "-c", f"i=0; while [ $i -lt {lives} ]; do i=$((i+1)); {caller} {kind}"
            f"{SERVER4} {PORT + 1}; done", user=NOBODY)
    check_counts(lab, counts, 2 * lives, 2 * lives // 100 + 1)
    check_queue(lab, daemon)


def test_nothing_asked(lab):
    """without a rule on owners nothing is looked up, until a reload brings one"""
    daemon = Daemon(lab, config(("mine",), ["class: mine, if: dport == 1"])).start()
    serve(lab, lab.server, [PORT + 1])
    words = [tool(lab), "-c", "50", SERVER4, str(PORT + 1)]
    run(lab, *words, user=NOBODY)
    owners = daemon.status()["owners"]
    lab.report.equal((owners["source"], owners["lookups"], owners["searches"]), ("off", 0, 0),
                     "no look-up")
    lab.report.ok("nfshaper-owners" not in threads(daemon), "and nobody to make any")
    daemon.configure(config(("mine",), [f"class: mine, if: dport == {PORT + 1} and user == nobody",
                                        "class: mine, if: dport == 1 and cmd == x"]))
    daemon.run("reload")
    counts = Counts(lab.gateway, daemon, {PORT + 1: "mine"})
    run(lab, *words, user=NOBODY)
    check_counts(lab, counts, 50, 1)
    owners = daemon.status()["owners"]
    lab.report.ok(owners["lookups"] >= 50, "the user is looked up", owners)
    lab.report.ok("nfshaper-owners" in threads(daemon), "there is somebody to do so")
    lab.report.equal(owners["searches"], 0, "the process is not: that rule cannot match")
    daemon.configure(config(("mine",), ["class: mine, if: dport == 1"]))
    daemon.run("reload")
    before = daemon.status()["owners"]["lookups"]
    run(lab, *words, user=NOBODY)
    lab.report.equal(daemon.status()["owners"]["lookups"], before, "and nothing again")


def threads(daemon):
    pid = daemon.status()["pid"]
    names = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="utf-8") as file:
            names.add(file.read().strip())
    return names


def mark_of(lab, port):
    """The mark of the only connection to or from that port."""
    found = [entry for entry in entries(lab.gateway) if port in (entry.sport, entry.dport)]
    return found[0].mark if len(found) == 1 else None


def test_incoming(lab):
    """the owner of a connection from outside is who listens; a socket that a child has inherited"""
    daemon = Daemon(lab, config(("games", "mine"), [
        "class: games, if: dir == in and user == games",
        "class: mine, if: \"user == nobody and 'inherited' in args\""])).start()
    ids = daemon.ids()
    listener = ("import socket, sys\ns = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)\n"
                "s.bind(('::', int(sys.argv[1]))); s.listen()\n"
                "u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n"
                "u.bind(('::', int(sys.argv[1])))\n"
                "print('ready', flush=True)\nsys.stdin.read()\n")
    start(lab, *python(listener, PORT + 1), user=GAMES)
    for address in (GATEWAY_WAN4, "fd77:2::1"):
        with open_socket(lab.server, TCP, address, PORT + 1) as client:
            lab.report.equal(mark_of(lab, client.getsockname()[1]), ids["games"]["mark"],
                             f"TCP to {address}")
        with open_socket(lab.server, UDP, address, PORT + 1) as client:
            client.send(b"hello")
            wait_for(lambda: mark_of(lab, client.getsockname()[1]) == ids["games"]["mark"],
                     f"UDP to {address}")
    # The parent opens it and waits; its child, another program, connects it.
    program = ("import os, socket, subprocess, sys\n"
               "s = socket.socket(); s.set_inheritable(True)\n"
               "child = 'import socket, sys; socket.socket(fileno=int(sys.argv[1]))"
               ".connect((sys.argv[2], int(sys.argv[3])))'\n"
               "subprocess.run([sys.executable, '-c', child, str(s.fileno()), *sys.argv[2:]],"
               " pass_fds=(s.fileno(),), check=True)\n"
               "print(s.getsockname()[1], flush=True)\nsys.stdin.read()\n")
    server = listen(lab.server, TCP, PORT + 2)
    _, port = start(lab, *python(program, "inherited", SERVER4, PORT + 2), user=NOBODY)
    server.accept()[0].close()
    lab.report.equal(mark_of(lab, int(port)), ids["mine"]["mark"], "of the one that opened it")


def test_exec(lab):
    """another program in the same process, between connecting and sending"""
    daemon = Daemon(lab, config(("before", "after"), [
        f"class: after, if: \"user == nobody and dport == {PORT + 1} and 'second' in args\"",
        f"class: before, if: \"user == nobody and dport == {PORT + 1} and 'first' in args\""])
        ).start()
    ids = daemon.ids()
    program = ("import os, socket, sys\n"
               "if sys.argv[1] == 'first':\n"
               "    s = socket.socket(type=socket.SOCK_DGRAM)\n"
               f"    s.connect(({SERVER4!r}, {PORT + 1}))\n"
               "    s.set_inheritable(True)\n"
               "    print(s.getsockname()[1], flush=True)\n"
               "    os.execv(sys.executable, sys.orig_argv[:3] + ['second', str(s.fileno())])\n"
               "s = socket.socket(fileno=int(sys.argv[2]))\ns.send(b'1')\n"
               "print('sent', flush=True)\nsys.stdin.read()\n")
    server = listen(lab.server, UDP, PORT + 1)
    process, port = start(lab, *python(program, "first"), user=NOBODY)
    lab.report.equal(process.stdout.readline(), "sent\n", "sent by the second")
    server.recv(10)
    lab.report.equal(mark_of(lab, int(port)), ids["after"]["mark"], "it is called what it is now")


def test_exec_by_a_thread(lab):
    """a program that a thread has begun, which was not the first one of its process"""
    daemon = Daemon(lab, config(("mine",), ["class: mine, if: \"'second' in args\""])).start()
    program = ("import os, socket, sys, threading, time\n"
               "if sys.argv[1] == 'first':\n"
               "    words = sys.orig_argv[:3] + ['second']\n"
               "    threading.Thread(target=os.execv, args=(sys.executable, words)).start()\n"
               "    time.sleep(60)\n"
               "s = socket.socket()\n"
               f"s.connect(({SERVER4!r}, {PORT + 1}))\n"
               "print(s.getsockname()[1], flush=True)\nsys.stdin.read()\n")
    with listen(lab.server, TCP, PORT + 1):
        _, port = start(lab, *python(program, "first"), user=NOBODY)
        lab.report.equal(mark_of(lab, int(port)), daemon.ids()["mine"]["mark"], "it is found")


def test_redirected(lab):
    """connections with another end than they were made to (DNAT at output)"""
    daemon = Daemon(lab, config(("mine",), ["class: mine, if: \"'hello' in args\""])).start()
    lab.gateway.nft(f"""table ip moved {{ chain out {{ type nat hook output priority -100;
        ip daddr {SERVER4} tcp dport {PORT + 3} dnat to {SERVER4}:{PORT + 1}; }}; }}""")
    program = ("import socket, sys\ns = socket.socket()\n"
               f"s.connect(({SERVER4!r}, {PORT + 3}))\n"
               "print(s.getsockname()[1], flush=True)\nsys.stdin.read()\n")
    with listen(lab.server, TCP, PORT + 1):
        _, port = start(lab, *python(program, "hello"), user=NOBODY)
        daemon.run("reload")
        wait_for(lambda: daemon.status()["remark"]["state"] == "done", "all to be judged")
        lab.report.equal(mark_of(lab, int(port)), daemon.ids()["mine"]["mark"], "at a reload")


def test_cgroup(lab):
    """a daemon by its control group and its unit"""
    folder, name = cgroups(lab, "one.service", "two.service")
    daemon = Daemon(lab, config(("one", "two"), [
        "class: one, if: unit == one.service",
        f"class: two, if: cgroup == '{name}/two.service'"])).start()
    counts = Counts(lab.gateway, daemon, {PORT + 1: "one", PORT + 2: "two"})
    serve(lab, lab.server, [PORT + 1, PORT + 2])
    caller = tool(lab)
    for number, unit in enumerate(("one.service", "two.service"), 1):
        for kind in ([], ["-u"]):
            run(lab, *in_cgroup(f"{folder}/{unit}", caller, *kind, "-c", "50", SERVER4,
                                str(PORT + number)))
    check_counts(lab, counts, 200, 2)
    lab.report.equal(daemon.status()["owners"]["searches"], 0, "no process is searched for that")


def test_forwarded(lab):
    """a forwarded connection has no owner: nothing is looked up, and no test on it holds"""
    daemon = Daemon(lab, config(("known", "unknown"), [
        "class: known, if: user != x or cmd like '*' or uid >= 0",
        "class: unknown, if: not user == nobody"])).start()
    ids = daemon.ids()
    server = listen(lab.server, UDP, PORT + 1)
    with open_socket(lab.client, UDP, SERVER4, PORT + 1, source=(CLIENT4, 0)) as client:
        udp_send(client, server)
        lab.report.equal(mark_of(lab, client.getsockname()[1]), ids["unknown"]["mark"],
                         "no test on its owner holds")
    lab.report.equal(daemon.status()["owners"]["lookups"], 0, "no look-up")


def test_late(lab):
    """past the deadline: open lets it pass, closed drops it, and the next packet decides"""
    program = ("import socket, sys\ns = socket.socket(type=socket.SOCK_DGRAM)\n"
               f"s.connect(({SERVER4!r}, int(sys.argv[1])))\n"
               "print(s.getsockname()[1], flush=True)\n"
               "for line in sys.stdin: s.send(b'1')\n")
    for to, failure in ((PORT + 1, "open"), (PORT + 2, "closed")):
        server = listen(lab.server, UDP, to)
        daemon = Daemon(lab, config(("mine",), ["class: mine, if: \"'late' in args\""],
                                    f"queue: {{owner-deadline: 0ms, on-failure: {failure}}}\n"),
                        name=failure).start()
        process, port = start(lab, *python(program, to, "late"), user=NOBODY)

        def send():
            process.stdin.write("\n")
            process.stdin.flush()

        def mark():
            return mark_of(lab, int(port))
        send()
        wait_for(lambda: daemon.status()["owners"]["late"], f"{failure}: the packet that is late")
        if failure == "open":
            lab.report.equal(server.recv(10), b"1", "open: it passed")
            lab.report.equal(mark(), 0, "open: undecided")
        else:
            lab.report.equal((pending(server), mark()), ([], None), "closed: it is gone")
        wait_for(lambda: send() or mark() == daemon.ids()["mine"]["mark"], "the decision")
        lab.report.ok(daemon.status()["owners"]["late"] <= 3, f"{failure}: by one of the next",
                      daemon.status()["owners"])
        check_queue(lab, daemon)
        end(process)
        daemon.stop()
        lab.gateway.run("conntrack", "-F")


def test_throttles(lab):
    """sessions by user, exactly; rules on owners that count packets, both directions"""
    daemon = Daemon(lab, f"queue: {{owner-deadline: {20 * SLOW:.0f}ms}}" + """
version: 1
interfaces: {wan0: {out: 1gbit}}
throttles:
  users: {limit: 20/1000, session: user, count: connections}
  packets: {limit: 7/1000, session: user, count: packets}
  calls: {limit: 5/1000, session: user, count: packets}
rules:
  - {name: connections, if: "dport == 7001", throttle: users, over: reject}
  - {name: packets, if: "cmd like '*/caller' and 7002 in [dport, sport]", throttle: packets}
""".replace("7002 in [dport, sport]", "(dport == 7002 or sport == 7002)")).start()
    serve(lab, lab.server, [PORT + 1, PORT + 2, PORT + 3])
    caller = tool(lab)
    for user in (NOBODY, GAMES):
        made = json.loads(output(lab, caller, "-c", "30", SERVER4, PORT + 1, user=user))
        lab.report.equal(made["connections"] - made["failed"], 20, f"{user.pw_name}: 20 of 30")
    # Of each exchange three datagrams: two out, one in.
    for user in (NOBODY, GAMES):
        output(lab, caller, "-u", "-c", "2", SERVER4, PORT + 2, user=user)
        wait_for(lambda user=user: counted(daemon, "packets", user) == 6, "six packets")
        lab.report.ok(True, f"{user.pw_name}: requests and answers")
    sessions = {row["session"]["user"]: row["count"] for row in daemon.json("sessions")
                if row["tag"] == "users"}
    lab.report.equal(len(sessions), 2, "a session for each user")
    lab.gateway.nft(f"""table inet mine {{ chain out {{ type filter hook output priority 0;
        udp dport {PORT + 3} meta mark set meta mark | {daemon.calls()['calls']:#x}; }}; }}""")
    for user in (NOBODY, GAMES):
        output(lab, caller, "-u", "-c", "2", SERVER4, PORT + 3, user=user)
        wait_for(lambda user=user: counted(daemon, "calls", user) == 4, "four calls")
        lab.report.ok(True, f"{user.pw_name}: calls")
    check_queue(lab, daemon)


def counted(daemon, tag, user):
    return sum(row["count"] for row in daemon.json("sessions")
               if row["tag"] == tag and row["session"]["user"] in (user.pw_uid, user.pw_name))


def output(lab, *words, user=None):
    """Of a program that may fail."""
    process, line = start(lab, *map(str, words), user=user)
    end(process)
    return line


def test_under_way(lab):
    """reloads and a stop while packets wait: none is lost, each has its class"""
    caller = tool(lab)
    # Not shaped: a qdisc that is taken away has packets, too.
    deadline = f"queue: {{owner-deadline: {20 * SLOW:.0f}ms}}\n"
    text = deadline + config(("mine", "other"), [f"class: mine, if: cmd == '{caller}'",
                                                 "class: other, if: cmd like '*'"], "",
                             shaped=False)
    daemon = Daemon(lab, text).start()
    counts = Counts(lab.gateway, daemon, {PORT + 1: "mine"})
    serve(lab, lab.server, [PORT + 1])
    each = 2000 // SCALE
    # TCP, of which a port that is used again is a new connection.
    running = [start(lab, caller, "-c", str(each), address, str(PORT + 1), user=user,
                     wait=False)[0]
               for user in (NOBODY, GAMES) for address in (SERVER4, SERVER6)]
    reloads = 0
    while any(process.poll() is None for process in running):
        daemon.configure(text + f"  - {{class: other, if: dport == {reloads + 1}}}\n")
        daemon.run("reload")
        reloads += 1
    for process in running:
        found = json.loads(process.stdout.read())
        lab.report.ok(found["failed"] == 0 and found["most_ns"] < 1e9 * SLOW,
                      "all were answered, and none had to send again", found)
    lab.report.ok(reloads > 2 // SCALE, f"{reloads} reloads meanwhile")
    # What is alive at a reload is judged again, after its socket is closed as well.
    first = {key: value for key, value in counts.read().items() if key.startswith("first")}
    lab.report.equal((sum(first.values()), first["first_wrong"]), (4 * each, 0),
                     "all have passed, none in the wrong class")
    lab.report.within(first["first_undecided"], 0, 4 * each // 100, "few of them late")
    check_queue(lab, daemon)
    process, _ = start(lab, caller, "-u", "-c", str(10 * each), SERVER4, str(PORT + 1),
                       wait=False)
    before = daemon.status()["owners"]["lookups"]
    wait_for(lambda: daemon.status()["owners"]["lookups"] > before + 50, "some of them")
    daemon.stop()
    lab.report.equal(json.loads(process.stdout.read())["failed"], 0, "nor is any lost by a stop")


if __name__ == "__main__":
    main(globals())

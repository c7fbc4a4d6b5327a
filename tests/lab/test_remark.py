#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Living connections are judged again when the rules change, or the time: that it is done, for all,
and without a loss (topology: lab.py)."""

import collections
import concurrent.futures
import contextlib
import json
import os
import random
import subprocess
import time

from daemon import Daemon
from lab import SERVER4, main, wait_for
from observe import Meter, classes, marks
from remarks import NAMES, config, reload
from report import SCALE
from throttles import ask
from traffic import TCP, UDP, NewFlows, Stream, flood, listen, open_socket, received_all, udp_send

FLOWS = 100000 // SCALE
SAMPLE = 1000 // SCALE
FLOOD = range(9000, 9004)
WEB, STREAM, OTHER = 8080, 8081, 7777


def by_ports(*names):
    """The flood's ports in these classes, and the streams in class web."""
    return [(f"dport == {port}", name) for port, name in zip(FLOOD, names)] + \
           [(f"dport in [{WEB}, {STREAM}]", "web")]


def make_flows(lab):
    """Living UDP flows that nobody answers."""
    lab.gateway.sysctl({"netfilter/nf_conntrack_udp_timeout": 3600})
    lab.server.nft(f"""table inet sink {{ chain pre {{ type filter hook prerouting priority -400;
        udp dport {FLOOD[0]}-{FLOOD[-1]} drop; }}; }}""")
    flood(lab.client, lab.server, "10.77.12.1", "-c", str(FLOWS), "-s", "10.77.11.1",
          "-p", f"{FLOOD[0]}-{FLOOD[-1]}")


def flood_marks(lab):
    """How many of the flows have which port and mark."""
    text = lab.gateway.run("conntrack", "-L", "-p", "udp", "-d", "10.77.12.1").stdout
    found = collections.Counter()
    sample = []
    for line in text.splitlines():
        words = dict(word.split("=", 1) for word in reversed(line.split()) if "=" in word)
        found[int(words["dport"]), int(words["mark"])] += 1
        sample.append(words)
    return found, sample


def explain(daemon, words):
    """The mark that `explain` tells for one conntrack entry."""
    text = subprocess.run(
        daemon.words("-j", "explain", "udp", f"{words['src']}:{words['sport']}",
                     f"{words['dst']}:{words['dport']}", "dir=forward"),
        capture_output=True, text=True, check=True).stdout
    return int(json.loads(text)["mark"], 0)


def check_sample(daemon, sample):
    chosen = random.sample(sample, min(SAMPLE, len(sample)))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda words: explain(daemon, words), chosen))
    wrong = [words for words, mark in zip(chosen, told) if int(words["mark"]) != mark]
    daemon.lab.report.equal(wrong[:3], [],
                            f"`explain` tells the marks of a sample of {len(chosen)}")


def check_flood(lab, daemon, names):
    """Every flow has the mark of its port's class; all entries are handed back."""
    ids = daemon.ids()
    found, sample = flood_marks(lab)
    expected = {(port, ids[name]["mark"]): FLOWS // len(FLOOD)
                for port, name in zip(FLOOD, names)}
    lab.report.equal(dict(found), expected, f"all {FLOWS} flows are in {names}")
    return sample


def test_many(lab):
    """a reload re-marks very many living connections, and no packet is lost meanwhile"""
    before, after = ("red", "green", "blue", "red"), ("green", "blue", "fresh", "default")
    daemon = Daemon(lab, config(*by_ports(*before))).start()
    make_flows(lab)
    check_flood(lab, daemon, before)
    flows = NewFlows(lab, lab.server, SERVER4, WEB)
    stream = Stream(lab, lab.client, listen(lab.server, TCP, STREAM), SERVER4, STREAM)
    stream.wait_more(1000000)
    flows.wait_more(50, "traffic")
    meter = Meter(lab.gateway, "wan0")
    answer = reload(daemon, config(*by_ports(*after), names=("green", "blue", "fresh", "web")))
    remark = answer["remark"]
    lab.report.note(f"{remark['seen']} connections judged, {remark['changed']} changed, "
                    f"in {remark['seconds']:.3f} s")
    lab.report.equal(remark["state"], "done", "reload returns when all are judged")
    lab.report.equal(remark["changed"], FLOWS, "exactly these have changed")
    lab.report.ok(remark["seen"] > FLOWS, "the others were looked at, too", remark)
    lab.report.within(remark["seconds"], 0, 20, "in time")
    flows.wait_more(50, "traffic")
    stream.wait_more(1000000)
    flows.stop()
    lab.report.equal(flows.got, flows.sent, f"all of {flows.sent} new connections arrived")
    lab.report.equal(meter.drops(), 0, "no packet is dropped")
    status = daemon.status()
    lab.report.equal(status["not_judged"]["undecided"], 0, "none went past the daemon")
    lab.report.equal(status["remark"]["changed"], FLOWS, "`status` tells of it")
    web = daemon.ids()["web"]["mark"]
    lab.report.equal({*marks(lab.gateway, dport=WEB), *marks(lab.gateway, dport=STREAM)}, {web},
                     "the traffic beside is in its class")
    check_sample(daemon, check_flood(lab, daemon, after))

    with open(daemon.config_path, encoding="ascii") as file:
        right = file.read()
    answer = reload(daemon, config(*by_ports(*before)).replace("class: red", "class: rad"), 1)
    lab.report.equal(answer["remark"], None, "a broken file: nobody is judged again")
    daemon.configure(right)
    check_flood(lab, daemon, after)


def test_two_at_once(lab):
    """a second reload waits for the first; each is told of its own"""
    daemon = Daemon(lab, config(*by_ports("red", "red", "red", "red"))).start()
    make_flows(lab)
    daemon.configure(config(*by_ports("green", "green", "green", "green")))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(daemon, command="reload"), range(4)))
    lab.report.equal([answer["reloaded"] for answer in answers], [True] * 4, "four reloads at once")
    lab.report.equal(sorted(answer["remark"]["changed"] for answer in answers), [0, 0, 0, FLOWS],
                     "one of them has changed the marks")
    check_flood(lab, daemon, ("green",) * 4)
    # A stop in the middle of it.
    daemon.configure(config(*by_ports("blue", "blue", "blue", "blue")))
    blue = subprocess.Popen(lab.gateway.command(*daemon.words("reload")),
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: "reloaded" in daemon.log().rsplit("judged again", 1)[-1] or
             blue.poll() is not None, "the reload to begin")
    daemon.stop()
    blue.wait(20)
    daemon.start()
    check_flood(lab, daemon, ("blue",) * 4)


@contextlib.contextmanager
def no_more_threads(lab, pid):
    """The process can start no thread; false where no control group can say so."""
    mount = lab.path("pids")
    os.mkdir(mount)
    if subprocess.run(["mount", "-t", "cgroup", "-o", "pids", "none", mount],
                      stderr=subprocess.DEVNULL, check=False).returncode:
        subprocess.run(["mount", "-t", "cgroup2", "none", mount], check=True)
    lab.at_end(lambda: subprocess.run(["umount", mount], check=False))
    group = os.path.join(mount, lab.prefix)
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
        paths = [line.rstrip().split(":", 2) for line in file]
    home = next(path for _, names, path in paths if "pids" in names.split(",") or names == "")
    os.mkdir(group)
    lab.at_end(lambda: os.rmdir(group))
    limit = os.path.join(group, "pids.max")

    def move(folder):
        with open(os.path.join(folder, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write(str(pid))

    if not os.path.exists(limit):
        yield False
        return
    move(group)
    with open(limit, "w", encoding="ascii") as file:
        file.write("1")
    try:
        yield True
    finally:
        move(mount + home)


def test_failure(lab):
    """where living connections cannot be judged again, everything is as before"""
    daemon = Daemon(lab, config((f"dport == {OTHER}", "red"))).start()
    server = listen(lab.server, UDP, OTHER)
    client = open_socket(lab.client, UDP, SERVER4, OTHER)
    udp_send(client, server)
    wait_for(lambda: daemon.status()["remark"]["state"] == "done", "the start to be over")
    red = daemon.ids()["red"]["mark"]
    before = sorted(classes(lab.gateway, "wan0"))
    text = config((f"dport == {OTHER}", "fresh"), names=("blue", "fresh"))
    with no_more_threads(lab, daemon.status()["pid"]) as limited:
        if not limited:
            lab.report.skip("a reload that cannot start a thread", "no control group for pids")
            return
        answer = reload(daemon, text, 1)
        lab.report.equal(answer["reloaded"], False, "it has not reloaded")
        lab.report.contains(answer["errors"][0]["message"], "starting a thread", "and says why")
        wait_for(lambda: daemon.status()["remark"]["state"] == "failed", "the second attempt")
        other = open_socket(lab.client, UDP, SERVER4, OTHER)
        udp_send(other, server)
        lab.report.equal(set(marks(lab.gateway, dport=OTHER)), {red}, "the old rules are in force")
        names = [row["name"] for row in daemon.status()["interfaces"][0]["classes"]]
        lab.report.equal(sorted(names), sorted(("default", *NAMES)), "and the old classes")
    daemon.configure(config((f"dport == {OTHER}", "red")))
    answer = reload(daemon, config((f"dport == {OTHER}", "red")))
    lab.report.equal(answer["remark"]["state"], "done", "then it works again")
    lab.report.equal(sorted(classes(lab.gateway, "wan0")), before, "and nothing is left")


def test_old_class(lab):
    """a class that is gone sends first what waits in it"""
    slow = config((f"dport == {OTHER}", "red")).replace(
        "red: {out: {rate: 50mbit, ceil: 100%}}", "red: {out: 300kbit}").replace(
        "out: 1gbit", "out: 1gbit, leaf: pfifo")
    daemon = Daemon(lab, slow).start()
    server = listen(lab.server, UDP, OTHER)
    classid = daemon.ids()["red"]["classid"]
    client = open_socket(lab.client, UDP, SERVER4, OTHER)
    count = 20  # fewer than the class holds
    for number in range(count):
        client.send(b"%04d" % number + bytes(1200))
    meter = Meter(lab.gateway, "wan0")
    answer = reload(daemon, config((f"dport == {OTHER}", "blue"),
                                   names=("green", "blue", "web")).replace(
                                       "out: 1gbit", "out: 1gbit, leaf: pfifo"))
    lab.report.equal(answer["remark"]["changed"], 1, "the connection is in another class")
    lab.report.ok(classid in classes(lab.gateway, "wan0"),
                  "the old class is there, with what waits in it")
    got = received_all(server, count, 20)
    lab.report.equal(len(got), count, "nothing is lost")
    lab.report.equal(meter.drops(), 0, "nothing is dropped")
    wait_for(lambda: classid not in classes(lab.gateway, "wan0"), "the old class to go")
    lab.report.ok("red" not in daemon.ids(), "its name is forgotten by `show marks`")


def test_names_come_and_go(lab):
    """more names than the mark has room for, one after the other: ids of the dead are given anew"""
    mask = "mark-mask: 0xf0000000\n"
    daemon = Daemon(lab, config(names=("first",), more=mask)).start()
    server = listen(lab.server, UDP, OTHER)
    client = open_socket(lab.client, UDP, SERVER4, OTHER)
    udp_send(client, server)
    for number in range(40):
        name = f"class-{number}"
        answer = reload(daemon, config((f"dport == {OTHER}", name), names=(name,), more=mask))
        if not answer["reloaded"]:
            return
    lab.report.equal(marks(lab.gateway, dport=OTHER), [daemon.ids()["class-39"]["mark"]],
                     "the connection is in the last one")


def zone_before_boundary(seconds):
    """A TZ in which the next minute begins in so many seconds, and that minute as HH:MM."""
    now = int(time.time())
    shift = (60 - seconds - now % 60) % 60
    at = time.gmtime(now + shift + seconds)
    return f"LAB-00:00:{shift:02d}", f"{at.tm_hour:02d}:{at.tm_min:02d}"


def test_hours(lab):
    """when a rule's time comes, living connections are judged again"""
    zone, minute = zone_before_boundary(4)
    text = config((f"time == {minute} and dport == {OTHER}", "red"), (f"dport == {OTHER}", "blue"))
    os.environ["TZ"] = zone
    try:
        daemon = Daemon(lab, text).start()
    finally:
        del os.environ["TZ"]
    server = listen(lab.server, UDP, OTHER)
    client = open_socket(lab.client, UDP, SERVER4, OTHER)
    udp_send(client, server)
    ids = daemon.ids()
    lab.report.equal(marks(lab.gateway, dport=OTHER), [ids["blue"]["mark"]], "before its time")
    wait_for(lambda: marks(lab.gateway, dport=OTHER) == [ids["red"]["mark"]],
             "the connection to change its class", 15)
    lab.report.contains(daemon.log(), "rules that ask for the time have changed", "the log says so")
    lab.report.equal(daemon.status()["remark"]["changed"], 1, "and `status`")


if __name__ == "__main__":
    main(globals())

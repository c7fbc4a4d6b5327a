#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Living connections are judged again when the rules change, or the time (topology: lab.py)."""

import collections
import concurrent.futures
import contextlib
import json
import os
import random
import subprocess
import time

from daemon import Daemon
from lab import GATEWAY_LAN4, GATEWAY_WAN4, SERVER4, SERVER6, main, wait_for
from observe import Meter, classes, entries, marks
from report import SCALE
from throttles import ask
from traffic import (TCP, UDP, NewFlows, Stream, listen, open_socket, received_all, tcp_attempt,
                     tcp_exchange, udp_send)

FLOWS = 100000 // SCALE
SAMPLE = 1000 // SCALE
FLOOD = range(9000, 9004)
WEB, STREAM, OTHER, SSH = 8080, 8081, 7777, 22

HEAD = """
version: 1
interfaces:
  wan0: {out: 1gbit}
"""
NAMES = ("red", "green", "blue", "web")


def config(*rules, names=NAMES, more=""):
    """A configuration with these classes; a rule is (condition, class or an action)."""
    text = HEAD + "classes:\n  default: {out: {rate: 10mbit, ceil: 100%}}\n"
    text += "".join(f"  {name}: {{out: {{rate: 50mbit, ceil: 100%}}}}\n" for name in names)
    text += "rules:\n" if rules else ""
    for number, (condition, does) in enumerate(rules, 1):
        key = "action" if does in ("reject", "drop", "accept") else "class"
        text += f"  - {{name: rule {number}, if: '{condition}', {key}: {does}}}\n"
    return text + more


def by_ports(*names):
    """The flood's ports in these classes, and the streams in class web."""
    return [(f"dport == {port}", name) for port, name in zip(FLOOD, names)] + \
           [(f"dport in [{WEB}, {STREAM}]", "web")]


def reload(daemon, text, expected=0):
    """Another configuration for the daemon; the answer."""
    daemon.configure(text)
    result = daemon.run("-j", "reload", check=False)
    answer = json.loads(result.stdout)
    daemon.lab.report.equal(result.returncode, expected,
                            f"reload: {answer['errors']}" if answer["errors"] else "reload")
    return answer


def make_flows(lab):
    """Living UDP flows that nobody answers."""
    lab.gateway.sysctl({"netfilter/nf_conntrack_udp_timeout": 3600})
    lab.server.nft(f"""table inet sink {{ chain pre {{ type filter hook prerouting priority -400;
        udp dport {FLOOD[0]}-{FLOOD[-1]} drop; }}; }}""")
    lab.client.run(os.path.join(os.environ.get("builddir", "."), "tests/lab/flood"),
                   "-c", str(FLOWS), "-r", "60000", "-s", "10.77.11.1",
                   "-p", f"{FLOOD[0]}-{FLOOD[-1]}", "10.77.12.1")


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


def test_kinds(lab):
    """TCP, UDP and ICMP, both families, forwarded and local, behind NAT and in zones"""
    lab.gateway.nft(f"""table inet nat {{
        chain pre {{ type nat hook prerouting priority dstnat;
            ip daddr {GATEWAY_LAN4} tcp dport 8443 dnat ip to {SERVER4}:{WEB}; }};
        chain post {{ type nat hook postrouting priority srcnat;
            oifname wan0 ip saddr 10.77.11.2 masquerade; }};
    }}
    table inet zones {{ chain pre {{ type filter hook prerouting priority raw;
        ip saddr 10.77.11.3 ct zone set 7; ip daddr 10.77.11.3 ct zone set 7; }}; }}""")
    daemon = Daemon(lab, config((f"dport == {WEB}", "red"), ("proto in [icmp, icmpv6]", "green"),
                                (f"dport == {OTHER}", "blue"))).start()
    web, other = listen(lab.server, TCP, WEB), listen(lab.server, UDP, OTHER)
    local = listen(lab.gateway, UDP, OTHER)
    ends = [tcp_exchange(lab.client, web, SERVER4, WEB), tcp_exchange(lab.client, web, SERVER6, WEB),
            tcp_exchange(lab.client, web, GATEWAY_LAN4, 8443),
            tcp_exchange(lab.gateway, web, SERVER4, WEB)]
    for source in ("10.77.11.1", "10.77.11.2", "10.77.11.3"):
        client = open_socket(lab.client, UDP, SERVER4, OTHER, (source, 0))
        udp_send(client, other)
        ends.append(client)
    inbound = open_socket(lab.server, UDP, GATEWAY_WAN4, OTHER)
    udp_send(inbound, local)
    for address in (SERVER4, SERVER6):
        lab.client.run("ping", "-c", "1", address)

    def found():
        rows = collections.Counter()
        for entry in entries(lab.gateway):
            if entry.proto.startswith("icmp"):
                key = "icmp"
            elif entry.dport == 8443:
                key = WEB
            else:
                key = entry.dport
            rows[key, entry.mark] += 1
        return dict(rows)

    ids = daemon.ids()
    lab.report.equal(found(), {(WEB, ids["red"]["mark"]): 4, ("icmp", ids["green"]["mark"]): 2,
                               (OTHER, ids["blue"]["mark"]): 4}, "at first")
    answer = reload(daemon, config((f"lport == {OTHER} and dir == in", "red"),
                                   ("icmp-type == echo-request", "blue"),
                                   (f"rport == {WEB} and dir == out", "green"),
                                   (f"dport == {WEB} and proto == tcp", "web"),
                                   ("saddr == 10.77.11.3", "red"), names=NAMES))
    ids = daemon.ids()
    lab.report.equal(found(), {(WEB, ids["green"]["mark"]): 1, (WEB, ids["web"]["mark"]): 3,
                               ("icmp", ids["blue"]["mark"]): 2,
                               (OTHER, ids["red"]["mark"]): 2,
                               (OTHER, ids["default"]["mark"]): 2}, "after the reload")
    lab.report.equal(answer["remark"]["undecided"], 0, "all could be decided")


def test_next_packet(lab):
    """what conntrack does not know is left to the next packet of the original direction"""
    rules = (("iif == lan0", "red"), (f"dport == {OTHER}", "blue"))
    daemon = Daemon(lab, config(*rules)).start()
    server = listen(lab.server, UDP, OTHER)
    client = open_socket(lab.client, UDP, SERVER4, OTHER)
    own = open_socket(lab.gateway, UDP, SERVER4, OTHER)
    peer = udp_send(client, server)
    udp_send(own, server)

    def now():
        return {entry.src: entry.mark for entry in entries(lab.gateway, dport=OTHER)}

    ids = daemon.ids()
    source, gateway = client.getsockname()[0], own.getsockname()[0]
    lab.report.equal(now(), {source: ids["red"]["mark"], gateway: ids["blue"]["mark"]}, "at first")
    answer = reload(daemon, config(("length > 1000", "web"), *rules))
    lab.report.equal(answer["remark"]["undecided"], 2, "both depend on the packet")
    lab.report.equal(set(now().values()), {0}, "both are undecided")
    server.sendto(b"back", peer)
    client.recv(100)
    lab.report.equal(now()[source], 0, "a reply does not decide")
    udp_send(client, server)
    udp_send(own, server, bytes(1200))
    lab.report.equal(now(), {source: ids["red"]["mark"], gateway: ids["web"]["mark"]},
                     "the next packets do")
    answer = reload(daemon, config(*rules))
    lab.report.equal(now(), {source: 0, gateway: ids["blue"]["mark"]},
                     "what this host sends came in by no interface")
    answer = reload(daemon, config((f"dport == {WEB} and iif == lan0", "web"), *rules[1:]))
    lab.report.equal(answer["remark"]["undecided"], 0, "a rule that cannot match does not matter")
    lab.report.equal(set(now().values()), {ids["blue"]["mark"]}, "both are decided")


def test_refused(lab):
    """what lives is refused from now on, and what was refused goes on"""
    daemon = Daemon(lab, config((f"dport == {WEB}", "web"), (f"dport == {OTHER}", "web"))).start()
    web, other = listen(lab.server, TCP, WEB), listen(lab.server, UDP, OTHER)
    client, peer = tcp_exchange(lab.client, web, SERVER4, WEB)
    sender = open_socket(lab.client, UDP, SERVER4, OTHER)
    udp_send(sender, other)
    reload(daemon, config((f"dport == {WEB}", "reject"), (f"dport == {OTHER}", "drop")))
    client.sendall(b"more")
    lab.report.equal(type(error_of(lambda: client.recv(10))), ConnectionResetError,
                     "a living connection is reset")
    sender.send(b"lost")
    reload(daemon, config((f"dport == {OTHER}", "web")))
    lab.report.equal(marks(lab.gateway, dport=OTHER), [daemon.ids()["web"]["mark"]],
                     "what was refused has a class again")
    lab.report.equal(udp_send(sender, other, b"again") is not None, True,
                     "the next packet arrives, and the one before did not")
    peer.close()
    lab.report.equal(tcp_attempt(lab.client, SERVER4, WEB)[0], 0, "new ones are not refused")


def error_of(function):
    try:
        return function()
    except OSError as error:
        return error


THROTTLES = """
throttles:
  few: {{limit: 2/3600, session: none, count: {count}}}
"""


def throttled(count, does=""):
    return HEAD + f"""
classes:
  default: {{out: {{rate: 10mbit, ceil: 100%}}}}
  web: {{out: {{rate: 50mbit, ceil: 100%}}}}
  slow: {{out: {{rate: 1mbit, ceil: 100%}}}}
  other: {{out: {{rate: 1mbit, ceil: 100%}}}}
""" + THROTTLES.format(count=count) + f"""
rules:
  - {{name: few, if: dport == {OTHER}, throttle: few, over: class slow}}
  - {{name: web, if: dport == {OTHER}, class: web}}
{does}"""


def test_throttled(lab):
    """nobody is charged for living; who is over stays there; whose packets count stay queued"""
    server = listen(lab.server, UDP, OTHER)
    daemon = Daemon(lab, throttled("connections")).start()
    clients = [open_socket(lab.client, UDP, SERVER4, OTHER) for _ in range(4)]
    for client in clients:
        udp_send(client, server)
    ids = daemon.ids()
    expected = collections.Counter({ids["web"]["mark"]: 2, ids["slow"]["mark"]: 2})
    lab.report.equal(collections.Counter(marks(lab.gateway, dport=OTHER)), expected,
                     "two are within, two over")
    for what in ("reload", "restart"):
        if what == "reload":
            reload(daemon, throttled("connections") + "# again\n")
        else:
            daemon.stop()
            daemon.start()
        lab.report.equal(collections.Counter(marks(lab.gateway, dport=OTHER)), expected,
                         f"{what}: so they are afterwards")
        row = daemon.status()["throttles"][0]
        lab.report.equal(row["sessions"], 1, f"{what}: the session is kept")
        before = row["passed"] + row["over"]
        for client in clients:
            udp_send(client, server)
        row = daemon.status()["throttles"][0]
        lab.report.equal(row["passed"] + row["over"], before, f"{what}: nobody is charged")
    reload(daemon, throttled("packets"))
    queued = daemon.ids(queued=True)
    lab.report.equal(set(marks(lab.gateway, dport=OTHER)) <= {row["mark"] for row in queued.values()},
                     True, "where packets count, all stay queued")
    reload(daemon, config((f"dport == {OTHER}", "red")))
    lab.report.equal(set(marks(lab.gateway, dport=OTHER)), {daemon.ids()["red"]["mark"]},
                     "without a throttle, none does")


def test_owners(lab):
    """connections of this host are judged by who has them, forwarded ones have nobody"""
    daemon = Daemon(lab, config((f"dport == {OTHER}", "blue"))).start()
    server, local = listen(lab.server, UDP, OTHER), listen(lab.gateway, UDP, OTHER)
    own, client = (open_socket(node, UDP, SERVER4, OTHER) for node in (lab.gateway, lab.client))
    inbound = open_socket(lab.server, UDP, GATEWAY_WAN4, OTHER)
    for sender, receiver in ((own, server), (client, server), (inbound, local)):
        udp_send(sender, receiver)
    rules = (("uid == 54321", "green"), (f"pid == {os.getpid()} and dport == {OTHER}", "red"),
             (f"dport == {OTHER}", "web"))

    def now():
        return {(entry.src, entry.dst): entry.mark for entry in entries(lab.gateway, dport=OTHER)}

    for what in ("reload", "start without a memory"):
        if what == "reload":
            answer = reload(daemon, config(*rules))
            lab.report.equal(answer["remark"]["undecided"], 0, "every owner was found")
        else:
            daemon.stop()
            os.remove(os.path.join(daemon.state_dir, "state.json"))
            daemon.start()
            wait_for(lambda: daemon.status()["remark"]["state"] == "done", "all to be judged")
        ids = daemon.ids()
        lab.report.equal(now(), {(GATEWAY_WAN4, SERVER4): ids["red"]["mark"],
                                 (SERVER4, GATEWAY_WAN4): ids["red"]["mark"],
                                 (client.getsockname()[0], SERVER4): ids["web"]["mark"]},
                         f"{what}: by their owners")
    own.close()
    answer = reload(daemon, config(*rules, ("dport == 1", "blue")))
    lab.report.equal(answer["remark"]["undecided"], 0, "a socket that is closed has no owner")
    lab.report.equal(now()[GATEWAY_WAN4, SERVER4], daemon.ids()["web"]["mark"],
                     "so its connection is judged without")


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


def test_exempt(lab):
    """what is not judged any more loses its mark, and gets one when it is"""
    daemon = Daemon(lab, config(("proto == tcp", "red"), more="management: []\n")).start()
    server = listen(lab.gateway, TCP, SSH)
    tcp_exchange(lab.client, server, GATEWAY_LAN4, SSH)
    red = daemon.ids()["red"]["mark"]
    lab.report.equal(marks(lab.gateway, dport=SSH), [red], "at first it is judged")
    reload(daemon, config(("proto == tcp", "reject")))
    lab.report.equal(marks(lab.gateway, dport=SSH), [0], "a management port is not refused")
    reload(daemon, config(("proto == tcp", "red"), more="management: []\n"))
    lab.report.equal(marks(lab.gateway, dport=SSH), [red], "and judged again")


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

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes in by the wan is shaped, in each of its ways (topology: lab.py).

  server ── wan0 (in: …) gateway lan0 ── client       downloads go from right to left
"""

import os
import time

from daemon import Daemon
from lab import SERVER4, SERVER6, main, wait_for
from observe import qdiscs, tables
from report import SLOW
from traffic import TCP, UDP, Download, Stream, listen

WEB_PORT, SLOW_PORT, OTHER_PORT = 8080, 6881, 7777
SECONDS = 3


def config(via, extra=""):
    return f"""
version: 1
interfaces:
  wan0: {{out: 100mbit, in: 40mbit, in-via: {via}{extra}}}
classes:
  default: {{out: {{rate: 50%, ceil: 100%}}, in: {{rate: 10mbit, ceil: 100%}}}}
  web: {{priority: 1, out: {{rate: 40%, ceil: 100%}}, in: {{rate: 20mbit, ceil: 100%}}}}
  slow: {{priority: 7, out: 1mbit, in: 8mbit}}
rules:
  - {{name: web, if: dport == {WEB_PORT}, class: web}}
  - {{name: slow, if: dport == {SLOW_PORT}, class: slow}}
"""


def interface(daemon):
    return daemon.status()["interfaces"][0]


def incoming(daemon):
    """name -> row of the classes of what comes in"""
    return {row["name"]: row for row in interface(daemon)["classes"] if row["direction"] == "in"}


def rates_mbit(daemon, seconds=SECONDS, settle=2):
    """What comes in by each class, by its own counters, after the first seconds."""
    time.sleep(settle)
    before, started = incoming(daemon), time.monotonic()
    time.sleep(seconds * min(SLOW, 2))
    after, span = incoming(daemon), time.monotonic() - started
    return {name: (row["bytes"] - before[name]["bytes"]) * 8 / span / 1e6
            for name, row in after.items()}


def has_ifb(lab):
    """Debian's kernel can shape by IFB; the kernel of this machine need not."""
    daemon = Daemon(lab, config("auto"), "probe").start()
    via = interface(daemon)["in_via"]
    daemon.stop()
    lab.report.ok(via in ("ifb", "police"), f"auto takes {via}")
    if os.environ.get("LAB_QUEUE_PATH") == "native":
        lab.report.equal(via, "ifb", "Debian's kernel can do with an IFB")
    return via == "ifb"


def test_auto_says_why(lab):
    """what auto chose, and why, is in status; ifb where it cannot work is an error at start"""
    daemon = Daemon(lab, config("auto")).start()
    told = interface(daemon)
    lab.report.ok(told["in_via"] in ("ifb", "police"), "a way is chosen", told)
    lab.report.ok(told["in_via_why"].startswith("auto: "), "and reasoned", told["in_via_why"])
    text = daemon.run("status").stdout
    lab.report.ok(f"via {told['in_via']} (auto: " in text, "people see it too", text)
    daemon.stop()
    if told["in_via"] == "police":
        failed = Daemon(lab, config("ifb"), "ifb")
        result = failed.node.run(*failed.words("start", "-f"), check=False)
        lab.report.equal(result.returncode, 1, "ifb: the start fails")
        lab.report.ok("`in-via: ifb` cannot work for wan0" in result.stderr, "and says why",
                      result.stderr)
        lab.report.equal(tables(lab.gateway), ["inet lab_quiet"], "nothing is left behind")


def check_held(lab, daemon, way):
    """Datagrams at more than the ceil of each class: what passes is the ceil."""
    slow = listen(lab.server, UDP, SLOW_PORT)
    with slow:
        flood = Download(lab, lab.client, slow, SERVER4, SLOW_PORT, 16)
        rates = rates_mbit(daemon)
        flood.stop()
    lab.report.within(rates["slow"], 8 * 0.95, 8 * 1.05, f"{way}: slow is held at 8 mbit/s")
    lab.report.within(rates["web"], 0, 0.01, f"{way}: nothing in another class")


def test_police(lab):
    """police holds the ceil of each class and the line"""
    daemon = Daemon(lab, config("police")).start()
    lab.report.equal(interface(daemon)["in_via"], "police", "as the file says")
    check_held(lab, daemon, "police")
    with listen(lab.server, UDP, WEB_PORT) as web:
        flood = Download(lab, lab.client, web, SERVER6, WEB_PORT, 60)
        # The bucket is a second deep: 20 mbit/s too much empty it in 2 s, half of that in 4 s.
        rates = rates_mbit(daemon, settle=5)
        now = incoming(daemon)["web"]["now_bps"] / 1e6
        flood.stop()
    lab.report.within(rates["web"], 40 * 0.9, 40 * 1.05, "the line is held at 40 mbit/s")
    lab.report.within(now, 30, 50, "now_bps tells it")
    warnings = interface(daemon)["warnings"]
    lab.report.ok(any("exceeded the line" in text for text in warnings), "and status", warnings)


def test_first_packet(lab):
    """a connection's first packets from outside are in its class, while another class floods"""
    daemon = Daemon(lab, config("police")).start()
    with listen(lab.server, UDP, SLOW_PORT) as slow, listen(lab.server, TCP, WEB_PORT) as web:
        flood = Download(lab, lab.client, slow, SERVER4, SLOW_PORT, 16)
        before = incoming(daemon)
        stream = Stream(lab, lab.client, web, SERVER4, WEB_PORT, download=True)
        stream.wait_more(100000)
        stream.stop()
        after = incoming(daemon)
        flood.stop()
    lab.report.within(after["web"]["bytes"] - before["web"]["bytes"], 100000, 1 << 30,
                      "the download is in its class")
    lab.report.equal(after["default"]["packets"] - before["default"]["packets"], 0,
                     "and no packet of it in class default")


def test_inside(lab):
    """in-via a LAN interface: downloads are shaped where they leave to the inside, nothing else"""
    daemon = Daemon(lab, config("lan0")).start()
    lab.report.equal(interface(daemon)["in_via"], "lan0", "as the file says")
    check_held(lab, daemon, "lan0")
    # What the gateway itself sends to the inside did not come in by wan0.
    wait_for(lambda: incoming(daemon)["slow"]["backlog_bytes"] == 0, "the flood to be through", 20)
    with listen(lab.gateway, UDP, SLOW_PORT + 1) as own:
        before = incoming(daemon)
        flood = Download(lab, lab.client, own, "10.77.1.1", SLOW_PORT + 1, 60)
        time.sleep(1)
        flood.stop()
        after = incoming(daemon)
    lab.report.equal({name: row["packets"] - before[name]["packets"]
                      for name, row in after.items()},
                     {"default": 0, "web": 0, "slow": 0}, "its own traffic is in no class")
    daemon.stop()
    lab.report.ok(not any("htb" in text for text in qdiscs(lab.gateway, "lan0")),
                  "stop leaves the kernel's qdisc on lan0")


def test_shares(lab):
    """two classes that compete for what comes in get their guaranteed rates"""
    for way in ["lan0"] + (["ifb"] if has_ifb(lab) else []):
        daemon = Daemon(lab, config(way), way).start()
        with listen(lab.server, TCP, WEB_PORT) as web, listen(lab.server, TCP, OTHER_PORT) as other:
            streams = [Stream(lab, lab.client, web, SERVER4, WEB_PORT, download=True),
                       Stream(lab, lab.client, other, SERVER6, OTHER_PORT, download=True)]
            rates = rates_mbit(daemon)
            for stream in streams:
                stream.stop()
        lab.report.within(rates["default"], 10 * 0.9, 10 * 1.35, f"{way}: default has its 10 mbit/s")
        lab.report.within(rates["web"], 20 * 0.9, 32, f"{way}: web has its 20 and what is left")
        lab.report.within(sum(rates.values()), 35, 41, f"{way}: the line is full, not exceeded")
        daemon.stop()


def test_ifb(lab):
    """ifb: held by HTB, from the first reply on, also masqueraded; nothing is left behind"""
    if not has_ifb(lab):
        lab.report.note("this kernel has no IFB with ctinfo or connmark: not tested here")
        return
    lab.gateway.nft("table inet nat { chain post { type nat hook postrouting priority 100; "
                    "oifname wan0 masquerade; }; }")
    daemon = Daemon(lab, config("ifb")).start()
    check_held(lab, daemon, "ifb, masqueraded")
    with listen(lab.server, TCP, WEB_PORT) as web:
        before = incoming(daemon)
        stream = Stream(lab, lab.client, web, SERVER6, WEB_PORT, download=True)
        stream.wait_more(1000000)
        stream.stop()
        after = incoming(daemon)
    lab.report.within(after["web"]["bytes"] - before["web"]["bytes"], 1000000, 1 << 30,
                      "a download by IPv6 is in its class")
    lab.report.within(after["default"]["packets"] - before["default"]["packets"], 0, 5,
                      "and nearly nothing in class default")
    lab.gateway.ip("link set wan0 down", "link set wan0 up")
    lab.gateway.run("tc", "qdisc", "del", "dev", "wan0", "ingress")
    wait_for(lambda: interface(daemon)["shaped"], "the ingress qdisc to be put back", 5)
    daemon.stop()
    links = lab.gateway.run("ip", "-br", "link").stdout
    lab.report.ok("ifb-" not in links, "the IFB device is gone", links)
    lab.report.ok(not any("ingress" in text for text in qdiscs(lab.gateway, "wan0")),
                  "so is the ingress qdisc")
    lab.report.equal(lab.client.run("ping", "-c1", "-W5", SERVER4).returncode, 0,
                     "what comes in comes in")


def test_put_back(lab):
    """a qdisc or table that somebody removes is put back"""
    daemon = Daemon(lab, config("lan0")).start()
    for device in ("wan0", "lan0"):
        lab.gateway.run("tc", "qdisc", "del", "dev", device, "root")
        wait_for(lambda device=device: "htb 1:" in qdiscs(lab.gateway, device),
                 f"the qdisc of {device}", 5)
        lab.report.ok(True, f"the qdisc of {device} is put back")
    wait_for(lambda: interface(daemon)["shaped"], "all classes", 5)
    lab.report.ok("it is put back" in daemon.log(), "the log tells", daemon.log())
    lab.gateway.run("nft", "flush", "ruleset")
    wait_for(lambda: "inet nfshaper" in tables(lab.gateway), "the table", 5)
    lab.report.ok("nft flush ruleset?" in daemon.log(), "the log tells of the table", daemon.log())
    with listen(lab.server, TCP, WEB_PORT) as web:
        Stream(lab, lab.client, web, SERVER4, WEB_PORT, download=True).wait_more(100000)
    lab.report.within(incoming(daemon)["web"]["bytes"], 100000, 1 << 30, "and works as before")


def test_flowtable(lab):
    """a flowtable, which goes past the hooks, is told of at start and in status"""
    flowtable = ("table inet fast { flowtable ft { hook ingress priority 0; "
                 "devices = { lan0, wan0 }; }; }")
    if lab.gateway.run("nft", "-c", "-f", "-", input=flowtable, check=False).returncode:
        lab.report.note("this kernel has no flowtables (nf_flow_table): not tested here")
        return
    lab.gateway.nft(flowtable)
    daemon = Daemon(lab, config("police")).start()
    lab.report.equal(daemon.status()["flowtables"], ["inet fast: ft"], "status names it")
    lab.report.ok("flowtable `inet fast: ft`" in daemon.log(), "so does the log", daemon.log())


def test_live_connections(lab):
    """status counts the living connections of each class"""
    daemon = Daemon(lab, config("police")).start()
    with listen(lab.server, TCP, WEB_PORT) as web:
        streams = [Stream(lab, lab.client, web, SERVER4, WEB_PORT) for _ in range(3)]
        row = incoming(daemon)["web"]
        lab.report.equal(row["connections"], 3, "three are alive")
        for stream in streams:
            stream.stop()


if __name__ == "__main__":
    main(globals())

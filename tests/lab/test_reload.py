#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another configuration for the running daemon (topology: lab.py)."""

import os
import re
import signal
import subprocess

from daemon import Daemon
from lab import HERE, SERVER4, main, wait_for
from observe import Meter, classes, marks, qdiscs
from report import SCALE
from traffic import (TCP, UDP, NewFlows, listen, open_socket, tcp_attempt, tcp_exchange,
                     udp_send)

WEB, GAMES, OTHER, TELNET = 8080, 5060, 7777, 2323
RELOADS = max(20 // SCALE, 4)

BEFORE = f"""
version: 1
interfaces:
  wan0: {{out: 100mbit}}
classes:
  default: {{out: {{rate: 10mbit, ceil: 100%}}}}
  old: {{out: {{rate: 5mbit, ceil: 100%}}}}
  web: {{out: {{rate: 40mbit, ceil: 100%}}}}
rules:
  - {{name: web, if: dport == {WEB}, class: web}}
  - {{name: games, if: dport == {GAMES}, class: old}}
"""
AFTER = f"""
version: 1
interfaces:
  wan0: {{out: 100mbit}}
  lan0: {{out: 60mbit}}
classes:
  games: {{out: {{rate: 20mbit, ceil: 100%}}}}
  web: {{out: {{rate: 30mbit, ceil: 50%}}}}
rules:
  - {{name: telnet, if: dport == {TELNET}, action: reject}}
  - {{name: games, if: dport == {GAMES}, class: games}}
  - {{name: web, if: dport == {WEB}, class: web}}
"""


def new_mark(lab, server, port):
    """The mark of a new connection's entry after its first packet."""
    client = open_socket(lab.client, UDP, SERVER4, port)
    udp_send(client, server)
    found = marks(lab.gateway, sport=client.getsockname()[1], dport=port)
    client.close()
    return found[0]


def test_new_rules(lab):
    """new rules, classes and interfaces from the next connection on; ids keep their meaning"""
    daemon = Daemon(lab, BEFORE).start()
    lab.report.equal(qdiscs(lab.gateway, "lan0")[0].startswith("htb"), False, "lan0 is not shaped")
    games, web = (listen(lab.server, UDP, port) for port in (GAMES, WEB))
    ids = daemon.ids()
    lab.report.equal(new_mark(lab, games, GAMES), ids["old"]["mark"], "games are in class old")
    tcp = listen(lab.server, TCP, WEB)
    living, peer = tcp_exchange(lab.client, tcp, SERVER4, WEB)

    daemon.configure(AFTER)
    result = daemon.run("reload", check=False)
    lab.report.equal((result.returncode, result.stderr), (0, ""), "reload")
    now = daemon.ids()
    lab.report.equal(now["web"], ids["web"], "web keeps its id and its class")
    lab.report.ok(now["games"]["mark"] not in [row["mark"] for row in ids.values()],
                  "games has an id that nobody had", now)
    lab.report.equal(new_mark(lab, games, GAMES), now["games"]["mark"], "games are in class games")
    lab.report.equal(new_mark(lab, web, WEB), now["web"]["mark"], "web is in class web")
    refused, _ = tcp_attempt(lab.client, SERVER4, TELNET)
    lab.report.equal(os.strerror(refused), "Connection refused", "telnet is refused")
    meter = Meter(lab.gateway, "wan0")
    living.sendall(b"more")
    lab.report.equal(peer.recv(10), b"more", "a living connection goes on")
    lab.report.equal(list(meter.packets()), [now["web"]["classid"]], "in its class")
    lab.report.equal(qdiscs(lab.gateway, "lan0")[0], "htb 1:", "lan0 is shaped now")
    lab.report.equal(ids["old"]["classid"] in classes(lab.gateway, "wan0"), False,
                     "class old is gone")
    shaped = {row["name"]: row for row in daemon.status()["interfaces"]}
    rates = {row["name"]: (row["rate_bps"], row["ceil_bps"])
             for row in shaped["wan0"]["classes"]}
    lab.report.equal(rates["web"], (30000000, 50000000), "web has its new rates")

    daemon.configure(BEFORE)
    lab.report.equal(daemon.run("restart", check=False).returncode, 0, "back again, by `restart`")
    lab.report.equal(daemon.ids()["old"], ids["old"], "class old has its id again")
    lab.report.equal(qdiscs(lab.gateway, "lan0")[0].startswith("htb"), False,
                     "lan0 has the kernel's own qdisc again")


def test_bad_file(lab):
    """a file with errors changes nothing; the caller is told what `check` tells"""
    daemon = Daemon(lab, BEFORE).start()
    server = listen(lab.server, UDP, GAMES)
    mark = daemon.ids()["old"]["mark"]
    before = lab.gateway.run("nft", "list", "table", "inet", "nfshaper").stdout
    lab.report.ok("chain" in before, "the table is there")
    daemon.configure(AFTER.replace("class: games}", "class: gmaes}").replace("60mbit", "60"))
    result = daemon.run("reload", check=False)
    lab.report.equal(result.returncode, 1, "reload fails")
    checked = daemon.run("check", check=False).stderr
    lab.report.equal(places(result.stderr), places(checked), "it says what check says")
    lab.report.contains(result.stderr, "stays in force", "and that nothing has changed")
    table = lab.gateway.run("nft", "list", "table", "inet", "nfshaper").stdout
    lab.report.equal(strip_counters(table), strip_counters(before), "the table is as it was")
    lab.report.equal(new_mark(lab, server, GAMES), mark, "the old rules are in force")
    daemon.configure(BEFORE.replace("wan0: {out: 100mbit}", "wan0: {out: 100mbit}\n"
                                    "mark-mask: 0x00ff0000"))
    result = daemon.run("reload", check=False)
    lab.report.equal(result.returncode, 1, "another mask is refused")
    lab.report.contains(result.stderr, "needs stop and start", "with the remedy")


def places(text):
    """The lines that begin with FILE:LINE:COLUMN."""
    return [line for line in text.splitlines() if re.match(r"\S+:\d+:\d+: ", line)]


def strip_counters(table):
    return [line for line in table.splitlines() if "packets" not in line]


def test_included_files(lab):
    """a file that is put into the folder of included files is in force after a reload"""
    rule = "rules: [{{name: {0}, if: dport == {1}, class: {0}}}]\n"
    os.mkdir(lab.path("conf.d"))
    lab.write("conf.d/10-web.yaml", rule.format("web", WEB))
    daemon = Daemon(lab, BEFORE[:BEFORE.index("rules:")] + "include: conf.d/*.yaml\n").start()
    games, web = (listen(lab.server, UDP, port) for port in (GAMES, WEB))
    ids = daemon.ids()
    lab.report.equal([new_mark(lab, games, GAMES), new_mark(lab, web, WEB)],
                     [ids["default"]["mark"], ids["web"]["mark"]], "the file's rule is in force")
    lab.write("conf.d/20-old.yaml", rule.format("old", GAMES))
    daemon.run("reload")
    lab.report.equal([new_mark(lab, games, GAMES), new_mark(lab, web, WEB)],
                     [ids["old"]["mark"], ids["web"]["mark"]], "and that of another after reload")
    broken = lab.write("conf.d/30-new.yaml", rule.format("gmaes", OTHER))
    result = daemon.run("reload", check=False)
    lab.report.equal((result.returncode, [line[:len(broken) + 5] for line in places(result.stderr)]),
                     (1, [broken + ":1:49"]), "a mistake is told with its file")
    lab.report.equal(new_mark(lab, games, GAMES), ids["old"]["mark"], "and changes nothing")


def test_foreign_qdisc(lab):
    """an interface that cannot be shaped: nothing of the new configuration stays"""
    daemon = Daemon(lab, BEFORE).start()
    before = list(classes(lab.gateway, "wan0"))
    lab.gateway.run("tc", "qdisc", "add", "dev", "lan0", "root", "handle", "7:", "pfifo")
    daemon.configure(AFTER)
    result = daemon.run("reload", check=False)
    lab.report.equal(result.returncode, 1, "reload fails")
    lab.report.contains(result.stderr, "replace: true", "with the remedy")
    lab.report.equal(sorted(classes(lab.gateway, "wan0")), sorted(before), "the classes are back")
    lab.report.equal(qdiscs(lab.gateway, "lan0")[0], "pfifo 7:", "the foreign qdisc is there")


def test_signal(lab):
    """SIGHUP does the same"""
    daemon = Daemon(lab, BEFORE).start()
    daemon.configure(AFTER)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "games" in [row["name"] for row in daemon.status()["interfaces"][0]["classes"]],
             "the new class")
    wait_for(lambda: "reloaded" in daemon.log(), "the log to say so")


def test_no_packet_is_lost(lab):
    """reload after reload under a stream of new connections: every one arrives and is decided"""
    daemon = Daemon(lab, BEFORE).start()
    flows = NewFlows(lab, lab.server, SERVER4, WEB)
    for number in range(RELOADS):
        flows.wait_more(50, "traffic")
        daemon.configure(BEFORE if number % 2 else AFTER.replace("  lan0: {out: 60mbit}\n", ""))
        lab.report.equal(daemon.run("reload", check=False).returncode, 0, f"reload {number + 1}")
    flows.stop()
    lab.report.equal(flows.got, flows.sent, f"all of {flows.sent} new connections arrived")
    lab.report.equal(set(marks(lab.gateway, dport=WEB)), {daemon.ids()["web"]["mark"]},
                     "every one is decided")
    lab.report.equal(daemon.status()["not_judged"]["undecided"], 0, "none went past the daemon")


def write_countries(lab, country):
    """A database in which the server's address range belongs to a country."""
    table = lab.write("countries.txt", f"198.18.0.0/16 {country} A country\n")
    subprocess.run([os.path.join(HERE, "..", "geo", "make-country-db"), table,
                    lab.path("country.mmdb")], check=True)


def test_countries(lab):
    """the country database is exchanged by reload; a bad one leaves the old one in force"""
    target = "198.18.0.1"
    lab.server.ip(f"addr add {target}/32 dev lo")
    lab.gateway.ip(f"route add {target} via {SERVER4}")
    server = listen(lab.server, UDP, OTHER)
    write_countries(lab, "NZ")
    daemon = Daemon(lab, BEFORE + f"  - {{name: home, if: cc == NZ and dport == {OTHER}, "
                    "class: web}\ngeoip: country.mmdb\n").start()
    ids = daemon.ids()

    def mark():
        client = open_socket(lab.client, UDP, target, OTHER)
        udp_send(client, server)
        found = marks(lab.gateway, sport=client.getsockname()[1], dst=target)
        client.close()
        return found[0]

    lab.report.equal(mark(), ids["web"]["mark"], "New Zealand is in class web")
    write_countries(lab, "AU")
    lab.report.equal(daemon.run("reload", check=False).returncode, 0, "reload")
    lab.report.equal(mark(), ids["default"]["mark"], "the address is elsewhere now")
    for what, spoil in (("broken", lambda path: open(path, "wb").close()),
                        ("writable by all", lambda path: (write_countries(lab, "NZ"),
                                                          os.chmod(path, 0o666))),
                        ("missing", os.remove)):
        spoil(lab.path("country.mmdb"))
        result = daemon.run("reload", check=False)
        lab.report.equal(result.returncode, 1, f"{what}: reload fails")
        lab.report.contains(result.stderr, "country.mmdb", f"{what}: the file is named")
        lab.report.equal(mark(), ids["default"]["mark"], f"{what}: the old one is in force")


if __name__ == "__main__":
    main(globals())

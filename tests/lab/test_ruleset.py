#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table among a user's own rules: `ruleset: manual`, and nft/gateway.nft (topology: lab.py)."""

import os

from daemon import Daemon
from lab import CLIENT4, HERE, SERVER4, SERVER6, main, wait_for
from observe import marks, tables
from traffic import TCP, listen, tcp_exchange

PORT = 8080
CONFIG = f"""
version: 1
ruleset: manual
interfaces:
  wan0: {{out: 100mbit}}
  lan0: {{out: 100mbit}}
classes:
  default: {{out: {{rate: 50%, ceil: 100%}}}}
  web: {{out: {{rate: 40%, ceil: 100%}}}}
rules:
  - {{name: web, if: dport == {PORT}, class: web}}
"""
GATEWAY = os.path.join(HERE, "..", "..", "nft", "gateway.nft")


def is_native(lab):
    """Only where the kernel has the expression `queue` can text of nft have it."""
    text = "table inet t { chain c { queue to 0; }; }"
    if lab.gateway.run("nft", "-c", "-f", "-", input=text, check=False).returncode == 0:
        return True
    lab.report.note("this kernel has no nft_queue: a manual ruleset cannot be loaded here")
    return False


def exchange(lab, address, node=None, receiver=None):
    with listen(receiver or lab.server, TCP, PORT) as server:
        for end in tcp_exchange(node or lab.client, server, address, PORT):
            end.close()


def test_manual_without_table(lab):
    """ruleset: manual, and no table is there: an error that says what to load"""
    daemon = Daemon(lab, CONFIG)
    result = daemon.node.run(*daemon.words("start", "-f"), check=False)
    lab.report.equal(result.returncode, 1, "the start fails")
    lab.report.ok("`ruleset: manual`: there is no table inet nfshaper: load what `nfshaper show nft`"
                  in result.stderr, "and says so", result.stderr)


def test_manual(lab):
    """ruleset: manual: the table that the user loads is used in both directions, and stays"""
    if not is_native(lab):
        return
    daemon = Daemon(lab, CONFIG)
    lab.gateway.nft(daemon.run("show", "nft").stdout)
    daemon.start()
    web = daemon.ids()["web"]["mark"]
    exchange(lab, SERVER4)
    exchange(lab, SERVER6)
    exchange(lab, CLIENT4, lab.server, lab.client)
    lab.report.equal(marks(lab.gateway, dport=PORT), [web] * 3, "all are in their class")
    daemon.configure(CONFIG.replace("  web: {out", "  other: {out: 1mbit}\n  web: {out"))
    result = daemon.run("reload", check=False)
    lab.report.equal(result.returncode, 1, "a reload with another class fails")
    lab.report.ok("it lacks chain id_3" in result.stderr, "and says what is missing",
                  result.stderr)
    lab.gateway.nft("flush table inet nfshaper\n" + daemon.run("show", "nft").stdout)
    lab.report.equal(daemon.run("reload").returncode, 0, "with the new table it does not")
    daemon.stop()
    lab.report.ok("inet nfshaper" in tables(lab.gateway), "stop leaves the user's table")


def test_gateway(lab):
    """the example of a gateway's own rules, loaded while the daemon runs: all is as before"""
    daemon = Daemon(lab, CONFIG.replace("ruleset: manual\n", "")).start()
    web = daemon.ids()["web"]["mark"]
    lab.gateway.run("nft", "-f", GATEWAY)
    wait_for(lambda: "inet nfshaper" in tables(lab.gateway), "the table to be put back", 10)
    lab.report.ok("ip nat" in tables(lab.gateway), "the example is loaded")
    exchange(lab, SERVER4)
    lab.report.equal(marks(lab.gateway, dport=PORT), [web], "masqueraded, in its class")


if __name__ == "__main__":
    main(globals())

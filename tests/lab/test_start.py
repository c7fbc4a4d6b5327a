#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What start says when something is not as it should be (topology: lab.py)."""

import os

from daemon import Daemon
from lab import main, wait_for
from observe import qdiscs, tables

PORT = 8080
VETH9 = ("link add wan9 type veth peer name other9", "link set wan9 up")


def config(interfaces):
    return f"""
version: 1
interfaces:
{interfaces}
classes:
  default: {{out: {{rate: 1mbit, ceil: 100%}}}}
  web: {{out: {{rate: 5mbit, ceil: 100%}}}}
rules:
  - name: web
    if: dport == {PORT}
    class: web
"""


def check_refused(lab, daemon, part, label, status=1):
    """start fails with a message, and nothing of it stays behind."""
    before = qdiscs(lab.gateway, "wan0")
    for words in (("start",), ("start", "-f")):
        result = daemon.run(*words, check=False)
        lab.report.equal(result.returncode, status, f"{label}, {' '.join(words)}: exit status")
        lab.report.contains(result.stderr, part, f"{label}: message")
        lab.report.equal(result.stdout, "", f"{label}: nothing on standard output")
    lab.report.equal("inet nfshaper" in tables(lab.gateway), False, f"{label}: no table")
    lab.report.equal(qdiscs(lab.gateway, "wan0"), before, f"{label}: qdisc untouched")


def test_no_such_file(lab):
    """the configuration is not there"""
    daemon = Daemon(lab, None)
    check_refused(lab, daemon, daemon.config_path, "missing file")
    result = daemon.run("check", check=False)
    lab.report.equal(result.returncode, 1, "check: exit status")
    lab.report.contains(result.stderr, "No such file", "check: message")


def test_errors_in_the_file(lab):
    """errors have file, line and column, several in one run"""
    daemon = Daemon(lab, config("  wan0: {out: 10mbit}").replace("class: web", "class: wbe")
                    .replace("version: 1", "version: 1\nclases: {}"))
    for part in (f"{daemon.config_path}:3:1: ", "clases", "wbe"):
        check_refused(lab, daemon, part, f"error {part!r}")
    found = daemon.run("-j", "check", check=False)
    lab.report.equal(found.returncode, 1, "check -j: exit status")
    lab.report.contains(found.stdout, '"line"', "check -j: the errors as JSON")


def test_not_root(lab):
    """an ordinary user is told so"""
    daemon = Daemon(lab, config("  wan0: {out: 10mbit}"))
    program = daemon.copy_program()
    os.chmod(daemon.config_path, 0o644)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    open_folder = lab.path("anybody")
    os.mkdir(open_folder)
    os.chmod(open_folder, 0o777)
    for parent, label in ((open_folder, "folders that it may make"), (lab.folder, "others")):
        folders = ("--run-dir", parent + "/own-run", "--state-dir", parent + "/own-state")
        result = lab.gateway.run(*nobody, program, "-c", daemon.config_path, *folders, "start",
                                 check=False)
        lab.report.equal(result.returncode, 1, f"{label}: exit status")
        lab.report.contains(result.stderr, "root", f"{label}: message")
    lab.report.equal(os.listdir(open_folder), [], "nothing is left behind")
    result = lab.gateway.run(*nobody, program, "-c", daemon.config_path, "check", check=False)
    lab.report.equal((result.returncode, result.stderr), (0, ""), "check needs no root")
    result = lab.gateway.run(*nobody, program, "-j", "-c", daemon.config_path, "explain", "udp",
                             "10.77.1.2:4000", f"10.77.2.2:{PORT}", check=False)
    lab.report.equal(result.returncode, 0, f"explain needs no root {result.stderr}")


def test_missing_interface(lab):
    """an interface that is not there is a warning, and it is shaped when it appears"""
    daemon = Daemon(lab, config("  wan0: {out: 10mbit}\n  wan9: {out: 20mbit}")).start()
    lab.report.contains(daemon.log(), "wan9", "a warning names it")
    lab.report.equal(qdiscs(lab.gateway, "wan0")[0], "htb 1:", "the other one is shaped")
    result = daemon.run("check", check=False)
    lab.report.equal(result.returncode, 0, "check: only a warning")
    lab.gateway.ip(*VETH9)
    wait_for(lambda: qdiscs(lab.gateway, "wan9")[:1] == ["htb 1:"], "wan9 to be shaped", 10)
    lab.report.ok(True, "it is shaped when it appears")
    lab.gateway.ip("link del wan9")
    lab.gateway.ip(*VETH9)
    wait_for(lambda: qdiscs(lab.gateway, "wan9")[:1] == ["htb 1:"], "wan9 to be shaped again", 10)
    lab.report.ok(True, "and again when it comes back")


def test_foreign_qdisc(lab):
    """somebody else's qdisc is not overwritten unless told to"""
    lab.gateway.run("tc", "qdisc", "add", "dev", "wan0", "root", "handle", "77:", "tbf", "rate",
                    "1gbit", "burst", "100kb", "latency", "50ms")
    daemon = Daemon(lab, config("  wan0: {out: 10mbit}"))
    check_refused(lab, daemon, "replace", "foreign tbf")
    daemon.configure(config("  wan0: {out: 10mbit, replace: true}"))
    daemon.start()
    lab.report.equal(qdiscs(lab.gateway, "wan0")[0], "htb 1:", "with replace: true it is replaced")


def test_foreign_htb(lab):
    """an HTB that somebody else made with the same handle is told from our own"""
    lab.gateway.run("tc", "qdisc", "add", "dev", "wan0", "root", "handle", "1:", "htb",
                    "default", "10")
    lab.gateway.run("tc", "class", "add", "dev", "wan0", "parent", "1:", "classid", "1:10", "htb",
                    "rate", "1gbit", "quantum", "60000")
    daemon = Daemon(lab, config("  wan0: {out: 10mbit}"))
    check_refused(lab, daemon, "replace", "foreign htb")


def test_unusable_folder(lab):
    """a folder that cannot be made is an error that names it"""
    daemon = Daemon(lab, config("  wan0: {out: 10mbit}"))
    lab.write("file", "")
    daemon.run_dir = lab.path("file") + "/run"
    check_refused(lab, daemon, daemon.run_dir, "run folder below a file")


def test_commands(lab):
    """help, version, wrong usage"""
    daemon = Daemon(lab, config("  wan0: {out: 10mbit}"))
    result = daemon.run("help", check=False)
    lab.report.equal(result.returncode, 0, "help: exit status")
    for word in ("start", "stop", "status", "check", "explain", "show"):
        lab.report.contains(result.stdout, word, f"help names {word}")
    lab.report.equal(daemon.run("-v", check=False).returncode, 0, "-v: exit status")
    for words in (("strat",), ("explain",), ("show", "nothing"), ("--no-such-option",)):
        result = daemon.run(*words, check=False)
        lab.report.equal(result.returncode, 2, f"{' '.join(words)}: wrong usage")
        lab.report.ok(result.stderr.strip(), f"{' '.join(words)}: is explained", result.stdout)


def test_show_tc_is_what_is_installed(lab):
    """the printed commands, run on another interface of that name, make the same classes"""
    daemon = Daemon(lab, config("  wan0: {out: 10mbit}")).start()
    lab.client.ip("link add wan0 type veth peer name other", "link set wan0 up")
    lab.client.run("sh", "-c", daemon.run("show", "tc").stdout)

    def shape(node):
        return sorted(node.run("tc", "class", "show", "dev", "wan0").stdout.splitlines())
    lab.report.equal(shape(lab.client), shape(lab.gateway), "show tc")


if __name__ == "__main__":
    main(globals())

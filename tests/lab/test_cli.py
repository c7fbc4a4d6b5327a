#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line as a user meets it (topology: lab.py)."""

import json
import os
import pty
import re
import signal
import subprocess

from daemon import Daemon, program
from lab import HERE, main, wait_for

CONFIG = """
version: 1
interfaces:
  wan0: {out: 10mbit}
  later0: {out: 10mbit}
classes:
  web: {out: {rate: 1mbit, ceil: 100%}}
throttles:
  few: {limit: 5/60}
rules:
  - {name: web, if: dport == 80, class: web}
  - {name: mail, if: dport == 25, throttle: few, over: class web}
"""
ASKING = ("status", "reload", "restart", "confirm", "sessions", "throttle", "netstat")
COMMANDS = (*ASKING, "start", "stop", "kill", "check", "explain", "show", "import", "help")


def test_wrong_usage(lab):
    """exit status 2, nothing on standard output, and a hint at the command's own help"""
    daemon = Daemon(lab, CONFIG)
    for words, said in (
            (("stop", "now"), "takes no arguments"), (("status", "-f"), "-f is no option of"),
            (("status", "--foreground"), "no option of"), (("check", "-Z"), "-Z is no option of"),
            (("check", "--jsno"), "did you mean --json"), (("-V", "5", "status"), "1 (silent)"),
            (("-V", "loud", "status"), "1 (silent)"), (("-V",), "needs a value"),
            (("start", "--verbosity"), "needs a value"), (("strat",), "did you mean `start`"),
            (("",), "unknown command"), (("--no-such-option",), "unknown option --no-such-option"),
            (("help", "strat"), "unknown command"), (("help", "stop", "start"), "one command"),
            (("show",), "nft, tc, rules, marks"), (("show", "everything"), "not `everything`"),
            (("explain",), "PROTO"), (("explain", "tcp", "1.2.3.4"), "PROTO"),
            (("import",), "one file"),
            (("check", "rules.yaml"), "takes no arguments"), (("confirm", "now"), "no arguments"),
            (("confirm", "-x"), "no option of"), (("status", "--confirm", "1m"), "no option of"),
            (("reload", "--confirm"), "needs a value"), (("reload", "--confirm", "x"), "--confirm"),
            (("sessions", "-s", "x"), "serial"), (("throttle", "5"), "throttle"),
            (("--confirm", "1m", "check"), "no option of")):
        result = daemon.run(*words, check=False)
        lab.report.equal((result.returncode, result.stdout), (2, ""), f"{' '.join(words)}")
        lab.report.contains(result.stderr, said, "  is explained")
        lab.report.contains(result.stderr, "see `nfshaper help", "  with a hint")


def test_help(lab):
    """help, help COMMAND and COMMAND --help; the manual and the completions have every command"""
    daemon = Daemon(lab, None)
    completions = {}
    for shell in ("nfshaper", "_nfshaper"):
        with open(os.path.join(HERE, "..", "..", "conf", "completions", shell),
                  encoding="utf-8") as file:
            completions[shell] = file.read()
    general = daemon.run("help").stdout
    lab.report.equal(daemon.run("--help").stdout, general, "--help")
    lab.report.equal(daemon.run("-h").stdout, general, "-h")
    with open(os.path.join(HERE, "..", "..", "doc", "nfshaper.8"), encoding="utf-8") as file:
        manual = file.read()
    for row in daemon.json("help")["commands"]:
        name = row["name"]
        lab.report.ok(name in COMMANDS, f"{name}: is in this test")
        lab.report.contains(general, f"  {name}", f"{name}: in the list")
        text = daemon.run("help", name).stdout
        lab.report.contains(text, f"nfshaper [OPTIONS] {name}", f"help {name}")
        lab.report.equal(daemon.run(name, "--help").stdout, text, f"{name} --help")
        lab.report.equal(daemon.run(name, "-h").stdout, text, f"{name} -h")
        lab.report.ok(f".Cm {name}" in manual or f"| {name}" in manual,
                      f"{name}: in the manual")
        for shell, text in completions.items():
            lab.report.ok(re.search(rf"\b{name}\b", text), f"{name}: in {shell}")
    for option in ("config", "foreground", "debug", "verbosity", "json", "run-dir", "state-dir",
                   "version", "help"):
        lab.report.contains(general, f"--{option}", f"--{option}: in the help")
        lab.report.contains(manual, f"-{option}", f"--{option}: in the manual")


def test_no_daemon(lab):
    """exit status 3 where no daemon runs; 1 where the file is wrong"""
    daemon = Daemon(lab, CONFIG)
    for name in (*ASKING, "stop", "kill"):
        result = daemon.run(name, check=False)
        lab.report.equal((result.returncode, result.stdout), (3, ""), f"{name}: exit status")
        lab.report.contains(result.stderr, "no nfshaper runs", f"{name}: says so")
    daemon.configure("version: 2\n")
    for words in (("check",), ("start",), ("show", "nft"),
                  ("explain", "tcp", "1.1.1.1", "2.2.2.2")):
        result = daemon.run(*words, check=False)
        lab.report.equal(result.returncode, 1, f"a broken file: {' '.join(words)}")
        lab.report.contains(result.stderr, ":1:10: ", "  with its place")


def test_json(lab):
    """-j, before and behind the command: one value, of every command that prints"""
    daemon = Daemon(lab, CONFIG).start()
    lab.write("pyshaper.conf", "interfaces = {}\n")
    for words in (("status",), ("netstat",), ("sessions",), ("throttle",),
                  ("throttle", "-T", "more", "3/1m"),
                  ("throttle", "-r", "more"), ("check",), ("show", "nft"), ("show", "tc"),
                  ("show", "rules"), ("show", "marks"), ("explain", "tcp", "1.1.1.1", "2.2.2.2:80"),
                  ("help",), ("help", "stop"), ("reload",), ("restart",),
                  ("reload", "--confirm", "1h"), ("confirm",)):
        text = daemon.run("-j", *words).stdout
        lab.report.ok(isinstance(json.loads(text), (dict, list)), f"-j {' '.join(words)}")
        if words[0] not in ("confirm", "throttle", "reload"):
            again = daemon.run(*words, "-j").stdout
            lab.report.equal(type(json.loads(again)), type(json.loads(text)),
                             f"{' '.join(words)} -j")
    lab.report.equal(json.loads(daemon.run("-j", "-v").stdout).keys(), {"version"}, "-j -v")
    result = daemon.run("-j", "stop")
    lab.report.equal(json.loads(result.stdout).keys(), {"stopped_pid"}, "-j stop")
    daemon.check_end()


def run_plain(lab, *words, env=None, check=True):
    """The program with nothing but these words."""
    return lab.gateway.run("env", *(f"{key}={value}" for key, value in (env or {}).items()),
                           program(), *words, check=check)


def test_which_file(lab):
    """-c, else $NFSHAPERCONFIG, else the built-in path; long and short are the same"""
    good = lab.write("good.yaml", CONFIG)
    bad = lab.write("bad.yaml", "version: 3\n")
    for words, env, expected in (
            (("-c", good, "check"), {"NFSHAPERCONFIG": bad}, good),
            (("--config", good, "check"), {"NFSHAPERCONFIG": bad}, good),
            ((f"--config={good}", "check"), {}, good), (("check", "-c", good), {}, good),
            (("check", "--config", good), {}, good), (("check",), {"NFSHAPERCONFIG": good}, good),
            (("-c", bad, "check"), {"NFSHAPERCONFIG": good}, bad),
            (("check",), {"NFSHAPERCONFIG": ""}, "/etc/nfshaper/rules.yaml")):
        result = run_plain(lab, *words, env=env, check=False)
        lab.report.contains(result.stdout + result.stderr, expected + ":",
                            f"{env} {' '.join(words)}")


def test_no_command_is_start(lab):
    """options alone start the daemon; long options, too"""
    daemon = Daemon(lab, CONFIG)
    for words in (("-f",), ("--foreground", "--verbosity", "2"), ("--foreground", "--debug")):
        command = [program(), "--config", daemon.config_path, f"--run-dir={daemon.run_dir}",
                   "--state-dir", daemon.state_dir, *words]
        process = subprocess.Popen(lab.gateway.command(*command), stderr=subprocess.DEVNULL)
        lab.at_end(process.kill)
        wait_for(lambda: daemon.run("status", check=False).returncode == 0, "the daemon", 10)
        lab.report.equal(daemon.status()["pid"], process.pid,
                         f"{' '.join(words)}: in the foreground")
        process.send_signal(signal.SIGTERM)
        lab.report.equal(process.wait(20), 0, "it ends well")


def test_verbosity(lab):
    """pyshaper's levels: 1 errors, 2 also warnings and what happens, 3 also details"""
    daemon = Daemon(lab, CONFIG)
    expected = {1: (False, False, False), 2: (True, True, False), 3: (True, True, True),
                4: (True, True, True)}
    for level, wanted in expected.items():
        if os.path.exists(daemon.log_path):
            os.remove(daemon.log_path)
        daemon.start("-V", str(level))
        daemon.configure("broken: [")
        daemon.run("reload", check=False)
        daemon.configure(CONFIG)
        daemon.stop()
        log = daemon.log()
        lab.report.equal(("warning: there is no interface" in log, "running" in log,
                          "asks for" in log), wanted, f"-V {level}: warnings, events, details")
        lab.report.contains(log, "not reloaded", f"-V {level}: errors")


def on_terminal(lab, *words, **env):
    """What the program writes to a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(lab.gateway.command("env", "TERM=xterm", "NO_COLOR=", *(
        f"{key}={value}" for key, value in env.items()), *words), stdout=slave, stderr=slave)
    process.wait(20)
    os.close(slave)
    text = b""
    try:
        while piece := os.read(master, 65536):
            text += piece
    except OSError:  # the other end is closed
        pass
    os.close(master)
    return text.decode()


def test_colours(lab):
    """colours on a terminal, and nowhere else"""
    daemon = Daemon(lab, CONFIG).start()
    for words in (("check",), ("status",)):
        what = " ".join(words)
        lab.report.contains(on_terminal(lab, *daemon.words(*words)), "\033[", f"{what}: a terminal")
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            text = on_terminal(lab, *daemon.words(*words), **env)
            lab.report.ok(text and "\033" not in text, f"{what}: {env}", repr(text))
        result = daemon.run(*words)
        lab.report.equal("\033" in result.stdout + result.stderr, False, f"{what}: no terminal")


def test_readers(lab):
    """a reader that leaves early is no failure; a full device is one"""
    daemon = Daemon(lab, CONFIG).start()
    for words in (("help",), ("status",), ("netstat",), ("-j", "status"), ("show", "nft"),
                  ("show", "marks")):
        what = " ".join(words)
        ends = os.pipe()
        os.close(ends[0])
        result = subprocess.run(lab.gateway.command(*daemon.words(*words)), stdout=ends[1],
                                stderr=subprocess.PIPE, check=False)
        os.close(ends[1])
        lab.report.equal((result.returncode, result.stderr), (0, b""), f"{what}: nobody reads")
        with open("/dev/full", "wb") as full:
            result = subprocess.run(lab.gateway.command(*daemon.words(*words)), stdout=full,
                                    stderr=subprocess.PIPE, check=False)
        lab.report.equal(result.returncode, 1, f"{what}: a full device")
        lab.report.contains(result.stderr.decode(), "No space left", "  is named")


def test_show_rules(lab):
    """rules in their order, with what they do"""
    daemon = Daemon(lab, CONFIG)
    rows = daemon.json("show", "rules")
    lab.report.equal([(row["rule"], row["if"], row["action"], row["class"], row["throttle"],
                       row["over"], row["over_class"]) for row in rows],
                     [("web", "dport == 80", "class", "web", None, None, None),
                      ("mail", "dport == 25", None, None, "few", "class", "web")], "show rules -j")
    text = daemon.run("show", "rules").stdout
    lab.report.ok(text.index("web") < text.index("mail") < text.index("what no rule settles"),
                  "show rules", text)


if __name__ == "__main__":
    main(globals())

# SPDX-License-Identifier: GPL-3.0-or-later
"""nfshaper itself, in the gateway, with run and state folders of its own.

  LAB_NFSHAPER  the program (default: nfshaper in the build folder)
  LAB_WRAP      words put before the daemon's own, such as `valgrind --leak-check=full`
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess

from report import SLOW, wait_for

SUMMARY = re.compile(r"ERROR SUMMARY: (\d+) errors")
BROKEN = ("AddressSanitizer", "LeakSanitizer", "UndefinedBehaviorSanitizer", "runtime error:",
          "ThreadSanitizer")


def program():
    path = os.environ.get("LAB_NFSHAPER") or os.environ.get("NFSHAPER") or \
        os.path.join(os.environ.get("builddir", "."), "nfshaper")
    return os.path.abspath(path)


def memory_errors(text):
    """Lines of valgrind's and the sanitizers' reports that tell of an error."""
    return [line for line in text.splitlines()
            if any(word in line for word in BROKEN)
            or (SUMMARY.search(line) and SUMMARY.search(line).group(1) != "0")]


class Daemon:
    """One configuration, and the processes that run with it, one after the other."""

    def __init__(self, lab, config, name="nfshaper", node=None):
        self.lab = lab
        self.node = node or lab.gateway
        self.name = name
        self.process = None
        self.log_path = lab.path(name + ".log")
        self.run_dir = lab.path(name + ".run")
        self.state_dir = lab.path(name + ".state")
        self.config_path = lab.path(name + ".yaml")
        if config is not None:
            self.configure(config)

    def configure(self, config):
        self.lab.write(self.name + ".yaml", config)

    def words(self, *command):
        return [program(), "-c", self.config_path, "--run-dir", self.run_dir,
                "--state-dir", self.state_dir, *command]

    def run(self, *command, check=True):
        """A command of the program, run to its end in the gateway."""
        result = self.node.run(*self.words(*command), check=check)
        broken = memory_errors(result.stderr)
        if broken:
            self.lab.report.ok(False, f"{' '.join(command)}: no memory errors", result.stderr)
        return result

    def json(self, *command):
        return json.loads(self.run("-j", *command).stdout)

    def start(self, *options, before=()):
        """Runs it in the foreground, wrapped if asked for, and waits until it answers.

        `before` are words before the program's own, such as `env NAME=value`.
        """
        wrap = shlex.split(os.environ.get("LAB_WRAP", ""))
        with open(self.log_path, "ab") as log:
            command = self.node.command(*before, *wrap, *self.words("start", "-f", *options))
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        self.lab.at_end(self._end)
        wait_for(self._answers, "the daemon's socket", 10)
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the daemon ended with {self.process.returncode}:\n{self.log()}")
        return os.path.exists(os.path.join(self.run_dir, "control.sock")) and \
            self.run("status", check=False).returncode == 0

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self):
        """Waits for the end of the process; its exit status."""
        return self.process.wait(20 * SLOW)

    def stop(self):
        """SIGTERM and the checks that every run must pass at its end."""
        self.process.send_signal(signal.SIGTERM)
        self.check_end()

    def check_end(self):
        report = self.lab.report
        report.equal(self.wait(), 0, f"{self.name}: exit status")
        self._check_memory()
        self.process = None

    def _check_memory(self):
        log = self.log()
        self.lab.report.equal(memory_errors(log), [], f"{self.name}: no memory errors")
        if "valgrind" in os.environ.get("LAB_WRAP", ""):
            self.lab.report.ok(SUMMARY.search(log), f"{self.name}: valgrind has summed up", log)

    def kill(self):
        """SIGKILL: the crash that the table must outlive."""
        self.process.kill()
        self.process.wait(20)
        self.process = None

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            wait_for(lambda: file.seek(0) or file.read().rsplit(")", 1)[1].split()[0] == "T",
                     "the daemon to be suspended")

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def _end(self):
        """At the lab's end a daemon that still runs must end well, too."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.resume()
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.lab.report.ok(False, f"{self.name}: ends on SIGTERM", self.log())
            self.process.kill()

    def status(self):
        return self.json("status")

    def ids(self, queued=False):
        """name -> {"mark": number, "classid": text} as `show marks` has it.

        Of connections that are settled, or of those whose packets stay queued.
        """
        return {row["name"]: {"mark": int(row["mark"], 0), "classid": row["classid"]}
                for row in self.json("show", "marks")
                if row["queued"] == queued and not row["throttle"]}

    def calls(self):
        """throttle -> the value of the packet mark that calls it."""
        return {row["throttle"]: int(row["mark"], 0)
                for row in self.json("show", "marks") if row["throttle"]}

    def copy_program(self):
        """A copy that any user may run."""
        path = self.lab.path("program")
        shutil.copy(program(), path)
        os.chmod(path, 0o755)
        return path

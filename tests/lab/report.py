# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting what a lab test found: one TAP line a check, a last line with the totals."""

import os
import sys
import time
import traceback

# How much slower than real hardware this run is expected to be: deadlines are multiplied by it.
# Set for valgrind, sanitizers and emulated machines.
SLOW = float(os.environ.get("LAB_SLOW", "1"))

# Counts of connections and flows are divided by it.
SCALE = int(os.environ.get("LAB_SCALE", "1"))


class Report:
    """Prints and counts; the process's exit status comes from it."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def _line(self, text):
        print(text, flush=True)

    def note(self, text):
        for line in str(text).splitlines():
            self._line("# " + line)

    def ok(self, condition, name, detail=""):
        """A check with a reason that is printed where it fails."""
        if condition:
            self.passed += 1
            self._line(f"ok {self.passed + self.failed} - {name}")
        else:
            self.failed += 1
            self._line(f"not ok {self.passed + self.failed} - {name}")
            self.note(detail)
        return bool(condition)

    def equal(self, found, expected, name):
        return self.ok(found == expected, name, f"expected: {expected!r}\nfound:    {found!r}")

    def contains(self, text, part, name):
        return self.ok(part in text, name, f"expected to contain: {part!r}\nfound: {text!r}")

    def within(self, found, low, high, name):
        return self.ok(low <= found <= high, name, f"expected: {low} … {high}\nfound:    {found}")

    def skip(self, name, why):
        self.skipped += 1
        self._line(f"ok {self.passed + self.failed} - {name} # SKIP {why}")

    def crash(self, name):
        self.ok(False, f"{name}: ended early", traceback.format_exc())

    def finish(self):
        """The last line, and the exit status that goes with it."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        self._line(f"{self.passed} passed, {self.failed} failed{skipped}")
        return 1 if self.failed or not self.passed else 0


def wait_for(condition, what, timeout=5.0):
    """Polls until the condition gives something true, which is returned; TimeoutError otherwise."""
    deadline = time.monotonic() + timeout * SLOW
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout * SLOW:.0f} s for {what}")
        time.sleep(0.01)


def run_tests(names, make_lab):
    """Runs every function named test_… of a module's globals(), each in a lab of its own.

    Arguments of the program choose some of them by name.
    """
    wanted = sys.argv[1:]
    report = Report()
    for name, function in list(names.items()):
        if not name.startswith("test_") or not callable(function):
            continue
        if wanted and name not in wanted:
            continue
        report.note(f"{name}: {(function.__doc__ or name).splitlines()[0]}")
        started = time.monotonic()
        try:
            with make_lab(report) as lab:
                function(lab)
        except Exception:  # a broken test must not hide those after it
            report.crash(name)
        report.note(f"{name}: {time.monotonic() - started:.1f} s")
    sys.exit(report.finish())

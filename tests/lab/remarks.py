# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations that put connections in other classes, one after the other."""

import json

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


def reload(daemon, text, expected=0):
    """Another configuration for the daemon; the answer."""
    daemon.configure(text)
    result = daemon.run("-j", "reload", check=False)
    answer = json.loads(result.stdout)
    daemon.lab.report.equal(result.returncode, expected,
                            f"reload: {answer['errors']}" if answer["errors"] else "reload")
    return answer

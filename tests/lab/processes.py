# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of real users in a node, for tests of who owns a connection."""

import contextlib
import os
import pwd
import subprocess
import sys

NOBODY, GAMES = pwd.getpwnam("nobody"), pwd.getpwnam("games")


def start(lab, *words, user=None, wait=True, **options):
    """A process in the gateway, and its first line of output, for which it waits."""
    process = subprocess.Popen(words if user is None else as_user(user, *words), text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               preexec_fn=lambda: enter(lab.gateway), **options)
    lab.at_end(lambda: end(process))
    return process, process.stdout.readline().strip() if wait else None


def run(lab, *words, user=None):
    """One that ends by itself: its output."""
    return subprocess.run(words if user is None else as_user(user, *words), text=True, check=True,
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=120,
                          preexec_fn=lambda: enter(lab.gateway)).stdout


def as_user(user, *words):
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *words]


def enter(node):
    """In a child: without ip(8) between, which would mount /sys anew."""
    fd = os.open(f"/run/netns/{node.name}", os.O_RDONLY)
    os.setns(fd, os.CLONE_NEWNET)
    os.close(fd)


def end(process):
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.wait(timeout=20)
    process.stdout.close()


def python(program, *words):
    return [sys.executable, "-c", program, *map(str, words)]


def crowd(lab, count, user=None):
    """So many processes with ten descriptors each, until the lab's end."""
    program = ("import os, signal, sys\n"
               "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
               "for i in range(10): os.open('/dev/null', os.O_RDONLY)\n"
               f"pids = []\nfor i in range({count}):\n"
               "    pid = os.fork()\n"
               "    if pid == 0:\n        signal.pause()\n    pids.append(pid)\n"
               "print(len(pids), flush=True)\nsys.stdin.read()\n"
               "for pid in pids: os.kill(pid, signal.SIGKILL)\n")
    start(lab, *python(program), user=user)


def cgroups(lab, *paths):
    """Control groups of the lab's own, removed at its end: the folder that has them all, and what
    it is called from the root."""
    mount = lab.path("cgroup")
    os.mkdir(mount)
    subprocess.run(["mount", "-t", "cgroup2", "none", mount], check=True)
    lab.at_end(lambda: subprocess.run(["umount", mount], check=True))
    name = f"{lab.prefix}.slice"
    for path in ("", *paths):
        folder = os.path.join(mount, name, path)
        os.mkdir(folder)
        lab.at_end(lambda folder=folder: os.rmdir(folder))
    return os.path.join(mount, name), "/" + name


def in_cgroup(folder, *words):
    return ["sh", "-c", f'echo $$ > {folder}/cgroup.procs; exec "$@"', "sh", *words]


if not hasattr(os, "setns"):  # Python before 3.12
    import ctypes
    os.CLONE_NEWNET = 0x40000000

    def _setns(fd, kind, _libc=ctypes.CDLL(None, use_errno=True)):
        if _libc.setns(fd, kind):
            raise OSError(ctypes.get_errno(), "setns")
    os.setns = _setns

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns a socket, of real processes in a namespace (src/owner; topology: lab.py)."""

import json
import os
import pwd
import socket
import subprocess
import sys

from lab import GATEWAY_WAN4, GATEWAY_WAN6, SERVER4, SERVER6, main, wait_for
from processes import NOBODY, cgroups, crowd, end, in_cgroup, python, start
from report import SCALE

TOOL = os.path.join(os.environ.get("builddir", "."), "tests/lab/owner_tool")
TCP, UDP = socket.IPPROTO_TCP, socket.IPPROTO_UDP
PORT = 7000

# Makes a socket and tells its own end; then waits for the end of its input.
CLIENT = """
import socket, sys
family, kind, address, port = sys.argv[1:5]
s = socket.socket(getattr(socket, family), getattr(socket, kind))
if kind == "SOCK_STREAM":
    s.setblocking(False)
    s.connect_ex((address, int(port)))
elif address:
    s.connect((address, int(port)))
else:
    s.bind(("", int(port)))
print(s.getsockname()[1], flush=True)
sys.stdin.read()
"""
LISTENER = """
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(("::", int(sys.argv[1]))); s.listen()
print("listens", flush=True)
sys.stdin.read()
"""


class Tool:
    """owner_tool in the gateway."""

    def __init__(self, lab, *before):
        self.lab = lab
        self.process = subprocess.Popen(lab.gateway.command(*before, TOOL), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        lab.at_end(self._end)

    def _end(self):
        self.process.stdin.close()
        status = self.process.wait(timeout=60)
        self.lab.report.equal(status, 0, "owner_tool: exit status")

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def ask(self, proto, local, remote, *, level="process", direction="out", uid=None):
        end = "" if uid is None else f" {uid}"
        return self.tell(f"{level} {direction} {proto} {text(local)} {text(remote)}{end}")


def at_once(tool, *ends, **options):
    """What is known without a search: when no process anywhere has just begun or ended."""
    return wait_for(lambda: (found := tool.ask(*ends, **options))["at_once"] and found,
                    "an answer at once")


def text(end):
    return f"[{end[0]}]:{end[1]}" if ":" in end[0] else f"{end[0]}:{end[1]}"


def drop_first_packets(lab):
    """So that connections stay as they are while they are asked about."""
    lab.gateway.nft(f"table inet quiet {{ chain out {{ type filter hook output priority 0; "
                    f"tcp dport {PORT} drop; udp dport {PORT} drop; }}; }}")


def expect(lab, found, process, label, **more):
    """Everything about the process; its command line is that of the words that began it."""
    with open(f"/proc/{process.pid}/cmdline", encoding="utf-8") as file:
        words = file.read().split("\0")[:-1]
    wanted = {"pid": process.pid, "cmd": words[0], "args": words[1:],
              "exe": os.readlink(f"/proc/{process.pid}/exe"), **more}
    lab.report.equal({key: found[key] for key in wanted}, wanted, label)


def test_outgoing(lab):
    """TCP and UDP, IPv4 and IPv6, connected and not, of two users"""
    drop_first_packets(lab)
    tool = Tool(lab)
    for user in (pwd.getpwuid(0), NOBODY):
        for family, local, remote in (("AF_INET", GATEWAY_WAN4, SERVER4),
                                      ("AF_INET6", GATEWAY_WAN6, SERVER6)):
            for kind, proto in (("SOCK_STREAM", TCP), ("SOCK_DGRAM", UDP)):
                process, port = start(lab, *python(CLIENT, family, kind, remote, PORT), user=user)
                ends = (proto, (local, port), (remote, PORT))
                label = f"{user.pw_name}, {family}, {kind}"
                expect(lab, tool.ask(*ends, uid=user.pw_uid), process, label,
                       uid=user.pw_uid, user=user.pw_name, at_once=False)
                expect(lab, at_once(tool, *ends, uid=user.pw_uid), process, f"{label}: again")
    process, port = start(lab, *python(CLIENT, "AF_INET6", "SOCK_DGRAM", "", PORT + 1))
    found = tool.ask(UDP, (GATEWAY_WAN4, port), (SERVER4, PORT), uid=0)
    expect(lab, found, process, "not connected, IPv4 by a socket of both")


def test_levels(lab):
    """what is cheap is had without a search"""
    drop_first_packets(lab)
    tool = Tool(lab)
    process, port = start(lab, *python(CLIENT, "AF_INET", "SOCK_STREAM", SERVER4, PORT),
                          user=NOBODY)
    ends = (TCP, (GATEWAY_WAN4, port), (SERVER4, PORT))
    tool.ask(*ends, level="user", uid=NOBODY.pw_uid)  # what the user is called
    found = tool.ask(*ends, level="user", uid=NOBODY.pw_uid)
    lab.report.equal((found["user"], found["pid"], found["at_once"]), ("nobody", None, True),
                     "the user alone")
    lab.report.equal(tool.tell("counters")["searches"], 0, "and nothing was searched")
    found = tool.ask(*ends, level="socket", uid=NOBODY.pw_uid)
    lab.report.equal((found["user"], found["pid"]), ("nobody", None), "the socket")
    lab.report.equal(tool.tell("counters")["searches"], 0, "and nothing was searched")
    tool.ask(*ends, uid=NOBODY.pw_uid)
    lab.report.ok(0 < tool.tell("counters")["searches"] < 50, "the process was, among few")


def test_nobodys(lab):
    """no socket, one that is not open any more, one of the kernel: not known"""
    tool = Tool(lab)
    nothing = dict.fromkeys(("uid", "gid", "pid", "user", "group", "cgroup", "cmd"))
    found = tool.ask(TCP, (GATEWAY_WAN4, 1), (SERVER4, PORT))
    lab.report.equal({key: found[key] for key in nothing}, nothing, "no socket")
    found = tool.ask(TCP, (GATEWAY_WAN4, 1), (SERVER4, PORT), direction="in")
    lab.report.equal({key: found[key] for key in nothing}, nothing, "no socket, incoming")
    drop_first_packets(lab)
    process, port = start(lab, *python(CLIENT, "AF_INET", "SOCK_DGRAM", SERVER4, PORT))
    end(process)
    found = tool.ask(UDP, (GATEWAY_WAN4, port), (SERVER4, PORT), uid=0)
    lab.report.equal((found["user"], found["pid"]), ("root", None), "the process has ended")
    lab.gateway.ip(f"link add vx0 type vxlan id 7 dstport {PORT + 2} local {GATEWAY_WAN4}",
                   "link set vx0 up")
    for level in ("user", "process"):
        found = tool.ask(UDP, (GATEWAY_WAN4, PORT + 2), (SERVER4, 9), direction="in", level=level)
        lab.report.equal({key: found[key] for key in nothing}, nothing,
                         f"a socket of the kernel: {level}")


def test_incoming(lab):
    """the listening socket, also one of several on a port, and one for both families"""
    tool = Tool(lab)
    listeners = [start(lab, *python(LISTENER, PORT), user=user)[0]
                 for user in (NOBODY, NOBODY, NOBODY)]
    pids = {process.pid for process in listeners}
    for local, remote in ((GATEWAY_WAN4, SERVER4), (GATEWAY_WAN6, SERVER6)):
        found = [tool.ask(TCP, (local, PORT), (remote, 1000 + i), direction="in")
                 for i in range(64)]
        lab.report.equal({each["user"] for each in found}, {"nobody"}, f"{local}: user")
        lab.report.equal({each["pid"] for each in found}, pids, f"{local}: one of the group each")
        lab.report.equal({each["gid"] for each in found}, {NOBODY.pw_gid}, f"{local}: group")
    found = tool.ask(TCP, (GATEWAY_WAN4, PORT), (SERVER4, 9), direction="in", level="user")
    lab.report.equal((found["user"], found["gid"]), ("nobody", NOBODY.pw_gid),
                     "user and group without asking for the process")
    process, _ = start(lab, *python(CLIENT, "AF_INET", "SOCK_DGRAM", "", PORT + 5))
    found = tool.ask(UDP, (GATEWAY_WAN4, PORT + 5), (SERVER4, 77), direction="in")
    expect(lab, found, process, "UDP", user="root")


def test_inherited(lab):
    """children that have the socket too: it is of the one that opened it, and then of the child"""
    drop_first_packets(lab)
    tool = Tool(lab)
    program = CLIENT.replace("sys.stdin.read()", "import os\n"
                             "if os.fork() == 0:\n"
                             "    if os.fork() == 0:\n        print(os.getpid(), flush=True)\n"
                             "        os.close(1)\n        os.read(3, 1)\n        os._exit(0)\n"
                             "    os.wait(); os._exit(0)\n"
                             "sys.stdin.read(1)\nos._exit(0)\n")
    read_end, write_end = os.pipe()
    words = python(program.replace("os.read(3, 1)", f"os.read({read_end}, 1)"),
                   "AF_INET", "SOCK_DGRAM", SERVER4, PORT)
    process, port = start(lab, *words, pass_fds=(read_end,))
    os.close(read_end)
    grandchild = int(process.stdout.readline())
    ends = (UDP, (GATEWAY_WAN4, port), (SERVER4, PORT))
    lab.report.equal(tool.ask(*ends, uid=0)["pid"], process.pid, "the eldest")
    end(process)
    wait_for(lambda: tool.ask(*ends, uid=0)["pid"] != process.pid, "the end of the eldest")
    found = tool.ask(*ends, uid=0)["pid"]
    lab.report.ok(found is not None and found <= grandchild, "then a younger one", found)
    os.close(write_end)
    wait_for(lambda: tool.ask(*ends, uid=0)["pid"] is None, "the end of all")
    lab.report.ok(True, "and nobody, when all have ended")


def check_exec(lab, tool):
    program = CLIENT.replace("sys.stdin.read()", "import os\nsys.stdin.readline()\n"
                             "s.set_inheritable(True)\n"
                             "os.execvp('cat', ['a cat', '-', '-'])\n")
    process, port = start(lab, *python(program, "AF_INET", "SOCK_DGRAM", SERVER4, PORT))
    ends = (UDP, (GATEWAY_WAN4, port), (SERVER4, PORT))
    expect(lab, tool.ask(*ends, uid=0), process, "before")
    process.stdin.write("\n")
    process.stdin.flush()
    wait_for(lambda: os.readlink(f"/proc/{process.pid}/exe").endswith("/cat"), "the exec")
    wait_for(lambda: tool.ask(*ends, uid=0)["cmd"] == "a cat", "the new command")
    expect(lab, tool.ask(*ends, uid=0), process, "after")


def test_exec(lab):
    """another program in the same process: it is called what it is now"""
    drop_first_packets(lab)
    check_exec(lab, Tool(lab))


def test_without_connector(lab):
    """where processes cannot be followed they are searched, and never believed to be as they were"""
    drop_first_packets(lab)
    tool = Tool(lab, "unshare", "-p", "--fork", "--kill-child")  # the connector speaks not there
    lab.report.equal(tool.tell("counters")["source"], "search", "the source")
    check_exec(lab, tool)
    process, port = start(lab, *python(CLIENT, "AF_INET", "SOCK_STREAM", SERVER4, PORT))
    ends = (TCP, (GATEWAY_WAN4, port), (SERVER4, PORT))
    expect(lab, tool.ask(*ends, uid=0), process, "a process that began later")
    before = tool.tell("counters")["searches"]
    expect(lab, tool.ask(*ends, uid=0), process, "again")
    lab.report.equal(tool.tell("counters")["searches"], before, "looked up where it was")


def test_cgroup(lab):
    """the control group of the socket's process, and its unit"""
    group, name = cgroups(lab, "daemon.service", "daemon.service/worker")
    drop_first_packets(lab)
    tool = Tool(lab)
    for path, unit in (("daemon.service/worker", "daemon.service"), ("daemon.service",) * 2,
                       ("", None)):
        words = in_cgroup(f"{group}/{path}",
                          *python(CLIENT, "AF_INET", "SOCK_DGRAM", SERVER4, PORT))
        process, port = start(lab, *words)
        found = tool.ask(UDP, (GATEWAY_WAN4, port), (SERVER4, PORT), uid=0, level="socket")
        lab.report.equal((found["cgroup"], found["unit"]),
                         (os.path.join(name, path).rstrip("/"), unit),
                         f"in {path or 'the slice'}")
        end(process)


def test_given_up_users(lab):
    """a socket opened as root by a process that is nobody now; a container's; a long command line"""
    drop_first_packets(lab)
    tool = Tool(lab)
    program = CLIENT.replace("print(", f"import os\nos.setgid({NOBODY.pw_gid})\n"
                             f"os.setuid({NOBODY.pw_uid})\nprint(")
    process, port = start(lab, *python(program, "AF_INET", "SOCK_DGRAM", SERVER4, PORT))
    found = tool.ask(UDP, (GATEWAY_WAN4, port), (SERVER4, PORT), uid=0)
    expect(lab, found, process, "found among the others", user="root")
    process, port = start(lab, "unshare", "-p", "-m", "--fork", "--mount-proc", "--kill-child",
                          *python(CLIENT, "AF_INET", "SOCK_DGRAM", SERVER4, PORT))
    found = tool.ask(UDP, (GATEWAY_WAN4, port), (SERVER4, PORT), uid=0)
    lab.report.equal(found["cmd"], sys.executable, "in a pid namespace of its own")
    words = ["-Dx=" + "y" * 100] * 300 + ["net.x.Router"]
    process, port = start(lab, *python(CLIENT, "AF_INET", "SOCK_DGRAM", SERVER4, PORT, *words))
    found = tool.ask(UDP, (GATEWAY_WAN4, port), (SERVER4, PORT), uid=0)
    lab.report.equal(found["args"][-1], "net.x.Router", "the last of many words")


def test_pid_reuse(lab):
    """another process of the same pid is not taken for the one before"""
    drop_first_packets(lab)
    tool = Tool(lab)
    # In a pid namespace of the test, whose numbers can be set.
    program = ("import os, sys\n"
               "client = sys.argv[1:]\n"
               "for i in range(2):\n"
               "    open('/proc/sys/kernel/ns_last_pid', 'w').write('500')\n"
               "    pid = os.fork()\n"
               "    if pid == 0:\n"
               "        os.execv(client[0], client + [f'life{i}'])\n"
               "    os.wait()\n")
    client = python(CLIENT.replace("sys.stdin.read()", "sys.stdin.readline()")
                    .replace("flush=True", "os.getpid(), flush=True")
                    .replace("import socket", "import os, socket"),
                    "AF_INET", "SOCK_DGRAM", SERVER4, PORT)
    process, first = start(lab, "unshare", "-p", "-m", "--fork", "--mount-proc", "--kill-child",
                           *python(program, *client))
    lives = []
    for life in range(2):
        port, pid = (first if life == 0 else process.stdout.readline()).split()
        found = tool.ask(UDP, (GATEWAY_WAN4, port), (SERVER4, PORT), uid=0)
        lives.append((pid, found["args"][-1:]))
        process.stdin.write("\n")
        process.stdin.flush()
    lab.report.equal(lives, [("501", ["life0"]), ("501", ["life1"])], "each by its own words")


def test_many(lab):
    """short-lived processes among many others with many descriptors"""
    many = 2000 // SCALE
    crowd(lab, many)
    drop_first_packets(lab)
    tool = Tool(lab)
    count = 200 // SCALE + 3
    right = 0
    for i in range(count):
        process, port = start(lab, *python(CLIENT, "AF_INET", "SOCK_STREAM", SERVER4, PORT, i))
        found = tool.ask(TCP, (GATEWAY_WAN4, port), (SERVER4, PORT), uid=0)
        right += found["pid"] == process.pid and found["args"][-1] == str(i)
        end(process)
    counters = tool.tell("counters")
    lab.report.equal(right, count, f"all of {count} among {many}")
    lab.report.ok(counters["source"] == "proc connector", "by the proc connector", counters)
    lab.report.ok(counters["searches"] < count * many / 20 + 5 * count,
                  f"with few folders searched: {counters['searches']}", counters)


if __name__ == "__main__":
    main(globals())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose socket it is where that is not plain: shared, inherited, handed on, not yet accepted, of a
container, of a process with very many; and when events are lost (topology: lab.py)."""

import os
import signal
import socket
import sys
import threading
import time

from lab import GATEWAY_WAN4, GATEWAY_WAN6, SERVER4, SERVER6, main, wait_for
from processes import NOBODY, python, start
from report import SCALE
from test_owner_lookup import (CLIENT, PORT, TCP, UDP, Tool, at_once, drop_first_packets,
                               expect)

# A datagram socket that others may share the port with; tells from whom it gets what.
RECEIVER = """
import socket, sys
family, port = sys.argv[1:3]
s = socket.socket(getattr(socket, family), socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(("", int(port)))
print("bound", flush=True)
while True:
    data, peer = s.recvfrom(100)
    if data == b"end":
        break
    print(peer[1], flush=True)
"""
# The same for connections.
ACCEPTER = """
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(("::", int(sys.argv[1]))); s.listen(64)
print("listens", flush=True)
sys.stdin.readline()
s.setblocking(False)
kept = []
try:
    while True:
        kept.append(s.accept())
except BlockingIOError:
    print(*[peer[1] for _, peer in kept], flush=True)
sys.stdin.read()
"""


def ask_listener(lab, tool, family_end, peer_port):
    return tool.ask(TCP, (family_end, PORT), (SERVER4, peer_port), direction="in")


def test_bound_and_not_bound(lab):
    """one bound to the address, another to none: who of them has sent is not known"""
    tool = Tool(lab)
    program = ("import socket, sys\ns = socket.socket(type=socket.SOCK_DGRAM)\n"
               "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
               "s.bind((sys.argv[1], int(sys.argv[2])))\n"
               "print('bound', flush=True)\nsys.stdin.read()\n")
    first, _ = start(lab, *python(program, GATEWAY_WAN4, PORT), user=NOBODY)
    ends = (UDP, (GATEWAY_WAN4, PORT), (SERVER4, 7))
    expect(lab, tool.ask(*ends, uid=NOBODY.pw_uid), first, "alone", user="nobody")
    start(lab, *python(program, "", PORT), user=NOBODY)
    found = tool.ask(*ends, uid=NOBODY.pw_uid)
    lab.report.equal((found["user"], found["pid"]), ("nobody", None), "the user alone")


def test_both_families(lab):
    """IPv4 by sockets of IPv6, connected and not; IPv6 not connected"""
    drop_first_packets(lab)
    tool = Tool(lab)
    for kind, proto in (("SOCK_STREAM", TCP), ("SOCK_DGRAM", UDP)):
        process, port = start(lab, *python(CLIENT, "AF_INET6", kind, f"::ffff:{SERVER4}", PORT),
                              user=NOBODY)
        found = tool.ask(proto, (GATEWAY_WAN4, port), (SERVER4, PORT), uid=NOBODY.pw_uid)
        expect(lab, found, process, f"{kind}: IPv4 by IPv6", user="nobody")
    process, port = start(lab, *python(CLIENT, "AF_INET6", "SOCK_DGRAM", "", PORT + 3))
    found = tool.ask(UDP, (GATEWAY_WAN6, port), (SERVER6, 53), uid=0)
    expect(lab, found, process, "IPv6, not connected", user="root")


def test_programs(lab):
    """nc, and a command line like that of java"""
    drop_first_packets(lab)
    tool = Tool(lab)
    process, _ = start(lab, "sh", "-c", 'echo begins; exec "$@"', "sh", "nc", "-n", "-p",
                       str(PORT + 9), SERVER4, str(PORT), user=NOBODY)
    ends = (TCP, (GATEWAY_WAN4, PORT + 9), (SERVER4, PORT))
    wait_for(lambda: tool.ask(*ends, uid=NOBODY.pw_uid)["pid"], "the connection of nc")
    expect(lab, tool.ask(*ends, uid=NOBODY.pw_uid), process, "nc", cmd="nc", user="nobody")
    process.kill()
    words = ["/usr/lib/jvm/bin/java", "-c", CLIENT, "AF_INET", "SOCK_STREAM", SERVER4, str(PORT),
             "-Xmx64m", "net.x.Router", "-p"]
    process, port = start(lab, *words, executable=sys.executable)
    found = tool.ask(TCP, (GATEWAY_WAN4, port), (SERVER4, PORT), uid=0)
    expect(lab, found, process, "java", cmd=words[0], args=words[1:])


def test_shared_port(lab):
    """SO_REUSEPORT, UDP: who gets a packet is known, who has sent one is not"""
    tool = Tool(lab)
    first, _ = start(lab, *python(RECEIVER, "AF_INET", PORT), user=NOBODY)
    ends = (UDP, (GATEWAY_WAN4, PORT), (SERVER4, 7))
    expect(lab, tool.ask(*ends, uid=NOBODY.pw_uid), first, "alone", user="nobody")
    second, _ = start(lab, *python(RECEIVER, "AF_INET", PORT), user=NOBODY)
    count, wrong = 64 // SCALE + 8, []
    told = {first.pid: [], second.pid: []}
    senders = [lab_socket(lab.server, socket.SOCK_DGRAM) for _ in range(count)]
    for sender in senders:
        sender.sendto(b"x", (GATEWAY_WAN4, PORT))
        port = sender.getsockname()[1]
        pid = tool.ask(UDP, (GATEWAY_WAN4, PORT), (SERVER4, port), direction="in")["pid"]
        if pid in told:
            told[pid].append(port)
        else:
            wrong.append(pid)
    lab.report.equal(wrong, [], "incoming: one of the two")
    for process in (first, second):
        got = [int(process.stdout.readline()) for _ in told[process.pid]]
        lab.report.equal(sorted(got), sorted(told[process.pid]), "the one that gets the packet")
    found = tool.ask(*ends, uid=NOBODY.pw_uid)
    lab.report.equal((found["user"], found["pid"], found["cgroup"]), ("nobody", None, None),
                     "outgoing: the user, who is the same for both")
    first.kill()
    first.wait()
    expect(lab, tool.ask(*ends, uid=NOBODY.pw_uid), second, "alone again", user="nobody")
    second.kill()


def lab_socket(node, kind):
    sock = node.socket(socket.AF_INET, kind)
    sock.bind(("", 0))
    return sock


def test_other_user(lab):
    """a packet of one user is not of the socket of another that has the same ends"""
    drop_first_packets(lab)
    tool = Tool(lab)
    start(lab, *python(CLIENT, "AF_INET", "SOCK_DGRAM", "", PORT + 4))
    found = tool.ask(UDP, (GATEWAY_WAN4, PORT + 4), (SERVER4, PORT), uid=NOBODY.pw_uid)
    lab.report.equal((found["user"], found["pid"]), ("nobody", None), "the user of the packet")


def test_not_accepted(lab):
    """connections that nobody has accepted yet are of the socket that listens"""
    tool = Tool(lab)
    listeners = [start(lab, *python(ACCEPTER, PORT), user=NOBODY)[0]]
    peers = [lab_socket(lab.server, socket.SOCK_STREAM) for _ in range(4)]
    lab.gateway.nft("table inet quiet { chain out { type filter hook output priority 0; "
                    "tcp flags & (syn | ack) == (syn | ack) drop; }; }")
    peers[0].setblocking(False)
    peers[0].connect_ex((GATEWAY_WAN4, PORT))
    port = peers[0].getsockname()[1]
    wait_for(lambda: "SYN-RECV" in state_of(lab, port), "the half-open connection")
    expect(lab, ask_listener(lab, tool, GATEWAY_WAN4, port), listeners[0], "half open",
           user="nobody")
    lab.gateway.nft("flush chain inet quiet out")
    for peer in peers[1:]:
        peer.connect((GATEWAY_WAN4, PORT))
    port = peers[1].getsockname()[1]
    expect(lab, ask_listener(lab, tool, GATEWAY_WAN4, port), listeners[0], "open", user="nobody")
    # A second one listens: which of them it waits at is not told any more.
    listeners.append(start(lab, *python(ACCEPTER, PORT), user=NOBODY)[0])
    found = ask_listener(lab, tool, GATEWAY_WAN4, port)
    lab.report.equal((found["user"], found["pid"]), ("nobody", None), "at one of two")
    listeners[0].stdin.write("\n")
    listeners[0].stdin.flush()
    accepted = listeners[0].stdout.readline().split()
    lab.report.ok(str(port) in accepted, "accepted", accepted)
    expect(lab, ask_listener(lab, tool, GATEWAY_WAN4, port), listeners[0], "is its own")
    found = tool.ask(TCP, (GATEWAY_WAN4, PORT), (SERVER4, port), uid=NOBODY.pw_uid)
    lab.report.equal(found["pid"], listeners[0].pid, "in whatever direction")
    for peer in peers:
        peer.close()


def state_of(lab, port):
    return lab.gateway.run("ss", "-Htn", "state", "syn-recv", f"dport = :{port}").stdout and \
        "SYN-RECV"


def test_choice_of_listeners(lab):
    """SO_REUSEPORT, TCP: a connection is of the one that gets it"""
    tool = Tool(lab)
    listeners = [start(lab, *python(ACCEPTER, PORT), user=NOBODY)[0] for _ in range(3)]
    told = {process.pid: [] for process in listeners}
    peers = [lab_socket(lab.server, socket.SOCK_STREAM) for _ in range(48 // SCALE + 8)]
    for peer in peers:
        port = peer.getsockname()[1]
        told[ask_listener(lab, tool, GATEWAY_WAN4, port)["pid"]].append(port)
        peer.connect((GATEWAY_WAN4, PORT))
    for process in listeners:
        process.stdin.write("\n")
        process.stdin.flush()
        got = list(map(int, process.stdout.readline().split()))
        lab.report.equal(sorted(got), sorted(told[process.pid]), "as they were told before")
    for peer in peers:
        peer.close()


def test_ended(lab):
    """a connection whose socket is closed is not of one that listens on its port"""
    tool = Tool(lab)
    start(lab, *python(ACCEPTER, PORT))
    nothing = dict.fromkeys(("uid", "gid", "pid", "user", "cgroup", "cmd"))
    found = tool.ask(TCP, (GATEWAY_WAN4, PORT), (SERVER4, 4711), uid=NOBODY.pw_uid)
    lab.report.equal((found["user"], found["pid"]), ("nobody", None), "outgoing")
    found = tool.ask(TCP, (GATEWAY_WAN4, PORT + 1), (SERVER4, 4711), direction="in")
    lab.report.equal({key: found[key] for key in nothing}, nothing, "incoming, another port")


# Three in a line have the socket; then the middle one closes it, then it ends, then the eldest
# closes it: a line of input each time.
LINE = """
read_end, write_end = os.pipe()
if os.fork() == 0:
    os.close(write_end)
    child = os.fork()
    if child == 0:
        os.read(read_end, 1)
        os._exit(0)
    print(child, flush=True)
    os.read(0, 1)
    s.close()
    print("closed", flush=True)
    os.read(0, 1)
    os._exit(0)
os.wait()
print("ended", flush=True)
os.read(0, 1)
s.close()
print("closed", flush=True)
os.read(0, 1)
"""


def test_line(lab):
    """the eldest of a line that has it: also where those between have closed it, or have ended"""
    drop_first_packets(lab)
    # Each is asked for the first time, but has followed all of it.
    tool, *others = (Tool(lab) for _ in range(4))
    lab.report.equal([each.tell("counters")["lookups"] for each in others], [0] * 3, "they follow")
    program = CLIENT.replace("sys.stdin.read()", "import os" + LINE)
    process, port = start(lab, *python(program, "AF_INET", "SOCK_DGRAM", SERVER4, PORT))
    ends = (UDP, (GATEWAY_WAN4, port), (SERVER4, PORT))
    child = int(process.stdout.readline())
    lab.report.equal(tool.ask(*ends, uid=0)["pid"], process.pid, "all three have it")
    for other, pid, label in zip(others, (process.pid, process.pid, child),
                                 ("the middle one has closed it", "the middle one has ended",
                                  "the eldest has closed it")):
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        lab.report.equal(other.ask(*ends, uid=0)["pid"], pid, label)


# Has a process in namespaces of its own, which alone keeps the socket after a line of input.
HANDS_ON = """
import ctypes
libc = ctypes.CDLL(None)
s.set_inheritable(True)
read_end, write_end = os.pipe()
if os.fork() == 0:
    assert libc.unshare(0x40000000 | 0x20000000 | 0x20000) == 0  # network, processes, mounts
    os.close(write_end)
    child = os.fork()
    if child == 0:
        os.dup2(read_end, 0)
        os.execv("/bin/cat", ["in a container", "-"])
    s.close()
    print(child, flush=True)
    os.wait()
    os._exit(0)
os.read(0, 1)
s.close()
print("closed", flush=True)
os.read(0, 1)
"""


def test_handed_on(lab):
    """a socket of this namespace in a container: other namespaces of network, processes and files"""
    drop_first_packets(lab)
    tool = Tool(lab)
    program = CLIENT.replace("sys.stdin.read()", "import os" + HANDS_ON)
    process, port = start(lab, *python(program, "AF_INET", "SOCK_STREAM", SERVER4, PORT))
    child = int(process.stdout.readline())
    ends = (TCP, (GATEWAY_WAN4, port), (SERVER4, PORT))
    lab.report.equal(tool.ask(*ends, uid=0)["pid"], process.pid, "first it is the opener's")
    process.stdin.write("\n")
    process.stdin.flush()
    process.stdout.readline()
    wait_for(lambda: tool.ask(*ends, uid=0)["cmd"] == "in a container", "the exec")
    found = tool.ask(*ends, uid=0)
    lab.report.equal((found["pid"], found["exe"]), (child, os.path.realpath("/bin/cat")),
                     "the process as this host sees it")


def test_many_sockets(lab):
    """a process with thousands of sockets: the first search sees them all"""
    drop_first_packets(lab)
    tool = Tool(lab)
    count = 4000 // SCALE
    user = 64242  # whose only process it is, whatever else runs here
    program = ("import os, resource, socket, sys\n"
               "resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))\n"
               "os.setgid(%d); os.setuid(%d)\n"
               "kept = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(%d)]\n"
               "for s in kept: s.connect(('%s', %d))\n"
               "print(*[s.getsockname()[1] for s in kept], flush=True)\nsys.stdin.read()\n"
               % (user, user, count, SERVER4, PORT))
    process, ports = start(lab, *python(program))
    ports = ports.split()
    last = (UDP, (GATEWAY_WAN4, ports[-1]), (SERVER4, PORT))
    words = f"burst 300 process out {UDP} {GATEWAY_WAN4}:{ports[-1]} {SERVER4}:{PORT} {user}"
    found = tool.tell(words)
    lab.report.equal(found["pid"], process.pid, "all of many questions at once")
    lab.report.equal(found["taken"], found["answered"], "are answered")
    lab.report.within(found["taken"], 256, 300, "as far as there is room")
    first = tool.tell("counters")["searches"]
    lab.report.equal(first, 1, "by one search")
    right = sum(tool.ask(UDP, (GATEWAY_WAN4, port), (SERVER4, PORT), uid=user)["pid"] == process.pid
                for port in ports)
    lab.report.equal(right, count, f"and those of {count} others")
    lab.report.equal(tool.tell("counters")["searches"], first, "need no search any more")
    lab.report.equal(at_once(tool, *last, uid=user)["pid"], process.pid, "nor does the first")


def drops(process):
    """Datagrams that its sockets of the connector have lost."""
    folder = f"/proc/{process.pid}/fd"
    inodes = {os.readlink(os.path.join(folder, name)).strip("socket:[]")
              for name in os.listdir(folder)}
    with open("/proc/net/netlink", encoding="ascii") as file:
        lines = [line.split() for line in file.readlines()[1:]]
    return sum(int(line[8]) for line in lines if line[1] == "11" and line[9] in inodes)


def test_lost_events(lab):
    """more events than there is room for: what was known is read anew"""
    drop_first_packets(lab)
    tool = Tool(lab)
    if tool.tell("counters")["source"] != "proc connector":
        lab.report.skip("lost events", "no proc connector")
        return
    program = CLIENT.replace("sys.stdin.read()", "import os\nsys.stdin.readline()\n"
                             "s.set_inheritable(True)\n"
                             "os.execvp('cat', ['another', '-'])\n")
    process, port = start(lab, *python(program, "AF_INET", "SOCK_DGRAM", SERVER4, PORT))
    ends = (UDP, (GATEWAY_WAN4, port), (SERVER4, PORT))
    expect(lab, tool.ask(*ends, uid=0), process, "before")
    tool.process.send_signal(signal.SIGSTOP)
    try:
        deadline = time.monotonic() + 60
        while drops(tool.process) == 0 and time.monotonic() < deadline:
            for _ in range(500):  # of threads there are events, too
                thread = threading.Thread(target=int)
                thread.start()
                thread.join()
        lab.report.ok(drops(tool.process) > 0, "events were lost")
        process.stdin.write("\n")
        process.stdin.flush()
        wait_for(lambda: os.readlink(f"/proc/{process.pid}/exe").endswith("/cat"), "the exec")
    finally:
        tool.process.send_signal(signal.SIGCONT)
    wait_for(lambda: tool.ask(*ends, uid=0)["cmd"] == "another", "what it is called now")
    expect(lab, tool.ask(*ends, uid=0), process, "afterwards")


if __name__ == "__main__":
    main(globals())

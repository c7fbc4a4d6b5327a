# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: three network namespaces of our own, removed whatever happens.

      client                        gateway                          server
  +------------+             +--------------------+             +------------+
  |       eth0 |-------------| lan0          wan0 |-------------| eth0       |
  +------------+             +--------------------+             +------------+
   10.77.1.2      10.77.1.1      nfshaper       10.77.2.1         10.77.2.2
   fd77:1::2      fd77:1::1   runs in here      fd77:2::1         fd77:2::2

  More addresses, on lo, routed: client 10.77.11.1-4 fd77:11::1-4, server 10.77.12.1-4
  fd77:12::1-4.

Neighbours are permanent and there is no router advertisement, so that nothing but the test's own
packets crosses the gateway: then a class's packet counter can be compared with a number.
Real veth pairs, offloads as they come (GSO on).
"""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from report import run_tests, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
CLONE_NEWNET = 0x40000000

CLIENT4, CLIENT6 = "10.77.1.2", "fd77:1::2"
GATEWAY_LAN4, GATEWAY_LAN6 = "10.77.1.1", "fd77:1::1"
GATEWAY_WAN4, GATEWAY_WAN6 = "10.77.2.1", "fd77:2::1"
SERVER4, SERVER6 = "10.77.2.2", "fd77:2::2"

_libc = ctypes.CDLL(None, use_errno=True)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, "setns: " + os.strerror(error))


class Node:
    """One namespace."""

    def __init__(self, name):
        self.name = name

    @contextlib.contextmanager
    def inside(self):
        """The calling thread is in this namespace; sockets made there stay there."""
        with open("/proc/thread-self/ns/net", "rb") as home, \
                open(f"/run/netns/{self.name}", "rb") as there:
            _setns(there.fileno())
            try:
                yield
            finally:
                _setns(home.fileno())

    def socket(self, family, kind, proto=0):
        with self.inside():
            return socket.socket(family, kind, proto)

    def command(self, *words):
        """The words that run a program in here; it keeps the process id of ip(8)."""
        return ["ip", "netns", "exec", self.name, *words]

    def run(self, *words, check=True, **options):
        """Runs a program to its end. Its output is in .stdout and .stderr."""
        result = subprocess.run(self.command(*words), capture_output=True, text=True,
                                timeout=120, **options)
        if check and result.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: exit status {result.returncode}\n"
                               f"{result.stdout}{result.stderr}")
        return result

    def ip(self, *commands):
        _batch(["ip", "-n", self.name, "-batch", "-"], commands)

    def sysctl(self, settings):
        """Writes files below /proc/sys/net, as this namespace has them."""
        with self.inside():
            for key, value in settings.items():
                with open("/proc/sys/net/" + key, "w", encoding="ascii") as file:
                    file.write(str(value))

    def nft(self, text):
        self.run("nft", "-f", "-", input=text)

    def pids(self):
        words = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True,
                               check=False).stdout.split()
        return [int(word) for word in words]


def _batch(words, commands):
    subprocess.run(words, input="\n".join(commands) + "\n", text=True, check=True)


def _mac(net, host):
    return f"02:77:00:00:{net:02x}:{host:02x}"


class Lab:
    """The three nodes, a folder of its own, and what was started in them."""

    _count = 0

    def __init__(self, report):
        Lab._count += 1
        self.report = report
        self.prefix = f"{os.environ.get('LAB_PREFIX', 'nfs-lab-')}{os.getpid()}-{Lab._count}"
        self.client = Node(self.prefix + "-client")
        self.gateway = Node(self.prefix + "-gateway")
        self.server = Node(self.prefix + "-server")
        self.nodes = (self.client, self.gateway, self.server)
        self.folder = None
        self._cleanups = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix=self.prefix + "-")
        os.chmod(self.folder, 0o755)
        try:
            self._build()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def at_end(self, function):
        """Called at removal, last first."""
        self._cleanups.append(function)

    def _build(self):
        client, gateway, server = self.nodes
        _batch(["ip", "-batch", "-"],
               [f"netns add {node.name}" for node in self.nodes] +
               [f"link add name lan0 netns {gateway.name} type veth "
                f"peer name eth0 netns {client.name}",
                f"link add name wan0 netns {gateway.name} type veth "
                f"peer name eth0 netns {server.name}"])
        for node in self.nodes:
            node.sysctl({"ipv6/conf/all/forwarding": int(node is gateway),
                         "ipv6/conf/default/accept_dad": 0,
                         "ipv6/conf/all/accept_ra": 0})
        gateway.sysctl({"ipv4/ip_forward": 1})
        gateway.ip("link set lo up",
                   *self._port("lan0", 1, 1, 2), *self._port("wan0", 2, 1, 2),
                   f"route add 10.77.11.0/24 via {CLIENT4}", f"route add fd77:11::/64 via {CLIENT6}",
                   f"route add 10.77.12.0/24 via {SERVER4}", f"route add fd77:12::/64 via {SERVER6}")
        client.ip("link set lo up", *self._port("eth0", 1, 2, 1), *self._more(11),
                  f"route add default via {GATEWAY_LAN4}", f"route add default via {GATEWAY_LAN6}")
        server.ip("link set lo up", *self._port("eth0", 2, 2, 1), *self._more(12),
                  f"route add default via {GATEWAY_WAN4}", f"route add default via {GATEWAY_WAN6}")
        # Membership reports would leave through the shaped interfaces and be counted there.
        gateway.nft("table inet lab_quiet { chain out { type filter hook output priority -400; "
                    "icmpv6 type { mld-listener-report, mld2-listener-report, "
                    "nd-router-solicit } drop; }; }")

    @staticmethod
    def _port(device, net, host, peer):
        return [f"link set {device} address {_mac(net, host)} addrgenmode none",
                f"link set {device} up",
                f"addr add 10.77.{net}.{host}/24 dev {device}",
                f"addr add fd77:{net}::{host}/64 dev {device} nodad",
                f"neigh replace 10.77.{net}.{peer} lladdr {_mac(net, peer)} dev {device} "
                "nud permanent",
                f"neigh replace fd77:{net}::{peer} lladdr {_mac(net, peer)} dev {device} "
                "nud permanent"]

    @staticmethod
    def _more(net):
        return [f"addr add 10.77.{net}.{host}/32 dev lo" for host in range(1, 5)] + \
               [f"addr add fd77:{net}::{host}/128 dev lo nodad" for host in range(1, 5)]

    def remove(self):
        while self._cleanups:
            try:
                self._cleanups.pop()()
            except Exception as error:  # the namespaces must go all the same
                with contextlib.suppress(OSError):  # nobody may be reading any more
                    self.report.note(f"while cleaning up: {error}")
        for node in self.nodes:
            if not os.path.exists(f"/run/netns/{node.name}"):
                continue
            for pid in node.pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", node.name], check=False)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def thread(self, function, *arguments):
        """Starts a thread that the lab's end waits for."""
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        thread.start()
        self.at_end(lambda: thread.join(10))
        return thread


def _stop_on_signal(number, _):
    sys.exit(128 + number)


def handle_signals():
    """Signals that end the process do so by an exception, which removes the lab."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop_on_signal)


def main(names):
    """The body of a test program: main(globals())."""
    if os.geteuid() != 0:
        sys.exit("the lab needs root")
    handle_signals()
    run_tests(names, Lab)


__all__ = ["Lab", "Node", "main", "wait_for", "HERE", "CLIENT4", "CLIENT6", "GATEWAY_LAN4",
           "GATEWAY_LAN6", "GATEWAY_WAN4", "GATEWAY_WAN6", "SERVER4", "SERVER6"]

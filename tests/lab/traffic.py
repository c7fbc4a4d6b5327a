# SPDX-License-Identifier: GPL-3.0-or-later
"""Real connections between the nodes.

Sockets of all nodes live in the test's own process, so a test knows by itself, without waiting
for other programs, what was sent and what arrived.
"""

import contextlib
import errno
import os
import resource
import socket
import threading
import time

from report import SLOW, wait_for

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
FLOOD_WINDOW = 1024


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def listen(node, kind, port, address="::"):
    """A socket bound to a port, of every address of both families unless one is given."""
    family = family_of(address)
    server = node.socket(family, kind)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind((address, port))
    if kind == TCP:
        server.listen(1024)
    server.settimeout(5 * SLOW)
    return server


def open_socket(node, kind, address, port, source=None):
    """A connected socket, for UDP without having sent anything."""
    client = node.socket(family_of(address), kind)
    client.settimeout(5 * SLOW)
    try:
        if source:
            client.bind(source)
        client.connect((address, port))
    except BaseException:
        client.close()
        raise
    return client


def tcp_exchange(node, server, address, port, data=b"hello"):
    """Connects, sends, is answered, and hands back both open ends."""
    client = open_socket(node, TCP, address, port)
    peer, _ = server.accept()
    peer.settimeout(5 * SLOW)
    client.sendall(data)
    got = receive_exactly(peer, len(data))
    peer.sendall(got)
    if receive_exactly(client, len(data)) != data:
        raise AssertionError("the echo differs")
    return client, peer


def receive_exactly(end, size):
    data = b""
    while len(data) < size:
        part = end.recv(size - len(data))
        if not part:
            raise ConnectionError("closed early")
        data += part
    return data


def udp_send(client, server, data=b"hello"):
    """Sends one datagram and waits until the server has it; its sender is handed back."""
    client.send(data)
    got, peer = server.recvfrom(65536)
    if got != data:
        raise AssertionError(f"sent {data!r}, got {got!r}")
    return peer


def received_all(server, expected, timeout=5.0):
    """The datagrams that arrive until there are as many as expected, or the time is over."""
    got = []
    deadline = time.monotonic() + timeout * SLOW
    while len(got) < expected:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        server.settimeout(left)
        try:
            got.append(server.recv(65536))
        except TimeoutError:
            break
    return got


def pending(server):
    """The datagrams that are there now."""
    got = []
    server.setblocking(False)
    try:
        while True:
            got.append(server.recv(65536))
    except BlockingIOError:
        return got
    finally:
        server.settimeout(5 * SLOW)


def tcp_attempt(node, address, port, give_up_ms=None):
    """What a connect gives: (errno or 0, seconds it took)."""
    client = node.socket(family_of(address), TCP)
    client.settimeout(10 * SLOW)
    if give_up_ms:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, give_up_ms)
    started = time.monotonic()
    try:
        client.connect((address, port))
        result = 0
    except OSError as error:
        result = error.errno or errno.ETIMEDOUT
    finally:
        client.close()
    return result, time.monotonic() - started


def udp_attempt(node, address, port):
    """What a datagram to a refusing port gives: (errno or 0 where nothing came, seconds)."""
    client = open_socket(node, UDP, address, port)
    started = time.monotonic()
    try:
        client.send(b"hello")
        client.recv(100)
        result = 0
    except TimeoutError:
        result = 0
    except OSError as error:
        result = error.errno
    finally:
        client.close()
    return result, time.monotonic() - started


def error_name(number):
    return errno.errorcode.get(number, str(number))


class NewFlows:
    """A stream of new UDP connections, one datagram each, and the count of those that arrive."""

    PENDING = 100  # a socket holds some 200 datagrams
    PAUSE = 0.001  # seconds, between datagrams of which some may be lost

    def __init__(self, lab, receiver, address, port, may_lose=False):
        self.sent = self.got = 0
        self._may_lose = may_lose
        self._source, self._target = lab.client, (address, port)
        self._server = listen(receiver, UDP, port)
        self._sending, self._receiving = threading.Event(), threading.Event()
        self._sending.set()
        self._receiving.set()
        self._threads = lab.thread(self._send), lab.thread(self._receive)

    def _send(self):
        while self._sending.is_set():
            with open_socket(self._source, UDP, *self._target) as client:
                client.send(b"x")
            self.sent += 1
            if self._may_lose:
                time.sleep(self.PAUSE)
            elif self.sent % 20 == 0:
                wait_for(lambda: self.sent - self.got < self.PENDING, "the receiver to keep up",
                         20)

    def _receive(self):
        while self._receiving.is_set():
            self.got += len(received_all(self._server, 1, timeout=0.1))

    def wait_more(self, count, what):
        goal = self.got + count
        wait_for(lambda: self.got > goal, what, 20)

    def stop(self):
        """Ends the stream and waits for what is still on its way."""
        self._sending.clear()
        self._threads[0].join()
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: self.got >= self.sent, "the last of them", 2)
        self._receiving.clear()
        self._threads[1].join()


class Stream:
    """Bulk transfer over one TCP connection until it is stopped, to the server or from it."""

    def __init__(self, lab, node, server, address, port, download=False):
        self.server = server
        self.client = open_socket(node, TCP, address, port)
        self.peer, _ = server.accept()
        self._from, self._to = ((self.peer, self.client) if download else
                                (self.client, self.peer))
        self.received = 0
        self._running = True
        lab.thread(self._send)
        lab.thread(self._receive)
        lab.at_end(self.stop)

    def _send(self):
        block = bytes(65536)
        try:
            while self._running:
                self._from.send(block)
        except OSError:
            pass  # the lab has ended, or the test has closed it

    def _receive(self):
        self._to.settimeout(None)
        buffer = bytearray(262144)
        try:
            while True:
                size = self._to.recv_into(buffer)
                if not size:
                    return
                self.received += size
        except OSError:
            pass

    def stop(self):
        self._running = False
        for end in (self.client, self.peer):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def wait_more(self, size):
        """Until that many more bytes have arrived."""
        goal = self.received + size
        wait_for(lambda: self.received >= goal, f"{size} more bytes", 20)


class Download:
    """Datagrams from the server, paced, over a connection that the client began."""

    SIZE = 1372  # 1,400 bytes with the headers of IPv4 and UDP

    def __init__(self, lab, node, server, address, port, mbit):
        self._pause = self.SIZE * 8 * 10 / (mbit * 1e6)
        self._running = True
        self.client = open_socket(node, UDP, address, port)
        self.client.send(b"begin")
        _, self._to = server.recvfrom(65536)
        self._server = server
        self._thread = lab.thread(self._send)
        lab.at_end(self.stop)

    def _send(self):
        block = bytes(self.SIZE)
        due = time.monotonic()
        while self._running:
            for _ in range(10):
                self._server.sendto(block, self._to)
            due += self._pause
            time.sleep(max(0, due - time.monotonic()))

    def stop(self):
        self._running = False
        self._thread.join()
        self.client.close()


def flood(sender, receiver, target, *options, **more):
    """Runs tests/lab/flood, and returns when its packets have arrived at the receiver's interfaces.

    At most FLOOD_WINDOW packets are on their way: less than the shortest queue of the path holds, so
    that none is lost however unevenly the machine gives time to sender and daemon.
    """
    program = os.path.join(os.environ.get("builddir", "."), "tests/lab/flood")
    with receiver.inside():
        received = os.open("/proc/thread-self/net/dev", os.O_RDONLY)
    try:
        return sender.run(program, "-w", f"{FLOOD_WINDOW},{received}", *options, target,
                          pass_fds=[received], **more)
    finally:
        os.close(received)


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

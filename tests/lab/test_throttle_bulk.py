#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throttles and large packets: GSO, bulk transfers, `rate:` (topology: lab.py)."""

import socket
import time

from daemon import Daemon
from lab import SERVER4, SERVER6, main, wait_for
from observe import Meter, entries, waiting
from report import SLOW
from throttles import Throttle, arrived, send_together
from traffic import TCP, UDP, Stream, listen, open_socket, pending

PORT = 5300
UDP_SEGMENT = 103  # linux/udp.h
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
MTU = 1500
HEADERS = {SERVER4: 20 + 8, SERVER6: 40 + 8}
PACKETS = 300
RATE_BPS, BURST_BYTES, TCP_BURST_BYTES = 8_000_000, 64_000, 400_000

CONFIG = f"""
version: 1
interfaces:
  wan0: {{out: 10gbit}}
  lan0: {{out: 10gbit}}
classes:
  default: {{out: {{rate: 1gbit, ceil: 100%}}}}
  bulk: {{out: {{rate: 1gbit, ceil: 100%}}}}
throttles:
  counted: {{LIMIT, session: daddr}}
rules:
  - {{if: "TEST", throttle: counted, class: bulk}}
"""


def config(limit, test=f"dport == {PORT}"):
    return CONFIG.replace("LIMIT", limit).replace("TEST", test)


def gso_socket(lab, address, size):
    """A UDP socket whose large writes leave as one packet of segments of that size."""
    client = open_socket(lab.client, UDP, address, PORT)
    client.setsockopt(socket.SOL_UDP, UDP_SEGMENT, size)
    return client


def test_gso_segments(lab):
    """each segment of a GSO packet counts: the last packet within the limit passes in part"""
    daemon = Daemon(lab, config("limit: 25/600")).start()
    throttle = Throttle(daemon, "counted")
    server = listen(lab.server, UDP, PORT)
    for number, address in enumerate((SERVER4, SERVER6), 1):
        client = gso_socket(lab, address, 700)
        client.send(b"first")
        throttle.wait_judged(1 + 41 * (number - 1))
        for _ in range(4):
            client.send(bytes(7000))
        throttle.wait_judged(41 * number)
        wait_for(lambda: waiting(lab.gateway) == 0, "all answers")
        lab.report.equal(throttle.by("daddr")[address], (25, 16), f"{address}: 25 of 1 + 40 pass")
        lab.report.equal(sorted(map(len, arrived(server, 25))), [5] + [700] * 24,
                         f"{address}: all of them arrive")


def test_gso_first(lab):
    """the first packet of a flow, where it is a GSO packet, is charged with what it stands for"""
    daemon = Daemon(lab, config("limit: 15/600")).start()
    throttle = Throttle(daemon, "counted")
    server = listen(lab.server, UDP, PORT)
    server.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 21)
    for address in (SERVER4, SERVER6):
        size = MTU - HEADERS[address]
        gso_socket(lab, address, size).send(bytes(10 * size))
        wait_for(lambda: throttle.by("daddr").get(address) == (10, 0), f"{address}: 10 charged")
        wait_for(lambda: waiting(lab.gateway) == 0, "its answer")
        lab.report.equal(len(arrived(server, 10)), 10, f"{address}: 10 of 15 pass")
        before = sum(throttle.figures())
        gso_socket(lab, address, size).send(bytes(10 * size))
        throttle.wait_judged(before + 10)
        lab.report.equal(throttle.by("daddr")[address], (10, 10), f"{address}: 10 more do not")
        client = open_socket(lab.client, UDP, address, PORT)
        send_together(daemon, throttle, client, [b"x"] * 7)
        lab.report.equal(arrived(server, 5), [b"x"] * 5, f"{address}: 5 single ones do")


def test_fragments(lab):
    """a datagram in fragments is one packet, and arrives whole"""
    daemon = Daemon(lab, config("limit: 4/600")).start()
    throttle = Throttle(daemon, "counted")
    server = listen(lab.server, UDP, PORT)
    for address in (SERVER4, SERVER6):
        client = open_socket(lab.client, UDP, address, PORT)
        send_together(daemon, throttle, client, [bytes([number]) * 5000 for number in range(6)])
        lab.report.equal(arrived(server, 4), [bytes([number]) * 5000 for number in range(4)],
                         f"{address}: 4 of 6 arrive")


def left_by(meter, classid):
    lost = meter.drops()
    return meter.packets().get(classid, 0) + lost


def check_tcp(lab, test, meters_of):
    """A bulk transfer stops after exactly so many packets, however the kernel had joined them."""
    daemon = Daemon(lab, config(f"limit: {PACKETS}/600", test)
                    .replace("session: daddr", "session: none")).start()
    throttle = Throttle(daemon, "counted")
    bulk = daemon.ids(queued=True)["bulk"]["classid"]
    meters = [Meter(lab.gateway, device) for device in meters_of]
    server = listen(lab.server, TCP, PORT)
    stream = Stream(lab, lab.client, server, SERVER6, PORT)
    wait_for(lambda: throttle.figures()[1] > 0, "the limit to be reached", 20)
    lab.report.equal(throttle.figures()[0], PACKETS, f"{test}: {PACKETS} packets passed")
    wait_for(lambda: sum(left_by(meter, bulk) for meter in meters) >= PACKETS, "them to leave")
    lab.report.equal(sum(left_by(meter, bulk) for meter in meters), PACKETS,
                     f"{test}: and as many left by {' and '.join(meters_of)}")
    lab.report.ok(stream.received > PACKETS // 3 * 1000, f"{test}: full ones",
                  f"{stream.received} bytes")
    stream.stop()


def test_tcp_out(lab):
    """a packet limit on what is sent: so many packets leave"""
    check_tcp(lab, f"dport == {PORT}", ["wan0"])


def test_tcp_both(lab):
    """a packet limit on both directions"""
    check_tcp(lab, f"dport == {PORT} or sport == {PORT}", ["wan0", "lan0"])


def test_tcp_within(lab):
    """below its limit a bulk transfer is whole, and every packet is counted once"""
    daemon = Daemon(lab, config("limit: 1000000/600")).start()
    throttle = Throttle(daemon, "counted")
    bulk = daemon.ids(queued=True)["bulk"]["classid"]
    meter = Meter(lab.gateway, "wan0")
    server = listen(lab.server, TCP, PORT)
    stream = Stream(lab, lab.client, server, SERVER4, PORT)
    stream.wait_more(8 << 20)
    stream.stop()
    wait_for(lambda: throttle.figures()[0] == left_by(meter, bulk), "the last packets")
    lab.report.equal((throttle.figures()[0], throttle.figures()[1]), (left_by(meter, bulk), 0),
                     "what was counted has left")
    lab.report.equal(set(meter.packets()), {bulk}, "in class bulk")
    lab.report.equal(daemon.status()["queue"]["queue_dropped"], 0, "none lost in the queue")


def test_rate_burst(lab):
    """rate and burst: so many bytes pass at once, headers and all, for each session"""
    daemon = Daemon(lab, config("rate: 1kbit, burst: 10kB")).start()
    throttle = Throttle(daemon, "counted")
    server = listen(lab.server, UDP, PORT)
    for address in (SERVER4, SERVER6):
        client = open_socket(lab.client, UDP, address, PORT)
        # 9 of 1000 bytes leave 1000, of which 499 do not pass twice and a little.
        sizes = [1000] * 9 + [1001] * 3 + [600] + [500] * 3 + [300, 300]
        send_together(daemon, throttle, client,
                      [bytes(size - HEADERS[address]) for size in sizes])
        got = [len(data) + HEADERS[address] for data in arrived(server, 11)]
        lab.report.equal(got, [1000] * 9 + [600, 300], f"{address}: what passes")
        lab.report.equal(throttle.by("daddr")[address], (11, 7), f"{address}: so says its session")


def check_rate(lab, size, seconds, burst_bytes):
    """A bucket never lets more through; less only where the sender did not keep it empty."""
    rate = 8 * size / seconds
    lab.report.note(f"{rate / 1e6:.2f} mbit over {seconds:.1f} s")
    lab.report.ok(size <= burst_bytes + RATE_BPS / 8 * seconds, "not faster", rate)
    if SLOW == 1:  # an emulated machine may be slower than that by itself
        lab.report.ok(rate > 0.6 * RATE_BPS, "nor much slower", rate)


def test_rate_udp(lab):
    """datagrams at twice the rate of a bucket come out at its rate"""
    Daemon(lab, config("rate: 8mbit, burst: 64kB")).start()
    server = listen(lab.server, UDP, PORT)
    client = open_socket(lab.client, UDP, SERVER4, PORT)
    size, started, now = 0, time.monotonic(), 0
    while now < 3:
        for _ in range(20):
            client.send(bytes(1000 - HEADERS[SERVER4]))
        size += 1000 * len(pending(server))
        now = time.monotonic() - started
        time.sleep(0.008)
    check_rate(lab, size, now, BURST_BYTES)


def test_rate_tcp(lab):
    """a bulk transfer comes out at the rate of its bucket

    Which must hold what comes while TCP waits for its timer, 0.2 s: with 64 kB it would be a third.
    """
    daemon = Daemon(lab, config("rate: 8mbit, burst: 400kB")).start()
    bulk = daemon.ids(queued=True)["bulk"]["classid"]
    meter = Meter(lab.gateway, "wan0")
    server = listen(lab.server, TCP, PORT)
    started = time.monotonic()
    stream = Stream(lab, lab.client, server, SERVER4, PORT)
    stream.wait_more(3 * RATE_BPS // 8 + TCP_BURST_BYTES)
    check_rate(lab, stream.received, time.monotonic() - started, TCP_BURST_BYTES)
    lab.report.equal(meter.drops(), 0, "no class had to drop")
    lab.report.equal(set(meter.packets()), {bulk}, "all of it in class bulk")
    lab.report.equal(len(entries(lab.gateway, dport=PORT)), 1, "one connection")


if __name__ == "__main__":
    main(globals())

# SPDX-License-Identifier: GPL-3.0-or-later
"""What packets to one port go through in the gateway: nothing but conntrack, one of the kernel's
own throttles, or nfshaper.

All have the same key, both addresses and ports, room for twice as many sessions as come, and a
limit that is never reached: what is measured is the counting. All have the same conntrack.
"""

import shutil

from daemon import Daemon

PORT = 9000
NAME = "sessions"
CONNTRACK = "table inet none { chain f { type filter hook forward priority 10; ct state new; }; }"
NFT_LIMIT = """table inet limited {{
  set sessions {{ type ipv4_addr . ipv4_addr . inet_service . inet_service; size {size};
    flags dynamic,timeout; timeout 60s; }}
  chain f {{ type filter hook forward priority 10;
    udp dport {port} update @sessions {{ ip saddr . ip daddr . udp sport . udp dport \\
      limit rate over 100000/second burst 1000 packets }} drop; }}
}}"""
HASHLIMIT = """-A FORWARD -p udp --dport {port} -m hashlimit --hashlimit-name {name}
  --hashlimit-mode srcip,srcport,dstip,dstport --hashlimit-above 100000/sec --hashlimit-burst 1000
  --hashlimit-htable-size {size} --hashlimit-htable-max {size} --hashlimit-htable-expire 60000
  -j DROP"""
THROTTLE = """
version: 1
queue: {{on-failure: closed}}
throttles:
  {name}: {{limit: 1000000/60, session: [saddr, daddr, sport, dport], count: {count}, max: {size}}}
rules:
  - {{name: throttled, if: proto == udp and dport == {port}, throttle: {name}}}
"""
# Shaping, too, and rules to search: what a new connection costs without any throttle.
CLASSES = f"""
version: 1
queue: {{{{on-failure: closed}}}}
interfaces: {{{{wan0: {{{{out: 10gbit}}}}}}}}
classes:
  default: {{{{out: {{{{rate: 1gbit, ceil: 100%}}}}}}}}
  other: {{{{out: {{{{rate: 1gbit, ceil: 100%}}}}}}}}
  flood: {{{{out: {{{{rate: 5gbit, ceil: 100%}}}}}}}}
rules:
""" + "".join(f"  - {{{{name: r{n}, if: proto == tcp and dport == {1000 + n}, class: other}}}}\n"
              for n in range(20)) + "  - {{name: flood, if: dport == {port}, class: flood}}\n"


class Variant:
    """A name on the command line, what the table calls it, and how it is set up."""

    def __init__(self, key, title, set_up):
        self.key = key
        self.title = title
        self._set_up = set_up

    def set_up(self, lab, sessions):
        """The daemon, where there is one."""
        lab.gateway.nft(CONNTRACK)
        return self._set_up(lab, {"size": 2 * sessions, "port": PORT, "name": NAME})


def hashlimit_missing(lab):
    """Why xt_hashlimit cannot be measured here, or None."""
    if not shutil.which("iptables-nft"):
        return "there is no iptables-nft (Debian's package iptables)"
    words = HASHLIMIT.format(size=16, port=PORT, name=NAME).split()
    result = lab.gateway.run("iptables-nft", *words, check=False)
    return f"this kernel refuses it: {result.stderr.strip()}" if result.returncode else None


def _nothing(lab, _):
    return None


def _nft(lab, values):
    lab.gateway.nft(NFT_LIMIT.format(**values))


def _hashlimit(lab, values):
    lab.gateway.run("iptables-nft", *HASHLIMIT.format(**values).split())


def _nfshaper(text, **more):
    return lambda lab, values: Daemon(lab, text.format(**values, **more)).start()


VARIANTS = {variant.key: variant for variant in (
    Variant("nothing", "nothing but conntrack", _nothing),
    Variant("nft", "nft dynamic-set limit", _nft),
    Variant("hashlimit", "xt_hashlimit", _hashlimit),
    Variant("connections", "nfshaper, count: connections",
            _nfshaper(THROTTLE, count="connections")),
    Variant("packets", "nfshaper, count: packets", _nfshaper(THROTTLE, count="packets")),
    Variant("classes", "nfshaper, classes only", _nfshaper(CLASSES)),
)}

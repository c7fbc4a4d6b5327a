#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The shaper for what comes in, for lines with overhead and cells, and when others meddle with it.
# Where the kernel cannot send what comes in through an IFB device, that part is skipped. Needs root,
# iproute2, nft, iperf3.
#
#    namespace $in            namespace $gw                   namespace $out
#   +-------------+        +-----------------+               +-------------+
#   |        eth0 |--------| lan0       wan0 |---------------| eth0        |
#   +-------------+        +-----------------+               +-------------+
#    10.79.2.2       10.79.2.1 -> masquerade -> 10.79.1.1     10.79.1.2, fd79::2
#                    what comes in: HTB on ifb-wan0, or       iperf3 -s, ports 5201 …
#                    on lan0; marks by port
#
# Usage: test_shaper_in.sh [PATH OF shaper_tool]
set -u

tool=$(realpath "${1:-${SHAPER_TOOL:-tests/lab/shaper_tool}}") || exit 1
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
gw=${LAB_PREFIX:-nfs-}in-gw-$$
in=${LAB_PREFIX:-nfs-}in-in-$$
out=${LAB_PREFIX:-nfs-}in-out-$$
tmp=$(mktemp -d)
children=()
passed=0
failed=0
skipped=0

cleanup() {
	[ ${#children[@]} = 0 ] || kill "${children[@]}" 2>/dev/null
	for name in "$gw" "$in" "$out"; do ip netns del "$name"; done
	rm -rf "$tmp"
}
trap cleanup EXIT

# gw COMMAND …: on the gateway; tc and ip go there themselves, which costs a program less
gw() {
	case $1 in
	tc | ip) "$1" -n "$gw" "${@:2}" ;;
	*) ip netns exec "$gw" "$@" ;;
	esac
}
tool() { gw "$tool" "$@"; }
say() {
	printf '%s %s\n' "$1" "$2"
	if [ "$1" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
skip() { echo "skipped - $1"; skipped=$((skipped + 1)); }

# same WHAT EXPECTED GOT
same() {
	if [ "$2" = "$3" ]; then say ok "$1"; else
		say FAILED "$1"
		printf 'expected: %s\n     got: %s\n' "$2" "$3"
	fi
}

# near WHAT WANTED PER_CENT GOT
near() {
	local low=$(($2 * (100 - $3) / 100)) high=$(($2 * (100 + $3) / 100))
	if [ "$4" -ge $low ] && [ "$4" -le $high ]; then say ok "$1: $4 of $2"; else
		say FAILED "$1: $4, not within $3 % of $2"
	fi
}

# state: all that the gateway has, without counters
state() {
	local device
	{
		echo qdisc show
		for device in wan0 lan0 ifb-wan0; do
			printf '%s\n' "class show dev $device" "filter show dev $device" \
				"filter show dev $device ingress"
		done
	} | gw tc -d -force -batch - 2>/dev/null | grep -v '^class fq_codel' |
		sed 's/ refcnt [0-9]*//; s/ direct_packets_stat [0-9]*//; s/index [0-9]*//' | sort
	gw ip -o link show | grep -E '^[0-9]+: (wan0|lan0|ifb-wan0)[:@]' |
		grep -o "^[^@:]*: [^@:]*\|group [^ ]*\|alias .*\|state [^ ]*" | sed 's/^[0-9]*: //'
}

set -e
for name in "$gw" "$in" "$out"; do ip netns add "$name"; done
ip link add wan0 netns "$gw" type veth peer name eth0 netns "$out"
ip link add lan0 netns "$gw" type veth peer name eth0 netns "$in"
ip -n "$gw" -batch - <<-END
	addr add 10.79.1.1/24 dev wan0
	addr add 10.79.2.1/24 dev lan0
	addr add fd79::1/64 dev wan0 nodad
	link set wan0 up
	link set lan0 up
END
ip -n "$in" -batch - <<-END
	addr add 10.79.2.2/24 dev eth0
	link set eth0 up
	route add default via 10.79.2.1
END
ip -n "$out" -batch - <<-END
	addr add 10.79.1.2/24 dev eth0
	addr add fd79::2/64 dev eth0 nodad
	link set eth0 up
END
gw sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
set +e
gw nft -f - <<-NFT || exit 1
	table inet pick {
		chain pre {
			type filter hook prerouting priority mangle
			iifname "lan0" th dport vmap { 5201 : jump a, 5202 : jump b, 5203 : jump c }
		}
		chain own {
			type filter hook output priority mangle
			th dport vmap { 5201 : jump a, 5202 : jump b, 5203 : jump c }
		}
		chain a { ct mark set 0x02000000; }
		chain b { ct mark set 0x03000000; }
		chain c { ct mark set 0x04000000; }
		chain inside {
			type filter hook postrouting priority 300
			iifname "wan0" oifname "lan0" th sport 5202 meta priority set 1:12
			oifname "wan0" udp sport 5209 meta priority set 1:11
		}
		chain nat {
			type nat hook postrouting priority srcnat
			meta nfproto ipv4 oifname "wan0" masquerade
		}
	}
NFT
for port in 5201 5202 5203 5204; do
	ip netns exec "$out" iperf3 -s -p $port >"$tmp/server.$port" 2>&1 &
	children+=($!)
done
for ((i = 0; i < 100; i++)); do
	[ "$(ip netns exec "$out" ss -Hltn 'sport >= 5201 and sport <= 5204' | wc -l)" = 4 ] && break
	sleep 0.1
done
before=$(state)
warned=$(dmesg | grep -c 'quantum of class')

# --- an interface to the inside ----------------------------------------------------------------
plan=(20000000 auto keep 10:7:1000000:20000000 12:3:8000000:8000000)
same "an interface to the inside" "" "$(tool -n apply lan0 "${plan[@]}")"
same "has no default class" "default 0" "$(gw tc qdisc show dev lan0 | grep -o 'default [0-9a-fx]*')"
made=$(state)
same "applied again" "" "$(tool -n apply lan0 "${plan[@]}")"
same "nothing has changed" "$made" "$(state)"
tool -n remove lan0
same "removed" "$before" "$(state)"
tool -n print lan0 "${plan[@]}" >"$tmp/commands"
same "tc takes what is printed" "" "$(gw sh -e "$tmp/commands" 2>&1 | grep -v 'qdisc kind is unknown')"
same "and makes the same" "$made" "$(state)"

# bytes DEVICE MINOR: of the class
column() { tool "${@:3}" read "$1" | grep "^$2 " | cut -d' ' -f5,9; }

# rate DEVICE MINOR SECONDS [OPTIONS OF THE TOOL]: bit/s of the class
rate() {
	local from to
	read -ra from <<<"$(column "$1" "$2" "${@:4}")"
	sleep "$3"
	read -ra to <<<"$(column "$1" "$2" "${@:4}")"
	echo $(((to[0] - from[0]) * 8 * 1000 / ((to[1] - from[1]) / 1000000)))
}

# load NAMESPACE SERVER PORT SECONDS: several downloads in the background
load() { ip netns exec "$1" iperf3 -c "$2" -p "$3" -R -P 4 -t "$4" >"$tmp/client.$3" 2>&1 & client=$!; }

load "$in" 10.79.1.2 5202 20
sleep 1.5
near "a class on the inside" 8000000 5 "$(rate lan0 12 3 -n)"
kill $client
wait $client
ip netns exec "$in" iperf3 -c 10.79.1.2 -p 5204 -R -t 2 >"$tmp/client.5204" 2>&1
got=$(awk '/receiver/ { print ($8 ~ /^G/ ? $7 * 1000 : $8 ~ /^M/ ? $7 : 0) }' "$tmp/client.5204")
if [ "${got%.*}" -gt 40 ]; then say ok "what has no class is not shaped: $got Mbit/s"; else
	say FAILED "what has no class: $got Mbit/s"
fi
tool -n remove lan0

# --- lines --------------------------------------------------------------------------------------
# Bytes, and when, in ns: read by one program, so that nothing comes between.
cat_rx() {
	ip netns exec "$out" bash -c 'read -r bytes </sys/class/net/eth0/statistics/rx_bytes
		echo "$bytes ${EPOCHREALTIME/[.,]/}000"'
}

# began BYTES: the client that was started last sends, and as much has come; false: it ended before
began() {
	local first now
	read -r first _ <<<"$(cat_rx)"
	while kill -0 $client 2>/dev/null; do
		read -r now _ <<<"$(cat_rx)"
		[ $((now - first)) -lt "$1" ] || return 0
		sleep 0.1
	done
	return 1
}

# Datagrams to nobody, from the port that has a class.
sender='
import socket, sys, time
payload, bps = map(int, sys.argv[1:])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5209))
while True:
    s.sendto(bytes(payload), ("10.79.1.2", 5209))
    time.sleep((payload + 42) * 8 / bps)
'

# sent LINK OVERHEAD BPS [PAYLOAD SECONDS]: bit/s of frames, of 42 bytes more than their payload,
# that leave when more than enough are sent
sent() {
	local from to payload=${4:-1400}
	tool -l "$1" -o "$2" apply wan0 "$3" pfifo keep "10:0:800:$3" "11:1:$3:$3"
	ip netns exec "$gw" python3 -c "$sender" "$payload" "$(($3 * 2))" &
	client=$!
	began 3000 || say FAILED "nothing is sent"
	from=$(cat_rx)
	sleep "${5:-2}"
	to=$(cat_rx)
	kill $client
	wait $client
	tool remove wan0
	echo $(((${to% *} - ${from% *}) * 8 * 1000 / ((${to#* } - ${from#* }) / 1000000)))
}
# Few packets, so that also an emulated machine sends them in time.
bps=2000000
near "a plain line" $bps 3 "$(sent ethernet 0 $bps)"
near "overhead" $((bps * 1442 / (1442 + 44))) 3 "$(sent ethernet 44 $bps)"
near "less than no overhead" $((bps * 1442 / (1442 - 200))) 3 "$(sent ethernet -200 $bps)"
near "cells of ATM" $((bps * 1442 / (31 * 53))) 3 "$(sent atm 44 $bps)"
near "PTM" $((bps * 64 / 65 * 1442 / (1442 + 22))) 3 "$(sent ptm 22 $bps)"
near "8 kbit" 8000 25 "$(sent ethernet 0 8000 200 4)"
# Bundles of TCP segments are cut into packets before what the line adds is counted. A segment has
# 1448 bytes, its frame 1514, 33 cells.
tool -l atm -o 44 apply wan0 8000000 auto keep 10:7:8000000:8000000
leaf=$(gw tc qdisc show dev wan0 parent 1:10 | cut -d' ' -f2)
if [ "$leaf" = cake ]; then
	gw iperf3 -c 10.79.1.2 -p 5204 -P 4 -t 8 -O 2 -J >"$tmp/client" 2>&1
	got=$(awk '/"sum_received"/ { at = 1 } at && /bits_per_second/ { print int($2); exit }' \
		FS=: "$tmp/client")
	near "TCP over cells, leaf $leaf" $((8000000 * 1448 / (33 * 53))) 5 "$got"
else
	skip "TCP over cells: the leaf is $leaf, which does not cut bundles"
fi
tool remove wan0
tool apply wan0 10000000000 pfifo keep 10:7:10000000000:10000000000
gw iperf3 -c 10.79.1.2 -p 5204 -P 2 -t 4 >"$tmp/client" 2>&1 &
client=$!
sleep 1
got=$(rate wan0 10 2)
wait $client
# The machine may be what is too slow.
if [ "$got" -gt 100000000 ] && [ "$got" -lt 10500000000 ]; then say ok "10 gbit: $got"; else
	say FAILED "10 gbit: $got"
fi
tool remove wan0
for options in "-l atm -o 44" "-l ptm -o 22" "-o -4"; do
	# shellcheck disable=SC2086
	tool $options apply wan0 10000000000 pfifo keep 10:7:8000:10000000000 11:0:10000000000:10000000000
	made=$(state)
	# shellcheck disable=SC2086
	same "$options: applied again" "" \
		"$(tool $options apply wan0 10000000000 pfifo keep 10:7:8000:10000000000 11:0:10000000000:10000000000)"
	same "nothing has changed" "$made" "$(state)"
	tool remove wan0
	# shellcheck disable=SC2086
	tool $options print wan0 10000000000 pfifo keep 10:7:8000:10000000000 \
		11:0:10000000000:10000000000 >"$tmp/commands"
	gw sh -e "$tmp/commands"
	same "tc makes the same" "$made" "$(state)"
	# shellcheck disable=SC2086
	same "an overhead that changes" "" "$(tool -o 20 apply wan0 10000000000 pfifo keep 10:7:8000:10000000000)"
	same "is the classes'" 0 "$(gw tc qdisc show dev wan0 | grep -c stab)"
	tool remove wan0
done
same "warnings about the quantum" "$warned" "$(dmesg | grep -c 'quantum of class')"

# --- others meddle ------------------------------------------------------------------------------
# watch OPTIONS DEVICE …: in the background; its lines are in $tmp/seen
watch() {
	ip netns exec "$gw" "$tool" -t 200 "$@" >"$tmp/seen" 2>&1 &
	watcher=$!
	children+=("$watcher")
	until grep -qs watching "$tmp/seen"; do sleep 0.1; done
}
# loses WHAT NAME COMMAND …: is reported, once
loses() {
	local lines
	lines=$(wc -l <"$tmp/seen")
	gw "${@:3}"
	for ((i = 0; i < 50; i++)); do
		[ "$(wc -l <"$tmp/seen")" -gt "$lines" ] && break
		sleep 0.1
	done
	sleep 0.3
	same "$1" "lost: $2" "$(tail -n +$((lines + 1)) "$tmp/seen")"
}
watch monitor wan0 20000000 auto keep 10:7:8000:20000000 11:1:1000000:1000000
made=$(state)
loses "the root is removed" wan0 tc qdisc del dev wan0 root
same "and put back" "$made" "$(state)"
loses "a class is removed" wan0 tc class del dev wan0 classid 1:11
same "and put back" "$made" "$(state)"
lines=$(wc -l <"$tmp/seen")
gw tc qdisc replace dev wan0 root handle 7: pfifo
sleep 1
same "somebody else's root in its place" \
	"lost: wan0 EEXIST: adding the root qdisc htb: pfifo 7:" \
	"$(tail -n +$((lines + 1)) "$tmp/seen" | tr '\n' ' ' | sed 's/ $//')"
gw tc qdisc del dev wan0 root
sleep 1
kill $watcher
same "no more is reported" $((lines + 2)) "$(wc -l <"$tmp/seen")"

# --- an IFB device ------------------------------------------------------------------------------
links=$(gw ip -o link | wc -l)
why=$(tool can-ifb)
same "the trial leaves nothing" "$links" "$(gw ip -o link | wc -l)"
if [ "$why" != yes ]; then
	skip "what comes in through an IFB device: $why"
	got=$(tool -i wan0 apply ifb-wan0 20000000 auto keep 10:7:8000:20000000)
	same "which is refused" EOPNOTSUPP "${got%%:*}"
	same "and leaves nothing" "$before" "$(state)"
	echo "$passed passed, $failed failed, $skipped skipped"
	exit $((failed > 0))
fi
ifb=(-i wan0)
plan=(100000000 auto keep 10:7:1000000:100000000 11:1:1000000:1000000 12:2:8000000:8000000
	13:3:50000000:50000000)
same "an IFB device" "" "$(tool "${ifb[@]}" apply ifb-wan0 "${plan[@]}")"
made=$(state)
same "applied again" "" "$(tool "${ifb[@]}" apply ifb-wan0 "${plan[@]}")"
same "nothing has changed" "$made" "$(state)"
same "cleared of all others" "" "$(tool "${ifb[@]}" clear ifb-wan0 "${plan[@]}")"
same "nothing has gone" "$made" "$(state)"
same "removed" "" "$(tool "${ifb[@]}" remove ifb-wan0)"
same "nothing is left" "$before" "$(state)"
tool "${ifb[@]}" print ifb-wan0 "${plan[@]}" >"$tmp/commands"
same "ip and tc take what is printed" "" "$(gw sh -e "$tmp/commands" 2>&1)"
same "and make the same" "$made" "$(state)"
same "which is taken for ours" "" "$(tool "${ifb[@]}" apply ifb-wan0 "${plan[@]}")"

tool "${ifb[@]}" -m 0xff0000 apply ifb-wan0 "${plan[@]}"
same "another mask" "0x10000/0xff0000 0x20000/0xff0000 0x30000/0xff0000 0x40000/0xff0000" \
	"$(gw tc filter show dev ifb-wan0 | grep -o '0x[0-9a-f]*/0x[0-9a-f]*' | xargs)"
same "is also what comes with a packet" "cpmark 0x00ff0000" \
	"$(gw tc filter show dev wan0 ingress | grep -o 'cpmark 0x[0-9a-f]*')"
tool "${ifb[@]}" apply ifb-wan0 "${plan[@]:0:5}"
same "fewer classes, fewer filters" "0x1000000/0xff000000 0x2000000/0xff000000" \
	"$(gw tc filter show dev ifb-wan0 | grep -o '0x[0-9a-f]*/0x[0-9a-f]*' | xargs)"
gw ip link del ifb-wan0
tool "${ifb[@]}" apply ifb-wan0 "${plan[@]}"
same "a lost device is made again" "$(echo "$made" | sed 's/pref [0-9]*//')" \
	"$(state | sed 's/pref [0-9]*//')"
gw ip link set wan0 down
gw ip link set wan0 name wan1
same "cleared after wan0 has got another name" "" "$(tool clear wan0 1000000 auto keep 10:7:8000:8000)"
gw ip link set wan1 name wan0
gw ip link set wan0 up
gw ip addr add fd79::1/64 dev wan0 nodad
until gw ip link show wan0 | grep -q 'state UP'; do sleep 0.1; done
same "nothing is left" "$before" "$(state)"

gw ip link add ifb-wan0 type ifb
same "a device of somebody else" "ENOTUNIQ: making the IFB device: ifb" \
	"$(tool "${ifb[@]}" apply ifb-wan0 "${plan[@]}")"
tool "${ifb[@]}" remove ifb-wan0
same "is left alone" 1 "$(gw ip link show ifb-wan0 | grep -c 'group default')"
gw ip link del ifb-wan0
gw tc qdisc add dev wan0 clsact
same "a qdisc of somebody else" "EEXIST: adding the ingress qdisc: clsact ffff:" \
	"$(tool "${ifb[@]}" apply ifb-wan0 "${plan[@]}")"
tool "${ifb[@]}" remove ifb-wan0
same "is left alone" 1 "$(gw tc qdisc show dev wan0 | grep -c clsact)"
same "is replaced where allowed" "" \
	"$(tool "${ifb[@]}" apply ifb-wan0 "${plan[0]}" auto replace "${plan[@]:3}")"

watch "${ifb[@]}" monitor ifb-wan0 "${plan[@]}"
made=$(state)
loses "the ingress qdisc is removed" wan0 tc qdisc del dev wan0 ingress
same "and put back" "$made" "$(state)"
loses "the root of the IFB device is removed" ifb-wan0 tc qdisc del dev ifb-wan0 root
same "and put back" "$made" "$(state)"
block=$(gw tc qdisc show dev wan0 | grep -o 'ingress_block [0-9]*' | cut -d' ' -f2)
loses "the filter is removed" wan0 tc filter del block "$block" prio 1
same "and put back" "$made" "$(state)"
kill $watcher

# download NAMESPACE SERVER PORT MINOR: what the class gets is in $tmp/rate.MINOR
download() {
	local client
	load "$1" "$2" "$3" 15
	sleep 2
	rate ifb-wan0 "$4" 3 "${ifb[@]}" >"$tmp/rate.$4"
	kill "$client" 2>/dev/null
	wait "$client"
}

# downloads WHAT NAMESPACE SERVER: both at once, which is far from what the line has
downloads() {
	local small
	download "$2" "$3" 5201 11 &
	small=$!
	download "$2" "$3" 5202 12
	wait $small
	near "$1, a class of 1 mbit" 1000000 5 "$(<"$tmp/rate.11")"
	near "$1, a class of 8 mbit" 8000000 5 "$(<"$tmp/rate.12")"
}
downloads "of this host" "$gw" 10.79.1.2
downloads "IPv6" "$gw" fd79::2
downloads "masqueraded" "$in" 10.79.1.2
download "$in" 10.79.1.2 5203 13
near "masqueraded, a class of 50 mbit" 50000000 5 "$(<"$tmp/rate.13")"

# share WHAT PORT MINOR BPS …: all at once get what they are guaranteed
tool "${ifb[@]}" apply ifb-wan0 20000000 auto keep 10:7:100000:20000000 11:3:5000000:20000000 \
	12:3:14900000:20000000
load "$gw" 10.79.1.2 5201 20
one=$client
load "$in" 10.79.1.2 5202 20
sleep 4
rate ifb-wan0 11 4 "${ifb[@]}" >"$tmp/one" &
two=$!
got=$(rate ifb-wan0 12 4 "${ifb[@]}")
wait $two
near "two classes at once, one" 5000000 10 "$(cat "$tmp/one")"
near "the other" 14900000 10 "$got"
kill "$one" "$client"
wait "$one" "$client"

# A class that nobody else needs gets all of the line; and nothing is lost when it goes.
load "$in" 10.79.1.2 5202 20
sleep 2
near "a class alone gets up to its ceil" 20000000 6 "$(rate ifb-wan0 12 3 "${ifb[@]}")"
kill "$client"
wait "$client"
gw ping -i 0.02 -c 100 -q 10.79.1.2 >"$tmp/ping" &
ping=$!
sleep 0.5
tool "${ifb[@]}" remove ifb-wan0
wait $ping
same "no packet is lost when it is removed" "100 received" "$(grep -o '[0-9]* received' "$tmp/ping")"
same "nothing is left" "$before" "$(state)"
echo "$passed passed, $failed failed, $skipped skipped"
exit $((failed > 0))

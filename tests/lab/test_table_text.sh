#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The table that the daemon installs and the text that it prints are the same; a table that an
# earlier run left is taken over. Needs root and nft.
#
#   namespace $made: table_tool install        namespace $read: table_tool print | nft -f
#                    `nft list table`  == ? ==                   `nft list table`
#
# Where the kernel has no `queue` expression the text cannot be loaded as it is. There the queue
# statements, and nothing else, are replaced by `return` on both sides.
#
# Usage: test_table_text.sh [PATH OF table_tool]
set -u

tool=$(realpath "${1:-${TABLE_TOOL:-${builddir:-.}/tests/lab/table_tool}}") || exit 1
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
made=${LAB_PREFIX:-nfs-}table-made-$$
read=${LAB_PREFIX:-nfs-}table-read-$$
left=${LAB_PREFIX:-nfs-}table-left-$$
failed=0

cleanup() {
	ip netns del "$made"
	ip netns del "$read"
	ip netns del "$left"
}
trap cleanup EXIT

say() { printf '%s %s\n' "$1" "$2"; [ "$1" = ok ] || failed=1; }

# same WHAT EXPECTED GOT
same() {
	if [ -n "$2" ] && [ "$2" = "$3" ]; then say ok "$1"; else
		say FAILED "$1"
		diff <(printf '%s\n' "$2") <(printf '%s\n' "$3")
	fi
}

for name in "$made" "$read" "$left"; do
	ip netns add "$name" || exit 1
done
path=$(ip netns exec "$made" "$tool" probe) || { echo "FAILED probe: $path"; exit 1; }
echo "# the kernel's path to the queue: $path"
[ "$path" = native ] ||
	echo "# no nft_queue here: the queue statements are replaced by \`return\` on both sides"

in_made() { ip netns exec "$made" "$@"; }

# What nft shows of a target of nft_compat depends on how nft was built: it may be nothing. Such
# rules are in the chains `ask` and `ask_segments` only, and are all of them but the first of `ask`.
listing() {
	ip netns exec "$1" nft list table inet nfshaper 2>/dev/null | if [ "$path" = native ]; then
		cat
	else
		awk '/^\tchain ask(_segments)? / { asks = 1 }
			/^\t}/ { asks = 0 }
			/^#/ { next }
			asks && !/chain ask|meta priority/ {
				print match($0, /symhash mod [0-9]+ [0-9]+/) \
					? "\t\t" substr($0, RSTART, RLENGTH) " return" : "\t\treturn"
				next
			}
			{ print }'
	fi
}

# The order of chains is that of their creation: blocks are compared, not their order.
sorted() { listing "$1" | awk 'BEGIN { RS = "" } { gsub("\n", "~"); print }' | sed 's/~}$//' | sort; }

text() {
	in_made "$tool" print "$@" | if [ "$path" = native ]; then
		cat
	else
		sed -E 's/^(.*)queue (flags bypass )?to [0-9]+$/\1return/'
	fi
}

# compare WHAT ARGUMENTS…: a fresh table, made and read.
compare() {
	local what=$1 problem
	shift
	in_made "$tool" remove
	ip netns exec "$read" nft flush ruleset
	problem=$(in_made "$tool" install "$@") || { say FAILED "$what: install: $problem"; return; }
	problem=$(text "$@" | ip netns exec "$read" nft -f - 2>&1) ||
		{ say FAILED "$what: nft -f: $problem"; return; }
	same "$what: made and read are the same" "$(listing "$read")" "$(listing "$made")"
}

first=(-n 2 -i wan0 -i ppp0 -m tcp/22 -m tcp/443/192.168.1.0/24 -m udp/500/192.0.2.7/32
	-m sctp/9/2001:db8::/61 -m udplite/9/::/0 -m dccp/9/::1
	1:class:default:10 2:class:web:11 3:drop 4:reject 5:queued:web:11 6:call:mail-flood)
second=(-n 2 -i wan0 1:class:default:10 2:class:mail:12 5:reject 7:class:web:11)

# The example for readers, beside the source: without its comments what is printed.
example=$(dirname "$0")/../../nft/nfshaper.nft
printed=$(sed -n 's/^#   table_tool print //p' "$example")
# shellcheck disable=SC2086 # words
same "nft/nfshaper.nft is what is printed" "$(in_made "$tool" print $printed | grep -v '^#')" \
	"$(grep -v '^#' "$example")"

compare "second plan" "${second[@]}"
compare "one worker, closed" -c -i wan0 1:class:default:10
compare "no shaped interface, a small mask" -n 4 -f 65532 -k 00000f00 1:class:default:10 15:drop
compare "the largest mask" -k 0ffff000 1:class:default:10 65535:class:last:ffff
many=()
for i in $(seq 3 700); do
	many+=("$i:class:c$i:$(printf %x $((i + 32)))")
done
compare "700 classes" -k ffff0000 1:class:default:10 2:reject "${many[@]}"
compare "throttles" -n 2 -i wan0 -m tcp/22 1:class:default:10 2:reject 3:queued:default:10 \
	4:call:DNS-throttle 5:call:guests
compare "first plan" "${first[@]}"

# A base image has no /etc/protocols, nor may whoever reads the text. (ip gives the shell mounts of
# its own.)
same "nft reads it without /etc/protocols" "read" "$(text "${first[@]}" | ip netns exec "$left" sh -c \
	'[ ! -e /etc/protocols ] || mount --bind /dev/null /etc/protocols; nft -c -f - && echo read' 2>&1)"

same "ids are read back" "1 class default 10
2 class web 11
3 drop drop 0
4 reject reject 0
5 queued web 11
6 call mail-flood 0" "$(in_made "$tool" ids)"

# Taken over: everything is as if it were new, and the base chains are the same ones.
handles() { in_made nft -a list table inet nfshaper 2>/dev/null | grep -E 'chain (queue|store|class)'; }
before=$(handles)
in_made "$tool" install "${second[@]}"
ip netns exec "$read" nft flush ruleset
text "${second[@]}" | ip netns exec "$read" nft -f - || failed=1
same "a table that was left is taken over" "$(sorted "$read")" "$(sorted "$made")"
same "its base chains are not made anew" "$before" "$(handles)"
same "ids of the new plan" "1 class default 10
2 class mail 12
5 reject reject 0
7 class web 11" "$(in_made "$tool" ids | sort -n)"

# Somebody edited it.
in_made nft -f - <<'X'
add chain inet nfshaper foreign
add rule inet nfshaper refuse_drop jump foreign
add set inet nfshaper strange { type inet_service; elements = { 1, 2 }; }
add rule inet nfshaper foreign tcp dport @strange accept
add map inet nfshaper strangers { type inet_service : verdict; elements = { 3 : jump id_1 }; }
add chain inet nfshaper id_99 { comment "class  1:zz"; }
add chain inet nfshaper id_98 { comment "class 1:10"; }
add chain inet nfshaper id_0 { comment "drop"; }
add chain inet nfshaper id_x { comment "drop"; }
add chain inet nfshaper id_97 { comment "class other 1:12"; }
add chain inet nfshaper id_96 { comment "class two words 1:20"; }
X
same "junk is no id" "96 class two words 20" "$(in_made "$tool" ids | grep '^9\|^0')"
in_made "$tool" install "${second[@]}"
same "what others put there is removed" "$(sorted "$read")" "$(sorted "$made")"

# Some that cannot be taken over.
# anew WHAT <TABLE
anew() {
	ip netns exec "$left" nft flush ruleset
	ip netns exec "$left" nft -f - || { say FAILED "$1: nft -f"; return; }
	ip netns exec "$left" "$tool" install "${second[@]}"
	same "$1: made anew" "$(listing "$read")" "$(listing "$left")"
}
anew "another priority" <<'X'
table inet nfshaper {
	chain id_1 { comment "class default 1:10"; }
	chain queue_in { type filter hook input priority 20; goto id_1; }
}
X
anew "another hook" <<'X'
table inet nfshaper {
	chain store_out { type filter hook input priority 11; drop; }
}
X
anew "another type of a set" <<'X'
table inet nfshaper {
	set settled { type inet_service; elements = { 80 }; }
	chain queue_in { type filter hook input priority 10; tcp dport @settled accept; }
}
X
anew "a map for a set, intervals" <<'X'
table inet nfshaper {
	map shaped { type ifname : verdict; elements = { "lo" : drop }; }
	set settled { type mark; flags interval; elements = { 1-9 }; }
}
X
anew "a regular chain for a base chain" <<'X'
table inet nfshaper {
	chain classify { ct mark set 1; }
	chain id_1 { goto classify; }
}
X
anew "a base chain for a regular one" <<'X'
table inet nfshaper {
	chain ask { type nat hook output priority 7; accept; }
}
X
anew "asleep" <<'X'
table inet nfshaper {
	flags dormant;
	chain queue_in { type filter hook input priority 10; }
}
X

ip netns exec "$left" nft flush ruleset
ip netns exec "$left" nft -f - <<'X' || failed=1
table inet nfshaper {
	counter exempt { packets 7 bytes 9; }
	chain store_in { type filter hook input priority 11; policy drop; }
}
X
ip netns exec "$left" "$tool" install "${second[@]}"
same "another policy: taken over" "$(sorted "$read")" \
	"$(sorted "$left" | sed 's/packets 7 bytes 9/packets 0 bytes 0/')"
same "counters go on" "exempt 7 untracked 0 undecided 0" "$(ip netns exec "$left" "$tool" counters)"

in_made "$tool" stop
same "stop empties the queue chains only" "$(sorted "$read" | grep -v 'chain queue_')" \
	"$(sorted "$made" | grep -v 'chain queue_')"
same "and keeps the hooks" "3" "$(sorted "$made" | grep -c 'chain queue_.*~		type filter[^~]*~	}$')"
in_made "$tool" remove
same "remove leaves nothing" "none" "$(in_made nft list ruleset | grep . || echo none)"
same "remove again is no error" "0" "$(in_made "$tool" remove >&2; echo $?)"
same "stop without a table is no error" "0" "$(in_made "$tool" stop >&2; echo $?)"
same "counters without a table" "ENOENT: : " "$(in_made "$tool" counters)"
same "without the right it says so" "EPERM: must be root (CAP_NET_ADMIN)" \
	"$(in_made setpriv --bounding-set=-net_admin --inh-caps=-net_admin "$tool" probe)"
[ "$failed" = 0 ]

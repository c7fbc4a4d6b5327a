/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <nfshaper/control.h>
#include <string.h>

#include "cli/cli.h"

static void print_command(const struct command *command)
{
	printf("  %s%s%s\n      %s\n", command->name, *command->arguments ? " " : "",
	       command->arguments, command->summary);
}

static void print_options(void)
{
	printf("Options:\n"
	       "  -c, --config FILE     configuration (else $NFSHAPERCONFIG, else %s)\n"
	       "  -f, --foreground      do not detach\n"
	       "  -d, --debug           the same as -V 4\n"
	       "  -V, --verbosity N     1 silent, 2 normal, 3 detailed, 4 noisy (default 2)\n"
	       "  -j, --json            print JSON\n"
	       "      --run-dir DIR     control socket and pid file (default %s)\n"
	       "      --state-dir DIR   what outlasts a restart (default %s)\n"
	       "  -v, --version         print the version\n"
	       "  -h, --help            print this help\n",
	       NFSHAPER_CONFIG_FILE, NFSHAPER_RUN_DIR, NFSHAPER_STATE_DIR);
}

static void print_explain_keys(void)
{
	printf("Keys of explain, for what a packet alone does not tell:\n"
	       "  dir=in|out|forward    else by the addresses of this host\n"
	       "  iif=NAME oif=NAME     interfaces (unknown where not given)\n"
	       "  cc=NZ                 country of the remote end, instead of a look-up\n"
	       "  length=BYTES          of the whole packet\n"
	       "  dscp=0…63 or a name   of the packet\n"
	       "  mark=NUMBER           the packet mark, such as 0x10\n"
	       "  icmp-type=TYPE        a number or a name, such as 8 or echo-request\n"
	       "  time=[DAY-]HH:MM      local time, such as 22:30, sat-22:30 or sat alone\n"
	       "  user= group=          owner of the local end, a name or a number; uid= gid=\n"
	       "  cmd= args= exe= pid=  its process; args=\"-jar 'my router.jar'\" are words as in "
	       "a shell\n"
	       "  cgroup= unit=         its control group and systemd unit\n"
	       "What is not given, such as a port, is not known.\n");
}

static void print_throttle_options(void)
{
	printf("With packets/seconds (25/60, 25/1m) a throttle is made, or that of the tag is "
	       "changed:\n"
	       "  -T TAG     its name, by which rules and nft call it; else one is made up\n"
	       "  -A         sessions do not differ by address\n"
	       "  -S         sessions differ by source address (-SD: by both, which is the "
	       "default)\n"
	       "  -D         sessions differ by destination address\n"
	       "  -m MASK    and by these bits of the first 4 bytes of IP data: 0xffff0000 is the\n"
	       "             source port, 0x0000ffff the destination port (default 0)\n"
	       "  -t WHEN    sessions not used for so long are forgotten, such as 1m30s (default "
	       "1h)\n"
	       "  -x MAX     the most sessions; the one used longest ago makes room (1000000)\n"
	       "  -b N       hash buckets to begin with; their number grows by itself\n"
	       "What is not given stays as it is.\n\n"
	       "Without, statistics are shown, busiest first:\n"
	       "  -T TAG, -s SERIAL  of that one only\n"
	       "  -n                 not sorted\n"
	       "  -v                 with all sessions\n\n"
	       "  -r TAG     removes a throttle that was made by command\n");
}

static void print_confirm_times(void)
{
	printf("  --confirm TIME  such as 60s or 5m: unless `nfshaper confirm` comes in that time, "
	       "the\n"
	       "                  configuration before is put back; where there was none, the "
	       "daemon "
	       "ends\n");
}

static void print_confirm_options(void)
{
	printf("  -r  go back at once\n");
}

static void print_sessions_options(void)
{
	printf("  -T TAG, -s SERIAL  those of that throttle only\n"
	       "  -n                 not sorted: printed as they come\n"
	       "  -v                 with serial number, age, and time since the last packet\n"
	       "Busiest is what has most packets in its present window, then most in all.\n");
}

static void print_netstat_options(void)
{
	printf("  -i SECONDS  over which rates are measured (default 1; 0: none are, and the list "
	       "is there at once)\n"
	       "EXPRESSION chooses connections as `if:` in rules.yaml does, and may ask for class "
	       "and rule, too:\n"
	       "  nfshaper netstat 'user == fred and class == p2p'\n"
	       "Bytes and rates need net.netfilter.nf_conntrack_acct, ages "
	       "net.netfilter.nf_conntrack_timestamp.\n");
}

/* What a command takes of its own; the options that all take follow. */
static void print_details(const char *name)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} details[] = {
		{"start", print_confirm_times},       {"reload", print_confirm_times},
		{"restart", print_confirm_times},     {"confirm", print_confirm_options},
		{"explain", print_explain_keys},      {"throttle", print_throttle_options},
		{"sessions", print_sessions_options}, {"netstat", print_netstat_options},
	};
	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
		if (strcmp(details[i].name, name) == 0) {
			details[i].print();
			putchar('\n');
		}
	}
}

static void print_common_options(void)
{
	printf("Options -c, -j, --run-dir and --state-dir may stand here or before the command;\n"
	       "see `nfshaper help`.\n");
}

static bool is_command(const char *name)
{
	for (size_t i = 0; i < commands_count; i++)
		if (strcmp(commands[i].name, name) == 0)
			return true;
	return false;
}

static void print_one(const char *name)
{
	for (size_t i = 0; i < commands_count; i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		printf("Usage: nfshaper [OPTIONS] %s%s%s\n\n%s\n\n", name,
		       *commands[i].arguments ? " " : "", commands[i].arguments,
		       commands[i].summary);
		print_details(name);
		if (commands[i].run == command_start)
			print_options();
		else
			print_common_options();
	}
}

/* Of that command, or of all. */
static json_t *commands_json(const char *name)
{
	json_t *list = json_array();
	for (size_t i = 0; i < commands_count; i++)
		if (!name || strcmp(commands[i].name, name) == 0)
			json_array_append_new(list,
					      json_pack("{s:s, s:s, s:s}", "name", commands[i].name,
							"arguments", commands[i].arguments,
							"summary", commands[i].summary));
	return json_pack("{s:s, s:o}", "version", PACKAGE_VERSION, "commands", list);
}

int command_help(struct cli *cli, int argc, char **argv)
{
	if (argc > 1)
		return cli_usage("`help` takes one command");
	if (argc == 1 && !is_command(argv[0]))
		return cli_usage("unknown command `%s`", argv[0]);
	if (cli->json) {
		cli_print_json(commands_json(argc ? argv[0] : NULL));
		return EXIT_DONE;
	}
	if (argc == 1) {
		print_one(argv[0]);
		return EXIT_DONE;
	}
	printf("Usage: nfshaper [OPTIONS] [COMMAND [ARGUMENTS]]\n\n"
	       "Decides on the first packet of every connection which share of the line it gets,\n"
	       "and makes the kernel keep to it.\n\nCommands (start, if none is given):\n");
	for (size_t i = 0; i < commands_count; i++)
		print_command(&commands[i]);
	putchar('\n');
	print_options();
	printf("\nExit status: 0 done, 1 failed, 2 wrong usage, 3 no daemon runs.\n");
	return EXIT_DONE;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What check warns of in rules on the owners of connections. */
#include "lint_fixture.h"

/* Forwarded traffic has no owner. Each test on a list may have a text of its own. */
static void test_owners(void **state)
{
	static const struct lint_case cases[] = {
		{"user == root and user == daemon", FALSE},
		{"user == root and not user", FALSE},
		{"user == root and user not in [root, daemon]", FALSE},
		{"user == daemon and user like 'r*'", FALSE},
		{"uid < 100 and uid in 1000-1999", FALSE},
		{"pid == 1 and pid == 2", FALSE},
		{"dir == forward and user == root", FALSE},
		{"dir == forward and args != x", FALSE},
		{"dir == forward and cmd", FALSE},
		{"dir not in [in, out] and pid > 0", FALSE},
		{"args == x and args != x", FALSE},
		{"'x' in args and args not in [x, y]", FALSE},
		{"args == x and args == y and args not in [y, z]", FALSE},
		{"args and not args", FALSE},
		{"args == x and not args", FALSE},
		{"args[0] == x and args[0] == y", FALSE},
		{"args[0] == x and args[0] != x", FALSE},
		{"args[0] == x and args[1] == y and args[0] != x", FALSE},
		{"user or not user", TRUE},
		{"args or not args", TRUE},
		{"not (dir == forward and user == root)", TRUE},
		{"not (args == x and args != x)", TRUE},
		{"user == root or user != root", ""},
		{"user in [root, daemon] and user != root", ""},
		{"user == root and group == daemon", ""},
		{"user == root and uid == 5", ""},
		{"not user == root and not user != root", ""},
		{"dir == forward and not user == root", ""},
		{"dir == forward and (user == root or proto == tcp)", ""},
		{"dir != in and user == root", ""},
		{"args == x and args == y", ""},
		{"args == x and args != y", ""},
		{"args like 'a*' and args like 'b*'", ""},
		{"args in [x, y] and args != x", ""},
		{"args != x and not args", ""},
		{"args[0] == x and args[1] == y", ""},
		{"args[0] == x and args[-1] == y", ""},
		{"args[0] == x and args != x", ""},
		{"not args[0] == x and not args[0] != x", ""},
		{"cmd == /bin/x and exe == /bin/y", ""},
		{"cgroup == /a and unit == b.scope", ""},
		{"user == root\nuser == root and dport == 80", SECOND},
		{"args == x\nargs == y and 'x' in args", SECOND},
		{"args in [x, y]\nargs == x", SECOND},
		{"args[0] in [x, y]\nargs[0] == x", SECOND},
		{"user == root\ncmd == x", ""},
		{"args == x\nargs in [x, y]", ""},
		{"args[0] == x\nargs[1] == x", ""},
		{"args[0] == x\nargs == x", ""},
	};
	(void)state;
	check_cases(cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owners),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Copies of configurations in the state directory, each a file that is replaced whole:
 *
 *   confirmed.json    what was last in force without a question: an ordinary start or reload, or
 *                     one that was confirmed
 *   unconfirmed.json  what is, or was, in force and was not confirmed. It stays when its time is
 *                     over, so that a later start knows the same files again and does not take them
 *
 *   {"version": 1, "files": [{"path": "/etc/nfshaper/rules.yaml", "text": "…"}, …]}
 */
#ifndef DAEMON_KEPT_H
#define DAEMON_KEPT_H

#include "config/files.h"

#define KEPT_CONFIRMED "confirmed.json"
#define KEPT_UNCONFIRMED "unconfirmed.json"

/* `name` is one of the two. 0 or negative errno. */
int kept_save(const char *state_dir, const char *name, const struct config_files *files);

/* At least one file, to be emptied by the caller. 0; -ENOENT where there is none; -EBADMSG for a
 * damaged one; or the errno of opening it. */
int kept_load(const char *state_dir, const char *name, struct config_files *ret_files);

/* What was not confirmed is from now on. 0 or negative errno. */
int kept_confirm(const char *state_dir);

/* Removes unconfirmed.json, if it is there. */
void kept_forget(const char *state_dir);

#endif

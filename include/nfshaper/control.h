/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control protocol between the daemon and the command line: a stream socket in the run
 * directory, one JSON object as request, one as answer, then the daemon closes.
 *
 *   request  {"version": 1, "command": "status"}
 *   answer   {"version": 1, "ok": true, "result": …}
 *            {"version": 1, "ok": false, "error": "what went wrong"}
 */
#ifndef NFSHAPER_CONTROL_H
#define NFSHAPER_CONTROL_H

#define NFSHAPER_CONTROL_VERSION 1
#define NFSHAPER_CONTROL_SOCKET "control.sock" /* in the run directory */
#define NFSHAPER_PID_FILE "nfshaper.pid"       /* in the run directory, locked while it runs */
#define NFSHAPER_STATE_FILE "state.json"       /* in the state directory */
#define NFSHAPER_CONTROL_REQUEST_MAX 65536     /* bytes */
#define NFSHAPER_CONTROL_TIMEOUT_S 10          /* a client that takes longer is closed */

#define NFSHAPER_CONFIG_FILE "/etc/nfshaper/rules.yaml"
#define NFSHAPER_RUN_DIR "/run/nfshaper"
#define NFSHAPER_STATE_DIR "/var/lib/nfshaper"

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The configuration as the user wrote it, read and checked: plain data, no kernel, no network.
 * One struct config is built by config_load() and never changes afterwards; everything in it
 * belongs to it and lives until config_free(). The text of an `if:` is kept as text with its
 * place in the file; rules/ compiles it.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/files.h"
#include "net/addr.h"
#include "util/diag.h"

/* A rate as written: absolute, or a share of the interface's rate. */
struct config_rate {
	bool is_percent;
	uint64_t bps;    /* bit/s, if absolute */
	double percent;  /* 0 < percent ≤ 100, if a share */
	struct place at; /* line 0 where it was not written but derived */
};

/*
 * One direction of a class. What the file does not say: rate 1 % (less where the ceil is lower),
 * ceil 100 %. A bare rate is both.
 */
struct config_share {
	struct config_rate rate;
	struct config_rate ceil;
};

struct config_class {
	char *name;
	struct place at;
	unsigned priority; /* 0 comes first … 7 */
	struct config_share out;
	struct config_share in;
	char *interface;  /* the only one that has it; NULL: all have */
	bool is_implicit; /* a `default` that the file does not name */
};

enum config_leaf { LEAF_AUTO, LEAF_FQ_CODEL, LEAF_CAKE, LEAF_SFQ, LEAF_PFIFO };

/* Where incoming traffic is shaped; IN_VIA_INTERFACES: where it leaves to the inside. */
enum config_in_via { IN_VIA_AUTO, IN_VIA_IFB, IN_VIA_POLICE, IN_VIA_INTERFACES };

/* What the line adds to a packet: ATM and PTM (VDSL) cut it to cells and code it. */
enum config_link { LINK_ETHERNET, LINK_ATM, LINK_PTM };

struct config_interface {
	char *name;
	struct place at;
	uint64_t out_bps; /* bit/s, 0: not shaped in this direction */
	uint64_t in_bps;
	struct config_in {
		enum config_in_via via;
		struct place at;   /* line 0 where it was not written */
		char **interfaces; /* of IN_VIA_INTERFACES */
		size_t n_interfaces;
	} in;
	enum config_leaf leaf;
	int overhead; /* bytes that the line has more for each packet than the interface */
	enum config_link link;
	bool replace; /* may replace a qdisc that somebody else put there */
};

/* proto/port [from PREFIX] */
struct config_management {
	uint8_t proto;
	uint16_t port;
	bool has_from;
	struct prefix from;
};

struct config_queue {
	uint16_t first;
	unsigned workers;           /* 0: auto */
	uint32_t length;            /* packets */
	bool fail_open;             /* on-failure: open */
	uint64_t owner_deadline_ns; /* how long a packet waits for its owner to be found */
};

/*
 * A text out of the file whose parts can be traced back to their places, also where quoting or
 * folded lines make the text differ from its source.
 */
struct config_text {
	char *text;
	struct place at;             /* of its first character */
	struct config_text_map *map; /* opaque; NULL: one line, as written */
};

/* The place of the byte at `offset` (0 … strlen) of the text. */
struct place config_text_place(const struct config_text *text, size_t offset);

/* One value of a set; what it means depends on the attribute that the set is compared with. */
struct config_set_entry {
	char *text;
	struct place at;
};

struct config_set {
	char *name;
	struct place at;
	char *file;  /* the file that its entries are from, NULL: the configuration itself */
	char *texts; /* the entries' texts point into it */
	struct config_set_entry *entries;
	size_t n_entries;
};

/* ACTION_CONTINUE: the rule settles nothing, it only has a throttle. */
enum config_action { ACTION_CLASS, ACTION_ACCEPT, ACTION_DROP, ACTION_REJECT, ACTION_CONTINUE };

#define CONFIG_THROTTLE_MAX_DEFAULT 1000000u
#define CONFIG_THROTTLE_EXPIRE_DEFAULT_S 3600u

/* One entry of `throttles:`, by its tag. */
struct config_throttle {
	char *tag;
	struct place at;
	struct config_limit { /* an exact window: packets in each span; packets 0: none is given */
		uint32_t packets;
		uint64_t span_s;
	} limit;
	uint64_t rate_bps; /* a token bucket: bit/s; 0: none is given */
	uint64_t burst_bytes;
	uint32_t session; /* bits SESSION_BIT(…) of config/session_field.h */
	uint32_t mask;    /* of the first 4 bytes of the IP payload */
	bool count_connections;
	enum config_action over; /* ACTION_DROP or ACTION_REJECT, where it is called by a mark */
	uint32_t max;            /* sessions */
	uint32_t buckets;        /* of the table to begin with; 0: few */
	uint64_t expire_s;
};

struct config_rule {
	char *name; /* as given, or `rule N` */
	struct place at;
	struct config_text condition;
	enum config_action action;
	size_t class_index; /* into classes, where action is ACTION_CLASS; 0 (default) for accept */
	bool has_throttle;
	size_t throttle_index;   /* into throttles */
	enum config_action over; /* of the throttle: ACTION_DROP, ACTION_REJECT or ACTION_CLASS */
	size_t over_class_index; /* into classes, where over is ACTION_CLASS */
};

struct config {
	char *path;  /* as given on the command line */
	char *geoip; /* path, relative ones resolved against the file's folder; or NULL */
	struct place geoip_at;
	struct prefix *local;
	size_t n_local;
	bool manual_ruleset; /* the user loads the table, and the daemon only looks whether it is
				there */
	uint32_t mark_mask;
	struct place mark_mask_at; /* line 0 where it is the built-in default */
	struct config_management *management;
	size_t n_management;
	struct config_queue queue;
	struct config_interface *interfaces;
	size_t n_interfaces;
	struct config_class *classes; /* [0] is always `default`, the others in the file's order */
	size_t n_classes;
	struct config_set *sets; /* ordered by name */
	size_t n_sets;
	struct config_throttle *throttles; /* in the file's order */
	size_t n_throttles;
	struct config_rule *rules;
	size_t n_rules;
	struct config_paths included; /* to which the places in these files point */
	struct config_files files; /* that it was read from */
};

/* The set of that name, or NULL. */
const struct config_set *config_set_find(const struct config *config, const char *name);

/*
 * Reads and checks the file. Errors and warnings are added to *diags. NULL where it cannot be
 * read at all, or is no YAML; with other errors the result is what could be read, good only for
 * finding more errors, such as those in the expressions. The caller frees the result.
 */
struct config *config_load(const char *path, struct diags *diags);

/* The same out of files that were kept, the first of which is rules.yaml. *files is emptied. */
struct config *config_load_kept(struct config_files *files, struct diags *diags);
void config_free(struct config *config);

/* True where the interface has the class. */
bool config_class_is_on(const struct config_class *class, const struct config_interface *interface);

/* One direction of a class in numbers, for one interface's rate. All bit/s, at least 8. */
struct class_rates {
	uint64_t rate_bps;
	uint64_t ceil_bps;
};
struct class_rates config_class_out(const struct config_class *class, uint64_t interface_bps);
struct class_rates config_class_in(const struct config_class *class, uint64_t interface_bps);

#endif

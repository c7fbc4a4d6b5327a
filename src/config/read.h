/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sections of rules.yaml, one file each; the table of the whole file is in config.c. Each
 * reader fills a part of reader->config and reports what is wrong.
 */
#ifndef CONFIG_READ_H
#define CONFIG_READ_H

#include "config/schema.h"

/* read_general.c: single values. The field is the struct config. */
void read_version(struct reader *reader, const char *key, const struct node *value, void *field);
void read_ruleset(struct reader *reader, const char *key, const struct node *value, void *field);
void read_geoip(struct reader *reader, const char *key, const struct node *value, void *field);
/* A path as written in a file: a relative one begins at that file's folder. The caller frees. */
char *path_beside(const char *file, const char *path);
void read_mark_mask(struct reader *reader, const char *key, const struct node *value, void *field);

/* read_hosts.c: lists of prefixes and of services. */
void read_local(struct reader *reader, const char *key, const struct node *value, void *field);
void read_management(struct reader *reader, const char *key, const struct node *value, void *field);
/* What `management` is where the file does not say. */
void set_default_management(struct config *config);

/* read_queue.c */
void read_queue(struct reader *reader, const char *key, const struct node *value, void *field);

/* read_interfaces.c */
void read_interfaces(struct reader *reader, const char *key, const struct node *value, void *field);
void config_interface_fini(struct config_interface *interface);
/* The value of `in-via`; the field is struct config_in. */
void read_in_via(struct reader *reader, const char *key, const struct node *value, void *field);

/* read_classes.c: fills config->classes, [0] is always `default`. */
void read_classes(struct reader *reader, const char *key, const struct node *value, void *field);
/* Adds a `default` where the file names none; its rates come from check_classes(). */
void ensure_default_class(struct config *config);

/* read_sets.c: fills config->sets, also from the files that it names. */
void read_sets(struct reader *reader, const char *key, const struct node *value, void *field);
void config_set_fini(struct config_set *set);

/* read_throttles.c: fills config->throttles. */
void read_throttles(struct reader *reader, const char *key, const struct node *value, void *field);

/* read_rules.c: classes and throttles have been read before. */
void read_rules(struct reader *reader, const char *key, const struct node *value, void *field);

/* check_classes.c: the classes' rates against the interfaces'; fills an implicit default's. */
void check_classes(struct reader *reader);

#endif

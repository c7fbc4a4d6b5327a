/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libmaxminddb maps the file and trusts what it says, and its decoder has had reads out of bounds
 * on crafted files. So the file must be one that only its owner can have written, and the only
 * reader used is MMDB_aget_value(), which walks to one value and builds no tree. What is mapped is
 * a sealed copy in memory: a file that is overwritten in place while it is in use would end the
 * process with SIGBUS.
 */
#include "rules/geo.h"

#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"

#define COPY_BYTES (1u << 20) /* for one system call */

struct geo {
	MMDB_s database;
	uint64_t serial;
};

/* A sentence why the open file must not be used, or NULL. */
static char *refuse_file(int fd)
{
	struct stat status;
	if (fstat(fd, &status))
		return xstrdup(strerror(errno));
	if (!S_ISREG(status.st_mode))
		return xstrdup("it is not a regular file");
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return xasprintf("users other than its owner may write it (mode %04o), and a "
				 "crafted database can harm its reader: chmod go-w",
				 status.st_mode & 07777u);
	return NULL;
}

/* A sealed copy of the open file, as a descriptor, or a negative errno. */
static int copy_to_memory(int fd)
{
	ssize_t copied;
	int memory = memfd_create("nfshaper-countries", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory < 0)
		return -errno;
	do
		copied = sendfile(memory, fd, NULL, COPY_BYTES);
	while (copied > 0 || (copied < 0 && errno == EINTR));
	if (copied == 0 &&
	    fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == 0)
		return memory;
	int error = -errno;
	close(memory);
	return error;
}

/* The types of databases whose entries name a country. */
static bool has_countries(const char *type)
{
	static const char *const kinds[] = {"Country", "City", "Enterprise"};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcasestr(type, kinds[i]))
			return true;
	return false;
}

static char *open_database(int fd, MMDB_s *ret_database)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];
	/* By descriptor: the file that was checked is the one that gets copied and mapped. */
	int memory = copy_to_memory(fd);
	if (memory < 0)
		return xasprintf("it cannot be copied to memory: %s", strerror(-memory));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	int status = MMDB_open(path, MMDB_MODE_MMAP, ret_database);
	close(memory);
	if (status != MMDB_SUCCESS)
		return xasprintf("it is not a database that can be read: %s",
				 status == MMDB_IO_ERROR ? strerror(errno) : MMDB_strerror(status));
	const char *type = ret_database->metadata.database_type;
	if (has_countries(type))
		return NULL;
	char *why = xasprintf("it has no countries (its type is %.60s): a database of type "
			      "Country or City is needed",
			      type);
	MMDB_close(ret_database);
	return why;
}

struct geo *geo_open(const char *path, char **ret_why)
{
	static _Atomic uint64_t serials;
	struct geo geo;
	/* Not to wait for a writer where the path is a FIFO. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		*ret_why = xstrdup(strerror(errno));
		return NULL;
	}
	char *why = refuse_file(fd);
	if (!why)
		why = open_database(fd, &geo.database);
	close(fd);
	if (why) {
		*ret_why = why;
		return NULL;
	}
	struct geo *result = xcalloc(1, sizeof(*result));
	*result = geo;
	result->serial = atomic_fetch_add(&serials, 1) + 1;
	return result;
}

uint64_t geo_serial(const struct geo *geo)
{
	return geo->serial;
}

void geo_close(struct geo *geo)
{
	if (!geo)
		return;
	MMDB_close(&geo->database);
	free(geo);
}

/* The IPv4 address inside ::ffff:0:0/96 (RFC 4291) and 64:ff9b::/96 (RFC 6052). */
static struct addr unwrap(const struct addr *addr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	if (addr->family == AF_INET6 && (memcmp(addr->bytes, mapped, sizeof(mapped)) == 0 ||
					 memcmp(addr->bytes, nat64, sizeof(nat64)) == 0))
		return addr_from_bytes(AF_INET, addr->bytes + 12);
	return *addr;
}

/* Addresses that mean another machine in every network: RFC 1918, 3927, 4193, 4291. */
static bool is_private(const struct addr *addr)
{
	const uint8_t *b = addr->bytes;
	if (addr_is_loopback(addr) || addr_is_multicast(addr) || addr_is_unspecified(addr))
		return true;
	if (addr->family == AF_INET6)
		return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0x80) == 0x80);
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	       (b[0] == 169 && b[1] == 254);
}

static bool find_entry(const MMDB_s *database, const struct addr *addr, MMDB_entry_s *ret_entry)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	const struct sockaddr *address;
	int error = MMDB_SUCCESS;
	if (addr->family == AF_INET) {
		memcpy(&v4.sin_addr, addr->bytes, sizeof(v4.sin_addr));
		address = (const struct sockaddr *)&v4;
	} else {
		memcpy(&v6.sin6_addr, addr->bytes, sizeof(v6.sin6_addr));
		address = (const struct sockaddr *)&v6;
	}
	MMDB_lookup_result_s result = MMDB_lookup_sockaddr(database, address, &error);
	if (error != MMDB_SUCCESS || !result.found_entry)
		return false;
	*ret_entry = result.entry;
	return true;
}

static bool get_text(MMDB_entry_s *entry, const char *const *path, MMDB_entry_data_s *ret_text)
{
	MMDB_entry_data_s data;
	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING)
		return false;
	*ret_text = data;
	return true;
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Two capitals, or NULL. */
static const char *get_code(MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s data;
	if (!get_text(entry, path, &data) || data.data_size != 2 ||
	    !is_upper(data.utf8_string[0]) || !is_upper(data.utf8_string[1]))
		return NULL;
	return data.utf8_string;
}

bool geo_lookup(const struct geo *geo, const struct addr *addr, struct geo_country *ret_country)
{
	static const char *const code_path[] = {"country", "iso_code", NULL};
	static const char *const name_path[] = {"country", "names", "en", NULL};
	static const char *const continent_path[] = {"continent", "code", NULL};
	struct addr plain = unwrap(addr);
	struct geo_country country = {0};
	MMDB_entry_s entry;
	MMDB_entry_data_s name;
	if (addr_size(&plain) == 0 || is_private(&plain) ||
	    !find_entry(&geo->database, &plain, &entry))
		return false;
	country.cc = get_code(&entry, code_path);
	country.cc_length = country.cc ? 2 : 0;
	country.continent = get_code(&entry, continent_path);
	if (!country.cc && !country.continent)
		return false;
	if (country.cc && get_text(&entry, name_path, &name)) {
		country.name = name.utf8_string;
		country.name_length = name.data_size;
	}
	*ret_country = country;
	return true;
}

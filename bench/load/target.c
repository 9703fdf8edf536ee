// SPDX-License-Identifier: BSD-3-Clause
#include "target.h"

#include <joingate/wire.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define RTF_REJECT_V6 0x0200u

static int parse_host(struct target *t, const char *host, unsigned port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&t->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&t->address;
	memset(&t->address, 0, sizeof(t->address));
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		t->len = sizeof(*v4);
		snprintf(t->text, sizeof(t->text), "%s:%u", host, port);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		t->len = sizeof(*v6);
		snprintf(t->text, sizeof(t->text), "[%s]:%u", host, port);
		return 0;
	}
	return -EINVAL;
}

int target_parse(struct target *t, const char *text, struct jg_error *err)
{
	char host[64];
	unsigned long port = JG_WIRE_PORT;
	const char *from = text;
	const char *end = text + strlen(text);
	const char *colon = strrchr(text, ':');
	char *rest = NULL;
	if (text[0] == '[' && strchr(text, ']') != NULL) {
		from = text + 1;
		end = strchr(text, ']');
		colon = end[1] == ':' ? end + 1 : NULL;
	} else if (colon == NULL || strchr(text, ':') != colon) {
		colon = NULL;
	} else {
		end = colon;
	}
	if (colon != NULL)
		port = strtoul(colon + 1, &rest, 10);
	const size_t len = (size_t)(end - from);
	const bool good = len > 0 && len < sizeof(host) && port > 0 && port <= 65535 &&
		(rest == NULL || (*rest == '\0' && colon[1] >= '0' && colon[1] <= '9'));
	if (good) {
		memcpy(host, from, len);
		host[len] = '\0';
		if (parse_host(t, host, (unsigned)port) == 0)
			return 0;
	}
	jg_error_set(err,
		"\"%.60s\" is no address; expected ADDRESS or ADDRESS:PORT in numbers, "
		"[ADDRESS]:PORT for IPv6",
		text);
	return -EINVAL;
}

// The bytes of an address and how many; 0: of another family.
static unsigned bytes_of(const struct sockaddr *address, const uint8_t **bytes)
{
	if (address == NULL || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
		return 0;
	if (address->sa_family == AF_INET) {
		*bytes = (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)
				 ->sin_addr;
		return 4;
	}
	*bytes = (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	return 16;
}

static bool in_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	const unsigned whole = bits / 8;
	const uint8_t mask = (uint8_t)(0xff00u >> (bits % 8));
	return memcmp(a, b, whole) == 0 && (bits % 8 == 0 || ((a[whole] ^ b[whole]) & mask) == 0);
}

static bool is_loopback(const uint8_t *bytes, unsigned n)
{
	static const uint8_t one[16] = {[15] = 1};
	return n == 4 ? bytes[0] == 127 : memcmp(bytes, one, 16) == 0;
}

// RFC 1918 and link-local, unique local and link-local.
static bool is_private(const uint8_t *b, unsigned n)
{
	if (n == 16)
		return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
		(b[0] == 169 && b[1] == 254);
}

// Is there a route to everywhere? If the tables cannot be read there may be one.
static bool has_way_out(void)
{
	char line[512];
	char device[IFNAMSIZ + 1] = "";
	unsigned destination;
	unsigned mask;
	unsigned flags;
	bool found = false;
	FILE *v4 = fopen("/proc/self/net/route", "re");
	FILE *v6 = fopen("/proc/self/net/ipv6_route", "re");
	if (v4 == NULL)
		found = true;
	while (v4 != NULL && fgets(line, sizeof(line), v4) != NULL)
		if (sscanf(line, "%16s %x %*x %*x %*d %*d %*d %x", device, &destination, &mask) ==
				3 &&
			mask == 0)
			found = true;
	while (v6 != NULL && fgets(line, sizeof(line), v6) != NULL)
		if (sscanf(line, "%*s %x %*s %*x %*s %*x %*x %*x %x %16s", &mask, &flags, device) ==
				3 &&
			mask == 0 && (flags & RTF_REJECT_V6) == 0 && strcmp(device, "lo") != 0)
			found = true;
	if (v4 != NULL)
		fclose(v4);
	if (v6 != NULL)
		fclose(v6);
	return found;
}

static bool is_virtual(const char *name)
{
	static const char *const drivers[] = {"veth", "tun", "bridge", "dummy"};
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (void *)&driver};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	const bool known = fd >= 0 && ioctl(fd, SIOCETHTOOL, &request) == 0;
	if (fd >= 0)
		close(fd);
	for (size_t i = 0; known && i < JG_ARRAY_SIZE(drivers); i++)
		if (strcmp(driver.driver, drivers[i]) == 0)
			return true;
	return false;
}

static unsigned mask_bits(const uint8_t *mask, unsigned n)
{
	unsigned bits = 0;
	for (unsigned i = 0; i < n; i++)
		bits += (unsigned)__builtin_popcount(mask[i]);
	return bits;
}

// Does the address belong to this machine, or to a neighbour that nothing real lies between?
static const char *find_near(const uint8_t *bytes, unsigned n)
{
	struct ifaddrs *all = NULL;
	const char *why = NULL;
	if (getifaddrs(&all) != 0)
		return NULL;
	for (const struct ifaddrs *i = all; i != NULL && why == NULL; i = i->ifa_next) {
		const uint8_t *own = NULL;
		const uint8_t *mask = NULL;
		if (bytes_of(i->ifa_addr, &own) != n || bytes_of(i->ifa_netmask, &mask) != n)
			continue;
		if (memcmp(own, bytes, n) == 0)
			why = "an address of this machine";
		else if (in_prefix(own, bytes, mask_bits(mask, n)) && is_private(bytes, n) &&
			is_virtual(i->ifa_name) && !has_way_out())
			why = "a virtual link of a namespace without a way out";
	}
	freeifaddrs(all);
	return why;
}

static int allows(const char *entry, const uint8_t *bytes, unsigned n, struct jg_error *err)
{
	char host[64];
	const char *slash = strchr(entry, '/');
	const size_t len = slash == NULL ? strlen(entry) : (size_t)(slash - entry);
	char *end = NULL;
	const unsigned long bits = slash == NULL ? 128 : strtoul(slash + 1, &end, 10);
	struct target named;
	const uint8_t *own = NULL;
	snprintf(host, sizeof(host), "%.*s", (int)len, entry);
	if (len == 0 || len >= sizeof(host) ||
		(end != NULL && (end == slash + 1 || *end != '\0')) ||
		parse_host(&named, host, 1) != 0) {
		jg_error_set(err,
			"--allow \"%.60s\" is no address; expected ADDRESS or ADDRESS/BITS", entry);
		return -EINVAL;
	}
	const unsigned own_n = bytes_of((const struct sockaddr *)(void *)&named.address, &own);
	return own_n == n && in_prefix(own, bytes, bits > n * 8 ? n * 8 : (unsigned)bits);
}

// Why it may be loaded, in the end: by itself, or because it was named.
static int settle(struct target *t, const char *why, const char *const *allow, unsigned n,
	struct jg_error *err)
{
	const uint8_t *bytes = NULL;
	const unsigned len = bytes_of((const struct sockaddr *)(void *)&t->address, &bytes);
	t->why = why;
	for (unsigned i = 0; i < n; i++) {
		const int rc = allows(allow[i], bytes, len, err);
		if (rc < 0)
			return rc;
		if (rc > 0 && t->why == NULL)
			t->why = "named by --allow";
	}
	return t->why != NULL ? 0 : -EPERM;
}

int target_check(struct target *t, const char *const *allow, unsigned n, struct jg_error *err)
{
	const uint8_t *bytes = NULL;
	const unsigned len = bytes_of((const struct sockaddr *)(void *)&t->address, &bytes);
	const int rc = settle(
		t, is_loopback(bytes, len) ? "loopback" : find_near(bytes, len), allow, n, err);
	if (rc == -EPERM)
		jg_error_set(err,
			"%s is neither loopback, this machine, nor on a virtual link of a "
			"namespace "
			"without a way out; name it with --allow if it is yours to load",
			t->text);
	return rc;
}

int target_check_link(struct target *t, const struct target_link *link, const char *const *allow,
	unsigned n, struct jg_error *err)
{
	const uint8_t *bytes = NULL;
	const unsigned len = bytes_of((const struct sockaddr *)(void *)&t->address, &bytes);
	const struct jg_address *own = link->own;
	if (is_loopback(bytes, len)) {
		jg_error_set(err, "%s is loopback, where no port leads: use --socket", t->text);
		return -EINVAL;
	}
	const bool neighbour = own != NULL && own->family == (len == 4 ? 4 : 6) &&
		in_prefix(own->bytes, bytes, own->prefix) && is_private(bytes, len);
	const bool closed = (link->closed || is_virtual(link->device)) && !has_way_out();
	const int rc = settle(t,
		neighbour && closed ? "a virtual link of a namespace without a way out" : NULL,
		allow, n, err);
	if (rc == -EPERM)
		jg_error_set(err,
			"%s on port %.40s is not a private neighbour on a virtual link of a "
			"namespace without a way out; name it with --allow if it is yours to load",
			t->text, link->device);
	return rc;
}

const struct jg_address *target_address(
	const struct target *t, const struct jg_address *own, unsigned n)
{
	const unsigned family = t->address.ss_family == AF_INET ? 4 : 6;
	for (unsigned i = 0; i < n; i++)
		if (own[i].family == family)
			return &own[i];
	return NULL;
}

// SPDX-License-Identifier: BSD-3-Clause
#include "host.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

#define HOST_MAX 256

// "name:port", "[v6]:port", "name": the name without brackets, the port as text ("" = none).
static bool split(const char *host, char name[HOST_MAX], const char **port)
{
	bool bracket = host[0] == '[';
	const char *end = bracket ? strchr(host, ']') : strchr(host, ':');
	const char *from = host + bracket;
	if (end == NULL)
		end = bracket ? from : host + strlen(host);
	size_t len = (size_t)(end - from);
	if (len == 0 || len >= HOST_MAX)
		return false;
	memcpy(name, from, len);
	name[len] = '\0';
	end += bracket;
	if (*end != '\0' && *end != ':')
		return false;
	*port = *end == ':' ? end + 1 : end;
	return true;
}

static bool is_loopback(const struct jg_address *address)
{
	static const uint8_t one[16] = {[15] = 1};
	return address->family == 4 ? address->bytes[0] == 127
				    : memcmp(address->bytes, one, sizeof(one)) == 0;
}

static bool is_any(const struct jg_address *address)
{
	static const uint8_t zero[16];
	return memcmp(address->bytes, zero, address->family == 4 ? 4 : 16) == 0;
}

static bool is_our_address(const char *name, const struct jg_address *listen)
{
	uint8_t bytes[16] = {0};
	bool v4 = inet_pton(AF_INET, name, bytes) == 1;
	bool v6 = !v4 && inet_pton(AF_INET6, name, bytes) == 1;
	if (!v4 && !v6)
		return strcasecmp(name, "localhost") == 0 &&
			(is_loopback(listen) || is_any(listen));
	if (is_any(listen))
		return true;
	return listen->family == (v4 ? 4 : 6) && memcmp(bytes, listen->bytes, v4 ? 4 : 16) == 0;
}

bool jg_host_allowed(const char *host, const struct jg_address *listen, const struct jg_str *hosts,
	uint32_t hosts_n)
{
	char name[HOST_MAX];
	char ours[8];
	const char *port;
	if (host == NULL || !split(host, name, &port))
		return false;
	for (uint32_t i = 0; i < hosts_n; i++)
		if (hosts[i].len == strlen(name) &&
			strncasecmp(hosts[i].p, name, hosts[i].len) == 0)
			return true;
	(void)snprintf(ours, sizeof(ours), "%u", listen->port);
	return strcmp(port[0] == '\0' ? "80" : port, ours) == 0 && is_our_address(name, listen);
}

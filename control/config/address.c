// SPDX-License-Identifier: BSD-3-Clause
// Addresses with a prefix length or a port.
#include "settings.h"

#include <arpa/inet.h>

// Decimal without sign or leading zero, 0..max.
static bool parse_number(const char *text, unsigned max, unsigned *number)
{
	*number = 0;
	if (*text == '\0' || (*text == '0' && text[1] != '\0'))
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		*number = *number * 10 + (unsigned)(*text - '0');
		if (*number > max)
			return false;
	}
	return true;
}

static bool parse_host(const char *text, size_t len, struct jg_address *address)
{
	char host[INET6_ADDRSTRLEN];
	if (len == 0 || len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	*address = (struct jg_address){0};
	if (inet_pton(AF_INET, host, address->bytes) == 1)
		address->family = 4;
	else if (inet_pton(AF_INET6, host, address->bytes) == 1)
		address->family = 6;
	return address->family != 0;
}

bool jg_address_parse_prefix(const char *text, struct jg_address *address)
{
	const char *slash = strchr(text, '/');
	unsigned bits;
	if (slash == NULL || !parse_host(text, (size_t)(slash - text), address) ||
		!parse_number(slash + 1, address->family == 4 ? 32 : 128, &bits))
		return false;
	address->prefix = (uint8_t)bits;
	return true;
}

bool jg_address_parse_listen(const char *text, struct jg_address *address)
{
	const char *colon = strrchr(text, ':');
	if (colon == NULL)
		return false;
	const char *host = text;
	size_t len = (size_t)(colon - text);
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
		if (memchr(host, ':', len) == NULL)
			return false;
	} else if (memchr(host, ':', len) != NULL) {
		return false;
	}
	unsigned port;
	if (!parse_host(host, len, address) || !parse_number(colon + 1, 65535, &port) || port == 0)
		return false;
	address->port = (uint16_t)port;
	return true;
}

bool jg_address_mask(const struct jg_address *address, struct jg_address *masked)
{
	*masked = *address;
	for (unsigned i = 0; i < sizeof(masked->bytes); i++) {
		unsigned before = 8 * i;
		unsigned kept = address->prefix <= before ? 0
			: address->prefix - before >= 8	  ? 8
							  : address->prefix - before;
		masked->bytes[i] = (uint8_t)(masked->bytes[i] & (0xff00u >> kept));
	}
	return memcmp(masked->bytes, address->bytes, sizeof(masked->bytes)) == 0;
}

void jg_address_render(const struct jg_address *address, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";
	(void)inet_ntop(
		address->family == 4 ? AF_INET : AF_INET6, address->bytes, host, sizeof(host));
	if (address->port == 0)
		(void)snprintf(text, size, "%s/%u", host, address->prefix);
	else
		(void)snprintf(text, size, address->family == 4 ? "%s:%u" : "[%s]:%u", host,
			address->port);
}

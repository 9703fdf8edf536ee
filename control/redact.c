// SPDX-License-Identifier: BSD-3-Clause
#include "redact.h"

#include "internal/fingerprint.h"

#include <joingate/wire.h>

#include <inttypes.h>
#include <stdio.h>

#define COPY_MIN 16 // shorter ones may stand elsewhere for reasons of their own

static unsigned number16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void cover(uint8_t *token, size_t len, uint64_t fingerprint)
{
	char text[20];
	size_t n = (size_t)snprintf(text, sizeof(text), "[%016" PRIx64 "]", fingerprint);
	memcpy(token, text, n < len ? n : len);
	if (len > n)
		memset(token + n, '.', len - n);
}

// Copies first: the token is what they are found by.
static uint64_t cover_token(uint8_t *datagram, size_t datagram_len, uint8_t *token, size_t len)
{
	uint64_t fingerprint = jg_fingerprint(token, len);
	uint8_t *begin = datagram;
	while (len >= COPY_MIN && begin < datagram + datagram_len) {
		uint8_t *copy =
			memmem(begin, datagram_len - (size_t)(begin - datagram), token, len);
		if (copy == NULL)
			break;
		if (copy != token)
			cover(copy, len, fingerprint);
		begin = copy + len;
	}
	cover(token, len, fingerprint);
	return fingerprint;
}

uint64_t jg_redact(uint8_t *datagram, size_t len)
{
	uint64_t fingerprint = 0;
	if (len < JG_WIRE_HEADER) {
		memset(datagram, 0, len);
		return 0;
	}
	bool reply = (datagram[3] & JG_WIRE_REPLY) != 0;
	size_t at = reply ? JG_WIRE_VERDICT : JG_WIRE_HEADER;
	size_t mac = number16(datagram + 20) != 0 ? JG_WIRE_MAC_SIZE : 0;
	if (len < at + mac) {
		memset(datagram + JG_WIRE_HEADER, 0, len - JG_WIRE_HEADER);
		return 0;
	}
	size_t end = len - mac;
	while (end - at >= 4 && number16(datagram + at + 2) <= end - at - 4) {
		unsigned code = number16(datagram + at);
		size_t n = number16(datagram + at + 2);
		at += 4;
		if (code == JG_WIRE_FIELD_TOKEN)
			fingerprint = cover_token(datagram, len, datagram + at, n);
		else if (code == JG_WIRE_FIELD_PADDING)
			memset(datagram + at, 0, n);
		at += n;
	}
	memset(datagram + at, 0, end - at);
	return fingerprint;
}

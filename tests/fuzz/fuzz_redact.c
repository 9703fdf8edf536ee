// SPDX-License-Identifier: BSD-3-Clause
// A captured datagram: no token field of it survives, and the datagram is read alike before and after.
#include "redact.h"

#include <joingate/wire.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t copy[JG_WIRE_DATAGRAM_MAX];
	struct jg_wire_request wire;
	struct jg_request before;
	struct jg_request after;
	if (size > sizeof(copy))
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	(void)jg_redact(copy, size);
	if (jg_wire_request_parse(data, size, &wire, &before) != JG_WIRE_FATE_OK ||
		wire.type == JG_WIRE_PING)
		return 0;
	if (before.token.len > 0 &&
		memcmp(copy + wire.token_at, before.token.p, before.token.len) == 0)
		abort();
	// Copies of a longer one are covered wherever they lie, across the borders of fields too.
	if (before.token.len < 16 &&
		(jg_wire_request_parse(copy, size, &wire, &after) != JG_WIRE_FATE_OK ||
			after.token.len != before.token.len))
		abort();
	return 0;
}

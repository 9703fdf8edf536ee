// SPDX-License-Identifier: BSD-3-Clause
#include "internal/fingerprint.h"

#include "internal/mac.h"

uint64_t jg_fingerprint(const void *token, size_t len)
{
	uint8_t digest[32];
	uint64_t fingerprint = 0;

	jg_sha256(token, len, digest);
	for (unsigned i = 0; i < 8; i++)
		fingerprint = fingerprint << 8 | digest[i];
	return fingerprint;
}

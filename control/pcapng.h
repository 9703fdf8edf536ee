// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng) with one interface of raw IP packets, for datagrams
 * that the gate has taken out of their packets: IP and UDP headers are made anew, a fragmented datagram
 * is one packet, link-layer headers are left out.
 */

#include "internal/base.h"

#include <stdint.h>

/** Bytes that one block takes at most beside its packet's payload. */
#define JG_PCAPNG_OVERHEAD 1024
/** Bytes of a comment, at most; a longer one is cut. */
#define JG_PCAPNG_COMMENT_MAX 700

struct jg_pcapng_packet {
	int64_t time_ns; /**< since the Unix epoch */
	uint8_t family; /**< 4 or 6 */
	bool outbound;
	uint16_t source_port;
	uint16_t target_port;
	const uint8_t *source; /**< 4 or 16 bytes */
	const uint8_t *target;
	const uint8_t *payload;
	uint32_t len; /**< of the payload, up to 60 000 */
	const char *comment;
};

/** The file's head: section and interface. @return bytes, as of the others; each has room for
 * JG_PCAPNG_OVERHEAD and the payload */
size_t jg_pcapng_begin(uint8_t *out, const char *program, const char *comment);
size_t jg_pcapng_packet(uint8_t *out, const struct jg_pcapng_packet *packet);
/** The interface's totals, at the end. */
size_t jg_pcapng_end(uint8_t *out, int64_t time_ns, uint64_t packets, uint64_t lost);

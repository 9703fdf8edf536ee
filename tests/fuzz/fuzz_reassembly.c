// SPDX-License-Identifier: BSD-3-Clause
// A stream of fragments: 8 bytes say which, of which datagram and when. A datagram that comes out
// must hold, byte for byte, what was put in at its place, and the table must stay within its bounds.
#include "bytes.h"
#include "reassembly.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	ENTRIES = 8,
	SHARE = 3,
	CONTENT = 65536
};

static uint8_t content[CONTENT];

static struct jg_frame fragment_of(const uint8_t *step)
{
	struct jg_frame frame = {.family = step[0] & 1 ? 6 : 4,
		.protocol = 17,
		.kind = JG_FRAME_FRAGMENT,
		.more_fragments = (step[0] & 2) != 0,
		.fragment_id = step[1] & 3,
		.fragment_offset = (uint32_t)(jg_get16(step + 2) & 0x0fff) * 8,
		.l4_len = jg_get16(step + 4) & 0x3fff};

	frame.source[0] = step[1] >> 6;
	return frame;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jg_reassembly_options options = {
		.entries = ENTRIES, .share = SHARE, .life = 100, .seed = 1};
	void *memory = aligned_alloc(64, (jg_reassembly_size(&options) + 63) & ~(size_t)63);
	uint64_t now = 0;

	if (memory == NULL)
		return 0;
	for (unsigned i = 0; i < CONTENT; i++)
		content[i] = (uint8_t)(i % 251);
	struct jg_reassembly *table = jg_reassembly_init(memory, &options);
	for (; size >= 8; data += 8, size -= 8) {
		struct jg_frame frame = fragment_of(data);
		struct jg_datagram whole;
		uint32_t at = frame.fragment_offset % (CONTENT / 2);

		now += data[6];
		jg_reassembly_expire(table, now);
		frame.l4 = 0;
		if (jg_reassembly_add(table, &frame, content + at, now, &whole) ==
			JG_COUNTER_REASSEMBLED) {
			assert(whole.len <= JG_REASSEMBLY_BYTES);
			assert(memcmp(whole.bytes, content, whole.len) == 0);
			jg_reassembly_release(table, whole.entry);
		}
		assert(jg_reassembly_used(table) <= ENTRIES);
	}
	jg_reassembly_expire(table, now + 100);
	assert(jg_reassembly_used(table) == 0);
	free(memory);
	return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
#include "writer.h"

void jg_write_int(struct jg_writer *w, int64_t value)
{
	char text[20 + JG_PUT_SLACK];
	size_t at = 20;
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	if (value >= 0 && left < UINT64_C(10000000000000000)) {
		jg_write_bytes(w, text, (size_t)(jg_put_number(text, left) - text));
		return;
	}
	do
		text[--at] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (value < 0)
		text[--at] = '-';
	jg_write_bytes(w, text + at, 20 - at);
}

void jg_write_json(struct jg_writer *w, struct jg_str text)
{
	if (w->full || jg_json_length(text) > w->size - w->at) {
		w->full = true;
		return;
	}
	w->at = (size_t)(jg_put_json(w->p + w->at, text) - w->p);
}

// What encodeURIComponent() leaves alone.
// clang-format off
static const bool unreserved[256] = {
	['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1, ['8'] = 1,
	['9'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1,
	['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1,
	['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1,
	['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1,
	['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1,
	['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1,
	['-'] = 1, ['_'] = 1, ['.'] = 1, ['!'] = 1, ['~'] = 1, ['*'] = 1, ['\''] = 1, ['('] = 1, [')'] = 1,
};
// clang-format on

void jg_write_escaped(struct jg_writer *w, struct jg_str text)
{
	static const char upper[] = "0123456789ABCDEF"; // as the SDKs write them
	uint32_t start = 0;
	for (uint32_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.p[i];
		if (unreserved[c])
			continue;
		const char escape[3] = {'%', upper[c >> 4], upper[c & 15]};
		jg_write_bytes(w, text.p + start, i - start);
		jg_write_bytes(w, escape, sizeof(escape));
		start = i + 1;
	}
	if (text.len > start)
		jg_write_bytes(w, text.p + start, text.len - start);
}

void jg_write_hex(struct jg_writer *w, const uint8_t *bytes, size_t n)
{
	static const char lower[] = "0123456789abcdef";
	if (w->full || 2 * n > w->size - w->at) {
		w->full = true;
		return;
	}
	char *to = w->p + w->at;
	for (size_t i = 0; i < n; i++) {
		to[2 * i] = lower[bytes[i] >> 4];
		to[2 * i + 1] = lower[bytes[i] & 15];
	}
	w->at += 2 * n;
}

void jg_write_str16le(struct jg_writer *w, struct jg_str text)
{
	if (text.len > UINT16_MAX) {
		w->full = true;
		return;
	}
	jg_write_u16le(w, (uint16_t)text.len);
	jg_write_str(w, text);
}

void jg_write_base64(struct jg_writer *w, jg_base64_encode_fn *encode, const void *bytes, size_t n)
{
	if (w->full || JG_BASE64_ENCODED(n) > w->size - w->at) {
		w->full = true;
		return;
	}
	w->at += encode(bytes, n, w->p + w->at);
}

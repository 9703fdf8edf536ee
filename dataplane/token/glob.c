// SPDX-License-Identifier: BSD-3-Clause
// Glob patterns: '*' any run, '?' one character. No recursion, no exponential patterns.
#include "state.h"

// Bytes of the UTF-8 character at p; a stray byte counts as a character of its own.
static uint32_t character(const char *p, uint32_t left)
{
	uint32_t n = 1;
	while (n < left && n < 4 && ((unsigned char)p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

bool jg_glob_match(struct jg_str pattern, struct jg_str text)
{
	uint32_t p = 0, t = 0;
	// The last star seen and what it has swallowed so far: only the last one ever needs to retry.
	uint32_t after_star = 0, retry = 0;
	bool star = false;
	while (t < text.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			after_star = ++p;
			retry = t;
			star = true;
		} else if (p < pattern.len && pattern.p[p] == '?') {
			p++;
			t += character(text.p + t, text.len - t);
		} else if (p < pattern.len && pattern.p[p] == text.p[t]) {
			p++;
			t++;
		} else if (star) {
			retry += character(text.p + retry, text.len - retry);
			p = after_star;
			t = retry;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

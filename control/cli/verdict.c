// SPDX-License-Identifier: BSD-3-Clause
#include "verdict.h"

#include <inttypes.h>

static void add_text(struct text *text, const char *name, struct jg_str value)
{
	text_adds(text, ", \"");
	text_adds(text, name);
	text_adds(text, "\": ");
	text_add_json(text, value);
}

static void add_time(struct text *text, const char *name, int64_t value)
{
	if (value == JG_TIME_NONE)
		text_addf(text, ", \"%s\": null", name);
	else
		text_addf(text, ", \"%s\": %" PRId64, name, value);
}

void verdict_add_capabilities(struct text *text, uint64_t capabilities)
{
	const char *separator = "[\"";
	capabilities &= JG_CAPABILITY_ALL;
	for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT; bit++) {
		if (!(capabilities & (UINT64_C(1) << bit)))
			continue;
		text_adds(text, separator);
		text_adds(text, jg_capability_name(bit));
		separator = "\", \"";
	}
	text_adds(text, capabilities != 0 ? "\"]" : "[]");
}

// The end of each capability that has one of its own: the earliest where several say so.
static void add_expiries(struct text *text, const struct jg_verdict *verdict)
{
	const char *separator = "";
	text_addf(text, ", \"capability_expires\": {");
	for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT; bit++) {
		int64_t end = INT64_MAX;
		for (uint32_t i = 0; i < verdict->capability_expires_n; i++) {
			const struct jg_capability_expiry *e = &verdict->capability_expires[i];
			if ((e->capabilities & (UINT64_C(1) << bit)) && e->expires_at < end)
				end = e->expires_at;
		}
		if (end == INT64_MAX || !(verdict->capabilities & (UINT64_C(1) << bit)))
			continue;
		text_addf(text, "%s\"%s\": %" PRId64, separator, jg_capability_name(bit), end);
		separator = ", ";
	}
	text_add(text, "}", 1);
}

// The token's own JSON object, without the white space that may break lines.
static void add_object(struct text *text, const char *name, struct jg_str object)
{
	text_addf(text, ", \"%s\": ", name);
	if (object.len == 0)
		text_add(text, "{}", 2);
	bool quoted = false;
	uint32_t plain = 0; // start of what has not been written
	for (uint32_t i = 0; i < object.len; i++) {
		char c = object.p[i];
		if (quoted && c == '\\') {
			i++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && memchr(" \t\r\n", c, 4) != NULL) {
			text_add_lines(text, object.p + plain, i - plain);
			plain = i + 1;
		}
	}
	if (object.len > plain)
		text_add_lines(text, object.p + plain, object.len - plain);
}

static void add_words(struct text *text, const char *name, struct jg_str words)
{
	const char *separator = "";
	text_addf(text, ", \"%s\": [", name);
	for (uint32_t i = 0; i < words.len;) {
		const char *space = memchr(words.p + i, ' ', words.len - i);
		uint32_t len = (space == NULL ? words.len : (uint32_t)(space - words.p)) - i;
		if (len > 0) {
			text_addf(text, "%s", separator);
			text_add_json(text, (struct jg_str){words.p + i, len});
			separator = ", ";
		}
		i += len + 1;
	}
	text_add(text, "]", 1);
}

static void add_hex(struct text *text, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	text_adds(text, "\"");
	for (size_t i = 0; i < n; i++) {
		const char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
		text_add(text, pair, sizeof(pair));
	}
	text_adds(text, "\"");
}

static void add_token_id(struct text *text, const struct jg_verdict *verdict)
{
	text_adds(text, ", \"token_id\": ");
	add_hex(text, verdict->token_id, verdict->verified ? sizeof(verdict->token_id) : 0);
}

void verdict_add(struct text *text, const struct jg_verdict *verdict, const char *detail)
{
	if (verdict->reason == JG_REASON_OK) {
		text_addf(text, "{\"verdict\": \"admit\"");
	} else {
		char words[512];
		if (detail == NULL)
			(void)jg_verdict_detail(verdict, words, sizeof(words));
		const char *shown = detail != NULL ? detail : words;
		text_addf(text, "{\"verdict\": \"reject\", \"reason\": \"%s\"",
			jg_reason_name(verdict->reason));
		add_text(text, "detail", (struct jg_str){shown, (uint32_t)strlen(shown)});
	}
	const char *vendor = jg_vendor_name(verdict->vendor);
	add_text(text, "vendor", (struct jg_str){vendor, (uint32_t)strlen(vendor)});
	add_text(text, "app", verdict->app);
	add_text(text, "identity", verdict->identity);
	add_text(text, "name", verdict->name);
	add_text(text, "room", verdict->room);
	text_addf(text, ", \"capabilities\": ");
	verdict_add_capabilities(text, verdict->capabilities);
	add_expiries(text, verdict);
	add_text(text, "role", verdict->role);
	add_text(text, "kind", verdict->kind);
	add_object(text, "attributes", verdict->attributes);
	add_words(text, "layout_classes", verdict->layout_classes);
	add_text(text, "metadata", verdict->metadata);
	add_time(text, "issued_at", verdict->issued_at);
	add_time(text, "expires_at", verdict->expires_at);
	add_text(text, "key", verdict->key);
	add_token_id(text, verdict);
	text_addf(text, ", \"epoch\": %" PRIu64 "}", verdict->epoch);
}

void verdict_add_rare(struct text *text, const struct jg_verdict *verdict)
{
	if (text->failed)
		return;
	text->len--;
	const size_t id = sizeof(verdict->token_id);
	const char *separator = ", \"ancestors\": [";
	for (uint32_t at = 0; at + id <= verdict->ancestors.len; at += (uint32_t)id) {
		text_adds(text, separator);
		add_hex(text, (const uint8_t *)verdict->ancestors.p + at, id);
		separator = ", ";
	}
	if (verdict->ancestors.len > 0)
		text_adds(text, "]");
	if (verdict->rtm_permissions.len > 0) {
		text_adds(text, ", \"rtm_permissions\": ");
		add_hex(text, (const uint8_t *)verdict->rtm_permissions.p,
			verdict->rtm_permissions.len);
	}
	text_add(text, "}", 1);
}

// SPDX-License-Identifier: BSD-3-Clause
// A verdict's rule in words.
#include "internal/base.h"

#include <joingate/verify.h>

// Text cut to fit; len counts what was kept.
struct appender {
	char *text;
	size_t size;
	size_t len;
};

static void put_bytes(struct appender *a, const char *p, size_t n)
{
	for (; n > 0 && a->len + 1 < a->size; n--)
		a->text[a->len++] = *p++;
}

static void put(struct appender *a, const char *text)
{
	put_bytes(a, text, strlen(text));
}

static void put_number(struct appender *a, int64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	do
		digits[--at] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (value < 0)
		put(a, "-");
	put_bytes(a, digits + at, sizeof(digits) - at);
}

// The templates' words: S subject, V value, L limit, C name of the capability bit V.
static void put_field(struct appender *a, const struct jg_verdict *v, char field)
{
	if (field == 'S')
		put_bytes(a, v->subject.p, v->subject.len);
	else if (field == 'V')
		put_number(a, v->rule_value);
	else if (field == 'L')
		put_number(a, v->rule_limit);
	else
		put(a, jg_capability_name((unsigned)v->rule_value));
}

static const char *template_of(const struct jg_verdict *v)
{
	// clang-format off
	static const char *const templates[JG_RULE_COUNT] = {
		[JG_RULE_EXPIRED] = "expired %V s ago (leeway %L s)",
		[JG_RULE_TOO_EARLY] = "%S is %V s ahead (leeway %L s)",
		[JG_RULE_LIFETIME] = "lives %V s; %S allows %L s",
		[JG_RULE_CLAIM] = "claim %S has the wrong type, range or word",
		[JG_RULE_MISSING] = "claim %S is missing",
		[JG_RULE_REQUIRED_CLAIM] = "claim %S is missing; policy.required_claims names it",
		[JG_RULE_LENGTH] = "%S has length %V; %L is allowed",
		[JG_RULE_NO_JOIN] = "does not grant a join; needs %S",
		[JG_RULE_MISMATCH] = "%S is not what was asked for",
		[JG_RULE_CUT_OFF] = "issued at %V, before the cut-off of scope %S at %L",
		[JG_RULE_DENY] = "policy.deny takes join away",
		[JG_RULE_REQUIRE] = "lacks %C, which policy.require names",
		[JG_RULE_ROOM] = "no pattern of policy.rooms allows the room",
		[JG_RULE_ROOM_DENY] = "policy.rooms denies join in rooms like %S",
		[JG_RULE_CALLER] = "this front end may not ask about the app",
		[JG_RULE_NO_SECRET] = "the app has no secret that is usable now",
		[JG_RULE_NOT_REFRESHABLE] = "not refreshed: %S",
	};
	// clang-format on
	if (v->rule == JG_RULE_CUT_OFF && v->rule_value == JG_TIME_NONE)
		return "has no issue time; a cut-off of scope %S at %L is in force";
	if (v->rule == JG_RULE_EXPIRED && jg_str_eq(v->subject, JG_STR("policy.reconnect_grace")))
		return "expired %V s ago (leeway and %S %L s)";
	if (v->rule == JG_RULE_EXPIRED && jg_str_eq(v->subject, JG_STR("join privilege")))
		return "the %S expired %V s ago (leeway %L s)";
	if (v->rule == JG_RULE_REQUIRED_CLAIM && v->rule_limit > 0)
		return "claim %S is missing; policy.max_lifetime needs it";
	if (v->rule == JG_RULE_DENY && v->subject.len > 0)
		return "%S takes join away";
	if (v->rule < JG_RULE_COUNT && templates[v->rule] != NULL)
		return templates[v->rule];
	return jg_reason_help(v->reason);
}

size_t jg_verdict_detail(const struct jg_verdict *verdict, char *text, size_t size)
{
	struct appender a = {.text = text, .size = size};
	for (const char *p = template_of(verdict); *p != 0; p++) {
		if (*p == '%')
			put_field(&a, verdict, *++p);
		else
			put_bytes(&a, p, 1);
	}
	if (size > 0)
		text[a.len] = 0;
	return a.len;
}

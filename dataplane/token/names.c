// SPDX-License-Identifier: BSD-3-Clause
// Names of what is declared once in tables: reasons, vendors, formats, capabilities.
#include "internal/base.h"

#include <joingate/capability.h>
#include <joingate/reason.h>
#include <joingate/vendor.h>

const char *jg_reason_name(unsigned reason)
{
	static const char *const names[] = {
#define X(code, symbol, label, help) [code] = label,
		JG_REASONS(X)
#undef X
	};
	return reason < JG_ARRAY_SIZE(names) ? names[reason] : "?";
}

const char *jg_reason_help(unsigned reason)
{
	static const char *const helps[] = {
#define X(code, symbol, label, help) [code] = help,
		JG_REASONS(X)
#undef X
	};
	return reason < JG_ARRAY_SIZE(helps) ? helps[reason] : "";
}

static const char *const vendor_names[] = {[JG_VENDOR_NONE] = "?",
#define X(code, symbol, name, key) [code] = name,
	JG_VENDORS(X)
#undef X
};

const char *jg_vendor_name(unsigned vendor)
{
	return vendor < JG_ARRAY_SIZE(vendor_names) ? vendor_names[vendor] : "?";
}

unsigned jg_vendor_find(struct jg_str name)
{
	for (unsigned i = 1; i < JG_ARRAY_SIZE(vendor_names); i++)
		if (strlen(vendor_names[i]) == name.len &&
			memcmp(vendor_names[i], name.p, name.len) == 0)
			return i;
	return JG_VENDOR_NONE;
}

const char *jg_format_name(unsigned format)
{
	static const char *const names[JG_FORMAT_COUNT] = {
		[JG_FORMAT_NONE] = "?",
		[JG_FORMAT_JWT_HS256] = "jwt-hs256",
		[JG_FORMAT_JWT_RS256] = "jwt-rs256",
		[JG_FORMAT_T1] = "t1",
		[JG_FORMAT_AGORA_007] = "agora-007",
		[JG_FORMAT_AGORA_006] = "agora-006",
	};
	return format < JG_FORMAT_COUNT ? names[format] : "?";
}

static const char *const capability_names[] = {
#define X(bit, symbol, name, help) [bit] = name,
	JG_CAPABILITIES(X)
#undef X
};

const char *jg_capability_name(unsigned bit)
{
	return bit < JG_ARRAY_SIZE(capability_names) ? capability_names[bit] : "?";
}

int jg_capability_find(struct jg_str name)
{
	for (unsigned i = 0; i < JG_ARRAY_SIZE(capability_names); i++)
		if (strlen(capability_names[i]) == name.len &&
			memcmp(capability_names[i], name.p, name.len) == 0)
			return (int)i;
	return -1;
}

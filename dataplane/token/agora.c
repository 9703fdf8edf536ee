// SPDX-License-Identifier: BSD-3-Clause
#include "agora.h"

#include "deflate.h"
#include "utf8.h"

struct jg_cursor jg_agora_privileges(struct jg_cursor *c)
{
	size_t n = (size_t)jg_cursor_u16le(c) * 6;
	const uint8_t *p = jg_cursor_take(c, n);
	return jg_cursor_of(p, p == NULL ? 0 : n);
}

bool jg_agora_privilege_next(struct jg_cursor *privileges, struct jg_agora_privilege *privilege)
{
	if (privileges->left == 0)
		return false;
	privilege->key = jg_cursor_u16le(privileges);
	privilege->value = jg_cursor_u32le(privileges);
	return !privileges->failed;
}

// RTM2: resource type to (operation to names). Only walked, to find their end: what they permit is
// for Signaling to judge, so they are handed on as they stand.
static struct jg_str read_permissions(struct jg_cursor *c)
{
	const uint8_t *start = c->p;
	for (unsigned n = jg_cursor_u16le(c); n > 0 && !c->failed; n--) {
		(void)jg_cursor_u16le(c);
		for (unsigned m = jg_cursor_u16le(c); m > 0 && !c->failed; m--) {
			(void)jg_cursor_u16le(c);
			for (unsigned k = jg_cursor_u16le(c); k > 0 && !c->failed; k--)
				(void)jg_cursor_str16le(c);
		}
	}
	return (struct jg_str){(const char *)start, c->failed ? 0 : (uint32_t)(c->p - start)};
}

bool jg_agora_permissions_whole(struct jg_str permissions)
{
	struct jg_cursor c = jg_cursor_of(permissions.p, permissions.len);
	(void)read_permissions(&c);
	return jg_cursor_done(&c);
}

// A name that will be compared and handed on: broken text fails the cursor.
static struct jg_str read_text(struct jg_cursor *c)
{
	struct jg_str text = jg_cursor_str16le(c);
	if (!jg_utf8_valid(text))
		c->failed = true;
	return text;
}

bool jg_agora_service_next(
	struct jg_cursor *services, uint16_t *left, struct jg_agora_service *service)
{
	if (*left == 0)
		return false;
	*service = (struct jg_agora_service){.type = jg_cursor_u16le(services)};
	if (service->type == 0 || service->type >= JG_AGORA_SERVICE_COUNT)
		return false;
	service->privileges = jg_agora_privileges(services);
	switch (service->type) {
	case JG_AGORA_RTC:
	case JG_AGORA_STREAMING:
	case JG_AGORA_FCDN:
	case JG_AGORA_APAAS:
		service->channel = read_text(services);
		service->account = read_text(services);
		if (service->type == JG_AGORA_APAAS)
			(void)jg_cursor_u16le(services); // role, for its own servers
		break;
	case JG_AGORA_RTM:
	case JG_AGORA_CHAT:
		service->account = read_text(services);
		break;
	case JG_AGORA_RTM2:
		service->account = read_text(services);
		service->permissions = read_permissions(services);
		break;
	default:
		break;
	}
	(*left)--;
	return !services->failed;
}

// Every service is read once here, so that later readers cannot fail.
static bool services_whole(const struct jg_agora *agora)
{
	struct jg_cursor services = agora->services;
	uint16_t left = agora->services_n;
	struct jg_agora_service service;
	while (jg_agora_service_next(&services, &left, &service))
		;
	if (services.failed)
		return false;
	return left > 0 || services.left == 0;
}

enum jg_reason jg_agora_parse_007(struct jg_str token, const struct jg_agora_tools *tools,
	uint8_t *scratch, struct jg_agora *agora)
{
	*agora = (struct jg_agora){.issued_at = 0};
	if (token.len <= 3 || memcmp(token.p, "007", 3) != 0)
		return JG_REASON_MALFORMED;
	int packed = tools->decode((struct jg_str){token.p + 3, token.len - 3}, scratch);
	if (packed < 0)
		return JG_REASON_BAD_ENCODING;
	uint8_t *content = scratch + packed;
	int n = jg_inflate(tools->inflater, scratch, (size_t)packed, content, JG_AGORA_CONTENT_MAX);
	if (n < 0)
		return JG_REASON_MALFORMED;
	struct jg_cursor c = jg_cursor_of(content, (size_t)n);
	agora->signature = jg_cursor_str16le(&c);
	agora->message = (struct jg_str){(const char *)c.p, (uint32_t)c.left};
	agora->app_id = jg_cursor_str16le(&c);
	agora->issued_at = jg_cursor_u32le(&c);
	agora->expire = jg_cursor_u32le(&c);
	agora->salt = jg_cursor_u32le(&c);
	agora->services_n = jg_cursor_u16le(&c);
	agora->services = c;
	return !c.failed && services_whole(agora) ? JG_REASON_OK : JG_REASON_MALFORMED;
}

enum jg_reason jg_agora_parse_006(struct jg_str token, const struct jg_agora_tools *tools,
	uint8_t *scratch, struct jg_agora *agora)
{
	*agora = (struct jg_agora){.issued_at = 0};
	if (token.len <= JG_AGORA_006_HEAD || memcmp(token.p, "006", 3) != 0)
		return JG_REASON_MALFORMED;
	struct jg_str text = {token.p + JG_AGORA_006_HEAD, token.len - JG_AGORA_006_HEAD};
	int n = tools->decode(text, scratch);
	if (n < 0)
		return JG_REASON_BAD_ENCODING;
	struct jg_cursor c = jg_cursor_of(scratch, (size_t)n);
	agora->app_id = (struct jg_str){token.p + 3, JG_AGORA_006_HEAD - 3};
	agora->signature = jg_cursor_str16le(&c);
	agora->crc_channel = jg_cursor_u32le(&c);
	agora->crc_uid = jg_cursor_u32le(&c);
	agora->message = jg_cursor_str16le(&c);
	if (!jg_cursor_done(&c))
		return JG_REASON_MALFORMED;
	struct jg_cursor m = jg_cursor_of(agora->message.p, agora->message.len);
	agora->salt = jg_cursor_u32le(&m);
	agora->ends_at = jg_cursor_u32le(&m);
	agora->privileges = jg_agora_privileges(&m);
	return jg_cursor_done(&m) ? JG_REASON_OK : JG_REASON_MALFORMED;
}

bool jg_agora_match(struct jg_str pattern, struct jg_str text)
{
	uint32_t p = 0, t = 0, star = UINT32_MAX, retry = 0;
	while (t < text.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			star = p++; // first try the empty run
			retry = t;
		} else if (p < pattern.len && pattern.p[p] == text.p[t]) {
			p++;
			t++;
		} else if (star != UINT32_MAX) {
			p = star + 1; // let the last star eat one byte more
			t = ++retry;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

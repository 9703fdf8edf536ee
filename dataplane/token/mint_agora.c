// SPDX-License-Identifier: BSD-3-Clause
// Agora's tokens, laid out as agora-token's own builders do it.
#include "deflate.h"
#include "format_agora.h"
#include "minter.h"
#include "simd/decoders.h"

/** Before the signed part of a 007 token's content: a length and 32 bytes. */
#define SIGNATURE_SIZE 34
#define SALT_MAX 99999999
#define CHANNEL_MAX 64
#define UID_MAX 255
#define RTM_USER_MAX 64
#define SERVICES_MAX 64

#define RTC_JOIN (JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE))
#define RTM_LOGIN (JG_CAPABILITY(RTM_LOGIN) | JG_CAPABILITY(SIGNAL))

// With signalling it is RTM; a login alone is what RTM2 gives.
static bool has_service(uint64_t capabilities, unsigned type)
{
	if (type == JG_AGORA_RTM)
		return (capabilities & JG_CAPABILITY(SIGNAL)) != 0;
	if (type == JG_AGORA_RTM2)
		return (capabilities & RTM_LOGIN) == JG_CAPABILITY(RTM_LOGIN);
	return (capabilities & jg_agora_service_mask(type)) != 0;
}

// What the SDK's builders make of a role, when no capabilities are given.
static bool default_capabilities(struct jg_mint_slot *slot, uint64_t *capabilities)
{
	const struct jg_mint *ask = slot->ask;
	*capabilities = ask->capabilities;
	if (*capabilities != 0)
		return jg_mint_check_empty(slot, "role", ask->role);
	*capabilities =
		ask->service == JG_SERVICE_RTM ? RTM_LOGIN : jg_agora_service_mask(JG_AGORA_RTC);
	if (ask->role.len == 0 || jg_str_eq(ask->role, JG_STR("publisher")))
		return true;
	if (ask->service != JG_SERVICE_RTC || !jg_str_eq(ask->role, JG_STR("subscriber")))
		return jg_mint_fail(slot, "role", "not publisher or, for rtc, subscriber");
	*capabilities = RTC_JOIN;
	return true;
}

static bool check_channel(struct jg_mint_slot *slot, struct jg_str channel)
{
	static const char signs[] = " !#$%&()+-:;<=.>?@[]^_{}|~,*"; // and '*', which is any text
	if (channel.len > CHANNEL_MAX)
		return jg_mint_fail(slot, "room", "a channel name has at most 64 bytes");
	for (uint32_t i = 0; i < channel.len; i++) {
		char c = channel.p[i];
		bool word =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!word && (c == 0 || strchr(signs, c) == NULL))
			return jg_mint_fail(
				slot, "room", "a character that channel names do not have");
	}
	return true;
}

static bool check_permissions(struct jg_mint_slot *slot, struct jg_str permissions, bool rtm2)
{
	if (!rtm2)
		return jg_mint_check_empty(slot, "rtm_permissions", permissions);
	if (permissions.len == 0 || jg_agora_permissions_whole(permissions))
		return true;
	return jg_mint_fail(slot, "rtm_permissions", "not one list of permissions as RTM2 has it");
}

// What no Agora token has a place for.
static bool check_others(struct jg_mint_slot *slot)
{
	const struct jg_mint *ask = slot->ask;
	if (slot->issued_at > UINT32_MAX)
		return jg_mint_fail(slot, "issued_at", "not within 0..2^32-1");
	return jg_mint_check_plain(slot) && jg_mint_check_empty(slot, "name", ask->name) &&
		jg_mint_check_empty(slot, "metadata", ask->metadata) &&
		jg_mint_check_empty(slot, "attributes", ask->attributes) &&
		jg_mint_check_empty(slot, "kind", ask->kind) &&
		jg_mint_check_empty(slot, "layout_classes", ask->layout_classes);
}

static bool check(struct jg_mint_slot *slot, uint64_t capabilities)
{
	const struct jg_mint *ask = slot->ask;
	bool login = (capabilities & RTM_LOGIN) != 0;
	if (login && ask->identity.len == 0)
		return jg_mint_fail(slot, "identity", "a login needs a user id");
	if ((capabilities & RTM_LOGIN) == JG_CAPABILITY(SIGNAL))
		return jg_mint_fail(slot, "capabilities", "signal comes with rtm_login only");
	bool rtm2 = slot->format != JG_FORMAT_AGORA_006 && has_service(capabilities, JG_AGORA_RTM2);
	return check_channel(slot, ask->room) &&
		check_permissions(slot, ask->rtm_permissions, rtm2) &&
		jg_mint_check_text(slot, "identity", ask->identity, login ? RTM_USER_MAX : UID_MAX);
}

static int64_t end_of(const struct jg_mint *ask, uint64_t bit)
{
	for (uint32_t i = 0; i < ask->capability_expires_n; i++)
		if ((ask->capability_expires[i].capabilities & bit) != 0)
			return ask->capability_expires[i].expires_at;
	return JG_TIME_NONE;
}

/** A map of privileges being written. */
struct privileges {
	struct jg_writer *w;
	size_t count_at;
	uint16_t n;
	int64_t base; /**< what values count from: 007 the issue, 006 nothing */
};

static struct privileges privileges_begin(struct jg_writer *w, int64_t base)
{
	struct privileges p = {.w = w, .count_at = w->at, .base = base};
	jg_write_u16le(w, 0);
	return p;
}

static void privileges_end(const struct privileges *p)
{
	struct jg_writer count = {.p = p->w->p + p->count_at, .size = 2};
	if (!p->w->full)
		jg_write_u16le(&count, p->n);
}

// One privilege stands for several capabilities, which must agree.
static bool write_privilege(struct privileges *p, struct jg_mint_slot *slot, unsigned key,
	uint64_t mask, uint64_t asked)
{
	if ((asked & mask) == 0)
		return true;
	if ((asked & mask) != mask)
		return jg_mint_fail(slot, "capabilities",
			"Agora gives some of them in pairs: join with subscribe, camera with "
			"screen "
			"share, microphone with its audio");
	int64_t end = end_of(slot->ask, mask & -mask), value = 0;
	for (uint64_t left = mask; left != 0; left &= left - 1)
		if (end_of(slot->ask, left & -left) != end)
			return jg_mint_fail(slot, "capability_expires",
				"capabilities of one privilege end together");
	if (end != JG_TIME_NONE) {
		if (end <= p->base || end - p->base > UINT32_MAX)
			return jg_mint_fail(slot, "capability_expires",
				"an end is not within 2^32-1 seconds after issued_at");
		value = end - p->base;
	}
	jg_write_u16le(p->w, (uint16_t)key);
	jg_write_u32le(p->w, (uint32_t)value);
	p->n++;
	return true;
}

static void write_body(struct jg_writer *w, const struct jg_mint_service *service)
{
	switch (service->type) {
	case JG_AGORA_RTC:
	case JG_AGORA_STREAMING:
	case JG_AGORA_FCDN:
		jg_write_str16le(w, service->room);
		jg_write_str16le(w, service->identity);
		break;
	case JG_AGORA_APAAS:
		jg_write_str16le(w, service->room);
		jg_write_str16le(w, service->identity);
		jg_write_u16le(w, (uint16_t)service->apaas_role);
		break;
	case JG_AGORA_RTM:
	case JG_AGORA_CHAT:
		jg_write_str16le(w, service->identity);
		break;
	case JG_AGORA_RTM2:
		jg_write_str16le(w, service->identity);
		if (service->rtm_permissions.len > 0)
			jg_write_str(w, service->rtm_permissions);
		else
			jg_write_u16le(w, 0); // none
		break;
	default:
		break;
	}
}

static bool write_service(struct jg_mint_slot *slot, const struct jg_mint_service *service)
{
	struct jg_writer *w = &slot->content;
	jg_write_u16le(w, service->type);
	struct privileges p = privileges_begin(w, slot->issued_at);
	for (unsigned key = 1; key <= JG_AGORA_PRIVILEGES_MAX; key++)
		if (!write_privilege(&p, slot, key, jg_agora_meaning(service->type, key),
			    service->capabilities))
			return false;
	privileges_end(&p);
	write_body(w, service);
	return true;
}

// A bit for each service that these capabilities need.
static bool find_services(struct jg_mint_slot *slot, uint64_t capabilities, unsigned *services)
{
	uint64_t mask = 0;
	*services = 0;
	for (unsigned type = 1; type < JG_AGORA_SERVICE_COUNT; type++) {
		mask |= jg_agora_service_mask(type);
		*services |= (unsigned)has_service(capabilities, type) << type;
	}
	if ((capabilities & ~mask) != 0)
		return jg_mint_fail(slot, "capabilities", "Agora has no privilege for one of them");
	return true;
}

static void choose_salt(struct jg_minter *m, struct jg_mint_slot *slot)
{
	slot->salt = slot->ask->salt;
	if (slot->salt == 0)
		slot->salt = (uint32_t)(jg_mint_random(m, slot) % SALT_MAX) + 1;
}

// One service for each that the capabilities need, all for the same user and room.
static bool write_needed(struct jg_mint_slot *slot, uint16_t *n)
{
	const struct jg_mint *ask = slot->ask;
	struct jg_mint_service service = {.room = ask->room,
		.identity = ask->identity,
		.rtm_permissions = ask->rtm_permissions,
		.apaas_role = -1};
	unsigned services;
	if (!default_capabilities(slot, &service.capabilities) ||
		!check(slot, service.capabilities) ||
		!find_services(slot, service.capabilities, &services))
		return false;
	*n = (uint16_t)__builtin_popcount(services);
	for (; services != 0; services &= services - 1) {
		service.type = (uint8_t)__builtin_ctz(services);
		if (!write_service(slot, &service))
			return false;
	}
	return true;
}

static bool check_service(struct jg_mint_slot *slot, const struct jg_mint_service *service)
{
	unsigned type = service->type;
	bool login = type == JG_AGORA_RTM || type == JG_AGORA_RTM2;
	bool room = type == JG_AGORA_RTC || type == JG_AGORA_STREAMING || type == JG_AGORA_FCDN ||
		type == JG_AGORA_APAAS;
	bool nobody = type == JG_AGORA_FPA || type == JG_AGORA_CONVO_AI || type == JG_AGORA_STT;
	if (type == 0 || type >= JG_AGORA_SERVICE_COUNT)
		return jg_mint_fail(slot, "services", "a type that is none of 1..10");
	if ((service->capabilities & ~jg_agora_service_mask(type)) != 0)
		return jg_mint_fail(
			slot, "services", "a capability that is no privilege of its service");
	if ((!room && service->room.len > 0) || (nobody && service->identity.len > 0))
		return jg_mint_fail(
			slot, "services", "a room or identity where the service has none");
	return check_channel(slot, service->room) &&
		jg_mint_check_text(
			slot, "services", service->identity, login ? RTM_USER_MAX : UID_MAX) &&
		check_permissions(slot, service->rtm_permissions, type == JG_AGORA_RTM2);
}

// The services as they were asked for.
static bool write_asked(struct jg_mint_slot *slot, uint16_t *n)
{
	const struct jg_mint *ask = slot->ask;
	if (ask->capabilities != 0)
		return jg_mint_fail(slot, "capabilities", "its services say what it may do");
	if (ask->services_n > SERVICES_MAX)
		return jg_mint_fail(slot, "services", "more than 64");
	if (!jg_mint_check_empty(slot, "role", ask->role) ||
		!jg_mint_check_empty(slot, "room", ask->room) ||
		!jg_mint_check_empty(slot, "identity", ask->identity) ||
		!check_permissions(slot, ask->rtm_permissions, false))
		return false;
	for (uint32_t i = 0; i < ask->services_n; i++)
		if (!check_service(slot, &ask->services[i]) ||
			!write_service(slot, &ask->services[i]))
			return false;
	*n = (uint16_t)ask->services_n;
	return true;
}

bool jg_mint_agora_007(struct jg_minter *m, struct jg_mint_slot *slot)
{
	static const uint8_t no_signature[SIGNATURE_SIZE] = {0};
	struct jg_writer *w = &slot->content;
	uint16_t n = 0;
	if (!check_others(slot))
		return false;
	if (slot->ask->expires_at == JG_TIME_NONE)
		return jg_mint_fail(slot, "expires_at", "an Agora token must expire");
	int64_t life = slot->ask->expires_at - slot->issued_at;
	if (life < 1 || life > JG_AGORA_LIFE_MAX)
		return jg_mint_fail(slot, "expires_at", "not within 24 hours after issued_at");
	choose_salt(m, slot);
	jg_write_bytes(w, no_signature, sizeof(no_signature));
	jg_write_str16le(w, slot->app->key);
	jg_write_u32le(w, (uint32_t)slot->issued_at);
	jg_write_u32le(w, (uint32_t)life);
	jg_write_u32le(w, slot->salt);
	size_t count_at = w->at;
	jg_write_u16le(w, 0);
	if (!(slot->ask->services_n > 0 ? write_asked(slot, &n) : write_needed(slot, &n)))
		return false;
	if (w->full)
		return jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG);
	struct jg_writer count = {.p = w->p + count_at, .size = 2};
	jg_write_u16le(&count, n);
	slot->message = (struct jg_str){w->p + SIGNATURE_SIZE, (uint32_t)(w->at - SIGNATURE_SIZE)};
	return true;
}

bool jg_mint_finish_agora_007(
	struct jg_minter *m, struct jg_mint_slot *slot, const uint8_t signature[32])
{
	struct jg_writer head = {.p = slot->content.p, .size = SIGNATURE_SIZE};
	jg_write_u16le(&head, 32);
	jg_write_bytes(&head, signature, 32);
	size_t n = jg_deflate(m->deflater, slot->content.p, slot->content.at, m->packed,
		JG_DEFLATED(JG_MINT_CONTENT_MAX));
	jg_write_text(&slot->token, "007");
	jg_write_base64(&slot->token, m->decoders->base64_encode, m->packed, n);
	if (n == 0 || slot->token.full)
		return jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG);
	return true;
}

// Signed: App ID, channel, uid, then what the token carries.
bool jg_mint_agora_006(struct jg_minter *m, struct jg_mint_slot *slot)
{
	const struct jg_mint *ask = slot->ask;
	struct jg_writer *w = &slot->content;
	bool rtm = ask->service == JG_SERVICE_RTM;
	uint64_t capabilities;
	if (ask->services_n > 0)
		return jg_mint_fail(slot, "services", "only agora-007 has them");
	if (!check_others(slot) || !default_capabilities(slot, &capabilities) ||
		!check(slot, capabilities))
		return false;
	int64_t end = ask->expires_at != JG_TIME_NONE ? ask->expires_at
						      : slot->issued_at + JG_AGORA_LIFE_MAX;
	if (end < 1 || end > UINT32_MAX)
		return jg_mint_fail(slot, "expires_at", "not within 1..2^32-1");
	if ((capabilities & ~(rtm ? RTM_LOGIN : jg_agora_service_mask(JG_AGORA_RTC))) != 0)
		return jg_mint_fail(
			slot, "capabilities", "agora-006 has no privilege for one of them");
	if (slot->app->key.len != JG_AGORA_006_HEAD - 3)
		return jg_mint_fail(slot, "app", "agora-006 needs an App ID of 32 characters");
	choose_salt(m, slot);
	jg_write_str(w, slot->app->key);
	jg_write_str(w, rtm ? ask->identity : ask->room);
	if (!rtm)
		jg_write_str(w, ask->identity);
	size_t start = w->at;
	jg_write_u32le(w, slot->salt);
	jg_write_u32le(w, (uint32_t)end);
	struct privileges p = privileges_begin(w, 0);
	for (unsigned key = 1; key <= JG_AGORA_PRIVILEGES_MAX && !rtm; key++)
		if (!write_privilege(
			    &p, slot, key, jg_agora_meaning(JG_AGORA_RTC, key), capabilities))
			return false;
	if (rtm && !write_privilege(&p, slot, JG_AGORA_006_RTM_LOGIN, RTM_LOGIN, capabilities))
		return false;
	privileges_end(&p);
	slot->message = (struct jg_str){w->p, (uint32_t)w->at};
	slot->tail = (struct jg_str){w->p + start, (uint32_t)(w->at - start)};
	return w->full ? jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG) : true;
}

bool jg_mint_finish_agora_006(
	struct jg_minter *m, struct jg_mint_slot *slot, const uint8_t signature[32])
{
	const struct jg_mint *ask = slot->ask;
	bool rtm = ask->service == JG_SERVICE_RTM;
	struct jg_str channel = rtm ? ask->identity : ask->room;
	struct jg_str uid = rtm ? (struct jg_str){NULL, 0} : ask->identity;
	char body[256];
	struct jg_writer w = {.p = body, .size = sizeof(body)};
	jg_write_str16le(&w, (struct jg_str){(const char *)signature, 32});
	jg_write_u32le(&w, jg_crc32(channel.p, channel.len));
	jg_write_u32le(&w, jg_crc32(uid.p, uid.len));
	jg_write_str16le(&w, slot->tail);
	assert(!w.full);
	jg_write_text(&slot->token, "006");
	jg_write_str(&slot->token, slot->app->key);
	jg_write_base64(&slot->token, m->decoders->base64_encode, body, w.at);
	return slot->token.full ? jg_mint_fail(slot, NULL, JG_MINT_TOO_LONG) : true;
}

// SPDX-License-Identifier: BSD-3-Clause
// Agora's two layouts: from text to a record, and the keys of the chained signature.
#include "format_agora.h"

#include "verifier.h"

/** Channel and uid beside a 006 token, at most: far above what the vendor allows. */
#define BESIDE_MAX 4096

// Room for MAC states, which must not share a cache line with anything else.
static struct jg_mac_key *take_key(struct jg_burst *b)
{
	uint8_t *p =
		jg_scratch_take(&b->verifier->scratch, sizeof(struct jg_mac_key) + JG_CACHE_LINE);
	if (p == NULL)
		return NULL;
	size_t odd = (uintptr_t)p % JG_CACHE_LINE;
	return (void *)(odd == 0 ? p : p + JG_CACHE_LINE - odd);
}

static struct jg_agora_tools tools_of(const struct jg_burst *b)
{
	return (struct jg_agora_tools){b->verifier->decoders->base64_decode, b->verifier->inflater};
}

static void found(struct jg_record *r, struct jg_agora *agora)
{
	r->agora = agora;
	r->app_key = agora->app_id;
	r->message = agora->message;
	// Another length than 32 is a signature that cannot hold.
	r->signature_len = agora->signature.len > 255 ? 255 : (uint8_t)agora->signature.len;
	if (r->signature_len == sizeof(r->signature))
		memcpy(r->signature, agora->signature.p, sizeof(r->signature));
}

void jg_agora_007_layout_parse(struct jg_burst *b, struct jg_record *r)
{
	struct jg_str token = r->request->token;
	struct jg_agora *agora = jg_scratch_take(&b->verifier->scratch, sizeof(*agora));
	uint8_t *scratch = jg_scratch_take(&b->verifier->scratch, JG_AGORA_SCRATCH(token.len));
	struct jg_mac_key *key = take_key(b);
	if (agora == NULL || scratch == NULL || key == NULL) {
		jg_refuse(r, JG_REASON_OVERLOADED);
		return;
	}
	const struct jg_agora_tools tools = tools_of(b);
	enum jg_reason reason = jg_agora_parse_007(token, &tools, scratch, agora);
	if (reason != JG_REASON_OK) {
		jg_refuse(r, reason);
		return;
	}
	agora->key = key;
	found(r, agora);
}

void jg_agora_006_beside(const struct jg_request *request, const struct jg_agora *agora,
	struct jg_str *channel, struct jg_str *uid)
{
	bool rtm = request->service == JG_SERVICE_RTM;
	*channel = rtm ? request->identity : request->room;
	*uid = rtm || agora->crc_uid == 0 ? (struct jg_str){NULL, 0} : request->identity;
}

static uint8_t *append(uint8_t *to, struct jg_str text)
{
	if (text.len > 0)
		memcpy(to, text.p, text.len);
	return to + text.len;
}

// What is signed holds channel and uid, which only the request knows.
static bool build_message(struct jg_burst *b, struct jg_record *r, const struct jg_agora *agora)
{
	struct jg_str channel, uid;
	jg_agora_006_beside(r->request, agora, &channel, &uid);
	if (channel.len > BESIDE_MAX || uid.len > BESIDE_MAX) {
		r->signature_len = 0; // nothing of that length was ever signed
		return true;
	}
	uint32_t len = agora->app_id.len + channel.len + uid.len + agora->message.len;
	uint8_t *message = jg_scratch_take(&b->verifier->scratch, len);
	if (message == NULL)
		return false;
	r->message = (struct jg_str){(const char *)message, len};
	message = append(append(append(message, agora->app_id), channel), uid);
	append(message, agora->message);
	return true;
}

void jg_agora_006_layout_parse(struct jg_burst *b, struct jg_record *r)
{
	struct jg_str token = r->request->token;
	struct jg_agora *agora = jg_scratch_take(&b->verifier->scratch, sizeof(*agora));
	uint8_t *scratch = jg_scratch_take(&b->verifier->scratch, JG_BASE64_DECODED(token.len));
	if (agora == NULL || scratch == NULL) {
		jg_refuse(r, JG_REASON_OVERLOADED);
		return;
	}
	const struct jg_agora_tools tools = tools_of(b);
	enum jg_reason reason = jg_agora_parse_006(token, &tools, scratch, agora);
	if (reason != JG_REASON_OK) {
		jg_refuse(r, reason);
		return;
	}
	found(r, agora);
	if (!build_message(b, r, agora))
		jg_refuse(r, JG_REASON_OVERLOADED);
}

// One HMAC of each job: keys are made of key bytes, then the messages are hashed.
static void hmac_round(struct jg_mac *mac, const struct jg_mac_job *key_bytes,
	struct jg_mac_key *keys, struct jg_mac_job *jobs, unsigned n)
{
	jg_mac_keys_burst(mac, key_bytes, keys, n);
	for (unsigned i = 0; i < n; i++)
		jobs[i].key = &keys[i];
	jg_mac_burst(mac, JG_MAC_SHA256, jobs, n);
}

static void put_u32le(uint8_t *to, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

void jg_agora_keys_burst(struct jg_mac *mac, const struct jg_agora_key_job *jobs, unsigned n)
{
	struct {
		struct jg_mac_key keys[JG_AGORA_LANES];
		struct jg_mac_job key_bytes[JG_AGORA_LANES];
		struct jg_mac_job first[JG_AGORA_LANES];
		struct jg_mac_job second[JG_AGORA_LANES];
		uint8_t numbers[JG_AGORA_LANES][4];
	} s;
	assert(n <= JG_AGORA_LANES);
	memset(&s, 0, sizeof(s)); // 13 kB for up to 64 tokens, beside their seven hashes each
	for (unsigned i = 0; i < n; i++) {
		put_u32le(s.numbers[i], jobs[i].issued_at);
		s.key_bytes[i] = (struct jg_mac_job){.message = s.numbers[i], .len = 4};
		s.first[i] = (struct jg_mac_job){.message = (const uint8_t *)jobs[i].certificate.p,
			.len = jobs[i].certificate.len};
	}
	hmac_round(mac, s.key_bytes, s.keys, s.first, n);
	for (unsigned i = 0; i < n; i++) {
		put_u32le(s.numbers[i], jobs[i].salt);
		s.second[i] = (struct jg_mac_job){.message = s.first[i].digest, .len = 32};
	}
	hmac_round(mac, s.key_bytes, s.keys, s.second, n);
	for (unsigned i = 0; i < n; i++)
		s.key_bytes[i] = (struct jg_mac_job){.message = s.second[i].digest, .len = 32};
	jg_mac_keys_burst(mac, s.key_bytes, s.keys, n);
	for (unsigned i = 0; i < n; i++)
		*jobs[i].key = s.keys[i];
	explicit_bzero(&s, sizeof(s));
}

void jg_agora_007_derive_keys(struct jg_burst *b, struct jg_record *const *records, unsigned n)
{
	struct jg_agora_key_job jobs[JG_AGORA_LANES];
	for (unsigned done = 0; done < n; done += JG_AGORA_LANES) {
		unsigned lanes = n - done < JG_AGORA_LANES ? n - done : JG_AGORA_LANES;
		for (unsigned i = 0; i < lanes; i++) {
			struct jg_record *r = records[done + i];
			jobs[i] = (struct jg_agora_key_job){.certificate = r->key->certificate,
				.issued_at = r->agora->issued_at,
				.salt = r->agora->salt,
				.key = r->agora->key};
			r->mac_key = r->agora->key;
		}
		jg_agora_keys_burst(b->verifier->mac, jobs, lanes);
	}
}

void jg_agora_007_times(struct jg_burst *b, struct jg_record *r)
{
	uint32_t expire = r->agora->expire;
	(void)b;
	r->iat = r->issued_at = r->agora->issued_at;
	r->exp = r->issued_at + (expire < JG_AGORA_LIFE_MAX ? expire : JG_AGORA_LIFE_MAX);
	r->claim_bits |= JG_CLAIM_EXP | JG_CLAIM_IAT;
}

void jg_agora_006_times(struct jg_burst *b, struct jg_record *r)
{
	(void)b;
	r->exp = r->agora->ends_at;
	r->issued_at = r->exp - JG_AGORA_LIFE_MAX; // not in the token; never looked at as iat
	r->claim_bits |= JG_CLAIM_EXP;
}

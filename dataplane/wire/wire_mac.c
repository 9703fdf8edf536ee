// SPDX-License-Identifier: BSD-3-Clause
// What MACs are computed over, and a client's key.
#include "internal/wire_mac.h"

#include "bytes.h"

#include <assert.h>
#include <stdlib.h>

static_assert(JG_WIRE_DATAGRAM_MAX <= UINT16_MAX, "longer than a MAC job's message may be");

// A JWT's HS256 signature stands for the whole token: whoever cannot forge it cannot change the rest
// and still be admitted. No other format that is ever admitted has a '.' in that place.
static bool is_signed_by_tail(const uint8_t *token, size_t len)
{
	return len > JG_WIRE_BINDING && token[len - JG_WIRE_BINDING - 1] == '.';
}

size_t jg_wire_request_mac_job(const struct jg_wire_request *wire, const struct jg_mac_key *key,
	uint8_t *scratch, struct jg_mac_job *job)
{
	assert(wire->front_end != 0 && wire->token_at >= JG_WIRE_HEADER);
	const size_t end = wire->len - JG_WIRE_MAC_SIZE;
	const size_t head = wire->token_at;
	if (!is_signed_by_tail(wire->datagram + head, end - head)) {
		jg_mac_job_set(job, wire->datagram, end, key);
		return 0;
	}
	jg_wire_copy(scratch, wire->datagram, head);
	memcpy(scratch + head, wire->datagram + end - JG_WIRE_BINDING, JG_WIRE_BINDING);
	jg_mac_job_set(job, scratch, head + JG_WIRE_BINDING, key);
	return (job->len + JG_CACHE_LINE - 1) / JG_CACHE_LINE * JG_CACHE_LINE;
}

bool jg_wire_request_mac_holds(const struct jg_wire_request *wire, const struct jg_mac_job *job)
{
	return jg_memeq_ct(wire->mac, job->digest, JG_WIRE_MAC_SIZE);
}

void jg_wire_reply_mac_job(
	const uint8_t *reply, size_t len, const struct jg_mac_key *key, struct jg_mac_job *job)
{
	assert(len >= JG_WIRE_VERDICT + JG_WIRE_MAC_SIZE);
	jg_mac_job_set(job, reply, len, key);
}

void jg_wire_mac_store(uint8_t *datagram, size_t len, const struct jg_mac_job *job)
{
	assert(len >= JG_WIRE_HEADER + JG_WIRE_MAC_SIZE);
	memcpy(datagram + len - JG_WIRE_MAC_SIZE, job->digest, JG_WIRE_MAC_SIZE);
}

struct jg_wire_key {
	struct jg_mac_key key;
	struct jg_mac *mac;
	uint8_t scratch[JG_WIRE_DATAGRAM_MAX];
};

struct jg_wire_key *jg_wire_key_new(const void *secret, size_t len, struct jg_error *err)
{
	struct jg_wire_key *key = aligned_alloc(alignof(struct jg_wire_key),
		(sizeof(struct jg_wire_key) + JG_CACHE_LINE - 1) & ~(size_t)(JG_CACHE_LINE - 1));
	if (key == NULL) {
		jg_error_set(err, "no memory for a front end's key");
		return NULL;
	}
	key->mac = jg_mac_new("ref", err);
	if (key->mac == NULL) {
		free(key);
		return NULL;
	}
	jg_mac_key_init(&key->key, JG_MAC_SHA256, secret, len);
	return key;
}

void jg_wire_key_free(struct jg_wire_key *key)
{
	if (key == NULL)
		return;
	jg_mac_free(key->mac);
	explicit_bzero(key, sizeof(*key));
	free(key);
}

bool jg_wire_request_sign(struct jg_wire_key *key, uint8_t *datagram, size_t len)
{
	struct jg_wire_request wire;
	struct jg_request request;
	if (jg_wire_request_parse(datagram, len, &wire, &request) != JG_WIRE_FATE_OK ||
		wire.front_end == 0)
		return false;
	struct jg_mac_job job;
	(void)jg_wire_request_mac_job(&wire, &key->key, key->scratch, &job);
	jg_mac_burst(key->mac, JG_MAC_SHA256, &job, 1);
	jg_wire_mac_store(datagram, len, &job);
	return true;
}

static bool is_answer(const struct jg_wire_request *echo, const struct jg_wire_request *request)
{
	return echo->id == request->id && echo->type == request->type &&
		echo->front_end == request->front_end && echo->vendor == request->vendor &&
		echo->service == request->service && (echo->flags & ~JG_WIRE_CUT) == request->flags;
}

enum jg_wire_fate jg_wire_reply_open(struct jg_wire_key *key, const struct jg_wire_request *request,
	const uint8_t *datagram, size_t len, struct jg_wire_reply *reply)
{
	const enum jg_wire_fate fate = jg_wire_reply_parse(datagram, len, reply);
	if (fate != JG_WIRE_FATE_OK)
		return fate;
	if (!is_answer(&reply->echo, request))
		return JG_WIRE_FATE_OTHER;
	if ((key != NULL) != (reply->echo.front_end != 0))
		return JG_WIRE_FATE_MAC;
	if (key == NULL)
		return JG_WIRE_FATE_OK;
	memcpy(key->scratch, datagram, len - JG_WIRE_MAC_SIZE);
	memcpy(key->scratch + len - JG_WIRE_MAC_SIZE, request->mac, JG_WIRE_MAC_SIZE);
	struct jg_mac_job job;
	jg_wire_reply_mac_job(key->scratch, len, &key->key, &job);
	jg_mac_burst(key->mac, JG_MAC_SHA256, &job, 1);
	return jg_memeq_ct(job.digest, reply->echo.mac, JG_WIRE_MAC_SIZE) ? JG_WIRE_FATE_OK
									  : JG_WIRE_FATE_MAC;
}

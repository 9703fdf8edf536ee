// SPDX-License-Identifier: BSD-3-Clause
#include "signer.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_MAX 1024
#define ID_AT 8

struct signer {
	struct jg_mac_key key;
	struct jg_mac *mac; // NULL: unauthenticated
	struct jg_mac_job jobs[TRANSPORT_BURST];
	uint8_t scratch[TRANSPORT_BURST * JG_WIRE_MAC_SCRATCH];
	uint8_t found[TRANSPORT_BURST][JG_WIRE_MAC_SIZE];
	unsigned which[TRANSPORT_BURST];
};

bool signer_read_key(struct jg_mac_key *key, const char *path, struct jg_error *err)
{
	uint8_t bytes[KEY_MAX + 2];
	FILE *file = fopen(path, "rbe");
	if (file == NULL) {
		jg_error_set(err, "key file %s cannot be read: %s", path, strerror(errno));
		return false;
	}
	setvbuf(file, NULL, _IONBF, 0);
	size_t len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (len > 0 && bytes[len - 1] == '\n')
		len--;
	const bool good = len > 0 && len <= KEY_MAX;
	if (good)
		jg_mac_key_init(key, JG_MAC_SHA256, bytes, len);
	else
		jg_error_set(err, "key file %s is %s; expected 1 to %d bytes", path,
			len == 0 ? "empty" : "too long", KEY_MAX);
	explicit_bzero(bytes, sizeof(bytes));
	return good;
}

struct signer *signer_new(const struct jg_mac_key *key, struct jg_error *err)
{
	const size_t size =
		(sizeof(struct signer) + JG_CACHE_LINE - 1) & ~(size_t)(JG_CACHE_LINE - 1);
	struct signer *s = aligned_alloc(JG_CACHE_LINE, size);
	if (s == NULL) {
		jg_error_set(err, "no memory");
		return NULL;
	}
	memset(s, 0, size);
	if (key == NULL)
		return s;
	s->key = *key;
	s->mac = jg_mac_new(NULL, err);
	if (s->mac != NULL)
		return s;
	signer_free(s);
	return NULL;
}

void signer_free(struct signer *signer)
{
	if (signer == NULL)
		return;
	jg_mac_free(signer->mac);
	explicit_bzero(signer, sizeof(*signer));
	free(signer);
}

static void put_id(uint8_t *datagram, uint64_t id)
{
	for (unsigned i = 0; i < 8; i++)
		datagram[ID_AT + i] = (uint8_t)(id >> (56 - 8 * i));
}

void signer_sign(struct signer *s, const struct packet *packets, unsigned n, uint64_t first)
{
	uint8_t *scratch = s->scratch;
	assert(n <= TRANSPORT_BURST);
	for (unsigned i = 0; i < n; i++)
		put_id(packets[i].bytes, first + i);
	if (s->mac == NULL || n == 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct jg_wire_request wire;
		struct jg_request request;
		const enum jg_wire_fate fate =
			jg_wire_request_parse(packets[i].bytes, packets[i].len, &wire, &request);
		assert(fate == JG_WIRE_FATE_OK); // the pool built it
		(void)fate;
		scratch += jg_wire_request_mac_job(&wire, &s->key, scratch, &s->jobs[i]);
	}
	jg_mac_burst(s->mac, JG_MAC_SHA256, s->jobs, n);
	for (unsigned i = 0; i < n; i++)
		jg_wire_mac_store(packets[i].bytes, packets[i].len, &s->jobs[i]);
}

const uint8_t *signer_mac(const struct signer *s, const struct packet *packet)
{
	return s->mac == NULL ? NULL : packet->bytes + packet->len - JG_WIRE_MAC_SIZE;
}

void signer_check(struct signer *s, const struct packet *packets, const uint8_t *const *macs,
	bool *holds, unsigned n)
{
	unsigned jobs = 0;
	for (unsigned i = 0; i < n; i++) {
		holds[i] = s->mac == NULL;
		if (s->mac == NULL || macs[i] == NULL ||
			packets[i].len < JG_WIRE_VERDICT + JG_WIRE_MAC_SIZE)
			continue;
		// The answer's MAC is over itself with the question's in the MAC's place.
		uint8_t *tail = packets[i].bytes + packets[i].len - JG_WIRE_MAC_SIZE;
		memcpy(s->found[jobs], tail, JG_WIRE_MAC_SIZE);
		memcpy(tail, macs[i], JG_WIRE_MAC_SIZE);
		jg_wire_reply_mac_job(packets[i].bytes, packets[i].len, &s->key, &s->jobs[jobs]);
		s->which[jobs++] = i;
	}
	if (jobs == 0)
		return;
	jg_mac_burst(s->mac, JG_MAC_SHA256, s->jobs, jobs);
	for (unsigned j = 0; j < jobs; j++)
		holds[s->which[j]] = jg_memeq_ct(s->found[j], s->jobs[j].digest, JG_WIRE_MAC_SIZE);
}

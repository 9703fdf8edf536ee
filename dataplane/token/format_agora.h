// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Agora's functions of jg_layout rows, and the MAC that the minter shares with them. */

#include "agora.h"
#include "record.h"

void jg_agora_007_layout_parse(struct jg_burst *b, struct jg_record *r);
void jg_agora_006_layout_parse(struct jg_burst *b, struct jg_record *r);
void jg_agora_007_derive_keys(struct jg_burst *b, struct jg_record *const *records, unsigned n);
void jg_agora_007_times(struct jg_burst *b, struct jg_record *r);
void jg_agora_006_times(struct jg_burst *b, struct jg_record *r);

void jg_agora_007_claims(struct jg_burst *b, struct jg_record *r);
void jg_agora_006_claims(struct jg_burst *b, struct jg_record *r);
void jg_agora_007_session(struct jg_burst *b, struct jg_record *r);
void jg_agora_006_session(struct jg_burst *b, struct jg_record *r);

/** Channel and uid that a 006 token was signed over, as far as the request knows. */
void jg_agora_006_beside(const struct jg_request *request, const struct jg_agora *agora,
	struct jg_str *channel, struct jg_str *uid);

/** Capabilities that a service's privilege stands for; 0: none that is known. */
uint64_t jg_agora_meaning(unsigned type, unsigned key);

/** All that a service's privileges stand for, or that having it at all gives. */
uint64_t jg_agora_service_mask(unsigned type);

/** Privileges of a service are numbered from 1 up to this. */
#define JG_AGORA_PRIVILEGES_MAX 4
/** 006: the privilege to log in to RTM. */
#define JG_AGORA_006_RTM_LOGIN 1000

/** Lanes of one call of jg_agora_keys_burst(). */
#define JG_AGORA_LANES 64

/** What the key of a 007 signature is made of. */
struct jg_agora_key_job {
	struct jg_str certificate;
	uint32_t issued_at;
	uint32_t salt;
	struct jg_mac_key *key; /**< out: signs the token's message */
};

/** k2 = HMAC(salt, HMAC(issueTs, certificate)) of n jobs (0..JG_AGORA_LANES), each step one batch. */
void jg_agora_keys_burst(struct jg_mac *mac, const struct jg_agora_key_job *jobs, unsigned n);

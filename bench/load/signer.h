// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** MACs of a burst of questions and answers. One thread. */

#include "internal/wire_mac.h"
#include "transport.h"

struct signer;

/** The front end's key from a file: its bytes less one final newline. False with err. */
JG_MUST_CHECK bool signer_read_key(struct jg_mac_key *key, const char *path, struct jg_error *err);

/** NULL with err. @param key copied; NULL: unauthenticated */
JG_MUST_CHECK struct signer *signer_new(const struct jg_mac_key *key, struct jg_error *err);
void signer_free(struct signer *signer);

/** Give each of n questions its id, from first on, and its MAC. */
void signer_sign(struct signer *signer, const struct packet *packets, unsigned n, uint64_t first);

/** Where the MAC of a signed question is. NULL: unauthenticated. */
const uint8_t *signer_mac(const struct signer *signer, const struct packet *packet);

/**
 * Do the MACs of n answers hold?
 *
 * @param macs of the questions; NULL for an answer that is not to be looked at
 * @param[out] holds for each
 */
void signer_check(struct signer *signer, const struct packet *packets, const uint8_t *const *macs,
	bool *holds, unsigned n);

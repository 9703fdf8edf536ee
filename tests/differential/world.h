// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The apps that generated tokens are for, as the reference knows them and as joingate gets them. */

#include "ref.h"

#include <joingate/snapshot.h>

void world_init(struct ref_world *world, int64_t now, EVP_PKEY *public_key);
/** NULL: err says why. */
struct jg_snapshot *world_build(const struct ref_world *world, const char *public_pem,
	struct jg_cut_offs *cut_offs, struct jg_error *err);

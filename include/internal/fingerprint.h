// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * What names a token where it may not be shown: the first 64 bits of its SHA-256, so that who has the
 * token can compute it (sha256sum) and who has not learns nothing. Implemented by dataplane/token.
 */

#include "internal/base.h"

#include <stdint.h>

uint64_t jg_fingerprint(const void *token, size_t len);

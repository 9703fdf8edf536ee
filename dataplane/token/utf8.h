// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */

#include "internal/base.h"

#include <stdint.h>

/** Well-formed, and without NUL. */
bool jg_utf8_valid(struct jg_str text);

/** Bytes of the sequence that starts with the non-ASCII byte at p, 0 when it is not well-formed. */
size_t jg_utf8_sequence(const uint8_t *p, size_t left);

/** Code points of well-formed text. */
size_t jg_utf8_count(struct jg_str text);

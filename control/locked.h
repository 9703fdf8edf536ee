// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Memory for what must not leak: locked so that it is never swapped out, left out of core dumps,
 * wiped when freed. Where the system's limit (RLIMIT_MEMLOCK) forbids locking it works unlocked and
 * says so once through jg_locked_shortage(). Any thread.
 */

#include "internal/base.h"

/** 16-byte aligned; NULL when memory ran out. */
JG_MUST_CHECK void *jg_locked_alloc(size_t size);
/** Wipe and free; NULL is allowed. */
void jg_locked_free(void *memory);
/** Bytes usable at memory; 0 for NULL. */
size_t jg_locked_size(const void *memory);
/** A copy of n bytes with a NUL after it. */
JG_MUST_CHECK char *jg_locked_copy(const void *bytes, size_t n);

/** From here on all JSON values of the process live in locked memory. Call once, before any. */
void jg_locked_adopt_json(void);

/** Bytes handed out and not freed. */
size_t jg_locked_used(void);

/** Bytes that could not be locked; 0 = all is well. */
size_t jg_locked_shortage(void);

/** No core dumps, not traceable by other processes of the user; lock all memory where the limit
 * is none. Once, at start. */
void jg_process_harden(void);

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One app, checked and compiled into the form that verdicts read. */

#include "arena.h"
#include "state.h"

/** Secrets of one app, at most. */
#define JG_APP_SECRETS_MAX 1024
/** Bytes of an HMAC secret, at most. */
#define JG_SECRET_MAX 65536

/** Text for an error message: what cannot be printed becomes '?', long text is cut. */
struct jg_shown {
	char text[72];
};
struct jg_shown jg_show(struct jg_str text);

/** Compile into the arena; nothing of the app is borrowed. NULL with err: -EINVAL or -ENOMEM in
 * *status. Release with jg_app_release() before the arena goes. */
JG_MUST_CHECK struct jg_app_entry *jg_app_compile(
	struct jg_arena *arena, const struct jg_app *app, int *status, struct jg_error *err);

/** Give back what does not live in the arena (RSA keys). */
void jg_app_release(struct jg_app_entry *entry);

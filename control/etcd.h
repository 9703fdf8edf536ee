// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One connection to etcd's JSON gateway through libcurl. A thread of its own each. */

#include "internal/config.h"

#include <jansson.h>

#include <stdatomic.h>

struct jg_etcd;

/** TLS, credentials and endpoints from the configuration, which is borrowed. */
JG_MUST_CHECK struct jg_etcd *jg_etcd_new(const struct jg_config *config, struct jg_error *err);
void jg_etcd_free(struct jg_etcd *etcd);

/**
 * POST a request (stolen) to "kv/range" and so on; another endpoint is tried when one fails.
 *
 * @return the reply; NULL with err: unreachable, slow (3 s), or nonsense. *sent: a request may have
 *         had its effect
 */
JG_MUST_CHECK json_t *jg_etcd_call(struct jg_etcd *etcd, const char *method, json_t *request,
	bool *sent, struct jg_error *err);

/** POST a watch (stolen): take is called with every message until it returns false, *quit is set or
 * the connection ends. */
void jg_etcd_watch(struct jg_etcd *etcd, json_t *request, const atomic_bool *quit, void *arg,
	bool (*take)(void *arg, json_t *message));

/** etcd's numbers are strings of digits; 0 when it is none. */
int64_t jg_etcd_number(const json_t *value);
/** A number, text or key as etcd wants them. */
JG_MUST_CHECK json_t *jg_etcd_string(int64_t number);
JG_MUST_CHECK json_t *jg_etcd_bytes(const char *text);

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One connection to etcd's JSON gateway through libcurl. A thread of its own each. */

#include "internal/config.h"

#include <jansson.h>

/** No reply and no message of a watch is larger. */
#define JG_ETCD_REPLY_MAX ((size_t)8 << 20)

struct jg_etcd;

/** TLS, credentials and endpoints from the configuration, which is borrowed. */
JG_MUST_CHECK struct jg_etcd *jg_etcd_new(const struct jg_config *config, struct jg_error *err);
void jg_etcd_free(struct jg_etcd *etcd);

/**
 * POST a request (stolen) to "kv/range" and so on; another endpoint is tried when one fails.
 *
 * @param[out] sent the request may have had its effect although there is no reply: it was not
 *             repeated. NULL: it may be repeated
 * @return the reply; NULL with err: unreachable, slow (store.etcd.timeout an endpoint, twice that in
 *         all), refused, or nonsense
 */
JG_MUST_CHECK json_t *jg_etcd_call(struct jg_etcd *etcd, const char *method, json_t *request,
	bool *sent, struct jg_error *err);

/** Did the last call fail because the reply was larger than JG_ETCD_REPLY_MAX? */
bool jg_etcd_too_large(const struct jg_etcd *etcd);

/** Who takes a watch's messages. */
struct jg_etcd_watch {
	void *arg;
	bool (*take)(void *arg, json_t *message); /**< false: enough */
	bool (*stop)(void *arg); /**< asked at least once a second */
};

/** POST a watch (stolen); returns when it ended, why in err; the next goes to another endpoint. */
void jg_etcd_follow_watch(struct jg_etcd *etcd, json_t *request, const struct jg_etcd_watch *watch,
	struct jg_error *err);

/** etcd's numbers are strings of digits; 0 when it is none. */
int64_t jg_etcd_number(const json_t *value);
/** A number, text or key as etcd wants them. */
JG_MUST_CHECK json_t *jg_etcd_string(int64_t number);
JG_MUST_CHECK json_t *jg_etcd_bytes(const char *text);

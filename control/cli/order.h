// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What a token shall say, from the fields of a verdict: for `mint` and the token server. */

#include "internal/config.h"

#include <joingate/mint.h>

#include <jansson.h>

/** Names that only a verdict has; mint reads over them. */
#define ORDER_VERDICT_FIELDS "verdict", "token_id", "ancestors", "epoch"
#define ORDER_FIELDS                                                                               \
	"vendor", "app", "identity", "name", "room", "capabilities", "capability_expires", "role", \
		"kind", "attributes", "layout_classes", "metadata", "issued_at", "expires_at",     \
		"ttl", "not_before", "format", "key", "service", "type", "claims", "salt",         \
		"rtm_permissions", "services"

struct order {
	struct jg_mint mint; /**< borrows from the JSON and from here */
	char *attributes; /**< JSON text */
	char *claims;
	char *layout_classes;
	struct jg_mint_service *services;
	struct jg_capability_expiry expires[JG_CAPABILITY_COUNT];
};

/**
 * Read an order. Where there is no issued_at, it is now; where there is neither expires_at nor ttl,
 * the vendor's SDKs' own life is taken: 6 hours for LiveKit, none for Stream, else a day.
 *
 * @return false with err
 */
JG_MUST_CHECK bool order_read(struct order *order, json_t *json, const struct jg_config *config,
	int64_t now, struct jg_error *err);
void order_fini(struct order *order);

/** The field "capabilities", a list of names, as a mask; 0 when it is not there. */
JG_MUST_CHECK bool order_read_capabilities(
	const json_t *json, uint64_t *mask, struct jg_error *err);
/** The field "rtm_permissions", hex as in a verdict, into memory to be freed. */
JG_MUST_CHECK bool order_read_permissions(
	const json_t *json, struct jg_str *permissions, struct jg_error *err);
/** order_services.c: the field "services" into order->mint. */
JG_MUST_CHECK bool order_read_services(
	struct order *order, const json_t *json, struct jg_error *err);
void order_free_services(struct order *order);

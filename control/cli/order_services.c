// SPDX-License-Identifier: BSD-3-Clause
// Services of an Agora token, one by one, as agora-token's AccessToken2 takes them.
#include "order.h"
#include "request.h"

#include <stdlib.h>

static const char *const types[] = {
	"", "rtc", "rtm", "streaming", "fpa", "chat", "fcdn", "apaas", "rtm2", "convo_ai", "stt"};

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c);
	return at == NULL ? -1 : (int)(at - digits);
}

bool order_read_permissions(const json_t *json, struct jg_str *permissions, struct jg_error *err)
{
	struct jg_str hex;
	*permissions = (struct jg_str){NULL, 0};
	if (!line_text(json, "rtm_permissions", &hex, err))
		return false;
	if (hex.len == 0)
		return true;
	char *bytes = malloc(hex.len);
	if (bytes == NULL) {
		jg_error_set(err, "out of memory");
		return false;
	}
	for (uint32_t i = 0; i < hex.len; i += 2) {
		int high = hex_digit(hex.p[i]);
		int low = i + 1 < hex.len ? hex_digit(hex.p[i + 1]) : -1;
		if (high < 0 || low < 0) {
			free(bytes);
			jg_error_set(err,
				"field \"rtm_permissions\" is not pairs of lower-case hex digits");
			return false;
		}
		bytes[i / 2] = (char)(high << 4 | low);
	}
	*permissions = (struct jg_str){bytes, hex.len / 2};
	return true;
}

static bool read_type(const json_t *json, uint8_t *type, struct jg_error *err)
{
	struct jg_str text;
	if (!line_text(json, "type", &text, err))
		return false;
	for (uint8_t i = 1; i < JG_ARRAY_SIZE(types) && text.p != NULL; i++) {
		if (strcmp(types[i], text.p) == 0) {
			*type = i;
			return true;
		}
	}
	jg_error_set(err, "a service's \"type\" is \"%.32s\", which is none of its words",
		text.p == NULL ? "" : text.p);
	return false;
}

static bool check_names(const json_t *json, struct jg_error *err)
{
	static const char *const names[] = {
		"type", "room", "identity", "capabilities", "rtm_permissions", "apaas_role"};
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)json, name, value)
	{
		bool known = false;
		for (size_t i = 0; i < JG_ARRAY_SIZE(names); i++)
			known |= strcmp(names[i], name) == 0;
		if (!known) {
			jg_error_set(err, "unknown field \"%.48s\" of a service", name);
			return false;
		}
	}
	return true;
}

static bool read_service(const json_t *json, struct jg_mint_service *service, struct jg_error *err)
{
	int64_t role = -1;
	if (!json_is_object(json)) {
		jg_error_set(err, "field \"services\" holds something that is not an object");
		return false;
	}
	if (!check_names(json, err) || !read_type(json, &service->type, err) ||
		!line_text(json, "room", &service->room, err) ||
		!line_text(json, "identity", &service->identity, err) ||
		!line_number(json, "apaas_role", &role, NULL, err) ||
		!order_read_capabilities(json, &service->capabilities, err) ||
		!order_read_permissions(json, &service->rtm_permissions, err))
		return false;
	if (role < INT16_MIN || role > INT16_MAX) {
		jg_error_set(err, "field \"apaas_role\" is out of range");
		return false;
	}
	service->apaas_role = (int16_t)role;
	return true;
}

bool order_read_services(struct order *order, const json_t *json, struct jg_error *err)
{
	const json_t *list = json_object_get(json, "services");
	if (list == NULL || json_is_null(list))
		return true;
	if (!json_is_array(list)) {
		jg_error_set(err, "field \"services\" is not a list");
		return false;
	}
	size_t n = json_array_size(list);
	order->services = calloc(n + 1, sizeof(*order->services));
	if (order->services == NULL) {
		jg_error_set(err, "out of memory");
		return false;
	}
	order->mint.services = order->services;
	order->mint.services_n = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		if (!read_service(json_array_get(list, i), &order->services[i], err))
			return false;
	return true;
}

void order_free_services(struct order *order)
{
	for (uint32_t i = 0; order->services != NULL && i < order->mint.services_n; i++)
		free((void *)(uintptr_t)order->services[i].rtm_permissions.p);
	free(order->services);
}

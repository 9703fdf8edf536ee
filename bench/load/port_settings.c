// SPDX-License-Identifier: BSD-3-Clause
#include "port_settings.h"

#include <jansson.h>

#include <stdlib.h>

static json_t *read_port(const char *text, const char *address, struct jg_error *err)
{
	json_error_t error;
	json_t *port = text[0] == '{' ? json_loads(text, JSON_REJECT_DUPLICATES, &error)
				      : json_pack("{ss}", "device", text);
	if (port == NULL)
		jg_error_set(
			err, "--port %.60s: %s", text, text[0] == '{' ? error.text : "is no text");
	if (port != NULL && address != NULL && json_object_get(port, "addresses") == NULL)
		json_object_set_new(port, "addresses", json_pack("[s]", address));
	if (port != NULL && json_object_get(port, "addresses") == NULL) {
		jg_error_set(err,
			"--port %.60s has no address of its own: add --address ADDRESS/BITS", text);
		json_decref(port);
		return NULL;
	}
	return port;
}

static struct jg_config *parse(char *text, struct jg_error *err)
{
	struct jg_problems problems = {0};
	struct jg_config *config = jg_config_parse(
		(struct jg_str){text, (uint32_t)strlen(text)}, ".", JG_CONFIG_ALL, &problems);
	for (uint32_t i = 0; config == NULL && i < problems.n; i++) {
		if (problems.list[i].warning)
			continue;
		jg_error_set(err, "--port: %s", problems.list[i].text);
		break;
	}
	jg_problems_free(&problems);
	return config;
}

struct jg_config *port_settings_read(
	const char *const *texts, unsigned n, const char *address, struct jg_error *err)
{
	json_t *ports = json_array();
	struct jg_config *config = NULL;
	bool good = true;
	for (unsigned i = 0; i < n && good; i++) {
		json_t *port = read_port(texts[i], address, err);
		good = port != NULL && json_array_append_new(ports, port) == 0;
	}
	json_t *root = good ? json_pack("{sO}", "ports", ports) : NULL;
	char *text = root == NULL ? NULL : json_dumps(root, 0);
	if (text != NULL)
		config = parse(text, err);
	free(text);
	json_decref(root);
	json_decref(ports);
	return config;
}

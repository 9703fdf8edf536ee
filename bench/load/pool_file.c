// SPDX-License-Identifier: BSD-3-Clause
// Pools of tokens that somebody else made: JSON lines with the verdict each must get.
#include "pool.h"

#include <jansson.h>

#include <errno.h>
#include <stdlib.h>

static bool read_text(const json_t *json, const char *name, struct jg_str *text)
{
	const json_t *value = json_object_get(json, name);
	*text = (struct jg_str){NULL, 0};
	if (value == NULL || json_is_null(value))
		return true;
	if (!json_is_string(value))
		return false;
	*text = (struct jg_str){json_string_value(value), (uint32_t)json_string_length(value)};
	return true;
}

// "admit", a reason, or an object with verdict and reason. -1: none of them.
static int read_expect(const json_t *json)
{
	struct jg_str word = {NULL, 0};
	if (json_is_object(json)) {
		if (!read_text(json, "reason", &word) ||
			(word.p == NULL && !read_text(json, "verdict", &word)))
			return -1;
	} else if (json_is_string(json)) {
		word.p = json_string_value(json);
		word.len = (uint32_t)json_string_length(json);
	}
	if (jg_str_eq(word, JG_STR("admit")))
		return JG_REASON_OK;
	for (unsigned i = 0; i < JG_REASON_COUNT; i++)
		if (word.len == strlen(jg_reason_name(i)) &&
			memcmp(word.p, jg_reason_name(i), word.len) == 0)
			return (int)i;
	return -1;
}

static const char *read_request(const json_t *json, struct jg_request *request)
{
	struct jg_str vendor;
	struct jg_str type;
	struct jg_str service;
	*request = (struct jg_request){.vendor = JG_VENDOR_LIVEKIT, .type = JG_REQUEST_JOIN};
	if (!read_text(json, "token", &request->token) || request->token.p == NULL)
		return "field \"token\" is missing or no text";
	if (!read_text(json, "vendor", &vendor) || !read_text(json, "app", &request->app) ||
		!read_text(json, "room", &request->room) ||
		!read_text(json, "identity", &request->identity) ||
		!read_text(json, "type", &type) || !read_text(json, "service", &service))
		return "vendor, app, room, identity, type and service are texts";
	if (vendor.p != NULL)
		request->vendor = (uint8_t)jg_vendor_find(vendor);
	if (request->vendor == JG_VENDOR_NONE)
		return "field \"vendor\" is none of livekit, stream, opentok, vonage, agora";
	if (type.p != NULL && jg_str_eq(type, JG_STR("reconnect")))
		request->type = JG_REQUEST_RECONNECT;
	else if (type.p != NULL && !jg_str_eq(type, JG_STR("join")))
		return "field \"type\" is neither join nor reconnect";
	if (service.p != NULL && jg_str_eq(service, JG_STR("rtm")))
		request->service = JG_SERVICE_RTM;
	return NULL;
}

static const char *put_line(struct pool *pool, uint32_t index, const json_t *json)
{
	struct jg_request request;
	const char *problem = read_request(json, &request);
	if (problem != NULL)
		return problem;
	const int reason = read_expect(json_object_get(json, "expect"));
	if (reason < 0)
		return "field \"expect\" is neither \"admit\", a reason, nor a verdict";
	const struct expectation expect = {.reason = (uint8_t)reason};
	const unsigned kind = reason == JG_REASON_OK ? KIND_GOOD : KIND_COUNT;
	return pool_put(pool, index, &request, kind, &expect) == 0
		? NULL
		: "longer than the wire allows, or no memory";
}

static int read_lines(struct pool *pool, FILE *file, const char *path, struct jg_error *err)
{
	char *line = NULL;
	size_t size = 0;
	const char *problem = NULL;
	uint32_t n = 0;
	for (ssize_t len;
		problem == NULL && n < pool->n && (len = getline(&line, &size, file)) > 0;) {
		json_t *json = json_loadb(
			line, (size_t)len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
		problem = json_is_object(json) ? put_line(pool, n, json) : "not one JSON object";
		json_decref(json);
		n++;
	}
	free(line);
	if (problem == NULL)
		return 0;
	jg_error_set(err, "%s:%u: %s", path, n, problem);
	return -EINVAL;
}

static uint32_t count_lines(FILE *file)
{
	uint32_t n = 0;
	int last = '\n';
	for (int c; (c = getc_unlocked(file)) != EOF; last = c)
		n += c == '\n';
	rewind(file);
	return n + (last != '\n');
}

int pool_read(struct pool *pool, const char *path, uint32_t front_end, struct jg_error *err)
{
	*pool = (struct pool){0};
	FILE *file = fopen(path, "rbe");
	if (file == NULL) {
		jg_error_set(err, "%s cannot be read: %s", path, strerror(errno));
		return -EINVAL;
	}
	const uint32_t n = count_lines(file);
	int rc = -EINVAL;
	if (n == 0)
		jg_error_set(err, "%s holds no tokens", path);
	else if (pool_init(pool, n, front_end) != 0)
		jg_error_set(err, "no memory for %u tokens", n);
	else
		rc = read_lines(pool, file, path, err);
	fclose(file);
	if (rc != 0)
		pool_fini(pool);
	return rc;
}

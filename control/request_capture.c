// SPDX-License-Identifier: BSD-3-Clause
// The command capture: from a request's members to a capture, and from its end to the reply.
#include "capture.h"
#include "log.h"
#include "request.h"

#include <inttypes.h>
#include <unistd.h>

#define PACKETS_MAX 1000000000

static unsigned find_reason(const char *name)
{
	unsigned reason = 0;
	while (reason < JG_REASON_COUNT && strcmp(jg_reason_name(reason), name) != 0)
		reason++;
	return reason;
}

static const uint32_t all_reasons = (UINT32_C(1) << (JG_REASON_COUNT - 1) << 1) - 1;

static bool take_reasons(struct jg_ask *ask, struct jg_capture_options *options)
{
	const json_t *list = json_object_get(ask->request, "reasons");
	size_t i;
	json_t *item;
	if (list != NULL && !json_is_array(list)) {
		jg_ask_fail(ask, JG_FAILURE_INVALID, "reasons is no list; expected [\"expired\"]");
		return false;
	}
	json_array_foreach(list, i, item)
	{
		const char *name = json_is_string(item) ? json_string_value(item) : "";
		unsigned reason = find_reason(name);
		if (reason == JG_REASON_COUNT) {
			jg_ask_fail(ask, JG_FAILURE_INVALID,
				"there is no reason \"%.40s\"; see the table in README.md", name);
			return false;
		}
		options->reasons |= UINT32_C(1) << reason;
	}
	return true;
}

static bool take_verdict(struct jg_ask *ask, struct jg_capture_options *options)
{
	const json_t *value = json_object_get(ask->request, "verdict");
	const char *verdict = json_is_string(value) ? json_string_value(value) : "";
	const uint32_t admit = UINT32_C(1) << JG_REASON_OK;
	uint32_t of_verdict = strcmp(verdict, "admit") == 0 ? admit
		: strcmp(verdict, "reject") == 0	    ? all_reasons & ~admit
							    : 0;
	if (value == NULL)
		return true;
	if (of_verdict == 0) {
		jg_ask_fail(ask, JG_FAILURE_INVALID, "verdict is neither admit nor reject");
		return false;
	}
	options->reasons = (options->reasons != 0 ? options->reasons : all_reasons) & of_verdict;
	if (options->reasons != 0)
		return true;
	jg_ask_fail(ask, JG_FAILURE_INVALID, "no verdict %s has one of these reasons", verdict);
	return false;
}

static bool take_app(struct jg_ask *ask, struct jg_capture_options *options)
{
	const json_t *vendor = json_object_get(ask->request, "vendor");
	if (json_object_get(ask->request, "app") != NULL) {
		struct jg_state_app found;
		if (!jg_ask_app(ask, &found))
			return false;
		memcpy(options->app, found.app->key.p, found.app->key.len);
		options->vendors = (uint8_t)(1u << found.app->vendor);
		return true;
	}
	if (vendor == NULL)
		return true;
	unsigned number =
		json_is_string(vendor) ? jg_vendor_find(jg_str_of(vendor)) : JG_VENDOR_NONE;
	options->vendors = (uint8_t)(1u << number);
	if (number != JG_VENDOR_NONE)
		return true;
	jg_ask_fail(ask, JG_FAILURE_INVALID,
		"vendor is unknown; expected livekit, stream, opentok, vonage or agora");
	return false;
}

// A member that is a number from 1 to max; not there: the default.
static bool take_number(struct jg_ask *ask, const char *name, json_int_t max, json_int_t *number)
{
	const json_t *value = json_object_get(ask->request, name);
	if (value == NULL)
		return true;
	*number = json_integer_value(value);
	if (json_is_integer(value) && *number >= 1 && *number <= max)
		return true;
	jg_ask_fail(ask, JG_FAILURE_INVALID,
		"%s is out of range; expected 1..%" JSON_INTEGER_FORMAT, name, max);
	return false;
}

static bool take_limits(struct jg_ask *ask, struct jg_capture_options *options)
{
	json_int_t packets = 1000;
	json_int_t seconds = 60;
	if (!take_number(ask, "count", PACKETS_MAX, &packets) ||
		!take_number(ask, "seconds", JG_CAPTURE_SECONDS_MAX, &seconds))
		return false;
	options->packets = (uint64_t)packets;
	options->seconds = (uint32_t)seconds;
	options->with_tokens = json_is_true(json_object_get(ask->request, "with_tokens"));
	if (!options->with_tokens || ask->uid == 0)
		return true;
	jg_ask_fail(ask, JG_FAILURE_DENIED, "only root may capture with_tokens");
	return false;
}

static bool may_start(struct jg_ask *ask)
{
	if (ask->fd < 0)
		jg_ask_fail(ask, JG_FAILURE_INVALID,
			"pass the descriptor of a file with the request (SCM_RIGHTS), as "
			"joingatectl capture does");
	else if (ask->engine->capture != NULL)
		jg_ask_fail(ask, JG_FAILURE_BUSY, "somebody captures already; one at a time");
	return ask->failure == JG_FAILURE_NONE;
}

void jg_ask_capture(struct jg_ask *ask)
{
	struct jg_engine *engine = ask->engine;
	struct jg_capture_options options = {.fd = ask->fd,
		.udp_port = (uint16_t)engine->config->listen_udp,
		.program = engine->version,
		.members = engine->members,
		.members_n = engine->members_n};
	if (!may_start(ask) || !take_reasons(ask, &options) || !take_verdict(ask, &options) ||
		!take_app(ask, &options) || !take_limits(ask, &options))
		return;
	ask->fd = -1; // the capture's from here on
	engine->capture = jg_capture_start(&options, &ask->err);
	if (engine->capture == NULL) {
		ask->failure = JG_FAILURE_INVALID;
		return;
	}
	ask->captures = true;
	jg_log(options.with_tokens ? JG_LOG_WARNING : JG_LOG_INFO, "capture", "%s captures%s",
		ask->who, options.with_tokens ? ", tokens included" : "");
}

bool jg_ask_capture_done(const struct jg_ask *ask)
{
	return jg_capture_ended(ask->engine->capture);
}

void jg_ask_capture_end(struct jg_ask *ask)
{
	if (ask->captures)
		jg_capture_end(ask->engine->capture);
}

static void end(struct jg_engine *engine, struct jg_capture_result *result)
{
	jg_capture_stop(engine->capture, result);
	engine->capture = NULL;
	engine->capture_left = false;
	jg_log(JG_LOG_INFO, "capture", "captured %" PRIu64 " packets, lost %" PRIu64 "; ended: %s",
		result->packets, result->lost, result->ended);
}

void jg_ask_capture_finish(struct jg_ask *ask)
{
	struct jg_capture_result result;
	ask->captures = false;
	end(ask->engine, &result);
	(void)json_object_set_new(ask->reply, "captured", json_integer((json_int_t)result.packets));
	(void)json_object_set_new(ask->reply, "lost", json_integer((json_int_t)result.lost));
	(void)json_object_set_new(ask->reply, "bytes", json_integer((json_int_t)result.bytes));
	(void)json_object_set_new(ask->reply, "ended", json_string(result.ended));
}

void jg_ask_leave(struct jg_ask *ask)
{
	if (ask->fd >= 0)
		(void)close(ask->fd);
	ask->fd = -1;
	if (!ask->captures)
		return;
	ask->captures = false;
	ask->engine->capture_left = true;
	jg_capture_end(ask->engine->capture);
}

void jg_capture_turn(struct jg_engine *engine)
{
	struct jg_capture_result result;
	if (engine->capture_left && jg_capture_ended(engine->capture))
		end(engine, &result);
}

// SPDX-License-Identifier: BSD-3-Clause
// Requests of the admin socket, one a line, on a state of their own: every one is answered with ok or
// with a code and words, what was refused changed nothing, and the state still compiles.
#include "admin_world.h"

static void check(const struct jg_engine *engine, struct jg_ask *ask, uint64_t changes, bool quoted)
{
	bool ok = json_is_true(json_object_get(ask->reply, "ok"));
	char *text = jg_text_of(ask->reply);
	if (text == NULL || (!quoted && strstr(text, "not-a-secret") != NULL))
		abort();
	if (!ok &&
		(!json_is_string(json_object_get(ask->reply, "code")) ||
			engine->changes != changes))
		abort();
	if (!ok && json_string_length(json_object_get(ask->reply, "error")) == 0)
		abort();
	jg_text_free(text);
}

static void ask_line(struct jg_engine *engine, const char *line, size_t len)
{
	uint64_t changes = engine->changes;
	bool quoted = memmem(line, len, "secret", 6) != NULL || memchr(line, '\\', len) != NULL;
	struct jg_ask ask = {.engine = engine, .who = "fuzz", .fd = -1};
	ask.request = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	if (json_is_object(ask.request)) {
		jg_ask_run(&ask);
		jg_engine_flush(engine);
		if (!jg_ask_done(&ask, 1, 0))
			abort();
		jg_ask_finish(&ask);
		check(engine, &ask, changes, quoted);
	}
	jg_ask_fini(&ask);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jg_error err;
	struct admin_world w;
	admin_world_init(&w);
	const char *at = (const char *)data;
	for (const char *end = at + size; at < end;) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((line == NULL ? end : line) - at);
		ask_line(&w.engine, at, len);
		at += len + 1;
	}
	if (jg_engine_publish(&w.engine, &err) != 0)
		abort();
	admin_world_fini(&w);
	return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
// joingate mint: what tokens shall say as JSON lines in, tokens out, signed in bursts.
#include "cli.h"
#include "lines.h"
#include "order.h"
#include "request.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
	"joingate mint - make tokens, one JSON object a line\n"
	"\n"
	"  joingate mint --config FILE [--now SECONDS] < orders > tokens\n"
	"\n"
	"  --config FILE   apps of this file are used; vonage needs private_key or "
	"private_key_file\n"
	"  --now SECONDS   issue as if it were then (seconds since 1970)\n"
	"\n"
	"Fields of an order are those of a verdict of `joingate verify`, all optional:\n"
	"  vendor, app         whose token; may be left out where only one app fits\n"
	"  identity, room, name, metadata, kind, role, layout_classes\n"
	"  capabilities        list of names; with a role, what the role gives\n"
	"  capability_expires  object: capability to seconds since 1970 (Agora)\n"
	"  attributes          object of texts (LiveKit)\n"
	"  issued_at           seconds since 1970; absent: now; null: left out where possible\n"
	"  expires_at or ttl   end or life; absent: LiveKit 6 hours, Stream never, others a day;\n"
	"                      expires_at null: never, where the format allows\n"
	"  not_before          nbf of a JWT\n"
	"  format              jwt-hs256, jwt-rs256, t1, agora-007, agora-006; absent: the "
	"vendor's own\n"
	"  key                 id of the secret; absent: the first active one\n"
	"  service             rtc or rtm (Agora)\n"
	"  type                user, server, call or development (Stream)\n"
	"  salt                Agora; T1's nonce and Vonage's jti follow from it; absent: random\n"
	"  claims              object merged into the payload of a JWT as it is\n"
	"  services            list of objects type (rtc, rtm, streaming, fpa, chat, fcdn, apaas,\n"
	"                      rtm2, convo_ai, stt), room, identity, capabilities, "
	"rtm_permissions,\n"
	"                      apaas_role: these services, in place of what capabilities need\n"
	"                      (agora-007)\n"
	"  rtm_permissions     hex, as in a verdict (Agora RTM2: rtm_login without signal)\n"
	"A verdict's verdict, token_id, ancestors and epoch are read over.\n"
	"\n"
	"Writes {\"token\": \"...\"} for each. Exit status: 0 all made, 2 bad usage or input.\n";

struct stream {
	struct judge judge;
	struct jg_minter *minter;
	struct lines lines;
	struct text out;
	json_t *json[JG_BURST_MAX];
	struct order orders[JG_BURST_MAX];
	struct jg_mint mints[JG_BURST_MAX];
	struct jg_minted minted[JG_BURST_MAX];
	char tokens[JG_BURST_MAX][JG_TOKEN_MAX];
	int64_t now;
	uint64_t line; // of the first order of the burst
	unsigned n;
	struct jg_error err;
};

static bool read_order(struct stream *s, char *line, size_t len)
{
	static const char *const names[] = {ORDER_FIELDS, ORDER_VERDICT_FIELDS, NULL};
	json_t *json = line_parse(line, len, names, &s->err);
	if (json == NULL)
		return false;
	int64_t now = s->now == JG_TIME_NONE ? cli_now() : s->now;
	if (!order_read(&s->orders[s->n], json, s->judge.config, now, &s->err)) {
		json_decref(json);
		return false;
	}
	s->json[s->n] = json;
	s->mints[s->n] = s->orders[s->n].mint;
	s->minted[s->n] = (struct jg_minted){.token = s->tokens[s->n], .size = JG_TOKEN_MAX};
	s->n++;
	return true;
}

// Orders of one burst. False when there are no more.
static bool fill(struct stream *s, bool *bad)
{
	s->n = 0;
	s->line = s->lines.number + 1;
	while (s->n < JG_BURST_MAX) {
		char *line;
		size_t len;
		const enum line_status status =
			lines_take(&s->lines, s->n == 0, &line, &len, &s->err);
		*bad = status == LINE_FAILED || (status == LINE_READY && !read_order(s, line, len));
		if (*bad || status != LINE_READY)
			return status == LINE_PAUSE;
	}
	return true;
}

// Write what was made. False at the first that was not.
static bool write_tokens(struct stream *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct jg_minted *minted = &s->minted[i];
		if (minted->problem != NULL) {
			jg_error_set(&s->err, "%s%s%s", minted->field != NULL ? minted->field : "",
				minted->field != NULL ? ": " : "", minted->problem);
			s->lines.number = s->line + i;
			return false;
		}
		text_addf(&s->out, "{\"token\": \"%.*s\"}\n", (int)minted->len, minted->token);
	}
	return true;
}

static void clear(struct stream *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		order_fini(&s->orders[i]);
		json_decref(s->json[i]);
	}
}

static int run_stream(struct stream *s)
{
	bool bad = false;
	for (bool more = true; more;) {
		more = fill(s, &bad);
		int64_t now = s->now == JG_TIME_NONE ? cli_now() : s->now;
		if (s->n > 0)
			jg_mint_burst(s->minter, s->judge.snapshot, now, s->mints, s->minted, s->n);
		if (!write_tokens(s)) {
			bad = true;
			more = false;
		}
		clear(s);
		if (!text_flush(&s->out, STDOUT_FILENO))
			return cli_fail(&command_mint, "cannot write: %s", strerror(errno));
	}
	if (bad)
		return cli_fail(
			&command_mint, "line %" PRIu64 ": %s", s->lines.number, s->err.text);
	return EXIT_YES;
}

static int start(struct stream *s, const char *path)
{
	if (!judge_open(&s->judge, &command_mint, path, JG_CONFIG_APPS))
		return EXIT_BAD;
	int status = EXIT_BAD;
	s->minter = jg_minter_new(NULL, &s->err);
	if (s->minter == NULL)
		(void)cli_fail(&command_mint, "%s", s->err.text);
	else
		status = run_stream(s);
	jg_minter_free(s->minter);
	judge_close(&s->judge);
	return status;
}

static int run(int argc, char **argv)
{
	const char *path = NULL;
	int64_t now = JG_TIME_NONE;
	if (!cli_config_and_now(&command_mint, argc, argv, &path, &now, NULL))
		return EXIT_BAD;
	struct stream *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return cli_fail(&command_mint, "out of memory");
	s->now = now;
	lines_init(&s->lines, STDIN_FILENO);
	int status = start(s, path);
	lines_fini(&s->lines);
	text_fini(&s->out);
	free(s);
	return status;
}

const struct command command_mint = {"mint", "make tokens from JSON lines", help, run};

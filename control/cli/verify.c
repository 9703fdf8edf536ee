// SPDX-License-Identifier: BSD-3-Clause
// joingate verify: requests as JSON lines in, verdicts out, in bursts that end when input pauses.
#include "cli.h"
#include "lines.h"
#include "request.h"
#include "text.h"
#include "verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
	"joingate verify - judge tokens, one JSON object a line\n"
	"\n"
	"  joingate verify --config FILE [--now SECONDS] [--all] < requests > verdicts\n"
	"\n"
	"  --config FILE   apps and cut_offs of this file are used\n"
	"  --now SECONDS   judge as if it were then (seconds since 1970); a line's own now wins\n"
	"  --all           also what few tokens have: a refreshed one's ancestors (ids of the "
	"tokens\n"
	"                  before it), an RTM2 login's rtm_permissions (hex, as in the token)\n"
	"\n"
	"Fields of a request:\n"
	"  token     any text; the only one that is required\n"
	"  vendor    livekit, stream, opentok, vonage or agora; else that of app; else livekit\n"
	"  app       Stream api_key, OpenTok key, Vonage application id, Agora App ID\n"
	"  room      OpenTok or Vonage session id, Agora channel, Stream call\n"
	"  identity  Stream user id, Agora uid or RTM user\n"
	"  service   rtc or rtm (Agora)\n"
	"  type      join, reconnect or refresh\n"
	"  now       seconds since 1970\n"
	"\n"
	"A verdict has verdict, reason and detail (when rejected), vendor, app, identity, name, "
	"room,\n"
	"capabilities, capability_expires, role, kind, attributes, layout_classes, metadata,\n"
	"issued_at, expires_at, key, token_id and epoch. Verdicts come in the order of requests; "
	"when\n"
	"the input pauses, all that was asked is answered.\n"
	"\n"
	"Exit status: 0 all admitted, 1 something rejected, 2 bad usage or input.\n";

struct stream {
	struct judge judge;
	struct lines lines;
	struct text out;
	struct request_line batch[JG_BURST_MAX];
	struct jg_request requests[JG_BURST_MAX];
	struct jg_verdict verdicts[JG_BURST_MAX];
	int64_t times[JG_BURST_MAX];
	int64_t now; // JG_TIME_NONE: the clock's
	unsigned n;
	bool rejected;
	bool all; // fields that few tokens have, too
	struct jg_error err; // of the line that ended the run
};

// Lines of one burst. False when there are no more.
static bool fill(struct stream *s, bool *bad)
{
	s->n = 0;
	while (s->n < JG_BURST_MAX) {
		char *line;
		size_t len;
		const enum line_status status =
			lines_take(&s->lines, s->n == 0, &line, &len, &s->err);
		if (status == LINE_FAILED)
			*bad = true;
		if (status != LINE_READY)
			return status == LINE_PAUSE;
		if (!request_parse(&s->batch[s->n], line, len, s->judge.config, &s->err)) {
			*bad = true;
			return false;
		}
		s->n++;
	}
	return true;
}

// One burst for each run of lines with the same time.
static void judge_batch(struct stream *s)
{
	int64_t now = s->now == JG_TIME_NONE ? cli_now() : s->now;
	for (unsigned i = 0; i < s->n; i++) {
		s->requests[i] = s->batch[i].request;
		s->requests[i].flags = JG_REQUEST_AUTHENTICATED | JG_REQUEST_TOKEN_ID;
		s->times[i] = s->batch[i].now == JG_TIME_NONE ? now : s->batch[i].now;
	}
	for (unsigned from = 0, to; from < s->n; from = to) {
		for (to = from + 1; to < s->n && s->times[to] == s->times[from]; to++)
			;
		jg_verify_burst(s->judge.verifier, s->judge.snapshot, s->times[from],
			&s->requests[from], &s->verdicts[from], to - from);
		// A verdict's strings live until the next burst.
		for (unsigned i = from; i < to; i++) {
			s->rejected |= s->verdicts[i].reason != JG_REASON_OK;
			verdict_add(&s->out, &s->verdicts[i], NULL);
			if (s->all)
				verdict_add_rare(&s->out, &s->verdicts[i]);
			text_add(&s->out, "\n", 1);
		}
	}
	for (unsigned i = 0; i < s->n; i++)
		request_fini(&s->batch[i]);
}

static int run_stream(struct stream *s)
{
	bool bad = false;
	bool more = true;
	while (more) {
		more = fill(s, &bad);
		if (s->n > 0)
			judge_batch(s);
		if (!text_flush(&s->out, STDOUT_FILENO))
			return cli_fail(&command_verify, "cannot write: %s", strerror(errno));
	}
	if (bad)
		return cli_fail(
			&command_verify, "line %" PRIu64 ": %s", s->lines.number, s->err.text);
	return s->rejected ? EXIT_NO : EXIT_YES;
}

static int run(int argc, char **argv)
{
	const char *path = NULL;
	int64_t now = JG_TIME_NONE;
	bool all = false;
	if (!cli_config_and_now(&command_verify, argc, argv, &path, &now, &all))
		return EXIT_BAD;
	struct stream *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return cli_fail(&command_verify, "out of memory");
	int status = EXIT_BAD;
	s->now = now;
	s->all = all;
	lines_init(&s->lines, STDIN_FILENO);
	if (judge_open(&s->judge, &command_verify, path, JG_CONFIG_APPS)) {
		status = run_stream(s);
		judge_close(&s->judge);
	}
	lines_fini(&s->lines);
	text_fini(&s->out);
	free(s);
	return status;
}

const struct command command_verify = {"verify", "judge tokens from JSON lines", help, run};

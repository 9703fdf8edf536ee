// SPDX-License-Identifier: BSD-3-Clause
// joingate explain: what a token is, what it says, and which rule it fails by how much.
#include "cli.h"
#include "decode.h"
#include "lines.h"
#include "request.h"
#include "verdict.h"

#include <errno.h>
#include <getopt.h>
#include <unistd.h>

static const char help[] =
	"joingate explain - say what a token is, what it holds and why it is refused\n"
	"\n"
	"  joingate explain [OPTIONS] TOKEN        (TOKEN may be -: the first line of standard "
	"input)\n"
	"\n"
	"  --config FILE      judge it with this file's apps; without, it is only decoded\n"
	"  --vendor VENDOR    whose token; else that of --app, else by its looks\n"
	"  --app KEY          what travels beside the token: Stream api_key, Agora App ID ...\n"
	"  --room ROOM        likewise: session, channel or call\n"
	"  --identity ID      likewise: user id or uid\n"
	"  --service rtc|rtm  Agora\n"
	"  --type TYPE        join, reconnect or refresh\n"
	"  --now SECONDS      judge as if it were then (seconds since 1970)\n"
	"\n"
	"Secrets are never printed. Of a signature that does not fit, it says whether the secret "
	"of\n"
	"another app, or one of this app's that is not in use now, made it.\n"
	"\n"
	"Exit status: 0 admitted (or decoded, without --config), 1 rejected, 2 bad usage.\n";

struct question {
	const char *config;
	struct jg_request request;
	struct decoded decoded;
	int64_t now;
	bool service_given;
};

static struct jg_str as_text(const char *p)
{
	return (struct jg_str){p, (uint32_t)strlen(p)};
}

// Does one of these secrets fit, whichever app they are from? Times and states play no part.
static const struct jg_secret *find_fitting(struct judge *judge, const struct question *question,
	const struct jg_app *app, struct jg_str key)
{
	for (uint32_t i = 0; i < app->secrets_n; i++) {
		struct jg_secret secret = app->secrets[i];
		const struct jg_app posing = {.key = key,
			.vendor = question->request.vendor,
			.secrets = &secret,
			.secrets_n = 1,
			.policy = jg_policy_default()};
		struct jg_snapshot_builder *builder = jg_snapshot_builder_new();
		struct jg_error err;
		struct jg_verdict verdict = {.verified = false};
		secret.status = JG_SECRET_ACTIVE;
		secret.not_before = secret.not_after = JG_TIME_NONE;
		if (builder == NULL)
			return NULL;
		// A secret of another kind (RSA or not) cannot have made it.
		if (jg_snapshot_builder_add(builder, &posing, &err) != 0) {
			jg_snapshot_builder_free(builder);
			continue;
		}
		struct jg_snapshot *snapshot = jg_snapshot_build(builder, 1, &err);
		if (snapshot != NULL)
			jg_verify_burst(judge->verifier, snapshot, question->now,
				&question->request, &verdict, 1);
		bool fits = snapshot != NULL && verdict.verified;
		jg_snapshot_free(snapshot);
		if (fits)
			return &app->secrets[i];
	}
	return NULL;
}

// Who did sign it.
static void explain_signature(
	struct judge *judge, const struct question *question, struct text *out)
{
	const struct jg_str beside = question->request.app;
	const struct jg_str key = beside.p != NULL ? beside : as_text(question->decoded.app);
	static const char *const status[] = {"active", "verify-only", "retired"};
	if (key.len == 0)
		return;
	for (uint32_t i = 0; i < judge->config->apps_n; i++) {
		const struct jg_app *app = &judge->config->apps[i];
		const struct jg_secret *secret = find_fitting(judge, question, app, key);
		if (secret == NULL)
			continue;
		bool own = app->vendor == question->request.vendor && jg_str_eq(app->key, key);
		if (own)
			text_addf(out,
				"  signed with secret \"%.*s\" of this app, not usable now (%s)\n",
				(int)secret->id.len, secret->id.p, status[secret->status]);
		else
			text_addf(out, "  signed with the secret of another app: %.*s (%s)\n",
				(int)app->key.len, app->key.p, jg_vendor_name(app->vendor));
		return;
	}
	text_addf(out, "  no secret in this configuration made the signature\n");
}

static void explain_verdict(
	struct judge *judge, const struct question *question, struct text *out, bool *admitted)
{
	struct jg_verdict verdict;
	char detail[512];
	jg_verify_burst(
		judge->verifier, judge->snapshot, question->now, &question->request, &verdict, 1);
	*admitted = verdict.reason == JG_REASON_OK;
	uint8_t reason = verdict.reason;
	text_addf(out, "verdict\n");
	if (*admitted) {
		text_addf(out, "  admit: app %.*s, secret \"%.*s\"\n  identity ",
			(int)verdict.app.len, verdict.app.p, (int)verdict.key.len, verdict.key.p);
		text_add_json(out, verdict.identity);
		text_addf(out, "\n  room ");
		text_add_json(out, verdict.room);
		text_addf(out, "\n  may ");
		verdict_add_capabilities(out, verdict.capabilities);
		text_addf(out, "\n");
		return;
	}
	(void)jg_verdict_detail(&verdict, detail, sizeof(detail));
	text_addf(out, "  reject: %s: ", jg_reason_name(reason));
	// Its subject may come from the token.
	text_add_lines(out, detail, strlen(detail));
	text_addf(out, "\n");
	if (strcmp(detail, jg_reason_help(reason)) != 0)
		text_addf(out, "  the rule: %s\n", jg_reason_help(reason));
	if (reason == JG_REASON_BAD_SIGNATURE || reason == JG_REASON_UNKNOWN_KEY)
		explain_signature(judge, question, out);
}

static int explain(struct question *question)
{
	struct text out = {0}, content = {0};
	struct judge judge = {0};
	bool admitted = true;
	decode_token(question->request.token, &question->decoded, &content);
	const struct decoded *decoded = &question->decoded;
	if (question->config != NULL &&
		!judge_open(&judge, &command_explain, question->config, JG_CONFIG_APPS)) {
		text_fini(&content);
		return EXIT_BAD;
	}
	bool told = question->request.vendor != JG_VENDOR_NONE || question->request.app.p != NULL;
	if (question->request.vendor == JG_VENDOR_NONE)
		question->request.vendor = (uint8_t)(question->request.app.p != NULL
				? request_vendor(judge.config, question->request.app)
				: decoded->vendor != JG_VENDOR_NONE ? decoded->vendor
								    : JG_VENDOR_LIVEKIT);
	text_addf(&out, "token\n  %s, %u characters, %s%s\n",
		decoded->format == JG_FORMAT_NONE ? "of no known format"
						  : jg_format_name(decoded->format),
		question->request.token.len, jg_vendor_name(question->request.vendor),
		told ? "" : " by its looks (--vendor to be sure)");
	text_add(&out, content.p, content.len);
	if (decoded->broken != NULL)
		text_addf(&out, "  reading ended: %s\n", decoded->broken);
	if (question->config != NULL)
		explain_verdict(&judge, question, &out, &admitted);
	int status = admitted && (question->config != NULL || decoded->format != JG_FORMAT_NONE)
		? EXIT_YES
		: EXIT_NO;
	if (!text_flush(&out, STDOUT_FILENO))
		status = cli_fail(&command_explain, "cannot write: %s", strerror(errno));
	text_fini(&out);
	text_fini(&content);
	judge_close(&judge);
	return status;
}

// One option into the question. False after saying what is wrong.
static bool set_option(struct question *question, int c, const char *value)
{
	struct jg_request *request = &question->request;
	switch (c) {
	case 'c':
		question->config = value;
		return true;
	case 'v':
		request->vendor = (uint8_t)jg_vendor_find(as_text(value));
		if (request->vendor == JG_VENDOR_NONE)
			(void)cli_fail(&command_explain, "\"%.32s\" is not a vendor", value);
		return request->vendor != JG_VENDOR_NONE;
	case 'a':
		request->app = *value == '\0' ? (struct jg_str){NULL, 0} : as_text(value);
		return true;
	case 'r':
		request->room = as_text(value);
		return true;
	case 'i':
		request->identity = as_text(value);
		return true;
	case 's':
		request->service = strcmp(value, "rtm") == 0 ? JG_SERVICE_RTM : JG_SERVICE_RTC;
		return strcmp(value, "rtm") == 0 || strcmp(value, "rtc") == 0;
	case 't':
		request->type = strcmp(value, "join") == 0 ? JG_REQUEST_JOIN
			: strcmp(value, "reconnect") == 0  ? JG_REQUEST_RECONNECT
							   : JG_REQUEST_REFRESH;
		return request->type != JG_REQUEST_REFRESH || strcmp(value, "refresh") == 0;
	case 'n':
		return cli_number(
			&command_explain, "--now", value, 0, INT64_MAX / 2, &question->now);
	default:
		return false;
	}
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"vendor", required_argument, NULL, 'v'}, {"app", required_argument, NULL, 'a'},
		{"room", required_argument, NULL, 'r'}, {"identity", required_argument, NULL, 'i'},
		{"service", required_argument, NULL, 's'}, {"type", required_argument, NULL, 't'},
		{"now", required_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
	struct question question = {.now = cli_now(),
		.request = {.type = JG_REQUEST_JOIN, .flags = JG_REQUEST_AUTHENTICATED}};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (!set_option(&question, c, optarg))
			return cli_usage(&command_explain);
	if (argc - optind != 1) {
		(void)cli_fail(&command_explain, "expected one TOKEN");
		return cli_usage(&command_explain);
	}
	struct lines lines;
	lines_init(&lines, STDIN_FILENO);
	question.request.token = as_text(argv[optind]);
	int status = EXIT_YES;
	if (strcmp(argv[optind], "-") == 0) {
		char *line;
		size_t len;
		struct jg_error err = {"no token there"};
		if (lines_take(&lines, true, &line, &len, &err) != LINE_READY)
			status = cli_fail(&command_explain, "standard input: %s", err.text);
		else
			question.request.token = (struct jg_str){line, (uint32_t)len};
	}
	if (status == EXIT_YES)
		status = explain(&question);
	lines_fini(&lines);
	return status;
}

const struct command command_explain = {
	"explain", "say what a token is and why it is refused", help, run};

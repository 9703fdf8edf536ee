// SPDX-License-Identifier: BSD-3-Clause
// joingate ask: tokens in, the verdicts of a running gate out, over UDP like any front end.
#include "cli.h"
#include "client.h"
#include "lines.h"
#include "request.h"
#include "text.h"
#include "verdict.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"joingate ask - ask a running gate over UDP, as a front end does\n"
	"\n"
	"  joingate ask --gate ADDRESS[:PORT] [--front-end ID --key-file FILE] TOKEN...\n"
	"  joingate ask --gate ADDRESS[:PORT] [--front-end ID --key-file FILE] < requests\n"
	"  joingate ask --gate ADDRESS[:PORT] [--front-end ID --key-file FILE] --ping\n"
	"\n"
	"  --gate ADDRESS[:PORT]  port 7600 unless given; [ADDRESS]:PORT for IPv6\n"
	"  --front-end ID         the id that the gate knows the key by\n"
	"  --key-file FILE        the key, less one final newline; without: the gate must be "
	"insecure\n"
	"  --timeout MS           wait this long for a reply (500)\n"
	"  --tries N              send a request up to N times, each time with a new id (3)\n"
	"  --ping                 ask for epoch, clock and load instead\n"
	"\n"
	"A line that begins with { is a request as `joingate verify` reads it, but without now: a "
	"gate\n"
	"judges by its own clock. Any other line, and each TOKEN, is a token alone; these go with "
	"it:\n"
	"\n"
	"  --vendor VENDOR  livekit, stream, opentok, vonage or agora (livekit)\n"
	"  --app KEY  --room ROOM  --identity USER  --service rtc|rtm  --type "
	"join|reconnect|refresh\n"
	"\n"
	"Verdicts are those of `joingate verify --all`, in the order of requests; in addition "
	"token\n"
	"(a refreshed one) and cut (the gate left fields out). No answer: {\"verdict\": \"none\", "
	"...}.\n"
	"Exit status: 0 all admitted, 1 something rejected, 2 bad usage or input, or no answer.\n";

// One place of a window.
struct slot {
	struct question question;
	struct request_line parsed; // json NULL: a bare token
	char *bare;
};

struct ask {
	struct client_options options;
	struct client *client;
	struct jg_request alone; // what goes with a bare token
	struct lines lines;
	struct text out;
	struct slot slots[CLIENT_WINDOW];
	struct question questions[CLIENT_WINDOW];
	unsigned n;
	bool ping;
	bool rejected;
	bool unanswered;
	const char *problem; // of a request that cannot be sent
	struct jg_error err; // of the line that ended the run
};

static void set_question(struct ask *ask, const struct jg_request *request)
{
	struct question *question = &ask->questions[ask->n++];
	*question = (struct question){.request = *request, .type = request->type};
	question->flags = JG_WIRE_WANT_ALL;
	if (request->type != JG_REQUEST_REFRESH)
		question->flags &= ~JG_WIRE_WANT(TOKEN);
}

static bool add_token(struct ask *ask, const char *token, size_t len)
{
	struct slot *slot = &ask->slots[ask->n];
	struct jg_request request = ask->alone;
	*slot = (struct slot){.bare = malloc(len + 1)};
	if (slot->bare == NULL) {
		jg_error_set(&ask->err, "out of memory");
		return false;
	}
	memcpy(slot->bare, token, len);
	request.token = (struct jg_str){slot->bare, (uint32_t)len};
	set_question(ask, &request);
	return true;
}

static bool add_line(struct ask *ask, char *line, size_t len)
{
	struct slot *slot = &ask->slots[ask->n];
	if (len == 0 || line[0] != '{')
		return add_token(ask, line, len);
	*slot = (struct slot){0};
	if (!request_parse(&slot->parsed, line, len, NULL, &ask->err))
		return false;
	const bool guessed = json_object_get(slot->parsed.json, "vendor") == NULL;
	if (slot->parsed.now != JG_TIME_NONE)
		jg_error_set(&ask->err, "field \"now\": a gate judges by its own clock");
	else if (guessed && slot->parsed.request.app.p != NULL)
		jg_error_set(&ask->err,
			"field \"app\" without \"vendor\": which apps a gate has is not known "
			"here");
	else
		return set_question(ask, &slot->parsed.request), true;
	request_fini(&slot->parsed);
	return false;
}

// Lines of one window. False when there are no more.
static bool fill(struct ask *ask, bool *bad)
{
	while (ask->n < CLIENT_WINDOW) {
		char *line;
		size_t len;
		const enum line_status status =
			lines_take(&ask->lines, ask->n == 0, &line, &len, &ask->err);
		if (status == LINE_FAILED)
			*bad = true;
		if (status != LINE_READY)
			return status == LINE_PAUSE;
		if (!add_line(ask, line, len)) {
			*bad = true;
			return false;
		}
	}
	return true;
}

static void add_silence(struct ask *ask, const struct question *question)
{
	char why[512];
	client_explain(ask->client, why, sizeof(why));
	const char *words = question->problem != NULL ? question->problem : why;
	text_addf(&ask->out, "{\"verdict\": \"none\", \"detail\": ");
	text_add_json(&ask->out, (struct jg_str){words, (uint32_t)strlen(words)});
	text_addf(&ask->out, "}\n");
	ask->unanswered = true;
	if (question->problem != NULL)
		ask->problem = question->problem;
}

// verify's fields, and what only a gate can say.
static void add_verdict(struct ask *ask, const struct jg_wire_reply *reply)
{
	verdict_add(&ask->out, &reply->verdict, NULL);
	verdict_add_rare(&ask->out, &reply->verdict);
	if (ask->out.failed)
		return;
	ask->out.len--;
	if (reply->token.p != NULL) {
		text_addf(&ask->out, ", \"token\": ");
		text_add_json(&ask->out, reply->token);
	}
	if ((reply->echo.flags & JG_WIRE_CUT) != 0)
		text_addf(&ask->out, ", \"cut\": true");
	text_addf(&ask->out, "}\n");
	ask->rejected |= reply->verdict.reason != JG_REASON_OK;
}

// Ask what is in the window. False when it was silence alone: no use in going on.
static bool ask_window(struct ask *ask)
{
	const unsigned n = ask->n;
	const unsigned answered = client_ask(ask->client, ask->questions, n);
	unsigned unsent = 0;
	for (unsigned i = 0; i < n; i++) {
		struct question *question = &ask->questions[i];
		unsent += question->problem != NULL;
		if (question->answered)
			add_verdict(ask, &question->reply);
		else
			add_silence(ask, question);
		question_clear(question);
		if (ask->slots[i].parsed.json != NULL)
			request_fini(&ask->slots[i].parsed);
		if (ask->slots[i].bare != NULL)
			explicit_bzero(ask->slots[i].bare, question->request.token.len);
		free(ask->slots[i].bare);
	}
	ask->n = 0;
	return answered > 0 || unsent == n;
}

static int finish(struct ask *ask)
{
	char why[512];
	if (!ask->unanswered)
		return ask->rejected ? EXIT_NO : EXIT_YES;
	client_explain(ask->client, why, sizeof(why));
	return cli_fail(&command_ask, "%s", ask->problem != NULL ? ask->problem : why);
}

static bool flush(struct ask *ask)
{
	if (text_flush(&ask->out, STDOUT_FILENO))
		return true;
	(void)cli_fail(&command_ask, "cannot write: %s", strerror(errno));
	return false;
}

static int run_lines(struct ask *ask)
{
	bool bad = false;
	bool more = true;
	while (more) {
		more = fill(ask, &bad);
		if (ask->n > 0 && !ask_window(ask))
			more = false;
		if (!flush(ask))
			return EXIT_BAD;
	}
	if (bad)
		return cli_fail(
			&command_ask, "line %" PRIu64 ": %s", ask->lines.number, ask->err.text);
	return finish(ask);
}

static int run_tokens(struct ask *ask, char **tokens, int n)
{
	bool heard = true;
	for (int i = 0; i < n && heard; i++) {
		if (!add_token(ask, tokens[i], strlen(tokens[i])))
			return cli_fail(&command_ask, "%s", ask->err.text);
		if (ask->n == CLIENT_WINDOW || i == n - 1)
			heard = ask_window(ask);
	}
	return flush(ask) ? finish(ask) : EXIT_BAD;
}

static int run_ping(struct ask *ask)
{
	struct question question = {.type = JG_WIRE_PING};
	if (client_ask(ask->client, &question, 1) == 0) {
		ask->unanswered = true;
	} else {
		const struct jg_wire_load *load = &question.reply.load;
		text_addf(&ask->out,
			"{\"epoch\": %" PRIu64 ", \"now\": %" PRId64 ", \"verdicts\": %" PRIu64
			", \"busy\": %.3f}\n",
			load->epoch, load->now, load->verdicts, load->busy / 1000.0);
	}
	question_clear(&question);
	return flush(ask) ? finish(ask) : EXIT_BAD;
}

// The place of a word among words, -1 when it is none.
static int find_word(const char *word, const char *const *words, const char *option)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	(void)cli_fail(&command_ask, "%s is \"%.32s\", which is none of its words", option, word);
	return -1;
}

static bool set_number(uint32_t *to, const char *option, const char *text, int64_t max)
{
	int64_t number;
	if (!cli_number(&command_ask, option, text, 1, max, &number))
		return false;
	*to = (uint32_t)number;
	return true;
}

static bool set_word(uint8_t *to, const char *option, const char *text, const char *const *words)
{
	const int found = find_word(text, words, option);
	*to = (uint8_t)found;
	return found >= 0;
}

static bool set_vendor(struct ask *ask, const char *text)
{
	ask->alone.vendor = (uint8_t)jg_vendor_find((struct jg_str){text, (uint32_t)strlen(text)});
	if (ask->alone.vendor == JG_VENDOR_NONE)
		(void)cli_fail(&command_ask,
			"--vendor is \"%.32s\"; expected livekit, stream, opentok, vonage or agora",
			text);
	return ask->alone.vendor != JG_VENDOR_NONE;
}

static bool set_option(struct ask *ask, int c, const char *text)
{
	static const char *const types[] = {"", "join", "reconnect", "refresh", NULL};
	static const char *const services[] = {"rtc", "rtm", NULL};
	const struct jg_str value = {text, text == NULL ? 0 : (uint32_t)strlen(text)};
	switch (c) {
	case 'g':
		ask->options.address = text;
		return true;
	case 'f':
		return set_number(&ask->options.front_end, "--front-end", text, UINT16_MAX);
	case 'k':
		ask->options.key_file = text;
		return true;
	case 't':
		return set_number(&ask->options.timeout, "--timeout", text, 60000);
	case 'n':
		return set_number(&ask->options.tries, "--tries", text, 100);
	case 'p':
		ask->ping = true;
		return true;
	case 'v':
		return set_vendor(ask, text);
	case 'a':
		ask->alone.app = value;
		return true;
	case 'r':
		ask->alone.room = value;
		return true;
	case 'i':
		ask->alone.identity = value;
		return true;
	case 's':
		return set_word(&ask->alone.service, "--service", text, services);
	case 'y':
		return set_word(&ask->alone.type, "--type", text, types) && text[0] != '\0';
	default:
		return false;
	}
}

static bool read_options(struct ask *ask, int argc, char **argv)
{
	static const struct option options[] = {{"gate", required_argument, NULL, 'g'},
		{"front-end", required_argument, NULL, 'f'},
		{"key-file", required_argument, NULL, 'k'},
		{"timeout", required_argument, NULL, 't'}, {"tries", required_argument, NULL, 'n'},
		{"ping", no_argument, NULL, 'p'}, {"vendor", required_argument, NULL, 'v'},
		{"app", required_argument, NULL, 'a'}, {"room", required_argument, NULL, 'r'},
		{"identity", required_argument, NULL, 'i'},
		{"service", required_argument, NULL, 's'}, {"type", required_argument, NULL, 'y'},
		{NULL, 0, NULL, 0}};
	ask->options.timeout = 500;
	ask->options.tries = 3;
	ask->alone.vendor = JG_VENDOR_LIVEKIT;
	ask->alone.type = JG_REQUEST_JOIN;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (!set_option(ask, c, optarg))
			return false;
	}
	if (ask->options.address == NULL)
		(void)cli_fail(&command_ask, "no gate; expected --gate ADDRESS[:PORT]");
	return ask->options.address != NULL;
}

static int run(int argc, char **argv)
{
	struct ask *ask = calloc(1, sizeof(*ask));
	if (ask == NULL)
		return cli_fail(&command_ask, "out of memory");
	int status = EXIT_BAD;
	lines_init(&ask->lines, STDIN_FILENO);
	if (!read_options(ask, argc, argv)) {
		status = cli_usage(&command_ask);
	} else if ((ask->client = client_open(&ask->options, &ask->err)) == NULL) {
		status = cli_fail(&command_ask, "%s", ask->err.text);
	} else if (ask->ping) {
		status = run_ping(ask);
	} else {
		status = optind < argc ? run_tokens(ask, argv + optind, argc - optind)
				       : run_lines(ask);
	}
	client_close(ask->client);
	lines_fini(&ask->lines);
	text_fini(&ask->out);
	free(ask);
	return status;
}

const struct command command_ask = {"ask", "ask a running gate over UDP", help, run};

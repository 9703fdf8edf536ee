// SPDX-License-Identifier: BSD-3-Clause
#include "cli.h"
#include "client.h"
#include "fake_gate.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static const char key_path[] = "test_ask.key";
static const char in_path[] = "test_ask.in";
static const char out_path[] = "test_ask.out";
static const char err_path[] = "test_ask.err";

static int gate_fd;
static pthread_t thread;
static char address[64];
static uint8_t datagram[65536];
static char out[1 << 20];
static char errors[8192];

// What the gate thinks of a token is what the token says.
static struct jg_verdict verdict_of(struct jg_str token)
{
	if (!jg_str_eq(token, JG_STR("good")) && token.len < 100)
		return (struct jg_verdict){.reason = JG_REASON_EXPIRED,
			.rule = JG_RULE_EXPIRED,
			.rule_value = 125,
			.rule_limit = 60,
			.vendor = JG_VENDOR_LIVEKIT,
			.issued_at = JG_TIME_NONE,
			.expires_at = 1799999000};
	struct jg_verdict verdict = sample_verdict();
	verdict.rule = JG_RULE_NONE;
	return verdict;
}

static void *serve(void *unused)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);
	struct sockaddr *from = (struct sockaddr *)&peer;
	ssize_t got;
	(void)unused;
	while ((got = recvfrom(gate_fd, datagram, sizeof(datagram), 0, from, &size)) > 1) {
		struct jg_wire_request wire;
		struct jg_request request;
		cr_assert_eq(jg_wire_request_parse(datagram, (size_t)got, &wire, &request),
			JG_WIRE_FATE_OK);
		if (jg_str_eq(request.token, JG_STR("silent")))
			continue;
		const struct jg_verdict verdict = verdict_of(request.token);
		const size_t len = fake_gate_answer(datagram, (size_t)got, &verdict);
		(void)sendto(gate_fd, datagram, len, 0, from, size);
	}
	return NULL;
}

static void write_file(const char *path, const char *bytes)
{
	FILE *file = fopen(path, "wb");
	cr_assert_not_null(file);
	fputs(bytes, file);
	fclose(file);
}

static void read_file(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "rb");
	cr_assert_not_null(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

static void start(void)
{
	uint16_t port;
	gate_fd = fake_gate_listen(&port);
	snprintf(address, sizeof(address), "127.0.0.1:%u", port);
	write_file(key_path, SAMPLE_KEY "\n");
	cr_assert_eq(pthread_create(&thread, NULL, serve, NULL), 0);
}

// A datagram of one byte ends it.
static void stop(void)
{
	struct sockaddr_in self;
	socklen_t size = sizeof(self);
	cr_assert_eq(getsockname(gate_fd, (struct sockaddr *)&self, &size), 0);
	(void)sendto(gate_fd, "", 1, 0, (struct sockaddr *)&self, size);
	pthread_join(thread, NULL);
	close(gate_fd);
	const char *const paths[] = {key_path, in_path, out_path, err_path};
	for (size_t i = 0; i < JG_ARRAY_SIZE(paths); i++)
		unlink(paths[i]);
}

TestSuite(ask, .timeout = 60, .init = start, .fini = stop);

static void redirect(const char *path, int flags, int to)
{
	const int fd = open(path, flags, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(dup2(fd, to), to);
	close(fd);
}

// The exit status; what was written is in out and errors.
static int ask(const char *in, int argc, char **argv)
{
	const int saved_out = dup(STDOUT_FILENO);
	const int saved_err = dup(STDERR_FILENO);
	write_file(in_path, in);
	redirect(in_path, O_RDONLY, STDIN_FILENO);
	redirect(out_path, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
	redirect(err_path, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
	optind = 0;
	const int status = command_ask.run(argc, argv);
	fflush(stderr);
	dup2(saved_out, STDOUT_FILENO);
	dup2(saved_err, STDERR_FILENO);
	read_file(out_path, out, sizeof(out));
	read_file(err_path, errors, sizeof(errors));
	return status;
}

static int ask_with_key(const char *in)
{
	char *argv[] = {"ask", "--gate", address, "--front-end", "7", "--key-file",
		(char *)key_path, "--timeout", "50", "--tries", "2", NULL};
	return ask(in, 11, argv);
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;
	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

Test(ask, tokens_as_arguments_are_answered_in_order)
{
	char *argv[] = {"ask", "--gate", address, "--front-end", "7", "--key-file",
		(char *)key_path, "good", "bad", "good", NULL};
	cr_assert_eq(ask("", 10, argv), EXIT_NO);
	const char *reject = strstr(out, "{\"verdict\": \"reject\", \"reason\": \"expired\"");
	cr_assert_eq(count(out, "\n"), 3);
	cr_assert_eq(count(out, "{\"verdict\": \"admit\""), 2);
	cr_assert_not_null(reject, "%s", out);
	cr_assert_gt(reject, strstr(out, "admit"));
	cr_assert_not_null(strstr(out, "expired 125 s ago (leeway 60 s)"), "%s", out);
	cr_assert_str_eq(errors, "");
}

Test(ask, json_lines_are_answered_with_every_field)
{
	cr_assert_eq(
		ask_with_key("{\"token\": \"good\", \"vendor\": \"stream\", \"app\": \"k\"}\n"),
		EXIT_YES);
	static const char *const fields[] = {"\"vendor\": \"stream\"", "\"app\": \"k8mzq2w7rt5x\"",
		"\"identity\": \"john\"", "\"name\": \"John\"", "\"room\": \"default:call-7\"",
		"\"capabilities\": [\"join\", \"subscribe\"]", "\"role\": \"publisher\"",
		"\"key\": \"2026-11\"", "\"token_id\": \"0102030405060708090a0b0c0d0e0f10\"",
		"\"epoch\": 42", "\"issued_at\": 1799999000", "\"expires_at\": null"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(fields); i++)
		cr_assert_not_null(strstr(out, fields[i]), "%s in %s", fields[i], out);
	cr_assert_null(strstr(out, "refreshed"));
	cr_assert_null(strstr(out, "cut"));
}

Test(ask, refresh_prints_the_new_token)
{
	cr_assert_eq(ask_with_key("{\"token\": \"good\", \"type\": \"refresh\"}"), EXIT_YES);
	cr_assert_not_null(strstr(out, "\"token\": \"refreshed.token.text\"}\n"), "%s", out);
}

Test(ask, many_lines_of_both_kinds_come_back_in_order)
{
	static char in[64 * 1000];
	size_t n = 0;
	for (unsigned i = 0; i < 500; i++)
		n += (size_t)snprintf(
			in + n, sizeof(in) - n, "%s\n%s\n", "good", "{\"token\": \"x\"}");
	cr_assert_eq(ask_with_key(in), EXIT_NO);
	cr_assert_eq(count(out, "\n"), 1000);
	const char *p = out;
	for (unsigned i = 0; i < 1000; i++) {
		cr_assert_eq(strncmp(p + 13, i % 2 == 0 ? "admit" : "reject", 5), 0, "line %u", i);
		p = strchr(p, '\n') + 1;
	}
}

Test(ask, line_without_answer_is_told_and_the_others_go_on)
{
	cr_assert_eq(ask_with_key("good\nsilent\ngood\n"), EXIT_BAD);
	cr_assert_eq(count(out, "\n"), 3);
	cr_assert_eq(count(out, "admit"), 2);
	cr_assert_eq(count(out, "{\"verdict\": \"none\", \"detail\": \"no answer from"), 1);
	cr_assert_not_null(strstr(errors, "joingate ask: no answer from 127.0.0.1"), "%s", errors);
	cr_assert_null(strstr(errors, SAMPLE_KEY));
}

Test(ask, silence_alone_ends_the_run)
{
	static char in[8 * 1000];
	for (size_t n = 0; n < 300 * strlen("silent\n");)
		n += (size_t)snprintf(in + n, sizeof(in) - n, "silent\n");
	cr_assert_eq(ask_with_key(in), EXIT_BAD);
	cr_assert_eq(count(out, "\n"), CLIENT_WINDOW);
}

Test(ask, broken_line_stops_after_the_earlier_verdicts)
{
	static const struct {
		const char *line;
		const char *says;
	} rows[] = {
		{"{\"token\": \"x\", \"tokn\": 1}", "tokn"},
		{"{\"token\": ", "line 2"},
		{"{\"token\": \"x\", \"now\": 1800000000}", "its own clock"},
		{"{\"token\": \"x\", \"app\": \"k\"}", "without \"vendor\""},
		{"{\"vendor\": \"stream\"}", "token"},
	};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		char in[256];
		snprintf(in, sizeof(in), "good\n%s\ngood\n", rows[i].line);
		cr_assert_eq(ask_with_key(in), EXIT_BAD);
		cr_assert_eq(count(out, "\n"), 1);
		cr_assert_not_null(strstr(errors, "line 2: "), "%s", errors);
		cr_assert_not_null(strstr(errors, rows[i].says), "%s", errors);
	}
}

Test(ask, room_too_long_for_the_wire_is_told)
{
	static char in[3000];
	char *p = in + snprintf(in, sizeof(in), "good\n{\"token\": \"good\", \"room\": \"");
	memset(p, 'r', 1025);
	snprintf(p + 1025, 4, "\"}\n");
	cr_assert_eq(ask_with_key(in), EXIT_BAD);
	cr_assert_eq(count(out, "admit"), 1);
	cr_assert_not_null(strstr(errors, "at most 1024 bytes"), "%s", errors);
}

Test(ask, ping_prints_what_the_gate_says_of_itself)
{
	char *argv[] = {"ask", "--gate", address, "--ping", NULL};
	cr_assert_eq(ask("", 4, argv), EXIT_YES);
	cr_assert_str_eq(
		out, "{\"epoch\": 7, \"now\": 1800000000, \"verdicts\": 5, \"busy\": 0.001}\n");
}

static void check_usage(char *option, char *value, const char *says)
{
	char *argv[] = {"ask", "--gate", address, option, value, NULL};
	cr_assert_eq(ask("good\n", value == NULL ? 4 : 5, argv), EXIT_BAD);
	cr_assert_str_eq(out, "");
	cr_assert_not_null(strstr(errors, says), "%s", errors);
}

Test(ask, bad_usage_is_told)
{
	char *argv[] = {"ask", NULL};
	cr_assert_eq(ask("good\n", 1, argv), EXIT_BAD);
	cr_assert_not_null(strstr(errors, "expected --gate"), "%s", errors);
}

Test(ask, bad_options_are_told)
{
	static const struct {
		char *option;
		char *value;
		const char *says;
	} rows[] = {
		{"--timeout", "0", "expected 1..60000"},
		{"--tries", "x", "expected 1..100"},
		{"--front-end", "65536", "expected 1..65535"},
		{"--front-end", "1", "has a key"},
		{"--key-file", "test_ask.key", "which id"},
		{"--vendor", "zoom", "--vendor is \"zoom\""},
		{"--type", "leave", "--type is \"leave\""},
		{"--type", "", "--help"},
		{"--service", "x", "--service is \"x\""},
		{"--nonsense", NULL, "--help"},
		{"--gate", "", "is no address"},
	};
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++)
		check_usage(rows[i].option, rows[i].value, rows[i].says);
}

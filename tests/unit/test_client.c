// SPDX-License-Identifier: BSD-3-Clause
#include "client.h"
#include "fake_gate.h"

#include <pthread.h>
#include <unistd.h>

static const char key_path[] = "test_client.key";

// What the fake gate does with the datagrams it gets.
struct habits {
	int fd;
	unsigned lose; /**< datagrams it leaves unanswered first */
	bool forge; /**< sends damaged replies and the request itself before the answer */
	bool twice; /**< answers everything twice */
	struct jg_verdict verdict;
	unsigned seen;
	uint64_t ids[512];
	uint32_t lengths[512];
};

static struct habits habits;
static uint8_t datagram[65536];

static void send_back(const struct sockaddr_in *peer, size_t len)
{
	(void)sendto(habits.fd, datagram, len, 0, (const struct sockaddr *)peer, sizeof(*peer));
}

static void answer(const struct sockaddr_in *peer, size_t got)
{
	if (habits.forge)
		send_back(peer, got);
	const size_t len = fake_gate_answer(datagram, got, &habits.verdict);
	for (size_t at = 0; habits.forge && at < len; at += 7) {
		datagram[at] ^= 1;
		send_back(peer, len);
		datagram[at] ^= 1;
	}
	if (len > 0)
		send_back(peer, len);
	if (habits.twice)
		send_back(peer, len);
}

static void *serve(void *unused)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);
	ssize_t got;
	(void)unused;
	while ((got = recvfrom(habits.fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&peer,
			&size)) > 1) {
		struct jg_wire_request wire;
		struct jg_request request;
		cr_assert_eq(jg_wire_request_parse(datagram, (size_t)got, &wire, &request),
			JG_WIRE_FATE_OK);
		habits.ids[habits.seen % 512] = wire.id;
		habits.lengths[habits.seen % 512] = request.token.len;
		if (habits.seen++ >= habits.lose)
			answer(&peer, (size_t)got);
	}
	return NULL;
}

static pthread_t thread;
static char address[64];

static void write_key(const char *bytes)
{
	FILE *file = fopen(key_path, "wb");
	cr_assert_not_null(file);
	fputs(bytes, file);
	fclose(file);
}

static void start(void)
{
	uint16_t port;
	habits = (struct habits){.verdict = sample_verdict()};
	habits.fd = fake_gate_listen(&port);
	snprintf(address, sizeof(address), "127.0.0.1:%u", port);
	write_key(SAMPLE_KEY "\n");
}

static void run(void)
{
	cr_assert_eq(pthread_create(&thread, NULL, serve, NULL), 0);
}

// A datagram of one byte ends it.
static void stop(void)
{
	struct sockaddr_in self;
	socklen_t size = sizeof(self);
	cr_assert_eq(getsockname(habits.fd, (struct sockaddr *)&self, &size), 0);
	(void)sendto(habits.fd, "", 1, 0, (struct sockaddr *)&self, size);
	pthread_join(thread, NULL);
	close(habits.fd);
	unlink(key_path);
}

static struct client *open_client(uint32_t front_end, uint32_t timeout, uint32_t tries)
{
	struct jg_error err;
	const struct client_options options = {.address = address,
		.key_file = front_end == 0 ? NULL : key_path,
		.front_end = front_end,
		.timeout = timeout,
		.tries = tries};
	struct client *client = client_open(&options, &err);
	cr_assert_not_null(client, "%s", err.text);
	return client;
}

static struct question sample_question(void)
{
	return (struct question){
		.request = sample_request(), .flags = JG_WIRE_WANT_ALL, .type = JG_REQUEST_JOIN};
}

static void check_answer(const struct question *question)
{
	cr_assert(question->answered);
	cr_assert(jg_str_eq(question->reply.verdict.identity, JG_STR("john")));
	cr_assert(jg_str_eq(question->reply.verdict.metadata, JG_STR("{\"seat\":7}")));
	cr_assert_eq(question->reply.verdict.capability_expires_n, 2);
	cr_assert_eq(question->reply.verdict.capability_expires[0].expires_at, 1800000100);
}

TestSuite(client, .timeout = 60, .init = start);

// One question, answered at once.
static void check_one(uint32_t front_end)
{
	run();
	struct client *client = open_client(front_end, 5000, 1);
	struct question question = sample_question();
	cr_assert_eq(client_ask(client, &question, 1), 1);
	check_answer(&question);
	cr_assert_eq(question.reply.echo.flags & JG_WIRE_CUT, 0);
	question_clear(&question);
	client_close(client);
	stop();
}

Test(client, question_is_answered)
{
	check_one(7);
}

Test(client, question_without_key_is_answered_whole_by_an_insecure_gate)
{
	check_one(0);
}

Test(client, forged_replies_are_passed_over)
{
	habits.forge = true;
	check_one(7);
}

Test(client, full_window_is_answered_each_to_its_own)
{
	habits.twice = true;
	run();
	struct client *client = open_client(7, 5000, 1);
	static struct question questions[CLIENT_WINDOW];
	for (unsigned i = 0; i < CLIENT_WINDOW; i++)
		questions[i] = sample_question();
	cr_assert_eq(client_ask(client, questions, CLIENT_WINDOW), CLIENT_WINDOW);
	for (unsigned i = 0; i < CLIENT_WINDOW; i++) {
		check_answer(&questions[i]);
		question_clear(&questions[i]);
	}
	client_close(client);
	stop();
}

Test(client, lost_question_is_asked_again_with_another_id)
{
	habits.lose = 2;
	run();
	struct client *client = open_client(7, 50, 3);
	struct question question = sample_question();
	cr_assert_eq(client_ask(client, &question, 1), 1);
	check_answer(&question);
	cr_assert_eq(habits.seen, 3);
	cr_assert_eq(habits.ids[1], habits.ids[0] + 1);
	cr_assert_eq(habits.ids[2], habits.ids[0] + 2);
	question_clear(&question);
	client_close(client);
	stop();
}

Test(client, silence_is_explained_after_the_last_try)
{
	char text[512];
	habits.lose = 1000;
	run();
	struct client *client = open_client(7, 10, 2);
	struct question question = sample_question();
	cr_assert_eq(client_ask(client, &question, 1), 0);
	cr_assert_not(question.answered);
	client_explain(client, text, sizeof(text));
	cr_assert_not_null(strstr(text, "asked 2 x, 10 ms each"), "%s", text);
	cr_assert_not_null(strstr(text, "wrong front end id, key or source"), "%s", text);
	cr_assert_null(strstr(text, SAMPLE_KEY));
	client_close(client);
	stop();
	cr_assert_eq(habits.seen, 2);
}

Test(client, wrong_key_gets_no_answer)
{
	write_key("another key of some length");
	run();
	struct client *client = open_client(7, 10, 1);
	struct question question = sample_question();
	cr_assert_eq(client_ask(client, &question, 1), 0);
	client_close(client);
	stop();
}

Test(client, closed_port_is_told)
{
	char text[512];
	close(habits.fd);
	struct client *client = open_client(7, 20, 3);
	struct question question = sample_question();
	cr_assert_eq(client_ask(client, &question, 1), 0);
	client_explain(client, text, sizeof(text));
	cr_assert_not_null(strstr(text, "is the gate running?"), "%s", text);
	client_close(client);
	unlink(key_path);
}

Test(client, what_cannot_be_sent_has_a_problem_and_the_rest_is_answered)
{
	static char big[2000];
	memset(big, 'r', sizeof(big));
	run();
	struct client *client = open_client(7, 5000, 1);
	struct question questions[] = {sample_question(), sample_question()};
	questions[0].request.room = (struct jg_str){big, sizeof(big)};
	cr_assert_eq(client_ask(client, questions, 2), 1);
	cr_assert_not_null(questions[0].problem);
	check_answer(&questions[1]);
	question_clear(&questions[1]);
	client_close(client);
	stop();
}

Test(client, token_of_70000_bytes_is_sent_as_one_that_is_too_long)
{
	static char big[70000];
	memset(big, 'a', sizeof(big));
	run();
	struct client *client = open_client(7, 5000, 1);
	struct question question = sample_question();
	question.request.token = (struct jg_str){big, sizeof(big)};
	cr_assert_eq(client_ask(client, &question, 1), 1);
	question_clear(&question);
	client_close(client);
	stop();
	cr_assert_eq(habits.lengths[0], JG_TOKEN_MAX + 1);
}

Test(client, ping_tells_the_load)
{
	run();
	struct client *client = open_client(7, 5000, 1);
	struct question question = {.type = JG_WIRE_PING};
	cr_assert_eq(client_ask(client, &question, 1), 1);
	cr_assert_eq(question.reply.load.epoch, 7);
	question_clear(&question);
	client_close(client);
	stop();
}

static void check_refused(struct client_options options, const char *says)
{
	struct jg_error err;
	cr_assert_null(client_open(&options, &err));
	cr_assert_not_null(strstr(err.text, says), "%s", err.text);
}

Test(client, mistakes_are_told)
{
	close(habits.fd);
	const char *const bad[] = {"", ":7600", "[::1", "[::1]x", "[]:1", "host:", "host:123456"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++)
		check_refused((struct client_options){.address = bad[i]}, "is no address");
	check_refused((struct client_options){.address = "127.0.0.1:http"}, "cannot be found");
	check_refused((struct client_options){.address = "127.0.0.1", .front_end = 1}, "has a key");
	check_refused((struct client_options){.address = "127.0.0.1", .key_file = key_path},
		"which id it has");
	check_refused(
		(struct client_options){.address = "::1", .front_end = 65536, .key_file = key_path},
		"outside 1..65535");
	check_refused(
		(struct client_options){
			.address = "127.0.0.1", .front_end = 1, .key_file = "/nonexistent/key"},
		"/nonexistent/key cannot be read");
	write_key("\n");
	check_refused(
		(struct client_options){
			.address = "127.0.0.1", .front_end = 1, .key_file = key_path},
		"is empty");
	unlink(key_path);
}

// SPDX-License-Identifier: BSD-3-Clause
#include "capture.h"
#include "control_harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#define TOKEN "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJlLW9mLWEtdG9rZW4"

static struct jg_witness witness;
static struct jg_counters counters;
static const struct jg_control_member member = {
	.name = "worker 0", .witness = &witness, .counters = &counters};
static char path[64];

static void setup(void)
{
	struct jg_error err;
	witness.packets = jg_spool_new(1 << 16, &err);
	witness.notes = jg_spool_new(1 << 12, &err);
	strcpy(path, "/tmp/joingate-capture-XXXXXX");
	(void)signal(SIGPIPE, SIG_IGN);
}

static void teardown(void)
{
	jg_spool_free(witness.packets);
	jg_spool_free(witness.notes);
	(void)unlink(path);
}

TestSuite(capture, .init = setup, .fini = teardown);

static struct jg_capture_options options_of(int fd)
{
	return (struct jg_capture_options){.fd = fd,
		.packets = 2,
		.udp_port = 7600,
		.program = "test",
		.members = &member,
		.members_n = 1};
}

static struct jg_capture *start(const struct jg_capture_options *options)
{
	struct jg_error err;
	struct jg_capture *capture = jg_capture_start(options, &err);
	cr_assert_not_null(capture, "%s", err.text);
	return capture;
}

// As a worker does, once it was asked to.
static void put_packet(const char *app)
{
	static uint8_t datagram[JG_WIRE_DATAGRAM_MAX];
	const struct jg_wire_request wire = {.id = 1, .type = JG_REQUEST_JOIN, .front_end = 1};
	const struct jg_request ask = {
		.token = JG_STR(TOKEN), .vendor = JG_VENDOR_LIVEKIT, .type = JG_REQUEST_JOIN};
	uint32_t len = (uint32_t)jg_wire_request_build(&wire, &ask, datagram, sizeof(datagram));
	struct jg_captured *to = jg_spool_reserve(witness.packets, (uint32_t)sizeof(*to) + len);
	cr_assert_not_null(to);
	*to = (struct jg_captured){.note = {.reason = JG_REASON_EXPIRED,
					   .vendor = JG_VENDOR_LIVEKIT,
					   .app_len = (uint8_t)strlen(app)},
		.time_ns = INT64_C(1800000000000000000),
		.len = len,
		.peer_port = 40000,
		.family = 4};
	memcpy(to->note.app, app, strlen(app));
	memcpy(to + 1, datagram, len);
	jg_spool_commit(witness.packets);
}

static void wait_for_word(void)
{
	while (atomic_load(&witness.capture) == 0)
		(void)usleep(100);
}

static void wait_for_end(struct jg_capture *capture, struct jg_capture_result *result)
{
	while (!jg_capture_ended(capture))
		(void)usleep(100);
	jg_capture_stop(capture, result);
	cr_assert_eq(atomic_load(&witness.capture), 0, "the members were told to stop");
}

static bool file_holds(const char *text)
{
	static char content[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, content, sizeof(content));
	close(fd);
	cr_assert_gt(n, 0);
	return memmem(content, (size_t)n, text, strlen(text)) != NULL;
}

Test(capture, packets_are_written_without_their_tokens_until_there_are_enough)
{
	struct jg_capture_result result;
	struct jg_capture_options options = options_of(mkstemp(path));
	struct jg_capture *capture = start(&options);
	wait_for_word();
	cr_assert_eq(atomic_load(&witness.capture), UINT64_C(0xffffffffff));
	put_packet("APIa");
	put_packet("APIb");
	put_packet("APIc");
	wait_for_end(capture, &result);
	cr_assert_eq(result.packets, 2);
	cr_assert_eq(result.lost, 0);
	cr_assert_str_eq(result.ended, "packets");
	cr_assert(file_holds("reject expired"));
	cr_assert(file_holds("APIa"));
	cr_assert(file_holds("APIb"));
	cr_assert_not(file_holds("APIc"));
	cr_assert_not(file_holds("eyJ"));
	struct stat st;
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(result.bytes, (uint64_t)st.st_size);
}

Test(capture, with_tokens_they_are_there)
{
	struct jg_capture_options options = options_of(mkstemp(path));
	options.with_tokens = true;
	options.packets = 1;
	struct jg_capture *capture = start(&options);
	wait_for_word();
	put_packet("APIa");
	wait_for_end(capture, NULL);
	cr_assert(file_holds(TOKEN));
}

Test(capture, another_app_with_the_same_hash_is_left_out)
{
	struct jg_capture_options options = options_of(mkstemp(path));
	struct jg_capture_result result;
	strcpy(options.app, "APIb");
	options.reasons = 1u << JG_REASON_EXPIRED;
	options.vendors = 1u << JG_VENDOR_LIVEKIT;
	struct jg_capture *capture = start(&options);
	wait_for_word();
	cr_assert_eq(atomic_load(&witness.capture),
		UINT64_C(1) << JG_REASON_EXPIRED | UINT64_C(1) << (32 + JG_VENDOR_LIVEKIT) |
			(uint64_t)jg_capture_app(JG_STR("APIb")) << 40);
	put_packet("APIa");
	put_packet("APIb");
	put_packet("APIbb");
	put_packet("APIb");
	wait_for_end(capture, &result);
	cr_assert_eq(result.packets, 2);
	cr_assert_not(file_holds("APIa"));
	cr_assert_not(file_holds("APIbb"));
}

Test(capture, what_was_left_of_an_earlier_one_is_passed_over)
{
	struct jg_capture_options options = options_of(mkstemp(path));
	put_packet("APIold");
	options.packets = 1;
	struct jg_capture *capture = start(&options);
	wait_for_word();
	put_packet("APInew");
	wait_for_end(capture, NULL);
	cr_assert_not(file_holds("APIold"));
	cr_assert(file_holds("APInew"));
}

Test(capture, it_can_be_ended_and_tells_what_was_lost)
{
	struct jg_capture_options options = options_of(mkstemp(path));
	struct jg_capture_result result;
	jg_count_set(&counters.value[JG_COUNTER_CAPTURE_LOST], 100);
	struct jg_capture *capture = start(&options);
	wait_for_word();
	jg_count_set(&counters.value[JG_COUNTER_CAPTURE_LOST], 107);
	jg_capture_end(capture);
	wait_for_end(capture, &result);
	cr_assert_eq(result.packets, 0);
	cr_assert_eq(result.lost, 7);
	cr_assert_str_eq(result.ended, "stopped");
}

Test(capture, a_pipe_that_nobody_reads_does_not_hold_it)
{
	int ends[2];
	struct jg_capture_result result;
	cr_assert_eq(pipe(ends), 0);
	struct jg_capture_options options = options_of(ends[1]);
	options.packets = 0;
	struct jg_capture *capture = start(&options);
	wait_for_word();
	// Until nothing moves any more: the pipe is full, and so are the capture's buffer and the spool.
	unsigned tries = 0;
	while (tries < 2000) {
		if (jg_spool_reserve(witness.packets, 1024) != NULL) {
			put_packet("APIa");
			tries = 0;
			continue;
		}
		(void)usleep(100);
		tries++;
	}
	jg_capture_stop(capture, &result);
	cr_assert_gt(result.bytes, 0);
	close(ends[0]);
}

Test(capture, a_reader_that_goes_away_ends_it)
{
	int ends[2];
	struct jg_capture_result result;
	cr_assert_eq(pipe(ends), 0);
	struct jg_capture_options options = options_of(ends[1]);
	struct jg_capture *capture = start(&options);
	wait_for_word();
	close(ends[0]);
	put_packet("APIa");
	wait_for_end(capture, &result);
	cr_assert_str_eq(result.ended, "Broken pipe");
}

Test(capture, what_cannot_be_written_is_refused)
{
	struct jg_error err;
	int sockets[2];
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	const int bad[] = {open("/tmp", O_RDONLY), open("/dev/null", O_WRONLY), sockets[0],
		open("/proc/self/status", O_RDONLY), -1};
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		struct jg_capture_options options = options_of(bad[i]);
		cr_assert_null(jg_capture_start(&options, &err), "%zu", i);
		cr_assert_not_null(strstr(err.text, "what was passed"));
	}
	close(sockets[1]);
}

// From here on over the admin socket.

static struct harness h;

static void setup_gate(void)
{
	const struct jg_control_member gate = {.name = "worker 0",
		.channel = &h.channel,
		.witness = &witness,
		.counters = &counters};
	setup();
	harness_init(&h);
	harness_write(&h, false, HARNESS_APPS);
	cr_assert(harness_open(&h, true), "%s", h.err.text);
	cr_assert_eq(jg_control_add(h.control, &gate, &h.err), 0);
	cr_assert_eq(jg_control_start(h.control, &h.err), 0, "%s", h.err.text);
}

static void teardown_gate(void)
{
	harness_fini(&h);
	teardown();
}

TestSuite(capture_request, .init = setup_gate, .fini = teardown_gate);

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, h.socket);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void pass(int to, const char *request, const int *fds, size_t n)
{
	char control[CMSG_SPACE(4 * sizeof(int))] = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)request, .iov_len = strlen(request)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int))};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	*head = (struct cmsghdr){.cmsg_len = CMSG_LEN(n * sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(head), fds, n * sizeof(int));
	cr_assert_gt(sendmsg(to, &message, MSG_NOSIGNAL), 0);
}

static json_t *hear(int fd)
{
	char line[65536];
	size_t n = 0;
	while (n + 1 < sizeof(line) && recv(fd, line + n, 1, 0) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
	json_t *reply = json_loads(line, 0, NULL);
	cr_assert_not_null(reply, "%s", line);
	return reply;
}

static void refused(const char *request, const int *fds, size_t n, const char *words)
{
	int fd = dial();
	if (n > 0)
		pass(fd, request, fds, n);
	else
		cr_assert_gt(send(fd, request, strlen(request), 0), 0);
	json_t *reply = hear(fd);
	const char *error = json_string_value(json_object_get(reply, "error"));
	cr_assert_not_null(error, "it was done: %s", request);
	cr_assert_not_null(strstr(error, words), "%s", error);
	json_decref(reply);
	close(fd);
}

Test(capture_request, a_file_is_filled_and_the_reply_tells_how)
{
	int file = mkstemp(path);
	int fd = dial();
	pass(fd, "{\"command\":\"capture\",\"count\":1,\"verdict\":\"reject\"}\n", &file, 1);
	close(file);
	wait_for_word();
	cr_assert_eq(atomic_load(&witness.capture) & 1, 0, "admitted joins are not wanted");
	put_packet("APItest");
	json_t *reply = hear(fd);
	cr_assert(json_is_true(json_object_get(reply, "ok")));
	cr_assert_eq(json_integer_value(json_object_get(reply, "captured")), 1);
	cr_assert_str_eq(json_string_value(json_object_get(reply, "ended")), "packets");
	json_decref(reply);
	close(fd);
	cr_assert(file_holds("APItest"));
}

Test(capture_request, who_goes_away_ends_it_and_the_next_one_may)
{
	int file = mkstemp(path);
	for (unsigned i = 0; i < 2; i++) {
		int fd = dial();
		// The first may still be ending: busy, then.
		for (json_t *reply = NULL; atomic_load(&witness.capture) == 0;) {
			pass(fd, "{\"command\":\"capture\"}\n", &file, 1);
			(void)usleep(50000);
			char byte;
			if (recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1)
				json_decref(reply = hear(fd));
		}
		refused("{\"command\":\"capture\"}\n", &file, 1, "somebody captures already");
		close(fd);
		while (atomic_load(&witness.capture) != 0)
			(void)usleep(100);
	}
	close(file);
}

Test(capture_request, what_makes_no_sense_is_refused)
{
	static const struct {
		char request[100];
		char words[60];
	} rows[] = {
		{"\"verdict\":\"maybe\"", "neither admit nor reject"},
		{"\"verdict\":1", "neither admit nor reject"},
		{"\"reasons\":[\"tired\"]", "there is no reason"},
		{"\"reasons\":\"expired\"", "reasons is no list"},
		{"\"reasons\":[5]", "there is no reason"},
		{"\"verdict\":\"admit\",\"reasons\":[\"expired\"]", "no verdict admit"},
		{"\"app\":\"nobody\"", "there is no app"},
		{"\"vendor\":\"acme\"", "vendor is unknown"},
		{"\"count\":0", "count is out of range"},
		{"\"count\":\"many\"", "count is out of range"},
		{"\"seconds\":86401", "seconds is out of range"},
	};
	int file = mkstemp(path);
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		char request[2000];
		snprintf(request, sizeof(request), "{\"command\":\"capture\",%s}\n",
			rows[i].request);
		refused(request, &file, 1, rows[i].words);
	}
	close(file);
}

Test(capture_request, without_a_descriptor_there_is_no_capture)
{
	refused("{\"command\":\"capture\"}\n", NULL, 0, "pass the descriptor");
	int folder = open("/tmp", O_RDONLY);
	refused("{\"command\":\"capture\"}\n", &folder, 1, "what was passed");
	close(folder);
	ASK_FAILS(&h, "invalid", "pass the descriptor", "{\"command\":\"capture\"}");
}

static unsigned open_descriptors(void)
{
	unsigned n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

Test(capture_request, descriptors_that_nobody_wants_are_closed)
{
	int file = mkstemp(path);
	const int four[] = {file, file, file, file};
	int fd = dial();
	json_decref((pass(fd, "{\"command\":\"version\"}\n", four, 1), hear(fd)));
	unsigned before = open_descriptors();
	for (unsigned i = 0; i < 5; i++) {
		pass(fd, "{\"command\":\"version\"}\n", four, 1 + i % 4);
		json_decref(hear(fd));
		pass(fd, "{\"command\":", four, 1);
		pass(fd, "\"version\"}\n", four, 4);
		json_decref(hear(fd));
	}
	cr_assert_eq(open_descriptors(), before);
	close(fd);
	close(file);
}

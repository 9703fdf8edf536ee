// SPDX-License-Identifier: BSD-3-Clause
// docs/wire.md and its example client say what the codec does.
#include "fake_gate.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define DOC_TOKEN                                                                                \
	"eyJhbGciOiJIUzI1NiJ9."                                                                  \
	"eyJpc3MiOiJBUElkb2MiLCJzdWIiOiJhbm4iLCJleHAiOjE4MDAwMDM2MDAsInZpZGVvIjp7InJvb21Kb2luIj" \
	"p0cnVlLCJyb29tIjoicjEifX0."                                                             \
	"1May7TnJdBpM98qZsrTvpUYjqBuaXpsqalpZtGOEV3o"

static uint8_t datagram[JG_WIRE_DATAGRAM_MAX];

static const char *docs(const char *name)
{
	static char path[4096];
	snprintf(path, sizeof(path), "%s/%s", getenv("JG_DOCS"), name);
	return path;
}

static char *read_text(const char *path)
{
	static char text[65536];
	FILE *file = fopen(path, "rb");
	cr_assert_not_null(file, "%s", path);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

// "0000  4a 47 01 01 …" with 16 bytes a line.
static void dump(const uint8_t *bytes, size_t len, char *text, size_t size)
{
	size_t n = 0;
	for (size_t at = 0; at < len; at++) {
		if (at % 16 == 0)
			n += (size_t)snprintf(text + n, size - n, "%04zx ", at);
		n += (size_t)snprintf(text + n, size - n, " %02x", bytes[at]);
		if (at % 16 == 15 || at == len - 1)
			n += (size_t)snprintf(text + n, size - n, "\n");
	}
}

static struct jg_verdict doc_verdict(void)
{
	return (struct jg_verdict){
		.capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE) |
			JG_CAPABILITY_PUBLISH | JG_CAPABILITY(PUBLISH_DATA),
		.issued_at = JG_TIME_NONE,
		.expires_at = 1800003600,
		.epoch = 7,
		.identity = JG_STR("ann"),
		.room = JG_STR("r1"),
		.vendor = JG_VENDOR_LIVEKIT,
		.format = JG_FORMAT_JWT_HS256,
		.verified = true,
	};
}

static void check_dump(const char *text, size_t len)
{
	char hex[4096];
	dump(datagram, len, hex, sizeof(hex));
	cr_assert_not_null(strstr(text, hex), "docs/wire.md should have\n%s", hex);
}

Test(wire_doc, hex_dumps_are_what_the_codec_writes)
{
	struct jg_error err;
	const struct jg_wire_request wire = {.id = UINT64_C(0x5ca1ab1e00000001),
		.flags = JG_WIRE_WANT(IDENTITY) | JG_WIRE_WANT(ROOM),
		.front_end = 1,
		.type = JG_REQUEST_JOIN};
	const struct jg_request request = {.token = JG_STR(DOC_TOKEN), .vendor = JG_VENDOR_LIVEKIT};
	const struct jg_verdict verdict = doc_verdict();
	const char *text = read_text(docs("wire.md"));
	struct jg_wire_key *key = jg_wire_key_new(SAMPLE_KEY, strlen(SAMPLE_KEY), &err);
	size_t len = jg_wire_request_build(&wire, &request, datagram, sizeof(datagram));
	cr_assert(jg_wire_request_sign(key, datagram, len));
	cr_assert_not_null(strstr(text, DOC_TOKEN));
	cr_assert_not_null(strstr(text, SAMPLE_KEY));
	check_dump(text, len);
	len = fake_gate_answer(datagram, len, &verdict);
	check_dump(text, len);
	jg_wire_key_free(key);
}

// A row "| code | `name` |" of the table behind each heading.
static void check_row(const char *text, unsigned code, const char *name)
{
	char row[128];
	snprintf(row, sizeof(row), "| %u | `%s` |", code, name);
	cr_assert_not_null(strstr(text, row), "docs/wire.md should have %s", row);
}

Test(wire_doc, tables_hold_every_code)
{
	const char *text = read_text(docs("wire.md"));
	for (unsigned code = 0; code < JG_REASON_COUNT; code++)
		check_row(text, code, jg_reason_name(code));
	for (unsigned code = 1; code < JG_VENDOR_COUNT; code++)
		check_row(text, code, jg_vendor_name(code));
	for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT; bit++)
		check_row(text, bit, jg_capability_name(bit));
	for (unsigned fate = 1; fate < JG_WIRE_FATE_COUNT; fate++) {
		char row[64];
		snprintf(row, sizeof(row), "| `%s` |", jg_wire_fate_name(fate));
		cr_assert_not_null(strstr(text, row), "docs/wire.md should have %s", row);
	}
}

// Before the good reply come a forged one and one of the request itself.
static void answer_one(int fd, const struct jg_verdict *verdict)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);
	const ssize_t got =
		recvfrom(fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&peer, &size);
	cr_assert_gt(got, 0);
	const struct sockaddr *to = (const struct sockaddr *)&peer;
	(void)sendto(fd, datagram, (size_t)got, 0, to, size);
	const size_t len = fake_gate_answer(datagram, (size_t)got, verdict);
	cr_assert_gt(len, 0, "the example's MAC does not hold");
	datagram[30] ^= 1;
	(void)sendto(fd, datagram, len, 0, to, size);
	datagram[30] ^= 1;
	cr_assert_eq(sendto(fd, datagram, len, 0, to, size), (ssize_t)len);
}

static int run_example(const struct jg_verdict *verdict, const char *token, char *text, size_t size)
{
	char command[8192];
	char key_file[] = "/tmp/jg_wire_doc_XXXXXX";
	const int key = mkstemp(key_file);
	uint16_t port;
	const int fd = fake_gate_listen(&port);
	cr_assert_eq(write(key, SAMPLE_KEY "\n", 33), 33);
	snprintf(command, sizeof(command), "python3 '%s' 127.0.0.1 %u 1 %s '%s'",
		docs("examples/ask.py"), port, key_file, token);
	FILE *out = popen(command, "r");
	cr_assert_not_null(out);
	answer_one(fd, verdict);
	text[fread(text, 1, size - 1, out)] = '\0';
	const int status = pclose(out);
	unlink(key_file);
	close(key);
	close(fd);
	return WEXITSTATUS(status);
}

Test(wire_doc, example_client_reads_an_admission, .timeout = 60)
{
	char text[4096];
	const struct jg_verdict verdict = doc_verdict();
	cr_assert_eq(run_example(&verdict, DOC_TOKEN, text, sizeof(text)), 0, "%s", text);
	cr_assert_not_null(strstr(text, "'admit': True"), "%s", text);
	cr_assert_not_null(strstr(text, "'identity': 'ann'"), "%s", text);
	cr_assert_not_null(strstr(text, "'room': 'r1'"), "%s", text);
	cr_assert_not_null(strstr(text, "'expires_at': 1800003600"), "%s", text);
}

Test(wire_doc, example_client_reads_a_refusal_of_a_token_that_is_no_jwt, .timeout = 60)
{
	char text[4096];
	const struct jg_verdict verdict = {.reason = JG_REASON_MALFORMED,
		.vendor = JG_VENDOR_LIVEKIT,
		.issued_at = JG_TIME_NONE,
		.expires_at = JG_TIME_NONE};
	cr_assert_eq(run_example(&verdict, "nonsense", text, sizeof(text)), 1, "%s", text);
	cr_assert_not_null(strstr(text, "'admit': False, 'reason': 2"), "%s", text);
	cr_assert_not_null(strstr(text, "'expires_at': None"), "%s", text);
}

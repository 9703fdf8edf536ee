// SPDX-License-Identifier: BSD-3-Clause
#include "lines.h"
#include "request.h"
#include "text.h"
#include "verdict.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <unistd.h>

static int input_of(const char *text, size_t len)
{
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], text, len), (ssize_t)len);
	close(ends[1]);
	return ends[0];
}

Test(lines, are_handed_out_one_by_one)
{
	static const char text[] = "one\n\ntwo\r\nthree";
	static const char *const want[] = {"one", "", "two\r", "three"};
	struct lines lines;
	int fd = input_of(text, sizeof(text) - 1);
	char *line;
	size_t len;
	lines_init(&lines, fd);
	for (size_t i = 0; i < JG_ARRAY_SIZE(want); i++) {
		cr_assert_eq(lines_next(&lines, true, &line, &len), LINE_READY);
		cr_expect(len == strlen(want[i]) && memcmp(line, want[i], len) == 0);
		cr_expect_eq(lines.number, i + 1);
	}
	cr_expect_eq(lines_next(&lines, true, &line, &len), LINE_END);
	lines_fini(&lines);
	close(fd);
}

Test(lines, a_pause_is_told_from_the_end)
{
	int ends[2];
	struct lines lines;
	char *line;
	size_t len;
	cr_assert_eq(pipe(ends), 0);
	lines_init(&lines, ends[0]);
	cr_expect_eq(lines_next(&lines, false, &line, &len), LINE_PAUSE);
	cr_assert_eq(write(ends[1], "ha", 2), 2);
	cr_expect_eq(lines_next(&lines, false, &line, &len), LINE_PAUSE);
	cr_assert_eq(write(ends[1], "lf\n", 3), 3);
	cr_assert_eq(lines_next(&lines, false, &line, &len), LINE_READY);
	cr_expect(len == 4 && memcmp(line, "half", 4) == 0);
	close(ends[1]);
	cr_expect_eq(lines_next(&lines, false, &line, &len), LINE_END);
	lines_fini(&lines);
	close(ends[0]);
}

Test(lines, long_ones_grow_the_buffer_up_to_the_limit)
{
	size_t n = LINE_MAX_BYTES + 1;
	char path[] = "/tmp/joingate-lines-XXXXXX";
	int fd = mkstemp(path);
	char *text = malloc(n);
	struct lines lines;
	char *line;
	size_t len;
	cr_assert(fd >= 0 && text != NULL);
	(void)unlink(path);
	memset(text, 'x', n);
	text[100000] = '\n';
	cr_assert_eq(write(fd, text, 100001), 100001);
	text[100000] = 'x';
	cr_assert_eq(write(fd, text, n), (ssize_t)n);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	lines_init(&lines, fd);
	cr_assert_eq(lines_next(&lines, true, &line, &len), LINE_READY);
	cr_expect_eq(len, 100000);
	cr_expect_eq(lines_next(&lines, true, &line, &len), LINE_TOO_LONG);
	lines_fini(&lines);
	close(fd);
	free(text);
}

static bool parse(const char *text, struct request_line *parsed, struct jg_error *err)
{
	char copy[512];
	size_t len = strlen(text);
	cr_assert_lt(len, sizeof(copy));
	memcpy(copy, text, len);
	return request_parse(parsed, copy, len, NULL, err);
}

Test(lines, a_request_is_read_whole)
{
	struct request_line parsed;
	struct jg_error err = {""};
	cr_assert(parse("{\"token\": \"t\\u0000\", \"vendor\": \"agora\", \"app\": \"\", \"room\": "
			"\"\", "
			"\"identity\": null, \"service\": \"rtm\", \"type\": \"refresh\", \"now\": "
			"5}",
			  &parsed, &err),
		"%s", err.text);
	cr_expect(jg_str_eq(parsed.request.token, JG_STR("t\0")));
	cr_expect_eq(parsed.request.vendor, JG_VENDOR_AGORA);
	cr_expect_null(parsed.request.app.p);
	cr_expect_not_null(parsed.request.room.p);
	cr_expect_null(parsed.request.identity.p);
	cr_expect_eq(parsed.request.service, JG_SERVICE_RTM);
	cr_expect_eq(parsed.request.type, JG_REQUEST_REFRESH);
	cr_expect_eq(parsed.now, 5);
	request_fini(&parsed);
}

Test(lines, mistakes_in_a_request_are_told)
{
	static const struct {
		const char *text, *problem;
	} table[] = {
		{"", "not JSON: '[' or '{' expected, column 0; expected one object a line"},
		{"[1]", "not a JSON object; expected one object a line"},
		{"{}", "no field \"token\""},
		{"{\"tokn\": \"x\"}", "unknown field \"tokn\"; see --help for the fields"},
		{"{\"token\": 5}", "field \"token\" is not text"},
		{"{\"token\": \"x\", \"now\": \"5\"}", "field \"now\" is not a whole number"},
		{"{\"token\": \"x\", \"type\": \"ping\"}",
			"field \"type\" is \"ping\", which is none of its words"},
		{"{\"token\": \"x\", \"vendor\": \"zoom\"}",
			"field \"vendor\" is \"zoom\"; expected livekit, stream, opentok, vonage "
			"or agora"},
	};
	for (size_t i = 0; i < JG_ARRAY_SIZE(table); i++) {
		struct request_line parsed;
		struct jg_error err = {""};
		cr_expect_not(parse(table[i].text, &parsed, &err));
		cr_expect_str_eq(err.text, table[i].problem);
	}
}

Test(lines, a_token_never_stands_in_a_message)
{
	struct request_line parsed;
	struct jg_error err = {""};
	cr_expect_not(parse("{\"token\": \"HUSH\" \"HUSH\"}", &parsed, &err));
	cr_expect_null(strstr(err.text, "HUSH"));
}

Test(lines, unpaired_surrogates_are_mended_and_pairs_kept)
{
	static const struct {
		const char *text, *token;
	} table[] = {
		{"{\"token\": \"\\ud83c\\udfa5\"}", "\xf0\x9f\x8e\xa5"},
		{"{\"token\": \"\\ud800\"}", "\xef\xbf\xbd"},
		{"{\"token\": \"\\udfa5\\ud83c\"}", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"{\"token\": \"\\\\ud800\"}", "\\ud800"},
		{"{\"token\": \"\\ud83c\\ud83c\\udfa5\"}", "\xef\xbf\xbd\xf0\x9f\x8e\xa5"},
	};
	for (size_t i = 0; i < JG_ARRAY_SIZE(table); i++) {
		struct request_line parsed;
		struct jg_error err = {""};
		cr_assert(parse(table[i].text, &parsed, &err), "%s", err.text);
		cr_expect_str_eq(parsed.request.token.p, table[i].token);
		request_fini(&parsed);
	}
}

Test(lines, text_is_escaped_so_that_a_line_stays_one)
{
	struct text text = {0};
	text_add_json(
		&text, JG_STR("a\"\\\n\x01\xc3\xa9\x7f\xc2\x85\xe2\x80\xa8\xff\xed\xa0\x80z"));
	text_add(&text, "", 1);
	cr_expect_str_eq(text.p,
		"\"a\\\"\\\\\\n\\u0001\xc3\xa9\\u007f\\u0085\\u2028"
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
	text_fini(&text);
}

Test(lines, a_verdict_has_its_fields_in_order)
{
	static const struct jg_capability_expiry ends[] = {
		{JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE), 20},
		{JG_CAPABILITY(JOIN) | JG_CAPABILITY(HIDDEN), 10}};
	const struct jg_verdict verdict = {
		.vendor = JG_VENDOR_LIVEKIT,
		.capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE),
		.app = JG_STR("k"),
		.identity = JG_STR("i"),
		.attributes = JG_STR("{ \"a b\" :\n \"\\\" c\" }"),
		.layout_classes = JG_STR("x y"),
		.capability_expires = ends,
		.capability_expires_n = 2,
		.issued_at = JG_TIME_NONE,
		.expires_at = 7,
		.verified = true,
		.token_id = {0xab},
		.epoch = 3,
	};
	struct text text = {0};
	verdict_add(&text, &verdict, NULL);
	text_add(&text, "", 1);
	cr_expect_str_eq(text.p,
		"{\"verdict\": \"admit\", \"vendor\": \"livekit\", \"app\": \"k\", \"identity\": "
		"\"i\", "
		"\"name\": \"\", \"room\": \"\", \"capabilities\": [\"join\", \"subscribe\"], "
		"\"capability_expires\": {\"join\": 10, \"subscribe\": 20}, \"role\": \"\", "
		"\"kind\": \"\", "
		"\"attributes\": {\"a b\":\"\\\" c\"}, \"layout_classes\": [\"x\", \"y\"], "
		"\"metadata\": \"\", "
		"\"issued_at\": null, \"expires_at\": 7, \"key\": \"\", \"token_id\": "
		"\"ab000000000000000000000000000000\", \"epoch\": 3}");
	text_fini(&text);
}

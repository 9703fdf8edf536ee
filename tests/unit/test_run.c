// SPDX-License-Identifier: BSD-3-Clause
// Whole runs against a gate of ours on loopback, which answers as it is told.
#include "load_world.h"
#include "report.h"
#include "report_plot.h"
#include "result.h"
#include "run.h"
#include "target.h"
#include "view.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW INT64_C(1800000000)

enum manner {
	HONEST,
	SILENT,
	ALWAYS_EXPIRED, // says so of every token
	TOO_GENEROUS, // gives good tokens capabilities that they lack
	OVERLOADED,
	OTHER_IDS, // answers what nobody asked
	ASLEEP, // from the 106th request to the 205th: of the measured ones a hundred
};

static struct gate {
	enum manner manner;
	unsigned asked;
	int fd;
	_Atomic bool stop;
	pthread_t thread;
	struct jg_snapshot *snapshot;
	struct jg_cut_offs *cut_offs;
	struct jg_verifier *verifier;
	struct target target;
	struct way *way;
	char address[32];
} gate;

static struct jg_config *config;
static struct pool pool;
static struct options options;
static struct outcome outcome;
static struct jg_error err;

static void answer(const uint8_t *bytes, size_t len, const struct sockaddr *to, socklen_t to_len)
{
	struct jg_wire_request wire;
	struct jg_request request;
	struct jg_verdict verdict;
	uint8_t reply[JG_WIRE_DATAGRAM_MAX];
	gate.asked++;
	if (gate.manner == SILENT ||
		(gate.manner == ASLEEP && gate.asked > 105 && gate.asked <= 205) ||
		jg_wire_request_parse(bytes, len, &wire, &request) != JG_WIRE_FATE_OK)
		return;
	jg_verify_burst(gate.verifier, gate.snapshot, NOW, &request, &verdict, 1);
	if (gate.manner == ALWAYS_EXPIRED || gate.manner == OVERLOADED) {
		verdict = (struct jg_verdict){.vendor = verdict.vendor, .app_index = UINT32_MAX};
		verdict.reason =
			gate.manner == OVERLOADED ? JG_REASON_OVERLOADED : JG_REASON_EXPIRED;
	} else if (gate.manner == TOO_GENEROUS) {
		verdict.capabilities |= JG_CAPABILITY(ROOM_ADMIN);
	} else if (gate.manner == OTHER_IDS) {
		wire.id ^= 1ull << 40;
	}
	const size_t n = jg_wire_reply_build(
		&wire, &verdict, (struct jg_str){NULL, 0}, reply, sizeof(reply));
	(void)!sendto(gate.fd, reply, n, 0, to, to_len);
}

static void *serve(void *unused)
{
	static uint8_t bytes[JG_WIRE_DATAGRAM_MAX];
	(void)unused;
	while (!gate.stop) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		const ssize_t len = recvfrom(
			gate.fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);
		if (len > 0)
			answer(bytes, (size_t)len, (struct sockaddr *)&from, from_len);
	}
	return NULL;
}

static void open_gate(enum manner manner)
{
	const struct timeval moment = {.tv_usec = 20000};
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	gate.manner = manner;
	gate.asked = 0;
	gate.stop = false;
	gate.fd = socket(AF_INET, SOCK_DGRAM, 0);
	cr_assert_eq(bind(gate.fd, (struct sockaddr *)&address, len), 0);
	cr_assert_eq(getsockname(gate.fd, (struct sockaddr *)&address, &len), 0);
	cr_assert_eq(setsockopt(gate.fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment)), 0);
	snprintf(gate.address, sizeof(gate.address), "127.0.0.1:%u", ntohs(address.sin_port));
	gate.cut_offs = jg_cut_offs_new(4, &err);
	cr_assert_eq(jg_config_seed_cut_offs(config, gate.cut_offs, &err), 0);
	gate.snapshot = jg_config_snapshot(config, gate.cut_offs, 1, &err);
	gate.verifier = jg_verifier_new(NULL, &err);
	cr_assert(gate.snapshot != NULL && gate.verifier != NULL, "%s", err.text);
	cr_assert_eq(pthread_create(&gate.thread, NULL, serve, NULL), 0);
}

static void close_gate(void)
{
	gate.stop = true;
	pthread_join(gate.thread, NULL);
	close(gate.fd);
	jg_verifier_free(gate.verifier);
	jg_snapshot_free(gate.snapshot);
	jg_cut_offs_free(gate.cut_offs);
}

// A second of load on a gate of this manner.
static void run(enum manner manner, struct watcher *watcher)
{
	char *argv[] = {"joingate-load", "--gate", "127.0.0.1", "--config", "x", "--rate", "300",
		"--duration", "1", "--warm-up", "0.2", "--timeout", "300", "--bad", "20",
		"--senders", "2", "--slo", "wrong==0,loss<0.5", "--seed", "4"};
	config = load_world("");
	open_gate(manner);
	cr_assert_eq(options_read(&options, JG_ARRAY_SIZE(argv), argv, &err), 0, "%s", err.text);
	const struct pool_options minting = {
		.mix = options.mix, .n = 500, .seed = 4, .now = NOW, .ttl = 3600};
	cr_assert_eq(pool_mint(&pool, config, &minting, &err), 0, "%s", err.text);
	cr_assert_eq(target_parse(&gate.target, gate.address, &err), 0);
	cr_assert_eq(target_check(&gate.target, NULL, 0, &err), 0);
	gate.way = way_socket_open(&gate.target, &err);
	struct run_options o = {.pool = &pool,
		.way = gate.way,
		.profile = options.profile,
		.timeout = options.timeout,
		.late = options.late,
		.senders = options.senders,
		.seed = 4};
	o.cpus[0] = o.cpus[1] = -1;
	cr_assert_eq(run_load(&o, watcher, &outcome, &err), 0, "%s", err.text);
	close_gate();
}

static void clean_up(void)
{
	gate.way->ops->close(gate.way);
	outcome_fini(&outcome);
	pool_fini(&pool);
	jg_config_free(config);
}

static uint64_t tally(enum tally tally)
{
	return outcome.totals.tally[1][tally];
}

Test(run, an_honest_gate_is_right_about_every_token)
{
	run(HONEST, NULL);
	cr_assert_eq(tally(TALLY_SENT), 300);
	cr_assert_eq(tally(TALLY_ANSWERED) + tally(TALLY_UNANSWERED), 300);
	cr_assert_gt(tally(TALLY_ANSWERED), 0);
	cr_assert_eq(tally(TALLY_WRONG), 0);
	cr_assert_eq(outcome.totals.tally[0][TALLY_SENT], 6);
	cr_assert_eq(outcome.latency->total, tally(TALLY_ANSWERED));
	cr_assert_eq(outcome.rows[0].sent, 300);
	cr_assert_gt(outcome.rows[0].arrived, 0);
	cr_assert_gt(outcome.rows[0].max, 0);
	cr_assert_eq(outcome.totals.in_flight, 0);
	cr_assert_gt(outcome.sending, 0.9);
	const struct slo_result result = outcome_result(&outcome);
	cr_assert_leq(result.achieved, 1);
	outcome.sending = 4;
	cr_assert(outcome_result(&outcome).achieved < 0.26, "a quarter of the rate");
	clean_up();
}

Test(run, silence_counts_as_loss_and_as_the_whole_timeout)
{
	run(SILENT, NULL);
	cr_assert_eq(tally(TALLY_SENT), 300);
	cr_assert_eq(tally(TALLY_UNANSWERED), 300);
	cr_assert_eq(outcome.rows[0].unanswered, 300);
	cr_assert_eq(outcome.latency->total, 0);
	cr_assert_eq(outcome.judged->total, 300);
	cr_assert_eq(outcome.judged->max, options.timeout);
	const struct slo_result result = outcome_result(&outcome);
	cr_assert_not(slo_kept(&options.slo, &result));
	clean_up();
}

Test(run, the_longest_outage_is_told)
{
	run(ASLEEP, NULL);
	cr_assert_geq(tally(TALLY_UNANSWERED), 100);
	// A hundred or more, half of them or all one sender's, each with 150 a second. It is told by when requests
	// were meant to be sent, so that a slow machine loses more but tells no other times.
	const double unanswered = (double)tally(TALLY_UNANSWERED);
	cr_assert(outcome.outage > 0.3 && outcome.outage < (unanswered + 2) / 150, "%f",
		outcome.outage);
	cr_assert(outcome.outage_from >= 0 && outcome.outage_from + outcome.outage < 1.01, "%f",
		outcome.outage_from);
	clean_up();
	run(HONEST, NULL);
	cr_assert_gt(tally(TALLY_ANSWERED), 0);
	cr_assert_eq(tally(TALLY_UNANSWERED) == 0, outcome.outage <= 0);
	clean_up();
}

Test(run, a_wrong_reason_is_found)
{
	run(ALWAYS_EXPIRED, NULL);
	cr_assert_gt(tally(TALLY_WRONG), 0);
	cr_assert_eq(outcome.totals.kinds_wrong[KIND_EXPIRED], 0);
	cr_assert_gt(outcome.totals.kinds_wrong[KIND_GOOD], 0);
	cr_assert_gt(outcome.wrongs_n, 0);
	cr_assert_eq(outcome.wrongs[0].got, JG_REASON_EXPIRED);
	cr_assert_not(outcome.wrongs[0].content);
	clean_up();
}

Test(run, a_capability_too_many_is_found)
{
	run(TOO_GENEROUS, NULL);
	cr_assert_gt(outcome.totals.kinds_wrong[KIND_GOOD], 0);
	cr_assert_gt(outcome.wrongs_n, 0);
	clean_up();
}

Test(run, an_overloaded_gate_is_not_wrong_but_of_no_use)
{
	run(OVERLOADED, NULL);
	cr_assert_eq(tally(TALLY_WRONG), 0);
	cr_assert_gt(tally(TALLY_OVERLOADED), 0);
	const struct slo_result result = outcome_result(&outcome);
	cr_assert_eq(result.unanswered, 300);
	clean_up();
}

Test(run, answers_to_nothing_are_ignored)
{
	run(OTHER_IDS, NULL);
	cr_assert_eq(tally(TALLY_ANSWERED), 0);
	cr_assert_eq(tally(TALLY_UNANSWERED), 300);
	cr_assert_gt(outcome.totals.ignored[JG_WIRE_FATE_OTHER], 0);
	clean_up();
}

static bool refuse(struct watcher *watcher, const struct moment *moment)
{
	(void)watcher;
	(void)moment;
	return false;
}

Test(run, a_watcher_can_end_it)
{
	struct watcher watcher = {.look = refuse};
	run(HONEST, &watcher);
	cr_assert(outcome.interrupted);
	cr_assert_leq(tally(TALLY_SENT), 300);
	clean_up();
}

Test(run, the_view_shows_what_went_wrong)
{
	static const volatile int go_on = 0;
	char *text = NULL;
	size_t size = 0;
	struct view view;
	FILE *out = open_memstream(&text, &size);
	view_init(&view, out, true, false, &go_on);
	run(ALWAYS_EXPIRED, &view.watcher);
	fclose(out);
	cr_assert_not_null(strstr(text, "expired"));
	cr_assert_not_null(strstr(text, "wrong"));
	cr_assert_not_null(strstr(text, "█"));
	cr_assert_not_null(strstr(text, "p99.9"));
	free(text);
	clean_up();
}

Test(run, plain_lines_have_no_escapes)
{
	static const volatile int go_on = 0;
	char *text = NULL;
	size_t size = 0;
	struct view view;
	FILE *out = open_memstream(&text, &size);
	view_init(&view, out, false, false, &go_on);
	run(HONEST, &view.watcher);
	fclose(out);
	cr_assert_not_null(strstr(text, "target"));
	cr_assert_null(strchr(text, '\033'));
	free(text);
	clean_up();
}

static json_t *build(void)
{
	static const struct generator generator = {.rate = 1e5};
	json_t *environment = json_pack("{ss}", "cpu", "<script>alert(1)</script>");
	const struct result_parts parts = {.options = &options,
		.target = &gate.target,
		.way = gate.way->text,
		.pool = &pool,
		.generator = &generator,
		.outcome = &outcome,
		.environment = environment,
		.started = NOW,
		.status = 99};
	json_t *result = result_build(&parts);
	cr_assert_not_null(result);
	json_decref(environment);
	return result;
}

Test(run, a_result_says_everything)
{
	run(SILENT, NULL);
	json_t *result = build();
	cr_assert_eq((int)result_number(result, "totals.unanswered"), 300);
	cr_assert_eq((int)result_number(result, "settings.seed"), 4);
	cr_assert_str_eq(result_text(result, "settings.profile"), "constant");
	cr_assert_eq(json_array_size(json_object_get(result, "seconds")), 1);
	cr_assert_eq(json_array_size(json_object_get(result, "slo")), 2);
	cr_assert_str_eq(result_text(result, "settings.nothing"), "");
	json_decref(result);
	clean_up();
}

Test(run, a_report_is_one_page_without_foreign_words)
{
	char *text = NULL;
	size_t size = 0;
	run(ALWAYS_EXPIRED, NULL);
	json_t *result = build();
	FILE *out = open_memstream(&text, &size);
	cr_assert_eq(report_write(out, result), 0);
	plot_name(out, "bad_signature");
	fclose(out);
	cr_assert_null(strstr(text, "<script"));
	cr_assert_null(strstr(text, "http"));
	cr_assert_not_null(strstr(text, "&lt;script&gt;"));
	cr_assert_not_null(strstr(text, "Wrong verdicts"));
	cr_assert_not_null(strstr(text, "bad_<wbr>signature"));
	cr_assert_not_null(strstr(text, "<td>slo<td>wrong==0, loss&lt;0.5"));
	cr_assert_not_null(strstr(text, "<svg"));
	cr_assert_not_null(strstr(text, "prefers-color-scheme"));
	free(text);
	json_decref(result);
	clean_up();
}

Test(run, an_outage_is_red_in_the_report)
{
	char *text = NULL;
	size_t size = 0;
	run(SILENT, NULL);
	json_t *result = build();
	FILE *out = open_memstream(&text, &size);
	cr_assert_eq(report_write(out, result), 0);
	fclose(out);
	cr_assert_not_null(strstr(text, "<rect class=lost"));
	cr_assert_not_null(strstr(text, "no answer"));
	cr_assert_not_null(strstr(text, "Limit: "));
	cr_assert_not_null(strstr(text, "longest outage"));
	free(text);
	json_decref(result);
	clean_up();
}

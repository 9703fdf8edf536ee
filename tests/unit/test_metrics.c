// SPDX-License-Identifier: BSD-3-Clause
#include "control_harness.h"
#include "internal/gate.h"
#include "metrics.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static struct harness h;
static struct jg_metrics *metrics;
static alignas(JG_CACHE_LINE) struct jg_counters counters;
static struct jg_port_stats port = {.device = "eth0", .link_up = true, .mbufs = 8, .mbufs_free = 5};
static struct jg_control_ports ports;

static int read_port(const void *gate, unsigned number, struct jg_port_stats *stats)
{
	(void)gate;
	(void)number;
	*stats = port;
	return 0;
}

static void setup(void)
{
	const struct jg_control_member member = {
		.name = "worker 0", .channel = &h.channel, .counters = &counters};
	harness_init(&h);
	harness_write(&h, false, HARNESS_APPS);
	cr_assert(harness_open(&h, false), "%s", h.err.text);
	cr_assert_eq(jg_control_add(h.control, &member, &h.err), 0);
	ports = (struct jg_control_ports){.n = 1, .cycles_per_second = 1000, .read = read_port};
	jg_control_watch_ports(h.control, &ports);
	cr_assert_eq(jg_control_start(h.control, &h.err), 0, "%s", h.err.text);
	const struct jg_metrics_options options = {
		.control = h.control, .listen = {.bytes = {127, 0, 0, 1}, .family = 4}};
	metrics = jg_metrics_start(&options, &h.err);
	cr_assert_not_null(metrics, "%s", h.err.text);
}

static void teardown(void)
{
	jg_metrics_stop(metrics);
	harness_fini(&h);
}

TestSuite(metrics, .init = setup, .fini = teardown);

static int dial(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(jg_metrics_port(metrics))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	const struct timeval patience = {.tv_sec = 20};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

// What comes back for these bytes until the server closes.
static const char *exchange(const char *request)
{
	static char answer[1 << 20];
	size_t n = 0;
	ssize_t got;
	int fd = dial();
	(void)send(fd, request, strlen(request), MSG_NOSIGNAL);
	while (n + 1 < sizeof(answer) &&
		(got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0)) > 0)
		n += (size_t)got;
	answer[n] = '\0';
	close(fd);
	return answer;
}

static const char *ask(const char *method, const char *path, const char *more)
{
	char request[1024];
	snprintf(request, sizeof(request),
		"%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n%s\r\n", method, path,
		jg_metrics_port(metrics), more);
	return exchange(request);
}

#define ANSWERS(answer, words)                                             \
	do {                                                               \
		const char *got_ = (answer);                               \
		cr_assert_not_null(strstr(got_, (words)), "%.400s", got_); \
	} while (0)

Test(metrics, the_figures_are_those_of_the_counters)
{
	jg_count_add(&counters.verdicts[JG_VENDOR_STREAM][JG_REASON_EXPIRED], 41);
	jg_count_add(&counters.value[JG_COUNTER_RX_PACKETS], 43);
	const char *answer = ask("GET", "/metrics", "");
	ANSWERS(answer, "HTTP/1.1 200");
	ANSWERS(answer, "text/plain; version=0.0.4");
	ANSWERS(answer, "{vendor=\"stream\",verdict=\"reject\",reason=\"expired\"} 41\n");
	ANSWERS(answer, "joingate_worker_rx_packets_total{worker=\"worker 0\"} 43\n");
	ANSWERS(answer, "joingate_mbuf_free{port=\"eth0\"} 5\n");
	jg_count_add(&counters.value[JG_COUNTER_RX_PACKETS], 1);
	ANSWERS(ask("GET", "/metrics", ""), "rx_packets_total{worker=\"worker 0\"} 44\n");
	ANSWERS(ask("GET", "/stats.json", ""), "\"stream\":{\"expired\":41}");
}

Test(metrics, who_asks_for_openmetrics_gets_it)
{
	const char *answer = ask(
		"GET", "/metrics", "Accept: application/openmetrics-text;version=1.0.0,*/*\r\n");
	ANSWERS(answer, "Content-Type: application/openmetrics-text; version=1.0.0");
	ANSWERS(answer, "\n# EOF\n");
}

Test(metrics, no_secret_is_told)
{
	cr_assert_null(strstr(ask("GET", "/metrics", ""), HARNESS_SECRET));
	cr_assert_null(strstr(ask("GET", "/stats.json", ""), HARNESS_SECRET));
}

Test(metrics, only_reading_is_allowed)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(methods); i++) {
		const char *answer = ask(methods[i], "/metrics", "Content-Length: 0\r\n");
		ANSWERS(answer, "HTTP/1.1 405");
		ANSWERS(answer, "Allow: GET, HEAD");
	}
}

Test(metrics, a_head_has_no_body)
{
	const char *answer = ask("HEAD", "/metrics", "");
	ANSWERS(answer, "HTTP/1.1 200");
	cr_assert_str_eq(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

Test(metrics, another_host_is_refused_but_for_probes)
{
	static const char foreign[] =
		" HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
	static const char *const refused[] = {
		"/", "/metrics", "/stats.json", "/page.js", "/nothing"};
	char request[256];
	for (size_t i = 0; i < JG_ARRAY_SIZE(refused); i++) {
		snprintf(request, sizeof(request), "GET %s%s", refused[i], foreign);
		ANSWERS(exchange(request), "HTTP/1.1 421");
	}
	snprintf(request, sizeof(request), "GET /livez%s", foreign);
	ANSWERS(exchange(request), "HTTP/1.1 200");
	ANSWERS(exchange("GET /metrics HTTP/1.0\r\n\r\n"), "421");
}

Test(metrics, the_page_is_served_with_a_strict_policy)
{
	static const char *const files[] = {"/", "/page.js", "/page.css", "/icon.svg"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(files); i++) {
		const char *answer = ask("GET", files[i], "");
		ANSWERS(answer, "HTTP/1.1 200");
		ANSWERS(answer, "Content-Security-Policy: default-src 'none'; script-src 'self'");
		ANSWERS(answer, "X-Content-Type-Options: nosniff");
	}
}

Test(metrics, what_is_not_there_is_not_found)
{
	static const char *const paths[] = {"/metrics/", "//metrics", "/..", "/%2e%2e/etc/passwd",
		"/index.html", "/page.js/x", "/METRICS"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(paths); i++)
		ANSWERS(ask("GET", paths[i], ""), "HTTP/1.1 404");
}

Test(metrics, nonsense_is_refused_and_harms_nobody)
{
	static const char *const hostile[] = {"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
		"\x16\x03\x01\x02", "GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(hostile); i++)
		cr_assert_null(strstr(exchange(hostile[i]), "joingate_"), "%zu", i);
	ANSWERS(ask("GET", "/readyz", ""), "HTTP/1.1 200");
}

Test(metrics, a_header_without_end_is_refused)
{
	static char request[65536] = "GET /metrics HTTP/1.1\r\nX: ";
	memset(request + strlen(request), 'a', sizeof(request) - strlen(request) - 1);
	cr_assert_null(strstr(exchange(request), "joingate_"));
	ANSWERS(ask("GET", "/readyz", ""), "HTTP/1.1 200");
}

Test(metrics, draining_is_live_and_not_ready)
{
	ANSWERS(ask("GET", "/readyz", ""), "HTTP/1.1 200");
	jg_control_drain(h.control, true);
	ANSWERS(ask("GET", "/readyz", ""), "HTTP/1.1 503");
	ANSWERS(ask("GET", "/readyz", ""), "draining");
	ANSWERS(ask("GET", "/livez", ""), "HTTP/1.1 200");
	jg_control_drain(h.control, false);
	ANSWERS(ask("GET", "/readyz", ""), "HTTP/1.1 200");
}

Test(metrics, a_port_without_a_link_is_not_ready)
{
	port.link_up = false;
	const char *answer = ask("GET", "/readyz", "");
	ANSWERS(answer, "HTTP/1.1 503");
	ANSWERS(answer, "a port is down");
	ANSWERS(ask("GET", "/metrics", ""), "joingate_ready 0\n");
}

Test(metrics, a_loop_that_stands_still_is_not_live)
{
	ANSWERS(ask("GET", "/livez", ""), "HTTP/1.1 200");
	const struct timespec longer_than_allowed = {.tv_sec = 3, .tv_nsec = 200000000};
	nanosleep(&longer_than_allowed, NULL);
	const char *answer = ask("GET", "/livez", "");
	ANSWERS(answer, "HTTP/1.1 503");
	ANSWERS(answer, "worker 0 has stood still for 3 s\n");
	jg_count_add(&counters.value[JG_COUNTER_HEARTBEAT], 1);
	ANSWERS(ask("GET", "/livez", ""), "HTTP/1.1 200");
}

Test(metrics, a_second_server_on_the_same_port_says_so)
{
	const struct jg_metrics_options options = {.control = h.control,
		.listen = {.bytes = {127, 0, 0, 1}, .family = 4, .port = jg_metrics_port(metrics)}};
	cr_assert_null(jg_metrics_start(&options, &h.err));
	cr_assert_not_null(strstr(h.err.text, "metrics.listen"));
	cr_assert_not_null(strstr(h.err.text, "in use"));
}

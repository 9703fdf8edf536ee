// SPDX-License-Identifier: BSD-3-Clause
#include "metrics.h"

#include "engine.h"
#include "figures_json.h"
#include "host.h"
#include "openmetrics.h"
#include "page.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 32
#define IDLE_SECONDS 5
#define CONNECTION_MEMORY 16384
#define STUCK_NS (UINT64_C(3) * 1000000000) // a member whose loop has not turned for so long

#define TEXT_PLAIN "text/plain; charset=utf-8"

struct beat {
	uint64_t count;
	uint64_t seen_ns; // when it was seen to differ for the first time
};

struct jg_metrics {
	struct MHD_Daemon *daemon;
	struct jg_metrics_options options;
	struct jg_str *hosts;
	struct jg_figures *figures; // of the request in hand: one thread, one at a time
	struct beat beats[JG_WORKERS_MAX + 1];
};

struct reply {
	unsigned status;
	const char *type;
	char *text; // owned
	size_t len;
	const void *fixed; // in place of text
};

static void say(struct reply *reply, unsigned status, const char *text)
{
	reply->status = status;
	reply->type = TEXT_PLAIN;
	reply->fixed = text;
	reply->len = strlen(text);
}

// False: nothing was gathered yet, the gate is starting.
static bool look(struct jg_metrics *metrics, struct reply *reply)
{
	jg_control_figures(metrics->options.control, metrics->figures);
	if (metrics->figures->version != NULL)
		return true;
	say(reply, MHD_HTTP_SERVICE_UNAVAILABLE, "the gate is starting\n");
	return false;
}

// What Prometheus asks for first is what it gets.
static void on_metrics(struct jg_metrics *metrics, const char *accept, struct reply *reply)
{
	bool openmetrics = accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
	if (!look(metrics, reply))
		return;
	reply->len = jg_openmetrics_render(metrics->figures,
		openmetrics ? JG_EXPOSITION_OPENMETRICS : JG_EXPOSITION_TEXT, &reply->text);
	reply->type = openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				  : "text/plain; version=0.0.4; charset=utf-8";
	if (reply->len == 0)
		say(reply, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
}

static void on_stats(struct jg_metrics *metrics, const char *accept, struct reply *reply)
{
	(void)accept;
	if (!look(metrics, reply))
		return;
	json_t *json = json_object();
	jg_figures_json(metrics->figures, json);
	reply->len = json_dumpb(json, NULL, 0, JSON_COMPACT);
	reply->text = reply->len == 0 ? NULL : malloc(reply->len);
	reply->type = "application/json";
	if (reply->text == NULL)
		say(reply, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	else
		(void)json_dumpb(json, reply->text, reply->len, JSON_COMPACT);
	json_decref(json);
}

// Has this loop stood still for too long? Where it was never looked at before, it turns.
static bool stands_still(struct beat *beat, uint64_t turns, uint64_t now_ns)
{
	if (turns != beat->count || beat->seen_ns == 0)
		*beat = (struct beat){turns, now_ns};
	return turns != UINT64_MAX && now_ns - beat->seen_ns >= STUCK_NS;
}

// Every loop has turned since the last look, or the last look was just now.
static void on_livez(struct jg_metrics *metrics, const char *accept, struct reply *reply)
{
	(void)accept;
	struct jg_heartbeat beats[JG_WORKERS_MAX + 1];
	unsigned n = jg_control_heartbeats(metrics->options.control, beats, JG_ARRAY_SIZE(beats));
	uint64_t now_ns = jg_monotonic_ns();
	char text[4096] = "";
	size_t used = 0;
	for (unsigned i = 0; i < n; i++) {
		if (!stands_still(&metrics->beats[i], beats[i].turns, now_ns) ||
			used >= sizeof(text))
			continue;
		int more = snprintf(text + used, sizeof(text) - used,
			"%s has stood still for %.0f s\n", beats[i].name,
			(double)(now_ns - metrics->beats[i].seen_ns) / 1e9);
		used += more > 0 ? (size_t)more : 0;
	}
	say(reply, used == 0 ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
		used == 0 ? "live\n" : "a worker stands still\n");
	reply->text = used == 0 ? NULL : strdup(text);
	reply->len = reply->text != NULL ? strlen(text) : reply->len;
}

static void on_readyz(struct jg_metrics *metrics, const char *accept, struct reply *reply)
{
	(void)accept;
	if (!look(metrics, reply))
		return;
	if (metrics->figures->draining != 0)
		say(reply, MHD_HTTP_SERVICE_UNAVAILABLE, "draining\n");
	else if (!jg_control_ready(metrics->options.control))
		say(reply, MHD_HTTP_SERVICE_UNAVAILABLE, "not every worker has the state yet\n");
	else if (metrics->figures->ready == 0)
		say(reply, MHD_HTTP_SERVICE_UNAVAILABLE, "a port is down\n");
	else
		say(reply, MHD_HTTP_OK, "ready\n");
}

// any_host: probes come without a name of ours, and learn nothing but one word.
static const struct route {
	const char *path;
	void (*answer)(struct jg_metrics *metrics, const char *accept, struct reply *reply);
	bool any_host;
} routes[] = {
	{"/metrics", on_metrics, false},
	{"/stats.json", on_stats, false},
	{"/livez", on_livez, true},
	{"/readyz", on_readyz, true},
};

static const struct jg_page_file *find_file(const char *path)
{
	for (size_t i = 0; i < jg_page_files_n; i++)
		if (strcmp(jg_page_files[i].path, path) == 0)
			return &jg_page_files[i];
	return NULL;
}

static void give_file(const struct jg_page_file *file, struct reply *reply)
{
	reply->type = file->type;
	reply->fixed = file->bytes;
	reply->len = file->len;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void choose(struct jg_metrics *metrics, struct MHD_Connection *connection, const char *url,
	const char *method, struct reply *reply)
{
	const struct route *route = NULL;
	const struct jg_page_file *file = find_file(url);
	for (size_t i = 0; i < JG_ARRAY_SIZE(routes); i++)
		if (strcmp(routes[i].path, url) == 0)
			route = &routes[i];
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		say(reply, MHD_HTTP_METHOD_NOT_ALLOWED, "expected GET or HEAD\n");
	else if ((route == NULL || !route->any_host) &&
		!jg_host_allowed(header(connection, MHD_HTTP_HEADER_HOST), &metrics->options.listen,
			metrics->hosts, metrics->options.hosts_n))
		say(reply, MHD_HTTP_MISDIRECTED_REQUEST,
			"this Host is not ours; use the address of metrics.listen, or name it in "
			"metrics.hosts\n");
	else if (route != NULL)
		route->answer(metrics, header(connection, MHD_HTTP_HEADER_ACCEPT), reply);
	else if (file != NULL)
		give_file(file, reply);
	else
		say(reply, MHD_HTTP_NOT_FOUND, "there are /, /metrics, /livez and /readyz\n");
}

// The page runs its own script and style alone, talks to us alone, and stands in no frame.
static void add_headers(struct MHD_Response *response, const struct reply *reply)
{
	static const char *const fixed[][2] = {
		{"Cache-Control", "no-store"},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
			"connect-src 'self'; base-uri 'none'; form-action 'none'; "
			"frame-ancestors 'none'"},
	};
	for (size_t i = 0; i < JG_ARRAY_SIZE(fixed); i++)
		(void)MHD_add_response_header(response, fixed[i][0], fixed[i][1]);
	(void)MHD_add_response_header(response, "Content-Type", reply->type);
	if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(response, "Allow", "GET, HEAD");
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **state)
{
	struct reply reply = {.status = MHD_HTTP_OK};
	(void)version;
	(void)data;
	(void)size;
	(void)state;
	choose(cls, connection, url, method, &reply);
	struct MHD_Response *response = reply.text != NULL
		? MHD_create_response_from_buffer(reply.len, reply.text, MHD_RESPMEM_MUST_FREE)
		: MHD_create_response_from_buffer(
			  reply.len, (void *)(uintptr_t)reply.fixed, MHD_RESPMEM_PERSISTENT);
	if (response == NULL) {
		free(reply.text);
		return MHD_NO;
	}
	add_headers(response, &reply);
	enum MHD_Result result = MHD_queue_response(connection, reply.status, response);
	MHD_destroy_response(response);
	return result;
}

static void socket_address(const struct jg_address *listen, struct sockaddr_storage *to)
{
	*to = (struct sockaddr_storage){0};
	if (listen->family == 4) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(listen->port)};
		memcpy(&in.sin_addr, listen->bytes, sizeof(in.sin_addr));
		memcpy(to, &in, sizeof(in));
		return;
	}
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(listen->port)};
	memcpy(&in6.sin6_addr, listen->bytes, sizeof(in6.sin6_addr));
	memcpy(to, &in6, sizeof(in6));
}

// A socket of ours, so that what went wrong has a name.
static int listen_on(struct jg_address *listen_at)
{
	struct sockaddr_storage address;
	const int on = 1;
	socket_address(listen_at, &address);
	int family = listen_at->family == 4 ? AF_INET : AF_INET6;
	socklen_t len =
		listen_at->family == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, CONNECTIONS_MAX) != 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
		int error = errno;
		(void)close(fd);
		return -error;
	}
	if (family == AF_INET)
		listen_at->port = ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
	else
		listen_at->port = ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port);
	return fd;
}

static bool copy_hosts(struct jg_metrics *metrics)
{
	uint32_t n = metrics->options.hosts_n;
	metrics->hosts = calloc(n + 1u, sizeof(*metrics->hosts));
	if (metrics->hosts == NULL)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct jg_str *host = &metrics->options.hosts[i];
		char *copy = strndup(host->p, host->len);
		if (copy == NULL)
			return false;
		metrics->hosts[i] = (struct jg_str){copy, (uint32_t)strlen(copy)};
	}
	return true;
}

static void start(struct jg_metrics *metrics, struct jg_error *err)
{
	int fd = listen_on(&metrics->options.listen);
	if (fd < 0) {
		jg_error_set(err,
			"metrics.listen: port %u: %s. Is another gate running? Choose another "
			"address, or \"\" for none",
			metrics->options.listen.port, strerror(-fd));
		return;
	}
	metrics->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, NULL,
		NULL, on_request, metrics, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
	if (metrics->daemon == NULL) {
		jg_error_set(err, "metrics: the HTTP thread does not start");
		(void)close(fd);
	}
}

struct jg_metrics *jg_metrics_start(const struct jg_metrics_options *options, struct jg_error *err)
{
	struct jg_metrics *metrics = calloc(1, sizeof(*metrics));
	if (metrics == NULL) {
		jg_error_set(err, "out of memory for the metrics");
		return NULL;
	}
	metrics->options = *options;
	metrics->figures = calloc(1, sizeof(*metrics->figures));
	if (metrics->figures == NULL || !copy_hosts(metrics))
		jg_error_set(err, "out of memory for the metrics");
	else
		start(metrics, err);
	if (metrics->daemon != NULL)
		return metrics;
	jg_metrics_stop(metrics);
	return NULL;
}

void jg_metrics_stop(struct jg_metrics *metrics)
{
	if (metrics == NULL)
		return;
	if (metrics->daemon != NULL)
		MHD_stop_daemon(metrics->daemon);
	for (uint32_t i = 0; metrics->hosts != NULL && i < metrics->options.hosts_n; i++)
		free((char *)(uintptr_t)metrics->hosts[i].p);
	free(metrics->hosts);
	free(metrics->figures);
	free(metrics);
}

uint16_t jg_metrics_port(const struct jg_metrics *metrics)
{
	return metrics->options.listen.port;
}

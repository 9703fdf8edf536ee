// SPDX-License-Identifier: BSD-3-Clause
// joingate token-server: the small server that hands out tokens, for an application's backend.
#include "cli.h"
#include "grant.h"
#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define BODY_MAX 65536
#define CONNECTIONS_MAX 64
#define IDLE_SECONDS 5

static const char help[] =
	"joingate token-server - hand out tokens over HTTP\n"
	"\n"
	"  joingate token-server --config FILE [--now SECONDS]\n"
	"\n"
	"  --config FILE   apps, cut_offs and token_server of this file are used\n"
	"  --now SECONDS   issue as if it were always then (for tests)\n"
	"\n"
	"POST /token with Authorization: Bearer KEY and a JSON object, the fields of an order of\n"
	"`joingate mint` without claims, issued_at, not_before, key and salt. The answer is\n"
	"{\"token\": \"...\", \"expires_at\": N}, or {\"error\": \"...\"} with status 400, 401, "
	"403, 404,\n"
	"405 or 413. Each caller has a key, apps, rooms, identities, capabilities and a longest "
	"life\n"
	"of its own (docs/token-server.md). Speaks plain HTTP: keep it on loopback or behind TLS.\n"
	"\n"
	"Runs until SIGTERM or SIGINT. Exit status: 0 stopped, 2 could not start.\n";

struct server {
	struct judge judge;
	struct granter granter;
	struct granted granted; // one request at a time: one thread
	struct text out;
	int64_t now;
};

// What is kept of a request until its body is whole.
struct upload {
	char body[BODY_MAX];
	size_t len;
	bool too_large;
};

static enum MHD_Result answer(
	struct server *server, struct MHD_Connection *connection, unsigned status)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		server->out.len, server->out.p, MHD_RESPMEM_MUST_COPY);
	server->out.len = 0;
	if (response == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(response, "Content-Type", "application/json");
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	if (status == MHD_HTTP_UNAUTHORIZED)
		(void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(response, "Allow", "POST");
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_error(struct server *server, struct MHD_Connection *connection,
	unsigned status, const char *problem)
{
	text_addf(&server->out, "{\"error\": ");
	text_add_json(&server->out, (struct jg_str){problem, (uint32_t)strlen(problem)});
	text_addf(&server->out, "}\n");
	return answer(server, connection, status);
}

static const struct jg_config_caller *find_caller(
	const struct server *server, struct MHD_Connection *connection)
{
	static const char scheme[] = "Bearer ";
	const char *header = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
	if (header == NULL || strncmp(header, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	const char *key = header + sizeof(scheme) - 1;
	return grant_caller(server->judge.config, (struct jg_str){key, (uint32_t)strlen(key)});
}

static enum MHD_Result handle(
	struct server *server, struct MHD_Connection *connection, struct upload *upload)
{
	const struct jg_config_caller *caller = find_caller(server, connection);
	struct granted *granted = &server->granted;
	if (caller == NULL)
		return answer_error(server, connection, MHD_HTTP_UNAUTHORIZED,
			"no such API key; expected Authorization: Bearer KEY");
	if (upload->too_large)
		return answer_error(server, connection, MHD_HTTP_CONTENT_TOO_LARGE,
			"the body is larger than 65536 bytes");
	grant_token(&server->granter, caller, upload->body, upload->len,
		server->now == JG_TIME_NONE ? cli_now() : server->now, granted);
	if (granted->status != MHD_HTTP_OK)
		return answer_error(server, connection, granted->status, granted->err.text);
	text_addf(&server->out, "{\"token\": \"%s\", \"expires_at\": %lld}\n", granted->token,
		(long long)granted->expires_at);
	explicit_bzero(granted->token, sizeof(granted->token));
	return answer(server, connection, MHD_HTTP_OK);
}

// Called for the headers, then for each piece of the body, then once without one.
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **state)
{
	struct server *server = cls;
	struct upload *upload = *state;
	(void)version;
	if (upload == NULL) {
		if (strcmp(url, "/token") != 0)
			return answer_error(
				server, connection, MHD_HTTP_NOT_FOUND, "there is only /token");
		if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
			return answer_error(
				server, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "expected POST");
		*state = calloc(1, sizeof(*upload));
		return *state == NULL ? MHD_NO : MHD_YES;
	}
	if (*size == 0)
		return handle(server, connection, upload);
	if (*size > BODY_MAX - upload->len) {
		upload->too_large = true;
	} else {
		memcpy(upload->body + upload->len, data, *size);
		upload->len += *size;
	}
	*size = 0;
	return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)connection;
	(void)code;
	free(*state);
	*state = NULL;
}

static socklen_t socket_address(const struct jg_address *listen, struct sockaddr_storage *to)
{
	memset(to, 0, sizeof(*to));
	if (listen->family == 4) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(listen->port)};
		memcpy(&in.sin_addr, listen->bytes, sizeof(in.sin_addr));
		memcpy(to, &in, sizeof(in));
		return sizeof(in);
	}
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(listen->port)};
	memcpy(&in6.sin6_addr, listen->bytes, sizeof(in6.sin6_addr));
	memcpy(to, &in6, sizeof(in6));
	return sizeof(in6);
}

static int serve(struct server *server)
{
	const struct jg_address *listen = &server->judge.config->token_server_listen;
	struct sockaddr_storage address;
	char host[INET6_ADDRSTRLEN] = "";
	sigset_t signals;
	int signal_number;
	if (listen->family == 0 || server->judge.config->token_server_callers_n == 0)
		return cli_fail(&command_token_server,
			"token_server has no %s; nobody could be served",
			listen->family == 0 ? "listen" : "callers");
	(void)socket_address(listen, &address);
	(void)inet_ntop(
		listen->family == 4 ? AF_INET : AF_INET6, listen->bytes, host, sizeof(host));
	// Before the server's thread starts, so that it inherits the mask.
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL |
		(listen->family == 6 ? MHD_USE_IPv6 : 0);
	struct MHD_Daemon *daemon = MHD_start_daemon(flags, listen->port, NULL, NULL, on_request,
		server, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
	if (daemon == NULL)
		return cli_fail(&command_token_server,
			"cannot listen on %s port %u: %s; is another server there?", host,
			listen->port, strerror(errno));
	fprintf(stderr, "joingate token-server: listening on %s port %u\n", host, listen->port);
	(void)sigwait(&signals, &signal_number);
	MHD_stop_daemon(daemon);
	return EXIT_YES;
}

static int start(struct server *server, const char *path)
{
	struct jg_error err = {""};
	if (!judge_open(&server->judge, &command_token_server, path, JG_CONFIG_TOKEN_SERVER))
		return EXIT_BAD;
	int status = EXIT_BAD;
	server->granter = (struct granter){.judge = &server->judge,
		.minter = jg_minter_new(NULL, &err),
		.bare = grant_bare(server->judge.config, &err)};
	if (server->granter.minter == NULL || server->granter.bare == NULL)
		(void)cli_fail(&command_token_server, "%s", err.text);
	else
		status = serve(server);
	jg_snapshot_free(server->granter.bare);
	jg_minter_free(server->granter.minter);
	judge_close(&server->judge);
	return status;
}

static int run(int argc, char **argv)
{
	const char *path = NULL;
	int64_t now = JG_TIME_NONE;
	if (!cli_config_and_now(&command_token_server, argc, argv, &path, &now, NULL))
		return EXIT_BAD;
	struct server *server = calloc(1, sizeof(*server));
	if (server == NULL)
		return cli_fail(&command_token_server, "out of memory");
	server->now = now;
	int status = start(server, path);
	text_fini(&server->out);
	free(server);
	return status;
}

const struct command command_token_server = {
	"token-server", "hand out tokens over HTTP", help, run};

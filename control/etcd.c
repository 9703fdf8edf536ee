// SPDX-License-Identifier: BSD-3-Clause
#include "etcd.h"

#include "locked.h"
#include "record.h"
#include "seal.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CONNECT_MS 1000L // at most, and never longer than a call may take

struct jg_etcd {
	const struct jg_config *config;
	CURL *curl;
	unsigned endpoint; // the one in use
	char *token; // of a login; NULL = none
	char *reply;
	size_t reply_len;
	size_t reply_room;
	bool too_large;
	const struct jg_etcd_watch *watch; // NULL: a call
	char trouble[CURL_ERROR_SIZE]; // of the last transfer
};

struct jg_etcd *jg_etcd_new(const struct jg_config *config, struct jg_error *err)
{
	struct jg_etcd *etcd = calloc(1, sizeof(*etcd));
	if (etcd != NULL)
		etcd->curl = curl_easy_init();
	if (etcd == NULL || etcd->curl == NULL) {
		jg_error_set(err, "libcurl does not start");
		free(etcd);
		return NULL;
	}
	etcd->config = config;
	return etcd;
}

void jg_etcd_free(struct jg_etcd *etcd)
{
	if (etcd == NULL)
		return;
	curl_easy_cleanup(etcd->curl);
	jg_locked_free(etcd->token);
	jg_locked_free(etcd->reply);
	free(etcd);
}

bool jg_etcd_too_large(const struct jg_etcd *etcd)
{
	return etcd->too_large;
}

int64_t jg_etcd_number(const json_t *value)
{
	const char *text = json_string_value(value);
	char *end;
	if (text == NULL)
		return json_integer_value(value);
	errno = 0;
	int64_t number = strtoll(text, &end, 10);
	return errno != 0 || end == text || *end != '\0' ? 0 : number;
}

json_t *jg_etcd_string(int64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRId64, number);
	return json_string(text);
}

json_t *jg_etcd_bytes(const char *text)
{
	char *base64 = jg_base64(text, strlen(text));
	json_t *json = json_string(base64 != NULL ? base64 : "");
	jg_locked_free(base64);
	return json;
}

static size_t collect(const char *bytes, size_t size, size_t n, void *arg)
{
	struct jg_etcd *etcd = arg;
	size_t len = size * n;
	if (etcd->reply_len + len > JG_ETCD_REPLY_MAX) {
		etcd->too_large = true;
		return 0;
	}
	if (etcd->reply_len + len + 1 > etcd->reply_room) {
		size_t room = (etcd->reply_len + len + 1) * 2;
		char *reply = jg_locked_alloc(room);
		if (reply == NULL)
			return 0;
		if (etcd->reply_len > 0)
			memcpy(reply, etcd->reply, etcd->reply_len);
		jg_locked_free(etcd->reply);
		etcd->reply = reply;
		etcd->reply_room = room;
	}
	memcpy(etcd->reply + etcd->reply_len, bytes, len);
	etcd->reply_len += len;
	return len;
}

// Messages of a watch are one JSON object a line.
static size_t collect_lines(const char *bytes, size_t size, size_t n, void *arg)
{
	struct jg_etcd *etcd = arg;
	size_t len = collect(bytes, size, n, arg);
	char *end;
	while (len > 0 && (end = memchr(etcd->reply, '\n', etcd->reply_len)) != NULL) {
		size_t line = (size_t)(end - etcd->reply);
		json_t *message = json_loadb(etcd->reply, line, 0, NULL);
		bool more = message != NULL && etcd->watch->take(etcd->watch->arg, message);
		if (message == NULL)
			snprintf(etcd->trouble, sizeof(etcd->trouble),
				"a message of the watch is no JSON");
		json_decref(message);
		etcd->reply_len -= line + 1;
		memmove(etcd->reply, end + 1, etcd->reply_len);
		if (!more)
			return 0;
	}
	return len;
}

static int is_enough(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct jg_etcd *etcd = arg;
	(void)a, (void)b, (void)c, (void)d;
	return etcd->watch != NULL && etcd->watch->stop(etcd->watch->arg);
}

static void set_text(CURL *curl, CURLoption option, struct jg_str text)
{
	if (text.p != NULL)
		(void)curl_easy_setopt(curl, option, text.p);
}

static void prepare_tls(CURL *curl, const struct jg_config *config)
{
	(void)curl_easy_setopt(
		curl, CURLOPT_PROTOCOLS_STR, config->store_etcd_insecure ? "https,http" : "https");
	(void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	// What the operator names is all that is trusted: not the system's authorities beside it.
	if (config->store_etcd_ca.p != NULL)
		(void)curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	set_text(curl, CURLOPT_CAINFO, config->store_etcd_ca);
	set_text(curl, CURLOPT_SSLCERT, config->store_etcd_cert);
	set_text(curl, CURLOPT_SSLKEY, config->store_etcd_cert_key);
}

static void prepare(
	struct jg_etcd *etcd, const char *url, const char *body, struct curl_slist *headers)
{
	CURL *curl = etcd->curl;
	long timeout_ms = (long)etcd->config->store_etcd_timeout;
	curl_easy_reset(curl);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(
		curl, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms < CONNECT_MS ? timeout_ms : CONNECT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, etcd->trouble);
	(void)curl_easy_setopt(
		curl, CURLOPT_WRITEFUNCTION, etcd->watch != NULL ? collect_lines : collect);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, etcd);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_enough);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, etcd);
	if (etcd->watch == NULL)
		(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	prepare_tls(curl, etcd->config);
	etcd->trouble[0] = '\0';
	etcd->too_large = false;
	etcd->reply_len = 0;
}

static CURLcode post(struct jg_etcd *etcd, const char *method, const char *body)
{
	char url[1024];
	char authorization[1024];
	struct jg_str endpoint = etcd->config->store_etcd_endpoints[etcd->endpoint];
	bool slash = endpoint.len > 0 && endpoint.p[endpoint.len - 1] == '/';
	snprintf(url, sizeof(url), "%.*s%sv3/%s", (int)endpoint.len, endpoint.p, slash ? "" : "/",
		method);
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (etcd->token != NULL) {
		snprintf(authorization, sizeof(authorization), "Authorization: %s", etcd->token);
		headers = curl_slist_append(headers, authorization);
		explicit_bzero(authorization, sizeof(authorization));
	}
	prepare(etcd, url, body, headers);
	CURLcode code = curl_easy_perform(etcd->curl);
	curl_slist_free_all(headers);
	return code;
}

// The endpoint and what is wrong with it.
static void blame(const struct jg_etcd *etcd, CURLcode code, struct jg_error *err)
{
	struct jg_str where = etcd->config->store_etcd_endpoints[etcd->endpoint];
	// With TLS 1.3 a server refuses a client's certificate after the handshake: it just hangs up.
	bool hung_up = (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR) && where.len > 6 &&
		memcmp(where.p, "https:", 6) == 0;
	if (code == CURLE_OK)
		jg_error_set(err, "etcd %.*s ended the watch", (int)where.len, where.p);
	else if (etcd->too_large)
		jg_error_set(err, "etcd %.*s: the reply is larger than %zu MiB", (int)where.len,
			where.p, JG_ETCD_REPLY_MAX >> 20);
	else
		jg_error_set(err, "etcd %.*s: %.160s%s", (int)where.len, where.p,
			etcd->trouble[0] != '\0' ? etcd->trouble : curl_easy_strerror(code),
			hung_up ? "; does it want another client certificate "
				  "(store.etcd.cert_file)?"
				: "");
}

static long status_of(const struct jg_etcd *etcd)
{
	long status = 0;
	(void)curl_easy_getinfo(etcd->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static void forget_token(struct jg_etcd *etcd)
{
	jg_locked_free(etcd->token);
	etcd->token = NULL;
}

// What etcd said instead of a reply.
static void blame_reply(const struct jg_etcd *etcd, const json_t *reply, struct jg_error *err)
{
	struct jg_str where = etcd->config->store_etcd_endpoints[etcd->endpoint];
	const char *message = json_string_value(json_object_get(reply, "message"));
	if (message == NULL)
		message = json_string_value(json_object_get(reply, "error"));
	bool anonymous = message != NULL && strstr(message, "user name is empty") != NULL;
	jg_error_set(err, "etcd %.*s answers %ld: %.200s%s", (int)where.len, where.p,
		status_of(etcd),
		message != NULL ? message : "no JSON object; is this etcd's client port?",
		anonymous ? "; it asks for store.etcd.user and password_file" : "");
}

static bool log_in(struct jg_etcd *etcd, struct jg_error *err)
{
	const struct jg_config *config = etcd->config;
	forget_token(etcd);
	json_t *request = json_pack("{s:s%, s:s%}", "name", config->store_etcd_user.p,
		(size_t)config->store_etcd_user.len, "password",
		config->store_etcd_password.p != NULL ? config->store_etcd_password.p : "",
		(size_t)config->store_etcd_password.len);
	char *body = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	const struct jg_etcd_watch *watch = etcd->watch;
	etcd->watch = NULL;
	CURLcode code = body == NULL ? CURLE_OUT_OF_MEMORY : post(etcd, "auth/authenticate", body);
	etcd->watch = watch;
	json_t *reply = code != CURLE_OK ? NULL : json_loadb(etcd->reply, etcd->reply_len, 0, NULL);
	const char *token = json_string_value(json_object_get(reply, "token"));
	if (token != NULL && strlen(token) < 900)
		etcd->token = jg_locked_copy(token, strlen(token));
	if (code != CURLE_OK)
		blame(etcd, code, err);
	else if (etcd->token == NULL)
		blame_reply(etcd, reply, err);
	json_decref(reply);
	jg_text_free(body);
	return etcd->token != NULL;
}

enum outcome {
	DONE,
	FAILED,
	TOKEN_REFUSED
};

static enum outcome attempt(struct jg_etcd *etcd, const char *method, const char *body,
	json_t **reply, bool *sent, struct jg_error *err)
{
	CURLcode code = post(etcd, method, body);
	*sent |= code != CURLE_OK && code != CURLE_COULDNT_CONNECT &&
		code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_PEER_FAILED_VERIFICATION &&
		code != CURLE_SSL_CONNECT_ERROR;
	if (code != CURLE_OK) {
		blame(etcd, code, err);
		return FAILED;
	}
	long status = status_of(etcd);
	*reply = json_loadb(etcd->reply, etcd->reply_len, 0, NULL);
	if (status == 200 && json_is_object(*reply))
		return DONE;
	blame_reply(etcd, *reply, err);
	json_decref(*reply);
	*reply = NULL;
	*sent |= status < 400 || status >= 500;
	// A token runs out (401), and is refused when users or roles were changed since (400).
	bool old = status == 400 && strstr(err->text, "revision") != NULL;
	return etcd->token != NULL && (status == 401 || old) ? TOKEN_REFUSED : FAILED;
}

static json_t *ask_endpoint(struct jg_etcd *etcd, const char *method, const char *body, bool *sent,
	struct jg_error *err)
{
	json_t *reply = NULL;
	bool credentials = etcd->config->store_etcd_user.p != NULL;
	if (credentials && etcd->token == NULL && !log_in(etcd, err))
		return NULL;
	if (attempt(etcd, method, body, &reply, sent, err) == TOKEN_REFUSED) {
		forget_token(etcd);
		if (log_in(etcd, err))
			(void)attempt(etcd, method, body, &reply, sent, err);
	}
	return reply;
}

static void next_endpoint(struct jg_etcd *etcd)
{
	etcd->endpoint = (etcd->endpoint + 1) % etcd->config->store_etcd_endpoints_n;
}

static int64_t monotonic_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

json_t *jg_etcd_call(
	struct jg_etcd *etcd, const char *method, json_t *request, bool *sent, struct jg_error *err)
{
	char *body = json_dumps(request, JSON_COMPACT);
	json_t *reply = NULL;
	bool maybe = false;
	int64_t begin = monotonic_ms();
	json_decref(request);
	jg_error_set(err, "out of memory");
	for (unsigned i = 0; body != NULL && i < etcd->config->store_etcd_endpoints_n; i++) {
		reply = ask_endpoint(etcd, method, body, &maybe, err);
		// A page that is too large is so on every endpoint.
		if (reply != NULL || etcd->too_large)
			break;
		next_endpoint(etcd);
		// Where one took all of its time there is one more, and no third.
		if ((maybe && sent != NULL) ||
			monotonic_ms() - begin > etcd->config->store_etcd_timeout * 3 / 2)
			break;
	}
	if (sent != NULL)
		*sent = maybe;
	jg_text_free(body);
	return reply;
}

void jg_etcd_follow_watch(struct jg_etcd *etcd, json_t *request, const struct jg_etcd_watch *watch,
	struct jg_error *err)
{
	char *body = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	jg_error_set(err, "out of memory");
	etcd->watch = watch;
	// A token of its own each time: it must not run out while the watch lasts.
	bool ready = etcd->config->store_etcd_user.p == NULL || log_in(etcd, err);
	if (body != NULL && ready) {
		CURLcode code = post(etcd, "watch", body);
		blame(etcd, code, err);
	}
	etcd->watch = NULL;
	next_endpoint(etcd);
	jg_text_free(body);
}

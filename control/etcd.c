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

#define CALL_MS 3000L
#define CONNECT_MS 1000L
#define REPLY_MAX ((size_t)64 << 20)

struct jg_etcd {
	const struct jg_config *config;
	CURL *curl;
	unsigned endpoint; // the one in use
	char *token; // of a login; NULL = none
	char *reply;
	size_t reply_len;
	size_t reply_room;
	const atomic_bool *quit; // of a watch
	void *arg;
	bool (*take)(void *arg, json_t *message);
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

int64_t jg_etcd_number(const json_t *value)
{
	return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10)
				     : json_integer_value(value);
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
	if (etcd->reply_len + len + 1 > etcd->reply_room) {
		size_t room = (etcd->reply_len + len + 1) * 2;
		char *reply = room > REPLY_MAX ? NULL : jg_locked_alloc(room);
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
		bool more = message != NULL && etcd->take(etcd->arg, message);
		json_decref(message);
		etcd->reply_len -= line + 1;
		memmove(etcd->reply, end + 1, etcd->reply_len);
		if (!more)
			return 0;
	}
	return len;
}

static int is_quitting(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct jg_etcd *etcd = arg;
	(void)a, (void)b, (void)c, (void)d;
	return etcd->quit != NULL && atomic_load(etcd->quit);
}

static void set_text(CURL *curl, CURLoption option, struct jg_str text)
{
	if (text.p != NULL)
		(void)curl_easy_setopt(curl, option, text.p);
}

static void prepare(struct jg_etcd *etcd, const char *url, const char *body,
	struct curl_slist *headers, bool watch)
{
	const struct jg_config *config = etcd->config;
	CURL *curl = etcd->curl;
	curl_easy_reset(curl);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(
		curl, CURLOPT_PROTOCOLS_STR, config->store_etcd_insecure ? "https,http" : "https");
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, watch ? collect_lines : collect);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, etcd);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_quitting);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, etcd);
	if (!watch)
		(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, CALL_MS);
	set_text(curl, CURLOPT_CAINFO, config->store_etcd_ca);
	set_text(curl, CURLOPT_SSLCERT, config->store_etcd_cert);
	set_text(curl, CURLOPT_SSLKEY, config->store_etcd_cert_key);
	etcd->reply_len = 0;
}

static CURLcode post(struct jg_etcd *etcd, const char *method, const char *body, bool watch)
{
	char url[1024];
	char authorization[1024];
	struct jg_str endpoint = etcd->config->store_etcd_endpoints[etcd->endpoint];
	snprintf(url, sizeof(url), "%.*s/v3/%s", (int)endpoint.len, endpoint.p, method);
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (etcd->token != NULL) {
		snprintf(authorization, sizeof(authorization), "Authorization: %s", etcd->token);
		headers = curl_slist_append(headers, authorization);
	}
	prepare(etcd, url, body, headers, watch);
	CURLcode code = curl_easy_perform(etcd->curl);
	curl_slist_free_all(headers);
	return code;
}

static bool log_in(struct jg_etcd *etcd)
{
	const struct jg_config *config = etcd->config;
	jg_locked_free(etcd->token);
	etcd->token = NULL;
	json_t *request = json_pack("{s:s%, s:s%}", "name", config->store_etcd_user.p,
		(size_t)config->store_etcd_user.len, "password",
		config->store_etcd_password.p != NULL ? config->store_etcd_password.p : "",
		(size_t)config->store_etcd_password.len);
	char *body = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	json_t *reply = NULL;
	if (body != NULL && post(etcd, "auth/authenticate", body, false) == CURLE_OK)
		reply = json_loadb(etcd->reply, etcd->reply_len, 0, NULL);
	const char *token = json_string_value(json_object_get(reply, "token"));
	if (token != NULL)
		etcd->token = jg_locked_copy(token, strlen(token));
	json_decref(reply);
	jg_text_free(body);
	return etcd->token != NULL;
}

static json_t *attempt(struct jg_etcd *etcd, const char *method, const char *body, bool *sent,
	struct jg_error *err)
{
	long status = 0;
	CURLcode code = post(etcd, method, body, false);
	struct jg_str where = etcd->config->store_etcd_endpoints[etcd->endpoint];
	*sent |= code != CURLE_OK && code != CURLE_COULDNT_CONNECT &&
		code != CURLE_COULDNT_RESOLVE_HOST;
	if (code != CURLE_OK) {
		jg_error_set(
			err, "etcd %.*s: %s", (int)where.len, where.p, curl_easy_strerror(code));
		return NULL;
	}
	(void)curl_easy_getinfo(etcd->curl, CURLINFO_RESPONSE_CODE, &status);
	json_t *reply = json_loadb(etcd->reply, etcd->reply_len, 0, NULL);
	if (status == 200 && json_is_object(reply))
		return reply;
	const char *message = json_string_value(json_object_get(reply, "message"));
	jg_error_set(err, "etcd %.*s answers %ld: %.200s", (int)where.len, where.p, status,
		message != NULL ? message : "no JSON object");
	*sent |= status >= 500;
	json_decref(reply);
	return NULL;
}

json_t *jg_etcd_call(
	struct jg_etcd *etcd, const char *method, json_t *request, bool *sent, struct jg_error *err)
{
	char *body = json_dumps(request, JSON_COMPACT);
	json_t *reply = NULL;
	bool credentials = etcd->config->store_etcd_user.p != NULL;
	json_decref(request);
	*sent = false;
	jg_error_set(err, "out of memory");
	// A request that may have had its effect is not repeated: the caller looks first.
	for (unsigned i = 0; body != NULL && i < etcd->config->store_etcd_endpoints_n; i++) {
		if (!credentials || etcd->token != NULL || log_in(etcd)) {
			reply = attempt(etcd, method, body, sent, err);
		} else {
			jg_error_set(err,
				"etcd: the user's login failed; check store.etcd.user and "
				"password_file");
		}
		if (reply != NULL || *sent)
			break;
		jg_locked_free(etcd->token);
		etcd->token = NULL;
		etcd->endpoint = (etcd->endpoint + 1) % etcd->config->store_etcd_endpoints_n;
	}
	jg_text_free(body);
	return reply;
}

void jg_etcd_watch(struct jg_etcd *etcd, json_t *request, const atomic_bool *quit, void *arg,
	bool (*take)(void *arg, json_t *message))
{
	char *body = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	etcd->quit = quit;
	etcd->arg = arg;
	etcd->take = take;
	if (etcd->config->store_etcd_user.p != NULL)
		(void)log_in(etcd);
	if (body != NULL)
		(void)post(etcd, "watch", body, true);
	etcd->quit = NULL;
	etcd->endpoint = (etcd->endpoint + 1) % etcd->config->store_etcd_endpoints_n;
	jg_text_free(body);
}

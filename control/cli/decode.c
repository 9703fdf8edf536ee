// SPDX-License-Identifier: BSD-3-Clause
#include "decode.h"

#include "internal/base.h"

#include <joingate/vendor.h>
#include <joingate/verify.h>

#include <jansson.h>

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#define CONTENT_MAX 65536

struct bytes {
	const uint8_t *p;
	size_t n;
	bool cut; // something was wanted beyond the end
};

// Base64 of either alphabet, padding and line ends passed over. Bytes written, -1 when it is none.
static int64_t decode64(struct jg_str text, uint8_t *out)
{
	uint32_t bits = 0;
	unsigned have = 0;
	int64_t n = 0;
	for (uint32_t i = 0; i < text.len; i++) {
		char c = text.p[i];
		uint32_t value;
		if (c >= 'A' && c <= 'Z')
			value = (uint32_t)(c - 'A');
		else if (c >= 'a' && c <= 'z')
			value = (uint32_t)(c - 'a') + 26;
		else if (c >= '0' && c <= '9')
			value = (uint32_t)(c - '0') + 52;
		else if (c == '+' || c == '-')
			value = 62;
		else if (c == '/' || c == '_')
			value = 63;
		else if (c == '=' || c == '\r' || c == '\n')
			continue;
		else
			return -1;
		bits = (bits << 6 | value) & 0xffffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}

static void add_time(struct text *out, int64_t seconds)
{
	char when[64] = "";
	struct tm tm;
	time_t t = (time_t)seconds;
	if (seconds >= 0 && seconds < INT64_C(253402300800) && gmtime_r(&t, &tm) != NULL &&
		strftime(when, sizeof(when), "  (%Y-%m-%d %H:%M:%S UTC)", &tm) > 0)
		text_addf(out, "%s", when);
}

static bool is_time(const char *name)
{
	static const char *const names[] = {"exp", "nbf", "iat", "create_time", "expire_time"};
	for (size_t i = 0; i < JG_ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void add_claims(struct text *out, json_t *object)
{
	const char *name;
	json_t *value;
	json_object_foreach(object, name, value)
	{
		char *shown = json_dumps(value, JSON_ENCODE_ANY);
		struct jg_str text = {name, (uint32_t)strlen(name)};
		text_addf(out, "  ");
		text_add_json(out, text);
		text_addf(out, ": ");
		if (shown != NULL)
			text_add_lines(out, shown, strlen(shown));
		if (json_is_integer(value) && is_time(name))
			add_time(out, json_integer_value(value));
		text_addf(out, "\n");
		free(shown);
	}
}

static void keep_app(struct decoded *decoded, const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	if (text != NULL && strlen(text) < sizeof(decoded->app))
		(void)snprintf(decoded->app, sizeof(decoded->app), "%s", text);
}

// By the claims that only one vendor's SDKs write; not what a verifier does.
static void guess_vendor(struct decoded *decoded, const json_t *claims)
{
	if (json_object_get(claims, "application_id") != NULL) {
		decoded->vendor = JG_VENDOR_VONAGE;
		keep_app(decoded, claims, "application_id");
	} else if (json_object_get(claims, "ist") != NULL ||
		json_object_get(claims, "session_id") != NULL) {
		decoded->vendor = JG_VENDOR_OPENTOK;
		keep_app(decoded, claims, "iss");
	} else if (json_object_get(claims, "user_id") != NULL ||
		json_object_get(claims, "server") != NULL) {
		decoded->vendor = JG_VENDOR_STREAM;
	} else {
		decoded->vendor = JG_VENDOR_LIVEKIT;
		keep_app(decoded, claims, "iss");
	}
}

static json_t *add_json_part(struct text *out, const char *name, struct jg_str part,
	struct decoded *decoded, uint8_t *buffer)
{
	int64_t n = decode64(part, buffer);
	json_error_t error;
	json_t *object =
		n < 0 ? NULL : json_loadb((const char *)buffer, (size_t)n, JSON_ALLOW_NUL, &error);
	text_addf(out, "%s\n", name);
	if (json_is_object(object)) {
		add_claims(out, object);
		return object;
	}
	decoded->broken = n < 0 ? "a part is not base64" : "a part is not a JSON object";
	text_addf(out, "  (%s)\n", n < 0 ? "not base64" : "not a JSON object");
	json_decref(object);
	return NULL;
}

static void decode_jwt(
	struct jg_str token, struct decoded *decoded, struct text *out, uint8_t *buffer)
{
	const char *first = memchr(token.p, '.', token.len);
	const char *end = token.p + token.len;
	const char *second = memchr(first + 1, '.', (size_t)(end - first - 1));
	if (second == NULL)
		second = end;
	const struct jg_str head = {token.p, (uint32_t)(first - token.p)};
	const struct jg_str body = {first + 1, (uint32_t)(second - first - 1)};
	json_t *header = add_json_part(out, "header", head, decoded, buffer);
	const char *alg = json_string_value(json_object_get(header, "alg"));
	decoded->format = alg != NULL && strcmp(alg, "RS256") == 0 ? JG_FORMAT_JWT_RS256
								   : JG_FORMAT_JWT_HS256;
	json_t *claims = add_json_part(out, "claims", body, decoded, buffer);
	if (claims != NULL)
		guess_vendor(decoded, claims);
	uint32_t signature = second == end ? 0 : (uint32_t)(end - second - 1);
	text_addf(out, "signature\n  %u characters\n", signature);
	json_decref(header);
	json_decref(claims);
}

static void decode_t1(
	struct jg_str token, struct decoded *decoded, struct text *out, uint8_t *buffer)
{
	decoded->format = JG_FORMAT_T1;
	decoded->vendor = JG_VENDOR_OPENTOK;
	int64_t n = decode64((struct jg_str){token.p + 4, token.len - 4}, buffer);
	if (n < 0) {
		decoded->broken = "not base64";
		return;
	}
	const char *p = (const char *)buffer;
	const char *end = p + n;
	text_addf(out, "fields\n");
	while (p < end) {
		size_t len = strcspn(p, "&:");
		if (len > (size_t)(end - p))
			len = (size_t)(end - p);
		text_addf(out, "  ");
		text_add_json(out, (struct jg_str){p, (uint32_t)len});
		if (strncmp(p, "create_time=", 12) == 0 || strncmp(p, "expire_time=", 12) == 0)
			add_time(out, strtoll(p + 12, NULL, 10));
		text_addf(out, "\n");
		if (strncmp(p, "partner_id=", 11) == 0 && len - 11 < sizeof(decoded->app))
			(void)snprintf(decoded->app, sizeof(decoded->app), "%.*s", (int)(len - 11),
				p + 11);
		p += len + 1;
	}
}

static uint32_t take(struct bytes *bytes, unsigned size)
{
	uint32_t value = 0;
	if (bytes->n < size) {
		bytes->cut = true;
		bytes->n = 0;
		return 0;
	}
	for (unsigned i = 0; i < size; i++)
		value |= (uint32_t)bytes->p[i] << 8 * i;
	bytes->p += size;
	bytes->n -= size;
	return value;
}

static struct jg_str take_text(struct bytes *bytes)
{
	uint32_t len = take(bytes, 2);
	if (len > bytes->n) {
		bytes->cut = true;
		len = (uint32_t)bytes->n;
	}
	const struct jg_str text = {(const char *)bytes->p, len};
	bytes->p += len;
	bytes->n -= len;
	return text;
}

static void add_field(struct text *out, const char *name, struct jg_str value)
{
	text_addf(out, "  %s: ", name);
	text_add_json(out, value);
	text_addf(out, "\n");
}

static void add_privileges(struct text *out, struct bytes *bytes)
{
	for (uint32_t n = take(bytes, 2); n > 0 && !bytes->cut; n--) {
		uint32_t privilege = take(bytes, 2);
		uint32_t end = take(bytes, 4);
		text_addf(out, "    privilege %u: %u%s\n", privilege, end,
			end == 0 ? " (no end of its own)" : "");
	}
}

// The services of token-formats, section 5.1, by type.
static void add_service(struct text *out, struct bytes *bytes, struct decoded *decoded)
{
	static const struct {
		const char *name;
		const char *fields[2];
	} services[] = {[1] = {"RTC", {"channel", "account"}},
		[2] = {"RTM", {"user"}},
		[3] = {"streaming", {"channel", "account"}},
		[4] = {"FPA", {NULL}},
		[5] = {"chat", {"user"}},
		[6] = {"CDN", {"channel", "account"}},
		[7] = {"aPaaS", {"room", "user"}},
		[8] = {"RTM2", {"user"}},
		[9] = {"conversational AI", {NULL}},
		[10] = {"speech to text", {NULL}}};
	uint32_t type = take(bytes, 2);
	if (type == 0 || type >= JG_ARRAY_SIZE(services)) {
		text_addf(out, "  service %u: unknown\n", type);
		decoded->broken = "an unknown service: what follows cannot be read";
		return;
	}
	text_addf(out, "  service %u: %s\n", type, services[type].name);
	add_privileges(out, bytes);
	for (size_t i = 0; i < 2 && services[type].fields[i] != NULL; i++) {
		text_addf(out, "  ");
		add_field(out, services[type].fields[i], take_text(bytes));
	}
	if (type == 7)
		text_addf(out, "    role: %u\n", take(bytes, 2));
	if (type == 8 && bytes->n > 0)
		decoded->broken = "the permissions of RTM2 are not shown";
}

static void decode_007(
	struct jg_str token, struct decoded *decoded, struct text *out, uint8_t *buffer)
{
	static uint8_t content[CONTENT_MAX];
	int64_t n = decode64((struct jg_str){token.p + 3, token.len - 3}, buffer);
	uLongf len = sizeof(content);
	uLong used = n < 0 ? 0 : (uLong)n;
	decoded->format = JG_FORMAT_AGORA_007;
	if (n < 0 || uncompress2(content, &len, buffer, &used) != Z_OK) {
		decoded->broken =
			n < 0 ? "not base64" : "not a whole zlib stream of up to 65536 bytes";
		return;
	}
	struct bytes bytes = {content, len, false};
	text_addf(out, "content\n  signature: %u bytes\n", take_text(&bytes).len);
	struct jg_str app = take_text(&bytes);
	add_field(out, "app id", app);
	(void)snprintf(decoded->app, sizeof(decoded->app), "%.*s", (int)app.len, app.p);
	uint32_t issued = take(&bytes, 4);
	text_addf(out, "  issued: %u", issued);
	add_time(out, issued);
	text_addf(out, "\n  expires: %u s after that\n", take(&bytes, 4));
	text_addf(out, "  salt: %u\n", take(&bytes, 4));
	for (uint32_t i = take(&bytes, 2); i > 0 && !bytes.cut && decoded->broken == NULL; i--)
		add_service(out, &bytes, decoded);
	if (bytes.cut)
		decoded->broken = "the content ends too early";
	else if (bytes.n > 0 && decoded->broken == NULL)
		decoded->broken = "there are bytes after the last service";
}

static void decode_006(
	struct jg_str token, struct decoded *decoded, struct text *out, uint8_t *buffer)
{
	decoded->format = JG_FORMAT_AGORA_006;
	const struct jg_str app = {token.p + 3, token.len < 35 ? token.len - 3 : 32};
	(void)snprintf(decoded->app, sizeof(decoded->app), "%.*s", (int)app.len, app.p);
	text_addf(out, "content\n");
	add_field(out, "app id", app);
	int64_t n = token.len < 35
		? -1
		: decode64((struct jg_str){token.p + 35, token.len - 35}, buffer);
	struct bytes bytes = {buffer, n < 0 ? 0 : (size_t)n, n < 0};
	text_addf(out, "  signature: %u bytes\n", take_text(&bytes).len);
	text_addf(out, "  CRC-32 of the channel: %08x\n", take(&bytes, 4));
	text_addf(out, "  CRC-32 of the uid: %08x\n", take(&bytes, 4));
	struct jg_str inner = take_text(&bytes);
	struct bytes message = {(const uint8_t *)inner.p, inner.len, bytes.cut};
	text_addf(out, "  salt: %u\n", take(&message, 4));
	uint32_t end = take(&message, 4);
	text_addf(out, "  ends: %u", end);
	add_time(out, end);
	text_addf(out, "\n");
	add_privileges(out, &message);
	if (message.cut)
		decoded->broken = "the content ends too early";
}

void decode_token(struct jg_str token, struct decoded *decoded, struct text *out)
{
	*decoded = (struct decoded){.format = JG_FORMAT_NONE};
	uint8_t *buffer = calloc(1, (size_t)token.len + 1);
	if (buffer == NULL) {
		decoded->broken = "out of memory";
		return;
	}
	if (token.len >= 4 && memcmp(token.p, "T1==", 4) == 0) {
		decode_t1(token, decoded, out, buffer);
	} else if (token.len >= 3 && memcmp(token.p, "007", 3) == 0) {
		decoded->vendor = JG_VENDOR_AGORA;
		decode_007(token, decoded, out, buffer);
	} else if (token.len >= 3 && memcmp(token.p, "006", 3) == 0) {
		decoded->vendor = JG_VENDOR_AGORA;
		decode_006(token, decoded, out, buffer);
	} else if (token.len > 0 && memchr(token.p, '.', token.len) != NULL) {
		decode_jwt(token, decoded, out, buffer);
	} else {
		decoded->broken = "neither a JWT nor T1 nor an Agora token of version 006 or 007";
	}
	explicit_bzero(buffer, token.len);
	free(buffer);
}

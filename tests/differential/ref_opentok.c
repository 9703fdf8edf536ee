// SPDX-License-Identifier: BSD-3-Clause
// OpenTok JWT, Vonage unified and T1: format paper section 4.
#include "ref.h"
#include "ref_claims.h"

#include <assert.h>
#include <ctype.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY INT64_C(86400)

void ref_role(struct ref_case *c, const char *role)
{
	const struct ref_policy *policy = &c->app->policy;
	if (policy->role != NULL && strcmp(role, policy->role) == 0) {
		ref_grant(c, policy->role_capabilities, JG_TIME_NONE);
		c->verdict->role = role;
		return;
	}
	const uint64_t subscriber = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE);
	const uint64_t publisher = subscriber | JG_CAPABILITY_PUBLISH | JG_CAPABILITY(SIGNAL);
	const struct ref_flag roles[] = {
		{"subscriber", subscriber},
		{"publisher", publisher},
		{"publisheronly", JG_CAPABILITY(JOIN) | JG_CAPABILITY_PUBLISH},
		{"moderator",
			publisher | JG_CAPABILITY(FORCE_DISCONNECT) |
				JG_CAPABILITY(FORCE_UNPUBLISH) | JG_CAPABILITY(FORCE_MUTE)},
	};
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(role, roles[i].name) == 0) {
			ref_grant(c, roles[i].bits, JG_TIME_NONE);
			c->verdict->role = role;
			return;
		}
	ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
}

// N_ + base64 of 1~<apiKey>~...: field 1 must be the key. Unified sessions have no such layout.
static bool session_is_of(const char *session, const char *key)
{
	const size_t n = strlen(session);
	if (n < 3 || n > 255 || (session[0] != '1' && session[0] != '2') || session[1] != '_')
		return false;
	uint8_t bytes[256];
	const long len = ref_base64(session + 2, n - 2, REF_URL, bytes);
	const size_t key_len = strlen(key);
	return len > (long)key_len + 3 && memcmp(bytes, "1~", 2) == 0 &&
		memcmp(bytes + 2, key, key_len) == 0 && bytes[2 + key_len] == '~';
}

void ref_session(struct ref_case *c, const char *session)
{
	if (c->request->vendor == JG_VENDOR_OPENTOK && !session_is_of(session, c->app->key)) {
		ref_fail(c, REF_MATCH, REF_R(ROOM_MISMATCH));
		ref_loose(c, REF_CLAIM, REF_R(BAD_CLAIM) | REF_R(ROOM_MISMATCH));
	}
	if (session[0] == '\0' || strlen(session) > 255)
		ref_open(c, "empty and overlong session ids");
	if (c->request->room != NULL && strcmp(session, c->request->room) != 0)
		ref_fail(c, REF_MATCH, REF_R(ROOM_MISMATCH));
	c->verdict->room = session;
}

void ref_connection_data(struct ref_case *c, const char *data)
{
	if (ref_characters(data) > 1000)
		ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
	c->verdict->metadata = data;
}

void ref_layout(struct ref_case *c, const char *list)
{
	char *out = ref_room(c, strlen(list)), *at = out;
	for (const char *p = list; *p != '\0'; p++)
		if (*p != ' ' || (at > out && at[-1] != ' '))
			*at++ = *p;
	if (at > out && at[-1] == ' ')
		at--;
	*at = '\0';
	if (strlen(list) > 1000)
		ref_open(c, "how the layout list's limit is counted");
	c->verdict->layout_classes = out;
}

void ref_opentok_times(struct ref_case *c, const int64_t *issued, int64_t expires)
{
	const int64_t now = c->world->now;
	if (now >= expires + ref_late(c))
		ref_fail(c, REF_TIME, REF_R(EXPIRED) | (expires < 0 ? REF_R(BAD_CLAIM) : 0));
	if (issued != NULL && *issued > now + 600 + ref_leeway(c))
		ref_fail(c, REF_TIME, REF_R(NOT_YET_VALID));
	if (issued != NULL && expires - *issued > 30 * DAY)
		ref_fail(c, REF_LIFETIME, REF_R(LIFETIME));
	if (issued == NULL && expires - now > 30 * DAY)
		ref_open(c, "a long life without a time of issue");
}

static void jwt_times(struct ref_case *c)
{
	int64_t exp, nbf, iat;
	const int64_t *issued = ref_time_claim(c, "iat", &iat);
	if (ref_time_claim(c, "exp", &exp) != NULL) {
		ref_opentok_times(c, issued, exp);
		c->verdict->expires_at = exp;
	} else {
		if (issued != NULL && iat > c->world->now + 600 + ref_leeway(c))
			ref_fail(c, REF_TIME, REF_R(NOT_YET_VALID));
		const json_t *raw = json_object_get(c->verdict->payload, "exp");
		if (raw == NULL || json_is_null(raw))
			ref_missing(c, "exp");
	}
	if (ref_time_claim(c, "nbf", &nbf) != NULL && c->world->now < nbf - ref_leeway(c))
		ref_fail(c, REF_TIME, REF_R(NOT_YET_VALID));
	c->verdict->issued_at = issued != NULL ? iat : JG_TIME_NONE;
}

// What makes it a session token at all; a REST token also lacks the rest.
static void jwt_scope(struct ref_case *c)
{
	const json_t *scope = json_object_get(c->verdict->payload, "scope");
	const json_t *ist = json_object_get(c->verdict->payload, "ist");
	const bool vonage = c->request->vendor == JG_VENDOR_VONAGE;
	const uint32_t absent = REF_R(NO_JOIN) | REF_R(MISSING_CLAIM);
	const uint32_t wrong = REF_R(NO_JOIN) | REF_R(BAD_CLAIM);
	if (!json_is_string(scope) || strcmp(json_string_value(scope), "session.connect") != 0) {
		ref_fail(c, REF_JOIN, REF_R(NO_JOIN));
		ref_loose(c, REF_CLAIM, scope == NULL ? absent : wrong);
	}
	if (!vonage && ist == NULL)
		ref_open(c, "an OpenTok token without ist");
	else if (!vonage &&
		(!json_is_string(ist) || strcmp(json_string_value(ist), "project") != 0)) {
		ref_fail(c, REF_JOIN, REF_R(NO_JOIN));
		ref_loose(c, REF_CLAIM, wrong);
	}
	const json_t *acl = json_object_get(c->verdict->payload, "acl");
	if (!vonage || acl == NULL)
		return;
	const json_t *path = json_object_get(json_object_get(acl, "paths"), "/session/**");
	if (path == NULL) {
		ref_fail(c, REF_JOIN, REF_R(NO_JOIN));
		ref_loose(c, REF_CLAIM, wrong);
	}
	if (json_is_null(acl) || (path != NULL && !json_is_object(path)))
		ref_open(c, "an acl of another shape");
}

static void jwt_layout(struct ref_case *c)
{
	const json_t *list = json_object_get(c->verdict->payload, "initial_layout_class_list");
	if (list == NULL)
		return;
	if (json_is_string(list)) {
		ref_layout(c, json_string_value(list));
		return;
	}
	if (!json_is_array(list)) {
		ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
		return;
	}
	char *out = ref_room(c, 4096), *at = out;
	size_t i;
	json_t *value;
	*at = '\0';
	json_array_foreach(list, i, value)
	{
		const char *text = json_string_value(value);
		if (text == NULL) {
			ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
			return;
		}
		if (text[0] == '\0' || strpbrk(text, " ") != NULL || strlen(text) > 400 || i > 8) {
			ref_open(c, "odd layout classes in a list");
			return;
		}
		at += sprintf(at, "%s%s", i == 0 ? "" : " ", text);
	}
	c->verdict->layout_classes = out;
}

void ref_opentok_claims(struct ref_case *c)
{
	const json_t *p = c->verdict->payload;
	jwt_times(c);
	jwt_scope(c);
	const char *role = ref_string_claim(c, p, "role");
	const json_t *raw = json_object_get(p, "role");
	if (role != NULL)
		ref_role(c, role);
	if (raw == NULL || json_is_null(raw)) {
		ref_missing(c, "role");
		ref_loose(c, REF_CLAIM, REF_R(BAD_CLAIM));
	}
	const char *session = ref_string_claim(c, p, "session_id");
	raw = json_object_get(p, "session_id");
	if (session != NULL)
		ref_session(c, session);
	else if (raw == NULL || json_is_null(raw))
		ref_missing(c, "session_id");
	const char *data = ref_string_claim(c, p, "connection_data");
	if (data != NULL)
		ref_connection_data(c, data);
	jwt_layout(c);
}

// T1: section 4.2.

enum {
	T1_FIELDS_MAX = 64
};

struct t1_field {
	const char *name;
	const char *value;
};

// NULL: a broken escape, %00, or text that is not UTF-8.
static const char *unescape(struct ref_case *c, const char *p, size_t n)
{
	char *out = ref_room(c, n), *at = out;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '+') {
			*at++ = ' ';
		} else if (p[i] != '%') {
			*at++ = p[i];
		} else {
			if (i + 2 >= n || !isxdigit((unsigned char)p[i + 1]) ||
				!isxdigit((unsigned char)p[i + 2]))
				return NULL;
			const char hex[3] = {p[i + 1], p[i + 2], '\0'};
			*at++ = (char)strtol(hex, NULL, 16);
			i += 2;
		}
		if (at[-1] == '\0')
			return NULL;
	}
	*at = '\0';
	return ref_utf8(out, (size_t)(at - out)) ? out : NULL;
}

// -1: refused; -2: without '=' or very many, of which the paper says nothing.
static int fields_of(struct ref_case *c, const char *p, size_t n, struct t1_field *fields)
{
	int count = 0;
	const char *end = p + n;
	while (p <= end) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		const char *stop = amp == NULL ? end : amp;
		const char *eq = memchr(p, '=', (size_t)(stop - p));
		if (eq == NULL || count == T1_FIELDS_MAX)
			return -2;
		fields[count].name = unescape(c, p, (size_t)(eq - p));
		fields[count].value = unescape(c, eq + 1, (size_t)(stop - eq - 1));
		if (fields[count].name == NULL || fields[count].value == NULL)
			return -1;
		for (int i = 0; i < count; i++)
			if (strcmp(fields[i].name, fields[count].name) == 0)
				return -1;
		count++;
		p = stop + 1;
	}
	return count;
}

static const char *field(const struct t1_field *fields, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return fields[i].value;
	return NULL;
}

static const int64_t *t1_time(struct ref_case *c, const char *text, int64_t *out)
{
	if (text == NULL)
		return NULL;
	const size_t n = strspn(text, "0123456789");
	if (n == 0 || text[n] != '\0' || n > 16) {
		ref_fail(c, REF_CLAIM, REF_R(BAD_CLAIM));
		ref_loose(c, REF_TIME, REF_R(BAD_CLAIM));
		if (n > 16)
			ref_loose(c, REF_LIFETIME, REF_R(LIFETIME));
		return NULL;
	}
	if (text[0] == '0' && n > 1)
		ref_open(c, "leading zeros in T1 times");
	*out = strtoll(text, NULL, 10);
	return out;
}

static void t1_claims(struct ref_case *c, const struct t1_field *fields, int n)
{
	int64_t created, expires;
	const char *expire_text = field(fields, n, "expire_time");
	const int64_t *issued = t1_time(c, field(fields, n, "create_time"), &created);
	const int64_t *end = t1_time(c, expire_text, &expires);
	if (expire_text == NULL && issued != NULL) {
		expires = created + DAY;
		end = &expires;
	}
	if (end != NULL) {
		ref_opentok_times(c, issued, expires);
		c->verdict->expires_at = expires;
	} else if (issued != NULL && created > c->world->now + 600) {
		ref_fail(c, REF_TIME, REF_R(NOT_YET_VALID));
	}
	if (field(fields, n, "create_time") == NULL)
		ref_fail(c, REF_CLAIM, REF_R(MISSING_CLAIM));
	c->verdict->issued_at = issued != NULL ? created : JG_TIME_NONE;
	const char *role = field(fields, n, "role"), *session = field(fields, n, "session_id");
	const char *data = field(fields, n, "connection_data");
	const char *layout = field(fields, n, "initial_layout_class_list");
	const char *scope = field(fields, n, "scope");
	if (role != NULL)
		ref_role(c, role);
	else
		ref_fail(c, REF_CLAIM, REF_R(MISSING_CLAIM) | REF_R(BAD_CLAIM));
	if (session != NULL)
		ref_session(c, session);
	else
		ref_fail(c, REF_CLAIM, REF_R(MISSING_CLAIM));
	if (scope != NULL && strcmp(scope, "session.connect") != 0)
		ref_open(c, "a T1 token with another scope");
	ref_connection_data(c, data == NULL ? "" : data);
	ref_layout(c, layout == NULL ? "" : layout);
	ref_ancestors(c, field(fields, n, "jg_ancestors"));
}

// partner_id and sig, each once, in any order; others are ignored.
static bool t1_prefix(struct ref_case *c, const char *p, size_t n, const char **sig)
{
	const char *key = NULL, *end = p + n;
	*sig = NULL;
	while (p <= end) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		const char *stop = amp == NULL ? end : amp;
		const char **slot = NULL;
		size_t name = 0;
		if (stop - p >= 11 && memcmp(p, "partner_id=", 11) == 0) {
			slot = &key;
			name = 11;
		} else if (stop - p >= 4 && memcmp(p, "sig=", 4) == 0) {
			slot = sig;
			name = 4;
		} else if (memchr(p, '=', (size_t)(stop - p)) == NULL) {
			ref_open(c, "T1 prefix members without '='");
		}
		if (slot != NULL && *slot != NULL) {
			ref_fail(c, REF_CONTENT, REF_R(MALFORMED) | REF_R(UNKNOWN_KEY));
			return false;
		}
		if (slot != NULL)
			*slot = ref_text(c, p + name, (size_t)(stop - p) - name);
		p = stop + 1;
	}
	if (*sig == NULL) {
		ref_loose(c, REF_CONTENT, REF_R(MALFORMED));
		ref_fail(c, REF_SIGNATURE, REF_R(BAD_SIGNATURE));
	}
	if (key == NULL) {
		ref_fail(c, REF_KEY, REF_R(UNKNOWN_KEY));
		ref_loose(c, REF_CONTENT, REF_R(MALFORMED) | REF_R(UNKNOWN_KEY));
		return false;
	}
	ref_find_app(c, key);
	return *sig != NULL && c->app != NULL;
}

static bool t1_holds(struct ref_case *c, const char *sig, const char *data, size_t n)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char hex[41];
	if (strlen(sig) != 40 || strspn(sig, "0123456789abcdef") != 40)
		ref_loose(c, REF_CONTENT, REF_R(MALFORMED));
	for (size_t k = 0; ref_secret(c, k) != NULL; k++) {
		HMAC(EVP_sha1(), ref_secret(c, k), (int)strlen(ref_secret(c, k)),
			(const uint8_t *)data, n, mac, &len);
		for (unsigned i = 0; i < 20; i++)
			snprintf(hex + 2 * i, 3, "%02x", mac[i]);
		if (strcmp(hex, sig) == 0) {
			ref_signed_by(c, k, mac, 20);
			return true;
		}
	}
	ref_fail(c, REF_SIGNATURE, REF_R(BAD_SIGNATURE));
	return false;
}

void ref_t1(struct ref_case *c)
{
	static uint8_t bytes[JG_TOKEN_MAX];
	static struct t1_field fields[T1_FIELDS_MAX];
	const char *text = c->request->token + 4, *body = (const char *)bytes;
	const size_t n = c->request->token_len - 4;
	if (n == 0) {
		ref_fail(c, REF_MALFORMED, REF_R(MALFORMED));
		return;
	}
	const long len = ref_base64(text, n, REF_STANDARD_PADDED, bytes);
	if (len < 0) {
		ref_fail(c, REF_ENCODING, REF_R(BAD_ENCODING));
		for (size_t i = 0; i < n; i++)
			if (strchr("\n\r\t ", text[i]) != NULL)
				ref_fail(c, REF_ENCODING, REF_R(MALFORMED));
		return;
	}
	const char *colon = memchr(body, ':', (size_t)len);
	if (colon == NULL) {
		ref_fail(c, REF_CONTENT, REF_R(MALFORMED) | REF_R(BAD_SIGNATURE));
		return;
	}
	const char *sig;
	const size_t data_len = (size_t)len - (size_t)(colon + 1 - body);
	const bool usable = t1_prefix(c, body, (size_t)(colon - body), &sig);
	const int count = fields_of(c, colon + 1, data_len, fields);
	const uint32_t broken = REF_R(MALFORMED) | REF_R(BAD_ENCODING) | REF_R(BAD_CLAIM);
	// The raw data string is verified before it is parsed; a gate may also look at its syntax first.
	if (count < 0)
		ref_loose(c, REF_CONTENT, broken);
	if (!usable || !t1_holds(c, sig, colon + 1, data_len))
		return;
	if (count == -2)
		ref_open(c, "T1 fields without '=', or very many");
	if (count < 0)
		ref_fail(c, REF_TIME, broken);
	else
		t1_claims(c, fields, count);
}

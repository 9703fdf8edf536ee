// SPDX-License-Identifier: BSD-3-Clause
// The reference proves itself on the token vectors: verdict, acceptable reasons, every field.
// ref_vectors FILE.jsonl...
#include "ref.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const *reason_labels(void)
{
#define X(code, symbol, label, help) [code] = label,
	static const char *const labels[] = {JG_REASONS(X)};
#undef X
	return labels;
}

static uint32_t reason_of(const char *label)
{
	for (unsigned i = 0; i < JG_REASON_COUNT; i++)
		if (strcmp(reason_labels()[i], label) == 0)
			return UINT32_C(1) << i;
	return 0;
}

static const char *bit_name(unsigned bit)
{
#define X(number, symbol, name, help) [number] = name,
	static const char *const names[] = {JG_CAPABILITIES(X)};
#undef X
	return names[bit];
}

static const char *text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static unsigned vendor_of(const char *name)
{
#define X(code, symbol, label, key)   \
	if (strcmp(label, name) == 0) \
		return code;
	JG_VENDORS(X)
#undef X
	return JG_VENDOR_NONE;
}

static void read_state(const json_t *state, struct ref_app *app)
{
	app->auth_checks_disabled = json_is_true(json_object_get(state, "auth_checks_disabled"));
	app->revoke_before = json_integer_value(json_object_get(state, "app_revoke_before"));
	const char *user;
	json_t *before;
	json_object_foreach(json_object_get(state, "user_revoke_before"), user, before)
	{
		if (json_is_null(before))
			continue;
		app->users[app->users_n].user = user;
		app->users[app->users_n++].before = json_integer_value(before);
	}
}

static void read_vector(const json_t *vector, struct ref_world *world, struct ref_request *request)
{
	const json_t *beside = json_object_get(vector, "request");
	const json_t *token = json_object_get(vector, "token");
	*world = (struct ref_world){
		.now = json_integer_value(json_object_get(vector, "now")), .apps_n = 1};
	struct ref_app *app = &world->apps[0];
	app->vendor = vendor_of(text(vector, "vendor"));
	app->key = text(vector, "app_key");
	app->secret = text(vector, "secret");
	const char *pem = text(vector, "public_key");
	if (pem != NULL) {
		BIO *bio = BIO_new_mem_buf(pem, -1);
		app->public_key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
		BIO_free(bio);
	}
	read_state(json_object_get(vector, "state"), app);
	*request = (struct ref_request){.vendor = app->vendor,
		.token = json_string_value(token),
		.token_len = json_string_length(token),
		.app = text(beside, "api_key")};
	const char *service = text(beside, "service");
	request->service =
		service != NULL && strcmp(service, "rtm") == 0 ? JG_SERVICE_RTM : JG_SERVICE_RTC;
	static const char *const rooms[] = {"session_id", "channel", "call_cid"};
	static const char *const identities[] = {"user_id", "uid"};
	for (int i = 0; i < 3; i++)
		if (text(beside, rooms[i]) != NULL)
			request->room = text(beside, rooms[i]);
	for (int i = 0; i < 2; i++)
		if (text(beside, identities[i]) != NULL)
			request->identity = text(beside, identities[i]);
}

static bool same_text(const json_t *expect, const char *name, const char *got)
{
	const char *want = text(expect, name);
	return want == NULL || strcmp(want, got) == 0;
}

static bool same_layout(const json_t *expect, const char *got)
{
	const json_t *list = json_object_get(expect, "layout_classes");
	char joined[2048] = "";
	size_t i;
	json_t *value;
	json_array_foreach(list, i, value)
	{
		strcat(joined, i == 0 ? "" : " ");
		strcat(joined, json_string_value(value));
	}
	return list == NULL || strcmp(joined, got) == 0;
}

static bool same_grants(const json_t *expect, const struct ref_verdict *v)
{
	uint64_t bits = 0;
	size_t i;
	json_t *value;
	json_array_foreach(json_object_get(expect, "grants"), i,
		value) for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT;
			    bit++) if (strcmp(json_string_value(value), bit_name(bit)) == 0) bits |=
		UINT64_C(1) << bit;
	const json_t *ends = json_object_get(expect, "grant_expires");
	for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT; bit++) {
		const json_t *end = json_object_get(ends, bit_name(bit));
		const int64_t want = end == NULL ? JG_TIME_NONE : json_integer_value(end);
		if (ends != NULL && (bits >> bit & 1) != 0 && v->ends[bit] != want)
			return false;
	}
	return bits == v->capabilities;
}

static bool admitted_right(const json_t *expect, const struct ref_verdict *v)
{
	const json_t *end = json_object_get(expect, "expires_at");
	const json_t *attributes = json_object_get(expect, "attributes");
	json_t *none = json_object();
	const int64_t want = json_is_null(end) ? JG_TIME_NONE : json_integer_value(end);
	const bool right = ref_reasons(v) == 0 && same_text(expect, "identity", v->identity) &&
		same_text(expect, "room", v->room) && same_text(expect, "name", v->name) &&
		same_text(expect, "metadata", v->metadata) && same_text(expect, "kind", v->kind) &&
		same_text(expect, "role", v->role) && same_layout(expect, v->layout_classes) &&
		want == v->expires_at && same_grants(expect, v) &&
		(attributes == NULL ||
			json_equal(attributes, v->attributes == NULL ? none : v->attributes));
	json_decref(none);
	return right;
}

static bool refused_right(const json_t *expect, const struct ref_verdict *v)
{
	uint32_t allowed = reason_of(text(expect, "reason"));
	size_t i;
	json_t *value;
	json_array_foreach(json_object_get(expect, "reason_any"), i, value) allowed |=
		reason_of(json_string_value(value));
	const uint32_t got = ref_reasons(v);
	return (got & allowed) != 0;
}

static bool judge(const json_t *vector)
{
	static struct ref_verdict verdict;
	struct ref_world world;
	struct ref_request request;
	read_vector(vector, &world, &request);
	ref_judge(&world, &request, &verdict);
	const json_t *expect = json_object_get(vector, "expect");
	const bool admit = strcmp(text(expect, "verdict"), "admit") == 0;
	const bool right = verdict.unspecified == NULL &&
		(admit ? admitted_right(expect, &verdict) : refused_right(expect, &verdict));
	if (!right) {
		printf("%s: reference says 0x%x%s%s, vector says %s\n", text(vector, "name"),
			(unsigned)ref_reasons(&verdict),
			verdict.unspecified == NULL ? "" : ", open: ",
			verdict.unspecified == NULL ? "" : verdict.unspecified,
			admit ? "admit" : text(expect, "reason"));
	}
	ref_clear(&verdict);
	EVP_PKEY_free(world.apps[0].public_key);
	return right;
}

int main(int argc, char **argv)
{
	static char line[1 << 20];
	unsigned right = 0, all = 0;
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "r");
		if (file == NULL) {
			perror(argv[i]);
			return 2;
		}
		while (fgets(line, sizeof(line), file) != NULL) {
			json_t *vector = json_loads(line, JSON_ALLOW_NUL, NULL);
			all++;
			right += vector != NULL && judge(vector);
			json_decref(vector);
		}
		fclose(file);
	}
	printf("the reference judges %u of %u vectors as they say\n", right, all);
	return all > 0 && right == all ? 0 : 1;
}

// SPDX-License-Identifier: BSD-3-Clause
// A change as the operations of one etcd transaction.
#include "store_etcd.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *put(json_t *key, const char *value)
{
	return json_pack(
		"{s:{s:o, s:o}}", "request_put", "key", key, "value", jg_etcd_bytes(value));
}

// One record: it must be as we know it, and takes the next generation.
bool jg_etcd_add_record(struct jg_etcd_store *s, const struct jg_record *record, json_t *compare,
	json_t *puts, size_t *bytes)
{
	char path[JG_PATH_MAX];
	char tail[JG_PATH_MAX + 8];
	snprintf(path, sizeof(path), "%.*s", (int)record->path.len, record->path.p);
	snprintf(tail, sizeof(tail), "s/r/%s", path);
	struct jg_str text = record->value.p != NULL ? record->value : JG_STR(JG_TOMBSTONE);
	char *sealed = jg_seal_text(s->seal, path, jg_etcd_known(s, path, 1) + 1, text);
	if (sealed == NULL)
		return false;
	(void)json_array_append_new(compare,
		json_pack("{s:o, s:s, s:s, s:o}", "key", jg_etcd_key(s, tail), "target", "MOD",
			"result", "EQUAL", "mod_revision",
			jg_etcd_string(jg_etcd_known(s, path, 0))));
	*bytes += strlen(tail) + strlen(sealed);
	(void)json_array_append_new(puts, put(jg_etcd_key(s, tail), sealed));
	jg_text_free(sealed);
	return true;
}

static bool users_of_one_app(const struct jg_cut_off *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (c[i].scope != JG_SCOPE_USER || c[i].vendor != c[0].vendor ||
			c[i].before != c[0].before || !jg_str_eq(c[i].app, c[0].app))
			return false;
	return n > 1;
}

// All cut-offs of a change are one record; its name follows from its subjects, so that a later one of
// the same subjects takes its place.
bool jg_etcd_add_cut_offs(struct jg_etcd_store *s, const struct jg_cut_off *c, uint32_t n,
	json_t *puts, size_t *bytes)
{
	json_t *json = users_of_one_app(c, n) ? jg_record_cut_off_json(&c[0]) : json_object();
	json_t *list = json_array();
	bool users = json_object_size(json) > 0;
	for (uint32_t i = 0; i < n; i++)
		(void)json_array_append_new(list,
			users ? json_stringn(c[i].user.p, c[i].user.len)
			      : jg_record_cut_off_json(&c[i]));
	(void)json_object_set_new(json, users ? "users" : "list", list);
	(void)json_object_del(json, "user");
	char *text = jg_text_of(json);
	json_t *named = json_deep_copy(json);
	(void)json_object_del(named, "before");
	if (!users && n == 1)
		(void)json_object_del(json_array_get(json_object_get(named, "list"), 0), "before");
	char *name = json_dumps(named, JSON_COMPACT | JSON_SORT_KEYS);
	unsigned char digest[32];
	char tail[80] = "s/c/";
	bool ok = text != NULL && name != NULL && strlen(text) <= JG_CHANGE_MAX &&
		EVP_Digest(name, strlen(name), digest, NULL, EVP_sha256(), NULL) == 1;
	for (unsigned i = 0; ok && i < 16; i++)
		snprintf(tail + 4 + 2 * i, 3, "%02x", digest[i]);
	if (ok) {
		*bytes += strlen(tail) + strlen(text);
		(void)json_array_append_new(puts, put(jg_etcd_key(s, tail), text));
	}
	jg_text_free(text);
	jg_text_free(name);
	json_decref(named);
	json_decref(json);
	return ok;
}

// What was done, in short where it is long: etcd takes 1.5 MiB at once, the cut-offs have their place.
void jg_etcd_add_audit(struct jg_etcd_store *s, const struct jg_audit *audit, json_t *puts)
{
	char tail[200];
	char who[256];
	char node[JG_NODE_MAX];
	jg_etcd_node(s, node);
	snprintf(tail, sizeof(tail), "a/%020" PRId64 "-%.100s-%" PRIu64, (int64_t)audit->time, node,
		audit->epoch);
	snprintf(who, sizeof(who), "%.*s on %s%s%.*s", (int)audit->who.len, audit->who.p, node,
		s->config->store_etcd_user.p != NULL ? ", etcd user " : "",
		(int)s->config->store_etcd_user.len,
		s->config->store_etcd_user.p != NULL ? s->config->store_etcd_user.p : "");
	json_t *line = json_pack("{s:I, s:I, s:s, s:s%, s:s%}", "time", (json_int_t)audit->time,
		"epoch", (json_int_t)audit->epoch, "who", who, "what", audit->what.p,
		(size_t)audit->what.len, "detail", audit->detail.p, (size_t)audit->detail.len);
	char *text = jg_text_of(line);
	json_decref(line);
	if (text != NULL)
		(void)json_array_append_new(puts, put(jg_etcd_key(s, tail), text));
	jg_text_free(text);
}

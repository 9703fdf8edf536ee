// SPDX-License-Identifier: BSD-3-Clause
// The nodes of the fleet: who has which revision in force, who is cut off, who is fenced.
#include "locked.h"
#include "store_etcd.h"

#include <errno.h>
#include <stdio.h>

// Silent so long, by our own clock, that it must have stopped admitting by its own.
static bool is_fenced(
	struct jg_etcd_store *s, const json_t *kv, const json_t *value, int64_t *silent)
{
	const char *key = json_string_value(json_object_get(kv, "key"));
	json_int_t staleness = json_integer_value(json_object_get(value, "max_staleness"));
	json_int_t lease = json_integer_value(json_object_get(value, "lease"));
	(void)pthread_mutex_lock(&s->lock);
	const json_t *seen = key == NULL ? NULL : json_object_get(s->nodes, key);
	bool same = json_integer_value(json_array_get(seen, 0)) ==
		jg_etcd_number(json_object_get(kv, "mod_revision"));
	*silent = seen != NULL && same ? jg_boottime() - json_integer_value(json_array_get(seen, 1))
				       : 0;
	(void)pthread_mutex_unlock(&s->lock);
	return staleness > 0 && *silent > staleness + lease;
}

static int list_node(struct jg_etcd_store *s, const json_t *kv, int64_t revision, json_t *list)
{
	size_t key_len = 0;
	size_t len = 0;
	char *key = jg_unbase64(jg_str_of(json_object_get(kv, "key")), &key_len);
	char *text = jg_unbase64(jg_str_of(json_object_get(kv, "value")), &len);
	json_t *value = text == NULL ? NULL : json_loadb(text, len, 0, NULL);
	const char *name = key != NULL ? strrchr(key, '/') : NULL;
	int64_t has = json_integer_value(json_object_get(value, "revision"));
	int64_t silent;
	bool fenced = is_fenced(s, kv, value, &silent);
	bool counts = has >= revision || fenced;
	(void)json_array_append_new(list,
		json_pack("{s:s, s:s, s:I, s:I}", "node", name != NULL ? name + 1 : "?", "state",
			fenced			      ? "fenced"
				: silent > JG_LEASE_S ? "silent"
				: has < revision      ? "behind"
						      : "in force",
			"revision", (json_int_t)has, "silent_s", (json_int_t)silent));
	json_decref(value);
	jg_locked_free(key);
	jg_locked_free(text);
	return counts ? 0 : 1;
}

int jg_etcd_fleet(struct jg_etcd_store *s, int64_t revision, json_t *list, struct jg_error *err)
{
	bool sent;
	json_t *reply = jg_etcd_call(s->calls, "kv/range", jg_etcd_range(s, "n/"), &sent, err);
	if (reply == NULL)
		return -EIO;
	int missing = 0;
	size_t i;
	json_t *kv;
	json_array_foreach(json_object_get(reply, "kvs"), i, kv) missing +=
		list_node(s, kv, revision, list);
	json_decref(reply);
	return missing;
}

int jg_etcd_forget(struct jg_etcd_store *s, const char *node, struct jg_error *err)
{
	bool sent;
	char tail[200];
	if (strlen(node) > 128 || strchr(node, '/') != NULL) {
		jg_error_set(err, "there is no node of that name");
		return -ENOENT;
	}
	snprintf(tail, sizeof(tail), "n/%s", node);
	json_t *reply = jg_etcd_call(s->calls, "kv/deleterange",
		json_pack("{s:o}", "key", jg_etcd_key(s, tail)), &sent, err);
	if (reply == NULL)
		return -EIO;
	int64_t deleted = jg_etcd_number(json_object_get(reply, "deleted"));
	json_decref(reply);
	if (deleted == 0)
		jg_error_set(err, "there is no node %s in the fleet", node);
	return deleted == 0 ? -ENOENT : 0;
}

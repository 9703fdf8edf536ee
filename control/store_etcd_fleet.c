// SPDX-License-Identifier: BSD-3-Clause
// The nodes of the fleet: who has which revision in force, who is cut off, who is fenced.
#include "store_etcd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static json_int_t lease_of(const json_t *value)
{
	return json_integer_value(json_object_get(value, "lease"));
}

// Silent so long, by our own clock, that it must have stopped admitting by its own. What was not seen
// before counts from now on.
static bool is_fenced(struct jg_etcd_store *s, const struct jg_etcd_event *node,
	const json_t *value, int64_t *silent)
{
	json_int_t staleness = json_integer_value(json_object_get(value, "max_staleness"));
	json_int_t lease = lease_of(value);
	const char *name = node->bytes + 2;
	(void)pthread_mutex_lock(&s->lock);
	jg_etcd_observe(s, node);
	const json_t *seen = json_object_get(s->nodes, name);
	*silent = jg_boottime() - json_integer_value(json_array_get(seen, 1));
	(void)pthread_mutex_unlock(&s->lock);
	return staleness > 0 && lease >= JG_LEASE_MIN_S && *silent > staleness + lease;
}

static int list_node(
	struct jg_etcd_store *s, const struct jg_etcd_event *node, int64_t revision, json_t *list)
{
	json_t *value = json_loadb(jg_etcd_event_value(node), node->value_len, 0, NULL);
	int64_t has = json_integer_value(json_object_get(value, "revision"));
	int64_t silent;
	bool fenced = is_fenced(s, node, value, &silent);
	bool counts = has >= revision || fenced;
	(void)json_array_append_new(list,
		json_pack("{s:s, s:s, s:I, s:I, s:I}", "node", node->bytes + 2, "state",
			fenced				   ? "fenced"
				: silent > lease_of(value) ? "silent"
				: has < revision	   ? "behind"
							   : "in force",
			"revision", (json_int_t)has, "silent_s", (json_int_t)silent,
			"max_staleness",
			(json_int_t)json_integer_value(json_object_get(value, "max_staleness"))));
	json_decref(value);
	return counts ? 0 : 1;
}

int jg_etcd_fleet(struct jg_etcd_store *s, int64_t revision, json_t *list, struct jg_error *err)
{
	struct jg_etcd_events nodes = {0};
	struct jg_etcd_reading reading = {.prefix = s->prefix};
	json_t *reply = jg_etcd_call(s->calls, "kv/range", jg_etcd_range(s, "n/"), NULL, err);
	int missing = reply == NULL ? -EIO : jg_etcd_events_page(&nodes, &reading, reply, err);
	json_decref(reply);
	bool ourselves = false;
	char own[JG_NODE_MAX];
	jg_etcd_node(s, own);
	for (size_t i = 0; i < nodes.n && missing >= 0; i++) {
		missing += list_node(s, nodes.list[i], revision, list);
		ourselves |= strcmp(nodes.list[i]->bytes + 2, own) == 0;
	}
	// A list without this gate is no list of this fleet: another prefix, an older etcd.
	if (missing >= 0 && !ourselves)
		missing++;
	jg_etcd_events_free(&nodes);
	free(reading.last);
	return missing;
}

bool jg_etcd_fleet_may(struct jg_etcd_store *s, int64_t revision)
{
	bool all = true;
	const char *name;
	json_t *node;
	(void)pthread_mutex_lock(&s->lock);
	json_object_foreach(s->nodes, name, node) all &=
		json_integer_value(json_array_get(node, 2)) >= revision;
	(void)pthread_mutex_unlock(&s->lock);
	return all;
}

const char *jg_node_state_name(enum jg_node_state state)
{
	static const char *const names[] = {"in_force", "behind", "silent"};
	return names[state];
}

void jg_etcd_count_nodes(struct jg_etcd_store *s, uint64_t nodes[JG_NODE_STATES])
{
	const char *name;
	json_t *node;
	int64_t now = jg_boottime();
	(void)pthread_mutex_lock(&s->lock);
	json_object_foreach(s->nodes, name, node)
	{
		int64_t silent = now - json_integer_value(json_array_get(node, 1));
		bool behind = json_integer_value(json_array_get(node, 2)) < s->in_force;
		nodes[silent > s->config->store_etcd_lease ? JG_NODE_SILENT
				: behind		   ? JG_NODE_BEHIND
							   : JG_NODE_IN_FORCE]++;
	}
	(void)pthread_mutex_unlock(&s->lock);
}

int jg_etcd_forget(struct jg_etcd_store *s, const char *node, struct jg_error *err)
{
	char tail[200];
	if (strlen(node) > 128 || strchr(node, '/') != NULL) {
		jg_error_set(err, "there is no node of that name");
		return -ENOENT;
	}
	snprintf(tail, sizeof(tail), "n/%s", node);
	json_t *reply = jg_etcd_call(s->calls, "kv/deleterange",
		json_pack("{s:o}", "key", jg_etcd_key(s, tail)), NULL, err);
	if (reply == NULL)
		return -EIO;
	int64_t deleted = jg_etcd_number(json_object_get(reply, "deleted"));
	json_decref(reply);
	if (deleted == 0)
		jg_error_set(err, "there is no node %s in the fleet", node);
	return deleted == 0 ? -ENOENT : 0;
}

// SPDX-License-Identifier: BSD-3-Clause
#include "etcd_events.h"

#include "etcd.h"
#include "locked.h"
#include "record.h"
#include "seal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

void jg_etcd_events_free(struct jg_etcd_events *events)
{
	for (size_t i = 0; i < events->n; i++)
		free(events->list[i]);
	free(events->list);
	*events = (struct jg_etcd_events){0};
}

const char *jg_etcd_event_value(const struct jg_etcd_event *event)
{
	return event->bytes + event->key_len + 1;
}

bool jg_etcd_event_below(const struct jg_etcd_event *event, const char *folder)
{
	return strncmp(event->bytes, folder, strlen(folder)) == 0;
}

static int add(struct jg_etcd_events *events, struct jg_etcd_event *event)
{
	if (events->n == events->room) {
		size_t room = events->room * 2 + 16;
		struct jg_etcd_event **list = reallocarray(events->list, room, sizeof(*list));
		if (list == NULL)
			return -ENOMEM;
		events->list = list;
		events->room = room;
	}
	events->list[events->n++] = event;
	events->bytes += sizeof(*event) + event->key_len + event->value_len + 2;
	return 0;
}

static int by_kind_and_revision(const void *a, const void *b)
{
	const struct jg_etcd_event *x = *(struct jg_etcd_event *const *)a;
	const struct jg_etcd_event *y = *(struct jg_etcd_event *const *)b;
	bool x_cuts = jg_etcd_event_below(x, "s/c/");
	bool y_cuts = jg_etcd_event_below(y, "s/c/");
	if (x_cuts != y_cuts)
		return x_cuts ? -1 : 1;
	return x->mod < y->mod ? -1 : x->mod > y->mod;
}

void jg_etcd_events_sort(struct jg_etcd_events *events)
{
	if (events->n > 1)
		qsort(events->list, events->n, sizeof(events->list[0]), by_kind_and_revision);
}

// A key or value in base64; absent is empty. NULL: nonsense, or no memory.
static char *bytes_of(const json_t *text, size_t *len)
{
	*len = 0;
	if (text == NULL)
		return jg_locked_copy("", 0);
	return jg_unbase64(jg_str_of(text), len);
}

// One kv as an event; NULL: nonsense. The whole key is left in *key (free with jg_locked_free()).
static struct jg_etcd_event *event_of(
	const json_t *kv, const char *prefix, bool gone, char **key, size_t *key_len)
{
	size_t value_len = 0;
	size_t skip = strlen(prefix);
	struct jg_etcd_event *event = NULL;
	char *value = bytes_of(json_object_get(kv, "value"), &value_len);
	*key = bytes_of(json_object_get(kv, "key"), key_len);
	int64_t mod = jg_etcd_number(json_object_get(kv, "mod_revision"));
	bool ours = value != NULL && *key != NULL && mod > 0 && *key_len > skip &&
		memcmp(*key, prefix, skip) == 0 && strlen(*key) == *key_len;
	if (ours)
		event = malloc(sizeof(*event) + *key_len - skip + value_len + 2);
	if (event != NULL) {
		event->mod = mod;
		event->key_len = (uint32_t)(*key_len - skip);
		event->value_len = (uint32_t)value_len;
		event->gone = gone;
		memcpy(event->bytes, *key + skip, event->key_len + 1u);
		memcpy(event->bytes + event->key_len + 1, value, value_len + 1);
	}
	jg_locked_free(value);
	return event;
}

static bool is_next(const struct jg_etcd_reading *reading, const char *key, size_t len)
{
	if (reading->last == NULL)
		return true;
	size_t least = len < reading->last_len ? len : reading->last_len;
	int order = memcmp(key, reading->last, least);
	return order > 0 || (order == 0 && len > reading->last_len);
}

static int add_read(struct jg_etcd_events *events, struct jg_etcd_reading *reading,
	const json_t *kv, struct jg_error *err)
{
	size_t len = 0;
	char *key = NULL;
	struct jg_etcd_event *event = event_of(kv, reading->prefix, false, &key, &len);
	int result = 0;
	if (event == NULL || event->mod > reading->revision || !is_next(reading, key, len)) {
		jg_error_set(err,
			"etcd answers nonsense: a record that was not asked for, or not from "
			"this revision");
		result = -EBADMSG;
	} else if (++reading->told > JG_EVENTS_MAX || events->bytes > JG_EVENTS_BYTES_MAX) {
		jg_error_set(err,
			"etcd has more records below store.etcd.prefix than this gate "
			"takes: is something else kept there?");
		result = -EBADMSG;
	} else if (event->mod <= reading->after && jg_etcd_event_below(event, "s/c/")) {
		free(event); // known from before
		event = NULL;
	} else {
		result = add(events, event);
		event = result == 0 ? NULL : event;
	}
	if (result == 0) {
		free(reading->last);
		reading->last = strndup(key, len);
		reading->last_len = len;
		result = reading->last == NULL ? -ENOMEM : 0;
	}
	free(event);
	jg_locked_free(key);
	return result;
}

int jg_etcd_events_page(struct jg_etcd_events *events, struct jg_etcd_reading *reading,
	const json_t *reply, struct jg_error *err)
{
	const json_t *kvs = json_object_get(reply, "kvs");
	int64_t revision =
		jg_etcd_number(json_object_get(json_object_get(reply, "header"), "revision"));
	if (revision < 1 || revision < reading->revision || (kvs != NULL && !json_is_array(kvs))) {
		jg_error_set(err, "etcd answers nonsense: a reply without header or records");
		return -EBADMSG;
	}
	if (reading->revision == 0)
		reading->revision = revision;
	size_t i;
	json_t *kv;
	json_array_foreach(kvs, i, kv)
	{
		jg_error_set(err, "out of memory for the fleet's records");
		int result = add_read(events, reading, kv, err);
		if (result != 0)
			return result;
	}
	bool more = json_is_true(json_object_get(reply, "more"));
	if (more && json_array_size(kvs) == 0) {
		jg_error_set(err, "etcd answers nonsense: more of nothing");
		return -EBADMSG;
	}
	return more;
}

static enum jg_etcd_message ended(const json_t *message, struct jg_error *err)
{
	const json_t *error = json_object_get(message, "error");
	const char *text = json_string_value(json_object_get(error, "message"));
	if (text == NULL)
		text = json_string_value(json_object_get(message, "message"));
	jg_error_set(err, "etcd ends the watch: %.200s", text != NULL ? text : "nonsense");
	return JG_ETCD_MESSAGE_END;
}

static enum jg_etcd_message canceled(const json_t *result, struct jg_error *err)
{
	if (jg_etcd_number(json_object_get(result, "compact_revision")) > 0)
		return JG_ETCD_MESSAGE_COMPACTED;
	const char *text = json_string_value(json_object_get(result, "cancel_reason"));
	jg_error_set(
		err, "etcd refuses the watch: %.200s", text != NULL ? text : "no reason given");
	return JG_ETCD_MESSAGE_END;
}

static bool add_watched(
	struct jg_etcd_events *events, const char *prefix, int64_t from, const json_t *one)
{
	size_t len = 0;
	char *key = NULL;
	const char *type = json_string_value(json_object_get(one, "type"));
	bool gone = type != NULL && strcmp(type, "DELETE") == 0;
	struct jg_etcd_event *event =
		event_of(json_object_get(one, "kv"), prefix, gone, &key, &len);
	jg_locked_free(key);
	int64_t least = events->n > 0 ? events->list[events->n - 1]->mod : from + 1;
	if (event != NULL && event->mod >= least && add(events, event) == 0)
		return true;
	free(event);
	return false;
}

enum jg_etcd_message jg_etcd_events_message(struct jg_etcd_events *events, const char *prefix,
	int64_t from, const json_t *message, struct jg_error *err)
{
	const json_t *result = json_object_get(message, "result");
	if (!json_is_object(result))
		return ended(message, err);
	if (json_is_true(json_object_get(result, "canceled")))
		return canceled(result, err);
	int64_t revision =
		jg_etcd_number(json_object_get(json_object_get(result, "header"), "revision"));
	if (json_is_true(json_object_get(result, "created")) && revision < from)
		return JG_ETCD_MESSAGE_REWOUND;
	size_t i;
	json_t *one;
	json_array_foreach(json_object_get(result, "events"), i, one)
	{
		if (!add_watched(events, prefix, from, one) ||
			events->bytes > JG_EVENTS_BYTES_MAX) {
			jg_error_set(err,
				"etcd answers nonsense: an event that was not asked for, or of an "
				"older revision");
			return JG_ETCD_MESSAGE_END;
		}
	}
	return json_is_true(json_object_get(result, "fragment")) ? JG_ETCD_MESSAGE_PART
								 : JG_ETCD_MESSAGE_EVENTS;
}

// SPDX-License-Identifier: BSD-3-Clause
// What etcd answers: a page of a reading and a message of a watch. The first byte says which.
#include "etcd_events.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct jg_error err;
	struct jg_etcd_events events = {0};
	struct jg_etcd_reading reading = {.prefix = "/j/", .after = 4};
	if (len == 0)
		return 0;
	json_t *json = json_loadb((const char *)bytes + 1, len - 1, 0, NULL);
	if (bytes[0] % 2 == 0) {
		int more = jg_etcd_events_page(&events, &reading, json, &err);
		assert(more <= 1);
		jg_etcd_events_sort(&events);
	} else {
		enum jg_etcd_message kind = jg_etcd_events_message(&events, "/j/", 4, json, &err);
		for (size_t i = 0; i < events.n; i++)
			assert(events.list[i]->mod > 4);
		assert(kind <= JG_ETCD_MESSAGE_END);
	}
	for (size_t i = 0; i < events.n; i++) {
		assert(strlen(events.list[i]->bytes) == events.list[i]->key_len);
		assert(events.list[i]->mod > 0);
	}
	json_decref(json);
	jg_etcd_events_free(&events);
	free(reading.last);
	return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
// Two threads over one spool under ThreadSanitizer: every record is seen whole, once and in order, or
// was refused.
#include "internal/spool.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define RECORDS 50000

static struct jg_spool *spool;
static unsigned wrong;

static uint32_t length(unsigned i)
{
	return 4 + i * 31 % 200;
}

static void *reader(void *unused)
{
	for (unsigned i = 0; i < RECORDS;) {
		uint32_t len;
		const uint8_t *record = jg_spool_peek(spool, &len);

		if (record == NULL) {
			sched_yield();
			continue;
		}
		unsigned number;
		memcpy(&number, record, sizeof(number));
		wrong += number != i || len != length(i);
		for (uint32_t k = sizeof(number); k < len; k++)
			wrong += record[k] != (uint8_t)i;
		jg_spool_release(spool);
		i++;
	}
	return unused;
}

int main(void)
{
	struct jg_error err;
	pthread_t thread;

	spool = jg_spool_new(1024, &err);
	if (spool == NULL || pthread_create(&thread, NULL, reader, NULL) != 0)
		return 1;
	for (unsigned i = 0; i < RECORDS; i++) {
		uint8_t *record;

		while ((record = jg_spool_reserve(spool, length(i))) == NULL)
			sched_yield();
		memcpy(record, &i, sizeof(i));
		memset(record + sizeof(i), (uint8_t)i, length(i) - sizeof(i));
		jg_spool_commit(spool);
	}
	pthread_join(thread, NULL);
	jg_spool_free(spool);
	printf("%d records, %u wrong\n", RECORDS, wrong);
	return wrong == 0 ? 0 : 1;
}

// SPDX-License-Identifier: BSD-3-Clause
#include "pages.h"

#include <sys/mman.h>

#define PAGE ((size_t)4096)

void *jg_pages_new(size_t *size)
{
	if (*size > SIZE_MAX / 2)
		return NULL;
	size_t rounded = (*size + PAGE - 1) / PAGE * PAGE;
	bool huge = rounded >= JG_HUGE_PAGE;
	size_t slack = huge ? JG_HUGE_PAGE - PAGE : 0;
	char *map = mmap(
		NULL, rounded + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	size_t before = (JG_HUGE_PAGE - (uintptr_t)map % JG_HUGE_PAGE) % JG_HUGE_PAGE;
	if (!huge)
		before = 0;
	if (before > 0)
		(void)munmap(map, before);
	if (slack > before)
		(void)munmap(map + before + rounded, slack - before);
	map += before;
	// Advice: a kernel that does not take it does no harm.
	(void)madvise(map, rounded, MADV_DONTDUMP);
	if (huge)
		(void)madvise(map, rounded, MADV_HUGEPAGE);
	*size = rounded;
	return map;
}

void jg_pages_free(void *pages, size_t size)
{
	if (pages != NULL)
		(void)munmap(pages, size);
}

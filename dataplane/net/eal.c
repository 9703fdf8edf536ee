// SPDX-License-Identifier: BSD-3-Clause
#include "port.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 96
#define WORD_LEN 1100
#define HUGEPAGES "/sys/kernel/mm/hugepages"

// A word list that EAL may keep pointers into: never freed.
struct words {
	int n;
	char *word[WORDS_MAX];
	char text[WORDS_MAX][WORD_LEN];
};

__attribute__((__format__(__printf__, 2, 3))) static void add(
	struct words *words, const char *format, ...)
{
	if (words->n == WORDS_MAX)
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(words->text[words->n], WORD_LEN, format, args);
	va_end(args);
	words->word[words->n] = words->text[words->n];
	words->n++;
}

// Free huge pages of any size, in bytes.
static size_t free_hugepages(void)
{
	DIR *sizes = opendir(HUGEPAGES);
	size_t bytes = 0;

	for (struct dirent *d; sizes != NULL && (d = readdir(sizes)) != NULL;) {
		char path[512];
		unsigned long kb;
		unsigned long pages = 0;

		if (sscanf(d->d_name, "hugepages-%lukB", &kb) != 1)
			continue;
		snprintf(path, sizeof(path), HUGEPAGES "/%s/free_hugepages", d->d_name);
		FILE *f = fopen(path, "r");
		if (f == NULL)
			continue;
		if (fscanf(f, "%lu", &pages) == 1)
			bytes += (size_t)pages * kb * 1024;
		fclose(f);
	}
	if (sizes != NULL)
		closedir(sizes);
	return bytes;
}

// "0@(0-1),1@1,2@0,3@(0-1)": main and lane float over all allowed CPUs, each worker has one of its
// own as long as there are enough; the first CPU is the last to be given away.
static void lcores_word(char *word, size_t size, unsigned members, unsigned workers)
{
	cpu_set_t allowed;
	unsigned cpus[CPU_SETSIZE];
	unsigned n = 0;
	char all[600] = "";
	size_t used = 0;

	CPU_ZERO(&allowed);
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		CPU_SET(0, &allowed);
	for (unsigned c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET(c, &allowed))
			cpus[n++] = c;
	for (unsigned i = 0; i < n && used < sizeof(all) - 8; i++)
		used += (size_t)snprintf(
			all + used, sizeof(all) - used, "%s%u", i > 0 ? "," : "", cpus[i]);
	used = (size_t)snprintf(word, size, "--lcores=0@(%s)", all);
	for (unsigned i = 0; i < members && used < size; i++) {
		if (i < workers)
			used += (size_t)snprintf(
				word + used, size - used, ",%u@%u", i + 1, cpus[(i + 1) % n]);
		else
			used += (size_t)snprintf(word + used, size - used, ",%u@(%s)", i + 1, all);
	}
}

// Is there a file system of huge pages that files may be made in? Free pages alone are no use to EAL.
static bool hugepages_mounted(void)
{
	struct mntent *mount;
	bool writable = false;
	FILE *mounts = setmntent("/proc/self/mounts", "r");

	while (mounts != NULL && !writable && (mount = getmntent(mounts)) != NULL)
		writable = strcmp(mount->mnt_type, "hugetlbfs") == 0 &&
			access(mount->mnt_dir, W_OK) == 0;
	if (mounts != NULL)
		endmntent(mounts);
	return writable;
}

static void explain(int code, bool huge, struct jg_error *err)
{
	switch (code) {
	case EACCES:
	case EPERM:
		jg_error_set(err,
			"DPDK's EAL may not create its run-time files or map its memory: run as "
			"root, or give this user a writable XDG_RUNTIME_DIR");
		break;
	case ENOMEM:
		jg_error_set(err, "DPDK's EAL got no memory%s",
			huge ? ": the free huge pages are too few; free some, or set more with "
			       "`sysctl vm.nr_hugepages=512`, or add \"--no-huge\" to eal_extra"
			     : "");
		break;
	case EALREADY:
		jg_error_set(err,
			"DPDK's EAL was started before in this process; a gate is started "
			"once per process");
		break;
	default:
		jg_error_set(err,
			"DPDK's EAL did not start: %s; check the words in eal_extra, and that no "
			"other process uses the same --file-prefix",
			rte_strerror(code));
	}
}

int jg_eal_start(const struct jg_gate_options *options, unsigned members, struct jg_error *err)
{
	static struct words words;
	unsigned workers = options->workers > 0 ? options->workers : 1;
	size_t memory = (jg_port_memory(options) >> 20) + 64 + 16 * (size_t)members;
	bool huge = free_hugepages() >> 20 >= memory && hugepages_mounted();
	char lcores[WORD_LEN];

	words.n = 0;
	add(&words, "joingated");
	if (options->file_prefix != NULL)
		add(&words, "--file-prefix=%s", options->file_prefix);
	else
		add(&words, "--file-prefix=joingate-%d", (int)getpid());
	lcores_word(lcores, sizeof(lcores), members, workers);
	add(&words, "%s", lcores);
	add(&words, "--log-level=error");
	add(&words, "-m");
	add(&words, "%zu", memory);
	if (!huge) {
		add(&words, "--no-huge");
		add(&words, "--iova-mode=va");
	}
	bool pci = false;
	for (unsigned i = 0; i < options->ports_n; i++)
		pci |= options->ports[i].driver == JG_PORT_PCI;
	if (!pci)
		add(&words, "--no-pci");
	for (unsigned i = 0; i < options->eal_extra_n; i++)
		add(&words, "%.*s", (int)options->eal_extra[i].len, options->eal_extra[i].p);
	if (rte_eal_init(words.n, words.word) >= 0)
		return 0;
	int code = rte_errno;
	explain(code, huge, err);
	return code > 0 ? -code : -EINVAL;
}

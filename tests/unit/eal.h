// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** EAL for one test process: no hugepages, no devices, nothing shared with other processes. */

#include <rte_eal.h>

#include <stdio.h>
#include <unistd.h>

/** @param lcores as in EAL's --lcores. Returns what rte_eal_init() returns. */
static inline int test_eal_start(const char *lcores)
{
	static char prefix[64];
	static char lcores_word[64];
	char *words[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
		"--iova-mode=va", "-m", "256", "--log-level=3", prefix, lcores_word};

	snprintf(prefix, sizeof(prefix), "--file-prefix=jgtest-%d", (int)getpid());
	snprintf(lcores_word, sizeof(lcores_word), "--lcores=%s", lcores);
	return rte_eal_init(sizeof(words) / sizeof(words[0]), words);
}

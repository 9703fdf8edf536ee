// SPDX-License-Identifier: BSD-3-Clause
#include "environment.h"

#include "clock.h"
#include "load_version.h"

#include <joingate/verify.h>

#include <intel-ipsec-mb.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

// The value of the first line that begins with a name, as in /proc/cpuinfo; "" when there is none.
static void read_value(const char *path, const char *name, char *value, size_t size)
{
	char line[512];
	FILE *file = fopen(path, "re");
	value[0] = '\0';
	while (file != NULL && value[0] == '\0' && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, strlen(name)) != 0)
			continue;
		const char *at = line + strlen(name);
		at += strspn(at, " \t:");
		snprintf(value, size, "%.*s", (int)strcspn(at, "\n"), at);
	}
	if (file != NULL)
		fclose(file);
}

static void set_file(json_t *json, const char *name, const char *path, const char *prefix)
{
	char value[256];
	read_value(path, prefix, value, sizeof(value));
	json_object_set_new(json, name, json_string(value[0] == '\0' ? "unknown" : value));
}

static bool has_flag(const char *flag)
{
	char flags[4096];
	char wanted[32];
	FILE *file = fopen("/proc/cpuinfo", "re");
	bool found = false;
	snprintf(wanted, sizeof(wanted), " %s", flag);
	while (file != NULL && !found && fgets(flags, sizeof(flags), file) != NULL)
		found = strncmp(flags, "flags", 5) == 0 && strstr(flags, wanted) != NULL;
	if (file != NULL)
		fclose(file);
	return found;
}

static void set_implementation(json_t *json)
{
	struct jg_error err;
	struct jg_verifier *verifier = jg_verifier_new(NULL, &err);
	json_object_set_new(json, "implementation",
		json_string(verifier == NULL ? "unknown" : jg_verifier_describe(verifier)));
	jg_verifier_free(verifier);
}

json_t *environment_read(void)
{
	struct utsname names;
	char kernel[200] = "unknown";
	json_t *json = json_object();
	if (uname(&names) == 0)
		snprintf(kernel, sizeof(kernel), "%.60s %.60s %.60s", names.sysname, names.release,
			names.machine);
	set_file(json, "cpu", "/proc/cpuinfo", "model name");
	set_file(json, "microcode", "/proc/cpuinfo", "microcode");
	json_object_set_new(json, "cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_set_new(json, "virtual", json_boolean(has_flag("hypervisor")));
	json_object_set_new(json, "kernel", json_string(kernel));
	set_file(json, "clock", "/sys/devices/system/clocksource/clocksource0/current_clocksource",
		"");
	json_object_set_new(json, "timed_by", json_string(clock_source()));
	set_file(json, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "");
	set_file(json, "hugepages", "/proc/meminfo", "HugePages_Total");
	set_file(json, "isolated_cpus", "/sys/devices/system/cpu/isolated", "");
	json_object_set_new(json, "dpdk", json_string(LOAD_DPDK));
	json_object_set_new(json, "ipsec_mb", json_string(IMB_VERSION_STR));
	set_implementation(json);
	json_object_set_new(json, "joingate", json_string(LOAD_VERSION));
	json_object_set_new(json, "commit", json_string(LOAD_COMMIT));
	return json;
}

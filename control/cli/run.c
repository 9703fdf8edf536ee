// SPDX-License-Identifier: BSD-3-Clause
// joingate run: becomes joingated, which alone links DPDK.
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
	"joingate run - run the gate\n"
	"\n"
	"  joingate run [OPTIONS OF joingated]\n"
	"\n"
	"Executes joingated: the one beside this program, in a build tree the one built with it, "
	"else\n"
	"the one found in PATH. All options are handed over; joingated --help lists them.\n"
	"\n"
	"Exit status: that of joingated; 2 when there is none.\n";

static int run(int argc, char **argv)
{
	static const char *const places[] = {"joingated", "../daemon/joingated"};
	char self[4096];
	(void)argc;
	argv[0] = (char[]){"joingated"};
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(self, '/');
	for (size_t i = 0; slash != NULL && i < JG_ARRAY_SIZE(places); i++) {
		char path[4096 + 32];
		(void)snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - self), self, places[i]);
		execv(path, argv);
	}
	execvp("joingated", argv);
	return cli_fail(&command_run,
		"joingated cannot be executed: %s; it is built where DPDK (libdpdk-dev) is "
		"installed",
		strerror(errno));
}

const struct command command_run = {"run", "run the gate (executes joingated)", help, run};

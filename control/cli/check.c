// SPDX-License-Identifier: BSD-3-Clause
// joingate check: every mistake of a configuration file, with its place.
#include "cli.h"

#include <getopt.h>

static const char help[] = "joingate check - tell every mistake in a configuration file\n"
			   "\n"
			   "  joingate check FILE\n"
			   "\n"
			   "Mistakes and warnings go to standard error, one a line: "
			   "FILE:LINE:COLUMN: what is wrong and\n"
			   "what was expected. A syntax error ends the check. `joingate help "
			   "settings` lists the settings.\n"
			   "\n"
			   "Exit status: 0 the file can be used, 1 it has mistakes, 2 bad usage.\n";

static int run(int argc, char **argv)
{
	static const struct option options[] = {{NULL, 0, NULL, 0}};
	if (getopt_long(argc, argv, "", options, NULL) != -1)
		return cli_usage(&command_check);
	if (argc - optind != 1) {
		(void)cli_fail(&command_check, "expected one FILE");
		return cli_usage(&command_check);
	}
	const char *path = argv[optind];
	struct jg_problems problems = {0};
	struct jg_config *config = jg_config_load(path, JG_CONFIG_ALL, &problems);
	jg_problems_print(&problems, path, stderr);
	if (config == NULL)
		fprintf(stderr, "%s: %u mistake%s\n", path, problems.mistakes,
			problems.mistakes == 1 ? "" : "s");
	else
		printf("%s: good: apps %u, ports %u, front ends %u, cut-offs %u\n", path,
			config->apps_n, config->ports_n, config->front_ends_n, config->cut_offs_n);
	int status = config == NULL ? EXIT_NO : EXIT_YES;
	jg_config_free(config);
	jg_problems_free(&problems);
	return status;
}

const struct command command_check = {
	"check", "tell every mistake in a configuration file", help, run};

// SPDX-License-Identifier: BSD-3-Clause
// joingate: the commands that need no DPDK.
#include "cli.h"

#include <stdio.h>
#include <string.h>

static int run_help(int argc, char **argv);
static int run_version(int argc, char **argv);

static const char help_help[] = "joingate help - what a command does, or what a setting means\n"
				"\n"
				"  joingate help [COMMAND | settings]\n";
static const char version_help[] = "joingate version - print the version\n";

static const struct command command_help = {
	"help", "explain a command, or list the settings", help_help, run_help};
static const struct command command_version = {
	"version", "print the version", version_help, run_version};

static const struct command *const commands[] = {
	&command_run,
	&command_check,
	&command_verify,
	&command_mint,
	&command_explain,
	&command_token_server,
	&command_ask,
	&command_help,
	&command_version,
};

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < JG_ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static void list(FILE *out)
{
	fprintf(out,
		"joingate - a join gate for real-time media\n\n"
		"  joingate COMMAND [OPTIONS]\n\n");
	for (size_t i = 0; i < JG_ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-14s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(out, "\njoingate COMMAND --help explains a command.\n");
}

static int run_help(int argc, char **argv)
{
	const struct command *command = argc > 1 ? find(argv[1]) : NULL;
	if (argc == 1)
		list(stdout);
	else if (command != NULL)
		fputs(command->help, stdout);
	else if (strcmp(argv[1], "settings") == 0)
		jg_config_describe(stdout);
	else
		return cli_fail(&command_help, "no command \"%.32s\"", argv[1]);
	return EXIT_YES;
}

static int run_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("joingate " JG_VERSION);
	return EXIT_YES;
}

// --help is for people who do not know the other options yet, so it may stand anywhere before "--".
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		list(stderr);
		return EXIT_BAD;
	}
	const char *name = argv[1];
	if (strcmp(name, "--help") == 0)
		name = "help";
	else if (strcmp(name, "--version") == 0)
		name = "version";
	const struct command *command = find(name);
	if (command == NULL) {
		fprintf(stderr, "joingate: no command \"%.32s\"; joingate help lists them\n", name);
		return EXIT_BAD;
	}
	if (asks_for_help(argc - 1, argv + 1)) {
		fputs(command->help, stdout);
		return EXIT_YES;
	}
	return command->run(argc - 1, argv + 1);
}

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the commands of joingate share. Their table stands in main.c. */

#include "internal/config.h"

#include <joingate/verify.h>

/** Exit statuses: what was asked is so, is not so, could not be asked. */
enum exit_status {
	EXIT_YES = 0,
	EXIT_NO = 1,
	EXIT_BAD = 2,
};

struct command {
	const char *name;
	const char *summary; /**< for the list of commands */
	const char *help; /**< in the manner of a manual page */
	int (*run)(int argc, char **argv); /**< argv[0] is the command's name */
};

extern const struct command command_ask;
extern const struct command command_check;
extern const struct command command_explain;
extern const struct command command_mint;
extern const struct command command_run;
extern const struct command command_token_server;
extern const struct command command_verify;

/** "joingate COMMAND: ..." to stderr. @return EXIT_BAD */
JG_COLD JG_PRINTF(2, 3) int cli_fail(const struct command *command, const char *format, ...);
/** The answer to an option that is none; --help is answered before a command runs. */
JG_COLD int cli_usage(const struct command *command);

/** A decimal number of an option. False after saying so. */
JG_MUST_CHECK bool cli_number(const struct command *command, const char *option, const char *text,
	int64_t min, int64_t max, int64_t *number);
/** The options of commands that take --config, --now and, unless all is NULL, --all; what is not given
 * stays as it is. False after saying why. */
JG_MUST_CHECK bool cli_config_and_now(const struct command *command, int argc, char **argv,
	const char **config, int64_t *now, bool *all);
/** Seconds since 1970, now. */
int64_t cli_now(void);

/** What judging or minting needs, from one file. */
struct judge {
	struct jg_config *config;
	struct jg_cut_offs *cut_offs;
	struct jg_snapshot *snapshot;
	struct jg_verifier *verifier;
};

/** False after saying why. @param path NULL: no file was named, which is a mistake */
JG_MUST_CHECK bool judge_open(struct judge *judge, const struct command *command, const char *path,
	enum jg_config_parts parts);
void judge_close(struct judge *judge);

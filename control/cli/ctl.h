// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** What the files of joingatectl share. */

#include "internal/base.h"

#include <jansson.h>

#include <stdio.h>

enum ctl_exit {
	CTL_OK = 0,
	CTL_REFUSED = 1, /**< the gate said no: nothing was changed */
	CTL_USAGE = 2,
	CTL_NOT_IN_FORCE = 3, /**< durable, but a worker or node has not taken it over */
	CTL_UNREACHABLE =
		4, /**< no gate at the socket, or it went away: the outcome is not known */
};

struct ctl {
	const char *socket;
	bool json; /**< print replies as they are */
	bool follow;
	bool watch; /**< stats, again and again */
	const char *file; /**< capture: what is passed to the gate, "-" = standard output */
	json_t *request;
};

/** "joingatectl: ..." to stderr. @return CTL_USAGE */
JG_COLD JG_PRINTF(1, 2) int ctl_fail(const char *format, ...);

/** Fill ctl->request from the command line. 0 or an exit status. */
JG_MUST_CHECK int ctl_parse(struct ctl *ctl, int argc, char **argv);
void ctl_usage(FILE *out);

/** Connect; -1 after saying why. */
JG_MUST_CHECK int ctl_connect(const struct ctl *ctl);
/** Send a request, and a descriptor with it unless that is -1. False after saying why. */
JG_MUST_CHECK bool ctl_send(int fd, const json_t *request, int passed);

/** A connection's lines. Start with {.fd = fd}. */
struct ctl_lines {
	int fd;
	char *text;
	size_t len;
	size_t room;
	size_t used; /**< of text, handed out already */
};

/** The next reply; NULL: the connection ended or sent nonsense. */
JG_MUST_CHECK json_t *ctl_receive(struct ctl_lines *lines);
void ctl_lines_fini(struct ctl_lines *lines);

/** Put a reply into words. @return the exit status */
JG_MUST_CHECK int ctl_print(const struct ctl *ctl, const json_t *reply);

/** Ask for stats once a second and show what changes. @return an exit status */
JG_MUST_CHECK int ctl_watch(const struct ctl *ctl);

/** A whole file ("-": standard input) as text, one final newline taken off. Free it with
 * ctl_text_free(). NULL after saying why. */
JG_MUST_CHECK char *ctl_read(const char *path, size_t max, size_t *len);
void ctl_text_free(char *text, size_t len);

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * One capture: a thread that takes from the members' witnesses what they were asked for and writes it to
 * a descriptor as pcapng. Whatever the descriptor does, neither the members nor the control thread wait.
 */

#include "control.h"

struct jg_capture;

#define JG_CAPTURE_SECONDS_MAX 86400

/** Fields left 0: no such limit. */
struct jg_capture_options {
	int fd; /**< a file or a pipe, open for writing; owned */
	uint32_t reasons; /**< a bit each; 0 = all */
	uint8_t vendors; /**< a bit each; 0 = all */
	char app[JG_WIRE_APP_MAX + 1]; /**< "" = all */
	uint64_t packets; /**< at most */
	uint32_t seconds; /**< at most */
	uint16_t udp_port; /**< of the gate */
	bool with_tokens; /**< as they are; else their fingerprints */
	const char *program; /**< "joingated 0.1.0" */
	const struct jg_control_member *members; /**< borrowed until the capture has ended */
	unsigned members_n;
};

struct jg_capture_result {
	uint64_t packets; /**< written: requests and replies */
	uint64_t lost; /**< wanted, but there was no room for them */
	uint64_t bytes;
	char ended[128]; /**< "packets", "seconds", "stopped" or why it could not be written */
};

/** Takes the descriptor, also on failure. NULL with err filled in. */
JG_MUST_CHECK struct jg_capture *jg_capture_start(
	const struct jg_capture_options *options, struct jg_error *err);

/** It has come to an end; any thread. */
bool jg_capture_ended(const struct jg_capture *capture);

/** Ask it to end soon; any thread, never waits. */
void jg_capture_end(struct jg_capture *capture);

/** Wait until it has ended, close the descriptor, free. NULL is allowed. @param result NULL = not wanted */
void jg_capture_stop(struct jg_capture *capture, struct jg_capture_result *result);

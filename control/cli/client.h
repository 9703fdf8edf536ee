// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A gate somewhere on the network, asked over an ordinary UDP socket. */

#include <joingate/wire.h>

#include <stdio.h>

/** Questions on their way at once, at most. */
#define CLIENT_WINDOW 64

struct client_options {
	const char
		*address; /**< "10.0.0.1", "10.0.0.1:7600", "[fd00::1]:7600", "gate.example:7600" */
	const char *key_file; /**< NULL: unauthenticated */
	uint32_t front_end; /**< 1..65535 with a key file, else 0 */
	uint32_t timeout; /**< milliseconds to wait for a reply, each time */
	uint32_t tries; /**< how often to send a question, 1.. */
};

/** One question and what came of it. */
struct question {
	struct jg_request request;
	uint32_t flags; /**< JG_WIRE_WANT() of each field */
	uint8_t type; /**< enum jg_request_type or JG_WIRE_PING */
	bool answered;
	struct jg_wire_reply reply; /**< when answered; its strings live until question_clear() */
	const char *problem; /**< static text: it cannot be sent at all; else NULL */
	struct jg_wire_request sent; /**< the last try */
	uint8_t *bytes; /**< of the reply */
};

void question_clear(struct question *question);

struct client;

/** NULL with err filled in: no such address, an unusable key file, no socket. */
JG_MUST_CHECK struct client *client_open(
	const struct client_options *options, struct jg_error *err);
void client_close(struct client *client);

/**
 * Ask 1..CLIENT_WINDOW questions at once. Each try has an id of its own; datagrams that are not the
 * authentic answer to one of them are passed over.
 *
 * @return how many were answered
 */
unsigned client_ask(struct client *client, struct question *questions, unsigned n);

/** Why there may be silence, in words: what was tried, and what came instead of answers. */
void client_explain(const struct client *client, char *text, size_t size);

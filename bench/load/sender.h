// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * One thread of load: sends what is due, whatever became of the rest, and compares what comes back.
 * Everything it counts has this thread as its only writer.
 */

#include "histogram.h"
#include "internal/counters.h"
#include "pool.h"
#include "schedule.h"
#include "signer.h"

// clang-format off
/** X(SYMBOL, "name", "help") */
#define TALLIES(X) \
	X(SENT,          "sent",          "requests handed over to be sent") \
	X(LATE,          "late",          "of them, later than the limit after the time they were meant for") \
	X(ANSWERED,      "answered",      "answers in time, whatever they said") \
	X(UNANSWERED,    "unanswered",    "requests without an answer in time") \
	X(WRONG,         "wrong",         "answers with another verdict than the token's") \
	X(OVERLOADED,    "overloaded",    "answers that the gate could not judge now") \
	X(AFTER_TIMEOUT, "after_timeout", "answers that came when they were given up") \
	X(BYTES_OUT,     "bytes_out",     "bytes of requests") \
	X(BYTES_IN,      "bytes_in",      "bytes of answers")
// clang-format on

enum tally {
#define X(symbol, name, help) TALLY_##symbol,
	TALLIES(X)
#undef X
	TALLY_COUNT
};

const char *tally_name(unsigned tally);
const char *tally_help(unsigned tally);

/** What became of the requests meant for one second of the measured part. */
struct second {
	jg_count sent;
	jg_count late;
	jg_count answered;
	jg_count unanswered;
	jg_count wrong;
};

/** Requests that went unanswered one after the other, by when they were meant to leave. */
struct outage {
	uint64_t from; // the first, of clock_now()
	uint64_t to; // the next one that was answered; the last one where none was
	uint64_t n;
};

#define WRONG_KEPT 8

/** An answer that must not be. */
struct wrong {
	uint32_t question; // index in the pool
	uint8_t vendor;
	uint8_t kind;
	uint8_t expected; // enum jg_reason
	uint8_t got; // enum jg_reason
	bool content; // the reason was right, something else was not
	uint64_t id;
};

struct sender_options {
	const struct pool *pool;
	struct pool_maker *maker; // mints own_pool anew when it is used up; NULL: the pool stays
	struct pool *own_pool; // with a maker, the same as pool
	struct schedule schedule;
	struct transport *transport; // the sender's, closed by it
	const struct jg_mac_key *key; // NULL: unauthenticated
	uint64_t start; // when the schedule begins, of clock_now()
	uint64_t warm_up; // ns
	uint64_t timeout; // ns
	uint64_t late; // ns
	uint64_t first_id;
	double rate; // highest, of this sender
	uint32_t seconds; // of the measured part
	uint32_t offset; // first question
	uint32_t stride; // questions from one to the next
	int cpu; // -1: any
};

struct sender {
	struct sender_options options;
	struct signer *signer;
	// Read by others while it runs.
	jg_count tally[2][TALLY_COUNT]; // of the warm-up, of the measured part
	jg_count reasons[JG_REASON_COUNT]; // measured
	jg_count kinds[KIND_COUNT + 1]; // measured, sent
	jg_count kinds_wrong[KIND_COUNT + 1];
	jg_count ignored[JG_WIRE_FATE_COUNT]; // datagrams that were no answer to anything
	jg_count last; // when the last request left
	jg_count busy; // ns in turns that moved packets
	jg_count wrongs_n;
	struct wrong wrongs[WRONG_KEPT];
	struct second *seconds;
	struct histogram *interval[2]; // measured latencies since the last change of turns
	_Atomic unsigned wanted; // written by the reader: change turns
	_Atomic unsigned given; // written by the sender
	_Atomic bool stop; // written by anyone: send no more
	_Atomic bool done;
	_Atomic bool failed; // the maker did, and err is filled in
	struct jg_error err;
	struct outage outage; // the longest of the measured part; read when it is done
	// Its own.
	struct outage silence; // the present one
	struct flight *flights;
	uint64_t mask;
	uint64_t next; // number of the next request
	uint64_t oldest; // number of the oldest that may be open
	uint64_t due; // when the next is meant to leave
	uint32_t question;
	uint32_t fresh; // of the own pool that have not been asked
	struct packet packets[TRANSPORT_BURST];
	uint64_t meant[TRANSPORT_BURST];
	uint32_t asked[TRANSPORT_BURST];
	unsigned filled; // of them
	unsigned sent; // of those
	uint8_t (*slots)[JG_WIRE_DATAGRAM_MAX];
};

/** 0 or negative errno with err. Owns transport, maker and own_pool from now on, also on failure. */
JG_MUST_CHECK int sender_init(
	struct sender *sender, const struct sender_options *options, struct jg_error *err);
void sender_fini(struct sender *sender);

/** The thread's function: until the schedule is over and everything answered or given up. */
void *sender_run(void *sender);

/** Another thread: the latencies since the last call, to be emptied by the caller. Waits for the
 * sender to change turns. */
struct histogram *sender_take(struct sender *sender);

/** Is this the answer that the question must get? For sender.c and its test. */
bool sender_expects(const struct expectation *expect, const struct jg_wire_reply *reply);

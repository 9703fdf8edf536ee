// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * What one member of the gate (a worker or the RS256 lane) counts. One writer, any number of
 * readers; only ever grows (gauges excepted), readers subtract.
 */

#include "internal/base.h"

#include <joingate/reason.h>
#include <joingate/vendor.h>

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>

// clang-format off
/**
 * Counters: X(kind, SYMBOL, "name", "unit", "help"). Kinds:
 *
 * FATE   a packet that entered has exactly one; JG_COUNTER_RX_PACKETS is the sum of all fates plus
 *        what the RS256 lane has not answered yet. Fragments: the one that completes a datagram has
 *        the datagram's fate, those before it are FRAGMENT_HELD.
 * COUNT  grows
 * GAUGE  is set
 */
#define JG_COUNTERS(X) \
	X(COUNT, RX_PACKETS,          "rx_packets",          "packets",  "packets received") \
	X(COUNT, RX_BYTES,            "rx_bytes",            "bytes",    "bytes received, from the Ethernet header on") \
	X(COUNT, TX_PACKETS,          "tx_packets",          "packets",  "packets given to the port") \
	X(COUNT, TX_BYTES,            "tx_bytes",            "bytes",    "bytes given to the port") \
	X(FATE,  VERDICT,             "verdict",             "packets",  "a request, answered with a verdict") \
	X(FATE,  PING,                "ping",                "packets",  "a ping of the wire, answered") \
	X(FATE,  ARP,                 "arp",                 "packets",  "an ARP request for our address, answered") \
	X(FATE,  NEIGHBOUR,           "neighbour",           "packets",  "an IPv6 neighbour solicitation for our address, answered") \
	X(FATE,  ECHO,                "echo",                "packets",  "an ICMP or ICMPv6 echo request, answered") \
	X(FATE,  FRAGMENT_HELD,       "fragment_held",       "packets",  "a fragment kept until its datagram is whole or given up") \
	X(FATE,  NOT_FOR_US,          "not_for_us",          "packets",  "for another Ethernet or IP address") \
	X(FATE,  OTHER_PROTOCOL,      "other_protocol",      "packets",  "a protocol, message or UDP port that the gate does not serve") \
	X(FATE,  TOO_SHORT,           "too_short",           "packets",  "ends before its headers do") \
	X(FATE,  TRUNCATED,           "truncated",           "packets",  "ends before its IP or UDP length") \
	X(FATE,  BAD_HEADER,          "bad_header",          "packets",  "an Ethernet, IP, UDP, ARP or ICMP header that contradicts itself") \
	X(FATE,  BAD_SOURCE,          "bad_source",          "packets",  "from an address that cannot be answered") \
	X(FATE,  BAD_CHECKSUM,        "bad_checksum",        "packets",  "a wrong IP, UDP or ICMP checksum") \
	X(FATE,  FRAGMENT_OVERLAP,    "fragment_overlap",    "packets",  "a fragment that overlaps another: its datagram is dropped") \
	X(FATE,  FRAGMENT_LIMIT,      "fragment_limit",      "packets",  "a fragment beyond 16 a datagram, beyond 24 kB, or of a wrong length") \
	X(FATE,  FRAGMENT_NO_ROOM,    "fragment_no_room",    "packets",  "no room to reassemble: every datagram in the table is being judged") \
	X(FATE,  BAD_REQUEST,         "bad_request",         "packets",  "to our UDP port, but no well-formed message of the wire") \
	X(FATE,  UNKNOWN_FRONT_END,   "unknown_front_end",   "packets",  "a front end's id that is not configured") \
	X(FATE,  FRONT_END_SOURCE,    "front_end_source",    "packets",  "from an address that its front end may not use") \
	X(FATE,  BAD_REQUEST_MAC,     "bad_request_mac",     "packets",  "a request whose MAC does not hold") \
	X(FATE,  NOT_READY,           "not_ready",           "packets",  "a request before the first snapshot was there") \
	X(FATE,  NO_BUFFER,           "no_buffer",           "packets",  "no memory for the answer") \
	X(FATE,  TX_FULL,             "tx_full",             "packets",  "answered, but the port did not take the answer") \
	X(COUNT, UNFINISHED_CHECKSUM, "unfinished_checksum", "packets",  "UDP checksums left unfinished by a local kernel, accepted") \
	X(COUNT, VLAN,                "vlan",                "packets",  "received with one or two VLAN tags") \
	X(COUNT, REASSEMBLED,         "reassembled",         "datagrams", "datagrams made whole from fragments") \
	X(COUNT, REASSEMBLY_EXPIRED,  "reassembly_expired",  "datagrams", "datagrams given up after one second") \
	X(COUNT, REASSEMBLY_EVICTED,  "reassembly_evicted",  "datagrams", "datagrams given up to make room for newer ones") \
	X(COUNT, LINEARISED,          "linearised",          "packets",  "received in several segments and copied into one") \
	X(COUNT, REPLY_FRAGMENTS,     "reply_fragments",     "packets",  "fragments of answers that were larger than the MTU") \
	X(COUNT, LANE_QUEUED,         "lane_queued",         "requests", "requests handed to the RS256 lane") \
	X(COUNT, LANE_ANSWERED,       "lane_answered",       "requests", "requests that came back from the RS256 lane") \
	X(COUNT, LANE_FULL,           "lane_full",           "requests", "requests refused as overloaded because the lane was full") \
	X(COUNT, REFRESHED,           "refreshed",           "tokens",   "tokens minted for refresh requests") \
	X(COUNT, NOTES_LOST,          "notes_lost",          "refusals", "refusals that were to be logged and found no room on their way to the log") \
	X(COUNT, CAPTURED,            "captured",            "packets",  "packets handed to joingatectl capture") \
	X(COUNT, CAPTURE_LOST,        "capture_lost",        "packets",  "packets that found no room on their way to joingatectl capture") \
	X(COUNT, BURSTS,              "bursts",              "bursts",   "polls that brought packets") \
	X(COUNT, CYCLES_BUSY,         "cycles_busy",         "cycles",   "time-stamp counter cycles of polls that brought packets") \
	X(COUNT, CYCLES_IDLE,         "cycles_idle",         "cycles",   "time-stamp counter cycles of polls that brought none") \
	X(COUNT, HEARTBEAT,           "heartbeat",           "polls",    "turns of the loop; stands still when the member is stuck") \
	X(GAUGE, EPOCH,               "epoch",               "epoch",    "the epoch in use") \
	X(GAUGE, REASSEMBLY_ENTRIES,  "reassembly_entries",  "datagrams", "datagrams being reassembled now") \
	X(GAUGE, RUNNING,             "running",             "bool",     "1 while the loop runs")
// clang-format on

enum jg_counter {
#define X(kind, symbol, name, unit, help) JG_COUNTER_##symbol,
	JG_COUNTERS(X)
#undef X
	JG_COUNTER_COUNT
};

// clang-format off
/** Stages of a burst, in their order: X(SYMBOL, "name", "help"). */
#define JG_STAGES(X) \
	X(RX,     "rx",     "frames taken from the port, headers read, fragments joined") \
	X(PARSE,  "parse",  "requests read, front ends and their MACs checked") \
	X(VERIFY, "verify", "tokens verified: signature, claims, cut-offs, policy") \
	X(REPLY,  "reply",  "replies written and authenticated") \
	X(TX,     "tx",     "answers put on the port's queue")
// clang-format on

enum jg_stage {
#define X(symbol, name, help) JG_STAGE_##symbol,
	JG_STAGES(X)
#undef X
	JG_STAGE_COUNT
};

enum jg_counter_kind {
	JG_COUNTER_KIND_COUNT,
	JG_COUNTER_KIND_FATE,
	JG_COUNTER_KIND_GAUGE,
};

/** Apps counted one by one; those with a higher index share the last row. */
#define JG_COUNTER_APPS 1024
/** Secrets whose last use is noted; those with a higher index are not. */
#define JG_COUNTER_KEYS 65536
/** Burst sizes: bucket b holds bursts of up to 2^b packets (1, 2, 4 … 256). */
#define JG_BURST_BUCKETS 9
/** Service time: four linear buckets an octave, from 1 cycle to 2^36 and more. */
#define JG_TIME_BUCKETS 144

typedef _Atomic uint64_t jg_count;

/** One member's block. Allocated zeroed; every element has the member's thread as its only writer. */
struct jg_counters {
	alignas(JG_CACHE_LINE) jg_count value[JG_COUNTER_COUNT];
	jg_count verdicts[JG_VENDOR_COUNT][JG_REASON_COUNT]; /**< row 0: no known vendor */
	jg_count burst_size[JG_BURST_BUCKETS];
	jg_count service_time[JG_TIME_BUCKETS]; /**< packets, by the cycles their burst took */
	jg_count service_cycles; /**< sum of the above: packets x cycles */
	jg_count stage_time[JG_STAGE_COUNT]
			   [JG_TIME_BUCKETS]; /**< bursts, by the cycles of a stage */
	jg_count stage_cycles[JG_STAGE_COUNT]; /**< sum of the above */
	jg_count apps[JG_COUNTER_APPS + 1][JG_REASON_COUNT]; /**< by jg_verdict.app_index */
	jg_count key_used
		[JG_COUNTER_KEYS]; /**< by jg_verdict.key_index: when it last fitted, seconds */
	alignas(JG_CACHE_LINE) uint8_t end[JG_CACHE_LINE];
};

static_assert(sizeof(struct jg_counters) % JG_CACHE_LINE == 0, "no line shared with a neighbour");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "counters are plain moves");

/** Writer only: a plain load, add and store, without a lock prefix. */
static inline void jg_count_add(jg_count *count, uint64_t n)
{
#ifdef JG_UNCOUNTED // a bench's build of the packet path, to see what counting costs
	(void)count;
	(void)n;
#else
	atomic_store_explicit(
		count, atomic_load_explicit(count, memory_order_relaxed) + n, memory_order_relaxed);
#endif
}

/** Writer only. */
static inline void jg_count_set(jg_count *count, uint64_t n)
{
#ifdef JG_UNCOUNTED
	(void)count;
	(void)n;
#else
	atomic_store_explicit(count, n, memory_order_relaxed);
#endif
}

/** Any thread. */
static inline uint64_t jg_count_read(const jg_count *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

/** Name, unit and help as in JG_COUNTERS; "" for a number that is none. */
const char *jg_counter_name(unsigned counter);
const char *jg_counter_unit(unsigned counter);
const char *jg_counter_help(unsigned counter);
enum jg_counter_kind jg_counter_kind(unsigned counter);

/** Name as in JG_STAGES; "" for a number that is none. */
const char *jg_stage_name(unsigned stage);

/** The bucket of a burst size (1..256) and the largest size a bucket holds. */
unsigned jg_burst_bucket(unsigned n);
unsigned jg_burst_bucket_max(unsigned bucket);

/** The bucket of a number of cycles, and the largest number a bucket holds (the last: UINT64_MAX). */
unsigned jg_time_bucket(uint64_t cycles);
uint64_t jg_time_bucket_max(unsigned bucket);

/** Sum of all fates: equals JG_COUNTER_RX_PACKETS when nothing is on its way. Any thread. */
uint64_t jg_counters_fates(const struct jg_counters *counters);

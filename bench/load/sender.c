// SPDX-License-Identifier: BSD-3-Clause
#include "sender.h"

#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#define FLIGHTS_MIN 4096
#define FLIGHTS_MAX (UINT64_C(1) << 22)
#define SPIN 50000 // ns before a request is due: no sleeping
#define NAP_MAX 10000000 // ns

struct flight {
	uint64_t meant;
	uint64_t sent;
	uint32_t question;
	bool open;
	bool lost;
	uint8_t kind;
	uint8_t vendor;
	uint8_t type;
	struct expectation expect; // here, as the pool may be another one by then
	uint8_t mac[JG_WIRE_MAC_SIZE];
};

static const char *const names[] = {
#define X(symbol, name, help) name,
	TALLIES(X)
#undef X
};

static const char *const helps[] = {
#define X(symbol, name, help) help,
	TALLIES(X)
#undef X
};

const char *tally_name(unsigned tally)
{
	return names[tally];
}

const char *tally_help(unsigned tally)
{
	return helps[tally];
}

// As many as may be open at the highest rate, with room to spare.
static uint64_t flights_for(const struct sender_options *o)
{
	const double wanted = o->rate * ((double)o->timeout / 1e9) * 2;
	uint64_t n = FLIGHTS_MIN;
	while ((double)n < wanted && n < FLIGHTS_MAX)
		n *= 2;
	return n;
}

int sender_init(struct sender *s, const struct sender_options *options, struct jg_error *err)
{
	const uint64_t flights = flights_for(options);
	*s = (struct sender){.options = *options, .mask = flights - 1, .question = options->offset};
	s->signer = signer_new(options->key, err);
	s->flights = calloc(flights, sizeof(*s->flights));
	s->slots = calloc(TRANSPORT_BURST, sizeof(*s->slots));
	s->seconds = calloc(options->seconds + 1, sizeof(*s->seconds));
	for (unsigned i = 0; i < 2; i++) {
		s->interval[i] = malloc(sizeof(*s->interval[i]));
		if (s->interval[i] != NULL)
			histogram_init(s->interval[i]);
	}
	if (s->signer != NULL && s->flights != NULL && s->slots != NULL && s->seconds != NULL &&
		s->interval[0] != NULL && s->interval[1] != NULL)
		return 0;
	if (s->signer != NULL)
		jg_error_set(err, "no memory for %lu open requests", (unsigned long)flights);
	sender_fini(s);
	return -ENOMEM;
}

void sender_fini(struct sender *s)
{
	if (s->options.transport != NULL)
		s->options.transport->ops->close(s->options.transport);
	pool_maker_free(s->options.maker);
	if (s->options.own_pool != NULL)
		pool_fini(s->options.own_pool);
	free(s->options.own_pool);
	signer_free(s->signer);
	free(s->flights);
	free(s->slots);
	free(s->seconds);
	free(s->interval[0]);
	free(s->interval[1]);
	*s = (struct sender){0};
}

static bool is_measured(const struct sender *s, uint64_t meant)
{
	return meant >= s->options.start + s->options.warm_up;
}

static void count(struct sender *s, uint64_t meant, enum tally tally, uint64_t n)
{
	jg_count_add(&s->tally[is_measured(s, meant)][tally], n);
}

// The second of the measured part that a request is meant for; the warm-up has none.
static struct second *second_of(struct sender *s, uint64_t meant)
{
	static struct second nowhere;
	if (!is_measured(s, meant))
		return &nowhere;
	const uint64_t at = (meant - s->options.start - s->options.warm_up) / 1000000000;
	return &s->seconds[at < s->options.seconds ? at : s->options.seconds];
}

static void advance(struct sender *s)
{
	const uint64_t at = schedule_next(&s->options.schedule);
	s->due = at == UINT64_MAX ? UINT64_MAX : s->options.start + at;
}

static void mint_anew(struct sender *s)
{
	const int rc = pool_maker_fill(
		s->options.maker, s->options.own_pool, (int64_t)time(NULL), &s->err);
	s->fresh = rc == 0 ? s->options.own_pool->n : 0;
	s->question = 0;
	if (rc != 0) {
		s->due = UINT64_MAX;
		atomic_store_explicit(&s->failed, true, memory_order_release);
	}
}

// Copy what is due into the slots and sign it.
static void fill(struct sender *s, uint64_t now)
{
	const struct pool *pool = s->options.pool;
	s->filled = s->sent = 0;
	if (s->due <= now && s->options.maker != NULL && s->fresh == 0)
		mint_anew(s);
	// A burst ends with its pool: what was asked is looked up until it has left.
	while (s->filled < TRANSPORT_BURST && s->due <= now &&
		(s->options.maker == NULL || s->fresh > 0)) {
		s->fresh -= s->fresh > 0;
		const struct question *question = &pool->questions[s->question];
		const unsigned i = s->filled++;
		memcpy(s->slots[i], question->datagram, question->len);
		s->packets[i] = (struct packet){.bytes = s->slots[i], .len = question->len};
		s->meant[i] = s->due;
		s->asked[i] = s->question;
		s->question = (s->question + s->options.stride) % pool->n;
		advance(s);
	}
	signer_sign(s->signer, s->packets, s->filled, s->options.first_id + s->next);
}

static void give_up(struct sender *s, struct flight *flight)
{
	flight->open = false;
	flight->lost = true;
	count(s, flight->meant, TALLY_UNANSWERED, 1);
	jg_count_add(&second_of(s, flight->meant)->unanswered, 1);
}

static void note_sent(struct sender *s, unsigned i, uint64_t now)
{
	struct flight *flight = &s->flights[s->next & s->mask];
	const uint64_t meant = s->meant[i];
	const uint8_t *mac = signer_mac(s->signer, &s->packets[i]);
	struct second *second = second_of(s, meant);
	if (flight->open)
		give_up(s, flight);
	const struct question *question = &s->options.pool->questions[s->asked[i]];
	*flight = (struct flight){.meant = meant,
		.sent = now,
		.question = s->asked[i],
		.open = true,
		.kind = question->kind,
		.vendor = question->vendor,
		.type = question->datagram[3],
		.expect = question->expect};
	if (mac != NULL)
		memcpy(flight->mac, mac, JG_WIRE_MAC_SIZE);
	s->next++;
	count(s, meant, TALLY_SENT, 1);
	count(s, meant, TALLY_BYTES_OUT, s->packets[i].len);
	jg_count_add(&second->sent, 1);
	if (now > meant + s->options.late) {
		count(s, meant, TALLY_LATE, 1);
		jg_count_add(&second->late, 1);
	}
	if (is_measured(s, meant))
		jg_count_add(&s->kinds[question->kind], 1);
}

// What could not be handed over stays due: it will be late, and count so.
static bool send_due(struct sender *s, uint64_t now)
{
	struct transport *transport = s->options.transport;
	if (s->sent == s->filled)
		fill(s, now);
	if (s->sent == s->filled)
		return false;
	const unsigned taken =
		transport->ops->send(transport, s->packets + s->sent, s->filled - s->sent);
	now = clock_now();
	for (unsigned i = 0; i < taken; i++)
		note_sent(s, s->sent + i, now);
	s->sent += taken;
	if (taken > 0)
		atomic_store_explicit(&s->last, now, memory_order_relaxed);
	return taken > 0;
}

bool sender_expects(const struct expectation *expect, const struct jg_wire_reply *reply)
{
	const struct jg_verdict *v = &reply->verdict;
	if (v->reason != expect->reason)
		return false;
	if (!expect->whole || v->reason != JG_REASON_OK)
		return v->reason == JG_REASON_OK || v->capabilities == 0;
	return v->capabilities == expect->capabilities && v->issued_at == expect->issued_at &&
		v->expires_at == expect->expires_at &&
		((reply->echo.flags & JG_WIRE_CUT) != 0 ||
			pool_names(v->identity, v->room) == expect->names);
}

static void note_wrong(
	struct sender *s, const struct flight *flight, const struct jg_wire_reply *reply)
{
	const uint64_t n = jg_count_read(&s->wrongs_n);
	if (n < WRONG_KEPT) {
		s->wrongs[n] = (struct wrong){.question = flight->question,
			.vendor = flight->vendor,
			.kind = flight->kind,
			.expected = flight->expect.reason,
			.got = reply->verdict.reason,
			.content = reply->verdict.reason == flight->expect.reason,
			.id = reply->echo.id};
		atomic_store_explicit(&s->wrongs_n, n + 1, memory_order_release);
	}
	count(s, flight->meant, TALLY_WRONG, 1);
	jg_count_add(&second_of(s, flight->meant)->wrong, 1);
	jg_count_add(&s->kinds_wrong[flight->kind], 1);
}

static void take(
	struct sender *s, struct flight *flight, const struct jg_wire_reply *reply, uint64_t now)
{
	flight->open = false;
	count(s, flight->meant, TALLY_ANSWERED, 1);
	jg_count_add(&second_of(s, flight->meant)->answered, 1);
	if (is_measured(s, flight->meant)) {
		jg_count_add(&s->reasons[reply->verdict.reason], 1);
		histogram_add(s->interval[s->given & 1], now - flight->meant);
	}
	if (reply->verdict.reason == JG_REASON_OVERLOADED)
		count(s, flight->meant, TALLY_OVERLOADED, 1);
	else if (!sender_expects(&flight->expect, reply))
		note_wrong(s, flight, reply);
}

// The open request that a reply claims to answer; NULL: none.
static struct flight *find(struct sender *s, const struct jg_wire_reply *reply)
{
	const uint64_t number = reply->echo.id - s->options.first_id;
	if (number >= s->next || s->next - number > s->mask + 1)
		return NULL;
	return &s->flights[number & s->mask];
}

static bool fits(
	const struct sender *s, const struct flight *flight, const struct jg_wire_reply *reply)
{
	return reply->echo.vendor == flight->vendor &&
		reply->echo.front_end == s->options.pool->front_end &&
		reply->echo.type == flight->type;
}

static bool receive(struct sender *s)
{
	struct packet packets[TRANSPORT_BURST];
	static _Thread_local struct jg_wire_reply replies[TRANSPORT_BURST];
	struct flight *flights[TRANSPORT_BURST];
	const uint8_t *macs[TRANSPORT_BURST];
	bool holds[TRANSPORT_BURST];
	struct transport *transport = s->options.transport;
	const unsigned n = transport->ops->receive(transport, packets);
	const uint64_t now = clock_now();
	for (unsigned i = 0; i < n; i++) {
		enum jg_wire_fate fate =
			jg_wire_reply_parse(packets[i].bytes, packets[i].len, &replies[i]);
		flights[i] = fate == JG_WIRE_FATE_OK ? find(s, &replies[i]) : NULL;
		if (fate == JG_WIRE_FATE_OK &&
			(flights[i] == NULL || !fits(s, flights[i], &replies[i])))
			fate = JG_WIRE_FATE_OTHER;
		if (fate != JG_WIRE_FATE_OK) {
			flights[i] = NULL;
			jg_count_add(&s->ignored[fate], 1);
		}
		macs[i] = flights[i] == NULL ? NULL : flights[i]->mac;
	}
	signer_check(s->signer, packets, macs, holds, n);
	for (unsigned i = 0; i < n; i++) {
		if (flights[i] == NULL)
			continue;
		if (!holds[i]) {
			jg_count_add(&s->ignored[JG_WIRE_FATE_MAC], 1);
			continue;
		}
		count(s, flights[i]->meant, TALLY_BYTES_IN, packets[i].len);
		if (flights[i]->open)
			take(s, flights[i], &replies[i], now);
		else
			count(s, flights[i]->meant, TALLY_AFTER_TIMEOUT, 1);
	}
	return n > 0;
}

// What became of a request; they come in the order in which they were asked.
static void note_fate(struct sender *s, const struct flight *flight)
{
	struct outage *silence = &s->silence;
	if (!is_measured(s, flight->meant))
		return;
	if (flight->lost && silence->n++ == 0)
		silence->from = flight->meant;
	silence->to = flight->meant;
	if (silence->n > 0 &&
		(s->outage.n == 0 || silence->to - silence->from > s->outage.to - s->outage.from))
		s->outage = *silence;
	if (!flight->lost)
		silence->n = 0;
}

static void expire(struct sender *s, uint64_t now)
{
	if (s->next - s->oldest > s->mask + 1)
		s->oldest = s->next - s->mask - 1;
	while (s->oldest < s->next) {
		struct flight *flight = &s->flights[s->oldest & s->mask];
		if (flight->open && now < flight->sent + s->options.timeout)
			break;
		if (flight->open)
			give_up(s, flight);
		note_fate(s, flight);
		s->oldest++;
	}
}

static void nap(struct sender *s, uint64_t now)
{
	if (s->options.maker != NULL && s->fresh == 0 && s->due != UINT64_MAX &&
		s->sent == s->filled) {
		mint_anew(s); // while there is time
		return;
	}
	uint64_t length = NAP_MAX;
	if (s->sent < s->filled)
		length = SPIN; // no room; the kernel has to work first
	else if (s->due != UINT64_MAX)
		length = s->due > now ? s->due - now : 0;
	if (length > NAP_MAX)
		length = NAP_MAX;
	if (s->sent == s->filled && length < 2 * SPIN)
		return;
	s->options.transport->ops->wait(
		s->options.transport, s->sent < s->filled ? length : length - SPIN);
}

static void pin(const struct sender *s)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	if (s->options.cpu < 0)
		return;
	CPU_SET((size_t)s->options.cpu, &set);
	(void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

void *sender_run(void *argument)
{
	struct sender *s = argument;
	(void)prctl(PR_SET_TIMERSLACK, 1);
	pin(s);
	if (s->options.transport->ops->enter != NULL)
		s->options.transport->ops->enter(s->options.transport);
	advance(s);
	for (;;) {
		const uint64_t begin = clock_now();
		const unsigned wanted = atomic_load_explicit(&s->wanted, memory_order_acquire);
		if (wanted != s->given)
			atomic_store_explicit(&s->given, wanted, memory_order_release);
		if (atomic_load_explicit(&s->stop, memory_order_relaxed))
			s->due = UINT64_MAX;
		bool moved = send_due(s, begin);
		moved |= receive(s);
		const uint64_t end = clock_now();
		expire(s, end);
		if (s->due == UINT64_MAX && s->sent == s->filled && s->oldest == s->next)
			break;
		if (moved)
			jg_count_add(&s->busy, end - begin);
		else
			nap(s, end);
	}
	if (s->options.transport->ops->leave != NULL)
		s->options.transport->ops->leave(s->options.transport);
	atomic_store_explicit(&s->done, true, memory_order_release);
	return NULL;
}

struct histogram *sender_take(struct sender *s)
{
	const unsigned before = atomic_load_explicit(&s->wanted, memory_order_relaxed);
	const struct timespec moment = {.tv_nsec = 50000};
	atomic_store_explicit(&s->wanted, before + 1, memory_order_release);
	while (atomic_load_explicit(&s->given, memory_order_acquire) != before + 1 &&
		!atomic_load_explicit(&s->done, memory_order_acquire))
		nanosleep(&moment, NULL);
	// A sender that is done writes neither: what it left is where it wrote last.
	if (atomic_load_explicit(&s->given, memory_order_acquire) != before + 1)
		atomic_store_explicit(&s->given, before + 1, memory_order_release);
	return s->interval[before & 1];
}

// SPDX-License-Identifier: BSD-3-Clause
#include "capture.h"

#include "pcapng.h"
#include "redact.h"
#include "refusals.h"

#include <joingate/verify.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TURN_NS 2000000L // between two looks at the spools
#define CHUNK 4096 // what a pipe that is ready takes without blocking
#define PATIENCE_MS 100 // for a pipe, before the next look at whether to stop
#define BUFFER ((size_t)256 * 1024)
#define FLUSH (BUFFER - JG_WIRE_DATAGRAM_MAX - 2 * JG_PCAPNG_OVERHEAD)

struct jg_capture {
	struct jg_capture_options options;
	struct jg_capture_result result; // the thread's until ended
	pthread_t thread;
	atomic_bool stopping;
	atomic_bool ended;
	bool pipe;
	bool failed; // the descriptor takes nothing any more
	uint64_t lost_before; // by the members' counters
	uint64_t until_ns;
	size_t len; // of what waits in the buffer
	uint8_t buffer[BUFFER];
};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// A full pipe is waited for as long as nobody wants the capture to end.
static bool is_ready(const struct jg_capture *c)
{
	struct pollfd fd = {.fd = c->options.fd, .events = POLLOUT};
	while (c->pipe && poll(&fd, 1, PATIENCE_MS) == 0)
		if (atomic_load(&c->stopping))
			return false;
	return true;
}

static void flush(struct jg_capture *c)
{
	size_t done = 0;
	while (done < c->len && !c->failed) {
		size_t left = c->len - done;
		ssize_t n = 0;
		if (is_ready(c))
			n = write(c->options.fd, c->buffer + done,
				c->pipe && left > CHUNK ? CHUNK : left);
		if (n < 0 && errno == EINTR)
			continue;
		c->failed = n <= 0;
		if (n < 0)
			(void)snprintf(
				c->result.ended, sizeof(c->result.ended), "%s", strerror(errno));
		done += n > 0 ? (size_t)n : 0;
	}
	c->result.bytes += done;
	explicit_bzero(c->buffer, c->len);
	c->len = 0;
}

static uint64_t lost_by_members(const struct jg_capture *c)
{
	uint64_t lost = 0;
	for (unsigned i = 0; i < c->options.members_n; i++)
		if (c->options.members[i].counters != NULL)
			lost += jg_count_read(
				&c->options.members[i].counters->value[JG_COUNTER_CAPTURE_LOST]);
	return lost;
}

static void want(const struct jg_capture *c, bool on)
{
	const struct jg_capture_options *o = &c->options;
	const struct jg_str app = {o->app, (uint32_t)strlen(o->app)};
	uint64_t word = o->reasons != 0 ? o->reasons : UINT32_MAX;
	word |= (uint64_t)(o->vendors != 0 ? o->vendors : UINT8_MAX) << 32;
	word |= app.len > 0 ? (uint64_t)jg_capture_app(app) << 40 : 0;
	for (unsigned i = 0; i < o->members_n; i++)
		if (o->members[i].witness != NULL)
			atomic_store(&o->members[i].witness->capture, on ? word : 0);
}

// Members compare a hash of the app's key; this is the key itself.
static bool is_of_app(const struct jg_capture *c, const struct jg_note *note)
{
	size_t len = strlen(c->options.app);
	return len == 0 || (note->app_len == len && memcmp(note->app, c->options.app, len) == 0);
}

static void comment_on(const struct jg_captured *p, uint64_t fingerprint, const char *member,
	char text[JG_PCAPNG_COMMENT_MAX])
{
	char detail[256] = "";
	char token[40] = "";
	const struct jg_note *note = &p->note;
	if (note->reason != JG_REASON_OK)
		(void)jg_note_detail(note, detail, sizeof(detail));
	if (fingerprint != 0)
		(void)snprintf(token, sizeof(token), ", token %016" PRIx64, fingerprint);
	(void)snprintf(text, JG_PCAPNG_COMMENT_MAX,
		"%s: %s%s%s%s%s, %s app \"%.*s\", request %016" PRIx64 "%s, %s",
		p->reply ? "reply" : "request", note->reason == JG_REASON_OK ? "admit" : "reject ",
		note->reason == JG_REASON_OK ? "" : jg_reason_name(note->reason),
		detail[0] != '\0' ? " (" : "", detail, detail[0] != '\0' ? ")" : "",
		jg_vendor_name(note->vendor), (int)note->app_len, note->app, note->request_id,
		token, member);
}

static void write_packet(struct jg_capture *c, struct jg_captured *p, const char *member)
{
	char comment[JG_PCAPNG_COMMENT_MAX];
	uint8_t *payload = (uint8_t *)(p + 1);
	uint64_t fingerprint = c->options.with_tokens ? 0 : jg_redact(payload, p->len);
	comment_on(p, fingerprint, member, comment);
	const struct jg_pcapng_packet packet = {.time_ns = p->time_ns,
		.family = p->family,
		.outbound = p->reply,
		.source_port = p->reply ? c->options.udp_port : p->peer_port,
		.target_port = p->reply ? p->peer_port : c->options.udp_port,
		.source = p->reply ? p->own : p->peer,
		.target = p->reply ? p->peer : p->own,
		.payload = payload,
		.len = p->len,
		.comment = comment};
	c->len += jg_pcapng_packet(c->buffer + c->len, &packet);
	c->result.packets++;
	if (c->len > FLUSH)
		flush(c);
}

static bool is_full(const struct jg_capture *c)
{
	return c->options.packets != 0 && c->result.packets >= c->options.packets;
}

// What is left of an earlier capture goes unseen, as does what comes after the last packet wanted.
static void drain(struct jg_capture *c, bool keep)
{
	for (unsigned i = 0; i < c->options.members_n; i++) {
		const struct jg_control_member *member = &c->options.members[i];
		struct jg_captured *packet;
		uint32_t len;
		while (member->witness != NULL &&
			(packet = jg_spool_peek(member->witness->packets, &len)) != NULL) {
			if (keep && !c->failed && !is_full(c) && is_of_app(c, &packet->note))
				write_packet(c, packet, member->name);
			jg_spool_release(member->witness->packets);
		}
	}
	flush(c);
}

static const char *why_ended(const struct jg_capture *c)
{
	if (c->failed)
		return "its file could not be written";
	if (is_full(c))
		return "packets";
	if (atomic_load(&c->stopping))
		return "stopped";
	return (uint64_t)clock_ns(CLOCK_MONOTONIC) >= c->until_ns ? "seconds" : NULL;
}

static void *run(void *arg)
{
	struct jg_capture *c = arg;
	const char *why;
	(void)pthread_setname_np(pthread_self(), "jg-capture");
	drain(c, false);
	c->len = jg_pcapng_begin(c->buffer, c->options.program,
		c->options.with_tokens
			? "with tokens: keep it as you keep them"
			: "tokens are replaced by [fingerprint]; request MACs do not hold");
	flush(c);
	want(c, true);
	while ((why = why_ended(c)) == NULL) {
		(void)nanosleep(&(struct timespec){.tv_nsec = TURN_NS}, NULL);
		drain(c, true);
	}
	want(c, false);
	drain(c, true); // what a burst in hand still adds is the next capture's to pass over
	c->result.lost = lost_by_members(c) - c->lost_before;
	c->len = jg_pcapng_end(
		c->buffer, clock_ns(CLOCK_REALTIME), c->result.packets, c->result.lost);
	flush(c);
	if (c->result.ended[0] == '\0')
		(void)snprintf(c->result.ended, sizeof(c->result.ended), "%s", why);
	atomic_store(&c->ended, true);
	return NULL;
}

static int check(struct jg_capture *c, struct jg_error *err)
{
	struct stat st;
	if (fstat(c->options.fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))) {
		jg_error_set(err, "what was passed is neither a file nor a pipe");
		return -EINVAL;
	}
	c->pipe = S_ISFIFO(st.st_mode);
	// Zero bytes: is it open for writing?
	if (write(c->options.fd, "", 0) != 0) {
		jg_error_set(err, "what was passed is not open for writing");
		return -EBADF;
	}
	return 0;
}

struct jg_capture *jg_capture_start(const struct jg_capture_options *options, struct jg_error *err)
{
	struct jg_capture *c = calloc(1, sizeof(*c));
	if (c == NULL) {
		jg_error_set(err, "out of memory for a capture");
		(void)close(options->fd);
		return NULL;
	}
	c->options = *options;
	uint32_t seconds = options->seconds != 0 ? options->seconds : JG_CAPTURE_SECONDS_MAX;
	c->until_ns = (uint64_t)clock_ns(CLOCK_MONOTONIC) + seconds * UINT64_C(1000000000);
	c->lost_before = lost_by_members(c);
	int result = check(c, err);
	if (result == 0)
		result = pthread_create(&c->thread, NULL, run, c);
	if (result > 0)
		jg_error_set(err, "the capture's thread does not start: %s", strerror(result));
	if (result == 0)
		return c;
	(void)close(c->options.fd);
	free(c);
	return NULL;
}

bool jg_capture_ended(const struct jg_capture *capture)
{
	return atomic_load(&capture->ended);
}

void jg_capture_end(struct jg_capture *capture)
{
	atomic_store(&capture->stopping, true);
}

void jg_capture_stop(struct jg_capture *capture, struct jg_capture_result *result)
{
	if (capture == NULL)
		return;
	jg_capture_end(capture);
	(void)pthread_join(capture->thread, NULL);
	if (result != NULL)
		*result = capture->result;
	(void)close(capture->options.fd);
	explicit_bzero(capture->buffer, sizeof(capture->buffer));
	free(capture);
}

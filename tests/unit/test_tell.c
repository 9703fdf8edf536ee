// SPDX-License-Identifier: BSD-3-Clause
#include "fake_channel.h" // the archive brings the publisher along
#include "figures_sample.h"
#include "tell.h"

#include <criterion/criterion.h>

// "name=value" a line.
struct notes {
	struct jg_gate_told head;
	char text[65536];
	unsigned n;
};

static void note(struct notes *notes, const char *name, const char *value)
{
	size_t used = strlen(notes->text);
	(void)snprintf(notes->text + used, sizeof(notes->text) - used, "%s=%s\n", name, value);
	notes->n++;
}

static void note_count(struct jg_gate_told *told, const char *name, uint64_t value)
{
	char text[32];
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	note((struct notes *)told, name, text);
}

static void note_text(struct jg_gate_told *told, const char *name, const char *value)
{
	note((struct notes *)told, name, value);
}

static struct notes *tell(
	const struct jg_figures *figures, const char *topic, const char *member, unsigned first)
{
	static struct notes notes;
	notes = (struct notes){.head = {.count = note_count, .text = note_text}};
	jg_tell(figures, topic, member, first, &notes.head);
	return &notes;
}

static void has(const struct notes *notes, const char *line)
{
	const char *at = strstr(notes->text, line);
	cr_assert(at != NULL && (at == notes->text || at[-1] == '\n'), "no %s in\n%s", line,
		notes->text);
}

Test(tell, values_of_the_state_have_flat_names)
{
	struct jg_figures *figures = sample_figures();
	const struct notes *notes = tell(figures, "state", "", 0);
	has(notes, "epoch=12\n");
	has(notes, "ready=1\n");
	has(notes, "clock_error_s=0.0625\n");
	has(notes, "store=etcd\n");
	has(notes, "fleet_nodes/silent=1\n");
	has(notes, "keys/livekit/verify-only=2\n");
	free(figures);
}

Test(tell, times_come_with_their_buckets)
{
	struct jg_figures *figures = sample_figures();
	has(tell(figures, "service", "", 0), "buckets/1/1=160\n");
	has(tell(figures, "stages", "", 0), "verify/bursts=22\n");
	free(figures);
}

Test(tell, a_member_is_told_without_its_counters)
{
	struct jg_figures *figures = sample_figures();
	const struct notes *notes = tell(figures, "stats", "lane", 0);
	has(notes, "busy=0.5\n");
	has(notes, "burst_size/4=2\n");
	has(notes, "verifier=mac=ref simd=portable\n");
	cr_assert_null(strstr(notes->text, "heartbeat"));
	cr_assert_eq(tell(figures, "stats", "worker 77", 0)->n, 0);
	free(figures);
}

Test(tell, lists_come_in_pieces_that_fit)
{
	struct jg_figures *figures = sample_figures();
	for (unsigned i = 0; i < JG_FIGURES_KEYS; i++)
		figures->key[i] = figures->key[0];
	figures->key_n = JG_FIGURES_KEYS;
	figures->app_n = JG_FIGURES_APPS + 1;
	for (unsigned i = 0; i < figures->app_n; i++)
		for (unsigned r = 0; r < JG_REASON_COUNT; r++)
			figures->app[i].verdicts[r] = 1;
	for (unsigned first = 0; first <= JG_FIGURES_KEYS; first += 10) {
		cr_assert_leq(tell(figures, "keys", "", first)->n, 256);
		cr_assert_leq(tell(figures, "top", "", first)->n, 256);
	}
	has(tell(figures, "keys", "", 96), "99/secret=2026-11\n");
	has(tell(figures, "keys", "", 96), "rows=100\n");
	has(tell(figures, "top", "", 20), "20/verdicts/expired=1\n");
	cr_assert_eq(tell(figures, "top", "", 21)->n, 1);
	cr_assert_eq(tell(figures, "top", "", UINT32_MAX)->n, 1);
	free(figures);
}

Test(tell, other_topics_have_nothing)
{
	struct jg_figures *figures = sample_figures();
	cr_assert_eq(tell(figures, "", "", 0)->n, 0);
	cr_assert_eq(tell(figures, "workers", "", 0)->n, 0);
	free(figures);
}

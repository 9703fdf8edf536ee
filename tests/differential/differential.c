// SPDX-License-Identifier: BSD-3-Clause
// Generated tokens of all six layouts, judged in mixed bursts by joingate and one by one by the
// reference: the same verdict, an acceptable reason, the same fields. COUNT, SEED and ONLY (one layout)
// come from the environment; the seed is printed, and with it the run repeats (but for the Vonage key pair).
#include "gen.h"
#include "world.h"

#include <joingate/mint.h>
#include <joingate/snapshot.h>

#include <inttypes.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SHOWN_MAX = 20,
	LAYOUTS = 8,
	PATHS_MAX = 3,
	CUTS_MAX = 16 // tokens of one burst that are cut off
};

struct tally {
	const char *layout;
	uint64_t cases, admitted, open;
};

struct run {
	struct ref_world world;
	struct jg_verifier *path[PATHS_MAX]; /**< the best of this CPU, the portable one, AVX2 */
	size_t paths_n;
	struct jg_snapshot *snapshot;
	struct jg_cut_offs *cut_offs;
	struct jg_minter *minter;
	uint64_t disagreements, cuts, refreshed;
	struct tally tally[LAYOUTS];
	uint64_t reasons[JG_REASON_COUNT];
};

static struct jg_str str(const char *text)
{
	return (struct jg_str){text, text == NULL ? 0 : (uint32_t)strlen(text)};
}

static void die(const struct jg_error *err)
{
	fprintf(stderr, "differential: %s\n", err->text);
	exit(2);
}

// Every way through the core is judged: the fastest, the full scan in portable code, and AVX2 where
// this CPU has it.
static void open_paths(struct run *run)
{
	static const struct jg_verifier_options options[PATHS_MAX] = {{.seed = 1},
		{.mac_engine = "ref",
			.simd = "portable",
			.no_shapes = true,
			.no_beginnings = true,
			.seed = 1},
		{.simd = "avx2", .seed = 1}};
	for (size_t i = 0; i < PATHS_MAX; i++) {
		struct jg_error err = {""};
		struct jg_verifier *verifier = jg_verifier_new(&options[i], &err);
		if (verifier == NULL && i < 2)
			die(&err);
		if (verifier == NULL)
			continue;
		printf("path %zu: %s%s\n", run->paths_n, jg_verifier_describe(verifier),
			options[i].no_shapes ? " nothing learnt" : "");
		run->path[run->paths_n++] = verifier;
	}
}

static bool same_bytes(struct jg_str got, const char *want, size_t n)
{
	return got.len == n && memcmp(got.len == 0 ? "" : got.p, want, n) == 0;
}

static bool same(struct jg_str got, const char *want)
{
	return same_bytes(got, want, strlen(want));
}

static bool same_attributes(struct jg_str got, json_t *want)
{
	json_t *none = json_object();
	json_t *parsed = got.len == 0 ? json_incref(none) : json_loadb(got.p, got.len, 0, NULL);
	const bool equal = parsed != NULL && json_equal(parsed, want == NULL ? none : want);
	json_decref(parsed);
	json_decref(none);
	return equal;
}

static bool same_ends(const struct jg_verdict *got, const struct ref_verdict *want)
{
	for (unsigned bit = 0; bit < JG_CAPABILITY_COUNT; bit++) {
		int64_t end = JG_TIME_NONE;
		for (uint32_t i = 0; i < got->capability_expires_n; i++)
			if ((got->capability_expires[i].capabilities >> bit & 1) != 0)
				end = got->capability_expires[i].expires_at;
		if ((want->capabilities >> bit & 1) != 0 && end != want->ends[bit])
			return false;
	}
	return true;
}

// The first field that differs, NULL when all agree.
static const char *difference(const struct jg_verdict *got, const struct ref_verdict *want)
{
	const struct {
		const char *name;
		bool same;
	} fields[] = {
		{"capabilities", got->capabilities == want->capabilities},
		{"capability_expires", same_ends(got, want)},
		{"expires_at", got->expires_at == want->expires_at},
		{"issued_at", got->issued_at == want->issued_at},
		{"identity", same(got->identity, want->identity)},
		{"room", same(got->room, want->room)},
		{"name", same(got->name, want->name)},
		{"metadata", same(got->metadata, want->metadata)},
		{"role", same(got->role, want->role)},
		{"layout_classes", same(got->layout_classes, want->layout_classes)},
		{"rtm_permissions",
			same_bytes(got->rtm_permissions, want->permissions, want->permissions_len)},
		{"key", want->key[0] == '\0' || same(got->key, want->key)},
		{"kind", want->kind[0] == '\0' || same(got->kind, want->kind)},
		{"attributes", same_attributes(got->attributes, want->attributes)},
		{"token_id", !want->id_known || memcmp(got->token_id, want->id, REF_ID) == 0},
		{"ancestors", same_bytes(got->ancestors, want->ancestors, want->ancestors_len)},
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!fields[i].same)
			return fields[i].name;
	return NULL;
}

static void print_reasons(uint32_t mask)
{
	if (mask == 0)
		printf("admit");
	for (unsigned i = 0; i < JG_REASON_COUNT; i++)
		if ((mask >> i & 1) != 0)
			printf("%s ", jg_reason_name(i));
}

static void show(const struct run *run, const struct gen_case *c, const struct jg_verdict *got,
	const struct ref_verdict *want, const char *field)
{
	const struct ref_request *r = &c->request;
	if (run->disagreements > SHOWN_MAX)
		return;
	printf("\ndisagreement in %s: joingate %s, reference ", c->layout,
		jg_reason_name(got->reason));
	print_reasons(ref_reasons(want));
	printf("\n  field %s; app %s room %s identity %s service %u\n", field == NULL ? "-" : field,
		r->app == NULL ? "-" : r->app, r->room == NULL ? "-" : r->room,
		r->identity == NULL ? "-" : r->identity, r->service);
	json_t *token = json_stringn_nocheck(r->token, r->token_len);
	char *text = json_dumps(token, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	printf("  token %s\n", text == NULL ? r->token : text);
	free(text);
	json_decref(token);
	if (want->payload != NULL) {
		text = json_dumps(want->payload, JSON_PRESERVE_ORDER);
		printf("  payload %s\n", text);
		free(text);
	}
}

static void compare(struct run *run, const struct gen_case *c, const struct jg_verdict *got,
	const struct ref_verdict *want)
{
	const bool admit = got->reason == JG_REASON_OK;
	const uint32_t reasons = ref_reasons(want);
	const bool verdict = admit ? reasons == 0 : (reasons >> got->reason & 1) != 0;
	const char *field = verdict && admit ? difference(got, want) : NULL;
	if (!verdict || field != NULL) {
		run->disagreements++;
		show(run, c, got, want, field);
	}
}

static void count(
	struct run *run, const struct gen_case *c, const struct ref_verdict *want, uint8_t reason)
{
	struct tally *tally = run->tally;
	while (tally->layout != NULL && strcmp(tally->layout, c->layout) != 0)
		tally++;
	tally->layout = c->layout;
	tally->cases++;
	tally->open += want->unspecified != NULL;
	tally->admitted += want->unspecified == NULL && reason == JG_REASON_OK;
	run->reasons[reason < JG_REASON_COUNT ? reason : 0]++;
}

static struct jg_request request_of(const struct ref_request *r)
{
	return (struct jg_request){.token = {r->token, (uint32_t)r->token_len},
		.app = str(r->app),
		.room = str(r->room),
		.identity = str(r->identity),
		.vendor = (uint8_t)r->vendor,
		.type = r->reconnect ? JG_REQUEST_RECONNECT
			: r->refresh ? JG_REQUEST_REFRESH
				     : JG_REQUEST_JOIN,
		.flags = (uint8_t)(JG_REQUEST_TOKEN_ID | (r->known ? JG_REQUEST_AUTHENTICATED : 0)),
		.service = (uint8_t)r->service};
}

// RSA signing is slow: Vonage gets a small share.
static void generate(struct gen *g, struct gen_case *c)
{
	gen_reset(g);
	const uint32_t kind = gen_below(g, 100);
	*c = (struct gen_case){.layout = NULL};
	if (kind < 28)
		gen_livekit(g, c);
	else if (kind < 45)
		gen_stream(g, c);
	else if (kind < 60)
		gen_opentok(g, c);
	else if (kind < 63)
		gen_vonage(g, c);
	else if (kind < 76)
		gen_t1(g, c);
	else if (kind < 90)
		gen_agora_007(g, c);
	else
		gen_agora_006(g, c);
	const uint32_t type = gen_below(g, 100);
	c->request.reconnect = type < 15;
	c->request.refresh = type >= 15 && type < 30;
	c->request.known = gen_chance(g, 90);
}

// Some of the burst's tokens get a cut-off of their own, around the time of their issue. Undone
// afterwards, so that the table does not only grow.
static void cut_some(struct run *run, struct gen *g, const struct gen_case *cases, unsigned n)
{
	static struct ref_verdict verdict;
	struct ref_world *world = &run->world;
	const size_t fixed = world->token_cuts_n;
	struct jg_error err = {""};
	for (unsigned i = 0; i < n && world->token_cuts_n - fixed < CUTS_MAX; i++) {
		if (!gen_chance(g, 4))
			continue;
		ref_judge(world, &cases[i].request, &verdict);
		const int64_t issued = verdict.issued_at;
		const int64_t before[] = {issued, issued + 1, GEN_NOW + 1, 1};
		struct ref_token_cut cut = {.before = before[gen_below(g, 4)]};
		if (verdict.id_known && cut.before >= 1 && cut.before < UINT32_MAX) {
			memcpy(cut.id, verdict.id, REF_ID);
			cut.app = world_app(world, cases[i].request.vendor, verdict.app);
			if (world_cut_token(run->cut_offs, &cut, cut.before, &err) != 0)
				die(&err);
			world->token_cuts[world->token_cuts_n++] = cut;
			run->cuts++;
		}
		ref_clear(&verdict);
	}
}

static void undo_cuts(struct run *run, size_t fixed)
{
	struct jg_error err = {""};
	while (run->world.token_cuts_n > fixed) {
		const struct ref_token_cut *cut = &run->world.token_cuts[--run->world.token_cuts_n];
		if (world_cut_token(run->cut_offs, cut, JG_TIME_NONE, &err) != 0)
			die(&err);
	}
}

static void show_refresh(struct run *run, const struct gen_case *c, const struct jg_minted *minted,
	const char *problem)
{
	if (++run->disagreements > SHOWN_MAX)
		return;
	printf("\nrefreshed %s: %s\n  token %.*s\n  successor %.*s\n", c->layout, problem,
		(int)c->request.token_len, c->request.token, (int)minted->len, minted->token);
}

// The successor of a token that both admit: what it has to be, and the same verdict of both.
static void check_successor(struct run *run, const struct gen_case *c,
	const struct ref_verdict *want, const struct jg_minted *minted)
{
	static struct ref_verdict next;
	struct gen_case successor = {.layout = c->layout, .request = c->request};
	if (minted->len == 0) {
		// Too long to be a token, or issued before 1970, which the paper leaves open.
		if (want->issued_at >= 0 && strcmp(minted->problem, "the token would not fit") != 0)
			show_refresh(run, c, minted, minted->problem);
		return;
	}
	run->refreshed++;
	successor.request.token = minted->token;
	successor.request.token_len = minted->len;
	successor.request.refresh = successor.request.known = false;
	ref_judge(&run->world, &successor.request, &next);
	const char *problem =
		ref_refreshed(&run->world, &c->request, want, &successor.request, &next);
	if (problem != NULL)
		show_refresh(run, c, minted, problem);
	const struct jg_request request = request_of(&successor.request);
	for (size_t p = 0; p < run->paths_n; p++) {
		struct jg_verdict got;
		jg_verify_burst(run->path[p], run->snapshot, GEN_NOW, &request, &got, 1);
		compare(run, &successor, &got, &next);
	}
	ref_clear(&next);
}

// Judged before the next burst overwrites what verdicts point to.
static void refresh(struct run *run, const struct jg_request *requests,
	const struct jg_verdict *verdicts, struct jg_minted *minted, unsigned n)
{
	static char tokens[JG_BURST_MAX][JG_TOKEN_MAX];
	for (unsigned i = 0; i < n; i++)
		minted[i] = (struct jg_minted){.token = tokens[i], .size = JG_TOKEN_MAX};
	jg_refresh_burst(run->minter, run->snapshot, GEN_NOW, requests, verdicts, minted, n);
}

static void judge(struct run *run, const struct gen_case *cases, unsigned n)
{
	static struct jg_request requests[JG_BURST_MAX];
	static struct jg_verdict verdicts[PATHS_MAX][JG_BURST_MAX];
	static struct jg_minted minted[JG_BURST_MAX];
	static struct ref_verdict want;
	static uint8_t admitted[JG_BURST_MAX];
	for (unsigned i = 0; i < n; i++)
		requests[i] = request_of(&cases[i].request);
	for (size_t i = 0; i < run->paths_n; i++)
		jg_verify_burst(run->path[i], run->snapshot, GEN_NOW, requests, verdicts[i], n);
	refresh(run, requests, verdicts[0], minted, n);
	for (unsigned i = 0; i < n; i++) {
		ref_judge(&run->world, &cases[i].request, &want);
		count(run, &cases[i], &want, verdicts[0][i].reason);
		for (size_t p = 0; p < run->paths_n && want.unspecified == NULL; p++)
			compare(run, &cases[i], &verdicts[p][i], &want);
		admitted[i] = want.unspecified == NULL && ref_reasons(&want) == 0;
		ref_clear(&want);
	}
	// From here on the verdicts' strings are gone.
	for (unsigned i = 0; i < n; i++) {
		if (!admitted[i] || !cases[i].request.refresh)
			continue;
		ref_judge(&run->world, &cases[i].request, &want);
		check_successor(run, &cases[i], &want, &minted[i]);
		ref_clear(&want);
	}
}

static void burst(struct run *run, struct gen *gens, unsigned n)
{
	static struct gen_case cases[JG_BURST_MAX];
	const size_t fixed = run->world.token_cuts_n;
	const char *only = getenv("ONLY");
	for (unsigned i = 0; i < n; i++) {
		// Each has a pool of its own; the random state goes from one to the next.
		struct gen *g = &gens[i];
		g->state = gens[i == 0 ? JG_BURST_MAX : i - 1].state;
		do
			generate(g, &cases[i]);
		while (only != NULL && strcmp(only, cases[i].layout) != 0);
		gens[JG_BURST_MAX].state = g->state;
	}
	cut_some(run, &gens[JG_BURST_MAX], cases, n);
	judge(run, cases, n);
	undo_cuts(run, fixed);
}

static void report(const struct run *run)
{
	for (const struct tally *t = run->tally; t < run->tally + LAYOUTS && t->layout != NULL; t++)
		printf("%-12s %8" PRIu64 " tokens, %8" PRIu64 " admitted, %6" PRIu64
		       " left open by the paper\n",
			t->layout, t->cases, t->admitted, t->open);
	for (unsigned i = 1; i < JG_REASON_COUNT; i++)
		if (run->reasons[i] > 0)
			printf("%-18s %8" PRIu64 "\n", jg_reason_name(i), run->reasons[i]);
	printf("%" PRIu64 " tokens cut off by their id, %" PRIu64 " refreshed\n", run->cuts,
		run->refreshed);
	printf("%" PRIu64 " disagreements\n", run->disagreements);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text == NULL || text[0] == '\0' ? otherwise : strtoull(text, NULL, 0);
}

static const char *text_of(BIO *bio)
{
	char *text;
	(void)BIO_write(bio, "", 1);
	BIO_get_mem_data(bio, &text);
	return text;
}

int main(void)
{
	static struct run run;
	const uint64_t count = setting("COUNT", 200000), seed = setting("SEED", 20261101);
	printf("seed %" PRIu64 ", %" PRIu64 " tokens; repeat with SEED=%" PRIu64 " COUNT=%" PRIu64
	       "\n",
		seed, count, seed, count);
	fflush(stdout);
	EVP_PKEY *pair = EVP_RSA_gen(2048);
	BIO *bios[] = {BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())};
	PEM_write_bio_PUBKEY(bios[0], pair);
	PEM_write_bio_PrivateKey(bios[1], pair, NULL, NULL, 0, NULL, NULL);
	const struct world_keys keys = {text_of(bios[0]), text_of(bios[1])};
	world_init(&run.world, GEN_NOW, pair);
	struct jg_error err = {""};
	run.cut_offs = jg_cut_offs_new(0, &err);
	run.minter = jg_minter_new(&(struct jg_verifier_options){.seed = 1}, &err);
	if (run.cut_offs == NULL || run.minter == NULL)
		die(&err);
	run.snapshot = world_build(&run.world, &keys, run.cut_offs, &err);
	if (run.snapshot == NULL)
		die(&err);
	open_paths(&run);
	struct gen *gens = calloc(JG_BURST_MAX + 1, sizeof(*gens));
	for (unsigned i = 0; gens != NULL && i <= JG_BURST_MAX; i++)
		gens[i] = (struct gen){.state = seed, .world = &run.world, .private_key = pair};
	for (uint64_t done = 0; gens != NULL && done < count;) {
		const uint64_t left = count - done;
		unsigned n = 1 + gen_below(&gens[JG_BURST_MAX], JG_BURST_MAX);
		n = n > left ? (unsigned)left : n;
		burst(&run, gens, n);
		done += n;
	}
	report(&run);
	for (size_t i = 0; i < run.paths_n; i++)
		jg_verifier_free(run.path[i]);
	jg_snapshot_free(run.snapshot);
	jg_cut_offs_free(run.cut_offs);
	jg_minter_free(run.minter);
	BIO_free(bios[0]);
	BIO_free(bios[1]);
	EVP_PKEY_free(pair);
	free(gens);
	return run.disagreements == 0 ? 0 : 1;
}

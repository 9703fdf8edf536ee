// SPDX-License-Identifier: BSD-3-Clause
// After an older etcd was brought back: keep what is newer here, and give it back to the fleet.
#include "log.h"
#include "store_etcd.h"

#include <joingate/verify.h>

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define GIVE_AT_ONCE 500 // cut-offs in one record

struct line {
	unsigned char subject[16]; // digest
	int64_t before;
	bool there; // etcd has it, as new or newer
};

struct jg_ledger {
	struct line *lines; // sorted by subject
	size_t n;
	size_t room;
	bool failed;
};

static void add_text(EVP_MD_CTX *digest, struct jg_str text)
{
	(void)EVP_DigestUpdate(digest, &text.len, sizeof(text.len));
	if (text.len > 0)
		(void)EVP_DigestUpdate(digest, text.p, text.len);
}

static bool digest_of(const struct jg_cut_off *c, unsigned char subject[16])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	const unsigned char head[2] = {c->vendor, c->scope};
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
		EVP_DigestUpdate(context, head, sizeof(head)) == 1;
	if (ok) {
		add_text(context, c->app);
		add_text(context, c->user);
		add_text(context, c->room);
		add_text(context, c->secret);
		ok = EVP_DigestUpdate(context, c->token_id, sizeof(c->token_id)) == 1 &&
			EVP_DigestFinal_ex(context, digest, NULL) == 1;
	}
	EVP_MD_CTX_free(context);
	if (ok)
		memcpy(subject, digest, 16);
	return ok;
}

static int by_subject(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static int enter(void *arg, const struct jg_cut_off *c, struct jg_error *err)
{
	struct jg_ledger *ledger = arg;
	(void)err;
	if (ledger->n == ledger->room) {
		size_t room = ledger->room * 2 + 1024;
		struct line *lines = reallocarray(ledger->lines, room, sizeof(*lines));
		if (lines == NULL)
			return -ENOMEM;
		ledger->lines = lines;
		ledger->room = room;
	}
	struct line *line = &ledger->lines[ledger->n];
	*line = (struct line){.before = c->before};
	if (!digest_of(c, line->subject))
		return -ENOMEM;
	ledger->n++;
	return 0;
}

struct jg_ledger *jg_ledger_new(struct jg_store *cache)
{
	struct jg_error err;
	struct jg_ledger *ledger = calloc(1, sizeof(*ledger));
	const struct jg_cut_off_filter all = {.older_than = JG_TIME_NONE, .limit = UINT32_MAX};
	const struct jg_store_sink sink = {.arg = ledger, .cut_off = enter};
	if (ledger == NULL || cache->ops->cut_offs(cache, &all, &sink, &err) != 0) {
		jg_ledger_free(ledger);
		return NULL;
	}
	if (ledger->n > 1)
		qsort(ledger->lines, ledger->n, sizeof(ledger->lines[0]), by_subject);
	return ledger;
}

void jg_ledger_free(struct jg_ledger *ledger)
{
	if (ledger != NULL)
		free(ledger->lines);
	free(ledger);
}

static struct line *find(struct jg_ledger *ledger, const struct jg_cut_off *c)
{
	struct line key;
	if (ledger->n == 0 || !digest_of(c, key.subject))
		return NULL;
	return bsearch(key.subject, ledger->lines, ledger->n, sizeof(ledger->lines[0]), by_subject);
}

bool jg_ledger_newer(struct jg_ledger *ledger, const struct jg_cut_off *c)
{
	struct line *line = find(ledger, c);
	if (c->before == JG_TIME_NONE) {
		if (line != NULL)
			line->there = false; // undone in the older history: ours counts
		return false;
	}
	if (line == NULL)
		return true;
	line->there = c->before >= line->before;
	if (c->before <= line->before)
		return false;
	line->before = c->before;
	return true;
}

bool jg_ledger_later(struct jg_ledger *ledger, const struct jg_cut_off *c)
{
	if (c->before != JG_TIME_NONE)
		return jg_ledger_newer(ledger, c);
	struct line *line = find(ledger, c);
	if (line != NULL) {
		line->before = JG_TIME_NONE;
		line->there = true;
	}
	return true;
}

bool jg_ledger_missing(struct jg_ledger *ledger, const struct jg_cut_off *c)
{
	const struct line *line = find(ledger, c);
	return line != NULL && !line->there;
}

void jg_ledger_given(struct jg_ledger *ledger, const struct jg_cut_off *c)
{
	struct line *line = find(ledger, c);
	if (line != NULL)
		line->there = true;
}

struct giving {
	struct jg_etcd_store *store;
	int64_t since; // revision up to which all cut-offs of etcd's are known or ours
	struct jg_cut_off list[GIVE_AT_ONCE];
	json_t *values[GIVE_AT_ONCE]; // which hold the strings
	uint32_t n;
	uint64_t cut_offs; // given in all
	uint64_t records;
	int result;
};

json_t *jg_etcd_none_since(struct jg_etcd_store *s, const char *below, int64_t revision)
{
	json_t *range = jg_etcd_range(s, below);
	(void)json_object_set_new(range, "target", json_string("MOD"));
	(void)json_object_set_new(range, "result", json_string("LESS"));
	(void)json_object_set_new(range, "mod_revision", jg_etcd_string(revision + 1));
	return range;
}

static int give_cut_offs(struct giving *g, struct jg_error *err)
{
	size_t bytes = 0;
	json_t *puts = json_array();
	int result = -ENOMEM;
	if (jg_etcd_add_cut_offs(g->store, g->list, g->n, puts, &bytes))
		result = jg_etcd_transact(g->store,
			json_pack("[o]", jg_etcd_none_since(g->store, "s/c/", g->since)), puts,
			false, err);
	else
		json_decref(puts);
	for (uint32_t i = 0; result == 0 && i < g->n; i++)
		jg_ledger_given(g->store->ledger, &g->list[i]);
	if (result == 0) {
		g->cut_offs += g->n;
		g->since = g->store->head.committed;
	}
	for (uint32_t i = 0; i < g->n; i++)
		json_decref(g->values[i]);
	g->n = 0;
	return result;
}

static int give_cut_off(void *arg, const struct jg_cut_off *c, struct jg_error *err)
{
	struct giving *g = arg;
	if (!jg_ledger_missing(g->store->ledger, c))
		return 0;
	json_t *json = jg_record_cut_off_json(c);
	if (!jg_record_cut_off(&g->list[g->n], json, err)) {
		json_decref(json);
		return 0;
	}
	g->values[g->n++] = json;
	return g->n == GIVE_AT_ONCE ? give_cut_offs(g, err) : 0;
}

// A record that etcd lacks, or has in an older generation: mod 0, or marked by a lower one told.
static int give_record(void *arg, const struct jg_record *record, struct jg_error *err)
{
	struct giving *g = arg;
	char path[JG_PATH_MAX];
	snprintf(path, sizeof(path), "%.*s", (int)record->path.len, record->path.p);
	if (strcmp(path, "local") == 0 || jg_etcd_known(g->store, path, 2) != 0)
		return 0;
	size_t bytes = 0;
	json_t *compare = json_array();
	json_t *puts = json_array();
	if (!jg_etcd_add_record(g->store, record, compare, puts, &bytes)) {
		json_decref(compare);
		json_decref(puts);
		return -ENOMEM;
	}
	int result = jg_etcd_transact(g->store, compare, puts, false, err);
	g->records += result == 0;
	return result == -EAGAIN ? 0 : result; // another gate was first
}

int jg_etcd_give_back(struct jg_etcd_store *s, struct jg_error *err)
{
	struct giving *g = calloc(1, sizeof(*g));
	const struct jg_store_sink sink = {g, give_record, give_cut_off};
	if (g == NULL || s->ledger == NULL) {
		free(g);
		return g == NULL ? -ENOMEM : 0;
	}
	g->store = s;
	g->since = s->told;
	int result = s->cache->ops->load(s->cache, &sink, err);
	if (result == 0 && g->n > 0)
		result = give_cut_offs(g, err);
	for (uint32_t i = 0; i < g->n; i++)
		json_decref(g->values[i]);
	if (result == 0)
		jg_log(JG_LOG_WARNING, "store",
			"given back to etcd what its older backup lacked: %" PRIu64
			" cut-offs, %" PRIu64 " records",
			g->cut_offs, g->records);
	free(g);
	return result;
}

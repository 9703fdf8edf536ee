// SPDX-License-Identifier: BSD-3-Clause
// Cut-offs in SQLite: a log and a table. A change appends its cut-offs to the log, packed and in
// one piece, however many they are and wherever in the table they belong: ten thousand users are a
// few pages to sync, not ten thousand. Later, when nobody waits, they are settled into the table,
// a bounded number at a time. The state is the table with the log played over it.
//
// A key is vendor (1 byte), the app's length (1) and key, scope (1), and the subject; of a
// participant the room's length (2) and the room go before the user.
#include "store_sqlite.h"

#include <joingate/verify.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define ENTRIES_OF_ROW 1000u
#define ROW_MAX ((size_t)64 << 10)
#define ENTRIES_OF_STEP 4000u // settled in one transaction, at least a row
#define HEAD 6u // of a packed entry: time (4, 0 = undone), length of the key (2)

static_assert(HEAD + JG_STORE_KEY_MAX < ROW_MAX, "an entry fits a row");

static struct jg_sqlite_store *self(struct jg_store *store)
{
	return (struct jg_sqlite_store *)store;
}

static size_t put_bytes(uint8_t *at, const void *bytes, size_t n)
{
	if (n > 0)
		memcpy(at, bytes, n);
	return n;
}

// The parts of a subject that a key holds.
static void subject_of(const struct jg_cut_off *c, struct jg_str *a, struct jg_str *b)
{
	*a = *b = (struct jg_str){NULL, 0};
	switch ((enum jg_scope)c->scope) {
	case JG_SCOPE_APP:
	case JG_SCOPE_COUNT:
		break;
	case JG_SCOPE_USER:
		*a = c->user;
		break;
	case JG_SCOPE_ROOM:
		*a = c->room;
		break;
	case JG_SCOPE_PARTICIPANT:
		*a = c->room;
		*b = c->user;
		break;
	case JG_SCOPE_SECRET:
		*a = c->secret;
		break;
	case JG_SCOPE_TOKEN:
		*a = (struct jg_str){(const char *)c->token_id, sizeof(c->token_id)};
		break;
	}
}

// "vendor app": every key of the app starts with it. 0: no app can be called that.
static size_t key_start(uint8_t *key, unsigned vendor, struct jg_str app)
{
	if (app.len > UINT8_MAX)
		return 0;
	key[0] = (uint8_t)vendor;
	key[1] = (uint8_t)app.len;
	return 2 + put_bytes(key + 2, app.p, app.len);
}

// @return its length; 0: some name is too long to be one
static size_t key_of(uint8_t key[JG_STORE_KEY_MAX], unsigned vendor, struct jg_str app,
	unsigned scope, const struct jg_str subject[2])
{
	size_t n = key_start(key, vendor, app);
	if (n == 0 || subject[0].len > JG_STORE_NAME_MAX || subject[1].len > JG_STORE_NAME_MAX)
		return 0;
	key[n++] = (uint8_t)scope;
	if (scope == JG_SCOPE_PARTICIPANT) {
		key[n++] = (uint8_t)(subject[0].len >> 8);
		key[n++] = (uint8_t)subject[0].len;
	}
	n += put_bytes(key + n, subject[0].p, subject[0].len);
	return n + put_bytes(key + n, subject[1].p, subject[1].len);
}

// False when it is no key that key_of() makes.
static bool key_read(struct jg_str key, struct jg_cut_off *c)
{
	const uint8_t *at = (const uint8_t *)key.p;
	if (key.len < 3 || key.len < 3u + at[1])
		return false;
	*c = (struct jg_cut_off){
		.vendor = at[0], .app = {key.p + 2, at[1]}, .scope = at[2 + at[1]]};
	struct jg_str rest = {key.p + 3 + at[1], key.len - 3 - at[1]};
	switch (c->scope) {
	case JG_SCOPE_APP:
		return rest.len == 0;
	case JG_SCOPE_USER:
		c->user = rest;
		return true;
	case JG_SCOPE_ROOM:
		c->room = rest;
		return true;
	case JG_SCOPE_PARTICIPANT: {
		at = (const uint8_t *)rest.p;
		uint32_t room = rest.len < 2 ? UINT32_MAX : (uint32_t)(at[0] << 8 | at[1]);
		if (rest.len < 2 || room > rest.len - 2)
			return false;
		c->room = (struct jg_str){rest.p + 2, room};
		c->user = (struct jg_str){rest.p + 2 + room, rest.len - 2 - room};
		return true;
	}
	case JG_SCOPE_SECRET:
		c->secret = rest;
		return true;
	case JG_SCOPE_TOKEN:
		if (rest.len != sizeof(c->token_id))
			return false;
		memcpy(c->token_id, rest.p, sizeof(c->token_id));
		return true;
	default:
		return false;
	}
}

static struct jg_str value_str(sqlite3_value *value)
{
	const void *p = sqlite3_value_blob(value);
	return (struct jg_str){p, (uint32_t)sqlite3_value_bytes(value)};
}

static void sql_key(sqlite3_context *context, int n, sqlite3_value **v)
{
	assert(n == 5);
	(void)n;
	uint8_t key[JG_STORE_KEY_MAX];
	const struct jg_str subject[2] = {value_str(v[3]), value_str(v[4])};
	size_t len = key_of(key, (unsigned)sqlite3_value_int(v[0]), value_str(v[1]),
		(unsigned)sqlite3_value_int(v[2]), subject);
	if (len == 0)
		sqlite3_result_error(context, "a cut-off with a name that is too long", -1);
	else
		sqlite3_result_blob(context, key, (int)len, SQLITE_TRANSIENT);
}

int jg_sqlite_define_key(sqlite3 *db)
{
	return sqlite3_create_function(
		db, "joingate_key", 5, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, sql_key, NULL, NULL);
}

// --- The log ---

static size_t pack(uint8_t *at, const struct jg_cut_off *c)
{
	struct jg_str subject[2];
	subject_of(c, &subject[0], &subject[1]);
	size_t len = key_of(at + HEAD, c->vendor, c->app, c->scope, subject);
	uint32_t before = c->before == JG_TIME_NONE ? 0 : (uint32_t)c->before;
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(before >> (24 - 8 * i));
	at[4] = (uint8_t)(len >> 8);
	at[5] = (uint8_t)len;
	return len == 0 ? 0 : HEAD + len;
}

int jg_sqlite_put_recent(struct jg_sqlite_store *s, const struct jg_cut_off *cut_offs, uint32_t n)
{
	uint8_t *row = n == 0 ? NULL : malloc(ROW_MAX);
	size_t used = 0;
	int code = n > 0 && row == NULL ? SQLITE_NOMEM : SQLITE_OK;
	for (uint32_t i = 0, of_row = 0; i < n && code == SQLITE_OK; i++) {
		size_t entry = pack(row + used, &cut_offs[i]);
		used += entry;
		of_row++;
		bool full = of_row == ENTRIES_OF_ROW || ROW_MAX - used < HEAD + JG_STORE_KEY_MAX;
		if (entry == 0)
			code = SQLITE_TOOBIG;
		if (code != SQLITE_OK || (!full && i + 1 < n))
			continue;
		(void)sqlite3_bind_blob(
			s->statement[JG_SQLITE_PUT_RECENT], 1, row, (int)used, SQLITE_STATIC);
		code = jg_sqlite_run(s, JG_SQLITE_PUT_RECENT);
		used = of_row = 0;
		s->recent_new++;
	}
	free(row);
	return code;
}

// One entry of a packed row.
struct entry {
	struct jg_str key;
	uint32_t before; // 0: undone
	uint32_t order; // in the log
};

// The next entry, and the row less it; false at the end, with -EBADMSG where the row is none.
static bool unpack(struct jg_str *row, struct entry *entry, int *result)
{
	const uint8_t *at = (const uint8_t *)row->p;
	if (row->len == 0)
		return false;
	uint32_t len = row->len < HEAD ? UINT32_MAX : (uint32_t)(at[4] << 8 | at[5]);
	if (row->len < HEAD || len > row->len - HEAD) {
		*result = -EBADMSG;
		return false;
	}
	entry->key = (struct jg_str){row->p + HEAD, len};
	entry->before =
		(uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	row->p += HEAD + len;
	row->len -= HEAD + len;
	return true;
}

static int damaged(struct jg_sqlite_store *s, struct jg_error *err)
{
	jg_error_set(err, "%s: a cut-off that this version cannot read", s->path);
	return -EBADMSG;
}

static int tell(struct jg_sqlite_store *s, struct jg_str key, int64_t before,
	const struct jg_store_sink *sink, struct jg_error *err)
{
	struct jg_cut_off c;
	if (!key_read(key, &c))
		return damaged(s, err);
	c.before = before;
	return sink->cut_off(sink->arg, &c, err);
}

static int tell_row(struct jg_sqlite_store *s, struct jg_str row, const struct jg_store_sink *sink,
	struct jg_error *err)
{
	struct entry entry;
	int result = 0;
	while (result == 0 && unpack(&row, &entry, &result))
		result = tell(
			s, entry.key, entry.before == 0 ? JG_TIME_NONE : entry.before, sink, err);
	return result == -EBADMSG ? damaged(s, err) : result;
}

int jg_sqlite_load_cut_offs(
	struct jg_sqlite_store *s, const struct jg_store_sink *sink, struct jg_error *err)
{
	sqlite3_stmt *settled = s->statement[JG_SQLITE_SOME_CUT_OFFS];
	sqlite3_stmt *recent = s->statement[JG_SQLITE_ALL_RECENT];
	int result = 0;
	int code;
	(void)sqlite3_bind_blob(settled, 1, "", 0, SQLITE_STATIC);
	(void)sqlite3_bind_blob(settled, 2, "\xff", 1, SQLITE_STATIC);
	while (result == 0 && (code = sqlite3_step(settled)) == SQLITE_ROW)
		result = tell(s, jg_sqlite_column(settled, 0), sqlite3_column_int64(settled, 1),
			sink, err);
	if (result == 0 && code == SQLITE_DONE)
		while (result == 0 && (code = sqlite3_step(recent)) == SQLITE_ROW)
			result = tell_row(s, jg_sqlite_column(recent, 1), sink, err);
	if (result == 0 && code != SQLITE_DONE)
		result = jg_sqlite_failure(s, code, "reading cut-offs", err);
	(void)sqlite3_reset(settled);
	(void)sqlite3_clear_bindings(settled);
	(void)sqlite3_reset(recent);
	return result;
}

// --- Settling ---

// The oldest rows of the log, as entries whose keys live in bytes.
struct step {
	struct entry *entries;
	uint32_t n;
	uint32_t room;
	int64_t last; // id of the newest row
	unsigned rows;
	char *rows_of[ENTRIES_OF_STEP]; // copies
};

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	uint32_t least = x->key.len < y->key.len ? x->key.len : y->key.len;
	int order = memcmp(x->key.p, y->key.p, least);
	if (order == 0 && x->key.len != y->key.len)
		return x->key.len < y->key.len ? -1 : 1;
	if (order == 0)
		return x->order < y->order ? -1 : 1;
	return order;
}

static int take_row(struct step *step, struct jg_str row)
{
	int result = 0;
	char *copy = malloc(row.len + 1u);
	struct jg_str left = {copy, row.len};
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, row.p, row.len);
	step->rows_of[step->rows++] = copy;
	struct entry entry;
	while (unpack(&left, &entry, &result)) {
		if (step->n == step->room) {
			uint32_t room = step->room * 2 + ENTRIES_OF_STEP;
			struct entry *more = reallocarray(step->entries, room, sizeof(*more));
			if (more == NULL)
				return -ENOMEM;
			step->entries = more;
			step->room = room;
		}
		entry.order = step->n;
		step->entries[step->n++] = entry;
	}
	return result;
}

static int take_rows(struct jg_sqlite_store *s, struct step *step, struct jg_error *err)
{
	sqlite3_stmt *st = s->statement[JG_SQLITE_ALL_RECENT];
	int result = 0;
	int code = SQLITE_DONE;
	while (result == 0 && step->n < ENTRIES_OF_STEP && step->rows < ENTRIES_OF_STEP &&
		(code = sqlite3_step(st)) == SQLITE_ROW) {
		step->last = sqlite3_column_int64(st, 0);
		result = take_row(step, jg_sqlite_column(st, 1));
	}
	if (result == -EBADMSG)
		(void)damaged(s, err);
	else if (result != 0)
		jg_error_set(err, "%s: out of memory", s->path);
	else if (code != SQLITE_DONE && code != SQLITE_ROW)
		result = jg_sqlite_failure(s, code, "reading cut-offs", err);
	(void)sqlite3_reset(st);
	return result;
}

// Sorted, so that neighbours share pages; of one key the newest alone.
static int put_entries(struct jg_sqlite_store *s, struct step *step)
{
	int code = SQLITE_OK;
	qsort(step->entries, step->n, sizeof(*step->entries), by_key);
	for (uint32_t i = 0; i < step->n && code == SQLITE_OK; i++) {
		const struct entry *e = &step->entries[i];
		if (i + 1 < step->n && jg_str_eq(e->key, e[1].key))
			continue;
		enum jg_sqlite_statement which =
			e->before == 0 ? JG_SQLITE_DELETE_CUT_OFF : JG_SQLITE_PUT_CUT_OFF;
		(void)sqlite3_bind_blob(
			s->statement[which], 1, e->key.p, (int)e->key.len, SQLITE_STATIC);
		if (e->before != 0)
			(void)sqlite3_bind_int64(s->statement[which], 2, e->before);
		code = jg_sqlite_run(s, which);
	}
	return code;
}

static int settle_step(struct jg_sqlite_store *s, struct step *step, struct jg_error *err)
{
	int result = take_rows(s, step, err);
	if (result != 0 || step->rows == 0)
		return result;
	int code = jg_sqlite_run(s, JG_SQLITE_BEGIN);
	if (code == SQLITE_OK)
		code = put_entries(s, step);
	if (code == SQLITE_OK) {
		(void)sqlite3_bind_int64(s->statement[JG_SQLITE_DELETE_RECENT], 1, step->last);
		code = jg_sqlite_run(s, JG_SQLITE_DELETE_RECENT);
	}
	if (code == SQLITE_OK)
		code = jg_sqlite_run(s, JG_SQLITE_COMMIT);
	if (code == SQLITE_OK)
		return 0;
	result = jg_sqlite_failure(s, code, "settling cut-offs", err);
	jg_sqlite_rollback(s);
	return result;
}

int jg_sqlite_settle(struct jg_store *store, struct jg_error *err)
{
	struct jg_sqlite_store *s = self(store);
	if (store->unsettled == 0)
		return 0;
	struct step *step = calloc(1, sizeof(*step));
	if (step == NULL) {
		jg_error_set(err, "%s: out of memory", s->path);
		return -ENOMEM;
	}
	int result = settle_step(s, step, err);
	if (result == 0)
		store->unsettled = step->rows == 0 ? 0 : store->unsettled - step->rows;
	for (unsigned i = 0; i < step->rows; i++)
		free(step->rows_of[i]);
	free(step->entries);
	free(step);
	return result;
}

// --- Reading ---

// The keys that a filter asks about: above low, below high.
static void bind_range(sqlite3_stmt *st, const struct jg_cut_off_filter *filter)
{
	uint8_t key[2 + UINT8_MAX + 1] = {0};
	size_t n = 0;
	if (filter->vendor != JG_VENDOR_NONE && filter->app.p != NULL)
		n = key_start(key, filter->vendor, filter->app);
	else if (filter->vendor != JG_VENDOR_NONE)
		key[n++] = filter->vendor;
	const struct jg_store_place *place = filter->place;
	if (place != NULL && place->len > 0)
		(void)sqlite3_bind_blob(st, 1, place->key, (int)place->len, SQLITE_TRANSIENT);
	else
		(void)sqlite3_bind_blob(st, 1, key, (int)n, SQLITE_TRANSIENT);
	key[n++] = UINT8_MAX; // no scope, length or vendor is that high
	(void)sqlite3_bind_blob(st, 2, key, (int)n, SQLITE_TRANSIENT);
}

// Rows up to the limits. *ended: there is none left.
static int read_rows(struct jg_sqlite_store *s, const struct jg_cut_off_filter *filter,
	const struct jg_store_sink *sink, bool *ended, struct jg_error *err)
{
	sqlite3_stmt *st = s->statement[JG_SQLITE_SOME_CUT_OFFS];
	int result = 0;
	int code = SQLITE_ROW;
	uint32_t told = 0;
	for (uint32_t seen = 0; result == 0 && told < filter->limit &&
		(filter->place == NULL || seen < filter->scan) &&
		(code = sqlite3_step(st)) == SQLITE_ROW;
		seen++) {
		struct jg_str key = jg_sqlite_column(st, 0);
		int64_t before = sqlite3_column_int64(st, 1);
		if (filter->place != NULL && key.len <= JG_STORE_KEY_MAX) {
			memcpy(filter->place->key, key.p, key.len);
			filter->place->len = key.len;
		}
		if (filter->older_than != JG_TIME_NONE && before >= filter->older_than)
			continue;
		told++;
		result = tell(s, key, before, sink, err);
	}
	*ended = code == SQLITE_DONE;
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		result = jg_sqlite_failure(s, code, "reading cut-offs", err);
	return result;
}

int jg_sqlite_cut_offs(struct jg_store *store, const struct jg_cut_off_filter *filter,
	const struct jg_store_sink *sink, struct jg_error *err)
{
	struct jg_sqlite_store *s = self(store);
	sqlite3_stmt *st = s->statement[JG_SQLITE_SOME_CUT_OFFS];
	bool ended = false;
	int result = 0;
	while (result == 0 && store->unsettled > 0)
		result = jg_sqlite_settle(store, err);
	if (result != 0)
		return result;
	bind_range(st, filter);
	result = read_rows(s, filter, sink, &ended, err);
	if (ended && filter->place != NULL)
		filter->place->len = 0;
	(void)sqlite3_reset(st);
	(void)sqlite3_clear_bindings(st);
	return result;
}

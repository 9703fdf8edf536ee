// SPDX-License-Identifier: BSD-3-Clause
#include "store_sqlite.h"

#include "locked.h"

#include <joingate/verify.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// Each entry leads from version i to i + 1; entries are never changed once released.
static const char *const migrations[] = {
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE records(path TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT "
	"NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE cut_offs(vendor INTEGER, app TEXT, scope INTEGER, a BLOB, b BLOB,"
	" before INTEGER NOT NULL, PRIMARY KEY(vendor, app, scope, a, b)) WITHOUT ROWID;"
	"CREATE TABLE audit(id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,"
	" epoch INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL);",
	"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
	" BEGIN SELECT raise(ABORT, 'the audit trail is append-only'); END;"
	"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
	" BEGIN SELECT raise(ABORT, 'the audit trail is append-only'); END;",
	// One key a row, and before it a log: store_sqlite_cut_offs.c says why.
	"ALTER TABLE cut_offs RENAME TO old_cut_offs;"
	"CREATE TABLE cut_offs(key BLOB PRIMARY KEY, before INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE recent(id INTEGER PRIMARY KEY, packed BLOB NOT NULL);"
	"INSERT INTO cut_offs SELECT joingate_key(vendor, app, scope, a, b), before"
	" FROM old_cut_offs;"
	"DROP TABLE old_cut_offs;",
};

static const char *const sql[JG_SQLITE_STATEMENTS] = {
	// A floor of another node's, or of an older backup, lowers none of ours.
	[JG_SQLITE_PUT_RECORD] =
		"INSERT INTO records VALUES(?1, ?2, ?3)"
		" ON CONFLICT DO UPDATE SET value = ?2, revision = ?3"
		" WHERE path NOT GLOB 'floor/*'"
		" OR json_extract(?2, '$.before') >= json_extract(value, '$.before')",
	[JG_SQLITE_DELETE_RECORD] = "DELETE FROM records WHERE path = ?1",
	[JG_SQLITE_PUT_RECENT] = "INSERT INTO recent(packed) VALUES(?1)",
	[JG_SQLITE_ALL_RECENT] = "SELECT id, packed FROM recent ORDER BY id",
	[JG_SQLITE_DELETE_RECENT] = "DELETE FROM recent WHERE id <= ?1",
	[JG_SQLITE_PUT_CUT_OFF] = "INSERT INTO cut_offs VALUES(?1, ?2)"
				  " ON CONFLICT DO UPDATE SET before = ?2",
	[JG_SQLITE_DELETE_CUT_OFF] = "DELETE FROM cut_offs WHERE key = ?1",
	[JG_SQLITE_SOME_CUT_OFFS] = "SELECT key, before FROM cut_offs"
				    " WHERE key > ?1 AND key < ?2 ORDER BY key",
	[JG_SQLITE_PUT_EPOCH] =
		"INSERT INTO meta VALUES('epoch', ?1) ON CONFLICT DO UPDATE SET value = ?1",
	[JG_SQLITE_PUT_AUDIT] =
		"INSERT INTO audit(time, epoch, who, what, detail) VALUES(?1, ?2, ?3, ?4, ?5)",
	[JG_SQLITE_BEGIN] = "BEGIN IMMEDIATE",
	[JG_SQLITE_COMMIT] = "COMMIT",
	[JG_SQLITE_ALL_RECORDS] = "SELECT path, value, revision FROM records",
	[JG_SQLITE_SOME_AUDIT] = "SELECT id, time, epoch, who, what, detail FROM audit"
				 " WHERE id > ?1 ORDER BY id LIMIT ?2",
};

static struct jg_sqlite_store *self(struct jg_store *store)
{
	return (struct jg_sqlite_store *)store;
}

// Put SQLite's complaint into words that say what to do, and map it to an errno.
int jg_sqlite_failure(struct jg_sqlite_store *s, int code, const char *doing, struct jg_error *err)
{
	const char *message = s->db != NULL ? sqlite3_errmsg(s->db) : sqlite3_errstr(code);
	int result;
	switch (code & 0xff) {
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		jg_error_set(err,
			"%s is damaged (%s while %s). Stop the gate and save what can be saved: "
			"sqlite3 '%s' .recover | sqlite3 new.db, then put new.db (mode 0600) in "
			"its "
			"place. Or move the file away: apps and cut_offs of the configuration "
			"then seed a new store",
			s->path, message, doing, s->path);
		result = -EBADMSG;
		break;
	case SQLITE_FULL:
		jg_error_set(err,
			"%s: the disk is full (%s); nothing was changed. Make room and "
			"repeat the command",
			s->path, doing);
		result = -ENOSPC;
		break;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		jg_error_set(err,
			"%s cannot be written (%s while %s); nothing was changed. The file and its "
			"folder must belong to the gate's user, on a file system that is not "
			"read-only",
			s->path, message, doing);
		result = -EROFS;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		jg_error_set(err, "%s is in use by another process: one gate, one store", s->path);
		result = -EBUSY;
		break;
	case SQLITE_NOMEM:
		jg_error_set(err, "%s: out of memory (%s)", s->path, doing);
		result = -ENOMEM;
		break;
	default:
		jg_error_set(err, "%s: %s (%s)", s->path, message, doing);
		result = -EIO;
	}
	snprintf(s->trouble, sizeof(s->trouble), "%.200s", err->text);
	return result;
}

static void bind_text(sqlite3_stmt *st, int i, struct jg_str text)
{
	(void)sqlite3_bind_text(st, i, text.p == NULL ? "" : text.p, (int)text.len, SQLITE_STATIC);
}

struct jg_str jg_sqlite_column(sqlite3_stmt *st, int i)
{
	const void *p = sqlite3_column_blob(st, i);
	return (struct jg_str){p == NULL ? "" : p, (uint32_t)sqlite3_column_bytes(st, i)};
}

// Run a statement that returns no rows; what was bound is let go.
int jg_sqlite_run(struct jg_sqlite_store *s, enum jg_sqlite_statement which)
{
	int code = sqlite3_step(s->statement[which]);
	(void)sqlite3_reset(s->statement[which]);
	(void)sqlite3_clear_bindings(s->statement[which]);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int put_record(struct jg_sqlite_store *s, const struct jg_record *record, uint64_t epoch)
{
	bool gone = record->value.p == NULL;
	sqlite3_stmt *st = s->statement[gone ? JG_SQLITE_DELETE_RECORD : JG_SQLITE_PUT_RECORD];
	bind_text(st, 1, record->path);
	if (!gone) {
		bind_text(st, 2, record->value);
		(void)sqlite3_bind_int64(
			st, 3, record->revision != 0 ? record->revision : (sqlite3_int64)epoch);
	}
	return jg_sqlite_run(s, gone ? JG_SQLITE_DELETE_RECORD : JG_SQLITE_PUT_RECORD);
}

static int put_audit(struct jg_sqlite_store *s, const struct jg_audit *audit)
{
	sqlite3_stmt *st = s->statement[JG_SQLITE_PUT_AUDIT];
	(void)sqlite3_bind_int64(st, 1, audit->time);
	(void)sqlite3_bind_int64(st, 2, (sqlite3_int64)audit->epoch);
	bind_text(st, 3, audit->who);
	bind_text(st, 4, audit->what);
	bind_text(st, 5, audit->detail);
	return jg_sqlite_run(s, JG_SQLITE_PUT_AUDIT);
}

static int put_change(struct jg_sqlite_store *s, const struct jg_store_change *change)
{
	int code = SQLITE_OK;
	for (uint32_t i = 0; i < change->records_n && code == SQLITE_OK; i++)
		code = put_record(s, &change->records[i], change->epoch);
	if (code == SQLITE_OK)
		code = jg_sqlite_put_recent(s, change->cut_offs, change->cut_offs_n);
	if (code == SQLITE_OK && change->audit != NULL)
		code = put_audit(s, change->audit);
	return code;
}

static int put_changes(struct jg_sqlite_store *s, const struct jg_store_change *changes, uint32_t n)
{
	int code = SQLITE_OK;
	s->recent_new = 0;
	for (uint32_t i = 0; i < n && code == SQLITE_OK; i++)
		code = put_change(s, &changes[i]);
	if (code == SQLITE_OK) {
		(void)sqlite3_bind_int64(
			s->statement[JG_SQLITE_PUT_EPOCH], 1, (sqlite3_int64)changes[n - 1].epoch);
		code = jg_sqlite_run(s, JG_SQLITE_PUT_EPOCH);
	}
	return code;
}

void jg_sqlite_rollback(struct jg_sqlite_store *s)
{
	(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static int sqlite_commit_all(struct jg_store *store, const struct jg_store_change *changes,
	uint32_t n, struct jg_error *err)
{
	struct jg_sqlite_store *s = self(store);
	assert(n > 0);
	int code = jg_sqlite_run(s, JG_SQLITE_BEGIN);
	if (code == SQLITE_OK)
		code = put_changes(s, changes, n);
	if (code == SQLITE_OK)
		code = jg_sqlite_run(s, JG_SQLITE_COMMIT);
	if (code != SQLITE_OK) {
		int result = jg_sqlite_failure(s, code, "writing a change", err);
		jg_sqlite_rollback(s);
		return result;
	}
	s->trouble[0] = '\0';
	store->unsettled += s->recent_new;
	store->epoch = changes[n - 1].epoch;
	store->empty = false;
	return 0;
}

static int sqlite_commit(
	struct jg_store *store, const struct jg_store_change *change, struct jg_error *err)
{
	return sqlite_commit_all(store, change, 1, err);
}

static int visit_records(
	struct jg_sqlite_store *s, const struct jg_store_sink *sink, struct jg_error *err)
{
	sqlite3_stmt *st = s->statement[JG_SQLITE_ALL_RECORDS];
	int result = 0;
	int code;
	while ((code = sqlite3_step(st)) == SQLITE_ROW && result == 0) {
		const struct jg_record record = {
			.path = jg_sqlite_column(st, 0),
			.value = jg_sqlite_column(st, 1),
			.revision = sqlite3_column_int64(st, 2),
		};
		result = sink->record(sink->arg, &record, err);
	}
	if (result == 0 && code != SQLITE_DONE)
		result = jg_sqlite_failure(s, code, "reading records", err);
	(void)sqlite3_reset(st);
	return result;
}

static int sqlite_load(
	struct jg_store *store, const struct jg_store_sink *sink, struct jg_error *err)
{
	int result = visit_records(self(store), sink, err);
	return result != 0 ? result : jg_sqlite_load_cut_offs(self(store), sink, err);
}

static int sqlite_audit(struct jg_store *store, uint64_t after, unsigned limit, void *arg,
	int (*visit)(void *arg, const struct jg_audit *line), struct jg_error *err)
{
	struct jg_sqlite_store *s = self(store);
	sqlite3_stmt *st = s->statement[JG_SQLITE_SOME_AUDIT];
	(void)sqlite3_bind_int64(st, 1, (sqlite3_int64)after);
	(void)sqlite3_bind_int64(st, 2, limit);
	int result = 0;
	int code;
	while ((code = sqlite3_step(st)) == SQLITE_ROW && result == 0) {
		const struct jg_audit line = {
			.id = (uint64_t)sqlite3_column_int64(st, 0),
			.time = sqlite3_column_int64(st, 1),
			.epoch = (uint64_t)sqlite3_column_int64(st, 2),
			.who = jg_sqlite_column(st, 3),
			.what = jg_sqlite_column(st, 4),
			.detail = jg_sqlite_column(st, 5),
		};
		result = visit(arg, &line);
	}
	if (result == 0 && code != SQLITE_DONE)
		result = jg_sqlite_failure(s, code, "reading the audit trail", err);
	(void)sqlite3_reset(st);
	return result;
}

static void sqlite_status(struct jg_store *store, struct jg_store_status *status)
{
	struct jg_sqlite_store *s = self(store);
	*status = (struct jg_store_status){
		.kind = "sqlite",
		.where = s->path,
		.trouble = s->trouble[0] != '\0' ? s->trouble : NULL,
	};
}

static void sqlite_free(struct jg_store *store)
{
	struct jg_sqlite_store *s = self(store);
	for (unsigned i = 0; i < JG_SQLITE_STATEMENTS; i++)
		(void)sqlite3_finalize(s->statement[i]);
	(void)sqlite3_close(s->db);
	free(s);
}

static const struct jg_store_ops sqlite_ops = {
	.load = sqlite_load,
	.commit = sqlite_commit,
	.commit_all = sqlite_commit_all,
	.settle = jg_sqlite_settle,
	.cut_offs = jg_sqlite_cut_offs,
	.audit = sqlite_audit,
	.status = sqlite_status,
	.free = sqlite_free,
};

int jg_sqlite_number(struct jg_sqlite_store *s, const char *text, int64_t *number)
{
	sqlite3_stmt *st;
	int code = sqlite3_prepare_v2(s->db, text, -1, &st, NULL);
	if (code != SQLITE_OK)
		return code;
	code = sqlite3_step(st);
	*number = code == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	(void)sqlite3_finalize(st);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

// Bring the schema to the newest version, all steps in one transaction.
static int migrate(struct jg_sqlite_store *s, struct jg_error *err)
{
	const int64_t newest = (int64_t)JG_ARRAY_SIZE(migrations);
	int64_t version;
	int code = jg_sqlite_number(s, "PRAGMA user_version", &version);
	if (code == SQLITE_OK && (version < 0 || version > newest)) {
		jg_error_set(err,
			"%s was written by a newer joingate (schema %" PRId64 ", this one knows "
			"%" PRId64 "): use that version, or name another file in store.sqlite",
			s->path, version, newest);
		return -ENOTSUP;
	}
	if (code == SQLITE_OK)
		code = jg_sqlite_define_key(s->db);
	if (code == SQLITE_OK && version < newest)
		code = sqlite3_exec(s->db, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
	for (int64_t v = version; code == SQLITE_OK && v < newest; v++) {
		char pragma[48];
		snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %" PRId64, v + 1);
		code = sqlite3_exec(s->db, migrations[v], NULL, NULL, NULL);
		if (code == SQLITE_OK)
			code = sqlite3_exec(s->db, pragma, NULL, NULL, NULL);
	}
	if (code == SQLITE_OK && version < newest)
		code = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
	return code == SQLITE_OK ? 0 : jg_sqlite_failure(s, code, "preparing its tables", err);
}

// WAL and synchronous=FULL: a commit that returned survives a power cut. The file is this process's
// alone: a second gate on it would never see our changes.
static int prepare(struct jg_sqlite_store *s, struct jg_error *err)
{
	static const char settings[] =
		"PRAGMA locking_mode = EXCLUSIVE;"
		"PRAGMA journal_mode = WAL;"
		"PRAGMA synchronous = FULL;"
		"PRAGMA secure_delete = ON;"
		"PRAGMA trusted_schema = OFF;"
		// In pages of 4096 bytes: a storm of changes shall not wait for
		// one every few of them.
		"PRAGMA wal_autocheckpoint = 4000;";
	int code = sqlite3_exec(s->db, settings, NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return jg_sqlite_failure(s, code, "opening it", err);
	int result = migrate(s, err);
	if (result != 0)
		return result;
	for (unsigned i = 0; i < JG_SQLITE_STATEMENTS && code == SQLITE_OK; i++)
		code = sqlite3_prepare_v3(
			s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statement[i], NULL);
	int64_t epoch = 0;
	int64_t recent = 0;
	if (code == SQLITE_OK)
		code = jg_sqlite_number(s, "SELECT count(*) FROM recent", &recent);
	if (code == SQLITE_OK)
		code = jg_sqlite_number(s, "SELECT value FROM meta WHERE key = 'epoch'", &epoch);
	if (code != SQLITE_OK)
		return jg_sqlite_failure(s, code, "reading its tables", err);
	s->head.epoch = (uint64_t)epoch;
	s->head.unsettled = (uint64_t)recent;
	s->head.empty = epoch == 0;
	return 0;
}

// The file holds secrets: 0600 from its first moment on; SQLite gives -wal the same mode.
static int create_private(const char *path, struct jg_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		int result = -errno;
		jg_error_set(err,
			"store %s: %s. Its folder must exist and belong to the gate's user "
			"(not a symbolic link)",
			path, strerror(errno));
		return result;
	}
	struct stat st;
	int result = 0;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		jg_error_set(err, "store %s is not a regular file", path);
		result = -EINVAL;
	} else if ((st.st_mode & 077) != 0 && fchmod(fd, 0600) != 0) {
		jg_error_set(err,
			"store %s can be read by others and belongs to another user: "
			"chown it to the gate's user and chmod 600 it",
			path);
		result = -EPERM;
	}
	(void)close(fd);
	return result;
}

struct jg_store *jg_store_sqlite_open(const char *path, struct jg_error *err)
{
	if (create_private(path, err) != 0)
		return NULL;
	struct jg_sqlite_store *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		jg_error_set(err, "out of memory for the store");
		return NULL;
	}
	s->head.ops = &sqlite_ops;
	s->head.wake_fd = -1;
	snprintf(s->path, sizeof(s->path), "%s", path);
	int code = sqlite3_open_v2(path, &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	int result =
		code == SQLITE_OK ? prepare(s, err) : jg_sqlite_failure(s, code, "opening it", err);
	if (result != 0) {
		sqlite_free(&s->head);
		errno = -result;
		return NULL;
	}
	return &s->head;
}

static void *memory_alloc(int size)
{
	return jg_locked_alloc((size_t)size);
}

static int memory_size(void *memory)
{
	return (int)jg_locked_size(memory);
}

static void *memory_realloc(void *memory, int size)
{
	size_t old = jg_locked_size(memory);
	if (old >= (size_t)size)
		return memory;
	void *larger = jg_locked_alloc((size_t)size);
	if (larger != NULL) {
		memcpy(larger, memory, old);
		jg_locked_free(memory);
	}
	return larger;
}

static int memory_roundup(int size)
{
	return (size + 15) & ~15;
}

static int memory_init(void *arg)
{
	(void)arg;
	return SQLITE_OK;
}

static void memory_shutdown(void *arg)
{
	(void)arg;
}

int jg_store_sqlite_lock_memory(struct jg_error *err)
{
	static const sqlite3_mem_methods methods = {memory_alloc, jg_locked_free, memory_realloc,
		memory_size, memory_roundup, memory_init, memory_shutdown, NULL};
	int code = sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
	if (code != SQLITE_OK) {
		jg_error_set(err, "SQLite was in use before its memory could be locked");
		return -EBUSY;
	}
	return 0;
}

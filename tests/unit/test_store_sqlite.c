// SPDX-License-Identifier: BSD-3-Clause
#include "store.h"

#include <joingate/verify.h>

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static char path[96];
static struct jg_error err;

static void setup(void)
{
	strcpy(folder, "/tmp/joingate-store-XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/gate.db", folder);
}

static void teardown(void)
{
	char other[128];
	snprintf(other, sizeof(other), "%s-wal", path);
	(void)unlink(other);
	(void)unlink(path);
	(void)rmdir(folder);
}

TestSuite(store_sqlite, .init = setup, .fini = teardown);

// What a load told, as text.
struct told {
	unsigned records;
	unsigned cut_offs;
	unsigned lines;
	char text[4096];
};

static void tell(struct told *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct told *t, const char *format, ...)
{
	size_t used = strlen(t->text);
	va_list args;
	va_start(args, format);
	vsnprintf(t->text + used, sizeof(t->text) - used, format, args);
	va_end(args);
}

static int on_record(void *arg, const struct jg_record *r, struct jg_error *e)
{
	(void)e;
	struct told *t = arg;
	t->records++;
	tell(t, "%.*s=%.*s;", (int)r->path.len, r->path.p, (int)r->value.len, r->value.p);
	return 0;
}

static int on_cut_off(void *arg, const struct jg_cut_off *c, struct jg_error *e)
{
	(void)e;
	struct told *t = arg;
	t->cut_offs++;
	tell(t, "%u/%.*s/%.*s/%.*s/%.*s@%" PRId64 ";", c->scope, (int)c->app.len, c->app.p,
		(int)c->room.len, c->room.p, (int)c->user.len, c->user.p, (int)c->secret.len,
		c->secret.p, c->before);
	return 0;
}

static int on_line(void *arg, const struct jg_audit *line)
{
	struct told *t = arg;
	t->lines++;
	tell(t, "%" PRIu64 " %.*s %.*s;", line->id, (int)line->who.len, line->who.p,
		(int)line->what.len, line->what.p);
	return 0;
}

static struct told load(struct jg_store *store)
{
	struct told t = {0};
	const struct jg_store_sink sink = {&t, on_record, on_cut_off};
	cr_assert_eq(store->ops->load(store, &sink, &err), 0, "%s", err.text);
	return t;
}

static struct jg_store *open_store(void)
{
	struct jg_store *store = jg_store_sqlite_open(path, &err);
	cr_assert_not_null(store, "%s", err.text);
	return store;
}

static int commit(struct jg_store *store, const struct jg_record *r, uint32_t rn,
	const struct jg_cut_off *c, uint32_t cn)
{
	const struct jg_audit audit = {.time = 1800000000,
		.epoch = store->epoch + 1,
		.who = JG_STR("uid 0"),
		.what = JG_STR("test"),
		.detail = JG_STR("{}")};
	const struct jg_store_change change = {.records = r,
		.records_n = rn,
		.cut_offs = c,
		.cut_offs_n = cn,
		.audit = &audit,
		.epoch = store->epoch + 1};
	return store->ops->commit(store, &change, &err);
}

#define TOKEN_ID "00112233445566778899aabbccddeeff"

static struct jg_cut_off user_cut_off(struct jg_str user, int64_t before)
{
	return (struct jg_cut_off){.scope = JG_SCOPE_USER,
		.vendor = JG_VENDOR_STREAM,
		.app = JG_STR("k"),
		.user = user,
		.before = before};
}

static void execute(const char *statement)
{
	sqlite3 *db;
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	char *message = NULL;
	cr_assert_eq(sqlite3_exec(db, statement, NULL, NULL, &message), SQLITE_OK, "%s", message);
	sqlite3_close(db);
}

Test(store_sqlite, a_new_file_is_empty_and_private)
{
	(void)umask(0);
	struct jg_store *store = open_store();
	cr_assert(store->empty);
	cr_assert_eq(store->epoch, 0);
	struct stat st;
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
	store->ops->free(store);
}

Test(store_sqlite, a_file_open_to_others_is_closed_to_them)
{
	struct jg_store *store = open_store();
	store->ops->free(store);
	cr_assert_eq(chmod(path, 0644), 0);
	store = open_store();
	struct stat st;
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
	store->ops->free(store);
}

Test(store_sqlite, what_was_committed_is_there_after_reopening)
{
	struct jg_store *store = open_store();
	const struct jg_record r = {JG_STR("app/livekit/a"), JG_STR("{}"), 0};
	struct jg_cut_off c[3] = {user_cut_off(JG_STR("u\0v"), 5)};
	c[1] = (struct jg_cut_off){.scope = JG_SCOPE_PARTICIPANT,
		.vendor = JG_VENDOR_LIVEKIT,
		.app = JG_STR("a"),
		.room = JG_STR("r"),
		.user = JG_STR("x"),
		.before = 7};
	c[2] = (struct jg_cut_off){.scope = JG_SCOPE_TOKEN,
		.vendor = JG_VENDOR_LIVEKIT,
		.app = JG_STR("a"),
		.before = 9};
	memset(c[2].token_id, 0xab, 16);
	cr_assert_eq(commit(store, &r, 1, c, 3), 0, "%s", err.text);
	store->ops->free(store);
	store = open_store();
	cr_assert_not(store->empty);
	cr_assert_eq(store->epoch, 1);
	struct told t = load(store);
	cr_assert_eq(t.records, 1);
	cr_assert_eq(t.cut_offs, 3);
	cr_assert_not_null(strstr(t.text, "app/livekit/a={}"));
	cr_assert_not_null(strstr(t.text, "3/a/r/x/@7"));
	store->ops->free(store);
}

Test(store_sqlite, the_last_write_of_a_subject_wins_and_null_undoes_it)
{
	struct jg_store *store = open_store();
	struct jg_cut_off c[2] = {user_cut_off(JG_STR("u"), 5), user_cut_off(JG_STR("v"), 6)};
	cr_assert_eq(commit(store, NULL, 0, c, 2), 0);
	c[0].before = 3;
	c[1].before = JG_TIME_NONE;
	cr_assert_eq(commit(store, NULL, 0, c, 2), 0);
	struct told t = {0};
	const struct jg_store_sink sink = {&t, on_record, on_cut_off};
	const struct jg_cut_off_filter all = {.older_than = JG_TIME_NONE, .limit = 10};
	cr_assert_eq(store->ops->cut_offs(store, &all, &sink, &err), 0);
	cr_assert_eq(t.cut_offs, 1);
	cr_assert_not_null(strstr(t.text, "u/@3"));
	store->ops->free(store);
}

Test(store_sqlite, a_deleted_record_is_gone)
{
	struct jg_store *store = open_store();
	struct jg_record r = {JG_STR("app/livekit/a"), JG_STR("{}"), 0};
	cr_assert_eq(commit(store, &r, 1, NULL, 0), 0);
	r.value = (struct jg_str){NULL, 0};
	cr_assert_eq(commit(store, &r, 1, NULL, 0), 0);
	cr_assert_eq(load(store).records, 0);
	cr_assert_not(store->empty, "an emptied store is not a fresh one");
	store->ops->free(store);
}

Test(store_sqlite, cut_offs_are_found_by_app_and_age)
{
	struct jg_store *store = open_store();
	struct jg_cut_off c[3] = {user_cut_off(JG_STR("u"), 5), user_cut_off(JG_STR("v"), 60),
		user_cut_off(JG_STR("u"), 5)};
	c[2].app = JG_STR("other");
	cr_assert_eq(commit(store, NULL, 0, c, 3), 0);
	struct told t = {0};
	const struct jg_store_sink sink = {&t, on_record, on_cut_off};
	const struct jg_cut_off_filter old = {
		.vendor = JG_VENDOR_STREAM, .app = JG_STR("k"), .older_than = 60, .limit = 10};
	cr_assert_eq(store->ops->cut_offs(store, &old, &sink, &err), 0);
	cr_assert_eq(t.cut_offs, 1);
	const struct jg_cut_off_filter two = {.older_than = JG_TIME_NONE, .limit = 2};
	t = (struct told){0};
	cr_assert_eq(store->ops->cut_offs(store, &two, &sink, &err), 0);
	cr_assert_eq(t.cut_offs, 2);
	store->ops->free(store);
}

Test(store_sqlite, the_audit_trail_is_append_only)
{
	struct jg_store *store = open_store();
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(commit(store, NULL, 0, NULL, 0), 0);
	struct told t = {0};
	cr_assert_eq(store->ops->audit(store, 1, 10, &t, on_line, &err), 0);
	cr_assert_str_eq(t.text, "2 uid 0 test;3 uid 0 test;");
	store->ops->free(store);
	sqlite3 *db;
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_neq(sqlite3_exec(db, "DELETE FROM audit", NULL, NULL, NULL), SQLITE_OK);
	cr_assert_neq(sqlite3_exec(db, "UPDATE audit SET who = 'x'", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

// As a file of an older version is: what it holds is there after the store was opened.
static void migrate(const char *version, const char *triggers)
{
	struct jg_store *store = open_store();
	const struct jg_record r = {JG_STR("app/livekit/a"), JG_STR("{}"), 0};
	cr_assert_eq(commit(store, &r, 1, NULL, 0), 0);
	store->ops->free(store);
	execute(triggers);
	execute("DROP TABLE cut_offs; DROP TABLE recent;"
		"CREATE TABLE cut_offs(vendor INTEGER, app TEXT, scope INTEGER, a BLOB, b BLOB,"
		" before INTEGER NOT NULL, PRIMARY KEY(vendor, app, scope, a, b)) WITHOUT ROWID;"
		"INSERT INTO cut_offs VALUES(1, 'k', 0, x'', x'', 3), (1, 'k', 1, x'750076', x'', "
		"4),"
		" (1, 'k', 2, x'72', x'', 5), (1, 'k', 3, x'72', x'78', 6),"
		" (1, 'k', 4, x'6964', x'', 7), (2, 'k', 5, x'" TOKEN_ID "', x'', 8)");
	execute(version);
	store = open_store();
	struct told t = load(store);
	cr_assert_eq(t.records, 1);
	cr_assert_eq(t.cut_offs, 6);
	cr_assert_not_null(strstr(t.text, "0/k///@3;1/k//u"));
	cr_assert_not_null(strstr(t.text, "2/k/r//@5;3/k/r/x/@6;4/k///id@7;5/k///@8;"));
	store->ops->free(store);
	sqlite3 *db;
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_neq(sqlite3_exec(db, "DELETE FROM audit", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

Test(store_sqlite, the_first_schema_is_migrated)
{
	migrate("PRAGMA user_version = 1",
		"DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete");
}

Test(store_sqlite, the_second_schema_is_migrated)
{
	migrate("PRAGMA user_version = 2", "");
}

Test(store_sqlite, a_floor_is_never_lowered)
{
	static const char *const values[] = {
		"{\"before\": 50}", "{\"before\": 40}", "{\"before\": 60}", "{\"before\": 7}"};
	struct jg_store *store = open_store();
	for (unsigned i = 0; i < JG_ARRAY_SIZE(values); i++) {
		const struct jg_record r = {.path = JG_STR("floor/stream/k"),
			.value = {values[i], (uint32_t)strlen(values[i])}};
		cr_assert_eq(commit(store, &r, 1, NULL, 0), 0, "%s", err.text);
	}
	store->ops->free(store);
	store = open_store();
	cr_assert_not_null(strstr(load(store).text, "60"));
	store->ops->free(store);
}

Test(store_sqlite, a_newer_schema_is_refused_in_words)
{
	struct jg_store *store = open_store();
	store->ops->free(store);
	execute("PRAGMA user_version = 99");
	cr_assert_null(jg_store_sqlite_open(path, &err));
	cr_assert_not_null(strstr(err.text, "newer joingate (schema 99"));
}

Test(store_sqlite, a_file_that_is_no_database_names_the_way_out)
{
	FILE *f = fopen(path, "w");
	for (unsigned i = 0; i < 1000; i++)
		fputs("not a database ", f);
	fclose(f);
	cr_assert_null(jg_store_sqlite_open(path, &err));
	cr_assert_not_null(strstr(err.text, "is damaged"));
	cr_assert_not_null(strstr(err.text, ".recover"));
}

Test(store_sqlite, damaged_pages_are_an_error_not_an_empty_state)
{
	struct jg_store *store = open_store();
	for (unsigned i = 0; i < 200; i++) {
		char name[32];
		int n = snprintf(name, sizeof(name), "app/livekit/%u", i);
		static const char value[] =
			"{\"key\": \"a text that fills some pages of the file\"}";
		const struct jg_record r = {{name, (uint32_t)n}, {value, sizeof(value) - 1}, 0};
		cr_assert_eq(commit(store, &r, 1, NULL, 0), 0);
	}
	store->ops->free(store);
	int fd = open(path, O_RDWR);
	char junk[4096];
	memset(junk, 0xff, sizeof(junk));
	off_t size = lseek(fd, 0, SEEK_END);
	for (off_t at = 4096; at < size; at += 4096)
		cr_assert_eq(pwrite(fd, junk, sizeof(junk), at), (ssize_t)sizeof(junk));
	close(fd);
	store = jg_store_sqlite_open(path, &err);
	if (store != NULL) {
		struct told t = {0};
		const struct jg_store_sink sink = {&t, on_record, on_cut_off};
		cr_assert_eq(store->ops->load(store, &sink, &err), -EBADMSG);
		store->ops->free(store);
	}
	cr_assert_not_null(strstr(err.text, "is damaged"));
}

Test(store_sqlite, a_full_disk_changes_nothing)
{
	struct jg_store *store = open_store();
	const struct jg_record small = {JG_STR("app/livekit/a"), JG_STR("{}"), 0};
	cr_assert_eq(commit(store, &small, 1, NULL, 0), 0);
	static char big[600000];
	memset(big, 'x', sizeof(big));
	(void)signal(SIGXFSZ, SIG_IGN);
	const struct rlimit limit = {200000, RLIM_INFINITY};
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	const struct jg_record r = {JG_STR("app/livekit/b"), {big, sizeof(big)}, 0};
	int result = commit(store, &r, 1, NULL, 0);
	cr_assert(result == -ENOSPC || result == -EIO);
	cr_assert_eq(store->epoch, 1);
	struct jg_store_status status;
	store->ops->status(store, &status);
	cr_assert_not_null(status.trouble);
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	cr_assert_eq(load(store).records, 1);
	cr_assert_eq(commit(store, &r, 1, NULL, 0), 0, "room again: %s", err.text);
	store->ops->status(store, &status);
	cr_assert_null(status.trouble);
	store->ops->free(store);
}

Test(store_sqlite, two_gates_on_one_file_are_refused)
{
	struct jg_store *store = open_store();
	cr_assert_eq(commit(store, NULL, 0, NULL, 0), 0);
	pid_t child = fork(); // locks are per process
	if (child == 0)
		_exit(jg_store_sqlite_open(path, &err) == NULL &&
					strstr(err.text, "in use by another") != NULL
				? 0
				: 1);
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	store->ops->free(store);
}

Test(store_sqlite, a_missing_folder_and_a_symbolic_link_are_refused)
{
	cr_assert_null(jg_store_sqlite_open("/nonexistent/gate.db", &err));
	cr_assert_not_null(strstr(err.text, "folder must exist"));
	cr_assert_eq(symlink("/etc/passwd", path), 0);
	cr_assert_null(jg_store_sqlite_open(path, &err));
	cr_assert_not_null(strstr(err.text, "symbolic link"));
	cr_assert_null(jg_store_sqlite_open("/tmp", &err));
}

Test(store_sqlite, an_unknown_scope_in_the_file_is_an_error)
{
	struct jg_store *store = open_store();
	store->ops->free(store);
	execute("INSERT INTO cut_offs VALUES(x'0101614d', 5)");
	store = open_store();
	struct told t = {0};
	const struct jg_store_sink sink = {&t, on_record, on_cut_off};
	cr_assert_eq(store->ops->load(store, &sink, &err), -EBADMSG);
	store->ops->free(store);
}

Test(store_sqlite, a_damaged_row_of_the_log_is_an_error)
{
	static const char *const rows[] = {"00", "000000050009010161", "0000000500",
		"00000005000401016100ff", "0000000500020101"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char statement[128];
		struct jg_store *store = open_store();
		store->ops->free(store);
		snprintf(statement, sizeof(statement),
			"DELETE FROM recent; INSERT INTO recent(packed) VALUES(x'%s')", rows[i]);
		execute(statement);
		store = open_store();
		struct told t = {0};
		const struct jg_store_sink sink = {&t, on_record, on_cut_off};
		cr_assert_eq(store->ops->load(store, &sink, &err), -EBADMSG, "row %zu", i);
		cr_assert_not_null(strstr(err.text, "cannot read"));
		store->ops->free(store);
	}
}

// A log with every scope, names at their limits, undone and set again, over several rows.
static void fill(struct jg_store *store, char name[1025])
{
	struct jg_cut_off c[4] = {user_cut_off((struct jg_str){name, 1024}, 5),
		user_cut_off(JG_STR("gone"), 6), user_cut_off(JG_STR("back"), 7)};
	c[3] = (struct jg_cut_off){.scope = JG_SCOPE_PARTICIPANT,
		.vendor = JG_VENDOR_STREAM,
		.app = JG_STR("k"),
		.room = {name, 1024},
		.user = {name, 1024},
		.before = 8};
	memset(name, 'n', 1024);
	cr_assert_eq(commit(store, NULL, 0, c, 4), 0);
	c[1].before = c[2].before = JG_TIME_NONE;
	cr_assert_eq(commit(store, NULL, 0, c + 1, 2), 0);
	c[2].before = 9;
	cr_assert_eq(commit(store, NULL, 0, c + 2, 1), 0);
}

static void check_filled(struct jg_store *store)
{
	struct told t = {0};
	const struct jg_store_sink sink = {&t, on_record, on_cut_off};
	const struct jg_cut_off_filter all = {.older_than = JG_TIME_NONE, .limit = 100};
	cr_assert_eq(store->ops->cut_offs(store, &all, &sink, &err), 0);
	cr_assert_eq(t.cut_offs, 3);
	cr_assert_null(strstr(t.text, "gone"));
	cr_assert_not_null(strstr(t.text, "back/@9"));
	cr_assert_not_null(strstr(t.text, "n/@8"));
}

Test(store_sqlite, the_log_plays_over_the_table_and_is_settled_into_it)
{
	char name[1025];
	struct jg_store *store = open_store();
	fill(store, name);
	cr_assert_eq(store->unsettled, 3);
	store->ops->free(store);
	store = open_store();
	cr_assert_eq(store->unsettled, 3);
	struct told t = load(store);
	cr_assert_eq(t.cut_offs, 7, "each line of the log, in order");
	while (store->unsettled > 0)
		cr_assert_eq(store->ops->settle(store, &err), 0, "%s", err.text);
	check_filled(store);
	store->ops->free(store);
	store = open_store();
	cr_assert_eq(store->unsettled, 0);
	check_filled(store);
	store->ops->free(store);
}

Test(store_sqlite, a_list_longer_than_a_row_is_one_change)
{
	enum {
		N = 25000
	};
	static struct jg_cut_off c[N];
	static char names[N][16];
	struct jg_store *store = open_store();
	for (unsigned i = 0; i < N; i++)
		c[i] = user_cut_off((struct jg_str){names[i],
					    (uint32_t)snprintf(names[i], 16, "u%u", i * 7919 % N)},
			5);
	cr_assert_eq(commit(store, NULL, 0, c, N), 0);
	cr_assert_gt(store->unsettled, 1);
	cr_assert_eq(store->ops->settle(store, &err), 0);
	cr_assert_gt(store->unsettled, 0, "a step is bounded");
	store->ops->free(store);
	store = open_store();
	struct told t = load(store);
	cr_assert_eq(t.cut_offs, N, "half settled, all there");
	const struct jg_cut_off_filter all = {.older_than = JG_TIME_NONE, .limit = UINT32_MAX};
	const struct jg_store_sink sink = {&t, on_record, on_cut_off};
	t = (struct told){0};
	cr_assert_eq(store->ops->cut_offs(store, &all, &sink, &err), 0);
	cr_assert_eq(t.cut_offs, N);
	store->ops->free(store);
}

Test(store_sqlite, cut_offs_are_looked_through_piece_by_piece)
{
	struct jg_store *store = open_store();
	for (unsigned i = 0; i < 50; i++) {
		char name[16];
		struct jg_cut_off c = user_cut_off(
			(struct jg_str){name, (uint32_t)snprintf(name, 16, "u%u", i)}, i + 1);
		cr_assert_eq(commit(store, NULL, 0, &c, 1), 0);
	}
	struct jg_store_place place = {0};
	struct told t = {0};
	const struct jg_store_sink sink = {&t, on_record, on_cut_off};
	const struct jg_cut_off_filter some = {
		.older_than = 11, .limit = 100, .scan = 20, .place = &place};
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(store->ops->cut_offs(store, &some, &sink, &err), 0);
		cr_assert_eq(place.len == 0, i == 2, "step %u", i);
	}
	cr_assert_eq(t.cut_offs, 10, "those before 11");
	store->ops->free(store);
}

static struct jg_store_change change_of(const struct jg_cut_off *c, struct jg_str detail)
{
	static struct jg_audit audit[2];
	static unsigned used;
	struct jg_audit *line = &audit[used++ % 2];
	*line = (struct jg_audit){.time = 1800000000,
		.epoch = 1,
		.who = JG_STR("uid 0"),
		.what = JG_STR("test"),
		.detail = detail};
	return (struct jg_store_change){.cut_offs = c, .cut_offs_n = 1, .audit = line, .epoch = 1};
}

Test(store_sqlite, changes_committed_together_are_all_there_or_none)
{
	static char big[300000];
	memset(big, 'x', sizeof(big));
	struct jg_store *store = open_store();
	const struct jg_cut_off c[2] = {user_cut_off(JG_STR("u"), 5), user_cut_off(JG_STR("v"), 6)};
	struct jg_store_change two[2] = {change_of(&c[0], JG_STR("{}")),
		change_of(&c[1], (struct jg_str){big, sizeof(big)})};
	(void)signal(SIGXFSZ, SIG_IGN);
	const struct rlimit limit = {200000, RLIM_INFINITY};
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert_neq(store->ops->commit_all(store, two, 2, &err), 0);
	cr_assert_eq(store->unsettled, 0);
	cr_assert_eq(load(store).cut_offs, 0, "the first is not there without the second");
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	cr_assert_eq(store->ops->commit_all(store, two, 2, &err), 0, "%s", err.text);
	cr_assert_eq(store->unsettled, 2);
	cr_assert_eq(load(store).cut_offs, 2);
	struct told t = {0};
	cr_assert_eq(store->ops->audit(store, 0, 10, &t, on_line, &err), 0);
	cr_assert_eq(t.lines, 2, "a line each");
	store->ops->free(store);
}

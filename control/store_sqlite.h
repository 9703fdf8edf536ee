// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Private to the files of the SQLite store. */

#include "store.h"

#include <limits.h>
#include <sqlite3.h>

enum jg_sqlite_statement {
	JG_SQLITE_PUT_RECORD,
	JG_SQLITE_DELETE_RECORD,
	JG_SQLITE_PUT_RECENT,
	JG_SQLITE_ALL_RECENT,
	JG_SQLITE_DELETE_RECENT,
	JG_SQLITE_PUT_CUT_OFF,
	JG_SQLITE_DELETE_CUT_OFF,
	JG_SQLITE_SOME_CUT_OFFS,
	JG_SQLITE_PUT_EPOCH,
	JG_SQLITE_PUT_AUDIT,
	JG_SQLITE_BEGIN,
	JG_SQLITE_COMMIT,
	JG_SQLITE_ALL_RECORDS,
	JG_SQLITE_SOME_AUDIT,
	JG_SQLITE_STATEMENTS
};

struct jg_sqlite_store {
	struct jg_store head;
	sqlite3 *db;
	sqlite3_stmt *statement[JG_SQLITE_STATEMENTS];
	uint64_t recent_new; // rows that the open transaction added to the log
	char trouble[256];
	char path[PATH_MAX];
};

/** Put SQLite's complaint into words that say what to do. @return negative errno */
int jg_sqlite_failure(struct jg_sqlite_store *s, int code, const char *doing, struct jg_error *err);

/** Run a statement that returns no rows; what was bound is let go. @return SQLite's code */
JG_MUST_CHECK int jg_sqlite_run(struct jg_sqlite_store *s, enum jg_sqlite_statement which);
/** Undo what the open transaction did. */
void jg_sqlite_rollback(struct jg_sqlite_store *s);

/** The one number that a query gives; 0 without a row. @return SQLite's code */
JG_MUST_CHECK int jg_sqlite_number(struct jg_sqlite_store *s, const char *text, int64_t *number);

/** Bytes of a column; "" for NULL. */
struct jg_str jg_sqlite_column(sqlite3_stmt *statement, int i);

/** Append cut-offs to the log, inside a transaction. @return SQLite's code */
JG_MUST_CHECK int jg_sqlite_put_recent(
	struct jg_sqlite_store *s, const struct jg_cut_off *cut_offs, uint32_t n);

/** joingate_key(vendor, app, scope, a, b), for the migration of older files. @return SQLite's code */
JG_MUST_CHECK int jg_sqlite_define_key(sqlite3 *db);

/** Ops of the same names. */
JG_MUST_CHECK int jg_sqlite_settle(struct jg_store *store, struct jg_error *err);
JG_MUST_CHECK int jg_sqlite_cut_offs(struct jg_store *store, const struct jg_cut_off_filter *filter,
	const struct jg_store_sink *sink, struct jg_error *err);

/** Tell every cut-off, settled ones first, then the log in its order. */
JG_MUST_CHECK int jg_sqlite_load_cut_offs(
	struct jg_sqlite_store *s, const struct jg_store_sink *sink, struct jg_error *err);

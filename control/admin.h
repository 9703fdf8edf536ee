// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * The admin socket of docs/admin.md: requests and replies are JSON objects, one a line. Control
 * thread only; never waits for a peer.
 */

#include "engine.h"
#include "request.h"

#include <poll.h>

#define JG_ADMIN_CONNECTIONS 16
#define JG_ADMIN_REQUEST_MAX ((size_t)1 << 20)
#define JG_ADMIN_IDLE_NS (UINT64_C(5) * 1000000000)
/** Entries that jg_admin_fds() fills at most. */
#define JG_ADMIN_FDS (JG_ADMIN_CONNECTIONS + 1)

/** Create the socket (0600; 0666 where other users are listed: the peer's uid is what counts). A
 * socket left by a dead process is replaced. The engine and uids are borrowed. */
JG_MUST_CHECK struct jg_admin *jg_admin_open(const char *path, const uint32_t *uids,
	uint32_t uids_n, struct jg_engine *engine, struct jg_error *err);
/** The socket shall belong to the user that the gate becomes, and its folder if we made it. */
JG_MUST_CHECK int jg_admin_give(
	const struct jg_admin *admin, uid_t uid, gid_t gid, struct jg_error *err);
/** Close all connections and remove the socket; NULL is allowed. */
void jg_admin_close(struct jg_admin *admin);

/** What to poll for. @return entries filled in */
unsigned jg_admin_fds(const struct jg_admin *admin, struct pollfd fds[JG_ADMIN_FDS]);

/** Accept, read, run requests: their changes of cut-offs are queued with the engine. */
void jg_admin_turn(struct jg_admin *admin, const struct pollfd *fds, unsigned n, uint64_t now_ns);

/** After jg_engine_flush(): answer those whose epoch is in force, write, close the idle. */
void jg_admin_answer(struct jg_admin *admin, uint64_t now_ns);

/** How soon to look again for those who wait. */
enum jg_pace jg_admin_pace(const struct jg_admin *admin);

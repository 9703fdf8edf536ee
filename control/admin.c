// SPDX-License-Identifier: BSD-3-Clause
#include "admin.h"

#include "locked.h"
#include "log.h"
#include "owner.h"
#include "request.h"

#include <assert.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FOLLOW_LINES 100 // audit lines of one turn
#define FIRST_ROOM ((size_t)4096)

struct connection {
	int fd; // -1: free
	int passed; // descriptor that came with the request on its way in; -1 = none
	uid_t uid;
	char who[128];
	char *in; // locked: requests carry secrets
	size_t in_len;
	size_t in_room;
	char *out; // a reply on its way, jansson's
	size_t out_len;
	size_t out_sent;
	uint64_t active_ns; // last byte either way
	uint64_t deadline_ns; // of the waiting request
	bool waiting; // ask holds a request that is not in force yet
	bool following; // audit lines
	bool closing; // once out is written
	bool ended; // the peer sends no more; it may still read
	struct jg_ask ask;
};

struct jg_admin {
	int listen_fd;
	struct jg_engine *engine;
	const uint32_t *uids;
	uint32_t uids_n;
	struct connection connections[JG_ADMIN_CONNECTIONS];
	struct sockaddr_un address;
	bool made_folder;
};

// The line's end had taken the place of the NUL.
static void out_free(struct connection *c)
{
	if (c->out != NULL)
		c->out[c->out_len - 1] = '\0';
	jg_text_free(c->out);
	c->out = NULL;
}

static void close_passed(struct connection *c)
{
	if (c->passed >= 0)
		(void)close(c->passed);
	c->passed = -1;
}

static void drop(struct connection *c)
{
	jg_ask_leave(&c->ask);
	jg_ask_fini(&c->ask);
	jg_locked_free(c->in);
	out_free(c);
	close_passed(c);
	(void)close(c->fd);
	*c = (struct connection){.fd = -1};
}

// Takes the reply.
static void send_reply(struct connection *c, json_t *reply)
{
	assert(c->out == NULL);
	c->out = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	if (c->out == NULL) {
		drop(c);
		return;
	}
	c->out_len = strlen(c->out);
	c->out[c->out_len++] = '\n';
	c->out_sent = 0;
}

static void refuse(struct connection *c, enum jg_failure failure, const char *text)
{
	send_reply(c,
		json_pack("{s:b, s:s, s:s}", "ok", 0, "code", jg_failure_name(failure), "error",
			text));
	c->closing = true;
}

static void finish(struct connection *c)
{
	c->waiting = false;
	jg_ask_finish(&c->ask);
	c->following = c->ask.follow && c->ask.failure == JG_FAILURE_NONE;
	const struct jg_ask left = {
		.engine = c->ask.engine, .who = c->who, .after = c->ask.after, .fd = -1};
	json_t *reply = json_incref(c->ask.reply);
	jg_ask_fini(&c->ask);
	c->ask = left;
	send_reply(c, reply);
}

static void run(struct jg_admin *admin, struct connection *c, size_t len, uint64_t now_ns)
{
	json_error_t where;
	json_t *request = json_loadb(c->in, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
	if (!json_is_object(request)) {
		json_decref(request);
		refuse(c, JG_FAILURE_INVALID,
			"the request is not one JSON object on one line; see docs/admin.md");
		return;
	}
	c->ask = (struct jg_ask){.engine = admin->engine,
		.who = c->who,
		.uid = c->uid,
		.fd = c->passed,
		.request = request};
	c->passed = -1;
	jg_ask_run(&c->ask);
	c->deadline_ns = now_ns + c->ask.wait_ns;
	c->waiting = true;
}

// One request at a time; further ones stay in the buffer until the reply is out.
static void advance(struct jg_admin *admin, struct connection *c, uint64_t now_ns)
{
	if (c->waiting || c->out != NULL || c->closing || c->following)
		return;
	char *end = c->in_len == 0 ? NULL : memchr(c->in, '\n', c->in_len);
	bool last = end == NULL && c->ended && c->in_len > 0;
	if (end == NULL && !last) {
		if (c->in_len >= JG_ADMIN_REQUEST_MAX)
			refuse(c, JG_FAILURE_INVALID, "the request is larger than 1 MiB");
		return;
	}
	size_t len = last ? c->in_len : (size_t)(end - c->in);
	run(admin, c, len, now_ns);
	size_t left = last ? 0 : c->in_len - len - 1;
	memmove(c->in, c->in + c->in_len - left, left);
	explicit_bzero(c->in + left, c->in_len - left);
	c->in_len = left;
}

static bool make_room(struct connection *c)
{
	if (c->in_len < c->in_room)
		return true;
	if (c->in_room >= JG_ADMIN_REQUEST_MAX + 1)
		return false;
	size_t room = c->in_room == 0 ? FIRST_ROOM : c->in_room * 4;
	if (room > JG_ADMIN_REQUEST_MAX + 1)
		room = JG_ADMIN_REQUEST_MAX + 1;
	char *in = jg_locked_alloc(room);
	if (in == NULL)
		return false;
	if (c->in_len > 0)
		memcpy(in, c->in, c->in_len);
	jg_locked_free(c->in);
	c->in = in;
	c->in_room = room;
	return true;
}

// Bytes, and the descriptor that may come with them: the last one counts.
static ssize_t read_with(struct connection *c, char *bytes, size_t room)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {.iov_base = bytes, .iov_len = room};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_LEN(sizeof(int))}; // of more than one the kernel keeps none
	ssize_t n = recvmsg(c->fd, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *head = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
	if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
		head->cmsg_len == CMSG_LEN(sizeof(int))) {
		close_passed(c);
		memcpy(&c->passed, CMSG_DATA(head), sizeof(c->passed));
	}
	return n;
}

// A peer that only stopped sending still gets its answers; one that is gone needs none.
static void receive(struct connection *c, short events, uint64_t now_ns)
{
	if (!make_room(c))
		return; // full: advance() refuses, or empties it
	ssize_t n = read_with(c, c->in + c->in_len, c->in_room - c->in_len);
	if (n > 0) {
		c->in_len += (size_t)n;
		c->active_ns = now_ns;
	} else if (n == 0 && (events & (POLLHUP | POLLERR)) == 0) {
		c->ended = true;
		jg_ask_capture_end(&c->ask);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		drop(c);
	}
}

static void transmit(struct connection *c, uint64_t now_ns)
{
	ssize_t n = send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		drop(c);
		return;
	}
	if (n > 0) {
		c->out_sent += (size_t)n;
		c->active_ns = now_ns;
	}
	if (c->out_sent < c->out_len)
		return;
	out_free(c);
	if (c->closing)
		drop(c);
}

// Audit lines that came since; the next ones when these are written.
static void follow(struct jg_admin *admin, struct connection *c)
{
	(void)admin;
	json_t *lines = json_array();
	jg_ask_audit(&c->ask, FOLLOW_LINES, lines);
	if (c->ask.failure != JG_FAILURE_NONE)
		refuse(c, c->ask.failure, c->ask.err.text);
	else if (json_array_size(lines) > 0)
		send_reply(c, json_pack("{s:b, s:O}", "ok", 1, "audit", lines));
	json_decref(lines);
}

static bool allowed(const struct jg_admin *admin, uid_t uid)
{
	if (uid == 0 || uid == geteuid())
		return true;
	for (uint32_t i = 0; i < admin->uids_n; i++)
		if (admin->uids[i] == uid)
			return true;
	return false;
}

static void name_peer(struct connection *c, const struct ucred *peer)
{
	struct passwd entry;
	struct passwd *found = NULL;
	char text[1024];
	(void)getpwuid_r(peer->uid, &entry, text, sizeof(text), &found);
	snprintf(c->who, sizeof(c->who), "uid %u (%.32s), pid %d", peer->uid,
		found != NULL ? found->pw_name : "?", peer->pid);
}

static void accept_one(struct jg_admin *admin, uint64_t now_ns)
{
	int fd = accept4(admin->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	struct connection *c = NULL;
	for (unsigned i = 0; i < JG_ADMIN_CONNECTIONS && c == NULL; i++)
		if (admin->connections[i].fd < 0)
			c = &admin->connections[i];
	if (c == NULL) {
		static const char full[] =
			"{\"ok\":false,\"code\":\"busy\",\"error\":\"16 connections "
			"are open already; close one or wait 5 s\"}\n";
		(void)!send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL);
		(void)close(fd);
		return;
	}
	struct ucred peer;
	socklen_t len = sizeof(peer);
	*c = (struct connection){.fd = fd, .passed = -1, .active_ns = now_ns, .ask = {.fd = -1}};
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
		drop(c);
		return;
	}
	name_peer(c, &peer);
	c->uid = peer.uid;
	if (!allowed(admin, peer.uid)) {
		jg_log(JG_LOG_WARNING, "admin", "admin socket: refused %s", c->who);
		refuse(c, JG_FAILURE_DENIED,
			"only root, the gate's own user and admin.uids may use this socket");
	}
}

static void close_done(struct connection *c, uint64_t now_ns)
{
	bool busy = c->waiting || (c->following && c->out == NULL);
	bool idle = now_ns > c->active_ns && now_ns - c->active_ns > JG_ADMIN_IDLE_NS;
	bool done = c->ended && c->out == NULL && c->in_len == 0;
	if (!busy && (idle || done))
		drop(c);
}

void jg_admin_answer(struct jg_admin *admin, uint64_t now_ns)
{
	for (unsigned i = 0; i < JG_ADMIN_CONNECTIONS; i++) {
		struct connection *c = &admin->connections[i];
		if (c->fd >= 0 && c->waiting && jg_ask_done(&c->ask, now_ns, c->deadline_ns))
			finish(c);
		if (c->fd >= 0 && c->following && c->out == NULL)
			follow(admin, c);
		if (c->fd >= 0 && c->out != NULL)
			transmit(c, now_ns);
		if (c->fd >= 0)
			close_done(c, now_ns);
	}
}

unsigned jg_admin_fds(const struct jg_admin *admin, struct pollfd fds[JG_ADMIN_FDS])
{
	unsigned n = 0;
	fds[n++] = (struct pollfd){.fd = admin->listen_fd, .events = POLLIN};
	for (unsigned i = 0; i < JG_ADMIN_CONNECTIONS; i++) {
		const struct connection *c = &admin->connections[i];
		if (c->fd < 0)
			continue;
		short events = 0;
		if (c->out != NULL)
			events |= POLLOUT;
		if (c->in_len <= JG_ADMIN_REQUEST_MAX && !c->closing && !c->ended)
			events |= POLLIN;
		fds[n++] = (struct pollfd){.fd = c->fd, .events = events};
	}
	return n;
}

void jg_admin_turn(struct jg_admin *admin, const struct pollfd *fds, unsigned n, uint64_t now_ns)
{
	for (unsigned i = 0; i < JG_ADMIN_CONNECTIONS; i++) {
		struct connection *c = &admin->connections[i];
		short events = 0;
		for (unsigned k = 1; k < n; k++)
			if (c->fd >= 0 && fds[k].fd == c->fd)
				events = fds[k].revents;
		bool readable = (events & (POLLIN | POLLHUP | POLLERR)) != 0;
		if (c->fd >= 0 && readable && !c->closing)
			receive(c, events, now_ns);
		if (c->fd >= 0)
			advance(admin, c, now_ns);
	}
	if (n > 0 && (fds[0].revents & POLLIN) != 0)
		accept_one(admin, now_ns);
}

enum jg_pace jg_admin_pace(const struct jg_admin *admin)
{
	enum jg_pace pace = JG_PACE_IDLE;
	for (unsigned i = 0; i < JG_ADMIN_CONNECTIONS; i++) {
		const struct connection *c = &admin->connections[i];
		// A reply that is out has made room for the next request in the buffer.
		bool next = c->out == NULL && !c->closing && !c->following && c->in_len > 0 &&
			(c->ended || memchr(c->in, '\n', c->in_len) != NULL);
		enum jg_pace own = next ? JG_PACE_SPIN
			: c->waiting	? jg_ask_pace(&c->ask)
					: JG_PACE_IDLE;
		if (c->fd >= 0 && own > pace)
			pace = own;
	}
	return pace;
}

// A socket file without a listener is what a killed gate leaves behind.
static int clear_stale(const struct sockaddr_un *address, struct jg_error *err)
{
	struct stat st;
	if (lstat(address->sun_path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		jg_error_set(err, "admin.socket %s is there and no socket; name another path",
			address->sun_path);
		return -EEXIST;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result = fd < 0 ? -errno : 0;
	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0) {
		jg_error_set(err,
			"admin.socket %s belongs to a running gate; stop it or name another path",
			address->sun_path);
		result = -EADDRINUSE;
	} else if (fd >= 0) {
		(void)unlink(address->sun_path);
	}
	if (fd >= 0)
		(void)close(fd);
	return result;
}

static int listen_at(struct jg_admin *admin, struct jg_error *err)
{
	const char *path = admin->address.sun_path;
	char folder[sizeof(admin->address.sun_path)];
	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash != NULL && slash != folder) {
		*slash = '\0';
		admin->made_folder = mkdir(folder, 0755) == 0;
	}
	int result = clear_stale(&admin->address, err);
	if (result != 0)
		return result;
	admin->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mode_t old = umask(admin->uids_n > 0 ? 0111 : 0177);
	bool ok = admin->listen_fd >= 0 &&
		bind(admin->listen_fd, (const struct sockaddr *)&admin->address,
			sizeof(admin->address)) == 0 &&
		listen(admin->listen_fd, JG_ADMIN_CONNECTIONS) == 0;
	result = ok ? 0 : -errno;
	(void)umask(old);
	if (!ok)
		jg_error_set(err,
			"admin.socket %s: %s. Its folder must exist and be writable for the gate's "
			"user",
			path, strerror(-result));
	return result;
}

struct jg_admin *jg_admin_open(const char *path, const uint32_t *uids, uint32_t uids_n,
	struct jg_engine *engine, struct jg_error *err)
{
	struct jg_admin *admin = calloc(1, sizeof(*admin));
	if (admin == NULL) {
		jg_error_set(err, "out of memory for the admin socket");
		return NULL;
	}
	admin->listen_fd = -1;
	admin->engine = engine;
	admin->uids = uids;
	admin->uids_n = uids_n;
	admin->address.sun_family = AF_UNIX;
	for (unsigned i = 0; i < JG_ADMIN_CONNECTIONS; i++)
		admin->connections[i].fd = -1;
	size_t len = strlen(path);
	if (len >= sizeof(admin->address.sun_path)) {
		jg_error_set(err, "admin.socket is longer than %zu bytes",
			sizeof(admin->address.sun_path) - 1);
		free(admin);
		return NULL;
	}
	memcpy(admin->address.sun_path, path, len + 1);
	if (listen_at(admin, err) != 0) {
		if (admin->listen_fd >= 0)
			(void)close(admin->listen_fd);
		free(admin);
		return NULL;
	}
	return admin;
}

int jg_admin_give(const struct jg_admin *admin, uid_t uid, gid_t gid, struct jg_error *err)
{
	char folder[sizeof(admin->address.sun_path)];
	int result = jg_owner_give(admin->address.sun_path, uid, gid, err);
	if (result != 0 || !admin->made_folder)
		return result;
	snprintf(folder, sizeof(folder), "%s", admin->address.sun_path);
	*strrchr(folder, '/') = '\0';
	return jg_owner_give(folder, uid, gid, err);
}

void jg_admin_close(struct jg_admin *admin)
{
	if (admin == NULL)
		return;
	for (unsigned i = 0; i < JG_ADMIN_CONNECTIONS; i++)
		if (admin->connections[i].fd >= 0)
			drop(&admin->connections[i]);
	(void)close(admin->listen_fd);
	(void)unlink(admin->address.sun_path);
	free(admin);
}

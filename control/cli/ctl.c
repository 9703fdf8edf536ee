// SPDX-License-Identifier: BSD-3-Clause
// joingatectl: changes and questions to a running gate over its admin socket.
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int ctl_fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)fputs("joingatectl: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
	va_end(args);
	return CTL_USAGE;
}

void ctl_text_free(char *text, size_t len)
{
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
}

char *ctl_read(const char *path, size_t max, size_t *len)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(max + 2);
	size_t n = 0;
	ssize_t got = 0;
	while (text != NULL && n <= max && (got = read(fd, text + n, max + 1 - n)) > 0)
		n += (size_t)got;
	bool failed = text == NULL || got < 0;
	if (failed)
		(void)ctl_fail("%s: %s", path, strerror(errno));
	else if (n > max)
		(void)ctl_fail("%s is larger than %zu bytes", path, max);
	if (fd > STDIN_FILENO)
		(void)close(fd);
	if (failed || n > max) {
		ctl_text_free(text, text == NULL ? 0 : n);
		return NULL;
	}
	if (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	*len = n;
	return text;
}

int ctl_connect(const struct ctl *ctl)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(ctl->socket) >= sizeof(address.sun_path)) {
		(void)ctl_fail("%s is longer than a socket's name can be", ctl->socket);
		return -1;
	}
	memcpy(address.sun_path, ctl->socket, strlen(ctl->socket) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	(void)ctl_fail("no gate answers at %s: %s. Is joingated running, and is this its "
		       "admin.socket (--socket, JOINGATE_SOCKET)?",
		ctl->socket, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

// The first bytes carry the descriptor.
static ssize_t send_with(int fd, const char *bytes, size_t len, int passed)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (passed >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

bool ctl_send(int fd, const json_t *request, int passed)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len = text == NULL ? 0 : strlen(text);
	bool ok = text != NULL;
	if (ok && len >= (size_t)1 << 20) {
		(void)ctl_fail("the request is larger than 1 MiB; split it");
		ok = false;
	}
	size_t sent = 0;
	if (ok)
		text[len] = '\n'; // in place of the NUL
	while (ok && sent < len + 1) {
		ssize_t n = send_with(fd, text + sent, len + 1 - sent, sent == 0 ? passed : -1);
		if (n < 0)
			break; // the gate may have answered and closed
		sent += (size_t)n;
	}
	ctl_text_free(text, len);
	return ok;
}

json_t *ctl_receive(struct ctl_lines *lines)
{
	for (;;) {
		size_t left = lines->len - lines->used;
		char *start = left == 0 ? NULL : lines->text + lines->used;
		char *end = left == 0 ? NULL : memchr(start, '\n', left);
		if (end != NULL) {
			lines->used += (size_t)(end - start) + 1;
			return json_loadb(start, (size_t)(end - start), JSON_ALLOW_NUL, NULL);
		}
		if (lines->len == lines->room) {
			size_t room = lines->room == 0 ? 65536 : lines->room * 2;
			char *text = realloc(lines->text, room);
			if (text == NULL)
				return NULL;
			lines->text = text;
			lines->room = room;
		}
		ssize_t n = read(lines->fd, lines->text + lines->len, lines->room - lines->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		lines->len += (size_t)n;
	}
}

void ctl_lines_fini(struct ctl_lines *lines)
{
	free(lines->text);
	(void)close(lines->fd);
}

// The gate opens no files for its callers. What standard output carries is then not for words. -1 after
// saying why.
static int open_file(const char *path)
{
	int fd = -1;
	if (strcmp(path, "-") != 0)
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	else if (isatty(STDOUT_FILENO) == 0 && (fd = dup(STDOUT_FILENO)) >= 0)
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	else
		errno = ENOTSUP;
	if (fd < 0)
		(void)ctl_fail("%s: %s", path,
			errno == ENOTSUP ? "a capture is not for a terminal" : strerror(errno));
	return fd;
}

static volatile sig_atomic_t capturing = -1; // the connection

// The gate takes it for the wish to end, and answers; the second ^C is the default's.
static void on_interrupt(int number)
{
	(void)signal(number, SIG_DFL);
	(void)shutdown(capturing, SHUT_WR);
}

static int converse(const struct ctl *ctl, int passed)
{
	struct ctl_lines lines = {.fd = ctl_connect(ctl)};
	if (lines.fd < 0)
		return CTL_UNREACHABLE;
	int status = CTL_USAGE;
	if (passed >= 0) {
		const struct sigaction interrupt = {.sa_handler = on_interrupt};
		capturing = lines.fd;
		(void)sigaction(SIGINT, &interrupt, NULL);
	}
	if (ctl_send(lines.fd, ctl->request, passed)) {
		json_t *reply;
		status = CTL_UNREACHABLE;
		while ((reply = ctl_receive(&lines)) != NULL) {
			status = ctl_print(ctl, reply);
			json_decref(reply);
			(void)fflush(stdout);
			if (!ctl->follow || status != CTL_OK)
				break;
		}
		if (status == CTL_UNREACHABLE)
			(void)ctl_fail("the gate ended the connection without an answer; what was "
				       "asked may have happened or not: joingatectl audit tells");
	}
	ctl_lines_fini(&lines);
	return status;
}

// Nothing is left of a file when nothing was captured into it.
static int capture(const struct ctl *ctl)
{
	int fd = open_file(ctl->file);
	if (fd < 0)
		return CTL_USAGE;
	int status = converse(ctl, fd);
	if (status != CTL_OK && strcmp(ctl->file, "-") != 0 && lseek(fd, 0, SEEK_END) == 0)
		(void)unlink(ctl->file);
	(void)close(fd);
	return status;
}

int main(int argc, char **argv)
{
	const char *named = getenv("JOINGATE_SOCKET");
	struct ctl ctl = {.socket = named != NULL ? named : "/run/joingate/admin.sock"};
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		ctl_usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? CTL_USAGE : CTL_OK;
	}
	int status = ctl_parse(&ctl, argc, argv);
	if (status == 0 && ctl.file != NULL)
		status = capture(&ctl);
	else if (status == 0)
		status = ctl.watch ? ctl_watch(&ctl) : converse(&ctl, -1);
	json_decref(ctl.request);
	return status;
}

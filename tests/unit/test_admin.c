// SPDX-License-Identifier: BSD-3-Clause
#include "control_harness.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct harness h;

static void setup(void)
{
	harness_init(&h);
	harness_write(&h, true, HARNESS_APPS);
	harness_start(&h, true);
}

static void teardown(void)
{
	harness_fini(&h);
}

TestSuite(admin, .init = setup, .fini = teardown);

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, h.socket);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	const struct timeval patience = {.tv_sec = 20};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void say(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

// One line of the peer, or "" when it closed.
static const char *hear(int fd)
{
	static char line[65536];
	size_t n = 0;
	while (n + 1 < sizeof(line) && recv(fd, line + n, 1, 0) == 1)
		if (line[n++] == '\n')
			break;
	line[n] = '\0';
	return line;
}

#define STATUS "{\"command\":\"version\"}\n"

static void still_serves(void)
{
	int fd = dial();
	say(fd, STATUS, sizeof(STATUS) - 1);
	cr_assert_not_null(strstr(hear(fd), "\"ok\":true"));
	close(fd);
}

Test(admin, the_socket_is_private)
{
	struct stat st;
	cr_assert_eq(stat(h.socket, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
}

Test(admin, requests_on_one_connection_are_answered_in_order)
{
	int fd = dial();
	static const char two[] = "{\"command\":\"version\"}\n{\"command\":\"nonsense\"}\n";
	say(fd, two, sizeof(two) - 1);
	cr_assert_not_null(strstr(hear(fd), "\"version\":\"test\""));
	cr_assert_not_null(strstr(hear(fd), "no command"));
	close(fd);
}

Test(admin, a_request_in_pieces_is_one_request)
{
	int fd = dial();
	for (const char *p = STATUS; *p != '\0'; p++)
		say(fd, p, 1);
	cr_assert_not_null(strstr(hear(fd), "\"ok\":true"));
	close(fd);
}

Test(admin, what_is_no_json_object_is_refused_and_closed)
{
	static const char *const hostile[] = {"\n", "x\n", "[]\n", "1\n", "\"a\"\n", "{}x\n",
		"{\"command\":\"status\",\"command\":\"status\"}\n", "{\"a\":\n", "\xff\xfe\n",
		"{\"command\":\"\xc3\x28\"}\n", "GET / HTTP/1.1\r\n"};
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		int fd = dial();
		say(fd, hostile[i], strlen(hostile[i]));
		cr_assert_not_null(strstr(hear(fd), "\"code\":\"invalid\""), "%zu", i);
		cr_assert_str_eq(hear(fd), "", "closed");
		close(fd);
	}
	still_serves();
}

Test(admin, nesting_without_end_is_refused)
{
	static char deep[200000];
	memset(deep, '[', sizeof(deep));
	deep[sizeof(deep) - 1] = '\n';
	int fd = dial();
	say(fd, deep, sizeof(deep));
	cr_assert_not_null(strstr(hear(fd), "invalid"));
	close(fd);
	still_serves();
}

Test(admin, more_than_a_mebibyte_is_refused)
{
	static char big[(1 << 20) + 4096];
	memset(big, ' ', sizeof(big));
	int fd = dial();
	say(fd, big, sizeof(big));
	cr_assert_not_null(strstr(hear(fd), "larger than 1 MiB"));
	close(fd);
	still_serves();
}

Test(admin, a_list_of_a_mebibyte_is_one_change)
{
	static char big[1 << 20];
	size_t n = (size_t)snprintf(big, sizeof(big),
		"{\"command\":\"revoke\",\"scope\":\"user\",\"app\":\"k\",\"users\":[\"u\"");
	for (unsigned i = 0; n + 64 < sizeof(big); i++)
		n += (size_t)snprintf(big + n, sizeof(big) - n, ",\"user-%06u\"", i);
	n += (size_t)snprintf(big + n, sizeof(big) - n, "]}\n");
	int fd = dial();
	say(fd, big, n);
	const char *reply = hear(fd);
	cr_assert_not_null(strstr(reply, "\"ok\":true"), "%.200s", reply);
	cr_assert_not_null(strstr(reply, "\"in_force\":true"));
	close(fd);
}

Test(admin, the_seventeenth_connection_is_turned_away)
{
	int fds[16];
	for (unsigned i = 0; i < 16; i++) {
		fds[i] = dial();
		say(fds[i], STATUS, sizeof(STATUS) - 1);
		cr_assert_not_null(strstr(hear(fds[i]), "\"ok\":true"));
	}
	int late = dial();
	cr_assert_not_null(strstr(hear(late), "\"code\":\"busy\""));
	close(late);
	for (unsigned i = 0; i < 16; i++)
		close(fds[i]);
	still_serves();
}

Test(admin, a_peer_that_leaves_in_the_middle_harms_nobody)
{
	for (unsigned i = 0; i < 50; i++) {
		int fd = dial();
		say(fd, "{\"command\":\"status\"", i % 20);
		close(fd);
	}
	int fd = dial(); // asks and never reads
	for (unsigned i = 0; i < 100; i++)
		say(fd, STATUS, sizeof(STATUS) - 1);
	close(fd);
	still_serves();
}

Test(admin, a_peer_that_stops_sending_still_gets_its_answers)
{
	static const char two[] =
		"{\"command\":\"revoke\",\"scope\":\"app\",\"app\":\"k\"}\n" STATUS;
	int fd = dial();
	say(fd, two, sizeof(two) - 1);
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	cr_assert_not_null(strstr(hear(fd), "\"in_force\":true"));
	cr_assert_not_null(strstr(hear(fd), "\"version\":\"test\""));
	cr_assert_str_eq(hear(fd), "", "closed once all is answered");
	close(fd);
}

Test(admin, the_end_of_sending_ends_a_line)
{
	int fd = dial();
	say(fd, STATUS, sizeof(STATUS) - 2);
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	cr_assert_not_null(strstr(hear(fd), "\"version\":\"test\""));
	cr_assert_str_eq(hear(fd), "");
	close(fd);
	fd = dial();
	say(fd, "{\"command\":\"ver", 15);
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	cr_assert_not_null(strstr(hear(fd), "\"code\":\"invalid\""));
	close(fd);
	fd = dial();
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	cr_assert_str_eq(hear(fd), "", "nothing was asked");
	close(fd);
	still_serves();
}

Test(admin, a_follower_that_stops_sending_goes_on_following)
{
	int fd = dial();
	static const char ask[] = "{\"command\":\"audit\",\"follow\":true}\n";
	say(fd, ask, sizeof(ask) - 1);
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	cr_assert_not_null(strstr(hear(fd), "\"what\":\"seed\""));
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"app\",\"app\":\"k\"}");
	cr_assert_not_null(strstr(hear(fd), "\"what\":\"revoke app\""));
	close(fd);
	still_serves();
}

Test(admin, a_silent_peer_is_dropped)
{
	int fd = dial();
	say(fd, "{", 1);
	cr_assert_str_eq(hear(fd), "", "closed within 20 s");
	close(fd);
}

Test(admin, another_user_is_refused)
{
	if (getuid() != 0)
		cr_skip_test("needs root to become somebody else");
	(void)chmod(h.folder, 0755);
	(void)chmod(h.socket, 0666); // the mode alone must not be what protects it
	pid_t child = fork();
	if (child == 0) {
		if (setuid(65534) != 0)
			_exit(2);
		int fd = dial();
		_exit(strstr(hear(fd), "\"code\":\"denied\"") != NULL ? 0 : 1);
	}
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
}

Test(admin, follow_tells_what_comes_later)
{
	int fd = dial();
	static const char ask[] = "{\"command\":\"audit\",\"follow\":true}\n";
	say(fd, ask, sizeof(ask) - 1);
	cr_assert_not_null(strstr(hear(fd), "\"what\":\"seed\""));
	ASK_OK(&h, "{\"command\":\"revoke\",\"scope\":\"app\",\"app\":\"k\"}");
	cr_assert_not_null(strstr(hear(fd), "\"what\":\"revoke app\""));
	close(fd);
}

Test(admin, a_socket_left_by_a_dead_gate_is_replaced_a_live_one_is_not)
{
	struct harness other = h;
	other.control = NULL;
	snprintf(other.file, sizeof(other.file), "%s/other.json", h.folder);
	harness_write(&other, false, HARNESS_APPS);
	other.channel = (struct jg_channel){.automatic = true};
	cr_assert(harness_open(&other, true));
	cr_assert_neq(jg_control_start(other.control, &other.err), 0);
	cr_assert_not_null(strstr(other.err.text, "belongs to a running gate"));
	jg_control_free(other.control);
	harness_stop(&h);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, h.socket);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd); // the file stays, nobody listens
	harness_start(&h, true);
	still_serves();
	(void)unlink(other.file);
}

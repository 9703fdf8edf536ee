// SPDX-License-Identifier: BSD-3-Clause
#include "client.h"

#include "internal/base.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEY_MAX 1024
#define RECEIVE_BUFFER (4 * 1024 * 1024)

struct client {
	struct client_options options;
	struct jg_wire_key *key;
	uint64_t next_id;
	uint64_t ignored[JG_WIRE_FATE_COUNT];
	uint64_t refused; /**< the host said that nobody listens there */
	int fd;
	uint8_t datagram[JG_WIRE_DATAGRAM_MAX + 1];
};

void question_clear(struct question *question)
{
	free(question->bytes);
	question->bytes = NULL;
	question->answered = false;
	question->problem = NULL;
}

// "host", "host:port" or "[v6]:port" into its parts; an address with more than one colon and no
// brackets is an IPv6 address.
static int split_address(const char *text, char host[256], char port[16], struct jg_error *err)
{
	const char *end = text + strlen(text);
	const char *from = text;
	const char *to = end;
	const char *colon = strrchr(text, ':');
	if (text[0] == '[') {
		const char *close = strchr(text, ']');
		from = text + 1;
		to = close == NULL || (close[1] != ':' && close[1] != '\0') ? from : close;
		colon = close != NULL && close[1] == ':' ? close + 1 : NULL;
	} else if (colon != NULL && strchr(text, ':') == colon) {
		to = colon;
	} else {
		colon = NULL;
	}
	const size_t len = (size_t)(to - from);
	if (len == 0 || len >= 256 || (colon != NULL && (end - colon < 2 || end - colon > 6))) {
		jg_error_set(err,
			"gate \"%s\" is no address; expected ADDRESS or ADDRESS:PORT, and "
			"[ADDRESS]:PORT for IPv6",
			text);
		return -EINVAL;
	}
	memcpy(host, from, len);
	host[len] = '\0';
	snprintf(port, 16, "%s", colon == NULL ? "" : colon + 1);
	if (colon == NULL)
		snprintf(port, 16, "%d", JG_WIRE_PORT);
	return 0;
}

static int open_socket(const char *address, struct jg_error *err)
{
	char host[256];
	char port[16];
	if (split_address(address, host, port, err) != 0)
		return -EINVAL;
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	const int rc = getaddrinfo(host, port, &hints, &found);
	if (rc != 0) {
		jg_error_set(err, "gate \"%s\" cannot be found: %s", address, gai_strerror(rc));
		return -ENOENT;
	}
	int fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
		jg_error_set(err, "gate \"%s\" cannot be reached: %s", address, strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -ENOTCONN;
	} else {
		const int bytes = RECEIVE_BUFFER;
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	}
	freeaddrinfo(found);
	return fd;
}

// The file's bytes less one final newline.
static struct jg_wire_key *read_key(const char *path, struct jg_error *err)
{
	char bytes[KEY_MAX + 2];
	FILE *file = fopen(path, "rbe");
	if (file == NULL) {
		jg_error_set(err, "key file %s cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	setvbuf(file, NULL, _IONBF, 0);
	size_t len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (len > 0 && bytes[len - 1] == '\n')
		len--;
	struct jg_wire_key *key = NULL;
	if (len == 0 || len > KEY_MAX)
		jg_error_set(err, "key file %s is %s; expected 1 to %d bytes", path,
			len == 0 ? "empty" : "too long", KEY_MAX);
	else
		key = jg_wire_key_new(bytes, len, err);
	explicit_bzero(bytes, sizeof(bytes));
	return key;
}

static int check_options(const struct client_options *options, struct jg_error *err)
{
	if (options->front_end > UINT16_MAX) {
		jg_error_set(err, "front end %" PRIu32 " is outside 1..65535", options->front_end);
		return -EINVAL;
	}
	if ((options->front_end != 0) != (options->key_file != NULL)) {
		jg_error_set(err, "%s",
			options->key_file == NULL
				? "a front end has a key; say which file holds it"
				: "a key is some front end's; say which id it has at the gate");
		return -EINVAL;
	}
	return 0;
}

struct client *client_open(const struct client_options *options, struct jg_error *err)
{
	uint32_t random;
	if (check_options(options, err) != 0)
		return NULL;
	struct client *client = calloc(1, sizeof(*client));
	if (client == NULL || getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		jg_error_set(err, "no memory, or no random numbers");
		free(client);
		return NULL;
	}
	client->options = *options;
	client->next_id = (uint64_t)random << 32;
	client->fd = open_socket(options->address, err);
	if (client->fd >= 0 && options->key_file != NULL)
		client->key = read_key(options->key_file, err);
	if (client->fd < 0 || (options->key_file != NULL && client->key == NULL)) {
		client_close(client);
		return NULL;
	}
	return client;
}

void client_close(struct client *client)
{
	if (client == NULL)
		return;
	jg_wire_key_free(client->key);
	if (client->fd >= 0)
		close(client->fd);
	free(client);
}

// The datagram of a question's next try; what it was is kept, to tell its answer.
static size_t write_question(struct client *client, struct question *question)
{
	const struct jg_wire_request wire = {.id = client->next_id++,
		.flags = question->flags,
		.front_end = (uint16_t)client->options.front_end,
		.type = question->type,
		.padding = client->key == NULL ? JG_WIRE_STRING_MAX : 0};
	struct jg_request request = question->request;
	// One byte too many is enough to be refused as too long.
	if (request.token.len > JG_TOKEN_MAX)
		request.token.len = JG_TOKEN_MAX + 1;
	const size_t len =
		jg_wire_request_build(&wire, &request, client->datagram, JG_WIRE_DATAGRAM_MAX);
	if (len == 0 ||
		(client->key != NULL &&
			!jg_wire_request_sign(client->key, client->datagram, len)) ||
		jg_wire_request_parse(client->datagram, len, &question->sent, &request) !=
			JG_WIRE_FATE_OK)
		return 0;
	return len;
}

// A datagram that could not be sent counts as lost: the next try will tell.
static void send_question(struct client *client, struct question *question)
{
	const size_t len = write_question(client, question);
	if (len == 0) {
		question->problem = "room and identity have at most 1024 bytes, app at most 128";
		return;
	}
	if (send(client->fd, client->datagram, len, 0) < 0 && errno == ECONNREFUSED) {
		// Of an earlier datagram; this one has not been sent.
		client->refused++;
		(void)!send(client->fd, client->datagram, len, 0);
	}
}

static bool is_open(const struct question *question)
{
	return !question->answered && question->problem == NULL;
}

static bool take_reply(struct client *client, struct question *questions, unsigned n,
	const uint8_t *bytes, size_t len)
{
	struct jg_wire_reply reply;
	enum jg_wire_fate fate = jg_wire_reply_parse(bytes, len, &reply);
	struct question *found = NULL;
	for (unsigned i = 0; i < n && fate == JG_WIRE_FATE_OK; i++) {
		if (is_open(&questions[i]) && questions[i].sent.id == reply.echo.id)
			found = &questions[i];
	}
	uint8_t *copy = found == NULL ? NULL : malloc(len);
	if (copy == NULL) {
		client->ignored[fate == JG_WIRE_FATE_OK ? JG_WIRE_FATE_OTHER : fate]++;
		return false;
	}
	memcpy(copy, bytes, len);
	fate = jg_wire_reply_open(client->key, &found->sent, copy, len, &found->reply);
	if (fate != JG_WIRE_FATE_OK) {
		client->ignored[fate]++;
		free(copy);
		return false;
	}
	// The expiries moved with the reply into the question.
	found->bytes = copy;
	found->answered = true;
	return true;
}

static int64_t milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Take replies until all are there or the time is up.
static unsigned receive(
	struct client *client, struct question *questions, unsigned n, unsigned open)
{
	const int64_t end = milliseconds() + client->options.timeout;
	unsigned got = 0;
	while (got < open) {
		const int64_t left = end - milliseconds();
		struct pollfd ready = {.fd = client->fd, .events = POLLIN};
		if (left <= 0 || poll(&ready, 1, (int)left) == 0)
			break;
		const ssize_t len = recv(client->fd, client->datagram, sizeof(client->datagram), 0);
		if (len >= 0)
			got += take_reply(client, questions, n, client->datagram, (size_t)len);
		else if (errno == ECONNREFUSED)
			client->refused++;
	}
	return got;
}

unsigned client_ask(struct client *client, struct question *questions, unsigned n)
{
	unsigned got = 0;
	for (uint32_t attempt = 0; attempt < client->options.tries; attempt++) {
		unsigned open = 0;
		for (unsigned i = 0; i < n; i++) {
			if (!is_open(&questions[i]))
				continue;
			send_question(client, &questions[i]);
			open += is_open(&questions[i]);
		}
		if (open == 0)
			break;
		got += receive(client, questions, n, open);
	}
	return got;
}

void client_explain(const struct client *client, char *text, size_t size)
{
	size_t n = (size_t)snprintf(text, size,
		"no answer from %s (asked %" PRIu32 " x, %" PRIu32 " ms each)",
		client->options.address, client->options.tries, client->options.timeout);
	if (client->refused > 0 && n < size)
		n += (size_t)snprintf(
			text + n, size - n, "; nothing listens on that port: is the gate running?");
	else if (n < size)
		n += (size_t)snprintf(text + n, size - n,
			"; a gate is silent to a wrong front end id, key or source address "
			"(joingatectl stats tells)");
	for (unsigned fate = 1; fate < JG_WIRE_FATE_COUNT; fate++) {
		if (client->ignored[fate] > 0 && n < size)
			n += (size_t)snprintf(text + n, size - n,
				"; %" PRIu64 " datagrams ignored (%s)", client->ignored[fate],
				jg_wire_fate_name(fate));
	}
}

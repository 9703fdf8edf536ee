// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** A control plane with one automatic worker and a store in a folder of its own, for tests. */

#include "control.h"
#include "fake_channel.h"

#include <criterion/criterion.h>
#include <jansson.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

// Long enough for every vendor; nothing that a vendor ever issued.
#define HARNESS_SECRET "not-a-secret-not-a-secret-not-a-secret"
#define HARNESS_APPS                                                                        \
	"\"apps\":[{\"vendor\":\"livekit\",\"key\":\"APItest\",\"secrets\":[{\"id\":\"a\"," \
	"\"secret\":\"" HARNESS_SECRET "\"}]},"                                             \
	"{\"vendor\":\"stream\",\"key\":\"k\",\"secrets\":[{\"id\":\"s\",\"secret\":"       \
	"\"" HARNESS_SECRET "\"}]}]"

struct harness {
	char folder[64];
	char store[96];
	char file[96];
	char socket[96];
	struct jg_channel channel;
	struct jg_control *control;
	struct jg_error err;
};

static inline void harness_init(struct harness *h)
{
	*h = (struct harness){.channel.automatic = true};
	strcpy(h->folder, "/tmp/joingate-control-XXXXXX");
	cr_assert_not_null(mkdtemp(h->folder));
	snprintf(h->store, sizeof(h->store), "%s/gate.db", h->folder);
	snprintf(h->file, sizeof(h->file), "%s/gate.json", h->folder);
	snprintf(h->socket, sizeof(h->socket), "%s/admin.sock", h->folder);
}

/** Write the configuration file: the members of its root besides store and admin. */
static inline void harness_write(struct harness *h, bool stored, const char *members)
{
	FILE *f = fopen(h->file, "w");
	cr_assert_not_null(f);
	(void)fchmod(fileno(f), 0600);
	fprintf(f, "{%s%s\"admin\":{\"socket\":\"%s\"}", members, members[0] != '\0' ? "," : "",
		h->socket);
	if (stored)
		fprintf(f, ",\"store\":{\"sqlite\":\"%s\"}", h->store);
	fputs("}", f);
	fclose(f);
}

static inline bool harness_open(struct harness *h, bool with_socket)
{
	struct jg_problems problems = {0};
	struct jg_config *config = jg_config_load(h->file, JG_CONFIG_ALL, &problems);
	if (config == NULL)
		jg_problems_print(&problems, h->file, stderr);
	cr_assert_not_null(config);
	jg_problems_free(&problems);
	const struct jg_control_options options = {.config_path = h->file,
		.config = config,
		.version = "test",
		.no_socket = !with_socket};
	h->control = jg_control_new(&options, &h->err);
	return h->control != NULL;
}

static inline void harness_start(struct harness *h, bool with_socket)
{
	const struct jg_control_member member = {.name = "worker 0", .channel = &h->channel};
	cr_assert(harness_open(h, with_socket), "%s", h->err.text);
	cr_assert_eq(jg_control_add(h->control, &member, &h->err), 0);
	cr_assert_eq(jg_control_start(h->control, &h->err), 0, "%s", h->err.text);
}

static inline void harness_stop(struct harness *h)
{
	jg_control_free(h->control);
	h->control = NULL;
	h->channel = (struct jg_channel){.automatic = true};
}

static inline void harness_fini(struct harness *h)
{
	char other[128];
	harness_stop(h);
	snprintf(other, sizeof(other), "%s-wal", h->store);
	(void)unlink(other);
	(void)unlink(h->store);
	(void)unlink(h->file);
	(void)unlink(h->socket);
	(void)rmdir(h->folder);
}

/** From now on (or no more) no file of this process can grow. */
static inline void harness_disk_full(bool full)
{
	const struct rlimit limit = {full ? 0 : RLIM_INFINITY, RLIM_INFINITY};
	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/** A request; the reply, to be json_decref()ed. */
static inline json_t *harness_ask(struct harness *h, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline json_t *harness_ask(struct harness *h, const char *format, ...)
{
	char request[8192];
	va_list args;
	va_start(args, format);
	vsnprintf(request, sizeof(request), format, args);
	va_end(args);
	char *text = jg_control_ask(h->control, "uid 0 (test)", request, strlen(request));
	cr_assert_not_null(text, "%s", request);
	cr_assert_null(strstr(text, HARNESS_SECRET), "a secret in a reply");
	json_t *reply = json_loads(text, 0, NULL);
	jg_control_reply_free(text);
	cr_assert_not_null(reply);
	return reply;
}

/** The request must succeed. */
#define ASK_OK(h, ...)                                                           \
	do {                                                                     \
		json_t *ask_reply = harness_ask((h), __VA_ARGS__);               \
		cr_assert(json_is_true(json_object_get(ask_reply, "ok")), "%s",  \
			json_string_value(json_object_get(ask_reply, "error"))); \
		json_decref(ask_reply);                                          \
	} while (0)

/** The request must fail with this code and these words in its error. */
#define ASK_FAILS(h, code, words, ...)                                                           \
	do {                                                                                     \
		json_t *ask_reply = harness_ask((h), __VA_ARGS__);                               \
		const char *ask_error = json_string_value(json_object_get(ask_reply, "error"));  \
		cr_assert_not_null(ask_error, "it succeeded");                                   \
		cr_assert_str_eq(json_string_value(json_object_get(ask_reply, "code")), (code)); \
		cr_assert_not_null(strstr(ask_error, (words)), "%s", ask_error);                 \
		json_decref(ask_reply);                                                          \
	} while (0)

// SPDX-License-Identifier: BSD-3-Clause
// Replies in words and tables.
#include "ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static const char *text(const json_t *json, const char *name)
{
	const char *value = json_string_value(json_object_get(json, name));
	return value != NULL ? value : "";
}

static long long number(const json_t *json, const char *name)
{
	return (long long)json_integer_value(json_object_get(json, name));
}

// Names come from operators and tokens: nothing that a terminal would obey.
static void print_clean(const char *value)
{
	for (; *value != '\0'; value++)
		putchar((unsigned char)*value < ' ' || *value == 0x7f ? '?' : *value);
}

static void print_time(double seconds)
{
	char date[32];
	time_t whole = (time_t)seconds;
	struct tm tm;
	(void)gmtime_r(&whole, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	printf("%s.%03dZ", date, (int)((seconds - (double)whole) * 1000));
}

static void print_workers(const json_t *workers)
{
	size_t i;
	json_t *w;
	if (json_array_size(workers) == 0)
		return;
	printf("%-12s %10s %6s  %s\n", "worker", "epoch", "lag", "verifier");
	json_array_foreach(workers, i, w) printf("%-12s %10lld %6lld  %s\n", text(w, "name"),
		number(w, "epoch"), number(w, "lag"), text(w, "verifier"));
}

static void print_change(const json_t *reply)
{
	const json_t *cut_offs = json_object_get(reply, "cut_offs");
	const json_t *workers = json_object_get(reply, "workers");
	if (cut_offs != NULL)
		printf("%lld cut-off%s", number(reply, "cut_offs"),
			number(reply, "cut_offs") == 1 ? "" : "s");
	if (json_is_integer(json_object_get(reply, "before"))) {
		printf(", before ");
		print_time((double)number(reply, "before"));
	}
	printf("%sepoch %lld\n", cut_offs != NULL ? ", " : "", number(reply, "epoch"));
	if (json_object_get(reply, "durable_at") != NULL) {
		printf("durable   ");
		print_time(json_real_value(json_object_get(reply, "durable_at")));
		printf("  after %.3f ms\n", json_real_value(json_object_get(reply, "durable_ms")));
	}
	if (json_is_true(json_object_get(reply, "in_force"))) {
		printf("in force  ");
		print_time(json_real_value(json_object_get(reply, "in_force_at")));
		printf("  after %.3f ms, on all %zu workers\n",
			json_real_value(json_object_get(reply, "took_ms")),
			json_array_size(workers));
	} else {
		print_workers(workers);
	}
}

static void print_audit(const json_t *lines)
{
	size_t i;
	json_t *line;
	json_array_foreach(lines, i, line)
	{
		char *detail = json_dumps(json_object_get(line, "detail"), JSON_COMPACT);
		printf("%lld ", number(line, "id"));
		print_time((double)number(line, "time"));
		printf(" epoch %lld  %s  ", number(line, "epoch"), text(line, "what"));
		print_clean(text(line, "who"));
		printf("  %s\n", detail != NULL ? detail : "");
		ctl_text_free(detail, 0);
	}
}

static void print_status(const json_t *reply)
{
	const json_t *store = json_object_get(reply, "store");
	printf("%s, process %lld, up %lld s, %s%s\n", text(reply, "version"), number(reply, "pid"),
		number(reply, "uptime_s"),
		json_is_true(json_object_get(reply, "ready")) ? "ready" : "not ready",
		json_is_true(json_object_get(reply, "draining")) ? ", draining" : "");
	printf("epoch     %lld, in force %lld\n", number(reply, "epoch"),
		number(reply, "in_force"));
	printf("state     %lld apps, %lld overrides, %lld cut-offs (%lld bytes)\n",
		number(reply, "apps"), number(reply, "overrides"), number(reply, "cut_offs"),
		number(reply, "cut_off_bytes"));
	printf("store     %s %s%s%s\n", text(store, "kind"), text(store, "where"),
		text(store, "trouble")[0] != '\0' ? "  TROUBLE: " : "", text(store, "trouble"));
	printf("reloads   %lld, failed %lld\n", number(reply, "reloads"),
		number(reply, "reload_failures"));
	if (number(reply, "unlocked_bytes") > 0)
		printf("warning   %lld bytes of secrets could not be locked in memory "
		       "(LimitMEMLOCK)\n",
			number(reply, "unlocked_bytes"));
	print_workers(json_object_get(reply, "workers"));
}

static void print_apps(const json_t *apps)
{
	size_t i;
	json_t *app;
	printf("%-8s %-40s %6s %11s %7s\n", "vendor", "app", "active", "verify-only", "retired");
	json_array_foreach(apps, i, app)
		printf("%-8s %-40s %6lld %11lld %7lld\n", text(app, "vendor"), text(app, "app"),
			number(app, "active"), number(app, "verify_only"), number(app, "retired"));
}

static void print_secrets(const json_t *secrets)
{
	size_t i;
	json_t *secret;
	printf("%-24s %-12s %s\n", "secret", "status", "last verified a token");
	json_array_foreach(secrets, i, secret)
	{
		const json_t *used = json_object_get(secret, "last_used");
		printf("%-24s %-12s ", text(secret, "id"), text(secret, "status"));
		if (json_is_integer(used)) {
			print_time((double)json_integer_value(used));
		} else if (json_is_integer(json_object_get(secret, "tracked_since"))) {
			printf("none since ");
			print_time((double)number(secret, "tracked_since"));
		} else {
			printf("not tracked: more than 65536 secrets");
		}
		printf("\n");
	}
}

static void print_stats(const json_t *reply)
{
	const char *worker;
	const char *name;
	json_t *counters;
	json_t *value;
	json_object_foreach(json_object_get(reply, "workers"), worker, counters)
	{
		printf("%s\n", worker);
		json_object_foreach(counters, name, value) if (json_integer_value(value) != 0)
			printf("  %-24s %20lld\n", name, (long long)json_integer_value(value));
	}
	json_object_foreach(json_object_get(reply, "verdicts"), worker, counters)
	{
		printf("verdicts %s\n", worker);
		json_object_foreach(counters, name, value)
			printf("  %-24s %20lld\n", name, (long long)json_integer_value(value));
	}
}

static void print_nodes(const json_t *nodes)
{
	size_t i;
	json_t *node;
	printf("%-24s %-10s %12s %10s\n", "node", "state", "revision", "silent s");
	json_array_foreach(nodes, i, node) printf("%-24s %-10s %12lld %10lld\n", text(node, "node"),
		text(node, "state"), number(node, "revision"), number(node, "silent_s"));
}

// One JSON object a line: what the configuration's cut_offs[] take.
static void print_list(const json_t *list)
{
	size_t i;
	json_t *one;
	json_array_foreach(list, i, one)
	{
		(void)json_dumpf(one, stdout, JSON_COMPACT);
		putchar('\n');
	}
}

static void print_object(const json_t *object)
{
	(void)json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
}

static int status_of(const json_t *reply)
{
	if (json_is_true(json_object_get(reply, "ok")))
		return CTL_OK;
	return strcmp(text(reply, "code"), "not_in_force") == 0 ? CTL_NOT_IN_FORCE : CTL_REFUSED;
}

static void print_capture(const json_t *reply)
{
	printf("captured %lld packets, lost %lld; %lld bytes; ended: %s\n",
		number(reply, "captured"), number(reply, "lost"), number(reply, "bytes"),
		text(reply, "ended"));
}

static void print_reply(const json_t *reply)
{
	if (json_object_get(reply, "secrets") != NULL)
		print_secrets(json_object_get(reply, "secrets"));
	if (json_object_get(reply, "changes") != NULL &&
		json_is_object(json_object_get(reply, "changes")))
		print_object(json_object_get(reply, "changes"));
	if (json_object_get(reply, "in_force") != NULL && json_object_get(reply, "pid") == NULL)
		print_change(reply);
	else if (json_object_get(reply, "pid") != NULL)
		print_status(reply);
	else if (json_object_get(reply, "verdicts") != NULL)
		print_stats(reply);
	if (json_object_get(reply, "captured") != NULL)
		print_capture(reply);
	if (json_object_get(reply, "audit") != NULL)
		print_audit(json_object_get(reply, "audit"));
	if (json_object_get(reply, "apps") != NULL && json_is_array(json_object_get(reply, "apps")))
		print_apps(json_object_get(reply, "apps"));
	if (json_object_get(reply, "list") != NULL)
		print_list(json_object_get(reply, "list"));
	if (json_object_get(reply, "nodes") != NULL)
		print_nodes(json_object_get(reply, "nodes"));
	if (json_object_get(reply, "object") != NULL)
		print_object(json_object_get(reply, "object"));
	if (json_object_get(reply, "policy") != NULL)
		print_object(json_object_get(reply, "policy"));
	if (json_object_get(reply, "draining") != NULL && json_object_get(reply, "pid") == NULL)
		puts(json_is_true(json_object_get(reply, "draining")) ? "draining" : "ready again");
	if (json_object_get(reply, "version") != NULL && json_object_get(reply, "pid") == NULL)
		puts(text(reply, "version"));
}

int ctl_print(const struct ctl *ctl, const json_t *reply)
{
	int status = status_of(reply);
	if (ctl->json) {
		(void)json_dumpf(reply, stdout, JSON_COMPACT);
		putchar('\n');
		return status;
	}
	if (status != CTL_REFUSED)
		print_reply(reply);
	if (status != CTL_OK)
		(void)ctl_fail("%s", text(reply, "error"));
	return status;
}

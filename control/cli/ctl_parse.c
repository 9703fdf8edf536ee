// SPDX-License-Identifier: BSD-3-Clause
// From a command line to a request of docs/admin.md.
#include "ctl.h"

#include <joingate/vendor.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FILE_MAX ((size_t)1 << 20)

// clang-format off
// A command with its words: {member, value} is fixed, args name the members that the words fill.
// "object@" reads JSON from a file, "users=" one user a line.
static const struct row {
	const char *command;
	const char *sub;
	const char *member;
	const char *args[4];
	const char *help;
} rows[] = {
	{"revoke", "user", "scope", {"app", "user"}, "refuse this user's tokens issued until now"},
	{"revoke", "users", "scope", {"app", "users="}, "the same for every line of a file, at once"},
	{"revoke", "app", "scope", {"app"}, "refuse all tokens of an app issued until now"},
	{"revoke", "room", "scope", {"app", "room"}, "refuse all tokens for a room"},
	{"revoke", "participant", "scope", {"app", "room", "user"}, "one user in one room"},
	{"revoke", "secret", "scope", {"app", "secret"}, "refuse what one secret signed until now"},
	{"revoke", "token", "scope", {"app", "token_id"}, "refuse one token (id: joingate verify)"},
	{"unrevoke", "user", "scope", {"app", "user"}, "undo a revocation"},
	{"unrevoke", "users", "scope", {"app", "users="}, "for every line of a file"},
	{"unrevoke", "app", "scope", {"app"}, ""},
	{"unrevoke", "room", "scope", {"app", "room"}, ""},
	{"unrevoke", "participant", "scope", {"app", "room", "user"}, ""},
	{"unrevoke", "secret", "scope", {"app", "secret"}, ""},
	{"unrevoke", "token", "scope", {"app", "token_id"}, ""},
	{"cut_offs", NULL, NULL, {"app"}, "the revocations of an app"},
	{"rotate", "add", "verb", {"app", "secret_id"}, "a new secret that verifies and does not sign yet"},
	{"rotate", "promote", "verb", {"app", "secret_id"}, "it signs; the others verify only"},
	{"rotate", "retire", "verb", {"app", "secret_id"}, "it is not used any more"},
	{"rotate", "remove", "verb", {"app", "secret_id"}, "forget a retired secret"},
	{"rotate", "show", "verb", {"app"}, "the secrets of an app, without themselves"},
	{"app", "add", "verb", {"object@"}, "an app as in the configuration's apps[]"},
	{"app", "set", "verb", {"app", "object@"}, "replace its secrets or policy"},
	{"app", "remove", "verb", {"app"}, ""},
	{"app", "list", "verb", {NULL}, ""},
	{"app", "show", "verb", {"app"}, ""},
	{"policy", "set", "verb", {"app", "policy@"}, "change members of an app's policy"},
	{"policy", "diff", "verb", {"app", "policy@"}, "what set would change"},
	{"policy", "show", "verb", {"app"}, ""},
	{"grant", "set", "verb", {"app", "room", "identity"}, "override one participant"},
	{"grant", "clear", "verb", {"app", "room", "identity"}, ""},
	{"node", "list", "verb", {NULL}, "the gates of the fleet and how far each is"},
	{"node", "forget", "verb", {"node"}, "remove a gate from the fleet for good"},
	{"capture", NULL, NULL, {"file>"}, "requests and replies as pcapng, without their tokens; ^C ends it"},
	{"audit", NULL, NULL, {NULL}, "who changed what; --follow goes on"},
	{"status", NULL, NULL, {NULL}, "state, epoch and lag of each worker"},
	{"stats", NULL, NULL, {NULL}, "counters of each worker; --watch shows rates, once a second"},
	{"reload", NULL, NULL, {NULL}, "read the configuration file again"},
	{"drain", NULL, NULL, {NULL}, "not ready any more (--undo: ready again)"},
	{"version", NULL, NULL, {NULL}, ""},
};
// clang-format on

enum option_kind {
	TEXT,
	APP,
	NUMBER,
	TIME,
	LIST,
	CONTENT,
	TRUE,
	FALSE,
};

// Given with another command than those of its list, it would be passed over in silence; NULL: with any.
static const struct option {
	const char *name;
	const char *member;
	enum option_kind kind;
	const char *commands;
	const char *help;
} options[] = {
	{"--vendor", "vendor", TEXT, NULL,
		"V: where several vendors have the app's key (or vendor:key)"},
	{"--before", "before", TIME, "revoke",
		"T: seconds since 1970, 2026-11-22T13:00:00Z, or now"},
	{"--secret-file", "secret", CONTENT, "rotate", "FILE: the new secret (- = standard input)"},
	{"--public-key-file", "public_key", CONTENT, "rotate", "FILE: PEM, Vonage"},
	{"--private-key-file", "private_key", CONTENT, "rotate", "FILE: PEM, Vonage, to mint"},
	{"--not-before", "not_before", TIME, "rotate", "T: the secret is used from then on"},
	{"--not-after", "not_after", TIME, "rotate", "T: and until then"},
	{"--capabilities", "capabilities", LIST, "grant",
		"join,subscribe,...: in place of the token's"},
	{"--name", "name", TEXT, "grant", "NAME: in place of the token's"},
	{"--metadata", "metadata", TEXT, "grant", "TEXT: in place of the token's"},
	{"--verdict", "verdict", TEXT, "capture", "V: capture admit or reject alone"},
	{"--reason", "reasons", LIST, "capture", "expired,...: capture these alone"},
	{"--app", "app", APP, "capture", "APP: capture one app's, once the token has told which"},
	{"--count", "count", NUMBER, "capture", "N: capture so many packets at most (1000)"},
	{"--seconds", "seconds", NUMBER, "capture", "S: capture so long at most (60)"},
	{"--with-tokens", "with_tokens", TRUE, "capture", "capture them as they are (root)"},
	{"--after", "after", NUMBER, "audit", "N: audit lines after this one"},
	{"--limit", "limit", NUMBER, "audit, cut_offs", "N: so many audit lines, 1..1000"},
	{"--wait", "wait", NUMBER, NULL, "S: seconds to wait until a change is in force (5)"},
	{"--fleet", "fleet", TRUE, NULL,
		"wait for every node of the fleet, not for this one alone"},
	{"--follow", "follow", TRUE, "audit", "audit: go on with what comes"},
	{"--undo", "drain", FALSE, "drain", "drain: ready again"},
};

void ctl_usage(FILE *out)
{
	fputs("joingatectl - change and ask a running gate\n\n"
	      "  joingatectl [--socket PATH] [--json] COMMAND [OPTIONS]\n\n",
		out);
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++) {
		char line[96];
		int n = snprintf(line, sizeof(line), "%s%s%s", rows[i].command,
			rows[i].sub != NULL ? " " : "", rows[i].sub != NULL ? rows[i].sub : "");
		for (size_t a = 0; a < JG_ARRAY_SIZE(rows[i].args) && rows[i].args[a] != NULL;
			a++) {
			const char *arg = rows[i].args[a];
			bool file = strpbrk(arg, "@=>") != NULL;
			n += snprintf(
				line + n, sizeof(line) - (size_t)n, " %s", file ? "FILE" : arg);
		}
		fprintf(out, "  %-40s %s\n", line, rows[i].help);
	}
	fputs("\nAn app is its key, or vendor:key. FILE may be - for standard input.\n\n", out);
	for (size_t i = 0; i < JG_ARRAY_SIZE(options); i++)
		fprintf(out, "  %-20s %s\n", options[i].name, options[i].help);
	fputs("\nExit status: 0 done (a change: durable and in force), 1 refused, 2 usage,\n"
	      "3 durable but not in force everywhere, 4 no gate answered.\n",
		out);
}

static int set(struct ctl *ctl, const char *member, json_t *value)
{
	if (value == NULL || json_object_set_new(ctl->request, member, value) != 0)
		return ctl_fail("%s is not valid UTF-8", member);
	return 0;
}

static json_t *load_json(const char *path)
{
	size_t len;
	json_error_t error;
	char *text = ctl_read(path, FILE_MAX, &len);
	if (text == NULL)
		return NULL;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	ctl_text_free(text, len);
	if (json == NULL)
		(void)ctl_fail("%s:%d:%d: not JSON", path, error.line, error.column);
	return json;
}

// The gate does not open files for its callers: their content takes their place.
static int inline_files(json_t *object)
{
	static const char *const names[] = {"secret", "public_key", "private_key"};
	size_t i;
	json_t *secret;
	json_array_foreach(json_object_get(object, "secrets"), i, secret)
	{
		for (size_t k = 0; k < JG_ARRAY_SIZE(names); k++) {
			char file[32];
			snprintf(file, sizeof(file), "%s_file", names[k]);
			const char *path = json_string_value(json_object_get(secret, file));
			if (path == NULL)
				continue;
			size_t len;
			char *text = ctl_read(path, FILE_MAX, &len);
			if (text == NULL)
				return CTL_USAGE;
			(void)json_object_set_new(secret, names[k], json_stringn(text, len));
			(void)json_object_del(secret, file);
			ctl_text_free(text, len);
		}
	}
	return 0;
}

// A line of a list: what is not written as it is meant would revoke nobody.
static int add_user(json_t *users, const char *path, unsigned line, const char *user, size_t n)
{
	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)user[i] < 0x20 || user[i] == 0x7f)
			return ctl_fail("%s:%u: a control character; expected one user id a line",
				path, line);
	if (user[0] == ' ' || user[n - 1] == ' ')
		return ctl_fail("%s:%u: begins or ends with a blank; expected one user id a line "
				"(one that does is revoked alone)",
			path, line);
	if (json_array_append_new(users, json_stringn(user, n)) != 0)
		return ctl_fail("%s:%u: not valid UTF-8", path, line);
	return 0;
}

static int set_users(struct ctl *ctl, const char *path)
{
	size_t len;
	char *text = ctl_read(path, FILE_MAX, &len);
	if (text == NULL)
		return CTL_USAGE;
	json_t *users = json_array();
	unsigned line = 0;
	int status = 0;
	for (size_t at = 0; status == 0 && at < len;) {
		const char *user = text + at;
		const char *end = memchr(user, '\n', len - at);
		size_t n = end != NULL ? (size_t)(end - user) : len - at;
		at += n + 1;
		n -= n > 0 && user[n - 1] == '\r';
		status = add_user(users, path, ++line, user, n);
	}
	ctl_text_free(text, len);
	(void)json_object_set_new(ctl->request, "scope", json_string("user"));
	(void)json_object_set_new(ctl->request, "users", users);
	return status;
}

static int set_app(struct ctl *ctl, const char *word)
{
	const char *colon = strchr(word, ':');
	if (colon != NULL) {
		struct jg_str vendor = {word, (uint32_t)(colon - word)};
		if (jg_vendor_find(vendor) != JG_VENDOR_NONE) {
			(void)set(ctl, "vendor", json_stringn(vendor.p, vendor.len));
			word = colon + 1;
		}
	}
	return set(ctl, "app", json_string(word));
}

static int set_word(struct ctl *ctl, const char *arg, const char *word)
{
	if (strcmp(arg, "app") == 0)
		return set_app(ctl, word);
	if (strcmp(arg, "file>") == 0) {
		ctl->file = word;
		return 0;
	}
	if (strcmp(arg, "users=") == 0)
		return set_users(ctl, word);
	if (strcmp(arg, "object@") != 0 && strcmp(arg, "policy@") != 0)
		return set(ctl, arg, json_string(word));
	json_t *json = load_json(word);
	if (json == NULL)
		return CTL_USAGE;
	int status = inline_files(json);
	(void)json_object_set_new(ctl->request, arg[0] == 'o' ? "object" : "policy", json);
	return status;
}

// Seconds, a date in UTC, or now (which the gate fills in, as it depends on the vendor).
static int set_time(struct ctl *ctl, const struct option *option, const char *word)
{
	struct tm tm = {0};
	char *end;
	if (strcmp(word, "now") == 0)
		return strcmp(option->member, "before") == 0
			? 0
			: set(ctl, option->member, json_integer(time(NULL)));
	errno = 0;
	long long seconds = strtoll(word, &end, 10);
	if (*word != '\0' && *end == '\0' && errno == 0)
		return set(ctl, option->member, json_integer(seconds));
	const char *rest = strptime(word, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (rest == NULL || *rest != '\0')
		return ctl_fail("%s %s is no time; expected seconds since 1970, "
				"2026-11-22T13:00:00Z or now",
			option->name, word);
	return set(ctl, option->member, json_integer(timegm(&tm)));
}

static int set_list(struct ctl *ctl, const struct option *option, const char *word)
{
	json_t *list = json_array();
	while (*word != '\0') {
		size_t n = strcspn(word, ",");
		(void)json_array_append_new(list, json_stringn(word, n));
		word += n + (word[n] == ',');
	}
	return set(ctl, option->member, list);
}

static int set_content(struct ctl *ctl, const struct option *option, const char *path)
{
	size_t len;
	char *text = ctl_read(path, 65536, &len);
	if (text == NULL)
		return CTL_USAGE;
	int status = set(ctl, option->member, json_stringn(text, len));
	ctl_text_free(text, len);
	return status;
}

static int set_option(struct ctl *ctl, const struct option *option, const char *word)
{
	char *end;
	switch (option->kind) {
	case TEXT:
		return set(ctl, option->member, json_string(word));
	case APP:
		return set_app(ctl, word);
	case TIME:
		return set_time(ctl, option, word);
	case LIST:
		return set_list(ctl, option, word);
	case CONTENT:
		return set_content(ctl, option, word);
	case TRUE:
		ctl->follow |= strcmp(option->member, "follow") == 0;
		return set(ctl, option->member, json_true());
	case FALSE:
		return set(ctl, option->member, json_false());
	case NUMBER:
		break;
	}
	errno = 0;
	long long number = strtoll(word, &end, 10);
	if (*word == '\0' || *end != '\0' || errno != 0)
		return ctl_fail("%s %s is no number", option->name, word);
	return set(ctl, option->member, json_integer(number));
}

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < JG_ARRAY_SIZE(options); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

// One option and its value at argv[*at]; *at is left at the last word taken.
static int take_option(struct ctl *ctl, int argc, char **argv, int *at)
{
	const char *name = argv[*at];
	if (strcmp(name, "--json") == 0 || strcmp(name, "--watch") == 0) {
		ctl->json |= name[2] == 'j';
		ctl->watch |= name[2] == 'w';
		return 0;
	}
	const struct option *option = find_option(name);
	bool socket = strcmp(name, "--socket") == 0;
	if (option == NULL && !socket)
		return ctl_fail("there is no option %s; see joingatectl --help", name);
	bool flag = option != NULL && (option->kind == TRUE || option->kind == FALSE);
	if (flag)
		return set_option(ctl, option, "");
	if (*at + 1 >= argc)
		return ctl_fail("%s needs a value", name);
	(*at)++;
	if (socket) {
		ctl->socket = argv[*at];
		return 0;
	}
	return set_option(ctl, option, argv[*at]);
}

// Is this one of the words of a list?
static bool names_command(const char *commands, const char *command)
{
	size_t len = strlen(command);
	for (const char *at = commands; (at = strstr(at, command)) != NULL; at += len)
		if ((at == commands || at[-1] == ' ') && (at[len] == '\0' || at[len] == ','))
			return true;
	return false;
}

// Options come before the command, too, so that they are looked at when all words are known.
static int check_options(int argc, char **argv, const char *command)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const struct option *option = find_option(argv[i]);
		if (option == NULL) {
			i += strcmp(argv[i], "--socket") == 0;
			continue;
		}
		if (option->commands != NULL && !names_command(option->commands, command))
			return ctl_fail("%s is for %s, not for %s%s", option->name,
				option->commands, command,
				strcmp(option->name, "--undo") == 0 &&
						strcmp(command, "revoke") == 0
					? "; to undo a revocation: joingatectl unrevoke"
					: "");
		i += option->kind != TRUE && option->kind != FALSE;
	}
	return 0;
}

static const struct row *find_row(char **words, int n)
{
	for (size_t i = 0; i < JG_ARRAY_SIZE(rows); i++)
		if (n >= 1 && strcmp(rows[i].command, words[0]) == 0 &&
			(rows[i].sub == NULL || (n >= 2 && strcmp(rows[i].sub, words[1]) == 0)))
			return &rows[i];
	return NULL;
}

static int fill(struct ctl *ctl, char **words, int n)
{
	const struct row *row = find_row(words, n);
	if (row == NULL)
		return ctl_fail("there is no command %s%s%s; see joingatectl --help",
			n > 0 ? words[0] : "", n > 1 ? " " : "", n > 1 ? words[1] : "");
	int used = row->sub != NULL ? 2 : 1;
	int status = set(ctl, "command", json_string(row->command));
	if (status == 0 && row->member != NULL)
		status = set(ctl, row->member, json_string(row->sub));
	for (size_t a = 0; a < JG_ARRAY_SIZE(row->args) && row->args[a] != NULL && status == 0;
		a++) {
		if (used >= n)
			return ctl_fail("%s%s%s: %s is missing; see joingatectl --help", words[0],
				row->sub != NULL ? " " : "", row->sub != NULL ? row->sub : "",
				row->args[a]);
		status = set_word(ctl, row->args[a], words[used++]);
	}
	if (status == 0 && used < n)
		return ctl_fail("%s is one word too many", words[used]);
	if (status == 0 && ctl->watch && (ctl->json || strcmp(row->command, "stats") != 0))
		return ctl_fail("--watch is for stats alone, without --json");
	return status;
}

int ctl_parse(struct ctl *ctl, int argc, char **argv)
{
	char *words[8];
	int n = 0;
	int status = 0;
	bool only_words = false;
	ctl->request = json_object();
	for (int i = 1; i < argc && status == 0; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (!only_words && strncmp(argv[i], "--", 2) == 0)
			status = take_option(ctl, argc, argv, &i);
		else if (n < (int)JG_ARRAY_SIZE(words))
			words[n++] = argv[i];
		else
			status = ctl_fail("%s is one word too many", argv[i]);
	}
	if (status == 0)
		status = fill(ctl, words, n);
	return status != 0 ? status : check_options(argc, argv, words[0]);
}

// SPDX-License-Identifier: BSD-3-Clause
#include "internal/config.h"

#include <joingate/verify.h>

#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define APP                                                                                    \
	"{\"vendor\": \"livekit\", \"key\": \"k\", \"secrets\": [{\"id\": \"a\", \"secret\": " \
	"\"s\"}]}"
#define POLICY(text)                                                                    \
	"{\"apps\": [{\"vendor\": \"livekit\", \"key\": \"k\", \"secrets\": [{\"id\": " \
	"\"a\", \"secret\": \"s\"}],\n\"policy\": {" text "}}]}"
#define FRONT "{\"id\": 1, \"key\": \"0123456789abcdef\", \"from\": [\"10.0.0.0/24\"]}"

static struct jg_config *parse(const char *text, struct jg_problems *problems)
{
	return jg_config_parse(
		(struct jg_str){text, (uint32_t)strlen(text)}, "/nowhere", JG_CONFIG_ALL, problems);
}

// Every problem of a text, one a line.
static void expect(const char *text, const char *problems_text)
{
	struct jg_problems problems = {0};
	struct jg_config *config = parse(text, &problems);
	char *rendered = NULL;
	size_t size;
	FILE *out = open_memstream(&rendered, &size);
	jg_problems_print(&problems, "f", out);
	fclose(out);
	cr_expect_str_eq(rendered, problems_text);
	cr_expect_eq(config == NULL, problems.mistakes > 0);
	free(rendered);
	jg_config_free(config);
	jg_problems_free(&problems);
}

static struct jg_config *load_good(const char *text)
{
	struct jg_problems problems = {0};
	struct jg_config *config = parse(text, &problems);
	if (config == NULL)
		jg_problems_print(&problems, "f", stderr);
	cr_assert_not_null(config);
	jg_problems_free(&problems);
	return config;
}

Test(config, an_empty_object_gives_the_defaults)
{
	struct jg_config *config = load_good("{}");
	cr_expect_eq(config->workers, 1);
	cr_expect_eq(config->idle, JG_IDLE_PAUSE);
	cr_expect_eq(config->listen_udp, 7600);
	cr_expect_eq(config->insecure, false);
	cr_expect_eq(config->apps_n, 0);
	cr_expect_eq(config->metrics_listen.port, 9600);
	cr_expect_eq(config->metrics_listen.bytes[0], 127);
	cr_expect_str_eq(config->admin_socket.p, "/run/joingate/admin.sock");
	cr_expect_null(config->store_sqlite.p);
	jg_config_free(config);
}

Test(config, policy_presets_are_the_vendors_rules)
{
	struct jg_config *config = load_good("{\"apps\": [" APP "]}");
	const struct jg_policy want = jg_policy_default();
	const struct jg_policy *policy = &config->apps[0].policy;
	cr_expect_eq(policy->default_capabilities, want.default_capabilities);
	cr_expect_eq(policy->publish_sources, want.publish_sources);
	cr_expect_eq(policy->leeway, want.leeway);
	cr_expect_eq(policy->auth_checks, want.auth_checks);
	cr_expect_eq(policy->deny, want.deny);
	cr_expect_eq(policy->require, want.require);
	cr_expect_eq(policy->max_lifetime, want.max_lifetime);
	cr_expect_eq(policy->refresh, want.refresh);
	cr_expect_eq(policy->refresh_until, want.refresh_until);
	cr_expect_eq(policy->reconnect_grace, want.reconnect_grace);
	jg_config_free(config);
}

Test(config, apps_are_read_whole)
{
	struct jg_config *config = load_good(
		"{\"apps\": [" APP
		", {\"vendor\": \"stream\", \"key\": \"q\", \"secrets\": [{\"id\": \"new\", "
		"\"secret\": \"x\", \"not_before\": 5}, {\"id\": \"old\", \"secret\": \"y\", "
		"\"status\": "
		"\"verify-only\", \"not_after\": 9}], \"policy\": {\"leeway\": 7, \"deny\": "
		"[\"signal\"], "
		"\"roles\": {\"admin\": [\"join\", \"room_admin\"]}, \"rooms\": [{\"pattern\": "
		"\"a*\", \"deny\": "
		"[\"hidden\"]}], \"required_claims\": [\"exp\", \"jti\"], \"publish_sources\": "
		"[\"camera\"]}}]}");
	const struct jg_app *app = &config->apps[1];
	cr_assert_eq(config->apps_n, 2);
	cr_expect_eq(app->vendor, JG_VENDOR_STREAM);
	cr_expect_eq(app->index, 1);
	cr_expect(jg_str_eq(app->key, JG_STR("q")));
	cr_assert_eq(app->secrets_n, 2);
	cr_expect_eq(app->secrets[0].not_before, 5);
	cr_expect_eq(app->secrets[0].not_after, JG_TIME_NONE);
	cr_expect_eq(app->secrets[1].status, JG_SECRET_VERIFY_ONLY);
	cr_expect_eq(app->secrets[1].not_after, 9);
	cr_expect_eq(app->policy.leeway, 7);
	cr_expect_eq(app->policy.deny, JG_CAPABILITY(SIGNAL));
	cr_assert_eq(app->policy.roles_n, 1);
	cr_expect(jg_str_eq(app->policy.roles[0].role, JG_STR("admin")));
	cr_expect_eq(
		app->policy.roles[0].capabilities, JG_CAPABILITY(JOIN) | JG_CAPABILITY(ROOM_ADMIN));
	cr_assert_eq(app->policy.rooms_n, 1);
	cr_expect_eq(app->policy.rooms[0].deny, JG_CAPABILITY(HIDDEN));
	cr_expect_eq(app->policy.required_claims, JG_CLAIM_EXP | JG_CLAIM_JTI);
	cr_expect_eq(app->policy.publish_sources, JG_CAPABILITY(PUBLISH_CAMERA));
	jg_config_free(config);
}

Test(config, publish_sources_have_short_and_long_names)
{
	struct jg_config *config =
		load_good(POLICY("\"publish_sources\": [\"publish_camera\", \"unknown\"]"));
	cr_expect_eq(config->apps[0].policy.publish_sources,
		JG_CAPABILITY(PUBLISH_CAMERA) | JG_CAPABILITY(PUBLISH_OTHER));
	jg_config_free(config);
}

Test(config, the_gate_is_read_whole)
{
	struct jg_config *config =
		load_good("{\"ports\": [{\"device\": \"veth0\", \"addresses\": [\"10.0.0.1/24\", "
			  "\"fd00::1/64\"], \"driver\": "
			  "\"tap\"}], \"front_ends\": [" FRONT
			  "], \"metrics\": {\"listen\": \"[::1]:99\"}, \"admin\": "
			  "{\"socket\": \"a.sock\", \"uids\": [7]}, \"eal_extra\": "
			  "[\"--log-level=8\"], \"store\": {\"sqlite\": "
			  "\"/x/y.db\"}}");
	cr_assert_eq(config->ports_n, 1);
	cr_expect_eq(config->ports[0].driver, JG_PORT_TAP);
	cr_expect_eq(config->ports[0].mtu, 1500);
	cr_assert_eq(config->ports[0].addresses_n, 2);
	cr_expect_eq(config->ports[0].addresses[0].prefix, 24);
	cr_expect_eq(config->ports[0].addresses[1].family, 6);
	cr_assert_eq(config->front_ends_n, 1);
	cr_expect_eq(config->front_ends[0].key.len, 16);
	cr_assert_eq(config->front_ends[0].apps_n, 1);
	cr_expect_eq(config->front_ends[0].apps[0].vendor, JG_VENDOR_NONE);
	cr_expect_eq(config->metrics_listen.family, 6);
	cr_expect_eq(config->metrics_listen.port, 99);
	cr_expect_str_eq(config->admin_socket.p, "/nowhere/a.sock");
	cr_expect_eq(config->admin_uids[0], 7);
	cr_expect_str_eq(config->store_sqlite.p, "/x/y.db");
	cr_expect_str_eq(config->eal_extra[0].p, "--log-level=8");
	jg_config_free(config);
}

struct bad {
	const char *text;
	const char *problems;
};

static void expect_all(const struct bad *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect(table[i].text, table[i].problems);
}

Test(config, wrong_values_are_told_with_their_place)
{
	static const struct bad table[] = {
		{"{\n  \"workers\": 700}", "f:2:14: workers is 700; expected 1..128\n"},
		{"{\"workers\": 0}", "f:1:13: workers is 0; expected 1..128\n"},
		{"{\"workers\": \"two\"}",
			"f:1:13: workers is \"two\"; expected a whole number, 1..128\n"},
		{"{\"workers\": 1.5}", "f:1:13: workers is 1.5; expected a whole number, 1..128\n"},
		{"{\"workers\": null}",
			"f:1:13: workers is null; expected a whole number, 1..128\n"},
		{"{\"idle\": \"fast\"}",
			"f:1:10: idle is \"fast\"; expected poll, pause or sleep\n"},
		{"{\"idle\": \"poll|pause\"}",
			"f:1:10: idle is \"poll|pause\"; expected poll, pause or sleep\n"},
		{"{\"insecure\": 1}", "f:1:14: insecure is 1; expected true or false\n"},
		{"{\"listen\": {\"udp\": 65536}}",
			"f:1:20: listen.udp is 65536; expected 1..65535\n"},
		{"{\"listen\": 7600}", "f:1:12: listen is not an object; expected {...}\n"},
		{"{\"apps\": {}}",
			"f:1:10: apps is an object; expected a list of 0..1000000 apps\n"},
		{"{\"apps\": [5]}", "f:1:11: apps[0] is not an object; expected {...}\n"},
		{"{\"user\": \"\"}", "f:1:10: user is 0 bytes; expected 1..32 bytes\n"},
		{"{\"eal_extra\": [\"\"]}",
			"f:1:16: eal_extra[0] is not a word; expected 1..4096 bytes of text\n"},
		{"{\"admin\": {\"uids\": [-1]}}",
			"f:1:21: admin.uids[0] is not a user; expected a number, 0..4294967294\n"},
		{"{\"metrics\": {\"listen\": \"localhost:1\"}}",
			"f:1:24: metrics.listen is \"localhost:1\"; expected address:port, or \"\" "
			"for none\n"},
		{"[]", "f:1:1: is not an object; expected {...}\n"},
	};
	expect_all(table, JG_ARRAY_SIZE(table));
}

Test(config, unknown_settings_come_with_the_nearest_name)
{
	static const struct bad table[] = {
		{"{\"worker\": 1}", "f:1:2: worker is not a setting; did you mean workers?\n"},
		{"{\"colour\": 1}", "f:1:2: colour is not a setting\n"},
		{"{\"store\": {\"etcd\": {\"prefx\": \"/\"}}}",
			"f:1:21: store.etcd.prefx is not a setting; did you mean prefix?\n"},
		{"{\"listen.udp\": 5}", "f:1:2: listen.udp is not a setting\n"},
		{"{\"\": 5}", "f:1:2: is not a setting\n"},
		{POLICY("\"leway\": 3"),
			"f:2:12: apps[0].policy.leway is not a setting; did you mean leeway?\n"},
		{POLICY("\"deny\": [\"room_admn\"]"),
			"f:2:21: apps[0].policy.deny[0] is \"room_admn\"; expected a capability; "
			"did you "
			"mean room_admin?\n"},
		{POLICY("\"publish_sources\": [\"kamera\"]"),
			"f:2:32: apps[0].policy.publish_sources[0] is \"kamera\"; expected a "
			"source: camera, "
			"microphone, screen_share, screen_share_audio or other; did you mean "
			"camera?\n"},
		{POLICY("\"required_claims\": [4]"),
			"f:2:32: apps[0].policy.required_claims[0] is \"\"; expected exp, iat or "
			"jti\n"},
	};
	expect_all(table, JG_ARRAY_SIZE(table));
}

Test(config, mistakes_in_apps_are_told)
{
	static const struct bad table[] = {
		{"{\"apps\": [{}]}",
			"f:1:11: apps[0].key is not given; expected 1..128 bytes: API key, project "
			"key, "
			"application id or App ID\n"
			"f:1:11: apps[0].secrets is not given; expected 1..64 secrets: what signs "
			"this app's "
			"tokens; several overlap during a rotation\n"
			"f:1:11: apps[0].vendor is not given; expected livekit, stream, opentok, "
			"vonage or "
			"agora: whose token formats: livekit, stream, opentok, vonage or agora\n"},
		{"{\"apps\": [" APP ",\n" APP "]}", "f:2:30: apps[1].key is that of apps[0]\n"},
		{"{\"apps\": [{\"vendor\": \"livekit\", \"key\": \"k\", \"secrets\": [{\"id\": "
		 "\"a\"}]}]}",
			"f:1:57: apps[0].secrets[0].secret is not given; expected secret or "
			"secret_file\n"},
		{"{\"apps\": [{\"vendor\": \"vonage\", \"key\": \"k\", \"secrets\": [{\"id\": "
		 "\"a\", \"secret\": "
		 "\"s\"}]}]}",
			"f:1:78: apps[0].secrets[0].secret is given; vonage signs with RSA: "
			"expected "
			"public_key or public_key_file\n"},
		{"{\"apps\": [{\"vendor\": \"zoom\", \"key\": \"k\", \"secrets\": [{\"id\": \"a\", "
		 "\"secret\": "
		 "\"s\"}]}]}",
			"f:1:22: apps[0].vendor is \"zoom\"; expected livekit, stream, opentok, "
			"vonage or "
			"agora\n"},
		{"{\"apps\": [{\"vendor\": \"livekit\", \"key\": \"k\", \"secrets\": [{\"id\": "
		 "\"a\", \"secret\": "
		 "12345}]}]}",
			"f:1:79: apps[0].secrets[0].secret is 12345; expected text, 1..4096 "
			"bytes\n"},
		{POLICY("\"auth_checks\": false"),
			"f:2:27: apps[0].policy.auth_checks is false; only stream has development "
			"tokens\n"},
		{POLICY("\"leeway\": 301"),
			"f:2:22: apps[0].policy.leeway is 301; expected 0..300 seconds\n"},
		{POLICY("\"roles\": {\"a.b\": 3}"),
			"f:2:29: apps[0].policy.roles.a.b is not a list; expected capabilities\n"},
		{POLICY("\"rooms\": [{\"deny\": []}]"),
			"f:2:22: apps[0].policy.rooms[0].pattern is not given; expected 1..256 "
			"bytes: glob "
			"over the whole room name: * any run, ? one character\n"},
		{POLICY("\"deny\": [\"hidden\"], \"require\": [\"hidden\"]"),
			"f:2:43: warning: apps[0].policy.require holds what deny takes away: "
			"nobody is "
			"admitted\n"},
	};
	expect_all(table, JG_ARRAY_SIZE(table));
}

Test(config, mistakes_in_cut_offs_are_told)
{
	static const struct bad table[] = {
		{"{\"cut_offs\": [{\"vendor\": \"stream\", \"app\": \"a\", \"scope\": \"user\", "
		 "\"before\": 5}]}",
			"f:1:15: cut_offs[0].user is not given; this scope needs it\n"},
		{"{\"cut_offs\": [{\"vendor\": \"stream\", \"app\": \"a\", \"scope\": \"app\", "
		 "\"room\": \"x\", "
		 "\"before\": 5}]}",
			"f:1:72: cut_offs[0].room does not belong to this scope\n"},
		{"{\"cut_offs\": [{\"vendor\": \"stream\", \"app\": \"a\", \"scope\": \"token\", "
		 "\"token_id\": "
		 "\"0G\", \"before\": 5}]}",
			"f:1:78: cut_offs[0].token_id is \"0G\"; expected 32 hex digits\n"},
		{"{\"cut_offs\": [{\"vendor\": \"stream\", \"app\": \"a\", \"scope\": \"all\", "
		 "\"before\": 0}]}",
			"f:1:57: cut_offs[0].scope is \"all\"; expected app, user, room, "
			"participant, secret or "
			"token\n"
			"f:1:74: cut_offs[0].before is 0; expected 1..4294967294 seconds since "
			"1970\n"},
	};
	expect_all(table, JG_ARRAY_SIZE(table));
}

Test(config, mistakes_in_the_gate_are_told)
{
	static const struct bad table[] = {
		{"{\"insecure\": true, \"ports\": [{\"device\": \"a\", \"addresses\": "
		 "[\"10.0.0.1\"]}]}",
			"f:1:60: ports[0].addresses[0] is \"10.0.0.1\"; expected an address and a "
			"prefix "
			"length: 10.0.0.1/24 or fd00::1/64\n"},
		{"{\"insecure\": true, \"ports\": [{\"device\": \"a\", \"addresses\": []}]}",
			"f:1:59: ports[0].addresses has 0; expected 1..16 addresses\n"},
		{"{\"insecure\": true, \"ports\": [{\"device\": \"a\", \"driver\": \"af_xdp\", "
		 "\"mtu\": 9000, "
		 "\"addresses\": [\"10.0.0.1/8\"]}]}",
			"f:1:73: ports[0].mtu is 9000; expected less than 3542, all that af_xdp "
			"takes\n"},
		{"{\"front_ends\": [{\"id\": 1, \"key\": \"short\", \"from\": [\"10.0.0.0/24\"]}]}",
			"f:1:34: front_ends[0].key is 5 bytes; expected 16..1024 bytes\n"},
		{"{\"front_ends\": [" FRONT ",\n" FRONT "]}",
			"f:2:8: front_ends[1].id is 1, that of front_ends[0]\n"},
		{"{\"front_ends\": [{\"id\": 1, \"key\": \"0123456789abcdef\", \"from\": "
		 "[\"10.0.0.1/24\"], "
		 "\"apps\": [\"zoom:x\"]}]}",
			"f:1:63: front_ends[0].from[0] is \"10.0.0.1/24\", an address within a "
			"network; "
			"expected the network: 10.0.0.0/24\n"
			"f:1:88: front_ends[0].apps[0] is \"zoom:x\"; expected \"*\", \"vendor:*\" "
			"or "
			"\"vendor:key\"\n"},
		{"{\"token_server\": {\"callers\": [{\"id\": \"a\", \"apps\": [\"*\"]}]}}",
			"f:1:31: token_server.callers[0].key is not given; expected key or "
			"key_file\n"},
		{"{\"token_server\": {\"callers\": [{\"id\": \"a\", \"key\": \"0123456789abcdef\", "
		 "\"apps\": "
		 "[\"*\"]},\n{\"id\": \"b\", \"key\": \"0123456789abcdef\", \"apps\": [\"*\"]}]}}",
			"f:2:20: token_server.callers[1].key is that of callers[0]\n"},
		{"{\"store\": {\"sqlite\": \"a\", \"etcd\": {\"endpoints\": [\"http://h\"]}}}",
			"f:1:35: store.etcd has no fleet_key_file, which seals secrets there\n"
			"f:1:50: store.etcd.endpoints[0] is not encrypted; expected https://, or "
			"store.etcd.insecure\n"},
	};
	expect_all(table, JG_ARRAY_SIZE(table));
}

Test(config, all_mistakes_are_told_at_once_in_order)
{
	expect("{\"workers\": 0,\n\"burst\": 0,\n\"idle\": 4,\n\"x\": 1}",
		"f:1:13: workers is 0; expected 1..128\n"
		"f:2:10: burst is 0; expected 1..256 packets\n"
		"f:3:9: idle is 4; expected poll, pause or sleep\n"
		"f:4:1: x is not a setting\n");
}

Test(config, a_syntax_error_ends_the_search)
{
	expect("{\"workers\": 0,\n\"burst\" 0}", "f:2:9: not JSON: ':' expected\n");
	expect("{\"workers\": 1, \"workers\": 2}", "f:1:24: not JSON: duplicate object key\n");
	expect("", "f:1:1: not JSON: '[' or '{' expected\n");
}

Test(config, a_secret_never_stands_in_a_message)
{
	static const char *const texts[] = {
		"{\"apps\": [{\"vendor\": \"livekit\", \"key\": \"k\", \"secrets\": [{\"id\": "
		"\"a\", \"secret\": "
		"\"HUSH\" \"HUSH\"}]}]}",
		"{\"apps\": [{\"secrets\": [{\"secret\": [\"HUSH\"]}]}]}",
		"{\"front_ends\": [{\"key\": \"HUSH\"}]}",
		"{\"apps\": [{\"vendor\": \"vonage\", \"key\": \"k\", \"secrets\": [{\"id\": "
		"\"a\", "
		"\"public_key\": \"HUSH\"}]}]}",
		"{\"secret\": \"HUSH\"}",
	};
	for (size_t i = 0; i < JG_ARRAY_SIZE(texts); i++) {
		struct jg_problems problems = {0};
		cr_expect_null(parse(texts[i], &problems));
		cr_expect_gt(problems.mistakes, 0);
		for (uint32_t p = 0; p < problems.n; p++)
			cr_expect_null(strstr(problems.list[p].text, "HUSH"));
		jg_problems_free(&problems);
	}
}

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void remove_folder(const char *folder)
{
	static const char *const names[] = {"c.json", "s.key", "open.key"};
	char path[256];
	for (size_t i = 0; i < JG_ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

#define FILED(file)                                                                     \
	"{\"apps\": [{\"vendor\": \"livekit\", \"key\": \"k\", \"secrets\": [{\"id\": " \
	"\"a\", \"secret_file\": \"" file "\"}]}]}"

static void expect_secret(const char *folder, struct jg_str secret)
{
	char path[256];
	struct jg_problems problems = {0};
	(void)snprintf(path, sizeof(path), "%s/c.json", folder);
	struct jg_config *config = jg_config_load(path, JG_CONFIG_ALL, &problems);
	cr_assert_not_null(config);
	cr_assert_eq(problems.n, 0);
	cr_expect(jg_str_eq(config->apps[0].secrets[0].secret, secret));
	jg_config_free(config);
}

Test(config, a_key_file_of_the_service_manager_comes_first)
{
	char folder[] = "/tmp/joingate-config-XXXXXX";
	char credentials[] = "/tmp/joingate-config-XXXXXX";
	cr_assert(mkdtemp(folder) != NULL && mkdtemp(credentials) != NULL);
	cr_assert_eq(setenv("CREDENTIALS_DIRECTORY", credentials, 1), 0);
	write_file(folder, "s.key", "of the folder", 0600);
	write_file(folder, "c.json", FILED("s.key"), 0600);
	expect_secret(folder, JG_STR("of the folder"));
	write_file(credentials, "s.key", "handed over", 0400);
	expect_secret(folder, JG_STR("handed over"));
	remove_folder(credentials);
	remove_folder(folder);
}

Test(config, a_key_file_is_its_bytes_less_one_newline)
{
	char folder[] = "/tmp/joingate-config-XXXXXX";
	char path[256];
	struct jg_problems problems = {0};
	cr_assert_not_null(mkdtemp(folder));
	write_file(folder, "s.key", " two\n\n", 0600);
	write_file(folder, "c.json", FILED("s.key"), 0600);
	(void)snprintf(path, sizeof(path), "%s/c.json", folder);
	struct jg_config *config = jg_config_load(path, JG_CONFIG_ALL, &problems);
	cr_assert_not_null(config);
	cr_expect_eq(problems.n, 0);
	cr_expect(jg_str_eq(config->apps[0].secrets[0].secret, JG_STR(" two\n")));
	jg_config_free(config);
	remove_folder(folder);
}

Test(config, secrets_that_everybody_can_read_are_warned_of)
{
	char folder[] = "/tmp/joingate-config-XXXXXX";
	char path[256];
	struct jg_problems problems = {0};
	cr_assert_not_null(mkdtemp(folder));
	write_file(folder, "open.key", "s", 0644);
	write_file(folder, "c.json", FILED("open.key"), 0600);
	(void)snprintf(path, sizeof(path), "%s/c.json", folder);
	struct jg_config *config = jg_config_load(path, JG_CONFIG_ALL, &problems);
	cr_assert_not_null(config);
	cr_assert_eq(problems.n, 1);
	cr_expect(problems.list[0].warning);
	cr_expect_not_null(strstr(problems.list[0].text, "chmod 600"));
	jg_config_free(config);
	jg_problems_free(&problems);
	write_file(folder, "c.json", "{\"apps\": [" APP "]}", 0644);
	config = jg_config_load(path, JG_CONFIG_ALL, &problems);
	cr_assert_not_null(config);
	cr_assert_eq(problems.n, 1);
	cr_expect(problems.list[0].warning);
	jg_config_free(config);
	jg_problems_free(&problems);
	remove_folder(folder);
}

Test(config, files_that_cannot_be_read_are_told)
{
	struct jg_problems problems = {0};
	cr_expect_null(jg_config_load("/nonexistent/c.json", JG_CONFIG_ALL, &problems));
	cr_assert_eq(problems.n, 1);
	cr_expect_str_eq(problems.list[0].text,
		"cannot be read: No such file or directory; expected a JSON file");
	jg_problems_free(&problems);
	expect(FILED("none.key"),
		"f:1:84: apps[0].secrets[0].secret_file names /nowhere/none.key: No such file or "
		"directory; expected a readable file of at most 4096 bytes\n");
}

Test(config, apps_alone_can_be_read_where_the_rest_is_not_at_hand)
{
	static const char text[] =
		"{\"apps\": [" APP "], \"front_ends\": [{\"key_file\": \"none\"}], \"workers\": 0}";
	struct jg_problems problems = {0};
	struct jg_config *config =
		jg_config_parse(JG_STR(text), "/nowhere", JG_CONFIG_APPS, &problems);
	cr_assert_not_null(config);
	cr_expect_eq(config->apps_n, 1);
	jg_config_free(config);
	jg_problems_free(&problems);
}

Test(config, a_change_that_needs_a_restart_is_found)
{
	struct jg_config *a = load_good("{\"workers\": 1, \"apps\": [" APP "]}");
	struct jg_config *b = load_good("{\"apps\": []}");
	struct jg_config *c = load_good("{\"workers\": 2}");
	cr_expect_null(jg_config_fixed(a, b));
	cr_expect_str_eq(jg_config_fixed(a, c), "workers");
	jg_config_free(a);
	jg_config_free(b);
	jg_config_free(c);
}

Test(config, a_rendered_app_reads_back)
{
	struct jg_config *config =
		load_good(POLICY("\"leeway\": 5, \"deny\": [\"hidden\"], \"roles\": {\"x\": "
				 "[\"join\"]}, \"rooms\": [{\"pattern\": "
				 "\"r?\"}], \"required_claims\": [\"iat\"], \"publish_sources\": "
				 "[\"other\", \"camera\"]"));
	char *once = jg_config_app_render(&config->apps[0], true);
	cr_assert_not_null(once);
	char *text = NULL;
	cr_assert_geq(asprintf(&text, "{\"apps\": [%s]}", once), 0);
	struct jg_config *again = load_good(text);
	char *twice = jg_config_app_render(&again->apps[0], true);
	cr_expect_str_eq(once, twice);
	char *hidden = jg_config_app_render(&config->apps[0], false);
	cr_expect_null(strstr(hidden, "\"secret\":\"s\""));
	cr_expect_not_null(strstr(hidden, "\"secret\":null"));
	free(once);
	free(twice);
	free(hidden);
	free(text);
	jg_config_free(config);
	jg_config_free(again);
}

Test(config, a_snapshot_holds_what_the_file_says)
{
	struct jg_config *config = load_good(
		"{\"apps\": [" APP "], \"front_ends\": [" FRONT
		"], \"cut_offs\": [{\"vendor\": \"livekit\", \"app\": \"k\", \"scope\": \"user\", "
		"\"user\": \"u\", \"before\": 5}]}");
	struct jg_error err = {""};
	struct jg_snapshot *snapshot = jg_config_snapshot(config, NULL, 1, &err);
	cr_expect_not_null(snapshot, "%s", err.text);
	jg_snapshot_free(snapshot);
	jg_config_free(config);
}

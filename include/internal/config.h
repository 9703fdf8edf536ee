// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/**
 * Settings of a gate, declared once. From the table below come the structures, the defaults, the
 * loader, `joingate check`, `joingate help settings`, the example and docs/configuration.md.
 * Implemented by control/config; sees no DPDK header.
 */

#include "internal/address.h"
#include "internal/base.h"

#include <joingate/snapshot.h>

#include <stdio.h>

#define JG_PORTS_MAX 16
#define JG_WORKERS_MAX 128

// clang-format off
/**
 * X(field, KIND, "path", "default", min, max, "unit", RELOAD, "help")
 *
 * The default is JSON text; "" = none, "!" = must be given; null is legal where it is the default. min..max: of an INTEGER or TIME its
 * value, of TEXT, SECRET and files their bytes, of lists their entries. The unit of a WORD is its list of words,
 * whose numbers are their places in it. RELOAD: YES = a reload applies it, NO = needs a restart.
 */
#define JG_CONFIG_ROOT(X) \
	X(apps,                APPS,       "apps",                     "[]",        0, 1000000,  "apps",    YES, "whose tokens are judged: vendor, key, secrets and policy") \
	X(cut_offs,            CUT_OFFS,   "cut_offs",                 "[]",        0, 1000000,  "cut-offs", YES, "refuse what was issued before a time") \
	X(ports,               PORTS,      "ports",                    "[]",        0, JG_PORTS_MAX, "ports", NO, "where requests arrive") \
	X(workers,             INTEGER,    "workers",                  "1",         1, JG_WORKERS_MAX, "",   NO,  "worker threads, one core and one queue of every port each") \
	X(idle,                WORD,       "idle",                     "\"pause\"", 0, 0, "poll|pause|sleep", NO, "what a worker does when nothing arrives: spin, take short naps, or naps of up to a millisecond (docs/idle.md)") \
	X(burst,               INTEGER,    "burst",                    "64",        1, 256,      "packets", NO,  "packets taken from a queue at once, at most") \
	X(listen_udp,          INTEGER,    "listen.udp",               "7600",      1, 65535,    "",        NO,  "UDP port of the gate") \
	X(front_ends,          FRONT_ENDS, "front_ends",               "[]",        0, JG_CALLERS_MAX - 1, "front ends", YES, "who may ask") \
	X(insecure,            BOOLEAN,    "insecure",                 "false",     0, 0,        "",        NO,  "answer requests without a MAC, from anywhere: for a laptop or a closed network only") \
	X(store_sqlite,        PATH,       "store.sqlite",             "",          1, 4095,     "bytes",   NO,  "database file that keeps apps and cut-offs (with etcd: the last state known); the settings of that name then seed an empty one") \
	X(store_etcd_endpoints, TEXTS,     "store.etcd.endpoints",     "[]",        0, 16,       "URLs",    NO,  "etcd members of the fleet: https://host:2379") \
	X(store_etcd_prefix,   TEXT,       "store.etcd.prefix",        "\"/joingate/\"", 1, 256, "bytes",   NO,  "where the fleet's records live in etcd") \
	X(store_etcd_ca,       PATH,       "store.etcd.ca_file",       "",          1, 4095,     "bytes",   NO,  "certificates that sign etcd's") \
	X(store_etcd_cert,     PATH,       "store.etcd.cert_file",     "",          1, 4095,     "bytes",   NO,  "certificate of this node, for etcd with client certificates") \
	X(store_etcd_cert_key, PATH,       "store.etcd.key_file",      "",          1, 4095,     "bytes",   NO,  "private key of cert_file") \
	X(store_etcd_user,     TEXT,       "store.etcd.user",          "",          1, 256,      "bytes",   NO,  "etcd user name") \
	X(store_etcd_password, KEY_FILE,   "store.etcd.password_file", "",          1, 1024,     "bytes",   NO,  "file with the etcd user's password") \
	X(store_etcd_fleet_key, KEY_FILE,  "store.etcd.fleet_key_file", "",         32, 1024,    "bytes",   NO,  "file with the key that seals secrets in etcd, the same on every node") \
	X(store_etcd_insecure, BOOLEAN,    "store.etcd.insecure",      "false",     0, 0,        "",        NO,  "allow http:// endpoints") \
	X(store_etcd_timeout,  INTEGER,    "store.etcd.timeout",       "3000",      100, 60000,  "milliseconds", NO, "how long a member of etcd has for an answer before another one is asked") \
	X(store_etcd_lease,    INTEGER,    "store.etcd.lease",         "10",        2, 3600,     "seconds", NO,  "silence after which a gate shows as cut off; added to max_staleness before the others count it as fenced; its membership is renewed three times within it") \
	X(store_max_staleness, INTEGER,    "store.max_staleness",      "0",         0, 604800,   "seconds", NO,  "with etcd: admit nobody when the last renewal is older; 0 = go on for ever with what is known") \
	X(log_format,          WORD,       "log.format",               "\"text\"",  0, 0,        "text|json", YES, "lines on stderr as text, or as a JSON object each (docs/logs.md)") \
	X(log_level,           WORD,       "log.level",                "\"info\"",  0, 0,        "error|warning|info", YES, "the least that is logged") \
	X(log_refusals,        INTEGER,    "log.refusals",             "1",         0, 100,      "lines",   YES, "refused joins logged for one reason in one second, at most; 0 = none") \
	X(metrics_listen,      LISTEN,     "metrics.listen",           "\"127.0.0.1:9600\"", 0, 64, "bytes", NO, "address and port of the metrics; \"\" = none") \
	X(metrics_hosts,       TEXTS,      "metrics.hosts",            "[]",        0, 64,       "names",   NO,  "names beside the address itself under which the metrics may be asked for: a Host of any other is refused") \
	X(admin_socket,        PATH,       "admin.socket",             "\"/run/joingate/admin.sock\"", 1, 107, "bytes", NO, "socket of joingatectl") \
	X(admin_uids,          UIDS,       "admin.uids",               "[]",        0, 64,       "uids",    NO,  "users that may use it beside root and the gate's own") \
	X(user,                TEXT,       "user",                     "",          1, 32,       "bytes",   NO,  "user to become after the start") \
	X(eal_extra,           TEXTS,      "eal_extra",                "[]",        0, 64,       "words",   NO,  "words handed to DPDK's EAL as they are") \
	X(token_server_listen, LISTEN,     "token_server.listen",      "\"127.0.0.1:7680\"", 0, 64, "bytes", NO, "address and port of `joingate token-server`") \
	X(token_server_callers, CALLERS,   "token_server.callers",     "[]",        0, 256,      "callers", NO,  "who may ask the token server for tokens")

#define JG_CONFIG_APP(X) \
	X(vendor,              VENDOR,     "vendor",                   "!",         0, 0,        "",        YES, "whose token formats: livekit, stream, opentok, vonage or agora") \
	X(key,                 TEXT,       "key",                      "!",         1, 128,      "bytes",   YES, "API key, project key, application id or App ID") \
	X(secrets,             SECRETS,    "secrets",                  "!",         1, 64,       "secrets", YES, "what signs this app's tokens; several overlap during a rotation") \
	X(policy,              POLICY,     "policy",                   "{}",        0, 0,        "",        YES, "what is allowed beyond the vendor's own rules")

#define JG_CONFIG_SECRET(X) \
	X(id,                  TEXT,       "id",                       "!",         1, 64,       "bytes",   YES, "name of the secret, shown in verdicts") \
	X(secret,              SECRET,     "secret",                   "",          1, 4096,     "bytes",   YES, "API secret or App Certificate, as it is") \
	X(secret,              CONTENT,    "secret_file",              "",          1, 4096,     "bytes",   YES, "file with the secret") \
	X(public_key,          SECRET,     "public_key",               "",          1, 65536,    "bytes",   YES, "vonage: RSA public key, PEM") \
	X(public_key,          CONTENT,    "public_key_file",          "",          1, 65536,    "bytes",   YES, "vonage: file with it") \
	X(private_key,         SECRET,     "private_key",              "",          1, 65536,    "bytes",   YES, "vonage: RSA private key, PEM; only to mint") \
	X(private_key,         CONTENT,    "private_key_file",         "",          1, 65536,    "bytes",   YES, "vonage: file with it") \
	X(status,              WORD,       "status",                   "\"active\"", 0, 0, "active|verify-only|retired", YES, "active: signs and verifies; verify-only: still verifies; retired: not used") \
	X(not_before,          TIME,       "not_before",               "null",      0, 253402300799, "seconds since 1970", YES, "usable from this second on") \
	X(not_after,           TIME,       "not_after",                "null",      0, 253402300799, "seconds since 1970", YES, "usable before this second")

#define JG_CONFIG_POLICY(X) \
	X(auth_checks,         BOOLEAN,    "auth_checks",              "true",      0, 0,        "",        YES, "stream: false admits unsigned development tokens") \
	X(default_capabilities, CAPABILITIES, "default_capabilities",  "[\"join\", \"subscribe\", \"publish_camera\", \"publish_microphone\", \"publish_screen_share\", \"publish_screen_share_audio\", \"signal\"]", 0, 64, "capabilities", YES, "stream: what a user token gives") \
	X(deny,                CAPABILITIES, "deny",                   "[]",        0, 64,       "capabilities", YES, "taken away; without join nobody is admitted") \
	X(require,             CAPABILITIES, "require",                "[]",        0, 64,       "capabilities", YES, "refuse a token that lacks one of these") \
	X(publish_sources,     SOURCES,    "publish_sources",          "[\"camera\", \"microphone\", \"screen_share\", \"screen_share_audio\", \"other\"]", 0, 8, "sources", YES, "what may be published of what the token allows") \
	X(roles,               ROLES,      "roles",                    "{}",        0, 64,       "roles",   YES, "role word: capabilities in place of the vendor's meaning") \
	X(leeway,              INTEGER,    "leeway",                   "null",      0, 300,      "seconds", YES, "tolerance for clocks; null: the vendor's (livekit 60, others 0)") \
	X(max_lifetime,        INTEGER,    "max_lifetime",             "0",         0, 3153600000, "seconds", YES, "refuse tokens that live longer; 0 = the vendor's limit") \
	X(required_claims,     CLAIMS,     "required_claims",          "[]",        0, 3,        "claims",  YES, "of exp, iat and jti, what a token must have") \
	X(rooms,               ROOMS,      "rooms",                    "[]",        0, 256,      "patterns", YES, "only rooms that match one of these; none = every room") \
	X(reconnect_grace,     INTEGER,    "reconnect_grace",          "0",         0, 86400,    "seconds", YES, "how long after its end a token still lets a reconnect in; 0 = not") \
	X(refresh,             BOOLEAN,    "refresh",                  "false",     0, 0,        "",        YES, "answer refresh requests with a new token") \
	X(refresh_until,       INTEGER,    "refresh_until",            "0",         0, 3153600000, "seconds", YES, "a chain of refreshed tokens ends this long after the first; 0 = never")

#define JG_CONFIG_ROOM(X) \
	X(pattern,             TEXT,       "pattern",                  "!",         1, 256,      "bytes",   YES, "glob over the whole room name: * any run, ? one character") \
	X(deny,                CAPABILITIES, "deny",                   "[]",        0, 64,       "capabilities", YES, "taken away in these rooms")

#define JG_CONFIG_CUT_OFF(X) \
	X(vendor,              VENDOR,     "vendor",                   "!",         0, 0,        "",        YES, "vendor of the app") \
	X(app,                 TEXT,       "app",                      "!",         1, 128,      "bytes",   YES, "key of the app") \
	X(scope,               SCOPE,      "scope",                    "!",         0, 0,        "",        YES, "app, user, room, participant, secret or token") \
	X(user,                TEXT,       "user",                     "",          0, 1024,     "bytes",   YES, "scopes user and participant: the identity") \
	X(room,                TEXT,       "room",                     "",          0, 1024,     "bytes",   YES, "scopes room and participant") \
	X(secret,              TEXT,       "secret",                   "",          1, 64,       "bytes",   YES, "scope secret: its id") \
	X(token_id,            TOKEN_ID,   "token_id",                 "",          0, 0,        "32 hex digits", YES, "scope token: as `joingate verify` prints it") \
	X(before,              TIME,       "before",                   "!",         1, 4294967294, "seconds since 1970", YES, "refuse what was issued before this second")

#define JG_CONFIG_PORT(X) \
	X(device,              TEXT,       "device",                   "!",         1, 128,      "bytes",   NO,  "network interface, PCI address, or name of a DPDK virtual device") \
	X(driver,              WORD,       "driver",                   "\"auto\"",  0, 0, "auto|af_packet|af_xdp|tap|memif|ring|pci", NO, "how DPDK opens it; auto: pci for a PCI address, else af_packet") \
	X(args,                TEXT,       "args",                     "",          1, 1024,     "bytes",   NO,  "more device arguments, as DPDK takes them: force_copy=1") \
	X(addresses,           ADDRESSES,  "addresses",                "!",         1, 16,       "addresses", NO, "addresses that the gate answers for, each with its prefix length") \
	X(mtu,                 INTEGER,    "mtu",                      "1500",      576, 9600,   "bytes",   NO,  "largest IP packet sent") \
	X(framesz,             INTEGER,    "framesz",                  "32768",     2048, 65536, "bytes",   NO,  "af_packet: one frame of its ring; longer datagrams are cut") \
	X(mbufs,               INTEGER,    "mbufs",                    "0",         0, 1048576,  "packet buffers", NO, "buffers of the port; 0 = as many as its queues need") \
	X(descriptors,         INTEGER,    "descriptors",              "0",         0, 32768,    "packets", NO,  "length of each queue; 0 = the driver's own")

#define JG_CONFIG_FRONT_END(X) \
	X(id,                  INTEGER,    "id",                       "!",         1, 65535,    "",        YES, "number that its requests carry") \
	X(key,                 SECRET,     "key",                      "",          16, 1024,    "bytes",   YES, "key of its MACs") \
	X(key,                 CONTENT,    "key_file",                 "",          16, 1024,    "bytes",   YES, "file with the key") \
	X(from,                PREFIXES,   "from",                     "!",         1, 64,       "prefixes", YES, "where its requests come from: 10.0.0.0/24") \
	X(apps,                ALLOWED,    "apps",                     "[\"*\"]",   1, 1024,     "apps",    YES, "what it may ask about: \"*\", \"vendor:*\" or \"vendor:key\"")

#define JG_CONFIG_CALLER(X) \
	X(id,                  TEXT,       "id",                       "!",         1, 64,       "bytes",   NO,  "name of the caller") \
	X(key,                 SECRET,     "key",                      "",          16, 1024,    "bytes",   NO,  "its API key, sent as Authorization: Bearer") \
	X(key,                 CONTENT,    "key_file",                 "",          16, 1024,    "bytes",   NO,  "file with the key") \
	X(apps,                ALLOWED,    "apps",                     "!",         1, 1024,     "apps",    NO,  "whose tokens it may get: \"*\", \"vendor:*\" or \"vendor:key\"") \
	X(rooms,               TEXTS,      "rooms",                    "[\"*\"]",   1, 256,      "patterns", NO, "globs; the room must match one") \
	X(identities,          TEXTS,      "identities",               "[\"*\"]",   1, 256,      "patterns", NO, "globs; the identity must match one") \
	X(capabilities,        CAPABILITIES, "capabilities",           "[\"join\", \"subscribe\", \"publish_camera\", \"publish_microphone\", \"publish_screen_share\", \"publish_screen_share_audio\", \"publish_other\", \"publish_data\", \"signal\"]", 0, 64, "capabilities", NO, "its tokens give nothing else") \
	X(max_ttl,             INTEGER,    "max_ttl",                  "3600",      1, 2592000,  "seconds", NO,  "longest life of its tokens")

/** Every section: X(SYMBOL, "where it stands"). */
#define JG_CONFIG(X) \
	X(ROOT, "") \
	X(APP, "apps[].") \
	X(SECRET, "apps[].secrets[].") \
	X(POLICY, "apps[].policy.") \
	X(ROOM, "apps[].policy.rooms[].") \
	X(CUT_OFF, "cut_offs[].") \
	X(PORT, "ports[].") \
	X(FRONT_END, "front_ends[].") \
	X(CALLER, "token_server.callers[].")
// clang-format on

enum jg_idle {
	JG_IDLE_POLL = 0,
	JG_IDLE_PAUSE = 1,
	JG_IDLE_SLEEP = 2,
};

enum jg_port_driver {
	JG_PORT_AUTO = 0,
	JG_PORT_AF_PACKET,
	JG_PORT_AF_XDP,
	JG_PORT_TAP,
	JG_PORT_MEMIF,
	JG_PORT_RING,
	JG_PORT_PCI,
};

/** "*", "vendor:*" or "vendor:key". */
struct jg_allowed {
	struct jg_str key; /**< p == NULL: every app of the vendor */
	uint8_t vendor; /**< JG_VENDOR_NONE: every vendor */
};

// Members of the structures by kind. Text is NUL-terminated beyond its length; p == NULL when not
// given. Lists have their count in <field>_n.
#define JG_MEMBER_INTEGER(f) int64_t f;
#define JG_MEMBER_BOOLEAN(f) bool f;
#define JG_MEMBER_WORD(f) uint8_t f;
#define JG_MEMBER_TEXT(f) struct jg_str f;
#define JG_MEMBER_SECRET(f) struct jg_str f;
#define JG_MEMBER_CONTENT(f) /* the member is that of the SECRET row before it */
#define JG_MEMBER_KEY_FILE(f) struct jg_str f;
#define JG_MEMBER_PATH(f) struct jg_str f;
#define JG_MEMBER_LISTEN(f) struct jg_address f;
#define JG_MEMBER_LIST(type, f) \
	const type *f;          \
	uint32_t f##_n;
#define JG_MEMBER_TEXTS(f) JG_MEMBER_LIST(struct jg_str, f)
#define JG_MEMBER_UIDS(f) JG_MEMBER_LIST(uint32_t, f)
#define JG_MEMBER_ADDRESSES(f) JG_MEMBER_LIST(struct jg_address, f)
#define JG_MEMBER_PREFIXES(f) JG_MEMBER_LIST(struct jg_address, f)
#define JG_MEMBER_ALLOWED(f) JG_MEMBER_LIST(struct jg_allowed, f)
#define JG_MEMBER_APPS(f) JG_MEMBER_LIST(struct jg_app, f)
#define JG_MEMBER_CUT_OFFS(f) JG_MEMBER_LIST(struct jg_cut_off, f)
#define JG_MEMBER_PORTS(f) JG_MEMBER_LIST(struct jg_config_port, f)
#define JG_MEMBER_CAPABILITIES(f) uint64_t f;
#define JG_MEMBER_CALLERS(f) JG_MEMBER_LIST(struct jg_config_caller, f)
#define JG_MEMBER_FRONT_ENDS(f) JG_MEMBER_LIST(struct jg_config_front_end, f)

#define X(field, kind, path, preset, min, max, unit, reload, help) JG_MEMBER_##kind(field)
struct jg_config_port {
	JG_CONFIG_PORT(X)
};

/** Its caller number is its place in front_ends plus 1. */
struct jg_config_front_end {
	JG_CONFIG_FRONT_END(X)
};

struct jg_config_caller {
	JG_CONFIG_CALLER(X)
};

struct jg_config_memory;

/** What a file says, defaults filled in. Owns everything it points to; all of it is wiped. */
struct jg_config {
	JG_CONFIG_ROOT(X)
	struct jg_config_memory *memory;
	uint64_t fixed[64]; /**< digest of each root setting as written, for jg_config_fixed() */
};
#undef X

/** Something wrong in a file. Line and column (in characters) count from 1; 0 = the file as such. */
struct jg_problem {
	uint32_t line;
	uint32_t column;
	bool warning; /**< the file can be used nevertheless */
	char text[500]; /**< "workers is 700; expected 1..128" */
};

/** Start with {0}. Sorted by place. */
struct jg_problems {
	struct jg_problem *list;
	uint32_t n;
	uint32_t mistakes; /**< of n, those that are not warnings */
};

enum jg_config_parts {
	JG_CONFIG_APPS, /**< apps and cut_offs alone, what verifying and minting need */
	JG_CONFIG_TOKEN_SERVER, /**< those and token_server */
	JG_CONFIG_ALL,
};

/**
 * Read a file. Relative file names in it are relative to its folder. All mistakes are found at
 * once, except that a syntax error ends the search.
 *
 * @param[out] problems mistakes and warnings; free with jg_problems_free(), also on success
 * @return NULL when there are mistakes
 */
JG_MUST_CHECK struct jg_config *jg_config_load(
	const char *path, enum jg_config_parts parts, struct jg_problems *problems);

/** The same from memory; folder is where relative file names start. */
JG_MUST_CHECK struct jg_config *jg_config_parse(struct jg_str text, const char *folder,
	enum jg_config_parts parts, struct jg_problems *problems);

/** Wipe and free; NULL is allowed. */
void jg_config_free(struct jg_config *config);

void jg_problems_free(struct jg_problems *problems);
/** One line each: "joingate.json:12:18: workers is 700; expected 1..128". */
void jg_problems_print(const struct jg_problems *problems, const char *file, FILE *out);

/** The snapshot of a configuration: apps and front ends. cut_offs may be NULL. */
JG_MUST_CHECK struct jg_snapshot *jg_config_snapshot(const struct jg_config *config,
	const struct jg_cut_offs *cut_offs, uint64_t epoch, struct jg_error *err);

/** Let the front ends ask what they may, where the apps come from elsewhere (a store). What names an
 * app that is not there is passed over. */
JG_MUST_CHECK int jg_config_allow(
	const struct jg_config *config, struct jg_snapshot_builder *builder, struct jg_error *err);

/** Write the file's cut_offs into a table. */
JG_MUST_CHECK int jg_config_seed_cut_offs(
	const struct jg_config *config, struct jg_cut_offs *cut_offs, struct jg_error *err);

/** The first setting that differs and cannot be reloaded; NULL when a reload is enough. */
const char *jg_config_fixed(const struct jg_config *a, const struct jg_config *b);

/** An app as one JSON object, as it would stand in the file. Secrets only when asked for, else null
 * in their place. Free it; with secrets, wipe it first. NULL when memory ran out. */
JG_MUST_CHECK char *jg_config_app_render(const struct jg_app *app, bool secrets);

/** The table of settings, for people. */
void jg_config_describe(FILE *out);

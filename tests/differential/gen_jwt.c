// SPDX-License-Identifier: BSD-3-Clause
// LiveKit, Stream, OpenTok and Vonage JWTs.
#include "gen_json.h"

#include <assert.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

static const char *number(struct gen *g, int64_t value)
{
	return gen_text(g, "%lld", (long long)value);
}

static const char *any_text(struct gen *g)
{
	static const char *const texts[] = {"", "a", "Alice A.", "{\"seat\":7,\"vip\":false}",
		"quotes \" backslash \\ slash / newline\n tab\t cr\r bell\x07",
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xf0\x9f\x8e\xa5",
		"\",\"role\":\"moderator\",\"x\":\"", "exp", "\xef\xbf\xbd", "e\xcc\x81",
		"user=42&x=y", "\\u0041", "\x7f"};
	if (gen_chance(g, 6)) {
		const size_t n = 200 + gen_below(g, 900);
		char *text = gen_room(g, n);
		memset(text, 'a' + (int)gen_below(g, 26), n);
		return text;
	}
	return GEN_PICK(g, texts);
}

static const char *boolean(struct gen *g)
{
	return gen_chance(g, 70) ? "true" : "false";
}

static const char *header(struct gen *g, const char *alg, size_t *len)
{
	static const char *const good[] = {"{\"alg\":\"%s\"}", "{\"alg\":\"%s\",\"typ\":\"JWT\"}",
		"{\"typ\":\"JWT\",\"alg\":\"%s\"}",
		"{\"alg\":\"%s\",\"typ\":\"jwt\",\"kid\":\"1\"}", " {\n \"alg\" : \"%s\" }\n",
		"{\"\\u0061lg\":\"%s\"}", "{\"alg\":\"%s\",\"typ\":null}",
		"{\"alg\":\"%s\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}"};
	static const char *const odd[] = {"{\"alg\":\"none\"}", "{\"alg\":\"HS384\"}",
		"{\"alg\":\"hs256\"}", "{\"alg\":\"RS256\"}", "{\"alg\":\"HS256\"}", "{}",
		"{\"alg\":null}", "{\"alg\":[\"HS256\"]}", "{\"alg\":\"HS256\",\"crit\":[]}",
		"{\"alg\":\"HS256\",\"crit\":null}", "{\"alg\":\"HS256\",\"b64\":true}",
		"{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
		"{\"alg\":\"none\",\"\\u0061lg\":\"HS256\"}", "[]", "\"HS256\"",
		"{\"alg\":\"HS256\"} x", "{\"alg\":\"HS256\",}", "{\"ALG\":\"HS256\"}",
		"{\"alg\":\"PS256\"}", "{\"alg\":\"HS256 \"}",
		"{\"alg\":\"RS256\",\"crit\":[\"exp\"]}", "{\"alg\":\"HS256\",\"x\":\"\\u0000\"}",
		"{\"alg\":\"HS256\",\"x\":\"\xff\"}", "{\"alg\":\"HS\\u003256\"}",
		"{\"x\":{\"alg\":\"HS256\"}}", "{\"alg\":\"H\\u005332\"}"};
	const char *text;
	if (gen_chance(g, 8)) {
		text = GEN_PICK(g, odd);
	} else {
		const char *pattern = good[gen_chance(g, 70) ? gen_below(g, 3) : gen_below(g, 8)];
		const char *mark = strstr(pattern, "%s");
		text = gen_text(g, "%.*s%s%s", (int)(mark - pattern), pattern, alg, mark + 2);
	}
	*len = strlen(text);
	return text;
}

static char *sign(struct gen *g, const struct ref_app *app, const char *input)
{
	uint8_t signature[512];
	size_t len = sizeof(signature);
	if (app->vendor == JG_VENDOR_VONAGE) {
		EVP_MD_CTX *md = EVP_MD_CTX_new();
		const bool done =
			EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, g->private_key) == 1 &&
			EVP_DigestSign(
				md, signature, &len, (const uint8_t *)input, strlen(input)) == 1;
		assert(done);
		(void)done;
		EVP_MD_CTX_free(md);
	} else {
		unsigned n = 0;
		const char *secret = gen_secret(g, app);
		HMAC(EVP_sha256(), secret, (int)strlen(secret), (const uint8_t *)input,
			strlen(input), signature, &n);
		len = n;
	}
	if (gen_chance(g, 2))
		signature[gen_below(g, (uint32_t)len)] ^= (uint8_t)(1u << gen_below(g, 8));
	if (gen_chance(g, 1))
		len = gen_chance(g, 50) ? len - 1 : len + 1;
	return gen_base64(g, signature, len, GEN_URL);
}

static void finish(
	struct gen *g, struct gen_case *c, struct gen_doc *doc, const struct ref_app *app)
{
	size_t header_len, payload_len;
	static const uint8_t changes[] = {0, 0, 1, 1, 1, 1, 2, 2, 3, 5};
	if (gen_chance(g, 8))
		gen_put(doc, "jg_ancestors", gen_string(g, gen_ancestors(g)));
	for (uint8_t n = changes[gen_below(g, sizeof(changes))]; n > 0; n--)
		gen_change(g, doc);
	const char *payload = gen_render(g, doc, gen_chance(g, 4), &payload_len);
	const char *head =
		header(g, app->vendor == JG_VENDOR_VONAGE ? "RS256" : "HS256", &header_len);
	const char *input = gen_text(g, "%s.%s", gen_base64(g, head, header_len, GEN_URL),
		gen_base64(g, payload, payload_len, GEN_URL));
	const char *token = gen_text(g, "%s.%s", input, sign(g, app, input));
	c->request.vendor = app->vendor;
	c->request.token = token;
	c->request.token_len = strlen(token);
	if (gen_chance(g, 25))
		c->request.app = gen_chance(g, 85) ? app->key : gen_chance(g, 50) ? "other" : "";
	if (gen_chance(g, 7))
		gen_damage(g, c);
}

static struct gen_doc *video(struct gen *g)
{
	static const char *const flags[] = {"canPublish", "canSubscribe", "canPublishData",
		"roomAdmin", "roomCreate", "roomList", "roomRecord", "ingressAdmin",
		"canUpdateOwnMetadata", "hidden", "recorder", "agent", "canSubscribeMetrics",
		"canManageAgentSession"};
	static const char *const lists[] = {"[]", "[\"camera\"]",
		"[\"microphone\",\"screen_share\"]", "[\"CAMERA\"]", "[\"unknown\"]",
		"[\"screen_share_audio\",\"x\",\"camera\"]", "[ \"c\\u0061mera\" ]", "null"};
	static struct gen_doc doc;
	doc.n = 0;
	gen_put(&doc, "roomJoin", gen_chance(g, 95) ? "true" : "false");
	gen_put(&doc, "room", gen_string(g, gen_chance(g, 90) ? "lobby" : any_text(g)));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (gen_chance(g, 20))
			gen_put(&doc, flags[i], boolean(g));
	if (gen_chance(g, 25))
		gen_put(&doc, "canPublishSources", GEN_PICK(g, lists));
	if (gen_chance(g, 5))
		gen_put(&doc, "destinationRoom", "\"overflow\"");
	return &doc;
}

void gen_livekit(struct gen *g, struct gen_case *c)
{
	static const char *const kinds[] = {"\"standard\"", "\"sip\"", "\"AGENT\"", "\"Egress\"",
		"\"toaster\"", "\"ingress\"", "\"connector\"", "\"bridge\"", "\"\""};
	static const char *const attributes[] = {"{}", "{\"team\":\"red\",\"seat.no\":\"12\"}",
		"{\"gr\xc3\xb6\xc3\x9f\x65\":\"gro\xc3\x9f\",\"q\\\"k\":\"v\\n\"}", "{\"a\":\"\"}"};
	static const char *const rare[][2] = {{"sip", "{\"admin\":true}"},
		{"sip", "{\"call\":true,\"admin\":false}"},
		{"agent", "{\"admin\":true,\"databaseAdmin\":true}"},
		{"agent", "{\"simulationAdmin\":true}"}, {"inference", "{\"perform\":true}"},
		{"observability", "{\"write\":true}"},
		{"roomConfig", "{\"name\":\"lobby\",\"agents\":[]}"}, {"roomPreset", "\"p\""},
		{"sha256", "\"AA==\""}, {"kindDetails", "[\"cloud_agent\"]"}, {"jti", "\"legacy\""},
		{"identity", "\"admin\""}, {"iat", "1800000000"}};
	const struct ref_app *app = gen_app(g, JG_VENDOR_LIVEKIT);
	static struct gen_doc doc;
	doc.n = 0;
	gen_put(&doc, "iss", gen_string(g, app->key));
	gen_put(&doc, "sub", gen_string(g, gen_chance(g, 85) ? "alice" : any_text(g)));
	gen_put(&doc, "exp", number(g, GEN_NOW + 21600));
	if (gen_chance(g, 70))
		gen_put(&doc, "nbf", number(g, GEN_NOW));
	doc.member[doc.n++] = (struct gen_member){.key = "video", .doc = video(g)};
	if (gen_chance(g, 30))
		gen_put(&doc, "name", gen_string(g, any_text(g)));
	if (gen_chance(g, 30))
		gen_put(&doc, "metadata", gen_string(g, any_text(g)));
	if (gen_chance(g, 20))
		gen_put(&doc, "kind", GEN_PICK(g, kinds));
	if (gen_chance(g, 20))
		gen_put(&doc, "attributes", GEN_PICK(g, attributes));
	if (gen_chance(g, 30)) {
		const char *const *pair = rare[gen_below(g, sizeof(rare) / sizeof(rare[0]))];
		gen_put(&doc, pair[0], pair[1]);
	}
	c->layout = "livekit";
	finish(g, c, &doc, app);
}

static void development(struct gen *g, struct gen_case *c, const struct ref_app *app)
{
	static const char *const users[] = {"john", "jo", "a-user", "a>>b", "???", "john"};
	const char *payload = gen_chance(g, 92)
		? gen_text(g, "{\"user_id\":%s}", gen_string(g, GEN_PICK(g, users)))
		: gen_text(g, "{\"user_id\":%s}", gen_value(g));
	const char *last = gen_chance(g, 92) ? "devtoken" : "devTOKEN";
	c->request.token = gen_text(g, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.%s.%s",
		gen_base64(g, payload, strlen(payload), gen_chance(g, 70) ? GEN_STANDARD : GEN_URL),
		last);
	c->request.token_len = strlen(c->request.token);
	c->request.vendor = JG_VENDOR_STREAM;
	c->request.app = gen_chance(g, 97) ? app->key : NULL;
	c->layout = "stream-dev";
}

void gen_stream(struct gen *g, struct gen_case *c)
{
	static const char *const calls[] = {"[\"default:standup\"]",
		"[\"livestream:town\",\"default:standup\"]", "[]", "[\"default:board\"]",
		"[\"d\\u0065fault:standup\"]", "\"default:standup\""};
	static const int before[] = {-1000, -501, -500, -499, -1, 0, 1};
	const struct ref_app *app = gen_app(g, JG_VENDOR_STREAM);
	static struct gen_doc doc;
	doc.n = 0;
	if (gen_chance(g, 60))
		c->request.identity = gen_chance(g, 85) ? "john" : "jane";
	if (gen_chance(g, 40))
		c->request.room = "default:standup";
	if (gen_chance(g, 12)) {
		development(g, c, app);
		return;
	}
	gen_put(&doc, "user_id", gen_string(g, gen_chance(g, 90) ? "john" : any_text(g)));
	if (gen_chance(g, 50))
		gen_put(&doc, "exp", number(g, GEN_NOW + 3600));
	if (gen_chance(g, 70))
		gen_put(&doc, "iat", number(g, GEN_NOW + before[gen_below(g, 7)]));
	if (gen_chance(g, 10))
		gen_put(&doc, "nbf", number(g, GEN_NOW - 5));
	if (gen_chance(g, 6))
		gen_put(&doc, "server", boolean(g));
	if (gen_chance(g, 25)) {
		gen_put(&doc, "call_cids", GEN_PICK(g, calls));
		if (gen_chance(g, 50))
			gen_put(&doc, "role", gen_string(g, any_text(g)));
	}
	if (gen_chance(g, 15))
		gen_put(&doc, "validity_in_seconds", "3600");
	c->layout = "stream";
	finish(g, c, &doc, app);
	if (c->request.app == NULL && gen_chance(g, 97))
		c->request.app = app->key;
}

static void opentok_doc(struct gen *g, struct gen_doc *doc, const char *session)
{
	static const char *const roles[] = {"subscriber", "publisher", "publisher", "publisheronly",
		"moderator", "owner", "Moderator"};
	static const char *const lists[] = {"\"\"", "\"focus\"", "\"focus top\"", "[\"x\",\"y\"]",
		"[]", "\"gr\xc3\xb6\xc3\x9f\x65 b\""};
	static const int lives[] = {600, 86400, 2592000, 2592001};
	gen_put(doc, "session_id", gen_string(g, session));
	gen_put(doc, "role", gen_string(g, GEN_PICK(g, roles)));
	gen_put(doc, "scope", "\"session.connect\"");
	gen_put(doc, "exp", number(g, GEN_NOW + lives[gen_below(g, 4)]));
	gen_put(doc, "iat", number(g, GEN_NOW - (gen_chance(g, 20) ? 1 : 0)));
	if (gen_chance(g, 70))
		gen_put(doc, "initial_layout_class_list", GEN_PICK(g, lists));
	if (gen_chance(g, 50))
		gen_put(doc, "connection_data", gen_string(g, any_text(g)));
	if (gen_chance(g, 10))
		gen_put(doc, "nbf", number(g, GEN_NOW - 5));
}

static void opentok_room(struct gen *g, struct gen_case *c, const char *session)
{
	if (gen_chance(g, 60))
		c->request.room = gen_chance(g, 90) ? session : "1_other";
}

void gen_opentok(struct gen *g, struct gen_case *c)
{
	const struct ref_app *app = gen_app(g, JG_VENDOR_OPENTOK);
	const char *session = gen_session(g, gen_chance(g, 93) ? app->key : "47301129");
	static struct gen_doc doc;
	doc.n = 0;
	gen_put(&doc, "iss", gen_string(g, app->key));
	gen_put(&doc, "ist", gen_chance(g, 95) ? "\"project\"" : "\"account\"");
	opentok_doc(g, &doc, session);
	if (gen_chance(g, 50))
		gen_put(&doc, "jtix", "\"Qx\"");
	opentok_room(g, c, session);
	c->layout = "opentok-jwt";
	finish(g, c, &doc, app);
}

void gen_vonage(struct gen *g, struct gen_case *c)
{
	const struct ref_app *app = gen_app(g, JG_VENDOR_VONAGE);
	const char *session = gen_session(g, app->key);
	static struct gen_doc doc;
	doc.n = 0;
	gen_put(&doc, "application_id", gen_string(g, app->key));
	gen_put(&doc, gen_chance(g, 80) ? "sub" : "subject", "\"video\"");
	opentok_doc(g, &doc, session);
	if (gen_chance(g, 70))
		gen_put(&doc, "acl",
			gen_chance(g, 90) ? "{\"paths\":{\"/session/**\":{}}}"
					  : "{\"paths\":{\"/x\":{}}}");
	opentok_room(g, c, session);
	c->layout = "vonage";
	finish(g, c, &doc, app);
}

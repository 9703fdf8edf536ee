// SPDX-License-Identifier: BSD-3-Clause
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char options_help[] =
	"joingate-load - load a gate, and check every verdict it gives\n"
	"\n"
	"  joingate-load --gate ADDRESS[:PORT] --config FILE [OPTIONS]\n"
	"  joingate-load --in-process --config FILE [OPTIONS]\n"
	"  joingate-load compare A.json... -- B.json...\n"
	"  joingate-load report RESULT.json > REPORT.html\n"
	"\n"
	"Where:\n"
	"  --socket             over a kernel socket: what is done without one of these\n"
	"  --port DEVICE        over a DPDK port: a network interface, or {\"device\": ...} with "
	"the\n"
	"                       members of \"ports\" in a gate's settings; each is a sender\n"
	"  --address ADDR/BITS  ours on the port; the kernel should not have it\n"
	"  --gate-mac MAC       the gate's Ethernet address, or its router's (asked for)\n"
	"  --in-process         over rings to a gate within this program: its workers, one a "
	"sender,\n"
	"                       with the apps of --config; no root; with --front-end a key is "
	"made\n"
	"  --front-end ID --key-file FILE   as which front end; without: unauthenticated\n"
	"  --allow ADDR[/BITS]  a gate that is neither loopback nor in a closed namespace\n"
	"What:\n"
	"  --config FILE        mint for the apps of this file\n"
	"  --tokens-file FILE   or JSON lines with token, vendor, app, room, identity, expect\n"
	"  --tokens N           tokens to mint, used in turn (20000)\n"
	"  --fresh              mint each token when it is due, and use it once\n"
	"  --vendors LIST       livekit, stream, opentok, opentok-t1, vonage, agora, agora-006;\n"
	"                       each may have a weight: livekit=70,agora=30 (those of the file)\n"
	"  --bad PERCENT        share of bad tokens (0)\n"
	"  --kinds LIST         of these kinds, with weights (all; too_long a tenth)\n"
	"  --reconnect PERCENT  share of reconnects (0)\n"
	"  --rooms N, --zipf S  rooms of an app (1000); apps and rooms by Zipf's law (1)\n"
	"  --extra A[..B]       bytes of metadata in a token (0)\n"
	"  --ttl SECONDS        life of the tokens (7200)\n"
	"  --seed N             the same seed sends the same (from the clock)\n"
	"When:\n"
	"  --profile NAME       constant, ramp, spike, launch, steps (constant)\n"
	"  --rate N             requests a second, the highest (1000)\n"
	"  --from N             of ramp, spike and steps: the lowest (a tenth)\n"
	"  --duration SECONDS   (10); of steps: of each\n"
	"  --sigma S            launch: spread of the logarithm of the arrival time (0.5)\n"
	"  --arrivals HOW       even or poisson (even)\n"
	"  --warm-up SECONDS    before it, at a tenth of the rate, not counted (1)\n"
	"  --timeout MS         an answer after this is none (1000)\n"
	"  --late US            later than this after the intended time is late (1000)\n"
	"  --senders N          threads (1); --cpus LIST pins them\n"
	"Outcome:\n"
	"  --slo TERMS          what must hold: 'p99.9<100us,loss<1e-6,wrong==0'; figures: pN,\n"
	"                       max, mean, loss, wrong, late, rate\n"
	"  --json, --csv, --hlog, --html FILE   write results\n"
	"  --plan               print the plan and end\n"
	"  --quiet              print the outcome alone\n"
	"\n"
	"Exit status: 0 all kept, 99 broken (the SLO, or a wrong verdict), 1 bad usage,\n"
	"2 the machine or the gate did not allow it.\n";

// clang-format off
enum { OPT_SOCKET = 256, OPT_PORT, OPT_ADDRESS, OPT_GATE_MAC, OPT_IN_PROCESS, OPT_FRESH, OPT_FRONT_END, OPT_KEY_FILE, OPT_ALLOW, OPT_CONFIG, OPT_TOKENS_FILE,
	OPT_TOKENS, OPT_VENDORS, OPT_BAD, OPT_KINDS, OPT_RECONNECT, OPT_ROOMS, OPT_ZIPF, OPT_EXTRA,
	OPT_TTL, OPT_SEED, OPT_PROFILE, OPT_RATE, OPT_FROM, OPT_DURATION, OPT_SIGMA, OPT_ARRIVALS,
	OPT_WARM_UP, OPT_TIMEOUT, OPT_LATE, OPT_SENDERS, OPT_CPUS, OPT_SLO, OPT_JSON, OPT_CSV,
	OPT_HLOG, OPT_HTML, OPT_PLAN, OPT_QUIET, OPT_GATE, OPT_HELP };

static const struct option table[] = {
	{"socket", no_argument, NULL, OPT_SOCKET}, {"port", required_argument, NULL, OPT_PORT},
	{"address", required_argument, NULL, OPT_ADDRESS}, {"gate-mac", required_argument, NULL, OPT_GATE_MAC},
	{"in-process", no_argument, NULL, OPT_IN_PROCESS}, {"fresh", no_argument, NULL, OPT_FRESH}, {"front-end", required_argument, NULL, OPT_FRONT_END},
	{"key-file", required_argument, NULL, OPT_KEY_FILE}, {"allow", required_argument, NULL, OPT_ALLOW},
	{"config", required_argument, NULL, OPT_CONFIG}, {"tokens-file", required_argument, NULL, OPT_TOKENS_FILE},
	{"tokens", required_argument, NULL, OPT_TOKENS}, {"vendors", required_argument, NULL, OPT_VENDORS},
	{"bad", required_argument, NULL, OPT_BAD}, {"kinds", required_argument, NULL, OPT_KINDS},
	{"reconnect", required_argument, NULL, OPT_RECONNECT}, {"rooms", required_argument, NULL, OPT_ROOMS},
	{"zipf", required_argument, NULL, OPT_ZIPF}, {"extra", required_argument, NULL, OPT_EXTRA},
	{"ttl", required_argument, NULL, OPT_TTL}, {"seed", required_argument, NULL, OPT_SEED},
	{"profile", required_argument, NULL, OPT_PROFILE}, {"rate", required_argument, NULL, OPT_RATE},
	{"from", required_argument, NULL, OPT_FROM}, {"duration", required_argument, NULL, OPT_DURATION},
	{"sigma", required_argument, NULL, OPT_SIGMA}, {"arrivals", required_argument, NULL, OPT_ARRIVALS},
	{"warm-up", required_argument, NULL, OPT_WARM_UP}, {"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"late", required_argument, NULL, OPT_LATE}, {"senders", required_argument, NULL, OPT_SENDERS},
	{"cpus", required_argument, NULL, OPT_CPUS}, {"slo", required_argument, NULL, OPT_SLO},
	{"json", required_argument, NULL, OPT_JSON}, {"csv", required_argument, NULL, OPT_CSV},
	{"hlog", required_argument, NULL, OPT_HLOG}, {"html", required_argument, NULL, OPT_HTML},
	{"plan", no_argument, NULL, OPT_PLAN}, {"quiet", no_argument, NULL, OPT_QUIET},
	{"gate", required_argument, NULL, OPT_GATE}, {"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0}};

// Numbers: which option, where it goes, how it is scaled, what it may be.
static const struct {
	int option;
	enum { TO_DOUBLE, TO_U32, TO_U64, TO_I64, TO_UNSIGNED } type;
	size_t at;
	double min, max, scale;
} numbers[] = {
	{OPT_FRONT_END, TO_U32,      offsetof(struct options, front_end),       1, 65535, 1},
	{OPT_TOKENS,    TO_U32,      offsetof(struct options, tokens),          1, 50e6, 1},
	{OPT_BAD,       TO_DOUBLE,   offsetof(struct options, mix.bad),         0, 100, 0.01},
	{OPT_RECONNECT, TO_DOUBLE,   offsetof(struct options, mix.reconnect),   0, 100, 0.01},
	{OPT_ROOMS,     TO_U32,      offsetof(struct options, mix.rooms),       1, 10e6, 1},
	{OPT_ZIPF,      TO_DOUBLE,   offsetof(struct options, mix.zipf),        0, 10, 1},
	{OPT_TTL,       TO_I64,      offsetof(struct options, ttl),             60, 86400, 1},
	{OPT_SEED,      TO_U64,      offsetof(struct options, seed),            0, 9007199254740992.0, 1},
	{OPT_RATE,      TO_DOUBLE,   offsetof(struct options, profile.rate),    0.1, 100e6, 1},
	{OPT_FROM,      TO_DOUBLE,   offsetof(struct options, profile.from),    0.1, 100e6, 1},
	{OPT_DURATION,  TO_DOUBLE,   offsetof(struct options, profile.seconds), 0.1, 86400, 1},
	{OPT_SIGMA,     TO_DOUBLE,   offsetof(struct options, profile.sigma),   0.1, 2, 1},
	{OPT_WARM_UP,   TO_DOUBLE,   offsetof(struct options, profile.warm_up), 0, 3600, 1},
	{OPT_TIMEOUT,   TO_U64,      offsetof(struct options, timeout),         1, 60000, 1e6},
	{OPT_LATE,      TO_U64,      offsetof(struct options, late),            1, 1e7, 1e3},
	{OPT_SENDERS,   TO_UNSIGNED, offsetof(struct options, senders),         1, SENDERS_MAX, 1},
};

static const struct {
	int option;
	size_t at;
} texts[] = {
	{OPT_CONFIG, offsetof(struct options, config)}, {OPT_TOKENS_FILE, offsetof(struct options, tokens_file)},
	{OPT_GATE, offsetof(struct options, gate)}, {OPT_ADDRESS, offsetof(struct options, address)}, {OPT_KEY_FILE, offsetof(struct options, key_file)},
	{OPT_JSON, offsetof(struct options, json)}, {OPT_CSV, offsetof(struct options, csv)},
	{OPT_HLOG, offsetof(struct options, hlog)}, {OPT_HTML, offsetof(struct options, html)},
};
// clang-format on

static const char *name_of(int option)
{
	for (size_t i = 0; i < JG_ARRAY_SIZE(table); i++)
		if (table[i].val == option)
			return table[i].name;
	return "?";
}

static void store(struct options *o, size_t i, double value)
{
	char *at = (char *)o + numbers[i].at;
	const double scaled = value * numbers[i].scale;
	const uint32_t u32 = (uint32_t)scaled;
	const uint64_t u64 = (uint64_t)scaled;
	if (numbers[i].type == TO_DOUBLE)
		memcpy(at, &scaled, sizeof(scaled));
	else if (numbers[i].type == TO_U32 || numbers[i].type == TO_UNSIGNED)
		memcpy(at, &u32, sizeof(u32));
	else
		memcpy(at, &u64, sizeof(u64));
}

// 1: not a number's option.
static int read_number(struct options *o, int option, const char *text, struct jg_error *err)
{
	for (size_t i = 0; i < JG_ARRAY_SIZE(numbers); i++) {
		char *end;
		if (numbers[i].option != option)
			continue;
		const double value = strtod(text, &end);
		if (end == text || *end != '\0' ||
			!(value >= numbers[i].min && value <= numbers[i].max) ||
			(numbers[i].type != TO_DOUBLE && value != floor(value))) {
			jg_error_set(err, "--%s is \"%.32s\"; expected %g..%g", name_of(option),
				text, numbers[i].min, numbers[i].max);
			return -EINVAL;
		}
		store(o, i, value);
		return 0;
	}
	return 1;
}

static bool read_text(struct options *o, int option, const char *text)
{
	for (size_t i = 0; i < JG_ARRAY_SIZE(texts); i++) {
		if (texts[i].option == option) {
			memcpy((char *)o + texts[i].at, &text, sizeof(text));
			return true;
		}
	}
	return false;
}

static int read_extra(struct options *o, const char *text, struct jg_error *err)
{
	char *end;
	unsigned long from = strtoul(text, &end, 10);
	unsigned long to = from;
	bool good = end != text;
	if (good && strncmp(end, "..", 2) == 0) {
		const char *second = end + 2;
		to = strtoul(second, &end, 10);
		good = end != second;
	}
	if (!good || *end != '\0' || from > to || to > 12000) {
		jg_error_set(err, "--extra is \"%.32s\"; expected BYTES or FROM..TO, at most 12000",
			text);
		return -EINVAL;
	}
	o->mix.extra_min = (uint32_t)from;
	o->mix.extra_max = (uint32_t)to;
	return 0;
}

static int read_cpus(struct options *o, const char *text, struct jg_error *err)
{
	unsigned n = 0;
	for (const char *at = text; n < SENDERS_MAX; at++) {
		char *end;
		const unsigned long cpu = strtoul(at, &end, 10);
		if (end == at || cpu >= 1024 || (*end != ',' && *end != '\0')) {
			jg_error_set(err,
				"--cpus is \"%.32s\"; expected numbers separated by commas", text);
			return -EINVAL;
		}
		o->cpus[n++] = (int)cpu;
		if (*end == '\0')
			break;
		at = end;
	}
	return 0;
}

static int read_port(struct options *o, const char *text, struct jg_error *err)
{
	if (o->ports_n < SENDERS_MAX) {
		o->ports[o->ports_n++] = text;
		return 0;
	}
	jg_error_set(err, "--port: at most %d", SENDERS_MAX);
	return -EINVAL;
}

static int read_mac(struct options *o, const char *text, struct jg_error *err)
{
	uint8_t *m = o->gate_mac;
	int end = 0;
	o->gate_mac_given = sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m[0], &m[1],
				    &m[2], &m[3], &m[4], &m[5], &end) == 6 &&
		text[end] == '\0' && (m[0] & 1) == 0;
	if (o->gate_mac_given)
		return 0;
	jg_error_set(
		err, "--gate-mac is \"%.32s\"; expected one station's, as 02:00:00:00:00:01", text);
	return -EINVAL;
}

static int read_word(struct options *o, int option, const char *text, struct jg_error *err)
{
	switch (option) {
	case OPT_PROFILE:
		o->profile.kind = profile_find(text);
		if (o->profile.kind != PROFILE_COUNT)
			return 0;
		jg_error_set(err,
			"--profile is \"%.32s\"; expected constant, ramp, spike, launch or steps",
			text);
		return -EINVAL;
	case OPT_ARRIVALS:
		o->poisson = strcmp(text, "poisson") == 0;
		if (o->poisson || strcmp(text, "even") == 0)
			return 0;
		jg_error_set(err, "--arrivals is \"%.32s\"; expected even or poisson", text);
		return -EINVAL;
	case OPT_ALLOW:
		if (o->allow_n < TARGET_ALLOW_MAX) {
			o->allow[o->allow_n++] = text;
			return 0;
		}
		jg_error_set(err, "--allow: at most %d", TARGET_ALLOW_MAX);
		return -EINVAL;
	case OPT_VENDORS:
		return mix_parse_layouts(&o->mix, text, err);
	case OPT_KINDS:
		return mix_parse_kinds(&o->mix, text, err);
	case OPT_EXTRA:
		return read_extra(o, text, err);
	case OPT_CPUS:
		return read_cpus(o, text, err);
	case OPT_PORT:
		return read_port(o, text, err);
	case OPT_GATE_MAC:
		return read_mac(o, text, err);
	default:
		return slo_parse(&o->slo, text, err);
	}
}

static int read_option(struct options *o, int option, const char *text, struct jg_error *err)
{
	switch (option) {
	case OPT_SOCKET:
		o->socket = true;
		return 0;
	case OPT_IN_PROCESS:
		o->inside = true;
		return 0;
	case OPT_FRESH:
		o->fresh = true;
		return 0;
	case OPT_PLAN:
		o->plan_only = true;
		return 0;
	case OPT_QUIET:
		o->quiet = true;
		return 0;
	case OPT_HELP:
		return 1;
	case '?':
		jg_error_set(
			err, "not an option, or one without its value; see joingate-load --help");
		return -EINVAL;
	default:
		break;
	}
	o->seeded |= option == OPT_SEED;
	if (read_text(o, option, text))
		return 0;
	const int rc = read_number(o, option, text, err);
	return rc <= 0 ? rc : read_word(o, option, text, err);
}

// What is wrong with the way to the gate; NULL: nothing.
static const char *check_way(const struct options *o)
{
	if ((unsigned)o->socket + o->inside + (o->ports_n > 0) > 1)
		return "--socket, --port and --in-process exclude each other";
	if (o->inside && o->gate != NULL)
		return "--in-process brings its own gate: leave --gate out";
	if (o->inside && o->config == NULL)
		return "--in-process needs --config: whose apps shall its gate have?";
	if (o->inside && o->key_file != NULL)
		return "--in-process makes up the front end's key: leave --key-file out";
	if (!o->inside && o->gate == NULL)
		return "--gate is missing: which gate shall be asked?";
	if (!o->inside && (o->front_end != 0) != (o->key_file != NULL))
		return "--front-end and --key-file go together";
	if (o->ports_n == 0 && (o->address != NULL || o->gate_mac_given))
		return "--address and --gate-mac belong to --port";
	if (o->ports_n > 0 && o->senders > 1)
		return "each --port is a sender: leave --senders out";
	return NULL;
}

// What is wrong with what is sent, and when.
static const char *check_load(const struct options *o)
{
	if ((o->config == NULL) == (o->tokens_file == NULL))
		return "one of --config and --tokens-file is needed: which tokens shall be sent?";
	if (o->fresh && o->config == NULL)
		return "--fresh needs --config: whose tokens shall be minted?";
	if (o->profile.kind == PROFILE_STEPS && o->slo.n == 0)
		return "--profile steps needs --slo: what shall the gate keep at its capacity?";
	if (o->profile.from > o->profile.rate && o->profile.kind != PROFILE_RAMP)
		return "--from is above --rate";
	return NULL;
}

static int check(const struct options *o, struct jg_error *err)
{
	const char *way = check_way(o);
	const char *problem = way != NULL ? way : check_load(o);
	if (problem == NULL)
		return 0;
	jg_error_set(err, "%s", problem);
	return -EINVAL;
}

int options_read(struct options *o, int argc, char **argv, struct jg_error *err)
{
	*o = (struct options){.tokens = 20000,
		.ttl = 7200,
		.timeout = 1000000000,
		.late = 1000000,
		.senders = 1,
		.profile = {.rate = 1000, .seconds = 10, .sigma = 0.5, .warm_up = 1}};
	mix_init(&o->mix);
	for (unsigned i = 0; i < SENDERS_MAX; i++)
		o->cpus[i] = -1;
	opterr = 0;
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		const int rc = read_option(o, c, optarg, err);
		if (rc != 0)
			return rc;
	}
	if (optind < argc) {
		jg_error_set(
			err, "\"%.40s\" is not an option; see joingate-load --help", argv[optind]);
		return -EINVAL;
	}
	if (o->profile.from <= 0)
		o->profile.from = o->profile.rate / 10;
	o->profile.warm_rate = o->profile.rate / 10;
	const int rc = check(o, err);
	if (o->ports_n > 0)
		o->senders = o->ports_n;
	return rc;
}

// SPDX-License-Identifier: BSD-3-Clause
#include "mix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ON(layout) (1u << LAYOUT_##layout)
#define ON_ALL ((1u << LAYOUT_COUNT) - 1)
#define ON_JWT (ON(LIVEKIT) | ON(STREAM) | ON(OPENTOK) | ON(VONAGE))
#define ON_AGORA (ON(AGORA) | ON(AGORA_006))

static const struct {
	const char *name;
	enum jg_vendor vendor;
	enum jg_format format;
} layouts[] = {
#define X(symbol, name, vendor, format) {name, JG_VENDOR_##vendor, JG_FORMAT_##format},
	LAYOUTS(X)
#undef X
};

static const struct {
	const char *name;
	enum jg_reason reason;
	unsigned on;
} kinds[] = {
#define X(symbol, name, reason, on) {name, JG_REASON_##reason, on},
	KINDS(X)
#undef X
};

const char *layout_name(unsigned layout)
{
	return layouts[layout].name;
}

enum jg_vendor layout_vendor(unsigned layout)
{
	return layouts[layout].vendor;
}

enum jg_format layout_format(unsigned layout)
{
	return layouts[layout].format;
}

const char *kind_name(unsigned kind)
{
	return kinds[kind].name;
}

enum jg_reason kind_reason(unsigned kind)
{
	return kinds[kind].reason;
}

bool kind_fits(unsigned kind, unsigned layout)
{
	return (kinds[kind].on >> layout & 1) != 0;
}

void mix_init(struct mix *mix)
{
	*mix = (struct mix){.rooms = 1000, .zipf = 1};
	for (unsigned i = KIND_GOOD + 1; i < KIND_COUNT; i++)
		mix->kinds[i] = i == KIND_TOO_LONG ? 0.1 : 1;
}

typedef const char *name_of(unsigned);

static int fail(
	const char *option, const char *text, name_of *name, unsigned n, struct jg_error *err)
{
	char all[320] = "";
	size_t used = 0;
	for (unsigned i = 0; i < n && used < sizeof(all); i++)
		used += (size_t)snprintf(
			all + used, sizeof(all) - used, "%s%s", i == 0 ? "" : ", ", name(i));
	jg_error_set(err,
		"%s: '%.40s': expected NAME or NAME=WEIGHT, separated by commas; names: %s", option,
		text, all);
	return -EINVAL;
}

// One "name" or "name=weight" of len characters. False: it is neither.
static bool read_weight(const char *text, size_t len, name_of *name, unsigned n, double *weights)
{
	const char *sign = memchr(text, '=', len);
	const size_t name_len = sign == NULL ? len : (size_t)(sign - text);
	char *end = NULL;
	const double weight = sign == NULL ? 1 : strtod(sign + 1, &end);
	if (sign != NULL &&
		(end != text + len || end == sign + 1 || !(weight >= 0 && weight <= 1e9)))
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (strlen(name(i)) == name_len && memcmp(name(i), text, name_len) == 0) {
			weights[i] = weight;
			return true;
		}
	}
	return false;
}

static int read_weights(const char *option, const char *text, name_of *name, unsigned n,
	double *weights, struct jg_error *err)
{
	for (unsigned i = 0; i < n; i++)
		weights[i] = 0;
	for (const char *at = text;; at++) {
		const size_t len = strcspn(at, ",");
		if (!read_weight(at, len, name, n, weights))
			return fail(option, at, name, n, err);
		at += len;
		if (*at == '\0')
			break;
	}
	double sum = 0;
	for (unsigned i = 0; i < n; i++)
		sum += weights[i];
	if (sum > 0)
		return 0;
	return fail(option, text, name, n, err);
}

int mix_parse_layouts(struct mix *mix, const char *text, struct jg_error *err)
{
	return read_weights("--vendors", text, layout_name, LAYOUT_COUNT, mix->layouts, err);
}

int mix_parse_kinds(struct mix *mix, const char *text, struct jg_error *err)
{
	const int rc = read_weights("--kinds", text, kind_name, KIND_COUNT, mix->kinds, err);
	if (rc == 0 && mix->kinds[KIND_GOOD] > 0)
		return fail("--kinds", "good", kind_name, KIND_COUNT, err);
	return rc;
}

static int init_kinds(struct mixer *m, unsigned layout)
{
	double weights[KIND_COUNT];
	double sum = 0;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		const bool fits =
			i != KIND_GOOD && kind_fits(i, layout) && !m->mix.absent[i][layout];
		weights[i] = fits ? m->mix.kinds[i] : 0;
		sum += weights[i];
	}
	return sum > 0 ? choice_init(&m->kinds[layout], weights, KIND_COUNT) : 0;
}

int mixer_init(struct mixer *mixer, const struct mix *mix, struct jg_error *err)
{
	*mixer = (struct mixer){.mix = *mix};
	int rc = choice_init(&mixer->layouts, mix->layouts, LAYOUT_COUNT);
	for (unsigned i = 0; i < LAYOUT_COUNT && rc == 0; i++)
		rc = init_kinds(mixer, i);
	if (rc == 0)
		return 0;
	jg_error_set(err, "no memory");
	mixer_fini(mixer);
	return rc;
}

void mixer_fini(struct mixer *mixer)
{
	choice_fini(&mixer->layouts);
	for (unsigned i = 0; i < LAYOUT_COUNT; i++)
		choice_fini(&mixer->kinds[i]);
}

struct pick mixer_pick(const struct mixer *mixer, struct random *random)
{
	struct pick pick = {.layout = (enum layout)choice_pick(&mixer->layouts, random)};
	const struct choice *bad = &mixer->kinds[pick.layout];
	if (random_unit(random) < mixer->mix.bad && bad->n > 0)
		pick.kind = (enum kind)choice_pick(bad, random);
	else
		pick.reconnect = random_unit(random) < mixer->mix.reconnect;
	return pick;
}

// SPDX-License-Identifier: BSD-3-Clause
#include "verifier.h"

#include "deflate.h"
#include "profile.h"

#include <stdlib.h>

static size_t append(char *text, size_t at, size_t size, const char *word)
{
	while (*word != 0 && at + 1 < size)
		text[at++] = *word++;
	text[at] = 0;
	return at;
}

static void describe(struct jg_verifier *v)
{
	size_t at = append(v->describe, 0, sizeof(v->describe), "mac=");
	at = append(v->describe, at, sizeof(v->describe), jg_mac_name(v->mac));
	at = append(v->describe, at, sizeof(v->describe), " simd=");
	(void)append(v->describe, at, sizeof(v->describe), v->decoders->name);
}

static const struct jg_json_schema *const schemas[JG_SCHEMA_COUNT] = {
	[JG_SCHEMA_LIVEKIT] = &jg_livekit_schema,
	[JG_SCHEMA_STREAM] = &jg_stream_schema,
	[JG_SCHEMA_OPENTOK] = &jg_opentok_schema,
	[JG_SCHEMA_VONAGE] = &jg_vonage_schema,
};

static void collect_rules(uint64_t wrong[JG_JSON_TYPES], const struct jg_json_schema *schema)
{
	for (unsigned i = 0; i < schema->rules_n; i++)
		for (unsigned type = JG_JSON_NULL; type < JG_JSON_TYPES; type++)
			if ((schema->rules[i].types >> type & 1) == 0)
				wrong[type] |= UINT64_C(1) << schema->rules[i].slot;
}

static bool take_parts(
	struct jg_verifier *v, const struct jg_verifier_options *options, struct jg_error *err)
{
	v->decoders = jg_decoders_select(options->simd, err);
	if (v->decoders == NULL)
		return false;
	v->mac = jg_mac_new(options->mac_engine, err);
	if (v->mac == NULL)
		return false;
	v->json = jg_json_new(options->seed);
	v->inflater = jg_inflater_new();
	for (size_t i = 0; i < JG_ARRAY_SIZE(schemas); i++) {
		jg_scan_schema_init(&v->scan[i], schemas[i]);
		collect_rules(v->wrong_types[i], schemas[i]);
	}
	if (!options->no_shapes)
		v->shapes = jg_shapes_new(v->decoders);
	if (!options->no_beginnings)
		v->beginnings = jg_beginnings_new(options->seed);
	v->outlines = v->shapes != NULL && v->decoders->shape_read != NULL;
	v->marks = v->outlines && v->decoders->list != NULL;
	// Pages that no token ever needs are never touched.
	v->scratch.size = (size_t)JG_BURST_MAX * JG_SCRATCH_TOKEN;
	v->scratch.base = calloc(1, v->scratch.size);
	if (v->json != NULL && v->inflater != NULL && v->scratch.base != NULL &&
		(v->shapes != NULL || options->no_shapes) &&
		(v->beginnings != NULL || options->no_beginnings))
		return true;
	jg_error_set(
		err, "no memory for a verifier; it needs %zu MiB", (v->scratch.size >> 20) + 1);
	return false;
}

struct jg_verifier *jg_verifier_new(const struct jg_verifier_options *options, struct jg_error *err)
{
	static const struct jg_verifier_options defaults = {0};
	struct jg_verifier *v = aligned_alloc(alignof(struct jg_verifier), sizeof(*v));
	if (v == NULL) {
		jg_error_set(err, "no memory for a verifier");
		return NULL;
	}
	memset(v, 0, sizeof(*v));
	if (!take_parts(v, options != NULL ? options : &defaults, err)) {
		jg_verifier_free(v);
		return NULL;
	}
	describe(v);
	return v;
}

void jg_verifier_free(struct jg_verifier *verifier)
{
	if (verifier == NULL)
		return;
	if (verifier->scratch.base != NULL)
		explicit_bzero(verifier->scratch.base, verifier->scratch.high);
	free(verifier->scratch.base);
	jg_inflater_free(verifier->inflater);
	jg_shapes_free(verifier->shapes);
	jg_beginnings_free(verifier->beginnings);
	jg_json_free(verifier->json);
	jg_mac_free(verifier->mac);
	explicit_bzero(verifier, sizeof(*verifier));
	free(verifier);
}

const char *jg_verifier_describe(const struct jg_verifier *verifier)
{
	return verifier->describe;
}

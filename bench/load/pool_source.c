// SPDX-License-Identifier: BSD-3-Clause
#include "pool_source.h"

#include <errno.h>
#include <stdlib.h>

#define USERS 1000000
#define SALTS 99999999 // as many as Agora's own
#define VONAGE_WEIGHT 0.02 // where nothing else is said: RS256 has a slow lane of its own

static int find_apps(struct pool_source *s)
{
	for (unsigned vendor = 1; vendor < JG_VENDOR_COUNT; vendor++) {
		uint32_t n = 0;
		s->apps[vendor] = calloc(s->config->apps_n + 1, sizeof(uint32_t));
		if (s->apps[vendor] == NULL)
			return -ENOMEM;
		for (uint32_t i = 0; i < s->config->apps_n; i++)
			if (s->config->apps[i].vendor == vendor)
				s->apps[vendor][n++] = i;
		if (n > 0 && choice_init_zipf(&s->app_choice[vendor], n, s->options.mix.zipf) != 0)
			return -ENOMEM;
	}
	return 0;
}

static bool can_mint_vonage(const struct pool_source *s)
{
	for (uint32_t i = 0; i < s->config->apps_n; i++)
		for (uint32_t j = 0; j < s->config->apps[i].secrets_n; j++)
			if (s->config->apps[i].secrets[j].private_key.p != NULL)
				return true;
	return false;
}

// Layouts nobody chose: of every vendor there is.
static int choose_layouts(struct pool_source *s, struct mix *mix, struct jg_error *err)
{
	double sum = 0;
	for (unsigned i = 0; i < LAYOUT_COUNT; i++)
		sum += mix->layouts[i];
	const bool all = sum <= 0;
	for (unsigned i = 0; i < LAYOUT_COUNT; i++) {
		const bool there = s->app_choice[layout_vendor(i)].n > 0;
		if (!there && mix->layouts[i] > 0) {
			jg_error_set(err, "--vendors: the configuration has no app of %s",
				jg_vendor_name(layout_vendor(i)));
			return -EINVAL;
		}
		if (all && there)
			mix->layouts[i] = i != LAYOUT_VONAGE ? 1
				: can_mint_vonage(s)	     ? VONAGE_WEIGHT
							     : 0;
		sum += mix->layouts[i];
	}
	if (sum > 0)
		return 0;
	jg_error_set(err, "the configuration has no app that tokens can be minted for");
	return -EINVAL;
}

static void find_absent(struct pool_source *s, struct mix *mix)
{
	closed_find(&s->closed, s->config);
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		for (unsigned i = 0; i < LAYOUT_COUNT; i++) {
			const struct closed_list *list =
				closed_apps(&s->closed, kind, layout_vendor(i));
			mix->absent[kind][i] = list != NULL && list->n == 0;
		}
}

// Whose token it will be: drawn by Zipf's law, but of the few that can have such a token.
static struct closed_app choose_app(
	const struct pool_source *s, struct random *random, const struct pick *pick)
{
	const enum jg_vendor vendor = layout_vendor(pick->layout);
	const struct closed_list *few = closed_apps(&s->closed, pick->kind, vendor);
	if (few != NULL)
		return few->apps[random_below(random, few->n)];
	return (struct closed_app){
		.app = s->apps[vendor][choice_pick(&s->app_choice[vendor], random)]};
}

int pool_source_init(struct pool_source *s, const struct jg_config *config,
	const struct pool_options *options, struct jg_error *err)
{
	struct mix mix = options->mix;
	memset(s, 0, sizeof(*s));
	s->config = config;
	s->options = *options;
	memset(s->filler, 'x', sizeof(s->filler));
	if (find_apps(s) != 0 || choice_init_zipf(&s->rooms, mix.rooms, mix.zipf) != 0) {
		jg_error_set(err, "no memory");
		return -ENOMEM;
	}
	int rc = choose_layouts(s, &mix, err);
	find_absent(s, &mix);
	if (rc == 0)
		rc = mixer_init(&s->mixer, &mix, err);
	return rc == 0 ? worlds_build(&s->worlds, s->config, err) : rc;
}

void pool_source_fini(struct pool_source *s)
{
	worlds_free(&s->worlds);
	mixer_fini(&s->mixer);
	choice_fini(&s->rooms);
	for (unsigned i = 0; i < JG_VENDOR_COUNT; i++) {
		choice_fini(&s->app_choice[i]);
		free(s->apps[i]);
	}
}

struct draft_source pool_source_draw(
	const struct pool_source *s, struct random *random, int64_t now, struct pick *pick)
{
	const struct mix *mix = &s->options.mix;
	*pick = mixer_pick(&s->mixer, random);
	const struct closed_app chosen = choose_app(s, random, pick);
	const uint32_t room = choice_pick(&s->rooms, random);
	const uint64_t user = random_below(random, USERS);
	const uint64_t extra = random_below(random, mix->extra_max - mix->extra_min + 1);
	return (struct draft_source){.app = &s->config->apps[chosen.app],
		.strange_key = s->worlds.strange_keys[chosen.app],
		.cut_off = chosen.cut_off,
		.room = room,
		.user = (uint32_t)user,
		.extra = mix->extra_min + (uint32_t)extra,
		.filler = s->filler,
		.salt = (uint32_t)(1 + random_below(random, SALTS)),
		.now = now,
		.ttl = s->options.ttl};
}

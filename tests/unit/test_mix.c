// SPDX-License-Identifier: BSD-3-Clause
#include "mix.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct mix mix;
static struct jg_error err;

Test(mix, weights_are_read)
{
	mix_init(&mix);
	cr_assert_eq(mix_parse_layouts(&mix, "livekit=70,agora-006=0.5", &err), 0, "%s", err.text);
	cr_assert_eq((int)mix.layouts[LAYOUT_LIVEKIT], 70);
	cr_assert(mix.layouts[LAYOUT_AGORA_006] > 0.4 && mix.layouts[LAYOUT_AGORA_006] < 0.6);
	cr_assert(mix.layouts[LAYOUT_STREAM] <= 0);
	cr_assert_eq(mix_parse_kinds(&mix, "expired,bad_json", &err), 0, "%s", err.text);
	cr_assert(mix.kinds[KIND_EXPIRED] >= 1 && mix.kinds[KIND_UNKNOWN_KEY] <= 0);
}

Test(mix, what_is_no_weight_is_refused)
{
	static const char *const bad[] = {"", ",", "livekit,", "nobody", "livekit=", "livekit=x",
		"livekit=-1", "livekit=1x", "=1", "livekit=0", "livekit=nan", "livekit=1e99"};
	mix_init(&mix);
	for (size_t i = 0; i < JG_ARRAY_SIZE(bad); i++) {
		cr_assert_eq(mix_parse_layouts(&mix, bad[i], &err), -EINVAL, "%s", bad[i]);
		cr_assert_not_null(strstr(err.text, "agora-006"), "%s", err.text);
	}
	cr_assert_eq(mix_parse_kinds(&mix, "good", &err), -EINVAL);
}

static unsigned draw(struct mixer *mixer, unsigned n, unsigned *kinds)
{
	struct random random = {.state = 3};
	unsigned bad = 0;
	for (unsigned i = 0; i < n; i++) {
		struct pick pick = mixer_pick(mixer, &random);
		cr_assert(kind_fits(pick.kind, pick.layout));
		cr_assert_not(pick.kind != KIND_GOOD && pick.reconnect);
		kinds[pick.kind]++;
		bad += pick.kind != KIND_GOOD;
	}
	return bad;
}

Test(mix, the_share_of_bad_ones_is_kept_and_every_kind_comes)
{
	unsigned kinds[KIND_COUNT] = {0};
	struct mixer mixer;
	mix_init(&mix);
	mix.bad = 0.2;
	mix.reconnect = 0.5;
	for (unsigned i = 0; i < LAYOUT_COUNT; i++)
		mix.layouts[i] = 1;
	cr_assert_eq(mixer_init(&mixer, &mix, &err), 0);
	unsigned bad = draw(&mixer, 50000, kinds);
	mixer_fini(&mixer);
	cr_assert(bad > 9500 && bad < 10500, "%u", bad);
	for (unsigned i = 0; i < KIND_COUNT; i++)
		cr_assert_gt(kinds[i], 0, "%s", kind_name(i));
}

Test(mix, a_layout_without_the_chosen_kinds_stays_good)
{
	unsigned kinds[KIND_COUNT] = {0};
	struct mixer mixer;
	mix_init(&mix);
	mix.bad = 1;
	cr_assert_eq(mix_parse_layouts(&mix, "agora", &err), 0);
	cr_assert_eq(mix_parse_kinds(&mix, "dev_token", &err), 0);
	cr_assert_eq(mixer_init(&mixer, &mix, &err), 0);
	cr_assert_eq(draw(&mixer, 100, kinds), 0);
	mixer_fini(&mixer);
}

Test(mix, nobody_is_bad_unless_asked)
{
	unsigned kinds[KIND_COUNT] = {0};
	struct mixer mixer;
	mix_init(&mix);
	mix.layouts[LAYOUT_LIVEKIT] = 1;
	cr_assert_eq(mixer_init(&mixer, &mix, &err), 0);
	cr_assert_eq(draw(&mixer, 1000, kinds), 0);
	mixer_fini(&mixer);
}

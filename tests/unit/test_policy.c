// SPDX-License-Identifier: BSD-3-Clause
#include "mint_world.h"

#include <criterion/criterion.h>

// An Agora token whose rights to publish end at NOW + 100 and NOW + 200.
static const struct jg_verdict *judge_ends(struct world *w)
{
	struct jg_mint *ask = &w->asks[0];
	*ask = world_ask(JG_VENDOR_AGORA, JG_FORMAT_AGORA_007);
	ask->room = JG_STR("lobby");
	ask->identity = JG_STR("42");
	ask->capabilities = JG_CAPABILITY(JOIN) | JG_CAPABILITY(SUBSCRIBE) |
		JG_CAPABILITY(PUBLISH_CAMERA) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE) |
		JG_CAPABILITY(PUBLISH_DATA);
	w->expires[0][0] = (struct jg_capability_expiry){
		JG_CAPABILITY(PUBLISH_CAMERA) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE), NOW + 100};
	w->expires[0][1] = (struct jg_capability_expiry){JG_CAPABILITY(PUBLISH_DATA), NOW + 200};
	ask->capability_expires = w->expires[0];
	ask->capability_expires_n = 2;
	world_round_trip(w, 1);
	cr_assert_eq(w->verdicts[0].reason, JG_REASON_OK);
	return &w->verdicts[0];
}

static uint64_t ending(const struct jg_verdict *v)
{
	uint64_t all = 0;
	for (uint32_t i = 0; i < v->capability_expires_n; i++) {
		cr_assert_neq(v->capability_expires[i].capabilities, 0);
		all |= v->capability_expires[i].capabilities;
	}
	return all;
}

Test(policy, what_is_denied_has_no_end_in_the_verdict)
{
	struct jg_policy policy = jg_policy_default();
	struct world *w = world_new(1, &policy);
	const struct jg_verdict *v = judge_ends(w);
	cr_assert_eq(v->capability_expires_n, 2);
	cr_assert_eq(ending(v) & ~v->capabilities, 0);
	world_free(w);

	policy.deny = JG_CAPABILITY(PUBLISH_DATA) | JG_CAPABILITY(PUBLISH_CAMERA);
	w = world_new(1, &policy);
	v = judge_ends(w);
	cr_assert_eq(v->capability_expires_n, 1);
	cr_assert_eq(ending(v), JG_CAPABILITY(PUBLISH_SCREEN_SHARE));
	cr_assert_eq(v->capability_expires[0].expires_at, NOW + 100);
	world_free(w);
}

Test(policy, what_a_source_list_takes_has_no_end_in_the_verdict)
{
	struct jg_policy policy = jg_policy_default();
	policy.publish_sources = JG_CAPABILITY(PUBLISH_MICROPHONE);
	struct world *w = world_new(1, &policy);
	cr_assert_eq(ending(judge_ends(w)), JG_CAPABILITY(PUBLISH_DATA));
	world_free(w);
}

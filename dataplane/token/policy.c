// SPDX-License-Identifier: BSD-3-Clause
// What the operator decided: overrides and the app's policy.
#include "profile.h"
#include "stages.h"

bool jg_role_of_policy(const struct jg_app_entry *app, struct jg_str role, uint64_t *capabilities)
{
	for (uint32_t i = 0; i < app->policy.roles_n; i++)
		if (jg_str_eq(app->policy.roles[i].role, role)) {
			*capabilities = app->policy.roles[i].capabilities;
			return true;
		}
	return false;
}

// The first pattern that fits the room. NULL: none does.
static const struct jg_room_rule *room_rule(const struct jg_policy *policy, struct jg_str room)
{
	for (uint32_t i = 0; i < policy->rooms_n; i++)
		if (jg_glob_match(policy->rooms[i].pattern, room))
			return &policy->rooms[i];
	return NULL;
}

static void refuse_by_policy(struct jg_record *r, enum jg_rule rule, struct jg_str subject)
{
	jg_refuse_rule(r, JG_REASON_NOT_PERMITTED, rule, subject, 0, 0);
}

// Take capabilities away; without join there is nothing left to admit.
static void deny(struct jg_record *r, uint64_t denied, enum jg_rule rule, struct jg_str subject)
{
	if ((r->capabilities & denied & JG_CAPABILITY(JOIN)) != 0)
		refuse_by_policy(r, rule, subject);
	r->capabilities &= ~denied;
}

// What was taken away has no end of its own any more. The entries are scratch memory of this burst.
static void keep_ends(struct jg_record *r)
{
	struct jg_verdict *verdict = r->verdict;
	struct jg_capability_expiry *ends = (void *)(uintptr_t)verdict->capability_expires;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < verdict->capability_expires_n; i++) {
		ends[kept] = ends[i];
		ends[kept].capabilities &= r->capabilities;
		kept += ends[kept].capabilities != 0;
	}
	verdict->capability_expires_n = kept;
}

// What LiveKit calls UpdateParticipant: in place of what the token says.
void jg_apply_override(struct jg_burst *b, struct jg_record *r)
{
	struct jg_verdict *verdict = r->verdict;
	const struct jg_override *override =
		jg_snapshot_override(b->snapshot, r->app, verdict->room, verdict->identity);
	if (override == NULL)
		return;
	if (override->set_capabilities) {
		deny(r, ~override->capabilities, JG_RULE_DENY,
			JG_STR("the participant's override"));
		r->capabilities = override->capabilities;
		keep_ends(r);
	}
	if (override->name.p != NULL)
		verdict->name = override->name;
	if (override->metadata.p != NULL)
		verdict->metadata = override->metadata;
}

static void require(struct jg_record *r, uint64_t required)
{
	uint64_t missing = required & ~r->capabilities;
	if (missing != 0)
		jg_refuse_rule(r, JG_REASON_NOT_PERMITTED, JG_RULE_REQUIRE, (struct jg_str){0},
			__builtin_ctzll(missing), 0);
}

// A role or a default set of the policy's own may leave join out. Agora logins never had it.
static bool may_join(const struct jg_record *r)
{
	return r->layout->vendor == JG_VENDOR_AGORA || (r->capabilities & JG_CAPABILITY(JOIN)) != 0;
}

void jg_apply_policy(struct jg_burst *b, struct jg_record *r)
{
	(void)b;
	if (!may_join(r)) {
		refuse_by_policy(r, JG_RULE_DENY,
			r->verdict->role.len > 0 ? JG_STR("policy.roles")
						 : JG_STR("policy.default_capabilities"));
		return;
	}
	if (r->app->plain_policy)
		return;
	const struct jg_policy *policy = &r->app->policy;
	if (policy->rooms_n > 0) {
		const struct jg_room_rule *rule = room_rule(policy, r->verdict->room);
		if (rule == NULL) {
			refuse_by_policy(r, JG_RULE_ROOM, (struct jg_str){0});
			return;
		}
		deny(r, rule->deny, JG_RULE_ROOM_DENY, rule->pattern);
	}
	deny(r, policy->deny, JG_RULE_DENY, (struct jg_str){0});
	r->capabilities &= ~(JG_CAPABILITY_PUBLISH & ~policy->publish_sources);
	keep_ends(r);
	require(r, policy->require);
}

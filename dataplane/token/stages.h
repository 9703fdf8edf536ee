// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The common stages of verify.c that are files of their own. "stage" functions judge the whole burst,
 * the others one record. */

#include "record.h"

/** signature.c: unknown_key; tokens join the first round, some of the burst at a time. Not 0: some were refused. */
void jg_round_open(struct jg_burst *b);
unsigned jg_round_join(struct jg_burst *b, unsigned from, unsigned to);
/** bad_signature, dev_token. A round per secret; records that fitted leave the rounds. */
void jg_stage_signatures(struct jg_burst *b);

/** revocation.c: the id of a token, for those who want it; revoked. */
void jg_name_token(struct jg_burst *b, struct jg_record *r);
void jg_stage_cut_offs(struct jg_burst *b);
JG_COLD void jg_revoke(struct jg_record *r, unsigned scope, int64_t before);

/** validity.c: expired, not_yet_valid, then lifetime, then the claims that a policy requires. */
void jg_judge_times(struct jg_burst *b, struct jg_record *r);
void jg_judge_lifetime(struct jg_burst *b, struct jg_record *r);
void jg_judge_required_claims(struct jg_burst *b, struct jg_record *r);

/** policy.c: overrides; not_permitted by the policy. */
void jg_apply_override(struct jg_burst *b, struct jg_record *r);
void jg_apply_policy(struct jg_burst *b, struct jg_record *r);
/** refreshable.c: not_permitted when a refresh is asked for that cannot be. */
void jg_judge_refresh(struct jg_burst *b, struct jg_record *r);

/** Drop the refused records from the live ones; their order stays. */
void jg_burst_sift(struct jg_burst *b);

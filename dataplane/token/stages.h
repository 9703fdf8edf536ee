// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** The common stages of verify.c that are files of their own. Each judges all live records. */

#include "record.h"

/** signature.c: bad_signature, dev_token. A round per secret; records that fitted leave the rounds. */
void jg_stage_signatures(struct jg_burst *b);

/** validity.c: expired, not_yet_valid, then lifetime, then the claims that a policy requires. */
void jg_stage_times(struct jg_burst *b);
void jg_stage_lifetime(struct jg_burst *b);
void jg_stage_required_claims(struct jg_burst *b);

/** revocation.c: ids of tokens where somebody wants them; revoked. */
void jg_stage_token_ids(struct jg_burst *b);
void jg_stage_cut_offs(struct jg_burst *b);

/** policy.c: overrides; not_permitted by the policy; refresh rules. */
void jg_stage_overrides(struct jg_burst *b);
void jg_stage_policy(struct jg_burst *b);
void jg_stage_refresh(struct jg_burst *b);

/** Common loop of a stage: one record after the other, then the refused ones leave. */
void jg_burst_each(struct jg_burst *b, void (*judge)(struct jg_burst *b, struct jg_record *r));
/** Drop the refused records from the live ones; their order stays. */
void jg_burst_sift(struct jg_burst *b);

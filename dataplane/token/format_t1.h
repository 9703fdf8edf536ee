// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** T1's functions of a jg_layout row; its session is checked as OpenTok's JWT's is. */

#include "record.h"

void jg_t1_layout_parse(struct jg_burst *b, struct jg_record *r);
void jg_t1_times(struct jg_burst *b, struct jg_record *r);
void jg_t1_claims(struct jg_burst *b, struct jg_record *r);

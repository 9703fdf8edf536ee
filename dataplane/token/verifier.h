// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** One thread's verifier: everything a burst needs, allocated once. Private to dataplane/token. */

#include "beginnings.h"
#include "json.h"
#include "record.h"
#include "scan.h"
#include "shape.h"
#include "simd/decoders.h"

struct jg_inflater;

struct jg_verifier {
	struct jg_mac *mac;
	const struct jg_decoders *decoders;
	struct jg_json *json;
	struct jg_inflater *inflater;
	struct jg_shapes *shapes; /**< NULL: learning is off */
	struct jg_beginnings *beginnings; /**< NULL: none are kept */
	bool outlines; /**< payloads may be read by the outline of a shape */
	bool marks; /**< and are marked for that, not listed */
	struct jg_scratch scratch;
	struct jg_record *live[JG_BURST_MAX];
	struct jg_record *round[JG_SIGNINGS][JG_BURST_MAX]; /**< records of one key round */
	struct jg_record *group[JG_BURST_MAX]; /**< those of them whose keys are derived */
	struct jg_record records[JG_BURST_MAX];
	struct jg_mac_job jobs[JG_BURST_MAX];
	struct jg_cut_off_probe probes[JG_BURST_MAX];
	struct jg_scan_schema scan[JG_SCHEMA_COUNT];
	uint64_t wrong_types[JG_SCHEMA_COUNT]
			    [JG_JSON_TYPES]; /**< slots that must not be of the type */
	uint16_t quotes[JG_JSON_TEXT_MAX + JG_TEXT_SLACK]; /**< index of the text being read */
	uint8_t lesson[JG_SHAPE_TEXT_MAX + JG_TEXT_SLACK]; /**< text being learnt from */
	char describe[128];
};

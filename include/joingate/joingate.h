// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/** Everything libjoingate offers. */

#include <joingate/capability.h>
#include <joingate/mint.h>
#include <joingate/reason.h>
#include <joingate/snapshot.h>
#include <joingate/types.h>
#include <joingate/vendor.h>
#include <joingate/verify.h>
#include <joingate/wire.h>
